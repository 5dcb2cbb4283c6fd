/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: terms end where the law and the agreements say, refuse what is not known, and explain themselves.
 * Method: tables of computed dates; every day of the listed years against a naive walk; sentences to the letter.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/explain.h"
#include "calendar/term.h"

#define TEXT_MAX ((size_t)64 * 1024)

static struct calendar *cal; /* the one that is shipped; each test runs in a process of its own */

static void setup(void) {
        struct mistakes told = MISTAKES_INIT;
        char path[4096];

        snprintf(path, sizeof(path), "%s/config/calendar.yaml", getenv("PROJECT_ROOT"));
        ck_assert_msg(calendar_read(path, &cal, &told) == 0, "%s", buffer_text(&told.text));
}

static void teardown(void) {
        cal = calendar_free(cal);
}

static day_t day(const char *text) {
        day_t date;

        ck_assert_msg(date_parse(text_of(text), &date), "%s", text);
        return date;
}

/* "18 years, -6 months" */
static struct term term_of(const char *text, bool legal) {
        struct term term = {.legal = legal};
        char copy[256], *at = copy, *step;
        struct error err = {0};

        snprintf(copy, sizeof(copy), "%s", text);
        while ((step = strsep(&at, ","))) {
                step += strspn(step, " ");
                ck_assert_msg(term_step_parse(step, LANGUAGE_EN, &term.steps[term.n++], &err) == 0, "%s", err.text);
        }
        ck_assert_int_eq(term_check(&term, LANGUAGE_EN, &err), 0);
        return term;
}

