/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: whatever goes wrong, and wherever, every fact is kept once, nothing is told twice, and the alerts that
 * are open in the end are those that follow from the facts.
 * Method: the bus in memory with its faults; workers that die between any two steps, or at chance, and come
 * back; then all topics are read and compared with an engine that has read everything at once.
 */

#include "bus/memory/worker.h"
#include "worker_world.h"

#define CASES 12
#define FLEET 2
#define MOMENTS_MAX 400 /* steps after which a worker is killed, one after the other */

struct fleet {
        struct world *w;
        struct worker *workers[FLEET]; /* NULL: not there */
        size_t n;
        uint64_t random;
        unsigned deaths, aborts;
};

static const char *const names[FLEET] = {"a", "b"};

static void fleet_start(struct fleet *f, size_t i) {
        if (!f->workers[i])
                f->workers[i] = world_worker(f->w, names[i]);
}

static void fleet_kill(struct fleet *f, size_t i) {
        if (!f->workers[i])
                return;
        world_crash(TAKE(f->workers[i]));
        f->deaths++;
}

/* One step of each; whoever fails is dead, as the process would be, and is started again. */
static void fleet_step(struct fleet *f) {
        for (size_t i = 0; i < f->n; i++) {
                struct worker_status before, after;
                struct error err = {0};
                int r;

                fleet_start(f, i);
                worker_status(f->workers[i], &before);
                r = world_try(f->w, f->workers[i], &err);
                worker_status(f->workers[i], &after);
                f->aborts += (unsigned)(after.aborts - before.aborts);
                if (r) {
                        ck_assert_msg(r < 0, "step returned %d: %s", r, err.text);
                        fleet_kill(f, i);
                }
        }
}

static int64_t fleet_activity(struct fleet *f, bool *ret_settled) {
        int64_t sum = 0, live = 0;

        *ret_settled = true;
        for (size_t i = 0; i < f->n; i++) {
                struct worker_status status = {0};

                if (f->workers[i])
                        worker_status(f->workers[i], &status);
                *ret_settled = *ret_settled && status.assigned && !status.restoring && !status.behind;
                sum += status.facts + status.told + status.duplicates + status.dead + status.transactions + status.aborts;
                live += status.live;
        }
        *ret_settled = *ret_settled && live == WORLD_PARTITIONS;
        return sum;
}

static void fleet_settle(struct fleet *f) {
        int64_t before = 0;
        unsigned quiet = 0;

        for (unsigned i = 0; i < WORLD_STEPS_MAX && quiet < 100; i++) {
                bool settled;
                int64_t now;

                fleet_step(f);
                now = fleet_activity(f, &settled);
                quiet = settled && now == before ? quiet + 1 : 0;
                before = now;
        }
        ck_assert_msg(quiet == 100, "the workers do not come to rest");
}

static void fleet_end(struct fleet *f) {
        for (size_t i = 0; i < f->n; i++) {
                if (f->workers[i])
                        world_end(TAKE(f->workers[i]));
        }
}

/* Publishes a load, and steps in between: some of it is read fresh, some as a backlog. */
static void publish_load(struct fleet *f, struct checker *checker, uint64_t seed, void (*between)(struct fleet *)) {
        char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];

        for (unsigned c = 0; c < CASES; c++) {
                size_t n = fixture_load_case(seed, c, WORLD_START, json);

                for (size_t i = 0; i < n; i++) {
                        world_publish(f->w, json[i]);
                        checker_event(checker, json[i], WORLD_START);
                        if (between && fixture_random(&f->random) % 3 == 0)
                                between(f);
                }
        }
}

static void conclude(struct fleet *f, struct checker *checker) {
        fleet_settle(f);
        world_check(f->w, checker);
        fleet_end(f);
}

/* -- Killed after each step -- */

START_TEST(death_between_any_two_steps) {
        struct world *w = world_new();
        unsigned moments = MOMENTS_MAX;

        for (unsigned moment = 0; moment < moments; moment++) {
                struct fleet f = {.w = w, .n = 1};
                struct checker checker = checker_new(w->config);
                struct worker_status status;

                publish_load(&f, &checker, 3, NULL);
                for (unsigned i = 0; i < moment; i++)
                        fleet_step(&f);
                if (f.workers[0]) {
                        bool settled;

                        (void) fleet_activity(&f, &settled);
                        worker_status(f.workers[0], &status);
                        /* Once everything was told and committed a while ago there are no more moments to try. */
                        if (settled && status.told > 0 && moments == MOMENTS_MAX)
                                moments = moment + 20;
                }
                fleet_kill(&f, 0);
                conclude(&f, &checker);
                ck_assert_uint_gt(checker.n_told, 0);
                checker_done(&checker);
                world_reset(w);
        }
        ck_assert_uint_lt(moments, MOMENTS_MAX);
        world_done(w);
}
END_TEST

/* -- Every fault, at chance -- */

