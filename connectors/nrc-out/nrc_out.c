/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * nrc-out: tells a Notificaties API (ZGW) of an inbox, one notification a record
 *
 * POST <url>/notificaties with a ZGW token made for each request. The channel must be there: `ketenwacht connect register FILE` makes it. What an answer means
 * stands in channel/judge.h, and of a 400 in notice.h.
 */

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "calendar/date.h"
#include "channel/http.h"
#include "channel/judge.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/nrc-out/notice.h"

#define NRC_URL_MAX 2048
#define NRC_NOTICE_MAX ((size_t)64 * 1024)
#define NRC_ANSWER_MAX ((size_t)64 * 1024)
#define NRC_LISTED_MAX ((size_t)1024 * 1024)
#define NRC_BEHIND_MS INT64_C(60000) /* without a word from a server that is behind, as far */
#define NRC_TURN_MS 100

struct nrc_out;

/* One record that is under way, or a place for one. */
struct telling_post {
        struct nrc_out *out;
        struct buffer body;
        void *cookie; /* NULL: free */
        bool earlier; /* its aanmaakdatum was moved back, once */
};

struct nrc_out {
        /* options */
        const char *url, *kanaal, *base, *documentation;
        struct http_options http;
        /* the rest */
        const struct connector_env *env;
        struct http *client;
        struct http_peer *peer;
        struct telling_post *posts; /* [env->parallel] */
        size_t parallel;
};

static struct text nrc_without_slash(const char *url) {
        struct text t = text_of(url);

        while (t.n > 0 && t.s[t.n - 1] == '/')
                t.n--;
        return t;
}

static bool nrc_address(const struct nrc_out *o, const char *path, char ret[NRC_URL_MAX]) {
        struct text root = nrc_without_slash(o->url);

        return (size_t)snprintf(ret, NRC_URL_MAX, "%.*s/%s", (int)root.n, root.s, path) < NRC_URL_MAX;
}

/* -- Opening -- */

static int nrc_out_check(void *ctx, const struct connector_env *env, struct error *err) {
        struct nrc_out *o = ctx;
        struct error why = {0};

        (void) env;
        o->http.auth = HTTP_AUTH_ZGW;
        if (strlen(o->url) > NRC_URL_MAX / 2 || strlen(o->base) > NRC_URL_MAX / 2) {
                error_set(err, "url and base: at most %d characters", NRC_URL_MAX / 2);
                return -EINVAL;
        }
        if (strncmp(o->base, "https://", 8) != 0 && strncmp(o->base, "http://", 7) != 0) {
                error_set(err, "base: must be an address, such as https://ketenwacht.example.nl; receivers refuse what is none");
                return -EINVAL;
        }
        if (http_options_check(&o->http, o->url, &why) == 0)
                return 0;
        *err = why;
        return -EINVAL;
}

static int nrc_out_connect(struct nrc_out *o, const struct connector_env *env, struct error *err) {
        const struct http_config config = {.clock = env->clock, .log = env->log, .name = env->name, .parallel = env->parallel ? env->parallel : 1};
        int r;

        o->env = env;
        o->http.auth = HTTP_AUTH_ZGW;
        r = http_new(&config, &o->client);
        return r < 0 ? r : http_peer_new(o->client, &o->http, &o->peer, err);
}

static int nrc_out_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct nrc_out *o = ctx;
        int r = nrc_out_connect(o, env, err);

        if (r < 0)
                return r;
        o->posts = calloc(env->parallel, sizeof(*o->posts));
        if (!o->posts)
                return -ENOMEM;
        o->parallel = env->parallel;
        for (size_t i = 0; i < o->parallel; i++)
                o->posts[i] = (struct telling_post){.out = o, .body = BUFFER_INIT(NRC_NOTICE_MAX)};
        return 0;
}

