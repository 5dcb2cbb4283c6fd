/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * webhook: delivers the inbox of each organisation to its URL, as CloudEvents over HTTP (NL GOV profile)
 *
 * POST, structured JSON by default, or binary mode: attributes as ce- headers and the event as the
 * body. ce id and source are those of the event, so a repetition is recognisable; Idempotency-Key is
 * the same in every try of one record. What an answer means stands in answer.h.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "channel/http.h"
#include "channel/judge.h"
#include "connect/runtime.h"
#include "connectors/webhook/handshake.h"
#include "model/event_json.h"

#define BATCH_MAX 64
#define BATCH_BYTES_MAX ((size_t)1024 * 1024) /* of one batch: a larger one is sent as several */
#define ORIGIN_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
#define ORIGIN_HEADER "WebHook-Request-Origin"
#define NOT_ACCEPTABLE_BATCH 415
#define NOT_IMPLEMENTED 501
#define TRY_TURN_MS 100

enum mode { MODE_STRUCTURED, MODE_BINARY };

/* One record: its request, made and not sent, or under way, alone or in a batch. It belongs to that request. */
struct webhook_item {
        struct webhook_item *next;
        struct webhook *webhook;
        struct webhook_target *to;
        struct http_exchange *alone;
        void *cookie;
};

/* What its file says of one organisation. */
struct webhook_target {
        const char *url, *origin;
        int mode;
        bool handshake;
        int64_t batch;
        struct http_options http;
        /* the rest */
        const struct organisation *organisation;
        struct webhook *webhook;
        struct http_peer *peer;
        struct webhook_item *first, **end; /* that are to be sent */
        struct handshake allowed;
        bool asking;
        struct log_pace pace;
};

struct webhook {
        const struct connector_env *env;
        struct http *http;
};

/* -- Opening -- */

static int webhook_check_target(const struct webhook_target *to, struct error *err) {
        if (to->batch > 1 && to->mode == MODE_BINARY)
                error_set(err, "batch goes with mode: structured; in binary mode a request has one event");
        else if (to->handshake && (!to->origin || to->origin[strspn(to->origin, ORIGIN_CHARACTERS)]))
                error_set(err, "handshake needs origin: the name by which the receiver allows us, that of a host, such as ketenwacht.example.nl");
        else
                return http_options_check(&to->http, to->url, err);
        return -EINVAL;
}

static int webhook_check(void *ctx, const struct connector_env *env, struct error *err) {
        int r = 0;

        (void) ctx;
        for (size_t i = 0; i < env->targets_n && r == 0; i++) {
                const struct webhook_target *to = env->targets[i].options;

                r = webhook_check_target(to, err);
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

                to->organisation = env->targets[i].organisation;
                to->webhook = w;
                to->first = NULL;
                to->end = &to->first;
                to->asking = false;
                to->allowed = (struct handshake){0};
                r = http_peer_new(w->http, &to->http, &to->peer, err);
        }
        return r;
}

static void webhook_abandon(void *ctx) {
        struct webhook *w = ctx;

        if (w->http)
                http_abandon(w->http);
        for (size_t i = 0; w->http && i < w->env->targets_n; i++) {
                struct webhook_target *to = w->env->targets[i].options;

                to->first = NULL;
                to->end = &to->first;
                to->asking = false;
        }
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
        http_exchange_header(x, "Content-Type: %s; charset=utf-8", to->batch > 1                 ? CLOUDEVENT_BATCH_MEDIA_TYPE
                             : to->mode == MODE_BINARY ? "application/json"
                                                       : CLOUDEVENT_MEDIA_TYPE);
        http_exchange_header(x, "Idempotency-Key: \"%s\"", id);
        if (ce->traceparent.n > 0)
                http_exchange_header(x, "traceparent: %.*s", (int)ce->traceparent.n, ce->traceparent.s);
        if (to->mode == MODE_BINARY)
                webhook_add_attributes(x, ce);
}

static void webhook_write_body(const struct webhook_target *to, const struct cloudevent *ce, struct buffer *out) {
        struct json_writer json = JSON_WRITER(out);

        if (to->batch > 1)
                jsonw_open_array(&json);
        if (to->mode == MODE_STRUCTURED) {
                cloudevent_write(ce, &json);
                if (to->batch > 1)
                        jsonw_close_array(&json);
                return;
        }
        jsonw_open_object(&json);
        event_to_json(ce->event, false, &json);
        jsonw_close_object(&json);
}

