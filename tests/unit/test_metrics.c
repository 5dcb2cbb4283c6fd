/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is counted comes out as Prometheus reads it, also when many threads count at once.
 * Method: exact texts for small registries; threads that add a known sum.
 */

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

static const char *const two[] = {"measure-started", "plan-made"};
static const char *const awkward[] = {"a\"b", "c\\d", "e\nf"};
static const int64_t bounds[] = {1, 10, 2500};

static struct metric *add(struct metrics *m, const struct metric_row *row) {
        struct metric *ret = NULL;
        struct error err = {0};

        ck_assert_msg(metrics_register(m, row, &ret, &err) == 0, "%s", err.text);
        return ret;
}

static void check_text(struct metrics *m, const char *want) {
        struct buffer out = BUFFER_INIT(1 << 20);

        metrics_render(m, &out);
        ck_assert(!out.failed);
        ck_assert_str_eq(buffer_text(&out), want);
        buffer_done(&out);
}

static void tell_groups(void *ctx, struct metric_telling *t) {
        const int64_t *lag = ctx;

        metric_tell(t, "ketenwacht-rules", lag[0]);
        metric_tell(t, "another \"one\"", lag[1]);
}

/* What has names that nobody knows before is asked when it is rendered, and no more once it was hushed. */
START_TEST(test_told) {
        int64_t lag[] = {1500, 0};
        struct error err = {0};
        struct metric *told;
        struct metrics *m;

        ck_assert_int_eq(metrics_new(&m), 0);
        ck_assert_int_eq(metrics_register_told(m, &(struct metric_row){.name = "kw_lag_seconds", .kind = METRIC_GAUGE, .help = "Lag.", .per_unit = 1000,
                                                                       .labels = {{.name = "group"}}}, tell_groups, lag, &told, &err), 0);
        check_text(m, "# HELP kw_lag_seconds Lag.\n# TYPE kw_lag_seconds gauge\n"
                      "kw_lag_seconds{group=\"ketenwacht-rules\"} 1.5\nkw_lag_seconds{group=\"another \\\"one\\\"\"} 0\n");
        metric_hush(m, told);
        check_text(m, "# HELP kw_lag_seconds Lag.\n# TYPE kw_lag_seconds gauge\n");
        metrics_free(m);
}
END_TEST

static void tell_too_many(void *ctx, struct metric_telling *t) {
        char name[32];

        (void) ctx;
        for (int i = 0; i <= METRIC_SERIES_MAX; i++) {
                (void) snprintf(name, sizeof(name), "%d", i);
                metric_tell(t, name, i);
        }
}

START_TEST(test_told_is_bounded) {
        struct buffer out = BUFFER_INIT(4 << 20);
        struct error err = {0};
        struct metric *told;
        struct metrics *m;
        char last[64];

        ck_assert_int_eq(metrics_new(&m), 0);
        ck_assert_int_eq(metrics_register_told(m, &(struct metric_row){.name = "kw_n", .kind = METRIC_GAUGE, .help = "N.", .labels = {{.name = "n"}}},
                                               tell_too_many, NULL, &told, &err), 0);
        metrics_render(m, &out);
        (void) snprintf(last, sizeof(last), "kw_n{n=\"%d\"} %d\n", METRIC_SERIES_MAX - 1, METRIC_SERIES_MAX - 1);
        ck_assert(!out.failed && out.n > strlen(last));
        ck_assert_str_eq(buffer_text(&out) + out.n - strlen(last), last);
        buffer_done(&out);
        metrics_free(m);
}
END_TEST

