/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Cleanup of locals, and what the compiler is told of functions
 *
 * CLEANUP(fn_p) on a local calls fn on it when it goes out of scope; TAKE(p) hands the pointer
 * out and leaves NULL behind, so that every return path is clean.
 */

#include <stdlib.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define DEFINE_CLEANUP(type, fn)                                                  \
        __attribute__((unused)) static inline void fn##_p(type *p) {              \
                if (*p)                                                           \
                        fn(*p);                                                   \
        }                                                                         \
        struct fn##_semicolon

#define TAKE(p)                              \
        __extension__({                      \
                __typeof__(p) take_ = (p);   \
                (p) = NULL;                  \
                take_;                       \
        })

#define MUSTCHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* For a rare way beside a hot one: out of line, and the compiler lays out its callers without looking into it. */
#if defined(__clang__)
#define OPAQUE __attribute__((noinline))
#else
#define OPAQUE __attribute__((noipa))
#endif

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

DEFINE_CLEANUP(void *, free);
static inline void cleanup_free(void *p) {
        free(*(void **)p);
}
