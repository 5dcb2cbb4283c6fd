/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: on a real broker a successor begins with the very state that its predecessor had committed, and waits for
 * whatever a predecessor that stands still holds back.
 * Method: topics under a prefix that no other run has. A worker in a child process says what its state amounts to (counts, and the
 * checksum of all rows), goes on, and dies by SIGKILL in place of its next commit, its records on the broker; the next worker of
 * that name is looked at in the moment in which it has restored. And a producer of our own plays the one that stands still: it holds open a
 * transaction with an event, with rows of state that nobody can read, and with offsets far beyond what was read. Its records
 * and offsets must never count, and the successor must say what it waits for.
 *
 * KETENWACHT_TEST_BOOTSTRAP: the broker; without it the test is skipped.
 */

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "../unit/worker_fixture.h"
#include "bus/admin.h"
#include "cluster/broker_config.h"
#include "bus/kafka.h"

#define SKIPPED 77
#define PARTITIONS 3
#define CASES 60
#define MORE_CASES 20
#define PATIENCE_MS 60000
#define SENT_MS 300       /* for records to be on the broker before the kill: some must be, how many does not matter */
#define STALLED_MS "4000" /* the transaction of the one that stands still */
#define BEYOND 1000       /* offsets: further than anything was written */

struct trial {
        char folder[64], config_dir[FIXTURE_PATH], schemas[FIXTURE_PATH], prefix[64];
        const char *bootstrap;
        struct config *config;
        struct arena *arena, *topics_arena;
        struct broker_config broker;
        struct kafka_config kafka;
        struct topics topics;
        struct bus *bus;
        struct log log; /* into a file, to be read */
        struct buffer body;
        instant_t now;
        size_t lines; /* published */
        unsigned cases;
};

static void make_topics(struct trial *t) {
        const char *events[EVENT_TYPES_MAX], *orgs[64];
        size_t n_events = 0, n_orgs = organisations_count(t->config->organisations);
        struct error err = {0};
        struct admin *admin;

        for (size_t i = 0; i < event_types_count(t->config->types); i++) {
                if (!event_types_at(t->config->types, i)->output)
                        events[n_events++] = event_types_at(t->config->types, i)->name;
        }
        ck_assert_uint_le(n_orgs, ELEMENTS(orgs));
        for (size_t i = 0; i < n_orgs; i++)
                orgs[i] = organisations_at(t->config->organisations, i)->id;
        ck_assert_msg(topics_wanted(&t->broker, events, n_events, orgs, n_orgs, t->topics_arena, &t->topics, &err) == 0, "%s", err.text);
        ck_assert_msg(admin_new(&t->kafka, &admin, &err) == 0, "%s", err.text);
        for (size_t i = 0; i < t->topics.n; i++) {
                const struct topic_wanted *topic = &t->topics.items[i];
                const struct admin_topic make = {topic->topic, topic->partitions, topic->replication, topic->settings, topic->settings_n};

                ck_assert_msg(admin_topic_make(admin, &make, &err) == 0, "%s", err.text);
        }
        admin_free(admin);
}

