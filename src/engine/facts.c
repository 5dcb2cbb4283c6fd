/* SPDX-License-Identifier: EUPL-1.2 */

/* Decodes the facts of a case, decides which of them count (contract: "Which facts count"), and where the child lived by them. */

#include "engine/facts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/absence.h"
#include "engine/condition.h"

static void fact_fill(struct fact *fact, const struct event_type *type, const struct slot *slots) {
        fact->type = type;
        fact->slots = slots;
        fact->event_id = slots[SLOT_EVENT_ID].u;
        fact->occurred_at = slots[SLOT_OCCURRED_AT].i;
        fact->recorded_at = slots[SLOT_RECORDED_AT].i;
        fact->own = type->own_date >= 0 ? fact_date(fact, type->own_date) : date_of_instant(fact->occurred_at);
}

struct slot *fact_decode(struct engine *engine, const struct casefile *casefile, const struct fact_header *header) {
        const struct event_type *type = event_types_at(engine->config->types, header->type);
        struct slot *slots = arena_alloc(engine->arena, (type->layout->n + ROW_ADDED) * sizeof(*slots));

        if (!slots)
                return NULL;
        if (record_decode(engine->row_programs[header->type], header + 1, header->n, slots + ROW_SKIPPED, NULL))
                assert(!"a row that we encoded ourselves decodes");
        engine->decoded++;
        slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = header->event_id};
        slots[SLOT_CASE_ID] = (struct slot){.kind = SLOT_UUID, .u = casefile->id};
        return slots;
}

static int fact_read(struct view *v, const struct fact_header *header, struct fact *fact) {
        const struct event_type *type = event_types_at(v->config->types, header->type);
        const struct slot *slots = fact_decode(v->engine, v->casefile, header), *copies;

        if (!slots)
                return -ENOMEM;
        fact_fill(fact, type, slots);
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

static bool list_is_sorted(const struct fact_list *list) {
        for (size_t i = 1; i < list->n; i++) {
                if (by_record(list->items[i - 1], list->items[i]) > 0)
                        return false;
        }
        return true;
}

static void sort_list(struct fact_list *list) {
        if (list->n > 32) { /* mostly in order already, and so are few */
                if (!list_is_sorted(list))
                        qsort(list->items, list->n, sizeof(*list->items), by_record_q);
                return;
        }
        for (size_t i = 1; i < list->n; i++) {
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
static void keep_identities(struct view *v, struct fact_list *list) {
        int identity = list->items[0]->type->identity;
        struct chains kept;

        if (chains_open(&kept, v->arena, list->n, list->n)) {
                v->failed = true;
                return;
        }
        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];
                uint32_t hash = chains_are_many(&kept) ? slot_hash(&fact->slots[identity]) : 0, j = chains_first(&kept, hash);

                while (j != CHAINS_END && !same_identity(list->items[j], fact))
                        j = chains_next(&kept, j);
                if (j == CHAINS_END) {
                        list->items[kept.n] = fact;
                        chains_add(&kept, hash);
                } else if (same_source(list->items[j], fact)) {
                        list->items[j] = fact; /* the source stays that of the first */
                }
        }
        list->n = kept.n;
        sort_list(list);
}

static void count_list(struct view *v, struct fact_list *list) {
        sort_list(list);
        if (list->items[0]->type->identity >= 0)
                keep_identities(v, list);
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
                count_list(v, present[t]);
}

/* -- Residence: which municipality was responsible, and which protocols hold there -- */

static int statement_by_date(const void *a, const void *b) {
        const struct statement *x = a, *y = b;

        if (x->date != y->date)
                return x->date < y->date ? -1 : 1;
        if (x->fact->recorded_at != y->fact->recorded_at)
                return x->fact->recorded_at < y->fact->recorded_at ? -1 : 1;
        return uuid_compare(&x->fact->event_id, &y->fact->event_id);
}

/* PLACED never changes who is responsible (woonplaatsbeginsel since 2022). */
static bool is_placed(const struct fact *fact) {
        int slot = fact->type->fields[FIELD_BASIS];
        const struct layout_field *field;

        if (fact->type->known != TYPE_RESIDENCE_CHANGED || slot < 0 || fact->slots[slot].kind != SLOT_INT)
                return false;
        field = &fact->type->layout->fields[slot];
        return (size_t)fact->slots[slot].i < field->n_symbols && strcmp(field->symbols[fact->slots[slot].i], "PLACED") == 0;
}

static void residence_add(struct view *v, const struct fact_list *list) {
        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];

                if (is_placed(fact) || fact->own == DAY_NONE)
                        continue;
                v->statements[v->n_statements++] =
                        (struct statement){fact->own, fact, organisations_find(v->config->organisations, fact_text(fact, FIELD_MUNICIPALITY))};
        }
}

