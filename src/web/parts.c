/* SPDX-License-Identifier: EUPL-1.2 */

/* Tables, instants, marks, forms and figures as elements. */

#include "web/parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "calendar/explain.h"

/* -- Tables -- */

void part_table_begin(struct part_table *t, struct html *h, const char *id, const char *caption, const struct part_column *columns, size_t n) {
        assert(n > 0 && n <= PART_COLUMNS_MAX);
        *t = (struct part_table){.h = h, .id = id, .columns_n = n};
        memcpy(t->columns, columns, n * sizeof(*columns));
        html_begin(h, "div");
        html_attr(h, "class", "scroll");
        html_attr(h, "role", "region");
        html_attr(h, "tabindex", "0");
        html_attr(h, "aria-labelledby", id);
        html_begin(h, "table");
        html_begin(h, "caption");
        html_attr(h, "id", id);
        html_text(h, caption);
        html_end(h, "caption");
        html_begin(h, "thead");
        html_begin(h, "tr");
        for (size_t i = 0; i < n; i++) {
                html_begin(h, "th");
                html_attr(h, "scope", "col");
                html_attr(h, "class", columns[i].kind == PART_NUMBER ? "number" : NULL);
                html_text(h, columns[i].heading);
                html_end(h, "th");
        }
        html_end(h, "tr");
        html_end(h, "thead");
        html_begin(h, "tbody");
}

void part_table_end(struct part_table *t, const char *empty) {
        struct html *h = t->h;

        if (t->rows == 0) {
                html_begin(h, "tr");
                html_begin(h, "td");
                html_attr_int(h, "colspan", (int64_t)t->columns_n);
                html_attr(h, "class", "empty");
                html_text(h, empty);
                html_end(h, "td");
                html_end(h, "tr");
        }
        html_end(h, "tbody");
        html_end(h, "table");
        html_end(h, "div");
}

void part_row_begin(struct part_table *t, const char *id) {
        html_begin(t->h, "tr");
        html_attr(t->h, "id", id);
        t->at = 0;
        t->rows++;
}

void part_row_end(struct part_table *t) {
        assert(t->at == t->columns_n);
        html_end(t->h, "tr");
}

void part_cell_begin(struct part_table *t) {
        assert(t->at < t->columns_n);
        html_begin(t->h, t->at == 0 ? "th" : "td");
        if (t->at == 0)
                html_attr(t->h, "scope", "row");
        html_attr(t->h, "class", t->columns[t->at].kind == PART_NUMBER ? "number" : NULL);
        t->at++;
}

void part_cell_end(struct part_table *t) {
        html_end(t->h, t->at == 1 ? "th" : "td");
}

void part_cell_text(struct part_table *t, const char *text) {
        part_cell_begin(t);
        html_text(t->h, text);
        part_cell_end(t);
}

void part_cell_textf(struct part_table *t, const char *fmt, ...) {
        char text[HTML_TEXT_MAX];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        part_cell_text(t, text);
}

void part_cell_int(struct part_table *t, int64_t n, enum language language) {
        char text[PART_NUMBER_TEXT];

        part_cell_text(t, part_number(n, language, text));
}

void part_cell_link(struct part_table *t, const char *href, const char *text) {
        part_cell_begin(t);
        html_link(t->h, href, text);
        part_cell_end(t);
}

void part_cell_instant(struct part_table *t, instant_t at, instant_t now, enum language language) {
        part_cell_begin(t);
        if (at != 0)
                part_instant(t->h, at, now, language);
        part_cell_end(t);
}

void part_cell_date(struct part_table *t, day_t date, enum language language) {
        part_cell_begin(t);
        if (date != DAY_NONE)
                part_date(t->h, date, language);
        part_cell_end(t);
}

/* -- Instants, dates, numbers -- */

