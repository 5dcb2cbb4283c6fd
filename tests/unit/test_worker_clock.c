/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a worker does not believe a clock that is more than an hour from the broker's, says so, works on, and makes up
 * for it; and no partition's clock ever goes back.
 * Method: stories in rows, on the bus in memory, whose own clock is right, and a worker whose clocks are off by what the rows say.
 */

#include "worker_rows.h"

static const struct rows_story stories[] = {
        {"a clock that is away is said and made up for",
         "real $\n"
         "with metrics\n"
         "worker a\n"
         "settle\n"
         "measure one one 6d\n"
         "settle\n"
         "-> clock-away 1 facts 1 told 0 raised 0\n"
         "-> log clock-away 1\n"
         "-> metric ketenwacht_clock_away 1\n"
         "# it goes on accepting, and says it once\n"
         "measure two two 6d\n"
         "settle\n"
         "-> facts 2 clock-away 1\n"
         "-> log clock-away 1\n"
         "# the next record shows that it is right again; each is told once, whenever\n"
         "real 0s\n"
         "measure three three 6d\n"
         "settle\n"
         "-> clock-away 0 raised 6\n"
         "-> log clock-back 1\n"
         "-> metric ketenwacht_clock_away 0\n",
         {"-2h", "2h", "-61m", "61m", "-24h", "24h"}},
        {"a clock that is off by less than an hour is believed",
         "real $\n"
         "with metrics\n"
         "worker a\n"
         "settle\n"
         "measure one one 6d\n"
         "settle\n"
         "-> clock-away 0 facts 1 told >0 raised 2\n"
         "-> log clock-away 0\n"
         "-> metric ketenwacht_clock_away 0\n"
         "# it goes on accepting, and says it once\n"
         "measure two two 6d\n"
         "settle\n"
         "-> facts 2 clock-away 0\n"
         "-> log clock-away 0\n"
         "# the next record shows that it is right again; each is told once, whenever\n"
         "real 0s\n"
         "measure three three 6d\n"
         "settle\n"
         "-> clock-away 0 raised 6\n"
         "-> log clock-back 0\n"
         "-> metric ketenwacht_clock_away 0\n",
         {"-59m", "59m"}},
        {"a clock that is away when the worker begins tells nothing",
         "real $\n"
         "worker a\n"
         "settle\n"
         "measure m case 40d\n"
         "settle\n"
         "-> clock-away 1 facts 1 told 0\n"
         "real 0s\n"
         "measure other other 1d gi-a gm0002\n"
         "settle\n"
         "-> clock-away 0 raised 3 inbox.gm0002 1\n",
         {"-2h", "2h"}},
        {"what was kept silent is told with the next fact",
         "# Nothing is told, so nothing evaluates the case before its next fact does.\n"
         "real -2h\n"
         "worker a\n"
         "settle\n"
         "measure m case 1d gi-b\n"
         "settle\n"
         "-> inbox.gm0001 0\n"
         "real 0s\n"
         "protector p case 0d gi-b\n"
         "settle\n"
         "-> inbox.gm0001 1\n"
         "-> field inbox.gm0001 event measure-started\n"
         "-> field inbox.gm0001 source gi-b\n"
         "-> field inbox.gm0001 municipality gm0001\n"},
        {"what falls due meanwhile is told afterwards, once",
         "worker a\n"
         "settle\n"
         "# due tomorrow\n"
         "measure case case 4d\n"
         "settle\n"
         "-> raised 0\n"
         "real -2h\n"
         "measure other other 0d\n"
         "settle\n"
         "-> clock-away 1\n"
         "clock 2d\n"
         "settle\n"
         "-> raised 0\n"
         "real 0s\n"
         "measure third third 0d\n"
         "settle\n"
         "-> clock-away 0 raised 2\n"},
        {"once does not begin with a clock that is away",
         "measure case case 6d\n"
         "real -2h\n"
         "with once\n"
         "worker a\n"
         "fails -EPROTO clock\n"
         "-> raised 0\n"},
        {"the clock of a partition never goes back",
         "worker a\n"
         "settle\n"
         "measure m case 1d\n"
         "settle\n"
         "-> plans 1\n"
         "end\n"
         "# set back by half an hour; a new worker, too, keeps to what stands in the state\n"
         "decides -30m\n"
         "worker a\n"
         "settle\n"
         "# the later word, and so the one that counts\n"
         "recorded 31m\n"
         "measure second case 2d\n"
         "settle\n"
         "-> inbox.gm0001 2\n"
         "-> ordered plans\n"},
        {"a clock that jumps never takes a partition back",
         "worker a\n"
         "settle\n"
         "decides -30m\n"
         "measure case-0 case-0 6d\n"
         "settle\n"
         "decides 50m\n"
         "measure case-1 case-1 6d\n"
         "settle\n"
         "decides -40m\n"
         "measure case-2 case-2 6d\n"
         "settle\n"
         "decides -10m\n"
         "measure case-3 case-3 6d\n"
         "settle\n"
         "decides 45m\n"
         "measure case-4 case-4 6d\n"
         "settle\n"
         "# a successor keeps to it, too\n"
         "crash\n"
         "worker a\n"
         "decides -55m\n"
         "measure case-5 case-5 6d\n"
         "settle\n"
         "decides 20m\n"
         "measure case-6 case-6 6d\n"
         "settle\n"
         "decides -5m\n"
         "measure case-7 case-7 6d\n"
         "settle\n"
         "-> ordered raised\n"
         "-> raised 16\n"},
};

START_TEST(a_story_goes_as_its_rows_say) {
        rows_play_story(&stories[_i]);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_clock");
        TCase *tc = tcase_create("clock");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, a_story_goes_as_its_rows_say, 0, (int)ELEMENTS(stories));
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
