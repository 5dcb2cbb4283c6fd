/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How groups stand at the broker: what they have committed, who owns what, and what waits
 *
 * For who looks and does not take part: joins no group, commits nothing, and sees only committed records. What waits is counted in
 * records, by reading them: the markers of transactions and what was aborted lie between offsets, and nobody waits for those. What was
 * read is remembered, so that who asks again and again reads each record once.
 * All names are without the prefix. Every call waits, at most BUS_CALL_MS for each question.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "bus/kafka.h"

#define STANDING_COUNT_MAX 10000    /* records of one partition that are counted; what is beyond is told in offsets */
#define STANDING_REMEMBERED_MAX 1000000 /* records that are remembered, of all partitions: beyond them each is read anew */
#define STANDING_NOT_COMMITTED (-1)

struct standing_part {
        const char *group;  /* NULL: of nobody */
        const char *topic;
        int32_t partition;
        int64_t committed;  /* the offset after the last that the group is done with; STANDING_NOT_COMMITTED */
        bool owned;         /* by a member of the group */
        bool known;         /* who asks for a measure has asked already where its log begins and, of what is decided, ends: */
        int64_t first, end;
        /* By standing_measure(): */
        int64_t waiting;    /* records that are committed and not yet done with */
        bool more;          /* @waiting is STANDING_COUNT_MAX and the offsets behind it, in which markers may be */
        int64_t lost;       /* offsets that were removed before the group was done with them */
        instant_t oldest;   /* the stamp of the first that waits; 0: nothing does */
};

enum standing_state { STANDING_OTHER, STANDING_EMPTY, STANDING_MOVING, STANDING_STABLE }; /* EMPTY: no members; MOVING: they are sharing out */

struct standing_group {
        const char *name;
        enum standing_state state;
        size_t members;
        uint64_t shares;             /* who owns what, as a number: another one, and something has moved */
        struct standing_part *parts; /* of topics that are there: committed or owned, in no order */
        size_t n;
};

struct standing;

/*
 * Copies @config and asks the broker which topics there are. @enough: NULL, or calls that the broker does not answer at once end with -ECANCELED once it is
 * true, for who stops; borrowed. Return: 0; negative errno with a sentence.
 */
int standing_new(const struct kafka_config *config, const atomic_bool *enough, struct standing **ret, struct error *err) MUSTCHECK;
struct standing *standing_free(struct standing *s); /* NULL ok; returns NULL. What was borrowed ends here */
DEFINE_CLEANUP(struct standing *, standing_free);

/* Asks anew which topics there are, for who goes on looking; what was borrowed ends here. Return: 0; negative errno with a sentence: the rest still holds. */
int standing_refresh(struct standing *s, struct error *err) MUSTCHECK;

/* Whether the broker is the embedded one, which cannot be asked for groups. */
bool standing_is_embedded(const struct standing *s);

/* How many partitions a topic has; 0: there is none of that name. */
int32_t standing_partitions(const struct standing *s, const char *topic);

/* All groups under the prefix that the broker remembers, by name. Borrowed. Return: 0; negative errno with a sentence (also: the embedded broker). */
int standing_groups(struct standing *s, struct standing_group **ret, size_t *ret_n, struct error *err) MUSTCHECK;

/* The part of a group, or NULL. */
struct standing_part *standing_part_of(const struct standing_group *group, const char *topic, int32_t partition);

/*
 * Fills in what waits for each of @parts, of topics that are there; not committed: all that stands there waits. Parts of several groups may be
 * of one partition. Return: 0; negative errno with a sentence.
 */
int standing_measure(struct standing *s, struct standing_part *const *parts, size_t n, struct error *err) MUSTCHECK;
