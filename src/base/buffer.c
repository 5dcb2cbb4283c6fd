/* SPDX-License-Identifier: EUPL-1.2 */

/* Bytes that grow up to a maximum; whatever fails is remembered, so that callers look once, at the end. */

#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_FIRST 256

void buffer_done(struct buffer *b) {
        free(b->bytes);
        b->bytes = NULL;
        b->n = b->capacity = 0;
        b->failed = false;
}

void buffer_clear(struct buffer *b) {
        b->n = 0;
        b->failed = false;
}

static uint8_t *buffer_grow(struct buffer *b, size_t need) {
        size_t capacity = b->capacity ? b->capacity : BUFFER_FIRST;
        uint8_t *p;

        if (need > b->max) {
                b->failed = true;
                return NULL;
        }
        while (capacity < need)
                capacity *= 2;
        p = realloc(b->bytes, capacity);
        if (!p) {
                b->failed = true;
                return NULL;
        }
        b->bytes = p;
        b->capacity = capacity;
        return b->bytes + b->n;
}

uint8_t *buffer_reserve(struct buffer *b, size_t n) {
        if (b->failed)
                return NULL;
        if (n > SIZE_MAX - b->n) {
                b->failed = true;
                return NULL;
        }
        if (b->n + n <= b->capacity)
                return b->bytes + b->n;
        return buffer_grow(b, b->n + n);
}

void buffer_add(struct buffer *b, const void *bytes, size_t n) {
        uint8_t *p = n ? buffer_reserve(b, n) : NULL;

        if (!p)
                return;
        memcpy(p, bytes, n);
        b->n += n;
}

void buffer_add_byte(struct buffer *b, uint8_t byte) {
        uint8_t *p = buffer_reserve(b, 1);

        if (!p)
                return;
        *p = byte;
        b->n++;
}

void buffer_add_text(struct buffer *b, const char *text) {
        buffer_add(b, text, strlen(text));
}

void buffer_printf(struct buffer *b, const char *fmt, ...) {
        va_list args, again;
        uint8_t *p;
        int n;

        va_start(args, fmt);
        va_copy(again, args);
        n = vsnprintf(NULL, 0, fmt, args);
        p = n >= 0 ? buffer_reserve(b, (size_t)n + 1) : NULL;
        if (p) {
                (void) vsnprintf((char *)p, (size_t)n + 1, fmt, again); /* measured just before */
                b->n += (size_t)n;
        }
        va_end(again);
        va_end(args);
}

const char *buffer_text(struct buffer *b) {
        uint8_t *p = buffer_reserve(b, 1);

        if (!p)
                return "";
        *p = '\0';
        return (const char *)b->bytes;
}
