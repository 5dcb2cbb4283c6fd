/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench timers`: open cases that wait, and fall due
 *
 * Nothing is stored for a timer: each open case stands once in a heap, under the next instant at which anything can
 * change for it. So there are three things to measure: the heap by itself, with as many items as cases; the engine, which
 * opens that many cases and fires them; and a worker on the memory bus, which makes records of what the engine tells.
 */

#include "bench/timers.h"

#include <errno.h>
#include <stdio.h>

#include "base/heap.h"
#include "bench/bench.h"

#define CASES_DEFAULT 10000000
#define YEAR_MS ((uint64_t)365 * 24 * 3600 * 1000)

struct item { /* a cache line for each, as each case has its own */
        struct heap_slot slot;
        char rest[56];
};

struct figures {
        struct timers_heap heap;
        struct timers_fired engine, worker;
};

/* Instants all over a year, in no order: the hardest case. Midnights, as most are, come cheaper. */
static instant_t random_instant(uint64_t *state) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (instant_t)((*state >> 24) % YEAR_MS);
}

static bool heap_round(struct item *items, uint64_t n, struct timers_heap *ret) {
        struct heap heap = {0};
        uint64_t state = 1;
        instant_t last = 0;
        int64_t start = clock_cpu_ns();
        int wrong = 0;

        for (uint64_t i = 0; i < n; i++)
                wrong |= heap_set(&heap, &items[i].slot, random_instant(&state));
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

int timers_heap(uint64_t n, struct timers_heap *ret, struct error *err) {
        struct item *items = calloc(n, sizeof(*items));
        bool good = items != NULL;

        *ret = (struct timers_heap){1e18, 1e18};
        /* The best of each: the first round also pays for fresh memory. */
        for (unsigned i = 0; good && i < TIMERS_HEAP_ROUNDS; i++) {
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

static double per_s(double ns) {
        return ns > 0 ? 1e9 / ns : 0;
}

static void print_json(const struct figures *f) {
        printf("{\"cases\":%llu,\"fired_per_s\":%.0f,\"memory_bytes_per_case\":%.1f", (unsigned long long)f->engine.cases,
               per_s(f->worker.fire_ns), f->engine.bytes_per_case);
        printf(",\"resident_bytes_per_case\":%.1f,\"heap_insert_per_s\":%.0f,\"heap_pop_per_s\":%.0f,\"heap_insert_pop_per_s\":%.0f",
               f->engine.rss_per_case, per_s(f->heap.insert_ns), per_s(f->heap.pop_ns), per_s(f->heap.insert_ns + f->heap.pop_ns));
        printf(",\"engine_opened_per_s\":%.0f,\"engine_fired_per_s\":%.0f,\"engine_fired\":%llu,\"engine_told\":%llu", per_s(f->engine.open_ns),
               per_s(f->engine.fire_ns), (unsigned long long)f->engine.fired, (unsigned long long)f->engine.told);
        printf(",\"worker_cases\":%llu,\"worker_opened_per_s\":%.0f,\"worker_fired\":%llu,\"worker_told\":%llu}\n",
               (unsigned long long)f->worker.cases, per_s(f->worker.open_ns), (unsigned long long)f->worker.fired,
               (unsigned long long)f->worker.told);
}

static void print_text(const struct figures *f) {
        printf("heap of %llu items, instants all over a year: insert %.0f/s, pop %.0f/s, insert and pop %.0f/s\n",
               (unsigned long long)f->engine.cases, per_s(f->heap.insert_ns), per_s(f->heap.pop_ns), per_s(f->heap.insert_ns + f->heap.pop_ns));
        printf("engine, %llu cases of one fact: opened %.0f/s, %.0f bytes a case (%.0f resident); fired %llu times, %.0f/s, %llu tellings\n",
               (unsigned long long)f->engine.cases, per_s(f->engine.open_ns), f->engine.bytes_per_case, f->engine.rss_per_case,
               (unsigned long long)f->engine.fired, per_s(f->engine.fire_ns), (unsigned long long)f->engine.told);
        printf("worker on the memory bus, %llu cases: opened %.0f/s; fired %llu times, %.0f/s, %llu tellings\n",
               (unsigned long long)f->worker.cases, per_s(f->worker.open_ns), (unsigned long long)f->worker.fired, per_s(f->worker.fire_ns),
               (unsigned long long)f->worker.told);
}

static int measure(const struct config *config, uint64_t n, struct figures *ret, struct error *err) {
        uint64_t fewer = n < TIMERS_WORKER_CASES_MAX ? n : TIMERS_WORKER_CASES_MAX;
        struct timers_cases cases;
        int r;

        bench_say("puts %llu items into a heap and takes them out, %d times", (unsigned long long)n, TIMERS_HEAP_ROUNDS);
        r = timers_heap(n, &ret->heap, err);
        if (r)
                return r;
        r = timers_cases_init(&cases, config, err);
        if (r == 0) {
                bench_say("opens %llu cases in the engine", (unsigned long long)n);
                r = timers_engine(&cases, n, &ret->engine, err);
        }
        if (r == 0) {
                bench_say("opens %llu cases with a worker on the memory bus, and fires what falls due", (unsigned long long)fewer);
                r = timers_worker(&cases, fewer, &ret->worker, err);
        }
        timers_cases_done(&cases);
        return r;
}

static int run(int argc, char **argv, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct bench_arguments arguments = BENCH_ARGUMENTS_DEFAULT;
        const char *cases = NULL;
        const struct option_row options[] = {BENCH_OPTION_ROWS(&arguments), OPTION_TEXT_ROW("--cases", &cases), OPTION_END_ROW};
        struct figures figures = {0};
        int64_t n = CASES_DEFAULT;
        int status = bench_options(argc, argv, options);

        if (status == 0)
                status = bench_number(argv[0], "--cases", cases, 1, TIMERS_CASES_MAX, &n);
        if (status == 0)
                status = bench_configuration(&arguments, &config, err);
        if (status)
                return status;
        if (measure(config, (uint64_t)n, &figures, err))
                return EXIT_NO;
        if (arguments.json)
                print_json(&figures);
        else
                print_text(&figures);
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
        .run = run,
};
