/* SPDX-License-Identifier: EUPL-1.2 */
#include "avro/record.h"

#include <assert.h>

#include "avro/cursor.h"
#include "avro/op.h"

static const char *const meanings[] = {
        [RECORD_E_SHORT] = "the bytes end too early",
        [RECORD_E_LONG] = "bytes are left over behind the record",
        [RECORD_E_VALUE] = "not a value that can stand here",
};

static inline int decode_uuid_text(struct cursor *c, struct slot *slot) {
        const uint8_t *before = c->p;
        struct text text;
        int r = cursor_blob(c, &text);

        if (r)
                return r;
        slot->kind = SLOT_UUID;
        if (uuid_parse(text.s, text.n, &slot->u))
                return 0;
        c->p = before;
        return RECORD_E_VALUE;
}

static inline int decode_uuid_fixed(struct cursor *c, struct slot *slot) {
        const uint8_t *bytes;
        int r = cursor_bytes(c, sizeof(slot->u.bytes), &bytes);

        slot->kind = SLOT_UUID;
        if (r == 0)
                memcpy(slot->u.bytes, bytes, sizeof(slot->u.bytes));
        return r;
}

static inline int decode_enum(struct cursor *c, const struct op *op, struct slot *slot) {
        const uint8_t *before = c->p;
        size_t index;
        int r = cursor_index(c, op->n, &index);

        if (r)
                return r;
        slot->kind = SLOT_INT;
        slot->i = op->symbols[index];
        if (slot->i >= 0)
                return 0;
        c->p = before;
        return RECORD_E_VALUE;
}

/* A value that was written as a whole number and is read as a fraction. */
static int decode_promoted(struct cursor *c, const struct op *op, struct slot *slot) {
        bool narrow = op->code == OP_INT_TO_FLOAT || op->code == OP_INT_TO_DOUBLE;
        int64_t i;
        int r = narrow ? cursor_int(c, &i) : cursor_long(c, &i);

        if (r)
                return r;
        slot->kind = SLOT_DOUBLE;
        slot->d = op->code == OP_INT_TO_FLOAT || op->code == OP_LONG_TO_FLOAT ? (double)(float)i : (double)i;
        return 0;
}

/* The steps that read one value into one slot; the others are the caller's. */
static inline int decode_value(struct cursor *c, const struct op *op, struct slot *slot) {
        switch (op->code) {
        case OP_BOOLEAN:
                slot->kind = SLOT_BOOLEAN;
                return cursor_boolean(c, &slot->i);
        case OP_INT:
                slot->kind = SLOT_INT;
                return cursor_int(c, &slot->i);
        case OP_LONG:
                slot->kind = SLOT_INT;
                return cursor_long(c, &slot->i);
        case OP_FLOAT:
                slot->kind = SLOT_DOUBLE;
                return cursor_float(c, &slot->d);
        case OP_DOUBLE:
                slot->kind = SLOT_DOUBLE;
                return cursor_double(c, &slot->d);
        case OP_STRING:
                slot->kind = SLOT_STRING;
                return cursor_string(c, &slot->s);
        case OP_ENUM:
                return decode_enum(c, op, slot);
        case OP_UUID_TEXT:
                return decode_uuid_text(c, slot);
        case OP_UUID_FIXED:
                return decode_uuid_fixed(c, slot);
        case OP_NULL:
                slot->kind = SLOT_NULL;
                return 0;
        case OP_DEFAULT:
                *slot = *op->value;
                return 0;
        default:
                return decode_promoted(c, op, slot);
        }
}

/* The steps that choose the next one. *op is moved to the step before it. */
static inline int decode_choice(struct cursor *c, const struct program *program, const struct op **op, struct slot *slot) {
        const uint8_t *before = c->p;
        size_t index;
        int r = 0;

        switch ((*op)->code) {
        case OP_OPTIONAL:
        case OP_REQUIRED:
                r = cursor_index(c, 2, &index);
                if (r || index != (*op)->null_branch)
                        return r;
                if ((*op)->code == OP_REQUIRED)
                        break;
                slot->kind = SLOT_NULL;
                (*op)++;
                return 0;
        case OP_BRANCH:
                r = cursor_index(c, (*op)->n, &index);
                if (r == 0)
                        *op = program->ops + (*op)->targets[index] - 1;
                return r;
        case OP_JUMP:
                *op = program->ops + (*op)->n - 1;
                return 0;
        default:
                break;
        }
        c->p = before;
        return RECORD_E_VALUE;
}

int record_decode(const struct program *program, const void *body, size_t n, struct slot *slots, struct error *err) {
        struct cursor c = {.p = body, .end = (const uint8_t *)body + n};
        size_t left = RECORD_SKIP_ITEMS_MAX;
        const struct op *op = program->ops;
        int r = 0;

        assert(slots && (body || n == 0));
        for (;; op++) {
                struct slot *slot = &slots[op->slot];

                if (op->code < OP_OPTIONAL || op->code == OP_DEFAULT)
                        r = decode_value(&c, op, slot);
                else if (op->code <= OP_REFUSE)
                        r = decode_choice(&c, program, &op, slot);
                else if (op->code == OP_SKIP)
                        r = cursor_skip(&c, op->skip, 0, &left);
                else if (c.p == c.end)
                        return 0;
                else
                        r = RECORD_E_LONG;
                if (r)
                        break;
        }
        if (*op->field)
                error_set(err, "field '%s', byte %td of %zu: %s", op->field, c.p - (const uint8_t *)body, n, meanings[r]);
        else
                error_set(err, "byte %td of %zu: %s", c.p - (const uint8_t *)body, n, meanings[r]);
        return r;
}
