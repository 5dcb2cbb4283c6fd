/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The rare way of reading a number, blocks, and passing over what a reader does not know
 *
 * That is as strict as reading it. A schema may refer to itself and an item may take no bytes, so depth and number of values are
 * bounded apart from the bytes.
 */

#include "avro/cursor.h"

/* Byte by byte: at most ten, and no bits beyond 64. */
int cursor_long_slow(struct cursor *c, int64_t *ret) {
        uint64_t bits = 0;

        for (unsigned i = 0; i < 10; i++) {
                if (c->p + i >= c->end)
                        return CURSOR_E_SHORT;
                if (i == 9 && c->p[i] > 1) /* the tenth byte holds the last bit */
                        return CURSOR_E_VALUE;
                bits |= (uint64_t)(c->p[i] & 0x7f) << (7 * i);
                if (c->p[i] < 0x80) {
                        c->p += i + 1;
                        *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
                        return 0;
                }
        }
        return CURSOR_E_VALUE;
}

int cursor_block(struct cursor *c, size_t items_max, int64_t *ret_count, const uint8_t **ret_end) {
        struct cursor copy = *c;
        int64_t count, size;
        int r = cursor_long(&copy, &count);

        *ret_end = NULL;
        if (r == 0 && count < 0) {
                if (count == INT64_MIN)
                        return CURSOR_E_VALUE;
                count = -count;
                r = cursor_long(&copy, &size);
                if (r == 0 && size < 0)
                        return CURSOR_E_VALUE;
                if (r == 0 && (uint64_t)size > cursor_left(&copy))
                        return CURSOR_E_SHORT;
                if (r == 0)
                        *ret_end = copy.p + size;
        }
        if (r)
                return r;
        if ((uint64_t)count > items_max)
                return CURSOR_E_VALUE;
        *c = copy;
        *ret_count = count;
        return 0;
}

/* The items of one block; @end: where they must end, or NULL. */
static int cursor_skip_block(struct cursor *c, const struct schema *type, int64_t count, const uint8_t *end, unsigned depth, struct cursor_bounds *bounds) {
        struct text key;
        int r = 0;

        for (int64_t i = 0; i < count && r == 0; i++) {
                if (type->kind == SCHEMA_MAP)
                        r = cursor_string(c, bounds->text_max, &key);
                if (r == 0)
                        r = cursor_skip(c, type->items, depth + 1, bounds);
        }
        return r == 0 && end && c->p != end ? CURSOR_E_VALUE : r;
}

static int cursor_skip_blocks(struct cursor *c, const struct schema *type, unsigned depth, struct cursor_bounds *bounds) {
        for (;;) { /* each turn takes a byte at least */
                const uint8_t *end;
                int64_t count;
                int r = cursor_block(c, bounds->items_max, &count, &end);

                if (r || count == 0)
                        return r;
                r = cursor_skip_block(c, type, count, end, depth, bounds);
                if (r)
                        return r;
        }
}

static int cursor_skip_nested(struct cursor *c, const struct schema *type, unsigned depth, struct cursor_bounds *bounds) {
        int r = 0;

        if (depth >= bounds->depth_max)
                return CURSOR_E_VALUE;
        if (type->kind != SCHEMA_RECORD)
                return cursor_skip_blocks(c, type, depth, bounds);
        for (size_t i = 0; i < type->n_fields && r == 0; i++)
                r = cursor_skip(c, type->fields[i].type, depth + 1, bounds);
        return r;
}

static int cursor_skip_value(struct cursor *c, const struct schema *type, unsigned depth, struct cursor_bounds *bounds) {
        const uint8_t *bytes;
        struct text text;
        size_t index;
        int64_t i;
        double d;
        int r;

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
                return cursor_blob(c, bounds->text_max, &text);
        case SCHEMA_STRING:
                return cursor_string(c, bounds->text_max, &text);
        case SCHEMA_ENUM:
                return cursor_index(c, type->n_symbols, &index);
        case SCHEMA_FIXED:
                return cursor_bytes(c, type->size, &bytes);
        case SCHEMA_UNION:
                r = cursor_index(c, type->n_branches, &index);
                return r ? r : cursor_skip(c, type->branches[index], depth, bounds);
        case SCHEMA_RECORD:
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
                return cursor_skip_nested(c, type, depth, bounds);
        }
        return CURSOR_E_VALUE;
}

int cursor_skip(struct cursor *c, const struct schema *type, unsigned depth, struct cursor_bounds *bounds) {
        const uint8_t *before = c->p;
        int r = cursor_skip_value(c, type, depth, bounds);

        if (r || c->p != before)
                return r;
        if (bounds->empty_left == 0)
                return CURSOR_E_VALUE;
        bounds->empty_left--;
        return 0;
}
