/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: container files of anybody are read, and ours are read by others; what is damaged is told with its place, whatever it is.
 * Method: files of ours and of avro-c, each read by both, with every codec; one file by hand, broken in every way that a header or a block can be,
 * and cut off at every byte; blocks that unpack to more than there may be.
 */

#include <avro.h>
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "avro/container.h"
#include "avro/container_write.h"
#include "avro/put.h"
#include "avro_fixture.h"
#include "base/file.h"

#define SCHEMA "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"n\",\"type\":\"long\"}]}"
#define DATA 20000
#define MADE_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define PATH_BYTES 64

struct bytes {
        char *p;
        size_t n;
};

static const char *const codecs[] = {"null", "deflate", "snappy"};

/* -- Data: the number, and as text -- */

static void put_datum(struct buffer *out, int64_t number) {
        char text[32];
        uint8_t *p = buffer_reserve(out, sizeof(text) + 2 * PUT_LONG_MAX);

        snprintf(text, sizeof(text), "datum %" PRId64, number);
        p = put_long(put_text(p, text_of(text)), number);
        out->n = (size_t)(p - out->bytes);
}

/* Reads all of a file; dies unless the data are the first @n numbers. */
static void read_ours(const void *file, size_t size, enum container_codec codec, int64_t n, const char *what) {
        CLEANUP(container_free_p) struct container *c = NULL;
        struct container_block block;
        struct error err = {0};
        int64_t number = 0;
        FILE *in = fmemopen((void *)(uintptr_t)file, size, "r");
        int r;

        ck_assert_msg(fseek(in, CONTAINER_MAGIC_BYTES, SEEK_SET) == 0 && container_open(in, "f.avro", &c, &err) == 0, "%s: %s", what, err.text);
        ck_assert_int_eq(container_codec_of(c), codec);
        while ((r = container_next(c, &block, &err)) == 0) {
                CLEANUP(buffer_done) struct buffer wanted = BUFFER_INIT(MADE_BYTES_MAX);

                ck_assert_uint_eq(block.first, (uint64_t)number + 1);
                for (uint64_t i = 0; i < block.count; i++)
                        put_datum(&wanted, number++);
                ck_assert_msg(block.n == wanted.n && memcmp(block.bytes, wanted.bytes, block.n) == 0, "%s: a block from datum %ju", what,
                              (uintmax_t)block.first);
        }
        ck_assert_msg(r == CONTAINER_E_END && number == n, "%s: %" PRId64 " data; %s", what, number, err.text);
        fclose(in);
}

static struct bytes write_ours(enum container_codec codec, int64_t n) {
        CLEANUP(container_writer_free_p) struct container_writer *w = NULL;
        struct bytes ret = {0};
        struct error err = {0};
        FILE *out = open_memstream(&ret.p, &ret.n);

        ck_assert_int_eq(container_writer_begin(out, SCHEMA, codec, &w, &err), 0);
        for (int64_t i = 0; i < n; i++) {
                put_datum(container_writer_buffer(w), i);
                ck_assert_int_eq(container_writer_added(w, &err), 0);
        }
        ck_assert_int_eq(container_writer_flush(w, &err), 0);
        fclose(out);
        return ret;
}

START_TEST(test_own) {
        enum container_codec codec = (enum container_codec)_i;
        struct bytes file = write_ours(codec, DATA), again = write_ours(codec, DATA);

        read_ours(file.p, file.n, codec, DATA, codecs[_i]);
        ck_assert_msg(file.n == again.n && memcmp(file.p, again.p, file.n) == 0, "the same data make the same file");
        free(file.p);
        free(again.p);
}
END_TEST

/* What was flushed can be gone on behind, as after a stop. */
START_TEST(test_resume) {
        struct bytes file = write_ours(CONTAINER_DEFLATE, 100), whole = {0};
        struct container_writer *w;
        struct error err = {0};
        FILE *out = open_memstream(&whole.p, &whole.n);

        fwrite(file.p, 1, file.n, out);
        ck_assert_int_eq(container_writer_resume(out, SCHEMA, CONTAINER_DEFLATE, &w), 0);
        for (int64_t i = 100; i < 300; i++) {
                put_datum(container_writer_buffer(w), i);
                ck_assert_int_eq(container_writer_added(w, &err), 0);
        }
        ck_assert_int_eq(container_writer_flush(w, &err), 0);
        container_writer_free(w);
        fclose(out);
        read_ours(whole.p, whole.n, CONTAINER_DEFLATE, 300, "resumed");
        free(whole.p);
        free(file.p);
}
END_TEST

