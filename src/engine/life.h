/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The life of a case: all that is known of it at an instant, put together once for whoever says or draws it
 *
 * Where the child lived, each obligation with its dates, what was told of it and what comes next, and the alerts. Looks only; tells nothing. An
 * explanation (explain.h), a picture and a page say the same because they say this. What it points to lies in the engine's arena, in the case
 * and in the configuration: it is gone with the next evaluation of any case, and with life_open() itself.
 */

#include "engine/absence.h"

struct life_residence { /* one statement of where the child lived */
        const struct statement *statement;
        const struct organisation *then, *now; /* NULL: it is not known; nobody took its place */
};

struct life_step { /* a reminder or a rung of the ladder, in its place */
        instant_t at;  /* when it is due; INSTANT_NEVER: there is no date, or the calendar does not know */
        const struct roles *roles;
        bool told;     /* a reminder that was sent; a rung on which an alert was raised, open still or not */
};

struct life_next { /* what comes if nothing happens */
        instant_t at;  /* INSTANT_NEVER: nothing */
        unsigned rung; /* 0: a reminder */
        const struct roles *roles;
};

struct life_obligation {
        const struct obligation *o;
        day_t holding;                             /* the date for which it was looked at which agreement holds, or DAY_NONE */
        const struct organisation *municipality;   /* that was responsible then; NULL: a region's case, or nobody */
        const struct announcement *announcement;   /* NULL: it was not announced */
        const struct alert **alerts;               /* that were raised of it, in their order */
        size_t n_alerts;
        const struct life_step *reminders, *rungs; /* as many as the norm has; NULL: it has no date */
        struct life_next next;
};

struct life {
        struct view view;
        const char *norm;                        /* only this one, or NULL */
        const struct organisation *municipality; /* responsible now: a row that is valid, or NULL */
        const struct organisation *gi;           /* whom the role gi means now, in the measure that began last: a row that is valid, or NULL */
        const struct life_residence *residences;
        size_t n_residences;
        struct life_obligation *obligations;
        size_t n_obligations;
        const struct alert **others;             /* alerts of obligations that there are not (any more); none with .norm */
        size_t n_others;
        struct absences absences;                /* with .norm: why it has no (more) obligations */
        bool masked;                             /* for the caller to set: whoever shows it leaves out dates that are personal (life_hides) */
};

/* Whether the date that a reference takes from this fact is not to be shown: it is a personal field, such as a birth date. */
static inline bool life_hides(const struct life *life, const struct fact *fact, const struct event_ref *ref) {
        return life->masked && fact && ref->date >= 0 && fact->type == ref->type && (fact->type->personal >> ref->date & 1);
}

/* @norm: only this norm, and why it has no (more) obligations; or NULL: borrowed as long as @ret is. Return: 0 or -ENOMEM. */
int life_open(struct life *ret, struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const char *norm) MUSTCHECK;
