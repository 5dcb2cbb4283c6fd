/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: of referral-answered comes the JW319 that says the same, to the letter, or none; the same event always gives the same message.
 * Method: the event as it would be posted, with small changes; one message compared as a whole.
 */

#include "connect/intake.h"
#include "connectors/ijw-out/answer.h"
#include "model_fixture.h"

#define EVENT(outcome, reason, more) \
        "{\"event_id\":\"60a3d05e-e53c-5dbc-921a-806f98a46c8c\",\"case_id\":\"1b15b2de-8ab7-5c72-9d63-9cd08b0efbef\",\"source\":\"gm0014\"," \
        "\"occurred_at\":\"2022-03-05T00:00:00+01:00\",\"recorded_at\":\"2022-03-05T00:30:00+01:00\"," \
        "\"referral_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\",\"date\":\"2022-03-05\",\"outcome\":\"" outcome "\",\"reason\":\"" reason "\"" more "}"

static struct organisations *orgs;
static struct event_types *types;
static struct arena *arena;
static struct intake intake;
static struct buffer out;

static void setup(void) {
        ck_assert_int_eq(arena_new(&arena, INTAKE_ARENA_MAX), 0);
        project_parties(&orgs, &types);
        intake = (struct intake){0};
        out = (struct buffer)BUFFER_INIT(16384);
}

static void teardown(void) {
        intake_done(&intake);
        buffer_done(&out);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
}

static enum answer_made make(const char *json, char ret_name[ANSWER_NAME_MAX], struct error *err) {
        const struct intake_request request = {
                .type = event_types_find(types, TEXT_OF("referral-answered")),
                .caller = organisations_find(orgs, TEXT_OF("gm0014")),
                .body = json,
                .n = strlen(json),
                .now = INT64_C(1700000000000),
        };
        struct problem problem = {0};
        struct answer_from from = {.delivery_id = {.bytes = {[15] = 33}}, .agb = "98900001", .prefix = "AB", .rejection = "7", .xsd_version = "1.0.0"};

        intake_done(&intake);
        intake = (struct intake){0};
        ck_assert_msg(intake_read(&request, orgs, arena, &intake, &problem), "%s %s", problem.detail.text, problem.mistakes[0].text);
        from.event = &intake.event;
        buffer_clear(&out);
        return answer_make(&from, &out, ret_name, err);
}

START_TEST(test_a_rejection_for_residence_to_the_letter) {
        char name[ANSWER_NAME_MAX];
        struct error err = {0};

        ck_assert_int_eq(make(EVENT("REJECTED", "RESIDENCE", ",\"responsible_municipality\":\"gm0037\",\"reference\":\"b7a1f0de-0001\""), name, &err),
                         ANSWER_MADE);
        ck_assert_str_eq(name, "JW319-0014-AB1100000000.xml");
        ck_assert_str_eq(buffer_text(&out),
                         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                         "<jw319:Bericht xmlns:jw319=\"http://www.istandaarden.nl/ijw/3_2/jw319/schema\" "
                         "xmlns:ijw=\"http://www.istandaarden.nl/ijw/3_2/basisschema/schema\">\r\n"
                         "<jw319:Header>\r\n<jw319:BerichtCode>488</jw319:BerichtCode>\r\n<jw319:BerichtVersie>3</jw319:BerichtVersie>\r\n"
                         "<jw319:BerichtSubversie>2</jw319:BerichtSubversie>\r\n<jw319:Afzender>0014</jw319:Afzender>\r\n"
                         "<jw319:Ontvanger>98900001</jw319:Ontvanger>\r\n<jw319:BerichtIdentificatie>\r\n"
                         "<ijw:Identificatie>AB1100000000</ijw:Identificatie>\r\n"
                         "<ijw:Dagtekening>2022-03-05</ijw:Dagtekening>\r\n</jw319:BerichtIdentificatie>\r\n<jw319:XsdVersie>\r\n"
                         "<ijw:BasisschemaXsdVersie>1.0.0</ijw:BasisschemaXsdVersie>\r\n<ijw:BerichtXsdVersie>1.0.0</ijw:BerichtXsdVersie>\r\n"
                         "</jw319:XsdVersie>\r\n</jw319:Header>\r\n<jw319:Antwoord>\r\n"
                         "<jw319:ReferentieAanbieder>b7a1f0de-0001</jw319:ReferentieAanbieder>\r\n<jw319:VerzoekAntwoord>1</jw319:VerzoekAntwoord>\r\n"
                         "<jw319:RedenAfwijzingVerzoek>8</jw319:RedenAfwijzingVerzoek>\r\n<jw319:Woonplaatsbeginsel>\r\n"
                         "<jw319:Gemeente>0037</jw319:Gemeente>\r\n</jw319:Woonplaatsbeginsel>\r\n</jw319:Antwoord>\r\n</jw319:Bericht>\r\n");
}
END_TEST

static const struct {
        const char *json;
        enum answer_made made;
        const char *said; /* in the message, or of why not */
} rows[] = {
        {EVENT("UNDER_INVESTIGATION", "NONE", ",\"reference\":\"b7a1\""), ANSWER_MADE,
         "<jw319:VerzoekAntwoord>2</jw319:VerzoekAntwoord>\r\n</jw319:Antwoord>"},
        {EVENT("REJECTED", "OTHER", ",\"reference\":\"b7a1\""), ANSWER_MADE,
         "<jw319:VerzoekAntwoord>1</jw319:VerzoekAntwoord>\r\n<jw319:RedenAfwijzingVerzoek>7</jw319:RedenAfwijzingVerzoek>\r\n</jw319:Antwoord>"},
        {EVENT("REJECTED", "RESIDENCE", ",\"reference\":\"b7a1\""), ANSWER_MADE,
         "<jw319:RedenAfwijzingVerzoek>8</jw319:RedenAfwijzingVerzoek>\r\n</jw319:Antwoord>"},
        {EVENT("REJECTED", "OTHER", ",\"reference\":\"x:41203c26\""), ANSWER_MADE, "<jw319:ReferentieAanbieder>A &lt;&amp;</jw319:ReferentieAanbieder>"},
        {EVENT("REJECTED", "OTHER", ",\"reference\":\"h:00112233445566778899aabbccddeeff\""), ANSWER_REFUSED, "kept as a hash"},
        {EVENT("REJECTED", "OTHER", ",\"reference\":\"x:4\""), ANSWER_REFUSED, "no ReferentieAanbieder"},
        {EVENT("ALLOCATED", "NONE", ",\"reference\":\"b7a1\""), ANSWER_NONE, ""},
        {EVENT("REJECTED", "OTHER", ""), ANSWER_NONE, ""},
};

START_TEST(test_what_is_answered) {
        char name[ANSWER_NAME_MAX];
        struct error err = {0};

        ck_assert_int_eq(make(rows[_i].json, name, &err), rows[_i].made);
        ck_assert_msg(strstr(rows[_i].made == ANSWER_MADE ? buffer_text(&out) : err.text, rows[_i].said), "%s%s", buffer_text(&out), err.text);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ijw_out");
        TCase *c = tcase_create("ijw_out");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(c, setup, teardown);
        tcase_add_test(c, test_a_rejection_for_residence_to_the_letter);
        tcase_add_loop_test(c, test_what_is_answered, 0, (int)ELEMENTS(rows));
        suite_add_tcase(suite, c);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0;
}
