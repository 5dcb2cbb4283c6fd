/* SPDX-License-Identifier: EUPL-1.2 */

/* What stands in the key, the headers and the body of a record that carries an event, and of a dead letter. */

#include "cluster/event_record.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "avro/framing.h"
#include "base/text.h"
#include "cluster/topics.h"
#include "cluster/unknown_schema.h"

#define AVRO "application/avro"

const struct bus_header event_header_avro = {.name = "content-type", .value = AVRO, .n = sizeof(AVRO) - 1};

static struct bus_header header_of(const char *name, const char *text, size_t n) {
        return (struct bus_header){.name = name, .value = text, .n = n};
}

/* -- The headers of an event -- */

/* Digits, and then a sign. */
static char *header_digits(char *at, int value, unsigned n, char sign) {
        at = text_write_digits(at, (unsigned)value, n);
        *at = sign;
        return at + 1;
}

/* RFC 3339 in UTC with milliseconds; returns its length. Instants come from checked fields (2000 to 2200). */
static size_t header_time(instant_t at, char ret[EVENT_HEADER_TIME_MAX]) {
        int64_t seconds = at / 1000, ms = at % 1000;
        struct tm tm;
        char *end = ret;

        if (ms < 0) {
                ms += 1000;
                seconds--;
        }
        if (gmtime_r(&(time_t){seconds}, &tm) && tm.tm_year >= -1900 && tm.tm_year <= 9999 - 1900) {
                end = header_digits(end, tm.tm_year + 1900, 4, '-');
                end = header_digits(end, tm.tm_mon + 1, 2, '-');
                end = header_digits(end, tm.tm_mday, 2, 'T');
                end = header_digits(end, tm.tm_hour, 2, ':');
                end = header_digits(end, tm.tm_min, 2, ':');
                end = header_digits(end, tm.tm_sec, 2, '.');
                end = header_digits(end, (int)ms, 3, 'Z');
        }
        *end = '\0';
        return (size_t)(end - ret);
}

static size_t header_type(const char *event, char ret[EVENT_HEADER_TYPE_MAX]) {
        static const char before[] = "nl.ketenwacht.", after[] = ".v1";
        size_t n = strnlen(event, EVENT_HEADER_TYPE_MAX - sizeof(before) - sizeof(after));
        char *at = ret;

        memcpy(at, before, sizeof(before) - 1);
        memcpy(at += sizeof(before) - 1, event, n);
        memcpy(at + n, after, sizeof(after));
        return sizeof(before) - 1 + n + sizeof(after) - 1;
}

void event_header_type(const char *event, char ret[EVENT_HEADER_TYPE_MAX]) {
        (void) header_type(event, ret);
}

/* The URN of who published: most of what is told, the broker itself tells. */
static const char *header_source(const struct organisations *orgs, struct text source, char unlisted[EVENT_HEADER_SOURCE_MAX]) {
        static const char before[] = ORGANISATION_URN;
        const struct organisation *o = NULL;
        size_t n = sizeof(before) - 1;

        if (text_is(source, ORGANISATION_BROKER))
                return organisations_broker_urn(orgs);
        if (orgs)
                o = organisations_find(orgs, source);
        if (o)
                return o->urn;
        memcpy(unlisted, before, n);
        if (source.n > EVENT_HEADER_SOURCE_MAX - 1 - n)
                source.n = EVENT_HEADER_SOURCE_MAX - 1 - n;
        *text_write(unlisted + n, source) = '\0';
        return unlisted;
}

