/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Any bytes, as a schema and as a body: no crash, no byte read that is not there, and what is taken
 * comes back as it was, and as JSON. The first byte chooses: 0 the rest is a schema; else a body of one of the pairs.
 */

#include <stdint.h>
#include <stdlib.h>

#include "avro/datum.h"
#include "avro/framing.h"
#include "avro/record.h"

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define KNOWN                                                                                                          \
        "{\"name\":\"s\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"l\",\"type\":\"long\",\"default\":1},"   \
        "{\"name\":\"d\",\"type\":\"double\",\"default\":1},{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\","       \
        "\"symbols\":[\"A\",\"B\"],\"default\":\"A\"},\"default\":\"B\"},"                                             \
        "{\"name\":\"u\",\"type\":[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}],\"default\":null}"

#define NESTED                                                                                                                   \
        "{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"I\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},"    \
        "{\"name\":\"u\",\"type\":[\"null\",\"string\",\"R\"]},{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":[\"double\",\"bytes\"]}}]}}},"        \
        "{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}},{\"name\":\"n\",\"type\":{\"type\":\"array\",\"items\":\"null\"}},"       \
        "{\"name\":\"p\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":30,\"scale\":2}},"                             \
        "{\"name\":\"t\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}}"
/* The same, read in another order, with more and with less. */
#define NESTED_OTHER                                                                                                             \
        "{\"name\":\"t\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"                                              \
        "{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"I\",\"fields\":["                              \
        "{\"name\":\"z\",\"type\":{\"type\":\"array\",\"items\":\"long\"},\"default\":[1,2]},{\"name\":\"u\",\"type\":[\"null\",\"bytes\",\"R\"]},"  \
        "{\"name\":\"x\",\"type\":[\"null\",\"float\"]}]}}},{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}},"  \
        "{\"name\":\"n\",\"type\":{\"type\":\"array\",\"items\":[\"string\",\"null\"]}}"

#define FUZZ_BYTES_MAX ((size_t)1024 * 1024)

#define FUZZ_JSON_MAX (2 * DATUM_JSON_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
        const char *writer, *reader;
} pairs[] = {
        {RECORD(KNOWN), RECORD(KNOWN)},
        {RECORD("{\"name\":\"s\",\"type\":[\"null\",\"int\",\"bytes\"]},{\"name\":\"d\",\"type\":\"long\"},{\"name\":\"e\",\"type\":"
                "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"C\",\"B\"]}},{\"name\":\"u\",\"type\":{\"type\":\"fixed\",\"name\":\"U\","
                "\"size\":16,\"logicalType\":\"uuid\"}}"),
         RECORD(KNOWN)},
        {RECORD("{\"name\":\"x\",\"type\":[\"null\",\"R\",{\"type\":\"array\",\"items\":\"R\"},{\"type\":\"map\",\"values\":\"null\"}]},"
                "{\"name\":\"y\",\"type\":{\"type\":\"array\",\"items\":\"null\"}},{\"name\":\"l\",\"type\":\"int\"}"),
         RECORD(KNOWN)},
        {RECORD(NESTED), RECORD(NESTED)},
        {RECORD(NESTED), RECORD(NESTED_OTHER)},
        {"[\"int\"," RECORD(NESTED) ",\"string\"]", "[\"bytes\"," RECORD(NESTED_OTHER) ",\"double\"]"},
};

/* Broken invariants end the process, as an assertion would. */
static void must(bool holds) {
        if (!holds)
                abort();
}

/* What is taken is JSON, whoever reads it. Return: as datum_to_json(). */
static int try_json(const struct program *program, const uint8_t *body, size_t n, size_t *ret_taken) {
        struct buffer out = BUFFER_INIT(FUZZ_JSON_MAX);
        struct datum_memory memory = {0};
        struct error err;
        int r = datum_to_json(program, body, n, 0, &memory, &out, ret_taken, &err);

        must(r >= 0 && r <= DATUM_E_LARGE);
        if (r == 0) {
                json_error_t where = {.text = ""};
                json_t *json = json_loadb((const char *)out.bytes, out.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);

                must(json || json_error_code(&where) == json_error_null_byte_in_key); /* which is JSON, though not to jansson */
                must(*ret_taken <= n);
                json_decref(json);
        }
        datum_memory_done(&memory);
        buffer_done(&out);
        return r;
}

static void try_body(const struct program *program, const struct layout *layout, const struct program *own, const struct program *any, const uint8_t *body,
                     size_t n) {
        struct slot slots[LAYOUT_SLOTS_MAX], again[LAYOUT_SLOTS_MAX];
        struct buffer b = BUFFER_INIT(FUZZ_BYTES_MAX);
        struct error err;
        size_t taken;
        int r = record_decode(program, body, n, slots, &err);

        must(r >= 0 && r <= RECORD_E_LONG);
        if (r == 0) {
                record_encode(layout, slots, &b);
                must(!b.failed && record_decode(own, b.bytes, b.n, again, &err) == 0);
                for (size_t i = 0; i < layout->n; i++)
                        must(slot_equal(&slots[i], &again[i]));
                must(try_json(any, body, n, &taken) == 0 && taken == n);
                must(try_json(program, body, n, &taken) == 0 && taken == n); /* the program of slots says the same */
        }
        buffer_done(&b);
}

static void try_pair(const char *writer_json, const char *reader_json, const uint8_t *body, size_t n) {
        CLEANUP(schema_free_p) struct schema_file *writer = NULL, *reader = NULL;
        CLEANUP(layout_free_p) struct layout *layout = NULL;
        CLEANUP(program_free_p) struct program *program = NULL, *own = NULL, *any = NULL;
        struct error err;
        size_t taken;

        must(schema_parse("w", writer_json, strlen(writer_json), LANGUAGE_EN, &writer, &err) == 0);
        must(schema_parse("r", reader_json, strlen(reader_json), LANGUAGE_EN, &reader, &err) == 0);
        must(program_new_any(writer, reader, &any, &err) == 0);
        (void) try_json(any, body, n, &taken); /* whatever it is */
        if (layout_new(reader, &layout, &err))
                return;
        must(program_new(writer, layout, &program, &err) == 0 && program_new(reader, layout, &own, &err) == 0);
        try_body(program, layout, own, any, body, n);
}

/*
 * What there is resolves with itself, unless it is too large, and reads the text as bytes. The canonical form is more text for the parser; it need not parse
 * again when a type without a name space stands inside one that has one.
 */
static void try_schema(const char *text, size_t n) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL, *again = NULL;
        CLEANUP(layout_free_p) struct layout *layout = NULL;
        CLEANUP(program_free_p) struct program *program = NULL, *any = NULL;
        struct error err;
        size_t taken;

        if (schema_parse("x", text, n, LANGUAGE_EN, &file, &err))
                return;
        if (schema_parse("y", schema_canonical(file), strlen(schema_canonical(file)), LANGUAGE_EN, &again, &err) == 0)
                must(schema_root(again)->kind == schema_root(file)->kind);
        if (program_new_any(file, file, &any, &err) == 0) {
                must(*program_gaps(any) == '\0');
                (void) try_json(any, (const uint8_t *)text, n, &taken);
        }
        if (layout_new(file, &layout, &err) == 0)
                must(program_new(file, layout, &program, &err) == 0 && *program_gaps(program) == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size == 0)
                return 0;
        (void) framing_read(data, size); /* only that it stays inside */
        if (data[0] == 0)
                try_schema((const char *)data + 1, size - 1);
        else
                try_pair(pairs[data[0] % ELEMENTS(pairs)].writer, pairs[data[0] % ELEMENTS(pairs)].reader, data + 1, size - 1);
        return 0;
}
