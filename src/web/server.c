/* SPDX-License-Identifier: EUPL-1.2 */

/* Requests and answers over libmicrohttpd, whose thread reads and sends, and threads of our own, which answer. */

#include "web/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "web/stream.h"

#define WEB_BACKLOG 128
#define WEB_STREAM_BLOCK 16384 /* bytes that are sent of a stream at once */
#define WEB_END_ROUND_MS 50
#define WEB_END_ROUNDS 40

struct web_server {
        struct web_server_config config;
        struct MHD_Daemon *daemon;
        struct clock clock; /* the machine's */
        int unix_fd; /* -1: none */
        uint16_t port;
        atomic_bool stopping;
        pthread_mutex_t lock;
        pthread_cond_t ended;        /* a stream, or a request */
        struct web_reader *readers;  /* streams that are being sent */
        pthread_cond_t asked;        /* something waits, or no more will */
        struct web_request *first, **last; /* that wait for a thread, in their order */
        bool closed;                 /* no more will wait */
        size_t open;                 /* requests that were asked and are not yet answered to their end */
        pthread_t threads[WEB_THREADS];
        size_t threads_n;
};

struct web_field {
        char *name, *value; /* in the body */
};

struct web_request {
        struct web_server *server;
        struct MHD_Connection *connection;
        const char *method, *path;
        char address[WEB_ADDRESS_TEXT];
        bool is_unix;
        struct buffer body;
        struct web_field fields[WEB_FIELDS_MAX];
        size_t fields_n;
        struct web_request *next;   /* that waits behind it */
        bool asked;                 /* a thread has it, or had it: the answer is there when its connection wakes */
        struct web_answer answer;
};

/* One who watches a stream: the connection that it is sent over. */
struct web_reader {
        struct web_server *server;
        struct web_reader *next;
        struct MHD_Connection *connection;
        struct web_watcher *watcher;
        int64_t end; /* monotonic */
};

/* -- What a request says -- */

const char *web_method(const struct web_request *r) {
        return strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
}

const char *web_path(const struct web_request *r) {
        return r->path;
}

const char *web_address(const struct web_request *r) {
        return r->address;
}

bool web_is_unix(const struct web_request *r) {
        return r->is_unix;
}

bool web_is_tls(const struct web_request *r) {
        return r->server->config.certificate;
}

struct web_search {
        const char *name;
        const char *found;
        unsigned n;
        bool any_case;
};

static enum MHD_Result web_search_value(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
        struct web_search *s = cls;

        (void) kind;
        if ((s->any_case ? strcasecmp(name, s->name) : strcmp(name, s->name)) != 0)
                return MHD_YES;
        if (s->n++ == 0)
                s->found = value ? value : "";
        return MHD_YES;
}

static struct web_search web_search(const struct web_request *r, enum MHD_ValueKind kind, const char *name) {
        struct web_search s = {.name = name, .any_case = kind == MHD_HEADER_KIND};

        (void) MHD_get_connection_values(r->connection, kind, web_search_value, &s);
        return s;
}

const char *web_query(const struct web_request *r, const char *name) {
        return web_search(r, MHD_GET_ARGUMENT_KIND, name).found;
}

const char *web_cookie(const struct web_request *r, const char *name) {
        return web_search(r, MHD_COOKIE_KIND, name).found;
}

const char *web_header(const struct web_request *r, const char *name) {
        return web_search(r, MHD_HEADER_KIND, name).found;
}

const char *web_header_once(const struct web_request *r, const char *name, bool *ret_many) {
        struct web_search s = web_search(r, MHD_HEADER_KIND, name);

        *ret_many = s.n > 1;
        return s.n == 1 ? s.found : NULL;
}

struct web_each {
        void (*value)(void *ctx, const char *name, const char *value);
        void *ctx;
};

static enum MHD_Result web_each_value(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
        const struct web_each *each = cls;

        (void) kind;
        each->value(each->ctx, name, value ? value : "");
        return MHD_YES;
}

void web_query_each(const struct web_request *r, void (*value)(void *ctx, const char *name, const char *value), void *ctx) {
        struct web_each each = {value, ctx};

        (void) MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, web_each_value, &each);
}

const char *web_form(const struct web_request *r, const char *name) {
        for (size_t i = 0; i < r->fields_n; i++) {
                if (strcmp(r->fields[i].name, name) == 0)
                        return r->fields[i].value;
        }
        return NULL;
}

/* -- A form -- */

