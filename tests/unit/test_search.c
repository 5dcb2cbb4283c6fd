/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: whoever has any id of a case finds it, with the records that are about it marked, and nobody finds by this what they were not told of; each search
 * stands in the audit first, and no text of a person does. Method: two cases that a worker decided on, followed by a replica and by tracks; the pages are
 * asked over HTTP as people of several roles.
 */

#include "pages_fixture.h"
#include "replica/tracks.h"

#define DAY FIXTURE_DAY
#define ID(n) "00000000-0000-4000-8000-0000000000" n
#define ROUNDS_MAX 100000

static char one[UUID_TEXT + 1], two[UUID_TEXT + 1], event[UUID_TEXT + 1], measure[UUID_TEXT + 1], refused[UUID_TEXT + 1];

static void catch_up(void) {
        struct tracks_status status;
        struct error err = {0};

        hand_clock_put(&pages.hand, pages.world->now += 10000);
        for (unsigned i = 0; i < ROUNDS_MAX; i++) {
                ck_assert_msg(tracks_turn(pages.console.tracks, 0, &err) == 0, "%s", err.text);
                tracks_status(pages.console.tracks, &status);
                if (status.state == TRACKS_LIVE && status.seen == pages.world->now)
                        return;
        }
        ck_abort_msg("not reached");
}

/* "one" is late with gi-a and gm0001, "two" with gi-b and gm0002; what gi-a posts last is refused. */
static void setup(void) {
        char json[FIXTURE_JSON];
        struct error err = {0};

        pages_setup();
        fixture_measure(json, "e1", "one", "gi-a", "gm0001", pages.world->now, 7);
        (void) snprintf(json + strlen(json) - 1, sizeof(json) - strlen(json), ",\"reference\":\"dossier-1\"}");
        pages_publish(json, 0);
        fixture_measure(json, "e2", "two", "gi-b", "gm0002", pages.world->now, 7);
        pages_publish(json, 0);
        fixture_measure(json, "e3", "one", "gi-a", "gm0001", pages.world->now + 3 * DAY, 10); /* by a clock that is wrong */
        pages_publish(json, 0);
        fixture_measure(json, "e4", "three", "gi-a", "gm0001", pages.world->now + 3 * DAY, 10); /* all that was said of this case */
        pages_publish(json, 0);
        pages_await(2, 4);
        ck_assert_int_eq(tracks_new(&(struct tracks_config){.config = pages.console.config, .bus = pages.console.bus, .clock = pages.console.clock},
                                    &pages.console.tracks, &err), 0);
        ck_assert_int_eq(trail_job_new(&(struct trail_job_config){.config = pages.console.config, .bus = pages.console.bus, .clock = pages.console.clock},
                                       &pages.console.trails, &err), 0);
        catch_up();
        fixture_id("one", one);
        fixture_id("two", two);
        fixture_id("e1", event);
        fixture_id("e3", refused);
        fixture_id("measure|one", measure);
}

static void teardown(void) {
        http_done(&pages.reply);
        pages.server = web_server_stop(pages.server);
        pages.console.trails = trail_job_free(pages.console.trails);
        pages.console.tracks = tracks_free(pages.console.tracks);
        pages_teardown();
}

/* -- Finding -- */

static const char *search(const char *text, long status) {
        char path[256];

        pages.audited[0] = '\0';
        (void) snprintf(path, sizeof(path), "/zaken?zoek=%s", text);
        return pages_ask(path, status);
}

/* One case has it: that is where one goes. @found: and there the records that are about it. */
static void expect_case(const char *text, const char *case_id, const char *id, bool found) {
        char location[1024], want[256], said[128];

        search(text, 303);
        (void) snprintf(want, sizeof(want), "/zaken/%s%s%s%s", case_id, found ? "?id=" : "", found ? id : "", found ? "#found" : "");
        ck_assert_str_eq(http_header(&pages.reply, "Location", location), want);
        (void) snprintf(said, sizeof(said), "SEARCH %s\n", id);
        ck_assert_str_eq(pages.audited, said);
        if (!found)
                return;
        (void) snprintf(want, sizeof(want), "/zaken/%s?id=%s", case_id, id);
        ck_assert_uint_eq(pages_count(pages_ask(want, 200), "id=\"found\""), 1);
        ck_assert_uint_ge(pages_count(buffer_text(&pages.reply.body), "gezocht"), 1);
}

static const char *alert_of(const char *organisation, char ret[UUID_TEXT + 1]) {
        char path[128];
        const char *body, *at;

        (void) snprintf(path, sizeof(path), "/api/alerts?organisation=%s", organisation);
        body = pages_ask(path, 200);
        at = strstr(body, "\"alert_id\":\"");
        ck_assert_ptr_nonnull(at);
        (void) snprintf(ret, UUID_TEXT + 1, "%.36s", at + strlen("\"alert_id\":\""));
        return ret;
}

