/* SPDX-License-Identifier: EUPL-1.2 */

/* Decodes the facts of a case and decides which of them count (contract: "Which facts count"). */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/condition.h"
#include "engine/facts.h"
#include "engine/residence.h"

static void fill(struct fact *fact, const struct event_type *type, const struct slot *slots) {
        fact->type = type;
        fact->slots = slots;
        fact->event_id = slots[SLOT_EVENT_ID].u;
        fact->occurred_at = slots[SLOT_OCCURRED_AT].i;
        fact->recorded_at = slots[SLOT_RECORDED_AT].i;
        fact->own = type->own_date >= 0 ? fact_date(fact, type->own_date) : date_of_instant(fact->occurred_at);
}

struct slot *fact_decode(struct engine *engine, const struct casefile *file, const struct fact_header *header) {
        const struct event_type *type = event_types_at(engine->config->types, header->type);
        struct slot *slots = arena_alloc(engine->arena, (type->layout->n + ROW_ADDED) * sizeof(*slots));

        if (!slots)
                return NULL;
        if (record_decode(engine->row_programs[header->type], header + 1, header->n, slots + ROW_SKIPPED, NULL))
                assert(!"a row that we encoded ourselves decodes");
        slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = header->event_id};
        slots[SLOT_CASE_ID] = (struct slot){.kind = SLOT_UUID, .u = file->id};
        return slots;
}

static int decode(struct view *v, const struct fact_header *header, struct fact *fact) {
        const struct event_type *type = event_types_at(v->config->types, header->type);
        const struct slot *slots = fact_decode(v->engine, v->file, header), *copies;

        if (!slots)
                return -ENOMEM;
        fill(fact, type, slots);
        copies = &slots[row_copies_slot(type) + ROW_SKIPPED];
        if (copies->kind == SLOT_STRING)
                fact->copies = copies->s;
        return 0;
}

/* Recorded first, then by event_id: an order that does not depend on arrival. */
static int by_record(const struct fact *a, const struct fact *b) {
        if (a->recorded_at != b->recorded_at)
                return a->recorded_at < b->recorded_at ? -1 : 1;
        return uuid_compare(&a->event_id, &b->event_id);
}

static int by_record_q(const void *a, const void *b) {
        return by_record(*(const struct fact *const *)a, *(const struct fact *const *)b);
}

static void sort_list(struct fact_list *list) {
        if (list->n > 32) {
                qsort(list->items, list->n, sizeof(*list->items), by_record_q);
                return;
        }
        for (size_t i = 1; i < list->n; i++) { /* mostly in order already */
                const struct fact *fact = list->items[i];
                size_t j = i;

                for (; j > 0 && by_record(list->items[j - 1], fact) > 0; j--)
                        list->items[j] = list->items[j - 1];
                list->items[j] = fact;
        }
}

static int by_id(const void *a, const void *b) {
        return uuid_compare(&(*(struct fact *const *)a)->event_id, &(*(struct fact *const *)b)->event_id);
}

/* The fact that a slot names, if the case has it. @sorted: by event_id. */
static struct fact *named_by(const struct view *v, struct fact **sorted, const struct fact *fact, int slot) {
        struct fact wanted, *const wanted_p = &wanted;
        struct fact **found;

        if (slot < 0 || fact->slots[slot].kind != SLOT_UUID)
                return NULL;
        wanted.event_id = fact->slots[slot].u;
        found = bsearch(&wanted_p, sorted, v->n, sizeof(*sorted), by_id);
        return found ? *found : NULL;
}

static bool same_source(const struct fact *a, const struct fact *b) {
        return text_equal(a->slots[SLOT_SOURCE].s, b->slots[SLOT_SOURCE].s);
}

