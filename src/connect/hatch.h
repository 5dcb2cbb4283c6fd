/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A hatch between two threads: questions go in on one side, and come back answered
 *
 * One thread asks and collects, the other takes and answers; nobody waits for the other but in hatch_rest(). Bounded in all and for each owner, from
 * the question until its answer is collected. Knows nothing of what is asked.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct hatch;

/* The first member of whatever is passed; belongs to the hatch while it is there. */
struct hatch_item {
        struct hatch_item *next;
        size_t owner; /* whose it is, below the owners of hatch_new(); set by who asks */
};

/* Return: 0 or -ENOMEM. */
int hatch_new(size_t owners, size_t all_max, size_t each_max, struct hatch **ret) MUSTCHECK;

/* What still lies there is given to @free_item, on either side. NULL ok; returns NULL. */
struct hatch *hatch_free(struct hatch *h, void (*free_item)(struct hatch_item *item));

/* -- The side that asks -- */

enum { HATCH_E_FULL = 1 };

/* Return: 0, and the item is the hatch's; HATCH_E_FULL: too many of this owner, or of all, and it stays the caller's. */
int hatch_ask(struct hatch *h, struct hatch_item *item) MUSTCHECK;

/* The next that was answered, the caller's from now on; NULL: none is. */
struct hatch_item *hatch_collect(struct hatch *h);

/* Nobody likes to wait any more: the other side sees it. */
void hatch_hurry(struct hatch *h);

/* -- The side that answers -- */

/* The next that was asked, in their order, the caller's until it is answered; NULL: there is none. */
struct hatch_item *hatch_take(struct hatch *h);

/* Whether hatch_hurry() was called. */
bool hatch_is_hurried(struct hatch *h);

/* Gives back an item of hatch_take(), answered. */
void hatch_answer(struct hatch *h, struct hatch_item *item);

/* Waits until something is asked, until @until_ms of the monotonic clock at most. */
void hatch_rest(struct hatch *h, int64_t until_ms);
