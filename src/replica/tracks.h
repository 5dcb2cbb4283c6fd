/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Track and trace from memory: follows what stands on the topics, and makes the trail of a case of it (survey/trail.h)
 *
 * Event topics, outboxes, inboxes, case-state, dead-letters, audit and deliveries from a month ago on, as far as they fit (replica/digests.h), and how far
 * the workers and those who read inboxes are. A trail from here is the one that trail_read() would read, as far back as tracks_status() says. Joins no group
 * and writes nothing. When the broker fails it keeps what it knows and goes on where it was.
 *
 * From any thread, but for tracks_turn() and tracks_ask(), which are for tests that start no threads.
 */

#include "base/metrics.h"
#include "replica/digests.h"
#include "survey/trail_read.h"

#define TRACKS_SINCE_MS (31 * DAY_MS) /* event topics are kept 30 days */
#define TRACKS_WHY_MAX 256

struct tracks;

struct tracks_config {
        const struct config *config;
        struct bus *bus;
        const struct kafka_config *kafka; /* NULL: who reads is not asked */
        struct clock clock;
        const struct log *log;   /* may be NULL */
        struct metrics *metrics; /* may be NULL */
        const char *scratch;     /* folder for a file in which DIGESTS_FILE_BYTES are kept; NULL: .bytes are kept in memory */
        size_t bytes;            /* of what is kept in memory; 0: DIGESTS_BYTES */
};

/* What @config points to must outlive it. Return: 0; -EINVAL, -ENOSPC with a sentence; -ENOMEM. */
int tracks_new(const struct tracks_config *config, struct tracks **ret, struct error *err) MUSTCHECK;
struct tracks *tracks_free(struct tracks *t); /* also while the broker does not answer; NULL ok; returns NULL */
DEFINE_CLEANUP(struct tracks *, tracks_free);

/* Starts its threads. Return: 0; -EAGAIN with a sentence. */
int tracks_start(struct tracks *t, struct error *err) MUSTCHECK;

/* Takes in what came, waiting @timeout_ms at most. Return: 0; negative errno with a sentence: the next call begins where it was. */
int tracks_turn(struct tracks *t, int timeout_ms, struct error *err) MUSTCHECK;
/* Asks who reads inboxes. */
void tracks_ask(struct tracks *t);

enum tracks_state { TRACKS_AWAY, TRACKS_READING, TRACKS_LIVE };
struct tracks_status {
        enum tracks_state state;
        instant_t since;   /* what stands there since then is known; 0: nothing is yet */
        instant_t seen;    /* when all that stood there was known last; 0: never */
        bool readers_known;
        struct digests_stats kept;
        char why[TRACKS_WHY_MAX]; /* AWAY: the sentence; "" */
        char readers_why[TRACKS_WHY_MAX]; /* why it is not known who reads; "" */
};
void tracks_status(struct tracks *t, struct tracks_status *ret);

/* The trail of a case, joined; without a step when nothing is known of it. Return: 0; -E2BIG: too much for memory; -ENOMEM. */
int tracks_trail(struct tracks *t, const struct uuid *case_id, struct trail **ret) MUSTCHECK;

/* The cases in which an event (or telling, or what was refused) of this id occurs. Return: how many of @ret are filled. */
size_t tracks_find(struct tracks *t, const struct uuid *event_id, struct uuid ret[DIGESTS_FOUND_MAX]);
