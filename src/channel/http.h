/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A client for others' HTTP servers, with everything by which they know us
 *
 * One thread, that of the connector. A peer is one server and what its file says of it: certificates, proxy, and how we are known there: a bearer token, a
 * fixed header, an access token (OAuth 2.0 client credentials, channel/oauth2.h), a ZGW token (channel/zgw.h, made anew for each request), a client
 * certificate. An exchange is one request and its answer. Secrets and certificates that change are used from the next request on; what cannot be read
 * leaves the old in its place. One request for an access token serves all who wait; after a 401 it is renewed once, and the request sent again.
 * Redirections are not followed. Never a token, nor an address, in a reason or in a log.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "connect/connector.h"
#include "connect/secret.h"

#define HTTP_BODY_MAX ((size_t)4 * 1024 * 1024) /* of a request */
#define HTTP_DRAIN_MAX ((size_t)64 * 1024)      /* of an answer beyond what is wanted of it, before the connection is cut */
#define HTTP_EXCHANGES_MAX 65536 /* made and not over */
#define HTTP_LOOK_MS 1000  /* between two looks whether a certificate has changed */
#define HTTP_SAY_MS 60000  /* between two log lines about the same trouble */

enum http_auth { HTTP_AUTH_BEARER, HTTP_AUTH_HEADER, HTTP_AUTH_OAUTH2, HTTP_AUTH_ZGW };
enum http_client_in { HTTP_CLIENT_IN_HEADER, HTTP_CLIENT_IN_BODY };
extern const char *const http_auths[];      /* NULL behind the last */
extern const char *const http_client_ins[];

/* What a connector's file says of a server. */
struct http_options {
        int auth, client_in;
        struct secrets token, header_value, client_secret;
        const char *header_name, *token_url, *client_id, *scope, *user_id, *user_representation;
        const char *client_certificate, *client_key, *ca_file, *proxy;
        int64_t timeout, connect_timeout; /* ms */
        bool allow_http;
};

/* Rows of a connector's table of options, for a context whose member @m is a struct http_options. */
#define HTTP_OPTION_ROWS(context, m)                                                                                                                         \
        {.key = "auth", .fallback = "bearer",                                                                                                               \
         .doc = "How the receiver knows us: bearer (the token of `token`, or none), header (a fixed header), oauth2 (client credentials), zgw (a JWT made "  \
                "for each request).",                                                                                                                       \
         .type = OPTION_CHOICE, .offset = offsetof(context, m.auth), .choices = http_auths},                                                                \
                {.key = "token", .fallback = "", .doc = "auth: bearer. The token that the receiver knows us by; of several the first is sent.",             \
                 .type = OPTION_SECRET, .offset = offsetof(context, m.token)},                                                                              \
                {.key = "header_name", .fallback = "", .doc = "auth: header. Its name, such as X-Api-Key.", .type = OPTION_STRING,                          \
                 .offset = offsetof(context, m.header_name)},                                                                                               \
                {.key = "header_value", .fallback = "", .doc = "auth: header. Where its value stands.", .type = OPTION_PASSWORD,                            \
                 .offset = offsetof(context, m.header_value)},                                                                                              \
                {.key = "token_url", .fallback = "",                                                                                                        \
                 .doc = "auth: oauth2. Where access tokens are given. One is kept until 30 seconds before its end, and renewed once after a 401.",          \
                 .type = OPTION_STRING, .offset = offsetof(context, m.token_url)},                                                                          \
                {.key = "client_id", .fallback = "", .doc = "auth: oauth2 or zgw. Who we are there.", .type = OPTION_STRING,                                \
                 .offset = offsetof(context, m.client_id)},                                                                                                 \
                {.key = "client_secret", .fallback = "", .doc = "auth: oauth2 or zgw. The secret that goes with it; for zgw of 32 bytes or more.",          \
                 .type = OPTION_PASSWORD, .offset = offsetof(context, m.client_secret)},                                                                    \
                {.key = "client_in", .fallback = "header",                                                                                                  \
                 .doc = "auth: oauth2. Where token_url wants id and secret: header (Basic) or body.", .type = OPTION_CHOICE,                                \
                 .offset = offsetof(context, m.client_in), .choices = http_client_ins},                                                                     \
                {.key = "scope", .fallback = "", .doc = "auth: oauth2. What is asked for, scopes with spaces between.", .type = OPTION_STRING,              \
                 .offset = offsetof(context, m.scope)},                                                                                                     \
                {.key = "user_id", .fallback = "", .doc = "auth: zgw. The claim user_id, for the receiver's audit trail; no person.",                       \
                 .type = OPTION_STRING, .offset = offsetof(context, m.user_id)},                                                                            \
                {.key = "user_representation", .fallback = "", .doc = "auth: zgw. The claim user_representation; no person.", .type = OPTION_STRING,        \
                 .offset = offsetof(context, m.user_representation)},                                                                                       \
                {.key = "client_certificate", .fallback = "",                                                                                               \
                 .doc = "Certificate by which we are known in TLS, in PEM, with those that vouch for it behind it. A new one is used from the next "        \
                        "connection on.",                                                                                                                   \
                 .type = OPTION_PATH, .offset = offsetof(context, m.client_certificate)},                                                                   \
                {.key = "client_key", .fallback = "", .doc = "Its private key, in PEM, without a password.", .type = OPTION_PATH,                           \
                 .offset = offsetof(context, m.client_key)},                                                                                                \
                {.key = "timeout", .fallback = "30 s", .doc = "One try may take so long.", .type = OPTION_DURATION,                                         \
                 .offset = offsetof(context, m.timeout), .min = 100, .max = 300000},                                                                        \
                {.key = "connect_timeout", .fallback = "10 s", .doc = "Of it, until the connection stands.", .type = OPTION_DURATION,                       \
                 .offset = offsetof(context, m.connect_timeout), .min = 100, .max = 300000},                                                                \
                {.key = "ca_file", .fallback = "",                                                                                                          \
                 .doc = "Certificates, in PEM, of those who may vouch for the receiver; default those of the system.", .type = OPTION_PATH,                 \
                 .offset = offsetof(context, m.ca_file)},                                                                                                   \
                {.key = "proxy", .fallback = "", .doc = "HTTP proxy on the way, such as http://proxy:3128; the environment's is not used.",                 \
                 .type = OPTION_STRING, .offset = offsetof(context, m.proxy)},                                                                              \
                {.key = "allow_http", .fallback = "false",                                                                                                  \
                 .doc = "Allows plain http to another machine, for a network that is protected otherwise.", .type = OPTION_BOOLEAN,                         \
                 .offset = offsetof(context, m.allow_http)}

