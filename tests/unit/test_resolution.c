/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what one schema wrote another reads, by the rules of Avro and in no other way. Method: a table
 * of writer, reader and bytes for each rule and each refusal.
 */

#include "avro_fixture.h"

#include <errno.h>

#define ENUM(name, symbols) "{\"type\":\"enum\",\"name\":\"" name "\",\"symbols\":[" symbols "]}"
#define ENUM_DEFAULT(name, symbols, d) "{\"type\":\"enum\",\"name\":\"" name "\",\"symbols\":[" symbols "],\"default\":\"" d "\"}"
#define UUID_STRING "{\"type\":\"string\",\"logicalType\":\"uuid\"}"
#define UUID_FIXED "{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"}"
#define DATE "{\"type\":\"int\",\"logicalType\":\"date\"}"
#define TIMESTAMP "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}"
#define UUID_TEXT_HEX "48" "3666316432633165" "2d38613533" "2d35643062" "2d39623537" "2d326630663666306337613131"

/* One field "a" on both sides. want: the word of the slot; "!": refused while decoding; "!!…": does not resolve, for this reason. */
static const struct {
        const char *writer, *reader, *hex, *want;
} single[] = {
        {"\"boolean\"", "\"boolean\"", "01", "true"},
        {"\"int\"", "\"int\"", "09", "i-5"},
        {"\"int\"", "\"long\"", "0a", "i5"},
        {"\"int\"", "\"float\"", "fdffff0f", "d-16777215"},
        {"\"int\"", "\"double\"", "ffffffff0f", "d-2147483648"},
        {"\"long\"", "\"long\"", "ffffffffffffffffff01", "i-9223372036854775808"},
        {"\"long\"", "\"float\"", "82808010", "d16777216"},          /* 16,777,217 is none of the floats */
        {"\"long\"", "\"double\"", "82808010", "d16777217"},
        {"\"float\"", "\"float\"", "0000c03f", "d1.5"},
        {"\"float\"", "\"double\"", "0000c03f", "d1.5"},
        {"\"double\"", "\"double\"", "000000000000f0bf", "d-1"},
        {"\"string\"", "\"string\"", "06c3a962", "s:\xc3\xa9" "b"},
        {"\"bytes\"", "\"string\"", "04c3a9", "s:\xc3\xa9"},
        {"\"bytes\"", "\"string\"", "02ff", "!"},
        {"\"long\"", "\"int\"", "", "!!field 'a' was written as long and cannot be read as int"},
        {"\"double\"", "\"float\"", "", "!!field 'a' was written as double and cannot be read as float"},
        {"\"float\"", "\"long\"", "", "!!field 'a' was written as float and cannot be read as long"},
        {"\"boolean\"", "\"int\"", "", "!!field 'a' was written as boolean and cannot be read as int"},
        {"\"int\"", "\"boolean\"", "", "!!field 'a' was written as int and cannot be read as boolean"},
        {"\"int\"", "\"string\"", "", "!!field 'a' was written as int and cannot be read as string"},
        {"\"string\"", "\"int\"", "", "!!field 'a' was written as string and cannot be read as int"},
        {"{\"type\":\"array\",\"items\":\"int\"}", "\"int\"", "", "!!field 'a' was written as array and cannot be read as int"},
        /* logical types decide about the slot on the reader's side only */
        {"\"int\"", DATE, "0a", "i5"},
        {DATE, "\"long\"", "0a", "i5"},
        {DATE, TIMESTAMP, "0a", "i5"},
        {TIMESTAMP, DATE, "", "!!field 'a' was written as timestamp-millis and cannot be read as date"},
        {"\"string\"", UUID_STRING, UUID_TEXT_HEX, "u:" FIXTURE_UUID},
        {UUID_STRING, "\"string\"", UUID_TEXT_HEX, "s:" FIXTURE_UUID},
        {UUID_STRING, UUID_FIXED, UUID_TEXT_HEX, "u:" FIXTURE_UUID},
        {UUID_FIXED, UUID_STRING, FIXTURE_UUID_HEX, "u:" FIXTURE_UUID},
        {UUID_FIXED, UUID_FIXED, FIXTURE_UUID_HEX, "u:" FIXTURE_UUID},
        {"[\"null\"," UUID_STRING "]", "[\"null\"," UUID_FIXED "]", "02" UUID_TEXT_HEX, "u:" FIXTURE_UUID},
        {"\"string\"", UUID_STRING, "0461" "62", "!"},
        {"\"string\"", UUID_FIXED, "", "!!field 'a' was written as string and cannot be read as uuid (16 bytes)"},
        {"{\"type\":\"fixed\",\"name\":\"U\",\"size\":16}", UUID_STRING, "", "!!field 'a' was written as U and cannot be read as uuid"},
        {"{\"type\":\"fixed\",\"name\":\"V\",\"size\":16}", UUID_FIXED, "", "!!field 'a' was written as V and cannot be read as uuid (16 bytes)"},
        {UUID_FIXED, "\"string\"", "", "!!field 'a' was written as uuid and cannot be read as string"},
        /* enums by symbol */
        {ENUM("E", "\"A\",\"B\""), ENUM("E", "\"B\",\"A\""), "00", "i1"},
        {ENUM("E", "\"A\",\"B\""), ENUM("E", "\"A\""), "02", "!"},
        {ENUM("E", "\"A\",\"B\""), ENUM_DEFAULT("E", "\"X\",\"A\"", "X"), "02", "i0"},
        {ENUM("E", "\"A\""), ENUM("E", "\"A\""), "02", "!"},
        {ENUM("n.E", "\"A\""), ENUM("m.E", "\"A\""), "00", "i0"},
        {ENUM("E", "\"A\""), ENUM("F", "\"A\""), "", "!!field 'a' was written as E and cannot be read as F"},
        {ENUM("x.E", "\"A\""), "{\"type\":\"enum\",\"name\":\"F\",\"aliases\":[\"x.E\"],\"symbols\":[\"A\"]}", "00", "i0"},
        {ENUM("y.E", "\"A\""), "{\"type\":\"enum\",\"name\":\"y.F\",\"aliases\":[\"E\"],\"symbols\":[\"A\"]}", "00", "i0"},
        {ENUM("E", "\"A\""), "{\"type\":\"enum\",\"name\":\"F\",\"aliases\":[\"x.E\"],\"symbols\":[\"A\"]}", "",
         "!!field 'a' was written as E and cannot be read as F"},
        {ENUM("E", "\"A\""), "\"string\"", "", "!!field 'a' was written as E and cannot be read as string"},
        /* null and the rest */
        {"\"int\"", "[\"null\",\"int\"]", "0a", "i5"},
        {"[\"null\",\"int\"]", "\"int\"", "020a", "i5"},
        {"[\"null\",\"int\"]", "\"int\"", "00", "!"},
        {"[\"int\",\"null\"]", "[\"null\",\"int\"]", "000a", "i5"},
        {"[\"int\",\"null\"]", "[\"null\",\"int\"]", "02", "null"},
        {"[\"null\",\"int\"]", "[\"null\",\"double\"]", "020a", "d5"},
        {"[\"null\",\"int\"]", "[\"null\",\"double\"]", "040a", "!"},
        {"[\"null\",\"int\"]", "[\"null\",\"double\"]", "01", "!"},
        {"\"null\"", "[\"null\",\"int\"]", "", "null"},
        {"\"null\"", "\"int\"", "", "!!field 'a' was written as null and cannot be read as int"},
        {"[\"null\",\"string\"]", "[\"null\",\"int\"]", "00", "null"},
        {"[\"null\",\"string\"]", "[\"null\",\"int\"]", "020261", "!"},
        {"[\"null\",\"string\"]", "\"int\"", "", "!!field 'a' was written as union and cannot be read as int"},
        /* unions of several types branch */
        {"[\"null\",\"int\",\"string\"]", "[\"null\",\"string\"]", "040261", "s:a"},
        {"[\"null\",\"int\",\"string\"]", "[\"null\",\"string\"]", "00", "null"},
        {"[\"null\",\"int\",\"string\"]", "[\"null\",\"string\"]", "020a", "!"},
        {"[\"null\",\"int\",\"string\"]", "[\"null\",\"string\"]", "060a", "!"},
        {"[\"int\",\"double\"]", "\"double\"", "000a", "d5"},
        {"[\"int\",\"double\"]", "\"double\"", "02000000000000f03f", "d1"},
        {"[\"int\"]", "\"long\"", "000a", "i5"},
        {"[\"boolean\",\"string\"]", "\"int\"", "", "!!field 'a' was written as union and cannot be read as int"},
};

