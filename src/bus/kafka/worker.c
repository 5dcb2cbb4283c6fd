/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The worker on Kafka
 *
 * The group hands out partitions of the state; we assign partition p of every input ourselves,
 * whatever the group says of those. They are assigned paused, so that the group can be polled while the state
 * is restored, and begin to flow with start.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/kafka/group.h"
#include "bus/kafka/record.h"
#include "bus/kafka/restore.h"
#include "bus/kafka/topics.h"
#include "bus/kafka/txn.h"
#include "bus/kafka/worker.h"
#include "bus/positions.h"

#define ABORT_PAUSE_MS 20        /* before the second of two aborts is tried again; doubled for each further one, … */
#define ABORT_PAUSE_MAX_MS 1000  /* … to this */
#define ABORT_CALM_MS 10000      /* an abort so long after the last one is a first one, which is tried again at once */
#define TAKE_OVER_TRIES 3        /* handles that ask once for a transactional id, before one that waits for it … */
#define TAKE_OVER_MS 100         /* … each so long, from the first look for the coordinator */
#define UNDELIVERED_SAID_MS 1000 /* at most one log line in this time; the rest is counted in the next */
#define AHEAD 256 /* messages taken from librdkafka's queue at once: one lock for all */
#define LOOK_SOON_MS 1000 /* between two looks at where the state ends, when it was written to; else BUS_REFRESH_MS */
#define TURNS_MAX 10000 /* ends of partitions and complaints that one poll passes over */

struct kafka_worker_producer {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct kafka_txn txn;
        struct log_pace undelivered;
};

struct kafka_worker_output {
        rd_kafka_topic_t *topic;
        int32_t partitions;
};

struct kafka_worker {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct kafka_group group;
        struct bus_worker worker;
        struct kafka_bus *bus;
        struct kafka_worker_producer producer;

        struct kafka_topics topics; /* the inputs, and the state behind them */
        size_t inputs;
        struct kafka_topics written;
        struct kafka_worker_output *outputs;
        int64_t *state_ends;  /* by partition: the furthest end of the state that was seen since it was assigned; 0: none yet */
        int64_t looked;       /* monotonic: when the ends of the state were asked for last */
        bool wrote;           /* to the state, since then */
        int64_t inputs_looked; /* monotonic: when it was asked last whether the inputs still are what was read */
        int64_t state_output; /* place of the state among the outputs; -1: it is not written */
        struct kafka_rows rows; /* of the state, in the open transaction, that librdkafka does not have yet */

        struct worker_positions at; /* of the state's partitions and the inputs */

        int64_t aborted;        /* monotonic: end of the last abort; 0: none */
        int64_t abort_pause_ms; /* what it waited before it read again */

        rd_kafka_queue_t *queue;     /* the consumer's */
        rd_kafka_message_t *ahead[AHEAD]; /* taken from it and not handed out: [ahead_at .. ahead_n) */
        size_t ahead_at, ahead_n;
        rd_kafka_message_t *message; /* handed out last */
        struct kafka_headers headers;
};

static struct kafka_worker *kafka_worker_of(struct bus_worker *worker) {
        return (struct kafka_worker *)((char *)worker - offsetof(struct kafka_worker, worker));
}

/*
 * @locality our own thread, inside poll, restore and close
 * @locks none
 */
static void kafka_worker_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct kafka_worker *w = opaque;

        (void)rk;
        kafka_group_rebalance(&w->group, err, parts);
}

/*
 * Failures only. What a commit answers later is that records were not delivered; why stands only here. A broker that goes fails thousands.
 *
 * @locality our own thread, when the producer is polled and inside commit and abort
 * @locks none
 */
static void kafka_worker_on_undelivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
        struct kafka_worker_producer *p = opaque;
        const struct kafka_bus *bus = p->client.bus;
        uint64_t n;

        (void)rk;
        if (!message->err || message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
                return;
        n = log_pace(&p->undelivered, clock_monotonic(&bus->clock), UNDELIVERED_SAID_MS);
        if (n == 0)
                return;
        log_line(bus->log, BUS_UNDELIVERED, LOG_STRING("topic", rd_kafka_topic_name(message->rkt)), LOG_INT("partition", message->partition),
                 LOG_STRING("reason", rd_kafka_err2str(message->err)), LOG_INT("records", (int64_t)n));
}

/* -- What is written -- */

static rd_kafka_resp_err_t try_send_rows(struct kafka_worker *w) {
        size_t before = w->rows.n;
        rd_kafka_resp_err_t code = kafka_rows_send(&w->rows);

        w->producer.txn.sent += before - w->rows.n + (code != RD_KAFKA_RESP_ERR_NO_ERROR); /* of a batch that failed some may have gone */
        return code;
}

