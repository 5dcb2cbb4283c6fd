/* SPDX-License-Identifier: EUPL-1.2 */

/* Ids by open addressing in many small tables; numbers of cases by another. */

#include "replica/ids.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/vector.h"

#define IDS_PARTS 1024
#define IDS_FIRST 8         /* entries of a part, when it gets its first … */
#define IDS_FULL_OF_32 29   /* … and so many of thirty-two are taken before it grows … */
#define IDS_GROWS_BY 8      /* … by one of so many parts */
#define IDS_NO_CASE UINT32_MAX
#define IDS_CASES_FIRST 64

struct __attribute__((packed)) ids_entry {
        uint16_t tag;
        uint32_t of_case; /* its number and one; 0: free */
};
static_assert(sizeof(struct ids_entry) == 6, "no more than is meant");

struct ids_part { /* linear probing; the tag says where */
        struct ids_entry *entries;
        uint32_t n, capacity;
};

struct ids {
        size_t max, n;
        bool whole;
        struct ids_part parts[IDS_PARTS];
        VECTOR(struct uuid) cases; /* by number */
        VECTOR(uint32_t) unused;   /* numbers */
        uint32_t *numbers;         /* by the case_id, linear probing; IDS_NO_CASE: free */
        size_t numbers_capacity;   /* a power of two */
        size_t numbers_n;
};

static uint64_t ids_hash(const struct uuid *id) {
        uint64_t a, b;

        memcpy(&a, id->bytes, sizeof(a));
        memcpy(&b, id->bytes + sizeof(a), sizeof(b));
        a = (a ^ (b << 32 | b >> 32)) * 0x9e3779b97f4a7c15u;
        return (a ^ a >> 29) * 0xbf58476d1ce4e5b9u;
}

static struct ids_part *ids_part_of(const struct ids *ids, uint64_t hash) {
        return (struct ids_part *)&ids->parts[hash >> 54];
}

static uint16_t ids_tag(uint64_t hash) {
        return (uint16_t)(hash >> 16);
}

static uint32_t ids_home(const struct ids_part *part, uint16_t tag) {
        return (uint32_t)((uint64_t)tag * part->capacity >> 16);
}

static uint32_t ids_behind(const struct ids_part *part, uint32_t at) {
        return at + 1 < part->capacity ? at + 1 : 0;
}

/* Where it stands, or where it would; the part has a free place. */
static uint32_t ids_place(const struct ids_part *part, struct ids_entry entry) {
        uint32_t at = ids_home(part, entry.tag);

        while (part->entries[at].of_case && (part->entries[at].tag != entry.tag || part->entries[at].of_case != entry.of_case))
                at = ids_behind(part, at);
        return at;
}

static int ids_grow(struct ids_part *part) {
        struct ids_part bigger = {.n = part->n, .capacity = part->capacity ? part->capacity + part->capacity / IDS_GROWS_BY : IDS_FIRST};

        bigger.entries = calloc(bigger.capacity, sizeof(*bigger.entries));
        if (!bigger.entries)
                return -ENOMEM;
        for (uint32_t i = 0; i < part->capacity; i++) {
                if (part->entries[i].of_case)
                        bigger.entries[ids_place(&bigger, part->entries[i])] = part->entries[i];
        }
        free(part->entries);
        *part = bigger;
        return 0;
}

int ids_new(size_t max, struct ids **ret) {
        struct ids *ids = calloc(1, sizeof(*ids));

        if (!ids)
                return -ENOMEM;
        ids->max = max;
        ids->whole = true;
        *ret = ids;
        return 0;
}

struct ids *ids_free(struct ids *ids) {
        if (!ids)
                return NULL;
        for (size_t i = 0; i < IDS_PARTS; i++)
                free(ids->parts[i].entries);
        vector_done(&ids->cases);
        vector_done(&ids->unused);
        free(ids->numbers);
        free(ids);
        return NULL;
}

/* -- Cases -- */

static size_t ids_case_place(const struct ids *ids, const struct uuid *case_id) {
        size_t mask = ids->numbers_capacity - 1, at = (size_t)ids_hash(case_id) & mask;

        while (ids->numbers[at] != IDS_NO_CASE && !uuid_equal(&ids->cases.items[ids->numbers[at]], case_id))
                at = (at + 1) & mask;
        return at;
}

static int ids_grow_cases(struct ids *ids) {
        uint32_t *old = ids->numbers;
        size_t capacity = ids->numbers_capacity;

        ids->numbers_capacity = capacity ? 2 * capacity : IDS_CASES_FIRST;
        ids->numbers = malloc(ids->numbers_capacity * sizeof(*ids->numbers));
        if (!ids->numbers) {
                ids->numbers = old;
                ids->numbers_capacity = capacity;
                return -ENOMEM;
        }
        memset(ids->numbers, 0xff, ids->numbers_capacity * sizeof(*ids->numbers));
        for (size_t i = 0; i < capacity; i++) {
                if (old[i] != IDS_NO_CASE)
                        ids->numbers[ids_case_place(ids, &ids->cases.items[old[i]])] = old[i];
        }
        free(old);
        return 0;
}

