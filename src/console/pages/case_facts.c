/* SPDX-License-Identifier: EUPL-1.2 */

/* A page of facts: type, dates, source, and what they say. */

#include "console/pages/case_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"
#include "model/event_json.h"
#include "model/row_schema.h"

#define CASE_FACT_BYTES ((size_t)128 * 1024) /* of one as JSON */

/* Facts are numbered from 1 in the order in which they came; a page begins before the one that is named, so that it stays what it is when more come. */
bool case_facts_read(struct exchange *x, size_t n, size_t *ret) {
        const char *after = exchange_query(x, "after");
        int64_t number;

        *ret = n;
        if (!after)
                return true;
        if (!text_to_int64(text_of(after), &number) || number < 1) {
                exchange_bad_query(x, "after");
                return false;
        }
        if ((uint64_t)number <= n)
                *ret = (size_t)number - 1;
        return true;
}

/* One value as people write it: what JSON says, without its quotes; yes and no. */
static void case_fact_value(struct exchange *x, struct html *h, const json_t *value) {
        char *dumped;

        if (json_is_string(value)) {
                html_text(h, json_string_value(value));
        } else if (json_is_boolean(value)) {
                html_text(h, json_is_true(value) ? SAY(x, "yes", "ja") : SAY(x, "no", "nee"));
        } else {
                dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
                html_text(h, dumped);
                free(dumped);
        }
}

/* What it says beside the envelope: fields that are filled, one behind the other; of a personal one that it is masked. */
static void case_fact_fields(struct exchange *x, struct html *h, const struct fact *fact, bool clear) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(CASE_FACT_BYTES);
        const struct layout *layout = fact->type->layout;
        const struct event event = {fact->type, (struct slot *)fact->slots};
        struct json_writer w = JSON_WRITER(&out);
        bool some = false;
        json_t *object;

        jsonw_open_object(&w);
        event_to_json(&event, false, &w);
        jsonw_close_object(&w);
        object = json_loadb(out.failed ? "{}" : buffer_text(&out), out.failed ? 2 : out.n, 0, NULL);
        for (size_t i = ENVELOPE_SLOTS; object && i < layout->n; i++) {
                const json_t *value = json_object_get(object, layout->fields[i].name);
                bool personal = fact->type->personal >> i & 1;

                if (!value || json_is_null(value))
                        continue;
                html_text(h, some ? "; " : "");
                some = true;
                html_element(h, "code", NULL, layout->fields[i].name);
                html_text(h, " ");
                if (personal && !clear)
                        html_element(h, "em", NULL, SAY(x, "masked", "afgeschermd"));
                else
                        case_fact_value(x, h, value);
        }
        json_decref(object);
}

static void case_fact_row(struct exchange *x, struct part_table *t, const struct case_fact *f, size_t number, bool copies, bool clear) {
        const struct fact *fact = f->fact;
        char id[UUID_TEXT + 1], anchor[32];
        struct text term = event_type_dutch(fact->type), source = fact->slots[SLOT_SOURCE].s;

        uuid_format(&fact->event_id, id);
        (void) snprintf(anchor, sizeof(anchor), "fact-%zu", number);
        part_row_begin(t, anchor);
        part_cell_begin(t);
        html_begin(t->h, "span");
        html_attr(t->h, "lang", x->language == LANGUAGE_NL ? NULL : "nl");
        html_text_of(t->h, term);
        html_end(t->h, "span");
        html_text(t->h, " ");
        html_element(t->h, "code", "quiet", fact->type->name);
        if (!fact->counts)
                html_element(t->h, "em", NULL, SAY(x, " does not count (any more)", " telt niet (meer)"));
        part_cell_end(t);
        part_cell_date(t, fact->own, x->language);
        part_cell_textf(t, "%.*s", (int)source.n, source.s);
        part_cell_instant(t, fact->recorded_at, x->now, x->language);
        if (copies)
                part_cell_text(t, f->role && f->role[0] ? SAY(x, f->role, role_dutch(f->role)) : NULL);
        part_cell_begin(t);
        case_fact_fields(x, t->h, fact, clear);
        part_cell_end(t);
        part_cell_begin(t);
        html_element(t->h, "code", NULL, id);
        part_cell_end(t);
        part_row_end(t);
}

void case_facts_write(struct exchange *x, struct html *h, const struct case_fact *facts, size_t n, bool clear) {
        const bool copies = n && facts[0].role;
        const struct part_column columns[] = {
                {SAY(x, "Message", "Bericht"), PART_TEXT},        {SAY(x, "Own date", "Eigen datum"), PART_TEXT},
                {SAY(x, "Source", "Bron"), PART_TEXT},            {SAY(x, "Recorded", "Vastgelegd"), PART_TEXT},
                {SAY(x, "What it says", "Wat het zegt"), PART_TEXT}, {SAY(x, "Id", "Kenmerk"), PART_TEXT},
        };
        struct part_column with_role[ELEMENTS(columns) + 1];
        size_t limit = exchange_limit(x), at;
        char number[24], link[EXCHANGE_LINK_MAX];
        struct part_table t;

        if (!case_facts_read(x, n, &at))
                return;
        memcpy(with_role, columns, 4 * sizeof(*columns));
        with_role[4] = (struct part_column){SAY(x, "Copied as", "Kopie als"), PART_TEXT};
        memcpy(with_role + 5, columns + 4, 2 * sizeof(*columns));
        part_table_begin(&t, h, "facts", SAY(x, "Messages, the latest first", "Berichten, het laatste eerst"), copies ? with_role : columns,
                         ELEMENTS(columns) + copies);
        for (; at > 0 && t.rows < limit; at--)
                case_fact_row(x, &t, &facts[at - 1], at, copies, clear);
        part_table_end(&t, SAY(x, "There are no messages.", "Er zijn geen berichten."));
        (void) snprintf(number, sizeof(number), "%zu", at + 1);
        part_more(h, at ? exchange_link(x, "after", number, link) : NULL, x->language);
}

static void case_fact_put(const struct case_fact *f, struct json_writer *w) {
        const struct event event = {f->fact->type, (struct slot *)f->fact->slots};
        char date[DATE_TEXT + 1];

        jsonw_open_object(w);
        jsonw_put_string(w, "event", f->fact->type->name);
        jsonw_key(w, "own_date");
        if (f->fact->own == DAY_NONE) {
                jsonw_null(w);
        } else {
                date_format(f->fact->own, date);
                jsonw_string(w, date);
        }
        jsonw_put_bool(w, "counts", f->fact->counts);
        if (f->role)
                jsonw_put_string(w, "role", f->role);
        if (f->told_at)
                instant_put_exact(w, "told_at", f->told_at);
        jsonw_key(w, "value");
        jsonw_open_object(w);
        event_to_json(&event, true, w);
        jsonw_close_object(w);
        jsonw_close_object(w);
}

void case_facts_put(struct exchange *x, const struct case_fact *facts, size_t n, struct json_writer *w) {
        size_t limit = exchange_limit(x), at, given = 0;
        char number[24];

        if (!case_facts_read(x, n, &at))
                return;
        jsonw_put_int(w, "facts_total", (int64_t)n);
        jsonw_key(w, "facts");
        jsonw_open_array(w);
        for (; at > 0 && given < limit; at--, given++)
                case_fact_put(&facts[at - 1], w);
        jsonw_close_array(w);
        if (at) {
                (void) snprintf(number, sizeof(number), "%zu", at + 1);
                jsonw_put_string(w, "next", number);
        }
}
