/* SPDX-License-Identifier: EUPL-1.2 */

/* One case: its head, picture, open alerts, obligations with their explanation, and facts; for an organisation what it was told of it. */

#include "console/pages/case_page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cluster/audit.h"
#include "console/acts/acknowledge.h"
#include "console/acts/acts.h"
#include "console/pages/case_facts.h"
#include "console/pages/case_scene.h"
#include "console/pages/trace_section.h"
#include "engine/explain.h"
#include "engine/tell.h"

#define CASE_ARENA_MAX ((size_t)128 << 20)
#define CASE_EXPLAINED_MAX ((size_t)1 << 20) /* bytes of the words of one obligation */

struct case_page { /* between replica_lock() and replica_unlock() */
        struct exchange *x;
        struct html h;
        struct arena *arena;
        struct casefile *casefile;
        char id[UUID_TEXT + 1];
        bool clear;
        const struct trace_view *trace;
        struct postings postings;
        const struct life_obligation **order; /* of the life, in the order of the page */
};

/* -- Open alerts -- */

struct case_alert {
        const struct alert *alert;
        const char *protocol, *norm, *title; /* title NULL: the norm is not configured (any more), or it has none */
        const char *instance;
        size_t obligation;     /* its place on the page, from 1; 0: it has none */
        instant_t acknowledged; /* until then; 0: it is not, or it is not said */
};

struct case_alerts {
        struct case_alert *items; /* the first, as many as a page has */
        size_t n, room, total;
};

/* Room for the next one; NULL: it is only counted. */
static struct case_alert *case_alerts_next(struct case_alerts *alerts) {
        alerts->total++;
        return alerts->n < alerts->room ? &alerts->items[alerts->n++] : NULL;
}

/* Return: 0 or -ENOMEM. */
static int case_alerts_open(struct case_page *p, struct case_alerts *ret) {
        size_t limit = exchange_limit(p->x), all = p->casefile->told.n_alerts;

        *ret = (struct case_alerts){.room = all < limit ? all : limit};
        ret->items = arena_calloc(p->arena, ret->room + 1, sizeof(*ret->items));
        return ret->items ? 0 : -ENOMEM;
}

/* Protocol, norm and instance of an alert that has no obligation (any more). NULL: memory is out. */
static const char *case_alert_words(struct case_page *p, const struct pool *pool, struct case_alert *a) {
        struct text word = pool_text(pool, a->alert->norm);
        const char *bar = memchr(word.s, '|', word.n); /* protocol|norm */
        char instance[INSTANCE_TEXT_MAX];

        instance_key_format(pool, &a->alert->instance, instance);
        a->instance = arena_copy(p->arena, instance, strlen(instance));
        a->protocol = arena_copy(p->arena, word.s, bar ? (size_t)(bar - word.s) : word.n);
        a->norm = bar ? arena_copy(p->arena, bar + 1, word.n - (size_t)(bar - word.s) - 1) : a->protocol;
        return a->instance && a->protocol ? a->norm : NULL;
}

/* Return: 0 or -ENOMEM. */
static int case_alerts_of_life(struct case_page *p, struct life *life, struct case_alerts *ret) {
        const struct pool *pool = &life->view.engine->pool;

        if (case_alerts_open(p, ret))
                return -ENOMEM;
        for (size_t i = 0; i < life->n_obligations; i++) {
                const struct norm *norm = p->order[i]->o->norm;

                for (size_t k = 0; k < p->order[i]->n_alerts; k++) {
                        const struct alert *alert = p->order[i]->alerts[k];
                        struct case_alert *a = alert->open ? case_alerts_next(ret) : NULL;

                        if (a)
                                *a = (struct case_alert){alert, norm->protocol->name, norm->name, norm->title,
                                                                           p->order[i]->o->instance, i + 1, view_acknowledged_until(&life->view, alert)};
                }
        }
        for (size_t i = 0; i < life->n_others; i++) {
                struct case_alert *a = life->others[i]->open ? case_alerts_next(ret) : NULL;

                if (!a)
                        continue;
                *a = (struct case_alert){.alert = life->others[i]};
                if (!case_alert_words(p, pool, a))
                        return -ENOMEM;
        }
        return 0;
}