bool ids_find_case(const struct ids *ids, const struct uuid *case_id, uint32_t *ret) {
        size_t at;

        if (!ids->numbers_n)
                return false;
        at = ids_case_place(ids, case_id);
        *ret = ids->numbers[at];
        return *ret != IDS_NO_CASE;
}

int ids_case(struct ids *ids, const struct uuid *case_id, uint32_t *ret) {
        if (ids_find_case(ids, case_id, ret))
                return 0;
        if (4 * ids->numbers_n >= 3 * ids->numbers_capacity && ids_grow_cases(ids))
                return -ENOMEM;
        if (ids->unused.n) {
                *ret = ids->unused.items[--ids->unused.n];
                ids->cases.items[*ret] = *case_id;
        } else {
                *ret = (uint32_t)ids->cases.n;
                if (ids->cases.n >= IDS_NO_CASE - 1 || vector_push(&ids->cases, *case_id))
                        return -ENOMEM;
        }
        ids->numbers[ids_case_place(ids, case_id)] = *ret;
        ids->numbers_n++;
        return 0;
}

const struct uuid *ids_case_id(const struct ids *ids, uint32_t number) {
        assert(number < ids->cases.n);
        return &ids->cases.items[number];
}

void ids_drop_case(struct ids *ids, uint32_t number) {
        size_t mask = ids->numbers_capacity - 1, hole, at;

        if (vector_push(&ids->unused, number))
                return; /* out of memory: it keeps its number */
        hole = at = ids_case_place(ids, ids_case_id(ids, number));
        assert(ids->numbers[hole] == number);
        for (;;) { /* what stands behind the hole and belongs before it moves up */
                size_t home;

                at = (at + 1) & mask;
                if (ids->numbers[at] == IDS_NO_CASE)
                        break;
                home = (size_t)ids_hash(&ids->cases.items[ids->numbers[at]]) & mask;
                if (((at - home) & mask) < ((at - hole) & mask))
                        continue;
                ids->numbers[hole] = ids->numbers[at];
                hole = at;
        }
        ids->numbers[hole] = IDS_NO_CASE;
        ids->numbers_n--;
}

/* -- Ids -- */

struct uuid ids_of_text(struct text text) {
        return uuid_v5(&uuid_namespace_ketenwacht, text.s, text.n);
}

int ids_put(struct ids *ids, uint32_t of_case, const struct uuid *id) {
        uint64_t hash = ids_hash(id);
        struct ids_part *part = ids_part_of(ids, hash);
        const struct ids_entry entry = {ids_tag(hash), of_case + 1};
        uint32_t at;

        if (part->capacity) {
                at = ids_place(part, entry);
                if (part->entries[at].of_case)
                        return 0;
        }
        if (ids->n >= ids->max) {
                ids->whole = false;
                return 0;
        }
        if ((uint64_t)(part->n + 1) * 32 > (uint64_t)part->capacity * IDS_FULL_OF_32 && ids_grow(part))
                return -ENOMEM;
        part->entries[ids_place(part, entry)] = entry;
        part->n++;
        ids->n++;
        return 0;
}

void ids_remove(struct ids *ids, uint32_t of_case, const struct uuid *id) {
        uint64_t hash = ids_hash(id);
        struct ids_part *part = ids_part_of(ids, hash);
        uint32_t hole, at, capacity = part->capacity;

        if (!capacity)
                return;
        hole = at = ids_place(part, (struct ids_entry){ids_tag(hash), of_case + 1});
        if (!part->entries[hole].of_case)
                return;
        for (;;) { /* as above */
                uint32_t home;

                at = ids_behind(part, at);
                if (!part->entries[at].of_case)
                        break;
                home = ids_home(part, part->entries[at].tag);
                if ((at + capacity - home) % capacity < (at + capacity - hole) % capacity)
                        continue;
                part->entries[hole] = part->entries[at];
                hole = at;
        }
        part->entries[hole] = (struct ids_entry){0};
        part->n--;
        ids->n--;
}

size_t ids_cases(const struct ids *ids, const struct uuid *id, uint32_t *ret, size_t max) {
        uint64_t hash = ids_hash(id);
        const struct ids_part *part = ids_part_of(ids, hash);
        uint16_t tag = ids_tag(hash);
        size_t n = 0;

        if (!part->capacity)
                return 0;
        for (uint32_t at = ids_home(part, tag); part->entries[at].of_case && n < max; at = ids_behind(part, at)) {
                if (part->entries[at].tag == tag)
                        ret[n++] = part->entries[at].of_case - 1;
        }
        return n;
}

struct ids_stats ids_stats(const struct ids *ids) {
        struct ids_stats stats = {.n = ids->n, .cases = ids->numbers_n, .whole = ids->whole};

        stats.bytes = sizeof(*ids) + ids->cases.capacity * sizeof(*ids->cases.items) + ids->unused.capacity * sizeof(*ids->unused.items) +
                      ids->numbers_capacity * sizeof(*ids->numbers);
        for (size_t i = 0; i < IDS_PARTS; i++)
                stats.bytes += ids->parts[i].capacity * sizeof(*ids->parts[i].entries);
        return stats;
}
