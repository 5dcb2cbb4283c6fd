/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The two halves of `bench restore`; for bench_restore*.c alone. */

#include "bench/bench.h"

struct bench_restore_options {
        struct bench_arguments arguments;
        const struct config *config; /* borrowed */
        const char *bootstrap;       /* NULL: from memory */
        int64_t cases, seed;
};

/*
 * On a broker: a child writes the state, this process restores it as a worker's thread does, and a second child shows what a
 * whole restart costs. Prints its result. Return: an exit status, other than 0 with a sentence in @err.
 */
int bench_restore_on_broker(const struct bench_restore_options *options, struct error *err) MUSTCHECK;
