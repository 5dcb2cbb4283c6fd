/* SPDX-License-Identifier: EUPL-1.2 */

/* Listings for programs (JSON lines and CSV) and for people, in Dutch. */

#include "survey/report_print.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"

/* -- For programs -- */

static void json_item(struct json_writer *w, const struct listing_item *item) {
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

static void json_cell(struct json_writer *w, const struct listing_cell *cell) {
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
                        json_item(w, &cell->list.items[i]);
                jsonw_close_array(w);
                break;
        }
}

void report_put_row(struct json_writer *w, const struct listing_table *table, size_t row) {
        jsonw_open_object(w);
        for (size_t c = 0; c < table->n_columns; c++) {
                jsonw_key(w, table->columns[c].key);
                json_cell(w, &table->rows[row][c]);
        }
        jsonw_close_object(w);
}

void report_print_json(const struct listing_table *table, struct buffer *out) {
        for (size_t i = 0; i < table->n_rows; i++) {
                struct json_writer w = JSON_WRITER(out);

                report_put_row(&w, table, i);
                buffer_add_byte(out, '\n');
        }
}

void report_print_csv_text(struct buffer *out, const char *text) {
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
                report_print_csv_text(out, cell->text);
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
                report_print_csv_text(out, table->columns[c].key);
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

/* -- For people -- */

#define WORD_MAX 128

/* What symbols of the events are called; one that stands nowhere here is shown in lower case. */
static const struct {
        const char *column, *symbol, *dutch; /* column NULL: wherever it stands */
} words[] = {
        {"kind", "DIFFERENCE_OF_INSIGHT", "verschil van inzicht"},
        {"kind", "INSUFFICIENT_QUALITY", "onvoldoende kwaliteit"},
        {"kind", "WAITING_TOO_LONG", "te lang wachten"},
        {"by", "DIFFERENCE_OF_INSIGHT", "verschil van inzicht"},
        {"by", "INSUFFICIENT_QUALITY", "onvoldoende kwaliteit"},
        {"by", "WAITING_TOO_LONG", "te lang wachten"},
        {NULL, "MANAGEMENT", "management"},
        {NULL, "EXPERT_TEAM", "expertteam"},
        {NULL, "BREAKTHROUGH_TEAM", "doorbraakteam"},
        {NULL, "OZJ", "OZJ"},
        {NULL, "BOARD", "bestuur"},
        {NULL, "SUPRA_REGIONAL", "bovenregionaal"},
        {NULL, "QUEUE", "wachtlijst"},
        {NULL, "BUDGET_CAP", "budgetplafond"},
        {NULL, "ADMISSION_STOP", "opnamestop"},
        {NULL, "NO_OFFER", "geen aanbod"},
        {NULL, "INVESTIGATION", "onderzoek"},
        {NULL, "DECISION", "wacht op besluit"},
        {NULL, "OTHER", "anders"},
        {NULL, "EXPIRED", "verlopen"},
        {NULL, "ENDED_EARLY", "eerder beëindigd"},
        {NULL, "AGE_18", "18 jaar geworden"},
        {NULL, "TRANSFERRED", "overgedragen"},
        {NULL, "REPLACED", "vervangen"},
        {NULL, "DECEASED", "overleden"},
        {NULL, "VOORLOPIGE_VOOGDIJ", "voorlopige voogdij"},
        {NULL, "TIJDELIJKE_VOOGDIJ", "tijdelijke voogdij"},
        {NULL, "JR_GEDWONGEN", "jeugdreclassering (gedwongen)"},
        {NULL, "JR_VRIJWILLIG", "jeugdreclassering (vrijwillig)"},
        {NULL, "ITB_HARDE_KERN", "ITB harde kern"},
        {NULL, "ITB_CRIEM", "ITB CRIEM"},
        {NULL, "GBM_VOORBEREIDING", "voorbereiding GBM"},
        {NULL, "OTS", "OTS"},
        {NULL, "VOTS", "VOTS"},
        {NULL, "STP", "STP"},
        {NULL, "GBM", "GBM"},
        {"status", "RUNNING", "loopt"},
        {"status", "OVERDUE", "te laat"},
        {"status", "EXPLAINED", "toegelicht"},
        {"hears", "announcement", "aankondiging"},
        {"missing", "with_local_team", "lokaal team"},
        {"missing", "with_receiver", "ontvangende professional"},
        {"missing", "with_family", "gezin"},
        {"missing", "results", "resultaten"},
        {"missing", "risks", "risico's"},
        {"missing", "relapse", "terugval"},
        {"missing", "network", "netwerk"},
};

static bool text_is_symbol(const char *text) {
        for (; *text; text++) {
                if (!(*text >= 'A' && *text <= 'Z') && *text != '_')
                        return false;
        }
        return true;
}

/* A symbol or key as words. */
static void text_spaced(struct buffer *out, const char *text) {
        for (; *text; text++)
                buffer_add_byte(out, *text == '_' ? ' ' : (uint8_t)tolower((unsigned char)*text));
}

static void text_word(struct buffer *out, enum language language, const char *column, const char *text) {
        for (size_t i = 0; language == LANGUAGE_NL && i < ELEMENTS(words); i++) {
                if (strcmp(words[i].symbol, text) == 0 && (!words[i].column || strcmp(words[i].column, column) == 0)) {
                        buffer_add_text(out, words[i].dutch);
                        return;
                }
        }
        if (language == LANGUAGE_NL && strncmp(text, "rung ", 5) == 0) {
                buffer_printf(out, "trede %s", text + 5);
                return;
        }
        if (!text_is_symbol(text)) {
                buffer_add_text(out, text);
                return;
        }
        text_spaced(out, text);
}

static void text_date(struct buffer *out, day_t date) {
        int year, month, day;

        date_to_ymd(date, &year, &month, &day);
        buffer_printf(out, "%02d-%02d-%04d", day, month, year);
}

static void text_list(struct buffer *out, enum language language, const char *column, const struct listing_cell *cell) {
        for (size_t i = 0; i < cell->list.n; i++) {
                const struct listing_item *item = &cell->list.items[i];

                if (i)
                        buffer_add_text(out, ", ");
                text_word(out, language, column, item->word);
                if (item->date != DAY_NONE) {
                        buffer_add_byte(out, ' ');
                        text_date(out, item->date);
                }
                if (item->has_agreed)
                        buffer_add_text(out, item->agreed ? IN_LANGUAGE(language, " (agreed)", " (eens)")
                                                          : IN_LANGUAGE(language, " (not agreed)", " (niet eens)"));
        }
        if (cell->list.n == 0)
                buffer_add_text(out, "-");
}

const char *report_cell(const struct listing_column *column, const struct listing_cell *cell, enum language language, struct buffer *scratch) {
        bool whose = strcmp(column->key, "by") == 0 || strcmp(column->key, "organisation") == 0;

        buffer_clear(scratch);
        switch (cell->kind) {
        case CELL_NULL:
                buffer_add_text(scratch, whose ? IN_LANGUAGE(language, "unknown", "onbekend") : "-");
                break;
        case CELL_TEXT:
                if (cell->name)
                        buffer_add_text(scratch, cell->name);
                else
                        text_word(scratch, language, column->key, cell->text);
                break;
        case CELL_INT:
                buffer_printf(scratch, "%lld", (long long)cell->i);
                break;
        case CELL_BOOLEAN:
                buffer_add_text(scratch, cell->i ? IN_LANGUAGE(language, "yes", "ja") : IN_LANGUAGE(language, "no", "nee"));
                break;
        case CELL_DATE:
                text_date(scratch, (day_t)cell->i);
                break;
        case CELL_LIST:
                text_list(scratch, language, column->key, cell);
                break;
        }
        return buffer_text(scratch);
}

const char *report_heading(const struct listing_column *column, enum language language, struct buffer *scratch) {
        if (language == LANGUAGE_NL)
                return column->heading;
        buffer_clear(scratch);
        text_spaced(scratch, column->key);
        return buffer_text(scratch);
}

/* Of the text: in Dutch. */
static const char *text_cell(struct buffer *scratch, const struct listing_column *column, const struct listing_cell *cell) {
        return report_cell(column, cell, LANGUAGE_NL, scratch);
}

/* Characters, not bytes. */
static size_t text_width(const char *text) {
        size_t n = 0;

        for (; *text; text++)
                n += ((unsigned char)*text & 0xc0) != 0x80;
        return n;
}

static void text_padded(struct buffer *out, const char *text, size_t width, bool right) {
        size_t n = text_width(text), pad = n < width ? width - n : 0;

        buffer_printf(out, "%*s%s%*s", right ? (int)pad : 0, "", text, right ? 0 : (int)pad, "");
}

struct layout_of_text {
        size_t widths[LISTING_COLUMNS_MAX];
        bool right[LISTING_COLUMNS_MAX]; /* numbers */
        bool shown[LISTING_COLUMNS_MAX]; /* for people, and some line has it */
};

static void text_measure(const struct listing_table *table, struct buffer *scratch, struct layout_of_text *ret) {
        *ret = (struct layout_of_text){0};
        for (size_t c = 0; c < table->n_columns; c++) {
                ret->widths[c] = text_width(table->columns[c].heading);
                for (size_t i = 0; i < table->n_rows; i++) {
                        size_t n = text_width(text_cell(scratch, &table->columns[c], &table->rows[i][c]));

                        ret->right[c] |= table->rows[i][c].kind == CELL_INT;
                        ret->shown[c] |= table->columns[c].use == COLUMN_PLAIN && (c == 0 || table->rows[i][c].kind != CELL_NULL);
                        if (n > ret->widths[c])
                                ret->widths[c] = n;
                }
        }
}

/* Ends a line: without the spaces that pad its last column. */
static void text_end_line(struct buffer *out) {
        while (out->n && out->bytes[out->n - 1] == ' ')
                out->n--;
        buffer_add_byte(out, '\n');
}

static void text_row(const struct listing_table *table, const struct listing_cell *cells, const struct layout_of_text *layout, struct buffer *scratch,
                    struct buffer *out) {
        for (size_t c = 0; c < table->n_columns; c++) {
                if (!layout->shown[c])
                        continue;
                text_padded(out, cells ? text_cell(scratch, &table->columns[c], &cells[c]) : table->columns[c].heading, layout->widths[c],
                            layout->right[c]);
                buffer_add_text(out, "  ");
        }
        text_end_line(out);
}

static void text_group(const struct listing_table *table, size_t row, size_t column, struct buffer *scratch, struct buffer *out) {
        char before[WORD_MAX] = "", now[WORD_MAX];

        if (row)
                (void) snprintf(before, sizeof(before), "%s", text_cell(scratch, &table->columns[column], &table->rows[row - 1][column]));
        (void) snprintf(now, sizeof(now), "%s", text_cell(scratch, &table->columns[column], &table->rows[row][column]));
        if (row && strcmp(before, now) == 0)
                return;
        if (row)
                buffer_add_byte(out, '\n');
        buffer_printf(out, "%s\n", now);
}

void report_print_text(const struct listing_table *table, struct buffer *out) {
        struct buffer scratch = BUFFER_INIT(64 * 1024);
        struct layout_of_text layout;

        if (table->n_rows == 0) {
                buffer_add_text(out, "Geen.\n");
                return;
        }
        text_measure(table, &scratch, &layout);
        text_row(table, NULL, &layout, &scratch, out);
        for (size_t i = 0; i < table->n_rows; i++) {
                for (size_t c = 0; c < table->n_columns; c++) {
                        if (table->columns[c].use == COLUMN_GROUP)
                                text_group(table, i, c, &scratch, out);
                }
                text_row(table, table->rows[i], &layout, &scratch, out);
        }
        out->failed |= scratch.failed;
        buffer_done(&scratch);
}
