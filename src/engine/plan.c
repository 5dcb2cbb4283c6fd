/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What a fact bears on, found once when the engine is made
 *
 * A fact of one type can change what some norms say and what its own routes copy; the rest of its case stands as it was
 * judged last, until an instant comes that somebody asked for (view_reached). So an event evaluates what its type bears on,
 * by the one evaluation there is, over the types that this looks at. Facts that say where the child lives, which measure runs
 * or what was corrected bear on everything: then, and whenever it is not certain, the case is evaluated whole.
 */

#include <errno.h>
#include <string.h>

#include "engine/condition.h"
#include "engine/scope.h"
#include "engine/world.h"

/* The types that a norm looks at, into a set. */
static void look_at(bool *types, const struct event_type *type) {
        if (type)
                types[type->index] = true;
}

static void look_at_conditions(bool *types, const struct conditions *when) {
        for (size_t i = 0; i < when->n; i++)
                look_at(types, when->items[i].subject == CONDITION_SELF ? NULL : when->items[i].type);
}

static void look_at_refs(bool *types, const struct event_refs *refs) {
        for (size_t i = 0; i < refs->n; i++)
                look_at(types, refs->items[i].type);
}

static void norm_looks_at(const struct engine *engine, const struct norm *norm, bool *types) {
        look_at(types, norm->starts.type);
        look_at_conditions(types, &norm->when);
        look_at(types, norm->not_before.type);
        look_at(types, norm->due_with.type);
        look_at(types, norm->quota.type);
        for (size_t i = 0; i < norm->n_limits; i++)
                look_at(types, norm->limits[i].event.type);
        look_at_refs(types, &norm->met_by);
        look_at_refs(types, &norm->explained_by);
        look_at_refs(types, &norm->ends_with);
        for (size_t i = 0; i < norm->n_rungs; i++)
                look_at_conditions(types, &norm->rungs[i].when);
        if (norm->sooner)
                look_at(types, event_types_known(engine->config->types, TYPE_TERM_AGREED));
        if (norm->protocol->has_hold)
                look_at(types, event_types_known(engine->config->types, TYPE_ALERT_ACKNOWLEDGED));
}

/* A repetition may be governed by another version of the norm: they look at what all of them look at. */
static void plan_looks_at(const struct engine *engine, const struct norm_plan *plan, bool *types) {
        const struct norm *norm = plan->norm;
        const struct config_index *index;

        norm_looks_at(engine, norm, types);
        if (!norm->repeats || !norm->starts.type)
                return;
        index = &engine->config->index[norm->starts.type->index];
        for (size_t i = 0; i < index->n_norms; i++) {
                if (index->norms[i]->repeats && strcmp(index->norms[i]->name, norm->name) == 0)
                        norm_looks_at(engine, index->norms[i], types);
        }
}

/* -- Uses: when a fact can matter to anybody -- */

static int use(struct engine *engine, const struct event_type *type, const struct conditions *when) {
        return type ? vector_push(&engine->bearings[type->index].uses, when) : 0;
}

static void use_any(struct engine *engine, const struct event_type *type) {
        if (type)
                engine->bearings[type->index].used = true;
}

static void use_conditions(struct engine *engine, const struct conditions *when) {
        for (size_t i = 0; i < when->n; i++)
                use_any(engine, when->items[i].subject == CONDITION_SELF ? NULL : when->items[i].type);
}

static int use_ref(struct engine *engine, const struct event_ref *ref) {
        return use(engine, ref->type, &ref->when);
}

static int use_refs(struct engine *engine, const struct event_refs *refs) {
        int r = 0;

        for (size_t i = 0; i < refs->n && r == 0; i++)
                r = use_ref(engine, &refs->items[i]);
        return r;
}

static int use_norm(struct engine *engine, const struct norm *norm) {
        int r = use(engine, norm->starts.type, &norm->when);

        if (norm->per_case || norm->per >= 0) /* every one of them must have ended */
                use_any(engine, norm->starts.type);
        use_conditions(engine, &norm->when);
        for (size_t i = 0; i < norm->n_rungs; i++)
                use_conditions(engine, &norm->rungs[i].when);
        for (size_t i = 0; i < norm->n_limits && r == 0; i++)
                r = use_ref(engine, &norm->limits[i].event);
        if (r == 0)
                r = use_ref(engine, &norm->not_before);
        if (r == 0)
                r = use_ref(engine, &norm->due_with);
        if (r == 0)
                r = use_ref(engine, &norm->quota);
        if (r == 0)
                r = use_refs(engine, &norm->met_by);
        if (r == 0)
                r = use_refs(engine, &norm->explained_by);
        return r ? r : use_refs(engine, &norm->ends_with);
}

