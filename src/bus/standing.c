/* SPDX-License-Identifier: EUPL-1.2 */

/* How groups stand: librdkafka's requests for groups and offsets, and a simple consumer that counts what waits. */

#include "bus/standing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "bus/kafka/client.h"
#include "bus/kafka/topics.h"

#define STANDING_BYTES_MAX ((size_t)256 << 20)
#define STANDING_GROUPS_MAX 20000

struct standing {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus *bus;
        struct arena *arena;        /* all that is lent out */
        const struct rd_kafka_metadata *metadata;
        struct table topics;        /* struct rd_kafka_metadata_topic by full name */
};

static int standing_read_topics(struct standing *s, struct error *err) {
        int r = kafka_metadata(&s->client, "the question which topics there are", true, BUS_OPEN_MS, &s->metadata, err);

        if (r)
                return r;
        for (int i = 0; i < s->metadata->topic_cnt; i++) {
                struct rd_kafka_metadata_topic *topic = &s->metadata->topics[i];

                if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && table_put(&s->topics, topic->topic, strlen(topic->topic), topic))
                        return -ENOMEM;
        }
        return 0;
}

int standing_new(const struct kafka_config *config, struct standing **ret, struct error *err) {
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
        if (r == 0)
                r = standing_read_topics(s, err);
        if (r)
                return r;
        *ret = TAKE(s);
        return 0;
}

struct standing *standing_free(struct standing *s) {
        if (!s)
                return NULL;
        table_done(&s->topics);
        if (s->metadata)
                rd_kafka_metadata_destroy(s->metadata);
        kafka_client_close(&s->client);
        arena_free(s->arena);
        bus_free(s->bus);
        free(s);
        return NULL;
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
        event = rd_kafka_queue_poll(queue, 2 * BUS_CALL_MS);
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
        **ret = (struct standing_part){.topic = kafka_plain_name(s->client.bus, topic->topic), .partition = at->partition, .committed = STANDING_NOT_COMMITTED};
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

static int standing_fill(struct standing *s, struct standing_group *group, const rd_kafka_topic_partition_list_t *committed,
                         const rd_kafka_ConsumerGroupDescription_t *description) {
        size_t room = committed ? (size_t)committed->cnt : 0;
        struct standing_part *part;
        int r = 0;

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
                const rd_kafka_topic_partition_list_t *owned = rd_kafka_MemberAssignment_partitions(
                        rd_kafka_MemberDescription_assignment(rd_kafka_ConsumerGroupDescription_member(description, m)));

                for (int i = 0; r == 0 && i < owned->cnt; i++) {
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

/* One part while it is measured. */
struct measured {
        struct standing_part *part;
        rd_kafka_topic_t *topic; /* while it is read */
        int64_t from, end;
        bool reads, done;
};

struct measuring {
        struct standing *s;
        struct measured *items;
        size_t n, latest, reading; /* latest: where the record before was found; reading: items that are not done in this round */
        rd_kafka_queue_t *queue;
};

static int measuring_offsets(struct measuring *m, int64_t ask, rd_kafka_topic_partition_list_t **ret, struct error *err) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)m->n);

        *ret = list;
        for (size_t i = 0; list && i < m->n; i++) {
                CLEANUP(cleanup_free) void *full = kafka_name(m->s->client.bus, m->items[i].part->topic);

                if (!full)
                        return -ENOMEM;
                if (!rd_kafka_topic_partition_list_find(list, full, m->items[i].part->partition))
                        rd_kafka_topic_partition_list_add(list, full, m->items[i].part->partition)->offset = ask;
        }
        return list ? kafka_list_offsets(&m->s->client, list, err) : -ENOMEM;
}

/* Where each begins and ends; what lies between is to be read. */
static int measuring_begin(struct measuring *m, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *first = NULL;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *end = NULL;
        int r = measuring_offsets(m, RD_KAFKA_OFFSET_BEGINNING, &first, err);

        if (r == 0)
                r = measuring_offsets(m, RD_KAFKA_OFFSET_END, &end, err);
        for (size_t i = 0; r == 0 && i < m->n; i++) {
                struct measured *item = &m->items[i];
                struct standing_part *part = item->part;
                CLEANUP(cleanup_free) void *full = kafka_name(m->s->client.bus, part->topic);
                int64_t oldest;

                if (!full)
                        return -ENOMEM;
                oldest = rd_kafka_topic_partition_list_find(first, full, part->partition)->offset;
                item->end = rd_kafka_topic_partition_list_find(end, full, part->partition)->offset;
                item->from = part->committed > oldest ? part->committed : oldest;
                part->lost = part->committed >= 0 && part->committed < oldest ? oldest - part->committed : 0;
                part->waiting = part->oldest = 0;
                part->more = false;
                item->done = item->from >= item->end;
        }
        return r;
}

