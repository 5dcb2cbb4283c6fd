/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What `ketenwacht bench compare` has measured: the result lines of the kit, gathered by program
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum compare_peer { COMPARE_FLOOR, COMPARE_FLOOR_AS_STREAMS, COMPARE_KETENWACHT, COMPARE_STREAMS, COMPARE_PEERS };

enum compare_key {
        COMPARE_CLIENT_US, COMPARE_CLIENT_US_WARM, COMPARE_CLIENT_US_WITH_START, COMPARE_EVENTS_S, COMPARE_BROKER_US, COMPARE_RSS_MB,
        COMPARE_WRITES, COMPARE_LOG_BYTES, COMPARE_RESTART_S, COMPARE_RESTART_CPU_S, COMPARE_P50_MS, COMPARE_P99_MS, COMPARE_P999_MS,
        COMPARE_APPEND_P99_MS, COMPARE_LATENCY_CLIENT_US, COMPARE_LATENCY_BROKER_US, COMPARE_KEYS,
};

#define COMPARE_RUNS_MAX 100

struct compare_figures { /* of each program and key: the values of all runs */
        struct {
                double values[COMPARE_RUNS_MAX];
                size_t n;
        } of[COMPARE_PEERS][COMPARE_KEYS];
};

/* Adds the lines of a result file. Return: 0; negative errno with a sentence. */
int compare_read(const char *path, struct compare_figures *ret, struct error *err) MUSTCHECK;

struct compare_result {
        unsigned long long cases;
        unsigned runs;
        bool right;                          /* all verdicts on what came out */
        struct compare_figures four, all;    /* four deadlines; all bundled protocols */
};

/* Prints one object on one line, or tables with what is aimed at. */
void compare_print(struct compare_result *result, bool json);
