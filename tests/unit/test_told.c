/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what an organisation is said to have been told of a case is what it was told, and not one thing more.
 * Method: every story is played, and each telling noted as it is told. Then, of each case and for each organisation that is configured, what is found
 * afterwards is held against those notes: copies, announcements, reminders, alerts. And one child that moved, by hand.
 */

#include <string.h>

#include "base/vector.h"
#include "engine/case.h"
#include "engine/told.h"
#include "story_fixture.h"

static struct config *config;
static struct replay *replay;
static VECTOR(struct telling) tellings; /* as they were told; texts are kept */
static VECTOR(unsigned) reminders;      /* of each: which reminder, from 1 */
static VECTOR(enum effect_kind) kinds;
static struct arena *kept;

static struct text keep(struct text text) {
        return (struct text){arena_copy(kept, text.s, text.n), text.n};
}

static int note(void *ctx, const struct outcome *outcome) {
        (void) ctx;
        for (size_t i = 0; i < outcome->n_effects; i++) {
                struct telling t = outcome->effects[i].told;

                t.organisation = keep(t.organisation);
                t.protocol = keep(t.protocol);
                t.norm = keep(t.norm);
                t.instance = keep(t.instance);
                ck_assert_int_eq(vector_push(&tellings, t), 0);
                ck_assert_int_eq(vector_push(&kinds, outcome->effects[i].kind), 0);
                ck_assert_int_eq(vector_push(&reminders, outcome->effects[i].reminder), 0);
        }
        return 0;
}

static void play_file(const char *file) {
        ck_assert_int_eq(arena_new(&kept, (size_t)64 << 20), 0);
        replay = story_play(config, file, note, NULL);
}

static void play_done(void) {
        replay = replay_free(replay);
        kept = arena_free(kept);
        vector_done(&tellings);
        vector_done(&kinds);
        vector_done(&reminders);
}

static bool is_of(size_t i, enum effect_kind kind, const struct casefile *casefile, const struct organisation *of) {
        return kinds.items[i] == kind && uuid_equal(&tellings.items[i].case_id, &casefile->id) && text_equal(tellings.items[i].organisation, text_of(of->id));
}

static bool is_about(const struct telling *t, const char *protocol, const char *norm, const char *instance) {
        return text_equal(t->protocol, text_of(protocol)) && text_equal(t->norm, text_of(norm)) && text_equal(t->instance, text_of(instance));
}

static size_t count_copies(const struct casefile *casefile, const struct organisation *of) {
        size_t n = 0;

        for (size_t i = 0; i < tellings.n; i++)
                n += is_of(i, EFFECT_ROUTED, casefile, of);
        return n;
}

static bool has_copy(const struct casefile *casefile, const struct organisation *of, const struct uuid *event_id) {
        for (size_t i = 0; i < tellings.n; i++) {
                if (is_of(i, EFFECT_ROUTED, casefile, of) && uuid_equal(&tellings.items[i].event_id, event_id))
                        return true;
        }
        return false;
}

/* How many different alerts it was told of. */
static size_t count_alerts(const struct casefile *casefile, const struct organisation *of) {
        size_t n = 0;

        for (size_t i = 0; i < tellings.n; i++) {
                bool first = is_of(i, EFFECT_RAISED, casefile, of);

                for (size_t j = 0; first && j < i; j++)
                        first = !(is_of(j, EFFECT_RAISED, casefile, of) && uuid_equal(&tellings.items[i].alert_id, &tellings.items[j].alert_id));
                n += first;
        }
        return n;
}

static bool has_alert(const struct casefile *casefile, const struct organisation *of, const struct uuid *alert_id) {
        for (size_t i = 0; i < tellings.n; i++) {
                if (is_of(i, EFFECT_RAISED, casefile, of) && uuid_equal(&tellings.items[i].alert_id, alert_id))
                        return true;
        }
        return false;
}

/* Bit 0: the announcement that stands; bit i: reminder i of it. */
static uint64_t heard_of(const struct casefile *casefile, const struct organisation *of, const struct announcement *a) {
        char protocol[128], instance[INSTANCE_TEXT_MAX];
        struct pool *pool = &replay_engine(replay)->pool;
        uint64_t heard = 0;
        char *bar;

        (void) snprintf(protocol, sizeof(protocol), "%s", pool_word(pool, a->norm));
        bar = strchr(protocol, '|');
        *bar = '\0';
        instance_key_format(pool, &a->instance, instance);
        for (size_t i = 0; i < tellings.n; i++) {
                const struct telling *t = &tellings.items[i];

                if (is_of(i, EFFECT_PLAN_DUE, casefile, of) && is_about(t, protocol, bar + 1, instance) && t->due_date == a->due &&
                    t->recorded_at >= a->announced_at)
                        heard |= UINT64_C(1) << reminders.items[i];
        }
        return heard;
}

static const struct told_norm *found_of(const struct told *told, const struct announcement *a) {
        for (size_t i = 0; i < told->n_norms; i++) {
                if (told->norms[i].announcement == a)
                        return &told->norms[i];
        }
        return NULL;
}

/* How many things were compared that were told, and how often an organisation was told nothing. */
static size_t compared, nothing;