static const char *part_month(int month, enum language language) {
        static const char *const nl[] = {"jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"};
        static const char *const en[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

        return IN_LANGUAGE(language, en[month - 1], nl[month - 1]);
}

void part_instant(struct html *h, instant_t at, instant_t now, enum language language) {
        day_t date = date_of_instant(at), today = date_of_instant(now);
        char exact[INSTANT_TEXT + 1], clock[6];
        int year, month, day;

        instant_format_exact(at, exact);
        (void) snprintf(clock, sizeof(clock), "%.5s", exact + DATE_TEXT + 1);
        date_to_ymd(date, &year, &month, &day);
        html_begin(h, "time");
        html_attr(h, "datetime", exact);
        html_attr(h, "title", exact);
        if (date == today)
                html_text(h, clock);
        else if (date == today - 1)
                html_textf(h, IN_LANGUAGE(language, "yesterday %s", "gisteren %s"), clock);
        else
                html_textf(h, "%d %s %d %s", day, part_month(month, language), year, clock);
        html_end(h, "time");
}

const char *part_date_text(day_t date, enum language language, char ret[PART_DATE_TEXT]) {
        int year, month, day;

        date_to_ymd(date, &year, &month, &day);
        (void) snprintf(ret, PART_DATE_TEXT, "%d %s %d", day, part_month(month, language), year);
        return ret;
}

void part_date(struct html *h, day_t date, enum language language) {
        char iso[DATE_TEXT + 1], whole[DATE_DUTCH_MAX], text[PART_DATE_TEXT];

        date_format(date, iso);
        html_begin(h, "time");
        html_attr(h, "datetime", iso);
        html_attr(h, "title", language == LANGUAGE_NL ? date_dutch(date, whole) : iso);
        html_text(h, part_date_text(date, language, text));
        html_end(h, "time");
}

void part_age(struct html *h, int64_t ms, enum language language) {
        int64_t s = (ms < 0 ? -ms : ms) / 1000;

        if (s < 120)
                html_textf(h, "%" PRId64 " s", s);
        else if (s < 7200)
                html_textf(h, "%" PRId64 " min", s / 60);
        else if (s < 172800)
                html_textf(h, IN_LANGUAGE(language, "%" PRId64 " hours", "%" PRId64 " uur"), s / 3600);
        else
                html_textf(h, IN_LANGUAGE(language, "%" PRId64 " days", "%" PRId64 " dagen"), s / 86400);
}

const char *part_number(int64_t n, enum language language, char ret[PART_NUMBER_TEXT]) {
        char digits[PART_NUMBER_TEXT], *to = ret;
        const char mark = IN_LANGUAGE(language, ',', '.');
        size_t left;

        (void) snprintf(digits, sizeof(digits), "%" PRIu64, n < 0 ? -(uint64_t)n : (uint64_t)n);
        if (n < 0)
                *to++ = '-';
        left = strlen(digits);
        for (const char *at = digits; *at; at++) {
                *to++ = *at;
                if (--left > 0 && left % 3 == 0)
                        *to++ = mark;
        }
        *to = '\0';
        return ret;
}

const char *part_bytes(int64_t n, enum language language, char ret[PART_NUMBER_TEXT]) {
        static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
        double value = (double)n;
        size_t unit = 0;
        int digits;
        char *point;

        while (value >= 1000 && unit + 1 < ELEMENTS(units)) {
                value /= 1000;
                unit++;
        }
        digits = unit > 0 && value < 10 ? 1 : 0;
        (void) snprintf(ret, PART_NUMBER_TEXT, "%.*f %s", digits, value, units[unit]);
        point = strchr(ret, '.');
        if (point && language == LANGUAGE_NL)
                *point = ',';
        return ret;
}

/* -- Marks -- */

static const struct {
        const char *class, *shape;
} part_marks[] = {
        [PART_GOOD] = {"good", "\xe2\x9c\x93"},      /* a tick */
        [PART_WRONG] = {"wrong", "\xe2\x9c\x97"},    /* a cross */
        [PART_WARNING] = {"warning", "\xe2\x96\xb2"}, /* a triangle */
        [PART_NOTE] = {"note", "\xe2\x97\x8f"},      /* a disc */
};

static void part_mark_shape(struct html *h, enum part_mark mark) {
        html_begin(h, "span");
        html_attr(h, "aria-hidden", "true");
        html_textf(h, "%s ", part_marks[mark].shape);
        html_end(h, "span");
}

void part_mark(struct html *h, enum part_mark mark, const char *text) {
        html_begin(h, "span");
        html_attrf(h, "class", "mark %s", part_marks[mark].class);
        part_mark_shape(h, mark);
        html_text(h, text);
        html_end(h, "span");
}

void part_notice_begin(struct html *h, enum part_mark mark) {
        html_begin(h, "div");
        html_attrf(h, "class", "notice %s", part_marks[mark].class);
        html_attr(h, "role", mark == PART_WRONG ? "alert" : "status");
        html_begin(h, "p");
        part_mark_shape(h, mark);
}

void part_notice_end(struct html *h) {
        html_end(h, "p");
        html_end(h, "div");
}

void part_notice(struct html *h, enum part_mark mark, const char *text) {
        part_notice_begin(h, mark);
        html_text(h, text);
        part_notice_end(h);
}

/* -- Live -- */

void part_live(struct html *h, const char *pointer, const char *form, const char *text) {
        html_begin(h, "span");
        html_attr(h, "data-live", pointer);
        html_attr(h, "data-form", form);
        html_text(h, text);
        html_end(h, "span");
}

void part_live_age(struct html *h, const char *pointer, int64_t ms, enum language language) {
        html_begin(h, "span");
        html_attr(h, "data-live", pointer);
        html_attr(h, "data-form", "age");
        part_age(h, ms, language);
        html_end(h, "span");
}

void part_cell_live(struct part_table *t, const char *pointer, const char *form, const char *text) {
        part_cell_begin(t);
        part_live(t->h, pointer, form, text);
        part_cell_end(t);
}

void part_said(struct html *h, enum language language, const char *text) {
        html_begin(h, "span");
        html_attr(h, "lang", language_tag(language));
        html_text(h, text);
        html_end(h, "span");
}

void part_tail(struct html *h, const char *address, const char *label, const char *without) {
        html_begin(h, "ol");
        html_attr(h, "class", "tail");
        html_attr(h, "aria-label", label);
        html_attr(h, "data-tail", address);
        html_element(h, "li", "quiet", without);
        html_end(h, "ol");
}

void part_figures_begin(struct html *h, const char *label) {
        html_begin(h, "div");
        html_attr(h, "class", "figures");
        html_attr(h, "role", "group");
        html_attr(h, "aria-label", label);
}

void part_figure(struct html *h, const char *label, const char *pointer, const char *form, const char *text) {
        html_begin(h, "div");
        html_begin(h, "strong");
        if (pointer)
                part_live(h, pointer, form, text);
        else
                html_text(h, text);
        html_end(h, "strong");
        html_text(h, label);
        html_end(h, "div");
}

void part_figures_end(struct html *h) {
        html_end(h, "div");
}

/* -- Terms -- */

void part_terms_begin(struct html *h) {
        html_begin(h, "dl");
}

void part_term_begin(struct html *h, const char *term) {
        html_begin(h, "div");
        html_element(h, "dt", NULL, term);
        html_begin(h, "dd");
}

void part_term_end(struct html *h) {
        html_end(h, "dd");
        html_end(h, "div");
}

void part_term(struct html *h, const char *term, const char *text) {
        part_term_begin(h, term);
        html_text(h, text ? text : "\xe2\x80\x93");
        part_term_end(h);
}

void part_terms_end(struct html *h) {
        html_end(h, "dl");
}

/* -- Forms -- */

void part_filter_begin(struct html *h, const char *action, const char *label) {
        html_begin(h, "form");
        html_attr(h, "class", "filter");
        html_attr(h, "method", "get");
        html_attr(h, "action", action);
        html_attr(h, "role", "search");
        html_attr(h, "aria-label", label);
}

static void part_button(struct html *h, const char *class, const char *text) {
        html_begin(h, "button");
        html_attr(h, "type", "submit");
        html_attr(h, "class", class);
        html_text(h, text);
        html_end(h, "button");
}

void part_filter_end(struct html *h, enum language language) {
        part_button(h, NULL, IN_LANGUAGE(language, "Show", "Toon"));
        html_end(h, "form");
}

void part_act_begin(struct html *h, const char *action, const char *token) {
        html_begin(h, "form");
        html_attr(h, "class", "act");
        html_attr(h, "method", "post");
        html_attr(h, "action", action);
        part_hidden(h, "token", token);
}

void part_act_end(struct html *h, const char *button, bool wrong) {
        part_button(h, wrong ? "danger" : NULL, button);
        html_end(h, "form");
}

void part_hidden(struct html *h, const char *name, const char *value) {
        html_void(h, "input");
        html_attr(h, "type", "hidden");
        html_attr(h, "name", name);
        html_attr(h, "value", value);
}

/* Several forms of a page may have fields of the same name: their ids are numbered. */
static void part_label_begin(struct html *h, const char *label) {
        html_begin(h, "div");
        html_attr(h, "class", "field");
        html_begin(h, "label");
        html_attrf(h, "for", "field-%u", ++h->fields);
        html_text(h, label);
        html_end(h, "label");
}

static void part_input_begin(struct html *h, const char *kind, const char *name, const char *label, const char *value) {
        part_label_begin(h, label);
        html_void(h, "input");
        html_attr(h, "type", kind);
        html_attrf(h, "id", "field-%u", h->fields);
        html_attr(h, "name", name);
        html_attr(h, "value", value);
}

void part_field(struct html *h, const char *name, const char *label, const char *value) {
        part_input_begin(h, "text", name, label, value);
        html_end(h, "div");
}

void part_field_required(struct html *h, const char *name, const char *label, const char *value, size_t bytes_max) {
        part_input_begin(h, "text", name, label, value);
        html_attr_int(h, "maxlength", (int64_t)bytes_max);
        html_flag(h, "required", true);
        html_end(h, "div");
}

void part_field_kind(struct html *h, const char *kind, const char *name, const char *label, const char *value, const char *autocomplete, bool required) {
        part_input_begin(h, kind, name, label, value);
        html_attr(h, "autocomplete", autocomplete);
        html_flag(h, "required", required);
        html_end(h, "div");
}

void part_select(struct html *h, const char *name, const char *label, const char *value, const struct part_choice *choices, size_t n) {
        part_label_begin(h, label);
        html_begin(h, "select");
        html_attrf(h, "id", "field-%u", h->fields);
        html_attr(h, "name", name);
        for (size_t i = 0; i < n; i++) {
                html_begin(h, "option");
                html_attr(h, "value", choices[i].value);
                html_flag(h, "selected", value && strcmp(value, choices[i].value) == 0);
                html_text(h, choices[i].text);
                html_end(h, "option");
        }
        html_end(h, "select");
        html_end(h, "div");
}

/* -- More -- */

void part_more(struct html *h, const char *href, enum language language) {
        if (!href)
                return;
        html_begin(h, "p");
        html_attr(h, "class", "more");
        html_begin(h, "a");
        html_attr(h, "href", href);
        html_attr(h, "rel", "next");
        html_text(h, IN_LANGUAGE(language, "More", "Meer"));
        html_end(h, "a");
        html_end(h, "p");
}

void part_links(struct html *h, const char *label, const struct part_link *links, size_t n) {
        html_begin(h, "ul");
        html_attr(h, "class", "links");
        html_attr(h, "aria-label", label);
        for (size_t i = 0; i < n; i++) {
                html_begin(h, "li");
                html_link(h, links[i].href, links[i].text);
                html_end(h, "li");
        }
        html_end(h, "ul");
}

/* -- Pictures -- */

void part_spark_begin(struct html *h, const char *id, const char *title, const char *described, double width, double height) {
        html_begin(h, "svg");
        html_attr(h, "xmlns", "http://www.w3.org/2000/svg");
        html_attr(h, "role", "img");
        html_attr(h, "id", id);
        html_attrf(h, "viewBox", "0 0 %.0f %.0f", width, height);
        html_attr_number(h, "width", width);
        html_attr_number(h, "height", height);
        html_element(h, "title", NULL, title);
        html_element(h, "desc", NULL, described);
}

void part_spark_end(struct html *h) {
        html_end(h, "svg");
}

void part_picture_begin(struct html *h, const char *id, const char *caption, const char *described, double width, double height) {
        html_begin(h, "figure");
        html_element(h, "figcaption", NULL, caption);
        part_spark_begin(h, id, caption, described, width, height);
}

void part_picture_end(struct html *h) {
        html_end(h, "svg");
        html_end(h, "figure");
}

void part_picture_wide_begin(struct html *h, const char *id, const char *caption, const char *described, double width, double height) {
        html_begin(h, "div");
        html_attr(h, "class", "picture wide");
        html_attr(h, "role", "region");
        html_attr(h, "tabindex", "0");
        html_attr(h, "aria-label", caption);
        part_picture_begin(h, id, caption, described, width, height);
}

void part_picture_wide_end(struct html *h) {
        part_picture_end(h);
        html_end(h, "div");
}
