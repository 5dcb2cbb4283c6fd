/* SPDX-License-Identifier: EUPL-1.2 */

/* Open alerts as a table, CSV and JSON; and how many there are of each organisation, norm and rung. */

#include "console/pages/alerts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/vector.h"
#include "cluster/audit.h"
#include "console/acts/acknowledge.h"
#include "console/overview.h"
#include "survey/report_print.h"

#define ALERTS_ARENA_MAX ((size_t)4 << 20)
#define ALERTS_DAYS_MAX 36500
#define ALERTS_AFTER_TEXT 64
#define ALERTS_COUNTS_MAX 20000 /* pairs of organisation and norm of which any is open; more are left out, which is said */

/* -- The list -- */

static const char *alerts_copy(struct alerts_list *list, struct text text) {
        const char *copy = arena_copy(list->arena, text.s, text.n);

        list->failed |= !copy;
        return copy ? copy : "";
}

static void alerts_see(void *ctx, const struct replica_alert *alert) {
        struct alerts_list *list = ctx;
        struct alerts_row *row = &list->rows[list->n++];

        row->alert = *alert;
        row->organisation_id = alert->organisation ? alert->organisation->id : alerts_copy(list, alert->organisation_id);
        row->protocol = alerts_copy(list, alert->protocol);
        row->norm = alerts_copy(list, alert->norm);
        row->instance = alerts_copy(list, alert->instance);
        row->role = alerts_copy(list, alert->role);
}

const char *alerts_norm_title(const struct config *config, struct text protocol, struct text norm) {
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t k = 0; text_equal(text_of(p->name), protocol) && k < p->n_norms; k++) {
                        if (text_equal(text_of(p->norms[k].name), norm))
                                return p->norms[k].title;
                }
        }
        return NULL;
}

/* Until when they are acknowledged follows from their cases, of which few are judged at once. */
static void alerts_acknowledged(struct alerts_list *list, struct replica *replica) {
        for (size_t i = 0; i < list->n; i += ALERTS_CASES_AT_ONCE) {
                replica_lock(replica);
                for (size_t k = i; k < list->n && k < i + ALERTS_CASES_AT_ONCE; k++)
                        list->rows[k].acknowledged = replica_acknowledged_until(replica, &list->rows[k].alert);
                replica_unlock(replica);
        }
}

int alerts_list_read(struct alerts_list *ret, const struct console *console, const struct replica_alerts_filter *filter, const struct replica_alert *after,
                     size_t limit) {
        struct replica_alerts_page page = {0};
        int r;

        *ret = (struct alerts_list){.limit = limit < ALERTS_ROWS_MAX ? limit : ALERTS_ROWS_MAX};
        r = arena_new(&ret->arena, ALERTS_ARENA_MAX);
        ret->rows = r == 0 ? arena_calloc(ret->arena, ret->limit, sizeof(*ret->rows)) : NULL;
        if (!ret->rows)
                return -ENOMEM;
        replica_lock(console->replica);
        replica_alerts(console->replica, filter, after, ret->limit, alerts_see, ret, &page);
        replica_unlock(console->replica);
        ret->matched = page.matched;
        ret->more = page.more;
        alerts_acknowledged(ret, console->replica);
        for (size_t i = 0; i < ret->n; i++) {
                struct alerts_row *row = &ret->rows[i];

                row->title = alerts_norm_title(console->config, text_of(row->protocol), text_of(row->norm));
        }
        return ret->failed ? -ENOMEM : 0;
}

void alerts_list_done(struct alerts_list *list) {
        list->arena = arena_free(list->arena);
}

