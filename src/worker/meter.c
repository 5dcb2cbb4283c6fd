/* SPDX-License-Identifier: EUPL-1.2 */

/* The metrics of workers as a table of rows, and the numbers that one worker shows. */

#include "worker/meter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/topics.h"

#define METER_YEAR_TEXT 12

struct worker_metrics {
        struct metric *facts, *duplicates, *refused, *told, *partitions, *transactions, *lag_records, *lag, *overdue, *swept, *commit, *clock_away;
        struct metric *timers, *gaps, *forgotten, *passed, *anew, *remarks, *filling, *standing;
};

static const char *const state_names[PARTITION_STATES] = {"restoring", "behind", "live"};
static const char *const told_names[EFFECT_KINDS] = {"routed", "plan-due", "escalation-raised", "escalation-resolved"};
static const struct worker_metrics nobody = {0}; /* a metric that is NULL counts nothing */
static const char *const result_names[] = {"committed", "aborted"};
static const int64_t short_ms[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};
static const int64_t long_ms[] = {10, 100, 1000, 5000, 10000, 60000, 300000, 3600000, 14400000, 86400000};

struct meter_row {
        struct metric **ret;
        enum metric_kind kind;
        const char *name, *help, *label;
        const char *const *values; /* of the label, or NULL */
        size_t n_values;
        const int64_t *bounds;
        size_t n_bounds;
        uint32_t per_unit;
};

