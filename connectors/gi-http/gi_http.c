/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * gi-http: organisations post their events over HTTP, ask what became of them, and read their inboxes
 *
 * One thread: libmicrohttpd is turned by the runtime, and a request waits suspended until the broker
 * has answered. So an answer of 202 means that all replicas have the event. What is asked is looked up by the desk, on its own thread.
 */

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "channel/listening.h"
#include "connect/connector.h"
#include "connect/desk.h"
#include "connect/intake.h"
#include "connect/openapi.h"
#include "connect/problem.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/gi-http/introduction.h"
#include "connectors/gi-http/question.h"

#define EVENTS "/events/"
#define DOCUMENT_VERSION "1"
#define GI_HTTP_DISCARD_MAX ((int64_t)1024 * 1024) /* of a body that nobody wants, before the connection is cut */
#define GI_HTTP_ANSWER_MAX ((size_t)64 * 1024)
#define GI_HTTP_RETRY_AFTER_S 2
#define GI_HTTP_PAUSED_RETRY_AFTER_S 60 /* an operator's pause takes a while */
#define GI_HTTP_ANSWERS_MS 5 /* while questions are open, the desk's answers are looked for so often */
#define GI_HTTP_LANGUAGE LANGUAGE_EN /* of who asks for none that we have */

struct gi_http {
        /* options */
        struct listening listening;
        struct secrets tokens;
        struct option_list origins;
        /* the rest */
        const struct connector_env *env;
        struct arena *arena;    /* of one request that is being read */
        struct buffer document; /* openapi.json */
        struct buffer json_only; /* the same of plain JSON alone */
        struct desk *desk;
        struct request *asking; /* whose question the desk has */
        size_t requests;        /* begun and not over */
        int failure;            /* of runtime_submit(): ends the connector */
        struct error failed;
        struct metric *answered;
};

/* One request for something under /events/ or for /inbox, from its headers until its answer is sent. */
struct request {
        struct gi_http *server;
        struct MHD_Connection *connection;
        enum { REQUEST_BODY, REQUEST_WAITING, REQUEST_SETTLED } phase;
        bool asks;                    /* nothing is posted */
        bool probe;                   /* of who wants to know whether it may send here: nothing becomes of it */
        struct desk_question question;
        struct desk_answer answer;
        struct request *next, *previous; /* of those who are asking */
        char link[QUESTION_LINK_MAX]; /* of the next page */
        const struct event_type *type;
        const struct organisation *caller;
        enum intake_form form;
        struct buffer body;
        int64_t discarded;
        struct uuid event_id;
        struct problem problem; /* kind PROBLEM_NONE: nothing is wrong so far */
};

/* The statuses that are counted, in the order of their series. */
static const unsigned statuses[] = {200, 202, 204, 400, 401, 403, 404, 405, 410, 413, 415, 422, 500, 503};
static const char *const status_names[] = {"200", "202", "204", "400", "401", "403", "404", "405", "410", "413", "415", "422", "500", "503"};
_Static_assert(ELEMENTS(statuses) == ELEMENTS(status_names), "each status has its name");

static const char gi_http_help[] =
        "ketenwacht, gi-http\n\n"
        "POST /events/<event>   an event, as application/json or application/cloudevents+json,\n"
        "                       with Authorization: Bearer <token of your organisation>\n"
        "                       202 {\"event_id\":...} when the broker has it; it may be posted again\n"
        "GET  /events/<id>      with the same token: what became of your event of this event_id (fact, waiting,\n"
        "                       duplicate, refused), and who was told\n"
        "GET  /inbox            with the same token: your inbox, as a batch of CloudEvents; the link rel=\"next\"\n"
        "                       leads on. ?limit=N events, ?wait=S seconds for something new\n"
        "GET  /openapi.json     every event, its fields and the answers, as OpenAPI 3.1; with ?media=json one\n"
        "                       media type a body, for programs that generate clients\n"
        "Accept-Language        nl or en: the language of what is said about mistakes\n";

