/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * `ketenwacht check FILE`: one file within its configuration, and nothing said of any other
 */

#include "cli/check_say.h"
#include "model/config.h"

enum check_kind {
        CHECK_PROTOCOL, CHECK_STORIES, CHECK_ORGANISATIONS, CHECK_CALENDAR, CHECK_CONNECTOR, CHECK_COVERAGE, CHECK_BROKER, CHECK_CONSOLE, CHECK_VERSION,
        CHECK_KINDS,
};

/* What check->file is, by its name, its folder or its keys. Return: EXIT_DONE; EXIT_USAGE after what is wrong with it, or that it is nothing that is known. */
int check_file_kind(const struct check *check, enum check_kind *ret);

/* Checks check->file, which is of this kind: neither stories nor coverage, which are judged by what they hold. Return: an exit status. */
int check_file(const struct check *check, enum check_kind kind);

/*
 * The console's file in the configuration, when one stands there; its mistakes go into @mistakes. What is secret is not read.
 * Return: 0; -EINVAL; negative errno.
 */
int check_console(const struct check *check, const struct config *config, struct mistakes *mistakes) MUSTCHECK;

/*
 * The mistakes of a configuration with check->file in it: those of that file; or, when it has none, that the others keep it from being judged.
 * Return: EXIT_USAGE.
 */
int check_file_mistakes(const struct check *check, struct mistakes *mistakes);
