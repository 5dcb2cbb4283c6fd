/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what a worker forgets is gone for every worker after it, whatever was compacted in between; nothing is forgotten
 * behind, in an aborted transaction, or too soon; and what comes too late is kept and told.
 * Method: the bus in memory, a fake clock that is moved by years, and the topics read afterwards.
 */

#include "bus/murmur2.h"
#include "worker_world.h"

#define YEAR (365 * FIXTURE_DAY)

static struct worker *keeper(struct world *w, const char *instance, bool once) {
        struct worker_config config = world_worker_config(w, instance);
        struct worker *worker = NULL;
        struct error err = {0};

        config.retention = (struct term_step){TERM_YEARS, 2};
        config.once = once;
        ck_assert_msg(worker_new(&config, &worker, &err) == 0, "%s", err.text);
        return worker;
}

/* A case that ends today, and was in order or not. */
static void publish_case(struct world *w, const char *word, instant_t recorded) {
        char json[FIXTURE_JSON], id[64];

        (void) snprintf(id, sizeof(id), "%s started", word);
        fixture_measure(json, id, word, "gi-a", "gm0001", recorded, 20);
        world_publish(w, json);
        (void) snprintf(id, sizeof(id), "%s ended", word);
        fixture_ended(json, id, word, "gi-a", recorded, 0);
        world_publish(w, json);
}

static void publish_open(struct world *w, const char *word, instant_t recorded) {
        char json[FIXTURE_JSON], id[64];

        (void) snprintf(id, sizeof(id), "%s started", word);
        fixture_measure(json, id, word, "gi-a", "gm0001", recorded, 20);
        world_publish(w, json);
}

/* The rows that are left of a case: those of kind @kind, or all but tombstones (0). */
static size_t rows_of(const struct world *w, const char *word, char kind) {
        struct table latest = {0};
        struct uuid id = uuid_v5(&uuid_namespace_ketenwacht, word, strlen(word));
        struct bus_record record;
        size_t n = 0;

        for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
                for (int64_t offset = memory_end(w->memory, TOPIC_CASE_STATE, p); offset-- > 0;) {
                        const uint8_t *key;

                        if (!memory_record(w->memory, TOPIC_CASE_STATE, p, offset, false, &record))
                                continue;
                        key = record.key;
                        if (memcmp(key, id.bytes, sizeof(id.bytes)) != 0 || table_get(&latest, key, ROW_KEY_BYTES))
                                continue;
                        ck_assert_int_eq(table_put(&latest, key, ROW_KEY_BYTES, (void *)(uintptr_t)key), 0);
                        n += record.value && (!kind || key[16] == (uint8_t)kind);
                }
        }
        table_done(&latest);
        return n;
}

static struct worker_census census(const struct worker *worker) {
        struct worker_census ret;

        worker_census(worker, &ret);
        return ret;
}

static void check_code(const struct bus_record *record, const char *code) {
        for (size_t i = 0; i < record->headers_n; i++) {
                const struct bus_header *h = &record->headers[i];

                if (strcmp(h->name, "kw-code") != 0)
                        continue;
                ck_assert(text_is((struct text){h->value, h->n}, code));
                return;
        }
        ck_abort_msg("a dead letter without kw-code");
}

