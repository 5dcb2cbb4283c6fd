/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: schemas keep all that was written in them, have the canonical form and fingerprint of the
 * Avro specification, and say where a mistake stands. Method: tables of published vectors and of
 * mistakes; every schema that we ship, against avro-c.
 */

#include <avro.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "avro/canonical.h"
#include "avro/fingerprint.h"
#include "avro/layout.h"
#include "base/buffer.h"
#include "base/file.h"

#define SCHEMAS_MIN 50 /* what we ship at least */

static struct schema_file *parsed(const char *json) {
        struct schema_file *file = NULL;
        struct error err = {0};

        ck_assert_msg(schema_parse("x.avsc", json, strlen(json), LANGUAGE_EN, &file, &err) == 0, "%s: %s", json, err.text);
        return file;
}

/* Fingerprints: share/test/data/schema-tests.txt of the Avro specification, as it prints them (Java's signed 64 bits). */
static const struct {
        const char *json, *canonical;
        int64_t fingerprint;
} published[] = {
        {"\"null\"", "\"null\"", 7195948357588979594},
        {"{\"type\":\"null\"}", "\"null\"", 7195948357588979594},
        {"\"boolean\"", "\"boolean\"", -6970731678124411036},
        {"\"int\"", "\"int\"", 8247732601305521295},
        {"\"long\"", "\"long\"", -3434872931120570953},
        {"\"float\"", "\"float\"", 5583340709985441680},
        {"\"double\"", "\"double\"", -8181574048448539266},
        {"\"bytes\"", "\"bytes\"", 5746618253357095269},
        {"\"string\"", "\"string\"", -8142146995180207161},
        {"[ \"int\"  ]", "[\"int\"]", -5232228896498058493},
        {"[\"int\" , {\"type\":\"boolean\"} ]", "[\"int\",\"boolean\"]", 5392556393470105090},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\"}", "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[]}",
         -4824392279771201922},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\", \"namespace\":\"x.y\"}",
         "{\"name\":\"x.y.foo\",\"type\":\"record\",\"fields\":[]}", 5916914534497305771},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"a.b.foo\", \"namespace\":\"x.y\"}",
         "{\"name\":\"a.b.foo\",\"type\":\"record\",\"fields\":[]}", -4616218487480524110},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\", \"doc\":\"Useful info\"}",
         "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[]}", -4824392279771201922},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\", \"aliases\":[\"foo\",\"bar\"]}",
         "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[]}", -4824392279771201922},
        {"{\"fields\":[{\"type\":{\"type\":\"boolean\"}, \"name\":\"f1\"}], \"type\":\"record\", \"name\":\"foo\"}",
         "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[{\"name\":\"f1\",\"type\":\"boolean\"}]}", 7843277075252814651},
        {"{ \"fields\":[{\"type\":\"boolean\", \"aliases\":[], \"name\":\"f1\", \"default\":true},\n"
         "            {\"order\":\"descending\",\"name\":\"f2\",\"doc\":\"Hello\",\"type\":\"int\"}],\n"
         "  \"type\":\"record\", \"name\":\"foo\"}",
         "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[{\"name\":\"f1\",\"type\":\"boolean\"},{\"name\":\"f2\",\"type\":\"int\"}]}",
         -4860222112080293046},
        {"{\"type\":\"enum\", \"name\":\"foo\", \"symbols\":[\"A1\"]}", "{\"name\":\"foo\",\"type\":\"enum\",\"symbols\":[\"A1\"]}",
         -6342190197741309591},
        {"{\"namespace\":\"x.y.z\", \"type\":\"enum\", \"name\":\"foo\", \"doc\":\"foo bar\", \"symbols\":[\"A1\", \"A2\"]}",
         "{\"name\":\"x.y.z.foo\",\"type\":\"enum\",\"symbols\":[\"A1\",\"A2\"]}", -4448647247586288245},
        {"{\"name\":\"foo\",\"type\":\"fixed\",\"size\":15}", "{\"name\":\"foo\",\"type\":\"fixed\",\"size\":15}", 1756455273707447556},
        {"{\"namespace\":\"x.y.z\", \"type\":\"fixed\", \"name\":\"foo\", \"doc\":\"foo bar\", \"size\":32}",
         "{\"name\":\"x.y.z.foo\",\"type\":\"fixed\",\"size\":32}", -3064184465700546786},
        {"{ \"items\":{\"type\":\"null\"}, \"type\":\"array\"}", "{\"type\":\"array\",\"items\":\"null\"}", -589620603366471059},
        {"{ \"values\":\"string\", \"type\":\"map\"}", "{\"type\":\"map\",\"values\":\"string\"}", -8732877298790414990},
};

