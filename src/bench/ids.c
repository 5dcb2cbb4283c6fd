/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht bench ids`: hashing the names of ids, one and eight side by side, by each way that the processor has */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/sha1.h"
#include "bench/bench.h"

#define BLOCKS 3 /* of the name of an alert */
#define PASSES 2000
#define ROUNDS 5 /* the best one counts */

static const char *const ids_ways[SHA1_WAYS] = {[SHA1_BY_INSTRUCTIONS] = "instructions", [SHA1_BY_VECTORS] = "vectors", [SHA1_PLAIN] = "plain"};

struct ids {
        uint8_t blocks[SHA1_LANES][BLOCKS * SHA1_BLOCK];
        struct sha1_lane lanes[SHA1_LANES];
};

static void ids_init(struct ids *ids) {
        for (size_t l = 0; l < SHA1_LANES; l++) {
                for (size_t i = 0; i < sizeof(ids->blocks[l]); i++)
                        ids->blocks[l][i] = (uint8_t)(i * 31 + l * 101);
                ids->lanes[l] = (struct sha1_lane){SHA1_START, ids->blocks[l], BLOCKS};
        }
}

/* What is measured, under a name of its own: tests/bench/instructions.py counts its instructions. Each state goes on from the last. */
__attribute__((noinline)) static void bench_ids_lanes(struct ids *ids, enum sha1_way way, size_t n) {
        for (size_t pass = 0; pass < PASSES; pass++)
                sha1_lanes(way, ids->lanes, n);
}

/* Nanoseconds a name, @n side by side. Return: whether the hashes are those of @right. */
static bool ids_measure(enum sha1_way way, size_t n, const struct ids *right, double *ret) {
        *ret = 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
                struct ids ids;
                int64_t start;
                double ns;

                ids_init(&ids);
                start = clock_cpu_ns();
                bench_ids_lanes(&ids, way, n);
                ns = (double)(clock_cpu_ns() - start) / (double)(PASSES * n);
                *ret = round == 0 || ns < *ret ? ns : *ret;
                for (size_t l = 0; l < n; l++) {
                        if (memcmp(ids.lanes[l].state, right->lanes[l].state, sizeof(right->lanes[l].state)) != 0)
                                return false;
                }
        }
        return true;
}

static int ids_run(int argc, char **argv, struct error *err) {
        struct bench_arguments arguments = BENCH_ARGUMENTS_DEFAULT;
        const struct option_row options[] = {BENCH_OPTION_ROWS(&arguments), OPTION_END_ROW};
        int status = bench_options(argc, argv, options);
        const char *between = "{";
        struct ids right;

        if (status)
                return status;
        ids_init(&right);
        bench_ids_lanes(&right, SHA1_PLAIN, SHA1_LANES);
        if (!arguments.json)
                printf("ns a name of %d blocks    alone  eight\n", BLOCKS);
        for (unsigned way = 0; way < SHA1_WAYS; way++) {
                double alone, eight;

                if (!sha1_has((enum sha1_way)way))
                        continue;
                if (!ids_measure((enum sha1_way)way, 1, &right, &alone) || !ids_measure((enum sha1_way)way, SHA1_LANES, &right, &eight)) {
                        error_set(err, "hashes by %s are not those of the plain way; please report this", ids_ways[way]);
                        return EXIT_NO;
                }
                if (arguments.json)
                        printf("%s\"%s_ns\":%.1f,\"%s_eight_ns\":%.1f", between, ids_ways[way], alone, ids_ways[way], eight);
                else
                        printf("%-22s %8.1f %6.1f\n", ids_ways[way], alone, eight);
                between = ",";
        }
        if (arguments.json)
                printf("}\n");
        return EXIT_DONE;
}

const struct bench bench_ids = {
        .name = "ids",
        .summary = "hashing the names of ids, by each way that the processor has",
        .help = "Usage: ketenwacht bench ids [--json]\n\n"
                "SHA-1 of names as long as those of alerts, one alone and eight side by side, CPU time of one core: by the processor's\n"
                "instructions for it, with its vectors, and by neither; the ways that this processor has. All give the same ids.\n"
                "--json: {\"instructions_ns\", \"instructions_eight_ns\", \"vectors_ns\", \"vectors_eight_ns\", \"plain_ns\",\n"
                "\"plain_eight_ns\"}, without those that it has not\n",
        .run = ids_run,
};