static const struct {
        const char *from, *steps;
        bool legal;
        const char *end; /* or the year that is missing, or "" for out of range */
} rows[] = {
        /* five working days */
        {"2020-05-15", "5 working days", false, "2020-05-26"},
        {"2020-12-18", "5 working days", false, "2020-12-28"},
        {"2021-03-31", "5 working days", false, "2021-04-09"},
        {"2023-12-22", "5 working days", false, "2024-01-03"},
        {"2024-02-29", "5 working days", false, "2024-03-07"},
        {"2025-04-17", "5 working days", false, "2025-04-28"},
        {"2026-03-27", "5 working days", false, "2026-04-07"},
        {"2028-04-26", "5 working days", false, "2028-05-08"},
        {"2022-10-17", "-2 working days", false, "2022-10-13"},
        {"2024-12-31", "2 working days", false, "2025-01-03"},
        {"2023-05-07", "0 working days", false, "2023-05-07"},
        {"2026-05-16", "1 working day", false, "2026-05-18"},
        {"2026-05-16", "-1 working day", false, "2026-05-13"},
        /* six weeks, three months: raw and rolled */
        {"2020-11-16", "6 weeks", false, "2020-12-28"},
        {"2020-11-16", "6 weeks", true, "2020-12-28"},
        {"2024-03-28", "6 weeks", false, "2024-05-09"},
        {"2024-03-28", "6 weeks", true, "2024-05-13"},
        {"2026-04-04", "6 weeks", false, "2026-05-16"},
        {"2026-04-04", "6 weeks", true, "2026-05-18"},
        {"2024-12-11", "2 weeks", true, "2024-12-30"},
        {"2016-02-29", "3 months", false, "2016-05-29"},
        {"2016-02-29", "3 months", true, "2016-05-30"},
        {"2020-11-30", "3 months", false, "2021-02-28"},
        {"2020-11-30", "3 months", true, "2021-03-01"},
        {"2023-11-30", "3 months", false, "2024-02-29"},
        {"2023-11-30", "3 months", true, "2024-02-29"},
        /* months keep their number, and the end of a month does not stick (HR 1-9-2017) */
        {"2023-02-28", "3 months", false, "2023-05-28"},
        {"2023-04-30", "3 months", false, "2023-07-30"},
        {"2023-09-30", "3 months", false, "2023-12-30"},
        {"2023-01-31", "1 month", false, "2023-02-28"},
        {"2023-01-31", "2 months", false, "2023-03-31"},
        {"2023-01-31", "1 month, 1 month", false, "2023-03-28"},
        {"2026-04-30", "-2 months", false, "2026-02-28"},
        {"2025-04-30", "-2 months", false, "2025-02-28"},
        {"2024-03-31", "-1 month", false, "2024-02-29"},
        {"2024-01-15", "-1 month", false, "2023-12-15"},
        {"2024-02-29", "1 year", false, "2025-02-28"},
        {"2024-02-29", "-4 years", false, "2020-02-29"},
        /* ages */
        {"2008-02-29", "198 months", false, "2024-08-29"},
        {"2008-02-29", "18 years", false, "2026-02-28"},
        {"2008-02-29", "18 years, -6 months", false, "2025-08-28"},
        {"2008-02-29", "210 months", false, "2025-08-29"},
        {"2010-01-15", "198 months", false, "2026-07-15"},
        {"2010-01-15", "18 years", false, "2028-01-15"},
        {"2010-01-15", "18 years, -6 months", false, "2027-07-15"},
        {"2010-01-15", "210 months", false, "2027-07-15"},
        {"2007-08-31", "18 years, -6 months", false, "2025-02-28"},
        /* days, lists */
        {"2024-02-28", "2 days", false, "2024-03-01"},
        {"2024-02-28", "0 days", false, "2024-02-28"},
        {"2024-01-01", "-1 day", false, "2023-12-31"},
        {"2024-01-01", "1 week, -1 working day", false, "2024-01-05"},
        {"2024-05-08", "1 day, 1 week, 1 month", false, "2024-06-16"},
        /* article 1 for short terms, article 2 for terms of at least three days only */
        {"2020-01-01", "0 days", true, "2020-01-02"},
        {"2020-12-24", "1 day", true, "2020-12-28"},
        {"2020-05-20", "2 days", true, "2020-05-25"},
        {"2020-05-20", "3 days", true, "2020-05-26"},
        {"2020-05-20", "5 days", true, "2020-05-26"},
        {"2020-05-20", "6 days", true, "2020-05-26"},
        {"2024-12-24", "3 days", true, "2024-12-31"},
        {"2024-12-24", "2 days, 1 day", true, "2024-12-31"},
        {"2024-12-24", "2 days", true, "2024-12-30"},
        {"2020-12-22", "4 days", true, "2020-12-28"},
        {"2020-04-09", "4 days", true, "2020-04-15"},
        {"2020-04-09", "1 week", true, "2020-04-16"},
        {"2024-01-31", "1 month, 12 weeks", true, "2024-05-23"},
        /* a year that the calendar does not have, wherever the calculation looks at one of its days */
        {"2016-12-30", "1 working day", false, "2017"},
        {"2016-12-29", "1 working day", false, "2016-12-30"},
        {"2017-06-01", "1 working day", false, "2017"},
        {"2017-06-01", "0 working days", false, "2017-06-01"},
        {"2018-12-31", "1 working day", false, "2019-01-02"},
        {"2019-01-02", "-1 working day", false, "2018"},
        {"2018-06-01", "-1 working day", false, "2018"},
        {"2018-01-01", "-1 working day", false, "2017"},
        {"2011-01-03", "-1 working day", false, "2010"},
        {"2028-12-28", "1 working day", false, "2028-12-29"},
        {"2028-12-29", "1 working day", false, "2029"},
        {"2028-12-01", "40000 working days", false, "2029"},
        {"2016-12-20", "2 weeks", false, "2017-01-03"},
        {"2016-12-20", "2 weeks", true, "2017"},
        {"2018-12-20", "2 weeks", true, "2018"},
        {"2018-12-31", "2 weeks", true, "2019-01-14"},
        {"2028-12-24", "1 week", true, "2029"},
        {"2028-12-22", "1 week", true, "2028-12-29"},
        {"2017-03-01", "6 weeks", false, "2017-04-12"},
        {"2029-03-01", "10 years", false, "2039-03-01"},
        {"1950-03-01", "-600 months", false, "1900-03-01"},
        {"2016-06-01", "1 year, 1 working day", false, "2017"},
        {"2016-06-01", "4 years, 1 working day", false, "2020-06-02"},
        /* the years that are computed */
        {"2200-12-31", "1 day", false, ""},
        {"1900-01-01", "-1 day", false, ""},
        {"2200-06-01", "1 year", false, ""},
        {"1900-06-01", "-6 months", false, ""},
        {"2200-06-30", "6 months", false, "2200-12-30"},
        {"1900-06-01", "-5 months", false, "1900-01-01"},
        {"2020-01-01", "40000 years", false, ""},
        {"2020-01-01", "-40000 weeks", false, ""},
        {"2020-01-01", "200 years, -100 years", false, ""},
};

