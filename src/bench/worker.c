/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench worker`: the worker on a broker
 *
 * First a backlog, drained by `rules --once`; then a live worker at a fixed offered load, which is killed
 * under it in the end. All are children, on topics of the benchmark's own.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/table.h"
#include "base/vector.h"
#include "bench/site.h"

/* -- Latency at a fixed offered load, by the broker's own stamps -- */

/*
 * Events are sent at a rate, whatever comes out (open loop). Of each case the first plan-due is joined with the start that
 * caused it: from the stamp that the broker gave the start when it was appended, to the stamp of the announcement, and to the moment
 * at which a consumer of committed records had it in its hands.
 */

struct latency_figures {
        double p50, p99, p999, most; /* ms */
};

struct latency {
        size_t samples;
        struct latency_figures append, visible;
        uint64_t events;
        double offered_per_s;        /* as it turned out */
};

#define LATENCY_SETTLE_MS 1500       /* until a reader at the end stands there */
#define LATENCY_LAST_MS 3000         /* nothing has come for so long after the last event was sent: all is there */
#define LATENCY_KEYS_MAX ((size_t)1 << 30)

struct latency_start {
        instant_t at;
        bool told;
};

struct latency_probe {
        struct site *site;
        struct site_sending sending;
        struct arena *arena;
        struct table starts;
        VECTOR(double) append;
        VECTOR(double) visible;
};

static int latency_saw_start(struct latency_probe *p, const struct bus_record *record) {
        struct latency_start *start = arena_calloc(p->arena, 1, sizeof(*start));
        void *key = arena_copy(p->arena, record->key, record->key_n);

        if (!start || !key)
                return -ENOMEM;
        start->at = record->timestamp;
        return table_put(&p->starts, key, record->key_n, start);
}

static int latency_saw_plan(struct latency_probe *p, const struct bus_record *record, instant_t now) {
        struct latency_start *start = table_get(&p->starts, record->key, record->key_n);
        int r;

        if (!start || start->told)
                return 0;
        start->told = true;
        r = vector_push(&p->append, (double)(record->timestamp - start->at));
        return r ? r : vector_push(&p->visible, (double)(now - start->at));
}

static int latency_take(struct latency_probe *p, struct bus_reader *reader, int timeout_ms, bool *got, struct error *err) {
        struct clock clock = clock_system();
        struct bus_event event;
        int r = bus_reader_poll(reader, timeout_ms, &event, err);

        *got = r == 0 && event.kind == BUS_RECORD;
        if (!*got || !event.record.key)
                return r;
        r = strcmp(event.record.topic, TOPIC_PLAN_DUE) == 0 ? latency_saw_plan(p, &event.record, clock_realtime(&clock)) : latency_saw_start(p, &event.record);
        if (r)
                error_set(err, "out of memory for the latencies; try fewer events");
        return r;
}

static int latency_read(struct latency_probe *p, struct bus_reader *reader, struct error *err) {
        struct clock clock = clock_system();
        int64_t last = clock_monotonic(&clock);
        int r = 0;

        while (r == 0 && (!atomic_load(&p->sending.ended) || clock_monotonic(&clock) - last < LATENCY_LAST_MS)) {
                bool got;

                r = latency_take(p, reader, SITE_LOOK_MS, &got, err);
                if (got || !atomic_load(&p->sending.ended))
                        last = clock_monotonic(&clock);
                if (r == 0 && stop_wait(p->site->stop, 0))
                        r = bench_stopped(err);
        }
        return r;
}

/* A reader at the end of topics, that stands there. */
static int latency_open(struct latency_probe *p, struct bus_reader **ret, struct error *err) {
        static const char *const topics[] = {"measure-started", TOPIC_PLAN_DUE};
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_END};
        struct clock clock = clock_system();
        int64_t begin = clock_monotonic(&clock);
        int r = bus_reader_open(p->site->broker.bus, &config, ret, err);

        while (r == 0 && clock_monotonic(&clock) - begin < LATENCY_SETTLE_MS) {
                bool got;

                r = latency_take(p, *ret, SITE_LOOK_MS, &got, err);
        }
        return r;
}

static struct latency_figures latency_figures_of(double *values, size_t n) {
        double middle = bench_middle(values, n);

        return (struct latency_figures){middle, values[n * 99 / 100], values[n * 999 / 1000], values[n - 1]};
}

static int latency_run(struct latency_probe *p, uint64_t first, uint64_t cases, uint64_t rate, struct error *err) {
        struct bus_reader *reader = NULL;
        int r = latency_open(p, &reader, err);

        if (r == 0)
                r = site_send(p->site, first, cases, rate, &p->sending, err);
        if (r == 0) {
                struct error sending = {.text = ""};
                int sent;

                r = latency_read(p, reader, err);
                sent = site_sent(&p->sending, r != 0, &sending);
                if (r == 0 && sent) {
                        *err = sending;
                        r = sent;
                }
        }
        bus_reader_close(reader);
        if (r == 0 && p->append.n == 0) {
                error_set(err, "no announcement came of any case that was started; does the configuration have a protocol that announces?");
                r = -ENODATA;
        }
        return r;
}

/* Workers are live by now. @first: number of the first case. Return: 0 or negative errno with a sentence. */
static int latency_measure(struct site *site, uint64_t first, uint64_t rate, uint64_t seconds, struct latency *ret, struct error *err) {
        struct latency_probe p = {.site = site};
        int r = arena_new(&p.arena, LATENCY_KEYS_MAX);

        if (r)
                error_set(err, "out of memory");
        else
                r = latency_run(&p, first, rate * seconds / BENCH_LOAD_FOUR_EVENTS + 1, rate, err);
        if (r == 0)
                *ret = (struct latency){.samples = p.append.n,
                                        .append = latency_figures_of(p.append.items, p.append.n),
                                        .visible = latency_figures_of(p.visible.items, p.visible.n),
                                        .events = p.sending.sent.events,
                                        .offered_per_s = p.sending.seconds > 0 ? (double)p.sending.sent.events / p.sending.seconds : 0};
        vector_done(&p.append);
        vector_done(&p.visible);
        table_done(&p.starts);
        arena_free(p.arena);
        return r;
}

/* -- How soon a worker is of use again after kill -9 under load -- */

/*
 * The worker is killed while events come at a rate, and started anew at once, as a supervisor would; nothing of it is on disk. Counted is from
 * the start of the new process to the moment at which a consumer of committed records has in its hands the first plan-due that was
 * appended after the kill: joining, fencing what the dead one had open, reading the state, catching up and one commit.
 */

#define KILLED_TIMES_MAX 20

struct killed {
        size_t times;
        double least_s, middle_s, most_s;
};

#define KILLED_FLOW_MS 1500          /* of output before a kill: the worker is in the midst of its work */
#define KILLED_LOAD_SECONDS_MAX 3600 /* no measurement takes so long; the load is stopped before */

struct killed_round {
        struct site *site;
        struct bus_reader *reader;
        struct clock clock;
};

/* Reads until a committed announcement that the broker stamped at @since or later. Return: as bus_reader_poll(). */
static int killed_next_output(struct killed_round *r, instant_t since, struct error *err) {
        int64_t begin = clock_monotonic(&r->clock);

        for (;;) {
                struct bus_event event;
                int result = bus_reader_poll(r->reader, SITE_LOOK_MS, &event, err);

                if (result)
                        return result;
                if (event.kind == BUS_RECORD && event.record.timestamp >= since)
                        return 0;
                if (stop_wait(r->site->stop, 0))
                        return bench_stopped(err);
                if (clock_monotonic(&r->clock) - begin > SITE_STUCK_MS) {
                        error_set(err, "no announcement came for %d s after a kill", SITE_STUCK_MS / 1000);
                        return -ETIMEDOUT;
                }
        }
}

static int killed_flow(struct killed_round *r, struct error *err) {
        int64_t begin = clock_monotonic(&r->clock);
        int result = 0;

        while (result == 0 && clock_monotonic(&r->clock) - begin < KILLED_FLOW_MS)
                result = killed_next_output(r, clock_realtime(&r->clock), err);
        return result;
}

static int killed_once(struct killed_round *r, double *ret_s, struct error *err) {
        struct site *site = r->site;
        instant_t killed;
        int64_t started;
        int result = killed_flow(r, err);

        if (result)
                return result;
        bench_child_signal(&site->workers[0].child, SIGKILL);
        bench_child_stop(&site->workers[0].child);
        site->n_workers = 0;
        killed = clock_realtime(&r->clock);
        started = clock_monotonic(&r->clock);
        result = site_worker(site, 1, false, err);
        if (result == 0)
                result = killed_next_output(r, killed, err);
        *ret_s = (double)(clock_monotonic(&r->clock) - started) / 1000;
        return result;
}

static int killed_rounds(struct killed_round *r, size_t times, struct killed *ret, struct error *err) {
        double seconds[KILLED_TIMES_MAX];
        int result = 0;

        for (size_t i = 0; result == 0 && i < times; i++)
                result = killed_once(r, &seconds[i], err);
        if (result)
                return result;
        ret->times = times;
        ret->middle_s = bench_middle(seconds, times);
        ret->least_s = seconds[0];
        ret->most_s = seconds[times - 1];
        return 0;
}

/* One worker is live by now; another is when it returns 0. @times: 1 to KILLED_TIMES_MAX. Return: 0 or negative errno with a sentence. */
static int killed_measure(struct site *site, uint64_t first, uint64_t rate, size_t times, struct killed *ret, struct error *err) {
        static const char *const topics[] = {TOPIC_PLAN_DUE};
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_END};
        struct killed_round round = {.site = site, .clock = clock_system()};
        struct site_sending sending;
        struct error sent = {.text = ""};
        int r = bus_reader_open(site->broker.bus, &config, &round.reader, err);

        if (r == 0)
                r = site_send(site, first, rate * KILLED_LOAD_SECONDS_MAX / BENCH_LOAD_FOUR_EVENTS, rate, &sending, err);
        if (r == 0) {
                int s;

                r = killed_rounds(&round, times, ret, err);
                s = site_sent(&sending, true, &sent);
                if (r == 0 && s) {
                        *err = sent;
                        r = s;
                }
        }
        bus_reader_close(round.reader);
        return r;
}

/* -- The command -- */

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
        struct stop stop;
        /* what came out */
        struct bench_load_result load;
        double drain_s, drain_cpu_s, drain_rss_mb, drain_broker_s;
        char facts[FACTS_MAX];
        struct latency latency;
        double live_cpu_s, live_rss_mb, live_broker_s;
        struct killed killed;
};

static double worker_broker_cpu(const struct worker_bench *b) {
        return b->broker ? bench_cpu_s((pid_t)b->broker) : 0;
}

/* What the child printed: one line, without its end. */
static void worker_read_facts(struct worker_bench *b, int out) {
        ssize_t n = out >= 0 ? read(out, b->facts, sizeof(b->facts) - 1) : 0;

        b->facts[n > 0 ? n : 0] = '\0';
        b->facts[strcspn(b->facts, "\n")] = '\0';
}

static int worker_drain(struct worker_bench *b, struct site *site, struct error *err) {
        struct bench_child *child = &site->workers[0].child;
        double broker;
        int r;

        bench_say("sends %lld cases", (long long)b->cases);
        r = site_load(site, 0, (uint64_t)b->cases, 0, &b->load, err);
        if (r)
                return r;
        bench_say("drains %llu events", (unsigned long long)b->load.events);
        broker = worker_broker_cpu(b);
        r = site_worker(site, 1, true, err);
        if (r)
                return r;
        r = bench_child_finish(child, &b->stop, err);
        if (r)
                return r;
        b->drain_broker_s = worker_broker_cpu(b) - broker;
        b->drain_s = child->life_s;
        b->drain_cpu_s = child->cpu_s;
        b->drain_rss_mb = child->rss_mb;
        worker_read_facts(b, child->out);
        if (child->status != 0) {
                error_set(err, "rules --once ended with status %d; its reason is above", child->status);
                r = -EIO;
        }
        bench_child_stop(child);
        site->n_workers = 0;
        return r;
}

static int worker_live(struct worker_bench *b, struct site *site, struct error *err) {
        struct bench_load_result warmed;
        struct site_done done = {0};
        uint64_t warm = (uint64_t)(b->seconds < WARM_SECONDS_MAX ? b->seconds : WARM_SECONDS_MAX);
        uint64_t warm_cases = (uint64_t)b->rate * warm / BENCH_LOAD_FOUR_EVENTS + 1;
        double waited, cpu, broker;
        int r = site_worker(site, 1, false, err);

        bench_say("offers %lld events a second for %llu s, to warm up, and for %lld s", (long long)b->rate, (unsigned long long)warm,
                  (long long)b->seconds);
        if (r)
                return r;
        r = site_load(site, (uint64_t)b->cases, warm_cases, (uint64_t)b->rate, &warmed, err);
        if (r)
                return r;
        r = site_wait(site, (int64_t)(b->load.events + warmed.events), 0, &waited, err);
        if (r)
                return r;
        cpu = site_cpu_s(site);
        broker = worker_broker_cpu(b);
        r = latency_measure(site, (uint64_t)b->cases + warm_cases, (uint64_t)b->rate, (uint64_t)b->seconds, &b->latency, err);
        if (r)
                return r;
        b->live_cpu_s = site_cpu_s(site) - cpu;
        b->live_broker_s = worker_broker_cpu(b) - broker;
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

static double worker_us(double seconds, uint64_t events) {
        return events ? seconds * 1e6 / (double)events : 0;
}

static void worker_print_figures(const char *name, const struct latency_figures *f) {
        printf("\"%s\":{\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}", name, f->p50, f->p99, f->p999, f->most);
}

static void worker_print_json(const struct worker_bench *b) {
        printf("{\"cases\":%lld,\"events\":%llu,\"drain_s\":%.2f,\"events_per_s\":%.0f,\"client_us_per_event\":%.2f,\"rss_mb\":%.0f", (long long)b->cases,
               (unsigned long long)b->load.events, b->drain_s, (double)b->load.events / b->drain_s, worker_us(b->drain_cpu_s, b->load.events), b->drain_rss_mb);
        if (b->broker)
                printf(",\"broker_us_per_event\":%.2f", worker_us(b->drain_broker_s, b->load.events));
        printf(",\"once\":%s", b->facts[0] == '{' ? b->facts : "null");
        printf(",\"at_rate\":{\"rate\":%lld,\"seconds\":%lld,\"events\":%llu,\"offered_per_s\":%.0f,\"samples\":%zu,", (long long)b->rate,
               (long long)b->seconds, (unsigned long long)b->latency.events, b->latency.offered_per_s, b->latency.samples);
        worker_print_figures("append_ms", &b->latency.append);
        putchar(',');
        worker_print_figures("visible_ms", &b->latency.visible);
        printf(",\"client_us_per_event\":%.1f,\"rss_mb\":%.0f", worker_us(b->live_cpu_s, b->latency.events), b->live_rss_mb);
        if (b->broker)
                printf(",\"broker_us_per_event\":%.1f", worker_us(b->live_broker_s, b->latency.events));
        printf("},\"killed\":");
        if (b->kills)
                printf("{\"times\":%zu,\"first_output_s\":{\"least\":%.2f,\"middle\":%.2f,\"most\":%.2f}}}\n", b->killed.times, b->killed.least_s,
                       b->killed.middle_s, b->killed.most_s);
        else
                printf("null}\n");
}

static void worker_print_text(const struct worker_bench *b) {
        const struct latency *l = &b->latency;

        printf("drain of %llu events: %.1f s with start, %.0f events/s, client CPU %.2f us an event, %.0f MB; %s\n", (unsigned long long)b->load.events,
               b->drain_s, (double)b->load.events / b->drain_s, worker_us(b->drain_cpu_s, b->load.events), b->drain_rss_mb, b->facts);
        if (b->broker)
                printf("  broker CPU %.2f us an event\n", worker_us(b->drain_broker_s, b->load.events));
        printf("at %.0f events/s for %lld s, %zu announcements, ms from the append of the start:\n", l->offered_per_s, (long long)b->seconds, l->samples);
        printf("  appended  p50 %.0f, p99 %.0f, p99.9 %.0f, most %.0f\n", l->append.p50, l->append.p99, l->append.p999, l->append.most);
        printf("  readable  p50 %.0f, p99 %.0f, p99.9 %.0f, most %.0f\n", l->visible.p50, l->visible.p99, l->visible.p999, l->visible.most);
        printf("  client CPU %.1f us an event, %.0f MB\n", worker_us(b->live_cpu_s, l->events), b->live_rss_mb);
        if (b->broker)
                printf("  broker CPU %.1f us an event\n", worker_us(b->live_broker_s, l->events));
        if (b->kills)
                printf("killed under that load %zu times: from the start of the next one to the first readable announcement %.2f to %.2f s, half within "
                       "%.2f s\n",
                       b->killed.times, b->killed.least_s, b->killed.most_s, b->killed.middle_s);
}

static int worker_measure_all(struct worker_bench *b, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct error last = {.text = ""};
        struct site site;
        int status = bench_configuration(&b->arguments, &config, err);

        if (status)
                return status;
        stop_hold(&b->stop);
        bench_say("makes topics");
        status = site_open(&site, &b->arguments, b->bootstrap, config, 1, &b->stop, err);
        if (status == 0 && (worker_drain(b, &site, err) || worker_live(b, &site, err)))
                status = EXIT_BROKER;
        if (site_close(&site, &last))
                bench_say("%s", last.text);
        return status;
}

static int worker_run(int argc, char **argv, struct error *err) {
        struct worker_bench b = {
                .arguments = BENCH_ARGUMENTS_DEFAULT, .cases = CASES_DEFAULT, .rate = RATE_DEFAULT, .seconds = SECONDS_DEFAULT, .kills = KILLS_DEFAULT};
        const char *cases = NULL, *rate = NULL, *seconds = NULL, *kills = NULL, *broker = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&b.arguments), OPTION_TEXT_ROW("--bootstrap", &b.bootstrap), OPTION_TEXT_ROW("--cases", &cases),
                OPTION_TEXT_ROW("--rate", &rate), OPTION_TEXT_ROW("--seconds", &seconds), OPTION_TEXT_ROW("--kills", &kills),
                OPTION_TEXT_ROW("--broker-process", &broker), OPTION_END_ROW,
        };
        const struct bench_number_row numbers[] = {
                {"--cases", &cases, 1, BENCH_LOAD_CASES_MAX / 2, &b.cases},
                {"--rate", &rate, 1, BENCH_LOAD_RATE_MAX, &b.rate},
                {"--seconds", &seconds, 1, 3600, &b.seconds},
                {"--kills", &kills, 0, KILLED_TIMES_MAX, &b.kills},
                {"--broker-process", &broker, 1, INT32_MAX, &b.broker},
        };
        int status = bench_options(argc, argv, options);

        if (status)
                return status;
        status = bench_numbers(argv[0], numbers, ELEMENTS(numbers));
        if (status)
                return status;
        status = worker_measure_all(&b, err);
        if (status)
                return status;
        if (b.arguments.json)
                worker_print_json(&b);
        else
                worker_print_text(&b);
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
        .run = worker_run,
};
