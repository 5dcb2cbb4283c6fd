/* SPDX-License-Identifier: EUPL-1.2 */

/* Registers the gauges with the names of the configuration, and fills them from the counts of open alerts. */

#include "replica/gauges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"

#define GAUGES_NORM_TEXT 200
#define GAUGES_OTHER "other"

struct gauges_norm {
        char text[GAUGES_NORM_TEXT]; /* "protocol|norm": the key */
        size_t place;
};

struct gauges {
        const struct config *config;
        struct metric *live, *rows, *strays, *index, *by_organisation, *oldest, *by_norm;
        VECTOR(const char *) organisations, norms; /* the values of the labels; last: other */
        struct table norm_places;                  /* struct gauges_norm */
        /* as it is filled: */
        instant_t now;
        int64_t *open_of, *oldest_of, *open_by; /* [organisations], [organisations], [norms][REPLICA_RUNGS] */
};

static const char *const rung_names[REPLICA_RUNGS] = {"1", "2", "3", "4", "5", "6", "7", "8 and higher"};

static int gauges_add_norm(struct gauges *g, const struct norm *norm) {
        struct gauges_norm *row = calloc(1, sizeof(*row));
        int r;

        if (!row)
                return -ENOMEM;
        (void) snprintf(row->text, sizeof(row->text), "%s|%s", norm->protocol->name, norm->name);
        row->place = g->norms.n;
        if (table_get(&g->norm_places, row->text, strlen(row->text))) { /* another version of the protocol */
                free(row);
                return 0;
        }
        r = table_put(&g->norm_places, row->text, strlen(row->text), row);
        if (r) {
                free(row);
                return r;
        }
        return vector_push(&g->norms, row->text);
}

static int gauges_list(struct gauges *g) {
        const struct organisations *orgs = g->config->organisations;
        int r = 0;

        for (size_t i = 0; r == 0 && i < organisations_count(orgs); i++)
                r = vector_push(&g->organisations, organisations_at(orgs, i)->id);
        for (size_t i = 0; r == 0 && i < g->config->protocols.n; i++) {
                for (size_t k = 0; r == 0 && k < g->config->protocols.items[i]->n_norms; k++)
                        r = gauges_add_norm(g, &g->config->protocols.items[i]->norms[k]);
        }
        if (r == 0)
                r = vector_push(&g->organisations, GAUGES_OTHER);
        if (r == 0)
                r = vector_push(&g->norms, GAUGES_OTHER);
        if (r)
                return r;
        g->open_of = calloc(g->organisations.n, sizeof(*g->open_of));
        g->oldest_of = calloc(g->organisations.n, sizeof(*g->oldest_of));
        g->open_by = calloc(g->norms.n * REPLICA_RUNGS, sizeof(*g->open_by));
        return g->open_of && g->oldest_of && g->open_by ? 0 : -ENOMEM;
}

static int gauges_register(struct gauges *g, struct metrics *metrics, struct error *err) {
        const struct metric_label organisation = {"organisation", g->organisations.items, g->organisations.n};
        const struct metric_label norm = {"norm", g->norms.items, g->norms.n}, rung = {"rung", rung_names, REPLICA_RUNGS};
        const struct {
                struct metric **ret;
                struct metric_row row;
        } rows[] = {
                {&g->live, {.name = "ketenwacht_replica_live", .kind = METRIC_GAUGE,
                            .help = "1 when the console has all of case-state, 0 while it reads it or the broker does not answer."}},
                {&g->rows, {.name = "ketenwacht_replica_rows_total", .kind = METRIC_COUNTER, .help = "Rows of case-state that the console took in."}},
                {&g->strays, {.name = "ketenwacht_replica_strays", .kind = METRIC_GAUGE,
                              .help = "Rows of case-state that say nothing to the console's configuration."}},
                {&g->index, {.name = "ketenwacht_replica_index_bytes", .kind = METRIC_GAUGE,
                             .help = "Memory of the console's indexes of ids and open alerts, beside its cases."}},
                {&g->by_organisation, {.name = "ketenwacht_alerts_open", .kind = METRIC_GAUGE, .labels = {organisation},
                                       .help = "Alerts that are open, by whom they were raised for."}},
                {&g->oldest, {.name = "ketenwacht_alerts_oldest_seconds", .kind = METRIC_GAUGE, .labels = {organisation}, .per_unit = 1000,
                              .help = "How long the oldest open alert has been open, by whom it was raised for; 0: none is."}},
                {&g->by_norm, {.name = "ketenwacht_alerts_open_by_norm", .kind = METRIC_GAUGE, .labels = {norm, rung},
                               .help = "Alerts that are open, by norm (protocol|norm) and rung."}},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const struct metric_row *row = &rows[i].row;
                size_t series = (row->labels[0].name ? row->labels[0].n : 1) * (row->labels[1].name ? row->labels[1].n : 1);
                int r = series <= METRIC_SERIES_MAX ? metrics_register(metrics, row, rows[i].ret, err) : 0;

                if (r)
                        return r;
        }
        return 0;
}

