/* SPDX-License-Identifier: EUPL-1.2 */

/* The OpenAPI document, written from the schemas and the table of problems. */

#include "connect/openapi.h"

#include <stdio.h>

#include "base/json.h"
#include "cluster/event_record.h"
#include "connect/cloudevent.h"
#include "connect/desk.h"
#include "connect/event_schema.h"
#include "connect/intake.h"
#include "connect/openapi_parts.h"
#include "connect/problem.h"

#define REFERENCE_MAX OPENAPI_REFERENCE_MAX
#define SCHEMAS "#/components/schemas/"

/* Statuses that a post may be answered with, beside 202; every problem row of that status is named. */
static const unsigned statuses[] = {400, 401, 403, 404, 405, 413, 415, 422, 500, 503};
/* And a question, beside 200. */
static const unsigned asked_statuses[] = {400, 401, 404, 405, 410, 500, 503};
#define STATUS_OF_QUESTIONS 410 /* the one that no post has */

/* Names of schemas of ours: two hyphens, as event_schema.h says. */
#define ANSWER_ACCEPTED "answer--accepted"
#define ANSWER_FATE "answer--fate"
#define ANSWER_MESSAGE "answer--message"
#define ANSWER_MISTAKE "answer--mistake"
#define ANSWER_PROBLEM "answer--problem"

/* What is asked. The state of an event stands in it twice: of the event, and of each time that it was posted. */
#define FATE_STATE \
        "\"state\":{\"type\":\"string\",\"enum\":[\"waiting\",\"fact\",\"duplicate\",\"refused\"]}," \
        "\"code\":{\"type\":\"string\",\"description\":\"Why it was refused, as in event-refused.\"},\"text\":{\"type\":\"string\"}," \
        "\"answered_at\":{\"type\":\"string\",\"format\":\"date-time\"}"
static const char accepted_schema[] =
        "{\"type\":\"object\",\"description\":\"The broker has the event.\",\"required\":[\"event_id\"],\"properties\":"
        "{\"event_id\":{\"type\":\"string\",\"format\":\"uuid\",\"description\":\"Of the event: what became of it is asked by this.\"}}}";
static const char mistake_schema[] =
        "{\"type\":\"object\",\"description\":\"One thing that is wrong with what was posted.\",\"required\":[\"detail\",\"code\"],"
        "\"properties\":{\"pointer\":{\"type\":\"string\","
        "\"description\":\"JSON pointer to the field in the body; none for a ce- header.\"},\"detail\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},"
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
        "\"operationId\":\"what-became-of--event\",\"summary\":\"What became of an event of the caller's\","
        "\"description\":\"Whether it waits, counts as a fact, repeats another or was refused, by the event_id under which it was posted.\","
        "\"parameters\":[{\"name\":\"event_id\",\"in\":\"path\",\"required\":true,\"description\":\"The event_id of the event.\","
        "\"schema\":{\"type\":\"string\",\"format\":\"uuid\",\"pattern\":\"" EVENT_SCHEMA_UUID_PATTERN "\"}}]";
static const char fate_answer[] =
        "{\"description\":\"Where it stands, why it was refused, and who was told. 404 also for events of others.\",\"content\":"
        "{\"application/json\":{\"schema\":{\"$ref\":\"" SCHEMAS ANSWER_FATE "\"}}}}";
static const char inbox_path[] =
        "\"operationId\":\"inbox--page\",\"summary\":\"A page of the caller's inbox\","
        "\"description\":\"What was told to the caller, oldest first. The link of an answer leads to what comes behind it, also when that page was empty.\","
        "\"parameters\":["
        "{\"name\":\"after\",\"in\":\"query\",\"schema\":{\"type\":\"string\"},\"description\":\"The place behind the page before, as its link gives it.\"},"
        "{\"name\":\"limit\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d},"
        "\"description\":\"Events of a page at most; it also ends behind 2 MB.\"},"
        "{\"name\":\"wait\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":%d,\"default\":0},"
        "\"description\":\"Seconds for which an empty page is held back in case something comes.\"}]";
static const char inbox_answer[] =
        "{\"description\":\"A batch of CloudEvents, oldest first; empty when there is nothing new.\","
        "\"headers\":{\"Link\":{\"description\":\"The address of the next page, with rel=next.\",\"schema\":{\"type\":\"string\"}}},"
        "\"content\":{\"" CLOUDEVENT_BATCH_MEDIA_TYPE "\":{\"schema\":{\"type\":\"array\",\"items\":{\"$ref\":\"" SCHEMAS ANSWER_MESSAGE "\"}}}}}";
