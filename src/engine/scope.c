/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What a fact bears on and what an evaluation looks at, found once when the engine is made
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

static void look_at(bool *types, const struct event_type *type) {
        if (type)
                types[type->index] = true;
}

/* What everything rests on: residence and GI. */
static void look_at_grounds(const struct engine *engine, bool *types) {
        look_at(types, event_types_known(engine->config->types, TYPE_MEASURE_STARTED));
        look_at(types, event_types_known(engine->config->types, TYPE_MEASURE_ENDED));
        look_at(types, event_types_known(engine->config->types, TYPE_RESIDENCE_CHANGED));
}

/* And for what is over, what can end. */
static void look_at_endable(const struct engine *engine, bool *types) {
        for (size_t i = 0; i < engine->n_endable; i++)
                look_at(types, engine->endable[i]);
}

static bool *scope_types_new(const struct engine *engine) {
        return calloc(event_types_count(engine->config->types) + 1, sizeof(bool));
}

/* -- What a norm refers to: all of it comes from norm_visit() -- */

struct referring {
        struct engine *engine;
        struct norm_scope *scope;
        const struct protocol_key *without;
};

/* What another version of the norm refers to, of which that version makes use itself. */
static int refer_through_version(void *ctx, const struct norm_reference *reference) {
        const struct referring *r = ctx;

        look_at(r->scope->looks_at, reference->type);
        return 0;
}

static int refer_to_versions(const struct referring *r) {
        const struct event_types *types = r->engine->config->types;
        const struct norm *norm = r->scope->norm;
        const struct config_index *index;
        int e = 0;

        if (!norm->starts.type)
                return 0;
        index = &r->engine->config->index[norm->starts.type->index];
        for (size_t i = 0; i < index->n_norms && e == 0; i++) {
                if (index->norms[i] != norm && index->norms[i]->repeats && strcmp(index->norms[i]->name, norm->name) == 0)
                        e = norm_visit(index->norms[i], types, r->without, refer_through_version, (void *)r);
        }
        return e;
}

/* The norm looks at the type, and makes use of its facts: of any, or of those that satisfy conditions. */
static int refer(void *ctx, const struct norm_reference *reference) {
        const struct referring *r = ctx;
        struct bearing *bearing;

        if (!reference->type)
                return refer_to_versions(r);
        look_at(r->scope->looks_at, reference->type);
        bearing = &r->engine->bearings[reference->type->index];
        if (!reference->when) {
                bearing->used = true;
                return 0;
        }
        for (size_t i = bearing->uses.n; i-- > 0;) {
                if (bearing->uses.items[i] == reference->when)
                        return 0;
        }
        return vector_push(&bearing->uses, reference->when);
}

/* Types with a meaning of their own, regions, identities (of one, the last counts) and what ends or is ended: any fact. Routes: what they copy. */
static int use_type(struct engine *engine, const struct event_type *type) {
        const struct config_index *index = &engine->config->index[type->index];
        struct bearing *bearing = &engine->bearings[type->index];
        int r = 0;

        if (type->known != TYPE_OTHER || type->region || type->identity >= 0 || type->n_ended_by > 0 || bearing->ends)
                bearing->used = true;
        for (size_t i = 0; i < index->n_routes && r == 0; i++)
                r = vector_push(&bearing->uses, &index->routes[i]->when);
        return r;
}

/* Whether nothing can make anything of a fact: it is kept, and passed over in what is evaluated. */
static bool bearing_is_idle(const struct bearing *bearing, const struct slot *slots) {
        if (bearing->used)
                return false;
        for (size_t i = 0; i < bearing->uses.n; i++) {
                if (conditions_may_hold(bearing->uses.items[i], slots))
                        return false;
        }
        return true;
}

/* -- Scopes and bearings -- */

static int norm_scopes_new(struct engine *engine, const struct norm *const *norms, size_t n, const struct protocol_key *without,
                           struct norm_scope **ret) {
        struct norm_scope *scopes = calloc(n + 1, sizeof(*scopes));

        if (!scopes)
                return -ENOMEM;
        *ret = scopes;
        for (size_t i = 0; i < n; i++) {
                struct referring referring = {.engine = engine, .scope = &scopes[i], .without = without};
                const char *word = arena_printf(engine->arena, "%s|%s", norms[i]->protocol->name, norms[i]->name);
                int r = word ? pool_intern(&engine->pool, text_of(word), &scopes[i].word) : -ENOMEM;

                if (r)
                        return r;
                scopes[i].norm = norms[i];
                scopes[i].part = ++engine->n_parts;
                scopes[i].looks_at = scope_types_new(engine);
                if (!scopes[i].looks_at)
                        return -ENOMEM;
                r = norm_visit(norms[i], engine->config->types, without, refer, &referring);
                if (r)
                        return r;
        }
        return 0;
}

static void norm_scopes_free(struct norm_scope *scopes, size_t n) {
        for (size_t i = 0; scopes && i < n; i++)
                free(scopes[i].looks_at);
        free(scopes);
}

