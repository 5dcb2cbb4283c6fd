/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The model of four deadlines, from the contract, with nothing of the engine
 *
 * Everything is found anew each time from all facts, by the slowest way that is plain: which facts count,
 * where the child lives, what had to be done by when, what should be open, and so what is to be told that was not.
 * Working days are counted by walking, holidays stand here as dates, summer time is looked up by its Sundays.
 */

#include <inttypes.h>

#include "simulation.h"

#define PROTOCOL "peer"

/* -- Dates -- */

static bool is_leap(int year) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month) {
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

        return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static day_t day_number(int year, int month, int day) {
        day_t n = day - 1;

        for (int y = 1970; y < year; y++)
                n += is_leap(y) ? 366 : 365;
        for (int m = 1; m < month; m++)
                n += month_days(year, m);
        return n;
}

static void civil(day_t n, int *ret_year, int *ret_month, int *ret_day) {
        int year = 1970, month = 1;

        while (n >= (is_leap(year) ? 366 : 365))
                n -= is_leap(year++) ? 366 : 365;
        while (n >= month_days(year, month))
                n -= month_days(year, month++);
        *ret_year = year;
        *ret_month = month;
        *ret_day = n + 1;
}

static int weekday(day_t n) { /* 0: Monday; 1970-01-01 was a Thursday */
        return (n + 3) % 7;
}

static day_t last_sunday(int year, int month) {
        day_t n = day_number(year, month, month_days(year, month));

        while (weekday(n) != 6)
                n--;
        return n;
}

static int64_t offset_ms(instant_t at) {
        int year, month, day;

        civil((day_t)(at / DAY_MS), &year, &month, &day);
        return at >= last_sunday(year, 3) * DAY_MS + HOUR_MS && at < last_sunday(year, 10) * DAY_MS + HOUR_MS ? 2 * HOUR_MS : HOUR_MS;
}

day_t naive_date_of(instant_t at) {
        return (day_t)((at + offset_ms(at)) / DAY_MS);
}

instant_t naive_begin(day_t date) {
        instant_t summer = date * DAY_MS - 2 * HOUR_MS;

        return offset_ms(summer) == 2 * HOUR_MS ? summer : summer + HOUR_MS;
}

/* Holidays and equated days that are no Saturday or Sunday, in all years that a simulation may touch. */
static const int holidays[][3] = {
        {2023, 4, 7},  {2023, 4, 10}, {2023, 4, 27}, {2023, 4, 28},  {2023, 5, 5},   {2023, 5, 18},  {2023, 5, 19}, {2023, 5, 29}, {2023, 12, 25},
        {2023, 12, 26}, {2024, 1, 1}, {2024, 3, 29}, {2024, 4, 1},   {2024, 5, 9},   {2024, 5, 10},  {2024, 5, 20}, {2024, 12, 25}, {2024, 12, 26},
        {2024, 12, 27}, {2025, 1, 1}, {2025, 4, 18}, {2025, 4, 21},  {2025, 5, 5},   {2025, 5, 29},  {2025, 5, 30}, {2025, 6, 9},  {2025, 12, 25},
        {2025, 12, 26}, {2026, 1, 1}, {2026, 1, 2},  {2026, 4, 3},   {2026, 4, 6},   {2026, 4, 27},  {2026, 5, 5},  {2026, 5, 14}, {2026, 5, 15},
        {2026, 5, 25},
};

static bool is_working_day(day_t n) {
        int year, month, day;

        if (weekday(n) >= 5)
                return false;
        civil(n, &year, &month, &day);
        for (size_t i = 0; i < ELEMENTS(holidays); i++) {
                if (holidays[i][0] == year && holidays[i][1] == month && holidays[i][2] == day)
                        return false;
        }
        return true;
}

day_t naive_working_days(day_t from, int n) {
        while (n > 0)
                n -= is_working_day(++from);
        return from;
}

day_t naive_months(day_t from, int n) {
        int year, month, day;

        civil(from, &year, &month, &day);
        for (; n > 0; n--) {
                year += month == 12;
                month = month % 12 + 1;
        }
        return day_number(year, month, day < month_days(year, month) ? day : month_days(year, month));
}

void naive_format(day_t date, char ret[DATE_BYTES]) {
        int year, month, day;

        civil(date, &year, &month, &day);
        (void) snprintf(ret, DATE_BYTES, "%04d-%02d-%02d", year, month, day);
}

/* -- Facts -- */

static bool is(const struct input *f, const char *type) {
        return strcmp(f->event.type->name, type) == 0;
}

static const struct slot *field(const struct input *f, const char *name) {
        int slot = layout_slot(f->event.type->layout, name);

        return slot < 0 ? NULL : &f->event.slots[slot];
}

static bool yes(const struct input *f, const char *name) {
        return field(f, name)->i != 0;
}

static const char *word(const struct input *f, const char *name) {
        int slot = layout_slot(f->event.type->layout, name);

        return f->event.type->layout->fields[slot].symbols[f->event.slots[slot].i];
}

static bool same_source(const struct input *a, const struct input *b) {
        return text_equal(a->event.slots[SLOT_SOURCE].s, b->event.slots[SLOT_SOURCE].s);
}

static bool names(const struct input *f, const struct input *other) {
        const struct uuid *id = &other->event.slots[SLOT_EVENT_ID].u;
        const struct slot *replaces = &f->event.slots[SLOT_REPLACES];

        if (replaces->kind == SLOT_UUID && uuid_equal(&replaces->u, id))
                return true;
        return is(f, "event-withdrawn") && uuid_equal(&field(f, "withdrawn")->u, id);
}

static bool is_later(const struct input *a, const struct input *b) {
        int64_t x = a->event.slots[SLOT_RECORDED_AT].i, y = b->event.slots[SLOT_RECORDED_AT].i;

        return x != y ? x > y : uuid_compare(&a->event.slots[SLOT_EVENT_ID].u, &b->event.slots[SLOT_EVENT_ID].u) > 0;
}

/* The field by which a fact of this type says what it is about, of the types that this model looks at; NULL: each is a fact of its own. */
static const char *identity_of(const struct input *f) {
        static const char *const rows[][2] = {
                {"measure-started", "measure_id"},           {"measure-ended", "measure_id"},         {"safety-raised", "concern_id"},
                {"child-unprotected-reported", "concern_id"}, {"child-protected-again", "concern_id"}, {"obstruction-reported", "obstruction_id"},
                {"obstruction-resolved", "obstruction_id"},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (is(f, rows[i][0]))
                        return rows[i][1];
        }
        return NULL;
}

static bool same_identity(const struct input *a, const struct input *b) {
        const char *name = identity_of(a);

        return a->event.type->index == b->event.type->index && uuid_equal(&field(a, name)->u, &field(b, name)->u);
}

struct facts { /* some of those of a case */
        const struct input **items;
        size_t n;
};

/* Those that name no fact of another source. */
static void take_allowed(const struct facts *all, struct facts *ret) {
        for (size_t i = 0; i < all->n; i++) {
                bool refused = false;

                for (size_t k = 0; k < all->n && !refused; k++)
                        refused = names(all->items[i], all->items[k]) && !same_source(all->items[i], all->items[k]);
                if (!refused)
                        ret->items[ret->n++] = all->items[i];
        }
}

/* Those that none of @by names. */
static void take_unnamed(const struct facts *all, const struct facts *by, struct facts *ret) {
        for (size_t i = 0; i < all->n; i++) {
                bool named = false;

                for (size_t k = 0; k < by->n && !named; k++)
                        named = names(by->items[k], all->items[i]);
                if (!named)
                        ret->items[ret->n++] = all->items[i];
        }
}

/* Of those that are left: whether this one counts for what it identifies. */
static bool is_the_one(const struct facts *left, const struct input *f) {
        const struct input *first = f;

        if (!identity_of(f))
                return true;
        for (size_t i = 0; i < left->n; i++) {
                if (same_identity(left->items[i], f) && is_later(first, left->items[i]))
                        first = left->items[i];
        }
        if (!same_source(first, f))
                return false;
        for (size_t i = 0; i < left->n; i++) {
                const struct input *g = left->items[i];

                if (same_identity(g, f) && same_source(g, f) && is_later(g, f))
                        return false;
        }
        return true;
}

/* The facts of a case that count. ret->items: the caller's to free. */
static void take_counting(const struct ledger_case *c, struct facts *ret) {
        const struct facts all = {c->facts.items, c->facts.n};
        const struct input **room = calloc(3 * all.n + 1, sizeof(*room));
        struct facts allowed = {room, 0}, left = {room + all.n, 0};

        if (!room)
                abort();
        take_allowed(&all, &allowed);
        take_unnamed(&allowed, &allowed, &left);
        *ret = (struct facts){room, 0};
        for (size_t i = 0; i < left.n; i++) { /* writes over what was allowed, which has served */
                if (is_the_one(&left, left.items[i]))
                        ret->items[ret->n++] = left.items[i];
        }
}

/* -- Who is addressed -- */

static const char *organisation(struct sim *s, const struct slot *name) {
        const struct organisation *o = organisations_find(s->config->organisations, name->s);

        return o ? o->id : "operators";
}

/* The date from which a fact says where the child lives; false when it does not say. */
static bool says_residence(const struct input *f, day_t *ret) {
        if (is(f, "measure-started"))
                *ret = (day_t)field(f, "informed_date")->i;
        else if (is(f, "residence-changed") && strcmp(word(f, "basis"), "PLACED") != 0)
                *ret = (day_t)field(f, "valid_from")->i;
        else
                return false;
        return true;
}

static const char *municipality(struct sim *s, const struct facts *counting, day_t today) {
        const struct input *latest = NULL, *first = NULL;
        day_t latest_date = 0, first_date = 0, date;

        for (size_t i = 0; i < counting->n; i++) {
                const struct input *f = counting->items[i];

                if (!says_residence(f, &date))
                        continue;
                if (date <= today && (!latest || date > latest_date || (date == latest_date && is_later(f, latest)))) {
                        latest = f;
                        latest_date = date;
                }
                if (!first || date < first_date || (date == first_date && is_later(first, f))) {
                        first = f;
                        first_date = date;
                }
        }
        return organisation(s, field(latest ? latest : first, "municipality"));
}

/* -- Obligations -- */

enum status { MET_IN_TIME, MET_LATE, LAPSED, OVERDUE, RUNNING };

struct obligation {
        const struct naive_norm *norm;
        unsigned number;
        const struct input *start;
        day_t due;
        enum status status;
};

static bool meets(unsigned norm, const struct input *f) {
        switch (norm) {
        case 0:
                return is(f, "protector-assigned") &&
                       (strcmp(word(f, "role"), "FIXED") == 0 || (strcmp(word(f, "role"), "CCP") == 0 && yes(f, "working_with_family")));
        case 1:
                return is(f, "first-contact-held") && yes(f, "with_child") && yes(f, "with_parent");
        case 2:
                return is(f, "course-agreed") && yes(f, "goals") && yes(f, "help") && yes(f, "with_family") && yes(f, "with_network") &&
                       yes(f, "with_professionals");
        default:
                return is(f, "help-started");
        }
}

static enum status status_of(const struct facts *counting, const struct obligation *o, day_t today) {
        const struct uuid *measure = &field(o->start, "measure_id")->u;
        bool met = false, ended = false;
        day_t met_on = 0, ended_on = 0;

        for (size_t i = 0; i < counting->n; i++) {
                const struct input *f = counting->items[i];
                bool end = is(f, "measure-ended");
                day_t date;

                if ((!end && !meets(o->number, f)) || !uuid_equal(&field(f, "measure_id")->u, measure))
                        continue;
                date = (day_t)field(f, "date")->i;
                if (end && (!ended || date < ended_on))
                        ended = true, ended_on = date;
                if (!end && date <= today && (!met || date < met_on))
                        met = true, met_on = date;
        }
        if (met)
                return met_on <= o->due ? MET_IN_TIME : MET_LATE;
        if (ended && (ended_on <= o->due || ended_on <= today))
                return LAPSED;
        return today > o->due ? OVERDUE : RUNNING;
}

static struct obligation obligation_of(struct sim *s, const struct facts *counting, const struct input *start, unsigned norm, unsigned version, day_t today) {
        struct obligation o = {.norm = &sim_norms(s, version)[norm], .number = norm, .start = start};
        day_t from = (day_t)field(start, o.norm->from)->i;

        if (o.norm->working_days)
                o.due = naive_working_days(from, o.norm->working_days);
        else
                o.due = o.norm->months ? naive_months(from, o.norm->months) : from + 7 * o.norm->weeks;
        o.status = status_of(counting, &o, today);
        return o;
}

/* -- Telling -- */

struct teller {
        struct sim *s;
        struct ledger_case *c;
        instant_t now;
        day_t today;
        unsigned version;
        const char *municipality;
        struct lines *out;
};

static struct uuid id_of(const char *name) {
        return uuid_v5(&uuid_namespace_ketenwacht, name, strlen(name));
}

static void add_line(struct teller *t, const char *topic, const char *text) {
        struct line *line = lines_add(t->out);

        line->topic = sim_topic(t->s, topic); /* outlives ours */
        line->case_id = t->c->id;
        line->telling = true;
        (void) snprintf(line->text, sizeof(line->text), "%s %s", topic, text);
}

/* The same in its topic and in the inbox. */
static void tell(struct teller *t, const char *topic, const char *organisation_id, const char *text) {
        char inbox[BUS_NAME_MAX + 1];

        (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisation_id);
        add_line(t, topic, text);
        add_line(t, inbox, text);
}

static void tell_plan(struct teller *t, const struct obligation *o, const struct uuid *instance, bool reminder, instant_t fell_due) {
        const char *gi = organisation(t->s, field(o->start, "gi")), *stage = reminder ? "REMINDER" : "ANNOUNCED";
        char text[LINE_MAX_BYTES / 2], case_id[UUID_TEXT + 1], measure[UUID_TEXT + 1], id[UUID_TEXT + 1], due[DATE_BYTES];
        struct uuid event_id;

        naive_format(o->due, due);
        uuid_format(&t->c->id, case_id);
        uuid_format(instance, measure);
        (void) snprintf(text, sizeof(text), "%s|" PROTOCOL "|%s|%s|%s|%s|%d|%s", case_id, o->norm->name, measure, stage, due, reminder, gi);
        event_id = id_of(text);
        (void) snprintf(text, sizeof(text),
                        "plan-due event_id=%s case_id=%.8s occurred_at=%" PRId64 " recorded_at=%" PRId64
                        " protocol=" PROTOCOL " norm=%s instance=%s stage=%s due_date=%s organisation=%s role=gi",
                        short_id(&event_id, id), case_id, fell_due, t->now, o->norm->name, measure, stage, due, gi);
        tell(t, TOPIC_PLAN_DUE, gi, text);
}

static void write_plan(struct teller *t, const struct naive_plan *p) {
        const char *norm = sim_norms(t->s, t->version)[p->norm].name;
        char text[LINE_MAX_BYTES / 2], measure[UUID_TEXT + 1], case_id[UUID_TEXT + 1], id[UUID_TEXT + 1], due[DATE_BYTES];
        struct uuid row;

        naive_format(p->due, due);
        uuid_format(&p->instance, measure);
        (void) snprintf(text, sizeof(text), PROTOCOL "|%s|%s", norm, measure);
        row = id_of(text);
        (void) snprintf(text, sizeof(text), "o %s %s %s %.8s due=%s announced=%" PRId64 " told=%" PRId64 " reminders=%u", short_id(&t->c->id, case_id),
                        short_id(&row, id), norm, measure, due, p->announced_at, p->told_at, (unsigned)p->reminded);
        add_line(t, TOPIC_CASE_STATE, text);
}

static struct naive_plan *plan_of(struct teller *t, const struct obligation *o) {
        const struct uuid *instance = &field(o->start, "measure_id")->u;
        struct naive_told *told = &t->c->told;

        for (size_t i = 0; i < told->plans.n; i++) {
                if (told->plans.items[i].norm == o->number && uuid_equal(&told->plans.items[i].instance, instance))
                        return &told->plans.items[i];
        }
        if (vector_push(&told->plans, (struct naive_plan){.norm = o->number, .instance = *instance, .due = DAY_NONE}))
                abort();
        return &told->plans.items[told->plans.n - 1];
}

static void tell_plans(struct teller *t, const struct obligation *o) {
        struct naive_plan *p;
        instant_t remind_at = naive_begin(o->due - o->norm->reminder_days);
        bool changed = false;

        if (o->status != RUNNING)
                return;
        p = plan_of(t, o);
        if (p->due != o->due) {
                *p = (struct naive_plan){.norm = p->norm, .instance = p->instance, .due = o->due, .announced_at = t->now, .told_at = t->now};
                tell_plan(t, o, &p->instance, false, t->now);
                changed = true;
        }
        if (o->norm->reminder_days && !p->reminded && remind_at <= t->now && p->announced_at < remind_at) {
                p->reminded = true;
                p->told_at = t->now;
                tell_plan(t, o, &p->instance, true, remind_at);
                changed = true;
        }
        if (changed)
                write_plan(t, p);
}

/* One record of an alert: raised with a role, or resolved with a reason. */
static void tell_alert(struct teller *t, const struct naive_alert *a, bool raised, const char *why, instant_t fell_due) {
        const char *norm = sim_norms(t->s, t->version)[a->norm].name, *topic = raised ? TOPIC_ESCALATION_RAISED : TOPIC_ESCALATION_RESOLVED;
        char text[LINE_MAX_BYTES / 2], case_id[UUID_TEXT + 1], measure[UUID_TEXT + 1], alert[UUID_TEXT + 1], id[UUID_TEXT + 1], due[DATE_BYTES];
        struct uuid alert_id, event_id;

        naive_format(a->due, due);
        uuid_format(&t->c->id, case_id);
        uuid_format(&a->instance, measure);
        (void) snprintf(text, sizeof(text), "%s|" PROTOCOL "|%s|%s|%u|%s", case_id, norm, measure, a->rung, a->organisation);
        alert_id = id_of(text);
        uuid_format(&alert_id, alert);
        (void) snprintf(text, sizeof(text), "%s|%u|%s", alert, a->raised, raised ? "raised" : "resolved");
        event_id = id_of(text);
        (void) snprintf(text, sizeof(text),
                        "%s event_id=%s case_id=%.8s occurred_at=%" PRId64 " recorded_at=%" PRId64 " alert_id=%.8s protocol=" PROTOCOL
                        " norm=%s instance=%s rung=%u due_date=%s organisation=%s %s=%s",
                        topic, short_id(&event_id, id), case_id, fell_due, t->now, alert, norm, measure, a->rung, due, a->organisation,
                        raised ? "role" : "reason", why);
        tell(t, topic, a->organisation, text);
        (void) snprintf(text, sizeof(text), "a %.8s %.8s %s %.8s rung=%u to=%s due=%s %s raised=%u told=%" PRId64, case_id, alert, norm, measure, a->rung,
                        a->organisation, due, a->open ? "open" : "closed", a->raised, a->told_at);
        add_line(t, TOPIC_CASE_STATE, text);
}

struct wanted { /* an alert that should be open now */
        const struct obligation *o;
        unsigned rung;
        const char *organisation, *role;
        instant_t fell_due;
};

static bool is_of(const struct naive_alert *a, const struct wanted *w) {
        return a->norm == w->o->number && a->rung == w->rung && strcmp(a->organisation, w->organisation) == 0 &&
               uuid_equal(&a->instance, &field(w->o->start, "measure_id")->u);
}

static const char *reason_of(const struct teller *t, const struct naive_alert *a, const struct obligation *all, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const struct obligation *o = &all[i];
                int days = a->rung == 1 ? 0 : o->norm->second_rung_days;

                if (o->number != a->norm || !uuid_equal(&field(o->start, "measure_id")->u, &a->instance))
                        continue;
                if (o->status == MET_IN_TIME)
                        return "MET_IN_TIME";
                if (o->status == MET_LATE)
                        return "MET_LATE";
                if (o->status == LAPSED)
                        return "LAPSED";
                if (o->status == OVERDUE && (a->rung == 1 || days) && t->today > o->due + days)
                        return "MOVED";
        }
        return "WITHDRAWN";
}

