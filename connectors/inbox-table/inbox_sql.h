/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The inbox table in SQL: its columns, a record as a row of texts, and how it is made
 *
 * One of two forms: the event as one jsonb, or each field in a column of its own name. In the latter the kind of record stands in _kind, since events have a
 * field kind of their own. Every value is written as text and cast to the type that its column has, so that an organisation chooses its types.
 */

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "channel/postgres.h"
#include "connect/connector.h"
#include "model/event_types.h"

#define INBOX_COLUMNS_MAX (LAYOUT_SLOTS_MAX + 8)
#define INBOX_KIND "{kind}" /* in the name of the table: a table for each kind of record */
#define INBOX_TYPE_MAX 128  /* of a column's type, as the database writes it */

enum inbox_form { INBOX_PAYLOAD, INBOX_FIELDS };

struct inbox_shape {
        const char *table, *user;
        enum inbox_form form;
        struct option_list leave_out; /* fields without a column */
};

/* Whether the names are some. Return: 0; -EINVAL with a sentence. */
int inbox_check_names(const struct inbox_shape *shape, const struct event_types *types, struct error *err) MUSTCHECK;

/* The table of records of this type, "inbox_plan_due" of "inbox_{kind}"; a hyphen becomes an underscore. Appends. */
void inbox_table_name(const struct inbox_shape *shape, const struct event_type *type, struct buffer *out);

/* The columns of a row of this type. Return: how many. */
size_t inbox_columns(const struct inbox_shape *shape, const struct event_type *type, const char *ret[INBOX_COLUMNS_MAX]);

/* A record as the texts of these columns, which stand in a buffer: offsets there, -1 is null. */
struct inbox_cells {
        struct buffer bytes; /* its texts, each with a NUL behind it */
        size_t n;
        ptrdiff_t at[INBOX_COLUMNS_MAX];
};
void inbox_cells_write(const struct inbox_shape *shape, const struct delivery *delivery, struct inbox_cells *ret);
const char *inbox_cell(const struct inbox_cells *cells, size_t column); /* NULL: null */

/* Asks for the columns of a table; its answer is judged by inbox_judge(). */
void inbox_sql_look(const char *table, struct buffer *out);

/* What a table lets us do with rows of a type. */
struct inbox_plan {
        size_t n;
        const char *columns[INBOX_COLUMNS_MAX];
        char types[INBOX_COLUMNS_MAX][INBOX_TYPE_MAX];
};

/* Judges the answer. Return: 0, with the plan; -EINVAL with what the operator must mend. */
int inbox_judge(const struct inbox_shape *shape, const struct event_type *type, const struct postgres *p, size_t rows, struct inbox_plan *ret,
                struct error *err) MUSTCHECK;

/* Inserts rows of one table, which are there already or new: $1 … an array of texts for each column. */
void inbox_sql_insert(const char *table, const struct inbox_plan *plan, struct buffer *out);

/* The tables as SQL for a person who makes them, with comments. */
void inbox_sql_ddl(const struct inbox_shape *shape, const struct event_types *types, struct buffer *out);
