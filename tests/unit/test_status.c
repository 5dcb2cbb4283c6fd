/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is wrong is told, with the code that a monitoring check reads, and what is not wrong is not.
 * Method: rows of what was found, each with the codes that must come; the limits from both sides; the JSON as another program reads it.
 */

#include <check.h>
#include <jansson.h>
#include <string.h>

#include "survey/status.h"

#define NOW INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define AGO(seconds) (NOW - (seconds) * INT64_C(1000))
#define CALENDAR_FAR 25000 /* 2038 */

static const struct status_part late_by[] = {
        {.topic = "measure-started", .waiting = 7, .oldest = AGO(STATUS_LATE_S + 1), .owned = true},
        {.topic = "measure-started", .waiting = 7, .oldest = AGO(STATUS_LATE_S), .owned = true},
        {.topic = "measure-started", .owned = false},
        {.topic = "inbox.gm0014", .waiting = 3, .oldest = AGO(STATUS_COLLECT_S + 1), .owned = false},
        {.topic = "inbox.gm0014", .waiting = 3, .oldest = AGO(STATUS_COLLECT_S), .owned = false},
        {.topic = "measure-started", .lost = 4, .owned = true},
        {.topic = "measure-started", .waiting = 1, .oldest = NOW + 5000, .owned = true},
};

#define CONSUMER(k, m, p) \
        .consumers = &(const struct status_consumer){.group = "g", .kind = (k), .members = (m), .partitions = 1, .parts = (p), .parts_n = 1}, .consumers_n = 1
#define QUIET .at = NOW, .calendar_until = CALENDAR_FAR

#define TROUBLE(...) .troubles = &(const struct status_trouble){.topic = "plan-due", __VA_ARGS__}, .troubles_n = 1

static const struct {
        const char *what;
        struct status_whole status;
        const char *codes; /* each followed by a space */
} rows[] = {
        {"nothing found", {QUIET}, ""},
        {"workers are late", {QUIET, CONSUMER(STATUS_RULES, 1, &late_by[0])}, "LATE "},
        {"at the limit they are not", {QUIET, CONSUMER(STATUS_RULES, 1, &late_by[1])}, ""},
        {"a connector is late", {QUIET, CONSUMER(STATUS_CONNECTOR, 1, &late_by[0])}, "LATE "},
        {"an organisation may take a day", {QUIET, CONSUMER(STATUS_ORGANISATION, 1, &late_by[0])}, ""},
        {"and not more", {QUIET, CONSUMER(STATUS_ORGANISATION, 0, &late_by[3])}, "LATE "},
        {"an organisation may come and go", {QUIET, CONSUMER(STATUS_ORGANISATION, 0, &late_by[4])}, ""},
        {"a partition without an owner", {QUIET, CONSUMER(STATUS_RULES, 2, &late_by[2])}, "NO_OWNER "},
        {"nobody is there, told once", {QUIET, CONSUMER(STATUS_RULES, 0, &late_by[2])}, "NO_OWNER "},
        {"a connector that is gone", {QUIET, CONSUMER(STATUS_CONNECTOR, 0, &late_by[2])}, "NO_OWNER "},
        {"removed before it was read", {QUIET, CONSUMER(STATUS_RULES, 1, &late_by[5])}, "LOST "},
        {"a stamp that is ahead is no age", {QUIET, CONSUMER(STATUS_RULES, 1, &late_by[6])}, ""},
        {"nobody collects",
         {QUIET, .inboxes = &(const struct status_box){"gm0014", 5, AGO(STATUS_COLLECT_S + 1), false}, .inboxes_n = 1},
         "NOT_COLLECTED "},
        {"nobody collects yet", {QUIET, .inboxes = &(const struct status_box){"gm0014", 5, AGO(60), false}, .inboxes_n = 1}, ""},
        {"nobody reads an outbox",
         {QUIET, .outboxes = &(const struct status_box){"gi-jbn", 5, AGO(STATUS_LATE_S + 1), false}, .outboxes_n = 1},
         "NOT_ADMITTED "},
        {"nobody reads it yet", {QUIET, .outboxes = &(const struct status_box){"gi-jbn", 5, AGO(60), false}, .outboxes_n = 1}, ""},
        {"dead letters", {QUIET, .letters = (const struct status_count[]){{"BAD_VALUE", 1}, {"MALFORMED", 2}}, .letters_n = 2}, "DEAD_LETTERS "},
        {"open alerts are no fault of the chain", {QUIET, .alerts = &(const struct status_count){"gm0014", 9}, .alerts_n = 1}, ""},
        {"stopped by its target", {QUIET, .stops = &(const struct status_stop){"webhook-gm0014", AGO(60), 3}, .stops_n = 1}, "STOPPED "},
        {"paused by an operator",
         {QUIET, .pauses = &(const struct status_pause){"gi-http", "jansen", "verhuizing", AGO(60)}, .pauses_n = 1}, "PAUSED "},
        {"an old configuration at hand", {QUIET, .version = 3, .versions = (const int64_t[]){-1, 4}, .versions_n = 2}, "VERSION "},
        {"another text of the same version",
         {QUIET, .version = 4, .fingerprint = 7, .versions = (const int64_t[]){4, 4}, .versions_n = 2,
          .imprints = (const struct status_imprint[]){{true, 4, 7}, {true, 4, 8}}}, "VERSION "},
        {"what was said of an older version, or not at all, is no other text",
         {QUIET, .version = 4, .fingerprint = 7, .versions = (const int64_t[]){4, 4}, .versions_n = 2,
          .imprints = (const struct status_imprint[]){{true, 3, 8}, {false, 4, 8}}}, ""},
        {"a new one that no worker has yet", {QUIET, .version = 5, .versions = (const int64_t[]){4, -1}, .versions_n = 2}, ""},
        {"the calendar ends", {.at = NOW, .calendar_until = 20454 + STATUS_CALENDAR_DAYS}, "CALENDAR "}, /* 20454: 2026-01-01 */
        {"a day later than the limit it does not", {.at = NOW, .calendar_until = 20455 + STATUS_CALENDAR_DAYS}, ""},
        {"a partition without a leader", {QUIET, TROUBLE(.kind = STATUS_LEADERLESS, .replicas = 3)}, "LEADERLESS "},
        {"a partition without all of its copies", {QUIET, TROUBLE(.kind = STATUS_UNDER_REPLICATED, .replicas = 3, .in_sync = 2)}, "UNDER_REPLICATED "},
        {"a transaction that hangs", {QUIET, TROUBLE(.kind = STATUS_UNDECIDED, .since = AGO(STATUS_HANGING_S + 1), .held = 2)}, "HANGING "},
        {"one that is open is none yet", {QUIET, TROUBLE(.kind = STATUS_UNDECIDED, .since = AGO(STATUS_HANGING_S), .held = 2)}, ""},
        {"nor one of which the age is not known", {QUIET, TROUBLE(.kind = STATUS_UNDECIDED, .held = 2)}, ""},
        {"topics are absent, told once", {QUIET, .absent = (const char *const[]){"a", "b", "c", "d"}, .absent_n = 4}, "NO_TOPIC "},
};

