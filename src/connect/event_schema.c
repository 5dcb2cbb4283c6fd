/* SPDX-License-Identifier: EUPL-1.2 */

/* The JSON Schema of an event, field by field, and that of the CloudEvent that carries it. */

#include "connect/event_schema.h"

#include "base/buffer.h"
#include "cluster/event_record.h"
#include "connect/example.h"
#include "model/event_json.h"

#define NAME_PATTERN "^[A-Za-z0-9._:/#-]{1,64}$"
#define DATE_PATTERN "^((19|20|21)[0-9]{2}|2200)-[0-9]{2}-[0-9]{2}$"
#define DESCRIPTION_MAX ((size_t)65536)

_Static_assert(DATE_YEAR_MIN == 1900 && DATE_YEAR_MAX == 2200, "DATE_PATTERN says these years");
_Static_assert(INSTANT_YEAR_MIN == 2000 && INSTANT_YEAR_MAX == 2200, "EVENT_SCHEMA_INSTANT_PATTERN says these years");

/* -- Fields -- */

/* What may be null is left out by who has nothing to say. */
static void field_put_type(struct json_writer *w, const char *type, bool nullable) {
        jsonw_key(w, "type");
        if (!nullable) {
                jsonw_string(w, type);
                return;
        }
        jsonw_open_array(w);
        jsonw_string(w, type);
        jsonw_string(w, "null");
        jsonw_close_array(w);
}

static void field_put_symbols(struct json_writer *w, const struct layout_field *field) {
        jsonw_key(w, "enum");
        jsonw_open_array(w);
        for (size_t i = 0; i < field->n_symbols; i++)
                jsonw_string(w, field->symbols[i]);
        if (field->nullable)
                jsonw_null(w);
        jsonw_close_array(w);
}

/* Those that there are: a region that nobody configured is refused. */
static void field_put_regions(struct json_writer *w, const struct organisations *orgs) {
        if (regions_count(orgs) == 0)
                return;
        jsonw_key(w, "enum");
        jsonw_open_array(w);
        for (size_t i = 0; i < regions_count(orgs); i++)
                jsonw_string(w, regions_at(orgs, i)->id);
        jsonw_close_array(w);
}

/* The doc of the schema, and what else holds for the field. */
static void field_put_description(struct json_writer *w, const struct event_type *type, size_t slot) {
        CLEANUP(buffer_done) struct buffer doc = BUFFER_INIT(DESCRIPTION_MAX);

        buffer_add_text(&doc, type->layout->fields[slot].field->doc);
        if (slot == SLOT_SOURCE && !type->output)
                buffer_add_text(&doc, " Here it is the organisation whose token is used.");
        else if (type->insiders >> slot & 1)
                buffer_add_text(&doc, " One of x-organisations.");
        if (type->region && slot == SLOT_CASE_ID)
                buffer_add_text(&doc, " Here it is that of the region, from x-regions.");
        if (slot == SLOT_RECORDED_AT && !type->output)
                buffer_add_text(&doc, " At most a day ahead of the clock here.");
        if (type->past && (slot == SLOT_OCCURRED_AT || (int)slot == type->past_date))
                buffer_add_text(&doc, " At most a day after recorded_at.");
        for (int kind = 0; kind < KINDS; kind++) {
                if (slot != SLOT_SOURCE && type->own[kind] == (int)slot)
                        buffer_printf(&doc, " When the source is of kind %s: the source itself.", organisation_kind_names[kind]);
        }
        if (doc.n > 0)
                jsonw_put_string(w, "description", buffer_text(&doc) + (buffer_text(&doc)[0] == ' '));
}

static void field_put_range(struct json_writer *w, int64_t least, int64_t most) {
        jsonw_put_int(w, "minimum", least);
        jsonw_put_int(w, "maximum", most);
}

