/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what stands in a file is the event that was meant, or is refused with its line and no personal value; rows of a day are written once, whatever
 * dies, and appear when the day is over.
 * Method: tables of lines with the project's own schemas; a scratch folder and a clock that the test moves, with a new daybook for each process.
 */

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"
#include "calendar/date.h"
#include "connectors/files-in/sheet.h"
#include "connectors/files-out/daybook.h"
#include "model_fixture.h"

#define NOW "2026-03-10T12:00:00+01:00"
#define CASE_ID "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define MEASURE "7f0a320f-7e2d-50ba-959b-4131a3834d5d"

static struct organisations *orgs;
static struct event_types *types;
static struct arena *arena;
static struct scratch s;
static instant_t now;

static instant_t files_time(void *ctx) {
        (void) ctx;
        return now;
}

static const struct clock_ops files_clock = {.realtime_ms = files_time, .monotonic_ms = files_time};

static void setup(void) {
        ck_assert_int_eq(arena_new(&arena, 1 << 24), 0);
        ck_assert(instant_parse(text_of(NOW), &now));
        project_parties(&orgs, &types);
        s = scratch_new();
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
        scratch_remove(&s);
}

/* -- Lines -- */

static const struct {
        const char *line;
        char separator;
        size_t n;        /* 0: it cannot be split */
        const char *last;
} splits[] = {
        {"a;b", ';', 2, "b"},
        {"a; b \t", ';', 2, "b"},
        {"a;", ';', 2, ""},
        {"", ';', 1, ""},
        {"a,\"b,c\"", ',', 2, "b,c"},
        {"a;\"say \"\"b\"\"\" ", ';', 2, "say \"b\""},
        {"a;\"\"", ';', 2, ""},
        {"a;\"b", ';', 0, NULL},
        {"a;\"b\"c", ';', 0, NULL},
        {"a;b\"c", ';', 2, "b\"c"},
};

START_TEST(a_line_is_split_as_spreadsheets_write_it) {
        struct text cells[CSV_CELLS_MAX];
        size_t n = 0;
        enum csv_mistake said = csv_split(text_of(splits[_i].line), splits[_i].separator, arena, cells, &n);

        ck_assert_int_eq(said, splits[_i].n ? CSV_FINE : CSV_QUOTE);
        ck_assert(!splits[_i].n || (n == splits[_i].n && text_is(cells[n - 1], splits[_i].last)));
}
END_TEST

static const struct {
        const char *value, *written;
} puts_[] = {
        {"plain", "plain"}, {"", ""}, {"a;b", "\"a;b\""}, {"say \"b\"", "\"say \"\"b\"\"\""}, {"=1+1", "\"'=1+1\""}, {"-12/3", "\"'-12/3\""},
        {"+31", "\"'+31\""}, {"@sum", "\"'@sum\""}, {"\tx", "\"'\tx\""}, {"a-b", "a-b"}, {" a", "\" a\""}, {"a\r\nb", "\"a  b\""}, {"a,b", "a,b"},
};

START_TEST(a_value_is_no_formula_and_comes_back) {
        struct buffer out = BUFFER_INIT(1000);
        struct text cells[CSV_CELLS_MAX];
        size_t n;

        csv_put(&out, ';', text_of(puts_[_i].value));
        ck_assert_str_eq(buffer_text(&out), puts_[_i].written);
        ck_assert_int_eq(csv_split((struct text){(char *)out.bytes, out.n}, ';', arena, cells, &n), CSV_FINE);
        if (!strpbrk(puts_[_i].value, "\r\n"))
                ck_assert(n == 1 && text_is(csv_unguarded(cells[0]), puts_[_i].value));
        buffer_done(&out);
}
END_TEST

/* -- Files -- */

static struct sheet_rules rules(void) {
        return (struct sheet_rules){.types = types, .organisations = orgs, .from = organisations_find(orgs, text_of("gi-jbn")), .now = now};
}

/* The code of the first line of a file behind its header: "" when it is an event; "FILE": the file cannot be read. */
static const char *first_line(const char *name, const char *text, struct sheet_event *ret, struct sheet_refusal *refusal) {
        static struct sheet sheet;
        const struct sheet_rules r = rules();
        struct sheet_line line;

        if (sheet_open(name, text_of(text), &r, arena, &sheet, &refusal->why) < 0)
                return "FILE";
        ck_assert(sheet_next(&sheet, &line));
        return sheet_read(&sheet, &r, line.text, arena, ret, refusal) ? "" : refusal->code;
}

