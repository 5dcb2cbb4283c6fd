/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a report is made in the background, of all that is there and of nothing before that, and is kept, made anew and given up as the header says; others get
 * at the cases in between. Method: a replica that is a lock, an engine and a store, and a clock that is moved by hand.
 */

#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "model/lines.h"
#include "model_fixture.h"
#include "replica/reports.h"

#define AT 1709290800000 /* 2024-03-01T12:00:00+01:00 */
#define DEADLINE_TURNS 30000

static const struct timespec look = {.tv_nsec = 1000000};

static struct replica {
        pthread_mutex_t lock;
        struct engine *engine;
        struct store *store;
        atomic_bool seen;
        _Atomic instant_t now;
        atomic_size_t holds;
} replica = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic int64_t monotonic;
static struct config *config;
static struct arena *arena;
static struct reports *reports;
static struct reports_answer answer;

/* -- The replica: only what reports ask of it -- */

void replica_status(const struct replica *r, struct replica_status *ret) {
        *ret = (struct replica_status){.seen = atomic_load(&r->seen) ? AT : 0};
}

void replica_lock(struct replica *r) {
        (void) pthread_mutex_lock(&r->lock);
        atomic_fetch_add(&r->holds, 1);
}

void replica_unlock(struct replica *r) {
        (void) pthread_mutex_unlock(&r->lock);
}

instant_t replica_now(const struct replica *r) {
        return atomic_load(&r->now);
}

struct engine *replica_engine(struct replica *r) {
        return r->engine;
}

struct store *replica_store(struct replica *r) {
        return r->store;
}

/* -- Cases -- */

static void add_case(int number) {
        struct error err = {0};
        const struct outcome *outcome;
        struct line line;
        char text[640];

        (void) snprintf(text, sizeof(text), "{\"event\":\"measure-started\",\"event_id\":\"6e3c1d1a-0a3e-4f6e-9a52-0000%08x\","
                        "\"case_id\":\"6e3c1d1a-0a3e-4f6e-9a52-0001%08x\",\"measure_id\":\"6e3c1d1a-0a3e-4f6e-9a52-0002%08x\",\"source\":\"gi-jbn\","
                        "\"occurred_at\":\"2024-01-10T10:00:00Z\",\"recorded_at\":\"2024-01-10T10:00:00Z\",\"kind\":\"OTS\",\"verdict_date\":\"2024-01-02\","
                        "\"informed_date\":\"2024-01-10\",\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\"}",
                        (unsigned)number, (unsigned)number, (unsigned)number);
        arena_reset(arena);
        line_parse(config->types, config->organisations, text_of(text), LANGUAGE_EN, arena, &line);
        ck_assert_msg(line.kind == LINE_EVENT, "%s", line.error.text);
        ck_assert_msg(engine_event(replica.engine, replica.store, &line.event, AT, false, &outcome, &err) == 0, "%s", err.text);
        store_commit(replica.store);
        json_decref(line.object);
}

static instant_t test_real(void *ctx) {
        (void) ctx;
        return atomic_load(&replica.now);
}
static int64_t test_monotonic(void *ctx) {
        (void) ctx;
        return atomic_load(&monotonic);
}
static const struct clock_ops test_clock = {test_real, test_monotonic};

