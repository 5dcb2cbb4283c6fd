/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a successor begins with the very state that was committed, says how far it is, and judges a backlog whole.
 * Method: the bus in memory; a worker that dies in place of a commit; the census (counts, and the checksum of all rows)
 * before and after; the lines of the log.
 */

#include "worker_world.h"

#define CASES 20
#define TRIALS 8
#define BACKLOG_CASES 700

static void publish_cases(struct world *w, unsigned from, unsigned to) {
        char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];

        for (unsigned c = from; c < to; c++) {
                size_t n = fixture_load_case(11, c, w->now, json);

                for (size_t i = 0; i < n; i++)
                        world_publish(w, json[i]);
        }
}

static int die_instead(struct bus_worker *worker, struct error *err) {
        (void) worker;
        error_set(err, "died");
        return -EIO;
}

/* Where a transaction that came to nothing, or is open, has written. */
static bool left_something(const struct world *w) {
        for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
                if (memory_stable(w->memory, TOPIC_CASE_STATE, p) < memory_end(w->memory, TOPIC_CASE_STATE, p))
                        return true;
        }
        return false;
}

/* Lives so many commits, and dies in the next; another takes over, of the same name or another one. */
START_TEST(a_crash_restores_what_was_committed) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct worker_census before, after;
        struct worker_status status;
        struct bus_worker_ops ops;
        struct error err = {0};
        int r = 0;

        publish_cases(w, 0, CASES + (unsigned)_i);
        world_settle(w, worker);
        worker_census(worker, &before);
        publish_cases(w, CASES + (unsigned)_i, 2 * CASES);
        ops = *worker_bus(worker)->ops;
        ops.commit = die_instead;
        worker_bus(worker)->ops = &ops;
        for (unsigned i = 0; i < WORLD_STEPS_MAX && r == 0; i++)
                r = world_try(w, worker, &err);
        ck_assert_int_eq(r, -EIO);
        ck_assert(left_something(w)); /* else nothing was tried */
        world_crash(worker);

        worker = world_worker(w, _i % 2 ? "a" : "b");
        do {
                world_step(w, worker);
                worker_status(worker, &status);
        } while (!status.assigned || status.restoring);
        ck_assert_int_eq(status.restore_percent, 100);
        worker_census(worker, &after);
        ck_assert_uint_eq(after.cases, CASES + (unsigned)_i);
        ck_assert_uint_eq(after.cases, before.cases);
        ck_assert_uint_eq(after.facts, before.facts);
        ck_assert_uint_eq(after.open_alerts, before.open_alerts);
        ck_assert_uint_eq(after.checksum, before.checksum);
        world_settle(w, worker);
        worker_census(worker, &after);
        ck_assert_uint_eq(after.cases, 2 * CASES);
        ck_assert_uint_ne(after.checksum, before.checksum);
        world_end(worker);
        world_done(w);
}
END_TEST

/* The numbers behind "key": in the lines of an event, in their order. */
static size_t numbers_of(const char *text, const char *event, const char *key, long ret[], size_t most) {
        size_t n = 0;

        for (const char *line = text; line && *line && n < most;) {
                const char *end = strchr(line, '\n'), *is = strstr(line, event), *at = strstr(line, key);

                if (is && at && end && is < end && at < end)
                        ret[n++] = strtol(at + strlen(key), NULL, 10);
                line = end ? end + 1 : NULL;
        }
        return n;
}

START_TEST(a_backlog_says_how_far_it_is_and_is_judged_whole) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct worker *worker;
        struct worker_status status;
        struct error err = {0};
        char *text = NULL, json[FIXTURE_JSON];
        size_t size = 0, n;
        long percent[16], total[16];
        struct log log = {.out = open_memstream(&text, &size), .clock = world_clock_real(w), .level = LOG_LEVEL_INFO, .process = "rules"};

        for (unsigned c = 0; c < BACKLOG_CASES; c++) { /* each overdue for weeks, and put right by news that stands behind it */
                char word[32], id[48];

                (void) snprintf(word, sizeof(word), "case %u", c);
                (void) snprintf(id, sizeof(id), "measure %u", c);
                fixture_measure(json, id, word, "gi-a", "gm0001", w->now, 40);
                world_publish(w, json);
                (void) snprintf(id, sizeof(id), "protector %u", c);
                fixture_protector(json, id, word, "gi-a", w->now, 39);
                world_publish(w, json);
        }
        config.log = &log;
        config.once = true;
        ck_assert_msg(worker_new(&config, &worker, &err) == 0, "%s", err.text);
        for (unsigned i = 0; i < WORLD_STEPS_MAX && !worker_done(worker); i++)
                world_step(w, worker);
        ck_assert(worker_done(worker));
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, 2 * BACKLOG_CASES);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 0);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RESOLVED, NULL), 0);
        world_end(worker);

        (void) fflush(log.out);
        n = numbers_of(text, "\"backlog-progress\"", "\"percent\":", percent, ELEMENTS(percent));
        ck_assert_uint_ge(n, 1); /* seven seconds of reading, a line in three */
        ck_assert_uint_le(n, 3);
        ck_assert_uint_eq(numbers_of(text, "\"backlog-progress\"", "\"total\":", total, ELEMENTS(total)), n);
        for (size_t i = 0; i < n; i++) {
                ck_assert_int_eq(total[i], 2 * BACKLOG_CASES);
                ck_assert_int_gt(percent[i], i ? percent[i - 1] : 0);
                ck_assert_int_le(percent[i], 100);
        }
        (void) fclose(log.out);
        free(text);
        world_done(w);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_restore");
        TCase *tc = tcase_create("worker_restore");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, a_crash_restores_what_was_committed, 0, TRIALS);
        tcase_add_test(tc, a_backlog_says_how_far_it_is_and_is_judged_whole);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
