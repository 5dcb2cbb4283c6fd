/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An HTTP server for people and their programs
 *
 * Takes requests of bounded size, hands each whole one to a handler on one of its threads, and sends what that answers, with the headers that every answer has:
 * a content security policy (this host only, no script or style in a page), nosniff, no-referrer, no-store unless the answer says otherwise. A handler may
 * also answer with a stream (web/stream.h), which the server goes on sending. Knows no page and nobody's rights.
 *
 * Listens on an address (with TLS, or behind a reverse proxy) or on a UNIX socket.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#define WEB_THREADS 4                          /* a handler may wait for the broker: so many at once; who asks else waits for one of them */
#define WEB_CONNECTIONS_MAX 512                /* streams among them */
#define WEB_TIMEOUT_S 30                       /* a silent connection is closed; a stream is never silent so long */
#define WEB_STREAM_LONGEST_MS INT64_C(300000)  /* then a stream ends, and who watches comes again, if they still may */
#define WEB_CONNECTION_BYTES 32768             /* request line and headers */
#define WEB_FORM_MAX ((size_t)64 * 1024)       /* body of a form */
#define WEB_FIELDS_MAX 64                      /* of a form; more: 400 */
#define WEB_BODY_MAX ((size_t)64 * 1024 * 1024) /* of one answer */
#define WEB_HEADERS_MAX 8                      /* of an answer, beside those that all have */
#define WEB_ADDRESS_TEXT 64                    /* of a peer */

/* -- A request, valid while it is handled -- */

struct web_request;

const char *web_method(const struct web_request *r); /* "GET", "POST"; HEAD is handled as GET */
const char *web_path(const struct web_request *r);   /* decoded; begins with / */
/* The peer's numeric address, "unix" for the socket. Behind a proxy it is that of the proxy. */
const char *web_address(const struct web_request *r);
bool web_is_unix(const struct web_request *r);
/* Whether the server itself speaks TLS. */
bool web_is_tls(const struct web_request *r);

/* Values by name, decoded; NULL: not there. Of several of one name the first. A query without "=" has the value "". */
const char *web_query(const struct web_request *r, const char *name);
const char *web_form(const struct web_request *r, const char *name);
const char *web_header(const struct web_request *r, const char *name);
const char *web_cookie(const struct web_request *r, const char *name);
/* The header when it comes once; *ret_many: it comes more often, and then NULL: of two that disagree none is believed. */
const char *web_header_once(const struct web_request *r, const char *name, bool *ret_many);
/* Every value of the query in its order, for links that keep the others. */
void web_query_each(const struct web_request *r, void (*value)(void *ctx, const char *name, const char *value), void *ctx);

/* -- An answer -- */

struct web_stream;

struct web_header_row {
        const char *name; /* a literal */
        char *value;      /* owned */
};

struct web_answer { /* begins as 200 with an empty body */
        unsigned status;
        const char *content_type; /* a literal */
        struct buffer body;
        struct web_header_row headers[WEB_HEADERS_MAX];
        size_t headers_n;
        const char *cache;          /* Cache-Control: a literal; NULL: no-store */
        struct web_stream *stream;  /* sent in place of the body, until it ends with stream_ms; borrowed */
        uint64_t stream_after;      /* the id of the last message that the watcher has; 0: none */
};

/* A header of the answer. More than WEB_HEADERS_MAX: asserted. Without memory the answer fails as its body does. */
void web_answer_header(struct web_answer *a, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* 303: whoever posted is to get @location. */
void web_answer_see(struct web_answer *a, const char *location);

/* -- The server -- */

struct web_server_config {
        const char *address;   /* numeric; or NULL with: */
        const char *unix_path; /* a socket that is made here, mode 0660; what stood there as a socket is removed */
        uint16_t port;         /* 0: any that is free */
        const char *certificate, *key; /* PEM, as text; NULL: no TLS. Borrowed until the server stops */
        int64_t stream_ms;     /* how long one is sent; 0: WEB_STREAM_LONGEST_MS */
        void (*handle)(void *ctx, const struct web_request *request, struct web_answer *answer); /* on one of WEB_THREADS threads */
        void *ctx;
};

struct web_server;

/* Return: 0; -EINVAL (no numeric address, no usable certificate), -EADDRINUSE … with a sentence; -ENOMEM. */
int web_server_start(const struct web_server_config *config, struct web_server **ret, struct error *err) MUSTCHECK;

/* The port it listens on; 0: a UNIX socket. */
uint16_t web_server_port(const struct web_server *server);

/* Stops listening, finishes what is being answered, ends streams and threads. NULL ok; returns NULL. */
struct web_server *web_server_stop(struct web_server *server);
DEFINE_CLEANUP(struct web_server *, web_server_stop);
