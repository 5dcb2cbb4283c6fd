/* SPDX-License-Identifier: EUPL-1.2 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/vector.h"
#include "engine/case.h"
#include "engine/world.h"

#define STORE_KEPT_MAX ((size_t)1024 * 1024 * 1024) /* of tellings as they were, in one transaction */

int store_new(struct engine *engine, struct store **ret) {
        struct store *store = calloc(1, sizeof(*store));

        if (!store)
                return -ENOMEM;
        if (arena_new(&store->kept, STORE_KEPT_MAX)) {
                free(store);
                return -ENOMEM;
        }
        store->engine = engine;
        store->told_latest = store->told_before = store->judged_latest = INT64_MIN;
        *ret = store;
        return 0;
}

static void tellings_done(struct tellings *told) {
        free(told->announcements);
        free(told->alerts);
        free(told->copies);
}

static void casefile_free(struct casefile *file) {
        free(file->facts);
        tellings_done(&file->told);
        free(file);
}

struct store *store_free(struct store *store) {
        struct casefile *file;

        if (!store)
                return NULL;
        store_commit(store); /* frees what was kept for undoing */
        for (size_t i = 0; (file = table_next(&store->cases, &i));)
                casefile_free(file);
        table_done(&store->cases);
        closed_done(&store->closed);
        heap_done(&store->due);
        arena_free(store->kept);
        free(store->undo);
        free(store);
        return NULL;
}

struct casefile *store_find(struct store *store, const struct uuid *case_id) {
        return table_get(&store->cases, case_id, sizeof(*case_id));
}

size_t casefile_facts(const struct casefile *file) {
        return file->n_facts;
}

struct casefile *store_iterate(const struct store *store, size_t *at) {
        return table_next(&store->cases, at);
}

int store_schedule(struct store *store, struct casefile *file, instant_t at) {
        return heap_set(&store->due, &file->slot, at);
}

static struct casefile *file_of(const struct heap_entry *entry) {
        return (struct casefile *)((char *)entry->slot - offsetof(struct casefile, slot));
}

instant_t store_next(const struct store *store, struct casefile **ret) {
        const struct heap_entry *first = heap_first(&store->due);

        if (!first) {
                *ret = NULL;
                return INSTANT_NEVER;
        }
        *ret = file_of(first);
        return first->at;
}

size_t store_waiting(const struct store *store) {
        return store->due.n;
}

struct casefile *store_touched(const struct store *store) {
        const struct heap_entry *first = heap_first(&store->due);

        return first && first->at == INSTANT_TOUCHED ? file_of(first) : NULL;
}

static struct undo *undo_push(struct store *store) {
        if (vector_grow_((void **)&store->undo, &store->undo_capacity, store->n_undo + 1, sizeof(*store->undo)))
                return NULL;
        store->undo[store->n_undo] = (struct undo){0};
        return &store->undo[store->n_undo];
}

int store_case(struct store *store, const struct uuid *case_id, struct casefile **ret) {
        struct casefile *file = store_find(store, case_id);
        struct undo *undo;
        int r;

        if (file) {
                *ret = file;
                return 0;
        }
        undo = undo_push(store);
        file = undo ? calloc(1, sizeof(*file)) : NULL;
        if (!file)
                return -ENOMEM;
        file->id = *case_id;
        if (regions_find_case(store->engine->config->organisations, case_id))
                file->traits = TRAIT_REGION;
        r = table_put(&store->cases, &file->id, sizeof(file->id), file);
        if (r) {
                free(file);
                return r;
        }
        file->changed = true;
        undo->file = file;
        undo->created = true;
        store->n_undo++;
        store->bytes += sizeof(*file);
        *ret = file;
        return 0;
}

/* How an array was, kept until the transaction ends. Return: 0 or -ENOMEM. */
static int keep_array(struct store *store, void *ret, const void *from, uint32_t n, size_t size) {
        void *p = NULL;

        if (n) {
                p = arena_alloc(store->kept, n * size);
                if (!p)
                        return -ENOMEM;
                memcpy(p, from, n * size);
        }
        memcpy(ret, &p, sizeof(p));
        return 0;
}

int store_change(struct store *store, struct casefile *file) {
        const struct tellings *told = &file->told;
        struct undo *undo;

        if (file->changed)
                return 0;
        undo = undo_push(store);
        if (!undo)
                return -ENOMEM;
        undo->file = file;
        undo->n_facts = file->n_facts;
        undo->facts_bytes = file->facts_bytes;
        undo->traits = file->traits;
        undo->part = file->part;
        undo->fresh = file->fresh;
        undo->at = heap_at(&store->due, &file->slot);
        undo->told = *told;
        if (keep_array(store, &undo->told.announcements, told->announcements, told->n_announcements, sizeof(*told->announcements)) ||
            keep_array(store, &undo->told.alerts, told->alerts, told->n_alerts, sizeof(*told->alerts)) ||
            keep_array(store, &undo->told.copies, told->copies, told->n_copies, sizeof(*told->copies)))
                return -ENOMEM;
        file->changed = true;
        store->n_undo++;
        return 0;
}

