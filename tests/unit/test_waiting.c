/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: records that wait are counted, and the first of them is told with its very offset and stamp, whatever gaps lie between and however little is kept.
 * Method: a plain list beside it goes through the same.
 */

#include <check.h>
#include <stdlib.h>

#include "bus/waiting.h"

#define RECORDS 10000

static struct waiting w;

static void setup(void) {
        w = (struct waiting){0};
}

static void teardown(void) {
        waiting_done(&w);
}

static void expect(size_t n, int64_t offset, instant_t stamp) {
        ck_assert_uint_eq(w.n, n);
        ck_assert_int_eq(w.first.offset, offset);
        ck_assert_int_eq(w.first.stamp, stamp);
}

START_TEST(what_comes_is_what_goes) {
        static struct waiting_record list[RECORDS];
        size_t added = 0, gone = 0;
        int64_t offset = 5, stamp = INT64_C(1696928400000);

        srandom(1);
        while (gone < RECORDS) {
                if (added < RECORDS && random() % 3) {
                        offset += random() % 100 ? 1 + random() % 3 : 100000;
                        stamp += random() % 100 ? random() % 40 - 5 : random() - RAND_MAX / 2;
                        list[added++] = (struct waiting_record){offset, stamp};
                        ck_assert_int_eq(waiting_add(&w, offset, stamp), 0);
                } else if (gone < added) {
                        gone += (size_t)random() % (added - gone) / 8 + 1;
                        waiting_drop(&w, list[gone - 1].offset + 1);
                }
                if (gone < added)
                        expect(added - gone, list[gone].offset, list[gone].stamp);
                else
                        ck_assert_uint_eq(w.n, 0);
        }
}
END_TEST

START_TEST(steps_may_be_as_large_as_numbers_are) {
        ck_assert_int_eq(waiting_add(&w, 0, INT64_MAX), 0);
        ck_assert_int_eq(waiting_add(&w, INT64_MAX - 1, INT64_MIN), 0);
        ck_assert_int_eq(waiting_add(&w, INT64_MAX, 0), 0);
        expect(3, 0, INT64_MAX);
        waiting_drop(&w, 1);
        expect(2, INT64_MAX - 1, INT64_MIN);
        waiting_drop(&w, INT64_MAX);
        expect(1, INT64_MAX, 0);
}
END_TEST

/* Ten thousand of each inbox that nobody collects: three bytes each, where nothing unusual lies between. */
START_TEST(little_is_kept) {
        for (int64_t i = 0; i < RECORDS; i++)
                ck_assert_int_eq(waiting_add(&w, 2 * i, 1696928400000 + 60 * i), 0);
        ck_assert_uint_eq(w.n, RECORDS);
        ck_assert_uint_le(w.steps.capacity, 4 * RECORDS);
        waiting_drop(&w, INT64_MAX);
        ck_assert_uint_eq(w.n, 0);
        ck_assert_uint_eq(w.steps.capacity, 0);
}
END_TEST

int main(void) {
        Suite *s = suite_create("waiting");
        TCase *all = tcase_create("waiting");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(all, setup, teardown);
        tcase_add_test(all, what_comes_is_what_goes);
        tcase_add_test(all, steps_may_be_as_large_as_numbers_are);
        tcase_add_test(all, little_is_kept);
        suite_add_tcase(s, all);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
