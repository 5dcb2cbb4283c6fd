/* SPDX-License-Identifier: EUPL-1.2 */
#include "connect/brake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "avro/framing.h"
#include "cluster/headers.h"
#include "cluster/topics.h"

#define READ_BATCH 10000      /* records of one brake_read() */
#define RECORD_BYTES_MAX 65536
#define RESUME_POLL_MS 100
#define RESUMED_REASON "resumed by an operator"
#define DAY_MS INT64_C(86400000)

/* The fields that we know, in no particular order of the schema. */
enum field { DELIVERED_AT, ORGANISATION, CONNECTOR, INBOX_PARTITION, INBOX_OFFSET, EVENT_ID, OUTCOME, STATUS, ATTEMPTS, REASON, FIELDS };
static const char *const field_names[FIELDS] = {"delivered_at", "organisation", "connector", "inbox_partition", "inbox_offset",
                                                "event_id",     "outcome",      "status",    "attempts",        "reason"};

struct delivery_codec {
        const struct layout *layout;
        struct program *program;
        int slots[FIELDS];
};

int delivery_codec_new(const struct event_types *types, struct delivery_codec **ret, struct error *err) {
        CLEANUP(delivery_codec_free_p) struct delivery_codec *codec = calloc(1, sizeof(*codec));
        int r;

        if (!codec)
                return -ENOMEM;
        codec->layout = event_types_other(types, TOPIC_DELIVERIES);
        if (!codec->layout) {
                error_set(err, "there is no schema deliveries.avsc among the schemas");
                return -EINVAL;
        }
        for (int i = 0; i < FIELDS; i++) {
                codec->slots[i] = layout_slot(codec->layout, field_names[i]);
                if (codec->slots[i] < 0) {
                        error_set(err, "deliveries.avsc has no field %s", field_names[i]);
                        return -EINVAL;
                }
        }
        r = program_new(codec->layout->file, codec->layout, &codec->program, err);
        if (r < 0)
                return r;
        *ret = TAKE(codec);
        return 0;
}

struct delivery_codec *delivery_codec_free(struct delivery_codec *codec) {
        if (codec)
                program_free(codec->program);
        free(codec);
        return NULL;
}

static struct slot text_slot(struct text t) {
        return (struct slot){.kind = SLOT_STRING, .s = t};
}

static struct slot int_slot(int64_t i) {
        return (struct slot){.kind = SLOT_INT, .i = i};
}

void delivery_encode(const struct delivery_codec *codec, const struct delivery_record *record, struct buffer *out) {
        struct slot slots[LAYOUT_SLOTS_MAX];

        for (size_t i = 0; i < codec->layout->n; i++)
                slots[i] = codec->layout->fields[i].has_default ? codec->layout->fields[i].default_value : (struct slot){0};
        slots[codec->slots[DELIVERED_AT]] = int_slot(record->delivered_at);
        slots[codec->slots[ORGANISATION]] = text_slot(record->organisation);
        slots[codec->slots[CONNECTOR]] = text_slot(record->connector);
        slots[codec->slots[INBOX_PARTITION]] = int_slot(record->partition);
        slots[codec->slots[INBOX_OFFSET]] = int_slot(record->offset);
        slots[codec->slots[EVENT_ID]] = (struct slot){.kind = SLOT_UUID, .u = record->event_id};
        slots[codec->slots[OUTCOME]] = int_slot(record->outcome);
        slots[codec->slots[STATUS]] = record->status ? int_slot(record->status) : (struct slot){0};
        slots[codec->slots[ATTEMPTS]] = int_slot(record->attempts);
        slots[codec->slots[REASON]] = record->reason.n ? text_slot(record->reason) : (struct slot){0};
        framing_write_single(codec->layout->fingerprint, out);
        record_encode(codec->layout, slots, out);
}

bool delivery_decode(const struct delivery_codec *codec, const void *value, size_t n, struct delivery_record *ret) {
        struct framing framing = framing_read(value, n);
        struct slot slots[LAYOUT_SLOTS_MAX];

        if (framing.kind != FRAMING_SINGLE || framing.id != codec->layout->fingerprint)
                return false;
        if (record_decode(codec->program, framing.body, framing.n, slots, NULL) != 0)
                return false;
        *ret = (struct delivery_record){
                .delivered_at = slots[codec->slots[DELIVERED_AT]].i,
                .organisation = slots[codec->slots[ORGANISATION]].s,
                .connector = slots[codec->slots[CONNECTOR]].s,
                .partition = slots[codec->slots[INBOX_PARTITION]].i,
                .offset = slots[codec->slots[INBOX_OFFSET]].i,
                .event_id = slots[codec->slots[EVENT_ID]].u,
                .outcome = (enum delivery_outcome)slots[codec->slots[OUTCOME]].i,
                .attempts = (int)slots[codec->slots[ATTEMPTS]].i,
        };
        if (slots[codec->slots[STATUS]].kind == SLOT_INT)
                ret->status = (int)slots[codec->slots[STATUS]].i;
        if (slots[codec->slots[REASON]].kind == SLOT_STRING)
                ret->reason = slots[codec->slots[REASON]].s;
        return true;
}

/* -- Reading -- */

struct brake {
        const struct delivery_codec *codec;
        const char *connector; /* borrowed */
        struct bus_reader *reader;
        struct delivery_record latest;
        bool found;
        bool passing;  /* until the mark that is followed has been read */
        instant_t mark;
};

