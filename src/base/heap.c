/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/heap.h"

#include <errno.h>

#define CHILDREN 4u /* four to a node: half the levels of two, and they share a cache line */

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

static void down(struct heap *h, uint32_t i, struct heap_entry e) {
        for (;;) {
                uint64_t first = (uint64_t)(i - 1) * CHILDREN + 2;
                uint32_t least = 0;

                for (uint64_t c = first; c < first + CHILDREN && c <= h->n; c++) {
                        if (!least || h->entries[c].at < h->entries[least].at)
                                least = (uint32_t)c;
                }
                if (!least || h->entries[least].at >= e.at)
                        break;
                put(h, i, h->entries[least]);
                i = least;
        }
        put(h, i, e);
}

void heap_done(struct heap *h) {
        free(h->entries);
        *h = (struct heap){0};
}

static int grow(struct heap *h) {
        uint32_t capacity = h->capacity ? h->capacity * 2 : 64;
        struct heap_entry *p;

        if (capacity <= h->capacity)
                return -ENOMEM;
        p = realloc(h->entries, ((size_t)capacity + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        h->entries = p;
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
