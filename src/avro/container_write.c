/* SPDX-License-Identifier: EUPL-1.2 */

/* Container files block by block, onto a stream. */

#include "avro/container_write.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "avro/container.h"
#include "avro/put.h"

#define ENTRIES 2 /* of the header: codec and schema */

struct container_writer {
        FILE *out; /* borrowed */
        enum container_codec codec;
        struct uuid sync; /* any 16 bytes serve; these follow from the schema, so that the same data make the same file */
        struct buffer plain, packed;
        uint64_t count; /* of the data in plain */
};

static_assert(sizeof(struct uuid) == CONTAINER_SYNC_BYTES, "a UUID is as long as what stands between blocks");

struct container_writer *container_writer_free(struct container_writer *w) {
        if (!w)
                return NULL;
        buffer_done(&w->plain);
        buffer_done(&w->packed);
        free(w);
        return NULL;
}

static int container_writer_failed(int e, struct error *err) {
        error_set(err, "cannot be written: %s", strerror(e ? e : EIO));
        return -(e ? e : EIO);
}

static int container_writer_out(struct container_writer *w, const struct buffer *bytes, struct error *err) {
        if (bytes->failed)
                return container_writer_failed(ENOMEM, err);
        errno = 0;
        return fwrite(bytes->bytes, 1, bytes->n, w->out) == bytes->n ? 0 : container_writer_failed(errno, err);
}

static void container_put_number(struct buffer *out, int64_t number) {
        uint8_t *p = buffer_reserve(out, PUT_LONG_MAX);

        if (p)
                out->n = (size_t)(put_long(p, number) - out->bytes);
}

static void container_put_text(struct buffer *out, const char *text) {
        container_put_number(out, (int64_t)strlen(text));
        buffer_add_text(out, text);
}

static int container_writer_header(struct container_writer *w, const char *schema_json, struct error *err) {
        CLEANUP(buffer_done) struct buffer header = BUFFER_INIT(CONTAINER_HEADER_MAX);

        buffer_add(&header, CONTAINER_MAGIC, CONTAINER_MAGIC_BYTES);
        container_put_number(&header, ENTRIES);
        container_put_text(&header, "avro.codec");
        container_put_text(&header, container_codec_names[w->codec]);
        container_put_text(&header, "avro.schema");
        container_put_text(&header, schema_json);
        container_put_number(&header, 0);
        buffer_add(&header, &w->sync, CONTAINER_SYNC_BYTES);
        return container_writer_out(w, &header, err);
}

int container_writer_resume(FILE *out, const char *schema_json, enum container_codec codec, struct container_writer **ret) {
        struct container_writer *w = calloc(1, sizeof(*w));

        assert(codec < CONTAINER_ZSTANDARD);
        if (!w)
                return -ENOMEM;
        *w = (struct container_writer){.out = out, .codec = codec, .plain = BUFFER_INIT(CONTAINER_BLOCK_MAX), .packed = BUFFER_INIT(2 * CONTAINER_BLOCK_MAX)};
        w->sync = uuid_v5(&uuid_namespace_ketenwacht, schema_json, strlen(schema_json));
        *ret = w;
        return 0;
}

int container_writer_begin(FILE *out, const char *schema_json, enum container_codec codec, struct container_writer **ret, struct error *err) {
        CLEANUP(container_writer_free_p) struct container_writer *w = NULL;
        int r = container_writer_resume(out, schema_json, codec, &w);

        if (r)
                return container_writer_failed(-r, err);
        r = container_writer_header(w, schema_json, err);
        if (r)
                return r;
        *ret = TAKE(w);
        return 0;
}

struct buffer *container_writer_buffer(struct container_writer *w) {
        return &w->plain;
}

static int container_writer_block(struct container_writer *w, struct error *err) {
        CLEANUP(buffer_done) struct buffer head = BUFFER_INIT(2 * PUT_LONG_MAX);
        int r;

        buffer_clear(&w->packed);
        container_pack(w->codec, w->plain.bytes, w->plain.n, &w->packed);
        container_put_number(&head, (int64_t)w->count);
        container_put_number(&head, (int64_t)w->packed.n);
        buffer_add(&w->packed, &w->sync, CONTAINER_SYNC_BYTES);
        r = container_writer_out(w, &head, err) ?: container_writer_out(w, &w->packed, err);
        buffer_clear(&w->plain);
        w->count = 0;
        return r;
}

int container_writer_added(struct container_writer *w, struct error *err) {
        if (w->plain.failed)
                return container_writer_failed(ENOMEM, err);
        w->count++;
        return w->plain.n < CONTAINER_WRITE_BLOCK ? 0 : container_writer_block(w, err);
}

int container_writer_flush(struct container_writer *w, struct error *err) {
        int r = w->count ? container_writer_block(w, err) : 0;

        errno = 0;
        return r == 0 && fflush(w->out) != 0 ? container_writer_failed(errno, err) : r;
}
