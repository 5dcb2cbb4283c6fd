/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: of many inboxes each has its turn and its share, whatever becomes of the others, and those that have nothing to do cost nothing.
 * Method: lanes of which tries begin and end by hand; the queue against the order in which lanes were stirred.
 */

#include <check.h>
#include <stdlib.h>

#include "connect/lane.h"
#include "model_fixture.h"

#define PARALLEL 8

static struct organisations *orgs;
static struct event_types *types;
static struct connect_file file;
static struct lanes lanes;

static void setup(void) {
        project_parties(&orgs, &types);
        file = (struct connect_file){.name = "x", .targets_n = organisations_count(orgs), .out = {.parallel = PARALLEL}};
        file.targets = calloc(file.targets_n, sizeof(*file.targets));
        ck_assert_ptr_nonnull(file.targets);
        for (size_t i = 0; i < file.targets_n; i++)
                file.targets[i].organisation = organisations_at(orgs, i);
        ck_assert_int_eq(lanes_open(&lanes, &file, orgs), 0);
}

static void teardown(void) {
        lanes_done(&lanes);
        free(file.targets);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

/* Begins as many tries as a lane may, of @n cases. */
static size_t fly(struct lane *lane, size_t n) {
        static const char keys[64];
        size_t begun = 0;

        for (size_t i = 0; i < n && lanes_may_fly(&lanes, lane); i++, begun++) {
                struct window_entry *e = window_add(&lane->window, WINDOW_INBOX, (int64_t)lane->window.tail, keys, 1 + window_count(&lane->window), 1, &lanes);

                ck_assert_ptr_nonnull(e);
                lanes_fly(&lanes, lane);
                window_fly(&lane->window, e);
        }
        return begun;
}

static void land(struct lane *lane, uint64_t number) {
        window_settle(&lane->window, window_entry(&lane->window, number));
        lanes_land(&lanes, lane);
}

START_TEST(test_one_alone_has_what_its_file_says) {
        lanes_done(&lanes);
        file.targets_n = 1;
        ck_assert_int_eq(lanes_open(&lanes, &file, orgs), 0);
        ck_assert_uint_eq(lanes_capacity(1, PARALLEL), PARALLEL);
        lanes.items[0].failures = 1000;
        ck_assert_uint_eq(fly(&lanes.items[0], 100), PARALLEL); /* nobody else wants it */
        land(&lanes.items[0], 3);
        ck_assert_uint_eq(fly(&lanes.items[0], 100), 1);
        ck_assert_uint_eq(lanes_capacity(1, 1), 1);
}
END_TEST

/* All but one never answer: that one has its try at any time, and never are there more tries than connectors have room for. */
START_TEST(test_who_is_slow_holds_nobody_up) {
        struct lane *good = &lanes.items[lanes.n - 1];
        size_t all = 0;

        for (size_t round = 0; round < PARALLEL; round++) {
                for (size_t i = 0; i + 1 < lanes.n; i++)
                        all += fly(&lanes.items[i], 1);
        }
        ck_assert_uint_gt(all, lanes.n);
        for (int i = 0; i < 100; i++) {
                ck_assert_uint_ge(fly(good, 1), 1);
                ck_assert_uint_le(lanes.flying, lanes_capacity(lanes.n, PARALLEL));
                land(good, good->window.head);
        }
        ck_assert_uint_eq(lanes.flying, all);
}
END_TEST

/* Lanes whose receivers fail leave half of the common room to the others. */
START_TEST(test_who_fails_has_half_of_what_is_common) {
        size_t failing = LANES_SPARE / (PARALLEL - 1) + 2, most = 0;

        ck_assert_uint_lt(failing + 1, lanes.n);
        ck_assert_uint_eq(lanes.spare, LANES_SPARE);
        for (size_t i = 0; i < failing; i++) {
                lanes.items[i].failures = PARALLEL;
                most += fly(&lanes.items[i], PARALLEL) - 1;
        }
        ck_assert_uint_eq(most, LANES_SPARE / 2);
        ck_assert_uint_eq(fly(&lanes.items[failing], PARALLEL), PARALLEL);
        lanes.items[0].failures = 0;
        land(&lanes.items[0], lanes.items[0].window.head);
        ck_assert_uint_eq(fly(&lanes.items[0], PARALLEL), 1);
        for (size_t i = 0; i < failing; i++) {
                while (lanes.items[i].window.flying > 0)
                        land(&lanes.items[i], lanes.items[i].window.head);
        }
        ck_assert_uint_eq(lanes.spare_used, PARALLEL - 1);
}
END_TEST

START_TEST(test_who_was_stirred_has_its_turn_once_and_in_order) {
        ck_assert_ptr_null(lanes_take(&lanes));
        ck_assert_int_eq(lanes_wait(&lanes, 5), WINDOW_NEVER);
        lanes_stir(&lanes, &lanes.items[2]);
        lanes_stir(&lanes, &lanes.items[0]);
        lanes_stir(&lanes, &lanes.items[2]);
        ck_assert_int_eq(lanes_wait(&lanes, 5), 0);
        ck_assert_ptr_eq(lanes_take(&lanes), &lanes.items[2]);
        lanes_stir(&lanes, &lanes.items[2]); /* it has more to do, and waits for the other */
        ck_assert_ptr_eq(lanes_take(&lanes), &lanes.items[0]);
        ck_assert_ptr_eq(lanes_take(&lanes), &lanes.items[2]);
        ck_assert_ptr_null(lanes_take(&lanes));
}
END_TEST

START_TEST(test_who_sleeps_wakes_when_it_is_due) {
        ck_assert_int_eq(lanes_sleep(&lanes, &lanes.items[1], 300), 0);
        ck_assert_int_eq(lanes_sleep(&lanes, &lanes.items[3], 100000), 0);
        ck_assert_int_eq(lanes_sleep(&lanes, &lanes.items[1], 200), 0); /* the latest word holds */
        lanes_wake(&lanes, 199);
        ck_assert_ptr_null(lanes_take(&lanes));
        ck_assert_int_eq(lanes_wait(&lanes, 150), 50);
        lanes_wake(&lanes, 200);
        ck_assert_ptr_eq(lanes_take(&lanes), &lanes.items[1]);
        ck_assert_ptr_null(lanes_take(&lanes));
        ck_assert_int_eq(lanes_sleep(&lanes, &lanes.items[3], WINDOW_NEVER), 0);
        ck_assert_int_eq(lanes_wait(&lanes, 0), WINDOW_NEVER);
        ck_assert_int_eq(lanes_sleep(&lanes, &lanes.items[3], 7), 0);
        lanes_clear(&lanes); /* the inboxes went to another */
        lanes_wake(&lanes, 1000000);
        ck_assert_ptr_null(lanes_take(&lanes));
}
END_TEST

START_TEST(test_inboxes_are_found_by_their_topics) {
        ck_assert_ptr_eq(lanes_find(&lanes, "inbox.gm0014")->target->organisation, organisations_find(orgs, text_of("gm0014")));
        ck_assert_ptr_null(lanes_find(&lanes, "inbox.nobody"));
        ck_assert_ptr_null(lanes_find(&lanes, "outbox.gm0014"));
        ck_assert_uint_ge(lanes.items[0].window.bytes_max, LANES_BYTES_MIN);
        ck_assert_uint_le(lanes.items[0].window.bytes_max * lanes.n, LANES_BYTES);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("lane");
        SRunner *runner = srunner_create(suite);
        TCase *tc = tcase_create("lanes");
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, test_one_alone_has_what_its_file_says);
        tcase_add_test(tc, test_who_is_slow_holds_nobody_up);
        tcase_add_test(tc, test_who_fails_has_half_of_what_is_common);
        tcase_add_test(tc, test_who_was_stirred_has_its_turn_once_and_in_order);
        tcase_add_test(tc, test_who_sleeps_wakes_when_it_is_due);
        tcase_add_test(tc, test_inboxes_are_found_by_their_topics);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
