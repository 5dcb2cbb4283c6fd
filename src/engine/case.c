/* SPDX-License-Identifier: EUPL-1.2 */

/* The cases of a partition: facts as bytes, tellings, what is undone with a transaction, and what was forgotten. */

#include "engine/case.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "engine/world.h"
#include "model/event.h"

#define STORE_KEPT_MAX ((size_t)1024 * 1024 * 1024) /* of tellings as they were, in one transaction */
#define CLOSED_FIRST 64

/* -- Cases that were forgotten -- */

static size_t closed_home(const struct closed *closed, const struct uuid *id) {
        uint64_t word;

        memcpy(&word, id->bytes, sizeof(word));
        word = (word ^ word >> 32) * 0x9e3779b97f4a7c15u;
        return (size_t)(word >> 24) & (closed->capacity - 1);
}

static size_t closed_place(const struct closed *closed, const struct uuid *id) {
        size_t at = closed_home(closed, id);

        while (closed->entries[at].day != CLOSED_NONE && !uuid_equal(&closed->entries[at].id, id))
                at = (at + 1) & (closed->capacity - 1);
        return at;
}

void closed_done(struct closed *closed) {
        free(closed->entries);
        *closed = (struct closed){0};
}

day_t closed_day(const struct closed *closed, const struct uuid *id) {
        return closed->n ? closed->entries[closed_place(closed, id)].day : CLOSED_NONE;
}

static int closed_grow(struct closed *closed) {
        struct closed bigger = {.n = closed->n, .capacity = closed->capacity ? closed->capacity * 2 : CLOSED_FIRST};

        bigger.entries = calloc(bigger.capacity, sizeof(*bigger.entries));
        if (!bigger.entries)
                return -ENOMEM;
        for (size_t i = 0; i < closed->capacity; i++) {
                if (closed->entries[i].day != CLOSED_NONE)
                        bigger.entries[closed_place(&bigger, &closed->entries[i].id)] = closed->entries[i];
        }
        free(closed->entries);
        *closed = bigger;
        return 0;
}

int closed_put(struct closed *closed, const struct uuid *id, day_t day) {
        struct closed_entry *entry;

        assert(day != CLOSED_NONE);
        if (closed->n + 1 > closed->capacity / 4 * 3) {
                int r = closed_grow(closed);

                if (r)
                        return r;
        }
        entry = &closed->entries[closed_place(closed, id)];
        closed->n += entry->day == CLOSED_NONE;
        *entry = (struct closed_entry){*id, day};
        return 0;
}

void closed_remove(struct closed *closed, const struct uuid *id) {
        size_t mask = closed->capacity - 1, at;

        if (closed_day(closed, id) == CLOSED_NONE)
                return;
        at = closed_place(closed, id);
        /* Close the gap, so that no search ends at it too early. */
        for (size_t next = (at + 1) & mask; closed->entries[next].day != CLOSED_NONE; next = (next + 1) & mask) {
                if (((next - closed_home(closed, &closed->entries[next].id)) & mask) >= ((next - at) & mask)) {
                        closed->entries[at] = closed->entries[next];
                        at = next;
                }
        }
        closed->entries[at] = (struct closed_entry){0};
        closed->n--;
}

/* -- Stores -- */

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

static void casefile_free(struct casefile *casefile) {
        free(casefile->facts);
        tellings_done(&casefile->told);
        free(casefile);
}

struct store *store_free(struct store *store) {
        struct casefile *casefile;

        if (!store)
                return NULL;
        store_commit(store); /* frees what was kept for undoing */
        for (size_t i = 0; (casefile = table_next(&store->cases, &i));)
                casefile_free(casefile);
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

size_t casefile_facts(const struct casefile *casefile) {
        return casefile->n_facts;
}

struct casefile *store_iterate(const struct store *store, size_t *at) {
        return table_next(&store->cases, at);
}

int store_schedule(struct store *store, struct casefile *casefile, instant_t at) {
        return heap_set(&store->due, &casefile->slot, at);
}

static struct casefile *case_of_slot(const struct heap_entry *entry) {
        return (struct casefile *)((char *)entry->slot - offsetof(struct casefile, slot));
}

instant_t store_next(const struct store *store, struct casefile **ret) {
        const struct heap_entry *first = heap_first(&store->due);

        if (!first) {
                *ret = NULL;
                return INSTANT_NEVER;
        }
        *ret = case_of_slot(first);
        return first->at;
}

size_t store_waiting(const struct store *store) {
        return store->due.n;
}

struct casefile *store_touched(const struct store *store) {
        const struct heap_entry *first = heap_first(&store->due);

