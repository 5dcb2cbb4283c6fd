/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The folder of protocols: each file read (where and when it holds, for whom, its norms and routes), and all compared: one norm
 * name never stands in two that can hold at once
 */

#include "model/protocols.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/vector.h"
#include "model/norm_read.h"

#define NORMS_MAX 1000
#define ROUTES_MAX 1000
#define PARTNERS_MAX 2000
#define PATH_TEXT_MAX 4096

static const struct region *protocol_read_region(struct norm_reading *c, const struct yaml_node *node) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[LANGUAGE_CHOICE_MAX];
        const struct region *region;

        if (!reading_scalar(&c->r, node, IN_READING(&c->r, "a region", "een regio")))
                return NULL;
        region = regions_find(c->orgs, text_of(node->text));
        if (region)
                return region;
        if (strcmp(node->text, "any") == 0) {
                mistake_at(c, node, IN_READING(&c->r, "any stands alone: it means every region", "any staat alleen: het betekent iedere regio"));
                return NULL;
        }
        regions_nearest(c->orgs, &nearest);
        nearest_try(&nearest, "any");
        mistake_at(c, node, IN_READING(&c->r, "no region is called '%.80s'%s", "geen regio heet '%.80s'%s"), node->text, reading_choice(&c->r, &nearest, hint));
        return NULL;
}

static void protocol_read_regions(struct norm_reading *c, const struct yaml_node *node, struct protocol *p) {
        size_t n;

        if (!node || (node->kind == YAML_SCALAR && strcmp(node->text, "any") == 0))
                return;
        n = reading_items(node);
        if (n == 0) {
                mistake_at(c, node, IN_READING(&c->r, "region names at least one region, or any", "region noemt ten minste één regio, of any"));
                return;
        }
        p->regions = reading_alloc(&c->r, n, sizeof(*p->regions));
        for (size_t i = 0; p->regions && i < n; i++) {
                const struct region *region = protocol_read_region(c, reading_item(node, i));

                for (size_t j = 0; region && j < p->n_regions; j++) {
                        if (p->regions[j] == region)
                                mistake_at(c, reading_item(node, i), IN_READING(&c->r, "'%s' stands here twice", "'%s' staat hier twee keer"), region->id);
                }
                if (region)
                        p->regions[p->n_regions++] = region;
        }
}

/* from and until of a protocol or a partner. */
static void protocol_read_period(struct norm_reading *c, const struct yaml_node *node, const char *what, day_t *ret_from, day_t *ret_until) {
        const struct yaml_node *from = yaml_get(node, "from"), *until = yaml_get(node, "until");

        if (from && !reading_date(&c->r, from, "from", ret_from))
                return;
        if (until && reading_date(&c->r, until, "until", ret_until) && *ret_until < *ret_from)
                mistake_at(c, until, IN_READING(&c->r, "until of %s lies before from", "until van %s ligt voor from"), what);
}

static void protocol_read_valid(struct norm_reading *c, const struct yaml_node *node, struct protocol *p) {

        p->from = INT32_MIN;
        p->until = INT32_MAX;
        if (!node || !reading_mapping(&c->r, node, "valid"))
                return;
        reference_keys(c, node, KEYS_VALID);
        (void) reading_required(&c->r, node, "from", "valid"); /* reported */
        protocol_read_period(c, node, "valid", &p->from, &p->until);
}

static bool protocol_read_partner(struct norm_reading *c, const struct yaml_node *node, struct partner *ret) {
        const struct yaml_node *id;
        char hint[NEAREST_HINT_MAX];

        if (!reading_mapping(&c->r, node, IN_READING(&c->r, "a partner", "een partner")))
                return false;
        reference_keys(c, node, KEYS_PARTNER);
        id = reading_required(&c->r, node, "organisation", IN_READING(&c->r, "a partner", "een partner"));
        ret->from = INT32_MIN;
        ret->until = INT32_MAX;
        protocol_read_period(c, node, IN_READING(&c->r, "a partner", "een partner"), &ret->from, &ret->until);
        if (!id || !reading_scalar(&c->r, id, "organisation"))
                return false;
        ret->organisation = organisations_find(c->orgs, text_of(id->text));
        if (!ret->organisation) {
                struct nearest nearest = NEAREST_INIT(id->text);

                organisations_nearest(c->orgs, &nearest);
                mistake_at(c, id, IN_READING(&c->r, "no organisation '%.80s'%s", "er is geen organisatie '%.80s'%s"),
                           id->text, reading_hint(&c->r, &nearest, hint));
        }
        return ret->organisation != NULL;
}