static size_t want_alerts(const struct teller *t, const struct obligation *all, size_t n, struct wanted *ret) {
        size_t found = 0;

        for (size_t i = 0; i < n; i++) {
                const struct obligation *o = &all[i];
                day_t second = o->due + o->norm->second_rung_days;

                if (o->status != OVERDUE)
                        continue;
                ret[found++] = (struct wanted){o, 1, t->municipality, "municipality", naive_begin(o->due + 1)};
                if (o->norm->second_rung_days && t->today > second)
                        ret[found++] = (struct wanted){o, 2, organisation(t->s, field(o->start, "gi")), "gi", naive_begin(second + 1)};
        }
        return found;
}

static void resolve_alerts(struct teller *t, const struct obligation *all, size_t n, const struct wanted *wanted, size_t n_wanted) {
        for (size_t i = 0; i < t->c->told.alerts.n; i++) {
                struct naive_alert *a = &t->c->told.alerts.items[i];
                bool stays = !a->open;

                for (size_t k = 0; k < n_wanted && !stays; k++)
                        stays = is_of(a, &wanted[k]);
                if (stays)
                        continue;
                a->open = false;
                a->told_at = t->now;
                tell_alert(t, a, false, reason_of(t, a, all, n), t->now);
        }
}

static void raise_alerts(struct teller *t, const struct wanted *wanted, size_t n_wanted) {
        for (size_t k = 0; k < n_wanted; k++) {
                const struct wanted *w = &wanted[k];
                struct naive_alert *a = NULL;

                for (size_t i = 0; i < t->c->told.alerts.n; i++) {
                        if (is_of(&t->c->told.alerts.items[i], w))
                                a = &t->c->told.alerts.items[i];
                }
                if (!a) {
                        if (vector_push(&t->c->told.alerts, (struct naive_alert){.norm = w->o->number,
                                                                                 .rung = w->rung,
                                                                                 .instance = field(w->o->start, "measure_id")->u,
                                                                                 .organisation = w->organisation}))
                                abort();
                        a = &t->c->told.alerts.items[t->c->told.alerts.n - 1];
                }
                if (a->open)
                        continue;
                a->open = true;
                a->raised++;
                a->due = w->o->due;
                a->told_at = t->now;
                tell_alert(t, a, true, w->role, w->fell_due);
        }
}

