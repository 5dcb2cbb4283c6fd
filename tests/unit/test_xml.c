/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what strangers send as XML is read by namespace, or refused with its line; nothing leads out of the text, and no value is told.
 * Method: tables of small documents; an XSD in a scratch folder.
 */

#include <errno.h>

#include "channel/xml.h"
#include "model_fixture.h"

#define SPACE "urn:x"

static const struct {
        const char *text, *told; /* NULL: it is read */
} documents[] = {
        {"<a xmlns='urn:x'/>", NULL},
        {"<?xml version='1.0' encoding='utf-8'?>\r\n<p:a xmlns:p='urn:x'>\r\n</p:a>", NULL},
        {"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "encoding"},
        {"\xef\xbb\xbf<a/>", "byte order mark"},
        {"<a>\xe9</a>", "not UTF-8"},
        {"", "well-formed"},
        {"<a>\n<b>secret</a>", "line 2"},
        {"<a>&secret;</a>", "line 1"},
        {"<!DOCTYPE a><a/>", "document type"},
        {"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><a/>", "document type"},
        {"<!DOCTYPE a [<!ENTITY s SYSTEM 'file:///etc/passwd'>]><a>&s;</a>", "document type"},
        {"<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;&b;'>]><a>&c;</a>", "document type"},
};

START_TEST(test_documents) {
        struct xml *x = NULL;
        struct error err = {0};
        int r = xml_read(documents[_i].text, strlen(documents[_i].text), &x, &err);

        ck_assert_int_eq(r, documents[_i].told ? XML_E_REFUSED : 0);
        if (documents[_i].told)
                ck_assert_msg(strstr(err.text, documents[_i].told), "%s", err.text);
        ck_assert_ptr_null(strstr(err.text, "secret"));
        xml_free(x);
}
END_TEST

START_TEST(test_a_message_has_25_megabytes_at_most) {
        char *bytes = calloc(1, XML_BYTES_MAX + 2);
        struct xml *x = NULL;
        struct error err;

        ck_assert_ptr_nonnull(bytes);
        memset(bytes, '\n', XML_BYTES_MAX + 1);
        memcpy(bytes, "<a/>", 4);
        ck_assert_int_eq(xml_read(bytes, XML_BYTES_MAX, &x, &err), 0);
        x = xml_free(x);
        ck_assert_int_eq(xml_read(bytes, XML_BYTES_MAX + 1, &x, &err), XML_E_REFUSED);
        free(bytes);
}
END_TEST

START_TEST(test_elements_are_found_by_namespace) {
        static const char text[] = "<a xmlns='urn:x' xmlns:q='urn:x' xmlns:y='urn:y'> <!-- c --> <y:b>no</y:b>\n<q:b> 1<!-- c -->2&amp;<![CDATA[<]]> </q:b>"
                                   "<b/>text</a>";
        const struct xml_element *e;
        struct xml *x = NULL;
        struct error err;

        ck_assert_int_eq(xml_read(text, strlen(text), &x, &err), 0);
        ck_assert(xml_is(xml_root(x), SPACE, "a"));
        ck_assert(xml_has_text(xml_root(x)));
        ck_assert_str_eq(xml_space(xml_first(xml_root(x))), "urn:y");
        e = xml_find(xml_root(x), SPACE, "b");
        ck_assert_int_eq(xml_line(e), 2);
        ck_assert(text_is(xml_text(x, e), " 12&< "));
        ck_assert(text_is(xml_trimmed(x, e), "12&<"));
        e = xml_find_next(e, SPACE, "b");
        ck_assert_uint_eq(xml_text(x, e).n, 0);
        ck_assert_ptr_null(xml_find_next(e, SPACE, "b"));
        ck_assert_ptr_null(xml_find(xml_root(x), "", "b"));
        xml_free(x);
}
END_TEST

START_TEST(test_a_schema_says_where_and_not_what) {
        static const char xsd[] = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:x' elementFormDefault='qualified'>"
                                  "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='n' type='xs:integer'/></xs:sequence>"
                                  "</xs:complexType></xs:element></xs:schema>";
        static const char good[] = "<a xmlns='urn:x'><n> 7 </n></a>", bad[] = "<a xmlns='urn:x'>\n<n>secret</n></a>";
        struct scratch s = scratch_new();
        char path[SCRATCH_PATH];
        struct xml_schema *schema = NULL;
        struct xml *x = NULL;
        struct error err = {0};

        scratch_write(&s, "a.xsd", xsd);
        scratch_write(&s, "b.xsd", "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='a' type='nobody'/></xs:schema>");
        ck_assert_int_eq(xml_schema_open(scratch_path(&s, "b.xsd", path), &schema, &err), -EINVAL);
        ck_assert_int_eq(xml_schema_open(scratch_path(&s, "c.xsd", path), &schema, &err), -EINVAL);
        ck_assert_int_eq(xml_schema_open(scratch_path(&s, "a.xsd", path), &schema, &err), 0);
        ck_assert_int_eq(xml_read(good, strlen(good), &x, &err), 0);
        ck_assert_int_eq(xml_schema_check(schema, x, &err), 0);
        x = xml_free(x);
        ck_assert_int_eq(xml_read(bad, strlen(bad), &x, &err), 0);
        ck_assert_int_eq(xml_schema_check(schema, x, &err), XML_E_REFUSED);
        ck_assert_msg(strstr(err.text, "line 2, n:"), "%s", err.text);
        ck_assert_ptr_null(strstr(err.text, "secret"));
        xml_free(x);
        xml_schema_free(schema);
        scratch_remove(&s);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("xml");
        SRunner *runner = srunner_create(suite);
        TCase *tcase = tcase_create("xml");
        int failed;

        tcase_add_loop_test(tcase, test_documents, 0, (int)ELEMENTS(documents));
        tcase_add_test(tcase, test_a_message_has_25_megabytes_at_most);
        tcase_add_test(tcase, test_elements_are_found_by_namespace);
        tcase_add_test(tcase, test_a_schema_says_where_and_not_what);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
