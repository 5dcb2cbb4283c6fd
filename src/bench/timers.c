/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench timers`: open cases that wait, and fall due
 *
 * Nothing is stored for a timer: each open case stands once in a heap, under the next instant at which anything can
 * change for it. So there are three things to measure: the heap by itself, with as many items as cases; the engine, which
 * opens that many cases and fires them; and a worker on the memory bus, which makes records of what the engine tells. Of the
 * cases nothing is known but their start, on one of five days; then the clock goes from midnight to midnight.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/metrics.h"
#include "base/text.h"
#include "bench/bench.h"
#include "bus/memory.h"
#include "calendar/date.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "engine/engine.h"
#include "model/lines.h"
#include "worker/worker.h"

#define TIMERS_CASES_MAX 20000000
#define TIMERS_WORKER_CASES_MAX 500000 /* about a kilobyte and a half each, most of it the traces on the memory bus */
#define BODY_MAX ((size_t)1 << 20)
#define TIMERS_DAYS 120                /* how far the clock goes: beyond every first deadline of a measure but those of a year */

struct timers_fired { /* what a measurement gives */
        uint64_t cases, fired, told;
        double open_ns, fire_ns; /* CPU: a case opened; a case fired, with its records and rows */
        double bytes_per_case;   /* in the store, when all are open and announced */
        double rss_per_case;     /* of the process, beyond what it had; 0: not said */
};

/* -- Cases that start and then wait -- */

#define CASES_ARENA_MAX ((size_t)1 << 20)
#define FIRST_YEAR 2024
#define DAYS_OF_STARTS 5

struct timers_cases {
        const struct config *config;
        struct arena *arena;
        struct event event; /* the start of the case that was asked last */
        day_t first_day;
        instant_t opened;   /* the present while they are opened */
        int measure, informed, verdict; /* slots */
};

static const struct organisation *cases_any(const struct config *config, enum organisation_kind kind) {
        for (size_t i = 0; i < organisations_count(config->organisations); i++) {
                const struct organisation *org = organisations_at(config->organisations, i);

                if (org->kind == kind && !org->next && org->until == INT32_MAX)
                        return org;
        }
        return NULL;
}

static int cases_template(struct timers_cases *cases, struct error *err) {
        const struct organisation *gi = cases_any(cases->config, KIND_GI), *municipality = cases_any(cases->config, KIND_MUNICIPALITY);
        struct line line = {0};
        const char *json;
        int r = 0;

        if (!gi || !municipality) {
                error_set(err, "the configuration has no GI or no municipality that is in force; give it one of each");
                return -EINVAL;
        }
        json = arena_printf(cases->arena,
                            "{\"event\":\"measure-started\",\"event_id\":\"00000000-0000-4000-8000-000000000000\","
                            "\"case_id\":\"00000000-0000-4000-8000-000000000001\",\"measure_id\":\"00000000-0000-4000-8000-000000000002\","
                            "\"source\":\"%s\",\"gi\":\"%s\",\"municipality\":\"%s\",\"kind\":\"OTS\",\"verdict_date\":\"2024-06-03\","
                            "\"informed_date\":\"2024-06-03\",\"occurred_at\":\"2024-06-03T10:00:00Z\",\"recorded_at\":\"2024-06-03T10:00:00Z\"}",
                            gi->id, gi->id, municipality->id);
        if (!json)
                return -ENOMEM;
        line_parse(cases->config->types, cases->config->organisations, text_of(json), LANGUAGE_EN, cases->arena, &line);
        if (line.kind == LINE_EVENT) {
                cases->event = line.event;
                /* Strings may point into the line's JSON, which goes: those that stay are these. */
                cases->event.slots[SLOT_SOURCE].s = text_of(gi->id);
                if (line.event.type->fields[FIELD_GI] >= 0)
                        cases->event.slots[line.event.type->fields[FIELD_GI]].s = text_of(gi->id);
                if (line.event.type->fields[FIELD_MUNICIPALITY] >= 0)
                        cases->event.slots[line.event.type->fields[FIELD_MUNICIPALITY]].s = text_of(municipality->id);
        } else {
                error_set(err, "no measure-started can be made with these schemas: %s", line.error.text);
                r = -EINVAL;
        }
        line_done(&line);
        return r;
}

/* The present on the @day-th day after: midnight. */
static instant_t cases_midnight(const struct timers_cases *cases, int day) {
        return date_begin(cases->first_day + day);
}

/* Return: 0; -EINVAL with a sentence (no measure-started, no GI, no municipality); -ENOMEM. cases_done() in any case. */
static int cases_init(struct timers_cases *cases, const struct config *config, struct error *err) {
        int r;

        *cases = (struct timers_cases){.config = config, .first_day = date_from_ymd(FIRST_YEAR, 6, 3)};
        cases->opened = cases_midnight(cases, DAYS_OF_STARTS - 1) + (instant_t)12 * 3600 * 1000;
        r = arena_new(&cases->arena, CASES_ARENA_MAX);
        if (r == 0)
                r = cases_template(cases, err);
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        if (r)
                return r;
        cases->measure = cases->event.type->links[LINK_MEASURE];
        cases->informed = layout_slot(cases->event.type->layout, "informed_date");
        cases->verdict = layout_slot(cases->event.type->layout, "verdict_date");
        if (cases->measure >= 0 && cases->informed >= 0 && cases->verdict >= 0)
                return 0;
        error_set(err, "measure-started.avsc lacks measure_id, informed_date or verdict_date; put back the file that ketenwacht ships");
        return -EINVAL;
}

static void cases_done(struct timers_cases *cases) {
        arena_free(cases->arena);
        *cases = (struct timers_cases){0};
}

/* Ids that look random, as version 4 ones do: the same for the same number. */
static struct uuid cases_id(uint64_t number, uint64_t what) {
        uint8_t random[16];

        for (size_t half = 0; half < 2; half++) {
                uint64_t z = (number * 6 + what * 2 + half + 1) * UINT64_C(0x9e3779b97f4a7c15);

                z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
                z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
                z ^= z >> 31;
                memcpy(random + 8 * half, &z, sizeof(z));
        }
        return uuid_v4(random);
}

/* The start of case @number; borrowed until the next call. */
static const struct event *cases_start(struct timers_cases *cases, uint64_t number) {
        struct slot *slots = cases->event.slots;
        day_t day = cases->first_day + (day_t)(number % DAYS_OF_STARTS);

        slots[SLOT_EVENT_ID].u = cases_id(number, 0);
        slots[SLOT_CASE_ID].u = cases_id(number, 1);
        slots[cases->measure].u = cases_id(number, 2);
        slots[cases->informed].i = slots[cases->verdict].i = day;
        slots[SLOT_OCCURRED_AT].i = slots[SLOT_RECORDED_AT].i = date_begin(day) + (instant_t)9 * 3600 * 1000 + (instant_t)(number % 3600000);
        return &cases->event;
}

/* -- The engine alone: effects and rows encoded, no bus, so that memory is the cases' -- */

#define ENGINE_SCRATCH_MAX ((size_t)4 << 20)
#define ENGINE_COMMIT_CASES 1000

struct engine_alone {
        struct timers_cases *cases;
        struct engine *engine;
        struct store *store;
        struct arena *scratch;
        struct buffer body;
        uint64_t told;
};

static int engine_encode(struct engine_alone *w, const struct outcome *outcome) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                struct event event;
                int r = effect_event(&outcome->effects[i], w->cases->config->types, w->scratch, &event);

                if (r)
                        return r;
                buffer_clear(&w->body);
                event_record_encode(&event, &w->body);
        }
        w->told += outcome->n_effects;
        return w->body.failed ? -ENOMEM : 0;
}

static int engine_open(struct engine_alone *w, uint64_t n, struct error *err) {
        for (uint64_t i = 0; i < n; i++) {
                const struct outcome *outcome;
                int r;

                arena_reset(w->scratch);
                r = engine_event(w->engine, w->store, cases_start(w->cases, i), w->cases->opened, true, &outcome, err);
                if (r > 0)
                        return -EINVAL; /* with the sentence of the refusal */
                if (r == 0)
                        r = engine_encode(w, outcome);
                if (r)
                        return r;
                if (i % ENGINE_COMMIT_CASES == ENGINE_COMMIT_CASES - 1)
                        store_commit(w->store);
        }
        store_commit(w->store);
        return 0;
}

static int engine_fire(struct engine_alone *w, uint64_t *ret_fired) {
        struct casefile *casefile;

        *ret_fired = 0;
        for (int day = 1; day <= TIMERS_DAYS; day++) {
                instant_t now = cases_midnight(w->cases, day);

                while (store_next(w->store, &casefile) <= now) {
                        const struct outcome *outcome;
                        int r;

                        arena_reset(w->scratch);
                        r = engine_evaluate(w->engine, w->store, casefile, now, &outcome);
                        if (r == 0)
                                r = engine_encode(w, outcome);
                        if (r)
                                return r;
                        if (++*ret_fired % ENGINE_COMMIT_CASES == 0)
                                store_commit(w->store);
                }
        }
        store_commit(w->store);
        return 0;
}

static int engine_measure(struct engine_alone *w, uint64_t n, struct timers_fired *ret, struct error *err) {
        int64_t start = clock_cpu_ns(), before = bench_rss_bytes();
        int r = engine_open(w, n, err);

        if (r)
                return r;
        ret->cases = n;
        ret->open_ns = (double)(clock_cpu_ns() - start) / (double)n;
        ret->bytes_per_case = (double)store_stats(w->store).bytes / (double)n;
        ret->rss_per_case = (double)(bench_rss_bytes() - before) / (double)n;
        bench_say("fires what falls due in %d days", TIMERS_DAYS);
        w->told = 0;
        start = clock_cpu_ns();
        r = engine_fire(w, &ret->fired);
        if (r)
                return r;
        ret->told = w->told;
        ret->fire_ns = ret->fired ? (double)(clock_cpu_ns() - start) / (double)ret->fired : 0;
        return 0;
}

static int measure_engine(struct timers_cases *cases, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct engine_alone w = {.cases = cases, .body = BUFFER_INIT(BODY_MAX)};
        int r = engine_new(cases->config, &w.engine);

        *ret = (struct timers_fired){0};
        if (r == 0)
                r = store_new(w.engine, &w.store);
        if (r == 0)
                r = arena_new(&w.scratch, ENGINE_SCRATCH_MAX);
        if (r == 0)
                r = engine_measure(&w, n, ret, err);
        if (r && !err->text[0])
                error_set(err, "the engine could not do it with %llu cases: %s; try fewer (--cases)", (unsigned long long)n, strerror(-r));
        buffer_done(&w.body);
        arena_free(w.scratch);
        store_free(w.store);
        engine_free(w.engine);
        return r;
}

/* -- A whole worker on the memory bus: records with headers, rows and commits -- */

#define WORKER_PARTITIONS 4
#define WORKER_CHUNK 20000            /* starts on the bus at once */
#define WORKER_STEPS_MAX 100000000    /* of one wait: an end to a worker that never gets there */
#define WORKER_METRICS_MAX ((size_t)16 << 20)
#define WORKER_OVERDUE_COUNT "\nketenwacht_overdue_seconds_count " /* one for each case that was fired (worker/meter.c) */

struct worker_alone {
        struct timers_cases *cases;
        struct hand_clock now; /* decides */
        struct memory *memory;
        struct metrics *metrics;
        struct worker_metrics *worker_metrics;
        struct worker *worker;
        struct buffer body, text;
};

/* -- Topics -- */

static int worker_topic(struct worker_alone *w, const char *name, int32_t partitions) {
        int r = memory_topic(w->memory, name, partitions);

        return r == -EEXIST ? 0 : r;
}

static int worker_topics(struct worker_alone *w) {
        const struct config *config = w->cases->config;
        char inbox[BUS_NAME_MAX + 1];
        int r = worker_topic(w, TOPIC_CASE_STATE, WORKER_PARTITIONS);

        for (size_t i = 0; r == 0 && i < event_types_count(config->types); i++)
                r = worker_topic(w, event_types_at(config->types, i)->name, WORKER_PARTITIONS);
        if (r == 0)
                r = worker_topic(w, TOPIC_DEAD_LETTERS, 1);
        for (size_t i = 0; r == 0 && i < organisations_count(config->organisations); i++) {
                (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisations_at(config->organisations, i)->id);
                r = worker_topic(w, inbox, 1);
        }
        return r;
}

static void worker_forget_topic(struct worker_alone *w, const char *name) {
        for (int32_t p = 0; p < WORKER_PARTITIONS; p++)
                memory_truncate(w->memory, name, p, memory_stable(w->memory, name, p));
}

/* Lets go of the bytes of all that was read and written; each record leaves a trace. */
static void worker_forget(struct worker_alone *w) {
        static const char *const own[] = {TOPIC_CASE_STATE, TOPIC_PLAN_DUE, TOPIC_ESCALATION_RAISED, TOPIC_ESCALATION_RESOLVED};
        const struct config *config = w->cases->config;
        char inbox[BUS_NAME_MAX + 1];

        for (size_t i = 0; i < ELEMENTS(own); i++)
                worker_forget_topic(w, own[i]);
        worker_forget_topic(w, w->cases->event.type->name);
        for (size_t i = 0; i < organisations_count(config->organisations); i++) {
                (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisations_at(config->organisations, i)->id);
                worker_forget_topic(w, inbox);
        }
}

/* -- Driving -- */

static int worker_send(struct worker_alone *w, uint64_t number) {
        const struct event *event = cases_start(w->cases, number);
        struct event_record made;
        int r = event_record_make(event, w->cases->config->organisations, (struct text){0}, &w->body, &made);

        return r ? r : memory_append(w->memory, &made.record);
}

/* Steps until this many facts are committed, and all is told that is due now. */
static int worker_come_to_rest(struct worker_alone *w, uint64_t facts, struct error *err) {
        struct worker_status status;

        for (unsigned i = 0; i < WORKER_STEPS_MAX; i++) {
                int r = worker_step(w->worker, 0, err);

                if (r)
                        return r > 0 ? -EIO : r;
                worker_status(w->worker, &status);
                if (status.dead)
                        break;
                if ((uint64_t)status.facts >= facts && status.settled_at >= atomic_load(&w->now.at))
                        return 0;
        }
        error_set(err, "the worker refused a start, or did not come to rest; please report this");
        return -EIO;
}

/* *ret_ns: CPU time of the worker and the bus alone, not of who publishes the starts. */
static int worker_open(struct worker_alone *w, uint64_t n, int64_t *ret_ns, struct error *err) {
        *ret_ns = 0;
        for (uint64_t first = 0; first < n; first += WORKER_CHUNK) {
                uint64_t end = n - first < WORKER_CHUNK ? n : first + WORKER_CHUNK;
                int64_t start;
                int r = 0;

                for (uint64_t i = first; r == 0 && i < end; i++)
                        r = worker_send(w, i);
                hand_clock_put(&w->now, atomic_load(&w->now.at) + 1);
                start = clock_cpu_ns();
                if (r == 0)
                        r = worker_come_to_rest(w, end, err);
                if (r)
                        return r;
                *ret_ns += clock_cpu_ns() - start;
                worker_forget(w);
        }
        return 0;
}

static uint64_t worker_fired(struct worker_alone *w) {
        const char *at;
        int64_t fired;

        buffer_clear(&w->text);
        metrics_render(w->metrics, &w->text);
        at = w->text.failed ? NULL : strstr(buffer_text(&w->text), WORKER_OVERDUE_COUNT);
        if (!at)
                return 0;
        at += sizeof(WORKER_OVERDUE_COUNT) - 1;
        return text_to_int64((struct text){at, strcspn(at, "\n")}, &fired) ? (uint64_t)fired : 0;
}

static int worker_fire(struct worker_alone *w, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct worker_status status;
        uint64_t fired = worker_fired(w);
        int64_t cpu = 0, told;

        worker_status(w->worker, &status);
        told = status.told;
        for (int day = 1; day <= TIMERS_DAYS; day++) {
                int64_t start = clock_cpu_ns();
                instant_t midnight = cases_midnight(w->cases, day);
                int r;

                if (midnight <= atomic_load(&w->now.at))
                        continue; /* still the days of the starts */
                hand_clock_put(&w->now, midnight);
                r = worker_come_to_rest(w, n, err);
                if (r)
                        return r;
                cpu += clock_cpu_ns() - start;
                worker_forget(w);
        }
        worker_status(w->worker, &status);
        ret->told = (uint64_t)(status.told - told);
        ret->fired = worker_fired(w) - fired;
        ret->fire_ns = ret->fired ? (double)cpu / (double)ret->fired : 0;
        return 0;
}

static int worker_measure(struct worker_alone *w, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct worker_config config = {.config = w->cases->config,
                                       .bus = memory_bus(w->memory),
                                       .clock = hand_clock(&w->now),
                                       .real = clock_system(),
                                       .metrics = w->worker_metrics,
                                       .instance = "bench"};
        struct worker_census census;
        int64_t cpu;
        int r = worker_new(&config, &w->worker, err);

        if (r)
                return r;
        r = worker_open(w, n, &cpu, err);
        if (r)
                return r;
        worker_census(w->worker, &census);
        ret->cases = n;
        ret->open_ns = (double)cpu / (double)n;
        ret->bytes_per_case = (double)census.bytes / (double)n;
        return worker_fire(w, n, ret, err);
}

static int measure_worker(struct timers_cases *cases, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct worker_alone w = {.cases = cases, .now = {.at = cases->opened}, .body = BUFFER_INIT(BODY_MAX), .text = BUFFER_INIT(WORKER_METRICS_MAX)};
        int r = memory_new(clock_system(), &w.memory);

        *ret = (struct timers_fired){0};
        if (r == 0)
                r = worker_topics(&w);
        if (r == 0)
                r = metrics_new(&w.metrics);
        if (r == 0)
                r = worker_metrics_new(w.metrics, cases->config, &w.worker_metrics, err);
        if (r == 0)
                r = worker_measure(&w, n, ret, err);
        if (r && !err->text[0])
                error_set(err, "the worker could not do it with %llu cases: %s; try fewer (--cases)", (unsigned long long)n, strerror(-r));
        worker_free(w.worker);
        worker_metrics_free(w.worker_metrics);
        metrics_free(w.metrics);
        memory_free(w.memory);
        buffer_done(&w.body);
        buffer_done(&w.text);
        return r;
}

/* -- The heap of instants by itself -- */

#define HEAP_YEAR_MS ((uint64_t)365 * 24 * 3600 * 1000)

#define HEAP_ROUNDS 3

struct timers_heap {
        double insert_ns, pop_ns; /* an item */
};

struct heap_item { /* a cache line for each, as each case has its own */
        struct heap_slot slot;
        char rest[56];
};

/* Instants all over a year, in no order: the hardest case. Midnights, as most are, come cheaper. */
static instant_t heap_instant(uint64_t *state) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (instant_t)((*state >> 24) % HEAP_YEAR_MS);
}

static bool heap_round(struct heap_item *items, uint64_t n, struct timers_heap *ret) {
        struct heap heap = {0};
        uint64_t state = 1;
        instant_t last = 0;
        int64_t start = clock_cpu_ns();
        int wrong = 0;

        for (uint64_t i = 0; i < n; i++)
                wrong |= heap_set(&heap, &items[i].slot, heap_instant(&state));
        ret->insert_ns = (double)(clock_cpu_ns() - start) / (double)n;
        start = clock_cpu_ns();
        for (uint64_t i = 0; i < n && !wrong; i++) {
                const struct heap_entry *first = heap_first(&heap);

                wrong |= first->at < last;
                last = first->at;
                heap_remove(&heap, first->slot);
        }
        ret->pop_ns = (double)(clock_cpu_ns() - start) / (double)n;
        heap_done(&heap);
        return !wrong;
}

static int measure_heap(uint64_t n, struct timers_heap *ret, struct error *err) {
        struct heap_item *items = calloc(n, sizeof(*items));
        bool good = items != NULL;

        *ret = (struct timers_heap){1e18, 1e18};
        /* The best of each: the first round also pays for fresh memory. */
        for (unsigned i = 0; good && i < HEAP_ROUNDS; i++) {
                struct timers_heap round;

                good = heap_round(items, n, &round);
                ret->insert_ns = round.insert_ns < ret->insert_ns ? round.insert_ns : ret->insert_ns;
                ret->pop_ns = round.pop_ns < ret->pop_ns ? round.pop_ns : ret->pop_ns;
        }
        free(items);
        if (good)
                return 0;
        error_set(err, "the heap could not hold %llu items, or gave them in a wrong order; try fewer (--cases)", (unsigned long long)n);
        return -ENOMEM;
}

/* -- The command -- */

#define CASES_DEFAULT 10000000

struct timers_figures {
        struct timers_heap heap;
        struct timers_fired engine, worker;
};

static double timers_per_s(double ns) {
        return ns > 0 ? 1e9 / ns : 0;
}

static void timers_print_json(const struct timers_figures *f) {
        printf("{\"cases\":%llu,\"fired_per_s\":%.0f,\"memory_bytes_per_case\":%.1f", (unsigned long long)f->engine.cases,
               timers_per_s(f->worker.fire_ns), f->engine.bytes_per_case);
        printf(",\"resident_bytes_per_case\":%.1f,\"heap_insert_per_s\":%.0f,\"heap_pop_per_s\":%.0f,\"heap_insert_pop_per_s\":%.0f",
               f->engine.rss_per_case, timers_per_s(f->heap.insert_ns), timers_per_s(f->heap.pop_ns), timers_per_s(f->heap.insert_ns + f->heap.pop_ns));
        printf(",\"engine_opened_per_s\":%.0f,\"engine_fired_per_s\":%.0f,\"engine_fired\":%llu,\"engine_told\":%llu", timers_per_s(f->engine.open_ns),
               timers_per_s(f->engine.fire_ns), (unsigned long long)f->engine.fired, (unsigned long long)f->engine.told);
        printf(",\"worker_cases\":%llu,\"worker_opened_per_s\":%.0f,\"worker_fired\":%llu,\"worker_told\":%llu}\n",
               (unsigned long long)f->worker.cases, timers_per_s(f->worker.open_ns), (unsigned long long)f->worker.fired,
               (unsigned long long)f->worker.told);
}

static void timers_print_text(const struct timers_figures *f) {
        printf("heap of %llu items, instants all over a year: insert %.0f/s, pop %.0f/s, insert and pop %.0f/s\n",
               (unsigned long long)f->engine.cases, timers_per_s(f->heap.insert_ns), timers_per_s(f->heap.pop_ns),
               timers_per_s(f->heap.insert_ns + f->heap.pop_ns));
        printf("engine, %llu cases of one fact: opened %.0f/s, %.0f bytes a case (%.0f resident); fired %llu times, %.0f/s, %llu tellings\n",
               (unsigned long long)f->engine.cases, timers_per_s(f->engine.open_ns), f->engine.bytes_per_case, f->engine.rss_per_case,
               (unsigned long long)f->engine.fired, timers_per_s(f->engine.fire_ns), (unsigned long long)f->engine.told);
        printf("worker on the memory bus, %llu cases: opened %.0f/s; fired %llu times, %.0f/s, %llu tellings\n",
               (unsigned long long)f->worker.cases, timers_per_s(f->worker.open_ns), (unsigned long long)f->worker.fired, timers_per_s(f->worker.fire_ns),
               (unsigned long long)f->worker.told);
}

static int timers_measure(const struct config *config, uint64_t n, struct timers_figures *ret, struct error *err) {
        uint64_t fewer = n < TIMERS_WORKER_CASES_MAX ? n : TIMERS_WORKER_CASES_MAX;
        struct timers_cases cases;
        int r;

        bench_say("puts %llu items into a heap and takes them out, %d times", (unsigned long long)n, HEAP_ROUNDS);
        r = measure_heap(n, &ret->heap, err);
        if (r)
                return r;
        r = cases_init(&cases, config, err);
        if (r == 0) {
                bench_say("opens %llu cases in the engine", (unsigned long long)n);
                r = measure_engine(&cases, n, &ret->engine, err);
        }
        if (r == 0) {
                bench_say("opens %llu cases with a worker on the memory bus, and fires what falls due", (unsigned long long)fewer);
                r = measure_worker(&cases, fewer, &ret->worker, err);
        }
        cases_done(&cases);
        return r;
}

static int timers_run(int argc, char **argv, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct bench_arguments arguments = BENCH_ARGUMENTS_DEFAULT;
        const char *cases = NULL;
        const struct option_row options[] = {BENCH_OPTION_ROWS(&arguments), OPTION_TEXT_ROW("--cases", &cases), OPTION_END_ROW};
        struct timers_figures figures = {0};
        int64_t n = CASES_DEFAULT;
        int status = bench_options(argc, argv, options);

        if (status)
                return status;
        status = bench_number(argv[0], "--cases", cases, 1, TIMERS_CASES_MAX, &n);
        if (status)
                return status;
        status = bench_configuration(&arguments, &config, err);
        if (status)
                return status;
        if (timers_measure(config, (uint64_t)n, &figures, err))
                return EXIT_NO;
        if (arguments.json)
                timers_print_json(&figures);
        else
                timers_print_text(&figures);
        return EXIT_DONE;
}

const struct bench bench_timers = {
        .name = "timers",
        .summary = "millions of open cases that wait, and fall due",
        .help = "Usage: ketenwacht bench timers [--cases N] [--json] [--config DIR] [--schemas DIR]\n\n"
                "Open cases of one fact each, with the protocols of --config; CPU time of one core:\n"
                "  the heap of instants by itself: N items in, in no order, and out again;\n"
                "  the engine: N cases opened, then 120 days go by and all that falls due is evaluated and encoded;\n"
                "  a worker on the memory bus: the same with records, rows and commits, of at most 500,000 cases, because\n"
                "  that bus keeps a trace of every record.\n"
                "--json: {\"cases\", \"fired_per_s\" (worker), \"memory_bytes_per_case\" (engine's store), \"resident_bytes_per_case\",\n"
                "\"heap_insert_per_s\", \"heap_pop_per_s\", \"heap_insert_pop_per_s\", \"engine_opened_per_s\", \"engine_fired_per_s\",\n"
                "\"engine_fired\", \"engine_told\", \"worker_cases\", \"worker_opened_per_s\", \"worker_fired\", \"worker_told\"}\n\n"
                "Options:\n"
                "  --cases N      how many cases (default 10000000, which takes some 10 GB for a while)\n",
        .run = timers_run,
};
