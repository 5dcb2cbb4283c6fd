/* SPDX-License-Identifier: EUPL-1.2 */
#include "calendar/calendar.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

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

struct reader {
        struct calendar *cal;
        const char *name;
        struct error *err;
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

#define REFUSE(r, node, fmt, ...) \
        (error_set((r)->err, "%s:%u:%u: " fmt, (r)->name, (node)->line, (node)->column, ##__VA_ARGS__), -EINVAL)

static const char *kind_word(const struct yaml_node *node) {
        return node->kind == YAML_MAPPING ? "a mapping" : node->kind == YAML_SEQUENCE ? "a list" : "a single value";
}

static int read_year(struct reader *r, const struct yaml_node *node) {
        int64_t year;

        if (node->kind != YAML_SCALAR)
                return REFUSE(r, node, "expected a year, as in 2026, not %s", kind_word(node));
        if (node->quoted || !text_to_int64(text_of(node->text), &year) || year < DATE_YEAR_MIN || year > DATE_YEAR_MAX)
                return REFUSE(r, node, "'%.40s' is no year: expected a number from %d to %d, without quotes", node->text, DATE_YEAR_MIN,
                              DATE_YEAR_MAX);
        if (calendar_has_year(r->cal, (int)year))
                return REFUSE(r, node, "the year %d stands here twice; take one out", (int)year);
        set_year(r->cal, (int)year);
        return 0;
}

static int read_equated(struct reader *r, const struct yaml_node *node) {
        enum day_kind kind;
        day_t date;

        if (node->kind != YAML_SCALAR)
                return REFUSE(r, node, "expected a date, as in 2026-05-15, not %s", kind_word(node));
        if (!date_parse(text_of(node->text), &date))
                return REFUSE(r, node, "'%.40s' is no date: expected an existing day as YYYY-MM-DD, of the years %d to %d", node->text, DATE_YEAR_MIN,
                              DATE_YEAR_MAX);
        kind = calendar_day(r->cal, date);
        if (kind == DAY_UNKNOWN_YEAR)
                return REFUSE(r, node, "%s lies in %d, which 'years' does not list; list the year once all its equated days are known", node->text,
                              date_year(date));
        if (kind == DAY_EQUATED)
                return REFUSE(r, node, "%s stands here twice; take one out", node->text);
        if (kind != DAY_WORKING)
                return REFUSE(r, node, "%s is no working day already (%s); expected a day that the decree equates with a holiday", node->text,
                              calendar_day_name(r->cal, date));
        set_day(r->cal, date, DAY_EQUATED, NO_HOLIDAY);
        return 0;
}

static int read_list(struct reader *r, const struct yaml_node *root, const char *key, const char *of,
                     int (*read)(struct reader *, const struct yaml_node *)) {
        const struct yaml_node *list = yaml_get(root, key);

        if (!list)
                return REFUSE(r, root, "the key '%s' is missing: expected a list of %s ([] for none)", key, of);
        if (list->kind != YAML_SEQUENCE)
                return REFUSE(r, list, "'%s' must be a list of %s, not %s", key, of, kind_word(list));
        for (size_t i = 0; i < list->n; i++) {
                int e = read(r, list->items[i]);

                if (e)
                        return e;
        }
        return 0;
}

static int read_root(struct reader *r, const struct yaml_node *root) {
        char hint[NEAREST_HINT_MAX];
        int e;

        if (root->kind != YAML_MAPPING)
                return REFUSE(r, root, "expected the keys 'equated' and 'years', not %s", kind_word(root));
        for (size_t i = 0; i < root->n; i++) {
                struct nearest nearest = NEAREST_INIT(root->keys[i]->text);

                if (strcmp(root->keys[i]->text, "equated") == 0 || strcmp(root->keys[i]->text, "years") == 0)
                        continue;
                nearest_try(&nearest, "equated");
                nearest_try(&nearest, "years");
                return REFUSE(r, root->keys[i], "no key '%.60s'%s; expected 'equated' and 'years'", root->keys[i]->text,
                              nearest_hint(&nearest, hint));
        }
        e = read_list(r, root, "years", "years", read_year);
        if (e)
                return e;
        return read_list(r, root, "equated", "dates", read_equated);
}

static int calendar_new(const struct yaml_tree *yaml, struct calendar **ret, struct error *err) {
        CLEANUP(calendar_free_p) struct calendar *cal = malloc(sizeof(*cal));
        struct reader r = {.cal = cal, .name = yaml_tree_name(yaml), .err = err};
        int e;

        if (!cal)
                return -ENOMEM;
        cal->first = date_from_ymd(DATE_YEAR_MIN, 1, 1);
        cal->n = (unsigned)(date_from_ymd(DATE_YEAR_MAX, 12, 31) - cal->first + 1);
        assert(cal->n <= DAYS);
        memset(cal->days, DAY_UNKNOWN_YEAR, sizeof(cal->days));
        e = read_root(&r, yaml_tree_root(yaml));
        if (e)
                return e;
        *ret = TAKE(cal);
        return 0;
}

int calendar_parse(const char *name, const char *text, size_t n, struct calendar **ret, struct error *err) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        int e = yaml_tree_parse(name, text, n, &yaml, err);

        return e ? e : calendar_new(yaml, ret, err);
}

int calendar_read(const char *path, struct calendar **ret, struct error *err) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        int e = yaml_tree_read(path, &yaml, err);

        return e ? e : calendar_new(yaml, ret, err);
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
