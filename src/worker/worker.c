/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The loop, one turn at a time
 *
 * poll, deal with what came, look whether partitions have caught up, sweep cases that are due, commit
 * when it is time. Errors are sorted here and nowhere else: an aborted transaction is dropped and
 * read again, a changed group is polled for, all else ends the worker.
 */

#include "worker/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/topics.h"
#include "engine/restore.h"
#include "worker/intake.h"
#include "worker/partition.h"
#include "worker/restore.h"
#include "worker/standstill.h"
#include "worker/sweep.h"
#include "worker/tell.h"
#include "worker/transaction.h"

#define ONCE_AGAIN_MAX 10 /* turns that an input which is not what was left costs; each finds it as it is then */
#define SHOW_MS 200 /* between two looks at lag and cases due */

struct worker {
        struct worker_config c;
        struct ground ground; /* each of these stands on the ones before it */
        struct teller teller;
        struct partitions parts;
        struct transaction txn;
        struct standstill standstill;
        struct intake intake;
        struct sweep sweep;
        bool idle;            /* nothing was waiting when last asked */
        bool stopped;
        bool refused;         /* a step ended with WORKER_E_CONFIG: others are to have its partitions at once */
        bool assigned;
        unsigned again;       /* how often an input was not what was left in it */
        bool done;
        day_t gaps_said;      /* the day on which it was last said what the calendar lacks */
        int64_t shown_at;     /* monotonic: when the gauges were last looked up */
        atomic_bool interrupted;
};

/* -- Making one -- */

static int worker_lay_ground(struct worker *w, struct error *err) {
        struct ground *g = &w->ground;
        int r = worker_topics_list(w->c.config, &g->topics, err);

        if (r)
                return r;
        error_set(err, "out of memory while the worker was made");
        g->config = w->c.config;
        g->log = w->c.log;
        g->instance = w->c.instance;
        g->deciding = w->c.clock;
        g->real = w->c.real;
        if (meter_init(&g->meter, w->c.metrics, g->topics.n_inputs) || arena_new(&g->scratch, GROUND_SCRATCH_MAX) ||
            engine_new(g->config, &g->engine))
                return -ENOMEM;
        ground_look(g);
        return 0;
}

static int worker_open_bus(struct worker *w, struct error *err) {
        const struct worker_topics *topics = &w->ground.topics;
        struct bus_worker_config config = {.group = w->c.group ? w->c.group : TOPICS_GROUP_RULES,
                                           .instance = w->c.instance,
                                           .state = TOPIC_CASE_STATE,
                                           .inputs = topics->inputs,
                                           .inputs_n = topics->n_inputs,
                                           .outputs = topics->outputs,
                                           .outputs_n = topics->n_outputs};
        int32_t n;
        int r = bus_worker_open(w->c.bus, &config, &w->ground.bus, err);

        if (r)
                return error_trace(r, err);
        n = bus_worker_partitions(w->ground.bus);
        if (w->c.partitions && w->c.partitions != n) {
                error_set(err, "%s has %d partitions and the configuration says %d; partition counts never change: put broker.yaml right, or move "
                               "to another prefix (state copy)",
                          TOPIC_CASE_STATE, n, w->c.partitions);
                w->refused = true;
                return WORKER_E_CONFIG;
        }
        error_set(err, "out of memory while the worker was made");
        return partitions_init(&w->parts, &w->ground, n);
}

