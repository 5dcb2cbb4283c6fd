/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * From the types of a schema to its Parsing Canonical Form
 *
 * Full names, only what decides about the bytes (name, type, fields, symbols, items, values, size),
 * in this order, no white space. A named type is written where it stands first, and by its name
 * from then on. Names and symbols are checked by the parser, so nothing here needs an escape.
 */

#include "avro/canonical.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "avro/fingerprint.h"
#include "base/table.h"

#define SPACE_MAX (2 * SCHEMA_NAME_MAX) /* of a name space as goavro makes it, out of those around it */

struct canonical {
        struct buffer *out;
        enum spelling spelling;
        bool unknown;         /* something stood there of which it was not seen how this spelling has it */
        struct table written; /* full names */
        const char *space;    /* of goavro: that of the type around */
};

static const struct {
        const char *name, *libraries;
} spellings[SPELLINGS] = {
        [SPELLING_SPECIFICATION] = {"specification", "the specification: ketenwacht, Java, fastavro, twmb/avro"},
        [SPELLING_PYTHON] = {"avro", "avro (PyPI)"},
        [SPELLING_RUST] = {"apache-avro", "apache-avro (Rust)"},
        [SPELLING_GOAVRO] = {"goavro", "goavro"},
        [SPELLING_HAMBA] = {"hamba", "hamba/avro"},
};

const char *spelling_name(enum spelling spelling) {
        assert(spelling < SPELLINGS);
        return spellings[spelling].name;
}

const char *spelling_libraries(enum spelling spelling) {
        assert(spelling < SPELLINGS);
        return spellings[spelling].libraries;
}

static int canonical_write_type(struct canonical *c, const struct schema *s);

static void canonical_write_quoted(struct buffer *out, const char *s) {
        buffer_add_byte(out, '"');
        buffer_add_text(out, s);
        buffer_add_byte(out, '"');
}

static int canonical_write_record(struct canonical *c, const struct schema *s) {
        int r = 0;

        buffer_add_text(c->out, ",\"type\":\"record\",\"fields\":[");
        for (size_t i = 0; i < s->n_fields && r == 0; i++) {
                buffer_add_text(c->out, i ? ",{\"name\":" : "{\"name\":");
                canonical_write_quoted(c->out, s->fields[i].name);
                buffer_add_text(c->out, ",\"type\":");
                r = canonical_write_type(c, s->fields[i].type);
                buffer_add_byte(c->out, '}');
        }
        buffer_add_byte(c->out, ']');
        return r;
}

/* Logical types of which it was seen how each library writes them: those that an event may use. */
static const char *canonical_logical(struct canonical *c, const struct schema *s) {
        switch (s->logical) {
        case SCHEMA_NOT_LOGICAL:
                return NULL;
        case SCHEMA_DATE:
                return "date";
        case SCHEMA_TIMESTAMP_MILLIS:
                return "timestamp-millis";
        case SCHEMA_UUID:
                return "uuid";
        default:
                c->unknown = true;
                return NULL;
        }
}

/* The name space of a type as goavro has it: its own behind that of the type around, both as they are written. */
static void canonical_goavro_space(struct canonical *c, const struct schema *s, char ret[SPACE_MAX]) {
        const char *given = schema_property_string(s->properties, "namespace");
        int n = snprintf(ret, SPACE_MAX, "%s%s%s", c->space, given && *given && *c->space ? "." : "", given ? given : "");

        c->unknown = c->unknown || n >= SPACE_MAX;
}

/* The name where a type is described. Return: whether it is its full name. */
static bool canonical_write_name(struct canonical *c, const struct schema *s, const char *space) {
        const char *word = schema_property_string(s->properties, "name");
        bool plain = strchr(word, '.') || !*space;
        size_t n = plain ? 0 : strlen(space);

        if (c->spelling != SPELLING_GOAVRO) {
                canonical_write_quoted(c->out, s->name);
                return true;
        }
        buffer_printf(c->out, "\"%s%s%s\"", plain ? "" : space, plain ? "" : ".", word);
        return plain ? strcmp(s->name, word) == 0 : strncmp(s->name, space, n) == 0 && s->name[n] == '.' && strcmp(s->name + n + 1, word) == 0;
}

