/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what listings count, show and leave out. Method: tables of a few facts each, in a short form, on the organisations of the
 * examples and one small protocol; every line of a listing is compared as text.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/listing.h"
#include "model/lines.h"
#include "model_fixture.h"

#define FACTS_MAX 16
#define OBJECTS_MAX 256
#define NOON "T12:00:00+01:00"

/*
 * A fact in short: "child event day key=value …". @name is the id of that name; the day is the date of the event (measure-started:
 * informed_date, residence-changed: valid_from) and the day on which it was recorded, unless recorded=DAY. The source is gi-noordzee, unless source=.
 */
static struct scratch scratch;
static struct config *config;
static struct arena *arena;
static struct engine *engine;
static struct store *store;
static json_t *objects[OBJECTS_MAX];
static size_t n_objects;

static const char protocol[] =
        "protocol: proef\n"
        "title: Proef\n"
        "source: \"test\"\n"
        "region: any\n"
        "valid: {from: 2020-01-01}\n"
        "norms:\n"
        "  - norm: assigned\n"
        "    title: Binnen tien dagen\n"
        "    basis: {kind: agreement, ref: \"test\"}\n"
        "    starts: measure-started.informed_date\n"
        "    term: 10 days\n"
        "    met_by: [protector-assigned]\n"
        "    explained_by: [deviation-explained]\n"
        "    ends_with: measure-ended\n"
        "    announce: [gi]\n"
        "    escalate:\n"
        "      - {after: 0 days, to: [gi, municipality]}\n"
        "      - {after: 5 days, to: [region], when: {kind: VOTS}}\n"
        "  - norm: fixed\n"
        "    title: Hooguit één wisseling\n"
        "    basis: {kind: agreement, ref: \"test\"}\n"
        "    starts: measure-started.informed_date\n"
        "    limit: {event: protector-assigned, when: {reason: [TURNOVER, ILLNESS]}, at_most: 1}\n"
        "    explained_by: [deviation-explained]\n"
        "    ends_with: measure-ended\n"
        "  - norm: provided\n"
        "    title: Hulp gestart als de bepaling loopt\n"
        "    basis: {kind: agreement, ref: \"test\"}\n"
        "    starts: referral-issued.date\n"
        "    due_with: help-started\n"
        "    met_by: [care-decided]\n"
        "    explained_by: [deviation-explained]\n"
        "    ends_with: referral-closed\n";

static void copy_file(const char *name) {
        char from[SCRATCH_PATH], path[128], *text;
        struct error err;
        size_t n;

        (void) snprintf(path, sizeof(path), "tests/stories/examples/config/%s", name);
        ck_assert_int_eq(file_read(project_path(path, from), &text, &n, &err), 0);
        scratch_write(&scratch, name, text);
        free(text);
}

