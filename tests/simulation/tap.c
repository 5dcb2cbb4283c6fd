/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The tap: between a worker and the bus in memory
 *
 * Every call of the worker passes here. What it is handed and what it writes goes to its window, which is
 * compared with the models whenever a turn is over: at the next poll, commit or abort. And one call in many
 * is spoiled, as the adversary drew it: the process dies before or after it, the broker takes the
 * transaction back, or time passes, for others too, while the call waits.
 */

#include "bus/memory/worker.h"
#include "simulation.h"

#include <errno.h>
#include <inttypes.h>

#include "worker/partition.h"

const char *const call_names[CALLS] = {"", "poll", "restore", "ends", "start", "produce", "commit", "abort"};
const char *const harm_names[HARMS] = {"", "dies before", "dies after", "is aborted at", "is late at", "stands still at", "is thrown out at"};

#define OTHERS_STEPS 60       /* of the other workers, while a call waits */
#define STILL_MS_LEAST 11000  /* longer than a transaction, or than a session too */
#define STILL_MS_MOST 40000
#define UNHEARD_MS_MOST DAY_MS /* after one was thrown out unheard */
#define FRESH_MS MINUTE_MS    /* a stamp that is no older tells what the broker's clock says */

static struct tap *of(struct bus_worker *worker) {
        return (struct tap *)worker;
}

static struct sim *sim_of(const struct tap *tap) {
        return tap->h->s;
}

static int die(struct tap *tap, struct error *err) {
        tap->killed = true;
        error_set(err, "the process is gone");
        return -EIO;
}

/* The fault that is meant for this call, if any. */
static enum harm harm_of(struct tap *tap, enum call call) {
        struct sim *s = sim_of(tap);
        enum harm harm = tap->fault.harm;

        if (tap->fault.call != call || s->quiet)
                return HARM_NONE;
        if (tap->fault.after > 0) {
                tap->fault.after--;
                return HARM_NONE;
        }
        tap->fault = (struct fault){0};
        if (s->nested && (harm == HARM_LATE || harm == HARM_STANDS_STILL || harm == HARM_THROWN_OUT))
                return HARM_NONE;
        s->counts.harms[call][harm]++;
        tap->harmed = true;
        sim_trace(s, "%s %s %s", handle_name(tap->h), harm_names[harm], call_names[call]);
        return harm;
}

/* What comes before the call itself. Return: 0, or that the process is gone. */
static int before(struct tap *tap, enum harm harm, struct error *err) {
        struct sim *s = sim_of(tap);

        switch (harm) {
        case HARM_DIES_BEFORE:
                return die(tap, err);
        case HARM_LATE:
                fleet_others(s, tap->h, OTHERS_STEPS);
                break;
        case HARM_STANDS_STILL:
                memory_freeze(tap->inner);
                s->counts.frozen++;
                sim_forward(s, draw_between(s, STILL_MS_LEAST, STILL_MS_MOST));
                fleet_others(s, tap->h, OTHERS_STEPS);
                break;
        case HARM_NONE:
        case HARM_DIES_AFTER:
        case HARM_THROWN_OUT:
        case HARM_ABORTED:
        case HARMS:
                break;
        }
        return 0;
}

/* -- What is handed out -- */

static bool caught_up(const struct tap *tap, int32_t p) {
        const int64_t *at = tap->inner->ops->positions(tap->inner, p);

        for (size_t i = 0; at && i < tap->n_inputs; i++) {
                if (at[i] < tap->parts[p].ends[i])
                        return false;
        }
        return at != NULL;
}

const char *tap_unread(const struct tap *tap, int32_t p) {
        const int64_t *at = tap->inner->ops->positions(tap->inner, p);

        for (size_t i = 0; at && i < tap->n_inputs; i++) {
                if (at[i] < tap->parts[p].ends[i])
                        return tap->inputs[i];
        }
        return "nothing";
}