/* -- Binary mode -- */

/*
 * Binary mode: with the first of these the body is the event, as with application/json alone, and the rest of the attributes are headers. The type
 * differs from address to address.
 */
#define ENCODED " Percent-encoded, as all ce- headers: blanks, quotation marks, per cent signs, and whatever is no printable ASCII."
static const char binary_parameters[] =
        "{\"ce-specversion\":{\"name\":\"ce-specversion\",\"in\":\"header\",\"schema\":{\"const\":\"" EVENT_SPECVERSION "\"},"
        "\"description\":\"Makes it a CloudEvent in binary mode, with Content-Type application/json and the event as the body; then ce-id, ce-source and "
        "ce-type are needed too. In structured mode these headers may repeat what the body says." ENCODED "\"},"
        "\"ce-id\":{\"name\":\"ce-id\",\"in\":\"header\",\"schema\":{\"type\":\"string\",\"pattern\":\"" EVENT_SCHEMA_UUID_PATTERN "\"},"
        "\"description\":\"Binary mode: the event_id of the body.\"},"
        "\"ce-source\":{\"name\":\"ce-source\",\"in\":\"header\",\"schema\":{\"type\":\"string\",\"format\":\"uri-reference\"},"
        "\"description\":\"Binary mode: the organisation whose token is used, its urn or its id." ENCODED "\"},"
        "\"ce-time\":{\"name\":\"ce-time\",\"in\":\"header\",\"schema\":{\"type\":\"string\",\"format\":\"date-time\",\"pattern\":\""
        EVENT_SCHEMA_INSTANT_PATTERN "\"},\"description\":\"Binary mode: recorded_at of the body; read and not used, as time in structured mode.\"},"
        "\"traceparent\":{\"name\":\"traceparent\",\"in\":\"header\",\"schema\":{\"type\":\"string\"},"
        "\"description\":\"A W3C trace context, passed on when it is one.\"}}";

/* The headers of a post that may be given beside the body. */
static void put_binary_parameters(struct json_writer *w, const struct event_type *type) {
        static const char *const shared[] = {"ce-specversion", "ce-id", "ce-source", "ce-time", "traceparent"};
        char of_event[EVENT_HEADER_TYPE_MAX];

        event_header_type(type->name, of_event);
        jsonw_key(w, "parameters");
        jsonw_open_array(w);
        for (size_t i = 0; i < ELEMENTS(shared); i++)
                openapi_reference(w, "parameters", shared[i], "");
        jsonw_open_object(w);
        jsonw_put_string(w, "name", "ce-type");
        jsonw_put_string(w, "in", "header");
        jsonw_put_string(w, "description", "Binary mode: the event type.");
        jsonw_key(w, "schema");
        jsonw_open_object(w);
        jsonw_put_string(w, "const", of_event);
        jsonw_close_object(w);
        jsonw_close_object(w);
        jsonw_close_array(w);
}

/* -- Schemas of answers -- */

static void put_problem_schema(struct json_writer *w) {
        jsonw_key(w, ANSWER_PROBLEM);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description", "Problem details (RFC 9457).");
        jsonw_key(w, "required");
        jsonw_raw(w, "[\"type\",\"title\",\"status\",\"code\"]");
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        openapi_property(w, "type", "string", "A URN that never changes: " PROBLEM_URN "…");
        openapi_property(w, "title", "string", "The kind of problem, for a person.");
        openapi_property(w, "status", "integer", "The HTTP status once more.");
        openapi_property(w, "detail", "string", "What is wrong in this request. Never repeats personal data.");
        openapi_property(w, "code", "string", "The same as one word, as in dead letters and event-refused.");
        openapi_property(w, "field", "string", "The field or attribute at fault.");
        jsonw_key(w, "errors");
        jsonw_raw(w, "{\"type\":\"array\",\"items\":{\"$ref\":\"" SCHEMAS ANSWER_MISTAKE "\"},\"description\":"
                     "\"Every mistake, the first of which is the problem itself.\"}");
        openapi_property(w, "more", "integer", "How many mistakes are not told.");
        openapi_property(w, "next", "string", "With CURSOR_GONE: the address at which the inbox goes on.");
        openapi_property(w, "from", "integer", "With CURSOR_GONE: the first place that is gone unread.");
        openapi_property(w, "to", "integer", "With CURSOR_GONE: the last such place.");
        jsonw_close_object(w);
        jsonw_close_object(w);
}

