/* SPDX-License-Identifier: EUPL-1.2 */

/* One event type: what its schema says of its events beyond Avro by custom properties and by fields with a meaning. */

#include "model/event_type.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"

const char *const link_fields[LINKS] = {
        [LINK_MEASURE] = "measure_id", [LINK_REFERRAL] = "referral_id", [LINK_OBSTRUCTION] = "obstruction_id",
        [LINK_INCIDENT] = "incident_id", [LINK_CONCERN] = "concern_id",
};

const char *const known_field_names[KNOWN_FIELDS] = {
        [FIELD_MUNICIPALITY] = "municipality", [FIELD_GI] = "gi", [FIELD_NORM] = "norm", [FIELD_INSTANCE] = "instance",
        [FIELD_UNTIL] = "until", [FIELD_BASIS] = "basis", [FIELD_DUE_DATE] = "due_date", [FIELD_ALERT_ID] = "alert_id",
        [FIELD_WITHDRAWN] = "withdrawn", [FIELD_ORGANISATION] = "organisation", [FIELD_PARTNER] = "partner",
};

#define PREFIX "ketenwacht."
#define PERSONAL PREFIX "personal"
#define ORGANISATION PREFIX "organisation"
#define OUTSIDERS PREFIX "outsiders"
#define OWN_DATE PREFIX "date"
#define LINK PREFIX "link"
#define PAST PREFIX "past"

struct describing {
        struct event_type *type;
        struct link_names *links;
        const struct schema *root;
        const char *path;
        struct mistakes *mistakes;
};

#define mistake(d, ...) mistakes_place((d)->mistakes, (d)->path, __VA_ARGS__)

static const struct {
        const char *name;
        enum layout_type type;
        bool nullable;
} envelope[ENVELOPE_SLOTS] = {
        [SLOT_EVENT_ID] = {"event_id", LAYOUT_UUID, false},           [SLOT_CASE_ID] = {"case_id", LAYOUT_UUID, false},
        [SLOT_SOURCE] = {"source", LAYOUT_STRING, false},             [SLOT_OCCURRED_AT] = {"occurred_at", LAYOUT_TIMESTAMP, false},
        [SLOT_RECORDED_AT] = {"recorded_at", LAYOUT_TIMESTAMP, false}, [SLOT_REPLACES] = {"replaces", LAYOUT_UUID, true},
};

static void event_type_check_envelope(struct describing *d) {
        const struct layout *layout = d->type->layout;

        for (size_t i = 0; i < ENVELOPE_SLOTS; i++) {
                if (i >= layout->n || strcmp(layout->fields[i].name, envelope[i].name) != 0)
                        mistake(d,
                                IN_LANGUAGE(d->mistakes->language,
                                            "field %zu must be %s: every event begins with the envelope",
                                            "veld %zu moet %s zijn: iedere gebeurtenis begint met de velden die alle gebeurtenissen hebben"),
                                i + 1, envelope[i].name);
                else if (layout->fields[i].type != envelope[i].type || layout->fields[i].nullable != envelope[i].nullable)
                        mistake(d,
                                IN_LANGUAGE(d->mistakes->language, "%s of the envelope has another type",
                                            "%s heeft een ander type dan in alle andere gebeurtenissen"),
                                envelope[i].name);
        }
}

/* A misspelled property would be silently ignored by every other reader of Avro. */
static void event_type_check_properties(struct describing *d, const json_t *properties, const char *const *known, const char *what) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)properties, key, value) {
                struct nearest nearest = NEAREST_INIT(key);
                char hint[NEAREST_HINT_MAX];
                const char *const *k = known;

                if (strncmp(key, PREFIX, strlen(PREFIX)) != 0)
                        continue;
                for (; *k && strcmp(*k, key) != 0; k++)
                        nearest_try(&nearest, *k);
                if (!*k)
                        mistake(d, IN_LANGUAGE(d->mistakes->language, "%s: no property is called '%.60s'%s", "%s: geen eigenschap heet '%.60s'%s"),
                                what, key, language_hint(d->mistakes->language, &nearest, hint));
        }
}

