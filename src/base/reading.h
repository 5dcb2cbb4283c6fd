/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading one YAML file of configuration: the only way in which it is done
 *
 * Each function takes what a node must be, and reports it with its place when it is not. So a
 * reader goes through a whole file and finds all mistakes in one run. What is read is copied into
 * the arena; the tree may go.
 */

#include "base/arena.h"
#include "base/mistakes.h"
#include "base/span.h"

struct reading {
        const struct yaml_tree *yaml;
        struct mistakes *mistakes;
        struct arena *arena; /* NULL when nothing is kept */
        int e; /* negative errno as soon as the machine failed; then what was read is incomplete */
};

/* What is said of a reading, in its language: IN_READING(r, "a rung", "een trede"). */
#define IN_READING(r, en, nl) IN_LANGUAGE((r)->mistakes->language, en, nl)

#define reading_mistake(r, node, ...) mistakes_at((r)->mistakes, (r)->yaml, (node), __VA_ARGS__)

/*
 * How a reading ends: r->e when the machine failed; -EINVAL when there are more mistakes than @before; 0.
 */
int reading_end(const struct reading *r, size_t before) MUSTCHECK;

/* Memory of the arena, cleared, and a copy there; NULL and r->e set when it is out. */
void *reading_alloc(struct reading *r, size_t count, size_t size);
const char *reading_copy(struct reading *r, const char *text);

/* Whether a node is what it must be; @what names it in the mistake: "valid" as it is written, or IN_READING(r, "a rung", "een trede"). */
bool reading_mapping(struct reading *r, const struct yaml_node *node, const char *what);
bool reading_sequence(struct reading *r, const struct yaml_node *node, const char *what);
bool reading_scalar(struct reading *r, const struct yaml_node *node, const char *what);

/* Reports every key of a mapping that is not in @known (NULL-ended), with the nearest that is. */
void reading_keys(struct reading *r, const struct yaml_node *mapping, const char *const *known, const char *what);

/* The value under a key; absence is a mistake at the mapping. */
const struct yaml_node *reading_required(struct reading *r, const struct yaml_node *mapping, const char *key, const char *what);

/* Scalars. NULL or false: reported. */
const char *reading_text(struct reading *r, const struct yaml_node *node, const char *what); /* any text that is not empty */
const char *reading_name(struct reading *r, const struct yaml_node *node, const char *what); /* base/name.h */
bool reading_flag(struct reading *r, const struct yaml_node *node, const char *what, bool *ret);
bool reading_count(struct reading *r, const struct yaml_node *node, const char *what, unsigned least, unsigned most, unsigned *ret);
bool reading_number(struct reading *r, const struct yaml_node *node, const char *what, int64_t least, int64_t most, int64_t *ret);

/* language_hint() in the language of the mistakes. */
static inline const char *reading_hint(const struct reading *r, const struct nearest *nearest, char ret[NEAREST_HINT_MAX]) {
        return language_hint(r->mistakes->language, nearest, ret);
}

/* language_choice() in the language of the mistakes: for a value of a set that is known. */
static inline const char *reading_choice(const struct reading *r, const struct nearest *nearest, char ret[LANGUAGE_CHOICE_MAX]) {
        return language_choice(r->mistakes->language, nearest, ret);
}

/* A number from 1 and one of @n units ("2 years"); what the whole is worth is the caller's to judge. */
bool reading_span(struct reading *r, const struct yaml_node *node, const char *what, const struct span_unit *units, size_t n, struct span *ret);

/* Null as YAML writes it: nothing, ~ or null, without quotes. */
bool reading_is_null(const struct yaml_node *node);

/* A list, or one item that stands for a list of one. */
static inline size_t reading_items(const struct yaml_node *node) {
        return node->kind == YAML_SEQUENCE ? node->n : 1;
}
static inline const struct yaml_node *reading_item(const struct yaml_node *node, size_t i) {
        return node->kind == YAML_SEQUENCE ? node->items[i] : node;
}
