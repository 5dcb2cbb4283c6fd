/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the table of coverage and the lists of contacts are compared with what is configured; a rule that got lost and
 * a contact that is missing are found, and every mistake has its place. Method: small files on the configuration of the examples.
 */

#include <errno.h>

#include "base/file.h"
#include "model/contacts.h"
#include "model/coverage.h"
#include "model_fixture.h"

static const char *const reports[] = {"norms", "waiting", NULL};

static struct config *config;
static struct scratch folder;
static struct arena *arena;

static void set_up(void) {
        config = example_config();
        folder = scratch_new();
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
}

static void tear_down(void) {
        arena = arena_free(arena);
        scratch_remove(&folder);
        config = config_free(config);
}

/* --- coverage --- */

static int read_coverage(const char *text, struct coverage *ret, struct mistakes *mistakes) {
        char path[SCRATCH_PATH];

        scratch_write(&folder, "c.yaml", text);
        return coverage_read(scratch_path(&folder, "c.yaml", path), config, reports, arena, ret, mistakes);
}

START_TEST(test_rows) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct coverage coverage;

        ck_assert_msg(read_coverage("R01: {norms: [ijmond-2022/protector-assigned], routes: [ijmond-2022/measure-started], reports: [norms]}\n"
                                    "R02: {}\nR03:\nR33: {reports: [waiting]}\nG28: {no_rule: omdat}\n", &coverage, &mistakes) == 0, "%s",
                      buffer_text(&mistakes.text));
        ck_assert_uint_eq(coverage.n_empty, COVERAGE_ROWS - 3);
        ck_assert_str_eq(coverage.rows[0].id, "R01");
        ck_assert_str_eq(coverage.rows[0].lists[COVERAGE_NORMS].items[0], "ijmond-2022/protector-assigned");
        ck_assert_str_eq(coverage.rows[0].lists[COVERAGE_ROUTES].items[0], "ijmond-2022/measure-started");
        ck_assert(coverage_row_empty(&coverage.rows[1]));
        ck_assert(coverage_row_empty(&coverage.rows[2]));
        ck_assert_str_eq(coverage.rows[COVERAGE_RULES - 1].id, "R33");
        ck_assert(!coverage_row_empty(&coverage.rows[COVERAGE_RULES - 1]));
        ck_assert_str_eq(coverage.rows[COVERAGE_RULES].id, "G01");
        ck_assert_str_eq(coverage.rows[COVERAGE_ROWS - 1].no_rule, "omdat");
        ck_assert_uint_eq(coverage.n_unnamed, 20); /* of 21 norms */
        for (size_t i = 0; i < coverage.n_unnamed; i++)
                ck_assert(strcmp(coverage.unnamed[i]->name, "protector-assigned") != 0 || strcmp(coverage.unnamed[i]->protocol->name, "ijmond-2022") != 0);
        mistakes_done(&mistakes);
}
END_TEST

static const struct {
        const char *text, *mistake;
} mistake_rows[] = {
        {"R34: {no_rule: x}\n", "1:1: no rule has the id 'R34': R01 to R33 and G01 to G28 (did you mean 'R04'?)"},
        {"r01: {no_rule: x}\n", "1:1: no rule has the id 'r01': R01 to R33 and G01 to G28 (did you mean 'R01'?)"},
        {"[R01]\n", "1:1: the coverage must be a mapping of keys to values, not a list"},
        {"R01: [x]\n", "1:6: a row must be a mapping of keys to values, not a list"},
        {"R01: {norm: [ijmond-2022/protector-assigned]}\n", "1:7: a row has no key 'norm' (did you mean 'norms'?)"},
        {"R01: {norms: ijmond-2022/protector-assigned}\n", "1:14: norms must be a list, not a single value"},
        {"R01: {norms: [protector-assigned]}\n", "1:15: a norm is written as protocol/norm, not 'protector-assigned'"},
        {"R01: {routes: [measure-started]}\n", "1:16: a route is written as protocol/event, not 'measure-started'"},
        {"R01: {norms: [ijmond-2023/protector-assigned]}\n", "1:15: no protocol is called 'ijmond-2023' (did you mean 'ijmond-2022'?)"},
        {"R01: {norms: [ijmond-2022/protector-asigned]}\n", "1:15: ijmond-2022 has no norm 'protector-asigned' (did you mean 'protector-assigned'?)"},
        {"R01: {routes: [ijmond-2022/measure-startd]}\n", "1:16: ijmond-2022 has no route for 'measure-startd' (did you mean 'measure-started'?)"},
        {"R01: {routes: [ijmond-2022/protector-assigned]}\n", "1:16: ijmond-2022 has no route for 'protector-assigned'"},
        {"R01: {reports: [norm]}\n", "1:17: no report is called 'norm' (did you mean 'norms'?); it can be "
         "norms, waiting"},
        {"R01: {reports: [norms, norms]}\n", "1:24: 'norms' stands in this row twice"},
        {"R01: {reports: [norms], no_rule: x}\n", "1:34: a row says either what guards the rule, or with no_rule why it is none"},
        {"R01: {no_rule: }\n", "1:16: no_rule is empty"},
        {"R01: {no_rule: x}\nR01: {no_rule: x}\n", "2:1: the key 'R01' stands here twice (first in line 1)"},
};

START_TEST(test_mistake) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct coverage coverage;
        char line[1024];

        ck_assert_int_eq(read_coverage(mistake_rows[_i].text, &coverage, &mistakes), -EINVAL);
        (void) snprintf(line, sizeof(line), "c.yaml:%s", mistake_rows[_i].mistake);
        assert_report(&folder, &mistakes, line);
        mistakes_done(&mistakes);
}
END_TEST

