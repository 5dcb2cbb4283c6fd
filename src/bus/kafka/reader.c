/* SPDX-License-Identifier: EUPL-1.2 */

/* Reading topics without a group. librdkafka's simple consumer needs no group id, so no right on one either. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/kafka/marks.h"
#include "bus/kafka/reader.h"
#include "bus/kafka/record.h"
#include "bus/kafka/topics.h"
#include "bus/positions.h"

#define TURNS_MAX 10000
#define COMMITTED_MS 5000
#define WAKE_PARTITIONS 32 /* of which one question asks, to wake who fetches */

struct kafka_reader {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus_reader reader;
        struct kafka_topics topics;
        char *group;                /* with prefix; NULL: none */
        rd_kafka_topic_t **handles; /* [topics.n]; NULL: not there */
        struct reader_positions at;
        rd_kafka_queue_t *queue;
        int64_t looked;  /* monotonic: when it was asked last whether the logs still are what was read */
        instant_t since; /* older records are left out: see start_all() */
        bool sparing;
        size_t applied;  /* bytes since the fetching threads were woken last */
        size_t waken;    /* how often they were */
        rd_kafka_message_t *message;
        struct kafka_headers headers;
};

static struct kafka_reader *kafka_reader_of(struct bus_reader *reader) {
        return (struct kafka_reader *)((char *)reader - offsetof(struct kafka_reader, reader));
}

/* Whether not all of a partition that is read has come. */
static bool reader_is_behind(const struct kafka_reader *r, size_t t, int32_t p) {
        return r->at.at[t][p].reads && r->at.at[t][p].next < r->at.at[t][p].end;
}

/*
 * A thread of librdkafka 2.0.2 that has read ahead as far as it may sleeps a whole second, whatever becomes of the queue meanwhile. Any request makes it
 * look again, and a question for offsets that nobody waits for is the cheapest. Each broker has a thread: of many partitions a few are asked for, others
 * each time, among which are some of all brokers.
 */
static void reader_wake(struct kafka_reader *r) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(WAKE_PARTITIONS);
        size_t behind = 0, nth = 0, every;

        for (size_t t = 0; t < r->topics.n; t++) {
                for (int32_t p = 0; p < r->topics.partitions[t]; p++)
                        behind += reader_is_behind(r, t, p);
        }
        every = behind / WAKE_PARTITIONS + 1;
        r->waken++;
        for (size_t t = 0; list && t < r->topics.n; t++) {
                for (int32_t p = 0; p < r->topics.partitions[t]; p++) {
                        if (reader_is_behind(r, t, p) && (nth++ + r->waken) % every == 0)
                                rd_kafka_topic_partition_list_add(list, r->topics.names[t], p)->offset = RD_KAFKA_OFFSET_END;
                }
        }
        r->applied = 0;
        if (list && list->cnt > 0)
                (void) rd_kafka_offsets_for_times(r->client.rk, list, 0);
}

/* Whether the message is a record to hand out. */
static bool reader_take_message(struct kafka_reader *r, rd_kafka_message_t *message, struct bus_event *ret) {
        int64_t index = kafka_topics_place(&r->topics, message->rkt);
        struct bus_part part = {(uint32_t)index, message->partition};

        if (index < 0)
                return false;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                reader_positions_end(&r->at, part, message->offset);
                return false;
        }
        if (!reader_positions_take(&r->at, part, message->offset))
                return false;
        if (r->since > 0 && rd_kafka_message_timestamp(message, NULL) < r->since)
                return false;
        r->message = message;
        r->applied += message->len + message->key_len;
        if (r->sparing && r->applied >= (size_t)BUS_SPARING_KBYTES * 1024 / 2)
                reader_wake(r);
        ret->kind = BUS_RECORD;
        kafka_record_fill(message, kafka_topics_plain(&r->topics, (uint32_t)index), (uint32_t)index, &r->headers, &ret->record);
        log_marks_see(&r->at.at[index][message->partition].marks, &ret->record);
        return true;
}

static int reader_anew(const char *topic, int32_t partition, struct error *err) {
        error_set(err, "partition %d of %s is not the log any more that was read: it was deleted and made again, or lost its end; begin anew", (int)partition,
                  topic);
        return -ESTALE;
}

/* Whether a record is of another log than what was read before it. */
static bool reader_went_back(struct kafka_reader *r, const rd_kafka_message_t *message) {
        int64_t index = kafka_topics_place(&r->topics, message->rkt);

        return index >= 0 && reader_positions_went_back(&r->at, (struct bus_part){(uint32_t)index, message->partition}, message->offset);
}

