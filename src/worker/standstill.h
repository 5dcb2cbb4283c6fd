/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Inputs that stand still before a record whose schema cannot be asked for now
 *
 * A registry that is away must cost no record, so one with an id that is new waits: its input of its partition stands still, nothing of the
 * partition is told (what waits may be of any case of it), all others go on. Every STANDSTILL_LOOK_MS it is looked whether the id can be found;
 * how often the registry is asked is the registry's own affair (model/schema_ids.h). Of a partition that goes nothing stays.
 */

#include "base/vector.h"
#include "model/schema_ids.h"
#include "worker/partition.h"

#define STANDSTILL_LOOK_MS 100

struct standing {
        struct bus_part part; /* index: the input */
        struct schema_id id;
};

struct standstill {
        struct ground *ground;     /* these two: borrowed */
        struct partitions *parts;
        VECTOR(struct standing) items; /* one of an input and partition at most */
        int64_t looked;            /* monotonic */
};

void standstill_done(struct standstill *s); /* a zeroed one is fine */

/* The record that was handed out last of an owned partition waits for @id. Return: 0; -ENOMEM with a sentence. */
int standstill_hold(struct standstill *s, struct partition *p, const struct bus_record *record, const struct schema_id *id, struct error *err) MUSTCHECK;

/* Lets those go on whose id can be judged now. Return: 0; what the bus answered. */
int standstill_look(struct standstill *s, struct error *err) MUSTCHECK;

/* A transaction was aborted, or partitions go: all is read again, by this worker or another. */
void standstill_forget(struct standstill *s);
