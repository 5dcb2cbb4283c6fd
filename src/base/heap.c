/* SPDX-License-Identifier: EUPL-1.2 */

/* Items in buckets, one for each slice of time; of these only the first that is not empty is in the order of a heap. */

#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"

#define CHILDREN 4u   /* four to a node: half the levels of two, and they share a cache line or two */
#define SLICE_BITS 24 /* milliseconds of a slice: some five hours; a year has 1,880 */

/* --- one bucket --- */

static uint32_t parent_of(uint32_t i) {
        return (i - 1) / CHILDREN;
}

static void put(struct heap_bucket *b, uint32_t i, struct heap_entry e) {
        b->entries[i] = e;
        e.slot->place = i + 1;
}

static void up(struct heap_bucket *b, uint32_t i, struct heap_entry e) {
        while (i > 0 && b->entries[parent_of(i)].at > e.at) {
                put(b, i, b->entries[parent_of(i)]);
                i = parent_of(i);
        }
        put(b, i, e);
}

/* The least of the children that begin at @first, of which there is at least one. */
static uint32_t least_of(const struct heap_bucket *b, uint64_t first) {
        uint64_t end = first + CHILDREN <= b->n ? first + CHILDREN : b->n;
        uint64_t least = first;

        for (uint64_t c = first + 1; c < end; c++)
                least = b->entries[c].at < b->entries[least].at ? c : least;
        return (uint32_t)least;
}

static void down(struct heap_bucket *b, uint32_t i, struct heap_entry e) {
        for (;;) {
                uint64_t first = (uint64_t)i * CHILDREN + 1;
                uint32_t least;

                if (first >= b->n)
                        break;
                least = least_of(b, first);
                if (b->entries[least].at >= e.at)
                        break;
                put(b, i, b->entries[least]);
                i = least;
        }
        put(b, i, e);
}

/* To where it belongs, from a place at which it may stand too early or too late. */
static void set(struct heap_bucket *b, uint32_t i, struct heap_entry e) {
        if (!b->ordered)
                put(b, i, e);
        else if (i > 0 && b->entries[parent_of(i)].at > e.at)
                up(b, i, e);
        else
                down(b, i, e);
}

static void order(struct heap_bucket *b) {
        if (b->ordered)
                return;
        b->ordered = true;
        for (uint32_t i = 0; i < b->n; i++) /* each will be told its place, and they lie anywhere */
                __builtin_prefetch(b->entries[i].slot, 1);
        for (uint32_t i = b->n > 1 ? parent_of(b->n - 1) + 1 : 0; i-- > 0;)
                down(b, i, b->entries[i]);
}

static int append(struct heap_bucket *b, struct heap_entry e) {
        if (b->n == b->capacity) {
                uint64_t capacity = (uint64_t)b->capacity + b->capacity / 2 + 4;
                struct heap_entry *entries = capacity <= UINT32_MAX ? realloc(b->entries, capacity * sizeof(*entries)) : NULL;

                if (!entries)
                        return -ENOMEM;
                b->entries = entries;
                b->capacity = (uint32_t)capacity;
        }
        set(b, b->n++, e);
        return 0;
}

/* --- all of them --- */

static int64_t slice_of(instant_t at) {
        return at >> SLICE_BITS;
}

/* The first slice that is not before a number. */
static size_t find_slice(const struct heap *h, int64_t number) {
        size_t from = 0;

        for (size_t n = h->n_slices, half; n > 1; n -= half) { /* without a branch that nobody can foretell */
                half = n / 2;
                from += h->slices[from + half - 1].number < number ? half : 0;
        }
        return h->n_slices && h->slices[from].number < number ? from + 1 : from;
}

/* A bucket without a slice. */
static int take_bucket(struct heap *h, uint32_t *ret) {
        if (h->n_spare) {
                *ret = h->spare[--h->n_spare];
                return 0;
        }
        /* With room for it among the spare ones, so that giving it back needs no memory. */
        if (vector_grow_((void **)&h->spare, &h->spare_capacity, h->n_buckets + 1, sizeof(*h->spare)) ||
            vector_grow_((void **)&h->buckets, &h->buckets_capacity, h->n_buckets + 1, sizeof(*h->buckets)))
                return -ENOMEM;
        h->buckets[h->n_buckets] = (struct heap_bucket){0};
        *ret = (uint32_t)h->n_buckets++;
        return 0;
}

