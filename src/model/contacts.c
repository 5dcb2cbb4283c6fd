/* SPDX-License-Identifier: EUPL-1.2 */

/* The contacts in organisations.yaml: whether each is well formed, and whether every function that must have one has one. */

#include "model/contacts.h"

#include <errno.h>
#include <string.h>

#include "base/vector.h"
#include "calendar/reading.h"

#define CONTACTS_ARENA_MAX ((size_t)64 * 1024 * 1024)

struct contact {
        const struct organisation *org; /* first row */
        const struct yaml_node *node, *for_whom; /* NULL: everyone */
        const char *function;
        bool deputy;
};

struct place { /* where an organisation stands in the file */
        const struct organisation *org;
        const struct yaml_node *node;
};

struct reader {
        struct reading r;
        const struct organisations *orgs;
        struct mistakes *missing;
        VECTOR(struct contact) contacts;
        VECTOR(struct place) places;
};

/* -- Reading -- */

static void contact_check_for(struct reader *c, const struct yaml_node *node) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        enum organisation_kind kind;

        if (!reading_scalar(&c->r, node, "for"))
                return;
        if (organisation_kind_of(node->text, &kind) || organisations_find(c->orgs, text_of(node->text)) || regions_find(c->orgs, text_of(node->text)))
                return;
        for (unsigned k = 0; k < KINDS; k++)
                nearest_try(&nearest, organisation_kind_names[k]);
        organisations_nearest(c->orgs, &nearest);
        regions_nearest(c->orgs, &nearest);
        reading_mistake(&c->r, node,
                        IN_READING(&c->r, "no organisation, region or kind of organisation is called '%.80s'%s",
                                   "geen organisatie, regio of soort organisatie heet '%.80s'%s"),
                        node->text, reading_hint(&c->r, &nearest, hint));
}

static void contact_check_validity(struct reader *c, const struct yaml_node *node) {
        const struct yaml_node *from = yaml_get(node, "from"), *until = yaml_get(node, "until");
        day_t first = 0, last = 0;
        bool both = from && reading_date(&c->r, from, "from", &first);

        both &= until && reading_date(&c->r, until, "until", &last);
        if (both && last < first)
                reading_mistake(&c->r, until, IN_READING(&c->r, "until lies before from", "until ligt voor from"));
}

static void contact_read(struct reader *c, const struct organisation *org, const struct yaml_node *node) {
        static const char *const keys[] = {"function", "for", "mailbox", "deputy", "from", "until", NULL};
        const struct yaml_node *function, *mailbox, *deputy;
        struct contact contact = {.org = org, .node = node};

        if (!reading_mapping(&c->r, node, IN_READING(&c->r, "a contact", "een contact")))
                return;
        reading_keys(&c->r, node, keys, IN_READING(&c->r, "a contact", "een contact"));
        function = reading_required(&c->r, node, "function", IN_READING(&c->r, "a contact", "een contact"));
        mailbox = reading_required(&c->r, node, "mailbox", IN_READING(&c->r, "a contact", "een contact"));
        deputy = yaml_get(node, "deputy");
        contact.for_whom = yaml_get(node, "for");
        contact.function = function ? reading_name(&c->r, function, "function") : NULL;
        contact.deputy = deputy && reading_name(&c->r, deputy, "deputy");
        if (mailbox)
                (void) reading_name(&c->r, mailbox, "mailbox"); /* reported */
        contact_check_validity(c, node);
        for (size_t i = 0; contact.for_whom && i < reading_items(contact.for_whom); i++)
                contact_check_for(c, reading_item(contact.for_whom, i));
        if (contact.function && vector_push(&c->contacts, contact))
                c->r.e = -ENOMEM;
}

