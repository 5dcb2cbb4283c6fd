/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a message that was taken is answered by the return message without a fault that belongs to it, which names nobody, and is the same however often the
 * message comes; one that is refused as a whole by one with its code; a return message is not answered.
 * Method: a JW305, and what our own reader says of the answer.
 */

#include "connectors/ijw/receipt.h"
#include "model_fixture.h"

#define TODAY 20600 /* 27 May 2026 */

static const char message[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<m:Bericht xmlns:m=\"http://www.istandaarden.nl/ijw/3_2/jw305/schema\" "
        "xmlns:i=\"http://www.istandaarden.nl/ijw/3_2/basisschema/schema\"><m:Header><m:BerichtCode>438</m:BerichtCode><m:BerichtVersie>3</m:BerichtVersie>"
        "<m:BerichtSubversie>2</m:BerichtSubversie><m:Afzender>98900001</m:Afzender><m:Ontvanger>0014</m:Ontvanger><m:BerichtIdentificatie>"
        "<i:Identificatie>KW2026-0001</i:Identificatie><i:Dagtekening>2026-03-16</i:Dagtekening></m:BerichtIdentificatie><m:XsdVersie>"
        "<i:BasisschemaXsdVersie>0.1.0</i:BasisschemaXsdVersie><i:BerichtXsdVersie>0.2.0</i:BerichtXsdVersie></m:XsdVersie></m:Header><m:Client>"
        "<m:Bsn>999910012</m:Bsn><m:Geboortedatum><i:Datum>2014-05-01</i:Datum></m:Geboortedatum><m:Geslacht>0</m:Geslacht>"
        "<m:Naam><i:Geslachtsnaam><i:Achternaam>Testkind</i:Achternaam></i:Geslachtsnaam></m:Naam><m:StartProducten><m:StartProduct>"
        "<m:ToewijzingNummer>500123</m:ToewijzingNummer><m:Product><i:Categorie>45</i:Categorie></m:Product>"
        "<m:ToewijzingIngangsdatum>2026-03-09</m:ToewijzingIngangsdatum><m:Begindatum>2026-03-12</m:Begindatum><m:StatusAanlevering>1</m:StatusAanlevering>"
        "</m:StartProduct></m:StartProducten></m:Client></m:Bericht>";

static struct ijw_message *read_it(const char *text, size_t n) {
        struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};
        struct error err = {0};

        ck_assert_msg(ijw_message_read(text, n, TODAY, NULL, &m, &refusal, &err) == 0, "%s", refusal.why.text);
        return m;
}

START_TEST(test_the_return_message_is_one) {
        struct buffer out = BUFFER_INIT(16384), again = BUFFER_INIT(16384), none = BUFFER_INIT(16384);
        struct ijw_message *m = read_it(message, strlen(message)), *r;
        char name[RECEIPT_NAME_MAX], same[RECEIPT_NAME_MAX];

        ck_assert(receipt_make(m, "AB", TODAY, NULL, &out, name) && receipt_make(m, "AB", TODAY, NULL, &again, same));
        ck_assert_str_eq(buffer_text(&out), buffer_text(&again));
        ck_assert_str_eq(name, same);
        ck_assert_msg(strncmp(name, "JW306-AB", 8) == 0, "%s", name);
        r = read_it(buffer_text(&out), out.n);
        ck_assert(r->answer && ijw_message_number(r) == 306 && ijw_message_code(r) == 439 && r->codes_n == 0);
        ck_assert(text_is(r->sender, "98900001") && text_is(r->receiver, "0014") && text_is(r->identification, "KW2026-0001"));
        ck_assert_int_eq(r->answered, TODAY);
        ck_assert_int_eq(r->dated, m->dated);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "<ijw:BerichtXsdVersie>0.2.0</ijw:BerichtXsdVersie>\r\n</jw306:XsdVersieRetour>"));
        ck_assert_ptr_null(strstr(buffer_text(&out), "999910012"));
        ck_assert_ptr_null(strstr(buffer_text(&out), "Testkind"));
        ck_assert_ptr_null(strstr(buffer_text(&out), "RetourCode")); /* no fault: no element */
        ck_assert(!receipt_make(r, "AB", TODAY, NULL, &none, name));
        ijw_message_free(m);
        ijw_message_free(r);
        buffer_done(&out);
        buffer_done(&again);
        buffer_done(&none);
}
END_TEST

START_TEST(test_a_fault_of_the_whole_is_its_code_in_the_header) {
        struct buffer out = BUFFER_INIT(16384), good = BUFFER_INIT(16384);
        struct ijw_message *m = read_it(message, strlen(message)), *r;
        char name[RECEIPT_NAME_MAX], other[RECEIPT_NAME_MAX];

        ck_assert(receipt_make(m, "AB", TODAY, RECEIPT_NOT_UNIQUE, &out, name) && receipt_make(m, "AB", TODAY, NULL, &good, other));
        ck_assert_str_ne(name, other); /* the message that was there before has its own answer */
        r = read_it(buffer_text(&out), out.n);
        ck_assert(r->answer && r->codes_n == 1);
        ck_assert_str_eq(r->codes[0], "9056");
        ck_assert_ptr_null(strstr(buffer_text(&out), "999910012"));
        ck_assert_ptr_null(strstr(buffer_text(&out), "Client"));
        ijw_message_free(m);
        ijw_message_free(r);
        buffer_done(&out);
        buffer_done(&good);
}
END_TEST

static const struct {
        int level;
        const char *rule, *code;
} codes[] = {{1, "XSD", NULL}, {1, "OP192", NULL}, {2, "CS002", "0001"}, {2, "OP011", "0001"}, {2, "8848", "8848"}};

START_TEST(test_codes_of_what_is_refused) {
        const char *code = receipt_code(&(struct ijw_refusal){.level = codes[_i].level, .rule = codes[_i].rule});

        ck_assert_int_eq(code == NULL, codes[_i].code == NULL);
        ck_assert(!code || strcmp(code, codes[_i].code) == 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ijw_receipt");
        TCase *c = tcase_create("ijw_receipt");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(c, test_the_return_message_is_one);
        tcase_add_test(c, test_a_fault_of_the_whole_is_its_code_in_the_header);
        tcase_add_loop_test(c, test_codes_of_what_is_refused, 0, (int)ELEMENTS(codes));
        suite_add_tcase(suite, c);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0;
}