/* The earliest fact of another kind that has a municipality: by own date, then event_id. */
static const struct organisation *find_elsewhere(struct view *v) {
        const struct fact *best = NULL;

        for (size_t i = 0; i < v->n; i++) {
                const struct fact *fact = &v->facts[i];

                if (!fact->counts || is_placed(fact) || fact_text(fact, FIELD_MUNICIPALITY).n == 0 || fact->own == DAY_NONE)
                        continue;
                if (!best || fact->own < best->own || (fact->own == best->own && uuid_compare(&fact->event_id, &best->event_id) < 0))
                        best = fact;
        }
        return best ? organisations_find(v->config->organisations, fact_text(best, FIELD_MUNICIPALITY)) : NULL;
}

static void residence_find(struct view *v) {
        const struct fact_list *moves = view_known(v, TYPE_RESIDENCE_CHANGED), *starts = view_known(v, TYPE_MEASURE_STARTED);

        v->statements = view_alloc(v, moves->n + starts->n, sizeof(*v->statements));
        if (!v->statements)
                return;
        residence_add(v, moves);
        residence_add(v, starts);
        if (v->n_statements > 1)
                qsort(v->statements, v->n_statements, sizeof(*v->statements), statement_by_date);
        if (v->n_statements == 0)
                v->elsewhere = find_elsewhere(v);
}

/* Today, the validity of an organisation's rows may end or begin later: the case is looked at again then. */
static void note_changes(struct view *v, const struct organisation *org) {
        for (unsigned step = 0; org && step <= SUCCESSORS_MAX; step++) {
                const struct organisation *successor = NULL;

                for (const struct organisation *row = org; row; row = row->next) {
                        if (row->from > v->today)
                                (void) view_reached(v, date_begin(row->from));
                        if (row->until != INT32_MAX && row->until >= v->today)
                                (void) view_reached(v, date_over(row->until));
                        successor = row->successor;
                }
                org = successor;
        }
}

const struct organisation *view_follow(struct view *v, const struct organisation *org, day_t date, bool present) {
        if (!org)
                return NULL;
        if (present)
                note_changes(v, org);
        return organisation_follow(org, date);
}

/* How many statements are dated on or before a date. */
static size_t statements_until(const struct view *v, day_t date) {
        size_t n = 0, end = v->n_statements;

        while (n < end) {
                size_t middle = n + (end - n) / 2;

                if (v->statements[middle].date <= date)
                        n = middle + 1;
                else
                        end = middle;
        }
        return n;
}

const struct statement *view_statement(const struct view *v, day_t date) {
        size_t n = statements_until(v, date);

        return v->n_statements ? &v->statements[n ? n - 1 : 0] : NULL;
}

const struct organisation *view_municipality(struct view *v, day_t date, bool present) {
        const struct organisation *org = v->elsewhere;

        if (v->n_statements) {
                size_t at = statements_until(v, date);

                if (present && at < v->n_statements)
                        (void) view_begun(v, v->statements[at].date);
                org = v->statements[at ? at - 1 : 0].municipality;
        }
        return view_follow(v, org, date, present);
}

/* Where an organisation lies; NULL: nowhere. */
static size_t organisation_place(const struct starts *starts, const struct organisation *org) {
        return org ? starts->places[org->index] : starts_place(starts, START_NOWHERE);
}

