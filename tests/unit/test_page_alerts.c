/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the page of alerts lists what is open, as table, CSV and JSON, page by page and by every filter; to an organisation its own; to who may see no case
 * counts. Method: alerts of two municipalities and their GIs, raised at different moments; each form is asked for over HTTP as people of several roles.
 */

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "pages_fixture.h"

#define DAY FIXTURE_DAY

/* "one" is late with gi-a and gm0001; a day later "two" with gi-b and gm0002; five days later region-noord hears of both. */
static void setup(void) {
        char json[FIXTURE_JSON];

        pages_setup();
        fixture_measure(json, "e1", "one", "gi-a", "gm0001", pages.world->now, 7);
        pages_publish(json, 0);
        pages_publish(NULL, DAY);
        fixture_measure(json, "e2", "two", "gi-b", "gm0002", pages.world->now, 7);
        pages_publish(json, 0);
        pages_publish(NULL, DAY);
        pages_await(2, 4);
}

static size_t rows(const char *page) {
        return pages_count(page, "href=\"/zaken/");
}

START_TEST(test_forms) {
        static const char *const english[] = {"Accept-Language: en", NULL};
        char one[UUID_TEXT + 1], header[1024];
        const char *page = pages_ask("/meldingen", 200);

        fixture_id("one", one);
        ck_assert_uint_eq(rows(page), 4);
        ck_assert_uint_eq(pages_count(page, "<table>"), pages_count(page, "<caption"));
        ck_assert_ptr_nonnull(strstr(page, "Jeugdbeschermer binnen vijf dagen"));
        ck_assert_ptr_nonnull(strstr(page, "<p>4 open.</p>"));
        ck_assert_ptr_nonnull(strstr(page, "href=\"/organisaties/gm0001\""));
        ck_assert(strstr(page, one) != NULL);
        ck_assert_str_eq(pages.audited, "");
        ck_assert_ptr_nonnull(strstr(pages_ask_as("/meldingen", english, 200), "Open alerts, the oldest first"));
        page = pages_ask("/api/alerts", 200);
        ck_assert_ptr_nonnull(strstr(page, "\"matched\":4,\"alerts\":[{\"alert_id\":\""));
        ck_assert_ptr_nonnull(strstr(page, "\"protocol\":\"proef\",\"norm\":\"protector\",\"instance\":\""));
        ck_assert_ptr_nonnull(strstr(page, "\"rung\":1,\"due_date\":\"2024-02-28\",\"organisation\":\"gi-a\",\"role\":\"gi\",\"since\":\"2024-03-01T12:00:0"));
        ck_assert_ptr_nonnull(strstr(page, "\"times_raised\":1}"));
        ck_assert_ptr_nonnull(strstr(page, "\"next\":null}"));
        page = pages_ask("/meldingen?formaat=csv", 200);
        ck_assert_ptr_eq(strstr(page, "alert_id,case_id,protocol,norm,instance,rung,due_date,organisation,role,since,times_raised,"
                                      "acknowledged_until\r\n"), page);
        ck_assert_uint_eq(pages_count(page, "\r\n"), 5);
        ck_assert_ptr_nonnull(strstr(page, ",1,2024-02-28,gm0001,municipality,2024-03-01T12:00:0"));
        ck_assert_str_eq(http_header(&pages.reply, "Link", header), "");
        ck_assert_str_eq(pages.audited, "EXPORT alerts\nEXPORT alerts\n");
        pages.refuses = true;
        ck_assert_ptr_null(strstr(pages_ask("/api/alerts", 503), one));
        ck_assert_ptr_null(strstr(pages_ask("/meldingen?formaat=csv", 503), one));
}
END_TEST

static const struct {
        const char *query;
        size_t rows;
} filters[] = {
        {"organisation=gm0001", 1}, {"organisation=region-noord", 0}, {"norm=protector", 4},  {"norm=other", 0},    {"protocol=proef", 4},
        {"protocol=proe", 0},       {"rung=1", 4},                    {"rung=2", 0},          {"older-than=1", 4}, {"older-than=2", 2},
        {"older-than=3", 0},        {"organisation=gi-a&rung=1", 1},
};

START_TEST(test_filters) {
        char path[128];

        (void) snprintf(path, sizeof(path), "/meldingen?%s", filters[_i].query);
        ck_assert_uint_eq(rows(pages_ask(path, 200)), filters[_i].rows);
}
END_TEST

START_TEST(test_what_cannot_be_asked) {
        static const char *const bad[] = {"organisation=gm9999", "rung=first", "rung=0", "older-than=-1", "older-than=99999999999999999999", "after=x",
                                          "after=1-2"};
        char path[128];

        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                (void) snprintf(path, sizeof(path), "/api/alerts?%s", bad[i]);
                pages_ask(path, 400);
        }
}
END_TEST

