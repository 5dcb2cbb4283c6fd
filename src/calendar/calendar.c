/* SPDX-License-Identifier: EUPL-1.2 */

/* Every day of 301 years as one byte: weekends, holidays by formula, and the equated days that the file lists. */

#include "calendar/calendar.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/reading.h"

#define YEARS (DATE_YEAR_MAX - DATE_YEAR_MIN + 1)
#define DAYS (YEARS * 365 + YEARS / 4) /* never less than there are */
#define KIND_BITS 3
#define KIND_MASK ((1u << KIND_BITS) - 1)

static_assert(DAY_UNKNOWN_YEAR <= KIND_MASK, "a kind of day fits its bits");

enum holiday {
        NO_HOLIDAY,
        NEW_YEAR,
        GOOD_FRIDAY,
        EASTER_MONDAY,
        QUEENS_DAY,
        KINGS_DAY,
        LIBERATION_DAY,
        ASCENSION_DAY,
        WHIT_MONDAY,
        CHRISTMAS_DAY,
        BOXING_DAY,
};

static const char *const holiday_names[] = {
        [NO_HOLIDAY] = "",
        [NEW_YEAR] = "Nieuwjaarsdag",
        [GOOD_FRIDAY] = "Goede Vrijdag",
        [EASTER_MONDAY] = "Tweede Paasdag",
        [QUEENS_DAY] = "Koninginnedag",
        [KINGS_DAY] = "Koningsdag",
        [LIBERATION_DAY] = "Bevrijdingsdag",
        [ASCENSION_DAY] = "Hemelvaartsdag",
        [WHIT_MONDAY] = "Tweede Pinksterdag",
        [CHRISTMAS_DAY] = "Eerste Kerstdag",
        [BOXING_DAY] = "Tweede Kerstdag",
};

static const char *const kind_names[] = {
        [DAY_WORKING] = "",
        [DAY_SATURDAY] = "zaterdag",
        [DAY_SUNDAY] = "zondag",
        [DAY_HOLIDAY] = "feestdag",
        [DAY_EQUATED] = "gelijkgestelde dag",
        [DAY_UNKNOWN_YEAR] = "onbekend jaar",
};

/* A byte a day from 1 January of DATE_YEAR_MIN: the kind, and above it which holiday. So a look-up is one load. */
struct calendar {
        day_t first;
        unsigned n;
        uint8_t days[DAYS];
};

/* Gauss's rule in the form of Meeus, Jones and Butcher: exact for every Gregorian year. */
day_t calendar_easter(int year) {
        int a = year % 19, b = year / 100, c = year % 100;
        int h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
        int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
        int m = (a + 11 * h + 22 * l) / 451;
        int n = h + l - 7 * m + 114;

        return date_from_ymd(year, n / 31, n % 31 + 1);
}

static void set_day(struct calendar *cal, day_t date, enum day_kind kind, enum holiday holiday) {
        assert(date >= cal->first && (unsigned)(date - cal->first) < cal->n);
        cal->days[date - cal->first] = (uint8_t)((unsigned)kind | (unsigned)holiday << KIND_BITS);
}

/* The King's birthday is kept on 27 April, before 2014 the Queen's on 30 April; on a Sunday the day before. */
static day_t royal_day(int year) {
        day_t date = date_from_ymd(year, 4, year < 2014 ? 30 : 27);

        return date_weekday(date) == SUNDAY ? date - 1 : date;
}

