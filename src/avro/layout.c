/* SPDX-License-Identifier: EUPL-1.2 */

/* Compiles a flat record schema to slots, and says of a schema that is not flat which field is at fault and why. */

#include "avro/layout.h"

#include <assert.h>
#include <errno.h>

#include "base/table.h"

#define layout_wrong(err, ...) (error_set((err), __VA_ARGS__), -EINVAL)

static int layout_type_of(const struct schema *s, enum language language, enum layout_type *ret, struct error *err) {
        const char *logical = schema_property_string(s->properties, "logicalType");

        if (s->logical > SCHEMA_UUID)
                return layout_wrong(err,
                                    IN_LANGUAGE(language,
                                                "the logical type '%.64s' on %s is none that an event may use (date on int, timestamp-millis on long, uuid "
                                                "on string or fixed of 16)",
                                                "het logicalType '%.64s' op %s mag niet in een gebeurtenis (wel date op int, timestamp-millis op long, uuid "
                                                "op string of op een fixed van 16)"),
                                    logical, s->name);
        switch (s->kind) {
        case SCHEMA_BOOLEAN:
                *ret = LAYOUT_BOOLEAN;
                return 0;
        case SCHEMA_INT:
                *ret = s->logical == SCHEMA_DATE ? LAYOUT_DATE : LAYOUT_INT;
                return 0;
        case SCHEMA_LONG:
                *ret = s->logical == SCHEMA_TIMESTAMP_MILLIS ? LAYOUT_TIMESTAMP : LAYOUT_LONG;
                return 0;
        case SCHEMA_FLOAT:
                *ret = LAYOUT_FLOAT;
                return 0;
        case SCHEMA_DOUBLE:
                *ret = LAYOUT_DOUBLE;
                return 0;
        case SCHEMA_STRING:
                *ret = s->logical == SCHEMA_UUID ? LAYOUT_UUID : LAYOUT_STRING;
                return 0;
        case SCHEMA_ENUM:
                *ret = LAYOUT_ENUM;
                return 0;
        case SCHEMA_FIXED:
                if (s->logical == SCHEMA_UUID) {
                        *ret = LAYOUT_UUID_FIXED;
                        return 0;
                }
                return layout_wrong(err,
                                    IN_LANGUAGE(language, "a fixed may only be a uuid (16 bytes, logicalType uuid)",
                                                "een fixed kan hier alleen een uuid zijn (16 bytes, logicalType uuid)"));
        default:
                return layout_wrong(err,
                                    IN_LANGUAGE(language,
                                                "%s is not flat: only boolean, int, long, float, double, string, enum, uuid, and one of these or null",
                                                "%s kan hier niet: alleen boolean, int, long, float, double, string, enum, uuid, en een daarvan of null"),
                                    s->name);
        }
}

/* Of a union of null and one other type the other one; of anything else itself. */
static int layout_plain_type(struct layout_field *f, enum language language, const struct schema **ret, struct error *err) {
        const struct schema *s = f->field->type;

        *ret = s;
        if (s->kind != SCHEMA_UNION)
                return 0;
        for (uint8_t i = 0; i < 2 && s->n_branches == 2; i++) {
                if (s->branches[i]->kind != SCHEMA_NULL)
                        continue;
                f->nullable = true;
                f->null_branch = i;
                *ret = s->branches[1 - i];
                return 0;
        }
        return layout_wrong(err,
                            IN_LANGUAGE(language, "a union may only be of null and one other type",
                                        "een union kan hier alleen uit null en één ander type bestaan"));
}

static int layout_default_uuid(const struct layout_field *f, const json_t *value, enum language language, struct slot *ret, struct error *err) {
        const char *s = json_string_value(value);

        ret->kind = SLOT_UUID;
        if (f->type == LAYOUT_UUID)
                return uuid_parse(s, json_string_length(value), &ret->u)
                               ? 0
                               : layout_wrong(err, IN_LANGUAGE(language, "the default must be a uuid in lower case",
                                                               "de default moet een uuid in kleine letters zijn"));
        for (size_t i = 0; i < sizeof(ret->u.bytes); i++) { /* sixteen code points, each one byte: checked by the parser */
                unsigned char c = (unsigned char)*s++;

                ret->u.bytes[i] = c < 0x80 ? c : (uint8_t)((c & 3) << 6 | ((unsigned char)*s++ & 0x3f));
        }
        return 0;
}

static int layout_default(struct layout_field *f, enum language language, struct error *err) {
        const json_t *value = f->field->default_value;
        struct slot *slot = &f->default_value;

        if (!value)
                return 0;
        if (f->nullable && json_is_null(value) != (f->null_branch == 0))
                return layout_wrong(err,
                                    IN_LANGUAGE(language, "the default must fit the first branch of the union, here '%s': older libraries take no other",
                                                "de default moet bij het eerste type van de union passen, hier '%s': oudere bibliotheken nemen geen ander"),
                                    f->field->type->branches[0]->name);
        f->has_default = true;
        if (json_is_null(value)) {
                slot->kind = SLOT_NULL;
                return 0;
        }
        switch (f->type) {
        case LAYOUT_BOOLEAN:
                *slot = (struct slot){.kind = SLOT_BOOLEAN, .i = json_is_true(value)};
                return 0;
        case LAYOUT_INT:
        case LAYOUT_LONG:
        case LAYOUT_DATE:
        case LAYOUT_TIMESTAMP:
                *slot = (struct slot){.kind = SLOT_INT, .i = json_integer_value(value)};
                return 0;
        case LAYOUT_ENUM:
                *slot = (struct slot){.kind = SLOT_INT, .i = layout_symbol(f, text_of(json_string_value(value)))};
                return 0;
        case LAYOUT_FLOAT:
                *slot = (struct slot){.kind = SLOT_DOUBLE, .d = (double)(float)json_number_value(value)};
                return 0;
        case LAYOUT_DOUBLE:
                *slot = (struct slot){.kind = SLOT_DOUBLE, .d = json_number_value(value)};
                return 0;
        case LAYOUT_STRING:
                *slot = (struct slot){.kind = SLOT_STRING, .s = {json_string_value(value), json_string_length(value)}};
                return 0;
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                return layout_default_uuid(f, value, language, slot, err);
        }
        return 0;
}

