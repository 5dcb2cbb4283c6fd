/* SPDX-License-Identifier: EUPL-1.2 */

/* How groups stand: librdkafka's requests for groups and offsets, and a simple consumer that counts what waits. */

#include "bus/standing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"
#include "bus/kafka/client.h"
#include "bus/kafka/topics.h"
#include "bus/waiting.h"

#define STANDING_BYTES_MAX ((size_t)256 << 20)
#define STANDING_GROUPS_MAX 20000
#define STANDING_AGAIN_MS 5000 /* for a broker that answered before: who goes on looking wants to know soon that it is gone */

struct standing {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus *bus;
        struct arena *arena;        /* all that is lent out */
        const struct rd_kafka_metadata *metadata;
        struct table topics;        /* struct rd_kafka_metadata_topic by full name */
        struct table tails;         /* struct standing_tail, by itself up to its stamps */
        size_t remembered;          /* records in all tails */
        uint64_t turn;              /* of measuring */
};

int standing_refresh(struct standing *s, struct error *err) {
        const struct rd_kafka_metadata *metadata;
        int within_ms = s->metadata ? STANDING_AGAIN_MS : BUS_OPEN_MS;
        int r = kafka_metadata(&s->client, "the question which topics there are", true, within_ms, &metadata, err);

        if (r)
                return r;
        if (s->metadata)
                rd_kafka_metadata_destroy(s->metadata);
        s->metadata = metadata;
        table_done(&s->topics);
        s->topics = (struct table){0};
        arena_reset(s->arena);
        for (int i = 0; i < s->metadata->topic_cnt; i++) {
                struct rd_kafka_metadata_topic *topic = &s->metadata->topics[i];

                if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && table_put(&s->topics, topic->topic, strlen(topic->topic), topic))
                        return -ENOMEM;
        }
        return 0;
}

/* -- What is remembered of what waits -- */

/* Of one part: every record between where it is done with and where it was read to. */
struct standing_tail {
        char *key;             /* owned */
        size_t key_n;
        int64_t from, to;      /* what lies between was read */
        struct waiting records;
        uint64_t turn;         /* in which it was asked for last */
};

/* Lets go what stands before @offset. */
static void standing_tail_drop(struct standing *s, struct standing_tail *tail, int64_t offset) {
        size_t before = tail->records.n;

        waiting_drop(&tail->records, offset);
        s->remembered -= before - tail->records.n;
}

/* What is known of [from, end) stays; of a log that is another one, or of which an earlier part is asked for, nothing does. */
static void standing_tail_begin(struct standing *s, struct standing_tail *tail, int64_t from, int64_t end) {
        if (from < tail->from || from > tail->to || end < tail->to) {
                standing_tail_drop(s, tail, INT64_MAX);
                tail->to = from;
        }
        standing_tail_drop(s, tail, from);
        tail->from = from;
}

static int standing_tail_add(struct standing *s, struct standing_tail *tail, int64_t offset, instant_t stamp) {
        if (waiting_add(&tail->records, offset, stamp))
                return -ENOMEM;
        tail->to = offset + 1;
        s->remembered++;
        return 0;
}

/* A part has no room for more: it is counted as far as here. */
static bool standing_tail_is_full(const struct standing *s, const struct standing_tail *tail) {
        return tail->records.n >= STANDING_COUNT_MAX || (tail->records.n > 0 && s->remembered >= STANDING_REMEMBERED_MAX);
}

static struct standing_tail *standing_tail_of(struct standing *s, const struct standing_part *part) {
        CLEANUP(cleanup_free) void *key = NULL;
        struct standing_tail *tail;
        char *text;
        int n = asprintf(&text, "%d/%s/%s", (int)part->partition, part->topic, part->group ? part->group : "");

        if (n < 0)
                return NULL;
        key = text;
        tail = table_get(&s->tails, key, (size_t)n);
        if (tail)
                return tail;
        tail = calloc(1, sizeof(*tail));
        if (!tail)
                return NULL;
        *tail = (struct standing_tail){.key = TAKE(text), .key_n = (size_t)n};
        key = NULL;
        if (table_put(&s->tails, tail->key, tail->key_n, tail) == 0)
                return tail;
        free(tail->key);
        free(tail);
        return NULL;
}