static int web_hex(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)(c | 0x20);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place. false: a byte of zero, or a % without two digits behind it. */
static bool web_decode(char *s) {
        char *to = s;

        for (; *s; s++) {
                if (*s == '%') {
                        int high = web_hex(s[1]), low = high < 0 ? -1 : web_hex(s[2]);

                        if (low < 0 || (high == 0 && low == 0))
                                return false;
                        *to++ = (char)(high * 16 + low);
                        s += 2;
                } else {
                        *to++ = *s == '+' ? ' ' : *s;
                }
        }
        *to = '\0';
        return true;
}

/* Whether the body could be read as fields. */
static bool web_form_read(struct web_request *r) {
        const char *type = web_header(r, "Content-Type");
        char *at;

        if (r->body.n == 0)
                return true;
        if (!type || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0 || memchr(r->body.bytes, 0, r->body.n))
                return false;
        (void) buffer_text(&r->body);
        if (r->body.failed)
                return false;
        at = (char *)r->body.bytes;
        while (at && *at) {
                struct web_field *field = &r->fields[r->fields_n];
                char *next = strchr(at, '&'), *equals;

                if (next)
                        *next++ = '\0';
                equals = strchr(at, '=');
                if (r->fields_n == WEB_FIELDS_MAX || !equals)
                        return false;
                *equals = '\0';
                *field = (struct web_field){at, equals + 1};
                if (!web_decode(field->name) || !web_decode(field->value))
                        return false;
                r->fields_n++;
                at = next;
        }
        return true;
}

/* -- Answers -- */

void web_answer_header(struct web_answer *a, const char *name, const char *fmt, ...) {
        struct web_header_row *row = &a->headers[a->headers_n];
        va_list args;

        assert(a->headers_n < WEB_HEADERS_MAX);
        va_start(args, fmt);
        if (vasprintf(&row->value, fmt, args) < 0)
                a->body.failed = true;
        else
                row->name = name, a->headers_n++;
        va_end(args);
}

void web_answer_see(struct web_answer *a, const char *location) {
        a->status = MHD_HTTP_SEE_OTHER;
        buffer_clear(&a->body);
        web_answer_header(a, "Location", "%s", location);
}

static void web_answer_done(struct web_answer *a) {
        for (size_t i = 0; i < a->headers_n; i++)
                free(a->headers[i].value);
        buffer_done(&a->body);
}

/* -- Streams -- */

static void web_reader_sleep(void *ctx) {
        struct web_reader *reader = ctx;

        MHD_suspend_connection(reader->connection);
}

static void web_reader_wake(void *ctx) {
        struct web_reader *reader = ctx;

        MHD_resume_connection(reader->connection);
}

static ssize_t web_reader_read(void *cls, uint64_t pos, char *bytes, size_t max) {
        struct web_reader *reader = cls;
        size_t n;

        (void) pos;
        if (atomic_load(&reader->server->stopping) || clock_monotonic(&reader->server->clock) >= reader->end)
                return MHD_CONTENT_READER_END_OF_STREAM;
        n = web_stream_read(reader->watcher, bytes, max, web_reader_sleep);
        return n == WEB_STREAM_LOST ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void web_reader_free(void *cls) {
        struct web_reader *reader = cls;
        struct web_server *s = reader->server;

        web_stream_leave(reader->watcher);
        pthread_mutex_lock(&s->lock);
        for (struct web_reader **at = &s->readers; *at; at = &(*at)->next) {
                if (*at == reader) {
                        *at = reader->next;
                        break;
                }
        }
        pthread_cond_signal(&s->ended);
        pthread_mutex_unlock(&s->lock);
        free(reader);
}

static struct MHD_Response *web_stream_response(struct web_request *r, const struct web_answer *a) {
        struct web_reader *reader = calloc(1, sizeof(*reader));
        struct MHD_Response *response;

        if (!reader)
                return NULL;
        *reader = (struct web_reader){.server = r->server, .connection = r->connection};
        reader->end = clock_monotonic(&r->server->clock) + (r->server->config.stream_ms ? r->server->config.stream_ms : WEB_STREAM_LONGEST_MS);
        if (web_stream_join(a->stream, a->stream_after, web_reader_wake, reader, &reader->watcher)) {
                free(reader);
                return NULL;
        }
        pthread_mutex_lock(&r->server->lock);
        reader->next = r->server->readers;
        r->server->readers = reader;
        pthread_mutex_unlock(&r->server->lock);
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, WEB_STREAM_BLOCK, web_reader_read, reader, web_reader_free);
        if (!response)
                web_reader_free(reader);
        return response;
}

