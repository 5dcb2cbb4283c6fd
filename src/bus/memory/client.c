/* SPDX-License-Identifier: EUPL-1.2 */

/* Consumers, producers and readers on the broker in memory. */

#include <errno.h>
#include <string.h>

#include "bus/memory/client.h"
#include "bus/memory/group.h"
#include "bus/memory/log.h"
#include "bus/murmur2.h"

/* -- consumer -- */

struct cell {
        struct memory_partition *partition;
        uint32_t index;
        bool owned, paused, dirty;
        int64_t next, done, first; /* first: handed out first since the last commit, or -1 */
};

struct memory_consumer {
        struct bus_consumer consumer;
        struct memory *m;
        struct memory_seat seat;
        bool newest;
        struct cell *cells; /* of all partitions of all topics, in order */
        size_t cells_n, at;
        struct bus_part *handed;
        size_t handed_n;
};

static struct memory_consumer *consumer_of(struct bus_consumer *c) {
        return (struct memory_consumer *)c;
}

static struct cell *cell_of(struct memory_consumer *c, struct bus_part part) {
        for (size_t i = 0; i < c->cells_n; i++) {
                if (c->cells[i].index == part.index && c->cells[i].partition->number == part.partition)
                        return c->cells[i].owned ? &c->cells[i] : NULL;
        }
        return NULL;
}

static void take_cell(struct memory_consumer *c, struct cell *cell) {
        int64_t committed = memory_offset_get(c->seat.group, cell->partition);

        cell->owned = true;
        cell->paused = cell->dirty = false;
        cell->first = -1;
        cell->next = committed >= 0 ? committed : c->newest ? cell->partition->stable : cell->partition->first;
}

static void forget_cells(struct memory_consumer *c) {
        for (size_t i = 0; i < c->cells_n; i++)
                c->cells[i].owned = false;
}

static void consumer_hand_out(struct memory_consumer *c, enum bus_event_kind kind, struct bus_event *ret) {
        c->handed_n = 0;
        for (size_t i = 0; i < c->cells_n; i++) {
                struct cell *cell = &c->cells[i];

                if (kind == BUS_ASSIGNED) {
                        const struct memory_member *member = c->seat.member;

                        cell->owned = false;
                        for (size_t k = 0; k < member->parts.n; k++) {
                                if (&member->parts.items[k].topic->partitions[member->parts.items[k].partition] == cell->partition)
                                        take_cell(c, cell);
                        }
                }
                if (cell->owned)
                        c->handed[c->handed_n++] = (struct bus_part){cell->index, cell->partition->number};
        }
        if (kind == BUS_LOST)
                forget_cells(c);
        *ret = (struct bus_event){.kind = kind, .parts = c->handed, .parts_n = c->handed_n};
}

static int consumer_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct memory_consumer *c = consumer_of(consumer);
        enum bus_event_kind kind;
        int r;

        (void)timeout_ms;
        memory_tick(c->m);
        if (c->seat.letting_go)
                forget_cells(c);
        ret->kind = BUS_NONE;
        r = memory_seat_turn(&c->seat, &kind, err);
        if (r)
                return r;
        if (kind != BUS_NONE) {
                consumer_hand_out(c, kind, ret);
                return 0;
        }
        if (c->m->seed && c->cells_n)
                c->at = memory_draw(&c->m->seed) % c->cells_n;
        for (size_t tries = 0; tries < c->cells_n; tries++, c->at++) {
                struct cell *cell = &c->cells[c->at % c->cells_n];

                if (cell->owned && !cell->paused && memory_next(cell->partition, &cell->next, false, &ret->record)) {
                        if (cell->first < 0)
                                cell->first = ret->record.offset;
                        ret->kind = BUS_RECORD;
                        ret->record.index = cell->index;
                        return 0;
                }
        }
        return 0;
}

static int consumer_done(struct bus_consumer *consumer, struct bus_part part, int64_t next) {
        struct cell *cell = cell_of(consumer_of(consumer), part);

        if (!cell)
                return BUS_E_REBALANCED;
        cell->done = next;
        cell->dirty = true;
        return 0;
}

static bool memory_consumer_valid(struct bus_consumer *consumer) {
        return memory_seat_valid(&consumer_of(consumer)->seat);
}

static int memory_consumer_apply(struct bus_consumer *consumer) {
        struct memory_consumer *c = consumer_of(consumer);
        int r = 0;

        for (size_t i = 0; r == 0 && i < c->cells_n; i++) {
                struct cell *cell = &c->cells[i];

                if (!cell->owned || !cell->dirty)
                        continue;
                r = memory_offset_set(c->seat.group, cell->partition, cell->done);
                cell->dirty = false;
                cell->first = cell->done;
        }
        return r;
}

static bool is_dirty(const struct memory_consumer *c) {
        bool dirty = false;

        for (size_t i = 0; i < c->cells_n; i++)
                dirty |= c->cells[i].owned && c->cells[i].dirty;
        return dirty;
}

