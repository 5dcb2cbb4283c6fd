/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A record of an inbox as a CloudEvent (NL GOV profile)
 *
 * id and source are those of the event, so a repetition is recognisable; time is its occurred_at. subject is left out, because it
 * invites personal data.
 */

#include "base/json.h"
#include "cluster/event_record.h"

#define CLOUDEVENT_MEDIA_TYPE "application/cloudevents+json"
#define CLOUDEVENT_BATCH_MEDIA_TYPE "application/cloudevents-batch+json"

struct cloudevent {
        const struct event *event;
        const char *id, *source, *type, *time; /* as in the record's headers, else from the event */
        struct text traceparent;               /* valid, or empty */
        /* not for users: where the texts stand */
        struct event_headers own;
        char source_said[EVENT_HEADER_SOURCE_MAX + 1], time_said[EVENT_HEADER_SOURCE_MAX + 1];
};

/* Fills @ret, which borrows from @record (headers loaded), from @event, which was read from it, and from @orgs, and must stay where it is. */
void cloudevent_describe(const struct bus_record *record, const struct event *event, const struct organisations *orgs, struct cloudevent *ret);

/* Writes it as one JSON object: structured mode, the event as its data. */
void cloudevent_write(const struct cloudevent *ce, struct json_writer *w);

/*
 * The same of a record (headers loaded) whose body no schema here can read: as its headers say it, the body as data_base64. Without these headers
 * the id follows from the record's place.
 */
void cloudevent_write_unread(const struct bus_record *record, struct json_writer *w);
