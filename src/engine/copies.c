/* SPDX-License-Identifier: EUPL-1.2 */

/* Copies of facts: to whom the routes send them, and who hears of a correction. */

#include "engine/copies.h"

#include <assert.h>
#include <string.h>

#include "engine/roles.h"

/* Whether a measure of the case runs: started, and not ended by today. */
static bool measure_runs(struct view *v) {
        const struct event_type *type = event_types_known(v->config->types, TYPE_MEASURE_ENDED);
        const struct fact_list *starts = view_known(v, TYPE_MEASURE_STARTED);
        bool runs = false;

        for (size_t i = 0; i < starts->n; i++) {
                const struct fact *start = starts->items[i], *end;
                const struct slot *id = &start->slots[start->type->links[LINK_MEASURE]];
                struct fact_search ends;
                bool ended = false;

                if (start->own == DAY_NONE || !view_begun(v, start->own))
                        continue;
                if (type)
                        ends = facts_with(v, type, type->links[LINK_MEASURE], id, false);
                while (type && (end = fact_search_next(&ends))) {
                        if (slot_equal(&end->slots[type->links[LINK_MEASURE]], id) && end->own != DAY_NONE && view_begun(v, end->own))
                                ended = true;
                }
                runs |= !ended;
        }
        return runs;
}

static bool copy_was_told(const struct view *v, const struct fact *fact, struct text organisation) {
        struct text rest = fact->copies, org, role;
        uint32_t word;

        while (row_copies_next(&rest, &org, &role)) {
                if (text_equal(org, organisation))
                        return true;
        }
        for (size_t i = 0; i < v->n_effects; i++) { /* in this very evaluation */
                if (v->effects[i].kind == EFFECT_ROUTED && uuid_equal(&v->effects[i].told.event_id, &fact->event_id) &&
                    text_equal(v->effects[i].told.organisation, organisation))
                        return true;
        }
        if (v->casefile->told.n_copies == 0)
                return false;
        word = pool_find(&v->engine->pool, organisation);
        for (uint32_t i = 0; i < v->casefile->told.n_copies; i++) {
                const struct copy *copy = &v->casefile->told.copies[i];

                if (copy->organisation == word && uuid_equal(&copy->event_id, &fact->event_id))
                        return true;
        }
        return false;
}

/*
 * The slots of a fact as the outcome may show them. Texts of an older fact lie in its case's memory, which moves when the
 * fact that is being accepted is kept; those of a fresh one are the caller's.
 */
static struct slot *fact_lasting_slots(struct view *v, const struct fact *fact) {
        size_t n = fact->type->layout->n;
        struct slot *slots;

        if (fact->fresh)
                return (struct slot *)fact->slots;
        slots = arena_alloc(v->arena, n * sizeof(*slots));
        for (size_t i = 0; slots && i < n; i++) {
                slots[i] = fact->slots[i];
                if (slots[i].kind != SLOT_STRING || slots[i].s.n == 0)
                        continue;
                slots[i].s.s = arena_copy(v->arena, slots[i].s.s, slots[i].s.n);
                if (!slots[i].s.s)
                        return NULL;
        }
        return slots;
}

/* Tells one copy: in the row of a fact that is being accepted now, in a row of its own for the others. */
static void copy_tell(struct view *v, const struct fact *fact, struct text organisation, struct text role, bool personal) {
        struct effect *effect;
        struct copy *copy;
        char text[UUID_TEXT];

        if (copy_was_told(v, fact, organisation))
                return;
        effect = view_effect(v, EFFECT_ROUTED);
        if (!effect)
                return;
        effect->told.event = text_of(fact->type->name);
        effect->told.event_id = fact->event_id;
        effect->told.organisation = organisation;
        effect->told.role = role;
        effect->told.occurred_at = effect->told.told_at = v->now;
        effect->fact = (struct event){fact->type, fact_lasting_slots(v, fact)};
        if (!effect->fact.slots)
                v->failed = true;
        effect->personal = personal;
        if (fact->fresh)
                return;
        copy = casefile_add_copy(v->casefile);
        if (!copy || pool_intern(&v->engine->pool, organisation, &copy->organisation) || pool_intern(&v->engine->pool, role, &copy->role)) {
                v->failed = true;
                return;
        }
        copy->event_id = fact->event_id;
        copy->told_at = v->now;
        row_write(v->engine->codec, ROW_COPY, &effect->told, &v->engine->scratch);
        uuid_write(&fact->event_id, text);
        view_row_named(v, ROW_COPY, VIEW_NAME(v, ((struct text){text, UUID_TEXT}), organisation));
}

