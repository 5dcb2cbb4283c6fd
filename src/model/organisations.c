/* SPDX-License-Identifier: EUPL-1.2 */

/* config/organisations.yaml: read in two rounds, first every row and region, then what they say of each other; and answers from it. */

#include "model/organisations.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/name.h"
#include "base/table.h"
#include "base/vector.h"
#include "calendar/reading.h"

#define ORGANISATIONS_ARENA_MAX ((size_t)64 * 1024 * 1024)
#define MUNICIPALITY_PREFIX "gm" /* then the code of the CBS */
#define MUNICIPALITY_DIGITS 4
#define URN_NAMESPACE_MAX 32 /* RFC 8141 */
#define REGION_NAME_MAX (sizeof("region|") + NAME_MAX_BYTES)

struct organisations {
        struct arena *arena;                  /* rows, regions, texts */
        struct table by_id, by_region, by_case; /* struct organisation (first rows), struct region (twice) */
        VECTOR(struct organisation *) all;    /* first rows, by index */
        VECTOR(struct region *) regions;      /* by index */
        VECTOR(day_t) changes;
        const struct organisation *operators;
        const char *broker_urn;               /* NULL: not configured */
};

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
        assert(index < orgs->all.n);
        return orgs->all.items[index];
}

const struct organisation *organisations_find(const struct organisations *orgs, struct text id) {
        return table_get(&orgs->by_id, id.s, id.n);
}

const struct organisation *organisations_operators(const struct organisations *orgs) {
        return orgs->operators;
}

const char *organisations_broker_urn(const struct organisations *orgs) {
        return orgs && orgs->broker_urn ? orgs->broker_urn : ORGANISATION_URN ORGANISATION_BROKER;
}

size_t regions_count(const struct organisations *orgs) {
        return orgs->regions.n;
}