#define DECLINE(date, instant) CASE_ID ";" instant ";" instant ";" MEASURE ";" date ";PARENTS_DECLINE"
#define WAIVED "case_id;occurred_at;recorded_at;measure_id;date;reason\n"
#define JSON(more) \
        "{\"case_id\":\"" CASE_ID "\",\"occurred_at\":\"2026-03-09T10:00:00Z\",\"recorded_at\":\"2026-03-09T10:00:00Z\",\"measure_id\":\"" MEASURE "\"," \
        "\"date\":\"2026-03-09\",\"reason\":\"PARENTS_DECLINE\"" more "}\n"

static const struct {
        const char *name, *text, *instant; /* instant: recorded_at, when it is an event */
} taken[] = {
        {"family-plan-waived.csv", WAIVED DECLINE("2026-03-09", "2026-03-09T10:00:00Z"), "2026-03-09T11:00:00+01:00"},
        {"family-plan-waived-2026-11.CSV", CSV_BOM WAIVED DECLINE("09-03-2026", "09-03-2026") "\r\n", "2026-03-09T00:00:00+01:00"},
        {"family-plan-waived (2).txt", WAIVED DECLINE("09-03-2026", "09-03-2026 14:30"), "2026-03-09T14:30:00+01:00"},
        {"x.csv", "event," "case_id,occurred_at,recorded_at,measure_id,date,reason\nfamily-plan-waived," CASE_ID ",2025-10-26 02:30:15,2025-10-26 02:30:15,"
         MEASURE ",2025-10-26,\"PARENTS_DECLINE\"", "2025-10-26T02:30:15+02:00"},
        {"family-plan-waived.csv", "unknown_field;" WAIVED ";" DECLINE("2025-03-30", "2025-03-30T02:30"), "2025-03-30T03:30:00+02:00"},
        {"family-plan-waived.jsonl", CSV_BOM JSON(""), "2026-03-09T11:00:00+01:00"},
        {"x.ndjson", JSON(",\"event\":\"family-plan-waived\",\"source\":\"gi-jbn\",\"key\":\"" CASE_ID "\""), "2026-03-09T11:00:00+01:00"},
};

START_TEST(lines_become_events) {
        struct sheet_refusal refusal = {0};
        struct sheet_event event = {0};
        char text[INSTANT_TEXT + 1];
        const char *code = first_line(taken[_i].name, taken[_i].text, &event, &refusal);

        ck_assert_msg(strcmp(code, "") == 0, "%s: %s", code, refusal.why.text);
        ck_assert_str_eq(event.event.type->name, "family-plan-waived");
        ck_assert(text_is(event.event.slots[SLOT_SOURCE].s, "gi-jbn"));
        instant_format(event.event.slots[SLOT_RECORDED_AT].i, text);
        ck_assert_str_eq(text, taken[_i].instant);
        sheet_event_done(&event);
}
END_TEST

static const struct {
        const char *name, *text, *code, *said;
} wrong[] = {
        {"family-plan-waived.csv", "", "FILE", "the file is empty"},
        {"family-plan-waived.csv", "a;a\n", "FILE", "columns 1 and 2 have one name"},
        {"family-plan-waived.csv", "a;;b\n", "FILE", "column 2 has no name"},
        {"family-plan-waived.csv", WAIVED CASE_ID ";x", "MALFORMED", "the line has 2 values, and the first line names 6 fields"},
        {"family-plan-waived.csv", WAIVED "\"" DECLINE("2026-03-09", "2026-03-09"), "MALFORMED", "a quotation mark is not closed"},
        {"family-plan-waived.csv", WAIVED "caf\xe9;;;;;", "MALFORMED", "not UTF-8"},
        {"family-plan-waivered.csv", WAIVED DECLINE("2026-03-09", "2026-03-09"), "MALFORMED", "which event this is"},
        {"x.csv", "event;case_id\nfamily-plan-waved;x", "UNKNOWN_EVENT", "did you mean 'family-plan-waived'"},
        {"family-plan-waived.csv", WAIVED DECLINE("31-02-2026", "2026-03-09"), "BAD_VALUE", "date: "},
        {"family-plan-waived.csv", WAIVED DECLINE("2026-03-09", "2026-03-09 25:00"), "BAD_VALUE", "occurred_at: "},
        {"family-plan-waived.csv", WAIVED DECLINE("2026-03-09", "2026-03-12"), "BAD_VALUE", "recorded_at: lies more than a day ahead"},
        {"family-plan-waived.csv", "color;" WAIVED "blue;" DECLINE("2026-03-09", "2026-03-09"), "BAD_VALUE", "no field 'color'"},
        {"family-plan-waived.csv", "source;" WAIVED "gi-wss;" DECLINE("2026-03-09", "2026-03-09"), "NOT_ALLOWED", "these are files of gi-jbn"},
        {"family-plan-waived.csv", "source;" WAIVED "gi-none;" DECLINE("2026-03-09", "2026-03-09"), "UNKNOWN_ORGANISATION", "gi-none"},
        {"prior-help-shared.csv", "case_id;occurred_at;recorded_at;measure_id;date\n" CASE_ID ";2026-03-09;2026-03-09;" MEASURE ";2026-03-09", "NOT_ALLOWED",
         "source"},
        {"measure-started.csv", "birth_date\n2099-secret", "BAD_VALUE", ""},
        {"family-plan-waived.jsonl", "[]", "MALFORMED", ""},
        {"family-plan-waived.jsonl", JSON(",\"key\":\"" MEASURE "\""), "KEY_MISMATCH", ""},
        {"x.jsonl", "{\"clock\":\"2026-03-09T10:00:00Z\"}", "MALFORMED", "which event this is"},
};

