/* SPDX-License-Identifier: EUPL-1.2 */

/* A whole worker on the memory bus: what falls due becomes records with headers, rows and commits. */

#include <errno.h>
#include <string.h>

#include "avro/framing.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"
#include "bus/memory.h"
#include "cluster/topics.h"
#include "bench/bench.h"
#include "bench/timers.h"
#include "worker/worker.h"

#define PARTITIONS 4
#define CHUNK 20000            /* starts on the bus at once */
#define STEPS_MAX 100000000    /* of one wait: an end to a worker that never gets there */
#define BODY_MAX ((size_t)1 << 20)
#define METRICS_TEXT_MAX ((size_t)16 << 20)
#define OVERDUE_COUNT "\nketenwacht_overdue_seconds_count " /* one for each case that was fired (worker/metrics.c) */

struct world {
        struct timers_cases *cases;
        instant_t now; /* of the clock that decides */
        struct memory *memory;
        struct metrics *metrics;
        struct worker_metrics *worker_metrics;
        struct worker *worker;
        struct buffer body, text;
};

static instant_t standing_now(void *ctx) {
        return ((const struct world *)ctx)->now;
}

static int64_t real_monotonic(void *ctx) {
        struct clock real = clock_system();

        (void) ctx;
        return clock_monotonic(&real);
}

static const struct clock_ops standing = {.realtime_ms = standing_now, .monotonic_ms = real_monotonic};

/* -- Topics -- */

static int topic(struct world *w, const char *name, int32_t partitions) {
        int r = memory_topic(w->memory, name, partitions);

        return r == -EEXIST ? 0 : r;
}

static int make_topics(struct world *w) {
        const struct config *config = w->cases->config;
        char inbox[BUS_NAME_MAX + 1];
        int r = topic(w, TOPIC_CASE_STATE, PARTITIONS);

        for (size_t i = 0; r == 0 && i < event_types_count(config->types); i++)
                r = topic(w, event_types_at(config->types, i)->name, PARTITIONS);
        if (r == 0)
                r = topic(w, TOPIC_DEAD_LETTERS, 1);
        for (size_t i = 0; r == 0 && i < organisations_count(config->organisations); i++) {
                (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisations_at(config->organisations, i)->id);
                r = topic(w, inbox, 1);
        }
        return r;
}

static void forget_topic(struct world *w, const char *name) {
        for (int32_t p = 0; p < PARTITIONS; p++)
                memory_truncate(w->memory, name, p, memory_stable(w->memory, name, p));
}

/* Lets go of the bytes of all that was read and written; each record leaves a trace. */
static void forget(struct world *w) {
        static const char *const own[] = {TOPIC_CASE_STATE, TOPIC_PLAN_DUE, TOPIC_ESCALATION_RAISED, TOPIC_ESCALATION_RESOLVED};
        const struct config *config = w->cases->config;
        char inbox[BUS_NAME_MAX + 1];

        for (size_t i = 0; i < ELEMENTS(own); i++)
                forget_topic(w, own[i]);
        forget_topic(w, w->cases->event.type->name);
        for (size_t i = 0; i < organisations_count(config->organisations); i++) {
                (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisations_at(config->organisations, i)->id);
                forget_topic(w, inbox);
        }
}

/* -- Driving -- */

static int send_start(struct world *w, uint64_t number) {
        const struct event *event = timers_case(w->cases, number);
        char key[UUID_TEXT + 1];

        uuid_format(&event->slots[SLOT_CASE_ID].u, key);
        buffer_clear(&w->body);
        framing_write_single(event->type->layout->fingerprint, &w->body);
        record_encode(event->type->layout, event->slots, &w->body);
        if (w->body.failed)
                return -ENOMEM;
        return memory_append(w->memory, &(struct bus_record){.topic = event->type->name,
                                                             .partition = BUS_BY_KEY,
                                                             .key = key,
                                                             .key_n = UUID_TEXT,
                                                             .value = w->body.bytes,
                                                             .value_n = w->body.n});
}

