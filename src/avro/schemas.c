/* SPDX-License-Identifier: EUPL-1.2 */

/* From the JSON of a schema to its types; then the checks of defaults, which may need any of them. */

#include "avro/schemas.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "avro/canonical.h"
#include "avro/fingerprint.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/table.h"
#include "base/utf8.h"
#include "base/vector.h"

#define SCHEMA_MEMORY_MAX (SCHEMA_TEXT_MAX * 64) /* of what one schema becomes */

struct schema_file {
        struct arena *arena;
        json_t *document;
        const char *name, *json, *canonical;
        const struct schema *root;
        uint64_t fingerprint;
        enum language language; /* of what is said of it */
};

struct parse {
        struct arena *arena;
        enum language language;
        struct table names; /* full name to struct schema */
        VECTOR(const struct schema *) named; /* the same in the order of the text */
        struct error *err;
};

static const struct schema primitives[] = {
        {.kind = SCHEMA_NULL, .name = "null", .doc = ""},     {.kind = SCHEMA_BOOLEAN, .name = "boolean", .doc = ""},
        {.kind = SCHEMA_INT, .name = "int", .doc = ""},       {.kind = SCHEMA_LONG, .name = "long", .doc = ""},
        {.kind = SCHEMA_FLOAT, .name = "float", .doc = ""},   {.kind = SCHEMA_DOUBLE, .name = "double", .doc = ""},
        {.kind = SCHEMA_BYTES, .name = "bytes", .doc = ""},   {.kind = SCHEMA_STRING, .name = "string", .doc = ""},
};

static const char *const complex_words[] = {"record", "enum", "array", "map", "fixed"};

static int parse_type(struct parse *p, const json_t *json, const char *space, unsigned depth, const struct schema **ret);
/* @depth counts from 0. */
static bool schema_default_fits(const struct parse *p, const struct schema *type, const json_t *value, unsigned depth);

#define wrong(p, ...) (error_set((p)->err, __VA_ARGS__), -EINVAL)

static const struct schema *primitive_of(const char *word) {
        for (size_t i = 0; i < ELEMENTS(primitives); i++) {
                if (strcmp(primitives[i].name, word) == 0)
                        return &primitives[i];
        }
        return NULL;
}

