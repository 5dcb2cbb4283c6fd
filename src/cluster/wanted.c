/* SPDX-License-Identifier: EUPL-1.2 */

#include <errno.h>

#include "cluster/wanted.h"

int wanted_topics(const struct config *config, const struct broker_config *broker, struct arena *arena, struct topics *ret, struct error *err) {
        size_t types = event_types_count(config->types), organisations = organisations_count(config->organisations), events = 0;
        const char **names = arena_calloc(arena, types + 1, sizeof(*names)), **ids = arena_calloc(arena, organisations + 1, sizeof(*ids));

        if (!names || !ids) {
                error_set(err, "out of memory for the names of %zu topics", types + 2 * organisations);
                return -ENOMEM;
        }
        for (size_t i = 0; i < types; i++) {
                const struct event_type *type = event_types_at(config->types, i);

                if (!type->output)
                        names[events++] = type->name;
        }
        for (size_t i = 0; i < organisations; i++)
                ids[i] = organisations_at(config->organisations, i)->id;
        return topics_wanted(broker, names, events, ids, organisations, arena, ret, err);
}
