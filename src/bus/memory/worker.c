/* SPDX-License-Identifier: EUPL-1.2 */

/* The worker on the broker in memory. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/memory/group.h"
#include "bus/memory/log.h"
#include "bus/memory/worker.h"
#include "bus/positions.h"

#define RUN 64 /* records of one partition in a row, when the order is not drawn */

struct memory_worker {
        struct bus_worker worker;
        struct memory *m;
        struct memory_seat seat;
        struct memory_txn *txn;
        unsigned epoch;
        bool frozen;
        unsigned cuts; /* of the broker, when last looked */
        struct { /* what was to be read next and is not there; for an input of which nothing is committed yet */
                bool is;
                int32_t partition;
                size_t input;
                int64_t from;
        } gone;
        bool again; /* LOST was handed out because of a log that is not what was left: ASSIGNED comes next */
        struct memory_topic *state;
        struct memory_topic **inputs, **outputs; /* behind the inputs, the state */
        size_t inputs_n, outputs_n;
        struct worker_positions at; /* of the state's partitions and the inputs */
        size_t cell, run; /* that is being read, and how many records of it in a row */
        VECTOR(enum memory_fault) faults;
};

static struct memory_worker *memory_worker_of(struct bus_worker *worker) {
        return (struct memory_worker *)worker;
}

/* At the beginning of every call: time passes, and who stood still moves again. */
static void memory_worker_wake(struct memory_worker *w) {
        memory_tick(w->m);
        if (!w->frozen)
                return;
        w->frozen = false;
        memory_seat_dead(&w->seat, false);
        if (w->txn->epoch == w->epoch)
                memory_txn_dead(w->m, w->txn, false);
}

/* Takes the first fault if it is one of these. */
static enum memory_fault take_fault(struct memory_worker *w, enum memory_fault from, enum memory_fault to) {
        enum memory_fault first = w->faults.n ? w->faults.items[0] : 0;

        if (first < from || first > to)
                return 0;
        memmove(w->faults.items, w->faults.items + 1, --w->faults.n * sizeof(*w->faults.items));
        return first;
}

int memory_fault(struct bus_worker *worker, enum memory_fault f) {
        return vector_push(&memory_worker_of(worker)->faults, f);
}

/* Whether the open transaction holds anything. */
static bool memory_worker_has_written(const struct memory_worker *w) {
        return w->txn->epoch == w->epoch && w->txn->fate;
}

static void memory_worker_hand_out(struct memory_worker *w, enum bus_event_kind kind, struct bus_event *ret) {
        const struct memory_member *member = w->seat.member;

        if (kind == BUS_ASSIGNED) {
                worker_positions_forget(&w->at, memory_worker_has_written(w));
                for (size_t i = 0; i < member->parts.n; i++) {
                        if (member->parts.items[i].topic == w->state)
                                (void)worker_positions_own(&w->at, member->parts.items[i].partition); /* topics here never grow */
                }
        }
        worker_positions_event(&w->at, kind, memory_worker_has_written(w), ret);
}

/* The next record of one input of one partition, where the log has one. What lies before it and is never handed out counts as read. */
static bool read_cell(struct memory_worker *w, size_t cell, struct bus_event *ret) {
        size_t input = cell % w->inputs_n;
        int32_t p = (int32_t)(cell / w->inputs_n);
        const int64_t *at = worker_positions_of(&w->at, p);
        int64_t next = at ? at[input] : 0;

        if (!at || !w->at.at[p].started)
                return false;
        if (!memory_next(&w->inputs[input]->partitions[p], &next, false, &ret->record)) {
                worker_positions_end(&w->at, p, input, next);
                return false;
        }
        if (!worker_positions_take(&w->at, p, input, ret->record.offset))
                return false;
        ret->kind = BUS_RECORD;
        ret->record.index = (uint32_t)input;
        return true;
}

static void read_next(struct memory_worker *w, struct bus_event *ret) {
        size_t cells = (size_t)w->state->n * w->inputs_n;

        if (w->m->seed)
                w->cell = memory_draw(&w->m->seed) % (cells ? cells : 1);
        else if (w->run++ >= RUN)
                w->cell++, w->run = 0;
        for (size_t tries = 0; tries < cells; tries++, w->cell++, w->run = 0) {
                if (w->cell >= cells)
                        w->cell = 0;
                if (read_cell(w, w->cell, ret))
                        return;
        }
}

