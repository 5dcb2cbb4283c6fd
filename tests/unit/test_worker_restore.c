/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a successor begins with the very state that was committed, says how far it is, and judges a backlog whole.
 * Method: the bus in memory; a worker that dies in place of a commit; the census (counts, and the checksum of all rows)
 * before and after; the lines of the log. And a region of which nothing was ever heard, over restarts.
 */

#include "bus/murmur2.h"
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

/* -- A region that lives without an event -- */

static struct config *silent_config(struct world *w) {
        static const char region[] = "{id: noord,", protocol[] =
                "protocol: streek\ntitle: Streek\nsource: S0\nregion: noord\nvalid: {from: 2024-02-01}\nnorms:\n"
                "  - norm: meeting\n    title: Overleg\n    basis: {kind: agreement, ref: proef}\n    starts: protocol\n    due: 2024-03-05\n"
                "    met_by: [meeting-held]\n    announce: [region]\n    escalate:\n      - {after: 0 days, to: [region]}\n";
        const char *at = strstr(FIXTURE_ORGANISATIONS, region) + strlen(region);
        char folder[FIXTURE_PATH], protocols[FIXTURE_PATH], schemas[FIXTURE_PATH], text[sizeof(FIXTURE_ORGANISATIONS) + 32];
        int n = snprintf(text, sizeof(text), "%.*s alive: true,%s", (int)(at - FIXTURE_ORGANISATIONS), FIXTURE_ORGANISATIONS, at);

        fixture_make(w->folder, "silent");
        fixture_config(world_path(w, "silent", folder), "1\n");
        fixture_write(folder, "organisations.yaml", text, (size_t)n);
        fixture_write(fixture_path(protocols, folder, "protocols"), "streek.yaml", protocol, strlen(protocol));
        return fixture_read_config(folder, fixture_schemas(schemas));
}

/* What the region was told: announcements and alerts; all of it under its case and in the partition of that. */
static void assert_told(const struct world *w, size_t announced, size_t raised) {
        const struct region *region = regions_find(w->config->organisations, text_of("noord"));
        char key[UUID_TEXT + 1];
        struct bus_record last;

        uuid_format(&region->case_id, key);
        ck_assert_uint_eq(world_count(w, TOPIC_PLAN_DUE, &last), announced);
        ck_assert_int_eq(last.partition, murmur2_partition(key, UUID_TEXT, WORLD_PARTITIONS));
        ck_assert(last.key_n == UUID_TEXT && memcmp(last.key, key, UUID_TEXT) == 0);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), raised);
        ck_assert_uint_eq(world_count(w, TOPIC_INBOX_PREFIX "region-noord", NULL), announced + raised);
}

static struct worker *silent_worker(struct world *w, const char *instance, bool once) {
        struct worker_config config = world_worker_config(w, instance);
        struct worker *worker = NULL;
        struct error err = {0};

        config.retention = (struct term_step){1, TERM_DAYS}; /* a region's case is not forgotten, with facts or without */
        config.once = once;
        ck_assert_msg(worker_new(&config, &worker, &err) == 0, "%s", err.text);
        return worker;
}

/* Once more, from what is committed: nothing is told again. */
static void silent_once(struct world *w, size_t announced, size_t raised) {
        struct worker *worker = silent_worker(w, "once", true);

        for (unsigned i = 0; i < WORLD_STEPS_MAX && !worker_done(worker); i++)
                world_step(w, worker);
        ck_assert(worker_done(worker));
        assert_told(w, announced, raised);
        world_end(worker);
}

START_TEST(a_region_lives_without_an_event) {
        struct world *w = world_new();
        struct config *before = w->config;
        struct worker *worker, *other;
        struct worker_census census;
        struct worker_status status;

        w->config = silent_config(w);
        worker = silent_worker(w, "a", false);
        ck_assert_int_eq(memory_fault(worker_bus(worker), MEMORY_COMMIT_ABORTED), 0); /* what is rolled back is told after all */
        world_settle(w, worker);
        assert_told(w, 1, 0);
        worker_census(worker, &census);
        ck_assert_uint_eq(census.cases, 1); /* in one partition of both */
        world_crash(worker);

        worker = silent_worker(w, "a", false);
        world_settle(w, worker);
        assert_told(w, 1, 0);
        world_forward(w, 5 * FIXTURE_DAY);
        world_settle(w, worker);
        assert_told(w, 1, 1);
        other = silent_worker(w, "b", false); /* each has one of the partitions */
        do {
                world_step(w, worker);
                world_step(w, other);
                worker_status(other, &status);
        } while (status.assigned != 1 || !world_settled(other) || !world_settled(worker));
        assert_told(w, 1, 1);
        world_end(other);
        world_end(worker);
        silent_once(w, 1, 1);
        world_forward(w, 30 * FIXTURE_DAY);
        silent_once(w, 1, 1);
        config_free(w->config);
        w->config = before;
        world_done(w);
}
END_TEST

START_TEST(a_region_is_judged_once_without_an_event) {
        struct world *w = world_new();
        struct config *before = w->config;

        w->config = silent_config(w);
        silent_once(w, 1, 0);
        world_forward(w, 5 * FIXTURE_DAY);
        silent_once(w, 1, 1);
        config_free(w->config);
        w->config = before;
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
        tcase_add_test(tc, a_region_lives_without_an_event);
        tcase_add_test(tc, a_region_is_judged_once_without_an_event);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
