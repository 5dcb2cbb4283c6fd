/* SPDX-License-Identifier: EUPL-1.2 */

/* The hash that decides the partition of a key, bit for bit as Kafka's Java client has it. */

#include "bus/murmur2.h"

uint32_t murmur2(const void *bytes, size_t n) {
        static const uint32_t seed = 0x9747b28cu, m = 0x5bd1e995u;
        const uint8_t *p = bytes;
        uint32_t h = seed ^ (uint32_t)n;

        for (; n >= 4; p += 4, n -= 4) {
                uint32_t k = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

                k *= m;
                k ^= k >> 24;
                k *= m;
                h *= m;
                h ^= k;
        }
        switch (n) {
        case 3:
                h ^= (uint32_t)p[2] << 16;
                __attribute__((fallthrough));
        case 2:
                h ^= (uint32_t)p[1] << 8;
                __attribute__((fallthrough));
        case 1:
                h ^= p[0];
                h *= m;
                break;
        default:
                break;
        }
        h ^= h >> 13;
        h *= m;
        h ^= h >> 15;
        return h;
}