START_TEST(test_counters_and_gauges) {
        struct metrics *m;
        struct metric *events, *lag, *state;

        ck_assert_int_eq(metrics_new(&m), 0);
        events = add(m, &(struct metric_row){.name = "kw_events_total", .help = "Events\nread \\ \"all\".",
                                             .labels = {{"event", two, 2}, {"odd", awkward, 3}}});
        lag = add(m, &(struct metric_row){.name = "kw_lag_seconds", .kind = METRIC_GAUGE, .help = "Lag.", .per_unit = 1000});
        state = add(m, &(struct metric_row){.name = "kw_state", .kind = METRIC_GAUGE, .help = "State.", .labels = {{"event", two, 2}}});
        metric_add(events, metric_series(events, 1, 0), 2);
        metric_add(events, metric_series(events, 1, 0), 1);
        metric_add(events, metric_series(events, 0, 2), 7);
        metric_set(lag, 0, 1250);
        metric_add(state, metric_series(state, 1, 0), -4);
        ck_assert_int_eq(metric_value(events, metric_series(events, 1, 0)), 3);
        check_text(m, "# HELP kw_events_total Events\\nread \\\\ \"all\".\n"
                      "# TYPE kw_events_total counter\n"
                      "kw_events_total{event=\"measure-started\",odd=\"a\\\"b\"} 0\n"
                      "kw_events_total{event=\"measure-started\",odd=\"c\\\\d\"} 0\n"
                      "kw_events_total{event=\"measure-started\",odd=\"e\\nf\"} 7\n"
                      "kw_events_total{event=\"plan-made\",odd=\"a\\\"b\"} 3\n"
                      "kw_events_total{event=\"plan-made\",odd=\"c\\\\d\"} 0\n"
                      "kw_events_total{event=\"plan-made\",odd=\"e\\nf\"} 0\n"
                      "# HELP kw_lag_seconds Lag.\n"
                      "# TYPE kw_lag_seconds gauge\n"
                      "kw_lag_seconds 1.25\n"
                      "# HELP kw_state State.\n"
                      "# TYPE kw_state gauge\n"
                      "kw_state{event=\"measure-started\"} 0\n"
                      "kw_state{event=\"plan-made\"} -4\n");
        metrics_free(m);
}
END_TEST

/* What is not known is not 0: no sample, and the value it had when it is known again. */
START_TEST(test_unknown_has_no_sample) {
        struct metrics *m;
        struct metric *lag;

        ck_assert_int_eq(metrics_new(&m), 0);
        lag = add(m, &(struct metric_row){.name = "kw_lag_records", .kind = METRIC_GAUGE, .help = "Lag."});
        metric_set(lag, 0, 7);
        metric_know(lag, false);
        check_text(m, "# HELP kw_lag_records Lag.\n# TYPE kw_lag_records gauge\n");
        metric_know(lag, true);
        check_text(m, "# HELP kw_lag_records Lag.\n# TYPE kw_lag_records gauge\nkw_lag_records 7\n");
        metrics_free(m);
}
END_TEST

START_TEST(test_histograms) {
        static const int64_t observed[] = {0, 1, 2, 10, 2500, 2501, 99999};
        struct metrics *m;
        struct metric *h;

        ck_assert_int_eq(metrics_new(&m), 0);
        h = add(m, &(struct metric_row){.name = "kw_commit_seconds", .kind = METRIC_HISTOGRAM, .help = "Commits.",
                                        .labels = {{"event", two, 2}}, .bounds = bounds, .n_bounds = 3, .per_unit = 1000});
        for (size_t i = 0; i < ELEMENTS(observed); i++)
                metric_observe(h, 1, observed[i]);
        ck_assert_int_eq(metric_value(h, 1), 7);
        check_text(m, "# HELP kw_commit_seconds Commits.\n"
                      "# TYPE kw_commit_seconds histogram\n"
                      "kw_commit_seconds_bucket{event=\"measure-started\",le=\"0.001\"} 0\n"
                      "kw_commit_seconds_bucket{event=\"measure-started\",le=\"0.01\"} 0\n"
                      "kw_commit_seconds_bucket{event=\"measure-started\",le=\"2.5\"} 0\n"
                      "kw_commit_seconds_bucket{event=\"measure-started\",le=\"+Inf\"} 0\n"
                      "kw_commit_seconds_sum{event=\"measure-started\"} 0\n"
                      "kw_commit_seconds_count{event=\"measure-started\"} 0\n"
                      "kw_commit_seconds_bucket{event=\"plan-made\",le=\"0.001\"} 2\n"
                      "kw_commit_seconds_bucket{event=\"plan-made\",le=\"0.01\"} 4\n"
                      "kw_commit_seconds_bucket{event=\"plan-made\",le=\"2.5\"} 5\n"
                      "kw_commit_seconds_bucket{event=\"plan-made\",le=\"+Inf\"} 7\n"
                      "kw_commit_seconds_sum{event=\"plan-made\"} 105.013\n"
                      "kw_commit_seconds_count{event=\"plan-made\"} 7\n");
        metrics_free(m);
}
END_TEST

