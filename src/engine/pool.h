/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Interned words, and short keys made of them
 *
 * Protocols, norms, organisations and roles recur in every telling; a telling keeps a number in place
 * of each. The pool only grows, with the words of configuration and of restored rows.
 */

#include "base/table.h"
#include "base/text.h"
#include "base/uuid.h"

struct pool {
        struct table by_text;
        struct text *words; /* each with a NUL behind it */
        uint32_t n, capacity;
};

#define POOL_NONE UINT32_MAX

void pool_done(struct pool *pool);

/* The number of a word, the same for ever. Return: 0 or -ENOMEM. */
int pool_intern(struct pool *pool, struct text word, uint32_t *ret) MUSTCHECK;

/* The number of a word that is there already, or POOL_NONE. */
uint32_t pool_find(const struct pool *pool, struct text word);

/* The word of a number that pool_intern() gave; a view into the pool. */
struct text pool_text(const struct pool *pool, uint32_t number);
/* The same with a NUL behind it. */
const char *pool_word(const struct pool *pool, uint32_t number);

/*
 * The instance of an obligation in 18 bytes: a uuid with the number of a repetition ("<uuid>#2"), or
 * the number of an interned text. Compare with memcmp.
 */
#define INSTANCE_INTERNED UINT16_MAX
struct instance_key {
        uint8_t bytes[16];
        uint16_t link; /* repetition, 0: none; INSTANCE_INTERNED: bytes hold a pool number */
};
#define INSTANCE_TEXT_MAX 128

/* Return: 0 or -ENOMEM. */
int instance_key_of(struct pool *pool, struct text instance, struct instance_key *ret) MUSTCHECK;
/* Writes the text and a NUL; what does not fit is cut (instances are 64 characters at most). */
void instance_key_format(const struct pool *pool, const struct instance_key *key, char ret[INSTANCE_TEXT_MAX]);
static inline bool instance_key_equal(const struct instance_key *a, const struct instance_key *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}
