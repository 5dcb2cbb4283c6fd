/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What ends what: the property ketenwacht.ends
 *
 * A case is over when whatever can end in it has ended. Which facts those are the schemas say: the type of the
 * fact that ends names the types that it ends, so a new kind of measure or concern needs no C.
 */

#include <errno.h>
#include <stdio.h>

#include "model/event_type_read.h"

#define PROPERTY "ketenwacht.ends"
#define PATH_TEXT_MAX 4096

static struct event_type *find_type(const struct event_types *types, const char *name) {
        return table_get(&types->by_name, name, strlen(name));
}

static bool share_an_id(const struct event_type *a, const struct event_type *b) {
        for (unsigned i = 0; i < LINKS; i++) {
                if (a->links[i] >= 0 && b->links[i] >= 0)
                        return true;
        }
        return false;
}

static int end_one(struct event_types *types, const struct event_type *by, const char *name, const char *path, struct mistakes *mistakes) {
        struct event_type *type = find_type(types, name);
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];
        const struct event_type **more;

        if (!type || type->output) {
                event_types_nearest(types, &nearest);
                mistakes_place(mistakes, path, PROPERTY ": no event is called '%.60s'%s", name, nearest_hint(&nearest, hint));
                return 0;
        }
        if (type == by || !share_an_id(type, by)) {
                mistakes_place(mistakes, path, PROPERTY ": %s cannot end %s: a fact ends others, by an id that both types have", by->name, type->name);
                return 0;
        }
        more = arena_calloc(types->arena, type->n_ended_by + 1, sizeof(struct event_type *));
        if (!more)
                return -ENOMEM;
        for (size_t i = 0; i < type->n_ended_by; i++) {
                if (type->ended_by[i] == by) {
                        mistakes_place(mistakes, path, PROPERTY ": %s stands there twice", name);
                        return 0;
                }
                more[i] = type->ended_by[i];
        }
        more[type->n_ended_by++] = by;
        type->ended_by = more;
        return 0;
}

int event_types_ends(struct event_types *types, const char *folder, struct mistakes *mistakes) {
        int r = 0;

        for (size_t i = 0; i < types->all.n && r == 0; i++) {
                const struct event_type *by = types->all.items[i];
                const json_t *value = schema_property(schema_root(by->file)->properties, PROPERTY), *item;
                char path[PATH_TEXT_MAX];
                size_t k;

                if (!value)
                        continue;
                (void) snprintf(path, sizeof(path), "%s/%s.avsc", folder, by->name); /* it was read from there: it fits */
                if (!json_is_array(value) || json_array_size(value) == 0)
                        mistakes_place(mistakes, path, PROPERTY " must be a list of events; leave it out when this ends nothing");
                json_array_foreach(value, k, item) {
                        if (!json_is_string(item))
                                mistakes_place(mistakes, path, PROPERTY ": an event must be named by a string");
                        else if (r == 0)
                                r = end_one(types, by, json_string_value(item), path, mistakes);
                }
        }
        return r;
}