/* -- Sending -- */

static const struct {
        const char *name, *value;
} web_common[] = {
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
         "frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
};

static bool web_put_header(struct MHD_Response *response, const char *name, const char *value) {
        return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool web_put_headers(struct MHD_Response *response, const struct web_answer *a) {
        bool ok = true;

        for (size_t i = 0; i < ELEMENTS(web_common); i++)
                ok &= web_put_header(response, web_common[i].name, web_common[i].value);
        for (size_t i = 0; i < a->headers_n; i++)
                ok &= web_put_header(response, a->headers[i].name, a->headers[i].value);
        if (a->stream) /* some clients read Latin-1 without a charset; a proxy must not collect what is to be seen at once */
                return ok && web_put_header(response, "Content-Type", "text/event-stream; charset=utf-8") &&
                       web_put_header(response, "Cache-Control", "no-cache") && web_put_header(response, "X-Accel-Buffering", "no") &&
                       web_put_header(response, "Connection", "close"); /* when it ends, nothing is left to wait for */
        return ok && (!a->content_type || web_put_header(response, "Content-Type", a->content_type)) &&
               web_put_header(response, "Cache-Control", a->cache ? a->cache : "no-store") && (a->cache || web_put_header(response, "Vary", "Accept-Language"));
}

static enum MHD_Result web_send(struct web_request *r, struct web_answer *a) {
        struct MHD_Response *response;
        enum MHD_Result result;

        if (a->body.failed) { /* out of memory: say so without needing any */
                static const char empty[] = "";

                a->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
                response = MHD_create_response_from_buffer(0, (void *)(uintptr_t)empty, MHD_RESPMEM_PERSISTENT);
        } else if (a->stream) {
                response = web_stream_response(r, a);
        } else {
                response = MHD_create_response_from_buffer(a->body.n, a->body.bytes, MHD_RESPMEM_MUST_FREE);
                if (response)
                        a->body = (struct buffer)BUFFER_INIT(WEB_BODY_MAX); /* its bytes are the response's */
        }
        if (!response)
                return MHD_NO;
        result = web_put_headers(response, a) ? MHD_queue_response(r->connection, a->status, response) : MHD_NO;
        MHD_destroy_response(response);
        return result;
}

static void web_refuse(struct web_answer *a, unsigned status, const char *sentence) {
        a->status = status;
        a->content_type = "text/plain; charset=utf-8";
        buffer_add_text(&a->body, sentence);
        buffer_add_byte(&a->body, '\n');
}

static void web_handle(struct web_request *r) {
        r->answer = (struct web_answer){.status = MHD_HTTP_OK, .body = BUFFER_INIT(WEB_BODY_MAX)};
        if (r->body.failed)
                web_refuse(&r->answer, MHD_HTTP_CONTENT_TOO_LARGE, "The body of this request is too large.");
        else if (!web_form_read(r))
                web_refuse(&r->answer, MHD_HTTP_BAD_REQUEST, "The body of this request is no form (application/x-www-form-urlencoded).");
        else
                r->server->config.handle(r->server->config.ctx, r, &r->answer);
}

/*
 * -- The threads that answer --
 *
 * The one of libmicrohttpd never waits for a page: a connection sleeps while its request is with one of ours. With a pool of its own each connection would
 * belong to one thread for good, and stand still behind another that waits for the broker.
 */

static struct web_request *web_take(struct web_server *s) {
        struct web_request *r;

        pthread_mutex_lock(&s->lock);
        while (!s->first && !s->closed)
                pthread_cond_wait(&s->asked, &s->lock);
        r = s->first;
        if (r)
                s->first = r->next;
        if (!s->first)
                s->last = &s->first;
        pthread_mutex_unlock(&s->lock);
        return r;
}

static void *web_answer_all(void *ctx) {
        struct web_request *r;

        while ((r = web_take(ctx))) {
                web_handle(r);
                MHD_resume_connection(r->connection); /* from here on it is libmicrohttpd's */
        }
        return NULL;
}

static enum MHD_Result web_ask(struct web_request *r) {
        struct web_server *s = r->server;
        bool closed;

        pthread_mutex_lock(&s->lock);
        closed = s->closed;
        if (!closed) {
                MHD_suspend_connection(r->connection);
                r->asked = true;
                *s->last = r;
                s->last = &r->next;
                s->open++;
                pthread_cond_signal(&s->asked);
        }
        pthread_mutex_unlock(&s->lock);
        return closed ? MHD_NO : MHD_YES;
}

static int web_start_threads(struct web_server *s, struct error *err) {
        for (size_t i = 0; i < WEB_THREADS; i++) {
                int e = pthread_create(&s->threads[i], NULL, web_answer_all, s);

                if (e) {
                        error_set(err, "no thread can be had: %s", strerror(e));
                        return -e;
                }
                s->threads_n++;
        }
        return 0;
}

/* What waits is answered first. */
static void web_end_threads(struct web_server *s) {
        pthread_mutex_lock(&s->lock);
        s->closed = true;
        pthread_cond_broadcast(&s->asked);
        pthread_mutex_unlock(&s->lock);
        for (size_t i = 0; i < s->threads_n; i++)
                pthread_join(s->threads[i], NULL);
}

/* -- libmicrohttpd -- */

static void web_request_set_peer(struct web_request *r) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct sockaddr *peer = info ? info->client_addr : NULL;

        (void) snprintf(r->address, sizeof(r->address), "-");
        r->is_unix = r->server->config.unix_path;
        if (r->is_unix)
                (void) snprintf(r->address, sizeof(r->address), "unix");
        else if (peer && peer->sa_family == AF_INET)
                (void) inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, r->address, sizeof(r->address));
        else if (peer && peer->sa_family == AF_INET6)
                (void) inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)peer)->sin6_addr, r->address, sizeof(r->address));
}

