/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * webhook: delivers the inbox of each organisation to its URL, as CloudEvents over HTTP (NL GOV profile)
 *
 * POST, structured JSON by default, or binary mode: attributes as ce- headers and the event as the
 * body. ce id and source are those of the event, so a repetition is recognisable; Idempotency-Key is
 * the same in every try of one record. What an answer means stands in answer.h.
 */

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "cluster/web_address.h"
#include "connect/runtime.h"
#include "connectors/webhook/answer.h"
#include "model/event_json.h"

#define BODY_MAX ((size_t)4 * 1024 * 1024)
#define ANSWER_BYTES_MAX ((curl_off_t)64 * 1024) /* of an answer's body, which nobody reads */
#define HEADER_MAX (CLOUDEVENT_HEADER_MAX + 64)
#define USER_AGENT "ketenwacht"

enum mode { MODE_STRUCTURED, MODE_BINARY };

struct webhook;

/* What its file says of one organisation. */
struct webhook_target {
        const char *url, *ca_file, *proxy;
        int mode;
        struct secrets token;
        int64_t timeout, connect_timeout;
        bool allow_http;
};

/* One try that is under way, or a place for one. */
struct transfer {
        struct webhook *webhook;
        CURL *easy;
        struct curl_slist *headers;
        struct buffer body;
        void *cookie; /* NULL: free */
        curl_off_t received;
};

struct webhook {
        const struct connector_env *env;
        CURLM *multi;
        struct transfer *transfers; /* [env->parallel] */
        bool global;
};

/* -- Opening -- */

static size_t drop_answer(char *bytes, size_t size, size_t n, void *ctx) {
        struct transfer *t = ctx;

        (void) bytes;
        t->received += (curl_off_t)(size * n);
        return t->received > ANSWER_BYTES_MAX ? 0 : size * n; /* 0 ends the transfer: the status is known by then */
}

static int open_transfers(struct webhook *w) {
        w->transfers = calloc(w->env->parallel, sizeof(*w->transfers));
        if (!w->transfers)
                return -ENOMEM;
        for (size_t i = 0; i < w->env->parallel; i++) {
                struct transfer *t = &w->transfers[i];

                t->webhook = w;
                t->body = (struct buffer)BUFFER_INIT(BODY_MAX);
                t->easy = curl_easy_init();
                if (!t->easy)
                        return -ENOMEM;
        }
        return 0;
}

static int webhook_check(void *ctx, const struct connector_env *env, struct error *err) {
        int r = 0;

        (void) ctx;
        for (size_t i = 0; i < env->targets_n && r == 0; i++) {
                const struct webhook_target *to = env->targets[i].options;

                r = web_address_check(to->url, to->allow_http, "token", LANGUAGE_EN, err);
        }
        return r;
}

static int webhook_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct webhook *w = ctx;

        (void) err; /* only memory can fail */
        w->env = env;
        if (curl_global_init(CURL_GLOBAL_DEFAULT))
                return -ENOMEM;
        w->global = true;
        w->multi = curl_multi_init();
        if (!w->multi || curl_multi_setopt(w->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)env->parallel))
                return -ENOMEM;
        return open_transfers(w);
}

/* -- One try -- */

static void webhook_let_go(struct transfer *t) {
        if (t->cookie)
                (void) curl_multi_remove_handle(t->webhook->multi, t->easy);
        t->cookie = NULL;
        curl_slist_free_all(t->headers);
        t->headers = NULL;
        buffer_clear(&t->body); /* holds what an event says */
}

static void webhook_abandon(void *ctx) {
        struct webhook *w = ctx;

        for (size_t i = 0; w->transfers && i < w->env->parallel; i++)
                webhook_let_go(&w->transfers[i]);
}

static void webhook_close(void *ctx) {
        struct webhook *w = ctx;

        webhook_abandon(w);
        for (size_t i = 0; w->transfers && i < w->env->parallel; i++) {
                if (w->transfers[i].easy)
                        curl_easy_cleanup(w->transfers[i].easy);
                buffer_done(&w->transfers[i].body);
        }
        free(w->transfers);
        w->transfers = NULL;
        if (w->multi)
                (void) curl_multi_cleanup(w->multi);
        w->multi = NULL;
        if (w->global)
                curl_global_cleanup();
        w->global = false;
}

