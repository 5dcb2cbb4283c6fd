/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is told can be told with every schema that passes, and rows are what they were.
 * Method: each field of each output schema left out, of another type, nullable; each symbol left out; fields more; and the schemas and
 * rows of case-state byte by byte as the first version wrote them.
 */

#include <errno.h>
#include <jansson.h>

#include "avro/framing.h"
#include "avro/record.h"
#include "engine/row.h"
#include "model_fixture.h"

static const struct output {
        const char *name;
        enum known_type type;
        enum telling_form form;
        size_t n_fields; /* of its own, behind the envelope */
} outputs[] = {
        {"plan-due", TYPE_PLAN_DUE, TELLING_PLAN_DUE, 8},
        {"escalation-raised", TYPE_ESCALATION_RAISED, TELLING_RAISED, 9},
        {"escalation-resolved", TYPE_ESCALATION_RESOLVED, TELLING_RESOLVED, 9},
        {"event-refused", TYPE_EVENT_REFUSED, TELLING_REFUSED, 3},
};

#define ENVELOPE_FIELDS 6

static json_t *schema_of(const char *name) {
        char path[SCRATCH_PATH], file[128];
        json_t *schema;

        (void) snprintf(file, sizeof(file), "schemas/%s.avsc", name);
        schema = json_load_file(project_path(file, path), 0, NULL);
        ck_assert_ptr_nonnull(schema);
        return schema;
}

static json_t *fields_of(json_t *schema) {
        return json_object_get(schema, "fields");
}

static const char *name_of(json_t *schema, size_t i) {
        return json_string_value(json_object_get(json_array_get(fields_of(schema), i), "name"));
}

/* Reads a folder with this schema alone. @ret_types may be NULL. Consumes the schema. */
static int read_alone(const char *name, json_t *schema, struct mistakes *mistakes, struct event_types **ret_types) {
        struct scratch s = scratch_new();
        struct event_types *types = NULL;
        char *text = json_dumps(schema, 0), file[128];
        int r;

        ck_assert_ptr_nonnull(text);
        (void) snprintf(file, sizeof(file), "%s.avsc", name);
        scratch_write(&s, file, text);
        r = event_types_read(s.path, &types, mistakes);
        scratch_remove(&s);
        free(text);
        json_decref(schema);
        if (ret_types)
                *ret_types = types;
        else
                event_types_free(types);
        return r;
}