START_TEST(test_one_field) {
        char fields[1024], word[256], want[512];
        uint8_t bytes[256];
        size_t n = fixture_hex(single[_i].hex, bytes);
        struct slot slots[1];
        struct error err = {0};
        struct program *program = NULL;
        struct schema_file *writer, *reader;
        struct layout *layout;
        int r;

        snprintf(fields, sizeof(fields), "{\"name\":\"a\",\"type\":%s}", single[_i].writer);
        writer = fixture_schema(fields);
        snprintf(fields, sizeof(fields), "{\"name\":\"a\",\"type\":%s}", single[_i].reader);
        reader = fixture_schema(fields);
        layout = fixture_layout(reader);
        r = program_new(writer, layout, &program, &err);
        if (strncmp(single[_i].want, "!!", 2) == 0) {
                snprintf(want, sizeof(want), "what x.avsc writes cannot be read as x.avsc: %s", single[_i].want + 2);
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_str_eq(err.text, want);
        } else {
                ck_assert_msg(r == 0, "%s", err.text);
                r = record_decode(program, bytes, n, slots, &err);
                ck_assert_msg(r == (*single[_i].want == '!' ? RECORD_E_VALUE : 0), "%d: %s", r, err.text);
                if (r)
                        ck_assert_msg(strncmp(err.text, "field 'a', byte ", 16) == 0, "%s", err.text);
                else
                        ck_assert_str_eq(fixture_word(slots, word, sizeof(word)), single[_i].want);
        }
        program_free(program);
        layout_free(layout);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

#define INT(name) "{\"name\":\"" name "\",\"type\":\"int\"}"
#define UNKNOWN(type) "{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"x\",\"type\":" type "},{\"name\":\"b\",\"type\":\"int\"}"
#define TREE "{\"type\":\"record\",\"name\":\"T\",\"fields\":[{\"name\":\"left\",\"type\":[\"null\",\"T\"]}]}"

/* Several fields: the slots of the reader as words with spaces between, or as above. */
static const struct {
        const char *writer, *reader, *hex, *want;
} several[] = {
        /* order, and what only one side has */
        {INT("a") "," INT("b"), INT("b") "," INT("a"), "02 04", "i2 i1"},
        {INT("a"), INT("a") ",{\"name\":\"b\",\"type\":\"int\",\"default\":7}", "02", "i1 i7"},
        {INT("a"), INT("a") ",{\"name\":\"b\",\"type\":[\"null\",\"string\"],\"default\":null}", "02", "i1 null"},
        {INT("a"), INT("a") ",{\"name\":\"b\",\"type\":\"string\",\"default\":\"\xc3\xa9\"}", "02", "i1 s:\xc3\xa9"},
        {INT("a"), INT("a") ",{\"name\":\"b\",\"type\":\"boolean\",\"default\":true}", "02", "i1 true"},
        {INT("a"), INT("a") ",{\"name\":\"b\",\"type\":\"double\",\"default\":2}", "02", "i1 d2"},
        {INT("a"), INT("a") ",{\"name\":\"b\",\"type\":" UUID_STRING ",\"default\":\"" FIXTURE_UUID "\"}", "02", "i1 u:" FIXTURE_UUID},
        {INT("a"), INT("a") ",{\"name\":\"b\",\"type\":" ENUM("E", "\"A\",\"B\"") ",\"default\":\"B\"}", "02", "i1 i1"},
        {INT("a"), INT("a") "," INT("b") "," INT("c"), "",
         "!!field 'b' was not written and has no default; field 'c' was not written and has no default"},
        {"{\"name\":\"a\",\"type\":\"string\"}", INT("a") "," INT("b"), "",
         "!!field 'a' was written as string and cannot be read as int; field 'b' was not written and has no default"},
        {"", "{\"name\":\"b\",\"type\":\"int\",\"default\":7}", "", "i7"},
        /* aliases of fields; a field's own name goes before them */
        {INT("old"), "{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"older\",\"old\"]}", "02", "i1"},
        {INT("old") "," INT("a"), "{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"old\"]}", "02 04", "i2"},
        {INT("old") "," INT("older"), "{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"older\",\"old\"]}", "02 04", "i1"},
        /* unknown fields of every type are passed over */
        {UNKNOWN("\"null\""), INT("a") "," INT("b"), "02 04", "i1 i2"},
        {UNKNOWN("\"boolean\""), INT("a") "," INT("b"), "02 01 04", "i1 i2"},
        {UNKNOWN("\"long\""), INT("a") "," INT("b"), "02 ffffffffffffffffff01 04", "i1 i2"},
        {UNKNOWN("\"float\""), INT("a") "," INT("b"), "02 00000000 04", "i1 i2"},
        {UNKNOWN("\"double\""), INT("a") "," INT("b"), "02 0000000000000000 04", "i1 i2"},
        {UNKNOWN("\"bytes\""), INT("a") "," INT("b"), "02 04ffff 04", "i1 i2"},
        {UNKNOWN("\"string\""), INT("a") "," INT("b"), "02 04c3a9 04", "i1 i2"},
        {UNKNOWN("\"string\""), INT("a") "," INT("b"), "02 02ff 04", "!"},
        {UNKNOWN("{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}"), INT("a") "," INT("b"), "02 ffffff 04", "i1 i2"},
        {UNKNOWN(ENUM("E", "\"A\",\"B\"")), INT("a") "," INT("b"), "02 02 04", "i1 i2"},
        {UNKNOWN(ENUM("E", "\"A\",\"B\"")), INT("a") "," INT("b"), "02 04 04", "!"},
        {UNKNOWN("{\"type\":\"array\",\"items\":\"int\"}"), INT("a") "," INT("b"), "02 04 06 08 02 0a 00 04", "i1 i2"},
        {UNKNOWN("{\"type\":\"array\",\"items\":\"int\"}"), INT("a") "," INT("b"), "02 03 04 06 08 00 04", "i1 i2"},   /* a block with its bytes */
        {UNKNOWN("{\"type\":\"array\",\"items\":\"int\"}"), INT("a") "," INT("b"), "02 03 06 06 08 00 04", "!"},      /* that lies about them */
        {UNKNOWN("{\"type\":\"array\",\"items\":\"int\"}"), INT("a") "," INT("b"), "02 03 01 06 08 00 04", "!"},
        {UNKNOWN("{\"type\":\"map\",\"values\":[\"null\",\"boolean\"]}"), INT("a") "," INT("b"), "02 04 0261 00 0262 0201 00 04", "i1 i2"},
        {UNKNOWN(TREE), INT("a") "," INT("b"), "02 02 02 00 04", "i1 i2"},
        {UNKNOWN("[\"null\"," TREE "]"), INT("a") "," INT("b"), "02 02 00 04", "i1 i2"},
};

START_TEST(test_records) {
        char word[256];
        uint8_t bytes[256];
        size_t n = fixture_hex(several[_i].hex, bytes);
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct buffer got = BUFFER_INIT(1024);
        struct error err = {0};
        struct program *program = NULL;
        struct schema_file *writer = fixture_schema(several[_i].writer), *reader = fixture_schema(several[_i].reader);
        struct layout *layout = fixture_layout(reader);
        int r = program_new(writer, layout, &program, &err);

        if (strncmp(several[_i].want, "!!", 2) == 0) {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_msg(strstr(err.text, several[_i].want + 2), "%s", err.text);
        } else {
                ck_assert_msg(r == 0, "%s", err.text);
                r = record_decode(program, bytes, n, slots, &err);
                ck_assert_msg(r == (*several[_i].want == '!' ? RECORD_E_VALUE : 0), "%d: %s", r, err.text);
                for (size_t i = 0; r == 0 && i < layout->n; i++)
                        buffer_printf(&got, "%s%s", i ? " " : "", fixture_word(&slots[i], word, sizeof(word)));
                if (r == 0)
                        ck_assert_str_eq(buffer_text(&got), several[_i].want);
        }
        buffer_done(&got);
        program_free(program);
        layout_free(layout);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

static const struct {
        const char *writer, *reader, *gaps;
} gaps[] = {
        {"\"int\"", "[\"null\",\"long\"]", ""},
        {"[\"null\",\"int\"]", "\"int\"", "field 'a': the reader takes no null"},
        {"[\"null\",\"int\"]", "[\"null\",\"string\"]", "field 'a': the reader has no place for int"},
        {"[\"null\",\"int\",\"boolean\",\"string\"]", "\"string\"",
         "field 'a': the reader has no place for null; field 'a': the reader has no place for int; field 'a': the reader has no place for boolean"},
        {ENUM("E", "\"A\",\"B\""), ENUM("E", "\"B\",\"C\""), "field 'a': the reader has no symbol A"},
        {ENUM("E", "\"A\",\"B\""), ENUM_DEFAULT("E", "\"B\",\"C\"", "C"), ""},
};

START_TEST(test_gaps_are_told) {
        char fields[1024];
        struct schema_file *writer, *reader;
        struct layout *layout;
        struct program *program;

        snprintf(fields, sizeof(fields), "{\"name\":\"a\",\"type\":%s}", gaps[_i].writer);
        writer = fixture_schema(fields);
        snprintf(fields, sizeof(fields), "{\"name\":\"a\",\"type\":%s}", gaps[_i].reader);
        reader = fixture_schema(fields);
        layout = fixture_layout(reader);
        program = fixture_program(writer, layout);
        ck_assert_str_eq(program_gaps(program), gaps[_i].gaps);
        program_free(program);
        layout_free(layout);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

static const struct {
        const char *writer, *reader;
        int r;
} namesakes[] = {
        {"{\"type\":\"record\",\"name\":\"n.A\",\"fields\":[]}", "{\"type\":\"record\",\"name\":\"m.A\",\"fields\":[]}", 0},
        {"{\"type\":\"record\",\"name\":\"A\",\"fields\":[]}", "{\"type\":\"record\",\"name\":\"B\",\"fields\":[]}", -EINVAL},
        {"{\"type\":\"record\",\"name\":\"A\",\"fields\":[]}", "{\"type\":\"record\",\"name\":\"B\",\"aliases\":[\"A\"],\"fields\":[]}", 0},
        {"\"int\"", "{\"type\":\"record\",\"name\":\"B\",\"fields\":[]}", -EINVAL},
};

START_TEST(test_records_are_known_by_name) {
        struct schema_file *writer = NULL, *reader = NULL;
        struct program *program = NULL;
        struct layout *layout;
        struct error err;

        ck_assert_int_eq(schema_parse("w", namesakes[_i].writer, strlen(namesakes[_i].writer), LANGUAGE_EN, &writer, &err), 0);
        ck_assert_int_eq(schema_parse("r", namesakes[_i].reader, strlen(namesakes[_i].reader), LANGUAGE_EN, &reader, &err), 0);
        layout = fixture_layout(reader);
        ck_assert_int_eq(program_new(writer, layout, &program, &err), namesakes[_i].r);
        program_free(program);
        layout_free(layout);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

int main(void) {
        Suite *s = suite_create("resolution");
        TCase *t = tcase_create("resolution");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(t, test_one_field, 0, ELEMENTS(single));
        tcase_add_loop_test(t, test_records, 0, ELEMENTS(several));
        tcase_add_loop_test(t, test_gaps_are_told, 0, ELEMENTS(gaps));
        tcase_add_loop_test(t, test_records_are_known_by_name, 0, (int)ELEMENTS(namesakes));
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