static bool webhook_add_header(struct transfer *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static bool webhook_add_header(struct transfer *t, const char *fmt, ...) {
        struct curl_slist *longer;
        char line[HEADER_MAX];
        va_list args;
        int n;

        va_start(args, fmt);
        n = vsnprintf(line, sizeof(line), fmt, args);
        va_end(args);
        if (n < 0 || (size_t)n >= sizeof(line))
                return true; /* left out rather than cut: none can be so long, and the body has it all */
        longer = curl_slist_append(t->headers, line);
        if (longer)
                t->headers = longer;
        explicit_bzero(line, sizeof(line));
        return longer != NULL;
}

/* The attributes of binary mode. */
static bool webhook_add_attributes(struct transfer *t, const struct cloudevent *ce) {
        const struct {
                const char *name, *value;
        } attributes[] = {{"specversion", EVENT_SPECVERSION}, {"id", ce->id}, {"source", ce->source}, {"type", ce->type}, {"time", ce->time}};
        char encoded[CLOUDEVENT_HEADER_MAX];
        bool ok = true;

        for (size_t i = 0; ok && i < ELEMENTS(attributes); i++) {
                cloudevent_header_write(attributes[i].value, encoded);
                ok = encoded[0] == '\0' || webhook_add_header(t, "ce-%s: %s", attributes[i].name, encoded);
        }
        return ok;
}

static bool webhook_headers(struct transfer *t, const struct delivery *d) {
        const struct webhook_target *to = d->target;
        const struct cloudevent *ce = d->ce;
        char id[UUID_TEXT + 1];
        bool ok = true;

        uuid_format(&d->delivery_id, id);
        ok = ok && webhook_add_header(t, "Content-Type: %s; charset=utf-8", to->mode == MODE_BINARY ? "application/json" : CLOUDEVENT_MEDIA_TYPE);
        ok = ok && webhook_add_header(t, "Idempotency-Key: \"%s\"", id);
        ok = ok && webhook_add_header(t, "Expect:"); /* a body this small is sent at once */
        if (to->token.n > 0)
                ok = ok && webhook_add_header(t, "Authorization: Bearer %s", to->token.items[0].bytes);
        if (ce->traceparent.n > 0)
                ok = ok && webhook_add_header(t, "traceparent: %.*s", (int)ce->traceparent.n, ce->traceparent.s);
        return ok && (to->mode != MODE_BINARY || webhook_add_attributes(t, ce));
}

static void write_body(const struct webhook_target *to, const struct cloudevent *ce, struct buffer *out) {
        struct json_writer json = JSON_WRITER(out);

        if (to->mode == MODE_STRUCTURED) {
                cloudevent_write(ce, &json);
                return;
        }
        jsonw_open_object(&json);
        event_to_json(ce->event, false, &json);
        jsonw_close_object(&json);
}

/* Nothing stays of whom the transfer went to before. */
static bool webhook_aim(struct transfer *t, const struct webhook_target *to) {
        CURL *e = t->easy;

        curl_easy_reset(e);
        return !curl_easy_setopt(e, CURLOPT_URL, to->url) && !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") &&
               !curl_easy_setopt(e, CURLOPT_POST, 1L) && !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) && !curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) &&
               !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)to->timeout) && !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)to->connect_timeout) &&
               !curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) && !curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) &&
               !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, drop_answer) && !curl_easy_setopt(e, CURLOPT_WRITEDATA, t) &&
               !curl_easy_setopt(e, CURLOPT_PRIVATE, t) && !curl_easy_setopt(e, CURLOPT_USERAGENT, USER_AGENT) &&
               !curl_easy_setopt(e, CURLOPT_PROXY, to->proxy ? to->proxy : "") && /* "": not even that of the environment */
               (!to->ca_file || !curl_easy_setopt(e, CURLOPT_CAINFO, to->ca_file));
}

static int webhook_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        const struct webhook_target *to = delivery->target;
        struct webhook *w = ctx;
        struct transfer *t = NULL;

        for (size_t i = 0; !t && i < w->env->parallel; i++) {
                if (!w->transfers[i].cookie)
                        t = &w->transfers[i];
        }
        if (!t) {
                error_set(err, "more tries at once than were agreed; please report this");
                return -EBUSY;
        }
        t->received = 0;
        write_body(to, delivery->ce, &t->body);
        if (t->body.failed || !webhook_aim(t, to) || !webhook_headers(t, delivery))
                return -ENOMEM;
        if (curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) || curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, buffer_text(&t->body)) ||
            curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.n) || curl_multi_add_handle(w->multi, t->easy))
                return -ENOMEM;
        t->cookie = delivery->cookie;
        return 0;
}

