/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: bytes that are right come back as they were, and avro-c agrees; bytes that are wrong are told,
 * whatever they are, without a byte of memory. Method: random records of every schema that we ship,
 * against avro-c in both directions; tables of hostile bytes; every cut of a valid record; the n-th
 * allocation fails.
 */

#include "avro_fixture.h"

#include <avro.h>
#include <errno.h>
#include <unistd.h>

#include "avro/framing.h"
#include "base/file.h"

#define RECORDS_EACH 60
#define MUTATIONS 20000
#define TEXT_RANDOM_MAX 40

/* ---- The linker sends the allocations of our own code here (tests/meson.build). ---- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static struct {
        long count, fail_at; /* fail_at < 0: never */
} allocations = {0, -1};

static bool allocation_fails(void) {
        return allocations.count++ == allocations.fail_at;
}

void *__wrap_malloc(size_t n) {
        return allocation_fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n) {
        return allocation_fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n) {
        return allocation_fails() ? NULL : __real_realloc(p, n);
}

/* ---- One schema, ours and theirs ---- */

struct pair {
        struct schema_file *file;
        struct layout *layout;
        struct program *program;
        avro_schema_t schema;
        avro_value_iface_t *iface;
};

static void pair_open(struct pair *p, struct schema_file *file) {
        p->file = file;
        p->layout = fixture_layout(file);
        p->program = fixture_program(file, p->layout);
        ck_assert_int_eq(avro_schema_from_json_length(schema_json(file), strlen(schema_json(file)), &p->schema), 0);
        p->iface = avro_generic_class_from_schema(p->schema);
}

static void pair_close(struct pair *p) {
        avro_value_iface_decref(p->iface);
        avro_schema_decref(p->schema);
        program_free(p->program);
        layout_free(p->layout);
        schema_free(p->file);
}

/* ---- Random records ---- */

static uint64_t random64(unsigned *seed) {
        uint64_t bits = 0;

        for (int i = 0; i < 5; i++)
                bits = bits << 15 ^ (uint64_t)(rand_r(seed) & 0x7fff);
        return bits >> (rand_r(seed) % 64); /* small ones as often as large ones */
}

static struct text random_text(unsigned *seed, char *at) {
        static const char *const letters[] = {"a", "Z", "-", "\xc3\xab", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "0", "\\", "\"", "\n"};
        size_t n = 0;

        for (int left = rand_r(seed) % (TEXT_RANDOM_MAX / 4); left > 0; left--) {
                const char *letter = letters[rand_r(seed) % (int)ELEMENTS(letters)];

                memcpy(at + n, letter, strlen(letter));
                n += strlen(letter);
        }
        return (struct text){at, n};
}

static void random_slots(unsigned *seed, const struct layout *layout, struct slot *slots, char (*texts)[TEXT_RANDOM_MAX]) {
        for (size_t i = 0; i < layout->n; i++) {
                const struct layout_field *f = &layout->fields[i];
                int64_t bits = (int64_t)random64(seed);

                bits = rand_r(seed) % 2 ? bits : -bits;
                if (f->nullable && rand_r(seed) % 3 == 0) {
                        slots[i] = (struct slot){.kind = SLOT_NULL};
                } else if (f->type == LAYOUT_BOOLEAN) {
                        slots[i] = (struct slot){.kind = SLOT_BOOLEAN, .i = bits & 1};
                } else if (f->type == LAYOUT_INT || f->type == LAYOUT_DATE) {
                        slots[i] = (struct slot){.kind = SLOT_INT, .i = (int32_t)bits};
                } else if (f->type == LAYOUT_LONG || f->type == LAYOUT_TIMESTAMP) {
                        slots[i] = (struct slot){.kind = SLOT_INT, .i = bits};
                } else if (f->type == LAYOUT_ENUM) {
                        slots[i] = (struct slot){.kind = SLOT_INT, .i = (int64_t)((uint64_t)bits % f->n_symbols)};
                } else if (f->type == LAYOUT_FLOAT) {
                        slots[i] = (struct slot){.kind = SLOT_DOUBLE, .d = (double)((float)bits / 3)};
                } else if (f->type == LAYOUT_DOUBLE) {
                        slots[i] = (struct slot){.kind = SLOT_DOUBLE, .d = (double)bits / 3};
                } else if (f->type == LAYOUT_STRING) {
                        slots[i] = (struct slot){.kind = SLOT_STRING, .s = random_text(seed, texts[i])};
                } else {
                        slots[i] = (struct slot){.kind = SLOT_UUID};
                        for (size_t k = 0; k < 16; k++)
                                slots[i].u.bytes[k] = (uint8_t)rand_r(seed);
                }
        }
}

