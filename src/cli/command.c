/* SPDX-License-Identifier: EUPL-1.2 */

/* What every command says in the same way: a failure, a wrong argument. */

#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int command_fail(const char *name, int status, const struct error *err) {
        fprintf(stderr, "ketenwacht %s: %s\n", name, err->text[0] ? err->text : "failed without a reason; please report this");
        return status;
}

int command_usage(const char *name, const char *fmt, ...) {
        va_list args;

        fprintf(stderr, "ketenwacht %s: ", name);
        va_start(args, fmt);
        vfprintf(stderr, fmt, args);
        va_end(args);
        fprintf(stderr, "; see ketenwacht %s --help\n", name);
        return EXIT_USAGE;
}

int command_flush(const char *name) {
        struct error err;

        if (fflush(stdout) == 0 && !ferror(stdout))
                return EXIT_DONE;
        error_set(&err, "standard output cannot be written: %s", strerror(errno));
        return command_fail(name, EXIT_BROKER, &err);
}
