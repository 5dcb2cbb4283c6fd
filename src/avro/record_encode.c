/* SPDX-License-Identifier: EUPL-1.2 */

/* Slots to bytes: one look for the room, then one walk. */

#include <assert.h>

#include "avro/record.h"

/* Bytes of a field without its text: an index, and a length, a number of ten bytes, or a uuid with its length. */
#define FIELD_BYTES_MAX (1 + 1 + UUID_TEXT)

static inline uint8_t *put_long(uint8_t *p, int64_t value) {
        uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);

        while (bits >= 0x80) {
                *p++ = (uint8_t)(bits | 0x80);
                bits >>= 7;
        }
        *p++ = (uint8_t)bits;
        return p;
}

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

static inline uint8_t *put_text(uint8_t *p, struct text text) {
        p = put_long(p, (int64_t)text.n);
        if (text.n)
                memcpy(p, text.s, text.n);
        return p + text.n;
}

static inline uint8_t *put_uuid_text(uint8_t *p, const struct uuid *u) {
        char text[UUID_TEXT + 1];

        *p++ = UUID_TEXT << 1;
        uuid_format(u, text);
        memcpy(p, text, UUID_TEXT);
        return p + UUID_TEXT;
}

static inline uint8_t *put_value(uint8_t *p, const struct layout_field *f, const struct slot *slot) {
        switch (f->type) {
        case LAYOUT_BOOLEAN:
                assert(slot->kind == SLOT_BOOLEAN && (slot->i == 0 || slot->i == 1));
                *p++ = (uint8_t)slot->i;
                return p;
        case LAYOUT_INT:
        case LAYOUT_DATE:
                assert(slot->kind == SLOT_INT && slot->i >= INT32_MIN && slot->i <= INT32_MAX);
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
                assert(slot->kind == SLOT_STRING);
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

        for (size_t i = 0; i < layout->n; i++) {
                if (slots[i].kind == SLOT_STRING) {
                        assert(slots[i].s.n <= RECORD_TEXT_MAX);
                        room += slots[i].s.n;
                }
        }
        start = buffer_reserve(out, room);
        if (!start)
                return;
        p = start;
        for (size_t i = 0; i < layout->n; i++) {
                const struct layout_field *f = &layout->fields[i];
                bool null = slots[i].kind == SLOT_NULL;

                assert(f->nullable || !null);
                if (f->nullable) /* index 0 or 1, zigzag */
                        *p++ = (uint8_t)((null ? f->null_branch : 1 - f->null_branch) << 1);
                if (!null)
                        p = put_value(p, f, &slots[i]);
        }
        out->n += (size_t)(p - start);
}
