/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The brakes: a target that is gone is left alone until an operator resumes
 *
 * When a target says 410 Gone, the connector writes a record to `deliveries` (REFUSED, status 410) as
 * the last thing it does for that organisation. The brake of an organisation's inbox is on as long as that is this connector's latest record of
 * it there. So it survives a restart without a store of its own, and `connect --resume` (connect/act.h) takes it off by one more
 * record, which a running connector sees at once. With every assignment the question is asked anew; nothing is tried before it is answered. One
 * reading answers it for all inboxes that ask, and one follows what operators do.
 */

#include "connect/core.h"
#include "connect/deliveries.h"

enum brake_state { BRAKE_UNKNOWN, BRAKE_ASKED, BRAKE_LOOKING, BRAKE_OFF, BRAKE_WANTED, BRAKE_MARKING, BRAKE_ON };

/* Of one inbox. */
struct brake {
        const struct organisation *organisation;
        enum brake_state state;
        struct {
                int64_t offset;
                instant_t timestamp;
        } first;                     /* of the oldest record that it holds up, from the moment that it was asked */
        struct delivery_record latest; /* that `deliveries` had of it, when anything was found */
        bool found;
        bool passing;                /* until the mark that is followed has been read */
        bool said;                   /* the log says that it is on */
        struct delivery_record gone; /* of the record that was answered with 410, as it will be told */
        int64_t mark_at;             /* not before this */
        enum { BRAKE_MARK_UNSENT, BRAKE_MARK_OPEN, BRAKE_MARK_DONE } mark;
};

/* What they ask of who has the inboxes. */
struct brakes_load {
        void *ctx;
        bool (*is_busy)(void *ctx, size_t i);  /* whether tries or records of the @i-th are under way */
        void (*released)(void *ctx, size_t i); /* the @i-th may be delivered */
};

struct brakes {
        const struct delivery_codec *codec; /* borrowed */
        struct brake *items; /* in the order of the file */
        size_t n;
        uint32_t *places;    /* [organisations]: in items, from 1; 0: nothing of it is delivered here */
        struct delivery_log *looking, *following;
        instant_t looking_from, looked_from, following_from; /* looked_from: all that came since is known; INT64_MAX: nothing is */
        size_t asked, marked, on; /* so many are in BRAKE_ASKED; in BRAKE_WANTED or BRAKE_MARKING; in BRAKE_ON */
};

/* Return: 0 or -ENOMEM. brakes_done() is due in any case. */
int brakes_open(struct brakes *brakes, const struct core *c, const struct delivery_codec *codec) MUSTCHECK;
void brakes_done(struct brakes *brakes); /* no effect on zeros */

/* The assignment is gone: whether any is on is to be asked anew. Records of theirs that are open stay so. */
void brakes_forget(struct brakes *brakes);

/* Whether an unknown brake is on, for what stands from a record of the inbox on: it is younger than what it holds up. */
void brake_ask(struct brakes *brakes, struct brake *brake, int64_t offset, instant_t timestamp);

/* The record that was answered with 410: the brake is wanted, unless it is already. Texts of @gone but its reason are not kept: they are the file's. */
void brake_want(struct brakes *brakes, const struct core *c, struct brake *brake, const struct delivery_record *gone);

/* Takes the next steps; *ret_open counts the records that were sent, of which reports come. Return: 0 or negative errno. */
int brakes_turn(struct brakes *brakes, struct core *c, const struct brakes_load *load, size_t *ret_open, struct error *err) MUSTCHECK;

/* Whether any is wanted or being told, so that a stop must wait. */
static inline bool brakes_are_marking(const struct brakes *brakes) {
        return brakes->marked > 0;
}

/* The brake whose own record a report is about; NULL: it is about another record. */
struct brake *brakes_of_report(const struct brakes *brakes, const struct bus_report *report);
void brake_report(struct brake *brake, const struct bus_report *report);

/*
 * Whether the brake of a connector is on for an organisation's inbox, as deliveries say it, and the record that put it on (*ret: texts empty).
 * Return: 0 or negative errno.
 */
int brake_find(struct bus *bus, const struct delivery_codec *codec, const char *connector, const char *organisation, instant_t now,
               struct delivery_record *ret, bool *ret_on, struct error *err) MUSTCHECK;
