/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the parts of `ketenwacht bench timers` share
 *
 * Open cases of which nothing is known but their start, on one of five days; then the clock goes from midnight to midnight
 * and all that the protocols want falls due. The engine alone does it for millions of cases; a worker on
 * the memory bus, which keeps a trace of every record, for fewer.
 */

#include "base/arena.h"
#include "base/buffer.h"
#include "model/config.h"
#include "model/event.h"

#define TIMERS_CASES_MAX 20000000
#define TIMERS_WORKER_CASES_MAX 500000 /* about a kilobyte and a half each, most of it the traces on the memory bus */
#define TIMERS_DAYS 120                /* how far the clock goes: beyond every first deadline of a measure but those of a year */
#define TIMERS_HEAP_ROUNDS 3

/* -- The cases -- */

struct timers_cases {
        const struct config *config;
        struct arena *arena;
        struct event event; /* the start of the case that was asked last */
        day_t first_day;
        instant_t opened;   /* the present while they are opened */
        int measure, informed, verdict; /* slots */
};

/* Return: 0; -EINVAL with a sentence (no measure-started, no GI, no municipality); -ENOMEM. timers_cases_done() in any case. */
int timers_cases_init(struct timers_cases *cases, const struct config *config, struct error *err) MUSTCHECK;
void timers_cases_done(struct timers_cases *cases);

/* The start of case @number; borrowed until the next call. */
const struct event *timers_case(struct timers_cases *cases, uint64_t number);

/* The present on the @day-th day after: midnight. */
instant_t timers_midnight(const struct timers_cases *cases, int day);

/* -- The measurements. Return: 0; negative errno with a sentence. -- */

struct timers_heap {
        double insert_ns, pop_ns; /* an item */
};
int timers_heap(uint64_t n, struct timers_heap *ret, struct error *err) MUSTCHECK;

struct timers_fired {
        uint64_t cases, fired, told;
        double open_ns, fire_ns; /* CPU: a case opened; a case fired, with its records and rows */
        double bytes_per_case;   /* in the store, when all are open and announced */
        double rss_per_case;     /* of the process, beyond what it had; 0: not said */
};
int timers_engine(struct timers_cases *cases, uint64_t n, struct timers_fired *ret, struct error *err) MUSTCHECK;
int timers_worker(struct timers_cases *cases, uint64_t n, struct timers_fired *ret, struct error *err) MUSTCHECK;