/* Those that were not asked for in @turn. */
static void standing_forget_tails(struct standing *s, uint64_t turn) {
        struct standing_tail *tail;
        VECTOR(struct standing_tail *) gone = {0};

        for (size_t i = 0; (tail = table_next(&s->tails, &i));) {
                if (tail->turn != turn && vector_push(&gone, tail))
                        break; /* without memory they stay for another time */
        }
        for (size_t i = 0; i < gone.n; i++) {
                tail = gone.items[i];
                (void) table_remove(&s->tails, tail->key, tail->key_n);
                s->remembered -= tail->records.n;
                waiting_done(&tail->records);
                free(tail->key);
                free(tail);
        }
        vector_done(&gone);
}

int standing_new(const struct kafka_config *config, const atomic_bool *enough, struct standing **ret, struct error *err) {
        CLEANUP(standing_free_p) struct standing *s = calloc(1, sizeof(*s));
        const struct kafka_client_options options = {.role = KAFKA_READER, .eof = true, .opaque = s};
        int r;

        if (!s)
                return -ENOMEM;
        r = kafka_bus_new(config, &s->bus, err);
        if (r == 0)
                r = arena_new(&s->arena, STANDING_BYTES_MAX);
        if (r == 0)
                r = kafka_client_open(&s->client, kafka_bus_of(s->bus), &options, err);
        s->client.enough = enough;
        if (r == 0)
                r = standing_refresh(s, err);
        if (r)
                return r;
        *ret = TAKE(s);
        return 0;
}

struct standing *standing_free(struct standing *s) {
        if (!s)
                return NULL;
        standing_forget_tails(s, UINT64_MAX);
        table_done(&s->tails);
        table_done(&s->topics);
        if (s->metadata)
                rd_kafka_metadata_destroy(s->metadata);
        kafka_client_close(&s->client);
        arena_free(s->arena);
        bus_free(s->bus);
        free(s);
        return NULL;
}

bool standing_is_embedded(const struct standing *s) {
        return kafka_is_embedded(&s->client);
}

int32_t standing_partitions(const struct standing *s, const char *topic) {
        CLEANUP(cleanup_free) void *full = kafka_name(s->client.bus, topic);
        const struct rd_kafka_metadata_topic *found = full ? table_get(&s->topics, full, strlen(full)) : NULL;

        return found ? found->partition_cnt : 0;
}

/* -- Groups -- */

typedef void standing_send(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *args);

