/* SPDX-License-Identifier: EUPL-1.2 */

/* Which obligations there are, every norm at work on every instance; when each is due; whether it is met, lapsed, excused, overdue or running. */

#include "engine/obligation.h"

#include <assert.h>
#include <string.h>

#include "engine/absence.h"
#include "engine/condition.h"

/* In a norm for each organisation only the facts about that one join. */
static bool is_about(const struct fact *fact, const struct organisation *each) {
        struct text id = fact_text(fact, fact->type->known == TYPE_PROTOCOL_ADOPTED ? FIELD_PARTNER : FIELD_ORGANISATION);

        return text_is(id, each->id);
}

bool obligation_joins(const struct obligation *o, const struct fact *fact) {
        if (fact->type->known == TYPE_DEVIATION_EXPLAINED || fact->type->known == TYPE_TERM_AGREED)
                return text_is(fact_text(fact, FIELD_NORM), o->norm->name) && text_is(fact_text(fact, FIELD_INSTANCE), o->instance);
        if (o->each)
                return is_about(fact, o->each);
        if (!o->start || o->norm->per_case)
                return true;
        return facts_join(o->start, fact);
}

/* What has a text of the obligation in a field. */
static struct fact_search facts_with_text(struct view *v, const struct event_type *type, enum known_field field, const char *text) {
        const struct slot slot = {.kind = SLOT_STRING, .s = text_of(text)};

        return type->fields[field] < 0 ? facts_of(v, type) : facts_with(v, type, type->fields[field], &slot, false);
}

/* Whether facts of a type join it by the ids that they have in common with what starts it. */
static bool is_joined_by_ids(const struct obligation *o, const struct event_type *type) {
        return o->start && !o->each && !o->norm->per_case && type->known != TYPE_DEVIATION_EXPLAINED && type->known != TYPE_TERM_AGREED;
}

static struct fact_search facts_for_many(struct view *v, const struct event_type *type, const struct obligation *o) {
        if (type->known == TYPE_DEVIATION_EXPLAINED || type->known == TYPE_TERM_AGREED)
                return facts_with_text(v, type, FIELD_INSTANCE, o->instance);
        if (o->each)
                return facts_with_text(v, type, type->known == TYPE_PROTOCOL_ADOPTED ? FIELD_PARTNER : FIELD_ORGANISATION, o->each->id);
        return is_joined_by_ids(o, type) ? facts_joining(v, type, o->start) : facts_of(v, type);
}

/* Which facts of a type to ask whether they join it (obligation_joins). */
static inline struct fact_search facts_for(struct view *v, const struct event_type *type, const struct obligation *o) {
        struct fact_search search = facts_of(v, type);

        return facts_are_many(&search) ? facts_for_many(v, type, o) : search;
}

static bool holds_for_event(struct view *v, const struct condition *c, const struct obligation *o) {
        struct fact_search search = facts_for(v, c->type, o);
        const struct fact *fact;
        bool some = false;

        while ((fact = fact_search_next(&search))) {
                if (!obligation_joins(o, fact))
                        continue;
                some = true;
                if (c->subject == CONDITION_FACT || condition_holds(c, &fact->slots[c->slot]))
                        return c->subject != CONDITION_FACT || c->test == TEST_PRESENT;
        }
        return c->subject == CONDITION_FACT && !some && c->test == TEST_ABSENT;
}

static bool condition_holds_now(struct view *v, const struct condition *c, const struct obligation *o, bool self_only) {
        if (c->subject == CONDITION_SELF)
                return o->start && condition_holds(c, &o->start->slots[c->slot]);
        return self_only || holds_for_event(v, c, o);
}

bool conditions_hold(struct view *v, const struct conditions *when, const struct obligation *o, bool self_only) {
        for (size_t i = 0; i < when->n; i++) {
                if (condition_holds_now(v, &when->items[i], o, self_only))
                        continue;
                if (v->absences)
                        v->absences->last = (struct absence){.condition = &when->items[i]};
                return false;
        }
        return true;
}

/* -- When it is due -- */

static struct due due_on(day_t date) {
        return (struct due){.state = DUE_KNOWN, .date = date, .over = date_over(date)};
}

/* @trace: NULL, or how it was computed, also when it could not be. */
static struct due due_by_term(struct view *v, const struct term *term, day_t from, struct trace *trace) {
        struct due due = {.state = DUE_REFUSED};
        day_t end;
        int r;

        if (trace)
                trace->arena = v->arena;
        r = term_end(v->config->calendar, term, from, trace, &end, &due.year);
        if (r < 0)
                v->failed = true;
        return r ? due : due_on(end);
}

static struct due due_by_hours(const struct obligation *o) {
        struct due due = {.state = DUE_REFUSED};

