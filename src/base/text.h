/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Views of text, and the nearest known word
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* Reads a decimal integer that fills the whole text; false when it is none or leaves int64. */
bool text_to_int64(struct text t, int64_t *ret);

/* Reads a decimal number (JSON form) that fills the whole text. */
bool text_to_double(struct text t, double *ret);

/*
 * Collects the nearest of many known words to one that was written. Start with
 * NEAREST_INIT(word), feed it with nearest_try(), and ask nearest_hint(): " (did you mean 'x'?)" or "".
 */
#define NEAREST_HINT_MAX 112
struct nearest {
        const char *word, *best;
        unsigned distance;
};
#define NEAREST_INIT(w) \
        { .word = (w), .distance = ~0u }
void nearest_try(struct nearest *n, const char *known);
const char *nearest_hint(const struct nearest *n, char ret[NEAREST_HINT_MAX]);
