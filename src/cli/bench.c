/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht bench`: finds the benchmark and hands over. */

#include "cli/bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/options.h"

static const struct bench *const benches[] = {&bench_codec, &bench_engine};

static int ascending(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double bench_middle(double values[BENCH_ROUNDS]) {
        qsort(values, BENCH_ROUNDS, sizeof(*values), ascending);
        return values[BENCH_ROUNDS / 2];
}

static int run(int argc, char **argv) {
        struct bench_arguments arguments = {.dirs = COMMAND_DIRS_DEFAULT};
        const struct option_row options[] = {
                OPTION_TEXT_ROW("--config", &arguments.dirs.config),
                OPTION_TEXT_ROW("--schemas", &arguments.dirs.schemas),
                OPTION_FLAG_ROW("--json", &arguments.json),
                OPTION_END_ROW,
        };
        const char *words[OPTION_ARGUMENTS_MAX];
        struct error err = {.text = ""};
        char hint[NEAREST_HINT_MAX];
        struct nearest nearest;
        int n, status = options_read(argc, argv, options, words, &n);

        if (status)
                return status;
        if (n != 1)
                return command_usage("bench", "say which benchmark, one of them");
        nearest = (struct nearest)NEAREST_INIT(words[0]);
        for (size_t i = 0; i < ELEMENTS(benches); i++) {
                nearest_try(&nearest, benches[i]->name);
                if (strcmp(benches[i]->name, words[0]) != 0)
                        continue;
                status = benches[i]->run(&arguments, &err);
                return status ? command_fail("bench", status, &err) : EXIT_DONE;
        }
        return command_usage("bench", "no benchmark '%s'%s", words[0], nearest_hint(&nearest, hint));
}

const struct command command_bench = {
        .name = "bench",
        .summary = "measure the speed of the parts",
        .help = "Usage: ketenwacht bench BENCHMARK [--json] [--config DIR] [--schemas DIR]\n\n"
                "Measures CPU time on this machine and prints it, beside a peer that does the same in the same run.\n\n"
                "Benchmarks:\n"
                "  codec   one measure-started, bytes to slots and back, beside avro-c's generic values doing the same;\n"
                "          --json: {\"decode_ns\", \"encode_ns\", \"avro_c_decode_ns\", \"avro_c_encode_ns\"}\n"
                "  engine  events of generated cases, decoded, accepted, evaluated, effects and rows encoded, in memory,\n"
                "          with the protocols of --config; cases of 5 facts, and of 10, 100 and 1,000;\n"
                "          --json: {\"events_per_s\", \"ns_per_event\", \"memory_bytes_per_fact\", \"topic_bytes_per_fact\", \"by_facts\"}\n\n"
                "Options:\n"
                "  --json         one JSON object on one line\n"
                "  --schemas DIR  where the schemas are (default schemas)\n"
                "  --config DIR   where the configuration is (default config)\n\n"
                "Exit status: 0 measured, 2 wrong usage or a schema that cannot be read.\n",
        .run = run,
};