        return first && first->at == INSTANT_TOUCHED ? case_of_slot(first) : NULL;
}

static struct undo *undo_push(struct store *store) {
        if (vector_grow_((void **)&store->undo, &store->undo_capacity, store->n_undo + 1, sizeof(*store->undo)))
                return NULL;
        store->undo[store->n_undo] = (struct undo){0};
        return &store->undo[store->n_undo];
}

int store_case(struct store *store, const struct uuid *case_id, struct casefile **ret) {
        struct casefile *casefile = store_find(store, case_id);
        struct undo *undo;
        int r;

        if (casefile) {
                *ret = casefile;
                return 0;
        }
        undo = undo_push(store);
        casefile = undo ? calloc(1, sizeof(*casefile)) : NULL;
        if (!casefile)
                return -ENOMEM;
        casefile->id = *case_id;
        if (regions_find_case(store->engine->config->organisations, case_id))
                casefile->traits = TRAIT_REGION;
        r = table_put(&store->cases, &casefile->id, sizeof(casefile->id), casefile);
        if (r) {
                free(casefile);
                return r;
        }
        casefile->changed = true;
        undo->casefile = casefile;
        undo->created = true;
        store->n_undo++;
        store->bytes += sizeof(*casefile);
        *ret = casefile;
        return 0;
}

int store_enliven(struct store *store, bool (*wanted)(void *ctx, const struct uuid *case_id), void *ctx, instant_t at) {
        const struct organisations *orgs = store->engine->config->organisations;
        struct casefile *casefile;
        int r = 0;

        assert(store->n_undo == 0);
        for (size_t i = 0; r == 0 && i < regions_count(orgs); i++) {
                const struct region *region = regions_at(orgs, i);

                if (!region->alive || store_find(store, &region->case_id) || (wanted && !wanted(ctx, &region->case_id)))
                        continue;
                r = store_case(store, &region->case_id, &casefile);
                if (r == 0)
                        r = store_schedule(store, casefile, at);
        }
        store_commit(store); /* it is a matter of the configuration alone: no rollback takes it away */
        return r;
}

/* How an array was, kept until the transaction ends. Return: 0 or -ENOMEM. */
static int undo_keep(struct store *store, void *ret, const void *from, uint32_t n, size_t size) {
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

int store_change(struct store *store, struct casefile *casefile) {
        const struct tellings *told = &casefile->told;
        struct undo *undo;

        if (casefile->changed)
                return 0;
        undo = undo_push(store);
        if (!undo)
                return -ENOMEM;
        undo->casefile = casefile;
        undo->n_facts = casefile->n_facts;
        undo->facts_bytes = casefile->facts_bytes;
        undo->traits = casefile->traits;
        undo->slice = casefile->slice;
        undo->gap = casefile->gap;
        undo->expects_more = casefile->expects_more;
        undo->at = heap_at(&store->due, &casefile->slot);
        undo->told = *told;
        if (undo_keep(store, &undo->told.announcements, told->announcements, told->n_announcements, sizeof(*told->announcements)) ||
            undo_keep(store, &undo->told.alerts, told->alerts, told->n_alerts, sizeof(*told->alerts)) ||
            undo_keep(store, &undo->told.copies, told->copies, told->n_copies, sizeof(*told->copies)))
                return -ENOMEM;
        casefile->changed = true;
        store->n_undo++;
        return 0;
}

void store_commit(struct store *store) {
        for (size_t i = 0; i < store->n_undo; i++) {
                struct undo *undo = &store->undo[i];

                undo->casefile->changed = false;
                if (undo->closed)
                        casefile_free(undo->casefile);
        }
        store->n_undo = 0;
        heap_settle(&store->due);
        arena_reset(store->kept);
        store->told_before = store->told_latest;
}

void store_gap_changed(struct store *store, struct casefile *casefile, unsigned gap) {
        store->gaps[casefile->gap]--; /* of those without a gap nobody asks */
        store->gaps[gap]++;
        casefile->gap = gap & 0x3f; /* all of it */
}

void store_count_gaps(const struct store *store, int64_t ret[CASE_GAPS - 1]) {
        for (size_t i = 1; i < CASE_GAPS; i++)
                ret[i - 1] += store->gaps[i];
}

/* Out of all that finds a case; the case itself stays. */
static void case_take_out(struct store *store, struct casefile *casefile) {
        heap_remove(&store->due, &casefile->slot);
        (void) table_remove(&store->cases, &casefile->id, sizeof(casefile->id)); /* it is there: it was put */
        store->facts -= casefile->n_facts;
        store->bytes -= sizeof(*casefile) + casefile->facts_capacity;
        store_gap(store, casefile, 0);
}

int store_close(struct store *store, struct casefile *casefile, day_t day) {
        struct undo *undo = NULL;
        int r;

        for (size_t i = store->n_undo; i > 0 && !undo; i--) {
                if (store->undo[i - 1].casefile == casefile)
                        undo = &store->undo[i - 1];
        }
        assert(undo && !undo->closed);
        r = closed_put(&store->closed, &casefile->id, day);
        if (r)
                return r;
        undo->closed = true;
        case_take_out(store, casefile);
        return 0;
}

void store_drop(struct store *store, struct casefile *casefile) {
        assert(store->n_undo == 0);
        case_take_out(store, casefile);
        casefile_free(casefile);
}

/* What went into the table before goes back without new memory: it only grows. */
static void case_put_back(struct store *store, struct casefile *casefile) {
        closed_remove(&store->closed, &casefile->id);
        if (table_put(&store->cases, &casefile->id, sizeof(casefile->id), casefile))
                assert(!"putting back an entry that had room before needs no memory");
        store->facts += casefile->n_facts;
        store->bytes += sizeof(*casefile) + casefile->facts_capacity;
}

/* Back into an array that has only grown since. */
static void undo_put_array(void *array, const void *kept, uint32_t n, size_t size) {
        if (n)
                memcpy(array, kept, n * size);
}

static void undo_case(struct store *store, struct undo *undo) {
        struct casefile *casefile = undo->casefile;

        if (undo->closed)
                case_put_back(store, casefile);
        store->facts -= casefile->n_facts - undo->n_facts;
        store_gap(store, casefile, undo->gap);
        if (undo->created) {
                (void) table_remove(&store->cases, &casefile->id, sizeof(casefile->id)); /* it is there: it was put */
                store->bytes -= sizeof(*casefile) + casefile->facts_capacity;
                casefile_free(casefile);
                return;
        }
        casefile->n_facts = undo->n_facts;
        casefile->facts_bytes = undo->facts_bytes;
        casefile->traits = undo->traits;
        casefile->slice = undo->slice;
        casefile->expects_more = undo->expects_more;
        undo_put_array(casefile->told.announcements, undo->told.announcements, undo->told.n_announcements, sizeof(*casefile->told.announcements));
        undo_put_array(casefile->told.alerts, undo->told.alerts, undo->told.n_alerts, sizeof(*casefile->told.alerts));
        undo_put_array(casefile->told.copies, undo->told.copies, undo->told.n_copies, sizeof(*casefile->told.copies));
        casefile->told.n_announcements = undo->told.n_announcements;
        casefile->told.n_alerts = undo->told.n_alerts;
        casefile->told.n_copies = undo->told.n_copies;
        casefile->changed = false;
        if (heap_set(&store->due, &casefile->slot, undo->at))
                assert(!"putting back an entry that had room before needs no memory");
}

void store_rollback(struct store *store) {
        for (size_t i = 0; i < store->n_undo; i++) /* all of them out, so that each finds the room that it had */
                heap_remove(&store->due, &store->undo[i].casefile->slot);
        while (store->n_undo > 0)
                undo_case(store, &store->undo[--store->n_undo]);
        arena_reset(store->kept);
        store->told_latest = store->told_before;
}

int casefile_add_fact(struct store *store, struct casefile *casefile, const struct uuid *event_id, const struct event_type *type, unsigned traits,
                      const void *body, size_t n) {
        struct fact_header header = {.event_id = *event_id, .type = (uint16_t)type->index, .idle = traits & TRAIT_IDLE, .n = (uint32_t)n};
        size_t need = casefile->facts_bytes + sizeof(header) + FACT_PADDED(n);

        if (need > casefile->facts_capacity) {
                /* Grow by an eighth: a case has few facts, and there are millions of cases. */
                size_t capacity = (need + need / 8 + 15) & ~(size_t)15;
                uint8_t *p;

                if (capacity > UINT32_MAX)
                        return -ENOMEM;
                p = realloc(casefile->facts, capacity);
                if (!p)
                        return -ENOMEM;
                casefile->facts = p;
                store->bytes += capacity - casefile->facts_capacity;
                casefile->facts_capacity = (uint32_t)capacity;
        }
        memcpy(casefile->facts + casefile->facts_bytes, &header, sizeof(header));
        memcpy(casefile->facts + casefile->facts_bytes + sizeof(header), body, n);
        casefile->facts_bytes = (uint32_t)need;
        casefile->n_facts++;
        casefile->traits |= (uint8_t)(traits & ~(unsigned)TRAIT_IDLE);
        store->facts++;
        return 0;
}

const struct fact_header *casefile_next_fact(const struct casefile *casefile, uint32_t *offset) {
        const struct fact_header *header;

        if (*offset >= casefile->facts_bytes)
                return NULL;
        header = (const struct fact_header *)(const void *)(casefile->facts + *offset);
        *offset += (uint32_t)sizeof(*header) + FACT_PADDED(header->n);
        return header;
}

const struct fact_header *casefile_find_fact(const struct casefile *casefile, const struct uuid *event_id) {
        const struct fact_header *header;
        uint32_t offset = 0;

        while ((header = casefile_next_fact(casefile, &offset))) {
                if (uuid_equal(&header->event_id, event_id))
                        return header;
        }
        return NULL;
}

void casefile_drop_fact(struct store *store, struct casefile *casefile, const struct uuid *event_id) {
        const struct fact_header *header = casefile_find_fact(casefile, event_id);
        uint32_t at, n;

        if (!header)
                return;
        at = (uint32_t)((const uint8_t *)header - casefile->facts);
        n = (uint32_t)sizeof(*header) + FACT_PADDED(header->n);
        memmove(casefile->facts + at, casefile->facts + at + n, casefile->facts_bytes - at - n);
        casefile->facts_bytes -= n;
        casefile->n_facts--;
        casefile->traits |= TRAIT_CORRECTED; /* what it stood on may have gone: from now on it is looked at whole */
        store->facts--;
}

static int tellings_reserve(void **items, uint32_t n, uint32_t *capacity, uint32_t more, size_t size) {
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
static void *tellings_add(void **items, uint32_t *n, uint32_t *capacity, size_t size) {
        char *item;

        if (*n == *capacity && tellings_reserve(items, *n, capacity, *n / 8 + 1, size))
                return NULL;
        item = (char *)*items + (*n)++ * size;
        memset(item, 0, size);
        return item;
}

int casefile_reserve_announcements(struct casefile *casefile, uint32_t more) {
        struct tellings *told = &casefile->told;

        return tellings_reserve((void **)&told->announcements, told->n_announcements, &told->capacity_announcements, more, sizeof(*told->announcements));
}

int casefile_reserve_alerts(struct casefile *casefile, uint32_t more) {
        struct tellings *told = &casefile->told;

        return tellings_reserve((void **)&told->alerts, told->n_alerts, &told->capacity_alerts, more, sizeof(*told->alerts));
}

struct announcement *casefile_add_announcement(struct casefile *casefile) {
        struct tellings *told = &casefile->told;

        return tellings_add((void **)&told->announcements, &told->n_announcements, &told->capacity_announcements, sizeof(*told->announcements));
}

struct alert *casefile_add_alert(struct casefile *casefile) {
        struct tellings *told = &casefile->told;

        return tellings_add((void **)&told->alerts, &told->n_alerts, &told->capacity_alerts, sizeof(*told->alerts));
}

struct copy *casefile_add_copy(struct casefile *casefile) {
        struct tellings *told = &casefile->told;

        return tellings_add((void **)&told->copies, &told->n_copies, &told->capacity_copies, sizeof(*told->copies));
}

void store_forgets(struct store *store, struct term_step retention, bool at_once) {
        assert(retention.count >= 0 && retention.unit <= TERM_YEARS);
        store->retention = retention;
        store->at_once = at_once;
}

bool store_closed(const struct store *store, const struct uuid *case_id, day_t *ret) {
        day_t day = closed_day(&store->closed, case_id);

        if (day == CLOSED_NONE)
                return false;
        *ret = day;
        return true;
}

int store_closed_refused(const struct store *store, const struct uuid *case_id, struct error *err) {
        char text[DATE_TEXT + 1];
        day_t day;

        if (!store_closed(store, case_id, &day))
                return 0;
        date_format(day, text);
        error_set(err, "case_id: this case was over and its retention too, so it was closed on %s; a child who comes back is a new case", text);
        return REFUSAL_CASE_CLOSED;
}

instant_t store_told_latest(const struct store *store) {
        return store->told_latest;
}

struct store_stats store_stats(const struct store *store) {
        struct store_stats stats = {.cases = store->cases.n, .facts = store->facts, .bytes = store->bytes, .told_latest = store->told_latest,
                                    .closed = store->closed.n, .bytes_closed = closed_bytes(&store->closed)};
        const struct casefile *casefile;

        for (size_t i = 0; (casefile = table_next(&store->cases, &i));) {
                const struct tellings *told = &casefile->told;

                stats.announcements += told->n_announcements;
                stats.alerts += told->n_alerts;
                stats.copies += told->n_copies;
                for (uint32_t j = 0; j < told->n_alerts; j++)
                        stats.open_alerts += told->alerts[j].open;
                stats.bytes_facts += casefile->facts_capacity;
                stats.bytes_tellings += told->capacity_announcements * sizeof(*told->announcements) + told->capacity_alerts * sizeof(*told->alerts) +
                               told->capacity_copies * sizeof(*told->copies);
        }
        stats.bytes += stats.bytes_tellings + stats.bytes_closed;
        stats.bytes += store->cases.capacity * sizeof(struct table_entry) + heap_bytes(&store->due);
        return stats;
}
