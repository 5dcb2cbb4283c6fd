/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The fingerprints of a folder of schemas, for programs that are not ours
 *
 * One JSON object: every schema and every version of its history, with the fingerprint in each spelling (avro/canonical.h) as a number and
 * as its bytes stand on the wire. The folder ships it as FINGERPRINTS_FILE.
 */

#include "avro/canonical.h"
#include "base/json.h"

#define FINGERPRINTS_FILE "fingerprints.json"
#define FINGERPRINTS_MAX ((size_t)16 * 1024 * 1024) /* of all of them as text */

struct fingerprint_text {
        char number[17], wire[17];
};

/* Sixteen hex digits, the highest first; and the same eight bytes as they stand behind C3 01, the lowest first. */
void fingerprint_format(uint64_t fingerprint, struct fingerprint_text *ret);

/* The member "fingerprints": by spelling, {"number", "wire"}. Return: 0 or -ENOMEM. */
int fingerprints_put(const struct schema_file *file, struct json_writer *w) MUSTCHECK;

/*
 * Appends the text of a whole folder, a schema a line, versions in their order and the current schema behind them. Return: 0; or a negative
 * errno with a sentence about the first file that cannot be read.
 */
int fingerprints_write(const char *folder, struct buffer *out, struct error *err) MUSTCHECK;