const struct region *regions_at(const struct organisations *orgs, size_t index) {
        assert(index < orgs->regions.n);
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

static void nearest_role_of(struct nearest *nearest, const struct role_entry *roles, size_t n) {
        for (size_t i = 0; i < n; i++)
                nearest_try(nearest, roles[i].role);
}

void organisations_nearest_role(const struct organisations *orgs, struct nearest *nearest) {
        for (size_t i = 0; i < orgs->all.n; i++) {
                for (const struct organisation *row = orgs->all.items[i]; row; row = row->next)
                        nearest_role_of(nearest, row->roles, row->n_roles);
        }
        for (size_t i = 0; i < orgs->regions.n; i++)
                nearest_role_of(nearest, orgs->regions.items[i]->roles, orgs->regions.items[i]->n_roles);
}

/* The code of a municipality as others write it (0014, 14, GM0014, gm14); NULL: it is none. */
static const struct organisation *municipality_written(const struct organisations *orgs, const char *word) {
        const char *digits = strncasecmp(word, MUNICIPALITY_PREFIX, strlen(MUNICIPALITY_PREFIX)) == 0 ? word + strlen(MUNICIPALITY_PREFIX) : word;
        size_t n = strlen(digits);
        char id[sizeof(MUNICIPALITY_PREFIX) + MUNICIPALITY_DIGITS] = MUNICIPALITY_PREFIX "0000";

        if (n == 0 || n > MUNICIPALITY_DIGITS || digits[strspn(digits, "0123456789")])
                return NULL;
        memcpy(id + strlen(id) - n, digits, n);
        return organisations_find(orgs, text_of(id));
}

/* Who is meant beyond doubt: by the code, the id in another case, or the name for people. NULL: nobody. */
static const struct organisation *organisation_meant(const struct organisations *orgs, const char *word) {
        const struct organisation *named = municipality_written(orgs, word);

        for (size_t i = 0; !named && i < orgs->all.n; i++) {
                if (strcasecmp(orgs->all.items[i]->id, word) == 0)
                        named = orgs->all.items[i];
        }
        for (size_t i = 0; !named && i < orgs->all.n; i++) {
                for (const struct organisation *row = orgs->all.items[i]; row && !named; row = row->next)
                        named = row->name && strcasecmp(row->name, word) == 0 ? orgs->all.items[i] : NULL;
        }
        return named;
}

void organisations_nearest(const struct organisations *orgs, struct nearest *nearest) {
        const struct organisation *meant = organisation_meant(orgs, nearest->word);

        if (meant) {
                nearest->best = meant->id;
                nearest->distance = 0;
                return;
        }
        for (size_t i = 0; i < orgs->all.n; i++)
                nearest_try(nearest, orgs->all.items[i]->id);
}

void regions_nearest(const struct organisations *orgs, struct nearest *nearest) {
        for (size_t i = 0; i < orgs->regions.n; i++)
                nearest_try(nearest, orgs->regions.items[i]->id);
}

/* -- Reading -- */

struct organisation_draft {
        struct organisation *org;
        const struct yaml_node *node;
};
struct region_draft {
        struct region *region;
        const struct yaml_node *node;
};

struct organisations_drafts {
        struct reading r;
        struct organisations *orgs;
        VECTOR(struct organisation_draft) rows;
        VECTOR(struct region_draft) regions;
};

/* Words that a protocol uses for what is found in a case: an organisation of that name would hide them. */
static const char *const reserved_ids[] = {"gi",         "gis",     "municipality", "previous-municipality", "local-team",
                                           "management", "partner", "part",         ORGANISATION_BROKER};

static void organisation_check_others(struct reading *r, const struct yaml_node *node) {
        const struct yaml_node *contacts = yaml_get(node, "contacts"), *delivery = yaml_get(node, "delivery");

        if (contacts && contacts->kind == YAML_SCALAR)
                reading_mistake(r, contacts,
                                IN_READING(r, "contacts must be a list or a mapping, not a single value",
                                           "contacts moet een lijst of een groep sleutels met waarden zijn, niet één waarde"));
        if (delivery)
                (void) reading_mapping(r, delivery, "delivery"); /* has reported what it must be */
}

static const char *organisation_read_id(struct reading *r, const struct yaml_node *node) {
        const char *id = reading_name(r, node, "id");

        if (!id)
                return NULL;
        if (!name_valid_topic(text_of(id))) {
                reading_mistake(r, node,
                                IN_READING(r, "id '%s' cannot name an inbox: only A-Z a-z 0-9 . _ -",
                                           "id '%s' kan geen postvak heten: alleen A-Z a-z 0-9 . _ -"),
                                id);
                return NULL;
        }
        for (size_t i = 0; i < ELEMENTS(reserved_ids); i++) {
                if (strcmp(id, reserved_ids[i]) == 0) {
                        reading_mistake(r, node,
                                        IN_READING(r, "id '%s' has a meaning of its own in protocols; choose another",
                                                   "id '%s' betekent in protocollen al iets anders; kies een ander woord"),
                                        id);
                        return NULL;
                }
        }
        return id;
}

static bool organisation_read_kind(struct reading *r, const struct yaml_node *node, enum organisation_kind *ret) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[LANGUAGE_CHOICE_MAX];

        if (!reading_scalar(r, node, "kind"))
                return false;
        if (organisation_kind_of(node->text, ret))
                return true;
        for (unsigned k = 0; k < KINDS; k++)
                nearest_try(&nearest, organisation_kind_names[k]);
        reading_mistake(r, node, IN_READING(r, "no kind of organisation is called '%.80s'%s", "geen soort organisatie heet '%.80s'%s"),
                        node->text, reading_choice(r, &nearest, hint));
        return false;
}

static void organisation_read_validity(struct reading *r, const struct yaml_node *node, struct organisation *org) {
        const struct yaml_node *from = yaml_get(node, "from"), *until = yaml_get(node, "until");

        org->from = INT32_MIN;
        org->until = INT32_MAX;
        if (from)
                (void) reading_date(r, from, "from", &org->from); /* reported */
        if (until)
                (void) reading_date(r, until, "until", &org->until); /* reported */
        if (from && until && org->until < org->from)
                reading_mistake(r, until, IN_READING(r, "until lies before from", "until ligt voor from"));
}

