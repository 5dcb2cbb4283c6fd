/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Where norms may have an obligation, found before anything is made of one
 *
 * Only here for speed. A country has a thousand norms, of which a few dozen hold in the region where a child lives: so there is a list of norms for
 * each place where a case may lie. And a norm has conditions on the fact that starts it, mostly those of other norms as well: each is asked once
 * of a fact. Both pass over norms that cannot have an obligation; whether one has is decided where it is made (obligation.c). The plain twin is
 * START_PLAIN, all norms and nothing asked before: who wants to hear why there is no obligation goes by it, and tests compare.
 */

#include "engine/scope.h"

struct start { /* a norm, where it may start something */
        const struct norm_scope *scope;
        uint64_t needs;   /* conditions on the starting fact that must hold, as bits of one word of start_answers(); 0: none is asked */
        uint16_t word;    /* which one */
        uint16_t type;    /* from which it starts */
        bool holds_first; /* no obligation unless its protocol holds on the starting fact's own date */
};

struct start_list { /* in the order of evaluation */
        VECTOR(struct start) of;
};

/* Places of cases: the index of a region, and behind all of them, from regions_count() on: */
enum { START_NOWHERE, START_ANYWHERE, START_PLAIN, START_PLACES }; /* no region; several; anywhere, and nothing is asked before */

struct start_asked {
        VECTOR(const struct condition *) conditions;
};

struct starts {
        size_t n_types, n_places;
        uint32_t *places;          /* by organisation.index: where its rows and those of its successors lie */
        struct start_list *from;   /* by type, then place: norms that start from facts of it */
        struct start_list *bears;  /* by type, then place: those on which facts of it bear */
        struct start_asked *asked; /* by type: conditions on facts that start norms */
};

/* @scope: filled, and outlives it. Return: 0 or -ENOMEM. */
int starts_new(const struct scope *scope, struct starts **ret) MUSTCHECK;
struct starts *starts_free(struct starts *starts);
DEFINE_CLEANUP(struct starts *, starts_free);

static inline size_t starts_place(const struct starts *starts, unsigned which) {
        return starts->n_places - START_PLACES + which;
}

/* Where a case lies of which two places are known. */
static inline size_t starts_join(const struct starts *starts, size_t a, size_t b) {
        if (a == b || b == starts_place(starts, START_NOWHERE))
                return a;
        return a == starts_place(starts, START_NOWHERE) ? b : starts_place(starts, START_ANYWHERE);
}

/* Norms that start from facts of a type, in cases of a place. */
static inline const struct start_list *starts_from(const struct starts *starts, size_t type, size_t place) {
        return &starts->from[type * starts->n_places + place];
}

/* Those on which facts of a type bear. */
static inline const struct start_list *starts_borne_on(const struct starts *starts, size_t type, size_t place) {
        return &starts->bears[type * starts->n_places + place];
}

/* How many words start_answers() fills for facts of a type: one at least. */
static inline size_t start_words(const struct starts *starts, const struct event_type *type) {
        return starts->asked[type->index].conditions.n / 64 + 1;
}

/* Asks of a fact every condition that norms have on the facts that start them. */
void start_answers(const struct starts *starts, const struct event_type *type, const struct slot *slots, uint64_t *ret);
