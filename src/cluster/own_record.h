/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records of our own that are no events: deliveries, audit, connector-orders
 *
 * Each has a schema of the name of its topic, and stands there framed by its fingerprint. Who knows one kind of record embeds the codec and says
 * which fields it knows, in an order of its own; a schema may have more, with defaults.
 */

#include "avro/record.h"
#include "base/buffer.h"
#include "base/error.h"
#include "model/event_types.h"

#define OWN_FIELDS_MAX 16

struct own_codec {
        const struct layout *layout; /* of the event types, which must live as long */
        struct program *program;
        int slots[OWN_FIELDS_MAX]; /* by the place of the field's name */
};

/* The fields @names (@n, OWN_FIELDS_MAX at most) of @topic. Return: 0; -EINVAL: the schema is not there or lacks one, in @err; -ENOMEM. */
int own_codec_open(const struct event_types *types, const char *topic, const char *const *names, size_t n, struct own_codec *ret, struct error *err) MUSTCHECK;
void own_codec_done(struct own_codec *codec); /* all zeros ok */

/* The slots of a record before its fields are put: what the schema has as defaults, else null. */
void own_record_begin(const struct own_codec *codec, struct slot slots[LAYOUT_SLOTS_MAX]);

/* Appends the record. What does not fit is the buffer's to tell. */
void own_record_write(const struct own_codec *codec, const struct slot *slots, struct buffer *out);

/* False: it is no such record. Texts are views of @value. */
bool own_record_read(const struct own_codec *codec, const void *value, size_t n, struct slot slots[LAYOUT_SLOTS_MAX]) MUSTCHECK;
