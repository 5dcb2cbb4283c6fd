/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Mistakes in configuration, all of them
 *
 * The checkers do not stop at the first mistake. Each becomes one line with file, line, column, what
 * was expected and the nearest known word.
 */

#include "base/buffer.h"
#include "base/yaml.h"

#define REPORT_LINES_MAX 1000

struct report {
        struct buffer text; /* lines, each ended by a newline */
        size_t n;           /* mistakes found, also those beyond the maximum */
};
#define REPORT_INIT \
        { .text = BUFFER_INIT(1 << 20) }

void report_done(struct report *report);

/* "file:line:column: sentence" */
void report_at(struct report *report, const struct yaml_tree *yaml, const struct yaml_node *node, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* "place: sentence" for what has no line (a schema, a missing file). */
void report_place(struct report *report, const char *place, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What another reader said, its place included. */
void report_error(struct report *report, const struct error *err);