static void memory_consumer_rewind(struct bus_consumer *consumer) {
        struct memory_consumer *c = consumer_of(consumer);

        for (size_t i = 0; i < c->cells_n; i++) {
                struct cell *cell = &c->cells[i];

                cell->dirty = false;
                if (cell->owned && cell->first >= 0)
                        cell->next = cell->first;
        }
}

static int consumer_commit(struct bus_consumer *consumer, struct error *err) {
        struct memory_consumer *c = consumer_of(consumer);

        (void)err;
        memory_tick(c->m);
        if (!is_dirty(c))
                return 0;
        return memory_seat_valid(&c->seat) ? memory_consumer_apply(consumer) : BUS_E_REBALANCED;
}

static int consumer_pause(struct bus_consumer *consumer, struct bus_part part, bool pause, struct error *err) {
        struct cell *cell = cell_of(consumer_of(consumer), part);

        (void)err;
        if (!cell)
                return BUS_E_REBALANCED;
        cell->paused = pause;
        return 0;
}

static int consumer_seek(struct bus_consumer *consumer, struct bus_part part, int64_t offset, struct error *err) {
        struct cell *cell = cell_of(consumer_of(consumer), part);

        (void)err;
        if (!cell)
                return BUS_E_REBALANCED;
        cell->next = offset;
        if (cell->first > offset)
                cell->first = offset;
        return 0;
}

static void consumer_close(struct bus_consumer *consumer, bool leave) {
        struct memory_consumer *c = consumer_of(consumer);

        memory_tick(c->m);
        memory_seat_leave(&c->seat, leave);
        free(c->cells);
        free(c->handed);
        free(c);
}

static const struct bus_consumer_ops consumer_ops = {
        .poll = consumer_poll,
        .done = consumer_done,
        .commit = consumer_commit,
        .pause = consumer_pause,
        .seek = consumer_seek,
        .close = consumer_close,
};

static int make_cells(struct memory_topic **topics, size_t n, struct cell **ret, size_t *ret_n) {
        size_t count = 0, at = 0;

        for (size_t i = 0; i < n; i++)
                count += (size_t)topics[i]->n;
        *ret = calloc(count + 1, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                for (int32_t p = 0; p < topics[i]->n; p++)
                        (*ret)[at++] = (struct cell){.partition = &topics[i]->partitions[p], .index = (uint32_t)i, .first = -1};
        }
        *ret_n = count;
        return 0;
}

