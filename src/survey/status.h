/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How the chain stands, by what the broker alone knows
 *
 * What waits for whom and since when, what nobody owns or collects, and what of that is wrong. Nothing here asks a process of ours: so it
 * holds when the process that should read is gone. Read by survey/status_read.h; judging and printing are pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/language.h"
#include "calendar/date.h"

/* -- Beyond these something is wrong -- */

#define STATUS_LATE_S 300          /* the oldest record that waits for the workers or a connector */
#define STATUS_COLLECT_S 86400     /* the same for an organisation that reads its inbox itself, or that nobody reads for */
#define STATUS_LETTERS 0           /* dead letters since yesterday */
#define STATUS_HANGING_S 120       /* a transaction that is open: ours end within BUS_TRANSACTION_MS, those of others by default within a minute */
#define STATUS_CALENDAR_DAYS 365   /* until the first day of which the calendar does not have the year */

struct status_limits {
        int64_t late_s, collect_s, letters, calendar_days, hanging_s;
};
#define STATUS_LIMITS_DEFAULT \
        { .late_s = STATUS_LATE_S, .collect_s = STATUS_COLLECT_S, .letters = STATUS_LETTERS, .calendar_days = STATUS_CALENDAR_DAYS, \
          .hanging_s = STATUS_HANGING_S }

/* -- What was found -- */

enum status_kind { STATUS_RULES, STATUS_CONNECTOR, STATUS_ORGANISATION }; /* who reads */
#define STATUS_KINDS (STATUS_ORGANISATION + 1)

struct status_part { /* one partition of a consumer in which something waits, was lost, or which nobody owns */
        const char *topic;
        int32_t partition;
        int64_t waiting, lost;
        instant_t oldest; /* 0: nothing waits */
        bool more;        /* @waiting holds markers too: there were too many to count */
        bool owned;
};

#define STATUS_ONE_INBOX 2 /* partitions of a connector that delivers one: that, and what is to be delivered again */

struct status_consumer {
        const char *group;
        enum status_kind kind;
        size_t members;
        size_t partitions; /* that it has to read */
        const struct status_part *parts;
        size_t parts_n;
};

struct status_box { /* an inbox or outbox of which no group ever read anything */
        const char *organisation;
        int64_t waiting;
        instant_t oldest;
        bool more;
};

struct status_count { /* open alerts of an organisation, dead letters of a code */
        const char *name;
        int64_t n;
};

struct status_stop { /* a connector of which the target said 410, and that nobody resumed */
        const char *connector;
        instant_t since;
        int64_t offset; /* in its inbox */
};

struct status_pause { /* a connector that an operator has paused */
        const char *connector, *by, *reason;
        instant_t since;
};

/* A partition of which Kafka itself is not well. */
enum status_trouble_kind {
        STATUS_LEADERLESS,       /* nobody leads it: nobody can read or write it */
        STATUS_UNDER_REPLICATED, /* copies are missing or lag behind */
        STATUS_UNDECIDED,        /* a transaction is open: nothing behind it is read by whoever waits for the end of transactions */
};
#define STATUS_TROUBLES (STATUS_UNDECIDED + 1)
struct status_trouble {
        enum status_trouble_kind kind;
        const char *topic;
        int32_t partition;
        int replicas, in_sync;
        instant_t since;  /* UNDECIDED; 0: not known */
        int64_t held;     /* UNDECIDED: offsets that nobody is given */
};

/* Which text of a version it was (model/imprint.h). */
struct status_imprint {
        bool is_known; /* false: written by a program that did not say it */
        int64_t version;
        uint64_t fingerprint;
};

struct status_whole {
        instant_t at;
        bool groups_unknown; /* the broker is the embedded one: nothing is known of who reads */
        const struct status_consumer *consumers;
        size_t consumers_n;
        const struct status_box *inboxes, *outboxes; /* that nobody collected, or admitted */
        size_t inboxes_n, outboxes_n;
        const struct status_count *alerts, *letters;
        size_t alerts_n, letters_n;
        instant_t letters_since;
        const struct status_stop *stops;
        size_t stops_n;
        const struct status_pause *pauses;
        size_t pauses_n;
        const int64_t *versions;   /* of the configuration by which each partition of case-state was written; -1: by none yet */
        const struct status_imprint *imprints; /* [versions_n], or NULL: none is known */
        size_t versions_n;
        int64_t version;           /* of the configuration at hand */
        uint64_t fingerprint;      /* likewise: model/imprint.h */
        day_t calendar_until;      /* the first day of which the calendar at hand does not have the year */
        const char *const *absent; /* topics that are not there */
        size_t absent_n;
        const struct status_trouble *troubles;
        size_t troubles_n;
};

/* -- What is wrong -- */

struct status_problem {
        /* For machines: NO_TOPIC, NO_OWNER, LATE, LOST, NOT_COLLECTED, NOT_ADMITTED, DEAD_LETTERS, STOPPED, PAUSED, VERSION, CALENDAR, LEADERLESS,
         * UNDER_REPLICATED, HANGING. */
        const char *code;
        const char *about;    /* a group, topic, organisation or connector */
        const char *sentence; /* what, where, what to do */
};

struct status_problems {
        const struct status_problem *items;
        size_t n;
};

/* Judges, in sentences of this language; memory in @arena. Return: 0 or -ENOMEM. */
int status_judge(const struct status_whole *status, const struct status_limits *limits, enum language language, struct arena *arena,
                 struct status_problems *ret) MUSTCHECK;

/* "rules", "connector", "organisation"; "LEADERLESS", "UNDER_REPLICATED", "UNDECIDED". */
extern const char *const status_kind_names[STATUS_KINDS];
extern const char *const status_trouble_names[STATUS_TROUBLES];

/* All parts of a consumer together; how many of them have no owner. */
struct status_part status_sum(const struct status_consumer *consumer);
size_t status_unowned(const struct status_consumer *consumer);

/* One JSON object, without a line end. */
void status_put_json(const struct status_whole *status, const struct status_problems *problems, struct buffer *out);

/* For a person: what is wrong first. Lines. */
void status_put_text(const struct status_whole *status, const struct status_problems *problems, struct buffer *out);
