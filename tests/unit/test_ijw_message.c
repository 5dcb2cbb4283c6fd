/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an iJw message is read to what matters in it, or refused with level, rule, line and element, and no value of it is told.
 * Method: our own valid messages of every kind, and one change to one of them for each rule; texts are cut out and put in.
 */

#include <errno.h>

#include "channel/case_keys.h"
#include "connectors/ijw/message.h"
#include "ijw_fixture.h"

#define TODAY 20600 /* 2026-05-27 */

static struct buffer text = BUFFER_INIT(1 << 20);

static int message_of(const char *bytes, size_t n, struct ijw_message **ret, struct ijw_refusal *refusal) {
        struct error err = {0};

        return ijw_message_read(bytes, n, TODAY, NULL, ret, refusal, &err);
}

/* -- What is valid -- */

static const struct ijw_text valid[] = {
        {315, "KW2026-0001", "2026-03-02", BODY_315(REQUESTED(REF, "45", "04")), NULL, NULL, NULL},
        {301, "G14-26-1", "2026-03-06", BODY_301(ALLOCATED("500123", REFERENCE(REF), "45", FROM)), NULL, NULL, NULL},
        {319, "G14-26-2", "2026-03-06", BODY_319(REF, REJECTED_HERE), NULL, NULL, NULL},
        {319, "G14-26-3", "2026-03-06", BODY_319(REF, "<m:VerzoekAntwoord>2</m:VerzoekAntwoord>"), NULL, NULL, NULL},
        {305, "KW2026-0002", "2026-03-16", BODY_305(STARTED("500123", "45", "2026-03-12", "1")), NULL, NULL, NULL},
        {307, "KW2026-0003", "2026-05-02", BODY_307(STOPPED("500123", "45", "2026-03-12", "31", "2026-05-01", "1")), NULL, NULL, NULL},
        {317, "KW2026-0004", "2026-03-20", BODY_317("V-1", NUMBER_LIST("500123")), NULL, NULL, NULL},
        {306, "KW2026-0002", "2026-03-16", NULL, AGB_PROVIDER, "2026-03-17", NULL},
        {302, "G14-26-1", "2026-03-06", NULL, NULL, "2026-03-07", RETURN_CODE("0001")},
        {320, "G14-26-2", "2026-03-06",
         "<m:Antwoord>" REFERENCE(REF) "<m:VerzoekAntwoord>2</m:VerzoekAntwoord>" RETURN_CODE("9379") "</m:Antwoord>", NULL, "2026-03-07", RETURN_CODE("0200")},
        {306, "KW2026-0002", "2026-03-16",
         "<m:Client>" CLIENT "<m:StartProducten><m:StartProduct><m:ToewijzingNummer>500123</m:ToewijzingNummer><m:Begindatum>2026-03-12</m:Begindatum>"
         "<m:StatusAanlevering>3</m:StatusAanlevering>" RETURN_CODE("9063") "</m:StartProduct></m:StartProducten>" RETURN_CODE("0200") "</m:Client>",
         AGB_PROVIDER, "2026-03-17", RETURN_CODE("0200")},
};

START_TEST(test_valid_messages) {
        const char *bytes = ijw_write(&valid[_i], &text);
        struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};
        int r = message_of(bytes, text.n, &m, &refusal);

        ck_assert_msg(r == 0, "%d: %s", valid[_i].number, refusal.why.text);
        ck_assert_int_eq(ijw_message_number(m), valid[_i].number);
        ck_assert(text_is(m->identification, valid[_i].identification));
        ck_assert_int_eq(m->bsn[0] != '\0', m->kind->number != 319 && !m->answer);
        ck_assert_uint_eq(m->codes_n, valid[_i].codes != NULL);
        ijw_message_free(m);
}
END_TEST

