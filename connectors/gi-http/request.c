/* SPDX-License-Identifier: EUPL-1.2 */

/* One request: who asks, for what, and what is answered. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "connectors/gi-http/gi_http.h"

#define EVENTS "/events/"

static const char help[] =
        "ketenwacht, gi-http\n\n"
        "POST /events/<event>   an event, as application/json or application/cloudevents+json,\n"
        "                       with Authorization: Bearer <token of your organisation>\n"
        "                       202 {\"event_id\":...} when the broker has it; it may be posted again\n"
        "GET  /openapi.json     every event, its fields and the answers, as OpenAPI 3.1\n";

/* -- Answers -- */

/* What an answer is made of; extra: one more header. */
struct answer {
        unsigned status;
        const char *content_type;
        const void *bytes;
        size_t n;
        enum MHD_ResponseMemoryMode memory;
        const char *extra, *value;
};

static void count(const struct gi_http *g, unsigned status) {
        for (size_t i = 0; i < GI_HTTP_STATUSES; i++) {
                if (gi_http_statuses[i] == status)
                        metric_add(g->answered, metric_series(g->answered, i, 0), 1);
        }
}

static enum MHD_Result send_answer(const struct gi_http *g, struct MHD_Connection *connection, const struct answer *a) {
        struct MHD_Response *response = MHD_create_response_from_buffer(a->n, (void *)(uintptr_t)a->bytes, a->memory);
        enum MHD_Result r = MHD_NO;

        if (!response)
                return MHD_NO;
        if (MHD_add_response_header(response, "Content-Type", a->content_type) == MHD_YES &&
            MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
            MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
            (!a->extra || MHD_add_response_header(response, a->extra, a->value) == MHD_YES))
                r = MHD_queue_response(connection, a->status, response);
        MHD_destroy_response(response);
        if (r == MHD_YES)
                count(g, a->status);
        return r;
}

static enum MHD_Result answer_problem(const struct gi_http *g, struct MHD_Connection *connection, const struct problem *problem, const char *allow) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(GI_HTTP_ANSWER_MAX);
        struct answer a = {.status = problem_rows[problem->kind].status, .content_type = PROBLEM_CONTENT_TYPE, .memory = MHD_RESPMEM_MUST_COPY};
        char seconds[16];

        if (a.status == MHD_HTTP_UNAUTHORIZED) {
                a.extra = "WWW-Authenticate";
                a.value = "Bearer realm=\"ketenwacht\"";
        } else if (a.status == MHD_HTTP_SERVICE_UNAVAILABLE) {
                (void) snprintf(seconds, sizeof(seconds), "%d", GI_HTTP_RETRY_AFTER_S);
                a.extra = "Retry-After";
                a.value = seconds;
        } else if (a.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
                a.extra = "Allow";
                a.value = allow;
        }
        problem_write(problem, &body);
        a.bytes = body.bytes;
        a.n = body.n;
        return body.failed ? MHD_NO : send_answer(g, connection, &a);
}

static enum MHD_Result answer_accepted(const struct request *q) {
        struct answer a = {.status = MHD_HTTP_ACCEPTED, .content_type = "application/json", .memory = MHD_RESPMEM_MUST_COPY};
        char body[64], id[UUID_TEXT + 1];

        uuid_format(&q->event_id, id);
        a.n = (size_t)snprintf(body, sizeof(body), "{\"event_id\":\"%s\"}", id);
        a.bytes = body;
        return send_answer(q->server, q->connection, &a);
}

static enum MHD_Result answer_request(struct request *q) {
        return q->problem.kind == PROBLEM_NONE ? answer_accepted(q) : answer_problem(q->server, q->connection, &q->problem, "POST");
}

/* -- What is read only -- */

static enum MHD_Result read_only(const struct gi_http *g, struct MHD_Connection *connection, const char *url, const char *method) {
        struct answer a = {.status = MHD_HTTP_OK, .memory = MHD_RESPMEM_PERSISTENT};
        bool document = strcmp(url, "/openapi.json") == 0;
        struct problem problem = {0};

        if (!document && strcmp(url, "/") != 0) {
                problem.kind = PROBLEM_NOT_FOUND;
                error_set(&problem.detail, "there are POST /events/<event>, GET /openapi.json and GET /");
        } else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
                problem.kind = PROBLEM_METHOD;
                error_set(&problem.detail, "this can only be read: use GET");
        }
        if (problem.kind)
                return answer_problem(g, connection, &problem, "GET, HEAD");
        a.content_type = document ? "application/json" : "text/plain; charset=utf-8";
        a.bytes = document ? (const void *)g->document.bytes : help;
        a.n = document ? g->document.n : sizeof(help) - 1;
        return send_answer(g, connection, &a);
}

/* -- Events: what the headers say -- */

static const char *header(struct MHD_Connection *connection, const char *name) {
        return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static int64_t content_length(struct MHD_Connection *connection) {
        const char *length = header(connection, "Content-Length");
        int64_t n;

        if (!length)
                return 0;
        return text_to_int64(text_of(length), &n) ? n : INT64_MAX;
}

static bool encoded(struct MHD_Connection *connection) {
        const char *encoding = header(connection, "Content-Encoding");

        return encoding && strcasecmp(encoding, "identity") != 0;
}

static const struct organisation *find_caller(const struct gi_http *g, struct MHD_Connection *connection) {
        const struct secret *secret = secrets_find(&g->tokens, secret_of_header(header(connection, "Authorization")));

        return secret ? organisations_find(g->env->organisations, text_of(secret->owner)) : NULL;
}

static void unknown_event(const struct gi_http *g, const char *name, struct problem *p) {
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];

        event_types_nearest(g->env->types, &nearest);
        p->kind = PROBLEM_UNKNOWN_EVENT;
        error_set(&p->detail, "no event type of this name%s; /openapi.json lists them", nearest_hint(&nearest, hint));
}

