/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An event type: what its schema says beyond Avro
 *
 * A new event type is a new file and no C: everything here is read from the schema, its custom
 * properties, and the names of its fields.
 */

#include "avro/record.h"
#include "model/organisations.h"
#include "model/telling.h"
#include "base/mistakes.h"

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

/*
 * The ids by which facts of different types join: by the name of the field, or as the schema says (ketenwacht.link). Behind those that
 * everybody knows come the names that schemas add.
 */
enum link { LINK_MEASURE, LINK_REFERRAL, LINK_OBSTRUCTION, LINK_INCIDENT, LINK_CONCERN, LINKS, LINKS_MAX = 16 };
extern const char *const link_fields[LINKS]; /* measure_id … */
struct link_names { /* in the order of enum link; those that schemas add belong to their properties */
        const char *items[LINKS_MAX];
        size_t n;
};

/* Fields that mean something to the engine by their name, in whichever type they stand. -1: the type has none. */
enum known_field {
        FIELD_MUNICIPALITY, FIELD_GI, FIELD_NORM, FIELD_INSTANCE, FIELD_UNTIL, FIELD_BASIS, FIELD_DUE_DATE, FIELD_ALERT_ID,
        FIELD_WITHDRAWN, FIELD_ORGANISATION, FIELD_PARTNER,
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
        bool published;                 /* it has a history */
        bool region;                    /* a region event */
        const struct schema_file *file;
        const struct layout *layout;    /* of the event: envelope first */
        const struct layout *row;       /* of its row in case-state (model/row_schema.h) */
        uint32_t schema_id;             /* of a registry, by which its bodies are framed (event_types_frame()); 0: by their fingerprint */
        int identity;                   /* slot, or -1 */
        int own_date;                   /* slot of a date, or -1: the local date of occurred_at */
        bool ahead;                     /* its own date is valid_from: it decides about what is to come, and counts at once */
        bool past;                      /* it reports what happened (ketenwacht.past): not dated ahead of when it was recorded */
        int past_date;                  /* slot of the date that is held to that, or -1 */
        uint32_t publishers;            /* one bit per organisation kind */
        int own[KINDS];                 /* per kind: the slot that must name the publisher itself, or -1 */
        int links[LINKS_MAX];           /* slots, or -1 */
        size_t n_links;                 /* none behind this */
        int fields[KNOWN_FIELDS];       /* slots, or -1 */
        uint64_t personal;              /* one bit per slot */
        uint64_t organisations;         /* one bit per slot that names one */
        uint64_t insiders;              /* those of them, but for the source, that must name one that is known (ketenwacht.outsiders) */
        struct telling_record told;     /* of the four outputs that the contract names: how they are filled */
        const struct event_type **ended_by; /* the types whose facts end one of this type, joined by ids (ketenwacht.ends) */
        size_t n_ended_by;
};

/* The name of a type that the engine knows, not TYPE_OTHER. */
const char *known_type_name(enum known_type known);

/*
 * Fills @type, of which name, file and layout stand, from its schema: envelope, custom properties, fields with a meaning.
 * @links: of all types, begins with link_fields; the names that this schema adds are put behind. Mistakes go to @mistakes under @path.
 */
void event_type_describe(struct event_type *type, struct link_names *links, const char *path, struct mistakes *mistakes);

/* What people call it, with its name: "Start van de jeugdhulp (help-started)". The Dutch term is how the doc of its schema begins. */
void event_type_print_dutch(const struct event_type *type, struct buffer *out);

/* That Dutch term alone; the name when the doc has none. Borrowed from the schema, without a NUL behind it. */
struct text event_type_dutch(const struct event_type *type);

/* Whether a slot is a date; whether facts join by it. */
bool event_type_is_date(const struct event_type *type, int slot);
bool event_type_is_link(const struct event_type *type, int slot);

/*
 * Whether a slot names an organisation: as the schema says (ketenwacht.organisation), else source, gi, provider, municipality,
 * *_municipality, organisation, partner.
 */
bool event_type_is_organisation(const struct event_type *type, int slot);

/* One line that says which fields were taken for what, and whether the schema says so or their names: "care-visit: own date …". */
void event_type_write_taken(const struct event_type *type, enum language language, struct buffer *out);
