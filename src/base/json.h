/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Writing JSON
 *
 * (Prefix jsonw_: jansson owns json_.) Writes into a buffer, keys in the order of the calls, commas and escapes by itself. Reading is
 * jansson's work. Text that is not UTF-8 is written with U+FFFD in place of the bad bytes, so that
 * every line stays JSON.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

#define JSON_DEPTH_MAX 32

struct json_writer {
        struct buffer *out;
        unsigned depth;
        bool some[JSON_DEPTH_MAX + 1]; /* something stands at this depth: a comma is due */
        bool keyed;                    /* a key was written: its value is due */
};

#define JSON_WRITER(buffer) \
        { .out = (buffer) }

/* Begin and end an object or an array, at most JSON_DEPTH_MAX deep (assert); between them commas come by themselves. */
void jsonw_open_object(struct json_writer *w);
void jsonw_close_object(struct json_writer *w);
void jsonw_open_array(struct json_writer *w);
void jsonw_close_array(struct json_writer *w);

/* The key of the value that comes next. */
void jsonw_key(struct json_writer *w, const char *key);
void jsonw_key_text(struct json_writer *w, struct text key);

/* One value. Texts are escaped; they are UTF-8. */
void jsonw_text(struct json_writer *w, struct text t);
void jsonw_string(struct json_writer *w, const char *s);
void jsonw_int(struct json_writer *w, int64_t i);
void jsonw_double(struct json_writer *w, double d); /* shortest form that reads back the same; not finite: null */
void jsonw_float(struct json_writer *w, float f);   /* the same of fewer digits */
void jsonw_hex(struct json_writer *w, struct text bytes); /* a text of two digits for each byte, lower case */
void jsonw_bool(struct json_writer *w, bool b);
void jsonw_null(struct json_writer *w);
void jsonw_raw(struct json_writer *w, const char *json); /* a value that is JSON already */

/* Key and value in one. */
void jsonw_put_text(struct json_writer *w, const char *key, struct text t);
void jsonw_put_string(struct json_writer *w, const char *key, const char *s);
void jsonw_put_int(struct json_writer *w, const char *key, int64_t i);
void jsonw_put_bool(struct json_writer *w, const char *key, bool b);
