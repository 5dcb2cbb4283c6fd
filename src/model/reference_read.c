/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What a norm or a route names: events ("measure-started.verdict_date"), conditions (`kind: [OTS, VOTS]`) and roles
 */

#include "model/reference_read.h"

#include <assert.h>
#include <stdio.h>

#include "base/name.h"

#define ROLES_MAX 64 /* in one list */
#define WORD_MAX 96
#define KEYS_MAX 32 /* of one mapping */

/* A piece of a node's text with a NUL behind it, for the search of the nearest word; cut off when it is longer than any word. */
static const char *reference_word(struct text t, char ret[WORD_MAX]) {
        (void) snprintf(ret, WORD_MAX, "%.*s", (int)(t.n < WORD_MAX ? t.n : WORD_MAX - 1), t.s ? t.s : "");
        return ret;
}

void reference_keys(struct norm_reading *c, const struct yaml_node *node, enum key_mapping mapping) {
        const char *words[KEYS_MAX + 1] = {NULL};
        size_t n = 0;

        for (size_t i = 0; i < n_protocol_keys; i++) {
                if (protocol_keys[i].mapping != mapping)
                        continue;
                assert(n < KEYS_MAX);
                words[n++] = protocol_keys[i].word;
        }
        reading_keys(&c->r, node, words, key_mapping_names[mapping][c->r.mistakes->language]);
}

/* An event type that may be named, by a node or a part of one; NULL: reported. */
static const struct event_type *reference_type(struct norm_reading *c, const struct yaml_node *node, struct text name) {
        const struct event_type *type = event_types_find(c->types, name);
        char word[WORD_MAX], hint[NEAREST_HINT_MAX];

        if (type && type->output) {
                mistake_at(c, node,
                           IN_READING(&c->r, "%s is what the broker tells; a protocol names only what organisations publish",
                                      "%s is wat ketenwacht zelf vertelt; een protocol noemt alleen wat organisaties melden"),
                           type->name);
                return NULL;
        }
        if (!type) {
                struct nearest nearest = NEAREST_INIT(reference_word(name, word));

                event_types_nearest(c->types, &nearest);
                mistake_at(c, node, IN_READING(&c->r, "no event is called '%s'%s", "geen gebeurtenis heet '%s'%s"), word, reading_hint(&c->r, &nearest, hint));
        }
        return type;
}

int reference_field(struct norm_reading *c, const struct yaml_node *node, const struct event_type *type, struct text name) {
        char word[WORD_MAX], hint[NEAREST_HINT_MAX];
        int slot = layout_slot(type->layout, reference_word(name, word));

        if (slot < 0) {
                struct nearest nearest = NEAREST_INIT(word);

                for (size_t i = 0; i < type->layout->n; i++)
                        nearest_try(&nearest, type->layout->fields[i].name);
                mistake_at(c, node, IN_READING(&c->r, "%s has no field '%s'%s", "%s heeft geen veld '%s'%s"),
                           type->name, word, reading_hint(&c->r, &nearest, hint));
        }
        return slot;
}

/* What is referred to must be able to join an obligation of the norm. */
static void reference_joins(struct norm_reading *c, const struct yaml_node *node, const struct event_type *type) {
        bool by_name = type->known == TYPE_DEVIATION_EXPLAINED || type->known == TYPE_TERM_AGREED;
        enum known_field field = type->known == TYPE_PROTOCOL_ADOPTED ? FIELD_PARTNER : FIELD_ORGANISATION;

        if (c->start && !c->start->region && type->region)
                mistake_at(c, node,
                           IN_READING(&c->r, "%s is an event of a region and never joins a norm that starts from %s",
                                      "%s is een gebeurtenis van een regio en hoort nooit bij een norm die begint met %s"),
                           type->name, c->start->name);
        if (c->each != EACH_NONE && !by_name && type->fields[field] < 0)
                mistake_at(c, node,
                           IN_READING(&c->r, "%s has no field organisation, so it never joins a norm for each %s",
                                      "%s heeft geen veld organisation, dus het hoort nooit bij een norm met for_each: %s"),
                           type->name, each_words[c->each]);
        c->referred++;
}

static void reference_nearest_date(const struct event_type *type, struct nearest *nearest) {
        for (size_t i = 0; i < type->layout->n; i++) {
                if (event_type_is_date(type, (int)i))
                        nearest_try(nearest, type->layout->fields[i].name);
        }
}

