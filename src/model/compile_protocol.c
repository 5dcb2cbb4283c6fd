/* SPDX-License-Identifier: EUPL-1.2 */

/* One protocol file: where and when it holds, for whom, and the list of its norms and routes. */

#include <errno.h>

#include "model/compile.h"

#define NORMS_MAX 1000
#define ROUTES_MAX 1000
#define PARTNERS_MAX 2000

static const struct region *read_region(struct compiling *c, const struct yaml_node *node) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        const struct region *region;

        if (!reading_scalar(&c->r, node, "a region"))
                return NULL;
        region = regions_find(c->orgs, text_of(node->text));
        if (region)
                return region;
        if (strcmp(node->text, "any") == 0) {
                mistake_at(c, node, "any stands alone: it means every region");
                return NULL;
        }
        regions_nearest(c->orgs, &nearest);
        nearest_try(&nearest, "any");
        mistake_at(c, node, "no region is called '%.80s'%s", node->text, nearest_hint(&nearest, hint));
        return NULL;
}

static void read_regions(struct compiling *c, const struct yaml_node *node, struct protocol *p) {
        size_t n;

        if (!node || (node->kind == YAML_SCALAR && strcmp(node->text, "any") == 0))
                return;
        n = reading_items(node);
        if (n == 0) {
                mistake_at(c, node, "region names at least one region, or any");
                return;
        }
        p->regions = reading_alloc(&c->r, n, sizeof(*p->regions));
        for (size_t i = 0; p->regions && i < n; i++) {
                const struct region *region = read_region(c, reading_item(node, i));

                for (size_t j = 0; region && j < p->n_regions; j++) {
                        if (p->regions[j] == region)
                                mistake_at(c, reading_item(node, i), "'%s' stands here twice", region->id);
                }
                if (region)
                        p->regions[p->n_regions++] = region;
        }
}

/* from and until of a protocol or a partner. */
static void read_period(struct compiling *c, const struct yaml_node *node, const char *what, day_t *ret_from, day_t *ret_until) {
        const struct yaml_node *from = yaml_get(node, "from"), *until = yaml_get(node, "until");

        if (from && !reading_date(&c->r, from, "from", ret_from))
                return;
        if (until && reading_date(&c->r, until, "until", ret_until) && *ret_until < *ret_from)
                mistake_at(c, until, "until of %s lies before from", what);
}

static void read_valid(struct compiling *c, const struct yaml_node *node, struct protocol *p) {
        static const char *const keys[] = {"from", "until", NULL};

        p->from = INT32_MIN;
        p->until = INT32_MAX;
        if (!node || !reading_mapping(&c->r, node, "valid"))
                return;
        reading_keys(&c->r, node, keys, "valid");
        (void) reading_required(&c->r, node, "from", "valid"); /* reported */
        read_period(c, node, "valid", &p->from, &p->until);
}

static bool read_partner(struct compiling *c, const struct yaml_node *node, struct partner *ret) {
        static const char *const keys[] = {"organisation", "from", "until", NULL};
        const struct yaml_node *id;
        char hint[NEAREST_HINT_MAX];

        if (!reading_mapping(&c->r, node, "a partner"))
                return false;
        reading_keys(&c->r, node, keys, "a partner");
        id = reading_required(&c->r, node, "organisation", "a partner");
        ret->from = INT32_MIN;
        ret->until = INT32_MAX;
        read_period(c, node, "a partner", &ret->from, &ret->until);
        if (!id || !reading_scalar(&c->r, id, "organisation"))
                return false;
        ret->organisation = organisations_find(c->orgs, text_of(id->text));
        if (!ret->organisation) {
                struct nearest nearest = NEAREST_INIT(id->text);

                organisations_nearest(c->orgs, &nearest);
                mistake_at(c, id, "no organisation '%.80s'%s", id->text, nearest_hint(&nearest, hint));
        }
        return ret->organisation != NULL;
}

