/* SPDX-License-Identifier: EUPL-1.2 */

/* Finds each argument in the table of the command, and the nearest word when it is not there. */

#include "cli/options.h"

#include <string.h>

#include "base/text.h"

/* Whether an argument begins like an option: "-2 months" does not. */
static bool option_looks(const char *arg) {
        return arg[0] == '-' && arg[1] != '\0' && !(arg[1] >= '0' && arg[1] <= '9');
}

static int option_unknown(const char *command, const char *arg, const struct option_row *rows) {
        struct nearest nearest = NEAREST_INIT(arg);
        char hint[NEAREST_HINT_MAX];

        for (const struct option_row *row = rows; row->kind != OPTION_END; row++)
                nearest_try(&nearest, row->name);
        nearest_try(&nearest, "--help");
        return command_usage(command, "no option '%s'%s", arg, nearest_hint(&nearest, hint));
}

/* One option at argv[*at]. */
static int option_read(int argc, char **argv, int *at, const struct option_row *rows) {
        const char *arg = argv[*at];

        for (const struct option_row *row = rows; row->kind != OPTION_END; row++) {
                size_t n = strlen(row->name);

                if (strcmp(arg, row->name) == 0 && row->kind == OPTION_FLAG) {
                        *row->flag = true;
                        return 0;
                }
                if (row->kind == OPTION_TEXT && strncmp(arg, row->name, n) == 0 && arg[n] == '=') {
                        *row->text = arg + n + 1;
                        return 0;
                }
                if (strcmp(arg, row->name) != 0)
                        continue;
                if (*at + 1 >= argc)
                        return command_usage(argv[0], "the option %s needs a value", arg);
                *row->text = argv[++*at];
                return 0;
        }
        return option_unknown(argv[0], arg, rows);
}

int options_read(int argc, char **argv, const struct option_row *rows, const char **arguments, int *n) {
        bool ended = false;
        int r;

        *n = 0;
        for (int i = 1; i < argc; i++) {
                if (!ended && strcmp(argv[i], "--") == 0) {
                        ended = true;
                        continue;
                }
                if (!ended && option_looks(argv[i])) {
                        r = option_read(argc, argv, &i, rows);
                        if (r)
                                return r;
                        continue;
                }
                if (*n == OPTION_ARGUMENTS_MAX)
                        return command_usage(argv[0], "more than %d arguments", OPTION_ARGUMENTS_MAX);
                arguments[(*n)++] = argv[i];
        }
        return 0;
}