static void begin(struct trial *t) {
        char text[512], path[FIXTURE_PATH];
        struct mistakes mistakes = MISTAKES_INIT;
        struct clock clock = clock_system();

        *t = (struct trial){.bootstrap = getenv("KETENWACHT_TEST_BOOTSTRAP"), .now = clock_realtime(&clock), .body = BUFFER_INIT((size_t)1 << 20)};
        (void) snprintf(t->folder, sizeof(t->folder), "/tmp/ketenwacht-restore-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(t->folder));
        fixture_path(t->config_dir, t->folder, "config");
        (void) snprintf(t->prefix, sizeof(t->prefix), "t%" PRId64 "-%d.", t->now, (int)getpid());
        fixture_make(t->folder, "config");
        fixture_config(t->config_dir, "1\n");
        (void) snprintf(text, sizeof(text), "bootstrap: %s\nprefix: \"%s\"\npartitions: %d\nreplication: 1\n", t->bootstrap, t->prefix, PARTITIONS);
        fixture_write(t->config_dir, "broker.yaml", text, strlen(text));
        (void) fixture_schemas(t->schemas);
        t->config = fixture_read_config(t->config_dir, t->schemas);
        ck_assert_int_eq(arena_new(&t->arena, (size_t)64 << 20), 0);
        ck_assert_int_eq(arena_new(&t->topics_arena, (size_t)16 << 20), 0);
        fixture_path(path, t->config_dir, "broker.yaml");
        ck_assert_msg(broker_config_read(path, t->topics_arena, &t->broker, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        broker_config_kafka(&t->broker, t->bootstrap, &t->kafka);
        t->kafka.clock = clock;
        t->log = (struct log){.out = fopen(fixture_path(path, t->folder, "log"), "w+"), .clock = clock, .level = LOG_LEVEL_INFO, .process = "test"};
        ck_assert_ptr_nonnull(t->log.out);
        t->kafka.log = &t->log;
        make_topics(t);
}

static void open_bus(struct trial *t) {
        struct error err = {0};

        ck_assert_msg(kafka_bus_new(&t->kafka, &t->bus, &err) == 0, "%s", err.text);
}

static void end(struct trial *t) {
        struct admin *admin;
        struct error err = {0};

        bus_free(t->bus);
        ck_assert_msg(admin_new(&t->kafka, &admin, &err) == 0, "%s", err.text);
        for (size_t i = 0; i < t->topics.n; i++)
                ck_assert_msg(admin_topic_delete(admin, t->topics.items[i].topic, &err) == 0, "%s", err.text);
        admin_free(admin);
        (void) fclose(t->log.out);
        fixture_remove(t->folder);
        config_free(t->config);
        arena_free(t->arena);
        arena_free(t->topics_arena);
        buffer_done(&t->body);
}

/* -- Records -- */

static void publish(struct trial *t, unsigned cases) {
        const struct bus_producer_config config = {0};
        struct bus_producer *producer;
        struct error err = {0};
        size_t left = 1;

        ck_assert_msg(bus_producer_open(t->bus, &config, &producer, &err) == 0, "%s", err.text);
        for (unsigned c = 0; c < cases; c++) {
                char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON], key[UUID_TEXT + 1];
                size_t n = fixture_load_case(7, t->cases++, t->now, json);

                for (size_t i = 0; i < n; i++, t->lines++) {
                        arena_reset(t->arena);
                        struct event event = fixture_event(t->config, json[i], t->arena);

                        fixture_encode(&event, &t->body);
                        uuid_format(&event.slots[SLOT_CASE_ID].u, key);
                        const struct bus_record record = {.topic = event.type->name,
                                                          .partition = BUS_BY_KEY,
                                                          .key = key,
                                                          .key_n = UUID_TEXT,
                                                          .value = t->body.bytes,
                                                          .value_n = t->body.n};

                        ck_assert_int_eq(bus_producer_send(producer, &record, NULL, &err), 0);
                }
        }
        ck_assert_int_eq(bus_producer_flush(producer, PATIENCE_MS, &left, &err), 0);
        ck_assert_uint_eq(left, 0);
        bus_producer_close(producer);
}

/* How many records of a topic; *facts: rows of facts among them. */
static size_t count(struct trial *t, const char *topic, bool uncommitted, size_t *facts) {
        const struct bus_reader_config config = {
                .topics = &topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING, .until_end = true, .uncommitted = uncommitted};
        struct bus_reader *reader;
        struct bus_event event = {.kind = BUS_NONE};
        struct error err = {0};
        size_t n = 0;

        *facts = 0;
        ck_assert_msg(bus_reader_open(t->bus, &config, &reader, &err) == 0, "%s", err.text);
        while (event.kind != BUS_END) {
                ck_assert_msg(bus_reader_poll(reader, 100, &event, &err) == 0, "%s", err.text);
                if (event.kind != BUS_RECORD)
                        continue;
                n++;
                *facts += event.record.key_n == ROW_KEY_BYTES && ((const uint8_t *)event.record.key)[16] == ROW_FACT;
        }
        bus_reader_close(reader);
        return n;
}

/* -- Workers -- */

static struct worker *new_worker(struct trial *t, const char *instance) {
        struct clock clock = clock_system();
        const struct worker_config config = {
                .config = t->config, .bus = t->bus, .clock = clock, .real = clock, .log = &t->log, .instance = instance, .behind_after_ms = 10000};
        struct worker *worker = NULL;
        struct error err = {0};

        ck_assert_msg(worker_new(&config, &worker, &err) == 0, "%s", err.text);
        return worker;
}

static bool is_restored(const struct worker_status *status) {
        return status->assigned && status->restoring == 0;
}

static bool is_settled(const struct worker_status *status) {
        return is_restored(status) && status->behind == 0 && status->settled_at != 0;
}

static struct worker_status step_until(struct worker *worker, bool (*done)(const struct worker_status *), int64_t known) {
        struct clock clock = clock_system();
        int64_t until = clock_monotonic(&clock) + PATIENCE_MS;
        struct worker_status status = {0};

        while (!done(&status) || status.facts + status.duplicates < known) {
                struct error err = {0};
                int r = worker_step(worker, 20, &err);

                ck_assert_msg(r == 0, "%s", err.text);
                ck_assert_msg(clock_monotonic(&clock) < until, "waited too long");
                worker_status(worker, &status);
        }
        return status;
}

static void stop_worker(struct worker *worker) {
        struct error err = {0};

        ck_assert_msg(worker_stop(worker, &err) == 0, "%s", err.text);
        worker_free(worker);
}

/* -- Killed -- */

static int die_instead(struct bus_worker *w, struct error *err) {
        (void) w;
        (void) err;
        (void) poll(NULL, 0, SENT_MS);
        (void) kill(getpid(), SIGKILL);
        return -EIO;
}

/* In a process of its own: works, tells its census when it has done all, and dies in its next commit. */
static void live_and_die(struct trial *t, size_t known, int tell_fd, int go_fd) {
        struct worker *worker;
        struct worker_census census;
        struct bus_worker_ops ops;
        struct error err = {0};
        char go;

        open_bus(t);
        worker = new_worker(t, "one");
        (void) step_until(worker, is_settled, (int64_t)known);
        worker_census(worker, &census);
        ck_assert_int_eq(write(tell_fd, &census, sizeof(census)), (ssize_t)sizeof(census));
        ck_assert_int_eq(read(go_fd, &go, 1), 1);
        ops = *worker_bus(worker)->ops;
        ops.commit = die_instead;
        worker_bus(worker)->ops = &ops;
        for (;;)
                ck_assert_int_eq(worker_step(worker, 20, &err), 0);
}

START_TEST(a_killed_worker_is_restored_as_it_was) {
        struct trial t;
        struct worker *worker;
        struct worker_census before, after;
        int told[2], go[2], status;
        size_t first, facts, all;
        pid_t child;

        begin(&t);
        ck_assert_int_eq(pipe(told), 0);
        ck_assert_int_eq(pipe(go), 0);
        /* The child must not inherit a handle of librdkafka, whose threads would not be there: how much comes is counted without one. */
        for (first = 0; t.cases < CASES; t.cases++) {
                char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];

                first += fixture_load_case(7, t.cases, t.now, json);
        }
        t.cases = 0;
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
                live_and_die(&t, first, told[1], go[0]);
        open_bus(&t);
        publish(&t, CASES);
        ck_assert_uint_eq(t.lines, first);
        ck_assert_int_eq(read(told[0], &before, sizeof(before)), (ssize_t)sizeof(before));
        publish(&t, MORE_CASES);
        ck_assert_int_eq(write(go[1], "", 1), 1);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        all = count(&t, TOPIC_CASE_STATE, true, &facts);
        ck_assert_uint_gt(all, count(&t, TOPIC_CASE_STATE, false, &facts)); /* else nothing was tried */

        worker = new_worker(&t, "one");
        (void) step_until(worker, is_restored, 0);
        worker_census(worker, &after);
        ck_assert_uint_eq(after.cases, CASES);
        ck_assert_uint_eq(after.cases, before.cases);
        ck_assert_uint_eq(after.facts, before.facts);
        ck_assert_uint_eq(after.open_alerts, before.open_alerts);
        ck_assert_uint_eq(after.checksum, before.checksum);
        (void) step_until(worker, is_settled, (int64_t)(t.lines - first));
        worker_census(worker, &after);
        ck_assert_uint_eq(after.cases, CASES + MORE_CASES);
        (void) count(&t, TOPIC_CASE_STATE, false, &facts);
        ck_assert_uint_eq(facts, after.facts); /* each once */
        stop_worker(worker);
        end(&t);
}
END_TEST

/* -- Stalled -- */

static void rk_set(rd_kafka_conf_t *conf, const char *name, const char *value) {
        char reason[256];

        ck_assert_msg(rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK, "%s", reason);
}

static void rk_ok(rd_kafka_error_t *error) {
        ck_assert_msg(!error, "%s", rd_kafka_error_string(error));
}

static void rk_produce(rd_kafka_t *rk, const char *prefix, const char *topic, int32_t partition, const void *key, size_t key_n, const char *value) {
        char full[BUS_NAME_MAX + 1];

        (void) snprintf(full, sizeof(full), "%s%s", prefix, topic);
        ck_assert_int_eq(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(full), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_n),
                                           RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                           RD_KAFKA_V_END), 0);
}