START_TEST(what_is_no_event_is_refused_with_its_code) {
        struct sheet_refusal refusal = {0};
        struct sheet_event event = {0};
        const char *code = first_line(wrong[_i].name, wrong[_i].text, &event, &refusal);

        ck_assert_str_eq(code, wrong[_i].code);
        ck_assert_msg(strstr(refusal.why.text, wrong[_i].said), "%s", refusal.why.text);
        ck_assert_msg(!strstr(refusal.why.text, "secret"), "%s", refusal.why.text);
        ck_assert_ptr_null(event.json);
}
END_TEST

static struct uuid id_of(const char *name, const char *text) {
        struct sheet_refusal refusal = {0};
        struct sheet_event event = {0};
        struct uuid id;

        ck_assert_str_eq(first_line(name, text, &event, &refusal), "");
        id = event.event.slots[SLOT_EVENT_ID].u;
        sheet_event_done(&event);
        return id;
}

START_TEST(a_line_without_an_id_has_that_of_its_text) {
        const struct uuid first = id_of("family-plan-waived.csv", WAIVED DECLINE("2026-03-09", "2026-03-09"));
        const struct uuid again = id_of("family-plan-waived-2.csv", WAIVED "\n\n" DECLINE("2026-03-09", "2026-03-09") "\r\n");
        const struct uuid other = id_of("family-plan-waived.csv", WAIVED DECLINE("2026-03-08", "2026-03-09"));
        const struct uuid said = id_of("family-plan-waived.csv", "event_id;" WAIVED MEASURE ";" DECLINE("2026-03-08", "2026-03-09"));
        char text[UUID_TEXT + 1];

        ck_assert(uuid_equal(&first, &again) && !uuid_equal(&first, &other));
        uuid_format(&said, text);
        ck_assert_str_eq(text, MEASURE);
}
END_TEST

/* -- Days -- */

static const char *header = CSV_BOM "delivery_id;text";

static struct daybook *book(void) {
        const struct daybook_config config = {.path = s.path, .name = "gm0014", .header = text_of(header), .clock = {.ops = &files_clock}};
        struct daybook *d = NULL;
        struct error err = {0};

        ck_assert_msg(daybook_open(&config, &d, &err) == 0, "%s", err.text);
        return d;
}

static struct daybook *taken_book(void) {
        struct daybook *d = book();
        struct error err = {0};

        ck_assert_msg(daybook_take(d, &err) == 1, "%s", err.text);
        return d;
}

static struct uuid row_id(int i) {
        return uuid_v5(&uuid_namespace_ketenwacht, &i, sizeof(i));
}

/* As the connector does: a row that stands there is not written again. Return: whether it was written. */
static bool row(struct daybook *d, int i) {
        const struct uuid id = row_id(i);
        struct error err = {0};
        char text[32];

        ck_assert_int_eq(daybook_take(d, &err), 1);
        if (daybook_has(d, &id))
                return false;
        (void) snprintf(text, sizeof(text), ";row %d", i);
        ck_assert_int_eq(daybook_add(d, &id, text_of(text)), 0);
        ck_assert_msg(daybook_flush(d, &err) == 0, "%s", err.text);
        return true;
}

