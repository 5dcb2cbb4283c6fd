/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The partition of a key, as Kafka's Java client and librdkafka's murmur2 partitioner choose it
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* MurmurHash2, 32 bits, with Kafka's seed. */
uint32_t murmur2(const void *bytes, size_t n);

/* (murmur2(key) & 0x7fffffff) % partitions; @partitions > 0. */
static inline int32_t murmur2_partition(const void *key, size_t n, int32_t partitions) {
        assert(partitions > 0);
        return (int32_t)(murmur2(key, n) & 0x7fffffffu) % partitions;
}
