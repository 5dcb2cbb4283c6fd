/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/explain.h"

#include <errno.h>
#include <string.h>

#include "calendar/explain.h"
#include "engine/explain_parts.h"

int explanation_open(struct explanation *x, struct engine *engine, struct store *store, struct casefile *file, instant_t now, const char *norm) {
        int r;

        arena_reset(engine->arena);
        *x = (struct explanation){.norm = norm};
        r = view_open(&x->view, engine, store, file, now);
        if (r)
                return r;
        view_obligations(&x->view);
        if (x->view.failed)
                return -ENOMEM;
        for (size_t i = 0; norm && i < x->view.n_obligations; i++) {
                if (strcmp(x->view.obligations[i].norm->name, norm) == 0)
                        return 0;
        }
        return norm ? -ENOENT : 0;
}

bool explanation_wants(const struct explanation *x, const struct obligation *o) {
        return !x->norm || strcmp(o->norm->name, x->norm) == 0;
}

bool explanation_trace(struct explanation *x, const struct obligation *o, struct trace *ret) {
        day_t end;

        *ret = (struct trace){.arena = x->view.arena};
        if (o->norm->timing != TIMING_TERM || o->due.state == DUE_REFUSED)
                return false;
        return term_end(x->view.config->calendar, &o->norm->term, o->from, ret, &end, NULL) == 0;
}

const struct announcement *explanation_announcement(const struct explanation *x, const struct obligation *o) {
        const struct tellings *told = &x->view.file->told;

        for (uint32_t i = 0; i < told->n_announcements; i++) {
                if (told->announcements[i].norm == o->pool_norm && instance_key_equal(&told->announcements[i].instance, &o->key))
                        return &told->announcements[i];
        }
        return NULL;
}

day_t explanation_holding(const struct obligation *o) {
        if (o->norm->holds_on_due)
                return o->due.state == DUE_KNOWN ? o->due.date : DAY_NONE;
        return o->start && o->link <= 1 ? o->start->own : o->from;
}

bool explanation_next(struct explanation *x, const struct obligation *o, struct upcoming *ret) {
        struct view *v = &x->view;

        *ret = (struct upcoming){.at = INSTANT_NEVER};
        if (o->due.state != DUE_KNOWN || (o->status != STATUS_RUNNING && o->status != STATUS_OVERDUE && o->status != STATUS_EXPLAINED))
                return false;
        for (size_t i = 0; o->status == STATUS_RUNNING && i < o->norm->n_reminders; i++) {
                instant_t at = reminder_due(v, o, &o->norm->reminders[i]);

                if (at > v->now && at < ret->at)
                        *ret = (struct upcoming){.at = at, .roles = &o->norm->reminders[i].to};
        }
        for (size_t i = 0; i < o->norm->n_rungs; i++) {
                instant_t fell, at = rung_due(v, o, &o->norm->rungs[i], &fell);

                if (at > v->now && at < ret->at)
                        *ret = (struct upcoming){.at = at, .rung = (unsigned)i + 1, .roles = &o->norm->rungs[i].to};
        }
        return ret->at != INSTANT_NEVER;
}

/* --- for a person --- */

static const char *const status_dutch[STATUSES] = {
        [STATUS_RUNNING] = "loopt", [STATUS_MET_IN_TIME] = "op tijd gehaald", [STATUS_MET_LATE] = "te laat gehaald",
        [STATUS_LAPSED] = "niet meer aan de orde", [STATUS_EXPLAINED] = "uitgelegd", [STATUS_OVERDUE] = "niet gehaald"};

static void say_fact(struct buffer *out, const char *what, const struct fact *fact, day_t date) {
        char id[UUID_TEXT + 1], day[DATE_DUTCH_MAX];
        struct text source = fact->slots[SLOT_SOURCE].s;

        uuid_format(&fact->event_id, id);
        buffer_printf(out, "  %s %s van %.*s", what, fact->type->name, (int)source.n, source.s);
        if (date != DAY_NONE)
                buffer_printf(out, ", %s", date_dutch(date, day));
        buffer_printf(out, " (bericht %s)\n", id);
}

