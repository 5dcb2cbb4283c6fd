/* SPDX-License-Identifier: EUPL-1.2 */

/* Cells of a listing from facts, organisations and dates. */

#include <string.h>

#include "engine/report_parts.h"

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

static struct listing_cell copied(struct listing_run *run, const char *s, size_t n) {
        const char *text = arena_copy(run->arena, s, n);

        if (!text)
                run->failed = true;
        return cell_text(text);
}

struct listing_cell cell_uuid(struct listing_run *run, const struct uuid *id) {
        char text[UUID_TEXT + 1];

        uuid_format(id, text);
        return copied(run, text, UUID_TEXT);
}

static struct listing_cell cell_string(struct listing_run *run, const struct event_type *type, int slot, struct text value) {
        const struct organisation *org = NULL;

        if (event_type_is_organisation(type, slot))
                org = organisations_find(run->view.config->organisations, value);
        return org ? cell_organisation(org) : copied(run, value.s, value.n);
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
                return copied(run, text, strlen(text));
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
