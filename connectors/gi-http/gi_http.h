/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The inside of gi-http: what its two files share
 */

#include <microhttpd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "connect/connector.h"
#include "connect/intake.h"
#include "connect/problem.h"
#include "connect/runtime.h"

#define GI_HTTP_HEADER_BYTES 16384                /* request line and headers */
#define GI_HTTP_DISCARD_MAX ((int64_t)1024 * 1024) /* of a body that nobody wants, before the connection is cut */
#define GI_HTTP_ANSWER_MAX ((size_t)64 * 1024)
#define GI_HTTP_RETRY_AFTER_S 2
#define GI_HTTP_STATUSES 12

struct gi_http {
        /* options */
        const char *listen;
        struct secrets tokens;
        int64_t connections, per_address, timeout;
        /* the rest */
        const struct connector_env *env;
        struct MHD_Daemon *daemon;
        struct arena *arena;    /* of one request that is being read */
        struct buffer document; /* openapi.json */
        size_t requests;        /* begun and not over */
        bool quiet;             /* listens no more */
        int failure;            /* of runtime_submit(): ends the connector */
        struct error failed;
        struct metric *answered;
};

/* One request for something under /events/, from its headers until its answer is sent. */
struct request {
        struct gi_http *server;
        struct MHD_Connection *connection;
        enum { REQUEST_BODY, REQUEST_WAITING, REQUEST_SETTLED } phase;
        const struct event_type *type;
        const struct organisation *caller;
        enum intake_form form;
        struct buffer body;
        int64_t discarded;
        struct uuid event_id;
        struct problem problem; /* kind PROBLEM_NONE: nothing is wrong so far */
};

/* request.c: libmicrohttpd's callbacks. */
enum MHD_Result gi_http_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload,
                                size_t *upload_n, void **state);
void gi_http_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why);

/* The statuses that are counted, in the order of their series. */
extern const unsigned gi_http_statuses[GI_HTTP_STATUSES];
