/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The rows of one case-state into another: what `ketenwacht state copy` does
 */

#include "cli/command.h"

/*
 * Copies from the case-state of the configuration folder @from into that of @dirs, which must be new or left by a copy that failed, and prints
 * how much. @bootstrap, @from_bootstrap: brokers of the command line, or NULL. Return: an exit status, after the sentence was printed when it is
 * not EXIT_DONE.
 */
int state_copy(const struct command_dirs *dirs, const char *bootstrap, const char *from, const char *from_bootstrap) MUSTCHECK;
