/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Names: of organisations, norms, codes, workers' numbers, events
 *
 * Every string of an event is 1 to 64 of A-Z a-z 0-9 . _ : / # -, and so is every name that
 * configuration gives, since it may become the value of such a field.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define NAME_MAX_BYTES 64

/* Whether this may be a string of an event. */
bool name_valid(struct text t);

/* The same without : / #, so that it may be part of a topic name. */
bool name_valid_topic(struct text t);

/* Whether this is lower-case words, digits and single hyphens: "care-after-18-judged". */
bool name_is_kebab(const char *name);

/* "measure-started" as "MeasureStarted"; cut off at @size. */
void name_pascal(const char *kebab, char *ret, size_t size);
