/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: how a connector stands follows from what stands on the broker: counted, stopped, let go on, paused, sent again.
 * Method: stories of deliveries and orders on a bus in memory, each with what must be known at its end; and many connectors at once.
 */

#include <check.h>
#include <inttypes.h>
#include <stdio.h>

#include "bus/memory.h"
#include "cluster/topics.h"
#include "connect/deliveries.h"
#include "model_fixture.h"
#include "replica/connectors.h"

#define PLENTY 50

static struct config *config;
static struct memory *m;
static struct connectors *c;
static struct delivery_codec *deliveries;
static struct order_codec *orders;
static instant_t now;

static instant_t connectors_time(void *ctx) {
        (void) ctx;
        return now;
}

static const struct clock_ops connectors_clock = {.realtime_ms = connectors_time, .monotonic_ms = connectors_time};

static void deliver(const char *connector, const char *organisation, enum delivery_outcome outcome, int status, int attempts, const char *reason) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        struct bus_record record;

        now++;
        delivery_encode(deliveries, &(struct delivery_record){.delivered_at = now, .organisation = text_of(organisation), .connector = text_of(connector),
                                                              .offset = now % 1000, .outcome = outcome, .status = status, .attempts = attempts,
                                                              .reason = text_of(reason)}, &body);
        record = delivery_bus_record(connector, &body);
        ck_assert_int_eq(memory_append(m, &record), 0);
}

static void order(const char *connector, bool pauses) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        const struct order given = {.at = ++now, .pauses = pauses, .by = "anna", .reason = "onderhoud"};
        struct bus_record record;

        order_encode(orders, connector, &given, &body);
        record = order_bus_record(connector, &body);
        ck_assert_int_eq(memory_append(m, &record), 0);
}

static struct connector_row row_of(const char *name) {
        struct connector_row row;

        for (int i = 0; i < PLENTY; i++)
                connectors_turn(c, 0);
        ck_assert(connectors_ready(c));
        ck_assert(connectors_find(c, name, &row));
        return row;
}

static void setup(void) {
        struct error err = {0};

        now = INT64_C(1767225600000);
        config = example_config();
        ck_assert_int_eq(memory_new((struct clock){.ops = &connectors_clock}, &m), 0);
        ck_assert_int_eq(memory_topic(m, TOPIC_DELIVERIES, 1), 0);
        ck_assert_int_eq(memory_topic(m, TOPIC_CONNECTOR_ORDERS, 1), 0);
        ck_assert_int_eq(delivery_codec_new(config->types, &deliveries, &err), 0);
        ck_assert_int_eq(order_codec_new(config->types, &orders, &err), 0);
        ck_assert_int_eq(connectors_new(&(struct connectors_config){config, memory_bus(m), {.ops = &connectors_clock}}, &c, &err), 0);
}

static void teardown(void) {
        connectors_free(c);
        delivery_codec_free(deliveries);
        order_codec_free(orders);
        memory_free(m);
        config_free(config);
}

START_TEST(deliveries_are_counted) {
        struct connector_row row;

        deliver("hook", "gm0014", DELIVERY_DELIVERED, 204, 1, "");
        deliver("hook", "gm0014", DELIVERY_DELIVERED, 204, 1, "");
        deliver("hook", "gm0014", DELIVERY_REFUSED, 400, 1, "the receiver says 400");
        deliver("hook", "gm0014", DELIVERY_PARKED, 0, 0, "cannot be read");
        deliver("other", "gm0363", DELIVERY_DELIVERED, 204, 1, "");
        row = row_of("hook");
        ck_assert(row.delivered == 2 && row.refused == 1 && row.parked == 1 && row.delivered_at == now - 3);
        ck_assert(row.failed.at == now - 1 && row.failed.parked && row.failed.status == 0);
        ck_assert_str_eq(row.failed.reason, "cannot be read");
        ck_assert_str_eq(row.organisation, "gm0014");
        ck_assert(!row.stopped_at && !row.order.pauses);
}
END_TEST

START_TEST(a_stop_holds_until_it_is_resumed) {
        struct connector_row row;

        deliver("hook", "gm0014", DELIVERY_REFUSED, 410, 1, "gone");
        row = row_of("hook");
        ck_assert(row.stopped_at == now);
        deliver("hook", "gm0014", DELIVERY_PARKED, 0, 0, DELIVERY_AGAIN "anna: hersteld");
        row = row_of("hook");
        ck_assert(row.stopped_at == now - 1 && row.parked == 0); /* what was sent again is no delivery */
        deliver("hook", "gm0014", DELIVERY_REFUSED, 0, 0, "resumed by an operator");
        row = row_of("hook");
        ck_assert(!row.stopped_at && row.refused == 1);
}
END_TEST