static void judge(const struct status_whole *status, struct arena *arena, struct status_problems *ret) {
        const struct status_limits limits = STATUS_LIMITS_DEFAULT;

        ck_assert_int_eq(status_judge(status, &limits, LANGUAGE_EN, arena, ret), 0);
}

START_TEST(tells_what_is_wrong) {
        struct status_problems problems;
        struct arena *arena;
        struct buffer codes = BUFFER_INIT(1024);

        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        judge(&rows[_i].status, arena, &problems);
        for (size_t i = 0; i < problems.n; i++) {
                ck_assert_msg(problems.items[i].sentence[0] && problems.items[i].about[0], "%s", rows[_i].what);
                buffer_printf(&codes, "%s ", problems.items[i].code);
        }
        ck_assert_msg(strcmp(buffer_text(&codes), rows[_i].codes) == 0, "%s: '%s', expected '%s'", rows[_i].what, buffer_text(&codes),
                      rows[_i].codes);
        buffer_done(&codes);
        arena_free(arena);
}
END_TEST

/* A page is in the language of who reads it, and says the same. */
/* Hundreds of inboxes are one group: who looks must learn which of them is late. */
START_TEST(of_several_inboxes_it_is_said_which_are_late) {
        const struct status_part parts[] = {
                {.topic = "inbox.a", .waiting = 7, .oldest = AGO(STATUS_LATE_S + 1), .owned = true},
                {.topic = "inbox.b", .waiting = 7, .oldest = NOW, .owned = true},
                {.topic = "inbox.c", .waiting = 1, .oldest = AGO(STATUS_LATE_S + 9), .owned = true},
        };
        struct status_consumer consumer = {.group = "g", .kind = STATUS_CONNECTOR, .members = 1, .partitions = 4, .parts = parts, .parts_n = ELEMENTS(parts)};
        const struct status_whole status = {QUIET, .consumers = &consumer, .consumers_n = 1};
        struct status_problems problems;
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        judge(&status, arena, &problems);
        ck_assert_uint_eq(problems.n, 1);
        ck_assert_ptr_nonnull(strstr(problems.items[0].sentence, "; in inbox.a, inbox.c;"));
        consumer.partitions = STATUS_ONE_INBOX;
        judge(&status, arena, &problems);
        ck_assert_ptr_null(strstr(problems.items[0].sentence, "inbox."));
        arena_free(arena);
}
END_TEST

