/* SPDX-License-Identifier: EUPL-1.2 */

/* A record of an inbox as a CloudEvent: its attributes, and its structured form. */

#include "connect/cloudevent.h"

#include <assert.h>
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
        ret->time = ret->own.time;
        ret->traceparent = trace_valid(trace) ? trace : (struct text){0};
}

/* -- As headers of HTTP -- */

_Static_assert(CLOUDEVENT_ATTRIBUTE_MAX >= EVENT_HEADER_SOURCE_MAX && CLOUDEVENT_ATTRIBUTE_MAX >= EVENT_HEADER_TYPE_MAX, "every attribute fits");

void cloudevent_header_write(const char *text, char ret[CLOUDEVENT_HEADER_MAX]) {
        static const char digits[] = "0123456789ABCDEF";
        char *at = ret;

        assert(strlen(text) <= CLOUDEVENT_ATTRIBUTE_MAX);
        for (const char *c = text; *c; c++) {
                uint8_t byte = (uint8_t)*c;

                if (byte > ' ' && byte <= '~' && byte != '"' && byte != '%') {
                        *at++ = *c;
                        continue;
                }
                *at++ = '%';
                *at++ = digits[byte >> 4];
                *at++ = digits[byte & 15];
        }
        *at = '\0';
}

static int cloudevent_hex(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void cloudevent_header_read(const char *value, char *ret) {
        size_t n = strlen(value);
        bool quoted = n >= 2 && value[0] == '"' && value[n - 1] == '"';
        const char *end = value + n - (quoted ? 1 : 0);

        for (const char *c = value + (quoted ? 1 : 0); c < end; c++) {
                int high = *c == '%' && end - c > 2 ? cloudevent_hex(c[1]) : -1, low = high >= 0 ? cloudevent_hex(c[2]) : -1;

                if (low >= 0 && high + low > 0) { /* a NUL would end it */
                        *ret++ = (char)(high << 4 | low);
                        c += 2;
                } else if (quoted && *c == '\\' && c + 1 < end) {
                        *ret++ = *++c;
                } else {
                        *ret++ = *c;
                }
        }
        *ret = '\0';
}

/* -- As JSON -- */

void cloudevent_write(const struct cloudevent *ce, struct json_writer *w) {
        jsonw_open_object(w);
        jsonw_put_string(w, "specversion", EVENT_SPECVERSION);
        jsonw_put_string(w, "id", ce->id);
        jsonw_put_string(w, "source", ce->source);
        jsonw_put_string(w, "type", ce->type);
        if (ce->time[0])
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

void cloudevent_write_unread(const struct bus_record *record, const struct organisations *orgs, struct json_writer *w) {
        char place[BUS_NAME_MAX + 64], id[UUID_TEXT + 1], said[EVENT_HEADER_SOURCE_MAX + 1];
        struct uuid own;
        int n = snprintf(place, sizeof(place), "unread|%s|%" PRId32 "|%" PRId64, record->topic, record->partition, record->offset);

        own = uuid_v5(&uuid_namespace_ketenwacht, place, (size_t)n);
        uuid_format(&own, id);
        jsonw_open_object(w);
        jsonw_put_string(w, "specversion", EVENT_SPECVERSION);
        jsonw_put_string(w, "id", cloudevent_said(record, EVENT_HEADER_ID, id, said));
        jsonw_put_string(w, "source", cloudevent_said(record, EVENT_HEADER_SOURCE, organisations_broker_urn(orgs), said));
        jsonw_put_string(w, "type", cloudevent_said(record, EVENT_HEADER_TYPE, "nl.ketenwacht.unread.v1", said));
        jsonw_put_string(w, "datacontenttype", "application/avro");
        cloudevent_put_base64(record->value, record->value ? record->value_n : 0, w);
        jsonw_close_object(w);
}