START_TEST(test_terms) {
        struct term term = term_of(rows[_i].steps, rows[_i].legal);
        int year = 0, r;
        day_t end = DAY_NONE, step_end = DAY_NONE;
        size_t n = strlen(rows[_i].end);
        int64_t want_year = 0;
        char text[DATE_TEXT + 1];

        r = term_end(cal, &term, day(rows[_i].from), NULL, &end, &year);
        if (n == DATE_TEXT) {
                ck_assert_int_eq(r, 0);
                date_format(end, text);
                ck_assert_str_eq(text, rows[_i].end);
        } else {
                ck_assert(n == 0 || text_to_int64(text_of(rows[_i].end), &want_year));
                ck_assert_int_eq(r, n ? TERM_E_YEAR : TERM_E_RANGE);
                ck_assert_int_eq(year, want_year);
                ck_assert_int_eq(end, DAY_NONE);
        }
        if (term.n == 1 && !term.legal) {
                ck_assert_int_eq(term_step_end(cal, term.steps[0], day(rows[_i].from), &step_end, NULL), r);
                ck_assert_int_eq(step_end, end);
        }
}
END_TEST

/* The definition, one day at a time. */
static int naive_working_days(day_t from, int count, day_t *ret) {
        for (; count != 0; count += calendar_day(cal, from) == DAY_WORKING ? (count < 0 ? 1 : -1) : 0) {
                from += count < 0 ? -1 : 1;
                if (calendar_day(cal, from) == DAY_UNKNOWN_YEAR)
                        return date_year(from);
        }
        *ret = from;
        return 0;
}

START_TEST(test_working_days_against_a_naive_walk) {
        for (day_t from = day("2011-01-01"); from <= day("2028-12-31"); from++) {
                if (calendar_day(cal, from) == DAY_UNKNOWN_YEAR)
                        continue;
                for (int count = -25; count <= 25; count++) {
                        struct term_step step = {.unit = TERM_WORKING_DAYS, .count = count};
                        day_t want = DAY_NONE, got = DAY_NONE;
                        int want_year = naive_working_days(from, count, &want), year = 0;

                        ck_assert_int_eq(term_step_end(cal, step, from, &got, &year), want_year ? TERM_E_YEAR : 0);
                        ck_assert(got == want && year == want_year);
                }
        }
}
END_TEST

/* Articles 1 and 2 as they read: on until the end is a working day and, from three days on, two of the days are. */
static bool naive_legal(day_t from, int days, day_t *ret) {
        day_t end = from + days;

        for (;; end++) {
                int working = 0;

                for (day_t date = from + 1; date <= end; date++) {
                        if (days >= 3 && calendar_day(cal, date) == DAY_UNKNOWN_YEAR)
                                return false;
                        working += calendar_day(cal, date) == DAY_WORKING;
                }
                if (calendar_day(cal, end) == DAY_UNKNOWN_YEAR)
                        return false;
                if (calendar_day(cal, end) == DAY_WORKING && (days < 3 || working >= 2))
                        break;
        }
        *ret = end;
        return true;
}

START_TEST(test_legal_rolling_against_the_text_of_the_law) {
        static const int lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 42, 84, 90};

        for (day_t from = day("2011-01-01"); from <= day("2028-12-31"); from++) {
                for (size_t i = 0; i < ELEMENTS(lengths); i++) {
                        struct term term = {.n = 1, .steps = {{.unit = TERM_DAYS, .count = lengths[i]}}, .legal = true};
                        day_t want = DAY_NONE, got = DAY_NONE;
                        bool known = naive_legal(from, lengths[i], &want);

                        ck_assert_int_eq(term_end(cal, &term, from, NULL, &got, NULL), known ? 0 : TERM_E_YEAR);
                        ck_assert_int_eq(got, want);
                }
        }
}
END_TEST

