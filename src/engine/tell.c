/* SPDX-License-Identifier: EUPL-1.2 */

/* Announcements, reminders and alerts: what should be told now, less what was told already, and each with a sentence. */

#include "engine/tell.h"

#include <assert.h>
#include <string.h>

#include "base/chains.h"
#include "calendar/explain.h"

/* --- one Dutch sentence for a person: what, by when, and why it comes to this organisation; no personal data --- */

/* One text of pieces, in the arena. Every telling has one, so nothing here goes through printf. */
static struct text sentence_join(struct view *v, const struct text *pieces, size_t n) {
        size_t all = 0;
        char *text, *p;

        for (size_t i = 0; i < n; i++)
                all += pieces[i].n;
        text = p = arena_alloc(v->arena, all);
        if (!text) {
                v->failed = true;
                return (struct text){0};
        }
        for (size_t i = 0; i < n; i++)
                p = text_write(p, pieces[i]);
        return (struct text){text, all};
}
#define SENTENCE(v, ...) sentence_join((v), (const struct text[]){__VA_ARGS__}, ELEMENTS(((const struct text[]){__VA_ARGS__})))

static struct text sentence_title(const struct norm *norm) {
        return text_of(norm->title ? norm->title : norm->name);
}

static struct text sentence_protocol(const struct norm *norm) {
        return text_of(norm->protocol->title ? norm->protocol->title : norm->protocol->name);
}

/* Why operators hear of it: the role means nobody. */
static struct text sentence_why(struct view *v, const struct addressee *to) {
        if (!to->fallback)
                return TEXT_OF("");
        return SENTENCE(v, TEXT_OF(" De rol '"), text_of(to->role->name), TEXT_OF("' is hier bij niemand belegd; daarom komt dit bij het beheer."));
}

static struct text sentence_plan(struct view *v, const struct obligation *o, enum stage stage, const struct addressee *to) {
        struct text what = stage == STAGE_REMINDER ? TEXT_OF("Herinnering: te doen uiterlijk op ") : TEXT_OF("Te doen uiterlijk op ");
        struct text title = sentence_title(o->norm), protocol = sentence_protocol(o->norm), because = sentence_why(v, to);
        char day[DATE_DUTCH_MAX]; /* "maandag 17 oktober 2022" */
        struct text date = date_dutch_text(o->due.date, day);

        return SENTENCE(v, what, date, TEXT_OF(": "), title, TEXT_OF(" ("), protocol, TEXT_OF(")."), because);
}

static struct text sentence_raised(struct view *v, const struct obligation *o, unsigned rung, const struct addressee *to) {
        struct text what = o->norm->timing == TIMING_LIMIT ? TEXT_OF("Niet nagekomen sinds ") : TEXT_OF("Niet gehaald, uiterlijk ");
        struct text title = sentence_title(o->norm), protocol = sentence_protocol(o->norm), because = sentence_why(v, to);
        char day[DATE_DUTCH_MAX], digits[NUMBER_TEXT_MAX];
        struct text date = date_dutch_text(o->due.date, day), number = number_text(rung, digits);

        return SENTENCE(v, what, date, TEXT_OF(": "), title, TEXT_OF(" ("), protocol, TEXT_OF(", trede "), number, TEXT_OF(")."), because);
}

/* "<title>: <what><date><rest>" */
static struct text sentence_on_date(struct view *v, struct text title, struct text what, day_t date, struct text rest) {
        char day[DATE_DUTCH_MAX];
        struct text dutch = date_dutch_text(date, day);

        return SENTENCE(v, title, what, dutch, rest);
}

/* @o: the obligation that the alert was about, or NULL: it is not there any more. @norm: its name. */
static struct text sentence_resolved(struct view *v, struct text norm, enum resolution reason, const struct obligation *o) {
        struct text title = o ? sentence_title(o->norm) : norm;

