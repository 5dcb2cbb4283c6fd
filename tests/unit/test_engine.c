/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what the worked examples do not show: ids of outputs, personal data, unknown years, roles that mean nobody,
 * limits and undoing. Method: a few lines of events on the configuration of the examples, with small protocols of
 * their own where needed, looked at through the engine's own interface.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/case.h"
#include "engine/explain.h"
#include "engine/replay.h"
#include "engine/restore.h"
#include "engine/row.h"
#include "model/lines.h"

#define CASE "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define MEASURE "7f0a320f-7e2d-50ba-959b-4131a3834d5d"
#define ENVELOPE(id, at)                                                                                                          \
        "\"event_id\":\"" id "\",\"case_id\":\"" CASE "\",\"source\":\"gi-noordzee\",\"occurred_at\":\"" at "\",\"recorded_at\":\"" at "\""
#define STARTED(id, date)                                                                                                         \
        "{\"event\":\"measure-started\"," ENVELOPE(id, date "T10:00:00Z") ",\"measure_id\":\"" MEASURE                             \
        "\",\"kind\":\"OTS\",\"verdict_date\":\"" date "\",\"informed_date\":\"" date                                              \
        "\",\"gi\":\"gi-noordzee\",\"municipality\":\"gm0375\",\"birth_date\":\"2010-01-15\",\"reference\":\"dossier-1\"}"

static struct config *config;
static struct arena *arena;
static struct engine *engine;
static struct store *store;
static json_t *objects[64];
static size_t n_objects;
static char folder[64];

static void write_file(const char *name, const char *text) {
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        fputs(text, f);
        ck_assert_int_eq(fclose(f), 0);
}

static void copy_file(const char *name) {
        struct error err;
        char path[512], *text;
        size_t n;

        snprintf(path, sizeof(path), "%s/tests/stories/examples/config/%s", getenv("PROJECT_ROOT"), name);
        ck_assert_int_eq(file_read(path, &text, &n, &err), 0);
        write_file(name, text);
        free(text);
}