/* A letter or _, then letters, digits and _; parts between dots when @dots. */
static bool schema_name_valid(const char *s, size_t n, bool dots) {
        bool first = true;

        if (n == 0 || n > SCHEMA_NAME_MAX)
                return false;
        for (size_t i = 0; i < n; i++) {
                char c = s[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

                if (c == '.' && dots && !first) {
                        first = true;
                        continue;
                }
                if (!letter && (first || c < '0' || c > '9'))
                        return false;
                first = false;
        }
        return !first;
}

/* A string member that may be absent: *ret is then NULL. */
static int get_string(struct parse *p, const json_t *object, const char *key, const char **ret) {
        const json_t *value = json_object_get(object, key);

        *ret = NULL;
        if (!value)
                return 0;
        if (!json_is_string(value))
                return wrong(p, IN_LANGUAGE(p->language, "'%s' must be a string", "'%s' moet een string zijn"), key);
        *ret = json_string_value(value);
        return 0;
}

/* A list member that must be there. */
static int get_list(struct parse *p, const json_t *object, const char *key, size_t max, const json_t **ret) {
        const json_t *value = json_object_get(object, key);

        if (!json_is_array(value))
                return wrong(p, IN_LANGUAGE(p->language, "'%s' must be a list", "'%s' moet een lijst zijn"), key);
        if (json_array_size(value) > max)
                return wrong(p, IN_LANGUAGE(p->language, "'%s' has more than %zu items", "'%s' heeft meer dan %zu onderdelen"), key, max);
        *ret = value;
        return 0;
}

static int check_aliases(struct parse *p, const json_t *object, bool dots) {
        const json_t *list = json_object_get(object, "aliases"), *item;
        size_t i;

        if (!list)
                return 0;
        if (!json_is_array(list))
                return wrong(p, IN_LANGUAGE(p->language, "'aliases' must be a list of names", "'aliases' moet een lijst van namen zijn"));
        json_array_foreach(list, i, item) {
                if (!json_is_string(item) || !schema_name_valid(json_string_value(item), json_string_length(item), dots))
                        return wrong(p,
                                     IN_LANGUAGE(p->language, "'aliases' must hold names of letters, digits and _",
                                                 "'aliases' moet namen van letters, cijfers en _ bevatten"));
        }
        return 0;
}

/* Full name and name space of a record, enum or fixed; registers it. */
static int parse_name(struct parse *p, const json_t *json, struct schema *s, const char *space, const char **ret_space) {
        const json_t *name = json_object_get(json, "name");
        const char *word = json_string_value(name), *given, *dot;
        int r = get_string(p, json, "namespace", &given);

        if (r)
                return r;
        if (!word)
                return wrong(p, IN_LANGUAGE(p->language, "a record, enum or fixed needs a 'name'", "een record, enum of fixed heeft een 'name' nodig"));
        if (!schema_name_valid(word, json_string_length(name), true))
                return wrong(p,
                             IN_LANGUAGE(p->language, "'%.64s' is not a name of letters, digits and _ that begins with no digit",
                                         "'%.64s' is geen naam van letters, cijfers en _ die niet met een cijfer begint"),
                             word);
        if (given && *given && !schema_name_valid(given, json_string_length(json_object_get(json, "namespace")), true))
                return wrong(p,
                             IN_LANGUAGE(p->language, "the namespace '%.64s' must be names with dots between",
                                         "de namespace '%.64s' moet uit namen met punten ertussen bestaan"),
                             given);
        dot = strrchr(word, '.');
        if (dot) {
                s->name = word;
                *ret_space = arena_copy(p->arena, word, (size_t)(dot - word));
        } else {
                *ret_space = given ? given : space;
                s->name = **ret_space ? arena_printf(p->arena, "%s.%s", *ret_space, word) : word;
        }
        if (!s->name || !*ret_space)
                return -ENOMEM;
        if (strlen(s->name) > SCHEMA_NAME_MAX)
                return wrong(p,
                             IN_LANGUAGE(p->language, "the full name of '%.64s' is longer than %d characters",
                                         "de volledige naam van '%.64s' is langer dan %d tekens"),
                             word, SCHEMA_NAME_MAX);
        if (primitive_of(schema_short_name(s->name)))
                return wrong(p,
                             IN_LANGUAGE(p->language, "'%s' is a type of Avro itself and cannot be a name",
                                         "'%s' is een type van Avro zelf en kan geen naam zijn"),
                             schema_short_name(s->name));
        if (table_get(&p->names, s->name, strlen(s->name)))
                return wrong(p,
                             IN_LANGUAGE(p->language, "'%s' is defined twice; write its name where it is used again",
                                         "'%s' is twee keer beschreven; schrijf de naam waar het weer wordt gebruikt"),
                             s->name);
        r = check_aliases(p, json, true);
        if (r)
                return r;
        r = table_put(&p->names, s->name, strlen(s->name), s);
        return r ? r : vector_push(&p->named, s);
}

/* Puts a name into a set. Return: 0, -EINVAL when it is there already, -ENOMEM. */
static int put_once(struct parse *p, struct table *seen, const char *name) {
        size_t n = strlen(name);

        if (table_get(seen, name, n))
                return wrong(p, IN_LANGUAGE(p->language, "stands twice", "staat er twee keer"));
        return table_put(seen, name, n, (void *)name);
}

static int parse_field(struct parse *p, const json_t *json, const char *space, unsigned depth, struct schema_field *f) {
        static const char *const orders[] = {"ascending", "descending", "ignore"};
        const char *order;
        bool known = false;
        int r = get_string(p, json, "doc", &f->doc);

        if (r)
                return r;
        r = get_string(p, json, "order", &order);
        if (r)
                return r;
        r = check_aliases(p, json, false);
        if (r)
                return r;
        if (!f->doc)
                f->doc = "";
        for (size_t i = 0; i < ELEMENTS(orders); i++)
                known = known || (order && strcmp(order, orders[i]) == 0);
        if (order && !known)
                return wrong(p,
                             IN_LANGUAGE(p->language, "'order' must be ascending, descending or ignore", "'order' moet ascending, descending of ignore zijn"));
        f->properties = json;
        f->default_value = json_object_get(json, "default");
        if (!json_object_get(json, "type"))
                return wrong(p, IN_LANGUAGE(p->language, "has no 'type'", "heeft geen 'type'"));
        return parse_type(p, json_object_get(json, "type"), space, depth + 1, &f->type);
}

static int parse_fields(struct parse *p, const json_t *list, const char *space, unsigned depth, struct schema *s, struct table *seen) {
        struct schema_field *fields = arena_calloc(p->arena, json_array_size(list), sizeof(*fields));

        if (!fields)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i), *name = json_object_get(item, "name");
                int r;

                if (!json_is_object(item))
                        return wrong(p, IN_LANGUAGE(p->language, "field %zu must be an object", "veld %zu moet een object zijn"), i + 1);
                if (!json_is_string(name))
                        return wrong(p, IN_LANGUAGE(p->language, "field %zu has no 'name'", "veld %zu heeft geen 'name'"), i + 1);
                if (!schema_name_valid(json_string_value(name), json_string_length(name), false))
                        return wrong(p,
                                     IN_LANGUAGE(p->language, "field %zu: '%.64s' is not a name of letters, digits and _ that begins with no digit",
                                                 "veld %zu: '%.64s' is geen naam van letters, cijfers en _ die niet met een cijfer begint"),
                                     i + 1, json_string_value(name));
                fields[i].name = json_string_value(name);
                r = put_once(p, seen, fields[i].name);
                if (r == 0)
                        r = parse_field(p, item, space, depth, &fields[i]);
                if (r) {
                        error_prefix(p->err, IN_LANGUAGE(p->language, "field '%s'", "veld '%s'"), fields[i].name);
                        return r;
                }
        }
        s->fields = fields;
        s->n_fields = json_array_size(list);
        return 0;
}

