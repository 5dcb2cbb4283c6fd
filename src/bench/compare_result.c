/* SPDX-License-Identifier: EUPL-1.2 */

/* Result lines of the kit to figures by program, and to what is printed. */

#include "bench/compare_result.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "bench/bench.h"

enum test { TEST_DRAIN, TEST_RESTART, TEST_APPEND, TEST_VISIBLE };

static const struct {
        const char *name;   /* as we say it */
        enum test test;     /* in which lines of the kit, */
        const char *source; /* and under which key there */
} keys[COMPARE_KEYS] = {
        [COMPARE_CLIENT_US] = {"client_us_per_event", TEST_DRAIN, "client_us"},
        [COMPARE_CLIENT_US_WARM] = {"client_us_per_event_warm", TEST_DRAIN, "client_us_2nd_half"},
        [COMPARE_CLIENT_US_WITH_START] = {"client_us_per_event_with_start", TEST_DRAIN, "client_us_with_start"},
        [COMPARE_EVENTS_S] = {"events_per_s", TEST_DRAIN, "events_s"},
        [COMPARE_BROKER_US] = {"broker_us_per_event", TEST_DRAIN, "broker_us"},
        [COMPARE_RSS_MB] = {"rss_mb", TEST_DRAIN, "rss_mb"},
        [COMPARE_WRITES] = {"writes_per_event", TEST_DRAIN, "writes_per_event"},
        [COMPARE_LOG_BYTES] = {"log_bytes_per_event", TEST_DRAIN, "log_bytes_event"},
        [COMPARE_RESTART_S] = {"restart_s", TEST_RESTART, "restart_s"},
        [COMPARE_RESTART_CPU_S] = {"restart_cpu_s", TEST_RESTART, "cpu_s"},
        [COMPARE_P50_MS] = {"p50_ms", TEST_VISIBLE, "p50"},
        [COMPARE_P99_MS] = {"p99_ms", TEST_VISIBLE, "p99"},
        [COMPARE_P999_MS] = {"p999_ms", TEST_VISIBLE, "p999"},
        [COMPARE_APPEND_P99_MS] = {"append_p99_ms", TEST_APPEND, "p99"},
        [COMPARE_LATENCY_CLIENT_US] = {"client_us_per_event_at_rate", TEST_VISIBLE, "client_us"},
        [COMPARE_LATENCY_BROKER_US] = {"broker_us_per_event_at_rate", TEST_VISIBLE, "broker_us"},
};

static const char *const peers[COMPARE_PEERS] = {"floor", "floor_as_streams", "ketenwacht", "streams"};

/* The names of the kit's runs. */
static const struct {
        const char *name;
        enum compare_peer peer;
} runs[] = {
        {"floor-1-as-ketenwacht", COMPARE_FLOOR}, {"floor-1", COMPARE_FLOOR},
        {"floor-1-as-peer", COMPARE_FLOOR_AS_STREAMS}, {"ketenwacht", COMPARE_KETENWACHT},
        {"ketenwacht-restart", COMPARE_KETENWACHT}, {"ks-rocksdb", COMPARE_STREAMS},
        {"ks-restart-rocksdb", COMPARE_STREAMS},
};

/* -- Reading -- */

static enum test result_test(const json_t *line) {
        const char *latency = json_string_value(json_object_get(line, "latency"));

        if (latency)
                return strcmp(latency, "append") == 0 ? TEST_APPEND : TEST_VISIBLE;
        return json_object_get(line, "restart_s") ? TEST_RESTART : TEST_DRAIN;
}

/* Streams counts its kinds of writes apart. */
static double result_streams_writes(const json_t *line) {
        static const char *const kinds[] = {"plan", "raised", "resolved", "inbox", "timers", "fired"};
        double n = 0, events = json_number_value(json_object_get(line, "events"));

        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                n += json_number_value(json_object_get(line, kinds[i]));
        return events > 0 ? 1 + n / events : 0;
}

static void result_add(struct compare_figures *f, enum compare_peer peer, enum compare_key key, double value) {
        if (f->of[peer][key].n < COMPARE_RUNS_MAX)
                f->of[peer][key].values[f->of[peer][key].n++] = value;
}

