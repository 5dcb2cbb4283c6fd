/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Lines of CSV, as spreadsheets write and read them
 *
 * One record is one line: no value of ours has a line break, so a quote that is never closed costs its own line and not all that follow. Values may stand in
 * quotes, with two quotes for one.
 *
 * What a spreadsheet would take for a formula gets an apostrophe before it, which it hides, and loses it again when it is read here.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/text.h"

#define CSV_CELLS_MAX 512 /* of one line */
#define CSV_BOM "\xef\xbb\xbf"

enum csv_mistake { CSV_FINE, CSV_QUOTE, CSV_MANY, CSV_MEMORY };

/* The one of ';' and ',' that stands more often in a line of names; ';' when neither does. */
char csv_separator(struct text header);

/* Splits a line without its end; blanks around a value are left out. @cells: room for CSV_CELLS_MAX. Values are views into @line, or copies in @arena. */
enum csv_mistake csv_split(struct text line, char separator, struct arena *arena, struct text *cells, size_t *ret_n) MUSTCHECK;

/* Appends a value, in quotes where it must be, guarded. A line break becomes a blank. */
void csv_put(struct buffer *out, char separator, struct text value);

/* Takes the apostrophe of csv_put() away again. */
struct text csv_unguarded(struct text value);
