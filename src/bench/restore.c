/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench restore`: rows of case-state back into memory
 *
 * The rows are those that a worker writes for a load of the four deadlines (bench_load.h): a fact each, and what was told.
 * Without a broker they are applied from memory, in the order in which they would stand on the topic: what one thread of a
 * worker can do at best.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vector.h"
#include "bench/load.h"
#include "bench/restore.h"
#include "engine/engine.h"
#include "engine/restore.h"
#include "engine/row.h"

#define CASES_DEFAULT 200000
#define ROUNDS 3
#define PARTS 4            /* stores of one thread */
#define COMMIT_EVENTS 1000
#define ROW_BYTES_MAX ((size_t)16 << 30)

struct row {
        size_t at; /* of its key; the value follows */
        uint32_t n_value;
        uint16_t part;
};

struct rows {
        struct config *config;
        struct buffer bytes;
        VECTOR(struct row) items;
        instant_t now;
        uint64_t checksum;
        size_t facts;
};

struct figures {
        double ns_per_row, memory_per_fact;
};

static unsigned part_of(const struct uuid *case_id) {
        return case_id->bytes[0] % PARTS;
}

static int keep(struct rows *rows, const struct outcome *outcome, unsigned part) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];
                struct row item = {.at = rows->bytes.n, .n_value = (uint32_t)row->n_value, .part = (uint16_t)part};

                buffer_add(&rows->bytes, row->key, row->n_key);
                buffer_add(&rows->bytes, row->value, row->n_value);
                r = rows->bytes.failed ? -ENOMEM : vector_push(&rows->items, item);
        }
        return r;
}

/* As a worker does that reads one event after another: each is accepted and judged, and its rows are written. */
static int make_rows(struct rows *rows, struct bench_load *load, struct engine *engine, struct store *stores[PARTS], struct error *err) {
        struct event event;
        int r = 0;

        for (unsigned n = 1; r == 0 && bench_load_next(load, &event); n++) {
                unsigned part = part_of(&event.slots[SLOT_CASE_ID].u);
                const struct outcome *outcome;

                r = engine_event(engine, stores[part], &event, rows->now, true, &outcome, err);
                if (r == 0)
                        r = keep(rows, outcome, part);
                for (unsigned p = 0; n % COMMIT_EVENTS == 0 && p < PARTS; p++)
                        store_commit(stores[p]);
        }
        for (unsigned p = 0; r == 0 && p < PARTS; p++) {
                store_commit(stores[p]);
                rows->checksum += store_checksum(stores[p]);
                rows->facts += store_stats(stores[p]).facts;
        }
        return r > 0 ? -EINVAL : r;
}

/* Engine and stores of a thread: used while rows are made, and anew in each round. */
struct thread {
        struct engine *engine;
        struct store *stores[PARTS];
};

static int thread_begin(struct thread *t, const struct config *config) {
        int r = engine_new(config, &t->engine);

        for (unsigned p = 0; r == 0 && p < PARTS; p++)
                r = store_new(t->engine, &t->stores[p]);
        return r;
}

static void thread_end(struct thread *t) {
        for (unsigned p = 0; p < PARTS; p++)
                store_free(t->stores[p]);
        engine_free(t->engine);
        *t = (struct thread){0};
}

static int prepare(struct rows *rows, uint64_t cases, uint64_t seed, struct error *err) {
        const struct bench_load_config want = {.config = rows->config, .shape = BENCH_LOAD_FOUR, .cases = cases, .seed = seed, .now = rows->now};
        CLEANUP(bench_load_free_p) struct bench_load *load = NULL;
        struct thread t = {0};
        int r = bench_load_new(&want, &load, err);

        if (r == 0)
                r = thread_begin(&t, rows->config);
        if (r == 0)
                r = make_rows(rows, load, t.engine, t.stores, err);
        thread_end(&t);
        return r;
}

static int one_round(const struct rows *rows, struct figures *ret, struct error *err) {
        struct thread t = {0};
        uint64_t checksum = 0;
        size_t bytes = 0;
        int64_t begin;
        int r = thread_begin(&t, rows->config);

        begin = clock_cpu_ns();
        for (size_t i = 0; r == 0 && i < rows->items.n; i++) {
                const struct row *row = &rows->items.items[i];
                const uint8_t *key = rows->bytes.bytes + row->at;

                r = store_restore(t.stores[row->part], key, ROW_KEY_BYTES, key + ROW_KEY_BYTES, row->n_value, err);
        }
        ret->ns_per_row = (double)(clock_cpu_ns() - begin) / (double)rows->items.n;
        for (unsigned p = 0; r == 0 && p < PARTS; p++) {
                checksum += store_checksum(t.stores[p]);
                bytes += store_stats(t.stores[p]).bytes;
        }
        ret->memory_per_fact = (double)bytes / (double)rows->facts;
        thread_end(&t);
        if (r == 0 && checksum != rows->checksum) {
                error_set(err, "what was restored is not what there was");
                r = -EBADMSG;
        }
        return r;
}

static int by_ns(const void *a, const void *b) {
        const struct figures *x = a, *y = b;

        return (x->ns_per_row > y->ns_per_row) - (x->ns_per_row < y->ns_per_row);
}

static int in_memory(struct rows *rows, bool json, struct error *err) {
        struct figures f[ROUNDS];
        const struct figures *middle = &f[ROUNDS / 2];

        for (unsigned i = 0; i < ROUNDS; i++) {
                int r = one_round(rows, &f[i], err);

                if (r)
                        return r;
        }
        qsort(f, ROUNDS, sizeof(*f), by_ns);
        if (json)
                printf("{\"rows\":%zu,\"rows_per_s\":%.0f,\"ns_per_row\":%.1f,\"memory_bytes_per_fact\":%.1f}\n", rows->items.n, 1e9 / middle->ns_per_row,
                       middle->ns_per_row, middle->memory_per_fact);
        else
                printf("restore, one thread, from memory: %zu rows, %.0f rows/s, %.0f ns a row (%.0f to %.0f); %.0f bytes in memory a fact, what was told "
                       "included\n",
                       rows->items.n, 1e9 / middle->ns_per_row, middle->ns_per_row, f[0].ns_per_row, f[ROUNDS - 1].ns_per_row, middle->memory_per_fact);
        return 0;
}

static int from_memory(const struct bench_restore_options *o, struct config *config, struct error *err) {
        struct clock clock = clock_system();
        struct rows rows = {.config = config, .bytes = BUFFER_INIT(ROW_BYTES_MAX), .now = clock_realtime(&clock)};
        int r = prepare(&rows, (uint64_t)o->cases, (uint64_t)o->seed, err);

        if (r == 0)
                r = in_memory(&rows, o->arguments.json, err);
        if (r && !err->text[0])
                error_set(err, "the rows cannot be made or restored: %s", strerror(-r));
        buffer_done(&rows.bytes);
        vector_done(&rows.items);
        return r == -EBADMSG ? EXIT_NO : r ? EXIT_BROKER : EXIT_DONE;
}

static int run(int argc, char **argv, struct error *err) {
        struct bench_restore_options o = {.arguments = BENCH_ARGUMENTS_DEFAULT, .cases = CASES_DEFAULT, .seed = BENCH_LOAD_SEED};
        CLEANUP(config_free_p) struct config *config = NULL;
        const char *cases = NULL, *seed = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&o.arguments), OPTION_TEXT_ROW("--bootstrap", &o.bootstrap), OPTION_TEXT_ROW("--cases", &cases),
                OPTION_TEXT_ROW("--seed", &seed), OPTION_END_ROW,
        };
        int status = bench_options(argc, argv, options);

        if (status == 0)
                status = bench_number(argv[0], "--cases", cases, 1, BENCH_LOAD_CASES_MAX / 2, &o.cases);
        if (status == 0)
                status = bench_number(argv[0], "--seed", seed, 0, INT64_MAX, &o.seed);
        if (status == 0)
                status = bench_configuration(&o.arguments, &config, err);
        if (status)
                return status;
        o.config = config;
        return o.bootstrap ? bench_restore_on_broker(&o, err) : from_memory(&o, config, err);
}

const struct bench bench_restore = {
        .name = "restore",
        .summary = "rows of case-state back into memory",
        .help = "Usage: ketenwacht bench restore [--cases N] [--seed N] [--bootstrap LIST] [--json] [--config DIR] [--schemas DIR]\n\n"
                "Without a broker: makes the rows that a worker writes for generated cases (bench load), and restores them into the stores of\n"
                "one thread: CPU time, without reading. Compares the checksum with that of the state that was there.\n"
                "--json: {\"rows\", \"rows_per_s\", \"ns_per_row\", \"memory_bytes_per_fact\"}\n\n"
                "With --bootstrap: on topics of its own (bench-<process>-1.…), which are deleted at the end, a child `rules --once` writes the\n"
                "state of the load; this process restores it as one thread of a worker does, reading and applying; and a second child\n"
                "shows what a restart costs as a whole: start, join, restore, evaluate every case, leave.\n"
                "--json: {\"rows\", \"rows_per_s\", \"seconds\", \"cpu_ns_per_row\", \"restart_s\", \"restart_cpu_s\", \"restart_rss_mb\"}\n\n"
                "  --cases N          how many (default 200000, about a million rows and more)\n"
                "  --seed N           without a broker: other cases in the same proportions (default 42)\n"
                "  --bootstrap LIST   the broker; without this option it measures from memory\n",
        .run = run,
};