/* Rules 1 and 2: who names another's fact is refused; who is named by one that is not does not count. */
static void mark_named(struct view *v) {
        struct fact **sorted = NULL;

        for (size_t i = 0; i < v->n; i++) {
                struct fact *fact = &v->facts[i];
                const int slots[] = {SLOT_REPLACES, fact->type->fields[FIELD_WITHDRAWN]};
                struct fact *named[ELEMENTS(slots)] = {NULL};

                if (fact->slots[SLOT_REPLACES].kind != SLOT_UUID && slots[1] < 0)
                        continue;
                if (!sorted) {
                        sorted = view_alloc(v, v->n, sizeof(*sorted));
                        if (!sorted)
                                return;
                        for (size_t j = 0; j < v->n; j++)
                                sorted[j] = &v->facts[j];
                        qsort(sorted, v->n, sizeof(*sorted), by_id);
                }
                for (size_t j = 0; j < ELEMENTS(slots); j++) {
                        named[j] = named_by(v, sorted, fact, slots[j]);
                        if (named[j] && !same_source(named[j], fact))
                                fact->refused = true;
                }
                for (size_t j = 0; j < ELEMENTS(slots); j++) {
                        if (named[j] && !fact->refused)
                                named[j]->named = true;
                }
        }
}

static bool same_identity(const struct fact *a, const struct fact *b) {
        return slot_equal(&a->slots[a->type->identity], &b->slots[b->type->identity]);
}

/*
 * Rules 3 and 4, for the facts of one type in order of record: an identity belongs to the source that used it
 * first, and of that source's the last recorded counts. Keeps those in the list.
 */
static void keep_identities(struct fact_list *list) {
        size_t kept = 0;

        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];
                size_t j = 0;

                while (j < kept && !same_identity(list->items[j], fact))
                        j++;
                if (j == kept)
                        list->items[kept++] = fact;
                else if (same_source(list->items[j], fact))
                        list->items[j] = fact; /* the source stays that of the first */
        }
        list->n = kept;
        sort_list(list);
}

static void count_list(struct fact_list *list) {
        sort_list(list);
        if (list->items[0]->type->identity >= 0)
                keep_identities(list);
        for (size_t i = 0; i < list->n; i++)
                ((struct fact *)list->items[i])->counts = true;
}

/* There are many types, and facts of few: only these are gone through. */
static void count_facts(struct view *v) {
        size_t n_present = 0, types = event_types_count(v->config->types);
        const struct fact **items = view_alloc(v, v->n, sizeof(*items));
        struct fact_list *present[EVENT_TYPES_MAX];

        v->lists = view_alloc(v, types, sizeof(*v->lists));
        if (!items || !v->lists)
                return;
        mark_named(v);
        for (size_t i = 0; i < v->n; i++) {
                struct fact_list *list = &v->lists[v->facts[i].type->index];

                if (v->facts[i].refused || v->facts[i].named)
                        continue;
                if (list->n++ == 0)
                        present[n_present++] = list;
        }
        for (size_t t = 0; t < n_present; t++) {
                present[t]->items = items;
                items += present[t]->n;
                present[t]->n = 0;
        }
        for (size_t i = 0; i < v->n; i++) {
                struct fact_list *list = &v->lists[v->facts[i].type->index];

                if (!v->facts[i].refused && !v->facts[i].named)
                        list->items[list->n++] = &v->facts[i];
        }
        for (size_t t = 0; t < n_present; t++)
                count_list(present[t]);
}

static void begin(struct view *v, struct engine *engine, struct store *store, struct casefile *file, instant_t now) {
        *v = (struct view){.engine = engine, .config = engine->config, .arena = engine->arena, .store = store, .file = file, .now = now, .next = INSTANT_NEVER};
        v->today = date_of_instant(now);
        v->asked.date = DAY_NONE;
        if (file->traits & TRAIT_REGION)
                v->region = regions_find_case(v->config->organisations, &file->id);
}

