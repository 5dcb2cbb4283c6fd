/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * From a protocol's YAML to its structs (private to the files compile_*.c and protocols.c)
 *
 * Each function reports its mistakes with their place and goes on, so that one run finds all. What
 * had a mistake is left empty: such a protocol is never used. Memory that is out stands in c->r.e.
 */

#include "model/event_types.h"
#include "model/protocol.h"
#include "calendar/reading.h"

struct compiling {
        struct reading r;
        const struct event_types *types;
        const struct organisations *orgs;
        struct protocol *protocol;
        const struct event_type *start; /* the type that starts the norm or is routed; NULL: none (starts: protocol), or a mistake */
        enum each each;                 /* for_each of the norm */
};

#define mistake_at(c, node, ...) reading_mistake(&(c)->r, (node), __VA_ARGS__)

/* A whole file. *ret_norms: the node of each norm, for mistakes that show later. Return: 0 or -ENOMEM. */
int compile_protocol(struct compiling *c, const struct yaml_node *root, const struct yaml_node ***ret_norms) MUSTCHECK;

/* One item of norms, and of routes. */
void compile_norm(struct compiling *c, const struct yaml_node *node, struct norm *ret);
void compile_route(struct compiling *c, const struct yaml_node *node, struct route *ret);

/* Keys under `assumed`: each must stand in @mapping. Adds "<prefix><key>" to @list of at most @max. */
void compile_assumed(struct compiling *c, const struct yaml_node *mapping, const char *prefix, const char **list, size_t max, size_t *n);
size_t compile_assumed_count(const struct yaml_node *mapping);

/* What the term of a norm is and when it counts: every key from term to for_each. Comes after starts. */
void compile_each(struct compiling *c, const struct yaml_node *node, struct norm *norm);
void compile_timing(struct compiling *c, const struct yaml_node *node, struct norm *norm);

/* An event type that may be named, by a node or a part of one; NULL: reported. */
const struct event_type *compile_type(struct compiling *c, const struct yaml_node *node, struct text name);
/* The slot of a field; -1: reported. */
int compile_field(struct compiling *c, const struct yaml_node *node, const struct event_type *type, struct text name);
/* "event" or "event.date_field", without conditions. */
bool compile_event(struct compiling *c, const struct yaml_node *node, const char *what, struct event_ref *ret);
/* The form of met_by: one event or a list, each bare or with its conditions. */
void compile_events(struct compiling *c, const struct yaml_node *node, const char *what, struct event_refs *ret);
/* A fact of this type must be able to join an obligation of this norm. */
void compile_check_joins(struct compiling *c, const struct yaml_node *node, const struct event_type *type);

/* A `when`. @self: the type whose fields stand without a dot, may be NULL; @others: whether other events may be named. */
void compile_conditions(struct compiling *c, const struct yaml_node *node, const struct event_type *self, bool others, struct conditions *ret);

/* A list of roles. */
void compile_roles(struct compiling *c, const struct yaml_node *node, const char *what, bool may_be_empty, struct roles *ret);

extern const char *const each_words[EACH_PART + 1]; /* EACH_NONE: "" */
