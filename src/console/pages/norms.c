/* SPDX-License-Identifier: EUPL-1.2 */

/* The reports of `ketenwacht report`: tables, bars, CSV and JSON of what the background has made of all cases. */

#include "console/pages/norms.h"

#include <stdio.h>
#include <string.h>

#include "cluster/audit.h"
#include "console/pictures/picture_bars.h"
#include "replica/reports.h"
#include "survey/report_print.h"
#include "survey/report_query.h"

#define NORMS_AGAIN_S 2 /* after so long whoever waits for a report asks again */
#define NORMS_SCRATCH_MAX 65536
#define NORMS_CHOICES_MAX 512
#define NORMS_LABEL_MAX 256

struct norms_page {
        struct exchange *x;
        struct html h;
        struct report_asked asked;
        struct listing_query query;
        const struct listing_table *table;
        struct buffer scratch;
        size_t from, to; /* of the rows that are shown */
};

/* -- What is asked, and may be -- */

static bool norms_read(struct norms_page *p) {
        struct exchange *x = p->x;
        const struct report_voice voice = {.language = x->language, .prefix = ""};
        const char *kind = exchange_query(x, "report");
        struct error err = {0};
        int r;

        p->asked = (struct report_asked){
                .at = exchange_query(x, "at"), .started_from = exchange_query(x, "started-from"), .started_until = exchange_query(x, "started-until"),
                .region = exchange_query(x, "region"), .gi = exchange_query(x, "gi"), .municipality = exchange_query(x, "municipality"),
                .organisation = exchange_query(x, "organisation"), .norm = exchange_query(x, "norm"), .by = exchange_query(x, "by"),
                .from = exchange_query(x, "from"), .until = exchange_query(x, "until"),
        };
        p->query = (struct listing_query){.kind = LISTING_NORMS};
        r = kind ? report_kind_read(kind, &p->query.kind, &err) : 0;
        if (r == 0)
                r = report_query_plain(&p->asked, &voice, &p->query, &err);
        if (r == 0)
                r = report_query_configured(&p->asked, x->console->config, &voice, &p->query, &err);
        if (r)
                exchange_problem(x, 400, err.text);
        return r == 0;
}

/* Only its own; false: it asked for another's. */
static bool norms_narrow(const struct organisation **ret, const struct organisation *to) {
        if (*ret && (*ret)->index != to->index)
                return false;
        *ret = to;
        return true;
}

/* An organisation sees what it was told of: as the one that hears of terms, as a municipality or as a GI. */
static bool norms_of_organisation(struct listing_query *query, const struct organisation *of) {
        query->told_to = of;
        if (query->kind == LISTING_TERMS)
                return norms_narrow(&query->organisation, of);
        if (of->kind == KIND_MUNICIPALITY)
                return norms_narrow(&query->municipality, of);
        return of->kind == KIND_GI && norms_narrow(&query->gi, of);
}

/* Who may see no case sees totals, by what says nothing of one child. */
static bool norms_of_figures(struct norms_page *p) {
        const char *const *usual = report_titles[p->query.kind].by;
        const char *by = p->asked.by;
        struct error err;

        if (p->query.kind == LISTING_NORMS && p->query.by.kind == BY_NOTHING)
                return true;
        if (p->query.by.kind == BY_NOTHING)
                return listing_by_read(p->x->console->config, p->query.kind, usual[0], &p->query.by, &err) == 0;
        if (p->query.by.kind != BY_FIELD && p->query.by.kind != BY_EVENT)
                return true;
        return (usual[0] && strcmp(by, usual[0]) == 0) || (usual[1] && strcmp(by, usual[1]) == 0);
}

static bool norms_may(struct norms_page *p) {
        struct exchange *x = p->x;

        if (x->person->organisation && !norms_of_organisation(&p->query, x->person->organisation)) {
                exchange_not_found(x);
                return false;
        }
        if (!exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS) && !norms_of_figures(p)) {
                exchange_problem(x, 403, SAY(x, "By this value single cases could be known; you may see figures only.",
                                             "Aan deze waarde zijn losse zaken te herkennen; u mag alleen aantallen zien."));
                return false;
        }
        return true;
}

/* -- As a table -- */