static void schema_put_field(const struct event_schema_config *config, const struct event_type *type, size_t slot, struct json_writer *w) {
        static const struct {
                const char *type, *format, *pattern;
                bool typed; /* generators make a type of its own of it, and hold the pattern against how that is printed */
        } forms[] = {
                [LAYOUT_BOOLEAN] = {.type = "boolean"},
                [LAYOUT_INT] = {"integer", "int32", NULL, false},
                [LAYOUT_LONG] = {"integer", "int64", NULL, false},
                [LAYOUT_FLOAT] = {"number", "float", NULL, false},
                [LAYOUT_DOUBLE] = {"number", "double", NULL, false},
                [LAYOUT_STRING] = {"string", NULL, NAME_PATTERN, false},
                [LAYOUT_ENUM] = {.type = "string"},
                [LAYOUT_DATE] = {"string", "date", DATE_PATTERN, true},
                [LAYOUT_TIMESTAMP] = {"string", "date-time", EVENT_SCHEMA_INSTANT_PATTERN, true},
                [LAYOUT_UUID] = {"string", "uuid", EVENT_SCHEMA_UUID_PATTERN, false},
                [LAYOUT_UUID_FIXED] = {"string", "uuid", EVENT_SCHEMA_UUID_PATTERN, false},
        };
        const struct layout_field *field = &type->layout->fields[slot];

        jsonw_open_object(w);
        field_put_type(w, forms[field->type].type, field->nullable);
        if (forms[field->type].format)
                jsonw_put_string(w, "format", forms[field->type].format);
        if (forms[field->type].pattern && !(config->generators && forms[field->type].typed))
                jsonw_put_string(w, "pattern", forms[field->type].pattern);
        if (field->type == LAYOUT_INT)
                field_put_range(w, INT32_MIN, INT32_MAX);
        if (field->type == LAYOUT_LONG)
                field_put_range(w, INT64_MIN, INT64_MAX);
        if (field->type == LAYOUT_ENUM)
                field_put_symbols(w, field);
        if (type->region && slot == SLOT_REGION)
                field_put_regions(w, config->organisations);
        if (slot == SLOT_SOURCE || (type->insiders >> slot & 1))
                jsonw_put_bool(w, "x-organisation", true);
        field_put_description(w, type, slot);
        jsonw_close_object(w);
}

/* What may stand beside the fields: null is as if it were not there. */
static void schema_put_beside(const struct event_schema_config *config, const struct event_type *type, struct json_writer *w) {
        jsonw_key(w, "event");
        jsonw_open_object(w);
        field_put_type(w, "string", !config->generators);
        if (config->generators) {
                jsonw_put_string(w, "const", type->name);
        } else {
                jsonw_key(w, "enum");
                jsonw_open_array(w);
                jsonw_string(w, type->name);
                jsonw_null(w);
                jsonw_close_array(w);
        }
        jsonw_put_string(w, "description", "The event type; may be left out here, since the address says it.");
        jsonw_close_object(w);
        jsonw_key(w, "key");
        jsonw_open_object(w);
        field_put_type(w, "string", !config->generators);
        jsonw_put_string(w, "description", "The key of the record: the case_id. It may be left out.");
        jsonw_close_object(w);
}

/* -- Examples -- */

/* Out of line: inlined, gcc 12 takes the example for gone. */
static OPAQUE void example_put_cloudevent(struct json_writer *w, const struct example *example) {
        char of_event[EVENT_HEADER_TYPE_MAX], id[UUID_TEXT + 1], time[INSTANT_TEXT + 1];

        event_header_type(example->event.type->name, of_event);
        uuid_format(&example->slots[SLOT_EVENT_ID].u, id);
        instant_format_exact(example->slots[SLOT_RECORDED_AT].i, time);
        jsonw_put_string(w, "specversion", EVENT_SPECVERSION);
        jsonw_put_string(w, "id", id);
        jsonw_put_string(w, "source", example->source->urn);
        jsonw_put_string(w, "type", of_event);
        jsonw_put_string(w, "time", time);
        jsonw_put_string(w, "datacontenttype", "application/json");
        jsonw_key(w, "data");
        jsonw_open_object(w);
        event_to_json(&example->event, false, w);
        jsonw_close_object(w);
}