static int webhook_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        struct webhook_target *to = delivery->target;
        struct http_exchange *x = http_exchange_new(to->peer, "POST", to->url);
        struct webhook_item *item = x ? calloc(1, sizeof(*item)) : NULL;

        (void) err; /* only memory can fail */
        if (!x)
                return -ENOMEM;
        if (!item) {
                http_exchange_drop(x);
                return -ENOMEM;
        }
        *item = (struct webhook_item){.webhook = ctx, .to = to, .alone = x, .cookie = delivery->cookie};
        http_exchange_own(x, item);
        webhook_headers(x, delivery);
        webhook_write_body(to, delivery->ce, http_exchange_body(x));
        *to->end = item;
        to->end = &item->next;
        return 0;
}

static struct webhook_item *webhook_next(struct webhook_target *to) {
        struct webhook_item *item = to->first;

        if (!item)
                return NULL;
        to->first = item->next;
        if (!to->first)
                to->end = &to->first;
        item->next = NULL;
        return item;
}

/* -- How tries end -- */

/* A receiver that takes no batches is an operator's to know; no record is to blame. */
static void webhook_judge(const struct webhook_item *item, const struct http_answer *answer, struct attempt *ret) {
        judge_answer(answer, clock_realtime(&item->webhook->env->clock), ret);
        if (item->to->batch <= 1 || answer->status != NOT_ACCEPTABLE_BATCH)
                return;
        ret->outcome = TRIED_AGAIN;
        (void) snprintf(ret->reason, sizeof(ret->reason), "the receiver takes no batches (HTTP status %d); leave batch out", answer->status);
}

static void webhook_answered(void *ctx, const struct http_answer *answer) {
        const struct webhook_item *item = ctx;
        struct attempt attempt;

        webhook_judge(item, answer, &attempt);
        runtime_tried(item->webhook->env->runtime, item->cookie, &attempt);
}

/* It is over without having been sent. */
static void webhook_give_back(struct webhook_item *item, const struct attempt *attempt) {
        struct http_exchange *alone = item->alone;

        runtime_tried(item->webhook->env->runtime, item->cookie, attempt);
        http_exchange_drop(alone); /* with the item */
}

static void webhook_send_alone(struct webhook_item *item) {
        const struct attempt failed = {.outcome = TRIED_AGAIN, .pause_ms = -1, .reason = "the request could not be made"};
        const struct connector_env *env = item->webhook->env;
        void *cookie = item->cookie;

        if (http_start(item->alone, 0, webhook_answered, item) < 0) /* then the item is gone with it */
                runtime_tried(env->runtime, cookie, &failed);
}

/* One answer for all of a batch; but a refusal may be meant for one of them alone: each is sent by itself, in the same try. */
static void webhook_batch_answered(void *ctx, const struct http_answer *answer) {
        struct webhook_item *item = ctx;
        struct attempt attempt;

        webhook_judge(item, answer, &attempt);
        while (item) {
                struct webhook_item *next = item->next;

                item->next = NULL;
                if (attempt.outcome == TRIED_REFUSED)
                        webhook_send_alone(item);
                else
                        webhook_give_back(item, &attempt);
                item = next;
        }
}

/* Sends @items, in an order that is theirs, as one array. */
static void webhook_send_batch(struct webhook_target *to, struct webhook_item *items) {
        struct http_exchange *x = http_exchange_new(to->peer, "POST", to->url);
        struct buffer *body;
        bool sent;

        if (x) {
                body = http_exchange_body(x);
                http_exchange_header(x, "Content-Type: %s; charset=utf-8", CLOUDEVENT_BATCH_MEDIA_TYPE);
                for (const struct webhook_item *item = items; item; item = item->next) {
                        const struct buffer *one = http_exchange_body(item->alone);

                        buffer_add_byte(body, item == items ? '[' : ',');
                        if (one->n > 2)
                                buffer_add(body, one->bytes + 1, one->n - 2); /* without its brackets */
                }
                buffer_add_byte(body, ']');
        }
        sent = x && http_start(x, 0, webhook_batch_answered, items) == 0;
        for (struct webhook_item *item = sent ? NULL : items, *next; item; item = next) {
                next = item->next;
                item->next = NULL;
                webhook_send_alone(item);
        }
}

