/* SPDX-License-Identifier: EUPL-1.2 */

/* A connection by libpq, without ever blocking: connecting, one question at a time, and what its end means. */

#include "channel/postgres.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/resolving.h"

#define TROUBLE_MAX 256
#define ADDRESSES_MAX ((size_t)RESOLVING_ADDRESSES_MAX * (RESOLVING_HOST_MAX + 1))
#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"
#define AWAIT_STEP_MS 100
#define POSTGRES_STATEMENT_SHARE 2 /* the server gives up a statement in this part of our patience */

/* Bytes that a kernel could not get acknowledged for so long mean that the machine at the other end is gone; else hours pass. Of ours, and of the server's. */
#define TCP_USER_TIMEOUT "30000"
#define KEEPALIVES_IDLE "30"
#define KEEPALIVES_INTERVAL "10"
#define KEEPALIVES_COUNT "3"

struct postgres {
        struct postgres_config config;
        PGconn *conn;
        struct resolving *resolving; /* while the host's addresses are asked for; libpq would wait for them */
        PGresult *rows; /* of the latest answer */
        enum postgres_state state;
        PostgresPollingStatusType wants; /* while connecting */
        int64_t deadline;                /* of the connection or the answer */
        int64_t pause, again;            /* between tries; when the next one comes */
        uint64_t session;
        bool notified, unsent;
        struct postgres_answer answer;
        char trouble[TROUBLE_MAX], said[TROUBLE_MAX]; /* said: in the log */
        struct log_pace pace;
        struct metric *connected;
};

const char *const postgres_sslmodes[] = {
        [POSTGRES_SSL_AUTO] = "auto",
        [POSTGRES_SSL_DISABLE] = "disable",
        [POSTGRES_SSL_PREFER] = "prefer",
        [POSTGRES_SSL_REQUIRE] = "require",
        [POSTGRES_SSL_VERIFY_CA] = "verify-ca",
        [POSTGRES_SSL_VERIFY_FULL] = "verify-full",
        NULL,
};

/* -- What an answer means -- */

enum postgres_outcome postgres_outcome_of(const char *sqlstate) {
        static const struct {
                const char *class;
                enum postgres_outcome outcome;
        } rows[] = {
                {"00", POSTGRES_WELL},     {"01", POSTGRES_WELL},     {"02", POSTGRES_WELL},     {"22", POSTGRES_DATA},     {"23", POSTGRES_DATA},
                {"44", POSTGRES_DATA},     {"54", POSTGRES_DATA},     {"P0", POSTGRES_DATA},     {"0A", POSTGRES_OPERATOR}, {"0L", POSTGRES_OPERATOR},
                {"0P", POSTGRES_OPERATOR}, {"25", POSTGRES_OPERATOR}, {"28", POSTGRES_OPERATOR}, {"2F", POSTGRES_OPERATOR}, {"39", POSTGRES_OPERATOR},
                {"3D", POSTGRES_OPERATOR}, {"3F", POSTGRES_OPERATOR}, {"42", POSTGRES_OPERATOR}, {"53", POSTGRES_AGAIN},    {"55", POSTGRES_AGAIN},
                {"57", POSTGRES_AGAIN},    {"58", POSTGRES_AGAIN},    {"72", POSTGRES_AGAIN},    {"XX", POSTGRES_AGAIN},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (strncmp(sqlstate, rows[i].class, 2) == 0)
                        return rows[i].outcome;
        }
        /* The standard leaves these to implementations: what the server itself has of them stands above, so it is a code of the database's own rules. */
        if ((sqlstate[0] >= '5' && sqlstate[0] <= '9') || (sqlstate[0] >= 'I' && sqlstate[0] <= 'Z'))
                return POSTGRES_DATA;
        return POSTGRES_AGAIN; /* 08, 40 … */
}

