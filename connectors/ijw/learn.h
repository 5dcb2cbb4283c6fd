/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the chain itself says of whose a reference is
 *
 * Follows referrals, requests for allocation, and begins and ends of measures on the event topics. So a message of the chain finds its case without the
 * BSN, once the GI has published what it is about. Forgets what leads to a case some time after the last measure in it has ended.
 */

#include "connectors/ijw/mapping.h"

struct learn;

/* @mapping and @env must outlive it. Return: 0 or negative errno with a sentence. */
int learn_new(const struct connector_env *env, const struct ijw_mapping *mapping, struct learn **ret, struct error *err) MUSTCHECK;
struct learn *learn_free(struct learn *l); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct learn *, learn_free);

/* Takes in what came. Does not block. *ret_all: all that stood there at the beginning was taken in. Return: 0 or negative errno. */
int learn_turn(struct learn *l, bool *ret_all, struct error *err) MUSTCHECK;
