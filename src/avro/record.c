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

/* The steps of unions. *op is moved to the step before the next one. */
static inline int decode_optional(struct cursor *c, const struct op **op, struct slot *slot) {
        const uint8_t *before = c->p;
        size_t index;
        int r = cursor_index(c, 2, &index);

        if (r || index != (*op)->null_branch)
                return r;
        if ((*op)->code == OP_REQUIRED) {
                c->p = before;
                return RECORD_E_VALUE;
        }
        slot->kind = SLOT_NULL;
        (*op)++;
        return 0;
}

static int decode_branch(struct cursor *c, const struct program *program, const struct op **op) {
        size_t index = 0;
        int r;

        if ((*op)->code == OP_REFUSE)
                return RECORD_E_VALUE;
        if ((*op)->code == OP_JUMP) {
                *op = program->ops + (*op)->n - 1;
                return 0;
        }
        r = cursor_index(c, (*op)->n, &index);
        if (r == 0)
                *op = program->ops + (*op)->targets[index] - 1;
        return r;
}

/* The steps that are rare in events. */
static int decode_rare(struct cursor *c, const struct program *program, const struct op **op, struct slot *slot, size_t *left) {
        switch ((*op)->code) {
        case OP_BRANCH:
        case OP_JUMP:
        case OP_REFUSE:
                return decode_branch(c, program, op);
        case OP_SKIP:
                return cursor_skip(c, (*op)->skip, 0, left);
        case OP_NULL:
                slot->kind = SLOT_NULL;
                return 0;
        case OP_FLOAT:
                slot->kind = SLOT_DOUBLE;
                return cursor_float(c, &slot->d);
        default:
                return decode_promoted(c, *op, slot);
        }
}

/* What a step may say besides enum record_error. */
enum { RECORD_RARE = -1, RECORD_DONE = -2 };

static inline int decode_step(struct cursor *c, const struct op **op, struct slot *slot) {
        switch ((*op)->code) {
        case OP_BOOLEAN:
                slot->kind = SLOT_BOOLEAN;
                return cursor_boolean(c, &slot->i);
        case OP_INT:
                slot->kind = SLOT_INT;
                return cursor_int(c, &slot->i);
        case OP_LONG:
                slot->kind = SLOT_INT;
                return cursor_long(c, &slot->i);
        case OP_DOUBLE:
                slot->kind = SLOT_DOUBLE;
                return cursor_double(c, &slot->d);
        case OP_STRING:
                slot->kind = SLOT_STRING;
                return cursor_string(c, &slot->s);
        case OP_ENUM:
                return decode_enum(c, *op, slot);
        case OP_UUID_TEXT:
                return decode_uuid_text(c, slot);
        case OP_UUID_FIXED:
                return decode_uuid_fixed(c, slot);
        case OP_OPTIONAL:
        case OP_REQUIRED:
                return decode_optional(c, op, slot);
        case OP_DEFAULT:
                *slot = *(*op)->value;
                return 0;
        case OP_END:
                return c->p == c->end ? RECORD_DONE : RECORD_E_LONG;
        default:
                return RECORD_RARE;
        }
}

int record_decode(const struct program *program, const void *body, size_t n, struct slot *slots, struct error *err) {
        struct cursor c = {.p = body, .end = (const uint8_t *)body + n}, copy;
        size_t left = RECORD_SKIP_ITEMS_MAX;
        const struct op *op = program->ops, *moved;
        int r;

        assert(slots && (body || n == 0));
        for (;; op++) {
                r = decode_step(&c, &op, &slots[op->slot]);
                if (r == 0)
                        continue;
                if (r == RECORD_DONE)
                        return 0;
                if (r == RECORD_RARE) { /* with copies, so that cursor and step can live in registers */
                        copy = c;
                        moved = op;
                        r = decode_rare(&copy, program, &moved, &slots[op->slot], &left);
                        c = copy;
                        op = moved;
                }
                if (r)
                        break;
        }
        if (*op->field)
                error_set(err, "field '%s', byte %td of %zu: %s", op->field, c.p - (const uint8_t *)body, n, meanings[r]);
        else
                error_set(err, "byte %td of %zu: %s", c.p - (const uint8_t *)body, n, meanings[r]);
        return r;
}
