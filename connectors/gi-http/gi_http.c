/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * gi-http: organisations post their events over HTTP
 *
 * One thread: libmicrohttpd is turned by the runtime, and a request waits suspended until the broker
 * has answered. So an answer of 202 means that all replicas have the event.
 */

#include "connectors/gi-http/gi_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "connect/openapi.h"

#define ADDRESS_MAX 64
#define DOCUMENT_VERSION "1"

const unsigned gi_http_statuses[GI_HTTP_STATUSES] = {200, 202, 400, 401, 403, 404, 405, 413, 415, 422, 500, 503};
static const char *const status_names[GI_HTTP_STATUSES] = {"200", "202", "400", "401", "403", "404", "405", "413", "415", "422", "500", "503"};

/* "127.0.0.1:8080" or "[::1]:8080". */
static int parse_listen(const char *listen, struct sockaddr_storage *ret, struct error *err) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
        const char *colon = strrchr(listen, ':');
        size_t n = colon ? (size_t)(colon - listen) : 0;
        char host[ADDRESS_MAX] = "";
        int64_t port;

        memset(ret, 0, sizeof(*ret));
        if (n > 0 && n < sizeof(host) && text_to_int64(text_of(colon + 1), &port) && port >= 0 && port <= UINT16_MAX) {
                bool bracketed = n > 2 && listen[0] == '[' && listen[n - 1] == ']';

                memcpy(host, listen + (bracketed ? 1 : 0), n - (bracketed ? 2 : 0));
                if (!bracketed && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
                        v4->sin_family = AF_INET;
                        v4->sin_port = htons((uint16_t)port);
                        return 0;
                }
                if (bracketed && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
                        v6->sin6_family = AF_INET6;
                        v6->sin6_port = htons((uint16_t)port);
                        return 0;
                }
        }
        error_set(err, "listen: '%s' is no numeric address with a port; write 127.0.0.1:8080 or [::1]:8080", listen);
        return -EINVAL;
}

/* libmicrohttpd would print what single clients do wrong; that is no news for an operator. */
static void no_log(void *cls, const char *fmt, va_list args) {
        (void) cls;
        (void) fmt;
        (void) args;
}

static int start(struct gi_http *g, const struct sockaddr_storage *address, struct error *err) {
        unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
        int e;

        errno = 0;
        g->daemon = MHD_start_daemon(flags, 0, NULL, NULL, gi_http_request, g,
                                     MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
                                     MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)address,
                                     MHD_OPTION_NOTIFY_COMPLETED, gi_http_over, g,
                                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)g->connections,
                                     MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)g->per_address,
                                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((g->timeout + 999) / 1000),
                                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)GI_HTTP_HEADER_BYTES,
                                     MHD_OPTION_END);
        if (g->daemon)
                return 0;
        e = errno ? errno : EIO;
        error_set(err, "cannot listen on %s: %s; choose another address with listen", g->listen, strerror(e));
        return e == EADDRINUSE || e == EACCES || e == EADDRNOTAVAIL ? -EINVAL : -e;
}

static void tell_address(const struct gi_http *g) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(g->daemon, MHD_DAEMON_INFO_BIND_PORT);
        const char *colon = strrchr(g->listen, ':');
        char address[2 * ADDRESS_MAX];

        (void) snprintf(address, sizeof(address), "%.*s:%u", (int)(colon - g->listen), g->listen, info ? (unsigned)info->port : 0);
        log_line(g->env->log, CONNECT_LISTENS, LOG_STRING("connector", g->env->name), LOG_STRING("address", address));
}

static int count_answers(struct gi_http *g, struct error *err) {
        const struct metric_row row = {.name = "ketenwacht_http_answers_total",
                                       .kind = METRIC_COUNTER,
                                       .help = "Requests answered, by status.",
                                       .labels = {{"status", status_names, GI_HTTP_STATUSES}}};

        return g->env->metrics ? metrics_register(g->env->metrics, &row, &g->answered, err) : 0;
}

