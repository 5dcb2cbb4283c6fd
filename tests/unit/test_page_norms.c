/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the page of norms shows, as table, bars, CSV and JSON, what the report says; to each only what is theirs; and says so while a report is being made.
 * Method: three measures of two municipalities, of which two are told of; each form is asked for over HTTP as people of several roles.
 */

#include "console/pictures/picture_bars.h"
#include "pages_fixture.h"

/* Late with gm0001; late with gm0002; and one of gm0001 that is in time, of which gm0001 got the copy of the measure. */
static void setup(void) {
        char json[FIXTURE_JSON];

        pages_setup();
        fixture_measure(json, "e1", "one", "gi-a", "gm0001", pages.world->now, 10);
        pages_publish(json, 0);
        fixture_measure(json, "e2", "two", "gi-b", "gm0002", pages.world->now, 10);
        pages_publish(json, 0);
        fixture_measure(json, "e3", "three", "gi-b", "gm0001", pages.world->now, 2);
        pages_publish(json, 0);
        fixture_protector(json, "e4", "three", "gi-b", pages.world->now, 1);
        pages_publish(json, 0);
        pages_await(4, 4);
}

static void assert_has(const char *path, const char *what) {
        ck_assert_msg(strstr(pages_ask_report(path, 200), what), "%s: no %s in %s", path, what, buffer_text(&pages.reply.body));
}

START_TEST(test_forms) {
        static const char *const csv[] = {"Accept: text/csv", NULL}, *const english[] = {"Accept-Language: en", NULL};
        const char *page = pages_ask_report("/normen", 200);
        char header[1024];

        ck_assert_uint_eq(pages_count(page, "<table>"), pages_count(page, "<caption"));
        ck_assert_uint_eq(pages_count(page, "<svg"), 1);
        ck_assert_uint_eq(pages_count(page, "<svg"), pages_count(page, "<desc>"));
        ck_assert_ptr_nonnull(strstr(page, ">Jeugdbeschermer binnen vijf dagen<"));
        ck_assert_ptr_nonnull(strstr(page, "Stand van"));
        ck_assert_ptr_nonnull(strstr(page, ">1 + 2<")); /* in order and not, behind the bar */
        ck_assert_ptr_nonnull(strstr(page, "niet op orde"));
        assert_has("/api/norms", "\"items\":[{\"protocol\":\"proef\",\"norm\":\"protector\",\"total\":3,\"in_order\":1,\"not_in_order\":2,\"explained\":0,"
                                 "\"running\":0,\"lapsed\":0}],\"next\":null}");
        ck_assert_str_eq(pages_ask("/normen?formaat=csv", 200), "protocol,norm,total,in_order,not_in_order,explained,running,lapsed\r\n"
                                                                "proef,protector,3,1,2,0,0,0\r\n");
        ck_assert_str_eq(http_header(&pages.reply, "Content-Disposition", header), "attachment; filename=\"norms.csv\"");
        ck_assert_int_eq(strncmp(pages_ask_as("/normen", csv, 200), "protocol,", 9), 0);
        page = pages_ask_as("/normen", english, 200);
        ck_assert_ptr_nonnull(strstr(page, "not in order"));
        ck_assert_ptr_nonnull(strstr(page, "<span lang=\"nl\">Jeugdbeschermer"));
        ck_assert_str_eq(pages.audited, ""); /* figures are no cases */
}
END_TEST

START_TEST(test_asked) {
        pages_ask_report("/api/norms?by=gi", 200);
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), "\"in_order\":1,\"not_in_order\":1,\"explained\":0,\"running\":0,\"lapsed\":0,"
                                                                     "\"by\":\"gi-b\""));
        ck_assert_ptr_nonnull(strstr(pages_ask("/normen?by=gi", 200), ">A: Jeugdbeschermer"));
        assert_has("/api/norms?gi=gi-a", "\"total\":1,");
        assert_has("/api/norms?started-from=2024-02-25", "\"total\":1,");
        assert_has("/api/norms?by=gi&limit=1", "\"next\":\"1\"}");
        assert_has("/api/norms?by=gi&limit=1&after=1", "\"next\":null}");
        assert_has("/normen?by=gi&limit=1", "href=\"/normen?by=gi&amp;limit=1&amp;after=1\"");
        assert_has("/api/norms?report=terms", "\"case_id\":");
        pages_ask("/api/norms?report=norm", 400);
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/norms?gi=gi-c", 400), "gi: geen organisatie 'gi-c'"));
        pages_ask("/normen?started-from=gisteren", 400);
}
END_TEST

START_TEST(test_while_it_is_made) {
        char header[1024];

        replica_lock(pages.console.replica); /* so it cannot be made */
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/norms?by=quarter", 202), "{\"report\":\"norms\",\"state\":\"in_making\",\"done\":0,\"all\":0}"));
        ck_assert_str_eq(http_header(&pages.reply, "Retry-After", header), "2");
        ck_assert_ptr_nonnull(strstr(pages_ask("/normen?by=quarter", 202), "wordt gemaakt"));
        ck_assert_str_eq(http_header(&pages.reply, "Refresh", header), "2");
        replica_unlock(pages.console.replica);
        assert_has("/api/norms?by=quarter", "\"by\":\"2024-Q1\"");
}
END_TEST

