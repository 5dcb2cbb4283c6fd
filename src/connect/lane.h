/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Lanes: the inboxes that one connector delivers, and whose turn it is
 *
 * Each has its window, and goes and stands still by itself. One process may have hundreds of which few have work at a time, so nobody looks at
 * all of them: a lane is stirred when something happened to it, and wakes by itself when a record in it is due again; who is neither costs nothing.
 *
 * A fair share: every lane may have one try under way at any time, whatever becomes of the others, so that receivers that are slow or gone hold
 * nobody up. More tries, to what `parallel` says of each, come from room that all share (LANES_SPARE); of it lanes whose receiver fails get half.
 * Stirred lanes begin one try each in turn.
 */

#include "base/heap.h"
#include "base/log.h"
#include "connect/connector.h"
#include "connect/file.h"
#include "connect/window.h"

#define LANES_SPARE 256                              /* tries at once beyond one for each lane, when there are many */
#define LANES_BYTES ((size_t)256 * 1024 * 1024)      /* of records in all windows */
#define LANES_BYTES_MIN ((size_t)64 * 1024)          /* of one, however many there are */
#define LANE_NOT_STUCK (-1)
#define LANE_NOTHING (-1) /* as an offset */

struct lane {
        const struct connector_target *target;
        char inbox[BUS_NAME_MAX + 1]; /* its topic */
        struct window window;         /* its items are records held */
        uint64_t delivered;           /* since it was opened */
        unsigned laters, failures;    /* answers in a row that asked for a pause; that failed */
        bool failing;                 /* it was said that they fail */
        struct log_pace pace;         /* of saying so */
        bool schemaless;              /* it stands still before a record whose schema the registry cannot be asked for */
        bool halted;                  /* by an operator, it alone */
        bool dry;                     /* its flow from the broker is stopped */
        size_t due;                   /* records that we write, to be sent (again) */
        int64_t committed;            /* of the inbox; LANE_NOTHING */
        int64_t again_from;           /* what is to be delivered again and stands before it was done by whose place this takes; LANE_NOTHING */
        int64_t missed;               /* the first that is to be delivered again and found no room; LANE_NOTHING */
        struct {
                int64_t offset;       /* of the oldest record, which has failed and keeps the window full; LANE_NOT_STUCK: none does */
                int tries, status;
        } stuck;
        /* the queue's own */
        struct lane *next;
        struct heap_slot timer;
        bool stirred;
};

struct lanes {
        struct lane *items; /* in the order of the file */
        size_t n;
        uint32_t *places;   /* [organisations]: in items, from 1; 0: nothing of it is delivered here */
        const struct organisations *organisations;
        struct lane *first, *last; /* stirred */
        struct heap timers;
        size_t parallel, flying, spare, spare_used;
};

/* Return: 0 or -ENOMEM. lanes_done() is due in any case. */
int lanes_open(struct lanes *lanes, const struct connect_file *file, const struct organisations *organisations) MUSTCHECK;
void lanes_done(struct lanes *lanes); /* frees no items of windows; no effect on zeros */

/* The tries that may be under way at once, of so many inboxes. */
size_t lanes_capacity(size_t inboxes, size_t parallel);

static inline size_t lane_place(const struct lanes *lanes, const struct lane *lane) {
        return (size_t)(lane - lanes->items);
}

/* The lane of an inbox, by its topic; NULL: it is not delivered here. */
struct lane *lanes_find(const struct lanes *lanes, const char *inbox);

/* Something happened to a lane: it is taken once more. */
void lanes_stir(struct lanes *lanes, struct lane *lane);

/* Stirs who is due. */
void lanes_wake(struct lanes *lanes, int64_t now);

/* The lane that was stirred first, which is not stirred any more; NULL: none is. */
struct lane *lanes_take(struct lanes *lanes);

/* Stirs a lane at an instant, and not at the one that was said before. Return: 0 or -ENOMEM. */
int lanes_sleep(struct lanes *lanes, struct lane *lane, int64_t until) MUSTCHECK;

/* How long until one is stirred by itself: 0 now; WINDOW_NEVER. */
int64_t lanes_wait(const struct lanes *lanes, int64_t now);

/* Whether a lane may begin a try. When not, it is stirred by the end of one of its own. */
bool lanes_may_fly(const struct lanes *lanes, const struct lane *lane);

/* Counts a try that begins, before its window knows; and one that is over, when its window knows. */
void lanes_fly(struct lanes *lanes, const struct lane *lane);
void lanes_land(struct lanes *lanes, const struct lane *lane);

/* Nobody is stirred, nobody wakes, nothing is under way, and all windows are empty. */
void lanes_clear(struct lanes *lanes);
