/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht bench`: finds the benchmark and hands over. */

#include "bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/configuration.h"

#define TITLE_MAX 64

static const struct bench *const benches[] = {
        &bench_codec,
        &bench_engine,
        &bench_load,
        &bench_restore,
        &bench_timers,
        &bench_worker,
        &bench_scale,
        &bench_compare,
};

static int ascending(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double bench_middle(double *values, size_t n) {
        qsort(values, n, sizeof(*values), ascending);
        return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int bench_options(int argc, char **argv, const struct option_row *rows) {
        const char *words[OPTION_ARGUMENTS_MAX];
        int n, status = options_read(argc, argv, rows, words, &n);

        if (status == 0 && n > 0)
                status = command_usage(argv[0], "'%s' is one argument too many", words[0]);
        return status;
}

int bench_number(const char *name, const char *option, const char *text, int64_t least, int64_t most, int64_t *ret) {
        int64_t number;

        if (!text)
                return 0;
        if (!text_to_int64(text_of(text), &number) || number < least || number > most)
                return command_usage(name, "%s '%s' is not a number from %lld to %lld", option, text, (long long)least, (long long)most);
        *ret = number;
        return 0;
}

int bench_configuration(const struct bench_arguments *arguments, struct config **ret, struct error *err) {
        int status = command_configuration("bench", &arguments->dirs, ret);

        if (status)
                error_set(err, "the benchmark needs a configuration without mistakes");
        return status;
}

void bench_say(const char *fmt, ...) {
        va_list args;

        fputs("bench: ", stderr);
        va_start(args, fmt);
        vfprintf(stderr, fmt, args);
        va_end(args);
        fputc('\n', stderr);
}

int64_t bench_rss_bytes(void) {
        long long pages = 0;
        FILE *f = fopen("/proc/self/statm", "r");

        if (!f)
                return 0;
        if (fscanf(f, "%*d %lld", &pages) != 1)
                pages = 0;
        (void) fclose(f);
        return pages * sysconf(_SC_PAGESIZE);
}

static const struct bench *find(const char *name, struct nearest *nearest) {
        *nearest = (struct nearest)NEAREST_INIT(name);
        for (size_t i = 0; i < ELEMENTS(benches); i++) {
                nearest_try(nearest, benches[i]->name);
                if (strcmp(benches[i]->name, name) == 0)
                        return benches[i];
        }
        return NULL;
}

static int find_or_say(const char *name, const struct bench **ret) {
        char hint[NEAREST_HINT_MAX];
        struct nearest nearest;

        *ret = find(name, &nearest);
        return *ret ? 0 : command_usage("bench", "no benchmark '%s'%s", name, nearest_hint(&nearest, hint));
}

static int help_of(const char *name) {
        const struct bench *bench;
        int status = find_or_say(name, &bench);

        if (status == 0)
                printf("%s\nOptions of every benchmark:\n"
                       "  --json         one JSON object on one line\n"
                       "  --schemas DIR  where the schemas are (default schemas)\n"
                       "  --config DIR   where the configuration is (default config)\n\n"
                       "Exit status: 0 measured, 1 a result was wrong, 2 wrong usage or configuration, 3 the broker or a peer failed.\n",
                       bench->help);
        return status;
}

static int run(int argc, char **argv) {
        const struct bench *bench;
        struct error err = {.text = ""};
        char title[TITLE_MAX];
        int status;

        if (argc < 2 || argv[1][0] == '-')
                return command_usage("bench", "say which benchmark, one of them, before its options");
        status = find_or_say(argv[1], &bench);
        if (status)
                return status;
        (void) snprintf(title, sizeof(title), "bench %s", bench->name);
        argv[1] = title;
        status = bench->run(argc - 1, argv + 1, &err);
        return status && err.text[0] ? command_fail(title, status, &err) : status;
}

const struct command command_bench = {
        .name = "bench",
        .summary = "measure the speed of the parts and of the whole",
        .help = "Usage: ketenwacht bench BENCHMARK [--json] [OPTION...]\n\n"
                "Measures CPU time and memory on this machine and prints them; how to read them is in tests/bench/README.md.\n"
                "ketenwacht bench BENCHMARK --help says what it measures, and its options.\n\n"
                "Benchmarks:\n"
                "  codec    one event, bytes to slots and back, beside avro-c\n"
                "  engine   decode, accept, evaluate and encode, without a broker\n"
                "  load     generated events, to measure with: as lines, or onto a broker\n"
                "  restore  rows of case-state back into memory\n"
                "  timers   millions of open cases that wait, and fall due\n"
                "  worker   the worker on a broker: a backlog, and a fixed load\n"
                "  scale    one worker and two, as threads and as processes\n"
                "  compare  beside a Kafka Streams program and bare librdkafka, on one broker\n",
        .run = run,
        .help_of = help_of,
};
