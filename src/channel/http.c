/* SPDX-License-Identifier: EUPL-1.2 */

/* Exchanges over one multi handle of libcurl; those that need an access token wait at their peer until it is there. */

#include "channel/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "channel/oauth2.h"
#include "channel/zgw.h"
#include "cluster/web_address.h"
#include "connect/cloudevent.h"

#define HTTP_HEADER_MAX (CLOUDEVENT_HEADER_MAX + OAUTH2_TOKEN_MAX)
#define HTTP_USER_AGENT "ketenwacht"
#define HTTP_KEPT_CONNECTIONS 1024L /* idle ones that are kept for the next request */
#define HTTP_REASON_MAX 160
#define HTTP_ALERT " alert " /* before what a server says that ends TLS, in OpenSSL's words */
#define HTTP_ALERT_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789 "
#define HTTP_STATUS_LINE "HTTP/" /* how it begins */
#define HTTP_SPARE 64                /* handles that are kept for the next exchanges */
#define HTTP_FORM "application/x-www-form-urlencoded"

const char *const http_auths[] = {
        [HTTP_AUTH_BEARER] = "bearer", [HTTP_AUTH_HEADER] = "header", [HTTP_AUTH_OAUTH2] = "oauth2", [HTTP_AUTH_ZGW] = "zgw", NULL};
const char *const http_client_ins[] = {[HTTP_CLIENT_IN_HEADER] = "header", [HTTP_CLIENT_IN_BODY] = "body", NULL};

enum exchange_state { EXCHANGE_MADE, EXCHANGE_WAITING, EXCHANGE_FLYING, EXCHANGE_LEFT };

struct http_exchange {
        struct http_exchange *next, *previous; /* of those that there are */
        struct http_peer *peer;
        enum exchange_state state;
        CURL *easy;
        struct curl_slist *headers, *known; /* its own; how we are known, with the former behind it while it flies */
        struct buffer body, answer;
        size_t answer_max, received;
        const char *method;
        int failed;      /* while it was made */
        bool for_token;  /* it asks for an access token, and needs none */
        bool renewed;    /* sent again after a 401 */
        bool headed;     /* the head of the latest answer has come to its end */
        uint64_t token;  /* which one it was sent with */
        char trouble[CURL_ERROR_SIZE], reason[HTTP_REASON_MAX]; /* libcurl's words, which may name addresses; ours */
        void (*done)(void *ctx, const struct http_answer *answer);
        void *ctx, *own;
};

/* A file in PEM, as it was read last. */
struct http_file {
        const char *path; /* NULL: none */
        struct file_mark mark;
        char *bytes;
        size_t n;
};

struct http_peer {
        struct http_peer *next;
        struct http *http;
        const struct http_options *o;
        struct http_file certificate, key;
        int64_t look_at; /* not before this again */
        struct buffer token;
        uint64_t token_number; /* of the newest; 0: there was none */
        int64_t token_until;   /* monotonic: it is not used from here on */
        bool renewing;
        struct log_pace pace;
};

struct http {
        struct http_config config;
        CURLM *multi;
        bool global;
        size_t n;
        struct http_exchange *first;
        struct http_peer *peers;
        CURL *spare[HTTP_SPARE];
        size_t spare_n;
};

static int64_t http_now(const struct http *h) {
        return clock_monotonic(&h->config.clock);
}

/* -- What the file says -- */

static const char *http_missing(const struct http_options *o) {
        switch ((enum http_auth)o->auth) {
        case HTTP_AUTH_BEARER:
                return NULL;
        case HTTP_AUTH_HEADER:
                return !o->header_name ? "header_name" : o->header_value.n == 0 ? "header_value" : NULL;
        case HTTP_AUTH_OAUTH2:
                if (!o->token_url)
                        return "token_url";
                break;
        case HTTP_AUTH_ZGW:
                break;
        }
        return !o->client_id ? "client_id" : o->client_secret.n == 0 ? "client_secret" : NULL;
}

