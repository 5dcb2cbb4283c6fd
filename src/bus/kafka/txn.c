/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Transactions of one producer
 *
 * Every error is looked at in one order: must the transaction be aborted; may the call be tried
 * again; else it is the end of this producer, and the process that is started next completes or
 * aborts what is open by taking over the transactional id.
 *
 * What becomes of an answer of the broker, most of it by librdkafka's own judgement (each row is in
 * tests/integration/test_transactions.c):
 *
 *   request             tried again                     aborted, done again              the end, exit status 3
 *   FindCoordinator     not available, loading          -                                may not use the transactional id
 *   InitProducerId      loading, concurrent, moved,     -                                fenced, may not, time-out refused
 *                       closed, any unknown code
 *   AddPartitionsToTxn  loading, concurrent, moved,     may not write the topic, id      fenced, may not use the id,
 *                       topic not known yet, closed     lost, any unknown code           invalid state
 *   Produce             leader moved, too few           too large, invalid, id lost,     fenced (invalid epoch), sequence
 *                       replicas, timed out, closed     fenced (then by the abort),      out of order; may not write (said
 *                                                       any unknown code                 when it is sent again)
 *   AddOffsetsToTxn     loading, concurrent, moved,     may not use the group,           fenced, may not use the id,
 *                       timed out, closed               any unknown code                 invalid state
 *   TxnOffsetCommit     loading, moved, timed out,      generation or member not known,  fenced, may not use the id,
 *                       closed                          instance fenced (then by the     invalid state
 *                                                       group), any unknown code
 *   EndTxn, commit      loading, concurrent, moved,     id lost, any unknown code        fenced, also when it was open too
 *                       closed, answered late                                            long; invalid state; no answer
 *                                                                                        within BUS_CALL_MS
 *   EndTxn, abort       loading, concurrent, moved,     id lost                          fenced, invalid state, any unknown
 *                       closed                                                           code
 *
 * A commit without an answer may have taken place or not: nothing here tries to find out. The next process does, because
 * it restores from what stands committed. And no abort is tried any more once a call has ended the producer:
 * librdkafka would only insist on the commit that it does not know the end of.
 * An abort that comes TRANSACTION_ABORTS_MAX times in a row is the end, too (worker/transaction.c).
 */

#include <errno.h>

#include "bus/kafka/txn.h"

#define CALL_MS 5000 /* one try; a commit or abort that timed out is resumed by calling it again */

enum verdict { DONE, AGAIN, ABORT, END };

static enum verdict txn_judge(const rd_kafka_error_t *error) {
        if (!error)
                return DONE;
        if (rd_kafka_error_txn_requires_abort(error))
                return ABORT;
        if (rd_kafka_error_is_retriable(error))
                return AGAIN;
        return END;
}

/* What one call is made with. */
struct call {
        const char *name; /* as in librdkafka, for the watchdog's log */
        const char *what; /* for the sentence */
        rd_kafka_error_t *(*run)(struct kafka_txn *t, void *args);
        void *args;
        int64_t limit_ms;
        int late; /* returned when it may be tried again and the limit has come; 0: what fits the error */
};

/* Return: 0; BUS_E_ABORTED; negative errno. */
static int txn_call(struct kafka_txn *t, const struct call *call, struct error *err) {
        const struct kafka_bus *bus = t->client->bus;
        int64_t until = clock_monotonic(&bus->clock) + call->limit_ms;

        for (;;) {
                int token = watchdog_enter(bus->watchdog, call->name, call->limit_ms + CALL_MS);
                CLEANUP(rd_kafka_error_destroy_p) rd_kafka_error_t *error = call->run(t, call->args);
                enum verdict verdict = txn_judge(error);
                int r;

                watchdog_leave(bus->watchdog, token);
                if (verdict == DONE)
                        return 0;
                if (verdict == AGAIN && kafka_again(bus, until))
                        continue;
                if (verdict == ABORT) {
                        t->sent++; /* whatever was sent: librdkafka waits for its abort now */
                        log_line(bus->log, BUS_ABORTED, LOG_STRING("call", call->name),
                                 LOG_STRING("reason", rd_kafka_error_string(error)));
                        error_set(err, "%s: %s", call->what, rd_kafka_error_string(error));
                        return BUS_E_ABORTED;
                }
                t->ended = true;
                r = kafka_failed_error(t->client, call->what, TAKE(error), err);
                return verdict == AGAIN && call->late ? call->late : r;
        }
}

static rd_kafka_error_t *call_init(struct kafka_txn *t, void *args) {
        const int *limit_ms = args;

        return rd_kafka_init_transactions(t->client->rk, *limit_ms < CALL_MS ? *limit_ms : CALL_MS);
}

int kafka_txn_init(struct kafka_txn *t, int limit_ms, struct error *err) {
        int r = txn_call(t, &(struct call){.name = "rd_kafka_init_transactions", .what = "taking up the transactional id", .run = call_init,
                                      .args = &limit_ms, .limit_ms = limit_ms, .late = limit_ms < BUS_CALL_MS ? -EAGAIN : 0}, err);

        return r == BUS_E_ABORTED ? -EIO : r;
}

