/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads how the chain stands: groups and what waits for them, then case-state, dead-letters, deliveries and connector-orders. */

#include "survey/status_read.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"
#include "bus/standing.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "engine/row.h"
#include "worker/live.h"
#include "worker/topics.h"

/* A consumer whose parts are being measured. */
struct survey_consumer {
        const char *group;
        enum status_kind kind;
        size_t members;
        VECTOR(struct standing_part *) parts;
};

struct survey_boxes {
        VECTOR(struct standing_part *) parts;
};

struct status_reading {
        const struct status_source *source;
        struct status_memory *memory;
        struct arena *arena;
        struct status_whole *ret;
        struct error *err;
        struct worker_topics topics;
        struct standing *standing;
        struct standing_group *groups;
        size_t groups_n;
        VECTOR(struct survey_consumer) consumers;
        struct survey_boxes inboxes, outboxes; /* that nobody collected, or admitted */
        VECTOR(const char *) absent;
};

static const char *survey_copy(const struct status_reading *r, const char *text) {
        return arena_copy(r->arena, text, strlen(text));
}

static bool survey_begins(const char *text, const char *with) {
        return strncmp(text, with, strlen(with)) == 0;
}

/* -- Who reads what -- */

static int survey_absent(struct status_reading *r, const char *topic) {
        const char *copy;

        if (standing_partitions(r->standing, topic) > 0)
                return 0;
        copy = survey_copy(r, topic);
        return copy ? vector_push(&r->absent, copy) : -ENOMEM;
}

static int survey_topics(struct status_reading *r) {
        static const char *const of_connectors[] = {TOPIC_CONNECTOR_ORDERS, TOPIC_DELIVERIES, TOPIC_REDELIVERIES};
        int result = 0;

        for (size_t i = 0; result == 0 && i < ELEMENTS(of_connectors); i++)
                result = survey_absent(r, of_connectors[i]);
        for (size_t i = 0; result == 0 && i < r->topics.n_inputs; i++)
                result = survey_absent(r, r->topics.inputs[i]);
        for (size_t i = 0; result == 0 && i < r->topics.n_outputs; i++)
                result = survey_absent(r, r->topics.outputs[i]);
        return result;
}

/* The workers must read every partition of every event topic, whatever they have committed. */
static int survey_rules(struct status_reading *r) {
        struct survey_consumer consumer = {.group = TOPICS_GROUP_RULES, .kind = STATUS_RULES};
        const struct standing_group *group = NULL;
        int result = 0;

        for (size_t i = 0; i < r->groups_n; i++) {
                if (strcmp(r->groups[i].name, TOPICS_GROUP_RULES) == 0)
                        group = &r->groups[i];
        }
        consumer.members = group ? group->members : 0;
        for (size_t i = 0; i < r->topics.n_inputs; i++) {
                int32_t partitions = standing_partitions(r->standing, r->topics.inputs[i]);

                for (int32_t p = 0; result == 0 && p < partitions; p++) {
                        struct standing_part *part = group ? standing_part_of(group, r->topics.inputs[i], p) : NULL;

                        if (!part) {
                                part = arena_calloc(r->arena, 1, sizeof(*part));
                                if (!part)
                                        return -ENOMEM;
                                *part = (struct standing_part){.topic = r->topics.inputs[i], .partition = p, .committed = STANDING_NOT_COMMITTED};
                        }
                        result = vector_push(&consumer.parts, part);
                }
        }
        return result ? result : vector_push(&r->consumers, consumer);
}

/* A connector's group, or one that reads an inbox; others are none of ours. */
static int survey_group(struct status_reading *r, const struct standing_group *group) {
        struct survey_consumer consumer = {.group = group->name, .members = group->members};
        int result = 0;

        if (strcmp(group->name, TOPICS_GROUP_RULES) == 0)
                return 0;
        consumer.kind = survey_begins(group->name, TOPICS_GROUP_CONNECT) ? STATUS_CONNECTOR : STATUS_ORGANISATION;
        for (size_t i = 0; result == 0 && i < group->n; i++) {
                if (consumer.kind == STATUS_CONNECTOR || survey_begins(group->parts[i].topic, TOPIC_INBOX_PREFIX))
                        result = vector_push(&consumer.parts, &group->parts[i]);
        }
        if (result || (consumer.parts.n == 0 && consumer.kind == STATUS_ORGANISATION))
                return result;
        return vector_push(&r->consumers, consumer);
}