START_TEST(test_full_disk) {
        struct container_writer *w;
        struct error err = {0};
        FILE *out = fopen("/dev/full", "w");
        int r = container_writer_begin(out, SCHEMA, CONTAINER_NULL, &w, &err);

        if (r == 0) {
                put_datum(container_writer_buffer(w), 1);
                ck_assert_int_eq(container_writer_added(w, &err), 0);
                r = container_writer_flush(w, &err);
                container_writer_free(w);
        }
        ck_assert_int_eq(r, -ENOSPC);
        ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
        fclose(out);
}
END_TEST

/* -- avro-c -- */

static char *temporary(char path[PATH_BYTES]) {
        int fd;

        snprintf(path, PATH_BYTES, "/tmp/test_container.XXXXXX");
        fd = mkstemp(path);
        ck_assert_int_ge(fd, 0);
        close(fd);
        return path;
}

static void set_datum(avro_value_t *value, int64_t number) {
        avro_value_t field;
        char text[32];

        snprintf(text, sizeof(text), "datum %" PRId64, number);
        avro_value_get_by_index(value, 0, &field, NULL);
        avro_value_set_string(&field, text);
        avro_value_get_by_index(value, 1, &field, NULL);
        avro_value_set_long(&field, number);
}

static void write_theirs(const char *path, const char *codec) {
        avro_file_writer_t w;
        avro_schema_t schema;
        avro_value_iface_t *iface;
        avro_value_t value;

        ck_assert_int_eq(avro_schema_from_json_length(SCHEMA, strlen(SCHEMA), &schema), 0);
        ck_assert_msg(avro_file_writer_create_with_codec(path, schema, &w, codec, 0) == 0, "%s: %s", codec, avro_strerror());
        iface = avro_generic_class_from_schema(schema);
        avro_generic_value_new(iface, &value);
        for (int64_t i = 0; i < DATA; i++) {
                set_datum(&value, i);
                ck_assert_int_eq(avro_file_writer_append_value(w, &value), 0);
        }
        ck_assert_int_eq(avro_file_writer_close(w), 0);
        avro_value_decref(&value);
        avro_value_iface_decref(iface);
        avro_schema_decref(schema);
}

static int64_t read_theirs(const char *path) {
        avro_file_reader_t reader;
        avro_value_iface_t *iface;
        avro_schema_t schema;
        avro_value_t value, field;
        int64_t n = 0, number;

        ck_assert_msg(avro_file_reader(path, &reader) == 0, "%s", avro_strerror());
        schema = avro_file_reader_get_writer_schema(reader);
        iface = avro_generic_class_from_schema(schema);
        avro_generic_value_new(iface, &value);
        while (avro_file_reader_read_value(reader, &value) == 0) {
                avro_value_get_by_index(&value, 1, &field, NULL);
                avro_value_get_long(&field, &number);
                ck_assert_int_eq(number, n);
                n++;
        }
        avro_value_decref(&value);
        avro_value_iface_decref(iface);
        avro_schema_decref(schema);
        avro_file_reader_close(reader);
        return n;
}

START_TEST(test_theirs) {
        char path[PATH_BYTES], *bytes;
        struct error err = {0};
        size_t n;

        write_theirs(temporary(path), codecs[_i]);
        ck_assert_int_eq(file_read(path, &bytes, &n, &err), 0);
        read_ours(bytes, n, (enum container_codec)_i, DATA, codecs[_i]);
        free(bytes);
        unlink(path);
}
END_TEST

