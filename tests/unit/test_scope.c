/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: no row of the table of what a norm refers to can be missing without somebody noticing. Method: for each row a protocol that
 * uses it and a case; they are played by an engine, and by one that is blind to the row. The blind one must be ended by an assertion
 * or tell something else; for roles, which the engine finds in the starting fact, the count that reading a norm asserts must differ.
 */

#include <signal.h>
#include <sys/wait.h>

#include "model_fixture.h"
#include "base/file.h"
#include "engine/case.h"
#include "engine/engine.h"
#include "model/lines.h"

#define LINES_MAX 8
#define CASE "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define LINE(event, n, day, rest)                                                                                                  \
        "{\"event\":\"" event "\",\"event_id\":\"00000000-0000-5000-8000-00000000000" n "\",\"case_id\":\"" CASE                   \
        "\",\"source\":\"gi-noordzee\",\"occurred_at\":\"" day "T10:00:00Z\",\"recorded_at\":\"" day "T10:00:00Z\"," rest "}"
#define M "\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\""
#define R1 "\"referral_id\":\"05b16a01-46c6-56dd-bd6e-c6dfb4a1427a\""
#define R2 "\"referral_id\":\"05b16a01-46c6-56dd-bd6e-c6dfb4a1427b\""
#define STARTED                                                                                                                    \
        LINE("measure-started", "1", "2022-03-01",                                                                                 \
             M ",\"kind\":\"OTS\",\"verdict_date\":\"2022-03-01\",\"informed_date\":\"2022-03-01\",\"gi\":\"gi-noordzee\","         \
               "\"municipality\":\"gm0375\"")
#define REFERRAL                                                                                                                   \
        LINE("referral-issued", "2", "2022-03-02",                                                                                 \
             M "," R1 ",\"date\":\"2022-03-02\",\"product\":\"44A10\",\"provider\":\"provider-de-haven\",\"form\":\"CONTRACTED\"")
#define HELP(n, day, referral, route) LINE("help-started", n, day, M "," referral ",\"date\":\"" day "\",\"route\":\"" route "\"")
#define AGREED(n, day)                                                                                                             \
        LINE("course-agreed", n, day,                                                                                              \
             M ",\"date\":\"" day "\",\"goals\":true,\"help\":true,\"with_family\":true,\"with_network\":true,\"with_professionals\":true")

#define HEAD "protocol: proef\nregion: any\nvalid: {from: 2015-01-01}\n"
#define NORM(rest) "norms:\n  - norm: proefnorm\n    basis: {kind: agreement, ref: proef}\n" rest
#define REFERRED(rest) NORM("    starts: referral-issued.date\n" rest)
#define TERM "    term: 5 working days\n"
#define ANSWERED "    met_by: [referral-answered]\n"
#define ALERT "    escalate: [{after: 0 days, to: [gi]}, {after: 1 week, to: [municipality]}]\n"