bool tap_may_tell(const struct tap *tap, int32_t p) {
        struct worker_status status;

        worker_status(tap->h->worker, &status);
        return tap->parts[p].owned && tap->parts[p].started && !status.clock_away && tap->belief != BELIEF_AWAY && caught_up(tap, p);
}

/* What has to be read before the partition is not behind any more: all that can be read now. */
static void take_ends(struct tap *tap, int32_t p) {
        for (size_t i = 0; i < tap->n_inputs; i++)
                tap->parts[p].ends[i] = memory_stable(sim_of(tap)->memory, tap->inputs[i], p);
}

/*
 * What this worker has to think of its wall clock now, if a record says it. A fresh stamp that is far ahead says
 * it at once. One that is far back says it when the record came after the ends were asked under this clock:
 * an old record from before is a backlog. Near the hour nothing is expected.
 */
static enum belief judge_clock(const struct tap *tap, const struct bus_record *record) {
        const struct tap_part *part = &tap->parts[record->partition];
        bool fresh = sim_now(sim_of(tap)) - record->timestamp <= FRESH_MS;
        int64_t off = tap->h->off;

        if (!fresh)
                return BELIEF_NONE;
        if (off >= -PARTITION_CLOCK_AWAY_MS + 2 * FRESH_MS && off <= PARTITION_CLOCK_AWAY_MS - 2 * FRESH_MS)
                return BELIEF_RIGHT;
        if (off < -PARTITION_CLOCK_AWAY_MS - FRESH_MS)
                return BELIEF_AWAY;
        if (off > PARTITION_CLOCK_AWAY_MS + FRESH_MS && record->offset >= part->asked[record->index] &&
            part->asked_at - record->timestamp > PARTITION_CLOCK_AWAY_MS)
                return BELIEF_AWAY;
        return BELIEF_NONE;
}

static void handed_record(struct tap *tap, const struct bus_record *record) {
        struct sim *s = sim_of(tap);
        const struct input *input = load_find(s, record->topic, record->partition, record->offset);
        bool old = handle_wall(tap->h) - record->timestamp > PARTITION_BEHIND_AFTER_MS;

        if (!input)
                sim_fail(s, "the bus handed out %s[%d]@%" PRId64 ", which was never published", record->topic, record->partition, record->offset);
        if (!tap->parts[record->partition].owned || !tap->parts[record->partition].started)
                sim_fail(s, "the bus handed out %s[%d]@%" PRId64 " before its partition was started", record->topic, record->partition, record->offset);
        tap->belief = judge_clock(tap, record);
        s->counts.away += tap->belief == BELIEF_AWAY;
        if (old && tap->h->live && !tap->h->once) {
                s->counts.behind++;
                take_ends(tap, record->partition);
        }
        sim_trace(s, "%s reads %s[%d]@%" PRId64 "%s", handle_name(tap->h), record->topic, record->partition, record->offset,
                  old ? ", old" : "");
        window_begin(tap, input, tap->h->live && !old && tap->belief == BELIEF_RIGHT && !tap->h->once);
        tap->open = true;
}

static void handed_parts(struct tap *tap, const struct bus_event *event) {
        struct sim *s = sim_of(tap);

        sim_trace(s, "%s %s %zu partitions", handle_name(tap->h),
                  event->kind == BUS_ASSIGNED ? "is assigned" : event->kind == BUS_LOST ? "lost" : "lets go of", event->parts_n);
        if (event->kind == BUS_REVOKED)
                return; /* they are this worker's until its next poll */
        s->counts.rebalances++;
        for (int32_t p = 0; p < s->partitions; p++)
                tap->parts[p].owned = tap->parts[p].started = false;
        for (size_t i = 0; event->kind == BUS_ASSIGNED && i < event->parts_n; i++) {
                tap->parts[event->parts[i].partition].owned = true;
                take_ends(tap, event->parts[i].partition);
        }
}

