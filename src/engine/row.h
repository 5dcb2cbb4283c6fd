/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Rows of case-state: their values
 *
 * Single-object Avro without what the key says (model/row_key.h).
 *   f  a fact: its event without event_id and case_id, and the copies told when it was accepted (model/row_schema.h)
 *   o  an announced obligation: last due date, instant, reminders told
 *   a  an alert: what it is about, to whom, whether it is open, how often raised
 *   c  a later copy of a fact
 *   x  a case that was forgotten: the day, and the latest instant at which anything was told in it (the clock of the partition
 *      must not fall behind it). Tombstones of all its other rows come behind it, and nothing ever after
 * These schemas outlive every version of the program: later ones are FULL_TRANSITIVE to them.
 */

#include "base/arena.h"
#include "base/text.h"
#include "base/uuid.h"
#include "calendar/date.h"
#include "model/event_types.h"
#include "model/row_key.h"

struct row_obligation {
        struct text protocol, norm, instance;
        day_t due_date;
        instant_t announced_at;
        instant_t told_at;  /* the last instant: announcement or reminder */
        uint32_t reminders; /* bit i: the reminder at place i+1 was told for this due date */
};
struct row_alert {
        struct text protocol, norm, instance, organisation, role;
        unsigned rung;
        day_t due_date;
        bool open;
        uint32_t raised;      /* times */
        instant_t told_at;    /* the last instant */
};
struct row_copy {
        struct uuid event_id;
        struct text organisation, role;
        instant_t told_at;
};

struct row_closed {
        day_t day;
        instant_t told_at; /* INSTANT_NEVER: nothing was ever told */
};

struct row_codec; /* the schemas of o, a, c, x */
int row_codec_new(struct row_codec **ret) MUSTCHECK;
struct row_codec *row_codec_free(struct row_codec *codec);
DEFINE_CLEANUP(struct row_codec *, row_codec_free);

/* Append the value. */
void row_write_obligation(const struct row_codec *codec, const struct row_obligation *row, struct buffer *out);
void row_write_alert(const struct row_codec *codec, const struct row_alert *row, struct buffer *out);
void row_write_copy(const struct row_codec *codec, const struct row_copy *row, struct buffer *out);
void row_write_closed(const struct row_codec *codec, const struct row_closed *row, struct buffer *out);

/* Read a value back; texts are views into it. Return: 0 or -EINVAL with a sentence. */
int row_read_obligation(const struct row_codec *codec, const void *value, size_t n, struct row_obligation *ret, struct error *err) MUSTCHECK;
int row_read_alert(const struct row_codec *codec, const void *value, size_t n, struct row_alert *ret, struct error *err) MUSTCHECK;
int row_read_copy(const struct row_codec *codec, const void *value, size_t n, struct row_copy *ret, struct error *err) MUSTCHECK;
int row_read_closed(const struct row_codec *codec, const void *value, size_t n, struct row_closed *ret, struct error *err) MUSTCHECK;

/* The schemas of every kind of row that this program writes, for the s rows: fingerprint and JSON by place; false at the end. */
bool row_schema_at(const struct row_codec *codec, const struct event_types *types, size_t i, uint64_t *ret_fingerprint, const char **ret_json);
