/* SPDX-License-Identifier: EUPL-1.2 */

/* The worker on the broker in memory. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/memory/group.h"
#include "bus/memory/log.h"
#include "bus/memory/worker.h"

#define RUN 64 /* records of one partition in a row, when the order is not drawn */

struct part {
        bool owned, restored, started, moved, touched;
};

struct memory_worker {
        struct bus_worker worker;
        struct memory *m;
        struct memory_seat seat;
        struct memory_txn *txn;
        unsigned epoch;
        bool frozen;
        bool stale; /* the open transaction holds work of partitions that are gone: it can only be aborted */
        struct memory_topic *state;
        struct memory_topic **inputs, **outputs;
        size_t inputs_n, outputs_n;
        struct part *parts;        /* [state->n] */
        int64_t *next, *committed; /* [state->n][inputs_n] */
        struct bus_part *handed;
        size_t handed_n;
        size_t at, run; /* the cell that is being read, and how many records of it in a row */
        VECTOR(enum memory_fault) faults;
};

static struct memory_worker *of(struct bus_worker *worker) {
        return (struct memory_worker *)worker;
}

/* At the beginning of every call: time passes, and who stood still moves again. */
static void wake(struct memory_worker *w) {
        memory_tick(w->m);
        if (!w->frozen)
                return;
        w->frozen = false;
        memory_seat_dead(&w->seat, false);
        if (w->txn->epoch == w->epoch)
                memory_txn_dead(w->m, w->txn, false);
}

/* Takes the first fault if it is one of these. */
static enum memory_fault fault(struct memory_worker *w, enum memory_fault from, enum memory_fault to) {
        enum memory_fault first = w->faults.n ? w->faults.items[0] : 0;

        if (first < from || first > to)
                return 0;
        memmove(w->faults.items, w->faults.items + 1, --w->faults.n * sizeof(*w->faults.items));
        return first;
}

int memory_fault(struct bus_worker *worker, enum memory_fault f) {
        return vector_push(&of(worker)->faults, f);
}

static int64_t *next_of(struct memory_worker *w, int32_t partition) {
        return w->next + (size_t)partition * w->inputs_n;
}

static int64_t *committed_of(struct memory_worker *w, int32_t partition) {
        return w->committed + (size_t)partition * w->inputs_n;
}

static void forget(struct memory_worker *w) {
        w->stale |= w->txn->epoch == w->epoch && w->txn->fate;
        memset(w->parts, 0, (size_t)w->state->n * sizeof(*w->parts));
}

static void hand_out(struct memory_worker *w, enum bus_event_kind kind, struct bus_event *ret) {
        w->handed_n = 0;
        if (kind == BUS_ASSIGNED) {
                forget(w);
                for (size_t i = 0; i < w->seat.member->parts.n; i++) {
                        if (w->seat.member->parts.items[i].topic == w->state)
                                w->parts[w->seat.member->parts.items[i].partition].owned = true;
                }
        }
        for (int32_t p = 0; p < w->state->n; p++) {
                if (w->parts[p].owned)
                        w->handed[w->handed_n++] = (struct bus_part){0, p};
        }
        if (kind == BUS_LOST)
                forget(w);
        *ret = (struct bus_event){.kind = kind, .parts = w->handed, .parts_n = w->handed_n};
}

static bool take_record(struct memory_worker *w, size_t cell, struct bus_event *ret) {
        size_t input = cell % w->inputs_n;
        int32_t p = (int32_t)(cell / w->inputs_n);
        int64_t *next = &w->next[cell];

        if (!w->parts[p].started || !memory_next(&w->inputs[input]->partitions[p], next, false, &ret->record))
                return false;
        ret->kind = BUS_RECORD;
        ret->record.index = (uint32_t)input;
        w->parts[p].moved = true;
        return true;
}

static void read_next(struct memory_worker *w, struct bus_event *ret) {
        size_t cells = (size_t)w->state->n * w->inputs_n;

        if (w->m->seed)
                w->at = memory_draw(&w->m->seed) % (cells ? cells : 1);
        else if (w->run++ >= RUN)
                w->at++, w->run = 0;
        for (size_t tries = 0; tries < cells; tries++, w->at++, w->run = 0) {
                if (w->at >= cells)
                        w->at = 0;
                if (take_record(w, w->at, ret))
                        return;
        }
}