int brake_open(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t from, bool follow, struct brake **ret,
               struct error *err) {
        static const char *const topics[] = {TOPIC_DELIVERIES};
        CLEANUP(brake_free_p) struct brake *brake = calloc(1, sizeof(*brake));
        struct bus_reader_config config = {
                .topics = topics,
                .topics_n = ELEMENTS(topics),
                .partition = BUS_ALL_PARTITIONS,
                .key = connector,
                .key_n = strlen(connector),
                .from = from > BRAKE_MARGIN_MS ? BUS_FROM_INSTANT : BUS_FROM_BEGINNING,
                .instant = from - BRAKE_MARGIN_MS,
                .until_end = !follow,
        };
        int r;

        if (!brake)
                return -ENOMEM;
        brake->codec = codec;
        brake->connector = connector;
        brake->passing = follow;
        brake->mark = from;
        r = bus_reader_open(bus, &config, &brake->reader, err);
        if (r < 0)
                return r;
        *ret = TAKE(brake);
        return 0;
}

struct brake *brake_free(struct brake *brake) {
        if (brake)
                bus_reader_close(brake->reader);
        free(brake);
        return NULL;
}

static void consider(struct brake *brake, const struct bus_record *record) {
        struct delivery_record found;

        if (!text_is((struct text){record->key, record->key_n}, brake->connector))
                return;
        if (!delivery_decode(brake->codec, record->value, record->value_n, &found))
                return;
        if (brake->passing && (found.delivered_at != brake->mark || found.status != BRAKE_STATUS))
                return;
        brake->passing = false;
        found.organisation = found.connector = found.reason = (struct text){0};
        brake->latest = found;
        brake->found = true;
}

int brake_read(struct brake *brake, int timeout_ms, bool *ret_end, struct error *err) {
        struct bus_event event;

        *ret_end = false;
        for (unsigned i = 0; i < READ_BATCH; i++) {
                int r = bus_reader_poll(brake->reader, timeout_ms, &event, err);

                if (r < 0)
                        return r;
                if (event.kind == BUS_END)
                        *ret_end = true;
                if (event.kind != BUS_RECORD)
                        return 0;
                consider(brake, &event.record);
        }
        return 0;
}

bool brake_latest(const struct brake *brake, struct delivery_record *ret) {
        *ret = brake->latest;
        return brake->found;
}

bool brake_on(const struct brake *brake, int64_t offset) {
        return brake->found && brake->latest.outcome == DELIVERY_REFUSED && brake->latest.status == BRAKE_STATUS && brake->latest.offset >= offset;
}

/* -- Resuming -- */

/* Looks back further and further: most brakes are younger than a month. */
static int find_latest(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t now, struct delivery_record *ret,
                       bool *ret_found, struct error *err) {
        static const int64_t spans[] = {DAY_MS, 31 * DAY_MS, INT64_MAX};

        *ret_found = false;
        for (size_t i = 0; i < ELEMENTS(spans) && !*ret_found; i++) {
                CLEANUP(brake_free_p) struct brake *brake = NULL;
                bool end = false;
                int r = brake_open(bus, codec, connector, spans[i] > now ? 0 : now - spans[i], false, &brake, err);

                while (r == 0 && !end)
                        r = brake_read(brake, RESUME_POLL_MS, &end, err);
                if (r < 0)
                        return r;
                *ret_found = brake_latest(brake, ret);
        }
        return 0;
}

static void note_sent(void *ctx, const struct bus_report *report) {
        *(enum bus_sent *)ctx = report->sent;
}

static int write_one(struct bus *bus, const char *connector, const struct buffer *value, struct error *err) {
        static const char *const topics[] = {TOPIC_DELIVERIES};
        struct bus_header type = {.name = "content-type", .value = "application/avro", .n = strlen("application/avro")};
        enum bus_sent sent = BUS_OPEN;
        struct bus_producer_config config = {.settled = note_sent, .ctx = &sent, .topics = topics, .topics_n = ELEMENTS(topics)};
        struct bus_record record = {
                .topic = TOPIC_DELIVERIES,
                .partition = BUS_BY_KEY,
                .key = connector,
                .key_n = strlen(connector),
                .value = value->bytes,
                .value_n = value->n,
                .headers = &type,
                .headers_n = 1,
        };
        struct bus_producer *producer = NULL;
        size_t left;
        int r = bus_producer_open(bus, &config, &producer, err);

        if (r == 0)
                r = bus_producer_send(producer, &record, NULL, err);
        if (r == 0)
                r = bus_producer_flush(producer, BUS_MESSAGE_MS + 1000, &left, err);
        if (r == 0 && sent != BUS_SENT) {
                error_set(err, "the broker did not acknowledge the record in %s; try again", TOPIC_DELIVERIES);
                r = -EIO;
        }
        bus_producer_close(producer);
        return r;
}

int brake_resume(struct bus *bus, const struct event_types *types, const char *connector, const char *organisation, struct clock clock,
                 int64_t *ret_offset, struct error *err) {
        CLEANUP(buffer_done) struct buffer value = BUFFER_INIT(RECORD_BYTES_MAX);
        CLEANUP(delivery_codec_free_p) struct delivery_codec *codec = NULL;
        struct delivery_record latest;
        bool found = false;
        int r = delivery_codec_new(types, &codec, err);

        if (r == 0)
                r = find_latest(bus, codec, connector, clock_realtime(&clock), &latest, &found, err);
        if (r < 0)
                return r;
        if (!found || latest.outcome != DELIVERY_REFUSED || latest.status != BRAKE_STATUS) {
                error_set(err, "%s was not stopped by its target; there is nothing to resume", connector);
                return BRAKE_E_OFF;
        }
        *ret_offset = latest.offset;
        latest.delivered_at = clock_realtime(&clock);
        latest.organisation = text_of(organisation);
        latest.connector = text_of(connector);
        latest.status = 0;
        latest.attempts = 0;
        latest.reason = text_of(RESUMED_REASON);
        delivery_encode(codec, &latest, &value);
        return value.failed ? -ENOMEM : write_one(bus, connector, &value, err);
}
