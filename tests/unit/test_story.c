/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a story passes when it tells what happens and fails when it does not, each with the exact sentence; every mistake
 * in a file has its place and its nearest word. Method: tables of small files on the protocols of the examples.
 */

#include <errno.h>

#include "engine/story_play.h"
#include "model_fixture.h"

#define HEAD                                                                                                                          \
        "protocol: ijmond-2022\n"                                                                                                     \
        "defaults: {gi: gi-noordzee, municipality: gm0375, region: region-ijmond}\n"                                                  \
        "stories:\n"
/* From line 4 on: the norm is in line 5, given in 6, the first event in 7. */
#define STORY(given, clock, expect)                                                                                                   \
        HEAD "- story: Een\n  norm: protector-assigned\n  given:\n" given "  clock: " clock "\n  expect:\n" expect
#define STARTED "  - 2022-10-10 measure-started\n"
#define PLANS                                                                                                                         \
        "  - 2022-10-10 announcement: {due: 2022-10-17, to: gi-noordzee}\n"                                                           \
        "  - 2022-10-13 reminder: {to: gi-noordzee}\n"

static struct config *config;
static struct scratch folder;

static void set_up(void) {
        config = example_config();
        folder = scratch_new();
}

static void tear_down(void) {
        scratch_remove(&folder);
        config = config_free(config);
}

static int read_text(const char *text, struct stories **ret, struct mistakes *mistakes) {
        char path[SCRATCH_PATH];

        scratch_write(&folder, "s.stories.yaml", text);
        return stories_read(scratch_path(&folder, "s.stories.yaml", path), config, ret, mistakes);
}

/* The mistakes, without the path of the folder, is exactly this. */
static void assert_lines(struct mistakes *mistakes, const char *expected) {
        struct buffer lines = BUFFER_INIT(1 << 20);
        size_t skip = strlen(folder.path) + 1;
        const char *line = buffer_text(&mistakes->text), *end;

        for (; (end = strchr(line, '\n')); line = end + 1) {
                ck_assert_uint_gt(end - line, skip);
                buffer_add(&lines, line + skip, (size_t)(end - line) - skip + 1);
        }
        ck_assert_str_eq(buffer_text(&lines), expected);
        buffer_done(&lines);
}

/* --- playing --- */