void alerts_row_put(struct json_writer *w, const struct alerts_row *row) {
        char id[UUID_TEXT + 1], date[DATE_TEXT + 1];

        jsonw_open_object(w);
        uuid_format(&row->alert.alert_id, id);
        jsonw_put_string(w, "alert_id", id);
        uuid_format(&row->alert.case_id, id);
        jsonw_put_string(w, "case_id", id);
        jsonw_put_string(w, "protocol", row->protocol);
        jsonw_put_string(w, "norm", row->norm);
        jsonw_put_string(w, "instance", row->instance);
        jsonw_put_int(w, "rung", row->alert.rung);
        date_format(row->alert.due_date, date);
        jsonw_put_string(w, "due_date", date);
        jsonw_put_string(w, "organisation", row->organisation_id);
        jsonw_put_string(w, "role", row->role);
        instant_put_exact(w, "since", row->alert.since);
        jsonw_put_int(w, "times_raised", row->alert.times_raised);
        if (row->acknowledged)
                instant_put(w, "acknowledged_until", row->acknowledged);
        jsonw_close_object(w);
}

/* -- What is asked -- */

struct alerts_page {
        struct exchange *x;
        struct html h;
        struct replica_alerts_filter filter;
        struct replica_alert after;
        bool is_after;
        const char *protocol, *norm, *rung, *older;
};

static bool alerts_number(const char *text, int64_t max, int64_t *ret) {
        *ret = 0;
        return !text || (text_to_int64(text_of(text), ret) && *ret >= 1 && *ret <= max);
}

/* "1709290800000-<alert_id>": the last that was seen. */
static bool alerts_read_after(struct alerts_page *p) {
        const char *text = exchange_query(p->x, "after"), *dash = text ? strchr(text, '-') : NULL;

        p->is_after = text != NULL;
        return !text || (dash && text_to_int64((struct text){text, (size_t)(dash - text)}, &p->after.since) &&
                         uuid_parse(dash + 1, strlen(dash + 1), &p->after.alert_id));
}

/* The first name of the query with a value that cannot stand there; NULL: all can. */
static const char *alerts_read(struct alerts_page *p) {
        struct exchange *x = p->x;
        int64_t rung, older;
        bool is_unknown;

        p->protocol = exchange_query(x, "protocol");
        p->norm = exchange_query(x, "norm");
        p->rung = exchange_query(x, "rung");
        p->older = exchange_query(x, "older-than");
        p->filter.organisation = exchange_organisation(x, "organisation", &is_unknown);
        if (is_unknown)
                return "organisation";
        if (!alerts_number(p->rung, INT32_MAX, &rung))
                return "rung";
        if (!alerts_number(p->older, ALERTS_DAYS_MAX, &older))
                return "older-than";
        if (!alerts_read_after(p))
                return "after";
        p->filter.protocol = text_of(p->protocol ? p->protocol : "");
        p->filter.norm = text_of(p->norm ? p->norm : "");
        p->filter.rung = (int)rung;
        p->filter.before = older ? x->now - older * DAY_MS : 0;
        return NULL;
}

static const char *alerts_after(const struct alerts_row *last, char ret[ALERTS_AFTER_TEXT]) {
        int n = snprintf(ret, ALERTS_AFTER_TEXT, "%" PRId64 "-", last->alert.since);

        uuid_format(&last->alert.alert_id, ret + n);
        return ret;
}

/* -- Forms of the list -- */

static void alerts_csv(struct alerts_page *p, const struct alerts_list *list) {
        struct buffer *out = &p->x->answer->body;
        char id[UUID_TEXT + 1], date[DATE_TEXT + 1], at[INSTANT_TEXT + 1], after[ALERTS_AFTER_TEXT], next[EXCHANGE_LINK_MAX];

        exchange_csv(p->x, "meldingen");
        if (list->more)
                web_answer_header(p->x->answer, "Link", "<%s>; rel=\"next\"",
                                  exchange_link(p->x, "after", alerts_after(&list->rows[list->n - 1], after), next));
        buffer_add_text(out, "alert_id,case_id,protocol,norm,instance,rung,due_date,organisation,role,since,times_raised,acknowledged_until\r\n");
        for (size_t i = 0; i < list->n; i++) {
                const struct alerts_row *row = &list->rows[i];

                uuid_format(&row->alert.alert_id, id);
                buffer_printf(out, "%s,", id);
                uuid_format(&row->alert.case_id, id);
                buffer_printf(out, "%s,", id);
                report_print_csv_text(out, row->protocol);
                buffer_add_byte(out, ',');
                report_print_csv_text(out, row->norm);
                buffer_add_byte(out, ',');
                report_print_csv_text(out, row->instance);
                date_format(row->alert.due_date, date);
                buffer_printf(out, ",%d,%s,%s,", row->alert.rung, date, row->organisation_id); /* names: nothing to quote */
                instant_format_exact(row->alert.since, at);
                buffer_printf(out, "%s,%s,%" PRId64 ",", row->role, at, row->alert.times_raised);
                if (row->acknowledged)
                        instant_format(row->acknowledged, at);
                buffer_printf(out, "%s\r\n", row->acknowledged ? at : "");
        }
}