void event_headers_make(const struct event *event, const struct organisations *orgs, struct text traceparent, struct event_headers *ret) {
        const struct slot *slots = event->slots;
        struct bus_header *next = ret->items;
        size_t n;

        assert(slots[SLOT_EVENT_ID].kind == SLOT_UUID && slots[SLOT_RECORDED_AT].kind == SLOT_INT);
        assert(slots[SLOT_SOURCE].kind == SLOT_STRING);
        ret->source = header_source(orgs, slots[SLOT_SOURCE].s, ret->unlisted);
        uuid_format(&slots[SLOT_EVENT_ID].u, ret->id);
        *next++ = header_of("ce_specversion", EVENT_SPECVERSION, sizeof(EVENT_SPECVERSION) - 1);
        *next++ = header_of(EVENT_HEADER_ID, ret->id, UUID_TEXT);
        *next++ = header_of(EVENT_HEADER_SOURCE, ret->source, strlen(ret->source));
        n = header_type(event->type->name, ret->type);
        *next++ = header_of(EVENT_HEADER_TYPE, ret->type, n);
        n = header_time(slots[SLOT_RECORDED_AT].i, ret->time);
        if (n)
                *next++ = header_of(EVENT_HEADER_TIME, ret->time, n);
        *next++ = event_header_avro;
        if (traceparent.n && traceparent.n <= EVENT_TRACEPARENT_MAX)
                *next++ = header_of("traceparent", traceparent.s, traceparent.n);
        ret->n = (size_t)(next - ret->items);
}

/* -- Out -- */

void event_record_encode(const struct event *event, struct buffer *out) {
        if (event->type->schema_id)
                framing_write_confluent(event->type->schema_id, out);
        else
                framing_write_single(event->type->layout->fingerprint, out);
        record_encode(event->type->layout, event->slots, out);
}

int event_record_make(const struct event *event, const struct organisations *orgs, struct text traceparent, struct buffer *body,
                      struct event_record *ret) {
        assert(event->slots[SLOT_CASE_ID].kind == SLOT_UUID);
        buffer_clear(body);
        event_record_encode(event, body);
        if (body->failed)
                return -ENOMEM;
        event_headers_make(event, orgs, traceparent, &ret->headers);
        uuid_format(&event->slots[SLOT_CASE_ID].u, ret->key);
        ret->record = (struct bus_record){
                .topic = event->type->name,
                .partition = BUS_BY_KEY,
                .key = ret->key,
                .key_n = UUID_TEXT,
                .value = body->bytes,
                .value_n = body->n,
                .headers = ret->headers.items,
                .headers_n = ret->headers.n,
        };
        return 0;
}

/* -- In -- */

enum refusal event_record_refusal(int error) {
        switch ((enum event_record_error)error) {
        case EVENT_RECORD_E_UNFRAMED:
        case EVENT_RECORD_E_BODY:
                return REFUSAL_UNDECODABLE;
        case EVENT_RECORD_E_REGISTRY:
        case EVENT_RECORD_E_WAIT: /* for who judges without waiting */
        case EVENT_RECORD_E_SCHEMA:
        case EVENT_RECORD_E_UNFIT:
        case EVENT_RECORD_E_OTHER:
                return REFUSAL_UNKNOWN_SCHEMA;
        }
        return REFUSAL_NONE;
}

const char *event_record_stage(int error) {
        return error == EVENT_RECORD_E_BODY ? "decode" : "frame";
}

static int event_record_unframed(struct error *err) {
        error_set(err, "the body does not begin with C3 01 (Avro single-object encoding) or 00 (schema id of a registry)");
        return EVENT_RECORD_E_UNFRAMED;
}

int event_record_frame(const void *value, size_t n, struct framing *ret, struct error *err) {
        *ret = framing_read(value, value ? n : 0);
        if (ret->kind == FRAMING_SINGLE)
                return 0;
        if (ret->kind == FRAMING_NONE)
                return event_record_unframed(err);
        error_set(err, "schema id %" PRIu64 " is of a registry, and this is never written so", ret->id);
        return EVENT_RECORD_E_REGISTRY;
}

