/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The worker on the broker in memory (bus_worker_open), and what tests do to it: end it without a word, let it stand still, spoil its
 * next calls
 */

#include "base/error.h"
#include "bus/bus.h"
#include "bus/memory.h"

/* @b is a struct memory. As bus_worker_open(). */
int memory_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) MUSTCHECK;

/*
 * kill -9: the handle is gone without a word (freed; not to be used again). Its transaction stays open and its membership
 * stands until their time is over, or until another of the same name comes.
 */
void memory_crash(struct bus_worker *w);

/*
 * Stops the worker's process without its knowing, as a virtual machine that stands still: its session
 * and its transaction run out. The next call on the handle is the zombie's.
 */
void memory_freeze(struct bus_worker *w);

/* Throws the worker out of its group at once, as when it was not heard of for too long; it learns of it with its next poll. */
void memory_expel(struct bus_worker *w);

/* What the next call of one kind does instead of its work. */
enum memory_fault {
        MEMORY_COMMIT_ABORTED = 1, /* commit answers BUS_E_ABORTED and has done nothing */
        MEMORY_COMMIT_LOST_ANSWER, /* commit is done, and answers -EIO: the process cannot know */
        MEMORY_COMMIT_DIES,        /* commit is not done, and answers -EIO */
        MEMORY_PRODUCE_ABORTED,    /* produce answers BUS_E_ABORTED */
        MEMORY_REBALANCE,          /* poll: the group of the worker rebalances, for no reason */
        MEMORY_LOSE,               /* poll: the worker's session is over */
};

/* Puts a fault at the end of the worker's row of faults; each waits for a call of its kind. Return: 0 or -ENOMEM. */
int memory_fault(struct bus_worker *w, enum memory_fault fault) MUSTCHECK;
