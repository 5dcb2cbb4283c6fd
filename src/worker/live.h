/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Cases as the broker has them: the rows of case-state, read without owning them
 *
 * For whoever looks (explain, report, state, the demonstration). Joins no group and sees only what is committed.
 */

#include "bus/bus.h"
#include "engine/engine.h"

/* For whoever shows how far it is: called with every record that was read, of the case or not. */
struct live_watch {
        void (*read)(void *ctx, uint64_t records);
        void *ctx;
};

struct live_rows {
        int32_t partition;          /* or BUS_ALL_PARTITIONS */
        const struct uuid *case_id; /* only its rows, from its partition alone; NULL: all */
        /* Return: 0, or whatever ends the reading: negative errno with a sentence. */
        int (*row)(void *ctx, struct bus_record *record, struct error *err);
        void *ctx;
        const struct live_watch *watch; /* NULL: nobody waits for it */
};

/*
 * Every committed row (tombstones too, the worker's own rows too), in the order of its partition.
 * Return: 0; -ENOENT: no such topic; negative errno with a sentence.
 */
int live_each(struct bus *bus, const struct live_rows *rows, struct error *err) MUSTCHECK;

/* Restores one case, or with @case_id NULL all of them, into an empty @store. @watch: NULL or who waits. Return: as live_each(). */
int live_read(struct bus *bus, const struct uuid *case_id, const struct live_watch *watch, struct store *store, struct error *err) MUSTCHECK;