static void route_tell(struct view *v, const struct fact *fact, const struct route *route, bool runs) {
        struct role_scope scope = {.start = fact, .date = fact->own, .waits = true};
        struct addressees to;

        for (unsigned round = 0; round < (route->follows && runs ? 2 : 1); round++) {
                if (round == 1) {
                        scope.date = v->today;
                        scope.present = true;
                }
                view_addressees(v, &route->to, &scope, &to);
                for (size_t i = 0; i < to.n; i++)
                        copy_tell(v, fact, text_of(to.items[i].organisation->id), text_of(to.items[i].role->name), route->personal);
        }
}

/* Copies of a fact of type @t by the routes of its type. */
static void routes_tell_of(struct view *v, size_t t, const struct fact *fact, bool runs) {
        const struct config_index *index = &v->config->index[t];

        for (size_t r = 0; fact->own != DAY_NONE && r < index->n_routes; r++) {
                const struct route *route = index->routes[r];

                if (conditions_hold_self(&route->when, fact) && view_holds(v, route->protocol, fact->own, fact))
                        route_tell(v, fact, route, runs);
        }
}

static void routes_tell(struct view *v) {
        size_t types = event_types_count(v->config->types);
        bool runs = measure_runs(v);

        for (size_t t = 0; t < types; t++) {
                if (v->config->index[t].n_routes == 0)
                        continue;
                v->slice = slice_of_routes(&v->engine->scope, event_types_at(v->config->types, t));
                for (size_t i = 0; i < v->lists[t].n; i++)
                        routes_tell_of(v, t, v->lists[t].items[i], runs);
        }
        v->slice = 0;
}

/* Of a type whose facts have no identity an accepted fact changes nothing for the others. */
static void routes_tell_of_bearing(struct view *v) {
        const struct fact *fresh = &v->facts[v->n - 1];
        const struct fact_list *list;
        bool runs = measure_runs(v);

        v->slice = slice_of_routes(&v->engine->scope, fresh->type);
        if (fresh->type->identity < 0) {
                routes_tell_of(v, fresh->type->index, fresh, runs);
        } else {
                list = view_list(v, fresh->type);
                for (size_t i = 0; i < list->n; i++)
                        routes_tell_of(v, fresh->type->index, list->items[i], runs);
        }
        v->slice = 0;
}

/* Everyone who got @from, with the role in which: told with its row, later, or now. */
static void correction_tell(struct view *v, const struct fact *fact, const struct fact *from) {
        struct text rest = from->copies, org, role;
        size_t effects = v->n_effects;
        uint32_t copies = v->casefile->told.n_copies;

        while (row_copies_next(&rest, &org, &role) && !v->failed) {
                const char *organisation = arena_copy(v->arena, org.s, org.n), *name = arena_copy(v->arena, role.s, role.n);

                if (organisation && name)
                        copy_tell(v, fact, (struct text){organisation, org.n}, (struct text){name, role.n}, false);
                else
                        v->failed = true;
        }
        for (uint32_t i = 0; i < copies && !v->failed; i++) {
                const struct copy copy = v->casefile->told.copies[i]; /* telling may move the array */

                if (uuid_equal(&copy.event_id, &from->event_id))
                        copy_tell(v, fact, pool_text(&v->engine->pool, copy.organisation), pool_text(&v->engine->pool, copy.role), false);
        }
        for (size_t i = 0; i < effects && !v->failed; i++) {
                const struct telling told = v->effects[i].told; /* telling may move the array */

                if (v->effects[i].kind == EFFECT_ROUTED && uuid_equal(&told.event_id, &from->event_id))
                        copy_tell(v, fact, told.organisation, told.role, false);
        }
}

/*
 * What replaces or withdraws a fact goes to whoever got that fact. Corrections of corrections follow: as often as
 * something new was told, at most once for each fact in a row of them.
 */
static void corrections_tell(struct view *v) {
        size_t before;
        size_t rounds = 0;

        do {
                before = v->n_effects;
                for (size_t i = 0; i < v->n && !v->failed; i++) {
                        const struct fact *fact = &v->facts[i];
                        const int slots[] = {SLOT_REPLACES, fact->type->fields[FIELD_WITHDRAWN]};

                        for (size_t j = 0; !fact->refused && j < ELEMENTS(slots); j++) {
                                const struct fact *named = NULL;

                                if (slots[j] >= 0 && fact->slots[slots[j]].kind == SLOT_UUID)
                                        named = view_find(v, &fact->slots[slots[j]].u);
                                if (named && named != fact)
                                        correction_tell(v, fact, named);
                        }
                }
        } while (v->n_effects > before && ++rounds < v->n && !v->failed);
}

void view_tell_copies(struct view *v) {
        if (v->bearing) { /* nothing was corrected */
                if (v->bearing->routes)
                        routes_tell_of_bearing(v);
                return;
        }
        routes_tell(v);
        corrections_tell(v);
}
