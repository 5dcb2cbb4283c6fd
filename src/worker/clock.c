/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What the time is for a partition, and whether this machine's clock can be believed
 *
 * Two signs tell that the wall clock is more than WORKER_CLOCK_AWAY_MS from the broker's. A record is
 * stamped so far ahead of it: then it is slow. Or a record that was appended after the ends of its
 * partition were asked is stamped by the broker so far before the moment of asking: then it is fast.
 * An old record below those ends is a backlog and tells nothing. Stamps that producers made say
 * only the first: theirs may be old because they waited.
 */

#include "worker/inside.h"

void clock_look(struct worker *w) {
        w->now.deciding = clock_realtime(&w->c.clock);
        w->now.real = clock_realtime(&w->c.real);
        w->now.monotonic = worker_monotonic(w);
}

instant_t partition_now(const struct worker *w, const struct partition *p) {
        instant_t now = w->now.deciding;

        return now > p->told_staged ? now : p->told_staged;
}

static void away(struct worker *w, bool is, int64_t ms) {
        if (w->clock_away == is)
                return;
        w->clock_away = is;
        w->backlog = !is; /* what was touched meanwhile */
        if (is)
                log_line(w->c.log, CLOCK_AWAY, LOG_STRING("instance", w->c.instance), LOG_INT("seconds", ms / 1000));
        else
                log_line(w->c.log, CLOCK_BACK, LOG_STRING("instance", w->c.instance));
        metrics_clock(w);
}

void clock_saw(struct worker *w, const struct partition *p, const struct bus_record *record) {
        instant_t wall;

        if (record->stamp == BUS_STAMP_NONE || record->timestamp <= 0)
                return;
        wall = w->now.real;
        w->stamp = record->timestamp;
        if (record->timestamp - wall > WORKER_CLOCK_AWAY_MS)
                away(w, true, wall - record->timestamp);
        else if (wall - record->timestamp <= WORKER_CLOCK_AWAY_MS) /* also when the ends were asked by a clock that was wrong then */
                away(w, false, 0);
        else if (record->stamp == BUS_STAMP_APPENDED && p->ends_at && record->offset >= p->ends[record->index] &&
                 p->ends_at - record->timestamp > WORKER_CLOCK_AWAY_MS)
                away(w, true, p->ends_at - record->timestamp);
}
