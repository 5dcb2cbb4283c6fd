/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * SHA-1 (FIPS 180-4)
 *
 * For the names of version 5 UUIDs only; not for anything that must withstand an attacker. Here
 * because none of the libraries that we link has it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define SHA1_BYTES 20
#define SHA1_BLOCK 64
#define SHA1_START {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}

struct sha1 {
        uint32_t state[5];
        uint64_t n;
        uint8_t block[SHA1_BLOCK];
};

/* Begins a hash, takes bytes in, and ends it: the 20 bytes of FIPS 180-4. */
void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *bytes, size_t n);
void sha1_end(struct sha1 *s, uint8_t ret[SHA1_BYTES]);

/* Whole blocks into a state, for callers who pad themselves (base/uuid.c): with the processor's own instructions where it has them. */
void sha1_blocks(uint32_t state[5], const uint8_t *blocks, size_t n);

/* The ways to the same bytes, the best first. One name alone goes by the plain way where there are only vectors. */
enum sha1_way { SHA1_BY_INSTRUCTIONS, SHA1_BY_VECTORS, SHA1_PLAIN, SHA1_WAYS };

/* Whether this processor has a way; the best that it has. */
bool sha1_has(enum sha1_way way);
enum sha1_way sha1_best(void);

#define SHA1_LANES 8
struct sha1_lane {
        uint32_t state[5];
        const uint8_t *blocks;
        size_t n; /* blocks, from 1 */
};

/*
 * Whole blocks of at most SHA1_LANES names that have nothing to do with one another, in much less time than one after another.
 * @way: sha1_best(); for comparing another one that the processor has (assert).
 */
void sha1_lanes(enum sha1_way way, struct sha1_lane *lanes, size_t n);
