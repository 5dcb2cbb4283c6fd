/* SPDX-License-Identifier: EUPL-1.2 */

/* Domains of values, publishers and keys: what can be said of an event without its case. */

#include "model/event.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "calendar/date.h"
#include "base/name.h"
#include "model/event_mistakes.h"


const char *const refusal_codes[REFUSALS] = {
        [REFUSAL_NONE] = "",
#define REFUSAL_ROW(name, meaning) [REFUSAL_##name] = #name,
#include "model/refusal.def"
#undef REFUSAL_ROW
};

const char *const refusal_meanings[REFUSALS] = {
        [REFUSAL_NONE] = "",
#define REFUSAL_ROW(name, meaning) [REFUSAL_##name] = meaning,
#include "model/refusal.def"
#undef REFUSAL_ROW
};

const struct slot *event_slot(const struct event *event, const char *field, enum slot_kind kind) {
        int slot = layout_slot(event->type->layout, field);

        return slot >= 0 && event->slots[slot].kind == kind ? &event->slots[slot] : NULL;
}

struct text event_text(const struct event *event, const char *field) {
        const struct slot *slot = event_slot(event, field, SLOT_STRING);

        return slot ? slot->s : (struct text){0};
}

void event_id_text(const struct event *event, const char *field, char ret[UUID_TEXT + 1]) {
        const struct slot *slot = event_slot(event, field, SLOT_UUID);

        ret[0] = '\0';
        if (slot)
                uuid_format(&slot->u, ret);
}

static struct text event_source(const struct event *event) {
        return event->slots[SLOT_SOURCE].s;
}

static bool day_in_range(int64_t day) {
        return day >= date_from_ymd(DATE_YEAR_MIN, 1, 1) && day <= date_from_ymd(DATE_YEAR_MAX, 12, 31);
}

static bool instant_in_range(int64_t at) {
        return at >= date_from_ymd(INSTANT_YEAR_MIN, 1, 1) * DAY_MS && at < date_from_ymd(INSTANT_YEAR_MAX + 1, 1, 1) * DAY_MS;
}

/* NULL when the value lies in its domain, else what is wrong. What the broker tells has sentences in its strings. */
static const char *event_wrong_value(const struct event_type *type, const struct layout_field *field, const struct slot *slot, enum language language) {
        if (slot->kind == SLOT_NULL)
                return field->nullable ? NULL : IN_LANGUAGE(language, "may not be null", "mag niet null zijn");
        switch (field->type) {
        case LAYOUT_STRING:
                if (type->output || name_valid(slot->s))
                        return NULL;
                return IN_LANGUAGE(language, "must be 1 to 64 of A-Z a-z 0-9 . _ : / # -", "moet uit 1 tot 64 tekens bestaan, van A-Z a-z 0-9 . _ : / # -");
        case LAYOUT_DATE:
                return day_in_range(slot->i) ? NULL : IN_LANGUAGE(language, "is not a date of the years 1900 to 2200",
                                                                  "is geen datum uit de jaren 1900 tot en met 2200");
        case LAYOUT_TIMESTAMP:
                if (instant_in_range(slot->i))
                        return NULL;
                return IN_LANGUAGE(language, "is not an instant of the years 2000 to 2200", "is geen tijdstip uit de jaren 2000 tot en met 2200");
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return isfinite(slot->d) ? NULL : IN_LANGUAGE(language, "is not a number", "is geen getal");
        case LAYOUT_BOOLEAN:
        case LAYOUT_INT:
        case LAYOUT_LONG:
        case LAYOUT_ENUM:
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                break;
        }
        return NULL;
}

