/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A world for the worker: the bus in memory, a fake clock, all topics, and a small configuration
 *
 * Nothing moves but by calls: world_step() drives a worker one step and moves the clock a little.
 */

#include "bus/memory.h"
#include "bus/memory/worker.h"
#include "worker_fixture.h"

#define WORLD_PARTITIONS 2
#define WORLD_START 1709290800000 /* 2024-03-01T12:00:00+01:00 */
#define WORLD_STEP_MS 5
#define WORLD_STEPS_MAX 20000     /* of one world_settle() */

struct world {
        char folder[64];           /* configuration and schemas below it */
        struct config *config;
        struct memory *memory;
        instant_t now;             /* decision clock */
        int64_t off;               /* real clock less decision clock */
        int64_t monotonic;
        struct arena *arena;
        struct buffer body;
        char names[BUS_TOPICS_MAX > 512 ? 512 : BUS_TOPICS_MAX][BUS_NAME_MAX + 1]; /* of all topics */
        size_t n_names;
};

static inline instant_t world_decides(void *ctx) {
        return ((struct world *)ctx)->now;
}
static inline instant_t world_real(void *ctx) {
        return ((struct world *)ctx)->now + ((struct world *)ctx)->off;
}
static inline instant_t world_broker(void *ctx) { /* the broker's own clock: right when ours is not */
        return WORLD_START + ((struct world *)ctx)->monotonic;
}
static inline int64_t world_monotonic(void *ctx) {
        return ((struct world *)ctx)->monotonic;
}
static inline struct clock world_clock(struct world *w) {
        static const struct clock_ops ops = {world_decides, world_monotonic};

        return (struct clock){&ops, w};
}
static inline struct clock world_clock_real(struct world *w) {
        static const struct clock_ops ops = {world_real, world_monotonic};

        return (struct clock){&ops, w};
}
static inline struct clock world_clock_broker(struct world *w) {
        static const struct clock_ops ops = {world_broker, world_monotonic};

        return (struct clock){&ops, w};
}

static inline void world_forward(struct world *w, int64_t ms) {
        w->now += ms;
        w->monotonic += ms;
}

static inline void world_topic(struct world *w, const char *name, int32_t partitions) {
        int r = memory_topic(w->memory, name, partitions);

        if (r == -EEXIST)
                return;
        ck_assert_int_eq(r, 0);
        ck_assert_uint_lt(w->n_names, ELEMENTS(w->names));
        (void) snprintf(w->names[w->n_names++], sizeof(w->names[0]), "%s", name);
}

/* Makes what this configuration needs and is not there yet. */
static inline void world_topics(struct world *w) {
        char inbox[BUS_NAME_MAX + 1];

        for (size_t i = 0; i < event_types_count(w->config->types); i++) {
                const struct event_type *type = event_types_at(w->config->types, i);

                if (!type->output || type->known != TYPE_EVENT_REFUSED)
                        world_topic(w, type->name, WORLD_PARTITIONS);
        }
        world_topic(w, TOPIC_CASE_STATE, WORLD_PARTITIONS);
        world_topic(w, TOPIC_DEAD_LETTERS, 1);
        for (size_t i = 0; i < organisations_count(w->config->organisations); i++) {
                (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisations_at(w->config->organisations, i)->id);
                world_topic(w, inbox, 1);
        }
}

static inline const char *world_path(const struct world *w, const char *name, char ret[FIXTURE_PATH]) {
        return fixture_path(ret, w->folder, name);
}

