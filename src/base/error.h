/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What went wrong, for a person
 *
 * Return values say what a program must know (0, negative errno, or a positive outcome named by
 * the function); struct error carries the one sentence that a person reads: what, where, what to
 * do. It owns nothing and lives on the caller's stack. Never put personal data into it.
 *
 * Beside the sentence it keeps its way up: the place in the source where the sentence was said, and each
 * door of a layer that it was passed through. Whoever hands on what another folder returned says
 *
 *         r = bus_worker_begin(w->bus, err);
 *         if (r)
 *                 return error_trace(r, err);
 *
 * and the process that ends because of it logs error_way(). On 0 it does nothing.
 */

#include <stddef.h>

#include "base/cleanup.h"

#define ERROR_TEXT_MAX 640
#define ERROR_HOPS_MAX 8   /* later ones are dropped: where it came from says most */
#define ERROR_WAY_MAX 512  /* bytes of error_way() */

struct error {
        char text[ERROR_TEXT_MAX];
        unsigned mark; /* says that what follows has been written: an error need not be cleared before use */
        unsigned n_hops;
        struct error_hop {
                const char *file; /* a literal */
                int line;
        } hops[ERROR_HOPS_MAX];
};

/* Replaces the sentence, whose way up begins here; @err may be NULL. Text beyond the maximum is cut off. */
#define error_set(err, ...) error_set_at((err), __FILE__, __LINE__, __VA_ARGS__)
void error_set_at(struct error *err, const char *file, int line, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Puts "<prefix>: " before what @err says already; for adding the place on the way up. */
void error_prefix(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * @r, which is handed on, and unless it is 0 a step of @err's way up (NULL: none). Of a negative errno about which
 * nothing was said the sentence becomes the system's own.
 */
void error_pass(int r, struct error *err, const char *file, int line);
#define error_trace(r, err) error_trace_at((r), (err), __FILE__, __LINE__)
static inline int error_trace_at(int r, struct error *err, const char *file, int line) {
        if (__builtin_expect(r != 0, 0))
                error_pass(r, err, file, line);
        return r;
}

/* The way up, "src/bus/kafka/txn.c:88 < src/worker/transaction.c:70": where it was said first. "" when nothing was. Returns @ret. */
const char *error_way(const struct error *err, char ret[ERROR_WAY_MAX]);