/* Sends one request and waits for its answer, which the caller destroys. */
static int standing_ask(struct standing *s, const char *call, standing_send *send, void *args, rd_kafka_event_t **ret, struct error *err) {
        CLEANUP(rd_kafka_AdminOptions_destroy_p) rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(s->client.rk, RD_KAFKA_ADMIN_OP_ANY);
        CLEANUP(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(s->client.rk);
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        char reason[KAFKA_TROUBLE_MAX];
        rd_kafka_resp_err_t code;

        if (!options || !queue || rd_kafka_AdminOptions_set_request_timeout(options, BUS_CALL_MS, reason, sizeof(reason)) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return -ENOMEM;
        send(s->client.rk, options, queue, args);
        for (int waited = 0; !event && waited < 2 * BUS_CALL_MS; waited += KAFKA_TURN_MS) {
                event = rd_kafka_queue_poll(queue, KAFKA_TURN_MS);
                if (!event && kafka_is_enough(&s->client, call, err))
                        return -ECANCELED;
        }
        rd_kafka_poll(s->client.rk, 0);
        code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        if (code)
                return kafka_failed(&s->client, call, code, event ? rd_kafka_event_error_string(event) : NULL, err);
        *ret = TAKE(event);
        return 0;
}

static int standing_error(struct standing *s, const char *call, const rd_kafka_error_t *error, struct error *err) {
        rd_kafka_resp_err_t code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;

        return code ? kafka_failed(&s->client, call, code, rd_kafka_error_string(error), err) : 0;
}

/* The part of these, made when it is not there yet. @ret NULL then: a topic that is not under our prefix, or gone. */
static int standing_part_at(struct standing *s, struct standing_group *group, size_t room, const rd_kafka_topic_partition_t *at,
                            struct standing_part **ret) {
        const struct rd_kafka_metadata_topic *topic = table_get(&s->topics, at->topic, strlen(at->topic));
        const char *plain = kafka_plain_name(s->client.bus, at->topic);

        *ret = NULL;
        if (!topic || !plain || at->partition < 0 || at->partition >= topic->partition_cnt)
                return 0;
        *ret = standing_part_of(group, plain, at->partition);
        if (*ret)
                return 0;
        assert(group->n < room);
        *ret = &group->parts[group->n++];
        **ret = (struct standing_part){.group = group->name, .topic = kafka_plain_name(s->client.bus, topic->topic), .partition = at->partition,
                                       .committed = STANDING_NOT_COMMITTED};
        return 0;
}

struct standing_part *standing_part_of(const struct standing_group *group, const char *topic, int32_t partition) {
        for (size_t i = 0; i < group->n; i++) {
                if (group->parts[i].partition == partition && strcmp(group->parts[i].topic, topic) == 0)
                        return &group->parts[i];
        }
        return NULL;
}

static void standing_send_committed(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *args) {
        rd_kafka_ListConsumerGroupOffsets_t *request = args;

        rd_kafka_ListConsumerGroupOffsets(rk, &request, 1, options, queue);
}

static enum standing_state standing_state_of(const rd_kafka_ConsumerGroupDescription_t *description) {
        switch (description ? rd_kafka_ConsumerGroupDescription_state(description) : RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN) {
        case RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE:
        case RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE:
                return STANDING_MOVING;
        case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE:
                return STANDING_STABLE;
        case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY:
                return STANDING_EMPTY;
        default:
                return STANDING_OTHER;
        }
}

/* A part of one member, as a number; the sum of them does not depend on their order. */
static uint64_t standing_share(const rd_kafka_MemberDescription_t *member, const rd_kafka_topic_partition_t *owned) {
        const char *id = rd_kafka_MemberDescription_consumer_id(member);
        uint64_t hash = (uint64_t)table_hash(id, strlen(id)) << 32 | table_hash(owned->topic, strlen(owned->topic));

        return (hash ^ (uint64_t)owned->partition) * 0x9e3779b97f4a7c15u;
}

static int standing_fill(struct standing *s, struct standing_group *group, const rd_kafka_topic_partition_list_t *committed,
                         const rd_kafka_ConsumerGroupDescription_t *description) {
        size_t room = committed ? (size_t)committed->cnt : 0;
        struct standing_part *part;
        int r = 0;

        group->state = standing_state_of(description);
        group->members = description ? rd_kafka_ConsumerGroupDescription_member_count(description) : 0;
        for (size_t m = 0; m < group->members; m++)
                room += (size_t)rd_kafka_MemberAssignment_partitions(
                                rd_kafka_MemberDescription_assignment(rd_kafka_ConsumerGroupDescription_member(description, m)))->cnt;
        group->parts = arena_calloc(s->arena, room + 1, sizeof(*group->parts));
        if (!group->parts)
                return -ENOMEM;
        for (int i = 0; r == 0 && committed && i < committed->cnt; i++) {
                r = standing_part_at(s, group, room, &committed->elems[i], &part);
                if (r == 0 && part && committed->elems[i].offset >= 0)
                        part->committed = committed->elems[i].offset;
        }
        for (size_t m = 0; r == 0 && m < group->members; m++) {
                const rd_kafka_MemberDescription_t *member = rd_kafka_ConsumerGroupDescription_member(description, m);
                const rd_kafka_topic_partition_list_t *owned = rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));

                for (int i = 0; r == 0 && i < owned->cnt; i++) {
                        group->shares += standing_share(member, &owned->elems[i]);
                        r = standing_part_at(s, group, room, &owned->elems[i], &part);
                        if (part)
                                part->owned = true;
                }
        }
        return r;
}

static int standing_read_group(struct standing *s, const char *full, const rd_kafka_ConsumerGroupDescription_t *description,
                               struct standing_group *ret, struct error *err) {
        static const char call[] = "listing the offsets of a group";
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        rd_kafka_ListConsumerGroupOffsets_t *request = rd_kafka_ListConsumerGroupOffsets_new(full, NULL);
        const rd_kafka_group_result_t **results;
        size_t n = 0;
        int r;

        if (!request)
                return -ENOMEM;
        r = standing_ask(s, call, standing_send_committed, request, &event, err);
        rd_kafka_ListConsumerGroupOffsets_destroy(request);
        if (r)
                return r;
        results = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &n);
        r = n > 0 ? standing_error(s, call, rd_kafka_group_result_error(results[0]), err) : 0;
        return r ? r : standing_fill(s, ret, n > 0 ? rd_kafka_group_result_partitions(results[0]) : NULL, description);
}

