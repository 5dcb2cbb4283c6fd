/* SPDX-License-Identifier: EUPL-1.2 */

/* Conditions: `kind: [OTS, VOTS]`, `help-started.route: {not: REGULAR}`, `measure-extended: absent`. */

#include "model/compile.h"
#include "base/name.h"

static bool is_word(const struct yaml_node *node, const char *word) {
        return node->kind == YAML_SCALAR && !node->quoted && strcmp(node->text, word) == 0;
}

static bool read_symbol(struct compiling *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        int symbol = layout_symbol(field, text_of(node->text));

        *ret = (struct slot){.kind = SLOT_INT, .i = symbol};
        if (symbol >= 0)
                return true;
        for (size_t i = 0; i < field->n_symbols; i++)
                nearest_try(&nearest, field->symbols[i]);
        mistake_at(c, node, "'%.80s' is no value of %s%s", node->text, field->name, nearest_hint(&nearest, hint));
        return false;
}

static bool read_organisation(struct compiling *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        const struct organisation *org = organisations_find(c->orgs, text_of(node->text));
        enum organisation_kind kind;

        if (org) {
                *ret = (struct slot){.kind = SLOT_STRING, .s = text_of(org->id)};
                return true;
        }
        if (organisation_kind_of(node->text, &kind)) {
                mistake_at(c, node, "'%s' is a kind of organisation; %s names one organisation by its id", node->text, field->name);
                return false;
        }
        organisations_nearest(c->orgs, &nearest);
        mistake_at(c, node, "%s: no organisation '%.80s'%s", field->name, node->text, nearest_hint(&nearest, hint));
        return false;
}

static bool read_text(struct compiling *c, const struct yaml_node *node, struct slot *ret) {
        const char *text = reading_name(&c->r, node, "the value");

        *ret = (struct slot){.kind = SLOT_STRING, .s = text_of(text)};
        return text != NULL;
}

static bool read_number(struct compiling *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
        bool whole = field->type == LAYOUT_INT || field->type == LAYOUT_LONG;

        *ret = (struct slot){.kind = whole ? SLOT_INT : SLOT_DOUBLE};
        if (!node->quoted && (whole ? text_to_int64(text_of(node->text), &ret->i) : text_to_double(text_of(node->text), &ret->d)))
                return true;
        mistake_at(c, node, "%s is a number, and '%.80s' is none", field->name, node->text);
        return false;
}

static bool read_other(struct compiling *c, const struct yaml_node *node, const struct layout_field *field, struct slot *ret) {
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
                mistake_at(c, node, "%s is a %s, and '%.80s' is none", field->name, layout_type_word(field->type), node->text);
        return ok;
}

static bool read_value(struct compiling *c, const struct yaml_node *node, const struct event_type *type, int slot, struct slot *ret) {
        const struct layout_field *field = &type->layout->fields[slot];
        bool flag;

        if (!reading_scalar(&c->r, node, "a value"))
                return false;
        if (reading_is_null(node)) {
                mistake_at(c, node, "null equals nothing; write %s: absent", field->name);
                return false;
        }
        if (is_word(node, "present") || is_word(node, "absent")) {
                mistake_at(c, node, "'%s' stands alone, not among values", node->text);
                return false;
        }
        switch (field->type) {
        case LAYOUT_BOOLEAN:
                if (!reading_flag(&c->r, node, field->name, &flag))
                        return false;
                *ret = (struct slot){.kind = SLOT_BOOLEAN, .i = flag};
                return true;
        case LAYOUT_ENUM:
                return read_symbol(c, node, field, ret);
        case LAYOUT_STRING:
                return event_type_is_organisation(type, slot) ? read_organisation(c, node, field, ret) : read_text(c, node, ret);
        case LAYOUT_INT:
        case LAYOUT_LONG:
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return read_number(c, node, field, ret);
        default:
                return read_other(c, node, field, ret);
        }
}

static void read_values(struct compiling *c, const struct yaml_node *node, const struct event_type *type, struct condition *ret) {
        size_t n = reading_items(node);
        struct slot *values;

        if (n == 0 || n > CONDITION_VALUES_MAX) {
                mistake_at(c, node, "a list of values has 1 to %d of them", CONDITION_VALUES_MAX);
                return;
        }
        values = reading_alloc(&c->r, n, sizeof(*values));
        if (!values)
                return;
        ret->values = values;
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *item = reading_item(node, i);
                struct slot *value = &values[ret->n_values];

                if (!read_value(c, item, type, ret->slot, value))
                        continue;
                for (size_t j = 0; j < ret->n_values; j++) {
                        if (slot_equal(&values[j], value))
                                mistake_at(c, item, "'%.80s' stands here twice", item->text);
                }
                ret->n_values++;
        }
}