static void nrc_out_abandon(void *ctx) {
        struct nrc_out *o = ctx;

        if (o->client)
                http_abandon(o->client);
        for (size_t i = 0; o->posts && i < o->parallel; i++) {
                o->posts[i].cookie = NULL;
                buffer_done(&o->posts[i].body);
        }
}

static void nrc_out_close(void *ctx) {
        struct nrc_out *o = ctx;

        nrc_out_abandon(o);
        o->client = http_free(o->client);
        o->peer = NULL;
        free(o->posts);
        o->posts = NULL;
}

/* -- One record -- */

static void nrc_answered(void *ctx, const struct http_answer *answer);

static int nrc_post(struct telling_post *p) {
        const struct nrc_out *o = p->out;
        struct http_exchange *x;
        char url[NRC_URL_MAX];

        if (!nrc_address(o, "notificaties", url))
                return -ENOMEM;
        x = http_exchange_new(o->peer, "POST", url);
        if (!x)
                return -ENOMEM;
        http_exchange_header(x, "Content-Type: application/json");
        http_exchange_header(x, "Accept: application/json, application/problem+json");
        buffer_add(http_exchange_body(x), p->body.bytes, p->body.n);
        return http_start(x, NRC_ANSWER_MAX, nrc_answered, p);
}

static int nrc_out_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        struct nrc_out *o = ctx;
        const struct notice notice = {
                .kanaal = o->kanaal,
                .base = nrc_without_slash(o->base),
                .organisation = delivery->organisation->id,
                .ce = delivery->ce,
                .created = notice_created(delivery->ce->event, clock_realtime(&o->env->clock)),
        };
        struct telling_post *p = NULL;
        int r;

        for (size_t i = 0; !p && i < o->parallel; i++) {
                if (!o->posts[i].cookie)
                        p = &o->posts[i];
        }
        if (!p) {
                error_set(err, "more tries at once than were agreed; please report this");
                return -EBUSY;
        }
        buffer_clear(&p->body);
        notice_write(&notice, &p->body);
        if (p->body.failed)
                return -ENOMEM;
        p->earlier = false;
        r = nrc_post(p);
        if (r == 0)
                p->cookie = delivery->cookie;
        return r;
}

static void nrc_end(struct telling_post *p, const struct attempt *attempt) {
        void *cookie = p->cookie;

        p->cookie = NULL;
        buffer_done(&p->body);
        runtime_tried(p->out->env->runtime, cookie, attempt);
}

/* The present by the server's own clock; without its word somewhat before ours. */
static instant_t nrc_server_time(const struct nrc_out *o, const struct http_answer *answer) {
        const char *date = http_answer_header(answer, "Date");
        time_t said = date ? curl_getdate(date, NULL) : -1;

        return said > 0 ? (instant_t)said * 1000 : clock_realtime(&o->env->clock) - NRC_BEHIND_MS;
}

/* Again at once, made at the latest when the server's clock says that it is now. Return: whether it goes. */
static bool nrc_post_earlier(struct telling_post *p, const struct http_answer *answer) {
        json_t *notice = json_loadb((const char *)p->body.bytes, p->body.n, 0, NULL);
        CLEANUP(cleanup_free) char *text = NULL;
        char created[INSTANT_TEXT + 1];

        instant_format_exact(nrc_server_time(p->out, answer), created);
        if (notice && json_object_set_new(notice, "aanmaakdatum", json_string(created)) == 0)
                text = json_dumps(notice, JSON_COMPACT);
        json_decref(notice);
        if (!text)
                return false;
        p->earlier = true;
        buffer_clear(&p->body);
        buffer_add_text(&p->body, text);
        return !p->body.failed && nrc_post(p) == 0;
}

