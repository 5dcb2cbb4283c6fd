/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Bytes to slots by running a program, and slots to bytes by walking a layout
 *
 * What is read may be anything: the cursor (cursor.h) reads it. Writing is one look for the room, then one walk.
 */

#include "avro/record.h"

#include <assert.h>
#include <endian.h>

#include "avro/cursor.h"
#include "avro/put.h"

/* -- Decoding -- */

static_assert((int)RECORD_E_SHORT == (int)CURSOR_E_SHORT && (int)RECORD_E_VALUE == (int)CURSOR_E_VALUE, "what the cursor says is handed on");

static const char *const record_meanings[] = {
        [RECORD_E_SHORT] = "the bytes end too early",
        [RECORD_E_LONG] = "bytes are left over behind the record",
        [RECORD_E_VALUE] = "not a value that can stand here",
};

static inline int record_decode_uuid_text(struct cursor *c, struct slot *slot) {
        const uint8_t *before = c->p;
        struct text text;
        int r = cursor_blob(c, RECORD_TEXT_MAX, &text);

        if (r)
                return r;
        slot->kind = SLOT_UUID;
        if (uuid_parse(text.s, text.n, &slot->u))
                return 0;
        c->p = before;
        return RECORD_E_VALUE;
}

static inline int record_decode_uuid_fixed(struct cursor *c, struct slot *slot) {
        const uint8_t *bytes;
        int r = cursor_bytes(c, sizeof(slot->u.bytes), &bytes);

        slot->kind = SLOT_UUID;
        if (r == 0)
                memcpy(slot->u.bytes, bytes, sizeof(slot->u.bytes));
        return r;
}

