/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What an evaluation wants told, and which rows of state change with it
 */

#include "model/event.h"
#include "model/event_types.h"
#include "model/telling.h"

/* A kind is the form in which it is told. */
enum effect_kind {
        EFFECT_ROUTED = TELLING_COPY,
        EFFECT_PLAN_DUE = TELLING_PLAN_DUE,
        EFFECT_RAISED = TELLING_RAISED,
        EFFECT_RESOLVED = TELLING_RESOLVED,
};
#define EFFECT_KINDS (EFFECT_RESOLVED + 1)

struct effect {
        enum effect_kind kind;
        struct telling told;
        unsigned reminder; /* STAGE_REMINDER: its place from 1 */
        /* EFFECT_ROUTED: the fact, and whether its personal fields go along */
        struct event fact;
        bool personal;
};

/* A row of case-state that is written, whole (model/row_key.h has its key, engine/row.h its value). */
struct row_change {
        const uint8_t *key;
        size_t n_key;
        const uint8_t *value;
        size_t n_value;
};

/* What its source is told of an event that has no effect which that could expect. */
struct remark {
        enum refusal code;
        instant_t at;
        struct uuid event_id;
        struct text source;
        const char *sentence;
};

struct outcome {
        bool duplicate;
        const struct remark *remark; /* NULL: nothing */
        uint32_t facts; /* that the case holds now; of engine_event(), when one was accepted */
        bool forgotten; /* the case is gone: its rows are tombstones, but for one */
        const struct effect *effects; /* in the order of telling: copies, plans, resolutions, raisings */
        size_t n_effects;
        const struct row_change *rows;
        size_t n_rows;
};

/*
 * The output event of an effect, ready to encode: of type plan-due, escalation-raised or
 * escalation-resolved; for EFFECT_ROUTED the fact itself, personal fields null where they must be.
 * @types must have the outputs. Slots come from @arena. Return: 0 or -ENOMEM.
 */
int effect_event(const struct effect *effect, const struct event_types *types, struct arena *arena, struct event *ret) MUSTCHECK;

/* A remark as the JSON object that replay prints, into @w. */
void remark_to_json(const struct remark *remark, struct json_writer *w);

/* One effect as the JSON object that replay prints, into @w. */
void effect_to_json(const struct effect *effect, struct json_writer *w);
