/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: counts stand in the span of time in which they came, whatever clocks do; a rebalance is counted once, with how long it lasted.
 * Method: rows of what is said and what stands there then.
 */

#include <check.h>
#include <string.h>

#include "console/topic_reading.h"
#include "replica/flow_history.h"
#include "replica/flows.h"

#define MINUTE INT64_C(60000)
#define FIVE (5 * MINUTE)
#define BEGIN (INT64_C(1767225600000) + 2 * MINUTE) /* 2026-01-01T00:02:00Z */

struct said {
        instant_t at;
        int64_t count;
        bool put; /* of the past */
};

static const struct {
        const char *what;
        struct said said[6];
        int64_t counts[4]; /* of four spans of five minutes */
} histories[] = {
        {"nothing came", {{0}}, {0, 0, 0, 0}},
        {"what comes at once stands in the present span", {{BEGIN, 3}, {BEGIN + 10, 4}}, {0, 0, 0, 7}},
        {"the next span begins on the clock, not five minutes after the first look", {{BEGIN, 3}, {BEGIN + 3 * MINUTE, 4}}, {0, 0, 3, 4}},
        {"the last instant of a span is its own", {{BEGIN, 3}, {BEGIN + 3 * MINUTE - 1, 4}}, {0, 0, 0, 7}},
        {"spans in which nothing came are 0", {{BEGIN, 3}, {BEGIN + 2 * FIVE, 4}}, {0, 3, 0, 4}},
        {"what is older than all spans is gone", {{BEGIN, 3}, {BEGIN + 4 * FIVE, 4}}, {0, 0, 0, 4}},
        {"after a year too", {{BEGIN, 3}, {BEGIN + 365 * DAY_MS, 4}}, {0, 0, 0, 4}},
        {"a clock that goes back counts in the present span", {{BEGIN + FIVE, 3}, {BEGIN, 4}}, {0, 0, 0, 7}},
        {"the past is put into its span", {{BEGIN - FIVE, 5, true}, {BEGIN - 3 * FIVE, 6, true}}, {6, 0, 5, 0}},
        {"of a past that is too long ago nothing is kept", {{BEGIN - 4 * FIVE, 5, true}}, {0, 0, 0, 0}},
        {"a past that is asked for later stands where it belongs", {{BEGIN + FIVE, 1}, {BEGIN - FIVE, 5, true}}, {0, 5, 0, 1}},
};

START_TEST(counts_by_span) {
        struct flow_history h;

        flow_history_begin(&h, FIVE, 4, BEGIN);
        for (size_t i = 0; i < ELEMENTS(histories[_i].said) && histories[_i].said[i].at; i++) {
                const struct said *said = &histories[_i].said[i];

                if (said->put)
                        flow_history_put(&h, said->at, said->count);
                else
                        flow_history_add(&h, said->at, said->count);
        }
        for (size_t i = 0; i < ELEMENTS(histories[_i].counts); i++)
                ck_assert_msg(h.counts[i] == histories[_i].counts[i], "%s: span %zu has %lld, not %lld", histories[_i].what, i, (long long)h.counts[i],
                              (long long)histories[_i].counts[i]);
        ck_assert_int_eq(flow_history_at(&h, 3) % FIVE, 0);
        ck_assert_int_eq(flow_history_at(&h, 3) - flow_history_at(&h, 0), 3 * FIVE);
}
END_TEST

static const struct {
        const char *what;
        struct flows_sizes seen[2];
        int64_t stands, estimate;
} sizes[] = {
        {"nobody looked", {{0}}, 10, LOGS_UNKNOWN},
        {"nothing stands there", {{0}}, 0, 0},
        {"nor is it known how much does", {{8, 8, 800}}, LOGS_UNKNOWN, LOGS_UNKNOWN},
        {"all are alike", {{8, 8, 800}}, 1000, 100000},
        {"every other place is a marker, there too", {{8, 4, 800}}, 1000, 100000},
        {"there were markers alone", {{8, 0, 0}}, 1000, LOGS_UNKNOWN},
        {"of two looks all count", {{8, 8, 800}, {8, 8, 2400}}, 100, 20000},
};

START_TEST(estimates_how_much_stands) {
        struct flows_sizes s = {0};

        for (size_t i = 0; i < ELEMENTS(sizes[_i].seen); i++)
                flows_sizes_add(&s, sizes[_i].seen[i].looked, sizes[_i].seen[i].records, sizes[_i].seen[i].bytes);
        ck_assert_msg(flows_sizes_estimate(&s, sizes[_i].stands) == sizes[_i].estimate, "%s: %lld", sizes[_i].what,
                      (long long)flows_sizes_estimate(&s, sizes[_i].stands));
}
END_TEST