static const struct {
        const char *text, *failures; /* "": it passes */
} plays[] = {
        /* met, missed, explained */
        {STORY(STARTED "  - 2022-10-12 protector-assigned\n", "2022-12-01", "  - 2022-10-10 announcement: {due: 2022-10-17, to: gi-noordzee}\n"), ""},
        {STORY(STARTED, "2022-10-24", PLANS
               "  - 2022-10-18 alert: {to: [gi-noordzee, gm0375]}\n"
               "  - 2022-10-21 alert: {rung: 2, to: [gm0453, region-ijmond]}\n"), ""},
        {STORY(STARTED "  - 2022-10-17 deviation-explained: {reason: WAITING_LIST, until: 2022-10-19}\n", "2022-10-20", PLANS
               "  - 2022-10-20 00:00 alert: {to: [gi-noordzee, gm0375]}\n"), ""},
        {STORY(STARTED "  - 2022-10-19 09:30 protector-assigned: {date: 2022-10-17}\n", "2022-12-01", PLANS
               "  - 2022-10-18 alert: {due: 2022-10-17, to: [gi-noordzee, gm0375]}\n"
               "  - 2022-10-19 09:30 resolved: {reason: MET_IN_TIME, to: [gi-noordzee, gm0375]}\n"), ""},
        /* taken up by the GI: the second rung waits until the twentieth is over, and no longer than its own day */
        {STORY(STARTED "  - 2022-10-20 alert-acknowledged: {source: gm0375}\n", "2022-10-26", PLANS
               "  - 2022-10-18 alert: {to: [gi-noordzee, gm0375]}\n"
               "  - 2022-10-25 alert: {rung: 2, to: [gm0453, region-ijmond]}\n"), ""},
        /* the copy is looked at, the instance too */
        {HEAD "- story: Twee\n  norm: protector-assigned\n  routes: [measure-started]\n  instance: ots\n  given:\n"
              "  - 2022-10-10 measure-started: {measure_id: ots}\n  - 2022-10-10 measure-started: {measure_id: vots, kind: VOTS}\n"
              "  clock: 2022-10-11\n  expect:\n  - 2022-10-10 copy: {event: measure-started, to: gm0375}\n"
              "  - 2022-10-10 copy: {event: measure-started, to: gm0375}\n"
              "  - 2022-10-10 announcement: {instance: ots, to: gi-noordzee}\n", ""},
        /* corrected, and withdrawn */
        {STORY("  - 2022-10-10 measure-started: {id: eerst}\n  - 2022-10-11 measure-started: {replaces: eerst, kind: VOOGDIJ}\n", "2022-11-01",
               "  - 2022-10-10 announcement: {to: gi-noordzee}\n"), ""},
        {STORY("  - 2022-10-10 measure-started: {id: eerst}\n  - 2022-10-11 event-withdrawn: {withdrawn: eerst}\n", "2022-11-01",
               "  - 2022-10-10 announcement: {to: gi-noordzee}\n"), ""},
        /* rows: in the title, in keys and values, a list in the place of a value */
        {HEAD "- story: <naam>\n  rows:\n  - {naam: een, wie: [gi-noordzee, gm0375], veld: kind}\n  - {naam: twee, wie: [gm0375, gi-noordzee], veld: kind}\n"
              "  norm: protector-assigned\n  given:\n  - 2022-10-10 measure-started: {<veld>: VOTS}\n  clock: 2022-12-01\n  expect:\n" PLANS
              "  - 2022-10-18 alert: {to: <wie>}\n", ""},
        /* a region, each of its parts by instance, and a year */
        {"protocol: convenant-2023\ndefaults: {municipality: gm0402, gi: gi-duin}\nstories:\n"
         "- story: Regio\n  norm: signing\n  region: gooi-en-vechtstreek\n  given:\n  - 2023-06-01 protocol-adopted\n"
         "  - 2023-06-29 deviation-explained: {source: gm0406, instance: gm0406}\n  clock: 2023-07-10\n  expect:\n"
         "  - 2023-06-01 announcement: {instance: gm0406, to: gm0406}\n", ""},

        /* wrong: the day, the reason, the time, whom, nothing, too much */
        {STORY(STARTED, "2022-10-20", PLANS "  - 2022-10-19 alert: {to: gi-noordzee}\n  - 2022-10-18 alert: {to: gm0375}\n"),
         "s.stories.yaml:12:5: story 'Een': expected 2022-10-19 alert: {to: gi-noordzee}; told instead 2022-10-18 alert: {to: gi-noordzee}\n"},
        {STORY(STARTED "  - 2022-10-19 protector-assigned\n", "2022-12-01", PLANS
               "  - 2022-10-18 alert: {to: [gi-noordzee, gm0375]}\n  - 2022-10-19 resolved: {reason: MET_IN_TIME, to: [gi-noordzee, gm0375]}\n"),
         "s.stories.yaml:14:5: story 'Een': expected 2022-10-19 resolved: {reason: MET_IN_TIME, to: gi-noordzee}; "
         "told instead 2022-10-19 resolved: {reason: MET_LATE, to: gi-noordzee}\n"
         "s.stories.yaml:14:5: story 'Een': expected 2022-10-19 resolved: {reason: MET_IN_TIME, to: gm0375}; "
         "told instead 2022-10-19 resolved: {reason: MET_LATE, to: gm0375}\n"},
        {STORY(STARTED, "2022-10-14", "  - 2022-10-10 11:59 announcement: {due: 2022-10-18, to: gi-noordzee}\n  - 2022-10-13 reminder: {to: gi-noordzee}\n"),
         "s.stories.yaml:10:5: story 'Een': expected 2022-10-10 11:59 announcement: {due: 2022-10-18, to: gi-noordzee}; "
         "told instead 2022-10-10 12:00 announcement: {due: 2022-10-17, to: gi-noordzee}\n"},
        {STORY(STARTED, "2022-10-14", PLANS "  - 2022-10-14 alert: {rung: 2, to: region-ijmond}\n"),
         "s.stories.yaml:12:5: story 'Een': expected 2022-10-14 alert: {rung: 2, to: region-ijmond}; "
         "nothing like it was told: loopt, uiterlijk maandag 17 oktober 2022\n"},
        {STORY("  - 2022-10-10 measure-started: {municipality: gm0402}\n", "2022-10-19", "  - 2022-10-18 alert: {to: gi-noordzee}\n"),
         "s.stories.yaml:10:5: story 'Een': expected 2022-10-18 alert: {to: gi-noordzee}; "
         "nothing like it was told: geldt voor IJmond; Hilversum viel op maandag 10 oktober 2022 onder Gooi en Vechtstreek\n"},
        {HEAD "- story: Een\n  norm: protector-assigned\n  given:\n" STARTED "  clock: 2022-10-14\n  expect: []\n",
         "s.stories.yaml:9:11: story 'Een': told and not expected: 2022-10-10 announcement: {due: 2022-10-17, to: gi-noordzee}\n"
         "s.stories.yaml:9:11: story 'Een': told and not expected: 2022-10-13 reminder: {to: gi-noordzee}\n"},
        {HEAD "- story: Een\n  routes: measure-started\n  given:\n" STARTED "  clock: 2022-10-14\n  expect: []\n",
         "s.stories.yaml:9:11: story 'Een': told and not expected: 2022-10-10 copy: {event: measure-started, to: gm0375}\n"},
        /* an event that the engine refuses */
        {STORY("  - 2022-10-10 measure-started: {id: a}\n  - 2022-10-11 measure-started: {id: a, measure_id: ander}\n", "2022-10-12",
               "  - 2022-10-10 announcement: {to: gi-noordzee}\n"),
         "s.stories.yaml:8:5: story 'Een': this event is refused (DUPLICATE_ID): event_id: 4c63cb42-f4d0-5516-9d40-c16e57dac6f7 said something else before; "
         "a correction needs an event_id of its own and names this one in replaces\n"},
};