/* How many lines a file has; -1: it is not there. */
static int lines(const char *name) {
        char path[SCRATCH_PATH], *text = NULL;
        struct error err;
        int found = 0;
        size_t n;

        if (file_read(scratch_path(&s, name, path), &text, &n, &err) < 0)
                return -1;
        for (size_t i = 0; i < n; i++)
                found += text[i] == '\n';
        free(text);
        return found;
}

/* Appends to a file, as a process that is killed in the middle of a row. */
static void tear(const char *name, const char *text) {
        char path[SCRATCH_PATH];
        FILE *f = fopen(scratch_path(&s, name, path), "a");

        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs(text, f), 0);
        ck_assert_int_eq(fclose(f), 0);
}

START_TEST(a_day_appears_whole_when_it_is_over) {
        struct daybook *d = taken_book();
        struct error err = {0};

        ck_assert(row(d, 1) && row(d, 2) && !row(d, 1));
        ck_assert_int_eq(daybook_turn(d, &err), 0);
        ck_assert_int_eq(lines("gm0014-2026-03-10.csv"), -1);
        now += DAY_MS;
        ck_assert_int_eq(daybook_turn(d, &err), 0);
        ck_assert_int_eq(lines("gm0014-2026-03-10.csv"), 3);
        ck_assert(row(d, 3) && !row(d, 2));
        ck_assert_int_eq(lines(".gm0014-2026-03-11.csv.tmp"), 2);
        daybook_free(d);
}
END_TEST

START_TEST(a_restart_in_the_midst_of_a_day_writes_nothing_twice) {
        for (int i = 1; i <= 5; i++) {
                struct daybook *d = taken_book();

                for (int j = 1; j <= i; j++)
                        ck_assert_int_eq(row(d, j), j == i);
                daybook_free(d);
                tear(".gm0014-2026-03-10.csv.tmp", "60a3d05e-e53c-5dbc-921a-8");
        }
        now += 3 * DAY_MS; /* nobody ran for days */
        daybook_free(taken_book());
        ck_assert_int_eq(lines("gm0014-2026-03-10.csv"), 6);
}
END_TEST

START_TEST(what_was_fetched_is_known_all_the_same) {
        struct daybook *d = taken_book();
        char path[SCRATCH_PATH];

        ck_assert(row(d, 1));
        daybook_free(d);
        now += DAY_MS;
        daybook_free(taken_book());
        ck_assert_int_eq(unlink(scratch_path(&s, "gm0014-2026-03-10.csv", path)), 0);
        now += 5 * DAY_MS;
        d = taken_book();
        ck_assert(!row(d, 1) && row(d, 2));
        for (int day = 1; day <= DAYBOOK_KEPT; day++) {
                now += DAY_MS;
                ck_assert(row(d, 2 + day));
        }
        daybook_free(d);
        daybook_free(taken_book());
        ck_assert_int_eq(lines(".gm0014-2026-03-10.csv.kept"), -1); /* and not for ever */
        ck_assert_int_eq(lines("gm0014-2026-03-16.csv"), 2);
}
END_TEST

START_TEST(killed_before_the_rename_it_appears_once) {
        char tmp[SCRATCH_PATH], kept[SCRATCH_PATH];
        struct daybook *d = taken_book();

        ck_assert(row(d, 1));
        daybook_free(d);
        now += DAY_MS; /* it had its second name and not yet its first */
        ck_assert_int_eq(link(scratch_path(&s, ".gm0014-2026-03-10.csv.tmp", tmp), scratch_path(&s, ".gm0014-2026-03-10.csv.kept", kept)), 0);
        daybook_free(taken_book());
        ck_assert_int_eq(lines("gm0014-2026-03-10.csv"), 2);
        ck_assert_int_eq(lines("gm0014-2026-03-10.2.csv"), -1);
        ck_assert_int_eq(lines(".gm0014-2026-03-10.csv.tmp"), -1);
}
END_TEST

START_TEST(other_columns_begin_another_file_of_the_day) {
        struct daybook *d = taken_book();

        ck_assert(row(d, 1));
        daybook_free(d);
        header = CSV_BOM "delivery_id;text;more";
        d = taken_book();
        ck_assert(!row(d, 1) && row(d, 2));
        daybook_free(d);
        now += DAY_MS;
        daybook_free(taken_book());
        ck_assert_int_eq(lines("gm0014-2026-03-10.csv"), 2);
        ck_assert_int_eq(lines("gm0014-2026-03-10.2.csv"), 2);
        header = CSV_BOM "delivery_id;text";
}
END_TEST

