/* SPDX-License-Identifier: EUPL-1.2 */

/* Metrics, health and readiness over HTTP, on a thread of libmicrohttpd. */

#include "health/health.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "calendar/date.h"

#define REASON_TEXT_MAX 512

struct health {
        struct health_config config;
        struct MHD_Daemon *daemon;
        uint16_t port;
        struct metric *cpu, *memory, *started;
};

struct health_list { /* an array of codes and texts */
        struct json_writer w;
        size_t n;
};

struct health_reasons {
        struct health_list reasons, notes;
};

struct answer {
        unsigned status;
        const char *content_type;
        struct buffer body;
};

static void health_list_add(struct health_list *list, const char *code, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

static void health_list_add(struct health_list *list, const char *code, const char *fmt, va_list args) {
        char text[REASON_TEXT_MAX];

        if (list->n++ >= HEALTH_REASONS_MAX)
                return;
        vsnprintf(text, sizeof(text), fmt, args);
        jsonw_open_object(&list->w);
        jsonw_put_string(&list->w, "code", code);
        jsonw_put_string(&list->w, "text", text);
        jsonw_close_object(&list->w);
}

void health_reason(struct health_reasons *reasons, const char *code, const char *fmt, ...) {
        va_list args;

        va_start(args, fmt);
        health_list_add(&reasons->reasons, code, fmt, args);
        va_end(args);
}

void health_note(struct health_reasons *reasons, const char *code, const char *fmt, ...) {
        va_list args;

        va_start(args, fmt);
        health_list_add(&reasons->notes, code, fmt, args);
        va_end(args);
}

void health_reason_silent(struct health_reasons *reasons, const char *bootstrap, instant_t since) {
        char text[INSTANT_TEXT + 1];

        instant_format(since, text);
        health_reason(reasons, "broker-silent", "the broker at %s has not answered since %s; look at it and at the network, this process goes on by itself",
                       bootstrap, text);
}

static void health_problem(struct answer *a, unsigned status, const char *title, const char *detail) {
        struct json_writer w = JSON_WRITER(&a->body);

        assert(status >= 400 && a->body.n == 0);
        a->status = status;
        a->content_type = "application/problem+json";
        jsonw_open_object(&w);
        jsonw_put_string(&w, "type", "about:blank");
        jsonw_put_string(&w, "title", title);
        jsonw_put_int(&w, "status", status);
        jsonw_put_string(&w, "detail", detail);
        jsonw_close_object(&w);
}

static int64_t health_resident_bytes(void) {
        CLEANUP(cleanup_free) char *line = NULL;
        const char *second = NULL; /* "size resident shared …", in pages */
        int64_t pages = 0;
        size_t size = 0;
        FILE *f = fopen("/proc/self/statm", "re");

        if (!f)
                return 0;
        if (getline(&line, &size, f) > 0)
                second = strchr(line, ' ');
        fclose(f);
        if (!second || !text_to_int64((struct text){second + 1, strcspn(second + 1, " ")}, &pages))
                return 0;
        return pages * sysconf(_SC_PAGESIZE);
}

static void health_answer_metrics(struct health *c, struct answer *a) {
        if (c->config.refresh)
                c->config.refresh(c->config.ctx);
        metric_set(c->cpu, 0, clock_cpu_ns() / 1000000);
        metric_set(c->memory, 0, health_resident_bytes());
        a->content_type = METRICS_CONTENT_TYPE;
        metrics_render(c->config.metrics, &a->body);
}

static void health_answer_health(struct health *c, struct answer *a) {
        bool healthy = !c->config.healthy || c->config.healthy(c->config.ctx);

        a->status = healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
        buffer_add_text(&a->body, healthy ? "{\"status\":\"alive\"}" : "{\"status\":\"stuck\"}");
}

static void health_answer_ready(struct health *c, struct answer *a) {
        CLEANUP(buffer_done) struct buffer why = BUFFER_INIT(HEALTH_BODY_MAX);
        CLEANUP(buffer_done) struct buffer also = BUFFER_INIT(HEALTH_BODY_MAX);
        struct health_reasons said = {.reasons = {.w = JSON_WRITER(&why)}, .notes = {.w = JSON_WRITER(&also)}};
        struct json_writer w = JSON_WRITER(&a->body);
        bool ready;

        jsonw_open_array(&said.reasons.w);
        jsonw_open_array(&said.notes.w);
        if (c->config.ready)
                c->config.ready(c->config.ctx, &said);
        jsonw_close_array(&said.reasons.w);
        jsonw_close_array(&said.notes.w);
        ready = said.reasons.n == 0;
        a->status = ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
        jsonw_open_object(&w);
        jsonw_put_string(&w, "status", ready ? "ready" : "not ready");
        jsonw_key(&w, "reasons");
        jsonw_raw(&w, buffer_text(&why));
        if (said.reasons.n > HEALTH_REASONS_MAX)
                jsonw_put_int(&w, "left_out", (int64_t)(said.reasons.n - HEALTH_REASONS_MAX));
        if (said.notes.n > 0) {
                jsonw_key(&w, "notes");
                jsonw_raw(&w, buffer_text(&also));
        }
        jsonw_close_object(&w);
        if (why.failed || also.failed)
                a->body.failed = true;
}

static const struct {
        const char *path;
        void (*answer)(struct health *c, struct answer *a);
} routes[] = {
        {"/metrics", health_answer_metrics},
        {"/healthz", health_answer_health},
        {"/readyz", health_answer_ready},
};

static enum MHD_Result health_send_answer(struct MHD_Connection *connection, struct answer *a) {
        static const char empty[] = "";
        struct MHD_Response *response;
        enum MHD_Result r;

        if (a->body.failed) { /* out of memory: say so without needing any */
                a->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
                response = MHD_create_response_from_buffer(0, (void *)(uintptr_t)empty, MHD_RESPMEM_PERSISTENT);
        } else {
                response = MHD_create_response_from_buffer(a->body.n, a->body.bytes, MHD_RESPMEM_MUST_COPY);
        }
        if (!response)
                return MHD_NO;
        if (MHD_add_response_header(response, "Content-Type", a->content_type) != MHD_YES ||
            MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES ||
            (a->status == MHD_HTTP_METHOD_NOT_ALLOWED && MHD_add_response_header(response, "Allow", "GET, HEAD") != MHD_YES)) {
                MHD_destroy_response(response);
                return MHD_NO;
        }
        r = MHD_queue_response(connection, a->status, response);
        MHD_destroy_response(response);
        return r;
}

/* @locality the door's thread. A body that comes with a request is not read. */
static enum MHD_Result health_on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_n, void **state) {
        struct answer a = {.status = MHD_HTTP_OK, .content_type = "application/json", .body = BUFFER_INIT(HEALTH_BODY_MAX)};
        struct health *c = cls;
        enum MHD_Result r;
        size_t i = 0;