        switch (reason) {
        case RESOLVED_MET_IN_TIME:
                return sentence_on_date(v, title, TEXT_OF(": op tijd gedaan op "), o->met_date, TEXT_OF("; het bericht daarover kwam later."));
        case RESOLVED_MET_LATE:
                return sentence_on_date(v, title, TEXT_OF(": alsnog gedaan op "), o->met_date, TEXT_OF("."));
        case RESOLVED_EXPLAINED:
                return SENTENCE(v, title, TEXT_OF(": er is uitgelegd waarom ervan is afgeweken."));
        case RESOLVED_LAPSED:
                return sentence_on_date(v, title, TEXT_OF(": niet meer aan de orde sinds "), o->ended_date, TEXT_OF("."));
        case RESOLVED_MOVED:
                return SENTENCE(v, title, TEXT_OF(": dit ligt nu bij een andere organisatie."));
        default:
                return SENTENCE(v, title, TEXT_OF(": ingetrokken, deze afspraak geldt hier niet (meer)."));
        }
}

/* --- announcements and reminders --- */

static void telling_name(struct telling *t, const struct obligation *o) {
        t->protocol = text_of(o->norm->protocol->name);
        t->norm = text_of(o->norm->name);
        t->instance = text_of(o->instance);
}

static void telling_address(struct telling *t, const struct addressee *to) {
        t->organisation = text_of(to->organisation->id);
        t->role = text_of(to->role->name);
}

static struct effect *plan_tell_one(struct view *v, const struct obligation *o, enum stage stage, unsigned reminder,
                                  const struct addressee *to) {
        struct effect *effect = view_effect(v, EFFECT_PLAN_DUE);
        char date[DATE_TEXT + 1], place[NUMBER_TEXT_MAX];

        if (!effect)
                return NULL;
        telling_name(&effect->told, o);
        telling_address(&effect->told, to);
        effect->reminder = reminder;
        effect->told.stage = stage;
        effect->told.due_date = o->due.date;
        effect->told.text = sentence_plan(v, o, stage, to);
        date_format(o->due.date, date);
        view_name_effect(v, VIEW_NAME(v, view_case_id(v), pool_text(&v->engine->pool, o->pool_norm), text_of(o->instance), text_of(stage_names[stage]),
                                      ((struct text){date, DATE_TEXT}), number_text(reminder, place), effect->told.organisation));
        return effect;
}

static void plan_tell(struct view *v, const struct obligation *o, const struct roles *roles, enum stage stage, unsigned reminder, instant_t fell_due) {
        const struct role_scope scope = obligation_scope(v, o);
        struct addressees to;

        view_addressees(v, roles, &scope, &to);
        for (size_t i = 0; i < to.n; i++) {
                struct effect *effect = plan_tell_one(v, o, stage, reminder, &to.items[i]);

                if (effect)
                        effect->told.occurred_at = fell_due;
        }
}

/* The announcements, and room for one more of each obligation. */
static void announcements_open(struct view *v, struct chains *chains) {
        const struct tellings *told = &v->casefile->told;

        if (chains_open(chains, v->arena, (size_t)told->n_announcements + v->n_obligations, v->n_obligations))
                v->failed = true;
        else if (!chains_are_many(chains))
                chains->n = told->n_announcements;
        else
                for (uint32_t i = 0; i < told->n_announcements; i++)
                        chains_add(chains, instance_hash(told->announcements[i].norm, &told->announcements[i].instance));
}

/* The announcement of an obligation, made when there is none yet; NULL: memory is out. */
static struct announcement *announcement_of(struct view *v, struct chains *chains, const struct obligation *o) {
        uint32_t hash = chains_are_many(chains) ? instance_hash(o->pool_norm, &o->key) : 0;
        struct announcement *a;

        for (uint32_t i = chains_first(chains, hash); i != CHAINS_END; i = chains_next(chains, i)) {
                a = &v->casefile->told.announcements[i];
                if (a->norm == o->pool_norm && instance_key_equal(&a->instance, &o->key))
                        return a;
        }
        a = casefile_add_announcement(v->casefile);
        if (!a) {
                v->failed = true;
                return NULL;
        }
        chains_add(chains, hash);
        a->norm = o->pool_norm;
        a->instance = o->key;
        a->due = DAY_NONE;
        return a;
}

