/* SPDX-License-Identifier: EUPL-1.2 */

/* Numbers from text, copies of it, and the nearest of known words. */

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define NEAREST_WORD_MAX 48 /* longer words get no hint */

char *text_dup(struct text t) {
        char *copy = malloc(t.n + 1);

        if (!copy)
                return NULL;
        if (t.n > 0)
                memcpy(copy, t.s, t.n);
        copy[t.n] = '\0';
        return copy;
}

bool text_to_int64(struct text t, int64_t *ret) {
        bool negative = t.n > 0 && t.s[0] == '-';
        uint64_t value = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;

        if (t.n == (negative ? 1u : 0u))
                return false;
        for (size_t i = negative ? 1 : 0; i < t.n; i++) {
                unsigned digit = (unsigned)(t.s[i] - '0');

                if (digit > 9 || value > (limit - digit) / 10)
                        return false;
                value = value * 10 + digit;
        }
        *ret = negative ? (int64_t)(0 - value) : (int64_t)value;
        return true;
}

bool text_to_double(struct text t, double *ret) {
        char copy[64], *end;

        if (t.n == 0 || t.n >= sizeof(copy) || !strchr("-0123456789", t.s[0]))
                return false;
        memcpy(copy, t.s, t.n);
        copy[t.n] = '\0';
        errno = 0;
        *ret = strtod(copy, &end);
        return *end == '\0' && errno == 0 && isfinite(*ret);
}

/* What it costs to write a character too much or to leave one out; of two that are as near, the one that has only lost zeros: 0014 for 14. */
static unsigned distance_indel(char c) {
        return c == '0' ? NEAREST_STEP - 1 : NEAREST_STEP;
}

/* Optimal string alignment distance: a swap of neighbours counts once, as typists do. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb) {
        unsigned row[3][NEAREST_WORD_MAX + 1];

        row[0][0] = 0;
        for (size_t j = 1; j <= nb; j++)
                row[0][j] = row[0][j - 1] + distance_indel(b[j - 1]);
        for (size_t i = 1; i <= na; i++) {
                unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

                now[0] = last[0] + distance_indel(a[i - 1]);
                for (size_t j = 1; j <= nb; j++) {
                        unsigned d = last[j - 1] + (a[i - 1] != b[j - 1] ? NEAREST_STEP : 0);

                        if (last[j] + distance_indel(a[i - 1]) < d)
                                d = last[j] + distance_indel(a[i - 1]);
                        if (now[j - 1] + distance_indel(b[j - 1]) < d)
                                d = now[j - 1] + distance_indel(b[j - 1]);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + NEAREST_STEP < d)
                                d = before[j - 2] + NEAREST_STEP;
                        now[j] = d;
                }
        }
        return row[na % 3][nb];
}

static void nearest_keep(struct nearest *n, const char *known) {
        for (size_t i = 0; i < n->n && i < NEAREST_FEW; i++) {
                if (strcmp(n->known[i], known) == 0)
                        return;
        }
        if (n->n < NEAREST_FEW)
                n->known[n->n] = known;
        if (n->n <= NEAREST_FEW)
                n->n++;
}

void nearest_try(struct nearest *n, const char *known) {
        size_t na = strlen(n->word), nb = strlen(known);
        unsigned d;

        nearest_keep(n, known);
        if (na > NEAREST_WORD_MAX || nb > NEAREST_WORD_MAX)
                return;
        d = strcasecmp(n->word, known) == 0 ? 1 : distance(n->word, na, known, nb); /* in another case it is all but the word itself */
        if (d < n->distance && d <= NEAREST_STEP * ((nb > na ? nb : na) / 2)) {
                n->distance = d;
                n->best = known;
        }
}

const char *nearest_hint(const struct nearest *n, char ret[NEAREST_HINT_MAX]) {
        ret[0] = '\0';
        if (n->best)
                (void) snprintf(ret, NEAREST_HINT_MAX, " (did you mean '%s'?)", n->best);
        return ret;
}
