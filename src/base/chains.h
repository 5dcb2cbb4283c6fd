/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Chains: those of many items that may have a key, in the order in which they were added
 *
 * Items are numbers from 0. Whoever asks compares keys all the same: a chain holds others too, and of few items there is one chain, of all. So
 * a search costs nothing before there is something to search, and then not more for how much there is. Lies in an arena.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define CHAINS_FEW 16 /* that many items are looked at one by one, and so many times any number of them */
#define CHAINS_END UINT32_MAX

struct chain_ends {
        uint32_t first, last;
};

struct chains { /* all zeros: none, and no room */
        uint32_t n, room, mask;
        uint32_t *next;          /* by item; NULL: there are few */
        struct chain_ends *ends; /* by hash */
};

/* Not for callers. */
int chains_open_many(struct chains *chains, struct arena *arena);
void chains_link(struct chains *chains, uint32_t hash);

/* Room for so many items, which will be searched about so often: it must be worth it. Return: 0 or -ENOMEM. */
static inline int chains_open(struct chains *chains, struct arena *arena, size_t room, size_t searches) {
        assert(room < CHAINS_END);
        *chains = (struct chains){.room = (uint32_t)room};
        return room > CHAINS_FEW && searches > CHAINS_FEW ? chains_open_many(chains, arena) : 0;
}

/* Whether items are found by their keys: if not, nobody needs to compute one. */
static inline bool chains_are_many(const struct chains *chains) {
        return chains->next != NULL;
}

/* The next item, which has a key of this hash. */
static inline void chains_add(struct chains *chains, uint32_t hash) {
        assert(chains->n < chains->room);
        if (chains_are_many(chains))
                chains_link(chains, hash);
        chains->n++;
}

/* The first item that may have a key of this hash; CHAINS_END: none has. */
static inline uint32_t chains_first(const struct chains *chains, uint32_t hash) {
        if (chains_are_many(chains))
                return chains->ends[hash & chains->mask].first;
        return chains->n ? 0 : CHAINS_END;
}

/* The one behind it. */
static inline uint32_t chains_next(const struct chains *chains, uint32_t item) {
        assert(item < chains->n);
        if (chains_are_many(chains))
                return chains->next[item];
        return item + 1 < chains->n ? item + 1 : CHAINS_END;
}