static int event_type_field_named(struct describing *d, const char *name, const char *property) {
        int slot = layout_slot(d->type->layout, name);
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];

        if (slot >= 0)
                return slot;
        for (size_t i = 0; i < d->type->layout->n; i++)
                nearest_try(&nearest, d->type->layout->fields[i].name);
        mistake(d, IN_LANGUAGE(d->mistakes->language, "%s: no field is called '%.60s'%s", "%s: geen veld heet '%.60s'%s"),
                property, name, language_hint(d->mistakes->language, &nearest, hint));
        return -1;
}

static void event_type_read_identity(struct describing *d) {
        const json_t *value = schema_property(d->root->properties, PREFIX "identity");
        const struct layout_field *field;

        d->type->identity = -1;
        if (!value)
                return;
        if (!json_is_string(value)) {
                mistake(d, IN_LANGUAGE(d->mistakes->language, PREFIX "identity must be the name of a field", PREFIX "identity moet de naam van een veld zijn"));
                return;
        }
        d->type->identity = event_type_field_named(d, json_string_value(value), PREFIX "identity");
        if (d->type->identity < 0)
                return;
        field = &d->type->layout->fields[d->type->identity];
        if ((field->type != LAYOUT_UUID && field->type != LAYOUT_STRING) || field->nullable || d->type->identity < ENVELOPE_SLOTS)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, PREFIX "identity: %s must be a uuid or a string of the event's own that is never null",
                                    PREFIX "identity: %s moet een eigen uuid of string van de gebeurtenis zijn die nooit leeg is"),
                        field->name);
}

static bool event_type_read_kind(struct describing *d, const char *name, const char *property, enum organisation_kind *ret) {
        struct nearest nearest = NEAREST_INIT(name);
        char hint[LANGUAGE_CHOICE_MAX];

        if (organisation_kind_of(name, ret))
                return true;
        for (unsigned k = 0; k < KINDS; k++)
                nearest_try(&nearest, organisation_kind_names[k]);
        mistake(d, IN_LANGUAGE(d->mistakes->language, "%s: no kind of organisation is called '%.60s'%s", "%s: geen soort organisatie heet '%.60s'%s"),
                property, name, language_choice(d->mistakes->language, &nearest, hint));
        return false;
}

static void event_type_read_publishers(struct describing *d) {
        const json_t *value = schema_property(d->root->properties, PREFIX "publishers"), *item;
        size_t i;

        d->type->publishers = d->type->output ? 0 : (1u << KINDS) - 1;
        if (!value)
                return;
        if (d->type->output) {
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, PREFIX "publishers: nobody publishes what the broker tells",
                                    PREFIX "publishers: wat ketenwacht zelf vertelt, meldt niemand anders"));
                return;
        }
        d->type->publishers = 0;
        if (!json_is_array(value) || json_array_size(value) == 0)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language,
                                    PREFIX "publishers must be a list of kinds of organisations; leave it out when any may publish this",
                                    PREFIX "publishers moet een lijst van soorten organisaties zijn; laat het weg als iedereen dit mag melden"));
        json_array_foreach(value, i, item) {
                enum organisation_kind kind;

                if (!json_is_string(item))
                        mistake(d,
                                IN_LANGUAGE(d->mistakes->language, PREFIX "publishers: a kind of organisation must be a string",
                                            PREFIX "publishers: een soort organisatie moet een string zijn"));
                else if (event_type_read_kind(d, json_string_value(item), PREFIX "publishers", &kind))
                        d->type->publishers |= 1u << kind;
        }
}