START_TEST(test_canonical_and_fingerprint_are_those_of_the_specification) {
        struct schema_file *file = parsed(published[_i].json);

        ck_assert_str_eq(schema_canonical(file), published[_i].canonical);
        ck_assert_int_eq((int64_t)schema_fingerprint(file), published[_i].fingerprint);
        schema_free(file);
        /* The form is a fixed point. */
        file = parsed(published[_i].canonical);
        ck_assert_str_eq(schema_canonical(file), published[_i].canonical);
        schema_free(file);
}
END_TEST

START_TEST(test_crc_agrees_with_its_definition) {
        uint8_t bytes[256];
        uint64_t f = UINT64_C(0xc15d213aa4d7a795);

        ck_assert(fingerprint_crc64("", 0) == f);
        for (size_t i = 0; i < sizeof(bytes); i++) {
                bytes[i] = (uint8_t)(i * 167 + 13); /* odd: every byte value once */
                f ^= bytes[i];
                for (int k = 0; k < 8; k++)
                        f = f >> 1 ^ (f & 1 ? UINT64_C(0xc15d213aa4d7a795) : 0);
                ck_assert(fingerprint_crc64(bytes, i + 1) == f);
        }
        ck_assert(fingerprint_crc64("\"null\"", 6) == UINT64_C(0x63dd24e7cc258f8a));
}
END_TEST

/*
 * What each library computed itself: fastavro 1.13.1, avro 1.12.2, apache-avro 0.22.0, goavro 2.15.0, hamba/avro 2.31.0. A shipped schema, or
 * JSON. 0: it is not known how the library has it.
 */
#define IN_R(fields) "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"nl.test\",\"fields\":[" fields "]}"
static const struct {
        const char *schema;
        uint64_t fingerprints[SPELLINGS];
} spelled[] = {
        {"measure-started.avsc",
         {0xb61714847ab38fa1, 0x0dc26a9e7fb6bc24, 0x0dc26a9e7fb6bc24, 0xf7749f197323bed5, 0x421a804dfe80c10e}},
        {"advice-given.avsc",
         {0x1cc404ccba9537bc, 0x29aa2818aaab700a, 0x29aa2818aaab700a, 0xb3958bffb14a6f48, 0xd11875b5087aca60}},
        {"meeting-held.avsc",
         {0x57d871714c5d0350, 0x110bcecd0bb1a247, 0x110bcecd0bb1a247, 0xbe52cbf242e73ffe, 0x1273edcd61f63535}},
        {"escalation-raised.avsc",
         {0xa6651ebb3e305b7e, 0xd0f8010f933f481f, 0xd0f8010f933f481f, 0x7d5346081625e487, 0xc71f7e56370e0318}},
        {"deliveries.avsc",
         {0x1550fed5a85773e8, 0xc57d24395a33648d, 0xc57d24395a33648d, 0x9c058ccd01b4ec0a, 0x873300ae7754983b}},
        {"\"null\"", {0x63dd24e7cc258f8a, 0x63dd24e7cc258f8a, 0x63dd24e7cc258f8a, 0x63dd24e7cc258f8a, 0x63dd24e7cc258f8a}},
        /* a fixed twice, once in full and once by its name */
        {IN_R("{\"name\":\"id\",\"type\":{\"type\":\"fixed\",\"name\":\"Id\",\"size\":16,\"logicalType\":\"uuid\"}},{\"name\":\"o\",\"type\":\"Id\"}"),
         {0x31bc0d7ae4629f56, 0x1639dd5a97271e03, 0x31bc0d7ae4629f56, 0x31bc0d7ae4629f56, 0x31bc0d7ae4629f56}},
        /* a property that is none of Avro's */
        {IN_R("{\"name\":\"e\",\"type\":{\"type\":\"string\",\"x\":\"y\"}}"),
         {0xdc661738a6839ebb, 0xaf607338f0c632fe, 0xdc661738a6839ebb, 0xaf607338f0c632fe, 0xdc661738a6839ebb}},
        /* a name space inside a name space; once more, found again by a name that we do not know */
        {IN_R("{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"namespace\":\"x.y\",\"symbols\":[\"A\"]}}"),
         {0x7318e02d13e89d76, 0x7318e02d13e89d76, 0x7318e02d13e89d76, 0x278a9957a7399a23, 0x7318e02d13e89d76}},
        {IN_R("{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"namespace\":\"x\",\"symbols\":[\"A\"]}},{\"name\":\"f\",\"type\":\"x.E\"}"),
         {0x06708a031e1ed38f, 0x06708a031e1ed38f, 0x06708a031e1ed38f, 0, 0x06708a031e1ed38f}},
        {"{\"type\":\"int\",\"logicalType\":\"time-millis\"}", {0x7275d51a3f395c8f, 0, 0, 0, 0}},
};

