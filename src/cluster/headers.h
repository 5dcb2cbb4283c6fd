/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What stands in the headers of our records
 *
 * CloudEvents 1.0, Kafka binding, binary mode, for every event; and the kw- headers with which a
 * dead letter says where it came from and why. No personal data: ids, organisations, codes, and
 * sentences that name fields but not their values.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "bus/bus.h"

#define HEADERS_SOURCE_MAX 256
#define HEADERS_TYPE_MAX (BUS_NAME_MAX + 32)
#define HEADERS_TIME_MAX 32
#define HEADERS_TRACEPARENT_MAX 128 /* a longer one is not passed on */

/* What one event says of itself. */
struct cloudevent {
        struct uuid id;             /* the event's event_id */
        const char *source;         /* URN of the organisation that published it */
        const char *event;          /* measure-started: becomes nl.ketenwacht.measure-started.v1 */
        instant_t time;             /* occurred_at */
        const void *traceparent;    /* W3C trace context to pass on, or NULL */
        size_t traceparent_n;
};

#define HEADERS_CLOUDEVENT 7

/* The headers of one event; they point into this object, which must live until the record is produced. */
struct cloudevent_headers {
        struct bus_header headers[HEADERS_CLOUDEVENT];
        size_t n;
        char id[UUID_TEXT + 1], type[HEADERS_TYPE_MAX], time[HEADERS_TIME_MAX];
};

/* Fills @ret; source and traceparent are borrowed from @event. */
void headers_cloudevent(const struct cloudevent *event, struct cloudevent_headers *ret);

/* The traceparent of a record whose headers were loaded: its value, or NULL. */
const struct bus_header *headers_traceparent(const struct bus_record *record);

/* Why a record stands in dead-letters. */
struct dead_letter {
        const char *topic;   /* without prefix */
        int32_t partition;
        int64_t offset;
        const char *stage;   /* frame, decode, validate, accept, admission, deliver … */
        const char *code;    /* BAD_VALUE, UNKNOWN_SCHEMA … */
        const char *error;   /* one sentence, no values of personal fields */
};

#define HEADERS_DEAD_LETTER 6
#define HEADERS_ERROR_MAX 4096 /* bytes of kw-error; the rest is cut off */

struct dead_letter_headers {
        struct bus_header headers[BUS_HEADERS_MAX + HEADERS_DEAD_LETTER];
        size_t n;
        char partition[12], offset[24];
};

/*
 * The headers of the dead letter of @original (headers loaded): its own, unchanged, without kw-
 * headers that it may bring itself, then ours. Own headers that would not fit in
 * BUS_DEAD_LETTER_MARGIN beside ours are the record's own bytes and fit already. Borrows from both.
 */
void headers_dead_letter(const struct bus_record *original, const struct dead_letter *why, struct dead_letter_headers *ret);

/* Texts of a dead letter that was read, for people and for replay. */
struct dead_letter_read {
        char topic[BUS_NAME_MAX + 1], stage[64], code[64], error[HEADERS_ERROR_MAX + 1];
        int32_t partition;
        int64_t offset;
};

/* Reads the kw- headers (loaded). Return: true when all six are there and well formed. */
bool headers_dead_letter_read(const struct bus_record *record, struct dead_letter_read *ret);

/* Whether a header is one of ours that replay must take off again. */
bool headers_is_dead_letter(const struct bus_header *header);
