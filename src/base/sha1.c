/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/sha1.h"

#include <endian.h>
#include <string.h>

/* The processor's own instructions, where the compiler can ask at run time whether it has them. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SHA1_BY_PROCESSOR 1
#include <immintrin.h>
#else
#define SHA1_BY_PROCESSOR 0
#endif

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

static void block_portable(uint32_t state[5], const uint8_t *block) {
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

#if SHA1_BY_PROCESSOR
/* Four rounds at a time: the words of the schedule in a ring of four vectors. */
#define FOUR_ROUNDS(f, i)                                                                              \
        do {                                                                                           \
                if ((i) >= 4)                                                                          \
                        w[(i) & 3] = _mm_sha1msg2_epu32(                                               \
                                _mm_xor_si128(_mm_sha1msg1_epu32(w[(i) & 3], w[((i) + 1) & 3]), w[((i) + 2) & 3]), w[((i) + 3) & 3]); \
                e = (i) ? _mm_sha1nexte_epu32(e, w[(i) & 3]) : _mm_add_epi32(e, w[0]);                  \
                before = abcd;                                                                         \
                abcd = _mm_sha1rnds4_epu32(abcd, e, f);                                                \
                e = before;                                                                            \
        } while (0)
#define TWENTY_ROUNDS(f)                 \
        do {                             \
                FOUR_ROUNDS(f, 5 * f);     \
                FOUR_ROUNDS(f, 5 * f + 1); \
                FOUR_ROUNDS(f, 5 * f + 2); \
                FOUR_ROUNDS(f, 5 * f + 3); \
                FOUR_ROUNDS(f, 5 * f + 4); \
        } while (0)

__attribute__((target("sha,sse4.1"))) static void blocks_by_processor(uint32_t state[5], const uint8_t *blocks, size_t n) {
        const __m128i swap = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
        __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0x1b);
        __m128i e = _mm_set_epi32((int)state[4], 0, 0, 0);

        for (; n > 0; n--, blocks += SHA1_BLOCK) {
                __m128i w[4], before, start = abcd, start_e = e;

                for (unsigned i = 0; i < 4; i++)
                        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(blocks + (size_t)16 * i)), swap);
                TWENTY_ROUNDS(0);
                TWENTY_ROUNDS(1);
                TWENTY_ROUNDS(2);
                TWENTY_ROUNDS(3);
                e = _mm_sha1nexte_epu32(e, start_e);
                abcd = _mm_add_epi32(abcd, start);
        }
        _mm_storeu_si128((__m128i *)(void *)state, _mm_shuffle_epi32(abcd, 0x1b));
        state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}
#endif

void sha1_blocks_portable(uint32_t state[5], const uint8_t *blocks, size_t n) {
        for (; n > 0; n--, blocks += SHA1_BLOCK)
                block_portable(state, blocks);
}

void sha1_blocks(uint32_t state[5], const uint8_t *blocks, size_t n) {
#if SHA1_BY_PROCESSOR
        if (__builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1")) {
                blocks_by_processor(state, blocks, n);
                return;
        }
#endif
        sha1_blocks_portable(state, blocks, n);
}

void sha1_init(struct sha1 *s) {
        *s = (struct sha1){.state = SHA1_START};
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
                        sha1_blocks(s->state, s->block, 1);
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
