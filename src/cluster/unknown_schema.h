/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What to say of a record whose schema is not known
 */

#include "bus/bus.h"
#include "model/event_types.h"

/*
 * One sentence in @err: the fingerprint that was found, as a number and as it stands on the wire; which event the record is meant to be, by its
 * ce_type when @record has its headers loaded (NULL: they are not known), the nearest event when none is called so, else by @expected, the type of
 * its topic (NULL: none); by which fingerprints that one is known; and what to do.
 */
void unknown_schema_say(const struct event_types *types, const struct event_type *expected, const struct bus_record *record, uint64_t fingerprint,
                        struct error *err);
