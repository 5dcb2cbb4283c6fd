/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Following topics from their beginning, on a thread of its own, whatever the broker does
 *
 * Joins no group. A topic that is not there has no records. After a failure it reads everything once more, so whoever takes the records knows them
 * again, or forgets what it had.
 */

#include "base/loop.h"
#include "bus/bus.h"

#define FOLLOWER_TOPICS_MAX 4
#define FOLLOWER_AGAIN_MS 2000      /* after a failure */
#define FOLLOWER_RECORDS_A_TURN 1000

struct follower_config {
        struct bus *bus;
        struct clock clock;
        const char *const *topics; /* literals */
        size_t topics_n;
        int (*record)(void *ctx, struct bus_record *record, struct error *err); /* headers loaded. Not 0: as a failure of the broker */
        void (*reached)(void *ctx); /* all that stood there when it was opened was handed over; said once for each opening */
        /* @anew: the logs are others than what was read. @why: "": it could be opened again. */
        void (*failed)(void *ctx, bool anew, const char *why);
        void *ctx;
};

struct follower { /* zeroed: nothing */
        struct follower_config config;
        struct loop loop;
        struct bus_reader *reader; /* of the thread */
        bool reached;
        int64_t again;             /* not before this */
};

/* Copies @config; reads nothing before it is started or turned. */
void follower_init(struct follower *f, const struct follower_config *config);
/* Starts its thread. Return: 0; -EAGAIN with a sentence. */
int follower_start(struct follower *f, struct error *err) MUSTCHECK;
/* Ends the thread, also while the broker does not answer; after it no call is made. Zeros: no effect. */
void follower_done(struct follower *f);

/* One turn of the thread, for whoever has none: takes up what has come, waiting @timeout_ms at most. */
void follower_turn(struct follower *f, int timeout_ms);
