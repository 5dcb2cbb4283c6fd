/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A connector in a thread of its own, on a cluster of the test's
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "cluster.h"
#include "connect/act.h"
#include "connect/runtime.h"
#include "connectors/connector.h"

#define TURN_MS 20
#define PATH_BYTES 512

struct connecting {
        struct cluster cluster;
        struct event_types *types;
        struct organisations *orgs;
        struct metrics *metrics;
        char folder[64];
        char *log_text;
        size_t log_n;
        struct log log;
        struct connect_file *file;
        struct runtime *runtime;
        pthread_t thread;
        bool runs;
        atomic_int opened; /* 1: yes, -1: failed */
        atomic_bool stop, crash;
        int outcome;
        struct error err;
};

static inline const char *project_path(const char *name, char ret[PATH_BYTES]) {
        (void) snprintf(ret, PATH_BYTES, "%s/%s", getenv("PROJECT_ROOT"), name);
        return ret;
}

/* The topics that a connector and its operator may need: the inboxes of gm0014, gm0037 and gm1895, dead-letters and the like, and of @events each type. */
static inline void connecting_up(struct connecting *c, bool events) {
        struct mock_topic topics[CLUSTER_TOPICS_MAX] = {
                {TOPIC_DEAD_LETTERS, 1}, {TOPIC_DELIVERIES, 1}, {TOPIC_INBOX_PREFIX "gm0014", 1}, {TOPIC_REDELIVERIES, 1},
                {TOPIC_CONNECTOR_ORDERS, 1}, {TOPIC_CONNECTOR_KEYS, 1}, {TOPIC_AUDIT, 1},
                {TOPIC_INBOX_PREFIX "gm0037", 1}, {TOPIC_INBOX_PREFIX "gm1895", 1}};
        struct mistakes mistakes = MISTAKES_INIT;
        char path[PATH_BYTES];
        size_t n = 9;

        memset(c, 0, sizeof(*c));
        ck_assert_int_eq(organisations_read(project_path("config/organisations.yaml", path), &c->orgs, &mistakes), 0);
        ck_assert_int_eq(event_types_read(project_path("schemas", path), &c->types, &mistakes), 0);
        mistakes_done(&mistakes);
        for (size_t i = 0; events && i < event_types_count(c->types); i++) {
                if (!event_types_at(c->types, i)->output)
                        topics[n++] = (struct mock_topic){event_types_at(c->types, i)->name, 2};
        }
        cluster_up(&c->cluster, topics, n);
        (void) snprintf(c->folder, sizeof(c->folder), "/tmp/ketenwacht-connect-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(c->folder));
        c->log = (struct log){.out = open_memstream(&c->log_text, &c->log_n), .clock = clock_system(), .level = LOG_LEVEL_INFO};
}

/* Without chance: delays are as long as they can be. */
static inline uint64_t no_chance(void *ctx) {
        (void) ctx;
        return 0;
}

static inline const char *one_token(const char *name) {
        static const char *const rows[][2] = {{"JBN", "jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn"}, {"GM", "gm0014-gm0014-gm0014-gm0014-gm0014-gm"}};

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (strcmp(rows[i][0], name) == 0)
                        return rows[i][1];
        }
        return NULL;
}

static inline int connecting_open(struct connecting *c) {
        const struct runtime_config config = {
                .file = c->file,
                .bus = c->cluster.bus,
                .types = c->types,
                .organisations = c->orgs,
                .clock = clock_system(),
                .random = no_chance,
                .log = &c->log,
                .metrics = c->metrics,
        };

        return runtime_open(&config, &c->runtime, &c->err);
}

static inline void *connecting_main(void *ctx) {
        struct connecting *c = ctx;

        c->outcome = connecting_open(c);
        atomic_store(&c->opened, c->outcome == 0 ? 1 : -1);
        while (c->outcome == 0 && !atomic_load(&c->stop))
                c->outcome = runtime_turn(c->runtime, TURN_MS, &c->err);
        if (c->outcome == 0 && !atomic_load(&c->crash))
                c->outcome = runtime_stop(c->runtime, &c->err);
        c->runtime = runtime_free(c->runtime);
        return NULL;
}