/* A worker that has lost its partitions and commits all the same: nothing of what it wrote for them may stand. */
static void check_stale(struct tap *tap, const struct bus_event *event) {
        struct error err = {0};

        if (event->kind != BUS_LOST || !tap->written)
                return;
        if (tap->inner->ops->commit(tap->inner, &err) == 0)
                sim_fail(sim_of(tap), "%s has lost its partitions, and the bus commits what it wrote for them", handle_name(tap->h));
        sim_of(tap)->counts.stale++;
}

/* Where it stood before it learned of a change. */
static void note_positions(struct tap *tap) {
        for (int32_t p = 0; p < sim_of(tap)->partitions; p++) {
                const int64_t *at = tap->inner->ops->positions(tap->inner, p);

                if (at)
                        memcpy(tap->parts[p].next, at, tap->n_inputs * sizeof(*at));
        }
}

static int tap_poll(struct bus_worker *worker, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct tap *tap = of(worker);
        enum harm harm;
        int r;

        window_end(tap);
        tap->belief = BELIEF_NONE;
        harm = harm_of(tap, CALL_POLL);
        if (before(tap, harm, err))
                return -EIO;
        note_positions(tap);
        r = tap->inner->ops->poll(tap->inner, timeout_ms, ret, err);
        if (r == 0 && harm == HARM_DIES_AFTER)
                return die(tap, err);
        if (r == 0)
                check_stale(tap, ret);
        if (r == 0 && harm == HARM_THROWN_OUT) {
                memory_expel(tap->inner);
                sim_forward(sim_of(tap), draw_between(sim_of(tap), 0, UNHEARD_MS_MOST)); /* things fall due, for all of them */
                fleet_others(sim_of(tap), tap->h, OTHERS_STEPS);
        }
        if (r == 0 && ret->kind == BUS_RECORD)
                handed_record(tap, &ret->record);
        else if (r == 0 && ret->kind != BUS_NONE)
                handed_parts(tap, ret);
        return r;
}

/* -- Restoring -- */

struct seen_rows {
        struct tap *tap;
        const struct bus_restore *calls;
        struct ledger_part parts[PARTITIONS_MAX];
};

static int seen_row(void *ctx, const struct bus_record *record) {
        struct seen_rows *seen = ctx;
        struct row row = {.value = record->value, .n = record->value_n};

        if (record->key_n != ROW_KEY_BYTES)
                sim_fail(sim_of(seen->tap), "a row of case-state has a key of %zu bytes", record->key_n);
        memcpy(row.key, record->key, ROW_KEY_BYTES);
        ledger_put_row(&seen->parts[record->partition], &row);
        return seen->calls->row(seen->calls->ctx, record);
}

static void seen_jumped(void *ctx, const struct bus_jump *jump) {
        const struct seen_rows *seen = ctx;

        moves_jumped(seen->tap, jump);
        seen->calls->jumped(seen->calls->ctx, jump);
}

static void seen_left(void *ctx, const struct bus_part *part, int64_t offset) {
        const struct seen_rows *seen = ctx;

        seen->calls->left(seen->calls->ctx, part, offset);
}

static int seen_progress(void *ctx, int32_t partition, int64_t at, int64_t end) {
        const struct seen_rows *seen = ctx;

        return seen->calls->progress ? seen->calls->progress(seen->calls->ctx, partition, at, end) : 0;
}

static const struct row *find_row(const struct row *rows, size_t n, const struct row *wanted) {
        for (size_t i = 0; i < n; i++) {
                if (memcmp(rows[i].key, wanted->key, ROW_KEY_BYTES) == 0 && rows[i].n == wanted->n && memcmp(rows[i].value, wanted->value, wanted->n) == 0)
                        return &rows[i];
        }
        return NULL;
}

