/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: every line is what the agreement says it is, and of several mistakes the first that is agreed
 * is told, by place and field and never by a personal value.
 * Method: a table of lines against the shipped schemas and organisations; lines that were spoilt by chance, read in both ways that there are;
 * streams with awkward ends.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "model/event_scan.h"
#include "model/lines.h"

#include "model_fixture.h"

#define CASE "\"case_id\":\"8a53d001-0000-4000-8000-000000000001\""
#define ENVELOPE \
        "\"event_id\":\"0b57d001-0000-4000-8000-000000000001\"," CASE ",\"occurred_at\":\"2022-03-01T10:00:00+01:00\"," \
        "\"recorded_at\":\"2022-03-01T10:00:00+01:00\""
#define ASSIGNED "\"event\":\"protector-assigned\"," ENVELOPE
#define FIELDS \
        "\"measure_id\":\"3a53d001-0000-4000-8000-000000000001\",\"date\":\"2022-03-01\",\"worker\":\"w-17\",\"role\":\"FIXED\"," \
        "\"working_with_family\":true,\"reason\":\"FIRST\""
#define JBN "\"source\":\"gi-jbn\""
#define STARTED \
        "\"event\":\"measure-started\"," ENVELOPE "," JBN ",\"measure_id\":\"3a53d001-0000-4000-8000-000000000001\",\"kind\":\"OTS\"," \
        "\"verdict_date\":\"2022-03-01\",\"informed_date\":\"2022-03-01\",\"municipality\":\"gm0014\""

static struct event_types *types;
static struct organisations *orgs;

static void read_all(void) {
        project_parties(&orgs, &types);
}

