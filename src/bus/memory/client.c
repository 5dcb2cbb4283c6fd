/* SPDX-License-Identifier: EUPL-1.2 */

/* Consumers, producers and readers on the broker in memory. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/memory/client.h"
#include "bus/memory/group.h"
#include "bus/memory/log.h"
#include "bus/positions.h"

/* -- cells -- */

/* A partition that may be read, and how far it was. */
struct cell {
        struct memory_partition *partition;
        struct bus_part part;
        int64_t next;
};

/* The topics of a handle, as its positions and its cells need them. */
struct cells {
        struct memory_topic **topics;
        int32_t *partitions; /* of each topic */
        struct cell *cells;  /* of all partitions of all topics, in order */
        size_t n;
};

static void cells_done(struct cells *c) {
        free(c->topics);
        free(c->partitions);
        free(c->cells);
}

/* @some: a topic that is not there has no partitions. */
static int cells_init(struct cells *c, const struct memory *m, const char *const *names, size_t n, bool some, struct error *err) {
        int r;

        c->topics = calloc(n + 1, sizeof(*c->topics));
        c->partitions = calloc(n + 1, sizeof(*c->partitions));
        if (!c->topics || !c->partitions)
                return -ENOMEM;
        r = some ? 0 : memory_topic_find_all(m, names, n, c->topics, err);
        if (r)
                return r;
        for (size_t i = 0; i < n; i++) {
                c->topics[i] = memory_topic_find(m, names[i]);
                c->partitions[i] = c->topics[i] ? c->topics[i]->n : 0;
                c->n += (size_t)c->partitions[i];
        }
        c->cells = calloc(c->n + 1, sizeof(*c->cells));
        if (!c->cells)
                return -ENOMEM;
        for (size_t i = 0, at = 0; i < n; i++) {
                for (int32_t p = 0; p < c->partitions[i]; p++)
                        c->cells[at++] = (struct cell){.partition = &c->topics[i]->partitions[p], .part = {(uint32_t)i, p}};
        }
        return 0;
}

/* -- consumer -- */

struct memory_consumer {
        struct bus_consumer consumer;
        struct memory *m;
        struct memory_seat seat;
        bool newest;
        unsigned cuts; /* of the broker, when last looked */
        bool again;    /* LOST was handed out because of a log that is not what was left: ASSIGNED comes next */
        struct cell *cells; /* of all partitions of all topics, in order */
        size_t cells_n, cell; /* cell: that is read next */
        struct consumer_positions at;
};

static struct memory_consumer *memory_consumer_of(struct bus_consumer *c) {
        return (struct memory_consumer *)c;
}

static struct cell *cell_of(struct memory_consumer *c, struct bus_part part) {
        for (size_t i = 0; i < c->cells_n; i++) {
                if (c->cells[i].part.index == part.index && c->cells[i].part.partition == part.partition)
                        return &c->cells[i];
        }
        return NULL;
}

/* Return: how many offsets are passed over. */
static int64_t own_cell(struct memory_consumer *c, struct cell *cell) {
        int64_t committed = memory_offset_get(c->seat.group, cell->partition);

        (void)consumer_positions_own(&c->at, cell->part); /* topics here never grow */
        if (committed < 0 && c->newest)
                cell->next = cell->partition->stable;
        else if (position_find(committed, cell->partition->first, memory_partition_end(cell->partition), &cell->next))
                return consumer_positions_jump(&c->at, cell->part, committed, cell->next);
        return 0;
}

/* Whether what is to be read next is not there in a log that is read. */
static bool cells_moved(struct memory_consumer *c) {
        if (c->cuts == c->m->cuts)
                return false;
        c->cuts = c->m->cuts;
        for (size_t i = 0; i < c->cells_n; i++) {
                const struct cell *cell = &c->cells[i];
                int64_t next;

                if (consumer_positions_get(&c->at, cell->part) &&
                    position_find(cell->next, cell->partition->first, memory_partition_end(cell->partition), &next))
                        return true;
        }
        return false;
}

static void memory_consumer_hand_out(struct memory_consumer *c, enum bus_event_kind kind, struct bus_event *ret) {
        const struct memory_member *member = c->seat.member;
        int64_t passed = 0;

        if (kind == BUS_ASSIGNED) {
                consumer_positions_forget(&c->at);
                for (size_t i = 0; i < c->cells_n; i++) {
                        for (size_t k = 0; k < member->parts.n; k++) {
                                if (&member->parts.items[k].topic->partitions[member->parts.items[k].partition] == c->cells[i].partition)
                                        passed += own_cell(c, &c->cells[i]);
                        }
                }
        }
        consumer_positions_event(&c->at, kind, ret);
        ret->passed = passed;
}

