/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One generated case (not for users of demo/year.h)
 *
 * Says what happens in a case and on which day; the year puts what it says in order and drops what lies after its end.
 */

#include "base/buffer.h"
#include "demo/dice.h"
#include "demo/year.h"

/* Where the events of a case go: at the instant at which they were recorded. Return: 0 or negative errno. */
struct life_sink {
        int (*add)(void *ctx, const struct tape_item *item);
        void *ctx;
};

/* Tells the whole life of case @number: number 0 is the story. Return: 0 or negative errno. */
int life_tell(uint64_t seed, unsigned number, const struct life_sink *sink) MUSTCHECK;

/* Its case_id. */
struct uuid life_case(uint64_t seed, unsigned number);
