/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Whether an operator has paused this connector: known before anything is taken or delivered, and followed afterwards
 *
 * The latest order of the connector's name holds (connect/orders.h), and of each inbox the latest that is for it alone. While orders cannot be read,
 * what was known last goes on.
 */

#include "connect/orders.h"
#include "connect/runtime.h"

#define HOLD_AGAIN_MS 30000 /* after a failure: opening may keep the connector's thread waiting for the broker */

struct hold_order {
        struct order latest; /* that holds */
        struct order newest; /* that was read, which may still be an old one */
};

/* Zeros: nothing is paused. */
struct hold {
        struct order_codec *codec;
        struct bus_reader *reader; /* NULL: it failed */
        struct hold_order whole;
        struct hold_order *inboxes; /* OUT: in the order of the file */
        size_t inboxes_n;
        uint64_t changes;          /* how often an order came to hold */
        bool reached;              /* all that stood there at opening is read */
        int64_t again;             /* not before this */
};

/* Reads what stands there, waiting BUS_CALL_MS at most. Return: 0; -ENOENT: the topic is not there; other negative errno; with a sentence. */
int hold_open(struct hold *h, const struct runtime_config *config, struct error *err) MUSTCHECK;

/* Takes up what has come. Return: 0 or -ENOMEM. */
int hold_turn(struct hold *h, const struct runtime_config *config, struct error *err) MUSTCHECK;

static inline bool hold_is_on(const struct hold *h) {
        return h->whole.latest.pauses;
}

/* Whether the @i-th inbox is to stand still by an order for it alone. */
static inline bool hold_is_on_inbox(const struct hold *h, size_t i) {
        return h->inboxes[i].latest.pauses;
}

/* No effect on zeros. */
void hold_close(struct hold *h);
