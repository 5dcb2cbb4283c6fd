/* SPDX-License-Identifier: EUPL-1.2 */

/* The rules of resolution, each in one place; nothing here looks inside a type. */

#include "avro/match.h"

#include <assert.h>

/* Whether @alias, given by a type called @owner, is the full name @full. */
static bool match_alias(const char *alias, const char *owner, const char *full) {
        size_t space = (size_t)(schema_short_name(owner) - owner); /* the dot included */

        if (strchr(alias, '.'))
                return strcmp(alias, full) == 0;
        return strncmp(owner, full, space) == 0 && strcmp(alias, full + space) == 0;
}

bool match_full_names(const struct schema *writer, const struct schema *reader) {
        const json_t *aliases = schema_property(reader->properties, "aliases"), *alias;
        size_t i;

        if (strcmp(writer->name, reader->name) == 0)
                return true;
        json_array_foreach(aliases, i, alias) {
                if (match_alias(json_string_value(alias), reader->name, writer->name))
                        return true;
        }
        return false;
}

bool match_names(const struct schema *writer, const struct schema *reader) {
        return strcmp(schema_short_name(writer->name), schema_short_name(reader->name)) == 0 || match_full_names(writer, reader);
}

static bool match_promotes(enum schema_kind writer, enum schema_kind reader) {
        switch (reader) {
        case SCHEMA_LONG:
                return writer == SCHEMA_INT;
        case SCHEMA_FLOAT:
                return writer == SCHEMA_INT || writer == SCHEMA_LONG;
        case SCHEMA_DOUBLE:
                return writer == SCHEMA_INT || writer == SCHEMA_LONG || writer == SCHEMA_FLOAT;
        case SCHEMA_STRING:
                return writer == SCHEMA_BYTES;
        case SCHEMA_BYTES:
                return writer == SCHEMA_STRING;
        default:
                return false;
        }
}

/* A uuid in its other form. Text that is not said to be one goes to a field that is, as text goes to any; 16 bytes do only when they are said to be one. */
static bool match_uuid(const struct schema *writer, const struct schema *reader) {
        if (writer->kind == SCHEMA_FIXED)
                return writer->logical == SCHEMA_UUID && reader->kind == SCHEMA_STRING && reader->logical == SCHEMA_UUID;
        return writer->kind == SCHEMA_STRING && writer->logical == SCHEMA_UUID && reader->kind == SCHEMA_FIXED && reader->logical == SCHEMA_UUID;
}

enum match match_types(const struct schema *writer, const struct schema *reader) {
        assert(writer->kind != SCHEMA_UNION && reader->kind != SCHEMA_UNION);
        if (writer->kind != reader->kind)
                return match_promotes(writer->kind, reader->kind) ? MATCH_PROMOTED : match_uuid(writer, reader) ? MATCH_UUID : MATCH_NOT;
        switch (writer->kind) {
        case SCHEMA_RECORD:
        case SCHEMA_ENUM:
                return match_names(writer, reader) ? MATCH_SAME : MATCH_NOT;
        case SCHEMA_FIXED:
                return writer->size == reader->size && match_names(writer, reader) ? MATCH_SAME : MATCH_NOT;
        default:
                return MATCH_SAME;
        }
}

int match_branch(const struct schema *writer, const struct schema *reader) {
        int same = -1, other = -1;

        assert(reader->kind == SCHEMA_UNION);
        for (size_t i = 0; i < reader->n_branches; i++) {
                enum match match = match_types(writer, reader->branches[i]);

                if (match == MATCH_SAME && match_full_names(writer, reader->branches[i]))
                        return (int)i;
                if (match == MATCH_SAME && same < 0)
                        same = (int)i;
                if (match != MATCH_NOT && other < 0)
                        other = (int)i;
        }
        return same < 0 ? other : same;
}

static int match_field_named(const struct schema *record, const char *name) {
        for (size_t i = 0; i < record->n_fields; i++) {
                if (strcmp(record->fields[i].name, name) == 0)
                        return (int)i;
        }
        return -1;
}

bool match_field_means(const struct schema_field *field, const char *name) {
        const json_t *aliases = schema_property(field->properties, "aliases"), *alias;
        size_t i;

        if (strcmp(field->name, name) == 0)
                return true;
        json_array_foreach(aliases, i, alias) {
                if (strcmp(json_string_value(alias), name) == 0)
                        return true;
        }
        return false;
}

static int match_field(const struct schema *writer, const struct schema *reader, const char *name) {
        int found = match_field_named(reader, name);

        for (size_t i = 0; i < reader->n_fields && found < 0; i++) {
                if (match_field_means(&reader->fields[i], name) && match_field_named(writer, reader->fields[i].name) < 0)
                        found = (int)i;
        }
        return found;
}

void match_fields(const struct schema *writer, const struct schema *reader, int *ret) {
        assert(writer->kind == SCHEMA_RECORD && reader->kind == SCHEMA_RECORD);
        for (size_t i = 0; i < writer->n_fields; i++) {
                ret[i] = match_field(writer, reader, writer->fields[i].name);
                for (size_t k = 0; k < i && ret[i] >= 0; k++) {
                        if (ret[k] == ret[i])
                                ret[i] = -1;
                }
        }
}

int match_symbol(const char *symbol, const struct schema *reader) {
        int fallback = -1;

        assert(reader->kind == SCHEMA_ENUM);
        for (size_t i = 0; i < reader->n_symbols; i++) {
                if (strcmp(reader->symbols[i], symbol) == 0)
                        return (int)i;
                if (reader->default_symbol && strcmp(reader->symbols[i], reader->default_symbol) == 0)
                        fallback = (int)i;
        }
        return fallback;
}
