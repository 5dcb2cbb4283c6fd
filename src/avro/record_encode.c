/* SPDX-License-Identifier: EUPL-1.2 */

/* Slots to bytes: one look for the room, then one walk. */

#include <assert.h>

#include "avro/put.h"
#include "avro/record.h"

/* Bytes of a field without its text: an index, and a length with a uuid; or with a number of ten bytes, written eight or ten at a time. */
#define FIELD_BYTES_MAX (1 + 1 + UUID_TEXT)

static inline uint8_t *put_float(uint8_t *p, double value) {
        float f = (float)value;
        uint32_t bits;

        memcpy(&bits, &f, sizeof(bits));
        for (unsigned i = 0; i < 4; i++)
                *p++ = (uint8_t)(bits >> (8 * i));
        return p;
}

static inline uint8_t *put_double(uint8_t *p, double value) {
        uint64_t bits;

        memcpy(&bits, &value, sizeof(bits));
        for (unsigned i = 0; i < 8; i++)
                *p++ = (uint8_t)(bits >> (8 * i));
        return p;
}

static inline uint8_t *put_value(uint8_t *p, const struct layout_step *f, const struct slot *slot) {
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
                return put_float(p, slot->d);
        case LAYOUT_DOUBLE:
                assert(slot->kind == SLOT_DOUBLE);
                return put_double(p, slot->d);
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
                        p = put_value(p, f, &slots[i]);
        }
        out->n += (size_t)(p - start);
}