        assert(o->start); /* no protocol starts at an instant */
        if (term_hours_end(o->norm->term.steps[0], o->start->occurred_at, &due.over))
                return due;
        due.state = DUE_KNOWN;
        due.date = date_of_instant(due.over);
        return due;
}

/* The joined fact that a reference names with the earliest date, and the date; NULL. */
static const struct fact *earliest_fact(struct view *v, const struct event_ref *ref, const struct obligation *o, day_t *ret_date) {
        struct fact_search search = facts_for(v, ref->type, o);
        const struct fact *fact, *best = NULL;

        while ((fact = fact_search_next(&search))) {
                day_t date = ref_date(ref, fact);

                if (date == DAY_NONE || !obligation_joins(o, fact) || !conditions_hold_self(&ref->when, fact))
                        continue;
                if (best && date >= *ret_date)
                        continue;
                best = fact;
                *ret_date = date;
        }
        return best;
}

/* not_before: the later of the two. @why: NULL, or why. */
static struct due due_not_before(struct view *v, const struct obligation *o, struct due due, struct due_reason *why) {
        const struct fact *fact;
        struct due other;
        day_t from;

        fact = earliest_fact(v, &o->norm->not_before, o, &from);
        if (!fact)
                return due;
        other = due_by_term(v, &o->norm->not_before_term, from, why ? &why->not_before_term : NULL);
        if (why) {
                why->not_before = fact;
                why->not_before_from = from;
        }
        if (other.state == DUE_KNOWN && other.date <= due.date)
                return due;
        if (why)
                why->by = DUE_BY_NOT_BEFORE;
        return other;
}

/* sooner: the least of what was agreed, never back. @why: NULL, or why. */
static struct due due_sooner(struct view *v, const struct obligation *o, struct due due, struct due_reason *why) {
        const struct event_type *agreed = event_types_known(v->config->types, TYPE_TERM_AGREED);
        struct fact_search search;
        const struct fact *fact;

        if (!agreed)
                return due;
        search = facts_for(v, agreed, o);
        while ((fact = fact_search_next(&search))) {
                day_t date = fact_date(fact, fact->type->fields[FIELD_DUE_DATE]);

                if (!obligation_joins(o, fact))
                        continue;
                if (why && (!why->agreed || date < why->agreed_date)) {
                        why->agreed = fact;
                        why->agreed_date = date;
                }
                if (date >= due.date)
                        continue;
                due = due_on(date);
                if (why)
                        why->by = DUE_BY_AGREEMENT;
        }
        return due;
}

/* What may move a date that is counted in days. */
static struct due due_adjusted(struct view *v, const struct obligation *o, struct due due, struct due_reason *why) {
        if (why)
                why->timed = due.date;
        if (o->norm->has_not_before)
                due = due_not_before(v, o, due, why);
        if (o->norm->sooner && due.state == DUE_KNOWN)
                due = due_sooner(v, o, due, why);
        return due;
}

/* The one computation of a due date, but for limits. @why: NULL, or filled. */
static struct due due_find(struct view *v, const struct obligation *o, struct due_reason *why) {
        const struct norm *norm = o->norm;
        struct due due = {.state = DUE_NONE};
        const struct fact *with;
        day_t date;

        switch (norm->timing) {
        case TIMING_TERM:
                due = due_by_term(v, &norm->term, o->from, why ? &why->term : NULL);
                return due.state == DUE_KNOWN ? due_adjusted(v, o, due, why) : due;
        case TIMING_AT_ONCE:
                return (struct due){.state = DUE_KNOWN, .date = date_of_instant(o->start->occurred_at), .over = o->start->occurred_at};
        case TIMING_HOURS:
                return due_by_hours(o);
        case TIMING_DUE_WITH:
                with = earliest_fact(v, &norm->due_with, o, &date);
                if (why)
                        why->with = with;
                return with ? due_adjusted(v, o, due_on(date), why) : due;
        case TIMING_QUOTA:
                return due_on(date_from_ymd(o->year, 12, 31));
        case TIMING_DUE:
                return due_adjusted(v, o, due_on(norm->due), why);
        case TIMING_LIMIT:
                break; /* due when it is broken: settle_limit() */
        }
        return due;
}

static bool is_at_once(const struct obligation *o, struct term_step step) {
        return step.count == 0 && step.unit != TERM_HOURS && (o->norm->timing == TIMING_AT_ONCE || o->norm->timing == TIMING_LIMIT);
}

day_t ladder_restart(const struct obligation *o) {
        bool over = o->norm->explanation_restarts && o->excused_until != DAY_NONE && o->excused_until != INT32_MAX;

        return over && o->excused_until > o->due.date ? o->excused_until : DAY_NONE;
}