/* All obligations of the facts that count. Return: the caller's to free. */
static struct obligation *take_obligations(struct sim *s, const struct facts *counting, unsigned version, day_t today, size_t *ret_n) {
        struct obligation *all = calloc(counting->n * NAIVE_NORMS + 1, sizeof(*all));

        if (!all)
                abort();
        *ret_n = 0;
        for (size_t i = 0; i < counting->n; i++) {
                for (unsigned norm = 0; norm < NAIVE_NORMS && is(counting->items[i], "measure-started"); norm++)
                        all[(*ret_n)++] = obligation_of(s, counting, counting->items[i], norm, version, today);
        }
        return all;
}

void naive_evaluate(struct sim *s, struct ledger_case *c, instant_t now, unsigned version, struct lines *expected) {
        struct teller t = {.s = s, .c = c, .now = now, .today = naive_date_of(now), .version = version, .out = expected};
        struct obligation *all;
        struct facts counting;
        struct wanted *wanted;
        size_t n = 0, n_wanted;

        take_counting(c, &counting);
        all = take_obligations(s, &counting, version, t.today, &n);
        wanted = calloc(counting.n * NAIVE_NORMS * 2 + 1, sizeof(*wanted));
        if (!wanted)
                abort();
        t.municipality = n ? municipality(s, &counting, t.today) : "";
        for (size_t i = 0; i < n; i++)
                tell_plans(&t, &all[i]);
        n_wanted = want_alerts(&t, all, n, wanted);
        resolve_alerts(&t, all, n, wanted, n_wanted);
        raise_alerts(&t, wanted, n_wanted);
        free(all);
        free(wanted);
        free(counting.items);
}