static const char gi_http_help_nl[] =
        "ketenwacht, gi-http\n\n"
        "POST /events/<event>   een gebeurtenis, als application/json of application/cloudevents+json,\n"
        "                       met Authorization: Bearer <token van uw organisatie>\n"
        "                       202 {\"event_id\":...} zodra de broker haar heeft; nog eens sturen mag\n"
        "GET  /events/<id>      met hetzelfde token: wat er werd van uw gebeurtenis met deze event_id (fact, waiting,\n"
        "                       duplicate, refused), en wie het kreeg\n"
        "GET  /inbox            met hetzelfde token: uw postvak, als een reeks CloudEvents; de link rel=\"next\"\n"
        "                       leidt verder. ?limit=N gebeurtenissen, ?wait=S seconden op iets nieuws\n"
        "GET  /openapi.json     iedere gebeurtenis, haar velden en de antwoorden, als OpenAPI 3.1; met ?media=json\n"
        "                       een mediatype per bericht, voor programma's die een client maken\n"
        "Accept-Language        nl of en: de taal van wat over fouten gezegd wordt\n";

/* -- Answers -- */

/* What an answer is made of; extra: one more header. */
struct answer {
        unsigned status;
        const char *content_type;
        const void *bytes;
        size_t n;
        enum MHD_ResponseMemoryMode memory;
        const char *extra, *value;
        const char *origin;   /* that may send here: the headers that say so; or NULL */
        const char *language; /* of a text for people; NULL: it has none */
};

static void gi_http_count(const struct gi_http *g, unsigned status) {
        for (size_t i = 0; i < ELEMENTS(statuses); i++) {
                if (statuses[i] == status)
                        metric_add(g->answered, metric_series(g->answered, i, 0), 1);
        }
}

static enum MHD_Result answer_send(const struct gi_http *g, struct MHD_Connection *connection, const struct answer *a) {
        struct MHD_Response *response = MHD_create_response_from_buffer(a->n, (void *)(uintptr_t)a->bytes, a->memory);
        enum MHD_Result r = MHD_NO;

        if (!response)
                return MHD_NO;
        if ((!a->content_type || MHD_add_response_header(response, "Content-Type", a->content_type) == MHD_YES) &&
            MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
            MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
            (!a->extra || MHD_add_response_header(response, a->extra, a->value) == MHD_YES) &&
            (!a->origin || (MHD_add_response_header(response, "WebHook-Allowed-Origin", a->origin) == MHD_YES &&
                            MHD_add_response_header(response, "WebHook-Allowed-Rate", "*") == MHD_YES)) &&
            (!a->language || (MHD_add_response_header(response, "Content-Language", a->language) == MHD_YES &&
                              MHD_add_response_header(response, "Vary", "Accept-Language") == MHD_YES)))
                r = MHD_queue_response(connection, a->status, response);
        MHD_destroy_response(response);
        if (r == MHD_YES)
                gi_http_count(g, a->status);
        return r;
}

static enum MHD_Result answer_problem(const struct gi_http *g, struct MHD_Connection *connection, const struct problem *problem, const char *allow) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(GI_HTTP_ANSWER_MAX);
        struct answer a = {.status = problem_rows[problem->kind].status, .content_type = PROBLEM_CONTENT_TYPE, .memory = MHD_RESPMEM_MUST_COPY,
                           .language = language_tag(problem->language)};
        char seconds[16];

        if (a.status == MHD_HTTP_UNAUTHORIZED) {
                a.extra = "WWW-Authenticate";
                a.value = "Bearer realm=\"ketenwacht\"";
        } else if (a.status == MHD_HTTP_SERVICE_UNAVAILABLE) {
                (void) snprintf(seconds, sizeof(seconds), "%d", problem->kind == PROBLEM_PAUSED ? GI_HTTP_PAUSED_RETRY_AFTER_S : GI_HTTP_RETRY_AFTER_S);
                a.extra = "Retry-After";
                a.value = seconds;
        } else if (a.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
                a.extra = "Allow";
                a.value = allow;
        }
        problem_write(problem, &body);
        a.bytes = body.bytes;
        a.n = body.n;
        return body.failed ? MHD_NO : answer_send(g, connection, &a);
}

static enum MHD_Result answer_accepted(const struct request *q) {
        struct answer a = {.status = MHD_HTTP_ACCEPTED, .content_type = "application/json", .memory = MHD_RESPMEM_MUST_COPY};
        char body[64], id[UUID_TEXT + 1];

