/* SPDX-License-Identifier: EUPL-1.2 */

/* A record of an inbox as a CloudEvent: its attributes, and its structured form. */

#include "connect/cloudevent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "connect/trace.h"
#include "model/event_json.h"

/* A header as text, when it is one that may stand in a header again; else what follows from the event. */
static const char *cloudevent_said(const struct bus_record *record, const char *name, const char *otherwise, char ret[EVENT_HEADER_SOURCE_MAX + 1]) {
        const struct bus_header *h = bus_record_header(record, name);

        if (!h || !h->value || h->n == 0 || h->n > EVENT_HEADER_SOURCE_MAX)
                return otherwise;
        for (size_t i = 0; i < h->n; i++) {
                char letter = ((const char *)h->value)[i];

                if (letter <= ' ' || letter > '~')
                        return otherwise;
        }
        memcpy(ret, h->value, h->n);
        ret[h->n] = '\0';
        return ret;
}

void cloudevent_describe(const struct bus_record *record, const struct event *event, const struct organisations *orgs, struct cloudevent *ret) {
        struct text trace = event_record_traceparent(record);

        event_headers_make(event, orgs, (struct text){0}, &ret->own);
        ret->event = event;
        ret->id = ret->own.id;
        ret->type = ret->own.type;
        ret->source = cloudevent_said(record, EVENT_HEADER_SOURCE, ret->own.source, ret->source_said);
        ret->time = cloudevent_said(record, EVENT_HEADER_TIME, ret->own.time, ret->time_said);
        ret->traceparent = trace_valid(trace) ? trace : (struct text){0};
}

void cloudevent_write(const struct cloudevent *ce, struct json_writer *w) {
        jsonw_open_object(w);
        jsonw_put_string(w, "specversion", EVENT_SPECVERSION);
        jsonw_put_string(w, "id", ce->id);
        jsonw_put_string(w, "source", ce->source);
        jsonw_put_string(w, "type", ce->type);
        jsonw_put_string(w, "time", ce->time);
        jsonw_put_string(w, "datacontenttype", "application/json");
        if (ce->traceparent.n > 0)
                jsonw_put_text(w, "traceparent", ce->traceparent);
        jsonw_key(w, "data");
        jsonw_open_object(w);
        event_to_json(ce->event, false, w);
        jsonw_close_object(w);
        jsonw_close_object(w);
}

static void cloudevent_put_base64(const uint8_t *bytes, size_t n, struct json_writer *w) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        CLEANUP(cleanup_free) void *memory = malloc(n / 3 * 4 + 5);
        char *at = memory;

        if (!at) {
                w->out->failed = true;
                return;
        }
        for (size_t i = 0; i < n; i += 3) {
                uint32_t three = (uint32_t)bytes[i] << 16 | (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0) | (i + 2 < n ? bytes[i + 2] : 0);

                *at++ = letters[three >> 18];
                *at++ = letters[three >> 12 & 63];
                *at++ = i + 1 < n ? letters[three >> 6 & 63] : '=';
                *at++ = i + 2 < n ? letters[three & 63] : '=';
        }
        jsonw_put_text(w, "data_base64", (struct text){memory, (size_t)(at - (char *)memory)});
}

void cloudevent_write_unread(const struct bus_record *record, struct json_writer *w) {
        char place[BUS_NAME_MAX + 64], id[UUID_TEXT + 1], said[EVENT_HEADER_SOURCE_MAX + 1];
        struct uuid own;
        int n = snprintf(place, sizeof(place), "unread|%s|%" PRId32 "|%" PRId64, record->topic, record->partition, record->offset);

        own = uuid_v5(&uuid_namespace_ketenwacht, place, (size_t)n);
        uuid_format(&own, id);
        jsonw_open_object(w);
        jsonw_put_string(w, "specversion", EVENT_SPECVERSION);
        jsonw_put_string(w, "id", cloudevent_said(record, EVENT_HEADER_ID, id, said));
        jsonw_put_string(w, "source", cloudevent_said(record, EVENT_HEADER_SOURCE, ORGANISATION_URN ORGANISATION_BROKER, said));
        jsonw_put_string(w, "type", cloudevent_said(record, "ce_type", "nl.ketenwacht.unread.v1", said));
        jsonw_put_string(w, "datacontenttype", "application/avro");
        cloudevent_put_base64(record->value, record->value ? record->value_n : 0, w);
        jsonw_close_object(w);
}
