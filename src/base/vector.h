/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Growing arrays
 *
 * VECTOR(struct x) v = {0}; vector_push(&v, item) returns 0 or -ENOMEM; items stand in v.items[0 .. v.n).
 * A push moves the items: keep indices, not pointers. vector_done(&v) frees the array, not what the
 * items own.
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define VECTOR(type)          \
        struct {              \
                type *items;  \
                size_t n, capacity; \
        }

/* Makes room for @n more items. */
#define vector_reserve(v, more) \
        vector_grow_((void **)&(v)->items, &(v)->capacity, (v)->n + (more), sizeof(*(v)->items))

#define vector_push(v, ...)                                                               \
        (((v)->n < (v)->capacity || vector_reserve((v), 1) == 0) ? ((v)->items[(v)->n++] = (__VA_ARGS__), 0) : -ENOMEM)

#define vector_done(v)                   \
        do {                             \
                free((v)->items);        \
                (v)->items = NULL;       \
                (v)->n = (v)->capacity = 0; \
        } while (0)

/* Not for callers: grows an array of @size-byte items to at least @need items. */
int vector_grow_(void **items, size_t *capacity, size_t need, size_t size);
