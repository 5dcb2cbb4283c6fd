/* SPDX-License-Identifier: EUPL-1.2 */

/* What a cluster lacks of the wanted topics and rights, and doing it. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cluster/topics_plan.h"

#define PLAN_LOOKS_MAX 50

static const char *const operation_names[] = {
        [ADMIN_READ] = "read", [ADMIN_WRITE] = "write", [ADMIN_DESCRIBE] = "describe", [ADMIN_DESCRIBE_CONFIGS] = "describe the configuration",
        [ADMIN_DELETE] = "delete", [ADMIN_ALL] = "all"};

static const struct admin_topic *found_topic(const struct topics_found *found, const char *name) {
        size_t low = 0, high = found->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(found->topics[middle].name, name);

                if (order == 0)
                        return &found->topics[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

static const char *found_value(const struct admin_topic *t, const char *name) {
        for (size_t i = 0; i < t->settings_n; i++) {
                if (strcmp(t->settings[i].name, name) == 0)
                        return t->settings[i].value;
        }
        return NULL;
}

static bool acl_same(const struct admin_acl *a, const struct admin_acl *b) {
        return a->resource == b->resource && a->prefixed == b->prefixed && a->operation == b->operation && strcmp(a->name, b->name) == 0 &&
               strcmp(a->principal, b->principal) == 0;
}

static bool found_acl(const struct topics_found *found, const struct admin_acl *acl) {
        for (size_t i = 0; i < found->acls_n; i++) {
                if (acl_same(&found->acls[i], acl))
                        return true;
        }
        return false;
}

/* Return: whether there is something to do or to refuse. */
static bool plan_compare(const struct topic_wanted *wanted, const struct admin_topic *found, struct topics_step *ret) {
        *ret = (struct topics_step){.topic = wanted, .kind = TOPICS_MAKE};
        if (!found)
                return true;
        ret->kind = TOPICS_REFUSE;
        ret->partitions = found->partitions;
        ret->replication = found->replication;
        if ((wanted->by_case ? found->partitions != wanted->partitions : found->partitions < wanted->partitions) || found->replication < wanted->replication)
                return true;
        ret->kind = TOPICS_SET;
        for (size_t i = 0; i < wanted->settings_n; i++) {
                const char *value = found_value(found, wanted->settings[i].name);

                if (value && strcmp(value, wanted->settings[i].value) == 0)
                        continue;
                ret->before[ret->settings_n] = value;
                ret->settings[ret->settings_n++] = wanted->settings[i];
        }
        return ret->settings_n > 0;
}

/* The one number of partitions that topics by case have already; 0: none has any, or they differ. */
static int32_t found_partitions(const struct topics *wanted, const struct topics_found *found) {
        int32_t n = 0;

        for (size_t i = 0; i < wanted->n; i++) {
                const struct admin_topic *topic = wanted->items[i].by_case ? found_topic(found, wanted->items[i].topic) : NULL;

                if (topic && n && topic->partitions != n)
                        return 0;
                if (topic)
                        n = topic->partitions;
        }
        return n;
}

/* The wanted topics, with the number of partitions that those by case have already. NULL: out of memory. */
static const struct topic_wanted *plan_adopt(const struct topics *wanted, const struct topics_found *found, struct arena *arena) {
        int32_t partitions = wanted->adopt ? found_partitions(wanted, found) : 0;
        struct topic_wanted *items;

        if (partitions == 0)
                return wanted->items;
        items = (struct topic_wanted *)(void *)arena_copy(arena, wanted->items, wanted->n * sizeof(*items));
        for (size_t i = 0; items && i < wanted->n; i++) {
                if (items[i].by_case)
                        items[i].partitions = partitions;
        }
        return items;
}

int topics_plan(const struct topics *wanted, const struct topics_found *found, struct arena *arena, struct topics_plan *ret) {
        struct topics_step *steps = arena_calloc(arena, wanted->n + wanted->acls_n + 1, sizeof(*steps));
        const struct topic_wanted *items = plan_adopt(wanted, found, arena);
        size_t n = 0;

        *ret = (struct topics_plan){.steps = steps};
        if (!steps || !items)
                return -ENOMEM;
        for (size_t i = 0; i < wanted->n; i++) {
                if (plan_compare(&items[i], found_topic(found, items[i].topic), &steps[n]))
                        ret->refused += steps[n++].kind == TOPICS_REFUSE;
        }
        for (size_t i = 0; i < wanted->acls_n; i++) {
                if (!found_acl(found, &wanted->acls[i]))
                        steps[n++] = (struct topics_step){.kind = TOPICS_GRANT, .acl = &wanted->acls[i]};
        }
        ret->n = n;
        return 0;
}

static void plan_print_refusal(const struct topics_step *step, struct buffer *out) {
        const struct topic_wanted *t = step->topic;

        if (step->partitions != t->partitions)
                buffer_printf(out,
                              "refuse %s: it has %" PRId32 " partitions and the configuration says %" PRId32
                              "; the partition of a case hangs on the number, so it is never changed: set it back, or move to another prefix (state copy)",
                              t->topic, step->partitions, t->partitions);
        else
                buffer_printf(out, "refuse %s: it has %d replicas and the configuration says %d; add replicas with the tools of the cluster", t->topic,
                              step->replication, t->replication);
}

