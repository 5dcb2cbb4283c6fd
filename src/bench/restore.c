/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench restore`: rows of case-state back into memory
 *
 * The rows are those that a worker writes for a load of the four deadlines (bench/load.h): a fact each, and what was told.
 * Without a broker they are applied from memory, in the order in which they would stand on the topic: what one thread of a
 * worker can do at best. On a broker a child writes the state, this process restores it as a worker's thread does, and a second
 * child shows what a whole restart costs.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vector.h"
#include "bench/load.h"
#include "bench/site.h"
#include "cluster/topics.h"
#include "engine/engine.h"
#include "engine/restore.h"
#include "model/row_key.h"

struct restore_options {
        struct bench_arguments arguments;
        const struct config *config; /* borrowed */
        const char *bootstrap;       /* NULL: from memory */
        int64_t cases, seed;
};

/* -- From a broker: the state of a load, written by one worker and read back by another -- */

#define RESTORE_POLL_MS 100
#define RESTORE_POLLS_MAX (2 * BUS_CALL_MS / RESTORE_POLL_MS) /* until partitions are handed out */

struct restore_broker {
        const struct restore_options *o;
        struct stop stop;
        struct site site;
        struct bench_load_result load;
        /* while reading */
        struct engine *engine;
        struct store *stores[SITE_PARTITIONS];
        struct error row_err;
        /* what came out */
        uint64_t rows, facts;
        double seconds, cpu_s;
        double restart_s, restart_cpu_s, restart_rss_mb;
};

/* One life of `rules --once`. */
static int restore_run_once(struct restore_broker *b, double *seconds, double *cpu_s, double *rss_mb, struct error *err) {
        struct bench_child *child = &b->site.workers[0].child;
        int r = site_worker(&b->site, 1, true, err);

        if (r)
                return r;
        r = bench_child_finish(child, &b->stop, err);
        if (r)
                return r;
        *seconds = child->life_s;
        *cpu_s = child->cpu_s;
        *rss_mb = child->rss_mb;
        if (child->status != 0) {
                error_set(err, "rules --once ended with status %d; its reason is above", child->status);
                r = -EIO;
        }
        bench_child_stop(child);
        b->site.n_workers = 0;
        return r;
}

static int restore_take_row(void *ctx, const struct bus_record *row) {
        struct restore_broker *b = ctx;
        struct row_key key;

        b->rows++;
        if (row_key_read(row->key, row->key_n, &key) == 0 && row_key_is_mark(&key))
                return 0;
        return store_restore(b->stores[row->partition], row->key, row->key_n, row->value, row->value_n, &b->row_err);
}

static int restore_wait(struct bus_worker *worker, struct bus_event *ret, struct error *err) {
        for (unsigned i = 0; i < RESTORE_POLLS_MAX; i++) {
                int r = bus_worker_poll(worker, RESTORE_POLL_MS, ret, err);

                if (r || ret->kind == BUS_ASSIGNED)
                        return r;
        }
        error_set(err, "the group handed out no partitions");
        return -ETIMEDOUT;
}

/* In this process, on one thread: read and applied. */
static int restore_read_back(struct restore_broker *b, struct error *err) {
        const char *state = TOPIC_CASE_STATE, *input = "measure-started";
        const struct bus_worker_config config = {
                .group = TOPICS_GROUP_RULES, .instance = "bench-reader", .state = state, .inputs = &input, .inputs_n = 1, .outputs = &state, .outputs_n = 1};
        const struct bus_restore calls = {.ctx = b, .row = restore_take_row};
        struct bus_part parts[SITE_PARTITIONS];
        struct clock clock = clock_system();
        struct bus_worker *worker;
        struct bus_event event;
        int64_t begin, cpu;
        int r = bus_worker_open(b->site.broker.bus, &config, &worker, err);

        if (r)
                return r;
        r = restore_wait(worker, &event, err);
        if (r == 0 && event.parts_n != SITE_PARTITIONS) {
                error_set(err, "the group handed out %zu of %d partitions", event.parts_n, SITE_PARTITIONS);
                r = -EIO;
        }
        for (size_t i = 0; r == 0 && i < event.parts_n; i++)
                parts[i] = event.parts[i];
        begin = clock_monotonic(&clock);
        cpu = clock_cpu_ns();
        if (r == 0)
                r = bus_worker_restore(worker, parts, SITE_PARTITIONS, &calls, err);
        b->seconds = (double)(clock_monotonic(&clock) - begin) / 1000;
        b->cpu_s = (double)(clock_cpu_ns() - cpu) / 1e9;
        bus_worker_close(worker, true);
        if (r && b->row_err.text[0])
                *err = b->row_err;
        for (unsigned p = 0; p < SITE_PARTITIONS; p++)
                b->facts += store_stats(b->stores[p]).facts;
        return r > 0 ? -EIO : r;
}

static int restore_measure(struct restore_broker *b, struct error *err) {
        double seconds, cpu_s, rss_mb;
        int r;

        bench_say("sends %lld cases", (long long)b->o->cases);
        r = site_load(&b->site, 0, (uint64_t)b->o->cases, 0, &b->load, err);
        if (r == 0) {
                bench_say("a worker writes their state");
                r = restore_run_once(b, &seconds, &cpu_s, &rss_mb, err);
        }
        for (unsigned p = 0; r == 0 && p < SITE_PARTITIONS; p++)
                r = store_new(b->engine, &b->stores[p]);
        if (r == 0)
                r = restore_read_back(b, err);
        if (r == 0 && b->facts != b->load.events - b->load.repeats) {
                error_set(err, "%llu facts were restored of %llu", (unsigned long long)b->facts, (unsigned long long)b->load.events);
                r = -EBADMSG;
        }
        for (unsigned p = 0; p < SITE_PARTITIONS; p++)
                store_free(b->stores[p]);
        if (r == 0) {
                bench_say("another worker starts");
                r = restore_run_once(b, &b->restart_s, &b->restart_cpu_s, &b->restart_rss_mb, err);
        }
        return r;
}

static void restore_print(const struct restore_broker *b) {
        double rows_per_s = b->seconds > 0 ? (double)b->rows / b->seconds : 0, ns = b->rows ? b->cpu_s * 1e9 / (double)b->rows : 0;

        if (b->o->arguments.json) {
                printf("{\"rows\":%llu,\"rows_per_s\":%.0f,\"seconds\":%.3f,\"cpu_ns_per_row\":%.1f,", (unsigned long long)b->rows, rows_per_s,
                       b->seconds, ns);
                printf("\"restart_s\":%.2f,\"restart_cpu_s\":%.2f,\"restart_rss_mb\":%.0f}\n", b->restart_s, b->restart_cpu_s, b->restart_rss_mb);
                return;
        }
        printf("restore from the broker, one thread: %llu rows in %.2f s, %.0f rows/s, CPU of the process %.0f ns a row\n", (unsigned long long)b->rows,
               b->seconds, rows_per_s, ns);
        printf("a whole restart (rules --once: start, join, restore, evaluate every case, leave): %.2f s, CPU %.2f s, %.0f MB\n", b->restart_s,
               b->restart_cpu_s, b->restart_rss_mb);
}

/* Prints its result. Return: an exit status, other than 0 with a sentence in @err. */
static int restore_from_broker(const struct restore_options *options, struct error *err) {
        struct restore_broker *b = calloc(1, sizeof(*b));
        struct error last = {.text = ""};
        int r = 0, status;

        if (!b || engine_new(options->config, &b->engine)) {
                free(b);
                error_set(err, "out of memory");
                return EXIT_BROKER;
        }
        b->o = options;
        stop_hold(&b->stop);
        bench_say("makes topics");
        status = site_open(&b->site, &options->arguments, options->bootstrap, options->config, 1, &b->stop, err);
        if (status == 0)
                r = restore_measure(b, err);
        if (r)
                status = r == -EBADMSG ? EXIT_NO : EXIT_BROKER;
        if (site_close(&b->site, &last))
                bench_say("%s", last.text);
        if (status == 0)
                restore_print(b);
        engine_free(b->engine);
        free(b);
        return status;
}

/* -- From memory: the rows of one thread -- */

#define CASES_DEFAULT 200000
#define ROUNDS 3
#define PARTS 4            /* stores of one thread */
#define COMMIT_EVENTS 1000
#define ROW_BYTES_MAX ((size_t)16 << 30)

struct kept_row {
        size_t at; /* of its key; the value follows */
        uint32_t n_value;
        uint16_t part;
};

struct kept_rows {
        struct config *config;
        struct buffer bytes;
        VECTOR(struct kept_row) items;
        instant_t now;
        uint64_t checksum;
        size_t facts;
};

struct restore_figures {
        double ns_per_row, memory_per_fact;
};

static unsigned restore_part(const struct uuid *case_id) {
        return case_id->bytes[0] % PARTS;
}

static int restore_keep(struct kept_rows *rows, const struct outcome *outcome, unsigned part) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];
                struct kept_row item = {.at = rows->bytes.n, .n_value = (uint32_t)row->n_value, .part = (uint16_t)part};

                buffer_add(&rows->bytes, row->key, row->n_key);
                buffer_add(&rows->bytes, row->value, row->n_value);
                r = rows->bytes.failed ? -ENOMEM : vector_push(&rows->items, item);
        }
        return r;
}

/* As a worker does that reads one event after another: each is accepted and judged, and its rows are written. */
static int restore_make_rows(struct kept_rows *rows, struct bench_load *load, struct engine *engine, struct store *stores[PARTS], struct error *err) {
        struct event event;
        int r = 0;

        for (unsigned n = 1; r == 0 && bench_load_next(load, &event); n++) {
                unsigned part = restore_part(&event.slots[SLOT_CASE_ID].u);
                const struct outcome *outcome;

                r = engine_event(engine, stores[part], &event, rows->now, true, &outcome, err);
                if (r == 0)
                        r = restore_keep(rows, outcome, part);
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
struct restore_thread {
        struct engine *engine;
        struct store *stores[PARTS];
};

static int restore_thread_begin(struct restore_thread *t, const struct config *config) {
        int r = engine_new(config, &t->engine);

        for (unsigned p = 0; r == 0 && p < PARTS; p++)
                r = store_new(t->engine, &t->stores[p]);
        return r;
}

static void restore_thread_end(struct restore_thread *t) {
        for (unsigned p = 0; p < PARTS; p++)
                store_free(t->stores[p]);
        engine_free(t->engine);
        *t = (struct restore_thread){0};
}

static int restore_prepare_rows(struct kept_rows *rows, uint64_t cases, uint64_t seed, struct error *err) {
        const struct bench_load_config want = {.config = rows->config, .shape = BENCH_LOAD_FOUR, .cases = cases, .seed = seed, .now = rows->now};
        CLEANUP(bench_load_free_p) struct bench_load *load = NULL;
        struct restore_thread t = {0};
        int r = bench_load_new(&want, &load, err);

        if (r == 0)
                r = restore_thread_begin(&t, rows->config);
        if (r == 0)
                r = restore_make_rows(rows, load, t.engine, t.stores, err);
        restore_thread_end(&t);
        return r;
}

static int restore_round(const struct kept_rows *rows, struct restore_figures *ret, struct error *err) {
        struct restore_thread t = {0};
        uint64_t checksum = 0;
        size_t bytes = 0;
        int64_t begin;
        int r = restore_thread_begin(&t, rows->config);

        begin = clock_cpu_ns();
        for (size_t i = 0; r == 0 && i < rows->items.n; i++) {
                const struct kept_row *row = &rows->items.items[i];
                const uint8_t *key = rows->bytes.bytes + row->at;

                r = store_restore(t.stores[row->part], key, ROW_KEY_BYTES, key + ROW_KEY_BYTES, row->n_value, err);
        }
        ret->ns_per_row = (double)(clock_cpu_ns() - begin) / (double)rows->items.n;
        for (unsigned p = 0; r == 0 && p < PARTS; p++) {
                checksum += store_checksum(t.stores[p]);
                bytes += store_stats(t.stores[p]).bytes;
        }
        ret->memory_per_fact = (double)bytes / (double)rows->facts;
        restore_thread_end(&t);
        if (r == 0 && checksum != rows->checksum) {
                error_set(err, "what was restored is not what there was");
                r = -EBADMSG;
        }
        return r;
}

static int restore_by_ns(const void *a, const void *b) {
        const struct restore_figures *x = a, *y = b;

        return (x->ns_per_row > y->ns_per_row) - (x->ns_per_row < y->ns_per_row);
}

static int restore_rounds(struct kept_rows *rows, bool json, struct error *err) {
        struct restore_figures f[ROUNDS];
        const struct restore_figures *middle = &f[ROUNDS / 2];

        for (unsigned i = 0; i < ROUNDS; i++) {
                int r = restore_round(rows, &f[i], err);

                if (r)
                        return r;
        }
        qsort(f, ROUNDS, sizeof(*f), restore_by_ns);
        if (json)
                printf("{\"rows\":%zu,\"rows_per_s\":%.0f,\"ns_per_row\":%.1f,\"memory_bytes_per_fact\":%.1f}\n", rows->items.n, 1e9 / middle->ns_per_row,
                       middle->ns_per_row, middle->memory_per_fact);
        else
                printf("restore, one thread, from memory: %zu rows, %.0f rows/s, %.0f ns a row (%.0f to %.0f); %.0f bytes in memory a fact, what was told "
                       "included\n",
                       rows->items.n, 1e9 / middle->ns_per_row, middle->ns_per_row, f[0].ns_per_row, f[ROUNDS - 1].ns_per_row, middle->memory_per_fact);
        return 0;
}

static int restore_from_memory(const struct restore_options *o, struct config *config, struct error *err) {
        struct clock clock = clock_system();
        struct kept_rows rows = {.config = config, .bytes = BUFFER_INIT(ROW_BYTES_MAX), .now = clock_realtime(&clock)};
        int r = restore_prepare_rows(&rows, (uint64_t)o->cases, (uint64_t)o->seed, err);

        if (r == 0)
                r = restore_rounds(&rows, o->arguments.json, err);
        if (r && !err->text[0])
                error_set(err, "the rows cannot be made or restored: %s", strerror(-r));
        buffer_done(&rows.bytes);
        vector_done(&rows.items);
        return r == -EBADMSG ? EXIT_NO : r ? EXIT_BROKER : EXIT_DONE;
}

/* -- The command -- */

static int restore_run(int argc, char **argv, struct error *err) {
        struct restore_options o = {.arguments = BENCH_ARGUMENTS_DEFAULT, .cases = CASES_DEFAULT, .seed = BENCH_LOAD_SEED};
        CLEANUP(config_free_p) struct config *config = NULL;
        const char *cases = NULL, *seed = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&o.arguments), OPTION_TEXT_ROW("--bootstrap", &o.bootstrap), OPTION_TEXT_ROW("--cases", &cases),
                OPTION_TEXT_ROW("--seed", &seed), OPTION_END_ROW,
        };
        const struct bench_number_row numbers[] = {
                {"--cases", &cases, 1, BENCH_LOAD_CASES_MAX / 2, &o.cases},
                {"--seed", &seed, 0, INT64_MAX, &o.seed},
        };
        int status = bench_options(argc, argv, options);

        if (status)
                return status;
        status = bench_numbers(argv[0], numbers, ELEMENTS(numbers));
        if (status)
                return status;
        status = bench_configuration(&o.arguments, &config, err);
        if (status)
                return status;
        o.config = config;
        return o.bootstrap ? restore_from_broker(&o, err) : restore_from_memory(&o, config, err);
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
        .run = restore_run,
};
