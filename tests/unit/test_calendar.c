/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: dates, instants and days are what the calendar of the law says, and mistakes in a calendar file are told
 * with their place. Method: tables, every day of 301 years against a walk day by day, Easter against Gauss's own
 * rule, summer time against a search for Sundays.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/calendar.h"
#include "calendar/date.h"

static struct calendar *calendar_of(const char *text) {
        struct calendar *cal = NULL;
        struct mistakes told = MISTAKES_INIT;
        int e = calendar_parse("t.yaml", text, strlen(text), &cal, &told);

        ck_assert_msg(e == 0, "%s", buffer_text(&told.text));
        return cal;
}

static struct calendar *shipped(void) {
        struct calendar *cal = NULL;
        struct mistakes told = MISTAKES_INIT;
        char path[4096];

        ck_assert_int_lt(snprintf(path, sizeof(path), "%s/config/calendar.yaml", getenv("PROJECT_ROOT")), (int)sizeof(path));
        ck_assert_msg(calendar_read(path, &cal, &told) == 0, "%s", buffer_text(&told.text));
        return cal;
}

static day_t day(const char *text) {
        day_t date;

        ck_assert_msg(date_parse(text_of(text), &date), "%s", text);
        return date;
}

START_TEST(test_every_date_follows_the_one_before) {
        int year = 1900, month = 1, d = 1, weekday = MONDAY; /* 1900-01-01 was a Monday */
        day_t last = day("2200-12-31");

        for (day_t date = day("1900-01-01"); date <= last; date++) {
                char text[DATE_TEXT + 1], want[40];
                int y, m, dd;
                day_t back;

                date_to_ymd(date, &y, &m, &dd);
                ck_assert(y == year && m == month && dd == d);
                ck_assert_int_eq(date_year(date), year);
                ck_assert_int_eq(date_from_ymd(y, m, dd), date);
                ck_assert_int_eq(date_weekday(date), weekday);
                ck_assert(date_valid(date));
                date_format(date, text);
                snprintf(want, sizeof(want), "%04d-%02d-%02d", year, month, d);
                ck_assert_str_eq(text, want);
                ck_assert(date_parse(text_of(text), &back) && back == date);
                ck_assert_int_eq(date_of_instant(date_begin(date)), date);
                ck_assert_int_eq(date_of_instant(date_begin(date) - 1), date - 1);
                ck_assert(date_over(date) == date_begin(date + 1));
                weekday = (weekday + 1) % 7;
                if (++d > date_month_days(year, month)) {
                        d = 1;
                        if (++month > 12) {
                                month = 1;
                                year++;
                        }
                }
        }
        ck_assert_int_eq(year, 2201);
        ck_assert(!date_valid(last + 1) && !date_valid(day("1900-01-01") - 1));
        ck_assert_int_eq(day("1970-01-01"), 0);
}
END_TEST

static const char *const no_dates[] = {"",           "2024",       "2024-2-29",  "2023-02-29", "1900-02-29", "2100-02-29", "2024-04-31", "2024-13-01",
                                       "2024-00-01", "2024-01-00", "2024-01-32", "1899-12-31", "2201-01-01", "2024/01/01", "2024-01-01 ", " 2024-01-01",
                                       "+024-01-01", "2024-0a-01", "20240101",   "0000-01-01"};

START_TEST(test_what_is_no_date) {
        day_t date = 7;

        ck_assert(!date_parse(text_of(no_dates[_i]), &date));
        ck_assert_int_eq(date, 7);
}
END_TEST