START_TEST(test_months_keep_their_number_or_end_with_the_month) {
        for (day_t from = day("2019-01-01"); from <= day("2024-12-31"); from++) {
                int year, month, d;

                date_to_ymd(from, &year, &month, &d);
                for (int count = -50; count <= 50; count++) {
                        struct term_step step = {.unit = TERM_MONTHS, .count = count};
                        int y, m, got_day, months = 0;
                        day_t end;

                        ck_assert_int_eq(term_step_end(cal, step, from, &end, NULL), 0);
                        date_to_ymd(end, &y, &m, &got_day);
                        months = (y - year) * 12 + m - month;
                        ck_assert_int_eq(months, count);
                        ck_assert(got_day == d || (got_day < d && got_day == date_month_days(y, m)));
                }
        }
}
END_TEST

static const struct {
        const char *text;
        enum term_unit unit;
        int count;
        const char *written;
} steps[] = {
        {"5 working days", TERM_WORKING_DAYS, 5, "5 working days"}, {"1 working day", TERM_WORKING_DAYS, 1, "1 working day"},
        {"-2 months", TERM_MONTHS, -2, "-2 months"},                {"1 month", TERM_MONTHS, 1, "1 month"},
        {"18 years", TERM_YEARS, 18, "18 years"},                   {"-1 year", TERM_YEARS, -1, "-1 year"},
        {"6 weeks", TERM_WEEKS, 6, "6 weeks"},                      {"1 weeks", TERM_WEEKS, 1, "1 week"},
        {"0 days", TERM_DAYS, 0, "0 days"},                         {"1 day", TERM_DAYS, 1, "1 day"},
        {"24 hours", TERM_HOURS, 24, "24 hours"},                   {"+3 days", TERM_DAYS, 3, "3 days"},
        {"40000 days", TERM_DAYS, 40000, "40000 days"},             {"-40000 hours", TERM_HOURS, -40000, "-40000 hours"},
        {"007  days", TERM_DAYS, 7, "7 days"},                      {"2 day", TERM_DAYS, 2, "2 days"},
};

START_TEST(test_steps_are_read) {
        struct term_step step;
        struct error err = {0};
        char text[48];

        ck_assert_msg(term_step_parse(steps[_i].text, LANGUAGE_EN, &step, &err) == 0, "%s", err.text);
        ck_assert(step.unit == steps[_i].unit && step.count == steps[_i].count);
        ck_assert_int_eq(term_step_format(step, text, sizeof(text)), (int)strlen(text));
        ck_assert_str_eq(text, steps[_i].written);
}
END_TEST

#define NO_NUMBER " does not begin with a whole number; expected a number and a unit, as in '5 working days'"
#define UNITS "; expected days, weeks, months, years, working days or hours"

static const struct {
        const char *text, *want;
} no_steps[] = {
        {"", "a step of a term is missing; expected a number and a unit, as in '5 working days'"},
        {"five days", "'five days'" NO_NUMBER},
        {"at once", "'at once'" NO_NUMBER},
        {"days", "'days'" NO_NUMBER},
        {"- 5 days", "'- 5 days'" NO_NUMBER},
        {"1.5 days", "'1.5 days'" NO_NUMBER},
        {"5days", "'5days'" NO_NUMBER},
        {" 5 days", "' 5 days'" NO_NUMBER},
        {"--5 days", "'--5 days'" NO_NUMBER},
        {"5", "'5' has no unit" UNITS " behind the number"},
        {"-5 ", "'-5 ' has no unit" UNITS " behind the number"},
        {"5 wrking days", "'wrking days' is no unit of time (did you mean 'working days'?)" UNITS},
        {"5 workingdays", "'workingdays' is no unit of time (did you mean 'working days'?)" UNITS},
        {"5 working  days", "'working  days' is no unit of time (did you mean 'working days'?)" UNITS},
        {"5 moths", "'moths' is no unit of time (did you mean 'months'?)" UNITS},
        {"1 yaer", "'yaer' is no unit of time (did you mean 'year'?)" UNITS},
        {"5 days ", "'days ' is no unit of time (did you mean 'days'?)" UNITS},
        {"5 Days", "'Days' is no unit of time (did you mean 'days'?)" UNITS},
        {"5 werkdagen", "'werkdagen' is no unit of time (did you mean 'working days'?)" UNITS},
        {"5 Workdays", "'Workdays' is no unit of time (did you mean 'working days'?)" UNITS},
        {"2 maanden", "'maanden' is no unit of time (did you mean 'months'?)" UNITS},
        {"5 fortnights", "'fortnights' is no unit of time" UNITS},
        {"40001 days", "'40001 days' is out of range; expected at most 40000 of a unit"},
        {"-40001 days", "'-40001 days' is out of range; expected at most 40000 of a unit"},
        {"99999999999999999999 days", "'99999999999999999999 days' is out of range; expected at most 40000 of a unit"},
        {"-99999999999999999999 days", "'-99999999999999999999 days' is out of range; expected at most 40000 of a unit"},
};