/* What stands in a page of an inbox: of whichever type, what organisations posted and what ketenwacht tells. */
static void put_message_schema(struct json_writer *w, const struct openapi_config *config) {
        jsonw_key(w, ANSWER_MESSAGE);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description", "A CloudEvent of an inbox, as webhook posts it too.");
        jsonw_key(w, "required");
        jsonw_raw(w, "[\"specversion\",\"id\",\"source\",\"type\"]");
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        jsonw_key(w, "specversion");
        jsonw_raw(w, "{\"const\":\"" EVENT_SPECVERSION "\"}");
        openapi_property(w, "id", "string", "The event_id: by it and source a repetition is known.");
        openapi_property(w, "source", "string", "Whose event it is, as a URN.");
        openapi_property(w, "type", "string", "nl.ketenwacht.<event>.v1");
        jsonw_key(w, "time");
        jsonw_raw(w, "{\"type\":\"string\",\"format\":\"date-time\",\"description\":\"When its source wrote it down: recorded_at of the data, where "
                     "occurred_at says when it happened.\"}");
        openapi_property(w, "datacontenttype", "string", "application/json; of what no schema here can read application/avro.");
        openapi_property(w, "traceparent", "string", "A W3C trace context, when it came with one.");
        openapi_property(w, "data_base64", "string", "In the place of data: an event that no schema here can read, as it is.");
        jsonw_key(w, "data");
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_put_string(w, "description", "The event: its fields are those of the schema that is called as the event in type.");
        if (!config->json_only) {
                jsonw_key(w, "anyOf");
                jsonw_open_array(w);
                for (size_t i = 0; i < event_types_count(config->types); i++)
                        openapi_reference(w, "schemas", event_types_at(config->types, i)->name, "");
                jsonw_close_array(w);
        }
        jsonw_close_object(w);
        jsonw_close_object(w);
        jsonw_close_object(w);
}

/* -- Responses -- */

/* Beside the language of what is said: what a client can act on. */
static void put_response_headers(struct json_writer *w, unsigned status) {
        static const struct {
                unsigned status;
                const char *name, *header;
        } rows[] = {
                {401, "WWW-Authenticate", "{\"description\":\"Bearer.\",\"schema\":{\"type\":\"string\"}}"},
                {405, "Allow", "{\"description\":\"The methods that go with this address.\",\"schema\":{\"type\":\"string\"}}"},
                {503, "Retry-After", "{\"description\":\"Seconds to wait before asking or posting again, with the same event_id.\","
                                     "\"schema\":{\"type\":\"integer\"}}"},
        };

        jsonw_key(w, "headers");
        jsonw_open_object(w);
        jsonw_key(w, "Content-Language");
        jsonw_raw(w, "{\"description\":\"Of title and detail: en, or nl when Accept-Language asks for it.\",\"schema\":{\"type\":\"string\"}}");
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (rows[i].status != status)
                        continue;
                jsonw_key(w, rows[i].name);
                jsonw_raw(w, rows[i].header);
        }
        jsonw_close_object(w);
}

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
        put_response_headers(w, status);
        jsonw_key(w, "content");
        jsonw_open_object(w);
        jsonw_key(w, PROBLEM_CONTENT_TYPE);
        jsonw_open_object(w);
        jsonw_key(w, "schema");
        openapi_reference(w, "schemas", ANSWER_PROBLEM, "");
        jsonw_close_object(w);
        jsonw_close_object(w);
        jsonw_close_object(w);
}

/* What organisations post, and what ketenwacht itself tells them. */
static void put_event_schemas(struct json_writer *w, const struct openapi_config *config, const struct event_type *type) {
        const struct event_schema_config schemas = {config->organisations, config->callers, config->day, config->json_only};
        char reference[REFERENCE_MAX], name[REFERENCE_MAX];

        jsonw_key(w, type->name);
        event_schema_write(&schemas, type, w);
        if (type->output || config->json_only)
                return;
        (void) snprintf(name, sizeof(name), "%s" EVENT_SCHEMA_CLOUDEVENT, type->name);
        (void) snprintf(reference, sizeof(reference), SCHEMAS "%s", type->name);
        jsonw_key(w, name);
        event_schema_write_cloudevent(&schemas, type, reference, w);
}