static bool norms_is_shown(const struct listing_table *t, size_t column) {
        return t->columns[column].use == COLUMN_PLAIN;
}

static bool norms_is_number(const struct norms_page *p, size_t column) {
        for (size_t i = p->from; i < p->to; i++) {
                if (p->table->rows[i][column].kind != CELL_NULL)
                        return p->table->rows[i][column].kind == CELL_INT;
        }
        return false;
}

/* The column under whose values lines stand together; -1: none. */
static int norms_group(const struct listing_table *t) {
        for (size_t c = 0; c < t->n_columns; c++) {
                if (t->columns[c].use == COLUMN_GROUP)
                        return (int)c;
        }
        return -1;
}

static const char *norms_cell(struct norms_page *p, size_t row, size_t column) {
        return report_cell(&p->table->columns[column], &p->table->rows[row][column], p->x->language, &p->scratch);
}

/* Names are Dutch, whatever the page is. */
static void norms_put_text(struct norms_page *p, struct part_table *t, const struct listing_cell *cell, const char *text) {
        bool is_dutch = cell->kind == CELL_TEXT && cell->name && p->x->language != LANGUAGE_NL;

        part_cell_begin(t);
        if (is_dutch) {
                html_begin(t->h, "span");
                html_attr(t->h, "lang", "nl");
        }
        html_text(t->h, text);
        if (is_dutch)
                html_end(t->h, "span");
        part_cell_end(t);
}

static void norms_put_cell(struct norms_page *p, struct part_table *t, size_t row, size_t column) {
        const struct listing_cell *cell = &p->table->rows[row][column];
        char href[sizeof("/zaken/") + UUID_TEXT];

        if (cell->kind == CELL_TEXT && strcmp(p->table->columns[column].key, "case_id") == 0) {
                (void) snprintf(href, sizeof(href), "/zaken/%s", cell->text);
                part_cell_link(t, href, cell->text);
        } else if (cell->kind == CELL_INT) {
                part_cell_int(t, cell->i, p->x->language);
        } else if (cell->kind == CELL_DATE) {
                part_cell_date(t, (day_t)cell->i, p->x->language);
        } else {
                norms_put_text(p, t, cell, norms_cell(p, row, column));
        }
}

static void norms_put_table(struct norms_page *p, const char *id, const char *caption, size_t from, size_t to) {
        struct part_column columns[LISTING_COLUMNS_MAX];
        char headings[LISTING_COLUMNS_MAX][64];
        struct part_table t;
        size_t n = 0;

        for (size_t c = 0; c < p->table->n_columns; c++) {
                if (!norms_is_shown(p->table, c))
                        continue;
                (void) snprintf(headings[n], sizeof(headings[n]), "%s", report_heading(&p->table->columns[c], p->x->language, &p->scratch));
                columns[n] = (struct part_column){headings[n], norms_is_number(p, c) ? PART_NUMBER : PART_TEXT};
                n++;
        }
        part_table_begin(&t, &p->h, id, caption, columns, n);
        for (size_t i = from; i < to; i++) {
                part_row_begin(&t, NULL);
                for (size_t c = 0; c < p->table->n_columns; c++) {
                        if (norms_is_shown(p->table, c))
                                norms_put_cell(p, &t, i, c);
                }
                part_row_end(&t);
        }
        part_table_end(&t, SAY(p->x, "None.", "Geen."));
}

/* -- As bars -- */

static int norms_column(const struct listing_table *t, const char *key) {
        for (size_t c = 0; c < t->n_columns; c++) {
                if (strcmp(t->columns[c].key, key) == 0)
                        return (int)c;
        }
        return -1;
}

static void norms_label(struct norms_page *p, size_t row, char ret[NORMS_LABEL_MAX]) {
        int by = norms_column(p->table, "by"), norm = norms_column(p->table, "norm");
        size_t n = 0;

        *ret = '\0';
        if (by >= 0)
                n = (size_t)snprintf(ret, NORMS_LABEL_MAX, "%s", norms_cell(p, row, (size_t)by));
        if (norm >= 0 && !(by >= 0 && p->query.norm) && n < NORMS_LABEL_MAX)
                (void) snprintf(ret + n, NORMS_LABEL_MAX - n, "%s%s", n ? ": " : "", norms_cell(p, row, (size_t)norm));
}

