/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is told of an inbox record as a ZGW notification is what the standard takes, without personal data; and a refusal is taken for what it is.
 * Method: an alert and a fact with personal fields, to the letter; a table of problem details.
 */

#include <jansson.h>

#include "connectors/nrc-out/notice.h"
#include "model/event_json.h"
#include "model_fixture.h"

#define IDS "\"event_id\":\"60a3d05e-e53c-5dbc-921a-806f98a46c8c\",\"case_id\":\"1b15b2de-8ab7-5c72-9d63-9cd08b0efbef\""
#define OCCURRED "2022-10-09T11:00:00+02:00"
#define RECORDED "2022-10-10T11:00:00.500+02:00"
#define AT(text) at(text)

static struct organisations *orgs;
static struct event_types *types;
static struct arena *arena;

static void setup(void) {
        project_parties(&orgs, &types);
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
}

static instant_t at(const char *text) {
        instant_t ret;

        ck_assert(instant_parse(text_of(text), &ret));
        return ret;
}

static const struct {
        const char *type, *json, *told;
} records[] = {
        {"escalation-raised",
         "{" IDS ",\"source\":\"ketenwacht\",\"occurred_at\":\"" OCCURRED "\",\"recorded_at\":\"" RECORDED
         "\",\"replaces\":null,\"alert_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\",\"protocol\":\"wettelijke-termijnen\",\"norm\":\"protector-assigned\","
         "\"instance\":\"m\",\"rung\":2,\"due_date\":\"2022-10-09\",\"organisation\":\"gm0014\",\"role\":\"municipality\",\"text\":\"Te laat.\"}",
         "{\"kanaal\":\"ketenwacht\",\"source\":\"urn:x\",\"hoofdObject\":\"https://kw.example/a/cases/1b15b2de-8ab7-5c72-9d63-9cd08b0efbef\","
         "\"resource\":\"escalation-raised\",\"resourceUrl\":\"https://kw.example/a/escalation-raised/60a3d05e-e53c-5dbc-921a-806f98a46c8c\","
         "\"actie\":\"create\",\"aanmaakdatum\":\"" RECORDED "\",\"kenmerken\":{\"organisation\":\"gm0014\","
         "\"case\":\"1b15b2de-8ab7-5c72-9d63-9cd08b0efbef\",\"occurred_at\":\"" OCCURRED "\",\"norm\":\"protector-assigned\","
         "\"protocol\":\"wettelijke-termijnen\",\"rung\":\"2\"}}"},
        {"measure-started",
         "{" IDS ",\"source\":\"gi-jbn\",\"occurred_at\":\"" OCCURRED "\",\"recorded_at\":\"" RECORDED
         "\",\"replaces\":null,\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\",\"kind\":\"OTS\",\"verdict_date\":\"2022-10-09\","
         "\"informed_date\":\"2022-10-09\",\"ends_on\":null,\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\",\"birth_date\":\"2010-02-03\","
         "\"reference\":\"Jansen\"}",
         "{\"kanaal\":\"ketenwacht\",\"source\":\"urn:x\",\"hoofdObject\":\"https://kw.example/a/cases/1b15b2de-8ab7-5c72-9d63-9cd08b0efbef\","
         "\"resource\":\"measure-started\",\"resourceUrl\":\"https://kw.example/a/measure-started/60a3d05e-e53c-5dbc-921a-806f98a46c8c\","
         "\"actie\":\"create\",\"aanmaakdatum\":\"" RECORDED "\",\"kenmerken\":{\"organisation\":\"gm0014\","
         "\"case\":\"1b15b2de-8ab7-5c72-9d63-9cd08b0efbef\",\"occurred_at\":\"" OCCURRED "\"}}"},
};

/* The event borrows from what is returned. */
static json_t *read_record(size_t i, struct event *ret) {
        json_t *json = json_loads(records[i].json, 0, NULL);
        const char *field = NULL;
        struct error err = {0};

        ck_assert_ptr_nonnull(json);
        ck_assert_msg(event_from_json(event_types_find(types, text_of(records[i].type)), orgs, json, NULL, arena, ret, &field, &err) == REFUSAL_NONE, "%s",
                      err.text);
        return json;
}

START_TEST(test_a_record_as_a_notification) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(65536);
        struct event event;
        json_t *json = read_record((size_t)_i, &event);
        const struct cloudevent ce = {.event = &event, .source = "urn:x"};
        const struct notice notice = {"ketenwacht", text_of("https://kw.example/a"), "gm0014", &ce, AT(RECORDED)};

        notice_write(&notice, &out);
        ck_assert_str_eq(buffer_text(&out), records[_i].told);
        ck_assert_ptr_null(strstr(buffer_text(&out), "Jansen"));
        json_decref(json);
}
END_TEST

/* Receivers refuse what was made in their future. */
START_TEST(test_when_it_was_made) {
        struct event event;

        json_decref(read_record(0, &event));
        ck_assert_int_eq(notice_created(&event, AT("2022-10-11T00:00:00Z")), AT(RECORDED));
        ck_assert_int_eq(notice_created(&event, AT(OCCURRED)), AT(OCCURRED));
}
END_TEST

static const struct {
        const char *body, *codes;
        enum notice_refusal refusal;
} refusals[] = {
        {"{\"code\":\"invalid\",\"invalidParams\":[{\"name\":\"kanaal\",\"code\":\"message_kanaal\",\"reason\":\"x\"}]}", "message_kanaal invalid",
         NOTICE_CHANNEL},
        {"{\"code\":\"kenmerken_inconsistent\"}", "kenmerken_inconsistent", NOTICE_CHANNEL},
        {"{\"invalid-params\":[{\"code\":\"future_not_allowed\"}]}", "future_not_allowed", NOTICE_FUTURE},
        {"{\"invalidParams\":[{\"code\":\"required\"},{\"code\":\"future_not_allowed\"}]}", "required future_not_allowed", NOTICE_FUTURE},
        {"{\"code\":\"not_message_kanaal\"}", "not_message_kanaal", NOTICE_REFUSED},
        {"{\"code\":\"Jan Jansen\"}", "", NOTICE_REFUSED},
        {"{\"code\":7,\"invalidParams\":{}}", "", NOTICE_REFUSED},
        {"<html>", "", NOTICE_REFUSED},
        {"", "", NOTICE_REFUSED},
};

START_TEST(test_why_it_is_refused) {
        char codes[NOTICE_CODES_MAX];

        ck_assert_int_eq(notice_judge(text_of(refusals[_i].body), codes), refusals[_i].refusal);
        ck_assert_str_eq(codes, refusals[_i].codes);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("nrc-out");
        TCase *t = tcase_create("nrc-out");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, test_a_record_as_a_notification, 0, ELEMENTS(records));
        tcase_add_test(t, test_when_it_was_made);
        tcase_add_loop_test(t, test_why_it_is_refused, 0, ELEMENTS(refusals));
        suite_add_tcase(suite, t);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
