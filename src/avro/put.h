/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Writing Avro's primitives, each behind the last; for record.c and for rows of frozen schemas
 *
 * Every function writes at @p, where the caller has made room, and returns the place behind.
 */

#include <endian.h>
#include <string.h>

#include "base/text.h"
#include "base/uuid.h"

#define PUT_LONG_MAX 10 /* bytes of a number or a length */

/* Up to eight bytes without a branch on their number: seven bits into each, all but the last marked. Eight bytes are written. */
static inline uint8_t *put_long(uint8_t *p, int64_t value) {
        uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
        unsigned n;

        if (bits < 0x80) {
                *p++ = (uint8_t)bits;
                return p;
        }
        while (bits >> 56) { /* nine or ten bytes: the lowest one by one */
                *p++ = (uint8_t)(bits | 0x80);
                bits >>= 7;
        }
        n = (64 - (unsigned)__builtin_clzll(bits) + 6) * 37 >> 8; /* by 7, exact up to 64 */
        bits = (bits << 4 & UINT64_C(0x0fffffff00000000)) | (bits & UINT64_C(0x000000000fffffff));
        bits = (bits << 2 & UINT64_C(0x3fff00003fff0000)) | (bits & UINT64_C(0x00003fff00003fff));
        bits = (bits << 1 & UINT64_C(0x7f007f007f007f00)) | (bits & UINT64_C(0x007f007f007f007f));
        bits |= UINT64_C(0x0080808080808080) >> (64 - 8 * n);
        bits = htole64(bits);
        memcpy(p, &bits, sizeof(bits));
        return p + n;
}

static inline uint8_t *put_text(uint8_t *p, struct text text) {
        return (uint8_t *)text_write((char *)put_long(p, (int64_t)text.n), text);
}

static inline uint8_t *put_uuid_text(uint8_t *p, const struct uuid *u) {
        *p++ = UUID_TEXT << 1;
        uuid_write(u, (char *)p);
        return p + UUID_TEXT;
}