/* The ends of what is read: one that lies before what was seen is of another log, of which nothing may come for long. */
static int reader_look_at_ends(const struct kafka_reader *r, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        int token;

        if (!list)
                return -ENOMEM;
        for (size_t t = 0; t < r->topics.n; t++) {
                for (int32_t p = 0; p < r->topics.partitions[t]; p++) {
                        if (r->at.at[t][p].reads)
                                rd_kafka_topic_partition_list_add(list, r->topics.names[t], p)->offset = RD_KAFKA_OFFSET_END;
                }
        }
        if (list->cnt == 0)
                return 0;
        token = watchdog_enter(r->client.bus->watchdog, "rd_kafka_offsets_for_times", BUS_CALL_MS);
        (void) rd_kafka_offsets_for_times(r->client.rk, list, KAFKA_LOOK_MS); /* what has no answer says so itself */
        watchdog_leave(r->client.bus->watchdog, token);
        for (int i = 0; i < list->cnt; i++) {
                const rd_kafka_topic_partition_t *end = &list->elems[i];

                if (end->err == RD_KAFKA_RESP_ERR_NO_ERROR && end->offset >= 0 &&
                    reader_positions_is_cut(&r->at, (struct bus_part){(uint32_t)kafka_topics_find(&r->topics, end->topic), end->partition}, end->offset))
                        return reader_anew(end->topic, end->partition, err);
        }
        return 0;
}

/* Now and then: whether the logs still are those that are read. */
static int reader_look_at_logs(struct kafka_reader *r, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        int64_t now = clock_monotonic(&r->client.bus->clock);
        const rd_kafka_topic_partition_t *other;
        int result;

        if (now - r->looked < BUS_REFRESH_MS)
                return 0;
        r->looked = now;
        list = rd_kafka_topic_partition_list_new(16);
        result = list ? reader_look_at_ends(r, err) : -ENOMEM;
        for (size_t t = 0; t < r->topics.n; t++) {
                for (int32_t p = 0; result == 0 && p < r->topics.partitions[t]; p++) {
                        if (r->at.at[t][p].reads)
                                result = kafka_marks_add(list, r->topics.names[t], p, &r->at.at[t][p].marks);
                }
        }
        if (result == 0)
                result = kafka_marks_look(&r->client, list, &other, err);
        return result == 0 && other ? reader_anew(other->topic, other->partition, err) : result;
}

static int reader_trouble(struct kafka_reader *r, const rd_kafka_message_t *message, struct error *err) {
        switch (message->err) {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR__BAD_MSG:
                return kafka_failed(&r->client, "reading", message->err, rd_kafka_message_errstr(message), err);
        default:
                log_line(r->client.bus->log, KAFKA, LOG_STRING("facility", rd_kafka_err2name(message->err)),
                         LOG_STRING("text", rd_kafka_message_errstr(message)));
                return 0;
        }
}

static int kafka_reader_poll(struct bus_reader *reader, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct kafka_reader *r = kafka_reader_of(reader);
        int result = reader_look_at_logs(r, err);

        rd_kafka_message_destroy_p(&r->message);
        r->message = NULL;
        ret->kind = BUS_NONE;
        if (result)
                return result;
        rd_kafka_poll(r->client.rk, 0);
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
                rd_kafka_message_t *message;

                if (reader_positions_at_end(&r->at)) {
                        ret->kind = BUS_END;
                        return 0;
                }
                message = rd_kafka_consume_queue(r->queue, timeout_ms);
                if (!message && r->sparing && r->applied > 0)
                        reader_wake(r); /* it may have read ahead far enough */
                if (!message)
                        return kafka_client_fatal(&r->client, err);
                if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                        result = reader_trouble(r, message, err);
                else if (!message->err && reader_went_back(r, message))
                        result = reader_anew(rd_kafka_topic_name(message->rkt), message->partition, err);
                else if (reader_take_message(r, message, ret))
                        return 0;
                rd_kafka_message_destroy(message);
                if (result)
                        return result;
                timeout_ms = 0;
        }
        return 0;
}

static void kafka_reader_close(struct bus_reader *reader) {
        struct kafka_reader *r = kafka_reader_of(reader);

        rd_kafka_message_destroy_p(&r->message);
        for (size_t i = 0; r->handles && i < r->topics.n; i++) {
                for (int32_t p = 0; r->at.at && r->handles[i] && p < r->topics.partitions[i]; p++) {
                        if (r->at.at[i][p].reads)
                                (void)rd_kafka_consume_stop(r->handles[i], p); /* one that could not be started: no effect */
                }
                if (r->handles[i])
                        rd_kafka_topic_destroy(r->handles[i]);
        }
        free(r->handles);
        if (r->queue)
                rd_kafka_queue_destroy(r->queue);
        kafka_client_close(&r->client);
        reader_positions_done(&r->at);
        kafka_topics_done(&r->topics);
        free(r->headers.items);
        free(r->group);
        free(r);
}