static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
        const char *written;
} instants[] = {
        {"1970-01-01T00:00:00Z", -1, NULL},
        {"2022-10-18T00:00:00+02:00", 1666044000000, "2022-10-18T00:00:00+02:00"},
        {"2022-10-17T22:00:00Z", 1666044000000, "2022-10-18T00:00:00+02:00"},
        {"2022-10-17t22:00:00z", 1666044000000, "2022-10-18T00:00:00+02:00"},
        {"2022-10-17T17:00:00-05:00", 1666044000000, "2022-10-18T00:00:00+02:00"},
        {"2022-10-17T22:00:00-00:00", 1666044000000, "2022-10-18T00:00:00+02:00"},
        {"2022-12-31T23:59:59.5Z", 1672531199500, "2023-01-01T00:59:59.500+01:00"},
        {"2022-12-31T23:59:59.12", -1, NULL},
        {"2022-12-31T23:59:59.123456789Z", 1672531199123, "2023-01-01T00:59:59.123+01:00"},
        {"2022-12-31T23:59:59.0004Z", 1672531199000, "2023-01-01T00:59:59+01:00"},
        {"2000-01-01T00:00:00Z", 946684800000, "2000-01-01T01:00:00+01:00"},
        {"2000-01-01T00:59:59+01:00", -1, NULL},
        {"1999-12-31T23:59:59.999Z", -1, NULL},
        {"2200-12-31T23:59:59.999Z", 7289654399999, "2201-01-01T00:59:59.999+01:00"},
        {"2201-01-01T00:00:00Z", -1, NULL},
        {"2201-01-01T00:59:59+01:00", 7289654399000, "2201-01-01T00:59:59+01:00"},
        {"2022-10-18", -1, NULL},
        {"2022-10-18T00:00:00", -1, NULL},
        {"2022-10-18 00:00:00Z", -1, NULL},
        {"2022-10-18T24:00:00Z", -1, NULL},
        {"2022-10-18T00:60:00Z", -1, NULL},
        {"2022-10-18T00:00:60Z", -1, NULL},
        {"2022-10-18T00:00Z", -1, NULL},
        {"2022-10-18T00:00:00.Z", -1, NULL},
        {"2022-10-18T00:00:00+0200", -1, NULL},
        {"2022-10-18T00:00:00+24:00", -1, NULL},
        {"2022-10-18T00:00:00+02:60", -1, NULL},
        {"2022-10-18T00:00:00+02:00 ", -1, NULL},
        {"2022-10-18T00:00:00ZZ", -1, NULL},
        {"2022-02-30T00:00:00Z", -1, NULL},
        {"2022-10-18T-1:00:00Z", -1, NULL},
        {"", -1, NULL},
};

START_TEST(test_instants) {
        instant_t at = 7;
        char text[INSTANT_TEXT + 1];
        bool ok = instant_parse(text_of(instants[_i].text), &at);

        ck_assert_msg(ok == (instants[_i].ms >= 0), "%s", instants[_i].text);
        ck_assert_int_eq(at, ok ? instants[_i].ms : 7);
        if (ok) {
                instant_format_exact(at, text);
                ck_assert_str_eq(text, instants[_i].written);
        }
}
END_TEST

START_TEST(test_formats_never_leave_their_room) {
        char text[INSTANT_TEXT + 1];

        instant_format(INSTANT_NEVER, text);
        ck_assert_str_eq(text, "9999-12-31T00:59:59+01:00");
        instant_format_exact(INT64_MIN, text);
        ck_assert_str_eq(text, "0001-01-02T01:00:00+01:00");
        instant_format(1672531199999, text);
        ck_assert_str_eq(text, "2023-01-01T00:59:59+01:00");
        instant_format_exact(1672531199007, text);
        ck_assert_str_eq(text, "2023-01-01T00:59:59.007+01:00");
}
END_TEST

