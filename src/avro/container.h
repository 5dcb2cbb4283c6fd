/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading container files
 *
 * "Obj" 01, a map with the schema of who wrote it, then blocks of data, each packed by itself and followed by 16 bytes that are the same
 * throughout. Anybody may have written the file, and anything may have happened to it: no length is trusted before its bytes are there, and
 * every mistake says at which byte of the file it stands. Knows blocks, not data: what is in a block is read by the schema (record.h).
 */

#include <stdio.h>

#include "avro/container_codec.h"
#include "avro/schemas.h"

#define CONTAINER_MAGIC "Obj\x01"
#define CONTAINER_MAGIC_BYTES 4
#define CONTAINER_SYNC_BYTES 16
#define CONTAINER_HEADER_MAX (SCHEMA_TEXT_MAX + 64 * 1024) /* bytes before the first block */
#define CONTAINER_EMPTY_MAX 1000000                        /* data of one block that take no bytes */

struct container;

/* One block, unpacked. Its bytes are borrowed until the next one is read. */
struct container_block {
        const uint8_t *bytes;
        size_t n;
        uint64_t count; /* of the data in it: not more than bytes, or CONTAINER_EMPTY_MAX */
        uint64_t first; /* the number of its first datum in the file, from 1 */
        uint64_t at;    /* where the block begins in the file */
};

enum { CONTAINER_E_END = 1 };

/*
 * Reads the header from @in (borrowed), which stands behind CONTAINER_MAGIC. @name: of the file, in sentences. Return: 0; -EINVAL with a sentence: a codec or
 * schema that is not read here, or no header; negative errno with a sentence.
 */
int container_open(FILE *in, const char *name, struct container **ret, struct error *err) MUSTCHECK;
struct container *container_free(struct container *c); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct container *, container_free);

/* The schema of all data, borrowed; and how the blocks are packed. */
const struct schema_file *container_schema(const struct container *c);
enum container_codec container_codec_of(const struct container *c);

/* The next block that has data. Return: 0; CONTAINER_E_END; -EINVAL with a sentence: damaged or cut off; negative errno with a sentence. */
int container_next(struct container *c, struct container_block *ret, struct error *err) MUSTCHECK;
