/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the order in which facts arrive, how often and how late cannot change where a case ends up.
 * Method: the events of every worked example, shuffled and duplicated by a printed seed, with evaluations at random
 * moments in between; the end is compared with the same events read once, in order, and judged whole.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_fixture.h"
#include "base/file.h"
#include "base/vector.h"
#include "engine/case.h"
#include "engine/replay.h"
#include "engine/restore.h"
#include "engine/world.h"
#include "model/lines.h"

#define SEEDS 40
#define ARENA_MAX ((size_t)16 * 1024 * 1024)

static const char *const examples[] = {
        "01-deadline", "02-late-news", "03-corrections-and-bad-input", "04-acknowledged", "05-moved",               "06-terms",
        "07-limit-and-due-with", "08-hours", "09-region",              "10-repeats-and-ages", "11-sooner-and-partners", "12-for-each",
};

struct story {
        struct config *config;
        struct arena *arena;
        VECTOR(struct event) events; /* those that replay accepts */
        VECTOR(json_t *) objects;
        instant_t last;
};

static int untold(void *ctx, const struct outcome *outcome) {
        (void) ctx;
        (void) outcome;
        return 0;
}

static void story_read(struct story *s, const char *config, const char *path) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        struct replay *replay;
        char schemas[SCRATCH_PATH], *text, *line;
        size_t n;

        *s = (struct story){.last = INT64_MIN};
        ck_assert_msg(config_read(config, project_path("schemas", schemas), &s->config, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        ck_assert_int_eq(arena_new(&s->arena, ARENA_MAX), 0);
        ck_assert_int_eq(file_read(path, &text, &n, &err), 0);
        ck_assert_int_eq(replay_new(s->config, INSTANT_NEVER, untold, NULL, &replay), 0);
        for (char *rest = text; (line = strsep(&rest, "\n"));) {
                struct line l;

                line_parse(s->config->types, s->config->organisations, text_of(line), LANGUAGE_EN, s->arena, &l);
                if (l.kind == LINE_CLOCK && l.clock > s->last)
                        s->last = l.clock;
                if (l.kind == LINE_EVENT && replay_event(replay, &l.event, &err) == 0) {
                        ck_assert_int_eq(vector_push(&s->events, l.event), 0);
                        if (l.event.slots[SLOT_RECORDED_AT].i > s->last)
                                s->last = l.event.slots[SLOT_RECORDED_AT].i;
                }
                ck_assert_int_eq(vector_push(&s->objects, l.object), 0); /* texts point into it: kept to the end */
        }
        replay_free(replay);
        free(text);
        ck_assert_uint_gt(s->events.n, 0);
}

static void story_open(struct story *s, const char *example) {
        char path[SCRATCH_PATH], config[SCRATCH_PATH], events[128];

        snprintf(events, sizeof(events), "tests/stories/examples/%s/events.jsonl", example);
        story_read(s, project_path("tests/stories/examples/config", config), project_path(events, path));
}

static void story_close(struct story *s) {
        for (size_t i = 0; i < s->objects.n; i++)
                json_decref(s->objects.items[i]);
        vector_done(&s->objects);
        vector_done(&s->events);
        arena_free(s->arena);
        config_free(s->config);
}

struct end { /* where the cases stand: open alerts, and every fact */
        VECTOR(struct uuid) open;
        size_t facts;
};

static int by_id(const void *a, const void *b) {
        return uuid_compare(a, b);
}

static void end_of(struct store *store, struct end *end) {
        struct casefile *casefile;

        *end = (struct end){0};
        for (size_t i = 0; (casefile = store_iterate(store, &i));) {
                end->facts += casefile_facts(casefile);
                for (uint32_t j = 0; j < casefile->told.n_alerts; j++) {
                        if (casefile->told.alerts[j].open)
                                ck_assert_int_eq(vector_push(&end->open, casefile->told.alerts[j].id), 0);
                }
        }
        if (end->open.n)
                qsort(end->open.items, end->open.n, sizeof(*end->open.items), by_id);
}

static void settle(const struct story *s, struct end *end) {
        struct replay *replay;
        struct error err;

        ck_assert_int_eq(replay_new(s->config, s->last, untold, NULL, &replay), 0);
        for (size_t i = 0; i < s->events.n; i++)
                ck_assert_int_eq(replay_event(replay, &s->events.items[i], &err), 0);
        ck_assert_int_eq(replay_end(replay), 0);
        end_of(replay_store(replay), end);
        replay_free(replay);
}

static void evaluate_due(struct engine *engine, struct store *store, instant_t now) {
        const struct outcome *outcome;
        struct casefile *casefile;

        while (store_next(store, &casefile) <= now && casefile) {
                ck_assert_int_eq(engine_evaluate(engine, store, casefile, now, &outcome), 0);
                store_commit(store);
        }
}

/* Each event once or twice, in any order, told or not, sometimes rolled back first. */
static void shuffled(const struct story *s, unsigned seed, struct end *end) {
        instant_t now = s->events.items[0].slots[SLOT_RECORDED_AT].i - 100 * INSTANT_DAY;
        size_t total = s->events.n * 2, *order = calloc(total, sizeof(*order));
        const struct outcome *outcome;
        struct engine *engine;
        struct store *store;
        struct error err;

        ck_assert_int_eq(engine_new(s->config, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
        for (size_t i = 0; i < total; i++)
                order[i] = i % s->events.n;
        for (size_t i = total - 1; i > 0; i--) {
                size_t j = (size_t)rand_r(&seed) % (i + 1), k = order[i];

                order[i] = order[j];
                order[j] = k;
        }
        for (size_t i = 0; i < total; i++) {
                now += (s->last - now) / (instant_t)(total - i + 1) * (rand_r(&seed) % 3) / 2;
                if (rand_r(&seed) % 4 == 0) {
                        ck_assert_int_ge(engine_event(engine, store, &s->events.items[order[i]], now, true, &outcome, &err), 0);
                        store_rollback(store);
                }
                ck_assert_int_ge(engine_event(engine, store, &s->events.items[order[i]], now, rand_r(&seed) % 2, &outcome, &err), 0);
                store_commit(store);
                if (rand_r(&seed) % 2)
                        evaluate_due(engine, store, now);
        }
        evaluate_due(engine, store, s->last);
        end_of(store, end);
        store_free(store);
        engine_free(engine);
        free(order);
}

START_TEST(test_any_order_and_any_duplication_end_alike) {
        struct end want, got;
        struct story s;

        story_open(&s, examples[_i]);
        settle(&s, &want);
        for (unsigned seed = 1; seed <= SEEDS; seed++) {
                shuffled(&s, seed, &got);
                ck_assert_msg(got.facts == want.facts, "%s seed %u: %zu facts, not %zu", examples[_i], seed, got.facts, want.facts);
                ck_assert_msg(got.open.n == want.open.n, "%s seed %u: %zu open alerts, not %zu", examples[_i], seed, got.open.n, want.open.n);
                for (size_t i = 0; i < want.open.n; i++)
                        ck_assert_msg(uuid_equal(&got.open.items[i], &want.open.items[i]), "%s seed %u: other alerts are open", examples[_i], seed);
                vector_done(&got.open);
        }
        vector_done(&want.open);
        story_close(&s);
}
END_TEST

/*
 * An event evaluates what its type bears on and nothing else: the whole case, evaluated right behind it, has nothing to add and
 * is due at the same instant. Some events go without that, so that what they left is built upon.
 */
static void whole_agrees(const struct story *s, unsigned seed) {
        instant_t now = s->events.items[0].slots[SLOT_RECORDED_AT].i, at;
        const struct outcome *outcome;
        struct casefile *casefile;
        struct engine *engine;
        struct store *store;
        struct error err;

        ck_assert_int_eq(engine_new(s->config, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
        for (size_t i = 0; i < 3 * s->events.n; i++) {
                const struct event *event = &s->events.items[(size_t)rand_r(&seed) % s->events.n];

                now += (s->last - now) / 20 * (rand_r(&seed) % 3);
                ck_assert_int_ge(engine_event(engine, store, event, now, true, &outcome, &err), 0);
                if (rand_r(&seed) % 6 == 0)
                        store_rollback(store);
                else
                        store_commit(store);
                casefile = store_find(store, &event->slots[SLOT_CASE_ID].u);
                if (!casefile || rand_r(&seed) % 3 == 0)
                        continue;
                at = heap_at(&store->due, &casefile->slot);
                if (at <= now)
                        continue; /* a rollback: it is due anyway */
                ck_assert_int_eq(engine_evaluate(engine, store, casefile, now, &outcome), 0);
                ck_assert_msg(outcome->n_effects == 0 && outcome->n_rows == 0, "%s: the whole case has %zu effects more", event->type->name,
                              outcome->n_effects);
                ck_assert_msg(heap_at(&store->due, &casefile->slot) == at, "%s: the whole case is due at another instant", event->type->name);
                store_commit(store);
        }
        store_free(store);
        engine_free(engine);
}

START_TEST(test_what_an_event_bears_on_is_all_that_changes) {
        struct story s;

        story_open(&s, examples[_i]);
        for (unsigned seed = 1; seed <= SEEDS; seed++)
                whole_agrees(&s, seed);
        story_close(&s);
}
END_TEST

static void outcomes_equal(const struct outcome *a, const struct outcome *b, const char *what) {
        ck_assert_msg(a->n_effects == b->n_effects && a->n_rows == b->n_rows, "%s: %zu effects and %zu rows, plainly %zu and %zu", what, a->n_effects,
                      a->n_rows, b->n_effects, b->n_rows);
        for (size_t i = 0; i < a->n_effects; i++)
                ck_assert_msg(a->effects[i].kind == b->effects[i].kind && uuid_equal(&a->effects[i].told.event_id, &b->effects[i].told.event_id) &&
                                      text_equal(a->effects[i].told.text, b->effects[i].told.text),
                              "%s: effect %zu differs", what, i);
        for (size_t i = 0; i < a->n_rows; i++)
                ck_assert_msg(a->rows[i].n_value == b->rows[i].n_value && memcmp(a->rows[i].key, b->rows[i].key, a->rows[i].n_key) == 0 &&
                                      memcmp(a->rows[i].value, b->rows[i].value, a->rows[i].n_value) == 0,
                              "%s: row %zu differs", what, i);
}

/*
 * Norms that cannot hold where the child lives, or whose conditions on what starts them do not, are passed over (engine/starts.h): an engine that
 * goes into every norm says the same, event by event and at each instant for which either asked. It may ask for more of them.
 */
static void plain_agrees(const struct story *s, unsigned seed) {
        instant_t now = s->events.items[0].slots[SLOT_RECORDED_AT].i - 10 * INSTANT_DAY;
        struct engine *engines[2];
        struct store *stores[2];
        struct error err;

        for (size_t e = 0; e < 2; e++) {
                ck_assert_int_eq(engine_new(s->config, &engines[e]), 0);
                ck_assert_int_eq(store_new(engines[e], &stores[e]), 0);
        }
        engines[1]->plain = true;
        for (size_t i = 0; i < 3 * s->events.n; i++) {
                const struct event *event = &s->events.items[(size_t)rand_r(&seed) % s->events.n];
                const struct outcome *outcomes[2] = {NULL};
                struct casefile *files[2];

                now += (s->last - now) / 20 * (rand_r(&seed) % 3);
                for (size_t e = 0; e < 2; e++)
                        ck_assert_int_ge(engine_event(engines[e], stores[e], event, now, true, &outcomes[e], &err), 0);
                if (outcomes[0] && outcomes[1])
                        outcomes_equal(outcomes[0], outcomes[1], event->type->name);
                for (size_t e = 0; e < 2; e++) {
                        store_commit(stores[e]);
                        files[e] = store_find(stores[e], &event->slots[SLOT_CASE_ID].u);
                }
                if (!files[0] || rand_r(&seed) % 2)
                        continue;
                ck_assert_int_ge(heap_at(&stores[0]->due, &files[0]->slot), heap_at(&stores[1]->due, &files[1]->slot));
                now = heap_at(&stores[1]->due, &files[1]->slot) < s->last ? heap_at(&stores[1]->due, &files[1]->slot) : now;
                for (size_t e = 0; e < 2; e++)
                        ck_assert_int_eq(engine_evaluate(engines[e], stores[e], files[e], now, &outcomes[e]), 0);
                outcomes_equal(outcomes[0], outcomes[1], "an instant");
                for (size_t e = 0; e < 2; e++)
                        store_commit(stores[e]);
        }
        for (size_t e = 0; e < 2; e++) {
                store_free(stores[e]);
                engine_free(engines[e]);
        }
}

START_TEST(test_what_is_passed_over_says_nothing) {
        struct story s;

        story_open(&s, examples[_i]);
        for (unsigned seed = 1; seed <= SEEDS; seed++)
                plain_agrees(&s, seed);
        story_close(&s);
}
END_TEST

/* A municipality that becomes part of one in another region, a repetition that goes on after its version, what holds on the day it is due. */
#define TWO_REGIONS                                                                                                                     \
        "organisations:\n"                                                                                                              \
        "  - {id: gm0001, kind: municipality, name: Een, region: noord, until: 2021-12-31, successor: gm0002}\n"                        \
        "  - {id: gm0002, kind: municipality, name: Twee, region: zuid}\n"                                                             \
        "  - {id: gi-een, kind: gi, name: GI}\n  - {id: operators, kind: operators, name: Beheer}\n"                                   \
        "regions:\n  - {id: land, name: Land}\n  - {id: noord, name: Noord, part_of: land}\n  - {id: zuid, name: Zuid}\n"
#define OF_REGION(name, norm, region, valid, rest)                                                                                             \
        "protocol: " name "\nregion: " region "\nvalid: {" valid "}\nnorms:\n  - norm: " norm "\n    basis: {kind: agreement, ref: proef}\n" \
        "    starts: measure-started.verdict_date\n    escalate: [{after: 0 days, to: [gi]}]\n    met_by: [consultation-held]\n" rest
#define OF_CASE(event, n, day, rest)                                                                                                    \
        "{\"event\":\"" event "\",\"event_id\":\"00000000-0000-5000-8000-00000000000" n                                               \
        "\",\"case_id\":\"1b15b2de-8ab7-5c72-9d63-9cd08b0efbef\",\"source\":\"gi-een\",\"occurred_at\":\"" day                           \
        "T10:00:00Z\",\"recorded_at\":\"" day "T10:00:00Z\",\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\"," rest "}\n"

START_TEST(test_regions_versions_and_late_holding_are_not_passed_over) {
        CLEANUP(scratch_remove) struct scratch scratch = scratch_new();
        char path[SCRATCH_PATH], config[SCRATCH_PATH];
        const char *const files[][2] = {
                {"organisations.yaml", TWO_REGIONS},
                {"calendar.yaml", "equated: []\nyears: [2011, 2012, 2013, 2014, 2015, 2016, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 2027, 2028]\n"},
                {"protocols/land.yaml", OF_REGION("land", "een", "land", "from: 2015-01-01", "    term: 1 week\n")},
                {"protocols/zuid.yaml", OF_REGION("zuid", "twee", "zuid", "from: 2015-01-01", "    term: 2 weeks\n    when: {kind: VOTS}\n")},
                {"protocols/eerst.yaml", OF_REGION("eerst", "reeks", "any", "from: 2015-01-01, until: 2021-12-31", "    term: 1 month\n    repeats: true\n")},
                {"protocols/later.yaml", OF_REGION("later", "reeks", "any", "from: 2022-01-01", "    term: 2 weeks\n    repeats: true\n")},
                {"protocols/dan.yaml", OF_REGION("dan", "drie", "zuid", "from: 2022-01-01", "    term: 3 months\n    holds_on: due\n")},
                {"events.jsonl",
                 OF_CASE("measure-started", "1", "2021-11-20",
                         "\"kind\":\"OTS\",\"verdict_date\":\"2021-11-20\",\"informed_date\":\"2021-11-20\",\"gi\":\"gi-een\",\"municipality\":\"gm0001\"")
                         OF_CASE("consultation-held", "2", "2022-01-10",
                                 "\"date\":\"2022-01-10\",\"subject\":\"SAFETY\",\"with_whom\":\"team\",\"level\":\"WORKER\",\"agreed\":true")
                                 OF_CASE("measure-started", "3", "2022-01-20",
                                         "\"kind\":\"VOTS\",\"verdict_date\":\"2022-01-20\",\"informed_date\":\"2022-01-20\",\"gi\":\"gi-een\","
                                         "\"municipality\":\"gm0001\"")},
        };
        struct story s;

        scratch_folder(&scratch, "protocols");
        for (size_t i = 0; i < ELEMENTS(files); i++)
                scratch_write(&scratch, files[i][0], files[i][1]);
        story_read(&s, scratch_path(&scratch, "", config), scratch_path(&scratch, "events.jsonl", path));
        s.last += 200 * INSTANT_DAY;
        for (unsigned seed = 1; seed <= SEEDS; seed++)
                plain_agrees(&s, seed);
        story_close(&s);
}
END_TEST

struct rows {
        VECTOR(struct row_change) items;
        struct arena *arena;
};

static int keep_rows(void *ctx, const struct outcome *outcome) {
        struct rows *rows = ctx;

        for (size_t i = 0; i < outcome->n_rows; i++) {
                struct row_change row = outcome->rows[i];

                row.key = (const uint8_t *)arena_copy(rows->arena, row.key, row.n_key);
                row.value = (const uint8_t *)arena_copy(rows->arena, row.value, row.n_value);
                ck_assert_int_eq(vector_push(&rows->items, row), 0);
        }
        return 0;
}

START_TEST(test_rows_restore_the_same_state) {
        struct engine *engine;
        struct replay *replay;
        struct store *store;
        struct rows rows = {0};
        struct story s;
        struct error err = {0};

        story_open(&s, examples[_i]);
        ck_assert_int_eq(arena_new(&rows.arena, ARENA_MAX), 0);
        ck_assert_int_eq(replay_new(s.config, INSTANT_NEVER, keep_rows, &rows, &replay), 0);
        for (size_t i = 0; i < s.events.n; i++)
                ck_assert_int_eq(replay_event(replay, &s.events.items[i], &err), 0);
        ck_assert_int_eq(replay_clock(replay, s.last), 0);
        ck_assert_int_eq(engine_new(s.config, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
        for (unsigned round = 0; round < 2; round++) { /* compaction may leave older rows: reading them again changes nothing */
                for (size_t i = 0; i < rows.items.n; i++) {
                        const struct row_change *row = &rows.items.items[i];

                        ck_assert_msg(store_restore(store, row->key, row->n_key, row->value, row->n_value, &err) == 0, "%s", err.text);
                }
                ck_assert_uint_eq(store_checksum(store), store_checksum(replay_store(replay)));
        }
        store_free(store);
        engine_free(engine);
        replay_free(replay);
        vector_done(&rows.items);
        arena_free(rows.arena);
        story_close(&s);
}
END_TEST

int main(void) {
        Suite *s = suite_create("order");
        TCase *t = tcase_create("order");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_loop_test(t, test_any_order_and_any_duplication_end_alike, 0, ELEMENTS(examples));
        tcase_add_loop_test(t, test_what_an_event_bears_on_is_all_that_changes, 0, ELEMENTS(examples));
        tcase_add_loop_test(t, test_what_is_passed_over_says_nothing, 0, ELEMENTS(examples));
        tcase_add_test(t, test_regions_versions_and_late_holding_are_not_passed_over);
        tcase_add_loop_test(t, test_rows_restore_the_same_state, 0, ELEMENTS(examples));
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
