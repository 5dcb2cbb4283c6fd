/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a loop calls what it was given in the order that base/loop.h promises, on a thread of its own, and says how it ended; a stop is
 * seen once and stays seen.
 * Method: loops that write down what is called, one row for each way to end; signals raised at this very process.
 */

#include "base/loop.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define WAIT_MS 10000

struct tape { /* what a loop does, and what was called: o t f i */
        int open, turn, finish;  /* what each returns */
        unsigned turns;          /* done after so many; 0: never */
        atomic_uint turned;
        char called[16];         /* on the loop's thread; turns beyond the first are not written down */
        atomic_uint interrupted; /* on ours */
        pthread_t thread;
};

static void tape_write(struct tape *tape, char what) {
        size_t n = strlen(tape->called);

        if (n == 0 || tape->called[n - 1] != what)
                tape->called[n] = what;
        ck_assert_uint_lt(n, sizeof(tape->called) - 1);
}

static int tape_answer(int r, const char *sentence, struct error *err) {
        if (r)
                error_set(err, "%s", sentence);
        return r;
}

static int tape_open(void *ctx, struct error *err) {
        struct tape *tape = ctx;

        tape->thread = pthread_self();
        tape_write(tape, 'o');
        return tape_answer(tape->open, "open", err);
}

static int tape_turn(void *ctx, bool *ret_done, struct error *err) {
        struct tape *tape = ctx;

        tape_write(tape, 't');
        *ret_done = atomic_fetch_add(&tape->turned, 1) + 1 == tape->turns;
        return tape_answer(tape->turn, "turn", err);
}

static int tape_finish(void *ctx, struct error *err) {
        struct tape *tape = ctx;

        tape_write(tape, 'f');
        return tape_answer(tape->finish, "finish", err);
}

static void tape_interrupt(void *ctx) {
        atomic_fetch_add(&((struct tape *)ctx)->interrupted, 1);
}

static const struct loop_ops all = {tape_open, tape_turn, tape_finish, tape_interrupt}, least = {.open = tape_open, .turn = tape_turn};

static const struct {
        struct tape tape;
        const struct loop_ops *ops;
        bool ask; /* once it is open */
        const char *called, *sentence;
        int outcome;
        bool opens;
} rows[] = {
        {{.turns = 3}, &all, false, "otf", "", 0, true},
        {{.turns = 3}, &least, false, "ot", "", 0, true},
        {{.turns = 0}, &all, true, "otf", "", 0, true},
        {{.turns = 0}, &least, true, "ot", "", 0, true},
        {{.open = -ENOMEM}, &all, false, "o", "open", -ENOMEM, false},
        {{.turn = 7}, &all, false, "ot", "turn", 7, true},
        {{.turns = 1, .finish = -EIO}, &all, false, "otf", "finish", -EIO, true},
        {{.turns = 0, .finish = -EIO}, &all, true, "otf", "finish", -EIO, true},
};

static void wait_for(const struct loop *loop, bool (*what)(const struct loop *loop)) {
        const struct clock real = clock_system();
        int64_t end = clock_monotonic(&real) + WAIT_MS;

        while (!what(loop))
                ck_assert_int_lt(clock_monotonic(&real), end);
}

static bool has_turned(const struct loop *loop) {
        return loop_is_open(loop) && ((const struct tape *)loop->ctx)->turned > 0;
}

