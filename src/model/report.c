/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/report.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_MAX 1024

void report_done(struct report *report) {
        buffer_done(&report->text);
        report->n = 0;
}

static bool room(struct report *report) {
        return report->n++ < REPORT_LINES_MAX;
}

/* A sentence is one line, whatever stood in the file. */
PRINTF_LIKE(2, 0)
static void add_sentence(struct report *report, const char *fmt, va_list args) {
        char text[SENTENCE_MAX];

        (void) vsnprintf(text, sizeof(text), fmt, args);
        for (char *p = text; *p; p++) {
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = '?';
        }
        buffer_add_text(&report->text, text);
        buffer_add_byte(&report->text, '\n');
}

void report_at(struct report *report, const struct yaml_tree *yaml, const struct yaml_node *node, const char *fmt, ...) {
        va_list args;

        if (!room(report))
                return;
        buffer_printf(&report->text, "%s:%u:%u: ", yaml_tree_name(yaml), node->line, node->column);
        va_start(args, fmt);
        add_sentence(report, fmt, args);
        va_end(args);
}

void report_place(struct report *report, const char *place, const char *fmt, ...) {
        va_list args;

        if (!room(report))
                return;
        buffer_printf(&report->text, "%s: ", place);
        va_start(args, fmt);
        add_sentence(report, fmt, args);
        va_end(args);
}

PRINTF_LIKE(2, 3)
static void add_line(struct report *report, const char *fmt, ...) {
        va_list args;

        va_start(args, fmt);
        add_sentence(report, fmt, args);
        va_end(args);
}

void report_error(struct report *report, const struct error *err) {
        if (room(report))
                add_line(report, "%s", err->text);
}
