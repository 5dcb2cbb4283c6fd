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
static const char *event_wrong_value(const struct event_type *type, const struct layout_field *field, const struct slot *slot) {
        if (slot->kind == SLOT_NULL)
                return field->nullable ? NULL : "may not be null";
        switch (field->type) {
        case LAYOUT_STRING:
                return type->output || name_valid(slot->s) ? NULL : "must be 1 to 64 of A-Z a-z 0-9 . _ : / # -";
        case LAYOUT_DATE:
                return day_in_range(slot->i) ? NULL : "is not a date of the years 1900 to 2200";
        case LAYOUT_TIMESTAMP:
                return instant_in_range(slot->i) ? NULL : "is not an instant of the years 2000 to 2200";
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return isfinite(slot->d) ? NULL : "is not a number";
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

/*
 * Organisations that are known on no date. What repeats the source is judged with it: then the source is what is wrong.
 * Whoever is meant may have no inbox yet, but a word that nobody knows is never anybody.
 */
static enum refusal event_check_organisations(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) {
        const struct event_type *type = event->type;

        for (uint64_t left = type->insiders; left; left &= left - 1) {
                int slot = __builtin_ctzll(left);
                const struct slot *named = &event->slots[slot];
                char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];
                struct nearest nearest;

                if (named->kind != SLOT_STRING || text_equal(named->s, event_source(event)) || organisations_find(orgs, named->s))
                        continue;
                *ret_field = type->layout->fields[slot].name;
                if (type->personal >> slot & 1 || !name_shown(named->s, text)) {
                        error_set(err, "%s: no organisation is called that", *ret_field);
                        return REFUSAL_BAD_VALUE;
                }
                nearest = (struct nearest)NEAREST_INIT(text);
                organisations_nearest(orgs, &nearest);
                error_set(err, "%s: no organisation is called '%s'%s", *ret_field, text, nearest_hint(&nearest, hint));
                return REFUSAL_BAD_VALUE;
        }
        return REFUSAL_NONE;
}

static enum refusal event_check_region(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) {
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];

        if (!event->type->region || regions_find(orgs, event->slots[SLOT_REGION].s))
                return REFUSAL_NONE;
        *ret_field = "region";
        if (name_shown(event->slots[SLOT_REGION].s, text)) {
                struct nearest nearest = NEAREST_INIT(text);

                regions_nearest(orgs, &nearest);
                error_set(err, "region: no region is called '%s'%s", text, nearest_hint(&nearest, hint));
        } else {
                error_set(err, "region: no region is called that");
        }
        return REFUSAL_BAD_VALUE;
}

/* What reports that something happened is not dated more than a day ahead of when it was written down. */
static enum refusal event_check_past(const struct event *event, const char **ret_field, struct error *err) {
        const struct event_type *type = event->type;
        instant_t recorded_at = event->slots[SLOT_RECORDED_AT].i;
        int late = -1;

        if (!type->past)
                return REFUSAL_NONE;
        if (event->slots[SLOT_OCCURRED_AT].i - recorded_at > DAY_MS)
                late = SLOT_OCCURRED_AT;
        else if (type->past_date >= 0 && event->slots[type->past_date].kind == SLOT_INT &&
                 event->slots[type->past_date].i > date_of_instant(recorded_at) + 1)
                late = type->past_date;
        if (late < 0)
                return REFUSAL_NONE;
        *ret_field = type->layout->fields[late].name;
        error_set(err, "%s: lies more than a day after recorded_at; %s reports what happened: send it when it has", *ret_field, type->name);
        return REFUSAL_BAD_VALUE;
}

enum refusal event_check_values(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) {
        const struct layout *layout = event->type->layout;

        assert(orgs && ret_field && err);
        *ret_field = NULL;
        for (size_t i = 0; i < layout->n; i++) {
                const char *wrong = event_wrong_value(event->type, &layout->fields[i], &event->slots[i]);

                if (!wrong)
                        continue;
                *ret_field = layout->fields[i].name;
                error_set(err, "%s: %s", layout->fields[i].name, wrong);
                return REFUSAL_BAD_VALUE;
        }
        if (event_check_past(event, ret_field, err) != REFUSAL_NONE || event_check_organisations(event, orgs, ret_field, err) != REFUSAL_NONE)
                return REFUSAL_BAD_VALUE;
        return event_check_region(event, orgs, ret_field, err);
}

enum refusal event_check_publisher(const struct event *event, const struct organisations *orgs, const char **ret_field, struct error *err) {
        const struct organisation *source = organisations_find(orgs, event_source(event));
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];
        int own;

        assert(event->slots[SLOT_SOURCE].kind == SLOT_STRING); /* event_check_values() came first */
        *ret_field = "source";
        if (!source && !name_shown(event_source(event), text)) {
                error_set(err, "source: no organisation is called that");
                return REFUSAL_UNKNOWN_ORGANISATION;
        }
        if (!source) {
                struct nearest nearest = NEAREST_INIT(text);

                organisations_nearest(orgs, &nearest);
                error_set(err, "source: no organisation '%s'%s", text, nearest_hint(&nearest, hint));
                return REFUSAL_UNKNOWN_ORGANISATION;
        }
        if (event->type->output) {
                error_set(err, "nobody publishes %s: the broker tells it", event->type->name);
                return REFUSAL_NOT_ALLOWED;
        }
        if (!(event->type->publishers & 1u << source->kind)) {
                error_set(err, "source: %s may not publish %s: it is of kind %s", source->id, event->type->name, organisation_kind_names[source->kind]);
                return REFUSAL_NOT_ALLOWED;
        }
        own = event->type->own[source->kind];
        if (own >= 0 && (event->slots[own].kind != SLOT_STRING || !text_equal(event->slots[own].s, event_source(event)))) {
                *ret_field = event->type->layout->fields[own].name;
                error_set(err, "%s: must be %s itself, the source", *ret_field, source->id);
                return REFUSAL_NOT_ALLOWED;
        }
        *ret_field = NULL;
        return REFUSAL_NONE;
}

enum refusal event_check_key(const struct event *event, const struct organisations *orgs, struct text key, struct error *err) {
        const struct uuid *case_id = &event->slots[SLOT_CASE_ID].u;
        const struct region *region;
        char text[UUID_TEXT + 1];

        assert(event->slots[SLOT_CASE_ID].kind == SLOT_UUID);
        uuid_format(case_id, text);
        if (!text_is(key, text)) {
                error_set(err, "the key of the record must be the case_id, %s", text);
                return REFUSAL_KEY_MISMATCH;
        }
        if (!event->type->region)
                return REFUSAL_NONE;
        region = regions_find(orgs, event->slots[SLOT_REGION].s);
        if (region && uuid_equal(&region->case_id, case_id))
                return REFUSAL_NONE;
        if (region)
                uuid_format(&region->case_id, text);
        error_set(err, "case_id: that of region %s is %s", region ? region->id : "nowhere", region ? text : "not known");
        return REFUSAL_KEY_MISMATCH;
}
