/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The bus on a broker: producer, consumer, reader, worker
 *
 * The same program runs on the embedded broker and, with KETENWACHT_TEST_BOOTSTRAP, on a real one.
 * Only the real one keeps promises of transactions and fences, so only there they are asked for.
 */

#include <signal.h>

#include "bus/murmur2.h"
#include "cluster/topics_plan.h"
#include "bus/positions.h"
#include "cluster.h"

#define PARTITIONS 3

static const struct mock_topic topics[] = {{"in-a", PARTITIONS}, {"in-b", PARTITIONS}, {"case-state", PARTITIONS}, {"out", 1}, {"odd", 2}};
static const char *const inputs[] = {"in-a", "in-b"};
static const char *const outputs[] = {"out", "case-state"};
enum { OUT, STATE };

static struct cluster cluster;

static void setup(void) {
        cluster_up(&cluster, topics, ELEMENTS(topics));
}

static void teardown(void) {
        cluster_down(&cluster);
}

static struct bus_worker_config worker_config(const char *instance) {
        return (struct bus_worker_config){.group = "rules", .instance = instance, .state = "case-state", .inputs = inputs,
                                          .inputs_n = ELEMENTS(inputs), .outputs = outputs, .outputs_n = ELEMENTS(outputs)};
}

/* What a test saw of a worker. */
struct seen {
        struct bus_worker *worker;
        struct bus_part parts[PARTITIONS];
        size_t parts_n;
        uint64_t rows;
        size_t records, assigned, revoked, lost;
};

static int count_row(void *ctx, const struct bus_record *row) {
        struct seen *seen = ctx;

        ck_assert_str_eq(row->topic, "case-state");
        ck_assert(row->value);
        seen->rows++;
        return 0;
}

static void open_worker(struct seen *seen, const char *instance) {
        struct bus_worker_config config = worker_config(instance);

        *seen = (struct seen){0};
        ck_ok(bus_worker_open(cluster.bus, &config, &seen->worker, &err));
}

static void take_up(struct seen *seen, const struct bus_event *event) {
        struct bus_restore restore = {.ctx = seen, .row = count_row};
        struct error err = {0};
        int r;

        seen->assigned++;
        seen->parts_n = event->parts_n;
        memcpy(seen->parts, event->parts, event->parts_n * sizeof(*event->parts));
        seen->rows = 0;
        r = bus_worker_restore(seen->worker, seen->parts, seen->parts_n, &restore, &err);
        if (r == 0)
                r = bus_worker_start(seen->worker, seen->parts, seen->parts_n, &err);
        ck_assert_msg(r == 0 || r == BUS_E_REBALANCED, "taking up: %d %s", r, err.text);
}

/* One turn: writes a row of the state and an output for every record. Return: what came. */
static enum bus_event_kind turn(struct seen *seen) {
        struct bus_event event;

        ck_ok(bus_worker_poll(seen->worker, 100, &event, &err));
        switch (event.kind) {
        case BUS_ASSIGNED:
                take_up(seen, &event);
                break;
        case BUS_REVOKED:
                seen->revoked++;
                ck_ok(bus_worker_commit(seen->worker, &err));
                seen->parts_n = 0;
                break;
        case BUS_LOST:
                seen->lost++;
                ck_ok(bus_worker_abort(seen->worker, &err));
                seen->parts_n = 0;
                break;
        case BUS_RECORD: {
                struct bus_record record = event.record;
                struct bus_header header = {"ce_id", "1", 1};

                seen->records++;
                record.index = STATE;
                ck_ok(bus_worker_produce(seen->worker, &record, &err));
                record.index = OUT;
                record.partition = BUS_BY_KEY;
                record.headers = &header;
                record.headers_n = 1;
                record.timestamp = 0;
                ck_ok(bus_worker_produce(seen->worker, &record, &err));
                break;
        }
        default:
                break;
        }
        return event.kind;
}

static void turn_until_records(struct seen *seen, size_t n) {
        int64_t deadline = cluster_deadline(&cluster);

        while (seen->records < n) {
                turn(seen);
                cluster_patience(&cluster, deadline, "records");
        }
}