static bool reference_name(struct norm_reading *c, const struct yaml_node *node, struct event_ref *ret) {
        const char *text = node->text, *dot = strchr(text, '.');
        struct text name = {text, dot ? (size_t)(dot - text) : strlen(text)};

        *ret = (struct event_ref){.date = -1};
        ret->type = reference_type(c, node, name);
        if (!ret->type)
                return false;
        if (!dot)
                return true;
        ret->date = reference_field(c, node, ret->type, text_of(dot + 1));
        if (ret->date >= 0 && !event_type_is_date(ret->type, ret->date)) {
                struct nearest nearest = NEAREST_INIT(dot + 1);
                char hint[NEAREST_HINT_MAX];

                reference_nearest_date(ret->type, &nearest);
                mistake_at(c, node, IN_READING(&c->r, "%s of %s is not a date%s", "%s van %s is geen datum%s"),
                           dot + 1, ret->type->name, reading_hint(&c->r, &nearest, hint));
                ret->date = -1;
                return false;
        }
        return ret->date >= 0;
}

bool reference_event(struct norm_reading *c, const struct yaml_node *node, const char *what, struct event_ref *ret) {
        *ret = (struct event_ref){.date = -1};
        if (!reading_scalar(&c->r, node, what) || !reference_name(c, node, ret))
                return false;
        reference_joins(c, node, ret->type);
        return true;
}

/* -- Conditions -- */

static bool condition_is_word(const struct yaml_node *node, const char *word) {
        return node->kind == YAML_SCALAR && !node->quoted && strcmp(node->text, word) == 0;
}

static bool value_read_symbol(struct norm_reading *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[LANGUAGE_CHOICE_MAX];
        int symbol = layout_symbol(field, text_of(node->text));

        *ret = (struct slot){.kind = SLOT_INT, .i = symbol};
        if (symbol >= 0)
                return true;
        for (size_t i = 0; i < field->n_symbols; i++)
                nearest_try(&nearest, field->symbols[i]);
        mistake_at(c, node, IN_READING(&c->r, "'%.80s' is no value of %s%s", "'%.80s' is geen waarde van %s%s"),
                   node->text, field->name, reading_choice(&c->r, &nearest, hint));
        return false;
}

static bool value_read_organisation(struct norm_reading *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        const struct organisation *org = organisations_find(c->orgs, text_of(node->text));
        enum organisation_kind kind;

        if (org) {
                *ret = (struct slot){.kind = SLOT_STRING, .s = text_of(org->id)};
                return true;
        }
        if (organisation_kind_of(node->text, &kind)) {
                mistake_at(c, node,
                           IN_READING(&c->r, "'%s' is a kind of organisation; %s names one organisation by its id",
                                      "'%s' is een soort organisatie; %s noemt één organisatie met haar id"),
                           node->text, field->name);
                return false;
        }
        organisations_nearest(c->orgs, &nearest);
        mistake_at(c, node, IN_READING(&c->r, "%s: no organisation '%.80s'%s", "%s: er is geen organisatie '%.80s'%s"),
                   field->name, node->text, reading_hint(&c->r, &nearest, hint));
        return false;
}

static bool value_read_text(struct norm_reading *c, const struct yaml_node *node, struct slot *ret) {
        const char *text = reading_name(&c->r, node, IN_READING(&c->r, "the value", "de waarde"));

        *ret = (struct slot){.kind = SLOT_STRING, .s = text_of(text)};
        return text != NULL;
}

static bool value_read_number(struct norm_reading *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
        bool whole = field->type == LAYOUT_INT || field->type == LAYOUT_LONG;

        *ret = (struct slot){.kind = whole ? SLOT_INT : SLOT_DOUBLE};
        if (!node->quoted && (whole ? text_to_int64(text_of(node->text), &ret->i) : text_to_double(text_of(node->text), &ret->d)))
                return true;
        mistake_at(c, node, IN_READING(&c->r, "%s is a number, and '%.80s' is none", "%s is een getal, en '%.80s' niet"), field->name, node->text);
        return false;
}