static void event_type_read_own(struct describing *d) {
        const json_t *value = schema_property(d->root->properties, PREFIX "own");
        const char *key;
        json_t *field;

        for (unsigned k = 0; k < KINDS; k++)
                d->type->own[k] = -1;
        if (value && !json_is_object(value))
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, PREFIX "own must map kinds of organisations to fields",
                                    PREFIX "own moet bij soorten organisaties een veld noemen"));
        json_object_foreach((json_t *)value, key, field) {
                enum organisation_kind kind;
                int slot;

                if (!event_type_read_kind(d, key, PREFIX "own", &kind))
                        continue;
                if (!json_is_string(field)) {
                        mistake(d, IN_LANGUAGE(d->mistakes->language, PREFIX "own: %s must name a field", PREFIX "own: %s moet een veld noemen"), key);
                        continue;
                }
                if (!(d->type->publishers & 1u << kind))
                        mistake(d,
                                IN_LANGUAGE(d->mistakes->language, PREFIX "own: a %s may not publish this at all",
                                            PREFIX "own: de soort %s mag dit helemaal niet melden"),
                                key);
                slot = event_type_field_named(d, json_string_value(field), PREFIX "own");
                if (slot >= 0 && d->type->layout->fields[slot].type != LAYOUT_STRING)
                        mistake(d,
                                IN_LANGUAGE(d->mistakes->language, PREFIX "own: %s is not a string and cannot name an organisation",
                                            PREFIX "own: %s is geen string en kan geen organisatie noemen"),
                                json_string_value(field));
                else
                        d->type->own[kind] = slot;
        }
}

static bool event_type_read_flag(struct describing *d, const json_t *properties, const char *property, const char *what) {
        const json_t *value = schema_property(properties, property);

        if (value && !json_is_boolean(value))
                mistake(d, IN_LANGUAGE(d->mistakes->language, "%s: %s must be true or false", "%s: %s moet true (ja) of false (nee) zijn"), what, property);
        return json_is_true(value);
}

/* What the schema says of a field, yes or no; -1: nothing. */
static int event_type_says(const struct layout_field *field, const char *property) {
        const json_t *value = schema_property(field->field->properties, property);

        return value ? json_is_true(value) : -1;
}

static void event_type_read_personal(struct describing *d, size_t slot) {
        const struct layout_field *field = &d->type->layout->fields[slot];

        if (!event_type_read_flag(d, field->field->properties, PERSONAL, field->name))
                return;
        d->type->personal |= (uint64_t)1 << slot;
        if (!field->nullable)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s is personal, so it must be nullable: copies leave it out",
                                    "%s is een persoonsgegeven en moet dus leeg mogen zijn (null): kopieën laten het weg"),
                        field->name);
        if (slot < ENVELOPE_SLOTS || (int)slot == d->type->identity)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s cannot be personal: it stands in keys, headers and records of others",
                                    "%s kan geen persoonsgegeven zijn: het staat ook in sleutels, kopregels en berichten van anderen"),
                        field->name);
}

/* Which strings name organisations follows from the names of the fields where the schema is silent. */
static bool event_type_is_organisation_by_name(const char *name) {
        static const char *const whole[] = {"source", "gi", "provider", "municipality", "organisation", "partner"};
        static const char ending[] = "_municipality";
        size_t n = strlen(name);

        for (size_t i = 0; i < ELEMENTS(whole); i++) {
                if (strcmp(name, whole[i]) == 0)
                        return true;
        }
        return n >= sizeof(ending) && strcmp(name + n - (sizeof(ending) - 1), ending) == 0;
}

static void event_type_read_organisation(struct describing *d, size_t slot) {
        const struct layout_field *field = &d->type->layout->fields[slot];
        bool flag = event_type_read_flag(d, field->field->properties, ORGANISATION, field->name);
        int says = event_type_says(field, ORGANISATION);

        if (flag && field->type != LAYOUT_STRING)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s: " ORGANISATION ": only a string names an organisation",
                                    "%s: " ORGANISATION ": alleen een string noemt een organisatie"),
                        field->name);
        else if (says == 1 || (says < 0 && field->type == LAYOUT_STRING && event_type_is_organisation_by_name(field->name)))
                d->type->organisations |= (uint64_t)1 << slot;
}

/* Which of them must be known: all but those of which the schema says that they may lie outside what is configured. */
static void event_type_read_outsiders(struct describing *d, size_t slot) {
        const struct layout_field *field = &d->type->layout->fields[slot];
        bool outsiders = event_type_read_flag(d, field->field->properties, OUTSIDERS, field->name);

        if (outsiders && (slot == SLOT_SOURCE || !event_type_is_organisation(d->type, (int)slot)))
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s: " OUTSIDERS ": it is not a field that names an organisation",
                                    "%s: " OUTSIDERS ": dit veld noemt geen organisatie"),
                        field->name);
        else if (!outsiders && !d->type->output && slot != SLOT_SOURCE && event_type_is_organisation(d->type, (int)slot))
                d->type->insiders |= (uint64_t)1 << slot;
}