static int layout_field(struct layout_field *f, const struct schema_field *field, enum language language, struct error *err) {
        const struct schema *type;
        int r;

        f->name = field->name;
        f->field = field;
        r = layout_plain_type(f, language, &type, err);
        if (r)
                return r;
        r = layout_type_of(type, language, &f->type, err);
        if (r)
                return r;
        f->plain = type;
        if (f->type == LAYOUT_ENUM) {
                f->symbols = type->symbols;
                f->n_symbols = type->n_symbols;
        }
        return layout_default(f, language, err);
}

int layout_new(const struct schema_file *file, struct layout **ret, struct error *err) {
        CLEANUP(layout_free_p) struct layout *layout = NULL;
        const struct schema *root;
        enum language language;

        assert(file && ret);
        root = schema_root(file);
        language = schema_language(file);
        if (root->kind != SCHEMA_RECORD)
                return layout_wrong(err, IN_LANGUAGE(language, "%s: an event is a record, this is %s", "%s: een gebeurtenis is een record, en dit is %s"),
                                    schema_name(file), root->name);
        if (root->n_fields > LAYOUT_SLOTS_MAX)
                return layout_wrong(err,
                                    IN_LANGUAGE(language, "%s: an event has at most %d fields, this has %zu",
                                                "%s: een gebeurtenis heeft hoogstens %d velden, en dit heeft er %zu"),
                                    schema_name(file), LAYOUT_SLOTS_MAX, root->n_fields);
        layout = calloc(1, sizeof(*layout));
        if (!layout)
                return error_trace(-ENOMEM, err);
        layout->file = file;
        layout->name = root->name;
        layout->fingerprint = schema_fingerprint(file);
        layout->n = root->n_fields;
        for (size_t i = 0; i < layout->n; i++) {
                int r = layout_field(&layout->fields[i], &root->fields[i], language, err);

                if (r) {
                        error_prefix(err, IN_LANGUAGE(language, "%s: field '%s'", "%s: veld '%s'"), schema_name(file), root->fields[i].name);
                        return error_trace(r, err);
                }
                layout->steps[i] = (struct layout_step){.type = (uint8_t)layout->fields[i].type,
                                                        .nullable = layout->fields[i].nullable,
                                                        .null_branch = layout->fields[i].null_branch,
                                                        .n_symbols = (uint32_t)layout->fields[i].n_symbols};
                if (layout->fields[i].type == LAYOUT_STRING)
                        layout->texts[layout->n_texts++] = (uint8_t)i;
        }
        *ret = TAKE(layout);
        return 0;
}

struct layout *layout_free(struct layout *layout) {
        free(layout);
        return NULL;
}

int layout_slot(const struct layout *layout, const char *name) {
        assert(layout && name);
        for (size_t i = 0; i < layout->n; i++) {
                if (strcmp(layout->fields[i].name, name) == 0)
                        return (int)i;
        }
        return -1;
}

int layout_symbol(const struct layout_field *field, struct text symbol) {
        for (size_t i = 0; i < field->n_symbols; i++) {
                if (text_is(symbol, field->symbols[i]))
                        return (int)i;
        }
        return -1;
}

const char *layout_type_word(enum layout_type type) {
        static const char *const words[] = {
                [LAYOUT_BOOLEAN] = "boolean", [LAYOUT_INT] = "int",   [LAYOUT_LONG] = "long",
                [LAYOUT_FLOAT] = "float",     [LAYOUT_DOUBLE] = "double", [LAYOUT_STRING] = "string",
                [LAYOUT_ENUM] = "enum",       [LAYOUT_DATE] = "date", [LAYOUT_TIMESTAMP] = "timestamp-millis",
                [LAYOUT_UUID] = "uuid",       [LAYOUT_UUID_FIXED] = "uuid (16 bytes)",
        };

        assert(type < ELEMENTS(words));
        return words[type];
}

uint32_t slot_hash(const struct slot *slot) {
        switch (slot->kind) {
        case SLOT_NULL:
                return 0;
        case SLOT_BOOLEAN:
        case SLOT_INT:
                return table_hash(&slot->i, sizeof(slot->i));
        case SLOT_DOUBLE:
                return table_hash(&slot->d, sizeof(slot->d));
        case SLOT_STRING:
                return table_hash(slot->s.s, slot->s.n);
        case SLOT_UUID:
                return table_hash(&slot->u, sizeof(slot->u));
        }
        return 0;
}

bool slot_equal(const struct slot *a, const struct slot *b) {
        if (a->kind != b->kind)
                return false;
        switch (a->kind) {
        case SLOT_NULL:
                return true;
        case SLOT_BOOLEAN:
        case SLOT_INT:
                return a->i == b->i;
        case SLOT_DOUBLE: /* bit for bit: not-a-number is itself, and zero has a sign */
                return memcmp(&a->d, &b->d, sizeof(a->d)) == 0;
        case SLOT_STRING:
                return text_equal(a->s, b->s);
        case SLOT_UUID:
                return uuid_equal(&a->u, &b->u);
        }
        return false;
}