static bool survey_is_read(const struct status_reading *r, const char *topic, int32_t partition) {
        for (size_t i = 0; i < r->groups_n; i++) {
                if (standing_part_of(&r->groups[i], topic, partition))
                        return true;
        }
        return false;
}

/* A topic of which all should be read by somebody: its partitions that nobody reads. */
static int survey_box(const struct status_reading *r, const char *topic, struct survey_boxes *boxes) {
        int32_t partitions = standing_partitions(r->standing, topic);

        for (int32_t p = 0; p < partitions; p++) {
                struct standing_part *part;

                if (survey_is_read(r, topic, p))
                        continue;
                part = arena_calloc(r->arena, 1, sizeof(*part));
                if (!part)
                        return -ENOMEM;
                *part = (struct standing_part){.topic = topic, .partition = p, .committed = STANDING_NOT_COMMITTED};
                if (vector_push(&boxes->parts, part))
                        return -ENOMEM;
        }
        return 0;
}

static int survey_boxes_all(struct status_reading *r) {
        const struct organisations *orgs = r->source->config->organisations;
        int result = 0;

        for (size_t i = OUTPUT_INBOXES; result == 0 && i < r->topics.n_outputs; i++)
                result = survey_box(r, r->topics.outputs[i], &r->inboxes);
        for (size_t i = 0; result == 0 && i < organisations_count(orgs); i++) {
                const char *outbox = arena_printf(r->arena, TOPIC_OUTBOX_PREFIX "%s", organisations_at(orgs, i)->id);

                result = outbox ? survey_box(r, outbox, &r->outboxes) : -ENOMEM;
        }
        return result;
}

/* Where the part's log begins and ends was asked already. */
static void survey_bound(const struct status_reading *r, struct standing_part *part) {
        const struct logs_topic *topic = logs_topic_of(status_memory_view(r->memory), part->topic);
        const struct logs_partition *at = topic && part->partition < topic->partitions ? &topic->at[part->partition] : NULL;

        part->known = at && at->first >= 0 && at->stable >= 0;
        if (!part->known)
                return;
        part->first = at->first;
        part->end = at->stable;
}

static int survey_measure(struct status_reading *r) {
        VECTOR(struct standing_part *) all = {0};
        int result = 0;

        for (size_t i = 0; result == 0 && r->source->memory && i < r->groups_n; i++) {
                bool rules = strcmp(r->groups[i].name, TOPICS_GROUP_RULES) == 0;

                for (size_t k = 0; result == 0 && k < r->groups[i].n; k++) {
                        if (!rules || strcmp(r->groups[i].parts[k].topic, TOPIC_CASE_STATE) != 0) /* by which workers share out: they read it otherwise */
                                result = vector_push(&all, &r->groups[i].parts[k]);
                }
        }
        for (size_t i = 0; result == 0 && i < r->consumers.n; i++) {
                for (size_t k = 0; result == 0 && k < r->consumers.items[i].parts.n; k++) {
                        struct standing_part *part = r->consumers.items[i].parts.items[k];

                        if (!r->source->memory || !part->group) /* those of a group are there already */
                                result = vector_push(&all, part);
                }
        }
        for (size_t i = 0; result == 0 && i < r->inboxes.parts.n; i++)
                result = vector_push(&all, r->inboxes.parts.items[i]);
        for (size_t i = 0; result == 0 && i < r->outboxes.parts.n; i++)
                result = vector_push(&all, r->outboxes.parts.items[i]);
        for (size_t i = 0; result == 0 && i < all.n; i++)
                survey_bound(r, all.items[i]);
        if (result == 0)
                result = standing_measure(r->standing, all.items, all.n, r->err);
        vector_done(&all);
        return result;
}

