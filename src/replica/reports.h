/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reports over all cases of a replica, made in the background
 *
 * A report looks at every case, which takes seconds where a page has milliseconds. So a thread of its own makes it, some cases at a time while the replica's
 * lock is held, and the latest ones are kept by what was asked. Whoever asks gets what is there, with the instant from which it is seen, and comes again
 * when there is nothing yet; what is old is made anew because somebody asked for it. From any thread.
 */

#include "base/loop.h"
#include "engine/listing.h"
#include "replica/replica.h"

#define REPORTS_KEPT 6                          /* different ones; the one that was asked for longest ago makes room */
#define REPORTS_BYTES_MAX ((size_t)12 << 20)    /* of one, about: some twenty thousand lines */
#define REPORTS_OLD_MS 60000                    /* since it was made: then whoever asks has it made anew */
#define REPORTS_CASES_AT_ONCE 25                /* while the lock is held: about a millisecond */
#define REPORTS_TOLD_AT_ONCE 3                  /* the same, when of each it must be found out what one organisation was told */
#define REPORTS_PAUSE_US 200                    /* for the others, in between */

struct reports;

/* Starts its thread. @replica must outlive it. Return: 0; -EAGAIN with a sentence; -ENOMEM. */
int reports_new(struct replica *replica, struct clock clock, struct reports **ret, struct error *err) MUSTCHECK;
struct reports *reports_free(struct reports *r); /* all that was lent was given back; NULL ok; returns NULL */
DEFINE_CLEANUP(struct reports *, reports_free);

struct report { /* what was made: shared, and never changed */
        struct listing *listing;
        instant_t at; /* from which it is seen */
        unsigned holders; /* not for users */
};

enum reports_state {
        REPORTS_MADE,
        REPORTS_IN_MAKING, /* ask again soon */
        REPORTS_TOO_LARGE, /* it comes to more than REPORTS_BYTES_MAX: ask for less */
        REPORTS_BUSY,      /* REPORTS_KEPT others are being made */
};
struct reports_answer {
        enum reports_state state;
        struct report *report; /* MADE: to be given back by reports_give_back() */
        bool anew;             /* MADE: a newer one is being made */
        size_t done, all;      /* IN_MAKING: cases; 0: it has not begun */
};
/* Asks for a report; query->at INSTANT_NEVER: of the present, and terms without an end then look ahead from there. What @query points to may go. */
void reports_ask(struct reports *r, const struct listing_query *query, struct reports_answer *ret);
void reports_give_back(struct reports *r, struct report *report); /* NULL ok */