static void protocol_read_partners(struct norm_reading *c, const struct yaml_node *node, struct protocol *p) {
        struct partner *partners;

        if (!node || !reading_sequence(&c->r, node, "partners"))
                return;
        if (node->n == 0 || node->n > PARTNERS_MAX) {
                mistake_at(c, node,
                           IN_READING(&c->r, "partners names 1 to %d organisations; without the key it is everyone there",
                                      "partners noemt 1 tot en met %d organisaties; zonder deze sleutel is het iedereen daar"),
                           PARTNERS_MAX);
                return;
        }
        p->has_partners = true;
        partners = reading_alloc(&c->r, node->n, sizeof(*partners));
        if (!partners)
                return;
        p->partners = partners;
        for (size_t i = 0; i < node->n; i++) {
                struct partner *partner = &partners[p->n_partners];

                if (!protocol_read_partner(c, node->items[i], partner))
                        continue;
                for (size_t j = 0; j < p->n_partners; j++) {
                        if (partners[j].organisation == partner->organisation && partners[j].from <= partner->until && partner->from <= partners[j].until)
                                mistake_at(c, node->items[i],
                                           IN_READING(&c->r, "'%s' is a partner twice on the same day", "'%s' is op dezelfde dag twee keer partner"),
                                           partner->organisation->id);
                }
                p->n_partners++;
        }
}

static void protocol_read_hold(struct norm_reading *c, const struct yaml_node *node, struct protocol *p) {
        if (!node || !reading_step(&c->r, node, &p->hold))
                return;
        p->has_hold = true;
        if (p->hold.unit == TERM_HOURS)
                mistake_at(c, node,
                           IN_READING(&c->r, "a hold lasts until a date is over: no hours", "acknowledgement_holds duurt tot een dag voorbij is: geen uren"));
        else if (p->hold.count < 0)
                mistake_at(c, node, IN_READING(&c->r, "a hold does not count back", "acknowledgement_holds telt niet terug"));
}

static void protocol_read_name(struct norm_reading *c, const struct yaml_node *node, struct protocol *p) {
        const char *slash = strrchr(p->file, '/'), *base = slash ? slash + 1 : p->file;
        size_t n = strlen(base) > strlen(".yaml") ? strlen(base) - strlen(".yaml") : 0;

        p->name = node ? reading_name(&c->r, node, "protocol") : NULL;
        if (!p->name)
                p->name = "";
        else if (!text_equal(text_of(p->name), (struct text){base, n}))
                mistake_at(c, node,
                           IN_READING(&c->r, "the file is called %s, so the protocol is called %.*s, not '%s'",
                                      "het bestand heet %s, dus het protocol heet %.*s, niet '%s'"),
                           base, (int)n, base, p->name);
}

static size_t protocol_assumed_count(const struct yaml_node *mapping) {
        const struct yaml_node *node = mapping->kind == YAML_MAPPING ? yaml_get(mapping, "assumed") : NULL;

        return node ? reading_items(node) : 0;
}