static int kafka_reader_look(struct bus_reader *reader, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *end = rd_kafka_topic_partition_list_new(16);
        struct kafka_reader *r = kafka_reader_of(reader);
        int result, i = 0;

        if (!end)
                return -ENOMEM;
        for (size_t t = 0; t < r->topics.n; t++) {
                for (int32_t p = 0; p < r->topics.partitions[t]; p++) {
                        if (r->at.at[t][p].reads)
                                rd_kafka_topic_partition_list_add(end, r->topics.names[t], p)->offset = RD_KAFKA_OFFSET_END;
                }
        }
        result = kafka_list_offsets(&r->client, end, err);
        for (size_t t = 0; result == 0 && t < r->topics.n; t++) { /* in the order of the list */
                for (int32_t p = 0; p < r->topics.partitions[t]; p++) {
                        if (r->at.at[t][p].reads)
                                reader_positions_look(&r->at, (struct bus_part){(uint32_t)t, p}, end->elems[i++].offset);
                }
        }
        return result;
}

static int kafka_reader_since(struct bus_reader *reader, instant_t at, int64_t *ret, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        struct kafka_reader *r = kafka_reader_of(reader);
        int result, i = 0;

        *ret = -1;
        if (kafka_is_embedded(&r->client)) /* it finds no offset for any instant */
                return 0;
        if (!list)
                return -ENOMEM;
        for (size_t t = 0; t < r->topics.n; t++) {
                for (int32_t p = 0; p < r->topics.partitions[t]; p++) {
                        if (r->at.at[t][p].reads)
                                rd_kafka_topic_partition_list_add(list, r->topics.names[t], p)->offset = at < 0 ? 0 : at;
                }
        }
        result = kafka_list_offsets(&r->client, list, err);
        if (result)
                return result;
        *ret = 0;
        for (size_t t = 0; t < r->topics.n; t++) { /* in the order of the list */
                for (int32_t p = 0; p < r->topics.partitions[t]; p++) {
                        int64_t first = r->at.at[t][p].reads ? list->elems[i++].offset : -1; /* negative: nothing so late */

                        *ret += first >= 0 && first < r->at.at[t][p].end ? r->at.at[t][p].end - first : 0;
                }
        }
        return 0;
}

static const struct reader_positions *kafka_reader_positions(const struct bus_reader *reader) {
        return &kafka_reader_of((struct bus_reader *)(uintptr_t)reader)->at;
}

typedef void reader_send(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *request);

/* A request about a group, and its answer. NULL: reader_unanswered() says why. */
static rd_kafka_event_t *reader_ask(struct kafka_reader *r, rd_kafka_admin_op_t op, reader_send *send, void *request, struct error *err) {
        CLEANUP(rd_kafka_AdminOptions_destroy_p) rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(r->client.rk, op);
        CLEANUP(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(r->client.rk);
        char reason[KAFKA_TROUBLE_MAX];

        if (!request || !queue || !options || rd_kafka_AdminOptions_set_request_timeout(options, COMMITTED_MS, reason, sizeof(reason)))
                return NULL;
        send(r->client.rk, options, queue, request);
        for (int waited_ms = 0; waited_ms < BUS_CALL_MS; waited_ms += KAFKA_TURN_MS) { /* comes with the time-out at the latest */
                rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_TURN_MS);

                if (event || kafka_is_enough(&r->client, "a question about a group", err))
                        return event;
        }
        return NULL;
}

static int reader_unanswered(const struct error *err) {
        return err->text[0] ? -ECANCELED : -ENOMEM;
}

/* Of a transaction that is pending on an offset nothing is told. */
static void reader_send_committed(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *request) {
        rd_kafka_ListConsumerGroupOffsets_t *one = request;

        rd_kafka_ListConsumerGroupOffsets(rk, &one, 1, options, queue);
}

static void reader_send_commit(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *request) {
        rd_kafka_AlterConsumerGroupOffsets_t *one = request;

        rd_kafka_AlterConsumerGroupOffsets(rk, &one, 1, options, queue);
}