static const struct row {
        const char *key;
        const char *protocol, *later;
        const char *lines[LINES_MAX];
        bool counted; /* only by the count of what the protocol names */
} rows[] = {
        {"starts", HEAD REFERRED(TERM ANSWERED ALERT), NULL, {STARTED, REFERRAL}, false},
        {"when", HEAD REFERRED("    when: {help-started: absent}\n" TERM ANSWERED ALERT), NULL, {STARTED, REFERRAL}, false},
        {"sooner", HEAD REFERRED(TERM "    sooner: true\n" ANSWERED ALERT), NULL, {STARTED, REFERRAL}, false},
        {"repeats",
         "protocol: proef\nregion: any\nvalid: {from: 2015-01-01, until: 2022-03-31}\n" REFERRED(
                 "    term: 1 month\n    repeats: true\n    met_by: [help-started]\n" ALERT),
         "protocol: proef-later\nregion: any\nvalid: {from: 2022-04-01}\n" REFERRED(
                 "    term: 1 month\n    repeats: true\n    met_by: [course-agreed]\n" ALERT),
         {STARTED, REFERRAL, HELP("3", "2022-04-02", R1, "REGULAR"), AGREED("4", "2022-04-20")},
         false},
        {"per",
         HEAD NORM("    starts: help-started.date\n    when: {route: REGULAR}\n    per: measure_id\n" TERM
                   "    met_by: [course-agreed]\n    ends_with: referral-closed\n" ALERT),
         NULL,
         {STARTED, HELP("2", "2022-03-02", R1, "REGULAR"), HELP("3", "2022-03-02", R2, "BREAKTHROUGH"),
          LINE("referral-closed", "4", "2022-03-03", M "," R1 ",\"date\":\"2022-03-03\",\"reason\":\"HELP_ENDED\"")},
         false},
        {"not_before",
         HEAD REFERRED(TERM "    not_before: {starts: help-started.date, term: 1 month}\n" ANSWERED ALERT),
         NULL,
         {STARTED, REFERRAL},
         false},
        {"due_with",
         HEAD REFERRED("    due_with: help-started.date\n" ANSWERED ALERT),
         NULL,
         {STARTED, REFERRAL, HELP("3", "2022-04-02", R1, "REGULAR")},
         false},
        {"limit", HEAD REFERRED("    limit: {event: course-agreed, at_most: 0}\n" ALERT), NULL, {STARTED, REFERRAL, AGREED("3", "2022-03-10")}, false},
        {"quota",
         "protocol: proef\nregion: ijmond\nvalid: {from: 2021-01-01}\n" NORM(
                 "    starts: protocol\n    quota: {event: meeting-held, at_least: 2, per: year}\n    escalate: [{after: 0 days, to: [region]}]\n"),
         NULL,
         {"{\"event\":\"meeting-held\",\"event_id\":\"00000000-0000-5000-8000-000000000001\",\"case_id\":\"@\",\"source\":\"gm0375\","
          "\"occurred_at\":\"2021-03-01T10:00:00Z\",\"recorded_at\":\"2021-03-01T10:00:00Z\",\"region\":\"ijmond\",\"date\":\"2021-03-01\","
          "\"kind\":\"BOARD\"}"},
         false},
        {"met_by", HEAD REFERRED(TERM ANSWERED ALERT), NULL, {STARTED, REFERRAL}, false},
        {"explained_by", HEAD REFERRED(TERM ANSWERED "    explained_by: [referral-closed]\n" ALERT), NULL, {STARTED, REFERRAL}, false},
        {"ends_with", HEAD REFERRED(TERM ANSWERED "    ends_with: referral-closed\n" ALERT), NULL, {STARTED, REFERRAL}, false},
        {"announce", HEAD REFERRED(TERM ANSWERED "    announce: [referral-issued.provider]\n"), NULL, {STARTED, REFERRAL}, true},
        {"remind",
         HEAD REFERRED(TERM ANSWERED "    remind: [{before: 1 day, to: [referral-issued.provider]}]\n"),
         NULL,
         {STARTED, REFERRAL},
         true},
        {"escalate",
         HEAD REFERRED(TERM ANSWERED "    escalate: [{after: 0 days, to: [gi], when: {help-started: absent}}]\n"),
         NULL,
         {STARTED, REFERRAL},
         false},
        {"acknowledgement_holds", HEAD "acknowledgement_holds: 5 working days\n" REFERRED(TERM ANSWERED ALERT), NULL, {STARTED, REFERRAL}, false},
};

static const struct protocol_key *key_of(const char *word) {
        for (size_t i = 0; i < n_protocol_keys; i++) {
                if (protocol_keys[i].form != FORM_NONE && strcmp(protocol_keys[i].word, word) == 0)
                        return &protocol_keys[i];
        }
        ck_abort_msg("no row refers to events by the key %s", word);
}

static void copy_file(const struct scratch *s, const char *name) {
        char path[128], from[SCRATCH_PATH], *text;
        struct error err;
        size_t n;

        (void) snprintf(path, sizeof(path), "tests/stories/examples/config/%s", name);
        ck_assert_int_eq(file_read(project_path(path, from), &text, &n, &err), 0);
        scratch_write(s, name, text);
        free(text);
}

static struct config *config_of(const struct row *row) {
        char schemas[SCRATCH_PATH];
        struct mistakes mistakes = MISTAKES_INIT;
        struct config *config = NULL;
        struct scratch s = scratch_new();

        scratch_folder(&s, "protocols");
        copy_file(&s, "organisations.yaml");
        copy_file(&s, "calendar.yaml");
        scratch_write(&s, "protocols/proef.yaml", row->protocol);
        if (row->later)
                scratch_write(&s, "protocols/proef-later.yaml", row->later);
        ck_assert_msg(config_read(s.path, project_path("schemas", schemas), &config, &mistakes) == 0, "%s: %s", row->key, buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        scratch_remove(&s);
        return config;
}

static void write_effects(const struct outcome *outcome, struct buffer *out) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                const struct telling *told = &outcome->effects[i].told;

