/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The cursor: reading Avro's primitives from bytes that may be anything; for record.c and datum.c
 *
 * Each function returns 0 or enum cursor_error and moves the cursor only on 0. No byte is touched before its presence is known.
 */

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "avro/schemas.h"
#include "base/utf8.h"

enum cursor_error {
        CURSOR_E_SHORT = 1, /* the bytes end too early */
        CURSOR_E_VALUE,     /* a length, index, boolean or text that cannot be */
};

struct cursor {
        const uint8_t *p, *end;
};

static inline size_t cursor_left(const struct cursor *c) {
        return (size_t)(c->end - c->p);
}

/* What cursor_long() does not do itself. Opaque: what gcc sees of it costs the usual way one instruction in eighty. */
OPAQUE int cursor_long_slow(struct cursor *c, int64_t *ret) MUSTCHECK;

/*
 * A number of one byte, or of up to eight while eight are left, without a branch on its length: the
 * low seven bits of each byte, moved together. Anything else the slow way.
 */
static inline int cursor_long(struct cursor *c, int64_t *ret) {
        struct cursor copy;
        uint64_t bits, stop;
        int r;

        if (c->p < c->end && *c->p < 0x80) {
                bits = *c->p++;
                *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
                return 0;
        }
        if (cursor_left(c) >= sizeof(bits)) {
                memcpy(&bits, c->p, sizeof(bits));
                bits = le64toh(bits);
                stop = ~bits & UINT64_C(0x8080808080808080);
                if (stop) {
                        bits &= (stop ^ (stop - 1)) & UINT64_C(0x7f7f7f7f7f7f7f7f);
                        bits = (bits & UINT64_C(0x7f007f007f007f00)) >> 1 | (bits & UINT64_C(0x007f007f007f007f));
                        bits = (bits & UINT64_C(0x3fff00003fff0000)) >> 2 | (bits & UINT64_C(0x00003fff00003fff));
                        bits = (bits & UINT64_C(0x0fffffff00000000)) >> 4 | (bits & UINT64_C(0x000000000fffffff));
                        c->p += (__builtin_ctzll(stop) >> 3) + 1;
                        *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
                        return 0;
                }
        }
        copy = *c; /* so that the cursor itself can live in registers */
        r = cursor_long_slow(&copy, ret);
        *c = copy;
        return r;
}

static inline int cursor_int(struct cursor *c, int64_t *ret) {
        const uint8_t *before = c->p;
        int r = cursor_long(c, ret);

        if (r == 0 && (*ret < INT32_MIN || *ret > INT32_MAX)) {
                c->p = before;
                return CURSOR_E_VALUE;
        }
        return r;
}

static inline int cursor_boolean(struct cursor *c, int64_t *ret) {
        if (c->p == c->end)
                return CURSOR_E_SHORT;
        if (*c->p > 1)
                return CURSOR_E_VALUE;
        *ret = *c->p++;
        return 0;
}

static inline int cursor_float(struct cursor *c, double *ret) {
        uint32_t bits;
        float f;

        if (cursor_left(c) < 4)
                return CURSOR_E_SHORT;
        bits = (uint32_t)c->p[0] | (uint32_t)c->p[1] << 8 | (uint32_t)c->p[2] << 16 | (uint32_t)c->p[3] << 24;
        memcpy(&f, &bits, sizeof(f));
        c->p += 4;
        *ret = (double)f;
        return 0;
}

static inline int cursor_double(struct cursor *c, double *ret) {
        uint64_t bits = 0;

        if (cursor_left(c) < 8)
                return CURSOR_E_SHORT;
        for (unsigned i = 0; i < 8; i++)
                bits |= (uint64_t)c->p[i] << (8 * i);
        memcpy(ret, &bits, sizeof(*ret));
        c->p += 8;
        return 0;
}

/* @n raw bytes. */
static inline int cursor_bytes(struct cursor *c, size_t n, const uint8_t **ret) {
        if (n > cursor_left(c))
                return CURSOR_E_SHORT;
        *ret = c->p;
        c->p += n;
        return 0;
}

/* A length and as many bytes; more than @max is no value even when the bytes are there. */
static inline int cursor_blob(struct cursor *c, size_t max, struct text *ret) {
        const uint8_t *before = c->p;
        int64_t n;
        int r = cursor_long(c, &n);

        if (r == 0 && (n < 0 || (uint64_t)n > max))
                r = CURSOR_E_VALUE;
        if (r == 0 && (size_t)n > cursor_left(c))
                r = CURSOR_E_SHORT;
        if (r) {
                c->p = before;
                return r;
        }
        *ret = (struct text){(const char *)c->p, (size_t)n};
        c->p += n;
        return 0;
}

/* Whether short text, the usual kind, is plain ASCII; false when only utf8_valid() can tell. @left: bytes that may be read. */
static inline bool cursor_plain(const char *s, size_t n, size_t left) {
        const uint64_t high = UINT64_C(0x8080808080808080);
        uint64_t first, last;

        if (n > 16)
                return false;
        if (left < 8) { /* at the end of the bytes */
                for (first = 0; n > 0; n--)
                        first |= (uint8_t)s[n - 1];
                return first < 0x80;
        }
        memcpy(&first, s, sizeof(first));
        if (n < 8)
                return n == 0 || (le64toh(first) & high >> (64 - 8 * n)) == 0;
        memcpy(&last, s + n - 8, sizeof(last));
        return ((first | last) & high) == 0;
}

static inline int cursor_string(struct cursor *c, size_t max, struct text *ret) {
        const uint8_t *before = c->p;
        int r = cursor_blob(c, max, ret);

        if (r)
                return r;
        if (!cursor_plain(ret->s, ret->n, cursor_left(c) + ret->n) && !utf8_valid(ret->s, ret->n)) {
                c->p = before;
                return CURSOR_E_VALUE;
        }
        return 0;
}

/* The index of a symbol or branch, below @n. */
static inline int cursor_index(struct cursor *c, size_t n, size_t *ret) {
        const uint8_t *before = c->p;
        int64_t i;
        int r = cursor_long(c, &i);

        if (r == 0 && (i < 0 || (uint64_t)i >= n)) {
                c->p = before;
                return CURSOR_E_VALUE;
        }
        *ret = (size_t)i;
        return r;
}

/* What may be passed over: bounds apart from the bytes, since a type may hold itself and an item may take no bytes. */
struct cursor_bounds {
        unsigned depth_max; /* of records, arrays and maps in one another */
        size_t text_max;    /* bytes of one text */
        size_t items_max;   /* of one block of an array or map */
        size_t empty_left;  /* values that take no bytes; goes down */
};

/* Passes over one value of any type, as strictly as reading it. @depth: of what it stands in, 0 outermost. */
OPAQUE int cursor_skip(struct cursor *c, const struct schema *type, unsigned depth, struct cursor_bounds *bounds) MUSTCHECK;

/* The head of the next block of an array or map: *ret_count 0 at the end; *ret_end where the block must end, NULL when the writer did not say. */
int cursor_block(struct cursor *c, size_t items_max, int64_t *ret_count, const uint8_t **ret_end) MUSTCHECK;