static void norms_bar(struct norms_page *p, size_t row, const int columns[2], struct picture_bar *ret, char label[NORMS_LABEL_MAX]) {
        norms_label(p, row, label);
        ret->label = label;
        for (int k = 0; k < 2 && columns[k] >= 0; k++)
                ret->values[k] = p->table->rows[row][columns[k]].i;
}

/* Of norms in order and not; of totals how many. A list of cases has no bars. */
static void norms_put_bars(struct norms_page *p, const char *id, const char *caption, size_t from, size_t to) {
        char labels[PICTURE_BARS_MAX][NORMS_LABEL_MAX];
        struct exchange *x = p->x;
        bool norms = p->query.kind == LISTING_NORMS;
        const int columns[2] = {norms_column(p->table, norms ? "in_order" : "total"), norms ? norms_column(p->table, "not_in_order") : -1};
        struct picture_bar bars[PICTURE_BARS_MAX] = {0};
        struct picture_bars picture = {.id = id, .caption = caption, .language = x->language, .bars = bars, .bars_n = to - from};

        if (columns[0] < 0)
                return;
        if (norms) {
                picture.parts[picture.parts_n++] = (struct picture_bars_part){SAY(x, "in order", "op orde"), "good"};
                picture.parts[picture.parts_n++] = (struct picture_bars_part){SAY(x, "not in order", "niet op orde"), "wrong"};
        } else {
                picture.parts[picture.parts_n++] = (struct picture_bars_part){SAY(x, "total", "totaal"), "main"};
        }
        for (size_t i = 0; i < to - from && i < PICTURE_BARS_MAX; i++)
                norms_bar(p, from + i, columns, &bars[i], labels[i]);
        picture_bars(&p->h, &picture);
}

/* -- The page -- */

static void norms_put_group(struct norms_page *p, size_t number, const char *caption, size_t from, size_t to) {
        char id[32];

        (void) snprintf(id, sizeof(id), "bars-%zu", number);
        norms_put_bars(p, id, caption, from, to);
        (void) snprintf(id, sizeof(id), "table-%zu", number);
        norms_put_table(p, id, caption, from, to);
}

static void norms_put_groups(struct norms_page *p) {
        const char *title = SAY(p->x, report_titles[p->query.kind].en, report_titles[p->query.kind].nl);
        int group = norms_group(p->table);
        size_t number = 0;

        if (group < 0 || p->from == p->to) {
                norms_put_group(p, 1, title, p->from, p->to);
                return;
        }
        for (size_t i = p->from, end; i < p->to; i = end) {
                char caption[NORMS_LABEL_MAX];

                (void) snprintf(caption, sizeof(caption), "%s", norms_cell(p, i, (size_t)group));
                for (end = i + 1; end < p->to && strcmp(norms_cell(p, end, (size_t)group), caption) == 0;)
                        end++;
                norms_put_group(p, ++number, caption, i, end);
        }
}

static void norms_put_kinds(struct norms_page *p) {
        struct part_choice choices[LISTING_KINDS];

        for (size_t i = 0; i < LISTING_KINDS; i++)
                choices[i] = (struct part_choice){listing_names[i], SAY(p->x, report_titles[i].en, report_titles[i].nl)};
        part_select(&p->h, "report", SAY(p->x, "Report", "Rapport"), listing_names[p->query.kind], choices, LISTING_KINDS);
}

static void norms_put_organisations(struct norms_page *p, const char *name, const char *label, enum organisation_kind kind, const char *value) {
        const struct organisations *all = p->x->console->config->organisations;
        struct part_choice choices[NORMS_CHOICES_MAX] = {{"", SAY(p->x, "all", "alle")}};
        size_t n = 1;

        for (size_t i = 0; i < organisations_count(all) && n < NORMS_CHOICES_MAX; i++) {
                const struct organisation *org = organisations_at(all, i);

                if (org->kind == kind)
                        choices[n++] = (struct part_choice){org->id, org->name};
        }
        part_select(&p->h, name, label, value ? value : "", choices, n);
}

