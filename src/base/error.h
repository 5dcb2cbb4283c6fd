/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What went wrong, for a person
 *
 * Return values say what a program must know (0, negative errno, or a positive outcome named by
 * the function); struct error carries the one sentence that a person reads: what, where, what to
 * do. It owns nothing and lives on the caller's stack. Never put personal data into it.
 */

#include "base/cleanup.h"

#define ERROR_TEXT_MAX 640

struct error {
        char text[ERROR_TEXT_MAX];
};

/* Replaces the sentence; @err may be NULL. Text beyond the maximum is cut off. */
void error_set(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts "<prefix>: " before what @err says already; for adding the place on the way up. */
void error_prefix(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
