/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What is open, for Prometheus: by organisation, and by norm and rung
 *
 * The labels are what is configured, and "other" for the rest. An installation with more organisations, or norms, than a metric may have
 * series goes without that metric.
 */

#include "replica/cases.h"

struct gauges;

/* @config must outlive it. Return: 0; -ENOSPC with a sentence; -ENOMEM. */
int gauges_new(struct metrics *metrics, const struct config *config, struct gauges **ret, struct error *err) MUSTCHECK;
struct gauges *gauges_free(struct gauges *gauges); /* NULL ok; returns NULL; the metrics stay */
DEFINE_CLEANUP(struct gauges *, gauges_free);

/* Shows what is open at @now. NULL: nobody looks. */
void gauges_show(struct gauges *gauges, struct cases *cases, instant_t now);

/* Whether the replica has all that stands there, how many rows it took in, and the bytes of its indexes. */
void gauges_show_state(struct gauges *gauges, bool live, uint64_t rows, uint64_t strays, size_t index_bytes);
