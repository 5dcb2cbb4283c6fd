/* SPDX-License-Identifier: EUPL-1.2 */

/* Cells from facts, organisations and dates; whom a line belongs to and whether it was asked for; a line more. */

#include "engine/listing_line.h"

#include <assert.h>
#include <string.h>

const struct norm listing_norm_none = {.name = "", .per = -1};

/* -- Cells -- */

struct listing_cell cell_text(const char *text) {
        return text ? (struct listing_cell){.kind = CELL_TEXT, .text = text} : (struct listing_cell){0};
}

struct listing_cell cell_int(int64_t i) {
        return (struct listing_cell){.kind = CELL_INT, .i = i};
}

struct listing_cell cell_boolean(bool b) {
        return (struct listing_cell){.kind = CELL_BOOLEAN, .i = b};
}

struct listing_cell cell_date(day_t date) {
        return date == DAY_NONE ? (struct listing_cell){0} : (struct listing_cell){.kind = CELL_DATE, .i = date};
}

struct listing_cell cell_organisation(const struct organisation *org) {
        return org ? (struct listing_cell){.kind = CELL_TEXT, .text = org->id, .name = org->name} : (struct listing_cell){0};
}

struct listing_cell cell_region(const struct region *region) {
        return region ? (struct listing_cell){.kind = CELL_TEXT, .text = region->id, .name = region->name} : (struct listing_cell){0};
}

static struct listing_cell cell_copied(struct listing_run *run, const char *s, size_t n) {
        const char *text = arena_copy(run->arena, s, n);

        if (!text)
                run->failed = true;
        return cell_text(text);
}

struct listing_cell cell_uuid(struct listing_run *run, const struct uuid *id) {
        char text[UUID_TEXT + 1];

        uuid_format(id, text);
        return cell_copied(run, text, UUID_TEXT);
}

static struct listing_cell cell_string(struct listing_run *run, const struct event_type *type, int slot, struct text value) {
        const struct organisation *org = NULL;

        if (event_type_is_organisation(type, slot))
                org = organisations_find(run->view.config->organisations, value);
        return org ? cell_organisation(org) : cell_copied(run, value.s, value.n);
}

static struct listing_cell cell_number(struct listing_run *run, const struct layout_field *field, const struct slot *value) {
        char text[INSTANT_TEXT + 1];

        switch (field->type) {
        case LAYOUT_ENUM:
                return (size_t)value->i < field->n_symbols ? cell_text(field->symbols[value->i]) : (struct listing_cell){0};
        case LAYOUT_DATE:
                return cell_date((day_t)value->i);
        case LAYOUT_TIMESTAMP:
                instant_format(value->i, text);
                return cell_copied(run, text, strlen(text));
        default:
                return cell_int(value->i);
        }
}

struct listing_cell cell_field(struct listing_run *run, const struct fact *fact, const char *field) {
        int slot = fact ? layout_slot(fact->type->layout, field) : -1;
        const struct slot *value;
        const char *text;

        if (slot < 0 || (fact->type->personal >> slot & 1))
                return (struct listing_cell){0};
        value = &fact->slots[slot];
        switch (value->kind) {
        case SLOT_NULL:
                break;
        case SLOT_BOOLEAN:
                return cell_boolean(value->i);
        case SLOT_INT:
                return cell_number(run, &fact->type->layout->fields[slot], value);
        case SLOT_DOUBLE:
                text = arena_printf(run->arena, "%.15g", value->d);
                run->failed |= !text;
                return cell_text(text);
        case SLOT_STRING:
                return cell_string(run, fact->type, slot, value->s);
        case SLOT_UUID:
                return cell_uuid(run, &value->u);
        }
        return (struct listing_cell){0};
}

struct listing_cell cell_source(struct listing_run *run, const struct fact *fact) {
        return cell_field(run, fact, "source");
}

int listing_compare(const struct listing_cell *a, const struct listing_cell *b) {
        if (a->kind != b->kind)
                return a->kind == CELL_NULL ? 1 : b->kind == CELL_NULL ? -1 : a->kind < b->kind ? -1 : 1;
        if (a->kind == CELL_TEXT)
                return strcmp(a->text, b->text);
        if (a->kind == CELL_NULL || a->kind == CELL_LIST)
                return 0;
        return a->i < b->i ? -1 : a->i > b->i;
}

/* -- By which value lines are split -- */

