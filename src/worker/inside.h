/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the files of the worker share among themselves
 *
 * Nobody outside src/worker includes this. Functions return 0, a positive BUS_E_ or WORKER_E_
 * outcome, or a negative errno with a sentence in @err; worker_step() sorts them.
 */

#include <stdatomic.h>

#include "avro/framing.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "cluster/headers.h"
#include "cluster/topics.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "worker/worker.h"

/* Places in the list of outputs; the inbox of organisation i stands at OUTPUT_INBOXES + i. */
enum worker_output { OUTPUT_STATE, OUTPUT_DEAD_LETTERS, OUTPUT_PLAN_DUE, OUTPUT_RAISED, OUTPUT_RESOLVED, OUTPUT_INBOXES };

#define WORKER_URN "urn:ketenwacht:ketenwacht" /* ce_source of what the broker itself tells */
#define WORKER_SOURCE "ketenwacht"
#define EFFECT_KINDS (EFFECT_RESOLVED + 1)
#define WORKER_BODY_MAX ((size_t)BUS_OUTPUT_MAX)

/* Which topics are read and written. */
struct worker_topics {
        struct arena *arena;
        const char **inputs;             /* event topics */
        const struct event_type **types; /* of each input */
        size_t n_inputs;
        const char **outputs;
        size_t n_outputs;
};

/* What is counted in the open transaction, and becomes real with it. */
struct tally {
        uint64_t *facts; /* by input */
        uint64_t refused[REFUSALS], told[EFFECT_KINDS];
        uint64_t duplicates, dead, forgotten;
};

enum partition_state { PARTITION_RESTORING, PARTITION_BEHIND, PARTITION_LIVE };
#define PARTITION_STATES (PARTITION_LIVE + 1)

struct partition {
        int32_t number;
        enum partition_state state;
        struct store *store;
        int64_t *ends;        /* by input: what has to be read before it has caught up */
        bool ends_wanted;     /* behind anew: the ends are to be asked */
        bool quiet;           /* behind anew, and not said so in the log: an old record with nothing behind it is no backlog */
        instant_t ends_at;    /* real clock when they were asked */
        instant_t told_at;    /* the latest instant at which anything was told: the floor of its clock … */
        instant_t told_staged;/* … with what the open transaction tells */
        int64_t since;        /* monotonic: when its state began */
        /* from its rows */
        uint64_t rows;
        unsigned percent;     /* of the restore, as last logged … */
        int64_t percent_at;   /* … when: monotonic */
        int64_t restored, restored_end; /* offsets of its rows */
        int64_t begin;        /* positions of all inputs together when the ends were asked */
        unsigned version;     /* highest configuration version seen */
        bool versioned;
        bool marked;          /* what its rows lacked of these is committed */
        int32_t count;        /* partitions of case-state when its rows were written; 0: not said */
        uint64_t *schemas;    /* fingerprints of its s rows */
        size_t n_schemas, schemas_capacity;
};

struct transaction {
        bool open;            /* something was read, written or changed since the last commit */
        int64_t first;        /* monotonic: when the first thing happened in it */
        int64_t committed;    /* monotonic: end of the last one */
        unsigned units;       /* records and evaluations in it */
        unsigned aborts;      /* in a row */
};

struct worker {
        struct worker_config c;
        struct bus_worker *bus;
        struct engine *engine;
        struct row_codec *rows;
        struct worker_topics topics;
        struct arena *scratch;  /* one record and what follows from it */
        struct buffer body;     /* one output's bytes */
        struct partition **parts; /* by number; NULL: not owned */
        struct partition **owned; /* those that are, in the order of assignment */
        int32_t n_parts;        /* of case-state */
        size_t n_owned;
        size_t turn;            /* whose turn the sweep is */
        struct transaction txn;
        struct tally tally;
        unsigned n_not_live;    /* owned partitions that are restored or behind */
        bool idle;              /* nothing was waiting when last asked */
        bool backlog;           /* more cases wait for their evaluation than a sweep takes */
        bool stopped;
        bool refused;           /* a step ended with WORKER_E_CONFIG: others are to have its partitions at once */
        bool assigned;
        bool done;
        unsigned unswept;       /* records since the last sweep */
        bool clock_away;
        struct {              /* what the clocks said when this turn began: a record costs a microsecond, a look at them a tenth */
                instant_t deciding, real;
                int64_t monotonic;
        } now;
        instant_t stamp;        /* newest broker timestamp that was read */
        int64_t shown_at;       /* monotonic: when metrics_show() was last called */
        struct log_pace refusals;
        int64_t backlog_said;   /* monotonic: when it was last said how far a backlog is read; 0: of this one not yet … */
        int64_t backlog_read;   /* … and how far that was */
        struct dead_letter_headers dead_headers;
        atomic_bool interrupted;
        struct {
                _Atomic int64_t assigned, clock_away, states[PARTITION_STATES], facts, duplicates, told, dead, forgotten, transactions, aborts,
                        restore_percent, lag_records, lag_ms, cases_due, settled_at;
        } shown; /* worker_status() */
};