static int survey_keep_consumer(struct status_reading *r, const struct survey_consumer *from, struct status_consumer *to) {
        struct status_part *parts = arena_calloc(r->arena, from->parts.n + 1, sizeof(*parts));

        *to = (struct status_consumer){.group = survey_copy(r, from->group), .kind = from->kind, .members = from->members, .partitions = from->parts.n,
                                       .parts = parts};
        if (!parts || !to->group)
                return -ENOMEM;
        for (size_t i = 0; i < from->parts.n; i++) {
                const struct standing_part *part = from->parts.items[i];

                if (part->waiting == 0 && part->lost == 0 && part->owned)
                        continue;
                parts[to->parts_n] = (struct status_part){.topic = survey_copy(r, part->topic), .partition = part->partition, .waiting = part->waiting,
                                                          .lost = part->lost, .oldest = part->oldest, .more = part->more, .owned = part->owned};
                if (!parts[to->parts_n++].topic)
                        return -ENOMEM;
        }
        return 0;
}

static int survey_keep_boxes(struct status_reading *r, const struct survey_boxes *from, const char *prefix, const struct status_box **ret, size_t *ret_n) {
        struct status_box *boxes = arena_calloc(r->arena, from->parts.n + 1, sizeof(*boxes));
        size_t n = 0;

        if (!boxes)
                return -ENOMEM;
        for (size_t i = 0; i < from->parts.n; i++) {
                const struct standing_part *part = from->parts.items[i];

                if (part->waiting == 0)
                        continue;
                boxes[n] = (struct status_box){survey_copy(r, part->topic + strlen(prefix)), part->waiting, part->oldest, part->more};
                if (!boxes[n++].organisation)
                        return -ENOMEM;
        }
        *ret = boxes;
        *ret_n = n;
        return 0;
}

static int survey_keep(struct status_reading *r) {
        struct status_consumer *consumers = arena_calloc(r->arena, r->consumers.n + 1, sizeof(*consumers));
        const char **absent = arena_calloc(r->arena, r->absent.n + 1, sizeof(*absent));
        int result;

        if (!consumers || !absent)
                return -ENOMEM;
        for (size_t i = 0; i < r->consumers.n; i++) {
                if (survey_keep_consumer(r, &r->consumers.items[i], &consumers[i]))
                        return -ENOMEM;
        }
        for (size_t i = 0; i < r->absent.n; i++)
                absent[i] = r->absent.items[i];
        r->ret->consumers = consumers;
        r->ret->consumers_n = r->consumers.n;
        r->ret->absent = absent;
        r->ret->absent_n = r->absent.n;
        result = survey_keep_boxes(r, &r->inboxes, TOPIC_INBOX_PREFIX, &r->ret->inboxes, &r->ret->inboxes_n);
        return result ? result : survey_keep_boxes(r, &r->outboxes, TOPIC_OUTBOX_PREFIX, &r->ret->outboxes, &r->ret->outboxes_n);
}

static int survey_consumers(struct status_reading *r) {
        int result = survey_topics(r);

        r->ret->groups_unknown = !r->groups;
        if (result || r->ret->groups_unknown)
                return result ? result : survey_keep(r);
        result = survey_rules(r);
        for (size_t i = 0; result == 0 && i < r->groups_n; i++)
                result = survey_group(r, &r->groups[i]);
        if (result == 0)
                result = survey_boxes_all(r);
        if (result == 0)
                result = survey_measure(r);
        return result ? result : survey_keep(r);
}

/* -- case-state -- */

struct survey_state_reading {
        struct status_reading *r;
        struct row_codec *codec;
        struct table open;  /* organisation of each open alert, by its row's key */
        int64_t *versions;
        struct status_imprint *imprints;
        int32_t partitions;
};

