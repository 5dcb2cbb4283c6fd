/* SPDX-License-Identifier: EUPL-1.2 */

/* Which dates stand on a time axis, and where. */

#include "console/pictures/axis.h"

#include <assert.h>
#include <string.h>

#include "console/pictures/shapes.h"
#include "web/parts.h"

#define AXIS_LABEL_LIFT 5.0 /* of the words above a line */

struct axis_step { /* from one date to the next */
        int days, months; /* one of them */
};

static const struct axis_step axis_steps[] = {{1, 0}, {2, 0}, {7, 0}, {14, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 6}, {0, 12}, {0, 24}, {0, 60}, {0, 120}, {0, 600}};

struct axis axis_over(instant_t first, instant_t last, double from, double to) {
        instant_t room = (last - first) / 50 + INSTANT_DAY / 2;

        assert(first <= last && from < to);
        return (struct axis){first - room, last + room, from, to};
}

double axis_x(const struct axis *axis, instant_t at) {
        double part = (double)(at - axis->first) / (double)(axis->last - axis->first);

        return axis->from + (axis->to - axis->from) * (part < 0 ? 0 : part > 1 ? 1 : part);
}

/* The first date of the step on or after @date: a Monday for weeks, the first of a month for months. */
static day_t axis_align(const struct axis_step *step, day_t date) {
        int year, month, day, months;

        if (step->days)
                return step->days < 7 ? date : date + (7 - (int)date_weekday(date)) % 7;
        date_to_ymd(date, &year, &month, &day);
        months = year * 12 + month - 1 + (day > 1);
        months = (months + step->months - 1) / step->months * step->months;
        return date_from_ymd(months / 12, months % 12 + 1, 1);
}

static day_t axis_next(const struct axis_step *step, day_t date) {
        return step->days ? date + step->days : axis_align(step, date + 1);
}

static size_t axis_count(const struct axis_step *step, day_t first, day_t last) {
        size_t n = 0;

        for (day_t date = axis_align(step, first); date <= last && n <= AXIS_TICKS_MAX; date = axis_next(step, date))
                n++;
        return n;
}

/* "3 mrt 2026"; without the day when it is the first of a month and all are. */
static void axis_label(struct html *h, const struct axis_step *step, day_t date, double x, double y, enum language language) {
        char text[PART_DATE_TEXT], *words = text;

        (void) part_date_text(date, language, text);
        if (step->months >= 12)
                words = strrchr(text, ' ') + 1;
        else if (step->months)
                words = strchr(text, ' ') + 1;
        shape_words(h, "quiet middle", x, y, words);
}

void axis_draw(struct html *h, const struct axis *axis, double top, double bottom, enum language language) {
        day_t first = date_of_instant(axis->first), last = date_of_instant(axis->last);
        const struct axis_step *step = &axis_steps[0];
        double room = 60; /* for half a date at the edge */

        while (step < &axis_steps[ELEMENTS(axis_steps) - 1] && axis_count(step, first, last) > AXIS_TICKS_MAX)
                step++;
        for (day_t date = axis_align(step, first); date <= last; date = axis_next(step, date)) {
                double x = axis_x(axis, date_begin(date));

                shape_line(h, "grid", x, top, x, bottom);
                if (x > axis->from + room / 2 && x < axis->to - room / 2)
                        axis_label(h, step, date, x, top - AXIS_LABEL_LIFT, language);
        }
}