        (void) version;
        (void) upload;
        (void) upload_n;
        (void) state;
        while (i < ELEMENTS(routes) && strcmp(routes[i].path, url) != 0)
                i++;
        if (i == ELEMENTS(routes))
                health_problem(&a, MHD_HTTP_NOT_FOUND, "Not Found", "There are /metrics, /healthz and /readyz here, and nothing else.");
        else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
                health_problem(&a, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed", "This can only be read: use GET.");
        else
                routes[i].answer(c, &a);
        r = health_send_answer(connection, &a);
        buffer_done(&a.body);
        return r;
}

static int health_parse_address(const struct health_config *config, struct sockaddr_storage *ret, struct error *err) {
        const char *address = config->address ? config->address : "127.0.0.1";
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

        memset(ret, 0, sizeof(*ret));
        if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(config->port);
                return 0;
        }
        if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(config->port);
                return 0;
        }
        error_set(err, "address '%s' is no numeric IPv4 or IPv6 address; write 127.0.0.1, or 0.0.0.0 for every interface", address);
        return -EINVAL;
}

static int health_register_process(struct health *c, struct error *err) {
        static const struct metric_row rows[] = {
                {.name = "process_cpu_seconds_total", .kind = METRIC_COUNTER, .help = "User and system CPU time spent.", .per_unit = 1000},
                {.name = "process_resident_memory_bytes", .kind = METRIC_GAUGE, .help = "Resident memory size."},
                {.name = "process_start_time_seconds", .kind = METRIC_GAUGE, .help = "Start time of the process since the epoch.", .per_unit = 1000},
        };
        struct metric **handles[] = {&c->cpu, &c->memory, &c->started};
        struct clock clock = clock_system();

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int r = metrics_register(c->config.metrics, &rows[i], handles[i], err);

                if (r < 0)
                        return r;
        }
        metric_set(c->started, 0, clock_realtime(&clock));
        return 0;
}

/* libmicrohttpd would print what single clients do wrong; that is no news for an operator. */
static void health_no_log(void *cls, const char *fmt, va_list args) {
        (void) cls;
        (void) fmt;
        (void) args;
}

static int health_listen(struct health *c, const struct sockaddr_storage *address, struct error *err) {
        const union MHD_DaemonInfo *info;
        unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG;

        if (address->ss_family == AF_INET6)
                flags |= MHD_USE_IPv6;
        errno = 0;
        c->daemon = MHD_start_daemon(flags, c->config.port, NULL, NULL, health_on_request, c,
                                     MHD_OPTION_EXTERNAL_LOGGER, health_no_log, NULL,
                                     MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)address,
                                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)HEALTH_CONNECTIONS_MAX,
                                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HEALTH_TIMEOUT_S,
                                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEALTH_CONNECTION_BYTES,
                                     MHD_OPTION_END);
        if (!c->daemon) {
                int e = errno ? errno : EIO;

                error_set(err, "cannot listen on %s port %u: %s; choose another one; 0 takes any that is free",
                          c->config.address ? c->config.address : "127.0.0.1", (unsigned)c->config.port, strerror(e));
                return -e;
        }
        info = MHD_get_daemon_info(c->daemon, MHD_DAEMON_INFO_BIND_PORT);
        c->port = info ? info->port : c->config.port;
        return 0;
}

int health_start(const struct health_config *config, struct health **ret, struct error *err) {
        CLEANUP(health_stop_p) struct health *c = NULL;
        struct sockaddr_storage address;
        int r;

        assert(config->metrics);
        r = health_parse_address(config, &address, err);
        if (r < 0)
                return r;
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->config = *config;
        r = health_register_process(c, err);
        if (r < 0)
                return r;
        r = health_listen(c, &address, err);
        if (r < 0)
                return r;
        log_line(c->config.log, HEALTH_LISTENS, LOG_INT("port", c->port));
        *ret = TAKE(c);
        return 0;
}

uint16_t health_port(const struct health *health) {
        return health->port;
}

struct health *health_stop(struct health *health) {
        if (!health)
                return NULL;
        if (health->daemon)
                MHD_stop_daemon(health->daemon);
        free(health);
        return NULL;
}
