/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What an evaluation looks at: which norms and routes an accepted event can change, and over which types these look
 *
 * Found once, when the engine is made, from what norms refer to (norm_visit). Knows configuration only, no case and no instant.
 */

#include "base/vector.h"
#include "engine/pool.h"
#include "model/config.h"
#include "model/event.h"

struct norm_scope { /* a norm as it is evaluated */
        const struct norm *norm;
        uint32_t word;  /* pool: "protocol|norm", the number under which tellings know it: slice - 1 */
        uint16_t slice;  /* from 1 */
        bool *looks_at; /* by type: what may be looked at on its behalf (view_list) */
};

struct bearing { /* what a fact of one type bears on */
        VECTOR(const struct norm_scope *) norms; /* in the order of evaluation */
        bool *slices;   /* by slice: whether it is that of one of them; NULL: there are none */
        bool all;       /* everything */
        bool routes;    /* its type has routes */
        bool ends;      /* it ends facts of other types */
        bool *looks_at; /* by type: what must be decoded for it */
        /* Who looks at facts of this type, and the conditions on the fact's own fields under which it makes anything of one. */
        VECTOR(const struct conditions *) uses;
        bool used; /* by somebody who takes any fact of it */
        unsigned cover; /* so many facts of its type that are earlier make a further one of no account (engine/cover.h); 0: none do */
        bool uncovered; /* somebody looks at any of them */
};

/* What a case has, found when a fact is kept: what says that it must be looked at whole. */
enum {
        TRAIT_MEASURE = 1,   /* a measure-started with its own date */
        TRAIT_CORRECTED = 2, /* a fact that replaces or withdraws another */
        TRAIT_ENDED = 4,     /* a fact of a type that ends others */
        TRAIT_REGION = 8,    /* it is a region's */
        TRAIT_IDLE = 16,     /* of the fact alone: nothing that is configured can make anything of it */
};

struct fresh { /* an event that is being accepted */
        const struct event *event;
        unsigned traits; /* fact_traits() */
        bool covered;    /* by facts that came before (engine/cover.h) */
};

struct starts;

struct scope {
        const struct config *config;
        struct norm_scope **norms;         /* by type from which they start, as config->index has them */
        struct norm_scope *region_norms;   /* as config->region_norms */
        struct bearing *bearings;          /* by type */
        struct bearing nothing;            /* what an idle fact bears on */
        struct bearing copying;            /* one that is covered: its own copies */
        bool *looks_at;                    /* by type: whether anything looks at it */
        const struct event_type **endable; /* types whose facts something ends */
        size_t n_endable;
        struct starts *starts;             /* starts.h */
        uint16_t n_slices;                  /* slices of an evaluation: norms first, then the routes of each type */
        bool grounded;                     /* a measure says where the child lives, and that its case is not over */
};

/*
 * Fills @scope, which is all zeros. @config outlives it; norms get their numbers in @pool. @without: a key that is left out of what
 * norms refer to (engine_new_without), or NULL. Return: 0 or -ENOMEM; what was made is given back by scope_done(), also after an error.
 */
int scope_fill(struct scope *scope, const struct config *config, struct pool *pool, const struct protocol_key *without) MUSTCHECK;
void scope_done(struct scope *scope);

/* The slice of an evaluation that copies facts of a type; those of norms are norm_scope.slice. */
static inline uint16_t slice_of_routes(const struct scope *scope, const struct event_type *type) {
        return (uint16_t)(scope->n_slices + 1 + type->index);
}

/* Whether a norm is evaluated for what a fact bears on. @word: under which tellings know it. */
static inline bool bearing_judges(const struct scope *scope, const struct bearing *bearing, uint32_t word) {
        return bearing->slices && word < scope->n_slices && bearing->slices[word + 1];
}

/* What a case has by a fact of these slots, and TRAIT_IDLE. */
unsigned fact_traits(const struct scope *scope, const struct event_type *type, const struct slot *slots);

/*
 * What must be evaluated when @fresh is accepted into a case that was judged up to now: NULL: all of it. @traits: of the case;
 * @slice: which slice of the evaluation asked for the instant at which the case is due next.
 */
const struct bearing *bearing_of(const struct scope *scope, const struct fresh *fresh, unsigned traits, uint16_t slice);