/* @locality libmicrohttpd's thread. Of a request that is whole it is called twice: before it is answered and after. */
static enum MHD_Result web_on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                      const char *upload, size_t *upload_n, void **state) {
        struct web_request *r = *state;

        (void) version;
        if (!r) {
                r = calloc(1, sizeof(*r));
                if (!r)
                        return MHD_NO;
                *r = (struct web_request){.server = cls, .connection = connection, .method = method, .path = url, .body = BUFFER_INIT(WEB_FORM_MAX)};
                web_request_set_peer(r);
                *state = r;
                return MHD_YES;
        }
        if (r->asked)
                return web_send(r, &r->answer);
        if (*upload_n > 0) {
                buffer_add(&r->body, upload, *upload_n);
                *upload_n = 0;
                return MHD_YES;
        }
        r->method = method;
        r->path = url;
        return web_ask(r);
}

static void web_on_end(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        struct web_request *r = *state;

        (void) cls;
        (void) connection;
        (void) why;
        if (!r)
                return;
        if (r->asked) {
                pthread_mutex_lock(&r->server->lock);
                r->server->open--;
                pthread_cond_signal(&r->server->ended);
                pthread_mutex_unlock(&r->server->lock);
        }
        web_answer_done(&r->answer);
        buffer_done(&r->body);
        free(r);
        *state = NULL;
}

/* libmicrohttpd would print what single clients do wrong; that is no news for an operator. */
static void web_no_log(void *cls, const char *fmt, va_list args) {
        (void) cls;
        (void) fmt;
        (void) args;
}

/* -- Listening -- */

static int web_parse_address(const struct web_server_config *config, struct sockaddr_storage *ret, struct error *err) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

        memset(ret, 0, sizeof(*ret));
        if (inet_pton(AF_INET, config->address, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(config->port);
                return 0;
        }
        if (inet_pton(AF_INET6, config->address, &v6->sin6_addr) == 1) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(config->port);
                return 0;
        }
        error_set(err, "'%s' is no numeric IPv4 or IPv6 address; write 127.0.0.1, or 0.0.0.0 for every interface", config->address);
        return -EINVAL;
}

/* A socket of a process that is gone is in the way of its successor; anything else stays where it is. */
static int web_listen_unix(struct web_server *s, struct error *err) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct stat st;
        int fd;

        if (strlen(s->config.unix_path) >= sizeof(address.sun_path)) {
                error_set(err, "%s: longer than the name of a socket may be (%zu bytes)", s->config.unix_path, sizeof(address.sun_path) - 1);
                return -EINVAL;
        }
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->config.unix_path);
        if (lstat(s->config.unix_path, &st) == 0 && S_ISSOCK(st.st_mode))
                (void) unlink(s->config.unix_path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) || chmod(s->config.unix_path, 0660) || listen(fd, WEB_BACKLOG)) {
                int e = errno;

                error_set(err, "cannot listen on %s: %s", s->config.unix_path, strerror(e));
                if (fd >= 0)
                        close(fd);
                return -e;
        }
        s->unix_fd = fd;
        return 0;
}