static void announcement_write(struct view *v, const struct obligation *o, const struct announcement *a) {
        struct telling row = {.due_date = a->due, .announced_at = a->announced_at, .told_at = a->told_at, .reminders = a->reminders};

        telling_name(&row, o);
        row_write(v->engine->codec, ROW_OBLIGATION, &row, &v->engine->scratch);
        view_row_named(v, ROW_OBLIGATION, VIEW_NAME(v, pool_text(&v->engine->pool, o->pool_norm), text_of(o->instance)));
}

/* Reminders whose midnight has come: once for each due date, and not when the announcement came at or after it. */
static bool plan_tell_reminders(struct view *v, struct obligation *o, struct announcement *a) {
        bool some = false;

        for (size_t i = 0; i < o->norm->n_reminders; i++) {
                const struct reminder *reminder = &o->norm->reminders[i];
                instant_t at = reminder_due(v, o, reminder);

                if (at == INSTANT_NEVER || a->announced_at >= at || (a->reminders & 1u << i) || !view_reached(v, at))
                        continue;
                a->reminders |= 1u << i;
                a->told_at = v->now;
                some = true;
                plan_tell(v, o, &reminder->to, STAGE_REMINDER, (unsigned)i + 1, at);
        }
        return some;
}

/* The moment counts as an announcement also when nobody hears of it: only reminders look at it. */
static bool obligation_is_announced(const struct obligation *o) {
        return o->status == STATUS_RUNNING && o->due.state == DUE_KNOWN && (o->norm->announce.n > 0 || o->norm->n_reminders > 0);
}

/* Room for all of a case that has none yet: most come with its first facts. */
static void announcement_reserve(struct view *v) {
        uint32_t n = 0;

        for (size_t i = 0; v->casefile->told.n_announcements == 0 && i < v->n_obligations; i++)
                n += obligation_is_announced(&v->obligations[i]);
        if (casefile_reserve_announcements(v->casefile, n))
                v->failed = true;
}

void view_tell_plans(struct view *v) {
        struct chains chains;

        if (v->n_obligations == 0)
                return;
        announcement_reserve(v);
        announcements_open(v, &chains);
        for (size_t i = 0; i < v->n_obligations && !v->failed; i++) {
                struct obligation *o = &v->obligations[i];
                struct announcement *a;
                bool changed = false;

                view_at_work(v, o->scope);
                if (!obligation_is_announced(o))
                        continue;
                a = announcement_of(v, &chains, o);
                if (!a)
                        return;
                if (a->due != o->due.date) {
                        a->due = o->due.date;
                        a->announced_at = a->told_at = v->now;
                        a->reminders = 0;
                        changed = true;
                        plan_tell(v, o, &o->norm->announce, STAGE_ANNOUNCED, 0, v->now);
                }
                changed |= plan_tell_reminders(v, o, a);
                if (changed)
                        announcement_write(v, o, a);
        }
}

/* --- alerts --- */

#define NOT_RAISED UINT32_MAX

struct wanted {
        struct obligation *o;
        unsigned rung;
        struct addressee to;
        instant_t fell_due;
        uint32_t alert; /* the place of the one that was raised before, open or not; NOT_RAISED */
        bool open, held;
};

struct alerts {
        struct wanted *items;
        size_t n, capacity;
        struct chains told; /* those that were raised before, by what they are of */
        bool *stay;         /* which of these are wanted still; NULL: none is */
        struct chains obligations; /* made when an alert is to be resolved */
};

static void alerts_open(struct view *v, struct alerts *all) {
        const struct tellings *told = &v->casefile->told;

        if (told->n_alerts == 0)
                return;
        if (chains_open(&all->told, v->arena, told->n_alerts, v->n_obligations))
                v->failed = true;
        else if (!chains_are_many(&all->told))
                all->told.n = told->n_alerts;
        else
                for (uint32_t i = 0; i < told->n_alerts; i++)
                        chains_add(&all->told, instance_hash(told->alerts[i].norm, &told->alerts[i].instance));
}