START_TEST(says_the_same_in_dutch) {
        const struct status_limits limits = STATUS_LIMITS_DEFAULT;
        struct status_problems english, dutch;
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        judge(&rows[_i].status, arena, &english);
        ck_assert_int_eq(status_judge(&rows[_i].status, &limits, LANGUAGE_NL, arena, &dutch), 0);
        ck_assert_uint_eq(english.n, dutch.n);
        for (size_t i = 0; i < english.n; i++) {
                ck_assert_str_eq(english.items[i].code, dutch.items[i].code);
                ck_assert_str_eq(english.items[i].about, dutch.items[i].about);
                ck_assert_str_ne(english.items[i].sentence, dutch.items[i].sentence);
        }
        arena_free(arena);
}
END_TEST

START_TEST(json_says_so_too) {
        struct buffer out = BUFFER_INIT(1 << 20), text = BUFFER_INIT(1 << 20);
        struct status_problems problems;
        struct arena *arena;
        json_error_t error;
        json_t *root;

        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        judge(&rows[_i].status, arena, &problems);
        status_put_json(&rows[_i].status, &problems, &out);
        status_put_text(&rows[_i].status, &problems, &text);
        root = json_loads(buffer_text(&out), JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(root != NULL, "%s: %s", rows[_i].what, error.text);
        ck_assert_int_eq(json_is_true(json_object_get(root, "ok")), problems.n == 0);
        ck_assert_uint_eq(json_array_size(json_object_get(root, "problems")), problems.n);
        ck_assert_int_eq(strncmp(buffer_text(&text), problems.n ? "wrong: " : "all is well", 7), 0);
        json_decref(root);
        buffer_done(&out);
        buffer_done(&text);
        arena_free(arena);
}
END_TEST

/* Age is not zero when it is not known: then there is none. */
START_TEST(age_only_where_something_waits) {
        const struct status_part parts[] = {
                {.topic = "measure-started", .partition = 2, .waiting = 7, .oldest = AGO(90), .owned = true}, {.owned = false}};
        const struct status_consumer consumers[] = {
                {.group = "ketenwacht-rules", .members = 1, .partitions = 6, .parts = parts, .parts_n = 2},
                {.group = "inbox.gm0014", .kind = STATUS_ORGANISATION, .partitions = 1}};
        const struct status_whole status = {.at = NOW, .consumers = consumers, .consumers_n = 2, .calendar_until = CALENDAR_FAR};
        struct buffer out = BUFFER_INIT(1 << 20);
        struct status_problems none = {0};

        status_put_json(&status, &none, &out);
        ck_assert_msg(strstr(buffer_text(&out), "\"consumers\":[{\"group\":\"ketenwacht-rules\",\"kind\":\"rules\",\"members\":1,\"partitions\":6,"
                                                "\"unowned\":1,"
                                                "\"waiting\":7,\"oldest_seconds\":90,\"parts\":[{\"topic\":\"measure-started\",\"partition\":2,\"waiting\":7,"
                                                "\"oldest_seconds\":90}]},{\"group\":\"inbox.gm0014\",\"kind\":\"organisation\",\"members\":0,\"partitions\":1,"
                                                "\"unowned\":0,\"waiting\":0,\"parts\":[]}]") != NULL,
                      "%s", buffer_text(&out));
        buffer_done(&out);
}
END_TEST

START_TEST(a_pause_is_told_with_who_and_why) {
        const struct status_pause pause = {"gi-http", "jansen", "verhuizing van de databank", AGO(90)};
        const struct status_whole status = {.at = NOW, .calendar_until = CALENDAR_FAR, .pauses = &pause, .pauses_n = 1};
        struct buffer out = BUFFER_INIT(1 << 20), text = BUFFER_INIT(1 << 20);
        struct status_problems problems;
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        judge(&status, arena, &problems);
        ck_assert_uint_eq(problems.n, 1);
        status_put_json(&status, &problems, &out);
        status_put_text(&status, &problems, &text);
        ck_assert_msg(strstr(buffer_text(&out), "\"paused\":[{\"connector\":\"gi-http\",\"since\":\"2026-") &&
                      strstr(buffer_text(&out), "\",\"by\":\"jansen\",\"reason\":\"verhuizing van de databank\"}]"), "%s", buffer_text(&out));
        ck_assert_msg(strstr(buffer_text(&text), "gi-http was paused by jansen 90 s ago (verhuizing van de databank)") &&
                      strstr(buffer_text(&text), "\npaused: gi-http since 90 s, by jansen: verhuizing van de databank\n"), "%s", buffer_text(&text));
        buffer_done(&out);
        buffer_done(&text);
        arena_free(arena);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("status");
        TCase *tests = tcase_create("status");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tests, tells_what_is_wrong, 0, ELEMENTS(rows));
        tcase_add_test(tests, of_several_inboxes_it_is_said_which_are_late);
        tcase_add_loop_test(tests, says_the_same_in_dutch, 0, ELEMENTS(rows));
        tcase_add_loop_test(tests, json_says_so_too, 0, ELEMENTS(rows));
        tcase_add_test(tests, age_only_where_something_waits);
        tcase_add_test(tests, a_pause_is_told_with_who_and_why);
        suite_add_tcase(suite, tests);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