static void alerts_json(struct alerts_page *p, const struct alerts_list *list) {
        struct json_writer w = exchange_json(p->x);
        char after[ALERTS_AFTER_TEXT];

        jsonw_open_object(&w);
        instant_put_exact(&w, "at", p->x->now);
        jsonw_put_int(&w, "matched", (int64_t)list->matched);
        jsonw_key(&w, "alerts");
        jsonw_open_array(&w);
        for (size_t i = 0; i < list->n; i++)
                alerts_row_put(&w, &list->rows[i]);
        jsonw_close_array(&w);
        jsonw_key(&w, "next");
        if (list->more)
                jsonw_string(&w, alerts_after(&list->rows[list->n - 1], after));
        else
                jsonw_null(&w);
        jsonw_close_object(&w);
}

static void alerts_cell_organisation(struct part_table *t, const struct organisation *of, const char *id) {
        char href[sizeof("/organisaties/") + NAME_MAX_BYTES];

        (void) snprintf(href, sizeof(href), "/organisaties/%s", id);
        part_cell_begin(t);
        if (of) {
                html_begin(t->h, "a");
                html_attr(t->h, "href", href);
                part_said(t->h, LANGUAGE_NL, of->name);
                html_end(t->h, "a");
        } else {
                html_text(t->h, id);
        }
        part_cell_end(t);
}

static void alerts_cell_norm(struct part_table *t, const char *title, const char *name) {
        part_cell_begin(t);
        if (title)
                part_said(t->h, LANGUAGE_NL, title);
        else
                html_text(t->h, name);
        part_cell_end(t);
}

static void alerts_row_write(struct alerts_page *p, struct part_table *t, const struct alerts_row *row) {
        struct exchange *x = p->x;
        char id[UUID_TEXT + 1], href[sizeof("/zaken/") + UUID_TEXT];

        part_row_begin(t, NULL);
        alerts_cell_organisation(t, row->alert.organisation, row->organisation_id);
        alerts_cell_norm(t, row->title, row->norm);
        part_cell_int(t, row->alert.rung, x->language);
        part_cell_instant(t, row->alert.since, x->now, x->language);
        part_cell_begin(t);
        part_age(t->h, x->now - row->alert.since, x->language);
        part_cell_end(t);
        part_cell_date(t, row->alert.due_date, x->language);
        part_cell_instant(t, row->acknowledged, x->now, x->language);
        uuid_format(&row->alert.case_id, id);
        (void) snprintf(href, sizeof(href), "/zaken/%s", id);
        part_cell_link(t, href, id);
        if (exchange_may(x, ROLE_BEHEER)) {
                part_cell_begin(t);
                acknowledge_form(x, t->h, &row->alert.alert_id, row->alert.organisation);
                part_cell_end(t);
        }
        part_row_end(t);
}

static void alerts_table(struct alerts_page *p, const struct alerts_list *list) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Organisation", "Organisatie"), PART_TEXT}, {SAY(x, "Norm", "Norm"), PART_TEXT},
                {SAY(x, "Rung", "Trede"), PART_NUMBER},             {SAY(x, "Since", "Sinds"), PART_TEXT},
                {SAY(x, "Age", "Leeftijd"), PART_TEXT},             {SAY(x, "Due on", "Uiterlijk op"), PART_TEXT},
                {SAY(x, "Acknowledged until", "Bevestigd tot"), PART_TEXT}, {SAY(x, "Case", "Zaak"), PART_TEXT},
                {SAY(x, "Take it up", "Oppakken"), PART_TEXT}, /* for who acts */
        };
        struct part_table t;

        part_table_begin(&t, &p->h, "alerts", SAY(x, "Open alerts, the oldest first", "Open meldingen, de oudste eerst"), columns,
                         ELEMENTS(columns) - !exchange_may(x, ROLE_BEHEER));
        for (size_t i = 0; i < list->n; i++)
                alerts_row_write(p, &t, &list->rows[i]);
        part_table_end(&t, SAY(x, "No alert is open that fits.", "Er staat geen melding open die past."));
}

