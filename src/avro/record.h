/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records: bytes to slots and back
 *
 * A program is the resolution of one writer schema to one reader layout, compiled once: defaults,
 * promotions, enum defaults, nullable to plain and back, unknown fields of any type skipped. Decoding
 * is strict: lengths are checked against what is left before anything is touched, enum and union
 * indices against their range, booleans are 0 or 1, text is UTF-8, uuids are 36 lower-case characters,
 * and the body must end where the record ends. Nothing is allocated: strings are views into the bytes.
 */

#include "avro/layout.h"
#include "base/buffer.h"

#define RECORD_SKIP_DEPTH_MAX 32
#define RECORD_SKIP_ITEMS_MAX 1000000 /* items of arrays and maps of no size */
#define RECORD_TEXT_MAX 65536         /* bytes of one string */

struct program;

/*
 * @writer: any record schema; both must outlive the program.
 * Return: 0; -EINVAL with every reason in one sentence when they do not resolve; -ENOMEM.
 */
int program_new(const struct schema_file *writer, const struct layout *reader, struct program **ret, struct error *err) MUSTCHECK;
struct program *program_free(struct program *program);
DEFINE_CLEANUP(struct program *, program_free);

enum record_error {
        RECORD_E_SHORT = 1, /* the bytes end too early */
        RECORD_E_LONG,      /* bytes are left over */
        RECORD_E_VALUE,     /* a length, index, boolean, text or uuid that cannot be */
};

/*
 * Decodes a body into @slots (as many as the reader has fields). Fills @err, when not NULL, with
 * the field's name and the offset, never with a value. Return: 0 or enum record_error.
 */
int record_decode(const struct program *program, const void *body, size_t n, struct slot *slots, struct error *err) MUSTCHECK;

/* Appends the body. Slots must fit the layout (assert); check buffer->failed afterwards. */
void record_encode(const struct layout *layout, const struct slot *slots, struct buffer *out);
