/* SPDX-License-Identifier: EUPL-1.2 */

/* Chains of items with the same hash, when there are many. */

#include "base/chains.h"

#include <errno.h>

int chains_open_many(struct chains *chains, struct arena *arena) {
        size_t width = CHAINS_FEW;

        while (width < chains->room)
                width *= 2;
        chains->mask = (uint32_t)width - 1;
        chains->next = arena_alloc(arena, chains->room * sizeof(*chains->next));
        chains->ends = arena_alloc(arena, width * sizeof(*chains->ends));
        if (!chains->next || !chains->ends)
                return -ENOMEM;
        memset(chains->ends, 0xff, width * sizeof(*chains->ends)); /* CHAINS_END */
        return 0;
}

void chains_link(struct chains *chains, uint32_t hash) {
        struct chain_ends *ends = &chains->ends[hash & chains->mask];

        if (ends->first == CHAINS_END)
                ends->first = chains->n;
        else
                chains->next[ends->last] = chains->n;
        ends->last = chains->n;
        chains->next[chains->n] = CHAINS_END;
}