/* -- Forgetting -- */

const struct ending endings[] = {
        {"measure-started", "measure_id", "measure-ended"},
        {"safety-raised", "concern_id", "child-protected-again"},
        {"safety-raised", "measure_id", "measure-ended"},
        {"child-unprotected-reported", "concern_id", "child-protected-again"},
        {"obstruction-reported", "obstruction_id", "obstruction-resolved"},
};
const size_t n_endings = ELEMENTS(endings);

/* Whether @f is nothing that ends, or has ended on a day that has begun. */
static bool has_ended(const struct facts *counting, const struct input *f, day_t today) {
        bool ends = false;

        for (size_t k = 0; k < ELEMENTS(endings); k++) {
                const struct slot *link = is(f, endings[k].started) ? field(f, endings[k].link) : NULL;

                ends |= link != NULL;
                for (size_t i = 0; link && link->kind == SLOT_UUID && i < counting->n; i++) {
                        const struct input *end = counting->items[i];

                        if (is(end, endings[k].ended) && uuid_equal(&field(end, endings[k].link)->u, &link->u) && field(end, "date")->i <= today)
                                return true;
                }
        }
        return !ends;
}

bool naive_has_ended(const struct ledger_case *c, instant_t now) {
        struct facts counting;
        bool ended = true;

        take_counting(c, &counting);
        for (size_t i = 0; i < counting.n && ended; i++)
                ended = has_ended(&counting, counting.items[i], naive_date_of(now));
        free(counting.items);
        return ended;
}