/* The next record of a partition that flows. Return: whether there is one. */
static bool memory_consumer_read(struct memory_consumer *c, struct cell *cell, struct bus_event *ret) {
        const struct consumer_position *at = consumer_positions_get(&c->at, cell->part);

        if (!at || at->paused || !memory_next(cell->partition, &cell->next, false, &ret->record))
                return false;
        ret->kind = BUS_RECORD;
        ret->record.index = cell->part.index;
        return consumer_positions_take(&c->at, cell->part, ret->record.offset);
}

static int memory_consumer_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct memory_consumer *c = memory_consumer_of(consumer);
        enum bus_event_kind kind;
        int r;

        (void)timeout_ms;
        memory_tick(c->m);
        if (c->seat.letting_go)
                consumer_positions_forget(&c->at);
        ret->kind = BUS_NONE;
        r = memory_seat_turn(&c->seat, &kind, err);
        if (r)
                return r;
        if (kind == BUS_NONE && c->again)
                kind = BUS_ASSIGNED;
        else if (kind == BUS_NONE && cells_moved(c))
                kind = BUS_LOST;
        c->again = kind == BUS_LOST && c->seat.member && !memory_seat_moving(&c->seat);
        if (kind != BUS_NONE) {
                memory_consumer_hand_out(c, kind, ret);
                ret->again = c->again;
                return 0;
        }
        if (c->m->seed && c->cells_n)
                c->cell = memory_draw(&c->m->seed) % c->cells_n;
        for (size_t tries = 0; tries < c->cells_n; tries++, c->cell++) {
                if (memory_consumer_read(c, &c->cells[c->cell % c->cells_n], ret))
                        return 0;
        }
        for (size_t i = 0; i < c->cells_n; i++) {
                if (consumer_positions_end(&c->at, c->cells[i].part, c->cells[i].next, ret))
                        return 0;
        }
        return 0;
}

static int memory_consumer_done(struct bus_consumer *consumer, struct bus_part part, int64_t next) {
        return consumer_positions_set(&memory_consumer_of(consumer)->at, part, next);
}

static int commit_part(void *ctx, struct bus_part part, int64_t done) {
        struct memory_consumer *c = ctx;
        int r = memory_offset_set(c->seat.group, cell_of(c, part)->partition, done);

        if (r)
                return r;
        consumer_positions_committed(&c->at, part, done);
        return 0;
}

static int memory_consumer_apply(struct bus_consumer *consumer) {
        struct memory_consumer *c = memory_consumer_of(consumer);

        return consumer_positions_pending(&c->at, commit_part, c);
}

static int found_pending(void *ctx, struct bus_part part, int64_t done) {
        (void)ctx;
        (void)part;
        (void)done;
        return 1;
}

/* Whether there are offsets to commit, which the membership does not allow any more. */
static bool memory_consumer_outdated(struct bus_consumer *consumer) {
        struct memory_consumer *c = memory_consumer_of(consumer);

        return consumer_positions_pending(&c->at, found_pending, NULL) && !memory_seat_valid(&c->seat);
}

static int rewind_part(void *ctx, struct bus_part part, int64_t first) {
        struct memory_consumer *c = ctx;

        cell_of(c, part)->next = first;
        return 0;
}

static void memory_consumer_rewind(struct bus_consumer *consumer) {
        struct memory_consumer *c = memory_consumer_of(consumer);

        (void)consumer_positions_rewind(&c->at, rewind_part, c);
}

static int memory_consumer_commit(struct bus_consumer *consumer, struct error *err) {
        (void)err;
        memory_tick(memory_consumer_of(consumer)->m);
        return memory_consumer_outdated(consumer) ? BUS_E_REBALANCED : memory_consumer_apply(consumer);
}

static int memory_consumer_pause(struct bus_consumer *consumer, struct bus_part part, bool pause, struct error *err) {
        struct consumer_position *at = consumer_positions_get(&memory_consumer_of(consumer)->at, part);

        (void)err;
        if (!at)
                return BUS_E_REBALANCED;
        at->paused = pause;
        return 0;
}

static int memory_consumer_seek(struct bus_consumer *consumer, struct bus_part part, int64_t offset, struct error *err) {
        struct memory_consumer *c = memory_consumer_of(consumer);

        (void)err;
        if (!consumer_positions_get(&c->at, part))
                return BUS_E_REBALANCED;
        cell_of(c, part)->next = offset;
        consumer_positions_seek(&c->at, part, offset);
        return 0;
}