static bool value_read_other(struct norm_reading *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
        struct text text = text_of(node->text);
        day_t day = 0;
        instant_t at = 0;
        bool ok;

        switch (field->type) {
        case LAYOUT_DATE:
                ok = date_parse(text, &day);
                *ret = (struct slot){.kind = SLOT_INT, .i = day};
                break;
        case LAYOUT_TIMESTAMP:
                ok = instant_parse(text, &at);
                *ret = (struct slot){.kind = SLOT_INT, .i = at};
                break;
        default:
                *ret = (struct slot){.kind = SLOT_UUID};
                ok = uuid_parse(text.s, text.n, &ret->u);
                break;
        }
        if (!ok)
                mistake_at(c, node, IN_READING(&c->r, "%s is a %s, and '%.80s' is none", "%s is van het type %s, en '%.80s' niet"),
                           field->name, layout_type_word(field->type), node->text);
        return ok;
}

static bool value_read(struct norm_reading *c, const struct yaml_node *node, const struct event_type *type, int slot, struct slot *ret) {
        const struct layout_field *field = &type->layout->fields[slot];
        bool flag;

        if (!reading_scalar(&c->r, node, IN_READING(&c->r, "a value", "een waarde")))
                return false;
        if (reading_is_null(node)) {
                mistake_at(c, node, IN_READING(&c->r, "null equals nothing; write %s: absent", "null is aan niets gelijk; schrijf %s: absent"), field->name);
                return false;
        }
        if (condition_is_word(node, "present") || condition_is_word(node, "absent")) {
                mistake_at(c, node, IN_READING(&c->r, "'%s' stands alone, not among values", "'%s' staat alleen, niet tussen waarden"), node->text);
                return false;
        }
        switch (field->type) {
        case LAYOUT_BOOLEAN:
                if (!reading_flag(&c->r, node, field->name, &flag))
                        return false;
                *ret = (struct slot){.kind = SLOT_BOOLEAN, .i = flag};
                return true;
        case LAYOUT_ENUM:
                return value_read_symbol(c, node, field, ret);
        case LAYOUT_STRING:
                return event_type_is_organisation(type, slot) ? value_read_organisation(c, node, field, ret) : value_read_text(c, node, ret);
        case LAYOUT_INT:
        case LAYOUT_LONG:
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return value_read_number(c, node, field, ret);
        default:
                return value_read_other(c, node, field, ret);
        }
}

static void condition_read_values(struct norm_reading *c, const struct yaml_node *node, const struct event_type *type, struct condition *ret) {
        size_t n = reading_items(node);
        struct slot *values;

        if (n == 0 || n > CONDITION_VALUES_MAX) {
                mistake_at(c, node, IN_READING(&c->r, "a list of values has 1 to %d of them", "een lijst van waarden heeft er 1 tot en met %d"),
                           CONDITION_VALUES_MAX);
                return;
        }
        values = reading_alloc(&c->r, n, sizeof(*values));
        if (!values)
                return;
        ret->values = values;
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *item = reading_item(node, i);
                struct slot *value = &values[ret->n_values];

                if (!value_read(c, item, type, ret->slot, value))
                        continue;
                for (size_t j = 0; j < ret->n_values; j++) {
                        if (slot_equal(&values[j], value))
                                mistake_at(c, item, IN_READING(&c->r, "'%.80s' stands here twice", "'%.80s' staat hier twee keer"), item->text);
                }
                ret->n_values++;
        }
}

/* What must hold of a field. */
static void condition_read_test(struct norm_reading *c, const struct yaml_node *node, const struct event_type *type, struct condition *ret) {
        const struct layout_field *field = &type->layout->fields[ret->slot];

        if (condition_is_word(node, "present") || condition_is_word(node, "absent")) {
                ret->test = node->text[0] == 'p' ? TEST_PRESENT : TEST_ABSENT;
                if (!field->nullable)
                        mistake_at(c, node, IN_READING(&c->r, "%s of %s is never absent", "%s van %s is nooit leeg"), field->name, type->name);
                return;
        }
        ret->test = TEST_IS;
        if (node->kind == YAML_MAPPING) {
                if (node->n != 1 || strcmp(node->keys[0]->text, "not") != 0) {
                        mistake_at(c, node,
                                   IN_READING(&c->r, "a condition is a value, a list of values, {not: …}, present or absent",
                                              "een voorwaarde is een waarde, een lijst van waarden, {not: …}, present of absent"));
                        return;
                }
                ret->test = TEST_NOT;
                node = node->items[0];
        }
        condition_read_values(c, node, type, ret);
}

