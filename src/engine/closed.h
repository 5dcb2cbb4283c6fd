/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The cases that were forgotten: of each its id and the day, and nothing else
 *
 * They only become more, and are asked after for every case that is not there; so they stand side by side
 * in one table, 20 bytes each, without a pointer to anything.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/uuid.h"
#include "calendar/date.h"

#define CLOSED_NONE 0 /* no day: 1970-01-01 lies before everything that an event may carry */

struct closed_entry {
        struct uuid id;
        day_t day; /* CLOSED_NONE: free */
};

struct closed {
        struct closed_entry *entries;
        size_t n, capacity; /* a power of two */
};

void closed_done(struct closed *closed);

/* The day on which a case was forgotten, or CLOSED_NONE. */
day_t closed_day(const struct closed *closed, const struct uuid *id);

/* Puts or replaces; @day is not CLOSED_NONE. Return: 0 or -ENOMEM. */
int closed_put(struct closed *closed, const struct uuid *id, day_t day) MUSTCHECK;

/* Takes it out; no effect when it is not there. Needs no memory, and the next closed_put() none either. */
void closed_remove(struct closed *closed, const struct uuid *id);

static inline size_t closed_bytes(const struct closed *closed) {
        return closed->capacity * sizeof(*closed->entries);
}
