/* SPDX-License-Identifier: EUPL-1.2 */

/* Records of `audit`, to bytes and back. */

#include "cluster/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/event_record.h"
#include "cluster/own_record.h"
#include "cluster/topics.h"

enum audit_field { AUDIT_EVENT_ID, AUDIT_AT, AUDIT_USER, AUDIT_ROLES, AUDIT_ORGANISATION, AUDIT_ADDRESS, AUDIT_ACTION, AUDIT_OBJECT, AUDIT_RESULT,
                   AUDIT_REASON, AUDIT_FIELDS };
static const char *const audit_names[AUDIT_FIELDS] = {"event_id", "at",     "user",   "roles",  "organisation",
                                                      "address",  "action", "object", "result", "reason"};

struct audit_codec {
        struct own_codec own;
};

int audit_codec_new(const struct event_types *types, struct audit_codec **ret, struct error *err) {
        CLEANUP(audit_codec_free_p) struct audit_codec *codec = calloc(1, sizeof(*codec));
        int r;

        if (!codec)
                return -ENOMEM;
        r = own_codec_open(types, TOPIC_AUDIT, audit_names, AUDIT_FIELDS, &codec->own, err);
        if (r)
                return r;
        *ret = TAKE(codec);
        return 0;
}

struct audit_codec *audit_codec_free(struct audit_codec *codec) {
        if (codec)
                own_codec_done(&codec->own);
        free(codec);
        return NULL;
}

/* The same act is the same record. */
static struct uuid audit_id(const struct audit_record *record) {
        char name[4 * AUDIT_TEXT_MAX];
        int n = snprintf(name, sizeof(name), "audit|%.*s|%.*s|%.*s|%" PRId64, (int)record->user.n, record->user.s, (int)record->action.n, record->action.s,
                         (int)record->object.n, record->object.s, record->at);

        return uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n < sizeof(name) ? (size_t)n : sizeof(name) - 1);
}

static void audit_put(const struct audit_codec *codec, struct slot *slots, enum audit_field field, struct text text) {
        if (text.n > 0 || !codec->own.layout->fields[codec->own.slots[field]].nullable)
                slots[codec->own.slots[field]] = (struct slot){.kind = SLOT_STRING, .s = text.s ? text : TEXT_OF("")};
}

void audit_encode(const struct audit_codec *codec, const struct audit_record *record, struct buffer *out) {
        struct slot slots[LAYOUT_SLOTS_MAX];

        own_record_begin(&codec->own, slots);
        slots[codec->own.slots[AUDIT_EVENT_ID]] = (struct slot){.kind = SLOT_UUID, .u = audit_id(record)};
        slots[codec->own.slots[AUDIT_AT]] = (struct slot){.kind = SLOT_INT, .i = record->at};
        audit_put(codec, slots, AUDIT_USER, record->user);
        audit_put(codec, slots, AUDIT_ROLES, record->roles);
        audit_put(codec, slots, AUDIT_ORGANISATION, record->organisation);
        audit_put(codec, slots, AUDIT_ADDRESS, record->address);
        audit_put(codec, slots, AUDIT_ACTION, record->action);
        audit_put(codec, slots, AUDIT_OBJECT, record->object);
        audit_put(codec, slots, AUDIT_RESULT, record->result);
        audit_put(codec, slots, AUDIT_REASON, record->reason);
        own_record_write(&codec->own, slots, out);
}

static struct text audit_get(const struct audit_codec *codec, const struct slot *slots, enum audit_field field) {
        const struct slot *slot = &slots[codec->own.slots[field]];

        return slot->kind == SLOT_STRING ? slot->s : (struct text){0};
}

bool audit_decode(const struct audit_codec *codec, const void *value, size_t n, struct audit_record *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];

        if (!own_record_read(&codec->own, value, n, slots))
                return false;
        *ret = (struct audit_record){
                .event_id = slots[codec->own.slots[AUDIT_EVENT_ID]].u,
                .at = slots[codec->own.slots[AUDIT_AT]].i,
                .user = audit_get(codec, slots, AUDIT_USER),
                .roles = audit_get(codec, slots, AUDIT_ROLES),
                .organisation = audit_get(codec, slots, AUDIT_ORGANISATION),
                .address = audit_get(codec, slots, AUDIT_ADDRESS),
                .action = audit_get(codec, slots, AUDIT_ACTION),
                .object = audit_get(codec, slots, AUDIT_OBJECT),
                .result = audit_get(codec, slots, AUDIT_RESULT),
                .reason = audit_get(codec, slots, AUDIT_REASON),
        };
        return true;
}

struct bus_record audit_bus_record(const struct buffer *body) {
        return (struct bus_record){
                .topic = TOPIC_AUDIT, .partition = BUS_BY_KEY, .value = body->bytes, .value_n = body->n, .headers = &event_header_avro, .headers_n = 1};
}
