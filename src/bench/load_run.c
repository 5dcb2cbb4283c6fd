/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht bench load`: generated events, as lines or onto a broker */

#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/load.h"
#include "cli/broker.h"

struct request {
        struct bench_arguments common;
        const char *bootstrap; /* NULL: lines on standard output */
        struct bench_load_config want;
        int64_t rate;
};

static int send_load(const struct request *q, struct bench_load *load, struct bench_load_result *result, struct error *err) {
        struct log log = {.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_WARNING, .process = "bench"};
        struct command_broker broker = {0};
        int status = command_broker_read("bench load", q->common.dirs.config, q->bootstrap, &log, &broker);

        if (status == 0)
                status = command_broker_open("bench load", &broker);
        if (status == 0 && bench_load_write(load, broker.bus, (uint64_t)q->rate, &log.clock, result, err))
                status = EXIT_BROKER;
        command_broker_done(&broker);
        return status;
}

static int read_shape(const char *word, enum bench_load_shape *ret) {
        char hint[NEAREST_HINT_MAX];
        struct nearest nearest = NEAREST_INIT(word);

        for (unsigned i = 0; word && i < BENCH_LOAD_SHAPES; i++) {
                nearest_try(&nearest, bench_load_shapes[i]);
                if (strcmp(word, bench_load_shapes[i]) == 0) {
                        *ret = (enum bench_load_shape)i;
                        return 0;
                }
        }
        return word ? command_usage("bench load", "no shape '%s'%s", word, nearest_hint(&nearest, hint)) : 0;
}

static int read_request(int argc, char **argv, struct request *q) {
        const char *cases = NULL, *seed = NULL, *rate = NULL, *shape = NULL, *now = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&q->common),
                OPTION_TEXT_ROW("--bootstrap", &q->bootstrap), OPTION_TEXT_ROW("--cases", &cases), OPTION_TEXT_ROW("--seed", &seed),
                OPTION_TEXT_ROW("--rate", &rate), OPTION_TEXT_ROW("--shape", &shape), OPTION_TEXT_ROW("--now", &now),
                OPTION_END_ROW,
        };
        int64_t number_of_cases = BENCH_LOAD_COUNTRY, number_of_seed = BENCH_LOAD_SEED;
        struct clock clock = clock_system();
        int status = bench_options(argc, argv, options);

        q->want.now = clock_realtime(&clock);
        if (status == 0)
                status = read_shape(shape, &q->want.shape);
        if (status == 0)
                status = bench_number("bench load", "--cases", cases, 1, bench_load_cases_max(q->want.shape), &number_of_cases);
        if (status == 0)
                status = bench_number("bench load", "--seed", seed, 0, INT64_MAX, &number_of_seed);
        if (status == 0)
                status = bench_number("bench load", "--rate", rate, 1, BENCH_LOAD_RATE_MAX, &q->rate);
        if (status == 0 && now && !instant_parse(text_of(now), &q->want.now))
                status = command_usage("bench load", "--now '%s' is no instant; expected RFC 3339, as in 2023-06-15T12:00:00+02:00", now);
        q->want.cases = (uint64_t)number_of_cases;
        q->want.seed = (uint64_t)number_of_seed;
        return status;
}

static int run(int argc, char **argv, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        CLEANUP(bench_load_free_p) struct bench_load *load = NULL;
        struct request q = {.common = BENCH_ARGUMENTS_DEFAULT};
        struct bench_load_result result;
        int status = read_request(argc, argv, &q);

        if (status == 0)
                status = bench_configuration(&q.common, &config, err);
        if (status)
                return status;
        q.want.config = config;
        if (bench_load_new(&q.want, &load, err)) {
                if (!err->text[0])
                        error_set(err, "out of memory");
                return EXIT_USAGE;
        }
        if (!q.bootstrap)
                return bench_load_print(load, stdout, &result, err) ? EXIT_NO : EXIT_DONE;
        status = send_load(&q, load, &result, err);
        if (status == EXIT_DONE)
                printf("{\"cases\":%llu,\"events\":%llu,\"repeats\":%llu,\"bytes\":%llu}\n", (unsigned long long)q.want.cases,
                       (unsigned long long)result.events, (unsigned long long)result.repeats, (unsigned long long)result.bytes);
        return status;
}

const struct bench bench_load = {
        .name = "load",
        .summary = "generated events, to measure with",
        .help = "Usage: ketenwacht bench load [--shape SHAPE] [--cases N] [--seed N] [--now INSTANT] [--bootstrap LIST [--rate N]]\n\n"
                "Measures nothing: prints generated events, one JSON object a line, for publish and replay. With --bootstrap it sends\n"
                "them itself, waits for the acknowledgements, and prints {\"cases\", \"events\", \"repeats\", \"bytes\"}. The same options give the\n"
                "same events with the same ids; the organisations are those of --config.\n\n"
                "  --shape SHAPE    four: six event types, for the four deadlines of tests/bench/four-deadlines (default); year: a year of\n"
                "                   events of some thirty types in order of recording, with late deeds, late paperwork and repetitions\n"
                "  --cases N        how many (default 40000: about the children of the whole country in a year)\n"
                "  --seed N         other events in the same proportions (default 42)\n"
                "  --now INSTANT    no event is recorded later, RFC 3339 (default: the present)\n"
                "  --bootstrap LIST the broker; its topics must be there. Only this option is heeded, not the environment, so that nobody\n"
                "                   fills a broker by mistake\n"
                "  --rate N         events a second (default: as fast as it goes)\n",
        .run = run,
};