#define THREADS 4
#define ROUNDS 20000

struct shared {
        struct metrics *m;
        struct metric *counter, *histogram;
};

static void *count(void *arg) {
        struct shared *s = arg;

        for (int i = 0; i < ROUNDS; i++) {
                metric_add(s->counter, (size_t)i % 2, 1);
                metric_observe(s->histogram, 0, i % 20);
        }
        return NULL;
}

START_TEST(test_threads_lose_nothing) {
        struct shared s;
        pthread_t threads[THREADS];
        struct buffer out = BUFFER_INIT(1 << 20);

        ck_assert_int_eq(metrics_new(&s.m), 0);
        s.counter = add(s.m, &(struct metric_row){.name = "kw_a_total", .help = "A.", .labels = {{"event", two, 2}}});
        s.histogram = add(s.m, &(struct metric_row){.name = "kw_b", .kind = METRIC_HISTOGRAM, .help = "B.", .bounds = bounds, .n_bounds = 3});
        for (int i = 0; i < THREADS; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, count, &s), 0);
        for (int i = 0; i < 50; i++) { /* rendering runs beside counting */
                buffer_clear(&out);
                metrics_render(s.m, &out);
                ck_assert(!out.failed);
        }
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        ck_assert_int_eq(metric_value(s.counter, 0), THREADS * ROUNDS / 2);
        ck_assert_int_eq(metric_value(s.counter, 1), THREADS * ROUNDS / 2);
        ck_assert_int_eq(metric_value(s.histogram, 0), THREADS * ROUNDS);
        buffer_done(&out);
        metrics_free(s.m);
}
END_TEST

START_TEST(test_bounds) {
        enum { MANY = 200 };
        static const char *many[MANY];
        char longer[METRIC_LABEL_VALUE_MAX + 2], name[32];
        const char *one[] = {longer};
        struct metrics *m;
        struct metric *ret;
        struct error err = {0};

        ck_assert_int_eq(metrics_new(&m), 0);
        for (size_t i = 0; i < MANY; i++)
                many[i] = "x";
        ck_assert_int_eq(metrics_register(m, &(struct metric_row){.name = "kw_many_total", .help = "",
                                                                  .labels = {{"event", many, MANY}, {"topic", many, MANY}}}, &ret, &err), -ENOSPC);
        ck_assert_ptr_nonnull(strstr(err.text, "kw_many_total"));
        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        ck_assert_int_eq(metrics_register(m, &(struct metric_row){.name = "kw_long_total", .help = "", .labels = {{"event", one, 1}}}, &ret, &err), -ENOSPC);
        for (int i = 0; i < METRICS_MAX; i++) {
                snprintf(name, sizeof(name), "kw_%d", i);
                add(m, &(struct metric_row){.name = name, .kind = METRIC_GAUGE, .help = ""});
        }
        ck_assert_int_eq(metrics_register(m, &(struct metric_row){.name = "kw_last", .kind = METRIC_GAUGE, .help = ""}, &ret, &err), -ENOSPC);
        metrics_free(m);
}
END_TEST

START_TEST(test_nobody_looks) {
        metric_add(NULL, metric_series(NULL, 3, 4), 1);
        metric_set(NULL, 0, 1);
        metric_observe(NULL, 0, 1);
        ck_assert_ptr_null(metrics_free(NULL));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("metrics");
        TCase *t = tcase_create("metrics");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_test(t, test_counters_and_gauges);
        tcase_add_test(t, test_told);
        tcase_add_test(t, test_told_is_bounded);
        tcase_add_test(t, test_unknown_has_no_sample);
        tcase_add_test(t, test_histograms);
        tcase_add_test(t, test_threads_lose_nothing);
        tcase_add_test(t, test_bounds);
        tcase_add_test(t, test_nobody_looks);
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
