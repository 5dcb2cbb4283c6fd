/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Flows: what runs through the topics, who reads it and how far they are, and how Kafka itself is
 *
 * A thread looks at the broker every half second (less often when that takes long: it looks half of the time at most), and puts what it saw into a
 * picture, which never changes; whoever asks borrows the latest. Lag is told in records, right under transactions, and in the age of the next unread
 * record; rates in places of the log, in which markers of transactions stand too. What is wrong is judged by survey/status.h.
 *
 * When the broker does not answer, the last picture stays, and flows_trouble() says why. Joins no group and writes nothing.
 */

#include "base/log.h"
#include "base/metrics.h"
#include "bus/bus.h"
#include "bus/kafka.h"
#include "bus/logs.h"
#include "bus/standing.h"
#include "model/config.h"
#include "replica/flow_history.h"
#include "survey/status_read.h"

#define FLOWS_PERIOD_MS 500         /* from the beginning of one look to that of the next, at least, while somebody watches … */
#define FLOWS_WANTED_MS 10000       /* … which they do for so long after each flows_want(); when nobody does: */
#define FLOWS_REST_MS 3000          /* for /metrics, and so that a page that is opened has figures */
#define FLOWS_SHARE 2               /* in any case so many times as long as the look took, most of which is waiting */
#define FLOWS_RETRY_MS 1000         /* after a look that failed */
#define FLOWS_SETTINGS_MS 60000     /* how often topics are asked how long they keep what stands there */
#define FLOWS_SIZES_MS 600000       /* how often it is looked how large the records of a topic are, in which something came since */
#define FLOWS_SIZES_PLACES 4096     /* places of a topic that count for that; of more the latest weigh most */
#define FLOWS_TOPICS_MAX 20000      /* that are remembered; of others only the present is told */
#define FLOWS_GROUPS_MAX 20000
#define FLOWS_SAMPLES 64            /* of a minute: one a second at most */
#define FLOWS_HOUR_SPANS 12         /* five minutes each */
#define FLOWS_DAY_SPANS 24
#define FLOWS_METRIC_GROUPS_MAX 500 /* groups of which /metrics tells the lag; the largest lags first */
#define FLOWS_BYTES_MAX ((size_t)256 << 20) /* of one picture */

/* -- A picture: what was seen at one look -- */

struct flows_topic {
        const char *name;
        bool internal;           /* Kafka's own */
        int32_t partitions;
        const struct logs_partition *at; /* [partitions] */
        const instant_t *last;   /* [partitions] stamp of the last record; 0: not known */
        int64_t stands;          /* places in the log, from its first offset to the end of what is decided; LOGS_UNKNOWN: not all were answered */
        double per_second;       /* over the last minute, or as much of it as was seen */
        struct flow_history hour, day;
        instant_t newest;        /* of @last */
        int64_t retention_ms, retention_bytes; /* -1: for ever, without limit; LOGS_UNKNOWN - 1: not known */
        const char *cleanup;     /* cleanup.policy; NULL: not known */
        int64_t bytes_about;     /* of what stands there: an estimate, by @sampled records that were looked at; LOGS_UNKNOWN: none was */
        int64_t sampled;
};
#define FLOWS_NOT_KNOWN (-2)

enum flows_kind { FLOWS_RULES, FLOWS_CONNECTOR, FLOWS_PAGES, FLOWS_ORGANISATION, FLOWS_OTHER }; /* PAGES: reads over HTTP; ORGANISATION: reads an inbox */
#define FLOWS_KINDS (FLOWS_OTHER + 1)

struct flows_group {
        const char *name;
        enum flows_kind kind;
        enum standing_state state;
        size_t members;
        const struct standing_part *parts;
        size_t parts_n;
        int64_t waiting, lost;   /* of all parts */
        bool more;               /* @waiting is an estimate */
        instant_t oldest;        /* the next unread record that is oldest; 0: nothing waits */
        size_t unowned;          /* parts without an owner */
        instant_t unowned_since; /* seen; 0: all have one */
        uint64_t rebalances;     /* seen since this process looks */
        instant_t rebalanced_at; /* the last; 0: none was seen */
        int64_t rebalance_ms;    /* how long that lasted, up to one look more or less; 0: it fell between two looks */
        int64_t rebalances_ms;   /* all of them together */
};

