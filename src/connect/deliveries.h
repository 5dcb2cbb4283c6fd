/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records of `deliveries`: the proof of what became of each record of an inbox
 *
 * Written by connectors, one for each record that is over; read to find a connector's latest of an inbox. Keys
 * are connectors' names, so one partition has all of a connector. What a record means for the
 * connector itself (a stop) is told in connect/brake.h.
 */

#include "bus/bus.h"
#include "model/event_types.h"

#define DELIVERY_STATUS_GONE 410
#define DELIVERY_AGAIN "sent again by " /* so begins the reason of a record, PARKED without a try, of a dead letter that goes to its connector again */
#define DELIVERY_LOG_MARGIN_MS HOUR_MS /* how far the clocks of those who write may be apart */

enum delivery_outcome { DELIVERY_DELIVERED, DELIVERY_REFUSED, DELIVERY_PARKED };

/* One record of `deliveries`, in the terms of schemas/deliveries.avsc. */
struct delivery_record {
        instant_t delivered_at;
        struct text organisation, connector;
        int64_t partition, offset;
        struct uuid event_id;
        enum delivery_outcome outcome;
        int status; /* 0: null */
        int attempts;
        struct text reason; /* empty: null */
};

struct delivery_codec;

/* Return: 0; -EINVAL with a sentence: schemas/deliveries.avsc lacks a field that we know; -ENOMEM. */
int delivery_codec_new(const struct event_types *types, struct delivery_codec **ret, struct error *err) MUSTCHECK;
struct delivery_codec *delivery_codec_free(struct delivery_codec *codec); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct delivery_codec *, delivery_codec_free);

/* Appends the body: framing and record. Texts are copied. */
void delivery_encode(const struct delivery_codec *codec, const struct delivery_record *record, struct buffer *out);
/* Texts are views into @value. false: not such a record. */
bool delivery_decode(const struct delivery_codec *codec, const void *value, size_t n, struct delivery_record *ret);

/* The record to produce, of a body that delivery_encode() wrote. Borrows both. */
struct bus_record delivery_bus_record(const char *connector, const struct buffer *body);

/* What `deliveries` says of one connector, read a piece at a time. */
struct delivery_log;

/*
 * Begins to read from @from on, less the margin: to the end that stands there now, or, to follow it, for ever. Borrows @codec and @connector.
 * Return: 0 or negative errno.
 */
int delivery_log_open(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t from, struct delivery_log **ret,
                      struct error *err) MUSTCHECK;
int delivery_log_follow(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t from, struct delivery_log **ret,
                        struct error *err) MUSTCHECK;
struct delivery_log *delivery_log_free(struct delivery_log *log); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct delivery_log *, delivery_log_free);

/*
 * Reads what is there, waiting at most @timeout_ms, and gives each record of this connector to @see, but those of which nothing was tried. *ret_end:
 * everything that stood there at opening has been read (never when it follows). Return: 0 or negative errno.
 */
int delivery_log_read(struct delivery_log *log, int timeout_ms, void (*see)(void *ctx, const struct delivery_record *record), void *ctx, bool *ret_end,
                      struct error *err) MUSTCHECK;
