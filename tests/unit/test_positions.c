/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Where worker, consumer and reader stand in their partitions
 *
 * What follows from what a bus is told: which record is handed out, what a commit says, where an abort goes back to. Both buses
 * follow it, so what is wrong here goes wrong alike in the simulation and on Kafka.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/positions.h"

static struct error err;
static char said[512]; /* what the last walk said: "partition/input=offset " or "topic/partition=offset " */

static void say(int32_t a, size_t b, int64_t offset) {
        size_t n = strlen(said);

        snprintf(said + n, sizeof(said) - n, "%d/%zu=%lld ", (int)a, b, (long long)offset);
}

static int say_input(void *ctx, int32_t partition, size_t input, int64_t next) {
        (void)ctx;
        say(partition, input, next);
        return 0;
}

static int say_part(void *ctx, struct bus_part part, int64_t offset) {
        (void)ctx;
        say((int32_t)part.index, (size_t)part.partition, offset);
        return 0;
}

/* -- The worker's: two inputs with three partitions; 0 and 2 are owned, restored from 10 and 20 on, and started -- */

static struct worker_positions w;
static const struct bus_part owned[] = {{0, 0}, {0, 2}};

static void worker_setup(void) {
        static const char *const topics[] = {"a", "b", "state"};

        w = (struct worker_positions){0};
        ck_assert_int_eq(worker_positions_init(&w, topics, (const int32_t[]){3, 3, 3}, 2, &err), 0);
        for (size_t k = 0; k < ELEMENTS(owned); k++) {
                ck_assert(worker_positions_own(&w, owned[k].partition));
                ck_assert(!worker_positions_begin(&w, owned[k].partition, 0, 10, 3, 10));
                ck_assert(!worker_positions_begin(&w, owned[k].partition, 1, -1001, 20, 20)); /* nothing is committed: that is no gap */
        }
        worker_positions_restored(&w, owned, ELEMENTS(owned));
        worker_positions_start(&w, owned, ELEMENTS(owned));
}

/* Its first commit, of both partitions. */
static void commit_first(void) {
        worker_positions_touch(&w, 0);
        worker_positions_touch(&w, 2);
        worker_positions_committed(&w);
}

static void worker_teardown(void) {
        worker_positions_done(&w);
}

static const char *pending(void) {
        said[0] = '\0';
        ck_assert_int_eq(worker_positions_pending(&w, say_input, NULL), 0);
        return said;
}

START_TEST(inputs_have_as_many_partitions_as_the_state) {
        static const char *const topics[] = {"a", "b", "state"};
        struct worker_positions other = {0};

        ck_assert_int_eq(worker_positions_init(&other, topics, (const int32_t[]){3, 4, 3}, 2, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "the topic b has 4 partitions and state has 3"));
        worker_positions_done(&other);
}
END_TEST

START_TEST(what_was_handed_out_is_not_handed_out_again) {
        ck_assert(!worker_positions_take(&w, 0, 0, 9)); /* fetched before a seek */
        ck_assert(worker_positions_take(&w, 0, 0, 12));
        ck_assert(!worker_positions_take(&w, 0, 0, 12));
        ck_assert(!worker_positions_take(&w, 1, 0, 12)); /* of another's partition */
        ck_assert(!worker_positions_take(&w, 7, 0, 12)); /* added since */
        ck_assert_int_eq(worker_positions_of(&w, 0)[0], 13);
        worker_positions_end(&w, 0, 0, 15); /* two markers behind it */
        ck_assert_int_eq(worker_positions_of(&w, 0)[0], 15);
        worker_positions_end(&w, 0, 0, 14);
        ck_assert_int_eq(worker_positions_of(&w, 0)[0], 15);
        ck_assert_ptr_null(worker_positions_of(&w, 1));
}
END_TEST

