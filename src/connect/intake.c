/* SPDX-License-Identifier: EUPL-1.2 */

/* The body of a request, in three forms, to one event; every mistake with its place. */

#include "connect/intake.h"

#include <string.h>
#include <strings.h>

#include "base/json_read.h"
#include "cluster/event_record.h"
#include "connect/cloudevent.h"
#include "connect/trace.h"
#include "model/event_json.h"

/* One request on its way through. */
struct reading {
        const struct intake_request *request;
        const struct organisations *orgs;
        struct arena *arena;
        struct intake *ret;
        struct event_mistakes m; /* told in the problem */
};

/* A text in the language of whoever asks. */
#define SAID(r, en, nl) IN_LANGUAGE((r)->m.language, en, nl)

/* -- Media types -- */

static struct text trimmed(struct text t) {
        while (t.n > 0 && (t.s[0] == ' ' || t.s[0] == '\t'))
                t = (struct text){t.s + 1, t.n - 1};
        while (t.n > 0 && (t.s[t.n - 1] == ' ' || t.s[t.n - 1] == '\t'))
                t.n--;
        return t;
}

static bool intake_is_word(struct text t, const char *word) {
        return t.n == strlen(word) && strncasecmp(t.s, word, t.n) == 0;
}

/* A parameter that we know, or one that says nothing about the bytes. */
static bool parameter_taken(struct text t) {
        static const char charset[] = "charset=";

        if (t.n < sizeof(charset) - 1 || strncasecmp(t.s, charset, sizeof(charset) - 1) != 0)
                return true;
        t = (struct text){t.s + sizeof(charset) - 1, t.n - (sizeof(charset) - 1)};
        return intake_is_word(t, "utf-8") || intake_is_word(t, "\"utf-8\"");
}

static bool split_media_type(const char *content_type, struct text *ret) {
        struct text rest = text_of(content_type);
        bool first = true;

        while (rest.n > 0 || first) {
                const char *end = rest.n > 0 ? memchr(rest.s, ';', rest.n) : NULL;
                struct text part = trimmed((struct text){rest.s, end ? (size_t)(end - rest.s) : rest.n});

                if (first)
                        *ret = part;
                else if (!parameter_taken(part))
                        return false;
                first = false;
                rest = end ? (struct text){end + 1, rest.n - (size_t)(end + 1 - rest.s)} : (struct text){0};
        }
        return true;
}

enum problem_kind intake_media_type(const char *content_type, enum intake_form *ret) {
        struct text type;

        if (!content_type || !split_media_type(content_type, &type))
                return PROBLEM_MEDIA_TYPE;
        if (intake_is_word(type, CLOUDEVENT_BATCH_MEDIA_TYPE))
                return PROBLEM_BATCH;
        *ret = intake_is_word(type, "application/json") ? INTAKE_PLAIN : INTAKE_STRUCTURED;
        return *ret == INTAKE_PLAIN || intake_is_word(type, CLOUDEVENT_MEDIA_TYPE) ? PROBLEM_NONE : PROBLEM_MEDIA_TYPE;
}

/* -- Who may -- */

bool intake_allowed(const struct event_type *type, const struct organisation *caller, enum language language, struct problem *ret) {
        struct event_mistakes m = problem_mistakes(ret, language);

        return event_type_judge_kind(type, caller, NULL, &m) || problem_of_mistakes(ret, &m);
}

/* -- The event itself -- */

static void judge_event_word(struct reading *r, const json_t *object) {
        const json_t *event = json_object_get(object, "event");
        const char *name = r->request->type->name;

        if (event && !json_is_null(event) && !(json_is_string(event) && strcmp(json_string_value(event), name) == 0))
                event_mistakes_add(&r->m, REFUSAL_BAD_VALUE, "event",
                                   SAID(r, "event: this address takes %s; leave event out, or post to its own address",
                                        "event: dit adres neemt %s aan; laat event weg, of stuur het naar het adres dat erbij hoort"),
                                   name);
}

/* The record's key, when the body says one (generated clients say null for what they leave out); it may only be the case_id. */
static void judge_key(struct reading *r, const json_t *object) {
        const struct event *event = &r->ret->event;
        const json_t *key = json_object_get(object, "key");
        char case_id[UUID_TEXT + 1];

        if (key && !json_is_null(key) && !json_is_string(key))
                event_mistakes_add(&r->m, REFUSAL_BAD_VALUE, "key", SAID(r, "key: must be a string", "key: moet een tekst zijn, tussen aanhalingstekens"));
        if (!event_mistakes_clear(&r->m, SLOT_CASE_ID))
                return;
        uuid_format(&event->slots[SLOT_CASE_ID].u, case_id);
        if (json_is_string(key) && strcmp(json_string_value(key), case_id) != 0)
                event_mistakes_add(&r->m, REFUSAL_KEY_MISMATCH, "key", 
                                   SAID(r, "key: must be the case_id; it may be left out", "key: moet de case_id zijn; key mag worden weggelaten"));
        event_judge_key(event, r->orgs, text_of(case_id), &r->m);
}

