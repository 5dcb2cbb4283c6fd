/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* A time axis: where an instant stands in a picture, and lines with dates as people write them. Pure. */

#include "base/language.h"
#include "calendar/date.h"
#include "web/html.h"

#define AXIS_TICKS_MAX 9

struct axis {
        instant_t first, last; /* first < last */
        double from, to;       /* where they stand */
};

/* Makes room at both sides, so that nothing stands at the very edge; @first <= @last. */
struct axis axis_over(instant_t first, instant_t last, double from, double to);

/* Where it stands: what lies before or behind stands at the edge. */
double axis_x(const struct axis *axis, instant_t at);

/* Lines from @top to @bottom at days, weeks, months or years, AXIS_TICKS_MAX at most, each with its date above. */
void axis_draw(struct html *h, const struct axis *axis, double top, double bottom, enum language language);