static int survey_state_read_version(struct survey_state_reading *state, const struct bus_record *record, const struct row_key *key) {
        struct text text = {record->value, record->value_n};
        struct status_imprint *imprint;
        unsigned version = 0;
        int64_t number;

        if (row_key_is_partitions(key) || record->partition >= state->partitions)
                return 0;
        imprint = &state->imprints[record->partition];
        if (row_key_is_imprint(key)) {
                imprint->is_known = imprint_head(text, &version, &imprint->fingerprint);
                imprint->version = version;
        } else if (text_to_int64(text, &number)) {
                state->versions[record->partition] = number;
        }
        return 0;
}

static int survey_state_read_alert(struct survey_state_reading *state, const struct bus_record *record, struct error *err) {
        struct telling alert = {.open = false};
        const char *key, *organisation;
        int r = record->value ? row_read(state->codec, ROW_ALERT, record->value, record->value_n, &alert, err) : 0;

        if (r) {
                error_prefix(err, "partition %d of case-state, offset %lld", (int)record->partition, (long long)record->offset);
                return r;
        }
        if (!alert.open) {
                (void) table_remove(&state->open, record->key, record->key_n);
                return 0;
        }
        if (table_get(&state->open, record->key, record->key_n))
                return 0; /* an alert stays its organisation's */
        key = arena_copy(state->r->arena, record->key, record->key_n);
        organisation = arena_copy(state->r->arena, alert.organisation.s, alert.organisation.n);
        return key && organisation ? table_put(&state->open, key, record->key_n, (void *)organisation) : -ENOMEM;
}

static int survey_state_read_row(void *ctx, struct bus_record *record, struct error *err) {
        struct survey_state_reading *state = ctx;
        struct row_key key;

        if (row_key_read(record->key, record->key_n, &key))
                return 0; /* a stray row: the worker names it */
        if (key.kind == ROW_VERSION && record->value)
                return survey_state_read_version(state, record, &key);
        return key.kind == ROW_ALERT ? survey_state_read_alert(state, record, err) : 0;
}

/* -- Counting by name -- */

struct tally {
        struct arena *arena;
        struct table by_name;
        VECTOR(struct status_count *) counts;
};

static int tally_add(struct tally *t, const char *name, size_t n) {
        struct status_count *count = table_get(&t->by_name, name, n);

        if (!count) {
                count = arena_calloc(t->arena, 1, sizeof(*count));
                if (count)
                        count->name = arena_copy(t->arena, name, n);
                if (!count || !count->name || table_put(&t->by_name, count->name, n, count) || vector_push(&t->counts, count))
                        return -ENOMEM;
        }
        count->n++;
        return 0;
}

static int tally_order(const void *a, const void *b) {
        return strcmp(((const struct status_count *)a)->name, ((const struct status_count *)b)->name);
}

/* By name, into the arena. */
static int tally_keep(struct tally *t, const struct status_count **ret, size_t *ret_n) {
        struct status_count *counts = arena_calloc(t->arena, t->counts.n + 1, sizeof(*counts));

        if (!counts)
                return -ENOMEM;
        for (size_t i = 0; i < t->counts.n; i++)
                counts[i] = *t->counts.items[i];
        qsort(counts, t->counts.n, sizeof(*counts), tally_order);
        *ret = counts;
        *ret_n = t->counts.n;
        return 0;
}

static void tally_done(struct tally *t) {
        table_done(&t->by_name);
        vector_done(&t->counts);
}

static int survey_state_keep(struct survey_state_reading *state) {
        CLEANUP(tally_done) struct tally tally = {.arena = state->r->arena};
        struct status_whole *ret = state->r->ret;
        const char *organisation;

        for (size_t i = 0; (organisation = table_next(&state->open, &i));) {
                if (tally_add(&tally, organisation, strlen(organisation)))
                        return -ENOMEM;
        }
        ret->versions = state->versions;
        ret->imprints = state->imprints;
        ret->versions_n = (size_t)state->partitions;
        return tally_keep(&tally, &ret->alerts, &ret->alerts_n);
}