/* -- How tries end -- */

static void webhook_finish(struct webhook *w, struct transfer *t, CURLcode code) {
        struct curl_header *retry_after = NULL;
        struct attempt attempt;
        void *cookie = t->cookie;
        long status = 0;

        (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 when none came */
        if ((code == CURLE_OK || code == CURLE_WRITE_ERROR) && status >= 200) {
                (void) curl_easy_header(t->easy, "Retry-After", 0, CURLH_HEADER, -1, &retry_after);
                webhook_judge((int)status, retry_after ? retry_after->value : NULL, clock_realtime(&w->env->clock), &attempt);
        } else {
                webhook_judge_failure(curl_easy_strerror(code), &attempt);
        }
        webhook_let_go(t);
        runtime_tried(w->env->runtime, cookie, &attempt);
}

static int webhook_turn(void *ctx, int timeout_ms, struct error *err) {
        struct webhook *w = ctx;
        int running, left;
        CURLMsg *message;
        CURLMcode code = curl_multi_perform(w->multi, &running);

        if (code == CURLM_OK && timeout_ms > 0 && running > 0)
                code = curl_multi_poll(w->multi, NULL, 0, timeout_ms, NULL);
        if (code == CURLM_OK && timeout_ms > 0)
                code = curl_multi_perform(w->multi, &running);
        if (code != CURLM_OK) {
                error_set(err, "the HTTP client does not run any more: %s", curl_multi_strerror(code));
                return -EIO;
        }
        while ((message = curl_multi_info_read(w->multi, &left))) {
                CURLcode result = message->data.result;
                struct transfer *t = NULL;

                if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) || !t)
                        continue;
                webhook_finish(w, t, result); /* ends the life of message */
        }
        return 0;
}

static const char *const modes[] = {[MODE_STRUCTURED] = "structured", [MODE_BINARY] = "binary", NULL};

static const struct connector_option no_options[] = {{0}};

static const struct connector_option target_options[] = {
        {.key = "url",
         .doc = "Where the organisation takes its messages: https, or http on this machine itself. It answers 2xx once it has stored a message, and "
                "recognises a repetition by the CloudEvents source and id.",
         .type = OPTION_STRING,
         .offset = offsetof(struct webhook_target, url)},
        {.key = "mode",
         .fallback = "structured",
         .doc = "CloudEvents over HTTP: structured is one JSON object with the event as its data; binary puts the attributes into ce- headers.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct webhook_target, mode),
         .choices = modes},
        {.key = "token",
         .fallback = "",
         .doc = "Bearer token that the receiver knows us by; of several the first is sent.",
         .type = OPTION_SECRET,
         .offset = offsetof(struct webhook_target, token)},
        {.key = "timeout",
         .fallback = "30 s",
         .doc = "One try may take so long.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct webhook_target, timeout),
         .min = 100,
         .max = 300000},
        {.key = "connect_timeout",
         .fallback = "10 s",
         .doc = "Of it, until the connection stands.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct webhook_target, connect_timeout),
         .min = 100,
         .max = 300000},
        {.key = "ca_file",
         .fallback = "",
         .doc = "Certificates, in PEM, of those who may vouch for the receiver; default those of the system.",
         .type = OPTION_STRING,
         .offset = offsetof(struct webhook_target, ca_file)},
        {.key = "proxy",
         .fallback = "",
         .doc = "HTTP proxy on the way, such as http://proxy:3128; the environment's is not used.",
         .type = OPTION_STRING,
         .offset = offsetof(struct webhook_target, proxy)},
        {.key = "allow_http",
         .fallback = "false",
         .doc = "Allows plain http to another machine, for a network that is protected otherwise.",
         .type = OPTION_BOOLEAN,
         .offset = offsetof(struct webhook_target, allow_http)},
        {0},
};

const struct connector_ops connector_webhook = {
        .name = "webhook",
        .summary = "delivers the inbox of each organisation to its URL, as CloudEvents",
        .direction = CONNECTOR_OUT,
        .ctx_size = sizeof(struct webhook),
        .options = no_options,
        .target_options = target_options,
        .target_size = sizeof(struct webhook_target),
        .check = webhook_check,
        .open = webhook_open,
        .close = webhook_close,
        .turn = webhook_turn,
        .deliver = webhook_deliver,
        .abandon = webhook_abandon,
};
