/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a stop never waits for a broker that is not there, whatever the desk is doing.
 * Method: a desk at an address where nobody listens. It gives up by itself after BUS_OPEN_MS and says so in the log: so whatever ends without that line
 * was broken off.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bus/kafka.h"
#include "connect/desk.h"

#define NOBODY "127.0.0.1:1"
#define PATIENCE_MS 120000
#define LOOK_MS 5

static struct organisations *organisations;
static struct event_types *types;
static struct bus *bus;
static struct desk *desk;
static char *log_text;
static size_t log_n;
static struct log lines;

static void setup(void) {
        const struct kafka_config kafka = {.bootstrap = NOBODY, .clock = clock_system()};
        struct desk_config config = {.name = "door", .clock = clock_system(), .log = &lines};
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        char path[512];
        bool *asks;

        (void) snprintf(path, sizeof(path), "%s/config/organisations.yaml", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(organisations_read(path, &organisations, &mistakes), 0);
        (void) snprintf(path, sizeof(path), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(event_types_read(path, &types, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_assert_int_eq(kafka_bus_new(&kafka, &bus, &err), 0);
        lines = (struct log){.out = open_memstream(&log_text, &log_n), .clock = clock_system(), .level = LOG_LEVEL_INFO};
        asks = calloc(organisations_count(organisations), sizeof(*asks));
        ck_assert_ptr_nonnull(asks);
        asks[0] = true;
        config.bus = bus;
        config.types = types;
        config.organisations = organisations;
        config.asks = asks;
        ck_assert_msg(desk_new(&config, &desk, &err) == 0, "%s", err.text);
        free(asks);
}

static void teardown(void) {
        desk = desk_free(desk);
        bus_free(bus);
        event_types_free(types);
        organisations_free(organisations);
        ck_assert_int_eq(fclose(lines.out), 0);
        ck_assert_msg(!strstr(log_text, "desk-failed"), "it was waited for: %s", log_text);
        free(log_text);
}

static void ask_one(enum desk_kind kind) {
        const struct desk_question question = {
                .kind = kind, .who = organisations_at(organisations, 0), .cursor = INBOX_CURSOR_BEGINNING, .limit = 1, .wait_ms = DESK_WAIT_MAX_MS};

        ck_assert_int_eq(desk_ask(desk, &question), 0);
}

static struct desk_answer await_answer(void) {
        const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + PATIENCE_MS;
        struct desk_answer answer;

        while (!desk_next(desk, &answer)) {
                ck_assert_msg(clock_monotonic(&clock) < deadline, "no answer");
                (void) nanosleep(&look, NULL);
        }
        return answer;
}

START_TEST(test_it_ends_while_it_reaches_for_the_broker) {
        ask_one(DESK_EVENT); /* what is not answered goes with it */
}
END_TEST

START_TEST(test_who_asked_is_told_so_at_a_stop) {
        ask_one(DESK_EVENT);
        ask_one(DESK_INBOX);
        desk_hurry(desk);
        for (int i = 0; i < 2; i++) {
                struct desk_answer answer = await_answer();

                ck_assert_int_eq(answer.outcome, DESK_NOT_NOW);
                ck_assert_str_ne(answer.why.text, "");
                buffer_done(&answer.body);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("desk");
        TCase *tc = tcase_create("desk");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, PATIENCE_MS / 1000 + 30);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, test_it_ends_while_it_reaches_for_the_broker);
        tcase_add_test(tc, test_who_asked_is_told_so_at_a_stop);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
