/* SPDX-License-Identifier: EUPL-1.2 */

/* Events as protocols name them: "measure-started.verdict_date", "protector-assigned: {role: FIXED}". */

#include <stdio.h>

#include "model/compile.h"

#define WORD_MAX 96

/* A piece of a node's text with a NUL behind it, for the search of the nearest word; cut off when it is longer than any word. */
static const char *word_of(struct text t, char ret[WORD_MAX]) {
        (void) snprintf(ret, WORD_MAX, "%.*s", (int)(t.n < WORD_MAX ? t.n : WORD_MAX - 1), t.s ? t.s : "");
        return ret;
}

const struct event_type *compile_type(struct compiling *c, const struct yaml_node *node, struct text name) {
        const struct event_type *type = event_types_find(c->types, name);
        char word[WORD_MAX], hint[NEAREST_HINT_MAX];

        if (type && type->output) {
                mistake_at(c, node, "%s is what the broker tells; a protocol names only what organisations publish", type->name);
                return NULL;
        }
        if (!type) {
                struct nearest nearest = NEAREST_INIT(word_of(name, word));

                event_types_nearest(c->types, &nearest);
                mistake_at(c, node, "no event is called '%s'%s", word, nearest_hint(&nearest, hint));
        }
        return type;
}

int compile_field(struct compiling *c, const struct yaml_node *node, const struct event_type *type, struct text name) {
        char word[WORD_MAX], hint[NEAREST_HINT_MAX];
        int slot = layout_slot(type->layout, word_of(name, word));

        if (slot < 0) {
                struct nearest nearest = NEAREST_INIT(word);

                for (size_t i = 0; i < type->layout->n; i++)
                        nearest_try(&nearest, type->layout->fields[i].name);
                mistake_at(c, node, "%s has no field '%s'%s", type->name, word, nearest_hint(&nearest, hint));
        }
        return slot;
}

static void nearest_date(const struct event_type *type, struct nearest *nearest) {
        for (size_t i = 0; i < type->layout->n; i++) {
                if (event_type_is_date(type, (int)i))
                        nearest_try(nearest, type->layout->fields[i].name);
        }
}

static bool name_event(struct compiling *c, const struct yaml_node *node, struct event_ref *ret) {
        const char *text = node->text, *dot = strchr(text, '.');
        struct text name = {text, dot ? (size_t)(dot - text) : strlen(text)};

        *ret = (struct event_ref){.date = -1};
        ret->type = compile_type(c, node, name);
        if (!ret->type)
                return false;
        if (!dot)
                return true;
        ret->date = compile_field(c, node, ret->type, text_of(dot + 1));
        if (ret->date >= 0 && !event_type_is_date(ret->type, ret->date)) {
                struct nearest nearest = NEAREST_INIT(dot + 1);
                char hint[NEAREST_HINT_MAX];

                nearest_date(ret->type, &nearest);
                mistake_at(c, node, "%s of %s is not a date%s", dot + 1, ret->type->name, nearest_hint(&nearest, hint));
                ret->date = -1;
                return false;
        }
        return ret->date >= 0;
}

bool compile_event(struct compiling *c, const struct yaml_node *node, const char *what, struct event_ref *ret) {
        *ret = (struct event_ref){.date = -1};
        return reading_scalar(&c->r, node, what) && name_event(c, node, ret);
}

void compile_check_joins(struct compiling *c, const struct yaml_node *node, const struct event_type *type) {
        bool by_name = type->known == TYPE_DEVIATION_EXPLAINED || type->known == TYPE_TERM_AGREED;
        enum known_field field = type->known == TYPE_PROTOCOL_ADOPTED ? FIELD_PARTNER : FIELD_ORGANISATION;

        if (c->start && !c->start->region && type->region)
                mistake_at(c, node, "%s is an event of a region and never joins a norm that starts from %s", type->name, c->start->name);
        if (c->each != EACH_NONE && !by_name && type->fields[field] < 0)
                mistake_at(c, node, "%s has no field organisation, so it never joins a norm for each %s", type->name, each_words[c->each]);
}

/* One item: a word, or one key with conditions under it. */
static bool read_item(struct compiling *c, const struct yaml_node *node, const char *what, struct event_ref *ret) {
        const struct yaml_node *name = node;
        bool named;

        if (node->kind == YAML_SEQUENCE || (node->kind == YAML_MAPPING && node->n != 1)) {
                mistake_at(c, node, "%s: each item is one event, bare or with its conditions: {event: {field: value}}", what);
                return false;
        }
        if (node->kind == YAML_MAPPING)
                name = node->keys[0];
        named = name_event(c, name, ret);
        if (!ret->type)
                return false;
        compile_check_joins(c, name, ret->type);
        if (node->kind == YAML_MAPPING)
                compile_conditions(c, node->items[0], ret->type, false, &ret->when);
        return named;
}

void compile_events(struct compiling *c, const struct yaml_node *node, const char *what, struct event_refs *ret) {
        struct event_ref *items;

        *ret = (struct event_refs){0};
        if (!node)
                return;
        if (node->kind == YAML_SEQUENCE && node->n == 0) {
                mistake_at(c, node, "%s names no event; leave it out", what);
                return;
        }
        items = reading_alloc(&c->r, reading_items(node), sizeof(*items));
        if (!items)
                return;
        ret->items = items;
        for (size_t i = 0; i < reading_items(node); i++) {
                if (read_item(c, reading_item(node, i), what, &items[ret->n]))
                        ret->n++;
        }
}
