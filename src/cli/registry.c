/* SPDX-License-Identifier: EUPL-1.2 */

/* Opens the registry of broker.yaml, with a folder of the environment for what it says. */

#include "cli/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_PATH_MAX 4096

static const char *registry_environment(const char *name) {
        return getenv(name);
}

/* Where caches are kept; NULL: the environment does not say. */
static const char *registry_folder(char ret[CACHE_PATH_MAX]) {
        static const struct {
                const char *variable, *below;
        } places[] = {{"CACHE_DIRECTORY", "registry"}, {"XDG_CACHE_HOME", "ketenwacht/registry"}, {"HOME", ".cache/ketenwacht/registry"}};

        for (size_t i = 0; i < ELEMENTS(places); i++) {
                const char *folder = getenv(places[i].variable);
                int n = folder ? (int)strcspn(folder, ":") : 0; /* systemd names several so */

                if (n > 0 && folder[0] == '/' && (size_t)snprintf(ret, CACHE_PATH_MAX, "%.*s/%s", n, folder, places[i].below) < CACHE_PATH_MAX)
                        return ret;
        }
        return NULL;
}

int command_registry_open(struct command_broker *broker, struct event_types *types, struct metrics *metrics) {
        char folder[CACHE_PATH_MAX];
        const struct registry_options options = {
                .config = &broker->config.registry,
                .environment = registry_environment,
                .cache = registry_folder(folder),
                .types = types,
                .clock = clock_system(),
                .log = broker->kafka.log,
                .metrics = metrics,
        };
        struct error err = {0};
        int r;

        if (!broker->config.registry.url)
                return EXIT_DONE;
        r = registry_new(&options, &broker->registry, &err);
        if (r)
                return command_fail(broker->name, r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
        event_types_ask(types, registry_ids(broker->registry));
        return EXIT_DONE;
}

void command_registry_reason(const struct command_broker *broker, struct console_reasons *reasons, const char *who, int64_t inputs) {
        char reason[REGISTRY_REASON_MAX];
        instant_t since;
        bool away = broker->registry && registry_is_away(broker->registry, reason, &since);

        console_reason(reasons, "registry", "%s stands still in %d of its inputs before a record whose schema id is new: %s", who, (int)inputs,
                       away ? reason : "the registry is asked again");
}
