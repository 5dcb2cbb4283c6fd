/* SPDX-License-Identifier: EUPL-1.2 */

/* Container files block by block, from a stream. */

#include "avro/container.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define READ_STEP ((size_t)1024 * 1024) /* so much memory a length that lies may cost */
#define NUMBER_BYTES_MAX 10
#define KEY_SCHEMA "avro.schema"
#define KEY_CODEC "avro.codec"

struct container {
        FILE *in; /* borrowed */
        char *name;
        struct schema_file *schema;
        enum container_codec codec;
        uint8_t sync[CONTAINER_SYNC_BYTES];
        uint64_t at;   /* bytes that were read */
        uint64_t data; /* that were handed out */
        struct buffer packed, plain;
};

struct container *container_free(struct container *c) {
        if (!c)
                return NULL;
        buffer_done(&c->packed);
        buffer_done(&c->plain);
        schema_free(c->schema);
        free(c->name);
        free(c);
        return NULL;
}

const struct schema_file *container_schema(const struct container *c) {
        return c->schema;
}

enum container_codec container_codec_of(const struct container *c) {
        return c->codec;
}

/* -- Bytes of the stream -- */

/* What is wrong stands at byte @at. */
static int container_wrong(const struct container *c, uint64_t at, const char *what, struct error *err) {
        error_set(err, "%s: byte %" PRIu64 ": %s", c->name, at, what);
        return -EINVAL;
}

/* Why no more came. */
static int container_short(const struct container *c, struct error *err) {
        int e = errno ? errno : EIO;

        if (!ferror(c->in))
                return container_wrong(c, c->at, "the file is cut off here", err);
        error_set(err, "%s cannot be read: %s", c->name, strerror(e));
        return -e;
}

/* A number. *ret_end, not NULL: nothing more came, not even its first byte. */
static int container_number(struct container *c, int64_t *ret, bool *ret_end, struct error *err) {
        uint64_t bits = 0, at = c->at;

        errno = 0;
        for (unsigned i = 0; i < NUMBER_BYTES_MAX; i++) {
                int byte = getc_unlocked(c->in);

                if (byte == EOF && i == 0 && ret_end && !ferror(c->in)) {
                        *ret_end = true;
                        return 0;
                }
                if (byte == EOF)
                        return container_short(c, err);
                c->at++;
                if (i == NUMBER_BYTES_MAX - 1 && byte > 1)
                        break;
                bits |= (uint64_t)(byte & 0x7f) << (7 * i);
                if (byte < 0x80) {
                        *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
                        return 0;
                }
        }
        return container_wrong(c, at, "a number of more than 64 bits", err);
}

/* @n bytes behind those that @out has; memory grows only as they come. */
static int container_bytes(struct container *c, size_t n, struct buffer *out, struct error *err) {
        errno = 0;
        while (n > 0) {
                size_t step = n < READ_STEP ? n : READ_STEP;
                uint8_t *p = buffer_reserve(out, step);
                size_t got;

                if (!p)
                        return -ENOMEM;
                got = fread_unlocked(p, 1, step, c->in);
                out->n += got;
                c->at += got;
                n -= got;
                if (got < step)
                        return container_short(c, err);
        }
        return 0;
}

static int container_sync(struct container *c, uint8_t ret[CONTAINER_SYNC_BYTES], struct error *err) {
        errno = 0;
        for (size_t i = 0; i < CONTAINER_SYNC_BYTES; i++) {
                int byte = getc_unlocked(c->in);

                if (byte == EOF)
                        return container_short(c, err);
                ret[i] = (uint8_t)byte;
                c->at++;
        }
        return 0;
}

/* -- The header: a map from strings to bytes, of which two are known -- */

struct container_header {
        struct buffer key, value;
        bool has_schema, has_codec;
};

static void container_header_done(struct container_header *h) {
        buffer_done(&h->key);
        buffer_done(&h->value);
}

/* A string or bytes of the header, in place of what @out has. */
static int header_bytes(struct container *c, struct buffer *out, struct error *err) {
        uint64_t at = c->at;
        int64_t n;
        int r = container_number(c, &n, NULL, err);

        if (r)
                return r;
        if (n < 0 || (uint64_t)n > CONTAINER_HEADER_MAX || c->at + (uint64_t)n > CONTAINER_HEADER_MAX)
                return container_wrong(c, at, "no length that a header can have", err);
        buffer_clear(out);
        return container_bytes(c, (size_t)n, out, err);
}

static int header_schema(struct container *c, struct container_header *h, struct error *err) {
        struct error why = {0};
        int r;

        if (h->has_schema)
                return container_wrong(c, c->at, "the header has two schemas", err);
        h->has_schema = true;
        r = schema_parse(c->name, buffer_text(&h->value), h->value.n, LANGUAGE_EN, &c->schema, &why);
        if (r == -EINVAL)
                error_set(err, "%s: its schema is none that is read here: %s", c->name, why.text);
        return r;
}

