/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The parts that pages are made of: tables, filters, links to more, marks, instants
 *
 * Every table has a caption, headings with a scope and a box that the keyboard can move; every field a label; every mark a word beside its colour. No page
 * writes these elements itself. The classes are those of console/assets/console.css.
 */

#include "base/clock.h"
#include "base/language.h"
#include "calendar/date.h"
#include "web/html.h"

/* -- Tables -- */

enum part_column_kind { PART_TEXT, PART_NUMBER };
struct part_column {
        const char *heading;
        enum part_column_kind kind;
};

#define PART_COLUMNS_MAX 24

/* A table being written. Its cells come one after the other, each in one of the ways below; a row is full when all columns have one (asserted). */
struct part_table {
        struct html *h;
        const char *id; /* of the caption; unique on the page */
        struct part_column columns[PART_COLUMNS_MAX];
        size_t columns_n, at, rows;
};

/* @id: borrowed until the end; @columns: copied. The first cell of each row is its heading. */
void part_table_begin(struct part_table *t, struct html *h, const char *id, const char *caption, const struct part_column *columns, size_t n);
/* @empty: what is said when it has no row. */
void part_table_end(struct part_table *t, const char *empty);

/* A row; @id: NULL, or by which a link finds it. */
void part_row_begin(struct part_table *t, const char *id);
void part_row_end(struct part_table *t);

/* A cell of which the caller writes the contents; and the common ones. NULL: an empty cell. */
void part_cell_begin(struct part_table *t);
void part_cell_end(struct part_table *t);
void part_cell_text(struct part_table *t, const char *text);
void part_cell_textf(struct part_table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void part_cell_int(struct part_table *t, int64_t n, enum language language); /* with points or commas: 1.234.567 */
void part_cell_link(struct part_table *t, const char *href, const char *text);
void part_cell_instant(struct part_table *t, instant_t at, instant_t now, enum language language); /* 0: empty */
void part_cell_date(struct part_table *t, day_t date, enum language language); /* DAY_NONE: empty */

/* -- Instants, dates, numbers -- */

/* As people write it, shorter the nearer it is ("14:03", "gisteren 14:03", "3 mrt 2026 14:03"), the exact instant in its title. */
void part_instant(struct html *h, instant_t at, instant_t now, enum language language);
/* "3 mrt 2026", the whole date in its title. */
void part_date(struct html *h, day_t date, enum language language);
/* The same without markup, for pictures and sentences; returns @ret. */
#define PART_DATE_TEXT 24
const char *part_date_text(day_t date, enum language language, char ret[PART_DATE_TEXT]);
/* How long ago or ahead: "12 s", "3 min", "5 uur", "2 dagen". */
void part_age(struct html *h, int64_t ms, enum language language);
/* "1.234.567", "1,234,567"; returns @ret. */
#define PART_NUMBER_TEXT 32
const char *part_number(int64_t n, enum language language, char ret[PART_NUMBER_TEXT]);
/* "12 kB", "3,4 MB". */
const char *part_bytes(int64_t n, enum language language, char ret[PART_NUMBER_TEXT]);

/* -- Marks: a shape and a word, so that nothing is said by colour alone -- */

enum part_mark { PART_GOOD, PART_WRONG, PART_WARNING, PART_NOTE };
/* One mark, within a line. */
void part_mark(struct html *h, enum part_mark mark, const char *text);

/* A block that says something of the whole page; assistive software reads PART_WRONG at once. */
void part_notice_begin(struct html *h, enum part_mark mark);
void part_notice_end(struct html *h);
void part_notice(struct html *h, enum part_mark mark, const char *text);

/* -- Text in another language than that of the page -- */

/* As the broker or the engine says it; assistive software reads it so. */
void part_said(struct html *h, enum language language, const char *text);

/* -- Figures that change by themselves -- */

/*
 * @text, which the script of the console goes on to keep as it is at the JSON pointer @pointer of the latest message of the stream ("/lag/records"). @form:
 * how it is written there: "number", "bytes", "rate", "age" (from an instant in ms); NULL: as it is. Without a script @text stays.
 */
void part_live(struct html *h, const char *pointer, const char *form, const char *text);
/* The same of an age, as part_age() writes it; the script counts on. */
void part_live_age(struct html *h, const char *pointer, int64_t ms, enum language language);
void part_cell_live(struct part_table *t, const char *pointer, const char *form, const char *text);

/* A list to which the script adds what the stream at @address says, the latest first; @without: what stands there without one. */
void part_tail(struct html *h, const char *address, const char *label, const char *without);

/* Large figures beside each other, each with what it counts; @pointer and @form as above, NULL: it stays. */
void part_figures_begin(struct html *h, const char *label);
void part_figure(struct html *h, const char *label, const char *pointer, const char *form, const char *text);
void part_figures_end(struct html *h);

/* -- A list of terms: <dl> -- */

/* The list, its terms in their order, and its end. */
void part_terms_begin(struct html *h);
void part_term(struct html *h, const char *term, const char *text); /* NULL text: a dash */
void part_term_begin(struct html *h, const char *term); /* the caller writes what it is */
void part_term_end(struct html *h);
void part_terms_end(struct html *h);

/* -- Forms -- */

/* A filter: a form that is asked for by GET, so that its address can be mailed. @action: the path. */
void part_filter_begin(struct html *h, const char *action, const char *label);
void part_filter_end(struct html *h, enum language language);

/* A form that acts: POST, with the token that shows that it is ours. */
void part_act_begin(struct html *h, const char *action, const char *token);
/* @button: what it says. @wrong: it cannot be undone. */
void part_act_end(struct html *h, const char *button, bool wrong);

struct part_choice {
        const char *value, *text;
};
/* Fields with their labels. @value: NULL for none. */
void part_field(struct html *h, const char *name, const char *label, const char *value);
void part_field_required(struct html *h, const char *name, const char *label, const char *value, size_t bytes_max);
void part_field_kind(struct html *h, const char *kind, const char *name, const char *label, const char *value, const char *autocomplete, bool required);
void part_select(struct html *h, const char *name, const char *label, const char *value, const struct part_choice *choices, size_t n);
void part_hidden(struct html *h, const char *name, const char *value);

/* -- More of a list -- */

/* The link to what comes behind. @href: NULL, there is nothing. */
void part_more(struct html *h, const char *href, enum language language);

/* Links beside each other, as to CSV and JSON. */
struct part_link {
        const char *href, *text;
};
void part_links(struct html *h, const char *label, const struct part_link *links, size_t n);

/* -- Pictures -- */

/*
 * A figure: its caption, then <svg role="img"> with a title and a description, which the caller fills with shapes. @id: unique on the page. @described:
 * in one or two sentences what is to be seen, and that the table beside it has the same data.
 */
void part_picture_begin(struct html *h, const char *id, const char *caption, const char *described, double width, double height);
void part_picture_end(struct html *h);

/* A small one in a line or a cell, without a caption: the description says what there is to see, figures included. */
void part_spark_begin(struct html *h, const char *id, const char *title, const char *described, double width, double height);
void part_spark_end(struct html *h);

/* The same, of one with words in it: where there is no room it keeps its width, in a box that the keyboard can move. */
void part_picture_wide_begin(struct html *h, const char *id, const char *caption, const char *described, double width, double height);
void part_picture_wide_end(struct html *h);
