/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a case goes when it is over and its retention too, to the day, whole, and for good; not a day sooner, and not when
 * something in it goes on. Method: small cases in a table, judged at an instant; and one case followed row by row into
 * other stores, as a restore reads it.
 */

#include "engine/case.h"
#include "engine/replay.h"
#include "engine/restore.h"
#include "worker_fixture.h"

#define START 1709290800000 /* 2024-03-01T12:00:00+01:00 */
#define LINES_MAX 8

/* What a handover has to say when a measure ended for another reason: an obligation that nothing ends. */
#define HANDOVER                                                                                     \
        "protocol: overdracht\ntitle: Overdracht\nsource: S0\nregion: noord\nvalid: {from: 2020-01-01}\n" \
        "routes:\n  - {event: residence-changed, to: [municipality], basis: proef}\n"                \
        "norms:\n  - norm: handover\n    title: Overdracht\n"                                        \
        "    basis: {kind: agenda, ref: proef}\n    starts: measure-ended.date\n    when: {reason: OTHER}\n" \
        "    term: 10 days\n    met_by: [handover-held]\n    announce: [gi]\n"                       \
        "  - norm: aftercare\n    title: Nazorg\n    basis: {kind: agenda, ref: proef}\n"           \
        "    starts: measure-ended.date\n    when: {reason: TRANSFERRED}\n    term: 10 years\n    met_by: [handover-held]\n"

static char folder[64];
static struct config *config;
static struct arena *arena;
static struct engine *engine;
static struct store *store;

static const struct term_step two_years = {TERM_YEARS, 2};