static int parse_record(struct parse *p, const json_t *json, const char *space, unsigned depth, struct schema *s) {
        CLEANUP(table_done) struct table seen = {0};
        const json_t *list;
        int r = parse_name(p, json, s, space, &space);

        if (r)
                return r;
        r = get_list(p, json, "fields", SCHEMA_FIELDS_MAX, &list);
        return r ? r : parse_fields(p, list, space, depth, s, &seen);
}

static int parse_symbols(struct parse *p, const json_t *list, struct schema *s, struct table *seen) {
        const char **symbols = arena_calloc(p->arena, json_array_size(list), sizeof(*symbols));

        if (!symbols)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                int r;

                if (!json_is_string(item))
                        return wrong(p, IN_LANGUAGE(p->language, "symbol %zu must be a string", "waarde %zu van 'symbols' moet een string zijn"), i + 1);
                symbols[i] = json_string_value(item);
                if (!schema_name_valid(symbols[i], json_string_length(item), false))
                        return wrong(p,
                                     IN_LANGUAGE(p->language, "symbol '%.64s' is not a name of letters, digits and _ that begins with no digit",
                                                 "'%.64s' van 'symbols' is geen naam van letters, cijfers en _ die niet met een cijfer begint"),
                                     symbols[i]);
                r = put_once(p, seen, symbols[i]);
                if (r) {
                        error_prefix(p->err, IN_LANGUAGE(p->language, "symbol '%s'", "'%s' van 'symbols'"), symbols[i]);
                        return r;
                }
        }
        s->symbols = symbols;
        s->n_symbols = json_array_size(list);
        return 0;
}

static int parse_enum(struct parse *p, const json_t *json, const char *space, struct schema *s) {
        CLEANUP(table_done) struct table seen = {0};
        const json_t *list;
        int r = parse_name(p, json, s, space, &space);

        if (r)
                return r;
        r = get_list(p, json, "symbols", SCHEMA_SYMBOLS_MAX, &list);
        if (r)
                return r;
        if (json_array_size(list) == 0)
                return wrong(p, IN_LANGUAGE(p->language, "'symbols' is empty", "'symbols' is leeg"));
        r = parse_symbols(p, list, s, &seen);
        if (r)
                return r;
        r = get_string(p, json, "default", &s->default_symbol);
        if (r)
                return r;
        return s->default_symbol && !schema_default_fits(p, s, json_object_get(json, "default"), 0) ? -EINVAL : 0;
}

static int parse_fixed(struct parse *p, const json_t *json, const char *space, struct schema *s) {
        const json_t *size = json_object_get(json, "size");
        int r = parse_name(p, json, s, space, &space);

        if (r)
                return r;
        if (!json_is_integer(size) || json_integer_value(size) < 0 || json_integer_value(size) > (json_int_t)SCHEMA_FIXED_MAX)
                return wrong(p, IN_LANGUAGE(p->language, "'size' must be a whole number from 0 to %zu", "'size' moet een heel getal van 0 tot en met %zu zijn"),
                             SCHEMA_FIXED_MAX);
        s->size = (size_t)json_integer_value(size);
        return 0;
}

