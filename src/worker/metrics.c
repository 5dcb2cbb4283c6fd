/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What the workers of a process count and measure
 *
 * Counters move when a transaction is committed: what was rolled back never happened. Gauges are sums
 * over the workers, so each adds what changed of its own.
 */

#include <errno.h>

#include "worker/inside.h"

struct worker_metrics {
        struct metric *facts, *duplicates, *refused, *told, *partitions, *transactions, *lag_records, *lag, *overdue, *swept, *commit, *clock_away;
        struct metric *timers, *forgotten;
};

static const char *const state_names[PARTITION_STATES] = {"restoring", "behind", "live"};
static const char *const told_names[EFFECT_KINDS] = {"routed", "plan-due", "escalation-raised", "escalation-resolved"};
static const char *const result_names[] = {"committed", "aborted"};
static const int64_t short_ms[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};
static const int64_t long_ms[] = {10, 100, 1000, 5000, 10000, 60000, 300000, 3600000, 14400000, 86400000};

struct row {
        struct metric **ret;
        enum metric_kind kind;
        const char *name, *help, *label;
        const char *const *values; /* of the label, or NULL */
        size_t n_values;
        const int64_t *bounds;
        size_t n_bounds;
        uint32_t per_unit;
};

static int register_rows(struct metrics *metrics, const struct row *rows, size_t n, struct error *err) {
        for (size_t i = 0; i < n; i++) {
                const struct row *row = &rows[i];
                int r = metrics_register(metrics,
                                         &(struct metric_row){.name = row->name,
                                                              .kind = row->kind,
                                                              .help = row->help,
                                                              .labels = {{row->label, row->values, row->n_values}},
                                                              .bounds = row->bounds,
                                                              .n_bounds = row->n_bounds,
                                                              .per_unit = row->per_unit},
                                         row->ret, err);

                if (r)
                        return r;
        }
        return 0;
}

static int register_all(struct metrics *metrics, struct worker_metrics *m, const char *const *topics, size_t n_topics, struct error *err) {
        const struct row rows[] = {
                {&m->facts, METRIC_COUNTER, "ketenwacht_events_total", "Facts accepted, by topic.", "topic", topics, n_topics},
                {&m->duplicates, METRIC_COUNTER, "ketenwacht_duplicates_total", "Events that were known already and said the same."},
                {&m->refused, METRIC_COUNTER, "ketenwacht_refused_total", "Records in dead-letters, by code.", "code", refusal_codes + 1, REFUSALS - 1},
                {&m->told, METRIC_COUNTER, "ketenwacht_told_total", "Tellings, by kind.", "kind", told_names, EFFECT_KINDS},
                {&m->forgotten, METRIC_COUNTER, "ketenwacht_cases_forgotten_total", "Cases that were over, and whose retention was too."},
                {&m->partitions, METRIC_GAUGE, "ketenwacht_partitions", "Partitions owned, by state.", "state", state_names, PARTITION_STATES},
                {&m->transactions, METRIC_COUNTER, "ketenwacht_transactions_total", "Transactions, by result.", "result", result_names,
                 ELEMENTS(result_names)},
                {&m->lag_records, METRIC_GAUGE, "ketenwacht_lag_records", "Offsets that partitions which are behind have to read yet."},
                {&m->lag, METRIC_GAUGE, "ketenwacht_lag_seconds", "Age of the newest record read, 0 when nothing was waiting.", .per_unit = 1000},
                {&m->timers, METRIC_GAUGE, "ketenwacht_timers_pending", "Cases whose evaluation will change at a known instant, or waits."},
                {&m->overdue, METRIC_HISTOGRAM, "ketenwacht_overdue_seconds", "How late cases that fell due were evaluated.", .bounds = long_ms,
                 .n_bounds = ELEMENTS(long_ms), .per_unit = 1000},
                {&m->swept, METRIC_HISTOGRAM, "ketenwacht_evaluation_seconds", "Duration of one sweep over cases that are due or were touched.",
                 .bounds = short_ms, .n_bounds = ELEMENTS(short_ms), .per_unit = 1000},
                {&m->commit, METRIC_HISTOGRAM, "ketenwacht_commit_seconds", "Duration of commits.", .bounds = short_ms,
                 .n_bounds = ELEMENTS(short_ms), .per_unit = 1000},
                {&m->clock_away, METRIC_GAUGE, "ketenwacht_clock_away", "Workers that tell nothing because their clock is not the broker's."},
        };

        return register_rows(metrics, rows, ELEMENTS(rows), err);
}

