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

#include <errno.h>
#include <string.h>

#include "worker/inside.h"

int behind_begin(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(n * w->topics.n_inputs + 1, sizeof(int64_t));
        int64_t *ends = memory;
        int r = ends ? bus_worker_ends(w->bus, parts, n, ends, err) : -ENOMEM;

        for (size_t k = 0; r == 0 && k < n; k++) {
                struct partition *p = w->parts[parts[k].partition];

                memcpy(p->ends, ends + k * w->topics.n_inputs, w->topics.n_inputs * sizeof(*ends));
                p->ends_wanted = false;
                p->ends_at = clock_realtime(&w->c.real);
        }
        return r;
}

/* Of all partitions that want it, at once. */
static int ask_ends(struct worker *w, struct error *err) {
        CLEANUP(cleanup_free) void *memory = NULL;
        struct bus_part *parts;
        size_t n = 0;

        for (size_t i = 0; i < w->n_owned; i++)
                n += w->owned[i]->state == PARTITION_BEHIND && w->owned[i]->ends_wanted;
        if (n == 0)
                return 0;
        parts = memory = calloc(n, sizeof(*parts));
        if (!parts)
                return -ENOMEM;
        n = 0;
        for (size_t i = 0; i < w->n_owned; i++) {
                if (w->owned[i]->state == PARTITION_BEHIND && w->owned[i]->ends_wanted)
                        parts[n++] = (struct bus_part){0, w->owned[i]->number};
        }
        return behind_begin(w, parts, n, err);
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

static void look(struct worker *w, struct partition *p) {
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
}

int behind_look(struct worker *w, struct error *err) {
        int r = ask_ends(w, err);

        for (size_t i = 0; r == 0 && i < w->n_owned; i++) {
                if (w->owned[i]->state == PARTITION_BEHIND)
                        look(w, w->owned[i]);
        }
        return r;
}

void behind_rewound(struct worker *w, struct partition *p) {
        if (p->state == PARTITION_LIVE && !caught_up(w, p))
                partition_enter(w, p, PARTITION_BEHIND);
}