/* Whether @c may stand in a URI as it is: RFC 3986, pchar and what separates. */
static bool urn_takes(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~!$&'()*+,;=:@/?#", c));
}

static bool urn_is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether it has the form of RFC 8141: urn:<namespace>:<name>, of characters that a URI has. */
static bool urn_valid(const char *urn) {
        const char *colon = strncmp(urn, "urn:", 4) == 0 ? strchr(urn + 4, ':') : NULL;
        size_t n = colon ? (size_t)(colon - urn) - 4 : 0;

        if (n < 2 || n > URN_NAMESPACE_MAX || strspn(urn + 4, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != n || !colon[1])
                return false;
        for (const char *c = colon + 1; *c; c++) {
                if (*c == '%' && urn_is_hex(c[1]) && urn_is_hex(c[2]))
                        c += 2;
                else if (!urn_takes(*c))
                        return false;
        }
        return true;
}

/* The source of who is called so, in CloudEvents: a URI-reference there. NULL: reported. */
static const char *organisation_read_urn(struct reading *r, const struct yaml_node *node) {
        const char *urn = reading_text(r, node, "urn");

        if (urn && (!urn_valid(urn) || strlen(urn) > ORGANISATION_URN_MAX)) {
                reading_mistake(r, node,
                                IN_READING(r, "urn must be urn:<namespace>:<name> of at most %d characters, all of which may stand in a URI, such as "
                                              "urn:nld:oin:00000099000000000014:systeem:ketenwacht",
                                           "urn moet urn:<naamruimte>:<naam> zijn, van ten hoogste %d tekens die in een URI mogen staan, zoals "
                                           "urn:nld:oin:00000099000000000014:systeem:ketenwacht"),
                                ORGANISATION_URN_MAX);
                return NULL;
        }
        return urn;
}

/* Text of a scalar, kept; NULL: there is none. What is wrong with it contacts_check() tells. */
static const char *organisation_contact_text(struct reading *r, const struct yaml_node *node) {
        return node && node->text[0] ? arena_copy(r->arena, node->text, strlen(node->text)) : NULL;
}

static const char *organisation_contact_for(struct reading *r, const struct yaml_node *node) {
        const char *text = NULL;

        for (size_t i = 0; node && i < reading_items(node); i++)
                text = arena_printf(r->arena, "%s%s%s", text ? text : "", text ? ", " : "", reading_item(node, i)->text);
        return text;
}

/* A day that is missing, or no date, is that of the row: contacts_check() tells it. */
static day_t organisation_contact_day(const struct yaml_node *node, day_t otherwise) {
        day_t day;

        return node && date_parse(text_of(node->text), &day) ? day : otherwise;
}
static void organisation_read_contacts(struct reading *r, const struct yaml_node *node, struct organisation *org) {
        const struct yaml_node *contacts = yaml_get(node, "contacts");
        size_t n = contacts ? reading_items(contacts) : 0;
        struct organisation_contact *items = n ? reading_alloc(r, n, sizeof(*items)) : NULL;

        for (size_t i = 0; items && i < n; i++) {
                const struct yaml_node *item = reading_item(contacts, i);
                struct organisation_contact contact = {.function = organisation_contact_text(r, yaml_get(item, "function")),
                                                       .mailbox = organisation_contact_text(r, yaml_get(item, "mailbox")),
                                                       .deputy = organisation_contact_text(r, yaml_get(item, "deputy")),
                                                       .for_whom = organisation_contact_for(r, yaml_get(item, "for")),
                                                       .from = organisation_contact_day(yaml_get(item, "from"), org->from),
                                                       .until = organisation_contact_day(yaml_get(item, "until"), org->until)};

                if (contact.function && contact.mailbox)
                        items[org->n_contacts++] = contact;
        }
        org->contacts = items;
}

static int organisation_read_row(struct organisations_drafts *d, const struct yaml_node *node) {
        static const char *const keys[] = {"id", "kind", "name", "region", "roles", "from", "until", "successor", "urn", "contacts", "delivery", NULL};
        struct reading *r = &d->r;
        const struct yaml_node *id, *kind, *name, *urn;
        struct organisation *org;

        if (!reading_mapping(r, node, IN_READING(r, "an organisation", "een organisatie")))
                return 0;
        reading_keys(r, node, keys, IN_READING(r, "an organisation", "een organisatie"));
        organisation_check_others(r, node);
        id = reading_required(r, node, "id", IN_READING(r, "an organisation", "een organisatie"));
        kind = reading_required(r, node, "kind", IN_READING(r, "an organisation", "een organisatie"));
        org = reading_alloc(r, 1, sizeof(*org));
        if (!org)
                return r->e;
        org->id = id ? organisation_read_id(r, id) : NULL;
        org->kind = KIND_OTHER;
        if (kind)
                (void) organisation_read_kind(r, kind, &org->kind); /* reported */
        organisation_read_validity(r, node, org);
        organisation_read_contacts(r, node, org);
        if (!org->id)
                return r->e;
        name = yaml_get(node, "name");
        org->name = name ? reading_text(r, name, "name") : org->id;
        urn = yaml_get(node, "urn");
        org->urn = urn ? organisation_read_urn(r, urn) : arena_printf(r->arena, ORGANISATION_URN "%s", org->id);
        if (!org->name)
                org->name = org->id;
        if (!org->urn)
                org->urn = org->id;
        return vector_push(&d->rows, (struct organisation_draft){org, node});
}

static int region_read(struct organisations_drafts *d, const struct yaml_node *node) {
        static const char *const keys[] = {"id", "name", "part_of", "roles", "contacts", "alive", NULL};
        struct reading *r = &d->r;
        const struct yaml_node *id, *name, *alive;
        char text[REGION_NAME_MAX];
        struct region *region;
        int e;

        if (!reading_mapping(r, node, IN_READING(r, "a region", "een regio")))
                return 0;
        reading_keys(r, node, keys, IN_READING(r, "a region", "een regio"));
        organisation_check_others(r, node);
        id = reading_required(r, node, "id", IN_READING(r, "a region", "een regio"));
        region = reading_alloc(r, 1, sizeof(*region));
        if (!region || !id)
                return r->e;
        region->id = reading_name(r, id, "id");
        if (!region->id)
                return r->e;
        if (strcmp(region->id, "any") == 0)
                reading_mistake(r, id,
                                IN_READING(r, "id 'any' means every region in protocols; choose another",
                                           "id 'any' betekent in protocollen iedere regio; kies een ander woord"));
        if (table_get(&d->orgs->by_region, region->id, strlen(region->id))) {
                reading_mistake(r, id, IN_READING(r, "region '%s' stands here twice", "regio '%s' staat hier twee keer"), region->id);
                return 0;
        }
        name = yaml_get(node, "name");
        region->name = name ? reading_text(r, name, "name") : region->id;
        if (!region->name)
                region->name = region->id;
        alive = yaml_get(node, "alive");
        region->alive_said = alive && reading_flag(r, alive, "alive", &region->alive);
        region->case_id = uuid_v5(&uuid_namespace_ketenwacht, text, (size_t)snprintf(text, sizeof(text), "region|%s", region->id));
        region->index = (unsigned)d->orgs->regions.n;
        e = table_put(&d->orgs->by_region, region->id, strlen(region->id), region);
        if (e)
                return e;
        e = table_put(&d->orgs->by_case, region->case_id.bytes, sizeof(region->case_id.bytes), region);
        if (e)
                return e;
        return vector_push(&d->orgs->regions, region) ?: vector_push(&d->regions, (struct region_draft){region, node});
}

/* Puts a row among the rows of its id, by from; all must be of one kind and urn, and not overlap. */
static int organisation_join_rows(struct organisations_drafts *d, const struct organisation_draft *draft) {
        struct organisations *orgs = d->orgs;
        struct organisation *org = draft->org, *first = table_get(&orgs->by_id, org->id, strlen(org->id)), **at;

        if (!first) {
                org->index = (unsigned)orgs->all.n;
                if (org->kind == KIND_OPERATORS && !orgs->operators)
                        orgs->operators = org;
                return vector_push(&orgs->all, org) ?: table_put(&orgs->by_id, org->id, strlen(org->id), org);
        }
        org->index = first->index;
        if (org->kind != first->kind)
                reading_mistake(&d->r, draft->node, IN_READING(&d->r, "'%s' is of kind %s in another row", "'%s' is in een andere rij van de soort %s"),
                                org->id, organisation_kind_names[first->kind]);
        if (strcmp(org->urn, first->urn) != 0)
                reading_mistake(&d->r, draft->node, IN_READING(&d->r, "'%s' has another urn in another row", "'%s' heeft in een andere rij een andere urn"),
                                org->id);
        for (at = &orgs->all.items[org->index]; *at && (*at)->from < org->from; at = (struct organisation **)&(*at)->next) {
                if ((*at)->until >= org->from)
                        reading_mistake(&d->r, draft->node,
                                        IN_READING(&d->r, "'%s' has two rows that are valid on the same day; give each its own from and until",
                                                   "'%s' heeft twee rijen die op dezelfde dag gelden; geef iedere rij haar eigen from en until"),
                                        org->id);
        }
        if (*at && (*at)->from <= org->until)
                reading_mistake(&d->r, draft->node,
                                IN_READING(&d->r, "'%s' has two rows that are valid on the same day; give each its own from and until",
                                           "'%s' heeft twee rijen die op dezelfde dag gelden; geef iedere rij haar eigen from en until"),
                                org->id);
        org->next = *at;
        *at = org;
        return table_put(&orgs->by_id, org->id, strlen(org->id), orgs->all.items[org->index]);
}

static const struct organisation *organisation_resolve(struct organisations_drafts *d, const struct yaml_node *node, const char *what) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        const struct organisation *org;

        if (!reading_scalar(&d->r, node, what))
                return NULL;
        org = organisations_find(d->orgs, text_of(node->text));
        if (org)
                return org;
        organisations_nearest(d->orgs, &nearest);
        reading_mistake(&d->r, node, IN_READING(&d->r, "%s: no organisation '%.80s'%s", "%s: er is geen organisatie '%.80s'%s"),
                        what, node->text, reading_hint(&d->r, &nearest, hint));
        return NULL;
}