static const struct {
        const char *from, *until;
} summers[] = {
        {"2000-03-26T01:00:00Z", "2000-10-29T01:00:00Z"}, {"2011-03-27T01:00:00Z", "2011-10-30T01:00:00Z"}, {"2019-03-31T01:00:00Z", "2019-10-27T01:00:00Z"},
        {"2020-03-29T01:00:00Z", "2020-10-25T01:00:00Z"}, {"2022-03-27T01:00:00Z", "2022-10-30T01:00:00Z"}, {"2023-03-26T01:00:00Z", "2023-10-29T01:00:00Z"},
        {"2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"}, {"2025-03-30T01:00:00Z", "2025-10-26T01:00:00Z"}, {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"},
};

START_TEST(test_summer_time_begins_and_ends) {
        instant_t from, until;

        ck_assert(instant_parse(text_of(summers[_i].from), &from) && instant_parse(text_of(summers[_i].until), &until));
        ck_assert_int_eq(instant_offset_minutes(from - 1), 60);
        ck_assert_int_eq(instant_offset_minutes(from), 120);
        ck_assert_int_eq(instant_offset_minutes(until - 1), 120);
        ck_assert_int_eq(instant_offset_minutes(until), 60);
}
END_TEST

/* Every change of the clock from 2000 to 2200, half hour by half hour: what is written reads back, and offsets change once. */
START_TEST(test_instants_around_every_change_of_the_clock) {
        for (int year = 2000; year <= 2200; year++) {
                for (int month = 3; month <= 10; month += 7) {
                        day_t sunday = date_from_ymd(year, month, 31);
                        instant_t change;

                        while (date_weekday(sunday) != SUNDAY)
                                sunday--;
                        change = sunday * INSTANT_DAY + HOUR_MS;
                        ck_assert_int_eq(date_over(sunday) - date_begin(sunday), INSTANT_DAY + (month == 3 ? -1 : 1) * HOUR_MS);
                        for (instant_t at = change - 36 * HOUR_MS; at <= change + 36 * HOUR_MS; at += HOUR_MS / 2 + 1) {
                                char text[INSTANT_TEXT + 1];
                                instant_t back;

                                ck_assert_int_eq(instant_offset_minutes(at), (at >= change) == (month == 3) ? 120 : 60);
                                instant_format_exact(at, text);
                                ck_assert(instant_parse(text_of(text), &back) && back == at);
                                text[DATE_TEXT] = '\0';
                                ck_assert_int_eq(date_of_instant(at), day(text));
                        }
                }
        }
}
END_TEST

/* Gauss's rule with its two exceptions; M and N as he gives them for each century. */
static day_t gauss_easter(int year) {
        int m = year < 2200 ? 24 : 25, n = year < 2100 ? 5 : year < 2200 ? 6 : 0;
        int a = year % 19, b = year % 4, c = year % 7, d = (19 * a + m) % 30, e = (2 * b + 4 * c + 6 * d + n) % 7;

        if (d == 29 && e == 6)
                return date_from_ymd(year, 4, 19);
        if (d == 28 && e == 6 && a > 10)
                return date_from_ymd(year, 4, 18);
        return date_from_ymd(year, 3, 1) + 21 + d + e;
}

START_TEST(test_easter) {
        for (int year = 1900; year <= 2200; year++) {
                ck_assert_msg(calendar_easter(year) == gauss_easter(year), "%d", year);
                ck_assert_int_eq(date_weekday(calendar_easter(year)), SUNDAY);
        }
        ck_assert_int_eq(calendar_easter(2024), day("2024-03-31"));
        ck_assert_int_eq(calendar_easter(2038), day("2038-04-25"));
}
END_TEST

/* The movable holidays of each year; the others stand in every year on the same day. */
static const struct {
        int year;
        const char *good_friday, *easter_monday, *royal, *ascension, *whit_monday;
} holidays[] = {
        {2011, "04-22", "04-25", "04-30", "06-02", "06-13"}, {2012, "04-06", "04-09", "04-30", "05-17", "05-28"},
        {2013, "03-29", "04-01", "04-30", "05-09", "05-20"},
        {2014, "04-18", "04-21", "04-26", "05-29", "06-09"}, {2015, "04-03", "04-06", "04-27", "05-14", "05-25"},
        {2016, "03-25", "03-28", "04-27", "05-05", "05-16"},
        {2017, "04-14", "04-17", "04-27", "05-25", "06-05"}, {2018, "03-30", "04-02", "04-27", "05-10", "05-21"},
        {2019, "04-19", "04-22", "04-27", "05-30", "06-10"},
        {2020, "04-10", "04-13", "04-27", "05-21", "06-01"}, {2021, "04-02", "04-05", "04-27", "05-13", "05-24"},
        {2022, "04-15", "04-18", "04-27", "05-26", "06-06"},
        {2023, "04-07", "04-10", "04-27", "05-18", "05-29"}, {2024, "03-29", "04-01", "04-27", "05-09", "05-20"},
        {2025, "04-18", "04-21", "04-26", "05-29", "06-09"},
        {2026, "04-03", "04-06", "04-27", "05-14", "05-25"}, {2027, "03-26", "03-29", "04-27", "05-06", "05-17"},
        {2028, "04-14", "04-17", "04-27", "05-25", "06-05"},
};

START_TEST(test_holidays_of_a_year) {
        const struct {
                const char *when, *name;
        } all[] = {
                {"01-01", "Nieuwjaarsdag"},
                {holidays[_i].good_friday, "Goede Vrijdag"},
                {holidays[_i].easter_monday, "Tweede Paasdag"},
                {holidays[_i].royal, holidays[_i].year < 2014 ? "Koninginnedag" : "Koningsdag"},
                {holidays[_i].ascension, "Hemelvaartsdag"}, /* before 5 May: in 2016 they fall together */
                {"05-05", "Bevrijdingsdag"},
                {holidays[_i].whit_monday, "Tweede Pinksterdag"},
                {"12-25", "Eerste Kerstdag"},
                {"12-26", "Tweede Kerstdag"},
        };
        char text[64];
        struct calendar *cal;

        snprintf(text, sizeof(text), "years: [%d]\nequated: []\n", holidays[_i].year);
        cal = calendar_of(text);
        for (day_t date = date_from_ymd(holidays[_i].year, 1, 1); date_year(date) == holidays[_i].year; date++) {
                enum weekday weekday = date_weekday(date);
                const char *name = weekday == SATURDAY ? "zaterdag" : weekday == SUNDAY ? "zondag" : "";
                enum day_kind kind = weekday == SATURDAY ? DAY_SATURDAY : weekday == SUNDAY ? DAY_SUNDAY : DAY_WORKING;

                date_format(date, text);
                for (size_t i = ELEMENTS(all); i-- > 0;) {
                        if (strcmp(text + 5, all[i].when) == 0) {
                                name = all[i].name;
                                kind = DAY_HOLIDAY;
                        }
                }
                ck_assert_msg(calendar_day(cal, date) == kind, "%s", text);
                ck_assert_str_eq(calendar_day_name(cal, date), name);
        }
        calendar_free(cal);
}
END_TEST

static const struct {
        const char *date, *name;
} royal_days[] = {
        {"2000-04-29", "Koninginnedag"}, {"2000-04-30", "zondag"}, {"2006-04-29", "Koninginnedag"}, {"2013-04-30", "Koninginnedag"},
        {"2014-04-26", "Koningsdag"},    {"2014-04-27", "zondag"}, {"2014-04-30", ""},              {"2024-04-27", "Koningsdag"},
        {"2024-04-26", ""},              {"2031-04-26", "Koningsdag"}, {"2036-04-26", "Koningsdag"},
};

START_TEST(test_royal_day_is_never_a_sunday) {
        struct calendar *cal = calendar_of("years: [2000, 2006, 2013, 2014, 2024, 2031, 2036]\nequated: []\n");

        ck_assert_str_eq(calendar_day_name(cal, day(royal_days[_i].date)), royal_days[_i].name);
        calendar_free(cal);
}
END_TEST

START_TEST(test_shipped_calendar) {
        static const struct {
                const char *date;
                enum day_kind kind;
                const char *name;
        } rows[] = {
                {"2020-05-21", DAY_HOLIDAY, "Hemelvaartsdag"},
                {"2020-05-22", DAY_EQUATED, "gelijkgestelde dag"},
                {"2020-05-23", DAY_SATURDAY, "zaterdag"},
                {"2020-05-24", DAY_SUNDAY, "zondag"},
                {"2020-05-25", DAY_WORKING, ""},
                {"2021-05-05", DAY_HOLIDAY, "Bevrijdingsdag"},
                {"2022-12-25", DAY_HOLIDAY, "Eerste Kerstdag"},
                {"2010-12-31", DAY_UNKNOWN_YEAR, "onbekend jaar"},
                {"2017-06-01", DAY_UNKNOWN_YEAR, "onbekend jaar"},
                {"2018-12-25", DAY_UNKNOWN_YEAR, "onbekend jaar"},
                {"2029-01-01", DAY_UNKNOWN_YEAR, "onbekend jaar"},
                {"1900-01-01", DAY_UNKNOWN_YEAR, "onbekend jaar"},
                {"2200-12-31", DAY_UNKNOWN_YEAR, "onbekend jaar"},
        };
        struct calendar *cal = shipped();
        unsigned equated = 0;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ck_assert_msg(calendar_day(cal, day(rows[i].date)) == rows[i].kind, "%s", rows[i].date);
                ck_assert_str_eq(calendar_day_name(cal, day(rows[i].date)), rows[i].name);
        }
        for (int year = 1890; year <= 2210; year++)
                ck_assert_int_eq(calendar_has_year(cal, year), year >= 2011 && year <= 2028 && year != 2017 && year != 2018);
        for (day_t date = day("1900-01-01") - 400; date < day("2200-12-31") + 400; date++)
                equated += calendar_day(cal, date) == DAY_EQUATED;
        ck_assert_uint_eq(equated, 28);
        ck_assert_int_eq(calendar_day(cal, DAY_NONE), DAY_UNKNOWN_YEAR);
        ck_assert_int_eq(calendar_day(cal, INT32_MAX), DAY_UNKNOWN_YEAR);
        calendar_free(cal);
}
END_TEST

