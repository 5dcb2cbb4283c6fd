/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Parsing Canonical Form
 *
 * Full names, only what decides about the bytes (name, type, fields, symbols, items, values, size),
 * in this order, no white space. A named type is written where it stands first, and by its name
 * from then on. Names and symbols are checked by the parser, so nothing here needs an escape.
 */

#include <errno.h>

#include "avro/schemas_parts.h"
#include "base/table.h"

struct canonical {
        struct buffer *out;
        struct table written; /* full names */
};

static int write_type(struct canonical *c, const struct schema *s);

static void write_quoted(struct buffer *out, const char *s) {
        buffer_add_byte(out, '"');
        buffer_add_text(out, s);
        buffer_add_byte(out, '"');
}

static int write_record(struct canonical *c, const struct schema *s) {
        int r = 0;

        buffer_add_text(c->out, ",\"type\":\"record\",\"fields\":[");
        for (size_t i = 0; i < s->n_fields && r == 0; i++) {
                buffer_add_text(c->out, i ? ",{\"name\":" : "{\"name\":");
                write_quoted(c->out, s->fields[i].name);
                buffer_add_text(c->out, ",\"type\":");
                r = write_type(c, s->fields[i].type);
                buffer_add_byte(c->out, '}');
        }
        buffer_add_byte(c->out, ']');
        return r;
}

static int write_named(struct canonical *c, const struct schema *s) {
        size_t n = strlen(s->name);
        int r;

        if (table_get(&c->written, s->name, n)) {
                write_quoted(c->out, s->name);
                return 0;
        }
        r = table_put(&c->written, s->name, n, (void *)s);
        if (r)
                return r;
        buffer_add_text(c->out, "{\"name\":");
        write_quoted(c->out, s->name);
        if (s->kind == SCHEMA_RECORD) {
                r = write_record(c, s);
        } else if (s->kind == SCHEMA_ENUM) {
                buffer_add_text(c->out, ",\"type\":\"enum\",\"symbols\":[");
                for (size_t i = 0; i < s->n_symbols; i++) {
                        if (i)
                                buffer_add_byte(c->out, ',');
                        write_quoted(c->out, s->symbols[i]);
                }
                buffer_add_byte(c->out, ']');
        } else {
                buffer_printf(c->out, ",\"type\":\"fixed\",\"size\":%zu", s->size);
        }
        buffer_add_byte(c->out, '}');
        return r;
}

static int write_type(struct canonical *c, const struct schema *s) {
        int r = 0;

        switch (s->kind) {
        case SCHEMA_RECORD:
        case SCHEMA_ENUM:
        case SCHEMA_FIXED:
                return write_named(c, s);
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
                buffer_add_text(c->out, s->kind == SCHEMA_ARRAY ? "{\"type\":\"array\",\"items\":" : "{\"type\":\"map\",\"values\":");
                r = write_type(c, s->items);
                buffer_add_byte(c->out, '}');
                return r;
        case SCHEMA_UNION:
                buffer_add_byte(c->out, '[');
                for (size_t i = 0; i < s->n_branches && r == 0; i++) {
                        if (i)
                                buffer_add_byte(c->out, ',');
                        r = write_type(c, s->branches[i]);
                }
                buffer_add_byte(c->out, ']');
                return r;
        default:
                write_quoted(c->out, s->name);
                return 0;
        }
}

int canonical_write(const struct schema *root, struct buffer *out) {
        struct canonical c = {.out = out};
        int r = write_type(&c, root);

        table_done(&c.written);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        return r;
}
