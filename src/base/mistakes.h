/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Mistakes in configuration, all of them
 *
 * The checkers do not stop at the first mistake. Each becomes one line with file, line, column, what
 * was expected and the nearest known word, in the language of whoever reads them:
 *
 *         mistakes_place(mistakes, path, IN_LANGUAGE(mistakes->language, "more than %d rows", "meer dan %d regels"), ROWS_MAX);
 *
 * tests/tidy holds every such sentence to both languages. Keys and values stand in them as they are written in files.
 */

#include "base/buffer.h"
#include "base/language.h"
#include "base/yaml.h"

#define MISTAKES_MAX 1000

struct mistakes {
        enum language language; /* of the sentences */
        struct buffer text; /* lines, each ended by a newline */
        size_t n;           /* mistakes found, also those beyond the maximum */
        struct error failure; /* when the machine failed, so that not all was read: what it said, and the way up */
};
#define MISTAKES_IN(l) \
        { .language = (l), .text = BUFFER_INIT(1 << 20) }
#define MISTAKES_INIT MISTAKES_IN(LANGUAGE_EN)

/* Lets go of the text and begins anew. */
void mistakes_done(struct mistakes *mistakes);

/* "file:line:column: sentence" */
void mistakes_at(struct mistakes *mistakes, const struct yaml_tree *yaml, const struct yaml_node *node, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* "place: sentence" for what has no line (a schema, a missing file). */
void mistakes_place(struct mistakes *mistakes, const char *place, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What another reader said in the same language, its place included. */
void mistakes_error(struct mistakes *mistakes, const struct error *err);
