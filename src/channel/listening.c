/* SPDX-License-Identifier: EUPL-1.2 */

/* A daemon of libmicrohttpd without threads: where it listens, what it bounds, and how it ends. */

#include "channel/listening.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define ADDRESS_MAX 64

/* "127.0.0.1:8080" or "[::1]:8080". */
static int listening_parse(const char *listen, struct sockaddr_storage *ret, struct error *err) {
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

/* -- Connections, and since when each has been at what it is at -- */

struct listened {
        struct MHD_Connection *connection;
        int64_t since; /* the request before was over, or it was answered that it may go on */
        struct listened *next, *previous;
};

static void listened_add(struct listening *l, struct MHD_Connection *connection, void **context) {
        struct listened *c = calloc(1, sizeof(*c));

        if (!c)
                return; /* only its slowness is not seen */
        *c = (struct listened){.connection = connection, .since = clock_monotonic(&l->clock), .next = l->open};
        if (c->next)
                c->next->previous = c;
        l->open = c;
        *context = c;
}

static void listened_remove(struct listening *l, struct listened *c) {
        if (c->previous)
                c->previous->next = c->next;
        else
                l->open = c->next;
        if (c->next)
                c->next->previous = c->previous;
        free(c);
}

static void listening_notice(void *cls, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode what) {
        if (what == MHD_CONNECTION_NOTIFY_STARTED) {
                listened_add(cls, connection, context);
        } else if (*context) {
                listened_remove(cls, *context);
                *context = NULL;
        }
}

static void listening_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct listened *c = info ? info->socket_context : NULL;
        struct listening *l = cls;

        if (c)
                c->since = clock_monotonic(&l->clock);
        l->over(l->ctx, connection, state, why);
}

/* Ends what takes too long: who sends or reads a byte a second would else keep a connection from everybody for ever. */
static void listening_sweep(struct listening *l) {
        int64_t now = clock_monotonic(&l->clock), whole = l->whole_within ? l->whole_within : LISTENING_WHOLE_MS;
        int64_t longest = whole > l->timeout ? whole : l->timeout;

        if (now < l->swept + LISTENING_SWEEP_MS)
                return;
        l->swept = now;
        for (struct listened *c = l->open; c; c = c->next) {
                const union MHD_ConnectionInfo *info = MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);

                if (info && info->suspended == MHD_YES)
                        c->since = now; /* it waits for us */
                if (now - c->since < longest)
                        continue;
                info = MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
                if (info)
                        (void) shutdown(info->connect_fd, SHUT_RDWR); /* libmicrohttpd sees the end of it, and tidies up */
                c->since = now;
        }
}

/* libmicrohttpd would print what single clients do wrong; that is no news for an operator. */
static void listening_no_log(void *cls, const char *fmt, va_list args) {
        (void) cls;
        (void) fmt;
        (void) args;
}

int listening_check(const struct listening *l, struct error *err) {
        struct sockaddr_storage address;

        return listening_parse(l->listen, &address, err);
}

static void listening_tell(const struct listening *l, const struct connector_env *env) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT);
        const char *colon = strrchr(l->listen, ':');
        char address[2 * ADDRESS_MAX];

        (void) snprintf(address, sizeof(address), "%.*s:%u", (int)(colon - l->listen), l->listen, info ? (unsigned)info->port : 0);
        log_line(env->log, CONNECT_LISTENS, LOG_STRING("connector", env->name), LOG_STRING("address", address));
}

int listening_open(struct listening *l, const struct connector_env *env, const struct listening_handler *handler, struct error *err) {
        struct sockaddr_storage address;
        unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
        int e = listening_parse(l->listen, &address, err);

        assert(!l->daemon);
        if (e < 0)
                return e;
        if (address.ss_family == AF_INET6)
                flags |= MHD_USE_IPv6;
        l->quiet = false;
        l->clock = env->clock;
        l->over = handler->over;
        l->ctx = handler->ctx;
        errno = 0;
        l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handler->request, handler->ctx,
                                     MHD_OPTION_EXTERNAL_LOGGER, listening_no_log, NULL,
                                     MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address,
                                     MHD_OPTION_NOTIFY_COMPLETED, listening_over, l,
                                     MHD_OPTION_NOTIFY_CONNECTION, listening_notice, l,
                                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)l->connections,
                                     MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)l->per_address,
                                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((l->timeout + 999) / 1000),
                                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LISTENING_HEADER_BYTES,
                                     MHD_OPTION_END);
        if (l->daemon) {
                listening_tell(l, env);
                return 0;
        }
        e = errno ? errno : EIO;
        error_set(err, "cannot listen on %s: %s; choose another address with listen", l->listen, strerror(e));
        return e == EADDRINUSE || e == EACCES || e == EADDRNOTAVAIL ? -EINVAL : -e;
}

void listening_close(struct listening *l) {
        if (!l->daemon)
                return;
        (void) MHD_run(l->daemon); /* takes up the resumed ones, as MHD_stop_daemon() wants it */
        MHD_stop_daemon(l->daemon);
        l->daemon = NULL;
}

int listening_turn(struct listening *l, int timeout_ms, struct error *err) {
        listening_sweep(l);
        if (MHD_run_wait(l->daemon, timeout_ms) == MHD_YES)
                return 0;
        error_set(err, "the HTTP server does not run any more; the process must be started again");
        return -EIO;
}

void listening_quiesce(struct listening *l) {
        MHD_socket listening = l->quiet ? MHD_INVALID_SOCKET : MHD_quiesce_daemon(l->daemon);

        if (listening != MHD_INVALID_SOCKET)
                (void) close(listening);
        l->quiet = true;
}
