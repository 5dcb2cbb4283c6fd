/* SPDX-License-Identifier: EUPL-1.2 */

/* The partitions that a worker owns: how each stands, and what its clock says. */

#include "worker/partition.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus/murmur2.h"
#include "cluster/topics.h"

#define BACKLOG_SAY_MS 3000 /* between two lines of how far a backlog is read */

static void partition_enter(struct partitions *parts, struct partition *p, enum partition_state state) {
        if (p->state == state)
                return;
        assert(state != PARTITION_RESTORING);
        assert(state != PARTITION_LIVE || p->state == PARTITION_BEHIND);
        meter_partition(&parts->ground->meter, (int)p->state, (int)state);
        if (p->state == PARTITION_LIVE) {
                parts->n_not_live++;
        } else if (state == PARTITION_LIVE) {
                assert(parts->n_not_live > 0);
                parts->n_not_live--;
                parts->backlog = true; /* what was touched meanwhile */
        }
        p->state = state;
        p->since = ground_monotonic(parts->ground);
}

/* -- Assigned and gone -- */

int partitions_init(struct partitions *ret, struct ground *ground, int32_t n) {
        assert(ground && n > 0 && !ret->owned);
        ret->ground = ground;
        ret->n = n;
        ret->by_number = calloc((size_t)n, sizeof(struct partition *));
        ret->owned = calloc((size_t)n, sizeof(struct partition *));
        return ret->by_number && ret->owned ? 0 : -ENOMEM;
}

void partitions_done(struct partitions *parts) {
        partitions_drop_all(parts);
        free(parts->by_number);
        free(parts->owned);
        *parts = (struct partitions){0};
}

static struct partition *partition_free(struct partition *p) {
        if (!p)
                return NULL;
        store_free(p->store);
        free(p->ends);
        free(p->found.schemas);
        free(p->found.imprint);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(struct partition *, partition_free);

static int partition_no_memory(int32_t number, struct error *err) {
        error_set(err, "out of memory while partition %d was taken on", number);
        return -ENOMEM;
}

int partitions_add(struct partitions *parts, int32_t number, struct error *err) {
        CLEANUP(partition_free_p) struct partition *p = calloc(1, sizeof(*p));

        if (!p)
                return partition_no_memory(number, err);
        if (number < 0 || number >= parts->n) {
                error_set(err, "the group handed out partition %d of %s, which has %d; restart the worker now that it has grown", number, TOPIC_CASE_STATE,
                          parts->n);
                return WORKER_E_CONFIG;
        }
        assert(!parts->by_number[number] && parts->n_owned < (size_t)parts->n);
        p->number = number;
        p->state = PARTITION_RESTORING;
        p->since = ground_monotonic(parts->ground);
        p->ends = calloc(parts->ground->topics.n_inputs + 1, sizeof(*p->ends));
        if (!p->ends || store_new(parts->ground->engine, &p->store))
                return partition_no_memory(number, err);
        store_forgets(p->store, parts->retention, parts->once);
        meter_partition(&parts->ground->meter, -1, (int)p->state);
        parts->n_not_live++;
        parts->owned[parts->n_owned++] = p;
        parts->by_number[number] = TAKE(p);
        return 0;
}

static void partition_drop(struct partitions *parts, size_t place) {
        struct partition *p = parts->owned[place];

        assert(place < parts->n_owned && parts->by_number[p->number] == p);
        if (p->state != PARTITION_LIVE)
                parts->n_not_live--;
        meter_partition(&parts->ground->meter, (int)p->state, -1);
        parts->by_number[p->number] = NULL;
        parts->owned[place] = parts->owned[--parts->n_owned];
        partition_free(p);
}

void partitions_drop_all(struct partitions *parts) {
        while (parts->n_owned)
                partition_drop(parts, parts->n_owned - 1);
        assert(parts->n_not_live == 0);
}

void partitions_drop(struct partitions *parts, const struct bus_part *gone, size_t n) {
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < parts->n_owned; k++) {
                        if (parts->owned[k]->number == gone[i].partition) {
                                partition_drop(parts, k);
                                break;
                        }
                }
        }
}

/* -- Behind and live -- */

/* Positions of all inputs of a partition together. */
static int64_t partition_position(const struct partitions *parts, const struct partition *p) {
        const int64_t *at = bus_worker_positions(parts->ground->bus, p->number);
        int64_t sum = 0;

        for (size_t i = 0; at && i < parts->ground->topics.n_inputs; i++)
                sum += at[i];
        return sum;
}

static int partitions_take_ends(struct partitions *parts, const struct bus_part *of, size_t n, struct error *err) {
        size_t n_inputs = parts->ground->topics.n_inputs;
        CLEANUP(cleanup_free) void *memory = calloc(n * n_inputs + 1, sizeof(int64_t));
        int64_t *ends = memory;
        int r;

        if (!ends) {
                error_set(err, "out of memory while the ends of partitions were asked");
                return -ENOMEM;
        }
        r = bus_worker_ends(parts->ground->bus, of, n, ends, err);
        if (r)
                return error_trace(r, err);
        for (size_t k = 0; k < n; k++) {
                struct partition *p = partitions_find(parts, of[k].partition);

                assert(p);
                memcpy(p->ends, ends + k * n_inputs, n_inputs * sizeof(*ends));
                p->begin = partition_position(parts, p);
                p->ends_wanted = false;
                p->ends_at = clock_realtime(&parts->ground->real);
        }
        return 0;
}

