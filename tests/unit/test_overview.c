/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the first page says in one sentence whether anything is wrong, and what; an organisation is told of its own inbox, readers and alerts, and of
 * nothing else, not even a name; a stream whose figures stay the same says the same.
 * Method: pictures made by hand, and the sentences and messages that follow from them, the latter as another program reads them.
 */

#include <jansson.h>

#include "console/overview.h"
#include "model_fixture.h"

#define NOW INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static const struct status_problem problems_en[] = {{"LATE", "g", "records wait"}, {"STOPPED", "c", "it stands still"}};
static const struct status_problem problems_nl[] = {{"LATE", "g", "records wachten"}, {"STOPPED", "c", "het staat stil"}};

static const struct {
        const char *what;
        bool seen, trouble;
        size_t problems;
        bool well;
        const char *en, *nl;
} sentences[] = {
        {"nothing was seen yet", false, false, 0, false, "The broker has not been looked at yet.", "De broker is nog niet bekeken."},
        {"all is well", true, false, 0, true, "All is well.", "Alles loopt zoals het hoort."},
        {"one thing is wrong", true, false, 1, false, "Something is wrong: records wait.", "Er is iets mis: records wachten."},
        {"several are", true, false, 2, false, "2 things are wrong, the first of them: records wait.",
         "Er zijn 2 dingen mis, te beginnen met: records wachten."},
        {"what was seen before the broker went is no answer", true, true, 0, false, "The broker cannot be looked at: no answer.",
         "De broker is niet te bekijken: no answer."},
};

START_TEST(says_in_one_sentence) {
        struct flows_picture picture = {.at = NOW, .problems = {[LANGUAGE_EN] = {problems_en, sentences[_i].problems},
                                                                [LANGUAGE_NL] = {problems_nl, sentences[_i].problems}}};
        struct overview o = {.picture = sentences[_i].seen ? &picture : NULL, .trouble_since = sentences[_i].trouble ? NOW : 0, .why = "no answer"};
        char text[OVERVIEW_SENTENCE_MAX];

        ck_assert_msg(overview_is_well(&o) == sentences[_i].well, "%s", sentences[_i].what);
        ck_assert_str_eq(overview_sentence(&o, LANGUAGE_EN, text), sentences[_i].en);
        ck_assert_str_eq(overview_sentence(&o, LANGUAGE_NL, text), sentences[_i].nl);
}
END_TEST

/* -- A chain of two organisations -- */

#define OWN "ketenwacht-connect-webhook-gm0375"
#define OTHER "ketenwacht-connect-webhook-gm0396"
static const struct standing_part parts_own[] = {{.group = OWN, .topic = "inbox.gm0375", .waiting = 7, .oldest = NOW - 5000, .owned = true}};
static const struct standing_part parts_other[] = {{.group = OTHER, .topic = "inbox.gm0396", .waiting = 9, .oldest = NOW - 9000}};
static const struct flows_group groups[] = {
        {.name = OWN, .kind = FLOWS_CONNECTOR, .members = 1, .parts = parts_own, .parts_n = 1, .waiting = 7, .oldest = NOW - 5000},
        {.name = OTHER, .kind = FLOWS_CONNECTOR, .parts = parts_other, .parts_n = 1, .waiting = 9, .oldest = NOW - 9000, .unowned = 1},
};
static const struct flows_topic topics[] = {
        {.name = "inbox.gm0375", .stands = 70, .per_second = 0.26, .newest = NOW - 1000, .day = {.n = 1, .counts = {70}}},
        {.name = "inbox.gm0396", .stands = 90, .per_second = 0.5, .newest = NOW - 2000, .day = {.n = 1, .counts = {90}}},
        {.name = "measure-started", .stands = 12, .per_second = 1.25, .day = {.n = 1, .counts = {12}}},
        {.name = "plan-made", .per_second = 0, .day = {.n = 1}},
};
static const struct status_box boxes[] = {{"gm0375", 3, NOW - DAY_MS, false}, {"gm0396", 4, NOW - 2 * DAY_MS, true}};

static const struct flows_picture chain = {.at = NOW, .groups = groups, .groups_n = ELEMENTS(groups), .topics = topics, .topics_n = ELEMENTS(topics)};
static const struct flows_picture uncollected = {.at = NOW, .status = {.inboxes = boxes, .inboxes_n = ELEMENTS(boxes)}};

static struct config *config;
static struct console console;

static const struct organisation *organisation(const char *id) {
        const struct organisation *found = organisations_find(config->organisations, text_of(id));

        ck_assert_ptr_nonnull(found);
        return found;
}

