/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Latency at a fixed offered load, by the broker's own stamps
 *
 * Events are sent at a rate, whatever comes out (open loop). Of each case the first plan-due is joined with the start that
 * caused it: from the stamp that the broker gave the start when it was appended, to the stamp of the announcement, and to the moment
 * at which a consumer of committed records had it in its hands.
 */

#include "bench/site.h"

struct latency_figures {
        double p50, p99, p999, most; /* ms */
};

struct latency {
        size_t samples;
        struct latency_figures append, visible;
        uint64_t events;
        double offered_per_s;        /* as it turned out */
};

/* Workers are live by now. @first: number of the first case. Return: 0 or negative errno with a sentence. */
int latency_measure(struct site *site, uint64_t first, uint64_t rate, uint64_t seconds, struct latency *ret, struct error *err) MUSTCHECK;
