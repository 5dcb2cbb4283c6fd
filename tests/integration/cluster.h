/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A cluster for one test: the embedded broker, or a real one at KETENWACHT_TEST_BOOTSTRAP
 *
 * Every test has a prefix of its own, so that tests on one real broker do not meet.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/admin.h"
#include "bus/bus.h"
#include "bus/kafka.h"
#include "bus/mock.h"

#define PATIENCE_MS 60000 /* a test that waits longer has failed */
#define CLUSTER_TOPICS_MAX 96

struct cluster {
        struct mock *mock; /* NULL: a real broker */
        struct bus *bus;
        struct kafka_config config;
        char prefix[64], bootstrap[256];
        struct log log;
};

static inline bool cluster_is_real(void) {
        return getenv("KETENWACHT_TEST_BOOTSTRAP") != NULL;
}

/* Whether this run is one that "mock" or "kafka", the program's argument, asks for; a real broker is asked for only by the latter. */
#define CLUSTER_SKIPPED 77 /* exit status, as meson reads it */
static inline bool cluster_chosen(int argc, char **argv) {
        bool real = argc > 1 && strcmp(argv[1], "kafka") == 0;

        if (!real)
                (void) unsetenv("KETENWACHT_TEST_BOOTSTRAP");
        if (real && !cluster_is_real())
                printf("skipped: KETENWACHT_TEST_BOOTSTRAP names no broker\n");
        return !real || cluster_is_real();
}

#define ck_ok(expr)                                                                                                     \
        do {                                                                                                            \
                struct error err = {0};                                                                                 \
                int ck_result = (expr);                                                                                 \
                ck_assert_msg(ck_result == 0, "%s returned %d: %s", #expr, ck_result, err.text);                        \
        } while (0)

/* The configuration alone; topics are not made. */
static inline void cluster_config(struct cluster *c) {
        struct clock clock = clock_system();

        c->log = (struct log){.out = stderr, .clock = clock, .level = LOG_LEVEL_ERROR};
        snprintf(c->prefix, sizeof(c->prefix), "t%d-%lld.", (int)getpid(), (long long)clock_monotonic(&clock));
        c->config = (struct kafka_config){.bootstrap = c->bootstrap, .prefix = c->prefix, .clock = clock, .log = &c->log};
}

/* @brokers: of an embedded cluster. */
static inline void cluster_up_on(struct cluster *c, int brokers, const struct mock_topic *topics, size_t n) {
        char names[CLUSTER_TOPICS_MAX][128];
        struct mock_topic full[CLUSTER_TOPICS_MAX];

        memset(c, 0, sizeof(*c));
        cluster_config(c);
        for (size_t i = 0; i < n; i++) {
                snprintf(names[i], sizeof(names[i]), "%s%s", c->prefix, topics[i].name);
                full[i] = (struct mock_topic){names[i], topics[i].partitions};
        }
        if (cluster_is_real()) {
                struct admin *admin;

                snprintf(c->bootstrap, sizeof(c->bootstrap), "%s", getenv("KETENWACHT_TEST_BOOTSTRAP"));
                ck_ok(admin_new(&c->config, &admin, &err));
                for (size_t i = 0; i < n; i++)
                        ck_ok(admin_topic_make(admin, &(struct admin_topic){.name = names[i], .partitions = full[i].partitions, .replication = 1},
                                               &err));
                admin_free(admin);
        } else {
                ck_ok(mock_new(brokers, full, n, &c->mock, &err));
                snprintf(c->bootstrap, sizeof(c->bootstrap), "%s", mock_bootstrap(c->mock));
                c->config.embedded = true;
        }
        ck_ok(kafka_bus_new(&c->config, &c->bus, &err));
}

static inline void cluster_up(struct cluster *c, const struct mock_topic *topics, size_t n) {
        cluster_up_on(c, 1, topics, n);
}

static inline void cluster_down(struct cluster *c) {
        bus_free(c->bus);
        mock_free(c->mock);
}

static inline int64_t cluster_deadline(const struct cluster *c) {
        return clock_monotonic(&c->config.clock) + PATIENCE_MS;
}

static inline void cluster_patience(const struct cluster *c, int64_t deadline, const char *what) {
        ck_assert_msg(clock_monotonic(&c->config.clock) < deadline, "waited too long for %s", what);
}

static void count_report(void *ctx, const struct bus_report *report) {
        ck_assert_msg(report->sent == BUS_SENT, "not sent: %s", report->reason ? report->reason : "no reason");
        ++*(size_t *)ctx;
}

/* Writes records with keys k<first> … k<first + n - 1>, and values v<the same>. */
static inline void cluster_write(struct cluster *c, const char *topic, int first, int n) {
        struct bus_producer *p;
        size_t sent = 0, left = 1;

        ck_ok(bus_producer_open(c->bus, &(struct bus_producer_config){.settled = count_report, .ctx = &sent}, &p, &err));
        for (int i = first; i < first + n; i++) {
                char key[16], value[16];

                snprintf(key, sizeof(key), "k%d", i);
                snprintf(value, sizeof(value), "v%d", i);
                ck_ok(bus_producer_send(p, &(struct bus_record){.topic = topic, .partition = BUS_BY_KEY, .key = key, .key_n = strlen(key),
                                                                .value = value, .value_n = strlen(value)}, NULL, &err));
        }
        ck_ok(bus_producer_flush(p, PATIENCE_MS, &left, &err));
        ck_assert_uint_eq(left, 0);
        ck_assert_uint_eq(sent, (size_t)n);
        bus_producer_close(p);
}

/* How many records a reader finds in a topic. */
static inline size_t cluster_count(struct cluster *c, const char *topic, bool uncommitted) {
        const char *topics[] = {topic};
        struct bus_reader *r;
        struct bus_event event;
        int64_t deadline = cluster_deadline(c);
        size_t n = 0;

        ck_ok(bus_reader_open(c->bus, &(struct bus_reader_config){.topics = topics, .topics_n = 1, .partition = BUS_ALL_PARTITIONS,
                                                                  .until_end = true, .uncommitted = uncommitted}, &r, &err));
        do {
                ck_ok(bus_reader_poll(r, 100, &event, &err));
                n += event.kind == BUS_RECORD;
                cluster_patience(c, deadline, "the end of a topic");
        } while (event.kind != BUS_END);
        bus_reader_close(r);
        return n;
}

/* Asserts that so many records are there. A commit is decided before everybody sees it: waits for that. */
static inline void cluster_shows(struct cluster *c, const char *topic, size_t n) {
        int64_t deadline = cluster_deadline(c);
        size_t seen;

        while ((seen = cluster_count(c, topic, false)) < n)
                cluster_patience(c, deadline, topic);
        ck_assert_uint_eq(seen, n);
}
