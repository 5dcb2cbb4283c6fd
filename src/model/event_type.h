/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Event types: what the schemas say beyond Avro
 *
 * One per .avsc file. A new event type is a new file and no C: everything here is read from the
 * schema, its custom properties, and the names of its fields.
 */

#include "avro/record.h"
#include "model/organisations.h"
#include "base/mistakes.h"

#define EVENT_TYPES_MAX 512
#define EVENT_OWN_MAX KINDS

/* The envelope: the first slots of every event. Region events carry region behind it. */
enum envelope_slot {
        SLOT_EVENT_ID,
        SLOT_CASE_ID,
        SLOT_SOURCE,
        SLOT_OCCURRED_AT,
        SLOT_RECORDED_AT,
        SLOT_REPLACES,
        ENVELOPE_SLOTS,
        SLOT_REGION = ENVELOPE_SLOTS,
};

/* The ids by which facts of different types join. */
enum link { LINK_MEASURE, LINK_REFERRAL, LINK_OBSTRUCTION, LINK_INCIDENT, LINK_CONCERN, LINKS };
extern const char *const link_fields[LINKS]; /* measure_id … */

/* Fields that mean something to the engine by their name, in whichever type they stand. -1: the type has none. */
enum known_field {
        FIELD_MUNICIPALITY, FIELD_GI, FIELD_NORM, FIELD_INSTANCE, FIELD_UNTIL, FIELD_BASIS, FIELD_DUE_DATE, FIELD_ALERT_ID,
        FIELD_WITHDRAWN, FIELD_ORGANISATION, FIELD_PARTNER,
        FIELD_PROTOCOL, FIELD_ROLE, FIELD_RUNG, FIELD_STAGE, FIELD_REASON, FIELD_TEXT, /* of outputs */
        KNOWN_FIELDS,
};
extern const char *const known_field_names[KNOWN_FIELDS];

/* Types that the engine knows by name, because the contract gives their facts a meaning of their own. */
enum known_type {
        TYPE_OTHER, TYPE_MEASURE_STARTED, TYPE_MEASURE_ENDED, TYPE_RESIDENCE_CHANGED, TYPE_DEVIATION_EXPLAINED, TYPE_TERM_AGREED,
        TYPE_ALERT_ACKNOWLEDGED, TYPE_EVENT_WITHDRAWN, TYPE_PROTOCOL_ADOPTED,
        TYPE_PLAN_DUE, TYPE_ESCALATION_RAISED, TYPE_ESCALATION_RESOLVED, TYPE_EVENT_REFUSED,
};

struct event_type {
        const char *name;               /* "measure-started": also the topic */
        unsigned index;
        enum known_type known;
        bool output;                    /* nobody publishes it: what ketenwacht tells, or ketenwacht.output */
        bool region;                    /* a region event */
        const struct schema_file *file;
        const struct layout *layout;    /* of the event: envelope first */
        const struct layout *row;       /* of its row in case-state (model/row.h) */
        int identity;                   /* slot, or -1 */
        int own_date;                   /* slot of a date, or -1: the local date of occurred_at */
        uint32_t publishers;            /* one bit per organisation kind */
        int own[KINDS];                 /* per kind: the slot that must name the publisher itself, or -1 */
        int links[LINKS];               /* slots, or -1 */
        int fields[KNOWN_FIELDS];       /* slots, or -1 */
        uint64_t personal;              /* one bit per slot */
        const struct event_type **ended_by; /* the types whose facts end one of this type, joined by ids (ketenwacht.ends) */
        size_t n_ended_by;
};

struct event_types;

/*
 * Reads every .avsc in a folder, and history/<event>/<n>.avsc, whose bodies stay readable.
 * A record whose name does not fit its file, an envelope that is not one, a current schema that is
 * not FULL_TRANSITIVE to its history … is a mistake in @mistakes and -EINVAL.
 * Files whose record is neither in nl.ketenwacht.event nor directly in nl.ketenwacht are other records (deliveries): kept apart, see event_types_other().
 */
int event_types_read(const char *folder, struct event_types **ret, struct mistakes *mistakes) MUSTCHECK;
struct event_types *event_types_free(struct event_types *types);
DEFINE_CLEANUP(struct event_types *, event_types_free);

size_t event_types_count(const struct event_types *types);
const struct event_type *event_types_at(const struct event_types *types, size_t index); /* sorted by name */
const struct event_type *event_types_find(const struct event_types *types, struct text name);
const struct event_type *event_types_known(const struct event_types *types, enum known_type known); /* or NULL */
const struct layout *event_types_other(const struct event_types *types, const char *name); /* "deliveries"; or NULL */

/* Offers the names of the types that may be published to a search for the nearest word. */
void event_types_nearest(const struct event_types *types, struct nearest *nearest);

/* Whether a slot is a date; whether it names an organisation: source, gi, provider, municipality, *_municipality, organisation, partner. */
bool event_type_is_date(const struct event_type *type, int slot);
bool event_type_is_organisation(const struct event_type *type, int slot);

/* The type and program for a body's fingerprint, current or from the history; false when unknown. */
bool event_types_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program);
/* The same for rows of case-state. Later versions of rows resolve as events do. */
bool event_types_row_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program);
