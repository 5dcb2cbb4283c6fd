/* SPDX-License-Identifier: EUPL-1.2 */

/* /logboek: who saw or did what. Somebody of an organisation sees what its own people did. */

#include "console/pages/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "calendar/date.h"
#include "cluster/topics.h"
#include "replica/audit_index.h"

struct audit_page {
        struct exchange *x;
        struct part_table table; /* for people … */
        struct json_writer w;    /* … and for programs */
        int64_t last;
};

/* -- What is asked -- */

/* false: it is answered. */
static bool audit_page_instant(struct exchange *x, const char *name, bool end, instant_t *ret) {
        const char *text = exchange_query(x, name);
        day_t day;

        if (!text)
                return true;
        if (end && date_parse(text_of(text), &day)) { /* to the end of that day, as people mean it */
                *ret = date_over(day);
                return true;
        }
        if (instant_or_date_parse(text_of(text), ret))
                return true;
        exchange_bad_query(x, name);
        return false;
}

static bool audit_page_filter(struct exchange *x, struct audit_filter *ret, int64_t *ret_before) {
        const char *after = exchange_query(x, "after");

        *ret = (struct audit_filter){
                .user = exchange_query(x, "user"),
                .action = exchange_query(x, "action"),
                .object = exchange_query(x, "object"),
                .organisation = x->person->organisation ? x->person->organisation->id : exchange_query(x, "organisation"),
        };
        *ret_before = INT64_MAX;
        if (after && (!text_to_int64(text_of(after), ret_before) || *ret_before < 0)) {
                exchange_bad_query(x, "after");
                return false;
        }
        return audit_page_instant(x, "from", false, &ret->from) && audit_page_instant(x, "until", true, &ret->until);
}

/* -- One record -- */

static void audit_page_cell(struct part_table *t, struct text text) {
        part_cell_begin(t);
        html_text_of(t->h, text);
        part_cell_end(t);
}

static void audit_page_row(void *ctx, const struct audit_record *record, int64_t offset) {
        struct audit_page *page = ctx;
        struct part_table *t = &page->table;

        page->last = offset;
        if (page->x->json) {
                audit_record_put(record, &page->w);
                return;
        }
        part_row_begin(t, NULL);
        part_cell_instant(t, record->at, page->x->now, page->x->language);
        part_cell_begin(t);
        html_text_of(t->h, record->user);
        if (record->organisation.n > 0)
                html_textf(t->h, " (%.*s)", (int)record->organisation.n, record->organisation.s);
        part_cell_end(t);
        audit_page_cell(t, record->action);
        audit_page_cell(t, record->object);
        audit_page_cell(t, record->result);
        audit_page_cell(t, record->reason);
        audit_page_cell(t, record->roles);
        audit_page_cell(t, record->address);
        part_row_end(t);
}

/* -- The page -- */

static void audit_page_form(struct exchange *x, struct html *h) {
        part_filter_begin(h, "/logboek", SAY(x, "Filter", "Filter"));
        part_field(h, "user", SAY(x, "User", "Gebruiker"), exchange_query(x, "user"));
        part_field(h, "action", SAY(x, "Action", "Handeling"), exchange_query(x, "action"));
        part_field(h, "object", SAY(x, "Case, or what it was about", "Zaak, of waar het over ging"), exchange_query(x, "object"));
        if (!x->person->organisation)
                part_field(h, "organisation", SAY(x, "Organisation", "Organisatie"), exchange_query(x, "organisation"));
        part_field_kind(h, "date", "from", SAY(x, "From", "Vanaf"), exchange_query(x, "from"), NULL, false);
        part_field_kind(h, "date", "until", SAY(x, "Until", "Tot en met"), exchange_query(x, "until"), NULL, false);
        part_filter_end(h, x->language);
}

static void audit_page_begin(struct audit_page *page, struct html *h) {
        struct exchange *x = page->x;
        const struct part_column columns[] = {
                {SAY(x, "When", "Wanneer"), PART_TEXT},   {SAY(x, "Who", "Wie"), PART_TEXT},
                {SAY(x, "What", "Wat"), PART_TEXT},       {SAY(x, "On what", "Waarop"), PART_TEXT},
                {SAY(x, "Result", "Uitkomst"), PART_TEXT}, {SAY(x, "Reason", "Reden"), PART_TEXT},
                {SAY(x, "Roles", "Rollen"), PART_TEXT},   {SAY(x, "From address", "Vanaf adres"), PART_TEXT},
        };

        exchange_page_begin(x, h, SAY(x, "Audit", "Logboek"));
        audit_page_form(x, h);
        part_table_begin(&page->table, h, "audit", SAY(x, "Who saw or did what, the latest first", "Wie zag of deed wat, het laatste eerst"), columns,
                         ELEMENTS(columns));
}

