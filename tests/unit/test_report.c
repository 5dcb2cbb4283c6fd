/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is asked of a report means the same by an option and in an address, and what is wrong is said in the same words; a table is the same for programs
 * and, word by word, for people. Method: tables of queries on the project's own configuration; one table of every kind of cell.
 */

#include <check.h>
#include <stdlib.h>

#include "model/config.h"
#include "model_fixture.h"
#include "survey/report_print.h"
#include "survey/report_query.h"

static struct config *config;

static void setup(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        char folder[SCRATCH_PATH], schemas[SCRATCH_PATH];

        ck_assert_int_eq(config_read(project_path("config", folder), project_path("schemas", schemas), &config, &mistakes), 0);
        mistakes_done(&mistakes);
}

static void teardown(void) {
        config = config_free(config);
}

static const struct {
        enum listing_kind kind;
        struct report_asked asked;
        const char *en, *nl; /* NULL: it is right */
} queries[] = {
        {LISTING_NORMS, {0}, NULL, NULL},
        {LISTING_NORMS, {.started_from = "2022-01-01", .gi = "gi-jbn", .norm = "protector-assigned", .by = "quarter"}, NULL, NULL},
        {LISTING_NORMS, {.at = "gisteren"}, "--at: 'gisteren' is no instant; write one like 2023-06-15T12:00:00+02:00",
         "at: 'gisteren' is geen tijdstip; schrijf er een zoals 2023-06-15T12:00:00+02:00"},
        {LISTING_NORMS, {.started_until = "2022-13-01"}, "--started-until: '2022-13-01' is no date; write one like 2023-06-15",
         "started-until: '2022-13-01' is geen datum; schrijf er een zoals 2023-06-15"},
        {LISTING_WAITING, {.norm = "protector-assigned"}, "--norm goes with norms and terms, not with waiting",
         "norm hoort bij norms en terms, niet bij waiting"},
        {LISTING_NORMS, {.until = "2022-01-01"}, "--until goes with terms and handover, not with norms; there is started-from",
         "until hoort bij terms en handover, niet bij norms; er is started-from"},
        {LISTING_WAITING, {.organisation = "gm0014"}, "--organisation goes with terms, not with waiting; there are gi and municipality",
         "organisation hoort bij terms, niet bij waiting; er zijn gi en municipality"},
        {LISTING_NORMS, {.gi = "gi-jbm"}, "--gi: no organisation 'gi-jbm' (did you mean 'gi-jbn'?)", "gi: geen organisatie 'gi-jbm' (bedoelde u 'gi-jbn'?)"},
        {LISTING_NORMS, {.region = "groningenn"}, "--region: no region 'groningenn' (did you mean 'groningen'?)",
         "region: geen regio 'groningenn' (bedoelde u 'groningen'?)"},
        {LISTING_NORMS, {.norm = "protector-assignd"}, "--norm: no norm 'protector-assignd' (did you mean 'protector-assigned'?)",
         "norm: geen norm 'protector-assignd' (bedoelde u 'protector-assigned'?)"},
        {LISTING_NORMS, {.by = "reference"}, "--by: 'reference' is personal data, which no report shows",
         "by: daarnaar kan niet worden uitgesplitst; schrijf gi, municipality, region, quarter, een veld van het beginfeit of gebeurtenis.veld"},
};

START_TEST(test_what_is_asked) {
        for (int nl = 0; nl < 2; nl++) {
                struct report_voice voice = {.language = nl ? LANGUAGE_NL : LANGUAGE_EN, .prefix = nl ? "" : "--"};
                const char *expected = nl ? queries[_i].nl : queries[_i].en;
                struct listing_query query = {.kind = queries[_i].kind};
                struct error err = {0};
                int r = report_query_plain(&queries[_i].asked, &voice, &query, &err);

                if (r == 0)
                        r = report_query_configured(&queries[_i].asked, config, &voice, &query, &err);
                ck_assert_msg((r == 0) == !expected, "%s", err.text);
                if (expected)
                        ck_assert_str_eq(err.text, expected);
        }
}
END_TEST