static int reader_take_committed(const struct kafka_reader *r, rd_kafka_event_t *event, const struct bus_part *parts, size_t n, int64_t *ret,
                                 struct error *err) {
        static const char call[] = "the question for committed offsets";
        const rd_kafka_topic_partition_list_t *found;
        const rd_kafka_group_result_t **results;
        const rd_kafka_error_t *error;
        size_t groups = 0;

        if (rd_kafka_event_error(event))
                return kafka_failed(&r->client, call, rd_kafka_event_error(event), rd_kafka_event_error_string(event), err);
        results = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &groups);
        error = groups > 0 ? rd_kafka_group_result_error(results[0]) : NULL;
        if (error)
                return kafka_failed(&r->client, call, rd_kafka_error_code(error), rd_kafka_error_string(error), err);
        found = groups > 0 ? rd_kafka_group_result_partitions(results[0]) : NULL;
        for (size_t i = 0; i < n; i++) {
                const rd_kafka_topic_partition_t *at = NULL;

                for (int k = 0; found && !at && k < found->cnt; k++) {
                        if (found->elems[k].partition == parts[i].partition && strcmp(found->elems[k].topic, r->topics.names[parts[i].index]) == 0)
                                at = &found->elems[k];
                }
                ret[i] = at && !at->err && at->offset >= 0 ? at->offset : BUS_NOT_COMMITTED;
        }
        return 0;
}

static int kafka_reader_committed(struct bus_reader *reader, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        struct kafka_reader *r = kafka_reader_of(reader);
        rd_kafka_ListConsumerGroupOffsets_t *request;

        assert(r->group);
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                if (!rd_kafka_topic_partition_list_find(list, r->topics.names[parts[i].index], parts[i].partition))
                        rd_kafka_topic_partition_list_add(list, r->topics.names[parts[i].index], parts[i].partition);
        }
        if (n == 0)
                return 0;
        request = rd_kafka_ListConsumerGroupOffsets_new(r->group, list);
        event = reader_ask(r, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, reader_send_committed, request, err);
        if (request)
                rd_kafka_ListConsumerGroupOffsets_destroy(request);
        return event ? reader_take_committed(r, event, parts, n, ret, err) : reader_unanswered(err);
}

static int reader_judge_commit(const struct kafka_reader *r, rd_kafka_event_t *event, struct error *err) {
        static const char call[] = "saying how far a topic is read";
        rd_kafka_resp_err_t code = rd_kafka_event_error(event);
        const rd_kafka_group_result_t **results;
        const rd_kafka_topic_partition_list_t *parts;
        size_t n = 0;

        if (code)
                return kafka_failed(&r->client, call, code, rd_kafka_event_error_string(event), err);
        results = rd_kafka_AlterConsumerGroupOffsets_result_groups(rd_kafka_event_AlterConsumerGroupOffsets_result(event), &n);
        if (n > 0 && rd_kafka_group_result_error(results[0]))
                code = rd_kafka_error_code(rd_kafka_group_result_error(results[0]));
        parts = n > 0 ? rd_kafka_group_result_partitions(results[0]) : NULL;
        if (!code && parts && parts->cnt > 0)
                code = parts->elems[0].err;
        if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
                return BUS_E_REBALANCED;
        return code ? kafka_failed(&r->client, call, code, NULL, err) : 0;
}

static int kafka_reader_commit(struct bus_reader *reader, const char *group, struct bus_part part, int64_t next, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        struct kafka_reader *r = kafka_reader_of(reader);
        CLEANUP(cleanup_free) void *name = kafka_name(r->client.bus, group);
        rd_kafka_AlterConsumerGroupOffsets_t *request;

        assert(part.index < r->topics.n);
        if (!list || !name)
                return -ENOMEM;
        rd_kafka_topic_partition_list_add(list, r->topics.names[part.index], part.partition)->offset = next;
        request = rd_kafka_AlterConsumerGroupOffsets_new(name, list);
        event = reader_ask(r, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, reader_send_commit, request, err);
        if (request)
                rd_kafka_AlterConsumerGroupOffsets_destroy(request);
        return event ? reader_judge_commit(r, event, err) : reader_unanswered(err);
}

static const struct bus_reader_ops kafka_reader_ops = {.poll = kafka_reader_poll,
                                                       .look = kafka_reader_look,
                                                       .positions = kafka_reader_positions,
                                                       .since = kafka_reader_since,
                                                       .committed = kafka_reader_committed,
                                                       .commit = kafka_reader_commit,
                                                       .close = kafka_reader_close};

