/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Benchmarks
 *
 * One file and one row each (main.c), with options and a help of its own. They measure CPU time rather than
 * seconds, and say ratios of one run rather than figures of one machine. Together they are a program of their own, because nothing
 * that only measures, and no bus but Kafka, belongs where real cases are: `ketenwacht bench` starts it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/options.h"
#include "model/config.h"

struct bench {
        const char *name, *summary; /* summary: one line, for ketenwacht bench --help */
        const char *help; /* the whole text of ketenwacht bench NAME --help */
        /*
         * argv[0] is "bench NAME". Prints its result on standard output, and how far it is on standard error.
         * Return: an exit status; other than 0 with a sentence in @err, or with an empty one when it was printed.
         */
        int (*run)(int argc, char **argv, struct error *err);
};

extern const struct bench bench_admission;
extern const struct bench bench_codec;
extern const struct bench bench_console;
extern const struct bench bench_engine;
extern const struct bench bench_ids;
extern const struct bench bench_load;
extern const struct bench bench_restore;
extern const struct bench bench_timers;
extern const struct bench bench_worker;
extern const struct bench bench_scale;
extern const struct bench bench_compare;

/* -- Options that all take -- */

struct bench_arguments {
        struct command_dirs dirs;
        bool json; /* one object on one line instead of text */
};
#define BENCH_ARGUMENTS_DEFAULT \
        { .dirs = command_dirs() }
#define BENCH_OPTION_ROWS(a) \
        OPTION_TEXT_ROW("--config", &(a)->dirs.config), OPTION_TEXT_ROW("--schemas", &(a)->dirs.schemas), OPTION_FLAG_ROW("--json", &(a)->json)

/* Reads the options of a benchmark, which takes no arguments. Return: 0, or EXIT_USAGE after the sentence. */
int bench_options(int argc, char **argv, const struct option_row *rows) MUSTCHECK;

/* A number of @least to @most; @text NULL leaves *ret as it is. @name: argv[0]. Return: 0, or EXIT_USAGE after the sentence. */
int bench_number(const char *name, const char *option, const char *text, int64_t least, int64_t most, int64_t *ret) MUSTCHECK;

struct bench_number_row {
        const char *option;
        const char *const *text; /* of the option */
        int64_t least, most, *ret;
};

/* The same for each of @n options. */
int bench_numbers(const char *name, const struct bench_number_row *rows, size_t n) MUSTCHECK;

/* The configuration, with EXIT_USAGE and a sentence when it has mistakes, which are printed. */
int bench_configuration(const struct bench_arguments *arguments, struct config **ret, struct error *err) MUSTCHECK;

/* -- Saying -- */

/* How far it is, as one line on standard error. */
void bench_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* -- Figures -- */

/* Resident memory of this process, or 0 when the system does not say. */
int64_t bench_rss_bytes(void);

#define BENCH_ROUNDS 9
#define BENCH_ROUNDS_MAX 100

/* The middle of @n values, of which there is at least one; leaves them sorted, the least first. */
double bench_middle(double *values, size_t n);