START_TEST(a_case_is_forgotten_when_its_day_comes_and_stays_so) {
        struct world *w = world_new();
        struct worker *worker = keeper(w, "a", false);
        struct worker_status status;
        struct worker_census before;
        struct bus_record record;
        char json[FIXTURE_JSON];

        world_settle(w, worker);
        publish_case(w, "case", w->now);
        publish_open(w, "open", w->now);
        world_settle(w, worker);
        ck_assert_uint_gt(rows_of(w, "case", 0), 1);
        world_forward(w, 2 * YEAR); /* a leap year: the day is not over */
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.forgotten, 0);
        world_forward(w, 2 * FIXTURE_DAY);
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.forgotten, 1);
        ck_assert_uint_eq(rows_of(w, "case", 0), 1);
        ck_assert_uint_eq(rows_of(w, "case", ROW_CLOSED), 1);
        ck_assert_uint_gt(rows_of(w, "open", ROW_FACT), 0);
        before = census(worker);
        ck_assert_uint_eq(before.cases, 1);
        ck_assert_uint_eq(before.closed, 1);
        world_end(worker);
        for (unsigned round = 0; round < 3; round++) { /* as it stands; without what was replaced; without tombstones too */
                if (round)
                        memory_compact(w->memory, TOPIC_CASE_STATE, round == 2);
                worker = keeper(w, "b", false);
                world_settle(w, worker);
                ck_assert_uint_eq(census(worker).checksum, before.checksum);
                ck_assert_uint_eq(census(worker).closed, 1);
                world_end(worker);
        }
        worker = keeper(w, "a", false);
        world_settle(w, worker);
        fixture_protector(json, "late", "case", "gi-a", w->now, 0);
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(rows_of(w, "case", 0), 1);
        ck_assert_uint_eq(world_count(w, TOPIC_DEAD_LETTERS, &record), 1);
        check_code(&record, "CASE_CLOSED");
        (void) world_count(w, "inbox.gi-a", &record);
        arena_reset(w->arena);
        struct event event = fixture_decode(w->config, record.value, record.value_n, w->arena);

        ck_assert_str_eq(event.type->name, "event-refused");
        ck_assert(text_is(fixture_text(&event, "code"), "CASE_CLOSED"));
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(an_aborted_transaction_forgets_nothing) {
        struct world *w = world_new();
        struct worker *worker = keeper(w, "a", false);
        struct worker_status status;
        size_t rows;

        world_settle(w, worker);
        publish_case(w, "case", w->now);
        world_settle(w, worker);
        rows = rows_of(w, "case", 0);
        world_forward(w, 3 * YEAR);
        ck_assert_int_eq(memory_fault(worker_bus(worker), MEMORY_COMMIT_ABORTED), 0);
        for (unsigned i = 0; i < 100; i++) {
                world_step(w, worker);
                worker_status(worker, &status);
                if (status.aborts)
                        break;
        }
        ck_assert_int_eq(status.aborts, 1);
        ck_assert_int_eq(status.forgotten, 0);
        ck_assert_uint_eq(rows_of(w, "case", 0), rows);
        ck_assert_uint_eq(census(worker).cases, 1);
        ck_assert_uint_eq(census(worker).closed, 0);
        world_settle(w, worker); /* tries again */
        ck_assert_uint_eq(rows_of(w, "case", 0), 1);
        ck_assert_uint_eq(census(worker).closed, 1);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(a_backlog_is_whole_before_anything_is_forgotten) {
        struct world *w = world_new();
        struct worker *worker;
        instant_t past = w->now - 3 * YEAR;

        publish_case(w, "old", past);
        publish_case(w, "came-back", past);
        publish_open(w, "came-back again", w->now);
        worker = keeper(w, "a", false);
        world_settle(w, worker);
        ck_assert_uint_eq(census(worker).closed, 0); /* more of it may be on its way until midnight */
        world_forward(w, 12 * 3600 * 1000);
        world_settle(w, worker);
        ck_assert_uint_eq(census(worker).closed, 2);
        world_end(worker);
        world_done(w);
}
END_TEST

static void run_once(struct world *w, struct worker *worker) {
        for (unsigned i = 0; i < WORLD_STEPS_MAX && !worker_done(worker); i++)
                world_step(w, worker);
        ck_assert(worker_done(worker));
}

START_TEST(once_forgets_what_is_over_at_its_instant) {
        struct world *w = world_new();

        publish_case(w, "case", w->now - 3 * YEAR);
        publish_case(w, "younger", w->now - YEAR);
        struct worker *worker = keeper(w, "a", true);

        run_once(w, worker);
        ck_assert_uint_eq(census(worker).closed, 1);
        ck_assert_uint_eq(rows_of(w, "case", 0), 1);
        ck_assert_uint_gt(rows_of(w, "younger", 0), 1);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(many_that_go_at_once_go_in_pieces) {
        struct world *w = world_new();
        struct worker *worker = keeper(w, "a", false);
        struct worker_status status;
        char word[32], json[FIXTURE_JSON], id[64];

        world_settle(w, worker);
        for (unsigned i = 0; i < 300; i++) {
                (void) snprintf(word, sizeof(word), "case %u", i);
                publish_case(w, word, w->now);
                for (unsigned k = 0; k < 40; k++) {
                        (void) snprintf(id, sizeof(id), "%u fact %u", i, k);
                        fixture_protector(json, id, word, "gi-a", w->now, 0);
                        world_publish(w, json);
                }
        }
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, 300 * 42);
        world_forward(w, 3 * YEAR);
        world_step(w, worker);
        ck_assert_uint_lt(census(worker).closed, 200); /* one sweep yields long before all are gone */
        ck_assert_uint_gt(census(worker).closed, 0);
        world_settle(w, worker);
        ck_assert_uint_eq(census(worker).closed, 300);
        ck_assert_uint_eq(census(worker).facts, 0);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(the_clock_does_not_fall_behind_what_was_forgotten) {
        struct world *w = world_new();
        struct worker *worker = keeper(w, "a", false);
        struct bus_record record;
        instant_t told;
        char json[FIXTURE_JSON];

        world_settle(w, worker);
        publish_open(w, "case", w->now);
        world_settle(w, worker);
        world_end(worker);
        world_forward(w, 3 * YEAR);
        fixture_ended(json, "ended", "case", "gi-a", w->now - 3 * YEAR, 0); /* late news: alerts are resolved, and it is over */
        world_publish(w, json);
        worker = keeper(w, "a", true);
        run_once(w, worker);
        ck_assert_uint_eq(census(worker).closed, 1);
        ck_assert_uint_gt(world_count(w, TOPIC_ESCALATION_RESOLVED, &record), 0);
        arena_reset(w->arena);
        told = fixture_decode(w->config, record.value, record.value_n, w->arena).slots[SLOT_RECORDED_AT].i;
        world_end(worker);
        memory_compact(w->memory, TOPIC_CASE_STATE, true);
        w->now -= 1800000; /* set back by half an hour */
        worker = keeper(w, "a", false);
        world_settle(w, worker);
        for (unsigned i = 0; i < 20; i++) { /* another case of the same partition */
                char word[32], id[64], text[UUID_TEXT + 1];

                (void) snprintf(word, sizeof(word), "case %u", i);
                (void) snprintf(id, sizeof(id), "started %u", i);
                if (murmur2_partition(fixture_id(word, text), UUID_TEXT, WORLD_PARTITIONS) !=
                    murmur2_partition(fixture_id("case", text), UUID_TEXT, WORLD_PARTITIONS))
                        continue;
                fixture_measure(json, id, word, "gi-a", "gm0001", w->now, 2);
                world_publish(w, json);
        }
        world_settle(w, worker);
        ck_assert_uint_gt(world_count(w, TOPIC_PLAN_DUE, &record), 1);
        arena_reset(w->arena);
        struct event event = fixture_decode(w->config, record.value, record.value_n, w->arena);

        ck_assert_int_lt(w->now, told);
        ck_assert_int_ge(event.slots[SLOT_RECORDED_AT].i, told);
        world_end(worker);
        world_done(w);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_forget");
        TCase *tc = tcase_create("worker_forget");

        tcase_add_test(tc, a_case_is_forgotten_when_its_day_comes_and_stays_so);
        tcase_add_test(tc, an_aborted_transaction_forgets_nothing);
        tcase_add_test(tc, a_backlog_is_whole_before_anything_is_forgotten);
        tcase_add_test(tc, once_forgets_what_is_over_at_its_instant);
        tcase_add_test(tc, many_that_go_at_once_go_in_pieces);
        tcase_add_test(tc, the_clock_does_not_fall_behind_what_was_forgotten);
        tcase_set_timeout(tc, 60);
        suite_add_tcase(suite, tc);

        SRunner *runner = srunner_create(suite);

        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);

        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
