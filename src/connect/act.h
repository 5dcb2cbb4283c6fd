/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What an operator does to a connector: pauses it, and lets it go on
 *
 * Each act is one transaction: a record in `connector-orders`, or behind the mark of a target that is gone in `deliveries`, and with it one in
 * `audit` that says who did it and why. So neither stands there without the other.
 */

#include "connect/orders.h"

struct connector_act {
        struct bus *bus;
        const struct event_types *types;
        const char *connector;    /* its name */
        const char *organisation; /* whose inbox it delivers; NULL: it takes in, or delivers several and all of them are meant */
        bool alone;               /* of several inboxes that of the organisation alone is meant */
        const char *roles, *of, *address; /* of who does it, as they stand in audit: roles, organisation, address; NULL: a command */
        const char *by, *reason;  /* ORDER_BY_MAX and ORDER_REASON_MAX bytes at most; of a resumption the reason may be NULL */
        struct clock clock;
};

enum { ACT_E_NOTHING = 1 }; /* with a sentence */

/* Return: 0; ACT_E_NOTHING: it is paused already; -ENOENT: a topic is not there; other negative errno; with a sentence. */
int act_pause(const struct connector_act *act, struct error *err) MUSTCHECK;

struct act_resumed {
        bool was_paused, was_stopped;
        instant_t paused_since;
        int64_t offset; /* was_stopped: where the inbox goes on */
};

/* Takes off what holds it up: an operator's pause, the stop by its target, or both. Return: as act_pause(); ACT_E_NOTHING: neither does. */
int act_resume(const struct connector_act *act, struct act_resumed *ret, struct error *err) MUSTCHECK;
