/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Plain: what a value of Avro looks like in JSON that people and other programs read
 *
 * | type | JSON |
 * |---|---|
 * | null, boolean, int, long, string | themselves |
 * | float, double | the shortest number that reads back the same; "NaN", "Infinity" and "-Infinity" as strings |
 * | enum | its symbol |
 * | union | the value alone |
 * | bytes, fixed | hex, lower case |
 * | decimal | a string of exactly its scale's digits behind the point: "-12.50" |
 * | uuid | its text; of fixed(16) in lower case |
 * | date | "2026-02-28" |
 * | time-millis, time-micros | "23:59:59", with three or six digits behind the point when they are not zero |
 * | timestamp-millis, -micros, -nanos | RFC 3339 with the offset of Amsterdam, digits behind the point as above |
 * | local-timestamp-… | the same without an offset |
 * | duration | ISO 8601: "P1M2DT3.004S" |
 *
 * A date outside the years 1 to 9999, and a time outside its day, is written as the number that it is.
 */

#include "avro/schemas.h"
#include "base/json.h"

enum plain_error {
        PLAIN_E_DIGITS = 1, /* a decimal without bytes, or of more digits than its precision */
        PLAIN_E_DEPTH,      /* deeper than JSON_DEPTH_MAX */
};

/* Of an int or long. */
void plain_put_int(struct json_writer *w, const struct schema *type, int64_t i);

/* Of a float or double. */
void plain_put_double(struct json_writer *w, const struct schema *type, double d);

/* Of bytes or a fixed. Return: 0 or PLAIN_E_DIGITS. */
int plain_put_bytes(struct json_writer *w, const struct schema *type, struct text bytes) MUSTCHECK;

/* A default, as it stands in a schema, of any type. Return: 0, enum plain_error or -ENOMEM. */
int plain_put_default(struct json_writer *w, const struct schema *type, const json_t *value) MUSTCHECK;
