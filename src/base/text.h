/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Views of text, and the nearest known word
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

struct text {
        const char *s;
        size_t n;
};

static inline struct text text_of(const char *s) {
        return (struct text){s, s ? strlen(s) : 0};
}
static inline bool text_equal(struct text a, struct text b) {
        return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}
static inline bool text_is(struct text a, const char *s) {
        return text_equal(a, text_of(s));
}

/* A text of a string literal. */
#define TEXT_OF(literal) ((struct text){(literal), sizeof(literal) - 1})

/*
 * Copies to @p, where there is room; returns the place behind. Most texts are short: two or four pieces that overlap, since memcpy() of
 * a length that the compiler does not know takes longer than the rest.
 */
static inline char *text_write(char *p, struct text text) {
        const char *s = text.s;
        size_t n = text.n;

        if (n > 64) {
                memcpy(p, s, n);
        } else if (n >= 16) {
                if (n > 32) {
                        memcpy(p + 16, s + 16, 16);
                        memcpy(p + n - 32, s + n - 32, 16);
                }
                memcpy(p, s, 16);
                memcpy(p + n - 16, s + n - 16, 16);
        } else if (n >= 8) {
                memcpy(p, s, 8);
                memcpy(p + n - 8, s + n - 8, 8);
        } else if (n >= 4) {
                memcpy(p, s, 4);
                memcpy(p + n - 4, s + n - 4, 4);
        } else {
                for (size_t i = 0; i < n; i++)
                        p[i] = s[i];
        }
        return p + n;
}

/* The last @n digits of a number, for dates and times: what is told has many, and printf costs ten times as much. Returns the place behind. */
static inline char *text_write_digits(char *p, unsigned number, unsigned n) {
        for (char *at = p + n; at > p; number /= 10)
                *--at = (char)('0' + number % 10);
        return p + n;
}

/* Reads a decimal integer that fills the whole text; false when it is none or leaves int64. */
bool text_to_int64(struct text t, int64_t *ret);

/* Reads a decimal number (JSON form) that fills the whole text. */
bool text_to_double(struct text t, double *ret);

/* A copy with a NUL behind it, of all @t.n bytes and no byte more. For free(); NULL: out of memory. */
char *text_dup(struct text t) MUSTCHECK;

/*
 * Collects the nearest of many known words to one that was written. Start with
 * NEAREST_INIT(word), feed it with nearest_try(), and ask nearest_hint(): " (did you mean 'x'?)" or "".
 * It remembers the words, each once, as long as they are few: a person can then be told all that can stand there.
 */
#define NEAREST_HINT_MAX 112
#define NEAREST_FEW 40
#define NEAREST_STEP 16 /* what a mistake in one character adds to the distance */
struct nearest {
        const char *word, *best;
        unsigned distance;
        size_t n; /* of known; NEAREST_FEW + 1: they are not few */
        const char *known[NEAREST_FEW];
};
#define NEAREST_INIT(w) \
        { .word = (w), .distance = ~0u }
void nearest_try(struct nearest *n, const char *known);
const char *nearest_hint(const struct nearest *n, char ret[NEAREST_HINT_MAX]);