static int gi_http_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct sockaddr_storage address;
        struct gi_http *g = ctx;
        int r;

        g->env = env;
        g->quiet = false;
        g->failure = 0;
        g->document = (struct buffer)BUFFER_INIT(OPENAPI_BYTES_MAX);
        r = parse_listen(g->listen, &address, err);
        if (r == 0)
                r = arena_new(&g->arena, INTAKE_ARENA_MAX);
        if (r == 0)
                r = count_answers(g, err);
        if (r < 0)
                return r;
        openapi_write(env->types, DOCUMENT_VERSION, &g->document);
        if (g->document.failed)
                return -ENOMEM;
        r = start(g, &address, err);
        if (r == 0)
                tell_address(g);
        return r;
}

/* Every suspended request was settled before: the runtime closes its producer first. */
static void gi_http_close(void *ctx) {
        struct gi_http *g = ctx;

        if (g->daemon) {
                (void) MHD_run(g->daemon); /* takes up the resumed ones, as MHD_stop_daemon() wants it */
                MHD_stop_daemon(g->daemon);
        }
        g->daemon = NULL;
        g->arena = arena_free(g->arena);
        buffer_done(&g->document);
}

static int gi_http_turn(void *ctx, int timeout_ms, struct error *err) {
        struct gi_http *g = ctx;

        if (MHD_run_wait(g->daemon, timeout_ms) != MHD_YES) {
                error_set(err, "the HTTP server does not run any more; the process must be started again");
                return -EIO;
        }
        if (g->failure)
                *err = g->failed;
        return g->failure;
}

static bool gi_http_quiesce(void *ctx) {
        struct gi_http *g = ctx;

        if (!g->quiet) {
                MHD_socket listening = MHD_quiesce_daemon(g->daemon);

                if (listening != MHD_INVALID_SOCKET)
                        (void) close(listening);
        }
        g->quiet = true;
        return g->requests == 0;
}

static void gi_http_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct request *q = cookie;

        (void) ctx;
        q->phase = REQUEST_SETTLED;
        if (outcome != SUBMITTED_SENT) {
                q->problem.kind = PROBLEM_BROKER;
                error_set(&q->problem.detail, "%s",
                          outcome == SUBMITTED_REFUSED ? "the broker did not take the event; post it again with the same event_id"
                                                       : "the broker did not answer in time, so the outcome is open; post it again with the same event_id");
        }
        MHD_resume_connection(q->connection);
}

static const struct connector_option options[] = {
        {.key = "listen",
         .fallback = "127.0.0.1:8080",
         .doc = "Numeric address and port to take requests at; port 0 is any that is free, see the log. Plain HTTP: let a reverse proxy on this machine "
                "do TLS.",
         .type = OPTION_STRING,
         .offset = offsetof(struct gi_http, listen)},
        {.key = "tokens",
         .doc = "Who may post: one to four bearer tokens for each organisation, of at least 32 characters. They stand in a file or an environment variable, "
                "separated by white space, so that a new one can be handed out before the old one is withdrawn; read at the start.",
         .type = OPTION_SECRETS,
         .offset = offsetof(struct gi_http, tokens)},
        {.key = "connections",
         .fallback = "500",
         .doc = "Connections at once; more wait in the queue of the operating system.",
         .type = OPTION_INT,
         .offset = offsetof(struct gi_http, connections),
         .min = 1,
         .max = 10000},
        {.key = "per_address",
         .fallback = "0",
         .doc = "Connections at once from one address; 0 is without a limit, as behind a reverse proxy.",
         .type = OPTION_INT,
         .offset = offsetof(struct gi_http, per_address),
         .min = 0,
         .max = 10000},
        {.key = "timeout",
         .fallback = "10 s",
         .doc = "A connection on which nothing moves for so long is closed; rounded up to whole seconds.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct gi_http, timeout),
         .min = 1000,
         .max = 600000},
        {0},
};

const struct connector_ops connector_gi_http = {
        .name = "gi-http",
        .summary = "organisations post their events: POST /events/<event>, JSON or CloudEvents",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct gi_http),
        .options = options,
        .open = gi_http_open,
        .close = gi_http_close,
        .turn = gi_http_turn,
        .quiesce = gi_http_quiesce,
        .settled = gi_http_settled,
};
