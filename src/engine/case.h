/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Cases in memory: of each its facts, as the bytes of their rows, and its tellings; and the store of one partition
 *
 * A fact is not kept decoded: it is decoded into slots when its case is evaluated. Facts only come,
 * tellings come and change; so a transaction is undone by cutting the facts and putting the tellings
 * back. Knows no norm and tells nothing.
 */

#include <assert.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/table.h"
#include "calendar/term.h"
#include "engine/pool.h"
#include "engine/scope.h"
#include "engine/store.h"

/*
 * The cases that were forgotten: of each its id and the day, and nothing else. They only become more, and are asked after for
 * every case that is not there; so they stand side by side in one table, 20 bytes each, without a pointer to anything.
 */
#define CLOSED_NONE 0 /* no day: 1970-01-01 lies before everything that an event may carry */

struct closed_entry {
        struct uuid id;
        day_t day; /* CLOSED_NONE: free */
};

struct closed {
        struct closed_entry *entries;
        size_t n, capacity; /* a power of two */
};

void closed_done(struct closed *closed);

/* The day on which a case was forgotten, or CLOSED_NONE. */
day_t closed_day(const struct closed *closed, const struct uuid *id);

/* Puts or replaces; @day is not CLOSED_NONE. Return: 0 or -ENOMEM. */
int closed_put(struct closed *closed, const struct uuid *id, day_t day) MUSTCHECK;

/* Takes it out; no effect when it is not there. Needs no memory, and the next closed_put() none either. */
void closed_remove(struct closed *closed, const struct uuid *id);

static inline size_t closed_bytes(const struct closed *closed) {
        return closed->capacity * sizeof(*closed->entries);
}

struct announcement {
        uint32_t norm; /* pool: "protocol|norm" */
        day_t due;
        struct instance_key instance;
        uint32_t reminders;
        instant_t announced_at, told_at;
};

struct alert { /* 64 bytes: there are several a case, and millions of cases */
        struct uuid id;
        struct instance_key instance;
        uint16_t rung;
        uint32_t norm, organisation, role; /* pool */
        day_t due;
        bool open : 1;
        uint32_t raised : 31;
        instant_t told_at;
};
static_assert(sizeof(struct alert) == 64, "no more than is meant");

struct copy { /* told later than its fact was accepted */
        struct uuid event_id;
        uint32_t organisation, role;
        instant_t told_at;
};

/* What obligations and what is told of them are found by (base/chains.h). */
static inline uint32_t instance_hash(uint32_t norm, const struct instance_key *instance) {
        return table_hash(instance, sizeof(*instance)) ^ norm * 0x9e3779b1u;
}

struct fact_header { /* stands before the body in .facts */
        struct uuid event_id;
        uint16_t type;
        bool idle; /* TRAIT_IDLE */
        uint32_t n; /* bytes of the body; padded to four, so that the next header is aligned */
};
#define FACT_PADDED(n) (((uint32_t)(n) + 3) & ~3u)

struct tellings {
        struct announcement *announcements;
        struct alert *alerts;
        struct copy *copies;
        uint32_t n_announcements, n_alerts, n_copies;
        uint32_t capacity_announcements, capacity_alerts, capacity_copies;
};

struct casefile {
        struct uuid id;
        struct heap_slot slot;
        uint32_t n_facts, facts_bytes, facts_capacity;
        uint16_t slice; /* which slice of the evaluation asked for the instant at which the case is due */
        uint8_t traits;
        bool changed : 1; /* stands in the store's undo list */
        unsigned gap : 6; /* engine_gap(): what it waits for that the calendar does not have; 0: nothing */
        bool expects_more : 1; /* got a fact since it was evaluated without one: others may be on their way */
        uint8_t *facts;
        struct tellings told;
};
static_assert(sizeof(struct casefile) == 96 && CASE_GAPS <= 1 << 6, "no more than is meant");

