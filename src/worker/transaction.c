/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * When a transaction ends, and what becomes real or never was with it
 *
 * The bus begins it with the first record written. It is committed when nothing waits to be read, when
 * it is WORKER_COMMIT_AGE_MS old or full, and never within WORKER_COMMIT_PAUSE_MS of the last one;
 * while a partition is behind, by age and size alone. Stores keep what it changes provisional.
 */

#include <errno.h>

#include "worker/inside.h"

/* Whether many small transactions would only cost: a backlog is read, or many cases wait. */
static bool in_bulk(const struct worker *w) {
        return w->n_not_live > 0 || w->backlog;
}

void transaction_touch(struct worker *w) {
        if (!w->txn.open) {
                w->txn.open = true;
                w->txn.units = 0;
                w->txn.first = w->now.monotonic;
        }
        w->txn.units++;
}

void transaction_weigh(struct worker *w, size_t rows) {
        w->txn.units += (unsigned)rows;
}

bool transaction_due(const struct worker *w) {
        int64_t now = w->now.monotonic;

        if (!w->txn.open)
                return false;
        if (in_bulk(w))
                return now - w->txn.first >= WORKER_BEHIND_COMMIT_AGE_MS || w->txn.units >= WORKER_BEHIND_COMMIT_UNITS;
        if (w->txn.units >= WORKER_COMMIT_UNITS)
                return true;
        if (now - w->txn.committed < WORKER_COMMIT_PAUSE_MS)
                return false;
        return w->idle || now - w->txn.first >= WORKER_COMMIT_AGE_MS;
}

int transaction_wait_ms(const struct worker *w, int at_most) {
        int64_t due, now = w->now.monotonic;

        if (!w->txn.open)
                return at_most;
        due = in_bulk(w) ? w->txn.first + WORKER_BEHIND_COMMIT_AGE_MS : w->txn.committed + WORKER_COMMIT_PAUSE_MS;
        if (due <= now)
                return 0;
        return due - now < at_most ? (int)(due - now) : at_most;
}

/* What the rows of new partitions lack goes with the first transaction that is committed: an aborted one takes it back. */
static int write_marks(struct worker *w, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < w->n_owned; i++) {
                if (!w->owned[i]->marked)
                        r = restore_write_marks(w, w->owned[i], err);
        }
        return r;
}

int transaction_commit(struct worker *w, struct error *err) {
        int64_t begin = worker_monotonic(w);
        int r;

        if (!w->txn.open)
                return 0;
        r = write_marks(w, err);
        if (r == 0)
                r = bus_worker_commit(w->bus, err);
        if (r)
                return r;
        for (size_t i = 0; i < w->n_owned; i++) {
                store_commit(w->owned[i]->store);
                w->owned[i]->told_at = w->owned[i]->told_staged;
                w->owned[i]->marked = true;
        }
        w->txn.open = false;
        w->txn.aborts = 0;
        clock_look(w);
        w->txn.committed = w->now.monotonic;
        metrics_commit_took(w, w->txn.committed - begin);
        metrics_committed(w);
        return 0;
}

int transaction_abort(struct worker *w, struct error *err) {
        bool unmarked = false;
        int r;

        log_line(w->c.log, TRANSACTION_ABORTED, LOG_STRING("instance", w->c.instance), LOG_INT("units", w->txn.units),
                 LOG_STRING("reason", err->text));
        if (++w->txn.aborts > WORKER_ABORTS_MAX) {
                error_prefix(err, "%d transactions in a row were aborted; look at the broker, then start the worker again", WORKER_ABORTS_MAX);
                return -EIO;
        }
        r = bus_worker_abort(w->bus, err);
        if (r)
                return r;
        for (size_t i = 0; i < w->n_owned; i++) {
                struct partition *p = w->owned[i];

                store_rollback(p->store);
                p->told_staged = p->told_at;
                behind_rewound(w, p);
                unmarked |= !p->marked;
        }
        w->txn.open = false;
        if (unmarked)
                transaction_touch(w);
        w->idle = false;
        metrics_dropped(w);
        return 0;
}
