/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a record whose schema the registry cannot be asked for costs nobody anything: it waits, what is of its partition is told later, the
 * rest goes on, and it is neither lost nor a dead letter.
 * Method: a worker on the bus in memory, and a registry of which each test says what it answers.
 */

#include <check.h>
#include <stdlib.h>

#include "avro/framing.h"
#include "bus/murmur2.h"
#include "worker_world.h"

#define UNKNOWN_ID 7

static struct world *w;
static struct worker *worker;
static int answer;      /* of the registry, for UNKNOWN_ID */
static unsigned asked;

static int registry_find(struct schema_ids *ids, const struct schema_id *id, const struct event_type **ret_type, const struct program **ret_program,
                         struct error *err) {
        const struct event_type *type = event_types_find(w->config->types, text_of("measure-started"));

        (void)ids;
        asked++;
        error_set(err, "as the test says");
        ck_assert(!id->is_guid && id->number == UNKNOWN_ID);
        if (answer == 0)
                ck_assert(event_types_decoder(w->config->types, type->layout->fingerprint, ret_type, ret_program));
        return answer;
}

static struct schema_ids registry = {.find = registry_find};

static void setup(void) {
        w = world_new();
        event_types_ask(w->config->types, &registry);
        answer = SCHEMA_IDS_E_WAIT;
        worker = world_worker(w, "a");
        world_settle(w, worker);
}

static void teardown(void) {
        world_end(worker);
        world_done(w);
}

/* A measure of which the body is framed with the id; in a header when @in_header. */
static void publish_by_id(const char *id, const char *case_word, bool in_header) {
        static const struct bus_header header = {EVENT_HEADER_SCHEMA_ID, "\0\0\0\0\7", 5};
        struct buffer framed = BUFFER_INIT(4096);
        char json[FIXTURE_JSON], key[UUID_TEXT + 1];
        struct event event;

        fixture_measure(json, id, case_word, "gi-a", "gm0001", w->now, 1);
        arena_reset(w->arena);
        event = fixture_event(w->config, json, w->arena);
        fixture_encode(&event, &w->body);
        uuid_format(&event.slots[SLOT_CASE_ID].u, key);
        if (!in_header)
                buffer_add(&framed, "\0\0\0\0\7", 5);
        buffer_add(&framed, w->body.bytes + FRAMING_SINGLE_BYTES, w->body.n - FRAMING_SINGLE_BYTES);
        world_append(w, &(struct bus_record){.topic = event.type->name, .partition = BUS_BY_KEY, .key = key, .key_n = UUID_TEXT, .value = framed.bytes,
                                             .value_n = framed.n, .headers = &header, .headers_n = in_header});
        buffer_done(&framed);
}

