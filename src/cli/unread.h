/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What stands on the event topics and no worker has read
 *
 * Of each partition everything from the offset on that the workers' group has committed; of one of which it has committed nothing, as one that was
 * added, everything. Joins no group; while workers read, or one has a transaction open, more may come than they leave: an event counts once.
 */

#include "bus/bus.h"
#include "model/event_types.h"

struct unread {
        struct bus *bus;
        const struct event_types *types;
        int (*record)(void *ctx, struct bus_record *record, struct error *err); /* not 0: the reading ends with it */
        void *ctx;
};

/* Hands over every such record, in order per partition, until the ends that stood there at the beginning. Return: 0; what record returned; negative errno. */
int unread_each(const struct unread *u, struct error *err) MUSTCHECK;
