/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Rows of case-state back into memory, and a checksum over what is there
 */

#include "base/error.h"
#include "engine/store.h"

/*
 * Restores one row of case-state. Unknown kinds, keys of a wrong length and undecodable values are
 * errors: state must never be guessed. Rows s (schemas) and v (version) are the worker's, see model/row_key.h.
 * A tombstone (@value NULL) removes; of a case that was forgotten, nothing but tombstones may follow. Restored cases are
 * touched. Return: 0; -EINVAL with a sentence; -ENOMEM.
 */
int store_restore(struct store *store, const void *key, size_t n_key, const void *value, size_t n_value, struct error *err) MUSTCHECK;

/* The rows of a whole store in a checksum that does not depend on their order: for comparing state before and after. */
uint64_t store_checksum(const struct store *store);
