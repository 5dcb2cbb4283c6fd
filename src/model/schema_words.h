/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a schema says and nobody hears
 *
 * Avro passes over every attribute that it does not know, so one that is misspelled, or stands in the wrong place, does nothing and is never
 * missed: a default that is none, a uuid that is any text, a field that is personal on its type alone.
 */

#include "avro/layout.h"
#include "base/mistakes.h"

/*
 * Tells of attributes that are nearly those of Avro, of ours that stand on a type in place of its field, and of fields whose name JSON lines or
 * rows have taken. @path: of the schema.
 */
void schema_words_check(const struct layout *layout, const char *path, struct mistakes *mistakes);

/* Tells of enums of an event that are not called after their record and field, in its namespace: for schemas that are not published yet. */
void schema_words_check_enums(const struct layout *layout, const char *path, struct mistakes *mistakes);