/* Steps until this many facts are committed, and all is told that is due now. */
static int settle(struct world *w, uint64_t facts, struct error *err) {
        struct worker_status status;

        for (unsigned i = 0; i < STEPS_MAX; i++) {
                int r = worker_step(w->worker, 0, err);

                if (r)
                        return r > 0 ? -EIO : r;
                worker_status(w->worker, &status);
                if (status.dead)
                        break;
                if ((uint64_t)status.facts >= facts && status.settled_at >= w->now)
                        return 0;
        }
        error_set(err, "the worker refused a start, or did not come to rest; please report this");
        return -EIO;
}

/* *ret_ns: CPU time of the worker and the bus alone, not of who publishes the starts. */
static int open_all(struct world *w, uint64_t n, int64_t *ret_ns, struct error *err) {
        *ret_ns = 0;
        for (uint64_t first = 0; first < n; first += CHUNK) {
                uint64_t end = n - first < CHUNK ? n : first + CHUNK;
                int64_t start;
                int r = 0;

                for (uint64_t i = first; r == 0 && i < end; i++)
                        r = send_start(w, i);
                w->now++;
                start = clock_cpu_ns();
                if (r == 0)
                        r = settle(w, end, err);
                if (r)
                        return r;
                *ret_ns += clock_cpu_ns() - start;
                forget(w);
        }
        return 0;
}

static uint64_t fired_so_far(struct world *w) {
        const char *at;
        int64_t fired;

        buffer_clear(&w->text);
        metrics_render(w->metrics, &w->text);
        at = w->text.failed ? NULL : strstr(buffer_text(&w->text), OVERDUE_COUNT);
        if (!at)
                return 0;
        at += sizeof(OVERDUE_COUNT) - 1;
        return text_to_int64((struct text){at, strcspn(at, "\n")}, &fired) ? (uint64_t)fired : 0;
}

static int fire_all(struct world *w, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct worker_status status;
        uint64_t fired = fired_so_far(w);
        int64_t cpu = 0, told;

        worker_status(w->worker, &status);
        told = status.told;
        for (int day = 1; day <= TIMERS_DAYS; day++) {
                int64_t start = clock_cpu_ns();
                instant_t midnight = timers_midnight(w->cases, day);
                int r;

                if (midnight <= w->now)
                        continue; /* still the days of the starts */
                w->now = midnight;
                r = settle(w, n, err);
                if (r)
                        return r;
                cpu += clock_cpu_ns() - start;
                forget(w);
        }
        worker_status(w->worker, &status);
        ret->told = (uint64_t)(status.told - told);
        ret->fired = fired_so_far(w) - fired;
        ret->fire_ns = ret->fired ? (double)cpu / (double)ret->fired : 0;
        return 0;
}

static int measure(struct world *w, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct worker_config config = {.config = w->cases->config,
                                       .bus = memory_bus(w->memory),
                                       .clock = {&standing, w},
                                       .real = clock_system(),
                                       .metrics = w->worker_metrics,
                                       .instance = "bench"};
        struct worker_census census;
        int64_t cpu;
        int r = worker_new(&config, &w->worker, err);

        if (r == 0)
                r = open_all(w, n, &cpu, err);
        if (r)
                return r;
        worker_census(w->worker, &census);
        ret->cases = n;
        ret->open_ns = (double)cpu / (double)n;
        ret->bytes_per_case = (double)census.bytes / (double)n;
        return fire_all(w, n, ret, err);
}

int timers_worker(struct timers_cases *cases, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct world w = {.cases = cases, .now = cases->opened, .body = BUFFER_INIT(BODY_MAX), .text = BUFFER_INIT(METRICS_TEXT_MAX)};
        int r = memory_new(clock_system(), &w.memory);

        *ret = (struct timers_fired){0};
        if (r == 0)
                r = make_topics(&w);
        if (r == 0)
                r = metrics_new(&w.metrics);
        if (r == 0)
                r = worker_metrics_new(w.metrics, cases->config, &w.worker_metrics, err);
        if (r == 0)
                r = measure(&w, n, ret, err);
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
