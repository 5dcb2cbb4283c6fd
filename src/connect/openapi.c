/* SPDX-License-Identifier: EUPL-1.2 */

/* The OpenAPI document, written from the schemas and the table of problems. */

#include "connect/openapi.h"

#include <stdio.h>

#include "base/json.h"
#include "cluster/event_record.h"
#include "connect/cloudevent.h"
#include "connect/desk.h"
#include "connect/example.h"
#include "connect/problem.h"
#include "model/event_json.h"

#define NAME_PATTERN "^[A-Za-z0-9._:/#-]{1,64}$"
#define UUID_PATTERN "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
#define REFERENCE_MAX 320

/* Statuses that a post may be answered with, beside 202; every problem row of that status is named. */
static const unsigned statuses[] = {400, 401, 403, 404, 405, 413, 415, 422, 500, 503};
/* And a question, beside 200. */
static const unsigned asked_statuses[] = {400, 401, 404, 405, 410, 500, 503};
#define STATUS_OF_QUESTIONS 410 /* the one that no post has */

/* What is asked. The state of an event stands in it twice: of the event, and of each time that it was posted. */
#define FATE_STATE \
        "\"state\":{\"type\":\"string\",\"enum\":[\"waiting\",\"fact\",\"duplicate\",\"refused\"]}," \
        "\"code\":{\"type\":\"string\",\"description\":\"Why it was refused, as in event-refused.\"},\"text\":{\"type\":\"string\"}," \
        "\"answered_at\":{\"type\":\"string\",\"format\":\"date-time\"}"
static const char accepted_schema[] =
        "{\"type\":\"object\",\"description\":\"The broker has the event.\",\"required\":[\"event_id\"],\"properties\":"
        "{\"event_id\":{\"type\":\"string\",\"format\":\"uuid\"}}}";
static const char mistake_schema[] =
        "{\"type\":\"object\",\"description\":\"One thing that is wrong with what was posted.\",\"properties\":{\"pointer\":{\"type\":\"string\","
        "\"description\":\"JSON pointer to the field in the body.\"},\"detail\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},"
        "\"field\":{\"type\":\"string\"}}}";
static const char fate_schema[] =
        "{\"type\":\"object\",\"description\":\"What became of an event.\",\"required\":[\"event_id\",\"state\",\"posts\",\"told\"],\"properties\":{"
        "\"event_id\":{\"type\":\"string\",\"format\":\"uuid\"}," FATE_STATE ","
        "\"posts\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"event\",\"case_id\",\"at\",\"state\"],\"properties\":{"
        "\"event\":{\"type\":\"string\"},\"case_id\":{\"type\":\"string\",\"format\":\"uuid\"},\"at\":{\"type\":\"string\",\"format\":\"date-time\"},"
        FATE_STATE "}}},"
        "\"more_posts\":{\"type\":\"integer\",\"description\":\"Times that it was posted beside these.\"},"
        "\"told\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"to\",\"case_id\",\"at\"],\"properties\":{"
        "\"to\":{\"type\":\"string\",\"description\":\"The organisation that got a copy.\"},\"case_id\":{\"type\":\"string\",\"format\":\"uuid\"},"
        "\"at\":{\"type\":\"string\",\"format\":\"date-time\"}}}}}}";
static const char fate_path[] =
        "\"operationId\":\"what-became-of-event\",\"summary\":\"What became of an event of the caller's\","
        "\"parameters\":[{\"name\":\"event_id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\",\"format\":\"uuid\"}}]";
static const char fate_answer[] =
        "{\"description\":\"Where it stands, why it was refused, and who was told. 404 also for events of others.\",\"content\":"
        "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/fate\"}}}}";
static const char inbox_path[] =
        "\"operationId\":\"inbox\",\"summary\":\"A page of the caller's inbox\",\"parameters\":["
        "{\"name\":\"after\",\"in\":\"query\",\"schema\":{\"type\":\"string\"},\"description\":\"The place behind the page before, as its link gives it.\"},"
        "{\"name\":\"limit\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d}},"
        "{\"name\":\"wait\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":%d,\"default\":0},"
        "\"description\":\"Seconds for which an empty page is held back in case something comes.\"}]";
