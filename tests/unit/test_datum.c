/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what any schema wrote becomes the JSON that plain.h and datum.h promise, resolved to any reader; bytes that are wrong are told
 * with their place. Method: tables of writer, reader, bytes and JSON or sentence; every cut of a datum; bounds one value apart; random
 * nested values written and printed by avro-c.
 */

#include "avro_fixture.h"

#include <avro.h>
#include <errno.h>
#include <jansson.h>

#include "avro/datum.h"

#define LINE_MAX_BYTES (DATUM_JSON_MAX * 2)
#define CUTS_MAX 64

static struct schema_file *datum_schema(const char *json) {
        struct schema_file *file = NULL;
        struct error err = {0};

        ck_assert_msg(schema_parse("x.avsc", json, strlen(json), LANGUAGE_EN, &file, &err) == 0, "%s: %s", json, err.text);
        return file;
}

/* Resolves and decodes. Return: as datum_to_json(), or -EINVAL when they do not resolve; the sentence or the line in @out. */
static int datum_try(const char *writer_json, const char *reader_json, const void *bytes, size_t n, uint64_t offset, struct buffer *out, size_t *ret_n) {
        struct schema_file *writer = datum_schema(writer_json), *reader = datum_schema(reader_json ? reader_json : writer_json);
        struct datum_memory memory = {0};
        struct program *program = NULL;
        struct error err = {0};
        int r = program_new_any(writer, reader, &program, &err);

        if (r == 0)
                r = datum_to_json(program, bytes, n, offset, &memory, out, ret_n, &err);
        if (r) {
                ck_assert_uint_eq(out->n, 0);
                buffer_add_text(out, err.text);
        }
        datum_memory_done(&memory);
        program_free(program);
        schema_free(reader);
        schema_free(writer);
        return r;
}

#define RECORD(name, fields) "{\"type\":\"record\",\"name\":\"" name "\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define FIELD_DEFAULT(name, type, value) "{\"name\":\"" name "\",\"type\":" type ",\"default\":" value "}"
#define ARRAY(type) "{\"type\":\"array\",\"items\":" type "}"
#define MAP(type) "{\"type\":\"map\",\"values\":" type "}"
#define ENUM(name, symbols) "{\"type\":\"enum\",\"name\":\"" name "\",\"symbols\":[" symbols "]}"
#define FIXED(name, size) "{\"type\":\"fixed\",\"name\":\"" name "\",\"size\":" size "}"
#define LOGICAL(type, logical) "{\"type\":\"" type "\",\"logicalType\":\"" logical "\"}"
#define DECIMAL(precision, scale) "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" precision ",\"scale\":" scale "}"
#define LIST RECORD("L", FIELD("v", "\"int\"") "," FIELD("next", "[\"null\",\"L\"]"))

/* ---- What values look like ---- */