struct partition_place { /* a partition, and of how many */
        int32_t number, n;
};

static bool partition_holds(void *ctx, const struct uuid *case_id) {
        const struct partition_place *place = ctx;
        char key[UUID_TEXT + 1];

        uuid_format(case_id, key);
        return murmur2_partition(key, UUID_TEXT, place->n) == place->number;
}

int partitions_begin(struct partitions *parts, const struct bus_part *of, size_t n, struct error *err) {
        int r = partitions_take_ends(parts, of, n, err);

        if (r)
                return r;
        for (size_t i = 0; i < parts->n_owned; i++) {
                struct partition_place place = {parts->owned[i]->number, parts->n};

                if (store_enliven(parts->owned[i]->store, partition_holds, &place, INSTANT_TOUCHED))
                        return partition_no_memory(place.number, err);
        }
        r = bus_worker_start(parts->ground->bus, of, n, err);
        if (r)
                return error_trace(r, err);
        for (size_t i = 0; i < parts->n_owned; i++)
                partition_enter(parts, parts->owned[i], PARTITION_BEHIND);
        return 0;
}

/* Of all partitions that want it, at once. */
static int partitions_ask_ends(struct partitions *parts, struct error *err) {
        CLEANUP(cleanup_free) void *memory = NULL;
        struct bus_part *of;
        size_t n = 0;

        for (size_t i = 0; i < parts->n_owned; i++)
                n += parts->owned[i]->state == PARTITION_BEHIND && parts->owned[i]->ends_wanted;
        if (n == 0)
                return 0;
        of = memory = calloc(n, sizeof(*of));
        if (!of) {
                error_set(err, "out of memory while the ends of partitions were asked");
                return -ENOMEM;
        }
        n = 0;
        for (size_t i = 0; i < parts->n_owned; i++) {
                if (parts->owned[i]->state == PARTITION_BEHIND && parts->owned[i]->ends_wanted)
                        of[n++] = (struct bus_part){0, parts->owned[i]->number};
        }
        return partitions_take_ends(parts, of, n, err);
}

static bool partition_caught_up(const struct partitions *parts, const struct partition *p) {
        const int64_t *at = bus_worker_positions(parts->ground->bus, p->number);

        if (!at || p->standing)
                return false;
        for (size_t i = 0; i < parts->ground->topics.n_inputs; i++) {
                if (at[i] < p->ends[i])
                        return false;
        }
        return true;
}

void partition_stand(struct partitions *parts, struct partition *p) {
        p->standing++;
        if (p->state == PARTITION_LIVE)
                partition_enter(parts, p, PARTITION_BEHIND);
}

void partition_go_on(struct partition *p) {
        assert(p->standing > 0 && p->state != PARTITION_LIVE);
        p->standing--;
        p->ends_wanted = true;
}

static void partition_look(struct partitions *parts, struct partition *p) {
        const struct ground *g = parts->ground;

        if (partition_caught_up(parts, p)) {
                if (!p->quiet)
                        log_line(g->log, PARTITION_LIVE, LOG_STRING("instance", g->instance), LOG_INT("partition", p->number),
                                 LOG_INT("ms", ground_monotonic(g) - p->since));
                partition_enter(parts, p, PARTITION_LIVE);
                p->quiet = false;
        } else if (p->quiet) {
                p->quiet = false;
                log_line(g->log, PARTITION_BEHIND, LOG_STRING("instance", g->instance), LOG_INT("partition", p->number));
        }
}

/* How far: of all partitions, those that have caught up already included. */
static void backlog_count(const struct partitions *parts, int64_t *ret_read, int64_t *ret_total) {
        *ret_read = *ret_total = 0;
        for (size_t k = 0; k < parts->n_owned; k++) {
                const struct partition *p = parts->owned[k];
                const int64_t *at = bus_worker_positions(parts->ground->bus, p->number);

                *ret_read -= p->begin;
                *ret_total -= p->begin;
                for (size_t i = 0; at && i < parts->ground->topics.n_inputs; i++) {
                        *ret_read += at[i] < p->ends[i] ? at[i] : p->ends[i];
                        *ret_total += p->ends[i];
                }
        }
}

/* What was read before this backlog began does not count. */
static void backlog_begin(struct partitions *parts) {
        for (size_t k = 0; k < parts->n_owned; k++) {
                struct partition *p = parts->owned[k];

                if (p->state != PARTITION_LIVE || parts->ground->topics.n_inputs == 0)
                        continue;
                p->begin = 0;
                for (size_t i = 0; i < parts->ground->topics.n_inputs; i++)
                        p->begin += p->ends[i];
        }
}