static int worker_poll(struct bus_worker *worker, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct memory_worker *w = of(worker);
        enum bus_event_kind kind;
        int r;

        (void)timeout_ms; /* nothing comes by waiting */
        wake(w);
        switch (fault(w, MEMORY_REBALANCE, MEMORY_LOSE)) {
        case MEMORY_REBALANCE:
                memory_group_shake(w->seat.group);
                break;
        case MEMORY_LOSE:
                memory_seat_lose(&w->seat);
                break;
        default:
                break;
        }
        if (w->seat.letting_go)
                forget(w);
        ret->kind = BUS_NONE;
        r = memory_seat_turn(&w->seat, &kind, err);
        if (r)
                return r;
        if (kind != BUS_NONE)
                hand_out(w, kind, ret);
        else
                read_next(w, ret);
        return 0;
}

/* A partition's input begins at what is committed, or at the oldest record there is. */
static void find_begin(struct memory_worker *w, int32_t p) {
        for (size_t i = 0; i < w->inputs_n; i++) {
                const struct memory_partition *input = &w->inputs[i]->partitions[p];
                int64_t committed = memory_offset_get(w->seat.group, input);

                next_of(w, p)[i] = committed > input->first ? committed : input->first;
                committed_of(w, p)[i] = next_of(w, p)[i];
        }
}

static int restore_one(struct memory_worker *w, int32_t p, const struct bus_restore *calls) {
        struct memory_partition *state = &w->state->partitions[p];
        struct bus_record row;
        int64_t next = 0;
        int r = 0;

        if (calls->progress)
                r = calls->progress(calls->ctx, p, 0, memory_partition_end(state));
        while (r == 0 && memory_next(state, &next, false, &row))
                r = calls->row(calls->ctx, &row);
        if (r == 0 && calls->progress)
                r = calls->progress(calls->ctx, p, memory_partition_end(state), memory_partition_end(state));
        return r;
}

static int worker_abort(struct bus_worker *worker, struct error *err);

static int worker_restore(struct bus_worker *worker, const struct bus_part *parts, size_t n, const struct bus_restore *calls, struct error *err) {
        struct memory_worker *w = of(worker);
        int r;

        wake(w);
        if (memory_seat_moving(&w->seat))
                return BUS_E_REBALANCED;
        r = w->stale ? worker_abort(worker, err) : 0; /* what is left open would be waited for */
        for (size_t i = 0; r == 0 && i < n; i++) {
                int32_t p = parts[i].partition;

                assert(w->parts[p].owned && !w->parts[p].started);
                /* The real one waits until what is open there has ended, by commit or by time. */
                memory_txn_end_all(w->m, &w->state->partitions[p]);
                find_begin(w, p);
                r = restore_one(w, p, calls);
                w->parts[p].restored = r == 0;
        }
        return r;
}

static int worker_ends(struct bus_worker *worker, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        struct memory_worker *w = of(worker);

        (void)err;
        wake(w);
        if (memory_seat_moving(&w->seat))
                return BUS_E_REBALANCED;
        for (size_t k = 0; k < n; k++) {
                if (!w->parts[parts[k].partition].owned)
                        return BUS_E_REBALANCED;
                for (size_t i = 0; i < w->inputs_n; i++)
                        ret[k * w->inputs_n + i] = w->inputs[i]->partitions[parts[k].partition].stable;
        }
        return 0;
}

/* As on the real one, ends of partitions that nothing was read from are noticed as they are met. */
static const int64_t *worker_positions(struct bus_worker *worker, int32_t partition) {
        struct memory_worker *w = of(worker);

        return partition >= 0 && partition < w->state->n && w->parts[partition].restored ? next_of(w, partition) : NULL;
}

static int worker_start(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        struct memory_worker *w = of(worker);

        (void)err;
        wake(w);
        if (memory_seat_moving(&w->seat))
                return BUS_E_REBALANCED;
        for (size_t i = 0; i < n; i++) {
                assert(w->parts[parts[i].partition].restored);
                w->parts[parts[i].partition].started = true;
        }
        return 0;
}

