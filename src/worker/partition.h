/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The life of a partition: assigned, restored, behind, live, gone; and what the time is for it
 *
 *   RESTORING  its rows are being read; nothing of it is known or told
 *   BEHIND     facts are accepted, nothing is told: what a backlog contains is judged whole, when it is read
 *   LIVE       what an event brings about is told with it, and what falls due when it does
 *
 * A partition is behind from its assignment until each of its inputs has been read to the end that stood then, and again whenever a record is
 * older than behind_after when it is read. The engine marks the cases that are touched meanwhile, and the sweep evaluates each
 * of them once when the partition has caught up. Nothing of this is persisted: a successor starts behind.
 *
 * Two signs tell that the wall clock is more than PARTITION_CLOCK_AWAY_MS from the broker's. A record is stamped so far ahead of it: then
 * it is slow. Or a record that was appended after the ends of its partition were asked is stamped by the broker so far
 * before the moment of asking: then it is fast. An old record below those ends is a backlog and tells nothing. Stamps that
 * producers made say only the first: theirs may be old because they waited.
 */

#include "worker/ground.h"

#define PARTITION_BEHIND_AFTER_MS 10000
#define PARTITION_CLOCK_AWAY_MS HOUR_MS /* wall clock from the broker's */

struct partition {
        int32_t number;
        enum partition_state state;
        struct store *store;
        int64_t since;        /* monotonic: when its state began */
        int64_t *ends;        /* by input: what has to be read before it has caught up */
        bool ends_wanted;     /* behind anew: the ends are to be asked */
        unsigned standing;    /* inputs of it that stand still (worker/standstill.h): until they go on it has not caught up */
        bool quiet;           /* behind anew, and not said so in the log: an old record with nothing behind it is no backlog */
        instant_t ends_at;    /* real clock when they were asked */
        int64_t begin;        /* positions of all inputs together when the ends were asked */
        struct {              /* worker/restore.h: what was found in its rows */
                uint64_t rows;
                int64_t at, end;      /* offsets of its rows: how far */
                unsigned percent;     /* of that, as last logged … */
                int64_t percent_at;   /* … when: monotonic */
                unsigned version;     /* highest configuration version seen */
                bool versioned;
                char *imprint;        /* of the configuration (model/imprint.h), of the version that stands in it; NULL: not said. Owned */
                size_t imprint_n;
                uint32_t read_input;  /* an input of which has been read before … */
                int64_t read_to;      /* … to here; 0: none has */
                int32_t count;        /* partitions of case-state when its rows were written; 0: not said */
                uint64_t *schemas;    /* fingerprints of its s rows */
                size_t n_schemas, schemas_capacity;
        } found;
        bool marked;          /* what its rows lacked of these is committed */
};

/* Those of one worker. */
struct partitions {
        struct ground *ground;        /* borrowed */
        struct partition **by_number; /* NULL: not owned */
        struct partition **owned;     /* those that are, in the order of assignment */
        int32_t n;                    /* of case-state */
        size_t n_owned;
        unsigned n_not_live;          /* owned partitions that are restored or behind */
        bool backlog;                 /* more cases wait for their evaluation than a sweep takes */
        bool clock_away;
        instant_t stamp;              /* newest broker timestamp that was read; 0: none */
        int64_t backlog_said;         /* monotonic: when it was last said how far a backlog is read; 0: of this one not yet … */
        int64_t backlog_read;         /* … and how far that was */
        int64_t behind_after_ms;
        struct term_step retention;
        bool once;                    /* the ends that stood at the first assignment are those that count */
};

/* @ret is zeroed but for its last three, which the caller has set; @n: partitions of case-state. Return: 0 or -ENOMEM. */
int partitions_init(struct partitions *ret, struct ground *ground, int32_t n) MUSTCHECK;
void partitions_done(struct partitions *parts); /* drops all; a zeroed one is fine */

/* -- Assigned and gone -- */

/*
 * Takes on a partition that is to be restored. Return: 0; WORKER_E_CONFIG with a sentence (case-state has grown); -ENOMEM with one.
 */
int partitions_add(struct partitions *parts, int32_t number, struct error *err) MUSTCHECK;

/* What goes is dropped at once, state and all; its next owner restores it from the topic. */
void partitions_drop(struct partitions *parts, const struct bus_part *gone, size_t n);
void partitions_drop_all(struct partitions *parts);

/* The one of this number, or NULL when it is not owned. */
static inline struct partition *partitions_find(const struct partitions *parts, int32_t number) {
        return number >= 0 && number < parts->n ? parts->by_number[number] : NULL;
}

/* -- Behind and live -- */

/* All that are owned were restored: asks for the ends of their inputs, and behind they are. Return: 0; what the bus answered; -ENOMEM. */
int partitions_begin(struct partitions *parts, const struct bus_part *of, size_t n, struct error *err) MUSTCHECK;

/* Looks which have caught up, and says how far a backlog is read. Return: as above. */
int partitions_look(struct partitions *parts, struct error *err) MUSTCHECK;

/* A transaction was aborted: it is read again from where the last one ended, and may be behind with that. */
void partition_rewound(struct partitions *parts, struct partition *p);

/* One of its inputs stands still before a record that cannot be read yet, so it is behind; and goes on: what waited meanwhile is to be read first. */
void partition_stand(struct partitions *parts, struct partition *p);
void partition_go_on(struct partition *p);

/* Whether what its events bring about is told. */
static inline bool partition_tells(const struct partitions *parts, const struct partition *p) {
        return p->state == PARTITION_LIVE && !parts->clock_away;
}

/* -- The clock -- */

/* The present of this partition: that of the clock that decides, and never before the latest instant at which anything was told. */
instant_t partition_now(const struct partitions *parts, const struct partition *p);

/* A record of it was read: is the clock right, and is the record so old that the partition is behind? */
void partition_saw(struct partitions *parts, struct partition *p, const struct bus_record *record);

/* -- For the gauges -- */

int64_t partitions_lag_records(const struct partitions *parts); /* of those that are behind: what they have to read yet */
/* Cases of all owned partitions by the year that the calendar lacks: store_count_gaps(). */
void partitions_count_gaps(const struct partitions *parts, int64_t ret[CASE_GAPS - 1]);
int64_t partitions_cases_due(const struct partitions *parts);   /* cases in their heaps of instants */
