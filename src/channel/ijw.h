/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What every message of iJw 3.2 that we write has: lines that end with CR and LF, and an Identificatie that no other of its sender has
 */

#include "base/buffer.h"
#include "base/text.h"
#include "base/uuid.h"

#define IJW_SPACE_BASE "http://www.istandaarden.nl/ijw/3_2/basisschema/schema"
#define IJW_PREFIX 2          /* letters or digits before what tells messages of one sender apart */
#define IJW_IDENTIFICATION 12 /* characters of Identificatie */

/* Whether it is two of A-Z and 0-9. */
bool ijw_prefix_is_valid(const char *prefix);

/*
 * Identificatie: the prefix, and fifty bits of @id in base 32; the same for the same. Of a hundred thousand messages of one prefix two are the same once in two
 * hundred thousand times.
 */
void ijw_identification(const char *prefix, const struct uuid *id, char ret[IJW_IDENTIFICATION + 1]);

/* Appends <prefix:name>value</prefix:name> and the end of the line. */
void ijw_put(struct buffer *out, const char *prefix, const char *name, struct text value);
