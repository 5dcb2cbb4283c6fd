/* SPDX-License-Identifier: EUPL-1.2 */

/* Membership of a group, and going back in what it handed out. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/kafka/group.h"
#include "bus/kafka/restore.h"

/* 2.0.2 takes the time-out of a seek for microseconds. */
#define SEEK_TIMEOUT (BUS_CALL_MS / 2 * 1000)
#define SEEK_EARLY_MS 5000 /* for a part to begin; one that stands in error never does */
#define LEAVE_MS 10000 /* for the assignment to end before the handle is closed */

void kafka_group_rebalance(struct kafka_group *g, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts) {
        rd_kafka_t *rk = g->client->rk;

        if (g->closing) {
                (void)rd_kafka_assign(rk, NULL); /* nothing that could be done about it */
                return;
        }
        if (g->parts)
                rd_kafka_topic_partition_list_destroy(g->parts);
        g->parts = rd_kafka_topic_partition_list_copy(parts);
        g->again.due = false;
        if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
                g->pending = BUS_ASSIGNED;
        else
                g->pending = rd_kafka_assignment_lost(rk) ? BUS_LOST : BUS_REVOKED;
        rd_kafka_yield(rk);
}

int kafka_group_join(struct kafka_group *g, const struct kafka_topics *topics, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list =
                rd_kafka_topic_partition_list_new((int)topics->n);
        rd_kafka_resp_err_t code;

        assert(g->client && g->client->rk);
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < topics->n; i++)
                rd_kafka_topic_partition_list_add(list, topics->names[i], RD_KAFKA_PARTITION_UA);
        code = rd_kafka_poll_set_consumer(g->client->rk);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                code = rd_kafka_subscribe(g->client->rk, list);
        return code ? kafka_failed(g->client, "the subscription of the group", code, NULL, err) : 0;
}

int kafka_group_release(struct kafka_group *g, struct error *err) {
        rd_kafka_resp_err_t code;

        if (!g->release)
                return 0;
        g->release = false;
        code = rd_kafka_assign(g->client->rk, NULL);
        if (code)
                return kafka_failed(g->client, "giving partitions back", code, NULL, err);
        if (g->again.due && g->pending == BUS_NONE)
                g->pending = BUS_ASSIGNED;
        g->again.due = false;
        return 0;
}

/* All that is owned begins anew: its parts are taken away, and with the release handed out again. */
static void kafka_group_restart(struct kafka_group *g) {
        g->pending = BUS_LOST;
        g->again.due = true;
}

static void kafka_group_note_again(struct kafka_group *g, const char *topic, int32_t partition, int64_t from, bool other) {
        snprintf(g->again.topic, sizeof(g->again.topic), "%s", topic);
        g->again.partition = partition;
        g->again.from = from;
        g->again.other = other;
}

static void kafka_group_again(struct kafka_group *g, const rd_kafka_message_t *message) {
        if (!kafka_group_settled(g) || !g->parts) /* it begins anew anyway */
                return;
        kafka_group_restart(g);
        kafka_group_note_again(g, rd_kafka_topic_name(message->rkt), message->partition, message->offset, false);
}

void kafka_group_found_other(struct kafka_group *g, const char *topic, int32_t partition, int64_t from) {
        if (!kafka_group_settled(g) || !g->parts)
                return;
        kafka_group_restart(g);
        kafka_group_note_again(g, topic, partition, from, true);
}

static bool kafka_group_is_again(const struct kafka_group *g, const char *topic, int32_t partition) {
        return g->again.topic[0] && g->again.partition == partition && strcmp(g->again.topic, topic) == 0;
}

int64_t kafka_group_was_read(const struct kafka_group *g, const char *topic, int32_t partition, int64_t committed) {
        return committed < 0 && kafka_group_is_again(g, topic, partition) ? g->again.from : committed;
}

int kafka_group_judge(const struct kafka_group *g, const rd_kafka_topic_partition_t *at, int64_t was, const struct log_mark *mark, int64_t later,
                      int64_t *ret, struct error *err) {
        bool other = false;
        int r = 0;

        if (kafka_group_is_again(g, at->topic, at->partition) && g->again.other)
                other = true;
        else if (was >= 0)
                r = kafka_marks_judge(g->client, at->topic, at->partition, mark, later, &other, err);
        *ret = other ? POSITION_OF_ANOTHER_LOG : was;
        return r;
}

void kafka_group_say_jump(const struct kafka_group *g, const char *topic, int32_t partition, int64_t from, int64_t to) {
        const struct log *log = g->client->bus->log;

        if (to > from)
                log_line(log, BUS_GAP, LOG_STRING("topic", topic), LOG_INT("partition", partition), LOG_INT("committed", from), LOG_INT("first", to),
                         LOG_INT("records", to - from));
        else
                log_line(log, BUS_ANEW, LOG_STRING("topic", topic), LOG_INT("partition", partition), LOG_INT("committed", from), LOG_INT("first", to));
}

int kafka_group_trouble(struct kafka_group *g, const rd_kafka_message_t *message, struct error *err) {
        struct kafka_client *c = g->client;
        const char *text = rd_kafka_message_errstr(message);

        switch (message->err) {
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
                kafka_group_again(g, message);
                return 0;
        case RD_KAFKA_RESP_ERR__FATAL:
                return kafka_client_fatal(c, err);
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
                return kafka_failed(c, "reading as a member of the group", message->err, text, err);
        default: /* connections that come and go, a poll that was late: librdkafka mends them, the callback tells what was lost */
                log_line(c->bus->log, KAFKA, LOG_STRING("facility", rd_kafka_err2name(message->err)), LOG_STRING("text", text));
                return 0;
        }
}