static json_t *message(const struct overview *o, struct buffer *out) {
        json_error_t error;
        json_t *root;

        overview_put_message(o, out);
        ck_assert(!out->failed && !strchr(buffer_text(out), '\n'));
        root = json_loads(buffer_text(out), JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(root != NULL, "%s: %s", error.text, buffer_text(out));
        return root;
}

START_TEST(tells_an_organisation_its_own) {
        struct overview o = {.console = &console, .of = organisation("gm0375"), .picture = &chain, .open = {.all = 2, .by_rung = {1, 1}}};
        struct buffer out = BUFFER_INIT(1 << 20);
        json_t *root = message(&o, &out);
        char text[OVERVIEW_SENTENCE_MAX];

        ck_assert_msg(!strstr(buffer_text(&out), "gm0396") && !strstr(buffer_text(&out), "measure-started"), "%s", buffer_text(&out));
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(root, "inbox"), "records")), 7);
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(root, "inbox"), "oldest")), NOW - 5000);
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(root, "alerts"), "open")), 2);
        ck_assert_uint_eq(json_object_size(json_object_get(root, "groups")), 1);
        ck_assert_uint_eq(json_object_size(json_object_get(root, "topics")), 1);
        ck_assert_ptr_null(json_object_get(root, "rules"));
        ck_assert_str_eq(overview_sentence(&o, LANGUAGE_NL, text), "Er wachten 7 berichten in de inbox van Beverwijk; er staan 2 meldingen open.");
        json_decref(root);
        buffer_done(&out);
}
END_TEST

/* An inbox that nobody reads is told by what stands there. */
START_TEST(tells_of_an_inbox_without_a_reader) {
        struct overview o = {.console = &console, .of = organisation("gm0375"), .picture = &uncollected};
        struct overview_waiting inbox = overview_inbox(&o);

        ck_assert_int_eq(inbox.waiting, 3);
        ck_assert_int_eq(inbox.oldest, NOW - DAY_MS);
        ck_assert(!overview_is_well(&o));
}
END_TEST

START_TEST(tells_the_whole_chain) {
        struct overview o = {.console = &console, .picture = &chain};
        struct buffer out = BUFFER_INIT(1 << 20), again = BUFFER_INIT(1 << 20);
        json_t *root = message(&o, &out);

        ck_assert(json_number_value(json_object_get(root, "events")) == 1.3); /* rounded, so that a page does not change for nothing */
        ck_assert(json_number_value(json_object_get(root, "told")) == 0.8);
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(root, "connectors"), "records")), 16);
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(root, "connectors"), "oldest")), NOW - 9000);
        ck_assert_uint_eq(json_object_size(json_object_get(root, "topics")), 3); /* through plan-made nothing came */
        ck_assert_uint_eq(json_object_size(json_object_get(root, "groups")), 2);
        o.picture = &(struct flows_picture){.at = NOW + 5000, .turn = 9, .groups = groups, .groups_n = ELEMENTS(groups), .topics = topics,
                                            .topics_n = ELEMENTS(topics)};
        overview_put_message(&o, &again);
        ck_assert_str_eq(buffer_text(&again), buffer_text(&out)); /* later, and the same */
        json_decref(root);
        buffer_done(&out);
        buffer_done(&again);
}
END_TEST

/* Most first, and no more than there is room for. */
START_TEST(puts_most_first) {
        struct overview o = {.console = &console, .picture = &chain};
        const struct flows_group *first[1];
        const struct flows_topic *two[2];

        ck_assert_uint_eq(overview_groups(&o, first, 1), 1);
        ck_assert_str_eq(first[0]->name, OTHER);
        ck_assert_uint_eq(overview_topics(&o, two, 2), 2);
        ck_assert_str_eq(two[0]->name, "inbox.gm0396");
        ck_assert_str_eq(two[1]->name, "inbox.gm0375");
}
END_TEST

static void setup(void) {
        config = example_config();
        console = (struct console){.config = config};
}

static void teardown(void) {
        config_free(config);
}

int main(void) {
        Suite *suite = suite_create("overview");
        TCase *tests = tcase_create("overview");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_loop_test(tests, says_in_one_sentence, 0, ELEMENTS(sentences));
        tcase_add_test(tests, tells_an_organisation_its_own);
        tcase_add_test(tests, tells_of_an_inbox_without_a_reader);
        tcase_add_test(tests, tells_the_whole_chain);
        tcase_add_test(tests, puts_most_first);
        suite_add_tcase(suite, tests);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