/* Records that were small a year ago do not weigh for ever. */
START_TEST(what_came_lately_weighs_most) {
        struct flows_sizes s = {0};

        for (int i = 0; i < 100000; i++)
                flows_sizes_add(&s, 8, 8, 80);
        for (int i = 0; i < 10 * FLOWS_SIZES_PLACES / 8; i++)
                flows_sizes_add(&s, 8, 8, 8000);
        ck_assert_int_ge(flows_sizes_estimate(&s, 100), 99000);
        ck_assert_int_le(s.records, FLOWS_SIZES_PLACES);
}
END_TEST

struct look {
        int64_t at; /* ms after the beginning; the first look is that of nothing */
        bool moving;
        size_t members;
        uint64_t shares;
        size_t unowned;
};

static const struct {
        const char *what;
        struct look looks[5];
        uint64_t rebalances;
        int64_t last_ms, all_ms, unowned_at; /* unowned_at: -1: all have an owner */
} moves[] = {
        {"what is seen first is no rebalance", {{1, false, 2, 7, 0}}, 0, 0, 0, -1},
        {"nor is that all stays as it is", {{1, false, 2, 7, 0}, {500, false, 2, 7, 0}}, 0, 0, 0, -1},
        {"one that is seen lasts from look to look", {{1, false, 2, 7, 0}, {500, true, 2, 0, 6}, {2500, false, 2, 9, 0}}, 1, 2000, 2000, -1},
        {"it is counted when it is over", {{1, false, 2, 7, 0}, {500, true, 2, 0, 6}}, 0, 0, 0, 500},
        {"and once, however often it is looked at",
         {{1, false, 2, 7, 0}, {500, true, 2, 0, 6}, {1000, true, 3, 0, 6}, {1500, false, 3, 9, 0}}, 1, 1000, 1000, -1},
        {"one between two looks is seen by who has what", {{1, false, 2, 7, 0}, {500, false, 2, 9, 0}}, 1, 0, 0, -1},
        {"two of them", {{1, false, 2, 7, 0}, {500, true, 2, 0, 6}, {800, false, 2, 9, 0}, {1300, false, 2, 8, 0}}, 2, 0, 300, -1},
        {"the first member moves nothing", {{1, false, 0, 0, 6}, {500, false, 1, 7, 0}}, 0, 0, 0, -1},
        {"nor does the last that goes", {{1, false, 1, 7, 0}, {500, false, 0, 0, 6}}, 0, 0, 0, 500},
        {"without an owner since it was seen first", {{1, false, 0, 0, 6}, {500, false, 0, 0, 6}, {900, false, 0, 0, 6}}, 0, 0, 0, 1},
};

START_TEST(sees_rebalances) {
        struct flows_moves m = {0};

        for (size_t i = 0; i < ELEMENTS(moves[_i].looks) && moves[_i].looks[i].at; i++) {
                const struct look *look = &moves[_i].looks[i];

                flows_moves_see(&m, BEGIN + look->at, look->moving, look->members, look->shares, look->unowned);
        }
        ck_assert_msg(m.rebalances == moves[_i].rebalances && m.last_ms == moves[_i].last_ms && m.all_ms == moves[_i].all_ms,
                      "%s: %llu rebalances, the last %lld ms, all %lld ms", moves[_i].what, (unsigned long long)m.rebalances, (long long)m.last_ms,
                      (long long)m.all_ms);
        ck_assert_int_eq(m.unowned_since, moves[_i].unowned_at < 0 ? 0 : BEGIN + moves[_i].unowned_at);
        ck_assert_int_eq(m.rebalanced_at > 0, m.rebalances > 0);
}
END_TEST

/* Whoever asks while as many read as may is told so at once; what takes too long is broken off. */
START_TEST(reads_for_few_and_not_for_long) {
        static struct readings readings;
        const struct topic_question question = {.topic = "plan-due", .partition = BUS_ALL_PARTITIONS, .offset = -1, .limit = 1};
        struct clock clock = clock_system();
        struct topic_found found;
        struct error err;

        for (size_t i = 0; i < READINGS_AT_ONCE; i++) {
                atomic_store(&readings.slots[i].taken, true);
                atomic_store(&readings.slots[i].until, 1000);
        }
        ck_assert_int_eq(topic_read(&readings, NULL, &clock, &question, NULL, NULL, &found, &err), TOPIC_READING_BUSY);
        readings_tick(&readings, 999);
        ck_assert(!atomic_load(&readings.slots[0].enough));
        readings_tick(&readings, 1000);
        ck_assert(atomic_load(&readings.slots[0].enough) && atomic_load(&readings.slots[READINGS_AT_ONCE - 1].enough));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("flows");
        TCase *tests = tcase_create("flows");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tests, counts_by_span, 0, ELEMENTS(histories));
        tcase_add_test(tests, reads_for_few_and_not_for_long);
        tcase_add_loop_test(tests, sees_rebalances, 0, ELEMENTS(moves));
        tcase_add_loop_test(tests, estimates_how_much_stands, 0, ELEMENTS(sizes));
        tcase_add_test(tests, what_came_lately_weighs_most);
        suite_add_tcase(suite, tests);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
