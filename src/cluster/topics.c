/* SPDX-License-Identifier: EUPL-1.2 */

/* The topics that there have to be. Rights are in topics_acls.c, the difference with a cluster in topics_plan.c. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cluster/topics_parts.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define STATE_SEGMENT_BYTES "134217728" /* the last segment is never compacted: the smaller, the less a restore reads */
#define STATE_DIRTY_RATIO "0.2"
#define STATE_DELETE_RETENTION_MS "86400000" /* tombstones stay a day, longer than any restore takes */
#define STATE_COMPACTION_LAG_MS "604800000"  /* what is forgotten is off the disks within a week of the next row in its partition */

struct builder {
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

static void add_setting(struct topic_wanted *t, const char *name, const char *value) {
        t->settings[t->settings_n++] = (struct admin_setting){name, value};
}

enum spread { BY_CASE, ONE_PARTITION };

static struct topic_wanted *add(struct builder *b, const char *prefix, const char *name, enum spread spread) {
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
        add_setting(t, "min.insync.replicas", b->min_insync);
        b->n++;
        return t;
}

/* A topic whose records go after some days, stamped by the broker: its clock is what ages are judged by. */
static void add_kept(struct builder *b, const char *prefix, const char *name, enum spread spread, enum broker_kept kept, const char *max) {
        struct topic_wanted *t = add(b, prefix, name, spread);
        char *retention;

        if (!t)
                return;
        retention = arena_printf(b->arena, "%" PRId64, b->config->kept_days[kept] * DAY_MS);
        if (!retention) {
                b->failed = -ENOMEM;
                return;
        }
        add_setting(t, "cleanup.policy", "delete");
        add_setting(t, "retention.ms", retention);
        add_setting(t, "max.message.bytes", max);
        add_setting(t, "message.timestamp.type", "LogAppendTime");
}

static void add_state(struct builder *b) {
        struct topic_wanted *t = add(b, "", TOPIC_CASE_STATE, BY_CASE);

        if (!t)
                return;
        add_setting(t, "cleanup.policy", "compact");
        add_setting(t, "max.message.bytes", b->output_max);
        add_setting(t, "segment.bytes", STATE_SEGMENT_BYTES);
        add_setting(t, "min.cleanable.dirty.ratio", STATE_DIRTY_RATIO);
        add_setting(t, "delete.retention.ms", STATE_DELETE_RETENTION_MS);
        add_setting(t, "max.compaction.lag.ms", STATE_COMPACTION_LAG_MS);
}

static void add_fixed(struct builder *b) {
        add_kept(b, "", TOPIC_PLAN_DUE, BY_CASE, BROKER_KEPT_PLAN_DUE, b->record_max);
        add_kept(b, "", TOPIC_ESCALATION_RAISED, BY_CASE, BROKER_KEPT_ESCALATIONS, b->record_max);
        add_kept(b, "", TOPIC_ESCALATION_RESOLVED, BY_CASE, BROKER_KEPT_ESCALATIONS, b->record_max);
        add_kept(b, "", TOPIC_DEAD_LETTERS, ONE_PARTITION, BROKER_KEPT_DEAD_LETTERS, b->output_max);
        add_kept(b, "", TOPIC_DELIVERIES, ONE_PARTITION, BROKER_KEPT_DELIVERIES, b->record_max);
        add_state(b);
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const struct topic_wanted *)a)->name, ((const struct topic_wanted *)b)->name);
}

static int check_doubles(const struct builder *b) {
        for (size_t i = 1; i < b->n; i++) {
                if (strcmp(b->items[i - 1].name, b->items[i].name) != 0)
                        continue;
                error_set(b->err, "two topics would be called '%s'; give the event type or the organisation another name", b->items[i].topic);
                return -EINVAL;
        }
        return 0;
}

int topics_wanted(const struct broker_config *config, const char *const *events, size_t events_n, const char *const *organisations,
                  size_t organisations_n, struct arena *arena, struct topics *ret, struct error *err) {
        struct builder b = {.config = config, .arena = arena, .capacity = events_n + 2 * organisations_n + TOPICS_FIXED, .err = err};
        int r;

        if (b.capacity > TOPICS_MAX) {
                error_set(err, "%zu topics are too many (at most %d); an organisation needs two", b.capacity, TOPICS_MAX);
                return -EINVAL;
        }
        snprintf(b.record_max, sizeof(b.record_max), "%d", BUS_RECORD_MAX);
        snprintf(b.output_max, sizeof(b.output_max), "%d", BUS_OUTPUT_MAX);
        snprintf(b.min_insync, sizeof(b.min_insync), "%d", config->min_insync);
        struct builder *kept = (struct builder *)(void *)arena_copy(arena, &b, sizeof(b)); /* the settings point into it */

        if (!kept)
                return -ENOMEM;
        kept->items = arena_calloc(arena, kept->capacity, sizeof(*kept->items));
        if (!kept->items)
                return -ENOMEM;
        add_fixed(kept);
        for (size_t i = 0; i < events_n; i++)
                add_kept(kept, "", events[i], BY_CASE, BROKER_KEPT_EVENTS, kept->record_max);
        for (size_t i = 0; i < organisations_n; i++) {
                add_kept(kept, TOPIC_INBOX_PREFIX, organisations[i], ONE_PARTITION, BROKER_KEPT_INBOX, kept->record_max);
                add_kept(kept, TOPIC_OUTBOX_PREFIX, organisations[i], ONE_PARTITION, BROKER_KEPT_OUTBOX, kept->record_max);
        }
        r = kept->failed;
        if (r == 0) {
                qsort(kept->items, kept->n, sizeof(*kept->items), by_name);
                r = check_doubles(kept);
        }
        *ret = (struct topics){.items = kept->items, .n = kept->n, .adopt = !config->partitions_said};
        return r ? r : topics_acls(config, events, events_n, organisations, organisations_n, arena, ret);
}
