/* SPDX-License-Identifier: EUPL-1.2 */

/* One thread makes what was asked for, first come first served; results are counted by who holds them. */

#include "replica/reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "survey/report_query.h"

#define REPORTS_WAIT_MS 500 /* at most, before the thread looks whether it is to end, or the replica has come */

struct reports_slot { /* what was asked once */
        bool used, wanted, failed;
        struct listing_query query;
        char *norm, *field; /* owned: query's */
        uint64_t asked;     /* rises with every question */
        uint64_t since;     /* the question from which on it is wanted */
        int64_t made_ms;    /* monotonic: when the report was made, or failed */
        size_t done, all;
        struct report *report;
};

struct reports {
        struct replica *replica;
        struct clock clock;
        pthread_mutex_t lock; /* never held with the replica's */
        pthread_cond_t wake;
        bool has_lock, has_wake;
        struct reports_slot slots[REPORTS_KEPT];
        uint64_t asked;
        struct loop loop;
};

/* -- What is asked -- */

static bool reports_same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool reports_same_query(const struct listing_query *a, const struct listing_query *b) {
        return a->kind == b->kind && a->at == b->at && a->started_from == b->started_from && a->started_until == b->started_until &&
               a->due_from == b->due_from && a->due_until == b->due_until && a->region == b->region && a->gi == b->gi &&
               a->municipality == b->municipality && a->organisation == b->organisation && a->told_to == b->told_to &&
               reports_same_text(a->norm, b->norm) && a->by.kind == b->by.kind && a->by.type == b->by.type &&
               reports_same_text(a->by.field, b->by.field);
}

/* -- Slots, under the lock -- */

static void reports_drop(struct report *report) {
        if (!report || --report->holders)
                return;
        listing_free(report->listing);
        free(report);
}

static void reports_clear(struct reports_slot *slot) {
        reports_drop(slot->report);
        free(slot->norm);
        free(slot->field);
        *slot = (struct reports_slot){0};
}

/* The slot of a query; else one that is free, or that was asked for longest ago and is not wanted now; NULL: all are. */
static struct reports_slot *reports_place(struct reports *r, const struct listing_query *query) {
        struct reports_slot *best = NULL;

        for (size_t i = 0; i < REPORTS_KEPT; i++) {
                struct reports_slot *slot = &r->slots[i];

                if (slot->used && reports_same_query(&slot->query, query))
                        return slot;
                if (!slot->wanted && (!best || slot->asked < best->asked))
                        best = slot;
        }
        return best;
}

static bool reports_take_place(struct reports_slot *slot, const struct listing_query *query) {
        reports_clear(slot);
        slot->query = *query;
        slot->query.bytes_max = REPORTS_BYTES_MAX;
        slot->norm = query->norm ? strdup(query->norm) : NULL;
        slot->field = query->by.field ? strdup(query->by.field) : NULL;
        slot->query.norm = slot->norm;
        slot->query.by.field = slot->field;
        slot->used = !(query->norm && !slot->norm) && !(query->by.field && !slot->field);
        if (!slot->used)
                reports_clear(slot);
        return slot->used;
}

static void reports_want(struct reports *r, struct reports_slot *slot) {
        slot->wanted = true;
        slot->since = r->asked;
        slot->done = slot->all = 0;
        (void) pthread_cond_signal(&r->wake);
}

static void reports_ask_locked(struct reports *r, const struct listing_query *query, struct reports_answer *ret) {
        struct reports_slot *slot = reports_place(r, query);
        bool is_old;

        if (!slot || (!(slot->used && reports_same_query(&slot->query, query)) && !reports_take_place(slot, query))) {
                ret->state = REPORTS_BUSY;
                return;
        }
        slot->asked = ++r->asked;
        is_old = !(slot->report || slot->failed) || clock_monotonic(&r->clock) - slot->made_ms >= REPORTS_OLD_MS;
        if (is_old && !slot->wanted)
                reports_want(r, slot);
        if (slot->report) {
                slot->report->holders++;
                *ret = (struct reports_answer){.state = REPORTS_MADE, .report = slot->report, .anew = slot->wanted};
        } else if (slot->failed) {
                ret->state = REPORTS_TOO_LARGE;
        } else {
                *ret = (struct reports_answer){.state = REPORTS_IN_MAKING, .done = slot->done, .all = slot->all};
        }
}

void reports_ask(struct reports *r, const struct listing_query *query, struct reports_answer *ret) {
        *ret = (struct reports_answer){0};
        (void) pthread_mutex_lock(&r->lock);
        reports_ask_locked(r, query, ret);
        (void) pthread_mutex_unlock(&r->lock);
}

void reports_give_back(struct reports *r, struct report *report) {
        (void) pthread_mutex_lock(&r->lock);
        reports_drop(report);
        (void) pthread_mutex_unlock(&r->lock);
}

/* -- The thread -- */

static void reports_tell_progress(struct reports *r, struct reports_slot *slot, const struct listing_run *run) {
        (void) pthread_mutex_lock(&r->lock);
        listing_progress(run, &slot->done, &slot->all);
        (void) pthread_mutex_unlock(&r->lock);
}