static bool protocol_assumed_stands(const struct yaml_node *mapping, const char *path) {
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

static void protocol_assumed(struct norm_reading *c, const struct yaml_node *mapping, const char *prefix, const char **list, size_t max, size_t *n) {
        const struct yaml_node *node = mapping->kind == YAML_MAPPING ? yaml_get(mapping, "assumed") : NULL;

        for (size_t i = 0; node && i < reading_items(node) && *n < max; i++) {
                const struct yaml_node *item = reading_item(node, i);
                struct nearest nearest = NEAREST_INIT(item->text);
                char hint[NEAREST_HINT_MAX];

                if (!reading_scalar(&c->r, item, "assumed"))
                        continue;
                if (!protocol_assumed_stands(mapping, item->text)) {
                        for (size_t j = 0; j < mapping->n; j++)
                                nearest_try(&nearest, mapping->keys[j]->text);
                        mistake_at(c, item,
                                   IN_READING(&c->r, "no key '%.80s' stands here that could be assumed%s",
                                              "hier staat geen sleutel '%.80s' die een eigen keuze kan zijn%s"),
                                   item->text, reading_hint(&c->r, &nearest, hint));
                        continue;
                }
                list[*n] = arena_printf(c->r.arena, "%s%s", prefix, item->text);
                if (!list[(*n)++])
                        c->r.e = -ENOMEM;
        }
}

static void protocol_read_assumed(struct norm_reading *c, const struct yaml_node *root, struct protocol *p) {
        const struct yaml_node *norms = yaml_get(root, "norms");
        size_t max = protocol_assumed_count(root);

        for (size_t i = 0; i < p->n_norms; i++)
                max += protocol_assumed_count(norms->items[i]);
        p->assumed = reading_alloc(&c->r, max, sizeof(*p->assumed));
        if (!p->assumed)
                return;
        protocol_assumed(c, root, "", p->assumed, max, &p->n_assumed);
        for (size_t i = 0; i < p->n_norms; i++) {
                const char *prefix = arena_printf(c->r.arena, "%s.", p->norms[i].name);

                if (!prefix)
                        c->r.e = -ENOMEM;
                else
                        protocol_assumed(c, norms->items[i], prefix, p->assumed, max, &p->n_assumed);
        }
}

static void protocol_read_routes(struct norm_reading *c, const struct yaml_node *node, struct protocol *p) {
        struct route *routes;

        if (!node || !reading_sequence(&c->r, node, "routes"))
                return;
        if (node->n > ROUTES_MAX) {
                mistake_at(c, node, IN_READING(&c->r, "more than %d routes", "meer dan %d routes"), ROUTES_MAX);
                return;
        }
        routes = reading_alloc(&c->r, node->n, sizeof(*routes));
        p->routes = routes;
        for (size_t i = 0; routes && i < node->n; i++)
                route_read(c, node->items[i], &routes[p->n_routes++]);
}

static void protocol_read_norms(struct norm_reading *c, const struct yaml_node *node, struct protocol *p) {
        struct norm *norms;

        if (!node || !reading_sequence(&c->r, node, "norms"))
                return;
        if (node->n > NORMS_MAX) {
                mistake_at(c, node, IN_READING(&c->r, "more than %d norms", "meer dan %d normen"), NORMS_MAX);
                return;
        }
        norms = reading_alloc(&c->r, node->n, sizeof(*norms));
        p->norms = norms;
        for (size_t i = 0; norms && i < node->n; i++) {
                norms[i].index = (unsigned)i;
                norm_read(c, node->items[i], &norms[i]);
                for (size_t j = 0; norms[i].name[0] && j < i; j++) {
                        if (strcmp(norms[i].name, norms[j].name) == 0)
                                mistake_at(c, yaml_get(node->items[i], "norm"),
                                           IN_READING(&c->r, "norm '%s' stands in this file twice", "de norm '%s' staat twee keer in dit bestand"),
                                           norms[i].name);
                }
                p->n_norms++;
        }
}

static int protocol_read(struct norm_reading *c, const struct yaml_node *root, const struct yaml_node ***ret_norms) {
        struct protocol *p = c->protocol;
        const struct yaml_node *title, *source, *norms;

        *ret_norms = NULL;
        p->file = reading_copy(&c->r, yaml_tree_name(c->r.yaml));
        if (!p->file || !reading_mapping(&c->r, root, IN_READING(&c->r, "a protocol", "een protocol")))
                return c->r.e;
        reference_keys(c, root, KEYS_PROTOCOL);
        protocol_read_name(c, reading_required(&c->r, root, "protocol", IN_READING(&c->r, "a protocol", "een protocol")), p);
        title = yaml_get(root, "title");
        source = yaml_get(root, "source");
        p->title = title ? reading_text(&c->r, title, "title") : p->name;
        p->source = source ? reading_text(&c->r, source, "source") : "";
        protocol_read_regions(c, reading_required(&c->r, root, "region", IN_READING(&c->r, "a protocol", "een protocol")), p);
        protocol_read_valid(c, reading_required(&c->r, root, "valid", IN_READING(&c->r, "a protocol", "een protocol")), p);
        protocol_read_partners(c, yaml_get(root, "partners"), p);
        protocol_read_hold(c, yaml_get(root, "acknowledgement_holds"), p);
        protocol_read_routes(c, yaml_get(root, "routes"), p);
        norms = yaml_get(root, "norms");
        protocol_read_norms(c, norms, p);
        if (!norms && !yaml_get(root, "routes"))
                mistake_at(c, root, IN_READING(&c->r, "a protocol without norms and routes says nothing", "een protocol zonder normen en routes zegt niets"));
        protocol_read_assumed(c, root, p);
        if (p->n_norms > 0)
                *ret_norms = norms->items;
        return c->r.e;
}

/* -- The folder -- */

/* A protocol and the file that it came from, until all have been compared. */
struct protocol_draft {
        struct protocol *protocol;
        struct yaml_tree *yaml;
        const struct yaml_node **norms; /* node of each norm, owned by the tree */
};

struct protocol_drafts {
        VECTOR(struct protocol_draft) all;
        const struct event_types *types;
        const struct organisations *orgs;
        struct arena *arena;
        struct mistakes *mistakes;
};

static int protocols_read_file(struct protocol_drafts *d, const char *path) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct norm_reading c = {.types = d->types, .orgs = d->orgs};
        struct protocol_draft draft = {0};
        struct error err = {0};
        int e = yaml_tree_read(path, d->mistakes->language, &yaml, &err);

        if (e == -EINVAL) {
                mistakes_error(d->mistakes, &err);
                return 0;
        }
        if (e)
                return e;
        draft.protocol = arena_calloc(d->arena, 1, sizeof(*draft.protocol));
        if (!draft.protocol)
                return -ENOMEM;
        c.r = (struct reading){.yaml = yaml, .mistakes = d->mistakes, .arena = d->arena};
        c.protocol = draft.protocol;
        e = protocol_read(&c, yaml_tree_root(yaml), &draft.norms);
        if (e)
                return e;
        draft.yaml = yaml;
        e = vector_push(&d->all, draft);
        if (e)
                return e;
        yaml = NULL; /* the draft has it */
        return 0;
}

