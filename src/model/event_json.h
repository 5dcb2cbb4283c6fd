/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One event as plain JSON: to slots, and back
 */

#include <jansson.h>

#include "base/arena.h"
#include "base/json.h"
#include "model/event.h"

/*
 * Reads one JSON object: the keys of the schema, and those in @also (a NULL-ended list: "event", "key").
 * Strings are views into @object or copies in @arena. Checks types and domains (strings, dates, instants,
 * enums, regions): REFUSAL_BAD_VALUE names the field in @err and in *ret_field (NULL when none), never the
 * value of a personal field.
 */
enum refusal event_from_json(const struct event_type *type, const struct organisations *orgs, const json_t *object, const char *const *also,
                             struct arena *arena, struct event *ret, const char **ret_field, struct error *err) MUSTCHECK;

/*
 * The same, and every mistake. Return: true; false when there is nothing to judge further: no object, or no memory (slots are NULL then).
 * Slots of which something is said in @m are null.
 */
bool event_read_json(const struct event_type *type, const struct organisations *orgs, const json_t *object, const char *const *also, struct arena *arena,
                     struct event *ret, struct event_mistakes *m);

/* What a string says to a field of which values are strings: false: none of its values. *ret is a view of @value where the field holds text. */
bool event_json_slot(const struct layout_field *field, struct text value, struct slot *ret) MUSTCHECK;

/* Writes the fields as plain JSON (dates YYYY-MM-DD, instants RFC 3339, enums as symbols) into an open object. @masked: personal fields as null. */
void event_to_json(const struct event *event, bool masked, struct json_writer *w);
