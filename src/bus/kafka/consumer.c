/* SPDX-License-Identifier: EUPL-1.2 */

/* A plain group member on Kafka: it says itself what it is done with. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/kafka/consumer.h"
#include "bus/kafka/group.h"
#include "bus/kafka/record.h"
#include "bus/kafka/topics.h"
#include "bus/positions.h"

#define TURNS_MAX 10000 /* complaints that one poll passes over */

struct kafka_consumer {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct kafka_group group;
        struct bus_consumer consumer;
        struct kafka_topics topics;
        struct consumer_positions at;
        bool newest;
        int64_t passed; /* by the last assignment: offsets of records that are gone */
        int64_t looked; /* monotonic: when it was asked last whether the logs still are what was read */
        rd_kafka_message_t *message;
        struct kafka_headers headers;
};

static struct kafka_consumer *kafka_consumer_of(struct bus_consumer *consumer) {
        return (struct kafka_consumer *)((char *)consumer - offsetof(struct kafka_consumer, consumer));
}

/*
 * @locality our own thread, inside poll, commit and close
 * @locks none
 */
static void kafka_consumer_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct kafka_consumer *c = opaque;

        (void)rk;
        kafka_group_rebalance(&c->group, err, parts);
}

static void kafka_consumer_drop_message(struct kafka_consumer *c) {
        rd_kafka_message_destroy_p(&c->message);
        c->message = NULL;
}

static rd_kafka_topic_partition_list_t *list_with(const rd_kafka_topic_partition_list_t *parts, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(parts);

        for (int i = 0; list && i < list->cnt; i++)
                list->elems[i].offset = offset;
        return list;
}

/* What stands in the logs of an assignment, and what the group has of them: lists in one order. */
struct consumer_logs {
        rd_kafka_topic_partition_list_t *at, *first, *end, *later;
};

/* Where a partition that is taken up is read on: at what is committed, or where a log that is another one now begins. */
static int kafka_consumer_begin(struct kafka_consumer *c, const struct consumer_logs *logs, int i, struct error *err) {
        rd_kafka_topic_partition_t *at = &logs->at->elems[i];
        int64_t index = kafka_topics_find(&c->topics, at->topic), first = logs->first->elems[i].offset, end = logs->end->elems[i].offset;
        struct bus_part part = {(uint32_t)index, at->partition};
        int64_t was = kafka_group_was_read(&c->group, at->topic, at->partition, at->offset), read;
        bool is_ours = index >= 0 && consumer_positions_own(&c->at, part);
        struct log_mark mark = kafka_marks_of(at);
        int r = kafka_group_judge(&c->group, at, was, &mark, logs->later->elems[i].offset, &read, err);

        if (r)
                return r;
        if (was < 0 && c->newest) {
                at->offset = end;
        } else if (position_find(read, first, end, &at->offset) && is_ours && at->offset != was) {
                kafka_group_say_jump(&c->group, at->topic, at->partition, was, at->offset);
                c->passed += consumer_positions_jump(&c->at, part, was, at->offset);
        } else if (is_ours && read == was) {
                consumer_positions_get(&c->at, part)->marks = (struct log_marks){mark, mark};
        }
        return 0;
}

static int kafka_consumer_look_up(struct kafka_consumer *c, const struct consumer_logs *logs, struct error *err) {
        int r = kafka_group_committed(&c->group, logs->at, NULL, NULL, err);

        for (int i = 0; i < logs->later->cnt; i++) {
                struct log_mark mark = kafka_marks_of(&logs->at->elems[i]);

                logs->later->elems[i].offset = kafka_marks_ask(&mark);
        }
        if (r == 0)
                r = kafka_list_offsets(&c->client, logs->first, err);
        if (r == 0)
                r = kafka_list_offsets(&c->client, logs->end, err);
        return r ? r : kafka_list_offsets(&c->client, logs->later, err);
}

