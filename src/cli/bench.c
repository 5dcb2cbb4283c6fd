/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht bench`: finds the benchmark and hands over. */

#include "cli/bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const struct bench *const benches[] = {&bench_codec};

static int ascending(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double bench_middle(double values[BENCH_ROUNDS]) {
        qsort(values, BENCH_ROUNDS, sizeof(*values), ascending);
        return values[BENCH_ROUNDS / 2];
}

static int run(int argc, char **argv) {
        static const struct option options[] = {
                {"config", required_argument, NULL, 'c'},
                {"schemas", required_argument, NULL, 's'},
                {"json", no_argument, NULL, 'j'},
                {0},
        };
        struct bench_arguments arguments = {.dirs = COMMAND_DIRS_DEFAULT};
        struct error err = {.text = ""};
        char hint[NEAREST_HINT_MAX];
        struct nearest nearest;
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
                if (option == '?')
                        return command_usage("bench", "that option is not known or lacks its value");
                if (option == 'c')
                        arguments.dirs.config = optarg;
                else if (option == 's')
                        arguments.dirs.schemas = optarg;
                else
                        arguments.json = true;
        }
        if (optind + 1 != argc)
                return command_usage("bench", "say which benchmark, one of them");
        nearest = (struct nearest)NEAREST_INIT(argv[optind]);
        for (size_t i = 0; i < ELEMENTS(benches); i++) {
                int status;

                nearest_try(&nearest, benches[i]->name);
                if (strcmp(benches[i]->name, argv[optind]) != 0)
                        continue;
                status = benches[i]->run(&arguments, &err);
                return status ? command_fail("bench", status, &err) : EXIT_DONE;
        }
        return command_usage("bench", "no benchmark '%s'%s", argv[optind], nearest_hint(&nearest, hint));
}

const struct command command_bench = {
        .name = "bench",
        .summary = "measure the speed of the parts",
        .help = "Usage: ketenwacht bench BENCHMARK [--json] [--config DIR] [--schemas DIR]\n\n"
                "Measures CPU time on this machine and prints it, beside a peer that does the same in the same run.\n\n"
                "Benchmarks:\n"
                "  codec   one measure-started, bytes to slots and back, beside avro-c's generic values doing the same;\n"
                "          --json: {\"decode_ns\", \"encode_ns\", \"avro_c_decode_ns\", \"avro_c_encode_ns\"}\n\n"
                "Options:\n"
                "  --json         one JSON object on one line\n"
                "  --schemas DIR  where the schemas are (default schemas)\n"
                "  --config DIR   where the configuration is (default config)\n\n"
                "Exit status: 0 measured, 2 wrong usage or a schema that cannot be read.\n",
        .run = run,
};