static void result_take(const json_t *line, struct compare_figures *ret) {
        const char *name = json_string_value(json_object_get(line, "peer"));
        enum test test = result_test(line);

        for (size_t i = 0; name && i < ELEMENTS(runs); i++) {
                if (strcmp(name, runs[i].name) != 0)
                        continue;
                for (enum compare_key key = 0; key < COMPARE_KEYS; key++) {
                        const json_t *value = keys[key].test == test ? json_object_get(line, keys[key].source) : NULL;

                        if (json_is_number(value))
                                result_add(ret, runs[i].peer, key, json_number_value(value));
                        else if (key == COMPARE_WRITES && test == TEST_DRAIN && json_object_get(line, "timers"))
                                result_add(ret, runs[i].peer, key, result_streams_writes(line));
                }
        }
}

int compare_read(const char *path, struct compare_figures *ret, struct error *err) {
        FILE *f = fopen(path, "r");
        char *text = NULL;
        size_t room = 0;

        if (!f) {
                error_set(err, "cannot open the results in %s: %s", path, strerror(errno));
                return -errno;
        }
        while (getline(&text, &room, f) > 0) {
                json_t *line = json_loads(text, 0, NULL);

                if (json_is_object(line)) /* others are words of the programs */
                        result_take(line, ret);
                json_decref(line);
        }
        free(text);
        (void) fclose(f);
        return 0;
}

/* -- Figures -- */

/* The middle of all runs; false when there is none. */
static bool result_middle(struct compare_figures *f, enum compare_peer peer, enum compare_key key, double *ret) {
        size_t n = f->of[peer][key].n;

        if (n == 0)
                return false;
        *ret = bench_middle(f->of[peer][key].values, n);
        return true;
}

/* How often the one goes into the other; aimed at: a least, or a most. */
static const struct ratio {
        const char *name, *says;
        enum compare_peer over, under;
        enum compare_key over_key, under_key;
        double aim;
        bool most;
} ratios[] = {
        {"ketenwacht_client_over_floor", "client CPU, ketenwacht over the floor with its writes", COMPARE_KETENWACHT, COMPARE_FLOOR,
         COMPARE_CLIENT_US, COMPARE_CLIENT_US, 1.5, true},
        {"streams_client_warm", "client CPU, Streams warm over ketenwacht", COMPARE_STREAMS, COMPARE_KETENWACHT, COMPARE_CLIENT_US_WARM,
         COMPARE_CLIENT_US, 6, false},
        {"streams_client_with_start", "client CPU with start, Streams over ketenwacht", COMPARE_STREAMS, COMPARE_KETENWACHT,
         COMPARE_CLIENT_US_WITH_START, COMPARE_CLIENT_US_WITH_START, 8, false},
        {"events_per_s_over_streams", "events/s, ketenwacht over Streams", COMPARE_KETENWACHT, COMPARE_STREAMS, COMPARE_EVENTS_S,
         COMPARE_EVENTS_S, 3, false},
        {"streams_rss", "memory, Streams over ketenwacht", COMPARE_STREAMS, COMPARE_KETENWACHT, COMPARE_RSS_MB, COMPARE_RSS_MB, 4, false},
        {"streams_restart", "seconds of a restart, Streams over ketenwacht", COMPARE_STREAMS, COMPARE_KETENWACHT, COMPARE_RESTART_S,
         COMPARE_RESTART_S, 5, false},
        {"streams_restart_cpu", "CPU of a restart, Streams over ketenwacht", COMPARE_STREAMS, COMPARE_KETENWACHT, COMPARE_RESTART_CPU_S,
         COMPARE_RESTART_CPU_S, 5, false},
        {"streams_p99", "p99 latency, Streams over ketenwacht", COMPARE_STREAMS, COMPARE_KETENWACHT, COMPARE_P99_MS, COMPARE_P99_MS, 0,
         false},
};

static bool result_ratio(struct compare_figures *f, const struct ratio *r, double *ret) {
        double over, under;

        if (!result_middle(f, r->over, r->over_key, &over) || !result_middle(f, r->under, r->under_key, &under) || under <= 0)
                return false;
        *ret = over / under;
        return true;
}

/* -- JSON -- */

static double result_rounded(double value) {
        char text[64];
        double ret = value;

        (void) snprintf(text, sizeof(text), "%.4g", value);
        if (value < 10000 && text_to_double(text_of(text), &ret))
                return ret;
        return (double)(long long)(value + 0.5);
}

static json_t *result_number(double value) {
        double r = result_rounded(value);

        return r >= 10000 ? json_integer((json_int_t)r) : json_real(r);
}