static const char inbox_answer[] =
        "{\"description\":\"A batch of CloudEvents, oldest first; empty when there is nothing new.\","
        "\"headers\":{\"Link\":{\"description\":\"The address of the next page, with rel=next.\",\"schema\":{\"type\":\"string\"}}},"
        "\"content\":{\"" CLOUDEVENT_BATCH_MEDIA_TYPE "\":{\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"required\":[\"specversion\",\"id\",\"source\",\"type\"],\"properties\":{\"specversion\":{\"type\":\"string\"},\"id\":{\"type\":\"string\"},"
        "\"source\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},\"time\":{\"type\":\"string\",\"format\":\"date-time\"},"
        "\"data\":{\"type\":\"object\"},\"data_base64\":{\"type\":\"string\"}}}}}}}";

static void put_reference(struct json_writer *w, const char *kind, const char *name, const char *suffix) {
        char text[REFERENCE_MAX];

        (void) snprintf(text, sizeof(text), "#/components/%s/%s%s", kind, name, suffix);
        jsonw_open_object(w);
        jsonw_put_string(w, "$ref", text);
        jsonw_close_object(w);
}

/* -- Schemas -- */

static void put_type(struct json_writer *w, const char *type, bool nullable) {
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

static void put_symbols(struct json_writer *w, const struct layout_field *field) {
        jsonw_key(w, "enum");
        jsonw_open_array(w);
        for (size_t i = 0; i < field->n_symbols; i++)
                jsonw_string(w, field->symbols[i]);
        if (field->nullable)
                jsonw_null(w);
        jsonw_close_array(w);
}

static void put_field(struct json_writer *w, const struct layout_field *field) {
        static const struct {
                const char *type, *format, *pattern;
        } forms[] = {
                [LAYOUT_BOOLEAN] = {"boolean", NULL, NULL},
                [LAYOUT_INT] = {"integer", "int32", NULL},
                [LAYOUT_LONG] = {"integer", "int64", NULL},
                [LAYOUT_FLOAT] = {"number", "float", NULL},
                [LAYOUT_DOUBLE] = {"number", "double", NULL},
                [LAYOUT_STRING] = {"string", NULL, NAME_PATTERN},
                [LAYOUT_ENUM] = {"string", NULL, NULL},
                [LAYOUT_DATE] = {"string", "date", NULL},
                [LAYOUT_TIMESTAMP] = {"string", "date-time", NULL},
                [LAYOUT_UUID] = {"string", "uuid", UUID_PATTERN},
                [LAYOUT_UUID_FIXED] = {"string", "uuid", UUID_PATTERN},
        };

        jsonw_open_object(w);
        put_type(w, forms[field->type].type, field->nullable);
        if (forms[field->type].format)
                jsonw_put_string(w, "format", forms[field->type].format);
        if (forms[field->type].pattern)
                jsonw_put_string(w, "pattern", forms[field->type].pattern);
        if (field->type == LAYOUT_ENUM)
                put_symbols(w, field);
        if (field->field->doc[0])
                jsonw_put_string(w, "description", field->field->doc);
        jsonw_close_object(w);
}

static void put_required(struct json_writer *w, const struct layout *layout) {
        jsonw_key(w, "required");
        jsonw_open_array(w);
        for (size_t i = 0; i < layout->n; i++) {
                if (!layout->fields[i].nullable)
                        jsonw_string(w, layout->fields[i].name);
        }
        jsonw_close_array(w);
}

static void put_example_cloudevent(struct json_writer *w, const struct example *example) {
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
static void put_examples(struct json_writer *w, const struct openapi_config *config, const struct event_type *type, bool cloudevent) {
        struct example example;

        if (!example_make(type, config->organisations, config->callers, config->day, &example))
                return;
        jsonw_key(w, "examples");
        jsonw_open_array(w);
        jsonw_open_object(w);
        if (cloudevent)
                put_example_cloudevent(w, &example);
        else
                event_to_json(&example.event, false, w);
        jsonw_close_object(w);
        jsonw_close_array(w);
}

static void put_event_schema(struct json_writer *w, const struct openapi_config *config, const struct event_type *type) {
        const struct layout *layout = type->layout;

        jsonw_key(w, type->name);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description", schema_root(type->file)->doc);
        jsonw_put_bool(w, "additionalProperties", false);
        put_required(w, layout);
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        jsonw_key(w, "event");
        jsonw_open_object(w);
        jsonw_put_string(w, "const", type->name);
        jsonw_put_string(w, "description", "The event type; may be left out here, since the address says it.");
        jsonw_close_object(w);
        jsonw_key(w, "key");
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "string");
        jsonw_put_string(w, "description", "The key of the record; may be left out, since it is the case_id.");
        jsonw_close_object(w);
        for (size_t i = 0; i < layout->n; i++) {
                jsonw_key(w, layout->fields[i].name);
                put_field(w, &layout->fields[i]);
        }
        jsonw_close_object(w);
        put_examples(w, config, type, false);
        jsonw_close_object(w);
}

static void put_attribute(struct json_writer *w, const char *name, const char *keyword, const char *value, const char *doc) {
        jsonw_key(w, name);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "string");
        jsonw_put_string(w, keyword, value);
        jsonw_put_string(w, "description", doc);
        jsonw_close_object(w);
}

