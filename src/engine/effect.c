/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/effect.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

const char *const stage_names[2] = {"ANNOUNCED", "REMINDER"};
const char *const resolution_names[RESOLUTIONS] = {"MET_IN_TIME", "MET_LATE", "EXPLAINED", "LAPSED", "WITHDRAWN", "MOVED"};

static struct slot *slot_of(const struct event *event, enum known_field field) {
        int slot = event->type->fields[field];

        assert(slot >= 0); /* event_types_read checks the outputs */
        return &event->slots[slot];
}

static void put_text(const struct event *event, enum known_field field, const char *text) {
        *slot_of(event, field) = (struct slot){.kind = SLOT_STRING, .s = text_of(text)};
}
static void put_int(const struct event *event, enum known_field field, int64_t i) {
        *slot_of(event, field) = (struct slot){.kind = SLOT_INT, .i = i};
}
/* @place: where the symbol stands in the list here, and most probably in the schema too. */
static void put_symbol(const struct event *event, enum known_field field, const char *const *symbols, unsigned place) {
        const struct layout_field *f = &event->type->layout->fields[event->type->fields[field]];
        int index = (int)place;

        if (place >= f->n_symbols || strcmp(f->symbols[place], symbols[place]) != 0)
                index = layout_symbol(f, text_of(symbols[place]));
        assert(index >= 0);
        *slot_of(event, field) = (struct slot){.kind = SLOT_INT, .i = index};
}

static int copy_of_fact(const struct effect *effect, struct arena *arena, struct event *ret) {
        size_t n = effect->fact.type->layout->n;
        struct slot *slots;

        *ret = effect->fact;
        if (effect->personal || effect->fact.type->personal == 0)
                return 0;
        slots = arena_alloc(arena, n * sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        memcpy(slots, effect->fact.slots, n * sizeof(*slots));
        for (size_t i = 0; i < n; i++) {
                if ((effect->fact.type->personal >> i & 1) && effect->fact.type->layout->fields[i].nullable)
                        slots[i] = (struct slot){.kind = SLOT_NULL};
        }
        ret->slots = slots;
        return 0;
}

int effect_event(const struct effect *effect, const struct event_types *types, struct arena *arena, struct event *ret) {
        static const enum known_type known[] = {
                [EFFECT_PLAN_DUE] = TYPE_PLAN_DUE, [EFFECT_RAISED] = TYPE_ESCALATION_RAISED, [EFFECT_RESOLVED] = TYPE_ESCALATION_RESOLVED};
        struct event event;

        if (effect->kind == EFFECT_ROUTED)
                return copy_of_fact(effect, arena, ret);
        event.type = event_types_known(types, known[effect->kind]);
        assert(event.type);
        event.slots = arena_calloc(arena, event.type->layout->n, sizeof(*event.slots));
        if (!event.slots)
                return -ENOMEM;
        event.slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = effect->event_id};
        event.slots[SLOT_CASE_ID] = (struct slot){.kind = SLOT_UUID, .u = effect->case_id};
        event.slots[SLOT_SOURCE] = (struct slot){.kind = SLOT_STRING, .s = TEXT_OF(ORGANISATION_BROKER)};
        event.slots[SLOT_OCCURRED_AT] = (struct slot){.kind = SLOT_INT, .i = effect->fell_due};
        event.slots[SLOT_RECORDED_AT] = (struct slot){.kind = SLOT_INT, .i = effect->at};
        put_text(&event, FIELD_PROTOCOL, effect->protocol);
        put_text(&event, FIELD_NORM, effect->norm);
        put_text(&event, FIELD_INSTANCE, effect->instance);
        put_int(&event, FIELD_DUE_DATE, effect->due_date);
        put_text(&event, FIELD_ORGANISATION, effect->organisation);
        put_text(&event, FIELD_TEXT, effect->text);
        if (effect->kind != EFFECT_RESOLVED)
                put_text(&event, FIELD_ROLE, effect->role);
        if (effect->kind == EFFECT_PLAN_DUE) {
                put_symbol(&event, FIELD_STAGE, stage_names, effect->stage);
        } else {
                *slot_of(&event, FIELD_ALERT_ID) = (struct slot){.kind = SLOT_UUID, .u = effect->alert_id};
                put_int(&event, FIELD_RUNG, effect->rung);
        }
        if (effect->kind == EFFECT_RESOLVED)
                put_symbol(&event, FIELD_REASON, resolution_names, effect->reason);
        *ret = event;
        return 0;
}

static void put_uuid(struct json_writer *w, const char *key, const struct uuid *u) {
        char text[UUID_TEXT + 1];

        uuid_format(u, text);
        jsonw_put_string(w, key, text);
}

static void put_date(struct json_writer *w, const char *key, day_t date) {
        char text[DATE_TEXT + 1];

        date_format(date, text);
        jsonw_put_string(w, key, text);
}

static void put_obligation(const struct effect *effect, struct json_writer *w) {
        if (effect->kind != EFFECT_PLAN_DUE)
                put_uuid(w, "alert_id", &effect->alert_id);
        put_uuid(w, "case_id", &effect->case_id);
        jsonw_put_string(w, "protocol", effect->protocol);
        jsonw_put_string(w, "norm", effect->norm);
        jsonw_put_string(w, "instance", effect->instance);
        if (effect->kind == EFFECT_PLAN_DUE)
                jsonw_put_string(w, "stage", stage_names[effect->stage]);
        else
                jsonw_put_int(w, "rung", effect->rung);
        if (effect->kind == EFFECT_RESOLVED)
                jsonw_put_string(w, "reason", resolution_names[effect->reason]);
        else
                put_date(w, "due_date", effect->due_date);
}

void effect_to_json(const struct effect *effect, struct json_writer *w) {
        static const char *const names[] = {
                [EFFECT_ROUTED] = "routed", [EFFECT_PLAN_DUE] = "plan-due", [EFFECT_RAISED] = "escalation-raised", [EFFECT_RESOLVED] = "escalation-resolved"};
        char at[INSTANT_TEXT + 1];

        instant_format(effect->at, at);
        jsonw_open_object(w);
        jsonw_put_string(w, "effect", names[effect->kind]);
        jsonw_put_string(w, "at", at);
        if (effect->kind == EFFECT_ROUTED) {
                jsonw_put_string(w, "event", effect->fact.type->name);
                put_uuid(w, "event_id", &effect->event_id);
        } else {
                put_obligation(effect, w);
        }
        jsonw_put_string(w, "to", effect->organisation);
        if (effect->kind != EFFECT_RESOLVED)
                jsonw_put_string(w, "role", effect->role);
        if (effect->kind != EFFECT_ROUTED)
                jsonw_put_string(w, "text", effect->text);
        jsonw_close_object(w);
}
