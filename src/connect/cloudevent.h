/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A record of an inbox as a CloudEvent (NL GOV profile)
 *
 * id and source are those of the event, so a repetition is recognisable. time is its recorded_at, when its source wrote it down; occurred_at, when
 * it happened, stands in the data. subject is left out, because it invites personal data.
 */

#include "base/json.h"
#include "cluster/event_record.h"

#define CLOUDEVENT_MEDIA_TYPE "application/cloudevents+json"
#define CLOUDEVENT_BATCH_MEDIA_TYPE "application/cloudevents-batch+json"

struct cloudevent {
        const struct event *event;
        const char *id, *type, *time;          /* from the event; time: "" when it has none */
        const char *source;                    /* as in the record's headers, else from the event */
        struct text traceparent;               /* valid, or empty */
        /* not for users: where the texts stand */
        struct event_headers own;
        char source_said[EVENT_HEADER_SOURCE_MAX + 1];
};

/* Fills @ret, which borrows from @record (headers loaded), from @event, which was read from it, and from @orgs, and must stay where it is. */
void cloudevent_describe(const struct bus_record *record, const struct event *event, const struct organisations *orgs, struct cloudevent *ret);

/*
 * An attribute as the value of an HTTP header: characters that may not stand there (blank, quotation mark, per cent sign, all that is no printable
 * ASCII) percent-encoded, as the HTTP binding says. @text: at most CLOUDEVENT_ATTRIBUTE_MAX bytes.
 */
#define CLOUDEVENT_ATTRIBUTE_MAX 288
#define CLOUDEVENT_HEADER_MAX (3 * CLOUDEVENT_ATTRIBUTE_MAX + 1)
void cloudevent_header_write(const char *text, char ret[CLOUDEVENT_HEADER_MAX]);

/*
 * And back: quotation marks around it are taken off, and percent-encoding, once; what is no such encoding stays. @ret: room for strlen(@value) + 1.
 */
void cloudevent_header_read(const char *value, char *ret);

/* Writes it as one JSON object: structured mode, the event as its data. */
void cloudevent_write(const struct cloudevent *ce, struct json_writer *w);

/*
 * The same of a record (headers loaded) whose body no schema here can read: as its headers say it, the body as data_base64. Without these headers
 * the id follows from the record's place, and the source is that of ketenwacht itself (@orgs).
 */
void cloudevent_write_unread(const struct bus_record *record, const struct organisations *orgs, struct json_writer *w);
