/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a worker on a thread of its own is made, stepped and stopped there, and says how it stands and how it ended.
 * Method: the bus in memory, left alone by everybody else while the thread runs; one row for each way to end.
 */

#include "worker/driver.h"
#include "worker_world.h"

#define WAIT_MS 20000
#define STEP_MS 1

static const struct {
        const char *why;
        bool once, ask;
        int32_t partitions;
        int outcome;
        const char *says;
        bool opens, done;
} rows[] = {
        {"once ends by itself", true, false, 0, 0, "", true, true},
        {"a worker ends when it is asked", false, true, 0, 0, "", true, false},
        {"one that is refused says why", false, false, WORLD_PARTITIONS + 1, WORKER_E_CONFIG, "case-state has 2 partitions", false, false},
};

static void wait_until(const struct worker_driver *driver, bool (*is)(const struct worker_driver *driver)) {
        const struct clock real = clock_system();
        int64_t end = clock_monotonic(&real) + WAIT_MS;

        while (!is(driver))
                ck_assert_int_lt(clock_monotonic(&real), end);
}

static bool has_ended(const struct worker_driver *driver) {
        return loop_has_ended(worker_driver_loop((struct worker_driver *)(uintptr_t)driver));
}

static bool has_told(const struct worker_driver *driver) {
        struct worker_status status;

        worker_driver_status(driver, &status);
        return status.facts == 1 && status.told == 2;
}

START_TEST(a_worker_ends_as_it_should) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct worker_driver *driver;
        struct worker_status status;
        struct error err = {0};
        char json[FIXTURE_JSON];

        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        config.once = rows[_i].once;
        config.partitions = rows[_i].partitions;
        ck_assert_msg(worker_driver_start(&config, STEP_MS, &driver, &err) == 0, "%s", err.text);
        if (rows[_i].ask) {
                wait_until(driver, has_told);
                ck_assert(worker_driver_is_healthy(driver));
                loop_ask(worker_driver_loop(driver));
        } else {
                wait_until(driver, has_ended);
        }
        loop_join(worker_driver_loop(driver));
        ck_assert_msg(loop_outcome(worker_driver_loop(driver), &err) == rows[_i].outcome, "%s: %s", rows[_i].why, err.text);
        ck_assert_msg(strstr(err.text, rows[_i].says) != NULL, "%s: %s", rows[_i].why, err.text);
        ck_assert(!worker_driver_is_healthy(driver)); /* it is gone */
        ck_assert_int_eq(loop_is_open(worker_driver_loop(driver)), rows[_i].opens);
        ck_assert_int_eq(worker_driver_is_done(driver), rows[_i].done);
        worker_driver_status(driver, &status);
        ck_assert_int_eq(status.facts, rows[_i].opens);
        ck_assert_int_eq(status.told, rows[_i].opens ? 2 : 0);
        worker_driver_free(driver);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), rows[_i].opens);
        world_done(w);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_driver");
        TCase *tc = tcase_create("driver");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, a_worker_ends_as_it_should, 0, (int)ELEMENTS(rows));
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