START_TEST(test_any_id) {
        char alert[UUID_TEXT + 1], text[64], first[UUID_TEXT + 1], three[UUID_TEXT + 1];

        expect_case(one, one, one, false);
        expect_case(event, one, event, true);
        expect_case(measure, one, measure, true);
        expect_case(alert_of("gm0001", alert), one, alert, true);
        expect_case(refused, one, refused, true); /* no fact tells of it */
        fixture_id("e4", first);
        expect_case(first, fixture_id("three", three), first, true); /* of which there is no fact at all */
        (void) snprintf(text, sizeof(text), "urn:uuid:%s", event);
        expect_case(text, one, event, true);
        (void) snprintf(text, sizeof(text), "%%20%s%%20", event);
        for (char *p = text + 3; p < text + 3 + UUID_TEXT; p++)
                *p = *p >= 'a' && *p <= 'f' ? (char)(*p - 0x20) : *p;
        expect_case(text, one, event, true);
}
END_TEST

START_TEST(test_nothing) {
        const char *page = search(ID("ff"), 200);

        ck_assert_ptr_nonnull(strstr(page, "Niets gevonden"));
        ck_assert_str_eq(pages.audited, "SEARCH " ID("ff") "\n");
        ck_assert_ptr_nonnull(strstr(search("dossier-1", 200), "Dit is geen kenmerk")); /* whoever may see no references */
        ck_assert_str_eq(pages.audited, "");
        ck_assert_ptr_null(strstr(search("", 200), "Niets gevonden"));
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/cases?zoek=" ID("ff"), 200), "\"hits\":[]"));
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/cases", 200), "\"hits\":[]"));
        pages.refuses = true;
        search(event, 503);
        pages_come(ROLE_META, NULL);
        search(event, 404);
}
END_TEST

START_TEST(test_reference) {
        char location[1024], want[256];

        pages_come(ROLE_GEGEVENS, NULL);
        search("dossier-1", 303);
        (void) snprintf(want, sizeof(want), "/zaken/%s", one);
        ck_assert_str_eq(http_header(&pages.reply, "Location", location), want);
        ck_assert_str_eq(pages.audited, "SEARCH reference\n");
        ck_assert_ptr_nonnull(strstr(search("dossier-2", 200), "Niets gevonden"));
        pages_come(ROLE_GEGEVENS, "gm0002"); /* which was not told of it */
        ck_assert_ptr_nonnull(strstr(search("dossier-1", 200), "Niets gevonden"));
}
END_TEST

/* By what it was told, and by nothing else: all else is as if there were none. */
START_TEST(test_of_an_organisation) {
        char own[UUID_TEXT + 1], others[UUID_TEXT + 1], none[16384], path[256], *at;

        alert_of("gm0001", own);
        alert_of("gi-a", others);
        pages_come(ROLE_ZAAK, "gm0001");
        expect_case(one, one, one, false);
        expect_case(own, one, own, true);
        (void) snprintf(none, sizeof(none), "%s", search(ID("ff"), 200));
        for (size_t i = 0; i < 3; i++) {
                const char *ids[] = {two, others, refused}; /* another's case; another's alert, and a post that was refused, of its own case */
                char page[16384];

                (void) snprintf(page, sizeof(page), "%s", search(ids[i], 200));
                while ((at = strstr(page, ids[i])))
                        memcpy(at, ID("ff"), UUID_TEXT);
                ck_assert_str_eq(page, none);
        }
        (void) snprintf(path, sizeof(path), "/api/cases?zoek=%s", others);
        ck_assert_ptr_nonnull(strstr(pages_ask(path, 200), "\"hits\":[]"));
        pages_come(ROLE_ZAAK, "gi-a");
        expect_case(refused, one, refused, true); /* whoever posted it */
}
END_TEST

/* -- The way of the records of a case -- */

/* While the topics are being read it is asked again. */
static const char *trace_of(const char *case_id, const char *more) {
        struct http_question question = {.port = web_server_port(pages.server)};
        char path[256];

        (void) snprintf(path, sizeof(path), "/api/cases/%s?limit=1000%s", case_id, more);
        question.path = path;
        do {
                shared_pause();
                http_done(&pages.reply);
                http_ask(&question, &pages.reply);
        } while (pages.reply.status == 202);
        ck_assert_int_eq(pages.reply.status, 200);
        return strstr(buffer_text(&pages.reply.body), "\"trace\":{");
}

