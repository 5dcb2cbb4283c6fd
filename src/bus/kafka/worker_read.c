/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The worker on Kafka: what comes in
 *
 * The group hands out partitions of the state; we assign partition p of every input ourselves,
 * whatever the group says of those. They are assigned paused, so that the group can be polled while the state
 * is restored, and begin to flow with start.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/kafka/worker.h"

#define TURNS_MAX 10000 /* ends of partitions and complaints that one poll passes over */

void kafka_worker_drop_message(struct kafka_worker *w) {
        if (w->message)
                rd_kafka_message_destroy(w->message);
        w->message = NULL;
}

void kafka_worker_drop_ahead(struct kafka_worker *w) {
        while (w->ahead_at < w->ahead_n)
                rd_kafka_message_destroy(w->ahead[w->ahead_at++]);
}

static void forget_parts(struct kafka_worker *w) {
        w->stale |= w->producer.txn.open && (w->producer.txn.sent > 0 || w->rows.n > 0);
        memset(w->parts, 0, (size_t)w->partitions * sizeof(*w->parts));
        memset(w->next, 0, (size_t)w->partitions * (w->inputs + 1) * sizeof(*w->next));
        memset(w->committed, 0, (size_t)w->partitions * (w->inputs + 1) * sizeof(*w->committed));
}

/* The inputs of parts, all with one offset. NULL: out of memory. */
static rd_kafka_topic_partition_list_t *list_inputs(const struct kafka_worker *w, const struct bus_part *parts, size_t n, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(n * w->inputs + 1));

        for (size_t k = 0; list && k < n; k++) {
                for (size_t i = 0; i < w->inputs; i++)
                        rd_kafka_topic_partition_list_add(list, w->topics.names[i], parts[k].partition)->offset = offset;
        }
        return list;
}

/* librdkafka keeps lists in the order of adding: element k * inputs + i is input i of parts[k]. */
static rd_kafka_topic_partition_t *element(const struct kafka_worker *w, rd_kafka_topic_partition_list_t *list, size_t k, size_t i) {
        return &list->elems[k * w->inputs + i];
}

/*
 * Whether the topics are still as they were when the worker began. Somebody who gives them more partitions makes the
 * group move, topic by topic, and from the first on the cases of that topic are written elsewhere.
 */
static int check_partitions(struct kafka_worker *w, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(w->topics.n, sizeof(int32_t));
        int32_t *counts = memory;
        int r = counts ? kafka_partitions(&w->producer.client, (const char *const *)w->topics.names, w->topics.n, KAFKA_MISSING_FAILS, counts, err)
                       : -ENOMEM;

        for (size_t i = 0; r == 0 && i < w->topics.n; i++) {
                if (counts[i] == w->partitions)
                        continue;
                error_set(err, "the topic %s has %d partitions now and had %d when this worker began; partitions of topics are never changed",
                          w->topics.names[i], (int)counts[i], (int)w->partitions);
                r = -EINVAL;
        }
        return r;
}

static int take_assignment(struct kafka_worker *w, struct error *err) {
        const rd_kafka_topic_partition_list_t *got = w->group.parts;
        rd_kafka_topic_partition_list_t *list;
        rd_kafka_resp_err_t code;

        forget_parts(w);
        w->handed_n = 0;
        for (int i = 0; got && i < got->cnt; i++) {
                int32_t p = got->elems[i].partition;

                if (strcmp(got->elems[i].topic, w->topics.names[w->inputs]) != 0 || p < 0 || p >= w->partitions)
                        continue;
                w->parts[p].owned = true;
                w->handed[w->handed_n++] = (struct bus_part){0, p};
        }
        list = list_inputs(w, w->handed, w->handed_n, 0); /* start seeks to where reading really begins */
        if (!list)
                return -ENOMEM;
        code = rd_kafka_assign(w->client.rk, list);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && list->cnt)
                code = rd_kafka_pause_partitions(w->client.rk, list);
        rd_kafka_topic_partition_list_destroy(list);
        return code ? kafka_failed(&w->client, "taking up partitions", code, NULL, err) : 0;
}

/* What the group said, as an event. */
static int hand_out(struct kafka_worker *w, struct bus_event *ret, struct error *err) {
        enum bus_event_kind kind = w->group.pending;
        int r = 0;

        kafka_worker_drop_ahead(w); /* of parts that go, or that start seeks */
        w->group.pending = BUS_NONE;
        if (kind == BUS_ASSIGNED) {
                r = check_partitions(w, err);
                if (r == 0)
                        r = take_assignment(w, err);
        } else {
                w->handed_n = 0;
                for (int32_t p = 0; p < w->partitions; p++) {
                        if (w->parts[p].owned)
                                w->handed[w->handed_n++] = (struct bus_part){0, p};
                }
                w->group.release = true;
                if (kind == BUS_LOST)
                        forget_parts(w);
        }
        *ret = (struct bus_event){.kind = kind, .parts = w->handed, .parts_n = w->handed_n};
        return r;
}

