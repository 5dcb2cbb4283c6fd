/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Load: events of cases that never were, for benchmarks, backfills and trials
 *
 * Deterministic: the same configuration, shape, seed, number of cases and present give the same events with the
 * same ids, so sending them twice is sending duplicates. Two shapes:
 *
 *   four  what the four deadlines of tests/bench/four-deadlines need, six event types: per case a start, an assignment and a first
 *         contact (90 %), a course (85 %), help (70 %), an end (about 70 %). A quarter of the cases is 120 to 620 days old,
 *         so that deadlines have passed; some of those have late facts, some end. Cases interleave in a
 *         sliding window of a quarter of them; a case's own events keep their order.
 *   year  a year of the whole country that ends at the present: thirty event types in the proportions in which measures, courses, help,
 *         waiting, obstructions, moves and ends come, in order of recording; late deeds, late paperwork, and one
 *         event in a hundred sent again a day later. BENCH_LOAD_COUNTRY cases are about the children of one year.
 *
 * Organisations are those of the configuration: all GIs and all municipalities in force. Event types that its schemas
 * lack are an error. Knows nothing of the worker.
 */

#include <stdatomic.h>

#include "model/config.h"
#include "model/event.h"

#define BENCH_LOAD_CASES_MAX 20000000
#define BENCH_LOAD_YEAR_CASES_MAX 2000000 /* a year is put in order in memory: 12 bytes an event */
#define BENCH_LOAD_RATE_MAX 10000000
#define BENCH_LOAD_COUNTRY 40000
#define BENCH_LOAD_SEED 42
#define BENCH_LOAD_FOUR_EVENTS 5 /* of a case of the four deadlines, on average */

enum bench_load_shape { BENCH_LOAD_FOUR, BENCH_LOAD_YEAR, BENCH_LOAD_SHAPES };
extern const char *const bench_load_shapes[BENCH_LOAD_SHAPES]; /* "four", "year" */
static inline int64_t bench_load_cases_max(enum bench_load_shape shape) {
        return shape == BENCH_LOAD_YEAR ? BENCH_LOAD_YEAR_CASES_MAX : BENCH_LOAD_CASES_MAX;
}

struct bench_load_config {
        const struct config *config; /* must outlive the load */
        enum bench_load_shape shape;
        uint64_t cases, seed;        /* 1 to BENCH_LOAD_CASES_MAX, of a year to BENCH_LOAD_YEAR_CASES_MAX */
        uint64_t first;              /* number of the first case: loads that follow each other without meeting */
        instant_t now;               /* the present of the load: no event is recorded later */
        const atomic_bool *stop;     /* another thread sets it: there are no more events; may be NULL */
};

struct bench_load;

/* Return: 0; -EINVAL with a sentence (an event type, a field, a GI or a municipality is missing; a number out of bounds); -ENOMEM. */
int bench_load_new(const struct bench_load_config *config, struct bench_load **ret, struct error *err) MUSTCHECK;
struct bench_load *bench_load_free(struct bench_load *load); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct bench_load *, bench_load_free);

/* The next event; borrowed until the next call. false: there are no more. */
bool bench_load_next(struct bench_load *load, struct event *ret);

/* Whether the event handed out last is one that was handed out before. */
bool bench_load_repeated(const struct bench_load *load);