static void read_partners(struct compiling *c, const struct yaml_node *node, struct protocol *p) {
        struct partner *partners;

        if (!node || !reading_sequence(&c->r, node, "partners"))
                return;
        if (node->n == 0 || node->n > PARTNERS_MAX) {
                mistake_at(c, node, "partners names 1 to %d organisations; without the key it is everyone there", PARTNERS_MAX);
                return;
        }
        p->has_partners = true;
        partners = reading_alloc(&c->r, node->n, sizeof(*partners));
        if (!partners)
                return;
        p->partners = partners;
        for (size_t i = 0; i < node->n; i++) {
                struct partner *partner = &partners[p->n_partners];

                if (!read_partner(c, node->items[i], partner))
                        continue;
                for (size_t j = 0; j < p->n_partners; j++) {
                        if (partners[j].organisation == partner->organisation && partners[j].from <= partner->until && partner->from <= partners[j].until)
                                mistake_at(c, node->items[i], "'%s' is a partner twice on the same day", partner->organisation->id);
                }
                p->n_partners++;
        }
}

static void read_hold(struct compiling *c, const struct yaml_node *node, struct protocol *p) {
        if (!node || !reading_step(&c->r, node, &p->hold))
                return;
        p->has_hold = true;
        if (p->hold.unit == TERM_HOURS)
                mistake_at(c, node, "a hold lasts until a date is over: no hours");
        else if (p->hold.count < 0)
                mistake_at(c, node, "a hold does not count back");
}

static void read_name(struct compiling *c, const struct yaml_node *node, struct protocol *p) {
        const char *slash = strrchr(p->file, '/'), *base = slash ? slash + 1 : p->file;
        size_t n = strlen(base) > strlen(".yaml") ? strlen(base) - strlen(".yaml") : 0;

        p->name = node ? reading_name(&c->r, node, "protocol") : NULL;
        if (!p->name)
                p->name = "";
        else if (!text_equal(text_of(p->name), (struct text){base, n}))
                mistake_at(c, node, "the file is called %s, so the protocol is called %.*s, not '%s'", base, (int)n, base, p->name);
}

size_t compile_assumed_count(const struct yaml_node *mapping) {
        const struct yaml_node *node = mapping->kind == YAML_MAPPING ? yaml_get(mapping, "assumed") : NULL;

        return node ? reading_items(node) : 0;
}

static bool assumed_stands(const struct yaml_node *mapping, const char *path) {
        const char *dot = strchr(path, '.');
        char first[64];

        if (!dot)
                return yaml_get(mapping, path) != NULL;
        if ((size_t)(dot - path) >= sizeof(first))
                return false;
        memcpy(first, path, (size_t)(dot - path));
        first[dot - path] = '\0';
        mapping = yaml_get(mapping, first);
        return mapping && mapping->kind == YAML_MAPPING && yaml_get(mapping, dot + 1);
}

void compile_assumed(struct compiling *c, const struct yaml_node *mapping, const char *prefix, const char **list, size_t max, size_t *n) {
        const struct yaml_node *node = mapping->kind == YAML_MAPPING ? yaml_get(mapping, "assumed") : NULL;

        for (size_t i = 0; node && i < reading_items(node) && *n < max; i++) {
                const struct yaml_node *item = reading_item(node, i);
                struct nearest nearest = NEAREST_INIT(item->text);
                char hint[NEAREST_HINT_MAX];

                if (!reading_scalar(&c->r, item, "assumed"))
                        continue;
                if (!assumed_stands(mapping, item->text)) {
                        for (size_t j = 0; j < mapping->n; j++)
                                nearest_try(&nearest, mapping->keys[j]->text);
                        mistake_at(c, item, "no key '%.80s' stands here that could be assumed%s", item->text, nearest_hint(&nearest, hint));
                        continue;
                }
                list[*n] = arena_printf(c->r.arena, "%s%s", prefix, item->text);
                if (!list[(*n)++])
                        c->r.e = -ENOMEM;
        }
}

