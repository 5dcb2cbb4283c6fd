/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The life of one case as a picture, and the table with the same data
 *
 * From data, and from nothing else: where the child lived and what was reported as two lanes, then a lane for each obligation, from its start to its due
 * date, with what was told of it. What there is too much of is put together, and both picture and table say so: messages that stand within one place on
 * the axis are one point with a number; lanes beyond PICTURE_LIFE_LANES and marks beyond PICTURE_LIFE_MARKS are only counted.
 */

#include "console/pictures/axis.h"
#include "web/parts.h"

#define PICTURE_LIFE_LANES 40  /* obligations that are drawn */
#define PICTURE_LIFE_MARKS 32  /* of one lane */
#define PICTURE_LIFE_STAYS 60  /* municipalities, one after the other */
#define PICTURE_LIFE_PLACES 30 /* on the axis, for points */

enum picture_life_what {
        LIFE_ANNOUNCED,
        LIFE_REMINDED,  /* a reminder that was sent */
        LIFE_REMINDER,  /* one that is to come */
        LIFE_RUNG,      /* a rung of the ladder that may come */
        LIFE_ALERT,     /* an alert that is open */
        LIFE_RESOLVED,  /* one that is over */
        LIFE_MET,
        LIFE_LAPSED,
        LIFE_EXPLAINED,
        LIFE_WHATS,
};

struct picture_life_mark {
        enum picture_life_what what;
        instant_t at;
        unsigned number;  /* which reminder or rung, from 1; 0: none */
        const char *text; /* to whom, by what; NULL */
};

struct picture_life_lane {
        const char *title, *status; /* what, and how it stands in words */
        const char *instance;       /* which; NULL */
        enum part_mark mark;        /* how that is to be taken */
        const char *href;           /* where the page says more; NULL */
        instant_t from, due;        /* due 0: no date */
        bool open;                  /* past its date and not done: the bar goes on to the present */
        const struct picture_life_mark *marks; /* PICTURE_LIFE_MARKS at most */
        size_t n_marks, left_out;
};

struct picture_life_fact {
        instant_t at;
        const char *text;
};

struct picture_life_stay {
        instant_t from;
        const char *name;
};

struct picture_life {
        const char *id;             /* of the picture; ids of its table follow from it */
        enum language language;
        instant_t now;
        const struct picture_life_stay *stays; /* in the order of time; PICTURE_LIFE_STAYS at most: the latest */
        size_t n_stays;
        const struct picture_life_fact *facts; /* in the order of time */
        size_t n_facts;
        const struct picture_life_lane *lanes; /* PICTURE_LIFE_LANES at most */
        size_t n_lanes, left_out;
};

/* Whether there is anything to draw. */
bool picture_life_some(const struct picture_life *p);

/* The figure; its description says that the table has the same. Only when there is something to draw. */
void picture_life_draw(struct html *h, const struct picture_life *p);

/* The table: everything in the picture, in the order of time. Return: 0 or -ENOMEM. */
int picture_life_table(struct html *h, const struct picture_life *p) MUSTCHECK;
