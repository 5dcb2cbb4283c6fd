/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How much there is in case-state: what `ketenwacht state stats` prints
 */

#include <stdbool.h>

#include "cli/command.h"

/*
 * Prints a line for each partition and one for all; with @text as a table, else as JSON. @bootstrap: the broker of the command line, or NULL.
 * Return: an exit status, after the sentence was printed when it is not EXIT_DONE.
 */
int state_stats(const struct command_dirs *dirs, const char *bootstrap, bool text) MUSTCHECK;
