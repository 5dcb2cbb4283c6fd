/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The database of a small municipality: makes the table that `inbox-table` fills, and counts its rows
 *
 * A PostgreSQL on this machine, whose database zaken the role ketenwacht owns; it was started by somebody else (ops/postgres). It waits for the database, as
 * only who starts and looks may.
 */

#include "base/error.h"
#include "channel/postgres.h"
#include "connect/file.h"
#include "model/event_types.h"

#define DATABASE_NAME "zaken"
#define DATABASE_USER "ketenwacht"
#define DATABASE_TABLE "inbox"

struct database {
        struct postgres_options options;
        struct postgres *connection; /* NULL: not open */
};

/* Connects, and makes the table anew, as the connector of @file prints it. Return: 0; negative errno with a sentence. database_close() is due in any case. */
int database_open(struct database *db, uint16_t port, const struct connect_file *file, const struct event_types *types, struct error *err) MUSTCHECK;

/* The rows that stand there; what they were before while the database does not answer. */
int64_t database_rows(struct database *db, int64_t before);

/* Those of one kind, as the column kind has it; 0 while it does not answer. */
int64_t database_rows_of(struct database *db, const char *kind);

void database_close(struct database *db); /* no effect on zeros, and the second time */
