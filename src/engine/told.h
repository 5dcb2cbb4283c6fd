/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What one organisation was told of a case: copies of facts, announcements, reminders and alerts, and nothing else
 *
 * Copies and alerts stand in the case with whom they went to. Of an announcement only its instant is kept: whom it went to is decided again by the facts
 * that were recorded by then, as it was decided at first. What cannot be found again that way (facts that came later than they say, another
 * configuration) counts as not told. Looks only; tells nothing.
 */

#include "base/arena.h"
#include "engine/obligation.h"

#define TOLD_MOMENTS_MAX 64        /* instants of announcements and reminders that are gone back to, the latest first … */
#define TOLD_FACTS_MAX 400000      /* … and facts that are decoded for it */

struct told_copy {
        const struct fact *fact;
        const char *role;
        instant_t at;              /* of a later copy; 0: with the fact */
};

struct told_norm {                 /* of one obligation */
        const char *protocol, *norm, *instance;
        const struct norm *of;     /* a norm of that name; NULL: there is none in the configuration (any more) */
        const struct announcement *announcement; /* that it heard, or of which it was reminded; NULL: only alerts */
        bool announced;            /* it heard the announcement itself */
        uint32_t reminders;        /* a bit for each that it heard */
        const instant_t *heard_at; /* [0]: the announcement, [i]: reminder i, of those that it heard; with .announcement */
        const struct alert **alerts;
        size_t n_alerts;
        const char *role;          /* in which it heard of it first */
};

struct told {
        struct view view;          /* the case at the instant that was asked for */
        const struct told_copy *copies; /* in the order of their facts */
        size_t n_copies;
        const struct told_norm *norms;
        size_t n_norms;
        bool whole;                /* every announcement was gone back to */
        /* not for users */
        struct arena *arena;
};

/*
 * @of: first row. What @ret points to is its own, or lies in the engine's arena and the case: it is gone with the next evaluation of any case.
 * Return: 0 or -ENOMEM; in both cases told_done() is due.
 */
int told_open(struct told *ret, struct engine *engine, struct store *store, struct casefile *casefile, const struct organisation *of, instant_t now) MUSTCHECK;
void told_done(struct told *told);

/* Whether it was told anything at all. */
static inline bool told_some(const struct told *told) {
        return told->n_copies || told->n_norms;
}
