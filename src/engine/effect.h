/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What an evaluation wants told, and which rows of state change with it
 */

#include "model/event.h"
#include "model/event_types.h"

enum effect_kind { EFFECT_ROUTED, EFFECT_PLAN_DUE, EFFECT_RAISED, EFFECT_RESOLVED };
enum effect_stage { STAGE_ANNOUNCED, STAGE_REMINDER };
enum resolution { RESOLVED_MET_IN_TIME, RESOLVED_MET_LATE, RESOLVED_EXPLAINED, RESOLVED_LAPSED, RESOLVED_WITHDRAWN, RESOLVED_MOVED, RESOLUTIONS };
extern const char *const stage_names[2];
extern const char *const resolution_names[RESOLUTIONS];

struct effect {
        enum effect_kind kind;
        instant_t at;              /* of the evaluation */
        instant_t fell_due;        /* when it fell due: occurred_at of the output */
        struct uuid case_id;
        struct uuid event_id;      /* of the output; EFFECT_ROUTED: of the fact that is copied */
        const char *organisation;  /* id of the addressee: its inbox */
        const char *role;          /* "" for resolutions */
        /* EFFECT_ROUTED: the fact, and whether its personal fields go along */
        struct event fact;
        bool personal;
        /* the others */
        struct uuid alert_id;      /* raised, resolved */
        const char *protocol, *norm, *instance;
        unsigned rung;             /* raised, resolved: from 1 */
        unsigned reminder;         /* STAGE_REMINDER: its place from 1 */
        day_t due_date;
        enum effect_stage stage;   /* plan-due */
        enum resolution reason;    /* resolved */
        const char *text;          /* one Dutch sentence without personal data */
};

/* A row of case-state that is written, whole (model/row_key.h has its key, engine/row.h its value). */
struct row_change {
        const uint8_t *key;
        size_t n_key;
        const uint8_t *value;
        size_t n_value;
};

struct outcome {
        bool duplicate;
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

/* One effect as the JSON object that replay prints, into @w. */
void effect_to_json(const struct effect *effect, struct json_writer *w);
