/* SPDX-License-Identifier: EUPL-1.2 */

/* The table of what ketenwacht tells, and what follows from it alone: the check of schemas, records, lines of replay, rows as JSON. */

#include "model/telling.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

const char *const stage_names[STAGES] = {"ANNOUNCED", "REMINDER"};
const char *const resolution_names[RESOLUTIONS] = {"MET_IN_TIME", "MET_LATE", "EXPLAINED", "LAPSED", "WITHDRAWN", "MOVED"};

static_assert(STAGES <= TELLING_SYMBOLS_MAX && RESOLUTIONS <= TELLING_SYMBOLS_MAX, "there is room for every symbol");

/* Forms, as they stand in the table. */
#define COPY (1u << TELLING_COPY)
#define PLAN (1u << TELLING_PLAN_DUE)
#define RAISED (1u << TELLING_RAISED)
#define RESOLVED (1u << TELLING_RESOLVED)
#define REFUSED (1u << TELLING_REFUSED)
#define ABOUT_NORM (PLAN | RAISED | RESOLVED)
#define OF_ALERT (RAISED | RESOLVED)
#define ALL (ABOUT_NORM | REFUSED)
#define O (1u << TELLING_ROW_OBLIGATION)
#define A (1u << TELLING_ROW_ALERT)
#define C (1u << TELLING_ROW_COPY)
#define X (1u << TELLING_ROW_CLOSED)
#define AT(member) offsetof(struct telling, member)
#define SYMBOLS(names) .n_symbols = ELEMENTS(names), .symbols = names

/* Texts are struct text, uuids struct uuid, dates day_t, timestamps instant_t, booleans bool, all else unsigned. */
const struct telling_field telling_fields[TELLING_FIELDS] = {
        /* name in schemas and rows, key in lines, type, value; records, lines and rows that have it; more */
        {"recorded_at", "at", LAYOUT_TIMESTAMP, AT(recorded_at), ALL, COPY | ABOUT_NORM, 0, .envelope = true},
        {"event", "event", LAYOUT_STRING, AT(event), 0, COPY, 0},
        {"event_id", "event_id", LAYOUT_UUID, AT(event_id), ALL, COPY, C, .envelope = true},
        {"alert_id", "alert_id", LAYOUT_UUID, AT(alert_id), OF_ALERT, OF_ALERT, 0},
        {"case_id", "case_id", LAYOUT_UUID, AT(case_id), ALL, ABOUT_NORM, 0, .envelope = true},
        {"source", NULL, LAYOUT_STRING, AT(source), ALL, 0, 0, .envelope = true},
        {"occurred_at", NULL, LAYOUT_TIMESTAMP, AT(occurred_at), ALL, 0, 0, .envelope = true},
        {"refused", NULL, LAYOUT_UUID, AT(refused), REFUSED, 0, 0},
        {"code", NULL, LAYOUT_STRING, AT(code), REFUSED, 0, 0},
        {"protocol", "protocol", LAYOUT_STRING, AT(protocol), ABOUT_NORM, ABOUT_NORM, O | A},
        {"norm", "norm", LAYOUT_STRING, AT(norm), ABOUT_NORM, ABOUT_NORM, O | A},
        {"instance", "instance", LAYOUT_STRING, AT(instance), ABOUT_NORM, ABOUT_NORM, O | A},
        {"stage", "stage", LAYOUT_ENUM, AT(stage), PLAN, PLAN, 0, SYMBOLS(stage_names)},
        {"rung", "rung", LAYOUT_INT, AT(rung), OF_ALERT, OF_ALERT, A},
        {"reason", "reason", LAYOUT_ENUM, AT(reason), RESOLVED, RESOLVED, 0, SYMBOLS(resolution_names)},
        {"due_date", "due_date", LAYOUT_DATE, AT(due_date), ABOUT_NORM, PLAN | RAISED, O | A},
        {"organisation", "to", LAYOUT_STRING, AT(organisation), ABOUT_NORM, COPY | ABOUT_NORM, A | C},
        {"role", "role", LAYOUT_STRING, AT(role), PLAN | RAISED, COPY | PLAN | RAISED, A | C},
        {"text", "text", LAYOUT_STRING, AT(text), ALL, ABOUT_NORM, 0},
        {"open", NULL, LAYOUT_BOOLEAN, AT(open), 0, 0, A},
        {"raised", NULL, LAYOUT_LONG, AT(raised), 0, 0, A},
        {"day", NULL, LAYOUT_DATE, AT(day), 0, 0, X},
        {"announced_at", NULL, LAYOUT_TIMESTAMP, AT(announced_at), 0, 0, O},
        {"told_at", NULL, LAYOUT_TIMESTAMP, AT(told_at), 0, 0, O | A | C},
        {"told_at", NULL, LAYOUT_TIMESTAMP, AT(told_at), 0, 0, X, .nullable = true},
        {"reminders", NULL, LAYOUT_LONG, AT(reminders), 0, 0, O, .places = true},
};

