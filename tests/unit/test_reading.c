/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the one reader of configuration says of every node what it must be, and takes spans of time as people write
 * them. Method: a table of texts for spans, and one of nodes with what is said of them.
 */

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "base/reading.h"

static const struct {
        const char *text;
        int want;
        int64_t count, value;
} spans[] = {
        {"500 ms", 0, 500, 1},
        {"500ms", 0, 500, 1},
        {"2s", 0, 2, 1000},
        {"1 second", 0, 1, 1000},
        {"10   seconds", 0, 10, 1000},
        {"+5 minutes", 0, 5, 60000},
        {"-1 hour", 0, -1, 3600000},
        {"0 hours", 0, 0, 3600000},
        {"99999999999999999999 hours", 0, INT64_MAX, 3600000},
        {"10seconds", SPAN_E_NUMBER, 10, 0},
        {"ms", SPAN_E_NUMBER, 0, 0},
        {"", SPAN_E_NUMBER, 0, 0},
        {"-", SPAN_E_NUMBER, 0, 0},
        {"five seconds", SPAN_E_NUMBER, 0, 0},
        {"5", SPAN_E_BARE, 5, 0},
        {"5  ", SPAN_E_BARE, 5, 0},
        {"5 secnds", SPAN_E_UNIT, 5, 0},
        {"5 Seconds", SPAN_E_UNIT, 5, 0},
        {"5 seconds ", SPAN_E_UNIT, 5, 0},
        {"5 2 seconds", SPAN_E_UNIT, 5, 0},
};

START_TEST(test_spans_are_a_number_and_a_unit) {
        struct span span;

        ck_assert_int_eq(span_parse(text_of(spans[_i].text), span_clock, SPAN_CLOCK_UNITS, &span), spans[_i].want);
        ck_assert_int_eq(span.count, spans[_i].count);
        ck_assert_int_eq(span.unit ? span.unit->value : 0, spans[_i].value);
}
END_TEST

START_TEST(test_the_nearest_unit_is_named) {
        char hint[NEAREST_HINT_MAX];
        struct span span;

        ck_assert_int_eq(span_parse(text_of("5 secnds"), span_clock, SPAN_CLOCK_UNITS, &span), SPAN_E_UNIT);
        ck_assert_str_eq(span_hint(&span, span_clock, SPAN_CLOCK_UNITS, LANGUAGE_EN, hint), " (did you mean 'seconds'?)");
}
END_TEST

/* One key each, read as what its name says; the sentence that must follow, or "" when it is taken. */
static const struct {
        const char *text, *told;
} nodes[] = {
        {"number: 7\n", ""},
        {"number: -9223372036854775808\n", ""},
        {"number: 9223372036854775807\n", "r.yaml:1:9: number must be a number from -9223372036854775808 to 9000000000000000000, not '9223372036854775807'\n"},
        {"number: '7'\n", "r.yaml:1:9: number must be a number from -9223372036854775808 to 9000000000000000000, without quotes\n"},
        {"number: 7.5\n", "r.yaml:1:9: number must be a number from -9223372036854775808 to 9000000000000000000, not '7.5'\n"},
        {"number: [7]\n", "r.yaml:1:9: number must be a single value, not a list\n"},
        {"count: 3\n", ""},
        {"count: 4\n", "r.yaml:1:8: count must be a number from 1 to 3, not '4'\n"},
        {"count: -1\n", "r.yaml:1:8: count must be a number from 1 to 3, not '-1'\n"},
        {"span: 2 minutes\n", ""},
        {"span: 0 minutes\n", "r.yaml:1:7: span: '0 minutes' is not a number from 1 and a unit, as in '10 milliseconds'\n"},
        {"span: -2 minutes\n", "r.yaml:1:7: span: '-2 minutes' is not a number from 1 and a unit, as in '10 milliseconds'\n"},
        {"span: soon\n", "r.yaml:1:7: span: 'soon' is not a number from 1 and a unit, as in '10 milliseconds'\n"},
        {"span: 2 minuets\n", "r.yaml:1:7: span: 'minuets' is no unit that fits here (did you mean 'minutes'?)\n"},
        {"span: {n: 2}\n", "r.yaml:1:7: span must be a single value, not a mapping of keys to values\n"},
        {"flag: true\n", ""},
        {"flag: 'true'\n", "r.yaml:1:7: flag must be true or false, not 'true'\n"},
        {"text: a b\n", ""},
        {"text: ''\n", "r.yaml:1:7: text is empty\n"},
        {"name: a b\n", "r.yaml:1:7: name 'a b' is not a name: 1 to 64 of A-Z a-z 0-9 . _ : / # -\n"},
        {"coutn: 3\n", "r.yaml:1:1: the file has no key 'coutn' (did you mean 'count'?)\n"},
        {"- 1\n", "r.yaml:1:1: the file must be a mapping of keys to values, not a list\n"},
};

static void read_nodes(struct reading *r, const struct yaml_node *root) {
        static const char *const known[] = {"number", "count", "span", "flag", "text", "name", NULL};
        const struct yaml_node *node;
        struct span span;
        unsigned count;
        int64_t number;
        bool flag;

        if (!reading_mapping(r, root, "the file"))
                return;
        reading_keys(r, root, known, "the file");
        if ((node = yaml_get(root, "number")))
                (void) reading_number(r, node, "number", INT64_MIN, INT64_C(9000000000000000000), &number);
        if ((node = yaml_get(root, "count")))
                (void) reading_count(r, node, "count", 1, 3, &count);
        if ((node = yaml_get(root, "span")))
                (void) reading_span(r, node, "span", span_clock, SPAN_CLOCK_UNITS, &span);
        if ((node = yaml_get(root, "flag")))
                (void) reading_flag(r, node, "flag", &flag);
        if ((node = yaml_get(root, "text")))
                (void) reading_text(r, node, "text");
        if ((node = yaml_get(root, "name")))
                (void) reading_name(r, node, "name");
}

START_TEST(test_every_node_is_held_to_what_it_must_be) {
        struct mistakes told = MISTAKES_INIT;
        struct reading r = {.mistakes = &told};
        struct yaml_tree *yaml = NULL;
        struct error err = {0};
        struct arena *arena;

        ck_assert_msg(yaml_tree_parse("r.yaml", nodes[_i].text, strlen(nodes[_i].text), LANGUAGE_EN, &yaml, &err) == 0, "%s", err.text);
        ck_assert_int_eq(arena_new(&arena, 65536), 0);
        r.yaml = yaml;
        r.arena = arena;
        read_nodes(&r, yaml_tree_root(yaml));
        ck_assert_str_eq(buffer_text(&told.text), nodes[_i].told);
        ck_assert_int_eq(reading_end(&r, 0), *nodes[_i].told ? -EINVAL : 0);
        ck_assert_int_eq(reading_end(&r, told.n), 0); /* what was there before is not this reading's */
        r.e = -ENOMEM;
        ck_assert_int_eq(reading_end(&r, 0), -ENOMEM); /* what was read is not whole */
        mistakes_done(&told);
        yaml_tree_free(yaml);
        arena_free(arena);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("reading");
        TCase *t = tcase_create("reading");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(t, test_spans_are_a_number_and_a_unit, 0, (int)ELEMENTS(spans));
        tcase_add_test(t, test_the_nearest_unit_is_named);
        tcase_add_loop_test(t, test_every_node_is_held_to_what_it_must_be, 0, (int)ELEMENTS(nodes));
        suite_add_tcase(suite, t);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