static void organisation_unknown(const struct event *event, const struct organisations *orgs, int slot, struct event_mistakes *m) {
        struct text named = event->slots[slot].s;
        const struct event_type *type = event->type;
        const char *field = type->layout->fields[slot].name;
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];
        struct nearest nearest;

        if (type->personal >> slot & 1 || !name_shown(named, text)) {
                event_mistakes_add_slot(m, type, (size_t)slot, REFUSAL_BAD_VALUE,
                                        IN_LANGUAGE(m->language, "%s: no organisation is called that", "%s: zo heet geen organisatie"), field);
                return;
        }
        nearest = (struct nearest)NEAREST_INIT(text);
        organisations_nearest(orgs, &nearest);
        event_mistakes_add_slot(m, type, (size_t)slot, REFUSAL_BAD_VALUE,
                                IN_LANGUAGE(m->language, "%s: no organisation is called '%s'%s", "%s: geen organisatie heet '%s'%s"), field, text,
                                language_hint(m->language, &nearest, hint));
}

void event_hide_personal(const struct event *event) {
        for (uint64_t left = event->type->personal; left; left &= left - 1)
                event->slots[__builtin_ctzll(left)] = (struct slot){.kind = SLOT_NULL};
}

/*
 * Organisations that are known on no date. What repeats the source is judged with it: then the source is what is wrong.
 * Whoever is meant may have no inbox yet, but a word that nobody knows is never anybody.
 */
static void event_judge_organisations(const struct event *event, const struct organisations *orgs, struct event_mistakes *m) {
        for (uint64_t left = event->type->insiders & ~m->wrong; left; left &= left - 1) {
                int slot = __builtin_ctzll(left);
                const struct slot *named = &event->slots[slot];

                if (named->kind == SLOT_STRING && !text_equal(named->s, event_source(event)) && !organisations_find(orgs, named->s))
                        organisation_unknown(event, orgs, slot, m);
        }
}

static void event_judge_region(const struct event *event, const struct organisations *orgs, struct event_mistakes *m) {
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];

        if (!event->type->region || !event_mistakes_clear(m, SLOT_REGION) || regions_find(orgs, event->slots[SLOT_REGION].s))
                return;
        if (name_shown(event->slots[SLOT_REGION].s, text)) {
                struct nearest nearest = NEAREST_INIT(text);

                regions_nearest(orgs, &nearest);
                event_mistakes_add_slot(m, event->type, SLOT_REGION, REFUSAL_BAD_VALUE,
                                        IN_LANGUAGE(m->language, "region: no region is called '%s'%s", "region: geen regio heet '%s'%s"), text,
                                        language_hint(m->language, &nearest, hint));
        } else {
                event_mistakes_add_slot(m, event->type, SLOT_REGION, REFUSAL_BAD_VALUE, 
                                        IN_LANGUAGE(m->language, "region: no region is called that", "region: zo heet geen regio"));
        }
}

static void event_add_ahead(const struct event *event, int slot, struct event_mistakes *m) {
        const struct event_type *type = event->type;

        event_mistakes_add_slot(m, type, (size_t)slot, REFUSAL_BAD_VALUE,
                                IN_LANGUAGE(m->language, "%s: lies more than a day after recorded_at; %s reports what happened: send it when it has",
                                            "%s: ligt meer dan een dag na recorded_at; %s meldt wat gebeurd is: stuur het als het zover is"),
                                type->layout->fields[slot].name, type->name);
}

/* What reports that something happened is not dated more than a day ahead of when it was written down. */
static void event_judge_past(const struct event *event, struct event_mistakes *m) {
        const struct event_type *type = event->type;
        instant_t recorded_at = event->slots[SLOT_RECORDED_AT].i;

        if (!type->past || !event_mistakes_clear(m, SLOT_RECORDED_AT))
                return;
        if (event_mistakes_clear(m, SLOT_OCCURRED_AT) && event->slots[SLOT_OCCURRED_AT].i - recorded_at > DAY_MS)
                event_add_ahead(event, SLOT_OCCURRED_AT, m);
        if (type->past_date >= 0 && event->slots[type->past_date].kind == SLOT_INT && event_mistakes_clear(m, type->past_date) &&
            event->slots[type->past_date].i > date_of_instant(recorded_at) + 1)
                event_add_ahead(event, type->past_date, m);
}