static rd_kafka_error_t *call_begin(struct kafka_txn *t, void *args) {
        (void)args;
        return rd_kafka_begin_transaction(t->client->rk);
}

int kafka_txn_begin(struct kafka_txn *t, struct error *err) {
        int r;

        if (t->open)
                return 0;
        r = kafka_client_fatal(t->client, err); /* begin would hang after one */
        if (r)
                return r;
        r = txn_call(t, &(struct call){.name = "rd_kafka_begin_transaction", .what = "beginning a transaction", .run = call_begin,
                                       .limit_ms = BUS_CALL_MS}, err);
        if (r)
                return r;
        t->open = true;
        t->sent = 0;
        return 0;
}

struct offsets_args {
        const rd_kafka_topic_partition_list_t *offsets;
        const rd_kafka_consumer_group_metadata_t *group;
};

/* Not resumable: each try sends the same offsets of the same generation anew. Its own time-out does not hold when the coordinator is down. */
static rd_kafka_error_t *call_offsets(struct kafka_txn *t, void *args) {
        const struct offsets_args *a = args;

        return rd_kafka_send_offsets_to_transaction(t->client->rk, a->offsets, a->group, CALL_MS);
}

static rd_kafka_error_t *call_commit(struct kafka_txn *t, void *args) {
        (void)args;
        return rd_kafka_commit_transaction(t->client->rk, CALL_MS);
}

static int send_offsets(struct kafka_txn *t, const rd_kafka_topic_partition_list_t *offsets, rd_kafka_t *group, struct error *err) {
        CLEANUP(rd_kafka_consumer_group_metadata_destroy_p) rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata(group);
        int r;

        if (!metadata) {
                error_set(err, "the consumer has no membership to commit for");
                return -EIO;
        }
        r = txn_call(t, &(struct call){.name = "rd_kafka_send_offsets_to_transaction", .what = "committing offsets in the transaction",
                                       .run = call_offsets, .args = &(struct offsets_args){offsets, metadata}, .limit_ms = BUS_CALL_MS}, err);
        if (r)
                return r;
        t->sent++;
        return 0;
}

int kafka_txn_commit(struct kafka_txn *t, const rd_kafka_topic_partition_list_t *offsets, rd_kafka_t *group, struct error *err) {
        int r = kafka_txn_begin(t, err);

        if (r)
                return r;
        if (offsets && offsets->cnt) {
                r = send_offsets(t, offsets, group, err);
                if (r)
                        return r;
        }
        r = txn_call(t, &(struct call){.name = "rd_kafka_commit_transaction", .what = "the commit", .run = call_commit,
                                       .limit_ms = BUS_CALL_MS}, err);
        if (r)
                return r;
        t->open = false;
        t->sent = 0;
        return 0;
}

static rd_kafka_error_t *call_abort(struct kafka_txn *t, void *args) {
        (void)args;
        return rd_kafka_abort_transaction(t->client->rk, CALL_MS);
}

int kafka_txn_abort(struct kafka_txn *t, struct error *err) {
        int r;

        /* One in which nothing was sent stays open for the next use: 2.0.2 does not abort an empty one well. */
        if (!kafka_txn_has_work(t))
                return kafka_client_fatal(t->client, err);
        r = txn_call(t, &(struct call){.name = "rd_kafka_abort_transaction", .what = "aborting a transaction", .run = call_abort,
                                       .limit_ms = BUS_CALL_MS}, err);
        if (r == BUS_E_ABORTED)
                return -EIO; /* an abort that asks for an abort: nothing left but to start anew */
        if (r)
                return r;
        t->open = false;
        t->sent = 0;
        return 0;
}

void kafka_txn_close(struct kafka_txn *t) {
        struct error ignored;

        if (t->open && !t->ended && kafka_txn_abort(t, &ignored))
                t->ended = true;
}

int kafka_txn_send_failed(struct kafka_txn *t, rd_kafka_resp_err_t code, struct error *err) {
        const struct kafka_bus *bus = t->client->bus;
        int r = kafka_client_fatal(t->client, err);

        if (r)
                return r;
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                int64_t until = clock_monotonic(&bus->clock) + BUS_CALL_MS;

                do { /* at least once: somebody may have set a queue shorter than ours */
                        rd_kafka_poll(t->client->rk, KAFKA_TURN_MS / 10);
                } while (rd_kafka_outq_len(t->client->rk) > BUS_PRODUCE_MESSAGES / 2 && clock_monotonic(&bus->clock) < until);
                if (clock_monotonic(&bus->clock) < until)
                        return 0;
        }
        if (code == RD_KAFKA_RESP_ERR__STATE) { /* the transaction has failed in the background and wants its abort */
                error_set(err, "a record of the transaction was not delivered");
                t->sent++;
                return BUS_E_ABORTED;
        }
        return kafka_failed(t->client, "sending a record", code, NULL, err);
}
