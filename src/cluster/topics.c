/* SPDX-License-Identifier: EUPL-1.2 */

/* Which topics and rights there have to be: names, partitions and settings by what the configuration says. */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cluster/topics.h"

#define TOPICS_FIXED 10 /* those that depend on no event type and no organisation */
#define ACLS_FIXED 48  /* at most so many for all of them; five an event type … */
#define ACLS_OF_EVENT 5
#define ACLS_OF_ORGANISATION 3
#define STATE_SEGMENT_BYTES "134217728" /* the last segment is never compacted: the smaller, the less a restore reads */
#define STATE_DIRTY_RATIO "0.2"
#define STATE_DELETE_RETENTION_MS "86400000" /* tombstones stay a day, longer than any restore takes */
#define STATE_COMPACTION_LAG_MS "604800000"  /* what is forgotten is off the disks within a week of the next row in its partition */

struct topics_builder {
        const struct broker_config *config;
        struct arena *arena;
        struct topic_wanted *items;
        size_t n, capacity;
        char record_max[16], output_max[16], min_insync[16];
        struct error *err;
        int failed; /* the first failure; later additions do nothing */
};

static bool is_topic_name(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= BUS_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n &&
               strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void topic_set(struct topic_wanted *t, const char *name, const char *value) {
        assert(t->settings_n < TOPIC_SETTINGS_MAX);
        t->settings[t->settings_n++] = (struct admin_setting){name, value};
}

enum spread { BY_CASE, ONE_PARTITION };

static struct topic_wanted *topics_add(struct topics_builder *b, const char *prefix, const char *name, enum spread spread) {
        struct topic_wanted *t;

        if (b->failed || b->n == b->capacity)
                return NULL;
        t = &b->items[b->n];
        t->name = arena_printf(b->arena, "%s%s", prefix, name);
        t->topic = t->name ? arena_printf(b->arena, "%s%s", b->config->prefix, t->name) : NULL;
        if (!t->topic) {
                b->failed = -ENOMEM;
                return NULL;
        }
        if (!is_topic_name(t->topic)) {
                error_set(b->err, "'%s' cannot be the name of a topic: 1 to %d of A-Z a-z 0-9 . _ -; change the prefix in broker.yaml, the name of the "
                                  "event type or the id of the organisation", t->topic, BUS_NAME_MAX);
                b->failed = -EINVAL;
                return NULL;
        }
        t->by_case = spread == BY_CASE;
        t->partitions = t->by_case ? b->config->partitions : 1;
        t->replication = b->config->replication;
        topic_set(t, "min.insync.replicas", b->min_insync);
        b->n++;
        return t;
}

/* A topic whose records go after some days, stamped by the broker: its clock is what ages are judged by. */
static void topics_add_kept(struct topics_builder *b, const char *prefix, const char *name, enum spread spread, enum broker_kept kept, const char *max) {
        struct topic_wanted *t = topics_add(b, prefix, name, spread);
        char *retention;

        if (!t)
                return;
        retention = arena_printf(b->arena, "%" PRId64, b->config->kept_days[kept] * DAY_MS);
        if (!retention) {
                b->failed = -ENOMEM;
                return;
        }
        topic_set(t, "cleanup.policy", "delete");
        topic_set(t, "retention.ms", retention);
        topic_set(t, "max.message.bytes", max);
        topic_set(t, "message.timestamp.type", "LogAppendTime");
}

static void topics_add_state(struct topics_builder *b) {
        struct topic_wanted *t = topics_add(b, "", TOPIC_CASE_STATE, BY_CASE);

        if (!t)
                return;
        topic_set(t, "cleanup.policy", "compact");
        topic_set(t, "max.message.bytes", b->output_max);
        topic_set(t, "segment.bytes", STATE_SEGMENT_BYTES);
        topic_set(t, "min.cleanable.dirty.ratio", STATE_DIRTY_RATIO);
        topic_set(t, "delete.retention.ms", STATE_DELETE_RETENTION_MS);
        topic_set(t, "max.compaction.lag.ms", STATE_COMPACTION_LAG_MS);
}

/* The latest record of each key is all that counts, and it is kept for as long as it does. */
static void topics_add_latest(struct topics_builder *b, const char *name) {
        struct topic_wanted *t = topics_add(b, "", name, ONE_PARTITION);

        if (!t)
                return;
        topic_set(t, "cleanup.policy", "compact");
        topic_set(t, "max.message.bytes", b->record_max);
}

static void topics_add_fixed(struct topics_builder *b) {
        topics_add_kept(b, "", TOPIC_PLAN_DUE, BY_CASE, BROKER_KEPT_PLAN_DUE, b->record_max);
        topics_add_kept(b, "", TOPIC_ESCALATION_RAISED, BY_CASE, BROKER_KEPT_ESCALATIONS, b->record_max);
        topics_add_kept(b, "", TOPIC_ESCALATION_RESOLVED, BY_CASE, BROKER_KEPT_ESCALATIONS, b->record_max);
        topics_add_kept(b, "", TOPIC_DEAD_LETTERS, ONE_PARTITION, BROKER_KEPT_DEAD_LETTERS, b->output_max);
        topics_add_kept(b, "", TOPIC_DELIVERIES, ONE_PARTITION, BROKER_KEPT_DELIVERIES, b->record_max);
        topics_add_kept(b, "", TOPIC_REDELIVERIES, ONE_PARTITION, BROKER_KEPT_INBOX, b->output_max);
        topics_add_kept(b, "", TOPIC_AUDIT, ONE_PARTITION, BROKER_KEPT_AUDIT, b->record_max);
        topics_add_latest(b, TOPIC_CONNECTOR_ORDERS);
        topics_add_latest(b, TOPIC_CONNECTOR_KEYS);
        topics_add_state(b);
}

static int topics_by_name(const void *a, const void *b) {
        return strcmp(((const struct topic_wanted *)a)->name, ((const struct topic_wanted *)b)->name);
}

static int topics_check_doubles(const struct topics_builder *b) {
        for (size_t i = 1; i < b->n; i++) {
                if (strcmp(b->items[i - 1].name, b->items[i].name) != 0)
                        continue;
                error_set(b->err, "two topics would be called '%s'; give the event type or the organisation another name", b->items[i].topic);
                return -EINVAL;
        }
        return 0;
}

/*
 * Who may what: the worker reads the facts and writes what it tells; connectors write the facts, and see what became of them, and deliver inboxes;
 * admission, by itself, makes facts of what stands in outboxes; tests/integration/rights.py holds connectors to what they use. An organisation
 * reads its inbox and writes its outbox and nothing else; operators may all. Only workers and operators read case-state.
 */
struct acls_builder {
        const struct broker_config *config;
        struct arena *arena;
        struct admin_acl *items;
        size_t n, capacity;
        bool failed;
};

static void acls_grant(struct acls_builder *b, const char *principal, enum admin_operation operation, enum admin_resource resource, const char *name,
                  bool prefixed) {
        char *full = arena_printf(b->arena, "%s%s", b->config->prefix, name);

        if (!full) {
                b->failed = true;
                return;
        }
        assert(b->n < b->capacity);
        /* All there is, without a prefix of ours: a prefix of nothing is spelled as a star. */
        if (prefixed && !full[0])
                b->items[b->n++] = (struct admin_acl){.resource = resource, .name = "*", .principal = principal, .operation = operation};
        else
                b->items[b->n++] = (struct admin_acl){
                        .resource = resource, .name = full, .prefixed = prefixed, .principal = principal, .operation = operation};
}

static void acls_grant_worker(struct acls_builder *b, const char *const *events, size_t events_n) {
        static const char *const written[] = {TOPIC_PLAN_DUE, TOPIC_ESCALATION_RAISED, TOPIC_ESCALATION_RESOLVED, TOPIC_DEAD_LETTERS, TOPIC_CASE_STATE};
        const char *worker = b->config->acls.worker;

        if (!worker)
                return;
        for (size_t i = 0; i < events_n; i++) {
                acls_grant(b, worker, ADMIN_READ, ADMIN_TOPIC, events[i], false);
                acls_grant(b, worker, ADMIN_DESCRIBE_CONFIGS, ADMIN_TOPIC, events[i], false); /* whether they forget: cluster/upkeep.h */
        }
        for (size_t i = 0; i < ELEMENTS(written); i++) {
                acls_grant(b, worker, ADMIN_WRITE, ADMIN_TOPIC, written[i], false);
                acls_grant(b, worker, ADMIN_DESCRIBE_CONFIGS, ADMIN_TOPIC, written[i], false);
        }
        acls_grant(b, worker, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_INBOX_PREFIX, true);
        acls_grant(b, worker, ADMIN_READ, ADMIN_TOPIC, TOPIC_CASE_STATE, false);
        acls_grant(b, worker, ADMIN_READ, ADMIN_GROUP, TOPICS_GROUP_RULES, false);
}

static void acls_grant_connectors(struct acls_builder *b, const char *const *events, size_t events_n) {
        const char *connectors = b->config->acls.connectors;

        if (!connectors)
                return;
        for (size_t i = 0; i < events_n; i++) {
                acls_grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, events[i], false);
                acls_grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, events[i], false); /* what became of it: connect/desk.h; as the next two */
        }
        acls_grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_DEAD_LETTERS, false);
        acls_grant(b, connectors, ADMIN_DESCRIBE, ADMIN_GROUP, TOPICS_GROUP_RULES, false);
        acls_grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_INBOX_PREFIX, true);
        acls_grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_DEAD_LETTERS, false);
        acls_grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_DELIVERIES, false);
        acls_grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_DELIVERIES, false);
        acls_grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_REDELIVERIES, false);
        acls_grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_CONNECTOR_ORDERS, false);
        acls_grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_CONNECTOR_KEYS, false);
        acls_grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_CONNECTOR_KEYS, false);
        acls_grant(b, connectors, ADMIN_READ, ADMIN_GROUP, TOPICS_GROUP_CONNECT, true);
        acls_grant(b, connectors, ADMIN_READ, ADMIN_GROUP, TOPICS_GROUP_PAGES, true);
}