START_TEST(test_what_is_read) {
        struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};
        const struct ijw_product *p;

        ijw_write(&valid[1], &text);
        ck_assert_int_eq(message_of(buffer_text(&text), text.n, &m, &refusal), 0);
        p = &m->products[0];
        ck_assert_uint_eq(m->n, 1);
        ck_assert_int_eq(p->number, 500123);
        ck_assert(text_is(p->reference, REF));
        ck_assert(text_is(p->category, "45"));
        ck_assert_int_eq(p->begins, date_from_ymd(2026, 3, 9));
        ck_assert_int_eq(p->ends, DAY_NONE);
        ck_assert_int_eq(p->decided, date_begin(date_from_ymd(2026, 3, 5)) + (10 * 60 + 15) * 60000);
        ijw_message_free(m);
}
END_TEST

/* -- What is changed -- */

static void replace(const char *from, const char *to);

/* Blanks around numbers and dates, signs and zeros are valid, and no part of a key; of a reference every byte is one. */
START_TEST(test_what_keys_are_made_of) {
        struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};

        ijw_write(&valid[1], &text);
        replace("<m:ToewijzingNummer>500123", "<m:ToewijzingNummer> +000500123\r\n");
        replace("<m:ReferentieAanbieder>" REF, "<m:ReferentieAanbieder> \xc3\xa9\t1  ");
        replace("<m:Ingangsdatum>2026-03-09", "<m:Ingangsdatum>\t2026-03-09 ");
        ck_assert_msg(message_of(buffer_text(&text), text.n, &m, &refusal) == 0, "%s", refusal.why.text);
        ck_assert_int_eq(m->products[0].number, 500123);
        ck_assert(text_is(m->products[0].reference, " \xc3\xa9\t1  "));
        ck_assert_int_eq(m->products[0].begins, date_from_ymd(2026, 3, 9));
        ijw_message_free(m);
}
END_TEST

/* Replaces the first @from by @to in the message that was written. */
static void replace(const char *from, const char *to) {
        CLEANUP(buffer_done) struct buffer copy = BUFFER_INIT(1 << 20);
        const char *whole = buffer_text(&text), *at = strstr(whole, from);

        ck_assert_msg(at, "%s is not there", from);
        buffer_add(&copy, whole, (size_t)(at - whole));
        buffer_add_text(&copy, to);
        buffer_add_text(&copy, at + strlen(from));
        buffer_clear(&text);
        buffer_add(&text, copy.bytes, copy.n);
}

