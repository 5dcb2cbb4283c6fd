/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: of a notificatieDi01 exactly the court's decisions become events, the same ones however often it comes; what is no notification is refused with the
 * place, and no value of it is told; every answer names what it answers; and what leads to a case is forgotten when its measures are long over.
 * Method: one notification, which libxml2 found valid by the interface's own XSD; tables of changes to it; the connector itself on a bus in memory.
 */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "connector_fixture.h"
#include "connectors/connector.h"
#include "connectors/corv/mapping.h"
#include "connectors/corv/reply.h"
#include "model_fixture.h"

#define MESSAGE_MAX 8192
#define BSN "999910012"

static const char soap_open[] = "<soap:Envelope xmlns:soap=\"" SOAP_SPACE "\"><soap:Header/><soap:Body>", soap_close[] = "</soap:Body></soap:Envelope>";
static const char message[] =
        "<JZ:notificatieDi01 xmlns:JZ=\"" CORV_SPACE "\" xmlns:StUF=\"" STUF_SPACE "\" xmlns:ZKN=\"" ZKN_SPACE "\" xmlns:BG=\"" BG_SPACE "\">\n"
        "<JZ:stuurgegevens><StUF:berichtcode>Di01</StUF:berichtcode>\n"
        "<StUF:zender><StUF:organisatie>00000099000000000001</StUF:organisatie><StUF:applicatie>CORV</StUF:applicatie></StUF:zender>\n"
        "<StUF:ontvanger><StUF:organisatie>00000099000000000002</StUF:organisatie><StUF:applicatie>JZA</StUF:applicatie></StUF:ontvanger>\n"
        "<StUF:referentienummer>c2f6a1de-5c40-4a8e-9f0e-2e6b6f5d0a01</StUF:referentienummer>\n"
        "<StUF:tijdstipBericht>20260311103000</StUF:tijdstipBericht><StUF:functie>notificatieDi01</StUF:functie></JZ:stuurgegevens>\n"
        "<JZ:object StUF:entiteittype=\"ZAK\"><ZKN:identificatie>RVDK-2026-000042</ZKN:identificatie>\n"
        "<ZKN:resultaat><ZKN:omschrijving>Maatregel opgelegd</ZKN:omschrijving></ZKN:resultaat>\n"
        "<ZKN:isVan StUF:entiteittype=\"ZAKZKT\"><ZKN:gerelateerde StUF:entiteittype=\"ZKT\">"
        "<ZKN:omschrijvingGeneriek>Uitvoeren onderzoek kinderbeschermingsmaatregel</ZKN:omschrijvingGeneriek></ZKN:gerelateerde></ZKN:isVan>\n"
        "<ZKN:heeftBetrekkingOp StUF:entiteittype=\"ZAKOBJ\"><ZKN:gerelateerde StUF:entiteittype=\"OBJ\"><ZKN:natuurlijkPersoon StUF:entiteittype=\"NPS\">"
        "<BG:inp.bsn>" BSN "</BG:inp.bsn><BG:geboortedatum>20140501</BG:geboortedatum></ZKN:natuurlijkPersoon></ZKN:gerelateerde>"
        "<ZKN:omschrijving>Client (kind)</ZKN:omschrijving></ZKN:heeftBetrekkingOp>\n"
        "<ZKN:heeft StUF:entiteittype=\"ZAKSTT\"><ZKN:gerelateerde StUF:entiteittype=\"STT\">"
        "<ZKN:omschrijving>Zaak afgerond</ZKN:omschrijving></ZKN:gerelateerde>"
        "<ZKN:datumStatusGezet>20260311</ZKN:datumStatusGezet></ZKN:heeft>\n"
        "<ZKN:leidtTot StUF:entiteittype=\"ZAKBSL\"><ZKN:gerelateerde StUF:entiteittype=\"BSL\"><ZKN:datumBeslissing>20260306</ZKN:datumBeslissing>"
        "<ZKN:toelichting>VOTS, uit te voeren door AST096</ZKN:toelichting><ZKN:ingangsdatumWerking>20260306</ZKN:ingangsdatumWerking>"
        "<ZKN:einddatumWerking>20270306</ZKN:einddatumWerking></ZKN:gerelateerde></ZKN:leidtTot>\n"
        "</JZ:object></JZ:notificatieDi01>\n";

