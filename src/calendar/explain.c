/* SPDX-License-Identifier: EUPL-1.2 */

/* A trace in Dutch and as JSON: which days were counted, which were not, and why the end moved. */

#include "calendar/explain.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
        char s[10];
        unsigned n;
};
#define NAME(literal) {(literal), sizeof(literal) - 1}
static const struct name weekday_names[] = {NAME("maandag"), NAME("dinsdag"), NAME("woensdag"), NAME("donderdag"),
                                            NAME("vrijdag"), NAME("zaterdag"), NAME("zondag")};
static const struct name month_names[] = {NAME("januari"), NAME("februari"), NAME("maart"),     NAME("april"),   NAME("mei"),      NAME("juni"),
                                          NAME("juli"),    NAME("augustus"), NAME("september"), NAME("oktober"), NAME("november"), NAME("december")};
static const struct {
        const char *one, *many;
} unit_names[] = {
        [TERM_DAYS] = {"dag", "dagen"},     [TERM_WEEKS] = {"week", "weken"},           [TERM_MONTHS] = {"maand", "maanden"},
        [TERM_YEARS] = {"jaar", "jaar"},    [TERM_WORKING_DAYS] = {"werkdag", "werkdagen"}, [TERM_HOURS] = {"uur", "uur"},
};

/* Stands in every telling: no printf here. */
static char *write_number(char *p, int number) {
        char digits[12];
        int n = 0;

        do {
                digits[n++] = (char)('0' + number % 10);
                number /= 10;
        } while (number);
        while (n > 0)
                *p++ = digits[--n];
        return p;
}

/* All of it is copied, as a piece of known length; what comes next is written over the rest. */
static char *write_name(char *p, const struct name *name) {
        memcpy(p, name->s, sizeof(name->s));
        return p + name->n;
}

struct text date_dutch_text(day_t date, char ret[DATE_DUTCH_MAX]) {
        int year, month, day;
        char *p = ret;

        date_to_ymd(date, &year, &month, &day);
        p = write_name(p, &weekday_names[date_weekday(date)]);
        *p++ = ' ';
        p = write_number(p, day);
        *p++ = ' ';
        p = write_name(p, &month_names[month - 1]);
        *p++ = ' ';
        p = write_number(p, year);
        *p = '\0';
        return (struct text){ret, (size_t)(p - ret)};
}

const char *date_dutch(day_t date, char ret[DATE_DUTCH_MAX]) {
        return date_dutch_text(date, ret).s;
}

static void print_date(struct buffer *out, day_t date) {
        char text[DATE_DUTCH_MAX];

        buffer_add_text(out, date_dutch(date, text));
}

/* "21 mei (Hemelvaartsdag)", with the year when it is another than that of @near. */
static void print_day_why(struct buffer *out, const struct calendar *cal, day_t date, day_t near) {
        int year, month, day;

        date_to_ymd(date, &year, &month, &day);
        buffer_printf(out, "%d %s", day, month_names[month - 1].s);
        if (year != date_year(near))
                buffer_printf(out, " %d", year);
        buffer_printf(out, " (%s)", calendar_day_name(cal, date));
}

void term_step_print_dutch(struct term_step step, struct buffer *out) {
        int count = abs(step.count);

        buffer_printf(out, "%d %s", count, count == 1 ? unit_names[step.unit].one : unit_names[step.unit].many);
}

static void print_step_from(struct buffer *out, struct term_step step, day_t from) {
        term_step_print_dutch(step, out);
        buffer_add_text(out, step.count < 0 ? " vóór " : " na ");
        print_date(out, from);
}

/* What stands between the items of an enumeration of @n, before item @i. */
static const char *between(unsigned i, unsigned n) {
        return i == 0 ? "" : i + 1 == n ? " en " : ", ";
}

static bool in_weekend(const struct trace_entry *entry) {
        return entry->day == DAY_SATURDAY || entry->day == DAY_SUNDAY;
}

/* "21 mei (Hemelvaartsdag) telt niet, zaterdagen en zondagen evenmin": days with a name one by one, weekends together. */
static void print_skipped(struct buffer *out, const struct calendar *cal, const struct trace_entry *entries, unsigned n, day_t from) {
        unsigned named = 0, i = 0, saturdays = 0, sundays = 0;
        const char *weekends;

        for (unsigned k = 0; k < n; k++) {
                saturdays += entries[k].day == DAY_SATURDAY;
                sundays += entries[k].day == DAY_SUNDAY;
        }
        named = n - saturdays - sundays;
        for (unsigned k = 0; k < n; k++) {
                if (in_weekend(&entries[k]))
                        continue;
                buffer_add_text(out, between(i++, named));
                print_day_why(out, cal, entries[k].date, from);
        }
        if (named)
                buffer_add_text(out, named == 1 ? " telt niet" : " tellen niet");
        if (saturdays + sundays == 0)
                return;
        weekends = saturdays && sundays ? "zaterdagen en zondagen" : saturdays ? "de zaterdag" : "de zondag";
        if (named)
                buffer_printf(out, ", %s evenmin", weekends);
        else
                buffer_printf(out, "%s %s niet", weekends, saturdays && sundays ? "tellen" : "telt");
}