/* -- Values -- */

static inline void telling_fill(struct slot *slot, enum layout_type type, const void *at) {
        switch (type) {
        case LAYOUT_STRING:
                slot->kind = SLOT_STRING;
                slot->s = *(const struct text *)at;
                break;
        case LAYOUT_UUID:
                slot->kind = SLOT_UUID;
                slot->u = *(const struct uuid *)at;
                break;
        case LAYOUT_DATE:
                slot->kind = SLOT_INT;
                slot->i = *(const day_t *)at;
                break;
        case LAYOUT_TIMESTAMP:
                slot->kind = SLOT_INT;
                slot->i = *(const instant_t *)at;
                break;
        case LAYOUT_BOOLEAN:
                slot->kind = SLOT_BOOLEAN;
                slot->i = *(const bool *)at;
                break;
        default:
                slot->kind = SLOT_INT;
                slot->i = *(const unsigned *)at;
        }
}

struct slot telling_slot(const struct telling *t, const struct telling_field *field) {
        struct slot slot;

        telling_fill(&slot, field->type, (const char *)t + field->offset);
        if (field->nullable && slot.i == INSTANT_NEVER)
                slot.kind = SLOT_NULL;
        return slot;
}

void telling_set(struct telling *t, const struct telling_field *field, const struct slot *slot) {
        void *at = (char *)t + field->offset;

        switch (field->type) {
        case LAYOUT_STRING:
                *(struct text *)at = slot->s;
                break;
        case LAYOUT_UUID:
                *(struct uuid *)at = slot->u;
                break;
        case LAYOUT_DATE:
                *(day_t *)at = (day_t)slot->i;
                break;
        case LAYOUT_TIMESTAMP:
                *(instant_t *)at = slot->kind == SLOT_NULL ? INSTANT_NEVER : slot->i;
                break;
        case LAYOUT_BOOLEAN:
                *(bool *)at = slot->i != 0;
                break;
        default:
                *(unsigned *)at = (unsigned)slot->i;
        }
}

/* -- Schemas and records -- */

static void telling_check_symbols(const struct telling_field *field, const struct layout_field *in, const char *path, struct mistakes *mistakes,
                                  struct telling_record *ret) {
        for (unsigned i = 0; i < field->n_symbols; i++) {
                int index = layout_symbol(in, text_of(field->symbols[i]));

                if (index < 0)
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language, "%s must have the symbol %s: ketenwacht tells it",
                                                   "%s moet de waarde %s hebben: ketenwacht vertelt die"),
                                       field->name, field->symbols[i]);
                else
                        ret->symbols[i] = (uint8_t)index;
        }
}

/* Return: whether it is as it must be. */
static bool telling_check_field(const struct telling_field *field, const struct layout *layout, int slot, const char *path, struct mistakes *mistakes) {
        const char *must = layout_type_word(field->type);

        if (slot < 0) {
                if (!field->envelope)
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language, "the field %s (%s) is missing: ketenwacht tells it",
                                                   "het veld %s (%s) ontbreekt: ketenwacht vertelt het"),
                                       field->name, must);
                return false;
        }
        if (layout->fields[slot].type == field->type && !layout->fields[slot].nullable)
                return true;
        if (!field->envelope)
                mistakes_place(mistakes, path,
                               IN_LANGUAGE(mistakes->language, "the field %s must be %s%s, not %s: ketenwacht tells it",
                                           "het veld %s moet van het type %s zijn%s, niet %s: ketenwacht vertelt het"),
                               field->name, must,
                               layout->fields[slot].nullable ? IN_LANGUAGE(mistakes->language, " and not nullable", " en niet leeg (null)") : "",
                               layout_type_word(layout->fields[slot].type));
        return false;
}