/* Whether what is to be read next is not there in a log that is read. */
static bool logs_moved(struct memory_worker *w) {
        if (w->cuts == w->m->cuts)
                return false;
        w->cuts = w->m->cuts;
        for (int32_t p = 0; p < w->at.partitions; p++) {
                for (size_t i = 0; w->at.at[p].started && i < w->inputs_n; i++) {
                        const struct memory_partition *input = &w->inputs[i]->partitions[p];
                        int64_t next = worker_positions_next(&w->at, p, i), to;

                        if (!position_find(next, input->first, memory_partition_end(input), &to))
                                continue;
                        w->gone.is = true;
                        w->gone.partition = p;
                        w->gone.input = i;
                        w->gone.from = next;
                        return true;
                }
        }
        return false;
}

static int memory_worker_poll(struct bus_worker *worker, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);
        enum bus_event_kind kind;
        int r;

        (void)timeout_ms; /* nothing comes by waiting */
        memory_worker_wake(w);
        switch (take_fault(w, MEMORY_REBALANCE, MEMORY_LOSE)) {
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
                worker_positions_forget(&w->at, memory_worker_has_written(w));
        ret->kind = BUS_NONE;
        r = memory_seat_turn(&w->seat, &kind, err);
        if (r)
                return r;
        if (kind == BUS_NONE && w->again)
                kind = BUS_ASSIGNED;
        else if (kind == BUS_NONE && logs_moved(w))
                kind = BUS_LOST;
        w->again = kind == BUS_LOST && w->seat.member && !memory_seat_moving(&w->seat);
        if (kind != BUS_NONE)
                memory_worker_hand_out(w, kind, ret);
        else
                read_next(w, ret);
        ret->again = w->again;
        return 0;
}

/* A partition's input begins at what is committed, or at the oldest record there is. */
static void find_begin(struct memory_worker *w, int32_t p, const struct bus_restore *calls) {
        for (size_t i = 0; i < w->inputs_n; i++) {
                const struct memory_partition *input = &w->inputs[i]->partitions[p];
                struct bus_jump jump = {.part = {(uint32_t)i, p}, .from = memory_offset_get(w->seat.group, input)};

                if (jump.from >= 0 && calls->left)
                        calls->left(calls->ctx, &jump.part, jump.from);
                if (jump.from < 0 && w->gone.is && w->gone.partition == p && w->gone.input == i)
                        jump.from = w->gone.from;
                if (!worker_positions_begin(&w->at, p, i, jump.from, input->first, memory_partition_end(input)))
                        continue;
                jump.to = worker_positions_next(&w->at, p, i);
                if (calls->jumped)
                        calls->jumped(calls->ctx, &jump);
        }
}

static int restore_partition(struct memory_worker *w, int32_t p, const struct bus_restore *calls) {
        struct memory_partition *state = &w->state->partitions[p];
        struct bus_record row;
        int64_t next = 0, end = memory_partition_end(state);
        int r = calls->progress ? calls->progress(calls->ctx, p, 0, end) : 0;

        while (r == 0 && memory_next(state, &next, false, &row))
                r = calls->row(calls->ctx, &row);
        if (r)
                return r;
        return calls->progress ? calls->progress(calls->ctx, p, end, end) : 0;
}

static int memory_worker_abort(struct bus_worker *worker, struct error *err);

static int memory_worker_restore(struct bus_worker *worker, const struct bus_part *parts, size_t n, const struct bus_restore *calls, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);
        int r;

        memory_worker_wake(w);
        if (memory_seat_moving(&w->seat))
                return BUS_E_REBALANCED;
        if (w->at.stale) { /* what is left open would be waited for */
                r = memory_worker_abort(worker, err);
                if (r)
                        return r;
        }
        for (size_t i = 0; i < n; i++) {
                int32_t p = parts[i].partition;

                /* The real one waits until what is open there has ended, by commit or by time. */
                memory_txn_end_all(w->m, &w->state->partitions[p]);
                find_begin(w, p, calls);
                r = restore_partition(w, p, calls);
                if (r)
                        return r;
        }
        w->gone.is = false;
        worker_positions_restored(&w->at, parts, n);
        return 0;
}