START_TEST(test_what_is_meant) {
        const struct report_asked asked = {.from = "2022-02-01", .until = "2022-03-01"}, open = {0};
        const struct report_voice voice = {.language = LANGUAGE_EN, .prefix = "--"};
        struct listing_query query = {.kind = LISTING_HANDOVER}, terms = {.kind = LISTING_TERMS};
        struct error err = {0};

        ck_assert_int_eq(report_query_plain(&asked, &voice, &query, &err), 0);
        ck_assert_int_eq(query.started_from, date_from_ymd(2022, 2, 1)); /* when measures ended */
        ck_assert_int_eq(query.started_until, date_from_ymd(2022, 3, 1));
        ck_assert_int_eq(query.at, INSTANT_NEVER);
        ck_assert_int_eq(report_query_plain(&open, &voice, &terms, &err), 0);
        ck_assert_int_eq(terms.due_until, DAY_NONE);
        report_query_seen(&terms, &open, date_begin(date_from_ymd(2022, 2, 1)));
        ck_assert_int_eq(terms.due_until, date_from_ymd(2022, 3, 1));
}
END_TEST

static const struct listing_item items[] = {{.word = "OZJ", .date = DAY_NONE}, {.word = "MANAGEMENT", .date = 19000, .has_agreed = true, .agreed = true}};
static const struct {
        const char *key;
        struct listing_cell cell;
        const char *json, *csv, *en, *nl;
} cells[] = {
        {"days", {.kind = CELL_NULL}, "null", "", "-", "-"},
        {"by", {.kind = CELL_NULL}, "null", "", "unknown", "onbekend"},
        {"gi", {.kind = CELL_TEXT, .text = "gi-a", .name = "De \"A\", en B"}, "\"gi-a\"", "gi-a", "De \"A\", en B", "De \"A\", en B"},
        {"norm", {.kind = CELL_TEXT, .text = "x,\"y\""}, "\"x,\\\"y\\\"\"", "\"x,\"\"y\"\"\"", "x,\"y\"", "x,\"y\""},
        {"reason", {.kind = CELL_TEXT, .text = "BUDGET_CAP"}, "\"BUDGET_CAP\"", "BUDGET_CAP", "budget cap", "budgetplafond"},
        {"hears", {.kind = CELL_TEXT, .text = "rung 2"}, "\"rung 2\"", "rung 2", "rung 2", "trede 2"},
        {"total", {.kind = CELL_INT, .i = -1234567}, "-1234567", "-1234567", "-1234567", "-1234567"},
        {"held", {.kind = CELL_BOOLEAN, .i = 1}, "true", "true", "yes", "ja"},
        {"due_date", {.kind = CELL_DATE, .i = 19000}, "\"2022-01-08\"", "2022-01-08", "08-01-2022", "08-01-2022"},
        {"steps", {.kind = CELL_LIST, .list = {items, ELEMENTS(items)}}, "[\"OZJ\",{\"step\":\"MANAGEMENT\",\"date\":\"2022-01-08\",\"agreed\":true}]",
         "OZJ; MANAGEMENT 2022-01-08 agreed", "ozj, management 08-01-2022 (agreed)", "OZJ, management 08-01-2022 (eens)"},
};

START_TEST(test_cells) {
        const struct listing_cell *row = &cells[_i].cell;
        struct listing_table table = {.columns = {{cells[_i].key, "kop", COLUMN_PLAIN}}, .n_columns = 1, .rows = &row, .n_rows = 1};
        struct buffer out = BUFFER_INIT(4096), scratch = BUFFER_INIT(4096);
        char expected[256];

        report_print_json(&table, &out);
        (void) snprintf(expected, sizeof(expected), "{\"%s\":%s}\n", cells[_i].key, cells[_i].json);
        ck_assert_str_eq(buffer_text(&out), expected);
        buffer_clear(&out);
        report_print_csv(&table, &out);
        (void) snprintf(expected, sizeof(expected), "%s\r\n%s\r\n", cells[_i].key, cells[_i].csv);
        ck_assert_str_eq(buffer_text(&out), expected);
        ck_assert_str_eq(report_cell(&table.columns[0], row, LANGUAGE_EN, &scratch), cells[_i].en);
        ck_assert_str_eq(report_cell(&table.columns[0], row, LANGUAGE_NL, &scratch), cells[_i].nl);
        ck_assert_str_eq(report_heading(&table.columns[0], LANGUAGE_NL, &scratch), "kop");
        buffer_done(&out);
        buffer_done(&scratch);
}
END_TEST

int main(void) {
        Suite *s = suite_create("report");
        TCase *t = tcase_create("report");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, test_what_is_asked, 0, ELEMENTS(queries));
        tcase_add_test(t, test_what_is_meant);
        tcase_add_loop_test(t, test_cells, 0, ELEMENTS(cells));
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