START_TEST(test_steps_that_are_none) {
        struct term_step step;
        struct error err = {0};

        ck_assert_int_eq(term_step_parse(no_steps[_i].text, LANGUAGE_EN, &step, &err), -EINVAL);
        ck_assert_str_eq(err.text, no_steps[_i].want);
}
END_TEST

#define ROLL_END "; let it end where it ends (roll: none)"

static const struct {
        const char *steps, *want; /* "" : may roll */
} legal[] = {
        {"90 days", ""},
        {"12 weeks", ""},
        {"3 months", ""},
        {"0 years", ""},
        {"0 days", ""},
        {"3 months, 12 weeks, 90 days", ""},
        {"91 days", "'91 days' cannot roll: the Algemene termijnenwet does not move terms of more than 90 days" ROLL_END},
        {"13 weeks", "'13 weeks' cannot roll: the Algemene termijnenwet does not move terms of more than twelve weeks" ROLL_END},
        {"4 months", "'4 months' cannot roll: the Algemene termijnenwet does not move terms of more than three months" ROLL_END},
        {"1 year", "'1 year' cannot roll: the Algemene termijnenwet does not move terms of one or more years" ROLL_END},
        {"-1 day", "'-1 day' cannot roll: the Algemene termijnenwet does not move terms that count back" ROLL_END},
        {"6 weeks, -1 month", "'-1 month' cannot roll: the Algemene termijnenwet does not move terms that count back" ROLL_END},
        {"5 working days", "'5 working days' cannot roll: the Algemene termijnenwet does not move terms in working days, which end on one" ROLL_END},
        {"-5 working days", "'-5 working days' cannot roll: the Algemene termijnenwet does not move terms in working days, which end on one" ROLL_END},
        {"24 hours", "'24 hours' cannot roll: the Algemene termijnenwet does not move terms in hours" ROLL_END},
        {"3 months, 1 year", "'1 year' cannot roll: the Algemene termijnenwet does not move terms of one or more years" ROLL_END},
};

START_TEST(test_which_terms_may_roll) {
        struct term term = term_of(legal[_i].steps, true);
        struct error err = {0};

        ck_assert_int_eq(term_check_legal(&term, LANGUAGE_EN, &err), *legal[_i].want ? -EINVAL : 0);
        ck_assert_str_eq(err.text, legal[_i].want);
}
END_TEST

START_TEST(test_steps_that_do_not_go_together) {
        struct term term = {.n = 2, .steps = {{.unit = TERM_DAYS, .count = 1}, {.unit = TERM_HOURS, .count = 1}}};
        struct error err = {0};

        ck_assert_int_eq(term_check(&term, LANGUAGE_EN, &err), -EINVAL);
        ck_assert_str_eq(err.text, "a step in hours stands alone: hours end at an instant, other steps at the end of a day");
        term.n = 0;
        ck_assert_int_eq(term_check(&term, LANGUAGE_EN, &err), -EINVAL);
        ck_assert_str_eq(err.text, "a term has one to 8 steps, this one has 0");
        term.n = TERM_STEPS_MAX + 1;
        ck_assert_int_eq(term_check(&term, LANGUAGE_EN, &err), -EINVAL);
}
END_TEST

