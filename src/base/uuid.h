/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * UUIDs
 *
 * 16 bytes; text is 36 lower-case characters. Version 5 (RFC 4122, SHA-1 of a name) is how every
 * output gets the same id again when it is made again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define UUID_TEXT 36

struct uuid {
        uint8_t bytes[16];
};

/* The namespace of every id that ketenwacht derives: 6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11. */
extern const struct uuid uuid_namespace_ketenwacht;

/* Reads exactly 36 characters, lower case only. Return: true when it is a UUID; else *ret is undefined. */
bool uuid_parse(const char *text, size_t n, struct uuid *ret);

/* Writes 36 characters and a NUL. */
void uuid_format(const struct uuid *u, char ret[UUID_TEXT + 1]);

/* The same without the NUL. */
void uuid_write(const struct uuid *u, char ret[UUID_TEXT]);

/* Version 5 of @n bytes of @name in @ns. */
struct uuid uuid_v5(const struct uuid *ns, const void *name, size_t n);

/* The same of many names: several go side by side in little more time than one. */
void uuid_v5_all(const struct uuid *ns, const struct text *names, size_t n, struct uuid *ret);

/* Version 4 from 16 random bytes (base/clock.h has a source of them). */
struct uuid uuid_v4(const uint8_t random[16]);

static inline int uuid_compare(const struct uuid *a, const struct uuid *b) {
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
static inline bool uuid_equal(const struct uuid *a, const struct uuid *b) {
        return uuid_compare(a, b) == 0;
}