START_TEST(test_no_file) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct coverage coverage;
        char path[SCRATCH_PATH];

        ck_assert_int_eq(coverage_read(scratch_path(&folder, "none.yaml", path), config, reports, arena, &coverage, &mistakes), -EINVAL);
        ck_assert_uint_eq(mistakes.n, 1);
        mistakes_done(&mistakes);
}
END_TEST

/* --- contacts --- */

/* Two municipalities of which one has gone, two GIs, and what is said of their contacts: lines 4, 5 and 6. */
#define FILE_OF(municipality, gi1, gi2, region)                                                                                      \
        "organisations:\n  - {id: operators, kind: operators}\n"                                                                      \
        "  - {id: gm2, kind: municipality, region: r, until: 2021-12-31, successor: gm1}\n"                                           \
        "  - {id: gm1, kind: municipality, name: Een, region: r" municipality "}\n"                                                   \
        "  - {id: gi1, kind: gi, name: Gee" gi1 "}\n  - {id: gi2, kind: gi, name: Hee" gi2 "}\n"                                      \
        "regions:\n  - {id: r, part_of: s, contacts: {" region "}}\n  - {id: s, roles: {gi: [gi1, gi2]}}\n"
#define TEAM(for_whom) ", contacts: [{function: team, " for_whom "mailbox: m, deputy: d}]"

static const struct {
        const char *text, *missing, *mistake;
} contacts[] = {
        {FILE_OF("", "", "", ""), "", ""},
        {FILE_OF("", "", "", "municipality: [team]"), "4:5: gm1 (Een) names no contact 'team', which region r asks for", ""},
        {FILE_OF(TEAM(""), "", "", "municipality: [team]"), "", ""},
        {FILE_OF(TEAM("for: gi, "), "", "", "municipality: team"), "", ""},
        {FILE_OF(TEAM("for: [gi1, gi2], "), "", "", "municipality: [team]"), "", ""},
        {FILE_OF(TEAM("for: gi1, "), "", "", "municipality: [team]"), "4:5: gm1 (Een) names no contact 'team' for gi2 (Hee), which region r asks for", ""},
        {FILE_OF(", contacts: {function: team, mailbox: m}", "", "", "municipality: [team]"), "4:67: the contact 'team' of gm1 (Een) has no deputy", ""},
        {FILE_OF("", TEAM("for: s, "), TEAM("for: gm1, "), "gi: [team]"), "", ""},
        {FILE_OF("", TEAM("for: council, "), TEAM("for: r, "), "gi: [team]"),
         "5:5: gi1 (Gee) names no contact 'team' for gm1 (Een), which region r asks for", ""},
        {FILE_OF("", TEAM(""), "", "gi: [team]"), "6:5: gi2 (Hee) names no contact 'team', which region r asks for", ""},
        {FILE_OF(TEAM("for: gi3, "), "", "", ""), "", "4:90: no organisation, region or kind of organisation is called 'gi3' (did you mean 'gi'?)"},
        {FILE_OF(", contacts: [{function: team, mailbx: m, mailbox: m}]", "", "", ""), "", "4:85: a contact has no key 'mailbx' (did you mean 'mailbox'?)"},
        {FILE_OF(", contacts: [{function: team}]", "", "", ""), "", "4:68: a contact lacks the key 'mailbox'"},
        {FILE_OF(", contacts: [{mailbox: m}]", "", "", ""), "", "4:68: a contact lacks the key 'function'"},
        {FILE_OF(", contacts: [{function: team, mailbox: j.jansen@gemeente.nl}]", "", "", ""), "",
         "4:94: mailbox 'j.jansen@gemeente.nl' is not a name: 1 to 64 of A-Z a-z 0-9 . _ : / # -"},
        {FILE_OF(", contacts: [{function: team, mailbox: m, from: 2026-13-01}]", "", "", ""), "",
         "4:103: from '2026-13-01' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {FILE_OF(", contacts: [{function: team, mailbox: m, from: 2026-03-01, until: 2026-02-01}]", "", "", ""), "",
         "4:122: until lies before from"},
        {FILE_OF("", "", "", "municipalty: [team]"), "", "8:36: contacts of a region has no key 'municipalty' (did you mean 'municipality'?)"},
};

static void assert_line(struct mistakes *mistakes, const char *line) {
        char expected[1024];

        (void) snprintf(expected, sizeof(expected), "o.yaml:%s", line);
        if (line[0])
                assert_report(&folder, mistakes, expected);
        else
                ck_assert_str_eq(buffer_text(&mistakes->text), "");
}

START_TEST(test_contacts) {
        struct mistakes mistakes = MISTAKES_INIT, missing = MISTAKES_INIT;
        struct config small = {0};
        char path[SCRATCH_PATH];

        scratch_write(&folder, "o.yaml", contacts[_i].text);
        ck_assert_msg(organisations_read(scratch_path(&folder, "o.yaml", path), &small.organisations, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_int_eq(contacts_check(path, &small, &missing, &mistakes), contacts[_i].mistake[0] ? -EINVAL : 0);
        assert_line(&mistakes, contacts[_i].mistake);
        assert_line(&missing, contacts[_i].missing);
        organisations_free(small.organisations);
        mistakes_done(&missing);
        mistakes_done(&mistakes);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("coverage");
        TCase *tc = tcase_create("coverage");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_rows);
        tcase_add_loop_test(tc, test_mistake, 0, ELEMENTS(mistake_rows));
        tcase_add_test(tc, test_no_file);
        tcase_add_loop_test(tc, test_contacts, 0, ELEMENTS(contacts));
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