/* A sentence of libpq on one line, without its end. */
static void one_line(const char *from, char *to, size_t n) {
        size_t i = 0;

        for (; *from && i + 1 < n; from++) {
                if (*from != '\n' && *from != '\t')
                        to[i++] = *from;
                else if (i > 0 && to[i - 1] != ' ')
                        to[i++] = ' ';
        }
        while (i > 0 && (to[i - 1] == ' ' || to[i - 1] == '.'))
                i--;
        to[i] = '\0';
}

/*
 * What the server says of data may repeat them, so only where it was is told of that: table, column, constraint. Of all else it says names that the
 * configuration or the schema has; but a function or trigger of the database may say anything.
 */
static void describe(const PGresult *result, struct postgres_answer *ret) {
        const struct {
                int field;
                const char *word;
        } places[] = {{PG_DIAG_TABLE_NAME, "table"}, {PG_DIAG_COLUMN_NAME, "column"}, {PG_DIAG_CONSTRAINT_NAME, "constraint"}};
        char said[POSTGRES_REASON_MAX / 2];
        int n;

        if (ret->outcome != POSTGRES_DATA && PQresultErrorField(result, PG_DIAG_CONTEXT)) {
                (void) snprintf(ret->reason, sizeof(ret->reason),
                                "SQLSTATE %s: a function or trigger of the database says so; its words are in the server's log", ret->sqlstate);
                return;
        }
        if (ret->outcome != POSTGRES_DATA) {
                const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

                one_line(message ? message : "", said, sizeof(said));
                (void) snprintf(ret->reason, sizeof(ret->reason), "SQLSTATE %s: %s", ret->sqlstate, said);
                return;
        }
        n = snprintf(ret->reason, sizeof(ret->reason), "SQLSTATE %s: the database does not take a value", ret->sqlstate);
        for (size_t i = 0; i < ELEMENTS(places); i++) {
                const char *name = PQresultErrorField(result, places[i].field);

                if (name && n > 0 && (size_t)n < sizeof(ret->reason))
                        n += snprintf(ret->reason + n, sizeof(ret->reason) - (size_t)n, ", %s %.40s", places[i].word, name);
        }
}

/* -- Connecting -- */

