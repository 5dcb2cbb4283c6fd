/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench worker`: the worker on a broker
 *
 * First a backlog, drained by `rules --once`; then a live worker at a fixed offered load, which is killed
 * under it in the end. All are children, on topics of the benchmark's own.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/killed.h"
#include "bench/latency.h"

#define CASES_DEFAULT 200000
#define RATE_DEFAULT 2000
#define SECONDS_DEFAULT 30
#define KILLS_DEFAULT 5
#define WARM_SECONDS_MAX 3
#define FACTS_MAX 256 /* bytes of what `rules --once` prints */

struct worker_bench {
        struct bench_arguments arguments;
        const char *bootstrap;
        int64_t cases, rate, seconds, kills, broker;
        struct bench_stop stop;
        /* what came out */
        struct bench_load_result load;
        double drain_s, drain_cpu_s, drain_rss_mb, drain_broker_s;
        char facts[FACTS_MAX];
        struct latency latency;
        double live_cpu_s, live_rss_mb, live_broker_s;
        struct killed killed;
};

static double broker_cpu(const struct worker_bench *b) {
        return b->broker ? bench_cpu_s((pid_t)b->broker) : 0;
}

/* What the child printed: one line, without its end. */
static void read_facts(struct worker_bench *b, int out) {
        ssize_t n = out >= 0 ? read(out, b->facts, sizeof(b->facts) - 1) : 0;

        b->facts[n > 0 ? n : 0] = '\0';
        b->facts[strcspn(b->facts, "\n")] = '\0';
}

static int drain(struct worker_bench *b, struct site *site, struct error *err) {
        struct bench_child *child = &site->workers[0].child;
        double broker;
        int r;

        bench_say("sends %lld cases", (long long)b->cases);
        r = site_load(site, 0, (uint64_t)b->cases, 0, &b->load, err);
        if (r)
                return r;
        bench_say("drains %llu events", (unsigned long long)b->load.events);
        broker = broker_cpu(b);
        r = site_worker(site, 1, true, err);
        if (r == 0)
                r = bench_child_finish(child, &b->stop, err);
        if (r)
                return r;
        b->drain_broker_s = broker_cpu(b) - broker;
        b->drain_s = child->life_s;
        b->drain_cpu_s = child->cpu_s;
        b->drain_rss_mb = child->rss_mb;
        read_facts(b, child->out);
        if (child->status != 0) {
                error_set(err, "rules --once ended with status %d; its reason is above", child->status);
                r = -EIO;
        }
        bench_child_stop(child);
        site->n_workers = 0;
        return r;
}

static int live(struct worker_bench *b, struct site *site, struct error *err) {
        struct bench_load_result warmed;
        struct site_done done = {0};
        uint64_t warm = (uint64_t)(b->seconds < WARM_SECONDS_MAX ? b->seconds : WARM_SECONDS_MAX);
        uint64_t warm_cases = (uint64_t)b->rate * warm / BENCH_LOAD_FOUR_EVENTS + 1;
        double waited, cpu, broker;
        int r = site_worker(site, 1, false, err);

        bench_say("offers %lld events a second for %llu s, to warm up, and for %lld s", (long long)b->rate, (unsigned long long)warm,
                  (long long)b->seconds);
        if (r == 0)
                r = site_load(site, (uint64_t)b->cases, warm_cases, (uint64_t)b->rate, &warmed, err);
        if (r == 0)
                r = site_wait(site, (int64_t)(b->load.events + warmed.events), 0, &waited, err);
        if (r)
                return r;
        cpu = site_cpu_s(site);
        broker = broker_cpu(b);
        r = latency_measure(site, (uint64_t)b->cases + warm_cases, (uint64_t)b->rate, (uint64_t)b->seconds, &b->latency, err);
        if (r)
                return r;
        b->live_cpu_s = site_cpu_s(site) - cpu;
        b->live_broker_s = broker_cpu(b) - broker;
        if (b->kills) {
                bench_say("kills the worker under that load, %lld times", (long long)b->kills);
                r = killed_measure(site, (uint64_t)b->cases + warm_cases + (uint64_t)(b->rate * b->seconds), (uint64_t)b->rate, (size_t)b->kills,
                                   &b->killed, err);
                if (r)
                        return r;
        }
        r = site_end(site, &done, err);
        b->live_rss_mb = done.rss_mb;
        return r;
}

static double us(double seconds, uint64_t events) {
        return events ? seconds * 1e6 / (double)events : 0;
}

static void print_figures(const char *name, const struct latency_figures *f) {
        printf("\"%s\":{\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}", name, f->p50, f->p99, f->p999, f->most);
}

static void print_json(const struct worker_bench *b) {
        printf("{\"cases\":%lld,\"events\":%llu,\"drain_s\":%.2f,\"events_per_s\":%.0f,\"client_us_per_event\":%.2f,\"rss_mb\":%.0f", (long long)b->cases,
               (unsigned long long)b->load.events, b->drain_s, (double)b->load.events / b->drain_s, us(b->drain_cpu_s, b->load.events), b->drain_rss_mb);
        if (b->broker)
                printf(",\"broker_us_per_event\":%.2f", us(b->drain_broker_s, b->load.events));
        printf(",\"once\":%s", b->facts[0] == '{' ? b->facts : "null");
        printf(",\"at_rate\":{\"rate\":%lld,\"seconds\":%lld,\"events\":%llu,\"offered_per_s\":%.0f,\"samples\":%zu,", (long long)b->rate,
               (long long)b->seconds, (unsigned long long)b->latency.events, b->latency.offered_per_s, b->latency.samples);
        print_figures("append_ms", &b->latency.append);
        putchar(',');
        print_figures("visible_ms", &b->latency.visible);
        printf(",\"client_us_per_event\":%.1f,\"rss_mb\":%.0f", us(b->live_cpu_s, b->latency.events), b->live_rss_mb);
        if (b->broker)
                printf(",\"broker_us_per_event\":%.1f", us(b->live_broker_s, b->latency.events));
        printf("},\"killed\":");
        if (b->kills)
                printf("{\"times\":%zu,\"first_output_s\":{\"least\":%.2f,\"middle\":%.2f,\"most\":%.2f}}}\n", b->killed.times, b->killed.least_s,
                       b->killed.middle_s, b->killed.most_s);
        else
                printf("null}\n");
}

static void print_text(const struct worker_bench *b) {
        const struct latency *l = &b->latency;

        printf("drain of %llu events: %.1f s with start, %.0f events/s, client CPU %.2f us an event, %.0f MB; %s\n", (unsigned long long)b->load.events,
               b->drain_s, (double)b->load.events / b->drain_s, us(b->drain_cpu_s, b->load.events), b->drain_rss_mb, b->facts);
        if (b->broker)
                printf("  broker CPU %.2f us an event\n", us(b->drain_broker_s, b->load.events));
        printf("at %.0f events/s for %lld s, %zu announcements, ms from the append of the start:\n", l->offered_per_s, (long long)b->seconds, l->samples);
        printf("  appended  p50 %.0f, p99 %.0f, p99.9 %.0f, most %.0f\n", l->append.p50, l->append.p99, l->append.p999, l->append.most);
        printf("  readable  p50 %.0f, p99 %.0f, p99.9 %.0f, most %.0f\n", l->visible.p50, l->visible.p99, l->visible.p999, l->visible.most);
        printf("  client CPU %.1f us an event, %.0f MB\n", us(b->live_cpu_s, l->events), b->live_rss_mb);
        if (b->broker)
                printf("  broker CPU %.1f us an event\n", us(b->live_broker_s, l->events));
        if (b->kills)
                printf("killed under that load %zu times: from the start of the next one to the first readable announcement %.2f to %.2f s, half within "
                       "%.2f s\n",
                       b->killed.times, b->killed.least_s, b->killed.most_s, b->killed.middle_s);
}

static int measure(struct worker_bench *b, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct error last = {.text = ""};
        struct site site;
        int status = bench_configuration(&b->arguments, &config, err);

        if (status)
                return status;
        bench_stop_hold(&b->stop);
        bench_say("makes topics");
        status = site_open(&site, &b->arguments, b->bootstrap, config, 1, &b->stop, err);
        if (status == 0 && (drain(b, &site, err) || live(b, &site, err)))
                status = EXIT_BROKER;
        if (site_close(&site, &last))
                bench_say("%s", last.text);
        return status;
}

static int run(int argc, char **argv, struct error *err) {
        struct worker_bench b = {
                .arguments = BENCH_ARGUMENTS_DEFAULT, .cases = CASES_DEFAULT, .rate = RATE_DEFAULT, .seconds = SECONDS_DEFAULT, .kills = KILLS_DEFAULT};
        const char *cases = NULL, *rate = NULL, *seconds = NULL, *kills = NULL, *broker = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&b.arguments), OPTION_TEXT_ROW("--bootstrap", &b.bootstrap), OPTION_TEXT_ROW("--cases", &cases),
                OPTION_TEXT_ROW("--rate", &rate), OPTION_TEXT_ROW("--seconds", &seconds), OPTION_TEXT_ROW("--kills", &kills),
                OPTION_TEXT_ROW("--broker-process", &broker), OPTION_END_ROW,
        };
        int status = bench_options(argc, argv, options);

        if (status == 0)
                status = bench_number(argv[0], "--cases", cases, 1, BENCH_LOAD_CASES_MAX / 2, &b.cases);
        if (status == 0)
                status = bench_number(argv[0], "--rate", rate, 1, BENCH_LOAD_RATE_MAX, &b.rate);
        if (status == 0)
                status = bench_number(argv[0], "--seconds", seconds, 1, 3600, &b.seconds);
        if (status == 0)
                status = bench_number(argv[0], "--kills", kills, 0, KILLED_TIMES_MAX, &b.kills);
        if (status == 0)
                status = bench_number(argv[0], "--broker-process", broker, 1, INT32_MAX, &b.broker);
        if (status == 0)
                status = measure(&b, err);
        if (status)
                return status;
        if (b.arguments.json)
                print_json(&b);
        else
                print_text(&b);
        return EXIT_DONE;
}

const struct bench bench_worker = {
        .name = "worker",
        .summary = "the worker on a broker: a backlog, and a fixed load",
        .help = "Usage: ketenwacht bench worker --bootstrap HOST:PORT,… [--cases N] [--rate N] [--seconds N] [--kills N] [--json]\n\n"
                "On topics of its own (bench-<process>-1.…), which are deleted at the end, with the protocols of --config:\n"
                "  a backlog of the load `four` (bench load), drained by a child `rules --once`: events a second, CPU and memory of\n"
                "  the child's whole life, start included;\n"
                "  then a live worker at a fixed rate of events, sent whatever comes out: ms from the broker's stamp on a\n"
                "  measure-started to its stamp on the first plan-due, and to its sight by a consumer of committed records;\n"
                "  then it is killed (-9) under that load and started anew at once, several times: from the start of the new process to the sight of\n"
                "  the first plan-due appended after the kill.\n"
                "--json: {\"cases\", \"events\", \"drain_s\", \"events_per_s\", \"client_us_per_event\", \"rss_mb\", \"once\": what rules printed,\n"
                "\"at_rate\": {\"rate\", \"seconds\", \"events\", \"offered_per_s\", \"samples\", \"append_ms\": {\"p50\", \"p99\", \"p999\", \"max\"},\n"
                "\"visible_ms\", \"client_us_per_event\", \"rss_mb\"}, \"killed\": {\"times\", \"first_output_s\": {\"least\", \"middle\", \"most\"}}};\n"
                "with --broker-process also \"broker_us_per_event\" in the first two\n\n"
                "Options:\n"
                "  --bootstrap LIST    where the broker is (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n"
                "  --cases N           of the backlog, of five events each (default 200000)\n"
                "  --rate N            events a second (default 2000)\n"
                "  --seconds N         how long (default 30)\n"
                "  --kills N           how often it is killed, 0 to 20 (default 5)\n"
                "  --broker-process N  process number of the broker, when it runs here: its CPU time is told as well\n",
        .run = run,
};
