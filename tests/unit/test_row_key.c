/* SPDX-License-Identifier: EUPL-1.2 */

/* Keys of rows: byte by byte as they stand on topics since the first version, and what is no key. */

#include <check.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/row_key.h"

#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct {
        const char *what;
        struct row_key key;
        const char *bytes; /* ROW_KEY_BYTES */
        bool mark, partitions;
} keys[] = {
        {"a fact", {{"0123456789abcdef"}, ROW_FACT, {"ABCDEFGHIJKLMNOP"}}, "0123456789abcdef" "f" "ABCDEFGHIJKLMNOP", false, false},
        {"an announcement", {{"0123456789abcdef"}, ROW_OBLIGATION, {"ABCDEFGHIJKLMNOP"}}, "0123456789abcdef" "o" "ABCDEFGHIJKLMNOP", false, false},
        {"an alert", {{"0123456789abcdef"}, ROW_ALERT, {"ABCDEFGHIJKLMNOP"}}, "0123456789abcdef" "a" "ABCDEFGHIJKLMNOP", false, false},
        {"a copy", {{"0123456789abcdef"}, ROW_COPY, {"ABCDEFGHIJKLMNOP"}}, "0123456789abcdef" "c" "ABCDEFGHIJKLMNOP", false, false},
        {"a case that was forgotten", {{"0123456789abcdef"}, ROW_CLOSED, {{0}}}, "0123456789abcdef" "x" ZEROS, false, false},
        {"a schema", {{{0}}, ROW_SCHEMA, {"\x08\x07\x06\x05\x04\x03\x02\x01"}}, ZEROS "s" "\x08\x07\x06\x05\x04\x03\x02\x01\0\0\0\0\0\0\0\0", true, false},
        {"the version", {{{0}}, ROW_VERSION, {{0}}}, ZEROS "v" ZEROS, true, false},
        {"the number of partitions", {{{0}}, ROW_VERSION, {"partitions"}}, ZEROS "v" "partitions\0\0\0\0\0\0", true, true},
        {"the imprint", {{{0}}, ROW_VERSION, {"imprint"}}, ZEROS "v" "imprint\0\0\0\0\0\0\0\0\0", true, false},
};

static bool same(const struct row_key *a, const struct row_key *b) {
        return uuid_equal(&a->case_id, &b->case_id) && a->kind == b->kind && uuid_equal(&a->id, &b->id);
}

START_TEST(bytes_are_what_they_were) {
        const struct row_key *key = &keys[_i].key;
        uint8_t bytes[ROW_KEY_BYTES];
        struct row_key back;

        row_key_write(key, bytes);
        ck_assert_msg(memcmp(bytes, keys[_i].bytes, ROW_KEY_BYTES) == 0, "%s", keys[_i].what);
        ck_assert_int_eq(row_key_read(keys[_i].bytes, ROW_KEY_BYTES, &back), 0);
        ck_assert_msg(same(&back, key), "%s", keys[_i].what);
        ck_assert(row_key_is_mark(&back) == keys[_i].mark);
        ck_assert(row_key_is_partitions(&back) == keys[_i].partitions);
        ck_assert(row_key_is_of_case(bytes, sizeof(bytes), &key->case_id));
        bytes[15] ^= 1;
        ck_assert(!row_key_is_of_case(bytes, sizeof(bytes), &key->case_id));
        ck_assert(!row_key_is_of_case(bytes, sizeof(bytes) - 1, &back.case_id));
}
END_TEST

START_TEST(marks_say_what_they_are_of) {
        struct row_key schema = row_key_of_schema(0x0102030405060708), version = row_key_of_version(), partitions = row_key_of_partitions();
        const struct row_key imprint = row_key_of_imprint();

        ck_assert(same(&schema, &keys[5].key));
        ck_assert_uint_eq(row_key_fingerprint(&schema), 0x0102030405060708);
        ck_assert(same(&version, &keys[6].key));
        ck_assert(same(&partitions, &keys[7].key));
        ck_assert(same(&imprint, &keys[8].key));
        ck_assert(row_key_is_imprint(&imprint) && !row_key_is_imprint(&version) && !row_key_is_imprint(&partitions));
        partitions.id.bytes[15] = 'x';
        ck_assert(!row_key_is_partitions(&partitions));
}
END_TEST

START_TEST(what_is_no_key) {
        uint8_t bytes[ROW_KEY_BYTES + 1] = {0};
        struct row_key key;

        for (size_t n = 0; n <= sizeof(bytes); n++)
                ck_assert_int_eq(row_key_read(bytes, n, &key), n == ROW_KEY_BYTES ? ROW_KEY_E_KIND : ROW_KEY_E_LENGTH);
        ck_assert_int_eq(row_key_read(NULL, 0, &key), ROW_KEY_E_LENGTH);
        for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
                row_key_write(&(struct row_key){.kind = kind}, bytes);
                ck_assert_int_eq(row_key_read(bytes, ROW_KEY_BYTES, &key), kind && strchr("foacxsv", (int)kind) ? 0 : ROW_KEY_E_KIND);
                ck_assert_uint_eq(key.kind, kind);
        }
}
END_TEST

START_TEST(kinds_have_names) {
        for (size_t i = 0; i < ROW_KINDS; i++)
                ck_assert_uint_eq(row_kind_place(row_kinds[i].kind), i);
        ck_assert_uint_eq(row_kind_place('q'), ROW_KINDS);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("row_key");
        TCase *tc = tcase_create("row_key");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, bytes_are_what_they_were, 0, ELEMENTS(keys));
        tcase_add_test(tc, marks_say_what_they_are_of);
        tcase_add_test(tc, what_is_no_key);
        tcase_add_test(tc, kinds_have_names);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