static const struct {
        const char *type, *hex, *want; /* want "!": refused */
} values[] = {
        {"\"null\"", "", "null"},
        {"\"boolean\"", "01", "true"},
        {"\"boolean\"", "02", "!"},
        {"\"int\"", "ffffffff0f", "-2147483648"},
        {"\"int\"", "8080808010", "!"},
        {"\"long\"", "ffffffffffffffffff01", "-9223372036854775808"},
        {"\"float\"", "cdcccc3d", "0.1"},
        {"\"float\"", "0000c07f", "\"NaN\""},
        {"\"double\"", "9a9999999999b93f", "0.1"},
        {"\"double\"", "000000000000f07f", "\"Infinity\""},
        {"\"double\"", "000000000000f0ff", "\"-Infinity\""},
        {"\"string\"", "0ac3a9220a5c", "\"\xc3\xa9\\\"\\n\\\\\""},
        {"\"string\"", "02c3", "!"},
        {"\"bytes\"", "0600abff", "\"00abff\""},
        {"\"bytes\"", "00", "\"\""},
        {FIXED("F", "2"), "0fa0", "\"0fa0\""},
        {FIXED("F", "0"), "", "\"\""},
        {ENUM("E", "\"A\",\"B\""), "02", "\"B\""},
        {ENUM("E", "\"A\",\"B\""), "04", "!"},
        {"[\"null\",\"int\",\"string\"]", "040261", "\"a\""},
        {"[\"null\",\"int\",\"string\"]", "06", "!"},
        {ARRAY("\"int\""), "040204" "00", "[1,2]"},
        {ARRAY("\"int\""), "00", "[]"},
        {ARRAY("\"int\""), "0202" "03040406" "00", "[1,2,3]"}, /* minus two items in two bytes */
        {MAP("[\"null\",\"boolean\"]"), "04" "0261" "00" "0262" "0201" "00", "{\"a\":null,\"b\":true}"},
        {MAP("\"int\""), "01" "06" "0261" "02" "00", "{\"a\":1}"},
        {RECORD("R", FIELD("a", "\"int\"") "," FIELD("b", ARRAY(RECORD("S", FIELD("c", "\"string\""))))), "02" "04" "0278" "0279" "00",
         "{\"a\":1,\"b\":[{\"c\":\"x\"},{\"c\":\"y\"}]}"},
        {RECORD("R", ""), "", "{}"},
        {LIST, "02" "02" "04" "02" "06" "00", "{\"v\":1,\"next\":{\"v\":2,\"next\":{\"v\":3,\"next\":null}}}"},
        /* logical types */
        {LOGICAL("int", "date"), "00", "\"1970-01-01\""},
        {LOGICAL("int", "date"), "01", "\"1969-12-31\""},
        {LOGICAL("int", "date"), "f3e457", "\"0001-01-01\""},
        {LOGICAL("int", "date"), "f5e457", "-719163"},
        {LOGICAL("int", "date"), "c082e602", "\"9999-12-31\""},
        {LOGICAL("int", "date"), "c282e602", "2932897"},
        {LOGICAL("int", "time-millis"), "00", "\"00:00:00\""},
        {LOGICAL("int", "time-millis"), "feefb252", "\"23:59:59.999\""},
        {LOGICAL("int", "time-millis"), "80f0b252", "86400000"},
        {LOGICAL("int", "time-millis"), "01", "-1"},
        {LOGICAL("long", "time-micros"), "02", "\"00:00:00.000001\""},
        {LOGICAL("long", "timestamp-millis"), "00", "\"1970-01-01T01:00:00+01:00\""},
        {LOGICAL("long", "timestamp-millis"), "01", "\"1970-01-01T00:59:59.999+01:00\""},
        {LOGICAL("long", "timestamp-micros"), "02", "\"1970-01-01T01:00:00.000001+01:00\""},
        {LOGICAL("long", "timestamp-nanos"), "01", "\"1970-01-01T00:59:59.999999999+01:00\""},
        {LOGICAL("long", "timestamp-nanos"), "ffffffffffffffffff01", "\"1677-09-21T02:12:43.145224192+02:00\""},
        {LOGICAL("long", "timestamp-millis"), "ffffffffffffffffff01", "-9223372036854775808"},
        {LOGICAL("long", "local-timestamp-millis"), "00", "\"1970-01-01T00:00:00\""},
        {LOGICAL("long", "local-timestamp-millis"), "01", "\"1969-12-31T23:59:59.999\""},
        {LOGICAL("long", "local-timestamp-micros"), "02", "\"1970-01-01T00:00:00.000001\""},
        {LOGICAL("long", "local-timestamp-nanos"), "02", "\"1970-01-01T00:00:00.000000001\""},
        {LOGICAL("string", "uuid"), "06414263", "\"ABc\""}, /* as it was written */
        {"{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"}", FIXTURE_UUID_HEX, "\"" FIXTURE_UUID "\""},
        {"{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}", "01000000" "02000000" "bc0b0000", "\"P1M2DT3.004S\""},
        {"{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}", "00000000" "00000000" "00000000", "\"PT0S\""},
        {"{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}", "00000000" "00000000" "ffffffff", "\"PT4294967.295S\""},
        {"{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}", "0c000000" "00000000" "00000000", "\"P12M\""},
        {DECIMAL("4", "2"), "0204", "\"0.04\""},
        {DECIMAL("4", "2"), "02fc", "\"-0.04\""},
        {DECIMAL("4", "2"), "04fb1e", "\"-12.50\""},
        {DECIMAL("4", "0"), "0404d2", "\"1234\""},
        {DECIMAL("4", "4"), "0200", "\"0.0000\""},
        {DECIMAL("4", "2"), "08000000" "04", "\"0.04\""}, /* bytes that only repeat the sign */
        {DECIMAL("4", "2"), "08ffffffff", "\"-0.01\""},
        {DECIMAL("4", "2"), "042710", "!"}, /* 10,000: five digits */
        {DECIMAL("4", "2"), "00", "!"},
        {DECIMAL("5", "2"), "02" "80", "\"-1.28\""},
        {DECIMAL("20", "2"), "10" "8000000000000000", "\"-92233720368547758.08\""},
        {DECIMAL("40", "0"), "22" "0100000000000000000000000000000000", "\"340282366920938463463374607431768211456\""},
        {"{\"type\":\"fixed\",\"name\":\"D\",\"size\":2,\"logicalType\":\"decimal\",\"precision\":4,\"scale\":1}", "fffe", "\"-0.2\""},
        {LOGICAL("bytes", "big-decimal"), "0201", "\"01\""}, /* not known: it means nothing */
};

