/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is exported is what stands there, once, in one order, with personal fields only when they are asked for; an export that is broken off leaves
 * nothing at its place, and goes on to the very bytes that it would have written.
 * Method: the memory bus; files read back by our own door for events; processes that end in the middle of an export.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "bus/memory.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "model/event_input.h"
#include "survey/export.h"

#define PATH_BYTES 256
#define MANY 50000 /* more than twice what is kept at a time */
#define AT INT64_C(1646125200000)
#define BORN 12000 /* a day of birth: personal */

static struct event_types *types;
static struct organisations *orgs;
static struct memory *memory;
static char folder[PATH_BYTES], path[PATH_BYTES + 16];

static void setup(void) {
        const char *root = getenv("PROJECT_ROOT");
        struct mistakes mistakes = MISTAKES_INIT;
        char name[4096];

        snprintf(name, sizeof(name), "%s/config/organisations.yaml", root);
        ck_assert_int_eq(organisations_read(name, &orgs, &mistakes), 0);
        snprintf(name, sizeof(name), "%s/schemas", root);
        ck_assert_int_eq(event_types_read(name, &types, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_assert_int_eq(memory_new(clock_system(), &memory), 0);
        ck_assert_int_eq(memory_topic(memory, "plan-reviewed", 3), 0);
        ck_assert_int_eq(memory_topic(memory, "measure-started", 3), 0);
        snprintf(folder, sizeof(folder), "/tmp/test_export.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/f.avro", folder);
}

static void remove_all(void) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        struct error err = {0};
        char name[2 * PATH_BYTES];
        size_t n;

        if (folder_names(folder, "", &names, &n, &err))
                return;
        for (size_t i = 0; i < n; i++) {
                snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
                unlink(name);
        }
        snprintf(name, sizeof(name), "%s/.export", folder);
        unlink(name);
        rmdir(folder);
}

static void teardown(void) {
        memory = memory_free(memory);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        remove_all();
}

/* -- Events -- */

static void set(const struct event *event, const char *field, struct slot slot) {
        int at = layout_slot(event->type->layout, field);

        ck_assert_int_ge(at, 0);
        event->slots[at] = slot;
}

static struct slot slot_text(const char *s) {
        return (struct slot){.kind = SLOT_STRING, .s = text_of(s)};
}

static struct slot slot_int(int64_t i) {
        return (struct slot){.kind = SLOT_INT, .i = i};
}

/* Event number @n of a case of its own, recorded @n seconds after the first. */
static void append(const char *type, uint32_t n) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        struct slot slots[LAYOUT_SLOTS_MAX] = {0}, id = {.kind = SLOT_UUID, .u = uuid_v5(&uuid_namespace_ketenwacht, &n, sizeof(n))};
        const struct event event = {.type = event_types_find(types, text_of(type)), .slots = slots};
        struct event_record made;

        slots[SLOT_EVENT_ID] = slots[SLOT_CASE_ID] = id;
        slots[SLOT_SOURCE] = slot_text("gi-jbn");
        slots[SLOT_OCCURRED_AT] = slots[SLOT_RECORDED_AT] = slot_int(AT + INT64_C(1000) * n);
        set(&event, "measure_id", id);
        if (strcmp(type, "measure-started") == 0) {
                set(&event, "kind", slot_int(1));
                set(&event, "verdict_date", slot_int(19000));
                set(&event, "informed_date", slot_int(19000));
                set(&event, "gi", slot_text("gi-jbn"));
                set(&event, "municipality", slot_text("gm0014"));
                set(&event, "birth_date", slot_int(BORN));
        } else {
                set(&event, "date", slot_int(19050));
        }
        ck_assert_int_eq(event_record_make(&event, orgs, (struct text){0}, &body, &made), 0);
        ck_assert_int_eq(memory_append(memory, &made.record), 0);
}

static struct export_config config_of(const char *const *only, size_t n) {
        return (struct export_config){.bus = memory_bus(memory), .where = "memory", .types = types, .only = only, .only_n = n, .from = INT64_MIN,
                                      .until = INT64_MAX, .codec = CONTAINER_DEFLATE, .path = path};
}

