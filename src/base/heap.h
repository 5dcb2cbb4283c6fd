/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A heap of instants
 *
 * Orders items by the next instant at which something may change for them. Items embed a
 * struct heap_slot and so know their place: moving or removing one costs O(log n), and there is
 * never more than one entry per item.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"

struct heap_slot {
        uint32_t place; /* from 1; 0: not in the heap */
};

struct heap_entry {
        instant_t at;
        struct heap_slot *slot;
};

struct heap {
        struct heap_entry *entries; /* [1 .. n], four children each */
        void *block;                /* of memory, in which they lie */
        uint32_t n, capacity;
};

void heap_done(struct heap *h); /* frees the entries; slots keep stale places */

/* Sets the instant of an item, putting it in if needed; INSTANT_NEVER takes it out. Return: 0 or -ENOMEM. */
int heap_set(struct heap *h, struct heap_slot *slot, instant_t at) MUSTCHECK;

/* Takes an item out; no effect when it is not in. */
void heap_remove(struct heap *h, struct heap_slot *slot);

/* The earliest entry, or NULL. Items with one instant come in no defined order. */
const struct heap_entry *heap_first(const struct heap *h);

/* The instant under which an item stands, or INSTANT_NEVER. */
instant_t heap_at(const struct heap *h, const struct heap_slot *slot);
