/* SPDX-License-Identifier: EUPL-1.2 */

/* What all directions of the runtime share: metrics, the producer, and what could not be returned where it was found. */

#include "connect/core.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/topics.h"
#include "connect/orders.h"

#define COMPLAIN_MS 1000
#define RENEW_MS 1000

static const char *const submitted_names[SUBMITTED_OUTCOMES] = {"sent", "refused", "open"};
static const char *const tried_names[] = {"delivered", "again", "later", "refused", "gone", "left"};
static const char *const outcome_names[] = {"delivered", "refused", "parked"};
static const char *const transaction_names[] = {[CORE_COMMITTED] = "committed", [CORE_ABORTED] = "aborted"};

static int core_metrics(struct core *c, struct error *err) {
        const enum connector_direction direction = c->ops->direction;
        const bool in = direction == CONNECTOR_IN, out = direction == CONNECTOR_OUT, through = direction == CONNECTOR_THROUGH;
        const struct {
                struct metric **ret;
                bool wanted;
                struct metric_row row;
        } rows[] = {
                {&c->metrics.submitted, in,
                 {.name = "ketenwacht_connect_submitted_total", .kind = METRIC_COUNTER, .help = "Events handed to the broker, by what became of them.",
                  .labels = {{"outcome", submitted_names, ELEMENTS(submitted_names)}}}},
                {&c->metrics.tries, out,
                 {.name = "ketenwacht_connect_tries_total", .kind = METRIC_COUNTER, .help = "Tries to deliver a record, by how they ended.",
                  .labels = {{"outcome", tried_names, ELEMENTS(tried_names)}}}},
                {&c->metrics.outcomes, out,
                 {.name = "ketenwacht_connect_deliveries_total", .kind = METRIC_COUNTER, .help = "Records that are over, by their outcome.",
                  .labels = {{"outcome", outcome_names, ELEMENTS(outcome_names)}}}},
                {&c->metrics.waiting, !through,
                 {.name = "ketenwacht_connect_waiting", .kind = METRIC_GAUGE, .help = "Events that wait for the broker, or records in the window."}},
                {&c->metrics.oldest, !in,
                 {.name = "ketenwacht_connect_oldest_seconds", .kind = METRIC_GAUGE,
                  .help = "Age of the oldest record that is not settled.", .per_unit = 1000}},
                {&c->metrics.passed, !in,
                 {.name = "ketenwacht_connect_passed_over_total", .kind = METRIC_COUNTER,
                  .help = "Offsets that were never read because their records were gone."}},
                {&c->metrics.paused, true,
                 {.name = "ketenwacht_connect_paused", .kind = METRIC_GAUGE,
                  .help = "1 when an operator has paused the connector (ketenwacht connect --pause), so that it takes and delivers nothing."}},
                {&c->metrics.braked, out,
                 {.name = "ketenwacht_connect_stopped", .kind = METRIC_GAUGE,
                  .help = "Inboxes whose target wants nothing more (410), so that an operator must resume."}},
                {&c->metrics.blocked, out,
                 {.name = "ketenwacht_connect_blocked", .kind = METRIC_GAUGE,
                  .help = "Inboxes of which the oldest record fails and the window is full behind it, so that others wait."}},
                {&c->metrics.passed_on, through,
                 {.name = "ketenwacht_connect_passed_on_total", .kind = METRIC_COUNTER,
                  .help = "Records that were passed on, in transactions that were committed."}},
                {&c->metrics.refused, through,
                 {.name = "ketenwacht_connect_refused_total", .kind = METRIC_COUNTER,
                  .help = "Records that were refused, in transactions that were committed, by code.",
                  .labels = {{"code", refusal_codes + 1, REFUSALS_HARD - 1}}}},
                {&c->metrics.transactions, through,
                 {.name = "ketenwacht_connect_transactions_total", .kind = METRIC_COUNTER, .help = "Transactions, by result.",
                  .labels = {{"result", transaction_names, ELEMENTS(transaction_names)}}}},
        };

        for (size_t i = 0; c->config.metrics && i < ELEMENTS(rows); i++) {
                int e = rows[i].wanted ? metrics_register(c->config.metrics, &rows[i].row, rows[i].ret, err) : 0;

                if (e < 0)
                        return e;
        }
        return 0;
}

