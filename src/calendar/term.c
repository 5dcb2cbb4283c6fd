/* SPDX-License-Identifier: EUPL-1.2 */

/* Steps one after another, working days walked day by day, then the rolling of the law; each noted in the trace. */

#include "calendar/term.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define TRACE_SKIPPED_MAX (TRACE_MAX - 64) /* steps and rolling always find room */
#define TRACE_CAPACITY_FIRST 16
#define LEGAL_DAYS_MIN 3 /* art. 2: terms of at least three days … */
#define LEGAL_WORKING_DAYS 2 /* … hold at least two working days */

static_assert(TERM_STEPS_MAX < 32, "steps fit beside what rolling adds");

static const struct span_unit term_units[] = {
        [TERM_DAYS] = {"day", "days", NULL, TERM_DAYS},
        [TERM_WEEKS] = {"week", "weeks", NULL, TERM_WEEKS},
        [TERM_MONTHS] = {"month", "months", NULL, TERM_MONTHS},
        [TERM_YEARS] = {"year", "years", NULL, TERM_YEARS},
        [TERM_WORKING_DAYS] = {"working day", "working days", NULL, TERM_WORKING_DAYS},
        [TERM_HOURS] = {"hour", "hours", NULL, TERM_HOURS},
};

/* The longest term to which the Algemene termijnenwet applies (art. 4); LEGAL_NEVER: it never does. And which terms do not roll. */
#define LEGAL_NEVER (-TERM_COUNT_MAX - 1)
static const struct {
        int max;
        const char *no_roll[LANGUAGES]; /* terms … */
} term_legal[] = {
        [TERM_DAYS] = {90, {"of more than 90 days", "van meer dan 90 dagen"}},
        [TERM_WEEKS] = {12, {"of more than twelve weeks", "van meer dan twaalf weken"}},
        [TERM_MONTHS] = {3, {"of more than three months", "van meer dan drie maanden"}},
        [TERM_YEARS] = {0, {"of one or more years", "van een of meer jaren"}},
        [TERM_WORKING_DAYS] = {LEGAL_NEVER, {"in working days, which end on one", "in werkdagen, die altijd op een werkdag eindigen"}},
        [TERM_HOURS] = {LEGAL_NEVER, {"in hours", "in uren"}},
};

int term_step_parse(const char *text, enum language language, struct term_step *ret, struct error *err) {
        char hint[NEAREST_HINT_MAX];
        struct span span;

        assert(text && ret);
        if (!*text) {
                error_set(err, IN_LANGUAGE(language, "a step of a term is missing; expected a number and a unit, as in '5 working days'",
                                           "een stap van een termijn ontbreekt; hier hoort een getal met een eenheid, zoals '5 working days'"));
                return -EINVAL;
        }
        switch (span_parse(text_of(text), term_units, ELEMENTS(term_units), &span)) {
        case SPAN_E_NUMBER:
                error_set(err,
                          IN_LANGUAGE(language, "'%.60s' does not begin with a whole number; expected a number and a unit, as in '5 working days'",
                                      "'%.60s' begint niet met een heel getal; hier hoort een getal met een eenheid, zoals '5 working days'"),
                          text);
                return -EINVAL;
        case SPAN_E_BARE:
                error_set(err,
                          IN_LANGUAGE(language, "'%.60s' has no unit; expected days, weeks, months, years, working days or hours behind the number",
                                      "'%.60s' heeft geen eenheid; achter het getal hoort days, weeks, months, years, working days of hours"),
                          text);
                return -EINVAL;
        case SPAN_E_UNIT:
                error_set(err,
                          IN_LANGUAGE(language, "'%.60s' is no unit of time%s; expected days, weeks, months, years, working days or hours",
                                      "'%.60s' is geen eenheid van tijd%s; hier hoort days, weeks, months, years, working days of hours"),
                          span.word.s, span_hint(&span, term_units, ELEMENTS(term_units), language, hint));
                return -EINVAL;
        default:
                break;
        }
        if (span.count > TERM_COUNT_MAX || span.count < -TERM_COUNT_MAX) {
                error_set(err,
                          IN_LANGUAGE(language, "'%.60s' is out of range; expected at most %d of a unit",
                                      "'%.60s' is te groot; hier hoort hoogstens %d van een eenheid"),
                          text, TERM_COUNT_MAX);
                return -EINVAL;
        }
        *ret = (struct term_step){.unit = (enum term_unit)span.unit->value, .count = (int)span.count};
        return 0;
}

