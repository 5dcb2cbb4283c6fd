/* SPDX-License-Identifier: EUPL-1.2 */

/* One try of one record: what the connector is given, and what follows from how it ended. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "avro/framing.h"
#include "connect/runtime_parts.h"
#include "connect/trace.h"

#define TEXT_MAX HEADERS_SOURCE_MAX

/* -- What the record says -- */

static bool decode(struct runtime *r, struct held *held, struct event *ret) {
        struct framing framing = framing_read(held->record.value, held->record.value_n);
        const struct program *program;
        struct error err = {0};

        held->stage = "decode";
        held->code = refusal_codes[REFUSAL_UNKNOWN_SCHEMA];
        if (framing.kind != FRAMING_SINGLE || !event_types_decoder(r->config.types, framing.id, &ret->type, &program)) {
                error_set(&held->reason, "no known schema wrote this body");
                return false;
        }
        held->code = refusal_codes[REFUSAL_UNDECODABLE];
        ret->slots = arena_calloc(r->arena, ret->type->layout->n, sizeof(*ret->slots));
        if (!ret->slots || record_decode(program, framing.body, framing.n, ret->slots, &err) != 0) {
                error_set(&held->reason, "%s: %s", ret->type->name, err.text);
                return false;
        }
        held->stage = "deliver";
        held->code = NULL;
        held->event_id = ret->slots[SLOT_EVENT_ID].u;
        return true;
}

/* A header as text, when it is one that may stand in a header again; else what follows from the event. */
static const char *header_text(const struct runtime *r, const struct held *held, const char *name, const char *otherwise) {
        const struct bus_header *h = bus_record_header(&held->record, name);
        const char *text;

        if (!h || !h->value || h->n == 0 || h->n > TEXT_MAX)
                return otherwise;
        for (size_t i = 0; i < h->n; i++) {
                char c = ((const char *)h->value)[i];

                if (c <= ' ' || c > '~')
                        return otherwise;
        }
        text = arena_copy(r->arena, h->value, h->n);
        return text ? text : otherwise;
}

static const char *source_urn(const struct runtime *r, const struct event *event) {
        struct text id = event->slots[SLOT_SOURCE].s;
        const struct organisation *source = organisations_find(r->config.organisations, id);
        const char *text = source ? source->urn : arena_printf(r->arena, "urn:ketenwacht:%.*s", (int)id.n, id.s);

        return text ? text : "";
}

/* The record's place is its delivery's id: the same in every try and after every restart. */
static struct uuid delivery_id(const struct runtime *r, const struct held *held) {
        char name[BUS_NAME_MAX * 2];
        int n = snprintf(name, sizeof(name), "%s|%s|%d|%lld", r->config.file->name, held->record.topic, (int)held->record.partition,
                         (long long)held->record.offset);

        return uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
}

static void describe(const struct runtime *r, struct held *held, const struct event *event, struct cloudevent_headers *own, struct delivery *ret) {
        const struct bus_header *trace = headers_traceparent(&held->record);
        const struct cloudevent ce = {
                .id = held->event_id, .source = source_urn(r, event), .event = event->type->name, .time = event->slots[SLOT_OCCURRED_AT].i};

        headers_cloudevent(&ce, own);
        *ret = (struct delivery){
                .event = event,
                .id = own->id,
                .source = header_text(r, held, "ce_source", ce.source),
                .type = own->type,
                .time = header_text(r, held, "ce_time", own->time),
                .delivery_id = delivery_id(r, held),
                .cookie = held,
        };
        if (trace && trace_valid((struct text){trace->value, trace->n}))
                ret->traceparent = (struct text){trace->value, trace->n};
}

/* A body that we cannot read: its id as the headers say it, for who looks for it. */
static void park_unread(struct runtime *r, struct held *held) {
        const struct bus_header *id = bus_record_header(&held->record, "ce_id");

        if (!id || !id->value || !uuid_parse(id->value, id->n, &held->event_id))
                held->event_id = (struct uuid){0};
        held->outcome = DELIVERY_PARKED;
        held->status = 0;
        runtime_record(r, held);
}

int runtime_deliver(struct runtime *r, struct window_entry *entry, struct error *err) {
        struct held *held = entry->item;
        struct cloudevent_headers own;
        struct delivery delivery;
        struct event event;

        arena_reset(r->arena);
        if (!decode(r, held, &event)) {
                park_unread(r, held);
                return 0;
        }
        describe(r, held, &event, &own, &delivery);
        window_fly(&r->out.window, entry);
        held->tries++;
        return r->ops->deliver(r->ctx, &delivery, err);
}

/* -- How it ended -- */

static const char *const code_of[] = {[DELIVERY_DELIVERED] = "", [DELIVERY_REFUSED] = "REFUSED_BY_RECEIVER", [DELIVERY_PARKED] = "UNDELIVERED"};

static void is_over(struct runtime *r, struct held *held, enum delivery_outcome outcome, const struct attempt *attempt) {
        held->outcome = outcome;
        held->status = attempt->status;
        held->stage = "deliver";
        held->code = code_of[outcome];
        error_set(&held->reason, "%s", attempt->reason);
        runtime_record(r, held);
}

static int64_t delay(const struct runtime *r, unsigned tries) {
        const struct backoff b = {r->config.file->out.first_delay, r->config.file->out.longest_delay};

        return backoff_delay(&b, tries, r->config.random(r->config.random_ctx));
}

static void again(struct runtime *r, struct held *held, struct window_entry *entry, const struct attempt *attempt) {
        int64_t now = runtime_now(r);

        if (attempt->pause_ms >= 0)
                window_hold(&r->out.window, now + attempt->pause_ms);
        if (held->tries >= r->config.file->out.tries) {
                is_over(r, held, DELIVERY_PARKED, attempt);
                return;
        }
        window_again(&r->out.window, entry, now + delay(r, (unsigned)held->tries));
        log_line(r->config.log, CONNECT_AGAIN, LOG_INT("offset", held->record.offset), LOG_INT("tries", held->tries), LOG_INT("status", attempt->status),
                 LOG_STRING("reason", attempt->reason));
}

static void later(struct runtime *r, struct held *held, struct window_entry *entry, const struct attempt *attempt) {
        int64_t pause = attempt->pause_ms >= 0 ? attempt->pause_ms : delay(r, ++r->out.laters);

        held->tries--;
        window_hold(&r->out.window, runtime_now(r) + pause);
        window_again(&r->out.window, entry, runtime_now(r));
        log_line(r->config.log, CONNECT_PAUSED, LOG_INT("ms", pause), LOG_INT("status", attempt->status));
}

void runtime_tried(struct runtime *r, void *cookie, const struct attempt *attempt) {
        struct held *held = cookie;
        struct window_entry *entry = window_entry(&r->out.window, held->number);

        assert(entry && entry->state == WINDOW_FLYING);
        metric_add(r->metrics.tries, metric_series(r->metrics.tries, attempt->outcome, 0), 1);
        if (attempt->outcome != TRIED_LATER)
                r->out.laters = 0;
        switch (attempt->outcome) {
        case TRIED_DELIVERED:
                is_over(r, held, DELIVERY_DELIVERED, attempt);
                break;
        case TRIED_AGAIN:
                again(r, held, entry, attempt);
                break;
        case TRIED_LATER:
                later(r, held, entry, attempt);
                break;
        case TRIED_REFUSED:
                is_over(r, held, DELIVERY_REFUSED, attempt);
                break;
        case TRIED_GONE:
                window_again(&r->out.window, entry, runtime_now(r));
                runtime_brake_want(r, held, attempt);
                break;
        }
}