/* What is restored must be what was committed: all of it and no more. */
static void check_restored(struct sim *s, int32_t p, const struct ledger_part *seen) {
        const struct ledger_part *truth = &s->truth[p];
        char id[UUID_TEXT + 1];
        size_t rows = 0, want = 0;

        for (size_t i = 0; i < truth->cases.n; i++) {
                const struct ledger_case *c = truth->cases.items[i], *there = ledger_find(seen, &c->id);

                for (size_t k = 0; k < c->rows.n; k++) {
                        if (!there || !find_row(there->rows.items, there->rows.n, &c->rows.items[k]))
                                sim_fail(s, "a row of kind %c of case %s was committed to partition %d and is not restored", c->rows.items[k].key[16],
                                         short_id(&c->id, id), p);
                }
                want += c->rows.n;
                s->counts.restored_closed += c->closed;
        }
        for (size_t i = 0; i < seen->cases.n; i++)
                rows += seen->cases.items[i]->rows.n;
        if (rows != want || seen->marks.n != truth->marks.n)
                sim_fail(s, "partition %d is restored from %zu rows and %zu marks; committed were %zu and %zu", p, rows, seen->marks.n, want, truth->marks.n);
}

static int tap_restore(struct bus_worker *worker, const struct bus_part *parts, size_t n, const struct bus_restore *calls, struct error *err) {
        struct tap *tap = of(worker);
        struct sim *s = sim_of(tap);
        struct seen_rows seen = {.tap = tap, .calls = calls};
        const struct bus_restore own = {.ctx = &seen, .row = seen_row, .progress = seen_progress, .jumped = seen_jumped, .left = seen_left};
        enum harm harm = harm_of(tap, CALL_RESTORE);
        int r = before(tap, harm, err);

        for (size_t i = 0; i < n; i++)
                moves_restoring(tap, parts[i].partition);
        if (r == 0)
                r = tap->inner->ops->restore(tap->inner, parts, n, &own, err);
        if (r == 0 && harm == HARM_DIES_AFTER)
                r = die(tap, err);
        for (size_t i = 0; r == 0 && i < n; i++) {
                int32_t p = parts[i].partition;

                check_restored(s, p, &seen.parts[p]);
                ledger_copy(&tap->parts[p].view, &s->truth[p]);
                window_restored(tap, p);
                moves_restored(tap, p);
        }
        for (int32_t p = 0; p < PARTITIONS_MAX; p++)
                ledger_done(&seen.parts[p]);
        return r;
}

static int tap_ends(struct bus_worker *worker, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        struct tap *tap = of(worker);
        enum harm harm = harm_of(tap, CALL_ENDS);
        int r = before(tap, harm, err);

        if (r == 0)
                r = tap->inner->ops->ends(tap->inner, parts, n, ret, err);
        if (r == 0 && harm == HARM_DIES_AFTER)
                r = die(tap, err);
        for (size_t i = 0; r == 0 && i < n; i++) {
                struct tap_part *part = &tap->parts[parts[i].partition];

                memcpy(part->asked, ret + i * tap->n_inputs, tap->n_inputs * sizeof(*ret));
                part->asked_at = handle_wall(tap->h);
        }
        return r;
}

static const int64_t *tap_positions(struct bus_worker *worker, int32_t p) {
        return of(worker)->inner->ops->positions(of(worker)->inner, p);
}

static int tap_start(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        struct tap *tap = of(worker);
        enum harm harm = harm_of(tap, CALL_START);
        int r = before(tap, harm, err);

        if (r == 0)
                r = tap->inner->ops->start(tap->inner, parts, n, err);
        if (r == 0 && harm == HARM_DIES_AFTER)
                r = die(tap, err);
        for (size_t i = 0; r == 0 && i < n; i++)
                tap->parts[parts[i].partition].started = true;
        return r;
}

/* -- Writing -- */

static int tap_produce(struct bus_worker *worker, const struct bus_record *record, struct error *err) {
        struct tap *tap = of(worker);
        enum harm harm = harm_of(tap, CALL_PRODUCE);
        int r = before(tap, harm, err);

        if (r)
                return r;
        if (harm == HARM_ABORTED)
                return BUS_E_ABORTED;
        r = tap->inner->ops->produce(tap->inner, record, err);
        if (r == 0 && harm == HARM_DIES_AFTER)
                return die(tap, err);
        if (r == 0) {
                window_wrote(tap, record);
                tap->open = tap->written = true;
        }
        return r;
}

