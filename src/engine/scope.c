/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What a fact bears on and what an evaluation looks at, found once when the engine is made
 *
 * A fact of one type can change what some norms say and what its own routes copy; the rest of its case stands as it was
 * judged last, until an instant comes that somebody asked for (view_reached). So an event evaluates what its type bears on,
 * by the one evaluation there is, over the types that this looks at. Facts that say where the child lives, which measure runs
 * or what was corrected bear on everything: then, and whenever it is not certain, the case is evaluated whole.
 */

#include "engine/scope.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "engine/condition.h"
#include "engine/cover.h"
#include "engine/starts.h"

static void look_at(bool *types, const struct event_type *type) {
        if (type)
                types[type->index] = true;
}

/* What everything rests on: residence and GI. */
static void look_at_grounds(const struct scope *scope, bool *types) {
        look_at(types, event_types_known(scope->config->types, TYPE_MEASURE_STARTED));
        look_at(types, event_types_known(scope->config->types, TYPE_MEASURE_ENDED));
        look_at(types, event_types_known(scope->config->types, TYPE_RESIDENCE_CHANGED));
}

static bool *scope_types_new(const struct scope *scope) {
        return calloc(event_types_count(scope->config->types) + 1, sizeof(bool));
}

/* -- What a norm refers to: all of it comes from norm_visit() -- */

struct referring {
        struct scope *scope;
        struct norm_scope *norm;
        const struct protocol_key *without;
};

/* What another version of the norm refers to, of which that version makes use itself. */
static int scope_refer_through_version(void *ctx, const struct norm_reference *reference) {
        const struct referring *r = ctx;

        look_at(r->norm->looks_at, reference->type);
        return 0;
}

static int scope_refer_to_versions(const struct referring *r) {
        const struct event_types *types = r->scope->config->types;
        const struct norm *norm = r->norm->norm;
        const struct config_index *index;
        int e = 0;

        if (!norm->starts.type)
                return 0;
        index = &r->scope->config->index[norm->starts.type->index];
        for (size_t i = 0; i < index->n_norms && e == 0; i++) {
                if (index->norms[i] != norm && index->norms[i]->repeats && strcmp(index->norms[i]->name, norm->name) == 0)
                        e = norm_visit(index->norms[i], types, r->without, scope_refer_through_version, (void *)r);
        }
        return e;
}

/* How many facts, the earliest first, decide what the norm says by such a reference; 0: it may be any. */
static unsigned reference_decided_by(const struct norm *norm, const struct norm_reference *reference) {
        size_t at = reference->key->offset;
        unsigned most = 0;

        if (!reference->when || norm->repeats || norm->since_start)
                return 0;
        if (at == offsetof(struct norm, limits)) {
                for (size_t i = 0; i < norm->n_limits; i++)
                        most = norm->limits[i].at_most > most ? norm->limits[i].at_most : most;
                return most < COVER_FACTS_MAX ? most + 1 : 0;
        }
        return at == offsetof(struct norm, met_by) || at == offsetof(struct norm, ends_with) || at == offsetof(struct norm, not_before) ||
               at == offsetof(struct norm, due_with);
}

/* All that refers to a type must be decided by its earliest facts. */
static void bearing_narrow_cover(struct bearing *bearing, unsigned by) {
        if (by == 0)
                bearing->uncovered = true;
        else if (by > bearing->cover)
                bearing->cover = by;
        if (bearing->uncovered)
                bearing->cover = 0;
}

/* The norm looks at the type, and makes use of its facts: of any, or of those that satisfy conditions. */
static int scope_refer(void *ctx, const struct norm_reference *reference) {
        const struct referring *r = ctx;
        struct bearing *bearing;

        if (!reference->type)
                return scope_refer_to_versions(r);
        look_at(r->norm->looks_at, reference->type);
        bearing = &r->scope->bearings[reference->type->index];
        bearing_narrow_cover(bearing, reference_decided_by(r->norm->norm, reference));
        if (!reference->when) {
                bearing->used = true;
                return 0;
        }
        for (size_t i = bearing->uses.n; i-- > 0;) {
                if (conditions_equal(bearing->uses.items[i], reference->when))
                        return 0;
        }
        return vector_push(&bearing->uses, reference->when);
}

