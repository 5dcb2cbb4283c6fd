/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * webhook: delivers the inbox of each organisation to its URL, as CloudEvents over HTTP (NL GOV profile)
 *
 * POST, structured JSON by default, or binary mode: attributes as ce- headers and the event as the
 * body. ce id and source are those of the event, so a repetition is recognisable; Idempotency-Key is
 * the same in every try of one record. What an answer means stands in answer.h.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "channel/http.h"
#include "channel/judge.h"
#include "connect/runtime.h"
#include "model/event_json.h"

enum mode { MODE_STRUCTURED, MODE_BINARY };

/* What its file says of one organisation. */
struct webhook_target {
        const char *url;
        int mode;
        struct http_options http;
        /* the rest */
        struct http_peer *peer;
};

struct webhook {
        const struct connector_env *env;
        struct http *http;
};

/* One try that is under way. */
struct webhook_try {
        struct webhook *webhook;
        void *cookie;
};

/* -- Opening -- */

static int webhook_check(void *ctx, const struct connector_env *env, struct error *err) {
        int r = 0;

        (void) ctx;
        for (size_t i = 0; i < env->targets_n && r == 0; i++) {
                const struct webhook_target *to = env->targets[i].options;

                r = http_options_check(&to->http, to->url, err);
        }
        return r;
}

static int webhook_open(void *ctx, const struct connector_env *env, struct error *err) {
        const struct http_config config = {.clock = env->clock, .log = env->log, .name = env->name, .parallel = env->parallel};
        struct webhook *w = ctx;
        int r;

        w->env = env;
        r = http_new(&config, &w->http);
        for (size_t i = 0; i < env->targets_n && r == 0; i++) {
                struct webhook_target *to = env->targets[i].options;

                r = http_peer_new(w->http, &to->http, &to->peer, err);
        }
        return r;
}

static void webhook_abandon(void *ctx) {
        struct webhook *w = ctx;

        if (w->http)
                http_abandon(w->http);
}

static void webhook_close(void *ctx) {
        struct webhook *w = ctx;

        w->http = http_free(w->http);
}

/* -- One try -- */

/* The attributes of binary mode. */
static void webhook_add_attributes(struct http_exchange *x, const struct cloudevent *ce) {
        const struct {
                const char *name, *value;
        } attributes[] = {{"specversion", EVENT_SPECVERSION}, {"id", ce->id}, {"source", ce->source}, {"type", ce->type}, {"time", ce->time}};
        char encoded[CLOUDEVENT_HEADER_MAX];

        for (size_t i = 0; i < ELEMENTS(attributes); i++) {
                cloudevent_header_write(attributes[i].value, encoded);
                if (encoded[0] != '\0')
                        http_exchange_header(x, "ce-%s: %s", attributes[i].name, encoded);
        }
}

static void webhook_headers(struct http_exchange *x, const struct delivery *d) {
        const struct webhook_target *to = d->target;
        const struct cloudevent *ce = d->ce;
        char id[UUID_TEXT + 1];

        uuid_format(&d->delivery_id, id);
        http_exchange_header(x, "Content-Type: %s; charset=utf-8", to->mode == MODE_BINARY ? "application/json" : CLOUDEVENT_MEDIA_TYPE);
        http_exchange_header(x, "Idempotency-Key: \"%s\"", id);
        if (ce->traceparent.n > 0)
                http_exchange_header(x, "traceparent: %.*s", (int)ce->traceparent.n, ce->traceparent.s);
        if (to->mode == MODE_BINARY)
                webhook_add_attributes(x, ce);
}

static void webhook_write_body(const struct webhook_target *to, const struct cloudevent *ce, struct buffer *out) {
        struct json_writer json = JSON_WRITER(out);

        if (to->mode == MODE_STRUCTURED) {
                cloudevent_write(ce, &json);
                return;
        }
        jsonw_open_object(&json);
        event_to_json(ce->event, false, &json);
        jsonw_close_object(&json);
}

static void webhook_answered(void *ctx, const struct http_answer *answer) {
        const struct webhook_try *try = ctx;
        struct attempt attempt;

        judge_answer(answer, clock_realtime(&try->webhook->env->clock), &attempt);
        runtime_tried(try->webhook->env->runtime, try->cookie, &attempt);
}

static int webhook_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        const struct webhook_target *to = delivery->target;
        struct http_exchange *x = http_exchange_new(to->peer, "POST", to->url);
        struct webhook_try *try = x ? calloc(1, sizeof(*try)) : NULL;

        (void) err; /* only memory can fail */
        if (!x)
                return -ENOMEM;
        if (!try) {
                http_exchange_drop(x);
                return -ENOMEM;
        }
        *try = (struct webhook_try){ctx, delivery->cookie};
        http_exchange_own(x, try);
        webhook_headers(x, delivery);
        webhook_write_body(to, delivery->ce, http_exchange_body(x));
        return http_start(x, 0, webhook_answered, try);
}

static int webhook_turn(void *ctx, int timeout_ms, struct error *err) {
        struct webhook *w = ctx;

        return error_trace(http_turn(w->http, timeout_ms, err), err);
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
        HTTP_OPTION_ROWS(struct webhook_target, http),
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
