/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * event-refused: what whoever published a record is told of its refusal
 *
 * Whoever refuses, worker or connector, makes it here. Its event_id is the UUIDv5 of refused|topic|partition|offset|event_id of what is refused:
 * the same record, read again, is refused under the same id, and another that stands at its place because the topic was made anew is not.
 */

#include "base/arena.h"
#include "cluster/event_record.h"

struct event_refused {
        enum refusal code;
        const char *sentence;           /* technical, without values of personal fields; behind the Dutch one of the code */
        struct uuid event_id, case_id;  /* of what is refused; zeros: it does not say */
        const struct bus_record *record; /* that is refused: its place */
        instant_t at;
};

enum { EVENT_REFUSED_E_UNTOLD = 1 }; /* the schemas have no event-refused: what is refused stands in dead-letters only */

/* Makes the event; slots and texts in @arena. Return: 0; EVENT_REFUSED_E_UNTOLD; -ENOMEM. */
int event_refused_make(const struct event_types *types, const struct event_refused *what, struct arena *arena, struct event *ret) MUSTCHECK;

/* The event_id of the answer to the record of @event_id at this place. */
struct uuid event_refused_id(const char *topic, int32_t partition, int64_t offset, const struct uuid *event_id);
