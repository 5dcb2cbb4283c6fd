/* SPDX-License-Identifier: EUPL-1.2 */

/* One story told for several rows of values: every <word> is replaced before the story is read. */

#include <errno.h>
#include <string.h>

#include "engine/story_parts.h"

#define FILLED_MAX ((size_t)4096)

static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The length of "<word>" at @text, brackets included; 0 when there is none. */
static size_t place_at(const char *text) {
        size_t n = 1;

        if (text[0] != '<')
                return 0;
        while (is_word(text[n]))
                n++;
        return n > 1 && text[n] == '>' ? n + 1 : 0;
}

/* The value of "<word>", or NULL: reported at @node. */
static const struct yaml_node *value_of(struct reading *r, const struct yaml_node *node, const char *place, size_t n, const struct yaml_node *row) {
        const char *word = arena_copy(r->arena, place + 1, n - 2);
        char hint[NEAREST_HINT_MAX];
        const struct yaml_node *value;

        if (!word) {
                r->e = -ENOMEM;
                return NULL;
        }
        value = yaml_get(row, word);
        if (!value) {
                struct nearest nearest = NEAREST_INIT(word);

                for (size_t i = 0; i < row->n; i++)
                        nearest_try(&nearest, row->keys[i]->text);
                reading_mistake(r, node, "<%.80s> has no value in the row of line %u%s", word, row->line, nearest_hint(&nearest, hint));
        }
        return value;
}

static const char *fill_text(struct reading *r, const struct yaml_node *node, const struct yaml_node *row) {
        struct buffer out = BUFFER_INIT(FILLED_MAX);
        const char *filled;

        for (const char *p = node->text; *p;) {
                size_t n = place_at(p);
                const struct yaml_node *value = n ? value_of(r, node, p, n, row) : NULL;

                if (!n) {
                        buffer_add_byte(&out, (uint8_t)*p++);
                        continue;
                }
                if (value && value->kind == YAML_SCALAR)
                        buffer_add_text(&out, value->text);
                else if (value)
                        reading_mistake(r, node, "a list can replace a whole value only, not a part of it");
                p += n;
        }
        if (out.failed)
                reading_mistake(r, node, "too long when its row is filled in: at most %zu characters", FILLED_MAX);
        filled = reading_copy(r, buffer_text(&out));
        buffer_done(&out);
        return filled;
}

static const struct yaml_node *fill_scalar(struct reading *r, const struct yaml_node *node, const struct yaml_node *row) {
        size_t whole = place_at(node->text);
        struct yaml_node *copy;

        if (!strchr(node->text, '<'))
                return node;
        copy = reading_alloc(r, 1, sizeof(*copy));
        if (!copy)
                return NULL;
        *copy = *node;
        if (whole && node->text[whole] == '\0') {
                const struct yaml_node *value = value_of(r, node, node->text, whole, row);

                if (value)
                        *copy = *value;
                copy->line = node->line;
                copy->column = node->column;
                return copy;
        }
        copy->text = fill_text(r, node, row);
        if (!copy->text)
                return NULL;
        copy->n = strlen(copy->text);
        return copy;
}

static void refuse_double_key(struct reading *r, const struct yaml_node *mapping, size_t at) {
        for (size_t i = 0; i < at; i++) {
                if (strcmp(mapping->keys[i]->text, mapping->keys[at]->text) == 0)
                        reading_mistake(r, mapping->keys[at], "the key '%.60s' stands here twice when the row is filled in", mapping->keys[at]->text);
        }
}

const struct yaml_node *story_fill(struct reading *r, const struct yaml_node *node, const struct yaml_node *row) {
        struct yaml_node *copy;

        if (node->kind == YAML_SCALAR)
                return fill_scalar(r, node, row);
        copy = reading_alloc(r, 1, sizeof(*copy));
        if (!copy)
                return NULL;
        *copy = *node;
        copy->items = reading_alloc(r, node->n, sizeof(*copy->items));
        if (!copy->items)
                return NULL;
        if (node->kind == YAML_MAPPING) {
                copy->keys = reading_alloc(r, node->n, sizeof(*copy->keys));
                if (!copy->keys)
                        return NULL;
        }
        for (size_t i = 0; i < node->n; i++) {
                copy->items[i] = story_fill(r, node->items[i], row);
                if (copy->keys)
                        copy->keys[i] = story_fill(r, node->keys[i], row);
                if (!copy->items[i] || (copy->keys && !copy->keys[i]))
                        return NULL;
                if (copy->keys)
                        refuse_double_key(r, copy, i);
        }
        return copy;
}
