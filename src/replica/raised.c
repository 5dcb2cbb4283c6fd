/* SPDX-License-Identifier: EUPL-1.2 */

/* A sorted list in chunks: what comes in order fills them, what comes in between halves one. */

#include "replica/raised.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"

#define RAISED_CHUNK 128 /* entries: 4 kB */
#define RAISED_MERGE 96  /* two neighbours that hold no more together become one */

struct raised_chunk {
        size_t n;
        struct raised_entry items[RAISED_CHUNK];
};

struct raised_word { /* key of a pair */
        uint32_t organisation, norm;
        uint32_t place;
};

struct raised {
        size_t max, n;
        VECTOR(struct raised_chunk *) chunks; /* none is empty */
        VECTOR(struct raised_pair) pairs;
        struct table places; /* struct raised_word */
        struct replica_open all;
};

static_assert(sizeof(struct raised_entry) == 32, "no more than is meant");

int raised_new(size_t max, struct raised **ret) {
        struct raised *raised = calloc(1, sizeof(*raised));

        if (!raised)
                return -ENOMEM;
        raised->max = max;
        *ret = raised;
        return 0;
}

struct raised *raised_free(struct raised *raised) {
        void *word;

        if (!raised)
                return NULL;
        for (size_t i = 0; i < raised->chunks.n; i++)
                free(raised->chunks.items[i]);
        vector_done(&raised->chunks);
        vector_done(&raised->pairs);
        for (size_t i = 0; (word = table_next(&raised->places, &i));)
                free(word);
        table_done(&raised->places);
        free(raised);
        return NULL;
}

/* -- Pairs -- */

static int raised_pair_of(struct raised *raised, uint32_t organisation, uint32_t norm, uint32_t *ret) {
        const uint32_t key[2] = {organisation, norm};
        struct raised_word *word = table_get(&raised->places, key, sizeof(key));

        if (!word) {
                word = malloc(sizeof(*word));
                if (!word)
                        return -ENOMEM;
                *word = (struct raised_word){organisation, norm, (uint32_t)raised->pairs.n};
                if (raised->pairs.n >= RAISED_PAIRS_MAX || vector_push(&raised->pairs, (struct raised_pair){.organisation = organisation, .norm = norm})) {
                        free(word);
                        return -ENOMEM;
                }
                if (table_put(&raised->places, word, sizeof(key), word)) {
                        raised->pairs.n--;
                        free(word);
                        return -ENOMEM;
                }
        }
        *ret = word->place;
        return 0;
}

static void raised_count(struct replica_open *counts, unsigned rung, int64_t by) {
        size_t place = rung > 0 ? rung - 1 : 0;

        counts->all += by;
        counts->by_rung[place < REPLICA_RUNGS ? place : REPLICA_RUNGS - 1] += by;
}

const struct raised_pair *raised_pairs(const struct raised *raised, size_t *ret_n) {
        *ret_n = raised->pairs.n;
        return raised->pairs.items;
}

/* The first of each pair in the order is its oldest; of those that stand in no order nothing is known. */
void raised_age(struct raised *raised) {
        struct raised_at at = {0};
        const struct raised_entry *entry;
        size_t left = 0;

        for (size_t i = 0; i < raised->pairs.n; i++) {
                struct raised_pair *pair = &raised->pairs.items[i];

                if (pair->known)
                        continue;
                pair->open.oldest = 0;
                pair->known = pair->open.all == 0;
                left += !pair->known;
        }
        while (left && (entry = raised_next(raised, &at))) {
                struct raised_pair *pair = &raised->pairs.items[entry->pair];

                if (pair->known)
                        continue;
                pair->open.oldest = entry->since;
                pair->known = true;
                left--;
        }
}

struct replica_open raised_counts(const struct raised *raised) {
        struct replica_open counts = raised->all;

        counts.oldest = raised->chunks.n ? raised->chunks.items[0]->items[0].since : 0;
        return counts;
}

/* -- The order -- */

static int raised_compare(const struct raised_entry *entry, instant_t since, const struct uuid *id) {
        if (entry->since != since)
                return entry->since < since ? -1 : 1;
        return uuid_compare(&entry->id, id);
}

/* The first that does not come before this one. */
static struct raised_at raised_place(const struct raised *raised, instant_t since, const struct uuid *id) {
        size_t low = 0, high = raised->chunks.n;
        struct raised_at at;