START_TEST(the_first_commit_says_where_reading_began) {
        worker_positions_touch(&w, 2);
        ck_assert_str_eq(pending(), "2/0=10 2/1=20 "); /* of b nothing was committed: what is gone since can be counted from 20 */
        worker_positions_rewind(&w);
        ck_assert_str_eq(pending(), ""); /* that alone is no work */
        ck_assert(worker_positions_take(&w, 2, 0, 10));
        ck_assert_str_eq(pending(), "2/0=11 2/1=20 ");
        worker_positions_committed(&w);
        ck_assert(worker_positions_take(&w, 2, 0, 11));
        ck_assert_str_eq(pending(), "2/0=12 ");
        ck_assert(worker_positions_take(&w, 0, 0, 10)); /* not committed with it */
        ck_assert_str_eq(pending(), "0/0=11 0/1=20 2/0=12 ");
}
END_TEST

START_TEST(a_commit_says_what_moved_or_proves_that_it_is_owned) {
        commit_first();
        ck_assert_str_eq(pending(), "");
        worker_positions_touch(&w, 2);
        ck_assert_str_eq(pending(), "2/0=10 "); /* nothing was read there: the same again */
        worker_positions_touch(&w, 1);          /* another's */
        ck_assert(worker_positions_take(&w, 2, 1, 25));
        ck_assert_str_eq(pending(), "2/1=26 ");
        worker_positions_end(&w, 0, 1, 22); /* markers alone are no work */
        ck_assert_str_eq(pending(), "2/1=26 ");
        worker_positions_committed(&w);
        ck_assert_str_eq(pending(), "");
        ck_assert(worker_positions_take(&w, 0, 0, 10));
        ck_assert_str_eq(pending(), "0/0=11 0/1=22 ");
}
END_TEST

START_TEST(an_abort_goes_back_to_what_is_committed) {
        ck_assert(worker_positions_take(&w, 0, 0, 10));
        worker_positions_committed(&w);
        ck_assert(worker_positions_take(&w, 0, 0, 11));
        worker_positions_touch(&w, 2);
        worker_positions_rewind(&w);
        ck_assert_str_eq(pending(), "");
        ck_assert_int_eq(worker_positions_of(&w, 0)[0], 11);
        ck_assert(worker_positions_take(&w, 0, 0, 11));
}
END_TEST

START_TEST(an_input_that_stands_still_hands_nothing_out_and_is_committed_before_its_record) {
        commit_first();
        ck_assert(worker_positions_take(&w, 0, 0, 10));
        ck_assert(worker_positions_take(&w, 0, 0, 11));
        worker_positions_hold(&w, 0, 0, 11);
        ck_assert(!worker_positions_take(&w, 0, 0, 11) && !worker_positions_take(&w, 0, 0, 12));
        worker_positions_end(&w, 0, 0, 20); /* what was fetched meanwhile says nothing */
        ck_assert(worker_positions_take(&w, 0, 1, 20) && worker_positions_take(&w, 2, 0, 10));
        ck_assert_str_eq(pending(), "0/0=11 0/1=21 2/0=11 ");
        worker_positions_committed(&w);
        worker_positions_resume(&w, 0, 0);
        ck_assert(worker_positions_take(&w, 0, 0, 11));
        worker_positions_hold(&w, 0, 0, 11);
        worker_positions_rewind(&w);
        ck_assert(worker_positions_take(&w, 0, 0, 11)); /* an abort reads it again */
}
END_TEST

START_TEST(work_of_partitions_that_are_gone_is_stale) {
        struct bus_event event;

        worker_positions_event(&w, BUS_REVOKED, true, &event);
        ck_assert_uint_eq(event.parts_n, 2);
        ck_assert_int_eq(event.parts[1].partition, 2);
        ck_assert(!w.stale); /* it can still be committed */
        worker_positions_event(&w, BUS_LOST, true, &event);
        ck_assert_uint_eq(event.parts_n, 2);
        ck_assert(w.stale && !worker_positions_own_all(&w, owned, 1));
        worker_positions_forget(&w, false);
        ck_assert(w.stale); /* until it is aborted */
        worker_positions_rewind(&w);
        ck_assert(!w.stale);
}
END_TEST

