/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The load of one seed: the children it is about, and an event of any type with drawn values
 */

#include "simulation.h"

#define CHILDREN 10       /* cases that are drawn from */
#define REGION_CASES 2
#define PAST_MAX 24       /* cases that came to an end */
#define HELD_MAX 64       /* events that were written down and are not yet published */
#define LINK_IDS 2        /* measures, referrals … of one child */

struct child {
        struct uuid id;
        const struct region *region;    /* NULL: a child */
        struct uuid ids[LINKS][LINK_IDS];
        const char *gi, *municipality[2];
        VECTOR(struct input *) published; /* of this case, as they were sent */
};

struct held {
        struct child *child;
        struct event event;
        unsigned content;
        instant_t until;
};

struct load {
        struct child *children[CHILDREN], *regions[REGION_CASES]; /* that there is news of */
        VECTOR(struct child *) past;             /* that came to an end: what comes now is late */
        VECTOR(const struct event_type *) types; /* that somebody here may publish; as often as they are likely */
        VECTOR(struct held) held;
        struct bus_producer *producer;           /* transactional: its records may come to nothing */
        unsigned sent;                           /* records in its open transaction */
};

/* An event of this type for this child, by somebody who may publish it. false: nobody here may. */
bool event_draw(struct sim *s, const struct event_type *type, struct child *child, struct event *ret);

/* An event that ends what @started of this child began (an instance of endings[]), or that withdraws it. */
void event_draw_end(struct sim *s, const struct ending *ending, const struct input *started, struct child *child, struct event *ret);
void event_draw_withdrawal(struct sim *s, const struct input *withdrawn, struct child *child, struct event *ret);

/* Some organisation of a kind that is (or is not) in @kinds; NULL: there is none. */
const struct organisation *organisation_draw(struct sim *s, uint32_t kinds);
struct uuid uuid_draw(struct sim *s);
