/* SPDX-License-Identifier: EUPL-1.2 */

/* Whether an obligation is met, lapsed, excused, overdue or still running (contract: the table of section 6). */

#include "engine/obligation.h"

const char *const status_names[STATUSES] = {"RUNNING", "MET_IN_TIME", "MET_LATE", "LAPSED", "EXPLAINED", "OVERDUE"};

/* Whether a fact may meet it at all: not the one that starts it, not one from before it began. */
static bool may_meet(const struct obligation *o, const struct fact *fact, day_t date) {
        if (fact == o->start || date == DAY_NONE)
                return false;
        if (o->norm->since_start && o->start && fact->own < o->start->own)
                return false;
        if (o->norm->repeats && date <= o->from)
                return false;
        return true;
}

/* The fact that meets it first: by date, or by instant when the term is in hours; then by event_id. */
static void find_met(struct view *v, struct obligation *o) {
        bool by_instant = o->norm->timing == TIMING_HOURS;

        for (size_t r = 0; r < o->norm->met_by.n; r++) {
                const struct event_ref *ref = &o->norm->met_by.items[r];
                const struct fact_list *list = view_list(v, ref->type);

                for (size_t i = 0; i < list->n; i++) {
                        const struct fact *fact = list->items[i];
                        day_t date = ref_date(ref, fact);
                        int64_t key = by_instant ? fact->occurred_at : date, best;

                        if (!ref_matches(ref, fact) || !may_meet(o, fact, date) || !obligation_joins(o, fact))
                                continue;
                        best = !o->met ? INT64_MAX : by_instant ? o->met->occurred_at : o->met_date;
                        if (!o->met || key < best || (key == best && uuid_compare(&fact->event_id, &o->met->event_id) < 0)) {
                                o->met = fact;
                                o->met_date = date;
                        }
                }
        }
}

struct dated {
        day_t date;
        const struct fact *fact;
};

static int by_date(const void *a, const void *b) {
        const struct dated *x = a, *y = b;

        if (x->date != y->date)
                return x->date < y->date ? -1 : 1;
        return uuid_compare(&x->fact->event_id, &y->fact->event_id);
}

/* The n-th (from 1) joined fact of a reference by date then event_id, dated from @from to @until. */
static bool nth_fact(struct view *v, const struct obligation *o, const struct event_ref *ref, size_t n, day_t from, day_t until, struct dated *ret) {
        const struct fact_list *list = view_list(v, ref->type);
        struct dated *found;
        size_t count = 0;

        if (list->n < n)
                return false;
        found = view_alloc(v, list->n, sizeof(*found));
        for (size_t i = 0; found && i < list->n; i++) {
                day_t date = ref_date(ref, list->items[i]);

                if (date != DAY_NONE && date >= from && date <= until && ref_matches(ref, list->items[i]) && obligation_joins(o, list->items[i]))
                        found[count++] = (struct dated){date, list->items[i]};
        }
        if (count < n)
                return false;
        qsort(found, count, sizeof(*found), by_date);
        *ret = found[n - 1];
        return true;
}

/* The earliest fact of ends_with that joins @o (by the ids of its start when @by_ids). */
static const struct fact *first_end(struct view *v, const struct obligation *o, day_t *ret_date) {
        const struct fact *best = NULL;

        for (size_t r = 0; r < o->norm->ends_with.n; r++) {
                const struct event_ref *ref = &o->norm->ends_with.items[r];
                const struct fact_list *list = view_list(v, ref->type);

                for (size_t i = 0; i < list->n; i++) {
                        const struct fact *fact = list->items[i];
                        day_t date = ref_date(ref, fact);

                        if (fact == o->start || date == DAY_NONE || !ref_matches(ref, fact) || !obligation_joins(o, fact))
                                continue;
                        if (!best || date < *ret_date || (date == *ret_date && uuid_compare(&fact->event_id, &best->event_id) < 0)) {
                                best = fact;
                                *ret_date = date;
                        }
                }
        }
        return best;
}

/* With per: every counting fact of the starting type with that value must have ended; the latest of those dates. */
const struct fact *obligation_end(struct view *v, const struct obligation *o, day_t *ret_date) {
        const struct norm *norm = o->norm;
        const struct fact *latest = NULL;
        const struct fact_list *starts;
        struct norm by_ids;

        if (!norm->per_case && norm->per < 0)
                return first_end(v, o, ret_date);
        by_ids = *norm; /* also with per: case, ends join by the ids of each start */
        by_ids.per_case = false;
        starts = view_list(v, norm->starts.type);
        for (size_t i = 0; i < starts->n; i++) {
                struct obligation one = *o;
                const struct fact *end;
                day_t date;

                if (norm->per >= 0 && !slot_equal(&starts->items[i]->slots[norm->per], &o->start->slots[norm->per]))
                        continue;
                one.norm = &by_ids;
                one.start = starts->items[i];
                end = first_end(v, &one, &date);
                if (!end)
                        return NULL;
                if (!latest || date > *ret_date) {
                        latest = end;
                        *ret_date = date;
                }
        }
        return latest;
}

