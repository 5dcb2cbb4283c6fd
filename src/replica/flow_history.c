/* SPDX-License-Identifier: EUPL-1.2 */

/* Counts by span of time, which move as time goes on. */

#include "replica/flow_history.h"

#include <assert.h>
#include <string.h>

static instant_t flow_history_floor(const struct flow_history *h, instant_t at) {
        return at - at % h->span_ms;
}

void flow_history_begin(struct flow_history *h, int64_t span_ms, unsigned n, instant_t now) {
        assert(n > 0 && n <= FLOW_SPANS_MAX && span_ms > 0 && now >= 0);
        *h = (struct flow_history){.span_ms = span_ms, .n = n};
        h->from = flow_history_floor(h, now);
}

/* Moves on to the span that has @now in it. */
static void flow_history_move(struct flow_history *h, instant_t now) {
        int64_t steps = now > h->from ? (flow_history_floor(h, now) - h->from) / h->span_ms : 0;
        unsigned gone = steps > h->n ? h->n : (unsigned)steps;

        memmove(h->counts, h->counts + gone, (h->n - gone) * sizeof(h->counts[0]));
        memset(h->counts + h->n - gone, 0, gone * sizeof(h->counts[0]));
        h->from += steps * h->span_ms;
}

void flow_history_add(struct flow_history *h, instant_t now, int64_t count) {
        flow_history_move(h, now);
        h->counts[h->n - 1] += count;
}

void flow_history_put(struct flow_history *h, instant_t at, int64_t count) {
        int64_t back = (h->from - flow_history_floor(h, at)) / h->span_ms;

        if (back < 0)
                back = 0;
        if (back < h->n)
                h->counts[h->n - 1 - back] += count;
}
