/* SPDX-License-Identifier: EUPL-1.2 */

/* Days and civil dates, instants and the local time of Amsterdam, all by arithmetic. */

#include "calendar/date.h"

#include <assert.h>

#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define DATE_FIRST (-25567) /* the first day of DATE_YEAR_MIN */
#define DATE_LAST 84370     /* the last day of DATE_YEAR_MAX */
#define MINUTE_MS INT64_C(60000)
#define SUMMER_CHANGE_MS HOUR_MS /* both changes are at 01:00 UTC */

/* Years that begin on 1 March put the leap day last, so that months follow from one division (Howard Hinnant's days_from_civil). */
day_t date_from_ymd(int year, int month, int day) {
        unsigned y, of_year;

        assert(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
        y = (unsigned)year - (month <= 2);
        of_year = (153 * ((unsigned)month + (month > 2 ? -3u : 9u)) + 2) / 5 + (unsigned)day - 1;
        return (day_t)(y * 365 + y / 4 - y / 100 + y / 400 + of_year) - DAYS_TO_1970;
}

/* The way back with one division by a number of days; the rest are multiplications (Neri and Schneider, Euclidean affine functions). */
void date_to_ymd(day_t date, int *ret_year, int *ret_month, int *ret_day) {
        uint32_t day, century, of_century, year, of_year, month_and_day;
        uint64_t product;
        bool next;

        assert(date >= -DAYS_TO_1970 && date < 10000 * 366);
        day = 4 * (uint32_t)(date + DAYS_TO_1970) + 3;
        century = day / DAYS_PER_ERA;
        of_century = day % DAYS_PER_ERA | 3;
        product = UINT64_C(2939745) * of_century;
        year = 100 * century + (uint32_t)(product >> 32);
        of_year = (uint32_t)product / 2939745 / 4;
        month_and_day = 2141 * of_year + 197913;
        next = of_year >= 306; /* January and February, of the year that has begun */
        *ret_day = (int)((month_and_day & 0xffff) / 2141 + 1);
        *ret_month = (int)(month_and_day >> 16) - (next ? 12 : 0);
        *ret_year = (int)(year + next);
}

int date_year(day_t date) {
        int year, month, day;

        date_to_ymd(date, &year, &month, &day);
        return year;
}

enum weekday date_weekday(day_t date) {
        int r = ((int)date % 7 + 7 + THURSDAY) % 7; /* 1970-01-01 was a Thursday */

        return (enum weekday)r;
}

static bool is_leap(int year) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int date_month_days(int year, int month) {
        assert(month >= 1 && month <= 12);
        if (month == 2)
                return is_leap(year) ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* @n digits at t.s + at, or -1. */
static int digits(struct text t, size_t at, size_t n) {
        int value = 0;

        if (at + n > t.n)
                return -1;
        for (size_t i = at; i < at + n; i++) {
                unsigned digit = (unsigned)(unsigned char)t.s[i] - '0';

                if (digit > 9)
                        return -1;
                value = value * 10 + (int)digit;
        }
        return value;
}

/* An existing day written at the beginning of @t, of any year from 1. */
static bool read_date(struct text t, int *ret_year, day_t *ret) {
        int year = digits(t, 0, 4), month = digits(t, 5, 2), day = digits(t, 8, 2);

        if (year < 1 || month < 1 || month > 12 || day < 1 || t.s[4] != '-' || t.s[7] != '-' || day > date_month_days(year, month))
                return false;
        *ret_year = year;
        *ret = date_from_ymd(year, month, day);
        return true;
}

bool date_parse(struct text t, day_t *ret) {
        int year;
        day_t date;

        if (t.n != DATE_TEXT || !read_date(t, &year, &date) || year < DATE_YEAR_MIN || year > DATE_YEAR_MAX)
                return false;
        *ret = date;
        return true;
}

static char *write_date(char *at, day_t date) {
        int year, month, day;

        date_to_ymd(date, &year, &month, &day);
        at = text_write_digits(at, (unsigned)year, 4);
        *at++ = '-';
        at = text_write_digits(at, (unsigned)month, 2);
        *at++ = '-';
        return text_write_digits(at, (unsigned)day, 2);
}

void date_format(day_t date, char ret[DATE_TEXT + 1]) {
        *write_date(ret, date) = '\0';
}

static_assert(DATE_YEAR_MIN == 1900 && DATE_YEAR_MAX == 2200, "the first and the last day are those of these years");

bool date_valid(day_t date) {
        return date >= DATE_FIRST && date <= DATE_LAST;
}

/* The last Sunday of March or October: both have 31 days. */
static day_t last_sunday(int year, int month) {
        day_t last = date_from_ymd(year, month, 31);

        return last - (day_t)(((int)date_weekday(last) + 1) % 7);
}

static day_t utc_day(instant_t at) {
        return (day_t)(at / INSTANT_DAY - (at % INSTANT_DAY < 0));
}

int instant_offset_minutes(instant_t at) {
        int year, month, day;
        bool summer;

        assert(at >= INSTANT_TEXT_MIN && at < INSTANT_TEXT_END);
        date_to_ymd(utc_day(at), &year, &month, &day);
        summer = month > 3 && month < 10;
        if (month == 3)
                summer = at >= last_sunday(year, 3) * INSTANT_DAY + SUMMER_CHANGE_MS;
        if (month == 10)
                summer = at < last_sunday(year, 10) * INSTANT_DAY + SUMMER_CHANGE_MS;
        return summer ? 120 : 60;
}

day_t date_of_instant(instant_t at) {
        return utc_day(at + instant_offset_minutes(at) * MINUTE_MS);
}

/* Midnight is never skipped nor doubled: the clock changes at 02:00 and 03:00. */
instant_t date_begin(day_t date) {
        int year, month, day;
        bool summer;

        date_to_ymd(date, &year, &month, &day);
        summer = month > 3 && month < 10;
        if (month == 3)
                summer = date > last_sunday(year, 3);
        if (month == 10)
                summer = date <= last_sunday(year, 10);
        return date * INSTANT_DAY - (summer ? 120 : 60) * MINUTE_MS;
}

/* "Z" or "+HH:MM" that fills the text from @at on. */
static bool read_offset(struct text t, size_t at, int *ret_minutes) {
        int hours, minutes;

        if (at + 1 == t.n && (t.s[at] == 'Z' || t.s[at] == 'z')) {
                *ret_minutes = 0;
                return true;
        }
        if (at + 6 != t.n || (t.s[at] != '+' && t.s[at] != '-') || t.s[at + 3] != ':')
                return false;
        hours = digits(t, at + 1, 2);
        minutes = digits(t, at + 4, 2);
        if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
                return false;
        *ret_minutes = (hours * 60 + minutes) * (t.s[at] == '-' ? -1 : 1);
        return true;
}

bool instant_parse(struct text t, instant_t *ret) {
        int hour = digits(t, 11, 2), minute = digits(t, 14, 2), second = digits(t, 17, 2), ms = 0, offset, year;
        size_t at = 19;
        day_t date;
        instant_t instant;

        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
                return false;
        if (!read_date(t, &year, &date) || (t.s[10] != 'T' && t.s[10] != 't') || t.s[13] != ':' || t.s[16] != ':')
                return false;
        if (at < t.n && t.s[at] == '.') {
                int scale = 100;

                if (digits(t, ++at, 1) < 0)
                        return false;
                for (; digits(t, at, 1) >= 0; at++) {
                        ms += digits(t, at, 1) * scale;
                        scale /= 10;
                }
        }
        if (!read_offset(t, at, &offset))
                return false;
        instant = date * INSTANT_DAY + ((hour * 60 + minute - offset) * 60 + second) * INT64_C(1000) + ms;
        if (!instant_valid(instant))
                return false;
        *ret = instant;
        return true;
}

bool instant_or_date_parse(struct text t, instant_t *ret) {
        day_t day;

        if (instant_parse(t, ret))
                return true;
        if (!date_parse(t, &day))
                return false;
        *ret = date_begin(day);
        return true;
}

static void write_instant(instant_t at, bool exact, char *ret) {
        int offset, seconds, ms;
        instant_t local;
        char *p;

        if (at < INSTANT_TEXT_MIN)
                at = INSTANT_TEXT_MIN;
        if (at >= INSTANT_TEXT_END)
                at = INSTANT_TEXT_END - 1;
        offset = instant_offset_minutes(at);
        local = at + offset * MINUTE_MS;
        p = write_date(ret, utc_day(local));
        ms = (int)(local - utc_day(local) * INSTANT_DAY);
        seconds = ms / 1000;
        ms %= 1000;
        *p++ = 'T';
        p = text_write_digits(p, (unsigned)(seconds / 3600), 2);
        *p++ = ':';
        p = text_write_digits(p, (unsigned)(seconds / 60 % 60), 2);
        *p++ = ':';
        p = text_write_digits(p, (unsigned)(seconds % 60), 2);
        if (exact && ms) {
                *p++ = '.';
                p = text_write_digits(p, (unsigned)ms, 3);
        }
        *p++ = '+';
        p = text_write_digits(p, (unsigned)(offset / 60), 2);
        *p++ = ':';
        p = text_write_digits(p, (unsigned)(offset % 60), 2);
        *p = '\0';
}

void instant_format(instant_t at, char ret[INSTANT_TEXT + 1]) {
        write_instant(at, false, ret);
}

void instant_format_exact(instant_t at, char ret[INSTANT_TEXT + 1]) {
        write_instant(at, true, ret);
}

static void put_instant(struct json_writer *w, const char *key, instant_t at, bool exact) {
        char text[INSTANT_TEXT + 1];

        write_instant(at, exact, text);
        jsonw_put_string(w, key, text);
}

void instant_put(struct json_writer *w, const char *key, instant_t at) {
        put_instant(w, key, at, false);
}

void instant_put_exact(struct json_writer *w, const char *key, instant_t at) {
        put_instant(w, key, at, true);
}