size_t view_place(const struct view *v) {
        const struct starts *starts = v->engine->scope.starts;
        size_t place;

        if (v->absences || v->engine->plain)
                return starts_place(starts, START_PLAIN);
        if (v->region)
                return v->region->index;
        place = organisation_place(starts, v->elsewhere);
        for (size_t i = 0; i < v->n_statements; i++)
                place = starts_join(starts, place, organisation_place(starts, v->statements[i].municipality));
        return place;
}

/* The measure that began last. */
static const struct fact *latest_measure(struct view *v) {
        const struct fact_list *measures = view_known(v, TYPE_MEASURE_STARTED);

        for (size_t i = 0; !v->latest_measure && i < measures->n; i++) {
                const struct fact *m = measures->items[i], *latest = v->latest_measure;

                if (!latest || m->own > latest->own || (m->own == latest->own && uuid_compare(&m->event_id, &latest->event_id) > 0))
                        v->latest_measure = m;
        }
        return v->latest_measure;
}

/* The one that a fact names, else the latest. */
static const struct fact *measure_of(struct view *v, const struct fact *fact) {
        const struct event_type *type = event_types_known(v->config->types, TYPE_MEASURE_STARTED);
        int link = fact ? fact->type->links[LINK_MEASURE] : -1;
        struct fact_search search;
        const struct fact *m;

        if (!type || link < 0)
                return latest_measure(v);
        search = facts_with(v, type, type->links[LINK_MEASURE], &fact->slots[link], false);
        while ((m = fact_search_next(&search))) {
                if (slot_equal(&m->slots[type->links[LINK_MEASURE]], &fact->slots[link]))
                        return m;
        }
        return latest_measure(v);
}

const struct organisation *view_gi(struct view *v, const struct fact *start) {
        const struct fact *measure = measure_of(v, start);
        const struct organisation *source;

        if (measure)
                return organisations_find(v->config->organisations, fact_text(measure, FIELD_GI));
        source = start ? fact_source(v, start) : NULL;
        return source && source->kind == KIND_GI ? source : NULL;
}

static bool in_regions(const struct protocol *protocol, const struct region *region) {
        if (protocol->n_regions == 0)
                return true;
        for (size_t i = 0; region && i < protocol->n_regions; i++) {
                if (region_within(region, protocol->regions[i]))
                        return true;
        }
        return false;
}

static bool is_partner(const struct protocol *protocol, const struct organisation *org, day_t date) {
        for (size_t i = 0; org && i < protocol->n_partners; i++) {
                const struct partner *partner = &protocol->partners[i];

                if (partner->organisation->index == org->index && partner->from <= date && date <= partner->until)
                        return true;
        }
        return false;
}

/* Says no, and to whoever listens why. */
static bool holds_not(struct view *v, enum absence_cause cause, const struct organisation *organisation) {
        if (v->absences)
                v->absences->last = (struct absence){.cause = cause, .organisation = organisation};
        return false;
}

bool view_holds(struct view *v, const struct protocol *protocol, day_t date, const struct fact *start) {
        const struct organisation *municipality;

        if (date < protocol->from || date > protocol->until)
                return holds_not(v, date < protocol->from ? ABSENCE_TOO_EARLY : ABSENCE_TOO_LATE, NULL);
        if (v->region) /* partners bind what is done for a child; a region's own agreements hold for all of it */
                return in_regions(protocol, v->region) || holds_not(v, ABSENCE_REGION, NULL);
        if (protocol->n_regions == 0 && !protocol->has_partners)
                return true;
        if (v->asked.date != date) {
                v->asked.municipality = view_municipality(v, date, false);
                v->asked.date = date;
        }
        municipality = v->asked.municipality;
        if (!in_regions(protocol, municipality ? municipality->region : NULL))
                return holds_not(v, municipality ? ABSENCE_REGION : ABSENCE_NO_MUNICIPALITY, municipality);
        if (!protocol->has_partners)
                return true;
        if (!is_partner(protocol, municipality, date))
                return holds_not(v, municipality ? ABSENCE_MUNICIPALITY_NO_PARTNER : ABSENCE_NO_MUNICIPALITY, municipality);
        return is_partner(protocol, view_gi(v, start), date) || holds_not(v, ABSENCE_GI_NO_PARTNER, view_gi(v, start));
}

