/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading what a norm or a route names: events, their fields, conditions, roles
 *
 * Each function reports its mistakes with their place and goes on, so that one run finds all. What
 * had a mistake is left empty: such a protocol is never used. Memory that is out stands in c->r.e.
 */

#include "calendar/reading.h"
#include "model/event_types.h"
#include "model/protocol.h"

struct norm_reading {
        struct reading r;
        const struct event_types *types;
        const struct organisations *orgs;
        struct protocol *protocol;
        const struct event_type *start; /* the type that starts the norm or is routed; NULL: none (starts: protocol), or a mistake */
        enum each each;                 /* for_each of the norm */
        size_t referred;                /* events named in the norm: norm_visit() must come by as many */
};

#define mistake_at(c, node, ...) reading_mistake(&(c)->r, (node), __VA_ARGS__)

/* Reports keys that the table does not have in this mapping. */
void reference_keys(struct norm_reading *c, const struct yaml_node *node, enum key_mapping mapping);

/* The slot of a field of a type; -1: reported. */
int reference_field(struct norm_reading *c, const struct yaml_node *node, const struct event_type *type, struct text name);

/* "event" or "event.date_field", without conditions. What is named must be able to join an obligation of the norm. false: reported. */
bool reference_event(struct norm_reading *c, const struct yaml_node *node, const char *what, struct event_ref *ret);

/* The form of met_by: one event or a list, each bare or with its conditions. @node: NULL when the key does not stand there. */
void reference_events(struct norm_reading *c, const struct yaml_node *node, const char *what, struct event_refs *ret);

/*
 * A `when`. @node: NULL when it does not stand there; @self: the type whose fields stand without a dot, may be NULL; @others: whether
 * other events may be named.
 */
void reference_conditions(struct norm_reading *c, const struct yaml_node *node, const struct event_type *self, bool others, struct conditions *ret);

/* A list of roles, or one. @node: NULL when the key does not stand there. */
void reference_roles(struct norm_reading *c, const struct yaml_node *node, const char *what, bool may_be_empty, struct roles *ret);