bool reading_step(struct reading *r, const struct yaml_node *node, struct term_step *ret) {
        struct error err = {0};

        if (!reading_scalar(r, node, IN_READING(r, "a step of time", "een stap in de tijd")))
                return false;
        if (term_step_parse(node->text, r->mistakes->language, ret, &err) == 0)
                return true;
        reading_mistake(r, node, "%s", err.text);
        return false;
}

int term_step_format(struct term_step step, char *ret, size_t size) {
        return snprintf(ret, size, "%d %s", step.count, step.count == 1 || step.count == -1 ? term_units[step.unit].one : term_units[step.unit].many);
}

int term_check(const struct term *term, enum language language, struct error *err) {
        if (term->n < 1 || term->n > TERM_STEPS_MAX) {
                error_set(err, IN_LANGUAGE(language, "a term has one to %d steps, this one has %u", "een termijn heeft een tot %d stappen, deze %u"),
                          TERM_STEPS_MAX, term->n);
                return -EINVAL;
        }
        for (unsigned i = 0; term->n > 1 && i < term->n; i++) {
                if (term->steps[i].unit == TERM_HOURS) {
                        error_set(err, IN_LANGUAGE(language, "a step in hours stands alone: hours end at an instant, other steps at the end of a day",
                                                   "een stap in uren staat alleen: uren eindigen op een tijdstip, andere stappen aan het eind van een dag"));
                        return -EINVAL;
                }
        }
        return 0;
}

int term_check_legal(const struct term *term, enum language language, struct error *err) {
        for (unsigned i = 0; i < term->n; i++) {
                struct term_step step = term->steps[i];
                bool back = step.count < 0 && term_legal[step.unit].max >= 0;
                char text[48];

                if (!back && step.count <= term_legal[step.unit].max)
                        continue;
                (void) term_step_format(step, text, sizeof(text));
                error_set(err,
                          IN_LANGUAGE(language, "'%s' cannot roll: the Algemene termijnenwet does not move terms %s; let it end where it ends (roll: none)",
                                      "'%s' kan niet opschuiven: de Algemene termijnenwet verschuift geen termijnen %s; laat het einde staan (roll: none)"),
                          text, back ? IN_LANGUAGE(language, "that count back", "die terugtellen") : term_legal[step.unit].no_roll[language]);
                return -EINVAL;
        }
        return 0;
}

static int trace_add(struct trace *trace, struct trace_entry entry) {
        if (!trace)
                return 0;
        if (trace->n >= (entry.kind == TRACE_SKIPPED ? TRACE_SKIPPED_MAX : TRACE_MAX)) {
                trace->cut = true;
                return 0;
        }
        if (trace->n == trace->capacity) {
                unsigned capacity = trace->capacity ? trace->capacity * 2 : TRACE_CAPACITY_FIRST;
                struct trace_entry *entries = arena_calloc(trace->arena, capacity, sizeof(*entries));

                if (!entries)
                        return -ENOMEM;
                if (trace->n)
                        memcpy(entries, trace->entries, trace->n * sizeof(*entries));
                trace->entries = entries;
                trace->capacity = capacity;
        }
        trace->entries[trace->n++] = entry;
        return 0;
}

/* The calculation met @date, whose year the calendar does not have, or which lies outside the years of dates. */
static int unknown_day(day_t date, struct term_step step, struct trace *trace, int *ret_year) {
        int year;

        if (!date_valid(date))
                return TERM_E_RANGE;
        year = date_year(date);
        if (ret_year)
                *ret_year = year;
        if (trace) {
                int e = trace_add(trace, (struct trace_entry){.kind = TRACE_UNKNOWN, .step = step, .date = date, .day = DAY_UNKNOWN_YEAR});

                if (e)
                        return e;
                trace->unknown_year = year;
        }
        return TERM_E_YEAR;
}

/* The same day number @count months on, or the last day of a month that has none. */
static int add_months(day_t from, int64_t count, day_t *ret) {
        int year, month, day, last;
        int64_t months;

        date_to_ymd(from, &year, &month, &day);
        months = (int64_t)year * 12 + month - 1 + count;
        if (months < DATE_YEAR_MIN * 12 || months >= (DATE_YEAR_MAX + 1) * 12)
                return TERM_E_RANGE;
        year = (int)(months / 12);
        month = (int)(months % 12) + 1;
        last = date_month_days(year, month);
        *ret = date_from_ymd(year, month, day < last ? day : last);
        return 0;
}

