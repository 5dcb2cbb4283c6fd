/* SPDX-License-Identifier: EUPL-1.2 */

/* Examples of events: each field by its type, and by what its schema says that it names. */

#include "connect/example.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define EXAMPLE_SEED_MAX 128
#define OCCURRED_AT_MS (10 * HOUR_MS)         /* local time of the day */
#define RECORDED_AT_MS (OCCURRED_AT_MS + 5 * INT64_C(60000))
#define DAYS_AHEAD 182                        /* of dates that are still to come */

/* How names of dates end that lie ahead of what is told. */
static const char *const ahead[] = {"_on", "until", "due_date"};

struct making {
        const struct organisations *orgs;
        day_t day;
        struct example *example;
};

static bool ends_in(const char *name, const char *end) {
        size_t n = strlen(name), m = strlen(end);

        return n >= m && strcmp(name + n - m, end) == 0;
}

/* -- Who -- */

/* The first that may publish it: 0: valid on the day and among @callers; 1: valid; 2: any. */
static const struct organisation *find_source(const struct making *m, const struct event_type *type, const bool *callers, int effort) {
        for (size_t i = 0; i < organisations_count(m->orgs); i++) {
                const struct organisation *org = organisations_at(m->orgs, i);

                if (!(type->publishers & 1u << org->kind) || (effort < 2 && !organisation_on(org, m->day)))
                        continue;
                if (effort > 0 || !callers || callers[org->index])
                        return org;
        }
        return NULL;
}

static const struct organisation *find_kind(const struct making *m, enum organisation_kind kind) {
        for (size_t i = 0; i < organisations_count(m->orgs); i++) {
                const struct organisation *org = organisations_at(m->orgs, i);

                if (org->kind == kind && organisation_on(org, m->day))
                        return org;
        }
        return NULL;
}

/* The region of an example about a region: where the municipality of the other examples lies. */
static const struct region *named_region(const struct making *m) {
        const struct organisation *municipality = find_kind(m, KIND_MUNICIPALITY), *row = municipality ? organisation_on(municipality, m->day) : NULL;

        return row && row->region ? row->region : regions_at(m->orgs, 0);
}

/* Of the kind that the field is called after ("gi", "responsible_municipality"), if there is one; else the source itself. */
static const struct organisation *named_organisation(const struct making *m, size_t slot) {
        const struct event_type *type = m->example->event.type;
        const struct organisation *source = m->example->source, *named = NULL;

        if (slot == SLOT_SOURCE || type->own[source->kind] == (int)slot)
                return source;
        for (int kind = 0; kind < KINDS; kind++) {
                if (ends_in(type->layout->fields[slot].name, organisation_kind_names[kind]))
                        named = find_kind(m, (enum organisation_kind)kind);
        }
        return named ? named : source;
}

/* -- What -- */

/* The same of the same words on the same day. */
static struct uuid example_id(const struct making *m, const char *words) {
        char seed[EXAMPLE_SEED_MAX], day[DATE_TEXT + 1];

        date_format(m->day, day);
        (void) snprintf(seed, sizeof(seed), "example|%s|%s", day, words);
        return uuid_v5(&uuid_namespace_ketenwacht, seed, strlen(seed));
}

static struct uuid slot_id(const struct making *m, size_t slot) {
        const struct event_type *type = m->example->event.type;

        if (slot == SLOT_EVENT_ID)
                return example_id(m, type->name);
        if (slot == SLOT_CASE_ID && type->region)
                return named_region(m)->case_id;
        return example_id(m, type->layout->fields[slot].name);
}

static struct text slot_text(const struct making *m, size_t slot) {
        const struct event_type *type = m->example->event.type;
        char *text = m->example->texts[slot];
        struct uuid measure;

        if (type->region && slot == SLOT_REGION)
                return text_of(named_region(m)->id);
        if (type->organisations >> slot & 1)
                return text_of(named_organisation(m, slot)->id);
        if (type->fields[FIELD_INSTANCE] == (int)slot) { /* what norms of measures know an obligation by */
                measure = example_id(m, link_fields[LINK_MEASURE]);
                uuid_format(&measure, text);
                return text_of(text);
        }
        (void) snprintf(text, sizeof(m->example->texts[slot]), "%.*s-1", NAME_MAX_BYTES - 2, type->layout->fields[slot].name);
        for (char *c = text; *c; c++)
                *c = *c == '_' ? '-' : *c;
        return text_of(text);
}

static day_t slot_day(const struct making *m, size_t slot) {
        const struct event_type *type = m->example->event.type;

        if ((int)slot == type->own_date || (int)slot == type->past_date)
                return m->day;
        for (size_t i = 0; i < ELEMENTS(ahead); i++) {
                if (ends_in(type->layout->fields[slot].name, ahead[i]))
                        return m->day + DAYS_AHEAD;
        }
        return m->day;
}

static bool slot_left_null(const struct event_type *type, size_t slot) {
        return type->layout->fields[slot].nullable && (slot == SLOT_REPLACES || (type->personal >> slot & 1));
}

static struct slot slot_filled(const struct making *m, size_t slot) {
        const struct event_type *type = m->example->event.type;

        if (slot_left_null(type, slot))
                return (struct slot){.kind = SLOT_NULL};
        switch (type->layout->fields[slot].type) {
        case LAYOUT_BOOLEAN:
                return (struct slot){.kind = SLOT_BOOLEAN, .i = true};
        case LAYOUT_INT:
        case LAYOUT_LONG:
                return (struct slot){.kind = SLOT_INT, .i = 1};
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return (struct slot){.kind = SLOT_DOUBLE, .d = 1};
        case LAYOUT_STRING:
                return (struct slot){.kind = SLOT_STRING, .s = slot_text(m, slot)};
        case LAYOUT_ENUM:
                return (struct slot){.kind = SLOT_INT, .i = 0};
        case LAYOUT_DATE:
                return (struct slot){.kind = SLOT_INT, .i = slot_day(m, slot)};
        case LAYOUT_TIMESTAMP:
                return (struct slot){.kind = SLOT_INT, .i = date_begin(m->day) + (slot == SLOT_RECORDED_AT ? RECORDED_AT_MS : OCCURRED_AT_MS)};
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                return (struct slot){.kind = SLOT_UUID, .u = slot_id(m, slot)};
        }
        assert(!"a type of a slot");
        return (struct slot){.kind = SLOT_NULL};
}

bool example_make(const struct event_type *type, const struct organisations *orgs, const bool *callers, day_t day, struct example *ret) {
        struct making m = {.orgs = orgs, .day = day, .example = ret};

        assert(type && orgs && !type->output);
        *ret = (struct example){.event = {type, ret->slots}};
        for (int effort = 0; effort < 3 && !ret->source; effort++)
                ret->source = find_source(&m, type, callers, effort);
        if (!ret->source || (type->region && regions_count(orgs) == 0))
                return false;
        for (size_t i = 0; i < type->layout->n; i++)
                ret->slots[i] = slot_filled(&m, i);
        return true;
}