/* Of a 400: what is the operator's is tried again. */
static void nrc_judge_refusal(enum notice_refusal refusal, const char *codes, struct attempt *ret) {
        if (refusal == NOTICE_REFUSED) {
                (void) snprintf(ret->reason, sizeof(ret->reason), "the receiver answered with HTTP status 400%s%s", codes[0] ? ": " : "", codes);
                return;
        }
        ret->outcome = TRIED_AGAIN;
        if (refusal == NOTICE_CHANNEL)
                (void) snprintf(ret->reason, sizeof(ret->reason),
                                "the channel is not there, or with other filters (%s); ketenwacht connect register FILE makes it", codes);
        else
                (void) snprintf(ret->reason, sizeof(ret->reason), "aanmaakdatum lies in the future of the receiver's clock, which is behind; set the clocks");
}

static void nrc_answered(void *ctx, const struct http_answer *answer) {
        struct telling_post *p = ctx;
        enum notice_refusal refusal;
        char codes[NOTICE_CODES_MAX];
        struct attempt attempt;

        judge_answer(answer, clock_realtime(&p->out->env->clock), &attempt);
        if (answer->kind == HTTP_ANSWERED && answer->status == 400) {
                refusal = notice_judge(answer->body, codes);
                if (refusal == NOTICE_FUTURE && !p->earlier && nrc_post_earlier(p, answer))
                        return;
                nrc_judge_refusal(refusal, codes, &attempt);
        }
        nrc_end(p, &attempt);
}

static int nrc_out_turn(void *ctx, int timeout_ms, struct error *err) {
        struct nrc_out *o = ctx;

        return error_trace(http_turn(o->client, timeout_ms, err), err);
}

/* -- Verbs: the channel -- */

/* One answer that is waited for. */
struct waited {
        bool there;
        int status;
        struct buffer body;
        struct attempt attempt;
        struct clock clock;
};

static void nrc_waited(void *ctx, const struct http_answer *answer) {
        struct waited *w = ctx;

        w->there = true;
        w->status = answer->status;
        buffer_add(&w->body, answer->body.s, answer->body.n);
        judge_answer(answer, clock_realtime(&w->clock), &w->attempt);
}

/* Return: 0 and what was answered; negative errno. */
static int nrc_ask(struct nrc_out *o, const char *method, const char *path, struct text body, struct waited *ret, struct error *err) {
        struct http_exchange *x;
        char url[NRC_URL_MAX];
        int r;

        *ret = (struct waited){.body = BUFFER_INIT(NRC_LISTED_MAX + 1), .clock = o->env->clock};
        x = nrc_address(o, path, url) ? http_exchange_new(o->peer, method, url) : NULL;
        if (!x)
                return -ENOMEM;
        http_exchange_header(x, "Accept: application/json");
        if (body.n > 0) {
                http_exchange_header(x, "Content-Type: application/json");
                buffer_add(http_exchange_body(x), body.s, body.n);
        }
        r = http_start(x, NRC_LISTED_MAX, nrc_waited, ret);
        while (r == 0 && !ret->there)
                r = http_turn(o->client, NRC_TURN_MS, err);
        return r;
}

static int nrc_asked_in_vain(const struct waited *w, const char *what, struct error *err) {
        char codes[NOTICE_CODES_MAX] = "";

        if (w->body.n > 0)
                (void) notice_judge((struct text){(const char *)w->body.bytes, w->body.n}, codes);
        error_set(err, "%s: %s%s%s%s", what, w->attempt.reason[0] ? w->attempt.reason : "the answer is none that was expected", codes[0] ? " (" : "", codes,
                  codes[0] ? ")" : "");
        return -EIO;
}

static bool nrc_is_mark(const char *name, size_t n) {
        for (size_t i = 0; i < n && notice_marks[i]; i++) {
                if (strcmp(notice_marks[i], name) == 0)
                        return true;
        }
        return false;
}

