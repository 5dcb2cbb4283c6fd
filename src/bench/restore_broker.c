/* SPDX-License-Identifier: EUPL-1.2 */

/* `bench restore --bootstrap`: the state of a load, written by one worker and read back by another. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cluster/topics.h"
#include "bench/restore.h"
#include "bench/site.h"
#include "engine/engine.h"
#include "engine/restore.h"
#include "engine/row.h"

#define POLL_MS 100
#define POLLS_MAX (2 * BUS_CALL_MS / POLL_MS) /* until partitions are handed out */

struct broker_bench {
        const struct bench_restore_options *o;
        struct bench_stop stop;
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
static int run_once(struct broker_bench *b, double *seconds, double *cpu_s, double *rss_mb, struct error *err) {
        struct bench_child *child = &b->site.workers[0].child;
        int r = site_worker(&b->site, 1, true, err);

        if (r == 0)
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

static int take_row(void *ctx, const struct bus_record *row) {
        struct broker_bench *b = ctx;
        const uint8_t *key = row->key;

        b->rows++;
        if (row->key_n == ROW_KEY_BYTES && (key[16] == ROW_SCHEMA || key[16] == ROW_VERSION))
                return 0;
        return store_restore(b->stores[row->partition], row->key, row->key_n, row->value, row->value_n, &b->row_err);
}

static int wait_for_partitions(struct bus_worker *worker, struct bus_event *ret, struct error *err) {
        for (unsigned i = 0; i < POLLS_MAX; i++) {
                int r = bus_worker_poll(worker, POLL_MS, ret, err);

                if (r || ret->kind == BUS_ASSIGNED)
                        return r;
        }
        error_set(err, "the group handed out no partitions");
        return -ETIMEDOUT;
}

/* In this process, on one thread: read and applied. */
static int read_back(struct broker_bench *b, struct error *err) {
        const char *state = TOPIC_CASE_STATE, *input = "measure-started";
        const struct bus_worker_config config = {
                .group = TOPICS_GROUP_RULES, .instance = "bench-reader", .state = state, .inputs = &input, .inputs_n = 1, .outputs = &state, .outputs_n = 1};
        const struct bus_restore calls = {.ctx = b, .row = take_row};
        struct bus_part parts[SITE_PARTITIONS];
        struct clock clock = clock_system();
        struct bus_worker *worker;
        struct bus_event event;
        int64_t begin, cpu;
        int r = bus_worker_open(b->site.broker.bus, &config, &worker, err);

        if (r)
                return r;
        r = wait_for_partitions(worker, &event, err);
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

static int measure(struct broker_bench *b, struct error *err) {
        double seconds, cpu_s, rss_mb;
        int r;

        bench_say("sends %lld cases", (long long)b->o->cases);
        r = site_load(&b->site, 0, (uint64_t)b->o->cases, 0, &b->load, err);
        if (r == 0) {
                bench_say("a worker writes their state");
                r = run_once(b, &seconds, &cpu_s, &rss_mb, err);
        }
        for (unsigned p = 0; r == 0 && p < SITE_PARTITIONS; p++)
                r = store_new(b->engine, &b->stores[p]);
        if (r == 0)
                r = read_back(b, err);
        if (r == 0 && b->facts != b->load.events - b->load.repeats) {
                error_set(err, "%llu facts were restored of %llu", (unsigned long long)b->facts, (unsigned long long)b->load.events);
                r = -EBADMSG;
        }
        for (unsigned p = 0; p < SITE_PARTITIONS; p++)
                store_free(b->stores[p]);
        if (r == 0) {
                bench_say("another worker starts");
                r = run_once(b, &b->restart_s, &b->restart_cpu_s, &b->restart_rss_mb, err);
        }
        return r;
}

static void print(const struct broker_bench *b) {
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

int bench_restore_on_broker(const struct bench_restore_options *options, struct error *err) {
        struct broker_bench *b = calloc(1, sizeof(*b));
        struct error last = {.text = ""};
        int r = 0, status;

        if (!b || engine_new(options->config, &b->engine)) {
                free(b);
                error_set(err, "out of memory");
                return EXIT_BROKER;
        }
        b->o = options;
        bench_stop_hold(&b->stop);
        bench_say("makes topics");
        status = site_open(&b->site, &options->arguments, options->bootstrap, options->config, 1, &b->stop, err);
        if (status == 0)
                r = measure(b, err);
        if (r)
                status = r == -EBADMSG ? EXIT_NO : EXIT_BROKER;
        if (site_close(&b->site, &last))
                bench_say("%s", last.text);
        if (status == 0)
                print(b);
        engine_free(b->engine);
        free(b);
        return status;
}
