/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One record on its way in: frame, decode, check, accept, or refuse
 *
 * Whatever does not pass is kept, and told, and the partition goes on with the next. The record goes unchanged to
 * dead-letters, with headers that say where it stood and why. When its event could be read and its source is an
 * organisation that we know, that organisation gets an event-refused in its inbox (cluster/event_refused.h).
 */

#include "cluster/event_record.h"
#include "worker/standstill.h"
#include "worker/transaction.h"


struct intake {
        struct transaction *txn;   /* borrowed, with all that it stands on */
        struct standstill *standstill; /* borrowed */
        struct dead_letter letter; /* the latest */
        struct log_pace refusals;
};

/*
 * Deals with a record of a partition that is owned; its headers may be loaded meanwhile.
 * Return: 0, also for one that was refused or that waits for its schema; what the bus answered; -ENOMEM; -EPROTO (the partition is not this
 * worker's), with a sentence.
 */
int intake_record(struct intake *intake, struct bus_record *record, struct error *err) MUSTCHECK;
