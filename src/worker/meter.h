/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What workers count, measure and show of themselves
 *
 * Two readers: the metrics of the process, which the workers of it share and add to, and worker_status(), which is of
 * one. Counters are tallied while a transaction is open and move when it is committed: what was rolled back never
 * happened. Gauges are sums over the workers, so each adds what changed of its own. Everything shown is atomic and may be
 * read from any thread; all else here is the worker's own thread's.
 */

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "bus/bus.h"
#include "engine/effect.h"
#include "engine/store.h"
#include "model/config.h"
#include "model/event.h"

/* -- Metrics, once for a process -- */

struct worker_metrics;

/* Registers the workers' metrics. @metrics must outlive it. Return: 0; -ENOSPC or -EINVAL with a sentence; -ENOMEM. */
int worker_metrics_new(struct metrics *metrics, const struct config *config, struct worker_metrics **ret, struct error *err) MUSTCHECK;
/* Says whether the workers can know their lag now; while they cannot, lag has no sample. From any thread. */
void worker_metrics_know_lag(struct worker_metrics *metrics, bool known);
struct worker_metrics *worker_metrics_free(struct worker_metrics *metrics); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct worker_metrics *, worker_metrics_free);

/* -- What is shown of one worker -- */

/* How a partition stands; worker/partition.h says what each means. */
enum partition_state { PARTITION_RESTORING, PARTITION_BEHIND, PARTITION_LIVE };
#define PARTITION_STATES (PARTITION_LIVE + 1)

struct worker_status { /* of what is committed */
        bool assigned;     /* the group has handed out partitions (maybe none to this one), and has not taken them away since */
        bool clock_away;   /* the wall clock is too far from the broker's: nothing is told */
        int64_t restoring, behind, live; /* partitions */
        int64_t restore_percent; /* of the rows of those that are restoring */
        int64_t facts, duplicates, told, dead, forgotten;
        int64_t passed;    /* offsets of inputs that were gone before they were read */
        int64_t transactions, aborts;
        int64_t lag_records; /* of partitions that are behind: what they have to read yet */
        int64_t lag_ms;      /* age of the newest record read, 0 when nothing was waiting */
        int64_t standing;    /* inputs that stand still before a record whose schema cannot be asked for now */
        int64_t cases_due;   /* cases that stand in the heap of instants, touched ones not counted */
        instant_t settled_at; /* of the clock that decides: whatever fell due until then is told and committed; 0: not yet */
};

/* One worker's; embedded in it. */
struct meter {
        const struct worker_metrics *metrics; /* never NULL */
        size_t n_inputs;
        struct { /* of the open transaction */
                uint64_t *facts; /* by input */
                uint64_t refused[REFUSALS], told[EFFECT_KINDS];
                uint64_t duplicates, forgotten, filling;
        } tally;
        struct {
                _Atomic int64_t assigned, clock_away, states[PARTITION_STATES], facts, duplicates, told, dead, forgotten, transactions, aborts,
                        passed, restore_percent, lag_records, lag_ms, cases_due, standing, settled_at, gaps[CASE_GAPS - 1];
        } shown;
};

/* @metrics may be NULL and must outlive it; @n_inputs: topics that are read. Return: 0 or -ENOMEM. */
int meter_init(struct meter *meter, const struct worker_metrics *metrics, size_t n_inputs) MUSTCHECK;

/* Takes this worker's share out of the gauges; its partitions are gone by then. One that was never made, zeroed, is fine. */
void meter_done(struct meter *meter);

/* -- The tally -- */

static inline void meter_fact(struct meter *meter, uint32_t input) {
        assert(input < meter->n_inputs);
        meter->tally.facts[input]++;
}
static inline void meter_duplicate(struct meter *meter) {
        meter->tally.duplicates++;
}
static inline void meter_remark(struct meter *meter, enum refusal code) {
        assert(code >= REFUSALS_HARD && code < REFUSALS);
        meter->tally.refused[code]++;
}
static inline void meter_refused(struct meter *meter, enum refusal code) {
        assert(code > REFUSAL_NONE && code < REFUSALS_HARD);
        meter->tally.refused[code]++;
}
static inline void meter_told(struct meter *meter, enum effect_kind kind) {
        assert(kind < EFFECT_KINDS);
        meter->tally.told[kind]++;
}
static inline void meter_filling(struct meter *meter) {
        meter->tally.filling++;
}
static inline void meter_forgotten(struct meter *meter) {
        meter->tally.forgotten++;
}

void meter_committed(struct meter *meter, int64_t took_ms); /* the tally becomes real, and is zero again */
void meter_aborted(struct meter *meter);                    /* the tally never was */

/* -- Gauges and durations -- */

/* An input does not go on where it was left off: counted at once, whatever becomes of a transaction. */
void meter_jumped(struct meter *meter, const struct bus_jump *jump);

void meter_partition(struct meter *meter, int from, int to); /* enum partition_state; -1: not owned */
void meter_overdue(struct meter *meter, int64_t ms);         /* how late a case that fell due was evaluated */
void meter_swept(struct meter *meter, int64_t ms);
void meter_clock_away(struct meter *meter, bool is);
void meter_lag(struct meter *meter, int64_t records, int64_t ms); /* see struct worker_status */
void meter_cases_due(struct meter *meter, int64_t n);
void meter_standing(struct meter *meter, int64_t n);
void meter_gaps(struct meter *meter, const int64_t cases[CASE_GAPS - 1]); /* partitions_count_gaps() */
void meter_assigned(struct meter *meter, bool is);
void meter_restored(struct meter *meter, int64_t percent);
void meter_settled(struct meter *meter, instant_t at);

/* From any thread. */
void meter_status(const struct meter *meter, struct worker_status *ret);
