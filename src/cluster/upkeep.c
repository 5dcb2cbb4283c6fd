/* SPDX-License-Identifier: EUPL-1.2 */

/* Asks for the settings and partitions on which correctness rests, and judges them. */

#include "cluster/upkeep.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPKEEP_POLICY "cleanup.policy"
#define UPKEEP_WAY_OUT "see 'Partitions that were added' in config/README.md"

/* -- Settings -- */

static int upkeep_judge(const struct topic_wanted *topic, const char *policy, struct error *err) {
        if (strcmp(topic->name, TOPIC_CASE_STATE) == 0) {
                if (strcmp(policy, "compact") == 0)
                        return 0;
                error_set(err, "the topic %s has " UPKEEP_POLICY " '%s' and must have 'compact': so the broker deletes rows of cases that live. Set it "
                               "right at once (ketenwacht topics apply), look whether rows are gone (ketenwacht state stats), and start again",
                          topic->topic, policy);
                return UPKEEP_E_UNSOUND;
        }
        if (!strstr(policy, "compact"))
                return 0;
        error_set(err, "the topic %s has " UPKEEP_POLICY " '%s' and must have 'delete': so the broker keeps of each case the last event only. Set it right "
                       "at once (ketenwacht topics apply), have the publishers send again what is missing, and start again",
                  topic->topic, policy);
        return UPKEEP_E_UNSOUND;
}

int upkeep_check(struct admin *admin, const struct topics *topics, struct error *err) {
        static const struct admin_setting asked = {.name = UPKEEP_POLICY};
        CLEANUP(cleanup_free) struct admin_topic *of = calloc(topics->n + 1, sizeof(*of));
        CLEANUP(cleanup_free) const struct topic_wanted **wanted = calloc(topics->n + 1, sizeof(*wanted));
        CLEANUP(cleanup_free) const char **values = calloc(topics->n + 1, sizeof(*values));
        size_t n = 0;
        int r;

        if (!of || !wanted || !values) {
                error_set(err, "out of memory while the settings of topics were asked for");
                return -ENOMEM;
        }
        for (size_t i = 0; i < topics->n; i++) {
                if (!topics->items[i].by_case)
                        continue;
                wanted[n] = &topics->items[i];
                of[n++] = (struct admin_topic){.name = topics->items[i].topic, .settings = &asked, .settings_n = 1};
        }
        r = admin_settings(admin, of, n, values, err);
        if (r == ADMIN_E_UNSUPPORTED || r == ADMIN_E_NONE) /* the embedded broker keeps no settings; what a worker lacks it says itself */
                return 0;
        if (r)
                return r < 0 ? r : UPKEEP_E_UNKNOWN;
        for (size_t i = 0; i < n; i++) {
                r = values[i] ? upkeep_judge(wanted[i], values[i], err) : 0;
                if (r)
                        return r;
        }
        return 0;
}

/* -- Partitions -- */

/* What the broker shows, by name. */
struct upkeep_shown {
        const char *prefix;
        const struct admin_topic *topics; /* sorted */
        size_t n;
};

static int upkeep_by_name(const void *a, const void *b) {
        return strcmp(((const struct admin_topic *)a)->name, ((const struct admin_topic *)b)->name);
}

/* NULL: it is not there, or not to be seen. */
static const struct admin_topic *upkeep_shown(const struct upkeep_shown *shown, const char *begin, const char *name) {
        char full[2 * BUS_NAME_MAX + 1];
        const struct admin_topic wanted = {.name = full};

        (void) snprintf(full, sizeof(full), "%s%s%s", shown->prefix, begin, name);
        return shown->n ? bsearch(&wanted, shown->topics, shown->n, sizeof(wanted), upkeep_by_name) : NULL;
}

int upkeep_partitions(struct admin *admin, const char *prefix, const struct event_types *types, struct error *err) {
        struct upkeep_shown shown = {.prefix = prefix};
        const struct admin_topic *like;
        int r = admin_topics(admin, &shown.topics, &shown.n, err);

        if (r)
                return r;
        like = upkeep_shown(&shown, "", TOPIC_CASE_STATE);
        for (size_t i = 0; i < event_types_count(types); i++) {
                const struct event_type *type = event_types_at(types, i);
                const struct admin_topic *topic = type->output ? NULL : upkeep_shown(&shown, "", type->name);

                if (!like)
                        like = topic;
                if (!topic || topic->partitions == like->partitions)
                        continue;
                error_set(err, "the topic %s has %d partitions and %s has %d: they must be equal, else events lie where no worker reads; " UPKEEP_WAY_OUT,
                          topic->name, (int)topic->partitions, like->name, (int)like->partitions);
                return UPKEEP_E_UNSOUND;
        }
        return 0;
}

/* Of a topic that is there: whether it has the one partition that connectors read. */
static int upkeep_one(const struct admin_topic *read, struct error *err) {
        if (!read || read->partitions == 1)
                return 0;
        error_set(err, "the topic %s has %d partitions and must have 1: a connector delivers from the first alone; " UPKEEP_WAY_OUT, read->name,
                  (int)read->partitions);
        return UPKEEP_E_UNSOUND;
}

int upkeep_inboxes(struct admin *admin, const char *prefix, const char *const *organisations, size_t n, struct error *err) {
        struct upkeep_shown shown = {.prefix = prefix};
        int r = admin_topics(admin, &shown.topics, &shown.n, err);

        for (size_t i = 0; r == 0 && i < n; i++)
                r = upkeep_one(upkeep_shown(&shown, TOPIC_INBOX_PREFIX, organisations[i]), err);
        return r ? r : upkeep_one(upkeep_shown(&shown, "", TOPIC_REDELIVERIES), err);
}
