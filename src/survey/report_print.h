/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A listing as JSON lines, as CSV, and as Dutch text; and its cells for people, one by one
 */

#include "base/buffer.h"
#include "base/json.h"
#include "base/language.h"
#include "engine/listing.h"

/* One JSON object a line, a key per column in their order. */
void report_print_json(const struct listing_table *table, struct buffer *out);

/* RFC 4180: a header of keys, lines ended by CR LF. Null is empty; the items of a list are parted by "; ". */
void report_print_csv(const struct listing_table *table, struct buffer *out);

/* A table with Dutch headings, dates and words; lines of one group under its name. "Geen." when there are no lines. */
void report_print_text(const struct listing_table *table, struct buffer *out);

/* One row as a JSON object, as in a line of the above. */
void report_put_row(struct json_writer *w, const struct listing_table *table, size_t row);

/* A value of CSV, in quotes where it must be. */
void report_print_csv_text(struct buffer *out, const char *text);

/* What a cell says to people, and a heading; borrowed from @scratch or the table. In English the words are those of the keys and symbols. */
const char *report_cell(const struct listing_column *column, const struct listing_cell *cell, enum language language, struct buffer *scratch);
const char *report_heading(const struct listing_column *column, enum language language, struct buffer *scratch);
