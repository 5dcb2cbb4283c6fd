/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The feeder leads the clock
 *
 * Plays a tape: puts the clock forward from midnight to midnight and from wave to wave, and goes on only when
 * all that was posted is processed and all that fell due is told. So what comes out depends on the tape alone,
 * not on the machine; the pace is only the least time that a day takes.
 */

#include "demo/chain.h"
#include "demo/party.h"
#include "demo/tape.h"

#define FEED_STUCK_MS 60000 /* longest wait for the chain to take one wave, or one midnight */

struct feed {
        const struct tape *tape;
        struct post *post;
        struct party *party; /* writes its events itself; NULL: all are posted */
        struct chain *chain;
        struct hand_clock *time;
        int64_t day_us;               /* a day takes at least so long; 0: as fast as the chain goes */
        bool (*stopped)(void *ctx);
        void (*pause)(void *ctx, int ms); /* waits, or less when there is a signal; shows what there is to see */
        void *ctx;
        size_t played;   /* items; also while it runs */
        size_t accepted; /* of them answered with 202, or acknowledged in an outbox */
        instant_t target; /* not for users: what feed_settle() waits for */
};

enum { FEED_E_STOPPED = 1 };

/* Return: 0 at the end of the tape; FEED_E_STOPPED; negative errno with a sentence. */
int feed_run(struct feed *feed, struct error *err) MUSTCHECK;

/* Waits until the worker has told all that is due by the present clock. As above. */
int feed_settle(struct feed *feed, struct error *err) MUSTCHECK;

/* Waits until @done says so, at most FEED_STUCK_MS; @what for the sentence when it does not. As above. */
int feed_wait(struct feed *feed, bool (*done)(struct feed *feed), const char *what, struct error *err) MUSTCHECK;
