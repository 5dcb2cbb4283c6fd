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
#include <string.h>

#include "base/cleanup.h"

struct arena_block;

struct arena { /* for the inline functions below only */
        unsigned char *at, *end; /* what is left of the current block */
        struct arena_block *first, *current;
        size_t max, total;
};

/* @max: bytes that the arena may hold in all. Return: 0 or -ENOMEM. */
int arena_new(struct arena **ret, size_t max) MUSTCHECK;
struct arena *arena_free(struct arena *arena); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct arena *, arena_free);

/* Forgets everything that was allocated; keeps the blocks. */
void arena_reset(struct arena *arena);

#define ARENA_ALIGN ((size_t)16)

/* Not for callers: when the current block has no room. */
void *arena_alloc_elsewhere(struct arena *arena, size_t size);

/* @size bytes, aligned to 16, not cleared; NULL when the maximum is reached or memory is out. */
static inline void *arena_alloc(struct arena *arena, size_t size) {
        size_t padded = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
        void *p = arena->at;

        if (padded < size || padded > (size_t)(arena->end - arena->at) || !p)
                return arena_alloc_elsewhere(arena, size);
        arena->at += padded;
        return p;
}

/* The same, cleared; NULL also when count * size overflows. */
static inline void *arena_calloc(struct arena *arena, size_t count, size_t size) {
        size_t all;
        void *p = __builtin_mul_overflow(count, size, &all) ? NULL : arena_alloc(arena, all);

        return p ? memset(p, 0, all) : NULL;
}

/* A copy of @n bytes with a NUL behind it; NULL as above. */
char *arena_copy(struct arena *arena, const void *bytes, size_t n);

/* A formatted string; NULL as above. */
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
