/* SPDX-License-Identifier: EUPL-1.2 */

/* Asks whichever allocator serves this program. */

#include "base/allocator.h"

#include <malloc.h>

#define KEPT_FOR_THREADS ((size_t)4 << 20) /* bytes, of all of them */
#define ARENAS 2                           /* of the C library */

/* Of tcmalloc; NULL: it does not serve this program. */
void MallocExtension_ReleaseFreeMemory(void) __attribute__((weak));
int MallocExtension_GetNumericProperty(const char *property, size_t *value) __attribute__((weak));
int MallocExtension_SetNumericProperty(const char *property, size_t value) __attribute__((weak));

void allocator_give_back(void) {
        if (MallocExtension_ReleaseFreeMemory)
                MallocExtension_ReleaseFreeMemory();
        else
                (void) malloc_trim(0);
}

size_t allocator_used(void) {
        size_t used = 0;

        if (MallocExtension_GetNumericProperty && MallocExtension_GetNumericProperty("generic.current_allocated_bytes", &used))
                return used;
        return mallinfo2().uordblks;
}

void allocator_keep_little(void) {
        if (MallocExtension_SetNumericProperty)
                (void) MallocExtension_SetNumericProperty("tcmalloc.max_total_thread_cache_bytes", KEPT_FOR_THREADS);
        else
                (void) mallopt(M_ARENA_MAX, ARENAS);
}
