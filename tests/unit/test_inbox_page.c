/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an inbox is read whole, once and in order, in pages; a cursor that is not of this inbox, or of a log that is no more, is noticed.
 * Method: the bus in memory, whose log is cut and made anew.
 */

#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/mistakes.h"
#include "bus/memory.h"
#include "connect/cloudevent.h"
#include "connect/inbox_page.h"
#include "model_fixture.h"

#define INBOX "inbox.gm0014"

static struct event_types *types;
static struct organisations *orgs;
static struct memory *memory;
static struct inbox_reading reading;
static struct inbox_cursor cursor;
static int written;

static void setup(void) {
        project_parties(&orgs, &types);
        ck_assert_int_eq(memory_new(clock_system(), &memory), 0);
        ck_assert_int_eq(memory_topic(memory, INBOX, 1), 0);
        reading = (struct inbox_reading){.bus = memory_bus(memory), .types = types, .organisations = orgs, .clock = clock_system(),
                                         .owner = organisations_find(orgs, TEXT_OF("gm0014")), .limit = INBOX_PAGE_MAX};
        cursor = (struct inbox_cursor)INBOX_CURSOR_BEGINNING;
        written = 0;
}

static void teardown(void) {
        memory = memory_free(memory);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

/* Records that no schema reads, of @size bytes, each with a number as its ce_id. */
static void write_more(int n, size_t size) {
        for (int end = written + n; written < end; written++) {
                char number[16];
                struct bus_header header = {EVENT_HEADER_ID, number, (size_t)snprintf(number, sizeof(number), "%d", written)};
                char *value = calloc(1, size);

                ck_assert_ptr_nonnull(value);
                ck_assert_int_eq(memory_append(memory, &(struct bus_record){.topic = INBOX, .key = "k", .key_n = 1, .value = value, .value_n = size,
                                                                            .headers = &header, .headers_n = 1}), 0);
                free(value);
        }
}

/* Reads a page; the numbers in it, as "0 1 2", or the outcome. */
static const char *page(void) {
        static char ret[256];
        struct buffer body = BUFFER_INIT(INBOX_PAGE_BYTES_MAX);
        char before[INBOX_CURSOR_TEXT + 1], after[INBOX_CURSOR_TEXT + 1];
        struct inbox_page page;
        struct error err = {0};
        json_t *json, *item;
        size_t i, n = 0;
        int r;

        inbox_cursor_write(&cursor, reading.owner, before);
        r = inbox_page_read(&reading, &cursor, &body, &page, &err);
        ck_assert_msg(r >= 0, "%s", err.text);
        inbox_cursor_write(&cursor, reading.owner, after);
        ck_assert(inbox_cursor_read(text_of(after), reading.owner, &cursor)); /* every page through its text */
        if (r) {
                ck_assert_uint_eq(body.n, 0);
                if (r == INBOX_E_CUT)
                        (void) snprintf(ret, sizeof(ret), "cut %d-%d", (int)page.from, (int)page.to);
                buffer_done(&body);
                return r == INBOX_E_CUT ? ret : r == INBOX_E_ANEW ? "anew" : "late";
        }
        json = json_loadb(buffer_text(&body), body.n, 0, NULL);
        ck_assert_ptr_nonnull(json);
        ck_assert_uint_eq(json_array_size(json), page.n);
        ret[0] = '\0';
        json_array_foreach(json, i, item) {
                ck_assert_str_eq(json_string_value(json_object_get(item, "specversion")), "1.0");
                ck_assert_ptr_nonnull(json_object_get(item, "data_base64"));
                n += (size_t)snprintf(ret + n, sizeof(ret) - n, "%s%s", i > 0 ? " " : "", json_string_value(json_object_get(item, "id")));
        }
        if (page.n == 0 && before[2] != 'f')
                ck_assert_str_eq(before, after);
        json_decref(json);
        buffer_done(&body);
        return ret;
}

START_TEST(pages_follow_one_another) {
        ck_assert_str_eq(page(), "");
        ck_assert_str_eq(page(), "");
        write_more(5, 10);
        reading.limit = 2;
        ck_assert_str_eq(page(), "0 1");
        ck_assert_str_eq(page(), "2 3");
        ck_assert_str_eq(page(), "4");
        ck_assert_str_eq(page(), "");
        write_more(1, 10);
        ck_assert_str_eq(page(), "5");
}
END_TEST

START_TEST(a_page_is_not_larger_than_it_may_be) {
        write_more(4, 900000);
        ck_assert_str_eq(page(), "0 1"); /* ends behind the event with which it is large enough */
        ck_assert_str_eq(page(), "2 3");
        ck_assert_str_eq(page(), "");
}
END_TEST

START_TEST(what_was_removed_unread_is_told) {
        write_more(6, 10);
        reading.limit = 2;
        ck_assert_str_eq(page(), "0 1");
        memory_truncate(memory, INBOX, 0, 2); /* only what was read */
        ck_assert_str_eq(page(), "2 3");
        memory_truncate(memory, INBOX, 0, 5);
        ck_assert_str_eq(page(), "cut 4-4");
        ck_assert_str_eq(page(), "5");
        memory_truncate(memory, INBOX, 0, 6);
        ck_assert_str_eq(page(), "");
        write_more(3, 10);
        memory_truncate(memory, INBOX, 0, 8);
        ck_assert_str_eq(page(), "cut 6-7");
        cursor = (struct inbox_cursor)INBOX_CURSOR_BEGINNING; /* who begins misses nothing that was promised */
        ck_assert_str_eq(page(), "8");
}
END_TEST

START_TEST(a_log_that_was_made_anew_is_told) {
        write_more(4, 10);
        ck_assert_str_eq(page(), "0 1 2 3");
        memory_renew(memory, INBOX);
        ck_assert_str_eq(page(), "anew");
        ck_assert_str_eq(page(), "");
        write_more(2, 10);
        ck_assert_str_eq(page(), "4 5");
        memory_renew(memory, INBOX);
        write_more(7, 20); /* longer than what was read of the old one: only what stands there tells */
        ck_assert_str_eq(page(), "anew");
        ck_assert_str_eq(page(), "6 7 8 9 10 11 12");
}
END_TEST

/* What ketenwacht itself is called in what cannot be read and says nothing of itself. */
START_TEST(what_cannot_be_read_is_of_ketenwacht_itself) {
        CLEANUP(mistakes_done) struct mistakes mistakes = MISTAKES_INIT;
        struct buffer body = BUFFER_INIT(INBOX_PAGE_BYTES_MAX);
        struct organisations *named = NULL;
        struct scratch s = scratch_new();
        struct inbox_page got;
        struct error err = {0};
        char path[SCRATCH_PATH];

        scratch_write(&s, "o.yaml", "organisations: [{id: o, kind: operators}]\nketenwacht: {urn: 'urn:nld:oin:1:systeem:kw'}\n");
        ck_assert_int_eq(organisations_read(scratch_path(&s, "o.yaml", path), &named, &mistakes), 0);
        write_more(1, 10);
        for (int i = 0; i < 2; i++) {
                reading.organisations = i == 0 ? orgs : named;
                cursor = (struct inbox_cursor)INBOX_CURSOR_BEGINNING;
                ck_assert_int_eq(inbox_page_read(&reading, &cursor, &body, &got, &err), 0);
                ck_assert_ptr_nonnull(strstr(buffer_text(&body), i == 0 ? ":\"urn:ketenwacht:ketenwacht\"" : ":\"urn:nld:oin:1:systeem:kw\""));
                buffer_clear(&body);
        }
        buffer_done(&body);
        organisations_free(named);
        scratch_remove(&s);
}
END_TEST

START_TEST(a_cursor_is_of_one_inbox) {
        const struct organisation *other = organisations_find(orgs, TEXT_OF("gi-jbn"));
        struct inbox_cursor c = {.next = 5, .last = 4, .witness = "1234567"}, read;
        char text[INBOX_CURSOR_TEXT + 1];

        inbox_cursor_write(&c, reading.owner, text);
        ck_assert(inbox_cursor_read(text_of(text), reading.owner, &read));
        ck_assert(read.next == 5 && read.last == 4 && memcmp(read.witness, c.witness, sizeof(c.witness)) == 0);
        ck_assert(!inbox_cursor_read(text_of(text), other, &read));
        ck_assert(!inbox_cursor_read((struct text){text, INBOX_CURSOR_TEXT - 1}, reading.owner, &read));
        for (size_t i = 0; i < INBOX_CURSOR_TEXT; i++) {
                char kept = text[i];

                text[i] = kept == '0' ? '1' : '0';
                ck_assert(!inbox_cursor_read(text_of(text), reading.owner, &read));
                text[i] = 'x';
                ck_assert(!inbox_cursor_read(text_of(text), reading.owner, &read));
                text[i] = kept;
        }
}
END_TEST

int main(void) {
        Suite *s = suite_create("inbox_page");
        TCase *t = tcase_create("inbox_page");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, pages_follow_one_another);
        tcase_add_test(t, a_page_is_not_larger_than_it_may_be);
        tcase_add_test(t, what_was_removed_unread_is_told);
        tcase_add_test(t, a_log_that_was_made_anew_is_told);
        tcase_add_test(t, what_cannot_be_read_is_of_ketenwacht_itself);
        tcase_add_test(t, a_cursor_is_of_one_inbox);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