static int kafka_consumer_take_assignment(struct kafka_consumer *c, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *at = list_with(c->group.parts, RD_KAFKA_OFFSET_INVALID);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *first = list_with(c->group.parts, RD_KAFKA_OFFSET_BEGINNING);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *end = list_with(c->group.parts, RD_KAFKA_OFFSET_END);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *later = list_with(c->group.parts, RD_KAFKA_OFFSET_END);
        const struct consumer_logs logs = {at, first, end, later};
        rd_kafka_resp_err_t code;
        int r;

        consumer_positions_forget(&c->at);
        c->passed = 0;
        if (!at || !first || !end || !later)
                return -ENOMEM;
        r = kafka_consumer_look_up(c, &logs, err);
        for (int i = 0; r == 0 && i < at->cnt; i++)
                r = kafka_consumer_begin(c, &logs, i, err);
        if (r)
                return r;
        c->group.again.topic[0] = '\0';
        code = rd_kafka_assign(c->client.rk, at);
        return code ? kafka_failed(&c->client, "taking up partitions", code, NULL, err) : 0;
}

static int kafka_consumer_hand_out(struct kafka_consumer *c, struct bus_event *ret, struct error *err) {
        enum bus_event_kind kind = c->group.pending;
        int r = 0;

        c->group.pending = BUS_NONE;
        if (kind == BUS_ASSIGNED)
                r = kafka_consumer_take_assignment(c, err);
        else
                c->group.release = true;
        consumer_positions_event(&c->at, kind, ret);
        ret->again = kind == BUS_LOST && c->group.again.due;
        ret->passed = kind == BUS_ASSIGNED ? c->passed : 0;
        return r;
}

static bool kafka_consumer_take_record(struct kafka_consumer *c, rd_kafka_message_t *message, struct bus_event *ret) {
        int64_t index = kafka_topics_place(&c->topics, message->rkt);

        if (index < 0 || !consumer_positions_take(&c->at, (struct bus_part){(uint32_t)index, message->partition}, message->offset))
                return false;
        c->message = message;
        ret->kind = BUS_RECORD;
        kafka_record_fill(message, kafka_topics_plain(&c->topics, (uint32_t)index), (uint32_t)index, &c->headers, &ret->record);
        log_marks_see(&c->at.at[index][message->partition].marks, &ret->record);
        return true;
}

/* What came is no record, or none that is handed out. Return: 0, with ret->kind BUS_END when it is an end; negative errno. */
static int kafka_consumer_take_other(struct kafka_consumer *c, const rd_kafka_message_t *message, struct bus_event *ret, struct error *err) {
        int64_t index;

        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
                return 0;
        if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                return kafka_group_trouble(&c->group, message, err);
        index = kafka_topics_place(&c->topics, message->rkt);
        if (index >= 0)
                (void)consumer_positions_end(&c->at, (struct bus_part){(uint32_t)index, message->partition}, message->offset, ret);
        return 0;
}

/* Now and then: whether the logs still are those that are read. */
static int kafka_consumer_look(struct kafka_consumer *c, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        int64_t now = clock_monotonic(&c->client.bus->clock);
        const rd_kafka_topic_partition_t *other;
        int r = 0;

        if (now - c->looked < BUS_REFRESH_MS || !kafka_group_settled(&c->group))
                return 0;
        c->looked = now;
        list = rd_kafka_topic_partition_list_new(2);
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < c->at.topics; i++) {
                for (int32_t p = 0; r == 0 && p < c->at.partitions[i]; p++) {
                        if (c->at.at[i][p].owned)
                                r = kafka_marks_add(list, c->topics.names[i], p, &c->at.at[i][p].marks);
                }
        }
        if (r == 0)
                r = kafka_marks_look(&c->client, list, &other, err);
        if (r == 0 && other)
                kafka_group_found_other(&c->group, other->topic, other->partition, ((struct log_marks *)other->opaque)->seen.behind);
        return r;
}

