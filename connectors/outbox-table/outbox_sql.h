/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The outbox table in SQL: what it must have, what is asked of it, and how it is made
 *
 * The order in which rows are taken is that of the commits that wrote them, as far as the database can say it (enum outbox_order): a number that rises is
 * given when a row is written, and rows become visible when they are committed.
 */

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "channel/postgres.h"
#include "connect/connector.h"

enum outbox_column {
        OUTBOX_ID,
        OUTBOX_AGGREGATETYPE,
        OUTBOX_AGGREGATEID,
        OUTBOX_TYPE,
        OUTBOX_PAYLOAD,
        OUTBOX_DEBEZIUM, /* those before it are Debezium's, and must be there */
        OUTBOX_POSITION = OUTBOX_DEBEZIUM,
        OUTBOX_CREATED_AT,
        OUTBOX_PUBLISHED_AT,
        OUTBOX_COLUMNS,
};
extern const char *const outbox_columns[OUTBOX_COLUMNS]; /* as they are called by default */

enum outbox_order {
        OUTBOX_BY_COMMIT,      /* pg_xact_commit_timestamp: the server keeps the time of each commit */
        OUTBOX_BY_POSITION,    /* a number that was given when the row was written */
        OUTBOX_BY_TRANSACTION, /* neither: the age of the transaction that wrote it */
};

struct outbox_shape {
        const char *table, *refused, *aggregatetype, *channel, *user;
        const char *names[OUTBOX_COLUMNS];
        int64_t batch;
        bool mark; /* what was published is marked, not deleted */
        /* found in the database by outbox_judge() */
        bool has[OUTBOX_COLUMNS], zoned; /* zoned: created_at knows its time zone */
        enum outbox_order order;
};

/*
 * Takes the names, of which @pairs says some otherwise. @shape's other texts stand already. Return: 0; -EINVAL with a sentence: a name is none, or there is no
 * such column.
 */
int outbox_name(struct outbox_shape *shape, const struct option_pairs *pairs, struct error *err) MUSTCHECK;

/* Asks what the database has; its answer is judged by outbox_judge(). */
void outbox_sql_look(const struct outbox_shape *shape, struct buffer *out);

/* Judges the answer to that. Return: 0, with the found part of @shape; -EINVAL with what the operator must mend. */
int outbox_judge(struct outbox_shape *shape, const struct postgres *p, size_t rows, struct error *err) MUSTCHECK;

/* Asks for the lock that one reader of a table has, for as long as its session lasts: one cell, t or f. */
void outbox_sql_lock(const struct outbox_shape *shape, struct buffer *out);

/* Begins a session: listens, and prepares the statements below, so that a table that does not fit is told before a row is taken. */
void outbox_sql_begin(const struct outbox_shape *shape, struct buffer *out);

/* Begins a transaction and takes rows, the oldest first, that nobody else has locked. */
#define OUTBOX_SQL_TAKE "BEGIN; EXECUTE kw_take"
enum outbox_cell {
        OUTBOX_CELL_PLACE,
        OUTBOX_CELL_ID,
        OUTBOX_CELL_CASE,
        OUTBOX_CELL_TYPE,
        OUTBOX_CELL_PAYLOAD,
        OUTBOX_CELL_POSITION, /* 0: it has none */
        OUTBOX_CELL_CREATED,  /* ms since the epoch; null: not known */
        OUTBOX_CELL_TAKEN,    /* f: somebody else has it locked, so what comes behind it in its case must wait */
};

/* Moves rows aside, within it: their places, codes and sentences, three arrays as text. */
void outbox_sql_refuse(const char *places, const char *codes, const char *errors, struct buffer *out);

/* Ends it: the rows at @places, an array as text, are deleted or marked. */
void outbox_sql_done(const char *places, struct buffer *out);

/* What moves rows aside and ends the transaction, tried and undone within it: @refuse, of outbox_sql_refuse(), or ""; and the rows at @places. */
void outbox_sql_rehearse(const char *refuse, const char *places, struct buffer *out);

/* How many rows wait: one cell. */
void outbox_sql_count(const struct outbox_shape *shape, struct buffer *out);

/* The tables as SQL for a person who makes them, with comments. */
void outbox_sql_ddl(const struct outbox_shape *shape, struct buffer *out);

/* What an order means, as a sentence. */
const char *outbox_order_text(enum outbox_order order);