/* Where anything is committed it stands under which version of the configuration, and for how many partitions. */
static void check_marks(const struct tap *tap, int32_t p) {
        const struct ledger_part *view = &tap->parts[p].view;
        unsigned numbers = 0;

        for (size_t i = 0; i < view->marks.n; i++)
                numbers += view->marks.items[i].key[16] == ROW_VERSION;
        if (view->version < tap->h->version || numbers != 3)
                sim_fail(sim_of(tap), "%s of version %u has committed to partition %d, which is marked as of version %u and has %u of 3 marks of kind v",
                         handle_name(tap->h), tap->h->version, p, view->version, numbers);
}

/* A dead letter of a case that was forgotten. */
static bool is_late(const struct line *line) {
        const char *code = strrchr(line->text, ' ');

        return strcmp(line->topic, TOPIC_DEAD_LETTERS) == 0 && code && strcmp(code + 1, refusal_codes[REFUSAL_CASE_CLOSED]) == 0;
}

/* What this worker thought is true now. */
static void committed(struct tap *tap) {
        struct sim *s = sim_of(tap);

        for (int32_t p = 0; p < s->partitions; p++) {
                struct ledger_part *view = &tap->parts[p].view;

                for (size_t i = 0; i < view->cases.n; i++)
                        view->cases.items[i]->waited = view->cases.items[i]->wait;
                if (!view->dirty)
                        continue;
                if (view->serial != s->truth[p].serial)
                        sim_fail(s, "%s has committed to partition %d what it thought before another worker committed there", handle_name(tap->h), p);
                if (s->truth[p].version > tap->h->version)
                        sim_fail(s, "%s of version %u has committed to partition %d, where version %u was at work", handle_name(tap->h),
                                 tap->h->version, p, s->truth[p].version);
                check_marks(tap, p);
                if (view->told_at < s->truth[p].told_at)
                        sim_fail(s, "the clock of partition %d went back", p);
                view->serial++;
                ledger_take(&s->truth[p], view);
        }
        for (size_t i = 0; i < tap->told.v.n; i++) {
                s->counts.late += is_late(&tap->told.v.items[i]);
                if (vector_push(&s->told, tap->told.v.items[i]))
                        sim_check_memory(s, NULL);
        }
        moves_committed(tap);
        s->commits++;
        s->counts.tellings += (unsigned)tap->told.v.n;
        if (tap->told.v.n || tap->open)
                sim_trace(s, "%s has committed %zu tellings", handle_name(tap->h), tap->told.v.n);
        tap->told.v.n = 0;
        tap->open = tap->written = false;
}

static int tap_commit(struct bus_worker *worker, struct error *err) {
        struct tap *tap = of(worker);
        enum harm harm;
        int r;

        window_end(tap);
        harm = harm_of(tap, CALL_COMMIT);
        r = before(tap, harm, err);
        if (r)
                return r;
        if (harm == HARM_ABORTED)
                return BUS_E_ABORTED;
        r = tap->inner->ops->commit(tap->inner, err);
        if (r == 0)
                committed(tap);
        return r == 0 && harm == HARM_DIES_AFTER ? die(tap, err) : r;
}

static int tap_abort(struct bus_worker *worker, struct error *err) {
        struct tap *tap = of(worker);
        struct sim *s = sim_of(tap);
        enum harm harm;
        int r;

        window_drop(tap);
        harm = harm_of(tap, CALL_ABORT);
        r = before(tap, harm, err);
        if (r == 0)
                r = tap->inner->ops->abort(tap->inner, err);
        if (r == 0 && harm == HARM_DIES_AFTER)
                r = die(tap, err);
        if (r)
                return r;
        for (int32_t p = 0; p < s->partitions; p++) {
                uint64_t serial = tap->parts[p].view.serial;

                if (!tap->parts[p].owned) {
                        ledger_done(&tap->parts[p].view);
                        continue;
                }
                if (serial != s->truth[p].serial) /* lost to another: what this worker thinks is of the past, and may never be committed */
                        tap->parts[p].owned = false;
                else
                        ledger_take(&tap->parts[p].view, &s->truth[p]);
                for (size_t i = 0; i < tap->parts[p].view.cases.n; i++)
                        tap->parts[p].view.cases.items[i]->wait = tap->parts[p].view.cases.items[i]->waited;
        }
        tap->told.v.n = 0;
        tap->open = tap->written = false;
        s->counts.aborts++;
        sim_trace(s, "%s has aborted", handle_name(tap->h));
        return 0;
}

