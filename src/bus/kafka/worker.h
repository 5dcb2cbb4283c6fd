/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The parts of a Kafka worker; for kafka_worker*.c only
 */

#include "bus/kafka/parts.h"

#define KAFKA_WORKER_AHEAD 256 /* messages taken from librdkafka's queue at once: one lock for all */

struct kafka_worker_part {
        bool owned, restored, started;
        bool moved;   /* records were handed out since the last commit */
        bool touched; /* its state was written since the last commit */
};

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
        int64_t state_output; /* place of the state among the outputs; -1: it is not written */
        struct kafka_rows rows; /* of the state, in the open transaction, that librdkafka does not have yet */

        int32_t partitions; /* of the state and of every input */
        bool stale; /* the open transaction holds work of partitions that are gone: it can only be aborted */
        struct kafka_worker_part *parts;  /* [partitions] */
        int64_t *next, *committed;        /* [partitions][inputs] */
        struct bus_part *handed;          /* [partitions]: of the event */
        size_t handed_n;

        int64_t aborted;        /* monotonic: end of the last abort; 0: none */
        int64_t abort_pause_ms; /* what it waited before it read again */

        rd_kafka_queue_t *queue;     /* the consumer's */
        rd_kafka_message_t *ahead[KAFKA_WORKER_AHEAD]; /* taken from it and not handed out: [ahead_at .. ahead_n) */
        size_t ahead_at, ahead_n;
        rd_kafka_message_t *message; /* handed out last */
        struct kafka_headers headers;
};

/* kafka_worker_read.c */
int kafka_worker_poll(struct kafka_worker *w, int timeout_ms, struct bus_event *ret, struct error *err) MUSTCHECK;
int kafka_worker_restore(struct kafka_worker *w, const struct bus_part *parts, size_t n, const struct bus_restore *r, struct error *err) MUSTCHECK;
int kafka_worker_start(struct kafka_worker *w, const struct bus_part *parts, size_t n, struct error *err) MUSTCHECK;
int kafka_worker_ends(struct kafka_worker *w, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) MUSTCHECK;
int kafka_worker_settle(struct kafka_worker *w, struct error *err) MUSTCHECK;
int kafka_worker_rewind(struct kafka_worker *w, struct error *err) MUSTCHECK;
void kafka_worker_drop_message(struct kafka_worker *w);
void kafka_worker_drop_ahead(struct kafka_worker *w); /* whoever calls it seeks all inputs, or gives them up */

/* kafka_worker.c */
rd_kafka_resp_err_t kafka_worker_send_rows(struct kafka_worker *w); /* one try; what it leaves is for the next */

static inline int64_t *kafka_worker_next(struct kafka_worker *w, int32_t partition) {
        return w->next + (size_t)partition * w->inputs;
}
static inline int64_t *kafka_worker_done(struct kafka_worker *w, int32_t partition) {
        return w->committed + (size_t)partition * w->inputs;
}