/* The id in the header of its own. False: there is none, or it is not one. */
static bool event_record_header_id(const struct bus_record *record, struct schema_id *ret) {
        const struct bus_header *h = bus_record_header(record, EVENT_HEADER_SCHEMA_ID);
        const uint8_t *bytes = h ? h->value : NULL;

        if (bytes && h->n == 1 + sizeof(ret->guid.bytes) && bytes[0] == 0x01) {
                *ret = (struct schema_id){.is_guid = true};
                memcpy(ret->guid.bytes, bytes + 1, sizeof(ret->guid.bytes));
                return true;
        }
        if (!bytes || h->n != FRAMING_CONFLUENT_BYTES || bytes[0] != 0x00)
                return false;
        *ret = (struct schema_id){.number = (uint32_t)framing_read(bytes, h->n).id};
        return true;
}

bool event_record_schema_id(const struct bus_record *record, struct schema_id *ret) {
        struct framing frame = framing_read(record->value, record->value ? record->value_n : 0);

        if (event_record_header_id(record, ret))
                return true;
        *ret = (struct schema_id){.number = (uint32_t)frame.id};
        return frame.kind == FRAMING_CONFLUENT;
}

/* What no fingerprint that is known says: by an id of a registry, and @frame is what stands around the body then. */
static int event_record_ask(const struct event_types *types, const struct event_type *expected, const struct bus_record *record, struct framing *frame,
                            const struct event_type **ret_type, const struct program **ret_program, struct error *err) {
        struct schema_id id = {.number = (uint32_t)frame->id};

        if (event_record_header_id(record, &id)) {
                frame->body = record->value;
                frame->n = record->value ? record->value_n : 0;
        } else if (frame->kind == FRAMING_NONE) {
                return event_record_unframed(err);
        } else if (frame->kind == FRAMING_SINGLE) {
                unknown_schema_say(types, expected, record, frame->id, err);
                return EVENT_RECORD_E_SCHEMA;
        }
        switch (event_types_decoder_of_id(types, &id, ret_type, ret_program, err)) {
        case 0:
                return 0;
        case SCHEMA_IDS_E_NONE:
                return EVENT_RECORD_E_REGISTRY;
        case SCHEMA_IDS_E_WAIT:
                return EVENT_RECORD_E_WAIT;
        case SCHEMA_IDS_E_UNFIT:
                return EVENT_RECORD_E_UNFIT;
        default:
                return EVENT_RECORD_E_SCHEMA;
        }
}

bool event_record_wants_headers(const struct bus_record *record, int error) {
        return record->load && !record->headers && error > 0 && error != EVENT_RECORD_E_OTHER && error != EVENT_RECORD_E_BODY;
}

int event_record_read(const struct event_types *types, const struct event_type *expected, const struct bus_record *record, struct slot *slots,
                      struct event *ret, struct error *err) {
        struct framing frame = framing_read(record->value, record->value ? record->value_n : 0);
        const struct event_type *type;
        const struct program *program;

        assert(types && slots);
        if (frame.kind != FRAMING_SINGLE || !event_types_decoder(types, frame.id, &type, &program)) {
                int r = event_record_ask(types, expected, record, &frame, &type, &program, err);

                if (r)
                        return r;
        }
        if (expected && type != expected) {
                error_set(err, "the body is of %s, and this is the topic of %s", type->name, expected->name);
                return EVENT_RECORD_E_OTHER;
        }
        if (record_decode(program, frame.body, frame.n, slots, err))
                return EVENT_RECORD_E_BODY;
        *ret = (struct event){.type = type, .slots = slots};
        return 0;
}

struct text event_record_traceparent(const struct bus_record *record) {
        const struct bus_header *h = bus_record_header(record, "traceparent");

        return h && h->value && h->n <= EVENT_TRACEPARENT_MAX ? (struct text){h->value, h->n} : (struct text){0};
}

/* -- Dead letters -- */

/* The last stands there only when a connector could not deliver it. */
enum dead_letter_header { KW_TOPIC, KW_PARTITION, KW_OFFSET, KW_STAGE, KW_CODE, KW_ERROR, KW_CONNECTOR };
static const char *const dead_letter_names[DEAD_LETTER_HEADERS] = {
        [KW_TOPIC] = "kw-topic", [KW_PARTITION] = "kw-partition", [KW_OFFSET] = "kw-offset",       [KW_STAGE] = "kw-stage",
        [KW_CODE] = "kw-code",   [KW_ERROR] = "kw-error",         [KW_CONNECTOR] = "kw-connector",
};
#define KW_REDRIVEN "kw-redriven" /* stays with the record: it counts */