static const struct region *region_resolve(struct organisations_drafts *d, const struct yaml_node *node, const char *what) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[LANGUAGE_CHOICE_MAX];
        const struct region *region;

        if (!reading_scalar(&d->r, node, what))
                return NULL;
        region = regions_find(d->orgs, text_of(node->text));
        if (region)
                return region;
        regions_nearest(d->orgs, &nearest);
        reading_mistake(&d->r, node, IN_READING(&d->r, "%s: no region '%.80s'%s", "%s: er is geen regio '%.80s'%s"),
                        what, node->text, reading_choice(&d->r, &nearest, hint));
        return NULL;
}

/* A role that resolves before the mapping is looked at would never be found in it. */
static void role_check_word(struct organisations_drafts *d, const struct yaml_node *key, const struct role_entry *entry, bool of_region) {
        static const char *const built_in[] = {"gis", "municipality", "previous-municipality", "operators", "partner", "part"};
        const struct organisation *same = organisations_find(d->orgs, text_of(entry->role));

        for (size_t i = 0; i < ELEMENTS(built_in); i++) {
                if (strcmp(entry->role, built_in[i]) == 0) {
                        reading_mistake(&d->r, key,
                                        IN_READING(&d->r, "role '%s' is built in and cannot be given to anybody",
                                                   "de rol '%s' ligt vast en kan aan niemand worden gegeven"),
                                        entry->role);
                        return;
                }
        }
        if (!of_region && strcmp(entry->role, "gi") == 0)
                reading_mistake(&d->r, key,
                                IN_READING(&d->r, "role 'gi' is built in; only a region lists its GIs",
                                           "de rol 'gi' ligt vast; alleen een regio somt haar GI's op"));
        if (same && !(entry->n == 1 && entry->organisations[0] == same))
                reading_mistake(&d->r, key,
                                IN_READING(&d->r, "role '%s' is the id of an organisation, which stands for itself",
                                           "de rol '%s' is de id van een organisatie, en die staat voor zichzelf"),
                                entry->role);
}