int worker_metrics_new(struct metrics *metrics, const struct config *config, struct worker_metrics **ret, struct error *err) {
        CLEANUP(worker_metrics_free_p) struct worker_metrics *m = calloc(1, sizeof(*m));
        struct worker_topics topics;
        int r;

        if (!m)
                return -ENOMEM;
        r = topics_of_worker(config, &topics, err);
        if (r)
                return r;
        r = register_all(metrics, m, topics.inputs, topics.n_inputs, err);
        topics_of_worker_done(&topics);
        if (r)
                return r;
        *ret = TAKE(m);
        return 0;
}

struct worker_metrics *worker_metrics_free(struct worker_metrics *metrics) {
        free(metrics);
        return NULL;
}

/* -- The tally -- */

static void clear(struct worker *w) {
        uint64_t *facts = w->tally.facts;

        memset(facts, 0, w->topics.n_inputs * sizeof(*facts));
        w->tally = (struct tally){.facts = facts};
}

static void count(_Atomic int64_t *shown, struct metric *metric, size_t series, uint64_t by) {
        if (by == 0)
                return;
        atomic_fetch_add_explicit(shown, (int64_t)by, memory_order_relaxed);
        metric_add(metric, series, (int64_t)by);
}

void metrics_committed(struct worker *w) {
        static const struct worker_metrics nobody = {0};
        const struct worker_metrics *m = w->c.metrics ? w->c.metrics : &nobody;

        for (size_t i = 0; i < w->topics.n_inputs; i++)
                count(&w->shown.facts, m->facts, i, w->tally.facts[i]);
        for (size_t i = 0; i < EFFECT_KINDS; i++)
                count(&w->shown.told, m->told, i, w->tally.told[i]);
        for (size_t i = 1; i < REFUSALS; i++)
                count(&w->shown.dead, m->refused, i - 1, w->tally.refused[i]);
        count(&w->shown.duplicates, m->duplicates, 0, w->tally.duplicates);
        count(&w->shown.forgotten, m->forgotten, 0, w->tally.forgotten);
        count(&w->shown.transactions, m->transactions, 0, 1);
        clear(w);
}

void metrics_dropped(struct worker *w) {
        count(&w->shown.aborts, w->c.metrics ? w->c.metrics->transactions : NULL, 1, 1);
        clear(w);
}

/* -- Gauges and durations -- */

void metrics_partition(struct worker *w, int from, int to) {
        struct metric *m = w->c.metrics ? w->c.metrics->partitions : NULL;

        if (from >= 0) {
                atomic_fetch_sub(&w->shown.states[from], 1);
                metric_add(m, (size_t)from, -1);
        }
        if (to >= 0) {
                atomic_fetch_add(&w->shown.states[to], 1);
                metric_add(m, (size_t)to, 1);
        }
}

void metrics_overdue(struct worker *w, int64_t ms) {
        if (w->c.metrics)
                metric_observe(w->c.metrics->overdue, 0, ms);
}

void metrics_swept(struct worker *w, int64_t ms) {
        if (w->c.metrics)
                metric_observe(w->c.metrics->swept, 0, ms);
}

void metrics_commit_took(struct worker *w, int64_t ms) {
        if (w->c.metrics)
                metric_observe(w->c.metrics->commit, 0, ms);
}

static void gauge(_Atomic int64_t *shown, struct metric *metric, int64_t value) {
        int64_t before = atomic_exchange(shown, value);

        if (value != before)
                metric_add(metric, 0, value - before);
}

void metrics_clock(struct worker *w) {
        gauge(&w->shown.clock_away, w->c.metrics ? w->c.metrics->clock_away : NULL, w->clock_away);
}

void metrics_show(struct worker *w) {
        static const struct worker_metrics nobody = {0};
        const struct worker_metrics *m = w->c.metrics ? w->c.metrics : &nobody;
        int64_t records = 0, due = 0, age = w->idle || !w->stamp ? 0 : w->now.real - w->stamp;

        for (size_t i = 0; i < w->n_owned; i++) {
                const struct partition *p = w->owned[i];
                const int64_t *at = p->state == PARTITION_BEHIND ? bus_worker_positions(w->bus, p->number) : NULL;

                due += (int64_t)store_waiting(p->store);
                for (size_t k = 0; at && k < w->topics.n_inputs; k++)
                        records += p->ends[k] > at[k] ? p->ends[k] - at[k] : 0;
        }
        gauge(&w->shown.lag_records, m->lag_records, records);
        gauge(&w->shown.lag_ms, m->lag, age > 0 ? age : 0);
        gauge(&w->shown.cases_due, m->timers, due);
        atomic_store(&w->shown.assigned, w->assigned);
}
