/* SPDX-License-Identifier: EUPL-1.2 */

/* Roles: whom a protocol means, as far as that is known before a case is. */

#include "model/compile.h"

#define ROLES_MAX 64 /* in one list */

const char *const each_words[EACH_PART + 1] = {
        [EACH_NONE] = "", [EACH_MUNICIPALITY] = "municipality", [EACH_GI] = "gi", [EACH_PARTNER] = "partner", [EACH_PART] = "part",
};

static const struct {
        const char *word;
        enum role_kind kind;
} built_in[] = {
        {"gi", ROLE_GI}, {"municipality", ROLE_MUNICIPALITY}, {"previous-municipality", ROLE_PREVIOUS_MUNICIPALITY}, {"operators", ROLE_OPERATORS},
        {"local-team", ROLE_NAMED}, {"management", ROLE_NAMED},
};

/* "referral-issued.provider": a field of the fact at hand that names an organisation. */
static bool read_field(struct compiling *c, const struct yaml_node *node, const char *dot, struct role *ret) {
        const struct event_type *type = compile_type(c, node, (struct text){node->text, (size_t)(dot - node->text)});

        if (!type)
                return false;
        if (!c->start) {
                mistake_at(c, node, "there is no starting fact here of which %s could be a field", node->text);
                return false;
        }
        if (type != c->start) {
                mistake_at(c, node, "only a field of %s can say whom this is for, not one of %s", c->start->name, type->name);
                return false;
        }
        ret->slot = compile_field(c, node, type, text_of(dot + 1));
        if (ret->slot < 0)
                return false;
        if (!event_type_is_organisation(type, ret->slot)) {
                mistake_at(c, node, "%s of %s does not name an organisation", dot + 1, type->name);
                return false;
        }
        ret->kind = ROLE_FIELD;
        ret->type = type;
        return true;
}

static bool unknown_role(struct compiling *c, const struct yaml_node *node) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        enum organisation_kind kind;

        for (size_t i = 0; i < ELEMENTS(built_in); i++)
                nearest_try(&nearest, built_in[i].word);
        organisations_nearest_role(c->orgs, &nearest);
        organisations_nearest(c->orgs, &nearest);
        if (organisation_kind_of(node->text, &kind))
                mistake_at(c, node, "'%s' is a kind of organisation, and nobody has it as a role: give it in the roles of a region, or name an organisation",
                           node->text);
        else if (strcmp(node->text, each_words[EACH_PARTNER]) == 0 || strcmp(node->text, each_words[EACH_PART]) == 0)
                mistake_at(c, node, "'%s' is the role of a norm with for_each: %s only", node->text, node->text);
        else
                mistake_at(c, node, "nobody can have the role '%.80s'%s", node->text, nearest_hint(&nearest, hint));
        return false;
}

static bool read_role(struct compiling *c, const struct yaml_node *node, struct role *ret) {
        const char *dot;

        *ret = (struct role){.slot = -1};
        if (!reading_scalar(&c->r, node, "a role"))
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
                return read_field(c, node, dot, ret);
        if (c->each != EACH_NONE && strcmp(node->text, each_words[c->each]) == 0) {
                ret->kind = ROLE_EACH;
                return true;
        }
        for (size_t i = 0; i < ELEMENTS(built_in); i++) {
                if (strcmp(node->text, built_in[i].word) == 0) {
                        ret->kind = built_in[i].kind;
                        return true;
                }
        }
        ret->kind = ROLE_NAMED;
        return organisations_have_role(c->orgs, node->text) || unknown_role(c, node);
}

void compile_roles(struct compiling *c, const struct yaml_node *node, const char *what, bool may_be_empty, struct roles *ret) {
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
                mistake_at(c, node, "%s names 1 to %d roles", what, ROLES_MAX);
                return;
        }
        items = reading_alloc(&c->r, n, sizeof(*items));
        if (!items)
                return;
        ret->items = items;
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *item = reading_item(node, i);
                struct role *role = &items[ret->n];

                if (!read_role(c, item, role))
                        continue;
                for (size_t j = 0; j < ret->n; j++) {
                        if (strcmp(items[j].name, role->name) == 0)
                                mistake_at(c, item, "'%s' stands here twice", role->name);
                }
                ret->n++;
        }
}