static void turn_until_owned(struct seen *seen, size_t n) {
        int64_t deadline = cluster_deadline(&cluster);

        while (seen->parts_n != n) {
                turn(seen);
                cluster_patience(&cluster, deadline, "partitions");
        }
}

START_TEST(records_keep_key_value_headers_and_partition) {
        static const struct bus_header headers[] = {{"ce_id", "x", 1}, {"empty", "", 0}, {"null", NULL, 0}};
        const char *topic[] = {"in-a"};
        size_t sent = 0, left, records = 0, tombstones = 0;
        struct bus_producer *p;
        struct bus_reader *r;
        struct bus_event event;

        ck_ok(bus_producer_open(cluster.bus, &(struct bus_producer_config){.settled = count_report, .ctx = &sent, .topics = topic, .topics_n = 1},
                                &p, &err));
        for (int i = 0; i < 50; i++) {
                char key[16];

                snprintf(key, sizeof(key), "key-%d", i);
                ck_ok(bus_producer_send(p, &(struct bus_record){.topic = "in-a", .partition = BUS_BY_KEY, .key = key, .key_n = strlen(key),
                                                                .value = i % 2 ? "value" : NULL, .value_n = i % 2 ? 5 : 0, .headers = headers,
                                                                .headers_n = ELEMENTS(headers)}, NULL, &err));
        }
        ck_ok(bus_producer_flush(p, PATIENCE_MS, &left, &err));
        ck_assert_uint_eq(sent, 50);
        ck_ok(bus_reader_open(cluster.bus, &(struct bus_reader_config){.topics = topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS,
                                                                       .until_end = true}, &r, &err));
        int64_t deadline = cluster_deadline(&cluster);

        for (;;) {
                ck_ok(bus_reader_poll(r, 100, &event, &err));
                cluster_patience(&cluster, deadline, "the records");
                if (event.kind == BUS_END)
                        break;
                if (event.kind != BUS_RECORD)
                        continue;
                records++;
                tombstones += !event.record.value;
                ck_assert_str_eq(event.record.topic, "in-a");
                ck_assert_int_eq(event.record.partition, murmur2_partition(event.record.key, event.record.key_n, PARTITIONS));
                ck_assert_int_eq(bus_record_headers(&event.record), 0);
                ck_assert_uint_eq(event.record.headers_n, 3);
                ck_assert_uint_eq(bus_record_header(&event.record, "ce_id")->n, 1);
                ck_assert_uint_eq(bus_record_header(&event.record, "empty")->n, 0);
                ck_assert(bus_record_header(&event.record, "null")->value == NULL);
                ck_assert(event.record.timestamp > 0);
        }
        ck_assert_uint_eq(records, 50);
        ck_assert_uint_eq(tombstones, 25);
        bus_reader_close(r);
        bus_producer_close(p);
}
END_TEST

START_TEST(producer_refuses_what_cannot_be) {
        struct error why = {0};
        struct bus_producer *p;
        const char *missing[] = {"not-there"};

        ck_assert_int_eq(bus_producer_open(cluster.bus, &(struct bus_producer_config){.topics = missing, .topics_n = 1}, &p, &why), -ENOENT);
        ck_assert_ptr_nonnull(strstr(why.text, "not-there"));
        ck_ok(bus_producer_open(cluster.bus, &(struct bus_producer_config){.settled = NULL}, &p, &err));
        ck_assert_int_eq(bus_producer_send(p, &(struct bus_record){.topic = "out", .partition = 7, .value = "x", .value_n = 1}, NULL, &why), -EINVAL);
        ck_assert_int_eq(bus_producer_send(p, &(struct bus_record){.topic = "nowhere", .value = "x", .value_n = 1}, NULL, &why), -ENOENT);
        char *large = calloc(1, BUS_OUTPUT_MAX + 10000);

        ck_assert_int_eq(bus_producer_send(p, &(struct bus_record){.topic = "out", .value = large, .value_n = BUS_OUTPUT_MAX + 10000}, NULL, &why),
                         -EMSGSIZE);
        free(large);
        bus_producer_close(p);
}
END_TEST