static int worker_produce(struct bus_worker *worker, const struct bus_record *record, struct error *err) {
        struct memory_worker *w = of(worker);
        struct memory_topic *t;
        int32_t partition;
        int r;

        wake(w);
        assert(record->index < w->outputs_n);
        t = w->outputs[record->index];
        r = memory_txn_check(w->txn, w->epoch, err);
        if (r)
                return r;
        if (fault(w, MEMORY_PRODUCE_ABORTED, MEMORY_PRODUCE_ABORTED))
                return BUS_E_ABORTED;
        partition = bus_record_partition(record, t->n, 0);
        if (partition < 0) {
                error_set(err, "the topic %s has no partition %d", t->name, (int)record->partition);
                return -EINVAL;
        }
        r = memory_write(w->m, t, partition, record, w->txn, NULL);
        if (r == 0 && t == w->state && w->parts[partition].owned)
                w->parts[partition].touched = true;
        return r;
}

static bool has_work(const struct memory_worker *w) {
        bool work = w->txn->fate != NULL;

        for (int32_t p = 0; p < w->state->n; p++)
                work |= w->parts[p].moved;
        return work;
}

static int apply_commit(struct memory_worker *w) {
        int r = memory_txn_end(w->m, w->txn, MEMORY_COMMITTED);

        for (int32_t p = 0; p < w->state->n; p++) {
                struct part *part = &w->parts[p];

                for (size_t i = 0; r == 0 && (part->moved || part->touched) && i < w->inputs_n; i++) {
                        if (next_of(w, p)[i] != committed_of(w, p)[i])
                                r = memory_offset_set(w->seat.group, &w->inputs[i]->partitions[p], next_of(w, p)[i]);
                        committed_of(w, p)[i] = next_of(w, p)[i];
                }
                part->moved = part->touched = false;
        }
        return r;
}

static int worker_commit(struct bus_worker *worker, struct error *err) {
        struct memory_worker *w = of(worker);
        enum memory_fault f;
        int r;

        wake(w);
        r = memory_txn_check(w->txn, w->epoch, err);
        if (r)
                return r;
        if (!has_work(w))
                return 0;
        f = fault(w, MEMORY_COMMIT_ABORTED, MEMORY_COMMIT_DIES);
        if (f == MEMORY_COMMIT_DIES) {
                error_set(err, "the commit got no answer");
                return -EIO;
        }
        /* What was only written, with partitions that are gone, is refused as well: the worker has dropped their state. */
        if (f == MEMORY_COMMIT_ABORTED || w->stale || !memory_seat_valid(&w->seat))
                return BUS_E_ABORTED;
        r = apply_commit(w);
        if (r == 0 && f == MEMORY_COMMIT_LOST_ANSWER) {
                error_set(err, "the commit got no answer");
                r = -EIO;
        }
        return r;
}

static int worker_abort(struct bus_worker *worker, struct error *err) {
        struct memory_worker *w = of(worker);
        int r;

        wake(w);
        r = memory_txn_check(w->txn, w->epoch, err);
        if (r == 0)
                r = memory_txn_end(w->m, w->txn, MEMORY_ABORTED);
        w->stale = false;
        for (int32_t p = 0; r == 0 && p < w->state->n; p++) {
                memcpy(next_of(w, p), committed_of(w, p), w->inputs_n * sizeof(int64_t));
                w->parts[p].moved = w->parts[p].touched = false;
        }
        return r;
}

/* Here a commit is seen at once. */
static int worker_settle(struct bus_worker *worker, struct error *err) {
        (void)worker;
        (void)err;
        return 0;
}

static int32_t worker_partitions(struct bus_worker *worker) {
        return of(worker)->state->n;
}

static void worker_free(struct memory_worker *w) {
        free(w->inputs);
        free(w->outputs);
        free(w->parts);
        free(w->next);
        free(w->committed);
        free(w->handed);
        vector_done(&w->faults);
        free(w);
}

