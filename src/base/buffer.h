/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Growing bytes
 *
 * A buffer has a maximum; beyond it, or out of memory, it goes into the failed state, in which
 * further writes do nothing. So a writer checks once, at the end. Zeroed memory with a max is an
 * empty buffer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct buffer {
        uint8_t *bytes;
        size_t n, capacity, max;
        bool failed;
};

#define BUFFER_INIT(limit) \
        { .max = (limit) }

void buffer_done(struct buffer *b); /* frees the bytes; the buffer is empty and usable again */
void buffer_clear(struct buffer *b); /* n = 0 and not failed; keeps the memory */

/* Add to the end. Beyond the maximum, or without memory, nothing is added and b->failed is set: look at it once, at the end. */
void buffer_add(struct buffer *b, const void *bytes, size_t n);
void buffer_add_byte(struct buffer *b, uint8_t byte);
void buffer_add_text(struct buffer *b, const char *text); /* without the NUL */
void buffer_printf(struct buffer *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for @n more bytes behind b->n, to be written by the caller, who then adds to b->n; NULL when failed. */
uint8_t *buffer_reserve(struct buffer *b, size_t n);

/* The bytes with a NUL behind them; "" when failed. Borrowed until the next write. */
const char *buffer_text(struct buffer *b);