static const char *const reviewed[] = {"plan-reviewed"}, *const both[] = {"measure-started", "plan-reviewed"};

static void must_export(const struct export_config *config, uint64_t exported) {
        struct export_result result;
        struct error err = {0};
        int r = export_run(config, &result, &err);

        ck_assert_msg(r == 0, "%d: %s", r, err.text);
        ck_assert_uint_eq(result.exported, exported);
}

/* Counts the events of a file, of which @personal says whether they have their day of birth. */
static size_t count(const char *name, bool personal) {
        FILE *in = fopen(name, "r");
        const struct event_input_config config = {.in = in, .name = name, .types = types, .orgs = orgs};
        CLEANUP(event_input_free_p) struct event_input *input = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct error err = {0};
        struct line line;
        size_t n = 0;
        int r;

        ck_assert_ptr_nonnull(in);
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        ck_assert_msg(event_input_open(&config, &input, &err) == 0 && event_input_is_container(input), "%s", err.text);
        for (; arena_reset(arena), (r = event_input_next(input, arena, &line, &err)) == 0; n++) {
                int birth = layout_slot(line.event.type->layout, "birth_date");

                ck_assert_msg(line.kind == LINE_EVENT, "%s", line.error.text);
                ck_assert(birth < 0 || line.event.slots[birth].kind == (personal ? SLOT_INT : SLOT_NULL));
                line_done(&line);
        }
        ck_assert_msg(r == EVENT_INPUT_E_END, "%s", err.text);
        fclose(in);
        return n;
}

static char *contents(const char *name, size_t *ret_n) {
        struct error err = {0};
        char *bytes = NULL;

        ck_assert_msg(file_read(name, &bytes, ret_n, &err) == 0, "%s", err.text);
        return bytes;
}

static bool is_there(const char *ending) {
        char name[2 * PATH_BYTES];

        snprintf(name, sizeof(name), "%s%s", path, ending);
        return access(name, F_OK) == 0;
}

/* -- What is exported -- */

START_TEST(test_one) {
        for (uint32_t n = 0; n < 100; n++)
                append("plan-reviewed", n);
        append("measure-started", 1000);
        struct export_config c = config_of(reviewed, 1);

        must_export(&c, 100);
        ck_assert_uint_eq(count(path, false), 100);
        ck_assert(!is_there(".partial") && !is_there(".export"));
        /* recorded_at, from the one to before the other */
        c.from = AT + 10000;
        c.until = AT + 20000;
        must_export(&c, 10);
        ck_assert_uint_eq(count(path, false), 10);
}
END_TEST

START_TEST(test_personal) {
        struct export_config c = config_of(both, 2);

        append("measure-started", 1);
        append("plan-reviewed", 2);
        must_export(&c, 2);
        ck_assert_uint_eq(count(path, false), 2);
        c.personal = true;
        must_export(&c, 2);
        ck_assert_uint_eq(count(path, true), 2);
}
END_TEST

START_TEST(test_folder) {
        struct export_config c = config_of(both, 2);
        char name[2 * PATH_BYTES];

        append("plan-reviewed", 2);
        c.path = folder;
        c.folder = true;
        must_export(&c, 1);
        snprintf(name, sizeof(name), "%s/plan-reviewed.avro", folder);
        ck_assert_uint_eq(count(name, false), 1);
        /* of what there is none there is an empty table */
        snprintf(name, sizeof(name), "%s/measure-started.avro", folder);
        ck_assert_uint_eq(count(name, false), 0);
}
END_TEST

/* All types, of which most have no topic. */
START_TEST(test_all) {
        const struct export_config c = config_of(NULL, 0);

        append("plan-reviewed", 1);
        append("measure-started", 2);
        must_export(&c, 2);
        ck_assert_uint_eq(count(path, false), 2);
}
END_TEST