START_TEST(of_two_processes_one_writes) {
        struct daybook *first = taken_book(), *second = book();
        struct error err = {0};

        ck_assert(row(first, 1));
        ck_assert_int_eq(daybook_take(second, &err), 0);
        daybook_free(first);
        ck_assert_int_eq(daybook_take(second, &err), 1);
        ck_assert(!row(second, 1) && row(second, 2));
        daybook_free(second);
        ck_assert_int_eq(lines(".gm0014-2026-03-10.csv.tmp"), 3);
}
END_TEST

/* What cannot be written is not there, not even half of it, and is written when it can be. */
START_TEST(a_disk_that_is_full_costs_nothing) {
        const struct rlimit little = {.rlim_cur = 200, .rlim_max = RLIM_INFINITY}, all = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
        struct daybook *d = taken_book();
        const struct uuid id = row_id(2);
        struct error err = {0};
        char text[300];

        memset(text, 'x', sizeof(text));
        ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
        ck_assert(row(d, 1));
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
        ck_assert_int_eq(daybook_add(d, &id, (struct text){text, sizeof(text)}), 0);
        ck_assert_int_eq(daybook_flush(d, &err), -EFBIG);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
        ck_assert_int_eq(lines(".gm0014-2026-03-10.csv.tmp"), 2);
        ck_assert(!row(d, 1) && row(d, 2));
        ck_assert_int_eq(lines(".gm0014-2026-03-10.csv.tmp"), 3);
        daybook_free(d);
}
END_TEST

START_TEST(a_folder_that_is_made_again_is_written_to) {
        const struct uuid id = row_id(1);
        struct daybook *d;
        struct error err = {0};

        scratch_folder(&s, "out");
        (void) snprintf(s.path + strlen(s.path), sizeof(s.path) - strlen(s.path), "/out");
        d = taken_book();
        scratch_remove(&s);
        ck_assert_int_eq(daybook_add(d, &id, text_of(";x")), 0);
        ck_assert_int_eq(daybook_flush(d, &err), -ENOENT);
        ck_assert_int_lt(daybook_take(d, &err), 0);
        ck_assert_int_eq(mkdir(s.path, 0700), 0);
        ck_assert(row(d, 1));
        ck_assert_int_eq(lines(".gm0014-2026-03-10.csv.tmp"), 2);
        daybook_free(d);
        *strrchr(s.path, '/') = '\0';
}
END_TEST

START_TEST(what_was_dropped_is_not_known) {
        struct daybook *d = taken_book();
        const struct uuid id = row_id(1);
        struct error err = {0};

        ck_assert_int_eq(daybook_add(d, &id, text_of(";x")), 0);
        ck_assert(daybook_has(d, &id));
        daybook_drop(d);
        ck_assert_int_eq(daybook_take(d, &err), 1);
        ck_assert(!daybook_has(d, &id) && row(d, 1));
        daybook_free(d);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("files");
        SRunner *runner = srunner_create(suite);
        TCase *in = tcase_create("in"), *out = tcase_create("out");
        int failed;

        tcase_add_checked_fixture(in, setup, teardown);
        tcase_add_checked_fixture(out, setup, teardown);
        tcase_add_loop_test(in, a_line_is_split_as_spreadsheets_write_it, 0, (int)ELEMENTS(splits));
        tcase_add_loop_test(in, a_value_is_no_formula_and_comes_back, 0, (int)ELEMENTS(puts_));
        tcase_add_loop_test(in, lines_become_events, 0, (int)ELEMENTS(taken));
        tcase_add_loop_test(in, what_is_no_event_is_refused_with_its_code, 0, (int)ELEMENTS(wrong));
        tcase_add_test(in, a_line_without_an_id_has_that_of_its_text);
        tcase_add_test(out, a_day_appears_whole_when_it_is_over);
        tcase_add_test(out, a_restart_in_the_midst_of_a_day_writes_nothing_twice);
        tcase_add_test(out, what_was_fetched_is_known_all_the_same);
        tcase_add_test(out, killed_before_the_rename_it_appears_once);
        tcase_add_test(out, other_columns_begin_another_file_of_the_day);
        tcase_add_test(out, of_two_processes_one_writes);
        tcase_add_test(out, a_disk_that_is_full_costs_nothing);
        tcase_add_test(out, a_folder_that_is_made_again_is_written_to);
        tcase_add_test(out, what_was_dropped_is_not_known);
        suite_add_tcase(suite, in);
        suite_add_tcase(suite, out);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