static void judge_caller(struct reading *r) {
        const struct event *event = &r->ret->event;
        struct text source = event->slots[SLOT_SOURCE].s;

        if (event_mistakes_clear(&r->m, SLOT_SOURCE) && organisations_find(r->orgs, source) && !text_is(source, r->request->caller->id))
                event_mistakes_add_slot(&r->m, event->type, SLOT_SOURCE, REFUSAL_NOT_ALLOWED,
                                        SAID(r, "source: this token is that of %s", "source: dit token is van %s"), r->request->caller->id);
        event_judge_publisher(event, r->orgs, &r->m);
}

static void judge_object(struct reading *r, const json_t *object, const char *within) {
        static const char *const also[] = {"event", "key", NULL};
        struct event *event = &r->ret->event;

        r->m.within = within;
        judge_event_word(r, object);
        if (!event_read_json(r->request->type, r->orgs, object, also, r->arena, event, &r->m))
                return;
        event_judge_recorded(event, r->request->now, &r->m);
        judge_caller(r);
        judge_key(r, object);
}

/* -- CloudEvents -- */

static const char attribute_told[] = "told"; /* stands for an attribute of which something was said: nothing more is */

static void refuse_attribute(struct reading *r, const char *name, const char *en, const char *nl) {
        event_mistakes_add(&r->m, REFUSAL_BAD_VALUE, name, "%s: %s", name, SAID(r, en, nl));
}

/* The attributes say the same as the event. @within: where they stand, NULL in headers. */
static void judge_attributes(struct reading *r, const struct intake_attributes *a, const char *within) {
        const struct organisation *caller = r->request->caller;
        char type[EVENT_HEADER_TYPE_MAX];
        instant_t at;

        r->m.within = within;
        event_header_type(r->request->type->name, type);
        if (a->specversion != attribute_told && (!a->specversion || strcmp(a->specversion, EVENT_SPECVERSION) != 0))
                refuse_attribute(r, "specversion", "must be " EVENT_SPECVERSION, "moet " EVENT_SPECVERSION " zijn");
        if (a->type != attribute_told && (!a->type || strcmp(a->type, type) != 0))
                event_mistakes_add(&r->m, REFUSAL_BAD_VALUE, "type", SAID(r, "type: must be %s at this address", "type: moet op dit adres %s zijn"), type);
        if (a->source != attribute_told && (!a->source || (strcmp(a->source, caller->urn) != 0 && strcmp(a->source, caller->id) != 0)))
                event_mistakes_add(&r->m, a->source ? REFUSAL_NOT_ALLOWED : REFUSAL_BAD_VALUE, "source",
                                   SAID(r, "source: must be %s, of whom this token is", "source: moet %s zijn, van wie dit token is"), caller->urn);
        if (a->time && a->time != attribute_told && !instant_parse(text_of(a->time), &at))
                refuse_attribute(r, "time", "is not an instant in RFC 3339", "is geen tijdstip volgens RFC 3339");
        if (!a->id)
                refuse_attribute(r, "id", "is missing; it is the event_id", "ontbreekt; het is de event_id");
}

/* After the event was read: the id is that of the data. */
static void judge_id(struct reading *r, const struct intake_attributes *a, const char *within) {
        char id[UUID_TEXT + 1];

        if (!a->id || a->id == attribute_told || !r->ret->event.slots || !event_mistakes_clear(&r->m, SLOT_EVENT_ID))
                return;
        r->m.within = within;
        uuid_format(&r->ret->event.slots[SLOT_EVENT_ID].u, id);
        if (strcmp(a->id, id) != 0)
                refuse_attribute(r, "id", "must be the event_id of the data", "moet de event_id van de gegevens zijn");
}

/* A string attribute, or NULL when absent, which null stands for too; one of another type is a mistake, and attribute_told. */
static const char *get_attribute(struct reading *r, const json_t *object, const char *name) {
        const json_t *value = json_object_get(object, name);

        if (!value || json_is_null(value) || json_is_string(value))
                return json_string_value(value);
        refuse_attribute(r, name, "must be a string", "moet een tekst zijn, tussen aanhalingstekens");
        return attribute_told;
}