START_TEST(test_left_out) {
        const struct export_config c = config_of(reviewed, 1);
        struct export_result result;
        struct error err = {0};

        append("plan-reviewed", 1);
        ck_assert_int_eq(memory_append(memory, &(struct bus_record){.topic = "plan-reviewed", .partition = 2, .value = "no", .value_n = 2}), 0);
        ck_assert_int_eq(memory_append(memory, &(struct bus_record){.topic = "plan-reviewed", .partition = 2}), 0);
        append("plan-reviewed", 2);
        ck_assert_int_eq(export_run(&c, &result, &err), 0);
        ck_assert_uint_eq(result.exported, 2);
        ck_assert_uint_eq(result.left_out, 2);
        ck_assert_msg(strncmp(result.why.text, "plan-reviewed, partition 2, offset ", 35) == 0, "%s", result.why.text);
}
END_TEST

/* -- Broken off -- */

static void leave(void *ctx, uint64_t read, uint64_t all) {
        const uint64_t *at = ctx;

        (void) all;
        if (read >= *at)
                _exit(7);
}

/* An export in a process that ends when it has read so much. */
static void break_off(struct export_config config, uint64_t at) {
        int status;
        pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0) {
                struct export_result result;
                struct error err;

                config.watch = leave;
                config.ctx = &at;
                _exit(export_run(&config, &result, &err) ? 1 : 0);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "the export was not broken off");
}

/* @_i: how much was read before it ended: before anything was kept, between two times, behind the last. */
static const uint64_t places[] = {100, 30000, MANY - 1};

START_TEST(test_broken_off) {
        const struct export_config c = config_of(both, 2);
        size_t whole_n, again_n;
        char *whole, *again;

        for (uint32_t n = 0; n < MANY; n++)
                append(both[n % 2], n);
        must_export(&c, MANY);
        whole = contents(path, &whole_n);
        unlink(path);
        break_off(c, places[_i]);
        ck_assert(!is_there("") && is_there(".partial") && is_there(".export"));
        /* What comes now belongs to the next one, unless nothing was kept. */
        if (places[_i] > 20000)
                append("measure-started", MANY);
        must_export(&c, MANY);
        again = contents(path, &again_n);
        ck_assert_msg(whole_n == again_n && memcmp(whole, again, whole_n) == 0, "it went on to other bytes");
        ck_assert(!is_there(".partial") && !is_there(".export"));
        free(whole);
        free(again);
}
END_TEST

START_TEST(test_other) {
        struct export_config c = config_of(both, 2);
        struct export_result result;
        struct error err = {0};

        for (uint32_t n = 0; n < 25000; n++)
                append(both[n % 2], n);
        break_off(c, 24000);
        c.until = AT;
        ck_assert_int_eq(export_run(&c, &result, &err), -EEXIST);
        ck_assert_msg(strstr(err.text, "an export of something else was broken off here") && strstr(err.text, "--anew"), "%s", err.text);
        c.anew = true;
        must_export(&c, 0);
}
END_TEST

/* A last line of the notebook that was broken off itself, and a file that is not what was left. */
START_TEST(test_notebook) {
        const struct export_config c = config_of(both, 2);
        struct export_result result;
        struct error err = {0};
        char name[2 * PATH_BYTES];
        FILE *f;

        for (uint32_t n = 0; n < 25000; n++)
                append(both[n % 2], n);
        break_off(c, 24000);
        snprintf(name, sizeof(name), "%s.export", path);
        f = fopen(name, "a");
        fputs("{\"part\":3,\"nex", f);
        fclose(f);
        break_off(c, 24500);
        snprintf(name, sizeof(name), "%s.partial", path);
        ck_assert_int_eq(truncate(name, 100), 0);
        ck_assert_int_eq(export_run(&c, &result, &err), -ESTALE);
        ck_assert_msg(strstr(err.text, "is shorter than it was; say --anew"), "%s", err.text);
}
END_TEST

int main(void) {
        Suite *s = suite_create("export");
        TCase *t = tcase_create("export");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, test_one);
        tcase_add_test(t, test_personal);
        tcase_add_test(t, test_folder);
        tcase_add_test(t, test_all);
        tcase_add_test(t, test_left_out);
        tcase_add_loop_test(t, test_broken_off, 0, ELEMENTS(places));
        tcase_add_test(t, test_other);
        tcase_add_test(t, test_notebook);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