static void norms_put_splits(struct norms_page *p) {
        struct exchange *x = p->x;
        const struct part_choice choices[] = {
                {"", SAY(x, "nothing", "niets")},
                {"gi", SAY(x, "GI", "GI")},
                {"municipality", SAY(x, "municipality", "gemeente")},
                {"region", SAY(x, "region", "regio")},
                {"quarter", SAY(x, "quarter", "kwartaal")},
        };

        part_select(&p->h, "by", SAY(x, "Split by", "Uitgesplitst naar"), p->asked.by ? p->asked.by : "", choices, ELEMENTS(choices));
}

static void norms_put_filter(struct norms_page *p) {
        struct exchange *x = p->x;
        bool due = p->query.kind == LISTING_TERMS || p->query.kind == LISTING_HANDOVER;
        const struct organisation *of = x->person->organisation;

        part_filter_begin(&p->h, "/normen", SAY(x, "What is asked", "Wat gevraagd wordt"));
        norms_put_kinds(p);
        part_field_kind(&p->h, "date", "started-from", SAY(x, "Started from", "Begonnen vanaf"), p->asked.started_from, NULL, false);
        part_field_kind(&p->h, "date", "started-until", SAY(x, "Started until", "Begonnen tot en met"), p->asked.started_until, NULL, false);
        if (due) {
                part_field_kind(&p->h, "date", "from", SAY(x, "From", "Vanaf"), p->asked.from, NULL, false);
                part_field_kind(&p->h, "date", "until", SAY(x, "Until", "Tot en met"), p->asked.until, NULL, false);
        }
        if (!of || of->kind != KIND_GI)
                norms_put_organisations(p, "gi", SAY(x, "GI", "GI"), KIND_GI, p->asked.gi);
        if (!of || of->kind != KIND_MUNICIPALITY)
                norms_put_organisations(p, "municipality", SAY(x, "Municipality", "Gemeente"), KIND_MUNICIPALITY, p->asked.municipality);
        if (p->query.kind == LISTING_NORMS || p->query.kind == LISTING_TERMS)
                part_field(&p->h, "norm", SAY(x, "Norm", "Norm"), p->asked.norm);
        norms_put_splits(p);
        part_filter_end(&p->h, x->language);
}

static void norms_put_links(struct norms_page *p) {
        struct exchange *x = p->x;
        char csv[EXCHANGE_LINK_MAX], json[EXCHANGE_LINK_MAX];
        const struct part_link links[] = {{exchange_link(x, "formaat", "csv", csv), "CSV"}, {exchange_link_at(x, "/api/norms", "formaat", NULL, json), "JSON"}};

        part_links(&p->h, SAY(x, "Other forms", "Andere vormen"), links, ELEMENTS(links));
}

static void norms_page_begin(struct norms_page *p) {
        exchange_page_begin(p->x, &p->h, SAY(p->x, report_titles[p->query.kind].en, report_titles[p->query.kind].nl));
        norms_put_filter(p);
}

static void norms_show(struct norms_page *p, const struct reports_answer *answer) {
        struct exchange *x = p->x;
        char more[EXCHANGE_LINK_MAX], after[32];

        norms_page_begin(p);
        html_begin(&p->h, "p");
        html_text(&p->h, SAY(x, "As of ", "Stand van "));
        part_instant(&p->h, answer->report->at, x->now, x->language);
        html_text(&p->h, answer->anew ? SAY(x, "; a newer one is being made.", "; er wordt een nieuwere gemaakt.") : ".");
        html_end(&p->h, "p");
        norms_put_links(p);
        norms_put_groups(p);
        (void) snprintf(after, sizeof(after), "%zu", p->to);
        part_more(&p->h, p->to < p->table->n_rows ? exchange_link(x, "after", after, more) : NULL, x->language);
        exchange_page_end(x, &p->h);
}

static void norms_put_json(struct norms_page *p, const struct reports_answer *answer) {
        struct json_writer w = exchange_json(p->x);
        char next[32];

        jsonw_open_object(&w);
        jsonw_put_string(&w, "report", listing_names[p->query.kind]);
        instant_put_exact(&w, "at", answer->report->at);
        jsonw_put_bool(&w, "anew", answer->anew);
        jsonw_key(&w, "items");
        jsonw_open_array(&w);
        for (size_t i = p->from; i < p->to; i++)
                report_put_row(&w, p->table, i);
        jsonw_close_array(&w);
        (void) snprintf(next, sizeof(next), "%zu", p->to);
        jsonw_key(&w, "next");
        if (p->to < p->table->n_rows)
                jsonw_string(&w, next);
        else
                jsonw_null(&w);
        jsonw_close_object(&w);
}