/* -- The page -- */

static void alerts_filter(struct alerts_page *p) {
        struct exchange *x = p->x;

        part_filter_begin(&p->h, "/meldingen", SAY(x, "Which alerts", "Welke meldingen"));
        if (!x->person->organisation)
                part_field(&p->h, "organisation", SAY(x, "Organisation (id)", "Organisatie (id)"), exchange_query(x, "organisation"));
        part_field(&p->h, "protocol", SAY(x, "Protocol", "Afspraak"), p->protocol);
        part_field(&p->h, "norm", SAY(x, "Norm (name)", "Norm (naam)"), p->norm);
        part_field(&p->h, "rung", SAY(x, "Rung", "Trede"), p->rung);
        part_field(&p->h, "older-than", SAY(x, "Older than (days)", "Ouder dan (dagen)"), p->older);
        part_filter_end(&p->h, x->language);
}

static void alerts_links(struct alerts_page *p, bool cases, bool counts) {
        struct exchange *x = p->x;
        char csv[EXCHANGE_LINK_MAX], json[EXCHANGE_LINK_MAX], other[EXCHANGE_LINK_MAX], feed[sizeof("/meldingen/.atom") + NAME_MAX_BYTES];
        struct part_link links[4];
        size_t n = 0;

        links[n++] = (struct part_link){exchange_link_at(x, "/api/alerts", "formaat", NULL, json), "JSON"};
        if (cases && !counts)
                links[n++] = (struct part_link){exchange_link(x, "formaat", "csv", csv), "CSV"};
        if (cases)
                links[n++] = (struct part_link){exchange_link(x, "show", counts ? NULL : "counts", other),
                                                counts ? SAY(x, "One by one", "Een voor een") : SAY(x, "Counts", "Aantallen")};
        if (cases && p->filter.organisation) {
                (void) snprintf(feed, sizeof(feed), "/meldingen/%s.atom", p->filter.organisation->id);
                links[n++] = (struct part_link){feed, SAY(x, "Feed (Atom)", "Feed (Atom)")};
        }
        part_links(&p->h, SAY(x, "Other forms", "Andere vormen"), links, n);
}

static void alerts_show(struct alerts_page *p, const struct alerts_list *list) {
        struct exchange *x = p->x;
        char more[EXCHANGE_LINK_MAX], after[ALERTS_AFTER_TEXT], number[PART_NUMBER_TEXT];

        exchange_page_begin(x, &p->h, SAY(x, "Alerts", "Meldingen"));
        alerts_filter(p);
        html_begin(&p->h, "p");
        html_textf(&p->h, SAY(x, "%s open.", "%s open."), part_number((int64_t)list->matched, x->language, number));
        html_end(&p->h, "p");
        alerts_links(p, true, false);
        alerts_table(p, list);
        part_more(&p->h, list->more ? exchange_link(x, "after", alerts_after(&list->rows[list->n - 1], after), more) : NULL, x->language);
        exchange_page_end(x, &p->h);
}

static void alerts_answer(struct alerts_page *p) {
        CLEANUP(alerts_list_done) struct alerts_list list = {0};
        struct exchange *x = p->x;
        bool csv = exchange_is_csv(x);

        if ((csv || x->json) && !exchange_audit(x, AUDIT_EXPORT, "alerts", NULL))
                return;
        if (alerts_list_read(&list, x->console, &p->filter, p->is_after ? &p->after : NULL,
                             csv && !exchange_query(x, "limit") ? ALERTS_ROWS_MAX : exchange_limit(x)))
                exchange_problem(x, 503, SAY(x, "There is no memory for this list; ask for less.", "Er is geen geheugen voor deze lijst; vraag minder."));
        else if (csv)
                alerts_csv(p, &list);
        else if (x->json)
                alerts_json(p, &list);
        else
                alerts_show(p, &list);
}

