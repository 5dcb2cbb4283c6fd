/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a picture can be read by whoever does not see it, says nothing that its table does not say, and stays within bounds, however much there is.
 * Method: stories played, their cases drawn; the bytes taken apart.
 */

#include <string.h>

#include "console/pages/case_scene.h"
#include "story_fixture.h"

#define PAGE_MAX ((size_t)4 << 20)

static struct config *config;
static struct replay *replay;
static struct arena *arena;
static struct buffer drawn, table;

static size_t count(const char *in, const char *what) {
        size_t n = 0;

        for (; (in = strstr(in, what)); in += strlen(what))
                n++;
        return n;
}

static void setup(void) {
        ck_assert_int_eq(arena_new(&arena, (size_t)64 << 20), 0);
        drawn = (struct buffer)BUFFER_INIT(PAGE_MAX);
        table = (struct buffer)BUFFER_INIT(PAGE_MAX);
}

static void teardown(void) {
        buffer_done(&drawn);
        buffer_done(&table);
        arena = arena_free(arena);
        replay = replay_free(replay);
        config = config_free(config);
}

/* Both forms, and what holds for every picture: title and description in an image, no style, elements that are ended, one description of the table. */
static void draw(const struct picture_life *p) {
        struct html h = HTML_WRITER(&drawn);
        const char *text;

        buffer_clear(&drawn);
        buffer_clear(&table);
        picture_life_draw(&h, p);
        ck_assert_uint_eq(h.depth, 0);
        h = (struct html)HTML_WRITER(&table);
        ck_assert_int_eq(picture_life_table(&h, p), 0);
        ck_assert_uint_eq(h.depth, 0);
        text = buffer_text(&drawn);
        ck_assert_uint_eq(count(text, "role=\"img\""), 1);
        ck_assert_uint_eq(count(text, "<title>"), 1);
        ck_assert_uint_eq(count(text, "<desc>"), 1);
        ck_assert_uint_eq(count(text, p->language == LANGUAGE_NL ? "De tabel hieronder heeft dezelfde gegevens" : "The table below has the same data"), 1);
        ck_assert_uint_eq(count(text, "aria-hidden=\"true\""), 1);
        ck_assert_uint_eq(count(text, " style="), 0);
        ck_assert_uint_eq(count(text, " id="), 1);
        ck_assert_uint_eq(count(text, "nan") + count(text, "inf\""), 0);
        ck_assert_uint_eq(count(buffer_text(&table), "<caption"), 1);
}

static struct life life;

static struct picture_life scene_of(const char *configuration, const char *file, const char *case_id, enum language language) {
        const struct life_obligation **order;
        struct picture_life p;
        struct uuid id;

        config = story_config(configuration);
        replay = story_play(config, file, story_untold, NULL);
        ck_assert(uuid_parse(case_id, UUID_TEXT, &id));
        ck_assert_int_eq(life_open(&life, replay_engine(replay), replay_store(replay), store_find(replay_store(replay), &id), replay_now(replay), NULL), 0);
        order = case_in_order(&life, arena);
        ck_assert_ptr_nonnull(order);
        ck_assert_int_eq(case_scene_of_life(&life, order, 50, language, arena, &p), 0);
        return p;
}

#define EXAMPLES "tests/stories/examples/config"
#define MOVED "tests/stories/examples/05-moved/events.jsonl"
#define MOVED_CHILD "64c188d3-1bba-5277-be45-b2ec809548e2"

/* A child that moved while an alert was open: each thing that happened stands in the table with its date, and each lane in the picture. */
START_TEST(a_case_and_its_table) {
        struct picture_life p = scene_of(EXAMPLES, MOVED, MOVED_CHILD, LANGUAGE_NL);
        static const char *const rows[] = {
                "4 mrt 2024</time></th><td>vanaf hier verantwoordelijk: ",
                "20 mrt 2024</time></th><td>vanaf hier verantwoordelijk: ",
                ">aangekondigd<", ">herinnering verstuurd (1)<", "uiterste datum", ">begin<",
                "open melding (1): ", "open melding (2): ", "melding opgelost (1): ", "melding opgelost (2): ",
                "Start van een kinderbeschermingsmaatregel of jeugdreclassering", ">niet gehaald<", "href=\"#obligation-1\"",
        };

        draw(&p);
        ck_assert_uint_eq(p.n_lanes, life.n_obligations);
        ck_assert_uint_eq(p.n_stays, 2);
        ck_assert(p.lanes[0].open);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                ck_assert_msg(strstr(buffer_text(&table), rows[i]), "no '%s' in %s", rows[i], buffer_text(&table));
        for (size_t i = 0; i < p.n_lanes; i++)
                ck_assert_ptr_nonnull(strstr(buffer_text(&drawn), p.lanes[i].title));
        ck_assert_ptr_nonnull(strstr(buffer_text(&drawn), ">nu<"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&drawn), "uiterlijk 11 mrt 2024"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&drawn), ">mrt 2024<") ?: strstr(buffer_text(&drawn), "11 mrt 2024<"));
}
END_TEST

