/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading one JSON object that somebody else wrote
 *
 * What is no JSON is told by its place and kind, never in the parser's own words: they repeat what stands there, which may be personal. A key
 * that stands twice is refused; a byte order mark is skipped.
 */

#include <jansson.h>

#include "base/error.h"
#include "base/language.h"
#include "base/text.h"

enum json_place { JSON_OF_LINE, JSON_OF_BODY }; /* where it stands: what the sentences advise */

/* Return: the object, for json_decref(); NULL with the sentence. A whole number that is too large for any field becomes a fraction. */
json_t *json_read_object(struct text text, enum json_place place, enum language language, struct error *err);