static void event_type_read_own_date(struct describing *d, size_t slot) {
        const struct layout_field *field = &d->type->layout->fields[slot];

        if (!event_type_read_flag(d, field->field->properties, OWN_DATE, field->name))
                return;
        if (field->type != LAYOUT_DATE)
                mistake(d, IN_LANGUAGE(d->mistakes->language, "%s: " OWN_DATE ": it is not a date", "%s: " OWN_DATE ": dit is geen datum"), field->name);
        else if (d->type->own_date >= 0)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s: " OWN_DATE ": %s is the own date of this event already",
                                    "%s: " OWN_DATE ": %s is al de eigen datum van deze gebeurtenis"),
                        field->name, d->type->layout->fields[d->type->own_date].name);
        else
                d->type->own_date = (int)slot;
}

/* Which link is called so, of those of all types; -1: there are too many. */
static int event_type_link_named(struct link_names *links, const char *name) {
        for (size_t i = 0; i < links->n; i++) {
                if (strcmp(links->items[i], name) == 0)
                        return (int)i;
        }
        if (links->n == LINKS_MAX)
                return -1;
        links->items[links->n] = name;
        return (int)links->n++;
}

static void event_type_read_link(struct describing *d, size_t slot) {
        const struct layout_field *field = &d->type->layout->fields[slot];
        const json_t *value = schema_property(field->field->properties, LINK);
        int link;

        if (!value || json_is_false(value))
                return;
        if (!json_is_string(value) || !name_valid(text_of(json_string_value(value)))) {
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s: " LINK " must be the name by which facts join, as measure_id, or false",
                                    "%s: " LINK " moet de naam zijn waardoor feiten bij elkaar horen, zoals measure_id, of false"),
                        field->name);
                return;
        }
        if (field->type != LAYOUT_UUID || slot < ENVELOPE_SLOTS) {
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s: " LINK ": facts join by a uuid of the event's own",
                                    "%s: " LINK ": feiten horen bij elkaar door een eigen uuid van de gebeurtenis"),
                        field->name);
                return;
        }
        link = event_type_link_named(d->links, json_string_value(value));
        if (link < 0)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s: " LINK ": more than %d ids by which facts join",
                                    "%s: " LINK ": meer dan %d nummers waardoor feiten bij elkaar horen"),
                        field->name, LINKS_MAX);
        else if (d->type->links[link] >= 0)
                mistake(d, IN_LANGUAGE(d->mistakes->language, "%s: " LINK ": two fields join as %s", "%s: " LINK ": twee velden horen bij elkaar als %s"),
                        field->name, d->links->items[link]);
        else
                d->type->links[link] = (int)slot;
}

static void event_type_read_fields(struct describing *d) {
        static const char *const known[] = {PERSONAL, ORGANISATION, OUTSIDERS, OWN_DATE, LINK, NULL};
        const struct layout *layout = d->type->layout;

        d->type->own_date = -1;
        for (size_t i = 0; i < LINKS_MAX; i++)
                d->type->links[i] = -1;
        for (size_t i = 0; i < layout->n; i++) {
                event_type_check_properties(d, layout->fields[i].field->properties, known, layout->fields[i].name);
                event_type_read_personal(d, i);
                event_type_read_organisation(d, i);
                event_type_read_outsiders(d, i);
                event_type_read_own_date(d, i);
                event_type_read_link(d, i);
        }
}

/* Whether it is one of the outputs that the contract names, which are filled from the table of tellings. */
static bool event_type_is_telling(const struct event_type *type) {
        return type->known >= TYPE_PLAN_DUE;
}

static int event_type_slot(struct describing *d, const char *name, enum layout_type type, const char *must) {
        int slot = layout_slot(d->type->layout, name);

        if (slot < 0 || d->type->layout->fields[slot].type == type)
                return slot;
        if (!event_type_is_telling(d->type)) /* those are checked field by field */
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "%s must be %s in every event that has it",
                                    "%s moet %s zijn in iedere gebeurtenis die dit veld heeft"),
                        name, must);
        return -1;
}

