/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One connection to a PostgreSQL database that never keeps its caller waiting
 *
 * It connects by itself, and again when the line breaks, after pauses that grow. One question at a time: postgres_ask(), then postgres_turn() until
 * postgres_answered(). An answer says whether it went well, and if not whose it is to mend; a line that broke while a question was open says that nobody knows
 * what became of it. What is said of a failure names tables, columns and SQLSTATEs, and no value that a row has.
 *
 * Knows SQL only as text; the tables are its callers'.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "connect/connector.h"

#define POSTGRES_PAUSE_MS 1000         /* after the first try to connect that failed; doubles */
#define POSTGRES_PAUSE_MAX_MS 30000
#define POSTGRES_SAY_MS 60000          /* between two log lines about the same trouble */
#define POSTGRES_VALUES_MAX 256        /* of one question */
#define POSTGRES_NAME_MAX 128          /* of a table with its schema, a column, a channel */

/* -- What a connector's file says of it -- */

struct postgres_options {
        const char *host, *database, *user;
        int64_t port;
        struct secrets password;
        int sslmode; /* enum postgres_sslmode */
        const char *ca_file, *certificate, *key;
        int64_t connect_timeout, timeout; /* ms */
};

enum postgres_sslmode { POSTGRES_SSL_AUTO, POSTGRES_SSL_DISABLE, POSTGRES_SSL_PREFER, POSTGRES_SSL_REQUIRE, POSTGRES_SSL_VERIFY_CA, POSTGRES_SSL_VERIFY_FULL };
extern const char *const postgres_sslmodes[];

/* Rows of a connector's table of options, for a context whose member @m is a struct postgres_options. */
#define POSTGRES_OPTION_ROWS(context, m)                                                                                                                    \
        {.key = "host", .doc = "Name or address of the database server, or the folder of its socket, such as /var/run/postgresql.", .type = OPTION_STRING,  \
         .offset = offsetof(context, m.host)},                                                                                                              \
                {.key = "port", .fallback = "5432", .doc = "Port of it.", .type = OPTION_INT, .offset = offsetof(context, m.port), .min = 1, .max = 65535},   \
                {.key = "database", .doc = "Name of the database.", .type = OPTION_STRING, .offset = offsetof(context, m.database)},                        \
                {.key = "user", .doc = "Role that we log in as; it needs the rights that `ketenwacht connect ddl FILE` prints, and no others.",             \
                 .type = OPTION_STRING, .offset = offsetof(context, m.user)},                                                                               \
                {.key = "password", .fallback = "", .doc = "Its password. Without one the server must know us otherwise, by certificate or by account.",    \
                 .type = OPTION_PASSWORD, .offset = offsetof(context, m.password)},                                                                         \
                {.key = "sslmode", .fallback = "auto",                                                                                                      \
                 .doc = "TLS, as libpq names it. auto: verify-full to another machine, prefer on this one. Below verify-full another machine may pretend "  \
                        "to be the database.",                                                                                                              \
                 .type = OPTION_CHOICE, .offset = offsetof(context, m.sslmode), .choices = postgres_sslmodes},                                              \
                {.key = "ca_file", .fallback = "",                                                                                                          \
                 .doc = "Certificates, in PEM, of those who may vouch for the server; default those of the system.", .type = OPTION_PATH,                   \
                 .offset = offsetof(context, m.ca_file)},                                                                                                   \
                {.key = "certificate", .fallback = "", .doc = "Certificate, in PEM, by which the server knows us; read at each connection.",                \
                 .type = OPTION_PATH, .offset = offsetof(context, m.certificate)},                                                                          \
                {.key = "key", .fallback = "", .doc = "Its key, in PEM; nobody but this account may read the file.", .type = OPTION_PATH,                   \
                 .offset = offsetof(context, m.key)},                                                                                                       \
                {.key = "connect_timeout", .fallback = "10 s", .doc = "A connection must stand within so long.", .type = OPTION_DURATION,                   \
                 .offset = offsetof(context, m.connect_timeout), .min = 100, .max = 300000},                                                                \
                {.key = "timeout", .fallback = "30 s",                                                                                                      \
                 .doc = "The database must answer within so long; else the connection is given up and made anew.", .type = OPTION_DURATION,                 \
                 .offset = offsetof(context, m.timeout), .min = 100, .max = 600000}

/* Whether they fit together. Return: 0; -EINVAL with a sentence. */
int postgres_check(const struct postgres_options *options, struct error *err) MUSTCHECK;

/* -- The connection -- */

struct postgres;