/* Adds a norm to the bearing of each type that it looks at. Norms come in the order in which they are evaluated. */
static int bear_norm(struct engine *engine, struct norm_scope *scope) {
        size_t types = event_types_count(engine->config->types);

        for (size_t t = 0; t < types; t++) {
                struct bearing *bearing = &engine->bearings[t];

                engine->looks_at[t] |= scope->looks_at[t];
                if (!scope->looks_at[t])
                        continue;
                if (vector_push(&bearing->norms, scope))
                        return -ENOMEM;
                for (size_t i = 0; i < types; i++)
                        bearing->looks_at[i] |= scope->looks_at[i];
        }
        return 0;
}

static bool bearing_is_all(const struct event_type *type) {
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

static int bearings_new(struct engine *engine) {
        const struct config *config = engine->config;
        size_t types = event_types_count(config->types);

        for (size_t t = 0; t < types; t++) {
                const struct event_type *type = event_types_at(config->types, t);

                engine->bearings[t].looks_at = scope_types_new(engine);
                if (!engine->bearings[t].looks_at)
                        return -ENOMEM;
                engine->bearings[t].all = bearing_is_all(type);
                engine->bearings[t].routes = config->index[t].n_routes > 0;
                engine->looks_at[t] |= config->index[t].n_routes > 0;
                for (size_t i = 0; i < type->n_ended_by; i++)
                        engine->bearings[type->ended_by[i]->index].ends = true;
        }
        for (size_t t = 0; t < types; t++) {
                int r = use_type(engine, event_types_at(config->types, t));

                for (size_t i = 0; i < config->index[t].n_norms && r == 0; i++)
                        r = bear_norm(engine, &engine->scopes[t][i]);
                if (r)
                        return r;
        }
        return 0;
}

/* Grounds are decoded for whatever is evaluated, and are no reason to evaluate it. */
static void add_grounds(struct engine *engine) {
        const struct config *config = engine->config;

        for (size_t t = 0; t < event_types_count(config->types); t++) {
                engine->bearings[t].looks_at[t] |= engine->bearings[t].routes;
                look_at_grounds(engine, engine->bearings[t].looks_at);
                look_at_endable(engine, engine->bearings[t].looks_at);
                for (size_t i = 0; i < config->index[t].n_norms; i++)
                        look_at_grounds(engine, engine->scopes[t][i].looks_at);
        }
        for (size_t i = 0; i < config->n_region_norms; i++)
                look_at_grounds(engine, engine->region_scopes[i].looks_at);
        look_at_grounds(engine, engine->looks_at);
        look_at_endable(engine, engine->looks_at);
}

int scopes_new(struct engine *engine, const struct protocol_key *without) {
        const struct config *config = engine->config;
        const struct event_type *measure = event_types_known(config->types, TYPE_MEASURE_STARTED);
        size_t types = event_types_count(config->types);
        int r;

        engine->scopes = calloc(types + 1, sizeof(*engine->scopes));
        engine->bearings = calloc(types + 1, sizeof(*engine->bearings));
        engine->looks_at = scope_types_new(engine);
        if (!engine->scopes || !engine->bearings || !engine->looks_at)
                return -ENOMEM;
        r = norm_scopes_new(engine, config->region_norms, config->n_region_norms, without, &engine->region_scopes);
        for (size_t t = 0; t < types && r == 0; t++)
                r = norm_scopes_new(engine, config->index[t].norms, config->index[t].n_norms, without, &engine->scopes[t]);
        if (r)
                return r;
        r = bearings_new(engine);
        if (r)
                return r;
        add_grounds(engine);
        engine->grounded = measure && (engine->n_endable == 0 || measure->n_ended_by > 0) && engine->n_parts + types < UINT16_MAX;
        return 0;
}

void scopes_done(struct engine *engine) {
        const struct config *config = engine->config;
        size_t types = event_types_count(config->types);

        for (size_t t = 0; engine->scopes && t < types; t++)
                norm_scopes_free(engine->scopes[t], config->index[t].n_norms);
        for (size_t t = 0; engine->bearings && t < types; t++) {
                vector_done(&engine->bearings[t].norms);
                vector_done(&engine->bearings[t].uses);
                free(engine->bearings[t].looks_at);
        }
        free(engine->scopes);
        free(engine->bearings);
        free(engine->looks_at);
        norm_scopes_free(engine->region_scopes, config->n_region_norms);
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
        if (traits == 0 && bearing_is_idle(&engine->bearings[type->index], slots))
                traits = TRAIT_IDLE;
        return traits;
}

/* Whether the instant at which the case is due next was asked for by what the fact bears on: then it must be found anew. */
static bool bearing_sets_the_instant(const struct engine *engine, const struct bearing *bearing, const struct event_type *type, uint16_t part) {
        if (part == part_of_routes(engine, type))
                return true;
        for (size_t i = 0; i < bearing->norms.n; i++) {
                if (bearing->norms.items[i]->part == part)
                        return true;
        }
        return false;
}

const struct bearing *bearing_of(const struct engine *engine, const struct fresh *fresh, unsigned traits, uint16_t part) {
        const struct event_type *type = fresh->event->type;
        const struct bearing *bearing = &engine->bearings[type->index];

        /* It has a measure and so a municipality, and one that has not ended; nothing was corrected. */
        if (!engine->grounded || traits != TRAIT_MEASURE)
                return NULL;
        if (fresh->traits == TRAIT_IDLE)
                return &engine->nothing;
        return bearing->all || fresh->traits || bearing_sets_the_instant(engine, bearing, type, part) ? NULL : bearing;
}
