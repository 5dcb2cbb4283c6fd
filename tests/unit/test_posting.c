/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what became of a record in an inbox is said so that a person knows whether it arrived, and a machine the same.
 * Method: a posting for every state, and for several readers, against the words and the JSON.
 */

#include <check.h>
#include <stdlib.h>

#include "engine/posting.h"

#define IN_INBOX INT64_C(1647968400000)  /* dinsdag 22 maart 2022 18:00 uur */
#define LATER (IN_INBOX + 65 * 60000)
#define STOOD "in het postvak op dinsdag 22 maart 2022 18:00 uur"
#define AT_LATER "dinsdag 22 maart 2022 19:05 uur"
#define JSON_STOOD "{\"in_inbox\":\"2022-03-22T18:00:00+01:00\",\"delivery\":["
#define JSON_LATER "\"at\":\"2022-03-22T19:05:00+01:00\""

static const struct {
        struct posting posting;
        const char *text, *json;
} rows[] = {
        {{.n = 0}, STOOD, JSON_STOOD "]}"},
        {{.n = 1, .outcomes = {{POSTING_WAITS, "hook", IN_INBOX, 0, 0}}}, "wacht sinds dinsdag 22 maart 2022 18:00 uur",
         JSON_STOOD "{\"state\":\"waiting\",\"by\":\"hook\",\"since\":\"2022-03-22T18:00:00+01:00\"}]}"},
        {{.n = 1, .outcomes = {{POSTING_UNREAD, NULL, IN_INBOX, 0, 0}}}, "wacht sinds dinsdag 22 maart 2022 18:00 uur; niemand leest dit postvak",
         JSON_STOOD "{\"state\":\"unread\",\"since\":\"2022-03-22T18:00:00+01:00\"}]}"},
        {{.n = 1, .outcomes = {{POSTING_COLLECTED, "gm14-lezer", 0, 0, 0}}}, STOOD ", opgehaald door gm14-lezer",
         JSON_STOOD "{\"state\":\"collected\",\"by\":\"gm14-lezer\"}]}"},
        {{.n = 1, .outcomes = {{POSTING_DELIVERED, "hook", LATER, 204, 1}}}, STOOD ", afgeleverd op " AT_LATER " (204, 1 poging)",
         JSON_STOOD "{\"state\":\"delivered\",\"by\":\"hook\"," JSON_LATER ",\"status\":204,\"attempts\":1}]}"},
        {{.n = 1, .outcomes = {{POSTING_DELIVERED, "hook", LATER, 200, 3}}}, STOOD ", afgeleverd op " AT_LATER " (200, 3 pogingen)", NULL},
        {{.n = 1, .outcomes = {{POSTING_REFUSED, "hook", LATER, 400, 1}}}, STOOD ", geweigerd (400) op " AT_LATER,
         JSON_STOOD "{\"state\":\"refused\",\"by\":\"hook\"," JSON_LATER ",\"status\":400,\"attempts\":1}]}"},
        {{.n = 1, .outcomes = {{POSTING_PARKED, "hook", LATER, 503, 40}}}, STOOD ", niet afgeleverd: opgegeven na 40 pogingen (503) op " AT_LATER, NULL},
        {{.n = 1, .outcomes = {{POSTING_PARKED, "hook", LATER, 0, 2}}}, STOOD ", niet afgeleverd: opgegeven na 2 pogingen op " AT_LATER, NULL},
        {{.n = 1, .outcomes = {{POSTING_PARKED, "hook", LATER, 0, 0}}}, STOOD ", onleesbaar, opzij gelegd op " AT_LATER, NULL},
        {{.n = 1, .outcomes = {{POSTING_AGAIN, "hook", LATER, 0, 0}}}, STOOD ", opnieuw aangeboden op " AT_LATER,
         JSON_STOOD "{\"state\":\"sent-again\",\"by\":\"hook\"," JSON_LATER "}]}"},
        {{.n = 1, .outcomes = {{POSTING_WAITS, "hook", IN_INBOX, 0, 0, POSTING_NOT_RUNNING}}},
         "wacht sinds dinsdag 22 maart 2022 18:00 uur; hook draait niet",
         JSON_STOOD "{\"state\":\"waiting\",\"by\":\"hook\",\"why\":\"not-running\",\"since\":\"2022-03-22T18:00:00+01:00\"}]}"},
        {{.n = 1, .outcomes = {{POSTING_WAITS, "hook", IN_INBOX, 0, 0, POSTING_PAUSED}}},
         "wacht sinds dinsdag 22 maart 2022 18:00 uur; hook is door beheer gepauzeerd", NULL},
        {{.n = 1, .outcomes = {{POSTING_WAITS, "hook", IN_INBOX, 0, 0, POSTING_STOPPED}}},
         "wacht sinds dinsdag 22 maart 2022 18:00 uur; hook staat stil: de ontvanger wil geen berichten meer (410)", NULL},
        {{.n = 2, .outcomes = {{POSTING_DELIVERED, "a", LATER, 204, 1}, {POSTING_WAITS, "b", IN_INBOX, 0, 0}}},
         STOOD ", afgeleverd op " AT_LATER " (204, 1 poging) door a; wacht sinds dinsdag 22 maart 2022 18:00 uur op b", NULL},
};

