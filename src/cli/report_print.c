/* SPDX-License-Identifier: EUPL-1.2 */

/* Listings for programs: JSON lines and CSV. */

#include "cli/report_print.h"

#include <string.h>

#include "base/json.h"

static void put_item(struct json_writer *w, const struct listing_item *item) {
        char date[DATE_TEXT + 1];

        if (item->date == DAY_NONE) {
                jsonw_string(w, item->word);
                return;
        }
        date_format(item->date, date);
        jsonw_open_object(w);
        jsonw_put_string(w, "step", item->word);
        jsonw_put_string(w, "date", date);
        if (item->has_agreed)
                jsonw_put_bool(w, "agreed", item->agreed);
        jsonw_close_object(w);
}

static void put_cell(struct json_writer *w, const struct listing_cell *cell) {
        char date[DATE_TEXT + 1];

        switch (cell->kind) {
        case CELL_NULL:
                jsonw_null(w);
                break;
        case CELL_TEXT:
                jsonw_string(w, cell->text);
                break;
        case CELL_INT:
                jsonw_int(w, cell->i);
                break;
        case CELL_BOOLEAN:
                jsonw_bool(w, cell->i);
                break;
        case CELL_DATE:
                date_format((day_t)cell->i, date);
                jsonw_string(w, date);
                break;
        case CELL_LIST:
                jsonw_open_array(w);
                for (size_t i = 0; i < cell->list.n; i++)
                        put_item(w, &cell->list.items[i]);
                jsonw_close_array(w);
                break;
        }
}

void report_print_json(const struct listing_table *table, struct buffer *out) {
        for (size_t i = 0; i < table->n_rows; i++) {
                struct json_writer w = JSON_WRITER(out);

                jsonw_open_object(&w);
                for (size_t c = 0; c < table->n_columns; c++) {
                        jsonw_key(&w, table->columns[c].key);
                        put_cell(&w, &table->rows[i][c]);
                }
                jsonw_close_object(&w);
                buffer_add_byte(out, '\n');
        }
}

static void csv_text(struct buffer *out, const char *text) {
        if (!strpbrk(text, ",\"\r\n")) {
                buffer_add_text(out, text);
                return;
        }
        buffer_add_byte(out, '"');
        for (; *text; text++) {
                if (*text == '"')
                        buffer_add_byte(out, '"');
                buffer_add_byte(out, (uint8_t)*text);
        }
        buffer_add_byte(out, '"');
}

static void csv_list(struct buffer *out, const struct listing_cell *cell) {
        char date[DATE_TEXT + 1];

        for (size_t i = 0; i < cell->list.n; i++) {
                const struct listing_item *item = &cell->list.items[i];

                buffer_printf(out, "%s%s", i ? "; " : "", item->word); /* symbols and field names: nothing to quote */
                if (item->date != DAY_NONE) {
                        date_format(item->date, date);
                        buffer_printf(out, " %s", date);
                }
                if (item->has_agreed)
                        buffer_add_text(out, item->agreed ? " agreed" : " not agreed");
        }
}

static void csv_cell(struct buffer *out, const struct listing_cell *cell) {
        char date[DATE_TEXT + 1];

        switch (cell->kind) {
        case CELL_NULL:
                break;
        case CELL_TEXT:
                csv_text(out, cell->text);
                break;
        case CELL_INT:
                buffer_printf(out, "%lld", (long long)cell->i);
                break;
        case CELL_BOOLEAN:
                buffer_add_text(out, cell->i ? "true" : "false");
                break;
        case CELL_DATE:
                date_format((day_t)cell->i, date);
                buffer_add_text(out, date);
                break;
        case CELL_LIST:
                csv_list(out, cell);
                break;
        }
}

void report_print_csv(const struct listing_table *table, struct buffer *out) {
        for (size_t c = 0; c < table->n_columns; c++) {
                if (c)
                        buffer_add_byte(out, ',');
                csv_text(out, table->columns[c].key);
        }
        buffer_add_text(out, "\r\n");
        for (size_t i = 0; i < table->n_rows; i++) {
                for (size_t c = 0; c < table->n_columns; c++) {
                        if (c)
                                buffer_add_byte(out, ',');
                        csv_cell(out, &table->rows[i][c]);
                }
                buffer_add_text(out, "\r\n");
        }
}
