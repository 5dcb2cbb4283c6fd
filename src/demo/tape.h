/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the demonstration plays: events in order, each with the instant at which it comes
 *
 * Filled from a file of JSON lines or by the generator (demo/year.h). The clock of a tape is that of
 * `replay`: it begins at the first event's recorded_at and goes on to each event's, never back. A
 * wave is as much of it as may be posted at once without making the outcome depend on which of two arrives
 * first: events of one day, none of the same case. Knows no HTTP and no broker.
 */

#include <stdio.h>

#include "base/arena.h"
#include "model/lines.h"

#define TAPE_ITEMS_MAX 500000
#define TAPE_BYTES_MAX ((size_t)1 << 30)
#define TAPE_WAVE_MAX 32 /* items of a wave */

struct tape_item {
        instant_t at;        /* when it comes: recorded_at, or later when something before it came later */
        struct uuid case_id;
        const char *source;  /* who publishes it; NULL: nothing is published, the clock goes to @at */
        const char *event;
        struct text json;    /* the line */
};

struct tape {
        struct arena *arena; /* owns all texts */
        struct tape_item *items;
        size_t n, capacity;
};

/* Return: 0 or -ENOMEM. Afterwards tape_done() in any case. */
int tape_init(struct tape *tape) MUSTCHECK;
void tape_done(struct tape *tape); /* zeroed memory is fine */

/* Adds an item behind the others; texts are copied. Return: 0; -ENOSPC beyond TAPE_ITEMS_MAX; -ENOMEM. */
int tape_add(struct tape *tape, const struct tape_item *item) MUSTCHECK;

/*
 * Reads lines as `replay` takes them. A line that is refused is given to @refused with its number and is
 * left out. Return: 0; -EINVAL with a sentence (no event at all; more than TAPE_ITEMS_MAX); negative errno.
 */
int tape_read(struct tape *tape, FILE *in, const struct event_types *types, const struct organisations *orgs,
              void (*refused)(void *ctx, uint64_t number, const struct line *line), void *ctx, struct error *err) MUSTCHECK;

/* How many items from place @from on make one wave: at least 1, at most TAPE_WAVE_MAX; 0 at the end. */
size_t tape_wave(const struct tape *tape, size_t from);

/* The publishers on the tape, each once, sorted: to *ret, in the tape's arena. Return: 0 or -ENOMEM. */
int tape_sources(const struct tape *tape, const char *const **ret, size_t *ret_n) MUSTCHECK;