        uuid_format(&q->event_id, id);
        a.n = (size_t)snprintf(body, sizeof(body), "{\"event_id\":\"%s\"}", id);
        a.bytes = body;
        return answer_send(q->server, q->connection, &a);
}

/* 204, of a probe and of a handshake. */
static enum MHD_Result answer_nothing(const struct gi_http *g, struct MHD_Connection *connection, const char *origin) {
        const struct answer a = {
                .status = MHD_HTTP_NO_CONTENT, .bytes = "", .memory = MHD_RESPMEM_PERSISTENT, .extra = "Allow", .value = "POST", .origin = origin};

        return answer_send(g, connection, &a);
}

static enum MHD_Result answer_asked(const struct request *q) {
        bool page = q->question.kind == DESK_INBOX;
        char link[QUESTION_LINK_MAX + 16];
        struct answer a = {.status = MHD_HTTP_OK,
                           .content_type = page ? CLOUDEVENT_BATCH_MEDIA_TYPE : "application/json",
                           .memory = MHD_RESPMEM_MUST_COPY,
                           .bytes = q->answer.body.bytes,
                           .n = q->answer.body.n};

        if (page) {
                (void) snprintf(link, sizeof(link), "<%s>; rel=\"next\"", q->link);
                a.extra = "Link";
                a.value = link;
        }
        return answer_send(q->server, q->connection, &a);
}

static enum MHD_Result answer_request(struct request *q) {
        if (q->problem.kind != PROBLEM_NONE)
                return answer_problem(q->server, q->connection, &q->problem, q->asks ? "GET, HEAD" : "POST");
        if (q->probe)
                return answer_nothing(q->server, q->connection, NULL);
        return q->asks ? answer_asked(q) : answer_accepted(q);
}

/* -- What is read only -- */

static const char *request_header(struct MHD_Connection *connection, const char *name) {
        return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum language request_language(struct MHD_Connection *connection) {
        return language_of_accept(request_header(connection, "Accept-Language"), GI_HTTP_LANGUAGE);
}

/* Which document is asked for; NULL: there is none such. */
static const struct buffer *read_only_document(const struct gi_http *g, struct MHD_Connection *connection) {
        const char *media = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "media");

        if (!media)
                return &g->document;
        return strcmp(media, "json") == 0 ? &g->json_only : NULL;
}

static enum MHD_Result answer_read_only(const struct gi_http *g, struct MHD_Connection *connection, const char *url, const char *method) {
        struct answer a = {.status = MHD_HTTP_OK, .memory = MHD_RESPMEM_PERSISTENT};
        bool document = strcmp(url, "/openapi.json") == 0;
        const struct buffer *asked = read_only_document(g, connection);
        struct problem problem = {.language = request_language(connection)};
        const char *help = IN_LANGUAGE(problem.language, gi_http_help, gi_http_help_nl);

        if (!document && strcmp(url, "/") != 0) {
                problem.kind = PROBLEM_NOT_FOUND;
                error_set(&problem.detail,
                          IN_LANGUAGE(problem.language, "there are POST /events/<event>, GET /events/<event_id>, GET /inbox, GET /openapi.json and GET /",
                                      "er zijn POST /events/<event>, GET /events/<event_id>, GET /inbox, GET /openapi.json en GET /"));
        } else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
                problem.kind = PROBLEM_METHOD;
                error_set(&problem.detail, IN_LANGUAGE(problem.language, "this can only be read: use GET", "dit kan alleen worden gelezen: gebruik GET"));
        } else if (document && !asked) {
                problem.kind = PROBLEM_BAD_QUERY;
                problem.field = "media";
                error_set(&problem.detail, IN_LANGUAGE(problem.language, "media: there is media=json, for plain JSON alone; or leave it out",
                                                       "media: er is media=json, voor alleen gewone JSON; of laat het weg"));
        }
        if (problem.kind)
                return answer_problem(g, connection, &problem, "GET, HEAD");
        a.content_type = document ? "application/json" : "text/plain; charset=utf-8";
        a.bytes = document ? (const void *)asked->bytes : help;
        a.n = document ? asked->n : strlen(help);
        a.language = document ? NULL : language_tag(problem.language);
        return answer_send(g, connection, &a);
}