/* ---- avro-c's value of a record ---- */

static void theirs_set(avro_value_t *v, const struct layout_field *f, const struct slot *slot) {
        char uuid[UUID_TEXT + 1];
        avro_value_t branch = *v;

        if (f->nullable)
                ck_assert_int_eq(avro_value_set_branch(v, slot->kind == SLOT_NULL ? f->null_branch : 1 - f->null_branch, &branch), 0);
        if (slot->kind == SLOT_NULL)
                ck_assert_int_eq(avro_value_set_null(&branch), 0);
        else if (f->type == LAYOUT_BOOLEAN)
                ck_assert_int_eq(avro_value_set_boolean(&branch, (int)slot->i), 0);
        else if (f->type == LAYOUT_INT || f->type == LAYOUT_DATE)
                ck_assert_int_eq(avro_value_set_int(&branch, (int32_t)slot->i), 0);
        else if (f->type == LAYOUT_LONG || f->type == LAYOUT_TIMESTAMP)
                ck_assert_int_eq(avro_value_set_long(&branch, slot->i), 0);
        else if (f->type == LAYOUT_ENUM)
                ck_assert_int_eq(avro_value_set_enum(&branch, (int)slot->i), 0);
        else if (f->type == LAYOUT_FLOAT)
                ck_assert_int_eq(avro_value_set_float(&branch, (float)slot->d), 0);
        else if (f->type == LAYOUT_DOUBLE)
                ck_assert_int_eq(avro_value_set_double(&branch, slot->d), 0);
        else if (f->type == LAYOUT_UUID_FIXED)
                ck_assert_int_eq(avro_value_set_fixed(&branch, (void *)slot->u.bytes, 16), 0);
        if (slot->kind == SLOT_STRING || (slot->kind == SLOT_UUID && f->type == LAYOUT_UUID)) {
                char text[TEXT_RANDOM_MAX + 1] = "";

                if (slot->kind == SLOT_UUID)
                        uuid_format(&slot->u, uuid);
                snprintf(text, sizeof(text), "%.*s", slot->kind == SLOT_UUID ? UUID_TEXT : (int)slot->s.n, slot->kind == SLOT_UUID ? uuid : slot->s.s);
                ck_assert_int_eq(avro_value_set_string(&branch, text), 0);
        }
}

static void theirs_number(avro_value_t *v, const struct layout_field *f, struct slot *ret) {
        int32_t i;
        int choice;
        float single;

        ret->kind = SLOT_INT;
        if (f->type == LAYOUT_BOOLEAN) {
                ck_assert_int_eq(avro_value_get_boolean(v, &choice), 0);
                *ret = (struct slot){.kind = SLOT_BOOLEAN, .i = choice};
        } else if (f->type == LAYOUT_INT || f->type == LAYOUT_DATE) {
                ck_assert_int_eq(avro_value_get_int(v, &i), 0);
                ret->i = i;
        } else if (f->type == LAYOUT_ENUM) {
                ck_assert_int_eq(avro_value_get_enum(v, &choice), 0);
                ret->i = choice;
        } else if (f->type == LAYOUT_FLOAT) {
                ck_assert_int_eq(avro_value_get_float(v, &single), 0);
                *ret = (struct slot){.kind = SLOT_DOUBLE, .d = (double)single};
        } else if (f->type == LAYOUT_DOUBLE) {
                ret->kind = SLOT_DOUBLE;
                ck_assert_int_eq(avro_value_get_double(v, &ret->d), 0);
        } else {
                ck_assert_int_eq(avro_value_get_long(v, &ret->i), 0);
        }
}

static struct slot theirs_get(avro_value_t *v, const struct layout_field *f) {
        struct slot ret = {.kind = SLOT_NULL};
        avro_value_t branch = *v;
        const char *text = NULL;
        const void *bytes;
        size_t n;
        int index;