/* Page after page: each alert once, in order. */
START_TEST(test_pages) {
        char seen[8][UUID_TEXT + 1], path[256] = "/api/alerts?limit=1&rung=1", header[1024];
        size_t n = 0;

        for (;;) {
                const char *body = pages_ask(path, 200), *id = strstr(body, "\"alert_id\":\""), *next = strstr(body, "\"next\":\"");

                ck_assert(id && n < ELEMENTS(seen));
                (void) snprintf(seen[n], sizeof(seen[n]), "%.36s", id + strlen("\"alert_id\":\""));
                for (size_t i = 0; i < n; i++)
                        ck_assert_str_ne(seen[i], seen[n]);
                n++;
                if (!next)
                        break;
                next += strlen("\"next\":\"");
                (void) snprintf(path, sizeof(path), "/api/alerts?limit=1&rung=1&after=%.*s", (int)strcspn(next, "\""), next);
        }
        ck_assert_uint_eq(n, 4);
        ck_assert_ptr_nonnull(strstr(pages_ask("/meldingen?limit=3&norm=protector", 200), "href=\"/meldingen?limit=3&amp;norm=protector&amp;after="));
        pages_ask("/meldingen?formaat=csv&limit=3", 200);
        ck_assert_ptr_nonnull(strstr(http_header(&pages.reply, "Link", header), "/meldingen?formaat=csv&limit=3&after="));
}
END_TEST

START_TEST(test_acknowledged) {
        char json[FIXTURE_JSON], id[UUID_TEXT + 1];
        const char *body = pages_ask("/api/alerts?organisation=gm0001", 200);
        int n;

        ck_assert_ptr_null(strstr(body, "acknowledged_until"));
        (void) snprintf(id, sizeof(id), "%.36s", strstr(body, "\"alert_id\":\"") + strlen("\"alert_id\":\""));
        n = fixture_envelope(json, "alert-acknowledged", "e3", "one", "gm0001", pages.world->now);
        (void) snprintf(json + n, sizeof(json) - (size_t)n, "\"alert_id\":\"%s\",\"by\":\"rol-beleid\"}", id);
        pages_publish(json, 0);
        pages_await(3, 4);
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/alerts?organisation=gm0001", 200), "\"acknowledged_until\":\"2024-03-"));
        ck_assert_ptr_null(strstr(pages_ask("/api/alerts?organisation=gm0002", 200), "acknowledged_until"));
}
END_TEST

START_TEST(test_of_an_organisation) {
        char two[UUID_TEXT + 1], hidden[512];
        const char *body;

        fixture_id("two", two);
        pages_come(ROLE_META | ROLE_ZAAK, "gm0001");
        body = pages_ask("/api/alerts", 200);
        ck_assert_ptr_nonnull(strstr(body, "\"matched\":1,"));
        ck_assert_ptr_nonnull(strstr(body, "\"organisation\":\"gm0001\""));
        ck_assert_ptr_null(strstr(body, two));
        pages_ask("/api/alerts?organisation=gm0001", 200);
        (void) snprintf(hidden, sizeof(hidden), "%s", pages_ask("/api/alerts?organisation=gm0002", 404));
        ck_assert_str_eq(hidden, pages_ask("/api/alerts?organisation=gm9999", 404)); /* there or not: the same */
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/alerts?show=counts", 200), "\"matched\":1,"));
        pages_come(ROLE_BEHEER, NULL);
        pages_ask("/api/alerts", 404);
}
END_TEST

START_TEST(test_counts) {
        char one[UUID_TEXT + 1];
        const char *body;

        fixture_id("one", one);
        pages_come(ROLE_META, NULL);
        body = pages_ask("/api/alerts?organisation=gm0001", 200);
        ck_assert_ptr_nonnull(strstr(body, "\"matched\":1,\"counts\":[{\"organisation\":\"gm0001\",\"protocol\":\"proef\",\"norm\":\"protector\",\"open\":1,"
                                           "\"by_rung\":[1,0,0,0,0,0,0,0],\"oldest\":\"2024-03-01T12:00:0"));
        body = pages_ask("/meldingen", 200);
        ck_assert_ptr_null(strstr(body, one));
        ck_assert_uint_eq(rows(body), 0);
        ck_assert_ptr_nonnull(strstr(body, "Open meldingen per organisatie en norm"));
        ck_assert_ptr_nonnull(strstr(body, "<p>4 open.</p>"));
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/alerts?limit=3", 200), "\"next\":\"3\"}"));
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/alerts?limit=3&after=3", 200), "\"next\":null}"));
        ck_assert_str_eq(pages.audited, "");
        pages_ask("/meldingen?formaat=csv", 200);
        ck_assert_ptr_null(strstr(buffer_text(&pages.reply.body), one));
}
END_TEST

