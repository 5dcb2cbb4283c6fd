/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The logs that brokers keep, as far as a client can see them
 *
 * Which brokers there are; of each partition who leads it, how many copies there are and how many of these keep up; where its log begins, up to where
 * all is decided, and where it ends. How many bytes that is, librdkafka 2.0.2 cannot ask (DescribeLogDirs). Joins nothing and changes nothing.
 *
 * Names are without the prefix; only what lies under it is seen, and the broker's own topics (__consumer_offsets …). A handle belongs to one thread.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "bus/kafka.h"

#define LOGS_PARTITIONS_MAX 100000 /* in all */
#define LOGS_OPEN_READ_MAX 64      /* undecided records that one look reads the stamp of */
#define LOGS_UNKNOWN (-1)

struct logs_partition {
        int32_t leader;       /* LOGS_UNKNOWN: nobody leads it, so that nobody can read or write it */
        int replicas, in_sync;
        int64_t first;        /* the oldest offset that was there a few seconds ago; LOGS_UNKNOWN: it was not answered. The same of: */
        int64_t stable;       /* what lies before it is decided: read by who waits for the end of transactions */
        int64_t end;
        instant_t open_since; /* stable < end: the stamp of the record at which it stands still; 0: not known (yet) */
};

struct logs_topic {
        const char *name;
        bool internal;        /* the broker's own: its logs are not looked into */
        int32_t partitions;
        struct logs_partition *at; /* [partitions] */
        size_t place;         /* of its first partition in what logs_at() tells */
};

struct logs_broker {
        int32_t id;
        const char *host;
        int port;
};

struct logs_view { /* borrowed until the next look */
        const struct logs_broker *brokers;
        size_t brokers_n;
        struct logs_topic *topics; /* by name */
        size_t topics_n;
        size_t partitions;    /* of those that are not internal */
};

struct logs;

/* Copies @config; reaches nothing yet. Return: 0; negative errno with a sentence. */
int logs_new(const struct kafka_config *config, struct logs **ret, struct error *err) MUSTCHECK;
struct logs *logs_free(struct logs *l); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct logs *, logs_free);

/* Calls that the broker does not answer at once end with -ECANCELED once *@enough is true. Borrowed. */
void logs_heed(struct logs *l, const atomic_bool *enough);

/* Looks at all there is. Return: 0; -E2BIG, -ENOMEM or another negative errno, with a sentence. */
int logs_look(struct logs *l, struct logs_view *ret, struct error *err) MUSTCHECK;

/* The topic of a view; NULL: there is none of that name. */
const struct logs_topic *logs_topic_of(const struct logs_view *view, const char *name);

/*
 * Of each partition of the latest look the offset of the first record that was stamped at @at or later (its stable end, when there is none), to
 * ret[view.partitions]; LOGS_UNKNOWN: it was not answered. Return: 0; negative errno with a sentence.
 */
int logs_at(struct logs *l, instant_t at, int64_t *ret, struct error *err) MUSTCHECK;

/*
 * The latest of partitions, by reading the last few places: ret[n]. @places: as in logs_at(), none twice. Return: 0; negative errno with a sentence.
 */
#define LOGS_LAST_BACK 8 /* so many places are looked at, in which markers of transactions stand too */
struct logs_latest {
        instant_t stamp;         /* of the last record; 0: none of the places is a record */
        int64_t looked, records; /* places that were looked at, and records among them … */
        int64_t bytes;           /* … of which keys, values and headers, unpacked, are so much */
};
int logs_last(struct logs *l, const size_t *places, size_t n, struct logs_latest *ret, struct error *err) MUSTCHECK;
