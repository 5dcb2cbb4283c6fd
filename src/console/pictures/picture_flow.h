/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What flowed: bars of the last hour or day
 *
 * Pure: counts in, a picture out (web/parts.h: title, description). Small, it stands in a cell of a table and its description has every count; large, it
 * has instants below, and the page has the table with the same counts.
 */

#include "base/clock.h"
#include "base/language.h"
#include "web/html.h"

#define PICTURE_FLOW_MAX 24 /* bars */

struct picture_flow {
        const char *id;         /* unique on the page */
        const char *title;      /* what flowed, and when */
        enum language language;
        const int64_t *counts;  /* oldest first; not below 0 */
        unsigned n;             /* PICTURE_FLOW_MAX at most; 0: nothing is drawn */
        instant_t from;         /* when the first began */
        int64_t span_ms;
};

/* Without words, for a line or a cell; and a figure of its own. */
void picture_flow_small(struct html *h, const struct picture_flow *flow);
void picture_flow_large(struct html *h, const struct picture_flow *flow);