/* Opens a transaction over everything and leaves it so. @offsets: also over the offsets of the group. */
static rd_kafka_t *stand_still(const struct trial *t, bool offsets) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        rd_kafka_consumer_group_metadata_t *group;
        char name[BUS_NAME_MAX + 1], reason[256];
        rd_kafka_t *rk;

        (void) snprintf(name, sizeof(name), "%sformer", t->prefix);
        rk_set(conf, "bootstrap.servers", t->bootstrap);
        rk_set(conf, "transactional.id", name);
        rk_set(conf, "transaction.timeout.ms", STALLED_MS);
        rk_set(conf, "message.timeout.ms", STALLED_MS);
        rk_set(conf, "log_level", "2");
        rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
        ck_assert_msg(rk != NULL, "%s", reason);
        rk_ok(rd_kafka_init_transactions(rk, PATIENCE_MS));
        rk_ok(rd_kafka_begin_transaction(rk));
        (void) snprintf(name, sizeof(name), "%smeasure-started", t->prefix);
        for (int32_t p = 0; p < PARTITIONS; p++) {
                uint8_t key[ROW_KEY_BYTES] = {[16] = ROW_FACT};

                rk_produce(rk, t->prefix, "measure-started", p, "nobody", 6, "what no worker can read");
                rk_produce(rk, t->prefix, TOPIC_CASE_STATE, p, key, sizeof(key), "what no worker can read");
                rd_kafka_topic_partition_list_add(list, name, p)->offset = BEYOND;
        }
        ck_assert_int_eq(rd_kafka_flush(rk, PATIENCE_MS), 0);
        (void) snprintf(name, sizeof(name), "%s%s", t->prefix, TOPICS_GROUP_RULES);
        group = rd_kafka_consumer_group_metadata_new(name);
        if (offsets)
                rk_ok(rd_kafka_send_offsets_to_transaction(rk, list, group, PATIENCE_MS));
        rd_kafka_consumer_group_metadata_destroy(group);
        rd_kafka_topic_partition_list_destroy(list);
        return rk;
}