/* What organisations write themselves becomes events, or is told them as refused: nobody who faces the outside may do either. */
static void acls_grant_admission(struct acls_builder *b, const char *const *events, size_t events_n) {
        const char *admission = b->config->acls.admission;

        if (!admission)
                return;
        for (size_t i = 0; i < events_n; i++)
                acls_grant(b, admission, ADMIN_WRITE, ADMIN_TOPIC, events[i], false);
        acls_grant(b, admission, ADMIN_READ, ADMIN_TOPIC, TOPIC_OUTBOX_PREFIX, true);
        acls_grant(b, admission, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_INBOX_PREFIX, true);
        acls_grant(b, admission, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_DEAD_LETTERS, false);
        acls_grant(b, admission, ADMIN_READ, ADMIN_TOPIC, TOPIC_CONNECTOR_ORDERS, false);
        acls_grant(b, admission, ADMIN_READ, ADMIN_GROUP, TOPICS_GROUP_CONNECT, true);
}

/* "User:{id}" with the id put in; NULL: out of memory. */
static char *acls_principal_of(const struct acls_builder *b, const char *id) {
        const char *form = b->config->acls.organisations, *at = strstr(form, "{id}");

        return at ? arena_printf(b->arena, "%.*s%s%s", (int)(at - form), form, id, at + strlen("{id}")) : NULL;
}

