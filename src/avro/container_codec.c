/* SPDX-License-Identifier: EUPL-1.2 */

/* Packs and unpacks the blocks of container files, by the libraries that everybody has for it. */

#include "avro/container_codec.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_DEFLATE (-MAX_WBITS)
#define DEFLATE_MEMORY 8       /* zlib's default */
#define CHECKSUM_BYTES 4       /* behind snappy's */
#define SNAPPY_RATIO_MAX 32    /* its copies cannot make more of a byte: 64 bytes of 3 */
#define UNPACK_STEP ((size_t)64 * 1024)

const char *const container_codec_names[CONTAINER_CODECS] = {
        [CONTAINER_NULL] = "null", [CONTAINER_DEFLATE] = "deflate", [CONTAINER_SNAPPY] = "snappy", [CONTAINER_ZSTANDARD] = "zstandard"};

bool container_codec_find(struct text name, enum container_codec *ret) {
        for (unsigned codec = 0; codec < CONTAINER_CODECS; codec++) {
                *ret = (enum container_codec)codec;
                if (text_is(name, container_codec_names[codec]))
                        return true;
        }
        return false;
}

/* -- Packing -- */

static void pack_deflate(const void *bytes, size_t n, struct buffer *out) {
        z_stream stream = {0};
        size_t room;
        uint8_t *p;

        if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_DEFLATE, DEFLATE_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
                out->failed = true;
                return;
        }
        room = deflateBound(&stream, n);
        p = buffer_reserve(out, room);
        if (p) {
                stream.next_in = (Bytef *)(uintptr_t)bytes; /* read only */
                stream.avail_in = (uInt)n;
                stream.next_out = p;
                stream.avail_out = (uInt)room;
                if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
                        out->failed = true;
                else
                        out->n += room - stream.avail_out;
        }
        (void) deflateEnd(&stream);
}

static void pack_snappy(const void *bytes, size_t n, struct buffer *out) {
        size_t packed = snappy_max_compressed_length(n);
        uint32_t checksum = htobe32((uint32_t)crc32(0, bytes, (uInt)n));
        uint8_t *p = buffer_reserve(out, packed + CHECKSUM_BYTES);

        if (!p)
                return;
        if (snappy_compress(bytes, n, (char *)p, &packed) != SNAPPY_OK) {
                out->failed = true;
                return;
        }
        memcpy(p + packed, &checksum, CHECKSUM_BYTES);
        out->n += packed + CHECKSUM_BYTES;
}

void container_pack(enum container_codec codec, const void *bytes, size_t n, struct buffer *out) {
        assert(codec < CONTAINER_ZSTANDARD && n <= CONTAINER_BLOCK_MAX);
        if (codec == CONTAINER_DEFLATE)
                pack_deflate(bytes, n, out);
        else if (codec == CONTAINER_SNAPPY)
                pack_snappy(bytes, n, out);
        else
                buffer_add(out, bytes, n);
}

/* -- Unpacking -- */

static int unpack_wrong(enum container_codec codec, const char *what, struct error *err) {
        error_set(err, "its %s bytes %s", container_codec_names[codec], what);
        return -EINVAL;
}

static int unpack_too_large(struct error *err) {
        error_set(err, "it unpacks to more than %zu bytes, the most that a block may have", CONTAINER_BLOCK_MAX);
        return -EINVAL;
}

/* More room behind what was unpacked, *ret_n bytes of it. *ret NULL: the block may have no more. */
static int unpack_room(struct buffer *out, size_t wanted, uint8_t **ret, size_t *ret_n) {
        size_t left = CONTAINER_BLOCK_MAX - out->n;

        *ret = NULL;
        *ret_n = wanted < left ? wanted : left;
        if (left == 0)
                return 0;
        *ret = buffer_reserve(out, *ret_n);
        return *ret ? 0 : -ENOMEM;
}