static inline struct world *world_new(void) {
        char path[FIXTURE_PATH], schemas[FIXTURE_PATH];
        struct world *w = calloc(1, sizeof(*w));

        ck_assert_ptr_nonnull(w);
        (void) snprintf(w->folder, sizeof(w->folder), "/tmp/ketenwacht-worker-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(w->folder));
        w->now = WORLD_START;
        w->body.max = (size_t)1 << 20;
        fixture_make(w->folder, "config");
        fixture_config(world_path(w, "config", path), "1\n");
        w->config = fixture_read_config(path, fixture_schemas(schemas));
        ck_assert_int_eq(arena_new(&w->arena, (size_t)64 << 20), 0);
        ck_assert_int_eq(memory_new(world_clock_broker(w), &w->memory), 0);
        world_topics(w);
        return w;
}

/* Another broker, empty, and the clock at the start: cheaper than a new world. All workers are gone by then. */
static inline void world_reset(struct world *w) {
        memory_free(w->memory);
        w->now = WORLD_START;
        w->monotonic = w->off = 0;
        w->n_names = 0;
        ck_assert_int_eq(memory_new(world_clock_broker(w), &w->memory), 0);
        world_topics(w);
}

static inline void world_done(struct world *w) {
        fixture_remove(w->folder);
        memory_free(w->memory);
        config_free(w->config);
        arena_free(w->arena);
        buffer_done(&w->body);
        free(w);
}

/* -- Workers -- */

static inline struct worker_config world_worker_config(struct world *w, const char *instance) {
        return (struct worker_config){.config = w->config,
                                      .bus = memory_bus(w->memory),
                                      .clock = world_clock(w),
                                      .real = world_clock_real(w),
                                      .instance = instance,
                                      .behind_after_ms = 10000};
}

static inline struct worker *world_worker(struct world *w, const char *instance) {
        struct worker_config config = world_worker_config(w, instance);
        struct worker *worker = NULL;
        struct error err = {0};
        int r = worker_new(&config, &worker, &err);

        ck_assert_msg(r == 0, "%s", err.text);
        return worker;
}

/* One step; the clock moves a little. Returns what the step returned. */
static inline int world_try(struct world *w, struct worker *worker, struct error *err) {
        int r = worker_step(worker, 0, err);

        world_forward(w, WORLD_STEP_MS);
        return r;
}

static inline void world_step(struct world *w, struct worker *worker) {
        struct error err = {0};
        int r = world_try(w, worker, &err);

        ck_assert_msg(r == 0, "step returned %d: %s", r, err.text);
}

static inline bool world_settled(const struct worker *worker) {
        struct worker_status status;

        worker_status(worker, &status);
        return status.assigned && status.restoring == 0 && status.behind == 0;
}

/* Steps until all partitions are live and nothing happens any more. */
static inline void world_settle(struct world *w, struct worker *worker) {
        struct worker_status before = {0}, after;
        unsigned quiet = 0;

        for (unsigned i = 0; i < WORLD_STEPS_MAX && quiet < 100; i++) {
                world_step(w, worker);
                worker_status(worker, &after);
                quiet = world_settled(worker) && after.facts + after.told + after.dead + after.duplicates + after.transactions ==
                                                         before.facts + before.told + before.dead + before.duplicates + before.transactions
                                ? quiet + 1
                                : 0;
                before = after;
        }
        ck_assert_msg(quiet == 100, "the worker does not come to rest");
}

/* kill -9 */
static inline void world_crash(struct worker *worker) {
        memory_crash(worker_take_bus(worker));
        worker_free(worker);
}

static inline void world_end(struct worker *worker) {
        struct error err = {0};

        ck_assert_msg(worker_stop(worker, &err) == 0, "%s", err.text);
        worker_free(worker);
}

/* -- Records -- */

static inline void world_append(struct world *w, const struct bus_record *record) {
        ck_assert_int_eq(memory_append(w->memory, record), 0);
}

/* Publishes a line, as a connector would. */
static inline void world_publish(struct world *w, const char *json) {
        char key[UUID_TEXT + 1];

        arena_reset(w->arena);
        struct event event = fixture_event(w->config, json, w->arena);
        const struct bus_header trace = {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 55};

        fixture_encode(&event, &w->body);
        uuid_format(&event.slots[SLOT_CASE_ID].u, key);
        world_append(w, &(struct bus_record){.topic = event.type->name,
                                             .partition = BUS_BY_KEY,
                                             .key = key,
                                             .key_n = UUID_TEXT,
                                             .value = w->body.bytes,
                                             .value_n = w->body.n,
                                             .headers = &trace,
                                             .headers_n = 1});
}

/* How many committed records a topic has; the last of them in *ret (may be NULL; zeros when there is none). */
static inline size_t world_count(const struct world *w, const char *topic, struct bus_record *ret) {
        size_t n = 0;

        if (ret)
                *ret = (struct bus_record){0};
        for (int32_t p = 0; memory_end(w->memory, topic, p) >= 0; p++) {
                for (int64_t offset = 0; offset < memory_end(w->memory, topic, p); offset++) {
                        struct bus_record record;

                        if (!memory_record(w->memory, topic, p, offset, false, &record))
                                continue;
                        n++;
                        if (ret)
                                *ret = record;
                }
        }
        return n;
}

static inline bool world_is_output(const char *topic) {
        return strcmp(topic, TOPIC_PLAN_DUE) == 0 || strncmp(topic, "escalation-", 11) == 0 || strncmp(topic, TOPIC_INBOX_PREFIX, 6) == 0;
}

/* Shows the checker everything that is committed. */
static inline void world_check(const struct world *w, struct checker *checker) {
        for (size_t i = 0; i < w->n_names; i++) {
                const char *topic = w->names[i];
                bool state = strcmp(topic, TOPIC_CASE_STATE) == 0;

                if (!state && !world_is_output(topic))
                        continue;
                for (int32_t p = 0; memory_end(w->memory, topic, p) >= 0; p++) {
                        for (int64_t offset = 0; offset < memory_end(w->memory, topic, p); offset++) {
                                struct bus_record record;

                                if (!memory_record(w->memory, topic, p, offset, false, &record))
                                        continue;
                                if (state)
                                        checker_row(checker, record.key, record.key_n, record.value, record.value_n);
                                else
                                        checker_told(checker, topic, record.value, record.value_n);
                        }
                }
        }
        checker_compare(checker, w->now);
}
