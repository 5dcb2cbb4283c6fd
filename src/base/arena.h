/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Arena: memory for one message
 *
 * Everything that decoding, evaluating and encoding one message needs comes from here and goes
 * at once with arena_reset(). Nothing in an arena may be kept in an object that is not in it.
 * Blocks are kept over a reset, so that a warm arena does not touch malloc.
 */

#include <stddef.h>

#include "base/cleanup.h"

struct arena;

/* @max: bytes that the arena may hold in all. Return: 0 or -ENOMEM. */
int arena_new(struct arena **ret, size_t max) MUSTCHECK;
struct arena *arena_free(struct arena *arena); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct arena *, arena_free);

/* Forgets everything that was allocated; keeps the blocks. */
void arena_reset(struct arena *arena);

/* @size bytes, aligned to 16, not cleared; NULL when the maximum is reached or memory is out. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, cleared; NULL also when count * size overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* A copy of @n bytes with a NUL behind it; NULL as above. */
char *arena_copy(struct arena *arena, const void *bytes, size_t n);

/* A formatted string; NULL as above. */
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
