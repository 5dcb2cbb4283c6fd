/* SPDX-License-Identifier: EUPL-1.2 */

/* One event as plain JSON: dates YYYY-MM-DD, instants RFC 3339, enums and uuids as text. */

#include <stdio.h>
#include <string.h>

#include "calendar/date.h"
#include "model/event_json.h"
#include "base/json_read.h"
#include "base/name.h"
#include "model/event_mistakes.h"

#define SYMBOLS_SHOWN 24u                /* of those that can stand in a field */
#define SYMBOLS_BYTES_MAX 4096
#define ALSO_MAX 8                       /* keys of others in an event */
#define MISSING_TEXT_MAX 128             /* of a sentence, beside a key */

struct reader {
        const struct event_type *type;
        const json_t *object;
        const char *const *also; /* keys that belong to others; NULL: none */
        struct event_mistakes *m;
};

/* "<field>: '<value>' <wrong>", without the value when it is personal or no name. */
static bool event_json_refuse(struct reader *r, size_t slot, struct text value, const char *wrong) {
        const char *name = r->type->layout->fields[slot].name;
        char text[NAME_SHOWN];

        if (r->type->personal & (uint64_t)1 << slot || !name_shown(value, text))
                return event_mistakes_add_slot(r->m, r->type, slot, REFUSAL_BAD_VALUE, "%s: %s", name, wrong);
        return event_mistakes_add_slot(r->m, r->type, slot, REFUSAL_BAD_VALUE, "%s: '%s' %s", name, text, wrong);
}

/* "is none of its values (did you mean 'OTS'?); it can be OTS, VOTS" */
static void symbol_wrong(const struct reader *r, size_t slot, struct text value, struct buffer *out) {
        const struct layout_field *field = &r->type->layout->fields[slot];
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX] = "";

        if (name_shown(value, text) && !(r->type->personal & (uint64_t)1 << slot)) {
                struct nearest nearest = NEAREST_INIT(text);

                for (size_t i = 0; i < field->n_symbols; i++)
                        nearest_try(&nearest, field->symbols[i]);
                (void) language_hint(r->m->language, &nearest, hint);
        }
        buffer_printf(out, IN_LANGUAGE(r->m->language, "is none of its values%s; it can be ", "is geen van de waarden%s; het kan zijn "), hint);
        for (size_t i = 0; i < field->n_symbols && i < SYMBOLS_SHOWN; i++)
                buffer_printf(out, "%s%s", i > 0 ? ", " : "", field->symbols[i]);
        if (field->n_symbols > SYMBOLS_SHOWN)
                buffer_printf(out, IN_LANGUAGE(r->m->language, " and %zu more", " en nog %zu"), field->n_symbols - SYMBOLS_SHOWN);
}

bool event_json_slot(const struct layout_field *field, struct text value, struct slot *ret) {
        instant_t at;
        day_t day;
        int symbol;

        switch (field->type) {
        case LAYOUT_ENUM:
                symbol = layout_symbol(field, value);
                *ret = (struct slot){.kind = SLOT_INT, .i = symbol};
                return symbol >= 0;
        case LAYOUT_DATE:
                if (!date_parse(value, &day))
                        return false;
                *ret = (struct slot){.kind = SLOT_INT, .i = day};
                return true;
        case LAYOUT_TIMESTAMP:
                if (!instant_parse(value, &at))
                        return false;
                *ret = (struct slot){.kind = SLOT_INT, .i = at};
                return true;
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                *ret = (struct slot){.kind = SLOT_UUID};
                return uuid_parse(value.s, value.n, &ret->u);
        default:
                *ret = (struct slot){.kind = SLOT_STRING, .s = value};
                return true;
        }
}

static bool event_json_refuse_symbol(struct reader *r, size_t slot, struct text value) {
        CLEANUP(buffer_done) struct buffer wrong = BUFFER_INIT(SYMBOLS_BYTES_MAX);

        symbol_wrong(r, slot, value, &wrong);
        return event_json_refuse(r, slot, value, buffer_text(&wrong));
}

