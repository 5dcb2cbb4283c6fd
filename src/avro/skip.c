/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Passing over values that the reader does not know
 *
 * As strict as reading them. A schema may refer to itself and an item may take no bytes, so depth and
 * number of values are bounded apart from the bytes.
 */

#include "avro/cursor.h"

int cursor_long_slow(struct cursor *c, int64_t *ret) {
        uint64_t bits = 0;

        for (unsigned i = 0; i < 10; i++) {
                if (c->p + i >= c->end)
                        return RECORD_E_SHORT;
                if (i == 9 && c->p[i] > 1) /* the tenth byte holds the last bit */
                        return RECORD_E_VALUE;
                bits |= (uint64_t)(c->p[i] & 0x7f) << (7 * i);
                if (c->p[i] < 0x80) {
                        c->p += i + 1;
                        *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
                        return 0;
                }
        }
        return RECORD_E_VALUE;
}

/* The items of one block of an array or map; @size < 0 when the writer did not say its bytes. */
static int skip_block(struct cursor *c, const struct schema *type, int64_t count, int64_t size, unsigned depth, size_t *left) {
        const uint8_t *before = c->p;
        struct text key;
        int r = 0;

        if (size >= 0 && (uint64_t)size > cursor_left(c))
                return RECORD_E_SHORT;
        for (int64_t i = 0; i < count && r == 0; i++) {
                if (type->kind == SCHEMA_MAP)
                        r = cursor_string(c, &key);
                if (r == 0)
                        r = cursor_skip(c, type->items, depth + 1, left);
        }
        if (r == 0 && size >= 0 && c->p - before != size)
                return RECORD_E_VALUE;
        return r;
}

static int skip_blocks(struct cursor *c, const struct schema *type, unsigned depth, size_t *left) {
        for (;;) { /* each turn takes a byte at least */
                int64_t count, size = -1;
                int r = cursor_long(c, &count);

                if (r || count == 0)
                        return r;
                if (count < 0) {
                        if (count == INT64_MIN)
                                return RECORD_E_VALUE;
                        count = -count;
                        r = cursor_long(c, &size);
                        if (r == 0 && size < 0)
                                r = RECORD_E_VALUE;
                }
                if (r == 0 && (uint64_t)count > *left)
                        r = RECORD_E_VALUE;
                if (r == 0)
                        r = skip_block(c, type, count, size, depth, left);
                if (r)
                        return r;
        }
}

static int skip_nested(struct cursor *c, const struct schema *type, unsigned depth, size_t *left) {
        size_t index;
        int r = 0;

        switch (type->kind) {
        case SCHEMA_RECORD:
                for (size_t i = 0; i < type->n_fields && r == 0; i++)
                        r = cursor_skip(c, type->fields[i].type, depth + 1, left);
                return r;
        case SCHEMA_UNION:
                r = cursor_index(c, type->n_branches, &index);
                return r ? r : cursor_skip(c, type->branches[index], depth + 1, left);
        default:
                return skip_blocks(c, type, depth, left);
        }
}

int cursor_skip(struct cursor *c, const struct schema *type, unsigned depth, size_t *left) {
        const uint8_t *bytes;
        struct text text;
        size_t index;
        int64_t i;
        double d;

        if (depth > RECORD_SKIP_DEPTH_MAX || *left == 0)
                return RECORD_E_VALUE;
        (*left)--;
        switch (type->kind) {
        case SCHEMA_NULL:
                return 0;
        case SCHEMA_BOOLEAN:
                return cursor_boolean(c, &i);
        case SCHEMA_INT:
                return cursor_int(c, &i);
        case SCHEMA_LONG:
                return cursor_long(c, &i);
        case SCHEMA_FLOAT:
                return cursor_float(c, &d);
        case SCHEMA_DOUBLE:
                return cursor_double(c, &d);
        case SCHEMA_BYTES:
                return cursor_blob(c, &text);
        case SCHEMA_STRING:
                return cursor_string(c, &text);
        case SCHEMA_ENUM:
                return cursor_index(c, type->n_symbols, &index);
        case SCHEMA_FIXED:
                return cursor_bytes(c, type->size, &bytes);
        case SCHEMA_RECORD:
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
        case SCHEMA_UNION:
                return skip_nested(c, type, depth, left);
        }
        return RECORD_E_VALUE;
}