static const struct option_pair kinds[] = {{"voorlopige ondertoezichtstelling", "VOTS"}, {"ondertoezichtstelling", "OTS"}, {"OTS", "OTS"}, {"vots", "VOTS"}};
static const struct option_pair institutions[] = {{"AST096", "gi-jbn"}};
static const struct corv_words words = {&(const struct option_pairs){kinds, ELEMENTS(kinds)}, &(const struct option_pairs){institutions, 1}};

/* The message with the first @from in it made @to; NULL: as it is. */
static void changed(const char *from, const char *to, char ret[MESSAGE_MAX]) {
        const char *at = from ? strstr(message, from) : message;

        ck_assert_ptr_nonnull(at);
        (void) snprintf(ret, MESSAGE_MAX, "%.*s%s%s", (int)(at - message), message, to ? to : "", at + (from ? strlen(from) : 0));
}

static struct notice *notice_of(const char *from, const char *to) {
        struct notice *n = NULL;
        struct error err = {0};
        char text[MESSAGE_MAX];

        changed(from, to, text);
        ck_assert_msg(notice_read(text, strlen(text), &n, &err) == 0, "%s", err.text);
        return n;
}

START_TEST(test_what_is_read_is_what_an_event_needs) {
        struct notice *n = notice_of(NULL, NULL);

        ck_assert(text_is(n->sender, "00000099000000000001") && text_is(n->receiver, "00000099000000000002"));
        ck_assert(text_is(n->reference, "c2f6a1de-5c40-4a8e-9f0e-2e6b6f5d0a01") && text_is(n->number, "RVDK-2026-000042"));
        ck_assert_str_eq(n->bsn, BSN);
        ck_assert(n->status == STATUS_CASE_DONE && n->result == RESULT_IMPOSED && !n->unborn && n->n == 1);
        ck_assert_int_eq(n->status_on, date_from_ymd(2026, 3, 11));
        ck_assert_int_eq(n->at, date_begin(date_from_ymd(2026, 3, 11)) + (10 * 60 + 30) * 60000);
        notice_free(n);
}
END_TEST

static void expect_json(const struct notice *n, size_t i, const char *expected) {
        struct buffer out = BUFFER_INIT(4096);
        struct json_writer w = JSON_WRITER(&out);
        struct corv_event e;

        corv_event(n, &words, i, &e);
        corv_event_write(&e, "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef", "gm0014", "gm0014", &w);
        ck_assert_msg(strstr(buffer_text(&out), expected), "%s", buffer_text(&out));
        ck_assert_ptr_null(strstr(buffer_text(&out), BSN));
        ck_assert_ptr_null(strstr(buffer_text(&out), "RVDK"));
        buffer_done(&out);
}

/* Summer and winter, a day alone, milliseconds, and the night on which the clock goes forward. */
static const struct {
        const char *said;
        int64_t ms; /* behind the begin of its day */
        int year, month, day;
} instants[] = {
        {"20260311", 0, 2026, 3, 11},
        {"2026031110", 10 * HOUR_MS, 2026, 3, 11},
        {"20260311103000123", 10 * HOUR_MS + 1800123, 2026, 3, 11},
        {"20260329120000", 11 * HOUR_MS, 2026, 3, 29},
        {"20261025120000", 13 * HOUR_MS, 2026, 10, 25},
};

START_TEST(test_instants_are_those_of_amsterdam) {
        struct notice *n = notice_of("20260311103000", instants[_i].said);

        ck_assert_int_eq(n->at, date_begin(date_from_ymd(instants[_i].year, instants[_i].month, instants[_i].day)) + instants[_i].ms);
        notice_free(n);
}
END_TEST

