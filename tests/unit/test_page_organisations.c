/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the page of an organisation says what waits in its inbox and who reads it, its alerts, roles, contacts and validity; the list says it of many; and an
 * organisation sees itself alone. Method: the configuration of the worker's tests, one open alert, and a picture of the broker that is put together here.
 */

#include "cluster/topics.h"
#include "connect/deliveries.h"
#include "flows_fixture.h"
#include "pages_fixture.h"

#define DAY FIXTURE_DAY

/* -- What flows would have seen -- */

static const struct standing_part parts[] = {{.group = "webhook-een", .topic = "inbox.gm0001", .owned = true, .waiting = 7, .oldest = WORLD_START},
                                             {.group = "anders", .topic = "inbox.gm0002", .owned = true, .waiting = 0}};
static const struct flows_group groups[] = {{.name = "anders", .kind = FLOWS_OTHER, .members = 1, .parts = &parts[1], .parts_n = 1},
                                            {.name = "webhook-een", .kind = FLOWS_CONNECTOR, .members = 2, .parts = &parts[0], .parts_n = 1, .waiting = 7}};
static const struct status_box boxes[] = {{.organisation = "gi-a", .waiting = 3, .oldest = WORLD_START}};

static void setup(void) {
        const struct connectors_config config = {.clock = clock_system()};
        struct connectors_config of = config;
        struct error err = {0};
        char json[FIXTURE_JSON];

        pages_setup();
        of.config = pages.console.config;
        of.bus = pages.console.bus;
        ck_assert_msg(connectors_new(&of, &pages.console.connectors, &err) == 0, "%s", err.text);
        pages.console.flows = (struct flows *)&picture; /* only that it is there */
        picture = (struct flows_picture){.turn = 1, .groups = groups, .groups_n = ELEMENTS(groups),
                                         .status = {.inboxes = boxes, .inboxes_n = ELEMENTS(boxes)}};
        fixture_measure(json, "e1", "one", "gi-a", "gm0001", pages.world->now, 7);
        pages_publish(json, 0);
        pages_await(1, 2);
}

static void teardown(void) {
        connectors_free(pages.console.connectors);
        pages_teardown();
}

START_TEST(test_one) {
        const char *page = pages_ask("/organisaties/gm0001", 200);

        ck_assert_uint_eq(pages_count(page, "<table>"), pages_count(page, "<caption"));
        ck_assert_ptr_nonnull(strstr(page, "<h1>Een</h1>"));
        ck_assert_ptr_nonnull(strstr(page, "7 records wachten in inbox.gm0001, de oudste sinds "));
        ck_assert_ptr_nonnull(strstr(page, "webhook-een"));
        ck_assert_ptr_null(strstr(page, "anders</th>"));
        ck_assert_ptr_nonnull(strstr(page, "href=\"/meldingen?organisation=gm0001\""));
        ck_assert_ptr_nonnull(strstr(page, ">1 open</a>"));
        ck_assert_ptr_nonnull(strstr(page, "lokaal-team"));
        page = pages_ask("/api/organisations/gm0001", 200);
        ck_assert_ptr_nonnull(strstr(page, "\"organisation\":\"gm0001\",\"name\":\"Een\",\"kind\":\"municipality\",\"region\":\"noord\",\"urn\":"
                                           "\"urn:ketenwacht:gm0001\",\"inbox\":{\"waiting\":7,\"oldest\":\"2024-03-01T12:00:00+01:00\"},"
                                           "\"readers\":[\"webhook-een\"],\"alerts\":{\"open\":1,\"by_rung\":[1,0,0,0,0,0,0,0],\"oldest\":\""));
        ck_assert_ptr_nonnull(strstr(page, "\"contacts\":[{\"function\":\"lokaal-team\",\"for\":\"gi, noord\",\"mailbox\":\"team\",\"deputy\":\"team-2\"}]"));
        ck_assert_ptr_nonnull(strstr(page, "\"rows\":[{\"name\":\"Een\",\"region\":\"noord\"}]}"));
        pages_ask("/organisaties/gm9999", 404);
}
END_TEST

/* Of a role the place that gives it, and which protocols look for it. */
START_TEST(test_roles) {
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/organisations/region-noord", 200),
                                     "\"roles\":[{\"role\":\"region\",\"region\":\"noord\",\"protocols\":\"proef\"}]"));
        ck_assert_ptr_nonnull(strstr(pages_ask("/organisaties/region-noord", 200), "<td>regio noord</td><td>proef</td>"));
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/organisations/gm0001", 200), "\"roles\":[]"));
}
END_TEST

START_TEST(test_inboxes) {
        ck_assert_ptr_nonnull(strstr(pages_ask("/organisaties/gm0002", 200), "alles is opgehaald"));
        ck_assert_ptr_nonnull(strstr(pages_ask("/organisaties/gi-a", 200), "3 records wachten in inbox.gi-a"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&pages.reply.body), "Geen enkele groep heeft haar ooit gelezen."));
        picture.turn = 0; /* nothing was seen yet */
        ck_assert_ptr_nonnull(strstr(pages_ask("/organisaties/gi-a", 200), "nog niet bekend"));
        ck_assert_ptr_null(strstr(pages_ask("/api/organisations/gi-a", 200), "\"inbox\""));
        ck_assert_ptr_nonnull(strstr(pages_ask("/organisaties", 200), "niet bekend"));
}
END_TEST

