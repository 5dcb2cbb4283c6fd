/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a fact that comes behind those which decide already is told about as any other, and takes no more time for how many of its like there are.
 * Method: facts by a printed seed, judged by an engine as it is and by one that never takes a fact for covered: both must tell the same. And a case
 * that is full of one kind of fact, in which it is counted how many facts are decoded for one more: counted, not timed.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/case.h"
#include "engine/cover.h"
#include "engine/engine.h"
#include "engine/obligation.h"
#include "model/lines.h"

#define SEEDS 300
#define FACTS 80
#define MEASURES 2
#define COSTLY_MAX 20 /* events on whose way something fell due, which looks at the whole case */
#define BEGIN ((instant_t)1736164800000) /* 6 January 2025, 12:00Z */
#define LINKED 1500
#define LINKED_WITHOUT 300 /* one of so many has no id */
#define CASE "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"

static struct config *config;
static struct arena *arena;

struct side { /* an engine, its case, and all that it told */
        struct engine *engine;
        struct store *store;
        struct buffer told;
};

static void setup(void) {
        const char *root = getenv("PROJECT_ROOT");
        struct mistakes mistakes = MISTAKES_INIT;
        char path[512], schemas[512];

        (void) snprintf(path, sizeof(path), "%s/config", root);
        (void) snprintf(schemas, sizeof(schemas), "%s/schemas", root);
        ck_assert_msg(config_read(path, schemas, &config, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        ck_assert_int_eq(arena_new(&arena, (size_t)1 << 22), 0);
}

static void teardown(void) {
        arena = arena_free(arena);
        config = config_free(config);
}

static void side_open(struct side *s) {
        *s = (struct side){.told = BUFFER_INIT((size_t)1 << 24)};
        ck_assert_int_eq(engine_new(config, &s->engine), 0);
        ck_assert_int_eq(store_new(s->engine, &s->store), 0);
}

static void side_close(struct side *s) {
        buffer_done(&s->told);
        store_free(s->store);
        engine_free(s->engine);
}

static void side_never_covers(struct side *s) {
        for (size_t t = 0; t < event_types_count(config->types); t++)
                s->engine->scope.bearings[t].cover = 0;
}

static void side_told(struct side *s, const struct outcome *outcome) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                const struct telling *told = &outcome->effects[i].told;
                char id[UUID_TEXT + 1];

                uuid_format(&told->event_id, id);
                buffer_printf(&s->told, "%d %s %.*s %.*s %lld %d\n", (int)outcome->effects[i].kind, id, (int)told->organisation.n, told->organisation.s,
                              (int)told->norm.n, told->norm.n ? told->norm.s : "", (long long)told->recorded_at, (int)told->due_date);
        }
        store_commit(s->store);
}

static void side_advance(struct side *s, instant_t until) {
        const struct outcome *outcome;
        struct casefile *casefile;
        instant_t at;

        while ((at = store_next(s->store, &casefile)) <= until && casefile) {
                ck_assert_int_eq(engine_evaluate(s->engine, s->store, casefile, at == INSTANT_TOUCHED ? until : at, &outcome), 0);
                side_told(s, outcome);
        }
}

/* The event of a line, at its recorded_at, on each of @n sides. */
static void accept_line(const char *json, struct side *const *sides, size_t n) {
        struct line line;

        line_parse(config->types, config->organisations, text_of(json), LANGUAGE_EN, arena, &line);
        ck_assert_msg(line.kind == LINE_EVENT, "%s: %s", json, line.error.text);
        for (size_t i = 0; i < n; i++) {
                instant_t now = line.event.slots[SLOT_RECORDED_AT].i;
                const struct outcome *outcome;
                struct error err = {0};

                side_advance(sides[i], now);
                ck_assert_msg(engine_event(sides[i]->engine, sides[i]->store, &line.event, now, true, &outcome, &err) == 0, "%s", err.text);
                side_told(sides[i], outcome);
        }
        line_done(&line);
        arena_reset(arena);
}

/* What all events begin with. */
static int write_head(char *to, size_t size, const char *event, unsigned id, unsigned measure, instant_t occurred, instant_t recorded) {
        char at[2][INSTANT_TEXT + 1];

        instant_format(occurred, at[0]);
        instant_format(recorded, at[1]);
        return snprintf(to, size,
                        "{\"event\":\"%s\",\"event_id\":\"%08x-1111-4111-8111-111111111111\",\"case_id\":\"" CASE "\",\"source\":\"gi-jbn\","
                        "\"occurred_at\":\"%s\",\"recorded_at\":\"%s\",\"measure_id\":\"22222222-1111-4111-8111-%012u\",",
                        event, id, at[0], at[1], measure);
}

static void accept_measure(unsigned measure, struct side *const *sides, size_t n) {
        char json[1024];
        int at = write_head(json, sizeof(json), "measure-started", measure, measure, BEGIN, BEGIN);

        (void) snprintf(json + at, sizeof(json) - (size_t)at,
                        "\"kind\":\"OTS\",\"verdict_date\":\"2025-01-06\",\"informed_date\":\"2025-01-06\",\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\"}");
        accept_line(json, sides, n);
}

