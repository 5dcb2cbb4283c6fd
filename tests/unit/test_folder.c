/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a folder gives each whole file once, in the order of names, and nothing that is still being written; what is over stands elsewhere; of two
 * readers only one gets files. What is written for others is never seen half.
 * Method: files in a scratch folder, with their clock turned back by hand where they are to be old, and a clock that the test moves.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/folder.h"
#include "model_fixture.h"

static const char *const endings[] = {".xml", NULL};
static struct scratch s;
static struct {
        instant_t realtime;
        int64_t monotonic;
} hand;

static instant_t hand_realtime(void *ctx) {
        (void) ctx;
        return hand.realtime;
}

static int64_t hand_monotonic(void *ctx) {
        (void) ctx;
        return hand.monotonic;
}

static const struct clock_ops hand_ops = {.realtime_ms = hand_realtime, .monotonic_ms = hand_monotonic};

static void setup(void) {
        const struct clock machine = clock_system();

        s = scratch_new();
        hand.realtime = clock_realtime(&machine);
        hand.monotonic = 1000;
}

static void teardown(void) {
        scratch_remove(&s);
}

static struct folder *reader(void) {
        const struct folder_config config = {.path = s.path, .endings = endings, .bytes_max = 100, .clock = {.ops = &hand_ops}};
        struct folder *f = NULL;
        struct error err = {0};

        ck_assert_msg(folder_open(&config, &f, &err) == 0, "%s", err.text);
        return f;
}

/* @age: seconds since it was written. */
static void put(const char *name, const char *text, int age) {
        char path[SCRATCH_PATH];
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = hand.realtime / 1000 - age}};

        scratch_write(&s, name, text);
        ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(&s, name, path), times, 0), 0);
}

/* The next file is @name, with @text; NULL: there is none. */
static void next_is(struct folder *f, const char *name, const char *text) {
        struct folder_file file = {0};
        struct error err = {0};
        int r;

        hand.monotonic += FOLDER_LOOK_MS;
        r = folder_next(f, &file, &err);
        ck_assert_msg(r == !!name, "%s: %d %s", file.name, r, err.text);
        if (name) {
                ck_assert_str_eq(file.name, name);
                ck_assert_str_eq(file.bytes, text);
                ck_assert_uint_eq(file.n, strlen(text));
        }
        free(file.bytes);
}

static bool stands(const char *name) {
        char path[SCRATCH_PATH];

        return access(scratch_path(&s, name, path), F_OK) == 0;
}

START_TEST(files_come_once_in_the_order_of_their_names) {
        struct folder *f = reader();

        put("b.xml", "two", 60);
        put("a.XML", "one", 60);
        put("c.txt", "no ending of ours", 60);
        put(".d.xml", "hidden", 60);
        scratch_folder(&s, "e.xml");
        next_is(f, "a.XML", "one");
        next_is(f, "b.xml", "two");
        next_is(f, NULL, NULL);
        folder_forget(f, "b.xml");
        next_is(f, "b.xml", "two");
        folder_free(f);
}
END_TEST

START_TEST(a_file_that_is_being_written_waits_until_it_rests) {
        struct folder *f = reader();

        put("a.xml", "begi", 0);
        next_is(f, NULL, NULL);
        put("a.xml", "begin", 0);
        next_is(f, NULL, NULL); /* another size: from here */
        next_is(f, NULL, NULL);
        next_is(f, "a.xml", "begin");
        folder_free(f);
}
END_TEST

START_TEST(what_is_over_stands_elsewhere_and_nothing_is_overwritten) {
        struct folder *f = reader();
        struct error err = {0};
        char path[FOLDER_PATH_MAX];

        for (int i = 0; i < 2; i++) {
                put("a.xml", i == 0 ? "one" : "two", 60);
                next_is(f, "a.xml", i == 0 ? "one" : "two");
                ck_assert_int_eq(folder_settle(f, "a.xml", FOLDER_DONE, path, &err), 0);
                ck_assert_int_eq(access(path, F_OK), 0);
        }
        put("b.xml", "bad", 60);
        next_is(f, "b.xml", "bad");
        ck_assert_int_eq(folder_settle(f, "b.xml", FOLDER_REFUSED, NULL, &err), 0);
        ck_assert(stands("done/a.xml") && stands("done/a.2.xml") && stands("refused/b.xml") && !stands("a.xml") && !stands("b.xml"));
        ck_assert_int_eq(folder_settle(f, "b.xml", FOLDER_REFUSED, NULL, &err), 0); /* somebody else took it away */
        folder_free(f);
}
END_TEST

