/* SPDX-License-Identifier: EUPL-1.2 */

/* Frames are told apart by their first bytes; the number behind them is the fingerprint or the id of the schema. */

#include "avro/framing.h"

struct framing framing_read(const void *bytes, size_t n) {
        const uint8_t *p = bytes;
        struct framing f = {.kind = FRAMING_NONE, .body = p, .n = n};

        if (n >= FRAMING_SINGLE_BYTES && p[0] == 0xc3 && p[1] == 0x01) {
                f.kind = FRAMING_SINGLE;
                memcpy(&f.id, p + 2, sizeof(f.id));
                f.id = le64toh(f.id);
                f.body = p + FRAMING_SINGLE_BYTES;
                f.n = n - FRAMING_SINGLE_BYTES;
        } else if (n >= FRAMING_CONFLUENT_BYTES && p[0] == 0x00) {
                f.kind = FRAMING_CONFLUENT;
                for (size_t i = 0; i < 4; i++)
                        f.id = f.id << 8 | p[1 + i];
                f.body = p + FRAMING_CONFLUENT_BYTES;
                f.n = n - FRAMING_CONFLUENT_BYTES;
        }
        return f;
}

void framing_write_single(uint64_t fingerprint, struct buffer *out) {
        uint8_t *p = buffer_reserve(out, FRAMING_SINGLE_BYTES);

        if (!p)
                return;
        framing_put_single(p, fingerprint);
        out->n += FRAMING_SINGLE_BYTES;
}

void framing_write_confluent(uint32_t id, struct buffer *out) {
        uint8_t *p = buffer_reserve(out, FRAMING_CONFLUENT_BYTES);

        if (!p)
                return;
        id = htobe32(id);
        p[0] = 0x00;
        memcpy(p + 1, &id, sizeof(id));
        out->n += FRAMING_CONFLUENT_BYTES;
}