static int canonical_write_described(struct canonical *c, const struct schema *s) {
        const char *outer = c->space;
        char space[SPACE_MAX];
        int r;

        canonical_goavro_space(c, s, space);
        buffer_add_text(c->out, "{\"name\":");
        /* what goavro calls otherwise, it may find again by another name still */
        r = table_put(&c->written, s->name, strlen(s->name), canonical_write_name(c, s, space) ? (void *)s : c);
        if (r)
                return r;
        if (s->kind == SCHEMA_RECORD) {
                c->space = space;
                r = canonical_write_record(c, s);
                c->space = outer;
        } else if (s->kind == SCHEMA_ENUM) {
                buffer_add_text(c->out, ",\"type\":\"enum\",\"symbols\":[");
                for (size_t i = 0; i < s->n_symbols; i++) {
                        if (i)
                                buffer_add_byte(c->out, ',');
                        canonical_write_quoted(c->out, s->symbols[i]);
                }
                buffer_add_byte(c->out, ']');
        } else {
                buffer_printf(c->out, ",\"type\":\"fixed\",\"size\":%zu", s->size);
                (void) canonical_logical(c, s); /* written by nobody, on a uuid */
        }
        buffer_add_byte(c->out, '}');
        return r;
}

/* avro of PyPI describes a fixed wherever it stands. */
static int canonical_write_named(struct canonical *c, const struct schema *s) {
        const void *written = table_get(&c->written, s->name, strlen(s->name));

        if (!written || (s->kind == SCHEMA_FIXED && c->spelling == SPELLING_PYTHON))
                return canonical_write_described(c, s);
        c->unknown = c->unknown || written == c;
        canonical_write_quoted(c->out, s->name);
        return 0;
}

/* Whether a primitive type, which the specification writes as a word, is an object. avro of PyPI and goavro look at the keys that are left. */
static bool canonical_is_object(const struct canonical *c, const struct schema *s, const char *logical) {
        size_t keys = json_object_size(s->properties);

        switch (c->spelling) {
        case SPELLING_PYTHON:
                return keys > 1;
        case SPELLING_GOAVRO:
                return keys - (s->logical == SCHEMA_UUID) > 1; /* which is no logical type to it, and taken off */
        case SPELLING_RUST:
        case SPELLING_HAMBA:
                return logical != NULL;
        default:
                return false;
        }
}

static void canonical_write_primitive(struct canonical *c, const struct schema *s) {
        const char *logical = canonical_logical(c, s);

        if (!s->properties || !canonical_is_object(c, s, logical)) {
                canonical_write_quoted(c->out, s->name);
                return;
        }
        buffer_add_text(c->out, "{\"type\":");
        canonical_write_quoted(c->out, s->name);
        if (c->spelling == SPELLING_HAMBA) {
                buffer_add_text(c->out, ",\"logicalType\":");
                canonical_write_quoted(c->out, logical);
        }
        buffer_add_byte(c->out, '}');
}

static int canonical_write_type(struct canonical *c, const struct schema *s) {
        int r = 0;

        switch (s->kind) {
        case SCHEMA_RECORD:
        case SCHEMA_ENUM:
        case SCHEMA_FIXED:
                return canonical_write_named(c, s);
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
                buffer_add_text(c->out, s->kind == SCHEMA_ARRAY ? "{\"type\":\"array\",\"items\":" : "{\"type\":\"map\",\"values\":");
                r = canonical_write_type(c, s->items);
                buffer_add_byte(c->out, '}');
                return r;
        case SCHEMA_UNION:
                buffer_add_byte(c->out, '[');
                for (size_t i = 0; i < s->n_branches && r == 0; i++) {
                        if (i)
                                buffer_add_byte(c->out, ',');
                        r = canonical_write_type(c, s->branches[i]);
                }
                buffer_add_byte(c->out, ']');
                return r;
        default:
                canonical_write_primitive(c, s);
                return 0;
        }
}

/* *ret_known: whether the form is known in this spelling. */
static int canonical_spell(const struct schema *root, enum spelling spelling, struct buffer *out, bool *ret_known) {
        struct canonical c = {.out = out, .spelling = spelling, .space = ""};
        int r = canonical_write_type(&c, root);

        table_done(&c.written);
        *ret_known = spelling == SPELLING_SPECIFICATION || !c.unknown;
        return r == 0 && out->failed ? -ENOMEM : r;
}

int canonical_write(const struct schema *root, struct buffer *out) {
        bool known;

        assert(root && out);
        return canonical_spell(root, SPELLING_SPECIFICATION, out, &known);
}

int canonical_fingerprints(const struct schema *root, struct canonical_fingerprint ret[SPELLINGS]) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(CANONICAL_MAX);

        assert(root && ret);
        for (unsigned i = 0; i < SPELLINGS; i++) {
                int r;

                buffer_clear(&text);
                r = canonical_spell(root, (enum spelling)i, &text, &ret[i].known);
                if (r)
                        return r;
                ret[i].value = fingerprint_crc64(text.bytes, text.n);
        }
        return 0;
}