START_TEST(test_fingerprints_are_those_of_each_library) {
        struct canonical_fingerprint seen[SPELLINGS];
        struct schema_file *file = NULL;
        char path[2048];
        struct error err;

        if (strchr(spelled[_i].schema, '"')) {
                file = parsed(spelled[_i].schema);
        } else {
                snprintf(path, sizeof(path), "%s/schemas/%s", getenv("PROJECT_ROOT"), spelled[_i].schema);
                ck_assert_msg(schema_read(path, LANGUAGE_EN, &file, &err) == 0, "%s", err.text);
        }
        ck_assert_int_eq(canonical_fingerprints(schema_root(file), seen), 0);
        for (unsigned i = 0; i < SPELLINGS; i++) {
                ck_assert_msg(seen[i].known == (spelled[_i].fingerprints[i] != 0), "%s", spelling_name((enum spelling)i));
                ck_assert_msg(!seen[i].known || seen[i].value == spelled[_i].fingerprints[i], "%s", spelling_name((enum spelling)i));
        }
        ck_assert(seen[SPELLING_SPECIFICATION].value == schema_fingerprint(file));
        schema_free(file);
}
END_TEST

static const struct {
        const char *json, *canonical;
} spaces[] = {
        /* a reference takes the space around it, a fixed gives its own to nobody */
        {"{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"b.F\","
         "\"size\":2}},{\"name\":\"y\",\"type\":\"b.F\"},{\"name\":\"z\",\"type\":[\"null\",\"R\"]}]}",
         "{\"name\":\"a.R\",\"type\":\"record\",\"fields\":[{\"name\":\"x\",\"type\":{\"name\":\"b.F\",\"type\":\"fixed\",\"size\":2}},"
         "{\"name\":\"y\",\"type\":\"b.F\"},{\"name\":\"z\",\"type\":[\"null\",\"a.R\"]}]}"},
        /* a record inside takes its own space for what it holds */
        {"{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"record\",\"name\":\"b.S\",\"fields\":["
         "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}}]}},{\"name\":\"y\",\"type\":\"b.E\"}]}",
         "{\"name\":\"a.R\",\"type\":\"record\",\"fields\":[{\"name\":\"x\",\"type\":{\"name\":\"b.S\",\"type\":\"record\",\"fields\":["
         "{\"name\":\"e\",\"type\":{\"name\":\"b.E\",\"type\":\"enum\",\"symbols\":[\"A\"]}}]}},{\"name\":\"y\",\"type\":\"b.E\"}]}"},
        /* an empty name space is none */
        {"{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"F\","
         "\"namespace\":\"\",\"size\":2}},{\"name\":\"y\",\"type\":\"F\"}]}",
         "{\"name\":\"a.R\",\"type\":\"record\",\"fields\":[{\"name\":\"x\",\"type\":{\"name\":\"F\",\"type\":\"fixed\",\"size\":2}},"
         "{\"name\":\"y\",\"type\":\"F\"}]}"},
};