/* -- Events: what the headers say -- */

static int64_t request_length(struct MHD_Connection *connection) {
        const char *length = request_header(connection, "Content-Length");
        int64_t n;

        if (!length)
                return 0;
        return text_to_int64(text_of(length), &n) ? n : INT64_MAX;
}

static bool request_encoded(struct MHD_Connection *connection) {
        const char *encoding = request_header(connection, "Content-Encoding");

        return encoding && strcasecmp(encoding, "identity") != 0;
}

static const struct organisation *request_caller(const struct gi_http *g, struct MHD_Connection *connection) {
        const struct secret *secret = secrets_find(&g->tokens, secret_of_header(request_header(connection, "Authorization")));

        return secret ? organisations_find(g->env->organisations, text_of(secret->owner)) : NULL;
}

static void request_unknown_event(const struct gi_http *g, const char *name, struct problem *p) {
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];

        event_types_nearest(g->env->types, &nearest);
        p->kind = PROBLEM_UNKNOWN_EVENT;
        error_set(&p->detail, IN_LANGUAGE(p->language, "no event type of this name%s; /openapi.json lists them",
                                          "er is geen gebeurtenis van deze naam%s; /openapi.json noemt ze alle"), language_hint(p->language, &nearest, hint));
}

static void request_too_large(struct problem *p) {
        p->kind = PROBLEM_TOO_LARGE;
        error_set(&p->detail, IN_LANGUAGE(p->language, "one event has at most %zu bytes", "een gebeurtenis heeft ten hoogste %zu bytes"), INTAKE_BODY_MAX);
}

static void request_unauthorised(const struct request *q, struct problem *p) {
        const char *header = request_header(q->connection, "Authorization");

        p->kind = PROBLEM_UNAUTHORISED;
        if (!header)
                error_set(&p->detail, IN_LANGUAGE(p->language, "send Authorization: Bearer with the token of your organisation",
                                                  "stuur Authorization: Bearer mee, met het token van uw organisatie"));
        else if (secret_of_header(header).n == 0)
                error_set(&p->detail, IN_LANGUAGE(p->language, "Authorization must say Bearer, a space, and the token of your organisation",
                                                  "in Authorization hoort Bearer te staan, een spatie, en het token van uw organisatie"));
        else
                error_set(&p->detail, IN_LANGUAGE(p->language, "no organisation has this token here; the operators know which is yours",
                                                  "geen organisatie heeft hier dit token; de beheerder weet welk het uwe is"));
}

/* Neither an event type nor an event_id stands in the address: what became of an event is asked by the latter. */
static void request_no_event_id(struct problem *p) {
        p->kind = PROBLEM_NOT_FOUND;
        error_set(&p->detail, IN_LANGUAGE(p->language, "what became of an event is asked by its event_id: a UUID of 36 characters, lower case",
                                          "wat er van een gebeurtenis werd, vraagt u met haar event_id: een UUID van 36 tekens, in kleine letters"));
}

/* Whether nothing is taken or given now. Why stands in the audit, and is not for everybody who calls. */
static bool request_is_paused(const struct request *q, struct problem *p) {
        char since[INSTANT_TEXT + 1];
        instant_t at;

        if (!runtime_is_paused(q->server->env->runtime, &at))
                return false;
        instant_format(at, since);
        p->kind = PROBLEM_PAUSED;
        error_set(&p->detail, IN_LANGUAGE(p->language, "the operators have paused this since %s; send or ask it again later, with the same event_id",
                                          "de beheerders hebben dit stilgezet sinds %s; stuur of vraag het later opnieuw, met dezelfde event_id"), since);
        return true;
}

/* What is asked, when it can be. */
static void request_question(struct request *q, const char *method) {
        struct problem *p = &q->problem;

        q->caller = q->question.who = request_caller(q->server, q->connection);
        if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
                p->kind = PROBLEM_METHOD;
                error_set(&p->detail, IN_LANGUAGE(p->language, "this can only be read: use GET", "dit kan alleen worden gelezen: gebruik GET"));
        } else if (!q->caller) {
                request_unauthorised(q, p);
        } else if (!request_is_paused(q, p) && q->question.kind == DESK_INBOX) {
                (void) question_inbox(q->connection, &q->question, p);
        }
}