bool naive_is_asked(struct sim *s, const struct ledger_case *c, instant_t now, unsigned version) {
        struct obligation *all;
        struct facts counting;
        bool asked = false;
        size_t n;

        take_counting(c, &counting);
        all = take_obligations(s, &counting, version, naive_date_of(now), &n);
        for (size_t i = 0; i < n; i++)
                asked |= all[i].status == RUNNING || all[i].status == OVERDUE;
        free(all);
        free(counting.items);
        return asked;
}

instant_t naive_kept_until(const struct ledger_case *c, struct term_step retention) {
        instant_t last = INT64_MIN;
        day_t day;

        for (size_t i = 0; i < c->facts.n; i++) { /* every fact, whether it counts or not */
                if (c->facts.items[i]->event.slots[SLOT_RECORDED_AT].i > last)
                        last = c->facts.items[i]->event.slots[SLOT_RECORDED_AT].i;
        }
        day = naive_date_of(last);
        if (retention.unit == TERM_MONTHS)
                day = naive_months(day, retention.count);
        else
                day += (retention.unit == TERM_WEEKS ? 7 : 1) * retention.count;
        return naive_begin(day + 1);
}

static void write_tombstone(struct teller *t, uint8_t kind, const struct uuid *id) {
        char text[LINE_MAX_BYTES / 2], case_id[UUID_TEXT + 1], own[UUID_TEXT + 1];

        (void) snprintf(text, sizeof(text), "%c %s %s gone", kind, short_id(&t->c->id, case_id), short_id(id, own));
        add_line(t, TOPIC_CASE_STATE, text);
}