static void memory_consumer_free(struct memory_consumer *c) {
        memory_seat_done(&c->seat);
        consumer_positions_done(&c->at);
        free(c->cells);
        free(c);
}

static void memory_consumer_close(struct bus_consumer *consumer, bool leave) {
        struct memory_consumer *c = memory_consumer_of(consumer);

        memory_tick(c->m);
        memory_seat_leave(&c->seat, leave);
        memory_consumer_free(c);
}

static const struct bus_consumer_ops memory_consumer_ops = {
        .poll = memory_consumer_poll,
        .done = memory_consumer_done,
        .commit = memory_consumer_commit,
        .pause = memory_consumer_pause,
        .seek = memory_consumer_seek,
        .close = memory_consumer_close,
};

static int open_memory_consumer(struct memory_consumer *c, const struct bus_consumer_config *config, struct error *err) {
        CLEANUP(cells_done) struct cells cells = {0};
        int r = cells_init(&cells, c->m, config->topics, config->topics_n, false, err);

        if (r)
                return r;
        r = consumer_positions_init(&c->at, cells.partitions, config->topics_n);
        if (r)
                return r;
        c->cells_n = cells.n;
        c->cells = TAKE(cells.cells);
        return memory_seat_take(&c->seat, c->m, config->group, config->instance, cells.topics, config->topics_n);
}

int memory_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) {
        struct memory_consumer *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->consumer.ops = &memory_consumer_ops;
        c->m = memory_of(b);
        c->newest = config->newest;
        memory_tick(c->m);
        r = open_memory_consumer(c, config, err);
        if (r) {
                memory_consumer_free(c);
                return r;
        }
        *ret = &c->consumer;
        return 0;
}

/* -- producer -- */

struct memory_producer {
        struct bus_producer producer;
        struct memory *m;
        void (*settled)(void *ctx, const struct bus_report *report);
        void *ctx;
        struct memory_txn *txn; /* NULL: no transactions */
        unsigned epoch;
        VECTOR(struct bus_report) reports; /* not handed out yet */
};

static struct memory_producer *memory_producer_of(struct bus_producer *p) {
        return (struct memory_producer *)p;
}

static void memory_producer_report(struct memory_producer *p) {
        for (size_t i = 0; i < p->reports.n; i++) {
                if (p->settled)
                        p->settled(p->ctx, &p->reports.items[i]);
        }
        p->reports.n = 0;
}

static int check_epoch(const struct memory_producer *p, struct error *err) {
        return p->txn ? memory_txn_check(p->txn, p->epoch, err) : 0;
}

static int memory_producer_send(struct bus_producer *producer, const struct bus_record *record, void *cookie, struct error *err) {
        struct memory_producer *p = memory_producer_of(producer);
        struct bus_report report = {.sent = BUS_SENT, .cookie = cookie, .partition = -1, .offset = -1};
        struct memory_topic *t;
        int r = memory_topic_find_all(p->m, &record->topic, 1, &t, err);

        memory_tick(p->m);
        if (r)
                return r;
        r = check_epoch(p, err);
        if (r)
                return r;
        if (record->value_n > BUS_OUTPUT_MAX) {
                error_set(err, "a record of %zu bytes is too large for the topic %s (at most %d)", record->value_n, t->name, BUS_OUTPUT_MAX);
                return -EMSGSIZE;
        }
        report.partition = bus_record_partition(record, t->n, 0);
        if (report.partition < 0) {
                error_set(err, "the topic %s has no partition %d", t->name, (int)record->partition);
                return -EINVAL;
        }
        if (!p->txn && p->m->outcomes) {
                p->m->outcomes--;
                report.sent = p->m->outcome;
                report.reason = report.sent == BUS_REFUSED ? "refused by the test" : report.sent == BUS_OPEN ? "no answer came" : NULL;
        }
        if (report.sent != BUS_REFUSED)
                r = memory_write(p->m, t, report.partition, record, p->txn, &report.offset);
        return r ? r : vector_push(&p->reports, report);
}

static int memory_producer_poll(struct bus_producer *producer, int timeout_ms, struct error *err) {
        (void)timeout_ms;
        memory_producer_report(memory_producer_of(producer));
        return check_epoch(memory_producer_of(producer), err);
}

