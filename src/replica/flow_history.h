/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How many came in each of the latest spans of time
 *
 * Counts per span of one length (five minutes, an hour), whose limits are those of the clock; the last span is the present one. Of bounded size, whatever
 * comes. Pure.
 */

#include <stdint.h>

#include "base/clock.h"

#define FLOW_SPANS_MAX 24

struct flow_history {
        int64_t span_ms;
        unsigned n;                      /* spans, FLOW_SPANS_MAX at most */
        instant_t from;                  /* where the last span begins; 0: nothing was said yet */
        int64_t counts[FLOW_SPANS_MAX];  /* oldest first; [n - 1] is the present one */
};

/* An empty one. */
void flow_history_begin(struct flow_history *h, int64_t span_ms, unsigned n, instant_t now);

/* So many came at @now. An instant before the present span is counted in it: clocks go back. */
void flow_history_add(struct flow_history *h, instant_t now, int64_t count);

/* So many came in the span that has @at in it; what is older than all spans is left out. */
void flow_history_put(struct flow_history *h, instant_t at, int64_t count);

/* Where span @i begins. */
static inline instant_t flow_history_at(const struct flow_history *h, unsigned i) {
        return h->from - (int64_t)(h->n - 1 - i) * h->span_ms;
}
