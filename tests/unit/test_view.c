/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: every record of every topic becomes one JSON object that a person can read, and nothing that
 * stands on a topic can stop that.
 * Method: records encoded with the shipped schemas and the engine's row codec, and records that are
 * broken in each way; the JSON is read back.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/framing.h"
#include "cluster/topics.h"
#include "calendar/date.h"
#include "survey/view.h"
#include "engine/row.h"
#include "model/event_json.h"
#include "model/row_schema.h"

#define CASE "8a53d001-0000-4000-8000-000000000001"
#define EVENT "0b57d001-0000-4000-8000-000000000001"
#define STARTED \
        "{\"event_id\":\"" EVENT "\",\"case_id\":\"" CASE "\",\"occurred_at\":\"2022-03-01T10:00:00.250+01:00\"," \
        "\"recorded_at\":\"2022-03-01T10:00:00+01:00\",\"source\":\"gi-jbn\",\"measure_id\":\"3a53d001-0000-4000-8000-000000000001\"," \
        "\"kind\":\"OTS\",\"verdict_date\":\"2022-03-01\",\"informed_date\":\"2022-03-02\",\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\"," \
        "\"birth_date\":\"2011-05-06\"}"

static struct event_types *types;
static struct organisations *orgs;
static struct arena *arena;
static struct event started;
static json_t *started_json;

static void setup(void) {
        const char *root = getenv("PROJECT_ROOT"), *field;
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        char path[4096];

        snprintf(path, sizeof(path), "%s/config/organisations.yaml", root);
        ck_assert_int_eq(organisations_read(path, &orgs, &mistakes), 0);
        snprintf(path, sizeof(path), "%s/schemas", root);
        ck_assert_int_eq(event_types_read(path, &types, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        started_json = json_loads(STARTED, 0, NULL);
        ck_assert_msg(event_from_json(event_types_find(types, text_of("measure-started")), orgs, started_json, NULL, arena, &started, &field, &err) == 0,
                      "%s", err.text);
}

static void teardown(void) {
        json_decref(started_json);
        arena = arena_free(arena);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

static json_t *view(struct bus_record *record, bool clear) {
        struct buffer out = BUFFER_INIT(VIEW_BYTES_MAX);
        struct error err = {0};
        struct view *v;
        json_t *json;

        ck_assert_msg(view_new(types, clear, &v, &err) == 0, "%s", err.text);
        ck_assert_int_eq(view_record(v, record, &out), 0);
        ck_assert_ptr_null(memchr(out.bytes, '\n', out.n));
        json = json_loads(buffer_text(&out), JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json != NULL, "%s", buffer_text(&out));
        buffer_done(&out);
        view_free(v);
        return json;
}

static const char *string_at(const json_t *json, const char *outer, const char *inner) {
        const json_t *value = json_object_get(json, outer);

        return json_string_value(inner ? json_object_get(value, inner) : value);
}

static struct bus_record record_of(const char *topic, const void *key, size_t key_n, const struct buffer *value) {
        return (struct bus_record){.topic = topic,
                                   .partition = 3,
                                   .offset = 7,
                                   .stamp = BUS_STAMP_CREATED,
                                   .timestamp = INT64_C(1646125200000),
                                   .key = key,
                                   .key_n = key_n,
                                   .value = value->bytes,
                                   .value_n = value->n};
}

static void encode(const struct layout *layout, const struct slot *slots, struct buffer *out) {
        framing_write_single(layout->fingerprint, out);
        record_encode(layout, slots, out);
        ck_assert(!out->failed);
}

#define SIGHTS 2 /* personal fields hidden, shown */
START_TEST(test_event) {
        const struct bus_header headers[] = {{"ce_id", EVENT, UUID_TEXT}, {"x", "1", 1}, {"none", NULL, 0}, {"x", "\xff\x00", 2}};
        struct buffer value = BUFFER_INIT(4096);
        struct bus_record record;
        json_t *json;

        encode(started.type->layout, started.slots, &value);
        record = record_of("measure-started", CASE, UUID_TEXT, &value);
        record.headers = headers;
        record.headers_n = ELEMENTS(headers);
        json = view(&record, _i);
        ck_assert_str_eq(string_at(json, "topic", NULL), "measure-started");
        ck_assert_int_eq(json_integer_value(json_object_get(json, "partition")), 3);
        ck_assert_int_eq(json_integer_value(json_object_get(json, "offset")), 7);
        ck_assert_str_eq(string_at(json, "timestamp", NULL), "2022-03-01T10:00:00+01:00");
        ck_assert_str_eq(string_at(json, "key", NULL), CASE);
        ck_assert_str_eq(string_at(json, "headers", "ce_id"), EVENT);
        ck_assert(json_is_null(json_object_get(json_object_get(json, "headers"), "none")));
        ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(json, "headers"), "x")), 2);
        ck_assert_str_eq(string_at(json_array_get(json_object_get(json_object_get(json, "headers"), "x"), 1), "hex", NULL), "ff00");
        ck_assert_str_eq(string_at(json, "event", NULL), "measure-started");
        ck_assert_str_eq(string_at(json, "value", "occurred_at"), "2022-03-01T10:00:00.250+01:00");
        ck_assert_str_eq(string_at(json, "value", "kind"), "OTS");
        ck_assert_pstr_eq(string_at(json, "value", "birth_date"), _i ? "2011-05-06" : NULL);
        ck_assert_ptr_null(json_object_get(json, "error"));
        ck_assert_ptr_null(json_object_get(json, "hex"));
        ck_assert_ptr_null(json_object_get(json, "row"));
        json_decref(json);
        buffer_done(&value);
}
END_TEST

