/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Writing container files
 *
 * To any stream, a pipe too: nothing that was written is changed later. The same schema and data make the same bytes. The text of the schema goes into the
 * file as it is, with all that readers of other programs make use of: doc, logical types, defaults, properties.
 */

#include <stdio.h>

#include "avro/container_codec.h"

#define CONTAINER_WRITE_BLOCK ((size_t)64 * 1024) /* a block is written when it has so many bytes, or sooner when its writer is told to */

struct container_writer;

/*
 * Begins a file on @out (borrowed) with its header. @codec: all but zstandard. Return: 0; negative errno with a sentence: the stream failed.
 * _resume(): goes on behind a block that such a writer ended, where @out stands.
 */
int container_writer_begin(FILE *out, const char *schema_json, enum container_codec codec, struct container_writer **ret, struct error *err) MUSTCHECK;
int container_writer_resume(FILE *out, const char *schema_json, enum container_codec codec, struct container_writer **ret) MUSTCHECK;
struct container_writer *container_writer_free(struct container_writer *w); /* NULL ok; returns NULL; what was not flushed is lost */
DEFINE_CLEANUP(struct container_writer *, container_writer_free);

/* Where the bytes of the next datum go; container_writer_added() when they are there. */
struct buffer *container_writer_buffer(struct container_writer *w);

/* Counts one datum, whose bytes were appended. Return: 0; negative errno with a sentence. */
int container_writer_added(struct container_writer *w, struct error *err) MUSTCHECK;

/* Writes what is there as a block, and gives all to the system. Return: 0; negative errno with a sentence. */
int container_writer_flush(struct container_writer *w, struct error *err) MUSTCHECK;
