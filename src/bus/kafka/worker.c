/* SPDX-License-Identifier: EUPL-1.2 */

/* The worker on Kafka: opening, producing, committing. Reading is in kafka_worker_read.c. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/kafka/worker.h"
#include "bus/murmur2.h"

#define ABORT_PAUSE_MS 20        /* before the second of two aborts is tried again; doubled for each further one, … */
#define ABORT_PAUSE_MAX_MS 1000  /* … to this */
#define ABORT_CALM_MS 10000      /* an abort so long after the last one is a first one, which is tried again at once */
#define TAKE_OVER_TRIES 3        /* handles that ask once for a transactional id, before one that waits for it … */
#define TAKE_OVER_MS 100         /* … each so long, from the first look for the coordinator */
#define UNDELIVERED_SAID_MS 1000 /* at most one log line in this time; the rest is counted in the next */

static struct kafka_worker *of(struct bus_worker *worker) {
        return (struct kafka_worker *)((char *)worker - offsetof(struct kafka_worker, worker));
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct kafka_worker *w = opaque;

        (void)rk;
        kafka_group_rebalance(&w->group, err, parts);
}

/* Failures only. What a commit answers later is that records were not delivered; why stands only here. A broker that goes fails thousands. */
static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
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

static int worker_poll(struct bus_worker *worker, int timeout_ms, struct bus_event *ret, struct error *err) {
        return kafka_worker_poll(of(worker), timeout_ms, ret, err);
}

static int worker_restore(struct bus_worker *worker, const struct bus_part *parts, size_t n, const struct bus_restore *r, struct error *err) {
        return kafka_worker_restore(of(worker), parts, n, r, err);
}

static int worker_start(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        return kafka_worker_start(of(worker), parts, n, err);
}

static int worker_ends(struct bus_worker *worker, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        return kafka_worker_ends(of(worker), parts, n, ret, err);
}

static const int64_t *worker_positions(struct bus_worker *worker, int32_t partition) {
        struct kafka_worker *w = of(worker);

        return partition >= 0 && partition < w->partitions && w->parts[partition].restored ? kafka_worker_next(w, partition) : NULL;
}

rd_kafka_resp_err_t kafka_worker_send_rows(struct kafka_worker *w) {
        size_t before = w->rows.n;
        rd_kafka_resp_err_t code = kafka_rows_send(&w->rows);

        w->producer.txn.sent += before - w->rows.n + (code != RD_KAFKA_RESP_ERR_NO_ERROR); /* of a batch that failed some may have gone */
        return code;
}

/* Sends all rows that wait. Return: 0; BUS_E_ABORTED; negative errno. */
static int send_rows(struct kafka_worker *w, struct error *err) {
        rd_kafka_resp_err_t code;
        int r = 0;

        while (r == 0 && (code = kafka_worker_send_rows(w)) != RD_KAFKA_RESP_ERR_NO_ERROR)
                r = kafka_txn_send_failed(&w->producer.txn, code, err);
        return r;
}

/*
 * A row of the state, as most of what a worker writes; one that is too large to wait finds all before it sent.
 * Return: 0, *ret_taken whether it waits now; BUS_E_ABORTED; negative errno.
 */
static int take_row(struct kafka_worker *w, int32_t partition, const struct bus_record *record, bool *ret_taken, struct error *err) {
        int r;

        *ret_taken = kafka_rows_add(&w->rows, partition, record);
        if (*ret_taken)
                return 0;
        r = send_rows(w, err);
        if (r == 0)
                *ret_taken = kafka_rows_add(&w->rows, partition, record);
        return r;
}

static int send_one(struct kafka_worker *w, int32_t partition, const struct bus_record *record, struct error *err) {
        rd_kafka_topic_t *topic = w->outputs[record->index].topic;
        rd_kafka_resp_err_t code;
        int r = 0;

        while (r == 0 && (code = kafka_record_send(w->producer.client.rk, topic, partition, record, NULL)) != RD_KAFKA_RESP_ERR_NO_ERROR)
                r = kafka_txn_send_failed(&w->producer.txn, code, err);
        if (r == 0)
                w->producer.txn.sent++;
        return r;
}

static int worker_produce(struct bus_worker *worker, const struct bus_record *record, struct error *err) {
        struct kafka_worker *w = of(worker);
        const struct kafka_worker_output *output;
        int32_t partition = record->partition;
        bool is_state = (int64_t)record->index == w->state_output, taken = false;
        int r = kafka_txn_begin(&w->producer.txn, err);

        assert(record->index < w->written.n);
        output = &w->outputs[record->index];
        if (partition == BUS_BY_KEY)
                partition = record->key ? murmur2_partition(record->key, record->key_n, output->partitions) : 0;
        if (partition < 0 || partition >= output->partitions) {
                error_set(err, "the topic %s has no partition %d", w->written.names[record->index], (int)partition);
                return -EINVAL;
        }
        if (r == 0 && is_state)
                r = record->headers_n || record->timestamp ? send_rows(w, err) : take_row(w, partition, record, &taken, err);
        if (r == 0 && !taken)
                r = send_one(w, partition, record, err);
        if (r == 0 && is_state && w->parts[partition].owned)
                w->parts[partition].touched = true;
        return r;
}

