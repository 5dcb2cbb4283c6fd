/* SPDX-License-Identifier: EUPL-1.2 */

/* Families of metrics with fixed labels, and their text in the form of Prometheus. */

#include "base/metrics.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct metric {
        char *name, *help;
        enum metric_kind kind;
        atomic_bool unknown; /* no sample is rendered */
        char *label_names[METRIC_LABELS_MAX];
        char **label_values[METRIC_LABELS_MAX];
        size_t label_n[METRIC_LABELS_MAX]; /* 1 when there is no such label */
        size_t n_series;
        size_t n_bounds;
        int64_t bounds[METRIC_BOUNDS_MAX];
        uint32_t per_unit;
        bool told;               /* by tell, of which NULL is one that was hushed */
        void (*tell)(void *ctx, struct metric_telling *t);
        void *tell_ctx;
        size_t stride;           /* cells of a series: 1; histogram: sum, a cell per bound, +Inf */
        _Atomic int64_t cells[]; /* n_series * stride */
};

struct metrics {
        pthread_mutex_t telling; /* while one tells its samples, and when that changes */
        _Atomic size_t n; /* released after the item stands: rendering may run beside registering */
        struct metric *items[METRICS_MAX];
};

static void metric_free(struct metric *m) {
        for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
                for (size_t v = 0; m->label_values[i] && v < m->label_n[i]; v++)
                        free(m->label_values[i][v]);
                free(m->label_values[i]);
                free(m->label_names[i]);
        }
        free(m->name);
        free(m->help);
        free(m);
}
DEFINE_CLEANUP(struct metric *, metric_free);

int metrics_new(struct metrics **ret) {
        struct metrics *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        pthread_mutex_init(&m->telling, NULL);
        *ret = m;
        return 0;
}

struct metrics *metrics_free(struct metrics *metrics) {
        if (!metrics)
                return NULL;
        for (size_t i = 0; i < atomic_load_explicit(&metrics->n, memory_order_acquire); i++)
                metric_free(metrics->items[i]);
        pthread_mutex_destroy(&metrics->telling);
        free(metrics);
        return NULL;
}

static bool metrics_name_valid(const char *name) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

        return name[0] && (name[0] < '0' || name[0] > '9') && name[strspn(name, letters)] == '\0';
}

static bool ends_with(const char *s, const char *ending) {
        size_t n = strlen(s), e = strlen(ending);

        return n >= e && strcmp(s + n - e, ending) == 0;
}

static void assert_row(const struct metrics *metrics, const struct metric_row *row) {
        assert(metrics_name_valid(row->name) && row->help);
        assert((row->kind == METRIC_COUNTER) == ends_with(row->name, "_total"));
        assert(row->kind == METRIC_HISTOGRAM ? row->n_bounds > 0 && row->n_bounds <= METRIC_BOUNDS_MAX : row->n_bounds == 0);
        for (size_t i = 1; i < row->n_bounds; i++)
                assert(row->bounds[i - 1] < row->bounds[i]);
        for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
                const struct metric_label *label = &row->labels[i];

                assert(!label->name || (metrics_name_valid(label->name) && strcmp(label->name, "le") != 0 && label->n > 0));
                assert(!label->name || i == 0 || row->labels[i - 1].name);
        }
        for (size_t i = 0; i < atomic_load_explicit(&metrics->n, memory_order_relaxed); i++)
                assert(strcmp(metrics->items[i]->name, row->name) != 0);
}

/* How many series the labels make, or 0 when a bound is passed, with a sentence. */
static size_t count_series(const struct metric_row *row, struct error *err) {
        size_t n = 1;

        for (size_t i = 0; i < METRIC_LABELS_MAX && row->labels[i].name; i++) {
                const struct metric_label *label = &row->labels[i];

                for (size_t v = 0; v < label->n; v++) {
                        if (strlen(label->values[v]) > METRIC_LABEL_VALUE_MAX) {
                                error_set(err, "metric %s: a value of label %s is longer than %d bytes; shorten that name in the configuration",
                                          row->name, label->name, METRIC_LABEL_VALUE_MAX);
                                return 0;
                        }
                }
                if (label->n > METRIC_SERIES_MAX / n) {
                        error_set(err, "metric %s: its labels make more than %d series; configure fewer %ss for one process", row->name,
                                  METRIC_SERIES_MAX, label->name);
                        return 0;
                }
                n *= label->n;
        }
        return n;
}

static int copy_labels(struct metric *m, const struct metric_row *row) {
        for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
                const struct metric_label *label = &row->labels[i];

                m->label_n[i] = 1;
                if (!label->name)
                        continue;
                m->label_names[i] = strdup(label->name);
                m->label_values[i] = calloc(label->n, sizeof(*m->label_values[i]));
                if (!m->label_names[i] || !m->label_values[i])
                        return -ENOMEM;
                m->label_n[i] = label->n;
                for (size_t v = 0; v < label->n; v++) {
                        m->label_values[i][v] = strdup(label->values[v]);
                        if (!m->label_values[i][v])
                                return -ENOMEM;
                }
        }
        return 0;
}

