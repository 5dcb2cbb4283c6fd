/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what the demonstration plays is the same on every run, valid by the checks that every event passes, and cut into
 * waves that nobody's order can change.
 * Method: generate years, read them back with the project's own schemas and organisations, and compare.
 */

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "demo/board.h"
#include "demo/tape.h"
#include "demo/year.h"
#include "model_fixture.h"

#define PATH_MAX_BYTES 512
#define YEAR_EVENTS 2536
#define YEAR_SUM UINT64_C(0xf6d08770d945336c)

struct world {
        struct event_types *types;
        struct organisations *orgs;
        struct mistakes mistakes;
};

static const char *in_project(const char *name, char ret[PATH_MAX_BYTES]) {
        const char *root = getenv("PROJECT_ROOT");

        (void) snprintf(ret, PATH_MAX_BYTES, "%s/%s", root ? root : ".", name);
        return ret;
}

static struct world world_new(void) {
        struct world w = {.mistakes = MISTAKES_INIT};
        char path[PATH_MAX_BYTES];

        ck_assert_int_eq(event_types_read(in_project("schemas", path), &w.types, &w.mistakes), 0);
        ck_assert_int_eq(organisations_read(in_project("config/organisations.yaml", path), &w.orgs, &w.mistakes), 0);
        return w;
}

static void world_done(struct world *w) {
        event_types_free(w->types);
        organisations_free(w->orgs);
        mistakes_done(&w->mistakes);
}

static struct tape year(uint64_t seed, unsigned cases) {
        struct tape tape;

        ck_assert_int_eq(tape_init(&tape), 0);
        ck_assert_int_eq(year_generate(seed, cases, &tape), 0);
        return tape;
}

#define YEARS 5 /* of other seeds */
START_TEST(test_every_event_is_valid) {
        struct world w = world_new();
        struct tape tape = year((uint64_t)_i + 1, 300);
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        for (size_t i = 0; i < tape.n; i++) {
                const struct tape_item *item = &tape.items[i];
                struct line line;

                arena_reset(arena);
                line_parse(w.types, w.orgs, item->json, LANGUAGE_EN, arena, &line);
                ck_assert_msg(line.kind == LINE_EVENT, "%s: %s", line.error.text, item->json.s);
                ck_assert_str_eq(line.event.type->name, item->event);
                ck_assert(text_is(line.event.slots[SLOT_SOURCE].s, item->source));
                ck_assert(uuid_equal(&line.event.slots[SLOT_CASE_ID].u, &item->case_id));
                ck_assert(line.event.slots[SLOT_OCCURRED_AT].i < line.event.slots[SLOT_RECORDED_AT].i);
                ck_assert(line.event.slots[SLOT_RECORDED_AT].i <= item->at);
                line_done(&line);
        }
        arena_free(arena);
        tape_done(&tape);
        world_done(&w);
}
END_TEST

static bool same(const struct tape *a, const struct tape *b) {
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++) {
                if (a->items[i].at != b->items[i].at || !text_equal(a->items[i].json, b->items[i].json))
                        return false;
        }
        return true;
}

START_TEST(test_a_seed_is_a_year) {
        struct tape a = year(7, 50), b = year(7, 50), c = year(8, 50);

        ck_assert(same(&a, &b));
        ck_assert(!same(&a, &c));
        tape_done(&a);
        tape_done(&b);
        tape_done(&c);
}
END_TEST

/* A fingerprint of the year as it is shipped: compilers and machines must agree on it. */
START_TEST(test_the_year_is_the_same_everywhere) {
        struct tape tape = year(YEAR_SEED_DEFAULT, YEAR_CASES_DEFAULT);
        uint64_t sum = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < tape.n; i++) {
                for (size_t k = 0; k < tape.items[i].json.n; k++)
                        sum = (sum ^ (uint8_t)tape.items[i].json.s[k]) * UINT64_C(0x100000001b3);
        }
        ck_assert_uint_eq(tape.n, YEAR_EVENTS);
        ck_assert_uint_eq(sum, YEAR_SUM);
        tape_done(&tape);
}
END_TEST