START_TEST(test_hours_are_exact) {
        static const struct {
                const char *from;
                int count;
                const char *end, *explained;
        } hours[] = {
                {"2022-03-22T18:00:00+01:00", 24, "2022-03-23T18:00:00+01:00",
                 "24 uur na dinsdag 22 maart 2022 18:00 uur: woensdag 23 maart 2022 18:00 uur.\n"},
                {"2023-10-28T22:00:00+02:00", 24, "2023-10-29T21:00:00+01:00",
                 "24 uur na zaterdag 28 oktober 2023 22:00 uur: zondag 29 oktober 2023 21:00 uur (de klok gaat in die tijd een uur terug).\n"},
                {"2024-03-30T22:00:00+01:00", 24, "2024-03-31T23:00:00+02:00",
                 "24 uur na zaterdag 30 maart 2024 22:00 uur: zondag 31 maart 2024 23:00 uur (de klok gaat in die tijd een uur vooruit).\n"},
                {"2024-03-31T23:00:00+02:00", -24, "2024-03-30T22:00:00+01:00",
                 "24 uur vóór zondag 31 maart 2024 23:00 uur: zaterdag 30 maart 2024 22:00 uur (de klok gaat in die tijd een uur vooruit).\n"},
                {"2017-01-01T00:00:00+01:00", 1, "2017-01-01T01:00:00+01:00", "1 uur na zondag 1 januari 2017 00:00 uur: zondag 1 januari 2017 01:00 uur.\n"},
                {"2200-12-31T23:00:00Z", 1, NULL, NULL},
                {"2000-01-01T00:00:00Z", -1, NULL, NULL},
        };
        for (size_t i = 0; i < ELEMENTS(hours); i++) {
                struct term_step step = {.unit = TERM_HOURS, .count = hours[i].count};
                struct buffer out = BUFFER_INIT(TEXT_MAX);
                instant_t from, end = 7;
                char text[INSTANT_TEXT + 1];

                ck_assert(instant_parse(text_of(hours[i].from), &from));
                ck_assert_int_eq(term_hours_end(step, from, &end), hours[i].end ? 0 : TERM_E_RANGE);
                if (!hours[i].end)
                        continue;
                instant_format(end, text);
                ck_assert_str_eq(text, hours[i].end);
                ck_assert_int_eq(term_hours_print(step, from, end, &out), 0);
                ck_assert_str_eq(buffer_text(&out), hours[i].explained);
                buffer_done(&out);
        }
}
END_TEST

