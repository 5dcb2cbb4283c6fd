/* SPDX-License-Identifier: EUPL-1.2 */

/* The broker in memory keeps the promises that the simulator and the tests of the worker rest on. */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/memory.h"
#include "bus/memory/worker.h"

#define PARTITIONS 4
#define TURNS_MAX 1000

static instant_t now;

static instant_t fake_time(void *ctx) {
        (void)ctx;
        return now;
}

static const struct clock_ops fake_ops = {.realtime_ms = fake_time, .monotonic_ms = fake_time};

static const char *const inputs[] = {"in-a", "in-b"}, *const outputs[] = {"out", "case-state"};
enum { OUT, STATE };

static struct memory *m;
static struct bus *bus;

static void setup(void) {
        now = 1700000000000;
        ck_assert_int_eq(memory_new((struct clock){&fake_ops, NULL}, &m), 0);
        bus = memory_bus(m);
        ck_assert_int_eq(memory_topic(m, "in-a", PARTITIONS), 0);
        ck_assert_int_eq(memory_topic(m, "in-b", PARTITIONS), 0);
        ck_assert_int_eq(memory_topic(m, "case-state", PARTITIONS), 0);
        ck_assert_int_eq(memory_topic(m, "out", 1), 0);
        ck_assert_int_eq(memory_topic(m, "out", 1), -EEXIST);
}

static void teardown(void) {
        memory_free(m);
}

struct seen {
        struct bus_worker *worker;
        int32_t parts[PARTITIONS];
        size_t parts_n, rows, records, assigned, revoked, lost;
        int last; /* what the last failing call answered */
        void (*jumped)(void *ctx, const struct bus_jump *jump); /* NULL: of no interest */
        struct bus_jump *jumps;
};

static struct bus_worker *open_worker(const char *instance) {
        struct bus_worker_config config = {.group = "rules", .instance = instance, .state = "case-state", .inputs = inputs,
                                           .inputs_n = 2, .outputs = outputs, .outputs_n = 2};
        struct bus_worker *w;
        struct error err;

        ck_assert_int_eq(bus_worker_open(bus, &config, &w, &err), 0);
        return w;
}

static int count_row(void *ctx, const struct bus_record *row) {
        ck_assert(row->key != NULL);
        ++*(size_t *)ctx;
        return 0;
}

static int ignore_row(void *ctx, const struct bus_record *row) {
        (void)ctx;
        (void)row;
        return 0;
}

static void produce_for(struct seen *seen, const struct bus_record *record) {
        struct bus_record out = *record;
        struct error err;

        out.index = STATE;
        ck_assert_int_eq(bus_worker_produce(seen->worker, &out, &err), 0);
        out.index = OUT;
        out.partition = 0;
        ck_assert_int_eq(bus_worker_produce(seen->worker, &out, &err), 0);
}

static enum bus_event_kind turn(struct seen *seen) {
        struct bus_event event;
        struct error err;
        struct bus_restore restore = {.ctx = &seen->rows, .row = count_row};

        if (seen->jumped)
                restore = (struct bus_restore){.ctx = seen->jumps, .row = ignore_row, .jumped = seen->jumped};
        seen->last = bus_worker_poll(seen->worker, 0, &event, &err);
        if (seen->last)
                return BUS_NONE;
        switch (event.kind) {
        case BUS_ASSIGNED:
                seen->assigned++;
                seen->rows = 0;
                seen->parts_n = event.parts_n;
                for (size_t i = 0; i < event.parts_n; i++)
                        seen->parts[i] = event.parts[i].partition;
                ck_assert_int_eq(bus_worker_restore(seen->worker, event.parts, event.parts_n, &restore, &err), 0);
                ck_assert_int_eq(bus_worker_start(seen->worker, event.parts, event.parts_n, &err), 0);
                break;
        case BUS_REVOKED:
                seen->revoked++;
                ck_assert_int_eq(bus_worker_commit(seen->worker, &err), 0);
                seen->parts_n = 0;
                break;
        case BUS_LOST:
                seen->lost++;
                if (!seen->jumped)
                        ck_assert_int_eq(bus_worker_commit(seen->worker, &err), seen->records ? BUS_E_ABORTED : 0);
                ck_assert_int_eq(bus_worker_abort(seen->worker, &err), 0);
                seen->parts_n = 0;
                break;
        case BUS_RECORD:
                seen->records++;
                produce_for(seen, &event.record);
                break;
        default:
                break;
        }
        return event.kind;
}

