/* SPDX-License-Identifier: EUPL-1.2 */

/* UUIDs as text and back, without a branch for each character, and those of version 5. */

#include "base/uuid.h"

#include <endian.h>

#include "base/sha1.h"

#define NAME_BLOCKS 6
#define NAME_SHORT (NAME_BLOCKS * SHA1_BLOCK - sizeof(struct uuid) - 1 - sizeof(uint64_t))

const struct uuid uuid_namespace_ketenwacht = {
        {0x6f, 0x1d, 0x2c, 0x1e, 0x8a, 0x53, 0x5d, 0x0b, 0x9b, 0x57, 0x2f, 0x0f, 0x6f, 0x0c, 0x7a, 0x11}};

/*
 * A text without its dashes is two vectors of sixteen characters. Ids stand in every message, so
 * nothing here branches on a character; and vectors are put together in registers, since bytes that
 * are written in pieces and read at once as a whole make a processor wait.
 */
typedef uint8_t sixteen __attribute__((vector_size(16)));
typedef uint16_t eight __attribute__((vector_size(16)));
typedef uint32_t four __attribute__((vector_size(16)));
typedef uint64_t two __attribute__((vector_size(16)));

static inline uint64_t load_four(const char *p) {
        uint32_t characters;

        memcpy(&characters, p, sizeof(characters));
        return le32toh(characters);
}

static inline uint64_t load_eight(const char *p) {
        uint64_t characters;

        memcpy(&characters, p, sizeof(characters));
        return le64toh(characters);
}

static inline sixteen load_both(uint64_t first, uint64_t second) {
        return (sixteen)(two){htole64(first), htole64(second)};
}

static inline void store_four(char *p, uint32_t characters) {
        memcpy(p, &characters, sizeof(characters));
}

/* Characters to digits; *right keeps all bits of those that are 0-9 or a-f. */
static inline sixteen digits_of(sixteen characters, sixteen *right) {
        sixteen number = characters - '0', letter = characters - 'a';
        sixteen is_number = (sixteen)(number <= 9), is_letter = (sixteen)(letter <= 5);

        *right &= is_number | is_letter;
        return (number & is_number) | ((letter + 10) & is_letter);
}

/* Two digits in each sixteen bits, the first in the byte that stands first, to their number in that byte. */
static inline sixteen pairs_of(sixteen digits) {
        eight both = (eight)digits;

        return __BYTE_ORDER == __LITTLE_ENDIAN ? (sixteen)(both << 4 | both >> 8) : (sixteen)(both >> 4 | both << 8);
}

bool uuid_parse(const char *text, size_t n, struct uuid *ret) {
        sixteen first, second, bytes, right;
        uint8_t dashes;
        two all;

        if (n != UUID_TEXT)
                return false;
        memset(&right, 0xff, sizeof(right));
        first = pairs_of(digits_of(load_both(load_eight(text), load_four(text + 9) | load_four(text + 14) << 32), &right));
        second = pairs_of(digits_of(load_both(load_four(text + 19) | load_four(text + 24) << 32, load_eight(text + 28)), &right));
        bytes = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        memcpy(ret->bytes, &bytes, sizeof(ret->bytes));
        dashes = (uint8_t)((text[8] ^ '-') | (text[13] ^ '-') | (text[18] ^ '-') | (text[23] ^ '-'));
        all = (two)right;
        return (all[0] & all[1]) == UINT64_MAX && dashes == 0;
}

/* Digits to characters: beyond nine 39 lies between '9' and 'a'. */
static inline four characters_of(sixteen digits) {
        return (four)(digits + '0' + ((sixteen)(digits > 9) & 39));
}