/* Whether the body is of a kind that is not taken. */
static bool request_media_type(struct request *q, struct problem *p) {
        p->kind = intake_media_type(request_header(q->connection, "Content-Type"), &q->form);
        if (p->kind == PROBLEM_NONE && request_encoded(q->connection))
                p->kind = PROBLEM_MEDIA_TYPE;
        if (p->kind == PROBLEM_BATCH)
                error_set(&p->detail, IN_LANGUAGE(p->language, "post each event of the batch by itself, as application/cloudevents+json",
                                                  "stuur iedere gebeurtenis van de reeks apart, als application/cloudevents+json"));
        else if (p->kind != PROBLEM_NONE)
                error_set(&p->detail, IN_LANGUAGE(p->language, "send application/json or application/cloudevents+json, in UTF-8, not compressed",
                                                  "stuur application/json of application/cloudevents+json, in UTF-8, niet gecomprimeerd"));
        return p->kind != PROBLEM_NONE;
}

/* What can be said without the body. */
static void request_admit(struct request *q, const char *name, const char *method) {
        const struct gi_http *g = q->server;
        struct problem *p = &q->problem;

        q->caller = request_caller(g, q->connection);
        q->type = event_types_find(g->env->types, text_of(name));
        if (!q->type && (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)) {
                request_no_event_id(p);
        } else if (strcmp(method, "POST") != 0) {
                p->kind = PROBLEM_METHOD;
                error_set(&p->detail, IN_LANGUAGE(p->language, "events are posted: use POST", "een gebeurtenis stuurt u met POST"));
        } else if (!q->caller) {
                request_unauthorised(q, p);
        } else if (request_is_paused(q, p)) {
                return;
        } else if (!q->type) {
                request_unknown_event(g, name, p);
        } else if (!intake_allowed(q->type, q->caller, p->language, p)) {
                return;
        } else if (request_media_type(q, p)) {
                return;
        } else if (request_length(q->connection) > (int64_t)INTAKE_BODY_MAX) {
                request_too_large(p);
        }
}

/* An answer before the body has come closes the connection; so a small body is read and dropped first, unless the caller waits to send it. */
static bool request_answer_at_once(const struct request *q) {
        return q->problem.kind && (request_header(q->connection, "Expect") || request_length(q->connection) > GI_HTTP_DISCARD_MAX);
}

static enum MHD_Result request_begin(struct gi_http *g, struct MHD_Connection *connection, const char *url, const char *method, void **state) {
        const char *name = strcmp(url, QUESTION_INBOX) == 0 ? NULL : url + sizeof(EVENTS) - 1;
        struct request *q = calloc(1, sizeof(*q));

        if (!q)
                return MHD_NO;
        q->server = g;
        q->connection = connection;
        q->problem.language = request_language(connection);
        q->body = (struct buffer)BUFFER_INIT(INTAKE_BODY_MAX + 1);
        g->requests++;
        *state = q; /* let go of by gi_http_over() */
        q->question.kind = name ? DESK_EVENT : DESK_INBOX;
        q->asks = !name || (strcmp(method, "POST") != 0 && question_event_id(name, &q->question.event_id));
        if (q->asks)
                request_question(q, method);
        else
                request_admit(q, name, method);
        return request_answer_at_once(q) ? answer_request(q) : MHD_YES;
}

/* -- Events: the body -- */

static enum MHD_Result request_take_body(struct request *q, const char *bytes, size_t *n) {
        if (!q->problem.kind && q->body.n + *n > INTAKE_BODY_MAX)
                request_too_large(&q->problem);
        if (!q->problem.kind)
                buffer_add(&q->body, bytes, *n);
        else
                q->discarded += (int64_t)*n;
        *n = 0;
        return q->body.failed || q->discarded > GI_HTTP_DISCARD_MAX ? MHD_NO : MHD_YES; /* MHD_NO cuts the connection */
}

static void request_hand_over(struct request *q, const struct intake *intake) {
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
        error_set(&q->problem.detail, IN_LANGUAGE(q->problem.language, "the event was not taken; post it again with the same event_id",
                                                        "de gebeurtenis is niet aangenomen; stuur haar opnieuw met dezelfde event_id"));
}

