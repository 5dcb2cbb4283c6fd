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

#define SAY_MS 3000 /* between two lines of how far a backlog is read */

static int64_t read_so_far(const struct worker *w, const struct partition *p) {
        const int64_t *at = bus_worker_positions(w->bus, p->number);
        int64_t sum = 0;

        for (size_t i = 0; at && i < w->topics.n_inputs; i++)
                sum += at[i];
        return sum;
}

int behind_begin(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(n * w->topics.n_inputs + 1, sizeof(int64_t));
        int64_t *ends = memory;
        int r = ends ? bus_worker_ends(w->bus, parts, n, ends, err) : -ENOMEM;

        for (size_t k = 0; r == 0 && k < n; k++) {
                struct partition *p = w->parts[parts[k].partition];

                memcpy(p->ends, ends + k * w->topics.n_inputs, w->topics.n_inputs * sizeof(*ends));
                p->begin = read_so_far(w, p);
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

/* How far: of all partitions, those that have caught up already included. */
static void count_backlog(const struct worker *w, int64_t *ret_read, int64_t *ret_total) {
        *ret_read = *ret_total = 0;
        for (size_t k = 0; k < w->n_owned; k++) {
                const struct partition *p = w->owned[k];
                const int64_t *at = bus_worker_positions(w->bus, p->number);

                *ret_read -= p->begin;
                *ret_total -= p->begin;
                for (size_t i = 0; at && i < w->topics.n_inputs; i++) {
                        *ret_read += at[i] < p->ends[i] ? at[i] : p->ends[i];
                        *ret_total += p->ends[i];
                }
        }
}

/* Says how far a backlog is read: the first time when it has lasted for a while. */
static void say_progress(struct worker *w) {
        int64_t now = worker_monotonic(w), read, total;

        if (w->backlog_said && now - w->backlog_said < SAY_MS)
                return;
        for (size_t k = 0; !w->backlog_said && k < w->n_owned; k++) { /* what was read before this one began does not count */
                for (size_t i = 0; w->owned[k]->state == PARTITION_LIVE && i < w->topics.n_inputs; i++)
                        w->owned[k]->begin = (i ? w->owned[k]->begin : 0) + w->owned[k]->ends[i];
        }
        count_backlog(w, &read, &total);
        if (w->backlog_said && total > 0 && read >= 0)
                log_line(w->c.log, BACKLOG_PROGRESS, LOG_STRING("instance", w->c.instance), LOG_INT("read", read), LOG_INT("total", total),
                         LOG_INT("percent", read * 100 / total), LOG_INT("per_second", (read - w->backlog_read) * 1000 / (now - w->backlog_said)));
        w->backlog_said = now ? now : 1;
        w->backlog_read = read;
}

int behind_look(struct worker *w, struct error *err) {
        int r = ask_ends(w, err);

        for (size_t i = 0; r == 0 && i < w->n_owned; i++) {
                if (w->owned[i]->state == PARTITION_BEHIND)
                        look(w, w->owned[i]);
        }
        if (w->n_not_live)
                say_progress(w);
        else
                w->backlog_said = 0;
        return r;
}

void behind_rewound(struct worker *w, struct partition *p) {
        if (p->state == PARTITION_LIVE && !caught_up(w, p))
                partition_enter(w, p, PARTITION_BEHIND);
}