/* The first alert that may be of an obligation; those behind it by chains_next(). */
static uint32_t alerts_first(const struct alerts *all, const struct obligation *o) {
        return chains_first(&all->told, chains_are_many(&all->told) ? instance_hash(o->pool_norm, &o->key) : 0);
}

static bool alert_is_of(const struct alert *alert, const struct obligation *o, unsigned rung) {
        return alert->norm == o->pool_norm && alert->rung == rung && instance_key_equal(&alert->instance, &o->key);
}

/* Whether an acknowledgement is of this alert, and of one whose word holds it back: whom it was raised for, or operators. */
static bool alert_is_acknowledged_by(const struct view *v, const struct alert *alert, const struct fact *fact) {
        const struct slot *id = &fact->slots[fact->type->fields[FIELD_ALERT_ID]];
        const struct organisation *source;

        if (id->kind != SLOT_UUID || !uuid_equal(&alert->id, &id->u))
                return false;
        if (text_equal(fact->slots[SLOT_SOURCE].s, pool_text(&v->engine->pool, alert->organisation)))
                return true;
        source = fact_source(v, fact);
        return source && source->kind == KIND_OPERATORS;
}

/* Until when the word of @fact, about an alert of @o, holds back the rungs above it; INSTANT_NEVER: it does not. */
static instant_t alert_hold_over(struct view *v, const struct alert *alert, const struct obligation *o, const struct fact *fact) {
        instant_t dated = fact->occurred_at < fact->recorded_at ? fact->occurred_at : fact->recorded_at, fell;
        day_t last;
        int year = 0;

        if (!alert_is_of(alert, o, alert->rung) || !alert_is_acknowledged_by(v, alert, fact) || alert->rung > o->norm->n_rungs)
                return INSTANT_NEVER;
        if (rung_due(v, o, &o->norm->rungs[alert->rung - 1], &fell) == INSTANT_NEVER || dated < fell)
                return INSTANT_NEVER; /* nothing was due yet that could be acknowledged */
        if (term_step_end(v->config->calendar, o->norm->protocol->hold, date_of_instant(dated), &last, &year)) {
                view_lacks(v, year);
                return INSTANT_NEVER; /* the calendar does not know: such a hold does not hold */
        }
        return date_over(last);
}

/* The lowest rung whose acknowledgement holds now: those above it are held back. 0: none. */
static unsigned alert_held_above(struct view *v, const struct alerts *all, const struct obligation *o) {
        const struct fact_list *list;
        unsigned least = 0;

        if (!o->norm->protocol->has_hold)
                return 0;
        list = view_known(v, TYPE_ALERT_ACKNOWLEDGED);
        for (size_t i = 0; i < list->n; i++) {
                for (uint32_t j = alerts_first(all, o); j != CHAINS_END; j = chains_next(&all->told, j)) {
                        const struct alert *alert = &v->casefile->told.alerts[j];
                        instant_t over = alert_hold_over(v, alert, o, list->items[i]);

                        if (over != INSTANT_NEVER && !view_reached(v, over) && (!least || alert->rung < least))
                                least = alert->rung;
                }
        }
        return least;
}

instant_t view_acknowledged_until(struct view *v, const struct alert *alert) {
        const struct norm_scope *before = v->scope;
        instant_t until = 0;

        for (size_t i = 0; i < v->n_obligations; i++) {
                const struct obligation *o = &v->obligations[i];
                const struct fact_list *list;

                if (!alert_is_of(alert, o, alert->rung) || !o->norm->protocol->has_hold)
                        continue;
                view_at_work(v, o->scope);
                list = view_known(v, TYPE_ALERT_ACKNOWLEDGED);
                for (size_t k = 0; k < list->n; k++) {
                        instant_t over = alert_hold_over(v, alert, o, list->items[k]);

                        if (over != INSTANT_NEVER && over > v->now && over > until)
                                until = over;
                }
        }
        view_at_work(v, before);
        return until;
}

