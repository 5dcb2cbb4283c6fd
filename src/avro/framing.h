/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How a body says by which schema it was written
 *
 * Single-object encoding: C3 01, CRC-64-AVRO little-endian, body. Confluent framing: 00, four-byte
 * schema id big-endian, body.
 */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"

#define FRAMING_SINGLE_BYTES 10
#define FRAMING_CONFLUENT_BYTES 5

enum framing_kind { FRAMING_NONE, FRAMING_SINGLE, FRAMING_CONFLUENT };

struct framing {
        enum framing_kind kind;
        uint64_t id; /* fingerprint or schema id */
        const uint8_t *body;
        size_t n;
};

/* Recognises the frame by its first bytes; FRAMING_NONE when there is none. */
struct framing framing_read(const void *bytes, size_t n);

/* Appends the ten bytes before a body; check out->failed afterwards. */
void framing_write_single(uint64_t fingerprint, struct buffer *out);

/* The same of the five bytes before a body that was written by the id of a registry. */
void framing_write_confluent(uint32_t id, struct buffer *out);

/* Those of the first at @p, where there is room; returns the place behind. */
static inline uint8_t *framing_put_single(uint8_t *p, uint64_t fingerprint) {
        fingerprint = htole64(fingerprint);
        p[0] = 0xc3;
        p[1] = 0x01;
        memcpy(p + 2, &fingerprint, sizeof(fingerprint));
        return p + FRAMING_SINGLE_BYTES;
}