        if (f->nullable) {
                ck_assert_int_eq(avro_value_get_discriminant(v, &index), 0);
                if (index == f->null_branch)
                        return ret;
                ck_assert_int_eq(avro_value_get_current_branch(v, &branch), 0);
        }
        if (f->type == LAYOUT_STRING || f->type == LAYOUT_UUID) {
                ck_assert_int_eq(avro_value_get_string(&branch, &text, &n), 0);
                ret = (struct slot){.kind = SLOT_STRING, .s = {text, n - 1}}; /* theirs counts the NUL */
                if (f->type == LAYOUT_UUID) {
                        ck_assert(uuid_parse(text, n - 1, &ret.u));
                        ret.kind = SLOT_UUID;
                }
        } else if (f->type == LAYOUT_UUID_FIXED) {
                ret.kind = SLOT_UUID;
                ck_assert_int_eq(avro_value_get_fixed(&branch, &bytes, &n), 0);
                ck_assert_uint_eq(n, 16);
                memcpy(ret.u.bytes, bytes, 16);
        } else {
                theirs_number(&branch, f, &ret);
        }
        return ret;
}

static void assert_same(const struct layout *layout, const struct slot *a, const struct slot *b) {
        char x[256], y[256];

        for (size_t i = 0; i < layout->n; i++)
                ck_assert_msg(slot_equal(&a[i], &b[i]), "%s: %s, not %s", layout->fields[i].name, fixture_word(&a[i], x, sizeof(x)),
                              fixture_word(&b[i], y, sizeof(y)));
}

/* Random records: ours read by them, theirs read by us, and byte for byte the same. */
static void agree(const struct pair *p, unsigned *seed) {
        char texts[LAYOUT_SLOTS_MAX][TEXT_RANDOM_MAX];
        struct slot slots[LAYOUT_SLOTS_MAX], again[LAYOUT_SLOTS_MAX];
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX);
        static char bytes[FIXTURE_BYTES_MAX];
        avro_reader_t reader = avro_reader_memory(bytes, 0);
        avro_writer_t writer = avro_writer_memory(bytes, sizeof(bytes));
        avro_value_t value, field;
        struct error err = {0};

        ck_assert_int_eq(avro_generic_value_new(p->iface, &value), 0);
        for (int round = 0; round < RECORDS_EACH; round++) {
                random_slots(seed, p->layout, slots, texts);
                buffer_clear(&b);
                record_encode(p->layout, slots, &b);
                ck_assert(!b.failed);
                ck_assert_msg(record_decode(p->program, b.bytes, b.n, again, &err) == 0, "%s", err.text);
                assert_same(p->layout, again, slots);

                avro_value_reset(&value);
                avro_reader_memory_set_source(reader, (char *)b.bytes, (int64_t)b.n);
                ck_assert_msg(avro_value_read(reader, &value) == 0, "%s", avro_strerror());
                for (size_t i = 0; i < p->layout->n; i++) {
                        ck_assert_int_eq(avro_value_get_by_index(&value, i, &field, NULL), 0);
                        again[i] = theirs_get(&field, &p->layout->fields[i]);
                }
                assert_same(p->layout, again, slots);

                avro_value_reset(&value);
                for (size_t i = 0; i < p->layout->n; i++) {
                        ck_assert_int_eq(avro_value_get_by_index(&value, i, &field, NULL), 0);
                        theirs_set(&field, &p->layout->fields[i], &slots[i]);
                }
                avro_writer_reset(writer);
                ck_assert_int_eq(avro_value_write(writer, &value), 0);
                ck_assert_uint_eq((size_t)avro_writer_tell(writer), b.n);
                ck_assert_mem_eq(bytes, b.bytes, b.n);
        }
        avro_value_decref(&value);
        avro_writer_free(writer);
        avro_reader_free(reader);
        buffer_done(&b);
}

/* Every type there is, plain and nullable both ways round. */
#define EVERY                                                                                                                   \
        "{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"i\",\"type\":\"int\"},{\"name\":\"l\",\"type\":\"long\"},"           \
        "{\"name\":\"f\",\"type\":\"float\"},{\"name\":\"d\",\"type\":\"double\"},{\"name\":\"s\",\"type\":\"string\"},"        \
        "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\",\"C\"]}},"                         \
        "{\"name\":\"u\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},"                                             \
        "{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"}},"                   \
        "{\"name\":\"nb\",\"type\":[\"null\",\"boolean\"]},{\"name\":\"ni\",\"type\":[\"int\",\"null\"]},"                      \
        "{\"name\":\"nd\",\"type\":[\"null\",\"double\"]},{\"name\":\"ns\",\"type\":[\"string\",\"null\"]},"                    \
        "{\"name\":\"ne\",\"type\":[\"null\",\"E\"]},{\"name\":\"nx\",\"type\":[\"U\",\"null\"]},"                              \
        "{\"name\":\"nu\",\"type\":[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}]},"                                 \
        "{\"name\":\"on\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"                                               \
        "{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}"

static unsigned fresh_seed(void) {
        const char *given = getenv("SEED");
        unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)(uintptr_t)&given ^ (unsigned)getpid();

        printf("SEED=%u\n", seed);
        return seed;
}