START_TEST(test_all_of_the_way) {
        char path[128];
        const char *trace = trace_of(one, "");

        ck_assert_ptr_nonnull(strstr(trace, "\"from\":\"memory\""));
        ck_assert_uint_eq(pages_count(trace, "\"step\":\"published\""), 2);
        ck_assert_uint_eq(pages_count(trace, "\"state\":\"refused\",\"code\":"), 1);
        ck_assert_uint_eq(pages_count(trace, "\"step\":\"fact\""), 1);
        ck_assert_uint_ge(pages_count(trace, "\"to\":\"gm0001\""), 2);
        ck_assert_uint_ge(pages_count(trace, "\"to\":\"gi-a\""), 2);
        ck_assert_ptr_null(strstr(trace, two));
        (void) snprintf(path, sizeof(path), "/zaken/%s", one);
        pages_ask(path, 200);
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), "ingekomen: Start van een kinderbeschermingsmaatregel"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), "in het postvak van "));
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), "Wat op de topics staat sinds"));
        ck_assert_ptr_nonnull(strstr(pages_ask_as(path, (const char *const[]){"Accept-Language: en", NULL}, 200), "in the inbox of "));
        ck_assert_ptr_null(strstr(buffer_text(&pages.reply.body), "in het postvak van "));
}
END_TEST

START_TEST(test_from_the_topics) {
        CLEANUP(buffer_done) struct buffer memory = BUFFER_INIT(1 << 20);
        const char *steps;

        buffer_add_text(&memory, strstr(trace_of(one, ""), "\"steps\":["));
        steps = strstr(trace_of(one, "&trace=topics"), "\"steps\":[");
        ck_assert_str_eq(steps, buffer_text(&memory));
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), "\"from\":\"topics\""));
}
END_TEST

/* An organisation sees its own posts, and what stands in its own inbox. */
START_TEST(test_the_way_to_an_organisation) {
        const char *trace;

        pages_come(ROLE_ZAAK, "gm0001");
        trace = trace_of(one, "");
        ck_assert_uint_ge(pages_count(trace, "\"to\":\"gm0001\""), 1);
        ck_assert_uint_eq(pages_count(trace, "\"step\":"), pages_count(trace, "\"to\":\"gm0001\""));
        pages_come(ROLE_ZAAK, "gi-a");
        trace = trace_of(one, "&trace=topics");
        ck_assert_uint_eq(pages_count(trace, "\"step\":\"published\""), 2);
        ck_assert_uint_ge(pages_count(trace, "\"to\":\"gi-a\""), 1);
        ck_assert_uint_eq(pages_count(trace, "\"to\":\"gm0001\""), 0);
        ck_assert_uint_eq(pages_count(trace, "\"step\":\"fact\""), 0);
        pages_come(ROLE_ZAAK, "gm0002");
        pages_ask("/api/cases/" ID("ff") "?trace=topics", 404);
}
END_TEST

START_TEST(test_pages_of_steps) {
        const char *trace = trace_of(one, "");
        size_t total = pages_count(trace, "\"step\":");
        char path[256];

        (void) snprintf(path, sizeof(path), "/api/cases/%s?limit=2&step=2", one);
        trace = strstr(pages_ask(path, 200), "\"trace\":{");
        ck_assert_uint_eq(pages_count(trace, "\"step\":"), 2);
        ck_assert_ptr_nonnull(strstr(trace, "\"first\":2,"));
        ck_assert_uint_gt(total, 4);
        ck_assert_ptr_nonnull(strstr(trace, "\"next_step\":4"));
        (void) snprintf(path, sizeof(path), "/zaken/%s?id=x", one);
        pages_ask(path, 400);
}
END_TEST

/* Nobody waits for it in a thread of the server; of another case it is not read meanwhile. */
START_TEST(test_topics_are_read_for_one_at_a_time) {
        char path[256], other[256], header[1024];

        (void) snprintf(path, sizeof(path), "/zaken/%s?trace=topics", one);
        (void) snprintf(other, sizeof(other), "/zaken/%s?trace=topics", two);
        shared_lock(&pages.shared); /* the broker takes its time */
        ck_assert_ptr_nonnull(strstr(pages_ask(path, 202), "De topics worden gelezen"));
        ck_assert_str_eq(http_header(&pages.reply, "Refresh", header), "1");
        pages_ask(path, 202);
        pages_ask(other, 503);
        ck_assert_str_eq(http_header(&pages.reply, "Retry-After", header), "10");
        shared_unlock(&pages.shared);
        ck_assert_ptr_nonnull(strstr(trace_of(one, "&trace=topics"), "\"from\":\"topics\""));
        ck_assert_ptr_nonnull(strstr(trace_of(two, "&trace=topics"), "\"from\":\"topics\""));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("search");
        TCase *tcase = tcase_create("search");
        SRunner *runner = srunner_create(suite);
        int failed;

        curl_global_init(CURL_GLOBAL_DEFAULT);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 120);
        tcase_add_test(tcase, test_any_id);
        tcase_add_test(tcase, test_nothing);
        tcase_add_test(tcase, test_reference);
        tcase_add_test(tcase, test_of_an_organisation);
        tcase_add_test(tcase, test_all_of_the_way);
        tcase_add_test(tcase, test_from_the_topics);
        tcase_add_test(tcase, test_the_way_to_an_organisation);
        tcase_add_test(tcase, test_pages_of_steps);
        tcase_add_test(tcase, test_topics_are_read_for_one_at_a_time);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