static void put_cloudevent_schema(struct json_writer *w, const struct openapi_config *config, const struct event_type *type) {
        static const char *const required[] = {"specversion", "id", "source", "type", "data"};
        char name[REFERENCE_MAX], of_event[EVENT_HEADER_TYPE_MAX];

        (void) snprintf(name, sizeof(name), "%s-cloudevent", type->name);
        jsonw_key(w, name);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description", "The same event as a CloudEvent (NL GOV profile), structured mode.");
        jsonw_key(w, "required");
        jsonw_open_array(w);
        for (size_t i = 0; i < ELEMENTS(required); i++)
                jsonw_string(w, required[i]);
        jsonw_close_array(w);
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        event_header_type(type->name, of_event);
        put_attribute(w, "specversion", "const", EVENT_SPECVERSION, "CloudEvents 1.0.");
        put_attribute(w, "id", "pattern", UUID_PATTERN, "The event_id.");
        put_attribute(w, "source", "format", "uri-reference", "The URN of the organisation whose token is used.");
        put_attribute(w, "type", "const", of_event, "The event type.");
        put_attribute(w, "time", "format", "date-time", "When the source wrote it down.");
        put_attribute(w, "datacontenttype", "const", "application/json", "Always JSON.");
        jsonw_key(w, "data");
        put_reference(w, "schemas", type->name, "");
        jsonw_close_object(w);
        put_examples(w, config, type, true);
        jsonw_close_object(w);
}

static void put_text_property(struct json_writer *w, const char *name, const char *type, const char *doc) {
        jsonw_key(w, name);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", type);
        jsonw_put_string(w, "description", doc);
        jsonw_close_object(w);
}

static void put_problem_schema(struct json_writer *w) {
        jsonw_key(w, "problem");
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description", "Problem details (RFC 9457).");
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        put_text_property(w, "type", "string", "A URN that never changes: " PROBLEM_URN "…");
        put_text_property(w, "title", "string", "The kind of problem, for a person.");
        put_text_property(w, "status", "integer", "The HTTP status once more.");
        put_text_property(w, "detail", "string", "What is wrong in this request. Never repeats personal data.");
        put_text_property(w, "code", "string", "The same as one word, as in dead letters and event-refused.");
        put_text_property(w, "field", "string", "The field or attribute at fault.");
        jsonw_key(w, "errors");
        jsonw_raw(w, "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/mistake\"},\"description\":"
                     "\"Every mistake, the first of which is the problem itself.\"}");
        put_text_property(w, "more", "integer", "How many mistakes are not told.");
        jsonw_close_object(w);
        jsonw_close_object(w);
}

/* -- Responses -- */

static void put_response(struct json_writer *w, unsigned status) {
        CLEANUP(buffer_done) struct buffer doc = BUFFER_INIT(4096);
        char name[16];

        for (enum problem_kind k = PROBLEM_NONE + 1; k < PROBLEMS; k++) {
                if (problem_rows[k].status == status)
                        buffer_printf(&doc, "%s%s: %s.", doc.n > 0 ? " " : "", problem_rows[k].code, problem_rows[k].title);
        }
        (void) snprintf(name, sizeof(name), "%u", status);
        jsonw_key(w, name);
        jsonw_open_object(w);
        jsonw_put_string(w, "description", buffer_text(&doc));
        if (status == 503) {
                jsonw_key(w, "headers");
                jsonw_raw(w, "{\"Retry-After\":{\"description\":\"Seconds to wait before asking or posting again, with the same event_id.\","
                             "\"schema\":{\"type\":\"integer\"}}}");
        }
        jsonw_key(w, "content");
        jsonw_open_object(w);
        jsonw_key(w, PROBLEM_CONTENT_TYPE);
        jsonw_open_object(w);
        jsonw_key(w, "schema");
        put_reference(w, "schemas", "problem", "");
        jsonw_close_object(w);
        jsonw_close_object(w);
        jsonw_close_object(w);
}