static const struct {
        int number;
        const char *from, *to;
        int level; /* 0: still valid */
        const char *rule, *element;
} changes[] = {
        /* The tree */
        {315, "jw315", "jw999", 1, "XSD", "Bericht"},
        {315, "ijw/3_2/jw315", "ijw/3_0/jw315", 1, "XSD", "Bericht"},
        {315, "<m:BerichtCode>446", "<m:BerichtCode>436", 1, "XSD", "BerichtCode"},
        {315, "<m:BerichtSubversie>2", "<m:BerichtSubversie>1", 1, "XSD", "BerichtSubversie"},
        {315, "<m:Geslacht>0</m:Geslacht>", "", 1, "XSD", "Client"},
        {315, "<m:Geslacht>0</m:Geslacht>", "<m:Geslacht>0</m:Geslacht><m:Geslacht>0</m:Geslacht>", 1, "XSD", "Client"},
        {315, "<m:Geslacht>0</m:Geslacht>", "<m:Geslacht>0</m:Geslacht>secret", 1, "XSD", "Client"},
        {315, "<m:Geslacht>0</m:Geslacht>", "<i:Geslacht>0</i:Geslacht>", 1, "XSD", "Client"},
        {315, "<m:Geslacht>0", "<m:Geslacht secret=\"1\">0", 1, "XSD", "Geslacht"},
        {315, "<m:Geslacht>0", "<m:Geslacht>7", 1, "XSD", "Geslacht"},
        {315, "<m:Geslacht>0", "<m:Geslacht> 0", 1, "XSD", "Geslacht"},
        {315, "<i:Naam>GI Voorbeeld</i:Naam>", "<i:Naam></i:Naam>", 1, "RS033", "Naam"},
        {315, "<i:Naam>GI Voorbeeld</i:Naam>", "<i:Naam>  </i:Naam>", 1, "RS033", "Naam"},
        {315, "<m:Afzender>98900001", "<m:Afzender>0014", 1, "XSD", "Afzender"},
        {315, "<m:Ontvanger>0014", "<m:Ontvanger>14", 1, "XSD", "Ontvanger"}, /* as of who takes codes for numbers */
        {315, "<i:Categorie>45", "<i:Categorie>99", 1, "XSD", "Categorie"},
        {315, "<i:Dagtekening>2026-03-02", "<i:Dagtekening>2026-03-02Z", 1, "RS032", "Dagtekening"},
        {315, "<i:Dagtekening>2026-03-02", "<i:Dagtekening>2026-02-30", 1, "XSD", "Dagtekening"},
        {315, "<i:Dagtekening>2026-03-02", "<i:Dagtekening>1899-12-31", 1, "XSD", "Dagtekening"},
        {315, "<i:Dagtekening>2026-03-02", "<i:Dagtekening>2101-01-01", 1, "XSD", "Dagtekening"},
        {315, "<i:Dagtekening>2026-03-02", "<i:Dagtekening>\r\n 2026-03-02 ", 0, NULL, NULL},
        {315, "0.1.0</i:Basis", "0.01.0</i:Basis", 1, "XSD", "BasisschemaXsdVersie"},
        {315, "<m:ReferentieAanbieder>" REF, "<m:ReferentieAanbieder>1234567890123456789012345678901234567", 1, "XSD", "ReferentieAanbieder"},
        {315, "<m:ReferentieAanbieder>" REF,
         "<m:ReferentieAanbieder> \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 45678901234567890123\t", 0, NULL, NULL},
        {301, "<m:Toewijzingstijd>10:15:00", "<m:Toewijzingstijd>10:15:00Z", 1, "XSD", "Toewijzingstijd"},
        {301, "<m:Toewijzingstijd>10:15:00", "<m:Toewijzingstijd>24:00:00.000", 0, NULL, NULL},
        {301, "<m:Toewijzingstijd>10:15:00", "<m:Toewijzingstijd>24:00:01", 1, "XSD", "Toewijzingstijd"},
        {301, "<m:ToewijzingNummer>500123", "<m:ToewijzingNummer>1000000000", 1, "XSD", "ToewijzingNummer"},
        {301, "<m:ToewijzingNummer>500123", "<m:ToewijzingNummer>-1", 1, "XSD", "ToewijzingNummer"},
        {301, "<m:ToewijzingNummer>500123", "<m:ToewijzingNummer> +000500123", 0, NULL, NULL},
        {306, "</m:StartProduct></m:StartProducten>" RETURN_CODE("0200"), "</m:StartProduct></m:StartProducten>", 1, "XSD", "Client"},
        {306, "<m:RetourCode>9063", "<m:RetourCode>9064", 1, "XSD", "RetourCode"},
        {306, "<m:RetourCode>9063", "<m:RetourCode>9355", 0, NULL, NULL},
        /* The rules of level 2 */
        {315, BSN, "999910013", 2, "CS002", "Bsn"},
        {315, BSN, "000000000", 2, "CS002", "Bsn"},
        {315, CATEGORY("45"), "", 2, "CD079", "AangevraagdProduct"},
        {315, "<m:ToewijzingIngangsdatum>2026-03-09</m:ToewijzingIngangsdatum>",
         "<m:ToewijzingIngangsdatum>2026-03-09</m:ToewijzingIngangsdatum><m:ToewijzingEinddatum>2026-03-08</m:ToewijzingEinddatum>", 2, "CS003",
         "AangevraagdProduct"},
        {315, "<i:Categorie>45</i:Categorie>", "<i:Categorie>45</i:Categorie><i:Code>45A03</i:Code>", 2, "CD041", "AangevraagdProduct"},
        {315, "<m:Verwijzer>", "<m:Omvang><i:Volume>1</i:Volume><i:Eenheid>04</i:Eenheid><i:Frequentie>2</i:Frequentie></m:Omvang><m:Verwijzer>", 2, "CD095",
         "AangevraagdProduct"},
        {315, "<i:Categorie>45</i:Categorie></m:Product><m:ToewijzingIngangsdatum>2026-03-09</m:ToewijzingIngangsdatum>",
         "<i:Categorie>45</i:Categorie><i:Code>a</i:Code></m:Product><m:ToewijzingIngangsdatum>2026-03-09</m:ToewijzingIngangsdatum>"
         "<m:Omvang><i:Volume>1</i:Volume><i:Eenheid>04</i:Eenheid><i:Frequentie>2</i:Frequentie></m:Omvang>", 2, "CD076", "AangevraagdProduct"},
        {315, "<m:Verwijzer>", "<m:Budget>100</m:Budget><m:Verwijzer>", 2, "CD075", "AangevraagdProduct"},
        {315, "<m:Verwijzer>",
         "<m:Omvang><i:Volume>1</i:Volume><i:Eenheid>04</i:Eenheid><i:Frequentie>1</i:Frequentie></m:Omvang><m:Budget>100</m:Budget><m:Verwijzer>", 2, "CD077",
         "AangevraagdProduct"},
        {315, CATEGORY("45"), "<m:BeschikkingNummer>1</m:BeschikkingNummer>" CATEGORY("45"), 2, "CD043", "AangevraagdProduct"},
        {315, "<i:Naam>GI Voorbeeld</i:Naam>", "<i:Naam>GI</i:Naam><i:ZorgverlenerCode>98900002</i:ZorgverlenerCode>", 2, "CD066", "Verwijzer"},
        {315, "<i:Naam>GI Voorbeeld</i:Naam>", "", 2, "CD067", "Verwijzer"},
        {315, "<i:Type>04</i:Type><i:Naam>GI Voorbeeld</i:Naam>",
         "<i:Type>08</i:Type><i:ZorgverlenerCode>98900002</i:ZorgverlenerCode>", 2, "CD068", "Verwijzer"},
        {315, "<i:Dagtekening>2026-03-02", "<i:Dagtekening>2026-05-28", 2, "8848", "Header"},
        {301, FROM, FROM "<m:Einddatum>2026-03-10</m:Einddatum><m:RedenWijziging>13</m:RedenWijziging>", 2, "CS335", "ToegewezenProduct"},
        {301, FROM, FROM "<m:RedenWijziging>01</m:RedenWijziging>", 2, "CS336", "ToegewezenProduct"},
        {301, FROM, FROM "<m:Omvang><i:Volume>1</i:Volume><i:Eenheid>04</i:Eenheid><i:Frequentie>4</i:Frequentie></m:Omvang>", 2, "CD080", "ToegewezenProduct"},
        {305, "<m:StatusAanlevering>1", "<m:StatusAanlevering>2", 2, "CS058", "StartProduct"},
        {305, "<m:StatusAanlevering>1", "<m:StatusAanlevering>9", 2, "CS058", "StartProduct"},
        {305, "<m:Begindatum>2026-03-12", "<m:Begindatum>2026-03-17", 2, "OP011", "StartProduct"},
        {307, "<m:Einddatum>2026-05-01", "<m:Einddatum>2026-05-03", 2, "OP011", "StopProduct"},
        {307, "<m:Einddatum>2026-05-01", "<m:Einddatum>2026-03-11", 2, "CS003", "StopProduct"},
        {319, "<m:RedenAfwijzingVerzoek>8</m:RedenAfwijzingVerzoek>", "", 2, "CD085", "Antwoord"},
        {319, "<m:VerzoekAntwoord>1", "<m:VerzoekAntwoord>2", 2, "CD086", "Antwoord"},
        {319, "<m:RedenAfwijzingVerzoek>8", "<m:RedenAfwijzingVerzoek>3", 2, "IV095", "Antwoord"},
        {319, "<m:Woonplaatsbeginsel><m:Gemeente>0037</m:Gemeente></m:Woonplaatsbeginsel>", "", 2, "IV095", "Antwoord"},
};