START_TEST(test_delivery) {
        const struct layout *layout = event_types_other(types, "deliveries");
        struct slot slots[LAYOUT_SLOTS_MAX] = {{0}};
        struct buffer value = BUFFER_INIT(4096);
        struct bus_record record;
        json_t *json;

        for (size_t i = 0; i < layout->n; i++) {
                slots[i].kind = layout->fields[i].nullable ? SLOT_NULL : layout->fields[i].type == LAYOUT_STRING ? SLOT_STRING
                                : layout->fields[i].type == LAYOUT_UUID                                            ? SLOT_UUID
                                                                                                                   : SLOT_INT;
                if (slots[i].kind == SLOT_STRING)
                        slots[i].s = text_of("gm0014");
                if (layout->fields[i].type == LAYOUT_TIMESTAMP)
                        slots[i].i = INT64_C(1646125200000);
        }
        encode(layout, slots, &value);
        record = record_of("deliveries", NULL, 0, &value);
        json = view(&record, false);
        ck_assert_str_eq(string_at(json, "event", NULL), "deliveries");
        ck_assert(json_is_null(json_object_get(json, "key")));
        ck_assert_str_eq(string_at(json, "value", "organisation"), "gm0014");
        ck_assert_str_eq(string_at(json, "value", "delivered_at"), "2022-03-01T10:00:00+01:00");
        json_decref(json);
        buffer_done(&value);
}
END_TEST

static json_t *view_row(enum row_kind kind, const struct buffer *value, bool clear) {
        uint8_t key[ROW_KEY_BYTES];
        struct uuid case_id, id;
        struct bus_record record;

        ck_assert(uuid_parse(CASE, UUID_TEXT, &case_id) && uuid_parse(EVENT, UUID_TEXT, &id));
        row_key_write(&(struct row_key){case_id, kind, id}, key);
        record = record_of(TOPIC_CASE_STATE, key, sizeof(key), value);
        ck_assert(view_is_of_case(&record, &case_id));
        ck_assert(!view_is_of_case(&record, &id));
        return view(&record, clear);
}

START_TEST(test_fact) {
        struct slot row[LAYOUT_SLOTS_MAX];
        struct buffer value = BUFFER_INIT(4096);
        json_t *json, *copies;

        memcpy(row, started.slots + ROW_SKIPPED, (started.type->layout->n - ROW_SKIPPED) * sizeof(*row));
        row[row_copies_slot(started.type)] = (struct slot){.kind = SLOT_STRING, .s = text_of("gm0014 municipality\nrvdk council\n")};
        row[row_told_at_slot(started.type)] = (struct slot){.kind = SLOT_INT, .i = INT64_C(1646125200000)};
        encode(started.type->row, row, &value);
        json = view_row(ROW_FACT, &value, _i);
        ck_assert_str_eq(string_at(json, "key", NULL), CASE "/f/" EVENT);
        ck_assert_str_eq(string_at(json, "row", NULL), "fact");
        ck_assert_str_eq(string_at(json, "event", NULL), "measure-started");
        ck_assert_str_eq(string_at(json, "value", "event_id"), EVENT);
        ck_assert_str_eq(string_at(json, "value", "case_id"), CASE);
        ck_assert_str_eq(string_at(json, "value", "informed_date"), "2022-03-02");
        ck_assert_str_eq(string_at(json, "value", "told_at"), "2022-03-01T10:00:00+01:00");
        ck_assert_pstr_eq(string_at(json, "value", "birth_date"), _i ? "2011-05-06" : NULL);
        copies = json_object_get(json_object_get(json, "value"), "copies");
        ck_assert_uint_eq(json_array_size(copies), 2);
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(copies, 1), "organisation")), "rvdk");
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(copies, 1), "role")), "council");
        json_decref(json);
        buffer_done(&value);
}
END_TEST