static void read_assumed(struct compiling *c, const struct yaml_node *root, struct protocol *p) {
        const struct yaml_node *norms = yaml_get(root, "norms");
        size_t max = compile_assumed_count(root);

        for (size_t i = 0; i < p->n_norms; i++)
                max += compile_assumed_count(norms->items[i]);
        p->assumed = reading_alloc(&c->r, max, sizeof(*p->assumed));
        if (!p->assumed)
                return;
        compile_assumed(c, root, "", p->assumed, max, &p->n_assumed);
        for (size_t i = 0; i < p->n_norms; i++) {
                const char *prefix = arena_printf(c->r.arena, "%s.", p->norms[i].name);

                if (!prefix)
                        c->r.e = -ENOMEM;
                else
                        compile_assumed(c, norms->items[i], prefix, p->assumed, max, &p->n_assumed);
        }
}

static void read_routes(struct compiling *c, const struct yaml_node *node, struct protocol *p) {
        struct route *routes;

        if (!node || !reading_sequence(&c->r, node, "routes"))
                return;
        if (node->n > ROUTES_MAX) {
                mistake_at(c, node, "more than %d routes", ROUTES_MAX);
                return;
        }
        routes = reading_alloc(&c->r, node->n, sizeof(*routes));
        p->routes = routes;
        for (size_t i = 0; routes && i < node->n; i++)
                compile_route(c, node->items[i], &routes[p->n_routes++]);
}

static void read_norms(struct compiling *c, const struct yaml_node *node, struct protocol *p) {
        struct norm *norms;

        if (!node || !reading_sequence(&c->r, node, "norms"))
                return;
        if (node->n > NORMS_MAX) {
                mistake_at(c, node, "more than %d norms", NORMS_MAX);
                return;
        }
        norms = reading_alloc(&c->r, node->n, sizeof(*norms));
        p->norms = norms;
        for (size_t i = 0; norms && i < node->n; i++) {
                norms[i].index = (unsigned)i;
                compile_norm(c, node->items[i], &norms[i]);
                for (size_t j = 0; norms[i].name[0] && j < i; j++) {
                        if (strcmp(norms[i].name, norms[j].name) == 0)
                                mistake_at(c, yaml_get(node->items[i], "norm"), "norm '%s' stands in this file twice", norms[i].name);
                }
                p->n_norms++;
        }
}

int compile_protocol(struct compiling *c, const struct yaml_node *root, const struct yaml_node ***ret_norms) {
        static const char *const keys[] = {"protocol", "title", "source", "region", "valid", "assumed", "partners", "acknowledgement_holds",
                                           "routes", "norms", NULL};
        struct protocol *p = c->protocol;
        const struct yaml_node *title, *source, *norms;

        *ret_norms = NULL;
        p->file = reading_copy(&c->r, yaml_tree_name(c->r.yaml));
        if (!p->file || !reading_mapping(&c->r, root, "a protocol"))
                return c->r.e;
        reading_keys(&c->r, root, keys, "a protocol");
        read_name(c, reading_required(&c->r, root, "protocol", "a protocol"), p);
        title = yaml_get(root, "title");
        source = yaml_get(root, "source");
        p->title = title ? reading_text(&c->r, title, "title") : p->name;
        p->source = source ? reading_text(&c->r, source, "source") : "";
        read_regions(c, reading_required(&c->r, root, "region", "a protocol"), p);
        read_valid(c, reading_required(&c->r, root, "valid", "a protocol"), p);
        read_partners(c, yaml_get(root, "partners"), p);
        read_hold(c, yaml_get(root, "acknowledgement_holds"), p);
        read_routes(c, yaml_get(root, "routes"), p);
        norms = yaml_get(root, "norms");
        read_norms(c, norms, p);
        if (!norms && !yaml_get(root, "routes"))
                mistake_at(c, root, "a protocol without norms and routes says nothing");
        read_assumed(c, root, p);
        if (p->n_norms > 0)
                *ret_norms = norms->items;
        return c->r.e;
}