static bool is_local(const char *host) {
        return host[0] == '/' || host[0] == '@' || strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static enum postgres_sslmode sslmode_of(const struct postgres_options *o) {
        if (o->sslmode != POSTGRES_SSL_AUTO)
                return (enum postgres_sslmode)o->sslmode;
        return is_local(o->host) ? POSTGRES_SSL_PREFER : POSTGRES_SSL_VERIFY_FULL;
}

int postgres_check(const struct postgres_options *o, struct error *err) {
        if (!o->certificate != !o->key) {
                error_set(err, "certificate and key belong together: one of them is missing");
                return -EINVAL;
        }
        if ((o->ca_file || o->certificate) && sslmode_of(o) == POSTGRES_SSL_DISABLE) {
                error_set(err, "sslmode disable takes no ca_file and no certificate; leave sslmode out");
                return -EINVAL;
        }
        if (strchr(o->host, ',')) {
                error_set(err, "host: one server only; to go on with another one after a failure is the work of the name");
                return -EINVAL;
        }
        return 0;
}

static int64_t now_of(const struct postgres *p) {
        return clock_monotonic(&p->config.clock);
}

static void forget_connection(struct postgres *p) {
        PQclear(p->rows);
        p->rows = NULL;
        PQfinish(p->conn);
        p->conn = NULL;
        p->unsent = false;
        metric_set(p->connected, 0, 0);
}

/* There is no connection any more, or none could be made. @why: a clause. */
static void go_away(struct postgres *p, const char *why) {
        one_line(why, p->trouble, sizeof(p->trouble));
        forget_connection(p);
        p->state = POSTGRES_AWAY;
        p->pause = p->pause ? p->pause * 2 : POSTGRES_PAUSE_MS;
        if (p->pause > POSTGRES_PAUSE_MAX_MS)
                p->pause = POSTGRES_PAUSE_MAX_MS;
        p->again = now_of(p) + p->pause;
        if (strcmp(p->trouble, p->said) != 0) /* another trouble than before is news */
                p->pace = (struct log_pace){0};
        memcpy(p->said, p->trouble, sizeof(p->said));
        if (log_pace(&p->pace, now_of(p), POSTGRES_SAY_MS))
                log_line(p->config.log, DATABASE_AWAY, LOG_STRING("connector", p->config.name), LOG_STRING("reason", p->trouble));
}

/* @hosts: the host, as often as there are @addresses (NULL: libpq finds it by itself, without waiting). */
static void begin_to_connect(struct postgres *p, const char *hosts, const char *addresses) {
        const struct postgres_options *o = p->config.options;
        const enum postgres_sslmode mode = sslmode_of(o);
        const char *ca = o->ca_file ? o->ca_file : mode >= POSTGRES_SSL_VERIFY_CA ? SYSTEM_CA_FILE : NULL;
        char port[sizeof("65535")];
        const char *const rows[][2] = {
                {"host", hosts},
                {"hostaddr", addresses},
                {"port", port},
                {"dbname", o->database},
                {"user", o->user},
                {"password", o->password.n > 0 ? o->password.items[0].bytes : NULL},
                {"sslmode", postgres_sslmodes[mode]},
                {"sslrootcert", ca},
                {"sslcert", o->certificate},
                {"sslkey", o->key},
                {"gssencmode", "disable"},
                {"application_name", p->config.name},
                {"client_encoding", "UTF8"},
                {"keepalives_idle", KEEPALIVES_IDLE},
                {"keepalives_interval", KEEPALIVES_INTERVAL},
                {"keepalives_count", KEEPALIVES_COUNT},
                {"tcp_user_timeout", TCP_USER_TIMEOUT},
                {"target_session_attrs", "primary"},
        };
        const char *keys[ELEMENTS(rows) + 1] = {0}, *values[ELEMENTS(rows) + 1] = {0};
        size_t n = 0;

        (void) snprintf(port, sizeof(port), "%u", (unsigned)o->port);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (!rows[i][1])
                        continue;
                keys[n] = rows[i][0];
                values[n++] = rows[i][1];
        }
        p->conn = PQconnectStartParams(keys, values, 0);
        if (!p->conn || PQstatus(p->conn) == CONNECTION_BAD) {
                go_away(p, p->conn ? PQerrorMessage(p->conn) : "out of memory");
                return;
        }
        p->wants = PGRES_POLLING_WRITING; /* as if the first poll had said so */
}

static void begin(struct postgres *p) {
        const char *host = p->config.options->host;
        int r = 0;

        p->state = POSTGRES_CONNECTING;
        p->deadline = now_of(p) + p->config.options->connect_timeout;
        if (is_local(host) || !resolving_is_name(host))
                begin_to_connect(p, host, NULL);
        else
                r = resolving_start(host, &p->resolving);
        if (r < 0)
                go_away(p, strerror(-r));
}

/* Waits for the host's addresses. */
static void postgres_resolve(struct postgres *p, int timeout_ms) {
        CLEANUP(buffer_done) struct buffer addresses = BUFFER_INIT(ADDRESSES_MAX), hosts = BUFFER_INIT(ADDRESSES_MAX);
        const int64_t left = p->deadline - now_of(p);
        struct error why = {0};
        size_t n = 0;
        int r = resolving_wait(p->resolving, left < timeout_ms ? (int)(left > 0 ? left : 0) : timeout_ms, &addresses, &n, &why);

        if (r == 0 && now_of(p) < p->deadline)
                return;
        p->resolving = resolving_free(p->resolving);
        for (size_t i = 0; i < n; i++)
                buffer_printf(&hosts, "%s%s", i > 0 ? "," : "", p->config.options->host);
        if (r > 0 && !addresses.failed && !hosts.failed)
                begin_to_connect(p, buffer_text(&hosts), buffer_text(&addresses));
        else
                go_away(p, r < 0 ? why.text : "its address is not told in time");
}