void event_judge_values(const struct event *event, const struct organisations *orgs, struct event_mistakes *m) {
        const struct layout *layout = event->type->layout;

        for (size_t i = 0; i < layout->n; i++) {
                const char *wrong = event_wrong_value(event->type, &layout->fields[i], &event->slots[i], m->language);

                if (wrong && event_mistakes_clear(m, (int)i))
                        event_mistakes_add_slot(m, event->type, i, REFUSAL_BAD_VALUE, "%s: %s", layout->fields[i].name, wrong);
        }
        event_judge_past(event, m);
        event_judge_organisations(event, orgs, m);
        event_judge_region(event, orgs, m);
}

enum refusal event_check_values(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) {
        struct event_mistake first;
        struct event_mistakes m = {.items = &first, .room = 1};

        assert(orgs && ret_field && err);
        event_judge_values(event, orgs, &m);
        return event_mistakes_first(&m, ret_field, err);
}

static void source_unknown(const struct event *event, const struct organisations *orgs, struct event_mistakes *m) {
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];

        if (name_shown(event_source(event), text)) {
                struct nearest nearest = NEAREST_INIT(text);

                organisations_nearest(orgs, &nearest);
                event_mistakes_add_slot(m, event->type, SLOT_SOURCE, REFUSAL_UNKNOWN_ORGANISATION,
                                        IN_LANGUAGE(m->language, "source: no organisation '%s'%s", "source: er is geen organisatie '%s'%s"), text,
                                        language_hint(m->language, &nearest, hint));
        } else {
                event_mistakes_add_slot(m, event->type, SLOT_SOURCE, REFUSAL_UNKNOWN_ORGANISATION, 
                                        IN_LANGUAGE(m->language, "source: no organisation is called that", "source: zo heet geen organisatie"));
        }
}

void event_judge_recorded(const struct event *event, instant_t now, struct event_mistakes *m) {
        if (event_mistakes_clear(m, SLOT_RECORDED_AT) && event->slots[SLOT_RECORDED_AT].i > now + EVENT_AHEAD_MAX_MS)
                event_mistakes_add_slot(m, event->type, SLOT_RECORDED_AT, REFUSAL_BAD_VALUE,
                                        IN_LANGUAGE(m->language, "recorded_at: lies more than a day ahead of the broker's clock",
                                                    "recorded_at: ligt meer dan een dag voor op de klok van ketenwacht"));
}

bool event_type_judge_kind(const struct event_type *type, const struct organisation *source, const char *field, struct event_mistakes *m) {
        const char *prefix = field ? field : "", *colon = field ? ": " : "";

        if (type->output)
                return event_mistakes_add(m, REFUSAL_NOT_ALLOWED, field,
                                          IN_LANGUAGE(m->language, "nobody publishes %s: the broker tells it", "niemand meldt %s: dat zegt ketenwacht zelf"),
                                          type->name);
        if (type->publishers & 1u << source->kind)
                return true;
        return event_mistakes_add(m, REFUSAL_NOT_ALLOWED, field,
                                  IN_LANGUAGE(m->language, "%s%s%s may not publish %s: it is of kind %s",
                                              "%s%s%s mag geen %s melden: het is een organisatie van de soort %s"),
                                  prefix, colon, source->id, type->name, organisation_kind_names[source->kind]);
}

