/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The facts of a view: decoded, which of them count, and where the child lived by them
 *
 * Knows no norm. Facts and lists lie in the arena of the evaluation.
 */

#include <assert.h>

#include "base/chains.h"
#include "engine/starts.h"
#include "engine/view.h"

#define ENGINE_ARENA_MAX ((size_t)256 * 1024 * 1024)

struct fact {
        const struct event_type *type;
        const struct slot *slots;            /* of the event; behind them those that a row adds */
        struct uuid event_id;
        instant_t occurred_at, recorded_at;
        day_t own;                           /* its own date, or DAY_NONE */
        bool refused;                        /* it names another's fact */
        bool named;                          /* one that is not refused replaces or withdraws it */
        bool counts;
        bool fresh;                          /* being accepted now: its row is not written yet */
        struct text copies;                  /* told with its row */
        const uint64_t *answers;             /* start_answers(), once asked (fact_may_start) */
};

struct fact_index { /* the facts of a list by the value of a field */
        int slot;
        struct chains chains;
        struct fact_index *next;
};

struct fact_dated {
        uint32_t hash; /* of the field */
        day_t date;
        const struct fact *fact;
};

struct fact_order { /* the facts of a list that have a date, by the value of a field, then by that date and event_id */
        int slot, date; /* date: as fact_date() has it */
        struct fact_dated *items;
        size_t n;
        struct fact_order *next;
};

struct fact_list { /* one for each type is cleared for each event: as small as can be */
        const struct fact **items; /* by recorded_at, then event_id */
        uint32_t n, searched;       /* searched: how often facts_with() was asked */
        struct fact_index *indexes; /* those that were worth making */
        struct fact_order *orders;
};

struct statement { /* where the child lived, from a date on */
        day_t date;
        const struct fact *fact;
        const struct organisation *municipality; /* first row, or NULL when unknown */
};

/* Decodes all facts of the case. Return: 0 or -ENOMEM. */
int view_open(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, instant_t now) MUSTCHECK;

/*
 * Decodes what an evaluation looks at: for @bearing, or for all of it when that is NULL. @fresh (may be NULL) is being accepted.
 * Return: 0 or -ENOMEM.
 */
int view_open_to_tell(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, const struct fresh *fresh,
                      const struct bearing *bearing, instant_t now) MUSTCHECK;

/* The case as it was known at an instant: facts recorded after it are left out. Return: 0 or -ENOMEM. */
int view_open_past(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, instant_t at) MUSTCHECK;

/* The slots of one fact, in the arena; behind those of the event those that a row adds. NULL: memory is out. */
struct slot *fact_decode(struct engine *engine, const struct casefile *casefile, const struct fact_header *header);

/* A date field of a fact (-1: its own date); DAY_NONE when it is null. */
static inline day_t fact_date(const struct fact *fact, int slot) {
        if (slot < 0)
                return fact->own;
        return fact->slots[slot].kind == SLOT_INT ? (day_t)fact->slots[slot].i : DAY_NONE;
}
/* A text field by its meaning; empty when there is none. */
static inline struct text fact_text(const struct fact *fact, enum known_field field) {
        int slot = fact->type->fields[field];

        return slot >= 0 && fact->slots[slot].kind == SLOT_STRING ? fact->slots[slot].s : (struct text){0};
}
/* Who sent it: first row; NULL: no longer configured. */
static inline const struct organisation *fact_source(const struct view *v, const struct fact *fact) {
        return organisations_find(v->config->organisations, fact->slots[SLOT_SOURCE].s);
}
/* Whether two facts join by the ids that their types share (none: they do). */
bool facts_join(const struct fact *start, const struct fact *fact);

/*
 * The facts of a type that count. Asserts that they were decoded and that the norm at work
 * declares that it looks at them (norm_visit): else it would say nothing whenever others are not looked at, and nobody would know.
 */
static inline const struct fact_list *view_list(const struct view *v, const struct event_type *type) {
        assert(v->lists && (!v->decoded || v->decoded[type->index]));
        assert(!v->scope || v->scope->looks_at[type->index]);
        return &v->lists[type->index];
}

/*
 * A search for facts of one type: in the order of its list, all that are wanted, and others: whoever asks looks at each. How many others
 * there are does not grow with the list.
 */
struct fact_search {
        const struct fact_list *list;
        const struct chains *chains; /* NULL: all of the list */
        uint32_t at, without;        /* the next one; with chains: with the value, without any */
};