/* A key that says something of another kind of auth than the one that is configured. */
static const char *http_idle(const struct http_options *o) {
        const bool client = o->auth == HTTP_AUTH_OAUTH2 || o->auth == HTTP_AUTH_ZGW;
        const struct {
                const char *key;
                bool idle;
        } rows[] = {
                {"token", o->token.n > 0 && o->auth != HTTP_AUTH_BEARER},
                {"header_name", o->header_name && o->auth != HTTP_AUTH_HEADER},
                {"header_value", o->header_value.n > 0 && o->auth != HTTP_AUTH_HEADER},
                {"token_url", o->token_url && o->auth != HTTP_AUTH_OAUTH2},
                {"scope", o->scope && o->auth != HTTP_AUTH_OAUTH2},
                {"client_id", o->client_id && !client},
                {"client_secret", o->client_secret.n > 0 && !client},
                {"user_id", o->user_id && o->auth != HTTP_AUTH_ZGW},
                {"user_representation", o->user_representation && o->auth != HTTP_AUTH_ZGW},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (rows[i].idle)
                        return rows[i].key;
        }
        return NULL;
}

static bool http_is_header_name(const char *name) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

        return name[0] != '\0' && name[strspn(name, allowed)] == '\0';
}

int http_options_check(const struct http_options *o, const char *url, struct error *err) {
        const char *missing = http_missing(o), *idle = http_idle(o);
        int r = web_address_check(url, o->allow_http, "auth", LANGUAGE_EN, err);

        if (r < 0)
                return r;
        if (missing) {
                error_set(err, "auth: %s needs %s", http_auths[o->auth], missing);
                return -EINVAL;
        }
        if (idle) {
                error_set(err, "%s does not go with auth: %s; leave one of them out", idle, http_auths[o->auth]);
                return -EINVAL;
        }
        if (o->header_name && !http_is_header_name(o->header_name)) {
                error_set(err, "header_name: '%.80s' is no name of a header, of A-Z a-z 0-9 - _", o->header_name);
                return -EINVAL;
        }
        if (!o->client_certificate != !o->client_key) {
                error_set(err, "client_certificate and client_key go together; one of them is missing");
                return -EINVAL;
        }
        r = o->token_url ? web_address_check(o->token_url, o->allow_http, "client_id and client_secret", LANGUAGE_EN, err) : 0;
        if (r < 0)
                error_prefix(err, "token_url");
        return r;
}

/* -- Certificates -- */

static void http_file_done(struct http_file *f) {
        if (f->bytes)
                explicit_bzero(f->bytes, f->n);
        free(f->bytes);
        f->bytes = NULL;
}

static int http_file_read(struct http_file *f, struct error *err) {
        char *bytes;
        size_t n;
        int r;

        if (!f->path || (!file_mark_moved(f->path, &f->mark) && f->bytes))
                return 0;
        r = file_read(f->path, &bytes, &n, err);
        if (r < 0)
                return r;
        http_file_done(f);
        f->bytes = bytes;
        f->n = n;
        return 0;
}

static int peer_read_files(struct http_peer *p, struct error *err) {
        int r = http_file_read(&p->certificate, err);

        p->look_at = http_now(p->http) + HTTP_LOOK_MS;
        return r < 0 ? r : http_file_read(&p->key, err);
}

/* What cannot be read now leaves the old in its place. */
static void peer_look(struct http_peer *p) {
        const struct http_config *config = &p->http->config;
        struct error err = {0};

        if (http_now(p->http) >= p->look_at && peer_read_files(p, &err) < 0)
                log_line(config->log, CONNECT_SECRET_UNREAD, LOG_STRING("connector", config->name), LOG_STRING("key", "client_certificate"),
                         LOG_STRING("reason", err.text));
}

int http_peer_new(struct http *h, const struct http_options *o, struct http_peer **ret, struct error *err) {
        struct http_peer *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->http = h;
        p->o = o;
        p->certificate.path = o->client_certificate;
        p->key.path = o->client_key;
        p->token = (struct buffer)BUFFER_INIT(OAUTH2_TOKEN_MAX + 1);
        p->next = h->peers;
        h->peers = p; /* freed with the client */
        if (peer_read_files(p, err) < 0)
                return -EINVAL;
        *ret = p;
        return 0;
}

static struct http_peer *peer_free(struct http_peer *p) {
        struct http_peer *next = p->next;

        http_file_done(&p->certificate);
        http_file_done(&p->key);
        if (p->token.bytes)
                explicit_bzero(p->token.bytes, p->token.capacity);
        buffer_done(&p->token);
        free(p);
        return next;
}

/* -- Exchanges -- */

static void headers_free(struct curl_slist **list) {
        for (struct curl_slist *at = *list; at; at = at->next)
                explicit_bzero(at->data, strlen(at->data));
        curl_slist_free_all(*list);
        *list = NULL;
}

