/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Events as records on the bus, made as the product makes them, for the tests of what reads records. */

#include <check.h>
#include <jansson.h>

#include "base/arena.h"
#include "cluster/event_record.h"
#include "model/event_json.h"
#include "model/event_types.h"

/* What records are made of, and where. */
struct record_maker {
        struct arena *arena;
        const struct event_types *types;
        const struct organisations *orgs;
};

/* An event of the type @name; @fields: a JSON object with what stands behind its envelope. In the arena. */
static inline struct bus_record record_make(const struct record_maker *maker, const char *name, const char *fields, const char *event_id, const char *case_id,
                                            const char *source) {
        struct event_record *made = arena_calloc(maker->arena, 1, sizeof(*made));
        struct buffer *body = arena_calloc(maker->arena, 1, sizeof(*body));
        static const char *const also[] = {NULL};
        const struct event_type *type = event_types_find(maker->types, text_of(name));
        const char *field;
        struct event *event = arena_calloc(maker->arena, 1, sizeof(*event));
        struct error err = {0};
        json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s}", "event_id", event_id, "case_id", case_id, "source", source, "occurred_at",
                                 "2023-10-10T11:00:00+02:00", "recorded_at", "2023-10-10T11:00:00+02:00");
        json_t *more = json_loads(fields, 0, NULL);

        ck_assert(type && json && more && made && body && event);
        json_object_update(json, more);
        body->max = 1 << 20;
        ck_assert_msg(event_from_json(type, maker->orgs, json, also, maker->arena, event, &field, &err) == REFUSAL_NONE, "%s", err.text);
        ck_assert_int_eq(event_record_make(event, maker->orgs, (struct text){0}, body, made), 0);
        made->record.value = arena_copy(maker->arena, (const char *)body->bytes, body->n);
        buffer_done(body);
        json_decref(json);
        json_decref(more);
        return made->record;
}