static void condition_unknown_key(struct norm_reading *c, const struct yaml_node *key, const struct event_type *self, bool others) {
        struct nearest nearest = NEAREST_INIT(key->text);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; self && i < self->layout->n; i++)
                nearest_try(&nearest, self->layout->fields[i].name);
        if (others)
                event_types_nearest(c->types, &nearest);
        if (self && others)
                mistake_at(c, key,
                           IN_READING(&c->r, "'%.80s' is neither a field of %s nor an event%s", "'%.80s' is geen veld van %s en ook geen gebeurtenis%s"),
                           key->text, self->name, reading_hint(&c->r, &nearest, hint));
        else if (self)
                mistake_at(c, key, IN_READING(&c->r, "%s has no field '%.80s'%s", "%s heeft geen veld '%.80s'%s"),
                           self->name, key->text, reading_hint(&c->r, &nearest, hint));
        else
                mistake_at(c, key,
                           IN_READING(&c->r, "'%.80s' is no event, and there is no starting fact whose field it could be%s",
                                      "'%.80s' is geen gebeurtenis, en er begint hier niets waarvan het een veld kan zijn%s"),
                           key->text, reading_hint(&c->r, &nearest, hint));
}

/* Which fact a condition looks at, by its key. */
static bool condition_read_subject(struct norm_reading *c, const struct yaml_node *key, const struct event_type *self, bool others, struct condition *ret) {
        const char *dot = strchr(key->text, '.');

        *ret = (struct condition){.slot = -1};
        if (dot && others) {
                ret->subject = CONDITION_EVENT;
                ret->type = reference_type(c, key, (struct text){key->text, (size_t)(dot - key->text)});
                ret->slot = ret->type ? reference_field(c, key, ret->type, text_of(dot + 1)) : -1;
                if (ret->type)
                        reference_joins(c, key, ret->type);
                return ret->slot >= 0;
        }
        if (dot) {
                mistake_at(c, key,
                           IN_READING(&c->r, "conditions here look at the %s itself: fields without a dot",
                                      "voorwaarden kijken hier naar %s zelf: velden zonder punt"),
                           self ? self->name : IN_READING(&c->r, "fact", "het feit"));
                return false;
        }
        ret->slot = self ? layout_slot(self->layout, key->text) : -1;
        if (ret->slot >= 0) {
                ret->subject = CONDITION_SELF;
                return true;
        }
        ret->subject = CONDITION_FACT;
        ret->type = others ? event_types_find(c->types, text_of(key->text)) : NULL;
        if (ret->type)
                ret->type = reference_type(c, key, text_of(key->text));
        else
                condition_unknown_key(c, key, self, others);
        if (ret->type)
                reference_joins(c, key, ret->type);
        return ret->type != NULL;
}

static void condition_read(struct norm_reading *c, const struct yaml_node *node, const struct event_type *self, struct condition *ret) {
        if (ret->subject != CONDITION_FACT) {
                condition_read_test(c, node, ret->subject == CONDITION_SELF ? self : ret->type, ret);
                return;
        }
        if (condition_is_word(node, "present"))
                ret->test = TEST_PRESENT;
        else if (condition_is_word(node, "absent"))
                ret->test = TEST_ABSENT;
        else
                mistake_at(c, node,
                           IN_READING(&c->r, "%s is an event: it is present or absent; for a field of it write %s.field",
                                      "%s is een gebeurtenis: die is er (present) of niet (absent); schrijf voor een veld ervan %s.veld"),
                           ret->type->name, ret->type->name);
}

void reference_conditions(struct norm_reading *c, const struct yaml_node *node, const struct event_type *self, bool others, struct conditions *ret) {
        struct condition *items;

        *ret = (struct conditions){0};
        if (!node || !reading_mapping(&c->r, node, "conditions"))
                return;
        if (node->n == 0) {
                mistake_at(c, node, IN_READING(&c->r, "no condition stands here; leave it out", "hier staat geen voorwaarde; laat de sleutel weg"));
                return;
        }
        items = reading_alloc(&c->r, node->n, sizeof(*items));
        if (!items)
                return;
        ret->items = items;
        for (size_t i = 0; i < node->n; i++) {
                if (!condition_read_subject(c, node->keys[i], self, others, &items[ret->n]))
                        continue;
                condition_read(c, node->items[i], self, &items[ret->n]);
                ret->n++;
        }
}

