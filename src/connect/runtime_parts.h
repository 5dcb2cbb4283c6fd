/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The inside of the runtime, for runtime*.c alone
 */

#include <stdatomic.h>

#include "base/arena.h"
#include "connect/backoff.h"
#include "connect/brake.h"
#include "connect/runtime.h"
#include "connect/window.h"

#define TURN_ARENA_MAX ((size_t)16 * 1024 * 1024)
#define RECORD_BYTES_MAX ((size_t)2 * 1024 * 1024)

/* -- In -- */

/* One event on its way to the broker. Lives until its report, also when its submitter has had its answer. */
struct flight {
        struct runtime *runtime;
        struct flight *next, *previous; /* in order of deadline, while nobody was answered */
        void *cookie;
        int64_t deadline;
        bool answered;
};

struct runtime_in {
        struct flight *first, *last;
        size_t waiting; /* not answered */
        size_t open;    /* without a report */
};

/* -- Out -- */

enum sending { SENDING_NOTHING, SENDING_DUE, SENDING_OPEN, SENDING_DONE };

struct held;

/* One record that we write: a dead letter, a delivery, or the brake. */
struct sending_record {
        struct runtime *runtime;
        struct held *held; /* NULL: the brake's */
        enum sending state;
};

/* One record of the inbox, from its arrival until it is settled. */
struct held {
        struct runtime *runtime;
        uint64_t number;  /* in the window; 0 when the window was dropped: only open reports keep it */
        struct bus_record record;
        struct bus_header *headers; /* all bytes stand behind this object */
        int tries;
        struct sending_record letter, delivery;
        int64_t again;    /* not before this: what the broker did not take */
        enum delivery_outcome outcome;
        int status;
        struct uuid event_id;
        const char *stage, *code; /* of the dead letter */
        struct error reason;
};

enum brake_state { BRAKE_UNKNOWN, BRAKE_LOOKING, BRAKE_OFF, BRAKE_WANTED, BRAKE_MARKING, BRAKE_ON };

struct runtime_out {
        struct bus_consumer *consumer;
        struct window window;
        struct bus_part part;
        bool assigned, paused, stopping;
        size_t open, due;          /* sending records without a report; to be sent (again) */
        int64_t committed, commit_at;
        unsigned laters;           /* answers in a row that asked for a pause */
        struct delivery_codec *codec;
        enum brake_state brake;
        struct brake *reader;
        struct delivery_record gone; /* the record that was answered with 410, as it will be told */
        struct sending_record mark;
        int64_t mark_at;
};

/* -- Both -- */

struct runtime_metrics {
        struct metric *submitted, *tries, *outcomes, *waiting, *oldest, *braked;
};

struct runtime {
        struct runtime_config config;
        const struct connector_ops *ops;
        void *ctx;
        struct connector_env env;
        struct bus_producer *producer;
        struct arena *arena; /* of one delivery or one submission */
        struct buffer bytes; /* the same */
        struct runtime_metrics metrics;
        struct runtime_in in;
        struct runtime_out out;
        int64_t complain_at; /* not before this again */
        int failure;         /* found where none can be returned: ends the next turn */
        struct error failed;
        atomic_llong turned;
        atomic_size_t waiting;
        atomic_bool assigned, looking, braked, unanswered;
};

static inline int64_t runtime_now(const struct runtime *r) {
        return clock_monotonic(&r->config.clock);
}

/* Logs that the broker did not take a record, at most once a second. */
void runtime_complain(struct runtime *r, const struct bus_report *report);

/* Remembers why the runtime cannot go on; the first reason stays. */
void runtime_fail(struct runtime *r, int error, const struct error *err);

/* runtime_in.c */
void runtime_in_report(struct runtime *r, const struct bus_report *report);
int runtime_in_turn(struct runtime *r, int timeout_ms, struct error *err);
int runtime_in_stop(struct runtime *r, struct error *err);

/* runtime_out.c */
int runtime_out_open(struct runtime *r, struct error *err);
int runtime_out_turn(struct runtime *r, int timeout_ms, struct error *err);
int runtime_out_stop(struct runtime *r, struct error *err);
void runtime_out_close(struct runtime *r);

/* runtime_deliver.c: one try of one record */
int runtime_deliver(struct runtime *r, struct window_entry *entry, struct error *err);

/* runtime_record.c: what is over, in dead-letters and deliveries */
void runtime_record(struct runtime *r, struct held *held);      /* is over: writes what must be written, then settles */
void runtime_record_due(struct runtime *r);                     /* sends again what the broker did not take */
void runtime_out_report(struct runtime *r, const struct bus_report *report);
void runtime_held_drop(struct runtime *r, struct held *held);   /* the window is dropped: frees it, or leaves that to its last report */
void runtime_count(struct runtime *r, enum delivery_outcome outcome);

/* runtime_brake.c */
void runtime_brake_want(struct runtime *r, const struct held *held, const struct attempt *attempt);
int runtime_brake_turn(struct runtime *r, struct error *err);
void runtime_brake_forget(struct runtime *r);                   /* with another assignment the question is asked anew */
