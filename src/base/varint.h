/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Whole numbers in as few bytes as they need, seven bits in each, the lowest first
 *
 * For what is kept in memory and read back by who wrote it: nothing here looks for mistakes.
 */

#include <stddef.h>
#include <stdint.h>

#define VARINT_MAX 10 /* bytes of one */

/* Writes @value. Return: how many bytes it took. */
static inline size_t varint_put(uint8_t to[VARINT_MAX], uint64_t value) {
        size_t n = 0;

        for (; value > 0x7f; value >>= 7)
                to[n++] = (uint8_t)(value | 0x80);
        to[n++] = (uint8_t)value;
        return n;
}

/* The one that begins at *at, which moves behind it. */
static inline uint64_t varint_take(const uint8_t **at) {
        uint64_t value = 0;

        for (unsigned shift = 0;; shift += 7) {
                uint8_t byte = *(*at)++;

                value |= (uint64_t)(byte & 0x7f) << shift;
                if (!(byte & 0x80))
                        return value;
        }
}

/* Numbers near 0 on both sides as small ones, and back. */
static inline uint64_t varint_fold(int64_t value) {
        return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t varint_unfold(uint64_t value) {
        return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}