static void put_components(struct json_writer *w, const struct openapi_config *config) {
        static const char *const answers[][2] = {
                {ANSWER_MISTAKE, mistake_schema}, {ANSWER_ACCEPTED, accepted_schema}, {ANSWER_FATE, fate_schema}};
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
        put_message_schema(w, config);
        for (size_t i = 0; i < ELEMENTS(answers); i++) {
                jsonw_key(w, answers[i][0]);
                jsonw_raw(w, answers[i][1]);
        }
        for (size_t i = 0; i < event_types_count(types); i++)
                put_event_schemas(w, config, event_types_at(types, i));
        jsonw_close_object(w);
        if (!config->json_only) {
                jsonw_key(w, "parameters");
                jsonw_raw(w, binary_parameters);
        }
        jsonw_close_object(w);
}

/* -- Paths -- */

static void put_content(struct json_writer *w, const char *media_type, const char *name, const char *suffix) {
        jsonw_key(w, media_type);
        jsonw_open_object(w);
        jsonw_key(w, "schema");
        openapi_reference(w, "schemas", name, suffix);
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
                openapi_reference(w, "responses", status, "");
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

static const char body_description[] =
        "Content-Type says what it is and is needed: application/json is the event itself (with ce- headers a CloudEvent in binary mode), "
        CLOUDEVENT_MEDIA_TYPE " a CloudEvent in structured mode; UTF-8, not compressed. A batch (" CLOUDEVENT_BATCH_MEDIA_TYPE
        ") is not taken (415 BATCH): post each event by itself.";

static void put_path(struct json_writer *w, const struct event_type *type, bool json_only) {
        static const char accepted[] = "{\"description\":\"All replicas of the broker have the event. Posting it again is harmless: it counts once.\","
                                       "\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"" SCHEMAS ANSWER_ACCEPTED "\"}}}}";
        char path[REFERENCE_MAX];

        (void) snprintf(path, sizeof(path), "/events/%s", type->name);
        jsonw_key(w, path);
        jsonw_open_object(w);
        jsonw_key(w, "post");
        jsonw_open_object(w);
        jsonw_put_string(w, "operationId", type->name);
        jsonw_put_string(w, "summary", type->name);
        put_publishers(w, type);
        if (!json_only)
                put_binary_parameters(w, type);
        jsonw_key(w, "requestBody");
        jsonw_open_object(w);
        jsonw_put_bool(w, "required", true);
        jsonw_put_string(w, "description", json_only ? "The event, as application/json." : body_description);
        jsonw_key(w, "content");
        jsonw_open_object(w);
        put_content(w, "application/json", type->name, "");
        if (!json_only)
                put_content(w, CLOUDEVENT_MEDIA_TYPE, type->name, EVENT_SCHEMA_CLOUDEVENT);
        jsonw_close_object(w);
        jsonw_close_object(w);
        put_responses(w, "202", accepted, statuses, ELEMENTS(statuses));
        jsonw_close_object(w);
        jsonw_close_object(w);
}

/* -- Who and where -- */

/* The ids that a field which names an organisation can have, and what each is called as the source of a CloudEvent; ketenwacht itself apart. */
static void put_organisations(struct json_writer *w, const struct organisations *orgs) {
        jsonw_put_string(w, "x-source", organisations_broker_urn(orgs));
        jsonw_key(w, "x-organisations");
        jsonw_open_array(w);
        for (size_t i = 0; i < organisations_count(orgs); i++) {
                const struct organisation *org = organisations_at(orgs, i);

                jsonw_open_object(w);
                jsonw_put_string(w, "id", org->id);
                jsonw_put_string(w, "name", org->name);
                jsonw_put_string(w, "kind", organisation_kind_names[org->kind]);
                jsonw_put_string(w, "urn", org->urn);
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
        jsonw_put_string(&w, "openapi", OPENAPI_VERSION);
        openapi_info(&w, "ketenwacht: events of youth protection", config->version,
                     "Organisations post here what has happened in their cases. The same event may be posted again, with the same "
                     "event_id: it counts once. When the outcome of a post is unknown, post it again. x-organisations lists whom a field can name "
                     "(fields with x-organisation) and the urn that each has as the source of a CloudEvent, x-source that of ketenwacht itself, "
                     "x-regions the regions with the case_id of their events: the version 5 UUID of region|<id> in "
                     "x-case-namespace. Dates are of the years 1900 to 2200, instants of 2000 to 2200 in UTC, with an offset. A body is a JSON object of "
                     "at most 64 KiB without a NUL in any text. Each event has an example that is taken as it stands. ?media=json gives this document "
                     "with plain JSON alone, for generators of clients. Titles and details are Dutch with Accept-Language: nl.");
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
