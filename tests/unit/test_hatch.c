/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is passed between two threads comes back once, in order, and never in more than is allowed.
 * Method: both sides in one thread, step by step; and two threads with many items.
 */

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "connect/hatch.h"

enum { OWNERS = 3, ALL_MAX = 5, EACH_MAX = 2, MANY = 20000 };

static size_t freed;

static void count_freed(struct hatch_item *item) {
        (void) item;
        freed++;
}

START_TEST(test_bounded_until_it_is_collected) {
        struct hatch_item items[] = {{.owner = 0}, {.owner = 0}, {.owner = 0}, {.owner = 1}, {.owner = 1}, {.owner = 2}, {.owner = 2}};
        struct hatch *h;

        ck_assert_int_eq(hatch_new(OWNERS, ALL_MAX, EACH_MAX, &h), 0);
        ck_assert_ptr_null(hatch_take(h));
        ck_assert_int_eq(hatch_ask(h, &items[0]), 0);
        ck_assert_int_eq(hatch_ask(h, &items[1]), 0);
        ck_assert_int_eq(hatch_ask(h, &items[2]), HATCH_E_FULL); /* of one owner */
        ck_assert_int_eq(hatch_ask(h, &items[3]), 0);
        ck_assert_int_eq(hatch_ask(h, &items[4]), 0);
        ck_assert_int_eq(hatch_ask(h, &items[5]), 0);
        ck_assert_int_eq(hatch_ask(h, &items[6]), HATCH_E_FULL); /* of all */
        ck_assert_ptr_eq(hatch_take(h), &items[0]);
        ck_assert_ptr_eq(hatch_take(h), &items[1]);
        ck_assert_ptr_null(hatch_collect(h));
        ck_assert_int_eq(hatch_ask(h, &items[2]), HATCH_E_FULL); /* also while it is being answered */
        hatch_answer(h, &items[1]);
        ck_assert_int_eq(hatch_ask(h, &items[2]), HATCH_E_FULL);
        ck_assert_ptr_eq(hatch_collect(h), &items[1]);
        ck_assert_int_eq(hatch_ask(h, &items[2]), 0);
        ck_assert_ptr_eq(hatch_take(h), &items[3]);
        hatch_answer(h, &items[0]);
        ck_assert(!hatch_is_hurried(h));
        hatch_hurry(h);
        ck_assert(hatch_is_hurried(h));
        hatch_free(h, count_freed);
        ck_assert_uint_eq(freed, 4); /* 0 is answered; 4, 5 and 2 are asked; 3 is in the hands of who answers */
}
END_TEST

static void *answer_all(void *ctx) {
        struct clock clock = clock_system();
        struct hatch *h = ctx;

        for (size_t n = 0; n < MANY;) {
                struct hatch_item *item = hatch_take(h);

                if (item) {
                        hatch_answer(h, item);
                        n++;
                } else {
                        hatch_rest(h, clock_monotonic(&clock) + 10000);
                }
        }
        return NULL;
}

START_TEST(test_each_comes_back_once_and_in_order) {
        struct hatch_item *items = calloc(MANY, sizeof(*items));
        size_t asked = 0, back = 0;
        pthread_t thread;
        struct hatch *h;

        ck_assert_ptr_nonnull(items);
        ck_assert_int_eq(hatch_new(1, EACH_MAX, EACH_MAX, &h), 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, answer_all, h), 0);
        while (back < MANY) {
                struct hatch_item *item;

                if (asked < MANY && hatch_ask(h, &items[asked]) == 0)
                        asked++;
                item = hatch_collect(h);
                if (item)
                        ck_assert_ptr_eq(item, &items[back++]);
        }
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_ptr_null(hatch_collect(h));
        hatch_free(h, count_freed);
        free(items);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("hatch");
        TCase *tc = tcase_create("hatch");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 120);
        tcase_add_test(tc, test_bounded_until_it_is_collected);
        tcase_add_test(tc, test_each_comes_back_once_and_in_order);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
