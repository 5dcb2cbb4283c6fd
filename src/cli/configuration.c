/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the configuration of a command and prints what is wrong with it. */

#include "cli/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int command_configuration(const char *name, const struct command_dirs *dirs, struct config **ret) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        int r = config_read(dirs->config, dirs->schemas, ret, &mistakes);

        if (r == 0) {
                mistakes_done(&mistakes);
                return 0;
        }
        fputs(buffer_text(&mistakes.text), stderr);
        if (r == -EINVAL)
                error_set(&err, "the configuration in %s%s with the schemas in %s%s has %zu mistake%s; mend what is said above", dirs->config,
                          command_dirs_origin(dirs->config, LANGUAGE_EN), dirs->schemas, command_dirs_origin(dirs->schemas, LANGUAGE_EN), mistakes.n,
                          mistakes.n == 1 ? "" : "s");
        else
                error_set(&err, "the configuration in %s%s with the schemas in %s%s cannot be read: %s", dirs->config,
                          command_dirs_origin(dirs->config, LANGUAGE_EN), dirs->schemas, command_dirs_origin(dirs->schemas, LANGUAGE_EN),
                          mistakes.failure.text);
        mistakes_done(&mistakes);
        return command_fail(name, EXIT_USAGE, &err);
}

int command_schemas(const char *name, const struct command_dirs *dirs, struct event_types **ret) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        int r = event_types_read(dirs->schemas, ret, &mistakes);

        if (r) {
                fputs(buffer_text(&mistakes.text), stderr);
                error_set(&err, "the schemas in %s%s cannot be used: %s", dirs->schemas, command_dirs_origin(dirs->schemas, LANGUAGE_EN),
                          r == -EINVAL ? "mend what is said above" : strerror(-r));
        }
        mistakes_done(&mistakes);
        return r ? command_fail(name, EXIT_USAGE, &err) : EXIT_DONE;
}