struct postgres_config {
        const struct postgres_options *options; /* the password is taken from it at each connection; must outlive the connection */
        const char *name;        /* of the connector: application_name, and in the log; borrowed */
        struct clock clock;
        const struct log *log;   /* may be NULL */
        struct metrics *metrics; /* may be NULL */
};

/* Nothing is asked of the server before postgres_turn(). Return: 0; -EINVAL: a metric is there already; -ENOMEM. */
int postgres_new(const struct postgres_config *config, struct postgres **ret, struct error *err) MUSTCHECK;
struct postgres *postgres_free(struct postgres *p); /* NULL ok; returns NULL; a transaction that is open is undone by the server */
DEFINE_CLEANUP(struct postgres *, postgres_free);

enum postgres_state {
        POSTGRES_AWAY,       /* the last try failed, or the line broke: postgres_trouble() says how; the next try comes by itself */
        POSTGRES_CONNECTING,
        POSTGRES_IDLE,       /* may be asked */
        POSTGRES_ASKED,      /* a question is open */
        POSTGRES_ANSWERED,   /* postgres_answered() has its answer */
};

/* Lets it proceed, waiting at most @timeout_ms for something to happen. It never fails: what happens outside is a state. */
enum postgres_state postgres_turn(struct postgres *p, int timeout_ms);
enum postgres_state postgres_state(const struct postgres *p);

/* How often it has connected: another number is a session that knows nothing of what was said to the one before. */
uint64_t postgres_session(const struct postgres *p);

/* Why there is no connection; "" when there is one. Borrowed until the next turn. */
const char *postgres_trouble(const struct postgres *p);

/* How long until it connects again by itself, ms; 0 when that is under way. */
int64_t postgres_pause(const struct postgres *p);

/* Whether a notification has come since this was asked last. */
bool postgres_was_notified(struct postgres *p);

/*
 * Asks, in POSTGRES_IDLE (assert). Without values @sql may be several statements, of which the last that has rows is answered; with values ($1 …; NULL: null;
 * texts, which the server reads) it is one. Both are copied. Return: 0, also when the line breaks at that (then the answer says so); -ENOMEM.
 */
int postgres_ask(struct postgres *p, const char *sql, const char *const *values, size_t n) MUSTCHECK;

enum postgres_outcome {
        POSTGRES_WELL,
        POSTGRES_DATA,     /* 22, 23, 44, 54, P0, and codes that are the database's own, such as ZK001: these rows can never go in */
        POSTGRES_AGAIN,    /* 40, 53, 55, 57, 08 …: the same may go well another time */
        POSTGRES_OPERATOR, /* 42, 3D, 3F, 28, 25, 0A …: a table, a column or a right is missing */
        POSTGRES_GONE,     /* the line broke, or no answer came in time: nobody knows what became of it */
};
#define POSTGRES_SQLSTATE 5
#define POSTGRES_REASON_MAX 160

struct postgres_answer {
        enum postgres_outcome outcome;
        char sqlstate[POSTGRES_SQLSTATE + 1]; /* "" when well or gone */
        char reason[POSTGRES_REASON_MAX];     /* a clause, without a value of a row; "" when well */
        size_t rows;
};

/* The answer, once. Its cells may be asked for until the next postgres_ask(). Return: whether there is one. */
bool postgres_answered(struct postgres *p, struct postgres_answer *ret);
const char *postgres_cell(const struct postgres *p, size_t row, size_t column); /* NULL: null. Borrowed until the next question */

/* Whether the session is within a transaction, failed or not, that must be ended. */
bool postgres_in_transaction(const struct postgres *p);

/* Which outcome a SQLSTATE is. */
enum postgres_outcome postgres_outcome_of(const char *sqlstate);

/* -- Words of SQL -- */

/* A table with or without its schema, a column, a channel: 1 to POSTGRES_NAME_MAX bytes, no part of it empty. */
bool postgres_name_valid(const char *name);
void postgres_put_name(struct buffer *out, const char *name);   /* schema.table: "schema"."table" */
void postgres_put_column(struct buffer *out, const char *name); /* "name" */
void postgres_put_text(struct buffer *out, const char *text);   /* 'text' */

/* An element of an array that is written as text, '{…}': NULL is null. */
void postgres_put_element(struct buffer *out, const char *text);

/*
 * Statements with which a session begins: the server gives up one of ours after half of @options' timeout, so that it says so itself; and it misses us as
 * soon as we miss it. A session whose machine went away without a word keeps its locks until then, for two hours by default.
 */
void postgres_put_session(struct buffer *out, const struct postgres_options *options);

/* For verbs of a connector, which may wait: turns until it may be asked, or has answered. Return: 0; -EIO with a sentence. */
int postgres_await(struct postgres *p, struct error *err) MUSTCHECK;