static const struct {
        const char *from, *to;
        size_t n;
        const char *json; /* of the first event */
} decided[] = {
        {NULL, NULL, 1,
         "\"occurred_at\":\"2026-03-06T00:00:00+01:00\",\"recorded_at\":\"2026-03-11T10:30:00+01:00\",\"decision_id\":"},
        {NULL, NULL, 1, "\"date\":\"2026-03-06\",\"kind\":\"VOTS\",\"imposed\":true,\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\",\"ends_on\":\"2027-03-06\"}"},
        {"Maatregel opgelegd", "Geen maatregel opgelegd", 1, "\"kind\":\"VOTS\",\"imposed\":false,\"gi\":\"gi-jbn\""},
        {"VOTS, uit te voeren door AST096", "ots", 1, "\"kind\":\"OTS\",\"imposed\":true,\"municipality\""},
        {"VOTS, uit te voeren door AST096", "Voorlopige Ondertoezichtstelling (6 weken)", 1, "\"kind\":\"VOTS\""},
        {"VOTS, uit te voeren door AST096", "verlenging OTSX door AST0961", 1, "\"kind\":\"UNKNOWN\",\"imposed\":true,\"municipality\""},
        {"VOTS, uit te voeren door AST096", "", 1, "\"kind\":\"UNKNOWN\""},
        {"<ZKN:einddatumWerking>20270306</ZKN:einddatumWerking>",
         "<ZKN:einddatumWerking xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\" StUF:noValue=\"geenWaarde\"/>", 1,
         "\"municipality\":\"gm0014\"}"},
        {"</ZKN:gerelateerde></ZKN:leidtTot>",
         "<StUF:extraElementen><StUF:extraElement naam=\"x\">AST096</StUF:extraElement></StUF:extraElementen></ZKN:gerelateerde></ZKN:leidtTot>", 1,
         "\"gi\":\"gi-jbn\""},
        {"Zaak afgerond", "Onderzoek afgerond", 0, NULL},
        {"Zaak afgerond", "Intake afgerond", 0, NULL},
        {"Maatregel opgelegd", "Geen rekest Kinderbescherming", 0, NULL},
        {"Maatregel opgelegd", "Verzoek tot onderzoek afgewezen", 0, NULL},
        {"<ZKN:resultaat><ZKN:omschrijving>Maatregel opgelegd</ZKN:omschrijving></ZKN:resultaat>", "", 0, NULL},
};

START_TEST(test_only_decisions_become_events) {
        struct notice *n = notice_of(decided[_i].from, decided[_i].to);

        ck_assert_uint_eq(corv_events(n), decided[_i].n);
        if (decided[_i].n > 0)
                expect_json(n, 0, decided[_i].json);
        notice_free(n);
}
END_TEST

START_TEST(test_no_measure_without_a_decision_is_one_event_of_the_day_it_was_set) {
        const char *from = strstr(message, "<ZKN:leidtTot"), *to = strstr(message, "</JZ:object>");
        struct notice *n = NULL;
        struct error err = {0};
        char text[MESSAGE_MAX], *result;

        (void) snprintf(text, sizeof(text), "%.*s%s", (int)(from - message), message, to);
        result = strstr(text, "Maatregel opgelegd");
        memmove(result + 5, result, strlen(result) + 1);
        memcpy(result, "Geen m", 6);
        ck_assert_msg(notice_read(text, strlen(text), &n, &err) == 0, "%s", err.text);
        ck_assert_uint_eq(corv_events(n), 1);
        expect_json(n, 0, "\"date\":\"2026-03-11\",\"kind\":\"UNKNOWN\",\"imposed\":false,\"municipality\":\"gm0014\"}");
        notice_free(n);
}
END_TEST

START_TEST(test_the_same_message_is_the_same_event_in_an_envelope_too) {
        struct notice *bare = notice_of(NULL, NULL), *other = notice_of("5d0a01<", "5d0a02<"), *wrapped = NULL;
        struct corv_event a, b, c;
        struct error err = {0};
        char text[MESSAGE_MAX];

        (void) snprintf(text, sizeof(text), "%s%s%s", soap_open, message, soap_close);
        ck_assert_msg(notice_read(text, strlen(text), &wrapped, &err) == 0, "%s", err.text);
        corv_event(bare, &words, 0, &a);
        corv_event(wrapped, &words, 0, &b);
        corv_event(other, &words, 0, &c);
        ck_assert(uuid_equal(&a.event_id, &b.event_id) && uuid_equal(&a.decision_id, &b.decision_id) && a.recorded_at == b.recorded_at);
        ck_assert(!uuid_equal(&a.event_id, &c.event_id) && !uuid_equal(&a.event_id, &a.decision_id));
        notice_free(bare);
        notice_free(other);
        notice_free(wrapped);
}
END_TEST