/* The positions to commit: of every partition that was read or written. NULL: out of memory. */
static rd_kafka_topic_partition_list_t *list_positions(struct kafka_worker *w) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

        for (int32_t p = 0; list && p < w->partitions; p++) {
                const struct kafka_worker_part *part = &w->parts[p];
                const int64_t *next = kafka_worker_next(w, p), *done = kafka_worker_done(w, p);
                int before = list->cnt;

                if (!part->moved && !part->touched)
                        continue;
                for (size_t i = 0; i < w->inputs; i++) {
                        if (next[i] != done[i])
                                rd_kafka_topic_partition_list_add(list, w->topics.names[i], p)->offset = next[i];
                }
                if (list->cnt == before && w->inputs) /* nothing moved: say again what stands there, to prove that it is ours */
                        rd_kafka_topic_partition_list_add(list, w->topics.names[0], p)->offset = next[0];
        }
        return list;
}

static void mark_committed(struct kafka_worker *w) {
        for (int32_t p = 0; p < w->partitions; p++) {
                struct kafka_worker_part *part = &w->parts[p];

                if (!part->moved && !part->touched)
                        continue;
                memcpy(kafka_worker_done(w, p), kafka_worker_next(w, p), w->inputs * sizeof(int64_t));
                part->moved = part->touched = false;
        }
}