/* Algemene termijnenwet, article 3(1) and (2). Where two fall together (Ascension Day on 5 May) the later row names the day. */
static void set_year(struct calendar *cal, int year) {
        day_t easter = calendar_easter(year), first = date_from_ymd(year, 1, 1), last = date_from_ymd(year, 12, 31);
        const struct {
                day_t date;
                enum holiday holiday;
        } holidays[] = {
                {first, NEW_YEAR},
                {easter - 2, GOOD_FRIDAY},
                {easter + 1, EASTER_MONDAY},
                {royal_day(year), year < 2014 ? QUEENS_DAY : KINGS_DAY},
                {date_from_ymd(year, 5, 5), LIBERATION_DAY},
                {easter + 39, ASCENSION_DAY},
                {easter + 50, WHIT_MONDAY},
                {last - 6, CHRISTMAS_DAY},
                {last - 5, BOXING_DAY},
        };

        for (day_t date = first; date <= last; date++) {
                enum weekday weekday = date_weekday(date);

                set_day(cal, date, weekday == SATURDAY ? DAY_SATURDAY : weekday == SUNDAY ? DAY_SUNDAY : DAY_WORKING, NO_HOLIDAY);
        }
        for (size_t i = 0; i < ELEMENTS(holidays); i++)
                set_day(cal, holidays[i].date, DAY_HOLIDAY, holidays[i].holiday);
}

static void calendar_read_year(struct reading *r, struct calendar *cal, const struct yaml_node *node) {
        unsigned year;

        if (!reading_count(r, node, IN_READING(r, "a year", "een jaar"), DATE_YEAR_MIN, DATE_YEAR_MAX, &year))
                return;
        if (calendar_has_year(cal, (int)year))
                reading_mistake(r, node, IN_READING(r, "the year %u stands here twice; take one out", "het jaar %u staat hier twee keer; haal er een weg"),
                                year);
        else
                set_year(cal, (int)year);
}

static void calendar_read_equated(struct reading *r, struct calendar *cal, const struct yaml_node *node) {
        enum day_kind kind;
        day_t date;

        if (!reading_date(r, node, IN_READING(r, "an equated day", "een gelijkgestelde dag"), &date))
                return;
        kind = calendar_day(cal, date);
        if (kind == DAY_UNKNOWN_YEAR)
                reading_mistake(r, node,
                                IN_READING(r, "%s lies in %d, which 'years' does not list; list the year once all its equated days are known",
                                           "%s valt in %d, dat niet bij 'years' staat; zet het jaar erbij zodra al zijn gelijkgestelde dagen bekend zijn"),
                                node->text, date_year(date));
        else if (kind == DAY_EQUATED)
                reading_mistake(r, node, IN_READING(r, "%s stands here twice; take one out", "%s staat hier twee keer; haal er een weg"), node->text);
        else if (kind != DAY_WORKING)
                reading_mistake(r, node,
                                IN_READING(r, "%s is no working day already (%s); expected a day that the decree equates with a holiday",
                                           "%s is al geen werkdag (%s); hier hoort een dag die het besluit met een feestdag gelijkstelt"),
                                node->text, calendar_day_name(cal, date));
        else
                set_day(cal, date, DAY_EQUATED, NO_HOLIDAY);
}

static void calendar_read_list(struct reading *r, struct calendar *cal, const struct yaml_node *root, const char *key,
                               void (*read)(struct reading *r, struct calendar *cal, const struct yaml_node *node)) {
        const struct yaml_node *list = reading_required(r, root, key, IN_READING(r, "the calendar", "de kalender"));

        if (!list || !reading_sequence(r, list, key))
                return;
        for (size_t i = 0; i < list->n; i++)
                read(r, cal, list->items[i]);
}

static void calendar_read_root(struct reading *r, struct calendar *cal, const struct yaml_node *root) {
        static const char *const keys[] = {"equated", "years", NULL};
        size_t before = r->mistakes->n;

        if (!reading_mapping(r, root, IN_READING(r, "the calendar", "de kalender")))
                return;
        reading_keys(r, root, keys, IN_READING(r, "the calendar", "de kalender"));
        calendar_read_list(r, cal, root, "years", calendar_read_year);
        if (r->mistakes->n == before) /* else days would lie in years that are only misspelt */
                calendar_read_list(r, cal, root, "equated", calendar_read_equated);
}

