/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what a worker forgets is gone for every worker after it, whatever was compacted in between; nothing is forgotten
 * behind, in an aborted transaction, or too soon; and what comes too late is kept and told.
 * Method: stories in rows, on the bus in memory, with a fake clock that is moved by years, and the topics read afterwards.
 */

#include "worker_rows.h"

static const struct rows_story stories[] = {
        {"a case is forgotten when its day comes, and stays so",
         "with keep 2y\n"
         "worker a\n"
         "settle\n"
         "measure case-started case 20d\n"
         "ended case-ended case 0d\n"
         "measure open-started open 20d\n"
         "settle\n"
         "-> left case * >1\n"
         "# a leap year: the day is not over\n"
         "clock 2y\n"
         "settle\n"
         "-> forgotten 0\n"
         "clock 2d\n"
         "settle\n"
         "-> forgotten 1 cases 1 closed 1\n"
         "-> left case * 1\n"
         "-> left case x 1\n"
         "-> left open f >0\n"
         "remember\n"
         "end\n"
         "worker b\n"
         "settle\n"
         "-> as remembered\n"
         "end\n"
         "# without what was replaced\n"
         "compact\n"
         "worker b\n"
         "settle\n"
         "-> as remembered\n"
         "end\n"
         "# without tombstones too\n"
         "compact all\n"
         "worker b\n"
         "settle\n"
         "-> as remembered\n"
         "end\n"
         "worker a\n"
         "settle\n"
         "protector late case 0d\n"
         "settle\n"
         "-> left case * 1\n"
         "-> dead-letters 1\n"
         "-> header dead-letters kw-code CASE_CLOSED\n"
         "-> field inbox.gi-a event event-refused\n"
         "-> field inbox.gi-a code CASE_CLOSED\n"},
        {"an aborted transaction forgets nothing",
         "with keep 2y\n"
         "worker a\n"
         "settle\n"
         "measure case-started case 20d\n"
         "ended case-ended case 0d\n"
         "settle\n"
         "-> left case * 2\n"
         "remember\n"
         "clock 3y\n"
         "abort commit\n"
         "until aborts\n"
         "-> aborts 1 forgotten 0 cases 1 closed 0\n"
         "-> left case * 2\n"
         "-> as remembered\n"
         "# it tries again\n"
         "settle\n"
         "-> left case * 1\n"
         "-> closed 1\n"},
        {"a backlog is whole before anything is forgotten",
         "recorded -3y\n"
         "measure old-started old 20d\n"
         "ended old-ended old 0d\n"
         "measure came-back-started came-back 20d\n"
         "ended came-back-ended came-back 0d\n"
         "recorded 0s\n"
         "measure again-started came-back-again 20d\n"
         "with keep 2y\n"
         "worker a\n"
         "settle\n"
         "# more of it may be on its way until midnight\n"
         "-> closed 0\n"
         "clock 12h\n"
         "settle\n"
         "-> closed 2\n"},
        {"once forgets what is over at its instant",
         "recorded -3y\n"
         "measure case-started case 20d\n"
         "ended case-ended case 0d\n"
         "recorded -1y\n"
         "measure younger-started younger 20d\n"
         "ended younger-ended younger 0d\n"
         "with keep 2y\n"
         "with once\n"
         "worker a\n"
         "finish\n"
         "-> closed 1\n"
         "-> left case * 1\n"
         "-> left younger * >1\n"},
        {"the clock does not fall behind what was forgotten",
         "with keep 2y\n"
         "worker a\n"
         "settle\n"
         "measure case-started case 20d\n"
         "settle\n"
         "end\n"
         "clock 3y\n"
         "# late news: alerts are resolved, and it is over\n"
         "recorded -3y\n"
         "ended case-ended case 0d\n"
         "with once\n"
         "worker a\n"
         "finish\n"
         "-> closed 1\n"
         "-> resolved >0\n"
         "end\n"
         "compact all\n"
         "# set back by half an hour\n"
         "decides -30m\n"
         "recorded 0s\n"
         "with\n"
         "with keep 2y\n"
         "worker a\n"
         "settle\n"
         "# other cases of the same partition\n"
         "measure second-started second 2d\n"
         "measure third-started third 2d\n"
         "measure fifth-started fifth 2d\n"
         "settle\n"
         "-> plans >1\n"
         "-> beside plans resolved\n"
         "-> last plans not before resolved\n"},
};

START_TEST(a_story_goes_as_its_rows_say) {
        rows_play_story(&stories[_i]);
}
END_TEST

START_TEST(many_that_go_at_once_go_in_pieces) {
        struct rows r;
        char line[128];

        rows_open(&r, "many that go at once go in pieces");
        rows_play_rows(&r, "with keep 2y\nworker a\nsettle\n", "");
        for (unsigned i = 0; i < 300; i++) {
                (void) snprintf(line, sizeof(line), "measure started-%u case-%u 20d\nended ended-%u case-%u 0d\n", i, i, i, i);
                rows_play_rows(&r, line, "");
                for (unsigned k = 0; k < 40; k++) {
                        (void) snprintf(line, sizeof(line), "protector fact-%u-%u case-%u 0d\n", i, k, i);
                        rows_play_rows(&r, line, "");
                }
        }
        rows_play_rows(&r,
                       "settle\n"
                       "-> facts 12600\n"
                       "clock 3y\n"
                       "steps 1\n"
                       "# one sweep yields long before all are gone\n"
                       "-> closed >0 closed <200\n"
                       "settle\n"
                       "-> closed 300 facts-kept 0\n",
                       "");
        rows_close(&r);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_forget");
        TCase *tc = tcase_create("worker_forget");

        tcase_add_loop_test(tc, a_story_goes_as_its_rows_say, 0, (int)ELEMENTS(stories));
        tcase_add_test(tc, many_that_go_at_once_go_in_pieces);
        tcase_set_timeout(tc, 60);
        suite_add_tcase(suite, tc);

        SRunner *runner = srunner_create(suite);

        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);

        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
