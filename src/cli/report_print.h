/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A listing as JSON lines, as CSV, and as Dutch text
 */

#include "base/buffer.h"
#include "engine/listing.h"

/* One JSON object a line, a key per column in their order. */
void report_print_json(const struct listing_table *table, struct buffer *out);

/* RFC 4180: a header of keys, lines ended by CR LF. Null is empty; the items of a list are parted by "; ". */
void report_print_csv(const struct listing_table *table, struct buffer *out);

/* A table with Dutch headings, dates and words; lines of one group under its name. "Geen." when there are no lines. */
void report_print_text(const struct listing_table *table, struct buffer *out);