/* Takes it from the wire, so that it can be sent again or let go of. */
static void exchange_land(struct http_exchange *x) {
        if (x->state == EXCHANGE_FLYING)
                (void) curl_multi_remove_handle(x->peer->http->multi, x->easy);
        x->state = EXCHANGE_MADE;
        if (x->known)
                x->known->next = NULL;
        headers_free(&x->known);
}

/* Nothing stays in it of whom it went to before. */
static CURL *http_take_handle(struct http *h) {
        return h->spare_n > 0 ? h->spare[--h->spare_n] : curl_easy_init();
}

static void http_give_handle(struct http *h, CURL *easy) {
        if (!easy)
                return;
        if (h->spare_n == HTTP_SPARE) {
                curl_easy_cleanup(easy);
                return;
        }
        curl_easy_reset(easy);
        h->spare[h->spare_n++] = easy;
}

void http_exchange_drop(struct http_exchange *x) {
        struct http *h = x->peer->http;

        exchange_land(x);
        if (x->previous)
                x->previous->next = x->next;
        else
                h->first = x->next;
        if (x->next)
                x->next->previous = x->previous;
        h->n--;
        headers_free(&x->headers);
        if (x->body.bytes)
                explicit_bzero(x->body.bytes, x->body.capacity); /* holds what an event says, or a client's secret */
        if (x->answer.bytes)
                explicit_bzero(x->answer.bytes, x->answer.capacity);
        buffer_done(&x->body);
        buffer_done(&x->answer);
        http_give_handle(h, x->easy);
        free(x->own);
        free(x);
}

static size_t exchange_take(char *bytes, size_t size, size_t n, void *ctx) {
        struct http_exchange *x = ctx;
        size_t room = x->answer_max - x->answer.n, came = size * n;

        if (came > 0 && room > 0)
                buffer_add(&x->answer, bytes, came < room ? came : room);
        x->received += came;
        return x->received > x->answer_max + HTTP_DRAIN_MAX ? 0 : came; /* 0 ends the exchange: the status is known by then */
}

/* libcurl takes an answer for whole that ends in the midst of its head. Interim answers, and those of proxies, come before it in the same way. */
static size_t exchange_take_head(char *line, size_t size, size_t n, void *ctx) {
        struct http_exchange *x = ctx;
        size_t came = size * n;

        if (came >= strlen(HTTP_STATUS_LINE) && memcmp(line, HTTP_STATUS_LINE, strlen(HTTP_STATUS_LINE)) == 0)
                x->headed = false;
        else if (came > 0 && (line[0] == '\r' || line[0] == '\n'))
                x->headed = true; /* lines may come once more behind a body in chunks */
        return came;
}

static bool exchange_aim(struct http_exchange *x, const char *url) {
        const struct http_options *o = x->peer->o;
        CURL *e = x->easy;

        return !curl_easy_setopt(e, CURLOPT_URL, url) && !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") &&
               !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) && !curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) &&
               !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)o->timeout) && !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout) &&
               !curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) && !curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) &&
               !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, exchange_take) && !curl_easy_setopt(e, CURLOPT_WRITEDATA, x) &&
               !curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, exchange_take_head) && !curl_easy_setopt(e, CURLOPT_HEADERDATA, x) &&
               !curl_easy_setopt(e, CURLOPT_PRIVATE, x) && !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->trouble) &&
               !curl_easy_setopt(e, CURLOPT_USERAGENT, HTTP_USER_AGENT) &&
               !curl_easy_setopt(e, CURLOPT_PROXY, o->proxy ? o->proxy : "") && /* "": not even that of the environment */
               (!o->ca_file || !curl_easy_setopt(e, CURLOPT_CAINFO, o->ca_file));
}

struct http_exchange *http_exchange_new(struct http_peer *peer, const char *method, const char *url) {
        struct http *h = peer->http;
        struct http_exchange *x = h->n < HTTP_EXCHANGES_MAX ? calloc(1, sizeof(*x)) : NULL;

        if (!x)
                return NULL;
        x->peer = peer;
        x->method = method;
        x->body = (struct buffer)BUFFER_INIT(HTTP_BODY_MAX);
        x->next = h->first;
        if (x->next)
                x->next->previous = x;
        h->first = x;
        h->n++;
        x->easy = http_take_handle(h);
        if (x->easy && exchange_aim(x, url))
                return x;
        http_exchange_drop(x);
        return NULL;
}