/* Sends all rows that wait. Return: 0; BUS_E_ABORTED; negative errno. */
static int send_rows(struct kafka_worker *w, struct error *err) {
        rd_kafka_resp_err_t code;

        while ((code = try_send_rows(w)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
                int r = kafka_txn_send_failed(&w->producer.txn, code, err);

                if (r)
                        return r;
        }
        return 0;
}

/*
 * A row of the state, as most of what a worker writes; one that is too large to wait finds all before it sent.
 * Return: 0, *ret_taken whether it waits now; BUS_E_ABORTED; negative errno.
 */
static int keep_row(struct kafka_worker *w, int32_t partition, const struct bus_record *record, bool *ret_taken, struct error *err) {
        int r;

        *ret_taken = kafka_rows_add(&w->rows, partition, record);
        if (*ret_taken)
                return 0;
        r = send_rows(w, err);
        if (r)
                return r;
        *ret_taken = kafka_rows_add(&w->rows, partition, record);
        return 0;
}

static int send_now(struct kafka_worker *w, int32_t partition, const struct bus_record *record, struct error *err) {
        rd_kafka_topic_t *topic = w->outputs[record->index].topic;
        rd_kafka_resp_err_t code;

        while ((code = kafka_record_send(w->producer.client.rk, topic, partition, record, NULL)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
                int r = kafka_txn_send_failed(&w->producer.txn, code, err);

                if (r)
                        return r;
        }
        w->producer.txn.sent++;
        return 0;
}

/* A record of the state, which keeps its place among the rows that wait. Return: as bus_worker_produce(). */
static int produce_state(struct kafka_worker *w, int32_t partition, const struct bus_record *record, struct error *err) {
        bool taken = false;
        int r = record->headers_n || record->timestamp ? send_rows(w, err) : keep_row(w, partition, record, &taken, err);

        if (r)
                return r;
        if (!taken) {
                r = send_now(w, partition, record, err);
                if (r)
                        return r;
        }
        worker_positions_touch(&w->at, partition);
        w->wrote = true;
        return 0;
}

static int kafka_worker_produce(struct bus_worker *worker, const struct bus_record *record, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        int32_t partition;
        int r;

        assert(record->index < w->written.n);
        r = kafka_txn_begin(&w->producer.txn, err);
        if (r)
                return r;
        partition = bus_record_partition(record, w->outputs[record->index].partitions, 0);
        if (partition < 0) {
                error_set(err, "the topic %s has no partition %d", w->written.names[record->index], (int)record->partition);
                return -EINVAL;
        }
        if ((int64_t)record->index == w->state_output)
                return produce_state(w, partition, record, err);
        return send_now(w, partition, record, err);
}

/* -- What is read -- */

static void kafka_worker_drop_message(struct kafka_worker *w) {
        if (w->message)
                rd_kafka_message_destroy(w->message);
        w->message = NULL;
}

static void drop_ahead(struct kafka_worker *w) {
        while (w->ahead_at < w->ahead_n)
                rd_kafka_message_destroy(w->ahead[w->ahead_at++]);
}

/* Whether the open transaction holds anything. */
static bool has_written(const struct kafka_worker *w) {
        return w->producer.txn.open && (w->producer.txn.sent > 0 || w->rows.n > 0);
}

/* The inputs of parts, all with one offset. NULL: out of memory. */
static rd_kafka_topic_partition_list_t *list_of_parts(const struct kafka_worker *w, const struct bus_part *parts, size_t n, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(n * w->inputs + 1));

        for (size_t k = 0; list && k < n; k++) {
                for (size_t i = 0; i < w->inputs; i++)
                        rd_kafka_topic_partition_list_add(list, w->topics.names[i], parts[k].partition)->offset = offset;
        }
        return list;
}

/* The inputs of all partitions that have started, each with the offset to be read next. NULL: out of memory. */
static rd_kafka_topic_partition_list_t *list_started(const struct kafka_worker *w) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

        for (int32_t p = 0; list && p < w->at.partitions; p++) {
                const int64_t *next = worker_positions_of(&w->at, p);

                for (size_t i = 0; w->at.at[p].started && i < w->inputs; i++)
                        rd_kafka_topic_partition_list_add(list, w->topics.names[i], p)->offset = next[i];
        }
        return list;
}

/* librdkafka keeps lists in the order of adding: element k * inputs + i is input i of parts[k]. */
static rd_kafka_topic_partition_t *input_of(const struct kafka_worker *w, rd_kafka_topic_partition_list_t *list, size_t k, size_t i) {
        return &list->elems[k * w->inputs + i];
}

/*
 * Whether the topics are still as they were when the worker began. Somebody who gives them more partitions makes the
 * group move, topic by topic, and from the first on the cases of that topic are written elsewhere.
 */