START_TEST(test_names_stand_in_their_space) {
        struct schema_file *file = parsed(spaces[_i].json);

        ck_assert_str_eq(schema_canonical(file), spaces[_i].canonical);
        schema_free(file);
}
END_TEST

#define FIELD(field) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" field "]}"

static const struct {
        const char *json, *sentence;
} mistakes[] = {
        {"{", "x.avsc:1:1: this is not JSON"},
        {"{\"type\":\"int\",\n\"type\":\"long\"}", "x.avsc:2:6: this is not JSON: duplicate object key"},
        {"\"null\" 1", "x.avsc:1:8: this is not JSON"},
        {"\"\xff\"", "x.avsc:1:"},
        {"12", "x.avsc: a type is a name, an object, or a list"},
        {"{}", "x.avsc: has no 'type'"},
        {"\"strin\"", "x.avsc: no type 'strin' is known here (did you mean 'string'?)"},
        {"\"record\"", "x.avsc: 'record' needs an object that describes it"},
        {"[]", "x.avsc: a union needs at least one branch"},
        {"[\"null\",[\"int\"]]", "x.avsc: branch 2: a union cannot hold a union"},
        {"[\"int\",\"null\",\"int\"]", "x.avsc: branch 3: 'int' stands twice in the union"},
        {"{\"type\":\"array\"}", "x.avsc: has no 'items'"},
        {"{\"type\":\"array\",\"items\":{\"type\":\"map\",\"values\":\"bool\"}}", "x.avsc: items: values: no type 'bool'"},
        {"{\"type\":\"fixed\",\"name\":\"F\"}", "x.avsc: 'size' must be a whole number"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "x.avsc: 'size' must be a whole number"},
        {"{\"type\":\"fixed\",\"size\":1}", "x.avsc: a record, enum or fixed needs a 'name'"},
        {"{\"type\":\"fixed\",\"name\":\"string\",\"size\":1}", "x.avsc: 'string' is a type of Avro itself"},
        {"{\"type\":\"fixed\",\"name\":\"F\\u0000\",\"size\":1}", "x.avsc: 'F' is not a name"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":\"a..b\",\"size\":1}", "x.avsc: the namespace 'a..b'"},
        {"{\"type\":\"fixed\",\"name\":\"a.\",\"size\":1}", "x.avsc: 'a.' is not a name"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}", "x.avsc: 'symbols' is empty"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B-C\"]}", "x.avsc: symbol 'B-C' is not a name"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\",\"A\"]}", "x.avsc: symbol 'A': stands twice"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"RED\"],\"default\":\"READ\"}",
         "x.avsc: the default 'READ' is not one of the symbols (did you mean 'RED'?)"},
        {"{\"type\":\"record\",\"name\":\"R\"}", "x.avsc: 'fields' must be a list"},
        {FIELD("1"), "x.avsc: field 1 must be an object"},
        {FIELD("{\"type\":\"int\"}"), "x.avsc: field 1 has no 'name'"},
        {FIELD("{\"name\":\"1a\",\"type\":\"int\"}"), "x.avsc: field 1: '1a' is not a name"},
        {FIELD("{\"name\":\"a\"}"), "x.avsc: field 'a': has no 'type'"},
        {FIELD("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"a\",\"type\":\"int\"}"), "x.avsc: field 'a': stands twice"},
        {FIELD("{\"name\":\"a\",\"type\":\"int\",\"doc\":1}"), "x.avsc: field 'a': 'doc' must be a string"},
        {FIELD("{\"name\":\"a\",\"type\":\"int\",\"order\":\"up\"}"), "x.avsc: field 'a': 'order' must be"},
        {FIELD("{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"b.c\"]}"), "x.avsc: field 'a': 'aliases'"},
        {FIELD("{\"name\":\"a\",\"type\":{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}}"), "x.avsc: field 'a': 'R' is defined twice"},
        {FIELD("{\"name\":\"a\",\"type\":\"int\",\"default\":\"1\"}"), "x.avsc: field 'a': the default must be a whole number of 32 bits"},
        {FIELD("{\"name\":\"a\",\"type\":\"int\",\"default\":2147483648}"), "x.avsc: field 'a': the default must be a whole number of 32 bits"},
        {FIELD("{\"name\":\"a\",\"type\":\"long\",\"default\":1.5}"), "x.avsc: field 'a': the default must be a whole number"},
        {FIELD("{\"name\":\"a\",\"type\":\"boolean\",\"default\":0}"), "x.avsc: field 'a': the default must be true or false"},
        {FIELD("{\"name\":\"a\",\"type\":\"string\",\"default\":null}"), "x.avsc: field 'a': the default must be a string"},
        {FIELD("{\"name\":\"a\",\"type\":[\"string\",\"null\"],\"default\":1}"), "x.avsc: field 'a': the default is of none of the union's types"},
        {FIELD("{\"name\":\"a\",\"type\":[\"null\",{\"type\":\"array\",\"items\":\"int\"}],\"default\":[\"x\"]}"),
         "x.avsc: field 'a': the default must be a whole number"},
        {FIELD("{\"name\":\"a\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":2},\"default\":\"\\u00ff\"}"),
         "x.avsc: field 'a': the default must be a string of exactly 2"},
        {FIELD("{\"name\":\"a\",\"type\":\"bytes\",\"default\":\"\\u0100\"}"), "x.avsc: field 'a': the default must be a string of characters up to"},
        {FIELD("{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":\"int\"},\"default\":[1,\"2\"]}"),
         "x.avsc: field 'a': the default must be a whole number"},
        {FIELD("{\"name\":\"a\",\"type\":{\"type\":\"record\",\"name\":\"S\",\"fields\":[{\"name\":\"b\",\"type\":\"int\"}]},\"default\":{}}"),
         "x.avsc: field 'a': the default lacks 'b'"},
        {FIELD("{\"name\":\"a\",\"type\":{\"type\":\"record\",\"name\":\"S\",\"fields\":[]},\"default\":{\"c\":1}}"),
         "x.avsc: field 'a': the default has 'c'"},
};