/* A child of gm0002, whose GI is in time, moves to gm0001: of this nobody tells gm0001 anything. */
static void move_in(void) {
        char json[FIXTURE_JSON];
        int n;

        fixture_measure(json, "e5", "four", "gi-b", "gm0002", pages.world->now, 2);
        pages_publish(json, 0);
        fixture_protector(json, "e6", "four", "gi-b", pages.world->now, 1);
        pages_publish(json, 0);
        n = fixture_envelope(json, "residence-changed", "e7", "four", "gi-b", pages.world->now);
        (void) snprintf(json + n, sizeof(json) - (size_t)n, "\"valid_from\":\"2024-03-01\",\"municipality\":\"gm0001\",\"basis\":\"MOVED\"}");
        pages_publish(json, 0);
        pages_await(7, 4);
}

/* gm0001 counts its two; of what it did not hear, and of what is another's, it learns nothing. */
START_TEST(test_of_an_organisation) {
        move_in();
        assert_has("/api/norms?municipality=gm0001", "\"total\":3,"); /* who may see the whole chain sees it */
        pages_come(ROLE_META | ROLE_ZAAK, "gm0001");
        assert_has("/api/norms", "\"total\":2,\"in_order\":1,\"not_in_order\":1,");
        assert_has("/api/norms?by=municipality", "\"by\":\"gm0001\"}],\"next\":null");
        pages_ask("/api/norms?municipality=gm0002", 404);
        pages_ask("/api/norms?report=terms&organisation=gi-a", 404);
        pages_ask_report("/api/norms?report=terms&from=2020-01-01", 200);
        ck_assert_uint_eq(pages_count(buffer_text(&pages.reply.body), "\"organisation\":\"gm0001\""), 1);
        ck_assert_uint_eq(pages_count(buffer_text(&pages.reply.body), "\"organisation\":"), 1);
        pages_come(ROLE_META, "region-noord");
        pages_ask("/api/norms", 404);
        pages_come(ROLE_META | ROLE_ZAAK, "gi-b");
        assert_has("/api/norms", "\"total\":3,");
        pages_come(ROLE_BEHEER, NULL);
        pages_ask("/api/norms", 404);
}
END_TEST

/* Figures only: no case, and nothing by which one could be known. */
START_TEST(test_of_who_sees_no_case) {
        pages_come(ROLE_META, NULL);
        assert_has("/api/norms", "\"total\":3,");
        pages_ask_report("/api/norms?report=terms", 200);
        ck_assert_ptr_null(strstr(buffer_text(&pages.reply.body), "case_id"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), "\"by\":\"gm0001\""));
        pages_ask("/api/norms?by=measure_id", 403);
        pages_ask("/api/norms?report=waiting&by=protector-assigned.worker", 403);
        assert_has("/normen?report=terms", "<svg");
}
END_TEST

/* Whoever takes cases away says so first. */
START_TEST(test_taking_away_stands_in_audit) {
        pages_ask_report("/normen?report=terms", 200);
        ck_assert_str_eq(pages.audited, "");
        ck_assert_ptr_nonnull(strstr(pages_ask("/normen?report=terms&formaat=csv", 200), "\r\ngi-a,"));
        ck_assert_str_eq(pages.audited, "EXPORT terms\n");
        pages_ask("/api/norms?report=terms", 200);
        ck_assert_str_eq(pages.audited, "EXPORT terms\nEXPORT terms\n");
        pages.refuses = true;
        ck_assert_ptr_null(strstr(pages_ask("/normen?report=terms&formaat=csv", 503), "gi-a"));
        ck_assert_ptr_null(strstr(pages_ask("/api/norms?report=terms", 503), "case_id"));
}
END_TEST

START_TEST(test_bars) {
        struct buffer out = BUFFER_INIT(1 << 20);
        struct html h = HTML_WRITER(&out);
        struct picture_bar rows[PICTURE_BARS_MAX + 5];
        struct picture_bars bars = {.id = "b", .caption = "Een <opschrift>", .language = LANGUAGE_NL, .parts = {{"op orde", "good"}, {"niet", "wrong"}},
                                    .parts_n = 2, .bars = rows, .bars_n = 0};

        picture_bars(&h, &bars);
        ck_assert_uint_eq(out.n, 0);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                rows[i] = (struct picture_bar){.label = "Een naam die langer is dan voor een balk past, é", .values = {(int64_t)i, 0}};
        bars.bars_n = ELEMENTS(rows);
        picture_bars(&h, &bars);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "role=\"img\""));
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "<title>Een &lt;opschrift&gt;</title><desc>60 balken van 65;"));
        ck_assert_uint_eq(pages_count(buffer_text(&out), "<rect"), 2 + PICTURE_BARS_MAX - 1); /* the legend, and no box for 0 */
        ck_assert_uint_eq(pages_count(buffer_text(&out), "\xe2\x80\xa6<"), PICTURE_BARS_MAX);
        ck_assert_ptr_null(strstr(buffer_text(&out), "style="));
        buffer_done(&out);
}
END_TEST

int main(void) {
        Suite *s = suite_create("page_norms");
        TCase *t = tcase_create("page_norms");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, pages_teardown);
        tcase_set_timeout(t, 120);
        tcase_add_test(t, test_forms);
        tcase_add_test(t, test_asked);
        tcase_add_test(t, test_while_it_is_made);
        tcase_add_test(t, test_of_an_organisation);
        tcase_add_test(t, test_of_who_sees_no_case);
        tcase_add_test(t, test_taking_away_stands_in_audit);
        tcase_add_test(t, test_bars);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
