/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One event: JSON to slots and back, and whether it may be accepted
 *
 * The checks that need no case: domains, source, publisher, key. The engine adds those that do
 * (duplicates, another's fact).
 */

#include <jansson.h>

#include "base/arena.h"
#include "base/json.h"
#include "model/event_type.h"

/* Why something was refused; codes and what they mean stand in refusal.def, in the order of the contract. */
enum refusal {
        REFUSAL_NONE,
#define REFUSAL_ROW(name, meaning) REFUSAL_##name,
#include "model/refusal.def"
#undef REFUSAL_ROW
        REFUSALS,
};
extern const char *const refusal_codes[REFUSALS];    /* "BAD_VALUE" …; REFUSAL_NONE: "" */
extern const char *const refusal_meanings[REFUSALS]; /* one clause each; REFUSAL_NONE: "" */

struct event {
        const struct event_type *type;
        struct slot *slots; /* type->layout->n of them */
};

/*
 * Reads one JSON object: the keys of the schema, and those in @also (a NULL-ended list: "event", "key").
 * Strings are views into @object or copies in @arena. Checks types and domains (strings, dates, instants,
 * enums, regions): REFUSAL_BAD_VALUE names the field in @err and in *ret_field (NULL when none), never the
 * value of a personal field.
 */
enum refusal event_from_json(const struct event_type *type, const struct organisations *orgs, const json_t *object, const char *const *also,
                             struct arena *arena, struct event *ret, const char **ret_field, struct error *err) MUSTCHECK;

/* The domains again, for what came as Avro: strings 1-64 of A-Z a-z 0-9 . _ : / # -, instants 2000-2200, dates 1900-2200, known region. */
enum refusal event_check_values(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) MUSTCHECK;

/* The source exists, its kind may publish this type, and own fields name it. */
enum refusal event_check_publisher(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) MUSTCHECK;

/* The key is the case_id, and a region's case_id is that of its region. */
enum refusal event_check_key(const struct event *event, const struct organisations *orgs, struct text key, struct error *err) MUSTCHECK;

/* Writes the fields as plain JSON (dates YYYY-MM-DD, instants RFC 3339, enums as symbols) into an open object. @masked: personal fields as null. */
void event_to_json(const struct event *event, bool masked, struct json_writer *w);
