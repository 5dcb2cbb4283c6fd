/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One event, and whether it may be accepted
 *
 * JSON to slots and back stands in model/event_json.h. The checks that need no case: domains, source, publisher, key. The engine adds those that do
 * (duplicates, another's fact).
 */

#include "base/arena.h"
#include "base/clock.h"
#include "model/event_type.h"

#define EVENT_AHEAD_MAX_MS DAY_MS /* recorded_at beyond the clock of whoever takes an event: the door and the worker alike */

/* Why something was refused; codes and what they mean stand in refusal.def, in the order of the contract. */
enum refusal {
        REFUSAL_NONE,
#define REFUSAL_ROW(name, meaning) REFUSAL_##name,
#include "model/refusal.def"
#undef REFUSAL_ROW
        REFUSALS,
};
#define REFUSALS_HARD REFUSAL_WITHDRAWN /* those from here on are of what was taken, and only told */
extern const char *const refusal_codes[REFUSALS];    /* "BAD_VALUE" …; REFUSAL_NONE: "" */
extern const char *const refusal_meanings[REFUSALS]; /* one clause each; REFUSAL_NONE: "" */

struct event {
        const struct event_type *type;
        struct slot *slots; /* type->layout->n of them */
};

/*
 * A field by its name, for who looks at few records: its value when it is of @kind, and lives as long as the event; NULL: it is another, null, or no field
 * of this type. Its text, empty then; its id as text, "" then.
 */
const struct slot *event_slot(const struct event *event, const char *field, enum slot_kind kind);
struct text event_text(const struct event *event, const char *field);
void event_id_text(const struct event *event, const char *field, char ret[UUID_TEXT + 1]);

/* Leaves out what is personal: such fields are nullable. */
void event_hide_personal(const struct event *event);

struct event_mistakes; /* model/event_mistakes.h */

/*
 * The domains again, for what came as Avro: strings 1-64 of A-Z a-z 0-9 . _ : / # -, instants 2000-2200, dates 1900-2200, known region
 * and organisations, nothing dated ahead. judge: every mistake, but of slots of which something was said already; check: the first.
 */
void event_judge_values(const struct event *event, const struct organisations *orgs, struct event_mistakes *m);
enum refusal event_check_values(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) MUSTCHECK;

/*
 * Whether organisations of this kind publish this type at all, else a mistake of @field ("source"; NULL: of none, when nothing but the
 * type and @source are known).
 */
bool event_type_judge_kind(const struct event_type *type, const struct organisation *source, const char *field, struct event_mistakes *m);

/* It is not recorded more than EVENT_AHEAD_MAX_MS after @now. */
void event_judge_recorded(const struct event *event, instant_t now, struct event_mistakes *m);

/* The source exists, its kind may publish this type, and own fields name it. */
void event_judge_publisher(const struct event *event, const struct organisations *orgs, struct event_mistakes *m);
enum refusal event_check_publisher(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) MUSTCHECK;

/* The key is the case_id, and a region's case_id is that of its region. */
void event_judge_key(const struct event *event, const struct organisations *orgs, struct text key, struct event_mistakes *m);
enum refusal event_check_key(const struct event *event, const struct organisations *orgs, struct text key, struct error *err) MUSTCHECK;

/*
 * All of them for an event that came as Avro under @key, and that it is not recorded more than EVENT_AHEAD_MAX_MS after @now: the first mistake, in the
 * order of the contract. What passes may only be refused for what its case knows.
 */
enum refusal event_check(const struct event *event, const struct organisations *orgs, instant_t now, struct text key, struct error *err) MUSTCHECK;

/* The same for one that stands in the outbox of @from, which speaks for nobody else: NOT_ALLOWED, where its source is a known organisation. */
enum refusal event_check_from(const struct event *event, const struct organisations *orgs, const struct organisation *from, instant_t now, struct text key,
                              struct error *err) MUSTCHECK;