static void alert_want(struct view *v, struct alerts *all, struct obligation *o, unsigned rung, instant_t fell_due, unsigned held) {
        const struct role_scope scope = obligation_scope(v, o);
        struct tellings *told = &v->casefile->told;
        struct addressees to;
        bool open = false;

        for (uint32_t i = alerts_first(all, o); i != CHAINS_END; i = chains_next(&all->told, i))
                open |= told->alerts[i].open && alert_is_of(&told->alerts[i], o, rung);
        view_addressees(v, &o->norm->rungs[rung - 1].to, &scope, &to);
        for (size_t i = 0; i < to.n; i++) {
                struct wanted *w = view_add(v, &all->items, &all->n, &all->capacity, sizeof(*w));
                uint32_t word = told->n_alerts ? pool_find(&v->engine->pool, text_of(to.items[i].organisation->id)) : POOL_NONE;

                if (!w)
                        return;
                *w = (struct wanted){.o = o, .rung = rung, .to = to.items[i], .fell_due = fell_due, .alert = NOT_RAISED};
                w->held = held && rung > held && !open;
                for (uint32_t j = alerts_first(all, o); j != CHAINS_END; j = chains_next(&all->told, j)) {
                        if (told->alerts[j].organisation != word || !alert_is_of(&told->alerts[j], o, rung))
                                continue;
                        w->alert = j;
                        w->open = told->alerts[j].open;
                }
                if (w->alert != NOT_RAISED && !all->stay)
                        all->stay = view_alloc(v, told->n_alerts, sizeof(*all->stay));
                if (w->alert != NOT_RAISED && all->stay)
                        all->stay[w->alert] = true;
        }
}

static bool rung_has_come(struct view *v, const struct obligation *o, const struct rung *rung, instant_t *ret_fell) {
        instant_t at = rung_due(v, o, rung, ret_fell);

        return at != INSTANT_NEVER && view_reached(v, at) && conditions_hold(v, &rung->when, o, false);
}

static void alert_collect(struct view *v, struct alerts *all) {
        for (size_t i = 0; i < v->n_obligations; i++) {
                struct obligation *o = &v->obligations[i];
                unsigned held;

                if (o->status != STATUS_OVERDUE || o->norm->n_rungs == 0)
                        continue;
                view_at_work(v, o->scope);
                held = v->casefile->told.n_alerts ? alert_held_above(v, all, o) : 0;
                for (unsigned r = 1; r <= o->norm->n_rungs; r++) {
                        instant_t fell_due;

                        if (rung_has_come(v, o, &o->norm->rungs[r - 1], &fell_due))
                                alert_want(v, all, o, r, fell_due, held);
                }
        }
}

/* What an alert is now, into what is told of it, and its row. */
static void alert_write(struct view *v, const struct alert *alert, struct telling *told) {
        told->alert_id = alert->id;
        told->rung = alert->rung;
        told->due_date = alert->due;
        told->organisation = pool_text(&v->engine->pool, alert->organisation);
        told->role = pool_text(&v->engine->pool, alert->role);
        told->open = alert->open;
        told->raised = alert->raised;
        told->told_at = alert->told_at;
        row_write(v->engine->codec, ROW_ALERT, told, &v->engine->scratch);
        view_row(v, ROW_ALERT, &alert->id);
}

