/* SPDX-License-Identifier: EUPL-1.2 */

/* The machine's clocks and its source of randomness, and a clock that is moved by hand. */

#include "base/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_ns(clockid_t id) {
        struct timespec t;

        (void) clock_gettime(id, &t); /* cannot fail for the ids used here */
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static instant_t system_realtime(void *ctx) {
        (void) ctx;
        return read_ns(CLOCK_REALTIME) / 1000000;
}

static int64_t system_monotonic(void *ctx) {
        (void) ctx;
        return read_ns(CLOCK_MONOTONIC) / 1000000;
}

struct clock clock_system(void) {
        static const struct clock_ops ops = {.realtime_ms = system_realtime, .monotonic_ms = system_monotonic};

        return (struct clock){.ops = &ops};
}

static instant_t hand_realtime(void *ctx) {
        struct hand_clock *hand = ctx;

        return atomic_load(&hand->free) ? system_realtime(NULL) : atomic_load(&hand->at);
}

struct clock hand_clock(struct hand_clock *hand) {
        static const struct clock_ops ops = {.realtime_ms = hand_realtime, .monotonic_ms = system_monotonic};

        return (struct clock){.ops = &ops, .ctx = hand};
}

void hand_clock_put(struct hand_clock *hand, instant_t at) {
        instant_t before = atomic_load(&hand->at);

        while (at > before && !atomic_compare_exchange_weak(&hand->at, &before, at))
                ;
}

void hand_clock_let_go(struct hand_clock *hand) {
        atomic_store(&hand->free, true);
}

int64_t clock_cpu_ns(void) {
        return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t clock_monotonic_ns(void) {
        return read_ns(CLOCK_MONOTONIC);
}

int random_bytes(void *ret, size_t n) {
        unsigned char *p = ret;

        while (n > 0) {
                ssize_t got = getrandom(p, n, 0);

                if (got < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                p += got;
                n -= (size_t)got;
        }
        return 0;
}
