/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Orders of operators to connectors: stand still, or go on
 *
 * They stand in `connector-orders`, which is compacted: of each connector the latest holds, however old it is; what is for one inbox of a connector
 * that delivers several has a name of its own, "name/organisation", and holds beside that of the connector. Written by connect/act.h;
 * read by the connector itself (connect/hold.h) and by whoever wants to see all of them.
 */

#include "bus/bus.h"
#include "model/event_types.h"

#define ORDER_SEPARATOR "/" /* between a connector's name and the organisation: it is in neither */
#define ORDER_BY_MAX 64      /* bytes of a user's name */
#define ORDER_REASON_MAX 300 /* bytes of a reason */

/* One record, in the terms of schemas/connector-orders.avsc. Texts that are longer are cut when they are read. */
struct order {
        instant_t at;
        bool pauses; /* else it lets go on */
        char by[ORDER_BY_MAX + 1];
        char reason[ORDER_REASON_MAX + 1]; /* "": none was given */
};

struct order_codec;

/* Return: 0; -EINVAL with a sentence: schemas/connector-orders.avsc is missing or lacks a field that we know; -ENOMEM. */
int order_codec_new(const struct event_types *types, struct order_codec **ret, struct error *err) MUSTCHECK;
struct order_codec *order_codec_free(struct order_codec *codec); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct order_codec *, order_codec_free);

/* Appends the body: framing and record. Texts are copied. Check @out->failed afterwards. */
void order_encode(const struct order_codec *codec, const char *connector, const struct order *order, struct buffer *out);
/* *ret_connector is a view into @value. false: not such a record. */
bool order_decode(const struct order_codec *codec, const void *value, size_t n, struct text *ret_connector, struct order *ret);

/* The record to produce, of a body that order_encode() wrote. Borrows both. */
struct bus_record order_bus_record(const char *connector, const struct buffer *body);

/*
 * Gives every order that stands there now to @see, each connector's in their order. Return: 0; what @see returned; -ENOENT: the topic is not
 * there; -ETIMEDOUT: the broker is silent; other negative errno; with a sentence.
 */
int orders_each(struct bus *bus, const struct order_codec *codec, int (*see)(void *ctx, struct text connector, const struct order *order), void *ctx,
                struct error *err) MUSTCHECK;

/* The latest of one connector; *ret is one that pauses nothing when it has none. Return: as orders_each(). */
int orders_latest(struct bus *bus, const struct order_codec *codec, const char *connector, struct order *ret, struct error *err) MUSTCHECK;