static const struct {
        const char *from, *to, *told;
} refused[] = {
        {"JZ:notificatieDi01 xmlns:JZ=\"" CORV_SPACE, "JZ:notificatieDi01 xmlns:JZ=\"urn:other", "line 1, notificatieDi01: is no notificatieDi01 of StUF"},
        {"<StUF:referentienummer>c2f6a1de-5c40-4a8e-9f0e-2e6b6f5d0a01</StUF:referentienummer>", "", "line 2, stuurgegevens: has no referentienummer"},
        {"c2f6a1de-5c40", "c2f6a1de-5c40-too-long", "line 5, referentienummer: must be 1 to 40 characters"},
        {"Di01</StUF:berichtcode>", "Di02</StUF:berichtcode>", "line 2, berichtcode: is none of the values"},
        {"20260311103000", "20260311253000", "line 6, tijdstipBericht: must be an instant"},
        {"20260311103000", "202603111", "line 6, tijdstipBericht: must be an instant"},
        {"Zaak afgerond", "Zaak weg", "omschrijving: is none of the values that the interface knows"},
        {"Maatregel opgelegd", "Maatregel bedacht", "omschrijving: is none of the values that the interface knows"},
        {"20260306<", "20260230<", "datumBeslissing: must be a date as YYYYMMDD"},
        {"<BG:inp.bsn>" BSN, "<BG:inp.bsn>999910013", "inp.bsn: is no BSN"},
        {"<ZKN:isVan ", "<ZKN:ookVan ", "well-formed"},
        {"<StUF:zender>", "<StUF:zender><StUF:organisatie>x</StUF:organisatie>", "organisatie: stands there more than once"},
};

START_TEST(test_what_is_no_notification_is_refused_at_its_place) {
        struct notice *n = NULL;
        struct error err = {0};
        char text[MESSAGE_MAX];

        changed(refused[_i].from, refused[_i].to, text);
        ck_assert_int_eq(notice_read(text, strlen(text), &n, &err), NOTICE_E_REFUSED);
        ck_assert_msg(strstr(err.text, refused[_i].told), "%s", err.text);
        ck_assert_ptr_null(strstr(err.text, "99991001"));
        notice_free(n);
}
END_TEST

START_TEST(test_every_answer_names_what_it_answers) {
        struct notice *n = notice_of("<StUF:organisatie>00000099000000000001", "<StUF:organisatie>R&amp;K");
        struct buffer received = BUFFER_INIT(8192), fault = BUFFER_INIT(8192), nobody = BUFFER_INIT(8192);
        struct xml *x = NULL;
        struct error err = {0};

        reply_received(n, n->at, &received);
        ck_assert_ptr_nonnull(strstr(buffer_text(&received), "<StUF:Bv03Bericht><StUF:stuurgegevens><StUF:berichtcode>Bv03</StUF:berichtcode><StUF:zender>"
                                                             "<StUF:organisatie>00000099000000000002</StUF:organisatie>"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&received), "<StUF:ontvanger><StUF:organisatie>R&amp;K</StUF:organisatie>"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&received), "<StUF:tijdstipBericht>20260311103000</StUF:tijdstipBericht>"
                                                             "<StUF:crossRefnummer>c2f6a1de-5c40-4a8e-9f0e-2e6b6f5d0a01</StUF:crossRefnummer>"));
        reply_fault(n, REPLY_NOT_THE_INTERFACE, REPLY_CLIENT, "line 1 < 2", n->at, &fault);
        ck_assert_ptr_nonnull(strstr(buffer_text(&fault), "<StUF:code>StUF055</StUF:code><StUF:plek>client</StUF:plek><StUF:omschrijving>Berichtbody is niet "
                                                          "conform schema in sectormodel</StUF:omschrijving><StUF:details>line 1 &lt; 2</StUF:details>"));
        reply_fault(NULL, REPLY_NOT_HANDLED, REPLY_SERVER, NULL, n->at, &nobody);
        ck_assert_ptr_null(strstr(buffer_text(&nobody), "crossRefnummer"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&nobody), "<faultcode>soap:Server</faultcode>"));
        for (int i = 0; i < 3; i++) {
                struct buffer *b = i == 0 ? &received : i == 1 ? &fault : &nobody;

                ck_assert_msg(xml_read((const char *)b->bytes, b->n, &x, &err) == 0, "%s", err.text);
                x = xml_free(x);
                ck_assert_ptr_null(strstr(buffer_text(b), BSN));
        }
        notice_free(n);
        buffer_done(&received);
        buffer_done(&fault);
        buffer_done(&nobody);
}
END_TEST

START_TEST(test_kinds_are_those_of_the_schema) {
        struct organisations *orgs;
        struct event_types *types;
        const struct event_type *type;

        project_parties(&orgs, &types);
        type = event_types_find(types, TEXT_OF("court-decided"));
        ck_assert_ptr_nonnull(type);
        for (const char *const *k = (const char *const[]){"OTS", "VOTS", "VOOGDIJ", "GBM_VOORBEREIDING", "UNKNOWN", NULL}; *k; k++)
                ck_assert(corv_kind_is_known(*k));
        ck_assert(!corv_kind_is_known("ots") && !corv_kind_is_known(""));
        event_types_free(types);
        organisations_free(orgs);
}
END_TEST