/* -- Opening -- */

static void view_begin(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, instant_t now) {
        *v = (struct view){.engine = engine, .config = engine->config, .arena = engine->arena, .store = store, .casefile = casefile,
                            .now = now, .next = INSTANT_NEVER};
        v->today = date_of_instant(now);
        v->asked.date = DAY_NONE;
        if (casefile->traits & TRAIT_REGION)
                v->region = regions_find_case(v->config->organisations, &casefile->id);
}

/* @types: those that are looked at, but for idle facts; NULL: all facts. Facts recorded after @until are left out. */
static int view_read_facts(struct view *v, const bool *types, const struct fresh *fresh, instant_t until) {
        const struct fact_header *header;
        size_t capacity = 0;
        uint32_t offset = 0;
        int r;

        v->decoded = types;
        while ((header = casefile_next_fact(v->casefile, &offset)))
                capacity += !types || (types[header->type] && !header->idle);
        v->facts = view_alloc(v, capacity + 1, sizeof(*v->facts));
        if (!v->facts)
                return -ENOMEM;
        for (offset = 0; (header = casefile_next_fact(v->casefile, &offset));) {
                if (types && (!types[header->type] || header->idle))
                        continue;
                r = fact_read(v, header, &v->facts[v->n]);
                if (r)
                        return r;
                if (v->facts[v->n].recorded_at <= until)
                        v->n++;
                else
                        v->facts[v->n] = (struct fact){0};
        }
        if (fresh) {
                fact_fill(&v->facts[v->n], fresh->event->type, fresh->event->slots);
                v->facts[v->n++].fresh = true;
        }
        count_facts(v);
        if (!v->failed)
                residence_find(v);
        return v->failed ? -ENOMEM : 0;
}

int view_open(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, instant_t now) {
        view_begin(v, engine, store, casefile, now);
        return view_read_facts(v, NULL, NULL, INSTANT_NEVER);
}

int view_open_past(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, instant_t at) {
        view_begin(v, engine, store, casefile, at);
        return view_read_facts(v, NULL, NULL, at);
}