static bool slot_read_string(struct reader *r, size_t slot, struct text value, struct slot *ret) {
        enum language language = r->m->language;

        if (event_json_slot(&r->type->layout->fields[slot], value, ret))
                return true;
        switch (r->type->layout->fields[slot].type) {
        case LAYOUT_ENUM:
                return event_json_refuse_symbol(r, slot, value);
        case LAYOUT_DATE:
                return event_json_refuse(r, slot, value, IN_LANGUAGE(language, "is not a date: YYYY-MM-DD, of the years 1900 to 2200",
                                                                     "is geen datum: JJJJ-MM-DD, uit de jaren 1900 tot en met 2200"));
        case LAYOUT_TIMESTAMP:
                return event_json_refuse(r, slot, value, IN_LANGUAGE(language, "is not an instant: RFC 3339 with an offset, of the years 2000 to 2200",
                                                                     "is geen tijdstip: RFC 3339 met een tijdzone, uit de jaren 2000 tot en met 2200"));
        default:
                return event_json_refuse(r, slot, value, IN_LANGUAGE(language, "is not a uuid: 36 characters, lower case",
                                                                     "is geen uuid: 36 tekens, kleine letters"));
        }
}

static bool event_json_refuse_type(struct reader *r, size_t slot) {
        enum language language = r->m->language;
        const char *wrong;

        switch (r->type->layout->fields[slot].type) {
        case LAYOUT_BOOLEAN:
                wrong = IN_LANGUAGE(language, "must be true or false", "moet true of false zijn");
                break;
        case LAYOUT_INT:
                wrong = IN_LANGUAGE(language, "must be a whole number of 32 bits", "moet een geheel getal van 32 bits zijn");
                break;
        case LAYOUT_LONG:
                wrong = IN_LANGUAGE(language, "must be a whole number", "moet een geheel getal zijn");
                break;
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                wrong = IN_LANGUAGE(language, "must be a number", "moet een getal zijn");
                break;
        default:
                wrong = IN_LANGUAGE(language, "must be a string", "moet een tekst zijn, tussen aanhalingstekens");
        }
        return event_json_refuse(r, slot, (struct text){0}, wrong);
}

static bool slot_read(struct reader *r, size_t slot, const json_t *value, struct slot *ret) {
        enum layout_type type = r->type->layout->fields[slot].type;

        switch (type) {
        case LAYOUT_BOOLEAN:
                *ret = (struct slot){.kind = SLOT_BOOLEAN, .i = json_is_true(value)};
                return json_is_boolean(value) || event_json_refuse_type(r, slot);
        case LAYOUT_INT:
        case LAYOUT_LONG:
                *ret = (struct slot){.kind = SLOT_INT, .i = json_integer_value(value)};
                if (!json_is_integer(value) || (type == LAYOUT_INT && (ret->i < INT32_MIN || ret->i > INT32_MAX)))
                        return event_json_refuse_type(r, slot);
                return true;
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                *ret = (struct slot){.kind = SLOT_DOUBLE, .d = json_number_value(value)};
                if (type == LAYOUT_FLOAT)
                        ret->d = (double)(float)ret->d; /* what a reader of the record will see */
                return json_is_number(value) || event_json_refuse_type(r, slot);
        default:
                if (!json_is_string(value))
                        return event_json_refuse_type(r, slot);
                return slot_read_string(r, slot, (struct text){json_string_value(value), json_string_length(value)}, ret);
        }
}

/* The key that stands there in the place of a field that is missing, or NULL. */
static const char *event_json_meant(const struct reader *r, size_t slot) {
        const struct layout *layout = r->type->layout;
        const char *known[LAYOUT_SLOTS_MAX + ALSO_MAX + 1];
        size_t n = 0;

        for (; n < layout->n; n++)
                known[n] = layout->fields[n].name;
        for (const char *const *also = r->also; also && *also && n < ELEMENTS(known) - 1; also++)
                known[n++] = *also;
        known[n] = NULL;
        return json_key_meant(r->object, layout->fields[slot].name, known);
}

