/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What stands on the broker beside what the configuration asks for
 */

#include "cli/options.h"

/*
 * Prints as `topics plan` does what is to be made, changed or is refused, for `check --broker`. @bootstrap: of the command line, or NULL.
 * Return: EXIT_DONE: all is as it should be; EXIT_NO: it is not; EXIT_USAGE or EXIT_BROKER after a sentence.
 */
int topics_compare(const struct command_dirs *dirs, const char *bootstrap);