static void settle(struct seen *one, struct seen *two) {
        unsigned quiet = 0;

        for (unsigned i = 0; i < TURNS_MAX && quiet < 3; i++) {
                enum bus_event_kind a = turn(one), b = two ? turn(two) : BUS_NONE;

                quiet = a == BUS_NONE && b == BUS_NONE ? quiet + 1 : 0;
        }
        ck_assert_uint_ge(quiet, 3);
}

static void append(const char *topic, int first, int n) {
        for (int i = first; i < first + n; i++) {
                char key[16];

                snprintf(key, sizeof(key), "k%d", i);
                ck_assert_int_eq(memory_append(m, &(struct bus_record){.topic = topic, .partition = BUS_BY_KEY, .key = key, .key_n = strlen(key),
                                                                       .value = "v", .value_n = 1}), 0);
        }
}

static size_t count(const char *topic, bool uncommitted) {
        struct bus_reader_config config = {.topics = &topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .until_end = true,
                                           .uncommitted = uncommitted};
        struct bus_reader *r;
        struct bus_event event;
        struct error err;
        size_t n = 0;

        ck_assert_int_eq(bus_reader_open(bus, &config, &r, &err), 0);
        for (;;) {
                ck_assert_int_eq(bus_reader_poll(r, 0, &event, &err), 0);
                if (event.kind == BUS_END)
                        break;
                n++;
        }
        bus_reader_close(r);
        return n;
}

static int commit(struct seen *seen) {
        struct error err;

        return bus_worker_commit(seen->worker, &err);
}

static int abort_it(struct seen *seen) {
        struct error err;

        return bus_worker_abort(seen->worker, &err);
}