/* Whoever hears of all mistakes is told of the key that was meant by itself (event_json_refuse_key); who hears of the first alone is told here. */
static void event_json_refuse_missing(struct reader *r, size_t slot) {
        const char *meant = r->m->room == 1 && r->m->n == 0 ? event_json_meant(r, slot) : NULL;
        char wrong[NAME_SHOWN + MISSING_TEXT_MAX];

        if (meant)
                (void) snprintf(wrong, sizeof(wrong),
                                IN_LANGUAGE(r->m->language, "is missing; '%s' stands there (did you mean '%.64s'?)",
                                            "ontbreekt; er staat '%s' (bedoelde u '%.64s'?)"),
                                meant, r->type->layout->fields[slot].name);
        event_json_refuse(r, slot, (struct text){0}, meant ? wrong : IN_LANGUAGE(r->m->language, "is missing", "ontbreekt"));
}

static void event_json_read_field(struct reader *r, size_t slot, struct slot *ret) {
        const struct layout_field *field = &r->type->layout->fields[slot];
        const json_t *value = json_object_get(r->object, field->name);

        *ret = (struct slot){.kind = SLOT_NULL};
        if (value && !json_is_null(value)) {
                if (!slot_read(r, slot, value, ret))
                        *ret = (struct slot){.kind = SLOT_NULL};
                return;
        }
        if (field->nullable)
                return;
        if (value)
                event_json_refuse(r, slot, (struct text){0}, IN_LANGUAGE(r->m->language, "may not be null", "mag niet null zijn"));
        else
                event_json_refuse_missing(r, slot);
}

static bool event_json_among(const char *word, const char *const *list) {
        for (; list && *list; list++) {
                if (strcmp(*list, word) == 0)
                        return true;
        }
        return false;
}

static void event_json_refuse_key(struct reader *r, const char *key) {
        const struct layout *layout = r->type->layout;
        struct nearest nearest = NEAREST_INIT(key);
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];

        if (r->m->n >= r->m->room || !name_shown(text_of(key), text)) { /* without looking for the nearest: there may be thousands */
                event_mistakes_add_key(r->m, text_of(key),
                                       IN_LANGUAGE(r->m->language, "%s has a field that its schema does not know",
                                                   "%s heeft een veld dat het schema niet kent"),
                                       r->type->name);
                return;
        }
        for (size_t i = 0; i < layout->n; i++)
                nearest_try(&nearest, layout->fields[i].name);
        for (const char *const *also = r->also; also && *also; also++)
                nearest_try(&nearest, *also);
        event_mistakes_add_key(r->m, text_of(key), IN_LANGUAGE(r->m->language, "%s has no field '%s'%s", "%s heeft geen veld '%s'%s"), r->type->name, text,
                               language_hint(r->m->language, &nearest, hint));
}

bool event_read_json(const struct event_type *type, const struct organisations *orgs, const json_t *object, const char *const *also, struct arena *arena,
                     struct event *ret, struct event_mistakes *m) {
        struct reader r = {.type = type, .object = object, .also = also, .m = m};
        const char *key;
        json_t *value;

        ret->type = type;
        ret->slots = NULL;
        if (!json_is_object(object))
                return event_mistakes_add(m, REFUSAL_MALFORMED, NULL, 
                                          IN_LANGUAGE(m->language, "the event is not a JSON object", "de gebeurtenis is geen JSON-object"));
        ret->slots = arena_calloc(arena, type->layout->n, sizeof(*ret->slots));
        if (!ret->slots)
                return event_mistakes_add(m, REFUSAL_BAD_VALUE, NULL, IN_LANGUAGE(m->language, "%s is too large to be read", "%s is te groot om te lezen"),
                                          type->name);
        for (size_t i = 0; i < type->layout->n; i++)
                event_json_read_field(&r, i, &ret->slots[i]);
        json_object_foreach((json_t *)object, key, value) {
                if (layout_slot(type->layout, key) < 0 && !event_json_among(key, also))
                        event_json_refuse_key(&r, key);
        }
        event_judge_values(ret, orgs, m);
        return true;
}

enum refusal event_from_json(const struct event_type *type, const struct organisations *orgs, const json_t *object, const char *const *also,
                             struct arena *arena, struct event *ret, const char **ret_field, struct error *err) {
        struct event_mistake first;
        struct event_mistakes m = {.items = &first, .room = 1};

        (void) event_read_json(type, orgs, object, also, arena, ret, &m);
        return event_mistakes_first(&m, ret_field, err);
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
