/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A record of an inbox, from its arrival until it is settled: its bytes, how often it was tried, and what is written of it
 *
 * Hundreds of inboxes may each hold a window of them, so that what few need has no room in it.
 */

#include "bus/bus.h"
#include "connect/deliveries.h"

struct held;
struct lane;

enum sending { SENDING_NOTHING, SENDING_DUE, SENDING_OPEN, SENDING_DONE };

/* One record that we write of a record held: a dead letter, or a delivery. */
struct sending_record {
        struct held *held;
        enum sending state;
};

struct held {
        struct lane *lane;
        uint64_t number;  /* in the window; 0 when the window was dropped: only open reports keep it */
        struct bus_record record;
        int tries, failures;
        uint64_t delivered_then; /* how many records the receiver had taken when this one failed first */
        bool alone;              /* failed again after the receiver had taken others: it is the record, not the receiver */
        struct sending_record letter, delivery;
        int64_t again;    /* not before this: what the broker did not take */
        enum delivery_outcome outcome;
        int status;
        struct uuid event_id;
        const char *stage, *code; /* of the dead letter */
        bool elsewhere;           /* it stood in the inbox of an organisation to which nothing is delivered here: record.topic */
        char *reason;             /* why it failed last; NULL: it did not */
        char *topic;              /* when elsewhere */
};

/* Copies @record, which stands, or stood, in @topic: borrowed, unless @elsewhere. *ret_bytes: what it takes. NULL: there is no memory. */
struct held *held_new(const struct bus_record *record, const char *topic, bool elsewhere, size_t *ret_bytes);
void held_free(struct held *held);

/* The window is dropped: frees it, or leaves that to its last report. */
void held_drop(struct held *held);

/* Whether what was sent of it has no report yet; whether all that is to be written of it is written. */
bool held_is_open(const struct held *held);
bool held_is_recorded(const struct held *held);

/* Why it failed. */
void held_say(struct held *held, const char *reason);
static inline const char *held_reason(const struct held *held) {
        return held->reason ? held->reason : "";
}