START_TEST(what_is_said_of_a_file_stands_beside_it) {
        struct folder *f = reader();
        struct error err = {0};
        char path[FOLDER_PATH_MAX];

        for (int i = 0; i < 2; i++) {
                put("a.xml", "one", 60);
                next_is(f, "a.xml", "one");
                for (int crash = 0; crash < 2; crash++) /* one that was killed before it moved the file says it again */
                        ck_assert_int_eq(folder_report(f, "a.xml", FOLDER_REFUSED, "said", 4, &err), 0);
                ck_assert_int_eq(folder_settle(f, "a.xml", FOLDER_REFUSED, path, &err), 0);
        }
        ck_assert(stands("refused/a.xml.report.csv") && stands("refused/a.2.xml.report.csv") && !stands("refused/a.3.xml.report.csv"));
        ck_assert(!stands("refused/a.xml.report.csv.tmp"));
        folder_free(f);
}
END_TEST

START_TEST(a_file_that_is_too_large_is_told_without_its_bytes) {
        struct folder *f = reader();
        struct folder_file file = {0};
        struct error err = {0};
        char large[102];

        memset(large, 'x', sizeof(large) - 1);
        large[sizeof(large) - 1] = '\0';
        put("a.xml", large, 60);
        ck_assert_int_eq(folder_next(f, &file, &err), 1);
        ck_assert_ptr_null(file.bytes);
        ck_assert_uint_eq(file.n, 101);
        folder_free(f);
}
END_TEST

START_TEST(the_second_reader_waits_for_the_first) {
        struct folder *first = reader(), *second = reader();

        put("a.xml", "one", 60);
        next_is(first, "a.xml", "one");
        next_is(second, NULL, NULL);
        ck_assert(folder_is_taken(second) && !folder_is_taken(first));
        folder_free(first);
        next_is(second, "a.xml", "one");
        folder_free(second);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_told) {
        const struct folder_config config = {.path = "/nonexistent/ketenwacht", .endings = endings, .clock = {.ops = &hand_ops}};
        struct folder *f = NULL;
        struct error err = {0};

        ck_assert_int_eq(folder_open(&config, &f, &err), -ENOENT);
        ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/ketenwacht: cannot be opened as a folder"));
        ck_assert_ptr_null(f);
}
END_TEST

START_TEST(a_file_for_others_appears_whole_and_replaces_itself) {
        char path[SCRATCH_PATH], read[16] = "";
        struct error err = {0};
        FILE *f;

        ck_assert_int_eq(folder_is_writable(s.path, &err), 0);
        for (int i = 0; i < 2; i++)
                ck_assert_msg(folder_put(s.path, "a.xml", text_of(i == 0 ? "first" : "second"), &err) == 0, "%s", err.text);
        f = fopen(scratch_path(&s, "a.xml", path), "r");
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fread(read, 1, sizeof(read) - 1, f), 6);
        fclose(f);
        ck_assert_str_eq(read, "second");
        ck_assert(!stands(".a.xml.tmp"));
        ck_assert_int_eq(folder_put("/nonexistent/ketenwacht", "a.xml", text_of("x"), &err), -ENOENT);
        ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/ketenwacht: a file cannot be written into it"));
        ck_assert_int_eq(folder_is_writable(path, &err), -ENOTDIR);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("folder");
        TCase *c = tcase_create("folder");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(c, setup, teardown);
        tcase_add_test(c, files_come_once_in_the_order_of_their_names);
        tcase_add_test(c, a_file_that_is_being_written_waits_until_it_rests);
        tcase_add_test(c, what_is_over_stands_elsewhere_and_nothing_is_overwritten);
        tcase_add_test(c, what_is_said_of_a_file_stands_beside_it);
        tcase_add_test(c, a_file_that_is_too_large_is_told_without_its_bytes);
        tcase_add_test(c, the_second_reader_waits_for_the_first);
        tcase_add_test(c, a_folder_that_is_not_there_is_told);
        tcase_add_test(c, a_file_for_others_appears_whole_and_replaces_itself);
        suite_add_tcase(suite, c);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0;
}