static void standing_send_list(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *args) {
        (void)args;
        rd_kafka_ListConsumerGroups(rk, options, queue);
}

struct standing_names {
        const char **full;
        size_t n;
};

static void standing_send_describe(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *args) {
        const struct standing_names *names = args;

        rd_kafka_DescribeConsumerGroups(rk, names->full, names->n, options, queue);
}

static int standing_name_order(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int standing_list(struct standing *s, struct standing_names *ret, struct error *err) {
        static const char call[] = "the question which groups there are";
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_ConsumerGroupListing_t **listings;
        const rd_kafka_error_t **errors;
        size_t n = 0, bad = 0;
        int r;

        if (kafka_is_embedded(&s->client)) /* librdkafka 2.0.2 leaks memory when it finds out itself */
                return kafka_failed(&s->client, call, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, NULL, err);
        r = standing_ask(s, call, standing_send_list, NULL, &event, err);
        if (r)
                return r;
        errors = rd_kafka_ListConsumerGroups_result_errors(rd_kafka_event_ListConsumerGroups_result(event), &bad);
        r = bad > 0 ? standing_error(s, call, errors[0], err) : 0;
        if (r)
                return r;
        listings = rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(event), &n);
        if (n > STANDING_GROUPS_MAX) {
                error_set(err, "the broker at %s remembers %zu groups, and at most %d can be looked at", s->client.bus->bootstrap, n, STANDING_GROUPS_MAX);
                return -E2BIG;
        }
        ret->full = arena_calloc(s->arena, n + 1, sizeof(*ret->full));
        if (!ret->full)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const char *full = rd_kafka_ConsumerGroupListing_group_id(listings[i]);

                if (!kafka_plain_name(s->client.bus, full))
                        continue;
                ret->full[ret->n] = arena_copy(s->arena, full, strlen(full));
                if (!ret->full[ret->n++])
                        return -ENOMEM;
        }
        qsort(ret->full, ret->n, sizeof(*ret->full), standing_name_order);
        return 0;
}

static const rd_kafka_ConsumerGroupDescription_t *standing_description(const rd_kafka_event_t *event, const char *full) {
        size_t n = 0;
        const rd_kafka_ConsumerGroupDescription_t **all =
                rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result((rd_kafka_event_t *)event), &n);

        for (size_t i = 0; i < n; i++) {
                if (strcmp(rd_kafka_ConsumerGroupDescription_group_id(all[i]), full) == 0)
                        return all[i];
        }
        return NULL;
}

int standing_groups(struct standing *s, struct standing_group **ret, size_t *ret_n, struct error *err) {
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        struct standing_names names = {0};
        struct standing_group *groups;
        int r = standing_list(s, &names, err);

        if (r == 0 && names.n > 0)
                r = standing_ask(s, "the question who is in the groups", standing_send_describe, &names, &event, err);
        if (r)
                return r;
        groups = arena_calloc(s->arena, names.n + 1, sizeof(*groups));
        if (!groups)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < names.n; i++) {
                const rd_kafka_ConsumerGroupDescription_t *description = standing_description(event, names.full[i]);

                r = description ? standing_error(s, "the question who is in a group", rd_kafka_ConsumerGroupDescription_error(description), err) : 0;
                groups[i].name = kafka_plain_name(s->client.bus, names.full[i]);
                r = r ? r : standing_read_group(s, names.full[i], description, &groups[i], err);
        }
        *ret = groups;
        *ret_n = names.n;
        return r;
}

/* -- What waits -- */

/* A partition that is measured, for one group or several. */
struct measured_log {
        const char *topic;      /* plain */
        char *full;             /* owned */
        int32_t partition;
        int64_t first, end;     /* where it begins and, of what is committed, ends */
        bool known;
        rd_kafka_topic_t *handle; /* while it is read */
        struct measured *reads; /* for whom */
};

/* One part while it is measured. */
struct measured {
        struct standing_part *part;
        struct measured_log *log;
        struct standing_tail *tail;
        bool done;
};

