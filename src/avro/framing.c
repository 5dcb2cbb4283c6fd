/* SPDX-License-Identifier: EUPL-1.2 */
#include "avro/framing.h"

struct framing framing_read(const void *bytes, size_t n) {
        const uint8_t *p = bytes;
        struct framing f = {.kind = FRAMING_NONE, .body = p, .n = n};

        if (n >= FRAMING_SINGLE_BYTES && p[0] == 0xc3 && p[1] == 0x01) {
                f.kind = FRAMING_SINGLE;
                for (size_t i = 0; i < 8; i++)
                        f.id |= (uint64_t)p[2 + i] << (8 * i);
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
        uint8_t frame[FRAMING_SINGLE_BYTES] = {0xc3, 0x01};

        for (size_t i = 0; i < 8; i++)
                frame[2 + i] = (uint8_t)(fingerprint >> (8 * i));
        buffer_add(out, frame, sizeof(frame));
}