/* -- Events with their conditions -- */

/* One item: a word, or one key with conditions under it. */
static bool reference_item(struct norm_reading *c, const struct yaml_node *node, const char *what, struct event_ref *ret) {
        const struct yaml_node *name = node;
        bool named;

        if (node->kind == YAML_SEQUENCE || (node->kind == YAML_MAPPING && node->n != 1)) {
                mistake_at(c, node,
                           IN_READING(&c->r, "%s: each item is one event, bare or with its conditions: {event: {field: value}}",
                                      "%s: ieder onderdeel is één gebeurtenis, los of met haar voorwaarden: {gebeurtenis: {veld: waarde}}"),
                           what);
                return false;
        }
        if (node->kind == YAML_MAPPING)
                name = node->keys[0];
        named = reference_name(c, name, ret);
        if (!ret->type)
                return false;
        reference_joins(c, name, ret->type);
        if (node->kind == YAML_MAPPING)
                reference_conditions(c, node->items[0], ret->type, false, &ret->when);
        return named;
}

void reference_events(struct norm_reading *c, const struct yaml_node *node, const char *what, struct event_refs *ret) {
        struct event_ref *items;

        *ret = (struct event_refs){0};
        if (!node)
                return;
        if (node->kind == YAML_SEQUENCE && node->n == 0) {
                mistake_at(c, node, IN_READING(&c->r, "%s names no event; leave it out", "%s noemt geen gebeurtenis; laat de sleutel weg"), what);
                return;
        }
        items = reading_alloc(&c->r, reading_items(node), sizeof(*items));
        if (!items)
                return;
        ret->items = items;
        for (size_t i = 0; i < reading_items(node); i++) {
                if (reference_item(c, reading_item(node, i), what, &items[ret->n]))
                        ret->n++;
        }
}

/* -- Roles: whom a protocol means, as far as that is known before a case is -- */

static const struct {
        const char *word;
        enum role_kind kind;
} built_in[] = {
        {ROLE_WORD_GI, ROLE_GI}, {ROLE_WORD_GIS, ROLE_GIS}, {"municipality", ROLE_MUNICIPALITY}, {"previous-municipality", ROLE_PREVIOUS_MUNICIPALITY},
        {"operators", ROLE_OPERATORS}, {"local-team", ROLE_NAMED}, {"management", ROLE_NAMED},
};

/* "referral-issued.provider": a field of the fact at hand that names an organisation. */
static bool role_read_field(struct norm_reading *c, const struct yaml_node *node, const char *dot, struct role *ret) {
        const struct event_type *type = reference_type(c, node, (struct text){node->text, (size_t)(dot - node->text)});

        if (!type)
                return false;
        if (!c->start) {
                mistake_at(c, node,
                           IN_READING(&c->r, "there is no starting fact here of which %s could be a field", "hier begint niets waarvan %s een veld kan zijn"),
                           node->text);
                return false;
        }
        if (type != c->start) {
                mistake_at(c, node,
                           IN_READING(&c->r, "only a field of %s can say whom this is for, not one of %s",
                                      "alleen een veld van %s kan zeggen voor wie dit is, niet een veld van %s"),
                           c->start->name, type->name);
                return false;
        }
        ret->slot = reference_field(c, node, type, text_of(dot + 1));
        if (ret->slot < 0)
                return false;
        if (!event_type_is_organisation(type, ret->slot)) {
                mistake_at(c, node, IN_READING(&c->r, "%s of %s does not name an organisation", "%s van %s noemt geen organisatie"), dot + 1, type->name);
                return false;
        }
        ret->kind = ROLE_FIELD;
        ret->type = type;
        c->referred++;
        return true;
}