/* The obligation that an alert is about, or NULL. */
static const struct obligation *alert_obligation(struct view *v, struct alerts *all, const struct alert *alert) {
        struct chains *chains = &all->obligations;

        if (chains->room == 0 && chains_open(chains, v->arena, v->n_obligations, v->casefile->told.n_alerts)) {
                v->failed = true;
                return NULL;
        }
        if (!chains_are_many(chains))
                chains->n = (uint32_t)v->n_obligations;
        for (size_t i = chains->n; i < v->n_obligations; i++)
                chains_add(chains, instance_hash(v->obligations[i].pool_norm, &v->obligations[i].key));
        for (uint32_t i = chains_first(chains, chains_are_many(chains) ? instance_hash(alert->norm, &alert->instance) : 0); i != CHAINS_END;
             i = chains_next(chains, i)) {
                if (v->obligations[i].pool_norm == alert->norm && instance_key_equal(&v->obligations[i].key, &alert->instance))
                        return &v->obligations[i];
        }
        return NULL;
}

static enum resolution alert_reason(struct view *v, const struct obligation *o, unsigned rung) {
        instant_t fell_due;

        if (!o)
                return RESOLVED_WITHDRAWN;
        switch (o->status) {
        case STATUS_MET_IN_TIME:
                return RESOLVED_MET_IN_TIME;
        case STATUS_MET_LATE:
                return RESOLVED_MET_LATE;
        case STATUS_EXPLAINED:
                return RESOLVED_EXPLAINED;
        case STATUS_LAPSED:
                return RESOLVED_LAPSED;
        case STATUS_OVERDUE:
                if (rung <= o->norm->n_rungs && rung_has_come(v, o, &o->norm->rungs[rung - 1], &fell_due))
                        return RESOLVED_MOVED;
                return RESOLVED_WITHDRAWN;
        default:
                return RESOLVED_WITHDRAWN;
        }
}

static void alert_resolve(struct view *v, struct alerts *all, struct alert *alert) {
        const struct obligation *o = alert_obligation(v, all, alert);
        struct text word = pool_text(&v->engine->pool, alert->norm);
        const char *bar = memchr(word.s, '|', word.n);
        struct effect *effect = view_effect(v, EFFECT_RESOLVED);
        char instance[INSTANCE_TEXT_MAX], id[UUID_TEXT], times[NUMBER_TEXT_MAX];
        struct telling *told;

        if (!effect)
                return;
        assert(bar); /* protocol|norm */
        told = &effect->told;
        told->protocol = (struct text){word.s, (size_t)(bar - word.s)};
        told->norm = (struct text){bar + 1, word.n - told->protocol.n - 1};
        instance_key_format(&v->engine->pool, &alert->instance, instance);
        told->instance.n = strlen(instance);
        told->instance.s = arena_copy(v->arena, instance, told->instance.n);
        if (!told->instance.s) {
                v->failed = true;
                return;
        }
        view_at_work(v, o ? o->scope : NULL);
        told->reason = alert_reason(v, o, alert->rung);
        told->occurred_at = v->now;
        told->text = sentence_resolved(v, told->norm, told->reason, o);
        uuid_write(&alert->id, id);
        view_name_effect(v, VIEW_NAME(v, ((struct text){id, UUID_TEXT}), number_text(alert->raised, times), TEXT_OF("resolved")));
        alert->open = false;
        alert->told_at = v->now;
        alert_write(v, alert, told);
}

static void alert_raise(struct view *v, const struct wanted *w) {
        struct alert *alert = &v->casefile->told.alerts[w->alert];
        struct effect *effect = view_effect(v, EFFECT_RAISED);
        char id[UUID_TEXT], times[NUMBER_TEXT_MAX];

        if (!effect)
                return;
        if (pool_intern(&v->engine->pool, text_of(w->to.role->name), &alert->role)) {
                v->failed = true;
                return;
        }
        alert->open = true;
        alert->raised++;
        alert->due = w->o->due.date;
        alert->told_at = v->now;
        telling_name(&effect->told, w->o);
        effect->told.occurred_at = w->fell_due;
        effect->told.text = sentence_raised(v, w->o, w->rung, &w->to);
        uuid_write(&alert->id, id);
        view_name_effect(v, VIEW_NAME(v, ((struct text){id, UUID_TEXT}), number_text(alert->raised, times), TEXT_OF("raised")));
        alert_write(v, alert, &effect->told);
}