/* What the server tells beside answers is no news for an operator; and it may repeat data. */
static void drop_notice(void *ctx, const PGresult *result) {
        (void) ctx;
        (void) result;
}

static void connected(struct postgres *p) {
        if (PQsetnonblocking(p->conn, 1)) {
                go_away(p, PQerrorMessage(p->conn));
                return;
        }
        (void) PQsetNoticeReceiver(p->conn, drop_notice, NULL);
        p->state = POSTGRES_IDLE;
        p->session++;
        p->pause = 0;
        p->notified = false;
        p->trouble[0] = '\0';
        p->said[0] = '\0';
        metric_set(p->connected, 0, 1);
        log_line(p->config.log, DATABASE_THERE, LOG_STRING("connector", p->config.name), LOG_INT("server", PQserverVersion(p->conn)));
}

static void go_on_connecting(struct postgres *p) {
        p->wants = PQconnectPoll(p->conn);
        if (p->wants == PGRES_POLLING_OK)
                connected(p);
        else if (p->wants == PGRES_POLLING_FAILED)
                go_away(p, PQerrorMessage(p->conn));
}

/* -- A question -- */

/* The line broke, or no answer came, while a question was open. */
static void postgres_lose(struct postgres *p, const char *why) {
        bool asked = p->state == POSTGRES_ASKED;

        go_away(p, why);
        if (!asked)
                return;
        p->answer = (struct postgres_answer){.outcome = POSTGRES_GONE};
        (void) snprintf(p->answer.reason, sizeof(p->answer.reason), "the connection to the database broke: %.100s", p->trouble);
        p->state = POSTGRES_ANSWERED;
}

static void postgres_flush(struct postgres *p) {
        int r = PQflush(p->conn);

        p->unsent = r > 0;
        if (r < 0)
                postgres_lose(p, PQerrorMessage(p->conn));
}

int postgres_ask(struct postgres *p, const char *sql, const char *const *values, size_t n) {
        int sent;

        assert(p->state == POSTGRES_IDLE && n <= POSTGRES_VALUES_MAX);
        PQclear(p->rows);
        p->rows = NULL;
        p->answer = (struct postgres_answer){.outcome = POSTGRES_WELL};
        p->state = POSTGRES_ASKED;
        p->deadline = now_of(p) + p->config.options->timeout;
        sent = n > 0 ? PQsendQueryParams(p->conn, sql, (int)n, NULL, values, NULL, NULL, 0) : PQsendQuery(p->conn, sql);
        if (sent)
                postgres_flush(p);
        else
                postgres_lose(p, PQerrorMessage(p->conn));
        return 0;
}

/* One result of the question. The first that failed is the answer; else the last with rows. */
static void take_result(struct postgres *p, PGresult *result) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

        switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
                PQclear(p->rows);
                p->rows = result;
                return;
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
                break;
        default:
                if (p->answer.outcome != POSTGRES_WELL)
                        break;
                if (!state) { /* libpq's own word: the line */
                        p->answer.outcome = POSTGRES_GONE;
                        break;
                }
                (void) snprintf(p->answer.sqlstate, sizeof(p->answer.sqlstate), "%s", state);
                p->answer.outcome = postgres_outcome_of(state);
                describe(result, &p->answer);
        }
        PQclear(result);
}

static void take_notifications(struct postgres *p) {
        PGnotify *notify;

        while ((notify = PQnotifies(p->conn))) {
                p->notified = true;
                PQfreemem(notify);
        }
}

