/* SPDX-License-Identifier: EUPL-1.2 */

/* The one part of a growing array that is not a macro: making room. */

#include "base/vector.h"

#include <stdint.h>

int vector_grow_(void **items, size_t *capacity, size_t need, size_t size) {
        size_t n = *capacity ? *capacity : 4;
        void *p;

        if (need <= *capacity)
                return 0;
        while (n < need) {
                if (n > SIZE_MAX / 2 / size)
                        return -ENOMEM;
                n *= 2;
        }
        p = realloc(*items, n * size);
        if (!p)
                return -ENOMEM;
        *items = p;
        *capacity = n;
        return 0;
}