static unsigned draw(unsigned *seed, unsigned n) {
        return (unsigned)rand_r(seed) % n;
}

/* A contact, or somebody who is assigned: in time, late, long ago, of the one measure or the other, of every kind. */
static void accept_drawn(unsigned *seed, instant_t recorded, struct side *const *sides, size_t n) {
        static const char *const events[] = {"first-contact-held", "protector-assigned", "plan-made"};
        static const char *const truth[] = {"false", "true"};
        static const char *const roles[] = {"FIXED", "CCP", "DUTY_DESK"}, *const reasons[] = {"FIRST", "TURNOVER", "ILLNESS", "OTHER"};
        static const char *const plans[] = {"SAFETY", "JOINT"};
        unsigned kind = draw(seed, 3), back = draw(seed, 12), ahead = draw(seed, 2);
        instant_t occurred = recorded - (instant_t)draw(seed, 3) * DAY_MS;
        char json[1024], day[INSTANT_TEXT + 1];
        int at = write_head(json, sizeof(json), events[kind], 0x10000000u + draw(seed, 0x40000000), draw(seed, MEASURES), occurred, recorded);
        size_t room = sizeof(json) - (size_t)at;

        instant_format(recorded + (ahead - (instant_t)back) * DAY_MS, day);
        day[10] = '\0';
        if (kind == 0)
                (void) snprintf(json + at, room, "\"date\":\"%s\",\"worker\":\"jb-1\",\"with_child\":%s,\"with_parent\":%s}", day, truth[draw(seed, 2)],
                                truth[draw(seed, 2)]);
        else if (kind == 1)
                (void) snprintf(json + at, room, "\"date\":\"%s\",\"worker\":\"jb-1\",\"role\":\"%s\",\"working_with_family\":%s,\"reason\":\"%s\"%s}", day,
                                roles[draw(seed, 3)], truth[draw(seed, 2)], reasons[draw(seed, 4)], draw(seed, 2) ? ",\"deputy\":\"jb-2\"" : "");
        else
                (void) snprintf(json + at, room, "\"date\":\"%s\",\"kind\":\"%s\",\"with_family\":true,\"with_network\":true,\"with_professionals\":true,"
                               "\"with_local_team\":%s,\"roles_named\":true}", day, plans[draw(seed, 2)], truth[draw(seed, 2)]);
        accept_line(json, sides, n);
}

START_TEST(what_is_covered_is_told_as_all) {
        unsigned spared = 0;

        for (unsigned seed = 1; seed <= SEEDS; seed++) {
                struct side is, whole, *const sides[] = {&is, &whole};
                instant_t now = BEGIN;
                unsigned state = seed;

                side_open(&is);
                side_open(&whole);
                side_never_covers(&whole);
                for (unsigned m = 0; m < MEASURES; m++)
                        accept_measure(m, sides, ELEMENTS(sides));
                for (unsigned i = 0; i < FACTS; i++) {
                        now += (instant_t)draw(&state, 3) * DAY_MS + 60000;
                        accept_drawn(&state, now, sides, ELEMENTS(sides));
                }
                for (size_t i = 0; i < ELEMENTS(sides); i++)
                        side_advance(sides[i], now + 400 * DAY_MS);
                ck_assert_msg(strcmp(buffer_text(&is.told), buffer_text(&whole.told)) == 0, "seed %u: told otherwise than by who looks at all", seed);
                spared += is.engine->decoded < whole.engine->decoded;
                side_close(&is);
                side_close(&whole);
        }
        ck_assert_uint_gt(spared, SEEDS / 2);
}
END_TEST

START_TEST(time_does_not_grow_with_the_case) {
        struct side s, *const sides[] = {&s};
        unsigned costly = 0;
        char json[1024];

        side_open(&s);
        accept_measure(0, sides, 1);
        for (unsigned i = 1; i < CASE_FACTS_MAX; i++) {
                instant_t at = BEGIN + i * (instant_t)60000;
                uint64_t before = s.engine->decoded;
                int n = write_head(json, sizeof(json), "first-contact-held", i, 0, at, at);
                char day[INSTANT_TEXT + 1];

                instant_format(at, day);
                (void) snprintf(json + n, sizeof(json) - (size_t)n, "\"date\":\"%.10s\",\"worker\":\"jb-1\",\"with_child\":true,\"with_parent\":true}", day);
                accept_line(json, sides, 1);
                costly += s.engine->decoded - before > COVER_LOOKS_MAX;
        }
        ck_assert_uint_eq(store_stats(s.store).facts, CASE_FACTS_MAX);
        ck_assert_msg(costly <= COSTLY_MAX, "%u events looked at more than %d facts", costly, COVER_LOOKS_MAX);
        side_close(&s);
}
END_TEST

