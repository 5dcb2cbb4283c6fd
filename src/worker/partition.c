/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The life of a partition: assigned, restored, behind, live, gone; and what the time is for it
 *
 * An assignment is whole: what was owned before has been revoked or lost by then. What goes is
 * dropped at once, state and all; its next owner restores it from the topic.
 *
 * Behind: what a backlog contains is judged whole. A partition is behind from its assignment until each of its
 * inputs has been read to the end that stood then, and again whenever a record is older than behind_after when it is
 * read. While it is behind, facts are accepted and nothing is told; the engine marks their cases as touched, and the
 * sweep evaluates each of them once when the partition has caught up. Nothing of this is persisted: a
 * successor starts behind.
 *
 * Two signs tell that the wall clock is more than WORKER_CLOCK_AWAY_MS from the broker's. A record is
 * stamped so far ahead of it: then it is slow. Or a record that was appended after the ends of its
 * partition were asked is stamped by the broker so far before the moment of asking: then it is fast.
 * An old record below those ends is a backlog and tells nothing. Stamps that producers made say
 * only the first: theirs may be old because they waited.
 */

#include <errno.h>
#include <string.h>

#include "worker/inside.h"

#define SAY_MS 3000 /* between two lines of how far a backlog is read */

/* -- The clock -- */

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

/* -- Behind and live -- */

void partition_enter(struct worker *w, struct partition *p, enum partition_state state) {
        if (p->state == state)
                return;
        metrics_partition(w, (int)p->state, (int)state);
        if (p->state == PARTITION_LIVE)
                w->n_not_live++;
        else if (state == PARTITION_LIVE)
                w->n_not_live--;
        if (state == PARTITION_LIVE)
                w->backlog = true;
        p->state = state;
        p->since = worker_monotonic(w);
}

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

/* -- Assigned and gone -- */

static struct partition *partition_free(struct partition *p) {
        if (!p)
                return NULL;
        store_free(p->store);
        free(p->ends);
        free(p->schemas);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(struct partition *, partition_free);

static int partition_new(struct worker *w, int32_t number, struct error *err) {
        CLEANUP(partition_free_p) struct partition *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        if (number < 0 || number >= w->n_parts) {
                error_set(err, "the group handed out partition %d of %s, which has %d; restart the worker now that it has grown", number, TOPIC_CASE_STATE,
                          w->n_parts);
                return WORKER_E_CONFIG;
        }
        p->number = number;
        p->state = PARTITION_RESTORING;
        p->since = worker_monotonic(w);
        p->ends = calloc(w->topics.n_inputs + 1, sizeof(*p->ends));
        if (!p->ends)
                return -ENOMEM;
        r = store_new(w->engine, &p->store);
        if (r)
                return r;
        store_forgets(p->store, w->c.retention, w->c.once);
        metrics_partition(w, -1, (int)p->state);
        w->n_not_live++;
        w->owned[w->n_owned++] = p;
        w->parts[number] = TAKE(p);
        return 0;
}

static void drop(struct worker *w, size_t place) {
        struct partition *p = w->owned[place];

        if (p->state != PARTITION_LIVE)
                w->n_not_live--;
        metrics_partition(w, (int)p->state, -1);
        w->parts[p->number] = NULL;
        w->owned[place] = w->owned[--w->n_owned];
        partition_free(p);
}

void partitions_drop_all(struct worker *w) {
        while (w->n_owned)
                drop(w, w->n_owned - 1);
}

void partitions_drop(struct worker *w, const struct bus_part *parts, size_t n) {
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < w->n_owned; k++) {
                        if (w->owned[k]->number == parts[i].partition) {
                                drop(w, k);
                                break;
                        }
                }
        }
}

/* Restored already: takes the ends, lets the inputs flow, and has what the rows lack written with the first commit. */
static int begin_reading(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        int r = behind_begin(w, parts, n, err);

        if (r == 0)
                r = bus_worker_start(w->bus, parts, n, err);
        for (size_t i = 0; i < w->n_owned && r == 0; i++)
                partition_enter(w, w->owned[i], PARTITION_BEHIND);
        if (r == 0)
                transaction_touch(w);
        return r;
}

int partitions_assign(struct worker *w, const struct bus_part *handed, size_t n, struct error *err) {
        CLEANUP(cleanup_free) void *copy = malloc((n + 1) * sizeof(*handed)); /* the event's own are gone with the next call */
        struct bus_part *parts = copy;
        int r = 0;

        if (!parts)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                parts[i] = handed[i];
        partitions_drop_all(w);
        if (w->c.once && (w->assigned || (int32_t)n != w->n_parts)) {
                error_set(err, "--once got %zu of %d partitions; stop the other workers of this group, then run it again", n, w->n_parts);
                return WORKER_E_SPLIT;
        }
        log_line(w->c.log, PARTITIONS_ASSIGNED, LOG_STRING("instance", w->c.instance), LOG_INT("partitions", (int64_t)n));
        for (size_t i = 0; i < n && r == 0; i++) {
                r = partition_new(w, parts[i].partition, err);
                if (r == -ENOMEM)
                        error_set(err, "out of memory while partition %d was taken on", parts[i].partition);
        }
        if (r == 0 && n)
                r = restore_partitions(w, parts, n, err);
        if (r == 0 && n)
                r = begin_reading(w, parts, n, err);
        if (r)
                partitions_drop_all(w); /* of half a restore nothing may be told */
        else
                w->assigned = true;
        return r;
}
