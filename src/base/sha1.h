/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * SHA-1 (FIPS 180-4)
 *
 * For the names of version 5 UUIDs only; not for anything that must withstand an attacker. Here
 * because none of the libraries that we link has it.
 */

#include <stddef.h>
#include <stdint.h>

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

/* As many blocks of two names, each into its state, in little more time than those of one. */
void sha1_blocks_two(uint32_t states[2][5], const uint8_t *first, const uint8_t *second, size_t n);

/* sha1_blocks() without them, as on machines that have none: for comparing. */
void sha1_blocks_portable(uint32_t state[5], const uint8_t *blocks, size_t n);
