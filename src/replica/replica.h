/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A replica: the cases as the workers have them, for who only looks
 *
 * Follows case-state (all partitions, read_committed) by the worker's own restore code into one store of the engine, so that a case, its explanation, open
 * alerts and reports are answered from memory. Beside the store two indexes: open alerts, and which case an id occurs in. A thread of its own reads; when the
 * broker fails it says so, keeps what it knows, and goes on by itself where it was.
 *
 * Joins no group and writes nothing. Two replicas beside each other are fine.
 *
 * From any thread, but what it lends only between replica_lock() and replica_unlock(): hold it for milliseconds. The engine serves one thread, which is
 * the one that holds the lock.
 */

#include "bus/bus.h"
#include "base/metrics.h"
#include "base/log.h"
#include "engine/engine.h"
#include "model/config.h"
#include "survey/status_read.h"

#define REPLICA_ALERTS_MAX 1000000 /* open ones that are indexed; more are only counted, and lists say so */
#define REPLICA_IDS_MAX 8000000    /* that are indexed; ids beyond are found in their case only */
#define REPLICA_HITS_MAX 16        /* cases in which one id is looked for */
#define REPLICA_ROWS_A_TURN 2000   /* before it looks whether it is to stop; the lock is given back after each */
#define REPLICA_LOOK_MS 1000       /* between two questions of where case-state ends, by which it knows that it has all */
#define REPLICA_SILENT_MS 5000     /* without an answer for so long: AWAY */
#define REPLICA_AGAIN_MS 2000      /* before another try to reach the broker */

#define REPLICA_WHY_MAX 512

struct replica;

struct replica_config {
        const struct config *config;
        struct bus *bus;
        struct clock clock;
        const struct log *log;      /* may be NULL */
        struct metrics *metrics;    /* may be NULL */
};

/* Starts its thread. What @config points to must outlive it. Return: 0; -ENOSPC (metrics), -EAGAIN with a sentence; -ENOMEM. */
int replica_new(const struct replica_config *config, struct replica **ret, struct error *err) MUSTCHECK;
struct replica *replica_free(struct replica *r); /* also while the broker does not answer; NULL ok; returns NULL */
DEFINE_CLEANUP(struct replica *, replica_free);

enum replica_state { REPLICA_AWAY, REPLICA_RESTORING, REPLICA_LIVE };
struct replica_status {
        enum replica_state state;
        unsigned percent;   /* RESTORING: of the rows that stood there when it began */
        instant_t since;    /* of this state */
        instant_t seen;     /* when it last knew that it had all that stood there; 0: never */
        uint64_t rows;      /* taken in */
        uint64_t turn;      /* rises whenever anything that it lends has changed */
        instant_t told;     /* to here the workers' clock has come: the latest instant at which one told anything; 0: none did */
        instant_t written;  /* when the broker appended that, by its own clock; 0: it does not say */
        uint64_t strays;    /* rows that say nothing to this configuration */
        bool whole;         /* every id and every open alert is in its index: nothing was left out (REPLICA_IDS_MAX, REPLICA_ALERTS_MAX) */
        char why[REPLICA_WHY_MAX]; /* AWAY, strays, or the workers decide by another configuration: the sentence; "" */
};
void replica_status(const struct replica *r, struct replica_status *ret);

/*
 * What is known of how the workers write: the version of the configuration, and which text of it, by which each partition of case-state was written last;
 * in @arena, as ret->versions, imprints and versions_n. From any thread, without the lock. Return: 0 or -ENOMEM.
 */
int replica_versions(struct replica *r, struct arena *arena, struct status_known *ret) MUSTCHECK;

/* Waits until nobody else holds it; gives it back. */
void replica_lock(struct replica *r);
void replica_unlock(struct replica *r);

/* -- Between the two -- */

/* The present as the replica has it: that of the clock, and never before the latest instant at which anything was told. */
instant_t replica_now(const struct replica *r);
struct engine *replica_engine(struct replica *r);
struct store *replica_store(struct replica *r);

/* Whether anything of the case was told to @of: a copy, an announcement, a reminder, an alert. Looks at the case only. */
bool replica_was_told(struct replica *r, struct casefile *casefile, const struct organisation *of);

/* -- Which case an id occurs in: case_id, event_id, alert_id, and every id that events have -- */

struct replica_hit {
        struct uuid case_id;
        const char *field; /* "case_id", "measure_id" …: what the id is there */
};
/* Every case in which the id occurs, verified there. Return: how many of @ret are filled. */
size_t replica_find(struct replica *r, const struct uuid *id, struct replica_hit ret[REPLICA_HITS_MAX]);

/*
 * Cases of which a fact has this text in a personal field named `reference`, verified there; for whom may see such fields.
 * Return: how many of @ret are filled.
 */
size_t replica_find_reference(struct replica *r, struct text reference, struct replica_hit ret[REPLICA_HITS_MAX]);

/* -- Open alerts -- */

struct replica_alert {
        struct uuid alert_id, case_id;
        const struct organisation *organisation; /* who has it; NULL: not configured any more, then: */
        struct text organisation_id;
        struct text protocol, norm, instance;
        struct text role;
        day_t due_date;
        int rung;
        instant_t since;        /* raised (again) last */
        int64_t times_raised;
};

struct replica_alerts_filter { /* all empty: every one */
        const struct organisation *organisation;
        struct text protocol, norm;
        int rung;               /* 0: any */
        const struct uuid *case_id;
        instant_t before;       /* 0: any; raised before then */
};

struct replica_alerts_page {
        size_t matched; /* of the whole filter */
        size_t n;       /* given to @see */
        bool more;
};
/*
 * Open alerts that pass, in the order of since, then alert_id, behind @after (NULL: from the first), @limit of them at most; each is given to @see, with texts
 * borrowed until the lock is given back, but for .instance, which is borrowed until @see returns.
 */
void replica_alerts(struct replica *r, const struct replica_alerts_filter *filter, const struct replica_alert *after, size_t limit,
                    void (*see)(void *ctx, const struct replica_alert *alert), void *ctx, struct replica_alerts_page *ret);

/* How many are open, by rung, and of each organisation and norm; kept up to date, so that asking costs next to nothing. */
#define REPLICA_RUNGS 8 /* higher ones are counted with the last */
struct replica_open {
        int64_t all, by_rung[REPLICA_RUNGS]; /* by_rung [0]: rung 1 */
        instant_t oldest;                    /* since; 0: none */
};
void replica_open_alerts(struct replica *r, const struct organisation *of, struct replica_open *ret); /* NULL: of all */
/* Each pair of organisation and norm of which any is open, in no order. */
void replica_open_each(struct replica *r, void (*see)(void *ctx, const struct organisation *of, struct text protocol, struct text norm,
                                                      const struct replica_open *open), void *ctx);

/* Until when an open alert is acknowledged: what the engine says of its case now; 0: it is not. */
instant_t replica_acknowledged_until(struct replica *r, const struct replica_alert *alert);

/* -- For who measures -- */

struct replica_memory {
        size_t store, ids, alerts; /* bytes */
        size_t ids_n, alerts_n;    /* that are indexed */
};
/* Looks at every case. */
void replica_memory(struct replica *r, struct replica_memory *ret);