static bool measuring_reads(const struct measuring *m, const struct standing_part *part) {
        for (size_t i = 0; i < m->n; i++) {
                if (m->items[i].reads && m->items[i].part->partition == part->partition && strcmp(m->items[i].part->topic, part->topic) == 0)
                        return true;
        }
        return false;
}

/* Begins to read what is not done, of each partition once. */
static int measuring_start(struct measuring *m, struct error *err) {
        for (size_t i = 0; i < m->n; i++) {
                struct measured *item = &m->items[i];
                CLEANUP(cleanup_free) void *full = NULL;

                if (item->done || measuring_reads(m, item->part))
                        continue;
                full = kafka_name(m->s->client.bus, item->part->topic);
                item->topic = full ? rd_kafka_topic_new(m->s->client.rk, full, NULL) : NULL;
                if (!item->topic)
                        return -ENOMEM;
                if (rd_kafka_consume_start_queue(item->topic, item->part->partition, item->from, m->queue))
                        return kafka_failed(&m->s->client, "reading what waits", rd_kafka_last_error(), NULL, err);
                item->reads = true;
                m->reading++;
        }
        return 0;
}

static void measuring_stop(struct measuring *m) {
        for (size_t i = 0; i < m->n; i++) {
                if (m->items[i].reads)
                        (void)rd_kafka_consume_stop(m->items[i].topic, m->items[i].part->partition);
                if (m->items[i].topic)
                        rd_kafka_topic_destroy(m->items[i].topic);
                m->items[i].topic = NULL;
                m->items[i].reads = false;
        }
        m->reading = 0;
}

static struct measured *measuring_find(struct measuring *m, const rd_kafka_message_t *message) {
        const char *plain = message->rkt ? kafka_plain_name(m->s->client.bus, rd_kafka_topic_name(message->rkt)) : NULL;

        for (size_t i = 0; plain && i < m->n; i++) {
                struct measured *item = &m->items[(m->latest + i) % m->n];

                if (item->reads && item->part->partition == message->partition && strcmp(item->part->topic, plain) == 0) {
                        m->latest = (m->latest + i) % m->n;
                        return item;
                }
        }
        return NULL;
}

static void measuring_count(struct measuring *m, struct measured *item, const rd_kafka_message_t *message) {
        struct standing_part *part = item->part;

        if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF && message->offset < item->end) {
                if (part->waiting++ == 0)
                        part->oldest = rd_kafka_message_timestamp(message, NULL);
                if (part->waiting == STANDING_COUNT_MAX) {
                        part->more = message->offset + 1 < item->end;
                        part->waiting += item->end - message->offset - 1;
                } else if (message->offset + 1 < item->end) {
                        return;
                }
        }
        item->done = true;
        m->reading--;
}

static int measuring_read(struct measuring *m, struct error *err) {
        int64_t until = clock_monotonic(&m->s->client.bus->clock) + BUS_CALL_MS;

        while (m->reading > 0) {
                CLEANUP(rd_kafka_message_destroy_p) rd_kafka_message_t *message = rd_kafka_consume_queue(m->queue, KAFKA_TURN_MS);
                struct measured *item = message ? measuring_find(m, message) : NULL;

                rd_kafka_poll(m->s->client.rk, 0);
                if (item && !item->done && (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
                        measuring_count(m, item, message);
                        until = clock_monotonic(&m->s->client.bus->clock) + BUS_CALL_MS;
                } else if (clock_monotonic(&m->s->client.bus->clock) >= until) {
                        return kafka_failed(&m->s->client, "reading what waits", RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err);
                }
        }
        return 0;
}

static bool measuring_is_done(const struct measuring *m) {
        for (size_t i = 0; i < m->n; i++) {
                if (!m->items[i].done)
                        return false;
        }
        return true;
}

int standing_measure(struct standing *s, struct standing_part *const *parts, size_t n, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(n + 1, sizeof(struct measured));
        CLEANUP(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(s->client.rk);
        struct measuring m = {.s = s, .items = memory, .n = n, .queue = queue};
        int r;

        if (!memory || !queue)
                return -ENOMEM;
        if (n == 0)
                return 0;
        for (size_t i = 0; i < n; i++)
                m.items[i].part = parts[i];
        r = measuring_begin(&m, err);
        while (r == 0 && !measuring_is_done(&m)) {
                r = measuring_start(&m, err);
                if (r == 0)
                        r = measuring_read(&m, err);
                measuring_stop(&m);
        }
        return r;
}