instant_t rung_due(struct view *v, const struct obligation *o, const struct rung *rung, instant_t *ret_fell) {
        /* A broken limit is over from the beginning of time: it is known at once. What is told is when it broke. */
        instant_t over = o->norm->timing == TIMING_LIMIT && o->met ? o->met->occurred_at : o->due.over;
        day_t end, anew = ladder_restart(o);
        int year = 0;

        assert(o->due.state == DUE_KNOWN);
        *ret_fell = INSTANT_NEVER;
        if (anew != DAY_NONE)
                over = date_over(anew);
        if (is_at_once(o, rung->after)) {
                *ret_fell = over;
                return anew != DAY_NONE ? over : o->due.over;
        }
        if (rung->after.unit == TERM_HOURS) {
                if (term_hours_end(rung->after, over, ret_fell))
                        return INSTANT_NEVER;
        } else if (term_step_end(v->config->calendar, rung->after, anew != DAY_NONE ? anew : o->due.date, &end, &year) == 0) {
                *ret_fell = date_over(end);
        }
        view_lacks(v, year);
        return *ret_fell;
}

instant_t reminder_due(struct view *v, const struct obligation *o, const struct reminder *reminder) {
        struct term_step back = {reminder->before.unit, -reminder->before.count};
        instant_t at;
        int year = 0;
        day_t date;

        assert(o->due.state == DUE_KNOWN && reminder->before.count >= 0);
        if (back.unit == TERM_HOURS)
                return term_hours_end(back, o->due.over, &at) == 0 ? at : INSTANT_NEVER;
        if (term_step_end(v->config->calendar, back, o->due.date, &date, &year)) {
                view_lacks(v, year);
                return INSTANT_NEVER;
        }
        return date_begin(date);
}

/* -- How it stands (contract: the table of section 6) -- */

const char *const status_names[STATUSES] = {"RUNNING", "MET_IN_TIME", "MET_LATE", "LAPSED", "EXPLAINED", "OVERDUE"};
const char *const status_dutch[STATUSES] = {
        [STATUS_RUNNING] = "loopt", [STATUS_MET_IN_TIME] = "op tijd gehaald", [STATUS_MET_LATE] = "te laat gehaald",
        [STATUS_LAPSED] = "niet meer aan de orde", [STATUS_EXPLAINED] = "uitgelegd", [STATUS_OVERDUE] = "niet gehaald"};

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

/* Whether the day has begun on which a fact does what it does; what decides about what is to come does it at once. */
static bool fact_begun(struct view *v, const struct fact *fact, day_t date) {
        return fact->type->ahead || view_begun(v, date);
}

/* What meets it, when nothing before did: by date, or by instant when the term is in hours; then by event_id. */
static void met_consider(struct view *v, struct obligation *o, const struct fact *fact, day_t date) {
        bool by_instant = o->norm->timing == TIMING_HOURS;
        int64_t key = by_instant ? fact->occurred_at : date, best;

        if (!fact_begun(v, fact, by_instant ? date_of_instant(fact->occurred_at) : date))
                return;
        best = !o->met ? INT64_MAX : by_instant ? o->met->occurred_at : o->met_date;
        if (!o->met || key < best || (key == best && uuid_compare(&fact->event_id, &o->met->event_id) < 0)) {
                o->met = fact;
                o->met_date = date;
        }
}

/* What is dated before it may not meet it: no more needs to be looked at. */
static day_t may_meet_from(const struct obligation *o, const struct event_ref *ref) {
        day_t from = o->norm->repeats ? o->from + 1 : INT32_MIN + 1;

        if (o->norm->since_start && (ref->date < 0 || ref->date == ref->type->own_date) && o->start->own > from)
                from = o->start->own;
        return from;
}

/* The same as of find_met() for one of many facts that join it by an id: of those with its id the first by date, and of those without one. */
static void find_met_by_date(struct view *v, struct obligation *o, const struct event_ref *ref, int slot, int own) {
        const struct slot none = {.kind = SLOT_NULL}, *values[] = {&o->start->slots[own], &none};
        const struct fact_order *order = facts_by_date(v, ref->type, slot, ref->date);
        day_t from = may_meet_from(o, ref);

        for (size_t k = 0; order && k < ELEMENTS(values); k++) {
                uint32_t hash = slot_hash(values[k]);

                for (size_t i = fact_order_from(order, values[k], from); i < order->n; i++) {
                        const struct fact_dated *item = &order->items[i];

                        if (item->hash != hash)
                                break;
                        if (!ref_matches(ref, item->fact) || !may_meet(o, item->fact, item->date) || !obligation_joins(o, item->fact))
                                continue;
                        met_consider(v, o, item->fact, item->date);
                        break; /* those behind it are not earlier, and have not begun before it */
                }
        }
}