static size_t read_from(const struct bus_reader_config *config) {
        struct bus_reader *r;
        struct bus_event event;
        size_t n = 0;
        int64_t deadline = cluster_deadline(&cluster);

        ck_ok(bus_reader_open(cluster.bus, config, &r, &err));
        do {
                ck_ok(bus_reader_poll(r, 100, &event, &err));
                n += event.kind == BUS_RECORD;
                cluster_patience(&cluster, deadline, "the end");
        } while (event.kind != BUS_END);
        bus_reader_close(r);
        return n;
}

START_TEST(readers_begin_where_they_are_told) {
        const char *topic[] = {"out"};
        struct bus_reader_config config = {.topics = topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .until_end = true};

        ck_assert_uint_eq(read_from(&config), 0); /* an empty topic ends at once */
        cluster_write(&cluster, "out", 0, 10);
        ck_assert_uint_eq(read_from(&config), 10);
        config.from = BUS_FROM_END;
        ck_assert_uint_eq(read_from(&config), 0);
        config.from = BUS_FROM_OFFSET;
        config.offset = 7;
        ck_assert_uint_eq(read_from(&config), 3);
        config.offset = 99;
        ck_assert_uint_eq(read_from(&config), 0);
        config.partition = 0;
        config.offset = 0;
        ck_assert_uint_eq(read_from(&config), 10);
        config.from = BUS_FROM_INSTANT;
        config.instant = 1000;
        ck_assert_uint_eq(read_from(&config), 10);
        config.instant = clock_realtime(&cluster.config.clock) + 3600000;
        ck_assert_uint_eq(read_from(&config), 0);
}
END_TEST

START_TEST(readers_look_again_and_speak_for_groups_without_members) {
        const char *wanted[] = {"none", "out"};
        const struct bus_reader_config config = {.topics = wanted, .topics_n = 2, .partition = BUS_ALL_PARTITIONS, .some = true, .group = "notes"};
        int64_t deadline = cluster_deadline(&cluster), committed[2] = {0};
        const struct bus_part parts[] = {{1, 0}, {1, 0}};
        struct bus_reader *r;
        struct bus_event event;
        size_t n = 0;

        ck_ok(bus_reader_open(cluster.bus, &config, &r, &err));
        ck_assert(reader_positions_reached(bus_reader_positions(r))); /* nothing is there, of one topic not even itself */
        cluster_write(&cluster, "out", 0, 10);
        ck_ok(bus_reader_look(r, &err));
        while (!reader_positions_reached(bus_reader_positions(r))) {
                ck_ok(bus_reader_poll(r, 100, &event, &err));
                n += event.kind == BUS_RECORD;
                cluster_patience(&cluster, deadline, "all that was there at the look");
        }
        ck_assert_uint_eq(n, 10);
        ck_ok(bus_reader_committed(r, parts, 2, committed, &err));
        ck_assert(committed[0] == BUS_NOT_COMMITTED && committed[1] == BUS_NOT_COMMITTED);
        ck_ok(bus_reader_commit(r, "notes", parts[0], 7, &err));
        ck_ok(bus_reader_committed(r, parts, 2, committed, &err));
        ck_assert(committed[0] == 7 && committed[1] == 7);
        ck_ok(bus_reader_commit(r, "notes", parts[0], 3, &err)); /* back as well */
        ck_ok(bus_reader_committed(r, parts, 1, committed, &err));
        ck_assert_int_eq(committed[0], 3);
        bus_reader_close(r);
}
END_TEST

/* Polls until a record or @n assignments came. */
static void consumer_record(struct bus_consumer *c, struct bus_event *event) {
        int64_t deadline = cluster_deadline(&cluster);

        do {
                ck_ok(bus_consumer_poll(c, 100, event, &err));
                cluster_patience(&cluster, deadline, "a record");
        } while (event->kind != BUS_RECORD);
}

static struct bus_consumer *open_consumer(void) {
        const char *topic[] = {"out"};
        struct bus_consumer *c;

        ck_ok(bus_consumer_open(cluster.bus, &(struct bus_consumer_config){.group = "connect", .instance = "one", .topics = topic, .topics_n = 1},
                                &c, &err));
        return c;
}