struct undo {
        struct casefile *casefile;
        bool created;
        bool expects_more;
        unsigned gap;
        bool closed; /* forgotten: the case is kept aside until the commit */
        uint8_t traits;
        uint16_t slice;
        uint32_t n_facts, facts_bytes;
        instant_t at;
        struct tellings told; /* as they were: in store.kept */
};

struct store {
        struct engine *engine;
        struct table cases;
        struct heap due;
        struct undo *undo;
        size_t n_undo, undo_capacity;
        struct arena *kept; /* until the transaction ends */
        instant_t told_latest, told_before; /* as of now; as of the last commit */
        instant_t judged_latest;            /* of all evaluations, also of what was rolled back */
        size_t facts, bytes;
        struct closed closed;
        struct term_step retention; /* count 0: nothing is forgotten */
        bool at_once;               /* store_forgets() */
        uint32_t gaps[CASE_GAPS];   /* cases by .gap; those without are not counted */
};

/* The case, made when it is not there. Return: 0 or -ENOMEM. */
int store_case(struct store *store, const struct uuid *case_id, struct casefile **ret) MUSTCHECK;

/* To be called before a case is changed: remembers how it was. Return: 0 or -ENOMEM. */
int store_change(struct store *store, struct casefile *casefile) MUSTCHECK;

/*
 * Takes a case that was changed (store_change) out of the store and remembers the day. Kept aside until the commit, so that a
 * rollback brings it back. Return: 0 or -ENOMEM.
 */
int store_close(struct store *store, struct casefile *casefile, day_t day) MUSTCHECK;

/* Takes a case away for good: nothing was changed since the last commit. */
void store_drop(struct store *store, struct casefile *casefile);

/* Whether the case was forgotten: REFUSAL_CASE_CLOSED with a sentence, or 0. */
int store_closed_refused(const struct store *store, const struct uuid *case_id, struct error *err) MUSTCHECK;

/* Sets what the case waits for that the calendar does not have: below CASE_GAPS; 0: nothing. */
void store_gap_changed(struct store *store, struct casefile *casefile, unsigned gap); /* not for callers */
static inline void store_gap(struct store *store, struct casefile *casefile, unsigned gap) {
        assert(gap < CASE_GAPS);
        if (casefile->gap != gap)
                store_gap_changed(store, casefile, gap);
}

/* Sets when the case is due next. Return: 0 or -ENOMEM. */
int store_schedule(struct store *store, struct casefile *casefile, instant_t at) MUSTCHECK;

/* Appends a fact's row. @traits: fact_traits(). Return: 0 or -ENOMEM. */
int casefile_add_fact(struct store *store, struct casefile *casefile, const struct uuid *event_id, const struct event_type *type, unsigned traits,
                      const void *body, size_t n) MUSTCHECK;

/* Takes a fact away, if it is there. Nothing was changed since the last commit. */
void casefile_drop_fact(struct store *store, struct casefile *casefile, const struct uuid *event_id);

/* Iterates over facts: offset from 0; NULL at the end. The body stands behind the header. */
const struct fact_header *casefile_next_fact(const struct casefile *casefile, uint32_t *offset);

/* The fact of an event_id, or NULL. */
const struct fact_header *casefile_find_fact(const struct casefile *casefile, const struct uuid *event_id);

/* Room for one more telling, cleared; NULL out of memory. */
struct announcement *casefile_add_announcement(struct casefile *casefile);
struct alert *casefile_add_alert(struct casefile *casefile);
struct copy *casefile_add_copy(struct casefile *casefile);

/* Makes room for so many more at once. Return: 0 or -ENOMEM. */
int casefile_reserve_announcements(struct casefile *casefile, uint32_t more) MUSTCHECK;
int casefile_reserve_alerts(struct casefile *casefile, uint32_t more) MUSTCHECK;

/* Something was told at this instant. */
static inline void store_told(struct store *store, instant_t at) {
        if (at > store->told_latest)
                store->told_latest = at;
}
