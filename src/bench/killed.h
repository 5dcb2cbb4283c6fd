/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How soon a worker is of use again after kill -9 under load
 *
 * The worker is killed while events come at a rate, and started anew at once, as a supervisor would; nothing of it is on disk. Counted is from
 * the start of the new process to the moment at which a consumer of committed records has in its hands the first plan-due that was
 * appended after the kill: joining, fencing what the dead one had open, reading the state, catching up and one commit.
 */

#include "bench/site.h"

#define KILLED_TIMES_MAX 20

struct killed {
        size_t times;
        double least_s, middle_s, most_s;
};

/*
 * One worker is live by now; another is when it returns 0. @first: number of the first case. @times: 1 … KILLED_TIMES_MAX.
 * Return: 0 or negative errno with a sentence.
 */
int killed_measure(struct site *site, uint64_t first, uint64_t rate, size_t times, struct killed *ret, struct error *err) MUSTCHECK;