START_TEST(test_avro_c_agrees) {
        char folder[1024], path[2048];
        unsigned seed = fresh_seed();
        struct error err = {0};
        char **names = NULL;
        size_t n = 0;
        struct pair p;

        pair_open(&p, fixture_schema(EVERY));
        agree(&p, &seed);
        pair_close(&p);
        snprintf(folder, sizeof(folder), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_msg(folder_names(folder, ".avsc", &names, &n, &err) == 0, "%s", err.text);
        ck_assert_uint_gt(n, 0);
        for (size_t i = 0; i < n; i++) {
                struct schema_file *file = NULL;

                snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
                ck_assert_msg(schema_read(path, LANGUAGE_EN, &file, &err) == 0, "%s", err.text);
                pair_open(&p, file);
                agree(&p, &seed);
                pair_close(&p);
        }
        folder_names_free(names);
}
END_TEST

/* ---- Hostile bytes ---- */

#define HOSTILE                                                                                                        \
        "{\"name\":\"i\",\"type\":\"int\"},{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"b\",\"type\":\"boolean\"},"  \
        "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}},"                        \
        "{\"name\":\"n\",\"type\":[\"null\",\"long\"]},"                                                                \
        "{\"name\":\"u\",\"type\":[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}]}"

static const struct {
        const char *hex;
        int r;
        const char *sentence;
} hostile[] = {
        {"02 0261 01 00 00 00", 0, ""},
        {"02 0261 01 00 00 00 00", RECORD_E_LONG, "byte 7 of 8: bytes are left over behind the record"},
        {"", RECORD_E_SHORT, "field 'i', byte 0 of 0: the bytes end too early"},
        {"8080808010 0261 01 00 00 00", RECORD_E_VALUE, "field 'i', byte 0 of 11: not a value that can stand here"},    /* 2^31 */
        {"ffffffffffffffffffff01 00", RECORD_E_VALUE, "field 'i', byte 0"},                                              /* eleven bytes */
        {"ffffffffffffffffff02 00", RECORD_E_VALUE, "field 'i', byte 0"},                                                /* 65 bits */
        {"ffffffffffffffffff", RECORD_E_SHORT, "field 'i', byte 0"},
        {"02 01", RECORD_E_VALUE, "field 's', byte 1 of 2: not a value"},                                                /* length -1 */
        {"02 80808080808001", RECORD_E_VALUE, "field 's', byte 1"},                                                      /* 2^41 */
        {"02 feffffffffffffffff01", RECORD_E_VALUE, "field 's', byte 1"},                                                /* 2^63 - 1 */
        {"02 ffffffffffffffffff01", RECORD_E_VALUE, "field 's', byte 1"},                                                /* -2^63 */
        {"02 828008", RECORD_E_VALUE, "field 's', byte 1"},                                                              /* 65,537 */
        {"02 808008", RECORD_E_SHORT, "field 's', byte 1"},                                                              /* 65,536, not there */
        {"02 0461", RECORD_E_SHORT, "field 's', byte 1"},
        {"02 02ff 01 00 00 00", RECORD_E_VALUE, "field 's', byte 1"},
        {"02 04c080 01 00 00 00", RECORD_E_VALUE, "field 's', byte 1"},                                                  /* overlong NUL */
        {"02 06eda080 01 00 00 00", RECORD_E_VALUE, "field 's', byte 1"},                                                /* a surrogate */
        {"02 02c3 01 00 00 00", RECORD_E_VALUE, "field 's', byte 1"},                                                    /* half a letter */
        {"02 0261 07 00 00 00", RECORD_E_VALUE, "field 'b', byte 3"},
        {"02 0261 02 00 00 00", RECORD_E_VALUE, "field 'b', byte 3"},
        {"02 0261 01 04 00 00", RECORD_E_VALUE, "field 'e', byte 4"},
        {"02 0261 01 64 00 00", RECORD_E_VALUE, "field 'e', byte 4"},
        {"02 0261 01 01 00 00", RECORD_E_VALUE, "field 'e', byte 4"},
        {"02 0261 01 00 04 00", RECORD_E_VALUE, "field 'n', byte 5"},
        {"02 0261 01 00 01 00", RECORD_E_VALUE, "field 'n', byte 5"},
        {"02 0261 01 00 feffffffffffffffff01 00", RECORD_E_VALUE, "field 'n', byte 5"},
        {"02 0261 01 00 00 02 0461", RECORD_E_SHORT, "field 'u', byte 7"},
        {"02 0261 01 00 00 02 046161", RECORD_E_VALUE, "field 'u', byte 7"},
        {"02 0261 01 00 00 02 48 3646316432633165 2d38613533 2d35643062 2d39623537 2d326630663666306337613131", RECORD_E_VALUE, "field 'u', byte 7"},
};

START_TEST(test_hostile_bytes) {
        struct schema_file *file = fixture_schema(HOSTILE);
        struct layout *layout = fixture_layout(file);
        struct program *program = fixture_program(file, layout);
        struct slot slots[6];
        struct error err = {0};
        uint8_t *bytes = malloc(strlen(hostile[_i].hex) / 2 + 1), *exact;
        size_t n = fixture_hex(hostile[_i].hex, bytes);

        exact = malloc(n ? n : 1); /* so that a sanitizer sees the first byte behind */
        memcpy(exact, bytes, n);
        ck_assert_int_eq(record_decode(program, exact, n, slots, &err), hostile[_i].r);
        ck_assert_msg(strncmp(err.text, hostile[_i].sentence, strlen(hostile[_i].sentence)) == 0, "%s", err.text);
        ck_assert_int_eq(record_decode(program, exact, n, slots, NULL), hostile[_i].r);
        free(exact);
        free(bytes);
        program_free(program);
        layout_free(layout);
        schema_free(file);
}
END_TEST

/* One letter of two bytes, whole and cut in half, at every place of texts of every length, with and without bytes behind. */
START_TEST(test_text_is_looked_at_everywhere) {
        struct schema_file *file = fixture_schema("{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"d\",\"type\":[\"null\",\"double\"]}");
        struct layout *layout = fixture_layout(file);
        struct program *program = fixture_program(file, layout);
        struct slot slots[2];

        for (size_t n = 0; n <= 40; n++) {
                for (size_t at = 0; at <= n; at++) { /* at == n: plain */
                        for (int behind = 0; behind < 2; behind++) {
                                size_t size = 1 + n + (behind ? 9 : 1);
                                uint8_t *body = calloc(1, size);
                                bool whole = at + 1 < n;

                                body[0] = (uint8_t)(n << 1);
                                memset(body + 1, 'a', n);
                                body[1 + n] = behind ? 2 : 0;
                                ck_assert_int_eq(record_decode(program, body, size, slots, NULL), 0);
                                ck_assert(slots[0].kind == SLOT_STRING && slots[0].s.n == n && slots[0].s.s == (char *)body + 1);
                                if (at < n)
                                        body[1 + at] = 0xc3;
                                if (at < n)
                                        ck_assert_int_eq(record_decode(program, body, size, slots, NULL), RECORD_E_VALUE);
                                if (whole)
                                        body[2 + at] = 0xa9;
                                if (whole)
                                        ck_assert_int_eq(record_decode(program, body, size, slots, NULL), 0);
                                free(body);
                        }
                }
        }
        program_free(program);
        layout_free(layout);
        schema_free(file);
}
END_TEST

/* Numbers of every length, with their neighbours. */
START_TEST(test_numbers_of_every_length) {
        struct schema_file *file = fixture_schema("{\"name\":\"l\",\"type\":\"long\"},{\"name\":\"m\",\"type\":\"long\"}");
        struct layout *layout = fixture_layout(file);
        struct program *program = fixture_program(file, layout);
        struct buffer b = BUFFER_INIT(256);
        struct slot slots[2], again[2];

        for (unsigned bit = 0; bit < 64; bit++) {
                for (int64_t near = -2; near <= 2; near++) {
                        int64_t value = (int64_t)((UINT64_C(1) << bit) + (uint64_t)near);
                        size_t n = 1;

                        for (uint64_t z = (uint64_t)value << 1 ^ (uint64_t)(value >> 63); z >= 0x80; z >>= 7)
                                n++;
                        slots[0] = (struct slot){.kind = SLOT_INT, .i = value};
                        slots[1] = (struct slot){.kind = SLOT_INT, .i = ~value};
                        buffer_clear(&b);
                        record_encode(layout, slots, &b);
                        ck_assert_int_eq(record_decode(program, b.bytes, b.n, again, NULL), 0);
                        assert_same(layout, again, slots);
                        for (size_t i = 0; i < n; i++)
                                ck_assert_int_eq(b.bytes[i] >= 0x80, i + 1 < n);
                }
        }
        buffer_done(&b);
        program_free(program);
        layout_free(layout);
        schema_free(file);
}
END_TEST

/* A record of every type, encoded. */
static void sample(const struct layout *layout, struct buffer *b, unsigned *seed) {
        char texts[LAYOUT_SLOTS_MAX][TEXT_RANDOM_MAX];
        struct slot slots[LAYOUT_SLOTS_MAX];

        random_slots(seed, layout, slots, texts);
        record_encode(layout, slots, b);
        ck_assert(!b->failed);
}

START_TEST(test_every_cut_is_short) {
        struct schema_file *file = fixture_schema(EVERY);
        struct layout *layout = fixture_layout(file);
        struct program *program = fixture_program(file, layout);
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX);
        struct slot slots[LAYOUT_SLOTS_MAX];
        unsigned seed = fresh_seed();

        for (int round = 0; round < 20; round++) {
                buffer_clear(&b);
                sample(layout, &b, &seed);
                for (size_t n = 0; n < b.n; n++) {
                        uint8_t *exact = malloc(n ? n : 1);

                        memcpy(exact, b.bytes, n);
                        ck_assert_int_eq(record_decode(program, exact, n, slots, NULL), RECORD_E_SHORT);
                        free(exact);
                }
                buffer_add_byte(&b, 0);
                ck_assert_int_eq(record_decode(program, b.bytes, b.n, slots, NULL), RECORD_E_LONG);
        }
        buffer_done(&b);
        program_free(program);
        layout_free(layout);
        schema_free(file);
}
END_TEST