int memory_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) {
        struct memory_consumer *c = calloc(1, sizeof(*c));
        struct memory_topic **topics = calloc(config->topics_n + 1, sizeof(*topics));
        int r = c && topics ? memory_topic_find_all(memory_of(b), config->topics, config->topics_n, topics, err) : -ENOMEM;

        if (r == 0) {
                c->consumer.ops = &consumer_ops;
                c->m = memory_of(b);
                c->newest = config->newest;
                memory_tick(c->m);
                r = make_cells(topics, config->topics_n, &c->cells, &c->cells_n);
        }
        if (r == 0) {
                c->handed = calloc(c->cells_n + 1, sizeof(*c->handed));
                r = c->handed ? memory_seat_take(&c->seat, c->m, config->group, config->instance, topics, config->topics_n) : -ENOMEM;
        }
        free(topics);
        if (r && c) {
                memory_seat_done(&c->seat);
                free(c->handed);
                free(c->cells);
                free(c);
        }
        if (r == 0)
                *ret = &c->consumer;
        return r;
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

static struct memory_producer *producer_of(struct bus_producer *p) {
        return (struct memory_producer *)p;
}

static void hand_out_reports(struct memory_producer *p) {
        for (size_t i = 0; i < p->reports.n; i++) {
                if (p->settled)
                        p->settled(p->ctx, &p->reports.items[i]);
        }
        p->reports.n = 0;
}

static int check_epoch(const struct memory_producer *p, struct error *err) {
        return p->txn ? memory_txn_check(p->txn, p->epoch, err) : 0;
}

static int producer_send(struct bus_producer *producer, const struct bus_record *record, void *cookie, struct error *err) {
        struct memory_producer *p = producer_of(producer);
        struct bus_report report = {.sent = BUS_SENT, .cookie = cookie, .partition = -1, .offset = -1};
        struct memory_topic *t;
        int r = memory_topic_find_all(p->m, &record->topic, 1, &t, err);

        memory_tick(p->m);
        if (r == 0)
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

static int producer_poll(struct bus_producer *producer, int timeout_ms, struct error *err) {
        (void)timeout_ms;
        hand_out_reports(producer_of(producer));
        return check_epoch(producer_of(producer), err);
}

static int producer_flush(struct bus_producer *producer, int timeout_ms, size_t *left, struct error *err) {
        *left = 0;
        return producer_poll(producer, timeout_ms, err);
}

static int producer_commit(struct bus_producer *producer, struct bus_consumer *consumer, struct error *err) {
        struct memory_producer *p = producer_of(producer);
        int r = check_epoch(p, err);

        memory_tick(p->m);
        if (r)
                return r;
        if (consumer && is_dirty(consumer_of(consumer)) && !memory_consumer_valid(consumer))
                return BUS_E_ABORTED;
        r = memory_txn_end(p->m, p->txn, MEMORY_COMMITTED);
        if (r == 0 && consumer)
                r = memory_consumer_apply(consumer);
        hand_out_reports(p);
        return r;
}

static int producer_abort(struct bus_producer *producer, struct bus_consumer *consumer, struct error *err) {
        struct memory_producer *p = producer_of(producer);
        int r = check_epoch(p, err);

        if (r == 0)
                r = memory_txn_end(p->m, p->txn, MEMORY_ABORTED);
        hand_out_reports(p);
        if (consumer)
                memory_consumer_rewind(consumer);
        return r;
}

static void producer_close(struct bus_producer *producer) {
        struct memory_producer *p = producer_of(producer);

        hand_out_reports(p);
        if (p->txn && p->txn->epoch == p->epoch)
                (void) memory_txn_end(p->m, p->txn, MEMORY_ABORTED); /* nobody is left to tell */
        vector_done(&p->reports);
        free(p);
}

static const struct bus_producer_ops producer_ops = {
        .send = producer_send,
        .poll = producer_poll,
        .flush = producer_flush,
        .commit = producer_commit,
        .abort = producer_abort,
        .close = producer_close,
};

int memory_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) {
        struct memory_producer *p = calloc(1, sizeof(*p));
        struct memory_topic *t;
        int r = 0;

        if (!p)
                return -ENOMEM;
        p->producer.ops = &producer_ops;
        p->m = memory_of(b);
        p->settled = config->settled;
        p->ctx = config->ctx;
        for (size_t i = 0; r == 0 && i < config->topics_n; i++)
                r = memory_topic_find_all(p->m, &config->topics[i], 1, &t, err);
        if (r == 0 && config->transactional_id)
                r = memory_txn_take(p->m, config->transactional_id, &p->txn, &p->epoch);
        if (r) {
                free(p);
                return r;
        }
        *ret = &p->producer;
        return 0;
}

/* -- reader -- */

struct memory_reader {
        struct bus_reader reader;
        struct memory *m;
        bool until_end, uncommitted;
        struct cell *cells; /* owned: wanted; done: the end that stood at opening */
        size_t cells_n;
};

static struct memory_reader *reader_of(struct bus_reader *r) {
        return (struct memory_reader *)r;
}

static int reader_poll(struct bus_reader *reader, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct memory_reader *r = reader_of(reader);

        (void)timeout_ms;
        (void)err;
        memory_tick(r->m);
        for (size_t i = 0; i < r->cells_n; i++) {
                struct cell *cell = &r->cells[i];

                if (!cell->owned || (r->until_end && cell->next >= cell->done))
                        continue;
                if (memory_next(cell->partition, &cell->next, r->uncommitted, &ret->record) &&
                    (!r->until_end || ret->record.offset < cell->done)) {
                        ret->kind = BUS_RECORD;
                        ret->record.index = cell->index;
                        return 0;
                }
        }
        ret->kind = r->until_end ? BUS_END : BUS_NONE;
        return 0;
}

static void reader_close(struct bus_reader *reader) {
        struct memory_reader *r = reader_of(reader);

        free(r->cells);
        free(r);
}

static const struct bus_reader_ops reader_ops = {.poll = reader_poll, .close = reader_close};

static int64_t begin_of(const struct bus_reader_config *config, const struct memory_partition *p, int64_t end) {
        int64_t at = p->first;

        switch (config->from) {
        case BUS_FROM_END:
                return end;
        case BUS_FROM_OFFSET:
                return config->offset > end ? end : config->offset;
        case BUS_FROM_INSTANT:
                while (at < end && (!p->entries.items[at].bytes || p->entries.items[at].timestamp < config->instant))
                        at++;
                return at;
        default:
                return at;
        }
}

static bool wants(const struct bus_reader_config *config, const struct memory_partition *p) {
        if (config->partition != BUS_ALL_PARTITIONS)
                return p->number == config->partition;
        return !config->key || p->number == murmur2_partition(config->key, config->key_n, p->topic->n);
}

int memory_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) {
        struct memory_reader *r = calloc(1, sizeof(*r));
        struct memory_topic **topics = calloc(config->topics_n + 1, sizeof(*topics));
        int result = r && topics ? memory_topic_find_all(memory_of(b), config->topics, config->topics_n, topics, err) : -ENOMEM;

        if (result == 0)
                result = make_cells(topics, config->topics_n, &r->cells, &r->cells_n);
        free(topics);
        if (result) {
                free(r);
                return result;
        }
        r->reader.ops = &reader_ops;
        r->m = memory_of(b);
        r->until_end = config->until_end;
        r->uncommitted = config->uncommitted;
        for (size_t i = 0; i < r->cells_n; i++) {
                struct cell *cell = &r->cells[i];

                cell->owned = wants(config, cell->partition);
                cell->done = config->uncommitted ? memory_partition_end(cell->partition) : cell->partition->stable;
                cell->next = begin_of(config, cell->partition, cell->done);
        }
        *ret = &r->reader;
        return 0;
}
