/* SPDX-License-Identifier: EUPL-1.2 */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cluster/headers.h"

static const char *const dead_letter_names[HEADERS_DEAD_LETTER] = {"kw-topic", "kw-partition", "kw-offset", "kw-stage", "kw-code", "kw-error"};

static struct bus_header header_of(const char *name, const char *text) {
        return (struct bus_header){.name = name, .value = text, .n = strlen(text)};
}

/* Digits, and then a sign. */
static char *put_digits(char *at, int value, unsigned n, char sign) {
        at = text_write_digits(at, (unsigned)value, n);
        *at = sign;
        return at + 1;
}

/* RFC 3339 in UTC with milliseconds. Instants come from checked fields (2000 to 2200). */
static void format_time(instant_t at, char ret[HEADERS_TIME_MAX]) {
        int64_t seconds = at / 1000, ms = at % 1000;
        struct tm tm;
        char *end = ret;

        if (ms < 0) {
                ms += 1000;
                seconds--;
        }
        if (gmtime_r(&(time_t){seconds}, &tm) && tm.tm_year >= -1900 && tm.tm_year <= 9999 - 1900) {
                end = put_digits(end, tm.tm_year + 1900, 4, '-');
                end = put_digits(end, tm.tm_mon + 1, 2, '-');
                end = put_digits(end, tm.tm_mday, 2, 'T');
                end = put_digits(end, tm.tm_hour, 2, ':');
                end = put_digits(end, tm.tm_min, 2, ':');
                end = put_digits(end, tm.tm_sec, 2, '.');
                end = put_digits(end, (int)ms, 3, 'Z');
        }
        *end = '\0';
}

/* nl.ketenwacht.measure-started.v1; cut off where it does not fit. */
static void format_type(const char *event, char ret[HEADERS_TYPE_MAX]) {
        static const char before[] = "nl.ketenwacht.", after[] = ".v1";
        size_t n = strnlen(event, HEADERS_TYPE_MAX - sizeof(before) - sizeof(after));
        char *at = ret;

        memcpy(at, before, sizeof(before) - 1);
        memcpy(at += sizeof(before) - 1, event, n);
        memcpy(at + n, after, sizeof(after));
}

void headers_cloudevent(const struct cloudevent *event, struct cloudevent_headers *ret) {
        size_t n = 0;

        uuid_format(&event->id, ret->id);
        format_type(event->event, ret->type);
        format_time(event->time, ret->time);
        ret->headers[n++] = header_of("ce_specversion", "1.0");
        ret->headers[n++] = header_of("ce_id", ret->id);
        ret->headers[n++] = header_of("ce_source", event->source);
        ret->headers[n++] = header_of("ce_type", ret->type);
        if (ret->time[0])
                ret->headers[n++] = header_of("ce_time", ret->time);
        ret->headers[n++] = header_of("content-type", "application/avro");
        if (event->traceparent && event->traceparent_n && event->traceparent_n <= HEADERS_TRACEPARENT_MAX)
                ret->headers[n++] = (struct bus_header){.name = "traceparent", .value = event->traceparent, .n = event->traceparent_n};
        ret->n = n;
}

const struct bus_header *headers_traceparent(const struct bus_record *record) {
        const struct bus_header *h = bus_record_header(record, "traceparent");

        return h && h->value && h->n <= HEADERS_TRACEPARENT_MAX ? h : NULL;
}

bool headers_is_dead_letter(const struct bus_header *header) {
        for (size_t i = 0; i < HEADERS_DEAD_LETTER; i++) {
                if (strcmp(header->name, dead_letter_names[i]) == 0)
                        return true;
        }
        return false;
}

void headers_dead_letter(const struct bus_record *original, const struct dead_letter *why, struct dead_letter_headers *ret) {
        size_t n = 0;

        for (size_t i = 0; i < original->headers_n && n < BUS_HEADERS_MAX; i++) {
                if (!headers_is_dead_letter(&original->headers[i]))
                        ret->headers[n++] = original->headers[i];
        }
        snprintf(ret->partition, sizeof(ret->partition), "%" PRId32, why->partition);
        snprintf(ret->offset, sizeof(ret->offset), "%" PRId64, why->offset);
        ret->headers[n++] = header_of("kw-topic", why->topic);
        ret->headers[n++] = header_of("kw-partition", ret->partition);
        ret->headers[n++] = header_of("kw-offset", ret->offset);
        ret->headers[n++] = header_of("kw-stage", why->stage);
        ret->headers[n++] = header_of("kw-code", why->code);
        ret->headers[n] = header_of("kw-error", why->error);
        if (ret->headers[n].n > HEADERS_ERROR_MAX) {
                ret->headers[n].n = HEADERS_ERROR_MAX;
                while (((unsigned char)why->error[ret->headers[n].n] & 0xc0) == 0x80) /* not inside a character */
                        ret->headers[n].n--;
        }
        ret->n = n + 1;
}

static bool copy_text(const struct bus_record *record, const char *name, char *ret, size_t max) {
        const struct bus_header *h = bus_record_header(record, name);

        if (!h || !h->value || h->n >= max || memchr(h->value, '\0', h->n))
                return false;
        memcpy(ret, h->value, h->n);
        ret[h->n] = '\0';
        return true;
}

static bool copy_number(const struct bus_record *record, const char *name, int64_t max, int64_t *ret) {
        const struct bus_header *h = bus_record_header(record, name);

        return h && h->value && text_to_int64((struct text){h->value, h->n}, ret) && *ret >= 0 && *ret <= max;
}

bool headers_dead_letter_read(const struct bus_record *record, struct dead_letter_read *ret) {
        int64_t partition, offset;

        if (!copy_text(record, "kw-topic", ret->topic, sizeof(ret->topic)) ||
            !copy_text(record, "kw-stage", ret->stage, sizeof(ret->stage)) || !copy_text(record, "kw-code", ret->code, sizeof(ret->code)) ||
            !copy_text(record, "kw-error", ret->error, sizeof(ret->error)) ||
            !copy_number(record, "kw-partition", INT32_MAX, &partition) || !copy_number(record, "kw-offset", INT64_MAX, &offset))
                return false;
        ret->partition = (int32_t)partition;
        ret->offset = offset;
        return true;
}
