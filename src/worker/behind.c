/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Behind: what a backlog contains is judged whole
 *
 * A partition is behind from its assignment until each of its inputs has been read to the end that
 * stood then, and again whenever a record is older than behind_after when it is read. While it is
 * behind, facts are accepted and nothing is told; the engine marks their cases as touched, and the
 * sweep evaluates each of them once when the partition has caught up. Nothing of this is persisted: a
 * successor starts behind.
 */

#include "worker/inside.h"

int behind_begin(struct worker *w, struct partition *p, struct error *err) {
        int r = bus_worker_ends(w->bus, p->number, p->ends, err);

        if (r)
                return r;
        p->ends_wanted = false;
        p->ends_at = clock_realtime(&w->c.real);
        return 0;
}

void behind_saw(struct worker *w, struct partition *p, const struct bus_record *record) {
        if (p->state != PARTITION_LIVE || w->c.once || record->stamp == BUS_STAMP_NONE || record->timestamp <= 0)
                return;
        if (w->now.real - record->timestamp <= w->c.behind_after_ms)
                return;
        p->ends_wanted = p->quiet = true; /* asked after this record: asking would take it away */
        partition_enter(w, p, PARTITION_BEHIND);
}

static bool caught_up(const struct worker *w, const struct partition *p) {
        const int64_t *at = bus_worker_positions(w->bus, p->number);

        if (!at)
                return false;
        for (size_t i = 0; i < w->topics.n_inputs; i++) {
                if (at[i] < p->ends[i])
                        return false;
        }
        return true;
}

static int look(struct worker *w, struct partition *p, struct error *err) {
        if (p->ends_wanted) {
                int r = behind_begin(w, p, err);

                if (r)
                        return r;
        }
        if (caught_up(w, p)) {
                if (!p->quiet)
                        log_line(w->c.log, PARTITION_LIVE, LOG_STRING("instance", w->c.instance), LOG_INT("partition", p->number),
                                 LOG_INT("ms", worker_monotonic(w) - p->since));
                partition_enter(w, p, PARTITION_LIVE);
                p->quiet = false;
        } else if (p->quiet) {
                p->quiet = false;
                log_line(w->c.log, PARTITION_BEHIND, LOG_STRING("instance", w->c.instance), LOG_INT("partition", p->number));
        }
        return 0;
}

int behind_look(struct worker *w, struct error *err) {
        for (size_t i = 0; i < w->n_owned; i++) {
                int r = w->owned[i]->state == PARTITION_BEHIND ? look(w, w->owned[i], err) : 0;

                if (r)
                        return r;
        }
        return 0;
}

void behind_rewound(struct worker *w, struct partition *p) {
        if (p->state == PARTITION_LIVE && !caught_up(w, p))
                partition_enter(w, p, PARTITION_BEHIND);
}