/* The events of one case, to compare it among others. */
static size_t events_of(const struct tape *tape, struct uuid case_id, uint64_t *ret_sum) {
        size_t n = 0;

        *ret_sum = 0;
        for (size_t i = 0; i < tape->n; i++) {
                if (!uuid_equal(&tape->items[i].case_id, &case_id))
                        continue;
                n++;
                for (size_t k = 0; k < tape->items[i].json.n; k++)
                        *ret_sum = *ret_sum * 31 + (uint8_t)tape->items[i].json.s[k];
        }
        return n;
}

START_TEST(test_a_case_depends_on_no_other) {
        struct tape few = year(3, 1), many = year(3, 60);
        uint64_t few_sum, many_sum;

        ck_assert_uint_gt(events_of(&few, year_story(3), &few_sum), 5);
        ck_assert_uint_eq(events_of(&few, year_story(3), &few_sum), events_of(&many, year_story(3), &many_sum));
        ck_assert_uint_eq(few_sum, many_sum);
        tape_done(&few);
        tape_done(&many);
}
END_TEST

START_TEST(test_a_year_has_everything) {
        static const char *const kinds[] = {"measure-started", "protector-assigned", "first-contact-held", "course-agreed", "referral-issued",
                                            "referral-answered", "help-waitlisted", "help-started", "help-judged", "deviation-explained",
                                            "obstruction-reported", "obstruction-step-taken", "incident-reported", "residence-changed",
                                            "event-withdrawn", "alert-acknowledged", "measure-ended", "handover-held", "court-decided",
                                            "allocation-requested", "help-ended"};
        struct tape tape = year(YEAR_SEED_DEFAULT, YEAR_CASES_DEFAULT);
        const char *const *sources;
        size_t n, again = 0;

        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
                bool found = false;

                for (size_t i = 0; i < tape.n; i++)
                        found = found || strcmp(tape.items[i].event, kinds[k]) == 0;
                ck_assert_msg(found, "no %s", kinds[k]);
        }
        for (size_t i = 1; i < tape.n; i++) {
                ck_assert_int_le(tape.items[i - 1].at, tape.items[i].at);
                for (size_t k = 0; k < i; k++)
                        again += text_equal(tape.items[k].json, tape.items[i].json);
        }
        ck_assert_uint_gt(again, 0); /* some are posted twice */
        ck_assert_int_eq(tape_sources(&tape, &sources, &n), 0);
        ck_assert_uint_eq(n, 16); /* three GIs, ten municipalities, the expert team, a provider, the council */
        ck_assert_str_eq(sources[n - 1], "rvdk");
        tape_done(&tape);
}
END_TEST

START_TEST(test_waves) {
        struct tape tape = year(YEAR_SEED_DEFAULT, 400);
        size_t from = 0, n;

        while ((n = tape_wave(&tape, from)) > 0) {
                const struct tape_item *first = &tape.items[from];

                ck_assert_uint_le(n, TAPE_WAVE_MAX);
                for (size_t i = 1; i < n; i++) {
                        ck_assert_int_eq(date_of_instant(first[i].at), date_of_instant(first->at));
                        for (size_t k = 0; k < i; k++)
                                ck_assert(!uuid_equal(&first[i].case_id, &first[k].case_id));
                }
                if (n < TAPE_WAVE_MAX && from + n < tape.n && date_of_instant(first[n].at) == date_of_instant(first->at)) {
                        bool known = false; /* it ended for a reason */

                        for (size_t k = 0; k < n; k++)
                                known = known || uuid_equal(&first[n].case_id, &first[k].case_id);
                        ck_assert(known);
                }
                from += n;
        }
        ck_assert_uint_eq(from, tape.n);
        tape_done(&tape);
}
END_TEST

struct refusals {
        uint64_t number[4];
        size_t n;
};