/* So many of those that wait as go into one request. */
static struct webhook_item *webhook_gather(struct webhook_target *to) {
        struct webhook_item *first = webhook_next(to), *last = first;
        size_t bytes = http_exchange_body(first->alone)->n;

        for (int64_t n = 1; n < to->batch && to->first; n++) {
                bytes += http_exchange_body(to->first->alone)->n;
                if (bytes > BATCH_BYTES_MAX)
                        break;
                last->next = webhook_next(to);
                last = last->next;
        }
        return first;
}

static void webhook_give_back_all(struct webhook_target *to, const struct attempt *attempt) {
        struct webhook_item *item;

        while ((item = webhook_next(to)))
                webhook_give_back(item, attempt);
}

/* -- Handshake -- */

static void webhook_say_not_allowed(struct webhook_target *to, int status) {
        const struct connector_env *env = to->webhook->env;

        if (log_pace(&to->pace, clock_monotonic(&env->clock), HTTP_SAY_MS))
                log_line(env->log, CONNECT_NOT_ALLOWED, LOG_STRING("connector", env->name), LOG_STRING("organisation", to->organisation->id),
                         LOG_STRING("origin", to->origin), LOG_INT("status", status));
}

static void webhook_asked(void *ctx, const struct http_answer *answer) {
        struct webhook_target *to = ctx;
        const struct connector_env *env = to->webhook->env;
        struct attempt attempt;

        to->asking = false;
        handshake_read(&to->allowed, answer->status, http_answer_header(answer, "WebHook-Allowed-Origin"), http_answer_header(answer, "WebHook-Allowed-Rate"),
                       to->origin, clock_monotonic(&env->clock));
        if (to->allowed.allowed)
                return;
        judge_answer(answer, clock_realtime(&env->clock), &attempt);
        if (attempt.outcome == TRIED_DELIVERED || attempt.outcome == TRIED_REFUSED || (attempt.outcome == TRIED_AGAIN && answer->status / 100 == 4)) {
                webhook_say_not_allowed(to, answer->status);
                attempt.outcome = TRIED_LATER;
                (void) snprintf(attempt.reason, sizeof(attempt.reason), "the receiver does not allow our origin (HTTP status %d)", answer->status);
        }
        webhook_give_back_all(to, &attempt);
}

static struct http_exchange *webhook_question(struct webhook_target *to) {
        struct http_exchange *x = http_exchange_new(to->peer, "OPTIONS", to->url);

        if (x && to->handshake)
                http_exchange_header(x, ORIGIN_HEADER ": %s", to->origin);
        return x;
}

/* Whether requests may go to it now; else it is asked, or was. Return: true; false; -ENOMEM. */
static int webhook_may_send(struct webhook_target *to, int64_t now) {
        struct http_exchange *x;
        int r;

        if (!to->handshake || (to->allowed.allowed && now < to->allowed.until))
                return true;
        if (to->asking)
                return false;
        x = webhook_question(to);
        r = x ? http_start(x, 0, webhook_asked, to) : -ENOMEM;
        to->asking = r == 0;
        return r < 0 ? r : false;
}

static int webhook_send(struct webhook_target *to) {
        int64_t now = clock_monotonic(&to->webhook->env->clock);
        struct attempt later = {.outcome = TRIED_LATER, .reason = "the receiver takes no more requests for now"};
        int r = webhook_may_send(to, now);

        while (r > 0 && to->first) {
                struct webhook_item *items;

                later.pause_ms = handshake_wait(&to->allowed, now);
                if (later.pause_ms > 0) {
                        webhook_give_back_all(to, &later);
                        break;
                }
                items = webhook_gather(to);
                if (items->next)
                        webhook_send_batch(to, items);
                else
                        webhook_send_alone(items);
        }
        return r < 0 ? r : 0;
}

static int webhook_turn(void *ctx, int timeout_ms, struct error *err) {
        struct webhook *w = ctx;

        for (size_t i = 0; i < w->env->targets_n; i++) {
                struct webhook_target *to = w->env->targets[i].options;
                int r = to->first ? webhook_send(to) : 0;

                if (r < 0)
                        return r;
        }
        return error_trace(http_turn(w->http, timeout_ms, err), err);
}

/* -- Asking without effect -- */

struct webhook_trial {
        const struct webhook_target *to;
        struct buffer *out;
        bool over, good;
};

