/* SPDX-License-Identifier: EUPL-1.2 */

/* A load onto the broker, or as lines. */

#include <errno.h>
#include <string.h>

#include "avro/framing.h"
#include "base/json.h"
#include "cluster/headers.h"
#include "bench/load.h"

#define VALUE_MAX ((size_t)1 << 20)
#define POLL_EVERY 256 /* events between two looks at the outcomes */
#define WAIT_MS 1
#define WAITS_MAX (2 * BUS_CALL_MS / WAIT_MS) /* for room in the queue: each record has its outcome sooner */

struct sending {
        struct bus_producer *producer;
        struct buffer value;
        struct bench_load_result *result;
        uint64_t sent, refused, repeats;
        struct error failure; /* of the first that was refused */
};

static void on_settled(void *ctx, const struct bus_report *report) {
        struct sending *s = ctx;

        if (report->sent == BUS_SENT)
                s->result->events++;
        else if (s->refused++ == 0)
                error_set(&s->failure, "an event of the load was not acknowledged: %s", report->reason ? report->reason : "no answer came");
}

static int send_record(struct sending *s, const struct bus_record *record, struct error *err) {
        for (unsigned waits = 0; waits < WAITS_MAX; waits++) {
                int r = bus_producer_send(s->producer, record, NULL, err);

                if (r != BUS_E_FULL)
                        return r;
                r = bus_producer_poll(s->producer, WAIT_MS, err);
                if (r)
                        return r;
        }
        error_set(err, "the queue to the broker stays full");
        return -ETIMEDOUT;
}

static int send_event(struct sending *s, const struct event *event, struct error *err) {
        char urn[HEADERS_SOURCE_MAX], key[UUID_TEXT + 1];
        struct cloudevent_headers headers;
        struct cloudevent about = {
                .id = event->slots[SLOT_EVENT_ID].u, .source = urn, .event = event->type->name, .time = event->slots[SLOT_OCCURRED_AT].i};
        struct text source = event->slots[SLOT_SOURCE].s;

        (void) snprintf(urn, sizeof(urn), "urn:ketenwacht:%.*s", (int)source.n, source.s);
        headers_cloudevent(&about, &headers);
        uuid_format(&event->slots[SLOT_CASE_ID].u, key);
        buffer_clear(&s->value);
        framing_write_single(event->type->layout->fingerprint, &s->value);
        record_encode(event->type->layout, event->slots, &s->value);
        if (s->value.failed)
                return -ENOMEM;
        s->result->bytes += s->value.n;
        return send_record(s,
                           &(struct bus_record){.topic = event->type->name,
                                                .partition = BUS_BY_KEY,
                                                .key = key,
                                                .key_n = UUID_TEXT,
                                                .value = s->value.bytes,
                                                .value_n = s->value.n,
                                                .headers = headers.headers,
                                                .headers_n = headers.n},
                           err);
}

/* Waits until the clock has come to the event that is next at this rate. */
static int keep_pace(struct sending *s, uint64_t rate, const struct clock *clock, int64_t begin, struct error *err) {
        int64_t due = begin + (int64_t)(s->sent * 1000 / rate);
        int r = 0;

        while (r == 0 && clock_monotonic(clock) < due)
                r = bus_producer_poll(s->producer, WAIT_MS, err);
        return r;
}

static int send_all(struct bench_load *load, struct sending *s, uint64_t rate, const struct clock *clock, struct error *err) {
        int64_t begin = clock_monotonic(clock);
        struct event event;
        int r = 0;

        while (r == 0 && s->refused == 0 && bench_load_next(load, &event)) {
                if (rate)
                        r = keep_pace(s, rate, clock, begin, err);
                if (r == 0)
                        r = send_event(s, &event, err);
                s->result->repeats += bench_load_repeated(load);
                if (r == 0 && ++s->sent % POLL_EVERY == 0)
                        r = bus_producer_poll(s->producer, 0, err);
        }
        return r;
}

int bench_load_write(struct bench_load *load, struct bus *bus, uint64_t rate, const struct clock *clock, struct bench_load_result *ret,
                     struct error *err) {
        struct sending s = {.value = BUFFER_INIT(VALUE_MAX), .result = ret};
        size_t left = 0;
        int r, flushed;

        memset(ret, 0, sizeof(*ret));
        r = bus_producer_open(bus, &(struct bus_producer_config){.settled = on_settled, .ctx = &s}, &s.producer, err);
        if (r)
                return r;
        r = send_all(load, &s, rate, clock, err);
        flushed = bus_producer_flush(s.producer, BUS_CALL_MS, &left, r ? &s.failure : err);
        bus_producer_close(s.producer); /* says of every record left that it is open */
        buffer_done(&s.value);
        if (r == 0 && s.refused) {
                *err = s.failure;
                return -EIO;
        }
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        return r ? r : flushed;
}

int bench_load_print(struct bench_load *load, FILE *out, struct bench_load_result *ret, struct error *err) {
        struct buffer line = BUFFER_INIT(VALUE_MAX);
        struct event event;
        int r = 0;

        memset(ret, 0, sizeof(*ret));
        while (r == 0 && bench_load_next(load, &event)) {
                struct json_writer w = JSON_WRITER(&line);

                buffer_clear(&line);
                jsonw_open_object(&w);
                jsonw_put_string(&w, "event", event.type->name);
                event_to_json(&event, false, &w);
                jsonw_close_object(&w);
                buffer_add_byte(&line, '\n');
                if (line.failed)
                        r = -ENOMEM;
                else if (fwrite(line.bytes, 1, line.n, out) != line.n)
                        r = -EIO;
                ret->events++;
                ret->repeats += bench_load_repeated(load);
                ret->bytes += line.n;
        }
        if (r == 0 && fflush(out))
                r = -EIO;
        buffer_done(&line);
        if (r)
                error_set(err, r == -EIO ? "the lines of the load cannot be written" : "out of memory");
        return r;
}
