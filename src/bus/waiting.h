/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records of one log that wait: where each stands and when it came, in some three bytes each
 *
 * What comes is added behind, what is done with goes from the front; between them lie markers and aborted records, so offsets have gaps. Only the
 * first can be looked at, and how many there are. Zeros: none. Pure; one thread at a time.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vector.h"

struct waiting_record {
        int64_t offset;
        instant_t stamp;
};

struct waiting {
        struct waiting_record first, last; /* when n > 0 */
        size_t n;
        VECTOR(uint8_t) steps; /* from the first to the last: how much further each stands, and how much later it came */
        size_t taken;          /* bytes of them before the step behind the first */
};

/* Behind the last, of a higher offset. Return: 0 or -ENOMEM. */
int waiting_add(struct waiting *w, int64_t offset, instant_t stamp) MUSTCHECK;

/* Those before @offset go. */
void waiting_drop(struct waiting *w, int64_t offset);

/* All go, and the memory too. */
void waiting_done(struct waiting *w);