/* Starts a connector from the text of its file, x.yaml. */
static inline void connecting_start(struct connecting *c, const char *yaml) {
        struct mistakes mistakes = MISTAKES_INIT;
        char path[PATH_BYTES];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/x.yaml", c->folder);
        f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs(yaml, f), 0);
        ck_assert_int_eq(fclose(f), 0);
        ck_assert_msg(connect_file_read(path, connectors, c->orgs, one_token, &c->file, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        (void) remove(path);
        ck_assert_int_eq(metrics_new(&c->metrics), 0);
        atomic_store(&c->stop, false);
        atomic_store(&c->crash, false);
        atomic_store(&c->opened, 0);
        ck_assert_int_eq(pthread_create(&c->thread, NULL, connecting_main, c), 0);
        c->runs = true;
        for (int64_t deadline = cluster_deadline(&c->cluster); atomic_load(&c->opened) == 0;)
                cluster_patience(&c->cluster, deadline, "the connector to open");
        ck_assert_msg(atomic_load(&c->opened) == 1, "not opened: %s", c->err.text);
}

/* @crash: without finishing, committing or leaving, as after kill -9. */
static inline void connecting_stop(struct connecting *c, bool crash) {
        if (!c->runs)
                return;
        atomic_store(&c->crash, crash);
        atomic_store(&c->stop, true);
        ck_assert_int_eq(pthread_join(c->thread, NULL), 0);
        c->runs = false;
        ck_assert_msg(c->outcome == 0, "the connector ended with %d: %s", c->outcome, c->err.text);
        c->file = connect_file_free(c->file);
        c->metrics = metrics_free(c->metrics);
}

static inline void connecting_down(struct connecting *c) {
        connecting_stop(c, false);
        cluster_down(&c->cluster);
        event_types_free(c->types);
        organisations_free(c->orgs);
        ck_assert_int_eq(fclose(c->log.out), 0);
        free(c->log_text);
        ck_assert_int_eq(remove(c->folder), 0);
}

static inline bool connecting_braked(const struct connecting *c) {
        struct runtime_status status;

        runtime_status(c->runtime, &status);
        return status.braked && !status.looking;
}

/*
 * An order of an operator to the connector x: that of @organisation's inbox, or NULL, or to that inbox @alone. *ret only when it resumes. Return: as
 * act_pause().
 */
static inline int connecting_order_one(struct connecting *c, bool pause, const char *organisation, bool alone, struct act_resumed *ret) {
        const struct connector_act act = {.bus = c->cluster.bus, .types = c->types, .connector = "x", .organisation = organisation, .alone = alone,
                                          .by = "tester", .reason = "onderhoud", .clock = clock_system()};
        struct error err = {0};
        int r = pause ? act_pause(&act, &err) : act_resume(&act, ret, &err);

        ck_assert_msg(r >= 0, "%s", err.text);
        return r;
}

static inline int connecting_order(struct connecting *c, bool pause, const char *organisation, struct act_resumed *ret) {
        return connecting_order_one(c, pause, organisation, false, ret);
}

/* Calls @see for every record of a topic that stands there now; stops early when it returns true. */
static inline void connecting_read(struct connecting *c, const char *topic, bool (*see)(void *ctx, struct bus_record *record), void *ctx) {
        const char *topics[] = {topic};
        const struct bus_reader_config config = {.topics = topics, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .until_end = true};
        int64_t deadline = cluster_deadline(&c->cluster);
        struct bus_reader *reader;
        struct bus_event event;
        bool enough = false;

        ck_ok(bus_reader_open(c->cluster.bus, &config, &reader, &err));
        do {
                ck_ok(bus_reader_poll(reader, TURN_MS, &event, &err));
                if (event.kind == BUS_RECORD) {
                        ck_assert_int_eq(bus_record_headers(&event.record), 0);
                        enough = see(ctx, &event.record);
                }
                cluster_patience(&c->cluster, deadline, "the end of a topic");
        } while (!enough && event.kind != BUS_END);
        bus_reader_close(reader);
}

static inline bool header_is(struct bus_record *record, const char *name, const char *value) {
        const struct bus_header *h = bus_record_header(record, name);

        return h && h->n == strlen(value) && memcmp(h->value, value, h->n) == 0;
}