START_TEST(the_latest_order_holds) {
        struct connector_row row;

        order("door", true);
        row = row_of("door");
        ck_assert(row.order.pauses && row.order.at == now && !row.organisation[0]);
        ck_assert(strcmp(row.order.by, "anna") == 0 && strcmp(row.order.reason, "onderhoud") == 0);
        order("door", false);
        row = row_of("door");
        ck_assert(!row.order.pauses);
}
END_TEST

static void see_name(void *ctx, const struct connector_row *row) {
        size_t n = strlen(ctx);

        (void) snprintf((char *)ctx + n, 64 - n, "%s ", row->name);
}

START_TEST(each_organisation_has_its_own_by_name) {
        struct connector_row row;
        char all[64] = "", own[64] = "";

        deliver("c", "gm0014", DELIVERY_DELIVERED, 204, 1, "");
        deliver("a", "gm0014", DELIVERY_DELIVERED, 204, 1, "");
        deliver("b", "gm0363", DELIVERY_DELIVERED, 204, 1, "");
        (void) row_of("b");
        connectors_each(c, NULL, see_name, all);
        connectors_each(c, "gm0014", see_name, own);
        ck_assert_str_eq(all, "a b c ");
        ck_assert_str_eq(own, "a c ");
        ck_assert(!connectors_find(c, "d", &row));
}
END_TEST

START_TEST(of_several_inboxes_each_stands_by_itself) {
        struct connector_row row;
        char all[64] = "", own[64] = "";

        order("many", true);
        deliver("many", "gm0014", DELIVERY_DELIVERED, 204, 1, "");
        row = row_of("many");
        ck_assert(!row.many && row.order.pauses);
        row = row_of("many/gm0014");
        ck_assert_str_eq(row.name, "many");
        order("many", false);
        deliver("many", "gm0363", DELIVERY_REFUSED, 410, 1, "gone");
        deliver("many", "gm0014", DELIVERY_DELIVERED, 204, 1, "");
        row = row_of("many/gm0014");
        ck_assert(row.many && row.delivered == 2 && !row.stopped_at && !row.order.pauses);
        row = row_of("many/gm0363");
        ck_assert(row.delivered == 0 && row.stopped_at && strcmp(row.connector, "many") == 0); /* what others take says nothing of it */
        ck_assert(!connectors_find(c, "many", &row));
        order("many/gm0363", true);
        ck_assert(row_of("many/gm0363").order.pauses && !row_of("many/gm0014").order.pauses);
        order("many", true);
        order("many/gm0363", false);
        ck_assert(row_of("many/gm0363").order.pauses && row_of("many/gm0014").order.pauses);
        order("many", false);
        ck_assert(!row_of("many/gm0363").order.pauses && !row_of("many/gm0014").order.pauses);
        connectors_each(c, NULL, see_name, all);
        connectors_each(c, "gm0363", see_name, own);
        ck_assert_str_eq(all, "many/gm0014 many/gm0363 ");
        ck_assert_str_eq(own, "many/gm0363 ");
}
END_TEST

START_TEST(there_are_as_many_as_are_kept) {
        struct connector_row row;
        char name[16];

        for (int i = 0; i <= CONNECTORS_MAX; i++) {
                (void) snprintf(name, sizeof(name), "hook-%d", i);
                order(name, true);
        }
        (void) row_of("hook-0");
        (void) snprintf(name, sizeof(name), "hook-%d", CONNECTORS_MAX - 1);
        ck_assert(connectors_find(c, name, &row));
        (void) snprintf(name, sizeof(name), "hook-%d", CONNECTORS_MAX);
        ck_assert(!connectors_find(c, name, &row));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("connectors");
        TCase *tc = tcase_create("connectors");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, deliveries_are_counted);
        tcase_add_test(tc, a_stop_holds_until_it_is_resumed);
        tcase_add_test(tc, the_latest_order_holds);
        tcase_add_test(tc, each_organisation_has_its_own_by_name);
        tcase_add_test(tc, of_several_inboxes_each_stands_by_itself);
        tcase_add_test(tc, there_are_as_many_as_are_kept);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
