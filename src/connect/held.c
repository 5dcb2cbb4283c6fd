/* SPDX-License-Identifier: EUPL-1.2 */

/* One object for a record and all its bytes. */

#include "connect/held.h"

#include <stdlib.h>
#include <string.h>

static size_t held_bytes(const struct bus_record *record) {
        size_t n = record->key_n + record->value_n + record->headers_n * sizeof(struct bus_header);

        for (size_t i = 0; i < record->headers_n; i++)
                n += strlen(record->headers[i].name) + 1 + record->headers[i].n;
        return n;
}

static const void *held_put(uint8_t **at, const void *bytes, size_t n) {
        void *to = *at;

        if (!bytes)
                return NULL;
        if (n > 0)
                memcpy(to, bytes, n);
        *at += n;
        return to;
}

struct held *held_new(const struct bus_record *record, const char *topic, bool elsewhere, size_t *ret_bytes) {
        size_t n = held_bytes(record);
        struct held *held = calloc(1, sizeof(*held) + n);
        struct bus_header *headers;
        uint8_t *at;

        if (held && elsewhere)
                held->topic = strdup(topic);
        if (!held || (elsewhere && !held->topic)) {
                free(held);
                return NULL;
        }
        *ret_bytes = sizeof(*held) + n;
        held->letter = held->delivery = (struct sending_record){.held = held};
        headers = (struct bus_header *)(held + 1);
        at = (uint8_t *)(headers + record->headers_n);
        for (size_t i = 0; i < record->headers_n; i++) {
                headers[i].name = held_put(&at, record->headers[i].name, strlen(record->headers[i].name) + 1);
                headers[i].n = record->headers[i].n;
                headers[i].value = held_put(&at, record->headers[i].value, record->headers[i].n);
        }
        held->record = *record;
        held->record.headers = headers;
        held->record.key = held_put(&at, record->key, record->key_n);
        held->record.value = held_put(&at, record->value, record->value_n);
        held->record.load = NULL;
        held->record.raw = held->record.owner = NULL;
        held->record.topic = elsewhere ? held->topic : topic;
        held->elsewhere = elsewhere;
        return held;
}

void held_free(struct held *held) {
        free(held->reason);
        free(held->topic);
        free(held);
}

void held_drop(struct held *held) {
        held->number = 0;
        if (!held_is_open(held))
                held_free(held);
}

bool held_is_open(const struct held *held) {
        return held->letter.state == SENDING_OPEN || held->delivery.state == SENDING_OPEN;
}

bool held_is_recorded(const struct held *held) {
        return (held->letter.state == SENDING_NOTHING || held->letter.state == SENDING_DONE) && held->delivery.state == SENDING_DONE;
}

void held_say(struct held *held, const char *reason) {
        free(held->reason);
        held->reason = reason[0] ? strdup(reason) : NULL; /* without memory for it it is not told */
}