static void contacts_read_organisation(struct reader *c, const struct yaml_node *node) {
        const struct yaml_node *id = yaml_get(node, "id"), *contacts = yaml_get(node, "contacts");
        const struct organisation *org = id ? organisations_find(c->orgs, text_of(id->text)) : NULL;

        if (!org)
                return; /* what is wrong with it is told where organisations are read */
        if (vector_push(&c->places, (struct place){org, node}))
                c->r.e = -ENOMEM;
        for (size_t i = 0; contacts && i < reading_items(contacts); i++)
                contact_read(c, org, reading_item(contacts, i));
}

/* -- Comparing -- */

static bool contact_item_covers(const struct reader *c, const char *word, const struct organisation *target) {
        const struct region *region = regions_find(c->orgs, text_of(word));

        if (strcmp(word, target->id) == 0 || strcmp(word, organisation_kind_names[target->kind]) == 0)
                return true;
        return region && target->kind == KIND_MUNICIPALITY && target->region && region_within(target->region, region);
}

static bool contact_covers(const struct reader *c, const struct contact *contact, const struct organisation *target) {
        if (!contact->for_whom)
                return true;
        for (size_t i = 0; i < reading_items(contact->for_whom); i++) {
                if (contact_item_covers(c, reading_item(contact->for_whom, i)->text, target))
                        return true;
        }
        return false;
}

/* The row of an organisation that has no end, or NULL. */
static const struct organisation *contacts_present(const struct organisation *org) {
        for (; org; org = org->next) {
                if (org->until == INT32_MAX)
                        return org;
        }
        return NULL;
}

static const struct yaml_node *contacts_place_of(const struct reader *c, const struct organisation *org) {
        const struct yaml_node *found = NULL;

        for (size_t i = 0; i < c->places.n; i++) {
                if (c->places.items[i].org->index == org->index && (!found || !yaml_get(c->places.items[i].node, "until")))
                        found = c->places.items[i].node;
        }
        return found;
}

/* That @org names a contact for @function, with a deputy, that every one of @others reaches. */
static void contacts_check_one(struct reader *c, const struct region *region, const struct organisation *org, const char *function,
                      const struct organisation *const *others, size_t n_others) {
        const struct yaml_node *place = contacts_place_of(c, org);
        size_t named = 0;

        for (size_t i = 0; i < c->contacts.n; i++) {
                const struct contact *contact = &c->contacts.items[i];

                if (contact->org->index != org->index || strcmp(contact->function, function) != 0)
                        continue;
                named++;
                if (!contact->deputy)
                        mistakes_at(c->missing, c->r.yaml, contact->node,
                                    IN_LANGUAGE(c->missing->language, "the contact '%s' of %s (%s) has no deputy",
                                                "het contact '%s' van %s (%s) heeft geen vervanger (deputy)"),
                                    function, org->id, org->name);
        }
        if (!named && place) {
                mistakes_at(c->missing, c->r.yaml, place,
                            IN_LANGUAGE(c->missing->language, "%s (%s) names no contact '%s', which region %s asks for",
                                        "%s (%s) noemt geen contact '%s', dat regio %s vraagt"),
                            org->id, org->name, function, region->id);
                return;
        }
        for (size_t j = 0; j < n_others; j++) {
                bool covered = false;

                for (size_t i = 0; i < c->contacts.n && !covered; i++) {
                        const struct contact *contact = &c->contacts.items[i];

                        covered = contact->org->index == org->index && strcmp(contact->function, function) == 0 && contact_covers(c, contact, others[j]);
                }
                if (!covered && place)
                        mistakes_at(c->missing, c->r.yaml, place,
                                    IN_LANGUAGE(c->missing->language, "%s (%s) names no contact '%s' for %s (%s), which region %s asks for",
                                                "%s (%s) noemt geen contact '%s' voor %s (%s), dat regio %s vraagt"),
                                    org->id, org->name, function, others[j]->id, others[j]->name, region->id);
        }
}

struct parties { /* of a region: its present municipalities, and the GIs that work there */
        const struct organisation **municipalities, **gis;
        size_t n_municipalities, n_gis;
};