int metrics_register(struct metrics *metrics, const struct metric_row *row, struct metric **ret, struct error *err) {
        CLEANUP(metric_free_p) struct metric *m = NULL;
        size_t n = atomic_load_explicit(&metrics->n, memory_order_relaxed), n_series, stride;

        assert_row(metrics, row);
        if (n == METRICS_MAX) {
                error_set(err, "metric %s: the registry is full with %d metrics; raise METRICS_MAX in src/base/metrics.h", row->name, METRICS_MAX);
                return -ENOSPC;
        }
        n_series = count_series(row, err);
        if (n_series == 0)
                return -ENOSPC;
        stride = row->kind == METRIC_HISTOGRAM ? row->n_bounds + 2 : 1;
        m = calloc(1, sizeof(*m) + n_series * stride * sizeof(m->cells[0]));
        if (!m)
                return -ENOMEM;
        m->name = strdup(row->name);
        m->help = strdup(row->help);
        if (!m->name || !m->help || copy_labels(m, row) < 0)
                return -ENOMEM;
        m->kind = row->kind;
        m->n_series = n_series;
        m->stride = stride;
        m->per_unit = row->per_unit ? row->per_unit : 1;
        m->n_bounds = row->n_bounds;
        if (row->n_bounds > 0)
                memcpy(m->bounds, row->bounds, row->n_bounds * sizeof(m->bounds[0]));
        *ret = metrics->items[n] = TAKE(m);
        atomic_store_explicit(&metrics->n, n + 1, memory_order_release);
        return 0;
}

int metrics_register_told(struct metrics *metrics, const struct metric_row *row, void (*tell)(void *ctx, struct metric_telling *t), void *ctx,
                          struct metric **ret, struct error *err) {
        static const char *const none[] = {""};
        struct metric_row filled = *row;
        int r;

        assert(row->kind == METRIC_GAUGE && row->labels[0].name && row->labels[0].n == 0 && !row->labels[1].name);
        filled.labels[0].values = none;
        filled.labels[0].n = 1;
        pthread_mutex_lock(&metrics->telling); /* so that nobody renders it half made */
        r = metrics_register(metrics, &filled, ret, err);
        if (r == 0) {
                (*ret)->told = true;
                (*ret)->tell = tell;
                (*ret)->tell_ctx = ctx;
        }
        pthread_mutex_unlock(&metrics->telling);
        return r;
}

void metric_hush(struct metrics *metrics, struct metric *metric) {
        if (!metric)
                return;
        pthread_mutex_lock(&metrics->telling);
        metric->tell = NULL;
        pthread_mutex_unlock(&metrics->telling);
}

size_t metric_series(const struct metric *metric, size_t first, size_t second) {
        if (!metric)
                return 0;
        assert(first < metric->label_n[0] && second < metric->label_n[1]);
        return first * metric->label_n[1] + second;
}

void metric_add(struct metric *metric, size_t series, int64_t by) {
        if (!metric)
                return;
        assert(series < metric->n_series && metric->kind != METRIC_HISTOGRAM);
        assert(metric->kind != METRIC_COUNTER || by >= 0);
        atomic_fetch_add_explicit(&metric->cells[series], by, memory_order_relaxed);
}

void metric_set(struct metric *metric, size_t series, int64_t value) {
        if (!metric)
                return;
        assert(series < metric->n_series && metric->kind != METRIC_HISTOGRAM);
        atomic_store_explicit(&metric->cells[series], value, memory_order_relaxed);
}

void metric_know(struct metric *metric, bool known) {
        if (!metric)
                return;
        assert(metric->kind == METRIC_GAUGE);
        atomic_store_explicit(&metric->unknown, !known, memory_order_relaxed);
}

