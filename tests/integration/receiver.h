/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A receiver of webhooks: answers by a script, and remembers what came
 *
 * Events of the tests carry their number and that of their case in their ids, so that a script can
 * say: the event with this number is answered so and so often with this status.
 */

#include <check.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"

#define RECEIVER_SEEN_MAX 65536
#define RECEIVER_RULES_MAX 32
#define ANY_EVENT (-1)

/* Of every event of the tests: the source, a URN that needs percent-encoding in headers; when it was recorded, a day after it happened. */
#define RECEIVER_SOURCE "urn:ketenwacht:gi%2Djbn"
#define RECEIVER_SOURCE_ENCODED "urn:ketenwacht:gi%252Djbn"
#define RECEIVER_TIME "2022-10-10T09:00:00.000Z"

struct rule {
        int number; /* of the event, or ANY_EVENT */
        int times;  /* left; -1: always */
        unsigned status;
        const char *retry_after;
};

/* One request that came. */
struct seen {
        int number, of_case;
        unsigned status; /* what it was answered with */
        int64_t at;      /* monotonic ms */
        char key[64];    /* Idempotency-Key */
};

struct receiver {
        struct MHD_Daemon *daemon;
        uint16_t port;
        pthread_mutex_t lock;
        struct rule rules[RECEIVER_RULES_MAX];
        size_t rules_n;
        struct seen seen[RECEIVER_SEEN_MAX];
        size_t n;
        bool binary;         /* expects binary mode */
        const char *token;   /* that every request must bring, or NULL */
        size_t wrong;        /* requests that were no CloudEvent as agreed */
        size_t requests, largest; /* that came; of events in one */
        bool batch;          /* expects arrays */
        const char *allows;  /* the origin that may send, as the handshake says it; NULL: none may */
        const char *rate;    /* that goes with it, or NULL */
        size_t asked;        /* handshakes */
        size_t tokens;       /* that were asked for at /token: the first @withheld get none */
        size_t withheld;
};

struct arriving {
        struct buffer body;
};

/* "00000000-0000-4000-8000-0000000000ff": the number in hexadecimal at the end. */
static inline int receiver_number(const char *uuid) {
        return uuid && strlen(uuid) == 36 ? (int)strtol(uuid + 24, NULL, 16) : -1;
}

static inline const char *receiver_header(struct MHD_Connection *connection, const char *name) {
        const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

        return value ? value : "";
}

static inline bool receiver_is_right(const struct receiver *r, struct MHD_Connection *connection, const json_t *json, const char *id) {
        const char *type = r->binary ? receiver_header(connection, "ce-type") : json_string_value(json_object_get(json, "type"));
        const char *source = r->binary ? receiver_header(connection, "ce-source") : json_string_value(json_object_get(json, "source"));
        const char *version = r->binary ? receiver_header(connection, "ce-specversion") : json_string_value(json_object_get(json, "specversion"));
        const char *time = r->binary ? receiver_header(connection, "ce-time") : json_string_value(json_object_get(json, "time"));
        const char *content = receiver_header(connection, "Content-Type");
        char bearer[320] = "";

        if (r->token)
                (void) snprintf(bearer, sizeof(bearer), "Bearer %s", r->token);
        return json && id && type && source && version && time && strcmp(time, RECEIVER_TIME) == 0 && strcmp(type, "nl.ketenwacht.plan-reviewed.v1") == 0 &&
               strcmp(source, r->binary ? RECEIVER_SOURCE_ENCODED : RECEIVER_SOURCE) == 0 && strcmp(version, "1.0") == 0 &&
               strcmp(content, r->batch    ? "application/cloudevents-batch+json; charset=utf-8"
                               : r->binary ? "application/json; charset=utf-8"
                                           : "application/cloudevents+json; charset=utf-8") == 0 &&
               strcmp(receiver_header(connection, "Authorization"), bearer) == 0;
}

/* The status of the first rule that fits and has times left; 204 without one. */
static inline unsigned receiver_status(struct receiver *r, int number, const char **retry_after) {
        for (size_t i = 0; i < r->rules_n; i++) {
                struct rule *rule = &r->rules[i];

                if ((rule->number != ANY_EVENT && rule->number != number) || rule->times == 0)
                        continue;
                if (rule->times > 0)
                        rule->times--;
                *retry_after = rule->retry_after;
                return rule->status;
        }
        return MHD_HTTP_NO_CONTENT;
}

/* Of one event that came. */
static inline void receiver_see(struct receiver *r, struct MHD_Connection *connection, const json_t *json, unsigned status) {
        const json_t *data = r->binary ? json : json_object_get(json, "data");
        const char *id = r->binary ? receiver_header(connection, "ce-id") : json_string_value(json_object_get(json, "id"));
        struct clock clock = clock_system();
        struct seen *seen;

        if (!receiver_is_right(r, connection, json, id) || receiver_number(id) != receiver_number(json_string_value(json_object_get(data, "event_id"))))
                r->wrong++;
        if (r->n == RECEIVER_SEEN_MAX)
                return;
        seen = &r->seen[r->n++];
        *seen = (struct seen){.number = receiver_number(id),
                              .of_case = receiver_number(json_string_value(json_object_get(data, "case_id"))),
                              .status = status,
                              .at = clock_monotonic(&clock)};
        (void) snprintf(seen->key, sizeof(seen->key), "%s", receiver_header(connection, "Idempotency-Key"));
}