/* Says how far a backlog is read: the first time when it has lasted for a while. */
static void backlog_say(struct partitions *parts) {
        const struct ground *g = parts->ground;
        int64_t now = ground_monotonic(g), read, total;

        if (parts->backlog_said && now - parts->backlog_said < BACKLOG_SAY_MS)
                return;
        if (!parts->backlog_said)
                backlog_begin(parts);
        backlog_count(parts, &read, &total);
        if (parts->backlog_said && total > 0 && read >= 0)
                log_line(g->log, BACKLOG_PROGRESS, LOG_STRING("instance", g->instance), LOG_INT("read", read), LOG_INT("total", total),
                         LOG_INT("percent", read * 100 / total), LOG_INT("per_second", (read - parts->backlog_read) * 1000 / (now - parts->backlog_said)));
        parts->backlog_said = now ? now : 1;
        parts->backlog_read = read;
}

int partitions_look(struct partitions *parts, struct error *err) {
        int r;

        if (parts->n_not_live == 0)
                return 0;
        r = partitions_ask_ends(parts, err);
        if (r)
                return r;
        for (size_t i = 0; i < parts->n_owned; i++) {
                if (parts->owned[i]->state == PARTITION_BEHIND)
                        partition_look(parts, parts->owned[i]);
        }
        if (parts->n_not_live)
                backlog_say(parts);
        else
                parts->backlog_said = 0;
        return 0;
}

void partition_rewound(struct partitions *parts, struct partition *p) {
        if (p->state == PARTITION_LIVE && !partition_caught_up(parts, p))
                partition_enter(parts, p, PARTITION_BEHIND);
}

/* -- The clock -- */

instant_t partition_now(const struct partitions *parts, const struct partition *p) {
        instant_t now = parts->ground->now.deciding, told = store_told_latest(p->store);

        return now > told ? now : told;
}

static void clock_is_away(struct partitions *parts, bool is, int64_t ms) {
        const struct ground *g = parts->ground;

        if (parts->clock_away == is)
                return;
        parts->clock_away = is;
        parts->backlog = !is; /* what was touched meanwhile */
        if (is)
                log_line(g->log, CLOCK_AWAY, LOG_STRING("instance", g->instance), LOG_INT("seconds", ms / 1000));
        else
                log_line(g->log, CLOCK_BACK, LOG_STRING("instance", g->instance));
        meter_clock_away(&parts->ground->meter, is);
}

static void clock_compare(struct partitions *parts, const struct partition *p, const struct bus_record *record) {
        instant_t wall = parts->ground->now.real;

        if (record->timestamp - wall > PARTITION_CLOCK_AWAY_MS)
                clock_is_away(parts, true, wall - record->timestamp);
        else if (wall - record->timestamp <= PARTITION_CLOCK_AWAY_MS) /* also when the ends were asked by a clock that was wrong then */
                clock_is_away(parts, false, 0);
        else if (record->stamp == BUS_STAMP_APPENDED && p->ends_at && record->offset >= p->ends[record->index] &&
                 p->ends_at - record->timestamp > PARTITION_CLOCK_AWAY_MS)
                clock_is_away(parts, true, p->ends_at - record->timestamp);
}

void partition_saw(struct partitions *parts, struct partition *p, const struct bus_record *record) {
        assert(p->state != PARTITION_RESTORING && record->index < parts->ground->topics.n_inputs);
        if (record->stamp == BUS_STAMP_NONE || record->timestamp <= 0)
                return;
        parts->stamp = record->timestamp;
        clock_compare(parts, p, record);
        if (p->state != PARTITION_LIVE || parts->once || parts->ground->now.real - record->timestamp <= parts->behind_after_ms)
                return;
        p->ends_wanted = p->quiet = true; /* asked after this record: asking would take it away */
        partition_enter(parts, p, PARTITION_BEHIND);
}

/* -- For the gauges -- */

int64_t partitions_lag_records(const struct partitions *parts) {
        int64_t records = 0;

        for (size_t i = 0; i < parts->n_owned; i++) {
                const struct partition *p = parts->owned[i];
                const int64_t *at = p->state == PARTITION_BEHIND ? bus_worker_positions(parts->ground->bus, p->number) : NULL;

                for (size_t k = 0; at && k < parts->ground->topics.n_inputs; k++)
                        records += p->ends[k] > at[k] ? p->ends[k] - at[k] : 0;
        }
        return records;
}

void partitions_count_gaps(const struct partitions *parts, int64_t ret[CASE_GAPS - 1]) {
        memset(ret, 0, (CASE_GAPS - 1) * sizeof(*ret));
        for (size_t i = 0; i < parts->n_owned; i++)
                store_count_gaps(parts->owned[i]->store, ret);
}

int64_t partitions_cases_due(const struct partitions *parts) {
        int64_t due = 0;

        for (size_t i = 0; i < parts->n_owned; i++)
                due += (int64_t)store_waiting(parts->owned[i]->store);
        return due;
}