static int kafka_consumer_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);
        int r;

        kafka_consumer_drop_message(c);
        ret->kind = BUS_NONE;
        if (c->group.release) {
                consumer_positions_forget(&c->at);
                r = kafka_group_release(&c->group, err);
                if (r)
                        return r;
        }
        r = kafka_consumer_look(c, err);
        if (r)
                return r;
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
                rd_kafka_message_t *message = c->group.pending == BUS_NONE ? rd_kafka_consumer_poll(c->client.rk, timeout_ms) : NULL;

                if (c->group.pending != BUS_NONE) {
                        rd_kafka_message_destroy_p(&message);
                        return kafka_consumer_hand_out(c, ret, err);
                }
                if (!message)
                        return kafka_client_fatal(&c->client, err);
                if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && kafka_consumer_take_record(c, message, ret))
                        return 0;
                r = kafka_consumer_take_other(c, message, ret, err);
                rd_kafka_message_destroy(message);
                if (r || ret->kind != BUS_NONE)
                        return r;
                timeout_ms = 0;
        }
        return 0;
}

static int kafka_consumer_done(struct bus_consumer *consumer, struct bus_part at, int64_t next) {
        return consumer_positions_set(&kafka_consumer_of(consumer)->at, at, next);
}

struct part_list {
        const struct kafka_consumer *c;
        rd_kafka_topic_partition_list_t *list;
};

static int list_part(void *ctx, struct bus_part part, int64_t offset) {
        struct part_list *parts = ctx;

        rd_kafka_topic_partition_list_add(parts->list, parts->c->topics.names[part.index], part.partition)->offset = offset;
        return 0;
}

/* As it is to be committed. */
static int list_done(void *ctx, struct bus_part part, int64_t offset) {
        struct part_list *parts = ctx;
        int r = list_part(ctx, part, offset);

        return r ? r : kafka_marks_note(&parts->list->elems[parts->list->cnt - 1], &parts->c->at.at[part.index][part.partition].marks.proven);
}

rd_kafka_topic_partition_list_t *kafka_consumer_pending(struct bus_consumer *consumer) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

        if (!list || consumer_positions_pending(&c->at, list_done, &(struct part_list){c, list}) == 0)
                return list;
        rd_kafka_topic_partition_list_destroy(list);
        return NULL;
}

void kafka_consumer_committed(struct bus_consumer *consumer, const rd_kafka_topic_partition_list_t *offsets) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);

        for (int k = 0; k < offsets->cnt; k++) {
                int64_t index = kafka_topics_find(&c->topics, offsets->elems[k].topic);

                assert(index >= 0);
                consumer_positions_committed(&c->at, (struct bus_part){(uint32_t)index, offsets->elems[k].partition}, offsets->elems[k].offset);
        }
}

rd_kafka_t *kafka_consumer_handle(struct bus_consumer *consumer) {
        return kafka_consumer_of(consumer)->client.rk;
}

int kafka_consumer_rewind(struct bus_consumer *consumer, struct error *err) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        int r;

        if (!list)
                return -ENOMEM;
        kafka_consumer_drop_message(c);
        (void)consumer_positions_rewind(&c->at, list_part, &(struct part_list){c, list});
        if (!kafka_group_settled(&c->group))
                return 0;
        r = kafka_group_seek(&c->group, list, err);
        return r == BUS_E_REBALANCED ? 0 : r;
}

static bool commit_again(rd_kafka_resp_err_t code) {
        return kafka_is_away(code) || code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT || code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
               code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

static int kafka_consumer_commit(struct bus_consumer *consumer, struct error *err) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);
        int64_t until = clock_monotonic(&c->client.bus->clock) + BUS_CALL_MS;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = kafka_consumer_pending(consumer);
        rd_kafka_resp_err_t code;

        if (!list)
                return -ENOMEM;
        if (list->cnt == 0)
                return 0;
        do {
                int token = watchdog_enter(c->client.bus->watchdog, "rd_kafka_commit", 2 * BUS_CALL_MS);

                code = rd_kafka_commit(c->client.rk, list, 0);
                watchdog_leave(c->client.bus->watchdog, token);
        } while (commit_again(code) && kafka_again(c->client.bus, until));
        if (kafka_group_moved(code))
                return BUS_E_REBALANCED;
        if (code)
                return kafka_failed(&c->client, "committing offsets", code, NULL, err);
        kafka_consumer_committed(consumer, list);
        return 0;
}