void metric_observe(struct metric *metric, size_t series, int64_t value) {
        _Atomic int64_t *cells;
        size_t i = 0;

        if (!metric)
                return;
        assert(series < metric->n_series && metric->kind == METRIC_HISTOGRAM);
        cells = metric->cells + series * metric->stride;
        while (i < metric->n_bounds && value > metric->bounds[i])
                i++;
        atomic_fetch_add_explicit(&cells[0], value, memory_order_relaxed);
        atomic_fetch_add_explicit(&cells[1 + i], 1, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric, size_t series) {
        int64_t n = 0;

        assert(series < metric->n_series);
        if (metric->kind != METRIC_HISTOGRAM)
                return atomic_load_explicit(&metric->cells[series], memory_order_relaxed);
        for (size_t i = 0; i <= metric->n_bounds; i++)
                n += atomic_load_explicit(&metric->cells[series * metric->stride + 1 + i], memory_order_relaxed);
        return n;
}

static void metrics_escape(struct buffer *out, const char *s, bool quotes) {
        for (; *s; s++) {
                if (*s == '\\' || (quotes && *s == '"'))
                        buffer_printf(out, "\\%c", *s);
                else if (*s == '\n')
                        buffer_add_text(out, "\\n");
                else
                        buffer_add_byte(out, (uint8_t)*s);
        }
}

/* A recorded number in the unit of the name. */
static void add_number(struct buffer *out, int64_t value, uint32_t per_unit) {
        if (per_unit == 1)
                buffer_printf(out, "%" PRId64, value);
        else
                buffer_printf(out, "%.15g", (double)value / per_unit);
}

/* One sample: the name with an ending, the labels of a series, and le for a bucket (NULL: none). */
static void add_sample(const struct metric *m, const char *ending, size_t series, const char *le, struct buffer *out) {
        size_t places[METRIC_LABELS_MAX] = {series / m->label_n[1], series % m->label_n[1]};
        const char *before = "{";

        buffer_add_text(out, m->name);
        buffer_add_text(out, ending);
        for (size_t i = 0; i < METRIC_LABELS_MAX && m->label_names[i]; i++) {
                buffer_printf(out, "%s%s=\"", before, m->label_names[i]);
                metrics_escape(out, m->label_values[i][places[i]], true);
                buffer_add_byte(out, '"');
                before = ",";
        }
        if (le) {
                buffer_printf(out, "%sle=\"%s\"", before, le);
                before = ",";
        }
        buffer_add_text(out, before[0] == ',' ? "} " : " ");
}

static void render_histogram(const struct metric *m, size_t series, struct buffer *out) {
        const _Atomic int64_t *cells = m->cells + series * m->stride;
        int64_t sum = atomic_load_explicit(&cells[0], memory_order_relaxed), n = 0;

        for (size_t i = 0; i <= m->n_bounds; i++) {
                char le[32] = "+Inf";

                if (i < m->n_bounds)
                        snprintf(le, sizeof(le), "%.15g", (double)m->bounds[i] / m->per_unit);
                n += atomic_load_explicit(&cells[1 + i], memory_order_relaxed);
                add_sample(m, "_bucket", series, le, out);
                buffer_printf(out, "%" PRId64 "\n", n);
        }
        add_sample(m, "_sum", series, NULL, out);
        add_number(out, sum, m->per_unit);
        buffer_add_byte(out, '\n');
        add_sample(m, "_count", series, NULL, out);
        buffer_printf(out, "%" PRId64 "\n", n); /* of the buckets as they were read, so that they always agree */
}

/* -- Samples of which the labels are not known before -- */

struct metric_telling {
        const struct metric *metric;
        struct buffer *out;
        size_t n;
};

void metric_tell(struct metric_telling *t, const char *label, int64_t value) {
        if (t->n++ >= METRIC_SERIES_MAX)
                return;
        buffer_printf(t->out, "%s{%s=\"", t->metric->name, t->metric->label_names[0]);
        metrics_escape(t->out, label, true);
        buffer_add_text(t->out, "\"} ");
        add_number(t->out, value, t->metric->per_unit);
        buffer_add_byte(t->out, '\n');
}

/* Whether it was one that is told. */
static bool metrics_render_told(struct metrics *metrics, const struct metric *m, struct buffer *out) {
        bool told;

        pthread_mutex_lock(&metrics->telling);
        told = m->told;
        if (m->tell)
                m->tell(m->tell_ctx, &(struct metric_telling){.metric = m, .out = out});
        pthread_mutex_unlock(&metrics->telling);
        return told;
}

void metrics_render(struct metrics *metrics, struct buffer *out) {
        static const char *const kinds[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
        size_t n = atomic_load_explicit(&metrics->n, memory_order_acquire);

        for (size_t i = 0; i < n; i++) {
                const struct metric *m = metrics->items[i];

                buffer_printf(out, "# HELP %s ", m->name);
                metrics_escape(out, m->help, false);
                buffer_printf(out, "\n# TYPE %s %s\n", m->name, kinds[m->kind]);
                if (metrics_render_told(metrics, m, out))
                        continue;
                for (size_t series = 0; series < m->n_series && !atomic_load_explicit(&m->unknown, memory_order_relaxed); series++) {
                        if (m->kind == METRIC_HISTOGRAM) {
                                render_histogram(m, series, out);
                                continue;
                        }
                        add_sample(m, "", series, NULL, out);
                        add_number(out, atomic_load_explicit(&m->cells[series], memory_order_relaxed), m->per_unit);
                        buffer_add_byte(out, '\n');
                }
        }
}