/* The end of a partition: markers and aborted records before it count as read. */
static void note_end(struct kafka_worker *w, const rd_kafka_message_t *message) {
        int64_t index = kafka_topics_place(&w->topics, message->rkt);
        int64_t *next;

        if (index < 0 || (size_t)index >= w->inputs || message->partition >= w->partitions || !w->parts[message->partition].started)
                return;
        next = kafka_worker_next(w, message->partition) + index;
        if (message->offset > *next)
                *next = message->offset;
}

/* Takes over the message as the record of the event; false: it is none of ours. */
static bool take_record(struct kafka_worker *w, rd_kafka_message_t *message, struct bus_event *ret) {
        int64_t index = kafka_topics_place(&w->topics, message->rkt);
        int32_t p = message->partition;
        int64_t *next;

        if (index < 0 || (size_t)index >= w->inputs || p < 0 || p >= w->partitions || !w->parts[p].started)
                return false;
        next = kafka_worker_next(w, p) + index;
        if (message->offset < *next)
                return false;
        *next = message->offset + 1;
        w->parts[p].moved = true;
        w->message = message;
        ret->kind = BUS_RECORD;
        kafka_record_fill(message, kafka_topics_plain(&w->topics, (uint32_t)index), (uint32_t)index, &w->headers, &ret->record);
        return true;
}

/*
 * The next message. As many as lie ready are taken at once; only when there are none it waits, for one: librdkafka would
 * wait for a whole batch. Callbacks of the group run in here.
 */
static rd_kafka_message_t *next_message(struct kafka_worker *w, int timeout_ms) {
        ssize_t n;

        if (w->ahead_at < w->ahead_n)
                return w->ahead[w->ahead_at++];
        (void)kafka_worker_send_rows(w); /* what it cannot send, commit does, or says why not */
        n = rd_kafka_consume_batch_queue(w->queue, 0, w->ahead, KAFKA_WORKER_AHEAD);
        w->ahead_at = 0;
        w->ahead_n = n > 0 ? (size_t)n : 0;
        if (w->ahead_n)
                return w->ahead[w->ahead_at++];
        return w->group.pending == BUS_NONE && timeout_ms > 0 ? rd_kafka_consumer_poll(w->client.rk, timeout_ms) : NULL;
}

int kafka_worker_poll(struct kafka_worker *w, int timeout_ms, struct bus_event *ret, struct error *err) {
        int r;

        kafka_worker_drop_message(w);
        ret->kind = BUS_NONE;
        if (w->group.release) {
                forget_parts(w);
                r = kafka_group_release(&w->group, err);
                if (r)
                        return r;
        }
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
                rd_kafka_message_t *message = w->group.pending == BUS_NONE ? next_message(w, timeout_ms) : NULL;

                if (w->group.pending != BUS_NONE) {
                        if (message)
                                rd_kafka_message_destroy(message);
                        return hand_out(w, ret, err);
                }
                if (!message)
                        return kafka_client_fatal(&w->client, err);
                r = 0;
                if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                        if (take_record(w, message, ret))
                                return 0;
                } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                        note_end(w, message);
                } else {
                        r = kafka_group_trouble(&w->group, message, err);
                }
                rd_kafka_message_destroy(message);
                if (r)
                        return r;
                timeout_ms = 0; /* the caller may have waited for just this */
        }
        return 0;
}