static void setup(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        char schemas[SCRATCH_PATH];

        scratch = scratch_new();
        scratch_folder(&scratch, "protocols");
        copy_file("organisations.yaml");
        copy_file("calendar.yaml");
        scratch_write(&scratch, "protocols/proef.yaml", protocol);
        ck_assert_msg(config_read(scratch.path, project_path("schemas", schemas), &config, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        ck_assert_int_eq(arena_new(&arena, 1 << 24), 0);
        ck_assert_int_eq(engine_new(config, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
}

static void forget(void) {
        store = store_free(store);
        while (n_objects)
                json_decref(objects[--n_objects]);
}

static void teardown(void) {
        forget();
        engine = engine_free(engine);
        arena = arena_free(arena);
        config = config_free(config);
        scratch_remove(&scratch);
}

/* --- facts in short --- */

static void id_of(const char *name, char ret[UUID_TEXT + 1]) {
        struct uuid id = uuid_v5(&uuid_namespace_ketenwacht, name, strlen(name));

        uuid_format(&id, ret);
}

static void put_value(struct json_writer *w, const char *key, const char *value) {
        char id[UUID_TEXT + 1];

        jsonw_key(w, key);
        if (value[0] == '@') {
                id_of(value + 1, id);
                jsonw_string(w, id);
        } else if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
                jsonw_bool(w, value[0] == 't');
        } else {
                jsonw_string(w, value);
        }
}

static const char *date_key(const char *event) {
        if (strcmp(event, "measure-started") == 0)
                return "informed_date";
        return strcmp(event, "residence-changed") == 0 ? "valid_from" : "date";
}

/* The rest of a fact: its own keys; source and recorded are those of the envelope. */
static void put_rest(struct json_writer *w, char *rest, const char **source, const char **recorded) {
        char *pair;

        while ((pair = strsep(&rest, " "))) {
                char *value = strchr(pair, '=');

                ck_assert_msg(value != NULL, "no value: %s", pair);
                *value++ = '\0';
                if (strcmp(pair, "source") == 0)
                        *source = value;
                else if (strcmp(pair, "recorded") == 0)
                        *recorded = value;
                else
                        put_value(w, pair, value);
        }
}

static void tell(const char *fact) {
        struct buffer out = BUFFER_INIT(4096);
        struct json_writer w = JSON_WRITER(&out);
        char *copy = strdup(fact), *rest = copy, *child = strsep(&rest, " "), *event = strsep(&rest, " "), *day = strsep(&rest, " "), id[UUID_TEXT + 1];
        const char *source = "gi-noordzee", *recorded = day;
        const struct outcome *outcome;
        struct error err = {0};
        struct line line;
        char at[64];

        jsonw_open_object(&w);
        jsonw_put_string(&w, "event", event);
        id_of(fact, id);
        jsonw_put_string(&w, "event_id", id);
        id_of(child, id);
        jsonw_put_string(&w, "case_id", id);
        jsonw_put_string(&w, date_key(event), day);
        put_rest(&w, rest, &source, &recorded);
        jsonw_put_string(&w, "source", source);
        (void) snprintf(at, sizeof(at), "%s" NOON, day);
        jsonw_put_string(&w, "occurred_at", at);
        (void) snprintf(at, sizeof(at), "%s" NOON, recorded);
        jsonw_put_string(&w, "recorded_at", at);
        jsonw_close_object(&w);
        line_parse(config->types, config->organisations, text_of(buffer_text(&out)), LANGUAGE_EN, arena, &line);
        ck_assert_msg(line.kind == LINE_EVENT, "%s: %s", fact, line.error.text);
        ck_assert_uint_lt(n_objects, OBJECTS_MAX);
        objects[n_objects++] = line.object;
        ck_assert_msg(engine_event(engine, store, &line.event, 0, false, &outcome, &err) == 0, "%s: %s", fact, err.text);
        store_commit(store);
        buffer_done(&out);
        free(copy);
}

static void tell_all(const char *const facts[FACTS_MAX]) {
        for (size_t i = 0; i < FACTS_MAX && facts[i]; i++)
                tell(facts[i]);
}

/* --- listings as text: cells parted by spaces, null "-", a list in brackets --- */

static void show_cell(const struct listing_cell *cell, struct buffer *out) {
        char date[DATE_TEXT + 1];

        switch (cell->kind) {
        case CELL_NULL:
                buffer_add_byte(out, '-');
                break;
        case CELL_TEXT:
                buffer_add_text(out, cell->text);
                break;
        case CELL_INT:
                buffer_printf(out, "%d", (int)cell->i);
                break;
        case CELL_BOOLEAN:
                buffer_add_text(out, cell->i ? "yes" : "no");
                break;
        case CELL_DATE:
                date_format((day_t)cell->i, date);
                buffer_add_text(out, date);
                break;
        case CELL_LIST:
                buffer_add_byte(out, '[');
                for (size_t i = 0; i < cell->list.n; i++) {
                        const struct listing_item *item = &cell->list.items[i];

                        buffer_printf(out, "%s%s", i ? "," : "", item->word);
                        if (item->date != DAY_NONE) {
                                date_format(item->date, date);
                                buffer_printf(out, "@%s", date);
                        }
                        if (item->has_agreed)
                                buffer_add_byte(out, item->agreed ? '+' : '!');
                }
                buffer_add_byte(out, ']');
                break;
        }
}

/* All but ids: lines parted by " | ". */
static void show(const struct listing_table *table, struct buffer *out) {
        for (size_t i = 0; i < table->n_rows; i++) {
                if (i)
                        buffer_add_text(out, " | ");
                for (size_t c = 0, some = 0; c < table->n_columns; c++) {
                        const char *key = table->columns[c].key;

                        if (strlen(key) > 3 && strcmp(key + strlen(key) - 3, "_id") == 0)
                                continue;
                        if (strcmp(key, "instance") == 0 || strcmp(key, "protocol") == 0)
                                continue;
                        if (some++)
                                buffer_add_byte(out, ' ');
                        show_cell(&table->rows[i][c], out);
                }
        }
}

struct asked {
        enum listing_kind kind;
        const char *at, *by;
        struct { const char *started_from, *started_until, *due_from, *due_until, *region, *gi, *municipality, *organisation, *norm; } only;
};

static day_t day_of(const char *text) {
        day_t day = DAY_NONE;

        ck_assert(!text || date_parse(text_of(text), &day));
        return day;
}

static const struct organisation *organisation_of(const char *id) {
        return id ? organisations_find(config->organisations, text_of(id)) : NULL;
}

/* A case at a time; between them the store serves others: it gets a new case, and the engine evaluates. None of that is in the listing. */
static struct listing *listing_in_steps(const struct listing_query *query) {
        struct listing_run *run = NULL;
        struct listing *listing = NULL;
        size_t done, all, steps = 0;
        int r;

        ck_assert_int_eq(listing_begin(store, query, &run), 0);
        while ((r = listing_step(run, engine, store, 1)) == 1) {
                struct casefile *due;
                const struct outcome *outcome;
                char fact[192];

                steps++;
                listing_progress(run, &done, &all);
                ck_assert_uint_eq(done, steps);
                ck_assert_uint_lt(done, all);
                (void) snprintf(fact, sizeof(fact), "late%zu measure-started 2022-11-01 measure_id=@late%zu kind=OTS verdict_date=2022-10-01 gi=gi-noordzee "
                                "municipality=gm0375", steps, steps);
                tell(fact);
                due = store_touched(store);
                ck_assert_int_eq(engine_evaluate(engine, store, due, query->at, &outcome), 0);
                store_rollback(store);
        }
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(listing_end(run, &listing), 0);
        listing_run_free(run);
        return listing;
}

static void assert_listing(const struct asked *asked, const char *expected) {
        struct listing_query query = {
                .kind = asked->kind, .started_from = day_of(asked->only.started_from), .started_until = day_of(asked->only.started_until),
                .due_from = day_of(asked->only.due_from), .due_until = day_of(asked->only.due_until), .gi = organisation_of(asked->only.gi),
                .municipality = organisation_of(asked->only.municipality), .organisation = organisation_of(asked->only.organisation), .norm = asked->only.norm,
        };
        struct buffer out = BUFFER_INIT(1 << 16);
        struct listing *listing;
        struct error err = {0};
        char at[64];

        (void) snprintf(at, sizeof(at), "%s" NOON, asked->at);
        ck_assert(instant_parse(text_of(at), &query.at));
        if (asked->only.region)
                query.region = regions_find(config->organisations, text_of(asked->only.region));
        if (asked->by)
                ck_assert_msg(listing_by_read(config, asked->kind, asked->by, &query.by, &err) == 0, "%s", err.text);
        ck_assert_int_eq(listing_make(engine, store, &query, &listing), 0);
        show(asked->by && asked->kind != LISTING_NORMS ? &listing->totals : &listing->list, &out);
        ck_assert_str_eq(buffer_text(&out), expected);
        listing_free(listing);
        if (asked->by && asked->kind != LISTING_NORMS) {
                query.totals = true;
                buffer_clear(&out);
                ck_assert_int_eq(listing_make(engine, store, &query, &listing), 0);
                ck_assert_uint_eq(listing->list.n_rows, 0);
                show(&listing->totals, &out);
                ck_assert_msg(strcmp(buffer_text(&out), expected) == 0, "totals alone: %s", buffer_text(&out));
                listing_free(listing);
                query.totals = false;
        }
        buffer_clear(&out);
        listing = listing_in_steps(&query);
        show(asked->by && asked->kind != LISTING_NORMS ? &listing->totals : &listing->list, &out);
        ck_assert_msg(strcmp(buffer_text(&out), expected) == 0, "in steps: %s", buffer_text(&out));
        listing_free(listing);
        buffer_done(&out);
}

static void evaluate(const char *child, const char *at) {
        struct uuid case_id = uuid_v5(&uuid_namespace_ketenwacht, child, strlen(child));
        struct casefile *casefile = store_find(store, &case_id);
        const struct outcome *outcome;
        instant_t now;

        ck_assert_ptr_nonnull(casefile);
        ck_assert(instant_parse(text_of(at), &now));
        ck_assert_int_eq(engine_evaluate(engine, store, casefile, now, &outcome), 0);
        store_commit(store);
}

/* Two children of one municipality, which was told of one of them: the other is not there for it, whatever is counted or listed. */
START_TEST(test_only_what_an_organisation_was_told_of) {
        static const char *const facts[FACTS_MAX] = {
                "a measure-started 2023-01-02 measure_id=@ma kind=OTS verdict_date=2023-01-01 gi=gi-noordzee municipality=gm0375",
                "b measure-started 2023-01-02 measure_id=@mb kind=OTS verdict_date=2023-01-01 gi=gi-noordzee municipality=gm0375",
        };
        static const struct {
                enum listing_kind kind;
                const char *told_to, *expected;
        } rows[] = {
                {LISTING_NORMS, NULL, "assigned 2 0 2 0 0 0 | fixed 2 2 0 0 0 0"},
                {LISTING_NORMS, "gm0375", "assigned 1 0 1 0 0 0 | fixed 1 1 0 0 0 0"},
                {LISTING_NORMS, "gm0402", ""},
        };

        tell_all(facts);
        evaluate("a", "2023-01-20" NOON);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct listing_query query = {.kind = rows[i].kind, .started_from = DAY_NONE, .started_until = DAY_NONE, .due_from = DAY_NONE,
                                              .due_until = DAY_NONE, .told_to = organisation_of(rows[i].told_to)};
                struct buffer out = BUFFER_INIT(1 << 16);
                struct listing *listing = NULL;

                ck_assert(instant_parse(text_of("2023-02-01" NOON), &query.at));
                ck_assert_int_eq(listing_make(engine, store, &query, &listing), 0);
                show(&listing->list, &out);
                ck_assert_str_eq(buffer_text(&out), rows[i].expected);
                listing_free(listing);
                query.kind = LISTING_LATE_VERDICTS;
                ck_assert_int_eq(listing_make(engine, store, &query, &listing), 0);
                ck_assert_uint_eq(listing->list.n_rows, rows[i].told_to ? (size_t)(i == 1) : 2);
                listing_free(listing);
                buffer_done(&out);
        }
}
END_TEST

START_TEST(test_no_listing_is_larger_than_it_may_be) {
        struct listing_query query = {.kind = LISTING_LATE_VERDICTS, .started_from = DAY_NONE, .started_until = DAY_NONE, .due_from = DAY_NONE,
                                      .due_until = DAY_NONE, .bytes_max = (size_t)64 * 1024};
        struct listing *listing = NULL;
        char fact[192];

        ck_assert(instant_parse(text_of("2023-02-01" NOON), &query.at));
        for (int i = 0; i < OBJECTS_MAX; i++) {
                (void) snprintf(fact, sizeof(fact), "child%d measure-started 2022-11-01 measure_id=@m%d kind=OTS verdict_date=2022-10-01 gi=gi-noordzee "
                                "municipality=gm0375", i, i);
                tell(fact);
        }
        ck_assert_int_eq(listing_make(engine, store, &query, &listing), -ENOMEM);
        query.bytes_max = 0;
        ck_assert_int_eq(listing_make(engine, store, &query, &listing), 0);
        ck_assert_uint_eq(listing->list.n_rows, OBJECTS_MAX);
        listing_free(listing);
}
END_TEST

/* --- norms --- */

#define START "a measure-started 2023-01-02 measure_id=@m kind=OTS verdict_date=2023-01-02 gi=gi-noordzee municipality=gm0375"
#define ASSIGNED "worker=w role=FIXED working_with_family=true"
#define EXPLAINED "a deviation-explained 2023-01-05 norm=assigned instance=@m reason=CAPACITY"
#define REFERRAL "a referral-issued 2023-01-02 measure_id=@m referral_id=@r product=p form=CUSTOM"

/* name total in_order not_in_order explained running lapsed; due on 12 January. */
static const struct {
        const char *norm, *at, *facts[FACTS_MAX], *expected;
} standings[] = {
        {"assigned", "2023-01-12", {START}, "assigned 0 0 0 0 1 0"},
        {"assigned", "2023-01-13", {START}, "assigned 1 0 1 0 0 0"},
        {"assigned", "2023-01-20", {START, "a protector-assigned 2023-01-12 measure_id=@m reason=FIRST " ASSIGNED}, "assigned 1 1 0 0 0 0"},
        {"assigned", "2023-01-20", {START, "a protector-assigned 2023-01-13 measure_id=@m reason=FIRST " ASSIGNED}, "assigned 1 0 1 0 0 0"},
        {"assigned", "2023-01-20", {START, EXPLAINED, "a protector-assigned 2023-01-13 measure_id=@m reason=FIRST " ASSIGNED}, "assigned 1 0 1 1 0 0"},
        {"assigned", "2023-01-20", {START, EXPLAINED, "a protector-assigned 2023-01-12 measure_id=@m reason=FIRST " ASSIGNED}, "assigned 1 1 0 0 0 0"},
        {"assigned", "2023-01-12", {START, EXPLAINED}, "assigned 0 0 0 0 1 0"}, /* explained before the due date is over */
        {"assigned", "2023-01-13", {START, EXPLAINED}, "assigned 1 0 1 1 0 0"},
        {"assigned", "2023-01-20", {START, EXPLAINED " until=2023-01-20"}, "assigned 1 0 1 1 0 0"},
        {"assigned", "2023-01-21", {START, EXPLAINED " until=2023-01-20"}, "assigned 1 0 1 0 0 0"}, /* it ran out, and explains no more */
        {"assigned", "2023-01-21", /* nor what was met late */
         {START, EXPLAINED " until=2023-01-20", "a protector-assigned 2023-01-13 measure_id=@m reason=FIRST " ASSIGNED}, "assigned 1 0 1 0 0 0"},
        {"assigned", "2023-01-20", {START, "a measure-ended 2023-01-12 measure_id=@m reason=OTHER"}, "assigned 0 0 0 0 0 1"},
        {"assigned", "2023-01-20", {START, "a measure-ended 2023-01-13 measure_id=@m reason=OTHER"}, "assigned 1 0 1 0 0 0"},
        {"assigned", "2023-01-20", {START, EXPLAINED, "a measure-ended 2023-01-13 measure_id=@m reason=OTHER"}, "assigned 1 0 1 1 0 0"},
        /* told later than the instant: not known yet */
        {"assigned", "2023-01-13", {START, "a protector-assigned 2023-01-04 measure_id=@m reason=FIRST recorded=2023-01-14 " ASSIGNED}, "assigned 1 0 1 0 0 0"},
        {"assigned", "2023-01-14", {START, "a protector-assigned 2023-01-04 measure_id=@m reason=FIRST recorded=2023-01-14 " ASSIGNED}, "assigned 1 1 0 0 0 0"},
        {"assigned", "2023-01-01", {START}, ""},
        {"fixed", "2023-02-01", {START}, "fixed 1 1 0 0 0 0"}, /* unbroken while it runs */
        {"fixed", "2023-02-01", {START, "a protector-assigned 2023-01-10 measure_id=@m reason=ILLNESS " ASSIGNED}, "fixed 1 1 0 0 0 0"},
        {"fixed", "2023-02-01", {START, "a measure-ended 2023-01-20 measure_id=@m reason=OTHER"}, "fixed 1 1 0 0 0 0"},
        {"fixed",
         "2023-02-01",
         {START, "a protector-assigned 2023-01-10 measure_id=@m reason=ILLNESS " ASSIGNED,
          "a protector-assigned 2023-01-11 measure_id=@m reason=TURNOVER " ASSIGNED},
         "fixed 1 0 1 0 0 0"},
        {"fixed",
         "2023-02-01", /* broken stays broken, also when the measure ended */
         {START, "a protector-assigned 2023-01-10 measure_id=@m reason=ILLNESS " ASSIGNED,
          "a protector-assigned 2023-01-11 measure_id=@m reason=TURNOVER " ASSIGNED,
          "a measure-ended 2023-01-20 measure_id=@m reason=OTHER", "a deviation-explained 2023-01-21 norm=fixed instance=@m reason=OTHER"},
         "fixed 1 0 1 1 0 0"},
        {"fixed",
         "2023-02-01", /* broken on the day on which it ended */
         {START, "a protector-assigned 2023-01-10 measure_id=@m reason=ILLNESS " ASSIGNED,
          "a protector-assigned 2023-01-11 measure_id=@m reason=TURNOVER " ASSIGNED,
          "a measure-ended 2023-01-11 measure_id=@m reason=OTHER"},
         "fixed 1 0 1 0 0 0"},
        {"provided", "2023-02-01", {START, REFERRAL}, "provided 0 0 0 0 1 0"}, /* no due date yet */
        {"provided", "2023-02-01", {START, REFERRAL, "a deviation-explained 2023-01-05 norm=provided instance=@r reason=OTHER"}, "provided 0 0 0 0 1 0"},
        {"provided", "2023-02-01", {START, REFERRAL, "a referral-closed 2023-01-05 measure_id=@m referral_id=@r reason=NOT_NEEDED"}, "provided 0 0 0 0 0 1"},
        {"provided", "2023-02-01", {START, REFERRAL, "a help-started 2023-01-05 measure_id=@m referral_id=@r route=REGULAR"}, "provided 1 0 1 0 0 0"},
};

START_TEST(test_how_an_obligation_counts) {
        struct asked asked = {.kind = LISTING_NORMS, .at = standings[_i].at, .only = {.norm = standings[_i].norm}};

        tell_all(standings[_i].facts);
        assert_listing(&asked, standings[_i].expected);
}
END_TEST

#define CHILD(c, m, day, kind, gi, municipality) \
        c " measure-started " day " measure_id=@" m " kind=" kind " verdict_date=" day " source=" gi " gi=" gi " municipality=" municipality
static const char *const children[FACTS_MAX] = {
        CHILD("a", "ma", "2022-11-01", "OTS", "gi-noordzee", "gm0375"),
        CHILD("b", "mb", "2022-12-01", "VOTS", "gi-noordzee", "gm0402"),
        CHILD("c", "mc", "2023-01-02", "OTS", "gi-duin", "gm0402"),
        "c residence-changed 2023-01-10 municipality=gm0362 basis=MOVED source=gi-duin",
        "a protector-assigned 2022-11-05 measure_id=@ma reason=FIRST " ASSIGNED,
        "a protector-assigned 2022-12-05 measure_id=@ma reason=PLANNED " ASSIGNED,
        "d measure-started 2022-01-03 measure_id=@md kind=OTS verdict_date=2022-01-03 source=gi-duin gi=gi-duin municipality=gm0457",
};

static const struct {
        struct asked asked;
        const char *expected;
} splits[] = {
        {{LISTING_NORMS, "2023-02-01", NULL, {0}}, "assigned 4 1 3 0 0 0 | fixed 4 4 0 0 0 0"},
        {{LISTING_NORMS, "2023-02-01", "gi", {.norm = "assigned"}}, "assigned 2 0 2 0 0 0 gi-duin | assigned 2 1 1 0 0 0 gi-noordzee"},
        /* c moved, and Weesp became part of Amsterdam */
        {{LISTING_NORMS, "2023-02-01", "municipality", {.norm = "assigned"}},
         "assigned 1 0 1 0 0 0 gm0362 | assigned 1 0 1 0 0 0 gm0363 | assigned 1 1 0 0 0 0 gm0375 | assigned 1 0 1 0 0 0 gm0402"},
        {{LISTING_NORMS, "2023-02-01", "region", {.norm = "assigned"}},
         "assigned 1 0 1 0 0 0 amstelland | assigned 1 0 1 0 0 0 gooi-en-vechtstreek | assigned 1 1 0 0 0 0 ijmond | assigned 1 0 1 0 0 0 -"},
        {{LISTING_NORMS, "2023-02-01", "quarter", {.norm = "assigned"}},
         "assigned 1 0 1 0 0 0 2022-Q1 | assigned 2 1 1 0 0 0 2022-Q4 | assigned 1 0 1 0 0 0 2023-Q1"},
        {{LISTING_NORMS, "2023-02-01", "kind", {.norm = "assigned"}}, "assigned 3 1 2 0 0 0 OTS | assigned 1 0 1 0 0 0 VOTS"},
        {{LISTING_NORMS, "2023-02-01", "measure-started.kind", {.norm = "assigned"}}, "assigned 3 1 2 0 0 0 OTS | assigned 1 0 1 0 0 0 VOTS"},
        /* of several joined facts the latest; none: null */
        {{LISTING_NORMS, "2023-02-01", "protector-assigned.reason", {.norm = "assigned"}}, "assigned 1 1 0 0 0 0 PLANNED | assigned 3 0 3 0 0 0 -"},
        {{LISTING_NORMS, "2023-02-01", "protector-assigned.working_with_family", {.norm = "assigned"}}, "assigned 1 1 0 0 0 0 yes | assigned 3 0 3 0 0 0 -"},
        {{LISTING_NORMS, "2023-02-01", NULL, {.started_from = "2022-11-01", .started_until = "2022-12-01", .norm = "assigned"}}, "assigned 2 1 1 0 0 0"},
        {{LISTING_NORMS, "2023-02-01", NULL, {.started_from = "2022-11-02", .started_until = "2022-11-30", .norm = "assigned"}}, ""},
        {{LISTING_NORMS, "2023-02-01", NULL, {.gi = "gi-duin", .norm = "assigned"}}, "assigned 2 0 2 0 0 0"},
        {{LISTING_NORMS, "2023-02-01", NULL, {.region = "noord-holland", .norm = "assigned"}}, "assigned 1 1 0 0 0 0"}, /* IJmond is part of it */
        {{LISTING_NORMS, "2023-02-01", NULL, {.region = "amstelland", .norm = "assigned"}}, "assigned 1 0 1 0 0 0"},
        {{LISTING_NORMS, "2023-01-09", NULL, {.region = "amstelland", .norm = "assigned"}}, ""},                          /* before the move */
        {{LISTING_NORMS, "2023-02-01", NULL, {.municipality = "gm0457", .norm = "assigned"}}, "assigned 1 0 1 0 0 0"},    /* its successor's */
};

START_TEST(test_filters_and_splits) {
        tell_all(children);
        assert_listing(&splits[_i].asked, splits[_i].expected);
}
END_TEST

/* --- lists --- */

#define MEASURE CHILD("a", "m", "2022-12-01", "OTS", "gi-noordzee", "gm0375")
#define WAITS "a help-waitlisted 2023-01-02 measure_id=@m reason=QUEUE"
#define OBSTRUCTION "a obstruction-reported 2023-01-02 obstruction_id=@o measure_id=@m kind=WAITING_TOO_LONG care_content=true"
#define ENDED "a measure-ended 2023-01-10 measure_id=@m reason=EXPIRED"
#define HANDOVER "measure_id=@m with_local_team=true with_receiver=true with_family=true results=true relapse=false network=true"
#define UNPROTECTED(c) c " child-unprotected-reported 2023-01-02 concern_id=@" c

static const struct {
        struct asked asked;
        const char *facts[FACTS_MAX], *expected;
} lists[] = {
        /* children who wait */
        {{LISTING_WAITING, "2023-01-12", NULL, {0}}, {MEASURE, WAITS}, "2023-01-02 10 QUEUE - gi-noordzee gm0375 ijmond - -"},
        {{LISTING_WAITING, "2023-01-01", NULL, {0}}, {MEASURE, WAITS}, ""},
        {{LISTING_WAITING, "2023-01-12", NULL, {0}}, {MEASURE, WAITS, "a help-started 2023-01-12 measure_id=@m route=REGULAR"}, ""},
        {{LISTING_WAITING, "2023-01-11", NULL, {0}}, /* help that starts tomorrow has not started */
         {MEASURE, WAITS, "a help-started 2023-01-12 measure_id=@m route=REGULAR recorded=2023-01-11"},
         "2023-01-02 9 QUEUE - gi-noordzee gm0375 ijmond - -"},
        {{LISTING_WAITING, "2023-01-12", NULL, {0}}, /* other help, from before */
         {MEASURE, WAITS, "a help-started 2022-12-20 measure_id=@m route=REGULAR"},
         "2023-01-02 10 QUEUE - gi-noordzee gm0375 ijmond - -"},
        {{LISTING_WAITING, "2023-01-12", NULL, {0}}, {MEASURE, WAITS, ENDED}, ""},
        {{LISTING_WAITING, "2023-01-12", NULL, {0}},
         {MEASURE, WAITS " referral_id=@r", "a referral-closed 2023-01-11 measure_id=@m referral_id=@r reason=NOT_NEEDED"},
         ""},
        {{LISTING_WAITING, "2023-01-12", NULL, {0}}, /* another referral's */
         {MEASURE, WAITS " referral_id=@r", "a referral-closed 2023-01-11 measure_id=@m referral_id=@s reason=NOT_NEEDED",
          "a referral-issued 2022-12-20 measure_id=@m referral_id=@r product=45A48 provider=provider-de-haven form=CONTRACTED reference=geheim"},
         "2023-01-02 10 QUEUE - gi-noordzee gm0375 ijmond provider-de-haven 45A48"},
        {{LISTING_WAITING, "2023-01-12", NULL, {0}}, /* said again: one wait, since the first word, for the last reason */
         {MEASURE, WAITS, "a help-waitlisted 2023-01-09 measure_id=@m reason=BUDGET_CAP expected_on=2023-02-01"},
         "2023-01-02 10 BUDGET_CAP 2023-02-01 gi-noordzee gm0375 ijmond - -"},
        {{LISTING_WAITING, "2023-01-12", NULL, {0}}, /* waiting again after help */
         {MEASURE, WAITS, "a help-started 2023-01-05 measure_id=@m route=REGULAR", "a help-waitlisted 2023-01-09 measure_id=@m reason=BUDGET_CAP"},
         "2023-01-09 3 BUDGET_CAP - gi-noordzee gm0375 ijmond - -"},
        {{LISTING_WAITING, "2023-01-12", "reason", {0}},
         {MEASURE, WAITS, WAITS " referral_id=@r", WAITS " referral_id=@s", "a help-waitlisted 2023-01-05 measure_id=@m referral_id=@t reason=NO_OFFER"},
         "NO_OFFER 1 1 7 7 | QUEUE 3 1 10 10"},
        /* obstructions */
        {{LISTING_OBSTRUCTIONS, "2023-01-12", NULL, {0}},
         {MEASURE, OBSTRUCTION},
         "2023-01-02 WAITING_TOO_LONG yes gi-noordzee gi-noordzee gm0375 ijmond - - [] [] - - 10"},
        {{LISTING_OBSTRUCTIONS, "2023-01-12", NULL, {0}},
         {MEASURE, OBSTRUCTION " referral_id=@r",
          "a referral-issued 2022-12-20 measure_id=@m referral_id=@r product=45A48 provider=provider-de-haven form=CONTRACTED",
          "a obstruction-step-requested 2023-01-03 obstruction_id=@o step=BOARD",
          "a obstruction-step-taken 2023-01-05 obstruction_id=@o step=EXPERT_TEAM agreed=true",
          "a obstruction-step-taken 2023-01-04 obstruction_id=@o step=MANAGEMENT agreed=false",
          "a obstruction-step-taken 2023-01-04 obstruction_id=@x step=OZJ agreed=true",
          "a obstruction-resolved 2023-01-08 obstruction_id=@o help_found=true"},
         "2023-01-02 WAITING_TOO_LONG yes gi-noordzee gi-noordzee gm0375 ijmond provider-de-haven 45A48 [BOARD@2023-01-03] "
         "[MANAGEMENT@2023-01-04!,EXPERT_TEAM@2023-01-05+] 2023-01-08 yes 6"},
        {{LISTING_OBSTRUCTIONS, "2023-01-12", "kind", {0}}, /* total cases resolved help_found median longest */
         {MEASURE, OBSTRUCTION, "a obstruction-resolved 2023-01-08 obstruction_id=@o help_found=false",
          "b obstruction-reported 2023-01-04 obstruction_id=@p kind=WAITING_TOO_LONG care_content=false",
          "b obstruction-reported 2023-01-04 obstruction_id=@q kind=INSUFFICIENT_QUALITY care_content=false"},
         "INSUFFICIENT_QUALITY 1 1 0 0 8 8 | WAITING_TOO_LONG 2 2 1 0 6 8"},
        /* children who are not protected enough */
        {{LISTING_UNPROTECTED, "2023-01-12", NULL, {0}},
         {UNPROTECTED("x") " municipality=gm0402 source=rvdk", MEASURE, UNPROTECTED("a"), UNPROTECTED("y") " source=rvdk", UNPROTECTED("z") " source=rvdk",
          "z child-protected-again 2023-01-12 concern_id=@z source=rvdk"},
         "gooi-en-vechtstreek gm0402 2023-01-02 10 rvdk - | ijmond gm0375 2023-01-02 10 gi-noordzee gi-noordzee | - - 2023-01-02 10 rvdk -"},
        {{LISTING_UNPROTECTED, "2023-01-11", NULL, {.municipality = "gm0402"}},
         {UNPROTECTED("x") " municipality=gm0402 source=rvdk", MEASURE, UNPROTECTED("a")},
         "gooi-en-vechtstreek gm0402 2023-01-02 9 rvdk -"},
        /* handovers */
        {{LISTING_HANDOVER, "2023-02-01", NULL, {0}},
         {MEASURE, ENDED},
         "2023-01-10 EXPIRED OTS gi-noordzee gm0375 ijmond - - [with_local_team,with_receiver,with_family,results,risks,relapse,network]"},
        {{LISTING_HANDOVER, "2023-02-01", NULL, {0}}, /* two talks complete one another */
         {MEASURE, ENDED, "a handover-held 2023-01-12 risks=false " HANDOVER, "a handover-held 2023-01-20 risks=true " HANDOVER},
         "2023-01-10 EXPIRED OTS gi-noordzee gm0375 ijmond 2023-01-12 2 [relapse]"},
        {{LISTING_HANDOVER, "2023-01-19", NULL, {0}},
         {MEASURE, ENDED, "a handover-held 2023-01-12 risks=false " HANDOVER, "a handover-held 2023-01-20 risks=true " HANDOVER},
         "2023-01-10 EXPIRED OTS gi-noordzee gm0375 ijmond 2023-01-12 2 [risks,relapse]"},
        {{LISTING_HANDOVER, "2023-02-01", NULL, {.started_from = "2023-01-11"}}, {MEASURE, ENDED}, ""},
        {{LISTING_HANDOVER, "2023-02-01", "gi", {0}}, {MEASURE, ENDED, "a handover-held 2023-01-12 risks=true " HANDOVER}, "gi-noordzee 1 1 1 0 2 2"},
        /* verdicts */
        {{LISTING_LATE_VERDICTS, "2023-02-01", NULL, {0}},
         {"a measure-started 2023-01-05 measure_id=@m kind=OTS verdict_date=2023-01-02 gi=gi-noordzee municipality=gm0375",
          "b measure-started 2023-01-22 measure_id=@n kind=STP verdict_date=2023-01-02 gi=gi-noordzee municipality=gm0375",
          "c measure-started 2023-01-02 measure_id=@o kind=OTS verdict_date=2023-01-02 gi=gi-noordzee municipality=gm0375"},
         "2023-01-02 2023-01-22 20 STP gi-noordzee gm0375 ijmond | 2023-01-02 2023-01-05 3 OTS gi-noordzee gm0375 ijmond"},
        {{LISTING_LATE_VERDICTS, "2023-02-01", "kind", {0}}, /* total cases late median longest */
         {"a measure-started 2023-01-05 measure_id=@m kind=OTS verdict_date=2023-01-02 gi=gi-noordzee municipality=gm0375",
          "b measure-started 2023-01-22 measure_id=@n kind=STP verdict_date=2023-01-02 gi=gi-noordzee municipality=gm0375",
          "c measure-started 2023-01-02 measure_id=@o kind=OTS verdict_date=2023-01-02 gi=gi-noordzee municipality=gm0375"},
         "OTS 2 2 1 0 3 | STP 1 1 1 20 20"},
        /* terms: who hears of it, for the first reason; rungs whose when does not hold are nobody's */
        {{LISTING_TERMS, "2022-12-05", NULL, {0}},
         {MEASURE},
         "gi-noordzee 2022-12-11 6 RUNNING assigned announcement gi gi-noordzee gm0375 ijmond | gm0375 2022-12-11 6 RUNNING assigned rung 1 municipality "
         "gi-noordzee gm0375 ijmond"},
        {{LISTING_TERMS, "2022-12-12", NULL, {.organisation = "region-ijmond"}},
         {CHILD("a", "m", "2022-12-01", "VOTS", "gi-noordzee", "gm0375")},
         "region-ijmond 2022-12-11 -1 OVERDUE assigned rung 2 region gi-noordzee gm0375 ijmond"},
        {{LISTING_TERMS, "2022-12-05", NULL, {.due_until = "2022-12-10"}}, {MEASURE}, ""},
        {{LISTING_TERMS, "2022-12-05", NULL, {.due_from = "2022-12-12"}}, {MEASURE}, ""},
        {{LISTING_TERMS, "2022-12-20", NULL, {0}}, {MEASURE, "a protector-assigned 2022-12-05 measure_id=@m reason=FIRST " ASSIGNED}, ""},
        {{LISTING_TERMS, "2023-02-01", NULL, {0}}, /* nobody is told: it stands with the GI */
         {MEASURE, "a protector-assigned 2022-12-05 measure_id=@m reason=FIRST " ASSIGNED,
          "a referral-issued 2023-01-02 measure_id=@m referral_id=@r product=p form=CUSTOM",
          "a help-started 2023-01-05 measure_id=@m referral_id=@r route=REGULAR"},
         "gi-noordzee 2023-01-05 -27 OVERDUE provided - - gi-noordzee gm0375 ijmond"},
        {{LISTING_TERMS, "2022-12-20", "organisation", {0}}, {MEASURE}, "gi-noordzee 1 1 1 -9 -9 | gm0375 1 1 1 -9 -9"},
};

START_TEST(test_lists) {
        tell_all(lists[_i].facts);
        assert_listing(&lists[_i].asked, lists[_i].expected);
}
END_TEST

/* --- what --by may say --- */

static const struct {
        enum listing_kind kind;
        const char *by, *error; /* NULL: accepted */
} words[] = {
        {LISTING_NORMS, "source", NULL},
        {LISTING_NORMS, "form", NULL},
        {LISTING_WAITING, "expected_on", NULL},
        {LISTING_WAITING, "referral-issued.product", NULL},
        {LISTING_TERMS, "organisation", NULL},
        {LISTING_NORMS, "birth_date", "'birth_date' is personal data, which no report shows"},
        {LISTING_NORMS, "measure-started.reference", "'measure-started.reference' is personal data, which no report shows"},
        {LISTING_WAITING, "referral-issued.reference", "'referral-issued.reference' is personal data, which no report shows"},
        {LISTING_NORMS, "measure-begun.kind", "no event 'measure-begun' (did you mean 'measure-ended'?); "
         "write event.field, like deviation-explained.reason"},
        {LISTING_NORMS, "plan-due.stage", "no event 'plan-due' (did you mean 'plan-made'?); write event.field, like deviation-explained.reason"},
        {LISTING_NORMS, "measure-started.kid", "measure-started has no field 'kid' (did you mean 'kind'?)"},
        {LISTING_NORMS, "muncipality",
         "no value 'muncipality' to split by (did you mean 'municipality'?); write gi, municipality, region, quarter, a field of the starting fact, or "
         "event.field"},
        {LISTING_WAITING, "form", "no value 'form' to split by*"}, /* not of its starting fact */
        {LISTING_NORMS, "organisation", "no value 'organisation' to split by*"},
};

START_TEST(test_what_to_split_by) {
        struct listing_by by;
        struct error err = {0};
        int r = listing_by_read(config, words[_i].kind, words[_i].by, &by, &err);
        const char *want = words[_i].error;
        size_t n = want ? strlen(want) : 0;

        ck_assert_int_eq(r == 0, want == NULL);
        if (n && want[n - 1] == '*')
                ck_assert_msg(strncmp(err.text, want, n - 1) == 0, "%s", err.text);
        else if (want)
                ck_assert_str_eq(err.text, want);
}
END_TEST

int main(void) {
        Suite *s = suite_create("listing");
        TCase *t = tcase_create("listing");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, test_how_an_obligation_counts, 0, ELEMENTS(standings));
        tcase_add_loop_test(t, test_filters_and_splits, 0, ELEMENTS(splits));
        tcase_add_loop_test(t, test_lists, 0, ELEMENTS(lists));
        tcase_add_test(t, test_only_what_an_organisation_was_told_of);
        tcase_add_test(t, test_no_listing_is_larger_than_it_may_be);
        tcase_add_loop_test(t, test_what_to_split_by, 0, ELEMENTS(words));
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