static void put_components(struct json_writer *w, const struct openapi_config *config) {
        const struct event_types *types = config->types;

        jsonw_key(w, "components");
        jsonw_open_object(w);
        jsonw_key(w, "securitySchemes");
        jsonw_raw(w, "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":"
                     "\"One token for each organisation; it says whose events these are.\"}}");
        jsonw_key(w, "responses");
        jsonw_open_object(w);
        for (size_t i = 0; i < ELEMENTS(statuses); i++)
                put_response(w, statuses[i]);
        put_response(w, STATUS_OF_QUESTIONS);
        jsonw_close_object(w);
        jsonw_key(w, "schemas");
        jsonw_open_object(w);
        put_problem_schema(w);
        jsonw_key(w, "mistake");
        jsonw_raw(w, mistake_schema);
        jsonw_key(w, "accepted");
        jsonw_raw(w, accepted_schema);
        jsonw_key(w, "fate");
        jsonw_raw(w, fate_schema);
        for (size_t i = 0; i < event_types_count(types); i++) {
                if (event_types_at(types, i)->output)
                        continue;
                put_event_schema(w, config, event_types_at(types, i));
                if (!config->json_only)
                        put_cloudevent_schema(w, config, event_types_at(types, i));
        }
        jsonw_close_object(w);
        jsonw_close_object(w);
}

/* -- Paths -- */

static void put_content(struct json_writer *w, const char *media_type, const char *name, const char *suffix) {
        jsonw_key(w, media_type);
        jsonw_open_object(w);
        jsonw_key(w, "schema");
        put_reference(w, "schemas", name, suffix);
        jsonw_close_object(w);
}

static void put_publishers(struct json_writer *w, const struct event_type *type) {
        CLEANUP(buffer_done) struct buffer doc = BUFFER_INIT(65536);

        buffer_printf(&doc, "%s\n\nPublished by: ", schema_root(type->file)->doc);
        for (int kind = 0, n = 0; kind < KINDS; kind++) {
                if (type->publishers & 1u << kind)
                        buffer_printf(&doc, "%s%s", n++ > 0 ? ", " : "", organisation_kind_names[kind]);
        }
        buffer_add_byte(&doc, '.');
        jsonw_put_string(w, "description", buffer_text(&doc));
}

static void put_responses(struct json_writer *w, const char *good, const char *answer, const unsigned *bad, size_t n) {
        char status[16];

        jsonw_key(w, "responses");
        jsonw_open_object(w);
        jsonw_key(w, good);
        jsonw_raw(w, answer);
        for (size_t i = 0; i < n; i++) {
                (void) snprintf(status, sizeof(status), "%u", bad[i]);
                jsonw_key(w, status);
                put_reference(w, "responses", status, "");
        }
        jsonw_close_object(w);
}

/* A path that is read: what @operation says of it, members without braces. */
static void put_asked_path(struct json_writer *w, const char *path, const char *operation, const char *answer) {
        CLEANUP(buffer_done) struct buffer get = BUFFER_INIT(65536);
        struct json_writer inner = JSON_WRITER(&get);

        buffer_printf(&get, "{%s,", operation);
        put_responses(&inner, "200", answer, asked_statuses, ELEMENTS(asked_statuses));
        buffer_add_byte(&get, '}');
        jsonw_key(w, path);
        jsonw_open_object(w);
        jsonw_key(w, "get");
        jsonw_raw(w, buffer_text(&get));
        jsonw_close_object(w);
}