START_TEST(a_log_that_was_made_anew_is_read_from_its_beginning_and_the_commit_says_so) {
        int64_t next;

        ck_assert(position_find(10, 0, 9, &next) && next == 0); /* it ends before */
        ck_assert(position_find(10, 20, 30, &next) && next == 20);
        ck_assert(!position_find(10, 0, 10, &next) && next == 10);
        ck_assert(!position_find(-1001, 7, 30, &next) && next == 7);
        ck_assert(worker_positions_own(&w, 1));
        ck_assert(worker_positions_begin(&w, 1, 0, 10, 0, 4));
        ck_assert(!worker_positions_begin(&w, 1, 1, 5, 0, 5));
        worker_positions_restored(&w, (const struct bus_part[]){{0, 1}}, 1);
        worker_positions_start(&w, (const struct bus_part[]){{0, 1}}, 1);
        ck_assert_str_eq(pending(), "1/0=0 1/1=5 "); /* also when nothing comes: else a successor would begin at 10 in a log that is longer by then */
        worker_positions_rewind(&w);
        ck_assert_str_eq(pending(), "1/0=0 1/1=5 ");
        ck_assert(worker_positions_take(&w, 1, 0, 0));
        ck_assert_str_eq(pending(), "1/0=1 1/1=5 ");
        worker_positions_committed(&w);
        ck_assert_str_eq(pending(), "");
}
END_TEST

START_TEST(records_that_are_gone_unread_are_a_gap) {
        ck_assert(worker_positions_own(&w, 1));
        ck_assert(worker_positions_begin(&w, 1, 0, 10, 13, 20));
        worker_positions_restored(&w, (const struct bus_part[]){{0, 1}}, 1);
        ck_assert_int_eq(worker_positions_of(&w, 1)[0], 13);
        ck_assert(!worker_positions_own(&w, 3));
}
END_TEST

/* -- The consumer's: topics of two and one partitions, of which 0/1 and 1/0 are owned -- */

static struct consumer_positions c;
static const struct bus_part first = {0, 1}, second = {1, 0}, other = {0, 0};

static void consumer_setup(void) {
        c = (struct consumer_positions){0};
        ck_assert_int_eq(consumer_positions_init(&c, (const int32_t[]){2, 1}, 2), 0);
        ck_assert(consumer_positions_own(&c, first) && consumer_positions_own(&c, second));
        ck_assert(!consumer_positions_own(&c, (struct bus_part){1, 1}));
}

static void consumer_teardown(void) {
        consumer_positions_done(&c);
}

static const char *walk(int (*of)(struct consumer_positions *positions)) {
        said[0] = '\0';
        ck_assert_int_eq(of(&c), 0);
        return said;
}

static int say_done(struct consumer_positions *positions) {
        return consumer_positions_pending(positions, say_part, NULL);
}

static int say_first(struct consumer_positions *positions) {
        return consumer_positions_rewind(positions, say_part, NULL);
}

START_TEST(done_is_committed_once_and_what_comes_meanwhile_later) {
        ck_assert_int_eq(consumer_positions_set(&c, other, 5), BUS_E_REBALANCED);
        ck_assert_int_eq(consumer_positions_set(&c, first, 5), 0);
        ck_assert_str_eq(walk(say_done), "0/1=5 ");
        ck_assert_int_eq(consumer_positions_set(&c, first, 6), 0); /* while the commit of 5 was under way */
        consumer_positions_committed(&c, first, 5);
        ck_assert_str_eq(walk(say_done), "0/1=6 ");
        consumer_positions_committed(&c, first, 6);
        ck_assert_str_eq(walk(say_done), "");
}
END_TEST

