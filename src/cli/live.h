/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Cases as the broker has them: the rows of case-state, read into a store
 */

#include "bus/bus.h"
#include "cli/command.h"
#include "engine/engine.h"

/*
 * Reads what is committed of one case (its partition only), or with @case_id NULL of all.
 * Return: an exit status; the sentence has been printed when it is not EXIT_DONE.
 */
int live_read(const char *command, struct bus *bus, const struct uuid *case_id, struct store *store) MUSTCHECK;

/*
 * Every committed row of case-state (tombstones too, the worker's own rows too), in the order of its partition: of one
 * partition or BUS_ALL_PARTITIONS, or with @case_id not NULL only those of that case, from its partition alone. @row returns 0, or
 * whatever ends the reading: negative errno with a sentence. Return: 0; -ENOENT: no such topic; negative errno with a sentence.
 */
struct live_rows {
        int32_t partition;
        const struct uuid *case_id;
        int (*row)(void *ctx, struct bus_record *record, struct error *err);
        void *ctx;
};
int live_each(struct bus *bus, const struct live_rows *rows, struct error *err) MUSTCHECK;

/* The same from the broker that every command finds: --bootstrap (or NULL), the environment, broker.yaml. */
int live_find_and_read(const char *command, const struct command_dirs *dirs, const char *bootstrap, const struct uuid *case_id,
                       struct store *store) MUSTCHECK;
