/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The clock of the demonstration: stands where the feeder puts it, until it is let go and shows the present
 *
 * It decides only. Its monotonic side is the machine's own, for time-outs, and records are stamped with real time.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

struct demo_time {
        _Atomic instant_t at;
        atomic_bool real; /* let go */
};

static inline instant_t demo_time_realtime(void *ctx) {
        struct demo_time *time = ctx;
        struct clock real = clock_system();

        return atomic_load(&time->real) ? clock_realtime(&real) : atomic_load(&time->at);
}

static inline int64_t demo_time_monotonic(void *ctx) {
        struct clock real = clock_system();

        (void) ctx;
        return clock_monotonic(&real);
}

static const struct clock_ops demo_time_ops = {.realtime_ms = demo_time_realtime, .monotonic_ms = demo_time_monotonic};

static inline struct clock demo_time_clock(struct demo_time *time) {
        return (struct clock){.ops = &demo_time_ops, .ctx = time};
}

/* Forward only. */
static inline void demo_time_set(struct demo_time *time, instant_t at) {
        if (at > atomic_load(&time->at))
                atomic_store(&time->at, at);
}