static int web_start_daemon(struct web_server *s, const struct sockaddr_storage *address, struct error *err) {
        unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
        struct MHD_OptionItem options[5] = {{MHD_OPTION_END, 0, NULL}};
        size_t n = 0;

        if (address->ss_family == AF_INET6)
                flags |= MHD_USE_IPv6;
        if (s->unix_fd >= 0)
                options[n++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, s->unix_fd, NULL};
        else
                options[n++] = (struct MHD_OptionItem){MHD_OPTION_SOCK_ADDR, 0, (void *)(uintptr_t)address};
        if (s->config.certificate) {
                flags |= MHD_USE_TLS;
                options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)s->config.certificate};
                options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)s->config.key};
        }
        options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
        errno = 0;
        s->daemon = MHD_start_daemon(flags, s->config.port, NULL, NULL, web_on_request, s,
                                     MHD_OPTION_EXTERNAL_LOGGER, web_no_log, NULL,
                                     MHD_OPTION_NOTIFY_COMPLETED, web_on_end, NULL,
                                     MHD_OPTION_ARRAY, options,
                                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)WEB_CONNECTIONS_MAX,
                                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)WEB_TIMEOUT_S,
                                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)WEB_CONNECTION_BYTES,
                                     MHD_OPTION_END);
        if (s->daemon)
                return 0;
        if (s->config.certificate && (errno == 0 || errno == EINVAL)) {
                error_set(err, "the certificate and its key cannot be used; both are PEM, and the key is that of the certificate");
                return -EINVAL;
        }
        error_set(err, "cannot listen on %s port %u: %s; choose another one; 0 takes any that is free",
                  s->config.address ? s->config.address : s->config.unix_path, (unsigned)s->config.port, strerror(errno ? errno : EIO));
        return errno ? -errno : -EIO;
}

int web_server_start(const struct web_server_config *config, struct web_server **ret, struct error *err) {
        CLEANUP(web_server_stop_p) struct web_server *s = calloc(1, sizeof(*s));
        const union MHD_DaemonInfo *info;
        struct sockaddr_storage address = {0};
        int r;

        if (!s)
                return -ENOMEM;
        assert(!config->address != !config->unix_path && !config->certificate == !config->key);
        s->config = *config;
        s->clock = clock_system();
        s->unix_fd = -1;
        s->last = &s->first;
        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->asked, NULL);
        pthread_cond_init(&s->ended, NULL);
        r = config->unix_path ? web_listen_unix(s, err) : web_parse_address(config, &address, err);
        if (r == 0)
                r = web_start_threads(s, err);
        if (r == 0)
                r = web_start_daemon(s, &address, err);
        if (r)
                return r;
        info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
        s->port = config->unix_path ? 0 : info ? info->port : config->port;
        *ret = TAKE(s);
        return 0;
}

uint16_t web_server_port(const struct web_server *server) {
        return server->port;
}

/*
 * libmicrohttpd does not stop while a connection sleeps: all are woken, and end; one that was about to fall asleep is woken by the next round. What is
 * answered is sent, but nobody waits longer for who does not take it.
 */
static void web_end_connections(struct web_server *s) {
        struct clock clock = clock_system();
        int64_t until;

        atomic_store(&s->stopping, true);
        pthread_mutex_lock(&s->lock);
        for (int round = 0; round < WEB_END_ROUNDS && (s->readers || s->open); round++) {
                for (struct web_reader *reader = s->readers; reader; reader = reader->next)
                        MHD_resume_connection(reader->connection);
                until = clock_realtime(&clock) + WEB_END_ROUND_MS;
                (void) pthread_cond_timedwait(&s->ended, &s->lock, &(struct timespec){until / 1000, until % 1000 * 1000000});
        }
        pthread_mutex_unlock(&s->lock);
}

struct web_server *web_server_stop(struct web_server *server) {
        int fd = -1;

        if (!server)
                return NULL;
        if (server->daemon) {
                fd = MHD_quiesce_daemon(server->daemon);
                web_end_threads(server);
                web_end_connections(server);
                MHD_stop_daemon(server->daemon);
        } else {
                web_end_threads(server);
                fd = server->unix_fd;
        }
        if (fd >= 0)
                close(fd);
        if (server->unix_fd >= 0)
                (void) unlink(server->config.unix_path);
        pthread_mutex_destroy(&server->lock);
        pthread_cond_destroy(&server->asked);
        pthread_cond_destroy(&server->ended);
        free(server);
        return NULL;
}
