/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An event type as JSON Schema (2020-12), as OpenAPI 3.1 takes it
 *
 * Types, formats, symbols, docs, what may be null and what is required, from the Avro schema; of its domains what can be said there: years,
 * regions, the letters of a name. What only holds between fields stands in their descriptions, and x-organisation marks the fields that name one.
 * The same once more as a CloudEvent in structured mode. Each has an example that is taken as it stands (connect/example.h).
 */

#include "base/json.h"
#include "calendar/date.h"
#include "model/event_types.h"

struct event_schema_config {
        const struct organisations *organisations; /* whose regions a field can name */
        const bool *callers;                       /* by organisation's index: who can be the source of an example; NULL: anybody */
        day_t day;                                 /* on which what stands in the examples happened */
        bool generators;                           /* for generators of clients: without what they hold against a text of their own making */
};

/*
 * The names of the schemas in a document: the event's own, and with this behind it. No event type is called so, since the words of its name have one
 * hyphen between them; so whatever an event is called, it takes no name of ours.
 */
#define EVENT_SCHEMA_CLOUDEVENT "--cloudevent"

/* Writes the schema of the plain event, and that of the CloudEvent whose data is the schema of @reference. One value each. */
void event_schema_write(const struct event_schema_config *config, const struct event_type *type, struct json_writer *w);
void event_schema_write_cloudevent(const struct event_schema_config *config, const struct event_type *type, const char *reference, struct json_writer *w);

/* Members of a schema, type and all that holds for an event_id, and for an instant. */
#define EVENT_SCHEMA_UUID_PATTERN "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
#define EVENT_SCHEMA_INSTANT_PATTERN \
        "^((20|21)[0-9]{2}|2200)-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
