/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: who saw or did what is answered from memory, the latest first, by what is asked; bounded; and older ones from the topic, in the same form.
 * Method: more records on a bus in memory than are kept, of which every answer can be computed.
 */

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "bus/memory.h"
#include "cluster/topics.h"
#include "model_fixture.h"
#include "replica/audit_index.h"
#include "shared_bus.h"

#define OLDER 5
#define RECORDS (AUDIT_INDEX_MAX + OLDER)
#define FIRST INT64_C(1767225600000) /* the instant of record 0; each is a second later */
#define CASE "00000000-0000-4000-8000-00000000000c"

static struct config *config;
static struct memory *m;
static struct shared_bus shared;
static struct audit_index *x;

static instant_t index_time(void *ctx) {
        (void) ctx;
        return FIRST;
}

static const struct clock_ops index_clock = {.realtime_ms = index_time, .monotonic_ms = index_time};

/* Every third is anna's, of gm0014; every tenth is about the case. */
static void add_records(void) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        struct audit_codec *codec;
        struct error err;

        ck_assert_int_eq(audit_codec_new(config->types, &codec, &err), 0);
        for (int i = 0; i < RECORDS; i++) {
                bool anna = i % 3 == 0;
                struct bus_record record;

                buffer_clear(&body);
                audit_encode(codec, &(struct audit_record){.at = FIRST + i * INT64_C(1000), .user = anna ? TEXT_OF("anna") : TEXT_OF("bram"),
                                                           .organisation = anna ? TEXT_OF("gm0014") : (struct text){0}, .action = TEXT_OF(AUDIT_VIEW_CASE),
                                                           .object = i % 10 == 0 ? TEXT_OF(CASE) : TEXT_OF("x"), .result = TEXT_OF(AUDIT_DONE)}, &body);
                record = audit_bus_record(&body);
                record.timestamp = FIRST + i * INT64_C(1000);
                if (memory_append(m, &record))
                        ck_abort_msg("no memory");
        }
        audit_codec_free(codec);
}

struct seen {
        size_t n;
        int64_t offsets[16];
};

static void see(void *ctx, const struct audit_record *record, int64_t offset) {
        struct seen *seen = ctx;

        ck_assert_uint_lt(seen->n, ELEMENTS(seen->offsets));
        ck_assert_int_eq(record->at, FIRST + offset * 1000);
        ck_assert(text_is(record->user, offset % 3 == 0 ? "anna" : "bram") && text_is(record->result, AUDIT_DONE));
        seen->offsets[seen->n++] = offset;
}

static void setup(void) {
        struct audit_index_seen found = {0};
        const struct audit_filter all = {0};
        struct error err = {0};
        struct seen seen;

        config = example_config();
        ck_assert_int_eq(memory_new((struct clock){.ops = &index_clock}, &m), 0);
        ck_assert_int_eq(memory_topic(m, TOPIC_AUDIT, 1), 0);
        add_records();
        shared_bus_init(&shared, memory_bus(m));
        ck_assert_int_eq(audit_index_new(&(struct audit_index_config){.bus = &shared.bus, .types = config->types}, &x, &err), 0);
        while (!found.ready) { /* the test's own time is its bound */
                seen.n = 0;
                audit_index_each(x, &all, INT64_MAX, 1, see, &seen, &found);
                shared_pause();
        }
}

static void teardown(void) {
        audit_index_free(x);
        shared_bus_done(&shared);
        memory_free(m);
        config_free(config);
}

/* What is asked, as "3 2 0+" (+: there is more), from memory and from the topic. */
static const struct {
        struct audit_filter filter;
        int64_t before;
        size_t limit;
        const char *memory, *topic;
} rows[] = {
        {{0}, INT64_MAX, 3, "20004 20003 20002+", "20004 20003 20002+"},
        {{0}, 20002, 2, "20001 20000+", "20001 20000+"},
        {{0}, OLDER + 2, 3, "6 5", "6 5 4+"},
        {{0}, OLDER, 3, "", "4 3 2+"},
        {{.user = "anna"}, INT64_MAX, 2, "20004 20001+", "20004 20001+"},
        {{.organisation = "gm0014"}, 10, 9, "9 6", "9 6 3 0"},
        {{.user = "ann"}, INT64_MAX, 2, "", ""},
        {{.object = CASE}, INT64_MAX, 2, "20000 19990+", "20000 19990+"},
        {{.object = "8000-00000000000c", .user = "bram"}, 25, 3, "20 10", "20 10"},
        {{.action = AUDIT_VIEW_CASE, .from = FIRST + 20000000, .until = FIRST + 20003000}, INT64_MAX, 9, "20002 20001 20000", "20002 20001 20000"},
        {{.until = FIRST + 6000}, INT64_MAX, 9, "5", "5 4 3 2 1 0"},
        {{.action = AUDIT_EXPORT}, INT64_MAX, 9, "", ""},
};

static void check_seen(const struct seen *seen, const struct audit_index_seen *found, const char *want) {
        char text[256] = "";

        for (size_t i = 0; i < seen->n; i++)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%" PRId64, i ? " " : "", seen->offsets[i]);
        (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", found->more ? "+" : "");
        ck_assert_str_eq(text, want);
}

START_TEST(answers_are_the_same_from_memory_and_topic) {
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct seen memory = {0}, topic = {0};
                struct audit_index_seen found;
                struct error err = {0};

                audit_index_each(x, &rows[i].filter, rows[i].before, rows[i].limit, see, &memory, &found);
                check_seen(&memory, &found, rows[i].memory);
                ck_assert(found.ready && found.older);
                ck_assert_int_eq(found.oldest, FIRST + OLDER * 1000);
                ck_assert_msg(audit_index_read(x, &rows[i].filter, rows[i].before, rows[i].limit, see, &topic, &found, &err) == 0, "%s", err.text);
                check_seen(&topic, &found, rows[i].topic);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("audit_index");
        TCase *all = tcase_create("audit_index");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(all, setup, teardown);
        tcase_set_timeout(all, 120);
        tcase_add_test(all, answers_are_the_same_from_memory_and_topic);
        suite_add_tcase(suite, all);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