static void request_submit(struct request *q) {
        struct gi_http *g = q->server;
        const struct intake_request request = {
                .type = q->type,
                .caller = q->caller,
                .form = q->form,
                .attributes = {request_header(q->connection, "ce-specversion"), request_header(q->connection, "ce-id"),
                               request_header(q->connection, "ce-source"),
                               request_header(q->connection, "ce-type"), request_header(q->connection, "ce-time")},
                .traceparent = text_of(request_header(q->connection, "traceparent")),
                .body = buffer_text(&q->body),
                .n = q->body.n,
                .now = clock_realtime(&g->env->clock),
                .language = q->problem.language,
        };
        struct intake intake;

        arena_reset(g->arena);
        if (intake_read(&request, g->env->organisations, g->arena, &intake, &q->problem))
                request_hand_over(q, &intake);
        intake_done(&intake);
}

static void request_ask(struct request *q) {
        struct gi_http *g = q->server;

        q->question.cookie = q;
        if (desk_ask(g->desk, &q->question)) {
                q->problem.kind = PROBLEM_READING;
                error_set(&q->problem.detail, IN_LANGUAGE(q->problem.language, "too many questions wait, of your organisation or of all together; ask again",
                                                          "er wachten te veel vragen, van uw organisatie of van alle samen; vraag het opnieuw"));
                return;
        }
        q->next = g->asking;
        if (q->next)
                q->next->previous = q;
        g->asking = q;
}

/* The desk has let go of it: @q->problem or the answer says how it went. */
static void request_asked(struct request *q) {
        if (q->previous)
                q->previous->next = q->next;
        else
                q->server->asking = q->next;
        if (q->next)
                q->next->previous = q->previous;
        q->phase = REQUEST_SETTLED;
        MHD_resume_connection(q->connection);
}

static enum MHD_Result request_body_is_in(struct request *q) {
        if (q->problem.kind == PROBLEM_NONE && q->asks)
                request_ask(q);
        else if (q->problem.kind == PROBLEM_NONE)
                q->probe = introduction_is_probe((struct text){buffer_text(&q->body), q->body.n});
        if (q->problem.kind == PROBLEM_NONE && !q->asks && !q->probe)
                request_submit(q);
        if (q->problem.kind != PROBLEM_NONE || q->probe)
                return answer_request(q);
        q->phase = REQUEST_WAITING;
        MHD_suspend_connection(q->connection);
        return MHD_YES;
}

/* May this origin send here? Asked without a token, which says nothing of who may publish. */
static enum MHD_Result answer_handshake(const struct gi_http *g, struct MHD_Connection *connection, const char *url, const char *origin) {
        struct problem problem = {.language = request_language(connection)};
        const char *name = url + sizeof(EVENTS) - 1;

        if (!event_types_find(g->env->types, text_of(name))) {
                request_unknown_event(g, name, &problem);
        } else if (!introduction_allows(&g->origins, origin)) {
                problem.kind = PROBLEM_NOT_ALLOWED;
                error_set(&problem.detail, IN_LANGUAGE(problem.language, "this origin does not stand among the origins that may send here; ask the operators",
                                                       "deze herkomst staat niet bij de origins die hier mogen sturen; vraag het de beheerder"));
        }
        return problem.kind ? answer_problem(g, connection, &problem, "POST") : answer_nothing(g, connection, origin);
}

static enum MHD_Result gi_http_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_n, void **state) {
        struct gi_http *g = cls;
        struct request *q = *state;
        const char *origin = q ? NULL : request_header(connection, "WebHook-Request-Origin");

        (void) version;
        if (origin && strcmp(method, "OPTIONS") == 0 && strncmp(url, EVENTS, sizeof(EVENTS) - 1) == 0)
                return answer_handshake(g, connection, url, origin);
        if (!q && (strncmp(url, EVENTS, sizeof(EVENTS) - 1) == 0 || strcmp(url, QUESTION_INBOX) == 0))
                return request_begin(g, connection, url, method, state);
        if (!q)
                return answer_read_only(g, connection, url, method);
        if (q->phase == REQUEST_SETTLED)
                return answer_request(q);
        if (q->phase == REQUEST_WAITING)
                return MHD_YES;
        return *upload_n > 0 ? request_take_body(q, upload, upload_n) : request_body_is_in(q);
}

