/* SPDX-License-Identifier: EUPL-1.2 */

/* The body of a request, in three forms, to one event; every refusal with its place. */

#include "connect/intake.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cluster/event_record.h"
#include "connect/trace.h"
#include "model/event_json.h"

/* One request on its way through. */
struct reading {
        const struct intake_request *request;
        const struct organisations *orgs;
        struct arena *arena;
        struct intake *ret;
        struct problem *problem;
};

static bool intake_problem(struct reading *r, enum problem_kind kind, const char *within, const char *field, const char *fmt, ...) PRINTF_LIKE(5, 6);
static bool intake_problem(struct reading *r, enum problem_kind kind, const char *within, const char *field, const char *fmt, ...) {
        va_list args;

        r->problem->kind = kind;
        r->problem->within = within;
        r->problem->field = field;
        va_start(args, fmt);
        (void) vsnprintf(r->problem->detail.text, sizeof(r->problem->detail.text), fmt, args);
        va_end(args);
        return false;
}

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

bool intake_media_type(const char *content_type, enum intake_form *ret) {
        struct text type;

        if (!content_type || !split_media_type(content_type, &type))
                return false;
        *ret = intake_is_word(type, "application/json") ? INTAKE_PLAIN : INTAKE_STRUCTURED;
        return *ret == INTAKE_PLAIN || intake_is_word(type, "application/cloudevents+json");
}

/* -- Who may -- */

bool intake_allowed(const struct event_type *type, const struct organisation *caller, struct problem *ret) {
        struct reading r = {.problem = ret};

        if (type->output)
                return intake_problem(&r, PROBLEM_NOT_ALLOWED, NULL, NULL, "nobody publishes %s: the broker tells it", type->name);
        if (type->publishers & 1u << caller->kind)
                return true;
        return intake_problem(&r, PROBLEM_NOT_ALLOWED, NULL, NULL, "%s may not publish %s: it is of kind %s", caller->id, type->name,
                      organisation_kind_names[caller->kind]);
}

/* -- The event itself -- */

static enum problem_kind problem_of(enum refusal refusal) {
        switch (refusal) {
        case REFUSAL_MALFORMED:
                return PROBLEM_MALFORMED;
        case REFUSAL_UNKNOWN_EVENT:
                return PROBLEM_UNKNOWN_EVENT;
        case REFUSAL_UNKNOWN_ORGANISATION:
                return PROBLEM_UNKNOWN_ORGANISATION;
        case REFUSAL_NOT_ALLOWED:
                return PROBLEM_NOT_ALLOWED;
        case REFUSAL_KEY_MISMATCH:
                return PROBLEM_KEY_MISMATCH;
        default:
                return PROBLEM_BAD_VALUE;
        }
}

static bool check_event_word(struct reading *r, const json_t *object, const char *within) {
        const json_t *event = json_object_get(object, "event");
        const char *name = r->request->type->name;

        if (!event || (json_is_string(event) && strcmp(json_string_value(event), name) == 0))
                return true;
        return intake_problem(r, PROBLEM_BAD_VALUE, within, "event", "event: this address takes %s; leave event out, or post to its own address", name);
}

/* The record's key, when the body says one; it may only be the case_id. */
static bool check_key(struct reading *r, const json_t *object, const char *within) {
        const struct event *event = &r->ret->event;
        const json_t *key = json_object_get(object, "key");
        char case_id[UUID_TEXT + 1];
        enum refusal refusal;
        struct error err = {0};

        uuid_format(&event->slots[SLOT_CASE_ID].u, case_id);
        if (key && !json_is_string(key))
                return intake_problem(r, PROBLEM_BAD_VALUE, within, "key", "key: must be a string");
        if (key && strcmp(json_string_value(key), case_id) != 0)
                return intake_problem(r, PROBLEM_KEY_MISMATCH, within, "key", "key: must be the case_id; it may be left out");
        refusal = event_check_key(event, r->orgs, text_of(case_id), &err);
        return refusal == REFUSAL_NONE || intake_problem(r, problem_of(refusal), within, "case_id", "%s", err.text);
}

static bool check_caller(struct reading *r, const char *within) {
        struct text source = r->ret->event.slots[SLOT_SOURCE].s;
        enum refusal refusal;
        struct error err = {0};
        const char *field;

        if (organisations_find(r->orgs, source) && !text_is(source, r->request->caller->id))
                return intake_problem(r, PROBLEM_NOT_ALLOWED, within, "source", "source: this token is that of %s", r->request->caller->id);
        refusal = event_check_publisher(&r->ret->event, r->orgs, &field, &err);
        return refusal == REFUSAL_NONE || intake_problem(r, problem_of(refusal), within, field, "%s", err.text);
}

static bool read_object(struct reading *r, const json_t *object, const char *within) {
        static const char *const also[] = {"event", "key", NULL};
        struct event *event = &r->ret->event;
        const char *field = NULL;
        enum refusal refusal;
        struct error err = {0};

        if (!check_event_word(r, object, within))
                return false;
        refusal = event_from_json(r->request->type, r->orgs, object, also, r->arena, event, &field, &err);
        if (refusal != REFUSAL_NONE)
                return intake_problem(r, problem_of(refusal), within, field, "%s", err.text);
        if (event->slots[SLOT_RECORDED_AT].i > r->request->now + EVENT_AHEAD_MAX_MS)
                return intake_problem(r, PROBLEM_BAD_VALUE, within, "recorded_at", "recorded_at: lies more than a day ahead of the broker's clock");
        return check_caller(r, within) && check_key(r, object, within);
}

