/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Cases that wait for their evaluation: touched while nothing was told, or due
 *
 * The next instant of a case follows from its facts, so there is nothing to persist. A sweep is
 * bounded and takes the partitions in turns, so that reading goes on meanwhile.
 */

#include "worker/transaction.h"

#define SWEEP_CASES 256   /* cases evaluated between two polls */
#define SWEEP_ROWS 16     /* tombstones that cost as much as an evaluation */
#define SWEEP_RECORDS 64  /* records between two looks at what is due */

struct sweep {
        struct transaction *txn; /* borrowed, with all that it stands on */
        size_t turn;             /* whose turn it is */
        unsigned records;        /* read since the last sweep */
};

/* Whether it is time to look at what is due although records are waiting. */
static inline bool sweep_is_wanted(const struct sweep *sweep) {
        return sweep->records >= SWEEP_RECORDS;
}

/* Evaluates and tells, SWEEP_CASES at most. Return: 0; what the bus answered; -ENOMEM, with a sentence. */
int sweep_cases(struct sweep *sweep, struct error *err) MUSTCHECK;

/* How long the loop may wait for a record, at most @at_most: until the next case is due. */
int sweep_wait_ms(const struct sweep *sweep, int at_most);

/* Whether all that fell due until now is told and committed; to be asked when nothing was waiting to be read. */
bool sweep_is_settled(const struct sweep *sweep);