/* Serves the group inside a longer call. Return: 0; BUS_E_REBALANCED; negative errno. */
static int serve_group(void *ctx, struct error *err) {
        struct kafka_worker *w = ctx;
        rd_kafka_message_t *message;
        int r = 0;

        if (w->group.pending != BUS_NONE || w->group.release)
                return BUS_E_REBALANCED;
        message = rd_kafka_consumer_poll(w->client.rk, 0);
        if (message && message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                r = kafka_group_trouble(&w->group, message, err);
        if (message)
                rd_kafka_message_destroy(message); /* everything is paused: at most a stray that start reads again */
        if (r)
                return r;
        return w->group.pending != BUS_NONE ? BUS_E_REBALANCED : kafka_client_fatal(&w->client, err);
}

static bool ask_committed_again(rd_kafka_resp_err_t code) {
        return code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
               code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__WAIT_COORD ||
               code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS || code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
               code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

static int waited_too_long(struct kafka_worker *w, rd_kafka_resp_err_t code, struct error *err) {
        int r = kafka_failed(&w->client, "the question for committed offsets", code, NULL, err);

        error_prefix(err, "no answer for %d seconds, as when a transaction on the offsets of the group stays open (kafka-transactions.sh shows whose)",
                     BUS_CALL_MS / 1000);
        return r;
}

/* One question for committed offsets; an answer only when no transaction on them is pending (a read_committed consumer asks so). */
static rd_kafka_resp_err_t committed_once(struct kafka_worker *w, rd_kafka_topic_partition_list_t *list) {
        int token = watchdog_enter(w->bus->watchdog, "rd_kafka_committed", BUS_CALL_MS);
        rd_kafka_resp_err_t code = rd_kafka_committed(w->client.rk, list, 1000);

        watchdog_leave(w->bus->watchdog, token);
        for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
                code = list->elems[i].err;
        return code;
}

/* Step one: what was committed. Serves the group meanwhile. */
static int ask_committed(struct kafka_worker *w, rd_kafka_topic_partition_list_t *list, struct error *err) {
        int64_t until = clock_monotonic(&w->bus->clock) + BUS_CALL_MS;
        struct kafka_wait wait = {.since = clock_monotonic(&w->bus->clock)};

        while (list->cnt) {
                rd_kafka_resp_err_t code = committed_once(w, list);
                int r;

                if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                        return 0;
                r = serve_group(w, err);
                if (r)
                        return r;
                if (!ask_committed_again(code))
                        return kafka_failed(&w->client, "the question for committed offsets", code, NULL, err);
                kafka_wait_say(&wait, w->bus, "committed offsets of the inputs, on which a transaction is pending", list->elems[0].partition);
                if (!kafka_again(w->bus, until))
                        return waited_too_long(w, code, err);
        }
        return 0;
}

int kafka_worker_settle(struct kafka_worker *w, struct error *err) {
        int64_t until = clock_monotonic(&w->bus->clock) + BUS_CALL_MS;
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
        int r = list ? 0 : -ENOMEM;

        for (int32_t p = 0; r == 0 && p < w->partitions; p++) {
                for (size_t i = 0; w->parts[p].started && i < w->inputs; i++)
                        rd_kafka_topic_partition_list_add(list, w->topics.names[i], p);
        }
        while (r == 0 && list->cnt) {
                code = committed_once(w, list);
                if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                        break;
                if (!ask_committed_again(code))
                        r = kafka_failed(&w->client, "the question for committed offsets", code, NULL, err);
                else if (!kafka_again(w->bus, until))
                        r = waited_too_long(w, code, err);
        }
        if (list)
                rd_kafka_topic_partition_list_destroy(list);
        return r;
}

/* Where reading begins: the committed offset, or the first that still stands there. */
static void take_begin(struct kafka_worker *w, const struct bus_part *parts, size_t n, rd_kafka_topic_partition_list_t *committed,
                       rd_kafka_topic_partition_list_t *first) {
        for (size_t k = 0; k < n; k++) {
                int64_t *next = kafka_worker_next(w, parts[k].partition);

                for (size_t i = 0; i < w->inputs; i++) {
                        int64_t was = element(w, committed, k, i)->offset, begin = element(w, first, k, i)->offset;

                        next[i] = was > begin ? was : begin;
                        if (was >= 0 && was < begin)
                                log_line(w->bus->log, BUS_GAP, LOG_STRING("topic", w->topics.names[i]),
                                         LOG_INT("partition", parts[k].partition), LOG_INT("committed", was), LOG_INT("first", begin));
                }
                memcpy(kafka_worker_done(w, parts[k].partition), next, w->inputs * sizeof(*next));
        }
}

static int find_begin(struct kafka_worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        rd_kafka_topic_partition_list_t *committed = list_inputs(w, parts, n, RD_KAFKA_OFFSET_INVALID);
        rd_kafka_topic_partition_list_t *first = list_inputs(w, parts, n, RD_KAFKA_OFFSET_BEGINNING);
        int r = committed && first ? ask_committed(w, committed, err) : -ENOMEM;

        if (r == 0)
                r = kafka_list_offsets(&w->client, first, err);
        if (r == 0)
                take_begin(w, parts, n, committed, first);
        if (committed)
                rd_kafka_topic_partition_list_destroy(committed);
        if (first)
                rd_kafka_topic_partition_list_destroy(first);
        return r;
}

/*
 * Step two: the end of the state. It must be the high watermark, so that rows of a transaction which is just being
 * committed count; only a read_uncommitted consumer is told that, others get the last stable offset.
 */
static int find_marks(struct kafka_worker *w, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
        struct kafka_client client = {0};
        const struct kafka_client_options options = {.role = KAFKA_MARKS, .opaque = &client};
        int r = list ? kafka_client_open(&client, w->bus, &options, err) : -ENOMEM;

        for (size_t k = 0; r == 0 && k < n; k++)
                rd_kafka_topic_partition_list_add(list, w->topics.names[w->inputs], parts[k].partition)->offset = RD_KAFKA_OFFSET_END;
        if (r == 0)
                r = kafka_list_offsets(&client, list, err);
        for (size_t k = 0; r == 0 && k < n; k++)
                ret[k] = list->elems[k].offset;
        if (list)
                rd_kafka_topic_partition_list_destroy(list);
        kafka_client_close(&client);
        return r;
}

int kafka_worker_restore(struct kafka_worker *w, const struct bus_part *parts, size_t n, const struct bus_restore *callbacks,
                         struct error *err) {
        int64_t *marks = calloc(n + 1, sizeof(*marks));
        int r = marks ? serve_group(w, err) : -ENOMEM;

        if (r == 0 && w->stale) { /* what is left open would be waited for */
                kafka_rows_drop(&w->rows);
                r = kafka_txn_abort(&w->producer.txn, err);
                w->stale = false;
        }
        if (r == 0)
                r = find_begin(w, parts, n, err);
        if (r == 0)
                r = find_marks(w, parts, n, marks, err);
        if (r == 0)
                r = kafka_restore(&(struct kafka_restore){.bus = w->bus,
                                                          .topic = w->topics.names[w->inputs],
                                                          .plain = kafka_topics_plain(&w->topics, (uint32_t)w->inputs),
                                                          .parts = parts,
                                                          .marks = marks,
                                                          .n = n,
                                                          .callbacks = callbacks,
                                                          .turn = serve_group,
                                                          .ctx = w}, err);
        for (size_t k = 0; r == 0 && k < n; k++)
                w->parts[parts[k].partition].restored = true;
        free(marks);
        return r;
}

int kafka_worker_start(struct kafka_worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        rd_kafka_topic_partition_list_t *list;
        int r = 0;

        if (w->group.pending != BUS_NONE || w->group.release)
                return BUS_E_REBALANCED;
        list = list_inputs(w, parts, n, 0);
        if (!list)
                return -ENOMEM;
        for (size_t k = 0; k < n; k++) {
                assert(w->parts[parts[k].partition].restored && !w->parts[parts[k].partition].started);
                for (size_t i = 0; i < w->inputs; i++)
                        element(w, list, k, i)->offset = kafka_worker_next(w, parts[k].partition)[i];
        }
        /* While they are paused: resumed first, they would begin to fetch at the 0 of their assignment, where records may be gone. A millisecond. */
        r = kafka_seek(&w->client, list, err);
        if (r == 0 && list->cnt) { /* resumed once: resuming what is not paused goes back in 2.0.2 */
                rd_kafka_resp_err_t code = rd_kafka_resume_partitions(w->client.rk, list);

                r = code ? kafka_failed(&w->client, "beginning to read", code, NULL, err) : 0;
        }
        if (r == 0) /* to the same place: in 2.0.2 only a seek wakes the threads that fetch, which else notice it up to a second later */
                r = kafka_seek(&w->client, list, err);
        for (size_t k = 0; r == 0 && k < n; k++)
                w->parts[parts[k].partition].started = true;
        rd_kafka_topic_partition_list_destroy(list);
        return r;
}

int kafka_worker_ends(struct kafka_worker *w, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        rd_kafka_topic_partition_list_t *list;
        int r = 0;

        if (w->group.pending != BUS_NONE)
                return BUS_E_REBALANCED;
        for (size_t k = 0; k < n; k++) {
                if (parts[k].partition < 0 || parts[k].partition >= w->partitions || !w->parts[parts[k].partition].owned)
                        return BUS_E_REBALANCED;
        }
        list = list_inputs(w, parts, n, RD_KAFKA_OFFSET_END);
        if (!list)
                return -ENOMEM;
        if (list->cnt)
                r = kafka_list_offsets(&w->client, list, err);
        for (int i = 0; r == 0 && i < list->cnt; i++)
                ret[i] = list->elems[i].offset;
        rd_kafka_topic_partition_list_destroy(list);
        return r;
}

int kafka_worker_rewind(struct kafka_worker *w, struct error *err) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        int r;

        if (!list)
                return -ENOMEM;
        /* All inputs, also those of which nothing was handed out: what was taken ahead of them is dropped. */
        kafka_worker_drop_ahead(w);
        for (int32_t p = 0; p < w->partitions; p++) {
                int64_t *next = kafka_worker_next(w, p), *done = kafka_worker_done(w, p);

                for (size_t i = 0; w->parts[p].started && i < w->inputs; i++) {
                        rd_kafka_topic_partition_list_add(list, w->topics.names[i], p)->offset = done[i];
                        next[i] = done[i];
                }
                w->parts[p].moved = w->parts[p].touched = false;
        }
        /* While the group moves there is nothing to go back in: the next owner begins at what was committed. */
        r = w->group.pending != BUS_NONE || w->group.release ? 0 : kafka_seek(&w->client, list, err);
        rd_kafka_topic_partition_list_destroy(list);
        return r == BUS_E_REBALANCED ? 0 : r;
}