static int case_alerts_told(struct case_page *p, const struct told *told, struct case_alerts *ret) {
        if (case_alerts_open(p, ret))
                return -ENOMEM;
        for (size_t i = 0; i < told->n_norms; i++) {
                const struct told_norm *norm = &told->norms[i];

                for (size_t k = 0; k < norm->n_alerts; k++) {
                        struct case_alert *a = norm->alerts[k]->open ? case_alerts_next(ret) : NULL;

                        if (a)
                                *a = (struct case_alert){norm->alerts[k], norm->protocol, norm->norm, norm->of ? norm->of->title : NULL,
                                                                           norm->instance, i + 1, 0};
                }
        }
        return 0;
}

static void case_alert_row(struct case_page *p, struct part_table *t, const struct view *v, const struct case_alert *a, size_t shown) {
        CLEANUP(buffer_done) struct buffer name = BUFFER_INIT(HTML_TEXT_MAX);
        const char *role = pool_word(&v->engine->pool, a->alert->role);
        char href[40];

        organisations_print(v->config->organisations, pool_text(&v->engine->pool, a->alert->organisation), &name);
        (void) snprintf(href, sizeof(href), "#obligation-%zu", a->obligation);
        part_row_begin(t, NULL);
        if (a->obligation && a->obligation <= shown)
                part_cell_link(t, href, a->title ? a->title : a->norm);
        else
                part_cell_text(t, a->title ? a->title : a->norm);
        part_cell_int(t, a->alert->rung, p->x->language);
        part_cell_text(t, buffer_text(&name));
        part_cell_text(t, SAY(p->x, role, role_dutch(role)));
        part_cell_date(t, a->alert->due, p->x->language);
        part_cell_instant(t, a->alert->told_at, p->x->now, p->x->language);
        part_cell_instant(t, a->acknowledged, p->x->now, p->x->language);
        if (exchange_may(p->x, ROLE_BEHEER)) {
                part_cell_begin(t);
                acknowledge_form(p->x, t->h, &a->alert->id,
                                 organisations_find(v->config->organisations, pool_text(&v->engine->pool, a->alert->organisation)));
                part_cell_end(t);
        }
        part_row_end(t);
}

static void case_alerts_write(struct case_page *p, const struct view *v, const struct case_alerts *alerts, size_t shown) {
        const struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Obligation", "Verplichting"), PART_TEXT}, {SAY(x, "Rung", "Trede"), PART_NUMBER},
                {SAY(x, "Who has it", "Bij wie"), PART_TEXT},      {SAY(x, "As", "Als"), PART_TEXT},
                {SAY(x, "Due", "Uiterlijk"), PART_TEXT},           {SAY(x, "Since", "Sinds"), PART_TEXT},
                {SAY(x, "Taken up until", "Opgepakt tot"), PART_TEXT}, {SAY(x, "Take it up", "Oppakken"), PART_TEXT}, /* for who acts */
        };
        struct part_table t;

        html_element(&p->h, "h2", NULL, SAY(x, "Open alerts", "Open meldingen"));
        part_table_begin(&t, &p->h, "alerts", SAY(x, "Open alerts of this case", "Open meldingen van deze zaak"), columns,
                         ELEMENTS(columns) - !exchange_may(x, ROLE_BEHEER));
        for (size_t i = 0; i < alerts->n; i++)
                case_alert_row(p, &t, v, &alerts->items[i], shown);
        part_table_end(&t, SAY(x, "None is open.", "Er staat er geen open."));
        if (alerts->total > alerts->n) {
                html_begin(&p->h, "p");
                html_textf(&p->h, SAY(x, "And %zu more: see the page of alerts.", "En nog %zu: zie de pagina met meldingen."), alerts->total - alerts->n);
                html_end(&p->h, "p");
        }
}

