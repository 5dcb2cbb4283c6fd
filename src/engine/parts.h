/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The parts of one evaluation, in the order in which they build on one another
 *
 * Internal to the engine. A view is a case at an instant: its facts decoded, which of them count,
 * where the child lived. Whoever asks whether an instant has come asks view_reached(), which
 * remembers the next one that has not: so the timer of a case follows from what was looked at,
 * and nothing that depends on time can be forgotten.
 */

#include "base/arena.h"
#include "base/vector.h"
#include "engine/casefile.h"
#include "engine/row.h"
#include "model/row.h"

#define ENGINE_ARENA_MAX ((size_t)256 * 1024 * 1024)
#define ENGINE_LINKS_MAX 400 /* repetitions of one obligation: more than a year of daily ones */

struct norm_plan { /* a norm as it is evaluated */
        const struct norm *norm;
        uint32_t word; /* pool: "protocol|norm", the number under which tellings know it */
        uint16_t part; /* from 1 */
};

struct bearing { /* what a fact of one type bears on */
        VECTOR(const struct norm_plan *) plans; /* in the order of evaluation */
        bool all;       /* everything */
        bool routes;    /* its type has routes */
        bool ends;      /* it ends facts of other types */
        bool *looks_at; /* by type: what must be decoded for it */
        /* Who looks at facts of this type, and the conditions on the fact's own fields under which it makes anything of one. */
        VECTOR(const struct conditions *) uses;
        bool used; /* by somebody who takes any fact of it */
};

struct engine {
        const struct config *config;
        struct arena *arena;
        struct buffer scratch;
        struct row_codec *codec;
        struct pool pool;
        struct bearing *bearings;       /* by type */
        struct bearing nothing;         /* what an idle fact bears on */
        bool *looks_at;                 /* by type: whether anything looks at it */
        bool grounded;                  /* a measure says where the child lives, and that its case is not over */
        uint16_t n_parts;
        struct norm_plan **plans;       /* by type from which they start, as config->index has them */
        struct norm_plan *region_plans; /* as config->region_norms */
        const struct program **row_programs; /* by type: rows as we write them */
        const struct event_type *known[TYPE_EVENT_REFUSED + 1];
        const struct event_type **endable; /* types whose facts something ends */
        size_t n_endable;
        struct outcome outcome;
};

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
};

struct fresh { /* an event that is being accepted */
        const struct event *event;
        unsigned traits; /* fact_traits() */
};

struct fact_list {
        const struct fact **items; /* by recorded_at, then event_id */
        size_t n;
};

struct statement { /* where the child lived, from a date on */
        day_t date;
        const struct fact *fact;
};

struct view {
        struct engine *engine;
        const struct config *config;
        struct arena *arena;
        struct store *store;
        struct casefile *file;
        const struct region *region; /* a region's case */
        const struct bearing *bearing; /* what is evaluated; NULL: all of it */
        instant_t now, next;
        uint16_t part, next_part;    /* which part is at work; which one asked for next */
        day_t today;
        char case_id[UUID_TEXT + 1]; /* as ids have it; "" until asked for */
        struct fact *facts;
        size_t n;
        struct fact_list *lists;     /* by type: the facts that count */
        struct statement *statements;
        size_t n_statements;
        struct {
                day_t date;
                const struct organisation *municipality;
        } asked;                     /* of view_holds(): most norms ask for the same date */
        const struct organisation *elsewhere; /* a case without statements: the municipality of another fact */
        struct obligation *obligations;
        size_t n_obligations, obligations_capacity;
        struct effect *effects;
        size_t n_effects, effects_capacity;
        struct row_change *rows;
        size_t n_rows, rows_capacity;
        bool failed;                 /* memory is out: the results are not whole */
};

static inline bool view_reached(struct view *v, instant_t at) {
        if (at <= v->now)
                return true;
        if (at < v->next) {
                v->next = at;
                v->next_part = v->part;
        }
        return false;
}

/* The same of the beginning of a date. */
static inline bool view_begun(struct view *v, day_t date) {
        return date <= v->today || view_reached(v, date_begin(date));
}

/* From the arena, cleared; NULL sets failed. */
void *view_alloc(struct view *v, size_t count, size_t size);

/* Room for one more item of an array in the arena; NULL sets failed. */
void *view_add(struct view *v, void *items, size_t *n, size_t *capacity, size_t size);

/* --- plan.c: what a fact bears on --- */

