/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records out: from inboxes, and from what is to be delivered again, through the window of each to its target, and what became of each record
 *
 * A record is held from its arrival until it is settled: tried by the connector in its turn
 * (connect/window.h), tried again after a back-off, and when it is over recorded: in `dead-letters`
 * unless it was delivered, in `deliveries` always. Only what is recorded is settled, and the committed
 * offset follows the oldest record that is not. Of several inboxes each goes by itself (connect/lane.h), in one group, by one consumer and one producer.
 */

#include "connect/brake.h"
#include "connect/core.h"
#include "connect/deliveries.h"
#include "connect/held.h"
#include "connect/lane.h"
#include "connect/note.h"

/*
 * The oldest record, when it fails and keeps the window full, is set aside after so many failures, if it failed again after the receiver
 * had taken so many others: parked before its last try, so that others go on. When nothing is taken, nobody is to blame.
 */
#define OUTWARD_SET_ASIDE_TRIES 5
#define OUTWARD_OTHERS_MIN 10
#define OUTWARD_FAILING_TRIES 5 /* of an inbox in a row that failed, before it is said */
#define OUTWARD_FAILING_SAY_MS 60000 /* between two such lines of one inbox */
#define OUTWARD_SCHEMA_MS 200 /* a record whose schema the registry cannot be asked for is read again after so long */
#define OUTWARD_TRIES_A_TURN 500
#define OUTWARD_LOOKED_A_MS 8 /* lanes that are looked at for those who ask */

struct outward {
        struct bus_consumer *consumer;
        struct lanes lanes;
        struct brakes brakes;
        struct notes notes;
        bool assigned, halted, stopping;
        size_t open, due;       /* our own records without a report; to be sent (again) */
        int64_t due_at;         /* none is to be sent before this */
        int64_t again_next;     /* of what is to be delivered again: the offset behind the latest that was read; LANE_NOTHING */
        int64_t again_committed, commit_at;
        bool commit_due;        /* the last commit was not taken: the group moved */
        struct delivery_codec *codec;
        /* as they stood when they were looked at last: how many, and of the first its organisation */
        struct {
                int64_t at;
                size_t waiting, looking, braked, stuck, schemaless, halted;
                const struct organisation *of_braked, *of_stuck;
                int64_t stuck_offset;
                int stuck_tries, stuck_status;
        } seen;
};

/* @out is zeros. Joins the group of the connector's file. Return: 0; -EINVAL: deliveries.avsc is not as we know it; negative errno. */
int outward_open(struct outward *out, struct core *c, struct error *err) MUSTCHECK;

/* Lets inbox, connector and broker proceed, waiting at most @timeout_ms. Return: 0 or negative errno. */
int outward_turn(struct outward *out, struct core *c, int timeout_ms, struct error *err) MUSTCHECK;

/* Finishes what is under way, RUNTIME_STOP_MS at most, commits and leaves the group. Return: 0 or negative errno. */
int outward_stop(struct outward *out, struct core *c, struct error *err) MUSTCHECK;

/* As runtime_tried(). */
void outward_tried(struct outward *out, struct core *c, void *cookie, const struct attempt *attempt);

/* An operator lets an inbox alone, the @i-th of the file, stand still or go on. */
void outward_halt(struct outward *out, size_t i, bool halted);

/* What the broker says of a record that we wrote. */
void outward_report(struct outward *out, struct core *c, const struct bus_report *report);

/* Lets go of everything, the membership included; the producer is closed before. No effect on zeros. */
void outward_close(struct outward *out, struct core *c);