/* What to ask the broker for, to know where to begin. */
static int64_t ask_for(const struct bus_reader_config *config) {
        switch (config->from) {
        case BUS_FROM_INSTANT:
                return config->instant < 0 ? 0 : config->instant;
        case BUS_FROM_END:
                return RD_KAFKA_OFFSET_END;
        case BUS_FROM_OFFSET:
        case BUS_FROM_BEGINNING:
        default:
                return RD_KAFKA_OFFSET_BEGINNING;
        }
}

/* All parts that are wanted, each with @offset. NULL: out of memory. */
static rd_kafka_topic_partition_list_t *list_wanted(const struct kafka_reader *r, const struct bus_reader_config *config, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

        for (size_t i = 0; list && i < r->topics.n; i++) {
                for (int32_t p = 0; p < r->topics.partitions[i]; p++) {
                        if (reader_positions_want(config, p, r->topics.partitions[i]))
                                rd_kafka_topic_partition_list_add(list, r->topics.names[i], p)->offset = offset;
                }
        }
        return list;
}

static int start_reading(struct kafka_reader *r, const struct bus_reader_config *config, const rd_kafka_topic_partition_t *begin, int64_t end,
                         struct error *err) {
        int64_t index = kafka_topics_find(&r->topics, begin->topic), offset;

        assert(index >= 0);
        if (!reader_positions_begin(&r->at, (struct bus_part){(uint32_t)index, begin->partition}, config, begin->offset, end, &offset))
                return 0;
        if (rd_kafka_consume_start_queue(r->handles[index], begin->partition, offset, r->queue))
                return kafka_failed(&r->client, "reading", rd_kafka_last_error(), NULL, err);
        return 0;
}

static int start_all(struct kafka_reader *r, const struct bus_reader_config *wanted, struct error *err) {
        struct bus_reader_config config = *wanted;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *begin = NULL;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *end = NULL;
        int result;

        if (wanted->from == BUS_FROM_INSTANT && kafka_is_embedded(&r->client)) { /* it finds no offset for any instant */
                r->since = wanted->instant;
                config.from = BUS_FROM_BEGINNING;
        }
        begin = list_wanted(r, &config, ask_for(&config));
        end = list_wanted(r, &config, RD_KAFKA_OFFSET_END);
        if (!begin || !end)
                return -ENOMEM;
        result = kafka_list_offsets(&r->client, begin, err);
        if (result)
                return result;
        result = kafka_list_offsets(&r->client, end, err);
        if (result)
                return result;
        for (int i = 0; i < begin->cnt; i++) {
                result = start_reading(r, &config, &begin->elems[i], end->elems[i].offset, err);
                if (result)
                        return result;
        }
        return 0;
}

static int open_topics(struct kafka_reader *r, const struct bus_reader_config *config, struct error *err) {
        int result = kafka_partitions(&r->client, (const char *const *)r->topics.names, r->topics.n,
                                      config->some ? KAFKA_MISSING_OK : KAFKA_MISSING_HINTS, r->topics.partitions, err);

        if (result)
                return result;
        r->handles = calloc(r->topics.n + 1, sizeof(*r->handles));
        r->queue = rd_kafka_queue_new(r->client.rk);
        if (!r->handles || !r->queue)
                return -ENOMEM;
        for (size_t i = 0; i < r->topics.n; i++) {
                if (r->topics.partitions[i] == 0)
                        continue;
                r->handles[i] = rd_kafka_topic_new(r->client.rk, r->topics.names[i], NULL);
                if (!r->handles[i])
                        return -ENOMEM;
        }
        return reader_positions_init(&r->at, r->topics.partitions, r->topics.n, config->until_end);
}

int kafka_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) {
        CLEANUP(bus_reader_close_p) struct bus_reader *opened = NULL;
        struct kafka_reader *r = calloc(1, sizeof(*r));
        const struct kafka_client_options options = {
                .role = config->uncommitted ? KAFKA_MARKS : KAFKA_READER, .eof = true, .sparing = config->sparing, .opaque = r};
        int result;

        if (!r)
                return -ENOMEM;
        r->reader.ops = &kafka_reader_ops;
        opened = &r->reader;
        if (config->group) {
                r->group = kafka_name(kafka_bus_of(b), config->group);
                if (!r->group)
                        return -ENOMEM;
        }
        result = kafka_client_open(&r->client, kafka_bus_of(b), &options, err);
        if (result)
                return result;
        r->client.enough = config->enough;
        r->sparing = config->sparing;
        result = kafka_topics_init(&r->topics, kafka_bus_of(b), config->topics, config->topics_n, err);
        if (result)
                return result;
        result = open_topics(r, config, err);
        if (result)
                return result;
        result = start_all(r, config, err);
        if (result)
                return result;
        *ret = TAKE(opened);
        return 0;
}