static void free_all(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

static const struct row {
        const char *line;
        enum line_kind kind;
        enum refusal refusal;
        const char *field;
        const char *error; /* stands in the sentence */
} rows[] = {
        {"", LINE_BLANK},
        {" \t\r", LINE_BLANK},
        {"{" ASSIGNED "," JBN "," FIELDS "}", LINE_EVENT},
        {"  {" ASSIGNED "," JBN "," FIELDS "}\r", LINE_EVENT},
        {"{" ASSIGNED "," JBN "," FIELDS ",\"deputy\":null,\"key\":\"8a53d001-0000-4000-8000-000000000001\"}", LINE_EVENT},
        {"{" STARTED ",\"gi\":\"gi-jbn\"}", LINE_EVENT},
        {"{\"clock\":\"2022-03-01T10:00:00+01:00\"}", LINE_CLOCK},
        {"{\"clock\":\"2022-03-01\"}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "clock line"},
        {"{\"clock\":1646125200}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "clock line"},
        {"{\"clock\":\"1999-03-01T10:00:00+01:00\"}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "clock line"},
        {"{\"clock\":\"2022-03-01T10:00:00+01:00\",\"key\":\"x\"}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "clock line"},
        {"hello", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "at byte"},
        {"[]", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "one event a line"},
        {"\"measure-started\"", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "not a JSON object"},
        {"{}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "is missing"},
        {"{\"evnt\":\"measure-started\"}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "event: is missing; 'evnt' stands there (did you mean 'event'?)"},
        {"{\"Event\":\"measure-started\"}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "'Event' stands there"},
        {"{\"clok\":\"2022-03-01T10:00:00+01:00\"}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "'clok' stands there (did you mean 'clock'?)"},
        {"{\"event_id\":\"x\",\"events\":7}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "'events' stands there"},
        {"{\"event_id\":\"x\"}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "event: is missing; write the name"},
        {"{\"evnt: Jan\":\"x\"}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "event: is missing; write the name"}, /* no name: never repeated */
        {"{" ASSIGNED "," JBN ",\"mesure_id\":\"x\"}", LINE_REFUSED, REFUSAL_BAD_VALUE, "measure_id",
         "measure_id: is missing; 'mesure_id' stands there (did you mean 'measure_id'?)"},
        {"{" STARTED "}", LINE_REFUSED, REFUSAL_BAD_VALUE, "gi", "gi: is missing"},
        {"{" STARTED ",\"gi\":\"gi-jbn\",\"kee\":\"x\"}", LINE_REFUSED, REFUSAL_BAD_VALUE, NULL, "no field 'kee' (did you mean 'key'?)"},
        {"{\"event\":7}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "must be a string"},
        {"{\"event\":null,\"clock\":\"2022-03-01T10:00:00+01:00\"}", LINE_REFUSED, REFUSAL_MALFORMED, "event", "must be a string"},
        {"{" ASSIGNED "," JBN "," FIELDS "", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "ends in the middle"},
        {"{" ASSIGNED "," JBN "," FIELDS "} {}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "one object a line"},
        {"{" ASSIGNED "," JBN "," JBN "," FIELDS "}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "second time"},
        {"{\"event\":\"protector\xff\"}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "UTF-8"},
        {"{\"event\":\"protector\\u0000\"}", LINE_REFUSED, REFUSAL_MALFORMED, NULL, "NUL"},
        {"{\"event\":\"protector-asigned\"}", LINE_REFUSED, REFUSAL_UNKNOWN_EVENT, "event", "'protector-assigned'"},
        {"{\"event\":\"Jan de Vries\"}", LINE_REFUSED, REFUSAL_UNKNOWN_EVENT, "event", "no schema"},
        {"{\"event\":\"deliveries\"}", LINE_REFUSED, REFUSAL_UNKNOWN_EVENT, "event", "no schema"},
        {"{" ASSIGNED "," JBN "}", LINE_REFUSED, REFUSAL_BAD_VALUE, "measure_id", "missing"},
        {"{" ASSIGNED "," JBN "," FIELDS ",\"deputy\":12345678901234567890}", LINE_REFUSED, REFUSAL_BAD_VALUE, "deputy", "string"},
        {"{" ASSIGNED "," JBN "," FIELDS ",\"clock\":\"x\"}", LINE_REFUSED, REFUSAL_BAD_VALUE, NULL, "clock"},
        {"{" ASSIGNED "," JBN "," FIELDS ",\"key\":7}", LINE_REFUSED, REFUSAL_BAD_VALUE, "key", "string"},
        {"{" ASSIGNED ",\"source\":\"nobody\"," FIELDS ",\"key\":7}", LINE_REFUSED, REFUSAL_BAD_VALUE, "key", "string"},
        {"{" ASSIGNED ",\"source\":\"nobody\",\"worker\":\"x\"}", LINE_REFUSED, REFUSAL_BAD_VALUE, "measure_id", "missing"},
        {"{" STARTED ",\"gi\":\"gi-jbn\",\"birth_date\":\"2011-02-30\"}", LINE_REFUSED, REFUSAL_BAD_VALUE, "birth_date", "date"},
        {"{" ASSIGNED ",\"source\":\"nobody\"," FIELDS ",\"key\":\"x\"}", LINE_REFUSED, REFUSAL_UNKNOWN_ORGANISATION, "source", "'nobody'"},
        {"{" ASSIGNED ",\"source\":\"gm0014\"," FIELDS ",\"key\":\"x\"}", LINE_REFUSED, REFUSAL_NOT_ALLOWED, "source", "protector-assigned"},
        {"{" STARTED ",\"gi\":\"gi-wss\",\"key\":\"x\"}", LINE_REFUSED, REFUSAL_NOT_ALLOWED, "gi", "gi-jbn"},
        {"{" STARTED ",\"gi\":\"gi-jbn\",\"key\":\"x\"}", LINE_REFUSED, REFUSAL_KEY_MISMATCH, NULL, "case_id"},
        {"{" STARTED ",\"gi\":\"gi-jbn\",\"key\":\"\"}", LINE_REFUSED, REFUSAL_KEY_MISMATCH, NULL, "case_id"},
};

START_TEST(test_rows) {
        const struct row *row = &rows[_i];
        struct arena *arena;
        struct line line;

        read_all();
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        line_parse(types, orgs, text_of(row->line), LANGUAGE_EN, arena, &line);
        ck_assert_msg(line.kind == row->kind, "%s: %s", row->line, line.error.text);
        ck_assert_msg(line.refusal == row->refusal, "%s: %s %s", row->line, refusal_codes[line.refusal], line.error.text);
        ck_assert_pstr_eq(line.field, row->field);
        ck_assert_msg(!row->error || strstr(line.error.text, row->error), "'%s' is not in: %s", row->error, line.error.text);
        ck_assert_ptr_null(strstr(line.error.text, "2011-02-30"));
        ck_assert_ptr_null(strstr(line.error.text, "Vries"));
        if (row->kind == LINE_CLOCK)
                ck_assert_int_eq(line.clock, INT64_C(1646125200000));
        if (row->kind == LINE_EVENT) {
                ck_assert(text_is(line.key, "8a53d001-0000-4000-8000-000000000001"));
                ck_assert(text_is(line.event.slots[SLOT_SOURCE].s, "gi-jbn"));
        }
        line_done(&line);
        arena_free(arena);
        free_all();
}
END_TEST

START_TEST(test_from_json) {
        json_t *object = json_loads("{" ENVELOPE "," JBN "," FIELDS ",\"specversion\":\"1.0\"}", 0, NULL);
        static const char *const also[] = {"specversion", NULL};
        struct arena *arena;
        struct line line;

        read_all();
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        memset(&line, 0xa5, sizeof(line));
        line_from_json(types, orgs, object, text_of("protector-assigned"), (struct text){0}, also, arena, &line);
        ck_assert_msg(line.kind == LINE_EVENT, "%s", line.error.text);
        ck_assert_str_eq(line.event.type->name, "protector-assigned");
        line_done(&line);
        line_from_json(types, orgs, object, text_of("protector-assigned"), (struct text){0}, NULL, arena, &line);
        ck_assert_int_eq(line.refusal, REFUSAL_BAD_VALUE);
        line_done(&line);
        line_from_json(types, orgs, object, text_of("nothing"), (struct text){0}, also, arena, &line);
        ck_assert_int_eq(line.refusal, REFUSAL_UNKNOWN_EVENT);
        line_done(&line);
        json_decref(object);
        arena_free(arena);
        free_all();
}
END_TEST

START_TEST(test_rejected) {
        struct buffer out = BUFFER_INIT(4096);
        struct json_writer w = JSON_WRITER(&out);
        struct error err;

        error_set(&err, "a \"sentence\"");
        line_rejected_json(7, REFUSAL_BAD_VALUE, "date", &err, &w);
        ck_assert_str_eq(buffer_text(&out), "{\"effect\":\"rejected\",\"line\":7,\"code\":\"BAD_VALUE\",\"error\":\"a \\\"sentence\\\"\",\"field\":\"date\"}");
        buffer_done(&out);
}
END_TEST

/* -- The reader that is only there for speed says what the other one says -- */

static void same_event(const struct line *fast, const struct line *plain, const char *text) {
        ck_assert_ptr_eq(fast->event.type, plain->event.type);
        for (size_t i = 0; i < fast->event.type->layout->n; i++)
                ck_assert_msg(slot_equal(&fast->event.slots[i], &plain->event.slots[i]), "%s: field %zu", text, i);
        ck_assert_msg(fast->kind != LINE_EVENT || text_equal(fast->key, plain->key), "%s: the key", text);
}

/* A line that event_scan() takes is read by way of its tree too. Return: whether it does. */
static bool reads_the_same(struct text text, struct arena *arena) {
        static const char *const also[] = {"event", "key", NULL};
        struct line fast, plain;
        struct event event;
        struct error err;
        struct text key;
        json_t *object, *written;

        arena_reset(arena);
        if (!event_scan(types, text, arena, &event, &key))
                return false;
        line_parse(types, orgs, text, LANGUAGE_EN, arena, &fast);
        ck_assert_msg(!fast.object, "%.*s: without a tree", (int)text.n, text.s);
        object = json_read_object(text, JSON_OF_LINE, LANGUAGE_EN, &err);
        ck_assert_msg(object, "%.*s: %s", (int)text.n, text.s, err.text);
        written = json_object_get(object, "key");
        ck_assert(!written || json_is_string(written));
        line_from_json(types, orgs, object, text_of(json_string_value(json_object_get(object, "event"))),
                       written ? (struct text){json_string_value(written), json_string_length(written)} : (struct text){0}, also, arena, &plain);
        ck_assert_msg(fast.kind == plain.kind && fast.refusal == plain.refusal, "%.*s: %s, %s", (int)text.n, text.s, fast.error.text, plain.error.text);
        ck_assert_str_eq(fast.error.text, plain.error.text);
        ck_assert_pstr_eq(fast.field, plain.field);
        same_event(&fast, &plain, text.s);
        line_done(&fast);
        line_done(&plain);
        json_decref(object);
        return true;
}

/* Something in the line becomes something else: a byte that JSON knows, one that it does not, a piece less or twice. */
static size_t spoil(char *text, size_t n, size_t room) {
        static const char bytes[] = "\"\\{}[]:, \t\r\n0123456789-+.eEtruefalsn\x01\x7f\x80\xc3\xff";
        size_t at = (size_t)rand() % n, piece = 1 + (size_t)rand() % 12, to = (size_t)rand() % n;

        if (piece > n - at)
                piece = n - at;
        switch (rand() % 4) {
        case 0:
                text[at] = (char)(rand() % 16 ? bytes[(size_t)rand() % sizeof(bytes)] : rand());
                return n;
        case 1:
                memmove(text + at, text + at + piece, n - at - piece);
                return n - piece ? n - piece : n;
        case 2:
                if (n + piece > room)
                        return n;
                memmove(text + at + piece, text + at, n - at);
                return n + piece;
        default:
                if (piece > n - to)
                        piece = n - to;
                memmove(text + to, text + at, piece);
                return n;
        }
}

static const char *const spoilt[] = {
        "{\"event\":\"protector-assigned\"," ENVELOPE "," JBN "," FIELDS "}",
        "{\"event\":\"protector-assigned\"," ENVELOPE "," JBN "," FIELDS ",\"deputy\":null,\"key\":\"8a53d001-0000-4000-8000-000000000001\"}",
        "{\"event\":\"protector-assigned\"," FIELDS "," JBN "," ENVELOPE ", \"replaces\" : null }\r",
        "{" STARTED ",\"gi\":\"gi-jbn\",\"birth_date\":\"2011-02-28\"}",
};

#define SPOILT_TIMES 16000

START_TEST(test_scan_rows) {
        size_t taken = 0;
        struct arena *arena;

        read_all();
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                taken += reads_the_same(text_of(rows[i].line), arena);
        ck_assert_uint_gt(taken, 0);
        arena_free(arena);
        free_all();
}
END_TEST

/* Of the lines that come of it a part can be read without the tree. */
START_TEST(test_scan_spoilt) {
        const char *whole = spoilt[_i];
        size_t taken = 0;
        struct arena *arena;
        char text[1024];

        read_all();
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        srand((unsigned)_i + 1);
        ck_assert_msg(reads_the_same(text_of(whole), arena), "%s: is read without a tree", whole);
        for (size_t k = 0; k < SPOILT_TIMES; k++) {
                size_t n = strlen(whole);

                memcpy(text, whole, n);
                for (int times = 1 + rand() % 3; times > 0; times--)
                        n = spoil(text, n, sizeof(text));
                taken += reads_the_same((struct text){text, n}, arena);
        }
        ck_assert(taken > 0 && taken < SPOILT_TIMES);
        arena_free(arena);
        free_all();
}
END_TEST

static FILE *stream(const char *text, size_t n) {
        FILE *f = tmpfile();

        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(text, 1, n, f), n);
        rewind(f);
        return f;
}

START_TEST(test_stream) {
        static const char text[] = "\xef\xbb\xbf{\"a\":1}\r\n\n  \nlast";
        static const char *const want[] = {"{\"a\":1}\r", "", "  ", "last"};
        struct lines lines = LINES_INIT(stream(text, sizeof(text) - 1));
        struct text line;

        for (size_t i = 0; i < ELEMENTS(want); i++) {
                ck_assert_int_eq(lines_next(&lines, &line), 0);
                ck_assert_uint_eq(lines.number, i + 1);
                ck_assert(text_is(line, want[i]));
        }
        ck_assert_int_eq(lines_next(&lines, &line), LINES_E_END);
        ck_assert_int_eq(lines_next(&lines, &line), LINES_E_END);
        fclose(lines.in);
        lines_done(&lines);
}
END_TEST

/* A line at the bound is read, one beyond it is refused, and the line behind it is read again. */
START_TEST(test_longest) {
        size_t n = 2 * LINES_BYTES_MAX + 200, at = 0;
        char *text = malloc(n);
        struct lines lines;
        struct text line;
        struct arena *arena;
        struct line parsed;

        read_all();
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        memset(text, ' ', n);
        memcpy(text, "{}", 2);
        text[LINES_BYTES_MAX] = '\n';
        at = LINES_BYTES_MAX + 1;
        memcpy(text + at, "{}", 2);
        at += LINES_BYTES_MAX + 1;
        text[at++] = '\n';
        memcpy(text + at, "{}", 2);
        lines = (struct lines)LINES_INIT(stream(text, at + 2));
        for (int i = 0; i < 3; i++) {
                ck_assert_int_eq(lines_next(&lines, &line), 0);
                ck_assert_uint_le(line.n, LINES_BYTES_MAX + 16);
                line_parse(types, orgs, line, LANGUAGE_EN, arena, &parsed);
                ck_assert_int_eq(parsed.refusal, REFUSAL_MALFORMED);
                ck_assert_int_eq(strstr(parsed.error.text, "longer than 65536 bytes") != NULL, i == 1);
                line_done(&parsed);
        }
        ck_assert_int_eq(lines_next(&lines, &line), LINES_E_END);
        fclose(lines.in);
        lines_done(&lines);
        free(text);
        arena_free(arena);
        free_all();
}
END_TEST

/* Lines end where they end, also with NULs in them and around the size of what is read at once. */
START_TEST(test_ends) {
        static const size_t sizes[] = {0, 1, 2, LINES_CHUNK - 3, LINES_CHUNK - 2, LINES_CHUNK - 1, LINES_CHUNK, LINES_CHUNK + 1, 2 * LINES_CHUNK - 2, 7};
        char text[4 * LINES_CHUNK];

        for (int nul = 0; nul <= 1; nul++) {
                for (size_t i = 0; i < ELEMENTS(sizes); i++) {
                        size_t n = sizes[i];
                        struct lines lines;
                        struct text line;

                        memset(text, 'a', sizeof(text));
                        for (size_t k = 0; nul && k < n; k++)
                                text[k] = k % 3 || k + 1 == n ? '\0' : 'b';
                        text[n] = '\n';
                        memcpy(text + n + 1, text, n);
                        lines = (struct lines)LINES_INIT(stream(text, 2 * n + 1));
                        for (size_t k = 0; k < (n ? 2 : 1); k++) {
                                ck_assert_int_eq(lines_next(&lines, &line), 0);
                                ck_assert_uint_eq(line.n, n);
                                ck_assert_mem_eq(line.s, text, n);
                        }
                        ck_assert_int_eq(lines_next(&lines, &line), LINES_E_END);
                        fclose(lines.in);
                        lines_done(&lines);
                }
        }
}
END_TEST

START_TEST(test_broken_stream) {
        FILE *folder = fopen("/", "re");
        struct lines lines = LINES_INIT(folder);
        struct text line;

        ck_assert_ptr_nonnull(folder);
        ck_assert_int_eq(lines_next(&lines, &line), -EISDIR);
        fclose(folder);
        lines_done(&lines);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("lines");
        TCase *t = tcase_create("lines");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_loop_test(t, test_rows, 0, ELEMENTS(rows));
        tcase_add_test(t, test_from_json);
        tcase_add_test(t, test_rejected);
        tcase_add_test(t, test_scan_rows);
        tcase_add_loop_test(t, test_scan_spoilt, 0, ELEMENTS(spoilt));
        tcase_add_test(t, test_stream);
        tcase_add_test(t, test_ends);
        tcase_add_test(t, test_longest);
        tcase_add_test(t, test_broken_stream);
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