                buffer_printf(out, "%d %.*s %.*s %lld %d\n", (int)outcome->effects[i].kind, (int)told->organisation.n, told->organisation.s,
                              (int)told->norm.n, told->norm.n ? told->norm.s : "", (long long)told->recorded_at, (int)told->due_date);
        }
}

static void advance(struct engine *engine, struct store *store, instant_t until, struct buffer *out) {
        const struct outcome *outcome;
        struct casefile *casefile;
        instant_t at;

        while ((at = store_next(store, &casefile)) <= until && casefile) {
                ck_assert_int_eq(engine_evaluate(engine, store, casefile, at, &outcome), 0);
                store_commit(store);
                write_effects(outcome, out);
        }
}

/* The case, until the middle of 2022; what was told, in @out. */
static void play(const struct config *config, const struct row *row, const struct protocol_key *without, struct buffer *out) {
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        char region[UUID_TEXT + 1], text[2048];

        uuid_format(&regions_find(config->organisations, text_of("ijmond"))->case_id, region);
        ck_assert_int_eq(arena_new(&arena, 1 << 22), 0);
        ck_assert_int_eq(engine_new_without(config, without, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
        for (size_t i = 0; i < LINES_MAX && row->lines[i]; i++) {
                const char *at = strstr(row->lines[i], "\"@\"");
                const struct outcome *outcome;
                struct error err = {0};
                struct line line;

                if (at)
                        (void) snprintf(text, sizeof(text), "%.*s\"%s\"%s", (int)(at - row->lines[i]), row->lines[i], region, at + 3);
                line_parse(config->types, config->organisations, text_of(at ? text : row->lines[i]), LANGUAGE_EN, arena, &line);
                ck_assert_msg(line.kind == LINE_EVENT, "%s: %s", row->key, line.error.text);
                advance(engine, store, line.event.slots[SLOT_RECORDED_AT].i, out);
                ck_assert_msg(engine_event(engine, store, &line.event, line.event.slots[SLOT_RECORDED_AT].i, true, &outcome, &err) == 0, "%s", err.text);
                store_commit(store);
                write_effects(outcome, out);
                json_decref(line.object);
        }
        advance(engine, store, date_begin(date_from_ymd(2022, 7, 1)), out);
}

/* Whether a process of its own, which sees all but one row, is ended or tells something else. */
static bool is_noticed(const struct config *config, const struct row *row, const char *told) {
        struct buffer out = BUFFER_INIT(1 << 20);
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
                (void) signal(SIGABRT, SIG_DFL);
                play(config, row, key_of(row->key), &out);
                _exit(strcmp(buffer_text(&out), told) == 0 ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        return (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) || (WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static size_t named(const struct config *config, const struct protocol_key *without) {
        size_t n = 0;

        for (size_t i = 0; i < config->protocols.n; i++)
                n += norm_count_named(&config->protocols.items[i]->norms[0], config->types, without);
        return n;
}

START_TEST(test_no_row_can_be_missing) {
        const struct row *row = &rows[_i];
        struct config *config = config_of(row);
        struct buffer told = BUFFER_INIT(1 << 20);

        play(config, row, NULL, &told);
        ck_assert_msg(told.n > 0, "%s: nothing is told at all", row->key);
        if (row->counted)
                ck_assert_msg(named(config, key_of(row->key)) < named(config, NULL), "%s: counted without its row", row->key);
        else
                ck_assert_msg(is_noticed(config, row, buffer_text(&told)), "%s: nobody notices that its row is missing", row->key);
        buffer_done(&told);
        config_free(config);
}
END_TEST

START_TEST(test_each_row_that_refers_to_events_is_tried) {
        for (size_t i = 0; i < n_protocol_keys; i++) {
                bool tried = protocol_keys[i].form == FORM_NONE;

                for (size_t j = 0; j < ELEMENTS(rows) && !tried; j++)
                        tried = key_of(rows[j].key) == &protocol_keys[i];
                ck_assert_msg(tried, "the key %s refers to events, and this test does not try what happens without its row", protocol_keys[i].word);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("scope");
        TCase *tcase = tcase_create("scope");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, test_no_row_can_be_missing, 0, ELEMENTS(rows));
        tcase_add_test(tcase, test_each_row_that_refers_to_events_is_tried);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0;
}