/* What somebody else knows of it; of a partition of which they know nothing, that. */
static int survey_state_known(struct status_reading *r, size_t partitions) {
        const struct status_known *known = r->source->known;
        int64_t *versions = arena_calloc(r->arena, partitions, sizeof(*versions));
        struct status_imprint *imprints = arena_calloc(r->arena, partitions, sizeof(*imprints));

        if (!versions || !imprints)
                return -ENOMEM;
        for (size_t p = 0; p < partitions; p++) {
                versions[p] = p < known->versions_n ? known->versions[p] : -1;
                if (p < known->versions_n && known->imprints)
                        imprints[p] = known->imprints[p];
        }
        r->ret->alerts = known->alerts;
        r->ret->alerts_n = known->alerts_n;
        r->ret->versions = versions;
        r->ret->imprints = imprints;
        r->ret->versions_n = partitions;
        return 0;
}

static int survey_state(struct status_reading *r) {
        struct survey_state_reading state = {.r = r, .partitions = standing_partitions(r->standing, TOPIC_CASE_STATE)};
        struct live_rows rows = {.partition = BUS_ALL_PARTITIONS, .row = survey_state_read_row, .ctx = &state, .watch = r->source->watch};
        int result;

        if (state.partitions == 0)
                return 0;
        if (r->source->known)
                return survey_state_known(r, (size_t)state.partitions);
        state.versions = arena_calloc(r->arena, (size_t)state.partitions, sizeof(*state.versions));
        state.imprints = arena_calloc(r->arena, (size_t)state.partitions, sizeof(*state.imprints));
        if (!state.versions || !state.imprints || row_codec_new(&state.codec))
                return -ENOMEM;
        for (int32_t p = 0; p < state.partitions; p++)
                state.versions[p] = -1;
        result = live_each(r->source->bus, &rows, r->err);
        if (result == 0)
                result = survey_state_keep(&state);
        table_done(&state.open);
        row_codec_free(state.codec);
        return result;
}

/* -- What was refused, and what is stopped -- */

static int survey_letters(struct status_reading *r) {
        if (standing_partitions(r->standing, TOPIC_DEAD_LETTERS) == 0)
                return 0;
        return status_memory_letters(r->memory, date_of_instant(r->ret->letters_since), r->arena, &r->ret->letters, &r->ret->letters_n, r->err);
}

/* One inbox of a connector; of several the stop says whose it is. */
static int survey_stop(struct status_reading *r, struct status_stop *stops, const struct status_consumer *consumer, const char *topic) {
        const char *connector = consumer->group + strlen(TOPICS_GROUP_CONNECT);
        struct status_stop *stop = &stops[r->ret->stops_n];
        bool on = false;
        int result = status_memory_stop(r->memory, connector, topic + strlen(TOPIC_INBOX_PREFIX), r->source->at, stop, &on, r->err);

        if (result || !on)
                return result;
        stop->connector = consumer->partitions > STATUS_ONE_INBOX ? survey_copy(r, stop->connector) : connector;
        r->ret->stops_n++;
        return stop->connector ? 0 : -ENOMEM;
}

/* Only a connector for which something waits can be stopped: the record that was answered with 410 is the first of it. */
static int survey_stops(struct status_reading *r) {
        struct status_stop *stops;
        size_t n = 0;
        int result = 0;

        for (size_t i = 0; i < r->ret->consumers_n; i++)
                n += r->ret->consumers[i].parts_n;
        stops = arena_calloc(r->arena, n + 1, sizeof(*stops));
        if (!stops)
                return -ENOMEM;
        r->ret->stops = stops;
        if (standing_partitions(r->standing, TOPIC_DELIVERIES) == 0)
                return 0;
        result = status_memory_deliveries(r->memory, r->source->at, r->err);
        for (size_t i = 0; result == 0 && i < r->ret->consumers_n; i++) {
                const struct status_consumer *consumer = &r->ret->consumers[i];

                for (size_t k = 0; result == 0 && consumer->kind == STATUS_CONNECTOR && k < consumer->parts_n; k++) {
                        if (consumer->parts[k].waiting > 0 && survey_begins(consumer->parts[k].topic, TOPIC_INBOX_PREFIX))
                                result = survey_stop(r, stops, consumer, consumer->parts[k].topic);
                }
        }
        return result;
}