#define AUDIT_PLACE_TEXT 24

/* Where the next part begins, as ?after= takes it; NULL: there is none. */
static const char *audit_page_next(const struct audit_page *page, const struct audit_index_seen *seen, char ret[AUDIT_PLACE_TEXT]) {
        (void) snprintf(ret, AUDIT_PLACE_TEXT, "%" PRId64, page->last);
        return seen->more ? ret : NULL;
}

static void audit_page_end(struct audit_page *page, struct html *h, const struct audit_index_seen *seen) {
        struct exchange *x = page->x;
        char link[EXCHANGE_LINK_MAX], place[AUDIT_PLACE_TEXT];
        const char *next = audit_page_next(page, seen, place);

        part_table_end(&page->table, SAY(x, "Nothing stands here that passes the filter.", "Hier staat niets dat door het filter komt."));
        part_more(h, next ? exchange_link(x, "after", next, link) : NULL, x->language);
        if (!seen->ready)
                part_notice(h, PART_NOTE, SAY(x, "Not all of the audit is read yet.", "Nog niet het hele logboek is gelezen."));
        if (seen->older && !seen->more) {
                html_begin(h, "p");
                html_text(h, SAY(x, "Shown from memory, since ", "Uit het geheugen, sinds "));
                part_instant(h, seen->oldest, x->now, x->language);
                html_text(h, ". ");
                html_link(h, exchange_link(x, "older", "true", link), SAY(x, "Read older ones from the topic (takes longer)",
                                                                                      "Lees oudere uit het topic (duurt langer)"));
                html_end(h, "p");
        }
        exchange_page_end(x, h);
}

static void audit_page_json_end(struct audit_page *page, const struct audit_index_seen *seen) {
        char place[AUDIT_PLACE_TEXT];
        const char *next = audit_page_next(page, seen, place);

        jsonw_close_array(&page->w);
        jsonw_key(&page->w, "next");
        next ? jsonw_string(&page->w, next) : jsonw_null(&page->w);
        jsonw_put_bool(&page->w, "older", seen->older);
        jsonw_close_object(&page->w);
}

/* From memory, or from the topic. false: it is answered. */
static bool audit_page_rows(struct audit_page *page, const struct audit_filter *filter, int64_t before, struct audit_index_seen *seen) {
        struct exchange *x = page->x;
        struct audit_index *index = x->console->audit;
        struct error err = {0};
        int r;

        if (!exchange_query(x, "older")) {
                audit_index_each(index, filter, before, exchange_limit(x), audit_page_row, page, seen);
                return true;
        }
        r = audit_index_read(index, filter, before, exchange_limit(x), audit_page_row, page, seen, &err);
        if (r == 0)
                return true;
        exchange_problem(x, 503,
                         SAY(x, "The audit cannot be read from its topic now: somebody else is reading it, or the broker does not answer. Try again.",
                             "Het logboek is nu niet uit zijn topic te lezen: iemand anders leest het, of de broker antwoordt niet. Probeer het zo weer."));
        return false;
}

void page_audit(struct exchange *x) {
        struct audit_page page = {.x = x};
        struct audit_index_seen seen;
        struct audit_filter filter;
        struct html h;
        int64_t before;

        if (!audit_page_filter(x, &filter, &before) || !exchange_audit(x, AUDIT_VIEW_AUDIT, TOPIC_AUDIT, NULL))
                return;
        if (x->json) {
                page.w = exchange_json(x);
                jsonw_open_object(&page.w);
                jsonw_key(&page.w, "audit");
                jsonw_open_array(&page.w);
        } else {
                audit_page_begin(&page, &h);
        }
        if (!audit_page_rows(&page, &filter, before, &seen))
                return;
        x->json ? audit_page_json_end(&page, &seen) : audit_page_end(&page, &h, &seen);
}
