/* SPDX-License-Identifier: EUPL-1.2 */

/* One event as plain JSON: dates YYYY-MM-DD, instants RFC 3339, enums and uuids as text. */

#include <stdio.h>
#include <string.h>

#include "calendar/date.h"
#include "model/event_json.h"
#include "base/name.h"

struct reader {
        const struct event_type *type;
        const json_t *object;
        const char **ret_field;
        struct error *err;
};

/* "<field>: '<value>' <wrong>", without the value when it is personal or no name. */
static bool event_json_refuse(struct reader *r, size_t slot, struct text value, const char *wrong) {
        const char *name = r->type->layout->fields[slot].name;
        char text[NAME_SHOWN];

        *r->ret_field = name;
        if (r->type->personal & (uint64_t)1 << slot || !name_shown(value, text))
                error_set(r->err, "%s: %s", name, wrong);
        else
                error_set(r->err, "%s: '%s' %s", name, text, wrong);
        return false;
}

static bool slot_read_symbol(struct reader *r, size_t slot, struct text value, struct slot *ret) {
        const struct layout_field *field = &r->type->layout->fields[slot];
        int symbol = layout_symbol(field, value);
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX] = "", wrong[NEAREST_HINT_MAX + 64];

        if (symbol >= 0) {
                *ret = (struct slot){.kind = SLOT_INT, .i = symbol};
                return true;
        }
        if (name_shown(value, text) && !(r->type->personal & (uint64_t)1 << slot)) {
                struct nearest nearest = NEAREST_INIT(text);

                for (size_t i = 0; i < field->n_symbols; i++)
                        nearest_try(&nearest, field->symbols[i]);
                (void) nearest_hint(&nearest, hint);
        }
        (void) snprintf(wrong, sizeof(wrong), "is none of its values%s", hint);
        return event_json_refuse(r, slot, value, wrong);
}

static bool slot_read_date(struct reader *r, size_t slot, struct text value, struct slot *ret) {
        day_t day;

        if (!date_parse(value, &day))
                return event_json_refuse(r, slot, value, "is not a date: YYYY-MM-DD, of the years 1900 to 2200");
        *ret = (struct slot){.kind = SLOT_INT, .i = day};
        return true;
}

static bool slot_read_instant(struct reader *r, size_t slot, struct text value, struct slot *ret) {
        instant_t at;

        if (!instant_parse(value, &at))
                return event_json_refuse(r, slot, value, "is not an instant: RFC 3339 with an offset, of the years 2000 to 2200");
        *ret = (struct slot){.kind = SLOT_INT, .i = at};
        return true;
}

static bool slot_read_uuid(struct reader *r, size_t slot, struct text value, struct slot *ret) {
        struct uuid u;

        if (!uuid_parse(value.s, value.n, &u))
                return event_json_refuse(r, slot, value, "is not a uuid: 36 characters, lower case");
        *ret = (struct slot){.kind = SLOT_UUID, .u = u};
        return true;
}

static bool slot_read_string(struct reader *r, size_t slot, struct text value, struct slot *ret) {
        switch (r->type->layout->fields[slot].type) {
        case LAYOUT_ENUM:
                return slot_read_symbol(r, slot, value, ret);
        case LAYOUT_DATE:
                return slot_read_date(r, slot, value, ret);
        case LAYOUT_TIMESTAMP:
                return slot_read_instant(r, slot, value, ret);
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                return slot_read_uuid(r, slot, value, ret);
        default:
                *ret = (struct slot){.kind = SLOT_STRING, .s = value};
                return true;
        }
}

static const char *slot_expected(enum layout_type type) {
        switch (type) {
        case LAYOUT_BOOLEAN:
                return "must be true or false";
        case LAYOUT_INT:
                return "must be a whole number of 32 bits";
        case LAYOUT_LONG:
                return "must be a whole number";
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return "must be a number";
        default:
                return "must be a string";
        }
}

static bool slot_read(struct reader *r, size_t slot, const json_t *value, struct slot *ret) {
        enum layout_type type = r->type->layout->fields[slot].type;
        const struct text none = {0};

        switch (type) {
        case LAYOUT_BOOLEAN:
                *ret = (struct slot){.kind = SLOT_BOOLEAN, .i = json_is_true(value)};
                return json_is_boolean(value) || event_json_refuse(r, slot, none, slot_expected(type));
        case LAYOUT_INT:
        case LAYOUT_LONG:
                *ret = (struct slot){.kind = SLOT_INT, .i = json_integer_value(value)};
                if (!json_is_integer(value) || (type == LAYOUT_INT && (ret->i < INT32_MIN || ret->i > INT32_MAX)))
                        return event_json_refuse(r, slot, none, slot_expected(type));
                return true;
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                *ret = (struct slot){.kind = SLOT_DOUBLE, .d = json_number_value(value)};
                if (type == LAYOUT_FLOAT)
                        ret->d = (double)(float)ret->d; /* what a reader of the record will see */
                return json_is_number(value) || event_json_refuse(r, slot, none, slot_expected(type));
        default:
                if (!json_is_string(value))
                        return event_json_refuse(r, slot, none, slot_expected(type));
                return slot_read_string(r, slot, (struct text){json_string_value(value), json_string_length(value)}, ret);
        }
}

