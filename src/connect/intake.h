/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * From the body of a request to an event that may be published
 *
 * Three forms of one thing: the plain JSON object of `replay` (with or without "event" and "key"), a
 * CloudEvent in structured mode (application/cloudevents+json) with that object as its data, and one in
 * binary mode (ce- headers) with that object as the body. Finds all mistakes, in the order of the contract;
 * knows nothing of HTTP but media types, and nothing of the bus.
 */

#include "connect/problem.h"
#include "model/event.h"

#define INTAKE_BODY_MAX ((size_t)64 * 1024)
#define INTAKE_ARENA_MAX ((size_t)1024 * 1024)

enum intake_form { INTAKE_PLAIN, INTAKE_STRUCTURED };

/* The headers of a CloudEvent in binary mode as they came, percent-encoded; NULL when one is absent. */
struct intake_attributes {
        const char *specversion, *id, *source, *type, *time;
};

struct intake_request {
        const struct event_type *type;
        const struct organisation *caller;
        enum intake_form form;
        struct intake_attributes attributes; /* with INTAKE_PLAIN binary mode when one of them is not NULL; else the same as in the body, if given */
        struct text traceparent;             /* of the request; empty: none */
        const char *body;
        size_t n;
        instant_t now;
        enum language language; /* of what is said about mistakes */
};

struct intake {
        struct event event;
        struct text traceparent; /* valid, or empty */
        json_t *json;            /* owns what the event views */
};

/* The form that a Content-Type stands for. Return: PROBLEM_NONE; PROBLEM_BATCH, PROBLEM_MEDIA_TYPE: it is none that we take. */
enum problem_kind intake_media_type(const char *content_type, enum intake_form *ret) MUSTCHECK;

/* Whether this caller may publish this type at all, whatever the body says. Fills @ret when not. */
bool intake_allowed(const struct event_type *type, const struct organisation *caller, enum language language, struct problem *ret);

/*
 * Reads and checks. @ret is valid until intake_done() and the arena's reset.
 * Return: true; false with the problem, which holds every mistake and nothing of @ret.
 */
bool intake_read(const struct intake_request *request, const struct organisations *orgs, struct arena *arena, struct intake *ret,
                 struct problem *problem) MUSTCHECK;
void intake_done(struct intake *intake);