static bool contacts_find_parties(struct reader *c, const struct region *region, struct parties *ret) {
        const struct role_entry *gi = NULL;
        size_t n = organisations_count(c->orgs);

        *ret = (struct parties){0};
        for (const struct region *at = region; at && !gi; at = at->part_of)
                gi = role_find(at->roles, at->n_roles, "gi");
        ret->municipalities = reading_alloc(&c->r, n, sizeof(*ret->municipalities));
        ret->gis = reading_alloc(&c->r, gi ? gi->n : 0, sizeof(*ret->gis));
        if (!ret->municipalities || !ret->gis)
                return false;
        for (size_t i = 0; i < n; i++) {
                const struct organisation *org = contacts_present(organisations_at(c->orgs, i));

                if (org && org->kind == KIND_MUNICIPALITY && org->region && region_within(org->region, region))
                        ret->municipalities[ret->n_municipalities++] = org;
        }
        for (size_t i = 0; gi && i < gi->n; i++) {
                const struct organisation *org = contacts_present(gi->organisations[i]);

                if (org)
                        ret->gis[ret->n_gis++] = org;
        }
        return true;
}

static void contacts_check_functions(struct reader *c, const struct region *region, const struct yaml_node *functions, const struct organisation *const *orgs,
                            size_t n_orgs, const struct organisation *const *others, size_t n_others) {
        for (size_t i = 0; functions && i < reading_items(functions); i++) {
                const char *function = reading_name(&c->r, reading_item(functions, i), "function");

                for (size_t j = 0; function && j < n_orgs; j++)
                        contacts_check_one(c, region, orgs[j], function, others, n_others);
        }
}

static void contacts_check_region(struct reader *c, const struct yaml_node *node) {
        static const char *const keys[] = {"municipality", "gi", NULL};
        const struct yaml_node *id = yaml_get(node, "id"), *contacts = yaml_get(node, "contacts");
        const struct region *region = id ? regions_find(c->orgs, text_of(id->text)) : NULL;
        struct parties p;

        if (!region || !contacts || !reading_mapping(&c->r, contacts, IN_READING(&c->r, "contacts of a region", "contacts van een regio")))
                return;
        reading_keys(&c->r, contacts, keys, IN_READING(&c->r, "contacts of a region", "contacts van een regio"));
        if (!contacts_find_parties(c, region, &p))
                return;
        contacts_check_functions(c, region, yaml_get(contacts, "municipality"), p.municipalities, p.n_municipalities, p.gis, p.n_gis);
        contacts_check_functions(c, region, yaml_get(contacts, "gi"), p.gis, p.n_gis, p.municipalities, p.n_municipalities);
}

static void contacts_check_all(struct reader *c, const struct yaml_node *root) {
        const struct yaml_node *orgs = yaml_get(root, "organisations"), *regions = yaml_get(root, "regions");

        for (size_t i = 0; orgs && orgs->kind == YAML_SEQUENCE && i < orgs->n; i++)
                contacts_read_organisation(c, orgs->items[i]);
        for (size_t i = 0; regions && regions->kind == YAML_SEQUENCE && i < regions->n; i++)
                contacts_check_region(c, regions->items[i]);
}

int contacts_check(const char *path, const struct config *config, struct mistakes *missing, struct mistakes *mistakes) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct reader c = {.orgs = config->organisations, .missing = missing};
        size_t before = mistakes->n;
        struct error err = {0};
        int e = arena_new(&arena, CONTACTS_ARENA_MAX);

        if (e)
                return e;
        e = yaml_tree_read(path, mistakes->language, &yaml, &err);
        if (e == -EINVAL)
                mistakes_error(mistakes, &err);
        if (e)
                return e;
        c.r = (struct reading){.yaml = yaml, .mistakes = mistakes, .arena = arena};
        contacts_check_all(&c, yaml_tree_root(yaml));
        vector_done(&c.contacts);
        vector_done(&c.places);
        if (c.r.e)
                return c.r.e;
        return mistakes->n == before ? 0 : -EINVAL;
}