static int check_partitions(struct kafka_worker *w, struct error *err) {
        CLEANUP(cleanup_free) int32_t *counts = calloc(w->topics.n, sizeof(*counts));
        int r;

        if (!counts)
                return -ENOMEM;
        r = kafka_partitions(&w->producer.client, (const char *const *)w->topics.names, w->topics.n, KAFKA_MISSING_FAILS, counts, err);
        if (r)
                return r;
        for (size_t i = 0; i < w->topics.n; i++) {
                if (counts[i] == w->at.partitions)
                        continue;
                error_set(err, "the topic %s has %d partitions now and had %d when this worker began; see 'Partitions that were added' in config/README.md",
                          w->topics.names[i], (int)counts[i], (int)w->at.partitions);
                return -EINVAL;
        }
        return 0;
}

static int kafka_worker_take_assignment(struct kafka_worker *w, struct bus_event *ret, struct error *err) {
        const rd_kafka_topic_partition_list_t *got = w->group.parts;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        rd_kafka_resp_err_t code;
        int r;

        worker_positions_forget(&w->at, has_written(w));
        for (int i = 0; got && i < got->cnt; i++) {
                if (strcmp(got->elems[i].topic, w->topics.names[w->inputs]) == 0)
                        (void)worker_positions_own(&w->at, got->elems[i].partition); /* check_partitions() has judged the others */
        }
        worker_positions_event(&w->at, BUS_ASSIGNED, false, ret);
        /*
         * Start seeks to where reading really begins. A fetch may go out before the pause: where nothing stands any more it would be answered with
         * an error, and what is in error cannot be sought in. So at what stands first.
         */
        list = list_of_parts(w, ret->parts, ret->parts_n, RD_KAFKA_OFFSET_BEGINNING);
        if (!list)
                return -ENOMEM;
        r = kafka_list_offsets(&w->client, list, err);
        if (r)
                return r;
        code = rd_kafka_assign(w->client.rk, list);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && list->cnt)
                code = rd_kafka_pause_partitions(w->client.rk, list);
        return code ? kafka_failed(&w->client, "taking up partitions", code, NULL, err) : 0;
}

/* What the group said, as an event. */
static int kafka_worker_hand_out(struct kafka_worker *w, struct bus_event *ret, struct error *err) {
        enum bus_event_kind kind = w->group.pending;
        int r;

        drop_ahead(w); /* of parts that go, or that start seeks */
        w->group.pending = BUS_NONE;
        if (kind != BUS_ASSIGNED) {
                w->group.release = true;
                worker_positions_event(&w->at, kind, has_written(w), ret);
                ret->again = kind == BUS_LOST && w->group.again.due;
                return 0;
        }
        r = check_partitions(w, err);
        return r ? r : kafka_worker_take_assignment(w, ret, err);
}

/* The place of an input, by a message of it; false: it is none. */
static bool find_input(struct kafka_worker *w, const rd_kafka_message_t *message, size_t *ret) {
        int64_t index = kafka_topics_place(&w->topics, message->rkt);

        *ret = (size_t)index;
        return index >= 0 && *ret < w->inputs;
}

/* Takes over the message as the record of the event; false: it is none of ours. */
static bool kafka_worker_take_record(struct kafka_worker *w, rd_kafka_message_t *message, struct bus_event *ret) {
        size_t input;

        if (!find_input(w, message, &input) || !worker_positions_take(&w->at, message->partition, input, message->offset))
                return false;
        w->message = message;
        ret->kind = BUS_RECORD;
        kafka_record_fill(message, kafka_topics_plain(&w->topics, (uint32_t)input), (uint32_t)input, &w->headers, &ret->record);
        log_marks_see(worker_positions_marks(&w->at, message->partition, input), &ret->record);
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
        (void)try_send_rows(w); /* what it cannot send, commit does, or says why not */
        n = rd_kafka_consume_batch_queue(w->queue, 0, w->ahead, AHEAD);
        w->ahead_at = 0;
        w->ahead_n = n > 0 ? (size_t)n : 0;
        if (w->ahead_n)
                return w->ahead[w->ahead_at++];
        return w->group.pending == BUS_NONE && timeout_ms > 0 ? rd_kafka_consumer_poll(w->client.rk, timeout_ms) : NULL;
}

/* One message that came. Return: 0, with ret->kind BUS_RECORD when it was handed out; negative errno. */
static int kafka_worker_take(struct kafka_worker *w, rd_kafka_message_t *message, struct bus_event *ret, struct error *err) {
        size_t input;
        int r = 0;

        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                if (kafka_worker_take_record(w, message, ret))
                        return 0;
        } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                if (find_input(w, message, &input))
                        worker_positions_end(&w->at, message->partition, input, message->offset);
        } else {
                r = kafka_group_trouble(&w->group, message, err);
        }
        rd_kafka_message_destroy(message);
        return r;
}

