/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Norms and routes as a protocol states them, compiled
 *
 * Names are resolved to types, slots, organisations and numbers when a file is read, so that evaluating looks nothing up by
 * name. Immutable after loading.
 */

#include "calendar/term.h"
#include "model/event_types.h"

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

enum role_kind {
        ROLE_ORGANISATION, ROLE_FIELD, ROLE_GI, ROLE_GIS, ROLE_MUNICIPALITY, ROLE_PREVIOUS_MUNICIPALITY, ROLE_OPERATORS, ROLE_EACH, ROLE_NAMED,
};
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

#define ROLE_WORD_GIS "gis" /* every GI of the region: those that it lists … */
#define ROLE_WORD_GI "gi"   /* … in its roles under this word */

/* What people call a role that is built in: "gemeente"; another by its own name. */
const char *role_dutch(const char *name);

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
        bool explanation_restarts;       /* after_explanation: restart */
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

extern const char *const each_words[EACH_PART + 1]; /* EACH_NONE: "" */

/* -- The keys of a protocol: one table, from which follows what may stand there and what a norm refers to -- */

enum key_mapping {
        KEYS_PROTOCOL, KEYS_VALID, KEYS_PARTNER, KEYS_ROUTE, KEYS_NORM, KEYS_BASIS, KEYS_LIMIT, KEYS_QUOTA, KEYS_NOT_BEFORE, KEYS_REMINDER, KEYS_RUNG,
        KEY_MAPPINGS,
};
extern const char *const key_mapping_names[KEY_MAPPINGS][LANGUAGES]; /* "a protocol", "valid" … as mistakes call it */

/* In which form a key refers to events. */
enum norm_form {
        FORM_NONE,             /* to none */
        FORM_START,            /* to the type that starts the norm, if its own conditions hold */
        FORM_CONDITIONS,       /* to types that must have facts, or facts of some kind, or none */
        FORM_EVENT,            /* to one type, with conditions */
        FORM_EVENTS,           /* to several */
        FORM_LIMITS,           /* to the type of each limit */
        FORM_RUNGS,            /* to those of the conditions of each rung, and to fields of the starting type as roles */
        FORM_REMINDERS,        /* to fields of the starting type, as roles */
        FORM_ROLES,            /* the same */
        FORM_INSTANCE,         /* to all facts of the starting type, of which one counts */
        FORM_VERSIONS,         /* to whatever other versions of the norm refer to: one of them may govern a repetition */
        FORM_AGREEMENTS,       /* to term-agreed */
        FORM_ACKNOWLEDGEMENTS, /* to alert-acknowledged */
};

struct protocol_key {
        enum key_mapping mapping;
        const char *word, *meaning;
        enum norm_form form;
        size_t offset; /* of struct norm, unless FORM_NONE */
};
extern const struct protocol_key protocol_keys[];
extern const size_t n_protocol_keys;

/* An event type to which a norm refers. */
struct norm_reference {
        const struct protocol_key *key; /* as what */
        const struct event_type *type;  /* NULL: FORM_VERSIONS */
        const struct conditions *when;  /* what a fact itself must satisfy, else nothing is made of it; NULL: any fact matters */
        bool named;                     /* by its name in the protocol */
};
typedef int norm_visitor(void *ctx, const struct norm_reference *reference);

/*
 * Comes by everything that a norm refers to, in the order of the table. @types: to find those that are not named; @without: a row that
 * is left out, by which tests see that each is needed, else NULL. Return: 0, or what @visit returned when it was not 0, and then at once.
 */
int norm_visit(const struct norm *norm, const struct event_types *types, const struct protocol_key *without, norm_visitor *visit, void *ctx) MUSTCHECK;

/* How many events the protocol names in this norm, as norm_visit() comes by them. */
size_t norm_count_named(const struct norm *norm, const struct event_types *types, const struct protocol_key *without);
