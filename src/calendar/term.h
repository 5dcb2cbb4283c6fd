/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * When a term ends
 *
 * Steps are applied in order. Working days: the n-th working day met, walking day by day, the day of
 * the event not counted. Months and years: the same day number, clamped once, from the anchor of the
 * step. Legal rolling (Algemene termijnenwet 1 and 2) comes after the last step. A calculation that
 * looks at a day of a year that the calendar does not have is refused, never guessed; the days of a
 * term are looked at in their order, until two working days are found (art. 2). Knows nothing of events.
 */

#include "base/arena.h"
#include "base/error.h"
#include "base/reading.h"
#include "calendar/calendar.h"

#define TERM_STEPS_MAX 8
#define TERM_COUNT_MAX 40000 /* of any unit; more is a typing error */

enum term_unit { TERM_DAYS, TERM_WEEKS, TERM_MONTHS, TERM_YEARS, TERM_WORKING_DAYS, TERM_HOURS };

struct term_step {
        enum term_unit unit;
        int count; /* may be negative or zero */
};

struct term {
        unsigned n; /* 1 .. TERM_STEPS_MAX; a term in hours has one step */
        struct term_step steps[TERM_STEPS_MAX];
        bool legal; /* roll: legal */
};

enum term_error {
        TERM_E_YEAR = 1, /* needs a year that the calendar does not have: *ret_year */
        TERM_E_RANGE,    /* leaves the years 1900-2200 */
};

/* Reads "5 working days", "-2 months", "1 day", "24 hours". Return: 0, or -EINVAL with a sentence (and the nearest unit). */
int term_step_parse(const char *text, enum language language, struct term_step *ret, struct error *err) MUSTCHECK;

/* The same from a file of configuration: a scalar that must be one step. False: reported with its place. */
bool reading_step(struct reading *r, const struct yaml_node *node, struct term_step *ret);

/* Whether the steps go together: one to TERM_STEPS_MAX of them, hours alone. Return: 0, or -EINVAL with a sentence. */
int term_check(const struct term *term, enum language language, struct error *err) MUSTCHECK;

/* Whether legal rolling is allowed for this term (contract: no terms back, in hours or working days, over twelve weeks, 90 days, three months;
 * a list of steps may roll when each step alone may). Return: 0, or -EINVAL with a sentence. */
int term_check_legal(const struct term *term, enum language language, struct error *err) MUSTCHECK;

static inline bool term_in_hours(const struct term *term) {
        return term->n == 1 && term->steps[0].unit == TERM_HOURS;
}

/* How a date came about: one line for each thing that happened, in order. calendar/explain.h puts it into words. */
enum trace_kind {
        TRACE_STEP,     /* a step ended on .date; .step says which */
        TRACE_SKIPPED,  /* .date was not counted in the step that follows; .day says why */
        TRACE_ROLLED,   /* the end moved on from .date because of .day (art. 1) */
        TRACE_EXTENDED, /* lengthened to .date so that two days are working days (art. 2) */
        TRACE_UNKNOWN,  /* stopped at .date, whose year is unknown; .step in working days, or else it was the rolling */
};
struct trace_entry {
        enum trace_kind kind;
        struct term_step step;
        day_t date;
        enum day_kind day;
};
#define TRACE_MAX 512
struct trace { /* the caller sets .arena; term_end() the rest, anew each time */
        struct arena *arena;         /* where entries come from */
        struct trace_entry *entries; /* TRACE_MAX at most; of more, skipped days are left out and .cut is set */
        unsigned n, capacity;
        bool cut;
        bool legal;       /* the term rolls */
        int unknown_year; /* the year that the calendar does not have, or 0 */
        day_t from;       /* what the term counts from */
        day_t end;        /* its last day; DAY_NONE when it could not be computed */
};

/*
 * The last day of the term that starts from @from. Not for hours (assert).
 * @trace: NULL, or filled. @ret_year may be NULL. Return: 0, TERM_E_YEAR, TERM_E_RANGE, -ENOMEM (only with trace).
 */
int term_end(const struct calendar *cal, const struct term *term, day_t from, struct trace *trace, day_t *ret, int *ret_year) MUSTCHECK;

/* One step from a day, without rolling: for reminders and rungs. As above. */
int term_step_end(const struct calendar *cal, struct term_step step, day_t from, day_t *ret, int *ret_year) MUSTCHECK;

/* The instant so many hours (assert) from another: nowhere else are hours counted. Return: 0, or TERM_E_RANGE when one of them leaves the years 2000-2200. */
int term_hours_end(struct term_step step, instant_t from, instant_t *ret) MUSTCHECK;

/* "5 working days", "-1 month": as protocols write it. Return: length, as snprintf. */
int term_step_format(struct term_step step, char *ret, size_t size);