struct flows_picture {
        instant_t at;
        uint64_t turn;           /* rises with every look */
        int64_t took_ms;         /* the look */
        bool groups_unknown;     /* the broker cannot be asked: the embedded one */
        bool alerts_known;
        struct status_whole status;
        struct status_problems problems[LANGUAGES];
        const struct logs_broker *brokers;
        size_t brokers_n;
        const struct flows_topic *topics; /* by name */
        size_t topics_n;
        const struct flows_group *groups; /* by name */
        size_t groups_n;
};

/* NULL: there is none of that name. */
const struct flows_topic *flows_topic_of(const struct flows_picture *picture, const char *name);
const struct flows_group *flows_group_of(const struct flows_picture *picture, const char *name);

/* "rules", "connector", "pages", "organisation", "other"; "other", "empty", "moving", "stable". */
extern const char *const flows_kind_names[FLOWS_KINDS];
const char *flows_state_name(enum standing_state state);

/* -- Looking -- */

struct flows;

struct flows_config {
        const struct config *config;
        const struct kafka_config *kafka;
        struct bus *bus;       /* the same broker */
        struct clock clock;
        /* What case-state says, in @arena; false: it is not known yet, and nothing is said of it. NULL: nobody follows it. */
        bool (*known)(void *ctx, struct arena *arena, struct status_known *ret);
        void (*looked)(void *ctx); /* on the thread of flows, when there is a new picture; may be NULL */
        void *ctx;
        const struct log *log;   /* may be NULL */
        struct metrics *metrics; /* may be NULL; must outlive it, and is rendered no more after flows_free() */
};

/* Starts its thread. What @config points to must outlive it. Return: 0; -EINVAL, -EAGAIN with a sentence; -ENOMEM. */
int flows_new(const struct flows_config *config, struct flows **ret, struct error *err) MUSTCHECK;
struct flows *flows_free(struct flows *f); /* also while the broker does not answer; NULL ok; returns NULL */
DEFINE_CLEANUP(struct flows *, flows_free);

/* Somebody watches: look more often for a while. A look costs much, of hundreds of topics, and nobody who sees it. From any thread. */
void flows_want(struct flows *f);

/* The latest, which stays until it is given back; NULL: there was none yet. From any thread. */
const struct flows_picture *flows_borrow(struct flows *f);
void flows_give_back(const struct flows_picture *picture); /* NULL ok */
static inline void flows_give_back_p(const struct flows_picture **picture) {
        flows_give_back(*picture);
}

/* Since when the broker could not be looked at, and why, to @why; 0: the last look was good, or none was made yet. */
#define FLOWS_WHY_MAX 256
instant_t flows_trouble(struct flows *f, char why[FLOWS_WHY_MAX]);

/* -- How much stands in a topic: pure, for its test -- */

struct flows_sizes { /* of records that were looked at. Zeros: none was */
        int64_t looked, records, bytes; /* places, records among them, and how large those are */
};

/* Some more of them. */
void flows_sizes_add(struct flows_sizes *s, int64_t looked, int64_t records, int64_t bytes);
/* The bytes of @stands places, as if all were like those that were looked at, markers included; LOGS_UNKNOWN: it cannot be said. */
int64_t flows_sizes_estimate(const struct flows_sizes *s, int64_t stands);

/* -- What a rebalance is: pure, for its test -- */

struct flows_moves { /* of one group, from look to look. Zeros: nothing was seen */
        bool seen, moving;
        instant_t looked, since;   /* the look before; since when it moves */
        uint64_t shares;           /* who had what, as a number */
        size_t members, unowned;
        instant_t unowned_since;
        uint64_t rebalances;
        instant_t rebalanced_at;
        int64_t last_ms, all_ms;
};

/* A look at @now. @moving: its members are sharing out; @shares: who has what; @unowned: parts that nobody has. */
void flows_moves_see(struct flows_moves *m, instant_t now, bool moving, size_t members, uint64_t shares, size_t unowned);
