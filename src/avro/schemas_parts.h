/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the files of the schema parser share; not for others
 */

#include "avro/schemas.h"
#include "base/buffer.h"

/* Whether a default fits a type; the error says why not. @depth counts from 0. */
bool schema_default_fits(const struct schema *type, const json_t *value, unsigned depth, struct error *err);

/* Appends the Parsing Canonical Form. Return: 0 or -ENOMEM. */
int canonical_write(const struct schema *root, struct buffer *out) MUSTCHECK;
