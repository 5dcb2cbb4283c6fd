/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Rows of case-state: the values of those that remember what was told
 *
 * Single-object Avro without what the key says (model/row_key.h). Which fields a row has stands in the table of model/telling.h.
 *   o  an announced obligation: last due date, instant, reminders told
 *   a  an alert: what it is about, to whom, whether it is open, how often raised
 *   c  a later copy of a fact
 *   x  a case that was forgotten: the day, and the latest instant at which anything was told in it (the clock of the partition
 *      must not fall behind it). Tombstones of all its other rows come behind it, and nothing ever after
 * Rows f, of facts, are in model/row_schema.h.
 * These schemas outlive every version of the program: later ones are FULL_TRANSITIVE to them.
 */

#include "model/event_types.h"
#include "model/row_key.h"
#include "model/telling.h"

struct row_codec; /* the schemas of o, a, c, x */

/* Return: 0 or -ENOMEM. */
int row_codec_new(struct row_codec **ret) MUSTCHECK;
struct row_codec *row_codec_free(struct row_codec *codec);
DEFINE_CLEANUP(struct row_codec *, row_codec_free);

/* Appends the value of a row of kind o, a, c or x. */
void row_write(const struct row_codec *codec, enum row_kind kind, const struct telling *row, struct buffer *out);

/* Reads it back; what it has not is zero, texts are views into it. Return: 0 or -EINVAL with a sentence. */
int row_read(const struct row_codec *codec, enum row_kind kind, const void *value, size_t n, struct telling *ret, struct error *err) MUSTCHECK;

/* Writes what such a row says into the object that is open, as people see it. */
void row_to_json(enum row_kind kind, const struct telling *row, struct json_writer *w);

/* The schemas of every kind of row that this program writes, for the s rows: fingerprint and JSON by place; false at the end. */
bool row_schema_at(const struct row_codec *codec, const struct event_types *types, size_t i, uint64_t *ret_fingerprint, const char **ret_json);
