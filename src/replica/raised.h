/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Open alerts in the order in which they were raised, and how many there are
 *
 * Of each the instant, its id, the number of its case, whom it is for and of which norm; the rest stands in the case. Counts by rung of each
 * pair of organisation and norm are kept up to date. Knows no case and no configuration: words are numbers of a pool.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "replica/replica.h"

#define RAISED_PAIRS_MAX (1 << 20)
#define RAISED_RUNG_MAX 1023  /* higher ones are taken for it */

struct raised;

/* Pairs come and stay: their places, from 0, are good for filters. */
struct raised_pair {
        uint32_t organisation, norm; /* words of the pool */
        struct replica_open open;
        bool known;                  /* .oldest is right, else it is looked for when asked */
};

struct raised_entry {
        instant_t since;
        struct uuid id;
        uint32_t of_case;
        uint32_t pair : 22, rung : 10;
};

/* @max: that stand in the order; more are only counted. Return: 0 or -ENOMEM. */
int raised_new(size_t max, struct raised **ret) MUSTCHECK;
struct raised *raised_free(struct raised *raised); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct raised *, raised_free);

struct raised_alert {
        instant_t since;
        struct uuid id;
        uint32_t of_case, organisation, norm;
        unsigned rung;
};

/* It is open now, or no longer. Each is put once, and taken away as it was put. Return: 0 or -ENOMEM. */
int raised_put(struct raised *raised, const struct raised_alert *alert) MUSTCHECK;
void raised_remove(struct raised *raised, const struct raised_alert *alert);

/* All pairs that ever had one; their counts are right, but for .oldest after the last change: raised_age() makes it so. */
const struct raised_pair *raised_pairs(const struct raised *raised, size_t *ret_n);
void raised_age(struct raised *raised);

/* Of all of them. */
struct replica_open raised_counts(const struct raised *raised);

/* In order, from behind @since and @id (NULL: from the first): for (at = raised_from(…); (entry = raised_next(…, &at));) */
struct raised_at {
        size_t chunk, item;
};
struct raised_at raised_from(const struct raised *raised, instant_t since, const struct uuid *id);
const struct raised_entry *raised_next(const struct raised *raised, struct raised_at *at);

/* How many stand in the order. */
size_t raised_indexed(const struct raised *raised);
/* Memory of it all, in bytes. */
size_t raised_bytes(const struct raised *raised);