static bool regions_meet(const struct protocol *a, const struct protocol *b) {
        if (a->n_regions == 0 || b->n_regions == 0)
                return true;
        for (size_t i = 0; i < a->n_regions; i++) {
                for (size_t j = 0; j < b->n_regions; j++) {
                        if (region_within(a->regions[i], b->regions[j]) || region_within(b->regions[j], a->regions[i]))
                                return true;
                }
        }
        return false;
}

static void protocols_compare(struct protocol_drafts *d, const struct protocol_draft *a, const struct protocol_draft *b) {
        if (a->protocol->from > b->protocol->until || b->protocol->from > a->protocol->until || !regions_meet(a->protocol, b->protocol))
                return;
        for (size_t i = 0; i < b->protocol->n_norms; i++) {
                for (size_t j = 0; j < a->protocol->n_norms; j++) {
                        const char *name = b->protocol->norms[i].name;

                        if (!name[0] || strcmp(name, a->protocol->norms[j].name) != 0)
                                continue;
                        mistakes_at(d->mistakes, b->yaml, yaml_get(b->norms[i], "norm"),
                                    IN_LANGUAGE(d->mistakes->language,
                                                "norm '%s' stands also in %s, which can hold on the same day for the same child or region; give it another "
                                                "name",
                                                "de norm '%s' staat ook in %s, dat op dezelfde dag voor hetzelfde kind of dezelfde regio kan gelden; geef "
                                                "haar een andere naam"),
                                    name, a->protocol->name);
                }
        }
}

static int protocols_order(const void *a, const void *b) {
        return strcmp((*(const struct protocol *const *)a)->name, (*(const struct protocol *const *)b)->name);
}

static int protocols_finish(struct protocol_drafts *d, struct protocols *ret) {
        const struct protocol **items = arena_calloc(d->arena, d->all.n ? d->all.n : 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < d->all.n; i++) {
                for (size_t j = 0; j < i; j++)
                        protocols_compare(d, &d->all.items[j], &d->all.items[i]);
                items[i] = d->all.items[i].protocol;
        }
        qsort(items, d->all.n, sizeof(*items), protocols_order);
        *ret = (struct protocols){.items = items, .n = d->all.n};
        return 0;
}

/* Stories lie beside the protocols they test and are none themselves. */
static bool protocols_is_stories(const char *name) {
        size_t n = strlen(name), suffix = strlen(STORIES_SUFFIX);

        return n >= suffix && strcmp(name + n - suffix, STORIES_SUFFIX) == 0;
}

static int protocols_read_folder(struct protocol_drafts *d, const char *folder, const char *instead) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char path[PATH_TEXT_MAX];
        struct error err = {0};
        size_t n;
        int e = folder_names(folder, ".yaml", &names, &n, &err);

        if (e)
                return e == -ENOENT ? 0 : e;
        if (n > PROTOCOLS_MAX) {
                mistakes_place(d->mistakes, folder, IN_LANGUAGE(d->mistakes->language, "more than %d protocols", "meer dan %d protocollen"), PROTOCOLS_MAX);
                return 0;
        }
        for (size_t i = 0; e == 0 && i < n; i++) {
                if (protocols_is_stories(names[i]) || (instead && strcmp(names[i], instead) == 0))
                        continue;
                if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]) >= (int)sizeof(path))
                        mistakes_place(d->mistakes, folder,
                                       IN_LANGUAGE(d->mistakes->language, "the name of this folder is too long", "de naam van deze map is te lang"));
                else
                        e = protocols_read_file(d, path);
        }
        return e;
}

int protocols_read(const char *folder, const char *also, const struct event_types *types, const struct organisations *orgs, struct arena *arena,
                   struct protocols *ret, struct mistakes *mistakes) {
        struct protocol_drafts d = {.types = types, .orgs = orgs, .arena = arena, .mistakes = mistakes};
        size_t before = mistakes->n;
        int e;

        assert(types && orgs && arena);
        *ret = (struct protocols){0};
        e = protocols_read_folder(&d, folder, also ? file_name(also) : NULL);
        if (e == 0 && also)
                e = protocols_read_file(&d, also);
        if (e == 0)
                e = protocols_finish(&d, ret);
        for (size_t i = 0; i < d.all.n; i++)
                yaml_tree_free(d.all.items[i].yaml);
        vector_done(&d.all);
        if (e)
                return e;
        return mistakes->n == before ? 0 : -EINVAL;
}