static json_t *result_peer_json(struct compare_figures *f, enum compare_peer peer) {
        json_t *o = json_object(), *spread = json_object();

        for (enum compare_key key = 0; key < COMPARE_KEYS; key++) {
                double value;

                if (!result_middle(f, peer, key, &value)) {
                        json_object_set_new(o, keys[key].name, json_null());
                        continue;
                }
                json_object_set_new(o, keys[key].name, result_number(value));
                json_object_set_new(spread, keys[key].name,
                                    json_pack("[o,o,o]", result_number(f->of[peer][key].values[0]), result_number(value),
                                              result_number(f->of[peer][key].values[f->of[peer][key].n - 1])));
        }
        json_object_set_new(o, "spread", spread);
        return o;
}

static json_t *result_ratios_json(struct compare_figures *f, size_t n) {
        json_t *o = json_object();

        for (size_t i = 0; i < n; i++) {
                double value;

                json_object_set_new(o, ratios[i].name, result_ratio(f, &ratios[i], &value) ? result_number(value) : json_null());
        }
        return o;
}

static void result_print_json(struct compare_result *result) {
        json_t *o = json_object(), *all = json_object();
        char *text;

        json_object_set_new(o, "cases", json_integer((json_int_t)result->cases));
        json_object_set_new(o, "runs", json_integer(result->runs));
        json_object_set_new(o, "right", json_boolean(result->right));
        for (enum compare_peer peer = 0; peer < COMPARE_PEERS; peer++)
                json_object_set_new(o, peers[peer], result_peer_json(&result->four, peer));
        json_object_set_new(o, "ratios", result_ratios_json(&result->four, ELEMENTS(ratios)));
        json_object_set_new(all, peers[COMPARE_FLOOR], result_peer_json(&result->all, COMPARE_FLOOR));
        json_object_set_new(all, peers[COMPARE_KETENWACHT], result_peer_json(&result->all, COMPARE_KETENWACHT));
        json_object_set_new(all, "ratios", result_ratios_json(&result->all, 1));
        json_object_set_new(o, "all_protocols", all);
        text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
        puts(text ? text : "{}");
        free(text);
        json_decref(o);
}

/* -- Text -- */

static void result_print_cell(struct compare_figures *f, enum compare_peer peer, enum compare_key key) {
        char text[64];
        double value;

        if (result_middle(f, peer, key, &value))
                (void) snprintf(text, sizeof(text), value < 100 ? "%.2f/%.2f/%.2f" : "%.0f/%.0f/%.0f", f->of[peer][key].values[0], value,
                                f->of[peer][key].values[f->of[peer][key].n - 1]);
        else
                (void) snprintf(text, sizeof(text), "-");
        printf(" %24s", text);
}

static void result_print_table(struct compare_figures *f, const enum compare_peer *columns, size_t n) {
        printf("%-30s", "min/median/max");
        for (size_t i = 0; i < n; i++)
                printf(" %24s", peers[columns[i]]);
        for (enum compare_key key = 0; key < COMPARE_KEYS; key++) {
                printf("\n%-30s", keys[key].name);
                for (size_t i = 0; i < n; i++)
                        result_print_cell(f, columns[i], key);
        }
        printf("\n\n");
}

static void result_print_ratios(struct compare_figures *f, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const struct ratio *r = &ratios[i];
                double value;

                if (!result_ratio(f, r, &value))
                        printf("%-55s      -\n", r->says);
                else if (r->aim > 0)
                        printf("%-55s %6.2f  (aim: %s %g: %s)\n", r->says, value, r->most ? "at most" : "at least", r->aim,
                               (r->most ? value <= r->aim : value >= r->aim) ? "met" : "missed");
                else
                        printf("%-55s %6.2f\n", r->says, value);
        }
}

void compare_print(struct compare_result *result, bool json) {
        static const enum compare_peer all[] = {COMPARE_FLOOR, COMPARE_FLOOR_AS_STREAMS, COMPARE_KETENWACHT, COMPARE_STREAMS};
        static const enum compare_peer two[] = {COMPARE_FLOOR, COMPARE_KETENWACHT};

        if (json) {
                result_print_json(result);
                return;
        }
        printf("Four deadlines, %llu cases, what came out: %s\n\n", result->cases, result->right ? "right" : "WRONG");
        result_print_table(&result->four, all, ELEMENTS(all));
        result_print_ratios(&result->four, ELEMENTS(ratios));
        printf("\nAll protocols of the configuration, the same input\n\n");
        result_print_table(&result->all, two, ELEMENTS(two));
        result_print_ratios(&result->all, 1);
}