static int organisation_read_roles(struct organisations_drafts *d, const struct yaml_node *node, bool of_region, const struct role_entry **ret, size_t *ret_n) {
        struct reading *r = &d->r;
        struct role_entry *entries;
        size_t n = 0;

        if (!node || !reading_mapping(r, node, "roles"))
                return 0;
        entries = reading_alloc(r, node->n, sizeof(*entries));
        if (!entries)
                return r->e;
        for (size_t i = 0; i < node->n; i++) {
                struct role_entry *entry = &entries[n];
                const struct yaml_node *to = node->items[i];

                entry->role = reading_name(r, node->keys[i], "role");
                if (!entry->role)
                        continue;
                if (to->kind == YAML_SEQUENCE && to->n == 0)
                        reading_mistake(r, to, IN_READING(r, "role '%s' is given to nobody", "de rol '%s' is aan niemand gegeven"), entry->role);
                entry->organisations = reading_alloc(r, reading_items(to), sizeof(*entry->organisations));
                for (size_t j = 0; r->e == 0 && j < reading_items(to); j++) {
                        const struct organisation *org = organisation_resolve(d, reading_item(to, j), entry->role);

                        for (size_t k = 0; org && k < entry->n; k++) {
                                if (entry->organisations[k] == org)
                                        reading_mistake(r, reading_item(to, j), IN_READING(r, "role '%s' names '%s' twice", "de rol '%s' noemt '%s' twee keer"),
                                                        entry->role, org->id);
                        }
                        if (org)
                                entry->organisations[entry->n++] = org;
                }
                if (r->e)
                        return r->e;
                role_check_word(d, node->keys[i], entry, of_region);
                n++;
        }
        *ret = entries;
        *ret_n = n;
        return 0;
}