/*
 * Whether the state still is the log that was restored. One that ends before what was seen of it was made anew, and what is written to it now would
 * be all that a successor knew. Asked of the producer: at the consumer the question would wait behind a fetch. Return: 0; -ESTALE with a sentence.
 */
static int look_at_state(struct kafka_worker *w, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        const char *state = w->topics.names[w->inputs];
        int token;

        list = rd_kafka_topic_partition_list_new(w->at.partitions);
        if (!list)
                return -ENOMEM;
        for (int32_t p = 0; p < w->at.partitions; p++) {
                if (w->at.at[p].started)
                        rd_kafka_topic_partition_list_add(list, state, p)->offset = RD_KAFKA_OFFSET_END;
        }
        if (list->cnt == 0)
                return 0;
        token = watchdog_enter(w->bus->watchdog, "rd_kafka_offsets_for_times", BUS_CALL_MS);
        (void)rd_kafka_offsets_for_times(w->producer.client.rk, list, KAFKA_LOOK_MS); /* what has no answer says so itself, below */
        watchdog_leave(w->bus->watchdog, token);
        for (int i = 0; i < list->cnt; i++) {
                int64_t *end = &w->state_ends[list->elems[i].partition];

                if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR || list->elems[i].offset < 0)
                        continue;
                if (list->elems[i].offset < *end) {
                        error_set(err,
                                  "partition %d of %s ends at offset %lld and went on to %lld before: it was deleted and made again under this worker, or lost "
                                  "its end; stop all workers, and see 'When case-state is lost' in config/README.md",
                                  (int)list->elems[i].partition, state, (long long)list->elems[i].offset, (long long)*end);
                        return -ESTALE;
                }
                *end = list->elems[i].offset;
        }
        return 0;
}

/* Whether the inputs still are the logs that are read: one that was made anew and is longer than what was read would go on without a word. */
static int look_at_inputs(struct kafka_worker *w, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        const rd_kafka_topic_partition_t *other;
        int r = list ? 0 : -ENOMEM;

        for (int32_t p = 0; r == 0 && p < w->at.partitions; p++) {
                for (size_t i = 0; r == 0 && w->at.at[p].started && i < w->inputs; i++)
                        r = kafka_marks_add(list, w->topics.names[i], p, worker_positions_marks(&w->at, p, i));
        }
        if (r == 0)
                r = kafka_marks_look(&w->producer.client, list, &other, err);
        if (r == 0 && other)
                kafka_group_found_other(&w->group, other->topic, other->partition,
                                        worker_positions_next(&w->at, other->partition, (size_t)kafka_topics_find(&w->topics, other->topic)));
        return r;
}

/* Now and then, when nothing lies ready: whether the logs are what they were. */
static int look_at_logs(struct kafka_worker *w, struct error *err) {
        int64_t now = clock_monotonic(&w->bus->clock);
        int r = 0;

        if (now - w->looked >= (w->wrote ? LOOK_SOON_MS : BUS_REFRESH_MS)) {
                w->looked = now;
                w->wrote = false;
                r = look_at_state(w, err);
        }
        if (r == 0 && now - w->inputs_looked >= BUS_REFRESH_MS && kafka_group_settled(&w->group)) {
                w->inputs_looked = now;
                r = look_at_inputs(w, err);
        }
        return r;
}

static int kafka_worker_poll(struct bus_worker *worker, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        int r;

        kafka_worker_drop_message(w);
        ret->kind = BUS_NONE;
        if (w->group.release) {
                worker_positions_forget(&w->at, has_written(w));
                r = kafka_group_release(&w->group, err);
                if (r)
                        return r;
        }
        if (w->ahead_at == w->ahead_n) {
                r = look_at_logs(w, err);
                if (r)
                        return r;
        }
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
                rd_kafka_message_t *message = w->group.pending == BUS_NONE ? next_message(w, timeout_ms) : NULL;

                if (w->group.pending != BUS_NONE) {
                        rd_kafka_message_destroy_p(&message);
                        return kafka_worker_hand_out(w, ret, err);
                }
                if (!message)
                        return kafka_client_fatal(&w->client, err);
                r = kafka_worker_take(w, message, ret, err);
                if (r || ret->kind == BUS_RECORD)
                        return r;
                timeout_ms = 0; /* the caller may have waited for just this */
        }
        return 0;
}

/* Serves the group inside a longer call. Return: 0; BUS_E_REBALANCED; negative errno. */
static int serve_group(void *ctx, struct error *err) {
        struct kafka_worker *w = ctx;
        CLEANUP(rd_kafka_message_destroy_p) rd_kafka_message_t *message = NULL; /* everything is paused: at most a stray that start reads again */

        if (!kafka_group_settled(&w->group))
                return BUS_E_REBALANCED;
        message = rd_kafka_consumer_poll(w->client.rk, 0);
        if (message && message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                int r = kafka_group_trouble(&w->group, message, err);

                if (r)
                        return r;
        }
        return w->group.pending != BUS_NONE ? BUS_E_REBALANCED : kafka_client_fatal(&w->client, err);
}