/* Fills the engine's plans. Return: 0 or -ENOMEM. */
int plan_all(struct engine *engine) MUSTCHECK;
void plan_done(struct engine *engine);

/* What a case has by a fact of these slots, and TRAIT_IDLE. */
unsigned fact_traits(const struct engine *engine, const struct event_type *type, const struct slot *slots);

/* What must be evaluated when @fresh is accepted into a case: NULL: all of it. */
const struct bearing *plan_bearing(const struct engine *engine, const struct store *store, const struct casefile *file, const struct fresh *fresh,
                                   instant_t now);

/* The part of an evaluation that copies facts of a type. */
static inline uint16_t part_of_routes(const struct engine *engine, const struct event_type *type) {
        return (uint16_t)(engine->n_parts + 1 + type->index);
}

/* --- facts.c: the facts and which of them count --- */

/* Decodes all facts of the case. Return: 0 or -ENOMEM. */
int view_open(struct view *v, struct engine *engine, struct store *store, struct casefile *file, instant_t now) MUSTCHECK;

/*
 * Decodes what an evaluation looks at: for @bearing, or for all of it when that is NULL. @fresh (may be NULL) is being accepted.
 * Return: 0 or -ENOMEM.
 */
int view_open_to_tell(struct view *v, struct engine *engine, struct store *store, struct casefile *file, const struct fresh *fresh,
                      const struct bearing *bearing, instant_t now) MUSTCHECK;

/* The case as it was known at an instant: facts recorded after it are left out. Return: 0 or -ENOMEM. */
int view_open_past(struct view *v, struct engine *engine, struct store *store, struct casefile *file, instant_t at) MUSTCHECK;

/* The slots of one fact, in the arena; behind those of the event those that a row adds. NULL: memory is out. */
struct slot *fact_decode(struct engine *engine, const struct casefile *file, const struct fact_header *header);

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
static inline const struct fact_list *view_list(const struct view *v, const struct event_type *type) {
        return &v->lists[type->index];
}
const struct fact_list *view_known(const struct view *v, enum known_type known);
const struct fact *view_find(const struct view *v, const struct uuid *event_id);

/* --- residence.c: which municipality was responsible --- */

void view_residence(struct view *v);
/* The municipality on a date, a row valid on it, or NULL. @present: the date is today, so what changes later is noted. */
const struct organisation *view_municipality(struct view *v, day_t date, bool present);
/* First row, or NULL when unknown. */
static inline const struct organisation *statement_municipality(const struct view *v, const struct statement *s) {
        return organisations_find(v->config->organisations, fact_text(s->fact, FIELD_MUNICIPALITY));
}
/* Whether the case has any municipality at all. */
static inline bool view_settled(const struct view *v) {
        return v->n_statements > 0 || v->elsewhere;
}
/* Whether a protocol holds on a date, for what started from @start (NULL: for the region itself). */
bool view_holds(struct view *v, const struct protocol *protocol, day_t date, const struct fact *start);
/* Follows successors to a date. */
const struct organisation *view_follow(struct view *v, const struct organisation *org, day_t date, bool present);

/* --- roles.c --- */

#define ADDRESSEES_MAX 128
struct addressee {
        const struct organisation *organisation;
        const struct role *role;
        bool fallback; /* the role means nobody: operators hear of it */
};
struct addressees {
        struct addressee items[ADDRESSEES_MAX];
        size_t n;
};
struct role_scope {
        const struct fact *start;       /* the starting or routed fact, or NULL */
        const struct organisation *each; /* for_each: first row, or NULL */
        day_t date;                     /* on which roles resolve */
        bool present;                   /* that is today */
        bool waits;                     /* in routes: roles bound to a municipality wait for one */
};
/* The GI of a fact's case: first row, or NULL. */
const struct organisation *view_gi(const struct view *v, const struct fact *start);
/* Everyone whom the roles mean, each organisation once, in order. */
void view_addressees(struct view *v, const struct roles *roles, const struct role_scope *scope, struct addressees *ret);

/* --- obligation.c, due.c, status.c: norms at work --- */