/* What a subscriber's program reads. */
static void read_feed(char *ret, size_t size) {
        char script[FIXTURE_PATH], feed[FIXTURE_PATH], said[FIXTURE_PATH], *text;
        char *const arguments[] = {(char *)"python3", (char *)fixture_path(script, getenv("PROJECT_ROOT"), "tests/unit/read_feed.py"),
                                   (char *)fixture_path(feed, pages.world->folder, "feed.atom"), NULL};
        posix_spawn_file_actions_t actions;
        struct error err;
        int status;
        size_t n;
        pid_t pid;

        fixture_write(pages.world->folder, "feed.atom", buffer_text(&pages.reply.body), pages.reply.body.n);
        ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
        ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, 1, fixture_path(said, pages.world->folder, "said"), O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
        ck_assert_int_eq(posix_spawn(&pid, "/usr/bin/python3", &actions, NULL, arguments, environ), 0); /* Debian's: it has feedparser */
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(posix_spawn_file_actions_destroy(&actions), 0);
        ck_assert_int_eq(status, 0);
        ck_assert_int_eq(file_read(said, &text, &n, &err), 0);
        (void) snprintf(ret, size, "%s", text);
        free(text);
}

START_TEST(test_feed) {
        char said[4096], id[UUID_TEXT + 1], measure[UUID_TEXT + 1], expected[320], first[1024];

        pages_come(ROLE_ZAAK, "gm0001");
        pages_ask("/meldingen/gm0001.atom", 200);
        ck_assert_str_eq(pages.audited, "EXPORT alerts\n");
        read_feed(said, sizeof(said));
        ck_assert_int_eq(strncmp(said, "urn:ketenwacht:meldingen:gm0001 | Open meldingen aan Een | 2024-03-01T12:00:0", 77), 0);
        ck_assert_uint_eq(pages_count(said, "urn:uuid:"), 1);
        fixture_id("one", id);
        ck_assert_ptr_nonnull(strstr(said, " | Jeugdbeschermer binnen vijf dagen: trede 1 | 2024-03-01T12:00:0"));
        (void) snprintf(expected, sizeof(expected), "/zaken/%s | proef/protector | Uiterlijk op woensdag 28 februari 2024; gemeld als municipality. Zaak %s, "
                        "kenmerk %s.\n", id, id, fixture_id("measure|one", measure));
        ck_assert_msg(strstr(said, expected), "%s", said);
        (void) snprintf(first, sizeof(first), "%.45s", strstr(said, "urn:uuid:"));
        pages_ask("/meldingen/gm0001.atom", 200); /* the same entries have the same ids */
        read_feed(said, sizeof(said));
        ck_assert_ptr_nonnull(strstr(said, first));
        pages_come(ROLE_ZAAK, NULL);
        pages_ask("/meldingen/region-noord.atom", 200); /* nothing is open: a feed all the same */
        read_feed(said, sizeof(said));
        ck_assert_uint_eq(pages_count(said, "\n"), 1);
}
END_TEST

START_TEST(test_feed_of_others) {
        pages_come(ROLE_ZAAK, "gm0001");
        pages_ask("/meldingen/gm0002.atom", 404);
        pages_ask("/meldingen/gm0001", 404);
        pages_ask("/meldingen/gm9999.atom", 404);
        pages_come(ROLE_META, NULL);
        pages_ask("/meldingen/gm0001.atom", 404);
        pages_come(ROLE_ZAAK, "gm0001");
        pages.refuses = true;
        ck_assert_ptr_null(strstr(pages_ask("/meldingen/gm0001.atom", 503), "urn:uuid:"));
}
END_TEST

int main(void) {
        Suite *s = suite_create("page_alerts");
        TCase *t = tcase_create("page_alerts");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, pages_teardown);
        tcase_set_timeout(t, 120);
        tcase_add_test(t, test_forms);
        tcase_add_loop_test(t, test_filters, 0, ELEMENTS(filters));
        tcase_add_test(t, test_what_cannot_be_asked);
        tcase_add_test(t, test_pages);
        tcase_add_test(t, test_acknowledged);
        tcase_add_test(t, test_of_an_organisation);
        tcase_add_test(t, test_counts);
        tcase_add_test(t, test_feed);
        tcase_add_test(t, test_feed_of_others);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