static void acls_grant_organisation(struct acls_builder *b, const char *id) {
        char *principal = acls_principal_of(b, id), *inbox = arena_printf(b->arena, TOPIC_INBOX_PREFIX "%s", id),
             *outbox = arena_printf(b->arena, TOPIC_OUTBOX_PREFIX "%s", id);

        if (!principal || !inbox || !outbox) {
                b->failed = true;
                return;
        }
        acls_grant(b, principal, ADMIN_READ, ADMIN_TOPIC, inbox, false);
        acls_grant(b, principal, ADMIN_READ, ADMIN_GROUP, inbox, false); /* its own group: called as its inbox */
        acls_grant(b, principal, ADMIN_WRITE, ADMIN_TOPIC, outbox, false);
}

/* The rights that go with the topics, when the configuration names principals. Return: 0 or -ENOMEM. */
static int acls_wanted(const struct broker_config *config, const char *const *events, size_t events_n, const char *const *organisations,
                       size_t organisations_n, struct arena *arena, struct topics *ret) {
        struct acls_builder b = {
                .config = config, .arena = arena, .capacity = ACLS_FIXED + ACLS_OF_EVENT * events_n + ACLS_OF_ORGANISATION * organisations_n};

        if (!config->acls.wanted)
                return 0;
        b.items = arena_calloc(arena, b.capacity, sizeof(*b.items));
        if (!b.items)
                return -ENOMEM;
        acls_grant_worker(&b, events, events_n);
        acls_grant_connectors(&b, events, events_n);
        acls_grant_admission(&b, events, events_n);
        if (config->acls.operators) {
                acls_grant(&b, config->acls.operators, ADMIN_ALL, ADMIN_TOPIC, "", true);
                acls_grant(&b, config->acls.operators, ADMIN_ALL, ADMIN_GROUP, "", true);
        }
        for (size_t i = 0; config->acls.organisations && i < organisations_n; i++)
                acls_grant_organisation(&b, organisations[i]);
        if (b.failed)
                return -ENOMEM;
        assert(b.n <= b.capacity);
        ret->acls = b.items;
        ret->acls_n = b.n;
        return 0;
}

