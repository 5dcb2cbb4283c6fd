/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * So many mails in any minute, and no more: what is beyond waits
 *
 * Pure: instants are milliseconds of any clock that never goes back. Zeroed memory has no limit.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define PACE_MS 60000
#define PACE_MAX 10000

struct pace {
        int64_t *begun; /* [limit], a ring: when the latest were */
        size_t limit, next, n;
};

int pace_new(size_t limit, struct pace *ret) MUSTCHECK; /* at most PACE_MAX, 0: none; 0 or -ENOMEM */
void pace_done(struct pace *pace);

/* How long until one more may begin: 0: now. */
int64_t pace_wait(const struct pace *pace, int64_t now);
/* One has begun. */
void pace_take(struct pace *pace, int64_t now);