START_TEST(test_changed_bytes_are_refused_or_read_the_same_again) {
        struct schema_file *file = fixture_schema(EVERY);
        struct layout *layout = fixture_layout(file);
        struct program *program = fixture_program(file, layout);
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX), again = BUFFER_INIT(FIXTURE_BYTES_MAX);
        struct slot slots[LAYOUT_SLOTS_MAX], slots_again[LAYOUT_SLOTS_MAX];
        unsigned seed = fresh_seed();

        for (int round = 0; round < MUTATIONS; round++) {
                int r;

                buffer_clear(&b);
                sample(layout, &b, &seed);
                for (int changes = 1 + rand_r(&seed) % 3; changes > 0; changes--)
                        b.bytes[(size_t)rand_r(&seed) % b.n] = (uint8_t)rand_r(&seed);
                r = record_decode(program, b.bytes, b.n, slots, NULL);
                ck_assert(r >= 0 && r <= RECORD_E_LONG);
                if (r)
                        continue;
                buffer_clear(&again);
                record_encode(layout, slots, &again);
                ck_assert_int_eq(record_decode(program, again.bytes, again.n, slots_again, NULL), 0);
                assert_same(layout, slots_again, slots);
        }
        buffer_done(&again);
        buffer_done(&b);
        program_free(program);
        layout_free(layout);
        schema_free(file);
}
END_TEST

