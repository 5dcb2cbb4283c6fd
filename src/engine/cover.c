/* SPDX-License-Identifier: EUPL-1.2 */

/* Compares a fact that is being accepted with the first ones of its type. */

#include "engine/cover.h"

#include <assert.h>

#include "engine/condition.h"
#include "engine/facts.h"

static bool layout_type_is_time(enum layout_type type) {
        return type == LAYOUT_DATE || type == LAYOUT_TIMESTAMP;
}

/* Whether every date and instant of @first is that of @fresh or earlier; *ret_same: whether one is that of @fresh. */
static bool times_before(const struct event_type *type, const struct slot *first, const struct slot *fresh, bool *ret_same) {
        *ret_same = false;
        for (size_t i = 0; i < type->layout->n; i++) {
                if (!layout_type_is_time(type->layout->fields[i].type) || fresh[i].kind != SLOT_INT)
                        continue;
                if (first[i].kind != SLOT_INT || first[i].i > fresh[i].i)
                        return false;
                *ret_same |= first[i].i == fresh[i].i;
        }
        return true;
}

/* Whether both join the same obligations. */
static bool links_same(const struct event_type *type, const struct slot *first, const struct slot *fresh) {
        for (size_t i = 0; i < type->n_links; i++) {
                if (type->links[i] >= 0 && !slot_equal(&first[type->links[i]], &fresh[type->links[i]]))
                        return false;
        }
        return true;
}

/* Whether @first can be taken for all that @fresh can be taken for, and stands before it in each. */
static bool slots_cover(const struct bearing *bearing, const struct event_type *type, const struct slot *first, const struct slot *fresh) {
        bool same;

        if (!links_same(type, first, fresh) || !times_before(type, first, fresh, &same))
                return false;
        if (same && uuid_compare(&first[SLOT_EVENT_ID].u, &fresh[SLOT_EVENT_ID].u) >= 0)
                return false;
        for (size_t i = 0; i < bearing->uses.n; i++) {
                if (conditions_may_hold(bearing->uses.items[i], fresh) && !conditions_may_hold(bearing->uses.items[i], first))
                        return false;
        }
        return true;
}

bool fresh_is_covered(struct engine *engine, const struct casefile *casefile, const struct fresh *fresh) {
        const struct event_type *type = fresh->event->type;
        const struct bearing *bearing = &engine->scope.bearings[type->index];
        const struct fact_header *header;
        unsigned covering = 0, looked = 0;
        uint32_t offset = 0;

        assert(casefile->traits == TRAIT_MEASURE && bearing->cover > 0);
        if (fresh->traits)
                return false;
        while (looked < COVER_LOOKS_MAX && covering < bearing->cover && (header = casefile_next_fact(casefile, &offset))) {
                const struct slot *slots;

                if (header->type != type->index || header->idle)
                        continue;
                looked++;
                slots = fact_decode(engine, casefile, header);
                covering += slots && slots_cover(bearing, type, slots, fresh->event->slots);
        }
        return covering == bearing->cover;
}