START_TEST(test_told_rows) {
        struct row_codec *codec;
        struct buffer value = BUFFER_INIT(4096);
        day_t due = date_from_ymd(2022, 3, 9);
        json_t *json;

        ck_assert_int_eq(row_codec_new(&codec), 0);
        row_write(codec, ROW_OBLIGATION,
                  &(struct telling){.protocol = text_of("p"),
                                    .norm = text_of("first-contact"),
                                    .instance = text_of("m"),
                                    .due_date = due,
                                    .announced_at = 1000,
                                    .told_at = 2000,
                                    .reminders = 5},
                  &value);
        json = view_row(ROW_OBLIGATION, &value, false);
        ck_assert_str_eq(string_at(json, "row", NULL), "obligation");
        ck_assert(json_is_null(json_object_get(json, "event")));
        ck_assert_str_eq(string_at(json, "value", "norm"), "first-contact");
        ck_assert_str_eq(string_at(json, "value", "due_date"), "2022-03-09");
        ck_assert_int_eq(json_integer_value(json_array_get(json_object_get(json_object_get(json, "value"), "reminders"), 1)), 3);
        json_decref(json);

        buffer_clear(&value);
        row_write(codec, ROW_ALERT,
                  &(struct telling){.protocol = text_of("p"),
                                    .norm = text_of("n"),
                                    .instance = text_of("m"),
                                    .organisation = text_of("gm0014"),
                                    .role = text_of("municipality"),
                                    .rung = 2,
                                    .due_date = due,
                                    .open = true,
                                    .raised = 3,
                                    .told_at = 1000},
                  &value);
        json = view_row(ROW_ALERT, &value, false);
        ck_assert_str_eq(string_at(json, "row", NULL), "alert");
        ck_assert_str_eq(string_at(json, "value", "organisation"), "gm0014");
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(json, "value"), "rung")), 2);
        ck_assert(json_is_true(json_object_get(json_object_get(json, "value"), "open")));
        json_decref(json);

        buffer_clear(&value);
        row_write(codec, ROW_COPY, &(struct telling){.organisation = text_of("gm0014"), .role = text_of("gi"), .told_at = 1000}, &value);
        json = view_row(ROW_COPY, &value, false);
        ck_assert_str_eq(string_at(json, "row", NULL), "copy");
        ck_assert_str_eq(string_at(json, "value", "role"), "gi");
        json_decref(json);

        buffer_clear(&value);
        buffer_add_text(&value, "{\n \"type\": \"string\"}");
        json = view_row(ROW_SCHEMA, &value, false);
        ck_assert_str_eq(string_at(json, "value", "type"), "string");
        json_decref(json);

        buffer_clear(&value);
        buffer_add_text(&value, "12");
        json = view_row(ROW_VERSION, &value, false);
        ck_assert_str_eq(string_at(json, "row", NULL), "version");
        ck_assert_int_eq(json_integer_value(json_object_get(json, "value")), 12);
        json_decref(json);
        buffer_done(&value);
        row_codec_free(codec);
}
END_TEST

START_TEST(test_tombstones) {
        struct buffer none = BUFFER_INIT(0);
        struct bus_record record = record_of("measure-started", CASE, UUID_TEXT, &none);
        json_t *json = view(&record, false);

        ck_assert(json_is_null(json_object_get(json, "value")));
        ck_assert_ptr_null(json_object_get(json, "error"));
        json_decref(json);
        json = view_row(ROW_ALERT, &none, false);
        ck_assert(json_is_null(json_object_get(json, "value")));
        ck_assert_str_eq(string_at(json, "key", NULL), CASE "/a/" EVENT);
        ck_assert_ptr_null(json_object_get(json, "error"));
        json_decref(json);
}
END_TEST