/* As many rows as there are things in the picture: not one is told only to who sees. */
START_TEST(nothing_is_only_in_the_picture) {
        struct picture_life p = scene_of(EXAMPLES, MOVED, MOVED_CHILD, LANGUAGE_EN);
        size_t expected = p.n_stays, points = 0, rows;

        draw(&p);
        points = count(buffer_text(&drawn), "<circle");
        for (size_t i = 0; i < p.n_lanes; i++)
                expected += p.lanes[i].n_marks + 1 + (p.lanes[i].due != 0);
        rows = count(buffer_text(&table), "<tr>") - 1;
        ck_assert_uint_eq(rows, expected + points);
        ck_assert_uint_gt(points, 0);
}
END_TEST

/* Ten thousand messages, and more obligations and rungs than fit: few points, and numbers that add up. */
START_TEST(too_much_is_put_together) {
        const instant_t begin = INT64_C(1700000000000);
        struct picture_life_fact *facts = arena_calloc(arena, 10000, sizeof(*facts));
        struct picture_life_lane *lanes = arena_calloc(arena, PICTURE_LIFE_LANES, sizeof(*lanes));
        struct picture_life p = {.id = "life", .language = LANGUAGE_NL, .now = begin + 400 * INSTANT_DAY, .facts = facts, .n_facts = 10000, .lanes = lanes,
                                 .n_lanes = PICTURE_LIFE_LANES, .left_out = 7};
        size_t told = 0;

        for (size_t i = 0; i < p.n_facts; i++)
                facts[i] = (struct picture_life_fact){begin + (instant_t)(i * i) * 300, "bericht"};
        for (size_t i = 0; i < p.n_lanes; i++)
                lanes[i] = (struct picture_life_lane){.title = "<Titel>", .status = "loopt", .from = begin, .due = begin + 6570 * INSTANT_DAY, .left_out = 1};
        draw(&p);
        ck_assert_uint_le(count(buffer_text(&drawn), "<circle"), PICTURE_LIFE_PLACES);
        ck_assert_uint_lt(drawn.n, 60000);
        for (const char *at = buffer_text(&table); (at = strstr(at, " berichten<")); at++) {
                const char *digits = at;

                while (digits[-1] >= '0' && digits[-1] <= '9')
                        digits--;
                told += strtoul(digits, NULL, 10);
        }
        told += count(buffer_text(&table), "<td>bericht<");
        ck_assert_uint_eq(told, 10000);
        ck_assert_ptr_nonnull(strstr(buffer_text(&table), "Nog 7 verplichtingen staan niet in het beeld"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&table), "40 herinneringen, treden en meldingen meer dan er passen"));
        ck_assert_uint_eq(count(buffer_text(&drawn), "<Titel>"), 0); /* escaped */
        /* A date far ahead leaves room for what happened. */
        ck_assert_uint_gt(count(buffer_text(&drawn), "<circle"), PICTURE_LIFE_PLACES / 3);
}
END_TEST

/* One moment is a picture too, and a case of which only the past is known has no present in it. */
START_TEST(little_is_a_picture_too) {
        const struct picture_life_fact fact = {INT64_C(1700000000000), "bericht"};
        struct picture_life p = {.id = "life", .language = LANGUAGE_EN, .now = fact.at + 3000 * INSTANT_DAY, .facts = &fact, .n_facts = 1};

        ck_assert(picture_life_some(&p));
        draw(&p);
        ck_assert_ptr_null(strstr(buffer_text(&drawn), ">now<"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&drawn), ">now, 31 Jan 2032, lies beyond<"));
        p.now = fact.at;
        draw(&p);
        ck_assert_ptr_nonnull(strstr(buffer_text(&drawn), ">now<"));
        p.n_facts = 0;
        ck_assert(!picture_life_some(&p));
}
END_TEST

