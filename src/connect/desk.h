/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The desk: answers what organisations ask about what stands on the broker
 *
 * What became of an event (connect/fate.h), and a page of one's own inbox (connect/inbox_page.h). A thread of its own reads, so that whoever
 * asks never waits in its own: desk_ask() leaves a question, desk_next() fetches what is answered (connect/hatch.h). It follows the event topics,
 * the inboxes and dead-letters from a month ago on (connect/following.h) and joins no group; what it writes is how far an organisation has read its
 * inbox, by the places that it asks behind, so that `status` sees it (TOPICS_GROUP_PAGES). When the broker fails it says so, and begins anew by itself.
 *
 * Bounded: DESK_QUESTIONS_MAX questions at once, DESK_EACH_MAX of one organisation; a question waits DESK_LATE_MS at most until somebody
 * looks at it, and one about an event as long until it can be answered.
 */

#include "connect/fate.h"
#include "connect/inbox_page.h"

#define DESK_QUESTIONS_MAX 256
#define DESK_EACH_MAX 16
#define DESK_LATE_MS 10000
#define DESK_WAIT_MAX_MS 30000        /* an empty page may be held back so long */
#define DESK_AGAIN_MS 5000            /* after a failure */

struct desk;

struct desk_config {
        struct bus *bus;
        const char *name; /* of the connector, for the log */
        const struct event_types *types;
        const struct organisations *organisations;
        const bool *asks; /* [organisations_count()]: who may ask; copied */
        struct clock clock;
        const struct log *log;   /* may be NULL */
        struct metrics *metrics; /* may be NULL */
};

enum desk_kind { DESK_EVENT, DESK_INBOX };

enum desk_outcome {
        DESK_ANSWERED,
        DESK_UNKNOWN, /* no such event of this organisation */
        DESK_CUT,     /* records behind the cursor are gone: from, to; cursor: where it goes on */
        DESK_ANEW,    /* the inbox is another one than that of the cursor; cursor: its beginning */
        DESK_NOT_NOW, /* the broker does not answer, or the topics are still being read */
};

struct desk_question {
        enum desk_kind kind;
        const struct organisation *who;
        struct uuid event_id;       /* DESK_EVENT */
        struct inbox_cursor cursor; /* DESK_INBOX, as the rest here */
        size_t limit;
        int64_t wait_ms;            /* an empty page is held back so long, in case something comes */
        void *cookie;               /* the asker's */
};

struct desk_answer {
        enum desk_outcome outcome;
        void *cookie;
        struct buffer body;         /* JSON; the asker's to free */
        struct inbox_cursor cursor; /* of the next page */
        int64_t from, to;
        struct error why;           /* DESK_NOT_NOW */
};

/* Starts its thread, which reaches for the broker by itself. Return: 0; -ENOMEM; -EAGAIN with a sentence: no thread. */
int desk_new(const struct desk_config *config, struct desk **ret, struct error *err) MUSTCHECK;

/* Ends the thread, also while it reaches for a broker that does not answer; what was not answered stays so. NULL ok; returns NULL. */
struct desk *desk_free(struct desk *d);
DEFINE_CLEANUP(struct desk *, desk_free);

enum { DESK_E_FULL = 1 };

/* Leaves a question. Return: 0; DESK_E_FULL: too many wait; -ENOMEM. */
int desk_ask(struct desk *d, const struct desk_question *question) MUSTCHECK;

/* 0, or why its thread has ended: out of memory. With a sentence. */
int desk_failed(const struct desk *d, struct error *err) MUSTCHECK;

/* The next answer, in any order. Return: whether there is one. */
bool desk_next(struct desk *d, struct desk_answer *ret);

/*
 * For a stop: nothing is held back any more, empty pages are answered at once, and for a broker that does not answer at once nobody waits: whoever
 * asked is told so.
 */
void desk_hurry(struct desk *d);