static int worker_commit(struct bus_worker *worker, struct error *err) {
        struct kafka_worker *w = of(worker);
        rd_kafka_topic_partition_list_t *list;
        int r = 0;

        if (w->stale) { /* without the offsets of its partitions nothing would prove that they were still ours */
                error_set(err, "the partitions of this transaction are gone");
                return BUS_E_ABORTED;
        }
        r = send_rows(w, err);
        if (r)
                return r;
        list = list_positions(w);
        if (!list)
                return -ENOMEM;
        rd_kafka_poll(w->producer.client.rk, 0);
        if (list->cnt || (w->producer.txn.open && w->producer.txn.sent))
                r = kafka_txn_commit(&w->producer.txn, list, w->client.rk, err);
        rd_kafka_poll(w->producer.client.rk, 0);
        rd_kafka_topic_partition_list_destroy(list);
        if (r == 0)
                mark_committed(w);
        return r;
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

static int worker_abort(struct bus_worker *worker, struct error *err) {
        struct kafka_worker *w = of(worker);
        int r;

        kafka_worker_drop_message(w);
        kafka_rows_drop(&w->rows);
        rd_kafka_poll(w->producer.client.rk, 0);
        r = kafka_txn_abort(&w->producer.txn, err);
        rd_kafka_poll(w->producer.client.rk, 0);
        w->stale = false;
        if (r)
                return r;
        back_off(w);
        return kafka_worker_rewind(w, err);
}

static int worker_settle(struct bus_worker *worker, struct error *err) {
        return kafka_worker_settle(of(worker), err);
}

static int32_t worker_partitions(struct bus_worker *worker) {
        return of(worker)->partitions;
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

static void worker_close(struct bus_worker *worker, bool leave) {
        struct kafka_worker *w = of(worker);
        struct error ignored; /* the broker aborts by itself what cannot be aborted here */

        kafka_worker_drop_message(w);
        kafka_worker_drop_ahead(w);
        if (w->queue) /* before the consumer closes */
                rd_kafka_queue_destroy(w->queue);
        if (w->producer.client.rk && w->producer.txn.open && !w->producer.txn.ended)
                (void)kafka_txn_abort(&w->producer.txn, &ignored);
        kafka_group_close(&w->group, leave);
        kafka_client_close(&w->client);
        close_producer(w);
        kafka_topics_done(&w->topics);
        free(w->parts);
        free(w->next);
        free(w->committed);
        free(w->handed);
        free(w->headers.items);
        free(w);
}

static const struct bus_worker_ops worker_ops = {
        .poll = worker_poll,
        .restore = worker_restore,
        .ends = worker_ends,
        .positions = worker_positions,
        .start = worker_start,
        .produce = worker_produce,
        .commit = worker_commit,
        .abort = worker_abort,
        .settle = worker_settle,
        .partitions = worker_partitions,
        .close = worker_close,
};

static int open_consumer(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        char *group = kafka_name(w->bus, config->group);
        const struct kafka_client_options options = {
                .role = KAFKA_WORKER, .group = group, .instance = config->instance, .eof = true, .rebalance = on_rebalance, .opaque = w};
        const char **names = calloc(config->inputs_n + 1, sizeof(*names));
        int r = group && names ? kafka_client_open(&w->client, w->bus, &options, err) : -ENOMEM;

        for (size_t i = 0; names && i < config->inputs_n; i++)
                names[i] = config->inputs[i];
        if (r == 0) {
                w->queue = rd_kafka_queue_get_consumer(w->client.rk);
                names[config->inputs_n] = config->state;
                r = kafka_topics_init(&w->topics, w->bus, names, config->inputs_n + 1, err);
        }
        if (r == 0)
                r = kafka_partitions(&w->client, (const char *const *)w->topics.names, w->topics.n, KAFKA_MISSING_FAILS, w->topics.partitions, err);
        free(names);
        free(group);
        return r;
}

/* Partition p of every input belongs to the owner of partition p of the state, so there must be as many. */
static int take_partitions(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        size_t cells;

        w->inputs = config->inputs_n;
        w->partitions = w->topics.partitions[w->inputs];
        for (size_t i = 0; i < w->inputs; i++) {
                if (w->topics.partitions[i] == w->partitions)
                        continue;
                error_set(err, "the topic %s has %d partitions and %s has %d: they must be equal; partitions of topics are never changed",
                          w->topics.names[i], (int)w->topics.partitions[i], w->topics.names[w->inputs], (int)w->partitions);
                return -EINVAL;
        }
        cells = (size_t)w->partitions * (w->inputs + 1);
        w->parts = calloc((size_t)w->partitions, sizeof(*w->parts));
        w->handed = calloc((size_t)w->partitions, sizeof(*w->handed));
        w->next = calloc(cells, sizeof(*w->next));
        w->committed = calloc(cells, sizeof(*w->committed));
        return w->parts && w->handed && w->next && w->committed ? 0 : -ENOMEM;
}

static int open_producer(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        char *group = kafka_name(w->bus, config->group);
        char id[2 * BUS_NAME_MAX];
        const struct kafka_client_options options = {
                .role = KAFKA_TXN, .transactional_id = id, .delivered = on_delivered, .report_errors_only = true, .opaque = &w->producer};
        int r;

        if (!group)
                return -ENOMEM;
        snprintf(id, sizeof(id), "%s-%s", group, config->instance);
        free(group);
        r = kafka_client_open(&w->producer.client, w->bus, &options, err);
        if (r == 0)
                r = kafka_topics_init(&w->written, w->bus, config->outputs, config->outputs_n, err);
        if (r)
                return r;
        w->producer.txn.client = &w->producer.client;
        w->state_output = kafka_topics_find(&w->written, w->topics.names[w->inputs]);
        w->outputs = calloc(w->written.n + 1, sizeof(*w->outputs));
        if (!w->outputs)
                return -ENOMEM;
        /* Before the handles: the question for one topic makes it on a broker that is set up so. */
        r = kafka_partitions(&w->producer.client, (const char *const *)w->written.names, w->written.n, KAFKA_MISSING_FAILS,
                             w->written.partitions, err);
        if (r)
                return r;
        for (size_t i = 0; i < w->written.n; i++) {
                w->outputs[i].topic = rd_kafka_topic_new(w->producer.client.rk, w->written.names[i], NULL);
                if (!w->outputs[i].topic)
                        return kafka_failed(&w->producer.client, "opening a topic", rd_kafka_last_error(), NULL, err);
        }
        /* Again with its topics known: that warms up its own metadata, without which the first record waits a second. */
        r = kafka_partitions(&w->producer.client, (const char *const *)w->written.names, w->written.n, KAFKA_MISSING_FAILS,
                             w->written.partitions, err);
        for (size_t i = 0; r == 0 && i < w->written.n; i++)
                w->outputs[i].partitions = w->written.partitions[i];
        if (r == 0 && w->state_output >= 0)
                r = kafka_rows_init(&w->rows, w->outputs[w->state_output].topic);
        return r;
}

/*
 * Opens the producer and takes up its transactional id. When a predecessor died in the midst of a transaction the broker refuses until
 * it has aborted that, some tens of milliseconds; but librdkafka asks again only after half a second. A handle made anew asks at once.
 */
static int take_over(struct kafka_worker *w, const struct bus_worker_config *config, struct error *err) {
        for (int i = 0;; i++) {
                bool last = i == TAKE_OVER_TRIES;
                int r = open_producer(w, config, err);

                if (r)
                        return r;
                r = kafka_txn_init(&w->producer.txn, last ? BUS_CALL_MS : TAKE_OVER_MS, err);
                if (r != -EAGAIN)
                        return r;
                close_producer(w);
        }
}

int kafka_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) {
        struct kafka_worker *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->bus = (struct kafka_bus *)b;
        w->worker.ops = &worker_ops;
        w->group.client = &w->client;
        r = open_consumer(w, config, err);
        if (r == 0)
                r = take_partitions(w, config, err);
        if (r == 0)
                r = take_over(w, config, err);
        if (r == 0)
                r = kafka_group_join(&w->group, &w->topics, err);
        if (r) {
                worker_close(&w->worker, false);
                return r;
        }
        *ret = &w->worker;
        return 0;
}