static int unpack_inflate(z_stream *stream, struct buffer *out, struct error *err) {
        int z = Z_OK;

        while (z != Z_STREAM_END) {
                size_t room;
                uint8_t *p;
                int r = unpack_room(out, 4 * (size_t)stream->avail_in + UNPACK_STEP, &p, &room);

                if (r)
                        return r;
                if (!p)
                        return unpack_too_large(err);
                stream->next_out = p;
                stream->avail_out = (uInt)room;
                z = inflate(stream, Z_NO_FLUSH);
                out->n += room - stream->avail_out;
                if (z == Z_MEM_ERROR)
                        return -ENOMEM;
                if (z == Z_BUF_ERROR || (z == Z_OK && stream->avail_in == 0 && stream->avail_out > 0))
                        return unpack_wrong(CONTAINER_DEFLATE, "end too early", err);
                if (z != Z_OK && z != Z_STREAM_END)
                        return unpack_wrong(CONTAINER_DEFLATE, "are damaged", err);
        }
        return 0; /* Python's avro leaves a part of zlib's checksum behind the end */
}

static int unpack_deflate(const void *bytes, size_t n, struct buffer *out, struct error *err) {
        z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n};
        int r;

        if (inflateInit2(&stream, RAW_DEFLATE) != Z_OK)
                return -ENOMEM;
        r = unpack_inflate(&stream, out, err);
        (void) inflateEnd(&stream);
        return r;
}

static int unpack_snappy(const void *bytes, size_t n, struct buffer *out, struct error *err) {
        size_t plain, packed = n - CHECKSUM_BYTES;
        uint32_t checksum;
        uint8_t *p;

        if (n < CHECKSUM_BYTES || snappy_uncompressed_length(bytes, packed, &plain) != SNAPPY_OK || plain / SNAPPY_RATIO_MAX > packed)
                return unpack_wrong(CONTAINER_SNAPPY, "are damaged", err);
        if (plain > CONTAINER_BLOCK_MAX)
                return unpack_too_large(err);
        p = buffer_reserve(out, plain ? plain : 1);
        if (!p)
                return -ENOMEM;
        if (snappy_uncompress(bytes, packed, (char *)p, &plain) != SNAPPY_OK)
                return unpack_wrong(CONTAINER_SNAPPY, "are damaged", err);
        memcpy(&checksum, (const uint8_t *)bytes + packed, CHECKSUM_BYTES);
        if (be32toh(checksum) != (uint32_t)crc32(0, p, (uInt)plain))
                return unpack_wrong(CONTAINER_SNAPPY, "do not have the checksum that stands behind them", err);
        out->n += plain;
        return 0;
}

static int unpack_frames(ZSTD_DStream *stream, const void *bytes, size_t n, struct buffer *out, struct error *err) {
        ZSTD_inBuffer in = {bytes, n, 0};
        size_t left = 1; /* 0: a frame ended */

        while (in.pos < in.size || left != 0) {
                ZSTD_outBuffer to = {0};
                size_t before = in.pos;
                uint8_t *p;
                int r = unpack_room(out, 4 * (in.size - in.pos) + UNPACK_STEP, &p, &to.size);

                if (r)
                        return r;
                if (!p)
                        return unpack_too_large(err);
                to.dst = p;
                left = ZSTD_decompressStream(stream, &to, &in);
                if (ZSTD_isError(left))
                        return unpack_wrong(CONTAINER_ZSTANDARD, "are damaged", err);
                out->n += to.pos;
                if (left != 0 && in.pos == before && to.pos == 0)
                        return unpack_wrong(CONTAINER_ZSTANDARD, "end too early", err);
        }
        return 0;
}

static int unpack_zstandard(const void *bytes, size_t n, struct buffer *out, struct error *err) {
        ZSTD_DStream *stream = ZSTD_createDStream();
        int r = stream ? unpack_frames(stream, bytes, n, out, err) : -ENOMEM;

        (void) ZSTD_freeDStream(stream);
        return r;
}

int container_unpack(enum container_codec codec, const void *bytes, size_t n, struct buffer *out, struct error *err) {
        assert(codec < CONTAINER_CODECS && n <= CONTAINER_BLOCK_MAX && out->max == CONTAINER_BLOCK_MAX);
        buffer_clear(out);
        switch (codec) {
        case CONTAINER_DEFLATE:
                return unpack_deflate(bytes, n, out, err);
        case CONTAINER_SNAPPY:
                return unpack_snappy(bytes, n, out, err);
        case CONTAINER_ZSTANDARD:
                return unpack_zstandard(bytes, n, out, err);
        default:
                buffer_add(out, bytes, n);
                return out->failed ? -ENOMEM : 0;
        }
}
