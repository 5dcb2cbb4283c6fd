/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Following what stands on the broker: the event topics, dead-letters and all inboxes, from a month ago on
 *
 * One thread's own. Makes of it what became of each event (connect/fate.h), and knows how far every inbox goes. Joins no group. When the broker
 * fails it is of no more use until it was stopped; the next turn begins anew.
 */

#include "connect/fate.h"

#define FOLLOWING_SINCE_MS (31 * DAY_MS) /* event topics are kept 30 days */

struct following;

struct following_config {
        struct bus *bus;
        const char *name; /* of the connector, for the log */
        const struct event_types *types;
        const struct organisations *organisations;
        const bool *asks; /* [organisations_count()]: of whose events it is known what became of them */
        struct clock clock;
        const struct log *log;   /* may be NULL */
        struct metrics *metrics; /* may be NULL */
        const atomic_bool *enough; /* of a struct bus_reader_config; may be NULL */
};

/* Reaches for nothing yet. What @config points to must outlive it. Return: 0; -EINVAL with a sentence: a metric is there already; -ENOMEM. */
int following_new(const struct following_config *config, struct following **ret, struct error *err) MUSTCHECK;
struct following *following_free(struct following *f); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct following *, following_free);

/* Takes in what came, waiting @timeout_ms at most; the first time it reaches for the broker. Return: 0; negative errno with a sentence: stop it. */
int following_turn(struct following *f, int timeout_ms, struct error *err) MUSTCHECK;

/* Lets go of the broker, and of what was read. */
void following_stop(struct following *f);

/* Whether the broker was reached, and has not failed since. */
bool following_is_open(const struct following *f);

/* Whether all that stood there at the beginning is taken in. The calls below are for then. */
bool following_is_restored(const struct following *f);

/*
 * Asks how far the workers are with every event topic, and only then where all topics end, so that nothing that they answered before can be
 * missing once following_has_reached(). Waits for the broker. Return: 0 or negative errno.
 */
int following_look(struct following *f, struct error *err) MUSTCHECK;
bool following_has_reached(const struct following *f);

/* What became of an event of @who, as far as it was looked, as JSON. Return: false: no such event. */
bool following_tell(const struct following *f, const struct organisation *who, const struct uuid *event_id, struct json_writer *w);

/* The offset behind the latest record of an inbox that was seen; 0: none was. */
int64_t following_inbox_end(const struct following *f, const struct organisation *of);

/* Says to the broker how far an inbox was read over HTTP (TOPICS_GROUP_PAGES). Return: 0; BUS_E_REBALANCED: it was not said; negative errno. */
int following_say_read(struct following *f, const struct organisation *of, int64_t next, struct error *err) MUSTCHECK;