/* Return: 0; -EINVAL: it has an end of line; -ENOMEM, also when it is too long. */
static int headers_add(struct curl_slist **list, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
static int headers_add(struct curl_slist **list, const char *fmt, va_list args) {
        struct curl_slist *longer;
        char line[HTTP_HEADER_MAX];
        int n = vsnprintf(line, sizeof(line), fmt, args), r = -ENOMEM;

        if (n >= 0 && (size_t)n < sizeof(line)) {
                r = strpbrk(line, "\r\n") ? -EINVAL : 0;
                longer = r == 0 ? curl_slist_append(*list, line) : NULL;
                if (longer)
                        *list = longer;
                else if (r == 0)
                        r = -ENOMEM;
        }
        explicit_bzero(line, sizeof(line));
        return r;
}

void http_exchange_header(struct http_exchange *x, const char *fmt, ...) {
        va_list args;
        int r;

        va_start(args, fmt);
        r = headers_add(&x->headers, fmt, args);
        va_end(args);
        if (r < 0 && !x->failed)
                x->failed = r;
}

void http_exchange_own(struct http_exchange *x, void *memory) {
        assert(!x->own);
        x->own = memory;
}

struct buffer *http_exchange_body(struct http_exchange *x) {
        return &x->body;
}

/* -- How we are known -- */

static int exchange_know(struct http_exchange *x, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int exchange_know(struct http_exchange *x, const char *fmt, ...) {
        va_list args;
        int r;

        va_start(args, fmt);
        r = headers_add(&x->known, fmt, args);
        va_end(args);
        return r;
}

static struct text http_secret(const struct secrets *s) {
        return s->n > 0 ? (struct text){s->items[0].bytes, s->items[0].n} : (struct text){"", 0};
}

static int exchange_know_zgw(struct http_exchange *x) {
        const struct http_options *o = x->peer->o;
        const struct zgw_client client = {
                .client_id = o->client_id, .secret = http_secret(&o->client_secret), .user_id = o->user_id, .user_representation = o->user_representation};
        CLEANUP(buffer_done) struct buffer token = BUFFER_INIT(ZGW_TOKEN_MAX);
        int r;

        zgw_token_write(&client, clock_realtime(&x->peer->http->config.clock), &token);
        r = token.failed ? -ENOMEM : exchange_know(x, "Authorization: Bearer %s", buffer_text(&token));
        if (token.bytes)
                explicit_bzero(token.bytes, token.capacity);
        return r;
}

static int exchange_introduce(struct http_exchange *x) {
        const struct http_options *o = x->peer->o;

        if (x->for_token)
                return 0;
        switch ((enum http_auth)o->auth) {
        case HTTP_AUTH_BEARER:
                return o->token.n > 0 ? exchange_know(x, "Authorization: Bearer %s", http_secret(&o->token).s) : 0;
        case HTTP_AUTH_HEADER:
                return exchange_know(x, "%s: %s", o->header_name, http_secret(&o->header_value).s);
        case HTTP_AUTH_OAUTH2:
                x->token = x->peer->token_number;
                return exchange_know(x, "Authorization: Bearer %s", buffer_text(&x->peer->token));
        case HTTP_AUTH_ZGW:
                break;
        }
        return exchange_know_zgw(x);
}

/* The very bytes: a connection that was made with others is not used again. */
static bool exchange_show(struct http_exchange *x) {
        const struct http_file *files[] = {&x->peer->certificate, &x->peer->key};
        static const CURLoption options[] = {CURLOPT_SSLCERT_BLOB, CURLOPT_SSLKEY_BLOB};

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                struct curl_blob blob = {.data = files[i]->bytes, .len = files[i]->n, .flags = CURL_BLOB_COPY};

                if (files[i]->bytes && curl_easy_setopt(x->easy, options[i], &blob))
                        return false;
        }
        return true;
}

static bool exchange_set_method(struct http_exchange *x) {
        CURL *e = x->easy;

        if (strcmp(x->method, "POST") != 0)
                return !curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, x->method) && !curl_easy_setopt(e, CURLOPT_NOBODY, strcmp(x->method, "HEAD") == 0 ? 1L : 0L);
        return !curl_easy_setopt(e, CURLOPT_POST, 1L) && !curl_easy_setopt(e, CURLOPT_POSTFIELDS, buffer_text(&x->body)) &&
               !curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.n);
}

static int exchange_fly(struct http_exchange *x) {
        int r;

        peer_look(x->peer);
        buffer_clear(&x->answer);
        x->received = 0;
        x->trouble[0] = '\0';
        x->headed = false;
        r = exchange_introduce(x);
        if (r < 0)
                return r;
        if (x->known)
                x->known->next = x->headers;
        if (!exchange_show(x) || !exchange_set_method(x) || curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->known ? x->known : x->headers) ||
            curl_multi_add_handle(x->peer->http->multi, x->easy))
                return -ENOMEM;
        x->state = EXCHANGE_FLYING;
        return 0;
}