/* The topics that the connector may write: every event type that may be published, or where deliveries are told. */
static int core_producer(struct core *c, void (*settled)(void *ctx, const struct bus_report *report), void *ctx, struct error *err) {
        static const char *const out[] = {TOPIC_DEAD_LETTERS, TOPIC_DELIVERIES, TOPIC_CONNECTOR_KEYS};
        CLEANUP(cleanup_free) void *memory = calloc(event_types_count(c->config.types) + 2, sizeof(char *));
        struct bus_producer_config config = {.settled = settled, .ctx = ctx, .topics = out,
                                             .topics_n = ELEMENTS(out) - !c->ops->settled}; /* who hears what became of rows keeps some */
        const char **in = memory;

        if (!in)
                return -ENOMEM;
        if (c->ops->direction == CONNECTOR_IN) {
                config.topics = in;
                config.topics_n = 0;
                for (size_t i = 0; i < event_types_count(c->config.types); i++) {
                        if (!event_types_at(c->config.types, i)->output)
                                in[config.topics_n++] = event_types_at(c->config.types, i)->name;
                }
                in[config.topics_n++] = TOPIC_DEAD_LETTERS;
                in[config.topics_n++] = TOPIC_CONNECTOR_KEYS;
        }
        return error_trace(bus_producer_open(c->config.bus, &config, &c->producer, err), err);
}

int core_open(struct core *c, const struct runtime_config *config, void (*settled)(void *ctx, const struct bus_report *report), void *ctx,
              struct error *err) {
        int r;

        assert(config->file && config->bus && settled);
        c->config = *config;
        c->ops = config->file->ops;
        c->ctx = config->file->ctx;
        c->bytes = (struct buffer)BUFFER_INIT(CORE_RECORD_MAX);
        r = arena_new(&c->arena, CORE_ARENA_MAX);
        if (r < 0)
                return r;
        r = core_metrics(c, err);
        return r < 0 || c->ops->direction == CONNECTOR_THROUGH ? r : core_producer(c, settled, ctx, err);
}

void core_close(struct core *c) {
        bus_producer_close(c->producer);
        c->producer = NULL;
}

void core_done(struct core *c) {
        assert(!c->producer);
        buffer_done(&c->bytes);
        arena_free(c->arena);
}

const char *core_label(const struct core *c, const struct organisation *organisation, char ret[CORE_LABEL_MAX]) {
        const bool one = !organisation || c->config.file->targets_n == 1;

        (void) snprintf(ret, CORE_LABEL_MAX, "%s%s%s", c->config.file->name, one ? "" : ORDER_SEPARATOR, one ? "" : organisation->id);
        return ret;
}

void core_complain(struct core *c, const struct bus_report *report) {
        int64_t now = core_now(c);

        if (report->sent == BUS_SENT || now < c->complain_at)
                return;
        c->complain_at = now + COMPLAIN_MS;
        log_line(c->config.log, CONNECT_UNACKNOWLEDGED, LOG_STRING("reason", report->reason ? report->reason : ""));
}

void core_renew(struct core *c) {
        const struct connect_file *file = c->config.file;
        int64_t now = core_now(c);

        if (now < c->renew_at)
                return;
        c->renew_at = now + RENEW_MS;
        settings_renew(c->ops->options, c->ctx, file->name, c->config.log);
        for (size_t i = 0; c->ops->target_options && i < file->targets_n; i++)
                settings_renew(c->ops->target_options, file->targets[i].options, file->name, c->config.log);
}

void core_fail(struct core *c, int error, const struct error *err) {
        assert(error < 0);
        if (c->failure)
                return;
        c->failure = error;
        c->failed = *err;
}

int core_failed(const struct core *c, struct error *err) {
        if (c->failure)
                *err = c->failed;
        return c->failure;
}