static void gi_http_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        struct request *q = *state;

        (void) cls;
        (void) connection;
        (void) why;
        if (!q)
                return;
        q->server->requests--;
        buffer_done(&q->body);
        buffer_done(&q->answer.body);
        free(q);
        *state = NULL;
}

static int gi_http_metrics(struct gi_http *g, struct error *err) {
        const struct metric_row row = {.name = "ketenwacht_http_answers_total",
                                       .kind = METRIC_COUNTER,
                                       .help = "Requests answered, by status.",
                                       .labels = {{"status", status_names, ELEMENTS(statuses)}}};

        return g->env->metrics ? metrics_register(g->env->metrics, &row, &g->answered, err) : 0;
}

/* By index, which organisations have a token. The caller frees it; NULL: no memory. */
static bool *gi_http_callers(const struct gi_http *g) {
        const struct organisations *orgs = g->env->organisations;
        bool *callers = calloc(organisations_count(orgs) + 1, sizeof(*callers));

        for (size_t i = 0; callers && i < g->tokens.n; i++) {
                const struct organisation *owner = organisations_find(orgs, text_of(g->tokens.items[i].owner));

                if (owner)
                        callers[owner->index] = true;
        }
        return callers;
}

/* Those who may ask are those who may post. */
static int gi_http_open_desk(struct gi_http *g, const bool *callers, struct error *err) {
        const struct connector_env *env = g->env;
        struct desk_config config = {.bus = env->bus, .name = env->name, .types = env->types, .organisations = env->organisations,
                                     .clock = env->clock, .log = env->log, .metrics = env->metrics, .asks = callers};

        return error_trace(desk_new(&config, &g->desk, err), err);
}

/* What stands in the examples happened yesterday: it is past, and everybody who is named there was valid. */
static int gi_http_describe(struct gi_http *g, const bool *callers) {
        struct openapi_config config = {.types = g->env->types, .organisations = g->env->organisations, .callers = callers,
                                        .day = date_of_instant(clock_realtime(&g->env->clock)) - 1, .version = DOCUMENT_VERSION};

        g->document = g->json_only = (struct buffer)BUFFER_INIT(OPENAPI_BYTES_MAX);
        openapi_write(&config, &g->document);
        config.json_only = true;
        openapi_write(&config, &g->json_only);
        return g->document.failed || g->json_only.failed ? -ENOMEM : 0;
}

static int gi_http_check(void *ctx, const struct connector_env *env, struct error *err) {
        const struct gi_http *g = ctx;

        (void) env;
        return listening_check(&g->listening, err);
}

static int gi_http_open(void *ctx, const struct connector_env *env, struct error *err) {
        CLEANUP(cleanup_free) void *callers = NULL;
        struct gi_http *g = ctx;
        const struct listening_handler handler = {gi_http_request, gi_http_over, g};
        int r;

        g->env = env;
        g->failure = 0;
        r = arena_new(&g->arena, INTAKE_ARENA_MAX);
        if (r == 0)
                r = gi_http_metrics(g, err);
        if (r < 0)
                return r;
        callers = gi_http_callers(g);
        if (!callers)
                return -ENOMEM;
        r = gi_http_describe(g, callers);
        if (r < 0)
                return r;
        r = gi_http_open_desk(g, callers, err);
        return r == 0 ? error_trace(listening_open(&g->listening, env, &handler, err), err) : r;
}

/* Every suspended request was settled before, since the runtime closes its producer first; but for those with questions. */
static void gi_http_close(void *ctx) {
        struct gi_http *g = ctx;

        g->desk = desk_free(g->desk);
        while (g->asking) {
                g->asking->problem.kind = PROBLEM_READING;
                error_set(&g->asking->problem.detail,
                          IN_LANGUAGE(g->asking->problem.language, "the process stops; ask again", "ketenwacht stopt; vraag het opnieuw"));
                request_asked(g->asking);
        }
        listening_close(&g->listening);
        g->arena = arena_free(g->arena);
        buffer_done(&g->document);
        buffer_done(&g->json_only);
}

