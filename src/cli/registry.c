/* SPDX-License-Identifier: EUPL-1.2 */

/* Opens the registry of broker.yaml, with a folder of the environment for what it says. */

#include "cli/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/registry_subjects.h"

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

void command_registry_reason(const struct command_broker *broker, struct health_reasons *reasons, const char *who, int64_t inputs) {
        char reason[REGISTRY_REASON_MAX];
        instant_t since;
        bool away = broker->registry && registry_is_away(broker->registry, reason, &since);

        health_reason(reasons, "registry", "%s stands still in %d of its inputs before a record whose schema id is new: %s", who, (int)inputs,
                       away ? reason : "the registry is asked again");
}

int command_registry_frame(struct command_broker *broker, struct event_types *types) {
        struct error err = {0};
        int r;

        if (!broker->registry || broker->config.registry.framing != REGISTRY_CONFLUENT)
                return EXIT_DONE;
        r = registry_frame(broker->registry, broker->config.prefix, types, &err);
        if (r == -ENOMEM)
                error_set(&err, "out of memory");
        return r ? command_fail(broker->name, r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err) : EXIT_DONE;
}

static int registry_refused(const struct command_broker *broker, int r, struct error *err) {
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        return command_fail(broker->name, r == REGISTRY_E_REFUSED ? EXIT_NO : EXIT_BROKER, err);
}

/* What is to be done, or was done, of one subject; nothing is said of one that is as it should be. */
static void registry_say(const struct registry_subject *was, const struct registry_subject *is) {
        if (was->id == 0 || !was->guarded)
                printf("registry: %s%s%s%s", is->name, was->id == 0 ? ": register the schema" : "", was->guarded ? "" : ": set the level " REGISTRY_LEVEL,
                       is->id ? "" : "\n");
        if ((was->id == 0 || !was->guarded) && is->id)
                printf(" (id %lu)\n", (unsigned long)is->id);
        else if (is->older)
                printf("registry: %s: note: the text that stands there under id %lu is an older one of the same fingerprint; readers elsewhere see "
                       "its docs\n",
                       is->name, (unsigned long)is->id);
}

int command_registry_subjects(struct command_broker *broker, const struct event_types *types, bool apply, size_t *ret_open) {
        const struct registry_subjects s = {broker->registry ? registry_client_of(broker->registry) : NULL, &broker->config.registry, broker->config.prefix};

        *ret_open = 0;
        for (size_t i = 0; s.client && i < event_types_count(types); i++) {
                const struct event_type *type = event_types_at(types, i);
                struct registry_subject was, is;
                struct error err = {0};
                int r = registry_subject_look(&s, type, &was, &err);
                bool open = r == 0 && (was.id == 0 || !was.guarded);

                is = was;
                if (open && apply)
                        r = registry_subject_register(&s, type, &is, &err);
                if (r)
                        return registry_refused(broker, r, &err);
                *ret_open += open;
                registry_say(&was, &is);
        }
        return EXIT_DONE;
}
