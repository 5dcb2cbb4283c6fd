/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * YAML files as nodes that know where they stand
 *
 * A plain tree of mappings, sequences and scalars with line and column (from 1), for configuration
 * whose mistakes must be told with their place. Anchors, aliases and more than one document are
 * refused; a key that stands twice in a mapping is refused; a byte order mark is skipped. What people mistake most (a tab, an
 * indent, a colon in a text, a brace that is not closed) is told in plain words. (The prefix is yaml_tree_: libyaml
 * itself owns yaml_free and friends.)
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/language.h"

#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 500000

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
        enum yaml_kind kind;
        bool quoted;                  /* scalar in quotes: never a number, a boolean or null */
        unsigned line, column;        /* from 1 */
        const char *text;             /* scalar: its text, NUL behind it; else "" */
        size_t n;                     /* items of a sequence, pairs of a mapping */
        const struct yaml_node **items; /* sequence: items; mapping: values */
        const struct yaml_node **keys;  /* mapping: keys, scalars all */
};

struct yaml_tree;

/*
 * Reads a file (or @n bytes of text, called @name in errors). Return: 0; -EINVAL with "file:line:column: …" in @err, in @language; negative
 * errno, yaml_tree_read() with a sentence.
 */
int yaml_tree_read(const char *path, enum language language, struct yaml_tree **ret, struct error *err) MUSTCHECK;
int yaml_tree_parse(const char *name, const char *text, size_t n, enum language language, struct yaml_tree **ret, struct error *err) MUSTCHECK;
struct yaml_tree *yaml_tree_free(struct yaml_tree *yaml);
DEFINE_CLEANUP(struct yaml_tree *, yaml_tree_free);

/* The root (an empty file: an empty mapping at 1:1); lives as long as @yaml. The file's name for messages. */
const struct yaml_node *yaml_tree_root(const struct yaml_tree *yaml);
const char *yaml_tree_name(const struct yaml_tree *yaml);

/* The value under a key of a mapping, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