static int step_end(const struct calendar *cal, struct term_step step, day_t from, struct trace *trace, day_t *ret, int *ret_year) {
        day_t end = from;

        if (!date_valid(from))
                return TERM_E_RANGE;
        switch (step.unit) {
        case TERM_DAYS:
                end = from + step.count;
                break;
        case TERM_WEEKS:
                end = from + step.count * 7;
                break;
        case TERM_MONTHS:
                return add_months(from, step.count, ret);
        case TERM_YEARS:
                return add_months(from, (int64_t)step.count * 12, ret);
        case TERM_WORKING_DAYS:
                if (!calendar_walk(cal, from, step.count, &end))
                        return unknown_day(end, step, trace, ret_year);
                break;
        case TERM_HOURS:
                assert(!"hours are counted from instants");
        }
        if (!date_valid(end))
                return TERM_E_RANGE;
        *ret = end;
        return 0;
}

static int trace_step(struct trace *trace, const struct calendar *cal, struct term_step step, day_t from, day_t end) {
        int back = step.count < 0 ? -1 : 1, e = 0;

        if (!trace)
                return 0;
        for (day_t date = from; step.unit == TERM_WORKING_DAYS && date != end && e == 0;) {
                enum day_kind kind;

                date += back;
                kind = calendar_day(cal, date);
                if (kind != DAY_WORKING)
                        e = trace_add(trace, (struct trace_entry){.kind = TRACE_SKIPPED, .date = date, .day = kind});
        }
        return e ? e : trace_add(trace, (struct trace_entry){.kind = TRACE_STEP, .step = step, .date = end, .day = DAY_WORKING});
}

/*
 * Algemene termijnenwet: the end moves on to a working day (art. 1), and a term of at least three days holds two
 * of them (art. 2). The order of the two does not matter: the later of both ends is the same.
 */
static int roll(const struct calendar *cal, day_t from, day_t raw, struct trace *trace, day_t *ret, int *ret_year) {
        const struct term_step rolling = {.unit = TERM_DAYS};
        day_t end = raw, second;
        enum day_kind kind;

        while ((kind = calendar_day(cal, end)) != DAY_WORKING) {
                int e;

                if (kind == DAY_UNKNOWN_YEAR)
                        return unknown_day(end, rolling, trace, ret_year);
                e = trace_add(trace, (struct trace_entry){.kind = TRACE_ROLLED, .date = end, .day = kind});
                if (e)
                        return e;
                end++;
        }
        if (raw - from >= LEGAL_DAYS_MIN) {
                if (!calendar_walk(cal, from, LEGAL_WORKING_DAYS, &second))
                        return unknown_day(second, rolling, trace, ret_year);
                if (second > end) {
                        int e = trace_add(trace, (struct trace_entry){.kind = TRACE_EXTENDED, .date = second, .day = DAY_WORKING});

                        if (e)
                                return e;
                        end = second;
                }
        }
        *ret = end;
        return 0;
}

int term_end(const struct calendar *cal, const struct term *term, day_t from, struct trace *trace, day_t *ret, int *ret_year) {
        day_t end = from;
        int e;

        assert(term->n >= 1 && term->n <= TERM_STEPS_MAX && !term_in_hours(term));
        if (trace)
                *trace = (struct trace){.arena = trace->arena, .legal = term->legal, .from = from, .end = DAY_NONE};
        for (unsigned i = 0; i < term->n; i++) {
                day_t anchor = end;

                e = step_end(cal, term->steps[i], anchor, trace, &end, ret_year);
                if (e == 0)
                        e = trace_step(trace, cal, term->steps[i], anchor, end);
                if (e)
                        return e;
        }
        if (term->legal) {
                e = roll(cal, from, end, trace, &end, ret_year);
                if (e)
                        return e;
        }
        if (trace)
                trace->end = end;
        *ret = end;
        return 0;
}

int term_step_end(const struct calendar *cal, struct term_step step, day_t from, day_t *ret, int *ret_year) {
        assert(step.unit != TERM_HOURS);
        return step_end(cal, step, from, NULL, ret, ret_year);
}

int term_hours_end(struct term_step step, instant_t from, instant_t *ret) {
        instant_t end;

        assert(step.unit == TERM_HOURS);
        if (!instant_valid(from))
                return TERM_E_RANGE;
        end = from + step.count * HOUR_MS;
        if (!instant_valid(end))
                return TERM_E_RANGE;
        *ret = end;
        return 0;
}
