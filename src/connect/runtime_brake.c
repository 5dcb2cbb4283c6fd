/* SPDX-License-Identifier: EUPL-1.2 */

/* The brake: when it is looked for, put on and taken off. Nothing is tried unless it is off. */

#include <string.h>

#include "cluster/topics.h"
#include "connect/runtime_parts.h"

static int open_reader(struct runtime *r, instant_t from, bool follow, struct error *err) {
        r->out.reader = brake_free(r->out.reader);
        return brake_open(r->config.bus, r->out.codec, r->config.file->name, from, follow, &r->out.reader, err);
}

void runtime_brake_forget(struct runtime *r) {
        r->out.reader = brake_free(r->out.reader);
        r->out.brake = BRAKE_UNKNOWN;
}

void runtime_brake_want(struct runtime *r, const struct held *held, const struct attempt *attempt) {
        struct runtime_out *out = &r->out;

        if (out->brake != BRAKE_OFF)
                return; /* others under way are told the same */
        out->brake = BRAKE_WANTED;
        out->mark_at = runtime_now(r);
        out->gone = (struct delivery_record){
                .organisation = text_of(r->config.file->out.organisation->id),
                .connector = text_of(r->config.file->name),
                .partition = held->record.partition,
                .offset = held->record.offset,
                .event_id = held->event_id,
                .outcome = DELIVERY_REFUSED,
                .status = attempt->status,
                .attempts = held->tries,
                .reason = text_of("the target wants nothing more; an operator must resume"),
        };
}

/* With the first record it is known how far back `deliveries` must be read: a brake is younger than what it holds up. */
static int look(struct runtime *r, struct error *err) {
        const struct window_entry *first = window_entry(&r->out.window, r->out.window.head);
        const struct held *held = first ? first->item : NULL;

        if (!held)
                return 0;
        r->out.brake = BRAKE_LOOKING;
        return open_reader(r, held->record.timestamp, false, err);
}

static void put_on(struct runtime *r, int64_t offset) {
        r->out.brake = BRAKE_ON;
        log_line(r->config.log, CONNECT_BRAKED, LOG_STRING("connector", r->config.file->name), LOG_INT("offset", offset));
}

static int looking(struct runtime *r, struct error *err) {
        struct runtime_out *out = &r->out;
        struct delivery_record latest;
        bool end;
        int e = brake_read(out->reader, 0, &end, err);

        if (e < 0 || !end)
                return e;
        if (!brake_on(out->reader, window_entry(&out->window, out->window.head)->offset)) {
                out->reader = brake_free(out->reader);
                out->brake = BRAKE_OFF;
                return 0;
        }
        (void) brake_latest(out->reader, &latest); /* there is one, or the brake were off */
        put_on(r, latest.offset);
        return open_reader(r, latest.delivered_at, true, err);
}

/* The mark must be this connector's latest record: it waits until nothing else is under way. */
static int mark(struct runtime *r, struct error *err) {
        static const struct bus_header type = {.name = "content-type", .value = "application/avro", .n = sizeof("application/avro") - 1};
        const char *name = r->config.file->name;
        struct runtime_out *out = &r->out;
        struct bus_record record = {
                .topic = TOPIC_DELIVERIES, .partition = BUS_BY_KEY, .key = name, .key_n = strlen(name), .headers = &type, .headers_n = 1};
        int e;

        if (out->window.flying > 0 || out->open > 0 || out->due > 0 || runtime_now(r) < out->mark_at)
                return 0;
        out->gone.delivered_at = clock_realtime(&r->config.clock);
        buffer_clear(&r->bytes);
        delivery_encode(out->codec, &out->gone, &r->bytes);
        record.value = r->bytes.bytes;
        record.value_n = r->bytes.n;
        e = bus_producer_send(r->producer, &record, &out->mark, err);
        if (e == BUS_E_FULL) {
                out->mark_at = runtime_now(r) + RUNTIME_RECORD_MS;
                return 0;
        }
        if (e < 0)
                return e;
        out->mark.state = SENDING_OPEN;
        out->brake = BRAKE_MARKING;
        out->open++;
        return 0;
}

static int marking(struct runtime *r, struct error *err) {
        struct runtime_out *out = &r->out;

        if (out->mark.state == SENDING_OPEN)
                return 0;
        if (out->mark.state != SENDING_DONE) {
                out->mark_at = runtime_now(r) + RUNTIME_RECORD_MS;
                out->brake = BRAKE_WANTED;
                return 0;
        }
        put_on(r, out->gone.offset);
        return open_reader(r, out->gone.delivered_at, true, err);
}

/* A record of this connector behind the mark takes the brake off: an operator wrote it. */
static int following(struct runtime *r, struct error *err) {
        struct runtime_out *out = &r->out;
        struct delivery_record latest;
        bool end;
        int e = brake_read(out->reader, 0, &end, err);

        if (e < 0 || !brake_latest(out->reader, &latest) || brake_on(out->reader, INT64_MIN))
                return e;
        log_line(r->config.log, CONNECT_RESUMED, LOG_STRING("connector", r->config.file->name), LOG_INT("offset", latest.offset));
        out->reader = brake_free(out->reader);
        out->brake = BRAKE_OFF;
        return 0;
}

int runtime_brake_turn(struct runtime *r, struct error *err) {
        if (!r->out.assigned)
                return 0;
        switch (r->out.brake) {
        case BRAKE_UNKNOWN:
                return look(r, err);
        case BRAKE_LOOKING:
                return looking(r, err);
        case BRAKE_OFF:
                return 0;
        case BRAKE_WANTED:
                return mark(r, err);
        case BRAKE_MARKING:
                return marking(r, err);
        case BRAKE_ON:
                return following(r, err);
        }
        return 0;
}