/* @types: those that are looked at, but for idle facts; NULL: all facts. Facts recorded after @until are left out. */
static int open_types(struct view *v, const bool *types, const struct fresh *fresh, instant_t until) {
        const struct fact_header *header;
        size_t capacity = 0;
        uint32_t offset = 0;
        int r;

        while ((header = casefile_next_fact(v->file, &offset)))
                capacity += !types || (types[header->type] && !header->idle);
        v->facts = view_alloc(v, capacity + 1, sizeof(*v->facts));
        if (!v->facts)
                return -ENOMEM;
        for (offset = 0; (header = casefile_next_fact(v->file, &offset));) {
                if (types && (!types[header->type] || header->idle))
                        continue;
                r = decode(v, header, &v->facts[v->n]);
                if (r)
                        return r;
                if (v->facts[v->n].recorded_at <= until)
                        v->n++;
                else
                        v->facts[v->n] = (struct fact){0};
        }
        if (fresh) {
                fill(&v->facts[v->n], fresh->event->type, fresh->event->slots);
                v->facts[v->n++].fresh = true;
        }
        count_facts(v);
        if (!v->failed)
                view_residence(v);
        return v->failed ? -ENOMEM : 0;
}

int view_open(struct view *v, struct engine *engine, struct store *store, struct casefile *file, instant_t now) {
        begin(v, engine, store, file, now);
        return open_types(v, NULL, NULL, INSTANT_NEVER);
}

int view_open_past(struct view *v, struct engine *engine, struct store *store, struct casefile *file, instant_t at) {
        begin(v, engine, store, file, at);
        return open_types(v, NULL, NULL, at);
}

int view_open_to_tell(struct view *v, struct engine *engine, struct store *store, struct casefile *file, const struct fresh *fresh,
                      const struct bearing *bearing, instant_t now) {
        unsigned traits = file->traits | (fresh ? fresh->traits : 0);

        begin(v, engine, store, file, now);
        v->bearing = bearing;
        if (bearing) { /* what it does not bear on goes on asking for the same instant */
                v->next = heap_at(&store->due, &file->slot);
                v->next_part = file->part;
        }
        if (bearing && bearing->plans.n == 0 && !bearing->routes)
                return 0; /* nothing looks at it */
        /* Corrections may be of any type; without a measure any fact may say where the child lives; what is over is forgotten whole. */
        if (bearing)
                return open_types(v, bearing->looks_at, fresh, INSTANT_NEVER);
        traits &= ~(unsigned)TRAIT_IDLE;
        return open_types(v, engine->grounded && traits == TRAIT_MEASURE ? engine->looks_at : NULL, fresh, INSTANT_NEVER);
}

const struct fact_list *view_known(const struct view *v, enum known_type known) {
        static const struct fact_list none;
        const struct event_type *type = event_types_known(v->config->types, known);

        return type ? view_list(v, type) : &none;
}

const struct fact *view_find(const struct view *v, const struct uuid *event_id) {
        for (size_t i = 0; i < v->n; i++) {
                if (uuid_equal(&v->facts[i].event_id, event_id))
                        return &v->facts[i];
        }
        return NULL;
}

bool conditions_hold_self(const struct conditions *when, const struct fact *fact) {
        for (size_t i = 0; i < when->n; i++) {
                if (!condition_holds(&when->items[i], &fact->slots[when->items[i].slot]))
                        return false;
        }
        return true;
}

/* Of the ids that both types have, one must be equal and none may differ; types that share none always join. */
bool facts_join(const struct fact *start, const struct fact *fact) {
        bool shared = false, equal = false;

        for (unsigned i = 0; i < LINKS; i++) {
                int a = start->type->links[i], b = fact->type->links[i];

                if (a < 0 || b < 0)
                        continue;
                shared = true;
                if (start->slots[a].kind != SLOT_UUID || fact->slots[b].kind != SLOT_UUID)
                        continue;
                if (!uuid_equal(&start->slots[a].u, &fact->slots[b].u))
                        return false;
                equal = true;
        }
        return equal || !shared;
}
