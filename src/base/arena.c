/* SPDX-License-Identifier: EUPL-1.2 */

/* Blocks in a chain, given out from the front and kept over a reset. */

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BLOCK ((size_t)64 * 1024)
#define ARENA_BLOCK_FIRST ((size_t)4 * 1024) /* many arenas, such as those of a schema, never need a second */

struct arena_block {
        struct arena_block *next;
        size_t size;
        _Alignas(16) unsigned char bytes[];
};

int arena_new(struct arena **ret, size_t max) {
        struct arena *arena = calloc(1, sizeof(*arena));

        if (!arena)
                return -ENOMEM;
        arena->max = max;
        *ret = arena;
        return 0;
}

struct arena *arena_free(struct arena *arena) {
        if (!arena)
                return NULL;
        for (struct arena_block *b = arena->first, *next; b; b = next) {
                next = b->next;
                free(b);
        }
        free(arena);
        return NULL;
}

static void enter(struct arena *arena, struct arena_block *b) {
        arena->current = b;
        arena->at = b ? b->bytes : NULL;
        arena->end = b ? b->bytes + b->size : NULL;
}

void arena_reset(struct arena *arena) {
        enter(arena, arena->first);
}

/*
 * Three times what there is, to a block of ordinary size, so that the many arenas that never hold much take little; and at least half of what there is: so
 * sizes that creep up from one message to the next make few blocks, not one each.
 */
static size_t arena_block_size(const struct arena *arena) {
        if (arena->total == 0)
                return ARENA_BLOCK_FIRST;
        if (3 * arena->total < ARENA_BLOCK)
                return 3 * arena->total;
        return arena->total / 2 > ARENA_BLOCK ? arena->total / 2 : ARENA_BLOCK;
}

static struct arena_block *arena_grow(struct arena *arena, size_t size) {
        size_t block_size = arena_block_size(arena);
        struct arena_block *b;

        if (size > block_size)
                block_size = size;
        if (block_size > arena->max - arena->total)
                block_size = size;
        if (block_size > arena->max - arena->total)
                return NULL;
        b = malloc(sizeof(*b) + block_size);
        if (!b)
                return NULL;
        b->size = block_size;
        arena->total += block_size;
        if (arena->current) {
                b->next = arena->current->next;
                arena->current->next = b;
        } else {
                b->next = arena->first;
                arena->first = b;
        }
        return b;
}

void *arena_alloc_elsewhere(struct arena *arena, size_t size) {
        struct arena_block *b = arena->current;
        void *p;

        if (size > SIZE_MAX - ARENA_ALIGN)
                return NULL;
        size = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
        do {
                b = b && b->next ? b->next : arena_grow(arena, size);
                if (!b)
                        return NULL;
                enter(arena, b);
        } while (size > b->size);
        p = arena->at;
        arena->at += size;
        return p;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t n) {
        char *p;

        if (n == SIZE_MAX)
                return NULL;
        p = arena_alloc(arena, n + 1);
        if (!p)
                return NULL;
        if (n)
                memcpy(p, bytes, n);
        p[n] = '\0';
        return p;
}

char *arena_printf(struct arena *arena, const char *fmt, ...) {
        va_list args, again;
        char *p = NULL;
        int n;

        va_start(args, fmt);
        va_copy(again, args);
        n = vsnprintf(NULL, 0, fmt, args);
        if (n >= 0)
                p = arena_alloc(arena, (size_t)n + 1);
        if (p)
                (void) vsnprintf(p, (size_t)n + 1, fmt, again); /* measured just before */
        va_end(again);
        va_end(args);
        return p;
}
