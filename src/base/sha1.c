/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * SHA-1 for version 5 UUIDs, with the instructions of the processor where it has them
 *
 * Ids are a fourth of the instructions of an event by the plain way, so two more ways to the same bytes are here for speed alone; `ketenwacht bench
 * ids` measures each, and tests/bench/README.md has the figures.
 */

#include "base/sha1.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* The processor's own instructions, where the compiler can ask at run time whether it has them. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SHA1_BY_PROCESSOR 1
#include <immintrin.h>
#else
#define SHA1_BY_PROCESSOR 0
#endif

static inline uint32_t big_endian(const uint8_t *p) {
        uint32_t word;

        memcpy(&word, p, sizeof(word));
        return be32toh(word);
}

/* Of a number, and of eight of them in a vector. */
#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define CHOOSE(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define MAJORITY(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))

/* The schedule in a ring of sixteen words. */
static inline uint32_t expand(uint32_t w[16], unsigned i) {
        uint32_t x = w[(i + 13) & 15] ^ w[(i + 8) & 15] ^ w[(i + 2) & 15] ^ w[i & 15];

        return w[i & 15] = ROTATE(x, 1);
}

/* Twenty rounds, in fives, after which the words stand where they began: nothing is moved around, and every place in the ring is a constant. */
#define ROUND(f, k, a, b, c, d, e, word)                  \
        do {                                              \
                e += ROTATE(a, 5) + f(b, c, d) + k + (word); \
                b = ROTATE(b, 30);                        \
        } while (0)
#define FIVE_ROUNDS(f, k, word, i)                        \
        do {                                              \
                ROUND(f, k, a, b, c, d, e, word((i)));     \
                ROUND(f, k, e, a, b, c, d, word((i) + 1)); \
                ROUND(f, k, d, e, a, b, c, word((i) + 2)); \
                ROUND(f, k, c, d, e, a, b, word((i) + 3)); \
                ROUND(f, k, b, c, d, e, a, word((i) + 4)); \
        } while (0)
#define ROUNDS_OF_STAGE(f, k, word, i)           \
        do {                                     \
                FIVE_ROUNDS(f, k, word, (i));      \
                FIVE_ROUNDS(f, k, word, (i) + 5);  \
                FIVE_ROUNDS(f, k, word, (i) + 10); \
                FIVE_ROUNDS(f, k, word, (i) + 15); \
        } while (0)
#define ALL_ROUNDS(first_word, next_word)                           \
        do {                                                        \
                ROUNDS_OF_STAGE(CHOOSE, 0x5a827999, first_word, 0);   \
                ROUNDS_OF_STAGE(PARITY, 0x6ed9eba1, next_word, 20);   \
                ROUNDS_OF_STAGE(MAJORITY, 0x8f1bbcdc, next_word, 40); \
                ROUNDS_OF_STAGE(PARITY, 0xca62c1d6, next_word, 60);   \
        } while (0)

#define NEXT_WORD(i) expand(w, (i))
#define FIRST_WORD(i) ((i) < 16 ? w[(i) & 15] : NEXT_WORD(i))

static void block_plain(uint32_t state[5], const uint8_t *block) {
        uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

        for (unsigned i = 0; i < 16; i++)
                w[i] = big_endian(block + (size_t)4 * i);
        ALL_ROUNDS(FIRST_WORD, NEXT_WORD);
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
}

static void blocks_plain(uint32_t state[5], const uint8_t *blocks, size_t n) {
        for (; n > 0; n--, blocks += SHA1_BLOCK)
                block_plain(state, blocks);
}

#if SHA1_BY_PROCESSOR

/* --- eight side by side, in vectors of 256 bits --- */

typedef uint32_t eight_words __attribute__((vector_size(32)));

#define BY_VECTORS __attribute__((target("avx2")))

BY_VECTORS static inline eight_words expand_eight(eight_words w[16], unsigned i) {
        eight_words x = w[(i + 13) & 15] ^ w[(i + 8) & 15] ^ w[(i + 2) & 15] ^ w[i & 15];

        return w[i & 15] = ROTATE(x, 1);
}

#define NEXT_WORD_OF_EIGHT(i) expand_eight(w, (i))
#define FIRST_WORD_OF_EIGHT(i) ((i) < 16 ? w[(i) & 15] : NEXT_WORD_OF_EIGHT(i))