static const struct ijw_text *last_valid(int number) {
        const struct ijw_text *found = NULL;

        for (size_t i = 0; i < ELEMENTS(valid); i++)
                found = valid[i].number == number && (number != 319 || !found) ? &valid[i] : found;
        return found;
}

START_TEST(test_one_change) {
        struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};
        char said[128];
        int r;

        ijw_write(last_valid(changes[_i].number), &text);
        replace(changes[_i].from, changes[_i].to);
        r = message_of(buffer_text(&text), text.n, &m, &refusal);
        ijw_message_free(m);
        ck_assert_msg(r == (changes[_i].level ? IJW_E_REFUSED : 0), "%s", refusal.why.text);
        if (!changes[_i].level)
                return;
        ck_assert_int_eq(refusal.level, changes[_i].level);
        ck_assert_msg(strcmp(refusal.rule, changes[_i].rule) == 0, "%s", refusal.why.text);
        (void) snprintf(said, sizeof(said), "IJW %s: level %d, line 2, %s: ", changes[_i].rule, changes[_i].level, changes[_i].element);
        ck_assert_msg(strncmp(refusal.why.text, said, strlen(said)) == 0, "%s, not %s", refusal.why.text, said);
        ck_assert_msg(!bsn_is_in(text_of(refusal.why.text)) && !strstr(refusal.why.text, "secret") && !strstr(refusal.why.text, "Testkind"), "%s",
                      refusal.why.text);
}
END_TEST

