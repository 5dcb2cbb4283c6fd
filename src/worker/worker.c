/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The loop, one turn at a time
 *
 * poll, deal with what came, look whether partitions have caught up, sweep cases that are due, commit
 * when it is time. Errors are sorted here and nowhere else: an aborted transaction is dropped and
 * read again, a changed group is polled for, all else ends the worker.
 */

#include <assert.h>
#include <errno.h>

#include "worker/inside.h"
#include "engine/restore.h"

#define SHOW_MS 200 /* between two looks at lag and cases due */

static int open_bus(struct worker *w, struct error *err) {
        struct bus_worker_config config = {.group = w->c.group,
                                           .instance = w->c.instance,
                                           .state = TOPIC_CASE_STATE,
                                           .inputs = w->topics.inputs,
                                           .inputs_n = w->topics.n_inputs,
                                           .outputs = w->topics.outputs,
                                           .outputs_n = w->topics.n_outputs};
        int r = bus_worker_open(w->c.bus, &config, &w->bus, err);

        if (r)
                return r;
        w->n_parts = bus_worker_partitions(w->bus);
        if (w->c.partitions && w->c.partitions != w->n_parts) {
                error_set(err, "%s has %d partitions and the configuration says %d; partition counts never change: put broker.yaml right, or move "
                               "to another prefix (state copy)",
                          TOPIC_CASE_STATE, w->n_parts, w->c.partitions);
                w->refused = true;
                return WORKER_E_CONFIG;
        }
        w->parts = calloc((size_t)w->n_parts, sizeof(struct partition *));
        w->owned = calloc((size_t)w->n_parts, sizeof(struct partition *));
        return w->parts && w->owned ? 0 : -ENOMEM;
}

int worker_new(const struct worker_config *config, struct worker **ret, struct error *err) {
        CLEANUP(worker_free_p) struct worker *w = calloc(1, sizeof(*w));
        int r;

        assert(config->config && config->bus && config->instance);
        error_set(err, "out of memory while the worker was made");
        if (!w)
                return -ENOMEM;
        w->c = *config;
        w->c.group = config->group ? config->group : TOPICS_GROUP_RULES;
        w->c.behind_after_ms = config->behind_after_ms > 0 ? config->behind_after_ms : WORKER_BEHIND_AFTER_MS;
        w->body.max = WORKER_BODY_MAX;
        r = topics_of_worker(config->config, &w->topics, err);
        if (r)
                return r;
        w->tally.facts = calloc(w->topics.n_inputs + 1, sizeof(*w->tally.facts));
        if (!w->tally.facts || arena_new(&w->scratch, WORKER_SCRATCH_MAX) || engine_new(config->config, &w->engine) || row_codec_new(&w->rows))
                return -ENOMEM;
        r = open_bus(w, err);
        if (r)
                return r;
        clock_look(w);
        w->txn.committed = w->now.monotonic - WORKER_COMMIT_PAUSE_MS;
        *ret = TAKE(w);
        return 0;
}

struct worker *worker_free(struct worker *worker) {
        if (!worker)
                return NULL;
        partitions_drop_all(worker);
        if (worker->tally.facts) { /* takes this worker's share out of the gauges */
                worker->idle = true;
                worker->clock_away = false;
                metrics_show(worker);
                metrics_clock(worker);
        }
        bus_worker_close(worker->bus, worker->stopped || worker->refused);
        engine_free(worker->engine);
        row_codec_free(worker->rows);
        arena_free(worker->scratch);
        buffer_done(&worker->body);
        free(worker->parts);
        free(worker->owned);
        free(worker->tally.facts);
        topics_of_worker_done(&worker->topics);
        free(worker);
        return NULL;
}

/* Commits what was read of partitions that go. Whether it succeeds or not, they are dropped. */
static int let_go(struct worker *w, const struct bus_event *event, struct error *err) {
        size_t n = event->parts_n;
        CLEANUP(cleanup_free) void *copy = malloc((n + 1) * sizeof(struct bus_part));
        struct bus_part *parts = copy;
        int r;

        if (!parts)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                parts[i] = event->parts[i];
        log_line(w->c.log, PARTITIONS_GONE, LOG_STRING("instance", w->c.instance), LOG_INT("partitions", (int64_t)n),
                 LOG_STRING("how", event->kind == BUS_LOST ? "lost" : "revoked"));
        r = event->kind == BUS_LOST ? BUS_E_ABORTED : transaction_commit(w, err);
        if (r == BUS_E_ABORTED) {
                if (event->kind == BUS_LOST)
                        error_set(err, "the group moved on without this member");
                r = transaction_abort(w, err);
        }
        partitions_drop(w, parts, n);
        if (r == 0 && w->c.once && n) {
                error_set(err, "the group took partitions away while --once was reading; stop the other workers, then run it again");
                r = WORKER_E_SPLIT;
        }
        return r;
}

static int deal(struct worker *w, struct bus_event *event, struct error *err) {
        w->idle = event->kind == BUS_NONE;
        switch (event->kind) {
        case BUS_RECORD:
                w->unswept++;
                return intake(w, &event->record, err);
        case BUS_ASSIGNED:
                w->unswept = WORKER_SWEEP_RECORDS; /* look at once whether there is anything to read at all */
                return partitions_assign(w, event->parts, event->parts_n, err);
        case BUS_REVOKED:
        case BUS_LOST:
                return let_go(w, event, err);
        case BUS_NONE:
        case BUS_END:
                break;
        }
        return 0;
}

