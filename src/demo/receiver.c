/* SPDX-License-Identifier: EUPL-1.2 */

/* The receiving end of a webhook, for the demonstration. */

#include "demo/receiver.h"

#include <errno.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/table.h"
#include "base/text.h"
#include "base/uuid.h"

#define TIMEOUT_S 120
#define NO_CONTENT 204
#define BAD_REQUEST 400
#define TOO_LARGE 413
#define NOT_ALLOWED 405

struct receiver {
        struct MHD_Daemon *daemon;
        pthread_mutex_t lock;
        struct table ids; /* struct uuid, each allocated */
        struct receiver_counts counts;
};

struct delivered {
        struct buffer body;
};

/* -- Ids -- */

static int receiver_remember(struct receiver *r, const struct uuid *id) {
        struct uuid *copy;

        if (table_get(&r->ids, id->bytes, sizeof(id->bytes))) {
                r->counts.repeated++;
                return 0;
        }
        if (r->ids.n >= RECEIVER_IDS_MAX)
                return -ENOSPC;
        copy = malloc(sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        *copy = *id;
        if (table_put(&r->ids, copy->bytes, sizeof(copy->bytes), copy)) {
                free(copy);
                return -ENOMEM;
        }
        r->counts.deliveries++;
        return 0;
}

/* The id of a CloudEvent in binary mode (a header), else in structured mode (in the body). */
static bool receiver_find_id(struct MHD_Connection *connection, const struct buffer *body, struct uuid *ret) {
        const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "ce-id");
        const char *text = header;
        json_t *json = NULL;
        bool found;

        if (!text) {
                json = json_loadb((const char *)body->bytes, body->n, 0, NULL);
                text = json_string_value(json_object_get(json, "id"));
        }
        found = text && uuid_parse(text, strlen(text), ret);
        json_decref(json);
        return found;
}

static unsigned receiver_take(struct receiver *r, struct MHD_Connection *connection, const struct buffer *body) {
        struct uuid id;
        int failed;

        if (body->failed)
                return TOO_LARGE;
        if (!receiver_find_id(connection, body, &id))
                return BAD_REQUEST;
        (void) pthread_mutex_lock(&r->lock); /* a plain mutex: cannot fail */
        failed = receiver_remember(r, &id);
        (void) pthread_mutex_unlock(&r->lock);
        return failed ? MHD_HTTP_SERVICE_UNAVAILABLE : NO_CONTENT;
}

/* -- HTTP -- */

static enum MHD_Result receiver_answer(struct MHD_Connection *connection, unsigned status) {
        struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result queued;

        if (!response)
                return MHD_NO;
        queued = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return queued;
}

static enum MHD_Result receiver_on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                           const char *upload, size_t *upload_n, void **state) {
        struct receiver *r = cls;
        struct delivered *d = *state;

        (void) url;
        (void) version;
        if (!d) {
                d = calloc(1, sizeof(*d));
                if (!d)
                        return MHD_NO;
                d->body = (struct buffer)BUFFER_INIT(RECEIVER_BODY_MAX);
                *state = d;
                return MHD_YES;
        }
        if (*upload_n) {
                buffer_add(&d->body, upload, *upload_n);
                *upload_n = 0;
                return MHD_YES;
        }
        if (strcmp(method, "POST") != 0)
                return receiver_answer(connection, NOT_ALLOWED);
        return receiver_answer(connection, receiver_take(r, connection, &d->body));
}

static void receiver_on_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        struct delivered *d = *state;

        (void) cls;
        (void) connection;
        (void) why;
        if (!d)
                return;
        buffer_done(&d->body);
        free(d);
        *state = NULL;
}

static void receiver_no_log(void *cls, const char *fmt, va_list args) {
        (void) cls;
        (void) fmt;
        (void) args;
}

int receiver_start(struct receiver **ret, struct error *err) {
        const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct receiver *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        if (pthread_mutex_init(&r->lock, NULL)) {
                free(r);
                return -ENOMEM;
        }
        r->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, receiver_on_request, r,
                                     MHD_OPTION_EXTERNAL_LOGGER, receiver_no_log, NULL,
                                     MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address,
                                     MHD_OPTION_NOTIFY_COMPLETED, receiver_on_over, NULL,
                                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)RECEIVER_CONNECTIONS_MAX,
                                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
                                     MHD_OPTION_END);
        if (!r->daemon) {
                error_set(err, "the receiving municipality cannot listen on 127.0.0.1: %s", strerror(errno));
                receiver_stop(r);
                return -EIO;
        }
        *ret = r;
        return 0;
}

struct receiver *receiver_stop(struct receiver *r) {
        struct uuid *id;

        if (!r)
                return NULL;
        if (r->daemon)
                MHD_stop_daemon(r->daemon);
        for (size_t i = 0; (id = table_next(&r->ids, &i));)
                free(id);
        table_done(&r->ids);
        (void) pthread_mutex_destroy(&r->lock); /* its thread is gone */
        free(r);
        return NULL;
}

uint16_t receiver_port(const struct receiver *r) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_BIND_PORT);

        return info ? info->port : 0;
}

struct receiver_counts receiver_counts(struct receiver *r) {
        struct receiver_counts counts;

        (void) pthread_mutex_lock(&r->lock);
        counts = r->counts;
        (void) pthread_mutex_unlock(&r->lock);
        return counts;
}