START_TEST(test_values) {
        struct buffer out = BUFFER_INIT(LINE_MAX_BYTES);
        uint8_t bytes[256];
        size_t n = fixture_hex(values[_i].hex, bytes), taken = 0;
        int r = datum_try(values[_i].type, NULL, bytes, n, 0, &out, &taken);

        if (values[_i].want[0] == '!') {
                ck_assert_msg(r > 0, "%s", buffer_text(&out));
        } else {
                ck_assert_str_eq(buffer_text(&out), values[_i].want);
                ck_assert_int_eq(r, 0);
                ck_assert_uint_eq(taken, n);
        }
        /* Of what is cut off more is asked for, never bytes that are not there. */
        for (size_t k = 0; r == 0 && k < n; k++) {
                uint8_t *exact = malloc(k ? k : 1);

                memcpy(exact, bytes, k);
                buffer_clear(&out);
                ck_assert_int_eq(datum_try(values[_i].type, NULL, exact, k, 0, &out, &taken), DATUM_E_SHORT);
                free(exact);
        }
        buffer_done(&out);
}
END_TEST

/* ---- Resolution of what is nested ---- */

#define POINT RECORD("P", FIELD("x", "\"int\"") "," FIELD("y", "\"int\""))
#define POINT_TURNED RECORD("P", FIELD("y", "\"long\"") "," FIELD("x", "\"double\""))