static const struct {
        const char *name;
        enum memory_fault fault; /* 0: kill */
        size_t workers;
        bool kills, aborts; /* what it must have led to, or nothing was tried */
} faults[] = {
        {"kill -9", 0, 1, true, false},
        {"a commit that comes to nothing", MEMORY_COMMIT_ABORTED, 1, false, true},
        {"a commit whose answer is lost", MEMORY_COMMIT_LOST_ANSWER, 1, true, false},
        {"death at a commit", MEMORY_COMMIT_DIES, 1, true, false},
        {"a record that is not delivered", MEMORY_PRODUCE_ABORTED, 1, false, true},
        {"a group that changes its mind", MEMORY_REBALANCE, 1, false, false},
        {"a session that is lost", MEMORY_LOSE, 1, false, false},
        {"kill -9, of two", 0, 2, true, false},
        {"rebalances, of two", MEMORY_REBALANCE, 2, false, false},
        {"lost sessions, of two", MEMORY_LOSE, 2, false, false},
        {"aborted commits, of two", MEMORY_COMMIT_ABORTED, 2, false, true},
};

static unsigned fault_now; /* the row: check runs each in a process of its own */

static void step_with_faults(struct fleet *f) {
        unsigned steps = (unsigned)(fixture_random(&f->random) % 40);

        if (fixture_random(&f->random) % 2 == 0) {
                size_t who = fixture_random(&f->random) % f->n;

                if (!f->workers[who])
                        fleet_start(f, who);
                else if (faults[fault_now].fault == 0)
                        fleet_kill(f, who);
                else
                        ck_assert_int_eq(memory_fault(worker_bus(f->workers[who]), faults[fault_now].fault), 0);
        }
        for (unsigned i = 0; i < steps; i++)
                fleet_step(f);
}

static unsigned seeds(void) {
        const char *text = getenv("KETENWACHT_SEEDS");
        int64_t n;

        return text && text_to_int64(text_of(text), &n) && n > 0 ? (unsigned)((n + 9) / 10) : 20;
}

START_TEST(faults_at_chance) {
        struct world *w = world_new();
        unsigned deaths = 0, aborts = 0;

        fault_now = (unsigned)_i;
        for (unsigned seed = 1; seed <= seeds(); seed++) {
                struct fleet f = {.w = w, .n = faults[_i].workers, .random = seed};
                struct checker checker = checker_new(w->config);

                fprintf(stderr, "%s: seed %u\n", faults[_i].name, seed);
                publish_load(&f, &checker, seed, step_with_faults);
                conclude(&f, &checker);
                deaths += f.deaths;
                aborts += f.aborts;
                checker_done(&checker);
                world_reset(w);
        }
        ck_assert_msg(!faults[_i].kills || deaths > 0, "nobody died");
        ck_assert_msg(!faults[_i].aborts || aborts > 0, "nothing was aborted");
        world_done(w);
}
END_TEST

/* -- Two that share -- */

START_TEST(a_second_worker_takes_its_part) {
        struct world *w = world_new();
        struct fleet f = {.w = w, .n = 1};
        struct checker checker = checker_new(w->config);
        struct worker_status first, second;

        publish_load(&f, &checker, 5, NULL);
        fleet_settle(&f);
        f.n = 2;
        fleet_settle(&f);
        worker_status(f.workers[0], &first);
        worker_status(f.workers[1], &second);
        ck_assert_int_eq(first.live, 1);
        ck_assert_int_eq(second.live, 1);
        publish_load(&f, &checker, 6, NULL);
        conclude(&f, &checker);
        checker_done(&checker);
        world_done(w);
}
END_TEST

START_TEST(two_of_one_name_fence_each_other) {
        struct world *w = world_new();
        struct worker *first = world_worker(w, "a"), *second;
        struct error err = {0};
        char way[ERROR_WAY_MAX];
        int r = 0;

        world_settle(w, first);
        second = world_worker(w, "a");
        for (unsigned i = 0; i < 1000 && r == 0; i++) {
                r = world_try(w, first, &err);
                world_step(w, second);
        }
        ck_assert_int_lt(r, 0);
        ck_assert_msg(strstr(err.text, "a") != NULL, "%s", err.text);
        error_way(&err, way); /* from the bus through the worker's door */
        ck_assert_msg(strncmp(way, "src/bus/memory/", 15) == 0 && strstr(way, " < src/worker/"), "%s", way);
        worker_free(first);
        world_settle(w, second);
        world_end(second);
        world_done(w);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_faults");
        TCase *tc = tcase_create("faults");

        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, death_between_any_two_steps);
        tcase_add_loop_test(tc, faults_at_chance, 0, ELEMENTS(faults));
        tcase_add_test(tc, a_second_worker_takes_its_part);
        tcase_add_test(tc, two_of_one_name_fence_each_other);
        suite_add_tcase(suite, tc);
        SRunner *runner = srunner_create(suite);

        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);

        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