#define FACT_SEARCHES 16 /* of one list, before it is worth an index */

/* Not for callers. */
void facts_narrow(struct view *v, struct fact_search *search, int slot, const struct slot *value, bool without);
const struct fact *fact_search_chain(struct fact_search *search);

/* All facts of a type that count. */
static inline struct fact_search facts_of(const struct view *v, const struct event_type *type) {
        return (struct fact_search){.list = view_list(v, type)};
}
/* Whether it matters by what they are searched. */
static inline bool facts_are_many(const struct fact_search *search) {
        return search->list->n > CHAINS_FEW;
}
/* Those of which a field (a slot) has this value; @without: or none. */
static inline struct fact_search facts_with(struct view *v, const struct event_type *type, int slot, const struct slot *value, bool without) {
        struct fact_search search = facts_of(v, type);

        if (facts_are_many(&search))
                facts_narrow(v, &search, slot, value, without);
        return search;
}
/* Whether so much is asked of a list that it is worth an order of its facts. */
static inline bool facts_are_asked_much(const struct fact_list *list) {
        return list->n > CHAINS_FEW && list->searched > FACT_SEARCHES;
}
/* The facts of a type by the value of a field and by a date (as fact_date() has it); NULL sets failed. */
const struct fact_order *facts_by_date(struct view *v, const struct event_type *type, int slot, int date);
/* The place of the first with this value that is dated on or after @from, and of others behind it. */
size_t fact_order_from(const struct fact_order *order, const struct slot *value, day_t from);
/* The field of @type by whose value to ask for what joins @start, and in *ret that of @start; -1: there is none. */
int facts_joining_slot(const struct event_type *type, const struct fact *start, int *ret);
/* Those that join @start. */
struct fact_search facts_joining(struct view *v, const struct event_type *type, const struct fact *start);
/* The next one, or NULL. */
static inline const struct fact *fact_search_next(struct fact_search *search) {
        if (search->chains)
                return fact_search_chain(search);
        return search->at < search->list->n ? search->list->items[search->at++] : NULL;
}

/* Whether the conditions hold that are on the fact's own fields; there are no others. */
bool conditions_hold_self(const struct conditions *when, const struct fact *fact);
/* A fact that meets a reference: of its type, with its conditions. */
static inline bool ref_matches(const struct event_ref *ref, const struct fact *fact) {
        return fact->type == ref->type && conditions_hold_self(&ref->when, fact);
}
/* The date of a fact as a reference names it, DAY_NONE: takes no part. */
static inline day_t ref_date(const struct event_ref *ref, const struct fact *fact) {
        return fact_date(fact, ref->date);
}

/* Asks of a fact what starts.h does; memory out sets failed. */
void fact_ask(struct view *v, const struct fact *fact);
/* Whether a fact that counts may start something by a norm: whether its conditions on it hold that are asked before. */
static inline bool fact_may_start(struct view *v, const struct fact *fact, const struct start *start) {
        if (start->needs == 0)
                return true;
        if (!fact->answers)
                fact_ask(v, fact);
        return !v->failed && (fact->answers[start->word] & start->needs) == start->needs;
}

/* Of a type with a meaning of its own. */
const struct fact_list *view_known(const struct view *v, enum known_type known);
/* The fact of an event_id, whether it counts or not; NULL: the view has none. */
const struct fact *view_find(const struct view *v, const struct uuid *event_id);

/* --- residence: which municipality was responsible --- */

/* The municipality on a date, a row valid on it, or NULL. @present: the date is today, so what changes later is noted. */
const struct organisation *view_municipality(struct view *v, day_t date, bool present);
/* The statement that says it on a date, or NULL: there are none. */
const struct statement *view_statement(const struct view *v, day_t date);
/* Where the case lies on any date: a place as starts.h has them; nothing is passed over for who wants to hear why. */
size_t view_place(const struct view *v);
/* Whether the case has any municipality at all. */
static inline bool view_settled(const struct view *v) {
        return v->n_statements > 0 || v->elsewhere;
}
/* The GI of a fact's case: first row, or NULL. */
const struct organisation *view_gi(struct view *v, const struct fact *start);
/* Whether a protocol holds on a date, for what started from @start (NULL: for the region itself). */
bool view_holds(struct view *v, const struct protocol *protocol, day_t date, const struct fact *start);
/* Follows successors to a date; NULL: nobody then. @present: as above. */
const struct organisation *view_follow(struct view *v, const struct organisation *org, day_t date, bool present);