static bool is_months(enum term_unit unit) {
        return unit == TERM_MONTHS || unit == TERM_YEARS;
}

static void print_step(struct buffer *out, const struct calendar *cal, const struct trace *trace, unsigned first, unsigned at, day_t from) {
        const struct trace_entry *entry = &trace->entries[at];
        int year, month, day, from_year, from_month, from_day;

        print_step_from(out, entry->step, from);
        buffer_add_text(out, ": ");
        if (at > first) {
                print_skipped(out, cal, trace->entries + first, at - first, from);
                buffer_add_text(out, trace->cut ? " (en nog meer dagen); " : "; ");
        }
        buffer_add_text(out, "einde ");
        print_date(out, entry->date);
        date_to_ymd(entry->date, &year, &month, &day);
        date_to_ymd(from, &from_year, &from_month, &from_day);
        if (is_months(entry->step.unit) && day != from_day)
                buffer_printf(out, " (%s %d heeft geen dag %d, dus de laatste dag)", month_names[month - 1].s, year, from_day);
        buffer_add_text(out, ".\n");
}

static void print_rolled(struct buffer *out, const struct calendar *cal, const struct trace_entry *entries, unsigned n) {
        buffer_add_text(out, "Het einde valt op ");
        print_date(out, entries[0].date);
        if (!in_weekend(&entries[0]))
                buffer_printf(out, " (%s)", calendar_day_name(cal, entries[0].date));
        for (unsigned i = 1; i < n; i++) {
                buffer_add_text(out, i == 1 ? "; ook " : between(i - 1, n - 1));
                print_day_why(out, cal, entries[i].date, entries[0].date);
        }
        if (n > 1)
                buffer_add_text(out, n == 2 ? " telt niet" : " tellen niet");
        buffer_add_text(out, ": het schuift door naar ");
        print_date(out, entries[n - 1].date + 1);
        buffer_add_text(out, " (Algemene termijnenwet, artikel 1).\n");
}

static void print_unknown(struct buffer *out, const struct trace_entry *entry, day_t from) {
        if (entry->step.unit == TERM_WORKING_DAYS)
                print_step_from(out, entry->step, from);
        else
                buffer_add_text(out, "Of het einde doorschuift");
        buffer_add_text(out, " is niet te berekenen: ");
        print_date(out, entry->date);
        buffer_printf(out, " valt in een jaar dat de kalender niet heeft (%d).\n", date_year(entry->date));
}

/* How many entries of one kind follow one another from @at on. */
static unsigned run_of(const struct trace *trace, unsigned at, enum trace_kind kind) {
        unsigned n = 0;

        while (at + n < trace->n && trace->entries[at + n].kind == kind)
                n++;
        return n;
}

int trace_print(const struct trace *trace, const struct calendar *cal, struct buffer *out) {
        day_t from = trace->from;
        bool moved = false;

        for (unsigned i = 0; i < trace->n;) {
                unsigned skipped = run_of(trace, i, TRACE_SKIPPED), at = i + skipped;
                const struct trace_entry *entry = &trace->entries[at];

                if (at == trace->n)
                        break;
                i = at + 1;
                switch (entry->kind) {
                case TRACE_STEP:
                        print_step(out, cal, trace, at - skipped, at, from);
                        from = entry->date;
                        break;
                case TRACE_ROLLED:
                        i = at + run_of(trace, at, TRACE_ROLLED);
                        if (i == trace->n || trace->entries[i].kind != TRACE_UNKNOWN || trace->entries[i].date > trace->entries[i - 1].date + 1)
                                print_rolled(out, cal, entry, i - at);
                        moved = true;
                        break;
                case TRACE_EXTENDED:
                        buffer_add_text(out, "Een termijn van ten minste drie dagen telt ten minste twee werkdagen: zij wordt verlengd tot en met ");
                        print_date(out, entry->date);
                        buffer_add_text(out, " (Algemene termijnenwet, artikel 2).\n");
                        moved = true;
                        break;
                case TRACE_UNKNOWN:
                        print_unknown(out, entry, from);
                        break;
                case TRACE_SKIPPED:
                        assert(!"skipped days were counted above");
                }
        }
        if (trace->end == DAY_NONE && !trace->unknown_year)
                buffer_printf(out, "De berekening verlaat de jaren %d tot en met %d.\n", DATE_YEAR_MIN, DATE_YEAR_MAX);
        else if (trace->end != DAY_NONE && trace->legal && !moved)
                buffer_add_text(out, "Dat is een werkdag: de Algemene termijnenwet verschuift niets.\n");
        return out->failed ? -ENOMEM : 0;
}