/* One mistake, which names the field. */
static void expect_named(const char *output, json_t *schema, const char *field, const char *what) {
        struct mistakes mistakes = MISTAKES_INIT;
        char word[128];

        (void) snprintf(word, sizeof(word), "%s ", field);
        ck_assert_msg(read_alone(output, schema, &mistakes, NULL) == -EINVAL, "%s with %s %s passes", output, field, what);
        ck_assert_msg(strstr(buffer_text(&mistakes.text), word) != NULL, "%s, %s %s: %s", output, field, what, buffer_text(&mistakes.text));
        ck_assert_msg(mistakes.n == 1, "%s, %s %s: %s", output, field, what, buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
}

START_TEST(a_field_left_out_is_named) {
        const struct output *output = &outputs[_i];
        json_t *whole = schema_of(output->name);
        size_t n = json_array_size(fields_of(whole));

        ck_assert_uint_eq(n, ENVELOPE_FIELDS + output->n_fields);
        for (size_t i = ENVELOPE_FIELDS; i < n; i++) {
                json_t *schema = json_deep_copy(whole);

                json_array_remove(fields_of(schema), i);
                expect_named(output->name, schema, name_of(whole, i), "left out");
        }
        json_decref(whole);
}
END_TEST

/* Each of the plain types in place of the one that is right. */
START_TEST(a_field_of_another_type_is_named) {
        static const char *const types[] = {"\"string\"", "\"int\"", "\"long\"", "\"boolean\"", "\"double\"", "{\"type\":\"int\",\"logicalType\":\"date\"}",
                                            "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", "{\"type\":\"string\",\"logicalType\":\"uuid\"}",
                                            "{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"uuid\"}"};
        const struct output *output = &outputs[_i];
        json_t *whole = schema_of(output->name);

        for (size_t i = ENVELOPE_FIELDS; i < json_array_size(fields_of(whole)); i++) {
                for (size_t t = 0; t < ELEMENTS(types); t++) {
                        json_t *schema = json_deep_copy(whole), *field = json_array_get(fields_of(schema), i);
                        json_t *type = json_loads(types[t], JSON_DECODE_ANY, NULL);

                        if (json_equal(type, json_object_get(field, "type"))) {
                                json_decref(type);
                                json_decref(schema);
                                continue;
                        }
                        json_object_set_new(field, "type", type);
                        expect_named(output->name, schema, name_of(whole, i), types[t]);
                }
        }
        json_decref(whole);
}
END_TEST

START_TEST(a_nullable_field_is_named) {
        const struct output *output = &outputs[_i];
        json_t *whole = schema_of(output->name);

        for (size_t i = ENVELOPE_FIELDS; i < json_array_size(fields_of(whole)); i++) {
                json_t *schema = json_deep_copy(whole), *field = json_array_get(fields_of(schema), i);

                json_object_set_new(field, "type", json_pack("[s, O]", "null", json_object_get(field, "type")));
                expect_named(output->name, schema, name_of(whole, i), "nullable");
        }
        json_decref(whole);
}
END_TEST

START_TEST(the_envelope_is_checked_as_everywhere) {
        const struct output *output = &outputs[_i];
        json_t *whole = schema_of(output->name);

        for (size_t i = 0; i < ENVELOPE_FIELDS; i++) {
                struct mistakes mistakes = MISTAKES_INIT;
                json_t *schema = json_deep_copy(whole);

                json_array_remove(fields_of(schema), i);
                ck_assert_int_eq(read_alone(output->name, schema, &mistakes, NULL), -EINVAL);
                ck_assert_msg(strstr(buffer_text(&mistakes.text), name_of(whole, i)) != NULL, "%s", buffer_text(&mistakes.text));
                mistakes_done(&mistakes);
        }
        json_decref(whole);
}
END_TEST

START_TEST(a_symbol_left_out_is_named) {
        size_t symbols_seen = 0;

        for (size_t o = 0; o < ELEMENTS(outputs); o++) {
                json_t *whole = schema_of(outputs[o].name);

                for (size_t i = ENVELOPE_FIELDS; i < json_array_size(fields_of(whole)); i++) {
                        json_t *symbols = json_object_get(json_object_get(json_array_get(fields_of(whole), i), "type"), "symbols");

                        for (size_t k = 0; k < json_array_size(symbols); k++) {
                                json_t *schema = json_deep_copy(whole), *field = json_array_get(fields_of(schema), i);

                                json_array_remove(json_object_get(json_object_get(field, "type"), "symbols"), k);
                                expect_named(outputs[o].name, schema, name_of(whole, i), json_string_value(json_array_get(symbols, k)));
                                symbols_seen++;
                        }
                }
                json_decref(whole);
        }
        ck_assert_uint_eq(symbols_seen, (size_t)STAGES + RESOLUTIONS);
}
END_TEST

static const struct telling example = {
        .event_id = {"0123456789abcdef"},
        .case_id = {"ABCDEFGHIJKLMNOP"},
        .alert_id = {"aBcDeFgHiJkLmNoP"},
        .refused = {"fedcba9876543210"},
        .recorded_at = 1665957600000,
        .occurred_at = 1665957600001,
        .announced_at = 1000,
        .told_at = 2000,
        .source = {"ketenwacht", 10},
        .code = {"DUPLICATE_ID", 12},
        .protocol = {"p", 1},
        .norm = {"first-contact", 13},
        .instance = {"m", 1},
        .organisation = {"gm0014", 6},
        .role = {"gi", 2},
        .text = {"Te doen.", 8},
        .due_date = 19060,
        .day = 19061,
        .stage = STAGE_REMINDER,
        .reason = RESOLVED_MOVED,
        .rung = 2,
        .raised = 3,
        .reminders = 5,
        .open = true,
};

/* Encodes the example, reads it back, and looks at every field of the table. */
static void expect_told(const struct event_type *type, enum telling_form form) {
        struct slot slots[LAYOUT_SLOTS_MAX] = {{0}}, back[LAYOUT_SLOTS_MAX];
        struct buffer body = BUFFER_INIT(4096);
        struct program *program;
        struct error err = {0};

        telling_to_slots(&example, &type->told, type->layout, slots);
        record_encode(type->layout, slots, &body);
        ck_assert(!body.failed);
        ck_assert_int_eq(program_new(type->file, type->layout, &program, &err), 0);
        ck_assert_msg(record_decode(program, body.bytes, body.n, back, &err) == 0, "%s", err.text);
        for (size_t i = 0; i < TELLING_FIELDS; i++) {
                const struct telling_field *field = &telling_fields[i];
                struct slot want = telling_slot(&example, field);
                int at = layout_slot(type->layout, field->name);

                if (!(field->records >> form & 1))
                        continue;
                ck_assert_int_ge(at, 0);
                if (field->n_symbols)
                        ck_assert_str_eq(type->layout->fields[at].symbols[back[at].i], field->symbols[want.i]);
                else
                        ck_assert_msg(slot_equal(&back[at], &want), "%s of %s", field->name, type->name);
        }
        program_free(program);
        buffer_done(&body);
}

/* Symbols in another order, more of them, and fields that only later readers have. */
START_TEST(what_passes_is_told) {
        const struct output *output = &outputs[_i];
        struct mistakes mistakes = MISTAKES_INIT;
        json_t *schema = schema_of(output->name), *fields = fields_of(schema);
        struct event_types *types;
        const struct event_type *type;
        size_t n = json_array_size(fields);

        for (size_t i = 0; i < n; i++) {
                json_t *symbols = json_object_get(json_object_get(json_array_get(fields, i), "type"), "symbols");

                if (symbols)
                        json_array_insert_new(symbols, 0, json_string("LATER"));
        }
        json_array_insert_new(fields, ENVELOPE_FIELDS, json_pack("{s:s, s:s, s:s}", "name", "channel", "type", "string", "default", "post"));
        json_array_append_new(fields, json_pack("{s:s, s:[s, s]}", "name", "more", "type", "null", "int"));
        json_array_append_new(fields, json_pack("{s:s, s:[s, s], s:i}", "name", "most", "type", "int", "null", "default", 7));
        ck_assert_msg(read_alone(output->name, schema, &mistakes, &types) == 0, "%s", buffer_text(&mistakes.text));
        type = event_types_known(types, output->type);
        expect_told(type, output->form);
        event_types_free(types);

        schema = schema_of(output->name);
        ck_assert_int_eq(read_alone(output->name, schema, &mistakes, &types), 0);
        expect_told(event_types_known(types, output->type), output->form);
        event_types_free(types);
        mistakes_done(&mistakes);
}
END_TEST

START_TEST(a_field_that_nothing_can_be_told_in_is_named) {
        const struct output *output = &outputs[_i];
        json_t *schema = schema_of(output->name);

        json_array_append_new(fields_of(schema), json_pack("{s:s, s:s}", "name", "channel", "type", "string"));
        expect_named(output->name, schema, "channel", "without default");
}
END_TEST

/* --- rows --- */

#define UUID_TYPE "{\"type\":\"fixed\",\"name\":\"Uuid\",\"size\":16,\"logicalType\":\"uuid\"}"
#define DATE_TYPE "{\"type\":\"int\",\"logicalType\":\"date\"}"
#define INSTANT_TYPE "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}"

static const struct {
        enum row_kind kind;
        const char *schema; /* as it stands in rows s since the first version */
        const char *body;   /* of the example, behind the frame */
        size_t n;
        const char *json;
} rows[] = {
        {ROW_OBLIGATION,
         "{\"type\":\"record\",\"name\":\"Obligation\",\"namespace\":\"nl.ketenwacht.row\","
         "\"doc\":\"An obligation that was announced: what was told about it last.\",\"fields\":["
         "{\"name\":\"protocol\",\"type\":\"string\"},{\"name\":\"norm\",\"type\":\"string\"},{\"name\":\"instance\",\"type\":\"string\"},"
         "{\"name\":\"due_date\",\"type\":" DATE_TYPE "},{\"name\":\"announced_at\",\"type\":" INSTANT_TYPE "},"
         "{\"name\":\"told_at\",\"type\":" INSTANT_TYPE "},{\"name\":\"reminders\",\"type\":\"long\"}]}",
         "\x02p\x1a" "first-contact\x02m\xe8\xa9\x02\xd0\x0f\xa0\x1f\x0a", 26,
         "{\"protocol\":\"p\",\"norm\":\"first-contact\",\"instance\":\"m\",\"due_date\":\"2022-03-09\",\"announced_at\":\"1970-01-01T01:00:01+01:00\","
         "\"told_at\":\"1970-01-01T01:00:02+01:00\",\"reminders\":[1,3]}"},
        {ROW_ALERT,
         "{\"type\":\"record\",\"name\":\"Alert\",\"namespace\":\"nl.ketenwacht.row\","
         "\"doc\":\"An alert that was raised, and whether it is open.\",\"fields\":["
         "{\"name\":\"protocol\",\"type\":\"string\"},{\"name\":\"norm\",\"type\":\"string\"},{\"name\":\"instance\",\"type\":\"string\"},"
         "{\"name\":\"rung\",\"type\":\"int\"},{\"name\":\"due_date\",\"type\":" DATE_TYPE "},"
         "{\"name\":\"organisation\",\"type\":\"string\"},{\"name\":\"role\",\"type\":\"string\"},{\"name\":\"open\",\"type\":\"boolean\"},"
         "{\"name\":\"raised\",\"type\":\"long\"},{\"name\":\"told_at\",\"type\":" INSTANT_TYPE "}]}",
         "\x02p\x1a" "first-contact\x02m\x04\xe8\xa9\x02\x0cgm0014\x04gi\x01\x06\xa0\x1f", 36,
         "{\"protocol\":\"p\",\"norm\":\"first-contact\",\"instance\":\"m\",\"rung\":2,\"due_date\":\"2022-03-09\",\"organisation\":\"gm0014\","
         "\"role\":\"gi\",\"open\":true,\"raised\":3,\"told_at\":\"1970-01-01T01:00:02+01:00\"}"},
        {ROW_COPY,
         "{\"type\":\"record\",\"name\":\"Copy\",\"namespace\":\"nl.ketenwacht.row\","
         "\"doc\":\"A copy of a fact that was told after the fact was accepted.\",\"fields\":["
         "{\"name\":\"event_id\",\"type\":" UUID_TYPE "},{\"name\":\"organisation\",\"type\":\"string\"},{\"name\":\"role\",\"type\":\"string\"},"
         "{\"name\":\"told_at\",\"type\":" INSTANT_TYPE "}]}",
         "0123456789abcdef\x0cgm0014\x04gi\xa0\x1f", 28,
         "{\"event_id\":\"30313233-3435-3637-3839-616263646566\",\"organisation\":\"gm0014\",\"role\":\"gi\",\"told_at\":\"1970-01-01T01:00:02+01:00\"}"},
        {ROW_CLOSED,
         "{\"type\":\"record\",\"name\":\"Closed\",\"namespace\":\"nl.ketenwacht.row\","
         "\"doc\":\"A case that was over and was forgotten: the day, and the latest instant at which anything was told in it.\",\"fields\":["
         "{\"name\":\"day\",\"type\":" DATE_TYPE "},{\"name\":\"told_at\",\"type\":[\"null\"," INSTANT_TYPE "],\"default\":null}]}",
         "\xea\xa9\x02\x02\xa0\x1f", 6, "{\"day\":\"2022-03-10\",\"told_at\":\"1970-01-01T01:00:02+01:00\"}"},
};

START_TEST(rows_are_what_they_were) {
        CLEANUP(row_codec_free_p) struct row_codec *codec = NULL;
        struct buffer value = BUFFER_INIT(4096), line = BUFFER_INIT(4096), again = BUFFER_INIT(4096);
        struct json_writer w = JSON_WRITER(&line);
        const char *json;
        struct telling back;
        struct event_types *types;
        struct mistakes mistakes = MISTAKES_INIT;
        char path[SCRATCH_PATH];
        uint64_t fingerprint;
        struct error err;

        ck_assert_int_eq(event_types_read(project_path("schemas", path), &types, &mistakes), 0);
        ck_assert_int_eq(row_codec_new(&codec), 0);
        ck_assert(row_schema_at(codec, types, (size_t)_i, &fingerprint, &json));
        ck_assert_str_eq(json, rows[_i].schema);
        row_write(codec, rows[_i].kind, &example, &value);
        ck_assert_uint_eq(framing_read(value.bytes, value.n).id, fingerprint);
        ck_assert_uint_eq(value.n, FRAMING_SINGLE_BYTES + rows[_i].n);
        ck_assert(memcmp(value.bytes + FRAMING_SINGLE_BYTES, rows[_i].body, rows[_i].n) == 0);

        ck_assert_msg(row_read(codec, rows[_i].kind, value.bytes, value.n, &back, &err) == 0, "%s", err.text);
        row_write(codec, rows[_i].kind, &back, &again);
        ck_assert(again.n == value.n && memcmp(again.bytes, value.bytes, value.n) == 0);
        jsonw_open_object(&w);
        row_to_json(rows[_i].kind, &back, &w);
        jsonw_close_object(&w);
        ck_assert_str_eq(buffer_text(&line), rows[_i].json);
        for (size_t n = 0; n < value.n; n++)
                ck_assert_int_eq(row_read(codec, rows[_i].kind, value.bytes, n, &back, &err), -EINVAL);
        buffer_done(&value);
        buffer_done(&again);
        buffer_done(&line);
        mistakes_done(&mistakes);
        event_types_free(types);
}
END_TEST

START_TEST(a_forgotten_case_of_which_nothing_was_told) {
        CLEANUP(row_codec_free_p) struct row_codec *codec = NULL;
        struct buffer value = BUFFER_INIT(64);
        struct telling row = {.day = 19061, .told_at = INSTANT_NEVER};
        struct error err;

        ck_assert_int_eq(row_codec_new(&codec), 0);
        row_write(codec, ROW_CLOSED, &row, &value);
        ck_assert(value.n == FRAMING_SINGLE_BYTES + 4 && memcmp(value.bytes + FRAMING_SINGLE_BYTES, "\xea\xa9\x02\x00", 4) == 0);
        ck_assert_int_eq(row_read(codec, ROW_CLOSED, value.bytes, value.n, &row, &err), 0);
        ck_assert(row.told_at == INSTANT_NEVER);
        buffer_clear(&value);
        row.day = 0;
        row_write(codec, ROW_CLOSED, &row, &value);
        ck_assert_int_eq(row_read(codec, ROW_CLOSED, value.bytes, value.n, &row, &err), -EINVAL);
        buffer_done(&value);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("telling");
        TCase *tc = tcase_create("telling");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, a_field_left_out_is_named, 0, ELEMENTS(outputs));
        tcase_add_loop_test(tc, a_field_of_another_type_is_named, 0, ELEMENTS(outputs));
        tcase_add_loop_test(tc, a_nullable_field_is_named, 0, ELEMENTS(outputs));
        tcase_add_loop_test(tc, the_envelope_is_checked_as_everywhere, 0, ELEMENTS(outputs));
        tcase_add_test(tc, a_symbol_left_out_is_named);
        tcase_add_loop_test(tc, what_passes_is_told, 0, ELEMENTS(outputs));
        tcase_add_loop_test(tc, a_field_that_nothing_can_be_told_in_is_named, 0, ELEMENTS(outputs));
        tcase_add_loop_test(tc, rows_are_what_they_were, 0, ELEMENTS(rows));
        tcase_add_test(tc, a_forgotten_case_of_which_nothing_was_told);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
