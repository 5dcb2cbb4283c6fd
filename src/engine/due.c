/* SPDX-License-Identifier: EUPL-1.2 */

/* When an obligation, a reminder and a rung are due. */

#include "engine/obligation.h"

#define HOUR_MS ((instant_t)3600 * 1000)

static struct due due_on(day_t date) {
        return (struct due){.state = DUE_KNOWN, .date = date, .over = date_over(date)};
}

static struct due due_by_term(struct view *v, const struct term *term, day_t from) {
        struct due due = {.state = DUE_REFUSED};
        day_t end;

        if (term_end(v->config->calendar, term, from, NULL, &end, &due.year))
                return due;
        return due_on(end);
}

/* The earliest date of the joined facts that a reference names, or DAY_NONE. */
static day_t earliest_date(struct view *v, const struct event_ref *ref, const struct obligation *o) {
        const struct fact_list *list = view_list(v, ref->type);
        day_t best = DAY_NONE;

        for (size_t i = 0; i < list->n; i++) {
                day_t date = ref_date(ref, list->items[i]);

                if (date == DAY_NONE || !obligation_joins(o, list->items[i]) || !conditions_hold_self(&ref->when, list->items[i]))
                        continue;
                if (best == DAY_NONE || date < best)
                        best = date;
        }
        return best;
}

/* not_before: the later of the two; sooner: the least of what was agreed, never back. */
static struct due adjusted(struct view *v, const struct obligation *o, struct due due) {
        const struct norm *norm = o->norm;

        if (norm->has_not_before) {
                day_t from = earliest_date(v, &norm->not_before, o);

                if (from != DAY_NONE) {
                        struct due other = due_by_term(v, &norm->not_before_term, from);

                        if (other.state != DUE_KNOWN)
                                return other;
                        if (other.date > due.date)
                                due = other;
                }
        }
        if (norm->sooner) {
                const struct fact_list *agreed = view_known(v, TYPE_TERM_AGREED);

                for (size_t i = 0; i < agreed->n; i++) {
                        day_t date = fact_date(agreed->items[i], agreed->items[i]->type->fields[FIELD_DUE_DATE]);

                        if (obligation_joins(o, agreed->items[i]) && date < due.date)
                                due = due_on(date);
                }
        }
        return due;
}

struct due obligation_due(struct view *v, const struct obligation *o) {
        const struct norm *norm = o->norm;
        struct due due = {.state = DUE_NONE};
        day_t date;

        switch (norm->timing) {
        case TIMING_TERM:
                due = due_by_term(v, &norm->term, o->from);
                return due.state == DUE_KNOWN ? adjusted(v, o, due) : due;
        case TIMING_AT_ONCE:
                return (struct due){.state = DUE_KNOWN, .date = date_of_instant(o->start->occurred_at), .over = o->start->occurred_at};
        case TIMING_HOURS:
                due.over = o->start->occurred_at + norm->term.steps[0].count * HOUR_MS;
                due.date = date_of_instant(due.over);
                due.state = DUE_KNOWN;
                return due;
        case TIMING_DUE_WITH:
                date = earliest_date(v, &norm->due_with, o);
                return date == DAY_NONE ? due : adjusted(v, o, due_on(date));
        case TIMING_QUOTA:
                return due_on(date_from_ymd(o->year, 12, 31));
        case TIMING_DUE:
                return adjusted(v, o, due_on(norm->due));
        case TIMING_LIMIT:
                break; /* due when it is broken: status.c */
        }
        return due;
}

static bool is_at_once(const struct obligation *o, struct term_step step) {
        return step.count == 0 && step.unit != TERM_HOURS && (o->norm->timing == TIMING_AT_ONCE || o->norm->timing == TIMING_LIMIT);
}

instant_t rung_due(struct view *v, const struct obligation *o, const struct rung *rung, instant_t *ret_fell) {
        /* A broken limit is over from the beginning of time: it is known at once. What is told is when it broke. */
        instant_t over = o->norm->timing == TIMING_LIMIT && o->met ? o->met->occurred_at : o->due.over;
        day_t end;

        *ret_fell = INSTANT_NEVER;
        if (rung->after.unit == TERM_HOURS)
                *ret_fell = over + rung->after.count * HOUR_MS;
        else if (is_at_once(o, rung->after))
                *ret_fell = over;
        else if (term_step_end(v->config->calendar, rung->after, o->due.date, &end, NULL) == 0)
                *ret_fell = date_over(end);
        return is_at_once(o, rung->after) && o->norm->timing == TIMING_LIMIT ? o->due.over : *ret_fell;
}

instant_t reminder_due(struct view *v, const struct obligation *o, const struct reminder *reminder) {
        struct term_step back = {reminder->before.unit, -reminder->before.count};
        day_t date;

        if (back.unit == TERM_HOURS)
                return o->due.over + back.count * HOUR_MS;
        if (term_step_end(v->config->calendar, back, o->due.date, &date, NULL))
                return INSTANT_NEVER;
        return date_begin(date);
}
