/* SPDX-License-Identifier: EUPL-1.2 */

/* Requests of a connector that only takes something: from their headers to their answers. */

#include "channel/door.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum door_phase { DOOR_HEADERS, DOOR_BODY, DOOR_WAITING, DOOR_ANSWERED };

struct door_request {
        struct door *door;
        struct MHD_Connection *connection;
        enum door_phase phase;
        bool suspended, dropped; /* dropped: its body is read and forgotten, and then the answer goes */
        char *path, *method;
        struct buffer body;
        size_t discarded;
        struct MHD_Response *response; /* once it is answered, until it is sent */
        unsigned status;
};

struct door {
        struct door_config config;
        size_t requests; /* begun and not over */
        struct metric *answered;
};

/* The statuses that are counted, in the order of their series. */
static const unsigned door_statuses[] = {200, 202, 204, 400, 401, 403, 404, 405, 413, 415, 422, 500, 502, 503};
static const char *const door_status_names[] = {"200", "202", "204", "400", "401", "403", "404", "405", "413", "415", "422", "500", "502", "503"};
_Static_assert(ELEMENTS(door_statuses) == ELEMENTS(door_status_names), "each status has its name");

const char *door_method(const struct door_request *q) {
        return q->method;
}

const char *door_path(const struct door_request *q) {
        return q->path;
}

const char *door_header(const struct door_request *q, const char *name) {
        return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

struct text door_body(struct door_request *q) {
        const char *bytes = buffer_text(&q->body);

        return (struct text){bytes, q->body.n};
}

/* -- Answers -- */

static void door_count(const struct door *d, unsigned status) {
        for (size_t i = 0; i < ELEMENTS(door_statuses); i++) {
                if (door_statuses[i] == status)
                        metric_add(d->answered, metric_series(d->answered, i, 0), 1);
        }
}

/* Return: the response; NULL: no memory. */
static struct MHD_Response *door_response(const struct door_answer *a) {
        struct MHD_Response *response = MHD_create_response_from_buffer(a->body.n, (void *)(uintptr_t)a->body.s, MHD_RESPMEM_MUST_COPY);

        if (!response)
                return NULL;
        if ((!a->content_type || MHD_add_response_header(response, "Content-Type", a->content_type) == MHD_YES) &&
            MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
            MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
            (!a->extra || !a->value || MHD_add_response_header(response, a->extra, a->value) == MHD_YES))
                return response;
        MHD_destroy_response(response);
        return NULL;
}

/* Return: MHD_NO cuts the connection. */
static enum MHD_Result door_send(struct door_request *q) {
        enum MHD_Result r = q->response ? MHD_queue_response(q->connection, q->status, q->response) : MHD_NO;

        if (r == MHD_YES)
                door_count(q->door, q->status);
        return r;
}

void door_answer(struct door_request *q, const struct door_answer *answer) {
        assert(q->phase != DOOR_ANSWERED);
        q->phase = DOOR_ANSWERED;
        q->status = answer->status;
        q->response = door_response(answer);
        buffer_done(&q->body);
        if (q->suspended)
                MHD_resume_connection(q->connection);
        q->suspended = false;
}

void door_refuse(struct door_request *q, const struct problem_row *row, const char *detail, const char *value) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(DOOR_PROBLEM_MAX);
        struct door_answer a = {.status = row->status, .content_type = PROBLEM_CONTENT_TYPE, .value = value};

        if (a.status == MHD_HTTP_UNAUTHORIZED) {
                a.extra = "WWW-Authenticate";
                a.value = "Bearer realm=\"ketenwacht\"";
        } else if (a.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
                a.extra = "Allow";
        } else {
                a.extra = "Retry-After";
        }
        problem_write_row(row, LANGUAGE_EN, detail, &body);
        a.body = (struct text){buffer_text(&body), body.n};
        door_answer(q, &a);
}

static void door_too_large(struct door_request *q) {
        static const struct problem_row row = {"TOO_LARGE", PROBLEM_URN "too-large", "The body is too large", "De inhoud is te groot", 413};
        char detail[128];

        (void) snprintf(detail, sizeof(detail), "this address takes at most %zu bytes", q->door->config.body_max);
        door_refuse(q, &row, detail, NULL);
}

/* -- Requests -- */