int worker_new(const struct worker_config *config, struct worker **ret, struct error *err) {
        CLEANUP(worker_free_p) struct worker *w = calloc(1, sizeof(*w));
        int r;

        assert(config->config && config->bus && config->instance);
        assert(config->clock.ops && config->real.ops);
        assert(config->behind_after_ms >= 0 && config->partitions >= 0);
        if (!w) {
                error_set(err, "out of memory while the worker was made");
                return -ENOMEM;
        }
        w->c = *config;
        w->parts.behind_after_ms = config->behind_after_ms > 0 ? config->behind_after_ms : PARTITION_BEHIND_AFTER_MS;
        w->parts.retention = config->retention;
        w->parts.once = config->once;
        r = worker_lay_ground(w, err);
        if (r)
                return r;
        r = worker_open_bus(w, err);
        if (r)
                return r;
        ground_look(&w->ground); /* opening may have taken long */
        teller_init(&w->teller, &w->ground);
        r = transaction_init(&w->txn, &w->ground, &w->parts, &w->teller);
        if (r)
                return r;
        w->intake.txn = w->sweep.txn = &w->txn;
        w->standstill.ground = &w->ground;
        w->standstill.parts = &w->parts;
        w->intake.standstill = &w->standstill;
        *ret = TAKE(w);
        return 0;
}

struct worker *worker_free(struct worker *worker) {
        struct worker *w = worker;

        if (!w)
                return NULL;
        transaction_done(&w->txn);
        standstill_done(&w->standstill);
        partitions_done(&w->parts);
        teller_done(&w->teller);
        meter_done(&w->ground.meter);
        bus_worker_close(w->ground.bus, w->stopped || w->refused);
        engine_free(w->ground.engine);
        arena_free(w->ground.scratch);
        worker_topics_done(&w->ground.topics);
        free(w);
        return NULL;
}

/* -- The group -- */

/* Takes on, restores and begins to read what the group handed out. */
static int worker_take_on(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        int r;

        for (size_t i = 0; i < n; i++) {
                r = partitions_add(&w->parts, parts[i].partition, err);
                if (r)
                        return r;
        }
        if (n == 0)
                return 0;
        r = restore_partitions(&w->parts, parts, n, &w->interrupted, err);
        if (r)
                return r;
        r = partitions_begin(&w->parts, parts, n, err);
        if (r)
                return r;
        transaction_touch(&w->txn); /* what the rows lack is written with the first commit */
        return 0;
}

/* An assignment is whole: what was owned before has been revoked or lost by then. */
static int worker_assigned(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        int r;

        standstill_forget(&w->standstill);
        partitions_drop_all(&w->parts);
        if (w->c.once && (w->assigned || (int32_t)n != w->parts.n)) {
                error_set(err, "--once got %zu of %d partitions; stop the other workers of this group, then run it again", n, w->parts.n);
                return WORKER_E_SPLIT;
        }
        log_line(w->ground.log, PARTITIONS_ASSIGNED, LOG_STRING("instance", w->ground.instance), LOG_INT("partitions", (int64_t)n));
        r = worker_take_on(w, parts, n, err);
        if (r) {
                partitions_drop_all(&w->parts); /* of half a restore nothing may be told */
                return r;
        }
        w->assigned = true;
        meter_assigned(&w->ground.meter, true);
        return 0;
}

static int worker_roll_back(struct worker *w, struct error *err) {
        w->idle = false;
        standstill_forget(&w->standstill);
        return transaction_abort(&w->txn, err);
}

enum worker_gone { GONE_REVOKED, GONE_LOST, GONE_AGAIN };

/* Commits what was read of partitions that go. Whether it succeeds or not, they are dropped. */
static int worker_let_go(struct worker *w, const struct bus_part *parts, size_t n, enum worker_gone how, struct error *err) {
        static const char *const hows[] = {[GONE_REVOKED] = "revoked", [GONE_LOST] = "lost", [GONE_AGAIN] = "again"};
        bool lost = how != GONE_REVOKED;
        int r;

        log_line(w->ground.log, PARTITIONS_GONE, LOG_STRING("instance", w->ground.instance), LOG_INT("partitions", (int64_t)n),
                 LOG_STRING("how", hows[how]));
        meter_assigned(&w->ground.meter, false);
        r = lost ? BUS_E_ABORTED : transaction_commit(&w->txn, err);
        if (r == BUS_E_ABORTED) {
                if (lost)
                        error_set(err, how == GONE_AGAIN ? "an input is not what was left in it" : "the group moved on without this member");
                r = worker_roll_back(w, err);
        }
        standstill_forget(&w->standstill);
        partitions_drop(&w->parts, parts, n);
        if (r)
                return r;
        if (how == GONE_AGAIN && w->again++ < ONCE_AGAIN_MAX) {
                w->assigned = false; /* the same come with the next turn */
                return 0;
        }
        if (w->c.once && n) {
                error_set(err, "the group took partitions away while --once was reading; stop the other workers, then run it again");
                return WORKER_E_SPLIT;
        }
        return 0;
}

