/* SPDX-License-Identifier: EUPL-1.2 */

/* The engine alone: opens all cases, then fires whatever falls due, effects and rows encoded. No bus: so that memory is the cases'. */

#include <errno.h>
#include <string.h>

#include "avro/framing.h"
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/timers.h"
#include "engine/engine.h"

#define SCRATCH_MAX ((size_t)4 << 20)
#define BODY_MAX ((size_t)1 << 20)
#define COMMIT_CASES 1000

struct bench_engine_world {
        struct timers_cases *cases;
        struct engine *engine;
        struct store *store;
        struct arena *scratch;
        struct buffer body;
        uint64_t told;
};

static int encode(struct bench_engine_world *w, const struct outcome *outcome) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                struct event event;
                int r = effect_event(&outcome->effects[i], w->cases->config->types, w->scratch, &event);

                if (r)
                        return r;
                buffer_clear(&w->body);
                framing_write_single(event.type->layout->fingerprint, &w->body);
                record_encode(event.type->layout, event.slots, &w->body);
        }
        w->told += outcome->n_effects;
        return w->body.failed ? -ENOMEM : 0;
}

static int open_all(struct bench_engine_world *w, uint64_t n, struct error *err) {
        for (uint64_t i = 0; i < n; i++) {
                const struct outcome *outcome;
                int r;

                arena_reset(w->scratch);
                r = engine_event(w->engine, w->store, timers_case(w->cases, i), w->cases->opened, true, &outcome, err);
                if (r > 0)
                        return -EINVAL; /* with the sentence of the refusal */
                if (r == 0)
                        r = encode(w, outcome);
                if (r)
                        return r;
                if (i % COMMIT_CASES == COMMIT_CASES - 1)
                        store_commit(w->store);
        }
        store_commit(w->store);
        return 0;
}

static int fire_all(struct bench_engine_world *w, uint64_t *ret_fired) {
        struct casefile *file;

        *ret_fired = 0;
        for (int day = 1; day <= TIMERS_DAYS; day++) {
                instant_t now = timers_midnight(w->cases, day);

                while (store_next(w->store, &file) <= now) {
                        const struct outcome *outcome;
                        int r;

                        arena_reset(w->scratch);
                        r = engine_evaluate(w->engine, w->store, file, now, &outcome);
                        if (r == 0)
                                r = encode(w, outcome);
                        if (r)
                                return r;
                        if (++*ret_fired % COMMIT_CASES == 0)
                                store_commit(w->store);
                }
        }
        store_commit(w->store);
        return 0;
}

static int measure(struct bench_engine_world *w, uint64_t n, struct timers_fired *ret, struct error *err) {
        int64_t start = clock_cpu_ns(), before = bench_rss_bytes();
        int r = open_all(w, n, err);

        if (r)
                return r;
        ret->cases = n;
        ret->open_ns = (double)(clock_cpu_ns() - start) / (double)n;
        ret->bytes_per_case = (double)store_stats(w->store).bytes / (double)n;
        ret->rss_per_case = (double)(bench_rss_bytes() - before) / (double)n;
        bench_say("fires what falls due in %d days", TIMERS_DAYS);
        w->told = 0;
        start = clock_cpu_ns();
        r = fire_all(w, &ret->fired);
        if (r)
                return r;
        ret->told = w->told;
        ret->fire_ns = ret->fired ? (double)(clock_cpu_ns() - start) / (double)ret->fired : 0;
        return 0;
}

int timers_engine(struct timers_cases *cases, uint64_t n, struct timers_fired *ret, struct error *err) {
        struct bench_engine_world w = {.cases = cases, .body = BUFFER_INIT(BODY_MAX)};
        int r = engine_new(cases->config, &w.engine);

        *ret = (struct timers_fired){0};
        if (r == 0)
                r = store_new(w.engine, &w.store);
        if (r == 0)
                r = arena_new(&w.scratch, SCRATCH_MAX);
        if (r == 0)
                r = measure(&w, n, ret, err);
        if (r && !err->text[0])
                error_set(err, "the engine could not do it with %llu cases: %s; try fewer (--cases)", (unsigned long long)n, strerror(-r));
        buffer_done(&w.body);
        arena_free(w.scratch);
        store_free(w.store);
        engine_free(w.engine);
        return r;
}
