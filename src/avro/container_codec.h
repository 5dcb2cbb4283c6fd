/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Codecs of container files: the bytes of a block as they stand in the file, and as they are
 *
 * deflate is raw (RFC 1951, no zlib header); behind snappy's bytes stands the CRC-32 of what they unpack to, big-endian. Unpacking trusts
 * no length: it ends at CONTAINER_BLOCK_MAX.
 */

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#define CONTAINER_BLOCK_MAX ((size_t)64 * 1024 * 1024) /* bytes of a block, packed or not: writers make some 16 KiB to 2 MiB */

enum container_codec { CONTAINER_NULL, CONTAINER_DEFLATE, CONTAINER_SNAPPY, CONTAINER_ZSTANDARD, CONTAINER_CODECS };

/* As the file's header calls them. */
extern const char *const container_codec_names[CONTAINER_CODECS];
bool container_codec_find(struct text name, enum container_codec *ret);

/* Appends the bytes as they stand in the file. Not for zstandard, which is only read. Check @out->failed afterwards. */
void container_pack(enum container_codec codec, const void *bytes, size_t n, struct buffer *out);

/*
 * Puts into @out, which is cleared and whose max is CONTAINER_BLOCK_MAX, what was packed. Return: 0; -EINVAL with a sentence: it was not packed so, is
 * damaged, or unpacks to more than that; -ENOMEM.
 */
int container_unpack(enum container_codec codec, const void *bytes, size_t n, struct buffer *out, struct error *err) MUSTCHECK;
