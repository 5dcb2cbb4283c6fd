/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht bench`: becomes the program that measures (src/bench), which is no part of the one that works. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

#define BENCH_PROGRAM "ketenwacht-bench"

static int command_become(int argc, char **argv) {
        char path[COMMAND_PATH_MAX];
        struct error err = {0};

        (void) argc;
        if (command_beside(BENCH_PROGRAM, path, &err))
                return command_fail("bench", EXIT_BROKER, &err);
        argv[0] = path;
        (void) execv(path, argv); /* comes back only when it fails */
        error_set(&err, "the program %s cannot be started: %s", path, strerror(errno));
        return command_fail("bench", EXIT_BROKER, &err);
}

const struct command command_bench = {
        .name = "bench",
        .summary = "measure the speed of the parts and of the whole",
        .run = command_become,
};