/* What the reader does not know is bounded too. The reader knows nothing: the whole body is passed over. */
static const struct {
        const char *type, *hex;
        int r;
} skipped[] = {
        {"{\"type\":\"array\",\"items\":\"null\"}", "b0f979 00", 0},                       /* 999,000 nulls */
        {"{\"type\":\"array\",\"items\":\"null\"}", "808080808080 01 00", RECORD_E_VALUE}, /* 2^41 of them */
        {"{\"type\":\"array\",\"items\":\"null\"}", "b0f979 b0f979 00", RECORD_E_VALUE},   /* in two blocks */
        {"{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"null\"}}", "04 b0f979 00 b0f979 00 00", RECORD_E_VALUE},
        {"{\"type\":\"array\",\"items\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":0}}", "80808010 00", RECORD_E_VALUE},
        {"{\"type\":\"array\",\"items\":\"int\"}", "ffffffffffffffffff01 00 00", RECORD_E_VALUE}, /* -2^63 items */
        {"{\"type\":\"array\",\"items\":\"int\"}", "01 01 00 00", RECORD_E_VALUE},                /* a block of -1 bytes */
        {"{\"type\":\"array\",\"items\":\"int\"}", "01 80808010 00 00", RECORD_E_SHORT},          /* of more than there are */
        {"{\"type\":\"array\",\"items\":\"int\"}", "02 00", RECORD_E_SHORT},
        {"{\"type\":\"map\",\"values\":\"int\"}", "02 01 00 00", RECORD_E_VALUE},
        {"{\"type\":\"map\",\"values\":\"int\"}", "02 02ff 00 00", RECORD_E_VALUE},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":1000000}", "00", RECORD_E_SHORT},
        {"[\"null\",\"int\"]", "04", RECORD_E_VALUE},
};