/* The organisations and calendar of the examples, and one protocol (NULL: all of the examples) or two. */
static void open_two(const char *protocol, const char *later) {
        struct mistakes mistakes = MISTAKES_INIT;
        char config_dir[512], schemas[512];

        snprintf(schemas, sizeof(schemas), "%s/schemas", getenv("PROJECT_ROOT"));
        snprintf(config_dir, sizeof(config_dir), "%s/tests/stories/examples/config", getenv("PROJECT_ROOT"));
        if (protocol) {
                char sub[128];

                snprintf(folder, sizeof(folder), "/tmp/ketenwacht-engine-XXXXXX");
                ck_assert_ptr_nonnull(mkdtemp(folder));
                snprintf(sub, sizeof(sub), "%s/protocols", folder);
                ck_assert_int_eq(mkdir(sub, 0700), 0);
                copy_file("organisations.yaml");
                copy_file("calendar.yaml");
                write_file("protocols/proef.yaml", protocol);
                if (later)
                        write_file("protocols/proef-later.yaml", later);
                snprintf(config_dir, sizeof(config_dir), "%s", folder);
        }
        ck_assert_msg(config_read(config_dir, schemas, &config, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        ck_assert_int_eq(arena_new(&arena, 1 << 22), 0);
        ck_assert_int_eq(engine_new(config, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
}

static void open_with(const char *protocol) {
        open_two(protocol, NULL);
}

static void teardown(void) {
        static const char *const names[] = {"organisations.yaml", "calendar.yaml", "protocols/proef.yaml", "protocols/proef-later.yaml", "protocols"};
        char path[256];

        store = store_free(store);
        engine = engine_free(engine);
        arena = arena_free(arena);
        config = config_free(config);
        while (n_objects)
                json_decref(objects[--n_objects]);
        for (size_t i = 0; folder[0] && i < ELEMENTS(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
                (void) remove(path);
        }
        if (folder[0])
                (void) rmdir(folder);
        folder[0] = '\0';
}

static struct event event_of(const char *json) {
        struct line line;

        line_parse(config->types, config->organisations, text_of(json), LANGUAGE_EN, arena, &line);
        ck_assert_msg(line.kind == LINE_EVENT, "%s", line.error.text);
        ck_assert_uint_lt(n_objects, ELEMENTS(objects));
        objects[n_objects++] = line.object;
        return line.event;
}

static instant_t at(const char *text) {
        instant_t ret;

        ck_assert(instant_parse(text_of(text), &ret));
        return ret;
}

static const struct outcome *tell(const char *json, const char *now) {
        struct event event = event_of(json);
        const struct outcome *outcome;
        struct error err = {0};
        int r = engine_event(engine, store, &event, at(now), true, &outcome, &err);

        ck_assert_msg(r == 0, "%s", err.text);
        return outcome;
}

static const struct outcome *evaluate(const char *now) {
        const struct outcome *outcome;
        struct uuid id;

        ck_assert(uuid_parse(CASE, UUID_TEXT, &id));
        ck_assert_int_eq(engine_evaluate(engine, store, store_find(store, &id), at(now), &outcome), 0);
        return outcome;
}

static size_t count(const struct outcome *outcome, enum effect_kind kind) {
        size_t n = 0;

        for (size_t i = 0; i < outcome->n_effects; i++)
                n += outcome->effects[i].kind == kind;
        return n;
}

START_TEST(test_ids_are_made_of_names) {
        const struct outcome *outcome;
        const struct effect *raised = NULL;
        struct uuid alert, id;
        char name[400], text[UUID_TEXT + 1];

        open_with(NULL);
        (void) tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2022-10-10"), "2022-10-10T10:00:00Z");
        store_commit(store);
        outcome = evaluate("2022-10-18T08:00:00Z");
        for (size_t i = 0; i < outcome->n_effects; i++) {
                if (outcome->effects[i].kind == EFFECT_RAISED && text_is(outcome->effects[i].told.organisation, "gm0375"))
                        raised = &outcome->effects[i];
        }
        ck_assert_ptr_nonnull(raised);
        snprintf(name, sizeof(name), "%s|ijmond-2022|protector-assigned|%s|1|gm0375", CASE, MEASURE);
        alert = uuid_v5(&uuid_namespace_ketenwacht, name, strlen(name));
        ck_assert(uuid_equal(&alert, &raised->told.alert_id));
        uuid_format(&alert, text);
        snprintf(name, sizeof(name), "%s|1|raised", text);
        id = uuid_v5(&uuid_namespace_ketenwacht, name, strlen(name));
        ck_assert(uuid_equal(&id, &raised->told.event_id));
        ck_assert_int_eq(raised->told.occurred_at, at("2022-10-18T00:00:00+02:00")); /* not when it was looked at */
        ck_assert_int_eq(raised->told.recorded_at, at("2022-10-18T08:00:00Z"));
}
END_TEST

START_TEST(test_personal_data_stays_behind) {
        const struct outcome *outcome;
        struct event copy;
        int reference, birth, gi;

        open_with(NULL);
        outcome = tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2022-10-10"), "2022-10-10T10:00:00Z");
        ck_assert_int_eq(outcome->effects[0].kind, EFFECT_ROUTED);
        ck_assert_int_eq(effect_event(&outcome->effects[0], config->types, arena, &copy), 0);
        reference = layout_slot(copy.type->layout, "reference");
        birth = layout_slot(copy.type->layout, "birth_date");
        gi = layout_slot(copy.type->layout, "gi");
        ck_assert_int_eq(copy.slots[reference].kind, SLOT_NULL);
        ck_assert_int_eq(copy.slots[birth].kind, SLOT_NULL);
        ck_assert(text_is(copy.slots[gi].s, "gi-noordzee"));
        ck_assert_int_eq(outcome->effects[0].fact.slots[reference].kind, SLOT_STRING); /* the fact itself keeps it */
}
END_TEST

#define PROTOCOL(rest)                                                                                                            \
        "protocol: proef\nregion: any\nvalid: {from: 2015-01-01}\nnorms:\n"                                                        \
        "  - norm: proefnorm\n    title: Proef\n    basis: {kind: agreement, ref: proef}\n    starts: measure-started.informed_date\n" rest

START_TEST(test_a_year_that_the_calendar_does_not_have_is_never_guessed) {
        struct buffer out = BUFFER_INIT(100000);
        const struct outcome *outcome;
        struct uuid id;

        open_with(PROTOCOL("    term: 5 working days\n    met_by: [first-contact-held]\n    announce: [gi]\n"
                           "    escalate:\n      - {after: 0 days, to: [gi]}\n"));
        outcome = tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2017-12-29"), "2017-12-29T10:00:00Z");
        ck_assert_uint_eq(outcome->n_effects, 0); /* 2017 and 2018 are not in the calendar: running, without a date */
        store_commit(store);
        ck_assert_uint_eq(evaluate("2023-01-01T10:00:00Z")->n_effects, 0);
        ck_assert(uuid_parse(CASE, UUID_TEXT, &id));
        ck_assert_int_eq(explain_text(engine, store, store_find(store, &id), at("2023-01-01T10:00:00Z"), NULL, NULL, &out), 0);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "de kalender kent het jaar 2017 nog niet"));
        buffer_done(&out);
}
END_TEST

static void expect_announced(const struct outcome *outcome, const char *protocol, const char *instance, const char *date) {
        day_t due;

        ck_assert(date_parse(text_of(date), &due));
        ck_assert_uint_eq(count(outcome, EFFECT_PLAN_DUE), 1);
        ck_assert(text_is(outcome->effects[0].told.protocol, protocol));
        ck_assert(text_is(outcome->effects[0].told.instance, instance));
        ck_assert_int_eq(outcome->effects[0].told.due_date, due);
        store_commit(store);
}

START_TEST(test_what_met_it_under_the_version_before_starts_the_next_link) {
#define VERSION(name, valid, met_by)                                                                                              \
        "protocol: " name "\nregion: any\nvalid: {" valid "}\nnorms:\n"                                                            \
        "  - norm: proefnorm\n    title: Proef\n    basis: {kind: agreement, ref: proef}\n    starts: measure-started.informed_date\n" \
        "    term: 6 months\n    repeats: true\n    met_by: [" met_by "]\n    announce: [gi]\n"
        open_two(VERSION("proef", "from: 2023-01-01, until: 2023-12-31", "plan-reviewed"), VERSION("proef-later", "from: 2024-01-01", "progress-reported"));
        expect_announced(tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2023-06-01"), "2023-06-01T10:00:00Z"), "proef", MEASURE, "2023-12-01");
        expect_announced(tell("{\"event\":\"plan-reviewed\"," ENVELOPE("11111111-1111-4111-8111-111111111111", "2024-02-01T10:00:00Z")
                              ",\"measure_id\":\"" MEASURE "\",\"date\":\"2024-02-01\"}",
                              "2024-02-01T10:00:00Z"),
                         "proef-later", MEASURE "#2", "2024-08-01");
        expect_announced(tell("{\"event\":\"progress-reported\"," ENVELOPE("22222222-2222-4222-8222-222222222222", "2024-05-01T10:00:00Z")
                              ",\"measure_id\":\"" MEASURE "\",\"date\":\"2024-05-01\"}",
                              "2024-05-01T10:00:00Z"),
                         "proef-later", MEASURE "#3", "2024-11-01");
#undef VERSION
}
END_TEST

START_TEST(test_sooner_brings_forward_what_is_due_with_a_fact) {
        open_with(PROTOCOL("    due_with: help-started\n    sooner: true\n    met_by: [first-contact-held]\n    announce: [gi]\n"));
        (void) tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2024-02-01"), "2024-02-01T10:00:00Z");
        store_commit(store);
        expect_announced(tell("{\"event\":\"help-started\"," ENVELOPE("11111111-1111-4111-8111-111111111111", "2024-03-10T10:00:00Z")
                              ",\"measure_id\":\"" MEASURE "\",\"date\":\"2024-03-20\",\"route\":\"REGULAR\"}",
                              "2024-03-10T10:00:00Z"),
                         "proef", MEASURE, "2024-03-20");
        expect_announced(tell("{\"event\":\"term-agreed\"," ENVELOPE("22222222-2222-4222-8222-222222222222", "2024-03-11T10:00:00Z")
                              ",\"norm\":\"proefnorm\",\"instance\":\"" MEASURE "\",\"due_date\":\"2024-03-15\",\"date\":\"2024-03-11\"}",
                              "2024-03-11T10:00:00Z"),
                         "proef", MEASURE, "2024-03-15");
}
END_TEST

/* Explained until 20 March, due on 11 March: what is raised on the days after the explanation. */
static const struct { const char *key; unsigned on_21, on_24, on_28; } afters[] = {
        {"", 2, 0, 0},
        {"    after_explanation: continue\n", 2, 0, 0},
        {"    after_explanation: restart\n", 1, 0, 1}, /* the first at midnight, the second a week after its last day */
};

START_TEST(test_the_ladder_after_an_explanation_that_is_over) {
        char protocol[2048];

        snprintf(protocol, sizeof(protocol), "%s%s", PROTOCOL("    term: 10 days\n    met_by: [first-contact-held]\n    explained_by: [deviation-explained]\n"
                 "    escalate:\n      - {after: 0 days, to: [gi]}\n      - {after: 1 week, to: [municipality]}\n"), afters[_i].key);
        open_with(protocol);
        (void) tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2024-03-01"), "2024-03-01T10:00:00Z");
        store_commit(store);
        (void) tell("{\"event\":\"deviation-explained\"," ENVELOPE("11111111-1111-4111-8111-111111111111", "2024-03-08T10:00:00Z")
                    ",\"norm\":\"proefnorm\",\"instance\":\"" MEASURE "\",\"date\":\"2024-03-08\",\"until\":\"2024-03-20\",\"reason\":\"CAPACITY\"}",
                    "2024-03-08T10:00:00Z");
        store_commit(store);
        ck_assert_uint_eq(count(evaluate("2024-03-20T22:59:00Z"), EFFECT_RAISED), 0);
        store_commit(store);
        ck_assert_uint_eq(count(evaluate("2024-03-20T23:00:00Z"), EFFECT_RAISED), afters[_i].on_21);
        store_commit(store);
        ck_assert_uint_eq(count(evaluate("2024-03-24T10:00:00Z"), EFFECT_RAISED), afters[_i].on_24);
        store_commit(store);
        ck_assert_uint_eq(count(evaluate("2024-03-27T22:59:00Z"), EFFECT_RAISED), 0);
        store_commit(store);
        ck_assert_uint_eq(count(evaluate("2024-03-27T23:00:00Z"), EFFECT_RAISED), afters[_i].on_28);
}
END_TEST

START_TEST(test_a_rung_in_an_unknown_year_does_not_fire) {
        const struct outcome *outcome;

        open_with(PROTOCOL("    term: 1 year\n    met_by: [first-contact-held]\n"
                           "    escalate:\n      - {after: 0 days, to: [gi]}\n      - {after: 1 working day, to: [municipality]}\n"));
        (void) tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2028-03-01"), "2028-03-01T10:00:00Z");
        store_commit(store);
        outcome = evaluate("2030-01-01T10:00:00Z");
        ck_assert_uint_eq(count(outcome, EFFECT_RAISED), 1);
        ck_assert(text_is(outcome->effects[0].told.organisation, "gi-noordzee"));
}
END_TEST

#define WHY "De rol 'account-holder' is hier bij niemand belegd"

START_TEST(test_a_role_that_means_nobody_goes_to_operators_and_says_why) {
        const struct outcome *outcome;

        open_with(PROTOCOL("    term: at once\n    met_by: [first-contact-held]\n    escalate:\n      - {after: 0 days, to: [account-holder]}\n"));
        (void) tell("{\"event\":\"residence-changed\"," ENVELOPE("11111111-1111-4111-8111-111111111111", "2022-01-01T10:00:00Z")
                    ",\"municipality\":\"gm0363\",\"valid_from\":\"2022-01-01\",\"basis\":\"MOVED\"}",
                    "2022-01-01T10:00:00Z");
        outcome = tell("{\"event\":\"measure-started\"," ENVELOPE("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2022-01-02T10:00:00Z") ",\"measure_id\":\"" MEASURE
                       "\",\"kind\":\"OTS\",\"verdict_date\":\"2022-01-02\",\"informed_date\":\"2022-01-02\",\"gi\":\"gi-noordzee\","
                       "\"municipality\":\"gm0363\"}",
                       "2022-01-02T10:00:00Z"); /* Amsterdam belongs to no region here */
        ck_assert_uint_eq(count(outcome, EFFECT_RAISED), 1);
        ck_assert(text_is(outcome->effects[0].told.organisation, "operators"));
        ck_assert(text_is(outcome->effects[0].told.role, "account-holder"));
        ck_assert_ptr_nonnull(memmem(outcome->effects[0].told.text.s, outcome->effects[0].told.text.n, WHY, strlen(WHY)));
}
END_TEST

START_TEST(test_what_is_rolled_back_never_was) {
        uint64_t before;

        open_with(NULL);
        (void) tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2022-10-10"), "2022-10-10T10:00:00Z");
        store_rollback(store);
        ck_assert_uint_eq(store_stats(store).cases, 0);
        ck_assert_int_eq(store_stats(store).told_latest, INT64_MIN);
        (void) tell(STARTED("60a3d05e-e53c-5dbc-921a-806f98a46c8c", "2022-10-10"), "2022-10-10T10:00:00Z");
        store_commit(store);
        before = store_checksum(store);
        ck_assert_uint_gt(count(evaluate("2022-10-18T08:00:00Z"), EFFECT_RAISED), 0);
        ck_assert_uint_ne(store_checksum(store), before);
        store_rollback(store);
        ck_assert_uint_eq(store_checksum(store), before);
        ck_assert_uint_gt(count(evaluate("2022-10-18T08:00:00Z"), EFFECT_RAISED), 0); /* told again: it never was */
}
END_TEST

/* Accepts, or not, one of many facts of a case: @head and its number make the event. */
static int accept_many(const char *type, unsigned i, const char *rest, const struct outcome **ret) {
        struct error err = {0};
        struct event event;
        char json[700];
        int r;

        snprintf(json, sizeof(json),
                 "{\"event\":\"%s\",\"event_id\":\"22222222-1111-4111-8111-%012u\",\"case_id\":\"" CASE "\",\"source\":\"gi-noordzee\","
                 "\"occurred_at\":\"2022-01-02T10:00:00Z\",\"recorded_at\":\"2022-01-02T10:00:00Z\",%s}",
                 type, i, rest);
        event = event_of(json);
        r = engine_event(engine, store, &event, at("2022-01-02T10:00:00Z"), false, ret, &err);
        store_commit(store);
        json_decref(objects[--n_objects]);
        arena_reset(arena);
        return r;
}

/* What ends, withdraws or explains still comes in, up to a limit of its own. */
static void assert_full_case_can_end(void) {
        static const char ended[] = "\"measure_id\":\"" MEASURE "\",\"date\":\"2022-01-02\",\"reason\":\"OTHER\"";
        static const char explained[] = "\"norm\":\"n\",\"instance\":\"i\",\"date\":\"2022-01-02\",\"reason\":\"OTHER\"";
        static const char withdrawn[] = "\"withdrawn\":\"11111111-1111-4111-8111-000000000001\",\"reason\":\"MISTAKE\"";
        const struct outcome *outcome;
        unsigned n = 0;

        ck_assert_int_eq(accept_many("measure-ended", n++, ended, &outcome), 0);
        ck_assert_uint_eq(outcome->facts, CASE_FACTS_MAX + 1);
        ck_assert_int_eq(accept_many("deviation-explained", n++, explained, &outcome), 0);
        while (n < CASE_FACTS_RESERVED)
                ck_assert_int_eq(accept_many("event-withdrawn", n++, withdrawn, &outcome), 0);
        ck_assert_int_eq(accept_many("event-withdrawn", n, withdrawn, &outcome), REFUSAL_CASE_FULL);
}

START_TEST(test_a_case_has_a_limit) {
        const struct outcome *outcome;
        struct error err = {0};
        char json[600];
        int r = 0;

        open_with(NULL);
        for (unsigned i = 0; r == 0 && i <= CASE_FACTS_MAX; i++) {
                struct event event;

                snprintf(json, sizeof(json),
                         "{\"event\":\"plan-reviewed\",\"event_id\":\"11111111-1111-4111-8111-%012u\",\"case_id\":\"" CASE
                         "\",\"source\":\"gi-noordzee\",\"occurred_at\":\"2022-01-02T10:00:00Z\","
                         "\"recorded_at\":\"2022-01-02T10:00:00Z\",\"measure_id\":\"" MEASURE
                         "\",\"date\":\"2022-01-02\"}",
                         i);
                event = event_of(json);
                r = engine_event(engine, store, &event, at("2022-01-02T10:00:00Z"), false, &outcome, &err);
                store_commit(store);
                json_decref(objects[--n_objects]);
                arena_reset(arena);
                ck_assert_int_eq(r, i < CASE_FACTS_MAX ? 0 : REFUSAL_CASE_FULL);
        }
        ck_assert_uint_eq(store_stats(store).facts, CASE_FACTS_MAX);
        assert_full_case_can_end();
}
END_TEST

START_TEST(test_state_is_never_guessed) {
        static const uint8_t key[ROW_KEY_BYTES] = {1, 2, 3, [16] = 'x'}, fact[ROW_KEY_BYTES] = {1, [16] = 'f'};
        struct error err = {0};

        open_with(NULL);
        ck_assert_int_eq(store_restore(store, key, sizeof(key), "x", 1, &err), -EINVAL);
        ck_assert_int_eq(store_restore(store, key, 5, "x", 1, &err), -EINVAL);
        ck_assert_int_eq(store_restore(store, fact, sizeof(fact), "\xc3\x01" "12345678", 10, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "not in the schemas folder"));
}
END_TEST

int main(void) {
        Suite *s = suite_create("engine");
        TCase *t = tcase_create("engine");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, NULL, teardown);
        tcase_add_test(t, test_ids_are_made_of_names);
        tcase_add_test(t, test_personal_data_stays_behind);
        tcase_add_test(t, test_a_year_that_the_calendar_does_not_have_is_never_guessed);
        tcase_add_test(t, test_a_rung_in_an_unknown_year_does_not_fire);
        tcase_add_test(t, test_a_role_that_means_nobody_goes_to_operators_and_says_why);
        tcase_add_test(t, test_what_met_it_under_the_version_before_starts_the_next_link);
        tcase_add_loop_test(t, test_the_ladder_after_an_explanation_that_is_over, 0, ELEMENTS(afters));
        tcase_add_test(t, test_sooner_brings_forward_what_is_due_with_a_fact);
        tcase_add_test(t, test_what_is_rolled_back_never_was);
        tcase_add_test(t, test_a_case_has_a_limit);
        tcase_add_test(t, test_state_is_never_guessed);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