/* The fact that meets it first, once its day has begun. */
static void find_met(struct view *v, struct obligation *o) {
        for (size_t r = 0; r < o->norm->met_by.n; r++) {
                const struct event_ref *ref = &o->norm->met_by.items[r];
                struct fact_search search = facts_for(v, ref->type, o);
                const struct fact *fact;
                int slot, own;

                if (facts_are_asked_much(search.list) && o->norm->timing != TIMING_HOURS && is_joined_by_ids(o, ref->type) &&
                    (slot = facts_joining_slot(ref->type, o->start, &own)) >= 0) {
                        find_met_by_date(v, o, ref, slot, own);
                        continue;
                }
                while ((fact = fact_search_next(&search))) {
                        day_t date = ref_date(ref, fact);

                        if (ref_matches(ref, fact) && may_meet(o, fact, date) && obligation_joins(o, fact))
                                met_consider(v, o, fact, date);
                }
        }
}

struct dated {
        day_t date;
        const struct fact *fact;
};

static int dated_by_date(const void *a, const void *b) {
        const struct dated *x = a, *y = b;

        if (x->date != y->date)
                return x->date < y->date ? -1 : 1;
        return uuid_compare(&x->fact->event_id, &y->fact->event_id);
}

/* The n-th (from 1) joined fact of a reference by date then event_id, dated from @from to @until, once its day has begun. */
static bool nth_fact(struct view *v, const struct obligation *o, const struct event_ref *ref, size_t n, day_t from, day_t until, struct dated *ret) {
        struct fact_search search = facts_for(v, ref->type, o);
        const struct fact *fact;
        struct dated *found;
        size_t count = 0;

        if (search.list->n < n)
                return false;
        found = view_alloc(v, search.list->n, sizeof(*found));
        while (found && (fact = fact_search_next(&search))) {
                day_t date = ref_date(ref, fact);

                if (date != DAY_NONE && date >= from && date <= until && ref_matches(ref, fact) && obligation_joins(o, fact))
                        found[count++] = (struct dated){date, fact};
        }
        if (count < n)
                return false;
        qsort(found, count, sizeof(*found), dated_by_date);
        *ret = found[n - 1];
        return fact_begun(v, ret->fact, ret->date);
}