static void exchange_end(struct http_exchange *x, int kind, int status, const char *reason) {
        const struct http_answer answer = {
                .kind = kind,
                .status = status,
                .reason = reason,
                .body = {x->answer.n > 0 ? buffer_text(&x->answer) : "", x->answer.n},
                .cut = x->received > x->answer_max,
                .exchange = x,
        };

        x->done(x->ctx, &answer);
        http_exchange_drop(x);
}

/* -- Access tokens -- */

static bool peer_has_token(const struct http_peer *p) {
        return p->token.n > 0 && http_now(p->http) < p->token_until;
}

/* Those who wait for a token get it, or hear why not. New ones that come meanwhile wait for the next. */
static void peer_serve(struct http_peer *p, const char *trouble) {
        struct http_exchange *x = p->http->first;

        for (; x; x = x->next) {
                if (x->peer == p && x->state == EXCHANGE_WAITING)
                        x->state = EXCHANGE_LEFT;
        }
        for (x = p->http->first; x;) {
                if (x->peer != p || x->state != EXCHANGE_LEFT) {
                        x = x->next;
                        continue;
                }
                if (trouble)
                        exchange_end(x, HTTP_NO_TOKEN, 0, trouble);
                else if (exchange_fly(x) < 0)
                        exchange_end(x, HTTP_NO_ANSWER, 0, "out of memory");
                x = p->http->first; /* others may have come and gone */
        }
}

static void peer_renewed(void *ctx, const struct http_answer *answer) {
        struct http_peer *p = ctx;
        const struct http_config *config = &p->http->config;
        struct error err = {0};
        int64_t keep_ms = 0;
        int r = -EINVAL;

        p->renewing = false;
        buffer_clear(&p->token);
        if (answer->kind == HTTP_ANSWERED)
                r = oauth2_answer_read(answer->status, answer->body, &p->token, &keep_ms, &err);
        else
                error_set(&err, "token_url does not answer: %s", answer->reason);
        p->token_until = r < 0 ? 0 : http_now(p->http) + keep_ms;
        p->token_number += r == 0;
        if (r < 0 && log_pace(&p->pace, http_now(p->http), HTTP_SAY_MS))
                log_line(config->log, CONNECT_NO_TOKEN, LOG_STRING("connector", config->name), LOG_STRING("reason", err.text));
        peer_serve(p, r < 0 ? err.text : NULL);
}

static int peer_renew(struct http_peer *p) {
        const struct http_options *o = p->o;
        const struct oauth2_client client = {
                .client_id = o->client_id, .secret = http_secret(&o->client_secret), .scope = o->scope, .in_body = o->client_in == HTTP_CLIENT_IN_BODY};
        struct buffer basic = BUFFER_INIT(HTTP_HEADER_MAX);
        struct http_exchange *x;
        int r;

        if (p->renewing)
                return 0;
        x = http_exchange_new(p, "POST", o->token_url);
        if (!x)
                return -ENOMEM;
        x->for_token = true;
        http_exchange_header(x, "Content-Type: " HTTP_FORM);
        http_exchange_header(x, "Accept: application/json");
        if (!client.in_body) {
                oauth2_basic_write(&client, &basic);
                http_exchange_header(x, "Authorization: %s", buffer_text(&basic));
                explicit_bzero(basic.bytes, basic.capacity);
                buffer_done(&basic);
        }
        oauth2_body_write(&client, &x->body);
        r = http_start(x, OAUTH2_ANSWER_MAX, peer_renewed, p);
        p->renewing = r == 0;
        return r;
}

static int exchange_wait(struct http_exchange *x) {
        x->state = EXCHANGE_WAITING;
        return peer_renew(x->peer);
}

int http_start(struct http_exchange *x, size_t answer_max, void (*done)(void *ctx, const struct http_answer *answer), void *ctx) {
        int r = x->failed;

        assert(x->state == EXCHANGE_MADE && done);
        x->answer_max = answer_max;
        x->answer = (struct buffer)BUFFER_INIT(answer_max + 1);
        x->done = done;
        x->ctx = ctx;
        http_exchange_header(x, "Expect:"); /* a body this small is sent at once */
        if (r == 0)
                r = x->body.failed ? -ENOMEM : x->failed;
        if (r == 0)
                r = !x->for_token && x->peer->o->auth == HTTP_AUTH_OAUTH2 && !peer_has_token(x->peer) ? exchange_wait(x) : exchange_fly(x);
        if (r < 0)
                http_exchange_drop(x);
        return r;
}