START_TEST(an_abort_goes_back_to_what_was_handed_out_first) {
        ck_assert(consumer_positions_take(&c, first, 7) && consumer_positions_take(&c, first, 8) && consumer_positions_take(&c, second, 3));
        ck_assert(!consumer_positions_take(&c, other, 1));
        consumer_positions_committed(&c, second, 4);
        ck_assert_int_eq(consumer_positions_set(&c, first, 9), 0);
        ck_assert_str_eq(walk(say_first), "0/1=7 1/0=4 ");
        ck_assert_str_eq(walk(say_done), "");
        consumer_positions_seek(&c, first, 2);
        ck_assert_str_eq(walk(say_first), "0/1=2 1/0=4 ");
}
END_TEST

START_TEST(an_end_is_told_once_of_what_is_owned_and_flows) {
        struct bus_event event = {0};

        ck_assert(!consumer_positions_end(&c, other, 5, &event));
        ck_assert(consumer_positions_end(&c, second, 5, &event));
        ck_assert(event.kind == BUS_END && event.end == 5 && event.parts_n == 1 && event.parts[0].index == second.index);
        ck_assert(!consumer_positions_end(&c, second, 5, &event));
        ck_assert(consumer_positions_end(&c, second, 7, &event));
        consumer_positions_get(&c, second)->paused = true;
        ck_assert(!consumer_positions_end(&c, second, 9, &event)); /* what came meanwhile was not handed out */
}
END_TEST

START_TEST(paused_and_lost_parts_hand_nothing_out) {
        struct bus_event event;

        consumer_positions_get(&c, first)->paused = true;
        ck_assert(!consumer_positions_take(&c, first, 7));
        consumer_positions_event(&c, BUS_REVOKED, &event);
        ck_assert(event.parts_n == 2 && consumer_positions_get(&c, second));
        consumer_positions_event(&c, BUS_LOST, &event);
        ck_assert(event.parts_n == 2 && !consumer_positions_get(&c, second));
        ck_assert(!consumer_positions_take(&c, second, 7));
}
END_TEST

/* -- The reader's -- */

static const struct {
        enum bus_from from;
        int64_t offset, found, end;
        bool until_end;
        int64_t begin; /* -1: there is nothing to read */
        const char *why;
} begins[] = {
        {BUS_FROM_BEGINNING, 0, 3, 9, true, 3, "the first that stands there"},
        {BUS_FROM_BEGINNING, 0, 9, 9, true, -1, "an empty partition is at its end"},
        {BUS_FROM_BEGINNING, 0, 9, 9, false, 9, "which one that goes on for ever waits at"},
        {BUS_FROM_INSTANT, 0, -1, 9, false, 9, "no record so late: the end"},
        {BUS_FROM_OFFSET, 5, 3, 9, true, 5, "as asked"},
        {BUS_FROM_OFFSET, 1, 3, 9, true, 3, "what is gone is gone"},
        {BUS_FROM_OFFSET, 12, 3, 9, false, 9, "beyond the end: the end"},
};

START_TEST(reading_begins) {
        const struct bus_reader_config config = {.from = begins[_i].from, .offset = begins[_i].offset};
        struct reader_positions r = {0};
        int64_t begin;
        bool reads;

        ck_assert_int_eq(reader_positions_init(&r, (const int32_t[]){1}, 1, begins[_i].until_end), 0);
        reads = reader_positions_begin(&r, (struct bus_part){0, 0}, &config, begins[_i].found, begins[_i].end, &begin);
        ck_assert_msg(reads == (begins[_i].begin >= 0) && (!reads || begin == begins[_i].begin), "%s: %lld", begins[_i].why, (long long)begin);
        ck_assert_int_eq(reader_positions_at_end(&r), !reads);
        reader_positions_done(&r);
}
END_TEST

