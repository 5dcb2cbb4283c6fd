/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The ladder of a norm on a time line, and the table with the same data
 *
 * From the start to the due date, with reminders, and from there on the rungs, each with whom. Before and behind the due date each has a scale of its own,
 * which the description says: a term of eighteen years and a rung after a week stand beside each other. Without a term only the order is shown.
 */

#include "base/language.h"
#include "model/protocol.h"
#include "web/html.h"

struct picture_ladder {
        const char *id;          /* of the picture, unique on the page; that of its table is "<id>-table" */
        const struct norm *norm;
        enum language language;
};

/* Whether the norm tells anything: else there is no picture of it. */
static inline bool picture_ladder_some(const struct norm *norm) {
        return norm->n_rungs || norm->n_reminders;
}

/* The figure; only of a norm that tells something. */
void picture_ladder_draw(struct html *h, const struct picture_ladder *p);
/* Each step, in the order of time. */
void picture_ladder_table(struct html *h, const struct picture_ladder *p);
