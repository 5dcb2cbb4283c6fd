/* SPDX-License-Identifier: EUPL-1.2 */

/* Steps from record to record as varints, of which those at the front are taken up one after the other. */

#include "bus/waiting.h"

#include <assert.h>
#include <string.h>

#include "base/varint.h"

#define WAITING_GROWS_BY 8 /* one of so many parts of what there is, and so many bytes: there are many of these, and most are small */

/* Room for one more step. */
static int waiting_room(struct waiting *w) {
        size_t wanted = w->steps.n + 2 * VARINT_MAX;
        uint8_t *items;

        if (wanted <= w->steps.capacity)
                return 0;
        wanted += wanted / WAITING_GROWS_BY + WAITING_GROWS_BY;
        items = realloc(w->steps.items, wanted);
        if (!items)
                return -ENOMEM;
        w->steps.items = items;
        w->steps.capacity = wanted;
        return 0;
}

int waiting_add(struct waiting *w, int64_t offset, instant_t stamp) {
        assert(w->n == 0 || offset > w->last.offset);
        if (w->n == 0) {
                w->first = (struct waiting_record){offset, stamp};
        } else {
                if (waiting_room(w))
                        return -ENOMEM;
                w->steps.n += varint_put(w->steps.items + w->steps.n, (uint64_t)offset - (uint64_t)w->last.offset);
                w->steps.n += varint_put(w->steps.items + w->steps.n, varint_fold((int64_t)((uint64_t)stamp - (uint64_t)w->last.stamp)));
        }
        w->last = (struct waiting_record){offset, stamp};
        w->n++;
        return 0;
}

/* The first goes; there is one. */
static void waiting_step(struct waiting *w) {
        const uint8_t *at = w->steps.items + w->taken;

        if (--w->n == 0)
                return;
        w->first.offset = (int64_t)((uint64_t)w->first.offset + varint_take(&at));
        w->first.stamp = (instant_t)((uint64_t)w->first.stamp + (uint64_t)varint_unfold(varint_take(&at)));
        w->taken = (size_t)(at - w->steps.items);
}

void waiting_drop(struct waiting *w, int64_t offset) {
        while (w->n > 0 && w->first.offset < offset)
                waiting_step(w);
        if (w->n == 0) {
                waiting_done(w);
        } else if (w->taken > 0 && 2 * w->taken >= w->steps.n) {
                memmove(w->steps.items, w->steps.items + w->taken, w->steps.n - w->taken);
                w->steps.n -= w->taken;
                w->taken = 0;
        }
}

void waiting_done(struct waiting *w) {
        vector_done(&w->steps);
        *w = (struct waiting){0};
}
