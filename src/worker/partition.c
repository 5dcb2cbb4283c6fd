/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The life of a partition: assigned, restored, behind, live, gone
 *
 * An assignment is whole: what was owned before has been revoked or lost by then. What goes is
 * dropped at once, state and all; its next owner restores it from the topic.
 */

#include <errno.h>

#include "worker/inside.h"

void partition_enter(struct worker *w, struct partition *p, enum partition_state state) {
        if (p->state == state)
                return;
        metrics_partition(w, (int)p->state, (int)state);
        if (p->state == PARTITION_LIVE)
                w->n_not_live++;
        else if (state == PARTITION_LIVE)
                w->n_not_live--;
        if (state == PARTITION_LIVE)
                w->backlog = true;
        p->state = state;
        p->since = worker_monotonic(w);
}

static struct partition *partition_free(struct partition *p) {
        if (!p)
                return NULL;
        store_free(p->store);
        free(p->ends);
        free(p->schemas);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(struct partition *, partition_free);

static int partition_new(struct worker *w, int32_t number, struct error *err) {
        CLEANUP(partition_free_p) struct partition *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        if (number < 0 || number >= w->n_parts) {
                error_set(err, "the group handed out partition %d of %s, which has %d; restart the worker now that it has grown", number, TOPIC_CASE_STATE,
                          w->n_parts);
                return WORKER_E_CONFIG;
        }
        p->number = number;
        p->state = PARTITION_RESTORING;
        p->since = worker_monotonic(w);
        p->ends = calloc(w->topics.n_inputs + 1, sizeof(*p->ends));
        if (!p->ends)
                return -ENOMEM;
        r = store_new(w->engine, &p->store);
        if (r)
                return r;
        store_forgets(p->store, w->c.retention, w->c.once);
        metrics_partition(w, -1, (int)p->state);
        w->n_not_live++;
        w->owned[w->n_owned++] = p;
        w->parts[number] = TAKE(p);
        return 0;
}

static void drop(struct worker *w, size_t place) {
        struct partition *p = w->owned[place];

        if (p->state != PARTITION_LIVE)
                w->n_not_live--;
        metrics_partition(w, (int)p->state, -1);
        w->parts[p->number] = NULL;
        w->owned[place] = w->owned[--w->n_owned];
        partition_free(p);
}

void partitions_drop_all(struct worker *w) {
        while (w->n_owned)
                drop(w, w->n_owned - 1);
}

void partitions_drop(struct worker *w, const struct bus_part *parts, size_t n) {
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < w->n_owned; k++) {
                        if (w->owned[k]->number == parts[i].partition) {
                                drop(w, k);
                                break;
                        }
                }
        }
}

/* Restored already: takes the ends, lets the inputs flow, and has what the rows lack written with the first commit. */
static int begin_reading(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        int r = behind_begin(w, parts, n, err);

        if (r == 0)
                r = bus_worker_start(w->bus, parts, n, err);
        for (size_t i = 0; i < w->n_owned && r == 0; i++)
                partition_enter(w, w->owned[i], PARTITION_BEHIND);
        if (r == 0)
                transaction_touch(w);
        return r;
}

int partitions_assign(struct worker *w, const struct bus_part *handed, size_t n, struct error *err) {
        CLEANUP(cleanup_free) void *copy = malloc((n + 1) * sizeof(*handed)); /* the event's own are gone with the next call */
        struct bus_part *parts = copy;
        int r = 0;

        if (!parts)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                parts[i] = handed[i];
        partitions_drop_all(w);
        if (w->c.once && (w->assigned || (int32_t)n != w->n_parts)) {
                error_set(err, "--once got %zu of %d partitions; stop the other workers of this group, then run it again", n, w->n_parts);
                return WORKER_E_SPLIT;
        }
        log_line(w->c.log, PARTITIONS_ASSIGNED, LOG_STRING("instance", w->c.instance), LOG_INT("partitions", (int64_t)n));
        for (size_t i = 0; i < n && r == 0; i++) {
                r = partition_new(w, parts[i].partition, err);
                if (r == -ENOMEM)
                        error_set(err, "out of memory while partition %d was taken on", parts[i].partition);
        }
        if (r == 0 && n)
                r = restore_partitions(w, parts, n, err);
        if (r == 0 && n)
                r = begin_reading(w, parts, n, err);
        if (r)
                partitions_drop_all(w); /* of half a restore nothing may be told */
        else
                w->assigned = true;
        return r;
}
