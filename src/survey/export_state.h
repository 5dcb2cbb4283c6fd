/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Rows of case-state as data: what is remembered of one partition, the last row of each key, in the order of keys
 *
 * A fact is the event again that it was, by the event's own schema. What was told has a flat record of its own, nl.ketenwacht.state.Obligation and so on,
 * with the ids that the row's key says.
 */

#include "avro/layout.h"
#include "base/buffer.h"
#include "bus/bus.h"
#include "engine/row.h"

#define EXPORT_ROWS 4 /* kinds of rows that are no facts */

struct export_rows;

/* Return: 0; -ENOMEM. */
int export_rows_new(const struct event_types *types, struct export_rows **ret) MUSTCHECK;
struct export_rows *export_rows_free(struct export_rows *rows); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct export_rows *, export_rows_free);

/* By place: the kind, its name ("obligation"), and the schema of its records. */
enum row_kind export_rows_kind(size_t place);
const char *export_rows_name(size_t place);
const char *export_rows_schema(const struct export_rows *rows, size_t place);

/* Remembers a row, in place of the one of its key; a tombstone forgets it. Return: 0 or -ENOMEM. */
int export_rows_keep(struct export_rows *rows, const struct bus_record *record) MUSTCHECK;

/* One row: a fact as @event, else the slots of a record of @layout (of the rows at @place). @why: neither, and the sentence. */
struct export_row {
        const struct event *event;
        size_t place;
        const struct layout *layout;
        struct slot *slots;
        const struct error *why;
        int64_t offset;
};

/* Every row that is remembered, and then none is. Return: 0, or what @row returned, which ends it. */
int export_rows_each(struct export_rows *rows, int (*row)(void *ctx, const struct export_row *row, struct error *err), void *ctx, struct error *err) MUSTCHECK;
