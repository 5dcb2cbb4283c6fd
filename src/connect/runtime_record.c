/* SPDX-License-Identifier: EUPL-1.2 */

/* What is over: a dead letter when it was not delivered, a record in deliveries always; then it is settled. */

#include <errno.h>
#include <string.h>

#include "cluster/topics.h"
#include "connect/runtime_parts.h"

static bool is_settled(const struct held *held) {
        return (held->letter.state == SENDING_NOTHING || held->letter.state == SENDING_DONE) && held->delivery.state == SENDING_DONE;
}

static void to_send(struct runtime *r, struct sending_record *s) {
        s->state = SENDING_DUE;
        r->out.due++;
}

/* Return: 0: sent or to be sent again; negative errno: never. */
static int send_one(struct runtime *r, struct sending_record *s, const struct bus_record *record, struct error *err) {
        int e = bus_producer_send(r->producer, record, s, err);

        if (e == BUS_E_FULL) {
                s->held->again = runtime_now(r) + RUNTIME_RECORD_MS;
                return 0;
        }
        if (e)
                return e;
        s->state = SENDING_OPEN;
        r->out.due--;
        r->out.open++;
        return 0;
}

static int send_letter(struct runtime *r, struct held *held, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct dead_letter_headers));
        struct dead_letter_headers *headers = memory;
        const struct dead_letter why = {
                .topic = held->record.topic,
                .partition = held->record.partition,
                .offset = held->record.offset,
                .stage = held->stage,
                .code = held->code,
                .error = held->reason.text,
        };
        struct bus_record letter = {
                .topic = TOPIC_DEAD_LETTERS,
                .partition = BUS_BY_KEY,
                .key = held->record.key,
                .key_n = held->record.key_n,
                .value = held->record.value,
                .value_n = held->record.value_n,
        };

        if (!headers)
                return -ENOMEM;
        headers_dead_letter(&held->record, &why, headers);
        letter.headers = headers->headers;
        letter.headers_n = headers->n;
        return send_one(r, &held->letter, &letter, err);
}

static int send_delivery(struct runtime *r, struct held *held, struct error *err) {
        static const struct bus_header type = {.name = "content-type", .value = "application/avro", .n = sizeof("application/avro") - 1};
        const char *name = r->config.file->name;
        const struct delivery_record delivery = {
                .delivered_at = clock_realtime(&r->config.clock),
                .organisation = text_of(r->config.file->out.organisation->id),
                .connector = text_of(name),
                .partition = held->record.partition,
                .offset = held->record.offset,
                .event_id = held->event_id,
                .outcome = held->outcome,
                .status = held->status,
                .attempts = held->tries,
                .reason = held->outcome == DELIVERY_DELIVERED ? (struct text){0} : text_of(held->reason.text),
        };
        struct bus_record record = {
                .topic = TOPIC_DELIVERIES, .partition = BUS_BY_KEY, .key = name, .key_n = strlen(name), .headers = &type, .headers_n = 1};

        buffer_clear(&r->bytes);
        delivery_encode(r->out.codec, &delivery, &r->bytes);
        if (r->bytes.failed)
                return -ENOMEM;
        record.value = r->bytes.bytes;
        record.value_n = r->bytes.n;
        return send_one(r, &held->delivery, &record, err);
}

static void send_due(struct runtime *r, struct held *held) {
        struct error err = {0};
        int e = 0;

        if (held->letter.state == SENDING_DUE)
                e = send_letter(r, held, &err);
        if (e == 0 && held->delivery.state == SENDING_DUE)
                e = send_delivery(r, held, &err);
        if (e < 0)
                runtime_fail(r, e, &err);
}

void runtime_count(struct runtime *r, enum delivery_outcome outcome) {
        metric_add(r->metrics.outcomes, metric_series(r->metrics.outcomes, outcome, 0), 1);
}

void runtime_record(struct runtime *r, struct held *held) {
        char id[UUID_TEXT + 1];

        window_record(&r->out.window, window_entry(&r->out.window, held->number));
        runtime_count(r, held->outcome);
        if (held->outcome != DELIVERY_DELIVERED) {
                uuid_format(&held->event_id, id);
                log_line(r->config.log, CONNECT_PARKED, LOG_STRING("event_id", id), LOG_INT("offset", held->record.offset), LOG_STRING("code", held->code),
                         LOG_INT("tries", held->tries), LOG_INT("status", held->status), LOG_STRING("reason", held->reason.text));
                to_send(r, &held->letter);
        }
        to_send(r, &held->delivery);
        send_due(r, held);
}

void runtime_record_due(struct runtime *r) {
        struct window *w = &r->out.window;
        int64_t now = runtime_now(r);

        for (uint64_t i = w->head; r->out.due > 0 && i < w->tail; i++) {
                struct window_entry *e = window_entry(w, i);
                struct held *held = e ? e->item : NULL;

                if (e && held && e->state == WINDOW_RECORDING && held->again <= now)
                        send_due(r, held);
        }
}

static void settle(struct runtime *r, struct held *held) {
        window_settle(&r->out.window, window_entry(&r->out.window, held->number));
        free(held);
}

static bool is_open(const struct held *held) {
        return held->letter.state == SENDING_OPEN || held->delivery.state == SENDING_OPEN;
}

void runtime_out_report(struct runtime *r, const struct bus_report *report) {
        struct sending_record *s = report->cookie;
        struct held *held = s->held;

        r->out.open--;
        s->state = report->sent == BUS_SENT ? SENDING_DONE : SENDING_DUE;
        runtime_complain(r, report);
        if (!held)
                return; /* the brake looks for itself */
        if (held->number == 0) {
                if (!is_open(held))
                        free(held);
                return;
        }
        if (s->state == SENDING_DUE) {
                r->out.due++;
                held->again = runtime_now(r) + RUNTIME_RECORD_MS;
        } else if (is_settled(held)) {
                settle(r, held);
        }
}

void runtime_held_drop(struct runtime *r, struct held *held) {
        (void) r;
        held->number = 0;
        if (!is_open(held))
                free(held);
}
