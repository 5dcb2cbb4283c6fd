/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Time and randomness as arguments
 *
 * Instants are milliseconds since 1970-01-01T00:00:00Z. Code that decides never asks the system;
 * it is handed an instant, or a struct clock, which tests replace.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

typedef int64_t instant_t; /* ms since the epoch, UTC */

#define INSTANT_NEVER INT64_MAX
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS) /* of the clock: a civil day may be an hour longer or shorter (calendar/date.h) */

struct clock_ops {
        instant_t (*realtime_ms)(void *ctx); /* may jump; for decisions and stamps */
        int64_t (*monotonic_ms)(void *ctx);  /* never goes back; for time-outs */
};

struct clock {
        const struct clock_ops *ops;
        void *ctx;
};

static inline instant_t clock_realtime(const struct clock *c) {
        return c->ops->realtime_ms(c->ctx);
}
static inline int64_t clock_monotonic(const struct clock *c) {
        return c->ops->monotonic_ms(c->ctx);
}

/* The machine's own clocks. */
struct clock clock_system(void);

/*
 * A clock that stands where it is put, until it is let go and shows the present. Only its instants stand: time-outs are the machine's.
 * Any thread may look at it, and may move it.
 */
struct hand_clock {
        _Atomic instant_t at;
        atomic_bool free;
};
struct clock hand_clock(struct hand_clock *hand); /* borrows it */
void hand_clock_put(struct hand_clock *hand, instant_t at); /* forward only */
void hand_clock_let_go(struct hand_clock *hand);

/* CPU time of this process, user and system, in nanoseconds: what benchmarks measure with. */
int64_t clock_cpu_ns(void);

/* The machine's monotonic clock in nanoseconds, for who measures what takes less than a millisecond. */
int64_t clock_monotonic_ns(void);

/* @n bytes from the system's random source. Return: 0 or negative errno. */
int random_bytes(void *ret, size_t n) MUSTCHECK;
