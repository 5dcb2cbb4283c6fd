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

/*
 * The key that may be meant by @wanted, which the object lacks: of its first JSON_KEYS_LOOKED keys one that is none of @known (NULL behind the last; @wanted
 * is among them) and for which @wanted is the nearest of those. Only a name, so that it may be repeated (name_shown). NULL: none. Borrowed.
 */
#define JSON_KEYS_LOOKED 32
const char *json_key_meant(const json_t *object, const char *wanted, const char *const *known);

/* Return: the object, for json_decref(); NULL with the sentence. A whole number that is too large for any field becomes a fraction. */
json_t *json_read_object(struct text text, enum json_place place, enum language language, struct error *err);
