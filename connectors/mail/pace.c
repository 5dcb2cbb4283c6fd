/* SPDX-License-Identifier: EUPL-1.2 */

/* A ring of the latest beginnings: the one that is so many back must be a minute old. */

#include "connectors/mail/pace.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int pace_new(size_t limit, struct pace *ret) {
        assert(limit <= PACE_MAX);
        *ret = (struct pace){.limit = limit};
        if (limit == 0)
                return 0;
        ret->begun = calloc(limit, sizeof(*ret->begun));
        return ret->begun ? 0 : -ENOMEM;
}

void pace_done(struct pace *pace) {
        free(pace->begun);
        *pace = (struct pace){0};
}

int64_t pace_wait(const struct pace *pace, int64_t now) {
        int64_t wait;

        if (pace->n < pace->limit || pace->limit == 0)
                return 0;
        wait = pace->begun[pace->next] + PACE_MS - now;
        return wait > 0 ? wait : 0;
}

void pace_take(struct pace *pace, int64_t now) {
        if (pace->limit == 0)
                return;
        pace->begun[pace->next] = now;
        pace->next = (pace->next + 1) % pace->limit;
        pace->n += pace->n < pace->limit;
}