/* -- Counts -- */

struct alerts_count {
        const struct organisation *of;
        const char *protocol, *norm;
        struct replica_open open;
};

struct alerts_counts {
        const struct alerts_page *page;
        struct arena *arena;
        VECTOR(struct alerts_count) rows;
        size_t from, to;
        int64_t all;
        bool failed, cut;
};

static bool alerts_fits(struct text asked, struct text is) {
        return asked.n == 0 || text_equal(asked, is);
}

static void alerts_see_count(void *ctx, const struct organisation *of, struct text protocol, struct text norm, const struct replica_open *open) {
        struct alerts_counts *c = ctx;
        const struct replica_alerts_filter *filter = &c->page->filter;
        struct alerts_count row = {.of = of, .open = *open};

        if (open->all == 0 || (filter->organisation && (!of || of->index != filter->organisation->index)) || !alerts_fits(filter->protocol, protocol) ||
            !alerts_fits(filter->norm, norm))
                return;
        if (c->rows.n == ALERTS_COUNTS_MAX) {
                c->cut = true;
                return;
        }
        row.protocol = arena_copy(c->arena, protocol.s, protocol.n);
        row.norm = arena_copy(c->arena, norm.s, norm.n);
        c->all += open->all;
        c->failed |= !row.protocol || !row.norm || vector_push(&c->rows, row);
}

/* The most first. */
static int alerts_order(const void *a, const void *b) {
        const struct alerts_count *x = a, *y = b;
        int r = x->open.all > y->open.all ? -1 : x->open.all < y->open.all;

        if (r == 0)
                r = strcmp(x->of ? x->of->id : "", y->of ? y->of->id : "");
        if (r == 0)
                r = strcmp(x->protocol, y->protocol);
        return r ? r : strcmp(x->norm, y->norm);
}

static void alerts_counts_json(struct alerts_page *p, const struct alerts_counts *c) {
        struct json_writer w = exchange_json(p->x);
        char next[32];

        jsonw_open_object(&w);
        instant_put_exact(&w, "at", p->x->now);
        jsonw_put_int(&w, "matched", c->all);
        jsonw_key(&w, "counts");
        jsonw_open_array(&w);
        for (size_t i = c->from; i < c->to; i++) {
                const struct alerts_count *row = &c->rows.items[i];

                jsonw_open_object(&w);
                jsonw_key(&w, "organisation");
                row->of ? jsonw_string(&w, row->of->id) : jsonw_null(&w);
                jsonw_put_string(&w, "protocol", row->protocol);
                jsonw_put_string(&w, "norm", row->norm);
                jsonw_put_int(&w, "open", row->open.all);
                overview_put_rungs(&w, &row->open);
                instant_put_exact(&w, "oldest", row->open.oldest);
                jsonw_close_object(&w);
        }
        jsonw_close_array(&w);
        (void) snprintf(next, sizeof(next), "%zu", c->to);
        jsonw_key(&w, "next");
        c->to < c->rows.n ? jsonw_string(&w, next) : jsonw_null(&w);
        jsonw_close_object(&w);
}

