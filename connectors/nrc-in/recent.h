/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What became of the latest notifications, so that a repetition costs nothing
 *
 * Bounded: the oldest are forgotten. Only spares work, since the same event_id counts once anyway.
 */

#include <stdbool.h>

#include "base/table.h"
#include "base/uuid.h"

#define RECENT_MAX 16384

struct recent_row {
        struct uuid id;
        bool refused; /* it can be no event, and its dead letter is there */
};

/* Zeros: empty. */
struct recent {
        struct table table;
        struct recent_row *rows; /* a ring */
        size_t at, n;
};

/* NULL: not among the latest. Borrowed until the next recent_put(). */
const struct recent_row *recent_find(const struct recent *r, const struct uuid *id);

/* Without memory it is not remembered. */
void recent_put(struct recent *r, const struct uuid *id, bool refused);
void recent_done(struct recent *r);