/* Of a field of which the schema says nothing in this matter, by its name; -1: there is none. */
static int event_type_slot_by_name(struct describing *d, const char *name, const char *property, enum layout_type type, const char *must) {
        int slot = layout_slot(d->type->layout, name);

        if (slot < 0 || schema_property(d->type->layout->fields[slot].field->properties, property))
                return -1;
        return event_type_slot(d, name, type, must);
}

static void event_type_find_links(struct describing *d) {
        struct event_type *type = d->type;

        for (unsigned i = 0; i < LINKS; i++) {
                if (type->links[i] < 0)
                        type->links[i] =
                                event_type_slot_by_name(d, link_fields[i], LINK, LAYOUT_UUID, IN_LANGUAGE(d->mistakes->language, "a uuid", "een uuid"));
        }
        for (size_t i = 0; i < LINKS_MAX; i++) {
                if (type->links[i] >= 0)
                        type->n_links = i + 1;
        }
}

static void event_type_find_own_date(struct describing *d) {
        static const char *const dates[] = {"date", "informed_date", "valid_from"};

        for (size_t i = 0; i < ELEMENTS(dates) && d->type->own_date < 0; i++)
                d->type->own_date = event_type_slot_by_name(d, dates[i], OWN_DATE, LAYOUT_DATE, IN_LANGUAGE(d->mistakes->language, "a date", "een datum"));
        d->type->ahead = d->type->own_date >= 0 && strcmp(d->type->layout->fields[d->type->own_date].name, "valid_from") == 0;
}

/* Which date may not lie ahead when the type reports what happened: the field date, or what the schema says is in its place. */
static void event_type_read_past(struct describing *d) {
        struct event_type *type = d->type;
        const struct layout_field *field = type->own_date < 0 ? NULL : &type->layout->fields[type->own_date];

        type->past_date = -1;
        type->past = event_type_read_flag(d, d->root->properties, PAST, IN_LANGUAGE(d->mistakes->language, "the record", "het record"));
        if (!type->past)
                return;
        if (type->ahead)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, PAST ": what is valid from a day on decides about what is to come",
                                    PAST ": wat vanaf een dag geldt, gaat over wat nog komt"));
        else if (field && (strcmp(field->name, "date") == 0 || event_type_says(field, OWN_DATE) == 1))
                type->past_date = type->own_date;
}

static void event_type_find_fields(struct describing *d) {
        struct event_type *type = d->type;

        event_type_find_links(d);
        event_type_find_own_date(d);
        for (unsigned i = 0; i < KNOWN_FIELDS; i++) {
                switch ((enum known_field)i) {
                case FIELD_UNTIL:
                case FIELD_DUE_DATE:
                        type->fields[i] = event_type_slot(d, known_field_names[i], LAYOUT_DATE, IN_LANGUAGE(d->mistakes->language, "a date", "een datum"));
                        break;
                case FIELD_ALERT_ID:
                case FIELD_WITHDRAWN:
                        type->fields[i] = event_type_slot(d, known_field_names[i], LAYOUT_UUID, IN_LANGUAGE(d->mistakes->language, "a uuid", "een uuid"));
                        break;
                case FIELD_BASIS:
                        type->fields[i] = layout_slot(type->layout, known_field_names[i]);
                        break;
                default:
                        type->fields[i] = event_type_slot(d, known_field_names[i], LAYOUT_STRING, IN_LANGUAGE(d->mistakes->language, "a string", "een string"));
                        break;
                }
        }
        type->region = layout_slot(type->layout, "region") == SLOT_REGION && type->layout->fields[SLOT_REGION].type == LAYOUT_STRING;
        if (!type->region && layout_slot(type->layout, "region") >= 0)
                mistake(d,
                        IN_LANGUAGE(d->mistakes->language, "region must be a string and the first field after the envelope",
                                    "region moet een string zijn, en het eerste veld na de velden die alle gebeurtenissen hebben"));
}