bool kafka_group_moved(rd_kafka_resp_err_t code) {
        return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
               code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS || code == RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST;
}

static bool ask_committed_again(rd_kafka_resp_err_t code) {
        return code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT || kafka_is_away(code) || code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
               code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS || code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE;
}

/* One question for committed offsets. */
static rd_kafka_resp_err_t committed_once(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list) {
        int token = watchdog_enter(c->bus->watchdog, "rd_kafka_committed", BUS_CALL_MS);
        rd_kafka_resp_err_t code = rd_kafka_committed(c->rk, list, 1000);

        watchdog_leave(c->bus->watchdog, token);
        for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
                code = list->elems[i].err;
        return code;
}

int kafka_group_committed(const struct kafka_group *g, rd_kafka_topic_partition_list_t *list, int (*turn)(void *ctx, struct error *err), void *ctx,
                          struct error *err) {
        const struct kafka_client *c = g->client;
        int64_t until = clock_monotonic(&c->bus->clock) + BUS_CALL_MS;
        struct kafka_wait wait = {.since = clock_monotonic(&c->bus->clock)};

        while (list->cnt) {
                rd_kafka_resp_err_t code = committed_once(c, list);
                int r;

                if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                        return 0;
                r = turn ? turn(ctx, err) : 0;
                if (r)
                        return r;
                if (!ask_committed_again(code))
                        return kafka_failed(c, "the question for committed offsets", code, NULL, err);
                kafka_wait_say(&wait, c->bus, "committed offsets of the inputs, on which a transaction is pending", list->elems[0].partition);
                if (kafka_again(c->bus, until))
                        continue;
                r = kafka_failed(c, "the question for committed offsets", code, NULL, err);
                error_prefix(err, "no answer for %d seconds, as when a transaction on the offsets of the group stays open (kafka-transactions.sh shows whose)",
                             BUS_CALL_MS / 1000);
                return r;
        }
        return 0;
}

int kafka_group_seek(struct kafka_group *g, const rd_kafka_topic_partition_list_t *list, struct error *err) {
        const struct kafka_client *c = g->client;
        int64_t until = clock_monotonic(&c->bus->clock) + SEEK_EARLY_MS;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *left = NULL;

        if (list->cnt == 0)
                return 0;
        left = rd_kafka_topic_partition_list_copy(list);
        if (!left)
                return -ENOMEM;
        for (;;) {
                int token = watchdog_enter(c->bus->watchdog, "rd_kafka_seek_partitions", BUS_CALL_MS);
                rd_kafka_error_t *error = rd_kafka_seek_partitions(c->rk, left, SEEK_TIMEOUT);
                rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
                bool early;

                watchdog_leave(c->bus->watchdog, token);
                if (error)
                        return kafka_failed_error(c, "going back in partitions", error, err);
                /* A part whose fetcher has not started yet answers STATE: those are asked again. */
                for (int i = left->cnt - 1; i >= 0; i--) {
                        if (left->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
                                rd_kafka_topic_partition_list_del_by_idx(left, i);
                        else
                                code = left->elems[i].err;
                }
                early = code == RD_KAFKA_RESP_ERR__STATE || code == RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS;
                if (early && kafka_again(c->bus, until))
                        continue;
                if (early) {
                        kafka_group_restart(g);
                        return BUS_E_REBALANCED;
                }
                return code ? kafka_failed(c, "going back in partitions", code, NULL, err) : 0;
        }
}

static bool has_assignment(rd_kafka_t *rk) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;

        return rd_kafka_assignment(rk, &list) == RD_KAFKA_RESP_ERR_NO_ERROR && list && list->cnt > 0;
}

/* A static member that closes keeps its slot on purpose; only unsubscribing sends LeaveGroup. */
static void leave_group(struct kafka_group *g) {
        const struct clock *clock = &g->client->bus->clock;
        int64_t until = clock_monotonic(clock) + LEAVE_MS;

        if (rd_kafka_unsubscribe(g->client->rk) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return;
        while (has_assignment(g->client->rk) && clock_monotonic(clock) < until) {
                rd_kafka_message_t *message = rd_kafka_consumer_poll(g->client->rk, KAFKA_TURN_MS / 10);

                rd_kafka_message_destroy_p(&message);
        }
}

void kafka_group_close(struct kafka_group *g, bool leave) {
        int token;

        if (!g->client || !g->client->rk)
                return;
        g->closing = true;
        token = watchdog_enter(g->client->bus->watchdog, "rd_kafka_consumer_close", BUS_CALL_MS);
        if (g->release || g->pending == BUS_REVOKED || g->pending == BUS_LOST)
                (void)rd_kafka_assign(g->client->rk, NULL); /* so that what follows need not wait for it */
        if (leave)
                leave_group(g);
        (void)rd_kafka_consumer_close(g->client->rk); /* after a fatal error it refuses, and destroying suffices */
        watchdog_leave(g->client->bus->watchdog, token);
        if (g->parts)
                rd_kafka_topic_partition_list_destroy(g->parts);
        g->parts = NULL;
}
