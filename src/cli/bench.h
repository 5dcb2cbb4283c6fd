/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Benchmarks
 *
 * One file and one row each (bench.c). They measure CPU time of this process, in rounds of which the
 * middle one counts, and say ratios of one run rather than figures of one machine.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"

struct bench_arguments {
        struct command_dirs dirs;
        bool json; /* one object on one line instead of text */
};

struct bench {
        const char *name, *summary;
        /* Prints its result. Return: an exit status; other than 0 with a sentence. */
        int (*run)(const struct bench_arguments *arguments, struct error *err);
};

extern const struct bench bench_codec;
extern const struct bench bench_engine;

#define BENCH_ROUNDS 9

/* The middle one of BENCH_ROUNDS values; sorts them. */
double bench_middle(double values[BENCH_ROUNDS]);