static void organisation_read_successor(struct organisations_drafts *d, const struct organisation_draft *draft) {
        const struct yaml_node *node = yaml_get(draft->node, "successor");
        struct organisation *org = draft->org;

        if (!node)
                return;
        org->successor = organisation_resolve(d, node, "successor");
        if (org->until == INT32_MAX)
                reading_mistake(&d->r, node, IN_READING(&d->r, "successor without until: '%s' never ends", "successor zonder until: '%s' houdt nooit op"),
                                org->id);
        if (org->next)
                reading_mistake(&d->r, node,
                                IN_READING(&d->r, "only the last row of '%s' may have a successor",
                                           "alleen de laatste rij van '%s' mag een opvolger (successor) hebben"),
                                org->id);
        if (org->successor && org->kind == KIND_MUNICIPALITY && org->successor->kind != KIND_MUNICIPALITY)
                reading_mistake(&d->r, node,
                                IN_READING(&d->r, "the successor of a municipality must be a municipality; '%s' is of kind %s",
                                           "een gemeente wordt opgevolgd door een gemeente; '%s' is van de soort %s"),
                                org->successor->id, organisation_kind_names[org->successor->kind]);
}

static int organisations_resolve(struct organisations_drafts *d) {
        for (size_t i = 0; i < d->rows.n; i++) {
                struct organisation_draft *draft = &d->rows.items[i];
                const struct yaml_node *region = yaml_get(draft->node, "region");
                int e;

                if (region)
                        draft->org->region = region_resolve(d, region, "region");
                organisation_read_successor(d, draft);
                e = organisation_read_roles(d, yaml_get(draft->node, "roles"), false, &draft->org->roles, &draft->org->n_roles);
                if (e)
                        return e;
        }
        for (size_t i = 0; i < d->regions.n; i++) {
                struct region_draft *draft = &d->regions.items[i];
                const struct yaml_node *part_of = yaml_get(draft->node, "part_of");
                int e;

                if (part_of)
                        draft->region->part_of = region_resolve(d, part_of, "part_of");
                e = organisation_read_roles(d, yaml_get(draft->node, "roles"), true, &draft->region->roles, &draft->region->n_roles);
                if (e)
                        return e;
        }
        return 0;
}