static int64_t door_length(const struct door_request *q) {
        const char *length = door_header(q, "Content-Length");
        int64_t n;

        if (!length)
                return 0;
        return text_to_int64(text_of(length), &n) ? n : INT64_MAX;
}

static void door_forget(struct door_request *q) {
        if (q->response)
                MHD_destroy_response(q->response);
        buffer_done(&q->body);
        free(q->path);
        free(q->method);
        free(q);
}

static enum MHD_Result door_begin(struct door *d, struct MHD_Connection *connection, const char *path, const char *method, void **state) {
        struct door_request *q = calloc(1, sizeof(*q));

        if (!q)
                return MHD_NO;
        *q = (struct door_request){.door = d, .connection = connection, .body = BUFFER_INIT(d->config.body_max + 1), .path = strdup(path),
                                   .method = strdup(method)};
        if (!q->path || !q->method) {
                door_forget(q);
                return MHD_NO;
        }
        d->requests++;
        *state = q; /* let go of by door_over() */
        d->config.admit(d->config.ctx, q);
        if (q->phase != DOOR_ANSWERED && door_length(q) > (int64_t)d->config.body_max)
                door_too_large(q);
        if (q->phase != DOOR_ANSWERED) {
                q->phase = DOOR_BODY;
                return MHD_YES;
        }
        /* An answer before the body has come closes the connection; so a small body is read and dropped first, unless the caller waits to send it. */
        q->dropped = !door_header(q, "Expect") && door_length(q) <= (int64_t)DOOR_DISCARD_MAX;
        return q->dropped ? MHD_YES : door_send(q);
}

static enum MHD_Result door_take_body(struct door_request *q, const char *bytes, size_t *n) {
        if (q->phase == DOOR_BODY && q->body.n + *n > q->door->config.body_max) {
                door_too_large(q);
                q->dropped = true;
        }
        if (q->phase == DOOR_BODY)
                buffer_add(&q->body, bytes, *n);
        else
                q->discarded += *n;
        *n = 0;
        return q->body.failed || q->discarded > DOOR_DISCARD_MAX ? MHD_NO : MHD_YES; /* MHD_NO cuts the connection */
}

static enum MHD_Result door_body_is_in(struct door_request *q) {
        if (q->phase == DOOR_BODY) {
                q->phase = DOOR_WAITING;
                q->door->config.take(q->door->config.ctx, q);
        }
        if (q->phase == DOOR_ANSWERED)
                return door_send(q);
        q->suspended = true;
        MHD_suspend_connection(q->connection);
        return MHD_YES;
}

static enum MHD_Result door_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                    const char *upload, size_t *upload_n, void **state) {
        struct door_request *q = *state;

        (void) version;
        if (!q)
                return door_begin(cls, connection, url, method, state);
        return *upload_n > 0 ? door_take_body(q, upload, upload_n) : door_body_is_in(q);
}

static void door_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        struct door *d = cls;

        (void) connection;
        (void) why;
        if (!*state)
                return;
        d->requests--;
        door_forget(*state);
        *state = NULL;
}

/* -- The door -- */

static int door_metrics(struct door *d, struct error *err) {
        const struct metric_row row = {.name = "ketenwacht_http_answers_total",
                                       .kind = METRIC_COUNTER,
                                       .help = "Requests answered, by status.",
                                       .labels = {{"status", door_status_names, ELEMENTS(door_statuses)}}};

        return d->config.env->metrics ? metrics_register(d->config.env->metrics, &row, &d->answered, err) : 0;
}

int door_open(const struct door_config *config, struct door **ret, struct error *err) {
        CLEANUP(door_free_p) struct door *d = calloc(1, sizeof(*d));
        struct listening_handler handler = {door_request, door_over, d};
        int r;

        if (!d)
                return -ENOMEM;
        d->config = *config;
        r = door_metrics(d, err);
        if (r == 0)
                r = listening_open(config->listening, config->env, &handler, err);
        if (r < 0)
                return r;
        *ret = TAKE(d);
        return 0;
}

struct door *door_free(struct door *d) {
        if (!d)
                return NULL;
        listening_close(d->config.listening);
        free(d);
        return NULL;
}

int door_turn(struct door *d, int timeout_ms, struct error *err) {
        return listening_turn(d->config.listening, timeout_ms, err);
}

bool door_quiesce(struct door *d) {
        listening_quiesce(d->config.listening);
        return d->requests == 0;
}
