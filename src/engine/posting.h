/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What became of a record in an inbox, for a person and for a machine in JSON
 *
 * A value, made by whoever reads a broker (survey/trail.h): the engine decides nothing by it and only says it.
 */

#include "base/json.h"
#include "base/language.h"
#include "base/uuid.h"
#include "calendar/date.h"
#include "model/event_type.h"

#define POSTING_OUTCOMES_MAX 8 /* readers of one inbox of which something is said; more are left out */

enum posting_state {
        POSTING_WAITS,     /* its reader has not come to it, or tries it */
        POSTING_UNREAD,    /* nobody reads the inbox */
        POSTING_COLLECTED, /* the organisation itself read past it: with a Kafka client, or page by page over HTTP */
        POSTING_DELIVERED, /* by a connector, as all from here on */
        POSTING_REFUSED,
        POSTING_PARKED,    /* given up after so many attempts; 0: it could not be read */
        POSTING_AGAIN,     /* sent again by an operator, and waits */
        POSTING_STATES,
};
extern const char *const posting_state_names[POSTING_STATES]; /* "waiting" … */

/* Why it waits, when something has to be done about it. */
enum posting_cause {
        POSTING_FLOWS,       /* nothing has to */
        POSTING_NOT_RUNNING, /* its connector does not run */
        POSTING_STOPPED,     /* the receiver of its connector said 410, and nobody resumed it */
        POSTING_PAUSED,      /* an operator paused its connector */
        POSTING_CAUSES,
};
extern const char *const posting_cause_names[POSTING_CAUSES]; /* "not-running" …; POSTING_FLOWS: NULL */

struct posting_outcome {
        enum posting_state state;
        const char *by;    /* the connector, or the group; NULL: nobody (UNREAD) */
        instant_t at;      /* of the outcome; WAITS, UNREAD: since when; COLLECTED: not known, 0 */
        int status;        /* of the receiver's answer; 0: none */
        int attempts;
        enum posting_cause cause; /* WAITS */
};

struct posting {
        const char *organisation;      /* whose inbox */
        const struct event_type *type;
        struct uuid event_id;
        instant_t at;                  /* in the inbox since */
        struct posting_outcome outcomes[POSTING_OUTCOMES_MAX]; /* one for each reader; none: nothing is known of who reads */
        size_t n;
        /* Of what is told of a norm; else NULL or zero: */
        const char *protocol, *norm, *instance;
        struct uuid alert_id;
        day_t due_date;
};

struct postings { /* of one case, in the order of time */
        const struct posting *const *items;
        size_t n;
        instant_t since; /* what was told before then may have been in an inbox without being known here; 0: all that stands there is known */
};

/* The latest record of this event in this inbox; NULL: none. */
const struct posting *postings_find(const struct postings *postings, const struct uuid *event_id, struct text organisation);

/* "in het postvak op …, afgeleverd op … (204, 1 poging)", "…, geweigerd (400) op …", "wacht sinds …". */
void posting_print_dutch(const struct posting *posting, struct buffer *out);

/* One outcome: "afgeleverd op … (204, 1 poging)", "delivered on … (204, 1 try)". */
void posting_outcome_print(const struct posting_outcome *outcome, bool with_reader, enum language language, struct buffer *out);

/* Keys "in_inbox" and "delivery" into the object that is open. */
void posting_put(const struct posting *posting, struct json_writer *w);