/* Whether every notification of ours has names that the channel takes: all of them within its filters, or all its filters within those that each has. */
static bool nrc_filters_fit(const json_t *filters) {
        static const size_t in_each = 3; /* organisation, case, occurred_at stand in every one */
        size_t named = 0, within = 0;

        for (size_t i = 0; i < json_array_size(filters); i++) {
                const char *name = json_string_value(json_array_get(filters, i));

                named += name && nrc_is_mark(name, SIZE_MAX);
                within += name && nrc_is_mark(name, in_each);
        }
        for (size_t marks = 0;; marks++) {
                if (!notice_marks[marks])
                        return named == marks || within == json_array_size(filters);
        }
}

enum { CHANNEL_THERE, CHANNEL_ABSENT };

/* Return: CHANNEL_THERE, CHANNEL_ABSENT; -EEXIST: it is there, and cannot be used; other negative errno. */
static int nrc_find_channel(struct nrc_out *o, struct error *err) {
        CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(NRC_URL_MAX);
        CLEANUP(cleanup_free) char *name = curl_easy_escape(NULL, o->kanaal, 0);
        struct waited w;
        json_t *list = NULL;
        int r;

        buffer_printf(&path, "kanaal?naam=%s", name ? name : "");
        r = name ? nrc_ask(o, "GET", buffer_text(&path), (struct text){0}, &w, err) : -ENOMEM;
        if (r < 0)
                return r;
        if (w.status == 200)
                list = json_loadb((const char *)w.body.bytes, w.body.n, 0, NULL);
        r = json_is_array(list) ? CHANNEL_ABSENT : nrc_asked_in_vain(&w, "the channels cannot be listed", err);
        for (size_t i = 0; r == CHANNEL_ABSENT && i < json_array_size(list); i++) {
                const json_t *channel = json_array_get(list, i);
                const char *naam = json_string_value(json_object_get(channel, "naam"));

                if (!naam || strcmp(naam, o->kanaal) != 0)
                        continue;
                r = CHANNEL_THERE;
                if (nrc_filters_fit(json_object_get(channel, "filters")))
                        continue;
                error_set(err, "the channel %s is there, with other filters than ours; change them there, or take another name (kanaal)", o->kanaal);
                r = -EEXIST;
        }
        json_decref(list);
        buffer_done(&w.body);
        return r;
}

static int nrc_make_channel(struct nrc_out *o, struct error *err) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(NRC_NOTICE_MAX);
        struct json_writer json = JSON_WRITER(&body);
        struct waited w;
        int r;

        jsonw_open_object(&json);
        jsonw_put_string(&json, "naam", o->kanaal);
        jsonw_put_string(&json, "documentatieLink", o->documentation ? o->documentation : o->base);
        jsonw_key(&json, "filters");
        jsonw_open_array(&json);
        for (size_t i = 0; notice_marks[i]; i++)
                jsonw_string(&json, notice_marks[i]);
        jsonw_close_array(&json);
        jsonw_close_object(&json);
        r = nrc_ask(o, "POST", "kanaal", (struct text){buffer_text(&body), body.n}, &w, err);
        if (r == 0 && w.status != 201)
                r = nrc_asked_in_vain(&w, "the channel cannot be made", err);
        if (r != -ENOMEM)
                buffer_done(&w.body);
        return r;
}

static int nrc_out_register(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct nrc_out *o = ctx;
        int r = nrc_out_connect(o, env, err);

        if (r == 0)
                r = nrc_find_channel(o, err);
        if (r == CHANNEL_THERE)
                buffer_printf(out, "%s: the channel is there already\n", o->kanaal);
        if (r == CHANNEL_ABSENT) {
                r = nrc_make_channel(o, err);
                if (r == 0)
                        buffer_printf(out, "%s: the channel was made\n", o->kanaal);
        }
        nrc_out_close(o);
        return r;
}

static int nrc_out_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct nrc_out *o = ctx;
        int r = nrc_out_connect(o, env, err);

        if (r == 0)
                r = nrc_find_channel(o, err);
        nrc_out_close(o);
        if (r == CHANNEL_ABSENT) {
                error_set(err, "%s: there is no such channel; ketenwacht connect register FILE makes it", o->kanaal);
                return -ENOENT;
        }
        if (r == CHANNEL_THERE)
                buffer_printf(out, "%s: the channel is there\n", o->kanaal);
        return r;
}