START_TEST(reading_ends_where_the_end_was) {
        const struct bus_reader_config config = {.from = BUS_FROM_BEGINNING};
        struct bus_part p = {0, 0}, q = {0, 1};
        struct reader_positions r = {0};
        int64_t begin;

        ck_assert_int_eq(reader_positions_init(&r, (const int32_t[]){2}, 1, true), 0);
        ck_assert(reader_positions_begin(&r, p, &config, 0, 3, &begin) && reader_positions_begin(&r, q, &config, 0, 3, &begin));
        ck_assert(reader_positions_take(&r, p, 1));
        ck_assert(reader_positions_take(&r, p, 2)); /* the last */
        ck_assert(!reader_positions_take(&r, p, 3)); /* written since */
        reader_positions_end(&r, q, 2);
        ck_assert(!reader_positions_at_end(&r));
        reader_positions_end(&r, q, 3); /* a marker stood there */
        ck_assert(reader_positions_at_end(&r));
        reader_positions_done(&r);
}
END_TEST

START_TEST(reading_on_may_look_again_how_far) {
        const struct bus_reader_config config = {.from = BUS_FROM_OFFSET, .offset = 4};
        struct bus_part p = {0, 0}, q = {0, 1};
        struct reader_positions r = {0};
        int64_t begin, from, end;

        ck_assert_int_eq(reader_positions_init(&r, (const int32_t[]){2}, 1, false), 0);
        ck_assert(reader_positions_begin(&r, p, &config, 2, 6, &begin) && reader_positions_begin(&r, q, &config, 0, 4, &begin));
        ck_assert(reader_positions_bounds(&r, p, &from, &end) && from == 2 && end == 6);
        ck_assert(!reader_positions_bounds(&r, (struct bus_part){0, 2}, &from, &end));
        ck_assert(!reader_positions_reached(&r));
        ck_assert(reader_positions_take(&r, p, 4));
        ck_assert(!reader_positions_reached(&r));
        ck_assert(reader_positions_take(&r, p, 5));
        ck_assert(reader_positions_reached(&r) && !reader_positions_at_end(&r)); /* it goes on */
        reader_positions_look(&r, q, 6);
        ck_assert(!reader_positions_reached(&r));
        ck_assert(reader_positions_take(&r, q, 4));
        reader_positions_end(&r, q, 6); /* a marker stood there */
        ck_assert(reader_positions_reached(&r));
        reader_positions_done(&r);
}
END_TEST

/* -- Marks: what is known of a log is what the broker stamped and was handed out -- */

static void see(struct log_marks *m, int64_t offset, instant_t stamp, enum bus_stamp kind) {
        log_marks_see(m, &(struct bus_record){.offset = offset, .timestamp = stamp, .stamp = kind});
}

START_TEST(a_mark_is_the_latest_record_and_the_latest_stamp) {
        struct log_marks m = {0};

        see(&m, 4, 900, BUS_STAMP_CREATED); /* anybody's clock */
        ck_assert_int_eq(m.seen.behind, 0);
        see(&m, 7, 100, BUS_STAMP_APPENDED);
        ck_assert(m.proven.behind == 8 && m.proven.newest == 100 && m.proven.last == 100); /* the first proves itself */
        see(&m, 9, 130, BUS_STAMP_APPENDED);
        see(&m, 12, 120, BUS_STAMP_APPENDED); /* the broker's clock went back */
        ck_assert(m.seen.behind == 13 && m.seen.newest == 130 && m.seen.last == 120);
        ck_assert_int_eq(m.proven.behind, 8); /* until the broker is asked */
        ck_assert(log_mark_doubts(&m.proven, 0) && log_mark_doubts(&m.proven, 7));
        ck_assert(!log_mark_doubts(&m.proven, 8) && !log_mark_doubts(&m.proven, -1)); /* none is later */
}
END_TEST