/* Step one: what was committed. Serves the group meanwhile. */
static int ask_committed(struct kafka_worker *w, rd_kafka_topic_partition_list_t *list, struct error *err) {
        return kafka_group_committed(&w->group, list, serve_group, w, err);
}

/* What stands in the logs of the inputs of some parts, and what the group has of them: in the order of list_of_parts(). */
struct input_logs {
        rd_kafka_topic_partition_list_t *committed, *first, *end, *later;
};

/* Where reading one input begins: the committed offset, or where a log that is another one now does. @k: the place of the part. */
static int note_begin(struct kafka_worker *w, size_t k, size_t i, const struct input_logs *logs, const struct bus_restore *callbacks, struct error *err) {
        rd_kafka_topic_partition_t *committed = input_of(w, logs->committed, k, i);
        struct log_mark mark = kafka_marks_of(committed);
        struct bus_jump jump = {.part = {(uint32_t)i, committed->partition}};
        int64_t read;
        int r;

        jump.from = kafka_group_was_read(&w->group, committed->topic, committed->partition, committed->offset);
        r = kafka_group_judge(&w->group, committed, jump.from, &mark, input_of(w, logs->later, k, i)->offset, &read, err);
        if (r)
                return r;
        if (committed->offset >= 0 && callbacks->left)
                callbacks->left(callbacks->ctx, &jump.part, committed->offset);
        if (!worker_positions_begin(&w->at, committed->partition, i, read, input_of(w, logs->first, k, i)->offset, input_of(w, logs->end, k, i)->offset)) {
                *worker_positions_marks(&w->at, committed->partition, i) = (struct log_marks){mark, mark};
                return 0;
        }
        jump.to = worker_positions_next(&w->at, committed->partition, i);
        if (jump.to == jump.from) /* another log, of which nothing stands before */
                return 0;
        kafka_group_say_jump(&w->group, committed->topic, committed->partition, jump.from, jump.to);
        if (callbacks->jumped)
                callbacks->jumped(callbacks->ctx, &jump);
        return 0;
}

static int note_begins(struct kafka_worker *w, size_t n, const struct input_logs *logs, const struct bus_restore *callbacks, struct error *err) {
        for (size_t k = 0; k < n; k++) {
                for (size_t i = 0; i < w->inputs; i++) {
                        int r = note_begin(w, k, i, logs, callbacks, err);

                        if (r)
                                return r;
                }
        }
        w->group.again.topic[0] = '\0';
        return 0;
}

static int ask_begin(struct kafka_worker *w, const struct bus_part *parts, size_t n, const struct bus_restore *callbacks, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *committed = list_of_parts(w, parts, n, RD_KAFKA_OFFSET_INVALID);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *first = list_of_parts(w, parts, n, RD_KAFKA_OFFSET_BEGINNING);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *end = list_of_parts(w, parts, n, RD_KAFKA_OFFSET_END);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *later = list_of_parts(w, parts, n, RD_KAFKA_OFFSET_END);
        int r;

        if (!committed || !first || !end || !later)
                return -ENOMEM;
        r = ask_committed(w, committed, err);
        if (r)
                return r;
        for (int i = 0; i < later->cnt; i++) {
                struct log_mark mark = kafka_marks_of(&committed->elems[i]);

                later->elems[i].offset = kafka_marks_ask(&mark);
        }
        r = kafka_list_offsets(&w->client, first, err);
        if (r == 0)
                r = kafka_list_offsets(&w->client, end, err);
        if (r == 0)
                r = kafka_list_offsets(&w->client, later, err);
        return r ? r : note_begins(w, n, &(struct input_logs){committed, first, end, later}, callbacks, err);
}

/*
 * Step two: the end of the state. It must be the high watermark, so that rows of a transaction which is just being
 * committed count; only a read_uncommitted consumer is told that, others get the last stable offset.
 */
static int find_marks(struct kafka_worker *w, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
        CLEANUP(kafka_client_close) struct kafka_client client = {0};
        const struct kafka_client_options options = {.role = KAFKA_MARKS, .opaque = &client};
        int r;

        if (!list)
                return -ENOMEM;
        r = kafka_client_open(&client, w->bus, &options, err);
        if (r)
                return r;
        for (size_t k = 0; k < n; k++)
                rd_kafka_topic_partition_list_add(list, w->topics.names[w->inputs], parts[k].partition)->offset = RD_KAFKA_OFFSET_END;
        r = kafka_list_offsets(&client, list, err);
        if (r)
                return r;
        for (size_t k = 0; k < n; k++)
                ret[k] = list->elems[k].offset;
        return 0;
}