START_TEST(test_read_by_theirs) {
        struct bytes file = write_ours((enum container_codec)_i, DATA);
        char path[PATH_BYTES];
        FILE *out = fopen(temporary(path), "w");

        fwrite(file.p, 1, file.n, out);
        fclose(out);
        ck_assert_int_eq(read_theirs(path), DATA);
        free(file.p);
        unlink(path);
}
END_TEST

/* -- By hand -- */

#define SYNC "0123456789abcdef"

struct made {
        const char *codec, *schema;
        int64_t count, size; /* size -1: as it is */
        const void *body;
        size_t n;
        const char *sync;
        bool twice; /* the schema stands there twice */
};

static void put_text_of(struct buffer *out, const char *s, size_t n) {
        uint8_t *p = buffer_reserve(out, n + PUT_LONG_MAX);

        out->n = (size_t)(put_text(p, (struct text){s, n}) - out->bytes);
}

static void put_number(struct buffer *out, int64_t number) {
        uint8_t *p = buffer_reserve(out, PUT_LONG_MAX);

        out->n = (size_t)(put_long(p, number) - out->bytes);
}

static void make(const struct made *m, struct buffer *out) {
        buffer_add(out, CONTAINER_MAGIC, CONTAINER_MAGIC_BYTES);
        put_number(out, (m->codec ? 1 : 0) + (m->schema ? 1 : 0) + (m->twice ? 1 : 0));
        for (int i = 0; m->schema && i < (m->twice ? 2 : 1); i++) {
                put_text_of(out, "avro.schema", 11);
                put_text_of(out, m->schema, strlen(m->schema));
        }
        if (m->codec) {
                put_text_of(out, "avro.codec", 10);
                put_text_of(out, m->codec, strlen(m->codec));
        }
        put_number(out, 0);
        buffer_add(out, SYNC, CONTAINER_SYNC_BYTES);
        put_number(out, m->count);
        put_number(out, m->size == -1 ? (int64_t)m->n : m->size);
        buffer_add(out, m->body, m->n);
        buffer_add_text(out, m->sync);
}

/* Reads to the end. Return: CONTAINER_E_END or what stopped it. */
static int read_bytes(const uint8_t *bytes, size_t n, uint64_t *ret_data, struct error *err) {
        CLEANUP(container_free_p) struct container *c = NULL;
        CLEANUP(cleanup_free) uint8_t *exact = malloc(n + 1); /* so that a sanitizer sees what is read behind it */
        struct container_block block;
        FILE *in;
        int r;

        memcpy(exact, bytes, n);
        in = n ? fmemopen(exact, n, "r") : fopen("/dev/null", "r");
        *ret_data = 0;
        r = container_open(in, "f.avro", &c, err);
        while (r == 0 && (r = container_next(c, &block, err)) == 0)
                *ret_data += block.count;
        fclose(in);
        return r;
}