/* Every statement of where the child lived, and what became of that municipality since. */
static void say_statements(struct explanation *x, struct buffer *out) {
        struct view *v = &x->view;
        char id[UUID_TEXT + 1], day[DATE_DUTCH_MAX];

        for (size_t i = 0; i < v->n_statements; i++) {
                const struct statement *s = &v->statements[i];
                const struct organisation *then = statement_municipality(v, s), *now = view_follow(v, then, v->today, true);
                struct text code = fact_text(s->fact, FIELD_MUNICIPALITY);

                uuid_format(&s->fact->event_id, id);
                buffer_printf(out, "  vanaf %s: %.*s, volgens %s (bericht %s)", date_dutch(s->date, day), (int)code.n, code.s, s->fact->type->name, id);
                if (!then)
                        buffer_add_text(out, "; deze organisatie is niet bekend");
                else if (!now)
                        buffer_add_text(out, "; deze gemeente bestaat nu niet en heeft geen opvolger");
                else if (now->index != then->index)
                        buffer_printf(out, "; opgegaan in %s (%s)", now->name, now->id);
                buffer_add_text(out, "\n");
        }
}

static void say_residence(struct explanation *x, struct buffer *out) {
        struct view *v = &x->view;
        const struct organisation *org = view_municipality(v, v->today, true);

        if (v->region) {
                buffer_printf(out, "Regio %s.\n", v->region->name);
                return;
        }
        if (org)
                buffer_printf(out, "Verantwoordelijke gemeente: %s (%s)\n", org->name, org->id);
        else
                buffer_add_text(out, "Verantwoordelijke gemeente: nog niet bekend\n");
        if (v->n_statements == 0 && org)
                buffer_add_text(out, "  volgens het eerste bericht dat een gemeente noemt\n");
        say_statements(x, out);
}

/* What was copied to whom: with the row of the fact, and later. */
static void say_copies(struct explanation *x, struct buffer *out) {
        const struct tellings *told = &x->view.file->told;
        char at[INSTANT_TEXT + 1];

        for (size_t i = 0; i < x->view.n; i++) {
                const struct fact *fact = &x->view.facts[i];

                if (fact->copies.n == 0)
                        continue;
                buffer_printf(out, "  kopie van %s aan ", fact->type->name);
                for (size_t j = 0; j < fact->copies.n; j++)
                        buffer_add(out, fact->copies.s[j] == '\n' ? ", " : &fact->copies.s[j], fact->copies.s[j] == '\n' ? 2 : 1);
                buffer_add_text(out, "\n");
        }
        for (uint32_t i = 0; i < told->n_copies; i++) {
                const struct fact *fact = view_find(&x->view, &told->copies[i].event_id);

                instant_format(told->copies[i].told_at, at);
                buffer_printf(out, "  kopie van %s aan %s %s, op %s\n", fact ? fact->type->name : "een bericht",
                              pool_word(&x->view.engine->pool, told->copies[i].organisation), pool_word(&x->view.engine->pool, told->copies[i].role), at);
        }
}

static void say_protocol(struct explanation *x, const struct obligation *o, struct buffer *out) {
        const struct protocol *p = o->norm->protocol;
        day_t holding = explanation_holding(o);
        const struct organisation *org = x->view.region ? NULL : view_municipality(&x->view, holding, false);
        char day[DATE_DUTCH_MAX], from[DATE_TEXT + 1], until[DATE_TEXT + 1];

        date_format(p->from, from);
        if (p->until != INT32_MAX)
                date_format(p->until, until);
        buffer_printf(out, "  afspraak: %s (%s), %s\n", p->title ? p->title : p->name, p->name, o->norm->basis_ref ? o->norm->basis_ref : "zonder vindplaats");
        buffer_printf(out, "  van kracht vanaf %s%s%s; geldt hier omdat %s daarin valt", from, p->until != INT32_MAX ? " tot en met " : "",
                      p->until != INT32_MAX ? until : "", date_dutch(holding, day));
        if (p->n_regions && org && org->region)
                buffer_printf(out, " en %s toen verantwoordelijk was (regio %s)", org->name, org->region->name);
        buffer_add_text(out, ".\n");
}

static void say_date(struct explanation *x, const struct obligation *o, struct buffer *out) {
        char day[DATE_DUTCH_MAX];
        struct trace trace;

        if (o->start)
                say_fact(out, "begonnen met", o->start, o->from);
        else
                buffer_printf(out, "  begonnen op %s, met de afspraak zelf\n", date_dutch(o->from, day));
        if (explanation_trace(x, o, &trace)) {
                buffer_add_text(out, "  ");
                if (trace_print(&trace, x->view.config->calendar, out))
                        x->view.failed = true;
        }
        if (o->norm->timing == TIMING_HOURS) {
                buffer_add_text(out, "  ");
                if (term_hours_print(o->norm->term.steps[0], o->start->occurred_at, o->due.over, out))
                        x->view.failed = true;
        }
        if (o->norm->timing == TIMING_AT_ONCE)
                buffer_add_text(out, "  terstond\n");
        else if (o->due.state == DUE_KNOWN)
                buffer_printf(out, "  uiterlijk %s\n", date_dutch(o->due.date, day));
        else if (o->due.state == DUE_REFUSED && o->due.year == 0)
                buffer_add_text(out, "  geen einddatum: die valt buiten de jaren 1900 tot en met 2200\n");
        else if (o->due.state == DUE_REFUSED)
                buffer_printf(out, "  geen einddatum: de kalender kent het jaar %d nog niet\n", o->due.year);
        else
                buffer_add_text(out, "  (nog) geen einddatum\n");
}

