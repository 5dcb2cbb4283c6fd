/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Civil dates, and the instants of Europe/Amsterdam
 *
 * A date is a day number; a date begins and ends at local midnight. Offsets follow the rule of the
 * European Union (summer time from the last Sunday of March to the last of October, 01:00 UTC),
 * which is applied to every year (it holds for every instant that an event may carry, 2000-2200); no
 * time zone files are read. Knows nothing of holidays.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

typedef int32_t day_t; /* days since 1970-01-01, proleptic Gregorian */

#define DAY_NONE INT32_MIN
#define DATE_TEXT 10    /* YYYY-MM-DD */
#define INSTANT_TEXT 29 /* YYYY-MM-DDTHH:MM:SS.mmm+HH:MM */

#define DATE_YEAR_MIN 1900
#define DATE_YEAR_MAX 2200
#define INSTANT_YEAR_MIN 2000
#define INSTANT_YEAR_MAX 2200
/* The same years as instants, in UTC: INSTANT_MIN <= at < INSTANT_END. */
#define INSTANT_MIN INT64_C(946684800000)
#define INSTANT_END INT64_C(7289654400000)
/* The instants that have a text, INSTANT_TEXT_MIN <= at < INSTANT_TEXT_END: years 1 to 9999, less a day of room for the offset. */
#define INSTANT_TEXT_MIN INT64_C(-62135510400000)
#define INSTANT_TEXT_END INT64_C(253402214400000)
#define INSTANT_DAY (24 * HOUR_MS)

enum weekday { MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

/* Years 1 to 9999, for all below. */
day_t date_from_ymd(int year, int month, int day); /* month 1-12, day 1-31: the caller knows that it exists */
void date_to_ymd(day_t date, int *ret_year, int *ret_month, int *ret_day);
int date_year(day_t date);
enum weekday date_weekday(day_t date);
int date_month_days(int year, int month);

/* Reads exactly YYYY-MM-DD, an existing day of the years DATE_YEAR_MIN to DATE_YEAR_MAX. */
bool date_parse(struct text t, day_t *ret);
void date_format(day_t date, char ret[DATE_TEXT + 1]);

/* Whether a date lies in the years DATE_YEAR_MIN to DATE_YEAR_MAX. */
bool date_valid(day_t date);

/* The local date on which an instant falls; the instant at which a local date begins. */
day_t date_of_instant(instant_t at);
instant_t date_begin(day_t date);
static inline instant_t date_over(day_t date) { /* local midnight after it */
        return date_begin(date + 1);
}

/* Minutes by which Amsterdam is ahead of UTC at an instant: 60 or 120. */
int instant_offset_minutes(instant_t at);

static inline bool instant_valid(instant_t at) {
        return at >= INSTANT_MIN && at < INSTANT_END;
}

/* Reads RFC 3339 with offset or Z, up to milliseconds (more digits are cut), years INSTANT_YEAR_MIN to INSTANT_YEAR_MAX (in UTC). */
bool instant_parse(struct text t, instant_t *ret);

/* What people write where an instant is meant: such a text, or a date for its local midnight. */
bool instant_or_date_parse(struct text t, instant_t *ret);

/* RFC 3339 with the Amsterdam offset, to the second: 2022-10-18T00:00:00+02:00. One that has no text is written as the nearest that has. */
void instant_format(instant_t at, char ret[INSTANT_TEXT + 1]);
/* The same with milliseconds when they are not zero: reads back as the same instant. */
void instant_format_exact(instant_t at, char ret[INSTANT_TEXT + 1]);

/* Writes a property with it: as instant_format(), as instant_format_exact(). */
void instant_put(struct json_writer *w, const char *key, instant_t at);
void instant_put_exact(struct json_writer *w, const char *key, instant_t at);
