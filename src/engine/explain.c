/* SPDX-License-Identifier: EUPL-1.2 */

/* One case in words and in JSON: of each obligation its status, what it rests on, its date and why, what was told and what comes next. */

#include "engine/explain.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "calendar/explain.h"

#define EXPLAIN_LINES_MAX ((size_t)256 * 1024) /* of one calculation: TRACE_MAX entries */
#define STEP_TEXT_MAX 48
#define EXPLAIN_HIDDEN "  de berekening telt van een persoonsgegeven, dat hier niet getoond wordt\n"

struct explanation {
        struct life *life;
        const struct postings *postings; /* or NULL */
};

/* What an explanation returns when all went well. */
static int explanation_result(const struct explanation *x, const struct buffer *out) {
        if (out->failed || x->life->view.failed)
                return -ENOMEM;
        return x->life->norm && x->life->n_obligations == 0 ? EXPLAIN_E_NONE : 0;
}

/* Whether what stands in an inbox was told of this obligation. */
static bool explanation_is_of(const struct posting *posting, const struct obligation *o) {
        return posting->protocol && strcmp(posting->protocol, o->norm->protocol->name) == 0 && strcmp(posting->norm, o->norm->name) == 0 &&
               strcmp(posting->instance, o->instance) == 0;
}

/* --- for a person --- */

static void say_organisation(const struct explanation *x, struct buffer *out, struct text id) {
        organisations_print(x->life->view.config->organisations, id, out);
}

static void say_fact(const struct explanation *x, struct buffer *out, const char *what, const struct fact *fact, day_t date) {
        char id[UUID_TEXT + 1], day[DATE_DUTCH_MAX];

        uuid_format(&fact->event_id, id);
        buffer_printf(out, "  %s ", what);
        event_type_print_dutch(fact->type, out);
        buffer_add_text(out, " van ");
        say_organisation(x, out, fact->slots[SLOT_SOURCE].s);
        if (date != DAY_NONE)
                buffer_printf(out, ", %s", date_dutch(date, day));
        buffer_printf(out, " (bericht %s)\n", id);
}

/* "aan GI, gemeente" */
static void say_roles(struct buffer *out, const struct roles *roles) {
        for (size_t i = 0; i < roles->n; i++)
                buffer_printf(out, "%s %s", i ? "," : " aan", role_dutch(roles->items[i].name));
}

/* Every statement of where the child lived, and what became of that municipality since. */
static void say_statements(const struct explanation *x, struct buffer *out) {
        char id[UUID_TEXT + 1], day[DATE_DUTCH_MAX];

        for (size_t i = 0; i < x->life->n_residences; i++) {
                const struct statement *s = x->life->residences[i].statement;
                const struct organisation *then = x->life->residences[i].then, *now = x->life->residences[i].now;
                struct text code = fact_text(s->fact, FIELD_MUNICIPALITY);

                uuid_format(&s->fact->event_id, id);
                buffer_printf(out, "  vanaf %s: %.*s, volgens ", date_dutch(s->date, day), (int)code.n, code.s);
                event_type_print_dutch(s->fact->type, out);
                buffer_printf(out, " (bericht %s)", id);
                if (!then)
                        buffer_add_text(out, "; deze organisatie is niet bekend");
                else if (!now)
                        buffer_add_text(out, "; deze gemeente bestaat nu niet en heeft geen opvolger");
                else if (now->index != then->index)
                        buffer_printf(out, "; opgegaan in %s (%s)", now->name, now->id);
                buffer_add_text(out, "\n");
        }
}

