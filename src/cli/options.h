/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Options, read the same way for every subcommand
 *
 * Options are `--name VALUE`, `--name=VALUE` or `--name`; `--` ends them; arguments may stand between
 * them. Each command has one table of them.
 */

#include <stdbool.h>

#include "cli/command.h"

enum option_kind { OPTION_TEXT, OPTION_FLAG, OPTION_END };

struct option_row {
        const char *name; /* with its dashes */
        enum option_kind kind;
        const char **text; /* OPTION_TEXT: where the value goes */
        bool *flag;        /* OPTION_FLAG */
};
#define OPTION_TEXT_ROW(n, p) {.name = (n), .kind = OPTION_TEXT, .text = (p)}
#define OPTION_FLAG_ROW(n, p) {.name = (n), .kind = OPTION_FLAG, .flag = (p)}
#define OPTION_END_ROW {.kind = OPTION_END}

#define OPTION_ARGUMENTS_MAX 256

/*
 * Reads argv[1 ..]; what is no option goes into @arguments (OPTION_ARGUMENTS_MAX of them), counted in *n.
 * A negative number ("-2 months") is an argument. Return: 0, or EXIT_USAGE after the sentence.
 */
int options_read(int argc, char **argv, const struct option_row *rows, const char **arguments, int *n) MUSTCHECK;