/* Circles, and chains longer than anybody would follow. Whatever is in a circle is cut loose, so that what comes after ends. */
static void organisations_check_chains(struct organisations_drafts *d) {
        for (size_t i = 0; i < d->regions.n; i++) {
                struct region *region = d->regions.items[i].region;
                const struct region *up = region->part_of;
                size_t steps = 0;

                while (up && up != region && steps++ <= d->regions.n)
                        up = up->part_of;
                if (up) {
                        reading_mistake(&d->r, yaml_get(d->regions.items[i].node, "part_of"),
                                        IN_READING(&d->r, "region '%s' is part of itself", "regio '%s' is een deel van zichzelf"),
                                        region->id);
                        region->part_of = NULL;
                }
        }
        for (size_t i = 0; i < d->rows.n; i++) {
                struct organisation *org = d->rows.items[i].org;
                const struct organisation *next = org->successor;
                unsigned steps = 0;

                while (next && next->index != org->index && steps++ < SUCCESSORS_MAX) {
                        while (next->next)
                                next = next->next;
                        next = next->successor;
                }
                if (next && next->index == org->index)
                        reading_mistake(&d->r, yaml_get(d->rows.items[i].node, "successor"),
                                        IN_READING(&d->r, "'%s' succeeds itself", "'%s' volgt zichzelf op"),
                                        org->id);
                else if (next)
                        reading_mistake(&d->r, yaml_get(d->rows.items[i].node, "successor"),
                                        IN_READING(&d->r, "more than %d mergers follow '%s'", "meer dan %d samenvoegingen volgen op '%s'"),
                                        SUCCESSORS_MAX, org->id);
                if (next)
                        org->successor = NULL;
        }
}

static int organisation_changes_order(const void *a, const void *b) {
        day_t x = *(const day_t *)a, y = *(const day_t *)b;

        return (x > y) - (x < y);
}

static int organisations_collect_changes(struct organisations_drafts *d) {
        struct organisations *orgs = d->orgs;
        size_t n = 0;

        for (size_t i = 0; i < d->rows.n; i++) {
                const struct organisation *org = d->rows.items[i].org;

                if (org->from != INT32_MIN && vector_push(&orgs->changes, org->from))
                        return -ENOMEM;
                if (org->until != INT32_MAX && vector_push(&orgs->changes, org->until + 1))
                        return -ENOMEM;
        }
        if (orgs->changes.n > 0)
                qsort(orgs->changes.items, orgs->changes.n, sizeof(day_t), organisation_changes_order);
        for (size_t i = 0; i < orgs->changes.n; i++) {
                if (n == 0 || orgs->changes.items[n - 1] != orgs->changes.items[i])
                        orgs->changes.items[n++] = orgs->changes.items[i];
        }
        orgs->changes.n = n;
        return 0;
}

static void organisations_check_operators(struct organisations_drafts *d, const struct yaml_node *root) {
        const struct organisation *operators = d->orgs->operators;

        if (!operators)
                reading_mistake(&d->r, root,
                                IN_READING(&d->r, "no organisation of kind operators: what concerns nobody else must go to somebody",
                                           "er is geen organisatie van de soort operators (de beheerder): wat niemand anders aangaat, moet ergens heen"));
        else if (operators->next || operators->from != INT32_MIN || operators->until != INT32_MAX)
                reading_mistake(&d->r, root,
                                IN_READING(&d->r, "'%s' is where everything goes that concerns nobody else: it cannot have from or until",
                                           "bij '%s' komt alles terecht wat niemand anders aangaat: hier kan geen from of until staan"),
                                operators->id);
}

