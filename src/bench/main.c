/* SPDX-License-Identifier: EUPL-1.2 */

/* The program that measures, which `ketenwacht bench` becomes: finds the benchmark and hands over. */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bench/bench.h"

#define TITLE_MAX 64

static const struct bench *const benches[] = {
        &bench_admission,
        &bench_codec,
        &bench_engine,
        &bench_ids,
        &bench_load,
        &bench_restore,
        &bench_timers,
        &bench_worker,
        &bench_scale,
        &bench_console,
        &bench_compare,
};

static const struct bench *bench_find(const char *name, struct nearest *nearest) {
        *nearest = (struct nearest)NEAREST_INIT(name);
        for (size_t i = 0; i < ELEMENTS(benches); i++) {
                nearest_try(nearest, benches[i]->name);
                if (strcmp(benches[i]->name, name) == 0)
                        return benches[i];
        }
        return NULL;
}

/* Return: 0, or EXIT_USAGE after the sentence. */
static int bench_find_or_say(const char *name, const struct bench **ret) {
        char hint[NEAREST_HINT_MAX];
        struct nearest nearest;

        *ret = bench_find(name, &nearest);
        return *ret ? 0 : command_usage("bench", "no benchmark '%s'%s", name, nearest_hint(&nearest, hint));
}

static int bench_help(void) {
        printf("Usage: ketenwacht bench BENCHMARK [--json] [OPTION...]\n\n"
               "Measures CPU time and memory on this machine and prints them; how to read them is in tests/bench/README.md.\n"
               "ketenwacht bench BENCHMARK --help says what it measures, and its options.\n\n"
               "Benchmarks:\n");
        for (size_t i = 0; i < ELEMENTS(benches); i++)
                printf("  %-9s %s\n", benches[i]->name, benches[i]->summary);
        return EXIT_DONE;
}

static int bench_help_of(const char *name) {
        const struct bench *bench;
        int status = bench_find_or_say(name, &bench);

        if (status)
                return status;
        printf("%s\nOptions of every benchmark:\n"
               "  --json         one JSON object on one line\n"
               "  --schemas DIR  where the schemas are (else KETENWACHT_SCHEMAS, else schemas)\n"
               "  --config DIR   where the configuration is (else KETENWACHT_CONFIG, else config)\n\n"
               "Exit status: 0 measured, 1 a result was wrong, 2 wrong usage or configuration, 3 the broker or a peer failed.\n",
               bench->help);
        return EXIT_DONE;
}

static int bench_run(int argc, char **argv) {
        const struct bench *bench;
        struct error err = {.text = ""};
        char title[TITLE_MAX];
        int status;

        if (argc < 2 || argv[1][0] == '-')
                return command_usage("bench", "say which benchmark, one of them, before its options");
        status = bench_find_or_say(argv[1], &bench);
        if (status)
                return status;
        (void) snprintf(title, sizeof(title), "bench %s", bench->name);
        argv[1] = title;
        status = bench->run(argc - 1, argv + 1, &err);
        return status && err.text[0] ? command_fail(title, status, &err) : status;
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--help") == 0)
                        return i > 1 ? bench_help_of(argv[1]) : bench_help();
        }
        return bench_run(argc, argv);
}