static int meter_register_rows(struct metrics *metrics, const struct meter_row *rows, size_t n, struct error *err) {
        for (size_t i = 0; i < n; i++) {
                const struct meter_row *row = &rows[i];
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

/* Names of the years that the calendar lacks, and last of all others. */
struct meter_years {
        char texts[CALENDAR_GAPS_MAX][METER_YEAR_TEXT];
        const char *names[CALENDAR_GAPS_MAX + 1];
        size_t n;
};

static void meter_name_years(const struct config *config, struct meter_years *ret) {
        int years[CALENDAR_GAPS_MAX];

        ret->n = calendar_gaps(config->calendar, years);
        for (size_t i = 0; i < ret->n; i++) {
                (void) snprintf(ret->texts[i], sizeof(ret->texts[i]), "%d", years[i]);
                ret->names[i] = ret->texts[i];
        }
        ret->names[ret->n++] = "other";
}

static int meter_register(struct metrics *metrics, struct worker_metrics *m, const char *const *topics, size_t n_topics, const struct meter_years *years,
                          struct error *err) {
        const struct meter_row rows[] = {
                {&m->facts, METRIC_COUNTER, "ketenwacht_events_total", "Facts accepted, by topic.", "topic", topics, n_topics},
                {&m->duplicates, METRIC_COUNTER, "ketenwacht_duplicates_total", "Events that were known already and said the same."},
                {&m->refused, METRIC_COUNTER, "ketenwacht_refused_total", "Records in dead-letters, by code.", "code", refusal_codes + 1, REFUSALS_HARD - 1},
                {&m->remarks, METRIC_COUNTER, "ketenwacht_without_effect_total", "Events taken without the effect that their source could expect, by code.",
                 "code", refusal_codes + REFUSALS_HARD, REFUSALS - REFUSALS_HARD},
                {&m->told, METRIC_COUNTER, "ketenwacht_told_total", "Tellings, by kind.", "kind", told_names, EFFECT_KINDS},
                {&m->forgotten, METRIC_COUNTER, "ketenwacht_cases_forgotten_total", "Cases that were over, and whose retention was too."},
                {&m->filling, METRIC_COUNTER, "ketenwacht_cases_filling_total",
                 "Cases that came to 80 % of the facts that one may hold, and each 500 beyond."},
                {&m->passed, METRIC_COUNTER, "ketenwacht_passed_over_total", "Offsets that were never read because their records were gone, by topic.", "topic",
                 topics, n_topics},
                {&m->anew, METRIC_COUNTER, "ketenwacht_logs_anew_total", "Partitions of a topic that are read again from their beginning, by topic.", "topic",
                 topics, n_topics},
                {&m->partitions, METRIC_GAUGE, "ketenwacht_partitions", "Partitions owned, by state.", "state", state_names, PARTITION_STATES},
                {&m->transactions, METRIC_COUNTER, "ketenwacht_transactions_total", "Transactions, by result.", "result", result_names,
                 ELEMENTS(result_names)},
                {&m->lag_records, METRIC_GAUGE, "ketenwacht_lag_records", "Offsets that partitions which are behind have to read yet."},
                {&m->lag, METRIC_GAUGE, "ketenwacht_lag_seconds", "Age of the newest record read, 0 when nothing was waiting.", .per_unit = 1000},
                {&m->timers, METRIC_GAUGE, "ketenwacht_timers_pending", "Cases whose evaluation will change at a known instant, or waits."},
                {&m->standing, METRIC_GAUGE, "ketenwacht_inputs_standing_still",
                 "Inputs of a partition that wait before a record whose schema id the registry cannot be asked for."},
                {&m->gaps, METRIC_GAUGE, "ketenwacht_calendar_lacks_cases",
                 "Cases in which something has no date because the calendar does not have the year, by the first such year.", "year", years->names, years->n},
                {&m->overdue, METRIC_HISTOGRAM, "ketenwacht_overdue_seconds", "How late cases that fell due were evaluated.", .bounds = long_ms,
                 .n_bounds = ELEMENTS(long_ms), .per_unit = 1000},
                {&m->swept, METRIC_HISTOGRAM, "ketenwacht_evaluation_seconds", "Duration of one sweep over cases that are due or were touched.",
                 .bounds = short_ms, .n_bounds = ELEMENTS(short_ms), .per_unit = 1000},
                {&m->commit, METRIC_HISTOGRAM, "ketenwacht_commit_seconds", "Duration of commits.", .bounds = short_ms,
                 .n_bounds = ELEMENTS(short_ms), .per_unit = 1000},
                {&m->clock_away, METRIC_GAUGE, "ketenwacht_clock_away", "Workers that tell nothing because their clock is not the broker's."},
        };

        return meter_register_rows(metrics, rows, ELEMENTS(rows), err);
}

int worker_metrics_new(struct metrics *metrics, const struct config *config, struct worker_metrics **ret, struct error *err) {
        CLEANUP(worker_metrics_free_p) struct worker_metrics *m = calloc(1, sizeof(*m));
        struct worker_topics topics;
        struct meter_years years;
        int r;

        if (!m)
                return -ENOMEM;
        meter_name_years(config, &years);
        r = worker_topics_list(config, &topics, err);
        if (r)
                return r;
        r = meter_register(metrics, m, topics.inputs, topics.n_inputs, &years, err);
        worker_topics_done(&topics);
        if (r)
                return r;
        *ret = TAKE(m);
        return 0;
}

void worker_metrics_know_lag(struct worker_metrics *metrics, bool known) {
        metric_know(metrics->lag_records, known);
        metric_know(metrics->lag, known);
}

struct worker_metrics *worker_metrics_free(struct worker_metrics *metrics) {
        free(metrics);
        return NULL;
}

/* -- One worker's -- */

int meter_init(struct meter *meter, const struct worker_metrics *metrics, size_t n_inputs) {
        *meter = (struct meter){.metrics = metrics ? metrics : &nobody, .n_inputs = n_inputs};
        meter->tally.facts = calloc(n_inputs + 1, sizeof(*meter->tally.facts));
        return meter->tally.facts ? 0 : -ENOMEM;
}

void meter_done(struct meter *meter) {
        static const int64_t none[CASE_GAPS - 1];

        if (!meter->tally.facts)
                return;
        for (size_t i = 0; i < PARTITION_STATES; i++)
                assert(atomic_load(&meter->shown.states[i]) == 0);
        meter_lag(meter, 0, 0);
        meter_cases_due(meter, 0);
        meter_standing(meter, 0);
        meter_gaps(meter, none);
        meter_clock_away(meter, false);
        free(meter->tally.facts);
        meter->tally.facts = NULL;
}

static void tally_clear(struct meter *meter) {
        uint64_t *facts = meter->tally.facts;

        memset(facts, 0, meter->n_inputs * sizeof(*facts));
        memset(&meter->tally, 0, sizeof(meter->tally));
        meter->tally.facts = facts;
}

static void tally_move(_Atomic int64_t *shown, struct metric *metric, size_t series, uint64_t by) {
        if (by == 0)
                return;
        atomic_fetch_add_explicit(shown, (int64_t)by, memory_order_relaxed);
        metric_add(metric, series, (int64_t)by);
}

void meter_committed(struct meter *meter, int64_t took_ms) {
        const struct worker_metrics *m = meter->metrics;

        for (size_t i = 0; i < meter->n_inputs; i++)
                tally_move(&meter->shown.facts, m->facts, i, meter->tally.facts[i]);
        for (size_t i = 0; i < EFFECT_KINDS; i++)
                tally_move(&meter->shown.told, m->told, i, meter->tally.told[i]);
        for (size_t i = REFUSALS_HARD; i < REFUSALS; i++)
                metric_add(m->remarks, i - REFUSALS_HARD, (int64_t)meter->tally.refused[i]);
        for (size_t i = 1; i < REFUSALS_HARD; i++)
                tally_move(&meter->shown.dead, m->refused, i - 1, meter->tally.refused[i]);
        metric_add(m->filling, 0, (int64_t)meter->tally.filling);
        tally_move(&meter->shown.duplicates, m->duplicates, 0, meter->tally.duplicates);
        tally_move(&meter->shown.forgotten, m->forgotten, 0, meter->tally.forgotten);
        tally_move(&meter->shown.transactions, m->transactions, 0, 1);
        metric_observe(m->commit, 0, took_ms);
        tally_clear(meter);
}

void meter_aborted(struct meter *meter) {
        tally_move(&meter->shown.aborts, meter->metrics->transactions, 1, 1);
        tally_clear(meter);
}

/* -- Gauges and durations -- */

void meter_partition(struct meter *meter, int from, int to) {
        assert(from < PARTITION_STATES && to < PARTITION_STATES && from != to);
        if (from >= 0) {
                atomic_fetch_sub(&meter->shown.states[from], 1);
                metric_add(meter->metrics->partitions, (size_t)from, -1);
        }
        if (to >= 0) {
                atomic_fetch_add(&meter->shown.states[to], 1);
                metric_add(meter->metrics->partitions, (size_t)to, 1);
        }
}

void meter_jumped(struct meter *meter, const struct bus_jump *jump) {
        assert(jump->part.index < meter->n_inputs && jump->to >= 0 && jump->to != jump->from);
        if (jump->to > jump->from) {
                atomic_fetch_add(&meter->shown.passed, jump->to - jump->from);
                metric_add(meter->metrics->passed, jump->part.index, jump->to - jump->from);
        } else {
                metric_add(meter->metrics->anew, jump->part.index, 1);
        }
}

void meter_overdue(struct meter *meter, int64_t ms) {
        metric_observe(meter->metrics->overdue, 0, ms);
}

void meter_swept(struct meter *meter, int64_t ms) {
        metric_observe(meter->metrics->swept, 0, ms);
}

static void gauge_set_at(_Atomic int64_t *shown, struct metric *metric, size_t series, int64_t value) {
        int64_t before = atomic_exchange(shown, value);

        if (value != before)
                metric_add(metric, series, value - before);
}

static void gauge_set(_Atomic int64_t *shown, struct metric *metric, int64_t value) {
        gauge_set_at(shown, metric, 0, value);
}

void meter_clock_away(struct meter *meter, bool is) {
        gauge_set(&meter->shown.clock_away, meter->metrics->clock_away, is);
}

void meter_lag(struct meter *meter, int64_t records, int64_t ms) {
        gauge_set(&meter->shown.lag_records, meter->metrics->lag_records, records);
        gauge_set(&meter->shown.lag_ms, meter->metrics->lag, ms > 0 ? ms : 0);
}

void meter_standing(struct meter *meter, int64_t n) {
        gauge_set(&meter->shown.standing, meter->metrics->standing, n);
}

void meter_cases_due(struct meter *meter, int64_t n) {
        gauge_set(&meter->shown.cases_due, meter->metrics->timers, n);
}

void meter_gaps(struct meter *meter, const int64_t cases[CASE_GAPS - 1]) {
        for (size_t i = 0; i < CASE_GAPS - 1; i++)
                gauge_set_at(&meter->shown.gaps[i], meter->metrics->gaps, i, cases[i]);
}

void meter_assigned(struct meter *meter, bool is) {
        atomic_store(&meter->shown.assigned, is);
}

void meter_restored(struct meter *meter, int64_t percent) {
        assert(percent >= 0 && percent <= 100);
        atomic_store(&meter->shown.restore_percent, percent);
}

void meter_settled(struct meter *meter, instant_t at) {
        atomic_store(&meter->shown.settled_at, at);
}

void meter_status(const struct meter *meter, struct worker_status *ret) {
        *ret = (struct worker_status){
                .assigned = atomic_load(&meter->shown.assigned),
                .clock_away = atomic_load(&meter->shown.clock_away),
                .restoring = atomic_load(&meter->shown.states[PARTITION_RESTORING]),
                .behind = atomic_load(&meter->shown.states[PARTITION_BEHIND]),
                .live = atomic_load(&meter->shown.states[PARTITION_LIVE]),
                .facts = atomic_load(&meter->shown.facts),
                .duplicates = atomic_load(&meter->shown.duplicates),
                .told = atomic_load(&meter->shown.told),
                .dead = atomic_load(&meter->shown.dead),
                .forgotten = atomic_load(&meter->shown.forgotten),
                .passed = atomic_load(&meter->shown.passed),
                .transactions = atomic_load(&meter->shown.transactions),
                .aborts = atomic_load(&meter->shown.aborts),
                .restore_percent = atomic_load(&meter->shown.restore_percent),
                .lag_records = atomic_load(&meter->shown.lag_records),
                .lag_ms = atomic_load(&meter->shown.lag_ms),
                .cases_due = atomic_load(&meter->shown.cases_due),
                .standing = atomic_load(&meter->shown.standing),
                .settled_at = atomic_load(&meter->shown.settled_at),
        };
}
