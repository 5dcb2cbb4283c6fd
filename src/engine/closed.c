/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/closed.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLOSED_FIRST 64

static size_t home_of(const struct closed *closed, const struct uuid *id) {
        uint64_t word;

        memcpy(&word, id->bytes, sizeof(word));
        word = (word ^ word >> 32) * 0x9e3779b97f4a7c15u;
        return (size_t)(word >> 24) & (closed->capacity - 1);
}

static size_t place_of(const struct closed *closed, const struct uuid *id) {
        size_t at = home_of(closed, id);

        while (closed->entries[at].day != CLOSED_NONE && !uuid_equal(&closed->entries[at].id, id))
                at = (at + 1) & (closed->capacity - 1);
        return at;
}

void closed_done(struct closed *closed) {
        free(closed->entries);
        *closed = (struct closed){0};
}

day_t closed_day(const struct closed *closed, const struct uuid *id) {
        return closed->n ? closed->entries[place_of(closed, id)].day : CLOSED_NONE;
}

static int grow(struct closed *closed) {
        struct closed bigger = {.n = closed->n, .capacity = closed->capacity ? closed->capacity * 2 : CLOSED_FIRST};

        bigger.entries = calloc(bigger.capacity, sizeof(*bigger.entries));
        if (!bigger.entries)
                return -ENOMEM;
        for (size_t i = 0; i < closed->capacity; i++) {
                if (closed->entries[i].day != CLOSED_NONE)
                        bigger.entries[place_of(&bigger, &closed->entries[i].id)] = closed->entries[i];
        }
        free(closed->entries);
        *closed = bigger;
        return 0;
}

int closed_put(struct closed *closed, const struct uuid *id, day_t day) {
        struct closed_entry *entry;

        assert(day != CLOSED_NONE);
        if (closed->n + 1 > closed->capacity / 4 * 3) {
                int r = grow(closed);

                if (r)
                        return r;
        }
        entry = &closed->entries[place_of(closed, id)];
        closed->n += entry->day == CLOSED_NONE;
        *entry = (struct closed_entry){*id, day};
        return 0;
}

void closed_remove(struct closed *closed, const struct uuid *id) {
        size_t mask = closed->capacity - 1, at;

        if (closed_day(closed, id) == CLOSED_NONE)
                return;
        at = place_of(closed, id);
        /* Close the gap, so that no search ends at it too early. */
        for (size_t next = (at + 1) & mask; closed->entries[next].day != CLOSED_NONE; next = (next + 1) & mask) {
                if (((next - home_of(closed, &closed->entries[next].id)) & mask) >= ((next - at) & mask)) {
                        closed->entries[at] = closed->entries[next];
                        at = next;
                }
        }
        closed->entries[at] = (struct closed_entry){0};
        closed->n--;
}