START_TEST(commit_makes_all_visible_at_once) {
        struct seen seen = {.worker = open_worker("w1")};
        int64_t ends[2];
        struct error err;

        append("in-a", 0, 10);
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.parts_n, PARTITIONS);
        ck_assert_uint_eq(seen.records, 10);
        ck_assert_uint_eq(count("out", false), 0);
        ck_assert_uint_eq(count("out", true), 10);
        ck_assert_int_eq(memory_stable(m, "out", 0), 0);
        ck_assert_int_eq(memory_end(m, "out", 0), 10);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_uint_eq(count("out", false), 10);
        ck_assert_uint_eq(count("case-state", false), 10);
        ck_assert_int_eq(memory_end(m, "out", 0), 11); /* and a marker */
        ck_assert_int_eq(memory_stable(m, "out", 0), 11);
        for (int32_t p = 0; p < PARTITIONS; p++) {
                ck_assert_int_eq(bus_worker_ends(seen.worker, &(struct bus_part){0, p}, 1, ends, &err), 0);
                ck_assert_int_eq(bus_worker_positions(seen.worker, p)[0], ends[0]);
                ck_assert_int_eq(memory_committed(m, "rules", "in-a", p), ends[0] ? ends[0] : -1);
        }
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(abort_reads_again_and_shows_nothing) {
        struct seen seen = {.worker = open_worker("w1")};
        struct bus_record record;

        append("in-a", 0, 10);
        settle(&seen, NULL);
        ck_assert_int_eq(abort_it(&seen), 0);
        ck_assert_int_eq(abort_it(&seen), 0);
        ck_assert(!memory_record(m, "out", 0, 0, false, &record));
        ck_assert(memory_record(m, "out", 0, 0, true, &record));
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.records, 20);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_uint_eq(count("out", false), 10);
        ck_assert_uint_eq(count("out", true), 20);
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.records, 20);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(a_crash_leaves_nothing_and_its_name_takes_over_at_once) {
        struct seen seen = {.worker = open_worker("w1")};

        append("in-a", 0, 10);
        settle(&seen, NULL);
        ck_assert_int_eq(commit(&seen), 0);
        append("in-b", 0, 5);
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.records, 15);
        memory_crash(seen.worker);
        ck_assert_int_eq(memory_stable(m, "out", 0), 11); /* held back by the open transaction */
        seen = (struct seen){.worker = open_worker("w1")};
        ck_assert_int_eq(memory_stable(m, "out", 0), memory_end(m, "out", 0));
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.rows, 10);
        ck_assert_uint_eq(seen.records, 5);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_uint_eq(count("out", false), 15);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(another_name_waits_for_the_session) {
        struct seen dead = {.worker = open_worker("w1")}, seen;

        append("in-a", 0, 10);
        settle(&dead, NULL);
        memory_crash(dead.worker);
        seen = (struct seen){.worker = open_worker("w2")};
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.assigned, 0);
        now += BUS_TRANSACTION_MS;
        settle(&seen, NULL);
        ck_assert_int_eq(memory_stable(m, "out", 0), memory_end(m, "out", 0)); /* the broker has aborted by itself */
        ck_assert_uint_eq(seen.assigned, 0);
        now += BUS_SESSION_MS - BUS_TRANSACTION_MS;
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.parts_n, PARTITIONS);
        ck_assert_uint_eq(seen.rows, 0);
        ck_assert_uint_eq(seen.records, 10);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(two_workers_share_and_the_one_left_takes_all) {
        struct seen one = {.worker = open_worker("w1")}, two;

        append("in-a", 0, 20);
        settle(&one, NULL);
        two = (struct seen){.worker = open_worker("w2")};
        settle(&one, &two);
        ck_assert_uint_eq(one.revoked, 1);
        ck_assert_uint_eq(one.parts_n, 2);
        ck_assert_uint_eq(two.parts_n, 2);
        ck_assert_int_ne(one.parts[0], two.parts[0]);
        ck_assert_uint_eq(one.rows + two.rows, 20); /* committed when they were revoked */
        append("in-b", 0, 20);
        settle(&one, &two);
        ck_assert_uint_eq(one.records + two.records, 40);
        ck_assert_uint_gt(two.records, 0);
        ck_assert_int_eq(commit(&two), 0);
        bus_worker_close(two.worker, true);
        settle(&one, NULL);
        ck_assert_uint_eq(one.parts_n, PARTITIONS);
        ck_assert_int_eq(commit(&one), 0);
        ck_assert_uint_eq(count("out", false), 40);
        bus_worker_close(one.worker, true);
}
END_TEST

START_TEST(a_zombie_cannot_commit) {
        struct seen zombie = {.worker = open_worker("w1")}, heir = {.worker = open_worker("w2")};

        append("in-a", 0, 20);
        settle(&zombie, &heir);
        ck_assert_uint_gt(zombie.records, 0);
        memory_freeze(zombie.worker);
        now += BUS_SESSION_MS;
        settle(&heir, NULL);
        ck_assert_uint_eq(heir.parts_n, PARTITIONS);
        ck_assert_int_eq(commit(&heir), 0);
        ck_assert_int_eq(commit(&zombie), -ESTALE); /* the broker has ended its transaction meanwhile */
        ck_assert_uint_eq(count("out", false), 20);
        bus_worker_close(zombie.worker, false);
        bus_worker_close(heir.worker, true);
}
END_TEST

START_TEST(a_zombie_without_a_transaction_learns_that_it_lost) {
        struct seen zombie = {.worker = open_worker("w1")}, heir = {.worker = open_worker("w2")};

        settle(&zombie, &heir);
        memory_freeze(zombie.worker);
        now += BUS_SESSION_MS;
        settle(&heir, NULL);
        ck_assert_uint_eq(heir.parts_n, PARTITIONS);
        settle(&zombie, &heir);
        ck_assert_uint_eq(zombie.lost, 1);
        ck_assert_uint_eq(zombie.parts_n, 2);
        ck_assert_uint_eq(heir.parts_n, 2);
        bus_worker_close(zombie.worker, true);
        bus_worker_close(heir.worker, true);
}
END_TEST

