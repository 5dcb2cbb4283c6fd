/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Protocols: the agreements, compiled
 *
 * One YAML file per protocol version. Names are resolved to types, slots, organisations and numbers
 * when a file is read, so that evaluating looks nothing up by name. Immutable after loading.
 */

#include "calendar/term.h"
#include "model/event_type.h"

#define CONDITION_VALUES_MAX 64
#define RUNGS_MAX 32
#define REMINDERS_MAX 32 /* one bit each in the row of an obligation (engine/row.h) */

/* A condition: `kind: [OTS, VOTS]`, `help-started.route: {not: REGULAR}`, `measure-extended: absent`. */
enum condition_subject {
        CONDITION_SELF,  /* a field of the fact itself (in a norm's or rung's when: of the starting fact) */
        CONDITION_EVENT, /* a field of the counting facts of a type that join the obligation: any of them; none: does not hold */
        CONDITION_FACT,  /* the bare name of an event: whether such a fact joins */
};
enum condition_test { TEST_IS, TEST_NOT, TEST_PRESENT, TEST_ABSENT };
struct condition {
        enum condition_subject subject;
        enum condition_test test;
        const struct event_type *type; /* CONDITION_EVENT, CONDITION_FACT */
        int slot;                      /* CONDITION_SELF, CONDITION_EVENT */
        const struct slot *values;     /* TEST_IS: one of them; TEST_NOT: none of them (null is none of them) */
        size_t n_values;
};
struct conditions { /* all must hold */
        const struct condition *items;
        size_t n;
};

/* An event as a protocol names it: `measure-started.verdict_date`, `protector-assigned: {role: FIXED}`. */
struct event_ref {
        const struct event_type *type;
        int date;                      /* slot of the named date, or -1: the fact's own date */
        struct conditions when;        /* CONDITION_SELF only */
};
struct event_refs {
        const struct event_ref *items;
        size_t n;
};

enum role_kind { ROLE_ORGANISATION, ROLE_FIELD, ROLE_GI, ROLE_MUNICIPALITY, ROLE_PREVIOUS_MUNICIPALITY, ROLE_OPERATORS, ROLE_EACH, ROLE_NAMED };
struct role {
        enum role_kind kind;
        const char *name;                        /* as written: what tellings call it */
        const struct organisation *organisation; /* ROLE_ORGANISATION: first row */
        const struct event_type *type; int slot; /* ROLE_FIELD: of the starting or routed fact, when it is of this type */
};                                               /* ROLE_EACH: the word of for_each, in such a norm */
struct roles {
        const struct role *items;
        size_t n;
};

struct reminder { struct term_step before; struct roles to; };
struct rung { struct term_step after; struct roles to; struct conditions when; };
struct limit { struct event_ref event; unsigned at_most; };

enum timing {
        TIMING_TERM,     /* steps of days, weeks, months, years, working days; maybe rolled */
        TIMING_AT_ONCE,
        TIMING_HOURS,
        TIMING_DUE_WITH, /* due on the date of the first joined fact of a type */
        TIMING_LIMIT,    /* at most so many facts */
        TIMING_QUOTA,    /* at least so many facts in a calendar year */
        TIMING_DUE,      /* a fixed date */
};
enum each { EACH_NONE, EACH_MUNICIPALITY, EACH_GI, EACH_PARTNER, EACH_PART };

struct protocol;

struct norm {
        const struct protocol *protocol;
        const char *name, *title, *basis_kind, *basis_ref;
        unsigned index;                  /* in the file */
        bool starts_protocol;            /* starts: protocol; then .starts is empty */
        struct event_ref starts;         /* type and the date that the term counts from; when is empty here */
        struct conditions when;          /* all of them */
        enum timing timing;
        struct term term;                /* TIMING_TERM, TIMING_HOURS */
        bool since_start, sooner, repeats, holds_on_due;
        bool per_case; int per;          /* per: case; or the slot of an id field of the starting type; -1: per starting fact */
        bool has_not_before; struct event_ref not_before; struct term not_before_term;
        struct event_ref due_with;
        const struct limit *limits; size_t n_limits;
        struct event_ref quota; unsigned at_least;
        day_t due;
        enum each each;
        struct event_refs met_by, explained_by, ends_with;
        struct roles announce;
        const struct reminder *reminders; size_t n_reminders;
        const struct rung *rungs; size_t n_rungs; /* numbered from 1 */
};

struct route {
        const struct protocol *protocol;
        const struct event_type *type;
        struct conditions when;          /* CONDITION_SELF only */
        struct roles to;
        const char *basis;
        bool follows, personal;
};

struct partner { const struct organisation *organisation; day_t from, until; };

struct protocol {
        const char *name, *title, *source, *file;
        const struct region **regions; size_t n_regions; /* none: any */
        day_t from, until;               /* inclusive; until INT32_MAX when open */
        bool has_hold; struct term_step hold; /* acknowledgement_holds */
        bool has_partners;
        const struct partner *partners; size_t n_partners;
        const struct route *routes; size_t n_routes;
        const struct norm *norms; size_t n_norms;
        const char **assumed; size_t n_assumed; /* "valid", "protector-assigned.escalate" … */
};

struct protocols {
        const struct protocol **items; /* sorted by name */
        size_t n;
};