/* What has come. PQconsumeInput() says when the line is broken; PQstatus() goes on saying that all is well. */
static void postgres_take(struct postgres *p) {
        if (!PQconsumeInput(p->conn)) {
                postgres_lose(p, PQerrorMessage(p->conn));
                return;
        }
        take_notifications(p);
        while (p->state == POSTGRES_ASKED && !PQisBusy(p->conn)) {
                PGresult *result = PQgetResult(p->conn);

                if (result) {
                        take_result(p, result);
                        continue;
                }
                if (p->answer.outcome == POSTGRES_GONE || PQstatus(p->conn) == CONNECTION_BAD) {
                        postgres_lose(p, PQerrorMessage(p->conn));
                        return;
                }
                p->answer.rows = p->rows ? (size_t)PQntuples(p->rows) : 0;
                p->state = POSTGRES_ANSWERED;
        }
}

bool postgres_answered(struct postgres *p, struct postgres_answer *ret) {
        if (p->state != POSTGRES_ANSWERED)
                return false;
        *ret = p->answer;
        p->state = p->conn ? POSTGRES_IDLE : POSTGRES_AWAY;
        return true;
}

const char *postgres_cell(const struct postgres *p, size_t row, size_t column) {
        assert(p->rows && row < (size_t)PQntuples(p->rows) && column < (size_t)PQnfields(p->rows));
        return PQgetisnull(p->rows, (int)row, (int)column) ? NULL : PQgetvalue(p->rows, (int)row, (int)column);
}