static bool log_says(struct trial *t, const char *event, const char *what) {
        char line[2048];
        bool says = false;

        rewind(t->log.out);
        while (!says && fgets(line, sizeof(line), t->log.out))
                says = strstr(line, event) && strstr(line, what);
        (void) fseek(t->log.out, 0, SEEK_END);
        return says;
}

#define OPEN_KINDS 2 /* with offsets of the input, with rows of the state */
START_TEST(an_open_transaction_of_one_that_stands_still_is_waited_for) {
        bool offsets = _i == 0;
        struct trial t;
        struct worker *worker;
        struct worker_status status;
        struct worker_census before, after;
        rd_kafka_t *former;
        size_t first, facts, dead;

        begin(&t);
        open_bus(&t);
        publish(&t, CASES);
        first = t.lines;
        worker = new_worker(&t, "one");
        (void) step_until(worker, is_settled, (int64_t)first);
        worker_census(worker, &before);
        stop_worker(worker);
        publish(&t, MORE_CASES); /* which the offsets of the transaction would leave out */
        former = stand_still(&t, offsets);
        ck_assert(!log_says(&t, "bus-waits", ""));

        worker = new_worker(&t, "two");
        (void) step_until(worker, is_restored, 0);
        worker_census(worker, &after);
        ck_assert_uint_eq(after.facts, before.facts);
        ck_assert_uint_eq(after.checksum, before.checksum);
        ck_assert(log_says(&t, "bus-waits", offsets ? "committed offsets" : "rows of the state"));
        status = step_until(worker, is_settled, (int64_t)(t.lines - first));
        ck_assert_int_eq(status.facts + status.duplicates, (int64_t)(t.lines - first));
        ck_assert_int_eq(status.dead, 0);
        worker_census(worker, &after);
        ck_assert_uint_eq(after.cases, CASES + MORE_CASES);
        (void) count(&t, TOPIC_CASE_STATE, false, &facts);
        ck_assert_uint_eq(facts, after.facts); /* each once */
        ck_assert_uint_eq(count(&t, TOPIC_DEAD_LETTERS, false, &dead), 0);
        stop_worker(worker);
        rd_kafka_destroy(former);
        end(&t);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("restore");
        TCase *tc = tcase_create("kafka");
        SRunner *runner;
        int failed;

        if (!getenv("KETENWACHT_TEST_BOOTSTRAP"))
                return SKIPPED;
        tcase_set_timeout(tc, 180);
        tcase_add_test(tc, a_killed_worker_is_restored_as_it_was);
        tcase_add_loop_test(tc, an_open_transaction_of_one_that_stands_still_is_waited_for, 0, OPEN_KINDS);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