/* Whether what the file says of it fits together, and requests may go to @url. Return: 0; -EINVAL with a sentence; -ENOMEM. */
int http_options_check(const struct http_options *o, const char *url, struct error *err) MUSTCHECK;

/* -- The client, and whom it speaks to -- */

struct http;
struct http_peer;
struct http_exchange;

struct http_config {
        struct clock clock;
        const struct log *log; /* may be NULL */
        const char *name;      /* of the connector, for the log */
        size_t parallel;       /* connections at once; more exchanges wait for one */
};

/* Return: 0; -ENOMEM. */
int http_new(const struct http_config *config, struct http **ret) MUSTCHECK;
struct http *http_free(struct http *h); /* with its peers; forgets what is under way; NULL ok; returns NULL */
DEFINE_CLEANUP(struct http *, http_free);

/* @o is borrowed as long as the client lives, and its secrets are looked at with every request. Return: 0; -EINVAL: a certificate cannot be read; -ENOMEM. */
int http_peer_new(struct http *h, const struct http_options *o, struct http_peer **ret, struct error *err) MUSTCHECK;

/* Lets everything proceed, waiting at most @timeout_ms, and not at all when nothing is under way. Calls back. Return: 0; negative errno. */
int http_turn(struct http *h, int timeout_ms, struct error *err) MUSTCHECK;

/* Forgets every exchange, started or not, without calling back. */
void http_abandon(struct http *h);

/* -- One exchange -- */

struct http_answer {
        enum { HTTP_ANSWERED, HTTP_NO_ANSWER, HTTP_NO_TOKEN } kind;
        int status;         /* HTTP_ANSWERED; else 0 */
        const char *reason; /* why there is no answer, or no access token: a sentence without addresses and secrets; else "" */
        struct text body;   /* as much of it as was wanted */
        bool cut;           /* there was more */
        const struct http_exchange *exchange;
};
const char *http_answer_header(const struct http_answer *answer, const char *name); /* the last of the name; NULL: there is none */

/* @url is copied. NULL: no memory, or HTTP_EXCHANGES_MAX of them. It is gone when it was answered, abandoned or let go of. */
struct http_exchange *http_exchange_new(struct http_peer *peer, const char *method, const char *url);
void http_exchange_drop(struct http_exchange *x); /* one that was not started */

/* Adds a header, without an end of line in it (then it cannot be started). */
void http_exchange_header(struct http_exchange *x, const char *fmt, ...) PRINTF_LIKE(2, 3);
void http_exchange_own(struct http_exchange *x, void *memory); /* freed with it, whatever becomes of it; once */
struct buffer *http_exchange_body(struct http_exchange *x); /* to be written into, before it is started */

/*
 * Sends it. @answer_max: so much of the answer's body is kept. @done is called once, in a later http_turn(); what @answer holds is there for the call. It may
 * make and start others. Return: 0; -ENOMEM, also when a header or the body had no room, -EINVAL: a header has an end of line. Then it is gone.
 */
int http_start(struct http_exchange *x, size_t answer_max, void (*done)(void *ctx, const struct http_answer *answer), void *ctx) MUSTCHECK;