static void compare(struct casefile *casefile, const struct organisation *of) {
        struct told told;
        size_t alerts = 0;
        bool some;

        ck_assert_int_eq(told_open(&told, replay_engine(replay), replay_store(replay), casefile, of, replay_now(replay)), 0);
        ck_assert(told.whole);
        ck_assert_msg(told.n_copies == count_copies(casefile, of), "%s: %zu copies, not %zu", of->id, told.n_copies, count_copies(casefile, of));
        for (size_t i = 0; i < told.n_copies; i++)
                ck_assert(has_copy(casefile, of, &told.copies[i].fact->event_id));
        for (size_t i = 0; i < told.n_norms; i++) {
                alerts += told.norms[i].n_alerts;
                for (size_t j = 0; j < told.norms[i].n_alerts; j++)
                        ck_assert(has_alert(casefile, of, &told.norms[i].alerts[j]->id));
                ck_assert(told.norms[i].n_alerts || told.norms[i].announcement);
        }
        ck_assert_uint_eq(alerts, count_alerts(casefile, of));
        some = told.n_copies || alerts;
        for (uint32_t i = 0; i < casefile->told.n_announcements; i++) {
                const struct announcement *a = &casefile->told.announcements[i];
                const struct told_norm *found = found_of(&told, a);
                uint64_t heard = found ? (uint64_t)found->reminders << 1 | found->announced : 0;

                ck_assert_msg(heard == heard_of(casefile, of, a), "%s of %s: %llx, not %llx", of->id, pool_word(&replay_engine(replay)->pool, a->norm),
                              (unsigned long long)heard, (unsigned long long)heard_of(casefile, of, a));
                some |= heard != 0;
                compared += heard != 0;
        }
        ck_assert_int_eq(told_some(&told), some);
        compared += told.n_copies + alerts;
        nothing += !some;
        told_done(&told);
}

static void compare_all(const char *file) {
        struct casefile *casefile;

        play_file(file);
        for (size_t at = 0; (casefile = store_iterate(replay_store(replay), &at));) {
                for (size_t i = 0; i < organisations_count(config->organisations); i++)
                        compare(casefile, organisations_at(config->organisations, i));
        }
        play_done();
}

static const char *const cases[] = {
        "ack-ahead", "ack-none", "ack-operators", "ack-other", "ack-resolved", "alive-from-the-start", "each-has-its-own", "explained-from-to",
        "gis-of-the-region", "help-to-come", "move-0014", "muni-0014", "muni-unknown", "replaced-repeat", "split", "withdraw-repeat",
};
static const char *const examples[] = {
        "01-deadline", "03-corrections-and-bad-input", "04-acknowledged", "05-moved", "06-terms", "07-limit-and-due-with", "08-hours", "09-region",
        "10-repeats-and-ages", "11-sooner-and-partners", "12-for-each",
};

START_TEST(test_what_was_told_is_found_and_nothing_else) {
        char file[STORY_PATH_BYTES];

        compared = nothing = 0;
        config = story_config("tests/stories/cases/config");
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                (void) snprintf(file, sizeof(file), "tests/stories/cases/%s.jsonl", cases[i]);
                compare_all(file);
        }
        config = config_free(config);
        config = story_config("tests/stories/examples/config");
        for (size_t i = 0; i < ELEMENTS(examples); i++) {
                (void) snprintf(file, sizeof(file), "tests/stories/examples/%s/events.jsonl", examples[i]);
                compare_all(file);
        }
        config = config_free(config);
        ck_assert_uint_gt(compared, 150);
        ck_assert_uint_gt(nothing, 200);
}
END_TEST

static void expect_told(const char *organisation, size_t copies, size_t norms, bool announced, uint32_t reminders_heard, size_t alerts) {
        const struct organisation *of = organisations_find(config->organisations, text_of(organisation));
        struct uuid id;
        struct told told;

        ck_assert_ptr_nonnull(of);
        ck_assert(uuid_parse("4665eb43-9d78-523d-8fc2-0620e218b0b6", UUID_TEXT, &id));
        ck_assert_int_eq(told_open(&told, replay_engine(replay), replay_store(replay), store_find(replay_store(replay), &id), of, replay_now(replay)), 0);
        ck_assert_msg(told.n_copies == copies, "%s: %zu copies", organisation, told.n_copies);
        ck_assert_msg(told.n_norms == norms, "%s: %zu norms", organisation, told.n_norms);
        if (norms) {
                ck_assert_str_eq(told.norms[0].norm, "protector-assigned");
                ck_assert_int_eq(told.norms[0].announced, announced);
                ck_assert_uint_eq(told.norms[0].reminders, reminders_heard);
                ck_assert_uint_eq(told.norms[0].n_alerts, alerts);
        }
        told_done(&told);
}

/* Each municipality on the child's way keeps what it heard, and does not see what others were told before or since. */
START_TEST(test_a_child_that_moved) {
        config = story_config("tests/stories/examples/config");
        play_file("tests/stories/examples/05-moved/events.jsonl");
        expect_told("gi-noordzee", 2, 1, true, 1, 1);
        expect_told("gm0375", 3, 1, false, 0, 1); /* where the child lived first */
        expect_told("gm0396", 2, 1, false, 0, 1); /* then */
        expect_told("gm0402", 1, 0, false, 0, 0); /* in the end */
        expect_told("gm0453", 0, 0, false, 0, 0); /* where it was only placed */
        play_done();
        config = config_free(config);
}
END_TEST

int main(void) {
        Suite *s = suite_create("told");
        TCase *t = tcase_create("told");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_test(t, test_what_was_told_is_found_and_nothing_else);
        tcase_add_test(t, test_a_child_that_moved);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