void telling_record_make(enum telling_form form, const struct layout *layout, const char *path, struct mistakes *mistakes, struct telling_record *ret) {
        uint64_t ours = 0;

        assert(form > TELLING_COPY && form <= TELLING_REFUSED);
        *ret = (struct telling_record){0};
        for (size_t i = 0; i < TELLING_FIELDS; i++) {
                const struct telling_field *field = &telling_fields[i];
                int slot;

                if (!(field->records >> form & 1))
                        continue;
                slot = layout_slot(layout, field->name);
                if (slot >= 0)
                        ours |= UINT64_C(1) << slot;
                if (!telling_check_field(field, layout, slot, path, mistakes))
                        continue;
                if (field->n_symbols)
                        telling_check_symbols(field, &layout->fields[slot], path, mistakes, ret);
                ret->places[ret->n].type = (uint8_t)field->type;
                ret->places[ret->n].slot = (uint8_t)slot;
                ret->places[ret->n++].offset = field->offset;
        }
        for (size_t i = 0; i < layout->n; i++) {
                const struct layout_field *field = &layout->fields[i];

                if (ours >> i & 1)
                        continue;
                if (field->has_default && field->default_value.kind != SLOT_NULL)
                        ret->defaults |= UINT64_C(1) << i;
                else if (!field->has_default && !field->nullable)
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language,
                                                   "the field %s must be nullable or have a default: ketenwacht has nothing to tell in it",
                                                   "het veld %s moet leeg mogen zijn (null) of een default hebben: ketenwacht heeft er niets in te vertellen"),
                                       field->name);
        }
}

void telling_to_slots(const struct telling *t, const struct telling_record *record, const struct layout *layout, struct slot *slots) {
        for (size_t i = 0; i < record->n; i++) {
                const void *at = (const char *)t + record->places[i].offset;
                struct slot *slot = &slots[record->places[i].slot];

                telling_fill(slot, (enum layout_type)record->places[i].type, at);
                if (record->places[i].type == LAYOUT_ENUM) {
                        assert(slot->i < TELLING_SYMBOLS_MAX);
                        slot->i = record->symbols[slot->i];
                }
        }
        for (uint64_t left = record->defaults; left; left &= left - 1) {
                unsigned i = (unsigned)__builtin_ctzll(left);

                slots[i] = layout->fields[i].default_value;
        }
}

/* -- JSON -- */

static void telling_places_to_json(unsigned places, struct json_writer *w) {
        jsonw_open_array(w);
        for (unsigned i = 0; i < 32; i++) {
                if (places >> i & 1)
                        jsonw_int(w, i + 1);
        }
        jsonw_close_array(w);
}

/* @exact: instants to the millisecond, so that they read back the same. */
static void telling_value_to_json(const struct telling_field *field, const struct slot *slot, bool exact, struct json_writer *w) {
        char text[UUID_TEXT + INSTANT_TEXT + 1];

        switch (field->type) {
        case LAYOUT_STRING:
                jsonw_text(w, slot->s);
                return;
        case LAYOUT_BOOLEAN:
                jsonw_bool(w, slot->i != 0);
                return;
        case LAYOUT_UUID:
                uuid_format(&slot->u, text);
                break;
        case LAYOUT_DATE:
                date_format((day_t)slot->i, text);
                break;
        case LAYOUT_TIMESTAMP:
                if (exact)
                        instant_format_exact(slot->i, text);
                else
                        instant_format(slot->i, text);
                break;
        case LAYOUT_ENUM:
                assert(slot->i >= 0 && slot->i < field->n_symbols);
                jsonw_string(w, field->symbols[slot->i]);
                return;
        default:
                if (field->places)
                        telling_places_to_json((unsigned)slot->i, w);
                else
                        jsonw_int(w, slot->i);
                return;
        }
        jsonw_string(w, text);
}

void telling_to_line(const struct telling *t, enum telling_form form, struct json_writer *w) {
        for (size_t i = 0; i < TELLING_FIELDS; i++) {
                const struct telling_field *field = &telling_fields[i];

                if (!(field->lines >> form & 1))
                        continue;
                const struct slot slot = telling_slot(t, field);

                jsonw_key(w, field->key);
                telling_value_to_json(field, &slot, false, w);
        }
}

void telling_row_to_json(const struct telling *t, enum telling_form form, struct json_writer *w) {
        for (size_t i = 0; i < TELLING_FIELDS; i++) {
                const struct telling_field *field = &telling_fields[i];
                struct slot slot;

                if (!(field->rows >> form & 1))
                        continue;
                slot = telling_slot(t, field);
                if (slot.kind == SLOT_NULL)
                        continue;
                jsonw_key(w, field->name);
                telling_value_to_json(field, &slot, true, w);
        }
}