static void setup(void) {
        char path[FIXTURE_PATH], schemas[FIXTURE_PATH], protocols[FIXTURE_PATH];

        (void) snprintf(folder, sizeof(folder), "/tmp/ketenwacht-forget-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        fixture_make(folder, "config");
        fixture_config(fixture_path(path, folder, "config"), "1\n");
        fixture_write(fixture_path(protocols, path, "protocols"), "overdracht.yaml", HANDOVER, strlen(HANDOVER));
        config = fixture_read_config(path, fixture_schemas(schemas));
        ck_assert_int_eq(arena_new(&arena, (size_t)64 << 20), 0);
        ck_assert_int_eq(engine_new(config, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
        store_forgets(store, two_years, false);
}

static void teardown(void) {
        store = store_free(store);
        engine = engine_free(engine);
        config = config_free(config);
        arena = arena_free(arena);
        fixture_remove(folder);
}

static struct uuid id_of(const char *word) {
        return uuid_v5(&uuid_namespace_ketenwacht, word, strlen(word));
}

static instant_t at(const char *text) {
        instant_t ret;

        ck_assert(instant_parse(text_of(text), &ret));
        return ret;
}

static int try_event(struct store *into, const char *json, instant_t now, bool tell, const struct outcome **ret, struct error *err) {
        struct event event = fixture_event(config, json, arena);

        return engine_event(engine, into, &event, now, tell, ret, err);
}

static const struct outcome *accept(const char *json, instant_t now, bool tell) {
        const struct outcome *outcome;
        struct error err = {0};
        int r = try_event(store, json, now, tell, &outcome, &err);

        ck_assert_msg(r == 0, "%s", err.text);
        return outcome;
}

static const struct outcome *evaluate(instant_t now) {
        struct uuid id = id_of("case");
        struct casefile *casefile = store_find(store, &id);
        const struct outcome *outcome;

        ck_assert_ptr_nonnull(casefile);
        ck_assert_int_eq(engine_evaluate(engine, store, casefile, now, &outcome), 0);
        return outcome;
}

/* The four facts of a case that is over on 2024-03-01. */
static void tell_case(void) {
        char json[FIXTURE_JSON];

        fixture_measure(json, "measure", "case", "gi-a", "gm0001", START - 30 * FIXTURE_DAY, 0);
        (void) accept(json, START - 30 * FIXTURE_DAY, true);
        fixture_protector(json, "protector", "case", "gi-a", START - 10 * FIXTURE_DAY, 0); /* late: alerts were raised */
        (void) accept(json, START - 20 * FIXTURE_DAY, false);
        (void) evaluate(START - 20 * FIXTURE_DAY);
        fixture_ended(json, "ended", "case", "gi-a", START, 0);
        (void) accept(json, START, true);
        store_commit(store);
}

/* -- Over, or not -- */

static const struct {
        const char *what;
        bool over;
        const char *lines[LINES_MAX]; /* event, and its own fields; $m, $c, $o: a measure, concern, obstruction */
} cases[] = {
        {"a measure that ended", true, {"measure-started", "measure-ended"}},
        {"a measure that goes on", false, {"measure-started", "protector-assigned"}},
        {"one of two measures ended", false, {"measure-started", "measure-ended", "another-measure"}},
        {"the end was withdrawn", false, {"measure-started", "measure-ended", "withdrawn"}},
        {"the end is still to come", false, {"measure-started", "protector-assigned", "ends-later"}},
        {"an end of a measure that nobody started", true, {"measure-ended"}},
        {"a move, and nothing that could end", true, {"residence-changed"}},
        {"a concern of the measure, which ended", true, {"measure-started", "measure-ended", "safety-of-measure"}},
        {"a concern of its own", false, {"measure-started", "measure-ended", "safety-raised"}},
        {"a concern of its own that is over", true, {"safety-raised", "child-protected-again"}},
        {"an unprotected child", false, {"measure-started", "measure-ended", "child-unprotected-reported"}},
        {"an unprotected child whose measure goes on", false, {"measure-started", "child-unprotected-reported"}}, /* ended by what nobody looks at */
        {"a child protected again", true, {"child-unprotected-reported", "child-protected-again"}},
        {"an obstruction of the measure, which ended", false, {"measure-started", "measure-ended", "obstruction-reported"}},
        {"an obstruction that was resolved", true, {"measure-started", "measure-ended", "obstruction-reported", "obstruction-resolved"}},
        {"an obligation is overdue", false, {"measure-started", "ended-otherwise"}},
        {"an obligation runs", false, {"measure-started", "transferred"}},
        {"the obligation was met", true, {"measure-started", "ended-otherwise", "handover-held"}},
        {"a region", false, {"meeting-held"}},
        {"a region whose obstruction was resolved", false, {"meeting-held", "obstruction-of-region", "resolved-in-region"}},
};

static const struct {
        const char *line, *event, *case_id, *fields;
} lines[] = {
        {"measure-started", NULL, NULL,
         "\"measure_id\":\"$m\",\"kind\":\"OTS\",\"verdict_date\":\"2024-02-01\",\"informed_date\":\"2024-02-01\",\"gi\":\"gi-a\",\"municipality\":\"gm0001\""},
        {"another-measure", "measure-started", NULL,
         "\"measure_id\":\"$o\",\"kind\":\"OTS\",\"verdict_date\":\"2024-02-01\",\"informed_date\":\"2024-02-01\",\"gi\":\"gi-a\",\"municipality\":\"gm0001\""},
        {"protector-assigned", NULL, NULL,
         "\"measure_id\":\"$m\",\"date\":\"2024-02-02\",\"worker\":\"w\",\"role\":\"FIXED\",\"working_with_family\":true,\"reason\":\"FIRST\""},
        {"measure-ended", NULL, NULL, "\"measure_id\":\"$m\",\"date\":\"2024-03-01\",\"reason\":\"EXPIRED\""},
        {"ended-otherwise", "measure-ended", NULL, "\"measure_id\":\"$m\",\"date\":\"2024-03-01\",\"reason\":\"OTHER\""},
        {"transferred", "measure-ended", NULL, "\"measure_id\":\"$m\",\"date\":\"2024-03-01\",\"reason\":\"TRANSFERRED\""},
        {"ends-later", "measure-ended", NULL, "\"measure_id\":\"$m\",\"date\":\"2030-01-01\",\"reason\":\"EXPIRED\""},
        {"withdrawn", "event-withdrawn", NULL, "\"withdrawn\":\"$measure-ended\",\"reason\":\"MISTAKE\""},
        {"residence-changed", NULL, NULL, "\"municipality\":\"gm0001\",\"valid_from\":\"2024-02-01\",\"basis\":\"MOVED\""},
        {"safety-raised", NULL, NULL, "\"concern_id\":\"$c\",\"date\":\"2024-02-20\""},
        {"safety-of-measure", "safety-raised", NULL, "\"concern_id\":\"$c\",\"measure_id\":\"$m\",\"date\":\"2024-02-20\""},
        {"child-unprotected-reported", NULL, NULL, "\"concern_id\":\"$c\",\"date\":\"2024-02-20\""},
        {"child-protected-again", NULL, NULL, "\"concern_id\":\"$c\",\"date\":\"2024-03-01\""},
        {"obstruction-reported", NULL, NULL,
         "\"obstruction_id\":\"$o\",\"measure_id\":\"$m\",\"date\":\"2024-02-20\",\"kind\":\"WAITING_TOO_LONG\",\"care_content\":false"},
        {"obstruction-of-region", "obstruction-reported", "$region",
         "\"obstruction_id\":\"$o\",\"date\":\"2024-02-20\",\"kind\":\"WAITING_TOO_LONG\",\"care_content\":false"},
        {"obstruction-resolved", NULL, NULL, "\"obstruction_id\":\"$o\",\"date\":\"2024-02-28\",\"help_found\":true"},
        {"resolved-in-region", "obstruction-resolved", "$region", "\"obstruction_id\":\"$o\",\"date\":\"2024-02-28\",\"help_found\":true"},
        {"handover-held", NULL, NULL,
         "\"measure_id\":\"$m\",\"date\":\"2024-03-01\",\"with_local_team\":true,\"with_receiver\":true,\"with_family\":true,\"results\":true,"
         "\"risks\":true,\"relapse\":true,\"network\":true"},
        {"meeting-held", NULL, "$region", "\"region\":\"noord\",\"date\":\"2024-02-20\",\"kind\":\"BOARD\""},
};

/* A text with each $word as the UUID of that word; $region is that of the region's case. */
static void fill_in(const char *text, struct buffer *out) {
        char id[UUID_TEXT + 1];

        while (*text) {
                size_t n = *text == '$' ? 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyz-") : 1;

                if (n == 1) {
                        buffer_add_byte(out, (uint8_t)*text);
                } else {
                        char word[64];

                        (void) snprintf(word, sizeof(word), "%.*s", (int)(n - 1), text + 1);
                        buffer_printf(out, "%s", fixture_id(strcmp(word, "region") == 0 ? "region|noord" : word, id));
                }
                text += n;
        }
}

static const char *accept_line(const char *name, instant_t now) {
        struct buffer json = BUFFER_INIT(4096);
        size_t i = 0;

        while (i < ELEMENTS(lines) && strcmp(lines[i].line, name) != 0)
                i++;
        ck_assert_uint_lt(i, ELEMENTS(lines));
        buffer_printf(&json, "{\"event\":\"%s\",", lines[i].event ? lines[i].event : name);
        fill_in("\"event_id\":\"", &json);
        {
                char word[64];

                (void) snprintf(word, sizeof(word), "$%s", name);
                fill_in(word, &json);
        }
        fill_in("\",\"case_id\":\"", &json);
        fill_in(lines[i].case_id ? lines[i].case_id : "$case", &json);
        fill_in("\",\"source\":\"gi-a\",\"occurred_at\":\"2024-03-01T11:00:00Z\",\"recorded_at\":\"2024-03-01T11:00:00Z\",", &json);
        fill_in(lines[i].fields, &json);
        buffer_add_byte(&json, '}');
        (void) accept(buffer_text(&json), now, false);
        buffer_done(&json);
        return lines[i].case_id;
}

static void check_case(size_t row, instant_t late) {
        const struct outcome *outcome;
        const char *region = NULL;
        struct casefile *casefile;
        struct uuid id;

        for (size_t i = 0; cases[row].lines[i]; i++)
                region = accept_line(cases[row].lines[i], START);
        store_commit(store);
        id = id_of(region ? "region|noord" : "case");
        casefile = store_find(store, &id);
        ck_assert_ptr_nonnull(casefile);
        ck_assert_int_eq(engine_evaluate(engine, store, casefile, late, &outcome), 0);
        ck_assert_msg(outcome->forgotten == cases[row].over, "%s", cases[row].what);
        ck_assert_msg((store_find(store, &id) == NULL) == cases[row].over, "%s", cases[row].what);
}

START_TEST(a_case_is_over_when_all_has_ended_and_nothing_is_asked) {
        for (size_t row = 0; row < ELEMENTS(cases); row++) {
                store_free(store);
                ck_assert_int_eq(store_new(engine, &store), 0);
                store_forgets(store, two_years, true);
                check_case(row, at("2027-06-01T00:00:00+02:00"));
        }
}
END_TEST

/* -- When -- */

START_TEST(it_is_kept_to_the_last_day_of_its_retention) {
        instant_t goes = at("2026-03-02T00:00:00+01:00"); /* two years after 2024-03-01, and that day is over */
        struct casefile *casefile;

        tell_case();
        ck_assert_int_eq(store_next(store, &casefile), goes);
        ck_assert(!evaluate(goes - 1)->forgotten);
        store_commit(store);
        ck_assert_int_eq(store_next(store, &casefile), goes);
        ck_assert(evaluate(goes)->forgotten);
        store_commit(store);
        ck_assert_int_eq(store_next(store, &casefile), INSTANT_NEVER);
        ck_assert_uint_eq(store_stats(store).cases, 0);
        ck_assert_uint_eq(store_stats(store).facts, 0);
        ck_assert_uint_eq(store_stats(store).closed, 1);
}
END_TEST

START_TEST(every_fact_counts_for_the_retention_by_when_it_was_recorded) {
        struct casefile *casefile;
        char json[FIXTURE_JSON];

        tell_case();
        fixture_protector(json, "again", "case", "gi-a", START + 100 * FIXTURE_DAY, 120); /* 2024-06-09 */
        (void) accept(json, START + 100 * FIXTURE_DAY, true);
        store_commit(store);
        ck_assert_int_eq(store_next(store, &casefile), at("2026-06-10T00:00:00+02:00"));
        fixture_withdrawn(json, "mistake", "case", "gi-a", START + 101 * FIXTURE_DAY, "ended"); /* it goes on */
        (void) accept(json, START + 101 * FIXTURE_DAY, true);
        store_commit(store);
        ck_assert_int_eq(store_next(store, &casefile), INSTANT_NEVER);
}
END_TEST

START_TEST(a_case_whose_facts_come_late_is_not_forgotten_before_midnight) {
        instant_t now = at("2030-05-05T10:00:00+02:00"), midnight = at("2030-05-06T00:00:00+02:00");
        struct casefile *casefile;
        char json[FIXTURE_JSON];

        fixture_ended(json, "ended", "case", "gi-a", START, 0); /* the end is read before the start */
        (void) accept(json, now, true);
        store_commit(store);
        ck_assert_int_eq(store_next(store, &casefile), midnight);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", START - FIXTURE_DAY, 0);
        (void) accept(json, now, false); /* behind */
        ck_assert(!evaluate(now)->forgotten);
        store_commit(store);
        ck_assert_int_eq(store_next(store, &casefile), midnight);
        ck_assert(evaluate(midnight)->forgotten);
}
END_TEST

START_TEST(without_retention_nothing_is_forgotten) {
        struct casefile *casefile;

        store_forgets(store, (struct term_step){TERM_YEARS, 0}, true);
        tell_case();
        ck_assert_int_eq(store_next(store, &casefile), INSTANT_NEVER);
        ck_assert(!evaluate(at("2090-01-01T00:00:00Z"))->forgotten);
}
END_TEST

START_TEST(a_retention_beyond_the_calendar_keeps_for_ever) {
        struct casefile *casefile;

        store_forgets(store, (struct term_step){TERM_YEARS, 1000}, true);
        tell_case();
        ck_assert_int_eq(store_next(store, &casefile), INSTANT_NEVER);
}
END_TEST

/* -- For good, unless it is rolled back -- */

START_TEST(an_event_for_a_closed_case_is_refused) {
        const struct outcome *outcome;
        struct error err = {0};
        char json[FIXTURE_JSON];
        struct uuid id = id_of("case");
        day_t day, want;

        tell_case();
        ck_assert(!store_closed(store, &id, &day));
        ck_assert(evaluate(at("2026-03-02T00:00:00+01:00"))->forgotten);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", START, 0); /* also one that it knew */
        ck_assert_int_eq(try_event(store, json, START, true, &outcome, &err), REFUSAL_CASE_CLOSED); /* before the commit already */
        store_commit(store);
        ck_assert_int_eq(try_event(store, json, START, false, &outcome, &err), REFUSAL_CASE_CLOSED);
        ck_assert_ptr_nonnull(strstr(err.text, "2026-03-02"));
        ck_assert(store_closed(store, &id, &day) && date_parse(text_of("2026-03-02"), &want) && day == want);
        fixture_measure(json, "other", "other", "gi-a", "gm0001", START, 0);
        ck_assert_int_eq(try_event(store, json, START, false, &outcome, &err), 0);
}
END_TEST

START_TEST(a_rollback_brings_it_all_back) {
        instant_t goes = at("2026-03-02T00:00:00+01:00");
        struct casefile *casefile, *before;
        struct store_stats stats, again;
        struct uuid id = id_of("case");
        uint64_t checksum;
        char json[FIXTURE_JSON];

        tell_case();
        before = store_find(store, &id);
        checksum = store_checksum(store);
        stats = store_stats(store);
        for (unsigned round = 0; round < 3; round++) {
                ck_assert(evaluate(goes)->forgotten);
                fixture_measure(json, "other", "other", "gi-a", "gm0001", START, 0); /* other things happen in the transaction */
                (void) accept(json, goes, true);
                ck_assert_uint_ne(store_checksum(store), checksum);
                store_rollback(store);
                again = store_stats(store);
                ck_assert_uint_eq(store_checksum(store), checksum);
                ck_assert_int_eq(store_next(store, &casefile), goes);
                ck_assert_ptr_eq(casefile, before);
                ck_assert_ptr_eq(store_find(store, &id), before);
                ck_assert_uint_eq(again.cases, stats.cases);
                ck_assert_uint_eq(again.facts, stats.facts);
                ck_assert_uint_eq(again.bytes_facts, stats.bytes_facts);
                ck_assert_uint_eq(again.closed, 0);
                ck_assert_int_eq((int64_t)again.told_latest, (int64_t)stats.told_latest);
        }
        ck_assert(evaluate(goes)->forgotten);
        store_commit(store);
        ck_assert_ptr_null(store_find(store, &id));
}
END_TEST

START_TEST(a_case_that_came_and_went_in_one_transaction_never_was) {
        instant_t now = at("2030-05-05T10:00:00+02:00");
        char json[FIXTURE_JSON];

        store_forgets(store, two_years, true);
        for (unsigned round = 0; round < 2; round++) {
                fixture_ended(json, "ended", "case", "gi-a", START, 0);
                (void) accept(json, now, false);
                ck_assert(evaluate(now)->forgotten);
                store_rollback(store);
                ck_assert_uint_eq(store_stats(store).cases, 0);
                ck_assert_uint_eq(store_stats(store).closed, 0);
                ck_assert_uint_eq(store_checksum(store), 0);
        }
        (void) accept(json, now, false);
        ck_assert(evaluate(now)->forgotten);
        store_commit(store);
        ck_assert_uint_eq(store_stats(store).facts, 0);
        ck_assert_uint_eq(store_stats(store).closed, 1);
}
END_TEST

/* -- Its rows -- */

struct written {
        uint8_t key[ROW_KEY_BYTES];
        void *value; /* NULL: a tombstone */
        size_t n;
        bool replaced; /* by a later row of its key */
};
struct rows {
        VECTOR(struct written) rows;
};

static void log_outcome(struct rows *log, const struct outcome *outcome) {
        for (size_t i = 0; i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];
                struct written w = {.value = row->value ? arena_copy(arena, row->value, row->n_value) : NULL, .n = row->n_value};

                ck_assert_uint_eq(row->n_key, ROW_KEY_BYTES);
                memcpy(w.key, row->key, ROW_KEY_BYTES);
                for (size_t k = 0; k < log->rows.n; k++)
                        log->rows.items[k].replaced |= memcmp(log->rows.items[k].key, w.key, ROW_KEY_BYTES) == 0;
                ck_assert_int_eq(vector_push(&log->rows, w), 0);
        }
}

enum compaction { COMPACT_NOTHING, COMPACT_SOME, COMPACT_ALL, COMPACT_TOMBSTONES_TOO, COMPACTIONS };

static bool is_left(const struct rows *log, size_t i, enum compaction how) {
        const struct written *w = &log->rows.items[i];

        switch (how) {
        case COMPACT_SOME:
                return !w->replaced || i % 2;
        case COMPACT_ALL:
                return !w->replaced;
        case COMPACT_TOMBSTONES_TOO:
                return !w->replaced && w->value;
        default:
                return true;
        }
}

/* A case of two alerts, a late copy and reminders, and another that stays; then the first is forgotten. */
static void write_log(struct rows *log) {
        instant_t now = START - 30 * FIXTURE_DAY;
        char json[FIXTURE_JSON], id[UUID_TEXT + 1];

        fixture_measure(json, "measure", "case", "gi-a", "gm0001", now, 0);
        log_outcome(log, accept(json, now, true));
        log_outcome(log, evaluate(now + 4 * FIXTURE_DAY)); /* a reminder */
        log_outcome(log, evaluate(now + 20 * FIXTURE_DAY)); /* alerts */
        (void) snprintf(json, sizeof(json),
                        "{\"event\":\"residence-changed\",\"event_id\":\"11111111-1111-4111-8111-111111111111\",\"case_id\":\"%s\",\"source\":\"gm0002\","
                        "\"occurred_at\":\"2024-02-20T10:00:00Z\",\"recorded_at\":\"2024-02-20T10:00:00Z\",\"municipality\":\"gm0002\","
                        "\"valid_from\":\"2024-01-31\",\"basis\":\"MOVED\"}",
                        fixture_id("case", id));
        log_outcome(log, accept(json, now + 21 * FIXTURE_DAY, true)); /* the child lived elsewhere: the measure is copied there */
        fixture_ended(json, "ended", "case", "gi-a", START, 0);
        log_outcome(log, accept(json, START, true)); /* resolutions */
        fixture_measure(json, "other", "other", "gi-a", "gm0002", START, 0);
        log_outcome(log, accept(json, START, true));
        store_commit(store);
        log_outcome(log, evaluate(at("2026-03-02T00:00:00+01:00")));
        store_commit(store);
}

static uint64_t restored_checksum(const struct rows *log, enum compaction how) {
        struct store *other;
        struct error err = {0};
        uint64_t checksum;

        ck_assert_int_eq(store_new(engine, &other), 0);
        for (size_t i = 0; i < log->rows.n; i++) {
                const struct written *w = &log->rows.items[i];

                if (is_left(log, i, how))
                        ck_assert_msg(store_restore(other, w->key, ROW_KEY_BYTES, w->value, w->n, &err) == 0, "%s", err.text);
        }
        checksum = store_checksum(other);
        store_free(other);
        return checksum;
}

static void check_restored(const struct rows *log, enum compaction how) {
        struct store_stats here, there;
        struct store *other;
        struct error err = {0};

        ck_assert_int_eq(store_new(engine, &other), 0);
        for (size_t i = 0; i < log->rows.n; i++) {
                const struct written *w = &log->rows.items[i];

                if (!is_left(log, i, how))
                        continue;
                int r = store_restore(other, w->key, ROW_KEY_BYTES, w->value, w->n, &err);

                ck_assert_msg(r == 0, "compaction %d, row %zu: %s", how, i, err.text);
        }
        here = store_stats(store);
        there = store_stats(other);
        ck_assert_uint_eq(here.closed, 1);
        ck_assert_uint_eq(there.closed, 1);
        ck_assert_uint_eq(there.cases, here.cases);
        ck_assert_uint_eq(there.facts, here.facts);
        ck_assert_uint_eq(store_checksum(other), store_checksum(store));
        ck_assert_int_eq((int64_t)there.told_latest, (int64_t)here.told_latest); /* the clock does not fall behind */
        store_free(other);
}

START_TEST(a_restore_crosses_tombstones_however_much_was_compacted) {
        struct rows log = {0};

        write_log(&log);
        for (int how = 0; how < COMPACTIONS; how++)
                check_restored(&log, (enum compaction)how);
        vector_done(&log.rows);
}
END_TEST

START_TEST(every_row_gets_its_tombstone_behind_the_one_that_stays) {
        struct rows log = {0};
        struct uuid id = id_of("case");
        size_t first = 0, kinds[128] = {0};

        write_log(&log);
        while (log.rows.items[first].key[16] != ROW_CLOSED)
                first++;
        ck_assert_ptr_nonnull(log.rows.items[first].value);
        for (size_t i = first + 1; i < log.rows.n; i++) {
                ck_assert_ptr_null(log.rows.items[i].value);
                ck_assert_mem_eq(log.rows.items[i].key, id.bytes, sizeof(id.bytes));
                kinds[log.rows.items[i].key[16]]++;
        }
        for (size_t i = 0; i < first; i++)
                ck_assert_msg(log.rows.items[i].replaced == (memcmp(log.rows.items[i].key, id.bytes, 16) == 0), "row %zu", i);
        ck_assert_uint_eq(kinds[ROW_FACT], 3);
        ck_assert_uint_eq(kinds[ROW_OBLIGATION], 1);
        ck_assert_uint_gt(kinds[ROW_ALERT], 1);
        ck_assert_uint_eq(kinds[ROW_COPY], 1);
        vector_done(&log.rows);
}
END_TEST

START_TEST(a_tombstone_takes_away_its_own_row_alone) {
        struct rows log = {0};
        struct store *other;
        struct error err = {0};

        write_log(&log);
        ck_assert_int_eq(store_new(engine, &other), 0);
        for (size_t i = 0; i < log.rows.n && log.rows.items[i].key[16] != ROW_CLOSED; i++)
                ck_assert_int_eq(store_restore(other, log.rows.items[i].key, ROW_KEY_BYTES, log.rows.items[i].value, log.rows.items[i].n, &err), 0);
        for (size_t i = 0; i < log.rows.n; i++) { /* without the row that closes: each is found and taken by itself */
                const struct written *w = &log.rows.items[i];
                struct store_stats before = store_stats(other), after;
                size_t left;

                if (w->value)
                        continue;
                for (unsigned again = 0; again < 2; again++)
                        ck_assert_int_eq(store_restore(other, w->key, ROW_KEY_BYTES, NULL, 0, &err), 0);
                after = store_stats(other);
                left = after.facts + after.announcements + after.alerts + after.copies;
                ck_assert_uint_eq(left + 1, before.facts + before.announcements + before.alerts + before.copies);
        }
        struct uuid id = id_of("case");

        ck_assert_ptr_null(store_find(other, &id)); /* nothing of it is left */
        store_free(other);
        vector_done(&log.rows);
}
END_TEST

START_TEST(nothing_but_tombstones_may_follow_a_closed_case) {
        struct rows log = {0};
        struct uuid id = id_of("case"), none = {0};
        uint8_t key[ROW_KEY_BYTES];
        struct error err = {0};
        const struct written *fact;
        day_t day;

        write_log(&log);
        fact = &log.rows.items[0];
        ck_assert_int_eq(store_restore(store, fact->key, ROW_KEY_BYTES, fact->value, fact->n, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "closed"));
        row_key_write(&(struct row_key){id, 'q', none}, key);
        ck_assert_int_eq(store_restore(store, key, ROW_KEY_BYTES, NULL, 0, &err), -EINVAL); /* of what kind? */
        row_key_write(&(struct row_key){id, ROW_CLOSED, none}, key);
        ck_assert_int_eq(store_restore(store, key, ROW_KEY_BYTES, "\xc3\x01", 2, &err), -EINVAL);
        ck_assert_int_eq(store_restore(store, key, ROW_KEY_BYTES, NULL, 0, &err), 0); /* an operator opens it again */
        ck_assert(!store_closed(store, &id, &day));
        ck_assert_int_eq(store_restore(store, fact->key, ROW_KEY_BYTES, fact->value, fact->n, &err), 0);
        vector_done(&log.rows);
}
END_TEST

/* -- By chance -- */

#define CHANCE_SEEDS 12
#define CHANCE_STEPS 250
#define CHANCE_CASES 5

static void mark_replaced(struct rows *log) {
        for (size_t i = 0; i < log->rows.n; i++) {
                log->rows.items[i].replaced = false;
                for (size_t k = i + 1; k < log->rows.n && !log->rows.items[i].replaced; k++)
                        log->rows.items[i].replaced = memcmp(log->rows.items[i].key, log->rows.items[k].key, ROW_KEY_BYTES) == 0;
        }
}

static void by_chance(uint64_t *random, instant_t now, struct rows *log) {
        char json[FIXTURE_JSON], word[32], id[64], other[64];
        const struct outcome *outcome;
        struct error err = {0};
        instant_t recorded = now - (instant_t)(fixture_random(random) % 400) * FIXTURE_DAY;
        unsigned kind = fixture_random(random) % 5;

        (void) snprintf(word, sizeof(word), "case %u", (unsigned)(fixture_random(random) % CHANCE_CASES));
        (void) snprintf(id, sizeof(id), "%s %u", word, (unsigned)(fixture_random(random) % 40));
        (void) snprintf(other, sizeof(other), "%s %u", word, (unsigned)(fixture_random(random) % 40));
        if (kind == 0)
                fixture_measure(json, id, word, "gi-a", "gm0001", recorded, 3);
        else if (kind == 1)
                fixture_protector(json, id, word, "gi-a", recorded, 1);
        else if (kind < 4)
                fixture_ended(json, id, word, "gi-a", recorded, 0);
        else
                fixture_withdrawn(json, id, word, "gi-a", recorded, other);
        if (try_event(store, json, now, fixture_random(random) % 3 != 0, &outcome, &err) == 0)
                log_outcome(log, outcome);
}

/* Everything that is due, touched cases too. */
static void sweep_all(instant_t now, struct rows *log) {
        const struct outcome *outcome;
        struct casefile *casefile;

        while (store_next(store, &casefile) <= now && casefile) {
                ck_assert_int_eq(engine_evaluate(engine, store, casefile, now, &outcome), 0);
                log_outcome(log, outcome);
        }
}

static size_t forgotten_by_chance(uint64_t seed) {
        uint64_t random = seed, checksum = 0;
        struct rows log = {0};
        instant_t now = START;
        size_t committed = 0;

        for (unsigned step = 0; step < CHANCE_STEPS; step++) {
                now += (instant_t)(fixture_random(&random) % 30) * FIXTURE_DAY;
                by_chance(&random, now, &log);
                if (fixture_random(&random) % 2)
                        sweep_all(now, &log);
                if (fixture_random(&random) % 3 == 0) {
                        store_rollback(store);
                        log.rows.n = committed;
                        ck_assert_msg(store_checksum(store) == checksum, "seed %" PRIu64 ", step %u: a rollback left something", seed, step);
                } else if (fixture_random(&random) % 3) {
                        store_commit(store);
                        committed = log.rows.n;
                        checksum = store_checksum(store);
                }
        }
        store_commit(store);
        mark_replaced(&log);
        for (int how = 0; how < COMPACTIONS; how++)
                ck_assert_msg(restored_checksum(&log, (enum compaction)how) == store_checksum(store), "seed %" PRIu64 ", compaction %d", seed, how);
        vector_done(&log.rows);
        arena_reset(arena);
        return store_stats(store).closed;
}

START_TEST(whatever_happens_the_rows_are_the_state) {
        size_t closed = 0;

        for (uint64_t seed = 1; seed <= CHANCE_SEEDS; seed++) {
                store_free(store);
                ck_assert_int_eq(store_new(engine, &store), 0);
                store_forgets(store, two_years, seed % 2);
                closed += forgotten_by_chance(seed);
        }
        ck_assert_uint_gt(closed, CHANCE_SEEDS); /* else nothing was tested */
        ck_assert_uint_lt(closed, CHANCE_SEEDS * CHANCE_CASES);
}
END_TEST

START_TEST(the_largest_case_goes_whole) {
        const struct outcome *outcome;
        char id[64], json[FIXTURE_JSON];

        for (unsigned i = 0; i < CASE_FACTS_MAX; i++) {
                (void) snprintf(id, sizeof(id), "fact %u", i);
                fixture_protector(json, id, "case", "gi-a", START, 0);
                (void) accept(json, START, false);
                if (i % 100 == 0)
                        arena_reset(arena);
        }
        store_commit(store);
        store_forgets(store, two_years, true);
        outcome = evaluate(at("2026-03-02T00:00:00+01:00"));
        ck_assert(outcome->forgotten);
        ck_assert_uint_eq(outcome->n_rows, CASE_FACTS_MAX + 1);
        store_commit(store);
        ck_assert_uint_eq(store_stats(store).facts, 0);
        ck_assert_uint_eq(store_stats(store).bytes_facts, 0);
}
END_TEST

START_TEST(many_closed_cases_are_found_and_given_back) {
        struct closed closed = {0};
        char word[32];

        for (unsigned i = 0; i < 5000; i++) {
                (void) snprintf(word, sizeof(word), "%u", i);
                struct uuid id = id_of(word);

                ck_assert_int_eq(closed_put(&closed, &id, (day_t)(i + 1)), 0);
        }
        for (unsigned i = 0; i < 5000; i += 3) {
                (void) snprintf(word, sizeof(word), "%u", i);
                struct uuid id = id_of(word);

                closed_remove(&closed, &id);
        }
        for (unsigned i = 0; i < 6000; i++) {
                (void) snprintf(word, sizeof(word), "%u", i);
                struct uuid id = id_of(word);

                ck_assert_int_eq(closed_day(&closed, &id), i % 3 && i < 5000 ? (day_t)(i + 1) : CLOSED_NONE);
        }
        ck_assert_uint_eq(closed.n, 5000 - 1667);
        closed_done(&closed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("forget");
        TCase *tc = tcase_create("forget");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, a_case_is_over_when_all_has_ended_and_nothing_is_asked);
        tcase_add_test(tc, it_is_kept_to_the_last_day_of_its_retention);
        tcase_add_test(tc, every_fact_counts_for_the_retention_by_when_it_was_recorded);
        tcase_add_test(tc, a_case_whose_facts_come_late_is_not_forgotten_before_midnight);
        tcase_add_test(tc, without_retention_nothing_is_forgotten);
        tcase_add_test(tc, a_retention_beyond_the_calendar_keeps_for_ever);
        tcase_add_test(tc, an_event_for_a_closed_case_is_refused);
        tcase_add_test(tc, a_rollback_brings_it_all_back);
        tcase_add_test(tc, a_case_that_came_and_went_in_one_transaction_never_was);
        tcase_add_test(tc, a_restore_crosses_tombstones_however_much_was_compacted);
        tcase_add_test(tc, every_row_gets_its_tombstone_behind_the_one_that_stays);
        tcase_add_test(tc, a_tombstone_takes_away_its_own_row_alone);
        tcase_add_test(tc, nothing_but_tombstones_may_follow_a_closed_case);
        tcase_add_test(tc, whatever_happens_the_rows_are_the_state);
        tcase_add_test(tc, the_largest_case_goes_whole);
        tcase_add_test(tc, many_closed_cases_are_found_and_given_back);
        tcase_set_timeout(tc, 60);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