/* What ketenwacht says of itself. @node: NULL when it says nothing. */
static void organisations_read_broker(struct organisations_drafts *d, const struct yaml_node *node) {
        static const char *const keys[] = {"urn", NULL};
        const struct yaml_node *urn;

        if (!node || !reading_mapping(&d->r, node, ORGANISATION_BROKER))
                return;
        reading_keys(&d->r, node, keys, ORGANISATION_BROKER);
        urn = reading_required(&d->r, node, "urn", ORGANISATION_BROKER);
        if (urn)
                d->orgs->broker_urn = organisation_read_urn(&d->r, urn);
}

static int organisations_read_root(struct organisations_drafts *d, const struct yaml_node *root) {
        static const char *const keys[] = {"organisations", "regions", ORGANISATION_BROKER, NULL};
        const struct yaml_node *rows, *regions;
        int e = 0;

        if (!reading_mapping(&d->r, root, IN_READING(&d->r, "the file", "het bestand")))
                return 0;
        reading_keys(&d->r, root, keys, IN_READING(&d->r, "the file", "het bestand"));
        rows = reading_required(&d->r, root, "organisations", IN_READING(&d->r, "the file", "het bestand"));
        regions = yaml_get(root, "regions");
        organisations_read_broker(d, yaml_get(root, ORGANISATION_BROKER));
        if (rows && reading_sequence(&d->r, rows, "organisations")) {
                if (rows->n > ORGANISATIONS_MAX) {
                        reading_mistake(&d->r, rows, IN_READING(&d->r, "more than %d organisations", "meer dan %d organisaties"), ORGANISATIONS_MAX);
                        return 0;
                }
                for (size_t i = 0; e == 0 && i < rows->n; i++)
                        e = organisation_read_row(d, rows->items[i]);
        }
        if (regions && !reading_is_null(regions) && reading_sequence(&d->r, regions, "regions")) {
                for (size_t i = 0; e == 0 && i < regions->n; i++)
                        e = region_read(d, regions->items[i]);
        }
        for (size_t i = 0; e == 0 && i < d->rows.n; i++)
                e = organisation_join_rows(d, &d->rows.items[i]);
        if (e == 0)
                e = organisations_resolve(d);
        if (e)
                return e;
        organisations_check_chains(d);
        if (rows)
                organisations_check_operators(d, root);
        return organisations_collect_changes(d);
}

int organisations_read(const char *path, struct organisations **ret, struct mistakes *mistakes) {
        CLEANUP(organisations_free_p) struct organisations *orgs = NULL;
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct organisations_drafts d = {0};
        struct error err = {0};
        size_t before = mistakes->n;
        int e;

        *ret = NULL;
        e = yaml_tree_read(path, mistakes->language, &yaml, &err);
        if (e) {
                mistakes_error(mistakes, &err);
                return e == -ENOENT ? -EINVAL : e;
        }
        orgs = calloc(1, sizeof(*orgs));
        if (!orgs)
                return -ENOMEM;
        e = arena_new(&orgs->arena, ORGANISATIONS_ARENA_MAX);
        if (e)
                return e;
        d.orgs = orgs;
        d.r = (struct reading){.yaml = yaml, .mistakes = mistakes, .arena = orgs->arena};
        e = organisations_read_root(&d, yaml_tree_root(yaml));
        vector_done(&d.rows);
        vector_done(&d.regions);
        if (e || d.r.e)
                return e ? e : d.r.e;
        if (mistakes->n == before || orgs->operators)
                *ret = TAKE(orgs);
        return mistakes->n == before ? 0 : -EINVAL;
}

void organisations_print(const struct organisations *orgs, struct text id, struct buffer *out) {
        const struct organisation *org = organisations_find(orgs, id);

        if (org)
                buffer_printf(out, "%s (%s)", org->name, org->id);
        else
                buffer_add(out, id.s, id.n);
}