static int memory_worker_ends(struct bus_worker *worker, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);

        (void)err;
        memory_worker_wake(w);
        if (memory_seat_moving(&w->seat) || !worker_positions_own_all(&w->at, parts, n))
                return BUS_E_REBALANCED;
        for (size_t k = 0; k < n; k++) {
                for (size_t i = 0; i < w->inputs_n; i++)
                        ret[k * w->inputs_n + i] = w->inputs[i]->partitions[parts[k].partition].stable;
        }
        return 0;
}

/* As on the real one, ends of partitions that nothing was read from are noticed as they are met. */
static const int64_t *memory_worker_positions(struct bus_worker *worker, int32_t partition) {
        return worker_positions_of(&memory_worker_of(worker)->at, partition);
}

static int memory_worker_start(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);

        (void)err;
        memory_worker_wake(w);
        if (memory_seat_moving(&w->seat))
                return BUS_E_REBALANCED;
        worker_positions_start(&w->at, parts, n);
        return 0;
}

static void memory_worker_hold(struct bus_worker *worker, const struct bus_record *record) {
        worker_positions_hold(&memory_worker_of(worker)->at, record->partition, record->index, record->offset);
}

static int memory_worker_resume(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);

        (void)err;
        memory_worker_wake(w);
        if (memory_seat_moving(&w->seat))
                return BUS_E_REBALANCED;
        for (size_t k = 0; k < n; k++)
                worker_positions_resume(&w->at, parts[k].partition, parts[k].index);
        return 0;
}

static int memory_worker_produce(struct bus_worker *worker, const struct bus_record *record, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);
        struct memory_topic *t;
        int32_t partition;
        int r;

        memory_worker_wake(w);
        assert(record->index < w->outputs_n);
        t = w->outputs[record->index];
        r = memory_txn_check(w->txn, w->epoch, err);
        if (r)
                return r;
        if (take_fault(w, MEMORY_PRODUCE_ABORTED, MEMORY_PRODUCE_ABORTED))
                return BUS_E_ABORTED;
        partition = bus_record_partition(record, t->n, 0);
        if (partition < 0) {
                error_set(err, "the topic %s has no partition %d", t->name, (int)record->partition);
                return -EINVAL;
        }
        r = memory_write(w->m, t, partition, record, w->txn, NULL);
        if (r)
                return r;
        if (t == w->state)
                worker_positions_touch(&w->at, partition);
        return 0;
}

static int count_pending(void *ctx, int32_t partition, size_t input, int64_t next) {
        size_t *n = ctx;

        (void)partition;
        (void)input;
        (void)next;
        ++*n;
        return 0;
}

static int commit_pending(void *ctx, int32_t partition, size_t input, int64_t next) {
        struct memory_worker *w = ctx;

        return memory_offset_set(w->seat.group, &w->inputs[input]->partitions[partition], next);
}

static int memory_worker_commit(struct bus_worker *worker, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);
        enum memory_fault f;
        size_t pending = 0;
        int r;

        memory_worker_wake(w);
        r = memory_txn_check(w->txn, w->epoch, err);
        if (r)
                return r;
        (void)worker_positions_pending(&w->at, count_pending, &pending);
        if (pending == 0 && !memory_worker_has_written(w))
                return 0;
        f = take_fault(w, MEMORY_COMMIT_ABORTED, MEMORY_COMMIT_DIES);
        if (f == MEMORY_COMMIT_DIES) {
                error_set(err, "the commit got no answer");
                return -EIO;
        }
        /* As on the real one, offsets prove the membership. */
        if (f == MEMORY_COMMIT_ABORTED || w->at.stale || (pending && !memory_seat_valid(&w->seat)))
                return BUS_E_ABORTED;
        r = memory_txn_end(w->m, w->txn, MEMORY_COMMITTED);
        if (r)
                return r;
        r = worker_positions_pending(&w->at, commit_pending, w);
        if (r)
                return r;
        worker_positions_committed(&w->at);
        if (f == MEMORY_COMMIT_LOST_ANSWER) {
                error_set(err, "the commit got no answer");
                return -EIO;
        }
        return 0;
}

static int memory_worker_abort(struct bus_worker *worker, struct error *err) {
        struct memory_worker *w = memory_worker_of(worker);
        int r;

        memory_worker_wake(w);
        r = memory_txn_check(w->txn, w->epoch, err);
        if (r)
                return r;
        r = memory_txn_end(w->m, w->txn, MEMORY_ABORTED);
        if (r)
                return r;
        worker_positions_rewind(&w->at);
        w->cuts = 0; /* what is to be read again may be gone */
        return 0;
}

