/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A connector that brings in, on a bus in memory: its file in a scratch folder, and a clock that the test moves
 */

#include "bus/memory.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "connect/intake.h"
#include "connect/runtime.h"
#include "model_fixture.h"

#define FIXTURE_KEY "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

struct connector_fixture {
        struct scratch s;
        struct organisations *orgs;
        struct event_types *types;
        struct memory *memory;
        struct metrics *metrics;
        struct connect_file *file;
        struct runtime *runtime;
        instant_t now;
        int64_t monotonic;
        struct log log;
        FILE *logged;
};

static inline instant_t fixture_realtime(void *ctx) {
        return ((struct connector_fixture *)ctx)->now;
}
static inline int64_t fixture_monotonic(void *ctx) {
        return ((struct connector_fixture *)ctx)->monotonic;
}
static const struct clock_ops fixture_clock = {.realtime_ms = fixture_realtime, .monotonic_ms = fixture_monotonic};

static inline const char *fixture_environment(const char *name) {
        return strcmp(name, "KETENWACHT_KEY") == 0 ? FIXTURE_KEY : NULL;
}

static inline uint64_t fixture_random(void *ctx) {
        (void)ctx;
        return 4; /* drawn by a die */
}

static inline void fixture_setup(struct connector_fixture *f, const char *now) {
        const struct clock clock = {&fixture_clock, f};
        static const char *const topics[] = {TOPIC_DEAD_LETTERS, TOPIC_DELIVERIES, TOPIC_REDELIVERIES, TOPIC_CONNECTOR_ORDERS, TOPIC_CONNECTOR_KEYS};

        *f = (struct connector_fixture){.s = scratch_new(), .monotonic = 1000};
        ck_assert(instant_parse(text_of(now), &f->now));
        project_parties(&f->orgs, &f->types);
        ck_assert_int_eq(memory_new(clock, &f->memory), 0);
        for (size_t i = 0; i < ELEMENTS(topics); i++)
                ck_assert_int_eq(memory_topic(f->memory, topics[i], 1), 0);
        ck_assert_int_eq(memory_topic(f->memory, TOPIC_CASE_STATE, 3), 0);
        for (size_t i = 0; i < event_types_count(f->types); i++)
                ck_assert_int_eq(memory_topic(f->memory, event_types_at(f->types, i)->name, 3), 0);
        f->logged = tmpfile();
        f->log = (struct log){.out = f->logged, .clock = clock};
}

/* Opens it, from its file; a second time as after a crash. Return: what runtime_open() returned. */
static inline int fixture_open(struct connector_fixture *f, const struct connector_ops *const *table, const char *text, struct error *err) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct runtime_config config = {.bus = memory_bus(f->memory), .types = f->types, .organisations = f->orgs, .clock = {&fixture_clock, f},
                                        .random = fixture_random, .log = &f->log};
        char path[SCRATCH_PATH];

        f->runtime = runtime_free(f->runtime);
        f->file = connect_file_free(f->file);
        f->metrics = metrics_free(f->metrics);
        ck_assert_int_eq(metrics_new(&f->metrics), 0);
        config.metrics = f->metrics;
        scratch_write(&f->s, "x.yaml", text);
        ck_assert_msg(connect_file_read(scratch_path(&f->s, "x.yaml", path), table, f->orgs, fixture_environment, &f->file, &mistakes) == 0, "%s",
                      buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        config.file = f->file;
        return runtime_open(&config, &f->runtime, err);
}

static inline void fixture_turn(struct connector_fixture *f, unsigned turns) {
        struct error err = {0};

        for (unsigned i = 0; i < turns; i++)
                ck_assert_msg(runtime_turn(f->runtime, 0, &err) == 0, "%s", err.text);
}

static inline void fixture_teardown(struct connector_fixture *f) {
        runtime_free(f->runtime);
        connect_file_free(f->file);
        metrics_free(f->metrics);
        memory_free(f->memory);
        event_types_free(f->types);
        organisations_free(f->orgs);
        fclose(f->logged);
        scratch_remove(&f->s);
}

/* How many records stand in a topic, of all partitions; @each (may be NULL) gets them in their order. */
static inline unsigned fixture_records(const struct connector_fixture *f, const char *topic,
                                       void (*each)(void *ctx, const struct bus_record *record), void *ctx) {
        unsigned n = 0;

        for (int32_t p = 0; memory_end(f->memory, topic, p) >= 0; p++) {
                for (int64_t at = 0; at < memory_end(f->memory, topic, p); at++) {
                        struct bus_record record;

                        if (!memory_record(f->memory, topic, p, at, false, &record))
                                continue;
                        n++;
                        if (each)
                                each(ctx, &record);
                }
        }
        return n;
}

/* A sample of a metric: "name value", or "name{labels} value". */
static inline void fixture_sample(const struct connector_fixture *f, const char *sample) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(1 << 20);
        char line[256], name[256];
        const char *at;

        (void) snprintf(line, sizeof(line), "\n%s\n", sample);
        (void) snprintf(name, sizeof(name), "\n%.*s", (int)strcspn(sample, " {") + 1, sample);
        metrics_render(f->metrics, &text);
        at = strstr(buffer_text(&text), name);
        ck_assert_msg(strstr(buffer_text(&text), line), "%s, but%.300s", sample, at ? at : " there is none");
}

/* An event of somebody else, as it stands on its topic. */
static inline void fixture_publish(struct connector_fixture *f, const char *event, const char *source, const char *json) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(1 << 16);
        struct intake_request request = {.type = event_types_find(f->types, text_of(event)), .caller = organisations_find(f->orgs, text_of(source)),
                                         .body = json, .n = strlen(json), .now = f->now};
        struct problem problem = {0};
        struct event_record made;
        struct intake intake;
        struct arena *arena = NULL;

        ck_assert_int_eq(arena_new(&arena, INTAKE_ARENA_MAX), 0);
        ck_assert_msg(intake_read(&request, f->orgs, arena, &intake, &problem), "%s", problem.n ? problem.mistakes[0].text : problem.detail.text);
        ck_assert_int_eq(event_record_make(&intake.event, f->orgs, (struct text){0}, &body, &made), 0);
        ck_assert_int_eq(memory_append(f->memory, &made.record), 0);
        intake_done(&intake);
        arena_free(arena);
}