struct measuring {
        struct standing *s;
        struct measured *items;
        size_t n;
        struct measured_log *logs;
        size_t logs_n, latest, reading; /* latest: where the record before was found; reading: logs that are not done in this round */
        struct table by_place;          /* struct measured_log, by topic and partition */
        rd_kafka_queue_t *queue;
};

static void measuring_done(struct measuring *m) {
        for (size_t i = 0; i < m->logs_n; i++)
                free(m->logs[i].full);
        table_done(&m->by_place);
        free(m->logs);
        free(m->items);
        if (m->queue)
                rd_kafka_queue_destroy(m->queue);
}

/* The partition of a part; *ret NULL: nobody leads it now, or it is gone, so that nothing can be said of it. */
static int measuring_log_of(struct measuring *m, const struct standing_part *part, struct measured_log **ret) {
        char *full = kafka_name(m->s->client.bus, part->topic);
        const struct rd_kafka_metadata_topic *topic = full ? table_get(&m->s->topics, full, strlen(full)) : NULL;
        const char *place = full ? arena_printf(m->s->arena, "%d/%s", (int)part->partition, part->topic) : NULL;

        *ret = place ? table_get(&m->by_place, place, strlen(place)) : NULL;
        if (!place || *ret || !topic || part->partition >= topic->partition_cnt || topic->partitions[part->partition].leader < 0) {
                free(full);
                return place ? 0 : -ENOMEM;
        }
        *ret = &m->logs[m->logs_n++];
        **ret = (struct measured_log){.topic = part->topic, .full = full, .partition = part->partition, .first = part->first, .end = part->end,
                                      .known = part->known};
        return table_put(&m->by_place, place, strlen(place), *ret);
}

/* Of the logs of which it is not known. */
static int measuring_offsets(struct measuring *m, int64_t ask, rd_kafka_topic_partition_list_t **ret, struct error *err) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)m->logs_n);

        *ret = list;
        for (size_t i = 0; list && i < m->logs_n; i++) {
                if (m->logs[i].known)
                        continue;
                rd_kafka_topic_partition_list_add(list, m->logs[i].full, m->logs[i].partition)->offset = ask;
        }
        return list ? kafka_list_offsets(&m->s->client, list, err) : -ENOMEM;
}

/* Where each begins and ends; what lies between, and is not remembered, is to be read. */
static int measuring_begin(struct measuring *m, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *first = NULL;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *end = NULL;
        int r = measuring_offsets(m, RD_KAFKA_OFFSET_BEGINNING, &first, err);

        if (r == 0)
                r = measuring_offsets(m, RD_KAFKA_OFFSET_END, &end, err);
        for (size_t i = 0, k = 0; r == 0 && i < m->logs_n; i++) { /* answered in the order of the question */
                if (m->logs[i].known)
                        continue;
                m->logs[i].first = first->elems[k].offset;
                m->logs[i].end = end->elems[k++].offset;
        }
        for (size_t i = 0; r == 0 && i < m->n; i++) {
                struct measured *item = &m->items[i];
                struct standing_part *part = item->part;

                part->waiting = part->lost = part->oldest = 0;
                part->more = false;
                item->done = !item->log;
                if (item->done)
                        continue;
                part->lost = part->committed >= 0 && part->committed < item->log->first ? item->log->first - part->committed : 0;
                standing_tail_begin(m->s, item->tail, part->committed > item->log->first ? part->committed : item->log->first, item->log->end);
                item->done = item->tail->to >= item->log->end || standing_tail_is_full(m->s, item->tail);
        }
        return r;
}

/* Begins to read what is not done, of each partition once. */
static int measuring_start(struct measuring *m, struct error *err) {
        for (size_t i = 0; i < m->n; i++) {
                struct measured *item = &m->items[i];

                if (item->done || item->log->reads)
                        continue;
                item->log->handle = rd_kafka_topic_new(m->s->client.rk, item->log->full, NULL);
                if (!item->log->handle)
                        return -ENOMEM;
                if (rd_kafka_consume_start_queue(item->log->handle, item->log->partition, item->tail->to, m->queue))
                        return kafka_failed(&m->s->client, "reading what waits", rd_kafka_last_error(), NULL, err);
                item->log->reads = item;
                m->reading++;
        }
        return 0;
}

