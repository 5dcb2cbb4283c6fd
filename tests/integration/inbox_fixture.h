/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What stands in inboxes: events that carry their number and that of their case in their ids, as a receiver (receiver.h) knows them
 */

#include "connect_fixture.h"
#include "receiver.h"

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static inline struct uuid uuid_of(int number) {
        struct uuid u = {{0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0}};

        for (int i = 0; i < 4; i++)
                u.bytes[15 - i] = (uint8_t)((unsigned)number >> 8 * i);
        return u;
}

static inline void encode(const struct connecting *c, int number, int of_case, struct buffer *out) {
        const struct event_type *type = event_types_find(c->types, text_of("plan-reviewed"));
        struct slot slots[LAYOUT_SLOTS_MAX] = {
                [SLOT_EVENT_ID] = {.kind = SLOT_UUID, .u = uuid_of(number)},
                [SLOT_CASE_ID] = {.kind = SLOT_UUID, .u = uuid_of(of_case)},
                [SLOT_SOURCE] = {.kind = SLOT_STRING, .s = text_of("gi-jbn")},
                [SLOT_OCCURRED_AT] = {.kind = SLOT_INT, .i = 1665306000000},
                [SLOT_RECORDED_AT] = {.kind = SLOT_INT, .i = 1665392400000},
        };

        slots[layout_slot(type->layout, "measure_id")] = (struct slot){.kind = SLOT_UUID, .u = uuid_of(7)};
        slots[layout_slot(type->layout, "date")] = (struct slot){.kind = SLOT_INT, .i = 19275};
        event_record_encode(&(struct event){.type = type, .slots = slots}, out);
}

struct writing {
        struct bus_producer *producer;
        const char *inbox; /* its topic */
        size_t sent;
};

static inline void put(struct writing *w, int of_case, const void *value, size_t n, int number) {
        char key[UUID_TEXT + 1], id[UUID_TEXT + 1];
        struct uuid case_id = uuid_of(of_case), event_id = uuid_of(number);
        struct bus_header headers[] = {{"ce_id", id, UUID_TEXT}, {"ce_source", RECEIVER_SOURCE, strlen(RECEIVER_SOURCE)},
                                       {"ce_time", "2022-10-09T09:00:00.000Z", 24}, /* as older records have it: when it happened */
                                       {"traceparent", TRACE, strlen(TRACE)}};
        struct bus_record record = {.topic = w->inbox, .key = key, .key_n = UUID_TEXT, .value = value, .value_n = n,
                                    .headers = headers, .headers_n = ELEMENTS(headers)};

        uuid_format(&case_id, key);
        uuid_format(&event_id, id);
        ck_ok(bus_producer_send(w->producer, &record, NULL, &err));
}

static inline struct writing begin_writing(struct connecting *c, const char *inbox, size_t *sent) {
        struct writing w = {.inbox = inbox};

        *sent = 0;
        ck_ok(bus_producer_open(c->cluster.bus, &(struct bus_producer_config){.settled = count_report, .ctx = sent}, &w.producer, &err));
        return w;
}

static inline void end_writing(struct writing *w) {
        size_t left;

        ck_ok(bus_producer_flush(w->producer, PATIENCE_MS, &left, &err));
        ck_assert_uint_eq(left, 0);
        bus_producer_close(w->producer);
}

/* Events first … first + n - 1 to an organisation, over cases 1 … cases in turn. */
static inline void inbox_write(struct connecting *c, const char *organisation, int first, int n, int cases) {
        struct buffer value = BUFFER_INIT(65536);
        char inbox[BUS_NAME_MAX + 1];
        struct writing w;
        size_t sent;

        (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisation);
        w = begin_writing(c, inbox, &sent);
        for (int i = first; i < first + n; i++) {
                buffer_clear(&value);
                encode(c, i, 1 + i % cases, &value);
                put(&w, 1 + i % cases, value.bytes, value.n, i);
        }
        end_writing(&w);
        ck_assert_uint_eq(sent, (size_t)n);
        buffer_done(&value);
}