static void put_asked_paths(struct json_writer *w) {
        char inbox[sizeof(inbox_path) + 64];

        (void) snprintf(inbox, sizeof(inbox), inbox_path, INBOX_PAGE_MAX, INBOX_PAGE_DEFAULT, DESK_WAIT_MAX_MS / 1000);
        put_asked_path(w, "/events/{event_id}", fate_path, fate_answer);
        put_asked_path(w, "/inbox", inbox, inbox_answer);
}

static void put_path(struct json_writer *w, const struct event_type *type, bool json_only) {
        static const char accepted[] = "{\"description\":\"All replicas of the broker have the event. Posting it again is harmless: it counts once.\","
                                       "\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/accepted\"}}}}";
        char path[REFERENCE_MAX];

        (void) snprintf(path, sizeof(path), "/events/%s", type->name);
        jsonw_key(w, path);
        jsonw_open_object(w);
        jsonw_key(w, "post");
        jsonw_open_object(w);
        jsonw_put_string(w, "operationId", type->name);
        jsonw_put_string(w, "summary", type->name);
        put_publishers(w, type);
        jsonw_key(w, "requestBody");
        jsonw_open_object(w);
        jsonw_put_bool(w, "required", true);
        jsonw_key(w, "content");
        jsonw_open_object(w);
        put_content(w, "application/json", type->name, "");
        if (!json_only)
                put_content(w, "application/cloudevents+json", type->name, "-cloudevent");
        jsonw_close_object(w);
        jsonw_close_object(w);
        put_responses(w, "202", accepted, statuses, ELEMENTS(statuses));
        jsonw_close_object(w);
        jsonw_close_object(w);
}

/* -- Who and where -- */

/* The ids that a field which names an organisation can have. The operators alone have no name that others know them by. */
static void put_organisations(struct json_writer *w, const struct organisations *orgs) {
        jsonw_key(w, "x-organisations");
        jsonw_open_array(w);
        for (size_t i = 0; i < organisations_count(orgs); i++) {
                const struct organisation *org = organisations_at(orgs, i);

                jsonw_open_object(w);
                jsonw_put_string(w, "id", org->id);
                jsonw_put_string(w, "name", org->name);
                jsonw_put_string(w, "kind", organisation_kind_names[org->kind]);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

/* A region is a case too: its case_id, and how it is made. */
static void put_regions(struct json_writer *w, const struct organisations *orgs) {
        char id[UUID_TEXT + 1];

        uuid_format(&uuid_namespace_ketenwacht, id);
        jsonw_put_string(w, "x-case-namespace", id);
        jsonw_key(w, "x-regions");
        jsonw_open_array(w);
        for (size_t i = 0; i < regions_count(orgs); i++) {
                const struct region *region = regions_at(orgs, i);

                uuid_format(&region->case_id, id);
                jsonw_open_object(w);
                jsonw_put_string(w, "id", region->id);
                jsonw_put_string(w, "name", region->name);
                jsonw_put_string(w, "case_id", id);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

void openapi_write(const struct openapi_config *config, struct buffer *out) {
        const struct event_types *types = config->types;
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "openapi", "3.1.0");
        jsonw_key(&w, "info");
        jsonw_open_object(&w);
        jsonw_put_string(&w, "title", "ketenwacht: events of youth protection");
        jsonw_put_string(&w, "version", config->version);
        jsonw_put_string(&w, "description",
                         "Organisations post here what has happened in their cases. The same event may be posted again, with the same "
                         "event_id: it counts once. When the outcome of a post is unknown, post it again. x-organisations lists whom a field can name, "
                         "x-regions the regions with the case_id of their events: the version 5 UUID of region|<id> in x-case-namespace.");
        jsonw_close_object(&w);
        jsonw_key(&w, "servers");
        jsonw_raw(&w, "[{\"url\":\"/\",\"description\":\"Where this document was read.\"}]");
        jsonw_key(&w, "security");
        jsonw_raw(&w, "[{\"token\":[]}]");
        jsonw_key(&w, "paths");
        jsonw_open_object(&w);
        for (size_t i = 0; i < event_types_count(types); i++) {
                if (!event_types_at(types, i)->output)
                        put_path(&w, event_types_at(types, i), config->json_only);
        }
        put_asked_paths(&w);
        jsonw_close_object(&w);
        put_components(&w, config);
        put_organisations(&w, config->organisations);
        put_regions(&w, config->organisations);
        jsonw_close_object(&w);
}
