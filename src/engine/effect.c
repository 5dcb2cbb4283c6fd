/* SPDX-License-Identifier: EUPL-1.2 */

/* Effects as those see them who are told: the event on a topic and in an inbox, and the line of replay. */

#include "engine/effect.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* TYPE_OTHER: a copy is an event of the type of its fact. */
static const enum known_type effect_types[EFFECT_KINDS] = {
        [EFFECT_ROUTED] = TYPE_OTHER,
        [EFFECT_PLAN_DUE] = TYPE_PLAN_DUE,
        [EFFECT_RAISED] = TYPE_ESCALATION_RAISED,
        [EFFECT_RESOLVED] = TYPE_ESCALATION_RESOLVED,
};

static int effect_copy_fact(const struct effect *effect, struct arena *arena, struct event *ret) {
        size_t n = effect->fact.type->layout->n;
        struct slot *slots;

        *ret = effect->fact;
        if (effect->personal || effect->fact.type->personal == 0)
                return 0;
        slots = arena_alloc(arena, n * sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        memcpy(slots, effect->fact.slots, n * sizeof(*slots));
        ret->slots = slots;
        event_hide_personal(ret);
        return 0;
}

int effect_event(const struct effect *effect, const struct event_types *types, struct arena *arena, struct event *ret) {
        struct event event;

        assert(effect->kind < EFFECT_KINDS);
        if (effect->kind == EFFECT_ROUTED)
                return effect_copy_fact(effect, arena, ret);
        event.type = event_types_known(types, effect_types[effect->kind]);
        assert(event.type); /* config_read() requires it, and event_types_read() its fields */
        event.slots = arena_calloc(arena, event.type->layout->n, sizeof(*event.slots));
        if (!event.slots)
                return -ENOMEM;
        telling_to_slots(&effect->told, &event.type->told, event.type->layout, event.slots);
        *ret = event;
        return 0;
}

void effect_to_json(const struct effect *effect, struct json_writer *w) {
        assert(effect->kind < EFFECT_KINDS);
        jsonw_open_object(w);
        jsonw_put_string(w, "effect", effect->kind == EFFECT_ROUTED ? "routed" : known_type_name(effect_types[effect->kind]));
        telling_to_line(&effect->told, (enum telling_form)effect->kind, w);
        jsonw_close_object(w);
}

void remark_to_json(const struct remark *remark, struct json_writer *w) {
        char at[INSTANT_TEXT + 1], id[UUID_TEXT + 1];

        assert(remark->code >= REFUSALS_HARD && remark->code < REFUSALS);
        instant_format(remark->at, at);
        uuid_format(&remark->event_id, id);
        jsonw_open_object(w);
        jsonw_put_string(w, "effect", "event-refused");
        jsonw_put_string(w, "at", at);
        jsonw_put_string(w, "event_id", id);
        jsonw_put_string(w, "code", refusal_codes[remark->code]);
        jsonw_key(w, "to");
        jsonw_text(w, remark->source);
        jsonw_put_string(w, "text", remark->sentence);
        jsonw_close_object(w);
}