static void term_put_date(struct json_writer *out, const char *key, day_t date) {
        char text[DATE_TEXT + 1];

        date_format(date, text);
        jsonw_put_string(out, key, text);
}

/* Days with their reasons as an array under @key. */
static void put_days(struct json_writer *out, const char *key, const struct calendar *cal, const struct trace_entry *entries, unsigned n) {
        jsonw_key(out, key);
        jsonw_open_array(out);
        for (unsigned i = 0; i < n; i++) {
                jsonw_open_object(out);
                term_put_date(out, "date", entries[i].date);
                jsonw_put_string(out, "why", calendar_day_name(cal, entries[i].date));
                jsonw_close_object(out);
        }
        jsonw_close_array(out);
}

/* The steps that ended; returns the index of what comes behind them. */
static unsigned put_steps(struct json_writer *out, const struct trace *trace, const struct calendar *cal) {
        unsigned first = 0;
        day_t from = trace->from;

        jsonw_key(out, "steps");
        jsonw_open_array(out);
        for (;;) {
                unsigned skipped = run_of(trace, first, TRACE_SKIPPED), at = first + skipped;
                char text[48];

                if (at == trace->n || trace->entries[at].kind != TRACE_STEP)
                        break;
                (void) term_step_format(trace->entries[at].step, text, sizeof(text));
                jsonw_open_object(out);
                jsonw_put_string(out, "step", text);
                term_put_date(out, "from", from);
                from = trace->entries[at].date;
                term_put_date(out, "to", from);
                put_days(out, "skipped", cal, trace->entries + first, skipped);
                jsonw_close_object(out);
                first = at + 1;
        }
        jsonw_close_array(out);
        return first;
}

void trace_print_json(const struct trace *trace, const struct calendar *cal, struct json_writer *out) {
        unsigned at, rolled;

        jsonw_open_object(out);
        term_put_date(out, "from", trace->from);
        at = put_steps(out, trace, cal);
        if (trace->legal) {
                jsonw_put_string(out, "roll", "legal");
                rolled = run_of(trace, at, TRACE_ROLLED);
                put_days(out, "rolled", cal, trace->entries + at, rolled);
                at += rolled;
                if (at < trace->n && trace->entries[at].kind == TRACE_EXTENDED)
                        term_put_date(out, "extended_to", trace->entries[at].date);
        }
        if (trace->end == DAY_NONE) {
                jsonw_key(out, "end");
                jsonw_null(out);
        } else {
                term_put_date(out, "end", trace->end);
        }
        if (trace->unknown_year)
                jsonw_put_int(out, "unknown_year", trace->unknown_year);
        if (trace->cut)
                jsonw_put_bool(out, "cut", true);
        jsonw_close_object(out);
}

void instant_print(instant_t at, enum language language, struct buffer *out) {
        static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
        static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                             "July",    "August",   "September", "October", "November", "December"};
        day_t date = date_of_instant(at);
        /* Whatever the clock did that day, local time is what the offset says. */
        int64_t ms = at + instant_offset_minutes(at) * INT64_C(60000) - date * INSTANT_DAY;
        int year, month, day;

        date_to_ymd(date, &year, &month, &day);
        if (language == LANGUAGE_NL)
                print_date(out, date);
        else
                buffer_printf(out, "%s %d %s %d", weekdays[date_weekday(date)], day, months[month - 1], year);
        buffer_printf(out, " %02d:%02d%s", (int)(ms / HOUR_MS), (int)(ms / 60000 % 60), IN_LANGUAGE(language, "", " uur"));
}

void instant_print_dutch(instant_t at, struct buffer *out) {
        instant_print(at, LANGUAGE_NL, out);
}

int term_hours_print(struct term_step step, instant_t from, instant_t end, struct buffer *out) {
        int change = instant_offset_minutes(end) - instant_offset_minutes(from);

        if (end < from)
                change = -change;
        term_step_print_dutch(step, out);
        buffer_add_text(out, step.count < 0 ? " vóór " : " na ");
        instant_print_dutch(from, out);
        buffer_add_text(out, ": ");
        instant_print_dutch(end, out);
        if (change)
                buffer_printf(out, " (de klok gaat in die tijd een uur %s)", change > 0 ? "vooruit" : "terug");
        buffer_add_text(out, ".\n");
        return out->failed ? -ENOMEM : 0;
}
