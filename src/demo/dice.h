/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Chance that is the same on every run: splitmix64 from a seed. For generated data only, never for ids that must be unique in the world. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct dice {
        uint64_t state;
};

static inline uint64_t dice_next(struct dice *d) {
        uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* Dice of their own for the @number-th of many things that share a seed. */
static inline struct dice dice_of(uint64_t seed, uint64_t number) {
        struct dice d = {seed};

        d.state = dice_next(&d) ^ (number * UINT64_C(0xd1342543de82ef95));
        return d;
}

/* From @least to @most, both included. */
static inline int dice_between(struct dice *d, int least, int most) {
        return least + (int)(dice_next(d) % (uint64_t)(most - least + 1));
}

static inline bool dice_chance(struct dice *d, int percent) {
        return dice_between(d, 1, 100) <= percent;
}

static inline struct uuid dice_uuid(struct dice *d) {
        uint8_t bytes[16];

        for (size_t i = 0; i < 2; i++) {
                uint64_t word = dice_next(d);

                for (size_t k = 0; k < 8; k++)
                        bytes[8 * i + k] = (uint8_t)(word >> (8 * k)); /* the same on every machine */
        }
        return uuid_v4(bytes);
}