/* What a header says. NULL: absent. */
static const char *get_header(struct reading *r, const char *value) {
        char *ret = value ? arena_alloc(r->arena, strlen(value) + 1) : NULL;

        if (ret)
                cloudevent_header_read(value, ret);
        return ret;
}

static struct intake_attributes get_headers(struct reading *r) {
        const struct intake_attributes *said = &r->request->attributes;

        return (struct intake_attributes){get_header(r, said->specversion), get_header(r, said->id), get_header(r, said->source),
                                          get_header(r, said->type), get_header(r, said->time)};
}

/* In structured mode headers may repeat what the body says; they may not say otherwise. @a: of the body. */
static void judge_headers(struct reading *r, const struct intake_attributes *a) {
        const struct intake_attributes h = get_headers(r);
        const struct {
                const char *name, *header, *body;
        } rows[] = {{"specversion", h.specversion, a->specversion}, {"id", h.id, a->id}, {"source", h.source, a->source},
                    {"type", h.type, a->type}, {"time", h.time, a->time}};

        r->m.within = NULL;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (rows[i].header && rows[i].body != attribute_told && (!rows[i].body || strcmp(rows[i].header, rows[i].body) != 0))
                        refuse_attribute(r, rows[i].name, "the ce- header says otherwise than the body", "de ce- header zegt iets anders dan de inhoud");
        }
        r->m.within = ""; /* again in the body */
}

static void judge_structured(struct reading *r, const json_t *object) {
        const json_t *data = json_object_get(object, "data");
        const char *content_type, *trace;
        struct intake_attributes a;
        enum intake_form form;

        r->m.within = "";
        a.specversion = get_attribute(r, object, "specversion");
        a.id = get_attribute(r, object, "id");
        a.source = get_attribute(r, object, "source");
        a.type = get_attribute(r, object, "type");
        a.time = get_attribute(r, object, "time");
        content_type = get_attribute(r, object, "datacontenttype");
        trace = get_attribute(r, object, "traceparent");
        if (content_type && content_type != attribute_told && (intake_media_type(content_type, &form) || form != INTAKE_PLAIN))
                refuse_attribute(r, "datacontenttype", "must be application/json", "moet application/json zijn");
        judge_attributes(r, &a, "");
        judge_headers(r, &a);
        if (r->ret->traceparent.n == 0 && trace)
                r->ret->traceparent = text_of(trace);
        if (!data && json_object_get(object, "data_base64")) { /* what some SDKs make of bytes */
                refuse_attribute(r, "data_base64", "is not read; give the event as data, a JSON object and no bytes",
                                 "wordt niet gelezen; geef de gebeurtenis als data, een JSON-object en geen bytes");
                return;
        }
        if (!json_is_object(data)) {
                refuse_attribute(r, "data", "must be the event as a JSON object", "moet de gebeurtenis zijn, als JSON-object");
                return;
        }
        judge_object(r, data, "/data");
        judge_id(r, &a, "");
}

static void judge_binary(struct reading *r, const json_t *object) {
        const struct intake_attributes a = get_headers(r);

        judge_attributes(r, &a, NULL);
        judge_object(r, object, "");
        judge_id(r, &a, NULL);
}

/* Whether something says that it is a CloudEvent: who forgets one header is told so, and not taken for another form. */
static bool intake_is_binary(const struct intake_attributes *a) {
        return a->specversion || a->id || a->source || a->type || a->time;
}

bool intake_read(const struct intake_request *request, const struct organisations *orgs, struct arena *arena, struct intake *ret,
                 struct problem *problem) {
        struct reading r = {.request = request, .orgs = orgs, .arena = arena, .ret = ret, .m = problem_mistakes(problem, request->language)};

        *ret = (struct intake){.traceparent = request->traceparent};
        ret->json = json_read_object((struct text){request->body, request->n}, JSON_OF_BODY, request->language, &problem->detail);
        if (!ret->json) {
                problem->kind = PROBLEM_MALFORMED;
                return false;
        }
        if (request->form == INTAKE_STRUCTURED)
                judge_structured(&r, ret->json);
        else if (intake_is_binary(&request->attributes))
                judge_binary(&r, ret->json);
        else
                judge_object(&r, ret->json, "");
        if (ret->traceparent.n > 0 && !trace_valid(ret->traceparent))
                ret->traceparent = (struct text){0};
        return problem_of_mistakes(problem, &r.m);
}

void intake_done(struct intake *intake) {
        json_decref(intake->json);
        *intake = (struct intake){0};
}
