/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The rules worker: events in, tellings out, exactly once
 *
 * One worker is one thread: a handle on the bus, an engine, and a store for each partition that it
 * owns; nothing is shared with other workers. Whoever drives it calls worker_step() again and again;
 * every step is short, so that a process, a test and a simulator can hold the reins alike.
 *
 * It lives by two clocks. The clock decides: what is due, what is late, what an evaluation calls the
 * present; it may be virtual. The real clock is for time-outs and for comparing with what the
 * broker stamps on records.
 *
 * The worker knows no Kafka (bus/bus.h), decides nothing itself (engine/engine.h), and prints nothing
 * but log lines.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/bus.h"
#include "model/config.h"

/* -- Numbers -- */

/* The broker writes a marker to each of some forty partitions after every commit, and until it has done so refuses the next
 * transaction: more often than this, tellings come later, not sooner (src/README.md). */
#define WORKER_COMMIT_PAUSE_MS 100       /* never sooner after the last one */
#define WORKER_COMMIT_AGE_MS 110         /* a transaction's first record waits no longer */
#define WORKER_COMMIT_UNITS 5000         /* records and evaluations in one transaction */
#define WORKER_BEHIND_COMMIT_AGE_MS 100  /* the same two while a partition is behind */
#define WORKER_BEHIND_COMMIT_UNITS 50000
#define WORKER_SWEEP_CASES 256           /* cases evaluated between two polls */
#define WORKER_SWEEP_ROWS 16             /* tombstones that cost as much as an evaluation */
#define WORKER_SWEEP_RECORDS 64          /* records between two looks at what is due */
#define WORKER_ABORTS_MAX 100            /* aborted transactions in a row, then the worker gives up */
#define WORKER_BEHIND_AFTER_MS 10000
#define WORKER_AHEAD_MAX_MS ((int64_t)24 * 3600 * 1000) /* recorded_at beyond the clock */
#define WORKER_CLOCK_AWAY_MS ((int64_t)3600 * 1000)     /* wall clock from the broker's */
#define WORKER_SCRATCH_MAX ((size_t)64 << 20)           /* memory for one record and what follows from it */

_Static_assert(WORKER_COMMIT_PAUSE_MS < WORKER_COMMIT_AGE_MS, "a full transaction must be allowed to end");
_Static_assert(WORKER_COMMIT_AGE_MS * 10 < BUS_TRANSACTION_MS, "a transaction must end long before the broker ends it");
_Static_assert(WORKER_BEHIND_COMMIT_AGE_MS * 10 < BUS_TRANSACTION_MS, "a transaction must end long before the broker ends it");

/* -- Making one -- */

struct worker;
struct worker_metrics;

struct worker_config { /* all borrowed: must outlive the worker */
        const struct config *config;
        struct bus *bus;
        struct clock clock;        /* decides */
        struct clock real;         /* time-outs, and comparing with the broker's */
        const struct log *log;     /* may be NULL */
        struct worker_metrics *metrics; /* may be NULL; shared by the workers of a process */
        const char *group;         /* NULL: TOPICS_GROUP_RULES */
        const char *instance;      /* this slot's name: another worker needs another one */
        int64_t behind_after_ms;   /* 0: WORKER_BEHIND_AFTER_MS */
        int32_t partitions;        /* that case-state must have; 0: as many as it has */
        struct term_step retention; /* after its last fact a case that is over is kept for so long; count 0: nothing is forgotten */
        bool once;                 /* read to the ends that stand at the first assignment, evaluate all, then worker_done() */
};

enum worker_outcome { /* beside 0 and negative errno; never overlaps enum bus_outcome */
        WORKER_E_CONFIG = 100, /* the configuration does not fit what stands in case-state: usage, not fate */
        WORKER_E_INTERRUPTED,  /* worker_interrupt() ended a restore */
        WORKER_E_SPLIT,        /* once: not all partitions were this worker's throughout */
};

/*
 * Joins the group. Return: 0; WORKER_E_CONFIG or negative errno with a sentence (the broker is not reached, a topic is
 * missing, partition counts differ, -ENOMEM).
 */
int worker_new(const struct worker_config *config, struct worker **ret, struct error *err) MUSTCHECK;

/*
 * Ends without commit and without leaving the group, as a crash would but for the memory; after WORKER_E_CONFIG it leaves, because
 * it will not come back as it is, and others need not wait for it. NULL ok; returns NULL.
 */
struct worker *worker_free(struct worker *worker);
DEFINE_CLEANUP(struct worker *, worker_free);

/* -- Driving it -- */

/*
 * Waits at most @timeout_ms for one thing to happen (a record, a change of partitions, a case
 * that falls due, a transaction to commit) and deals with it.
 * Return: 0; enum worker_outcome with a sentence; negative errno with a sentence: the worker is of no more use.
 */
int worker_step(struct worker *worker, int timeout_ms, struct error *err) MUSTCHECK;

/* Once: everything is read, evaluated and committed. */
bool worker_done(const struct worker *worker);

/* Commits what is open and leaves the group. Afterwards only worker_free(). Return: 0 or negative errno. */
int worker_stop(struct worker *worker, struct error *err) MUSTCHECK;

/* From any thread: a restore that is under way, or begins, ends with WORKER_E_INTERRUPTED. */
void worker_interrupt(struct worker *worker);

/* The handle on the bus, to put faults into. The second takes it away, for a simulator that lets it crash: then only worker_free(). */
struct bus_worker *worker_bus(struct worker *worker);
struct bus_worker *worker_take_bus(struct worker *worker);

/* -- Looking at it -- */

struct worker_status { /* of what is committed */
        bool assigned;     /* the group has handed out partitions at least once (maybe none to this one) */
        bool clock_away;   /* the wall clock is too far from the broker's: nothing is told */
        int64_t restoring, behind, live; /* partitions */
        int64_t restore_percent; /* of the rows of those that are restoring */
        int64_t facts, duplicates, told, dead, forgotten;
        int64_t transactions, aborts;
        int64_t lag_records; /* of partitions that are behind: what they have to read yet */
        int64_t lag_ms;      /* age of the newest record read, 0 when nothing was waiting */
        int64_t cases_due;   /* cases that stand in the heap of instants, touched ones not counted */
        instant_t settled_at; /* of the clock that decides: whatever fell due until then is told and committed; 0: not yet */
};

/* From any thread. */
void worker_status(const struct worker *worker, struct worker_status *ret);

/* Cases, facts, alerts and memory of the partitions owned, and a checksum of their rows. The worker's own thread only. */
struct worker_census {
        int32_t partitions;
        size_t cases, facts, open_alerts, closed, bytes;
        uint64_t checksum;
};
void worker_census(const struct worker *worker, struct worker_census *ret);

/* -- Metrics, once for a process -- */

/* Registers the workers' metrics. Return: 0; -ENOSPC with a sentence; -ENOMEM. */
int worker_metrics_new(struct metrics *metrics, const struct config *config, struct worker_metrics **ret, struct error *err) MUSTCHECK;
struct worker_metrics *worker_metrics_free(struct worker_metrics *metrics);
DEFINE_CLEANUP(struct worker_metrics *, worker_metrics_free);