/* After a 401 with an access token that is not the newest, or once with any: with a new one. Return: whether it is under way again. */
static bool exchange_renew(struct http_exchange *x, int status) {
        struct http_peer *p = x->peer;

        if (status != 401 || x->for_token || x->renewed || p->o->auth != HTTP_AUTH_OAUTH2)
                return false;
        x->renewed = true;
        if (x->token == p->token_number)
                p->token_until = 0;
        exchange_land(x);
        return (peer_has_token(p) ? exchange_fly(x) : exchange_wait(x)) == 0;
}

/* Why nothing was answered. A server that does not take our certificate says so in an alert, which libcurl tells as a failure to read. */
static const char *exchange_why(struct http_exchange *x, CURLcode code) {
        const char *alert = strstr(x->trouble, HTTP_ALERT);
        size_t n;

        if (code == CURLE_OK)
                return x->headed ? "nothing that is HTTP" : "the answer ends in the midst of its head";
        if (!alert)
                return curl_easy_strerror(code);
        alert += strlen(HTTP_ALERT);
        n = strspn(alert, HTTP_ALERT_LETTERS);
        (void) snprintf(x->reason, sizeof(x->reason), "the server ended TLS (%.*s); %s", (int)n, alert,
                        x->peer->o->client_certificate ? "look at client_certificate, and whom the server trusts" : "it may ask for a client_certificate");
        return x->reason;
}

static void exchange_finish(struct http_exchange *x, CURLcode code) {
        long status = 0;

        (void) curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 when none came */
        if ((code != CURLE_OK && code != CURLE_WRITE_ERROR) || status < 200 || !x->headed)
                exchange_end(x, HTTP_NO_ANSWER, 0, exchange_why(x, code));
        else if (!exchange_renew(x, (int)status))
                exchange_end(x, HTTP_ANSWERED, (int)status, "");
}

const char *http_answer_header(const struct http_answer *answer, const char *name) {
        struct curl_header *header = NULL;

        if (answer->kind != HTTP_ANSWERED || curl_easy_header(answer->exchange->easy, name, 0, CURLH_HEADER, -1, &header))
                return NULL;
        return header->value;
}

/* -- The client -- */

int http_new(const struct http_config *config, struct http **ret) {
        CLEANUP(http_free_p) struct http *h = calloc(1, sizeof(*h));

        if (!h)
                return -ENOMEM;
        h->config = *config;
        if (curl_global_init(CURL_GLOBAL_DEFAULT))
                return -ENOMEM;
        h->global = true;
        h->multi = curl_multi_init();
        if (!h->multi || curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)config->parallel) ||
            curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, HTTP_KEPT_CONNECTIONS))
                return -ENOMEM;
        *ret = TAKE(h);
        return 0;
}

void http_abandon(struct http *h) {
        while (h->first)
                http_exchange_drop(h->first);
        for (struct http_peer *p = h->peers; p; p = p->next)
                p->renewing = false;
}

struct http *http_free(struct http *h) {
        if (!h)
                return NULL;
        http_abandon(h);
        while (h->spare_n > 0)
                curl_easy_cleanup(h->spare[--h->spare_n]);
        while (h->peers)
                h->peers = peer_free(h->peers);
        if (h->multi)
                (void) curl_multi_cleanup(h->multi);
        if (h->global)
                curl_global_cleanup();
        free(h);
        return NULL;
}

int http_turn(struct http *h, int timeout_ms, struct error *err) {
        int running, left;
        CURLMsg *message;
        CURLMcode code = curl_multi_perform(h->multi, &running);

        if (code == CURLM_OK && timeout_ms > 0 && running > 0)
                code = curl_multi_poll(h->multi, NULL, 0, timeout_ms, NULL);
        if (code == CURLM_OK && timeout_ms > 0)
                code = curl_multi_perform(h->multi, &running);
        if (code != CURLM_OK) {
                error_set(err, "the HTTP client does not run any more: %s", curl_multi_strerror(code));
                return -EIO;
        }
        while ((message = curl_multi_info_read(h->multi, &left))) {
                CURLcode result = message->data.result;
                struct http_exchange *x = NULL;

                if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&x) || !x)
                        continue;
                exchange_finish(x, result); /* ends the life of message */
        }
        return 0;
}
