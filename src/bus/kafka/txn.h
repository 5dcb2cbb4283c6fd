/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Transactions of one producer
 *
 * Begun lazily, one at a time, each error judged in one way: abort, again, or the end of the producer.
 */

#include "bus/kafka/client.h"

struct kafka_txn {
        struct kafka_client *client;
        bool open;     /* begun at librdkafka */
        bool ended;    /* a call went wrong for good: this producer finishes nothing any more, its successor does */
        uint64_t sent; /* records and offsets since then */
};

/* Whether there is anything to commit or to abort. */
static inline bool kafka_txn_has_work(const struct kafka_txn *t) {
        return t->open && t->sent > 0;
}

/*
 * Takes up the transactional id, after the broker has aborted what is open under it. Return: 0; -EAGAIN when @limit_ms is less than
 * BUS_CALL_MS and has passed: the handle is to be closed, another one may ask; other negative errno.
 */
int kafka_txn_init(struct kafka_txn *t, int limit_ms, struct error *err) MUSTCHECK;

/* No effect when one is open. Return: 0; BUS_E_ABORTED; negative errno. */
int kafka_txn_begin(struct kafka_txn *t, struct error *err) MUSTCHECK;

/* @offsets: next to read; @group: whose; both NULL: none. Return: 0; BUS_E_ABORTED; negative errno. */
int kafka_txn_commit(struct kafka_txn *t, const rd_kafka_topic_partition_list_t *offsets, rd_kafka_t *group, struct error *err) MUSTCHECK;

/* One in which nothing was sent stays open. Return: 0 or negative errno. */
int kafka_txn_abort(struct kafka_txn *t, struct error *err) MUSTCHECK;

/* At closing: aborts what can still be aborted; the broker does the rest by itself, when its time is over. */
void kafka_txn_close(struct kafka_txn *t);

/* What a failed produce means. Return: 0: the queue was full and has room again, try again; BUS_E_ABORTED; negative errno. */
int kafka_txn_send_failed(struct kafka_txn *t, rd_kafka_resp_err_t code, struct error *err) MUSTCHECK;
