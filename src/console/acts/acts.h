/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What all acts ask for
 *
 * Each act is asked for by POST, from a form that carries a token, and stands in audit before it is done. The forms are parts of the pages from which it
 * is done.
 */

#include "console/exchange.h"

#define ACTS_REASON_MAX 300 /* bytes of a reason */

/* The reason in a form: one sentence. NULL: there is none, or it is no text or too long. */
const char *acts_reason(const struct exchange *x);
/* The field of a form for it. @label: NULL, the usual question. */
void acts_put_reason(const struct exchange *x, struct html *h, const char *label);
/* Answers that there is none. */
void acts_refuse_reason(struct exchange *x);