/* Of a report that is made; all of it as CSV, which the bound of a report bounds. */
static void norms_answer(struct norms_page *p, const struct reports_answer *answer) {
        const struct listing *listing = answer->report->listing;
        size_t limit = exchange_limit(p->x);

        p->table = p->query.totals ? &listing->totals : &listing->list;
        if ((exchange_is_csv(p->x) || p->x->json) && norms_column(p->table, "case_id") >= 0 &&
            !exchange_audit(p->x, AUDIT_EXPORT, listing_names[p->query.kind], NULL))
                return;
        if (exchange_is_csv(p->x)) {
                exchange_csv(p->x, listing_names[p->query.kind]);
                report_print_csv(p->table, &p->x->answer->body);
                return;
        }
        p->from = exchange_after(p->x);
        if (p->from > p->table->n_rows)
                p->from = p->table->n_rows;
        p->to = p->table->n_rows - p->from < limit ? p->table->n_rows : p->from + limit;
        if (p->x->json)
                norms_put_json(p, answer);
        else
                norms_show(p, answer);
}

/* Of one that is not: programs are told when to ask again, a browser does so by itself. */
static void norms_wait(struct norms_page *p, const struct reports_answer *answer) {
        struct exchange *x = p->x;
        char done[PART_NUMBER_TEXT], all[PART_NUMBER_TEXT], sentence[256];

        x->answer->status = 202;
        (void) part_number((int64_t)answer->done, x->language, done);
        (void) part_number((int64_t)answer->all, x->language, all);
        web_answer_header(x->answer, "Retry-After", "%d", NORMS_AGAIN_S);
        if (x->json) {
                struct json_writer w = exchange_json(x);

                jsonw_open_object(&w);
                jsonw_put_string(&w, "report", listing_names[p->query.kind]);
                jsonw_put_string(&w, "state", "in_making");
                jsonw_put_int(&w, "done", (int64_t)answer->done);
                jsonw_put_int(&w, "all", (int64_t)answer->all);
                jsonw_close_object(&w);
                return;
        }
        web_answer_header(x->answer, "Refresh", "%d", NORMS_AGAIN_S);
        norms_page_begin(p);
        (void) snprintf(sentence, sizeof(sentence), SAY(x, "This report is being made: %s of %s cases were looked at. The page asks again by itself.",
                                                        "Dit rapport wordt gemaakt: %s van %s zaken zijn bekeken. De pagina vraagt het vanzelf opnieuw."),
                        done, all);
        part_notice(&p->h, PART_NOTE, sentence);
        exchange_page_end(x, &p->h);
}

void page_norms(struct exchange *x) {
        struct norms_page p = {.x = x, .scratch = BUFFER_INIT(NORMS_SCRATCH_MAX)};
        struct reports_answer answer;

        if (!norms_read(&p) || !norms_may(&p))
                return;
        p.query.totals = p.query.by.kind != BY_NOTHING && p.query.kind != LISTING_NORMS;
        reports_ask(x->console->reports, &p.query, &answer);
        switch (answer.state) {
        case REPORTS_MADE:
                norms_answer(&p, &answer);
                break;
        case REPORTS_IN_MAKING:
                norms_wait(&p, &answer);
                break;
        case REPORTS_TOO_LARGE:
                exchange_problem(x, 422, SAY(x, "That is too much for a page: ask for a shorter period, one GI or municipality, or use `ketenwacht report`.",
                                             "Dat is te veel voor een pagina: vraag een kortere periode, één GI of gemeente, of gebruik `ketenwacht report`."));
                break;
        case REPORTS_BUSY:
                web_answer_header(x->answer, "Retry-After", "%d", NORMS_AGAIN_S);
                exchange_problem(x, 503, SAY(x, "Too many other reports are being made; ask again in a moment.",
                                             "Er worden te veel andere rapporten gemaakt; vraag het zo meteen opnieuw."));
                break;
        }
        reports_give_back(x->console->reports, answer.report);
        buffer_done(&p.scratch);
}
