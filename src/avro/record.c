/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Bytes to slots by running a program, and slots to bytes by walking a layout
 *
 * What is read may be anything. The cursor reads Avro's primitives: each function returns 0, RECORD_E_SHORT
 * or RECORD_E_VALUE and moves it only on 0. Passing over what the reader does not know is as strict as
 * reading it; a schema may refer to itself and an item may take no bytes, so depth and number of values are
 * bounded apart from the bytes. Writing is one look for the room, then one walk.
 */

#include "avro/record.h"

#include <assert.h>
#include <endian.h>

#include "avro/put.h"
#include "base/utf8.h"

/* -- The cursor -- */

struct cursor {
        const uint8_t *p, *end;
};

static inline size_t cursor_left(const struct cursor *c) {
        return (size_t)(c->end - c->p);
}

/* Byte by byte: at most ten, and no bits beyond 64. Opaque: what gcc sees of it costs the usual way one instruction in eighty. */
static OPAQUE int cursor_long_slow(struct cursor *c, int64_t *ret) {
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

/*
 * A number of one byte, or of up to eight while eight are left, without a branch on its length: the
 * low seven bits of each byte, moved together. Anything else the slow way.
 */
static inline int cursor_long(struct cursor *c, int64_t *ret) {
        struct cursor copy;
        uint64_t bits, stop;
        int r;

        if (c->p < c->end && *c->p < 0x80) {
                bits = *c->p++;
                *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
                return 0;
        }
        if (cursor_left(c) >= sizeof(bits)) {
                memcpy(&bits, c->p, sizeof(bits));
                bits = le64toh(bits);
                stop = ~bits & UINT64_C(0x8080808080808080);
                if (stop) {
                        bits &= (stop ^ (stop - 1)) & UINT64_C(0x7f7f7f7f7f7f7f7f);
                        bits = (bits & UINT64_C(0x7f007f007f007f00)) >> 1 | (bits & UINT64_C(0x007f007f007f007f));
                        bits = (bits & UINT64_C(0x3fff00003fff0000)) >> 2 | (bits & UINT64_C(0x00003fff00003fff));
                        bits = (bits & UINT64_C(0x0fffffff00000000)) >> 4 | (bits & UINT64_C(0x000000000fffffff));
                        c->p += (__builtin_ctzll(stop) >> 3) + 1;
                        *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
                        return 0;
                }
        }
        copy = *c; /* so that the cursor itself can live in registers */
        r = cursor_long_slow(&copy, ret);
        *c = copy;
        return r;
}

static inline int cursor_int(struct cursor *c, int64_t *ret) {
        const uint8_t *before = c->p;
        int r = cursor_long(c, ret);

        if (r == 0 && (*ret < INT32_MIN || *ret > INT32_MAX)) {
                c->p = before;
                return RECORD_E_VALUE;
        }
        return r;
}

static inline int cursor_boolean(struct cursor *c, int64_t *ret) {
        if (c->p == c->end)
                return RECORD_E_SHORT;
        if (*c->p > 1)
                return RECORD_E_VALUE;
        *ret = *c->p++;
        return 0;
}

static inline int cursor_float(struct cursor *c, double *ret) {
        uint32_t bits;
        float f;

        if (cursor_left(c) < 4)
                return RECORD_E_SHORT;
        bits = (uint32_t)c->p[0] | (uint32_t)c->p[1] << 8 | (uint32_t)c->p[2] << 16 | (uint32_t)c->p[3] << 24;
        memcpy(&f, &bits, sizeof(f));
        c->p += 4;
        *ret = (double)f;
        return 0;
}

static inline int cursor_double(struct cursor *c, double *ret) {
        uint64_t bits = 0;

        if (cursor_left(c) < 8)
                return RECORD_E_SHORT;
        for (unsigned i = 0; i < 8; i++)
                bits |= (uint64_t)c->p[i] << (8 * i);
        memcpy(ret, &bits, sizeof(*ret));
        c->p += 8;
        return 0;
}

/* @n raw bytes. */
static inline int cursor_bytes(struct cursor *c, size_t n, const uint8_t **ret) {
        if (n > cursor_left(c))
                return RECORD_E_SHORT;
        *ret = c->p;
        c->p += n;
        return 0;
}

/* A length and as many bytes; more than RECORD_TEXT_MAX is no value even when the bytes are there. */
static inline int cursor_blob(struct cursor *c, struct text *ret) {
        const uint8_t *before = c->p;
        int64_t n;
        int r = cursor_long(c, &n);

        if (r == 0 && (n < 0 || n > RECORD_TEXT_MAX))
                r = RECORD_E_VALUE;
        if (r == 0 && (size_t)n > cursor_left(c))
                r = RECORD_E_SHORT;
        if (r) {
                c->p = before;
                return r;
        }
        *ret = (struct text){(const char *)c->p, (size_t)n};
        c->p += n;
        return 0;
}

/* Whether short text, the usual kind, is plain ASCII; false when only utf8_valid() can tell. @left: bytes that may be read. */
static inline bool cursor_plain(const char *s, size_t n, size_t left) {
        const uint64_t high = UINT64_C(0x8080808080808080);
        uint64_t first, last;

        if (n > 16)
                return false;
        if (left < 8) { /* at the end of the bytes */
                for (first = 0; n > 0; n--)
                        first |= (uint8_t)s[n - 1];
                return first < 0x80;
        }
        memcpy(&first, s, sizeof(first));
        if (n < 8)
                return n == 0 || (le64toh(first) & high >> (64 - 8 * n)) == 0;
        memcpy(&last, s + n - 8, sizeof(last));
        return ((first | last) & high) == 0;
}

static inline int cursor_string(struct cursor *c, struct text *ret) {
        const uint8_t *before = c->p;
        int r = cursor_blob(c, ret);

        if (r)
                return r;
        if (!cursor_plain(ret->s, ret->n, cursor_left(c) + ret->n) && !utf8_valid(ret->s, ret->n)) {
                c->p = before;
                return RECORD_E_VALUE;
        }
        return 0;
}

/* The index of a symbol or branch, below @n. */
static inline int cursor_index(struct cursor *c, size_t n, size_t *ret) {
        const uint8_t *before = c->p;
        int64_t i;
        int r = cursor_long(c, &i);

        if (r == 0 && (i < 0 || (uint64_t)i >= n)) {
                c->p = before;
                return RECORD_E_VALUE;
        }
        *ret = (size_t)i;
        return r;
}

/* -- Passing over values -- */

/* Passes over one value of any type. @left: how many values may still be passed; goes down. */
static int cursor_skip(struct cursor *c, const struct schema *type, unsigned depth, size_t *left);

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

static OPAQUE int cursor_skip(struct cursor *c, const struct schema *type, unsigned depth, size_t *left) {
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

/* -- Decoding -- */

static const char *const record_meanings[] = {
        [RECORD_E_SHORT] = "the bytes end too early",
        [RECORD_E_LONG] = "bytes are left over behind the record",
        [RECORD_E_VALUE] = "not a value that can stand here",
};

static inline int record_decode_uuid_text(struct cursor *c, struct slot *slot) {
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
static int record_decode_rare(struct cursor *c, const struct program *program, const struct op **op, struct slot *slot, size_t *left) {
        switch ((*op)->code) {
        case OP_BRANCH:
        case OP_JUMP:
        case OP_REFUSE:
                return record_decode_branch(c, program, op);
        case OP_SKIP:
                return cursor_skip(c, (*op)->skip, 0, left);
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
                return cursor_string(c, &slot->s);
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
        size_t left = RECORD_SKIP_ITEMS_MAX;
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
                        r = record_decode_rare(&copy, program, &moved, &slots[op->slot], &left);
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
        size_t left = RECORD_SKIP_ITEMS_MAX;
        int r = cursor_skip(&c, type, 0, &left);

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