bool postgres_in_transaction(const struct postgres *p) {
        PGTransactionStatusType status = p->conn ? PQtransactionStatus(p->conn) : PQTRANS_IDLE;

        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* -- Turning -- */

/* Waits for what the connection wants next. Return: whether it may go on. */
static bool postgres_wait(struct postgres *p, int timeout_ms) {
        struct pollfd line = {.fd = PQsocket(p->conn), .events = POLLIN};
        int64_t left = p->state == POSTGRES_IDLE ? INT64_MAX : p->deadline - now_of(p);

        if (p->state == POSTGRES_CONNECTING)
                line.events = p->wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        else if (p->unsent)
                line.events |= POLLOUT;
        if (left < timeout_ms)
                timeout_ms = left > 0 ? (int)left : 0;
        return poll(&line, 1, timeout_ms) > 0;
}

static void postgres_go_on(struct postgres *p) {
        if (p->state == POSTGRES_CONNECTING) {
                go_on_connecting(p);
                return;
        }
        if (p->unsent)
                postgres_flush(p);
        if (p->conn)
                postgres_take(p);
}

enum postgres_state postgres_turn(struct postgres *p, int timeout_ms) {
        const int64_t until = now_of(p) + timeout_ms;
        const uint64_t session = p->session;
        const enum postgres_state before = p->state;

        if (p->state == POSTGRES_AWAY && now_of(p) >= p->again)
                begin(p);
        if (p->resolving)
                postgres_resolve(p, timeout_ms);
        while (p->conn && p->state != POSTGRES_ANSWERED) {
                int64_t left = until - now_of(p);

                if (postgres_wait(p, left > 0 ? (int)left : 0))
                        postgres_go_on(p);
                else if (p->state != POSTGRES_IDLE && now_of(p) >= p->deadline)
                        postgres_lose(p, p->state == POSTGRES_ASKED ? "no answer in time" : "no connection in time");
                if (left <= 0 || p->notified || p->session != session || (p->state != before && p->state != POSTGRES_CONNECTING))
                        break;
        }
        if (!p->conn && p->state == POSTGRES_AWAY && timeout_ms > 0 && p->again > now_of(p)) {
                int64_t left = until - now_of(p), pause = p->again - now_of(p);

                (void) poll(NULL, 0, (int)(left < 0 ? 0 : left < pause ? left : pause));
        }
        return p->state;
}

enum postgres_state postgres_state(const struct postgres *p) {
        return p->state;
}

uint64_t postgres_session(const struct postgres *p) {
        return p->session;
}

const char *postgres_trouble(const struct postgres *p) {
        return p->trouble;
}

int64_t postgres_pause(const struct postgres *p) {
        int64_t left = p->again - now_of(p);

        return p->state == POSTGRES_AWAY && left > 0 ? left : 0;
}

bool postgres_was_notified(struct postgres *p) {
        bool notified = p->notified;

        p->notified = false;
        return notified;
}

int postgres_await(struct postgres *p, struct error *err) {
        const int64_t until = now_of(p) + p->config.options->connect_timeout + p->config.options->timeout;

        while (now_of(p) < until) {
                enum postgres_state state = postgres_turn(p, AWAIT_STEP_MS);

                if (state == POSTGRES_IDLE || state == POSTGRES_ANSWERED)
                        return 0;
                if (state == POSTGRES_AWAY && p->trouble[0])
                        break;
        }
        error_set(err, "the database cannot be reached: %s", p->trouble[0] ? p->trouble : "no answer in time");
        return -EIO;
}

/* -- Its life -- */

int postgres_new(const struct postgres_config *config, struct postgres **ret, struct error *err) {
        static const struct metric_row row = {
                .name = "ketenwacht_database_connected", .kind = METRIC_GAUGE, .help = "Whether the connection to the database stands."};
        CLEANUP(postgres_free_p) struct postgres *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        p->config = *config;
        r = config->metrics ? metrics_register(config->metrics, &row, &p->connected, err) : 0;
        if (r < 0)
                return r;
        *ret = TAKE(p);
        return 0;
}

struct postgres *postgres_free(struct postgres *p) {
        if (!p)
                return NULL;
        forget_connection(p);
        resolving_free(p->resolving);
        free(p);
        return NULL;
}

/* -- Words of SQL -- */

void postgres_put_session(struct buffer *out, const struct postgres_options *options) {
        buffer_printf(out,
                      "SET statement_timeout = %lld; SET tcp_keepalives_idle = " KEEPALIVES_IDLE "; SET tcp_keepalives_interval = " KEEPALIVES_INTERVAL
                      "; SET tcp_keepalives_count = " KEEPALIVES_COUNT "; SET tcp_user_timeout = " TCP_USER_TIMEOUT "; ",
                      (long long)(options->timeout / POSTGRES_STATEMENT_SHARE));
}

bool postgres_name_valid(const char *name) {
        size_t n = strlen(name);
        const char *dot = strchr(name, '.');

        return n > 0 && n <= POSTGRES_NAME_MAX && (!dot || (dot > name && dot[1] != '\0' && !strchr(dot + 1, '.')));
}

static void put_quoted(struct buffer *out, const char *text, size_t n, char quote) {
        buffer_add_byte(out, (uint8_t)quote);
        for (size_t i = 0; i < n; i++) {
                if (text[i] == quote)
                        buffer_add_byte(out, (uint8_t)quote);
                buffer_add_byte(out, (uint8_t)text[i]);
        }
        buffer_add_byte(out, (uint8_t)quote);
}

void postgres_put_column(struct buffer *out, const char *name) {
        put_quoted(out, name, strlen(name), '"');
}

void postgres_put_name(struct buffer *out, const char *name) {
        const char *dot = strchr(name, '.');

        if (dot) {
                put_quoted(out, name, (size_t)(dot - name), '"');
                buffer_add_byte(out, '.');
                name = dot + 1;
        }
        postgres_put_column(out, name);
}

/* standard_conforming_strings is on since 9.1, and E'' reads the same under both. */
void postgres_put_text(struct buffer *out, const char *text) {
        buffer_add_text(out, strchr(text, '\\') ? " E'" : "'");
        for (; *text; text++) {
                if (*text == '\'' || *text == '\\')
                        buffer_add_byte(out, (uint8_t)*text);
                buffer_add_byte(out, (uint8_t)*text);
        }
        buffer_add_byte(out, '\'');
}

void postgres_put_element(struct buffer *out, const char *text) {
        if (!text) {
                buffer_add_text(out, "NULL");
                return;
        }
        buffer_add_byte(out, '"');
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        buffer_add_byte(out, '\\');
                buffer_add_byte(out, (uint8_t)*text);
        }
        buffer_add_byte(out, '"');
}
