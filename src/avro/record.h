/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records: bytes to slots and back
 *
 * Decoding runs a program (program.h) and is strict: lengths are checked against what is left before anything is touched, enum and
 * union indices against their range, booleans are 0 or 1, text is UTF-8, uuids are 36 lower-case
 * characters, and the body must end where the record ends. Nothing is allocated: strings are views
 * into the bytes.
 */

#include "avro/program.h"
#include "base/buffer.h"

#define RECORD_DEPTH_MAX SCHEMA_DEPTH_MAX /* of records, arrays and maps in one another, the record itself one of them */
#define RECORD_ITEMS_MAX 1000000      /* items of one block, and values that take no bytes, in the fields of one record that are skipped */
#define RECORD_TEXT_MAX 65536         /* bytes of one string */

enum record_error {
        RECORD_E_SHORT = 1, /* the bytes end too early */
        RECORD_E_VALUE,     /* a length, index, boolean, text or uuid that cannot be, or that the reader has no place for */
        RECORD_E_LONG,      /* bytes are left over */
};

/*
 * Decodes a body into @slots (as many as the reader has fields). Fills @err, when not NULL, with
 * the field's name and the offset, never with a value. Return: 0 or enum record_error; the slots
 * are then undefined.
 */
int record_decode(const struct program *program, const void *body, size_t n, struct slot *slots, struct error *err) MUSTCHECK;

/* The same of the record with which @body begins; *ret_n: how many bytes it took. Others may stand behind it. */
int record_decode_first(const struct program *program, const void *body, size_t n, struct slot *slots, size_t *ret_n, struct error *err) MUSTCHECK;

/*
 * Passes over the one value of any type with which @body begins, as strictly as it would be decoded; *ret_n: how many bytes it took.
 * Return: 0, RECORD_E_SHORT or RECORD_E_VALUE.
 */
int record_skip_first(const struct schema *type, const void *body, size_t n, size_t *ret_n) MUSTCHECK;

/* The index below @branches with which a value of a union begins; *ret_n: how many bytes it took. Return: as record_skip_first(). */
int record_index_first(const void *body, size_t n, size_t branches, size_t *ret, size_t *ret_n) MUSTCHECK;

/*
 * Appends the body. Slots must fit the layout (assert): the kind of the type, an int in 32 bits, a
 * symbol in range, null only where nullable; text must be UTF-8 of at most RECORD_TEXT_MAX bytes.
 * Check buffer->failed afterwards.
 */
void record_encode(const struct layout *layout, const struct slot *slots, struct buffer *out);