void topics_step_print(const struct topics_step *step, struct buffer *out) {
        const struct topic_wanted *t = step->topic;

        switch (step->kind) {
        case TOPICS_MAKE:
                buffer_printf(out, "make %s: %" PRId32 " partition%s, %d replica%s", t->topic, t->partitions, t->partitions == 1 ? "" : "s",
                              t->replication, t->replication == 1 ? "" : "s");
                for (size_t i = 0; i < t->settings_n; i++)
                        buffer_printf(out, ", %s=%s", t->settings[i].name, t->settings[i].value);
                break;
        case TOPICS_SET:
                buffer_printf(out, "set %s:", t->topic);
                for (size_t i = 0; i < step->settings_n; i++)
                        buffer_printf(out, "%s %s from %s to %s", i ? "," : "", step->settings[i].name, step->before[i] ? step->before[i] : "nothing",
                                      step->settings[i].value);
                break;
        case TOPICS_REFUSE:
                plan_print_refusal(step, out);
                break;
        case TOPICS_GRANT:
                buffer_printf(out, "grant %s: %s on %s %s%s", step->acl->principal, operation_names[step->acl->operation],
                              step->acl->resource == ADMIN_TOPIC ? "topic" : "group", step->acl->name, step->acl->prefixed ? "*" : "");
                break;
        }
}

/* The wanted topics that stand on the cluster, with the values of the wanted settings. */
static int topics_look_at_settings(struct admin *admin, const struct topics *wanted, const struct topics_found *all, struct arena *arena,
                            struct topics_found *ret, struct error *err) {
        struct admin_topic *topics = arena_calloc(arena, wanted->n + 1, sizeof(*topics));
        const char **values = arena_calloc(arena, wanted->n * TOPIC_SETTINGS_MAX + 1, sizeof(*values));
        size_t n = 0, at = 0;
        int r;

        if (!topics || !values)
                return -ENOMEM;
        for (size_t i = 0; i < wanted->n; i++) {
                const struct admin_topic *found = found_topic(all, wanted->items[i].topic);

                if (!found)
                        continue;
                topics[n] = *found;
                topics[n].settings = wanted->items[i].settings;
                topics[n++].settings_n = wanted->items[i].settings_n;
        }
        r = admin_settings(admin, topics, n, values, err);
        if (r)
                return error_trace(r, err);
        for (size_t i = 0; i < n; i++) {
                struct admin_setting *settings = arena_calloc(arena, TOPIC_SETTINGS_MAX, sizeof(*settings));

                if (!settings)
                        return -ENOMEM;
                for (size_t k = 0; k < topics[i].settings_n; k++, at++)
                        settings[k] = (struct admin_setting){topics[i].settings[k].name, values[at]};
                topics[i].settings = settings;
        }
        ret->topics = topics;
        ret->n = n;
        return 0;
}

/* What stands there. A topic that is deleted is shown for a moment when nothing can be asked of it any more: then all is listed again. */
static int topics_find(struct admin *admin, const struct topics *wanted, struct arena *arena, struct topics_found *ret, struct error *err) {
        int r = ADMIN_E_NONE;

        for (unsigned looks = 0; r == ADMIN_E_NONE && looks < PLAN_LOOKS_MAX; looks++) {
                struct topics_found all = {0};

                r = admin_topics(admin, &all.topics, &all.n, err);
                if (r)
                        return error_trace(r, err);
                r = topics_look_at_settings(admin, wanted, &all, arena, ret, err);
        }
        return r;
}

int topics_look(struct admin *admin, const struct topics *wanted, struct arena *arena, struct topics_plan *ret, struct error *err) {
        struct topics_found found = {0};
        int r = topics_find(admin, wanted, arena, &found, err);

        if (r)
                return r;
        if (wanted->acls_n)
                r = admin_acls(admin, &found.acls, &found.acls_n, err);
        if (wanted->acls_n && r == ADMIN_E_UNSUPPORTED) {
                error_prefix(err, "broker.yaml has the key acls, but rights cannot be kept");
                return -EOPNOTSUPP;
        }
        return r ? r : topics_plan(wanted, &found, arena, ret);
}

int topics_apply(struct admin *admin, const struct topics_step *step, struct error *err) {
        const struct topic_wanted *t = step->topic;
        struct buffer out = BUFFER_INIT(ERROR_TEXT_MAX);

        switch (step->kind) {
        case TOPICS_MAKE:
                return admin_topic_make(admin,
                                        &(struct admin_topic){.name = t->topic, .partitions = t->partitions, .replication = t->replication,
                                                              .settings = t->settings, .settings_n = t->settings_n},
                                        err);
        case TOPICS_SET:
                return admin_topic_set(admin, t->topic, step->settings, step->settings_n, err);
        case TOPICS_GRANT:
                return admin_acl_make(admin, step->acl, err);
        case TOPICS_REFUSE:
        default:
                topics_step_print(step, &out);
                error_set(err, "%s", buffer_text(&out));
                buffer_done(&out);
                return -EINVAL;
        }
}