void store_commit(struct store *store) {
        for (size_t i = 0; i < store->n_undo; i++) {
                struct undo *undo = &store->undo[i];

                undo->file->changed = false;
                if (undo->closed)
                        casefile_free(undo->file);
        }
        store->n_undo = 0;
        heap_settle(&store->due);
        arena_reset(store->kept);
        store->told_before = store->told_latest;
}

/* Out of all that finds a case; the case itself stays. */
static void take_out(struct store *store, struct casefile *file) {
        heap_remove(&store->due, &file->slot);
        (void) table_remove(&store->cases, &file->id, sizeof(file->id)); /* it is there: it was put */
        store->facts -= file->n_facts;
        store->bytes -= sizeof(*file) + file->facts_capacity;
}

int store_close(struct store *store, struct casefile *file, day_t day) {
        struct undo *undo = NULL;
        int r;

        for (size_t i = store->n_undo; i > 0 && !undo; i--) {
                if (store->undo[i - 1].file == file)
                        undo = &store->undo[i - 1];
        }
        assert(undo && !undo->closed);
        r = closed_put(&store->closed, &file->id, day);
        if (r)
                return r;
        undo->closed = true;
        take_out(store, file);
        return 0;
}

void store_drop(struct store *store, struct casefile *file) {
        assert(store->n_undo == 0);
        take_out(store, file);
        casefile_free(file);
}

/* What went into the table before goes back without new memory: it only grows. */
static void put_back(struct store *store, struct casefile *file) {
        closed_remove(&store->closed, &file->id);
        if (table_put(&store->cases, &file->id, sizeof(file->id), file))
                assert(!"putting back an entry that had room before needs no memory");
        store->facts += file->n_facts;
        store->bytes += sizeof(*file) + file->facts_capacity;
}

/* Back into an array that has only grown since. */
static void put_array(void *array, const void *kept, uint32_t n, size_t size) {
        if (n)
                memcpy(array, kept, n * size);
}

static void undo_one(struct store *store, struct undo *undo) {
        struct casefile *file = undo->file;

        if (undo->closed)
                put_back(store, file);
        store->facts -= file->n_facts - undo->n_facts;
        if (undo->created) {
                (void) table_remove(&store->cases, &file->id, sizeof(file->id)); /* it is there: it was put */
                store->bytes -= sizeof(*file) + file->facts_capacity;
                casefile_free(file);
                return;
        }
        file->n_facts = undo->n_facts;
        file->facts_bytes = undo->facts_bytes;
        file->traits = undo->traits;
        file->part = undo->part;
        file->fresh = undo->fresh;
        put_array(file->told.announcements, undo->told.announcements, undo->told.n_announcements, sizeof(*file->told.announcements));
        put_array(file->told.alerts, undo->told.alerts, undo->told.n_alerts, sizeof(*file->told.alerts));
        put_array(file->told.copies, undo->told.copies, undo->told.n_copies, sizeof(*file->told.copies));
        file->told.n_announcements = undo->told.n_announcements;
        file->told.n_alerts = undo->told.n_alerts;
        file->told.n_copies = undo->told.n_copies;
        file->changed = false;
        if (heap_set(&store->due, &file->slot, undo->at))
                assert(!"putting back an entry that had room before needs no memory");
}

void store_rollback(struct store *store) {
        for (size_t i = 0; i < store->n_undo; i++) /* all of them out, so that each finds the room that it had */
                heap_remove(&store->due, &store->undo[i].file->slot);
        while (store->n_undo > 0)
                undo_one(store, &store->undo[--store->n_undo]);
        arena_reset(store->kept);
        store->told_latest = store->told_before;
}

int casefile_add_fact(struct store *store, struct casefile *file, const struct uuid *event_id, const struct event_type *type, unsigned traits,
                      const void *body, size_t n) {
        struct fact_header header = {.event_id = *event_id, .type = (uint16_t)type->index, .idle = traits & TRAIT_IDLE, .n = (uint32_t)n};
        size_t need = file->facts_bytes + sizeof(header) + FACT_PADDED(n);

        if (need > file->facts_capacity) {
                /* Grow by an eighth: a case has few facts, and there are millions of cases. */
                size_t capacity = (need + need / 8 + 15) & ~(size_t)15;
                uint8_t *p;

                if (capacity > UINT32_MAX)
                        return -ENOMEM;
                p = realloc(file->facts, capacity);
                if (!p)
                        return -ENOMEM;
                file->facts = p;
                store->bytes += capacity - file->facts_capacity;
                file->facts_capacity = (uint32_t)capacity;
        }
        memcpy(file->facts + file->facts_bytes, &header, sizeof(header));
        memcpy(file->facts + file->facts_bytes + sizeof(header), body, n);
        file->facts_bytes = (uint32_t)need;
        file->n_facts++;
        file->traits |= (uint8_t)(traits & ~(unsigned)TRAIT_IDLE);
        store->facts++;
        return 0;
}

