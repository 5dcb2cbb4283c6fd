/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a worker does not believe a clock that is more than an hour from the broker's, says so, works on, and makes up
 * for it; and no partition's clock ever goes back.
 * Method: the bus in memory, whose own clock is right, and a worker whose real clock is off by what the row says.
 */

#include "base/metrics.h"
#include "worker_world.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)

static const struct {
        int64_t off;
        bool away;
} rows[] = {
        {-2 * HOUR_MS, true},
        {2 * HOUR_MS, true},
        {-61 * MINUTE_MS, true},
        {61 * MINUTE_MS, true},
        {-59 * MINUTE_MS, false},
        {59 * MINUTE_MS, false},
        {-24 * HOUR_MS, true},
        {24 * HOUR_MS, true},
};

struct heard { /* what a worker says beside its tellings */
        struct log log;
        char *text;
        size_t n;
        struct metrics *metrics;
        struct worker_metrics *worker_metrics;
};

static struct worker *listened_to(struct world *w, struct heard *h) {
        struct worker_config config = world_worker_config(w, "a");
        struct worker *worker;
        struct error err = {0};

        *h = (struct heard){0};
        h->log = (struct log){.out = open_memstream(&h->text, &h->n), .clock = world_clock(w), .level = LOG_LEVEL_INFO};
        ck_assert_int_eq(metrics_new(&h->metrics), 0);
        ck_assert_int_eq(worker_metrics_new(h->metrics, w->config, &h->worker_metrics, &err), 0);
        config.log = &h->log;
        config.metrics = h->worker_metrics;
        ck_assert_msg(worker_new(&config, &worker, &err) == 0, "%s", err.text);
        return worker;
}

static void heard_done(struct heard *h) {
        worker_metrics_free(h->worker_metrics);
        metrics_free(h->metrics);
        ck_assert_int_eq(fclose(h->log.out), 0);
        free(h->text);
}

/* How often an event stands in the log. */
static unsigned said(struct heard *h, const char *event) {
        char wanted[64];
        unsigned n = 0;

        (void) snprintf(wanted, sizeof(wanted), "\"event\":\"%s\"", event);
        ck_assert_int_eq(fflush(h->log.out), 0);
        for (const char *at = h->text; (at = strstr(at, wanted)); at++)
                n++;
        return n;
}

static void check_metric(struct heard *h, bool away) {
        struct buffer out = BUFFER_INIT((size_t)1 << 20);

        metrics_render(h->metrics, &out);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), away ? "ketenwacht_clock_away 1\n" : "ketenwacht_clock_away 0\n"));
        buffer_done(&out);
}

static struct worker_status publish_and_settle(struct world *w, struct worker *worker, const char *word, int days_ago) {
        struct worker_status status;
        char json[FIXTURE_JSON];

        fixture_measure(json, word, word, "gi-a", "gm0001", w->now, days_ago);
        world_publish(w, json);
        world_settle(w, worker);
        worker_status(worker, &status);
        return status;
}

START_TEST(a_clock_that_is_away_is_said_and_made_up_for) {
        struct world *w = world_new();
        struct heard heard;
        struct worker *worker;
        struct worker_status status;

        w->off = rows[_i].off;
        worker = listened_to(w, &heard);
        world_settle(w, worker);
        status = publish_and_settle(w, worker, "one", 6);
        ck_assert_int_eq(status.clock_away, rows[_i].away);
        ck_assert_int_eq(status.facts, 1);
        ck_assert_int_eq(status.told > 0, !rows[_i].away);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), rows[_i].away ? 0 : 2);
        ck_assert_uint_eq(said(&heard, "clock-away"), rows[_i].away);
        check_metric(&heard, rows[_i].away);

        status = publish_and_settle(w, worker, "two", 6); /* goes on accepting, and says it once */
        ck_assert_int_eq(status.facts, 2);
        ck_assert_int_eq(status.clock_away, rows[_i].away);
        ck_assert_uint_eq(said(&heard, "clock-away"), rows[_i].away);

        w->off = 0; /* the next record shows that it is right again */
        status = publish_and_settle(w, worker, "three", 6);
        ck_assert(!status.clock_away);
        ck_assert_uint_eq(said(&heard, "clock-back"), rows[_i].away);
        check_metric(&heard, false);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 6); /* each once, whenever */
        world_end(worker);
        heard_done(&heard);
        world_done(w);
}
END_TEST

START_TEST(what_falls_due_meanwhile_is_told_afterwards_once) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct worker_status status;

        world_settle(w, worker);
        status = publish_and_settle(w, worker, "case", 4); /* due tomorrow */
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 0);
        w->off = -2 * HOUR_MS;
        status = publish_and_settle(w, worker, "other", 0);
        ck_assert(status.clock_away);
        world_forward(w, 2 * FIXTURE_DAY);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 0);
        w->off = 0;
        status = publish_and_settle(w, worker, "third", 0);
        ck_assert(!status.clock_away);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 2);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(once_does_not_begin_with_a_clock_that_is_away) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct worker *worker;
        struct error err = {0};
        char json[FIXTURE_JSON];
        int r = 0;

        fixture_measure(json, "case", "case", "gi-a", "gm0001", w->now, 6);
        world_publish(w, json);
        w->off = -2 * HOUR_MS;
        config.once = true;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        for (unsigned i = 0; i < WORLD_STEPS_MAX && r == 0 && !worker_done(worker); i++)
                r = world_try(w, worker, &err);
        ck_assert_int_eq(r, -EPROTO);
        ck_assert_msg(strstr(err.text, "clock") != NULL, "%s", err.text);
        worker_free(worker);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 0);
        world_done(w);
}
END_TEST

/* The latest instant of a telling in a partition; each is at or after the one before it. */
static void check_order(struct world *w, const char *topic) {
        for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
                instant_t last = 0;

                for (int64_t offset = 0; offset < memory_end(w->memory, topic, p); offset++) {
                        struct bus_record record;

                        if (!memory_record(w->memory, topic, p, offset, false, &record))
                                continue;
                        arena_reset(w->arena);
                        instant_t at = fixture_decode(w->config, record.value, record.value_n, w->arena).slots[SLOT_RECORDED_AT].i;

                        ck_assert_int_ge(at, last);
                        last = at;
                }
        }
}

START_TEST(a_clock_that_jumps_never_takes_a_partition_back) {
        static const int jumps[] = {-30, 50, -40, -10, 45, -55, 20, -5}; /* minutes */
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        char word[32];

        world_settle(w, worker);
        for (unsigned i = 0; i < ELEMENTS(jumps); i++) {
                w->now += jumps[i] * MINUTE_MS;
                (void) snprintf(word, sizeof(word), "case-%u", i);
                (void) publish_and_settle(w, worker, word, 6);
                if (i == ELEMENTS(jumps) / 2) { /* a successor keeps to it, too */
                        world_crash(worker);
                        worker = world_worker(w, "a");
                }
        }
        check_order(w, TOPIC_ESCALATION_RAISED);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 2 * ELEMENTS(jumps));
        world_end(worker);
        world_done(w);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_clock");
        TCase *tc = tcase_create("clock");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, a_clock_that_is_away_is_said_and_made_up_for, 0, (int)ELEMENTS(rows));
        tcase_add_test(tc, what_falls_due_meanwhile_is_told_afterwards_once);
        tcase_add_test(tc, once_does_not_begin_with_a_clock_that_is_away);
        tcase_add_test(tc, a_clock_that_jumps_never_takes_a_partition_back);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
