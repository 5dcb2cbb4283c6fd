/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading Avro's primitives from bytes that may be anything; for record.c and skip.c
 *
 * Every function returns 0, RECORD_E_SHORT or RECORD_E_VALUE and moves the cursor only on 0.
 */

#include "avro/record.h"
#include "base/utf8.h"

struct cursor {
        const uint8_t *p, *end;
};

static inline size_t cursor_left(const struct cursor *c) {
        return (size_t)(c->end - c->p);
}

/* More than one byte: at most ten, and no bits beyond 64. */
int cursor_long_slow(struct cursor *c, int64_t *ret);

static inline int cursor_long(struct cursor *c, int64_t *ret) {
        if (c->p < c->end && *c->p < 0x80) {
                uint8_t b = *c->p++;

                *ret = (int64_t)(b >> 1) ^ -(int64_t)(b & 1);
                return 0;
        }
        return cursor_long_slow(c, ret);
}

static inline int cursor_int(struct cursor *c, int64_t *ret) {
        const uint8_t *before = c->p;
        int r = cursor_long(c, ret);

        if (r == 0 && (*ret < INT32_MIN || *ret > INT32_MAX)) {
                c->p = before;
                return RECORD_E_VALUE;
        }
        return r;
}

static inline int cursor_boolean(struct cursor *c, int64_t *ret) {
        if (c->p == c->end)
                return RECORD_E_SHORT;
        if (*c->p > 1)
                return RECORD_E_VALUE;
        *ret = *c->p++;
        return 0;
}

static inline int cursor_float(struct cursor *c, double *ret) {
        uint32_t bits;
        float f;

        if (cursor_left(c) < 4)
                return RECORD_E_SHORT;
        bits = (uint32_t)c->p[0] | (uint32_t)c->p[1] << 8 | (uint32_t)c->p[2] << 16 | (uint32_t)c->p[3] << 24;
        memcpy(&f, &bits, sizeof(f));
        c->p += 4;
        *ret = (double)f;
        return 0;
}

static inline int cursor_double(struct cursor *c, double *ret) {
        uint64_t bits = 0;

        if (cursor_left(c) < 8)
                return RECORD_E_SHORT;
        for (unsigned i = 0; i < 8; i++)
                bits |= (uint64_t)c->p[i] << (8 * i);
        memcpy(ret, &bits, sizeof(*ret));
        c->p += 8;
        return 0;
}

/* @n raw bytes. */
static inline int cursor_bytes(struct cursor *c, size_t n, const uint8_t **ret) {
        if (n > cursor_left(c))
                return RECORD_E_SHORT;
        *ret = c->p;
        c->p += n;
        return 0;
}

/* A length and as many bytes; more than RECORD_TEXT_MAX is no value even when the bytes are there. */
static inline int cursor_blob(struct cursor *c, struct text *ret) {
        const uint8_t *before = c->p;
        int64_t n;
        int r = cursor_long(c, &n);

        if (r == 0 && (n < 0 || n > RECORD_TEXT_MAX))
                r = RECORD_E_VALUE;
        if (r == 0 && (size_t)n > cursor_left(c))
                r = RECORD_E_SHORT;
        if (r) {
                c->p = before;
                return r;
        }
        *ret = (struct text){(const char *)c->p, (size_t)n};
        c->p += n;
        return 0;
}

static inline int cursor_string(struct cursor *c, struct text *ret) {
        const uint8_t *before = c->p;
        int r = cursor_blob(c, ret);

        if (r == 0 && !utf8_valid(ret->s, ret->n)) {
                c->p = before;
                return RECORD_E_VALUE;
        }
        return r;
}

/* The index of a symbol or branch, below @n. */
static inline int cursor_index(struct cursor *c, size_t n, size_t *ret) {
        const uint8_t *before = c->p;
        int64_t i;
        int r = cursor_long(c, &i);

        if (r == 0 && (i < 0 || (uint64_t)i >= n)) {
                c->p = before;
                return RECORD_E_VALUE;
        }
        *ret = (size_t)i;
        return r;
}

/* Passes over one value of any type. @left: how many values may still be passed; goes down. */
int cursor_skip(struct cursor *c, const struct schema *type, unsigned depth, size_t *left);