START_TEST(one_name_twice_is_fenced) {
        struct seen one = {.worker = open_worker("same")}, two;

        append("in-a", 0, 3);
        settle(&one, NULL);
        two = (struct seen){.worker = open_worker("same")};
        ck_assert_int_eq(commit(&one), -ESTALE);
        turn(&one);
        ck_assert_int_eq(one.last, -ESTALE);
        settle(&two, NULL);
        ck_assert_uint_eq(two.records, 3);
        ck_assert_int_eq(commit(&two), 0);
        ck_assert_uint_eq(count("out", false), 3);
        bus_worker_close(one.worker, false);
        bus_worker_close(two.worker, true);
}
END_TEST

/* What a fault does to the call, what is seen of the transaction then, and by a successor. */
static const struct {
        const char *name;
        enum memory_fault fault;
        int commit;
        size_t seen, after;
} faults[] = {
        {"aborted", MEMORY_COMMIT_ABORTED, BUS_E_ABORTED, 0, 5},
        {"answer lost", MEMORY_COMMIT_LOST_ANSWER, -EIO, 5, 0},
        {"dies", MEMORY_COMMIT_DIES, -EIO, 0, 5},
};

START_TEST(faults_of_commit) {
        struct seen seen = {.worker = open_worker("w1")};

        append("in-a", 0, 5);
        settle(&seen, NULL);
        ck_assert_int_eq(memory_fault(seen.worker, faults[_i].fault), 0);
        ck_assert_msg(commit(&seen) == faults[_i].commit, "%s", faults[_i].name);
        ck_assert_uint_eq(count("out", false), faults[_i].seen);
        memory_crash(seen.worker);
        seen = (struct seen){.worker = open_worker("w1")};
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.records, faults[_i].after);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_uint_eq(count("out", false), 5);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(faults_of_poll_and_produce) {
        struct seen seen = {.worker = open_worker("w1")};
        struct error err;

        settle(&seen, NULL);
        ck_assert_int_eq(memory_fault(seen.worker, MEMORY_REBALANCE), 0);
        append("in-a", 0, 5);
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.revoked, 1);
        ck_assert_uint_eq(seen.assigned, 2);
        ck_assert_int_eq(memory_fault(seen.worker, MEMORY_LOSE), 0);
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.lost, 1);
        ck_assert_uint_eq(seen.assigned, 3);
        ck_assert_uint_eq(seen.records, 10); /* what was not committed came again */
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_uint_eq(count("out", false), 5);
        ck_assert_int_eq(memory_fault(seen.worker, MEMORY_PRODUCE_ABORTED), 0);
        ck_assert_int_eq(bus_worker_produce(seen.worker, &(struct bus_record){.index = OUT, .value = "x", .value_n = 1}, &err), BUS_E_ABORTED);
        ck_assert_int_eq(abort_it(&seen), 0);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(work_of_partitions_that_went_cannot_be_committed_later) {
        struct bus_restore restore;
        struct seen one = {.worker = open_worker("w1")};
        struct bus_event event;
        struct error err;

        append("in-a", 0, 5);
        settle(&one, NULL);
        ck_assert_int_eq(memory_fault(one.worker, MEMORY_REBALANCE), 0);
        ck_assert_int_eq(bus_worker_poll(one.worker, 0, &event, &err), 0);
        ck_assert_int_eq(event.kind, BUS_REVOKED); /* and it does not commit */
        ck_assert_int_eq(bus_worker_poll(one.worker, 0, &event, &err), 0);
        ck_assert_int_eq(commit(&one), BUS_E_ABORTED);
        ck_assert_uint_eq(count("out", false), 0);
        ck_assert_int_eq(event.kind, BUS_ASSIGNED);
        restore = (struct bus_restore){.ctx = &one.rows, .row = count_row};
        ck_assert_int_eq(bus_worker_restore(one.worker, event.parts, event.parts_n, &restore, &err), 0); /* drops what is left */
        ck_assert_int_eq(bus_worker_start(one.worker, event.parts, event.parts_n, &err), 0);
        settle(&one, NULL);
        ck_assert_uint_eq(one.records, 10);
        ck_assert_int_eq(commit(&one), 0);
        ck_assert_uint_eq(count("out", false), 5);
        bus_worker_close(one.worker, true);
}
END_TEST