static int parse_items(struct parse *p, const json_t *json, const char *space, unsigned depth, struct schema *s) {
        const char *key = s->kind == SCHEMA_ARRAY ? "items" : "values";
        const json_t *type = json_object_get(json, key);
        int r = type ? parse_type(p, type, space, depth + 1, &s->items) : wrong(p, IN_LANGUAGE(p->language, "has no '%s'", "heeft geen '%s'"), key);

        if (r && type)
                error_prefix(p->err, "%s", key);
        return r;
}

static int parse_union(struct parse *p, const json_t *json, const char *space, unsigned depth, struct schema *s) {
        size_t n = json_array_size(json);

        if (n == 0)
                return wrong(p, IN_LANGUAGE(p->language, "a union needs at least one branch", "een union heeft ten minste één type nodig"));
        if (n > SCHEMA_BRANCHES_MAX)
                return wrong(p, IN_LANGUAGE(p->language, "a union has more than %d branches", "een union heeft meer dan %d typen"), SCHEMA_BRANCHES_MAX);
        s->branches = arena_calloc(p->arena, n, sizeof(*s->branches));
        if (!s->branches)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct schema **b = &s->branches[i];
                int r = parse_type(p, json_array_get(json, i), space, depth + 1, b);

                if (r == 0 && (*b)->kind == SCHEMA_UNION)
                        r = wrong(p, IN_LANGUAGE(p->language, "a union cannot hold a union", "een union kan geen union bevatten"));
                for (size_t k = 0; r == 0 && k < i; k++) { /* names of arrays and maps are their words */
                        if (strcmp(s->branches[k]->name, (*b)->name) == 0)
                                r = wrong(p, IN_LANGUAGE(p->language, "'%s' stands twice in the union", "'%s' staat twee keer in de union"), (*b)->name);
                }
                if (r) {
                        error_prefix(p->err, IN_LANGUAGE(p->language, "branch %zu", "type %zu van de union"), i + 1);
                        return r;
                }
        }
        s->n_branches = n;
        return 0;
}

static const struct {
        const char *word;
        enum schema_kind kind;
        enum schema_logical logical;
        size_t size; /* of a fixed */
} logicals[] = {
        {"date", SCHEMA_INT, SCHEMA_DATE, 0},
        {"time-millis", SCHEMA_INT, SCHEMA_TIME_MILLIS, 0},
        {"time-micros", SCHEMA_LONG, SCHEMA_TIME_MICROS, 0},
        {"timestamp-millis", SCHEMA_LONG, SCHEMA_TIMESTAMP_MILLIS, 0},
        {"timestamp-micros", SCHEMA_LONG, SCHEMA_TIMESTAMP_MICROS, 0},
        {"timestamp-nanos", SCHEMA_LONG, SCHEMA_TIMESTAMP_NANOS, 0},
        {"local-timestamp-millis", SCHEMA_LONG, SCHEMA_LOCAL_TIMESTAMP_MILLIS, 0},
        {"local-timestamp-micros", SCHEMA_LONG, SCHEMA_LOCAL_TIMESTAMP_MICROS, 0},
        {"local-timestamp-nanos", SCHEMA_LONG, SCHEMA_LOCAL_TIMESTAMP_NANOS, 0},
        {"uuid", SCHEMA_STRING, SCHEMA_UUID, 0},
        {"uuid", SCHEMA_FIXED, SCHEMA_UUID, 16},
        {"duration", SCHEMA_FIXED, SCHEMA_DURATION, 12},
};

/* Whether precision and scale are those of a decimal; what is not right means nothing, as the specification asks. */
static bool logical_decimal(struct schema *s) {
        const json_t *precision = json_object_get(s->properties, "precision"), *scale = json_object_get(s->properties, "scale");
        json_int_t digits = json_integer_value(precision), behind = json_integer_value(scale);

        if ((s->kind != SCHEMA_BYTES && s->kind != SCHEMA_FIXED) || (scale && !json_is_integer(scale)))
                return false;
        if (digits < 1 || digits > SCHEMA_DIGITS_MAX || behind < 0 || behind > digits)
                return false;
        /* A fixed of n bytes holds 8n - 1 bits, each 0.30103 digits. */
        if (s->kind == SCHEMA_FIXED && (s->size == 0 || (json_int_t)((8 * (unsigned long long)s->size - 1) * 30103 / 100000) < digits))
                return false;
        s->precision = (unsigned)digits;
        s->scale = (unsigned)behind;
        return true;
}