static int memory_producer_flush(struct bus_producer *producer, int timeout_ms, size_t *left, struct error *err) {
        *left = 0;
        return memory_producer_poll(producer, timeout_ms, err);
}

static int memory_producer_commit(struct bus_producer *producer, struct bus_consumer *consumer, struct error *err) {
        struct memory_producer *p = memory_producer_of(producer);
        int r = check_epoch(p, err);

        assert(p->txn);
        memory_tick(p->m);
        if (r)
                return r;
        if (consumer && memory_consumer_outdated(consumer))
                return BUS_E_ABORTED;
        r = memory_txn_end(p->m, p->txn, MEMORY_COMMITTED);
        if (r == 0 && consumer)
                r = memory_consumer_apply(consumer);
        memory_producer_report(p);
        return r;
}

static int memory_producer_abort(struct bus_producer *producer, struct bus_consumer *consumer, struct error *err) {
        struct memory_producer *p = memory_producer_of(producer);
        int r = check_epoch(p, err);

        assert(p->txn);
        if (r)
                return r;
        r = memory_txn_end(p->m, p->txn, MEMORY_ABORTED);
        memory_producer_report(p);
        if (consumer)
                memory_consumer_rewind(consumer);
        return r;
}

static void memory_producer_close(struct bus_producer *producer) {
        struct memory_producer *p = memory_producer_of(producer);

        memory_producer_report(p);
        if (p->txn && p->txn->epoch == p->epoch)
                (void) memory_txn_end(p->m, p->txn, MEMORY_ABORTED); /* nobody is left to tell */
        vector_done(&p->reports);
        free(p);
}

static const struct bus_producer_ops memory_producer_ops = {
        .send = memory_producer_send,
        .poll = memory_producer_poll,
        .flush = memory_producer_flush,
        .commit = memory_producer_commit,
        .abort = memory_producer_abort,
        .close = memory_producer_close,
};

int memory_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) {
        CLEANUP(cleanup_free) struct memory_producer *p = calloc(1, sizeof(*p));
        struct memory_topic *t;
        int r;

        if (!p)
                return -ENOMEM;
        p->producer.ops = &memory_producer_ops;
        p->m = memory_of(b);
        p->settled = config->settled;
        p->ctx = config->ctx;
        for (size_t i = 0; i < config->topics_n; i++) {
                r = memory_topic_find_all(p->m, &config->topics[i], 1, &t, err);
                if (r)
                        return r;
        }
        if (config->transactional_id) {
                r = memory_txn_take(p->m, config->transactional_id, &p->txn, &p->epoch);
                if (r)
                        return r;
        }
        *ret = &TAKE(p)->producer;
        return 0;
}

/* -- reader -- */

struct memory_reader {
        struct bus_reader reader;
        struct memory *m;
        char *group; /* NULL: none */
        bool uncommitted;
        struct reader_positions at;
        struct cell *cells;
        size_t cells_n;
};

static struct memory_reader *memory_reader_of(struct bus_reader *r) {
        return (struct memory_reader *)r;
}

/* The next record of a partition. What is asked for ends where the log ended at opening. Return: whether there is one. */
static bool memory_reader_read(struct memory_reader *r, struct cell *cell, struct bus_event *ret) {
        const struct reader_position *at = &r->at.at[cell->part.index][cell->part.partition];

        if (!at->reads || at->done)
                return false;
        if (!memory_next(cell->partition, &cell->next, r->uncommitted, &ret->record)) {
                reader_positions_end(&r->at, cell->part, cell->next);
                return false;
        }
        ret->kind = BUS_RECORD;
        ret->record.index = cell->part.index;
        return reader_positions_take(&r->at, cell->part, ret->record.offset);
}

static int memory_reader_poll(struct bus_reader *reader, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct memory_reader *r = memory_reader_of(reader);

        (void)timeout_ms;
        (void)err;
        memory_tick(r->m);
        for (size_t i = 0; i < r->cells_n; i++) {
                if (memory_reader_read(r, &r->cells[i], ret))
                        return 0;
        }
        ret->kind = reader_positions_at_end(&r->at) ? BUS_END : BUS_NONE;
        return 0;
}

static void memory_reader_close(struct bus_reader *reader) {
        struct memory_reader *r = memory_reader_of(reader);

        reader_positions_done(&r->at);
        free(r->cells);
        free(r->group);
        free(r);
}