START_TEST(test_the_first_and_last_year_can_be_listed) {
        struct calendar *cal = calendar_of("equated: [2200-12-30, 1900-01-02]\nyears: [2200, 1900]\n");
        day_t end;

        ck_assert_int_eq(calendar_day(cal, day("1900-01-01")), DAY_HOLIDAY);
        ck_assert_int_eq(calendar_day(cal, day("1900-01-02")), DAY_EQUATED);
        ck_assert_int_eq(calendar_day(cal, day("2200-12-31")), DAY_WORKING);
        ck_assert_int_eq(calendar_day(cal, day("2200-12-31") + 1), DAY_UNKNOWN_YEAR);
        ck_assert_int_eq(calendar_day(cal, day("1900-01-01") - 1), DAY_UNKNOWN_YEAR);
        ck_assert(calendar_walk(cal, day("2200-12-29"), 1, &end) && end == day("2200-12-31"));
        ck_assert(!calendar_walk(cal, day("2200-12-29"), 2, &end) && end == day("2200-12-31") + 1);
        ck_assert(!calendar_walk(cal, day("1900-01-03"), -1, &end) && end == day("1900-01-01") - 1);
        calendar_free(cal);
}
END_TEST

static const struct {
        const char *text, *want;
} mistakes[] = {
        {"", "t.yaml:1:1: the calendar lacks the key 'years'"},
        {"years: [2024]\n", "t.yaml:1:1: the calendar lacks the key 'equated'"},
        {"equated: []\n", "t.yaml:1:1: the calendar lacks the key 'years'"},
        {"- 2024\n", "t.yaml:1:1: the calendar must be a mapping of keys to values, not a list"},
        {"2024\n", "t.yaml:1:1: the calendar must be a mapping of keys to values, not a single value"},
        {"years: [2024]\nequatd: []\n", "t.yaml:2:1: the calendar has no key 'equatd' (did you mean 'equated'?)"},
        {"equated: []\nyaers: [2024]\n",
         "t.yaml:2:1: the calendar has no key 'yaers' (did you mean 'years'?)\nt.yaml:1:1: the calendar lacks the key 'years'"},
        {"equated: []\nyears: []\nholidays: []\n", "t.yaml:3:1: the calendar has no key 'holidays'"},
        {"equated: []\nyears: [2024]\nyears: [2025]\n", "t.yaml:3:1: the key 'years' stands here twice (first in line 2)"},
        {"equated: []\nyears: 2024\n", "t.yaml:2:8: years must be a list, not a single value"},
        {"equated: []\nyears: {2024: 1}\n", "t.yaml:2:8: years must be a list, not a mapping of keys to values"},
        {"equated:\nyears: [2024]\n", "t.yaml:1:9: equated must be a list, not a single value"},
        {"equated: []\nyears: [2024, twenty]\n", "t.yaml:2:15: a year must be a number from 1900 to 2200, not 'twenty'"},
        {"equated: []\nyears: [2024, 1899]\n", "t.yaml:2:15: a year must be a number from 1900 to 2200, not '1899'"},
        {"equated: []\nyears: [2201]\n", "t.yaml:2:9: a year must be a number from 1900 to 2200, not '2201'"},
        {"equated: []\nyears: ['2024']\n", "t.yaml:2:9: a year must be a number from 1900 to 2200, without quotes"},
        {"equated: []\nyears: [2024-2026]\n", "t.yaml:2:9: a year must be a number from 1900 to 2200, not '2024-2026'"},
        {"equated: [2017-05-26]\nyears:\n  - 2024\n  - [2025]\n  - x\n",
         "t.yaml:4:5: a year must be a single value, not a list\nt.yaml:5:5: a year must be a number from 1900 to 2200, not 'x'"},
        {"equated: []\nyears: [2024, 2025, 2024]\n", "t.yaml:2:21: the year 2024 stands here twice; take one out"},
        {"equated: [2024-5-10]\nyears: [2024]\n",
         "t.yaml:1:11: an equated day '2024-5-10' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {"equated: [10-05-2024]\nyears: [2024]\n",
         "t.yaml:1:11: an equated day '10-05-2024' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {"years: [2023]\nequated:\n  - 2023-02-29\n", "t.yaml:3:5: an equated day '2023-02-29' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {"years: [2023]\nequated: [{day: 1}]\n", "t.yaml:2:11: an equated day must be a single value, not a mapping of keys to values"},
        {"years: [2024]\nequated: [2017-05-26]\n",
         "t.yaml:2:11: 2017-05-26 lies in 2017, which 'years' does not list; list the year once all its equated days are known"},
        {"equated: [2024-05-10, 2024-05-10]\nyears: [2024]\n", "t.yaml:1:23: 2024-05-10 stands here twice; take one out"},
        {"equated: [2024-05-11]\nyears: [2024]\n",
         "t.yaml:1:11: 2024-05-11 is no working day already (zaterdag); expected a day that the decree equates with a holiday"},
        {"equated: [2024-12-25]\nyears: [2024]\n",
         "t.yaml:1:11: 2024-12-25 is no working day already (Eerste Kerstdag); expected a day that the decree equates with a holiday"},
        {"equated: [2024-05-10\n", "t.yaml:2:1: the [ of line 1 is not closed with ] before this, or a comma is missing"},
        {"equated: &x []\nyears: *x\n", "t.yaml:2:8: aliases (*name) are not allowed here; write the value out"},
};

START_TEST(test_mistakes_in_a_calendar_have_places) {
        struct mistakes told = MISTAKES_INIT;
        struct calendar *cal = NULL;

        ck_assert_int_eq(calendar_parse("t.yaml", mistakes[_i].text, strlen(mistakes[_i].text), &cal, &told), -EINVAL);
        ck_assert_uint_ge(told.n, 1);
        ck_assert_uint_eq(told.text.n, strlen(mistakes[_i].want) + 1); /* and a newline */
        ck_assert_msg(strncmp(buffer_text(&told.text), mistakes[_i].want, told.text.n - 1) == 0, "%s", buffer_text(&told.text));
        ck_assert_ptr_null(cal);
        mistakes_done(&told);
}
END_TEST

START_TEST(test_a_missing_file_is_named) {
        struct mistakes told = MISTAKES_INIT;
        struct calendar *cal = NULL;

        ck_assert_int_eq(calendar_read("/nowhere/calendar.yaml", &cal, &told), -EINVAL);
        ck_assert_ptr_nonnull(strstr(buffer_text(&told.text), "/nowhere/calendar.yaml"));
        mistakes_done(&told);
}
END_TEST

int main(void) {
        Suite *s = suite_create("calendar");
        TCase *t = tcase_create("calendar");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_test(t, test_every_date_follows_the_one_before);
        tcase_add_loop_test(t, test_what_is_no_date, 0, ELEMENTS(no_dates));
        tcase_add_loop_test(t, test_instants, 0, ELEMENTS(instants));
        tcase_add_test(t, test_formats_never_leave_their_room);
        tcase_add_loop_test(t, test_summer_time_begins_and_ends, 0, ELEMENTS(summers));
        tcase_add_test(t, test_instants_around_every_change_of_the_clock);
        tcase_add_test(t, test_easter);
        tcase_add_loop_test(t, test_holidays_of_a_year, 0, ELEMENTS(holidays));
        tcase_add_loop_test(t, test_royal_day_is_never_a_sunday, 0, (int)ELEMENTS(royal_days));
        tcase_add_test(t, test_shipped_calendar);
        tcase_add_test(t, test_the_first_and_last_year_can_be_listed);
        tcase_add_loop_test(t, test_mistakes_in_a_calendar_have_places, 0, ELEMENTS(mistakes));
        tcase_add_test(t, test_a_missing_file_is_named);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
