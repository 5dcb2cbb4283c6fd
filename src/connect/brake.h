/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The brake, and records in `deliveries`
 *
 * When a target says 410 Gone, the connector writes a record to `deliveries` (REFUSED, status 410) as
 * the last thing it does. The brake is on as long as that is this connector's latest record there. So
 * it survives a restart without a store of its own, and `connect --resume` takes it off by one more
 * record, which a running connector sees at once.
 *
 * Keys in `deliveries` are connectors' names; so one partition has all of a connector.
 */

#include "bus/bus.h"
#include "model/event_types.h"

#define BRAKE_STATUS 410
#define BRAKE_MARGIN_MS INT64_C(3600000) /* how far the clocks of those who write may be apart */

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

void delivery_encode(const struct delivery_codec *codec, const struct delivery_record *record, struct buffer *out);
/* Texts are views into @value. false: not such a record. */
bool delivery_decode(const struct delivery_codec *codec, const void *value, size_t n, struct delivery_record *ret);

/* What `deliveries` says of one connector, read a piece at a time. */
struct brake;

/*
 * Begins to read from @from on, less the margin. @follow: goes on when the end is reached, and passes over
 * everything before the mark that was made at the very instant @from. Return: 0 or negative errno.
 */
int brake_open(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t from, bool follow, struct brake **ret,
               struct error *err) MUSTCHECK;
struct brake *brake_free(struct brake *brake); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct brake *, brake_free);

/*
 * Reads what is there, waiting at most @timeout_ms. *ret_end: everything that stood there at opening has been read (never
 * with follow). Return: 0 or negative errno.
 */
int brake_read(struct brake *brake, int timeout_ms, bool *ret_end, struct error *err) MUSTCHECK;

/* The latest record of this connector that was read; *ret's texts are empty. false: none. */
bool brake_latest(const struct brake *brake, struct delivery_record *ret);

/* Whether the latest record puts the brake on for a record at @offset or later. */
bool brake_on(const struct brake *brake, int64_t offset);

/*
 * Takes the brake of a connector, that of @organisation's inbox, off: finds its latest record and writes one behind it.
 * Return: 0, *ret_offset is where the inbox goes on; BRAKE_E_OFF: it is not on; negative errno.
 */
enum { BRAKE_E_OFF = 1 };
int brake_resume(struct bus *bus, const struct event_types *types, const char *connector, const char *organisation, struct clock clock,
                 int64_t *ret_offset, struct error *err) MUSTCHECK;