START_TEST(test_list) {
        const char *body = pages_ask("/api/organisations", 200);

        ck_assert_uint_eq(pages_count(body, "\"organisation\":"), 6);
        ck_assert_ptr_nonnull(strstr(body, "{\"organisation\":\"gi-a\",\"name\":\"A\",\"kind\":\"gi\",\"inbox\":{\"waiting\":3,"));
        ck_assert_ptr_nonnull(strstr(body, "\"next\":null}"));
        ck_assert_uint_eq(pages_count(pages_ask("/api/organisations?kind=gi", 200), "\"organisation\":"), 2);
        ck_assert_uint_eq(pages_count(pages_ask("/api/organisations?region=noord", 200), "\"organisation\":"), 2);
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/organisations?limit=4", 200), "\"next\":\"4\"}"));
        ck_assert_uint_eq(pages_count(pages_ask("/api/organisations?limit=4&after=4", 200), "\"organisation\":"), 2);
        ck_assert_uint_eq(pages_count(pages_ask("/organisaties", 200), "href=\"/organisaties/"), 6);
        pages_ask("/organisaties?kind=gemeente", 400);
        pages_ask("/organisaties?region=zuid", 400);
}
END_TEST

START_TEST(test_of_an_organisation) {
        char hidden[512];

        pages_come(ROLE_META, "gm0001");
        ck_assert_uint_eq(pages_count(pages_ask("/api/organisations", 200), "\"organisation\":"), 1);
        ck_assert_ptr_nonnull(strstr(pages_ask("/api/organisations/gm0001", 200), "\"waiting\":7"));
        (void) snprintf(hidden, sizeof(hidden), "%s", pages_ask("/api/organisations/gm0002", 404));
        ck_assert_str_eq(hidden, pages_ask("/api/organisations/gm9999", 404));
}
END_TEST

/* -- Pausing -- */

/* A connector of gm0001 that delivered something, and is known. */
static struct connector_row known_connector(void) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        struct delivery_codec *codec = NULL;
        struct connector_row row = {.name = ""};
        struct bus_record record;
        struct error err = {0};

        ck_assert_msg(delivery_codec_new(pages.console.config->types, &codec, &err) == 0, "%s", err.text);
        delivery_encode(codec, &(struct delivery_record){.delivered_at = pages.world->now, .organisation = text_of("gm0001"), .connector = text_of("hook"),
                                                         .outcome = DELIVERY_DELIVERED, .status = 204, .attempts = 1, .reason = text_of("")}, &body);
        record = delivery_bus_record("hook", &body);
        shared_lock(&pages.shared);
        world_topic(pages.world, TOPIC_DELIVERIES, 1);
        world_topic(pages.world, TOPIC_CONNECTOR_ORDERS, 1);
        ck_assert_int_eq(memory_append(pages.world->memory, &record), 0);
        shared_unlock(&pages.shared);
        while (!connectors_ready(pages.console.connectors) || !connectors_find(pages.console.connectors, "hook", &row))
                connectors_turn(pages.console.connectors, 1);
        delivery_codec_free(codec);
        return row;
}

/* The order and its record in the audit stand there together; where the broker takes neither, nothing is done, and that is said. */
START_TEST(test_a_pause_that_is_not_taken) {
        struct connector_row row = known_connector();

        pages_come(ROLE_META, "gm0001");
        pages_post("/verbindingen/pauzeren", "connector=hook&reason=onderhoud", 404);
        pages_come(ROLE_META | ROLE_BEHEER, "gm0002");
        pages_post("/verbindingen/pauzeren", "connector=hook&reason=onderhoud", 404);
        pages_come(ROLE_META | ROLE_BEHEER, "gm0001");
        pages_post("/verbindingen/pauzeren", "connector=hook&reason=", 400);
        ck_assert_ptr_nonnull(strstr(pages_post("/verbindingen/pauzeren", "connector=hook&reason=onderhoud", 503), "er is niets gedaan"));
        ck_assert(!row.order.pauses);
        for (int i = 0; i < 100; i++)
                connectors_turn(pages.console.connectors, 0);
        ck_assert(connectors_find(pages.console.connectors, "hook", &row));
        ck_assert(!row.order.pauses);
}
END_TEST

int main(void) {
        Suite *s = suite_create("page_organisations");
        TCase *t = tcase_create("page_organisations");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 120);
        tcase_add_test(t, test_one);
        tcase_add_test(t, test_roles);
        tcase_add_test(t, test_inboxes);
        tcase_add_test(t, test_list);
        tcase_add_test(t, test_of_an_organisation);
        tcase_add_test(t, test_a_pause_that_is_not_taken);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