int gauges_new(struct metrics *metrics, const struct config *config, struct gauges **ret, struct error *err) {
        CLEANUP(gauges_free_p) struct gauges *g = calloc(1, sizeof(*g));
        int r;

        if (!g)
                return -ENOMEM;
        g->config = config;
        r = gauges_list(g);
        if (r == 0)
                r = gauges_register(g, metrics, err);
        if (r)
                return r;
        *ret = TAKE(g);
        return 0;
}

struct gauges *gauges_free(struct gauges *g) {
        void *row;

        if (!g)
                return NULL;
        for (size_t i = 0; (row = table_next(&g->norm_places, &i));)
                free(row);
        table_done(&g->norm_places);
        vector_done(&g->organisations);
        vector_done(&g->norms);
        free(g->open_of);
        free(g->oldest_of);
        free(g->open_by);
        free(g);
        return NULL;
}

static void gauges_see(void *ctx, const struct organisation *of, struct text protocol, struct text norm, const struct replica_open *open) {
        struct gauges *g = ctx;
        size_t organisation = of ? of->index : g->organisations.n - 1, place = g->norms.n - 1;
        const struct gauges_norm *row;
        char text[GAUGES_NORM_TEXT];
        int n = snprintf(text, sizeof(text), "%.*s|%.*s", (int)protocol.n, protocol.s, (int)norm.n, norm.s);

        row = n > 0 && (size_t)n < sizeof(text) ? table_get(&g->norm_places, text, (size_t)n) : NULL;
        if (row)
                place = row->place;
        g->open_of[organisation] += open->all;
        if (open->oldest && g->now - open->oldest > g->oldest_of[organisation])
                g->oldest_of[organisation] = g->now - open->oldest;
        for (size_t i = 0; i < REPLICA_RUNGS; i++)
                g->open_by[place * REPLICA_RUNGS + i] += open->by_rung[i];
}

void gauges_show(struct gauges *g, struct cases *cases, instant_t now) {
        if (!g)
                return;
        g->now = now;
        memset(g->open_of, 0, g->organisations.n * sizeof(*g->open_of));
        memset(g->oldest_of, 0, g->organisations.n * sizeof(*g->oldest_of));
        memset(g->open_by, 0, g->norms.n * REPLICA_RUNGS * sizeof(*g->open_by));
        cases_open_each(cases, gauges_see, g);
        for (size_t i = 0; i < g->organisations.n; i++) {
                metric_set(g->by_organisation, g->by_organisation ? metric_series(g->by_organisation, i, 0) : 0, g->open_of[i]);
                metric_set(g->oldest, g->oldest ? metric_series(g->oldest, i, 0) : 0, g->oldest_of[i]);
        }
        for (size_t i = 0; g->by_norm && i < g->norms.n; i++) {
                for (size_t k = 0; k < REPLICA_RUNGS; k++)
                        metric_set(g->by_norm, metric_series(g->by_norm, i, k), g->open_by[i * REPLICA_RUNGS + k]);
        }
}

void gauges_show_state(struct gauges *g, bool live, uint64_t rows, uint64_t strays, size_t index_bytes) {
        if (!g)
                return;
        metric_set(g->live, 0, live);
        metric_set(g->rows, 0, (int64_t)rows);
        metric_set(g->strays, 0, (int64_t)strays);
        metric_set(g->index, 0, (int64_t)index_bytes);
}