START_TEST(each_state_is_said) {
        struct buffer text = BUFFER_INIT(4096), json = BUFFER_INIT(4096);
        struct json_writer w = JSON_WRITER(&json);
        struct posting posting = rows[_i].posting;

        posting.at = IN_INBOX;
        posting_print_dutch(&posting, &text);
        ck_assert_str_eq(buffer_text(&text), rows[_i].text);
        jsonw_open_object(&w);
        posting_put(&posting, &w);
        jsonw_close_object(&w);
        if (rows[_i].json)
                ck_assert_str_eq(buffer_text(&json), rows[_i].json);
        buffer_done(&text);
        buffer_done(&json);
}
END_TEST

#define EN_LATER "Tuesday 22 March 2022 19:05"

static const struct {
        struct posting_outcome outcome;
        const char *text;
} english[] = {
        {{POSTING_WAITS, "hook", IN_INBOX, 0, 0}, "waits since Tuesday 22 March 2022 18:00 for hook"},
        {{POSTING_WAITS, "hook", IN_INBOX, 0, 0, POSTING_NOT_RUNNING}, "waits since Tuesday 22 March 2022 18:00; hook does not run"},
        {{POSTING_WAITS, "hook", IN_INBOX, 0, 0, POSTING_PAUSED}, "waits since Tuesday 22 March 2022 18:00; hook was paused by an operator"},
        {{POSTING_WAITS, "hook", IN_INBOX, 0, 0, POSTING_STOPPED},
         "waits since Tuesday 22 March 2022 18:00; hook stands still: the receiver wants no more messages (410)"},
        {{POSTING_UNREAD, NULL, IN_INBOX, 0, 0}, "waits since Tuesday 22 March 2022 18:00; nobody reads this inbox"},
        {{POSTING_COLLECTED, "reader", 0, 0, 0}, "collected by reader"},
        {{POSTING_DELIVERED, "hook", LATER, 204, 1}, "delivered on " EN_LATER " (204, 1 try) by hook"},
        {{POSTING_DELIVERED, "hook", LATER, 200, 3}, "delivered on " EN_LATER " (200, 3 tries) by hook"},
        {{POSTING_REFUSED, "hook", LATER, 400, 1}, "refused (400) on " EN_LATER " by hook"},
        {{POSTING_PARKED, "hook", LATER, 503, 40}, "not delivered: given up after 40 tries (503) on " EN_LATER " by hook"},
        {{POSTING_PARKED, "hook", LATER, 0, 0}, "unreadable, put aside on " EN_LATER " by hook"},
        {{POSTING_AGAIN, "hook", LATER, 0, 0}, "offered again on " EN_LATER " to hook"},
};

START_TEST(each_outcome_is_said_in_english) {
        struct buffer text = BUFFER_INIT(4096);

        posting_outcome_print(&english[_i].outcome, true, LANGUAGE_EN, &text);
        ck_assert_str_eq(buffer_text(&text), english[_i].text);
        buffer_done(&text);
}
END_TEST

START_TEST(the_latest_of_an_event_in_an_inbox_is_found) {
        const struct posting made[] = {{.organisation = "gm0014", .event_id = {{1}}, .at = 1},
                                       {.organisation = "rvdk", .event_id = {{1}}, .at = 2},
                                       {.organisation = "gm0014", .event_id = {{1}}, .at = 3},
                                       {.organisation = "gm0014", .event_id = {{2}}, .at = 4}};
        const struct posting *items[] = {&made[0], &made[1], &made[2], &made[3]};
        const struct postings postings = {items, ELEMENTS(items)};

        ck_assert_ptr_eq(postings_find(&postings, &(struct uuid){{1}}, TEXT_OF("gm0014")), &made[2]);
        ck_assert_ptr_eq(postings_find(&postings, &(struct uuid){{1}}, TEXT_OF("rvdk")), &made[1]);
        ck_assert_ptr_null(postings_find(&postings, &(struct uuid){{2}}, TEXT_OF("rvdk")));
        ck_assert_ptr_null(postings_find(&(struct postings){0}, &(struct uuid){{1}}, TEXT_OF("gm0014")));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("posting");
        TCase *tcase = tcase_create("posting");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, each_state_is_said, 0, ELEMENTS(rows));
        tcase_add_loop_test(tcase, each_outcome_is_said_in_english, 0, ELEMENTS(english));
        tcase_add_test(tcase, the_latest_of_an_event_in_an_inbox_is_found);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