static int use_type(struct engine *engine, const struct event_type *type) {
        const struct config_index *index = &engine->config->index[type->index];
        int r = 0;

        /* Types with a meaning of their own, regions, identities (of one, the last counts) and what ends or is ended: any fact. */
        if (type->known != TYPE_OTHER || type->region || type->identity >= 0 || type->n_ended_by > 0 || engine->bearings[type->index].ends)
                use_any(engine, type);
        for (size_t i = 0; i < index->n_norms && r == 0; i++)
                r = use_norm(engine, index->norms[i]);
        for (size_t i = 0; i < index->n_routes && r == 0; i++)
                r = use(engine, type, &index->routes[i]->when);
        return r;
}

static int use_all(struct engine *engine) {
        int r = 0;

        for (size_t t = 0; t < event_types_count(engine->config->types) && r == 0; t++)
                r = use_type(engine, event_types_at(engine->config->types, t));
        for (size_t i = 0; i < engine->config->n_region_norms && r == 0; i++)
                r = use_norm(engine, engine->config->region_norms[i]);
        return r;
}

/* Whether nothing can make anything of a fact: it is kept, and passed over in what is evaluated. */
static bool is_idle(const struct bearing *bearing, const struct slot *slots) {
        if (bearing->used)
                return false;
        for (size_t i = 0; i < bearing->uses.n; i++) {
                if (conditions_may_hold(bearing->uses.items[i], slots))
                        return false;
        }
        return true;
}

/* -- Plans -- */

static int plan_norms(struct engine *engine, const struct norm *const *norms, size_t n, struct norm_plan **ret) {
        struct norm_plan *plans = calloc(n ? n : 1, sizeof(*plans));

        if (!plans)
                return -ENOMEM;
        *ret = plans;
        for (size_t i = 0; i < n; i++) {
                const char *word = arena_printf(engine->arena, "%s|%s", norms[i]->protocol->name, norms[i]->name);
                int r = word ? pool_intern(&engine->pool, text_of(word), &plans[i].word) : -ENOMEM;

                if (r)
                        return r;
                plans[i].norm = norms[i];
                plans[i].part = ++engine->n_parts;
        }
        return 0;
}

static bool *types_new(size_t types) {
        return calloc(types ? types : 1, sizeof(bool));
}

/* Adds a norm to the bearing of each type that it looks at. Norms come in the order in which they are evaluated. */
static int plan_bears(struct engine *engine, const struct norm_plan *plan, size_t types, bool *looked) {
        memset(looked, 0, types * sizeof(*looked));
        plan_looks_at(engine, plan, looked);
        for (size_t t = 0; t < types; t++) {
                struct bearing *bearing = &engine->bearings[t];

                engine->looks_at[t] |= looked[t];
                if (!looked[t])
                        continue;
                if (vector_push(&bearing->plans, plan))
                        return -ENOMEM;
                for (size_t i = 0; i < types; i++)
                        bearing->looks_at[i] |= looked[i];
        }
        return 0;
}

/* What everything rests on: residence, GI and, for what is over, what can end. */
static void look_at_grounds(const struct engine *engine, bool *types) {
        look_at(types, event_types_known(engine->config->types, TYPE_MEASURE_STARTED));
        look_at(types, event_types_known(engine->config->types, TYPE_MEASURE_ENDED));
        look_at(types, event_types_known(engine->config->types, TYPE_RESIDENCE_CHANGED));
        for (size_t i = 0; i < engine->n_endable; i++)
                look_at(types, engine->endable[i]);
}

static bool bears_on_all(const struct event_type *type) {
        switch (type->known) {
        case TYPE_MEASURE_STARTED:
        case TYPE_MEASURE_ENDED:
        case TYPE_RESIDENCE_CHANGED:
        case TYPE_EVENT_WITHDRAWN:
                return true;
        default:
                return type->region;
        }
}