static const char *webhook_tell(const struct webhook_target *to, const struct http_answer *answer, bool allowed, bool *ret_good) {
        *ret_good = false;
        if (to->handshake && !allowed)
                return "does not allow our origin";
        switch (answer->status) {
        case 401:
        case 403:
        case 407:
                return "does not know us, or not for this; look at auth";
        case 404:
        case 410:
                return "has nothing at this address; look at url";
        default:
                break;
        }
        if (answer->status / 100 == 3)
                return "sends us elsewhere, where nothing is followed; write the address that it leads to into url";
        *ret_good = answer->status < 500 || answer->status == NOT_IMPLEMENTED;
        return *ret_good ? "is there; whether it takes messages only a message can tell" : "is not as it should be";
}

static void webhook_tried(void *ctx, const struct http_answer *answer) {
        struct webhook_trial *trial = ctx;
        struct handshake allowed = {0};

        if (trial->to->handshake)
                handshake_read(&allowed, answer->status, http_answer_header(answer, "WebHook-Allowed-Origin"), NULL, trial->to->origin, 0);
        trial->over = true;
        if (answer->kind == HTTP_ANSWERED)
                buffer_printf(trial->out, "%s: OPTIONS is answered with %d: the receiver %s\n", trial->to->organisation->id, answer->status,
                              webhook_tell(trial->to, answer, allowed.allowed, &trial->good));
        else
                buffer_printf(trial->out, "%s: no %s: %s\n", trial->to->organisation->id, answer->kind == HTTP_NO_TOKEN ? "access token" : "answer",
                              answer->reason);
}

/*
 * OPTIONS: safe by RFC 9110 and the method of CloudEvents' handshake, which is not part of what a receiver stores. A server that does not know the method
 * (405, 501) is there all the same. With oauth2 an access token is asked for, too.
 */
static int webhook_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct webhook *w = ctx;
        size_t bad = 0;
        int r = webhook_open(w, env, err);

        for (size_t i = 0; i < env->targets_n && r == 0; i++) {
                struct webhook_trial trial = {.to = env->targets[i].options, .out = out};
                struct http_exchange *x = webhook_question(env->targets[i].options);

                r = x ? http_start(x, 0, webhook_tried, &trial) : -ENOMEM;
                while (r == 0 && !trial.over)
                        r = http_turn(w->http, TRY_TURN_MS, err);
                bad += !trial.good;
        }
        webhook_close(w);
        if (r == 0 && bad > 0) {
                error_set(err, "%zu of %zu receivers would not take messages: %.500s", bad, env->targets_n, buffer_text(out));
                r = -EIO;
        }
        return r;
}

static const struct connector_verb verbs[] = {
        {CONNECTOR_VERB_TRY, "asks each receiver by OPTIONS, with what it knows us by, whether it is there and lets us send; nothing is stored there",
         webhook_try},
        {0},
};

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
        {.key = "batch",
         .fallback = "1",
         .doc = "So many messages go in one request at most, of different cases and as they are there (application/cloudevents-batch+json); 1: each alone. "
                "When a batch is refused, each of it is sent by itself.",
         .type = OPTION_INT,
         .offset = offsetof(struct webhook_target, batch),
         .min = 1,
         .max = BATCH_MAX},
        {.key = "handshake",
         .fallback = "false",
         .doc = "Asks the receiver before the first message, and again every hour, whether it lets us send and how many requests a minute (OPTIONS, as "
                "CloudEvents' web hooks say).",
         .type = OPTION_BOOLEAN,
         .offset = offsetof(struct webhook_target, handshake)},
        {.key = "origin",
         .fallback = "",
         .doc = "handshake: the name by which the receiver allows us, that of a host, such as ketenwacht.example.nl.",
         .type = OPTION_STRING,
         .offset = offsetof(struct webhook_target, origin)},
        HTTP_OPTION_ROWS(struct webhook_target, http),
        {0},
};

const struct connector_ops connector_webhook = {
        .name = "webhook",
        .summary = "delivers the inbox of each organisation to its URL, as CloudEvents",
        .direction = CONNECTOR_OUT,
        .ctx_size = sizeof(struct webhook),
        .options = no_options,
        .verbs = verbs,
        .target_options = target_options,
        .target_size = sizeof(struct webhook_target),
        .check = webhook_check,
        .open = webhook_open,
        .close = webhook_close,
        .turn = webhook_turn,
        .deliver = webhook_deliver,
        .abandon = webhook_abandon,
};