START_TEST(test_play) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct stories *stories = NULL;

        ck_assert_msg(read_text(plays[_i].text, &stories, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_uint_ge(stories->n, 1);
        for (size_t i = 0; i < stories->n; i++)
                ck_assert_int_eq(story_play(stories, &stories->items[i], config, &mistakes), plays[_i].failures[0] ? STORY_E_FAILED : 0);
        assert_lines(&mistakes, plays[_i].failures);
        stories_free(stories);
        mistakes_done(&mistakes);
}
END_TEST

/* --- the lines --- */

START_TEST(test_lines_of_replay) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct stories *stories = NULL;

        ck_assert_msg(read_text(STORY("  - 2022-03-27 09:00 referral-issued: {occurred: 2022-03-26, form: CUSTOM, provider: provider-de-haven}\n",
                                      "2022-10-30 03:30", "    []\n"), &stories, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_uint_eq(stories->n, 1);
        ck_assert_uint_eq(stories->items[0].n_lines, 2);
        ck_assert_str_eq(stories->items[0].lines[0].text,
                         "{\"event\":\"referral-issued\",\"event_id\":\"845cb566-0ab6-5e1b-891d-5b16d1ba9fd6\","
                         "\"case_id\":\"e21c6e2e-dc50-5647-9617-ca80309f19fc\",\"source\":\"gi-noordzee\","
                         "\"occurred_at\":\"2022-03-26T12:00:00+01:00\",\"recorded_at\":\"2022-03-27T09:00:00+02:00\","
                         "\"referral_id\":\"4ceda039-d277-5dde-b3f4-785ff76f6651\",\"measure_id\":\"66e89cfd-bd1d-5168-9b8e-b372847f6206\","
                         "\"date\":\"2022-03-27\",\"product\":\"verhaal\",\"provider\":\"provider-de-haven\",\"form\":\"CUSTOM\"}");
        ck_assert_str_eq(stories->items[0].lines[1].text, "{\"clock\":\"2022-10-30T03:30:00+01:00\"}");
        stories_free(stories);
        mistakes_done(&mistakes);
}
END_TEST

START_TEST(test_labels) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct stories *first = NULL, *again = NULL;
        const char *text = STORY("  - 2022-10-10 measure-started: {measure_id: 7f0a320f-7e2d-50ba-959b-4131a3834d5d}\n", "2022-10-11", "    []\n");

        ck_assert_int_eq(read_text(text, &first, &mistakes), 0);
        ck_assert_int_eq(read_text(text, &again, &mistakes), 0);
        ck_assert_str_eq(first->items[0].lines[0].text, again->items[0].lines[0].text);
        ck_assert_ptr_nonnull(strstr(first->items[0].lines[0].text, "\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\""));
        stories_free(first);
        stories_free(again);
        mistakes_done(&mistakes);
}
END_TEST

/* --- mistakes --- */

#define GIVEN(line) STORY("  - " line "\n", "2022-12-01", "    []\n")
#define EXPECT(line) STORY(STARTED, "2022-12-01", "  - " line "\n")

static const struct {
        const char *text, *mistake; /* behind "s.stories.yaml:" */
} mistake_rows[] = {
        {"protocol: ijmond-2023\nstories: []\n", "1:11: no protocol is called 'ijmond-2023' (did you mean 'ijmond-2022'?)"},
        {"protocol: ijmond-2022\n", "1:1: a file of stories lacks the key 'stories'"},
        {"protocol: ijmond-2022\nstoris: []\nstories: []\n", "2:1: a file of stories has no key 'storis' (did you mean 'stories'?)"},
        {"- x\n", "1:1: a file of stories must be a mapping of keys to values, not a list"},
        {"protocol: ijmond-2022\ndefaults: {gy: gi-duin}\nstories: []\n", "2:12: no kind of organisation is called 'gy' (did you mean 'gi'?); it can be "
         "municipality, gi, provider, region, council, veilig-thuis, purchaser, inspectorate, operators, other"},
        {"protocol: ijmond-2022\ndefaults: {gi: gi-duim}\nstories: []\n", "2:16: no organisation is called 'gi-duim' (did you mean 'gi-duin'?)"},
        {"protocol: ijmond-2022\ndefaults: {gi: gm0375}\nstories: []\n", "2:16: 'gm0375' is of the kind municipality, not gi"},
        {HEAD "- verhaal\n", "4:3: a story must be a mapping of keys to values, not a single value"},
        {HEAD "- story: Een\n  norm: warm-handover\n  given:\n" STARTED "  clock: 2022-12-01\n  expct: []\n  expect: []\n",
         "9:3: a story has no key 'expct' (did you mean 'expect'?)"},
        {HEAD "- story: Een\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n", "4:3: the story has neither norm nor routes, so it looks at nothing"},
        {HEAD "- story: Een\n  norm: protector-asigned\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n",
         "5:9: ijmond-2022 has no norm 'protector-asigned' (did you mean 'protector-assigned'?)"},
        {HEAD "- story: Een\n  routes: [measure-startd]\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n",
         "5:12: no event is called 'measure-startd' (did you mean 'measure-started'?)"},
        {HEAD "- story: Een\n  region: ijmont\n  norm: warm-handover\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n",
         "5:11: no region is called 'ijmont' (did you mean 'ijmond'?); it can be noord-holland, ijmond, gooi-en-vechtstreek, amstelland"},
        {HEAD "- story: Een\n  instance: otz\n  norm: warm-handover\n  given:\n"
         "  - 2022-10-10 measure-started: {measure_id: ots}\n  clock: 2022-12-01\n  expect: []\n",
         "5:13: nothing in this story has the id 'otz' (did you mean 'ots'?)"},
        {HEAD "- story: Een <twee>\n  rows: [{tweee: x}]\n  norm: warm-handover\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n",
         "4:10: <twee> has no value in the row of line 5 (did you mean 'tweee'?)"},
        {HEAD "- story: Een <twee>\n  rows: [{twee: [x]}]\n  norm: warm-handover\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n",
         "4:10: a list can replace a whole value only, not a part of it"},
        {HEAD "- story: Een\n  rows: []\n  norm: warm-handover\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n",
         "5:9: rows has no row, so the story would not be told at all"},
        {HEAD "- story: Een\n  rows: [{a: 1}, {a: 2}]\n  norm: warm-handover\n  given:\n" STARTED "  clock: 2022-12-01\n  expect: []\n",
         "4:10: a story of this title stands already in line 4; with rows, put a <word> into the title"},
        {HEAD "- story: Een\n  norm: warm-handover\n  given: []\n  clock: 2022-12-01\n  expect: []\n", 
         "6:10: given must have 1 to 500 events; only the story of a region (region: …) may have none"},
        {STORY(STARTED, "morgen", "    []\n"), "8:10: clock must be a date or a date and a time, such as 2022-12-01 or 2022-12-01 09:00"},
        {STORY(STARTED, "2022-10-10 11:59", "    []\n"), "8:10: the clock stops before the last event that is given"},
        /* events */
        {GIVEN("2022-10-10"), "7:5: must be a date, perhaps a time, and a word, such as '2022-10-18 measure-started', of the years 2000 to 2200"},
        {GIVEN("2022-10-32 measure-started"),
         "7:5: must be a date, perhaps a time, and a word, such as '2022-10-18 measure-started', of the years 2000 to 2200"},
        {GIVEN("2022-10-10 24:00 measure-started"),
         "7:5: must be a date, perhaps a time, and a word, such as '2022-10-18 measure-started', of the years 2000 to 2200"},
        {GIVEN("1999-12-31 measure-started"),
         "7:5: must be a date, perhaps a time, and a word, such as '2022-10-18 measure-started', of the years 2000 to 2200"},
        {GIVEN("2022-10-10 measure-startd"), "7:5: no event is called 'measure-startd' (did you mean 'measure-started'?)"},
        {GIVEN("2022-10-10 plan-due"), "7:5: no event is called 'plan-due' (did you mean 'plan-made'?)"},
        {GIVEN("2022-10-10 measure-started: [x]"), "7:33: what stands behind the colon must be a mapping of keys to values, not a list"},
        {GIVEN("2022-10-10 measure-started: {kin: OTS}"), "7:34: measure-started has no key 'kin' (did you mean 'kind'?)"},
        {GIVEN("2022-10-10 measure-started: {kind: OTZ}"), "7:40: measure-started: kind: 'OTZ' is none of its values (did you mean 'OTS'?); it can be "
         "OTS, VOTS, VOOGDIJ, VOORLOPIGE_VOOGDIJ, TIJDELIJKE_VOOGDIJ, PREVENTIEF, JR_GEDWONGEN, JR_VRIJWILLIG, ITB_HARDE_KERN, ITB_CRIEM, STP, "
         "GBM, GBM_VOORBEREIDING"},
        {GIVEN("2022-10-10 measure-started: {kind: }"), "7:40: measure-started: kind: may not be null"},
        {GIVEN("2022-10-10 measure-started: {kind: [OTS]}"), "7:40: kind must be a single value, not a list"},
        {GIVEN("2022-10-10 measure-started: {verdict_date: 2022-13-10}"),
         "7:48: measure-started: verdict_date: '2022-13-10' is not a date: YYYY-MM-DD, of the years 1900 to 2200"},
        {GIVEN("2022-10-10 measure-started: {birth_date: 2012-13-10}"),
         "7:46: measure-started: birth_date: is not a date: YYYY-MM-DD, of the years 1900 to 2200"}, /* personal: never repeated */
        {GIVEN("2022-10-10 protector-assigned: {working_with_family: yes}"), "7:58: protector-assigned: working_with_family: must be true or false"},
        {GIVEN("2022-10-10 measure-started: {municipality: gm0376}"), "7:48: no organisation is called 'gm0376' (did you mean 'gm0375'?)"},
        {GIVEN("2022-10-10 measure-started: {source: gi-noordze}"), "7:42: no organisation is called 'gi-noordze' (did you mean 'gi-noordzee'?)"},
        {GIVEN("2022-10-10 measure-started: {source: gm0375}"),
         "7:42: measure-started: source: gm0375 may not publish measure-started: it is of kind municipality"},
        {GIVEN("2022-10-10 measure-started: {occurred: gisteren}"),
         "7:44: occurred must be a date or a date and a time, such as 2022-10-18 09:00"},
        {GIVEN("2022-10-10 event-withdrawn"), "7:5: 'event-withdrawn' must say with withdrawn: … which event it is about, by the id that the event has"},
        {GIVEN("2022-10-10 event-withdrawn: {id: een, withdrawn: twee}"), "7:54: no event of this story has the id 'twee'"},
        {GIVEN("2022-10-10 measure-started: {id: eerste, replaces: eerst}"), "7:56: no event of this story has the id 'eerst' (did you mean 'eerste'?)"},
        {GIVEN("2022-10-10 meeting-held"), "7:5: 'meeting-held' is about a region; the story must say which (region: …)"},
        {GIVEN("2022-10-10 deviation-explained: {instance: x}"), "7:48: nothing in this story has the id 'x'"},
        {GIVEN("2022-10-10 deviation-explained: {norm: warm-handovr, instance: case}"),
         "7:44: ijmond-2022 has no norm 'warm-handovr' (did you mean 'warm-handover'?)"},
        {GIVEN("2022-10-10 deviation-explained"), "7:5: nothing in this story has the id 'measure_id'"},
        {"protocol: convenant-2023\ndefaults: {municipality: gm0402}\nstories:\n- story: Een\n  norm: signing\n  region: gooi-en-vechtstreek\n  given:\n"
         "  - 2023-06-01 deviation-explained\n  clock: 2023-12-01\n  expect: []\n",
         "8:5: 'deviation-explained' must say which instance of signing it is about (instance: …)"},
        {GIVEN("2022-10-10 alert-acknowledged: {instance: case, rung: 3}"), "7:59: rung must be a number from 1 to 2, not '3'"},
        {GIVEN("2022-10-10 alert-acknowledged: {instance: case, to: gm}"), "7:57: no organisation is called 'gm'"},
        {STORY("  - 2022-10-10 measure-started\n  - 2022-10-09 protector-assigned\n", "2022-12-01", "    []\n"),
         "8:5: stands after something later; given is in order of time (use date: or occurred: for late news)"},
        {HEAD "- story: Een\n  routes: [measure-started]\n  given:\n  - 2022-10-10 term-agreed\n  clock: 2022-12-01\n  expect: []\n",
         "7:5: the story has no norm, so 'term-agreed' must say which norm it is about"},
        /* expectations */
        {EXPECT("2022-10-10 alarm: {to: gm0375}"),
         "10:5: nothing that is told is called 'alarm' (did you mean 'alert'?): copy, announcement, reminder, alert or resolved"},
        {EXPECT("2022-10-10 alert"), "10:5: must say to whom, as in '2022-10-18 alert: {to: gm0014}'"},
        {EXPECT("2022-10-10 alert: {rung: 1}"), "10:23: alert lacks the key 'to'"},
        {EXPECT("2022-10-10 alert: {to: gm375}"), "10:28: no organisation is called 'gm375' (did you mean 'gm0375'?)"},
        {EXPECT("2022-10-10 alert: {reason: MET_LATE, to: gm0375}"), "10:24: alert has no key 'reason'"},
        {EXPECT("2022-10-10 alert: {rung: 3, to: gm0375}"), "10:30: rung must be a number from 1 to 2, not '3'"},
        {EXPECT("2022-10-10 resolved: {to: gm0375}"), "10:26: resolved lacks the key 'reason'"},
        {EXPECT("2022-10-10 resolved: {reason: MET_LAAT, to: gm0375}"), "10:35: an alert is not resolved for 'MET_LAAT' (did you mean 'MET_LATE'?); it can be "
         "MET_IN_TIME, MET_LATE, EXPLAINED, LAPSED, WITHDRAWN, MOVED"},
        {EXPECT("2022-10-10 reminder: {due: 17 oktober, to: gm0375}"),
         "10:32: due '17 oktober' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {EXPECT("2022-10-10 reminder: {norm: warm-handover, to: gm0375}"), "10:33: the story does not look at the norm 'warm-handover'; name it under norm"},
        {EXPECT("2022-10-10 reminder: {instance: mesure_id, to: gm0375}"),
         "10:37: nothing in this story has the id 'mesure_id' (did you mean 'measure_id'?)"},
        {EXPECT("2022-10-10 copy: {to: gm0375}"), "10:22: copy lacks the key 'event'"},
        {EXPECT("2022-10-10 copy: {event: measure-started, to: gm0375}"),
         "10:30: the story does not look at copies of 'measure-started'; name it under routes"},
        {"protocol: ijmond-2022\nstories:\n- story: \"een\n", "4:1: the quotation mark of line 3 is not closed with another one before this"},
};

START_TEST(test_mistake) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct stories *stories = NULL;
        char line[1024];

        ck_assert_int_eq(read_text(mistake_rows[_i].text, &stories, &mistakes), -EINVAL);
        ck_assert_ptr_null(stories);
        (void) snprintf(line, sizeof(line), "s.stories.yaml:%s\n", mistake_rows[_i].mistake);
        assert_lines(&mistakes, line);
        mistakes_done(&mistakes);
}
END_TEST

/* --- stories without an event --- */

#define SILENT(clock, expect)                                                                                                          \
        "protocol: convenant-2023\nstories:\n- story: Stil\n  norm: signing\n  region: gooi-en-vechtstreek\n  given: []\n"              \
        "  clock: " clock "\n  expect:\n" expect
#define SIGNING "  - 2023-01-01 announcement: {instance: gm0402, to: gm0402}\n  - 2023-01-01 00:00 announcement: {instance: gm0406, to: gm0406}\n"

static const struct {
        bool alive;
        const char *text, *failures;
} silences[] = {
        {false, SILENT("2023-07-10", "    []\n"), ""}, /* it is not heard of before its first event */
        {false, SILENT("2023-07-10", "  - 2023-01-01 announcement: {instance: gm0406, to: gm0406}\n"),
         "s.stories.yaml:9:5: story 'Stil': expected 2023-01-01 announcement: {instance: gm0406, to: gm0406}; nothing like it was told: "
         "regio Gooi en Vechtstreek hoort niets voor haar eerste bericht (alive: true in organisations.yaml)\n"},
        {true, SILENT("2023-06-30", SIGNING), ""}, /* from the midnight on which the protocol begins */
        {true, SILENT("2023-07-01", SIGNING "  - 2023-07-01 00:00 alert: {instance: gm0402, to: [gm0402, region-gooi]}\n"
                                            "  - 2023-07-01 00:00 alert: {instance: gm0406, to: [gm0406, region-gooi]}\n"), ""},
        {true, SILENT("2022-12-31", "    []\n"), ""}, /* a clock that stops before it */
        /* The region beside it is no business of this one. */
        {true, "protocol: convenant-2023\nstories:\n- story: Stil\n  norm: signing\n  region: amstelland\n  given: []\n  clock: 2023-07-10\n"
               "  expect: []\n", ""},
        /* An event of before it begins the clock. */
        {true, "protocol: convenant-2023\ndefaults: {municipality: gm0402, gi: gi-duin}\nstories:\n- story: Eerder\n  norm: signing\n"
               "  region: gooi-en-vechtstreek\n  given:\n  - 2022-12-01 protocol-adopted: {protocol: gooi-2022, partner: gm0362}\n"
               "  clock: 2023-06-30\n  expect:\n" SIGNING, ""},
};

START_TEST(test_silence) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct stories *stories = NULL;
        int r;

        /* Ours to change: nobody has looked at it yet. */
        ((struct region *)regions_find(config->organisations, text_of("gooi-en-vechtstreek")))->alive = silences[_i].alive;
        ck_assert_msg(read_text(silences[_i].text, &stories, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        r = story_play(stories, &stories->items[0], config, &mistakes);
        ck_assert_int_eq(r, silences[_i].failures[0] ? STORY_E_FAILED : 0);
        assert_lines(&mistakes, silences[_i].failures);
        stories_free(stories);
        mistakes_done(&mistakes);
}
END_TEST

START_TEST(test_no_file) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct stories *stories = NULL;
        char path[SCRATCH_PATH];

        ck_assert_int_eq(stories_read(scratch_path(&folder, "none.yaml", path), config, &stories, &mistakes), -EINVAL);
        ck_assert_uint_eq(mistakes.n, 1);
        ck_assert_ptr_nonnull(strstr(buffer_text(&mistakes.text), "none.yaml"));
        mistakes_done(&mistakes);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("story");
        TCase *tc = tcase_create("story");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_loop_test(tc, test_play, 0, ELEMENTS(plays));
        tcase_add_test(tc, test_lines_of_replay);
        tcase_add_test(tc, test_labels);
        tcase_add_loop_test(tc, test_mistake, 0, ELEMENTS(mistake_rows));
        tcase_add_loop_test(tc, test_silence, 0, ELEMENTS(silences));
        tcase_add_test(tc, test_no_file);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