START_TEST(test_mistakes_have_places) {
        struct schema_file *file = NULL;
        struct error err = {0};

        ck_assert_int_eq(schema_parse("x.avsc", mistakes[_i].json, strlen(mistakes[_i].json), LANGUAGE_EN, &file, &err), -EINVAL);
        ck_assert_ptr_null(file);
        ck_assert_msg(strncmp(err.text, mistakes[_i].sentence, strlen(mistakes[_i].sentence)) == 0, "%s\nnot: %s", err.text, mistakes[_i].sentence);
}
END_TEST

START_TEST(test_depth_is_bounded) {
        struct buffer b = BUFFER_INIT(4096);
        struct schema_file *file = NULL;
        struct error err = {0};

        for (int depth = 1; depth <= 2 * SCHEMA_DEPTH_MAX; depth *= 2) {
                buffer_clear(&b);
                for (int i = 0; i < depth; i++)
                        buffer_add_text(&b, "{\"type\":\"array\",\"items\":");
                buffer_add_text(&b, "\"int\"");
                for (int i = 0; i < depth; i++)
                        buffer_add_text(&b, "}");
                ck_assert_int_eq(schema_parse("x", buffer_text(&b), b.n, LANGUAGE_EN, &file, &err), depth <= SCHEMA_DEPTH_MAX ? 0 : -EINVAL);
                if (depth <= SCHEMA_DEPTH_MAX)
                        file = schema_free(file);
        }
        ck_assert(strstr(err.text, "nested deeper than"));
        buffer_done(&b);
}
END_TEST

