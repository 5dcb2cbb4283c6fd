/* SPDX-License-Identifier: EUPL-1.2 */

/* Whether the default of a field fits its type, as the Avro specification maps JSON to types. */

#include "avro/schemas_parts.h"
#include "base/utf8.h"

static bool misfit(struct error *err, const char *what) {
        error_set(err, "the default must be %s", what);
        return false;
}

/* The text of bytes and fixed: one code point up to U+00FF for each byte. Return: how many, or -1. */
static long long count_bytes(const json_t *value) {
        const unsigned char *s = (const unsigned char *)json_string_value(value);
        size_t n = json_string_length(value);
        long long count = 0;

        for (size_t i = 0; i < n; count++) {
                size_t length = utf8_length((const char *)s + i, n - i);

                if (length == 0 || length > 2 || (length == 2 && s[i] > 0xc3))
                        return -1;
                i += length;
        }
        return count;
}

static bool record_fits(const struct schema *type, const json_t *value, unsigned depth, struct error *err) {
        const char *key;
        json_t *member;

        if (!json_is_object(value))
                return misfit(err, "an object with the record's fields");
        for (size_t i = 0; i < type->n_fields; i++) {
                const struct schema_field *f = &type->fields[i];
                const json_t *v = json_object_get(value, f->name);

                if (!v && f->default_value)
                        continue;
                if (!v) {
                        error_set(err, "the default lacks '%s', which has no default of its own", f->name);
                        return false;
                }
                if (!schema_default_fits(f->type, v, depth + 1, err)) {
                        error_prefix(err, "'%s'", f->name);
                        return false;
                }
        }
        json_object_foreach((json_t *)value, key, member) {
                bool known = false;

                for (size_t i = 0; i < type->n_fields && !known; i++)
                        known = strcmp(type->fields[i].name, key) == 0;
                if (!known) {
                        error_set(err, "the default has '%.64s', which is no field of %s", key, type->name);
                        return false;
                }
        }
        return true;
}

static bool items_fit(const struct schema *type, const json_t *value, unsigned depth, struct error *err) {
        const char *key;
        json_t *item;
        size_t i;

        if (type->kind == SCHEMA_ARRAY) {
                if (!json_is_array(value))
                        return misfit(err, "a list");
                json_array_foreach(value, i, item) {
                        if (!schema_default_fits(type->items, item, depth + 1, err))
                                return false;
                }
                return true;
        }
        if (!json_is_object(value))
                return misfit(err, "an object");
        json_object_foreach((json_t *)value, key, item) {
                if (!schema_default_fits(type->items, item, depth + 1, err))
                        return false;
        }
        return true;
}

static bool symbol_fits(const struct schema *type, const json_t *value, struct error *err) {
        struct nearest nearest = NEAREST_INIT(json_string_value(value));
        char hint[NEAREST_HINT_MAX];

        if (!json_is_string(value))
                return misfit(err, "one of the symbols");
        for (size_t i = 0; i < type->n_symbols; i++) {
                if (strcmp(type->symbols[i], json_string_value(value)) == 0)
                        return true;
                nearest_try(&nearest, type->symbols[i]);
        }
        error_set(err, "the default '%.64s' is not one of the symbols%s", json_string_value(value), nearest_hint(&nearest, hint));
        return false;
}

bool schema_default_fits(const struct schema *type, const json_t *value, unsigned depth, struct error *err) {
        json_int_t i = json_integer_value(value);

        if (depth > SCHEMA_DEPTH_MAX) {
                error_set(err, "the default is nested deeper than %d levels", SCHEMA_DEPTH_MAX);
                return false;
        }
        switch (type->kind) {
        case SCHEMA_NULL:
                return json_is_null(value) || misfit(err, "null");
        case SCHEMA_BOOLEAN:
                return json_is_boolean(value) || misfit(err, "true or false");
        case SCHEMA_INT:
                return (json_is_integer(value) && i >= INT32_MIN && i <= INT32_MAX) || misfit(err, "a whole number of 32 bits");
        case SCHEMA_LONG:
                return json_is_integer(value) || misfit(err, "a whole number");
        case SCHEMA_FLOAT:
        case SCHEMA_DOUBLE:
                return json_is_number(value) || misfit(err, "a number");
        case SCHEMA_STRING:
                return json_is_string(value) || misfit(err, "a string");
        case SCHEMA_BYTES:
                return (json_is_string(value) && count_bytes(value) >= 0) || misfit(err, "a string of characters up to U+00FF");
        case SCHEMA_FIXED:
                if (json_is_string(value) && count_bytes(value) == (long long)type->size)
                        return true;
                error_set(err, "the default must be a string of exactly %zu characters up to U+00FF", type->size);
                return false;
        case SCHEMA_ENUM:
                return symbol_fits(type, value, err);
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
                return items_fit(type, value, depth, err);
        case SCHEMA_UNION:
                if (schema_default_fits(type->branches[0], value, depth + 1, err))
                        return true;
                error_prefix(err, "of a union the first branch counts, here '%s'", type->branches[0]->name);
                return false;
        case SCHEMA_RECORD:
                return record_fits(type, value, depth, err);
        }
        return false;
}
