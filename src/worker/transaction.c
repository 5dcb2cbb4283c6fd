/* SPDX-License-Identifier: EUPL-1.2 */

/* Counts what is in the open transaction, and ends it for the bus, for the stores and for the meter alike. */

#include "worker/transaction.h"

#include <assert.h>
#include <errno.h>

int transaction_init(struct transaction *txn, struct ground *ground, struct partitions *parts, struct teller *teller) {
        *txn = (struct transaction){
                .ground = ground, .parts = parts, .teller = teller, .committed = ground->now.monotonic - TRANSACTION_PAUSE_MS};
        return row_codec_new(&txn->rows);
}

void transaction_done(struct transaction *txn) {
        row_codec_free(txn->rows);
        txn->rows = NULL;
}

/* Whether many small transactions would only cost: a backlog is read, or many cases wait. */
static bool transaction_in_bulk(const struct transaction *txn) {
        return txn->parts->n_not_live > 0 || txn->parts->backlog;
}

void transaction_touch(struct transaction *txn) {
        if (!txn->open) {
                txn->open = true;
                txn->units = 0;
                txn->first = txn->ground->now.monotonic;
        }
        txn->units++;
}

void transaction_weigh(struct transaction *txn, size_t rows) {
        assert(txn->open && rows < UINT32_MAX - txn->units);
        txn->units += (unsigned)rows;
}

bool transaction_is_due(const struct transaction *txn, bool idle) {
        int64_t now = txn->ground->now.monotonic;

        if (!txn->open)
                return false;
        assert(txn->first <= now);
        if (transaction_in_bulk(txn))
                return now - txn->first >= TRANSACTION_BEHIND_AGE_MS || txn->units >= TRANSACTION_BEHIND_UNITS;
        if (txn->units >= TRANSACTION_UNITS)
                return true;
        if (now - txn->committed < TRANSACTION_PAUSE_MS)
                return false;
        return idle || now - txn->first >= TRANSACTION_AGE_MS;
}

int transaction_wait_ms(const struct transaction *txn, int at_most) {
        int64_t due, now = txn->ground->now.monotonic;

        if (!txn->open)
                return at_most;
        due = transaction_in_bulk(txn) ? txn->first + TRANSACTION_BEHIND_AGE_MS : txn->committed + TRANSACTION_PAUSE_MS;
        if (due <= now)
                return 0;
        return due - now < at_most ? (int)(due - now) : at_most;
}

/* What the rows of new partitions lack goes with the first transaction that is committed: an aborted one takes it back. */
static int transaction_write_marks(struct transaction *txn, struct error *err) {
        const struct partitions *parts = txn->parts;

        for (size_t i = 0; i < parts->n_owned; i++) {
                int r = parts->owned[i]->marked ? 0 : restore_write_marks(txn->teller, parts->owned[i], txn->rows, parts->n, err);

                if (r)
                        return r;
        }
        return 0;
}

int transaction_commit(struct transaction *txn, struct error *err) {
        struct ground *g = txn->ground;
        int64_t begin = ground_monotonic(g);
        int r;

        if (!txn->open)
                return 0;
        r = transaction_write_marks(txn, err);
        if (r)
                return r;
        r = bus_worker_commit(g->bus, err);
        if (r)
                return error_trace(r, err);
        for (size_t i = 0; i < txn->parts->n_owned; i++) {
                store_commit(txn->parts->owned[i]->store);
                txn->parts->owned[i]->marked = true;
        }
        txn->open = false;
        txn->aborts = 0;
        ground_look(g);
        txn->committed = g->now.monotonic;
        meter_committed(&g->meter, txn->committed - begin);
        return 0;
}

int transaction_abort(struct transaction *txn, struct error *err) {
        struct ground *g = txn->ground;
        bool unmarked = false;
        int r;

        log_line(g->log, TRANSACTION_ABORTED, LOG_STRING("instance", g->instance), LOG_INT("units", txn->units), LOG_STRING("reason", err->text));
        if (++txn->aborts > TRANSACTION_ABORTS_MAX) {
                error_prefix(err, "%d transactions in a row were aborted; look at the broker, then start the worker again", TRANSACTION_ABORTS_MAX);
                return -EIO;
        }
        r = bus_worker_abort(g->bus, err);
        if (r)
                return error_trace(r, err);
        for (size_t i = 0; i < txn->parts->n_owned; i++) {
                struct partition *p = txn->parts->owned[i];

                store_rollback(p->store);
                partition_rewound(txn->parts, p);
                unmarked |= !p->marked;
        }
        txn->open = false;
        if (unmarked)
                transaction_touch(txn);
        meter_aborted(&g->meter);
        return 0;
}