static void publish(const char *id, const char *case_word) {
        char json[FIXTURE_JSON];

        fixture_measure(json, id, case_word, "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
}

static struct worker_status steps(unsigned n) {
        struct worker_status status;

        for (unsigned i = 0; i < n; i++)
                world_step(w, worker);
        worker_status(worker, &status);
        return status;
}

/* Words of cases that lie in different partitions. */
static void find_cases(char ret_here[16], char ret_there[16]) {
        char id[UUID_TEXT + 1];

        (void) snprintf(ret_here, 16, "case-0");
        for (int i = 1;; i++) {
                (void) snprintf(ret_there, 16, "case-%d", i);
                if (murmur2_partition(fixture_id(ret_there, id), UUID_TEXT, WORLD_PARTITIONS) !=
                    murmur2_partition(fixture_id(ret_here, id), UUID_TEXT, WORLD_PARTITIONS))
                        return;
        }
}

static const bool in_headers[] = {false, true};

START_TEST(an_id_that_cannot_be_asked_for_waits_and_the_others_go_on) {
        struct worker_status status;
        char here[16], there[16];

        find_cases(here, there);
        publish_by_id("m1", here, in_headers[_i]);
        publish("m2", here); /* behind it in the same input */
        publish("m3", there);
        status = steps(200);
        ck_assert_int_eq(status.facts, 1);
        ck_assert_int_eq(status.dead, 0);
        ck_assert_int_eq(status.standing, 1);
        ck_assert_int_eq(status.behind, 1);
        ck_assert_int_eq(status.live, 1);
        ck_assert_uint_gt(asked, 1);
        answer = 0;
        world_settle(w, worker);
        status = steps(1);
        ck_assert_int_eq(status.facts, 3);
        ck_assert_int_eq(status.dead, 0);
        ck_assert_int_eq(status.standing, 0);
        ck_assert_int_eq(status.live, 2);
        ck_assert_uint_eq(world_count(w, TOPIC_PLAN_DUE, NULL), 2); /* of each case: what waited is told too */
}
END_TEST

static const int never[] = {SCHEMA_IDS_E_UNKNOWN, SCHEMA_IDS_E_UNFIT};

START_TEST(an_id_that_the_registry_does_not_have_is_a_dead_letter_then) {
        struct worker_status status;
        struct bus_record letter;

        publish_by_id("m1", "case", false);
        publish("m2", "case");
        ck_assert_int_eq(steps(200).standing, 1);
        answer = never[_i];
        world_settle(w, worker);
        status = steps(1);
        ck_assert_int_eq(status.facts, 1);
        ck_assert_int_eq(status.dead, 1);
        ck_assert_uint_eq(world_count(w, TOPIC_DEAD_LETTERS, &letter), 1);
        ck_assert_int_eq(bus_record_headers(&letter), 0);
        ck_assert_mem_eq(bus_record_header(&letter, "kw-code")->value, "UNKNOWN_SCHEMA", 14);
        ck_assert_mem_eq(bus_record_header(&letter, "kw-error")->value, "as the test says", 16);
}
END_TEST

START_TEST(a_successor_waits_for_it_too) {
        publish("m0", "case");
        publish_by_id("m1", "case", false);
        publish("m2", "case");
        ck_assert_int_eq(steps(200).standing, 1);
        world_end(worker);
        worker = world_worker(w, "b");
        ck_assert_int_eq(steps(200).standing, 1);
        world_crash(worker);
        answer = 0;
        worker = world_worker(w, "b");
        world_settle(w, worker);
        ck_assert_int_eq(steps(1).facts, 2); /* m0 was the first one's */
        ck_assert_uint_eq(world_count(w, TOPIC_DEAD_LETTERS, NULL), 0);
}
END_TEST

START_TEST(an_abort_and_a_group_that_moves_read_it_again) {
        publish_by_id("m1", "case", false);
        ck_assert_int_eq(steps(200).standing, 1);
        ck_assert_int_eq(memory_fault(worker_bus(worker), MEMORY_COMMIT_ABORTED), 0);
        publish("m2", "other");
        publish("m3", "one more");
        ck_assert_int_eq(steps(200).standing, 1);
        ck_assert_int_eq(memory_fault(worker_bus(worker), MEMORY_REBALANCE), 0);
        ck_assert_int_eq(steps(200).standing, 1);
        answer = 0;
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, TOPIC_DEAD_LETTERS, NULL), 0);
        ck_assert_uint_eq(world_count(w, TOPIC_PLAN_DUE, NULL), 3);
}
END_TEST

START_TEST(once_does_not_wait) {
        struct worker_config config = world_worker_config(w, "a");
        struct error err = {0};
        int r = 0;

        world_end(worker);
        publish_by_id("m1", "case", false);
        config.once = true;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        for (unsigned i = 0; i < 1000 && r == 0; i++)
                r = world_try(w, worker, &err);
        ck_assert_int_lt(r, 0);
        ck_assert_ptr_nonnull(strstr(err.text, "1 inputs wait before a record whose schema the registry cannot be asked for"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_standstill");
        TCase *tc = tcase_create("standstill");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_loop_test(tc, an_id_that_cannot_be_asked_for_waits_and_the_others_go_on, 0, ELEMENTS(in_headers));
        tcase_add_loop_test(tc, an_id_that_the_registry_does_not_have_is_a_dead_letter_then, 0, ELEMENTS(never));
        tcase_add_test(tc, a_successor_waits_for_it_too);
        tcase_add_test(tc, an_abort_and_a_group_that_moves_read_it_again);
        tcase_add_test(tc, once_does_not_wait);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
