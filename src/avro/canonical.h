/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Parsing Canonical Form, as the specification has it and as libraries spell it
 *
 * A body in single-object encoding names its schema by the CRC-64-AVRO of this text, and libraries do not agree about the text of a
 * primitive type with a logical type. The bytes of a record are the same whichever wrote them, so whoever reads knows a schema by every
 * spelling. That takes no two schemas of different bytes for one another: the name of the record and what decides about bytes stand in
 * every spelling, so where two texts are one, the bytes are as well.
 */

#include "avro/schemas.h"
#include "base/buffer.h"

#define CANONICAL_MAX (SCHEMA_TEXT_MAX * 16) /* full names, and logical types by their words, make it longer than the text */

enum spelling {
        SPELLING_SPECIFICATION, /* "long" */
        SPELLING_PYTHON,        /* {"type":"long"}, also where no logical type but any property stands; a fixed in full each time */
        SPELLING_RUST,          /* {"type":"long"} */
        SPELLING_GOAVRO,        /* as Python's, but a uuid, which it does not know, is "string"; name spaces of types within types add up */
        SPELLING_HAMBA,         /* {"type":"long","logicalType":"timestamp-millis"} */
        SPELLINGS,
};

/* What a spelling is called where programs read it ("specification"), and the libraries that have it. */
const char *spelling_name(enum spelling spelling);
const char *spelling_libraries(enum spelling spelling);

/* Appends the form of the specification. Return: 0 or -ENOMEM (also where @out is full). */
int canonical_write(const struct schema *root, struct buffer *out) MUSTCHECK;

struct canonical_fingerprint {
        bool known;
        uint64_t value;
};

/*
 * CRC-64-AVRO of the form in each spelling. That of the specification is always known, the others of what an event may have: no logical
 * types but date, timestamp-millis and uuid. Return: 0 or -ENOMEM.
 */
int canonical_fingerprints(const struct schema *root, struct canonical_fingerprint ret[SPELLINGS]) MUSTCHECK;