int topics_wanted(const struct broker_config *config, const char *const *events, size_t events_n, const char *const *organisations,
                  size_t organisations_n, struct arena *arena, struct topics *ret, struct error *err) {
        size_t capacity = events_n + 2 * organisations_n + TOPICS_FIXED;
        struct topics_builder *b;
        int r;

        assert(config->partitions > 0 && config->replication > 0);
        if (capacity > TOPICS_MAX) {
                error_set(err, "%zu topics are too many (at most %d); an organisation needs two", capacity, TOPICS_MAX);
                return -EINVAL;
        }
        b = arena_calloc(arena, 1, sizeof(*b)); /* there, because the settings point into it */
        if (!b)
                return -ENOMEM;
        *b = (struct topics_builder){.config = config, .arena = arena, .capacity = capacity, .err = err};
        b->items = arena_calloc(arena, capacity, sizeof(*b->items));
        if (!b->items)
                return -ENOMEM;
        snprintf(b->record_max, sizeof(b->record_max), "%d", BUS_RECORD_MAX);
        snprintf(b->output_max, sizeof(b->output_max), "%d", BUS_OUTPUT_MAX);
        snprintf(b->min_insync, sizeof(b->min_insync), "%d", config->min_insync);
        topics_add_fixed(b);
        for (size_t i = 0; i < events_n; i++)
                topics_add_kept(b, "", events[i], BY_CASE, BROKER_KEPT_EVENTS, b->record_max);
        for (size_t i = 0; i < organisations_n; i++) {
                topics_add_kept(b, TOPIC_INBOX_PREFIX, organisations[i], ONE_PARTITION, BROKER_KEPT_INBOX, b->record_max);
                topics_add_kept(b, TOPIC_OUTBOX_PREFIX, organisations[i], ONE_PARTITION, BROKER_KEPT_OUTBOX, b->record_max);
        }
        if (b->failed)
                return b->failed;
        assert(b->n == capacity);
        qsort(b->items, b->n, sizeof(*b->items), topics_by_name);
        r = topics_check_doubles(b);
        if (r)
                return r;
        *ret = (struct topics){.items = b->items, .n = b->n, .adopt = !config->partitions_said};
        return acls_wanted(config, events, events_n, organisations, organisations_n, arena, ret);
}

int topics_of_config(const struct config *config, const struct broker_config *broker, struct arena *arena, struct topics *ret, struct error *err) {
        size_t types = event_types_count(config->types), organisations = organisations_count(config->organisations), events = 0;
        const char **names = arena_calloc(arena, types + 1, sizeof(*names)), **ids = arena_calloc(arena, organisations + 1, sizeof(*ids));

        if (!names || !ids) {
                error_set(err, "out of memory for the names of %zu topics", types + 2 * organisations);
                return -ENOMEM;
        }
        for (size_t i = 0; i < types; i++) {
                const struct event_type *type = event_types_at(config->types, i);

                if (!type->output)
                        names[events++] = type->name;
        }
        for (size_t i = 0; i < organisations; i++)
                ids[i] = organisations_at(config->organisations, i)->id;
        return topics_wanted(broker, names, events, ids, organisations, arena, ret, err);
}