static const struct {
        struct made made;
        const char *says; /* NULL: it is right */
} wrongs[] = {
        {{"null", SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC}, NULL},
        {{NULL, SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC}, NULL},
        {{"lzma", SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC}, "codec that is not read here; write it with deflate, snappy, zstandard or null"},
        {{"", SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC}, "codec that is not read here"},
        {{"null", NULL, 1, -1, "\x02" "a\x02", 3, SYNC}, "the header ends without avro.schema"},
        {{"null", "{\"type\":", 1, -1, "\x02" "a\x02", 3, SYNC}, "its schema is none that is read here"},
        {{"null", SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC, true}, "the header has two schemas"},
        {{"null", SCHEMA, 1, -1, "\x02" "a\x02", 3, "0123456789abcdeX"}, "does not end as it should"},
        {{"null", SCHEMA, 1, 2, "\x02" "a\x02", 3, SYNC}, "does not end as it should"},
        {{"null", SCHEMA, 1, 4, "\x02" "a\x02", 3, SYNC}, "cut off"},
        {{"null", SCHEMA, 1, -2, "\x02" "a\x02", 3, SYNC}, "no size of a block"},
        {{"null", SCHEMA, 1, INT64_C(1) << 40, "\x02" "a\x02", 3, SYNC}, "no size of a block"},
        {{"null", SCHEMA, 1, (int64_t)CONTAINER_BLOCK_MAX, "\x02" "a\x02", 3, SYNC}, "cut off"},
        {{"null", SCHEMA, -1, -1, "\x02" "a\x02", 3, SYNC}, "fewer than no data"},
        {{"null", SCHEMA, CONTAINER_EMPTY_MAX + 1, -1, "\x02" "a\x02", 3, SYNC}, "more data than bytes"},
        {{"null", SCHEMA, INT64_MAX, -1, "\x02" "a\x02", 3, SYNC}, "more data than bytes"},
        {{"deflate", SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC}, "its deflate bytes"},
        {{"deflate", SCHEMA, 1, -1, "", 0, SYNC}, "its deflate bytes end too early"},
        {{"deflate", SCHEMA, 1, -1, "\x01\x03\x00\xfc\xff\x02" "a\x02", 8, SYNC}, NULL},
        {{"deflate", SCHEMA, 1, -1, "\x01\x03\x00\xfc\xff\x02" "a\x02" "xyz", 11, SYNC}, NULL}, /* Python's avro leaves such behind */
        {{"deflate", SCHEMA, 1, -1, "\x01\x03\x00\xfc\xff\x02" "a", 7, SYNC}, "its deflate bytes end too early"},
        {{"deflate", SCHEMA, 1, -1, "\x01\x03\x00\xfc\xfe\x02" "a\x02", 8, SYNC}, "its deflate bytes are damaged"},
        {{"snappy", SCHEMA, 1, -1, "\x03\x08\x02" "a\x02" "\x00\x00\x00\x00", 9, SYNC}, "do not have the checksum"},
        {{"snappy", SCHEMA, 1, -1, "\x03", 1, SYNC}, "its snappy bytes are damaged"},
        {{"snappy", SCHEMA, 1, -1, "\xff\xff\xff\x1f\x08\x02" "a\x02" "\x00\x00\x00\x00", 12, SYNC}, "its snappy bytes are damaged"},
        {{"zstandard", SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC}, "its zstandard bytes"},
};

START_TEST(test_wrong) {
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MADE_BYTES_MAX);
        struct error err = {0};
        uint64_t data;
        int r;

        make(&wrongs[_i].made, &file);
        r = read_bytes(file.bytes + CONTAINER_MAGIC_BYTES, file.n - CONTAINER_MAGIC_BYTES, &data, &err);
        if (!wrongs[_i].says) {
                ck_assert_msg(r == CONTAINER_E_END && data == 1, "row %d: %s", _i, err.text);
                return;
        }
        ck_assert_int_eq(r, -EINVAL);
        ck_assert_msg(strncmp(err.text, "f.avro: ", 8) == 0 && strstr(err.text, wrongs[_i].says), "row %d: %s", _i, err.text);
}
END_TEST

/* Cut off at every byte: told where, unless that is between two blocks. */
START_TEST(test_cut) {
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MADE_BYTES_MAX);
        size_t header;

        make(&(struct made){"null", SCHEMA, 1, -1, "\x02" "a\x02", 3, SYNC}, &file);
        header = file.n - CONTAINER_SYNC_BYTES - 3 - 2;
        for (size_t n = CONTAINER_MAGIC_BYTES; n < file.n; n++) {
                struct error err = {0};
                char at[64];
                uint64_t data;
                int r = read_bytes(file.bytes + CONTAINER_MAGIC_BYTES, n - CONTAINER_MAGIC_BYTES, &data, &err);

                snprintf(at, sizeof(at), "f.avro: byte %zu: the file is cut off here", n);
                if (n == header)
                        ck_assert_int_eq(r, CONTAINER_E_END);
                else
                        ck_assert_msg(r == -EINVAL && strcmp(err.text, at) == 0, "%zu: %s", n, err.text);
        }
}
END_TEST

/* -- What unpacks to too much -- */