static int tend(struct worker *w, struct error *err) {
        int r = 0;

        if (w->n_not_live && (w->idle || w->unswept >= WORKER_SWEEP_RECORDS))
                r = behind_look(w, err);
        if (r == 0 && (w->idle || w->backlog || w->unswept >= WORKER_SWEEP_RECORDS))
                r = sweep(w, err);
        if (r == 0 && transaction_due(w))
                r = transaction_commit(w, err);
        return r;
}

/* Once: all that was there is read, evaluated, and so committed. */
static int finish_once(struct worker *w, struct error *err) {
        if (!w->c.once || w->done || !w->assigned)
                return 0;
        if (w->clock_away) {
                error_set(err, "this machine's clock is more than an hour from the broker's; set the clock, then run --once again");
                return -EPROTO;
        }
        if (w->n_not_live || w->backlog)
                return 0;
        for (size_t i = 0; i < w->n_owned; i++) {
                if (store_touched(w->owned[i]->store))
                        return 0;
        }
        int r = transaction_commit(w, err);

        if (r == 0) /* whoever waits for this process looks at the group when it has ended */
                r = bus_worker_settle(w->bus, err);
        w->done = r == 0;
        return r;
}

static int sort_out(struct worker *w, int r, struct error *err) {
        if (r == BUS_E_ABORTED)
                return transaction_abort(w, err);
        w->refused |= r == WORKER_E_CONFIG;
        return r == BUS_E_REBALANCED ? 0 : r; /* the next poll says what becomes of the partitions */
}

int worker_step(struct worker *worker, int timeout_ms, struct error *err) {
        struct worker *w = worker;
        struct bus_event event;
        int r, wait = w->backlog ? 0 : timeout_ms;

        assert(!w->stopped);
        wait = transaction_wait_ms(w, wait);
        wait = sweep_wait_ms(w, wait);
        r = bus_worker_poll(w->bus, wait, &event, err);
        if (r)
                return sort_out(w, r, err);
        clock_look(w);
        r = deal(w, &event, err);
        if (event.kind == BUS_ASSIGNED)
                clock_look(w);
        if (r == 0)
                r = tend(w, err);
        if (r == 0)
                r = finish_once(w, err);
        if (r)
                r = sort_out(w, r, err);
        if (r == 0 && w->idle)
                sweep_settled(w);
        if (w->now.monotonic - w->shown_at >= SHOW_MS || w->done || event.kind == BUS_ASSIGNED) {
                w->shown_at = w->now.monotonic;
                metrics_show(w);
        }
        return r;
}

bool worker_done(const struct worker *worker) {
        return worker->done;
}

int worker_stop(struct worker *worker, struct error *err) {
        int r = transaction_commit(worker, err);

        if (r == BUS_E_ABORTED) /* read again by whoever comes next */
                r = bus_worker_abort(worker->bus, err);
        worker->stopped = true;
        bus_worker_close(TAKE(worker->bus), true);
        return r < 0 ? r : 0;
}

void worker_interrupt(struct worker *worker) {
        atomic_store(&worker->interrupted, true);
}

struct bus_worker *worker_bus(struct worker *worker) {
        return worker->bus;
}

struct bus_worker *worker_take_bus(struct worker *worker) {
        return TAKE(worker->bus);
}

void worker_status(const struct worker *worker, struct worker_status *ret) {
        *ret = (struct worker_status){
                .assigned = atomic_load(&worker->shown.assigned),
                .clock_away = atomic_load(&worker->shown.clock_away),
                .restoring = atomic_load(&worker->shown.states[PARTITION_RESTORING]),
                .behind = atomic_load(&worker->shown.states[PARTITION_BEHIND]),
                .live = atomic_load(&worker->shown.states[PARTITION_LIVE]),
                .facts = atomic_load(&worker->shown.facts),
                .duplicates = atomic_load(&worker->shown.duplicates),
                .told = atomic_load(&worker->shown.told),
                .dead = atomic_load(&worker->shown.dead),
                .forgotten = atomic_load(&worker->shown.forgotten),
                .transactions = atomic_load(&worker->shown.transactions),
                .aborts = atomic_load(&worker->shown.aborts),
                .restore_percent = atomic_load(&worker->shown.restore_percent),
                .lag_records = atomic_load(&worker->shown.lag_records),
                .lag_ms = atomic_load(&worker->shown.lag_ms),
                .cases_due = atomic_load(&worker->shown.cases_due),
                .settled_at = atomic_load(&worker->shown.settled_at),
        };
}

void worker_census(const struct worker *worker, struct worker_census *ret) {
        *ret = (struct worker_census){.partitions = (int32_t)worker->n_owned};
        for (size_t i = 0; i < worker->n_owned; i++) {
                struct store_stats stats = store_stats(worker->owned[i]->store);

                ret->cases += stats.cases;
                ret->facts += stats.facts;
                ret->open_alerts += stats.open_alerts;
                ret->closed += stats.closed;
                ret->bytes += stats.bytes;
                ret->checksum += store_checksum(worker->owned[i]->store);
        }
}
