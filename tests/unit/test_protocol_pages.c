/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an agreement can be read without its file: everything that stands in it is on its page, in words and as a picture with a table, and what a new
 * version changed is marked.
 * Method: the agreements of the project and of the examples over HTTP; each key of each norm looked for; versions that differ in what is known.
 */

#include <jansson.h>

#include "bus/memory.h"
#include "cluster/topics.h"
#include "console_fixture.h"
#include "console/pictures/picture_ladder.h"
#include "model/norm_words.h"
#include "shared_bus.h"
#include "story_fixture.h"

static struct config *config;
static struct console console;
static struct console_site site;
static struct memory *memory;
static struct shared_bus shared;
static struct replica *replica; /* of no case: every page says how it stands */

static void begin(const char *folder) {
        static const struct console_settings settings;
        const struct clock clock = clock_system();
        struct error err = {0};

        config = story_config(folder);
        ck_assert_int_eq(memory_new(clock, &memory), 0);
        ck_assert_int_eq(memory_topic(memory, TOPIC_CASE_STATE, 1), 0);
        shared_bus_init(&shared, memory_bus(memory));
        ck_assert_msg(replica_new(&(struct replica_config){.config = config, .bus = &shared.bus, .clock = clock}, &replica, &err) == 0, "%s", err.text);
        console = (struct console){.config = config, .settings = &settings, .replica = replica};
        console_site_begin(&site, &console, INT64_C(1700000000000));
}

static void teardown(void) {
        console_site_end(&site);
        replica = replica_free(replica);
        shared_bus_done(&shared);
        memory = memory_free(memory);
        config = config_free(config);
}

static struct http_reply ask(const char *path, const char *language) {
        struct http_reply reply = console_site_ask(&site, "meta", NULL, path, NULL, language);

        ck_assert_msg(reply.status == 200, "%s: %ld", path, reply.status);
        return reply;
}

static json_t *ask_json(const char *path) {
        struct http_reply reply = ask(path, NULL);
        json_t *object = json_loads(buffer_text(&reply.body), 0, NULL);

        ck_assert_ptr_nonnull(object);
        http_done(&reply);
        return object;
}

static size_t count(const char *in, const char *what) {
        size_t n = 0;

        for (; (in = strstr(in, what)); in += strlen(what))
                n++;
        return n;
}

static int expect_line(void *ctx, const struct norm_line *line) {
        struct buffer escaped = BUFFER_INIT(4 * NORM_WORDS_MAX);
        struct html h = HTML_WRITER(&escaped);

        html_text(&h, line->text);
        ck_assert_msg(console_site_says(ctx, buffer_text(&escaped)), "no '%s'", buffer_text(&escaped));
        buffer_done(&escaped);
        return 0;
}

/* Whoever goes from table to table by ear tells them apart. */
static void expect_captions_differ(const char *page) {
        for (const char *one = page; (one = strstr(one, "<caption ")); one++) {
                const char *text = strchr(one, '>') + 1;
                size_t n = strcspn(text, "<");

                for (const char *other = one; (other = strstr(other + 1, "<caption "));) {
                        const char *second = strchr(other, '>') + 1;

                        ck_assert_msg(strcspn(second, "<") != n || strncmp(text, second, n) != 0, "two tables are called %.*s", (int)n, text);
                }
        }
}

/* Each agreement, in both languages: its keys as words, and for each norm that tells something one picture and one table of as many steps. */
START_TEST(everything_stands_on_the_page) {
        static const char *const languages[] = {"nl", "en"};
        size_t pictures = 0;

        begin("config");
        for (size_t i = 0; i < 2 * config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i / 2];
                enum language language = i % 2 ? LANGUAGE_EN : LANGUAGE_NL;
                struct http_reply reply;
                char path[256];
                size_t tell = 0;

                (void) snprintf(path, sizeof(path), "/afspraken/%s", p->name);
                reply = ask(path, languages[i % 2]);
                for (size_t k = 0; k < p->n_norms; k++) {
                        ck_assert_int_eq(norm_say(&p->norms[k], language, expect_line, &reply), 0);
                        tell += picture_ladder_some(&p->norms[k]);
                }
                ck_assert_uint_eq(count(buffer_text(&reply.body), "<svg"), tell);
                ck_assert_uint_eq(count(buffer_text(&reply.body), "<desc>"), tell);
                ck_assert_uint_eq(count(buffer_text(&reply.body), "<caption id=\"ladder-"), tell);
                ck_assert_uint_eq(count(buffer_text(&reply.body), " style="), 0);
                expect_captions_differ(buffer_text(&reply.body));
                pictures += tell;
                http_done(&reply);
        }
        ck_assert_uint_gt(pictures, 20);
}
END_TEST