START_TEST(compaction_and_retention) {
        struct seen seen = {.worker = open_worker("w1")};
        struct bus_record record;

        append("in-a", 0, 4);
        settle(&seen, NULL);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_int_eq(abort_it(&seen), 0);
        append("in-a", 0, 4);
        settle(&seen, NULL);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_uint_eq(count("case-state", false), 8);
        memory_compact(m, "case-state", false);
        ck_assert_uint_eq(count("case-state", false), 4);
        memory_truncate(m, "out", 0, 2);
        ck_assert_uint_eq(count("out", false), 6);
        ck_assert(!memory_record(m, "out", 0, 1, false, &record));
        ck_assert(memory_record(m, "out", 0, 2, false, &record));
        bus_worker_close(seen.worker, true);
        /* Input that retention took before it was read: reading begins at what is left. */
        append("in-b", 0, 10);
        for (int32_t p = 0; p < PARTITIONS; p++)
                memory_truncate(m, "in-b", p, memory_end(m, "in-b", p));
        append("in-b", 100, 1);
        seen = (struct seen){.worker = open_worker("w1")};
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.records, 1);
        bus_worker_close(seen.worker, true);
}
END_TEST

static void note_jump(void *ctx, const struct bus_jump *jump) {
        struct bus_jump *last = ctx;

        *last = *jump;
}

START_TEST(a_log_that_moves_under_a_worker_is_lost_and_assigned_again) {
        struct seen seen = {.worker = open_worker("w1")};
        struct bus_jump last = {0};
        int64_t end;

        seen.jumped = note_jump;
        seen.jumps = &last;
        append("in-a", 0, 20);
        settle(&seen, NULL);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_uint_eq(seen.records, 20);
        end = memory_end(m, "in-a", 0);
        ck_assert_int_gt(end, 0);
        memory_renew(m, "in-a");
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.lost, 1);
        ck_assert_uint_eq(seen.assigned, 2);
        ck_assert_int_eq(last.to, 0);
        ck_assert_int_gt(last.from, 0);
        ck_assert_int_eq(commit(&seen), 0); /* of nothing that was read: but a successor begins where the new log does */
        ck_assert_int_eq(memory_committed(m, "rules", "in-a", 0), 0);
        append("in-a", 0, 20);
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.records, 40);
        ck_assert_int_eq(commit(&seen), 0);
        ck_assert_int_eq(memory_committed(m, "rules", "in-a", 0), end);
        for (int32_t p = 0; p < PARTITIONS; p++) {
                append("in-b", 0, 20);
                memory_truncate(m, "in-b", p, memory_end(m, "in-b", p)); /* before the worker's next turn */
        }
        settle(&seen, NULL);
        ck_assert_uint_eq(seen.lost, 2);
        ck_assert_uint_eq(last.part.index, 1);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(the_order_can_be_drawn_and_comes_again) {
        char orders[3][64];

        append("in-a", 0, 20);
        append("in-b", 0, 20);
        for (int round = 0; round < 3; round++) {
                struct seen seen = {.worker = open_worker("w1")};
                struct bus_event event;
                struct error err;
                size_t n = 0;

                turn(&seen);
                memory_shuffle(m, round == 2 ? 8 : 7);
                while (bus_worker_poll(seen.worker, 0, &event, &err) == 0 && event.kind == BUS_RECORD)
                        orders[round][n++] = (char)('0' + event.record.index * PARTITIONS + (uint32_t)event.record.partition);
                orders[round][n] = '\0';
                ck_assert_uint_eq(n, 40);
                bus_worker_close(seen.worker, true);
                memory_shuffle(m, 0);
        }
        ck_assert_str_eq(orders[0], orders[1]);
        ck_assert_str_ne(orders[0], orders[2]);
}
END_TEST

static void keep_report(void *ctx, const struct bus_report *report) {
        ((enum bus_sent *)ctx)[(size_t)report->cookie] = report->sent;
}