/* More than a block may have, of zeros. */
static void bomb(const char *codec, struct buffer *out) {
        size_t n = CONTAINER_BLOCK_MAX + 1, room = n / 64;
        uint8_t *zeros = calloc(n, 1), *p = buffer_reserve(out, room);
        z_stream stream = {.next_in = zeros, .avail_in = (uInt)n, .next_out = p, .avail_out = (uInt)room};

        if (strcmp(codec, "deflate") == 0) {
                deflateInit2(&stream, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
                ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
                out->n = stream.total_out;
                deflateEnd(&stream);
        } else {
                out->n = ZSTD_compress(p, room, zeros, n, 1);
        }
        free(zeros);
}

static const char *const packers[] = {"deflate", "zstandard"};

START_TEST(test_bomb) {
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MADE_BYTES_MAX), packed = BUFFER_INIT(MADE_BYTES_MAX);
        struct error err = {0};
        uint64_t data;

        bomb(packers[_i], &packed);
        make(&(struct made){packers[_i], SCHEMA, 1, -1, packed.bytes, packed.n, SYNC}, &file);
        ck_assert_int_eq(read_bytes(file.bytes + CONTAINER_MAGIC_BYTES, file.n - CONTAINER_MAGIC_BYTES, &data, &err), -EINVAL);
        ck_assert_msg(strstr(err.text, "unpacks to more than 67108864 bytes"), "%s", err.text);
}
END_TEST

START_TEST(test_zstandard) {
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MADE_BYTES_MAX), plain = BUFFER_INIT(MADE_BYTES_MAX), packed = BUFFER_INIT(MADE_BYTES_MAX);
        uint8_t *p = buffer_reserve(&packed, 1000000);

        for (int64_t i = 0; i < DATA; i++)
                put_datum(&plain, i);
        packed.n = ZSTD_compress(p, 1000000, plain.bytes, plain.n, 3);
        ck_assert(!ZSTD_isError(packed.n));
        make(&(struct made){"zstandard", SCHEMA, DATA, -1, packed.bytes, packed.n, SYNC}, &file);
        read_ours(file.bytes, file.n, CONTAINER_ZSTANDARD, DATA, "zstandard");
}
END_TEST

/* The header of others may count its bytes, and have entries of their own. */
START_TEST(test_header) {
        CLEANUP(buffer_done) struct buffer b = BUFFER_INIT(MADE_BYTES_MAX);
        struct error err = {0};
        uint64_t data;

        put_number(&b, -2);
        put_number(&b, 100);
        put_text_of(&b, "avro.schema", 11);
        put_text_of(&b, SCHEMA, strlen(SCHEMA));
        put_text_of(&b, "pandas", 6);
        put_text_of(&b, "\xff\x00\x01", 3);
        put_number(&b, 1);
        put_text_of(&b, "", 0);
        put_text_of(&b, "", 0);
        put_number(&b, 0);
        buffer_add(&b, SYNC, CONTAINER_SYNC_BYTES);
        ck_assert_msg(read_bytes(b.bytes, b.n, &data, &err) == CONTAINER_E_END && data == 0, "%s", err.text);
        buffer_clear(&b);
        put_number(&b, INT64_MIN);
        ck_assert_int_eq(read_bytes(b.bytes, b.n, &data, &err), -EINVAL);
        buffer_clear(&b);
        put_number(&b, 1);
        put_number(&b, (int64_t)CONTAINER_HEADER_MAX + 1);
        ck_assert_int_eq(read_bytes(b.bytes, b.n, &data, &err), -EINVAL);
        ck_assert_msg(strstr(err.text, "no length that a header can have"), "%s", err.text);
}
END_TEST

int main(void) {
        Suite *s = suite_create("container");
        TCase *t = tcase_create("container");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_loop_test(t, test_own, 0, ELEMENTS(codecs));
        tcase_add_test(t, test_resume);
        tcase_add_test(t, test_full_disk);
        tcase_add_loop_test(t, test_theirs, 0, ELEMENTS(codecs));
        tcase_add_loop_test(t, test_read_by_theirs, 0, ELEMENTS(codecs));
        tcase_add_loop_test(t, test_wrong, 0, ELEMENTS(wrongs));
        tcase_add_test(t, test_cut);
        tcase_add_loop_test(t, test_bomb, 0, ELEMENTS(packers));
        tcase_add_test(t, test_zstandard);
        tcase_add_test(t, test_header);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