/* A list of one; left out when nobody may post it. */
static void schema_put_examples(const struct event_schema_config *config, const struct event_type *type, bool cloudevent, struct json_writer *w) {
        struct example example;

        if (type->output || !example_make(type, config->organisations, config->callers, config->day, &example))
                return;
        jsonw_key(w, "examples");
        jsonw_open_array(w);
        jsonw_open_object(w);
        if (cloudevent)
                example_put_cloudevent(w, &example);
        else
                event_to_json(&example.event, false, w);
        jsonw_close_object(w);
        jsonw_close_array(w);
}

/* -- Events -- */

void event_schema_write(const struct event_schema_config *config, const struct event_type *type, struct json_writer *w) {
        const struct layout *layout = type->layout;

        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description", schema_root(type->file)->doc);
        jsonw_put_bool(w, "additionalProperties", false);
        jsonw_key(w, "required");
        jsonw_open_array(w);
        for (size_t i = 0; i < layout->n; i++) {
                if (!layout->fields[i].nullable)
                        jsonw_string(w, layout->fields[i].name);
        }
        jsonw_close_array(w);
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        if (!type->output)
                schema_put_beside(config, type, w);
        for (size_t i = 0; i < layout->n; i++) {
                jsonw_key(w, layout->fields[i].name);
                schema_put_field(config, type, i, w);
        }
        jsonw_close_object(w);
        schema_put_examples(config, type, false, w);
        jsonw_close_object(w);
}

/* -- CloudEvents -- */

static void schema_put_attribute(struct json_writer *w, const char *name, const char *keyword, const char *value, const char *doc) {
        jsonw_key(w, name);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "string");
        jsonw_put_string(w, keyword, value);
        jsonw_put_string(w, "description", doc);
        jsonw_close_object(w);
}

/* May be left out, as may all that can be null. */
static const char time_attribute[] =
        "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\",\"pattern\":\"" EVENT_SCHEMA_INSTANT_PATTERN "\",\"description\":\"When the sender logged "
        "it: recorded_at of the data. It is read and not used: recorded_at is what counts, and the time of all that is told about the event.\"}";

void event_schema_write_cloudevent(const struct event_schema_config *config, const struct event_type *type, const char *reference, struct json_writer *w) {
        static const char *const required[] = {"specversion", "id", "source", "type", "data"};
        char of_event[EVENT_HEADER_TYPE_MAX];

        event_header_type(type->name, of_event);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description",
                         "The same event as a CloudEvent (NL GOV profile), structured mode. Other attributes than these may be there; they are not used.");
        jsonw_key(w, "required");
        jsonw_open_array(w);
        for (size_t i = 0; i < ELEMENTS(required); i++)
                jsonw_string(w, required[i]);
        jsonw_close_array(w);
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        schema_put_attribute(w, "specversion", "const", EVENT_SPECVERSION, "CloudEvents 1.0.");
        schema_put_attribute(w, "id", "pattern", EVENT_SCHEMA_UUID_PATTERN, "The event_id of the data.");
        schema_put_attribute(w, "source", "format", "uri-reference", "The organisation whose token is used: its urn, or its id.");
        schema_put_attribute(w, "type", "const", of_event, "The event type.");
        jsonw_key(w, "time");
        jsonw_raw(w, time_attribute);
        jsonw_key(w, "datacontenttype");
        jsonw_raw(w, "{\"enum\":[\"application/json\",null],\"description\":\"Always JSON.\"}");
        jsonw_key(w, "traceparent");
        jsonw_raw(w, "{\"type\":[\"string\",\"null\"],\"description\":\"A W3C trace context, passed on when it is one.\"}");
        jsonw_key(w, "data");
        jsonw_open_object(w);
        jsonw_put_string(w, "$ref", reference);
        jsonw_close_object(w);
        jsonw_close_object(w);
        schema_put_examples(config, type, true, w);
        jsonw_close_object(w);
}
