/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A story that is being read: what is at hand, its names and its moments
 *
 * For story.c, story_given.c and story_expect.c. A story names things by labels of its own; each becomes an id that follows from file,
 * title and label, so that a story says the same on every run.
 */

#include "base/reading.h"
#include "base/vector.h"
#include "engine/story.h"

#define STORY_LABELS_MAX 2000
#define STORY_CASE_LABEL "case"

struct story_reading {
        struct reading r;
        const struct config *config;
        const struct protocol *protocol;
        const char *file;                             /* its name without folders: part of every id */
        struct story *story;                          /* the one that is read now */
        const struct region *region;                  /* its case is this region's; NULL: a child's */
        const struct organisation *defaults[KINDS];   /* who publishes when nobody is named; NULL */
        const char *instance;                         /* as written; NULL */
        VECTOR(const char *) labels, events;          /* every label of the story; those that name an event */
};

/* "2022-10-18" or "2022-10-18 09:00". */
struct story_when {
        day_t day;
        int minute; /* of the day; -1: none was written */
};
/* False: it is none. */
bool story_when_parse(struct text t, struct story_when *ret);
/* The instant it means, local; without a time the noon of the day. */
instant_t story_instant(struct story_when when);

/* A line "2022-10-18 09:00 word", bare or as the one key of a mapping: the place of the key, and its values (NULL: none). */
struct story_item {
        const struct yaml_node *head, *values;
        struct story_when when;
        const char *word;
};
/* False: reported, with @example as what it should look like. */
bool story_item_read(struct story_reading *s, const struct yaml_node *node, const char *example, struct story_item *ret);

/* The id of a label; a label that is a UUID already stands for itself. */
struct uuid story_id(const struct story_reading *s, const char *label);
/* The same as text; NULL: r.e is set. */
const char *story_id_text(struct story_reading *s, const char *label);

/* The instance that @text means: the id of a label ("ots", "ots#2"), or @text itself; NULL: reported at @node. */
const char *story_instance(struct story_reading *s, const struct yaml_node *node, const char *text);

/* The norm of this protocol, or NULL: reported. */
const struct norm *story_norm(struct story_reading *s, const struct yaml_node *node);
/* The organisation, first row, or NULL: reported. */
const struct organisation *story_organisation(struct story_reading *s, const struct yaml_node *node);
/* The event type, or NULL: reported. */
const struct event_type *story_type(struct story_reading *s, const struct yaml_node *node, const char *name);

/* Fills s->labels and s->events from what is given. */
void story_collect_labels(struct story_reading *s, const struct yaml_node *given);