static const struct connector_verb verbs[] = {
        {CONNECTOR_VERB_TRY, "Asks whether we are known there, and the channel is there with filters that fit.", nrc_out_try},
        {"register", "Makes the channel, unless it is there.", nrc_out_register},
        {0},
};

static const struct connector_option options[] = {
        {.key = "url",
         .doc = "Root of the Notificaties API, such as https://notificaties.example.nl/api/v1: https, or http on this machine itself.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, url)},
        {.key = "kanaal",
         .fallback = "ketenwacht",
         .doc = "The channel; `ketenwacht connect register FILE` makes it.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, kanaal)},
        {.key = "base",
         .doc = "How hoofdObject and resourceUrl begin, such as https://ketenwacht.example.nl. They identify; nothing can be fetched there.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, base)},
        {.key = "documentation",
         .fallback = "",
         .doc = "documentatieLink of the channel; default what base says.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, documentation)},
        {.key = "client_id",
         .doc = "By which we are known there; it needs the scope notificaties.publiceren, and notificaties.consumeren to see the channels.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, http.client_id)},
        {.key = "client_secret",
         .doc = "With which the token of each request is signed (JWT HS256), of 32 bytes or more.",
         .type = OPTION_PASSWORD,
         .offset = offsetof(struct nrc_out, http.client_secret)},
        {.key = "user_id",
         .fallback = "",
         .doc = "The claim user_id, for the audit trail there; no person.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, http.user_id)},
        {.key = "user_representation",
         .fallback = "",
         .doc = "The claim user_representation; no person.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, http.user_representation)},
        {.key = "client_certificate",
         .fallback = "",
         .doc = "Certificate by which we are known in TLS, in PEM, with those that vouch for it behind it.",
         .type = OPTION_PATH,
         .offset = offsetof(struct nrc_out, http.client_certificate)},
        {.key = "client_key",
         .fallback = "",
         .doc = "Its private key, in PEM, without a password.",
         .type = OPTION_PATH,
         .offset = offsetof(struct nrc_out, http.client_key)},
        {.key = "timeout",
         .fallback = "30 s",
         .doc = "One try may take so long.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct nrc_out, http.timeout),
         .min = 100,
         .max = 300000},
        {.key = "connect_timeout",
         .fallback = "10 s",
         .doc = "Of it, until the connection stands.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct nrc_out, http.connect_timeout),
         .min = 100,
         .max = 300000},
        {.key = "ca_file",
         .fallback = "",
         .doc = "Certificates, in PEM, of those who may vouch for the server; default those of the system.",
         .type = OPTION_PATH,
         .offset = offsetof(struct nrc_out, http.ca_file)},
        {.key = "proxy",
         .fallback = "",
         .doc = "HTTP proxy on the way, such as http://proxy:3128; the environment's is not used.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_out, http.proxy)},
        {.key = "allow_http",
         .fallback = "false",
         .doc = "Allows plain http to another machine, for a network that is protected otherwise.",
         .type = OPTION_BOOLEAN,
         .offset = offsetof(struct nrc_out, http.allow_http)},
        {0},
};

const struct connector_ops connector_nrc_out = {
        .name = "nrc-out",
        .summary = "tells a Notificaties API (ZGW) of an organisation's inbox",
        .direction = CONNECTOR_OUT,
        .ctx_size = sizeof(struct nrc_out),
        .options = options,
        .verbs = verbs,
        .check = nrc_out_check,
        .open = nrc_out_open,
        .close = nrc_out_close,
        .turn = nrc_out_turn,
        .deliver = nrc_out_deliver,
        .abandon = nrc_out_abandon,
};