static void say_residence(const struct explanation *x, struct buffer *out) {
        const struct view *v = &x->life->view;
        const struct organisation *org = x->life->municipality;

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

/* What became of it in the inbox of whom it was told to, when that is known and it is still there. Return: whether anything was said. */
static bool say_posting(const struct explanation *x, struct buffer *out, const char *before, const struct uuid *event_id, struct text organisation) {
        const struct posting *posting = x->postings ? postings_find(x->postings, event_id, organisation) : NULL;

        if (!posting)
                return false;
        buffer_add_text(out, before);
        posting_print_dutch(posting, out);
        return true;
}

/* What was copied to whom with the row of the fact: in one line, or where it is known what became of each in a line of its own. */
static void say_copied(struct explanation *x, struct buffer *out, const struct fact *fact) {
        struct text copies = fact->copies, org, role;
        bool some = false;

        for (; row_copies_next(&copies, &org, &role); some = true) {
                buffer_add_text(out, x->postings ? "\n    " : some ? ", " : "");
                say_organisation(x, out, org);
                buffer_printf(out, " als %s", role_dutch(arena_copy(x->life->view.arena, role.s, role.n) ?: "?"));
                (void) say_posting(x, out, ": ", &fact->event_id, org);
        }
        buffer_add_text(out, "\n");
}

static void say_later_copy(const struct explanation *x, struct buffer *out, const struct copy *copy) {
        struct text org = text_of(pool_word(&x->life->view.engine->pool, copy->organisation));

        buffer_add_text(out, " aan ");
        say_organisation(x, out, org);
        buffer_printf(out, " als %s", role_dutch(pool_word(&x->life->view.engine->pool, copy->role)));
        if (!say_posting(x, out, ": ", &copy->event_id, org)) {
                buffer_add_text(out, ", op ");
                instant_print_dutch(copy->told_at, out);
        }
        buffer_add_text(out, "\n");
}

static void say_copies(struct explanation *x, struct buffer *out) {
        const struct tellings *told = &x->life->view.casefile->told;

        for (size_t i = 0; i < x->life->view.n; i++) {
                const struct fact *fact = &x->life->view.facts[i];

                if (fact->copies.n == 0)
                        continue;
                buffer_add_text(out, "  kopie van ");
                event_type_print_dutch(fact->type, out);
                buffer_add_text(out, " aan ");
                say_copied(x, out, fact);
        }
        for (uint32_t i = 0; i < told->n_copies; i++) {
                const struct fact *fact = view_find(&x->life->view, &told->copies[i].event_id);

                buffer_add_text(out, "  kopie van ");
                if (fact)
                        event_type_print_dutch(fact->type, out);
                else
                        buffer_add_text(out, "een bericht");
                say_later_copy(x, out, &told->copies[i]);
        }
}

static void say_protocol(const struct life_obligation *of, struct buffer *out) {
        const struct obligation *o = of->o;
        const struct protocol *p = o->norm->protocol;
        const struct organisation *org = of->municipality;
        char day[DATE_DUTCH_MAX], from[DATE_DUTCH_MAX], until[DATE_DUTCH_MAX];

        (void) date_dutch(p->from, from);
        if (p->until != INT32_MAX)
                (void) date_dutch(p->until, until);
        buffer_printf(out, "  afspraak: %s (%s), %s\n", p->title ? p->title : p->name, p->name, o->norm->basis_ref ? o->norm->basis_ref : "zonder vindplaats");
        buffer_printf(out, "  van kracht vanaf %s%s%s; geldt hier omdat %s daarin valt", from, p->until != INT32_MAX ? " tot en met " : "",
                      p->until != INT32_MAX ? until : "", date_dutch(of->holding, day));
        if (p->n_regions && org && org->region)
                buffer_printf(out, " en %s toen verantwoordelijk was (regio %s)", org->name, org->region->name);
        buffer_add_text(out, ".\n");
}

/* Lines of a calculation, each in its place under the obligation. */
static void say_lines(struct explanation *x, struct buffer *lines, struct buffer *out) {
        const char *line = buffer_text(lines), *end;

        for (; (end = strchr(line, '\n')); line = end + 1)
                buffer_printf(out, "  %.*s\n", (int)(end - line), line);
        if (lines->failed)
                x->life->view.failed = true;
        buffer_done(lines);
}

static void say_trace(struct explanation *x, const struct trace *trace, struct buffer *out) {
        struct buffer lines = BUFFER_INIT(EXPLAIN_LINES_MAX);

        if (trace_print(trace, x->life->view.config->calendar, &lines))
                x->life->view.failed = true;
        say_lines(x, &lines, out);
}

/* What it counts from: the fact or the agreement, and of a repetition the time before. */
static void say_begun(struct explanation *x, const struct obligation *o, struct buffer *out) {
        day_t first = o->link <= 1 ? o->from : o->start ? ref_date(&o->norm->starts, o->start) : o->norm->protocol->from;
        char day[DATE_DUTCH_MAX];

        if (o->start)
                say_fact(x, out, "begonnen met", o->start, life_hides(x->life, o->start, &o->norm->starts) ? DAY_NONE : first);
        else
                buffer_printf(out, "  begonnen op %s, met de afspraak zelf\n", date_dutch(first, day));
        if (o->link > 1)
                buffer_printf(out, "  keer %u: telt vanaf %s, toen de vorige keer gehaald was\n", o->link, date_dutch(o->from, day));
}

static void say_hours(struct explanation *x, const struct obligation *o, struct buffer *out) {
        struct buffer lines = BUFFER_INIT(EXPLAIN_LINES_MAX);

        if (o->due.state == DUE_KNOWN && term_hours_print(o->norm->term.steps[0], o->start->occurred_at, o->due.over, &lines))
                x->life->view.failed = true;
        say_lines(x, &lines, out);
}

static void say_limits(const struct obligation *o, const struct due_reason *why, struct buffer *out) {
        char day[DATE_DUTCH_MAX];

        for (size_t i = 0; i < o->norm->n_limits; i++) {
                const struct limit *limit = &o->norm->limits[i];

                if (why->limit && why->limit != limit)
                        continue;
                buffer_printf(out, "  ten hoogste %u keer %s: ", limit->at_most, limit->event.type->name);
                if (why->limit)
                        buffer_printf(out, "overschreden op %s\n", date_dutch(o->due.date, day));
                else
                        buffer_add_text(out, "(nog) niet overschreden\n");
        }
}

/* What the norm is due by, before anything moves the date. */
static void say_timing(struct explanation *x, const struct obligation *o, const struct due_reason *why, struct buffer *out) {
        const struct norm *norm = o->norm;
        char day[DATE_DUTCH_MAX];

        switch (norm->timing) {
        case TIMING_TERM:
                if (life_hides(x->life, o->start, &norm->starts) && o->link <= 1)
                        buffer_add_text(out, EXPLAIN_HIDDEN);
                else
                        say_trace(x, &why->term, out);
                return;
        case TIMING_AT_ONCE:
                buffer_add_text(out, "  terstond: ");
                instant_print_dutch(o->due.over, out);
                buffer_add_text(out, "\n");
                return;
        case TIMING_HOURS:
                say_hours(x, o, out);
                return;
        case TIMING_DUE_WITH:
                if (why->with)
                        say_fact(x, out, "op de dag van", why->with, life_hides(x->life, why->with, &norm->due_with) ? DAY_NONE : why->timed);
                else
                        buffer_printf(out, "  op de dag van %s, maar daarvan is (nog) geen datum bekend\n", norm->due_with.type->name);
                return;
        case TIMING_LIMIT:
                say_limits(o, why, out);
                return;
        case TIMING_QUOTA:
                buffer_printf(out, "  ten minste %u keer %s in %d, dus voor het jaar om is\n", norm->at_least, norm->quota.type->name, o->year);
                return;
        case TIMING_DUE:
                buffer_printf(out, "  de afspraak noemt een vaste datum: %s\n", date_dutch(norm->due, day));
                return;
        }
}

/* What moves the date, and what might have. */
static void say_adjusted(struct explanation *x, const struct obligation *o, const struct due_reason *why, struct buffer *out) {
        if (why->not_before && life_hides(x->life, why->not_before, &o->norm->not_before)) {
                say_fact(x, out, "niet eerder dan een termijn vanaf", why->not_before, DAY_NONE);
                buffer_add_text(out, EXPLAIN_HIDDEN);
        } else if (why->not_before) {
                say_fact(x, out, "niet eerder dan een termijn vanaf", why->not_before, why->not_before_from);
                say_trace(x, &why->not_before_term, out);
        } else if (o->norm->has_not_before && why->timed != DAY_NONE) {
                buffer_printf(out, "  niet eerder dan een termijn vanaf %s, maar daarvan is (nog) geen datum bekend\n", o->norm->not_before.type->name);
        }
        if (why->agreed)
                say_fact(x, out, why->by == DUE_BY_AGREEMENT ? "vervroegd door" : "niet vervroegd, want niet eerder:", why->agreed, why->agreed_date);
}

/* Why this date and not another that stands above it. */
static const char *deciding(const struct due_reason *why) {
        if (why->by == DUE_BY_AGREEMENT)
                return ", zoals afgesproken";
        if (why->not_before && why->not_before_term.end != why->timed)
                return ", de latere van beide datums";
        return "";
}

static void say_no_date(const struct obligation *o, struct buffer *out) {
        bool hours = o->norm->timing == TIMING_HOURS;

        if (o->due.year)
                buffer_printf(out, "  geen einddatum: de kalender kent het jaar %d nog niet\n", o->due.year);
        else
                buffer_printf(out, "  geen einddatum: die valt buiten de jaren %d tot en met %d\n", hours ? INSTANT_YEAR_MIN : DATE_YEAR_MIN,
                              hours ? INSTANT_YEAR_MAX : DATE_YEAR_MAX);
}

static void say_date(struct explanation *x, const struct obligation *o, struct buffer *out) {
        char day[DATE_DUTCH_MAX];
        struct due_reason why;

        obligation_reason(&x->life->view, o, &why);
        say_begun(x, o, out);
        say_timing(x, o, &why, out);
        say_adjusted(x, o, &why, out);
        if (o->norm->timing == TIMING_AT_ONCE || o->norm->timing == TIMING_LIMIT)
                return;
        if (o->due.state == DUE_KNOWN)
                buffer_printf(out, "  uiterlijk %s%s\n", date_dutch(o->due.date, day), deciding(&why));
        else if (o->due.state == DUE_REFUSED)
                say_no_date(o, out);
        else
                buffer_add_text(out, "  (nog) geen einddatum\n");
}

/* What stands in inboxes of this date of an obligation: its announcement and reminders, for each organisation. */
static void say_announced_postings(const struct explanation *x, const struct obligation *o, const struct announcement *a, struct buffer *out) {
        for (size_t i = 0; x->postings && i < x->postings->n; i++) {
                const struct posting *posting = x->postings->items[i];

                if (posting->type->known != TYPE_PLAN_DUE || posting->due_date != a->due || !explanation_is_of(posting, o))
                        continue;
                buffer_add_text(out, "    aan ");
                say_organisation(x, out, text_of(posting->organisation));
                buffer_add_text(out, ": ");
                posting_print_dutch(posting, out);
                buffer_add_text(out, "\n");
        }
}

/* The latest record of an alert that has this form; NULL: it is in no inbox (any more). */
static const struct posting *explanation_alert_posting(const struct explanation *x, const struct alert *alert, enum known_type form) {
        for (size_t i = x->postings ? x->postings->n : 0; i-- > 0;) {
                const struct posting *posting = x->postings->items[i];

                if (posting->type->known == form && uuid_equal(&posting->alert_id, &alert->id))
                        return posting;
        }
        return NULL;
}

static void say_alert_posting(const struct posting *posting, const char *what, struct buffer *out) {
        if (!posting)
                return;
        buffer_printf(out, "    %s ", what);
        posting_print_dutch(posting, out);
        buffer_add_text(out, "\n");
}

/* Of one that is open what became of it, when that is known; else that it was told. Of one that is over both. */
static void say_alert(const struct explanation *x, const struct alert *alert, struct buffer *out) {
        const struct posting *raised = explanation_alert_posting(x, alert, TYPE_ESCALATION_RAISED);

        buffer_printf(out, "  trede %u aan ", alert->rung);
        say_organisation(x, out, text_of(pool_word(&x->life->view.engine->pool, alert->organisation)));
        buffer_printf(out, " als %s: ", role_dutch(pool_word(&x->life->view.engine->pool, alert->role)));
        if (alert->open && raised) {
                posting_print_dutch(raised, out);
                buffer_add_text(out, "\n");
                return;
        }
        buffer_add_text(out, alert->open ? "gemeld op " : "opgelost op ");
        instant_print_dutch(alert->told_at, out);
        buffer_add_text(out, x->postings && alert->open && alert->told_at >= x->postings->since ? "; staat niet (meer) in het postvak\n" : "\n");
        say_alert_posting(raised, "de melding:", out);
        say_alert_posting(explanation_alert_posting(x, alert, TYPE_ESCALATION_RESOLVED), "de oplossing:", out);
}

static void say_told(const struct explanation *x, const struct life_obligation *of, struct buffer *out) {
        const struct obligation *o = of->o;
        const struct announcement *a = of->announcement;

        if (a) {
                buffer_add_text(out, "  aangekondigd op ");
                instant_print_dutch(a->announced_at, out);
                say_roles(out, &o->norm->announce);
                buffer_add_text(out, "\n");
        }
        for (size_t i = 0; a && i < o->norm->n_reminders; i++) {
                if (a->reminders & 1u << i)
                        buffer_printf(out, "  herinnering %zu is verstuurd\n", i + 1);
        }
        if (a)
                say_announced_postings(x, o, a, out);
        for (size_t i = 0; i < of->n_alerts; i++)
                say_alert(x, of->alerts[i], out);
}

static void say_next(const struct life_next *next, struct buffer *out) {
        if (next->at == INSTANT_NEVER)
                return;
        if (next->rung)
                buffer_printf(out, "  hierna: trede %u op ", next->rung);
        else
                buffer_add_text(out, "  hierna: herinnering op ");
        instant_print_dutch(next->at, out);
        say_roles(out, next->roles);
        buffer_add_text(out, "\n");
}

/* What an enum says by its name; NULL: the type has no such enum. */
static const char *explain_symbol(const struct fact *fact, const char *field) {
        int slot = layout_slot(fact->type->layout, field);
        const struct layout_field *of = slot >= 0 ? &fact->type->layout->fields[slot] : NULL;

        return of && of->type == LAYOUT_ENUM && fact->slots[slot].kind == SLOT_INT ? of->symbols[fact->slots[slot].i] : NULL;
}

/* The last day on which an explanation counts, or DAY_NONE: it has no end. */
static day_t explain_until(const struct fact *fact) {
        return fact->type->fields[FIELD_UNTIL] >= 0 ? fact_date(fact, fact->type->fields[FIELD_UNTIL]) : DAY_NONE;
}

static void say_excuse(struct explanation *x, struct buffer *out, const char *what, const struct fact *fact) {
        const char *reason = explain_symbol(fact, "reason");
        day_t until = explain_until(fact);
        char day[DATE_DUTCH_MAX];

        say_fact(x, out, what, fact, fact->own);
        if (reason || until != DAY_NONE)
                buffer_printf(out, "    %s%s%s%s%s\n", reason ? "reden " : "", reason ? reason : "", reason && until != DAY_NONE ? ", " : "",
                              until != DAY_NONE ? "tot en met " : "", until != DAY_NONE ? date_dutch(until, day) : "");
}

/* The explanation that counted longest, and what its end does to the ladder. */
static void say_excuse_over(struct explanation *x, struct buffer *out, const struct obligation *o) {
        char day[DATE_DUTCH_MAX];

        say_excuse(x, out, "was uitgelegd door", o->last_excuse);
        buffer_printf(out, "    die toelichting is voorbij sinds %s", date_dutch(o->excused_until, day));
        if (o->due.state == DUE_KNOWN && o->norm->n_rungs && o->excused_until > o->due.date)
                buffer_add_text(out, ladder_restart(o) != DAY_NONE ? "; de ladder telt vanaf die dag opnieuw" : "; de ladder telt door vanaf de einddatum");
        buffer_add_text(out, "\n");
}

static void say_obligation(struct explanation *x, const struct life_obligation *of, struct buffer *out) {
        const struct obligation *o = of->o;

        buffer_printf(out, "%s: %s\n", o->norm->title ? o->norm->title : o->norm->name, status_dutch[o->status]);
        buffer_printf(out, "  norm %s, kenmerk %s\n", o->norm->name, o->instance);
        say_protocol(of, out);
        say_date(x, o, out);
        if (o->met && o->norm->timing == TIMING_LIMIT)
                say_fact(x, out, "niet nagekomen door", o->met, o->due.date);
        else if (o->met)
                say_fact(x, out, "gehaald door", o->met, o->met_date);
        if (o->ended && o->status == STATUS_LAPSED)
                say_fact(x, out, "vervallen door", o->ended, o->ended_date);
        if (o->excuse)
                say_excuse(x, out, "uitgelegd door", o->excuse);
        else if (o->last_excuse)
                say_excuse_over(x, out, o);
        say_told(x, of, out);
        say_next(&of->next, out);
}

/* Why there is nothing (more) of the norm that was asked for. */
static void say_absences(struct explanation *x, struct buffer *out) {
        for (size_t i = 0; i < x->life->absences.n; i++) {
                const struct absence *a = &x->life->absences.items[i];

                buffer_printf(out, "\n%s: niet van toepassing\n", a->norm && a->norm->title ? a->norm->title : x->life->norm);
                if (a->norm)
                        buffer_printf(out, "  afspraak: %s (%s)\n", a->norm->protocol->title ? a->norm->protocol->title : a->norm->protocol->name,
                                      a->norm->protocol->name);
                if (a->start)
                        say_fact(x, out, "gelet op", a->start, a->start->own);
                buffer_add_text(out, "  ");
                absence_print(&x->life->view, a, x->life->norm, out);
                buffer_add_text(out, "\n");
        }
        if (x->life->absences.left_out)
                buffer_printf(out, "\nEn %zu keer meer.\n", x->life->absences.left_out);
}

int explain_text(struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const char *norm,
                 const struct postings *postings, struct buffer *out) {
        struct life life;
        struct explanation x = {&life, postings};
        char id[UUID_TEXT + 1];
        int r = life_open(&life, engine, store, casefile, now, norm);

        if (r)
                return r;
        uuid_format(&casefile->id, id);
        buffer_printf(out, "Zaak %s op ", id);
        instant_print_dutch(now, out);
        buffer_add_text(out, "\n");
        say_residence(&x, out);
        say_copies(&x, out);
        for (size_t i = 0; i < life.n_obligations; i++) {
                buffer_add_text(out, "\n");
                say_obligation(&x, &life.obligations[i], out);
        }
        if (life.n_obligations == 0 && !norm)
                buffer_add_text(out, "Geen enkele afspraak heeft nu werk aan deze zaak.\n");
        say_absences(&x, out);
        return explanation_result(&x, out);
}

int explain_obligation(struct life *life, const struct life_obligation *obligation, const struct postings *postings, struct buffer *out) {
        struct explanation x = {life, postings};

        say_obligation(&x, obligation, out);
        return out->failed || life->view.failed ? -ENOMEM : 0;
}

/* --- for a machine --- */

static void explain_put_date(struct json_writer *w, const char *key, day_t date) {
        char text[DATE_TEXT + 1];

        jsonw_key(w, key);
        if (date == DAY_NONE) {
                jsonw_null(w);
                return;
        }
        date_format(date, text);
        jsonw_string(w, text);
}

static void explain_put_fact_inside(struct json_writer *w, const struct fact *fact, day_t date) {
        char id[UUID_TEXT + 1];

        uuid_format(&fact->event_id, id);
        jsonw_put_string(w, "event", fact->type->name);
        jsonw_put_string(w, "event_id", id);
        jsonw_put_text(w, "source", fact->slots[SLOT_SOURCE].s);
        explain_put_date(w, "date", date);
}

static void explain_put_fact(struct json_writer *w, const char *key, const struct fact *fact, day_t date) {
        if (!fact)
                return;
        jsonw_key(w, key);
        jsonw_open_object(w);
        explain_put_fact_inside(w, fact, date);
        jsonw_close_object(w);
}

/* Which version of the agreement holds, and why this one. */
static void explain_put_holds(const struct life_obligation *of, struct json_writer *w) {
        const struct protocol *p = of->o->norm->protocol;
        const struct organisation *org = of->municipality;

        jsonw_key(w, "holds");
        jsonw_open_object(w);
        explain_put_date(w, "on", of->holding);
        explain_put_date(w, "valid_from", p->from);
        explain_put_date(w, "valid_until", p->until == INT32_MAX ? DAY_NONE : p->until);
        if (org)
                jsonw_put_string(w, "municipality", org->id);
        if (org && org->region)
                jsonw_put_string(w, "region", org->region->id);
        jsonw_close_object(w);
}

/* Every statement of where the child lived. */
static void explain_put_residence(const struct explanation *x, struct json_writer *w) {
        char id[UUID_TEXT + 1];

        jsonw_key(w, "residence");
        jsonw_open_array(w);
        for (size_t i = 0; i < x->life->n_residences; i++) {
                const struct statement *s = x->life->residences[i].statement;
                const struct organisation *then = x->life->residences[i].then, *now = x->life->residences[i].now;

                uuid_format(&s->fact->event_id, id);
                jsonw_open_object(w);
                explain_put_date(w, "from", s->date);
                jsonw_put_text(w, "municipality", fact_text(s->fact, FIELD_MUNICIPALITY));
                jsonw_put_string(w, "event", s->fact->type->name);
                jsonw_put_string(w, "event_id", id);
                if (now && now->index != then->index)
                        jsonw_put_string(w, "now", now->id);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

/* One record in an inbox: what it is, to whom, and what became of it. */
static void explain_put_posting(const struct posting *posting, struct json_writer *w) {
        char id[UUID_TEXT + 1];

        uuid_format(&posting->event_id, id);
        jsonw_open_object(w);
        jsonw_put_string(w, "event", posting->type->name);
        jsonw_put_string(w, "event_id", id);
        jsonw_put_string(w, "to", posting->organisation);
        posting_put(posting, w);
        jsonw_close_object(w);
}

static void explain_put_announced(const struct explanation *x, const struct obligation *o, const struct announcement *a, struct json_writer *w) {
        instant_put(w, "announced_at", a->announced_at);
        if (!x->postings)
                return;
        jsonw_key(w, "announced");
        jsonw_open_array(w);
        for (size_t i = 0; i < x->postings->n; i++) {
                const struct posting *posting = x->postings->items[i];

                if (posting->type->known == TYPE_PLAN_DUE && posting->due_date == a->due && explanation_is_of(posting, o))
                        explain_put_posting(posting, w);
        }
        jsonw_close_array(w);
}

/* Every record of the alert, in the order of time. */
static void explain_put_alert_postings(const struct explanation *x, const struct alert *alert, struct json_writer *w) {
        jsonw_key(w, "inbox");
        jsonw_open_array(w);
        for (size_t i = 0; i < x->postings->n; i++) {
                const struct posting *posting = x->postings->items[i];

                if (posting->type->output && uuid_equal(&posting->alert_id, &alert->id))
                        explain_put_posting(posting, w);
        }
        jsonw_close_array(w);
}

static void explain_put_alert(const struct explanation *x, const struct alert *alert, struct json_writer *w) {
        char id[UUID_TEXT + 1];

        uuid_format(&alert->id, id);
        jsonw_open_object(w);
        jsonw_put_string(w, "alert_id", id);
        jsonw_put_int(w, "rung", alert->rung);
        jsonw_put_string(w, "to", pool_word(&x->life->view.engine->pool, alert->organisation));
        jsonw_put_string(w, "role", pool_word(&x->life->view.engine->pool, alert->role));
        jsonw_put_bool(w, "open", alert->open);
        jsonw_put_int(w, "raised", alert->raised);
        instant_put(w, "told_at", alert->told_at);
        if (x->postings)
                explain_put_alert_postings(x, alert, w);
        jsonw_close_object(w);
}

static void explain_put_told(const struct explanation *x, const struct life_obligation *of, struct json_writer *w) {
        if (of->announcement)
                explain_put_announced(x, of->o, of->announcement, w);
        jsonw_key(w, "alerts");
        jsonw_open_array(w);
        for (size_t i = 0; i < of->n_alerts; i++)
                explain_put_alert(x, of->alerts[i], w);
        jsonw_close_array(w);
}

/* Copies of facts, as they stand in the inboxes. */
static void explain_put_copies(const struct explanation *x, struct json_writer *w) {
        if (!x->postings)
                return;
        jsonw_key(w, "copies");
        jsonw_open_array(w);
        for (size_t i = 0; i < x->postings->n; i++) {
                if (!x->postings->items[i]->type->output)
                        explain_put_posting(x->postings->items[i], w);
        }
        jsonw_close_array(w);
}

static void explain_put_next(const struct life_next *next, struct json_writer *w) {
        if (next->at == INSTANT_NEVER)
                return;
        jsonw_key(w, "next");
        jsonw_open_object(w);
        instant_put(w, "at", next->at);
        if (next->rung)
                jsonw_put_int(w, "rung", next->rung);
        else
                jsonw_put_string(w, "stage", stage_names[STAGE_REMINDER]);
        jsonw_key(w, "to");
        jsonw_open_array(w);
        for (size_t i = 0; i < next->roles->n; i++)
                jsonw_string(w, next->roles->items[i].name);
        jsonw_close_array(w);
        jsonw_close_object(w);
}

/* By what it is due: as protocols call it. */
static const char *due_by_name(const struct obligation *o, const struct due_reason *why) {
        static const char *const timings[] = {
                [TIMING_TERM] = "term",   [TIMING_AT_ONCE] = "at once", [TIMING_HOURS] = "hours", [TIMING_DUE_WITH] = "due_with",
                [TIMING_LIMIT] = "limit", [TIMING_QUOTA] = "quota",     [TIMING_DUE] = "due"};

        switch (why->by) {
        case DUE_BY_NOT_BEFORE:
                return "not_before";
        case DUE_BY_AGREEMENT:
                return "sooner";
        case DUE_BY_TIMING:
                break;
        }
        return timings[o->norm->timing];
}

static void put_trace(struct explanation *x, const struct trace *trace, struct json_writer *w) {
        jsonw_key(w, "term");
        trace_print_json(trace, x->life->view.config->calendar, w);
}

static void put_hours(const struct obligation *o, struct json_writer *w) {
        char step[STEP_TEXT_MAX];

        (void) term_step_format(o->norm->term.steps[0], step, sizeof(step));
        jsonw_key(w, "hours");
        jsonw_open_object(w);
        jsonw_put_string(w, "step", step);
        instant_put(w, "from", o->start->occurred_at);
        if (o->due.state == DUE_KNOWN)
                instant_put(w, "to", o->due.over);
        jsonw_close_object(w);
}

static void put_count(struct json_writer *w, const char *key, const struct event_ref *ref, const char *bound, unsigned count) {
        jsonw_key(w, key);
        jsonw_open_object(w);
        jsonw_put_string(w, "event", ref->type->name);
        jsonw_put_int(w, bound, count);
        jsonw_close_object(w);
}

static void put_timing(struct explanation *x, const struct obligation *o, const struct due_reason *why, struct json_writer *w) {
        const struct norm *norm = o->norm;

        switch (norm->timing) {
        case TIMING_TERM:
                if (!life_hides(x->life, o->start, &norm->starts) || o->link > 1)
                        put_trace(x, &why->term, w);
                return;
        case TIMING_AT_ONCE:
                instant_put(w, "at_once", o->due.over);
                return;
        case TIMING_HOURS:
                put_hours(o, w);
                return;
        case TIMING_DUE_WITH:
                explain_put_fact(w, "due_with", why->with, life_hides(x->life, why->with, &norm->due_with) ? DAY_NONE : why->timed);
                return;
        case TIMING_LIMIT:
                if (why->limit)
                        put_count(w, "limit", &why->limit->event, "at_most", why->limit->at_most);
                return;
        case TIMING_QUOTA:
                put_count(w, "quota", &norm->quota, "at_least", norm->at_least);
                return;
        case TIMING_DUE:
                explain_put_date(w, "fixed", norm->due);
                return;
        }
}

/* By what it is due, and everything that could have decided. */
static void put_reason(struct explanation *x, const struct obligation *o, struct json_writer *w) {
        struct due_reason why;

        obligation_reason(&x->life->view, o, &why);
        jsonw_put_string(w, "due_by", due_by_name(o, &why));
        put_timing(x, o, &why, w);
        if (why.not_before && !life_hides(x->life, why.not_before, &o->norm->not_before)) {
                jsonw_key(w, "not_before");
                jsonw_open_object(w);
                explain_put_fact(w, "starts", why.not_before, why.not_before_from);
                put_trace(x, &why.not_before_term, w);
                jsonw_close_object(w);
        }
        explain_put_fact(w, "agreed", why.agreed, why.agreed_date);
}

static void explain_put_excuse(struct json_writer *w, const char *key, const struct fact *fact) {
        const char *reason = fact ? explain_symbol(fact, "reason") : NULL;

        if (!fact)
                return;
        jsonw_key(w, key);
        jsonw_open_object(w);
        explain_put_fact_inside(w, fact, fact->own);
        if (reason)
                jsonw_put_string(w, "reason", reason);
        if (fact->type->fields[FIELD_UNTIL] >= 0)
                explain_put_date(w, "until", explain_until(fact));
        jsonw_close_object(w);
}

static void explain_put_obligation(struct explanation *x, const struct life_obligation *of, struct json_writer *w) {
        const struct obligation *o = of->o;
        bool hidden = o->link <= 1 && life_hides(x->life, o->start, &o->norm->starts);

        jsonw_open_object(w);
        jsonw_put_string(w, "protocol", o->norm->protocol->name);
        jsonw_put_string(w, "norm", o->norm->name);
        jsonw_put_string(w, "instance", o->instance);
        jsonw_put_string(w, "status", status_names[o->status]);
        explain_put_holds(of, w);
        explain_put_date(w, "counts_from", hidden ? DAY_NONE : o->from);
        explain_put_date(w, "due_date", o->due.state == DUE_KNOWN ? o->due.date : DAY_NONE);
        if (o->due.state == DUE_REFUSED)
                jsonw_put_int(w, "unknown_year", o->due.year);
        put_reason(x, o, w);
        explain_put_fact(w, "started_by", o->start, hidden ? DAY_NONE : o->from);
        if (o->norm->timing == TIMING_LIMIT)
                explain_put_fact(w, "broken_by", o->met, o->due.date);
        else
                explain_put_fact(w, "met_by", o->met, o->met_date);
        explain_put_fact(w, "ended_by", o->ended, o->ended_date);
        explain_put_excuse(w, "explained_by", o->excuse);
        explain_put_excuse(w, "explanation_over", o->excuse ? NULL : o->last_excuse);
        if (ladder_restart(o) != DAY_NONE)
                explain_put_date(w, "ladder_from", ladder_restart(o));
        explain_put_told(x, of, w);
        explain_put_next(&of->next, w);
        jsonw_close_object(w);
}

static void explain_put_absences(struct explanation *x, struct json_writer *w) {
        const char *nearest = absence_nearest(x->life->view.config, x->life->norm);

        jsonw_key(w, "why_not");
        jsonw_open_array(w);
        for (size_t i = 0; i < x->life->absences.n; i++) {
                const struct absence *a = &x->life->absences.items[i];
                struct buffer sentence = BUFFER_INIT(ABSENCE_TEXT_MAX);

                absence_print(&x->life->view, a, x->life->norm, &sentence);
                jsonw_open_object(w);
                if (a->norm)
                        jsonw_put_string(w, "protocol", a->norm->protocol->name);
                jsonw_put_string(w, "norm", x->life->norm);
                jsonw_put_string(w, "cause", absence_names[a->cause]);
                jsonw_put_string(w, "sentence", buffer_text(&sentence));
                if (a->date != DAY_NONE)
                        explain_put_date(w, "on", a->date);
                if (a->organisation)
                        jsonw_put_string(w, "organisation", a->organisation->id);
                if (a->cause == ABSENCE_UNKNOWN_NORM && nearest)
                        jsonw_put_string(w, "nearest", nearest);
                explain_put_fact(w, "fact", a->start, a->start ? a->start->own : DAY_NONE);
                jsonw_close_object(w);
                if (sentence.failed)
                        x->life->view.failed = true;
                buffer_done(&sentence);
        }
        jsonw_close_array(w);
}

void explain_put(struct life *life, const struct postings *postings, struct json_writer *w) {
        struct explanation x = {life, postings};
        char id[UUID_TEXT + 1];

        uuid_format(&life->view.casefile->id, id);
        jsonw_put_string(w, "case_id", id);
        instant_put(w, "at", life->view.now);
        if (life->view.region) {
                jsonw_put_string(w, "region", life->view.region->id);
        } else {
                jsonw_key(w, "municipality");
                if (life->municipality)
                        jsonw_string(w, life->municipality->id);
                else
                        jsonw_null(w);
        }
        explain_put_residence(&x, w);
        explain_put_copies(&x, w);
        jsonw_key(w, "obligations");
        jsonw_open_array(w);
        for (size_t i = 0; i < life->n_obligations; i++)
                explain_put_obligation(&x, &life->obligations[i], w);
        jsonw_close_array(w);
        if (life->norm)
                explain_put_absences(&x, w);
}

int explain_json(struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const char *norm,
                 const struct postings *postings, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        struct life life;
        int r = life_open(&life, engine, store, casefile, now, norm);

        if (r)
                return r;
        jsonw_open_object(&w);
        explain_put(&life, postings, &w);
        jsonw_close_object(&w);
        return explanation_result(&(struct explanation){&life, postings}, out);
}
