/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Metrics: what a process counts and measures of itself
 *
 * A registry is made at start, handed around, and rendered as Prometheus text. Metrics are rows:
 * name (with its unit, as Prometheus wants it), kind, help, and labels whose values are all given at
 * registration, so the number of series is known and bounded, and updating one is an atomic addition.
 * Values are whole numbers in a unit of the row's choice (milliseconds, say); per_unit says how many of them make
 * one of the unit that the name tells (1000: recorded in ms, rendered in seconds).
 *
 * Threads: registering is for one thread at a time; everything else is for any thread at any time.
 * No personal data: label values are names from the configuration, never ids of cases or events.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define METRICS_MAX 256           /* metrics of a registry */
#define METRIC_LABELS_MAX 2       /* labels of a metric */
#define METRIC_SERIES_MAX 16384   /* series of one metric: the product of its labels' values */
#define METRIC_BOUNDS_MAX 24      /* bounds of a histogram, without +Inf */
#define METRIC_LABEL_VALUE_MAX 256 /* bytes */

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_label {
        const char *name; /* NULL: no such label */
        const char *const *values;
        size_t n;         /* at least 1 */
};

struct metric_row {
        const char *name; /* ketenwacht_events_accepted_total, ketenwacht_commit_seconds … */
        enum metric_kind kind;
        const char *help;
        struct metric_label labels[METRIC_LABELS_MAX];
        const int64_t *bounds; /* histogram: upper bounds, inclusive, rising, in recorded units */
        size_t n_bounds;
        uint32_t per_unit;     /* 0 is 1 */
};

struct metrics;
struct metric;

int metrics_new(struct metrics **ret) MUSTCHECK; /* 0 or -ENOMEM */
struct metrics *metrics_free(struct metrics *metrics); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct metrics *, metrics_free);

/*
 * Adds a metric; everything of @row is copied. Names must be right (assert): letters, digits and _, a
 * counter ends with _total, no name twice. *ret lives as long as the registry.
 * Return: 0; -ENOSPC with a sentence (too many metrics, series, or a label value too long); -ENOMEM.
 */
int metrics_register(struct metrics *metrics, const struct metric_row *row, struct metric **ret, struct error *err) MUSTCHECK;

/*
 * Updates. @series: metric_series() of the places of the label values; 0 when there are no labels.
 * All take NULL for @metric and then do nothing, so that what counts need not care whether anyone looks.
 */
size_t metric_series(const struct metric *metric, size_t first, size_t second);
void metric_add(struct metric *metric, size_t series, int64_t by);      /* counter (by >= 0) or gauge */
void metric_set(struct metric *metric, size_t series, int64_t value);   /* gauge; or a counter that is counted elsewhere */
void metric_know(struct metric *metric, bool known);              /* gauge: while its value is not known it has no sample; at first it is */
void metric_observe(struct metric *metric, size_t series, int64_t value); /* histogram */

/*
 * A gauge with one label of which the values are not known before: whenever it is rendered, @tell says them all by metric_tell(), METRIC_SERIES_MAX at most
 * (later ones are left out). Rows name label and no values. metric_hush() ends it, and waits for a rendering that is under way; nothing is told any more then.
 * Return: as metrics_register().
 */
struct metric_telling;
int metrics_register_told(struct metrics *metrics, const struct metric_row *row, void (*tell)(void *ctx, struct metric_telling *t), void *ctx,
                          struct metric **ret, struct error *err) MUSTCHECK;
void metric_tell(struct metric_telling *t, const char *label, int64_t value);
void metric_hush(struct metrics *metrics, struct metric *metric);

/* The present value of a counter or gauge, or the number of observations of a histogram. */
int64_t metric_value(const struct metric *metric, size_t series);

/* Appends all metrics, in order of registration, as Prometheus text exposition format 0.0.4. */
void metrics_render(struct metrics *metrics, struct buffer *out);
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