static int add_slice(struct heap *h, size_t at, int64_t number) {
        uint32_t bucket;
        int r = vector_grow_((void **)&h->slices, &h->slices_capacity, h->n_slices + 1, sizeof(*h->slices));

        if (r == 0)
                r = take_bucket(h, &bucket);
        if (r)
                return r;
        memmove(&h->slices[at + 1], &h->slices[at], (h->n_slices - at) * sizeof(*h->slices));
        h->slices[at] = (struct heap_slice){number, bucket};
        h->n_slices++;
        h->first += at <= h->first;
        return 0;
}

/* The items of a bucket are in order from when it is the first. */
static void find_first(struct heap *h) {
        while (h->first < h->n_slices && h->buckets[h->slices[h->first].bucket].n == 0)
                h->first++;
        if (h->first < h->n_slices)
                order(&h->buckets[h->slices[h->first].bucket]);
}

static int add(struct heap *h, struct heap_slot *slot, instant_t at) {
        int64_t number = slice_of(at);
        size_t i = find_slice(h, number);
        uint32_t bucket;
        int r = 0;

        if (i == h->n_slices || h->slices[i].number != number)
                r = add_slice(h, i, number);
        if (r)
                return r;
        bucket = h->slices[i].bucket;
        r = append(&h->buckets[bucket], (struct heap_entry){at, slot});
        if (r)
                return r;
        slot->bucket = bucket;
        h->n++;
        if (i < h->first) {
                h->first = i;
                find_first(h);
        }
        return 0;
}

static void take_out(struct heap *h, struct heap_slot from) {
        struct heap_bucket *b = &h->buckets[from.bucket];
        uint32_t i = from.place - 1;
        struct heap_entry last = b->entries[--b->n];

        h->n--;
        if (i < b->n)
                set(b, i, last);
        if (b->n == 0)
                find_first(h);
}

void heap_done(struct heap *h) {
        for (size_t i = 0; i < h->n_buckets; i++)
                free(h->buckets[i].entries);
        free(h->slices);
        free(h->buckets);
        free(h->spare);
        *h = (struct heap){0};
}

int heap_set(struct heap *h, struct heap_slot *slot, instant_t at) {
        const struct heap_slot before = *slot;
        struct heap_entry *e = before.place ? &h->buckets[before.bucket].entries[before.place - 1] : NULL;
        int r;

        if (at == INSTANT_NEVER) {
                heap_remove(h, slot);
                return 0;
        }
        if (e && e->at == at)
                return 0;
        if (e && slice_of(e->at) == slice_of(at)) {
                set(&h->buckets[before.bucket], before.place - 1, (struct heap_entry){at, slot});
                return 0;
        }
        r = add(h, slot, at);
        if (r == 0 && e)
                take_out(h, before);
        return r;
}

void heap_remove(struct heap *h, struct heap_slot *slot) {
        const struct heap_slot before = *slot;

        slot->place = 0;
        if (before.place)
                take_out(h, before);
}

const struct heap_entry *heap_first(const struct heap *h) {
        return h->n ? h->buckets[h->slices[h->first].bucket].entries : NULL;
}

instant_t heap_at(const struct heap *h, const struct heap_slot *slot) {
        return slot->place ? h->buckets[slot->bucket].entries[slot->place - 1].at : INSTANT_NEVER;
}

void heap_settle(struct heap *h) {
        if (h->first == 0)
                return;
        for (size_t i = 0; i < h->first; i++) {
                uint32_t bucket = h->slices[i].bucket;

                free(h->buckets[bucket].entries);
                h->buckets[bucket] = (struct heap_bucket){0};
                h->spare[h->n_spare++] = bucket;
        }
        h->n_slices -= h->first;
        memmove(h->slices, &h->slices[h->first], h->n_slices * sizeof(*h->slices));
        h->first = 0;
}

size_t heap_bytes(const struct heap *h) {
        size_t bytes = h->slices_capacity * sizeof(*h->slices) + h->buckets_capacity * sizeof(*h->buckets) + h->spare_capacity * sizeof(*h->spare);

        for (size_t i = 0; i < h->n_buckets; i++)
                bytes += h->buckets[i].capacity * sizeof(struct heap_entry);
        return bytes;
}
