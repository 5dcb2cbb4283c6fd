/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the chain itself says of whose a reference is
 *
 * Referrals and requests for allocation name one. So a message of the chain finds its case without the BSN, once the GI has published what it is about.
 */

#include "connectors/ijw/mapping.h"
#include "model/event.h"

#define LEARN_TYPES 2
extern const char *const learn_types[LEARN_TYPES]; /* event types that say so */

/* Takes in an event of the @which-th of them. Return: 0 or negative errno with a sentence. */
int learn_event(const struct ijw_mapping *mapping, size_t which, const struct event *event, struct error *err) MUSTCHECK;
