/* SPDX-License-Identifier: EUPL-1.2 */

/* HTTP/1.1 over a socket to 127.0.0.1, kept alive; bodies with a length, or to the end of the connection. */

#include "bench/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define HTTP_PIECE 65536

void bench_http_done(struct bench_http *http) {
        if (http->fd >= 0)
                (void) close(http->fd);
        http->fd = -1;
}

static int http_failed(struct bench_http *http, const char *what, int code, struct error *err) {
        error_set(err, "%s 127.0.0.1:%u: %s", what, (unsigned)http->port, strerror(code));
        bench_http_done(http);
        return -code;
}

static int http_connect(struct bench_http *http, struct error *err) {
        const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct timeval wait = {.tv_sec = BENCH_HTTP_WAIT_S};
        int one = 1;

        if (http->fd >= 0)
                return 0;
        http->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (http->fd < 0)
                return http_failed(http, "no socket for", errno, err);
        (void) setsockopt(http->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void) setsockopt(http->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        if (connect(http->fd, (const struct sockaddr *)&to, sizeof(to)))
                return http_failed(http, "cannot connect to", errno, err);
        return 0;
}

static int http_ask(struct bench_http *http, const char *path, const char *accept, struct error *err) {
        char request[BENCH_HTTP_PATH_MAX + 256];
        int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: %s\r\n\r\n", path, (unsigned)http->port, accept);
        ssize_t sent;

        if (n < 0 || (size_t)n >= sizeof(request)) {
                error_set(err, "the path %s is too long", path);
                return -EINVAL;
        }
        sent = send(http->fd, request, (size_t)n, MSG_NOSIGNAL);
        return sent == n ? 0 : http_failed(http, "cannot ask", sent < 0 ? errno : EPIPE, err);
}

/* The number that stands at @text; 0: none does. */
static int64_t http_number(const char *text) {
        int64_t number;

        return text_to_int64((struct text){text, strspn(text, "0123456789")}, &number) ? number : 0;
}

/* Of "HTTP/1.1 200 OK". */
static int http_status(const char *head) {
        size_t n = strcspn(head, " ");

        return head[n] ? (int)http_number(head + n + 1) : 0;
}

/* The value of a header, or NULL. @head ends with a NUL behind its empty line. */
static const char *http_header(const char *head, const char *name) {
        size_t n = strlen(name);

        for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
                if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
                        return line + 2 + n + 1 + strspn(line + 2 + n + 1, " ");
        }
        return NULL;
}

/* Reads the head, and what came with it of the body. Return: how much of the body stands in @buffer from *ret_body on; negative errno. */
static ssize_t http_read_head(struct bench_http *http, char *buffer, char **ret_body, struct error *err) {
        size_t n = 0;

        for (;;) {
                ssize_t got = recv(http->fd, buffer + n, BENCH_HTTP_HEAD_MAX - 1 - n, 0);
                char *end;

                if (got <= 0)
                        return http_failed(http, "no answer of", got < 0 ? errno : ECONNRESET, err);
                n += (size_t)got;
                buffer[n] = '\0';
                end = strstr(buffer, "\r\n\r\n");
                if (end) {
                        *ret_body = end + 4;
                        end[2] = '\0';
                        return (ssize_t)(n - (size_t)(*ret_body - buffer));
                }
                if (n == BENCH_HTTP_HEAD_MAX - 1)
                        return http_failed(http, "too many headers of", EMSGSIZE, err);
        }
}

/* Reads the rest of a body of @length bytes, of which @have are in @body already; *ret_kept: NULL: it is not kept. */
static int http_read_body(struct bench_http *http, size_t length, const char *body, size_t have, char **ret_kept, struct error *err) {
        char piece[HTTP_PIECE];
        char *kept = ret_kept ? malloc(length + 1) : NULL;

        if (ret_kept && !kept)
                return -ENOMEM;
        if (kept) {
                memcpy(kept, body, have < length ? have : length);
                kept[length] = '\0';
        }
        while (have < length) {
                size_t left = length - have;
                ssize_t got = recv(http->fd, kept ? kept + have : piece, kept || left < sizeof(piece) ? left : sizeof(piece), 0);

                if (got <= 0) {
                        free(kept);
                        return http_failed(http, "half an answer of", got < 0 ? errno : ECONNRESET, err);
                }
                have += (size_t)got;
        }
        if (ret_kept)
                *ret_kept = kept;
        return 0;
}

int bench_http_get(struct bench_http *http, const char *path, bool keep_body, struct bench_http_answer *ret, struct error *err) {
        char head[BENCH_HTTP_HEAD_MAX], *body;
        const char *length, *connection;
        int64_t begin;
        ssize_t have;
        int r = http_connect(http, err);

        *ret = (struct bench_http_answer){0};
        begin = clock_monotonic_ns();
        if (r == 0)
                r = http_ask(http, path, "*/*", err);
        if (r)
                return r;
        have = http_read_head(http, head, &body, err);
        if (have < 0)
                return (int)have;
        ret->status = http_status(head);
        length = http_header(head, "Content-Length");
        if (!length) {
                error_set(err, "%s says no Content-Length", path);
                bench_http_done(http);
                return -EPROTO;
        }
        ret->bytes = (size_t)http_number(length);
        connection = http_header(head, "Connection");
        r = http_read_body(http, ret->bytes, body, (size_t)have, keep_body ? &ret->body : NULL, err);
        ret->ns = clock_monotonic_ns() - begin;
        if (r == 0 && connection && strncasecmp(connection, "close", 5) == 0)
                bench_http_done(http);
        return r;
}

int bench_http_stream(uint16_t port, const char *path, struct bench_http *ret, struct error *err) {
        char head[BENCH_HTTP_HEAD_MAX], *body;
        int r;

        *ret = BENCH_HTTP(port);
        r = http_connect(ret, err);
        if (r == 0)
                r = http_ask(ret, path, "text/event-stream", err);
        if (r == 0 && http_read_head(ret, head, &body, err) < 0)
                r = -EPROTO;
        if (r == 0 && http_status(head) != 200) {
                error_set(err, "%s answers %.40s", path, head);
                r = -EPROTO;
        }
        if (r == 0 && fcntl(ret->fd, F_SETFL, O_NONBLOCK))
                r = http_failed(ret, "cannot read from", errno, err);
        if (r)
                bench_http_done(ret);
        return r;
}