static enum schema_logical logical_of(struct schema *s, const char *word) {
        if (!word)
                return SCHEMA_NOT_LOGICAL;
        for (size_t i = 0; i < ELEMENTS(logicals); i++) {
                if (strcmp(word, logicals[i].word) == 0 && s->kind == logicals[i].kind && s->size == logicals[i].size)
                        return logicals[i].logical;
        }
        return strcmp(word, "decimal") == 0 && logical_decimal(s) ? SCHEMA_DECIMAL : SCHEMA_OTHER_LOGICAL;
}

static int parse_reference(struct parse *p, const char *word, const char *space, const struct schema **ret) {
        const struct schema *s = primitive_of(word);
        struct nearest nearest = NEAREST_INIT(word);
        char hint[NEAREST_HINT_MAX], full[2 * SCHEMA_NAME_MAX + 2];

        if (!s && *space && !strchr(word, '.') && strlen(word) <= SCHEMA_NAME_MAX) {
                int n = snprintf(full, sizeof(full), "%s.%s", space, word);

                s = n > 0 && (size_t)n < sizeof(full) ? table_get(&p->names, full, (size_t)n) : NULL;
        }
        if (!s)
                s = table_get(&p->names, word, strlen(word));
        if (s) {
                *ret = s;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(complex_words); i++) {
                if (strcmp(word, complex_words[i]) == 0)
                        return wrong(p, IN_LANGUAGE(p->language, "'%s' needs an object that describes it", "'%s' heeft een object nodig dat het beschrijft"),
                                     word);
        }
        for (size_t i = 0; i < ELEMENTS(primitives); i++)
                nearest_try(&nearest, primitives[i].name);
        for (size_t i = 0; i < p->named.n; i++)
                nearest_try(&nearest, p->named.items[i]->name);
        return wrong(p, IN_LANGUAGE(p->language, "no type '%.64s' is known here%s", "hier is geen type '%.64s' bekend%s"),
                     word, language_hint(p->language, &nearest, hint));
}

static int parse_complex(struct parse *p, const json_t *json, const char *word, const char *space, unsigned depth, struct schema *s) {
        if (strcmp(word, "record") == 0) {
                s->kind = SCHEMA_RECORD;
                return parse_record(p, json, space, depth, s);
        }
        if (strcmp(word, "enum") == 0) {
                s->kind = SCHEMA_ENUM;
                return parse_enum(p, json, space, s);
        }
        if (strcmp(word, "fixed") == 0) {
                s->kind = SCHEMA_FIXED;
                return parse_fixed(p, json, space, s);
        }
        s->kind = strcmp(word, "map") == 0 ? SCHEMA_MAP : SCHEMA_ARRAY;
        s->name = s->kind == SCHEMA_MAP ? "map" : "array";
        return parse_items(p, json, space, depth, s);
}