START_TEST(test_everything_written_is_kept) {
        struct schema_file *file = parsed(
                "{\"type\":\"record\",\"name\":\"n.R\",\"doc\":\"Zaak.\",\"ketenwacht.identity\":\"id\",\"fields\":["
                "{\"name\":\"id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"},\"doc\":\"Kenmerk.\",\"ketenwacht.personal\":true},"
                "{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"default\":0},"
                "{\"name\":\"on\",\"type\":[\"null\",{\"type\":\"int\",\"logicalType\":\"date\"}],\"default\":null},"
                "{\"name\":\"odd\",\"type\":{\"type\":\"string\",\"logicalType\":\"date\"}},"
                "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"],\"default\":\"B\"}},"
                "{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"uuid\"}}]}");
        const struct schema *s = schema_root(file);

        ck_assert_str_eq(s->name, "n.R");
        ck_assert_str_eq(s->doc, "Zaak.");
        ck_assert_str_eq(schema_property_string(s->properties, "ketenwacht.identity"), "id");
        ck_assert_ptr_null(schema_property(s->properties, "ketenwacht.own"));
        ck_assert_uint_eq(s->n_fields, 6);
        ck_assert_str_eq(s->fields[0].doc, "Kenmerk.");
        ck_assert_str_eq(s->fields[1].doc, "");
        ck_assert(json_is_true(schema_property(s->fields[0].properties, "ketenwacht.personal")));
        ck_assert_int_eq(s->fields[0].type->logical, SCHEMA_UUID);
        ck_assert_int_eq(s->fields[1].type->logical, SCHEMA_TIMESTAMP_MILLIS);
        ck_assert(json_is_integer(s->fields[1].default_value));
        ck_assert_int_eq(s->fields[2].type->branches[1]->logical, SCHEMA_DATE);
        ck_assert(json_is_null(s->fields[2].default_value));
        ck_assert_ptr_null(s->fields[0].default_value);
        ck_assert_int_eq(s->fields[3].type->logical, SCHEMA_OTHER_LOGICAL);
        ck_assert_str_eq(s->fields[4].type->default_symbol, "B");
        ck_assert_int_eq(s->fields[5].type->logical, SCHEMA_UUID);
        schema_free(file);
}
END_TEST