static const struct {
        const char *writer, *reader, *hex, *want; /* want: "!…" the sentence while decoding, "!!…" of resolution */
} resolved[] = {
        /* the reader's order, whatever the writer's, also where more stands inside */
        {POINT, POINT_TURNED, "02 04", "{\"y\":2,\"x\":1}"},
        {ARRAY(POINT), ARRAY(POINT_TURNED), "04 02 04 06 08 00", "[{\"y\":2,\"x\":1},{\"y\":4,\"x\":3}]"},
        {RECORD("R", FIELD("a", POINT) "," FIELD("b", "\"P\"")), RECORD("R", FIELD("b", POINT_TURNED) "," FIELD("a", "\"P\"")), "02 04 06 08",
         "{\"b\":{\"y\":4,\"x\":3},\"a\":{\"y\":2,\"x\":1}}"},
        {RECORD("R", FIELD("a", "\"int\"") "," FIELD("b", "[\"null\",\"int\"]") "," FIELD("c", "\"string\"")),
         RECORD("R", FIELD("c", "\"string\"") "," FIELD_DEFAULT("d", "\"string\"", "\"new\"") "," FIELD("b", "[\"null\",\"int\"]")), "02 00 0278",
         "{\"c\":\"x\",\"d\":\"new\",\"b\":null}"},
        /* what the reader does not know is passed over, what was not written has its default */
        {ARRAY(RECORD("R", FIELD("a", MAP("\"int\"")) "," FIELD("b", "\"int\""))), ARRAY(RECORD("R", FIELD("b", "\"int\""))),
         "02 02 0261 02 00 04 00", "[{\"b\":2}]"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("p", RECORD("P", FIELD("x", "\"int\"") "," FIELD_DEFAULT("y", "\"int\"", "7")), "{\"x\":1}")), "",
         "{\"p\":{\"x\":1,\"y\":7}}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", ARRAY("\"bytes\""), "[\"\\u00ff\\u0001\",\"\"]")), "", "{\"a\":[\"ff01\",\"\"]}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", MAP(LOGICAL("int", "date")), "{\"k\":0}")), "", "{\"a\":{\"k\":\"1970-01-01\"}}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", DECIMAL("4", "2"), "\"\\u0004\\u00d2\"")), "", "{\"a\":\"12.34\"}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", FIXED("F", "2"), "\"\\u000f\\u00a0\"")), "", "{\"a\":\"0fa0\"}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", "[" ENUM("E", "\"A\"") ",\"null\"]", "\"A\"")), "", "{\"a\":\"A\"}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", "[\"null\",\"int\"," FIXED("F", "1") "," POINT "," MAP("\"bytes\"") "]", "{\"y\":2,\"x\":1}")), "",
         "{\"a\":{\"x\":1,\"y\":2}}"}, /* of a union whichever branch it is of */
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", "[\"null\",\"int\"," FIXED("F", "1") "," POINT "," MAP("\"bytes\"") "]", "{\"y\":\"z\"}")), "",
         "{\"a\":{\"y\":\"7a\"}}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", "[\"null\",\"int\"," FIXED("F", "1") "]", "\"\\u00ff\"")), "", "{\"a\":\"ff\"}"},
        {RECORD("R", ""), RECORD("R", FIELD_DEFAULT("a", "\"float\"", "0.1")), "", "{\"a\":0.1}"},
        {ARRAY(RECORD("R", "")), ARRAY(RECORD("R", FIELD("b", "\"int\""))), "", "!!field '[].b' was not written and has no default"},
        /* promotions, everywhere */
        {ARRAY("\"int\""), ARRAY("\"float\""), "02 02 00", "[1]"},
        {MAP("\"long\""), MAP("\"double\""), "02 0261 02 00", "{\"a\":1}"},
        {"\"string\"", "\"bytes\"", "04c3a9", "\"c3a9\""},
        {"\"string\"", "\"bytes\"", "04c328", "!byte 0: not a value that can stand here"},
        {"\"bytes\"", "\"string\"", "04c3a9", "\"\xc3\xa9\""},
        {ARRAY("\"float\""), ARRAY("\"double\""), "02 0000c03f 00", "[1.5]"},
        {"\"long\"", "\"int\"", "", "!!the value was written as long and cannot be read as int"},
        {ARRAY("\"long\""), ARRAY("\"int\""), "", "!!field '[]' was written as long and cannot be read as int"},
        {ARRAY("\"int\""), MAP("\"int\""), "", "!!the value was written as array and cannot be read as map"},
        {FIXED("F", "2"), FIXED("F", "3"), "", "!!the value was written as F and cannot be read as F"},
        /* logical types: one side's alone, or both the same */
        {"\"int\"", LOGICAL("int", "date"), "00", "\"1970-01-01\""},
        {LOGICAL("int", "date"), "\"long\"", "02", "1"},
        {DECIMAL("4", "2"), DECIMAL("9", "2"), "0204", "\"0.04\""},
        {ARRAY(DECIMAL("4", "2")), ARRAY(DECIMAL("4", "3")), "", "!!field '[]' was written as decimal(4,2) and cannot be read as decimal(4,3)"},
        {LOGICAL("long", "timestamp-millis"), LOGICAL("long", "timestamp-micros"), "",
         "!!the value was written as timestamp-millis and cannot be read as timestamp-micros"},
        {"[\"null\"," LOGICAL("int", "time-millis") "]", "[\"null\"," LOGICAL("long", "timestamp-millis") "]", "02 02",
         "!byte 1: not a value that can stand here"},
        {LOGICAL("string", "uuid"), "{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"}", "046162",
         "!byte 0: not a value that can stand here"},
        /* unions on either side, outermost too */
        {"\"int\"", "[\"null\",\"int\"]", "02", "1"},
        {"[\"null\",\"int\"]", "\"int\"", "02 02", "1"},
        {"[\"null\",\"int\"]", "\"int\"", "00", "!byte 0: not a value that can stand here"},
        {"\"int\"", "[\"string\",\"double\"]", "02", "1"},
        {"[\"int\",\"string\"," POINT "]", "[\"string\"," POINT_TURNED ",\"double\"]", "04 02 04", "{\"y\":2,\"x\":1}"},
        {"[\"int\",\"string\"," POINT "]", "[\"string\"," POINT_TURNED ",\"double\"]", "00 02", "1"},
        {"[\"int\",\"string\"," POINT "]", POINT, "04 02 04", "{\"x\":1,\"y\":2}"},
        {"[\"int\",\"string\"," POINT "]", POINT, "00 02", "!byte 1: not a value that can stand here"},
        {ARRAY("[\"null\"," POINT "]"), ARRAY("[" POINT ",\"null\"]"), "04 00 02 02 04 00", "[null,{\"x\":1,\"y\":2}]"},
        {RECORD("R", FIELD("u", "[\"null\",\"int\",\"string\"]") "," FIELD("z", "\"int\"")),
         RECORD("R", FIELD("z", "\"int\"") "," FIELD("u", "[\"null\",\"bytes\",\"long\"]")),
         "02 02 04", "{\"z\":2,\"u\":1}"},
        {"[\"int\",\"string\"]", "\"boolean\"", "", "!!the value was written as union and cannot be read as boolean"},
        /* enums by symbol, and names by their last part or an alias */
        {ENUM("E", "\"A\",\"B\""), "{\"type\":\"enum\",\"name\":\"n.E\",\"symbols\":[\"B\",\"X\"],\"default\":\"X\"}", "00", "\"X\""},
        {ENUM("E", "\"A\",\"B\""), ENUM("n.E", "\"B\""), "02", "\"B\""},
        {ARRAY(ENUM("E", "\"A\",\"B\"")), ARRAY(ENUM("E", "\"B\"")), "04 02 00", "!field '[1]', byte 2: not a value that can stand here"},
        {ARRAY(RECORD("old.P", FIELD("x", "\"int\""))),
         ARRAY("{\"type\":\"record\",\"name\":\"Q\",\"aliases\":[\"old.P\"],\"fields\":[{\"name\":\"a\",\"aliases\":[\"x\"],\"type\":\"int\"}]}"),
         "02 02 00", "[{\"a\":1}]"},
        {FIXED("F", "1"), "{\"type\":\"fixed\",\"name\":\"G\",\"aliases\":[\"F\"],\"size\":1}", "07", "\"07\""},
        {RECORD("A", ""), RECORD("B", ""), "", "!!the writer's record is A, not B"},
        /* types that hold themselves */
        {LIST, RECORD("L", FIELD("next", "[\"null\",\"L\"]") "," FIELD("v", "\"double\"")), "02 02 04 00", "{\"next\":{\"next\":null,\"v\":2},\"v\":1}"},
        {LIST, RECORD("L", FIELD("v", "\"string\"") "," FIELD("next", "[\"null\",\"L\"]")), "", "!!field 'v' was written as int and cannot be read as string"},
        {RECORD("T", FIELD("kids", ARRAY("\"T\"")) "," FIELD("n", "\"int\"")), RECORD("T", FIELD("n", "\"long\"") "," FIELD("kids", ARRAY("\"T\""))),
         "04 00 02 00 04 00 06",
         "{\"n\":3,\"kids\":[{\"n\":1,\"kids\":[]},{\"n\":2,\"kids\":[]}]}"},
        /* places */
        {RECORD("R", FIELD("items", ARRAY(RECORD("S", FIELD("n", "\"int\"") "," FIELD("name", "\"string\""))))), NULL, "04 02 0278 02 02ff 00",
         "!field 'items[1].name', byte 5: not a value that can stand here"},
        {RECORD("R", FIELD("m", MAP(ARRAY("\"boolean\"")))),
         NULL, "04 0261 00 0262 04 00 07 00 00", "!field 'm{1}[1]', byte 8: not a value that can stand here"},
        {RECORD("R", FIELD("m", MAP(POINT))), NULL, "02 0261 02", "!field 'm{0}.y', byte 4: the bytes end too early"},
        {RECORD("R", FIELD("m", MAP("\"int\""))), NULL, "02 02ff 02 00", "!field 'm{0}', byte 1: not a value that can stand here"},
        {RECORD("R", FIELD("a", MAP(RECORD("S", FIELD("s", "\"string\""))))), RECORD("R", ""),
         "02 0261 02ff 00", "!field 'a', byte 3: not a value that can stand here"},
};