static int kafka_worker_restore(struct bus_worker *worker, const struct bus_part *parts, size_t n, const struct bus_restore *callbacks,
                                struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        CLEANUP(cleanup_free) int64_t *marks = calloc(n + 1, sizeof(*marks));
        int r;

        if (!marks)
                return -ENOMEM;
        r = serve_group(w, err);
        if (r)
                return r;
        if (w->at.stale) { /* what is left open would be waited for */
                kafka_rows_drop(&w->rows);
                r = kafka_txn_abort(&w->producer.txn, err);
                if (r)
                        return r;
                w->at.stale = false;
        }
        r = ask_begin(w, parts, n, callbacks, err);
        if (r)
                return r;
        r = find_marks(w, parts, n, marks, err);
        if (r)
                return r;
        r = kafka_restore(&(struct kafka_restore){.bus = w->bus,
                                                  .topic = w->topics.names[w->inputs],
                                                  .plain = kafka_topics_plain(&w->topics, (uint32_t)w->inputs),
                                                  .parts = parts,
                                                  .marks = marks,
                                                  .n = n,
                                                  .callbacks = callbacks,
                                                  .turn = serve_group,
                                                  .ctx = w}, err);
        if (r)
                return r;
        for (size_t k = 0; k < n; k++)
                w->state_ends[parts[k].partition] = marks[k];
        worker_positions_restored(&w->at, parts, n);
        return 0;
}

static int kafka_worker_start(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
        int r;

        if (!kafka_group_settled(&w->group))
                return BUS_E_REBALANCED;
        list = list_of_parts(w, parts, n, 0);
        if (!list)
                return -ENOMEM;
        for (size_t k = 0; k < n; k++) {
                const int64_t *next = worker_positions_of(&w->at, parts[k].partition);

                assert(next);
                for (size_t i = 0; i < w->inputs; i++)
                        input_of(w, list, k, i)->offset = next[i];
        }
        /* While they are paused: resumed first, they would begin to fetch at the 0 of their assignment, where records may be gone. A millisecond. */
        r = kafka_group_seek(&w->group, list, err);
        if (r)
                return r;
        if (list->cnt) /* resumed once: resuming what is not paused goes back in 2.0.2 */
                code = rd_kafka_resume_partitions(w->client.rk, list);
        if (code)
                return kafka_failed(&w->client, "beginning to read", code, NULL, err);
        /* To the same place: in 2.0.2 only a seek wakes the threads that fetch, which else notice it up to a second later. */
        r = kafka_group_seek(&w->group, list, err);
        if (r)
                return r;
        worker_positions_start(&w->at, parts, n);
        return 0;
}

static int kafka_worker_ends(struct bus_worker *worker, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        int r;

        if (w->group.pending != BUS_NONE || !worker_positions_own_all(&w->at, parts, n))
                return BUS_E_REBALANCED;
        list = list_of_parts(w, parts, n, RD_KAFKA_OFFSET_END);
        if (!list)
                return -ENOMEM;
        r = kafka_list_offsets(&w->client, list, err);
        if (r)
                return r;
        for (int i = 0; i < list->cnt; i++)
                ret[i] = list->elems[i].offset;
        return 0;
}

static void kafka_worker_hold(struct bus_worker *worker, const struct bus_record *record) {
        worker_positions_hold(&kafka_worker_of(worker)->at, record->partition, record->index, record->offset);
}

/* Reads on where the positions say: all inputs, also those of which nothing was handed out, because what was taken ahead of them is dropped. */
static int read_on(struct kafka_worker *w, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = list_started(w);

        drop_ahead(w);
        return list ? kafka_group_seek(&w->group, list, err) : -ENOMEM;
}

/* What librdkafka fetched meanwhile was dropped as it came. Dearer than pausing it, which goes astray in 2.0.2. */
static int kafka_worker_resume(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);

        if (!kafka_group_settled(&w->group))
                return BUS_E_REBALANCED;
        for (size_t k = 0; k < n; k++)
                worker_positions_resume(&w->at, parts[k].partition, parts[k].index);
        return read_on(w, err);
}

static const int64_t *kafka_worker_positions(struct bus_worker *worker, int32_t partition) {
        return worker_positions_of(&kafka_worker_of(worker)->at, partition);
}

/* -- Commit, abort, settle -- */

struct pending_list {
        struct kafka_worker *w;
        rd_kafka_topic_partition_list_t *list;
};

static int list_pending(void *ctx, int32_t partition, size_t input, int64_t next) {
        struct pending_list *pending = ctx;
        rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_add(pending->list, pending->w->topics.names[input], partition);

        at->offset = next;
        return kafka_marks_note(at, &worker_positions_marks(&pending->w->at, partition, input)->proven);
}

