/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: of the orders of a connector the latest holds, whatever else stands there and however often it is read; an act leaves an order and its audit.
 * Method: orders on the bus in memory, also more of them than are read in one turn.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/memory.h"
#include "cluster/audit.h"
#include "cluster/topics.h"
#include "connect/act.h"
#include "connect/hold.h"

enum { MANY = 1501 }; /* more than one turn reads */

static struct event_types *types;
static struct memory *memory;
static struct order_codec *codec;
static char *log_text;
static size_t log_n;
static struct log lines;
static struct connect_file file = {.name = "door"};
static struct runtime_config config;
static struct hold hold;

static void setup(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(event_types_read(path, &types, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_assert_int_eq(order_codec_new(types, &codec, &err), 0);
        ck_assert_int_eq(memory_new(clock_system(), &memory), 0);
        ck_assert_int_eq(memory_topic(memory, TOPIC_AUDIT, 1), 0);
        ck_assert_int_eq(memory_topic(memory, TOPIC_DELIVERIES, 1), 0);
        lines = (struct log){.out = open_memstream(&log_text, &log_n), .clock = clock_system(), .level = LOG_LEVEL_INFO};
        config = (struct runtime_config){.file = &file, .bus = memory_bus(memory), .types = types, .clock = clock_system(), .log = &lines};
        hold = (struct hold){0};
}

static void teardown(void) {
        hold_close(&hold);
        memory_free(memory);
        order_codec_free(codec);
        event_types_free(types);
        ck_assert_int_eq(fclose(lines.out), 0);
        free(log_text);
}

static void make_topic(void) {
        ck_assert_int_eq(memory_topic(memory, TOPIC_CONNECTOR_ORDERS, 1), 0);
}

static void put_order(const char *connector, bool pauses, instant_t at, const char *reason) {
        struct buffer body = BUFFER_INIT(4096);
        struct order order = {.at = at, .pauses = pauses};
        struct bus_record record;

        (void) snprintf(order.by, sizeof(order.by), "jansen");
        (void) snprintf(order.reason, sizeof(order.reason), "%s", reason);
        order_encode(codec, connector, &order, &body);
        record = order_bus_record(connector, &body);
        ck_assert_int_eq(memory_append(memory, &record), 0);
        buffer_done(&body);
}

static size_t said(const char *event) {
        size_t n = 0;

        ck_assert_int_eq(fflush(lines.out), 0);
        for (const char *at = log_text; (at = strstr(at, event)); at++)
                n++;
        return n;
}

static void turn(void) {
        struct error err = {0};

        ck_assert_int_eq(hold_turn(&hold, &config, &err), 0);
}

START_TEST(test_without_its_topic_nothing_begins) {
        struct error err = {0};

        ck_assert_int_lt(hold_open(&hold, &config, &err), 0);
        ck_assert_ptr_nonnull(strstr(err.text, TOPIC_CONNECTOR_ORDERS));
}
END_TEST

START_TEST(test_an_order_may_be_for_one_inbox_alone) {
        struct organisation organisations[] = {{.id = "gm0014"}, {.id = "gm0037"}};
        struct connector_target targets[] = {{.organisation = &organisations[0]}, {.organisation = &organisations[1]}};
        struct error err = {0};

        file.targets = targets;
        file.targets_n = ELEMENTS(targets);
        make_topic();
        put_order("door/gm0037", true, 1000, "verhuizing");
        put_order("door/gm9999", true, 1000, "van niemand");
        put_order("doors", true, 1000, "van een ander");
        put_order("doors/gm0014", true, 1000, "van een ander");
        ck_assert_int_eq(hold_open(&hold, &config, &err), 0);
        ck_assert(!hold_is_on(&hold) && !hold_is_on_inbox(&hold, 0) && hold_is_on_inbox(&hold, 1));
        ck_assert_uint_eq(said("\"connector\":\"door/gm0037\""), 1);
        put_order("door", true, 2000, "alles");
        turn();
        put_order("door", false, 3000, "");
        turn();
        ck_assert(!hold_is_on(&hold) && hold_is_on_inbox(&hold, 1)); /* who was paused alone stays so */
        put_order("door/gm0037", false, 4000, "klaar");
        turn();
        ck_assert(!hold_is_on_inbox(&hold, 1));
        file.targets_n = 0;
}
END_TEST

START_TEST(test_the_latest_order_of_this_connector_holds) {
        struct error err = {0};

        make_topic();
        put_order("door", true, 1000, "oud");
        put_order("door", false, 2000, "");
        put_order("door", true, 3000, "nieuw");
        put_order("other", false, 4000, "");
        ck_assert_int_eq(hold_open(&hold, &config, &err), 0);
        ck_assert(hold_is_on(&hold));
        ck_assert_int_eq(hold.whole.latest.at, 3000);
        ck_assert_str_eq(hold.whole.latest.by, "jansen");
        ck_assert_uint_eq(said("\"connect-halted\""), 1); /* what is over is not said */
        ck_assert_uint_eq(said("\"reason\":\"nieuw\""), 1);
        put_order("other", true, 5000, "van een ander");
        turn();
        ck_assert_uint_eq(said("van een ander"), 0);
        put_order("door", false, 6000, "klaar");
        turn();
        ck_assert(!hold_is_on(&hold));
        ck_assert_uint_eq(said("\"connect-goes-on\""), 1);
        ck_assert_uint_eq(said("jansen"), 0); /* who it was stands in audit */
}
END_TEST

START_TEST(test_old_orders_that_are_read_again_never_hold) {
        struct error err = {0};

        make_topic();
        for (int i = 0; i < MANY; i++)
                put_order("door", i % 2 == 0, 1000 + i, "onderhoud");
        ck_assert_int_eq(hold_open(&hold, &config, &err), 0);
        ck_assert(hold_is_on(&hold));
        bus_reader_close(hold.reader); /* as after a failure */
        hold.reader = NULL;
        turn();
        ck_assert(!hold.reached); /* so far it let the connector go on */
        ck_assert(hold_is_on(&hold));
        turn();
        ck_assert(hold.reached && hold_is_on(&hold));
        ck_assert_uint_eq(said("\"connect-halted\""), 1);
        ck_assert_uint_eq(said("\"connect-goes-on\""), 0);
}
END_TEST

START_TEST(test_an_act_leaves_an_order_and_its_audit) {
        const struct connector_act act = {
                .bus = memory_bus(memory), .types = types, .connector = "door", .by = "jansen", .reason = "onderhoud", .clock = clock_system()};
        struct act_resumed resumed;
        struct error err = {0};
        int64_t audited;

        make_topic();
        ck_assert_int_eq(act_resume(&act, &resumed, &err), ACT_E_NOTHING);
        ck_assert_int_eq(memory_end(memory, TOPIC_AUDIT, 0), 0); /* nothing was done */
        ck_assert_int_eq(act_pause(&act, &err), 0);
        ck_assert_int_eq(hold_open(&hold, &config, &err), 0);
        ck_assert(hold_is_on(&hold));
        ck_assert_str_eq(hold.whole.latest.reason, "onderhoud");
        audited = memory_end(memory, TOPIC_AUDIT, 0);
        ck_assert_int_gt(audited, 0);
        ck_assert_int_eq(act_pause(&act, &err), ACT_E_NOTHING);
        ck_assert_ptr_nonnull(strstr(err.text, "by jansen: onderhoud"));
        ck_assert_int_eq(memory_end(memory, TOPIC_AUDIT, 0), audited);
        ck_assert_int_eq(act_resume(&act, &resumed, &err), 0);
        ck_assert(resumed.was_paused && !resumed.was_stopped);
        ck_assert_int_gt(memory_end(memory, TOPIC_AUDIT, 0), audited);
        ck_assert_int_eq(memory_end(memory, TOPIC_DELIVERIES, 0), 0);
        turn();
        ck_assert(!hold_is_on(&hold));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("hold");
        TCase *tc = tcase_create("hold");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 120);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, test_without_its_topic_nothing_begins);
        tcase_add_test(tc, test_the_latest_order_of_this_connector_holds);
        tcase_add_test(tc, test_an_order_may_be_for_one_inbox_alone);
        tcase_add_test(tc, test_old_orders_that_are_read_again_never_hold);
        tcase_add_test(tc, test_an_act_leaves_an_order_and_its_audit);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