START_TEST(a_consumer_goes_on_where_it_was_done) {
        struct bus_part part = {0, 0};
        struct bus_event event;

        cluster_write(&cluster, "out", 0, 5);
        struct bus_consumer *c = open_consumer();

        ck_assert_int_eq(bus_consumer_done(c, part, 1), BUS_E_REBALANCED); /* not its own yet */
        for (int64_t i = 0; i < 3; i++) {
                consumer_record(c, &event);
                ck_assert_int_eq(event.record.offset, i);
        }
        ck_assert_int_eq(bus_consumer_done(c, part, 2), 0);
        ck_ok(bus_consumer_commit(c, &err));
        ck_ok(bus_consumer_commit(c, &err)); /* nothing new: nothing to do */
        bus_consumer_close(c, true);
        c = open_consumer();
        consumer_record(c, &event);
        ck_assert_int_eq(event.record.offset, 2);
        /* Paused: nothing comes; going back: comes again. */
        ck_ok(bus_consumer_pause(c, part, true, &err));
        ck_ok(bus_consumer_pause(c, part, true, &err));
        ck_ok(bus_consumer_poll(c, 500, &event, &err));
        ck_assert_int_eq(event.kind, BUS_NONE);
        ck_ok(bus_consumer_pause(c, part, false, &err));
        consumer_record(c, &event);
        ck_assert_int_eq(event.record.offset, 3);
        ck_ok(bus_consumer_seek(c, part, 1, &err));
        consumer_record(c, &event);
        ck_assert_int_eq(event.record.offset, 1);
        bus_consumer_close(c, true);
}
END_TEST

START_TEST(a_producer_commits_with_its_consumer) {
        struct bus_producer *p;
        struct bus_event event;

        cluster_write(&cluster, "out", 0, 2);
        struct bus_consumer *c = open_consumer();

        ck_ok(bus_producer_open(cluster.bus, &(struct bus_producer_config){.transactional_id = "admission"}, &p, &err));
        consumer_record(c, &event);
        ck_ok(bus_producer_send(p, &(struct bus_record){.topic = "in-a", .key = "a", .key_n = 1, .value = "1", .value_n = 1}, NULL, &err));
        ck_assert_int_eq(bus_consumer_done(c, (struct bus_part){0, 0}, 1), 0);
        ck_ok(bus_producer_abort(p, c, &err));
        consumer_record(c, &event); /* again */
        ck_assert_int_eq(event.record.offset, 0);
        ck_ok(bus_producer_send(p, &(struct bus_record){.topic = "in-a", .key = "a", .key_n = 1, .value = "2", .value_n = 1}, NULL, &err));
        ck_assert_int_eq(bus_consumer_done(c, (struct bus_part){0, 0}, 1), 0);
        ck_ok(bus_producer_commit(p, c, &err));
        consumer_record(c, &event);
        ck_assert_int_eq(event.record.offset, 1);
        ck_ok(bus_producer_abort(p, c, &err)); /* nothing was sent: goes back all the same */
        consumer_record(c, &event);
        ck_assert_int_eq(event.record.offset, 1);
        bus_consumer_close(c, true);
        bus_producer_close(p);
        if (cluster_is_real()) {
                cluster_shows(&cluster, "in-a", 1);
                c = open_consumer();
                consumer_record(c, &event);
                ck_assert_int_eq(event.record.offset, 1);
                bus_consumer_close(c, true);
        }
}
END_TEST