static void case_alerts_put(const struct view *v, const struct case_alerts *alerts, struct json_writer *w) {
        char text[DATE_TEXT + 1], id[UUID_TEXT + 1];

        jsonw_put_int(w, "alerts_total", (int64_t)alerts->total);
        jsonw_key(w, "alerts");
        jsonw_open_array(w);
        for (size_t i = 0; i < alerts->n; i++) {
                const struct case_alert *a = &alerts->items[i];

                uuid_format(&a->alert->id, id);
                date_format(a->alert->due, text);
                jsonw_open_object(w);
                jsonw_put_string(w, "alert_id", id);
                jsonw_put_string(w, "protocol", a->protocol);
                jsonw_put_string(w, "norm", a->norm);
                jsonw_put_string(w, "instance", a->instance);
                jsonw_put_int(w, "rung", a->alert->rung);
                jsonw_put_string(w, "due_date", text);
                jsonw_put_string(w, "organisation", pool_word(&v->engine->pool, a->alert->organisation));
                jsonw_put_string(w, "role", pool_word(&v->engine->pool, a->alert->role));
                instant_put_exact(w, "since", a->alert->told_at);
                jsonw_put_int(w, "times_raised", a->alert->raised);
                if (a->acknowledged)
                        instant_put(w, "acknowledged_until", a->acknowledged);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

/* -- The head -- */

/* Windows of several cases beside each other are told apart by how their ids begin. */
static void case_begin(struct case_page *p, const struct region *region) {
        char title[64];

        (void) snprintf(title, sizeof(title), SAY(p->x, "Case %.8s", "Zaak %.8s"), p->id);
        exchange_page_begin(p->x, &p->h, region ? region->name : title);
}

static void case_organisation_term(struct case_page *p, const char *term, const struct organisation *of) {
        part_term_begin(&p->h, term);
        if (of) {
                html_begin(&p->h, "a");
                html_attrf(&p->h, "href", "/organisaties/%s", of->id);
                html_text(&p->h, of->name);
                html_end(&p->h, "a");
                html_textf(&p->h, " (%s)", of->id);
        } else {
                html_text(&p->h, SAY(p->x, "not known yet", "nog niet bekend"));
        }
        part_term_end(&p->h);
}

static void case_span_terms(struct case_page *p, const struct case_fact *facts, size_t n) {
        char number[PART_NUMBER_TEXT];

        part_term(&p->h, SAY(p->x, "Messages", "Berichten"), part_number((int64_t)n, p->x->language, number));
        if (n == 0)
                return;
        part_term_begin(&p->h, SAY(p->x, "First", "Eerste"));
        part_instant(&p->h, facts[0].fact->recorded_at, p->x->now, p->x->language);
        part_term_end(&p->h);
        part_term_begin(&p->h, SAY(p->x, "Last", "Laatste"));
        part_instant(&p->h, facts[n - 1].fact->recorded_at, p->x->now, p->x->language);
        part_term_end(&p->h);
}

static void case_head(struct case_page *p, const struct life *life, const struct case_fact *facts, size_t n) {
        const struct exchange *x = p->x;
        const struct region *region = life->view.region ? life->view.region : life->municipality ? life->municipality->region : NULL;

        part_terms_begin(&p->h);
        part_term(&p->h, SAY(x, "Case", "Zaak"), p->id);
        if (!life->view.region) {
                case_organisation_term(p, SAY(x, "Responsible municipality", "Verantwoordelijke gemeente"), life->municipality);
                case_organisation_term(p, SAY(x, "Certified institution (GI)", "Gecertificeerde instelling (GI)"), life->gi);
        }
        part_term(&p->h, SAY(x, "Region", "Regio"), region ? region->name : NULL);
        case_span_terms(p, facts, n);
        part_terms_end(&p->h);
}

/* -- The picture -- */

static int case_picture(struct case_page *p, const struct picture_life *scene) {
        const struct exchange *x = p->x;
        int r;

        if (!picture_life_some(scene))
                return 0;
        picture_life_draw(&p->h, scene);
        html_begin(&p->h, "details");
        html_element(&p->h, "summary", NULL, SAY(x, "The same as a table", "Hetzelfde als tabel"));
        r = picture_life_table(&p->h, scene);
        html_end(&p->h, "details");
        return r;
}

/* -- Obligations -- */

/* ?obligations=: how many of them were on the pages before; false: it is no number (400 is answered). */
static bool case_obligations_read(struct exchange *x, size_t *ret) {
        const char *value = exchange_query(x, "obligations");
        int64_t n = 0;

        if (value && (!text_to_int64(text_of(value), &n) || n < 0)) {
                exchange_bad_query(x, "obligations");
                return false;
        }
        *ret = (size_t)n;
        return true;
}

/* The words of explain; those that matter now stand open. */
static int case_obligation_write(struct case_page *p, struct life *life, const struct life_obligation *of, size_t place) {
        CLEANUP(buffer_done) struct buffer words = BUFFER_INIT(CASE_EXPLAINED_MAX);
        const struct obligation *o = of->o;
        const char *body;
        int r = explain_obligation(life, of, &p->postings, &words);

        if (r)
                return r;
        body = strchr(buffer_text(&words), '\n'); /* the first line is the title and how it stands */
        html_begin(&p->h, "details");
        html_attrf(&p->h, "id", "obligation-%zu", place);
        html_flag(&p->h, "open", o->status == STATUS_OVERDUE || o->status == STATUS_RUNNING || o->status == STATUS_EXPLAINED);
        html_begin(&p->h, "summary");
        part_mark(&p->h, case_status_mark(o->status), case_status_words(o->status, p->x->language));
        html_text(&p->h, " ");
        html_element(&p->h, "strong", NULL, o->norm->title ? o->norm->title : o->norm->name);
        if (o->due.state == DUE_KNOWN) {
                html_text(&p->h, SAY(p->x, ", due ", ", uiterlijk "));
                part_date(&p->h, o->due.date, p->x->language);
        }
        html_end(&p->h, "summary");
        html_begin(&p->h, "pre");
        html_attr(&p->h, "lang", "nl");
        html_text(&p->h, body ? body + 1 : buffer_text(&words));
        html_end(&p->h, "pre");
        html_begin(&p->h, "p");
        html_begin(&p->h, "a");
        html_attrf(&p->h, "href", "/afspraken/%s#%s", o->norm->protocol->name, o->norm->name);
        html_textf(&p->h, SAY(p->x, "The agreement: %s", "De afspraak: %s"), o->norm->protocol->title ? o->norm->protocol->title : o->norm->protocol->name);
        html_end(&p->h, "a");
        html_end(&p->h, "p");
        html_end(&p->h, "details");
        return 0;
}

static int case_obligations_write(struct case_page *p, struct life *life, size_t first) {
        const struct exchange *x = p->x;
        size_t last = first + exchange_limit(x);
        char number[24], link[EXCHANGE_LINK_MAX];
        int r = 0;

        if (last > life->n_obligations)
                last = life->n_obligations;
        html_element(&p->h, "h2", NULL, SAY(x, "Obligations, and why", "Verplichtingen, en waarom"));
        if (life->n_obligations == 0)
                html_element(&p->h, "p", NULL, SAY(x, "No agreement asks anything of this case now.", "Geen enkele afspraak heeft nu werk aan deze zaak."));
        for (size_t i = first; r == 0 && i < last; i++)
                r = case_obligation_write(p, life, p->order[i], i + 1);
        (void) snprintf(number, sizeof(number), "%zu", last);
        part_more(&p->h, last < life->n_obligations ? exchange_link(x, "obligations", number, link) : NULL, x->language);
        return r;
}

/* -- All of a case -- */

static void case_personal_form(struct case_page *p) {
        const struct exchange *x = p->x;
        char action[UUID_TEXT + 16];

        if (p->clear) {
                part_notice(&p->h, PART_WARNING, SAY(x, "Personal data are shown. That you saw them, and why, stands in the audit.",
                                                     "Persoonsgegevens worden getoond. Dat u ze zag, en waarom, staat in het logboek."));
                return;
        }
        if (!exchange_may(x, ROLE_GEGEVENS))
                return;
        (void) snprintf(action, sizeof(action), "/zaken/%s", p->id);
        part_act_begin(&p->h, action, x->token);
        acts_put_reason(x, &p->h, SAY(x, "Why you need the personal data (stands in the audit)",
                                      "Waarvoor u de persoonsgegevens nodig hebt (komt in het logboek)"));
        part_act_end(&p->h, SAY(x, "Show personal data", "Toon persoonsgegevens"), false);
}

static const struct case_fact *case_facts_of_life(struct case_page *p, const struct life *life) {
        struct case_fact *facts = arena_calloc(p->arena, life->view.n + 1, sizeof(*facts));

        for (size_t i = 0; facts && i < life->view.n; i++)
                facts[i].fact = &life->view.facts[i];
        return facts;
}

static int case_life_write(struct case_page *p, struct life *life, const struct case_fact *facts, const struct case_alerts *alerts) {
        struct exchange *x = p->x;
        struct picture_life scene;
        size_t first, limit = exchange_limit(x), at;
        int r;

        if (!case_obligations_read(x, &first) || !case_facts_read(x, life->view.n, &at))
                return 0;
        r = case_scene_of_life(life, p->order, first == 0 ? limit : 0, x->language, p->arena, &scene);
        if (r)
                return r;
        case_begin(p, life->view.region);
        case_head(p, life, facts, life->view.n);
        r = case_picture(p, &scene);
        case_alerts_write(p, &life->view, alerts, first == 0 ? limit : 0);
        if (r == 0)
                r = case_obligations_write(p, life, first);
        html_element(&p->h, "h2", NULL, SAY(x, "Messages", "Berichten"));
        case_facts_write(x, &p->h, facts, life->view.n, p->clear);
        case_personal_form(p);
        trace_section(x, &p->h, p->trace);
        exchange_page_end(x, &p->h);
        return r;
}

/* What explain says of the case, of so many of its obligations as a page has, and where the next page of these begins. */
static void case_explain_put(struct case_page *p, struct life *life, size_t first, struct json_writer *w) {
        struct life part = *life;
        size_t limit = exchange_limit(p->x), left = first < life->n_obligations ? life->n_obligations - first : 0;

        part.obligations += first < life->n_obligations ? first : 0;
        part.n_obligations = left < limit ? left : limit;
        explain_put(&part, &p->postings, w);
        life->view.failed |= part.view.failed;
        jsonw_put_int(w, "obligations_total", (int64_t)life->n_obligations);
        if (left > limit)
                jsonw_put_int(w, "obligations_next", (int64_t)(first + limit));
}

static void case_life_put(struct case_page *p, struct life *life, const struct case_fact *facts, const struct case_alerts *alerts) {
        struct exchange *x = p->x;
        struct json_writer w;
        size_t at, first;

        if (!case_obligations_read(x, &first) || !case_facts_read(x, life->view.n, &at))
                return;
        w = exchange_json(x);
        jsonw_open_object(&w);
        case_facts_put(x, facts, life->view.n, &w); /* first: of all lists that there are it is the one that has pages */
        case_explain_put(p, life, first, &w);
        if (!life->view.region) {
                jsonw_key(&w, "gi");
                if (life->gi)
                        jsonw_string(&w, life->gi->id);
                else
                        jsonw_null(&w);
        }
        case_alerts_put(&life->view, alerts, &w);
        trace_view_put(x, p->trace, &w);
        jsonw_close_object(&w);
}

static int case_whole(struct case_page *p, struct engine *engine, struct store *store, instant_t now) {
        struct case_alerts alerts = {0};
        const struct case_fact *facts;
        struct life life;
        int r = life_open(&life, engine, store, p->casefile, now, NULL);

        if (r)
                return r;
        life.masked = !p->clear;
        p->order = case_in_order(&life, p->arena);
        facts = case_facts_of_life(p, &life);
        if (!p->order || !facts)
                return -ENOMEM;
        r = case_alerts_of_life(p, &life, &alerts);
        if (r)
                return r;
        if (p->x->json)
                case_life_put(p, &life, facts, &alerts);
        else
                r = case_life_write(p, &life, facts, &alerts);
        return r == 0 && life.view.failed ? -ENOMEM : r;
}

/* -- What one organisation was told -- */

/* Of one obligation: what it heard of it, and when. */
static void case_told_norm_write(struct case_page *p, const struct told_norm *norm, size_t place) {
        const struct exchange *x = p->x;

        html_begin(&p->h, "h3");
        html_attrf(&p->h, "id", "obligation-%zu", place);
        html_text(&p->h, norm->of && norm->of->title ? norm->of->title : norm->norm);
        html_end(&p->h, "h3");
        part_terms_begin(&p->h);
        part_term(&p->h, SAY(x, "Agreement", "Afspraak"), norm->protocol);
        part_term(&p->h, SAY(x, "About", "Kenmerk"), norm->instance);
        part_term(&p->h, SAY(x, "You heard of it as", "U hoorde het als"), SAY(x, norm->role, role_dutch(norm->role)));
        part_term_begin(&p->h, SAY(x, "Due", "Uiterlijk"));
        part_date(&p->h, norm->announcement ? norm->announcement->due : norm->alerts[0]->due, x->language);
        part_term_end(&p->h);
        if (norm->announced) {
                part_term_begin(&p->h, SAY(x, "Announced", "Aangekondigd"));
                part_instant(&p->h, norm->heard_at[0], x->now, x->language);
                part_term_end(&p->h);
        }
        for (unsigned i = 0; i < REMINDERS_MAX; i++) {
                if (!(norm->reminders & 1u << i))
                        continue;
                part_term_begin(&p->h, SAY(x, "Reminded", "Herinnerd"));
                part_instant(&p->h, norm->heard_at[i + 1], x->now, x->language);
                part_term_end(&p->h);
        }
        for (size_t i = 0; i < norm->n_alerts; i++) {
                part_term_begin(&p->h, norm->alerts[i]->open ? SAY(x, "Open alert", "Open melding") : SAY(x, "Alert resolved", "Melding opgelost"));
                html_textf(&p->h, SAY(x, "rung %u, ", "trede %u, "), norm->alerts[i]->rung);
                part_instant(&p->h, norm->alerts[i]->told_at, x->now, x->language);
                part_term_end(&p->h);
        }
        part_terms_end(&p->h);
}

static const struct case_fact *case_facts_told(struct case_page *p, const struct told *told) {
        struct case_fact *facts = arena_calloc(p->arena, told->n_copies + 1, sizeof(*facts));

        for (size_t i = 0; facts && i < told->n_copies; i++)
                facts[i] = (struct case_fact){told->copies[i].fact, told->copies[i].role, told->copies[i].at};
        return facts;
}

static int case_told_write(struct case_page *p, const struct told *told, const struct case_fact *facts, const struct case_alerts *alerts) {
        struct exchange *x = p->x;
        struct picture_life scene;
        size_t first, last, at;
        char number[24], link[EXCHANGE_LINK_MAX];
        int r;

        if (!case_obligations_read(x, &first) || !case_facts_read(x, told->n_copies, &at))
                return 0;
        r = case_scene_of_told(told, x->language, p->arena, &scene);
        if (r)
                return r;
        last = first + exchange_limit(x) < told->n_norms ? first + exchange_limit(x) : told->n_norms;
        case_begin(p, told->view.region);
        html_begin(&p->h, "p");
        html_textf(&p->h, SAY(x, "What %s was told of this case, and nothing else.", "Wat aan %s over deze zaak verteld is, en niets anders."),
                   x->person->organisation->name);
        html_end(&p->h, "p");
        part_terms_begin(&p->h);
        part_term(&p->h, SAY(x, "Case", "Zaak"), p->id);
        case_span_terms(p, facts, told->n_copies);
        part_terms_end(&p->h);
        if (!told->whole)
                part_notice(&p->h, PART_NOTE, SAY(x, "Of the oldest announcements it was not looked up whether they came to you; your inbox has them.",
                                                  "Van de oudste aankondigingen is niet nagegaan of u ze kreeg; ze staan in uw postvak."));
        r = case_picture(p, &scene);
        case_alerts_write(p, &told->view, alerts, first == 0 ? last : 0);
        html_element(&p->h, "h2", NULL, SAY(x, "Obligations of which you heard", "Verplichtingen waarvan u hoorde"));
        for (size_t i = first; i < last; i++)
                case_told_norm_write(p, &told->norms[i], i + 1);
        (void) snprintf(number, sizeof(number), "%zu", last);
        part_more(&p->h, last < told->n_norms ? exchange_link(x, "obligations", number, link) : NULL, x->language);
        html_element(&p->h, "h2", NULL, SAY(x, "Messages of which you got a copy", "Berichten waarvan u een kopie kreeg"));
        case_facts_write(x, &p->h, facts, told->n_copies, false);
        trace_section(x, &p->h, p->trace);
        exchange_page_end(x, &p->h);
        return r;
}

static void case_told_norm_put(const struct told_norm *norm, struct json_writer *w) {
        char date[DATE_TEXT + 1], id[UUID_TEXT + 1];

        jsonw_open_object(w);
        jsonw_put_string(w, "protocol", norm->protocol);
        jsonw_put_string(w, "norm", norm->norm);
        jsonw_put_string(w, "instance", norm->instance);
        jsonw_put_string(w, "role", norm->role);
        date_format(norm->announcement ? norm->announcement->due : norm->alerts[0]->due, date);
        jsonw_put_string(w, "due_date", date);
        if (norm->announced)
                instant_put(w, "announced_at", norm->heard_at[0]);
        jsonw_key(w, "alerts");
        jsonw_open_array(w);
        for (size_t i = 0; i < norm->n_alerts; i++) {
                uuid_format(&norm->alerts[i]->id, id);
                jsonw_open_object(w);
                jsonw_put_string(w, "alert_id", id);
                jsonw_put_int(w, "rung", norm->alerts[i]->rung);
                jsonw_put_bool(w, "open", norm->alerts[i]->open);
                jsonw_put_int(w, "raised", norm->alerts[i]->raised);
                instant_put(w, "told_at", norm->alerts[i]->told_at);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
        jsonw_close_object(w);
}

static void case_told_put(struct case_page *p, const struct told *told, const struct case_fact *facts, const struct case_alerts *alerts) {
        struct exchange *x = p->x;
        struct json_writer w;
        size_t at;

        if (!case_facts_read(x, told->n_copies, &at))
                return;
        w = exchange_json(x);
        jsonw_open_object(&w);
        case_facts_put(x, facts, told->n_copies, &w);
        jsonw_put_string(&w, "case_id", p->id);
        instant_put(&w, "at", told->view.now);
        jsonw_put_string(&w, "told_to", x->person->organisation->id);
        jsonw_put_bool(&w, "whole", told->whole);
        jsonw_key(&w, "obligations");
        jsonw_open_array(&w);
        for (size_t i = 0; i < told->n_norms; i++)
                case_told_norm_put(&told->norms[i], &w);
        jsonw_close_array(&w);
        case_alerts_put(&told->view, alerts, &w);
        trace_view_put(x, p->trace, &w);
        jsonw_close_object(&w);
}

static int case_told(struct case_page *p, struct engine *engine, struct store *store, instant_t now) {
        struct case_alerts alerts = {0};
        const struct case_fact *facts = NULL;
        struct told told;
        int r = told_open(&told, engine, store, p->casefile, p->x->person->organisation, now);

        if (r == 0 && !told_some(&told))
                exchange_not_found(p->x);
        if (r == 0 && told_some(&told)) {
                facts = case_facts_told(p, &told);
                r = facts ? case_alerts_told(p, &told, &alerts) : -ENOMEM;
                if (r == 0 && p->x->json)
                        case_told_put(p, &told, facts, &alerts);
                else if (r == 0)
                        r = case_told_write(p, &told, facts, &alerts);
        }
        told_done(&told);
        return r;
}

/* -- A case that is forgotten -- */

static void case_closed(struct case_page *p, day_t day) {
        struct exchange *x = p->x;
        char date[DATE_TEXT + 1];

        if (x->json) {
                struct json_writer w = exchange_json(x);

                date_format(day, date);
                jsonw_open_object(&w);
                jsonw_put_string(&w, "case_id", p->id);
                jsonw_put_string(&w, "closed_on", date);
                jsonw_close_object(&w);
                return;
        }
        case_begin(p, NULL);
        part_terms_begin(&p->h);
        part_term(&p->h, SAY(x, "Case", "Zaak"), p->id);
        part_term_begin(&p->h, SAY(x, "Closed on", "Gesloten op"));
        part_date(&p->h, day, x->language);
        part_term_end(&p->h);
        part_terms_end(&p->h);
        html_element(&p->h, "p", NULL, SAY(x, "This case is over, and what was known of it is forgotten.",
                                           "Deze zaak is voorbij, en wat ervan bekend was, is vergeten."));
        exchange_page_end(x, &p->h);
}

/* -- A case of which nothing counts: what was said of it was refused, or waits -- */

static void case_unborn(struct case_page *p) {
        struct exchange *x = p->x;

        if (x->json) {
                struct json_writer w = exchange_json(x);

                jsonw_open_object(&w);
                jsonw_put_string(&w, "case_id", p->id);
                trace_view_put(x, p->trace, &w);
                jsonw_close_object(&w);
                return;
        }
        case_begin(p, NULL);
        part_terms_begin(&p->h);
        part_term(&p->h, SAY(x, "Case", "Zaak"), p->id);
        part_terms_end(&p->h);
        part_notice(&p->h, PART_NOTE, SAY(x, "No message of this case counts: what was sent was refused, or still waits.",
                                          "Van deze zaak telt geen bericht: wat gestuurd is, is geweigerd of wacht nog."));
        trace_section(x, &p->h, p->trace);
        exchange_page_end(x, &p->h);
}

/* -- The answer -- */

bool case_exists(struct exchange *x, struct uuid *ret_id) {
        struct replica *replica = x->console->replica;
        bool exists;

        if (!uuid_parse(x->rest, strlen(x->rest), ret_id))
                return false;
        replica_lock(replica);
        exists = store_find(replica_store(replica), ret_id) != NULL;
        replica_unlock(replica);
        return exists;
}

/* Under the lock. Return: 0, when something was answered; -ENOMEM. */
static int case_answer_locked(struct case_page *p, const struct uuid *id) {
        struct replica *replica = p->x->console->replica;
        struct store *store = replica_store(replica);
        day_t day;

        p->casefile = store_find(store, id);
        if (!p->casefile && !p->x->person->organisation && store_closed(store, id, &day)) {
                case_closed(p, day);
                return 0;
        }
        if (!p->casefile && !p->x->person->organisation && p->trace->n > 0) {
                case_unborn(p);
                return 0;
        }
        if (!p->casefile) {
                exchange_not_found(p->x);
                return 0;
        }
        if (p->x->person->organisation)
                return case_told(p, replica_engine(replica), store, replica_now(replica));
        return case_whole(p, replica_engine(replica), store, replica_now(replica));
}

static void case_answer_traced(struct exchange *x, const struct uuid *id, const struct trace_view *trace, bool clear) {
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct case_page p = {.x = x, .clear = clear, .trace = trace, .postings = trace_view_postings(trace)};
        int r = arena_new(&arena, CASE_ARENA_MAX);

        /* What is older than what is in memory is not said to be gone. */
        if (!trace->from_topics)
                p.postings.since = trace->status.state == TRACKS_LIVE ? trace->status.since : INSTANT_NEVER;

        uuid_format(id, p.id);
        p.arena = arena;
        if (r == 0) {
                replica_lock(x->console->replica);
                r = case_answer_locked(&p, id);
                replica_unlock(x->console->replica);
        }
        if (r)
                exchange_problem(x, 503, SAY(x, "There is no memory for this case now. Try again in a moment.",
                                             "Er is nu geen geheugen voor deze zaak. Probeer het zo nog eens."));
        else if (x->answer->status == 200 && !clear && !exchange_audit(x, AUDIT_VIEW_CASE, p.id, NULL))
                return;
}

void case_answer(struct exchange *x, bool clear) {
        struct trace_view trace;
        struct uuid id;

        if (!uuid_parse(x->rest, strlen(x->rest), &id)) {
                exchange_not_found(x);
                return;
        }
        if (trace_view_open(x, &id, &trace))
                case_answer_traced(x, &id, &trace, clear);
        trace_view_done(&trace);
}

void page_case(struct exchange *x) {
        case_answer(x, false);
}