static bool dead_letter_is_ours(const char *name) {
        for (size_t i = 0; i < DEAD_LETTER_HEADERS; i++) {
                if (strcmp(name, dead_letter_names[i]) == 0)
                        return true;
        }
        return false;
}

/* The length of a sentence that is cut off where it is too long, but not inside a character. */
static size_t dead_letter_error_length(const char *error) {
        size_t n = strlen(error);

        if (n <= DEAD_LETTER_ERROR_MAX)
                return n;
        n = DEAD_LETTER_ERROR_MAX;
        while (((unsigned char)error[n] & 0xc0) == 0x80)
                n--;
        return n;
}

void dead_letter_make(const struct bus_record *original, const struct dead_letter_why *why, struct dead_letter *ret) {
        const char *const texts[DEAD_LETTER_HEADERS] = {
                [KW_TOPIC] = original->topic, [KW_PARTITION] = ret->partition, [KW_OFFSET] = ret->offset,
                [KW_STAGE] = why->stage,      [KW_CODE] = why->code,           [KW_ERROR] = why->error,   [KW_CONNECTOR] = why->connector,
        };
        size_t n = 0;

        assert(original->topic && why->stage && why->code && why->error);
        for (size_t i = 0; i < original->headers_n && n < BUS_HEADERS_MAX; i++) {
                if (!dead_letter_is_ours(original->headers[i].name))
                        ret->headers[n++] = original->headers[i];
        }
        snprintf(ret->partition, sizeof(ret->partition), "%" PRId32, original->partition);
        snprintf(ret->offset, sizeof(ret->offset), "%" PRId64, original->offset);
        for (size_t i = 0; i < DEAD_LETTER_HEADERS && texts[i]; i++)
                ret->headers[n++] = header_of(dead_letter_names[i], texts[i], i == KW_ERROR ? dead_letter_error_length(texts[i]) : strlen(texts[i]));
        ret->record = (struct bus_record){
                .topic = TOPIC_DEAD_LETTERS,
                .partition = BUS_BY_KEY,
                .key = original->key,
                .key_n = original->key_n,
                .value = original->value,
                .value_n = original->value_n,
                .headers = ret->headers,
                .headers_n = n,
        };
}

static bool dead_letter_text(const struct bus_record *record, enum dead_letter_header which, char *ret, size_t max) {
        const struct bus_header *h = bus_record_header(record, dead_letter_names[which]);

        if (!h || !h->value || h->n >= max || memchr(h->value, '\0', h->n))
                return false;
        memcpy(ret, h->value, h->n);
        ret[h->n] = '\0';
        return true;
}

static bool dead_letter_number(const struct bus_record *record, enum dead_letter_header which, int64_t max, int64_t *ret) {
        const struct bus_header *h = bus_record_header(record, dead_letter_names[which]);

        return h && h->value && text_to_int64((struct text){h->value, h->n}, ret) && *ret >= 0 && *ret <= max;
}

void dead_letter_say(const struct log *log, const char *instance, const struct bus_record *record, const struct dead_letter_why *why, uint64_t times) {
        if (times == 0)
                return;
        log_line(log, RECORD_REFUSED, LOG_STRING("instance", instance), LOG_STRING("topic", record->topic), LOG_INT("partition", record->partition),
                 LOG_INT("offset", record->offset), LOG_STRING("stage", why->stage), LOG_STRING("code", why->code), LOG_STRING("error", why->error),
                 LOG_INT("refused", (int64_t)times));
}

