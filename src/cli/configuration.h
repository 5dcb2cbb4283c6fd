/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The configuration of a command, read and checked whole. */

#include "cli/command.h"
#include "model/config.h"

/*
 * Reads the folders of @dirs. Return: 0; EXIT_USAGE after every mistake, one a line, and one sentence
 * for command @name were printed on standard error.
 */
int command_configuration(const char *name, const struct command_dirs *dirs, struct config **ret) MUSTCHECK;

/* The schemas alone, for commands that must also serve whoever mends a protocol. Return: as above. */
int command_schemas(const char *name, const struct command_dirs *dirs, struct event_types **ret) MUSTCHECK;