static int parse_object(struct parse *p, const json_t *json, const char *space, unsigned depth, const struct schema **ret) {
        const json_t *type = json_object_get(json, "type");
        const char *word = json_string_value(type), *logical;
        const struct schema *primitive;
        bool complex = false;
        struct schema *s;
        int r;

        if (!type)
                return wrong(p, IN_LANGUAGE(p->language, "has no 'type'", "heeft geen 'type'"));
        if (!word) /* a type in an object of its own */
                return parse_type(p, type, space, depth + 1, ret);
        for (size_t i = 0; i < ELEMENTS(complex_words); i++)
                complex = complex || strcmp(word, complex_words[i]) == 0;
        primitive = primitive_of(word);
        if (!primitive && !complex)
                return parse_reference(p, word, space, ret);
        s = arena_calloc(p->arena, 1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        if (primitive)
                *s = *primitive;
        s->properties = json;
        r = get_string(p, json, "doc", &s->doc);
        if (r)
                return r;
        if (!s->doc)
                s->doc = "";
        r = complex ? parse_complex(p, json, word, space, depth, s) : 0;
        if (r)
                return r;
        r = get_string(p, json, "logicalType", &logical);
        if (r)
                return r;
        s->logical = logical_of(s, logical);
        *ret = s;
        return 0;
}

static int parse_type(struct parse *p, const json_t *json, const char *space, unsigned depth, const struct schema **ret) {
        struct schema *s;

        if (depth > SCHEMA_DEPTH_MAX)
                return wrong(p, IN_LANGUAGE(p->language, "types are nested deeper than %d levels", "typen staan meer dan %d lagen in elkaar"),
                             SCHEMA_DEPTH_MAX);
        if (json_is_string(json))
                return parse_reference(p, json_string_value(json), space, ret);
        if (json_is_object(json))
                return parse_object(p, json, space, depth, ret);
        if (!json_is_array(json))
                return wrong(p,
                             IN_LANGUAGE(p->language, "a type is a name, an object, or a list (a union)",
                                         "een type is een naam, een object of een lijst (een union)"));
        s = arena_calloc(p->arena, 1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->kind = SCHEMA_UNION;
        s->name = "union";
        s->doc = "";
        *ret = s;
        return parse_union(p, json, space, depth, s);
}

/* -- Defaults: whether one fits its type, as the Avro specification maps JSON to types; the error says why not -- */

static bool default_misfit(const struct parse *p, const char *what) {
        error_set(p->err, IN_LANGUAGE(p->language, "the default must be %s", "de default moet %s zijn"), what);
        return false;
}

/* The text of bytes and fixed: one code point up to U+00FF for each byte. Return: how many, or -1. */
static long long default_count_bytes(const json_t *value) {
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

static bool default_record_fits(const struct parse *p, const struct schema *type, const json_t *value, unsigned depth) {
        const char *key;
        json_t *member;

        if (!json_is_object(value))
                return default_misfit(p, IN_LANGUAGE(p->language, "an object with the record's fields", "een object met de velden van het record"));
        for (size_t i = 0; i < type->n_fields; i++) {
                const struct schema_field *f = &type->fields[i];
                const json_t *v = json_object_get(value, f->name);

                if (!v && f->default_value)
                        continue;
                if (!v) {
                        error_set(p->err,
                                  IN_LANGUAGE(p->language, "the default lacks '%s', which has no default of its own",
                                              "de default mist '%s', dat zelf geen default heeft"),
                                  f->name);
                        return false;
                }
                if (!schema_default_fits(p, f->type, v, depth + 1)) {
                        error_prefix(p->err, "'%s'", f->name);
                        return false;
                }
        }
        json_object_foreach((json_t *)value, key, member) {
                bool known = false;

                for (size_t i = 0; i < type->n_fields && !known; i++)
                        known = strcmp(type->fields[i].name, key) == 0;
                if (!known) {
                        error_set(p->err,
                                  IN_LANGUAGE(p->language, "the default has '%.64s', which is no field of %s",
                                              "de default heeft '%.64s', dat geen veld van %s is"),
                                  key, type->name);
                        return false;
                }
        }
        return true;
}

static bool default_items_fit(const struct parse *p, const struct schema *type, const json_t *value, unsigned depth) {
        const char *key;
        json_t *item;
        size_t i;

        if (type->kind == SCHEMA_ARRAY) {
                if (!json_is_array(value))
                        return default_misfit(p, IN_LANGUAGE(p->language, "a list", "een lijst"));
                json_array_foreach(value, i, item) {
                        if (!schema_default_fits(p, type->items, item, depth + 1))
                                return false;
                }
                return true;
        }
        if (!json_is_object(value))
                return default_misfit(p, IN_LANGUAGE(p->language, "an object", "een object"));
        json_object_foreach((json_t *)value, key, item) {
                if (!schema_default_fits(p, type->items, item, depth + 1))
                        return false;
        }
        return true;
}

static bool default_symbol_fits(const struct parse *p, const struct schema *type, const json_t *value) {
        struct nearest nearest = NEAREST_INIT(json_string_value(value));
        char hint[NEAREST_HINT_MAX];

        if (!json_is_string(value))
                return default_misfit(p, IN_LANGUAGE(p->language, "one of the symbols", "een van de waarden van 'symbols'"));
        for (size_t i = 0; i < type->n_symbols; i++) {
                if (strcmp(type->symbols[i], json_string_value(value)) == 0)
                        return true;
                nearest_try(&nearest, type->symbols[i]);
        }
        error_set(p->err,
                  IN_LANGUAGE(p->language, "the default '%.64s' is not one of the symbols%s", "de default '%.64s' is geen van de waarden van 'symbols'%s"),
                  json_string_value(value), language_hint(p->language, &nearest, hint));
        return false;
}

/* A record that takes an object: it has all its members, and defaults for what is not there. */
static bool default_is_record(const struct schema *type, const json_t *value) {
        size_t found = 0;

        for (size_t i = 0; i < type->n_fields; i++) {
                bool there = json_object_get(value, type->fields[i].name) != NULL;

                if (!there && !type->fields[i].default_value)
                        return false;
                found += there;
        }
        return found == json_object_size(value);
}

/* Whether a value is of this type as far as can be seen without looking into it. */
static bool default_is_of(const struct schema *type, const json_t *value) {
        json_int_t i = json_integer_value(value);

        switch (type->kind) {
        case SCHEMA_NULL:
                return json_is_null(value);
        case SCHEMA_BOOLEAN:
                return json_is_boolean(value);
        case SCHEMA_INT:
                return json_is_integer(value) && i >= INT32_MIN && i <= INT32_MAX;
        case SCHEMA_LONG:
                return json_is_integer(value);
        case SCHEMA_FLOAT:
        case SCHEMA_DOUBLE:
                return json_is_number(value);
        case SCHEMA_STRING:
                return json_is_string(value);
        case SCHEMA_BYTES:
                return json_is_string(value) && default_count_bytes(value) >= 0;
        case SCHEMA_FIXED:
                return json_is_string(value) && default_count_bytes(value) == (long long)type->size;
        case SCHEMA_ENUM:
                for (size_t k = 0; json_is_string(value) && k < type->n_symbols; k++) {
                        if (strcmp(type->symbols[k], json_string_value(value)) == 0)
                                return true;
                }
                return false;
        case SCHEMA_ARRAY:
                return json_is_array(value);
        case SCHEMA_MAP:
                return json_is_object(value);
        case SCHEMA_RECORD:
                return json_is_object(value) && default_is_record(type, value);
        case SCHEMA_UNION:
                break;
        }
        return false;
}

const struct schema *schema_default_branch(const struct schema *type, const json_t *value) {
        if (type->kind != SCHEMA_UNION)
                return type;
        for (size_t i = 0; i < type->n_branches; i++) {
                if (default_is_of(type->branches[i], value))
                        return type->branches[i];
        }
        return NULL;
}

static bool schema_default_fits(const struct parse *p, const struct schema *type, const json_t *value, unsigned depth) {
        const struct schema *branch;
        json_int_t i = json_integer_value(value);

        if (depth > SCHEMA_DEPTH_MAX) {
                error_set(p->err, IN_LANGUAGE(p->language, "the default is nested deeper than %d levels", "de default is meer dan %d lagen diep"),
                          SCHEMA_DEPTH_MAX);
                return false;
        }
        switch (type->kind) {
        case SCHEMA_NULL:
                return json_is_null(value) || default_misfit(p, IN_LANGUAGE(p->language, "null", "null"));
        case SCHEMA_BOOLEAN:
                return json_is_boolean(value) || default_misfit(p, IN_LANGUAGE(p->language, "true or false", "true of false"));
        case SCHEMA_INT:
                return (json_is_integer(value) && i >= INT32_MIN && i <= INT32_MAX) ||
                       default_misfit(p, IN_LANGUAGE(p->language, "a whole number of 32 bits", "een heel getal van 32 bits"));
        case SCHEMA_LONG:
                return json_is_integer(value) || default_misfit(p, IN_LANGUAGE(p->language, "a whole number", "een heel getal"));
        case SCHEMA_FLOAT:
        case SCHEMA_DOUBLE:
                return json_is_number(value) || default_misfit(p, IN_LANGUAGE(p->language, "a number", "een getal"));
        case SCHEMA_STRING:
                return json_is_string(value) || default_misfit(p, IN_LANGUAGE(p->language, "a string", "een string"));
        case SCHEMA_BYTES:
                return (json_is_string(value) && default_count_bytes(value) >= 0) ||
                       default_misfit(p, IN_LANGUAGE(p->language, "a string of characters up to U+00FF", "een string van tekens tot en met U+00FF"));
        case SCHEMA_FIXED:
                if (json_is_string(value) && default_count_bytes(value) == (long long)type->size)
                        return true;
                error_set(p->err,
                          IN_LANGUAGE(p->language, "the default must be a string of exactly %zu characters up to U+00FF",
                                      "de default moet een string van precies %zu tekens tot en met U+00FF zijn"),
                          type->size);
                return false;
        case SCHEMA_ENUM:
                return default_symbol_fits(p, type, value);
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
                return default_items_fit(p, type, value, depth);
        case SCHEMA_UNION:
                branch = schema_default_branch(type, value);
                if (branch)
                        return schema_default_fits(p, branch, value, depth + 1);
                error_set(p->err, IN_LANGUAGE(p->language, "the default is of none of the union's types", "de default is van geen van de typen van de union"));
                return false;
        case SCHEMA_RECORD:
                return default_record_fits(p, type, value, depth);
        }
        return false;
}

/* Defaults are looked at when all types are known: they may be those of a type that refers to itself. */
static int check_defaults(struct parse *p) {
        for (size_t i = 0; i < p->named.n; i++) {
                const struct schema *s = p->named.items[i];

                for (size_t k = 0; k < s->n_fields; k++) {
                        const struct schema_field *f = &s->fields[k];

                        if (!f->default_value || schema_default_fits(p, f->type, f->default_value, 0))
                                continue;
                        error_prefix(p->err, IN_LANGUAGE(p->language, "field '%s'", "veld '%s'"), f->name);
                        return -EINVAL;
                }
        }
        return 0;
}

/* -- The file -- */

static int write_canonical(struct schema_file *file) {
        CLEANUP(buffer_done) struct buffer b = BUFFER_INIT(CANONICAL_MAX);
        int r = canonical_write(file->root, &b);

        if (r)
                return r;
        file->canonical = arena_copy(file->arena, b.bytes, b.n);
        file->fingerprint = fingerprint_crc64(b.bytes, b.n);
        return file->canonical ? 0 : -ENOMEM;
}

static int parse_text(struct schema_file *file, const char *json, size_t n, struct error *err) {
        struct parse p = {.arena = file->arena, .language = file->language, .err = err};
        json_error_t where;
        int r;

        file->json = arena_copy(file->arena, json, n);
        if (!file->json)
                return -ENOMEM;
        file->document = json_loadb(json, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
        if (!file->document && (json_error_code(&where) == json_error_out_of_memory || !where.text[0]))
                return -ENOMEM; /* without memory jansson says either this or nothing */
        if (!file->document) {
                error_set(err, IN_LANGUAGE(p.language, "%s:%d:%d: this is not JSON: %s", "%s:%d:%d: dit is geen JSON (%s)"),
                          file->name, where.line, where.column, where.text);
                return -EINVAL;
        }
        r = parse_type(&p, file->document, "", 0, &file->root);
        if (r == 0)
                r = check_defaults(&p);
        table_done(&p.names);
        vector_done(&p.named);
        if (r == 0)
                r = write_canonical(file);
        if (r == -ENOMEM)
                error_set(err, IN_LANGUAGE(p.language, "there is no memory for this schema", "er is geen geheugen voor dit schema"));
        if (r)
                error_prefix(err, "%s", file->name);
        return r;
}

int schema_parse(const char *name, const char *json, size_t n, enum language language, struct schema_file **ret, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        int r;

        assert(name && json && ret);
        if (n > SCHEMA_TEXT_MAX) {
                error_set(err, IN_LANGUAGE(language, "%s: a schema is at most %zu bytes", "%s: een schema is hoogstens %zu bytes"), name, SCHEMA_TEXT_MAX);
                return -EINVAL;
        }
        file = calloc(1, sizeof(*file));
        if (!file)
                return error_trace(-ENOMEM, err);
        file->language = language;
        r = arena_new(&file->arena, SCHEMA_MEMORY_MAX);
        if (r)
                return error_trace(r, err);
        file->name = arena_copy(file->arena, name, strlen(name));
        if (!file->name)
                return error_trace(-ENOMEM, err);
        r = parse_text(file, json, n, err);
        if (r)
                return error_trace(r, err);
        *ret = TAKE(file);
        return 0;
}

int schema_read(const char *path, enum language language, struct schema_file **ret, struct error *err) {
        CLEANUP(cleanup_free) char *text = NULL;
        size_t n;
        int r = file_read(path, &text, &n, err);

        if (r) {
                file_error(path, r, language, err);
                return error_trace(r, err);
        }
        return schema_parse(path, text, n, language, ret, err);
}

enum language schema_language(const struct schema_file *file) {
        return file->language;
}

struct schema_file *schema_free(struct schema_file *file) {
        if (!file)
                return NULL;
        json_decref(file->document);
        arena_free(file->arena);
        free(file);
        return NULL;
}

const struct schema *schema_root(const struct schema_file *file) {
        return file->root;
}

const char *schema_name(const struct schema_file *file) {
        return file->name;
}

const char *schema_json(const struct schema_file *file) {
        return file->json;
}

const char *schema_canonical(const struct schema_file *file) {
        return file->canonical;
}

uint64_t schema_fingerprint(const struct schema_file *file) {
        return file->fingerprint;
}

const char *schema_short_name(const char *full) {
        const char *dot;

        assert(full);
        dot = strrchr(full, '.');

        return dot ? dot + 1 : full;
}

const json_t *schema_property(const json_t *properties, const char *name) {
        return json_object_get(properties, name);
}

const char *schema_property_string(const json_t *properties, const char *name) {
        return json_string_value(json_object_get(properties, name));
}