/* The earliest fact of ends_with that joins @o (by the ids of its start when @by_ids). */
static const struct fact *first_end(struct view *v, const struct obligation *o, day_t *ret_date) {
        const struct fact *best = NULL;

        for (size_t r = 0; r < o->norm->ends_with.n; r++) {
                const struct event_ref *ref = &o->norm->ends_with.items[r];
                struct fact_search search = facts_for(v, ref->type, o);
                const struct fact *fact;

                while ((fact = fact_search_next(&search))) {
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

/* The fact that ends it. With per: every counting fact of the starting type with that value must have ended; the latest of those dates. */
static const struct fact *obligation_end(struct view *v, const struct obligation *o, day_t *ret_date) {
        const struct norm *norm = o->norm;
        const struct fact *start, *latest = NULL;
        struct fact_search starts;
        struct norm by_ids;

        if (!norm->per_case && norm->per < 0)
                return first_end(v, o, ret_date);
        by_ids = *norm; /* also with per: case, ends join by the ids of each start */
        by_ids.per_case = false;
        starts = norm->per < 0 ? facts_of(v, norm->starts.type) : facts_with(v, norm->starts.type, norm->per, &o->start->slots[norm->per], false);
        while ((start = fact_search_next(&starts))) {
                struct obligation one = *o;
                const struct fact *end;
                day_t date;

                if (norm->per >= 0 && !slot_equal(&start->slots[norm->per], &o->start->slots[norm->per]))
                        continue;
                one.norm = &by_ids;
                one.start = start;
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

/* A fact that excuses it now, remembering when an explanation begins and when it runs out. */
static void find_excuse(struct view *v, struct obligation *o) {
        for (size_t r = 0; r < o->norm->explained_by.n; r++) {
                const struct event_ref *ref = &o->norm->explained_by.items[r];
                struct fact_search search = facts_for(v, ref->type, o);
                const struct fact *fact;

                while ((fact = fact_search_next(&search))) {
                        int until = fact->type->known == TYPE_DEVIATION_EXPLAINED ? fact->type->fields[FIELD_UNTIL] : -1;
                        day_t last = until >= 0 ? fact_date(fact, until) : DAY_NONE, date = ref_date(ref, fact);

                        if (fact == o->start || date == DAY_NONE || !ref_matches(ref, fact) || !obligation_joins(o, fact))
                                continue;
                        if (!fact_begun(v, fact, date))
                                continue;
                        if (!o->last_excuse || (last == DAY_NONE ? INT32_MAX : last) > o->excused_until) {
                                o->last_excuse = fact;
                                o->excused_until = last == DAY_NONE ? INT32_MAX : last;
                        }
                        if (!o->excuse && (last == DAY_NONE || !view_reached(v, date_over(last))))
                                o->excuse = fact;
                }
        }
}

static bool end_begun(struct view *v, const struct obligation *o) {
        return o->ended && view_begun(v, o->ended_date);
}

/* A limit is broken by the first fact beyond its number; of several, the earliest date. NULL: none is, by the end of the obligation. */
static const struct limit *find_breach(struct view *v, const struct obligation *o, struct dated *ret) {
        day_t until = o->ended ? o->ended_date : INT32_MAX;
        const struct limit *broken = NULL;

        for (size_t i = 0; i < o->norm->n_limits; i++) {
                const struct limit *limit = &o->norm->limits[i];
                struct dated breach;

                if (!nth_fact(v, o, &limit->event, limit->at_most + 1, INT32_MIN + 1, until, &breach) || (broken && breach.date >= ret->date))
                        continue;
                broken = limit;
                *ret = breach;
        }
        return broken;
}

static void settle_limit(struct view *v, struct obligation *o) {
        struct dated breach;
        bool broken;

        o->ended = obligation_end(v, o, &o->ended_date);
        broken = find_breach(v, o, &breach) != NULL;
        if (broken) {
                o->met = breach.fact;
                o->due = (struct due){.state = DUE_KNOWN, .date = breach.date, .over = INT64_MIN};
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

/* Fills due, status and what decided them. */
static void obligation_settle(struct view *v, struct obligation *o) {
        o->met = o->ended = o->excuse = o->last_excuse = NULL;
        o->excused_until = DAY_NONE;
        o->due = due_find(v, o, NULL);
        if (o->norm->timing == TIMING_LIMIT) {
                settle_limit(v, o);
                return;
        }
        if (o->due.state == DUE_REFUSED) {
                o->status = STATUS_RUNNING; /* the calendar does not know: never guessed */
                view_lacks(v, o->due.year);
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

void obligation_reason(struct view *v, const struct obligation *o, struct due_reason *ret) {
        struct dated breach;
        struct due due;

        assert(o >= v->obligations && o < v->obligations + v->n_obligations);
        *ret = (struct due_reason){.timed = DAY_NONE};
        due = due_find(v, o, ret);
        assert(v->failed || o->norm->timing == TIMING_LIMIT || (due.state == o->due.state && due.date == o->due.date && due.over == o->due.over));
        if (ret->timed == DAY_NONE && due.state == DUE_KNOWN)
                ret->timed = due.date;
        if (o->norm->timing == TIMING_LIMIT)
                ret->limit = find_breach(v, o, &breach);
}

/* -- Which there are -- */

static bool obligation_put(struct view *v, const struct obligation *o) {
        struct obligation *room = view_add(v, &v->obligations, &v->n_obligations, &v->obligations_capacity, sizeof(*room));

        if (room)
                *room = *o;
        return room != NULL;
}

/* What an instance is called before repetitions are counted. */
struct instance_base {
        const char *text;
        const struct uuid *id; /* whose text it is; NULL: any text */
};

/* Gives it its instance: text and key. */
static void instance_name(struct view *v, struct obligation *o, const struct instance_base *base) {
        o->instance = base->text;
        if (base->id && o->link == 1) {
                o->key = (struct instance_key){0};
                memcpy(o->key.bytes, base->id->bytes, sizeof(o->key.bytes));
                return;
        }
        if (o->link > 1)
                o->instance = arena_printf(v->arena, "%s#%u", base->text, o->link);
        assert(o->link >= 1 && o->link < INSTANCE_INTERNED);
        if (!o->instance || instance_key_of(&v->engine->pool, text_of(o->instance), &o->key))
                v->failed = true;
}

/* The norm that governs a repetition which starts on a date: this one, or another version's of the same name. */
static const struct norm_scope *governing(struct view *v, const struct norm_scope *scope, const struct fact *start, day_t date) {
        const struct norm_scope *others;
        const struct norm *norm = scope->norm;

        if (view_holds(v, norm->protocol, date, start))
                return scope;
        if (!start)
                return scope;
        others = v->engine->scope.norms[start->type->index];
        for (size_t i = 0; i < v->config->index[start->type->index].n_norms; i++) {
                const struct norm *other = others[i].norm;

                if (other != norm && other->repeats && strcmp(other->name, norm->name) == 0 && view_holds(v, other->protocol, date, start))
                        return &others[i];
        }
        return scope;
}

/* Whether a link of a chain, settled, is an obligation of the norm whose chain it is, on the date that decides (@holding). */
static bool link_holds(struct view *v, const struct norm *norm, const struct obligation *o, day_t holding, day_t alive) {
        if (o->norm != norm)
                absence_note(v, o, ABSENCE_OTHER_VERSION, holding);
        else if (holding == DAY_NONE)
                absence_note(v, o, ABSENCE_NO_DUE_DATE, holding);
        else if (!view_holds(v, norm->protocol, holding, o->start))
                absence_note(v, o, ABSENCE_CAUSES, holding);
        else if (o->due.state == DUE_KNOWN && o->due.date < alive)
                absence_note(v, o, ABSENCE_BEFORE_REGION, o->due.date);
        else
                return true;
        return false;
}

/*
 * One obligation, or with repeats a chain of them: each link starts on the date on which the one before was met.
 * @holds: whether the first link's holding date is decided already (regions). @alive: before it, nothing is asked.
 */
static void add_chain(struct view *v, const struct norm_scope *scope, struct obligation o, const struct instance_base *base, day_t alive) {
        const struct norm *norm = scope->norm;

        for (o.link = 1; o.link <= ENGINE_LINKS_MAX && !v->failed; o.link++) {
                day_t holding = o.link > 1 || !o.start ? o.from : o.start->own;
                const struct norm_scope *governs = scope;

                /* The first link too: what met it under the version before decides where this version's links begin. */
                if (norm->repeats && (o.link > 1 || !norm->holds_on_due))
                        governs = governing(v, scope, o.start, holding);
                o.norm = governs->norm;
                o.pool_norm = governs->word;
                o.scope = scope;
                instance_name(v, &o, base);
                obligation_settle(v, &o);
                if (norm->holds_on_due)
                        holding = o.due.state == DUE_KNOWN ? o.due.date : DAY_NONE;
                if (link_holds(v, norm, &o, holding, alive) && !obligation_put(v, &o))
                        return;
                if (!norm->repeats || !o.met)
                        return;
                o.from = o.met_date;
        }
}

/* false: memory is out. */
static bool instance_base_of(struct view *v, const struct norm *norm, const struct fact *start, struct instance_base *ret) {
        const struct slot *instance = NULL;
        char *text;

        if (norm->per >= 0)
                instance = &start->slots[norm->per];
        else if (start->type->identity >= 0)
                instance = &start->slots[start->type->identity];
        if (instance && instance->kind == SLOT_STRING) {
                *ret = (struct instance_base){.text = arena_copy(v->arena, instance->s.s, instance->s.n)};
                return ret->text != NULL;
        }
        text = arena_alloc(v->arena, UUID_TEXT + 1);
        *ret = (struct instance_base){.text = text, .id = instance && instance->kind == SLOT_UUID ? &instance->u : &start->event_id};
        if (norm->per_case)
                ret->id = &v->casefile->id;
        if (text)
                uuid_format(ret->id, text);
        return text != NULL;
}

static void add_for_start(struct view *v, const struct norm_scope *scope, const struct fact *start) {
        const struct norm *norm = scope->norm;
        struct obligation o = {.norm = norm, .start = start, .from = ref_date(&norm->starts, start)};
        struct instance_base base;

        if (o.from == DAY_NONE) {
                absence_note(v, &o, ABSENCE_NO_DATE, DAY_NONE);
                return;
        }
        if (!conditions_hold(v, &norm->when, &o, true)) {
                absence_note(v, &o, ABSENCE_WHEN, DAY_NONE);
                return;
        }
        if (!instance_base_of(v, norm, start, &base)) {
                v->failed = true;
                return;
        }
        o.instance = base.text;
        if (conditions_hold(v, &norm->when, &o, false))
                add_chain(v, scope, o, &base, INT32_MIN);
        else
                absence_note(v, &o, ABSENCE_WHEN, DAY_NONE);
}

/* None of the facts with this one's value can start it. */
static void per_none(struct view *v, const struct norm *norm, const struct fact *fact) {
        struct obligation o = {.norm = norm, .start = fact};

        if (norm->per >= 0 && fact->slots[norm->per].kind == SLOT_NULL)
                absence_note(v, &o, ABSENCE_NO_INSTANCE, DAY_NONE);
        else
                absence_note(v, &o, ref_date(&norm->starts, fact) == DAY_NONE ? ABSENCE_NO_DATE : ABSENCE_WHEN, DAY_NONE);
}

/* Whether a fact is the first in the list that has its value; *ret: the earliest of those that have it for which the conditions hold, or NULL. */
static bool per_first(struct view *v, const struct norm *norm, const struct fact *first, const struct fact **ret) {
        const struct slot *value = norm->per < 0 ? NULL : &first->slots[norm->per];
        struct fact_search search = value ? facts_with(v, first->type, norm->per, value, false) : facts_of(v, first->type);
        const struct fact *fact, *best = NULL;
        bool some = false;

        *ret = NULL;
        if (value && value->kind == SLOT_NULL)
                return true;
        while ((fact = fact_search_next(&search))) {
                struct obligation probe = {.norm = norm, .start = fact, .instance = ""};
                day_t date = ref_date(&norm->starts, fact);

                if (value && !slot_equal(&fact->slots[norm->per], value))
                        continue;
                if (!some && fact != first)
                        return false;
                some = true;
                if (date == DAY_NONE || !conditions_hold(v, &norm->when, &probe, true))
                        continue;
                if (!best || date < ref_date(&norm->starts, best) ||
                    (date == ref_date(&norm->starts, best) && uuid_compare(&fact->event_id, &best->event_id) < 0))
                        best = fact;
        }
        *ret = best;
        return true;
}

/* per: the earliest starting fact of each value for which the conditions on its own fields hold, at the first place of the value in the list. */
static void add_per(struct view *v, const struct norm_scope *scope, const struct fact_list *list) {
        for (size_t i = 0; i < list->n && !v->failed; i++) {
                const struct fact *best;

                if (!per_first(v, scope->norm, list->items[i], &best))
                        continue;
                if (best)
                        add_for_start(v, scope, best);
                else
                        per_none(v, scope->norm, list->items[i]);
        }
}

/* Whether a fact may start something by a norm, asked before anything is made of it. */
static bool norm_may_start(struct view *v, const struct start *start, const struct fact *fact) {
        if (!fact_may_start(v, fact, start))
                return false;
        return !start->holds_first || (fact->own != DAY_NONE && view_holds(v, start->scope->norm->protocol, fact->own, fact));
}

static void add_norm(struct view *v, const struct start *start) {
        const struct norm_scope *scope = start->scope;
        const struct fact_list *list;

        view_at_work(v, scope);
        list = view_list(v, scope->norm->starts.type);
        if (scope->norm->per_case || scope->norm->per >= 0) {
                add_per(v, scope, list);
                return;
        }
        for (size_t i = 0; i < list->n && !v->failed; i++) {
                if (norm_may_start(v, start, list->items[i]))
                        add_for_start(v, scope, list->items[i]);
        }
}

/* Most norms need not be gone into: there is no fact that could start something by them. */
static void add_norms(struct view *v, const struct start_list *list) {
        for (size_t i = 0; i < list->of.n && !v->failed; i++) {
                const struct start *start = &list->of.items[i];
                const struct fact_list *facts = &v->lists[start->type];
                uint32_t at = 0;

                while (at < facts->n && !fact_may_start(v, facts->items[at], start))
                        at++;
                if (at < facts->n)
                        add_norm(v, start);
        }
}

/* --- norms that start from the protocol itself, in a region's case --- */

/* The local date of the region's first accepted event; later than any when it has none. */
static day_t region_first(const struct view *v) {
        const struct fact *first = NULL;

        for (size_t i = 0; i < v->n; i++) {
                if (!first || v->facts[i].recorded_at < first->recorded_at)
                        first = &v->facts[i];
        }
        return first ? date_of_instant(first->recorded_at) : INT32_MAX;
}

static void instance_of_region(struct view *v, const struct norm_scope *scope, const struct organisation *each, day_t from, int year, day_t alive) {
        const struct norm *norm = scope->norm;
        struct obligation o = {.norm = norm, .each = each, .from = from, .year = year, .link = 1};
        struct instance_base base = {.text = each ? each->id : norm->name};

        if (norm->timing == TIMING_QUOTA)
                base.text = each ? arena_printf(v->arena, "%d/%s", year, each->id) : arena_printf(v->arena, "%d", year);
        if (!base.text) {
                v->failed = true;
                return;
        }
        o.instance = base.text;
        if (!view_begun(v, from))
                absence_note(v, &o, ABSENCE_NOT_BEGUN, from);
        else if (!conditions_hold(v, &norm->when, &o, false))
                absence_note(v, &o, ABSENCE_WHEN, from);
        else
                add_chain(v, scope, o, &base, alive);
}

static void instance_municipalities(struct view *v, const struct norm_scope *scope, day_t from, int year, day_t alive) {
        for (size_t i = 0; i < organisations_count(v->config->organisations); i++) {
                const struct organisation *org = organisations_at(v->config->organisations, i), *row = organisation_on(org, from);

                if (row && row->kind == KIND_MUNICIPALITY && row->region && region_within(row->region, v->region))
                        instance_of_region(v, scope, org, from, year, alive);
        }
}

/* The organisations of a region's role. */
static void instance_role(struct view *v, const struct norm_scope *scope, const struct region *region, const char *role, day_t from, int year, day_t alive) {
        const struct role_entry *entry = NULL;

        for (; !entry && region; region = region->part_of)
                entry = role_find(region->roles, region->n_roles, role);
        for (size_t i = 0; entry && i < entry->n; i++)
                instance_of_region(v, scope, entry->organisations[i], from, year, alive);
}

static void instance_all(struct view *v, const struct norm_scope *scope, day_t from, int year, day_t alive) {
        const struct protocol *p = scope->norm->protocol;

        switch (scope->norm->each) {
        case EACH_NONE:
                instance_of_region(v, scope, NULL, from, year, alive);
                break;
        case EACH_MUNICIPALITY:
                instance_municipalities(v, scope, from, year, alive);
                break;
        case EACH_GI:
                instance_role(v, scope, v->region, "gi", from, year, alive);
                break;
        case EACH_PARTNER:
                for (size_t i = 0; i < p->n_partners; i++) {
                        if (p->partners[i].from <= from && from <= p->partners[i].until)
                                instance_of_region(v, scope, p->partners[i].organisation, from, year, alive);
                }
                break;
        case EACH_PART:
                for (size_t i = 0; i < regions_count(v->config->organisations); i++) {
                        const struct region *part = regions_at(v->config->organisations, i);
                        const struct role_entry *entry = role_find(part->roles, part->n_roles, "region");

                        for (size_t j = 0; part->part_of == v->region && entry && j < entry->n; j++)
                                instance_of_region(v, scope, entry->organisations[j], from, year, alive);
                }
                break;
        }
}

/* One of each, or none: then there is nobody of whom it is asked. */
static void instance_each(struct view *v, const struct norm_scope *scope, day_t from, int year, day_t alive) {
        const struct obligation none = {.norm = scope->norm};
        size_t obligations = v->n_obligations, absences = v->absences ? v->absences->n + v->absences->left_out : 0;

        instance_all(v, scope, from, year, alive);
        if (v->absences && v->n_obligations == obligations && v->absences->n + v->absences->left_out == absences)
                absence_add(v, &none, ABSENCE_NOBODY, from);
}

/* A norm exists in each region that its protocol lists, not in its parts. */
static bool is_listed(const struct view *v, const struct protocol *protocol) {
        for (size_t i = 0; i < protocol->n_regions; i++) {
                if (protocol->regions[i] == v->region)
                        return true;
        }
        return protocol->n_regions == 0;
}

static void add_region_years(struct view *v, const struct norm_scope *scope, day_t alive) {
        const struct protocol *p = scope->norm->protocol;
        const struct obligation none = {.norm = scope->norm};
        bool some = false;

        int last_year = date_year(p->from > v->today ? p->from : v->today) + 1;

        /* Every calendar year that lies wholly in the validity, up to the one after the present: its beginning is the next instant. */
        for (int year = date_year(p->from); year <= last_year; year++) {
                day_t first = date_from_ymd(year, 1, 1), last = date_from_ymd(year, 12, 31);

                if (first < p->from || last > p->until || last < alive)
                        continue;
                some = true;
                instance_each(v, scope, first, year, alive);
        }
        if (!some)
                absence_note(v, &none, ABSENCE_NO_YEAR, v->today);
}

static void add_region_norm(struct view *v, const struct norm_scope *scope, day_t first) {
        const struct norm *norm = scope->norm;
        const struct obligation none = {.norm = norm};
        day_t alive = v->region->alive && norm->protocol->from < first ? norm->protocol->from : first;

        view_at_work(v, scope);
        if (!is_listed(v, norm->protocol))
                absence_note(v, &none, ABSENCE_REGION, DAY_NONE);
        else if (norm->timing == TIMING_QUOTA)
                add_region_years(v, scope, alive);
        else
                instance_each(v, scope, norm->protocol->from, 0, alive);
}

/* What is not even looked at: norms of types without facts, and those of a region in a child's case. */
static void absences_beside(struct view *v) {
        for (size_t t = 0; t < event_types_count(v->config->types); t++) {
                if (v->lists[t].n == 0)
                        absence_no_start(v, event_types_at(v->config->types, t), v->engine->scope.norms[t], v->config->index[t].n_norms);
        }
        for (size_t i = 0; !v->region && i < v->config->n_region_norms; i++) {
                const struct obligation none = {.norm = v->config->region_norms[i]};

                absence_add(v, &none, ABSENCE_REGION_ONLY, DAY_NONE);
        }
}

void view_obligations(struct view *v) {
        size_t types = event_types_count(v->config->types), place = view_place(v);
        const struct scope *scope = &v->engine->scope;

        if (v->bearing && v->bearing->norms.n > 0)
                add_norms(v, starts_borne_on(scope->starts, (size_t)(v->bearing - scope->bearings), place));
        for (size_t t = 0; !v->bearing && t < types; t++) {
                if (v->lists[t].n)
                        add_norms(v, starts_from(scope->starts, t, place));
        }
        if (v->region && view_lives(v)) {
                day_t first = region_first(v);

                for (size_t i = 0; i < v->config->n_region_norms && !v->failed; i++)
                        add_region_norm(v, &v->engine->scope.region_norms[i], first);
        }
        view_at_work(v, NULL);
        if (v->absences)
                absences_beside(v);
}