static const struct fact *listing_latest_joined(struct listing_run *run, const struct obligation *o, const struct event_type *type) {
        const struct fact_list *list = view_list(&run->view, type);
        const struct fact *latest = NULL;

        if (o->start && o->start->type == type)
                return o->start;
        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];

                if (!obligation_joins(o, fact))
                        continue;
                if (!latest || fact->own > latest->own || (fact->own == latest->own && uuid_compare(&fact->event_id, &latest->event_id) > 0))
                        latest = fact;
        }
        return latest;
}

static struct listing_cell cell_quarter(struct listing_run *run, day_t date) {
        int year, month, day;
        const char *text;

        date_to_ymd(date, &year, &month, &day);
        text = arena_printf(run->arena, "%d-Q%d", year, (month + 2) / 3);
        run->failed |= !text;
        return cell_text(text);
}

struct listing_cell listing_by_value(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope,
                                     const struct organisation *organisation) {
        const struct listing_by *by = &run->query->by;

        switch (by->kind) {
        case BY_NOTHING:
                break;
        case BY_GI:
                return cell_organisation(scope->gi);
        case BY_MUNICIPALITY:
                return cell_organisation(scope->municipality);
        case BY_REGION:
                return cell_region(scope->region);
        case BY_QUARTER:
                return cell_quarter(run, o->from);
        case BY_ORGANISATION:
                return cell_organisation(organisation);
        case BY_FIELD:
                return cell_field(run, o->start, by->field);
        case BY_EVENT:
                return cell_field(run, listing_latest_joined(run, o, by->type), by->field);
        }
        return (struct listing_cell){0};
}

/* -- The case at hand -- */

struct listing_scope listing_scope_of(struct listing_run *run, const struct obligation *o) {
        struct view *v = &run->view;
        struct listing_scope scope = {0};

        if (o->each) {
                const struct organisation *row = view_follow(v, o->each, v->today, false);

                if (o->each->kind == KIND_GI)
                        scope.gi = row ? row : o->each;
                if (o->each->kind == KIND_MUNICIPALITY)
                        scope.municipality = row;
        } else if (!v->region) {
                const struct organisation *gi = view_gi(v, o->start);

                scope.gi = view_follow(v, gi, v->today, false);
                if (!scope.gi)
                        scope.gi = gi;
                scope.municipality = view_municipality(v, v->today, false);
        }
        scope.region = v->region;
        if (scope.municipality && !v->region)
                scope.region = scope.municipality->region;
        return scope;
}

/* Whether an organisation is the one that was asked for, or took its place. */
static bool listing_is_asked(const struct view *v, const struct organisation *asked, const struct organisation *org) {
        const struct organisation *present = organisation_follow(asked, v->today);

        return org && (org->index == asked->index || (present && org->index == present->index));
}

bool listing_wants(const struct listing_run *run, const struct obligation *o, const struct listing_scope *scope) {
        const struct listing_query *q = run->query;

        if (q->started_from != DAY_NONE && o->from < q->started_from)
                return false;
        if (q->started_until != DAY_NONE && o->from > q->started_until)
                return false;
        if (q->region && (!scope->region || !region_within(scope->region, q->region)))
                return false;
        if (q->gi && !listing_is_asked(&run->view, q->gi, scope->gi))
                return false;
        return !q->municipality || listing_is_asked(&run->view, q->municipality, scope->municipality);
}

const struct fact_list *listing_facts(const struct listing_run *run, const char *name) {
        static const struct fact_list none;
        const struct event_type *type = event_types_find(run->view.config->types, text_of(name));

        return type ? view_list(&run->view, type) : &none;
}

const struct slot *listing_slot(const struct fact *fact, const char *field) {
        int slot = layout_slot(fact->type->layout, field);

        return slot >= 0 ? &fact->slots[slot] : NULL;
}

struct listing_entry *listing_add(struct listing_run *run) {
        struct listing_entry entry = {.listed = true};

        assert(run->spec->n_columns > 0 && run->spec->n_columns <= LISTING_COLUMNS_MAX);
        if (run->view.casefile)
                entry.case_id = run->view.casefile->id;
        run->found = true;
        entry.cells = arena_calloc(run->arena, run->spec->n_columns, sizeof(*entry.cells));
        if (!entry.cells || vector_push(&run->entries, entry)) {
                run->failed = true;
                return NULL;
        }
        return &run->entries.items[run->entries.n - 1];
}
