/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records out: from an inbox, and from what is to be delivered again, through the window to the target, and what became of each
 *
 * A record is held from its arrival until it is settled: tried by the connector in its turn
 * (connect/window.h), tried again after a back-off, and when it is over recorded: in `dead-letters`
 * unless it was delivered, in `deliveries` always. Only what is recorded is settled, and the committed
 * offset follows the oldest record that is not.
 */

#include "connect/brake.h"
#include "connect/core.h"
#include "connect/deliveries.h"
#include "connect/window.h"

/*
 * The oldest record, when it fails and keeps the window full, is set aside after so many failures, if it failed again after the receiver
 * had taken so many others: parked before its last try, so that others go on. When nothing is taken, nobody is to blame.
 */
#define OUTWARD_SET_ASIDE_TRIES 5
#define OUTWARD_OTHERS_MIN 10
#define OUTWARD_NOT_STUCK (-1)
#define OUTWARD_SCHEMA_MS 200 /* a record whose schema the registry cannot be asked for is read again after so long */

struct outward {
        struct bus_consumer *consumer;
        struct window window; /* its items are records held */
        char inbox[BUS_NAME_MAX + 1];
        bool assigned, paused, stopping;
        size_t open, due;     /* our own records without a report; to be sent (again) */
        int64_t committed[WINDOW_LOGS], commit_at;
        uint64_t delivered;   /* since it was opened */
        bool schemaless;      /* it stands still before a record whose schema the registry cannot be asked for */
        unsigned laters;      /* answers in a row that asked for a pause */
        struct {
                int64_t offset; /* of the oldest record, which has failed and keeps the window full; OUTWARD_NOT_STUCK: none does */
                int tries, status;
        } stuck;
        struct delivery_codec *codec;
        struct brake brake;
};

/* @out is zeros. Joins the group of the connector's file. Return: 0; -EINVAL: deliveries.avsc is not as we know it; negative errno. */
int outward_open(struct outward *out, struct core *c, struct error *err) MUSTCHECK;

/* Lets inbox, connector and broker proceed, waiting at most @timeout_ms. Return: 0 or negative errno. */
int outward_turn(struct outward *out, struct core *c, int timeout_ms, struct error *err) MUSTCHECK;

/* Finishes what is under way, RUNTIME_STOP_MS at most, commits and leaves the group. Return: 0 or negative errno. */
int outward_stop(struct outward *out, struct core *c, struct error *err) MUSTCHECK;

/* As runtime_tried(). */
void outward_tried(struct outward *out, struct core *c, void *cookie, const struct attempt *attempt);

/* What the broker says of a record that we wrote. */
void outward_report(struct outward *out, struct core *c, const struct bus_report *report);

/* Lets go of everything, the membership included; the producer is closed before. No effect on zeros. */
void outward_close(struct outward *out, struct core *c);
