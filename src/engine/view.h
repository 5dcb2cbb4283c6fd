/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A view: one case at an instant, and what its evaluation says
 *
 * Everything of one evaluation lies in the engine's arena and is gone with the next one. Whoever asks whether an instant has
 * come asks view_reached(), which remembers the next one that has not: so the timer of a case follows from what was looked at,
 * and nothing that depends on time can be forgotten. What the facts are and mean is in facts.h and above it.
 */

#include "base/arena.h"
#include "engine/case.h"
#include "engine/effect.h"
#include "engine/row.h"
#include "engine/world.h"

/* An id for which nothing in the evaluation waits. */
struct later_id {
        struct text name;
        size_t effect; /* its place, when it is of what is told */
        uint8_t *key;  /* where it stands in the key of a row; NULL: it is of an effect */
};

struct view {
        struct engine *engine;
        const struct config *config;
        struct arena *arena;
        struct store *store;
        struct casefile *casefile;
        const struct region *region; /* a region's case */
        const struct bearing *bearing; /* what is evaluated; NULL: all of it */
        instant_t now, next;
        uint16_t slice, next_slice;    /* which slice of the evaluation is at work; which one asked for next */
        const struct norm_scope *scope; /* which norm is at work; NULL: none */
        const bool *decoded;         /* by type: whether its facts were; NULL: all */
        day_t today;
        char case_id[UUID_TEXT + 1]; /* as ids have it; "" until asked for */
        struct fact *facts;          /* facts.h, as all up to .elsewhere */
        size_t n;
        struct fact_list *lists;     /* by type: the facts that count */
        struct statement *statements;
        size_t n_statements;
        struct {
                day_t date;
                const struct organisation *municipality;
        } asked;                     /* of view_holds(): most norms ask for the same date */
        const struct fact *latest_measure; /* once it was asked for */
        const struct organisation *elsewhere; /* a case without statements: the municipality of another fact */
        struct obligation *obligations; /* obligation.h */
        size_t n_obligations, obligations_capacity;
        struct effect *effects;
        size_t n_effects, effects_capacity;
        struct row_change *rows;
        size_t n_rows, rows_capacity;
        struct later_id *later;      /* ids that are still to be made (view_settle_ids) */
        size_t n_later, later_capacity;
        struct absences *absences;   /* who wants to hear why a norm has no obligation (absence.h), or NULL */
        int lacks;                   /* the least year that was asked for and that the calendar does not have; 0: none */
        bool failed;                 /* memory is out: the results are not whole */
};

/* Whether an instant has come; when it has not, it is remembered, if it is the next one. */
static inline bool view_reached(struct view *v, instant_t at) {
        if (at <= v->now)
                return true;
        if (at < v->next) {
                v->next = at;
                v->next_slice = v->slice;
        }
        return false;
}

/* The same of the beginning of a date. */
static inline bool view_begun(struct view *v, day_t date) {
        return date <= v->today || view_reached(v, date_begin(date));
}

/* Whether anything is asked of the case: it has a fact, or is that of a region that lives without one. */
static inline bool view_lives(const struct view *v) {
        return v->n || (v->region && v->region->alive);
}

/* A calculation was refused because the calendar does not have this year; 0: for another reason. */
static inline void view_lacks(struct view *v, int year) {
        if (year && (v->lacks == 0 || year < v->lacks))
                v->lacks = year;
}

/* From here on a norm is at work, NULL: none: it looks at no more than it declares (view_list), and asks for instants (view_reached). */
static inline void view_at_work(struct view *v, const struct norm_scope *scope) {
        v->scope = scope;
        v->slice = scope ? scope->slice : 0;
}

/* From the arena, cleared; NULL sets failed. */
void *view_alloc(struct view *v, size_t count, size_t size);

/* Room for one more item of an array in the arena, cleared; NULL sets failed. @items: where the pointer to the array is. */
void *view_add(struct view *v, void *items, size_t *n, size_t *capacity, size_t size);

/* --- what is told, and which rows change with it --- */

/* One more effect, of this case and instant, the rest cleared; NULL sets failed. */
struct effect *view_effect(struct view *v, enum effect_kind kind);

/* A row in the outcome; the value is what stands in engine->scratch, which is cleared. */
void view_row(struct view *v, enum row_kind kind, const struct uuid *id);

/* The same of a row whose id is made of @name (VIEW_NAME), by view_settle_ids(). */
void view_row_named(struct view *v, enum row_kind kind, struct text name);

/* The id of the effect that came last is made of @name (VIEW_NAME), by view_settle_ids(). */
void view_name_effect(struct view *v, struct text name);

/* Makes all ids that were put off, side by side. */
void view_settle_ids(struct view *v);

/* --- ids --- */

/* The id of the case as text. */
struct text view_case_id(struct view *v);

/* UUIDv5 of parts joined by bars. */
struct uuid engine_id(const struct text *parts, size_t n);
#define ENGINE_ID(...) engine_id((const struct text[]){__VA_ARGS__}, ELEMENTS(((const struct text[]){__VA_ARGS__})))

/* What such an id is made of, in the arena, for those who ask for many ids at once (view_ids). */
struct text view_name(struct view *v, const struct text *parts, size_t n);
#define VIEW_NAME(v, ...) view_name((v), (const struct text[]){__VA_ARGS__}, ELEMENTS(((const struct text[]){__VA_ARGS__})))

/* The ids of many names, in the arena; NULL sets failed. */
struct uuid *view_ids(struct view *v, const struct text *names, size_t n);

/* A number as a part of an id: digits at the end of @ret. */
#define NUMBER_TEXT_MAX 12
struct text number_text(uint32_t number, char ret[NUMBER_TEXT_MAX]);

/* The ids of the rows of tellings that do not carry them. */
struct uuid announcement_id(const struct pool *pool, const struct announcement *a);
struct uuid copy_id(const struct pool *pool, const struct copy *copy);