static int header_codec(struct container *c, struct container_header *h, struct error *err) {
        struct text name = {(const char *)h->value.bytes, h->value.n};

        h->has_codec = true;
        if (container_codec_find(name, &c->codec))
                return 0;
        error_set(err, "%s: its blocks are packed with a codec that is not read here; write it with deflate, snappy, zstandard or null", c->name);
        return -EINVAL;
}

static int header_entry(struct container *c, struct container_header *h, struct error *err) {
        int r = header_bytes(c, &h->key, err);

        if (r == 0)
                r = header_bytes(c, &h->value, err);
        if (r)
                return r;
        if (text_is((struct text){(const char *)h->key.bytes, h->key.n}, KEY_SCHEMA))
                return header_schema(c, h, err);
        if (text_is((struct text){(const char *)h->key.bytes, h->key.n}, KEY_CODEC))
                return header_codec(c, h, err);
        return 0;
}

static int header_entries(struct container *c, struct container_header *h, struct error *err) {
        for (;;) { /* each turn takes a byte at least, of CONTAINER_HEADER_MAX */
                uint64_t at = c->at;
                int64_t count, bytes;
                int r = container_number(c, &count, NULL, err);

                if (r || count == 0)
                        return r;
                if (count < 0 && (r = container_number(c, &bytes, NULL, err)))
                        return r;
                if (count == INT64_MIN || (count < 0 ? -count : count) > (int64_t)CONTAINER_HEADER_MAX)
                        return container_wrong(c, at, "no number of entries that a header can have", err);
                for (int64_t i = count < 0 ? -count : count; r == 0 && i > 0; i--)
                        r = header_entry(c, h, err);
                if (r)
                        return r;
        }
}

static int container_header(struct container *c, struct error *err) {
        CLEANUP(container_header_done) struct container_header h = {.key = BUFFER_INIT(CONTAINER_HEADER_MAX), .value = BUFFER_INIT(CONTAINER_HEADER_MAX)};
        int r = header_entries(c, &h, err);

        if (r == 0 && !h.has_schema)
                return container_wrong(c, c->at, "the header ends without " KEY_SCHEMA, err);
        return r ? r : container_sync(c, c->sync, err);
}

int container_open(FILE *in, const char *name, struct container **ret, struct error *err) {
        CLEANUP(container_free_p) struct container *c = calloc(1, sizeof(*c));
        int r;

        assert(in && name);
        error_set(err, "out of memory");
        if (!c)
                return -ENOMEM;
        *c = (struct container){.in = in, .name = strdup(name), .at = CONTAINER_MAGIC_BYTES};
        c->packed.max = c->plain.max = CONTAINER_BLOCK_MAX;
        r = c->name ? container_header(c, err) : -ENOMEM;
        if (r)
                return r;
        *ret = TAKE(c);
        return 0;
}

/* -- Blocks -- */

static int container_block(struct container *c, int64_t count, struct container_block *ret, struct error *err) {
        uint8_t sync[CONTAINER_SYNC_BYTES];
        uint64_t at = c->at;
        struct error why = {0};
        int64_t size;
        int r = container_number(c, &size, NULL, err);

        if (r)
                return r;
        if (size < 0 || (uint64_t)size > CONTAINER_BLOCK_MAX) {
                error_set(&why, "no size of a block; it may have %zu bytes", CONTAINER_BLOCK_MAX);
                return container_wrong(c, at, why.text, err);
        }
        buffer_clear(&c->packed);
        r = container_bytes(c, (size_t)size, &c->packed, err);
        if (r == 0)
                r = container_sync(c, sync, err);
        if (r)
                return r;
        if (memcmp(sync, c->sync, sizeof(sync)) != 0)
                return container_wrong(c, c->at - sizeof(sync), "the block does not end as it should: the file is damaged", err);
        if (c->codec != CONTAINER_NULL)
                r = container_unpack(c->codec, c->packed.bytes, c->packed.n, &c->plain, &why);
        if (r == -EINVAL)
                return container_wrong(c, ret->at, why.text, err);
        if (r)
                return r;
        ret->bytes = c->codec == CONTAINER_NULL ? c->packed.bytes : c->plain.bytes;
        ret->n = c->codec == CONTAINER_NULL ? c->packed.n : c->plain.n;
        ret->count = (uint64_t)count;
        if (ret->count > CONTAINER_EMPTY_MAX && ret->count > ret->n)
                return container_wrong(c, ret->at, "the block says that it has more data than bytes", err);
        ret->first = c->data + 1;
        c->data += ret->count;
        return 0;
}

int container_next(struct container *c, struct container_block *ret, struct error *err) {
        error_set(err, "%s: out of memory", c->name);
        for (;;) { /* each turn takes bytes of the stream, or ends */
                bool end = false;
                int64_t count = 0;
                int r;

                ret->at = c->at;
                r = container_number(c, &count, &end, err);
                if (r || end)
                        return r ? r : CONTAINER_E_END;
                if (count < 0)
                        return container_wrong(c, ret->at, "a block of fewer than no data", err);
                r = container_block(c, count, ret, err);
                if (r || ret->count > 0)
                        return r;
        }
}
