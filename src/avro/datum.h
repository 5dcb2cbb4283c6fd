/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Datums: a value of any type from bytes to plain JSON, by running a program
 *
 * As strict as record.h, whose sibling it is: the same programs (program_new_any() makes them for readers of any type), another place
 * for what is read. plain.h says what values look like. A record's fields stand in the reader's order. A key that a map has twice
 * stands twice.
 */

#include "avro/program.h"
#include "base/buffer.h"
#include "base/vector.h"

#define DATUM_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of one datum */
#define DATUM_JSON_MAX ((size_t)64 * 1024 * 1024)  /* of what one becomes */
#define DATUM_DEPTH_MAX SCHEMA_DEPTH_MAX           /* of records, arrays and maps in one another */
#define DATUM_EMPTY_MAX 1000000                    /* items of one datum that take no bytes */

enum datum_error {
        DATUM_E_SHORT = 1, /* the bytes end too early: with more it may be one */
        DATUM_E_VALUE,     /* a length, index, boolean or text that cannot be, or that the reader has no place for */
        DATUM_E_LARGE,     /* more than one of the bounds above */
};

struct datum_span { /* where the text of a field stands */
        size_t start, end;
};

/* Memory that one datum leaves to the next. Zeroed it is empty. */
struct datum_memory {
        VECTOR(struct datum_span) spans;
        struct buffer moved;
};
void datum_memory_done(struct datum_memory *memory);

/*
 * Appends one datum's JSON to @out, whose maximum must leave room for DATUM_JSON_MAX, and sets *ret_n to the bytes that it took. @offset:
 * of @bytes in what they are part of, for @err, which says where it is wrong ("field 'items[3].name', byte 17: …"; of a map the entry's
 * number stands in braces) and never a value. Return: 0, enum datum_error or -ENOMEM; @out is then as it was.
 */
int datum_to_json(const struct program *program, const void *bytes, size_t n, uint64_t offset, struct datum_memory *memory, struct buffer *out,
                  size_t *ret_n, struct error *err) MUSTCHECK;
