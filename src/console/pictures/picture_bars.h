/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Bars: how many of each, in up to three parts beside each other
 *
 * Pure: figures in, a figure out (web/parts.h: title, description). The page has the table with the same figures. Parts differ by their height, not by
 * colour alone, and the numbers stand at the end of each bar.
 */

#include "base/language.h"
#include "web/html.h"

#define PICTURE_BARS_MAX 60 /* more are left out; the description says how many */
#define PICTURE_BARS_PARTS 3

struct picture_bars_part {
        const char *word;  /* what it counts: "op orde" */
        const char *class; /* of console.css: "good", "wrong", "main" */
};

struct picture_bar {
        const char *label;
        int64_t values[PICTURE_BARS_PARTS]; /* not below 0 */
};

struct picture_bars {
        const char *id;      /* unique on the page */
        const char *caption;
        enum language language;
        struct picture_bars_part parts[PICTURE_BARS_PARTS];
        size_t parts_n;
        const struct picture_bar *bars;
        size_t bars_n;
};

/* Writes the figure; without bars nothing. */
void picture_bars(struct html *h, const struct picture_bars *bars);
