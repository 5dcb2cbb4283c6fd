/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Writes the row's schema out of the parsed schema of the event, not out of its text: names are whole
 * there, so that an enum keeps the name that it has in the event whatever namespace it stands in.
 */

#include "model/row_schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROW_NAMESPACE "nl.ketenwacht.row."
#define ROW_UUID ROW_NAMESPACE "Uuid"

struct deriving {
        const struct schema *enums[LAYOUT_SLOTS_MAX]; /* written already: from then on by name */
        size_t n_enums;
        bool uuid_written;
        bool out_of_memory;
};

/* Takes @value over, also when it fails. */
static void row_schema_put(struct deriving *d, json_t *object, const char *key, json_t *value) {
        if (!value || json_object_set_new(object, key, value))
                d->out_of_memory = true;
}

static void row_append(struct deriving *d, json_t *array, json_t *value) {
        if (!value || json_array_append_new(array, value))
                d->out_of_memory = true;
}

static json_t *row_write_uuid(struct deriving *d) {
        if (d->uuid_written)
                return json_string(ROW_UUID);
        d->uuid_written = true;
        return json_pack("{s:s, s:s, s:i, s:s}", "type", "fixed", "name", ROW_UUID, "size", 16, "logicalType", "uuid");
}

static json_t *row_write_enum(struct deriving *d, const struct schema *type) {
        json_t *object, *symbols;

        for (size_t i = 0; i < d->n_enums; i++) {
                if (strcmp(d->enums[i]->name, type->name) == 0)
                        return json_string(type->name);
        }
        if (d->n_enums < LAYOUT_SLOTS_MAX)
                d->enums[d->n_enums++] = type;
        object = json_pack("{s:s, s:s}", "type", "enum", "name", type->name);
        symbols = json_array();
        if (!object || !symbols) {
                json_decref(object);
                json_decref(symbols);
                return NULL;
        }
        for (size_t i = 0; i < type->n_symbols; i++)
                row_append(d, symbols, json_string(type->symbols[i]));
        row_schema_put(d, object, "symbols", symbols);
        if (type->default_symbol)
                row_schema_put(d, object, "default", json_string(type->default_symbol));
        return object;
}

static json_t *row_write_plain(struct deriving *d, const struct schema *type) {
        switch (type->logical) {
        case SCHEMA_UUID:
                return row_write_uuid(d);
        case SCHEMA_DATE:
                return json_pack("{s:s, s:s}", "type", "int", "logicalType", "date");
        case SCHEMA_TIMESTAMP_MILLIS:
                return json_pack("{s:s, s:s}", "type", "long", "logicalType", "timestamp-millis");
        default: /* layouts have no other */
                break;
        }
        return type->kind == SCHEMA_ENUM ? row_write_enum(d, type) : json_string(type->name);
}

static json_t *row_write_type(struct deriving *d, const struct schema *type) {
        json_t *branches;

        if (type->kind != SCHEMA_UNION)
                return row_write_plain(d, type);
        branches = json_array();
        if (!branches)
                return NULL;
        for (size_t i = 0; i < type->n_branches; i++)
                row_append(d, branches, row_write_plain(d, type->branches[i]));
        return branches;
}

static const struct schema *first_branch(const struct schema *type) {
        return type->kind == SCHEMA_UNION && type->n_branches > 0 ? type->branches[0] : type;
}

/* A default of fixed is a text whose characters are its bytes. */
static json_t *uuid_default(const json_t *text) {
        char bytes[2 * sizeof(struct uuid)];
        struct uuid u;
        size_t n = 0;

        if (!json_is_string(text) || !uuid_parse(json_string_value(text), json_string_length(text), &u))
                return NULL;
        for (size_t i = 0; i < sizeof(u.bytes); i++) {
                if (u.bytes[i] < 0x80) {
                        bytes[n++] = (char)u.bytes[i];
                } else {
                        bytes[n++] = (char)(0xc0 | u.bytes[i] >> 6);
                        bytes[n++] = (char)(0x80 | (u.bytes[i] & 0x3f));
                }
        }
        return json_stringn(bytes, n);
}

static json_t *row_write_field(struct deriving *d, const struct schema_field *field) {
        json_t *object = json_pack("{s:s}", "name", field->name);
        const char *key;
        json_t *value;

        if (!object)
                return NULL;
        row_schema_put(d, object, "type", row_write_type(d, field->type));
        if (field->default_value && first_branch(field->type)->logical == SCHEMA_UUID)
                row_schema_put(d, object, "default", uuid_default(field->default_value));
        else if (field->default_value)
                row_schema_put(d, object, "default", json_deep_copy(field->default_value));
        if (field->doc[0])
                row_schema_put(d, object, "doc", json_string(field->doc));
        json_object_foreach((json_t *)field->properties, key, value) {
                if (strncmp(key, "ketenwacht.", strlen("ketenwacht.")) == 0)
                        row_schema_put(d, object, key, json_deep_copy(value));
        }
        return object;
}

static void row_write_added(struct deriving *d, json_t *fields) {
        row_append(d, fields, json_pack("{s:s, s:[s, s], s:n, s:s}", "name", "copies", "type", "null", "string", "default", "doc",
                                    "Afschriften: organisation and role of each copy told when the fact was accepted, one pair a line."));
        row_append(d, fields, json_pack("{s:s, s:[s, {s:s, s:s}], s:n, s:s}", "name", "told_at", "type", "null", "type", "long", "logicalType",
                                    "timestamp-millis", "default", "doc", "Tijdstip van die afschriften."));
}

static json_t *row_write_record(struct deriving *d, const struct schema *event) {
        json_t *fields = json_array();
        json_t *record = json_pack("{s:s, s:s+, s:s}", "type", "record", "name", ROW_NAMESPACE, schema_short_name(event->name), "doc", event->doc);

        if (!fields || !record) {
                json_decref(fields);
                json_decref(record);
                return NULL;
        }
        for (size_t i = ROW_SKIPPED; i < event->n_fields; i++)
                row_append(d, fields, row_write_field(d, &event->fields[i]));
        row_write_added(d, fields);
        row_schema_put(d, record, "fields", fields);
        return record;
}

int row_schema_derive(const struct schema_file *event, struct schema_file **ret, struct error *err) {
        const struct schema *root = schema_root(event);
        struct deriving d = {0};
        json_t *record;
        char *text;
        int e;

        if (root->kind != SCHEMA_RECORD || root->n_fields < ROW_SKIPPED || root->n_fields > LAYOUT_SLOTS_MAX - ROW_ADDED + ROW_SKIPPED) {
                error_set(err, "%s is not the record of an event", root->name);
                return -EINVAL;
        }
        record = row_write_record(&d, root);
        text = record && !d.out_of_memory ? json_dumps(record, JSON_COMPACT) : NULL;
        e = text ? schema_parse(root->name, text, strlen(text), LANGUAGE_EN, ret, err) : -ENOMEM;
        free(text);
        json_decref(record);
        return e;
}

bool row_copies_next(struct text *rest, struct text *ret_organisation, struct text *ret_role) {
        const char *end, *space;
        size_t n;

        if (rest->n == 0)
                return false;
        end = memchr(rest->s, '\n', rest->n);
        n = end ? (size_t)(end - rest->s) : rest->n;
        space = memchr(rest->s, ' ', n);
        *ret_organisation = (struct text){rest->s, space ? (size_t)(space - rest->s) : n};
        *ret_role = space ? (struct text){space + 1, n - ret_organisation->n - 1} : (struct text){0};
        rest->s += n + (end != NULL);
        rest->n -= n + (end != NULL);
        return true;
}