static void worker_close(struct bus_worker *worker, bool leave) {
        struct memory_worker *w = of(worker);

        wake(w);
        if (w->txn && w->txn->epoch == w->epoch)
                (void) memory_txn_end(w->m, w->txn, MEMORY_ABORTED); /* a marker more or less: nobody is left to tell */
        memory_seat_leave(&w->seat, leave);
        worker_free(w);
}

void memory_freeze(struct bus_worker *worker) {
        struct memory_worker *w = of(worker);

        memory_tick(w->m);
        w->frozen = true;
        memory_seat_dead(&w->seat, true);
        if (w->txn->epoch == w->epoch)
                memory_txn_dead(w->m, w->txn, true);
}

void memory_crash(struct bus_worker *worker) {
        struct memory_worker *w = of(worker);

        memory_freeze(worker);
        memory_seat_done(&w->seat);
        worker_free(w);
}

static const struct bus_worker_ops worker_ops = {
        .poll = worker_poll,
        .restore = worker_restore,
        .ends = worker_ends,
        .positions = worker_positions,
        .start = worker_start,
        .produce = worker_produce,
        .commit = worker_commit,
        .abort = worker_abort,
        .settle = worker_settle,
        .partitions = worker_partitions,
        .close = worker_close,
};

static int find_topics(struct memory_worker *w, const struct bus_worker_config *config, struct error *err) {
        size_t cells;
        int r;

        w->inputs_n = config->inputs_n;
        w->outputs_n = config->outputs_n;
        w->inputs = calloc(w->inputs_n + 1, sizeof(*w->inputs));
        w->outputs = calloc(w->outputs_n + 1, sizeof(*w->outputs));
        if (!w->inputs || !w->outputs)
                return -ENOMEM;
        r = memory_topic_find_all(w->m, &config->state, 1, &w->state, err);
        if (r == 0)
                r = memory_topic_find_all(w->m, config->inputs, w->inputs_n, w->inputs, err);
        if (r == 0)
                r = memory_topic_find_all(w->m, config->outputs, w->outputs_n, w->outputs, err);
        for (size_t i = 0; r == 0 && i < w->inputs_n; i++) {
                if (w->inputs[i]->n != w->state->n) {
                        error_set(err, "the topic %s has %d partitions and %s has %d: they must be equal", w->inputs[i]->name, (int)w->inputs[i]->n,
                                  w->state->name, (int)w->state->n);
                        r = -EINVAL;
                }
        }
        if (r)
                return r;
        cells = (size_t)w->state->n * (w->inputs_n + 1);
        w->parts = calloc((size_t)w->state->n, sizeof(*w->parts));
        w->handed = calloc((size_t)w->state->n, sizeof(*w->handed));
        w->next = calloc(cells, sizeof(*w->next));
        w->committed = calloc(cells, sizeof(*w->committed));
        return w->parts && w->handed && w->next && w->committed ? 0 : -ENOMEM;
}

static int sit(struct memory_worker *w, const struct bus_worker_config *config) {
        struct memory_topic **topics = calloc(w->inputs_n + 1, sizeof(*topics));
        int r;

        if (!topics)
                return -ENOMEM;
        memcpy(topics, w->inputs, w->inputs_n * sizeof(*topics));
        topics[w->inputs_n] = w->state;
        r = memory_seat_take(&w->seat, w->m, config->group, config->instance, topics, w->inputs_n + 1);
        free(topics);
        return r;
}

int memory_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) {
        struct memory_worker *w = calloc(1, sizeof(*w));
        char id[2 * BUS_NAME_MAX];
        int r;

        if (!w)
                return -ENOMEM;
        w->worker.ops = &worker_ops;
        w->m = memory_of(b);
        memory_tick(w->m);
        snprintf(id, sizeof(id), "%s-%s", config->group, config->instance);
        r = find_topics(w, config, err);
        if (r == 0)
                r = memory_txn_take(w->m, id, &w->txn, &w->epoch);
        if (r == 0)
                r = sit(w, config);
        if (r) {
                memory_seat_done(&w->seat);
                worker_free(w);
                return r;
        }
        *ret = &w->worker;
        return 0;
}
