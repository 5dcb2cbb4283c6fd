/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A heap of instants
 *
 * Orders items by the next instant at which something may change for them. Items embed a
 * struct heap_slot and so know their place: moving or removing one needs no search, and there is
 * never more than one entry per item.
 *
 * Only what comes soon must be in order. So items lie in buckets, one for each slice of time in which any item stands, in no
 * order; the first bucket that is not empty is a heap. Where millions wait that is a few hundred items, all in the cache.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"

struct heap_slot {
        uint32_t place;  /* in its bucket, from 1; 0: not in the heap */
        uint32_t bucket; /* its number */
};

struct heap_entry {
        instant_t at;
        struct heap_slot *slot;
};

struct heap_bucket {
        struct heap_entry *entries;
        uint32_t n, capacity;
        bool ordered; /* a heap: four children each, none of them before its parent */
};

struct heap_slice {
        int64_t number; /* of the slice: instants divided by its length */
        uint32_t bucket;
};

struct heap {
        struct heap_slice *slices; /* in order of time */
        size_t n_slices, slices_capacity, first; /* before slices[first] there are only empty ones; its bucket is ordered */
        struct heap_bucket *buckets; /* by number; those without a slice wait in .spare */
        size_t n_buckets, buckets_capacity;
        uint32_t *spare;
        size_t n_spare, spare_capacity;
        size_t n; /* items */
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

/*
 * Gives the memory back of slices that lie before the first item. Until it is called all of that only grows: whoever takes out
 * all items that were put in or moved since, can put each back where it stood without new memory.
 */
void heap_settle(struct heap *h);

/* Bytes that it holds. */
size_t heap_bytes(const struct heap *h);
