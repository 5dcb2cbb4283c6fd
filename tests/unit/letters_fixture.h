/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* For tests of dead letters: an event that can be taken today, by the letters' own configuration. */

#include <check.h>
#include <string.h>

#include "cluster/event_record.h"
#include "model/config.h"

static inline struct uuid id_of(const char *text) {
        struct uuid id;

        ck_assert(uuid_parse(text, strlen(text), &id));
        return id;
}

/* Appends the body of a plan-reviewed of gi-duin; @id: its own, its case's and its measure's. */
static inline void letters_encode(const struct config *config, const char *id, struct buffer *out) {
        const struct event_type *type = event_types_find(config->types, text_of("plan-reviewed"));
        struct slot slots[LAYOUT_SLOTS_MAX] = {
                [SLOT_EVENT_ID] = {.kind = SLOT_UUID, .u = id_of(id)},
                [SLOT_CASE_ID] = {.kind = SLOT_UUID, .u = id_of(id)},
                [SLOT_SOURCE] = {.kind = SLOT_STRING, .s = text_of("gi-duin")},
                [SLOT_OCCURRED_AT] = {.kind = SLOT_INT, .i = 1665392400000},
                [SLOT_RECORDED_AT] = {.kind = SLOT_INT, .i = 1665392400000},
        };

        slots[layout_slot(type->layout, "measure_id")] = (struct slot){.kind = SLOT_UUID, .u = id_of(id)};
        slots[layout_slot(type->layout, "date")] = (struct slot){.kind = SLOT_INT, .i = 19275};
        event_record_encode(&(struct event){.type = type, .slots = slots}, out);
}