static int memory_reader_look(struct bus_reader *reader, struct error *err) {
        struct memory_reader *r = memory_reader_of(reader);

        (void)err;
        for (size_t i = 0; i < r->cells_n; i++) {
                const struct memory_partition *p = r->cells[i].partition;

                reader_positions_look(&r->at, r->cells[i].part, r->uncommitted ? memory_partition_end(p) : p->stable);
        }
        return 0;
}

static const struct reader_positions *memory_reader_positions(const struct bus_reader *reader) {
        return &((const struct memory_reader *)reader)->at;
}

/* The first record that is stamped @at or later, or @end. */
static int64_t find_instant(const struct memory_partition *p, instant_t at, int64_t end) {
        int64_t offset = p->first;

        while (offset < end && (!p->entries.items[offset].bytes || p->entries.items[offset].timestamp < at))
                offset++;
        return offset;
}

static int memory_reader_since(struct bus_reader *reader, instant_t at, int64_t *ret, struct error *err) {
        struct memory_reader *r = memory_reader_of(reader);

        (void)err;
        *ret = 0;
        for (size_t i = 0; i < r->cells_n; i++) {
                const struct reader_position *position = &r->at.at[r->cells[i].part.index][r->cells[i].part.partition];

                if (position->reads)
                        *ret += position->end - find_instant(r->cells[i].partition, at, position->end);
        }
        return 0;
}

static int memory_reader_committed(struct bus_reader *reader, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        struct memory_reader *r = memory_reader_of(reader);
        const struct memory_group *group;

        (void)err;
        assert(r->group);
        group = table_get(&r->m->groups, r->group, strlen(r->group));
        for (size_t i = 0; i < n; i++) {
                ret[i] = BUS_NOT_COMMITTED;
                for (size_t k = 0; k < r->cells_n; k++) {
                        if (group && r->cells[k].part.index == parts[i].index && r->cells[k].part.partition == parts[i].partition)
                                ret[i] = memory_offset_get(group, r->cells[k].partition);
                }
        }
        return 0;
}

static int memory_reader_commit(struct bus_reader *reader, const char *group, struct bus_part part, int64_t next, struct error *err) {
        struct memory_reader *r = memory_reader_of(reader);
        struct memory_group *g;
        int result = memory_group_of(r->m, group, &g);

        (void)err;
        if (result == 0 && g->members.n > 0)
                return BUS_E_REBALANCED;
        for (size_t k = 0; result == 0 && k < r->cells_n; k++) {
                if (r->cells[k].part.index == part.index && r->cells[k].part.partition == part.partition)
                        result = memory_offset_set(g, r->cells[k].partition, next);
        }
        return result;
}

static const struct bus_reader_ops memory_reader_ops = {.poll = memory_reader_poll,
                                                        .look = memory_reader_look,
                                                        .positions = memory_reader_positions,
                                                        .since = memory_reader_since,
                                                        .committed = memory_reader_committed,
                                                        .commit = memory_reader_commit,
                                                        .close = memory_reader_close};

/* What a broker answers who asks where to begin. */
static int64_t find_offset(const struct bus_reader_config *config, const struct memory_partition *p, int64_t end) {
        if (config->from == BUS_FROM_END)
                return end;
        return config->from == BUS_FROM_INSTANT ? find_instant(p, config->instant, end) : p->first;
}

int memory_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) {
        CLEANUP(bus_reader_close_p) struct bus_reader *opened = NULL;
        CLEANUP(cells_done) struct cells cells = {0};
        struct memory_reader *r = calloc(1, sizeof(*r));
        int result;

        if (!r)
                return -ENOMEM;
        r->reader.ops = &memory_reader_ops;
        opened = &r->reader;
        r->m = memory_of(b);
        r->uncommitted = config->uncommitted;
        if (config->group) {
                r->group = strdup(config->group);
                if (!r->group)
                        return -ENOMEM;
        }
        result = cells_init(&cells, r->m, config->topics, config->topics_n, config->some, err);
        if (result)
                return result;
        result = reader_positions_init(&r->at, cells.partitions, config->topics_n, config->until_end);
        if (result)
                return result;
        for (size_t i = 0; i < cells.n; i++) {
                struct cell *cell = &cells.cells[i];
                int64_t end = config->uncommitted ? memory_partition_end(cell->partition) : cell->partition->stable;

                if (reader_positions_want(config, cell->part.partition, cell->partition->topic->n))
                        (void)reader_positions_begin(&r->at, cell->part, config, find_offset(config, cell->partition, end), end, &cell->next);
        }
        r->cells_n = cells.n;
        r->cells = TAKE(cells.cells);
        *ret = TAKE(opened);
        return 0;
}
