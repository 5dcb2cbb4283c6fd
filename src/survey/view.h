/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What stands on a topic, for a person
 *
 * One record as one JSON object: {"topic":…,"partition":…,"offset":…,"timestamp":…,"key":…,"headers":{…},"event":…,"value":{…}}.
 * Events, what the broker tells, deliveries, and the rows of case-state are decoded, by whichever
 * known schema wrote them. What cannot be decoded is no error of the view: "value" is null, and "hex" and "error"
 * say what stands there and why. Personal fields are null unless asked for; hex is hex, and may hold them.
 */

#include <stdbool.h>

#include "base/buffer.h"
#include "bus/bus.h"
#include "model/event_types.h"

#define VIEW_BYTES_MAX ((size_t)16 << 20) /* room that one record needs, at most: give it to the buffer */

struct view;

/* @types must outlive the view. @clear: show personal fields. Return: 0; -EINVAL with a sentence; -ENOMEM. */
int view_new(const struct event_types *types, bool clear, struct view **ret, struct error *err) MUSTCHECK;
struct view *view_free(struct view *view);
DEFINE_CLEANUP(struct view *, view_free);

/*
 * Appends one record, without a line end.
 *   key     text; of case-state "<case_id>/<kind>/<id>"; {"hex":…} when it is neither; null
 *   headers name to text, null or {"hex":…}; a list of these when a name comes more than once
 *   event   the event type, "deliveries", "audit", or null
 *   row     case-state only: fact, obligation, alert, copy, closed, schema or version
 *   value   null also for a tombstone
 * Return: 0 or -ENOMEM (@out has failed).
 */
int view_record(struct view *view, struct bus_record *record, struct buffer *out) MUSTCHECK;

/* Whether the record is about this case, by its key. */
bool view_is_of_case(const struct bus_record *record, const struct uuid *case_id);

/* Whether the record is an event that names this case inside, whatever its key says. */
bool view_tells_case(const struct view *view, const struct bus_record *record, const struct uuid *case_id);