static int bear(struct engine *engine, size_t types, bool *looked) {
        const struct config *config = engine->config;

        for (size_t t = 0; t < types; t++) {
                const struct event_type *type = event_types_at(config->types, t);

                engine->bearings[t].looks_at = types_new(types);
                if (!engine->bearings[t].looks_at)
                        return -ENOMEM;
                engine->bearings[t].all = bears_on_all(type);
                engine->bearings[t].routes = config->index[t].n_routes > 0;
                engine->looks_at[t] |= config->index[t].n_routes > 0;
                for (size_t i = 0; i < type->n_ended_by; i++)
                        engine->bearings[type->ended_by[i]->index].ends = true;
        }
        for (size_t t = 0; t < types; t++) {
                for (size_t i = 0; i < config->index[t].n_norms; i++) {
                        int r = plan_bears(engine, &engine->plans[t][i], types, looked);

                        if (r)
                                return r;
                }
        }
        for (size_t t = 0; t < types; t++) {
                engine->bearings[t].looks_at[t] |= engine->bearings[t].routes;
                look_at_grounds(engine, engine->bearings[t].looks_at);
        }
        look_at_grounds(engine, engine->looks_at);
        return 0;
}

int plan_all(struct engine *engine) {
        const struct config *config = engine->config;
        const struct event_type *measure = event_types_known(engine->config->types, TYPE_MEASURE_STARTED);
        size_t types = event_types_count(config->types);
        bool *looked = types_new(types);
        int r = plan_norms(engine, config->region_norms, config->n_region_norms, &engine->region_plans);

        engine->plans = calloc(types ? types : 1, sizeof(*engine->plans));
        engine->bearings = calloc(types ? types : 1, sizeof(*engine->bearings));
        engine->looks_at = types_new(types);
        if (!looked || !engine->plans || !engine->bearings || !engine->looks_at)
                r = -ENOMEM;
        for (size_t t = 0; t < types && r == 0; t++)
                r = plan_norms(engine, config->index[t].norms, config->index[t].n_norms, &engine->plans[t]);
        if (r == 0)
                r = bear(engine, types, looked);
        if (r == 0)
                r = use_all(engine);
        engine->grounded = measure && (engine->n_endable == 0 || measure->n_ended_by > 0) && engine->n_parts + types < UINT16_MAX;
        free(looked);
        return r;
}

void plan_done(struct engine *engine) {
        size_t types = event_types_count(engine->config->types);

        for (size_t t = 0; engine->plans && t < types; t++)
                free(engine->plans[t]);
        for (size_t t = 0; engine->bearings && t < types; t++) {
                vector_done(&engine->bearings[t].plans);
                vector_done(&engine->bearings[t].uses);
                free(engine->bearings[t].looks_at);
        }
        free(engine->plans);
        free(engine->bearings);
        free(engine->looks_at);
        free(engine->region_plans);
}

unsigned fact_traits(const struct engine *engine, const struct event_type *type, const struct slot *slots) {
        int withdrawn = type->fields[FIELD_WITHDRAWN];
        unsigned traits = 0;

        if (slots[SLOT_REPLACES].kind == SLOT_UUID || (withdrawn >= 0 && slots[withdrawn].kind == SLOT_UUID))
                traits |= TRAIT_CORRECTED;
        if (engine->bearings[type->index].ends)
                traits |= TRAIT_ENDED;
        if (type->known == TYPE_MEASURE_STARTED && type->own_date >= 0 && slots[type->own_date].kind == SLOT_INT)
                traits |= TRAIT_MEASURE;
        if (traits == 0 && is_idle(&engine->bearings[type->index], slots))
                traits = TRAIT_IDLE;
        return traits;
}

/* Whether the instant at which the case is due next was asked for by what the fact bears on: then it must be found anew. */
static bool sets_the_instant(const struct engine *engine, const struct bearing *bearing, const struct event_type *type, uint16_t part) {
        if (part == part_of_routes(engine, type))
                return true;
        for (size_t i = 0; i < bearing->plans.n; i++) {
                if (bearing->plans.items[i]->part == part)
                        return true;
        }
        return false;
}

const struct bearing *plan_bearing(const struct engine *engine, const struct fresh *fresh, unsigned traits, uint16_t part) {
        const struct event_type *type = fresh->event->type;
        const struct bearing *bearing = &engine->bearings[type->index];

        /* It has a measure and so a municipality, and one that has not ended; nothing was corrected. */
        if (!engine->grounded || traits != TRAIT_MEASURE)
                return NULL;
        if (fresh->traits == TRAIT_IDLE)
                return &engine->nothing;
        return bearing->all || fresh->traits || sets_the_instant(engine, bearing, type, part) ? NULL : bearing;
}