static int survey_pauses(struct status_reading *r) {
        if (standing_partitions(r->standing, TOPIC_CONNECTOR_ORDERS) == 0)
                return 0;
        return status_memory_pauses(r->memory, r->arena, &r->ret->pauses, &r->ret->pauses_n, r->err);
}

/* -- What Kafka itself is not well with -- */

static int survey_trouble(struct status_reading *r, struct status_trouble *troubles, const struct logs_topic *topic, int32_t partition) {
        const struct logs_partition *at = &topic->at[partition];
        struct status_trouble trouble = {.topic = survey_copy(r, topic->name), .partition = partition, .replicas = at->replicas, .in_sync = at->in_sync};
        bool undecided = at->open_since > 0 && r->source->at - at->open_since > BUS_TRANSACTION_MS;

        if (!trouble.topic)
                return -ENOMEM;
        if (at->leader == LOGS_UNKNOWN)
                trouble.kind = STATUS_LEADERLESS;
        else if (at->in_sync < at->replicas)
                trouble.kind = STATUS_UNDER_REPLICATED;
        else if (!undecided)
                return 0;
        if (at->leader == LOGS_UNKNOWN || at->in_sync < at->replicas)
                troubles[r->ret->troubles_n++] = trouble;
        if (!undecided)
                return 0;
        trouble.kind = STATUS_UNDECIDED;
        trouble.since = at->open_since;
        trouble.held = at->end - at->stable;
        troubles[r->ret->troubles_n++] = trouble;
        return 0;
}

static int survey_troubles(struct status_reading *r) {
        const struct logs_view *view = status_memory_view(r->memory);
        struct status_trouble *troubles;
        size_t all = 0;
        int result = 0;

        for (size_t i = 0; i < view->topics_n; i++)
                all += (size_t)view->topics[i].partitions;
        troubles = arena_calloc(r->arena, 2 * all + 1, sizeof(*troubles));
        if (!troubles)
                return -ENOMEM;
        r->ret->troubles = troubles;
        for (size_t i = 0; i < view->topics_n; i++) {
                for (int32_t p = 0; result == 0 && p < view->topics[i].partitions; p++)
                        result = survey_trouble(r, troubles, &view->topics[i], p);
        }
        return result;
}

static int survey_all(struct status_reading *r) {
        int result = worker_topics_list(r->source->config, &r->topics, r->err);

        if (result == 0)
                result = status_memory_look(r->memory, r->source->memory != NULL, &r->standing, &r->groups, &r->groups_n, r->err);
        if (result == 0)
                result = survey_troubles(r);
        if (result == 0)
                result = survey_consumers(r);
        if (result == 0)
                result = survey_state(r);
        if (result == 0)
                result = survey_letters(r);
        if (result == 0)
                result = survey_stops(r);
        return result ? result : survey_pauses(r);
}

int status_read(const struct status_source *source, struct arena *arena, struct status_whole *ret, struct error *err) {
        struct status_reading r = {.source = source, .memory = source->memory, .arena = arena, .ret = ret, .err = err};
        CLEANUP(status_memory_free_p) struct status_memory *memory = NULL;
        int result = 0;

        assert(source->config && source->bus && source->kafka);
        if (!source->memory)
                result = status_memory_new(&(struct status_memory_config){.config = source->config, .kafka = source->kafka, .bus = source->bus}, &memory, err);
        if (memory)
                r.memory = memory;
        *ret = (struct status_whole){.at = source->at,
                               .version = source->config->version,
                               .fingerprint = source->config->imprint.fingerprint,
                               .calendar_until = calendar_until(source->config->calendar, date_of_instant(source->at)),
                               .letters_since = date_begin(date_of_instant(source->at) - 1)};
        if (result == 0)
                result = survey_all(&r);
        for (size_t i = 0; i < r.consumers.n; i++)
                vector_done(&r.consumers.items[i].parts);
        vector_done(&r.consumers);
        vector_done(&r.inboxes.parts);
        vector_done(&r.outboxes.parts);
        vector_done(&r.absent);
        worker_topics_done(&r.topics);
        return result;
}
