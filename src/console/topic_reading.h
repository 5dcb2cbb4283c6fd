/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading a topic while somebody waits: bounded in records, in time and in how many read at once
 *
 * A thread of the server stands still meanwhile. So no more than READINGS_AT_ONCE of them read, each for READING_MS at most, also when the broker does not
 * answer: whoever calls readings_tick() often breaks off what takes longer.
 */

#include <stdatomic.h>

#include "bus/bus.h"
#include "base/clock.h"
#include "base/uuid.h"

#define READINGS_AT_ONCE 2    /* of WEB_THREADS */
#define READING_MS 3000
#define READING_FOUND_MAX 200 /* records that one reading hands over */

struct readings { /* zeros: nobody reads */
        struct {
                atomic_bool taken, enough;
                _Atomic int64_t until; /* monotonic */
        } slots[READINGS_AT_ONCE];
};

/* Breaks off what takes longer than it may. @now: monotonic. From any thread. */
void readings_tick(struct readings *r, int64_t now);

struct topic_question {
        const char *topic;
        int32_t partition;  /* BUS_ALL_PARTITIONS, or one */
        int64_t offset;     /* of one partition: from there on; -1: not said */
        instant_t from;     /* stamped then or later; 0: not said */
        const char *key;    /* only records of this key, or rows of this case_id, of the one partition that it belongs to; NULL: any */
        const struct uuid *id; /* only records of this event_id, by their header; NULL: any */
        size_t limit;       /* READING_FOUND_MAX at most */
};

enum topic_reading_end {
        TOPIC_READING_WHOLE = 1, /* everything that stood there was looked at */
        TOPIC_READING_LIMIT,     /* as many as were wanted were found */
        TOPIC_READING_LATE,      /* the time is over */
        TOPIC_READING_BUSY,      /* others read: ask again in a moment */
};

struct topic_found {
        size_t looked_at;
        int32_t partition;   /* of the last record that was looked at */
        int64_t next;        /* behind it; -1: none was */
        instant_t reached;   /* its stamp */
};

/*
 * Gives each record that fits to @see (0, or a negative errno that ends it); of several partitions in the order in which they come. Return: enum
 * topic_reading_end; -ENOENT: there is no such topic; what @see returned; another negative errno, with a sentence.
 */
int topic_read(struct readings *r, struct bus *bus, const struct clock *clock, const struct topic_question *question,
               int (*see)(void *ctx, struct bus_record *record), void *ctx, struct topic_found *ret, struct error *err) MUSTCHECK;
