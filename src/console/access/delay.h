/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The growing delay of whoever logs in wrongly
 *
 * By name and by address: the first few tries are free, then each wrong one makes the next wait twice as long. Nobody waits on a thread of the server: who
 * comes too early is told when to come again. A name that does not exist is delayed as one that does. The table is bounded: names and addresses share sets
 * of a few places by a keyed hash, in which the one that is over first makes room. From any thread.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DELAY_SETS 1024
#define DELAY_WAYS 8            /* places of a set */
#define DELAY_NAME_FREE 4       /* wrong tries of a name that cost nothing … */
#define DELAY_ADDRESS_FREE 20   /* … of an address, behind which many may sit */
#define DELAY_MAX_MS INT64_C(60000) /* longer, and others could lock somebody out */
#define DELAY_FORGET_MS INT64_C(900000) /* a name or address of which so long nothing wrong came begins anew */

struct delay;

/* Return: 0 or -ENOMEM. */
int delay_new(struct delay **ret) MUSTCHECK;
struct delay *delay_free(struct delay *d); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct delay *, delay_free);

/*
 * Whether a try may be made at @now (monotonic): 0, and it counts as wrong until delay_right() says otherwise, so that many at once gain nothing; else the
 * milliseconds to wait. Of an IPv6 address the network (/64) counts.
 */
int64_t delay_try(struct delay *d, struct text name, const char *address, int64_t now);

/* The try was right: the name begins anew, and the address gets this one back. */
void delay_right(struct delay *d, struct text name, const char *address);
