/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a connector finds by a BSN whose case something is, also after a restart, and no BSN stands anywhere but in the list that is read once; what
 * nobody knows waits, with its age, until the table grew.
 * Method: a connector of the test's own on a bus in memory; every byte of what it kept is looked at.
 */

#include <errno.h>
#include <unistd.h>

#include "channel/case_keys.h"
#include "connector_fixture.h"

#define NOW "2026-03-02T12:00:00+01:00"
#define BSN_A "999900006"
#define BSN_B "999910012"
#define CASE_A "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define CASE_B "60a3d05e-e53c-5dbc-921a-806f98a46c8c"
#define FILE_TEXT "connector: probe\nname: probe\nkey: {env: KETENWACHT_KEY}\npairs: pairs.csv\n"

struct probe {
        struct secrets key;
        const char *pairs;
        struct case_keys *keys;
};

static int probe_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct probe *p = ctx;
        const struct case_keys_config config = {.env = env, .key = &p->key, .pairs = p->pairs, .max_waiting = 2};

        return case_keys_new(&config, &p->keys, err);
}

static void probe_close(void *ctx) {
        struct probe *p = ctx;

        p->keys = case_keys_free(p->keys);
}

static int probe_turn(void *ctx, int timeout_ms, struct error *err) {
        struct probe *p = ctx;

        (void)timeout_ms;
        return case_keys_turn(p->keys, err);
}

static bool probe_quiesce(void *ctx) {
        const struct probe *p = ctx;

        return case_keys_are_kept(p->keys);
}

static void probe_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct probe *p = ctx;

        ck_assert(case_keys_settled(p->keys, cookie, outcome));
}

static const struct connector_option options[] = {
        {"key", NULL, "The key.", OPTION_SECRET, offsetof(struct probe, key), 0, 0, NULL},
        {"pairs", "", "The list.", OPTION_PATH, offsetof(struct probe, pairs), 0, 0, NULL},
        {0},
};

static const struct connector_ops probe = {
        .name = "probe", .summary = "a probe", .direction = CONNECTOR_IN, .ctx_size = sizeof(struct probe), .options = options,
        .open = probe_open, .close = probe_close, .turn = probe_turn, .quiesce = probe_quiesce, .settled = probe_settled,
};
static const struct connector_ops *const table[] = {&probe, NULL};

static struct connector_fixture f;

static void setup(void) {
        fixture_setup(&f, NOW);
}

static void teardown(void) {
        fixture_teardown(&f);
}

static struct case_keys *probe_begin(void) {
        struct error err = {0};

        ck_assert_msg(fixture_open(&f, table, FILE_TEXT, &err) == 0, "%s", err.text);
        fixture_turn(&f, 5);
        return ((struct probe *)f.file->ctx)->keys;
}

static struct text find(const struct case_keys *k, const char *bsn) {
        char hash[CASE_KEYS_HASH + 1];

        case_keys_hash(k, CASE_KEYS_BSN, text_of(bsn), hash);
        return case_keys_find(k, CASE_KEYS_BSN, hash);
}

static void no_bsn(void *ctx, const struct bus_record *record) {
        (void)ctx;
        ck_assert(!bsn_is_in((struct text){record->key, record->key_n}));
        ck_assert(!bsn_is_in((struct text){record->value, record->value ? record->value_n : 0}));
        ck_assert_ptr_null(memmem(record->key, record->key_n, BSN_A, 9));
}

static bool there_is_a_list(void) {
        char path[SCRATCH_PATH];

        return access(scratch_path(&f.s, "pairs.csv", path), F_OK) == 0;
}

/* -- BSN -- */

START_TEST(test_eleven) {
        static const struct {
                const char *text;
                bool is, in;
        } rows[] = {
                {BSN_A, true, true},          {BSN_B, true, true},           {"999910013", false, false}, {"000000000", false, false},
                {"99990000", false, false},   {"a-" BSN_B "-b", false, true}, {"x" BSN_A, false, false},   {"x " BSN_A ".", false, true},
                {"9999000060", false, false}, {"", false, false},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ck_assert_int_eq(bsn_is_valid(text_of(rows[i].text)), rows[i].is);
                ck_assert_msg(bsn_is_in(text_of(rows[i].text)) == rows[i].in, "%s", rows[i].text);
        }
}
END_TEST

/* -- The list -- */

START_TEST(test_list_is_read_once_and_outlives_a_restart) {
        struct case_keys *k;

        scratch_write(&f.s, "pairs.csv", BSN_A ";" CASE_A "\r\n\r\n" BSN_B ";" CASE_B);
        k = probe_begin();
        ck_assert(case_keys_is_ready(k));
        ck_assert(text_is(find(k, BSN_A), CASE_A));
        ck_assert(!there_is_a_list());
        ck_assert_uint_eq(fixture_records(&f, TOPIC_CONNECTOR_KEYS, no_bsn, NULL), 2);
        k = probe_begin();
        ck_assert(text_is(find(k, BSN_B), CASE_B));
        ck_assert_uint_eq(find(k, "999900018").n, 0);
}
END_TEST