START_TEST(a_producer_tells_the_outcome_of_each_record) {
        enum bus_sent sent[3] = {BUS_OPEN, BUS_SENT, BUS_SENT};
        struct bus_producer *p;
        struct error err;
        size_t left;

        ck_assert_int_eq(bus_producer_open(bus, &(struct bus_producer_config){.settled = keep_report, .ctx = sent}, &p, &err), 0);
        for (size_t i = 0; i < 3; i++) {
                if (i == 1)
                        memory_outcome(m, BUS_REFUSED, 1);
                if (i == 2)
                        memory_outcome(m, BUS_OPEN, 1);
                ck_assert_int_eq(bus_producer_send(p, &(struct bus_record){.topic = "out", .value = "x", .value_n = 1}, (void *)i, &err), 0);
        }
        ck_assert_int_eq(bus_producer_flush(p, 0, &left, &err), 0);
        ck_assert_int_eq(sent[0], BUS_SENT);
        ck_assert_int_eq(sent[1], BUS_REFUSED);
        ck_assert_int_eq(sent[2], BUS_OPEN);
        ck_assert_uint_eq(count("out", false), 2);
        bus_producer_close(p);
}
END_TEST

START_TEST(a_consumer_and_a_producer_commit_together) {
        const char *topic = "out";
        struct bus_consumer *c;
        struct bus_producer *p;
        struct bus_event event;
        struct error err;

        ck_assert_int_eq(memory_append(m, &(struct bus_record){.topic = "out", .value = "x", .value_n = 1}), 0);
        ck_assert_int_eq(bus_consumer_open(bus, &(struct bus_consumer_config){.group = "g", .topics = &topic, .topics_n = 1}, &c, &err), 0);
        ck_assert_int_eq(bus_producer_open(bus, &(struct bus_producer_config){.transactional_id = "t"}, &p, &err), 0);
        ck_assert_int_eq(bus_consumer_poll(c, 0, &event, &err), 0);
        ck_assert_int_eq(event.kind, BUS_ASSIGNED);
        for (int round = 0; round < 2; round++) {
                ck_assert_int_eq(bus_consumer_poll(c, 0, &event, &err), 0);
                ck_assert_int_eq(event.kind, BUS_RECORD);
                ck_assert_int_eq(bus_producer_send(p, &(struct bus_record){.topic = "in-a", .value = "y", .value_n = 1}, NULL, &err), 0);
                ck_assert_int_eq(bus_consumer_done(c, (struct bus_part){0, 0}, 1), 0);
                if (round == 0)
                        ck_assert_int_eq(bus_producer_abort(p, c, &err), 0);
        }
        ck_assert_uint_eq(count("in-a", false), 0);
        ck_assert_int_eq(bus_producer_commit(p, c, &err), 0);
        ck_assert_uint_eq(count("in-a", false), 1);
        ck_assert_int_eq(memory_committed(m, "g", "out", 0), 1);
        bus_producer_close(p);
        bus_consumer_close(c, true);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("bus_memory");
        TCase *tc = tcase_create("memory");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, commit_makes_all_visible_at_once);
        tcase_add_test(tc, abort_reads_again_and_shows_nothing);
        tcase_add_test(tc, a_crash_leaves_nothing_and_its_name_takes_over_at_once);
        tcase_add_test(tc, another_name_waits_for_the_session);
        tcase_add_test(tc, a_log_that_moves_under_a_worker_is_lost_and_assigned_again);
        tcase_add_test(tc, two_workers_share_and_the_one_left_takes_all);
        tcase_add_test(tc, a_zombie_cannot_commit);
        tcase_add_test(tc, a_zombie_without_a_transaction_learns_that_it_lost);
        tcase_add_test(tc, one_name_twice_is_fenced);
        tcase_add_loop_test(tc, faults_of_commit, 0, (int)ELEMENTS(faults));
        tcase_add_test(tc, faults_of_poll_and_produce);
        tcase_add_test(tc, work_of_partitions_that_went_cannot_be_committed_later);
        tcase_add_test(tc, compaction_and_retention);
        tcase_add_test(tc, the_order_can_be_drawn_and_comes_again);
        tcase_add_test(tc, a_producer_tells_the_outcome_of_each_record);
        tcase_add_test(tc, a_consumer_and_a_producer_commit_together);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