void event_judge_publisher(const struct event *event, const struct organisations *orgs, struct event_mistakes *m) {
        const struct organisation *source;
        int own;

        if (!event_mistakes_clear(m, SLOT_SOURCE))
                return;
        assert(event->slots[SLOT_SOURCE].kind == SLOT_STRING); /* event_judge_values() came first */
        source = organisations_find(orgs, event_source(event));
        if (!source) {
                source_unknown(event, orgs, m);
                return;
        }
        if (!event_type_judge_kind(event->type, source, "source", m))
                return;
        own = event->type->own[source->kind];
        if (own < 0 || !event_mistakes_clear(m, own) || (event->slots[own].kind == SLOT_STRING && text_equal(event->slots[own].s, event_source(event))))
                return;
        event_mistakes_add_slot(m, event->type, (size_t)own, REFUSAL_NOT_ALLOWED,
                                IN_LANGUAGE(m->language, "%s: must be %s itself, the source", "%s: moet %s zelf zijn, de bron"),
                                event->type->layout->fields[own].name,
                                source->id);
}

enum refusal event_check_publisher(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) {
        struct event_mistake first;
        struct event_mistakes m = {.items = &first, .room = 1};

        event_judge_publisher(event, orgs, &m);
        return event_mistakes_first(&m, ret_field, err);
}

void event_judge_key(const struct event *event, const struct organisations *orgs, struct text key, struct event_mistakes *m) {
        const struct uuid *case_id = &event->slots[SLOT_CASE_ID].u;
        const struct region *region;
        char text[UUID_TEXT + 1];

        if (!event_mistakes_clear(m, SLOT_CASE_ID))
                return;
        assert(event->slots[SLOT_CASE_ID].kind == SLOT_UUID);
        uuid_format(case_id, text);
        if (!text_is(key, text)) {
                event_mistakes_add_slot(m, event->type, SLOT_CASE_ID, REFUSAL_KEY_MISMATCH,
                                        IN_LANGUAGE(m->language, "the key of the record must be the case_id, %s",
                                                    "de sleutel van het record moet de case_id zijn, %s"),
                                        text);
                return;
        }
        if (!event->type->region || !event_mistakes_clear(m, SLOT_REGION))
                return;
        region = regions_find(orgs, event->slots[SLOT_REGION].s);
        if (region && uuid_equal(&region->case_id, case_id))
                return;
        if (region)
                uuid_format(&region->case_id, text);
        event_mistakes_add_slot(m, event->type, SLOT_CASE_ID, REFUSAL_KEY_MISMATCH,
                                IN_LANGUAGE(m->language, "case_id: that of region %s is %s", "case_id: die van regio %s is %s"),
                                region ? region->id : IN_LANGUAGE(m->language, "nowhere", "nergens"),
                                region ? text : IN_LANGUAGE(m->language, "not known", "niet bekend"));
}

enum refusal event_check_key(const struct event *event, const struct organisations *orgs, struct text key, struct error *err) {
        struct event_mistake first;
        struct event_mistakes m = {.items = &first, .room = 1};
        const char *field;

        event_judge_key(event, orgs, key, &m);
        return event_mistakes_first(&m, &field, err);
}

enum refusal event_check(const struct event *event, const struct organisations *orgs, instant_t now, struct text key, struct error *err) {
        const char *field;
        enum refusal code = event_check_values(event, orgs, &field, err);

        if (code == REFUSAL_NONE && event->slots[SLOT_RECORDED_AT].i - now > EVENT_AHEAD_MAX_MS) {
                error_set(err, "recorded_at lies more than a day ahead of the clock");
                return REFUSAL_BAD_VALUE;
        }
        if (code == REFUSAL_NONE)
                code = event_check_publisher(event, orgs, &field, err);
        return code == REFUSAL_NONE ? event_check_key(event, orgs, key, err) : code;
}

enum refusal event_check_from(const struct event *event, const struct organisations *orgs, const struct organisation *from, instant_t now, struct text key,
                              struct error *err) {
        enum refusal code = event_check(event, orgs, now, key, err);

        if ((code == REFUSAL_NONE || code >= REFUSAL_NOT_ALLOWED) && !text_is(event_source(event), from->id)) {
                error_set(err, "source: this is the outbox of %s", from->id);
                return REFUSAL_NOT_ALLOWED;
        }
        return code;
}