enum status { STATUS_RUNNING, STATUS_MET_IN_TIME, STATUS_MET_LATE, STATUS_LAPSED, STATUS_EXPLAINED, STATUS_OVERDUE, STATUSES };
extern const char *const status_names[STATUSES];
enum due_state { DUE_NONE, DUE_KNOWN, DUE_REFUSED };
struct due {
        enum due_state state;
        day_t date;
        instant_t over; /* the instant from which it is over */
        int year;       /* DUE_REFUSED: the year that the calendar does not have; 0: out of range */
};
struct obligation {
        const struct norm *norm;
        const struct fact *start;        /* NULL: starts from the protocol */
        const struct organisation *each; /* for_each: first row */
        const char *instance;
        struct instance_key key;
        uint32_t pool_norm;              /* norm_plan.word */
        uint16_t part;                   /* norm_plan.part */
        day_t from;                      /* the date that it counts from */
        int year;                        /* quota */
        unsigned link;                   /* repetition, from 1 */
        struct due due;
        enum status status;
        const struct fact *met, *ended, *excuse; /* which facts decided; NULL */
        day_t met_date, ended_date;
        bool excused; /* a fact of explained_by counts, whatever the status */
};

/* Fills v->obligations with all that exist now, their due dates and statuses. */
void view_obligations(struct view *v);

/* Whether two facts join by the ids that their types share (none: they do). */
bool facts_join(const struct fact *start, const struct fact *fact);
/* Whether a fact joins the obligation. */
bool obligation_joins(const struct obligation *o, const struct fact *fact);
/* Conditions of a fact itself. */
bool conditions_hold_self(const struct conditions *when, const struct fact *fact);
/* The same of its slots; conditions on other facts are taken to hold. */
bool conditions_may_hold(const struct conditions *when, const struct slot *slots);
/* Those of a norm or rung: @self: only those on the starting fact's own fields. */
bool conditions_hold(struct view *v, const struct conditions *when, const struct obligation *o, bool self_only);
/* A fact that meets a reference: of its type, with its conditions. */
static inline bool ref_matches(const struct event_ref *ref, const struct fact *fact) {
        return fact->type == ref->type && conditions_hold_self(&ref->when, fact);
}
/* The date of a fact as a reference names it, DAY_NONE: takes no part. */
static inline day_t ref_date(const struct event_ref *ref, const struct fact *fact) {
        return fact_date(fact, ref->date);
}
/* The due date of an obligation whose instance is known. */
struct due obligation_due(struct view *v, const struct obligation *o);
/* Fills due, status and what decided them. */
void obligation_settle(struct view *v, struct obligation *o);
/* The earliest fact that ends the obligation; NULL. */
const struct fact *obligation_end(struct view *v, const struct obligation *o, day_t *ret_date);
/* When a rung is due: INSTANT_NEVER when the calendar does not know. @ret_fell: the instant to be told. */
instant_t rung_due(struct view *v, const struct obligation *o, const struct rung *rung, instant_t *ret_fell);
instant_t reminder_due(struct view *v, const struct obligation *o, const struct reminder *reminder);

/* --- tellings.c, routes.c: what is to be told --- */

void view_tell_copies(struct view *v);
void view_tell_plans(struct view *v);
void view_tell_alerts(struct view *v);

/* --- forget.c: cases that are over --- */

/* Whether the case is over: after view_obligations(). */
bool view_over(struct view *v);
/*
 * Whether its rows are to go now; when they are to go later, that instant is remembered as of any timer.
 * @wait: not before the next local midnight, because facts of the case may still be on their way.
 */
bool view_to_be_forgotten(struct view *v, bool wait);
/* Forgets it: tombstones in place of the rows of the outcome, the case out of the store (until a rollback). Return: 0 or -ENOMEM. */
int view_forget(struct view *v) MUSTCHECK;

/* The ids of the rows of tellings that do not carry them. */
struct uuid announcement_id(const struct pool *pool, const struct announcement *a);
struct uuid copy_id(const struct pool *pool, const struct copy *copy);

/* --- sentence.c: one Dutch sentence for a person --- */

const char *sentence_plan(struct view *v, const struct obligation *o, enum effect_stage stage, const struct addressee *to);
const char *sentence_raised(struct view *v, const struct obligation *o, unsigned rung, const struct addressee *to);
const char *sentence_resolved(struct view *v, const char *norm, enum resolution reason, const struct obligation *o);

/* --- helpers of engine.c --- */

struct effect *view_effect(struct view *v, enum effect_kind kind);
/* A row in the outcome; the value is what stands in engine->scratch. */
void view_row(struct view *v, enum row_kind kind, const struct uuid *id);
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
/* A number as a part of an id. */
#define NUMBER_TEXT_MAX 12
struct text number_text(uint32_t number, char ret[NUMBER_TEXT_MAX]);