/* Which logical type a type has; what is not right means nothing, as the specification asks. */
static const struct {
        const char *type;
        enum schema_logical logical;
} logical[] = {
        {"\"int\",\"logicalType\":\"date\"", SCHEMA_DATE},
        {"\"long\",\"logicalType\":\"date\"", SCHEMA_OTHER_LOGICAL},
        {"\"int\",\"logicalType\":\"time-millis\"", SCHEMA_TIME_MILLIS},
        {"\"long\",\"logicalType\":\"time-micros\"", SCHEMA_TIME_MICROS},
        {"\"int\",\"logicalType\":\"time-micros\"", SCHEMA_OTHER_LOGICAL},
        {"\"long\",\"logicalType\":\"timestamp-micros\"", SCHEMA_TIMESTAMP_MICROS},
        {"\"long\",\"logicalType\":\"timestamp-nanos\"", SCHEMA_TIMESTAMP_NANOS},
        {"\"long\",\"logicalType\":\"local-timestamp-millis\"", SCHEMA_LOCAL_TIMESTAMP_MILLIS},
        {"\"long\",\"logicalType\":\"local-timestamp-micros\"", SCHEMA_LOCAL_TIMESTAMP_MICROS},
        {"\"long\",\"logicalType\":\"local-timestamp-nanos\"", SCHEMA_LOCAL_TIMESTAMP_NANOS},
        {"\"fixed\",\"name\":\"F\",\"size\":12,\"logicalType\":\"duration\"", SCHEMA_DURATION},
        {"\"fixed\",\"name\":\"F\",\"size\":11,\"logicalType\":\"duration\"", SCHEMA_OTHER_LOGICAL},
        {"\"fixed\",\"name\":\"F\",\"size\":15,\"logicalType\":\"uuid\"", SCHEMA_OTHER_LOGICAL},
        {"\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":2", SCHEMA_DECIMAL},
        {"\"bytes\",\"logicalType\":\"decimal\",\"precision\":4", SCHEMA_DECIMAL},
        {"\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":5", SCHEMA_OTHER_LOGICAL},
        {"\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":-1", SCHEMA_OTHER_LOGICAL},
        {"\"bytes\",\"logicalType\":\"decimal\",\"precision\":0", SCHEMA_OTHER_LOGICAL},
        {"\"bytes\",\"logicalType\":\"decimal\"", SCHEMA_OTHER_LOGICAL},
        {"\"string\",\"logicalType\":\"decimal\",\"precision\":4", SCHEMA_OTHER_LOGICAL},
        {"\"fixed\",\"name\":\"F\",\"size\":2,\"logicalType\":\"decimal\",\"precision\":4", SCHEMA_DECIMAL},
        {"\"fixed\",\"name\":\"F\",\"size\":2,\"logicalType\":\"decimal\",\"precision\":5", SCHEMA_OTHER_LOGICAL},
        {"\"bytes\",\"logicalType\":\"big-decimal\"", SCHEMA_OTHER_LOGICAL},
};

START_TEST(test_logical_types) {
        char json[256];
        struct schema_file *file;

        snprintf(json, sizeof(json), "{\"type\":%s}", logical[_i].type);
        file = parsed(json);
        ck_assert_int_eq(schema_root(file)->logical, logical[_i].logical);
        if (logical[_i].logical == SCHEMA_DECIMAL)
                ck_assert_uint_eq(schema_root(file)->precision, 4);
        schema_free(file);
}
END_TEST

static const struct {
        const char *field, *sentence; /* "": accepted */
} flat[] = {
        {"{\"name\":\"a\",\"type\":[\"null\",\"float\"]}", ""},
        {"{\"name\":\"a\",\"type\":[{\"type\":\"string\",\"logicalType\":\"uuid\"},\"null\"],"
         "\"default\":\"6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11\"}", ""},
        {"{\"name\":\"a\",\"type\":\"bytes\"}", "x.avsc: field 'a': bytes is not flat"},
        {"{\"name\":\"a\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}}",
         "x.avsc: field 'a': the logical type 'timestamp-micros' on long is none that an event may use"},
        {"{\"name\":\"a\",\"type\":\"null\"}", "x.avsc: field 'a': null is not flat"},
        {"{\"name\":\"a\",\"type\":[\"null\",\"string\"],\"default\":\"x\"}",
         "x.avsc: field 'a': the default must fit the first branch of the union, here 'null'"},
        {"{\"name\":\"a\",\"type\":[\"string\",\"null\"],\"default\":null}", "x.avsc: field 'a': the default must fit the first branch of the union"},
        {"{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":\"int\"}}", "x.avsc: field 'a': array is not flat"},
        {"{\"name\":\"a\",\"type\":[\"null\",\"int\",\"string\"]}", "x.avsc: field 'a': a union may only be of null and one other"},
        {"{\"name\":\"a\",\"type\":[\"string\",\"int\"]}", "x.avsc: field 'a': a union may only be of null and one other"},
        {"{\"name\":\"a\",\"type\":[\"null\",{\"type\":\"map\",\"values\":\"int\"}]}", "x.avsc: field 'a': map is not flat"},
        {"{\"name\":\"a\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":16}}", "x.avsc: field 'a': a fixed may only be a uuid"},
        {"{\"name\":\"a\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":8,\"logicalType\":\"uuid\"}}",
         "x.avsc: field 'a': the logical type 'uuid' on F"},
        {"{\"name\":\"a\",\"type\":{\"type\":\"string\",\"logicalType\":\"date\"}}", "x.avsc: field 'a': the logical type 'date' on string"},
        {"{\"name\":\"a\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}}", "x.avsc: field 'a': the logical type 'timestamp-micros'"},
        {"{\"name\":\"a\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"},\"default\":\"x\"}", "x.avsc: field 'a': the default must be a uuid"},
};

START_TEST(test_layouts_are_flat) {
        char json[1024];
        struct schema_file *file;
        struct layout *layout = NULL;
        struct error err = {0};

        snprintf(json, sizeof(json), FIELD("%s"), flat[_i].field);
        file = parsed(json);
        ck_assert_int_eq(layout_new(file, &layout, &err), *flat[_i].sentence ? -EINVAL : 0);
        ck_assert_msg(strncmp(err.text, flat[_i].sentence, strlen(flat[_i].sentence)) == 0, "%s", err.text);
        layout_free(layout);
        schema_free(file);
}
END_TEST

START_TEST(test_layouts_know_their_fields) {
        struct schema_file *file = parsed(FIELD(
                "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"K\",\"symbols\":[\"A\",\"B\"]},\"default\":\"B\"},"
                "{\"name\":\"on\",\"type\":[{\"type\":\"int\",\"logicalType\":\"date\"},\"null\"],\"default\":7},"
                "{\"name\":\"id\",\"type\":{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"},"
                "\"default\":\"\\u0000\\u0001\\u007f\\u0080\\u00ff56789abcdef\"}"));
        static const uint8_t want[16] = "\x00\x01\x7f\x80\xff" "56789abcdef";
        struct layout *layout = NULL;
        struct error err;

        ck_assert_int_eq(layout_new(file, &layout, &err), 0);
        ck_assert_uint_eq(layout->n, 3);
        ck_assert_uint_eq(layout->fingerprint, schema_fingerprint(file));
        ck_assert_int_eq(layout_slot(layout, "id"), 2);
        ck_assert_int_eq(layout_slot(layout, "nothing"), -1);
        ck_assert_int_eq(layout_symbol(&layout->fields[0], text_of("B")), 1);
        ck_assert_int_eq(layout_symbol(&layout->fields[0], text_of("C")), -1);
        ck_assert_int_eq(layout->fields[0].default_value.i, 1);
        ck_assert(layout->fields[1].nullable && layout->fields[1].null_branch == 1 && layout->fields[1].type == LAYOUT_DATE);
        ck_assert_int_eq(layout->fields[1].default_value.i, 7);
        ck_assert_mem_eq(layout->fields[2].default_value.u.bytes, want, 16);
        layout_free(layout);
        schema_free(file);
}
END_TEST

