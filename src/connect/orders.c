/* SPDX-License-Identifier: EUPL-1.2 */

/* Orders of operators: to bytes and back, and all that stand there. */

#include "connect/orders.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/own_record.h"
#include "cluster/topics.h"

enum order_field { ORDER_AT, ORDER_CONNECTOR, ORDER_KIND, ORDER_USER, ORDER_REASON, ORDER_FIELDS };
static const char *const order_names[ORDER_FIELDS] = {"at", "connector", "order", "user", "reason"};

enum order_kind { ORDER_PAUSE, ORDER_RESUME }; /* as the schema's symbols */

struct order_codec {
        struct own_codec own;
};

int order_codec_new(const struct event_types *types, struct order_codec **ret, struct error *err) {
        CLEANUP(order_codec_free_p) struct order_codec *codec = calloc(1, sizeof(*codec));
        int r;

        if (!codec)
                return -ENOMEM;
        r = own_codec_open(types, TOPIC_CONNECTOR_ORDERS, order_names, ORDER_FIELDS, &codec->own, err);
        if (r)
                return r;
        *ret = TAKE(codec);
        return 0;
}

struct order_codec *order_codec_free(struct order_codec *codec) {
        if (codec)
                own_codec_done(&codec->own);
        free(codec);
        return NULL;
}

static struct slot order_text_slot(const char *text) {
        return (struct slot){.kind = SLOT_STRING, .s = text_of(text)};
}

void order_encode(const struct order_codec *codec, const char *connector, const struct order *order, struct buffer *out) {
        struct slot slots[LAYOUT_SLOTS_MAX];

        own_record_begin(&codec->own, slots);
        slots[codec->own.slots[ORDER_AT]] = (struct slot){.kind = SLOT_INT, .i = order->at};
        slots[codec->own.slots[ORDER_CONNECTOR]] = order_text_slot(connector);
        slots[codec->own.slots[ORDER_KIND]] = (struct slot){.kind = SLOT_INT, .i = order->pauses ? ORDER_PAUSE : ORDER_RESUME};
        slots[codec->own.slots[ORDER_USER]] = order_text_slot(order->by);
        if (order->reason[0])
                slots[codec->own.slots[ORDER_REASON]] = order_text_slot(order->reason);
        own_record_write(&codec->own, slots, out);
}

static void order_get_text(const struct slot *slot, char *ret, size_t size) {
        if (slot->kind == SLOT_STRING)
                (void) snprintf(ret, size, "%.*s", (int)slot->s.n, slot->s.s);
        else
                ret[0] = '\0';
}

bool order_decode(const struct order_codec *codec, const void *value, size_t n, struct text *ret_connector, struct order *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];

        if (!own_record_read(&codec->own, value, n, slots))
                return false;
        *ret_connector = slots[codec->own.slots[ORDER_CONNECTOR]].s;
        *ret = (struct order){.at = slots[codec->own.slots[ORDER_AT]].i, .pauses = slots[codec->own.slots[ORDER_KIND]].i == ORDER_PAUSE};
        order_get_text(&slots[codec->own.slots[ORDER_USER]], ret->by, sizeof(ret->by));
        order_get_text(&slots[codec->own.slots[ORDER_REASON]], ret->reason, sizeof(ret->reason));
        return true;
}

struct bus_record order_bus_record(const char *connector, const struct buffer *body) {
        return (struct bus_record){
                .topic = TOPIC_CONNECTOR_ORDERS,
                .partition = BUS_BY_KEY,
                .key = connector,
                .key_n = strlen(connector),
                .value = body->bytes,
                .value_n = body->n,
                .headers = &event_header_avro,
                .headers_n = 1,
        };
}

struct orders_reading {
        const struct order_codec *codec;
        int (*see)(void *ctx, struct text connector, const struct order *order);
        void *ctx;
};

static int orders_take(void *ctx, struct bus_record *record, struct error *err) {
        const struct orders_reading *reading = ctx;
        struct text connector;
        struct order order;

        (void) err;
        return order_decode(reading->codec, record->value, record->value_n, &connector, &order) ? reading->see(reading->ctx, connector, &order) : 0;
}

int orders_each(struct bus *bus, const struct order_codec *codec, int (*see)(void *ctx, struct text connector, const struct order *order), void *ctx,
                struct error *err) {
        static const char *const topics[] = {TOPIC_CONNECTOR_ORDERS};
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING, .until_end = true};
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        struct orders_reading orders = {codec, see, ctx};
        int r = bus_reader_open(bus, &config, &reader, err);

        if (r == 0)
                r = bus_reader_each(reader, &(struct bus_reading){.record = orders_take, .ctx = &orders, .what = TOPIC_CONNECTOR_ORDERS,
                                                                  .patience = BUS_CALL_MS / 1000}, err);
        return error_trace(r, err);
}

struct orders_of_one {
        const char *connector;
        struct order *latest;
};

static int orders_see_one(void *ctx, struct text connector, const struct order *order) {
        const struct orders_of_one *one = ctx;

        if (text_is(connector, one->connector))
                *one->latest = *order;
        return 0;
}

int orders_latest(struct bus *bus, const struct order_codec *codec, const char *connector, struct order *ret, struct error *err) {
        struct orders_of_one one = {connector, ret};

        *ret = (struct order){0};
        return orders_each(bus, codec, orders_see_one, &one, err);
}
