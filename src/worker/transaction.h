/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * When a transaction ends, and what becomes real or never was with it
 *
 * The bus begins it with the first record written. It is committed when nothing waits to be read, when
 * it is TRANSACTION_AGE_MS old or full, and never within TRANSACTION_PAUSE_MS of the last one;
 * while a partition is behind, by age and size alone. Stores keep what it changes provisional.
 */

#include "worker/partition.h"
#include "worker/restore.h"
#include "worker/tell.h"

/* The broker writes a marker to each of some forty partitions after every commit, and until it has done so refuses the next
 * transaction: more often than this, tellings come later, not sooner (src/README.md). */
#define TRANSACTION_PAUSE_MS 100       /* never sooner after the last one */
#define TRANSACTION_AGE_MS 110         /* a transaction's first record waits no longer */
#define TRANSACTION_UNITS 5000         /* records and evaluations in one transaction */
#define TRANSACTION_BEHIND_AGE_MS 100  /* the same two while a partition is behind */
#define TRANSACTION_BEHIND_UNITS 50000
#define TRANSACTION_ABORTS_MAX 100     /* aborted transactions in a row, then the worker gives up */

_Static_assert(TRANSACTION_PAUSE_MS < TRANSACTION_AGE_MS, "a full transaction must be allowed to end");
_Static_assert(TRANSACTION_AGE_MS * 10 < BUS_TRANSACTION_MS, "a transaction must end long before the broker ends it");
_Static_assert(TRANSACTION_BEHIND_AGE_MS * 10 < BUS_TRANSACTION_MS, "a transaction must end long before the broker ends it");

struct transaction {
        struct ground *ground;    /* these three: borrowed */
        struct partitions *parts;
        struct teller *teller;
        struct row_codec *rows;   /* for the schemas of rows that are new to a partition */
        bool open;                /* something was read, written or changed since the last commit */
        int64_t first;            /* monotonic: when the first thing happened in it */
        int64_t committed;        /* monotonic: end of the last one */
        unsigned units;           /* records and evaluations in it */
        unsigned aborts;          /* in a row */
};

/* The first may be committed at once. Return: 0 or -ENOMEM. */
int transaction_init(struct transaction *txn, struct ground *ground, struct partitions *parts, struct teller *teller) MUSTCHECK;
void transaction_done(struct transaction *txn); /* a zeroed one is fine */

void transaction_touch(struct transaction *txn);               /* one more unit; opens it */
void transaction_weigh(struct transaction *txn, size_t rows); /* it is open, and has so many rows more than a unit has */

/* @idle: nothing was waiting to be read. */
bool transaction_is_due(const struct transaction *txn, bool idle);

/* How long the loop may wait for a record, at most @at_most: until the open one is due. */
int transaction_wait_ms(const struct transaction *txn, int at_most);

/*
 * Writes what the rows of new partitions lack, and commits; without an open one nothing happens.
 * Return: 0; BUS_E_ABORTED or another answer of the bus, or a negative errno, with a sentence: nothing is changed then.
 */
int transaction_commit(struct transaction *txn, struct error *err) MUSTCHECK;

/*
 * Nothing of the open one ever was. @err says why it ended so. Return: 0; -EIO with a sentence: too many in a row; a negative
 * errno of the bus with one.
 */
int transaction_abort(struct transaction *txn, struct error *err) MUSTCHECK;
