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
 * @partitions: of case-state, as configured. Return: an exit status; the sentence has been printed when it is not EXIT_DONE.
 */
int live_read(const char *command, struct bus *bus, int32_t partitions, const struct uuid *case_id, struct store *store) MUSTCHECK;

/* The same from the broker that every command finds: --bootstrap (or NULL), the environment, broker.yaml. */
int live_find_and_read(const char *command, const struct command_dirs *dirs, const char *bootstrap, const struct uuid *case_id,
                       struct store *store) MUSTCHECK;