START_TEST(test_a_byte_order_mark_and_another_encoding) {
        struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};

        ijw_write(&valid[0], &text);
        replace("<?xml", "\xef\xbb\xbf<?xml");
        ck_assert_int_eq(message_of(buffer_text(&text), text.n, &m, &refusal), IJW_E_REFUSED);
        ck_assert_str_eq(refusal.rule, "OP192");
        ijw_write(&valid[0], &text);
        replace("UTF-8", "ISO-8859-1");
        ck_assert_int_eq(message_of(buffer_text(&text), text.n, &m, &refusal), IJW_E_REFUSED);
        ck_assert_int_eq(message_of("", XML_BYTES_MAX + 1, &m, &refusal), IJW_E_REFUSED);
        ck_assert_str_eq(refusal.rule, "OP179");
        ck_assert_ptr_null(m);
}
END_TEST

/* When an allocation was decided: 24:00 is the next day's, of a doubled hour the earlier instant counts. */
static const struct {
        const char *date, *time, *at;
} decisions[] = {
        {"2026-03-05", "24:00:00", "2026-03-06T00:00:00+01:00"},     {"2026-03-05", "10:15:00.1239", "2026-03-05T10:15:00.123+01:00"},
        {"2025-10-26", "02:30:00", "2025-10-26T02:30:00+02:00"},     {"2025-10-26", "01:59:59", "2025-10-26T01:59:59+02:00"},
        {"2025-10-26", "03:00:00", "2025-10-26T03:00:00+01:00"},     {"2025-12-31", "24:00:00.0", "2026-01-01T00:00:00+01:00"},
        {"2025-07-01", "00:00:00", "2025-07-01T00:00:00+02:00"},
};

START_TEST(test_instants_of_decision) {
        char date[96], time[96], at[INSTANT_TEXT + 1];
        struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};

        ijw_write(&valid[1], &text);
        (void) snprintf(date, sizeof(date), "<m:Toewijzingsdatum>%s", decisions[_i].date);
        (void) snprintf(time, sizeof(time), "<m:Toewijzingstijd>%s", decisions[_i].time);
        replace("<m:Toewijzingsdatum>2026-03-05", date);
        replace("<m:Toewijzingstijd>10:15:00", time);
        ck_assert_msg(message_of(buffer_text(&text), text.n, &m, &refusal) == 0, "%s", refusal.why.text);
        instant_format_exact(m->products[0].decided, at);
        ck_assert_str_eq(at, decisions[_i].at);
        ijw_message_free(m);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ijw_message");
        SRunner *runner = srunner_create(suite);
        TCase *tcase = tcase_create("ijw_message");
        int failed;

        tcase_add_loop_test(tcase, test_valid_messages, 0, (int)ELEMENTS(valid));
        tcase_add_test(tcase, test_what_is_read);
        tcase_add_test(tcase, test_what_keys_are_made_of);
        tcase_add_loop_test(tcase, test_one_change, 0, (int)ELEMENTS(changes));
        tcase_add_test(tcase, test_a_byte_order_mark_and_another_encoding);
        tcase_add_loop_test(tcase, test_instants_of_decision, 0, (int)ELEMENTS(decisions));
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