static const struct {
        const char *from, *steps;
        bool legal;
        const char *want;
} explained[] = {
        {"2020-05-15", "5 working days", false,
         "5 werkdagen na vrijdag 15 mei 2020: 21 mei (Hemelvaartsdag) en 22 mei (gelijkgestelde dag) tellen niet, zaterdagen en zondagen evenmin; "
         "einde dinsdag 26 mei 2020.\n"},
        {"2023-12-22", "5 working days", false,
         "5 werkdagen na vrijdag 22 december 2023: 25 december (Eerste Kerstdag), 26 december (Tweede Kerstdag) en 1 januari 2024 (Nieuwjaarsdag) tellen "
         "niet, zaterdagen en zondagen evenmin; einde woensdag 3 januari 2024.\n"},
        {"2022-10-10", "5 working days", false, "5 werkdagen na maandag 10 oktober 2022: zaterdagen en zondagen tellen niet; einde maandag 17 oktober 2022.\n"},
        {"2022-10-10", "1 working day", false, "1 werkdag na maandag 10 oktober 2022: einde dinsdag 11 oktober 2022.\n"},
        {"2022-10-16", "-1 working day", false, "1 werkdag vóór zondag 16 oktober 2022: de zaterdag telt niet; einde vrijdag 14 oktober 2022.\n"},
        {"2022-10-15", "1 working day", false, "1 werkdag na zaterdag 15 oktober 2022: de zondag telt niet; einde maandag 17 oktober 2022.\n"},
        {"2021-05-04", "1 working day", false, "1 werkdag na dinsdag 4 mei 2021: 5 mei (Bevrijdingsdag) telt niet; einde donderdag 6 mei 2021.\n"},
        {"2026-04-30", "-2 months", false,
         "2 maanden vóór donderdag 30 april 2026: einde zaterdag 28 februari 2026 (februari 2026 heeft geen dag 30, dus de laatste dag).\n"},
        {"2008-02-29", "18 years, -6 months", false,
         "18 jaar na vrijdag 29 februari 2008: einde zaterdag 28 februari 2026 (februari 2026 heeft geen dag 29, dus de laatste dag).\n"
         "6 maanden vóór zaterdag 28 februari 2026: einde donderdag 28 augustus 2025.\n"},
        {"2024-03-28", "6 weeks", true,
         "6 weken na donderdag 28 maart 2024: einde donderdag 9 mei 2024.\n"
         "Het einde valt op donderdag 9 mei 2024 (Hemelvaartsdag); ook 10 mei (gelijkgestelde dag), 11 mei (zaterdag) en 12 mei (zondag) tellen niet: "
         "het schuift door naar maandag 13 mei 2024 (Algemene termijnenwet, artikel 1).\n"},
        {"2020-05-20", "3 days", true,
         "3 dagen na woensdag 20 mei 2020: einde zaterdag 23 mei 2020.\n"
         "Het einde valt op zaterdag 23 mei 2020; ook 24 mei (zondag) telt niet: het schuift door naar maandag 25 mei 2020 (Algemene termijnenwet, "
         "artikel 1).\n"
         "Een termijn van ten minste drie dagen telt ten minste twee werkdagen: zij wordt verlengd tot en met dinsdag 26 mei 2020 (Algemene "
         "termijnenwet, artikel 2).\n"},
        {"2020-01-02", "2 weeks", true,
         "2 weken na donderdag 2 januari 2020: einde donderdag 16 januari 2020.\n"
         "Dat is een werkdag: de Algemene termijnenwet verschuift niets.\n"},
        {"2028-12-27", "5 working days", false,
         "5 werkdagen na woensdag 27 december 2028 is niet te berekenen: maandag 1 januari 2029 valt in een jaar dat de kalender niet heeft (2029).\n"},
        {"2028-12-23", "1 week", true,
         "1 week na zaterdag 23 december 2028: einde zaterdag 30 december 2028.\n"
         "Of het einde doorschuift is niet te berekenen: maandag 1 januari 2029 valt in een jaar dat de kalender niet heeft (2029).\n"},
        {"2200-12-31", "1 day", false, "De berekening verlaat de jaren 1900 tot en met 2200.\n"},
};

START_TEST(test_explanations) {
        struct term term = term_of(explained[_i].steps, explained[_i].legal);
        struct buffer out = BUFFER_INIT(TEXT_MAX);
        struct trace trace = {0};
        day_t end = DAY_NONE;
        int year = 0, r;

        ck_assert_int_eq(arena_new(&trace.arena, TEXT_MAX), 0);
        r = term_end(cal, &term, day(explained[_i].from), &trace, &end, &year);
        ck_assert_int_ge(r, 0);
        ck_assert(trace.end == end && trace.unknown_year == year && trace.from == day(explained[_i].from));
        ck_assert_int_eq(trace_print(&trace, cal, &out), 0);
        ck_assert_str_eq(buffer_text(&out), explained[_i].want);
        buffer_done(&out);
        arena_free(trace.arena);
}
END_TEST

static void trace_json(const char *from, const char *text, bool rolls, const char *want) {
        struct term term = term_of(text, rolls);
        struct buffer out = BUFFER_INIT(TEXT_MAX);
        struct json_writer w = JSON_WRITER(&out);
        struct trace trace = {0};
        day_t end;

        ck_assert_int_eq(arena_new(&trace.arena, TEXT_MAX), 0);
        ck_assert_int_ge(term_end(cal, &term, day(from), &trace, &end, NULL), 0);
        trace_print_json(&trace, cal, &w);
        ck_assert_str_eq(buffer_text(&out), want);
        buffer_done(&out);
        arena_free(trace.arena);
}

