/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Norms at work: which obligations a case has at an instant, when each is due and how it stands
 *
 * Tells nothing. Facts that decided are borrowed from the view.
 */

#include "engine/facts.h"

#define ENGINE_LINKS_MAX 400 /* repetitions of one obligation: more than a year of daily ones */

enum status { STATUS_RUNNING, STATUS_MET_IN_TIME, STATUS_MET_LATE, STATUS_LAPSED, STATUS_EXPLAINED, STATUS_OVERDUE, STATUSES };
extern const char *const status_names[STATUSES];
extern const char *const status_dutch[STATUSES]; /* "loopt", "op tijd gehaald" … */
enum due_state { DUE_NONE, DUE_KNOWN, DUE_REFUSED };
struct due {
        enum due_state state;
        day_t date;
        instant_t over; /* the instant from which it is over */
        int year;       /* DUE_REFUSED: the year that the calendar does not have; 0: out of range */
};

/* What decided the due date. */
enum due_by {
        DUE_BY_TIMING,     /* what the norm is due by (norm->timing): the steps of its term, a fact, a fixed date … */
        DUE_BY_NOT_BEFORE, /* the term of not_before, because it ends later, or because it cannot be computed */
        DUE_BY_AGREEMENT,  /* a term-agreed, because its date is sooner */
};
struct due_reason {
        enum due_by by;
        day_t timed;                   /* what norm->timing comes to by itself; DAY_NONE: to no date, or it is a limit */
        struct trace term;             /* TIMING_TERM: its steps */
        const struct fact *with;       /* TIMING_DUE_WITH: the fact on whose date it is due; NULL: there is none yet */
        const struct limit *limit;     /* TIMING_LIMIT: the one that is broken; NULL: none is */
        const struct fact *not_before; /* which fact not_before counts from; NULL: there is none yet, or the term has no end */
        day_t not_before_from;         /* the date of it */
        struct trace not_before_term;
        const struct fact *agreed;     /* sooner: the term-agreed with the least date, whether or not that decides; NULL */
        day_t agreed_date;
};

struct obligation {
        const struct norm *norm;
        const struct fact *start;        /* NULL: starts from the protocol */
        const struct organisation *each; /* for_each: first row */
        const char *instance;
        struct instance_key key;
        uint32_t pool_norm;              /* norm_scope.word */
        const struct norm_scope *scope;  /* as it is evaluated: that of .norm, or of the version that began the chain */
        day_t from;                      /* the date that it counts from */
        int year;                        /* quota */
        unsigned link;                   /* repetition, from 1 */
        struct due due;
        enum status status;
        const struct fact *met, *ended, *excuse; /* which facts decided; NULL */
        const struct fact *last_excuse;          /* of the facts of explained_by that count the one that excuses longest, over or not; NULL */
        day_t met_date, ended_date;
        day_t excused_until;                     /* the last day of .last_excuse; INT32_MAX: without end; DAY_NONE: there is none */
};

/* Fills v->obligations with all that exist now, their due dates and statuses. */
void view_obligations(struct view *v);

/* Whether a fact joins the obligation. */
bool obligation_joins(const struct obligation *o, const struct fact *fact);
/* Those of a norm or rung: @self: only those on the starting fact's own fields. */
bool conditions_hold(struct view *v, const struct conditions *when, const struct obligation *o, bool self_only);
/*
 * Why an obligation is due when it is: by the very computation that decided it, which keeps nothing of this. @o: settled, in
 * v->obligations. Traces come from the arena; out of memory sets failed.
 */
void obligation_reason(struct view *v, const struct obligation *o, struct due_reason *ret);
/* The day from which the ladder counts anew (after_explanation: restart), when that is after the due date; else DAY_NONE. */
day_t ladder_restart(const struct obligation *o);
/* When a rung is due: INSTANT_NEVER when the calendar does not know. @ret_fell: the instant to be told. */
instant_t rung_due(struct view *v, const struct obligation *o, const struct rung *rung, instant_t *ret_fell);
instant_t reminder_due(struct view *v, const struct obligation *o, const struct reminder *reminder);