static int worker_regroup(struct worker *w, const struct bus_event *event, struct error *err) {
        size_t n = event->parts_n;
        CLEANUP(cleanup_free) void *copy = malloc((n + 1) * sizeof(*event->parts)); /* the event's own are gone with the next call */

        if (!copy) {
                error_set(err, "out of memory while the group handed out partitions");
                return -ENOMEM;
        }
        if (n)
                memcpy(copy, event->parts, n * sizeof(*event->parts));
        if (event->kind != BUS_ASSIGNED)
                return worker_let_go(w, copy, n, event->kind == BUS_REVOKED ? GONE_REVOKED : event->again ? GONE_AGAIN : GONE_LOST, err);
        w->sweep.records = SWEEP_RECORDS; /* look at once whether there is anything to read at all */
        return worker_assigned(w, copy, n, err);
}

/* -- One turn -- */

static int worker_deal(struct worker *w, struct bus_event *event, struct error *err) {
        w->idle = event->kind == BUS_NONE;
        switch (event->kind) {
        case BUS_RECORD:
                w->sweep.records++;
                return intake_record(&w->intake, &event->record, err);
        case BUS_ASSIGNED:
        case BUS_REVOKED:
        case BUS_LOST:
                return worker_regroup(w, event, err);
        case BUS_NONE:
        case BUS_END:
                break;
        }
        return 0;
}

static int worker_tend(struct worker *w, struct error *err) {
        int r = standstill_look(&w->standstill, err);

        if (r)
                return r;
        if (w->idle || sweep_is_wanted(&w->sweep)) {
                r = partitions_look(&w->parts, err);
                if (r)
                        return r;
        }
        if (w->idle || w->parts.backlog || sweep_is_wanted(&w->sweep)) {
                r = sweep_cases(&w->sweep, err);
                if (r)
                        return r;
        }
        return transaction_is_due(&w->txn, w->idle) ? transaction_commit(&w->txn, err) : 0;
}

/* Once: all that was there is read, evaluated, and so committed. */
static int worker_finish_once(struct worker *w, struct error *err) {
        const struct partitions *parts = &w->parts;
        int r;

        if (!w->c.once || w->done || !w->assigned)
                return 0;
        if (parts->clock_away) {
                error_set(err, "this machine's clock is more than an hour from the broker's; set the clock, then run --once again");
                return -EPROTO;
        }
        if (w->standstill.items.n) {
                error_set(err, "%zu inputs wait before a record whose schema the registry cannot be asked for; when it answers, run --once again",
                          w->standstill.items.n);
                return -EPROTO;
        }
        if (parts->n_not_live || parts->backlog)
                return 0;
        for (size_t i = 0; i < parts->n_owned; i++) {
                if (store_touched(parts->owned[i]->store))
                        return 0;
        }
        r = transaction_commit(&w->txn, err);
        if (r)
                return r;
        r = bus_worker_settle(w->ground.bus, err); /* whoever waits for this process looks at the group when it has ended */
        w->done = r == 0;
        return error_trace(r, err);
}

static int worker_turn(struct worker *w, struct bus_event *event, struct error *err) {
        int r = worker_deal(w, event, err);

        if (event->kind == BUS_ASSIGNED)
                ground_look(&w->ground);
        if (r)
                return r;
        r = worker_tend(w, err);
        return r ? r : worker_finish_once(w, err);
}

static int worker_sort_out(struct worker *w, int r, struct error *err) {
        if (r == BUS_E_ABORTED)
                return worker_roll_back(w, err);
        w->refused |= r == WORKER_E_CONFIG;
        return r == BUS_E_REBALANCED ? 0 : r; /* the next poll says what becomes of the partitions */
}

