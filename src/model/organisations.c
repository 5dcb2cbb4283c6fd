/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/organisations.h"

#include <errno.h>

#include "base/table.h"
#include "base/vector.h"
#include "base/name.h"
#include "model/organisations_read.h"

const char *const organisation_kind_names[KINDS] = {
        [KIND_MUNICIPALITY] = "municipality", [KIND_GI] = "gi", [KIND_PROVIDER] = "provider", [KIND_REGION] = "region",
        [KIND_COUNCIL] = "council", [KIND_VEILIG_THUIS] = "veilig-thuis", [KIND_PURCHASER] = "purchaser",
        [KIND_INSPECTORATE] = "inspectorate", [KIND_OPERATORS] = "operators", [KIND_OTHER] = "other",
};

bool organisation_kind_of(const char *name, enum organisation_kind *ret) {
        for (unsigned k = 0; k < KINDS; k++) {
                if (strcmp(organisation_kind_names[k], name) == 0) {
                        *ret = (enum organisation_kind)k;
                        return true;
                }
        }
        return false;
}

struct organisations *organisations_free(struct organisations *orgs) {
        if (!orgs)
                return NULL;
        table_done(&orgs->by_id);
        table_done(&orgs->by_region);
        table_done(&orgs->by_case);
        vector_done(&orgs->all);
        vector_done(&orgs->regions);
        vector_done(&orgs->changes);
        arena_free(orgs->arena);
        free(orgs);
        return NULL;
}

size_t organisations_count(const struct organisations *orgs) {
        return orgs->all.n;
}

const struct organisation *organisations_at(const struct organisations *orgs, size_t index) {
        return orgs->all.items[index];
}

const struct organisation *organisations_find(const struct organisations *orgs, struct text id) {
        return table_get(&orgs->by_id, id.s, id.n);
}

const struct organisation *organisations_operators(const struct organisations *orgs) {
        return orgs->operators;
}

size_t regions_count(const struct organisations *orgs) {
        return orgs->regions.n;
}

const struct region *regions_at(const struct organisations *orgs, size_t index) {
        return orgs->regions.items[index];
}

const struct region *regions_find(const struct organisations *orgs, struct text id) {
        return table_get(&orgs->by_region, id.s, id.n);
}

const struct region *regions_find_case(const struct organisations *orgs, const struct uuid *case_id) {
        return table_get(&orgs->by_case, case_id->bytes, sizeof(case_id->bytes));
}

bool region_within(const struct region *region, const struct region *other) {
        for (; region; region = region->part_of) {
                if (region == other)
                        return true;
        }
        return false;
}

const struct organisation *organisation_on(const struct organisation *org, day_t date) {
        for (; org; org = org->next) {
                if (date >= org->from && date <= org->until)
                        return org;
        }
        return NULL;
}

const struct organisation *organisation_follow(const struct organisation *org, day_t date) {
        for (unsigned steps = 0; org && steps <= SUCCESSORS_MAX; steps++) {
                const struct organisation *row = organisation_on(org, date), *last = org;

                if (row)
                        return row;
                while (last->next)
                        last = last->next;
                org = date > last->until ? last->successor : NULL;
        }
        return NULL;
}

const struct role_entry *role_find(const struct role_entry *roles, size_t n, const char *role) {
        for (size_t i = 0; i < n; i++) {
                if (strcmp(roles[i].role, role) == 0)
                        return &roles[i];
        }
        return NULL;
}

const day_t *organisations_changes(const struct organisations *orgs, size_t *ret_n) {
        *ret_n = orgs->changes.n;
        return orgs->changes.items;
}

bool organisations_have_role(const struct organisations *orgs, const char *role) {
        for (size_t i = 0; i < orgs->all.n; i++) {
                for (const struct organisation *row = orgs->all.items[i]; row; row = row->next) {
                        if (role_find(row->roles, row->n_roles, role))
                                return true;
                }
        }
        for (size_t i = 0; i < orgs->regions.n; i++) {
                if (role_find(orgs->regions.items[i]->roles, orgs->regions.items[i]->n_roles, role))
                        return true;
        }
        return false;
}

static void nearest_of(struct nearest *nearest, const struct role_entry *roles, size_t n) {
        for (size_t i = 0; i < n; i++)
                nearest_try(nearest, roles[i].role);
}

void organisations_nearest_role(const struct organisations *orgs, struct nearest *nearest) {
        for (size_t i = 0; i < orgs->all.n; i++) {
                for (const struct organisation *row = orgs->all.items[i]; row; row = row->next)
                        nearest_of(nearest, row->roles, row->n_roles);
        }
        for (size_t i = 0; i < orgs->regions.n; i++)
                nearest_of(nearest, orgs->regions.items[i]->roles, orgs->regions.items[i]->n_roles);
}

void organisations_nearest(const struct organisations *orgs, struct nearest *nearest) {
        for (size_t i = 0; i < orgs->all.n; i++)
                nearest_try(nearest, orgs->all.items[i]->id);
}

void regions_nearest(const struct organisations *orgs, struct nearest *nearest) {
        for (size_t i = 0; i < orgs->regions.n; i++)
                nearest_try(nearest, orgs->regions.items[i]->id);
}
