/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An event as a record on the bus, and back; and the dead letter of a record that was not accepted
 *
 * The one place that knows what stands in key, headers and body: the case_id as text; the headers of
 * CloudEvents 1.0, Kafka binding, binary mode; Avro single-object encoding. Of a dead letter: the record
 * unchanged, and the kw- headers that say where it stood and why. No personal data in headers: ids,
 * organisations, codes, and sentences that name fields but not their values.
 *
 * Nothing here allocates: bytes go into the caller's buffer, slots into the caller's memory, and what is made
 * points into the object that was filled, which must stay where it is until the record is produced.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avro/framing.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/uuid.h"
#include "bus/bus.h"
#include "model/event.h"
#include "model/event_types.h"

#define EVENT_HEADER_ID "ce_id"
#define EVENT_HEADER_SOURCE "ce_source"
#define EVENT_HEADER_TIME "ce_time"
#define EVENT_SPECVERSION "1.0"
#define EVENT_HEADERS 7
#define EVENT_HEADER_SOURCE_MAX (ORGANISATION_URN_MAX + 1)
#define EVENT_HEADER_TYPE "ce_type"
#define EVENT_HEADER_TYPE_MAX (BUS_NAME_MAX + 32)
#define EVENT_HEADER_TIME_MAX 32
#define EVENT_TRACEPARENT_MAX 128 /* a longer one is not passed on */

/* content-type of every body that is Avro. */
extern const struct bus_header event_header_avro;

/* -- An event on its way out -- */

/* What an event says of itself. */
struct event_headers {
        struct bus_header items[EVENT_HEADERS];
        size_t n;
        const char *source; /* URN of who published it */
        char id[UUID_TEXT + 1], type[EVENT_HEADER_TYPE_MAX];
        char time[EVENT_HEADER_TIME_MAX];       /* recorded_at: "" when no year of four digits has it */
        char unlisted[EVENT_HEADER_SOURCE_MAX]; /* where the URN of a source stands that @orgs does not have */
};

/*
 * Fills @ret. The source is its organisation's URN, that of the broker itself too; that of one that @orgs (NULL: none) does not
 * have follows from its id. The time is when the source wrote it down (recorded_at), as the NL GOV profile wants it; when it happened
 * (occurred_at) stands in the event alone. @traceparent, a W3C trace context to pass on (empty: none), is borrowed, as is a URN of @orgs.
 */
void event_headers_make(const struct event *event, const struct organisations *orgs, struct text traceparent, struct event_headers *ret);

/* nl.ketenwacht.measure-started.v1, the ce_type of an event type; cut off where it does not fit. */
void event_header_type(const char *event, char ret[EVENT_HEADER_TYPE_MAX]);

/* Appends frame and body. Check @out->failed afterwards. */
void event_record_encode(const struct event *event, struct buffer *out);

struct event_record {
        struct bus_record record; /* topic: that of its type; partition: BUS_BY_KEY. For another topic or partition, change these two */
        struct event_headers headers;
        char key[UUID_TEXT + 1];
};

/*
 * Makes the record of @event. @body: cleared, and then its bytes, which @ret borrows until the next write there.
 * @orgs, @traceparent: as with event_headers_make(). Return: 0; -ENOMEM: @body has failed.
 */
int event_record_make(const struct event *event, const struct organisations *orgs, struct text traceparent, struct buffer *body,
                      struct event_record *ret) MUSTCHECK;

/* -- A record on its way in -- */

enum event_record_error {
        EVENT_RECORD_E_UNFRAMED = 1, /* the body does not begin with a frame that we know */
        EVENT_RECORD_E_REGISTRY,     /* it names the id of a schema registry, and none is configured */
        EVENT_RECORD_E_WAIT,         /* it names an id that the registry cannot be asked for now: it is to be read again later, and never refused */
        EVENT_RECORD_E_SCHEMA,       /* no known schema has its fingerprint, or its id */
        EVENT_RECORD_E_UNFIT,        /* the registry has a schema of its id from which no event type can be read */
        EVENT_RECORD_E_OTHER,        /* a known schema wrote it, of another event type than was expected */
        EVENT_RECORD_E_BODY,         /* it is not what its schema says */
};

/* What a record is refused for that ended in one of these, and at which stage: "frame", or "decode" when its schema was found. */
enum refusal event_record_refusal(int error);
const char *event_record_stage(int error);

/*
 * Finds the frame before a body that only we write, so none of a registry. @value NULL: a tombstone, without a frame.
 * Return: 0; EVENT_RECORD_E_UNFRAMED or EVENT_RECORD_E_REGISTRY with a sentence.
 */
int event_record_frame(const void *value, size_t n, struct framing *ret, struct error *err) MUSTCHECK;

/* Where clients of Confluent put the id of the schema of a body without a frame: 01 and a GUID, or 00 and four bytes. */
#define EVENT_HEADER_SCHEMA_ID "__value_schema_id"