/* What waits for a year that the calendar does not have: at most once a day. */
static void worker_say_gaps(struct worker *w, const int64_t cases[CASE_GAPS - 1]) {
        day_t today = date_of_instant(w->ground.now.real);
        int64_t all = 0, first = 0;
        size_t n;
        const int *years = engine_gaps(w->ground.engine, &n);

        for (size_t i = CASE_GAPS - 1; i-- > 0;) {
                all += cases[i];
                if (cases[i] && i < n)
                        first = years[i];
        }
        if (all == 0 || w->gaps_said == today)
                return;
        w->gaps_said = today;
        log_line(w->ground.log, CALENDAR_LACKS, LOG_STRING("instance", w->ground.instance), LOG_INT("cases", all), LOG_INT("year", first));
}

/* Gauges that are looked up: lag, cases due, cases that the calendar keeps waiting. */
static void worker_show(struct worker *w) {
        struct meter *meter = &w->ground.meter;
        int64_t gaps[CASE_GAPS - 1];

        w->shown_at = w->ground.now.monotonic;
        meter_lag(meter, partitions_lag_records(&w->parts), w->idle || !w->parts.stamp ? 0 : w->ground.now.real - w->parts.stamp);
        meter_cases_due(meter, partitions_cases_due(&w->parts));
        partitions_count_gaps(&w->parts, gaps);
        meter_gaps(meter, gaps);
        worker_say_gaps(w, gaps);
}

int worker_step(struct worker *worker, int timeout_ms, struct error *err) {
        struct worker *w = worker;
        struct bus_event event;
        int r, wait = w->parts.backlog ? 0 : timeout_ms;

        assert(!w->stopped && w->ground.bus && timeout_ms >= 0);
        wait = transaction_wait_ms(&w->txn, wait);
        wait = sweep_wait_ms(&w->sweep, wait);
        r = bus_worker_poll(w->ground.bus, wait, &event, err);
        if (r)
                return worker_sort_out(w, error_trace(r, err), err);
        ground_look(&w->ground);
        r = worker_turn(w, &event, err);
        if (r)
                r = worker_sort_out(w, r, err);
        if (r == 0 && w->idle && sweep_is_settled(&w->sweep))
                meter_settled(&w->ground.meter, w->ground.now.deciding);
        if (w->ground.now.monotonic - w->shown_at >= SHOW_MS || w->done || event.kind == BUS_ASSIGNED)
                worker_show(w);
        return r;
}

bool worker_done(const struct worker *worker) {
        return worker->done;
}

int worker_stop(struct worker *worker, struct error *err) {
        int r = transaction_commit(&worker->txn, err);

        if (r == BUS_E_ABORTED) /* read again by whoever comes next */
                r = error_trace(bus_worker_abort(worker->ground.bus, err), err);
        worker->stopped = true;
        bus_worker_close(TAKE(worker->ground.bus), true);
        return r < 0 ? r : 0;
}

void worker_interrupt(struct worker *worker) {
        atomic_store(&worker->interrupted, true);
}

struct bus_worker *worker_bus(struct worker *worker) {
        return worker->ground.bus;
}

struct bus_worker *worker_take_bus(struct worker *worker) {
        return TAKE(worker->ground.bus);
}

/* -- Looking at it -- */

void worker_status(const struct worker *worker, struct worker_status *ret) {
        meter_status(&worker->ground.meter, ret);
}

void worker_census(const struct worker *worker, struct worker_census *ret) {
        const struct partitions *parts = &worker->parts;

        *ret = (struct worker_census){.partitions = (int32_t)parts->n_owned};
        for (size_t i = 0; i < parts->n_owned; i++) {
                struct store_stats stats = store_stats(parts->owned[i]->store);

                ret->cases += stats.cases;
                ret->facts += stats.facts;
                ret->open_alerts += stats.open_alerts;
                ret->closed += stats.closed;
                ret->bytes += stats.bytes;
                ret->checksum += store_checksum(parts->owned[i]->store);
        }
}