START_TEST(a_worker_reads_writes_commits_and_is_restored) {
        struct seen seen;
        int64_t ends[2];

        cluster_write(&cluster, "in-a", 0, 20);
        cluster_write(&cluster, "in-b", 100, 10);
        open_worker(&seen, "w1");
        ck_assert_int_eq(bus_worker_partitions(seen.worker), PARTITIONS);
        turn_until_owned(&seen, PARTITIONS);
        ck_assert_uint_eq(seen.rows, 0);
        turn_until_records(&seen, 30);
        ck_ok(bus_worker_commit(seen.worker, &err));
        ck_ok(bus_worker_commit(seen.worker, &err)); /* nothing new: nothing to do */
        for (int32_t p = 0; p < PARTITIONS; p++) {
                const int64_t *at = bus_worker_positions(seen.worker, p);

                ck_ok(bus_worker_ends(seen.worker, &(struct bus_part){0, p}, 1, ends, &err));
                ck_assert_int_eq(at[0], ends[0]);
                ck_assert_int_eq(at[1], ends[1]);
        }
        cluster_shows(&cluster, "out", 30);
        cluster_shows(&cluster, "case-state", 30);
        bus_worker_close(seen.worker, true);

        cluster_write(&cluster, "in-a", 50, 1);
        open_worker(&seen, "w2");
        turn_until_owned(&seen, PARTITIONS);
        ck_assert_uint_eq(seen.rows, 30);
        /* The embedded broker forgets offsets of transactions: everything is read again there. */
        turn_until_records(&seen, cluster_is_real() ? 1 : 31);
        turn(&seen);
        ck_assert_uint_eq(seen.records, cluster_is_real() ? 1 : 31);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(what_is_aborted_is_read_again_and_never_seen) {
        struct seen seen;

        cluster_write(&cluster, "in-a", 0, 9);
        open_worker(&seen, "w1");
        ck_ok(bus_worker_abort(seen.worker, &err)); /* nothing open: no matter */
        turn_until_records(&seen, 9);
        ck_ok(bus_worker_abort(seen.worker, &err));
        ck_ok(bus_worker_abort(seen.worker, &err));
        turn_until_records(&seen, 18);
        ck_ok(bus_worker_commit(seen.worker, &err));
        turn(&seen);
        ck_assert_uint_eq(seen.records, 18);
        if (cluster_is_real())
                cluster_shows(&cluster, "out", 9);
        /* After an abort that nothing preceded, all goes on. */
        cluster_write(&cluster, "in-b", 0, 1);
        turn_until_records(&seen, 19);
        ck_ok(bus_worker_commit(seen.worker, &err));
        bus_worker_close(seen.worker, true);
}
END_TEST

/* Polls until @n more records came. Each input of a partition comes in order. */
static void poll_records(struct seen *seen, int64_t n, int64_t next[][PARTITIONS], struct bus_event *ret_last) {
        int64_t deadline = cluster_deadline(&cluster);

        for (int64_t got = 0; got < n; got += ret_last->kind == BUS_RECORD) {
                ck_ok(bus_worker_poll(seen->worker, 100, ret_last, &err));
                cluster_patience(&cluster, deadline, "records");
                if (ret_last->kind == BUS_RECORD)
                        ck_assert_int_eq(ret_last->record.offset, next[ret_last->record.index][ret_last->record.partition]++);
        }
}

START_TEST(an_input_that_is_held_stands_still_at_its_record) {
        int64_t next[2][PARTITIONS] = {0}, ends[2], held;
        struct seen seen;
        struct bus_event event;
        struct bus_part part;
        int64_t offset;

        cluster_write(&cluster, "in-a", 0, 60);
        cluster_write(&cluster, "in-b", 0, 60);
        open_worker(&seen, "w1");
        turn_until_owned(&seen, PARTITIONS);
        poll_records(&seen, 7, next, &event);
        part = (struct bus_part){event.record.index, event.record.partition};
        offset = event.record.offset;
        bus_worker_hold(seen.worker, &event.record);
        ck_ok(bus_worker_ends(seen.worker, &(struct bus_part){0, part.partition}, 1, ends, &err));
        held = ends[part.index] - offset;
        ck_assert_int_gt(held, 1);
        poll_records(&seen, 120 - 7 - (held - 1), next, &event); /* all others: one more would be of those */
        ck_ok(bus_worker_commit(seen.worker, &err));
        ck_assert_int_eq(bus_worker_positions(seen.worker, part.partition)[part.index], offset);
        for (unsigned again = 0; again < 3; again++) { /* resumed, read and held once more */
                ck_ok(bus_worker_resume(seen.worker, &part, 1, &err));
                next[part.index][part.partition] = offset;
                poll_records(&seen, 1, next, &event);
                ck_assert_int_eq(event.record.offset, offset);
                ck_assert_uint_eq(event.record.index, part.index);
                bus_worker_hold(seen.worker, &event.record);
        }
        ck_ok(bus_worker_resume(seen.worker, &part, 1, &err));
        next[part.index][part.partition] = offset;
        poll_records(&seen, held, next, &event);
        ck_ok(bus_worker_commit(seen.worker, &err));
        ck_assert_int_eq(bus_worker_positions(seen.worker, part.partition)[part.index], ends[part.index]);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(two_workers_share_and_take_over) {
        struct seen one, two;
        int64_t deadline = cluster_deadline(&cluster);

        cluster_write(&cluster, "in-a", 0, 30);
        open_worker(&one, "w1");
        turn_until_records(&one, 30);
        open_worker(&two, "w2");
        while (one.parts_n + two.parts_n != PARTITIONS || one.parts_n == 0 || two.parts_n == 0) {
                turn(&one);
                turn(&two);
                cluster_patience(&cluster, deadline, "the sharing of partitions");
        }
        ck_assert_uint_ge(one.revoked, 1);
        ck_assert_uint_eq(one.lost, 0);
        for (size_t i = 0; i < one.parts_n; i++) {
                for (size_t k = 0; k < two.parts_n; k++)
                        ck_assert_int_ne(one.parts[i].partition, two.parts[k].partition);
        }
        ck_assert(bus_worker_positions(one.worker, two.parts[0].partition) == NULL);
        cluster_write(&cluster, "in-b", 0, 30);
        size_t before = one.records + two.records;

        while (one.records + two.records < before + 30) {
                turn(&one);
                turn(&two);
                cluster_patience(&cluster, deadline, "records on two workers");
        }
        ck_ok(bus_worker_commit(two.worker, &err));
        bus_worker_close(two.worker, true);
        turn_until_owned(&one, PARTITIONS);
        ck_ok(bus_worker_commit(one.worker, &err));
        if (cluster_is_real()) {
                cluster_shows(&cluster, "out", 60);
                ck_assert_uint_ge(one.rows, 30);
        }
        bus_worker_close(one.worker, true);
}
END_TEST

START_TEST(two_of_one_name_fence_each_other) {
        struct seen one, two;
        struct error why = {0};
        struct bus_event event;
        int64_t deadline = cluster_deadline(&cluster);
        int r = 0;

        if (!cluster_is_real())
                return;
        cluster_write(&cluster, "in-a", 0, 3);
        open_worker(&one, "same");
        turn_until_records(&one, 3);
        open_worker(&two, "same");
        turn_until_owned(&two, PARTITIONS);
        r = bus_worker_commit(one.worker, &why);
        while (r == 0 || r == BUS_E_ABORTED) {
                r = bus_worker_poll(one.worker, 100, &event, &why);
                cluster_patience(&cluster, deadline, "the fence");
        }
        ck_assert_int_eq(r, -ESTALE);
        ck_assert_ptr_nonnull(strstr(why.text, "--instance"));
        turn_until_records(&two, 3);
        ck_ok(bus_worker_commit(two.worker, &err));
        cluster_shows(&cluster, "out", 3);
        bus_worker_close(one.worker, false);
        bus_worker_close(two.worker, true);
}
END_TEST

/* A worker that dies in the middle of a transaction, in a process of its own. */
static void die_in_transaction(void) {
        struct seen seen;

        open_worker(&seen, "dying");
        turn_until_records(&seen, 5);
        (void)kill(getpid(), SIGKILL);
}

START_TEST(a_successor_sees_nothing_of_an_open_transaction) {
        struct seen seen;
        pid_t child;
        int status;

        if (!cluster_is_real())
                return;
        cluster_write(&cluster, "in-a", 0, 5);
        child = fork();
        if (child == 0) {
                die_in_transaction();
                _exit(1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
        open_worker(&seen, "dying");
        turn_until_owned(&seen, PARTITIONS);
        ck_assert_uint_eq(seen.rows, 0);
        turn_until_records(&seen, 5);
        ck_ok(bus_worker_commit(seen.worker, &err));
        cluster_shows(&cluster, "out", 5);
        bus_worker_close(seen.worker, true);
}
END_TEST

START_TEST(a_worker_refuses_topics_that_do_not_fit) {
        struct bus_worker_config config = worker_config("w1");
        const char *odd[] = {"in-a", "odd"}, *missing[] = {"out", "case-state", "inbox.nobody"};
        struct bus_worker *w;
        struct error err = {0};

        config.inputs = odd;
        ck_assert_int_eq(bus_worker_open(cluster.bus, &config, &w, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "odd has 2 partitions"));
        config = worker_config("w1");
        config.outputs = missing;
        config.outputs_n = 3;
        ck_assert_int_eq(bus_worker_open(cluster.bus, &config, &w, &err), -ENOENT);
        ck_assert_ptr_nonnull(strstr(err.text, "inbox.nobody"));
}
END_TEST

START_TEST(a_broker_that_is_not_there_is_told) {
        struct kafka_config config = cluster.config;
        struct bus *bus;
        struct bus_producer *p;
        struct error why = {0};

        config.bootstrap = "127.0.0.1:1";
        ck_ok(kafka_bus_new(&config, &bus, &err));
        ck_assert_int_eq(bus_producer_open(bus, &(struct bus_producer_config){0}, &p, &why), -EHOSTUNREACH);
        ck_assert_ptr_nonnull(strstr(why.text, "127.0.0.1:1"));
        bus_free(bus);
}
END_TEST

START_TEST(settings_of_topics_can_be_read_and_changed) {
        static const struct admin_setting policy[] = {{"cleanup.policy", "compact"}, {"segment.ms", "60000"}};
        static const struct admin_setting wanted[] = {{"cleanup.policy", NULL}, {"segment.ms", NULL}, {"retention.ms", NULL}};
        struct admin *a;
        struct error why = {0};
        char name[128];
        const char *values[3];
        const struct admin_topic *found;
        size_t n;

        snprintf(name, sizeof(name), "%smade", cluster.prefix);
        struct admin_topic topic = {.name = name, .partitions = 2, .replication = 1, .settings = policy, .settings_n = 2};

        ck_ok(admin_new(&cluster.config, &a, &err));
        ck_ok(admin_topics(a, &found, &n, &err));
        ck_assert_uint_ge(n, ELEMENTS(topics));
        if (!cluster_is_real()) {
                int r = admin_topic_make(a, &topic, &why);

                ck_assert_msg(r == ADMIN_E_UNSUPPORTED, "%d: %s", r, why.text);
                admin_free(a);
                return;
        }
        ck_ok(admin_topic_make(a, &topic, &err));
        ck_assert_int_eq(admin_topic_make(a, &topic, &why), ADMIN_E_EXISTS);
        ck_ok(admin_topic_set(a, name, &(struct admin_setting){"retention.ms", "7200000"}, 1, &err));
        ck_ok(admin_settings(a, &(struct admin_topic){.name = name, .settings = wanted, .settings_n = 3}, 1, values, &err));
        ck_assert_str_eq(values[0], "compact"); /* what was set before stays */
        ck_assert_str_eq(values[1], "60000");
        ck_assert_str_eq(values[2], "7200000");
        ck_assert_int_lt(admin_topic_set(a, name, &(struct admin_setting){"retention.ms", "soon"}, 1, &why), 0);
        ck_ok(admin_topic_delete(a, name, &err));
        ck_assert_int_eq(admin_group_delete(a, "never-was", &why), ADMIN_E_NONE);
        admin_free(a);
}
END_TEST

START_TEST(what_a_plan_says_is_done_and_then_nothing_is_left) {
        static const char *const events[] = {"measure-started"}, *const organisations[] = {"gm0014"};
        struct broker_config config;
        struct topics wanted;
        struct topics_plan plan;
        struct arena *arena;
        struct admin *a;
        struct error why = {0};
        int r;

        ck_assert_int_eq(arena_new(&arena, 1 << 22), 0);
        ck_ok(admin_new(&cluster.config, &a, &err));
        broker_config_default(&config);
        char prefix[100];

        snprintf(prefix, sizeof(prefix), "%swanted.", cluster.prefix);
        config.prefix = prefix;
        config.acls = (struct broker_acls){true, "User:worker", "User:connect", "User:admin", "User:{id}"};
        ck_ok(topics_wanted(&config, events, 1, organisations, 1, arena, &wanted, &err));
        r = topics_look(a, &wanted, arena, &plan, &why);
        if (!cluster_is_real()) {
                ck_assert_int_eq(r, ADMIN_E_UNSUPPORTED);
        } else {
                ck_assert_msg(r == 0 || r == -EOPNOTSUPP, "%d: %s", r, why.text);
                if (r) { /* a broker that keeps no rights says so */
                        wanted.acls_n = 0;
                        ck_ok(topics_look(a, &wanted, arena, &plan, &err));
                }
                ck_assert_uint_eq(plan.n, wanted.n + wanted.acls_n);
                for (size_t i = 0; i < plan.n; i++) {
                        r = topics_apply(a, &plan.steps[i], &why);
                        if (r == ADMIN_E_UNSUPPORTED && plan.steps[i].kind == TOPICS_GRANT) {
                                wanted.acls_n = 0; /* a broker without an authorizer may say so only now */
                                break;
                        }
                        ck_assert_msg(r == 0, "%d: %s", r, why.text);
                }
                size_t state = 0; /* the one topic of which the size of its segments is ours */

                while (strcmp(wanted.items[state].name, TOPIC_CASE_STATE) != 0)
                        ck_assert_uint_lt(++state, wanted.n);
                ck_ok(admin_topic_set(a, wanted.items[state].topic, &(struct admin_setting){"segment.bytes", "1048576"}, 1, &err));
                ck_ok(topics_look(a, &wanted, arena, &plan, &err));
                ck_assert_uint_eq(plan.n, 1);
                ck_assert_int_eq(plan.steps[0].kind, TOPICS_SET);
                ck_ok(topics_apply(a, &plan.steps[0], &err));
                ck_ok(topics_look(a, &wanted, arena, &plan, &err));
                ck_assert_uint_eq(plan.n, 0);
                config.partitions++;
                config.partitions_said = true;
                ck_ok(topics_wanted(&config, events, 1, organisations, 1, arena, &wanted, &err));
                wanted.acls_n = 0;
                ck_ok(topics_look(a, &wanted, arena, &plan, &err));
                ck_assert_uint_eq(plan.refused, 5);
                ck_assert_int_eq(topics_apply(a, &plan.steps[0], &why), -EINVAL);
                ck_assert_ptr_nonnull(strstr(why.text, "never changed"));
        }
        admin_free(a);
        arena_free(arena);
}
END_TEST

int main(int argc, char **argv) {
        bool real = argc > 1 && strcmp(argv[1], "kafka") == 0;
        Suite *suite = suite_create("bus");
        TCase *tc = tcase_create(real ? "kafka" : "mock");
        SRunner *runner;
        int failed;

        if (real && !cluster_is_real()) {
                puts("skipped: KETENWACHT_TEST_BOOTSTRAP names no broker");
                return 77;
        }
        if (!real)
                (void)unsetenv("KETENWACHT_TEST_BOOTSTRAP");
        tcase_set_timeout(tc, 150);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, records_keep_key_value_headers_and_partition);
        tcase_add_test(tc, producer_refuses_what_cannot_be);
        tcase_add_test(tc, readers_begin_where_they_are_told);
        tcase_add_test(tc, readers_look_again_and_speak_for_groups_without_members);
        tcase_add_test(tc, a_consumer_goes_on_where_it_was_done);
        tcase_add_test(tc, a_producer_commits_with_its_consumer);
        tcase_add_test(tc, a_worker_reads_writes_commits_and_is_restored);
        tcase_add_test(tc, what_is_aborted_is_read_again_and_never_seen);
        tcase_add_test(tc, an_input_that_is_held_stands_still_at_its_record);
        tcase_add_test(tc, two_workers_share_and_take_over);
        tcase_add_test(tc, two_of_one_name_fence_each_other);
        tcase_add_test(tc, a_successor_sees_nothing_of_an_open_transaction);
        tcase_add_test(tc, a_worker_refuses_topics_that_do_not_fit);
        tcase_add_test(tc, a_broker_that_is_not_there_is_told);
        tcase_add_test(tc, settings_of_topics_can_be_read_and_changed);
        tcase_add_test(tc, what_a_plan_says_is_done_and_then_nothing_is_left);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
