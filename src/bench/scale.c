/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench scale`: one worker and two, as threads and as processes
 *
 * Each drains the same backlog on topics of its own. Seconds are of the whole machine, which the broker shares; CPU time
 * is of the workers alone, and says what two could do if the broker were elsewhere.
 */

#include <stdio.h>

#include "bench/site.h"

#define CASES_DEFAULT 100000

struct row {
        unsigned processes, threads;
        uint64_t events;
        double seconds, cpu_s, rss_mb;
};

struct scale {
        struct bench_arguments arguments;
        const char *bootstrap;
        int64_t cases;
        struct stop stop;
};

static int scale_drain(const struct scale *s, struct site *site, struct row *row, struct error *err) {
        struct clock clock = clock_system();
        struct bench_load_result load;
        struct site_done done = {0};
        int64_t since;
        int r = site_load(site, 0, (uint64_t)s->cases, 0, &load, err);

        since = clock_monotonic(&clock);
        for (unsigned i = 0; r == 0 && i < row->processes; i++)
                r = site_worker(site, row->threads, false, err);
        if (r == 0)
                r = site_wait(site, (int64_t)load.events, since, &row->seconds, err);
        if (r == 0)
                r = site_end(site, &done, err);
        row->events = load.events;
        row->cpu_s = done.cpu_s;
        row->rss_mb = done.rss_mb;
        return r;
}

static int scale_row(struct scale *s, const struct config *config, unsigned number, struct row *row, struct error *err) {
        struct error last = {.text = ""};
        struct site site;
        int status;

        bench_say("%u processes of %u threads drain %lld cases", row->processes, row->threads, (long long)s->cases);
        status = site_open(&site, &s->arguments, s->bootstrap, config, number, &s->stop, err);
        if (status == 0 && scale_drain(s, &site, row, err))
                status = EXIT_BROKER;
        if (site_close(&site, &last))
                bench_say("%s", last.text);
        return status;
}

static double scale_events_s(const struct row *row) {
        return (double)row->events / row->seconds;
}

static double scale_us(const struct row *row) {
        return row->cpu_s * 1e6 / (double)row->events;
}

/* What two do beside one if CPU of the workers is all that is short: twice as much, less what they need more for an event. */
static double scale_by_cpu(const struct row *one, const struct row *two) {
        return 2 * scale_us(one) / scale_us(two);
}

static void scale_print_json(const struct scale *s, const struct row *rows, size_t n) {
        printf("{\"cases\":%lld,\"events\":%llu,\"rows\":[", (long long)s->cases, (unsigned long long)rows[0].events);
        for (size_t i = 0; i < n; i++)
                printf("%s{\"processes\":%u,\"threads\":%u,\"events_per_s\":%.0f,\"client_us_per_event\":%.2f,\"rss_mb\":%.0f}", i ? "," : "",
                       rows[i].processes, rows[i].threads, scale_events_s(&rows[i]), scale_us(&rows[i]), rows[i].rss_mb);
        printf("],\"threads_ratio\":%.3f,\"processes_ratio\":%.3f", scale_events_s(&rows[1]) / scale_events_s(&rows[0]),
               scale_events_s(&rows[2]) / scale_events_s(&rows[0]));
        printf(",\"threads_ratio_by_cpu\":%.3f,\"processes_ratio_by_cpu\":%.3f}\n", scale_by_cpu(&rows[0], &rows[1]), scale_by_cpu(&rows[0], &rows[2]));
}

static void scale_print_text(const struct row *rows, size_t n) {
        for (size_t i = 0; i < n; i++)
                printf("processes %u, threads of each %u: %8.0f events/s, %6.2f us client CPU an event, %5.0f MB; %.2f times one, %.2f by CPU\n",
                       rows[i].processes, rows[i].threads, scale_events_s(&rows[i]), scale_us(&rows[i]), rows[i].rss_mb,
                       scale_events_s(&rows[i]) / scale_events_s(&rows[0]), i ? scale_by_cpu(&rows[0], &rows[i]) : 1.0);
}

static int scale_run(int argc, char **argv, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct scale s = {.arguments = BENCH_ARGUMENTS_DEFAULT, .cases = CASES_DEFAULT};
        struct row rows[] = {{.processes = 1, .threads = 1}, {.processes = 1, .threads = 2}, {.processes = 2, .threads = 1}};
        const char *cases = NULL;
        const struct option_row options[] = {BENCH_OPTION_ROWS(&s.arguments), OPTION_TEXT_ROW("--bootstrap", &s.bootstrap),
                                             OPTION_TEXT_ROW("--cases", &cases), OPTION_END_ROW};
        int status = bench_options(argc, argv, options);

        if (status == 0)
                status = bench_number(argv[0], "--cases", cases, 1, BENCH_LOAD_CASES_MAX, &s.cases);
        if (status == 0)
                status = bench_configuration(&s.arguments, &config, err);
        stop_hold(&s.stop);
        for (size_t i = 0; status == 0 && i < ELEMENTS(rows); i++)
                status = scale_row(&s, config, (unsigned)i + 1, &rows[i], err);
        if (status)
                return status;
        if (s.arguments.json)
                scale_print_json(&s, rows, ELEMENTS(rows));
        else
                scale_print_text(rows, ELEMENTS(rows));
        return EXIT_DONE;
}

const struct bench bench_scale = {
        .name = "scale",
        .summary = "one worker and two, as threads and as processes",
        .help = "Usage: ketenwacht bench scale --bootstrap HOST:PORT,… [--cases N] [--json] [--config DIR] [--schemas DIR]\n\n"
                "The same backlog, the load `four` (bench load), on topics of its own each time, which are deleted at the end: drained by one\n"
                "worker, by one process with two threads, and by two processes. Events a second from the start of the first process until\n"
                "all is committed and evaluated; CPU of the processes' whole lives. The ratio by CPU is what two would do beside one if only the\n"
                "workers' CPU were short: for a broker that does not share the machine.\n"
                "--json: {\"cases\", \"events\", \"rows\": [{\"processes\", \"threads\", \"events_per_s\", \"client_us_per_event\", \"rss_mb\"}],\n"
                "\"threads_ratio\", \"processes_ratio\", \"threads_ratio_by_cpu\", \"processes_ratio_by_cpu\"}\n\n"
                "Options:\n"
                "  --bootstrap LIST  where the broker is (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n"
                "  --cases N         of five events each (default 100000)\n",
        .run = scale_run,
};