/* Only this thread takes the slot's query away or makes another of it while it is wanted. Return: 0; -ENOMEM; -ECANCELED: it is to end. */
static int reports_make(struct reports *r, struct reports_slot *slot, struct listing **ret, instant_t *ret_at) {
        CLEANUP(listing_run_free_p) struct listing_run *run = NULL;
        const struct report_asked asked = {.until = slot->query.due_until == DAY_NONE ? NULL : ""};
        const size_t cases = slot->query.told_to ? REPORTS_TOLD_AT_ONCE : REPORTS_CASES_AT_ONCE;
        const struct timespec pause = {.tv_nsec = REPORTS_PAUSE_US * 1000L};
        struct listing_query query = slot->query;
        int more;

        replica_lock(r->replica);
        report_query_seen(&query, &asked, query.at == INSTANT_NEVER ? replica_now(r->replica) : query.at);
        more = listing_begin(replica_store(r->replica), &query, &run);
        replica_unlock(r->replica);
        if (more)
                return more;
        do {
                if (loop_is_asked(&r->loop))
                        return -ECANCELED;
                replica_lock(r->replica);
                more = listing_step(run, replica_engine(r->replica), replica_store(r->replica), cases);
                replica_unlock(r->replica);
                reports_tell_progress(r, slot, run);
                (void) nanosleep(&pause, NULL);
        } while (more > 0);
        *ret_at = query.at;
        return more ? more : listing_end(run, ret);
}

static void reports_keep(struct reports *r, struct reports_slot *slot, struct listing *listing, instant_t at) {
        struct report *report = listing ? calloc(1, sizeof(*report)) : NULL;

        if (report)
                *report = (struct report){.listing = TAKE(listing), .at = at, .holders = 1};
        listing_free(listing);
        (void) pthread_mutex_lock(&r->lock);
        reports_drop(slot->report);
        slot->report = report;
        slot->failed = !report;
        slot->made_ms = clock_monotonic(&r->clock);
        slot->wanted = false;
        (void) pthread_mutex_unlock(&r->lock);
}

/* The one that waits longest; NULL when none does, after a while. */
static struct reports_slot *reports_next(struct reports *r, bool wait) {
        const struct clock real = clock_system();
        const int64_t until = clock_monotonic(&real) + REPORTS_WAIT_MS; /* the condition lives by the machine's own clock */
        struct reports_slot *next = NULL;

        (void) pthread_mutex_lock(&r->lock);
        for (size_t i = 0; i < REPORTS_KEPT; i++) {
                if (r->slots[i].wanted && (!next || r->slots[i].since < next->since))
                        next = &r->slots[i];
        }
        if ((wait || !next) && !loop_is_asked(&r->loop))
                (void) pthread_cond_timedwait(&r->wake, &r->lock, &(struct timespec){until / 1000, until % 1000 * 1000000});
        (void) pthread_mutex_unlock(&r->lock);
        return next;
}

static int reports_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int reports_turn(void *ctx, bool *ret_done, struct error *err) {
        struct reports *r = ctx;
        struct replica_status status;
        struct reports_slot *slot;
        struct listing *listing = NULL;
        instant_t at = 0;
        bool is_there;
        int made;

        (void) ret_done;
        (void) err;
        replica_status(r->replica, &status);
        is_there = status.seen != 0; /* of half of the cases no report is made */
        slot = reports_next(r, !is_there);
        if (!slot || !is_there)
                return 0;
        made = reports_make(r, slot, &listing, &at);
        if (made != -ECANCELED)
                reports_keep(r, slot, listing, at);
        return 0;
}

static void reports_interrupt(void *ctx) {
        struct reports *r = ctx;

        (void) pthread_mutex_lock(&r->lock);
        (void) pthread_cond_signal(&r->wake);
        (void) pthread_mutex_unlock(&r->lock);
}

/* -- Beginning and end -- */

static bool reports_locks(struct reports *r) {
        pthread_condattr_t attr;

        r->has_lock = pthread_mutex_init(&r->lock, NULL) == 0;
        if (pthread_condattr_init(&attr))
                return false;
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        r->has_wake = pthread_cond_init(&r->wake, &attr) == 0;
        (void) pthread_condattr_destroy(&attr);
        return r->has_lock && r->has_wake;
}

int reports_new(struct replica *replica, struct clock clock, struct reports **ret, struct error *err) {
        static const struct loop_ops ops = {.open = reports_open, .turn = reports_turn, .interrupt = reports_interrupt};
        CLEANUP(reports_free_p) struct reports *r = calloc(1, sizeof(*r));
        int started;

        if (!r)
                return -ENOMEM;
        r->replica = replica;
        r->clock = clock;
        if (!reports_locks(r))
                return -ENOMEM;
        started = loop_start(&r->loop, &ops, r, err);
        if (started)
                return started;
        *ret = TAKE(r);
        return 0;
}

struct reports *reports_free(struct reports *r) {
        if (!r)
                return NULL;
        loop_ask(&r->loop);
        loop_join(&r->loop);
        for (size_t i = 0; i < REPORTS_KEPT; i++)
                reports_clear(&r->slots[i]);
        if (r->has_wake)
                (void) pthread_cond_destroy(&r->wake);
        if (r->has_lock)
                (void) pthread_mutex_destroy(&r->lock);
        free(r);
        return NULL;
}