static void tap_hold(struct bus_worker *worker, const struct bus_record *record) {
        bus_worker_hold(of(worker)->inner, record);
}

static int tap_resume(struct bus_worker *worker, const struct bus_part *parts, size_t n, struct error *err) {
        return bus_worker_resume(of(worker)->inner, parts, n, err);
}

static int tap_settle(struct bus_worker *worker, struct error *err) {
        return of(worker)->inner->ops->settle(of(worker)->inner, err);
}

static int32_t tap_partitions(struct bus_worker *worker) {
        return of(worker)->inner->ops->partitions(of(worker)->inner);
}

void tap_free(struct tap *tap) {
        for (int32_t p = 0; p < PARTITIONS_MAX; p++) {
                ledger_done(&tap->parts[p].view);
                free(tap->parts[p].ends);
                free(tap->parts[p].asked);
                free(tap->parts[p].old);
                free(tap->parts[p].next);
        }
        for (size_t i = 0; i < tap->n_inputs; i++)
                free(tap->inputs[i]);
        free(tap->inputs);
        vector_done(&tap->window.lines.v);
        vector_done(&tap->window.rows);
        vector_done(&tap->told.v);
        tap->h->tap = NULL;
        free(tap);
}

static void tap_close(struct bus_worker *worker, bool leave) {
        struct tap *tap = of(worker);

        tap->inner->ops->close(tap->inner, leave);
        tap_free(tap);
}

static const struct bus_worker_ops tap_ops = {
        .poll = tap_poll,
        .restore = tap_restore,
        .ends = tap_ends,
        .positions = tap_positions,
        .start = tap_start,
        .hold = tap_hold,
        .resume = tap_resume,
        .produce = tap_produce,
        .commit = tap_commit,
        .abort = tap_abort,
        .settle = tap_settle,
        .partitions = tap_partitions,
        .close = tap_close,
};

int tap_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) {
        struct handle *h = (struct handle *)(void *)((char *)b - offsetof(struct handle, bus));
        struct tap *tap = calloc(1, sizeof(*tap));
        int r;

        sim_check_memory(h->s, tap);
        tap->worker.ops = &tap_ops;
        tap->h = h;
        r = bus_worker_open(memory_bus(h->s->memory), config, &tap->inner, err);
        if (r) {
                free(tap);
                return r;
        }
        tap->n_inputs = config->inputs_n;
        tap->inputs = calloc(tap->n_inputs, sizeof(*tap->inputs));
        sim_check_memory(h->s, tap->inputs);
        for (size_t i = 0; i < tap->n_inputs; i++) {
                tap->inputs[i] = strdup(config->inputs[i]);
                sim_check_memory(h->s, tap->inputs[i]);
        }
        for (int32_t p = 0; p < PARTITIONS_MAX; p++) {
                tap->parts[p].ends = calloc(tap->n_inputs, sizeof(int64_t));
                tap->parts[p].asked = calloc(tap->n_inputs, sizeof(int64_t));
                tap->parts[p].old = calloc(tap->n_inputs, sizeof(bool));
                tap->parts[p].next = calloc(tap->n_inputs, sizeof(int64_t));
                sim_check_memory(h->s, tap->parts[p].ends && tap->parts[p].asked && tap->parts[p].old && tap->parts[p].next ? tap : NULL);
        }
        h->tap = tap;
        *ret = &tap->worker;
        return 0;
}
