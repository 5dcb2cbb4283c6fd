/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A load onto the broker or as lines
 *
 * What bench/load.h generates, sent as publishers send it, or printed for `publish` and `replay`.
 */

#include <stdio.h>

#include "bench/load.h"
#include "bus/bus.h"

struct bench_load_result {
        uint64_t events;  /* sent and acknowledged, repeated ones included */
        uint64_t repeats; /* of these: sent before */
        uint64_t bytes;   /* of their bodies */
};

/*
 * Sends every event that is left to the topic of its type, with headers as publishers write them, and waits for the
 * acknowledgements. @rate: events a second, 0: as fast as it goes. @clock: for the rate. Return: 0; negative errno with a sentence.
 */
int bench_load_write(struct bench_load *load, struct bus *bus, uint64_t rate, const struct clock *clock, struct bench_load_result *ret,
                     struct error *err) MUSTCHECK;

/* The same to the outbox of each event's source, as fast as it goes. */
int bench_load_write_outboxes(struct bench_load *load, struct bus *bus, const struct clock *clock, struct bench_load_result *ret, struct error *err) MUSTCHECK;

/* Prints every event that is left as a line for `publish` and `replay`. Return: 0; negative errno with a sentence. */
int bench_load_print(struct bench_load *load, FILE *out, struct bench_load_result *ret, struct error *err) MUSTCHECK;