        while (low < high) { /* the first chunk whose last does not come before it */
                size_t middle = low + (high - low) / 2;
                const struct raised_chunk *chunk = raised->chunks.items[middle];

                if (raised_compare(&chunk->items[chunk->n - 1], since, id) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        at = (struct raised_at){.chunk = low};
        if (low == raised->chunks.n)
                return at;
        high = raised->chunks.items[low]->n;
        while (at.item < high) {
                size_t middle = at.item + (high - at.item) / 2;

                if (raised_compare(&raised->chunks.items[low]->items[middle], since, id) < 0)
                        at.item = middle + 1;
                else
                        high = middle;
        }
        return at;
}

struct raised_at raised_from(const struct raised *raised, instant_t since, const struct uuid *id) {
        struct raised_at at = {0};
        const struct raised_entry *entry;

        if (!id)
                return at;
        at = raised_place(raised, since, id);
        if (at.chunk == raised->chunks.n)
                return at;
        entry = &raised->chunks.items[at.chunk]->items[at.item];
        if (raised_compare(entry, since, id) == 0)
                (void) raised_next(raised, &at);
        return at;
}

const struct raised_entry *raised_next(const struct raised *raised, struct raised_at *at) {
        while (at->chunk < raised->chunks.n && at->item >= raised->chunks.items[at->chunk]->n)
                *at = (struct raised_at){.chunk = at->chunk + 1};
        return at->chunk < raised->chunks.n ? &raised->chunks.items[at->chunk]->items[at->item++] : NULL;
}

/* A new chunk at this place, with the last @n entries of the one before it. Return: 0 or -ENOMEM. */
static int raised_split(struct raised *raised, size_t place, size_t n) {
        struct raised_chunk *chunk = malloc(sizeof(*chunk)), **items;

        if (!chunk || vector_reserve(&raised->chunks, 1)) {
                free(chunk);
                return -ENOMEM;
        }
        items = raised->chunks.items;
        chunk->n = n;
        if (n) {
                items[place - 1]->n -= n;
                memcpy(chunk->items, items[place - 1]->items + items[place - 1]->n, n * sizeof(chunk->items[0]));
        }
        memmove(items + place + 1, items + place, (raised->chunks.n - place) * sizeof(*items));
        items[place] = chunk;
        raised->chunks.n++;
        return 0;
}

/* Makes room at @at, which may be another place then. Return: 0 or -ENOMEM. */
static int raised_make_room(struct raised *raised, struct raised_at *at) {
        const struct raised_chunk *chunk;
        int r;

        if (at->chunk == raised->chunks.n && raised->chunks.n > 0 && raised->chunks.items[at->chunk - 1]->n < RAISED_CHUNK) {
                at->chunk--;
                at->item = raised->chunks.items[at->chunk]->n;
        }
        if (at->chunk == raised->chunks.n)
                return raised_split(raised, at->chunk, 0);
        chunk = raised->chunks.items[at->chunk];
        if (chunk->n < RAISED_CHUNK)
                return 0;
        r = raised_split(raised, at->chunk + 1, RAISED_CHUNK / 2);
        if (r == 0 && at->item > chunk->n) {
                at->item -= chunk->n;
                at->chunk++;
        }
        return r;
}

int raised_put(struct raised *raised, const struct raised_alert *alert) {
        struct raised_entry entry = {.since = alert->since, .id = alert->id, .of_case = alert->of_case};
        struct raised_chunk *chunk;
        struct raised_at at;
        uint32_t pair;

        entry.rung = (alert->rung < RAISED_RUNG_MAX ? alert->rung : RAISED_RUNG_MAX) & RAISED_RUNG_MAX;
        if (raised_pair_of(raised, alert->organisation, alert->norm, &pair))
                return -ENOMEM;
        entry.pair = pair & (RAISED_PAIRS_MAX - 1);
        if (raised->n < raised->max) {
                at = raised_place(raised, alert->since, &alert->id);
                if (raised_make_room(raised, &at))
                        return -ENOMEM;
                chunk = raised->chunks.items[at.chunk];
                memmove(chunk->items + at.item + 1, chunk->items + at.item, (chunk->n - at.item) * sizeof(entry));
                chunk->items[at.item] = entry;
                chunk->n++;
                raised->n++;
        }
        raised_count(&raised->pairs.items[pair].open, alert->rung, 1);
        raised_count(&raised->all, alert->rung, 1);
        raised->pairs.items[pair].known = false;
        return 0;
}

static void raised_drop_chunk(struct raised *raised, size_t place) {
        struct raised_chunk **items = raised->chunks.items;

        free(items[place]);
        raised->chunks.n--;
        memmove(items + place, items + place + 1, (raised->chunks.n - place) * sizeof(*items));
}

/* Gives what stands in a chunk to the one before it, if both are small. */
static void raised_merge(struct raised *raised, size_t place) {
        struct raised_chunk *into, *from;

        if (place == 0 || place >= raised->chunks.n)
                return;
        into = raised->chunks.items[place - 1];
        from = raised->chunks.items[place];
        if (into->n + from->n > RAISED_MERGE)
                return;
        memcpy(into->items + into->n, from->items, from->n * sizeof(from->items[0]));
        into->n += from->n;
        raised_drop_chunk(raised, place);
}

/* If it stands in the order. */
static void raised_take_out(struct raised *raised, const struct raised_alert *alert) {
        struct raised_at at = raised_place(raised, alert->since, &alert->id);
        struct raised_chunk *chunk;

        if (at.chunk == raised->chunks.n)
                return;
        chunk = raised->chunks.items[at.chunk];
        if (raised_compare(&chunk->items[at.item], alert->since, &alert->id) != 0)
                return;
        chunk->n--;
        memmove(chunk->items + at.item, chunk->items + at.item + 1, (chunk->n - at.item) * sizeof(chunk->items[0]));
        raised->n--;
        if (!chunk->n) {
                raised_drop_chunk(raised, at.chunk);
                return;
        }
        raised_merge(raised, at.chunk + 1);
        raised_merge(raised, at.chunk);
}

void raised_remove(struct raised *raised, const struct raised_alert *alert) {
        const uint32_t key[2] = {alert->organisation, alert->norm};
        const struct raised_word *word = table_get(&raised->places, key, sizeof(key));

        assert(word);
        raised_take_out(raised, alert);
        raised_count(&raised->pairs.items[word->place].open, alert->rung, -1);
        raised_count(&raised->all, alert->rung, -1);
        raised->pairs.items[word->place].known = false;
}

size_t raised_indexed(const struct raised *raised) {
        return raised->n;
}

size_t raised_bytes(const struct raised *raised) {
        return sizeof(*raised) + raised->chunks.n * sizeof(struct raised_chunk) + raised->chunks.capacity * sizeof(*raised->chunks.items) +
               raised->pairs.capacity * sizeof(*raised->pairs.items) + raised->pairs.n * (sizeof(struct raised_word) + 2 * sizeof(struct table_entry));
}