static void count_refusal(void *ctx, uint64_t number, const struct line *line) {
        struct refusals *refusals = ctx;

        ck_assert_int_eq(line->kind, LINE_REFUSED);
        ck_assert_uint_lt(refusals->n, 4);
        refusals->number[refusals->n++] = number;
}

static int read_text(struct tape *tape, const struct world *w, const char *text, struct refusals *refusals, struct error *err) {
        FILE *in = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
        int r;

        ck_assert_ptr_nonnull(in);
        ck_assert_int_eq(tape_init(tape), 0);
        r = tape_read(tape, in, w->types, w->orgs, count_refusal, refusals, err);
        ck_assert_int_eq(fclose(in), 0);
        return r;
}

#define CASE "\"case_id\":\"0b5f6f43-5f5c-4c2e-8f5e-0d5a3a3f9e01\",\"source\":\"gi-jbn\""
#define WAIVED(id, at) \
        "{\"event\":\"family-plan-waived\",\"event_id\":\"" id "\"," CASE ",\"occurred_at\":\"" at "\",\"recorded_at\":\"" at "\"," \
        "\"measure_id\":\"0b5f6f43-5f5c-4c2e-8f5e-0d5a3a3f9e02\",\"date\":\"2022-03-01\",\"reason\":\"PARENTS_DECLINE\"}\n"

START_TEST(test_a_file_of_ones_own) {
        struct world w = world_new();
        struct refusals refusals = {0};
        struct error err;
        struct tape tape;

        ck_assert_int_eq(read_text(&tape, &w,
                                   WAIVED("0b5f6f43-5f5c-4c2e-8f5e-0d5a3a3f9e03", "2022-03-02T10:00:00+01:00") "\nnonsense\n"
                                   WAIVED("0b5f6f43-5f5c-4c2e-8f5e-0d5a3a3f9e04", "2022-03-01T10:00:00+01:00")
                                   "{\"clock\":\"2022-05-01T00:00:00+02:00\"}\n",
                                   &refusals, &err), 0);
        ck_assert_uint_eq(refusals.n, 1);
        ck_assert_uint_eq(refusals.number[0], 3);
        ck_assert_uint_eq(tape.n, 3);
        ck_assert_str_eq(tape.items[0].source, "gi-jbn");
        ck_assert_int_eq(tape.items[1].at, tape.items[0].at); /* the clock never goes back */
        ck_assert_ptr_null(tape.items[2].source);
        ck_assert_uint_eq(tape_wave(&tape, 0), 1); /* one case: one after the other */
        ck_assert_uint_eq(tape_wave(&tape, 2), 1);
        ck_assert_uint_eq(tape_wave(&tape, 3), 0);
        tape_done(&tape);
        ck_assert_int_eq(read_text(&tape, &w, "\n\n", &refusals, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "no event"));
        tape_done(&tape);
        world_done(&w);
}
END_TEST

/* -- The board -- */

static void tell(struct board *board, const struct world *w, const char *type, const char *organisation, const char *stage) {
        struct slot slots[LAYOUT_SLOTS_MAX] = {0};
        struct event event = {.type = event_types_find(w->types, text_of(type)), .slots = slots};

        ck_assert_ptr_nonnull(event.type);
        slots[event.type->fields[FIELD_ORGANISATION]] = (struct slot){.kind = SLOT_STRING, .s = text_of(organisation)};
        for (size_t i = 0; i < event.type->layout->n; i++) {
                const struct layout_field *field = &event.type->layout->fields[i];

                if (strcmp(field->name, "stage") == 0)
                        slots[i] = (struct slot){.kind = SLOT_INT, .i = layout_symbol(field, text_of(stage))};
        }
        board_event(board, &event);
}