/* A block of each; only where @goes is all ones it changes the state. */
BY_VECTORS static void block_of_eight(eight_words state[5], const uint8_t *const blocks[SHA1_LANES], const eight_words *goes) {
        eight_words w[16], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

        for (unsigned i = 0; i < 16; i++) {
                for (unsigned l = 0; l < SHA1_LANES; l++)
                        w[i][l] = big_endian(blocks[l] + (size_t)4 * i);
        }
        ALL_ROUNDS(FIRST_WORD_OF_EIGHT, NEXT_WORD_OF_EIGHT);
        state[0] += a & *goes;
        state[1] += b & *goes;
        state[2] += c & *goes;
        state[3] += d & *goes;
        state[4] += e & *goes;
}

/* Lanes that nobody uses, or that are over, go along with the block that they had. */
BY_VECTORS static void lanes_by_vectors(struct sha1_lane *lanes, size_t n) {
        eight_words state[5] = {{0}}, goes = {0};
        const uint8_t *at[SHA1_LANES];
        size_t most = 0;

        for (size_t l = 0; l < SHA1_LANES; l++) {
                at[l] = lanes[l < n ? l : 0].blocks;
                for (unsigned i = 0; i < 5; i++)
                        state[i][l] = lanes[l < n ? l : 0].state[i];
        }
        for (size_t l = 0; l < n; l++)
                most = lanes[l].n > most ? lanes[l].n : most;
        for (size_t block = 0; block < most; block++) {
                for (size_t l = 0; l < n; l++) {
                        bool on = block < lanes[l].n;

                        goes[l] = on ? UINT32_MAX : 0;
                        at[l] = on ? lanes[l].blocks + block * SHA1_BLOCK : at[l];
                }
                block_of_eight(state, at, &goes);
        }
        for (size_t l = 0; l < n; l++) {
                for (unsigned i = 0; i < 5; i++)
                        lanes[l].state[i] = state[i][l];
        }
}

/* --- by the instructions for it, of one or of two --- */

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

__attribute__((target("sha,sse4.1"))) static void two_by_processor(struct sha1_lane *one, struct sha1_lane *other) {
        struct lane k = lane_of(one->state), l = lane_of(other->state);
        size_t both = one->n < other->n ? one->n : other->n;

        for (size_t at = 0; at < both * SHA1_BLOCK; at += SHA1_BLOCK) {
                __m128i k_abcd = k.abcd, k_e = k.e, l_abcd = l.abcd, l_e = l.e;

                lane_load(&k, one->blocks + at);
                lane_load(&l, other->blocks + at);
                TWENTY_ROUNDS_OF_TWO(k, l, 0);
                TWENTY_ROUNDS_OF_TWO(k, l, 1);
                TWENTY_ROUNDS_OF_TWO(k, l, 2);
                TWENTY_ROUNDS_OF_TWO(k, l, 3);
                lane_add(&k, k_abcd, k_e);
                lane_add(&l, l_abcd, l_e);
        }
        lane_store(&k, one->state);
        lane_store(&l, other->state);
        blocks_by_processor(one->state, one->blocks + both * SHA1_BLOCK, one->n - both);
        blocks_by_processor(other->state, other->blocks + both * SHA1_BLOCK, other->n - both);
}

bool sha1_has(enum sha1_way way) {
        switch (way) {
        case SHA1_BY_INSTRUCTIONS:
                return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1");
        case SHA1_BY_VECTORS:
                return __builtin_cpu_supports("avx2");
        default:
                return true;
        }
}
#else
bool sha1_has(enum sha1_way way) {
        return way == SHA1_PLAIN;
}
#endif

/* --- by the best way there is --- */

enum sha1_way sha1_best(void) {
        enum sha1_way way = SHA1_BY_INSTRUCTIONS;

        while (!sha1_has(way))
                way++;
        return way;
}

void sha1_blocks(uint32_t state[5], const uint8_t *blocks, size_t n) {
#if SHA1_BY_PROCESSOR
        if (sha1_has(SHA1_BY_INSTRUCTIONS)) {
                blocks_by_processor(state, blocks, n);
                return;
        }
#endif
        blocks_plain(state, blocks, n);
}

void sha1_lanes(enum sha1_way way, struct sha1_lane *lanes, size_t n) {
        assert(n <= SHA1_LANES && sha1_has(way));
#if SHA1_BY_PROCESSOR
        if (way == SHA1_BY_INSTRUCTIONS) {
                for (; n > 1; n -= 2, lanes += 2)
                        two_by_processor(&lanes[0], &lanes[1]);
                if (n)
                        blocks_by_processor(lanes->state, lanes->blocks, lanes->n);
                return;
        }
        if (way == SHA1_BY_VECTORS && n > 1) {
                lanes_by_vectors(lanes, n);
                return;
        }
#endif
        for (size_t i = 0; i < n; i++)
                blocks_plain(lanes[i].state, lanes[i].blocks, lanes[i].n);
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
