/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: personal fields of records on a topic are shown when it stands in the audit that they are, and not before; and who belongs to an organisation
 * watches a stream in which there is nothing of anybody else.
 * Method: a measure of the worker's tests with a reference that nobody may see, and a picture of the broker that is put together here.
 */

#include "console/live.h"
#include "console/topic_reading.h"
#include "flows_fixture.h"
#include "pages_fixture.h"

#define TOPIC "measure-started"
#define SECRET "kenmerk-dat-niemand-zomaar-ziet"

static const struct logs_partition at[WORLD_PARTITIONS] = {{.stable = 1, .end = 1}, {.stable = 1, .end = 1}};
static const instant_t last[WORLD_PARTITIONS] = {WORLD_START, WORLD_START};
static const struct flows_topic topics[] = {
        {.name = "inbox.gm0001", .stands = 11, .per_second = 1, .newest = WORLD_START, .day = {.n = 1, .counts = {11}}},
        {.name = "inbox.gm0002", .stands = 22, .per_second = 2, .newest = WORLD_START, .day = {.n = 1, .counts = {22}}},
        {.name = TOPIC, .partitions = WORLD_PARTITIONS, .at = at, .last = last, .bytes_about = LOGS_UNKNOWN},
};
static struct readings readings;
static char form[256];

static void setup(void) {
        char json[FIXTURE_JSON], case_id[UUID_TEXT + 1];
        size_t n;

        pages_setup();
        pages.console.flows = (struct flows *)&picture; /* only that it is there */
        pages.console.readings = &readings;
        picture = (struct flows_picture){.turn = 1, .topics = topics, .topics_n = ELEMENTS(topics)};
        fixture_measure(json, "e1", "one", "gi-a", "gm0001", pages.world->now, 7);
        n = strlen(json) - 1; /* without its bracket */
        (void) snprintf(json + n, sizeof(json) - n, ",\"reference\":\"" SECRET "\"}");
        pages_publish(json, 0);
        pages_await(1, 2);
        (void) snprintf(form, sizeof(form), "sleutel=%s&reason=vraag+van+een+ouder", fixture_id("one", case_id));
}

static void teardown(void) {
        pages_teardown();
}

START_TEST(personal_fields_are_shown_when_it_stands_in_the_audit) {
        char asked[256], json[256], case_id[UUID_TEXT + 1], said[256];
        const char *body;

        (void) snprintf(asked, sizeof(asked), "/stromen/" TOPIC "?sleutel=%s", fixture_id("one", case_id));
        (void) snprintf(json, sizeof(json), "/api/topics/" TOPIC "/records?sleutel=%s", case_id);
        (void) snprintf(said, sizeof(said), "VIEW_PERSONAL " TOPIC " %s\n", case_id);
        pages_come(ROLE_META | ROLE_ZAAK, NULL);
        pages_post("/stromen/" TOPIC, form, 404);
        pages_come(ROLE_META | ROLE_GEGEVENS, "gm0001");
        pages_post("/stromen/" TOPIC, form, 404);
        pages_come(ROLE_META | ROLE_GEGEVENS, NULL);
        body = pages_ask(asked, 200); /* the record, without them */
        ck_assert(strstr(body, "gm0001") && strstr(body, "name=\"reason\"") && !strstr(body, SECRET));
        ck_assert_ptr_null(strstr(pages_ask(json, 200), SECRET));
        pages_post("/stromen/" TOPIC, "reason=", 400);
        ck_assert_ptr_null(strstr(pages.audited, "VIEW_PERSONAL"));
        pages.refuses = true;
        body = pages_post("/stromen/" TOPIC, form, 503);
        ck_assert(!strstr(body, SECRET) && strstr(pages.audited, said));
        pages.refuses = false;
        pages.audited[0] = '\0';
        body = pages_post("/stromen/" TOPIC, form, 200);
        ck_assert(strstr(body, SECRET) && strstr(pages.audited, said));
}
END_TEST

/* How far the workers' clock has come, beside the broker's. */
START_TEST(the_overview_tells_the_workers_clock) {
        static const struct status_consumer rules[] = {{.group = "ketenwacht-rules", .kind = STATUS_RULES, .members = 1, .partitions = 2}};
        struct replica_status status;

        picture.status.consumers = rules;
        picture.status.consumers_n = ELEMENTS(rules);
        replica_status(pages.console.replica, &status);
        ck_assert_int_eq(status.told, status.written);
        ck_assert_ptr_nonnull(strstr(pages_ask("/", 200), "Klok"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), " later, volgens zijn eigen klok"));
        ck_assert_msg(strstr(pages_ask("/api/overview", 200), "\"clock\":{\"told\":\""), "%s", buffer_text(&pages.reply.body));
}
END_TEST

/* -- The stream -- */

static size_t stream_take(char *bytes, size_t size, size_t n, void *ctx) {
        struct buffer *got = ctx;
        const char *event;

        buffer_add(got, bytes, size * n);
        event = strstr(buffer_text(got), "event: overview\ndata: ");
        return event && strstr(event, "\n\n") ? 0 : size * n; /* 0: one message is enough */
}

static void expect_stream(const char *wanted, const char *unwanted) {
        CLEANUP(buffer_done) struct buffer got = BUFFER_INIT(1 << 20);
        CURL *curl = curl_easy_init();
        char url[128];

        (void) snprintf(url, sizeof(url), "http://127.0.0.1:%u/api/stream", (unsigned)web_server_port(pages.server));
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, HTTP_WAIT_S);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, stream_take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
        ck_assert_int_eq(curl_easy_perform(curl), CURLE_WRITE_ERROR);
        curl_easy_cleanup(curl);
        ck_assert_msg(strstr(buffer_text(&got), wanted) && (!unwanted || !strstr(buffer_text(&got), unwanted)), "%s", buffer_text(&got));
}

START_TEST(an_organisation_watches_its_own) {
        struct live *live = NULL;
        struct error err = {0};

        ck_assert_int_eq(live_new(&pages.console, &live), 0);
        pages.console.live = live;
        ck_assert_msg(live_start(live, &err) == 0, "%s", err.text);
        expect_stream("gm0002", NULL); /* of the whole chain */
        pages_come(ROLE_META, "gm0001");
        expect_stream("\"inbox.gm0001\"", "gm0002");
        pages_come(ROLE_ZAAK, "gm0002");
        expect_stream("\"inbox.gm0002\"", "gm0001");
        pages_come(ROLE_ZAAK, NULL); /* figures of the chain are for who may see them */
        pages_ask("/api/stream", 404);
        live_stop(live);
        pages.server = web_server_stop(pages.server);
        pages.console.live = live_free(live);
}
END_TEST

int main(void) {
        Suite *s = suite_create("page_flows");
        TCase *t = tcase_create("page_flows");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 120);
        tcase_add_test(t, personal_fields_are_shown_when_it_stands_in_the_audit);
        tcase_add_test(t, the_overview_tells_the_workers_clock);
        tcase_add_test(t, an_organisation_watches_its_own);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
