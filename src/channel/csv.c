/* SPDX-License-Identifier: EUPL-1.2 */

/* Splits and writes lines of CSV. */

#include "channel/csv.h"

#include <string.h>

static const char csv_formula[] = "=+-@\t\r"; /* what a spreadsheet takes for the beginning of one, OWASP's list */

static bool csv_is_formula(struct text value) {
        return value.n > 0 && memchr(csv_formula, value.s[0], sizeof(csv_formula) - 1);
}

char csv_separator(struct text header) {
        size_t semicolons = 0, commas = 0;

        for (size_t i = 0; i < header.n; i++) {
                semicolons += header.s[i] == ';';
                commas += header.s[i] == ',';
        }
        return commas > semicolons ? ',' : ';';
}

static bool csv_is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* A value in quotes, of which *at is behind the first. False: it is not closed. */
static bool csv_quoted(struct text line, size_t *at, char *room, struct text *ret) {
        size_t n = 0;

        for (; *at < line.n; room[n++] = line.s[(*at)++]) {
                if (line.s[*at] != '"')
                        continue;
                (*at)++;
                if (*at == line.n || line.s[*at] != '"') {
                        *ret = (struct text){room, n};
                        return true;
                }
        }
        return false;
}

static struct text csv_plain(struct text line, size_t *at, char separator) {
        const char *end = memchr(line.s + *at, separator, line.n - *at);
        struct text value = {line.s + *at, end ? (size_t)(end - line.s) - *at : line.n - *at};

        *at += value.n;
        while (value.n > 0 && csv_is_blank(value.s[value.n - 1]))
                value.n--;
        return value;
}

enum csv_mistake csv_split(struct text line, char separator, struct arena *arena, struct text *cells, size_t *ret_n) {
        size_t at = 0, n = 0;

        for (;; at++) { /* past the separator */
                while (at < line.n && csv_is_blank(line.s[at]) && line.s[at] != separator)
                        at++;
                if (n == CSV_CELLS_MAX)
                        return CSV_MANY;
                if (at < line.n && line.s[at] == '"') {
                        char *room = arena_alloc(arena, line.n - at);

                        at++;
                        if (!room)
                                return CSV_MEMORY;
                        if (!csv_quoted(line, &at, room, &cells[n++]))
                                return CSV_QUOTE;
                        while (at < line.n && csv_is_blank(line.s[at]))
                                at++;
                        if (at < line.n && line.s[at] != separator)
                                return CSV_QUOTE;
                } else {
                        cells[n++] = csv_plain(line, &at, separator);
                }
                if (at >= line.n)
                        break;
        }
        *ret_n = n;
        return CSV_FINE;
}

void csv_put(struct buffer *out, char separator, struct text value) {
        bool quotes = csv_is_formula(value);

        for (size_t i = 0; !quotes && i < value.n; i++)
                quotes = value.s[i] == separator || value.s[i] == '"' || value.s[i] == '\n' || value.s[i] == '\r' ||
                         ((i == 0 || i == value.n - 1) && csv_is_blank(value.s[i]));
        if (quotes)
                buffer_add_byte(out, '"');
        if (csv_is_formula(value))
                buffer_add_byte(out, '\'');
        for (size_t i = 0; i < value.n; i++) {
                if (value.s[i] == '"')
                        buffer_add_byte(out, '"');
                buffer_add_byte(out, value.s[i] == '\n' || value.s[i] == '\r' ? ' ' : (uint8_t)value.s[i]);
        }
        if (quotes)
                buffer_add_byte(out, '"');
}

struct text csv_unguarded(struct text value) {
        const struct text behind = {value.s + 1, value.n > 0 ? value.n - 1 : 0};

        return value.n > 1 && value.s[0] == '\'' && csv_is_formula(behind) ? behind : value;
}