static bool role_unknown(struct norm_reading *c, const struct yaml_node *node) {
        struct nearest nearest = NEAREST_INIT(node->text), organisation = NEAREST_INIT(node->text); /* all roles are told, organisations are too many */
        char hint[LANGUAGE_CHOICE_MAX];
        enum organisation_kind kind;

        for (size_t i = 0; i < ELEMENTS(built_in); i++)
                nearest_try(&nearest, built_in[i].word);
        organisations_nearest_role(c->orgs, &nearest);
        organisations_nearest(c->orgs, &organisation);
        if (organisation.distance < nearest.distance) {
                nearest.distance = organisation.distance;
                nearest.best = organisation.best;
        }
        if (organisation_kind_of(node->text, &kind))
                mistake_at(c, node,
                           IN_READING(&c->r,
                                      "'%s' is a kind of organisation, and nobody has it as a role: give it in the roles of a region, or name an organisation",
                                      "'%s' is een soort organisatie, en niemand heeft die als rol: geef haar bij roles van een regio, of noem een "
                                      "organisatie"),
                           node->text);
        else if (strcmp(node->text, each_words[EACH_PARTNER]) == 0 || strcmp(node->text, each_words[EACH_PART]) == 0)
                mistake_at(c, node,
                           IN_READING(&c->r, "'%s' is the role of a norm with for_each: %s only", "'%s' is alleen een rol in een norm met for_each: %s"),
                           node->text, node->text);
        else
                mistake_at(c, node, IN_READING(&c->r, "nobody can have the role '%.80s'%s", "niemand kan de rol '%.80s' hebben%s"),
                           node->text, reading_choice(&c->r, &nearest, hint));
        return false;
}

static bool role_read(struct norm_reading *c, const struct yaml_node *node, struct role *ret) {
        const char *dot;

        *ret = (struct role){.slot = -1};
        if (!reading_scalar(&c->r, node, IN_READING(&c->r, "a role", "een rol")))
                return false;
        ret->name = reading_copy(&c->r, node->text);
        ret->organisation = organisations_find(c->orgs, text_of(node->text));
        if (!ret->name)
                return false;
        if (ret->organisation) {
                ret->kind = ROLE_ORGANISATION;
                return true;
        }
        dot = strchr(node->text, '.');
        if (dot)
                return role_read_field(c, node, dot, ret);
        if (c->each != EACH_NONE && strcmp(node->text, each_words[c->each]) == 0) {
                ret->kind = ROLE_EACH;
                return true;
        }
        for (size_t i = 0; i < ELEMENTS(built_in); i++) {
                if (strcmp(node->text, built_in[i].word) != 0)
                        continue;
                ret->kind = built_in[i].kind;
                if (ret->kind != ROLE_GIS || organisations_have_role(c->orgs, ROLE_WORD_GI))
                        return true;
                mistake_at(c, node,
                           IN_READING(&c->r,
                                      "'" ROLE_WORD_GIS "' is every GI of the region, and no region lists its GIs: give it roles: {" ROLE_WORD_GI ": [...]}",
                                      "'" ROLE_WORD_GIS "' is iedere GI van de regio, en geen regio somt haar GI's op: geef haar roles: {" ROLE_WORD_GI
                                      ": [...]}"));
                return false;
        }
        ret->kind = ROLE_NAMED;
        return organisations_have_role(c->orgs, node->text) || role_unknown(c, node);
}

void reference_roles(struct norm_reading *c, const struct yaml_node *node, const char *what, bool may_be_empty, struct roles *ret) {
        struct role *items;
        size_t n;

        *ret = (struct roles){0};
        if (!node)
                return;
        if (node->kind == YAML_MAPPING) {
                (void) reading_sequence(&c->r, node, what); /* reports it */
                return;
        }
        n = reading_items(node);
        if (n > ROLES_MAX || (n == 0 && !may_be_empty)) {
                mistake_at(c, node, IN_READING(&c->r, "%s names 1 to %d roles", "%s noemt 1 tot en met %d rollen"), what, ROLES_MAX);
                return;
        }
        items = reading_alloc(&c->r, n, sizeof(*items));
        if (!items)
                return;
        ret->items = items;
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *item = reading_item(node, i);
                struct role *role = &items[ret->n];

                if (!role_read(c, item, role))
                        continue;
                for (size_t j = 0; j < ret->n; j++) {
                        if (strcmp(items[j].name, role->name) == 0)
                                mistake_at(c, item, IN_READING(&c->r, "'%s' stands here twice", "'%s' staat hier twee keer"), role->name);
                }
                ret->n++;
        }
}