/*
 * Reads a body by whichever known schema wrote it: by its fingerprint, or by an id of a registry that stands in its frame or in a header
 * (which goes before a frame). Headers are looked at when they are loaded; event_record_wants_headers() says whether they would help. @expected: the
 * only type that it may be of; NULL: any. @slots: room for the fields of the expected type, or of LAYOUT_SLOTS_MAX; strings in them are views into
 * the record's value.
 * Key, values and publisher are not looked at: event_check_key(), event_check_values(), event_check_publisher() do.
 * Return: 0 with *ret, which has @slots; enum event_record_error with a sentence that names no value of a field.
 */
int event_record_read(const struct event_types *types, const struct event_type *expected, const struct bus_record *record, struct slot *slots,
                      struct event *ret, struct error *err) MUSTCHECK;

/* The id of a registry by which a record says what its schema is: in a header, that is loaded then, or in its frame. False: it has none. */
bool event_record_schema_id(const struct bus_record *record, struct schema_id *ret);

/* Whether a record that ended in @error, with its headers not loaded, is to be read again with them. */
bool event_record_wants_headers(const struct bus_record *record, int error);

/* The key of a record as text; empty when it has none. */
static inline struct text event_record_key(const struct bus_record *record) {
        return (struct text){record->key, record->key ? record->key_n : 0};
}

/* The traceparent of a record whose headers were loaded; empty when it has none that can be passed on. */
struct text event_record_traceparent(const struct bus_record *record);

/* How often operators sent this record (headers loaded) again from dead-letters. */
int64_t event_record_redriven(const struct bus_record *record);

/* -- Dead letters -- */

struct dead_letter_why {
        const char *stage; /* frame, decode, check, accept, admission, deliver … */
        const char *code;  /* BAD_VALUE, UNKNOWN_SCHEMA … */
        const char *error; /* one sentence, no values of personal fields */
        const char *connector; /* that could not deliver it; NULL: it was not on its way out */
};

#define DEAD_LETTER_HEADERS 7
#define DEAD_LETTER_REDRIVEN_MAX 3 /* so often one record is sent again; it then goes in a circle */
#define DEAD_LETTER_SAID_MS 1000   /* at most one log line in this time; the rest is counted in the next */
#define DEAD_LETTER_ERROR_MAX 4096 /* bytes of kw-error; the rest is cut off */

struct dead_letter {
        struct bus_record record; /* topic: TOPIC_DEAD_LETTERS; partition: BUS_BY_KEY */
        struct bus_header headers[BUS_HEADERS_MAX + DEAD_LETTER_HEADERS];
        char partition[12], offset[24];
};

/*
 * Makes the dead letter of @original (headers loaded): its key, its value and its own headers, unchanged, without kw-
 * headers that it may bring itself, then ours. Own headers that would not fit in BUS_DEAD_LETTER_MARGIN beside ours are
 * the record's own bytes and fit already. Borrows from both.
 */
void dead_letter_make(const struct bus_record *original, const struct dead_letter_why *why, struct dead_letter *ret);

/* Says in the log that @record becomes one, and of how many in all (log_pace(); at most a line in DEAD_LETTER_SAID_MS); of 0 nothing. */
void dead_letter_say(const struct log *log, const char *instance, const struct bus_record *record, const struct dead_letter_why *why, uint64_t times);

/* Texts of a dead letter that was read, for people and for replay. */
struct dead_letter_read {
        char topic[BUS_NAME_MAX + 1], stage[64], code[64], error[DEAD_LETTER_ERROR_MAX + 1];
        char connector[BUS_NAME_MAX + 1]; /* empty: none is named */
        int32_t partition;
        int64_t offset;
        int64_t redriven; /* how often the record was sent again before it came here */
};

/* Whether the topic of a dead letter is an inbox. */
bool dead_letter_is_of_inbox(const char *topic);

/* Whose outbox the topic of a dead letter is; NULL: it is none, or of nobody that is known. */
const struct organisation *dead_letter_outbox(const struct organisations *orgs, const char *topic);

/* Reads the kw- headers (loaded). Return: true when those that every dead letter has are there and well formed. */
bool dead_letter_read(const struct bus_record *record, struct dead_letter_read *ret);

/* -- Dead letters that are sent again -- */

struct redriven {
        struct bus_record record;
        struct bus_header headers[BUS_HEADERS_MAX + DEAD_LETTER_HEADERS];
        char count[24], partition[12], offset[24];
};

/*
 * Makes the record that @letter (headers loaded; @read of it) once was: unchanged, and counted in kw-redriven. It goes to its topic and
 * partition of old; that of a connector to TOPIC_REDELIVERIES, with the place in the inbox and @connector beside it. Borrows from all.
 */
void redriven_make(const struct bus_record *letter, const struct dead_letter_read *read, const char *connector, struct redriven *ret);

/* Whether a record of TOPIC_REDELIVERIES (headers loaded) is for @connector. */
bool redriven_is_for(const struct bus_record *record, const char *connector);

/* The place in an inbox of such a record. Return: false: it says none. */
bool redriven_read(const struct bus_record *record, char ret_topic[BUS_NAME_MAX + 1], int32_t *ret_partition, int64_t *ret_offset);