/* Facts of one type by the hundred, some without the id by which others are told apart: who asks for those that join one looks at few others. */
START_TEST(a_search_does_not_grow_with_the_case) {
        struct side s, *const sides[] = {&s};
        const struct event_type *type = event_types_find(config->types, text_of("help-waitlisted"));
        size_t looked = 0, joined = 0, found = 0;
        const struct fact_list *list;
        struct uuid case_id;
        struct view v;

        ck_assert(uuid_parse(CASE, UUID_TEXT, &case_id));
        side_open(&s);
        accept_measure(0, sides, 1);
        for (unsigned i = 1; i <= LINKED; i++) {
                instant_t at = BEGIN + i * (instant_t)60000;
                char json[1024], id[64] = "null";
                int n = write_head(json, sizeof(json), "help-waitlisted", i, 0, at, at);

                if (i % LINKED_WITHOUT)
                        (void) snprintf(id, sizeof(id), "\"33333333-1111-4111-8111-%012u\"", i / 2);
                (void) snprintf(json + n, sizeof(json) - (size_t)n, "\"referral_id\":%s,\"date\":\"2025-01-06\",\"reason\":\"QUEUE\"}", id);
                accept_line(json, sides, 1);
        }
        arena_reset(s.engine->arena);
        ck_assert_int_eq(view_open(&v, s.engine, s.store, store_find(s.store, &case_id), BEGIN + DAY_MS), 0);
        list = view_list(&v, type);
        ck_assert_uint_eq(list->n, LINKED);
        for (size_t i = 0; i < list->n; i++) {
                struct fact_search search = facts_joining(&v, type, list->items[i]);
                const struct fact *fact, *before = NULL;

                for (size_t j = 0; j < list->n; j++)
                        joined += facts_join(list->items[i], list->items[j]);
                for (; (fact = fact_search_next(&search)); before = fact) {
                        ck_assert(!before || before->recorded_at < fact->recorded_at);
                        looked++;
                        found += facts_join(list->items[i], fact);
                }
        }
        ck_assert_uint_eq(found, joined);
        ck_assert_uint_le(looked, joined + FACT_SEARCHES * list->n + 4 * list->n);
        side_close(&s);
}
END_TEST

/* What meets an extension first, by looking at all of them. */
static const struct fact *first_extension(const struct view *v, const struct obligation *o) {
        const struct fact_list *list = view_list(v, o->start->type);
        const struct fact *best = NULL;

        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];

                if (fact == o->start || fact->own < o->start->own || fact->own > v->today)
                        continue;
                if (!best || fact->own < best->own || (fact->own == best->own && uuid_compare(&fact->event_id, &best->event_id) < 0))
                        best = fact;
        }
        return best;
}

/* Extensions of one measure, dated in any order: each is met by the first that follows it, however many there are. */
START_TEST(what_meets_first_is_found_among_many) {
        struct side s, *const sides[] = {&s};
        struct uuid case_id;
        unsigned seed = 7, compared = 0;
        struct view v;

        ck_assert(uuid_parse(CASE, UUID_TEXT, &case_id));
        side_open(&s);
        accept_measure(0, sides, 1);
        for (unsigned i = 1; i <= LINKED / 5; i++) {
                instant_t at = BEGIN + (i + 60) * DAY_MS;
                char json[1024], day[INSTANT_TEXT + 1], end[INSTANT_TEXT + 1];
                int n = write_head(json, sizeof(json), "measure-extended", 0x10000000u + draw(&seed, 0x40000000), 0, at, at);

                instant_format(at - (instant_t)draw(&seed, 60) * DAY_MS, day);
                instant_format(at + (instant_t)draw(&seed, 300) * DAY_MS, end);
                (void) snprintf(json + n, sizeof(json) - (size_t)n, "\"date\":\"%.10s\",\"ends_on\":\"%.10s\",\"help_was_late\":false}", day, end);
                accept_line(json, sides, 1);
        }
        arena_reset(s.engine->arena);
        ck_assert_int_eq(view_open(&v, s.engine, s.store, store_find(s.store, &case_id), BEGIN + (LINKED / 5 + 30) * DAY_MS), 0);
        view_obligations(&v);
        for (size_t i = 0; i < v.n_obligations; i++) {
                const struct obligation *o = &v.obligations[i];

                if (strcmp(o->norm->name, "extension-ends") != 0)
                        continue;
                ck_assert_ptr_eq(o->met, first_extension(&v, o));
                compared += o->met != NULL;
        }
        ck_assert_uint_gt(compared, LINKED / 10);
        side_close(&s);
}
END_TEST

int main(void) {
        TCase *cases = tcase_create("cover");
        Suite *suite = suite_create("cover");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(cases, setup, teardown);
        tcase_add_test(cases, what_is_covered_is_told_as_all);
        tcase_add_test(cases, time_does_not_grow_with_the_case);
        tcase_add_test(cases, a_search_does_not_grow_with_the_case);
        tcase_add_test(cases, what_meets_first_is_found_among_many);
        tcase_set_timeout(cases, 60);
        suite_add_tcase(suite, cases);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
