/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The brake: a target that is gone is left alone until an operator resumes
 *
 * When a target says 410 Gone, the connector writes a record to `deliveries` (REFUSED, status 410) as
 * the last thing it does. The brake is on as long as that is this connector's latest record there. So
 * it survives a restart without a store of its own, and `connect --resume` (connect/act.h) takes it off by one more
 * record, which a running connector sees at once. With every assignment the question is asked anew;
 * nothing is tried before it is answered.
 */

#include "connect/core.h"
#include "connect/deliveries.h"

enum brake_state { BRAKE_UNKNOWN, BRAKE_LOOKING, BRAKE_OFF, BRAKE_WANTED, BRAKE_MARKING, BRAKE_ON };

struct brake {
        const struct delivery_codec *codec; /* borrowed */
        enum brake_state state;
        struct delivery_log *log;
        struct delivery_record gone; /* of the record that was answered with 410, as it will be told */
        int64_t mark_at;             /* not before this */
        enum { BRAKE_MARK_UNSENT, BRAKE_MARK_OPEN, BRAKE_MARK_DONE } mark;
};

/* What the brake must know of the window that it holds up. */
struct brake_load {
        bool any;            /* there is a record, the oldest of which is: */
        int64_t offset;
        instant_t timestamp; /* a brake is younger than what it holds up */
        bool busy;           /* tries or records are under way */
};

/* The record that was answered with 410: the brake is wanted, unless it is already. Texts of @gone but its reason are not kept: they are the file's. */
void brake_want(struct brake *brake, const struct core *c, const struct delivery_record *gone);

/* Takes the next step. Return: 0 or negative errno. */
int brake_turn(struct brake *brake, struct core *c, const struct brake_load *load, struct error *err) MUSTCHECK;

/* Whether the brake's own record is on its way: its report has @brake as cookie. */
static inline bool brake_is_open(const struct brake *brake) {
        return brake->mark == BRAKE_MARK_OPEN;
}

/* What the broker says of that record. */
void brake_report(struct brake *brake, const struct bus_report *report);

/* The assignment is gone: whether the brake is on is to be asked anew. A record of it that is open stays so. */
void brake_forget(struct brake *brake);

/* Whether the brake of a connector is on, as deliveries say it, and the record that put it on (*ret: texts empty). Return: 0 or negative errno. */
int brake_find(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t now, struct delivery_record *ret, bool *ret_on,
               struct error *err) MUSTCHECK;