/* -- CloudEvents -- */

/* The attributes say the same as the event; run after the event was read. @within: where they stand, NULL in headers. */
static bool check_attributes(struct reading *r, const struct intake_attributes *a, const char *within) {
        const struct organisation *caller = r->request->caller;
        char type[EVENT_HEADER_TYPE_MAX], id[UUID_TEXT + 1];
        instant_t at;

        event_header_type(r->request->type->name, type);
        if (!a->specversion || strcmp(a->specversion, EVENT_SPECVERSION) != 0)
                return intake_problem(r, PROBLEM_BAD_VALUE, within, "specversion", "specversion: must be " EVENT_SPECVERSION);
        if (!a->type || strcmp(a->type, type) != 0)
                return intake_problem(r, PROBLEM_BAD_VALUE, within, "type", "type: must be %s at this address", type);
        if (!a->source || (strcmp(a->source, caller->urn) != 0 && strcmp(a->source, caller->id) != 0))
                return intake_problem(r, a->source ? PROBLEM_NOT_ALLOWED : PROBLEM_BAD_VALUE, within, "source", "source: must be %s, of whom this token is",
                              caller->urn);
        if (a->time && !instant_parse(text_of(a->time), &at))
                return intake_problem(r, PROBLEM_BAD_VALUE, within, "time", "time: is not an instant in RFC 3339");
        if (!a->id)
                return intake_problem(r, PROBLEM_BAD_VALUE, within, "id", "id: is missing; it is the event_id");
        if (!r->ret->event.slots)
                return true;
        uuid_format(&r->ret->event.slots[SLOT_EVENT_ID].u, id);
        if (strcmp(a->id, id) != 0)
                return intake_problem(r, PROBLEM_BAD_VALUE, within, "id", "id: must be the event_id of the data");
        return true;
}

/* A string attribute, or NULL when absent; one of another type is a problem. */
static bool get_attribute(struct reading *r, const json_t *object, const char *name, const char **ret) {
        const json_t *value = json_object_get(object, name);

        *ret = json_string_value(value);
        if (!value || *ret)
                return true;
        return intake_problem(r, PROBLEM_BAD_VALUE, "", name, "%s: must be a string", name);
}

static bool read_structured(struct reading *r, const json_t *object) {
        const json_t *data = json_object_get(object, "data");
        const char *content_type, *trace;
        struct intake_attributes a = {0};
        enum intake_form form;

        if (!get_attribute(r, object, "specversion", &a.specversion) || !get_attribute(r, object, "id", &a.id) ||
            !get_attribute(r, object, "source", &a.source) || !get_attribute(r, object, "type", &a.type) ||
            !get_attribute(r, object, "time", &a.time) || !get_attribute(r, object, "datacontenttype", &content_type) ||
            !get_attribute(r, object, "traceparent", &trace))
                return false;
        if (content_type && (!intake_media_type(content_type, &form) || form != INTAKE_PLAIN))
                return intake_problem(r, PROBLEM_BAD_VALUE, "", "datacontenttype", "datacontenttype: must be application/json");
        if (!check_attributes(r, &a, ""))
                return false;
        if (!json_is_object(data))
                return intake_problem(r, PROBLEM_BAD_VALUE, "", "data", "data: must be the event as a JSON object");
        if (r->ret->traceparent.n == 0 && trace)
                r->ret->traceparent = text_of(trace);
        return read_object(r, data, "/data") && check_attributes(r, &a, "");
}

bool intake_read(const struct intake_request *request, const struct organisations *orgs, struct arena *arena, struct intake *ret,
                 struct problem *problem) {
        struct reading r = {.request = request, .orgs = orgs, .arena = arena, .ret = ret, .problem = problem};
        json_error_t where;
        bool ok;

        *ret = (struct intake){.traceparent = request->traceparent};
        ret->json = json_loadb(request->body, request->n, JSON_REJECT_DUPLICATES, &where);
        if (!ret->json) /* without jansson's own words: they repeat what was written */
                return intake_problem(&r, PROBLEM_MALFORMED, NULL, NULL, "not JSON at line %d, column %d", where.line, where.column);
        if (!json_is_object(ret->json))
                return intake_problem(&r, PROBLEM_MALFORMED, NULL, NULL, "the body is JSON, but not an object");
        if (request->form == INTAKE_STRUCTURED)
                ok = read_structured(&r, ret->json);
        else if (request->attributes.specversion)
                ok = check_attributes(&r, &request->attributes, NULL) && read_object(&r, ret->json, "") && check_attributes(&r, &request->attributes, NULL);
        else
                ok = read_object(&r, ret->json, "");
        if (ret->traceparent.n > 0 && !trace_valid(ret->traceparent))
                ret->traceparent = (struct text){0};
        return ok;
}

void intake_done(struct intake *intake) {
        json_decref(intake->json);
        *intake = (struct intake){0};
}
