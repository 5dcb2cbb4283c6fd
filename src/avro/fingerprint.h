/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * CRC-64-AVRO: the Rabin fingerprint of the Avro specification
 */

#include <stddef.h>
#include <stdint.h>

/* The fingerprint of any bytes. */
uint64_t fingerprint_crc64(const void *bytes, size_t n);