/* A place for an alert that was never raised; its id comes later. */
static void alert_add(struct view *v, struct wanted *w) {
        struct alert *alert = casefile_add_alert(v->casefile);

        if (!alert || pool_intern(&v->engine->pool, text_of(w->to.organisation->id), &alert->organisation)) {
                v->failed = true;
                return;
        }
        alert->norm = w->o->pool_norm;
        alert->instance = w->o->key;
        alert->rung = (uint16_t)w->rung;
        w->alert = v->casefile->told.n_alerts - 1;
}

static struct text alert_name(struct view *v, const struct wanted *w) {
        const struct pool *pool = &v->engine->pool;
        char digits[NUMBER_TEXT_MAX];
        struct text case_id = view_case_id(v), rung = number_text(w->rung, digits);

        return VIEW_NAME(v, case_id, pool_text(pool, w->o->pool_norm), text_of(w->o->instance), rung,
                         pool_text(pool, v->casefile->told.alerts[w->alert].organisation));
}

/* Those that are to be raised, the lowest rungs first. */
static struct wanted **alert_list_raised(struct view *v, const struct alerts *all, size_t *ret_n) {
        struct wanted **list = view_alloc(v, all->n, sizeof(struct wanted *));

        *ret_n = 0;
        for (unsigned rung = 1; list && rung <= RUNGS_MAX; rung++) {
                for (size_t i = 0; i < all->n; i++) {
                        if (all->items[i].rung == rung && !all->items[i].held && !all->items[i].open)
                                list[(*ret_n)++] = &all->items[i];
                }
        }
        return list;
}

/* Gives those that were never raised a place and an id. @names: room for one each. */
static void alert_add_all(struct view *v, struct wanted *const *list, size_t n, struct text *names) {
        struct tellings *told = &v->casefile->told;
        uint32_t before = told->n_alerts, unraised = 0;
        const struct uuid *ids;

        for (size_t i = 0; i < n; i++)
                unraised += list[i]->alert == NOT_RAISED;
        if (unraised == 0)
                return;
        if (casefile_reserve_alerts(v->casefile, unraised))
                v->failed = true;
        for (size_t i = 0, at = 0; i < n && !v->failed; i++) {
                if (list[i]->alert != NOT_RAISED)
                        continue;
                alert_add(v, list[i]);
                if (!v->failed)
                        names[at++] = alert_name(v, list[i]);
        }
        ids = view_ids(v, names, unraised);
        for (uint32_t i = 0; ids && i < unraised; i++)
                told->alerts[before + i].id = ids[i];
}

/* What the ids of new alerts are made of is written first, so that they can be made side by side; the names of what tells of them have those ids. */
static void alert_raise_all(struct view *v, const struct alerts *all) {
        size_t n;
        struct wanted **list = alert_list_raised(v, all, &n);
        struct text *names = list && n ? view_alloc(v, n, sizeof(*names)) : NULL;

        if (!names)
                return;
        alert_add_all(v, list, n, names);
        for (size_t i = 0; i < n && !v->failed; i++)
                alert_raise(v, list[i]);
}

/* Whether the norm of an alert is looked at in this evaluation. */
static bool alert_is_judged(const struct view *v, const struct alert *alert) {
        return !v->bearing || bearing_judges(&v->engine->scope, v->bearing, alert->norm);
}

/* Resolutions come before raisings; an alert that stays is not told again. */
void view_tell_alerts(struct view *v) {
        struct tellings *told = &v->casefile->told;
        struct alerts all = {.n = 0};
        uint32_t before = told->n_alerts;

        if (v->n_obligations == 0 && before == 0)
                return;
        alerts_open(v, &all);
        alert_collect(v, &all);
        for (uint32_t i = 0; i < before && !v->failed; i++) {
                if (told->alerts[i].open && !(all.stay && all.stay[i]) && alert_is_judged(v, &told->alerts[i]))
                        alert_resolve(v, &all, &told->alerts[i]);
        }
        if (!v->failed && all.n)
                alert_raise_all(v, &all);
}
