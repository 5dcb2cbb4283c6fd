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

/*
 * A copy of what somebody wrote, for a sentence that repeats it; NULL when it is no name, or may hold
 * a BSN. So nothing but a name is ever repeated, whatever was put in its place.
 */
#define NAME_SHOWN (NAME_MAX_BYTES + 1)
const char *name_shown(struct text t, char ret[NAME_SHOWN]);

/* Whether this may be a string of an event, and also be part of a topic name: it has no : / #. */
bool name_valid_topic(struct text t);

/* Whether this is lower-case words, digits and single hyphens: "care-after-18-judged". */
bool name_is_kebab(const char *name);

/*
 * Whether this is the address of a mailbox that every server can be told: local@domain in ASCII (RFC 5321, without quotation marks), both of words between
 * dots; the domain alone.
 */
#define MAILBOX_MAX 254
bool name_is_mailbox(struct text t);
bool name_is_domain(struct text t);

/* "measure-started" as "MeasureStarted"; cut off at @size. */
void name_pascal(const char *kebab, char *ret, size_t size);