static void write_closed(struct teller *t) {
        const struct naive_told *told = &t->c->told;
        char text[LINE_MAX_BYTES / 2], case_id[UUID_TEXT + 1], id[UUID_TEXT + 1], day[DATE_BYTES];
        const struct uuid none = {0};
        instant_t latest = 0;

        for (size_t i = 0; i < told->plans.n; i++)
                latest = told->plans.items[i].told_at > latest ? told->plans.items[i].told_at : latest;
        for (size_t i = 0; i < told->alerts.n; i++)
                latest = told->alerts.items[i].told_at > latest ? told->alerts.items[i].told_at : latest;
        naive_format(t->today, day);
        (void) snprintf(text, sizeof(text), "x %s %s day=%s told=%" PRId64, short_id(&t->c->id, case_id), short_id(&none, id), day, latest);
        add_line(t, TOPIC_CASE_STATE, text);
}

void naive_forget(struct sim *s, struct ledger_case *c, const struct input *fresh, instant_t now, unsigned version, struct lines *expected) {
        struct teller t = {.s = s, .c = c, .now = now, .today = naive_date_of(now), .version = version, .out = expected};
        struct lines told = {0};

        naive_evaluate(s, c, now, version, &told);
        for (size_t i = 0; i < told.v.n; i++) { /* no row is written of what goes at once */
                if (strcmp(told.v.items[i].topic, TOPIC_CASE_STATE) != 0)
                        *lines_add(expected) = told.v.items[i];
        }
        vector_done(&told.v);
        write_closed(&t);
        for (size_t i = 0; i < c->rows.n; i++) {
                struct uuid id;

                memcpy(id.bytes, c->rows.items[i].key + 17, sizeof(id.bytes));
                write_tombstone(&t, c->rows.items[i].key[16], &id);
        }
        if (fresh)
                write_tombstone(&t, ROW_FACT, &fresh->event.slots[SLOT_EVENT_ID].u);
}