static int kafka_worker_commit(struct bus_worker *worker, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        int r;

        if (w->at.stale) { /* without the offsets of its partitions nothing would prove that they were still ours */
                error_set(err, "the partitions of this transaction are gone");
                return BUS_E_ABORTED;
        }
        r = send_rows(w, err);
        if (r)
                return r;
        list = rd_kafka_topic_partition_list_new(16);
        if (!list)
                return -ENOMEM;
        r = worker_positions_pending(&w->at, list_pending, &(struct pending_list){w, list});
        if (r)
                return r;
        rd_kafka_poll(w->producer.client.rk, 0);
        if (list->cnt || kafka_txn_has_work(&w->producer.txn))
                r = kafka_txn_commit(&w->producer.txn, list, w->client.rk, err);
        rd_kafka_poll(w->producer.client.rk, 0);
        if (r)
                return r;
        worker_positions_committed(&w->at);
        return 0;
}

/* A record that the broker refuses again and again must not fill its topics with transactions that come to nothing. */
static void back_off(struct kafka_worker *w) {
        const struct clock *clock = &w->bus->clock;
        int64_t now = clock_monotonic(clock), until;

        if (!w->aborted || now - w->aborted > ABORT_CALM_MS)
                w->abort_pause_ms = 0;
        else if (w->abort_pause_ms == 0)
                w->abort_pause_ms = ABORT_PAUSE_MS;
        else
                w->abort_pause_ms = 2 * w->abort_pause_ms < ABORT_PAUSE_MAX_MS ? 2 * w->abort_pause_ms : ABORT_PAUSE_MAX_MS;
        for (until = now + w->abort_pause_ms; now < until; now = clock_monotonic(clock))
                rd_kafka_poll(w->producer.client.rk, until - now < KAFKA_TURN_MS / 10 ? (int)(until - now) : KAFKA_TURN_MS / 10);
        w->aborted = now;
}

/* Reads again from what is committed. */
static int kafka_worker_rewind(struct kafka_worker *w, struct error *err) {
        int r;

        worker_positions_rewind(&w->at);
        if (kafka_group_settled(&w->group)) {
                r = read_on(w, err);
                return r == BUS_E_REBALANCED ? 0 : r;
        }
        drop_ahead(w); /* there is nothing to go back in: the next owner begins at what was committed */
        return 0;
}

static int kafka_worker_abort(struct bus_worker *worker, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        int r;

        kafka_worker_drop_message(w);
        kafka_rows_drop(&w->rows);
        rd_kafka_poll(w->producer.client.rk, 0);
        r = kafka_txn_abort(&w->producer.txn, err);
        rd_kafka_poll(w->producer.client.rk, 0);
        if (r)
                return r;
        back_off(w);
        return kafka_worker_rewind(w, err);
}

static int kafka_worker_settle(struct bus_worker *worker, struct error *err) {
        struct kafka_worker *w = kafka_worker_of(worker);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = list_started(w);

        return list ? kafka_group_committed(&w->group, list, NULL, NULL, err) : -ENOMEM;
}

/* -- Opening and closing -- */

static int32_t kafka_worker_partitions(struct bus_worker *worker) {
        return kafka_worker_of(worker)->at.partitions;
}

/* So that it can be opened anew. */
static void close_producer(struct kafka_worker *w) {
        for (size_t i = 0; w->outputs && i < w->written.n; i++) {
                if (w->outputs[i].topic)
                        rd_kafka_topic_destroy(w->outputs[i].topic);
        }
        kafka_client_close(&w->producer.client);
        kafka_topics_done(&w->written);
        free(w->outputs);
        w->outputs = NULL;
        kafka_rows_done(&w->rows);
        w->producer.txn = (struct kafka_txn){0};
}

static void kafka_worker_close(struct bus_worker *worker, bool leave) {
        struct kafka_worker *w = kafka_worker_of(worker);

        kafka_worker_drop_message(w);
        drop_ahead(w);
        if (w->queue) /* before the consumer closes */
                rd_kafka_queue_destroy(w->queue);
        kafka_txn_close(&w->producer.txn);
        kafka_group_close(&w->group, leave);
        kafka_client_close(&w->client);
        close_producer(w);
        kafka_topics_done(&w->topics);
        worker_positions_done(&w->at);
        free(w->headers.items);
        free(w->state_ends);
        free(w);
}

static const struct bus_worker_ops kafka_worker_ops = {
        .poll = kafka_worker_poll,
        .restore = kafka_worker_restore,
        .ends = kafka_worker_ends,
        .positions = kafka_worker_positions,
        .start = kafka_worker_start,
        .hold = kafka_worker_hold,
        .resume = kafka_worker_resume,
        .produce = kafka_worker_produce,
        .commit = kafka_worker_commit,
        .abort = kafka_worker_abort,
        .settle = kafka_worker_settle,
        .partitions = kafka_worker_partitions,
        .close = kafka_worker_close,
};

