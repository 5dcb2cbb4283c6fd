/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How far long work has come
 *
 * One line on standard error that is written again and again, for a person who waits: only where standard error is a
 * terminal, not before the work has taken PROGRESS_AFTER_MS, and not more often than every PROGRESS_EVERY_MS. In a pipe or a
 * file nothing of it ever stands.
 */

#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"

#define PROGRESS_AFTER_MS 1000
#define PROGRESS_EVERY_MS 250

struct progress {
        struct clock clock;
        FILE *out;    /* NULL: nobody looks */
        int64_t next; /* when the line may be written, monotonic ms */
        bool stands;  /* the line is on the screen */
};

/* Begins now, on standard error if that is a terminal. */
struct progress progress_begin(void);

/* Whether it is time for the line; so that what stands in it need not be found out before. */
bool progress_due(struct progress *p);

/* "ketenwacht NAME: …" in place of the line before. To be called when progress_due(). */
void progress_say(struct progress *p, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Takes the line off the screen: before anything else is printed, and at the end. */
void progress_clear(struct progress *p);
