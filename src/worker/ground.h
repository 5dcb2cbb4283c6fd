/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What all parts of a worker stand on
 *
 * The configuration, the engine, the handle on the bus with its topics, the meter, memory for one record and what follows from it, and the
 * clocks as they stood when this turn of the loop began. worker_new() lays it; the parts borrow it and keep what is their own to
 * themselves. Functions of all parts return 0, a positive BUS_E_ or WORKER_E_ outcome, or a negative errno with a
 * sentence in @err; worker_step() sorts them.
 */

#include "base/arena.h"
#include "base/log.h"
#include "bus/bus.h"
#include "engine/engine.h"
#include "worker/meter.h"
#include "worker/topics.h"

#define GROUND_SCRATCH_MAX ((size_t)64 << 20) /* memory for one record and what follows from it */

enum worker_outcome { /* beside 0 and negative errno; never overlaps enum bus_outcome */
        WORKER_E_CONFIG = 100, /* the configuration does not fit what stands in case-state: usage, not fate */
        WORKER_E_INTERRUPTED,  /* worker_interrupt() ended a restore */
        WORKER_E_SPLIT,        /* once: not all partitions were this worker's throughout */
};

struct ground {
        const struct config *config;
        const struct log *log; /* may be NULL */
        const char *instance;
        struct clock deciding, real;
        struct { /* what they said when this turn began: a record costs a microsecond, a look at them a tenth */
                instant_t deciding, real;
                int64_t monotonic;
        } now;
        struct bus_worker *bus;
        struct worker_topics topics;
        struct engine *engine;
        struct meter meter;
        struct arena *scratch; /* reset before each record and each evaluation */
};

/* After whatever may have taken long: a poll, a restore, a commit. */
static inline void ground_look(struct ground *g) {
        g->now.deciding = clock_realtime(&g->deciding);
        g->now.real = clock_realtime(&g->real);
        g->now.monotonic = clock_monotonic(&g->real);
}

/* At this very moment, for what is measured within a turn. */
static inline int64_t ground_monotonic(const struct ground *g) {
        return clock_monotonic(&g->real);
}
