/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * `ketenwacht state repair`: rows of case-state that cannot be read are shown, and put aside
 */

#include "cli/options.h"

/* @reason: NULL only shows them; else they are put aside, for this reason. Return: an exit status. */
int state_repair(const struct command_dirs *dirs, const char *bootstrap, const char *reason);