/* A batch is taken as a whole: it is answered as the first of it that is not taken. */
static inline unsigned receiver_take(struct receiver *r, struct MHD_Connection *connection, const struct buffer *body, const char **retry_after) {
        json_t *json = json_loadb((const char *)body->bytes, body->n, 0, NULL);
        size_t n = r->batch ? json_array_size(json) : 1;
        unsigned status = MHD_HTTP_NO_CONTENT;

        pthread_mutex_lock(&r->lock);
        r->requests++;
        r->largest = n > r->largest ? n : r->largest;
        r->wrong += n == 0;
        for (size_t i = 0; i < n && status == MHD_HTTP_NO_CONTENT; i++) {
                const json_t *one = r->batch ? json_array_get(json, i) : json;

                status = receiver_status(r, receiver_number(r->binary ? receiver_header(connection, "ce-id") : json_string_value(json_object_get(one, "id"))),
                                         retry_after);
        }
        for (size_t i = 0; i < n; i++)
                receiver_see(r, connection, r->batch ? json_array_get(json, i) : json, status);
        pthread_mutex_unlock(&r->lock);
        json_decref(json);
        return status;
}

static inline enum MHD_Result receiver_handshake(struct receiver *r, struct MHD_Connection *connection) {
        static char empty[] = "";
        struct MHD_Response *response = MHD_create_response_from_buffer(0, empty, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result result;

        pthread_mutex_lock(&r->lock);
        r->asked++;
        r->wrong += receiver_header(connection, "WebHook-Request-Origin")[0] == '\0';
        if (r->allows)
                MHD_add_response_header(response, "WebHook-Allowed-Origin", r->allows);
        if (r->allows && r->rate)
                MHD_add_response_header(response, "WebHook-Allowed-Rate", r->rate);
        pthread_mutex_unlock(&r->lock);
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
        MHD_destroy_response(response);
        return result;
}

static inline enum MHD_Result receiver_answer(struct MHD_Connection *connection, unsigned status, const char *retry_after) {
        static char empty[] = "";
        struct MHD_Response *response = MHD_create_response_from_buffer(0, empty, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result result;

        if (retry_after)
                MHD_add_response_header(response, "Retry-After", retry_after);
        result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return result;
}

/* Access tokens, which are the one of @token and end at once. */
static inline enum MHD_Result receiver_give_token(struct receiver *r, struct MHD_Connection *connection) {
        struct MHD_Response *response;
        enum MHD_Result result;
        unsigned status;
        char text[512];

        pthread_mutex_lock(&r->lock);
        (void) snprintf(text, sizeof(text), r->tokens++ < r->withheld ? "{\"error\":\"%s\"}" : "{\"access_token\":\"%s\",\"expires_in\":2}", r->token);
        status = r->tokens <= r->withheld ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
        pthread_mutex_unlock(&r->lock);
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
        result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return result;
}

static inline enum MHD_Result receiver_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                               const char *upload, size_t *upload_n, void **state) {
        struct arriving *a = *state;
        const char *retry_after = NULL;
        unsigned status;

        (void) version;
        if (strcmp(method, "OPTIONS") == 0)
                return receiver_handshake(cls, connection);
        if (!a) {
                a = *state = calloc(1, sizeof(*a));
                a->body = (struct buffer)BUFFER_INIT(1 << 20);
                return MHD_YES;
        }
        if (*upload_n > 0) {
                buffer_add(&a->body, upload, *upload_n);
                *upload_n = 0;
                return MHD_YES;
        }
        if (strcmp(url, "/token") == 0)
                return receiver_give_token(cls, connection);
        status = receiver_take(cls, connection, &a->body, &retry_after);
        return receiver_answer(connection, status, retry_after);
}

static inline void receiver_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        struct arriving *a = *state;

        (void) cls;
        (void) connection;
        (void) why;
        if (a)
                buffer_done(&a->body);
        free(a);
        *state = NULL;
}

static inline void receiver_up(struct receiver *r) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        memset(r, 0, sizeof(*r));
        ck_assert_int_eq(pthread_mutex_init(&r->lock, NULL), 0);
        r->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, receiver_request, r, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address,
                                     MHD_OPTION_NOTIFY_COMPLETED, receiver_over, r, MHD_OPTION_END);
        ck_assert_ptr_nonnull(r->daemon);
        r->port = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static inline void receiver_down(struct receiver *r) {
        if (r->daemon)
                MHD_stop_daemon(r->daemon);
        r->daemon = NULL;
        (void) pthread_mutex_destroy(&r->lock);
}

static inline void receiver_rule(struct receiver *r, int number, int times, unsigned status, const char *retry_after) {
        pthread_mutex_lock(&r->lock);
        ck_assert_uint_lt(r->rules_n, RECEIVER_RULES_MAX);
        r->rules[r->rules_n++] = (struct rule){number, times, status, retry_after};
        pthread_mutex_unlock(&r->lock);
}

static inline void receiver_no_rules(struct receiver *r) {
        pthread_mutex_lock(&r->lock);
        r->rules_n = 0;
        pthread_mutex_unlock(&r->lock);
}

/* How many requests came; how many of one event (or ANY_EVENT) with one status (0: any). */
static inline size_t receiver_count(struct receiver *r, int number, unsigned status) {
        size_t n = 0;

        pthread_mutex_lock(&r->lock);
        for (size_t i = 0; i < r->n; i++)
                n += (number == ANY_EVENT || r->seen[i].number == number) && (status == 0 || r->seen[i].status == status);
        pthread_mutex_unlock(&r->lock);
        return n;
}