/* What cannot be decoded, and what the sentence says of it. */
static const struct bad {
        const char *bytes;
        size_t n;
        const char *error;
} bad[] = {
        {"", 0, "C3 01"},
        {"hello", 5, "C3 01"},
        {"\xc3\x01", 2, "C3 01"},
        {"\xc3\x01\x01\x02\x03\x04\x05\x06\x07\x08xyz", 13, "0807060504030201"},
        {"\x00\x00\x00\x00\x2axyz", 8, "id 42 is of a registry"},
};

static void check_hex(const json_t *json, const void *bytes, size_t n) {
        const char *hex = string_at(json, "hex", NULL);

        ck_assert_ptr_nonnull(hex);
        ck_assert_uint_eq(strlen(hex), 2 * n);
        for (size_t i = 0; i < n; i++) {
                char two[3];

                snprintf(two, sizeof(two), "%02x", ((const uint8_t *)bytes)[i]);
                ck_assert_int_eq(strncmp(hex + 2 * i, two, 2), 0);
        }
        ck_assert(json_is_null(json_object_get(json, "value")));
        ck_assert(json_is_null(json_object_get(json, "event")));
}

START_TEST(test_undecodable) {
        const struct bad *row = &bad[_i];
        struct bus_record record = {.topic = "measure-started", .key = "\xff", .key_n = 1, .value = row->bytes, .value_n = row->n};
        json_t *json = view(&record, false);

        check_hex(json, row->bytes, row->n);
        ck_assert(json_is_null(json_object_get(json, "timestamp")));
        ck_assert_str_eq(string_at(json, "key", "hex"), "ff");
        ck_assert_msg(strstr(string_at(json, "error", NULL), row->error) != NULL, "%s", string_at(json, "error", NULL));
        json_decref(json);
}
END_TEST

/* Every prefix of a record, every byte of it changed, and every kind of row made of it: always an answer. */
START_TEST(test_damaged) {
        static const uint8_t kinds[] = {ROW_FACT, ROW_OBLIGATION, ROW_ALERT, ROW_COPY, ROW_SCHEMA, ROW_VERSION, 'z', 0xff};
        struct buffer value = BUFFER_INIT(4096), part;
        struct bus_record record;
        size_t n;

        encode(started.type->layout, started.slots, &value);
        n = value.n;
        for (size_t i = 0; i < n; i++) {
                uint8_t kept = value.bytes[i];

                part = (struct buffer){.bytes = value.bytes, .n = i};
                record = record_of("measure-started", CASE, UUID_TEXT, &part);
                json_decref(view(&record, true));
                value.bytes[i] ^= 0xff;
                record = record_of("measure-started", CASE, UUID_TEXT, &value);
                json_decref(view(&record, true));
                value.bytes[i] = kept;
        }
        for (size_t i = 0; i < sizeof(kinds); i++) {
                json_t *json = view_row((enum row_kind)kinds[i], &value, true);

                check_hex(json, value.bytes, value.n);
                json_decref(json);
        }
        buffer_done(&value);
}
END_TEST

/* Avro allows what no calendar has; that too is said, and the value is not repeated. */
static const struct {
        const char *field;
        int64_t value;
} impossible_date_rows[] = {{"verdict_date", INT32_MAX}, {"verdict_date", INT32_MIN}, {"recorded_at", INT64_MAX}, {"birth_date", -999999}};

START_TEST(test_impossible_date) {
        struct buffer value = BUFFER_INIT(4096);
        struct bus_record record;
        json_t *json;

        started.slots[layout_slot(started.type->layout, impossible_date_rows[_i].field)] = (struct slot){.kind = SLOT_INT, .i = impossible_date_rows[_i].value};
        encode(started.type->layout, started.slots, &value);
        record = record_of("measure-started", CASE, UUID_TEXT, &value);
        json = view(&record, false);
        check_hex(json, value.bytes, value.n);
        ck_assert_ptr_nonnull(strstr(string_at(json, "error", NULL), impossible_date_rows[_i].field));
        json_decref(json);
        buffer_done(&value);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("view");
        TCase *t = tcase_create("view");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, test_event, 0, SIGHTS);
        tcase_add_test(t, test_delivery);
        tcase_add_loop_test(t, test_fact, 0, SIGHTS);
        tcase_add_test(t, test_told_rows);
        tcase_add_test(t, test_tombstones);
        tcase_add_loop_test(t, test_undecodable, 0, ELEMENTS(bad));
        tcase_add_test(t, test_damaged);
        tcase_add_loop_test(t, test_impossible_date, 0, (int)ELEMENTS(impossible_date_rows));
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