static void too_large(struct problem *p) {
        p->kind = PROBLEM_TOO_LARGE;
        error_set(&p->detail, "one event has at most %zu bytes", INTAKE_BODY_MAX);
}

/* What can be said without the body. */
static void admit(struct request *q, const char *name, const char *method) {
        const struct gi_http *g = q->server;
        struct problem *p = &q->problem;

        q->caller = find_caller(g, q->connection);
        q->type = event_types_find(g->env->types, text_of(name));
        if (strcmp(method, "POST") != 0) {
                p->kind = PROBLEM_METHOD;
                error_set(&p->detail, "events are posted: use POST");
        } else if (!q->caller) {
                p->kind = PROBLEM_UNAUTHORISED;
                error_set(&p->detail, "send Authorization: Bearer with the token of your organisation");
        } else if (!q->type) {
                unknown_event(g, name, p);
        } else if (!intake_allowed(q->type, q->caller, p)) {
                return;
        } else if (!intake_media_type(header(q->connection, "Content-Type"), &q->form) || encoded(q->connection)) {
                p->kind = PROBLEM_MEDIA_TYPE;
                error_set(&p->detail, "send application/json or application/cloudevents+json, in UTF-8, not compressed");
        } else if (content_length(q->connection) > (int64_t)INTAKE_BODY_MAX) {
                too_large(p);
        }
}

/* An answer before the body has come closes the connection; so a small body is read and dropped first, unless the caller waits to send it. */
static bool answer_at_once(const struct request *q) {
        return q->problem.kind && (header(q->connection, "Expect") || content_length(q->connection) > GI_HTTP_DISCARD_MAX);
}

static enum MHD_Result begin(struct gi_http *g, struct MHD_Connection *connection, const char *name, const char *method, void **state) {
        struct request *q = calloc(1, sizeof(*q));

        if (!q)
                return MHD_NO;
        q->server = g;
        q->connection = connection;
        q->body = (struct buffer)BUFFER_INIT(INTAKE_BODY_MAX + 1);
        g->requests++;
        *state = q; /* let go of by gi_http_over() */
        admit(q, name, method);
        return answer_at_once(q) ? answer_request(q) : MHD_YES;
}

/* -- Events: the body -- */

static enum MHD_Result take_body(struct request *q, const char *bytes, size_t *n) {
        if (!q->problem.kind && q->body.n + *n > INTAKE_BODY_MAX)
                too_large(&q->problem);
        if (!q->problem.kind)
                buffer_add(&q->body, bytes, *n);
        else
                q->discarded += (int64_t)*n;
        *n = 0;
        return q->body.failed || q->discarded > GI_HTTP_DISCARD_MAX ? MHD_NO : MHD_YES; /* MHD_NO cuts the connection */
}

static void hand_over(struct request *q, const struct intake *intake) {
        const struct submission submission = {&intake->event, intake->traceparent};
        struct gi_http *g = q->server;
        int e;

        q->event_id = intake->event.slots[SLOT_EVENT_ID].u;
        e = runtime_submit(g->env->runtime, &submission, q, &g->failed);
        if (e < 0)
                g->failure = e;
        if (e == 0)
                return;
        q->problem.kind = e == RUNTIME_E_BUSY ? PROBLEM_BUSY : PROBLEM_BROKER;
        error_set(&q->problem.detail, "the event was not taken; post it again with the same event_id");
}

static void submit(struct request *q) {
        struct gi_http *g = q->server;
        const struct intake_request request = {
                .type = q->type,
                .caller = q->caller,
                .form = q->form,
                .attributes = {header(q->connection, "ce-specversion"), header(q->connection, "ce-id"), header(q->connection, "ce-source"),
                               header(q->connection, "ce-type"), header(q->connection, "ce-time")},
                .traceparent = text_of(header(q->connection, "traceparent")),
                .body = buffer_text(&q->body),
                .n = q->body.n,
                .now = clock_realtime(&g->env->clock),
        };
        struct intake intake;

        arena_reset(g->arena);
        if (intake_read(&request, g->env->organisations, g->arena, &intake, &q->problem))
                hand_over(q, &intake);
        intake_done(&intake);
}

static enum MHD_Result body_is_in(struct request *q) {
        if (q->problem.kind == PROBLEM_NONE)
                submit(q);
        if (q->problem.kind != PROBLEM_NONE)
                return answer_request(q);
        q->phase = REQUEST_WAITING;
        MHD_suspend_connection(q->connection);
        return MHD_YES;
}

enum MHD_Result gi_http_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload,
                                size_t *upload_n, void **state) {
        struct gi_http *g = cls;
        struct request *q = *state;

        (void) version;
        if (!q && strncmp(url, EVENTS, sizeof(EVENTS) - 1) == 0)
                return begin(g, connection, url + sizeof(EVENTS) - 1, method, state);
        if (!q)
                return read_only(g, connection, url, method);
        if (q->phase == REQUEST_SETTLED)
                return answer_request(q);
        if (q->phase == REQUEST_WAITING)
                return MHD_YES;
        return *upload_n > 0 ? take_body(q, upload, upload_n) : body_is_in(q);
}

void gi_http_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        struct request *q = *state;

        (void) cls;
        (void) connection;
        (void) why;
        if (!q)
                return;
        q->server->requests--;
        buffer_done(&q->body);
        free(q);
        *state = NULL;
}
