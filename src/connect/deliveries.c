/* SPDX-License-Identifier: EUPL-1.2 */

/* Records of `deliveries`: written, read, and the latest of one connector looked for. */

#include "connect/deliveries.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/own_record.h"
#include "cluster/topics.h"

#define READ_BATCH 10000 /* records of one delivery_log_read() */

/* The fields that we know, in no particular order of the schema. */
enum field { DELIVERED_AT, ORGANISATION, CONNECTOR, INBOX_PARTITION, INBOX_OFFSET, EVENT_ID, OUTCOME, STATUS, ATTEMPTS, REASON, FIELDS };
static const char *const field_names[FIELDS] = {"delivered_at", "organisation", "connector", "inbox_partition", "inbox_offset",
                                                "event_id",     "outcome",      "status",    "attempts",        "reason"};

struct delivery_codec {
        struct own_codec own;
};

int delivery_codec_new(const struct event_types *types, struct delivery_codec **ret, struct error *err) {
        CLEANUP(delivery_codec_free_p) struct delivery_codec *codec = calloc(1, sizeof(*codec));
        int r;

        if (!codec)
                return -ENOMEM;
        r = own_codec_open(types, TOPIC_DELIVERIES, field_names, FIELDS, &codec->own, err);
        if (r)
                return r;
        *ret = TAKE(codec);
        return 0;
}

struct delivery_codec *delivery_codec_free(struct delivery_codec *codec) {
        if (codec)
                own_codec_done(&codec->own);
        free(codec);
        return NULL;
}

static struct slot delivery_text_slot(struct text t) {
        return (struct slot){.kind = SLOT_STRING, .s = t};
}

static struct slot delivery_int_slot(int64_t i) {
        return (struct slot){.kind = SLOT_INT, .i = i};
}

void delivery_encode(const struct delivery_codec *codec, const struct delivery_record *record, struct buffer *out) {
        struct slot slots[LAYOUT_SLOTS_MAX];

        own_record_begin(&codec->own, slots);
        slots[codec->own.slots[DELIVERED_AT]] = delivery_int_slot(record->delivered_at);
        slots[codec->own.slots[ORGANISATION]] = delivery_text_slot(record->organisation);
        slots[codec->own.slots[CONNECTOR]] = delivery_text_slot(record->connector);
        slots[codec->own.slots[INBOX_PARTITION]] = delivery_int_slot(record->partition);
        slots[codec->own.slots[INBOX_OFFSET]] = delivery_int_slot(record->offset);
        slots[codec->own.slots[EVENT_ID]] = (struct slot){.kind = SLOT_UUID, .u = record->event_id};
        slots[codec->own.slots[OUTCOME]] = delivery_int_slot(record->outcome);
        slots[codec->own.slots[STATUS]] = record->status ? delivery_int_slot(record->status) : (struct slot){0};
        slots[codec->own.slots[ATTEMPTS]] = delivery_int_slot(record->attempts);
        slots[codec->own.slots[REASON]] = record->reason.n ? delivery_text_slot(record->reason) : (struct slot){0};
        own_record_write(&codec->own, slots, out);
}

bool delivery_decode(const struct delivery_codec *codec, const void *value, size_t n, struct delivery_record *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];

        if (!own_record_read(&codec->own, value, n, slots))
                return false;
        *ret = (struct delivery_record){
                .delivered_at = slots[codec->own.slots[DELIVERED_AT]].i,
                .organisation = slots[codec->own.slots[ORGANISATION]].s,
                .connector = slots[codec->own.slots[CONNECTOR]].s,
                .partition = slots[codec->own.slots[INBOX_PARTITION]].i,
                .offset = slots[codec->own.slots[INBOX_OFFSET]].i,
                .event_id = slots[codec->own.slots[EVENT_ID]].u,
                .outcome = (enum delivery_outcome)slots[codec->own.slots[OUTCOME]].i,
                .attempts = (int)slots[codec->own.slots[ATTEMPTS]].i,
        };
        if (slots[codec->own.slots[STATUS]].kind == SLOT_INT)
                ret->status = (int)slots[codec->own.slots[STATUS]].i;
        if (slots[codec->own.slots[REASON]].kind == SLOT_STRING)
                ret->reason = slots[codec->own.slots[REASON]].s;
        return true;
}

struct bus_record delivery_bus_record(const char *connector, const struct buffer *body) {
        return (struct bus_record){
                .topic = TOPIC_DELIVERIES,
                .partition = BUS_BY_KEY,
                .key = connector,
                .key_n = strlen(connector),
                .value = body->bytes,
                .value_n = body->n,
                .headers = &event_header_avro,
                .headers_n = 1,
        };
}

/* -- Reading -- */

struct delivery_log {
        const struct delivery_codec *codec;
        const char *connector; /* borrowed */
        struct bus_reader *reader;
};

static int delivery_log_begin(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t from, bool follow,
                              struct delivery_log **ret, struct error *err) {
        static const char *const topics[] = {TOPIC_DELIVERIES};
        CLEANUP(delivery_log_free_p) struct delivery_log *log = calloc(1, sizeof(*log));
        struct bus_reader_config config = {
                .topics = topics,
                .topics_n = ELEMENTS(topics),
                .partition = BUS_ALL_PARTITIONS,
                .key = connector,
                .key_n = strlen(connector),
                .from = from > DELIVERY_LOG_MARGIN_MS ? BUS_FROM_INSTANT : BUS_FROM_BEGINNING,
                .instant = from - DELIVERY_LOG_MARGIN_MS,
                .until_end = !follow,
        };
        int r;

        if (!log)
                return -ENOMEM;
        log->codec = codec;
        log->connector = connector;
        r = bus_reader_open(bus, &config, &log->reader, err);
        if (r < 0)
                return error_trace(r, err);
        *ret = TAKE(log);
        return 0;
}

int delivery_log_open(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t from, struct delivery_log **ret,
                      struct error *err) {
        return delivery_log_begin(bus, codec, connector, from, false, ret, err);
}

int delivery_log_follow(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t from, struct delivery_log **ret,
                        struct error *err) {
        return delivery_log_begin(bus, codec, connector, from, true, ret, err);
}

struct delivery_log *delivery_log_free(struct delivery_log *log) {
        if (log)
                bus_reader_close(log->reader);
        free(log);
        return NULL;
}

static void delivery_log_consider(const struct delivery_log *log, const struct bus_record *record,
                                  void (*see)(void *ctx, const struct delivery_record *record), void *ctx) {
        struct delivery_record found;

        if (!text_is((struct text){record->key, record->key_n}, log->connector))
                return;
        if (!delivery_decode(log->codec, record->value, record->value_n, &found))
                return;
        if (found.outcome == DELIVERY_PARKED && found.attempts == 0)
                return; /* it was sent again, or could not be read: nothing was tried, so no brake is on or off by it */
        see(ctx, &found);
}

int delivery_log_read(struct delivery_log *log, int timeout_ms, void (*see)(void *ctx, const struct delivery_record *record), void *ctx, bool *ret_end,
                      struct error *err) {
        struct bus_event event;

        *ret_end = false;
        for (unsigned i = 0; i < READ_BATCH; i++) {
                int r = bus_reader_poll(log->reader, timeout_ms, &event, err);

                if (r < 0)
                        return error_trace(r, err);
                if (event.kind == BUS_END)
                        *ret_end = true;
                if (event.kind != BUS_RECORD)
                        return 0;
                delivery_log_consider(log, &event.record, see, ctx);
        }
        return 0;
}
