/* SPDX-License-Identifier: EUPL-1.2 */

/* SHA-1 for version 5 UUIDs, with the instructions of the processor where it has them. */

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
struct lane { /* one name on its way through a block: the words of the schedule in a ring of four vectors */
        __m128i abcd, e, w[4];
};

/* Four rounds at a time. */
#define FOUR_ROUNDS(l, f, i)                                                                                              \
        do {                                                                                                              \
                __m128i before_ = (l).abcd;                                                                               \
                                                                                                                          \
                if ((i) >= 4)                                                                                             \
                        (l).w[(i) & 3] = _mm_sha1msg2_epu32(                                                              \
                                _mm_xor_si128(_mm_sha1msg1_epu32((l).w[(i) & 3], (l).w[((i) + 1) & 3]), (l).w[((i) + 2) & 3]), \
                                (l).w[((i) + 3) & 3]);                                                                    \
                (l).e = (i) ? _mm_sha1nexte_epu32((l).e, (l).w[(i) & 3]) : _mm_add_epi32((l).e, (l).w[0]);                \
                (l).abcd = _mm_sha1rnds4_epu32((l).abcd, (l).e, f);                                                       \
                (l).e = before_;                                                                                          \
        } while (0)
#define TWENTY_ROUNDS(l, f)                 \
        do {                                \
                FOUR_ROUNDS(l, f, 5 * f);     \
                FOUR_ROUNDS(l, f, 5 * f + 1); \
                FOUR_ROUNDS(l, f, 5 * f + 2); \
                FOUR_ROUNDS(l, f, 5 * f + 3); \
                FOUR_ROUNDS(l, f, 5 * f + 4); \
        } while (0)
/* Each waits for its own last round, so two take little longer than one. */
#define FOUR_ROUNDS_OF_TWO(k, l, f, i) \
        do {                           \
                FOUR_ROUNDS(k, f, i);  \
                FOUR_ROUNDS(l, f, i);  \
        } while (0)
#define TWENTY_ROUNDS_OF_TWO(k, l, f)                   \
        do {                                            \
                FOUR_ROUNDS_OF_TWO(k, l, f, 5 * f);     \
                FOUR_ROUNDS_OF_TWO(k, l, f, 5 * f + 1); \
                FOUR_ROUNDS_OF_TWO(k, l, f, 5 * f + 2); \
                FOUR_ROUNDS_OF_TWO(k, l, f, 5 * f + 3); \
                FOUR_ROUNDS_OF_TWO(k, l, f, 5 * f + 4); \
        } while (0)

#define BY_PROCESSOR __attribute__((target("sha,sse4.1"))) static inline

BY_PROCESSOR struct lane lane_of(const uint32_t state[5]) {
        return (struct lane){.abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0x1b),
                             .e = _mm_set_epi32((int)state[4], 0, 0, 0)};
}

BY_PROCESSOR void lane_load(struct lane *l, const uint8_t *block) {
        const __m128i swap = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);

        for (unsigned i = 0; i < 4; i++)
                l->w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + (size_t)16 * i)), swap);
}

BY_PROCESSOR void lane_add(struct lane *l, __m128i abcd, __m128i e) {
        l->e = _mm_sha1nexte_epu32(l->e, e);
        l->abcd = _mm_add_epi32(l->abcd, abcd);
}

BY_PROCESSOR void lane_store(const struct lane *l, uint32_t state[5]) {
        _mm_storeu_si128((__m128i *)(void *)state, _mm_shuffle_epi32(l->abcd, 0x1b));
        state[4] = (uint32_t)_mm_extract_epi32(l->e, 3);
}

__attribute__((target("sha,sse4.1"))) static void blocks_by_processor(uint32_t state[5], const uint8_t *blocks, size_t n) {
        struct lane l = lane_of(state);

        for (; n > 0; n--, blocks += SHA1_BLOCK) {
                __m128i abcd = l.abcd, e = l.e;

                lane_load(&l, blocks);
                TWENTY_ROUNDS(l, 0);
                TWENTY_ROUNDS(l, 1);
                TWENTY_ROUNDS(l, 2);
                TWENTY_ROUNDS(l, 3);
                lane_add(&l, abcd, e);
        }
        lane_store(&l, state);
}

__attribute__((target("sha,sse4.1"))) static void two_by_processor(uint32_t states[2][5], const uint8_t *first, const uint8_t *second, size_t n) {
        struct lane k = lane_of(states[0]), l = lane_of(states[1]);

        for (; n > 0; n--, first += SHA1_BLOCK, second += SHA1_BLOCK) {
                __m128i k_abcd = k.abcd, k_e = k.e, l_abcd = l.abcd, l_e = l.e;

                lane_load(&k, first);
                lane_load(&l, second);
                TWENTY_ROUNDS_OF_TWO(k, l, 0);
                TWENTY_ROUNDS_OF_TWO(k, l, 1);
                TWENTY_ROUNDS_OF_TWO(k, l, 2);
                TWENTY_ROUNDS_OF_TWO(k, l, 3);
                lane_add(&k, k_abcd, k_e);
                lane_add(&l, l_abcd, l_e);
        }
        lane_store(&k, states[0]);
        lane_store(&l, states[1]);
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

void sha1_blocks_two(uint32_t states[2][5], const uint8_t *first, const uint8_t *second, size_t n) {
#if SHA1_BY_PROCESSOR
        if (__builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1")) {
                two_by_processor(states, first, second, n);
                return;
        }
#endif
        sha1_blocks_portable(states[0], first, n);
        sha1_blocks_portable(states[1], second, n);
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