static rd_kafka_topic_partition_list_t *list_of_part(struct kafka_consumer *c, struct bus_part at, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

        if (list)
                rd_kafka_topic_partition_list_add(list, c->topics.names[at.index], at.partition)->offset = offset;
        return list;
}

static int kafka_consumer_pause(struct bus_consumer *consumer, struct bus_part at, bool pause, struct error *err) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);
        struct consumer_position *position = consumer_positions_get(&c->at, at);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        rd_kafka_resp_err_t code;

        if (!position || !kafka_group_settled(&c->group))
                return BUS_E_REBALANCED;
        if (position->paused == pause) /* resuming what is not paused goes back in 2.0.2 */
                return 0;
        list = list_of_part(c, at, 0);
        if (!list)
                return -ENOMEM;
        code = pause ? rd_kafka_pause_partitions(c->client.rk, list) : rd_kafka_resume_partitions(c->client.rk, list);
        if (code)
                return kafka_failed(&c->client, "pausing a partition", code, NULL, err);
        position->paused = pause;
        return 0;
}

static int kafka_consumer_seek(struct bus_consumer *consumer, struct bus_part at, int64_t offset, struct error *err) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        int r;

        if (!consumer_positions_get(&c->at, at) || !kafka_group_settled(&c->group))
                return BUS_E_REBALANCED;
        list = list_of_part(c, at, offset);
        if (!list)
                return -ENOMEM;
        r = kafka_group_seek(&c->group, list, err);
        if (r)
                return r;
        consumer_positions_seek(&c->at, at, offset);
        return 0;
}

static void kafka_consumer_close(struct bus_consumer *consumer, bool leave) {
        struct kafka_consumer *c = kafka_consumer_of(consumer);

        kafka_consumer_drop_message(c);
        kafka_group_close(&c->group, leave);
        kafka_client_close(&c->client);
        consumer_positions_done(&c->at);
        kafka_topics_done(&c->topics);
        free(c->headers.items);
        free(c);
}

static const struct bus_consumer_ops kafka_consumer_ops = {
        .poll = kafka_consumer_poll,
        .done = kafka_consumer_done,
        .commit = kafka_consumer_commit,
        .pause = kafka_consumer_pause,
        .seek = kafka_consumer_seek,
        .close = kafka_consumer_close,
};

static int open_consumer(struct kafka_consumer *c, const struct kafka_bus *bus, const struct bus_consumer_config *config, struct error *err) {
        CLEANUP(cleanup_free) char *group = kafka_name(bus, config->group);
        const struct kafka_client_options options = {.role = KAFKA_CONSUMER, .group = group, .instance = config->instance, .eof = true,
                                                     .rebalance = kafka_consumer_on_rebalance, .opaque = c};
        int r;

        c->newest = config->newest;
        if (!group)
                return -ENOMEM;
        r = kafka_client_open(&c->client, bus, &options, err);
        if (r)
                return r;
        r = kafka_topics_init(&c->topics, bus, config->topics, config->topics_n, err);
        if (r)
                return r;
        r = kafka_partitions(&c->client, (const char *const *)c->topics.names, c->topics.n, KAFKA_MISSING_FAILS, c->topics.partitions, err);
        if (r)
                return r;
        r = consumer_positions_init(&c->at, c->topics.partitions, c->topics.n);
        return r ? r : kafka_group_join(&c->group, &c->topics, err);
}

int kafka_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) {
        struct kafka_consumer *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->consumer.ops = &kafka_consumer_ops;
        c->group.client = &c->client;
        r = open_consumer(c, kafka_bus_of(b), config, err);
        if (r) {
                kafka_consumer_close(&c->consumer, false);
                return r;
        }
        *ret = &c->consumer;
        return 0;
}
