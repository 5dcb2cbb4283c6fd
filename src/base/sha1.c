/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned n) {
        return x << n | x >> (32 - n);
}

static uint32_t big_endian(const uint8_t *p) {
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void sha1_block(uint32_t state[5], const uint8_t *block) {
        uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

        for (unsigned i = 0; i < 16; i++)
                w[i] = big_endian(block + (size_t)4 * i);
        for (unsigned i = 16; i < 80; i++)
                w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (unsigned i = 0; i < 80; i++) {
                uint32_t f, k, t;

                if (i < 20) {
                        f = (b & c) | (~b & d);
                        k = 0x5a827999;
                } else if (i < 40) {
                        f = b ^ c ^ d;
                        k = 0x6ed9eba1;
                } else if (i < 60) {
                        f = (b & c) | (b & d) | (c & d);
                        k = 0x8f1bbcdc;
                } else {
                        f = b ^ c ^ d;
                        k = 0xca62c1d6;
                }
                t = rotate(a, 5) + f + e + k + w[i];
                e = d;
                d = c;
                c = rotate(b, 30);
                b = a;
                a = t;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
}

void sha1_init(struct sha1 *s) {
        *s = (struct sha1){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

void sha1_add(struct sha1 *s, const void *bytes, size_t n) {
        const uint8_t *p = bytes;

        while (n > 0) {
                size_t at = s->n % 64, take = 64 - at < n ? 64 - at : n;

                memcpy(s->block + at, p, take);
                s->n += take;
                p += take;
                n -= take;
                if (s->n % 64 == 0)
                        sha1_block(s->state, s->block);
        }
}

void sha1_end(struct sha1 *s, uint8_t ret[SHA1_BYTES]) {
        static const uint8_t padding[64] = {0x80};
        uint64_t bits = s->n * 8;
        uint8_t length[8];

        sha1_add(s, padding, 1 + (119 - s->n % 64) % 64);
        for (unsigned i = 0; i < 8; i++)
                length[i] = (uint8_t)(bits >> (56 - 8 * i));
        sha1_add(s, length, 8);
        for (unsigned i = 0; i < SHA1_BYTES; i++)
                ret[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}