static inline int record_decode_enum(struct cursor *c, const struct op *op, struct slot *slot) {
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
static int record_decode_promoted(struct cursor *c, const struct op *op, struct slot *slot) {
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
static inline int record_decode_optional(struct cursor *c, const struct op **op, struct slot *slot) {
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

static int record_decode_branch(struct cursor *c, const struct program *program, const struct op **op) {
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
static int record_decode_rare(struct cursor *c, const struct program *program, const struct op **op, struct slot *slot, struct cursor_bounds *bounds) {
        switch ((*op)->code) {
        case OP_BRANCH:
        case OP_JUMP:
        case OP_REFUSE:
                return record_decode_branch(c, program, op);
        case OP_SKIP:
                return cursor_skip(c, (*op)->skip, 1, bounds);
        case OP_NULL:
                slot->kind = SLOT_NULL;
                return 0;
        case OP_FLOAT:
                slot->kind = SLOT_DOUBLE;
                return cursor_float(c, &slot->d);
        default:
                return record_decode_promoted(c, *op, slot);
        }
}

/* What a step may say besides enum record_error. */
enum { RECORD_RARE = -1, RECORD_DONE = -2 };

static inline int record_decode_step(struct cursor *c, const struct op **op, struct slot *slot) {
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
                return cursor_string(c, RECORD_TEXT_MAX, &slot->s);
        case OP_ENUM:
                return record_decode_enum(c, *op, slot);
        case OP_UUID_TEXT:
                return record_decode_uuid_text(c, slot);
        case OP_UUID_FIXED:
                return record_decode_uuid_fixed(c, slot);
        case OP_OPTIONAL:
        case OP_REQUIRED:
                return record_decode_optional(c, op, slot);
        case OP_DEFAULT:
                *slot = *(*op)->value;
                return 0;
        case OP_END:
                return c->p == c->end ? RECORD_DONE : RECORD_E_LONG;
        default:
                return RECORD_RARE;
        }
}

/* @ret_n: NULL, or where it goes how many bytes the record took, of which more may be there. */
static inline int record_run(const struct program *program, const void *body, size_t n, struct slot *slots, size_t *ret_n, struct error *err) {
        struct cursor c = {.p = body, .end = (const uint8_t *)body + n}, copy;
        struct cursor_bounds bounds = {RECORD_DEPTH_MAX, RECORD_TEXT_MAX, RECORD_ITEMS_MAX, RECORD_ITEMS_MAX};
        const struct op *op = program->ops, *moved;
        int r;

        assert(slots && (body || n == 0));
        for (;; op++) {
                r = record_decode_step(&c, &op, &slots[op->slot]);
                if (r == 0)
                        continue;
                if (r == RECORD_DONE) {
                        if (ret_n)
                                *ret_n = n;
                        return 0;
                }
                if (r == RECORD_RARE) { /* with copies, so that cursor and step can live in registers */
                        copy = c;
                        moved = op;
                        r = record_decode_rare(&copy, program, &moved, &slots[op->slot], &bounds);
                        c = copy;
                        op = moved;
                }
                if (r)
                        break;
        }
        if (r == RECORD_E_LONG && ret_n) {
                *ret_n = (size_t)(c.p - (const uint8_t *)body);
                return 0;
        }
        if (*op->field)
                error_set(err, "field '%s', byte %td of %zu: %s", op->field, c.p - (const uint8_t *)body, n, record_meanings[r]);
        else
                error_set(err, "byte %td of %zu: %s", c.p - (const uint8_t *)body, n, record_meanings[r]);
        return r;
}

int record_decode(const struct program *program, const void *body, size_t n, struct slot *slots, struct error *err) {
        return record_run(program, body, n, slots, NULL, err);
}

int record_decode_first(const struct program *program, const void *body, size_t n, struct slot *slots, size_t *ret_n, struct error *err) {
        assert(ret_n);
        return record_run(program, body, n, slots, ret_n, err);
}

int record_skip_first(const struct schema *type, const void *body, size_t n, size_t *ret_n) {
        struct cursor c = {.p = body, .end = (const uint8_t *)body + n};
        struct cursor_bounds bounds = {RECORD_DEPTH_MAX, RECORD_TEXT_MAX, RECORD_ITEMS_MAX, RECORD_ITEMS_MAX};
        int r = cursor_skip(&c, type, 0, &bounds);

        *ret_n = (size_t)(c.p - (const uint8_t *)body);
        return r;
}

int record_index_first(const void *body, size_t n, size_t branches, size_t *ret, size_t *ret_n) {
        struct cursor c = {.p = body, .end = (const uint8_t *)body + n};
        int r = cursor_index(&c, branches, ret);

        *ret_n = (size_t)(c.p - (const uint8_t *)body);
        return r;
}

/* -- Encoding -- */

/* Bytes of a field without its text: an index, and a length with a uuid; or with a number of ten bytes, written eight or ten at a time. */
#define FIELD_BYTES_MAX (1 + 1 + UUID_TEXT)

static inline uint8_t *record_put_float(uint8_t *p, double value) {
        float f = (float)value;
        uint32_t bits;

        memcpy(&bits, &f, sizeof(bits));
        for (unsigned i = 0; i < 4; i++)
                *p++ = (uint8_t)(bits >> (8 * i));
        return p;
}

static inline uint8_t *record_put_double(uint8_t *p, double value) {
        uint64_t bits;

        memcpy(&bits, &value, sizeof(bits));
        for (unsigned i = 0; i < 8; i++)
                *p++ = (uint8_t)(bits >> (8 * i));
        return p;
}

static inline uint8_t *record_put_value(uint8_t *p, const struct layout_step *f, const struct slot *slot) {
        switch ((enum layout_type)f->type) {
        case LAYOUT_BOOLEAN:
                assert(slot->kind == SLOT_BOOLEAN && (slot->i == 0 || slot->i == 1));
                *p++ = (uint8_t)slot->i;
                return p;
        case LAYOUT_INT:
        case LAYOUT_DATE:
                assert(slot->kind == SLOT_INT && slot->i == (int32_t)slot->i);
                return put_long(p, slot->i);
        case LAYOUT_LONG:
        case LAYOUT_TIMESTAMP:
                assert(slot->kind == SLOT_INT);
                return put_long(p, slot->i);
        case LAYOUT_ENUM:
                assert(slot->kind == SLOT_INT && slot->i >= 0 && (uint64_t)slot->i < f->n_symbols);
                return put_long(p, slot->i);
        case LAYOUT_FLOAT:
                assert(slot->kind == SLOT_DOUBLE);
                return record_put_float(p, slot->d);
        case LAYOUT_DOUBLE:
                assert(slot->kind == SLOT_DOUBLE);
                return record_put_double(p, slot->d);
        case LAYOUT_STRING:
                assert(slot->kind == SLOT_STRING && slot->s.n <= RECORD_TEXT_MAX);
                return put_text(p, slot->s);
        case LAYOUT_UUID:
                assert(slot->kind == SLOT_UUID);
                return put_uuid_text(p, &slot->u);
        case LAYOUT_UUID_FIXED:
                assert(slot->kind == SLOT_UUID);
                memcpy(p, slot->u.bytes, sizeof(slot->u.bytes));
                return p + sizeof(slot->u.bytes);
        }
        return p;
}

void record_encode(const struct layout *layout, const struct slot *slots, struct buffer *out) {
        size_t room = layout->n * FIELD_BYTES_MAX;
        uint8_t *start, *p;

        for (size_t i = 0; i < layout->n_texts; i++) { /* without a branch: null or not is anybody's guess */
                const struct slot *slot = &slots[layout->texts[i]];

                room += slot->s.n & -(size_t)(slot->kind == SLOT_STRING);
        }
        start = buffer_reserve(out, room);
        if (!start)
                return;
        p = start;
        for (size_t i = 0; i < layout->n; i++) {
                const struct layout_step *f = &layout->steps[i];
                bool null = slots[i].kind == SLOT_NULL;

                *p = (uint8_t)((f->null_branch ^ !null) << 1); /* the index, zigzag; overwritten when there is none */
                p += f->nullable;
                if (null)
                        assert(f->nullable);
                else
                        p = record_put_value(p, f, &slots[i]);
        }
        out->n += (size_t)(p - start);
}