int view_open_to_tell(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, const struct fresh *fresh,
                      const struct bearing *bearing, instant_t now) {
        unsigned traits = casefile->traits | (fresh ? fresh->traits : 0);

        view_begin(v, engine, store, casefile, now);
        v->bearing = bearing;
        if (bearing) { /* what it does not bear on goes on asking for the same instant */
                v->next = heap_at(&store->due, &casefile->slot);
                v->next_slice = casefile->slice;
        }
        if (bearing && bearing->norms.n == 0 && !bearing->routes)
                return 0; /* nothing looks at it */
        /* Corrections may be of any type; without a measure any fact may say where the child lives; what is over is forgotten whole. */
        if (bearing)
                return view_read_facts(v, bearing->looks_at, fresh, INSTANT_NEVER);
        traits &= ~(unsigned)TRAIT_IDLE;
        return view_read_facts(v, engine->scope.grounded && traits == TRAIT_MEASURE ? engine->scope.looks_at : NULL, fresh, INSTANT_NEVER);
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

/* -- Searching -- */

static struct fact_index *fact_index_new(struct view *v, struct fact_list *list, int slot) {
        struct fact_index *index = view_alloc(v, 1, sizeof(*index));

        if (!index || chains_open(&index->chains, v->arena, list->n, list->n)) {
                v->failed = true;
                return NULL;
        }
        for (size_t i = 0; i < list->n; i++)
                chains_add(&index->chains, slot_hash(&list->items[i]->slots[slot]));
        index->slot = slot;
        index->next = list->indexes;
        list->indexes = index;
        return index;
}

void facts_narrow(struct view *v, struct fact_search *search, int slot, const struct slot *value, bool without) {
        static const struct slot none = {.kind = SLOT_NULL};
        struct fact_list *list = (struct fact_list *)search->list; /* of the view, which may be changed */
        struct fact_index *index = list->indexes;

        if (list->searched++ < FACT_SEARCHES)
                return;
        while (index && index->slot != slot)
                index = index->next;
        if (!index)
                index = fact_index_new(v, list, slot);
        if (!index)
                return;
        search->chains = &index->chains;
        search->at = chains_first(&index->chains, slot_hash(value));
        search->without = without ? chains_first(&index->chains, slot_hash(&none)) : CHAINS_END;
        if (search->without == search->at) /* one chain */
                search->without = CHAINS_END;
}

const struct fact *fact_search_chain(struct fact_search *search) {
        uint32_t *next = search->without < search->at ? &search->without : &search->at, at = *next;

        if (at == CHAINS_END)
                return NULL;
        *next = chains_next(search->chains, at);
        return search->list->items[at];
}

/* One of the ids that both types have, the last that the fact has: ids of measures, which come first, tell least. */
int facts_joining_slot(const struct event_type *type, const struct fact *start, int *ret) {
        size_t n = start->type->n_links < type->n_links ? start->type->n_links : type->n_links;

        *ret = -1;
        while (n-- > 0) {
                int a = start->type->links[n], b = type->links[n];

                if (a < 0 || b < 0)
                        continue;
                *ret = a;
                if (start->slots[a].kind == SLOT_UUID)
                        return b;
        }
        return -1;
}

struct fact_search facts_joining(struct view *v, const struct event_type *type, const struct fact *start) {
        static const struct fact_list none;
        int own, slot = facts_joining_slot(type, start, &own);

        if (slot >= 0)
                return facts_with(v, type, slot, &start->slots[own], true);
        return own >= 0 ? (struct fact_search){.list = &none} : facts_of(v, type); /* ids that could join it, and it has none of them */
}

static int dated_before(const void *a, const void *b) {
        const struct fact_dated *x = a, *y = b;

        if (x->hash != y->hash)
                return x->hash < y->hash ? -1 : 1;
        if (x->date != y->date)
                return x->date < y->date ? -1 : 1;
        return uuid_compare(&x->fact->event_id, &y->fact->event_id);
}

const struct fact_order *facts_by_date(struct view *v, const struct event_type *type, int slot, int date) {
        struct fact_list *list = &v->lists[view_list(v, type) - v->lists];
        struct fact_order *order = list->orders;

        while (order && (order->slot != slot || order->date != date))
                order = order->next;
        if (order)
                return order;
        order = view_alloc(v, 1, sizeof(*order));
        if (!order)
                return NULL;
        *order = (struct fact_order){.slot = slot, .date = date, .items = view_alloc(v, list->n, sizeof(*order->items)), .next = list->orders};
        for (size_t i = 0; order->items && i < list->n; i++) {
                day_t on = fact_date(list->items[i], date);

                if (on != DAY_NONE)
                        order->items[order->n++] = (struct fact_dated){slot_hash(&list->items[i]->slots[slot]), on, list->items[i]};
        }
        if (order->n)
                qsort(order->items, order->n, sizeof(*order->items), dated_before);
        list->orders = order;
        return order->items ? order : NULL;
}

size_t fact_order_from(const struct fact_order *order, const struct slot *value, day_t from) {
        uint32_t hash = slot_hash(value);
        size_t at = 0, end = order->n;

        while (at < end) {
                size_t middle = at + (end - at) / 2;
                const struct fact_dated *item = &order->items[middle];

                if (item->hash < hash || (item->hash == hash && item->date < from))
                        at = middle + 1;
                else
                        end = middle;
        }
        return at;
}

void fact_ask(struct view *v, const struct fact *fact) {
        const struct starts *starts = v->engine->scope.starts;
        uint64_t *answers = view_alloc(v, start_words(starts, fact->type), sizeof(*answers));

        if (answers)
                start_answers(starts, fact->type, fact->slots, answers);
        ((struct fact *)fact)->answers = answers; /* of the view, which may be changed */
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
        size_t n = start->type->n_links < fact->type->n_links ? start->type->n_links : fact->type->n_links;
        bool shared = false, equal = false;

        for (size_t i = 0; i < n; i++) {
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