/* -- Forgetting -- */

#define CASE "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define ENVELOPE(event_id) \
        "{\"event_id\":\"" event_id "\",\"case_id\":\"" CASE "\",\"source\":\"gi-jbn\",\"occurred_at\":\"2026-03-01T00:00:00+01:00\"," \
        "\"recorded_at\":\"2026-03-01T00:00:00+01:00\",\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\","

static struct connector_fixture f;
static const struct connector_ops *const table[] = {&connector_corv, NULL};

static void later(int64_t ms) {
        f.now += ms;
        f.monotonic += ms;
        fixture_turn(&f, 30);
}

static void notify(const char *reference) {
        const struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
        char text[MESSAGE_MAX], name[64], path[SCRATCH_PATH];

        changed("c2f6a1de-5c40-4a8e-9f0e-2e6b6f5d0a01", reference, text);
        (void) snprintf(name, sizeof(name), "in/%s.xml", reference);
        scratch_write(&f.s, name, text);
        ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(&f.s, name, path), old, 0), 0);
        later(1000);
}

static void begin(void) {
        struct error err = {0};

        ck_assert_msg(fixture_open(&f, table,
                                   "connector: corv\nname: corv\nfolder: in\npairs: pairs\nkey: {env: KETENWACHT_KEY}\nsource: rvdk\n"
                                   "municipalities: {'00000099000000000002': gm0014}\n",
                                   &err) == 0, "%s", err.text);
        fixture_turn(&f, 30);
}

START_TEST(test_a_case_of_long_ago_is_forgotten) {
        char path[SCRATCH_PATH];

        fixture_setup(&f, "2026-03-12T12:00:00+01:00");
        ck_assert_int_eq(mkdir(scratch_path(&f.s, "in", path), 0700), 0);
        scratch_write(&f.s, "pairs", BSN ";" CASE "\n");
        begin();
        notify("first");
        ck_assert_uint_eq(fixture_records(&f, "court-decided", NULL, NULL), 1);
        fixture_sample(&f, "ketenwacht_case_keys 2"); /* the BSN's, and the council's number */
        fixture_publish(&f, "measure-started", "gi-jbn",
                        ENVELOPE("00000000-0000-4000-8000-000000000001")
                        "\"kind\":\"OTS\",\"verdict_date\":\"2026-01-01\",\"informed_date\":\"2026-01-01\",\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\"}");
        later(1000 * DAY_MS);
        fixture_sample(&f, "ketenwacht_case_keys 3"); /* the measure runs */
        fixture_publish(&f, "measure-ended", "gi-jbn",
                        ENVELOPE("00000000-0000-4000-8000-000000000002") "\"date\":\"2026-03-01\",\"reason\":\"EXPIRED\"}");
        later(HOUR_MS);
        fixture_sample(&f, "ketenwacht_case_keys 0");
        begin();
        fixture_sample(&f, "ketenwacht_case_keys 0");
        notify("second");
        ck_assert_uint_eq(fixture_records(&f, "court-decided", NULL, NULL), 1);
        fixture_sample(&f, "ketenwacht_case_keys_waiting 1");
        fixture_teardown(&f);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("corv");
        TCase *c = tcase_create("corv");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(c, test_what_is_read_is_what_an_event_needs);
        tcase_add_loop_test(c, test_instants_are_those_of_amsterdam, 0, (int)ELEMENTS(instants));
        tcase_add_loop_test(c, test_only_decisions_become_events, 0, (int)ELEMENTS(decided));
        tcase_add_test(c, test_no_measure_without_a_decision_is_one_event_of_the_day_it_was_set);
        tcase_add_test(c, test_the_same_message_is_the_same_event_in_an_envelope_too);
        tcase_add_loop_test(c, test_what_is_no_notification_is_refused_at_its_place, 0, (int)ELEMENTS(refused));
        tcase_add_test(c, test_every_answer_names_what_it_answers);
        tcase_add_test(c, test_kinds_are_those_of_the_schema);
        tcase_add_test(c, test_a_case_of_long_ago_is_forgotten);
        suite_add_tcase(suite, c);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0;
}