static void say_told(struct explanation *x, const struct obligation *o, struct buffer *out) {
        const struct tellings *told = &x->view.file->told;
        const struct announcement *a = explanation_announcement(x, o);
        char at[INSTANT_TEXT + 1];

        if (a) {
                instant_format(a->announced_at, at);
                buffer_printf(out, "  aangekondigd op %s", at);
                for (size_t i = 0; i < o->norm->announce.n; i++)
                        buffer_printf(out, "%s %s", i ? "," : " aan", o->norm->announce.items[i].name);
                buffer_add_text(out, "\n");
        }
        for (size_t i = 0; a && i < o->norm->n_reminders; i++) {
                if (a->reminders & 1u << i)
                        buffer_printf(out, "  herinnering %zu is verstuurd\n", i + 1);
        }
        for (uint32_t i = 0; i < told->n_alerts; i++) {
                const struct alert *alert = &told->alerts[i];

                if (alert->norm != o->pool_norm || !instance_key_equal(&alert->instance, &o->key))
                        continue;
                instant_format(alert->told_at, at);
                buffer_printf(out, "  trede %u aan %s (%s): %s op %s\n", alert->rung, pool_word(&x->view.engine->pool, alert->organisation),
                              pool_word(&x->view.engine->pool, alert->role), alert->open ? "gemeld" : "opgelost", at);
        }
}

static void say_next(struct explanation *x, const struct obligation *o, struct buffer *out) {
        struct upcoming next;
        char at[INSTANT_TEXT + 1];

        if (!explanation_next(x, o, &next))
                return;
        instant_format(next.at, at);
        if (next.rung)
                buffer_printf(out, "  hierna: trede %u op %s, aan", next.rung, at);
        else
                buffer_printf(out, "  hierna: herinnering op %s, aan", at);
        for (size_t i = 0; i < next.roles->n; i++)
                buffer_printf(out, "%s %s", i ? "," : "", next.roles->items[i].name);
        buffer_add_text(out, "\n");
}

static void say_obligation(struct explanation *x, const struct obligation *o, struct buffer *out) {
        buffer_printf(out, "\n%s: %s\n", o->norm->title ? o->norm->title : o->norm->name, status_dutch[o->status]);
        buffer_printf(out, "  norm %s, kenmerk %s\n", o->norm->name, o->instance);
        say_protocol(x, o, out);
        say_date(x, o, out);
        if (o->met && o->norm->timing == TIMING_LIMIT)
                say_fact(out, "niet nagekomen door", o->met, o->due.date);
        else if (o->met)
                say_fact(out, "gehaald door", o->met, o->met_date);
        if (o->ended && o->status == STATUS_LAPSED)
                say_fact(out, "vervallen door", o->ended, o->ended_date);
        if (o->excuse)
                say_fact(out, "uitgelegd door", o->excuse, o->excuse->own);
        say_told(x, o, out);
        say_next(x, o, out);
}

int explain_text(struct engine *engine, struct store *store, struct casefile *file, instant_t now, const char *norm, struct buffer *out) {
        struct explanation x;
        char id[UUID_TEXT + 1], at[INSTANT_TEXT + 1];
        int r = explanation_open(&x, engine, store, file, now, norm);

        if (r)
                return r;
        uuid_format(&file->id, id);
        instant_format(now, at);
        buffer_printf(out, "Zaak %s op %s\n", id, at);
        say_residence(&x, out);
        say_copies(&x, out);
        for (size_t i = 0; i < x.view.n_obligations; i++) {
                if (explanation_wants(&x, &x.view.obligations[i]))
                        say_obligation(&x, &x.view.obligations[i], out);
        }
        if (x.view.n_obligations == 0)
                buffer_add_text(out, "Geen enkele afspraak heeft nu werk aan deze zaak.\n");
        return out->failed || x.view.failed ? -ENOMEM : 0;
}