START_TEST(test_resolution) {
        const char *want = resolved[_i].want;
        struct buffer out = BUFFER_INIT(LINE_MAX_BYTES);
        uint8_t bytes[256];
        size_t n = fixture_hex(resolved[_i].hex, bytes), taken = 0;
        int r = datum_try(resolved[_i].writer, resolved[_i].reader, bytes, n, 0, &out, &taken);

        if (want[0] == '!' && want[1] == '!') {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_msg(strstr(buffer_text(&out), want + 2), "%s", buffer_text(&out));
        } else if (want[0] == '!') {
                ck_assert_int_gt(r, 0);
                ck_assert_str_eq(buffer_text(&out), want + 1);
        } else {
                ck_assert_str_eq(buffer_text(&out), want);
                ck_assert_int_eq(r, 0);
                ck_assert_uint_eq(taken, n);
        }
        buffer_done(&out);
}
END_TEST

START_TEST(test_one_after_another) {
        static const uint8_t bytes[] = {0x02, 0x04, 0x06, 0x08, 0x0a};
        struct schema_file *writer = datum_schema(POINT), *reader = datum_schema(POINT_TURNED);
        struct buffer out = BUFFER_INIT(LINE_MAX_BYTES);
        struct datum_memory memory = {0};
        struct program *program = NULL;
        struct error err;
        size_t n;

        ck_assert_int_eq(program_new_any(writer, reader, &program, &err), 0);
        ck_assert_int_eq(datum_to_json(program, bytes, sizeof(bytes), 0, &memory, &out, &n, &err), 0);
        ck_assert_uint_eq(n, 2);
        buffer_add_byte(&out, '\n');
        ck_assert_int_eq(datum_to_json(program, bytes + n, sizeof(bytes) - n, n, &memory, &out, &n, &err), 0);
        ck_assert_int_eq(datum_to_json(program, bytes + 4, 1, 4, &memory, &out, &n, &err), DATUM_E_SHORT);
        ck_assert_str_eq(err.text, "field 'y', byte 5: the bytes end too early");
        ck_assert_str_eq(buffer_text(&out), "{\"y\":2,\"x\":1}\n{\"y\":4,\"x\":3}"); /* of the third nothing */
        datum_memory_done(&memory);
        buffer_done(&out);
        program_free(program);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

/* ---- Bounds ---- */

/* A union of records T0, T1 …, each with @fields fields of the one before. */
static void datum_chain(struct buffer *json, int fields, const char *more) {
        buffer_add_text(json, "[" RECORD("T0", ""));
        for (int i = 1; i < SCHEMA_BRANCHES_MAX; i++) {
                buffer_printf(json, ",{\"type\":\"record\",\"name\":\"T%d\",\"fields\":[", i);
                for (int k = 0; k < fields; k++)
                        buffer_printf(json, "%s{\"name\":\"f%d\",\"type\":\"T%d\"%s}", k ? "," : "", k, i - 1, more);
                buffer_add_text(json, "]}");
        }
        buffer_add_text(json, "]");
}

static const struct {
        const char *type, *hex, *reader, *want; /* want: part of the sentence; "": read */
} bounded[] = {
        {ARRAY("\"null\""), "80897a 00", NULL, ""},                                      /* 1,000,000 */
        {ARRAY("\"null\""), "82897a 00", NULL, "more than the 1,000,000 items that are read take no bytes"},
        {ARRAY("\"null\""), "80897a 02 00", NULL, "take no bytes"},                      /* in two blocks */
        {ARRAY(ARRAY("\"null\"")), "04 80897a 00 02 00 00", NULL, "take no bytes"},
        {ARRAY("\"null\""), "808080808001 00", NULL, "not a value"},                     /* 2^34 in one block */
        {ARRAY(RECORD("R", "")), "82897a 00", NULL, "take no bytes"},
        {ARRAY("\"int\""), "ffffffffffffffffff01 00 00", NULL, "not a value"},           /* -2^63 items */
        {ARRAY("\"int\""), "01 01 00 00", NULL, "not a value"},                          /* a block of -1 bytes */
        {ARRAY("\"int\""), "01 06 00 00", NULL, "the bytes end too early"},              /* of more than there are */
        {ARRAY("\"int\""), "03 02 00 00 00", NULL, "not a value"},                       /* of fewer than they take */
        {"\"bytes\"", "82808010", NULL, "not a value"},                                /* 16 MiB and more */
        {"\"string\"", "01", NULL, "not a value"},
        {RECORD("R", FIELD("a", ARRAY("\"null\""))), "82897a 00", RECORD("R", ""), "not a value"}, /* passed over */
};

START_TEST(test_bounds) {
        struct buffer out = BUFFER_INIT(LINE_MAX_BYTES);
        uint8_t bytes[256];
        size_t n = fixture_hex(bounded[_i].hex, bytes), taken;
        int r = datum_try(bounded[_i].type, bounded[_i].reader, bytes, n, 0, &out, &taken);

        if (*bounded[_i].want)
                ck_assert_msg(r > 0 && strstr(buffer_text(&out), bounded[_i].want), "%.200s", buffer_text(&out));
        else
                ck_assert_msg(r == 0, "%.200s", buffer_text(&out));
        buffer_done(&out);
}
END_TEST

/* Few bytes, and much of what the reader adds: a million defaults; records in records, twenty of each, that take no bytes. */
START_TEST(test_json_is_bounded) {
        struct buffer json = BUFFER_INIT(SCHEMA_TEXT_MAX), out = BUFFER_INIT(LINE_MAX_BYTES);
        size_t taken;

        buffer_printf(&json, "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                      "{\"name\":\"a\",\"type\":\"string\",\"default\":\"%080d\"}]}}", 0);
        ck_assert_int_eq(datum_try(ARRAY(RECORD("R", "")), buffer_text(&json), "\x80\x89\x7a\x00", 4, 0, &out, &taken), DATUM_E_LARGE);
        ck_assert_msg(strstr(buffer_text(&out), "larger than the 64 MiB"), "%s", buffer_text(&out));
        buffer_clear(&out);
        buffer_clear(&json);
        datum_chain(&json, 20, "");
        ck_assert_int_eq(datum_try(buffer_text(&json), NULL, "\x3c", 1, 0, &out, &taken), DATUM_E_LARGE);
        ck_assert_msg(strstr(buffer_text(&out), "larger than the 64 MiB"), "%s", buffer_text(&out));
        buffer_clear(&out);
        buffer_clear(&json);
        datum_chain(&json, 10, ",\"default\":{}"); /* defaults of defaults */
        ck_assert_int_eq(datum_try("[\"null\"," RECORD("T30", "") "]", buffer_text(&json), "\x02", 1, 0, &out, &taken), DATUM_E_LARGE);
        buffer_done(&out);
        buffer_done(&json);
}
END_TEST

/* A list that is as long as may be, and one longer; read, and passed over. */
static const char *const list_readers[] = {LIST, RECORD("L", FIELD("v", "\"int\""))};

START_TEST(test_depth_is_bounded) {
        struct buffer out = BUFFER_INIT(LINE_MAX_BYTES);
        uint8_t bytes[2 * DATUM_DEPTH_MAX + 2];
        size_t n = 2 * DATUM_DEPTH_MAX, taken;

        memset(bytes, 0x02, sizeof(bytes));
        bytes[n - 1] = 0;
        ck_assert_msg(datum_try(LIST, list_readers[_i], bytes, n, 0, &out, &taken) == 0, "%s", buffer_text(&out));
        ck_assert_uint_eq(taken, n);
        bytes[n - 1] = 2;
        bytes[n + 1] = 0;
        buffer_clear(&out);
        ck_assert_int_gt(datum_try(LIST, list_readers[_i], bytes, n + 2, 0, &out, &taken), DATUM_E_SHORT);
        buffer_done(&out);
}
END_TEST

/* A chain of records, each of which holds the next, longer than any stack. */
START_TEST(test_long_chains_of_types) {
        struct buffer json = BUFFER_INIT(SCHEMA_TEXT_MAX), out = BUFFER_INIT(LINE_MAX_BYTES);
        size_t taken;

        datum_chain(&json, 20, "");
        ck_assert_msg(datum_try(buffer_text(&json), NULL, "\x02", 1, 0, &out, &taken) == 0, "%s", buffer_text(&out)); /* T1 */
        buffer_clear(&out);
        ck_assert_int_eq(datum_try(buffer_text(&json), NULL, "\xfe\x03", 2, 0, &out, &taken), DATUM_E_LARGE); /* the last is too deep */
        ck_assert_msg(strstr(buffer_text(&out), "deeper than the 32 levels"), "%s", buffer_text(&out));
        buffer_done(&out);
        buffer_done(&json);
}
END_TEST

/* ---- avro-c as oracle: random values of a nested schema, written and printed by it ---- */

#define ORACLE_ROUNDS 400
#define ORACLE_SCHEMA \
        RECORD("R", FIELD("a", ARRAY(RECORD("S", FIELD("x", "[\"null\",\"long\",\"string\"]") "," FIELD("f", FIXED("F", "3"))))) "," \
               FIELD("m", MAP(ARRAY("\"double\""))) "," FIELD("b", "\"bytes\"") "," FIELD("e", ENUM("E", "\"A\",\"B\",\"C\"")) "," \
               FIELD("next", "[\"null\",\"R\"]") "," FIELD("t", "\"boolean\"") "," FIELD("i", "\"int\"") "," FIELD("g", "\"float\""))

static json_t *oracle_hex(unsigned *seed, size_t n, uint8_t *ret) {
        char text[64];

        for (size_t i = 0; i < n; i++) {
                ret[i] = (uint8_t)rand_r(seed);
                snprintf(text + 2 * i, 3, "%02x", ret[i]);
        }
        return json_stringn(text, 2 * n);
}

static json_t *oracle_fill(unsigned *seed, avro_value_t *v, int depth);

static json_t *oracle_fill_record(unsigned *seed, avro_value_t *v, int depth) {
        json_t *json = json_object();
        size_t n;

        ck_assert_int_eq(avro_value_get_size(v, &n), 0);
        for (size_t i = 0; i < n; i++) {
                avro_value_t inside;
                const char *name;

                ck_assert_int_eq(avro_value_get_by_index(v, i, &inside, &name), 0);
                json_object_set_new(json, name, oracle_fill(seed, &inside, depth + 1));
        }
        return json;
}

static json_t *oracle_fill_items(unsigned *seed, avro_value_t *v, int depth) {
        bool map = avro_value_get_type(v) == AVRO_MAP;
        json_t *json = map ? json_object() : json_array();
        avro_value_t inside;

        for (int i = rand_r(seed) % 4; i > 0; i--) {
                char key[16];

                snprintf(key, sizeof(key), "k%d", i);
                ck_assert_int_eq(map ? avro_value_add(v, key, &inside, NULL, NULL) : avro_value_append(v, &inside, NULL), 0);
                if (map)
                        json_object_set_new(json, key, oracle_fill(seed, &inside, depth + 1));
                else
                        json_array_append_new(json, oracle_fill(seed, &inside, depth + 1));
        }
        return json;
}

static json_t *oracle_fill_number(unsigned *seed, avro_value_t *v) {
        int pick = rand_r(seed);

        switch (avro_value_get_type(v)) {
        case AVRO_INT32:
                pick = pick % 2 ? pick : -pick;
                ck_assert_int_eq(avro_value_set_int(v, pick), 0);
                return json_integer(pick);
        case AVRO_INT64:
                ck_assert_int_eq(avro_value_set_long(v, (int64_t)pick * -4294967291), 0);
                return json_integer((json_int_t)pick * -4294967291);
        case AVRO_DOUBLE:
                ck_assert_int_eq(avro_value_set_double(v, pick / 3.0), 0);
                return json_real(pick / 3.0);
        case AVRO_FLOAT:
                ck_assert_int_eq(avro_value_set_float(v, (float)(pick % 1000) / 4), 0);
                return json_real(pick % 1000 / 4.0);
        default:
                ck_assert_int_eq(avro_value_set_boolean(v, pick % 2), 0);
                return json_boolean(pick % 2);
        }
}

/* Fills avro-c's value at random, and returns the JSON that it must become. */
static json_t *oracle_fill(unsigned *seed, avro_value_t *v, int depth) {
        static const char *const texts[] = {"", "a", "\xc3\xab\"\n", "zaak 12"};
        int pick = rand_r(seed) % 3;
        avro_value_t branch;
        uint8_t bytes[16];
        json_t *json;
        size_t n;

        switch (avro_value_get_type(v)) {
        case AVRO_RECORD:
                return oracle_fill_record(seed, v, depth);
        case AVRO_ARRAY:
        case AVRO_MAP:
                return oracle_fill_items(seed, v, depth);
        case AVRO_UNION:
                if (avro_schema_union_size(avro_value_get_schema(v)) == 2)
                        pick = depth < 20 && pick ? 1 : 0;
                ck_assert_int_eq(avro_value_set_branch(v, pick, &branch), 0);
                return oracle_fill(seed, &branch, depth + 1);
        case AVRO_NULL:
                ck_assert_int_eq(avro_value_set_null(v), 0);
                return json_null();
        case AVRO_STRING:
                pick = rand_r(seed) % (int)ELEMENTS(texts);
                ck_assert_int_eq(avro_value_set_string(v, texts[pick]), 0);
                return json_string(texts[pick]);
        case AVRO_ENUM:
                ck_assert_int_eq(avro_value_set_enum(v, pick), 0);
                return json_stringn(&"ABC"[pick], 1);
        case AVRO_BYTES:
                n = (size_t)(rand_r(seed) % 16);
                json = oracle_hex(seed, n, bytes);
                ck_assert_int_eq(avro_value_set_bytes(v, bytes, n), 0);
                return json;
        case AVRO_FIXED:
                json = oracle_hex(seed, 3, bytes);
                ck_assert_int_eq(avro_value_set_fixed(v, bytes, 3), 0);
                return json;
        default:
                return oracle_fill_number(seed, v);
        }
}

/* A fraction that is whole is written without a point: to compare, all numbers become fractions. */
static json_t *oracle_numbers(json_t *json) {
        json_t *copy, *item;
        const char *key;
        size_t i;

        if (json_is_number(json))
                return json_real(json_number_value(json));
        if (json_is_array(json)) {
                copy = json_array();
                json_array_foreach(json, i, item)
                        json_array_append_new(copy, oracle_numbers(item));
                return copy;
        }
        if (!json_is_object(json))
                return json_incref(json);
        copy = json_object();
        json_object_foreach(json, key, item)
                json_object_set_new(copy, key, oracle_numbers(item));
        return copy;
}

START_TEST(test_avro_c_agrees) {
        struct schema_file *file = datum_schema(ORACLE_SCHEMA);
        struct buffer out = BUFFER_INIT(LINE_MAX_BYTES);
        struct datum_memory memory = {0};
        struct program *program = NULL;
        struct error err = {0};
        unsigned seed = 20261130;
        static char bytes[FIXTURE_BYTES_MAX];
        avro_value_iface_t *iface;
        avro_schema_t schema;
        avro_value_t value;

        ck_assert_int_eq(program_new_any(file, file, &program, &err), 0);
        ck_assert_int_eq(avro_schema_from_json_length(ORACLE_SCHEMA, strlen(ORACLE_SCHEMA), &schema), 0);
        iface = avro_generic_class_from_schema(schema);
        ck_assert_int_eq(avro_generic_value_new(iface, &value), 0);
        for (int i = 0; i < ORACLE_ROUNDS; i++) {
                avro_writer_t writer = avro_writer_memory(bytes, sizeof(bytes));
                json_t *want, *got, *want_numbers, *got_numbers;
                size_t n, taken;

                ck_assert_int_eq(avro_value_reset(&value), 0);
                want = oracle_fill(&seed, &value, 0);
                ck_assert_int_eq(avro_value_write(writer, &value), 0);
                n = (size_t)avro_writer_tell(writer);
                buffer_clear(&out);
                ck_assert_msg(datum_to_json(program, bytes, n, 0, &memory, &out, &taken, &err) == 0, "round %d: %s", i, err.text);
                ck_assert_uint_eq(taken, n);
                got = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL);
                ck_assert_msg(got != NULL, "round %d is no JSON: %s", i, buffer_text(&out));
                want_numbers = oracle_numbers(want);
                got_numbers = oracle_numbers(got);
                ck_assert_msg(json_equal(got_numbers, want_numbers), "round %d: %s", i, buffer_text(&out));
                json_decref(want);
                json_decref(got);
                json_decref(want_numbers);
                json_decref(got_numbers);
                avro_writer_free(writer);
        }
        avro_value_decref(&value);
        avro_value_iface_decref(iface);
        avro_schema_decref(schema);
        datum_memory_done(&memory);
        buffer_done(&out);
        program_free(program);
        schema_free(file);
}
END_TEST

int main(void) {
        Suite *s = suite_create("datum");
        TCase *t = tcase_create("datum");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_loop_test(t, test_values, 0, (int)ELEMENTS(values));
        tcase_add_loop_test(t, test_resolution, 0, (int)ELEMENTS(resolved));
        tcase_add_test(t, test_one_after_another);
        tcase_add_loop_test(t, test_bounds, 0, (int)ELEMENTS(bounded));
        tcase_add_test(t, test_json_is_bounded);
        tcase_add_loop_test(t, test_depth_is_bounded, 0, (int)ELEMENTS(list_readers));
        tcase_add_test(t, test_long_chains_of_types);
        tcase_add_test(t, test_avro_c_agrees);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
