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

struct sha1 {
        uint32_t state[5];
        uint64_t n;
        uint8_t block[64];
};

void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *bytes, size_t n);
void sha1_end(struct sha1 *s, uint8_t ret[SHA1_BYTES]);
