/* SPDX-License-Identifier: EUPL-1.2 */

/* Collects sentences with their places, each one line, up to a maximum. */

#include "base/mistakes.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_MAX 1024

void mistakes_done(struct mistakes *mistakes) {
        buffer_done(&mistakes->text);
        mistakes->n = 0;
}

static bool room(struct mistakes *mistakes) {
        return mistakes->n++ < MISTAKES_MAX;
}

/* A sentence is one line, whatever stood in the file. */
PRINTF_LIKE(2, 0)
static void add_sentence(struct mistakes *mistakes, const char *fmt, va_list args) {
        char text[SENTENCE_MAX];

        (void) vsnprintf(text, sizeof(text), fmt, args);
        for (char *p = text; *p; p++) {
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = '?';
        }
        buffer_add_text(&mistakes->text, text);
        buffer_add_byte(&mistakes->text, '\n');
}

void mistakes_at(struct mistakes *mistakes, const struct yaml_tree *yaml, const struct yaml_node *node, const char *fmt, ...) {
        va_list args;

        if (!room(mistakes))
                return;
        buffer_printf(&mistakes->text, "%s:%u:%u: ", yaml_tree_name(yaml), node->line, node->column);
        va_start(args, fmt);
        add_sentence(mistakes, fmt, args);
        va_end(args);
}

void mistakes_place(struct mistakes *mistakes, const char *place, const char *fmt, ...) {
        va_list args;

        if (!room(mistakes))
                return;
        buffer_printf(&mistakes->text, "%s: ", place);
        va_start(args, fmt);
        add_sentence(mistakes, fmt, args);
        va_end(args);
}

PRINTF_LIKE(2, 3)
static void add_line(struct mistakes *mistakes, const char *fmt, ...) {
        va_list args;

        va_start(args, fmt);
        add_sentence(mistakes, fmt, args);
        va_end(args);
}

void mistakes_error(struct mistakes *mistakes, const struct error *err) {
        if (room(mistakes))
                add_line(mistakes, "%s", err->text);
}
