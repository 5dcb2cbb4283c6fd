/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which days are working days
 *
 * Knows weekends, the holidays of the Algemene termijnenwet by formula, and the equated days as
 * data with the years for which they are known. Knows nothing of events, cases or the present.
 * Immutable after loading: shared without locking.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/mistakes.h"
#include "calendar/date.h"

struct calendar;

enum day_kind { DAY_WORKING, DAY_SATURDAY, DAY_SUNDAY, DAY_HOLIDAY, DAY_EQUATED, DAY_UNKNOWN_YEAR };

/*
 * Reads a calendar file: `equated: [2011-05-06, …]`, `years: [2011, …]`, both needed. An equated day
 * lies in one of the years and would be a working day without it: anything else is a typing error.
 * Every mistake is told with its place, and that there is no such
 * file is one. Return: 0; -EINVAL when there were mistakes; other negative errno.
 */
int calendar_read(const char *path, struct calendar **ret, struct mistakes *mistakes) MUSTCHECK;
int calendar_parse(const char *name, const char *text, size_t n, struct calendar **ret, struct mistakes *mistakes) MUSTCHECK;
struct calendar *calendar_free(struct calendar *cal);
DEFINE_CLEANUP(struct calendar *, calendar_free);

/* What kind of day this is; DAY_UNKNOWN_YEAR when the calendar does not have its year. A holiday that falls in a weekend is a holiday. */
enum day_kind calendar_day(const struct calendar *cal, day_t date);

/*
 * Walks @count working days from @from, which is not counted itself; back when negative; 0 is @from itself.
 * Return: true with the day reached; false with the first day met whose year the calendar does not have.
 */
bool calendar_walk(const struct calendar *cal, day_t from, int count, day_t *ret) MUSTCHECK;

/* Whether the calendar has this year. */
bool calendar_has_year(const struct calendar *cal, int year);

/*
 * The years that a term may come to and that the calendar does not have, in order: those between its years, and CALENDAR_AHEAD behind
 * them; of more than CALENDAR_GAPS_MAX the first. Return: how many.
 */
#define CALENDAR_AHEAD 10
#define CALENDAR_GAPS_MAX 60
size_t calendar_gaps(const struct calendar *cal, int ret[CALENDAR_GAPS_MAX]);

/* The first day from the year of @from on of which the calendar does not have the year; at the latest that of DATE_YEAR_MAX. */
day_t calendar_until(const struct calendar *cal, day_t from);

/* Easter Sunday of a Gregorian year. */
day_t calendar_easter(int year);

/* Name of a holiday in Dutch ("Hemelvaartsdag"), "zaterdag", "zondag", "gelijkgestelde dag", "" for a working day, "onbekend jaar". */
const char *calendar_day_name(const struct calendar *cal, day_t date);