static const char *const known_types[] = {
        [TYPE_MEASURE_STARTED] = "measure-started", [TYPE_MEASURE_ENDED] = "measure-ended", [TYPE_RESIDENCE_CHANGED] = "residence-changed",
        [TYPE_DEVIATION_EXPLAINED] = "deviation-explained", [TYPE_TERM_AGREED] = "term-agreed", [TYPE_ALERT_ACKNOWLEDGED] = "alert-acknowledged",
        [TYPE_EVENT_WITHDRAWN] = "event-withdrawn", [TYPE_PROTOCOL_ADOPTED] = "protocol-adopted", [TYPE_PLAN_DUE] = "plan-due",
        [TYPE_ESCALATION_RAISED] = "escalation-raised", [TYPE_ESCALATION_RESOLVED] = "escalation-resolved", [TYPE_EVENT_REFUSED] = "event-refused",
};

const char *known_type_name(enum known_type known) {
        assert(known > TYPE_OTHER && known < ELEMENTS(known_types));
        return known_types[known];
}

static enum known_type known_type_of(const char *name) {
        for (size_t i = 0; i < ELEMENTS(known_types); i++) {
                if (known_types[i] && strcmp(known_types[i], name) == 0)
                        return (enum known_type)i;
        }
        return TYPE_OTHER;
}

/* What the engine reads of the types that it knows by name; without these fields their facts would mean nothing. */
static void event_type_check_known(struct describing *d) {
        static const struct {
                enum known_type type;
                enum known_field field;
                bool nullable; /* may be */
        } rows[] = {
                {TYPE_MEASURE_STARTED, FIELD_GI, false}, {TYPE_MEASURE_STARTED, FIELD_MUNICIPALITY, false},
                {TYPE_RESIDENCE_CHANGED, FIELD_MUNICIPALITY, false}, {TYPE_RESIDENCE_CHANGED, FIELD_BASIS, false},
                {TYPE_DEVIATION_EXPLAINED, FIELD_NORM, false}, {TYPE_DEVIATION_EXPLAINED, FIELD_INSTANCE, false},
                {TYPE_DEVIATION_EXPLAINED, FIELD_UNTIL, true}, {TYPE_TERM_AGREED, FIELD_NORM, false},
                {TYPE_TERM_AGREED, FIELD_INSTANCE, false}, {TYPE_TERM_AGREED, FIELD_DUE_DATE, false},
                {TYPE_ALERT_ACKNOWLEDGED, FIELD_ALERT_ID, false}, {TYPE_EVENT_WITHDRAWN, FIELD_WITHDRAWN, false},
                {TYPE_PROTOCOL_ADOPTED, FIELD_PARTNER, false},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int slot = d->type->fields[rows[i].field];

                if (rows[i].type != d->type->known)
                        continue;
                if (slot < 0)
                        mistake(d, IN_LANGUAGE(d->mistakes->language, "%s needs the field %s", "%s kan niet zonder het veld %s"),
                                d->type->name, known_field_names[rows[i].field]);
                else if (d->type->layout->fields[slot].nullable && !rows[i].nullable)
                        mistake(d, IN_LANGUAGE(d->mistakes->language, "%s of %s must not be nullable", "%s van %s mag niet leeg kunnen zijn (null)"),
                                known_field_names[rows[i].field], d->type->name);
        }
        if ((d->type->known == TYPE_MEASURE_STARTED || d->type->known == TYPE_MEASURE_ENDED) && d->type->links[LINK_MEASURE] < 0)
                mistake(d, IN_LANGUAGE(d->mistakes->language, "%s needs the field measure_id", "%s kan niet zonder het veld measure_id"), d->type->name);
}

static void event_type_check_telling(struct describing *d) {
        static const enum telling_form forms[] = {
                [TYPE_PLAN_DUE] = TELLING_PLAN_DUE, [TYPE_ESCALATION_RAISED] = TELLING_RAISED,
                [TYPE_ESCALATION_RESOLVED] = TELLING_RESOLVED, [TYPE_EVENT_REFUSED] = TELLING_REFUSED};

        if (event_type_is_telling(d->type))
                telling_record_make(forms[d->type->known], d->type->layout, d->path, d->mistakes, &d->type->told);
}