const struct fact_header *casefile_next_fact(const struct casefile *file, uint32_t *offset) {
        const struct fact_header *header;

        if (*offset >= file->facts_bytes)
                return NULL;
        header = (const struct fact_header *)(const void *)(file->facts + *offset);
        *offset += (uint32_t)sizeof(*header) + FACT_PADDED(header->n);
        return header;
}

const struct fact_header *casefile_find_fact(const struct casefile *file, const struct uuid *event_id) {
        const struct fact_header *header;
        uint32_t offset = 0;

        while ((header = casefile_next_fact(file, &offset))) {
                if (uuid_equal(&header->event_id, event_id))
                        return header;
        }
        return NULL;
}

void casefile_drop_fact(struct store *store, struct casefile *file, const struct uuid *event_id) {
        const struct fact_header *header = casefile_find_fact(file, event_id);
        uint32_t at, n;

        if (!header)
                return;
        at = (uint32_t)((const uint8_t *)header - file->facts);
        n = (uint32_t)sizeof(*header) + FACT_PADDED(header->n);
        memmove(file->facts + at, file->facts + at + n, file->facts_bytes - at - n);
        file->facts_bytes -= n;
        file->n_facts--;
        file->traits |= TRAIT_CORRECTED; /* what it stood on may have gone: from now on it is looked at whole */
        store->facts--;
}

static int reserve_items(void **items, uint32_t n, uint32_t *capacity, uint32_t more, size_t size) {
        void *p;

        if (more <= *capacity - n)
                return 0;
        p = realloc(*items, ((size_t)n + more) * size);
        if (!p)
                return -ENOMEM;
        *items = p;
        *capacity = n + more;
        return 0;
}

/* One more item, cleared. Arrays grow by an eighth: a case has few tellings, and there are millions of cases. */
static void *add_item(void **items, uint32_t *n, uint32_t *capacity, size_t size) {
        char *item;

        if (*n == *capacity && reserve_items(items, *n, capacity, *n / 8 + 1, size))
                return NULL;
        item = (char *)*items + (*n)++ * size;
        memset(item, 0, size);
        return item;
}

int casefile_reserve_announcements(struct casefile *file, uint32_t more) {
        struct tellings *told = &file->told;

        return reserve_items((void **)&told->announcements, told->n_announcements, &told->capacity_announcements, more, sizeof(*told->announcements));
}

int casefile_reserve_alerts(struct casefile *file, uint32_t more) {
        struct tellings *told = &file->told;

        return reserve_items((void **)&told->alerts, told->n_alerts, &told->capacity_alerts, more, sizeof(*told->alerts));
}

struct announcement *casefile_add_announcement(struct casefile *file) {
        struct tellings *told = &file->told;

        return add_item((void **)&told->announcements, &told->n_announcements, &told->capacity_announcements, sizeof(*told->announcements));
}

struct alert *casefile_add_alert(struct casefile *file) {
        struct tellings *told = &file->told;

        return add_item((void **)&told->alerts, &told->n_alerts, &told->capacity_alerts, sizeof(*told->alerts));
}

struct copy *casefile_add_copy(struct casefile *file) {
        struct tellings *told = &file->told;

        return add_item((void **)&told->copies, &told->n_copies, &told->capacity_copies, sizeof(*told->copies));
}

instant_t store_told_latest(const struct store *store) {
        return store->told_latest;
}

struct store_stats store_stats(const struct store *store) {
        struct store_stats stats = {.cases = store->cases.n, .facts = store->facts, .bytes = store->bytes, .told_latest = store->told_latest,
                                    .closed = store->closed.n, .bytes_closed = closed_bytes(&store->closed)};
        const struct casefile *file;

        for (size_t i = 0; (file = table_next(&store->cases, &i));) {
                const struct tellings *told = &file->told;

                stats.announcements += told->n_announcements;
                stats.alerts += told->n_alerts;
                stats.copies += told->n_copies;
                for (uint32_t j = 0; j < told->n_alerts; j++)
                        stats.open_alerts += told->alerts[j].open;
                stats.bytes_facts += file->facts_capacity;
                stats.bytes_tellings += told->capacity_announcements * sizeof(*told->announcements) + told->capacity_alerts * sizeof(*told->alerts) +
                               told->capacity_copies * sizeof(*told->copies);
        }
        stats.bytes += stats.bytes_tellings + stats.bytes_closed;
        stats.bytes += store->cases.capacity * sizeof(struct table_entry) + heap_bytes(&store->due);
        return stats;
}