/* What an organisation was told, and nothing of others. */
START_TEST(an_organisation_sees_its_part) {
        const struct organisation *of;
        struct picture_life p = scene_of(EXAMPLES, MOVED, MOVED_CHILD, LANGUAGE_NL);
        struct told told;
        struct uuid id;

        (void) p;
        of = organisations_find(config->organisations, TEXT_OF("gm0453"));
        ck_assert(uuid_parse(MOVED_CHILD, UUID_TEXT, &id));
        ck_assert_int_eq(told_open(&told, replay_engine(replay), replay_store(replay), store_find(replay_store(replay), &id), of, replay_now(replay)), 0);
        ck_assert_int_eq(case_scene_of_told(&told, LANGUAGE_NL, arena, &p), 0);
        draw(&p);
        ck_assert_uint_eq(p.n_lanes, 1);
        ck_assert_uint_eq(p.n_facts, 0);
        ck_assert_uint_eq(p.n_stays, 0);
        ck_assert_ptr_nonnull(strstr(buffer_text(&table), "melding opgelost (2): "));
        ck_assert_ptr_null(strstr(buffer_text(&table), "aangekondigd"));
        ck_assert_ptr_null(strstr(buffer_text(&table), "gi-noordzee"));
        ck_assert_ptr_null(strstr(buffer_text(&table), "region-"));
        told_done(&told);
}
END_TEST

/* -- Every case there is -- */

static size_t shown, shown_to_organisations;

static void draw_or_pass(const struct picture_life *p) {
        if (picture_life_some(p))
                draw(p);
}

static void draw_whole(struct casefile *casefile) {
        const struct life_obligation **order;
        struct picture_life p;

        ck_assert_int_eq(life_open(&life, replay_engine(replay), replay_store(replay), casefile, replay_now(replay), NULL), 0);
        order = case_in_order(&life, arena);
        ck_assert_ptr_nonnull(order);
        ck_assert_int_eq(case_scene_of_life(&life, order, 50, LANGUAGE_NL, arena, &p), 0);
        draw_or_pass(&p);
        shown += picture_life_some(&p);
}

static void draw_told(struct casefile *casefile, const struct organisation *of) {
        struct picture_life p;
        struct told told;

        ck_assert_int_eq(told_open(&told, replay_engine(replay), replay_store(replay), casefile, of, replay_now(replay)), 0);
        ck_assert_int_eq(case_scene_of_told(&told, LANGUAGE_NL, arena, &p), 0);
        ck_assert_int_eq(picture_life_some(&p), told_some(&told));
        draw_or_pass(&p);
        shown_to_organisations += told_some(&told);
        told_done(&told);
}

static void draw_story(const char *file) {
        struct casefile *casefile;

        replay = story_play(config, file, story_untold, NULL);
        for (size_t at = 0; (casefile = store_iterate(replay_store(replay), &at));) {
                arena_reset(arena);
                draw_whole(casefile);
                for (size_t i = 0; i < organisations_count(config->organisations); i++) {
                        arena_reset(arena);
                        draw_told(casefile, organisations_at(config->organisations, i));
                }
        }
        replay = replay_free(replay);
}

/* Breaches, regions, hours, repetitions, what never may be: whatever the stories bring about, it is drawn whole and for each organisation. */
START_TEST(every_case_of_every_story_is_drawn) {
        static const char *const stories[] = {
                "examples/01-deadline/events", "examples/02-late-news/events", "examples/03-corrections-and-bad-input/events",
                "examples/04-acknowledged/events", "examples/05-moved/events", "examples/06-terms/events", "examples/07-limit-and-due-with/events",
                "examples/08-hours/events", "examples/09-region/events", "examples/10-repeats-and-ages/events", "examples/11-sooner-and-partners/events",
                "examples/12-for-each/events",
        };
        char file[STORY_PATH_BYTES];

        config = story_config(EXAMPLES);
        for (size_t i = 0; i < ELEMENTS(stories); i++) {
                (void) snprintf(file, sizeof(file), "tests/stories/%s.jsonl", stories[i]);
                draw_story(file);
        }
        config = config_free(config);
        config = story_config("config");
        draw_story("tests/stories/inspection/events.jsonl");
        ck_assert_uint_gt(shown, 40);
        ck_assert_uint_gt(shown_to_organisations, 80);
}
END_TEST

int main(void) {
        Suite *s = suite_create("pictures");
        TCase *t = tcase_create("pictures");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, a_case_and_its_table);
        tcase_add_test(t, nothing_is_only_in_the_picture);
        tcase_add_test(t, too_much_is_put_together);
        tcase_add_test(t, little_is_a_picture_too);
        tcase_add_test(t, an_organisation_sees_its_part);
        tcase_add_test(t, every_case_of_every_story_is_drawn);
        tcase_set_timeout(t, 120);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
