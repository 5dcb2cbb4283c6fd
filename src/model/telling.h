/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What ketenwacht tells: its fields, in one table
 *
 * A telling is a set of values, of which each form has some: an event of one of the four output types, a line of `replay`, a row of
 * case-state that remembers it. Whatever writes, reads or checks one of these goes through the rows of telling_fields, so a field that
 * is added there is in the record, in the line, in the row and in the check of the schemas.
 */

#include "avro/layout.h"
#include "base/json.h"
#include "base/mistakes.h"
#include "calendar/date.h"

enum stage { STAGE_ANNOUNCED, STAGE_REMINDER, STAGES };
enum resolution { RESOLVED_MET_IN_TIME, RESOLVED_MET_LATE, RESOLVED_EXPLAINED, RESOLVED_LAPSED, RESOLVED_WITHDRAWN, RESOLVED_MOVED, RESOLUTIONS };
extern const char *const stage_names[STAGES];
extern const char *const resolution_names[RESOLUTIONS];

enum telling_form {
        TELLING_COPY, /* of a fact: the event is the fact itself */
        TELLING_PLAN_DUE,
        TELLING_RAISED,
        TELLING_RESOLVED,
        TELLING_REFUSED,
        TELLING_ROW_OBLIGATION, /* rows of case-state */
        TELLING_ROW_ALERT,
        TELLING_ROW_COPY,
        TELLING_ROW_CLOSED,
        TELLING_FORMS,
};

/* The values. Texts are views. What a form has not is zero after reading. */
struct telling {
        struct uuid event_id; /* of the output; of a copy: of the fact */
        struct uuid case_id, alert_id, refused;
        instant_t recorded_at; /* of the evaluation */
        instant_t occurred_at; /* when it fell due */
        instant_t announced_at;
        instant_t told_at;     /* the last instant; INSTANT_NEVER in the row of a forgotten case: nothing was ever told */
        struct text source, event, code;
        struct text protocol, norm, instance;
        struct text organisation; /* id of the addressee: its inbox */
        struct text role;
        struct text text;         /* one Dutch sentence without personal data */
        day_t due_date;
        day_t day;                /* on which a case was forgotten */
        unsigned stage;           /* enum stage */
        unsigned reason;          /* enum resolution */
        unsigned rung;            /* from 1 */
        unsigned raised;          /* times */
        unsigned reminders;       /* bit i: the reminder at place i+1 was told for this due date */
        bool open;
};

struct telling_field {
        const char *name;      /* in schemas and rows */
        const char *key;       /* in the lines of replay */
        enum layout_type type; /* what a schema must have; in rows uuids are fixed */
        uint16_t offset;       /* in struct telling */
        uint16_t records, lines, rows; /* the forms that have it, one bit each: as an event, in replay, in case-state */
        bool envelope;         /* of every event: checked with the envelope */
        bool nullable;         /* an instant that may be INSTANT_NEVER: null */
        bool places;           /* a number whose bits are places from 1: people see a list of them */
        uint8_t n_symbols;     /* LAYOUT_ENUM */
        const char *const *symbols;
};

#define TELLING_FIELDS 26
/* In an order that is that of every form: of the keys of a line, and of the fields of a row. */
extern const struct telling_field telling_fields[TELLING_FIELDS];

/* A value as a slot (an enum as its place in the symbols of the table), and back. */
struct slot telling_slot(const struct telling *t, const struct telling_field *field);
void telling_set(struct telling *t, const struct telling_field *field, const struct slot *slot);

#define TELLING_SYMBOLS_MAX 8

/* How the tellings of one form become records of one schema: what filling needs of each field, beside one another. */
struct telling_record {
        struct {
                uint8_t type, slot;
                uint16_t offset;
        } places[TELLING_FIELDS];
        uint8_t n;
        uint8_t symbols[TELLING_SYMBOLS_MAX]; /* of its one enum: place in the table to index in the schema */
        uint64_t defaults;                    /* slots that are not ours and have a default */
};

/*
 * Finds the fields of a form in the schema of its event. A field that is missing or of another type, a symbol that the schema does not
 * have, and a further field that can be left neither null nor at its default go to @mistakes under @path; then *ret is of no use.
 */
void telling_record_make(enum telling_form form, const struct layout *layout, const char *path, struct mistakes *mistakes, struct telling_record *ret);

/* Fills the slots of a record, @slots cleared. Texts are those of the telling. */
void telling_to_slots(const struct telling *t, const struct telling_record *record, const struct layout *layout, struct slot *slots);

/* Writes the keys that a line of replay has of this form into the object that is open. */
void telling_to_line(const struct telling *t, enum telling_form form, struct json_writer *w);

/* Writes the fields of a row into the object that is open, as people see them; without those that are null. */
void telling_row_to_json(const struct telling *t, enum telling_form form, struct json_writer *w);
