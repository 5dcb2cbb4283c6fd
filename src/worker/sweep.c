/* SPDX-License-Identifier: EUPL-1.2 */

/* Evaluates the cases that wait for it, each at the present of its partition. */

#include "worker/sweep.h"

#include <assert.h>
#include <errno.h>

/* The case that comes next, or NULL. *ret_late: how late it is; -1 for a touched one. */
static struct casefile *sweep_next(const struct partition *p, instant_t now, int64_t *ret_late) {
        struct casefile *casefile = store_touched(p->store);
        instant_t at;

        *ret_late = -1;
        if (casefile)
                return casefile;
        at = store_next(p->store, &casefile);
        if (at == INSTANT_NEVER || at > now)
                return NULL;
        *ret_late = now - at;
        return casefile;
}

/* A case that is forgotten writes a row for each that it had: it counts for as many evaluations as that is work. */
static void sweep_forgot(struct transaction *txn, const struct outcome *outcome, unsigned *left) {
        size_t evaluations = outcome->n_rows / SWEEP_ROWS;

        assert(outcome->forgotten && outcome->n_rows > 0);
        transaction_weigh(txn, outcome->n_rows);
        *left -= evaluations < *left ? (unsigned)evaluations : *left;
        meter_forgotten(&txn->ground->meter);
}

static int sweep_partition(struct transaction *txn, struct partition *p, unsigned *left, struct error *err) {
        struct ground *g = txn->ground;

        assert(p->state == PARTITION_LIVE);
        while (*left > 0) {
                const struct outcome *outcome;
                struct casefile *casefile;
                instant_t now = partition_now(txn->parts, p);
                int64_t late;
                int r;

                casefile = sweep_next(p, now, &late);
                if (!casefile)
                        return 0;
                (*left)--;
                arena_reset(g->scratch);
                r = engine_evaluate(g->engine, p->store, casefile, now, &outcome);
                if (r) {
                        error_set(err, "out of memory while a case of partition %d was evaluated", p->number);
                        return r;
                }
                transaction_touch(txn);
                if (late >= 0)
                        meter_overdue(&g->meter, late);
                if (outcome->forgotten)
                        sweep_forgot(txn, outcome, left);
                r = tell_outcome(txn->teller, p->number, outcome, (struct text){0}, err);
                if (r)
                        return r;
        }
        return 0;
}

int sweep_cases(struct sweep *sweep, struct error *err) {
        struct partitions *parts = sweep->txn->parts;
        int64_t begin = ground_monotonic(parts->ground);
        unsigned left = SWEEP_CASES;

        sweep->records = 0;
        for (size_t i = 0; i < parts->n_owned && left > 0; i++) {
                struct partition *p = parts->owned[(sweep->turn + i) % parts->n_owned];
                int r;

                if (!partition_tells(parts, p))
                        continue;
                r = sweep_partition(sweep->txn, p, &left, err);
                if (r)
                        return r;
        }
        if (parts->n_owned)
                sweep->turn = (sweep->turn + 1) % parts->n_owned;
        parts->backlog = left == 0;
        if (left < SWEEP_CASES)
                meter_swept(&parts->ground->meter, ground_monotonic(parts->ground) - begin);
        return 0;
}

int sweep_wait_ms(const struct sweep *sweep, int at_most) {
        const struct partitions *parts = sweep->txn->parts;

        for (size_t i = 0; i < parts->n_owned && at_most > 0; i++) {
                const struct partition *p = parts->owned[i];
                struct casefile *casefile;
                instant_t at, now;

                if (!partition_tells(parts, p))
                        continue;
                if (store_touched(p->store))
                        return 0;
                at = store_next(p->store, &casefile);
                now = partition_now(parts, p);
                if (at == INSTANT_NEVER || at - now >= at_most)
                        continue;
                at_most = at > now ? (int)(at - now) : 0;
        }
        return at_most;
}

bool sweep_is_settled(const struct sweep *sweep) {
        const struct partitions *parts = sweep->txn->parts;
        int64_t late;

        if (sweep->txn->open || parts->backlog || parts->n_not_live || parts->n_owned == 0 || parts->clock_away)
                return false;
        for (size_t i = 0; i < parts->n_owned; i++) {
                if (sweep_next(parts->owned[i], partition_now(parts, parts->owned[i]), &late))
                        return false;
        }
        return true;
}