START_TEST(a_mark_stands_beside_an_offset) {
        static const char *const others[] = {"", "ketenwacht/1 ", "ketenwacht/1 1 2", "ketenwacht/2 1 2 3", "ketenwacht/1 0 2 3", "ketenwacht/1 1 2 3 4",
                                             "ketenwacht/1 99999999999999999999 2 3", "consumer of somebody else"};
        const struct log_mark mark = {.behind = INT64_MAX, .newest = 1700000000123, .last = 1700000000122};
        char text[LOG_MARK_TEXT];
        struct log_mark back;

        log_mark_write(&mark, text);
        back = log_mark_read(text, strlen(text));
        ck_assert(back.behind == mark.behind && back.newest == mark.newest && back.last == mark.last);
        ck_assert_int_eq(log_mark_read(text, strlen(text) - 1).last, 170000000012); /* another mark: lengths are the caller's */
        ck_assert_int_eq(log_mark_read(NULL, 0).behind, 0);
        for (size_t i = 0; i < ELEMENTS(others); i++)
                ck_assert_msg(log_mark_read(others[i], strlen(others[i])).behind == 0, "%s", others[i]);
}
END_TEST

START_TEST(another_log_begins_anew_however_long_it_is) {
        int64_t next;

        ck_assert(position_find(POSITION_OF_ANOTHER_LOG, 3, INT64_MAX - 1, &next) && next == 3);
        ck_assert(worker_positions_take(&w, 0, 0, 12));
        log_marks_see(worker_positions_marks(&w, 0, 0), &(struct bus_record){.offset = 12, .timestamp = 5, .stamp = BUS_STAMP_APPENDED});
        ck_assert_int_eq(worker_positions_marks(&w, 0, 0)->seen.behind, 13);
        ck_assert_int_eq(worker_positions_marks(&w, 0, 1)->seen.behind, 0);
        worker_positions_forget(&w, false);
        ck_assert(worker_positions_own(&w, 0));
        ck_assert_int_eq(worker_positions_marks(&w, 0, 0)->seen.behind, 0); /* of an assignment that is over */
}
END_TEST

int main(void) {
        Suite *s = suite_create("positions");
        TCase *worker = tcase_create("worker"), *consumer = tcase_create("consumer"), *reader = tcase_create("reader"), *marks = tcase_create("marks");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(worker, worker_setup, worker_teardown);
        tcase_add_test(worker, inputs_have_as_many_partitions_as_the_state);
        tcase_add_test(worker, what_was_handed_out_is_not_handed_out_again);
        tcase_add_test(worker, a_commit_says_what_moved_or_proves_that_it_is_owned);
        tcase_add_test(worker, an_abort_goes_back_to_what_is_committed);
        tcase_add_test(worker, an_input_that_stands_still_hands_nothing_out_and_is_committed_before_its_record);
        tcase_add_test(worker, work_of_partitions_that_are_gone_is_stale);
        tcase_add_test(worker, the_first_commit_says_where_reading_began);
        tcase_add_test(worker, a_log_that_was_made_anew_is_read_from_its_beginning_and_the_commit_says_so);
        tcase_add_test(worker, records_that_are_gone_unread_are_a_gap);
        tcase_add_checked_fixture(consumer, consumer_setup, consumer_teardown);
        tcase_add_test(consumer, done_is_committed_once_and_what_comes_meanwhile_later);
        tcase_add_test(consumer, an_abort_goes_back_to_what_was_handed_out_first);
        tcase_add_test(consumer, an_end_is_told_once_of_what_is_owned_and_flows);
        tcase_add_test(consumer, paused_and_lost_parts_hand_nothing_out);
        tcase_add_loop_test(reader, reading_begins, 0, ELEMENTS(begins));
        tcase_add_test(reader, reading_ends_where_the_end_was);
        tcase_add_test(reader, reading_on_may_look_again_how_far);
        tcase_add_checked_fixture(marks, worker_setup, worker_teardown);
        tcase_add_test(marks, a_mark_is_the_latest_record_and_the_latest_stamp);
        tcase_add_test(marks, a_mark_stands_beside_an_offset);
        tcase_add_test(marks, another_log_begins_anew_however_long_it_is);
        suite_add_tcase(s, marks);
        suite_add_tcase(s, worker);
        suite_add_tcase(s, consumer);
        suite_add_tcase(s, reader);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