/* Here a commit is seen at once. */
static int memory_worker_settle(struct bus_worker *worker, struct error *err) {
        (void)worker;
        (void)err;
        return 0;
}

static int32_t memory_worker_partitions(struct bus_worker *worker) {
        return memory_worker_of(worker)->at.partitions;
}

static void memory_worker_free(struct memory_worker *w) {
        memory_seat_done(&w->seat);
        worker_positions_done(&w->at);
        free(w->inputs);
        free(w->outputs);
        vector_done(&w->faults);
        free(w);
}

static void memory_worker_close(struct bus_worker *worker, bool leave) {
        struct memory_worker *w = memory_worker_of(worker);

        memory_worker_wake(w);
        if (w->txn->epoch == w->epoch)
                (void) memory_txn_end(w->m, w->txn, MEMORY_ABORTED); /* a marker more or less: nobody is left to tell */
        memory_seat_leave(&w->seat, leave);
        memory_worker_free(w);
}

void memory_freeze(struct bus_worker *worker) {
        struct memory_worker *w = memory_worker_of(worker);

        memory_tick(w->m);
        w->frozen = true;
        memory_seat_dead(&w->seat, true);
        if (w->txn->epoch == w->epoch)
                memory_txn_dead(w->m, w->txn, true);
}

void memory_expel(struct bus_worker *worker) {
        memory_seat_lose(&memory_worker_of(worker)->seat);
}

void memory_crash(struct bus_worker *worker) {
        memory_freeze(worker);
        memory_worker_free(memory_worker_of(worker));
}

static const struct bus_worker_ops memory_worker_ops = {
        .poll = memory_worker_poll,
        .restore = memory_worker_restore,
        .ends = memory_worker_ends,
        .positions = memory_worker_positions,
        .start = memory_worker_start,
        .hold = memory_worker_hold,
        .resume = memory_worker_resume,
        .produce = memory_worker_produce,
        .commit = memory_worker_commit,
        .abort = memory_worker_abort,
        .settle = memory_worker_settle,
        .partitions = memory_worker_partitions,
        .close = memory_worker_close,
};

static int find_topics(struct memory_worker *w, const struct bus_worker_config *config, struct error *err) {
        CLEANUP(cleanup_free) const char **names = calloc(config->inputs_n + 1, sizeof(*names));
        CLEANUP(cleanup_free) int32_t *partitions = calloc(config->inputs_n + 1, sizeof(*partitions));
        int r;

        w->inputs_n = config->inputs_n;
        w->outputs_n = config->outputs_n;
        w->inputs = calloc(w->inputs_n + 1, sizeof(*w->inputs));
        w->outputs = calloc(w->outputs_n + 1, sizeof(*w->outputs));
        if (!w->inputs || !w->outputs || !names || !partitions)
                return -ENOMEM;
        r = memory_topic_find_all(w->m, config->inputs, w->inputs_n, w->inputs, err);
        if (r)
                return r;
        r = memory_topic_find_all(w->m, &config->state, 1, &w->state, err);
        if (r)
                return r;
        r = memory_topic_find_all(w->m, config->outputs, w->outputs_n, w->outputs, err);
        if (r)
                return r;
        w->inputs[w->inputs_n] = w->state;
        for (size_t i = 0; i <= w->inputs_n; i++) {
                names[i] = w->inputs[i]->name;
                partitions[i] = w->inputs[i]->n;
        }
        return worker_positions_init(&w->at, names, partitions, w->inputs_n, err);
}

static int open_memory_worker(struct memory_worker *w, const struct bus_worker_config *config, struct error *err) {
        char id[2 * BUS_NAME_MAX];
        int r = find_topics(w, config, err);

        if (r)
                return r;
        snprintf(id, sizeof(id), "%s-%s", config->group, config->instance);
        r = memory_txn_take(w->m, id, &w->txn, &w->epoch);
        return r ? r : memory_seat_take(&w->seat, w->m, config->group, config->instance, w->inputs, w->inputs_n + 1);
}

int memory_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) {
        struct memory_worker *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->worker.ops = &memory_worker_ops;
        w->m = memory_of(b);
        memory_tick(w->m);
        r = open_memory_worker(w, config, err);
        if (r) {
                memory_worker_free(w);
                return r;
        }
        *ret = &w->worker;
        return 0;
}