START_TEST(test_list_stays_until_the_broker_has_it) {
        scratch_write(&f.s, "pairs.csv", BSN_A ";" CASE_A "\n");
        memory_outcome(f.memory, BUS_REFUSED, 1);
        (void)probe_begin();
        ck_assert(!there_is_a_list());
        ck_assert_uint_eq(fixture_records(&f, TOPIC_CONNECTOR_KEYS, no_bsn, NULL), 1);
}
END_TEST

static const char *const wrong[] = {"999910013;" CASE_B, BSN_B "," CASE_B, BSN_B ";x", "000000000;" CASE_B, BSN_B ";" CASE_B ";"};

START_TEST(test_nothing_of_a_list_with_a_mistake_is_taken) {
        char text[256], logged[512] = "";

        (void) snprintf(text, sizeof(text), BSN_A ";" CASE_A "\n%s\n", wrong[_i]);
        scratch_write(&f.s, "pairs.csv", text);
        ck_assert_uint_eq(case_keys_count(probe_begin()), 0);
        ck_assert(there_is_a_list());
        rewind(f.logged);
        ck_assert_ptr_nonnull(fgets(logged, sizeof(logged), f.logged));
        ck_assert_ptr_nonnull(strstr(logged, "\"line\":2"));
        ck_assert(!bsn_is_in(text_of(logged)));
        f.monotonic += CASE_KEYS_LOOK_MS;
        scratch_write(&f.s, "pairs.csv", BSN_A ";" CASE_A "\n"); /* mended */
        fixture_turn(&f, 5);
        ck_assert_uint_eq(case_keys_count(((struct probe *)f.file->ctx)->keys), 1);
}
END_TEST

/* -- Rows -- */

START_TEST(test_a_closed_case_is_forgotten) {
        struct case_keys *k = probe_begin();
        struct error err = {0};
        struct uuid id;

        ck_assert(uuid_parse(CASE_A, UUID_TEXT, &id));
        ck_assert_int_eq(case_keys_put(k, "ref", "1", TEXT_OF(CASE_A " more"), &err), 0);
        ck_assert_int_eq(case_keys_put(k, "ref", "2", TEXT_OF(CASE_B " more"), &err), 0);
        fixture_turn(&f, 3);
        ck_assert_int_eq(case_keys_forget(k, &id, &err), 0);
        ck_assert_uint_eq(case_keys_find(k, "ref", "1").n, 0);
        fixture_turn(&f, 3);
        ck_assert_uint_eq(case_keys_count(k), 1);
        k = probe_begin();
        ck_assert_uint_eq(case_keys_find(k, "ref", "1").n, 0);
        ck_assert(text_is(case_keys_find(k, "ref", "2"), CASE_B " more"));
}
END_TEST

/* -- Waiting -- */

START_TEST(test_what_waits_has_its_age_over_a_restart) {
        const struct case_keys_waiting *w;
        struct case_keys *k = probe_begin();
        struct error err = {0};
        uint64_t generation;
        size_t n;

        ck_assert_int_eq(case_keys_wait(k, "b", f.now, TEXT_OF("second"), &err), 0);
        ck_assert_int_eq(case_keys_wait(k, "a", f.now - 5000, TEXT_OF("first"), &err), 0);
        ck_assert_int_eq(case_keys_wait(k, "a", f.now, TEXT_OF("again"), &err), 0); /* keeps its age */
        fixture_turn(&f, 3);
        ck_assert(case_keys_is_full(k));
        k = probe_begin();
        ck_assert_int_eq(case_keys_look(k, &w, &n), 0);
        ck_assert_uint_eq(n, 2);
        ck_assert_str_eq(w[0].id, "a");
        ck_assert_int_eq(w[0].since, f.now - 5000);
        ck_assert(text_is(w[0].what, "first"));
        fixture_turn(&f, 1);
        fixture_sample(&f, "ketenwacht_case_keys_waiting 2");
        fixture_sample(&f, "ketenwacht_case_keys_oldest_seconds 5");
        generation = case_keys_generation(k);
        ck_assert_int_eq(case_keys_wait_over(k, "a", &err), 0);
        ck_assert_uint_eq(case_keys_generation(k), generation); /* nothing was learnt by that */
        ck_assert(!case_keys_is_full(k));
        ck_assert_int_eq(case_keys_put(k, "ref", "1", TEXT_OF(CASE_A), &err), 0);
        ck_assert_uint_gt(case_keys_generation(k), generation);
        fixture_turn(&f, 3);
        k = probe_begin();
        ck_assert_uint_eq(case_keys_waiting_count(k), 1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("case_keys");
        SRunner *runner = srunner_create(suite);
        TCase *tcase = tcase_create("case_keys");
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_eleven);
        tcase_add_test(tcase, test_list_is_read_once_and_outlives_a_restart);
        tcase_add_test(tcase, test_list_stays_until_the_broker_has_it);
        tcase_add_loop_test(tcase, test_nothing_of_a_list_with_a_mistake_is_taken, 0, (int)ELEMENTS(wrong));
        tcase_add_test(tcase, test_a_closed_case_is_forgotten);
        tcase_add_test(tcase, test_what_waits_has_its_age_over_a_restart);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