static int calendar_new(const struct yaml_tree *yaml, struct calendar **ret, struct mistakes *mistakes) {
        CLEANUP(calendar_free_p) struct calendar *cal = malloc(sizeof(*cal));
        struct reading r = {.yaml = yaml, .mistakes = mistakes};
        size_t before = mistakes->n;
        int e;

        if (!cal)
                return error_trace(-ENOMEM, &mistakes->failure);
        cal->first = date_from_ymd(DATE_YEAR_MIN, 1, 1);
        cal->n = (unsigned)(date_from_ymd(DATE_YEAR_MAX, 12, 31) - cal->first + 1);
        assert(cal->n <= DAYS);
        memset(cal->days, DAY_UNKNOWN_YEAR, sizeof(cal->days));
        calendar_read_root(&r, cal, yaml_tree_root(yaml));
        e = reading_end(&r, before);
        if (e)
                return e;
        *ret = TAKE(cal);
        return 0;
}

int calendar_parse(const char *name, const char *text, size_t n, struct calendar **ret, struct mistakes *mistakes) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct error err = {0};
        int e = yaml_tree_parse(name, text, n, mistakes->language, &yaml, &err);

        if (e == 0)
                return calendar_new(yaml, ret, mistakes);
        mistakes_error(mistakes, &err);
        return e;
}

int calendar_read(const char *path, struct calendar **ret, struct mistakes *mistakes) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct error err = {0};
        int e = yaml_tree_read(path, mistakes->language, &yaml, &err);

        if (e == 0)
                return calendar_new(yaml, ret, mistakes);
        mistakes_error(mistakes, &err);
        return e == -ENOENT ? -EINVAL : e;
}

struct calendar *calendar_free(struct calendar *cal) {
        free(cal);
        return NULL;
}

enum day_kind calendar_day(const struct calendar *cal, day_t date) {
        int64_t i = (int64_t)date - cal->first;

        return i < 0 || i >= cal->n ? DAY_UNKNOWN_YEAR : (enum day_kind)(cal->days[i] & KIND_MASK);
}

bool calendar_has_year(const struct calendar *cal, int year) {
        return year >= DATE_YEAR_MIN && year <= DATE_YEAR_MAX && calendar_day(cal, date_from_ymd(year, 1, 1)) != DAY_UNKNOWN_YEAR;
}

size_t calendar_gaps(const struct calendar *cal, int ret[CALENDAR_GAPS_MAX]) {
        int first = DATE_YEAR_MIN, last = DATE_YEAR_MAX;
        size_t n = 0;

        while (first <= DATE_YEAR_MAX && !calendar_has_year(cal, first))
                first++;
        while (last >= first && !calendar_has_year(cal, last))
                last--;
        for (int year = first; year <= last + CALENDAR_AHEAD && n < CALENDAR_GAPS_MAX; year++) {
                if (!calendar_has_year(cal, year))
                        ret[n++] = year;
        }
        return n;
}

day_t calendar_until(const struct calendar *cal, day_t from) {
        int year = date_year(from);

        while (year < DATE_YEAR_MAX && calendar_has_year(cal, year))
                year++;
        return date_from_ymd(year, 1, 1);
}

const char *calendar_day_name(const struct calendar *cal, day_t date) {
        enum day_kind kind = calendar_day(cal, date);

        return kind == DAY_HOLIDAY ? holiday_names[cal->days[date - cal->first] >> KIND_BITS] : kind_names[kind];
}

bool calendar_walk(const struct calendar *cal, day_t from, int count, day_t *ret) {
        int step = count < 0 ? -1 : 1;
        day_t date = from;

        /* Bounded by the calendar: beyond its last day every day is of an unknown year. */
        for (int left = count * step; left > 0;) {
                enum day_kind kind;

                date += step;
                kind = calendar_day(cal, date);
                if (kind == DAY_UNKNOWN_YEAR) {
                        *ret = date;
                        return false;
                }
                left -= kind == DAY_WORKING;
        }
        *ret = date;
        return true;
}