static void setup(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        char folder[SCRATCH_PATH], schemas[SCRATCH_PATH];

        ck_assert_int_eq(config_read(project_path("config", folder), project_path("schemas", schemas), &config, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_assert_int_eq(arena_new(&arena, (size_t)1 << 20), 0);
        ck_assert_int_eq(engine_new(config, &replica.engine), 0);
        ck_assert_int_eq(store_new(replica.engine, &replica.store), 0);
        atomic_store(&replica.now, AT);
}

/* @seen: the replica has all cases already. */
static void begin(bool seen) {
        struct error err = {0};

        atomic_store(&replica.seen, seen);
        ck_assert_int_eq(reports_new(&replica, (struct clock){&test_clock, NULL}, &reports, &err), 0);
}

static void teardown(void) {
        reports = reports_free(reports);
        replica.store = store_free(replica.store);
        replica.engine = engine_free(replica.engine);
        arena = arena_free(arena);
        config = config_free(config);
}

/* -- Asking -- */

static struct listing_query verdicts(int day) {
        return (struct listing_query){.kind = LISTING_LATE_VERDICTS, .at = INSTANT_NEVER, .started_from = date_from_ymd(2024, 1, 1 + day),
                                      .started_until = DAY_NONE, .due_from = DAY_NONE, .due_until = DAY_NONE};
}

static enum reports_state ask(int day) {
        const struct listing_query query = verdicts(day);

        reports_ask(reports, &query, &answer);
        return answer.state;
}

static void give_back(void) {
        reports_give_back(reports, answer.report);
        answer.report = NULL;
}

/* Asks until it is answered, and nothing newer is being made. */
static void ask_until(int day, enum reports_state state) {
        for (int i = 0; i < DEADLINE_TURNS; i++) {
                if (ask(day) == state && !answer.anew)
                        return;
                give_back();
                (void) nanosleep(&look, NULL);
        }
        ck_abort_msg("no answer, but %d", (int)answer.state);
}

START_TEST(test_made_and_made_anew) {
        const struct report *first;

        begin(true);
        add_case(1);
        ck_assert_int_eq(ask(0), REPORTS_IN_MAKING);
        ask_until(0, REPORTS_MADE);
        first = answer.report;
        ck_assert_uint_eq(first->listing->list.n_rows, 1);
        ck_assert_int_eq(first->at, AT);
        ck_assert_int_eq(ask(0), REPORTS_MADE); /* a second holder */
        ck_assert_ptr_eq(answer.report, first);
        give_back();
        replica_lock(&replica);
        add_case(2);
        replica_unlock(&replica);
        atomic_store(&replica.now, AT + 1);
        atomic_fetch_add(&monotonic, REPORTS_OLD_MS);
        ck_assert_int_eq(ask(0), REPORTS_MADE); /* what there is, at once */
        ck_assert_ptr_eq(answer.report, first);
        ck_assert(answer.anew);
        give_back();
        ask_until(0, REPORTS_MADE);
        ck_assert_uint_eq(answer.report->listing->list.n_rows, 2);
        ck_assert_int_eq(answer.report->at, AT + 1);
        give_back();
        ck_assert_uint_eq(first->listing->list.n_rows, 1); /* still held */
        answer.report = (struct report *)first;
        give_back();
}
END_TEST

START_TEST(test_nothing_is_made_of_half_of_the_cases) {
        begin(false);
        ck_assert_int_eq(ask(0), REPORTS_IN_MAKING);
        ck_assert_uint_eq(answer.all, 0);
        for (int i = 0; i < 100; i++)
                add_case(i);
        atomic_store(&replica.seen, true);
        ask_until(0, REPORTS_MADE);
        ck_assert_uint_eq(answer.report->listing->list.n_rows, 100);
        ck_assert_uint_ge(atomic_load(&replica.holds), 1 + 100 / REPORTS_CASES_AT_ONCE); /* the beginning, and each slice */
        give_back();
}
END_TEST

START_TEST(test_so_many_are_kept) {
        begin(false);
        for (int i = 0; i < REPORTS_KEPT; i++)
                ck_assert_int_eq(ask(i), REPORTS_IN_MAKING);
        ck_assert_int_eq(ask(REPORTS_KEPT), REPORTS_BUSY);
        ck_assert_int_eq(ask(0), REPORTS_IN_MAKING);
        atomic_store(&replica.seen, true);
        for (int i = 0; i < REPORTS_KEPT; i++) {
                ask_until(i, REPORTS_MADE);
                give_back();
        }
        ck_assert_int_eq(ask(0), REPORTS_MADE);
        give_back();
        ask_until(REPORTS_KEPT, REPORTS_MADE); /* in place of the first but one */
        give_back();
        ck_assert_int_eq(ask(0), REPORTS_MADE);
        give_back();
        ck_assert_int_eq(ask(1), REPORTS_IN_MAKING);
}
END_TEST

START_TEST(test_one_that_is_too_large) {
        begin(true);
        for (int i = 0; i < 40000; i++)
                add_case(i);
        ask_until(0, REPORTS_TOO_LARGE);
        ask_until(5, REPORTS_MADE); /* for less it serves */
        ck_assert_uint_eq(answer.report->listing->list.n_rows, 0);
        give_back();
}
END_TEST

START_TEST(test_terms_look_ahead) {
        struct listing_query query = {.kind = LISTING_TERMS, .at = INSTANT_NEVER, .started_from = DAY_NONE, .started_until = DAY_NONE, .due_from = DAY_NONE,
                                      .due_until = DAY_NONE};
        size_t ahead;

        begin(true);
        add_case(1);
        atomic_store(&replica.now, date_begin(date_from_ymd(2024, 1, 11)));
        do {
                reports_ask(reports, &query, &answer);
                (void) nanosleep(&look, NULL);
        } while (answer.state == REPORTS_IN_MAKING);
        ahead = answer.report->listing->list.n_rows;
        ck_assert_uint_gt(ahead, 0);
        give_back();
        query.due_until = date_from_ymd(2030, 1, 1); /* that is another question, with more in its answer */
        do {
                reports_ask(reports, &query, &answer);
                (void) nanosleep(&look, NULL);
        } while (answer.state == REPORTS_IN_MAKING);
        ck_assert_uint_gt(answer.report->listing->list.n_rows, ahead);
        give_back();
}
END_TEST

int main(void) {
        Suite *s = suite_create("reports");
        TCase *t = tcase_create("reports");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, test_made_and_made_anew);
        tcase_add_test(t, test_nothing_is_made_of_half_of_the_cases);
        tcase_add_test(t, test_so_many_are_kept);
        tcase_add_test(t, test_one_that_is_too_large);
        tcase_add_test(t, test_terms_look_ahead);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
