/* SPDX-License-Identifier: EUPL-1.2 */

/* What both directions share: opening, turning, stopping, metrics. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cluster/topics.h"
#include "connect/runtime_parts.h"

static const char *const submitted_names[SUBMITTED_OUTCOMES] = {"sent", "refused", "open"};
static const char *const tried_names[] = {"delivered", "again", "later", "refused", "gone"};
static const char *const outcome_names[] = {"delivered", "refused", "parked"};

static int register_metrics(struct runtime *r, struct error *err) {
        bool in = r->ops->direction == CONNECTOR_IN;
        const struct {
                struct metric **ret;
                bool wanted;
                struct metric_row row;
        } rows[] = {
                {&r->metrics.submitted, in,
                 {.name = "ketenwacht_connect_submitted_total", .kind = METRIC_COUNTER, .help = "Events handed to the broker, by what became of them.",
                  .labels = {{"outcome", submitted_names, ELEMENTS(submitted_names)}}}},
                {&r->metrics.tries, !in,
                 {.name = "ketenwacht_connect_tries_total", .kind = METRIC_COUNTER, .help = "Tries to deliver a record, by how they ended.",
                  .labels = {{"outcome", tried_names, ELEMENTS(tried_names)}}}},
                {&r->metrics.outcomes, !in,
                 {.name = "ketenwacht_connect_deliveries_total", .kind = METRIC_COUNTER, .help = "Records that are over, by their outcome.",
                  .labels = {{"outcome", outcome_names, ELEMENTS(outcome_names)}}}},
                {&r->metrics.waiting, true,
                 {.name = "ketenwacht_connect_waiting", .kind = METRIC_GAUGE, .help = "Events that wait for the broker, or records in the window."}},
                {&r->metrics.oldest, !in,
                 {.name = "ketenwacht_connect_oldest_seconds", .kind = METRIC_GAUGE,
                  .help = "Age of the oldest record that is not settled.", .per_unit = 1000}},
                {&r->metrics.braked, !in,
                 {.name = "ketenwacht_connect_stopped", .kind = METRIC_GAUGE,
                  .help = "1 when the target wants nothing more (410) and an operator must resume."}},
        };

        for (size_t i = 0; r->config.metrics && i < ELEMENTS(rows); i++) {
                int e = rows[i].wanted ? metrics_register(r->config.metrics, &rows[i].row, rows[i].ret, err) : 0;

                if (e < 0)
                        return e;
        }
        return 0;
}

#define COMPLAIN_MS 1000

void runtime_complain(struct runtime *r, const struct bus_report *report) {
        int64_t now = runtime_now(r);

        if (report->sent == BUS_SENT || now < r->complain_at)
                return;
        r->complain_at = now + COMPLAIN_MS;
        log_line(r->config.log, CONNECT_UNACKNOWLEDGED, LOG_STRING("reason", report->reason ? report->reason : ""));
}

void runtime_fail(struct runtime *r, int error, const struct error *err) {
        if (r->failure)
                return;
        r->failure = error;
        r->failed = *err;
}

static void on_report(void *ctx, const struct bus_report *report) {
        struct runtime *r = ctx;

        if (r->ops->direction == CONNECTOR_IN)
                runtime_in_report(r, report);
        else
                runtime_out_report(r, report);
}

/* The topics that the connector may write: every event type that may be published, or where deliveries are told. */
static int open_producer(struct runtime *r, struct error *err) {
        static const char *const out[] = {TOPIC_DEAD_LETTERS, TOPIC_DELIVERIES};
        CLEANUP(cleanup_free) void *memory = calloc(event_types_count(r->config.types) + 1, sizeof(char *));
        struct bus_producer_config config = {.settled = on_report, .ctx = r, .topics = out, .topics_n = ELEMENTS(out)};
        const char **in = memory;

        if (!in)
                return -ENOMEM;
        if (r->ops->direction == CONNECTOR_IN) {
                config.topics = in;
                config.topics_n = 0;
                for (size_t i = 0; i < event_types_count(r->config.types); i++) {
                        if (!event_types_at(r->config.types, i)->output)
                                in[config.topics_n++] = event_types_at(r->config.types, i)->name;
                }
        }
        return bus_producer_open(r->config.bus, &config, &r->producer, err);
}

static int open_all(struct runtime *r, struct error *err) {
        int e = arena_new(&r->arena, TURN_ARENA_MAX);

        if (e == 0)
                e = register_metrics(r, err);
        if (e == 0)
                e = open_producer(r, err);
        if (e == 0 && r->ops->direction == CONNECTOR_OUT)
                e = runtime_out_open(r, err);
        return e < 0 ? e : r->ops->open(r->ctx, &r->env, err);
}

int runtime_open(const struct runtime_config *config, struct runtime **ret, struct error *err) {
        CLEANUP(runtime_free_p) struct runtime *r = calloc(1, sizeof(*r));
        int e;

        if (!r)
                return -ENOMEM;
        r->config = *config;
        r->ops = config->file->ops;
        r->ctx = config->file->ctx;
        r->bytes = (struct buffer)BUFFER_INIT(RECORD_BYTES_MAX);
        r->env = (struct connector_env){
                .runtime = r,
                .name = config->file->name,
                .types = config->types,
                .organisations = config->organisations,
                .clock = config->clock,
                .log = config->log,
                .metrics = config->metrics,
                .parallel = (size_t)config->file->out.parallel,
        };
        atomic_store(&r->turned, runtime_now(r));
        e = open_all(r, err);
        if (e < 0)
                return e;
        *ret = TAKE(r);
        return 0;
}

int runtime_turn(struct runtime *r, int timeout_ms, struct error *err) {
        bool in = r->ops->direction == CONNECTOR_IN;
        int e = in ? runtime_in_turn(r, timeout_ms, err) : runtime_out_turn(r, timeout_ms, err);

        if (e == 0 && r->failure) {
                *err = r->failed;
                e = r->failure;
        }
        atomic_store(&r->waiting, in ? r->in.waiting : window_count(&r->out.window));
        metric_set(r->metrics.waiting, 0, (int64_t)atomic_load(&r->waiting));
        atomic_store(&r->turned, runtime_now(r));
        return e;
}

int runtime_stop(struct runtime *r, struct error *err) {
        int e = r->ops->direction == CONNECTOR_IN ? runtime_in_stop(r, err) : runtime_out_stop(r, err);

        if (e == 0 && r->failure) {
                *err = r->failed;
                e = r->failure;
        }
        return e;
}

struct runtime *runtime_free(struct runtime *r) {
        if (!r)
                return NULL;
        bus_producer_close(r->producer); /* first: what is open is reported while the connector still stands */
        r->producer = NULL;
        runtime_out_close(r);
        r->ops->close(r->ctx);
        buffer_done(&r->bytes);
        arena_free(r->arena);
        free(r);
        return NULL;
}

void runtime_status(const struct runtime *r, struct runtime_status *ret) {
        *ret = (struct runtime_status){
                .turned = atomic_load(&r->turned),
                .assigned = r->ops->direction == CONNECTOR_IN || atomic_load(&r->assigned),
                .looking = atomic_load(&r->looking),
                .braked = atomic_load(&r->braked),
                .unanswered = atomic_load(&r->unanswered),
                .waiting = atomic_load(&r->waiting),
        };
}
