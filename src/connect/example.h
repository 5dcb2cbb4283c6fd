/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An example of an event, made from its schema and the organisations that are configured
 *
 * Valid: whoever is named as its source may post it as it stands. All examples of a day are about one
 * case (those of a region: about that region), and fields of the same name have the same id in all of them, so together
 * they are a story that can be posted in turn. The same day gives the same examples: posting one again is a duplicate.
 */

#include "base/name.h"
#include "calendar/date.h"
#include "model/event.h"

/* Borrows the type and organisations of which it was made. Its slots point into it: it is not copied. */
struct example {
        struct event event;
        const struct organisation *source; /* who may post it: a first row */
        struct slot slots[LAYOUT_SLOTS_MAX];
        char texts[LAYOUT_SLOTS_MAX][NAME_MAX_BYTES + 1];
};

/*
 * Makes an example that happened on @day. @callers: by organisation's index, who can post at all, and is preferred as the source;
 * NULL: anybody. Fields that may be null are filled, but for personal ones and what would replace another event. Return: true; false
 * when no organisation may publish the type, or it is of a region and there is none.
 */
bool example_make(const struct event_type *type, const struct organisations *orgs, const bool *callers, day_t day, struct example *ret) MUSTCHECK;