START_TEST(test_skipping_is_bounded) {
        struct schema_file *writer, *reader = fixture_schema("");
        struct layout *layout = fixture_layout(reader);
        struct program *program;
        struct slot slots[1];
        struct error err = {0};
        uint8_t bytes[256];
        char fields[512];
        size_t n = fixture_hex(skipped[_i].hex, bytes);

        snprintf(fields, sizeof(fields), "{\"name\":\"x\",\"type\":%s}", skipped[_i].type);
        writer = fixture_schema(fields);
        program = fixture_program(writer, layout);
        ck_assert_msg(record_decode(program, bytes, n, slots, &err) == skipped[_i].r, "%s", err.text);
        program_free(program);
        layout_free(layout);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

START_TEST(test_nesting_is_bounded) {
        struct schema_file *writer = fixture_schema("{\"name\":\"x\",\"type\":[\"null\",\"R\"]}"), *reader = fixture_schema("");
        struct layout *layout = fixture_layout(reader);
        struct program *program = fixture_program(writer, layout);
        size_t n = (size_t)2 * 1024 * 1024;
        uint8_t *bytes = malloc(n);
        struct slot slots[1];

        memset(bytes, 0x02, n);
        ck_assert_int_eq(record_decode(program, bytes, n, slots, NULL), RECORD_E_VALUE);
        bytes[RECORD_DEPTH_MAX] = 0;
        ck_assert_int_eq(record_decode(program, bytes, RECORD_DEPTH_MAX + 1, slots, NULL), RECORD_E_VALUE);
        bytes[RECORD_DEPTH_MAX - 1] = 0;
        ck_assert_int_eq(record_decode(program, bytes, RECORD_DEPTH_MAX, slots, NULL), 0);
        free(bytes);
        program_free(program);
        layout_free(layout);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

/* ---- Memory ---- */

START_TEST(test_decoding_allocates_nothing) {
        struct schema_file *file = fixture_schema(EVERY ",{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"bytes\"}}");
        struct schema_file *known = fixture_schema(EVERY);
        struct layout *layout = fixture_layout(known);
        struct program *program = fixture_program(file, layout);
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX);
        struct slot slots[LAYOUT_SLOTS_MAX];
        unsigned seed = 1;
        struct error err;
        long before, after;
        int whole, cut = 1;

        sample(layout, &b, &seed);
        buffer_add(&b, "\x02\x02" "a" "\x02" "b" "\x00", 6);
        before = allocations.count;
        whole = record_decode(program, b.bytes, b.n, slots, &err);
        for (size_t n = 0; n < b.n && cut; n++)
                cut = record_decode(program, b.bytes, n, slots, &err);
        after = allocations.count; /* before the assertions, which allocate */
        ck_assert_int_eq(whole, 0);
        ck_assert_int_eq(cut, RECORD_E_SHORT);
        ck_assert_int_eq(after, before);
        buffer_done(&b);
        program_free(program);
        layout_free(layout);
        schema_free(known);
        schema_free(file);
}
END_TEST

/* Everything from text to program. Return: 0 or what the first call that failed returned. */
static int build_all(const char *json) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        CLEANUP(layout_free_p) struct layout *layout = NULL;
        CLEANUP(program_free_p) struct program *program = NULL;
        struct error err;
        int r = schema_parse("x", json, strlen(json), LANGUAGE_EN, &file, &err);

        if (r == 0)
                r = layout_new(file, &layout, &err);
        return r ? r : program_new(file, layout, &program, &err);
}

