/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Cases that wait for their evaluation: touched while nothing was told, or due
 *
 * The next instant of a case follows from its facts, so there is nothing to persist. A sweep is
 * bounded and takes the partitions in turns, so that reading goes on meanwhile.
 */

#include "worker/inside.h"

/* The case that comes next, or NULL. *ret_late: how late it is; -1 for a touched one. */
static struct casefile *next_case(const struct partition *p, instant_t now, int64_t *ret_late) {
        struct casefile *file = store_touched(p->store);
        instant_t at;

        *ret_late = -1;
        if (file)
                return file;
        at = store_next(p->store, &file);
        if (at == INSTANT_NEVER || at > now)
                return NULL;
        *ret_late = now - at;
        return file;
}

/* A case that is forgotten writes a row for each that it had: it counts for as many evaluations as that is work. */
static void forgot(struct worker *w, const struct outcome *outcome, unsigned *left) {
        size_t evaluations = outcome->n_rows / WORKER_SWEEP_ROWS;

        transaction_weigh(w, outcome->n_rows);
        *left -= evaluations < *left ? (unsigned)evaluations : *left;
        w->tally.forgotten++;
}

static int sweep_partition(struct worker *w, struct partition *p, unsigned *left, struct error *err) {
        while (*left > 0) {
                const struct outcome *outcome;
                struct casefile *file;
                instant_t now = partition_now(w, p);
                int64_t late;
                int r;

                file = next_case(p, now, &late);
                if (!file)
                        return 0;
                (*left)--;
                arena_reset(w->scratch);
                r = engine_evaluate(w->engine, p->store, file, now, &outcome);
                if (r) {
                        error_set(err, "out of memory while a case of partition %d was evaluated", p->number);
                        return r;
                }
                transaction_touch(w);
                if (late >= 0)
                        metrics_overdue(w, late);
                if (outcome->forgotten)
                        forgot(w, outcome, left);
                r = tell_outcome(w, p, outcome, now, (struct trace_context){0}, err);
                if (r)
                        return r;
        }
        return 0;
}

int sweep(struct worker *w, struct error *err) {
        int64_t begin = worker_monotonic(w);
        unsigned left = WORKER_SWEEP_CASES;

        w->unswept = 0;
        for (size_t i = 0; i < w->n_owned && left > 0; i++) {
                struct partition *p = w->owned[(w->turn + i) % w->n_owned];
                int r;

                if (!partition_tells(w, p))
                        continue;
                r = sweep_partition(w, p, &left, err);
                if (r)
                        return r;
        }
        if (w->n_owned)
                w->turn = (w->turn + 1) % w->n_owned;
        w->backlog = left == 0;
        if (left < WORKER_SWEEP_CASES)
                metrics_swept(w, worker_monotonic(w) - begin);
        return 0;
}

int sweep_wait_ms(const struct worker *w, int at_most) {
        for (size_t i = 0; i < w->n_owned && at_most > 0; i++) {
                const struct partition *p = w->owned[i];
                struct casefile *file;
                instant_t at, now;

                if (!partition_tells(w, p))
                        continue;
                if (store_touched(p->store))
                        return 0;
                at = store_next(p->store, &file);
                now = partition_now(w, p);
                if (at == INSTANT_NEVER || at - now >= at_most)
                        continue;
                at_most = at > now ? (int)(at - now) : 0;
        }
        return at_most;
}

void sweep_settled(struct worker *w) {
        int64_t late;

        if (w->txn.open || w->backlog || w->n_not_live || w->n_owned == 0 || w->clock_away)
                return;
        for (size_t i = 0; i < w->n_owned; i++) {
                if (next_case(w->owned[i], partition_now(w, w->owned[i]), &late))
                        return;
        }
        atomic_store(&w->shown.settled_at, w->now.deciding);
}