START_TEST(a_loop_ends_as_it_should) {
        struct tape tape = rows[_i].tape;
        struct loop loop = {0};
        struct error err = {0};

        ck_assert_int_eq(loop_start(&loop, rows[_i].ops, &tape, &err), 0);
        if (rows[_i].ask) {
                wait_for(&loop, has_turned);
                ck_assert(!loop_has_ended(&loop) && !loop_is_asked(&loop));
                loop_ask(&loop);
                ck_assert(loop_is_asked(&loop));
        } else {
                wait_for(&loop, loop_has_ended);
        }
        loop_join(&loop);
        ck_assert(loop_has_ended(&loop));
        ck_assert_int_eq(loop_is_open(&loop), rows[_i].opens);
        ck_assert_int_eq(loop_outcome(&loop, &err), rows[_i].outcome);
        ck_assert_str_eq(err.text, rows[_i].sentence);
        ck_assert_str_eq(tape.called, rows[_i].called);
        ck_assert_uint_eq(atomic_load(&tape.interrupted), rows[_i].ask && rows[_i].ops == &all);
        ck_assert(!pthread_equal(tape.thread, pthread_self()));
        ck_assert_int_ge(loop_quiet_ms(&loop), 0);
        ck_assert_int_lt(loop_quiet_ms(&loop), WAIT_MS);
        loop_ask(&loop); /* of one that is gone: nothing */
        loop_join(&loop);
        ck_assert_uint_eq(atomic_load(&tape.interrupted), rows[_i].ask && rows[_i].ops == &all);
}
END_TEST

START_TEST(one_that_was_never_started_can_be_asked) {
        struct loop loop = {0};

        loop_ask(&loop);
        loop_join(&loop);
        ck_assert(!loop_is_open(&loop) && !loop_has_ended(&loop) && !loop_is_asked(&loop));
}
END_TEST

START_TEST(a_stop_is_seen_and_stays_seen) {
        static const int signals[] = {SIGINT, SIGTERM};
        struct stop stop;

        for (size_t i = 0; i < ELEMENTS(signals); i++) {
                stop_hold(&stop);
                ck_assert(!stop_wait(&stop, 0));
                ck_assert(!stop_wait(&stop, 1));
                ck_assert_int_eq(stop.signal, 0);
                ck_assert_int_eq(raise(signals[i]), 0);
                ck_assert(stop_wait(&stop, WAIT_MS));
                ck_assert_int_eq(stop.signal, signals[i]);
                ck_assert(stop_wait(&stop, WAIT_MS)); /* at once, without another signal */
        }
}
END_TEST

static volatile sig_atomic_t caught;

static void catch_signal(int signal) {
        caught = signal;
}

START_TEST(a_stop_that_is_let_through_is_the_process_s_own) {
        struct stop stop;

        ck_assert_ptr_ne(signal(SIGTERM, catch_signal), SIG_ERR);
        stop_hold(&stop);
        ck_assert_int_eq(raise(SIGTERM), 0);
        ck_assert_int_eq(caught, 0);
        stop_let_through();
        ck_assert_int_eq(caught, SIGTERM);
        stop_hold(&stop);
        ck_assert(!stop_wait(&stop, 0));
}
END_TEST

START_TEST(a_clock_moved_by_hand_stands_until_it_is_let_go) {
        const struct clock real = clock_system();
        struct hand_clock hand = {0};
        struct clock clock = hand_clock(&hand);

        hand_clock_put(&hand, 1000);
        ck_assert_int_eq(clock_realtime(&clock), 1000);
        hand_clock_put(&hand, 999); /* forward only */
        ck_assert_int_eq(clock_realtime(&clock), 1000);
        hand_clock_put(&hand, 1001);
        ck_assert_int_eq(clock_realtime(&clock), 1001);
        ck_assert_int_ge(clock_monotonic(&clock), clock_monotonic(&real) - WAIT_MS);
        hand_clock_let_go(&hand);
        ck_assert_int_ge(clock_realtime(&clock), clock_realtime(&real) - WAIT_MS);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("loop");
        TCase *tc = tcase_create("loop");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tc, a_loop_ends_as_it_should, 0, (int)ELEMENTS(rows));
        tcase_add_test(tc, one_that_was_never_started_can_be_asked);
        tcase_add_test(tc, a_stop_is_seen_and_stays_seen);
        tcase_add_test(tc, a_stop_that_is_let_through_is_the_process_s_own);
        tcase_add_test(tc, a_clock_moved_by_hand_stands_until_it_is_let_go);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
