/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
 */

#include <stdbool.h>
#include <stddef.h>

/* The length of the character at @s, 1 to 4, or 0 when the bytes are none. @n > 0. */
size_t utf8_length(const char *s, size_t n);

/* Whether all @n bytes are UTF-8. */
bool utf8_valid(const char *s, size_t n);

/* Of how many characters @n bytes are, a byte that belongs to none counting as one. */
size_t utf8_count(const char *s, size_t n);

/* How many of the @n bytes are left when there may be no more than @max, and none of them is a piece of a character that is cut in two. */
size_t utf8_cut(const char *s, size_t n, size_t max);
