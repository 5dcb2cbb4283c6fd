/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How the chain stands, in a few figures: for the page, for programs, and for the stream that keeps pages fresh
 *
 * Of the whole chain, or of one organisation: then of its own inbox, readers and alerts, and of nothing else.
 */

#include "base/json.h"
#include "console/ground.h"
#include "replica/flows.h"

#define OVERVIEW_SENTENCE_MAX 600
#define OVERVIEW_TOPICS_MAX 100   /* in the stream: those through which most came in a day */
#define OVERVIEW_GROUPS_MAX 200   /* in the stream: those for which most waits */
#define OVERVIEW_READERS_MAX 64   /* of one inbox */

struct overview {
        const struct console *console;
        const struct organisation *of;       /* NULL: of the whole chain */
        const struct flows_picture *picture; /* NULL: nothing was seen yet */
        instant_t trouble_since;             /* the broker cannot be looked at; 0: it can */
        char why[FLOWS_WHY_MAX];
        struct replica_status replica;
        struct replica_open open;            /* alerts */
};

/* Takes what is known now; overview_end() gives it back. From any thread. */
void overview_begin(const struct console *console, const struct organisation *of, struct overview *ret);
void overview_end(struct overview *o);

/* Whether anything is wrong, and the one sentence that says so. Returns @ret. */
bool overview_is_well(const struct overview *o);
const char *overview_sentence(const struct overview *o, enum language language, char ret[OVERVIEW_SENTENCE_MAX]);

/* All of a kind together. */
struct overview_waiting {
        int64_t waiting;
        instant_t oldest; /* 0: nothing waits, or it is not known */
        size_t n;         /* groups, or inboxes */
        bool more;        /* an estimate */
};
struct overview_waiting overview_lag(const struct overview *o, enum flows_kind kind);
struct overview_waiting overview_not_collected(const struct overview *o);
int64_t overview_letters(const struct overview *o);
/* Of the inbox of o->of: what waits there for each who reads it; or for nobody, when nobody does. */
struct overview_waiting overview_inbox(const struct overview *o);
/* How many a second, of the topics of one kind. */
enum overview_flow { OVERVIEW_EVENTS, OVERVIEW_INBOXES };
double overview_rate(const struct overview *o, enum overview_flow flow);

/*
 * Topics through which something came, by how much came in a day, groups by how much waits: pointers to at most @n of them, to @ret. Of an organisation: its
 * inbox, and who reads it.
 */
size_t overview_topics(const struct overview *o, const struct flows_topic **ret, size_t n);
size_t overview_groups(const struct overview *o, const struct flows_group **ret, size_t n);

/* What part of a group is the inbox of o->of; NULL: none. */
const struct standing_part *overview_inbox_part(const struct overview *o, const struct flows_group *group);

/* The message of the stream: one JSON object, without a line end, and without the present instant, so that two that say the same are the same. */
void overview_put_message(const struct overview *o, struct buffer *out);

/* How many alerts are open of each rung, as /api tells it: "by_rung". */
void overview_put_rungs(struct json_writer *w, const struct replica_open *open);

/* Topics and groups as /api tells them; of a group the parts in which something waits or was lost, or which nobody reads. */
void overview_put_topic(struct json_writer *w, const struct flows_topic *topic);
void overview_put_group(struct json_writer *w, const struct flows_group *group);
