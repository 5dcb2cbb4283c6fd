/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How long to wait before the next try
 *
 * Doubles from the first delay to the longest, and is then spread over its upper half, so that what
 * failed together does not come back together. Retry-After is what the other side asks for.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"

#define RETRY_AFTER_MAX_MS DAY_MS /* a longer wish counts as a day */

struct backoff {
        int64_t first_ms, longest_ms; /* 0 < first <= longest */
};

/* The delay after @tries tries that failed (from 1); @random: any 64 bits. Between half of the doubled delay and the whole. */
int64_t backoff_delay(const struct backoff *b, unsigned tries, uint64_t random);

/*
 * Reads the value of a Retry-After header (RFC 9110 10.2.3): seconds, or an HTTP date in its three forms.
 * Writes the milliseconds from @now, 0 for what is past. Return: false when it is neither.
 */
bool retry_after_parse(struct text value, instant_t now, int64_t *ret_ms);