static void gi_http_take_answers(struct gi_http *g) {
        struct desk_answer answer;

        while (desk_next(g->desk, &answer)) {
                struct request *q = answer.cookie;

                q->answer = answer;
                if (q->question.kind == DESK_INBOX)
                        question_next(&q->question, &answer.cursor, q->link);
                question_problem(&q->answer, q->link, &q->problem);
                request_asked(q);
        }
}

static int gi_http_turn(void *ctx, int timeout_ms, struct error *err) {
        struct gi_http *g = ctx;
        int r = desk_failed(g->desk, err);

        if (r)
                return error_trace(r, err);
        gi_http_take_answers(g);
        if (g->asking && timeout_ms > GI_HTTP_ANSWERS_MS)
                timeout_ms = GI_HTTP_ANSWERS_MS;
        r = listening_turn(&g->listening, timeout_ms, err);
        if (r < 0)
                return error_trace(r, err);
        if (g->failure)
                *err = g->failed;
        return g->failure;
}

static bool gi_http_quiesce(void *ctx) {
        struct gi_http *g = ctx;

        listening_quiesce(&g->listening);
        desk_hurry(g->desk);
        return g->requests == 0;
}

static void gi_http_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct request *q = cookie;

        (void) ctx;
        q->phase = REQUEST_SETTLED;
        if (outcome != SUBMITTED_SENT) {
                q->problem.kind = PROBLEM_BROKER;
                if (outcome == SUBMITTED_REFUSED)
                        error_set(&q->problem.detail, IN_LANGUAGE(q->problem.language,
                                                                  "the broker did not take the event; post it again with the same event_id",
                                                                  "de broker nam de gebeurtenis niet aan; stuur haar opnieuw met dezelfde event_id"));
                else
                        error_set(&q->problem.detail,
                                  IN_LANGUAGE(q->problem.language,
                                              "the broker did not answer in time, so the outcome is open; post it again with the same event_id",
                                              "de broker antwoordde niet op tijd, dus is niet bekend of zij er is; stuur haar opnieuw met dezelfde event_id"));
        }
        MHD_resume_connection(q->connection);
}

static const struct connector_option options[] = {
        {.key = "listen",
         .fallback = "127.0.0.1:8080",
         .doc = "Numeric address and port to take requests at; port 0 is any that is free, see the log. Plain HTTP: let a reverse proxy on this machine "
                "do TLS.",
         .type = OPTION_STRING,
         .offset = offsetof(struct gi_http, listening.listen)},
        {.key = "tokens",
         .doc = "Who may post and ask: one to four bearer tokens for each organisation, of at least 32 characters. They stand in a file or an environment "
                "variable, separated by white space, so that a new one can be handed out before the old one is withdrawn; a file that changes is "
                "read again within a second.",
         .type = OPTION_SECRETS,
         .offset = offsetof(struct gi_http, tokens)},
        {.key = "origins",
         .fallback = "",
         .doc = "Who may send here by the CloudEvents handshake: the WebHook-Request-Origin of each sender, compared whole. A token is needed all the same.",
         .type = OPTION_LIST,
         .offset = offsetof(struct gi_http, origins)},
        {.key = "connections",
         .fallback = "500",
         .doc = "Connections at once; more wait in the queue of the operating system.",
         .type = OPTION_INT,
         .offset = offsetof(struct gi_http, listening.connections),
         .min = 1,
         .max = 10000},
        {.key = "per_address",
         .fallback = "0",
         .doc = "Connections at once from one address; 0 is without a limit, as behind a reverse proxy.",
         .type = OPTION_INT,
         .offset = offsetof(struct gi_http, listening.per_address),
         .min = 0,
         .max = 10000},
        {.key = "timeout",
         .fallback = "10 s",
         .doc = "A connection on which nothing moves for so long is closed; rounded up to whole seconds. A whole request has a minute.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct gi_http, listening.timeout),
         .min = 1000,
         .max = 600000},
        {0},
};

const struct connector_ops connector_gi_http = {
        .name = "gi-http",
        .summary = "organisations post their events, ask what became of them, and read their inboxes",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct gi_http),
        .options = options,
        .check = gi_http_check,
        .open = gi_http_open,
        .close = gi_http_close,
        .turn = gi_http_turn,
        .quiesce = gi_http_quiesce,
        .settled = gi_http_settled,
};
