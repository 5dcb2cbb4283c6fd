/* SPDX-License-Identifier: EUPL-1.2 */

/* A hash table with open addressing, from bytes to pointers. */

#include "base/table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define TABLE_FIRST 16

static inline uint32_t hash_bytes(const void *key, size_t n) {
        const uint8_t *p = key;
        uint64_t h = 0x9e3779b97f4a7c15u ^ n, word;

        for (; n >= 8; n -= 8, p += 8) {
                memcpy(&word, p, 8);
                h = (h ^ word) * 0xff51afd7ed558ccdu;
                h ^= h >> 32;
        }
        for (; n > 0; n--)
                h = (h ^ *p++) * 0x100000001b3u;
        h ^= h >> 29;
        h *= 0xc4ceb9fe1a85ec53u;
        return (uint32_t)(h >> 32);
}

uint32_t table_hash(const void *key, size_t n) {
        return hash_bytes(key, n);
}

static size_t table_find(const struct table *t, const void *key, size_t n, uint32_t hash) {
        size_t at = hash & (t->capacity - 1);

        while (t->entries[at].value) {
                const struct table_entry *e = &t->entries[at];

                if (e->hash == hash && e->n == n && memcmp(e->key, key, n) == 0)
                        break;
                at = (at + 1) & (t->capacity - 1);
        }
        return at;
}

static int table_grow(struct table *t) {
        struct table bigger = {.capacity = t->capacity ? t->capacity * 2 : TABLE_FIRST, .n = t->n};

        bigger.entries = calloc(bigger.capacity, sizeof(*bigger.entries));
        if (!bigger.entries)
                return -ENOMEM;
        for (size_t i = 0; i < t->capacity; i++) {
                const struct table_entry *e = &t->entries[i];

                if (e->value)
                        bigger.entries[table_find(&bigger, e->key, e->n, e->hash)] = *e;
        }
        free(t->entries);
        *t = bigger;
        return 0;
}

void table_done(struct table *t) {
        free(t->entries);
        *t = (struct table){0};
}

void *table_get(const struct table *t, const void *key, size_t n) {
        if (t->n == 0)
                return NULL;
        return t->entries[table_find(t, key, n, hash_bytes(key, n))].value;
}

int table_put(struct table *t, const void *key, size_t n, void *value) {
        struct table_entry *e;
        uint32_t hash = hash_bytes(key, n);
        int r;

        assert(value);
        assert(n <= UINT32_MAX);
        if (t->n + 1 > t->capacity / 4 * 3) {
                r = table_grow(t);
                if (r)
                        return r;
        }
        e = &t->entries[table_find(t, key, n, hash)];
        if (!e->value)
                t->n++;
        *e = (struct table_entry){.key = key, .n = (uint32_t)n, .hash = hash, .value = value};
        return 0;
}

void *table_remove(struct table *t, const void *key, size_t n) {
        size_t at, mask = t->capacity - 1;
        void *value;

        if (t->n == 0)
                return NULL;
        at = table_find(t, key, n, hash_bytes(key, n));
        value = t->entries[at].value;
        if (!value)
                return NULL;
        /* Close the gap, so that no search ends at it too early. */
        for (size_t next = (at + 1) & mask; t->entries[next].value; next = (next + 1) & mask) {
                size_t home = t->entries[next].hash & mask;

                if (((next - home) & mask) >= ((next - at) & mask)) {
                        t->entries[at] = t->entries[next];
                        at = next;
                }
        }
        t->entries[at] = (struct table_entry){0};
        t->n--;
        return value;
}

void *table_next(const struct table *t, size_t *at) {
        while (*at < t->capacity) {
                void *value = t->entries[(*at)++].value;

                if (value)
                        return value;
        }
        return NULL;
}