/* One norm to the letter: whoever reads it sees what the file says. */
START_TEST(a_norm_in_words) {
        static const char *const words[] = {
                "norm van de inspecties: S3 norm 1 (tijdig); Besluit Jeugdwet 4.2.2",
                "Start van een kinderbeschermingsmaatregel of jeugdreclassering (measure-started), vanaf informed_date",
                "kind is niet PREVENTIEF of JR_VRIJWILLIG",
                ">5 werkdagen<",
                "als role is FIXED; of ",
                "2 werkdagen ervoor: GI",
                "1. meteen: GI, gemeente; 2. 5 werkdagen erna: account-holder",
                "aangenomen: geen bron zegt dit",
                "herinnering 1, 2 werkdagen ervoor: GI",
                "uiterste datum, 5 werkdagen",
                "trede 1, meteen als die om is: GI, gemeente",
                "trede 2, 5 werkdagen erna: account-holder",
                "<h4>Verhalen die het beproeven</h4>",
                "15 okt 2020</time> tot nader order",
                ">Groningen, Drenthe<",
        };
        struct http_reply reply;

        begin("config");
        reply = ask("/afspraken/inspectie-normen-2020", NULL);
        for (size_t i = 0; i < ELEMENTS(words); i++)
                ck_assert_msg(console_site_says(&reply, words[i]), "no '%s'", words[i]);
        http_done(&reply);
}
END_TEST

/* A second version of the agreement of Gooi: only what it changed is marked. */
START_TEST(versions_beside_each_other) {
        struct http_reply reply;
        const char *table, *end;
        size_t marked;

        begin("tests/stories/examples/config");
        reply = ask("/afspraken/gooi-2025", NULL);
        table = strstr(buffer_text(&reply.body), "id=\"versions-board-meeting\"");
        ck_assert_ptr_nonnull(table);
        ck_assert_ptr_nonnull(strstr(table, "gooi-2022, vanaf 1 jan 2022"));
        end = strstr(table, "</table>");
        marked = count(table, "<ins>") - count(end, "<ins>");
        ck_assert_uint_gt(marked, 0);
        ck_assert_uint_lt(marked, count(table, "<tr>") - count(end, "<tr>"));
        ck_assert_uint_eq(count(buffer_text(&reply.body), "anders dan daarvoor"), count(buffer_text(&reply.body), "<ins>"));
        http_done(&reply);
        reply = ask("/afspraken/landelijk", NULL); /* of which there is one */
        ck_assert(!console_site_says(&reply, "Versies naast elkaar"));
        http_done(&reply);
}
END_TEST

START_TEST(programs_read_them_too) {
        json_t *page, *norm;
        size_t seen = 0, i;
        char path[256] = "/api/protocols?limit=2";

        begin("config");
        for (;;) {
                json_t *list, *next;

                page = ask_json(path);
                list = json_object_get(page, "protocols");
                ck_assert_uint_le(json_array_size(list), 2);
                for (i = 0; i < json_array_size(list); i++, seen++)
                        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, i), "protocol")), config->protocols.items[seen]->name);
                next = json_object_get(page, "next");
                if (next)
                        (void) snprintf(path, sizeof(path), "/api/protocols?limit=2&after=%s", json_string_value(next));
                json_decref(page);
                if (!next)
                        break;
        }
        ck_assert_uint_eq(seen, config->protocols.n);
        page = ask_json("/api/protocols/inspectie-normen-2020");
        norm = json_array_get(json_object_get(page, "norms"), 0);
        ck_assert_str_eq(json_string_value(json_object_get(norm, "norm")), "protector-assigned");
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(norm, "rungs"), 1), "after")), "5 working days");
        ck_assert_uint_ge(json_array_size(json_object_get(norm, "stories")), 3);
        json_decref(page);
}
END_TEST

/* What is not configured is not there, and nothing of it is there for people of one organisation. */
START_TEST(not_there) {
        static const char *const paths[] = {"/afspraken", "/afspraken/inspectie-normen-2020", "/api/protocols", "/api/protocols/inspectie-normen-2020"};
        struct http_reply reply;

        begin("config");
        reply = console_site_ask(&site, "meta", NULL, "/afspraken/geen", NULL, NULL);
        ck_assert_int_eq(reply.status, 404);
        http_done(&reply);
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                reply = console_site_ask(&site, "meta zaak gegevens beheer", "gm0014", paths[i], NULL, NULL);
                ck_assert_int_eq(reply.status, 404);
                http_done(&reply);
        }
}
END_TEST

int main(void) {
        Suite *s = suite_create("protocol_pages");
        TCase *t = tcase_create("protocol_pages");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_checked_fixture(t, NULL, teardown);
        tcase_add_test(t, everything_stands_on_the_page);
        tcase_add_test(t, a_norm_in_words);
        tcase_add_test(t, versions_beside_each_other);
        tcase_add_test(t, programs_read_them_too);
        tcase_add_test(t, not_there);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