static bool event_json_read_field(struct reader *r, size_t slot, struct slot *ret) {
        const struct layout_field *field = &r->type->layout->fields[slot];
        const json_t *value = json_object_get(r->object, field->name);

        if (value && !json_is_null(value))
                return slot_read(r, slot, value, ret);
        *ret = (struct slot){.kind = SLOT_NULL};
        if (field->nullable)
                return true;
        return event_json_refuse(r, slot, (struct text){0}, value ? "may not be null" : "is missing");
}

static bool event_json_among(const char *word, const char *const *list) {
        for (; list && *list; list++) {
                if (strcmp(*list, word) == 0)
                        return true;
        }
        return false;
}

static bool event_json_check_keys(struct reader *r, const char *const *also) {
        const struct layout *layout = r->type->layout;
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)r->object, key, value) {
                struct nearest nearest = NEAREST_INIT(key);

                if (layout_slot(layout, key) >= 0 || event_json_among(key, also))
                        continue;
                for (size_t i = 0; i < layout->n; i++)
                        nearest_try(&nearest, layout->fields[i].name);
                *r->ret_field = NULL;
                if (name_shown(text_of(key), text))
                        error_set(r->err, "%s has no field '%s'%s", r->type->name, text, nearest_hint(&nearest, hint));
                else
                        error_set(r->err, "%s has a field that its schema does not know", r->type->name);
                return false;
        }
        return true;
}

enum refusal event_from_json(const struct event_type *type, const struct organisations *orgs, const json_t *object, const char *const *also,
                             struct arena *arena, struct event *ret, const char **ret_field, struct error *err) {
        struct reader r = {.type = type, .object = object, .ret_field = ret_field, .err = err};

        *ret_field = NULL;
        if (!json_is_object(object)) {
                error_set(err, "the event is not a JSON object");
                return REFUSAL_MALFORMED;
        }
        ret->type = type;
        ret->slots = arena_calloc(arena, type->layout->n, sizeof(*ret->slots));
        if (!ret->slots) {
                error_set(err, "%s is too large to be read", type->name);
                return REFUSAL_BAD_VALUE;
        }
        for (size_t i = 0; i < type->layout->n; i++) {
                if (!event_json_read_field(&r, i, &ret->slots[i]))
                        return REFUSAL_BAD_VALUE;
        }
        if (!event_json_check_keys(&r, also))
                return REFUSAL_BAD_VALUE;
        return event_check_values(ret, orgs, ret_field, err);
}

static void slot_write(const struct layout_field *field, const struct slot *slot, struct json_writer *w) {
        char text[INSTANT_TEXT + UUID_TEXT + 1];

        switch (field->type) {
        case LAYOUT_BOOLEAN:
                jsonw_bool(w, slot->i != 0);
                break;
        case LAYOUT_INT:
        case LAYOUT_LONG:
                jsonw_int(w, slot->i);
                break;
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                jsonw_double(w, slot->d);
                break;
        case LAYOUT_STRING:
                jsonw_text(w, slot->s);
                break;
        case LAYOUT_ENUM:
                jsonw_string(w, field->symbols[slot->i]);
                break;
        case LAYOUT_DATE:
                date_format((day_t)slot->i, text);
                jsonw_string(w, text);
                break;
        case LAYOUT_TIMESTAMP:
                instant_format_exact(slot->i, text);
                jsonw_string(w, text);
                break;
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                uuid_format(&slot->u, text);
                jsonw_string(w, text);
                break;
        }
}

void event_to_json(const struct event *event, bool masked, struct json_writer *w) {
        const struct layout *layout = event->type->layout;

        for (size_t i = 0; i < layout->n; i++) {
                jsonw_key(w, layout->fields[i].name);
                if (event->slots[i].kind == SLOT_NULL || (masked && event->type->personal & (uint64_t)1 << i))
                        jsonw_null(w);
                else
                        slot_write(&layout->fields[i], &event->slots[i], w);
        }
}