START_TEST(test_shipped_schemas_are_flat_and_avro_c_takes_them) {
        char folder[1024], path[2048];
        char **names = NULL;
        struct error err = {0};
        size_t n = 0;

        snprintf(folder, sizeof(folder), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_msg(folder_names(folder, ".avsc", &names, &n, &err) == 0, "%s", err.text);
        ck_assert_uint_ge(n, SCHEMAS_MIN);
        for (size_t i = 0; i < n; i++) {
                struct schema_file *file = NULL, *again;
                struct layout *layout = NULL;
                avro_schema_t theirs = NULL;

                snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
                ck_assert_msg(schema_read(path, LANGUAGE_EN, &file, &err) == 0, "%s", err.text);
                ck_assert_msg(layout_new(file, &layout, &err) == 0, "%s", err.text);
                ck_assert_msg(avro_schema_from_json_length(schema_json(file), strlen(schema_json(file)), &theirs) == 0, "%s: %s", path,
                              avro_strerror());
                ck_assert_str_eq(avro_schema_name(theirs), schema_short_name(layout->name));
                ck_assert_uint_eq(avro_schema_record_size(theirs), layout->n);
                for (size_t k = 0; k < layout->n; k++)
                        ck_assert_str_eq(avro_schema_record_field_name(theirs, (int)k), layout->fields[k].name);
                again = parsed(schema_canonical(file));
                ck_assert(schema_fingerprint(again) == schema_fingerprint(file));
                schema_free(again);
                avro_schema_decref(theirs);
                layout_free(layout);
                schema_free(file);
        }
        folder_names_free(names);
}
END_TEST

int main(void) {
        Suite *s = suite_create("schemas");
        TCase *t = tcase_create("schemas");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(t, test_canonical_and_fingerprint_are_those_of_the_specification, 0, ELEMENTS(published));
        tcase_add_test(t, test_crc_agrees_with_its_definition);
        tcase_add_loop_test(t, test_fingerprints_are_those_of_each_library, 0, (int)ELEMENTS(spelled));
        tcase_add_loop_test(t, test_names_stand_in_their_space, 0, (int)ELEMENTS(spaces));
        tcase_add_loop_test(t, test_mistakes_have_places, 0, ELEMENTS(mistakes));
        tcase_add_test(t, test_depth_is_bounded);
        tcase_add_test(t, test_everything_written_is_kept);
        tcase_add_loop_test(t, test_logical_types, 0, (int)ELEMENTS(logical));
        tcase_add_loop_test(t, test_layouts_are_flat, 0, ELEMENTS(flat));
        tcase_add_test(t, test_layouts_know_their_fields);
        tcase_add_test(t, test_shipped_schemas_are_flat_and_avro_c_takes_them);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
