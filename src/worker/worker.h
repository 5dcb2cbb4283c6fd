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
#include "bus/bus.h"
#include "model/config.h"
#include "worker/ground.h"
#include "worker/meter.h"

/* -- Making one -- */

struct worker;

struct worker_config { /* all borrowed: must outlive the worker */
        const struct config *config;
        struct bus *bus;
        struct clock clock;        /* decides */
        struct clock real;         /* time-outs, and comparing with the broker's */
        const struct log *log;     /* may be NULL */
        struct worker_metrics *metrics; /* may be NULL; shared by the workers of a process */
        const char *group;         /* NULL: TOPICS_GROUP_RULES */
        const char *instance;      /* this slot's name: another worker needs another one */
        int64_t behind_after_ms;   /* 0: PARTITION_BEHIND_AFTER_MS */
        int32_t partitions;        /* that case-state must have; 0: as many as it has */
        struct term_step retention; /* after its last fact a case that is over is kept for so long; count 0: nothing is forgotten */
        bool once;                 /* read to the ends that stand at the first assignment, evaluate all, then worker_done() */
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
 * Return: 0; enum worker_outcome (worker/ground.h) with a sentence; negative errno with a sentence: the worker is of no more use.
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

/* From any thread; worker/meter.h has the struct. */
void worker_status(const struct worker *worker, struct worker_status *ret);

/* Cases, facts, alerts and memory of the partitions owned, and a checksum of their rows. The worker's own thread only. */
struct worker_census {
        int32_t partitions;
        size_t cases, facts, open_alerts, closed, bytes;
        uint64_t checksum;
};
void worker_census(const struct worker *worker, struct worker_census *ret);