static inline int64_t worker_monotonic(const struct worker *w) {
        return clock_monotonic(&w->c.real);
}

/* -- topics.c -- */
int topics_of_worker(const struct config *config, struct worker_topics *ret, struct error *err) MUSTCHECK;
void topics_of_worker_done(struct worker_topics *topics);

/* -- partition.c: the life of a partition -- */
int partitions_assign(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) MUSTCHECK;
void partitions_drop(struct worker *w, const struct bus_part *parts, size_t n);
void partitions_drop_all(struct worker *w);
void partition_enter(struct worker *w, struct partition *p, enum partition_state state);

/* -- restore.c: a partition's rows -- */
int restore_partitions(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) MUSTCHECK;
int restore_write_marks(struct worker *w, struct partition *p, struct error *err) MUSTCHECK;

void clock_look(struct worker *w); /* after whatever may have taken long: a poll, a restore, a commit */
instant_t partition_now(const struct worker *w, const struct partition *p);
void clock_saw(struct worker *w, const struct partition *p, const struct bus_record *record);
int behind_begin(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) MUSTCHECK;
int behind_look(struct worker *w, struct error *err) MUSTCHECK;
void behind_saw(struct worker *w, struct partition *p, const struct bus_record *record);
void behind_rewound(struct worker *w, struct partition *p);
static inline bool partition_tells(const struct worker *w, const struct partition *p) {
        return p->state == PARTITION_LIVE && !w->clock_away;
}

/* -- sweep.c: cases that were touched, or are due -- */
int sweep(struct worker *w, struct error *err) MUSTCHECK;
int sweep_wait_ms(const struct worker *w, int at_most); /* until the next case is due */
void sweep_settled(struct worker *w);                   /* nothing was waiting: shows it when nobody is due either */

/* -- intake.c: one record -- */
int intake(struct worker *w, struct bus_record *record, struct error *err) MUSTCHECK;

/* -- tell.c: what an evaluation wants told -- */
struct trace_context { /* traceparent of the record that caused it; .value NULL: none */
        const void *value;
        size_t n;
};
int tell_outcome(struct worker *w, struct partition *p, const struct outcome *outcome, instant_t now, struct trace_context trace,
                 struct error *err) MUSTCHECK;
int tell_event(struct worker *w, const struct event *event, uint32_t output, int32_t partition, struct trace_context trace, struct error *err) MUSTCHECK;
int tell_state_row(struct worker *w, struct partition *p, const void *key, size_t n_key, const void *value, size_t n_value,
                   struct error *err) MUSTCHECK;

/* -- transaction.c -- */
void transaction_touch(struct worker *w); /* one more unit; opens it */
void transaction_weigh(struct worker *w, size_t rows); /* so many rows more than a unit has */
int transaction_commit(struct worker *w, struct error *err) MUSTCHECK;
int transaction_abort(struct worker *w, struct error *err) MUSTCHECK;
bool transaction_due(const struct worker *w);
int transaction_wait_ms(const struct worker *w, int at_most);

/* -- metrics.c -- */
void metrics_committed(struct worker *w);                       /* the tally becomes real, and is zero again */
void metrics_dropped(struct worker *w);                         /* an abort: the tally is zero again */
void metrics_partition(struct worker *w, int from, int to);     /* enum partition_state; -1: not owned */
void metrics_overdue(struct worker *w, int64_t ms);
void metrics_swept(struct worker *w, int64_t ms);
void metrics_commit_took(struct worker *w, int64_t ms);
void metrics_clock(struct worker *w);
void metrics_show(struct worker *w);                            /* gauges that are looked up: lag, cases due */