START_TEST(test_board_counts) {
        struct world w = world_new();
        struct buffer out = BUFFER_INIT(1 << 20), json = BUFFER_INIT(1 << 20);
        struct json_writer writer = JSON_WRITER(&json);
        struct board_counts counts;
        struct board board;
        const char *text;

        ck_assert_int_eq(board_init(&board, w.orgs), 0);
        tell(&board, &w, "plan-due", "gi-jbn", "ANNOUNCED");
        tell(&board, &w, "plan-due", "gi-jbn", "REMINDER");
        tell(&board, &w, "escalation-raised", "gi-jbn", "");
        tell(&board, &w, "escalation-raised", "gm1895", "");
        tell(&board, &w, "escalation-raised", "gm0014", "");
        tell(&board, &w, "escalation-raised", "gm0014", "");
        tell(&board, &w, "escalation-resolved", "gm0014", "");
        board_count(&board, BOARD_DEAD);
        board_count(&board, BOARD_RECEIVER_INBOX);
        counts = board_counts(&board);
        ck_assert_int_eq(counts.announced, 1);
        ck_assert_int_eq(counts.reminded, 1);
        ck_assert_int_eq(counts.raised, 4);
        ck_assert_int_eq(counts.resolved, 1);
        ck_assert_int_eq(counts.dead, 1);
        ck_assert_int_eq(counts.receiver_inbox, 1);
        board_alerts(&board, &out);
        text = buffer_text(&out);
        ck_assert_ptr_nonnull(strstr(text, "gm0014                        2        1        1   Groningen\n"));
        ck_assert(strstr(text, "gm0014") < strstr(text, "gm1895")); /* by id … */
        ck_assert(strstr(text, "gm1895") < strstr(text, "gi-jbn")); /* … municipalities first */
        jsonw_open_object(&writer);
        board_alerts_json(&board, &writer);
        jsonw_close_object(&writer);
        ck_assert_str_eq(buffer_text(&json), "{\"gm0014\":{\"raised\":2,\"resolved\":1,\"open\":1},\"gm1895\":{\"raised\":1,\"resolved\":0,\"open\":1},"
                                             "\"gi-jbn\":{\"raised\":1,\"resolved\":0,\"open\":1}}");
        buffer_done(&out);
        buffer_done(&json);
        board_done(&board);
        world_done(&w);
}
END_TEST

/* However many are told, the table stays within its lines: what has no row of its own is added up. */
START_TEST(test_board_table_is_bounded) {
        struct world w = world_new();
        struct buffer out = BUFFER_INIT(1 << 20);
        const struct board_now now = {.clock = date_begin(date_from_ymd(2022, 5, 17)), .posted = 3, .events = 9, .receiver = "gm0014"};
        struct board board;
        unsigned lines, ends = 0;

        ck_assert_int_eq(board_init(&board, w.orgs), 0);
        for (size_t i = 0; i < organisations_count(w.orgs); i++)
                tell(&board, &w, "escalation-raised", organisations_at(w.orgs, i)->id, "");
        board_table(&board, &now, true, &out, &lines);
        for (const char *at = buffer_text(&out); (at = strchr(at, '\n')); at++)
                ends++;
        ck_assert_uint_eq(lines, ends);
        ck_assert_uint_le(lines, BOARD_ROWS_MAX + 5);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "Tue 2022-05-17   events in 3 of 9"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "  others"));
        buffer_clear(&out);
        board_line(&board, &now, &out);
        ck_assert_ptr_eq(strchr(buffer_text(&out), '\n') + 1, buffer_text(&out) + out.n);
        buffer_done(&out);
        board_done(&board);
        world_done(&w);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("demo");
        TCase *tcase = tcase_create("tape");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, test_every_event_is_valid, 0, YEARS);
        tcase_add_test(tcase, test_a_seed_is_a_year);
        tcase_add_test(tcase, test_the_year_is_the_same_everywhere);
        tcase_add_test(tcase, test_a_case_depends_on_no_other);
        tcase_add_test(tcase, test_a_year_has_everything);
        tcase_add_test(tcase, test_waves);
        tcase_add_test(tcase, test_a_file_of_ones_own);
        tcase_add_test(tcase, test_board_counts);
        tcase_add_test(tcase, test_board_table_is_bounded);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
