/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What records say for a trail, kept: the latest of it, in so many bytes
 *
 * A ring of entries (survey/trail_digest.h, packed), in memory or in a file, which pushes out its oldest as it takes in new ones. Each entry knows
 * the one before it of its case, and the one before it of its event, so that a case is given back without looking at any other. Names that come again
 * and again are kept once.
 *
 * Pure: knows no broker. One thread at a time.
 */

#include "base/spill.h"
#include "survey/trail.h"

#define DIGESTS_BYTES ((size_t)32 << 20)      /* of entries in memory: 43 each */
#define DIGESTS_FILE_BYTES ((size_t)512 << 20) /* of entries in a file: twelve million of them */
#define DIGESTS_BYTES_MIN ((size_t)512 << 10)
#define DIGESTS_CASES_MAX 262144              /* of which entries are there */
#define DIGESTS_EVENTS (1U << 19)             /* chains by event: more events share them */
#define DIGESTS_NAMES_BYTES ((size_t)2 << 20) /* of names that are kept once; others stand in each entry */
#define DIGEST_TEXT_MAX 4096                  /* bytes of a sentence; the rest is cut off */
#define DIGESTS_FOUND_MAX 16                  /* cases in which an event is looked for */

struct digests;

struct digests_config {
        const struct event_types *types;
        const struct organisations *organisations;
        size_t bytes;     /* of entries; at least DIGESTS_BYTES_MIN */
        size_t cases_max;
        struct spill *spill; /* where the entries stand, .bytes of them: taken over; NULL: in memory */
};

/* Copies @config; what it points to must outlive it, but for .spill. Return: 0 or -ENOMEM. */
int digests_new(const struct digests_config *config, struct digests **ret) MUSTCHECK;
struct digests *digests_free(struct digests *d); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct digests *, digests_free);

/* Keeps one, each record once; the oldest go. @case_id: of the record's key; NULL: it has none (deliveries, and dead letters without). */
void digests_keep(struct digests *d, const struct uuid *case_id, const struct trail_digest *digest);

/* That this dead letter was sent again at @at. */
void digests_keep_sent(struct digests *d, const struct letter_place *letter, instant_t at);

/* Forgets all. */
void digests_clear(struct digests *d);

/*
 * Gives all that is kept of a case to a trail of it, in the order in which a trail wants it. Return: 0; -E2BIG, as trail_take(); -ENOMEM.
 */
int digests_give(const struct digests *d, const struct uuid *case_id, struct trail *trail) MUSTCHECK;

/* The cases in which an event (or telling) of this id occurs. Return: how many of @ret are filled. */
size_t digests_find(const struct digests *d, const struct uuid *event_id, struct uuid ret[DIGESTS_FOUND_MAX]);

struct digests_stats {
        uint64_t entries, forgotten;
        size_t bytes;    /* of entries */
        size_t memory;   /* of everything that it holds, when full */
        size_t cases;
        instant_t since; /* the latest stamp of what was forgotten; 0: nothing was */
};
void digests_stats(const struct digests *d, struct digests_stats *ret);
