/* SPDX-License-Identifier: EUPL-1.2 */

/* Whom a role means. */

#include "engine/roles.h"

#include <assert.h>
#include <string.h>

static void addressees_add(struct addressees *to, const struct organisation *org, const struct role *role, bool fallback) {
        for (size_t i = 0; i < to->n; i++) {
                if (to->items[i].organisation->index == org->index)
                        return;
        }
        if (to->n < ADDRESSEES_MAX)
                to->items[to->n++] = (struct addressee){.organisation = org, .role = role, .fallback = fallback};
}

static bool is_municipal_word(const char *name) {
        return strcmp(name, "local-team") == 0;
}

/* The first entry of a configured role: at the GI, the municipality, its region, what that is part of. */
static const struct role_entry *role_entry_of(struct view *v, const char *name, const struct organisation *gi, const struct organisation *municipality) {
        const struct role_entry *entry = gi ? role_find(gi->roles, gi->n_roles, name) : NULL;
        const struct region *region = v->region;

        if (!entry && municipality) {
                entry = role_find(municipality->roles, municipality->n_roles, name);
                region = v->region ? v->region : municipality->region; /* in a region's case the region stands where that would */
        }
        for (; !entry && region; region = region->part_of)
                entry = role_find(region->roles, region->n_roles, name);
        return entry;
}

/* Adds one organisation, followed to the date; false when it is nobody then. */
static bool role_add_followed(struct view *v, struct addressees *to, const struct organisation *org, const struct role *role, const struct role_scope *scope) {
        const struct organisation *row = view_follow(v, org, scope->date, scope->present);

        if (row)
                addressees_add(to, row, role, false);
        return row != NULL;
}

/* The GI of the case; of an obligation for each GI, that one. */
static const struct organisation *role_gi(struct view *v, const struct role_scope *scope) {
        return scope->for_each == EACH_GI ? scope->each : view_gi(v, scope->start);
}

/* Return: whether the role is settled: it means somebody, or it waits. */
static bool role_add_named(struct view *v, struct addressees *to, const struct role *role, const struct role_scope *scope) {
        const char *name = role->kind == ROLE_GIS ? ROLE_WORD_GI : role->name; /* the GIs that a region lists: no GI has such a role itself */
        const struct organisation *gi = role_gi(v, scope), *municipality = NULL;
        const struct role_entry *entry;
        bool some = false;

        gi = view_follow(v, gi, scope->date, scope->present);
        if (scope->for_each == EACH_MUNICIPALITY)
                municipality = view_follow(v, scope->each, scope->date, scope->present);
        entry = role_entry_of(v, name, gi, municipality);
        if (!entry && !v->region) {
                if (scope->waits && !view_settled(v) && strcmp(role->name, "management") != 0)
                        return true;
                municipality = view_municipality(v, scope->date, scope->present);
                entry = role_entry_of(v, name, NULL, municipality);
        }
        if (!entry) {
                const struct organisation *stand_in = NULL;

                if (is_municipal_word(role->name))
                        stand_in = municipality;
                else if (strcmp(role->name, "management") == 0)
                        stand_in = gi;
                if (stand_in)
                        addressees_add(to, stand_in, role, false);
                return stand_in != NULL;
        }
        for (size_t i = 0; i < entry->n; i++)
                some |= role_add_followed(v, to, entry->organisations[i], role, scope);
        return some;
}

static bool role_add_municipality(struct view *v, struct addressees *to, const struct role *role, const struct role_scope *scope) {
        const struct organisation *municipality;

        if (scope->for_each == EACH_MUNICIPALITY)
                return role_add_followed(v, to, scope->each, role, scope);
        if (v->region)
                return false;
        if (scope->waits && !view_settled(v))
                return true;
        if (role->kind == ROLE_MUNICIPALITY || !scope->start || scope->start->own == DAY_NONE)
                municipality = view_municipality(v, scope->date, scope->present);
        else
                municipality = view_follow(v, view_municipality(v, scope->start->own - 1, false), scope->date, scope->present);
        if (municipality)
                addressees_add(to, municipality, role, false);
        return municipality != NULL;
}

static bool role_add(struct view *v, struct addressees *to, const struct role *role, const struct role_scope *scope) {
        const struct organisation *org;

        switch (role->kind) {
        case ROLE_ORGANISATION:
                return role_add_followed(v, to, role->organisation, role, scope);
        case ROLE_FIELD:
                if (!scope->start || scope->start->type != role->type || scope->start->slots[role->slot].kind != SLOT_STRING)
                        return true; /* null: nobody, silently; and so is an organisation that is not known */
                org = organisations_find(v->config->organisations, scope->start->slots[role->slot].s);
                return !org || role_add_followed(v, to, org, role, scope);
        case ROLE_GI:
                org = role_gi(v, scope);
                return org && role_add_followed(v, to, org, role, scope);
        case ROLE_MUNICIPALITY:
        case ROLE_PREVIOUS_MUNICIPALITY:
                return role_add_municipality(v, to, role, scope);
        case ROLE_EACH:
                return scope->each && role_add_followed(v, to, scope->each, role, scope);
        case ROLE_OPERATORS:
                addressees_add(to, organisations_operators(v->config->organisations), role, false);
                return true;
        case ROLE_GIS:
        case ROLE_NAMED:
                return role_add_named(v, to, role, scope);
        }
        return false;
}

void view_addressees(struct view *v, const struct roles *roles, const struct role_scope *scope, struct addressees *ret) {
        assert(scope->date != DAY_NONE);
        ret->n = 0;
        for (size_t i = 0; i < roles->n; i++) {
                if (!role_add(v, ret, &roles->items[i], scope))
                        addressees_add(ret, organisations_operators(v->config->organisations), &roles->items[i], true);
        }
}