void event_type_describe(struct event_type *type, struct link_names *links, const char *path, struct mistakes *mistakes) {
        static const char *const known[] = {PREFIX "identity", PREFIX "publishers", PREFIX "own", PREFIX "ends", PREFIX "output", PAST, NULL};
        struct describing d = {.type = type, .links = links, .root = schema_root(type->file), .path = path, .mistakes = mistakes};

        assert(type->name && type->layout && links && links->n >= LINKS && mistakes);
        type->known = known_type_of(type->name);
        event_type_check_envelope(&d);
        event_type_check_properties(&d, d.root->properties, known, IN_LANGUAGE(mistakes->language, "the record", "het record"));
        type->output = event_type_is_telling(type) ||
                       event_type_read_flag(&d, d.root->properties, PREFIX "output", IN_LANGUAGE(mistakes->language, "the record", "het record"));
        event_type_read_identity(&d);
        event_type_read_publishers(&d);
        event_type_read_own(&d);
        event_type_read_fields(&d);
        event_type_find_fields(&d);
        event_type_read_past(&d);
        event_type_check_known(&d);
        event_type_check_telling(&d);
}

bool event_type_is_date(const struct event_type *type, int slot) {
        return slot >= 0 && type->layout->fields[slot].type == LAYOUT_DATE;
}

bool event_type_is_link(const struct event_type *type, int slot) {
        for (size_t i = 0; i < type->n_links; i++) {
                if (type->links[i] == slot)
                        return slot >= 0;
        }
        return false;
}

bool event_type_is_organisation(const struct event_type *type, int slot) {
        assert(slot >= 0 && (size_t)slot < type->layout->n);
        return type->organisations >> slot & 1;
}

static const char *event_type_by(const struct layout_field *field, const char *property, enum language language) {
        return schema_property(field->field->properties, property) ? "" : IN_LANGUAGE(language, " (by its name)", " (door de naam)");
}

void event_type_write_taken(const struct event_type *type, enum language language, struct buffer *out) {
        const struct layout_field *fields = type->layout->fields;
        const char *before = IN_LANGUAGE(language, "; organisations ", "; organisaties ");

        buffer_printf(out, IN_LANGUAGE(language, "%s: own date ", "%s: eigen datum "), type->name);
        if (type->own_date >= 0)
                buffer_printf(out, "%s%s", fields[type->own_date].name, event_type_by(&fields[type->own_date], OWN_DATE, language));
        else
                buffer_add_text(out, IN_LANGUAGE(language, "that of occurred_at", "die van occurred_at"));
        if (type->past)
                buffer_add_text(out, IN_LANGUAGE(language, ", never ahead", ", nooit in de toekomst"));
        for (size_t i = ENVELOPE_SLOTS; i < type->layout->n; i++) {
                if (!event_type_is_organisation(type, (int)i))
                        continue;
                buffer_printf(out, "%s%s%s%s", before, fields[i].name, event_type_by(&fields[i], ORGANISATION, language),
                              type->insiders >> i & 1 ? "" : IN_LANGUAGE(language, " or an outsider", " of een buitenstaander"));
                before = ", ";
        }
        before = IN_LANGUAGE(language, "; joins by ", "; hoort bij elkaar door ");
        for (size_t i = 0; i < type->n_links; i++) {
                if (type->links[i] < 0)
                        continue;
                buffer_printf(out, "%s%s%s", before, fields[type->links[i]].name, event_type_by(&fields[type->links[i]], LINK, language));
                before = ", ";
        }
        buffer_add_byte(out, '\n');
}

struct text event_type_dutch(const struct event_type *type) {
        const char *doc = schema_root(type->file)->doc;
        size_t n = strcspn(doc, ":(,");

        while (n > 0 && doc[n - 1] == ' ')
                n--;
        return n ? (struct text){doc, n} : text_of(type->name);
}

void event_type_print_dutch(const struct event_type *type, struct buffer *out) {
        struct text term = event_type_dutch(type);

        buffer_add(out, term.s, term.n);
        if (term.s != type->name)
                buffer_printf(out, " (%s)", type->name);
}