static void alerts_counts_table(struct alerts_page *p, const struct alerts_counts *c) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Organisation", "Organisatie"), PART_TEXT}, {SAY(x, "Norm", "Norm"), PART_TEXT}, {SAY(x, "Open", "Open"), PART_NUMBER},
                {SAY(x, "Rung 1", "Trede 1"), PART_NUMBER}, {SAY(x, "Rung 2", "Trede 2"), PART_NUMBER},
                {SAY(x, "Rung 3 and on", "Trede 3 en verder"), PART_NUMBER},
                {SAY(x, "Oldest since", "Oudste sinds"), PART_TEXT},
        };
        struct part_table t;

        part_table_begin(&t, &p->h, "counts", SAY(x, "Open alerts by organisation and norm", "Open meldingen per organisatie en norm"), columns,
                         ELEMENTS(columns));
        for (size_t i = c->from; i < c->to; i++) {
                const struct alerts_count *row = &c->rows.items[i];

                part_row_begin(&t, NULL);
                alerts_cell_organisation(&t, row->of, row->of ? row->of->id : SAY(x, "not configured any more", "niet meer geconfigureerd"));
                alerts_cell_norm(&t, alerts_norm_title(x->console->config, text_of(row->protocol), text_of(row->norm)), row->norm);
                part_cell_int(&t, row->open.all, x->language);
                part_cell_int(&t, row->open.by_rung[0], x->language);
                part_cell_int(&t, row->open.by_rung[1], x->language);
                part_cell_int(&t, row->open.all - row->open.by_rung[0] - row->open.by_rung[1], x->language);
                part_cell_instant(&t, row->open.oldest, x->now, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "No alert is open.", "Er staat geen melding open."));
}

static void alerts_counts_show(struct alerts_page *p, const struct alerts_counts *c, bool cases) {
        struct exchange *x = p->x;
        char more[EXCHANGE_LINK_MAX], after[32], number[PART_NUMBER_TEXT];

        exchange_page_begin(x, &p->h, SAY(x, "Alerts", "Meldingen"));
        html_begin(&p->h, "p");
        html_textf(&p->h, SAY(x, "%s open.", "%s open."), part_number(c->all, x->language, number));
        html_end(&p->h, "p");
        if (c->cut)
                part_notice(&p->h, PART_WARNING, SAY(x, "There are more pairs of organisation and norm than are counted here; ask for one organisation.",
                                                     "Er zijn meer paren van organisatie en norm dan hier geteld worden; vraag één organisatie."));
        alerts_links(p, cases, true);
        alerts_counts_table(p, c);
        (void) snprintf(after, sizeof(after), "%zu", c->to);
        part_more(&p->h, c->to < c->rows.n ? exchange_link(x, "after", after, more) : NULL, x->language);
        exchange_page_end(x, &p->h);
}

static void alerts_counts(struct alerts_page *p, bool cases) {
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct alerts_counts c = {.page = p};
        struct exchange *x = p->x;
        size_t limit = exchange_limit(x);

        c.failed = arena_new(&arena, ALERTS_ARENA_MAX) != 0;
        c.arena = arena;
        if (!c.failed) {
                replica_lock(x->console->replica);
                replica_open_each(x->console->replica, alerts_see_count, &c);
                replica_unlock(x->console->replica);
        }
        if (c.rows.n)
                qsort(c.rows.items, c.rows.n, sizeof(*c.rows.items), alerts_order);
        c.from = exchange_after(x) < c.rows.n ? exchange_after(x) : c.rows.n;
        c.to = c.rows.n - c.from < limit ? c.rows.n : c.from + limit;
        if (c.failed)
                exchange_problem(x, 503, SAY(x, "There is no memory for these counts; ask for one organisation.",
                                             "Er is geen geheugen voor deze aantallen; vraag één organisatie."));
        else if (x->json)
                alerts_counts_json(p, &c);
        else
                alerts_counts_show(p, &c, cases);
        vector_done(&c.rows);
}

void page_alerts(struct exchange *x) {
        struct alerts_page p = {.x = x};
        const char *show = exchange_query(x, "show");
        bool cases = exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS), counts = !cases || (show && strcmp(show, "counts") == 0);
        const char *bad = alerts_read(&p);
        const struct organisation *own = x->person->organisation;

        if (own && p.filter.organisation && p.filter.organisation->index != own->index)
                exchange_not_found(x);
        else if (own && bad && strcmp(bad, "organisation") == 0) /* as one that is there */
                exchange_not_found(x);
        else if (bad && !(counts && strcmp(bad, "after") == 0))
                exchange_bad_query(x, bad);
        else {
                if (own)
                        p.filter.organisation = own;
                if (counts)
                        alerts_counts(&p, cases);
                else
                        alerts_answer(&p);
        }
}
