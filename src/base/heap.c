/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHILDREN 4u /* four to a node: half the levels of two, and they share a cache line */
#define LINE 64u    /* bytes of one */

static uint32_t parent_of(uint32_t i) {
        return (i - 2) / CHILDREN + 1;
}

static void put(struct heap *h, uint32_t i, struct heap_entry e) {
        h->entries[i] = e;
        e.slot->place = i;
}

static void up(struct heap *h, uint32_t i, struct heap_entry e) {
        while (i > 1 && h->entries[parent_of(i)].at > e.at) {
                put(h, i, h->entries[parent_of(i)]);
                i = parent_of(i);
        }
        put(h, i, e);
}

/* Index of the first child of an item. */
static uint64_t children_of(uint32_t i) {
        return (uint64_t)(i - 1) * CHILDREN + 2;
}

/* The least of the children that begin at @first, of which there is at least one. */
static uint32_t least_of(const struct heap *h, uint64_t first) {
        uint64_t end = first + CHILDREN <= (uint64_t)h->n + 1 ? first + CHILDREN : (uint64_t)h->n + 1;
        uint64_t least = first;

        for (uint64_t c = first + 1; c < end; c++)
                least = h->entries[c].at < h->entries[least].at ? c : least;
        return (uint32_t)least;
}

/*
 * Where millions wait, each level is a miss of the cache, one after the other, because the way is known only by looking.
 * So the children of all children are called for before it is known which of them are needed, and so are the items that will move.
 */
static void call_for(const struct heap *h, uint64_t first) {
        uint64_t next = children_of((uint32_t)first);

        if (next + CHILDREN * CHILDREN > h->n)
                return;
        for (uint64_t k = 0; k < CHILDREN; k++)
                __builtin_prefetch(&h->entries[next + k * CHILDREN]);
}

static void down(struct heap *h, uint32_t i, struct heap_entry e) {
        for (;;) {
                uint64_t first = children_of(i);
                uint32_t least;

                if (first > h->n)
                        break;
                call_for(h, first);
                least = least_of(h, first);
                if (h->entries[least].at >= e.at)
                        break;
                put(h, i, h->entries[least]);
                i = least;
        }
        put(h, i, e);
}

void heap_done(struct heap *h) {
        free(h->block);
        *h = (struct heap){0};
}

/* So that the four children of an item, which begin with the second entry, lie in one line. */
static struct heap_entry *entries_in(void *block) {
        uintptr_t at = ((uintptr_t)block + LINE - 1) & ~(uintptr_t)(LINE - 1);

        return (struct heap_entry *)(at + LINE - 2 * sizeof(struct heap_entry));
}

static int grow(struct heap *h) {
        uint32_t capacity = h->capacity ? h->capacity * 2 : 64;
        ptrdiff_t before = h->block ? (char *)h->entries - (char *)h->block : 0;
        struct heap_entry *entries;
        void *block;

        if (capacity <= h->capacity)
                return -ENOMEM;
        block = realloc(h->block, ((size_t)capacity + 1) * sizeof(*entries) + 2 * LINE);
        if (!block)
                return -ENOMEM;
        entries = entries_in(block);
        if (h->block && (char *)entries - (char *)block != before)
                memmove(entries, (char *)block + before, ((size_t)h->n + 1) * sizeof(*entries));
        h->block = block;
        h->entries = entries;
        h->capacity = capacity;
        return 0;
}

int heap_set(struct heap *h, struct heap_slot *slot, instant_t at) {
        struct heap_entry e = {at, slot};

        if (at == INSTANT_NEVER) {
                heap_remove(h, slot);
                return 0;
        }
        if (slot->place) {
                instant_t old = h->entries[slot->place].at;

                if (at < old)
                        up(h, slot->place, e);
                else if (at > old)
                        down(h, slot->place, e);
                return 0;
        }
        if (h->n == h->capacity) {
                int r = grow(h);

                if (r)
                        return r;
        }
        h->n++;
        up(h, h->n, e);
        return 0;
}

void heap_remove(struct heap *h, struct heap_slot *slot) {
        uint32_t i = slot->place;
        struct heap_entry last;

        if (!i)
                return;
        slot->place = 0;
        last = h->entries[h->n--];
        if (last.slot == slot)
                return;
        if (i > 1 && h->entries[parent_of(i)].at > last.at)
                up(h, i, last);
        else
                down(h, i, last);
}

const struct heap_entry *heap_first(const struct heap *h) {
        return h->n ? &h->entries[1] : NULL;
}

instant_t heap_at(const struct heap *h, const struct heap_slot *slot) {
        return slot->place ? h->entries[slot->place].at : INSTANT_NEVER;
}
