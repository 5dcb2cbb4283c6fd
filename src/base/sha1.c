/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/sha1.h"

#include <endian.h>
#include <string.h>

static inline uint32_t rotate(uint32_t x, unsigned n) {
        return x << n | x >> (32 - n);
}

static inline uint32_t big_endian(const uint8_t *p) {
        uint32_t word;

        memcpy(&word, p, sizeof(word));
        return be32toh(word);
}

/* The schedule in a ring of sixteen words. */
static inline uint32_t expand(uint32_t w[16], unsigned i) {
        w[i & 15] = rotate(w[(i + 13) & 15] ^ w[(i + 8) & 15] ^ w[(i + 2) & 15] ^ w[i & 15], 1);
        return w[i & 15];
}

static inline uint32_t choose(uint32_t b, uint32_t c, uint32_t d) {
        return d ^ (b & (c ^ d));
}
static inline uint32_t parity(uint32_t b, uint32_t c, uint32_t d) {
        return b ^ c ^ d;
}
static inline uint32_t majority(uint32_t b, uint32_t c, uint32_t d) {
        return (b & c) | (d & (b | c));
}

/* Five rounds, after which the words stand where they began: nothing is moved around. */
#define ROUND(f, k, a, b, c, d, e, word)                  \
        do {                                              \
                e += rotate(a, 5) + f(b, c, d) + k + (word); \
                b = rotate(b, 30);                        \
        } while (0)
#define FIVE_ROUNDS(f, k, word, i)                        \
        do {                                              \
                ROUND(f, k, a, b, c, d, e, word((i)));     \
                ROUND(f, k, e, a, b, c, d, word((i) + 1)); \
                ROUND(f, k, d, e, a, b, c, word((i) + 2)); \
                ROUND(f, k, c, d, e, a, b, word((i) + 3)); \
                ROUND(f, k, b, c, d, e, a, word((i) + 4)); \
        } while (0)
#define FIRST_WORD(i) ((i) < 16 ? w[(i) & 15] : expand(w, (i)))
#define NEXT_WORD(i) expand(w, (i))

static void sha1_block(uint32_t state[5], const uint8_t *block) {
        uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

        for (unsigned i = 0; i < 16; i++)
                w[i] = big_endian(block + (size_t)4 * i);
        for (unsigned i = 0; i < 20; i += 5)
                FIVE_ROUNDS(choose, 0x5a827999, FIRST_WORD, i);
        for (unsigned i = 20; i < 40; i += 5)
                FIVE_ROUNDS(parity, 0x6ed9eba1, NEXT_WORD, i);
        for (unsigned i = 40; i < 60; i += 5)
                FIVE_ROUNDS(majority, 0x8f1bbcdc, NEXT_WORD, i);
        for (unsigned i = 60; i < 80; i += 5)
                FIVE_ROUNDS(parity, 0xca62c1d6, NEXT_WORD, i);
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
