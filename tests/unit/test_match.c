/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the rules by which a reader's types, fields, branches and symbols take a writer's. Method: rows of two schemas and the
 * answer; every pair of Avro's own types against the table of the specification.
 */

#include "avro_fixture.h"

#include "avro/match.h"

#define NAMED(kind, name, more) "{\"type\":\"" kind "\",\"name\":\"" name "\"," more "}"
#define RECORD(name) NAMED("record", name, "\"fields\":[]")
#define INT(name) "{\"name\":\"" name "\",\"type\":\"int\"}"
#define FIXED(name, size) NAMED("fixed", name, "\"size\":" size)

static struct schema_file *match_parse(const char *json) {
        struct schema_file *file = NULL;
        struct error err;

        ck_assert_msg(schema_parse("x.avsc", json, strlen(json), LANGUAGE_EN, &file, &err) == 0, "%s", err.text);
        return file;
}

static enum match match_of(const char *writer, const char *reader) {
        CLEANUP(schema_free_p) struct schema_file *w = match_parse(writer), *r = match_parse(reader);

        return match_types(schema_root(w), schema_root(r));
}

/* Which of Avro's own types are read as which: a row for each writer, a column for each reader; s the same, p promoted. */
START_TEST(test_primitives) {
        static const char *const words[] = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"};
        static const char *const want[] = {"s.......", ".s......", "..sppp..", "...spp..", "....sp..", ".....s..", "......sp", "......ps"};
        static const char letters[] = {[MATCH_NOT] = '.', [MATCH_SAME] = 's', [MATCH_PROMOTED] = 'p', [MATCH_UUID] = 'u'};

        for (size_t w = 0; w < ELEMENTS(words); w++) {
                for (size_t r = 0; r < ELEMENTS(words); r++) {
                        char writer[32], reader[32];

                        snprintf(writer, sizeof(writer), "\"%s\"", words[w]);
                        snprintf(reader, sizeof(reader), "\"%s\"", words[r]);
                        ck_assert_msg(letters[match_of(writer, reader)] == want[w][r], "%s read as %s", words[w], words[r]);
                }
        }
}
END_TEST

static const struct {
        const char *writer, *reader;
        int branch;
} branches[] = {
        {"\"int\"", "[\"null\",\"double\",\"int\"]", 2},
        {"\"int\"", "[\"null\",\"double\",\"long\"]", 1},
        {"\"int\"", "[\"null\",\"string\"]", -1},
        {"\"null\"", "[\"string\",\"null\"]", 1},
        {"\"bytes\"", "[\"null\",\"string\"]", 1},
        {FIXED("F", "4"), "[" FIXED("G", "4") "," FIXED("F", "4") "]", 1},
        {FIXED("F", "4"), "[" FIXED("F", "8") "]", -1},
        {RECORD("R"), "[\"int\"," RECORD("R") "]", 1},
        {RECORD("m.R"), "[" RECORD("n.R") "," RECORD("o.R") "]", 0},
        {RECORD("o.R"), "[" RECORD("n.R") "," RECORD("o.R") "]", 1},
};

START_TEST(test_branches) {
        CLEANUP(schema_free_p) struct schema_file *w = match_parse(branches[_i].writer), *r = match_parse(branches[_i].reader);

        ck_assert_int_eq(match_branch(schema_root(w), schema_root(r)), branches[_i].branch);
}
END_TEST

START_TEST(test_fields) {
        CLEANUP(schema_free_p) struct schema_file *w = match_parse(NAMED("record", "R",
                                                                        "\"fields\":[" INT("a") "," INT("old") "," INT("older") "," INT("gone") "]"));
        CLEANUP(schema_free_p) struct schema_file *r = match_parse(NAMED("record", "R",
                                                                        "\"fields\":[{\"name\":\"new\",\"type\":\"int\",\"aliases\":"
                                                                        "[\"older\",\"old\"]},{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"gone\"]}]"));
        int got[4];

        match_fields(schema_root(w), schema_root(r), got);
        ck_assert_int_eq(got[0], 1);
        ck_assert_int_eq(got[1], 0);  /* the first of two that are aliases */
        ck_assert_int_eq(got[2], -1);
        ck_assert_int_eq(got[3], -1); /* its own name was written */
}
END_TEST

START_TEST(test_symbols) {
        CLEANUP(schema_free_p) struct schema_file *plain = match_parse(NAMED("enum", "E", "\"symbols\":[\"A\",\"B\"]"));
        CLEANUP(schema_free_p) struct schema_file *other = match_parse(NAMED("enum", "E", "\"symbols\":[\"A\",\"B\"],\"default\":\"B\""));

        ck_assert_int_eq(match_symbol("B", schema_root(plain)), 1);
        ck_assert_int_eq(match_symbol("C", schema_root(plain)), -1);
        ck_assert_int_eq(match_symbol("A", schema_root(other)), 0);
        ck_assert_int_eq(match_symbol("C", schema_root(other)), 1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("match");
        TCase *tcase = tcase_create("match");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, test_primitives);
        tcase_add_loop_test(tcase, test_branches, 0, ELEMENTS(branches));
        tcase_add_test(tcase, test_fields);
        tcase_add_test(tcase, test_symbols);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