/* What must hold of a field. */
static void read_test(struct compiling *c, const struct yaml_node *node, const struct event_type *type, struct condition *ret) {
        const struct layout_field *field = &type->layout->fields[ret->slot];

        if (is_word(node, "present") || is_word(node, "absent")) {
                ret->test = node->text[0] == 'p' ? TEST_PRESENT : TEST_ABSENT;
                if (!field->nullable)
                        mistake_at(c, node, "%s of %s is never absent", field->name, type->name);
                return;
        }
        ret->test = TEST_IS;
        if (node->kind == YAML_MAPPING) {
                if (node->n != 1 || strcmp(node->keys[0]->text, "not") != 0) {
                        mistake_at(c, node, "a condition is a value, a list of values, {not: …}, present or absent");
                        return;
                }
                ret->test = TEST_NOT;
                node = node->items[0];
        }
        read_values(c, node, type, ret);
}

static void unknown_key(struct compiling *c, const struct yaml_node *key, const struct event_type *self, bool others) {
        struct nearest nearest = NEAREST_INIT(key->text);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; self && i < self->layout->n; i++)
                nearest_try(&nearest, self->layout->fields[i].name);
        if (others)
                event_types_nearest(c->types, &nearest);
        if (self && others)
                mistake_at(c, key, "'%.80s' is neither a field of %s nor an event%s", key->text, self->name, nearest_hint(&nearest, hint));
        else if (self)
                mistake_at(c, key, "%s has no field '%.80s'%s", self->name, key->text, nearest_hint(&nearest, hint));
        else
                mistake_at(c, key, "'%.80s' is no event, and there is no starting fact whose field it could be%s", key->text, nearest_hint(&nearest, hint));
}

/* Which fact a condition looks at, by its key. */
static bool read_subject(struct compiling *c, const struct yaml_node *key, const struct event_type *self, bool others, struct condition *ret) {
        const char *dot = strchr(key->text, '.');

        *ret = (struct condition){.slot = -1};
        if (dot && others) {
                ret->subject = CONDITION_EVENT;
                ret->type = compile_type(c, key, (struct text){key->text, (size_t)(dot - key->text)});
                ret->slot = ret->type ? compile_field(c, key, ret->type, text_of(dot + 1)) : -1;
                if (ret->type)
                        compile_check_joins(c, key, ret->type);
                return ret->slot >= 0;
        }
        if (dot) {
                mistake_at(c, key, "conditions here look at the %s itself: fields without a dot", self ? self->name : "fact");
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
                ret->type = compile_type(c, key, text_of(key->text));
        else
                unknown_key(c, key, self, others);
        if (ret->type)
                compile_check_joins(c, key, ret->type);
        return ret->type != NULL;
}

static void read_condition(struct compiling *c, const struct yaml_node *node, const struct event_type *self, struct condition *ret) {
        if (ret->subject != CONDITION_FACT) {
                read_test(c, node, ret->subject == CONDITION_SELF ? self : ret->type, ret);
                return;
        }
        if (is_word(node, "present"))
                ret->test = TEST_PRESENT;
        else if (is_word(node, "absent"))
                ret->test = TEST_ABSENT;
        else
                mistake_at(c, node, "%s is an event: it is present or absent; for a field of it write %s.field", ret->type->name, ret->type->name);
}

void compile_conditions(struct compiling *c, const struct yaml_node *node, const struct event_type *self, bool others, struct conditions *ret) {
        struct condition *items;

        *ret = (struct conditions){0};
        if (!node || !reading_mapping(&c->r, node, "conditions"))
                return;
        if (node->n == 0) {
                mistake_at(c, node, "no condition stands here; leave it out");
                return;
        }
        items = reading_alloc(&c->r, node->n, sizeof(*items));
        if (!items)
                return;
        ret->items = items;
        for (size_t i = 0; i < node->n; i++) {
                if (!read_subject(c, node->keys[i], self, others, &items[ret->n]))
                        continue;
                read_condition(c, node->items[i], self, &items[ret->n]);
                ret->n++;
        }
}