static void measuring_stop(struct measuring *m) {
        for (size_t i = 0; i < m->logs_n; i++) {
                struct measured_log *log = &m->logs[i];

                if (log->reads)
                        (void)rd_kafka_consume_stop(log->handle, log->partition);
                if (log->handle)
                        rd_kafka_topic_destroy(log->handle);
                log->handle = NULL;
                log->reads = NULL;
        }
        m->reading = 0;
}

static struct measured *measuring_find(struct measuring *m, const rd_kafka_message_t *message) {
        const char *plain = message->rkt ? kafka_plain_name(m->s->client.bus, rd_kafka_topic_name(message->rkt)) : NULL;

        for (size_t i = 0; plain && i < m->logs_n; i++) {
                const struct measured_log *log = &m->logs[(m->latest + i) % m->logs_n];

                if (log->reads && log->partition == message->partition && strcmp(log->topic, plain) == 0) {
                        m->latest = (m->latest + i) % m->logs_n;
                        return log->reads;
                }
        }
        return NULL;
}

static int measuring_take(struct measuring *m, struct measured *item, const rd_kafka_message_t *message) {
        int64_t end = item->log->end;

        if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF && message->offset < end) {
                if (standing_tail_add(m->s, item->tail, message->offset, rd_kafka_message_timestamp(message, NULL)))
                        return -ENOMEM;
                if (message->offset + 1 < end && !standing_tail_is_full(m->s, item->tail))
                        return 0;
        } else {
                item->tail->to = end; /* what is left are no records */
        }
        item->done = true;
        m->reading--;
        return 0;
}

static int measuring_read(struct measuring *m, struct error *err) {
        int64_t until = clock_monotonic(&m->s->client.bus->clock) + BUS_CALL_MS;
        int r = 0;

        while (r == 0 && m->reading > 0) {
                CLEANUP(rd_kafka_message_destroy_p) rd_kafka_message_t *message = rd_kafka_consume_queue(m->queue, KAFKA_TURN_MS);
                struct measured *item = message ? measuring_find(m, message) : NULL;

                rd_kafka_poll(m->s->client.rk, 0);
                if (item && !item->done && (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
                        r = measuring_take(m, item, message);
                        until = clock_monotonic(&m->s->client.bus->clock) + BUS_CALL_MS;
                } else if (kafka_is_enough(&m->s->client, "reading what waits", err)) {
                        r = -ECANCELED;
                } else if (clock_monotonic(&m->s->client.bus->clock) >= until) {
                        r = kafka_failed(&m->s->client, "reading what waits", RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err);
                }
        }
        return r;
}

static bool measuring_is_done(const struct measuring *m) {
        for (size_t i = 0; i < m->n; i++) {
                if (!m->items[i].done)
                        return false;
        }
        return true;
}

static void measuring_tell(const struct measured *item) {
        const struct standing_tail *tail = item->tail;

        if (!item->log)
                return;
        item->part->waiting = (int64_t)tail->records.n;
        item->part->oldest = item->part->waiting ? tail->records.first.stamp : 0;
        item->part->more = tail->to < item->log->end;
        item->part->waiting += item->log->end - tail->to;
}

static int measuring_all(struct measuring *m, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < m->n; i++) {
                r = measuring_log_of(m, m->items[i].part, &m->items[i].log);
                m->items[i].tail = r ? NULL : standing_tail_of(m->s, m->items[i].part);
                if (!m->items[i].tail)
                        return -ENOMEM;
                m->items[i].tail->turn = m->s->turn;
        }
        if (r == 0)
                r = measuring_begin(m, err);
        while (r == 0 && !measuring_is_done(m)) {
                r = measuring_start(m, err);
                if (r == 0)
                        r = measuring_read(m, err);
                measuring_stop(m);
        }
        for (size_t i = 0; r == 0 && i < m->n; i++)
                measuring_tell(&m->items[i]);
        return r;
}

int standing_measure(struct standing *s, struct standing_part *const *parts, size_t n, struct error *err) {
        CLEANUP(measuring_done) struct measuring m = {.s = s, .items = calloc(n + 1, sizeof(struct measured)), .n = n,
                                                      .logs = calloc(n + 1, sizeof(struct measured_log)), .queue = rd_kafka_queue_new(s->client.rk)};
        int r;

        if (!m.items || !m.logs || !m.queue)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                m.items[i].part = parts[i];
        s->turn++;
        r = measuring_all(&m, err);
        if (r == 0)
                standing_forget_tails(s, s->turn);
        return r;
}
