/* SPDX-License-Identifier: EUPL-1.2 */

/* The list of agreements. */

#include "console/pages/protocols.h"

#include <stdio.h>
#include <string.h>

void protocols_validity(struct exchange *x, struct html *h, const struct protocol *protocol) {
        part_date(h, protocol->from, x->language);
        if (protocol->until == INT32_MAX) {
                html_text(h, SAY(x, " until further notice", " tot nader order"));
                return;
        }
        html_text(h, SAY(x, " to ", " tot en met "));
        part_date(h, protocol->until, x->language);
}

void protocols_regions(struct exchange *x, struct html *h, const struct protocol *protocol) {
        if (protocol->n_regions == 0)
                html_text(h, SAY(x, "everywhere", "overal"));
        for (size_t i = 0; i < protocol->n_regions; i++)
                html_textf(h, "%s%s", i ? ", " : "", protocol->regions[i]->name);
}

static void protocols_put_date(struct json_writer *w, const char *key, day_t date) {
        char text[DATE_TEXT + 1];

        jsonw_key(w, key);
        if (date == INT32_MAX) {
                jsonw_null(w);
                return;
        }
        date_format(date, text);
        jsonw_string(w, text);
}

void protocols_put(const struct protocol *protocol, struct json_writer *w) {
        jsonw_put_string(w, "protocol", protocol->name);
        jsonw_put_string(w, "title", protocol->title ? protocol->title : protocol->name);
        jsonw_put_string(w, "source", protocol->source ? protocol->source : "");
        protocols_put_date(w, "valid_from", protocol->from);
        protocols_put_date(w, "valid_until", protocol->until);
        jsonw_key(w, "regions");
        jsonw_open_array(w);
        for (size_t i = 0; i < protocol->n_regions; i++)
                jsonw_string(w, protocol->regions[i]->id);
        jsonw_close_array(w);
}

/* The first of the list that stands behind ?after=, the name of the last one of the page before. */
static size_t protocols_first(const struct exchange *x, const struct protocols *all) {
        const char *after = exchange_query(x, "after");
        size_t first = 0;

        while (after && first < all->n && strcmp(all->items[first]->name, after) <= 0)
                first++;
        return first;
}

static const char *protocols_status(const struct exchange *x, const struct protocol *protocol, enum part_mark *ret) {
        day_t today = date_of_instant(x->now);

        *ret = PART_NOTE;
        if (today < protocol->from)
                return SAY(x, "to come", "komt");
        if (today > protocol->until)
                return SAY(x, "over", "voorbij");
        *ret = PART_GOOD;
        return SAY(x, "holds", "geldt");
}

static void protocols_row(struct exchange *x, struct part_table *t, const struct protocol *protocol) {
        enum part_mark mark;
        const char *status = protocols_status(x, protocol, &mark);
        char href[160];

        (void) snprintf(href, sizeof(href), "/afspraken/%s", protocol->name);
        part_row_begin(t, NULL);
        part_cell_link(t, href, protocol->title ? protocol->title : protocol->name);
        part_cell_begin(t);
        part_mark(t->h, mark, status);
        part_cell_end(t);
        part_cell_begin(t);
        protocols_validity(x, t->h, protocol);
        part_cell_end(t);
        part_cell_begin(t);
        protocols_regions(x, t->h, protocol);
        part_cell_end(t);
        part_cell_text(t, protocol->source);
        part_cell_int(t, (int64_t)protocol->n_norms, x->language);
        part_row_end(t);
}

static void protocols_put_all(struct exchange *x, const struct protocols *all, size_t first, size_t last) {
        struct json_writer w = exchange_json(x);

        jsonw_open_object(&w);
        jsonw_key(&w, "protocols");
        jsonw_open_array(&w);
        for (size_t i = first; i < last; i++) {
                jsonw_open_object(&w);
                protocols_put(all->items[i], &w);
                jsonw_put_int(&w, "norms", (int64_t)all->items[i]->n_norms);
                jsonw_close_object(&w);
        }
        jsonw_close_array(&w);
        if (last < all->n)
                jsonw_put_string(&w, "next", all->items[last - 1]->name);
        jsonw_close_object(&w);
}

void page_protocols(struct exchange *x) {
        const struct protocols *all = &x->console->config->protocols;
        const struct part_column columns[] = {
                {SAY(x, "Agreement", "Afspraak"), PART_TEXT}, {SAY(x, "Now", "Nu"), PART_TEXT},        {SAY(x, "Validity", "Geldigheid"), PART_TEXT},
                {SAY(x, "Where", "Waar"), PART_TEXT},         {SAY(x, "Source", "Bron"), PART_TEXT}, {SAY(x, "Norms", "Normen"), PART_NUMBER},
        };
        size_t first = protocols_first(x, all), last = first + exchange_limit(x) < all->n ? first + exchange_limit(x) : all->n;
        char link[EXCHANGE_LINK_MAX];
        struct part_table t;
        struct html h;

        if (x->json) {
                protocols_put_all(x, all, first, last);
                return;
        }
        exchange_page_begin(x, &h, SAY(x, "Agreements", "Afspraken"));
        part_table_begin(&t, &h, "protocols", SAY(x, "All agreements by which cases are judged", "Alle afspraken waaraan zaken getoetst worden"), columns,
                         ELEMENTS(columns));
        for (size_t i = first; i < last; i++)
                protocols_row(x, &t, all->items[i]);
        part_table_end(&t, SAY(x, "There are none.", "Er zijn er geen."));
        part_more(&h, last < all->n ? exchange_link(x, "after", all->items[last - 1]->name, link) : NULL, x->language);
        exchange_page_end(x, &h);
}