START_TEST(test_explanations_for_programs) {
        trace_json("2020-05-20", "1 working day", false,
                   "{\"from\":\"2020-05-20\",\"steps\":[{\"step\":\"1 working day\",\"from\":\"2020-05-20\",\"to\":\"2020-05-25\",\"skipped\":["
                   "{\"date\":\"2020-05-21\",\"why\":\"Hemelvaartsdag\"},{\"date\":\"2020-05-22\",\"why\":\"gelijkgestelde dag\"},"
                   "{\"date\":\"2020-05-23\",\"why\":\"zaterdag\"},{\"date\":\"2020-05-24\",\"why\":\"zondag\"}]}],\"end\":\"2020-05-25\"}");
        trace_json("2020-05-20", "1 day, 2 days", true,
                   "{\"from\":\"2020-05-20\",\"steps\":[{\"step\":\"1 day\",\"from\":\"2020-05-20\",\"to\":\"2020-05-21\",\"skipped\":[]},"
                   "{\"step\":\"2 days\",\"from\":\"2020-05-21\",\"to\":\"2020-05-23\",\"skipped\":[]}],\"roll\":\"legal\",\"rolled\":["
                   "{\"date\":\"2020-05-23\",\"why\":\"zaterdag\"},{\"date\":\"2020-05-24\",\"why\":\"zondag\"}],\"extended_to\":\"2020-05-26\","
                   "\"end\":\"2020-05-26\"}");
        trace_json("2028-12-29", "1 working day", false, "{\"from\":\"2028-12-29\",\"steps\":[],\"end\":null,\"unknown_year\":2029}");
}
END_TEST

START_TEST(test_long_explanations_are_cut) {
        struct term term = term_of("1500 working days", false);
        struct buffer out = BUFFER_INIT(TEXT_MAX);
        struct trace trace = {0};
        day_t end, same;

        ck_assert_int_eq(arena_new(&trace.arena, (size_t)256 * 1024), 0);
        ck_assert_int_eq(term_end(cal, &term, day("2019-06-03"), &trace, &end, NULL), 0);
        ck_assert(trace.cut && trace.n <= TRACE_MAX && trace.end == end);
        ck_assert_int_eq(term_end(cal, &term, day("2019-06-03"), NULL, &same, NULL), 0);
        ck_assert_int_eq(end, same);
        ck_assert_int_eq(trace.entries[trace.n - 1].kind, TRACE_STEP);
        ck_assert_int_eq(trace_print(&trace, cal, &out), 0);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "(en nog meer dagen); einde "));
        buffer_done(&out);
        arena_free(trace.arena);
}
END_TEST

START_TEST(test_no_memory_for_the_trace_is_said) {
        struct term term = term_of("1500 working days", false);
        struct trace trace = {0};
        day_t end;

        ck_assert_int_eq(arena_new(&trace.arena, 1024), 0);
        ck_assert_int_eq(term_end(cal, &term, day("2019-06-03"), &trace, &end, NULL), -ENOMEM);
        arena_free(trace.arena);
}
END_TEST

int main(void) {
        Suite *s = suite_create("term");
        TCase *t = tcase_create("term");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, test_terms, 0, ELEMENTS(rows));
        tcase_add_test(t, test_working_days_against_a_naive_walk);
        tcase_add_test(t, test_legal_rolling_against_the_text_of_the_law);
        tcase_add_test(t, test_months_keep_their_number_or_end_with_the_month);
        tcase_add_loop_test(t, test_steps_are_read, 0, ELEMENTS(steps));
        tcase_add_loop_test(t, test_steps_that_are_none, 0, ELEMENTS(no_steps));
        tcase_add_loop_test(t, test_which_terms_may_roll, 0, ELEMENTS(legal));
        tcase_add_test(t, test_steps_that_do_not_go_together);
        tcase_add_test(t, test_hours_are_exact);
        tcase_add_loop_test(t, test_explanations, 0, ELEMENTS(explained));
        tcase_add_test(t, test_explanations_for_programs);
        tcase_add_test(t, test_long_explanations_are_cut);
        tcase_add_test(t, test_no_memory_for_the_trace_is_said);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