/* A fact that excuses it now, remembering when an explanation runs out. Any that counts at all sets excused. */
static void find_excuse(struct view *v, struct obligation *o) {
        for (size_t r = 0; r < o->norm->explained_by.n; r++) {
                const struct event_ref *ref = &o->norm->explained_by.items[r];
                const struct fact_list *list = view_list(v, ref->type);

                for (size_t i = 0; i < list->n; i++) {
                        const struct fact *fact = list->items[i];
                        int until = fact->type->known == TYPE_DEVIATION_EXPLAINED ? fact->type->fields[FIELD_UNTIL] : -1;
                        day_t last = until >= 0 ? fact_date(fact, until) : DAY_NONE;

                        if (fact == o->start || ref_date(ref, fact) == DAY_NONE || !ref_matches(ref, fact) || !obligation_joins(o, fact))
                                continue;
                        o->excused = true;
                        if (!o->excuse && (last == DAY_NONE || !view_reached(v, date_over(last))))
                                o->excuse = fact;
                }
        }
}

static bool end_begun(struct view *v, const struct obligation *o) {
        return o->ended && view_begun(v, o->ended_date);
}

/* A limit is broken by the first fact beyond its number; of several, the earliest date. */
static void settle_limit(struct view *v, struct obligation *o) {
        day_t until = INT32_MAX;
        bool broken = false;

        o->ended = obligation_end(v, o, &o->ended_date);
        if (o->ended)
                until = o->ended_date;
        for (size_t i = 0; i < o->norm->n_limits; i++) {
                const struct limit *limit = &o->norm->limits[i];
                struct dated breach;

                if (nth_fact(v, o, &limit->event, limit->at_most + 1, INT32_MIN + 1, until, &breach) && (!broken || breach.date < o->due.date)) {
                        broken = true;
                        o->met = breach.fact;
                        o->due = (struct due){.state = DUE_KNOWN, .date = breach.date, .over = INT64_MIN};
                }
        }
        find_excuse(v, o);
        if (!broken)
                o->status = end_begun(v, o) ? STATUS_MET_IN_TIME : STATUS_RUNNING;
        else if (end_begun(v, o))
                o->status = STATUS_LAPSED;
        else
                o->status = o->excuse ? STATUS_EXPLAINED : STATUS_OVERDUE;
}

static bool is_in_time(const struct obligation *o) {
        if (o->due.state == DUE_NONE)
                return true;
        if (o->norm->timing == TIMING_HOURS)
                return o->met->occurred_at <= o->due.over;
        return o->met_date <= o->due.date;
}

static bool has_lapsed(struct view *v, struct obligation *o) {
        o->ended = obligation_end(v, o, &o->ended_date);
        if (!o->ended)
                return false;
        return o->due.state == DUE_NONE || o->ended_date <= o->due.date || end_begun(v, o);
}

void obligation_settle(struct view *v, struct obligation *o) {
        o->met = o->ended = o->excuse = NULL;
        o->excused = false;
        o->due = obligation_due(v, o);
        if (o->norm->timing == TIMING_LIMIT) {
                settle_limit(v, o);
                return;
        }
        if (o->due.state == DUE_REFUSED) {
                o->status = STATUS_RUNNING; /* the calendar does not know: never guessed */
                return;
        }
        find_excuse(v, o);
        if (o->norm->timing == TIMING_QUOTA) {
                struct dated nth;

                if (nth_fact(v, o, &o->norm->quota, o->norm->at_least, o->from, o->due.date, &nth)) {
                        o->met = nth.fact;
                        o->met_date = nth.date;
                }
        } else {
                find_met(v, o);
        }
        if (o->met)
                o->status = is_in_time(o) ? STATUS_MET_IN_TIME : STATUS_MET_LATE;
        else if (has_lapsed(v, o))
                o->status = STATUS_LAPSED;
        else if (o->excuse)
                o->status = STATUS_EXPLAINED;
        else
                o->status = o->due.state == DUE_KNOWN && view_reached(v, o->due.over) ? STATUS_OVERDUE : STATUS_RUNNING;
}