bool dead_letter_is_of_inbox(const char *topic) {
        return strncmp(topic, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0;
}

const struct organisation *dead_letter_outbox(const struct organisations *orgs, const char *topic) {
        const size_t n = strlen(TOPIC_OUTBOX_PREFIX);

        return strncmp(topic, TOPIC_OUTBOX_PREFIX, n) == 0 ? organisations_find(orgs, text_of(topic + n)) : NULL;
}

int64_t event_record_redriven(const struct bus_record *record) {
        const struct bus_header *count = bus_record_header(record, KW_REDRIVEN);
        int64_t n;

        return count && count->value && text_to_int64((struct text){count->value, count->n}, &n) && n > 0 ? n : 0;
}

bool dead_letter_read(const struct bus_record *record, struct dead_letter_read *ret) {
        int64_t partition, offset;

        if (!dead_letter_text(record, KW_TOPIC, ret->topic, sizeof(ret->topic)) || !dead_letter_text(record, KW_STAGE, ret->stage, sizeof(ret->stage)) ||
            !dead_letter_text(record, KW_CODE, ret->code, sizeof(ret->code)) || !dead_letter_text(record, KW_ERROR, ret->error, sizeof(ret->error)) ||
            !dead_letter_number(record, KW_PARTITION, INT32_MAX, &partition) || !dead_letter_number(record, KW_OFFSET, INT64_MAX, &offset))
                return false;
        ret->partition = (int32_t)partition;
        ret->offset = offset;
        if (!dead_letter_text(record, KW_CONNECTOR, ret->connector, sizeof(ret->connector)))
                ret->connector[0] = '\0';
        ret->redriven = event_record_redriven(record);
        return true;
}

/* -- Dead letters that are sent again -- */

void redriven_make(const struct bus_record *letter, const struct dead_letter_read *read, const char *connector, struct redriven *ret) {
        size_t n = 0;

        assert(read->redriven < INT64_MAX);
        for (size_t i = 0; i < letter->headers_n && n < BUS_HEADERS_MAX; i++) {
                if (!dead_letter_is_ours(letter->headers[i].name) && strcmp(letter->headers[i].name, KW_REDRIVEN) != 0)
                        ret->headers[n++] = letter->headers[i];
        }
        ret->headers[n++] = header_of(KW_REDRIVEN, ret->count, (size_t)snprintf(ret->count, sizeof(ret->count), "%" PRId64, read->redriven + 1));
        if (connector) {
                ret->headers[n++] = header_of(dead_letter_names[KW_TOPIC], read->topic, strlen(read->topic));
                ret->headers[n++] = header_of(dead_letter_names[KW_PARTITION], ret->partition,
                                              (size_t)snprintf(ret->partition, sizeof(ret->partition), "%" PRId32, read->partition));
                ret->headers[n++] = header_of(dead_letter_names[KW_OFFSET], ret->offset,
                                              (size_t)snprintf(ret->offset, sizeof(ret->offset), "%" PRId64, read->offset));
                ret->headers[n++] = header_of(dead_letter_names[KW_CONNECTOR], connector, strlen(connector));
        }
        ret->record = (struct bus_record){
                .topic = connector ? TOPIC_REDELIVERIES : read->topic,
                .partition = connector ? 0 : read->partition, /* there is one for all connectors */
                .key = letter->key,
                .key_n = letter->key_n,
                .value = letter->value,
                .value_n = letter->value_n,
                .headers = ret->headers,
                .headers_n = n,
        };
}

bool redriven_is_for(const struct bus_record *record, const char *connector) {
        const struct bus_header *h = bus_record_header(record, dead_letter_names[KW_CONNECTOR]);

        return h && h->value && text_is((struct text){h->value, h->n}, connector);
}

bool redriven_read(const struct bus_record *record, char ret_topic[BUS_NAME_MAX + 1], int32_t *ret_partition, int64_t *ret_offset) {
        int64_t partition;

        if (!dead_letter_text(record, KW_TOPIC, ret_topic, BUS_NAME_MAX + 1) || !dead_letter_number(record, KW_PARTITION, INT32_MAX, &partition) ||
            !dead_letter_number(record, KW_OFFSET, INT64_MAX, ret_offset))
                return false;
        *ret_partition = (int32_t)partition;
        return true;
}