/* Types with a meaning of their own, regions, identities (of one, the last counts) and what ends or is ended: any fact. Routes: what they copy. */
static int use_type(struct scope *scope, const struct event_type *type) {
        const struct config_index *index = &scope->config->index[type->index];
        struct bearing *bearing = &scope->bearings[type->index];
        int r = 0;

        if (type->known != TYPE_OTHER || type->region || type->identity >= 0 || type->n_ended_by > 0 || bearing->ends) {
                bearing->used = true;
                bearing_narrow_cover(bearing, 0);
        }
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

static int norm_scopes_new(struct scope *scope, struct pool *pool, const struct norm *const *norms, size_t n, const struct protocol_key *without,
                           struct norm_scope **ret) {
        struct norm_scope *scopes = calloc(n + 1, sizeof(*scopes));

        if (!scopes)
                return -ENOMEM;
        *ret = scopes;
        for (size_t i = 0; i < n; i++) {
                struct referring referring = {.scope = scope, .norm = &scopes[i], .without = without};
                char word[2 * NAME_MAX_BYTES + 2];
                int length = snprintf(word, sizeof(word), "%s|%s", norms[i]->protocol->name, norms[i]->name), r;

                assert(length > 0 && (size_t)length < sizeof(word)); /* names are no longer */
                r = pool_intern(pool, (struct text){word, (size_t)length}, &scopes[i].word);
                if (r)
                        return r;
                scopes[i].norm = norms[i];
                scopes[i].slice = ++scope->n_slices;
                assert(scopes[i].word + 1 == scopes[i].slice); /* the first words of the pool */
                scopes[i].looks_at = scope_types_new(scope);
                if (!scopes[i].looks_at)
                        return -ENOMEM;
                r = norm_visit(norms[i], scope->config->types, without, scope_refer, &referring);
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
static int bear_norm(struct scope *scope, struct norm_scope *norm) {
        size_t types = event_types_count(scope->config->types);

        for (size_t t = 0; t < types; t++) {
                struct bearing *bearing = &scope->bearings[t];

                scope->looks_at[t] |= norm->looks_at[t];
                if (!norm->looks_at[t])
                        continue;
                if (!bearing->slices)
                        bearing->slices = calloc(scope->n_slices + 1u, sizeof(*bearing->slices));
                if (!bearing->slices || vector_push(&bearing->norms, norm))
                        return -ENOMEM;
                bearing->slices[norm->slice] = true;
                for (size_t i = 0; i < types; i++)
                        bearing->looks_at[i] |= norm->looks_at[i];
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

static int bearings_new(struct scope *scope) {
        const struct config *config = scope->config;
        size_t types = event_types_count(config->types);

        for (size_t t = 0; t < types; t++) {
                const struct event_type *type = event_types_at(config->types, t);

                scope->bearings[t].looks_at = scope_types_new(scope);
                if (!scope->bearings[t].looks_at)
                        return -ENOMEM;
                scope->bearings[t].all = bearing_is_all(type);
                scope->bearings[t].routes = config->index[t].n_routes > 0;
                scope->looks_at[t] |= config->index[t].n_routes > 0;
                for (size_t i = 0; i < type->n_ended_by; i++)
                        scope->bearings[type->ended_by[i]->index].ends = true;
        }
        for (size_t t = 0; t < types; t++) {
                int r = use_type(scope, event_types_at(config->types, t));

                for (size_t i = 0; i < config->index[t].n_norms && r == 0; i++)
                        r = bear_norm(scope, &scope->norms[t][i]);
                if (r)
                        return r;
        }
        return 0;
}

/* Grounds are decoded for whatever is evaluated, and are no reason to evaluate it. */
static void add_grounds(struct scope *scope) {
        const struct config *config = scope->config;

        look_at_grounds(scope, scope->copying.looks_at);
        for (size_t t = 0; t < event_types_count(config->types); t++) {
                scope->bearings[t].looks_at[t] |= scope->bearings[t].routes;
                look_at_grounds(scope, scope->bearings[t].looks_at);
                for (size_t i = 0; i < config->index[t].n_norms; i++)
                        look_at_grounds(scope, scope->norms[t][i].looks_at);
        }
        for (size_t i = 0; i < config->n_region_norms; i++)
                look_at_grounds(scope, scope->region_norms[i].looks_at);
        look_at_grounds(scope, scope->looks_at);
}

int scope_fill(struct scope *scope, const struct config *config, struct pool *pool, const struct protocol_key *without) {
        const struct event_type *measure = event_types_known(config->types, TYPE_MEASURE_STARTED);
        size_t types = event_types_count(config->types);
        int r;

        scope->config = config;
        scope->norms = calloc(types + 1, sizeof(*scope->norms));
        scope->bearings = calloc(types + 1, sizeof(*scope->bearings));
        scope->looks_at = scope_types_new(scope);
        scope->endable = calloc(types + 1, sizeof(struct event_type *));
        scope->copying = (struct bearing){.routes = true, .looks_at = scope_types_new(scope)};
        if (!scope->norms || !scope->bearings || !scope->looks_at || !scope->endable || !scope->copying.looks_at)
                return -ENOMEM;
        for (size_t t = 0; t < types; t++) {
                const struct event_type *type = event_types_at(config->types, t);

                if (type->n_ended_by)
                        scope->endable[scope->n_endable++] = type;
        }
        r = norm_scopes_new(scope, pool, config->region_norms, config->n_region_norms, without, &scope->region_norms);
        for (size_t t = 0; t < types && r == 0; t++)
                r = norm_scopes_new(scope, pool, config->index[t].norms, config->index[t].n_norms, without, &scope->norms[t]);
        if (r)
                return r;
        r = bearings_new(scope);
        if (r)
                return r;
        add_grounds(scope);
        scope->grounded = measure && (scope->n_endable == 0 || measure->n_ended_by > 0) && scope->n_slices + types < UINT16_MAX;
        return starts_new(scope, &scope->starts);
}

void scope_done(struct scope *scope) {
        const struct config *config = scope->config;
        size_t types = config ? event_types_count(config->types) : 0;

        for (size_t t = 0; scope->norms && t < types; t++)
                norm_scopes_free(scope->norms[t], config->index[t].n_norms);
        for (size_t t = 0; scope->bearings && t < types; t++) {
                vector_done(&scope->bearings[t].norms);
                vector_done(&scope->bearings[t].uses);
                free(scope->bearings[t].looks_at);
                free(scope->bearings[t].slices);
        }
        (void) starts_free(scope->starts);
        free(scope->norms);
        free(scope->bearings);
        free(scope->looks_at);
        free(scope->copying.looks_at);
        free(scope->endable);
        norm_scopes_free(scope->region_norms, config ? config->n_region_norms : 0);
}

unsigned fact_traits(const struct scope *scope, const struct event_type *type, const struct slot *slots) {
        int withdrawn = type->fields[FIELD_WITHDRAWN];
        unsigned traits = 0;

        if (slots[SLOT_REPLACES].kind == SLOT_UUID || (withdrawn >= 0 && slots[withdrawn].kind == SLOT_UUID))
                traits |= TRAIT_CORRECTED;
        if (scope->bearings[type->index].ends)
                traits |= TRAIT_ENDED;
        if (type->known == TYPE_MEASURE_STARTED && type->own_date >= 0 && slots[type->own_date].kind == SLOT_INT)
                traits |= TRAIT_MEASURE;
        if (traits == 0 && bearing_is_idle(&scope->bearings[type->index], slots))
                traits = TRAIT_IDLE;
        return traits;
}

/* Whether the instant at which the case is due next was asked for by what the fact bears on: then it must be found anew. */
static bool bearing_sets_the_instant(const struct scope *scope, const struct bearing *bearing, const struct event_type *type, uint16_t slice) {
        if (slice == slice_of_routes(scope, type))
                return true;
        return slice > 0 && slice <= scope->n_slices && bearing_judges(scope, bearing, slice - 1u);
}

const struct bearing *bearing_of(const struct scope *scope, const struct fresh *fresh, unsigned traits, uint16_t slice) {
        const struct event_type *type = fresh->event->type;
        const struct bearing *bearing = &scope->bearings[type->index];

        /* It has a measure and so a municipality, and one that has not ended; nothing was corrected. */
        if (!scope->grounded || traits != TRAIT_MEASURE)
                return NULL;
        if (fresh->traits == TRAIT_IDLE)
                return &scope->nothing;
        if (fresh->covered && slice != slice_of_routes(scope, type))
                return bearing->routes ? &scope->copying : &scope->nothing;
        return bearing->all || fresh->traits || bearing_sets_the_instant(scope, bearing, type, slice) ? NULL : bearing;
}