void uuid_write(const struct uuid *u, char ret[UUID_TEXT]) {
        sixteen bytes, high, low;
        four first, second;

        memcpy(&bytes, u->bytes, sizeof(bytes));
        high = bytes >> 4;
        low = bytes & 15;
        first = characters_of(__builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
        second = characters_of(__builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
        memcpy(ret, &first, 8);
        store_four(ret + 9, first[2]);
        store_four(ret + 14, first[3]);
        store_four(ret + 19, second[0]);
        store_four(ret + 24, second[1]);
        memcpy(ret + 28, (const char *)&second + 8, 8);
        ret[8] = ret[13] = ret[18] = ret[23] = '-';
}

void uuid_format(const struct uuid *u, char ret[UUID_TEXT + 1]) {
        uuid_write(u, ret);
        ret[UUID_TEXT] = '\0';
}

static void uuid_stamp(struct uuid *u, unsigned version) {
        u->bytes[6] = (uint8_t)((u->bytes[6] & 0x0f) | version << 4);
        u->bytes[8] = (uint8_t)((u->bytes[8] & 0x3f) | 0x80);
}

static struct uuid v5_of_digest(const uint8_t digest[sizeof(struct uuid)]) {
        struct uuid u;

        memcpy(u.bytes, digest, sizeof(u.bytes));
        uuid_stamp(&u, 5);
        return u;
}

static struct uuid v5_of_state(const uint32_t state[5]) {
        uint32_t digest[4];

        for (unsigned i = 0; i < ELEMENTS(digest); i++)
                digest[i] = htobe32(state[i]);
        return v5_of_digest((const uint8_t *)digest);
}

static struct uuid v5_long(const struct uuid *ns, const void *name, size_t n) {
        uint8_t digest[SHA1_BYTES];
        struct sha1 sha;

        sha1_init(&sha);
        sha1_add(&sha, ns->bytes, sizeof(ns->bytes));
        sha1_add(&sha, name, n);
        sha1_end(&sha, digest);
        return v5_of_digest(digest);
}

/* Ids stand in everything that is told: names of the usual length are padded here, in one piece. Returns how many blocks. */
static size_t pad(const struct uuid *ns, const void *name, size_t n, uint8_t ret[NAME_BLOCKS * SHA1_BLOCK]) {
        size_t used = sizeof(ns->bytes) + n, blocks = (used + 1 + sizeof(uint64_t) + SHA1_BLOCK - 1) / SHA1_BLOCK;
        uint64_t bits = htobe64((uint64_t)used * 8);

        memcpy(ret, ns->bytes, sizeof(ns->bytes));
        if (n)
                memcpy(ret + sizeof(ns->bytes), name, n);
        memset(ret + used, 0, blocks * SHA1_BLOCK - used);
        ret[used] = 0x80;
        memcpy(ret + blocks * SHA1_BLOCK - sizeof(bits), &bits, sizeof(bits));
        return blocks;
}

struct uuid uuid_v5(const struct uuid *ns, const void *name, size_t n) {
        uint8_t padded[NAME_BLOCKS * SHA1_BLOCK];
        uint32_t state[5] = SHA1_START;

        if (n > NAME_SHORT)
                return v5_long(ns, name, n);
        sha1_blocks(state, padded, pad(ns, name, n, padded));
        return v5_of_state(state);
}

void uuid_v5_all(const struct uuid *ns, const struct text *names, size_t n, struct uuid *ret) {
        uint8_t padded[SHA1_LANES][NAME_BLOCKS * SHA1_BLOCK];
        struct sha1_lane lanes[SHA1_LANES];
        enum sha1_way way = sha1_best();
        size_t used;

        for (size_t i = 0; i < n; i += used) {
                for (used = 0; used < SHA1_LANES && i + used < n && names[i + used].n <= NAME_SHORT; used++) {
                        size_t blocks = pad(ns, names[i + used].s, names[i + used].n, padded[used]);

                        lanes[used] = (struct sha1_lane){SHA1_START, padded[used], blocks};
                }
                if (used == 0) {
                        ret[i] = v5_long(ns, names[i].s, names[i].n);
                        used = 1;
                        continue;
                }
                sha1_lanes(way, lanes, used);
                for (size_t l = 0; l < used; l++)
                        ret[i + l] = v5_of_state(lanes[l].state);
        }
}

struct uuid uuid_v4(const uint8_t random[16]) {
        struct uuid u;

        memcpy(u.bytes, random, sizeof(u.bytes));
        uuid_stamp(&u, 4);
        return u;
}