/* Ours, not jansson's own: it calls a lack of memory a mistake in the text. */
START_TEST(test_no_memory_is_told) {
        const char *json = "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"n\",\"fields\":[" EVERY "]}";
        int r = -ENOMEM;

        for (long fail_at = 0; r; fail_at++) {
                ck_assert_int_lt(fail_at, 100000);
                allocations.count = 0;
                allocations.fail_at = fail_at;
                r = build_all(json);
                allocations.fail_at = -1;
                ck_assert_msg(r == 0 || r == -ENOMEM, "allocation %ld: %d", fail_at, r);
        }
}
END_TEST

START_TEST(test_full_buffer_fails) {
        struct schema_file *file = fixture_schema(HOSTILE);
        struct layout *layout = fixture_layout(file);
        struct slot slots[6] = {{.kind = SLOT_INT}, {.kind = SLOT_STRING}, {.kind = SLOT_BOOLEAN}, {.kind = SLOT_INT}};
        struct buffer b = BUFFER_INIT(16);

        record_encode(layout, slots, &b);
        ck_assert(b.failed && b.n == 0);
        buffer_done(&b);
        layout_free(layout);
        schema_free(file);
}
END_TEST

/* ---- Frames ---- */

static const struct {
        const char *hex;
        enum framing_kind kind;
        uint64_t id;
        size_t n;
} frames_rows[] = {
        {"c301 8a8f25cce724dd63 00", FRAMING_SINGLE, UINT64_C(0x63dd24e7cc258f8a), 1},
        {"c301 8a8f25cce724dd63", FRAMING_SINGLE, UINT64_C(0x63dd24e7cc258f8a), 0},
        {"c301 8a8f25cce724dd", FRAMING_NONE, 0, 9},
        {"c302 8a8f25cce724dd63 00", FRAMING_NONE, 0, 11},
        {"00 00010203 6162", FRAMING_CONFLUENT, 0x00010203, 2},
        {"00 fffffffe", FRAMING_CONFLUENT, 0xfffffffe, 0},
        {"00 fffffe", FRAMING_NONE, 0, 4},
        {"", FRAMING_NONE, 0, 0},
        {"7b7d", FRAMING_NONE, 0, 2},
};

START_TEST(test_frames) {
        uint8_t bytes[64];
        size_t n = fixture_hex(frames_rows[_i].hex, bytes);
        struct framing f = framing_read(bytes, n);

        ck_assert_int_eq(f.kind, frames_rows[_i].kind);
        ck_assert_uint_eq(f.id, frames_rows[_i].id);
        ck_assert_uint_eq(f.n, frames_rows[_i].n);
        ck_assert_ptr_eq(f.body + f.n, bytes + n);
}
END_TEST

START_TEST(test_frame_is_written_as_it_is_read) {
        struct buffer b = BUFFER_INIT(64);
        struct framing f;

        framing_write_single(UINT64_C(0x0123456789abcdef), &b);
        ck_assert_uint_eq(b.n, FRAMING_SINGLE_BYTES);
        ck_assert_mem_eq(b.bytes, "\xc3\x01\xef\xcd\xab\x89\x67\x45\x23\x01", 10);
        f = framing_read(b.bytes, b.n);
        ck_assert(f.kind == FRAMING_SINGLE && f.id == UINT64_C(0x0123456789abcdef) && f.n == 0);
        buffer_done(&b);
}
END_TEST

int main(void) {
        Suite *s = suite_create("record");
        TCase *t = tcase_create("record");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_test(t, test_avro_c_agrees);
        tcase_add_loop_test(t, test_hostile_bytes, 0, ELEMENTS(hostile));
        tcase_add_test(t, test_text_is_looked_at_everywhere);
        tcase_add_test(t, test_numbers_of_every_length);
        tcase_add_test(t, test_every_cut_is_short);
        tcase_add_test(t, test_changed_bytes_are_refused_or_read_the_same_again);
        tcase_add_loop_test(t, test_skipping_is_bounded, 0, ELEMENTS(skipped));
        tcase_add_test(t, test_nesting_is_bounded);
        tcase_add_test(t, test_decoding_allocates_nothing);
        tcase_add_test(t, test_no_memory_is_told);
        tcase_add_test(t, test_full_buffer_fails);
        tcase_add_loop_test(t, test_frames, 0, (int)ELEMENTS(frames_rows));
        tcase_add_test(t, test_frame_is_written_as_it_is_read);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