static int open_read(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        CLEANUP(cleanup_free) char *group = kafka_name(w->bus, config->group);
        CLEANUP(cleanup_free) const char **names = calloc(config->inputs_n + 1, sizeof(*names));
        const struct kafka_client_options options = {
                .role = KAFKA_WORKER, .group = group, .instance = config->instance, .eof = true, .rebalance = kafka_worker_on_rebalance, .opaque = w};
        int r;

        if (!group || !names)
                return -ENOMEM;
        r = kafka_client_open(&w->client, w->bus, &options, err);
        if (r)
                return r;
        w->queue = rd_kafka_queue_get_consumer(w->client.rk);
        for (size_t i = 0; i < config->inputs_n; i++)
                names[i] = config->inputs[i];
        names[config->inputs_n] = config->state;
        w->inputs = config->inputs_n;
        r = kafka_topics_init(&w->topics, w->bus, names, w->inputs + 1, err);
        if (r)
                return r;
        r = kafka_partitions(&w->client, (const char *const *)w->topics.names, w->topics.n, KAFKA_MISSING_FAILS, w->topics.partitions, err);
        if (r)
                return r;
        w->state_ends = calloc((size_t)w->topics.partitions[w->inputs] + 1, sizeof(*w->state_ends));
        if (!w->state_ends)
                return -ENOMEM;
        return worker_positions_init(&w->at, (const char *const *)w->topics.names, w->topics.partitions, w->inputs, err);
}

/* The handles of all that may be written, and how many partitions each has. */
static int open_outputs(struct kafka_worker *w, struct error *err) {
        const char *const *names = (const char *const *)w->written.names;
        int r;

        w->outputs = calloc(w->written.n + 1, sizeof(*w->outputs));
        if (!w->outputs)
                return -ENOMEM;
        /* Before the handles: the question for one topic makes it on a broker that is set up so. */
        r = kafka_partitions(&w->producer.client, names, w->written.n, KAFKA_MISSING_FAILS, w->written.partitions, err);
        if (r)
                return r;
        for (size_t i = 0; i < w->written.n; i++) {
                w->outputs[i].topic = rd_kafka_topic_new(w->producer.client.rk, w->written.names[i], NULL);
                if (!w->outputs[i].topic)
                        return kafka_failed(&w->producer.client, "opening a topic", rd_kafka_last_error(), NULL, err);
        }
        /* Again with its topics known: that warms up its own metadata, without which the first record waits a second. */
        r = kafka_partitions(&w->producer.client, names, w->written.n, KAFKA_MISSING_FAILS, w->written.partitions, err);
        if (r)
                return r;
        for (size_t i = 0; i < w->written.n; i++)
                w->outputs[i].partitions = w->written.partitions[i];
        return 0;
}

static int open_written(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        CLEANUP(cleanup_free) char *group = kafka_name(w->bus, config->group);
        char id[2 * BUS_NAME_MAX];
        const struct kafka_client_options options = {
                .role = KAFKA_TXN, .transactional_id = id, .delivered = kafka_worker_on_undelivered, .report_errors_only = true, .opaque = &w->producer};
        int r;

        if (!group)
                return -ENOMEM;
        snprintf(id, sizeof(id), "%s-%s", group, config->instance);
        r = kafka_client_open(&w->producer.client, w->bus, &options, err);
        if (r)
                return r;
        r = kafka_topics_init(&w->written, w->bus, config->outputs, config->outputs_n, err);
        if (r)
                return r;
        w->producer.txn.client = &w->producer.client;
        w->state_output = kafka_topics_find(&w->written, w->topics.names[w->inputs]);
        r = open_outputs(w, err);
        if (r)
                return r;
        return w->state_output < 0 ? 0 : kafka_rows_init(&w->rows, w->outputs[w->state_output].topic);
}

/*
 * Opens the producer and takes up its transactional id. When a predecessor died in the midst of a transaction the broker refuses until
 * it has aborted that, some tens of milliseconds; but librdkafka asks again only after half a second. A handle made anew asks at once.
 */
static int take_over(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        for (int i = 0;; i++) {
                bool last = i == TAKE_OVER_TRIES;
                int r = open_written(w, config, err);

                if (r)
                        return r;
                r = kafka_txn_init(&w->producer.txn, last ? BUS_CALL_MS : TAKE_OVER_MS, err);
                if (r != -EAGAIN)
                        return r;
                close_producer(w);
        }
}

static int open_worker(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        int r = open_read(w, config, err);

        if (r)
                return r;
        r = take_over(w, config, err);
        return r ? r : kafka_group_join(&w->group, &w->topics, err);
}

int kafka_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) {
        struct kafka_worker *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->bus = kafka_bus_of(b);
        w->worker.ops = &kafka_worker_ops;
        w->group.client = &w->client;
        r = open_worker(w, config, err);
        if (r) {
                kafka_worker_close(&w->worker, false);
                return r;
        }
        *ret = &w->worker;
        return 0;
}
