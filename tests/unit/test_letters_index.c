/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: lists of dead letters are answered from memory: the latest first, by what is asked, with what was sent again; bounded; and right again after the
 * topic was made anew.
 * Method: letters and acts on a bus in memory, in either order, taken up a turn at a time; what is asked is compared with what was written.
 */

#include <check.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"
#include "bus/memory.h"
#include "cluster/topics.h"
#include "model_fixture.h"
#include "replica/letters_index.h"
#include "shared_bus.h"

#define CASE "00000000-0000-4000-8000-000000000001"
#define PLENTY 100 /* turns */

static struct config *config;
static struct memory *m;
static struct audit_codec *codec;
static struct letters_index *x;
static instant_t now;

static instant_t index_time(void *ctx) {
        (void) ctx;
        return now;
}

static const struct clock_ops index_clock = {.realtime_ms = index_time, .monotonic_ms = index_time};

static void add_letter(const char *topic, const char *code, const char *error) {
        const struct bus_header own[] = {{"ce_id", CASE, UUID_TEXT}, {"ce_source", "urn:x", 5}};
        const struct bus_record original = {.topic = topic, .partition = 2, .offset = 77, .key = CASE, .key_n = UUID_TEXT, .value = "junk", .value_n = 4,
                                            .headers = own, .headers_n = ELEMENTS(own)};
        struct dead_letter letter;

        dead_letter_make(&original, &(struct dead_letter_why){"check", code, error, NULL}, &letter);
        letter.record.partition = 0;
        ck_assert_int_eq(memory_append(m, &letter.record), 0);
}

static void add_act(const char *object, const char *result, instant_t at) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        struct bus_record record;

        audit_encode(codec, &(struct audit_record){.at = at, .user = TEXT_OF("anna"), .action = TEXT_OF(AUDIT_REDRIVE), .object = text_of(object),
                                                   .result = text_of(result), .reason = TEXT_OF("hersteld")}, &body);
        record = audit_bus_record(&body);
        ck_assert_int_eq(memory_append(m, &record), 0);
}

static void add_sent(int64_t offset, instant_t stamp, instant_t at) {
        char object[LETTERS_OBJECT_MAX];

        (void) snprintf(object, sizeof(object), "dead-letters/0/%" PRId64 "@%" PRId64, offset, stamp);
        add_act(object, AUDIT_DONE, at);
}

static void catch_up(void) {
        for (int i = 0; i < PLENTY; i++)
                letters_index_turn(x, 0);
}

static void setup(void) {
        struct error err = {0};

        now = INT64_C(1767225600000);
        config = example_config();
        ck_assert_int_eq(memory_new((struct clock){.ops = &index_clock}, &m), 0);
        ck_assert_int_eq(memory_topic(m, TOPIC_DEAD_LETTERS, 1), 0);
        ck_assert_int_eq(memory_topic(m, TOPIC_AUDIT, 1), 0);
        ck_assert_int_eq(audit_codec_new(config->types, &codec, &err), 0);
        ck_assert_int_eq(letters_index_new(&(struct letters_index_config){.config = config, .bus = memory_bus(m), .clock = {.ops = &index_clock}}, &x, &err),
                         0);
}

static void teardown(void) {
        letters_index_free(x);
        audit_codec_free(codec);
        memory_free(m);
        config_free(config);
}

struct seen {
        size_t n;
        int64_t offsets[8];
        instant_t sent[8];
        char error[LETTERS_INDEX_ERROR_MAX + 1];
};

static void see_line(void *ctx, const struct letter_line *line) {
        struct seen *seen = ctx;

        ck_assert_uint_lt(seen->n, ELEMENTS(seen->offsets));
        seen->offsets[seen->n] = line->offset;
        seen->sent[seen->n++] = line->sent_at;
        (void) snprintf(seen->error, sizeof(seen->error), "%s", line->error);
}

/* What is asked, as "3 2 0+" (+: there is more; ?: what it is to begin behind is not there). */
static void check_list(const struct letters_filter *filter, int64_t after, size_t limit, const char *want) {
        const struct letters_index_place place = {0, after};
        struct seen seen = {0};
        char text[64] = "";
        bool more, known;
        size_t n = letters_index_each(x, filter, after >= 0 ? &place : NULL, limit, see_line, &seen, &more, &known);

        ck_assert_uint_eq(n, seen.n);
        for (size_t i = 0; i < n; i++)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%" PRId64, i ? " " : "", seen.offsets[i]);
        (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", more ? "+" : "", known ? "" : "?");
        ck_assert_str_eq(text, want);
}

START_TEST(the_latest_come_first_page_by_page) {
        add_letter("measure-started", "BAD_VALUE", "no");
        add_letter("plan-reviewed", "BAD_VALUE", "no");
        add_letter("plan-reviewed", "KEY_MISMATCH", "no");
        add_letter("inbox.gm0014", "UNDELIVERED", "no");
        catch_up();
        check_list(&(struct letters_filter){0}, -1, 8, "3 2 1 0");
        check_list(&(struct letters_filter){0}, -1, 3, "3 2 1+");
        check_list(&(struct letters_filter){0}, 1, 3, "0");
        check_list(&(struct letters_filter){0}, 9, 3, "?");
        check_list(&(struct letters_filter){.code = "BAD_VALUE"}, -1, 1, "1+");
        check_list(&(struct letters_filter){.code = "BAD_VALUE", .topic = "measure-started"}, -1, 8, "0");
        check_list(&(struct letters_filter){.organisation = "gm0014"}, -1, 8, "3");
        check_list(&(struct letters_filter){.until = now - 1}, -1, 8, "");
}
END_TEST

START_TEST(what_was_sent_again_is_known_in_either_order) {
        struct letters_index_groups groups;
        struct seen seen = {0};
        bool more, known;

        add_sent(1, now, now + 5);
        catch_up();
        add_letter("plan-reviewed", "BAD_VALUE", "no");
        add_letter("plan-reviewed", "BAD_VALUE", "no");
        add_letter("plan-reviewed", "BAD_VALUE", "no");
        catch_up();
        add_sent(0, now, now + 6);
        add_sent(2, now - 1, now + 7); /* of a topic that was made anew since */
        catch_up();
        (void) letters_index_each(x, &(struct letters_filter){0}, NULL, 8, see_line, &seen, &more, &known);
        ck_assert(seen.n == 3 && seen.sent[0] == 0 && seen.sent[1] == now + 5 && seen.sent[2] == now + 6);
        check_list(&(struct letters_filter){.unsent = true}, -1, 8, "2");
        letters_index_count(x, &(struct letters_filter){0}, LETTERS_BY_CODE, &groups);
        ck_assert(groups.all == 3 && groups.sent == 2 && groups.n == 1 && groups.items[0].sent == 2);
}
END_TEST

START_TEST(groups_are_counted_and_bounded) {
        struct letters_index_groups groups;
        char code[16];

        for (int i = 0; i < LETTERS_INDEX_GROUPS_MAX + 3; i++) {
                (void) snprintf(code, sizeof(code), "CODE_%02d", i);
                add_letter("plan-reviewed", code, "no");
        }
        add_letter("measure-started", "CODE_07", "no");
        catch_up();
        letters_index_count(x, &(struct letters_filter){0}, LETTERS_BY_CODE, &groups);
        ck_assert_uint_eq(groups.n, LETTERS_INDEX_GROUPS_MAX + 1);
        ck_assert(strcmp(groups.items[0].name, "CODE_07") == 0 && groups.items[0].n == 2);
        ck_assert(!groups.items[LETTERS_INDEX_GROUPS_MAX].name && groups.items[LETTERS_INDEX_GROUPS_MAX].n == 3);
        ck_assert_uint_eq(groups.all, LETTERS_INDEX_GROUPS_MAX + 4);
        letters_index_count(x, &(struct letters_filter){.code = "CODE_07"}, LETTERS_BY_TOPIC, &groups);
        ck_assert_uint_eq(groups.n, 2);
}
END_TEST

/* More than it keeps, with sentences that are longer than it keeps. */
START_TEST(the_oldest_go_when_there_are_too_many) {
        struct letters_index_status status;
        struct seen seen = {0};
        char error[600];

        for (size_t i = 0; i + 1 < sizeof(error); i++)
                error[i] = i % 2 ? '\xab' : '\xc3';
        error[sizeof(error) - 1] = '\0';
        for (int i = 0; i < LETTERS_INDEX_MAX + 2; i++)
                add_letter("plan-reviewed", "BAD_VALUE", i == LETTERS_INDEX_MAX + 1 ? error : "no");
        for (int i = 0; i < LETTERS_INDEX_MAX / 500; i++)
                letters_index_turn(x, 0);
        letters_index_status(x, &status);
        ck_assert(status.ready && status.more && status.n == LETTERS_INDEX_MAX && status.oldest == now);
        check_list(&(struct letters_filter){0}, 2, 8, "");
        check_list(&(struct letters_filter){0}, 3, 8, "2");
        check_list(&(struct letters_filter){0}, 1, 8, "?");
        ck_assert_uint_eq(letters_index_of_event(x, &(struct uuid){{[6] = 0x40, [8] = 0x80, [15] = 1}}, 1, see_line, &seen), 1);
        ck_assert_uint_eq(strlen(seen.error), LETTERS_INDEX_ERROR_MAX);
        ck_assert(utf8_valid(seen.error, strlen(seen.error)));
}
END_TEST

START_TEST(a_job_that_was_cut_off_is_known) {
        struct letters_index_status status;

        add_act(LETTERS_INDEX_JOB "code=BAD_VALUE", AUDIT_BEGUN, now);
        catch_up();
        letters_index_status(x, &status);
        ck_assert(status.job.known && !status.job.over && status.job.begun == now);
        ck_assert_str_eq(status.job.filter, "code=BAD_VALUE");
        ck_assert(strcmp(status.job.user, "anna") == 0 && strcmp(status.job.reason, "hersteld") == 0);
        add_act(LETTERS_INDEX_JOB "code=BAD_VALUE", AUDIT_DONE, now + 1);
        catch_up();
        letters_index_status(x, &status);
        ck_assert(status.job.known && status.job.over);
}
END_TEST

START_TEST(a_topic_that_is_made_anew_is_read_anew) {
        struct letters_index_status status;
        struct shared_bus shared;
        struct error err;

        letters_index_free(x);
        shared_bus_init(&shared, memory_bus(m));
        ck_assert_int_eq(letters_index_new(&(struct letters_index_config){.config = config, .bus = &shared.bus, .clock = {.ops = &index_clock}}, &x, &err), 0);
        add_letter("plan-reviewed", "BAD_VALUE", "no");
        add_letter("plan-reviewed", "BAD_VALUE", "no");
        catch_up();
        check_list(&(struct letters_filter){0}, -1, 8, "1 0");
        memory_renew(m, TOPIC_DEAD_LETTERS);
        now += 60000;
        add_letter("measure-started", "KEY_MISMATCH", "no");
        atomic_store(&shared.anew, true);
        letters_index_turn(x, 0);
        letters_index_status(x, &status);
        ck_assert(status.why[0] && status.n == 0);
        catch_up();
        check_list(&(struct letters_filter){0}, -1, 8, "0");
        letters_index_status(x, &status);
        ck_assert(!status.why[0] && status.ready);
        x = letters_index_free(x);
        shared_bus_done(&shared);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("letters_index");
        TCase *tc = tcase_create("letters_index");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, the_latest_come_first_page_by_page);
        tcase_add_test(tc, what_was_sent_again_is_known_in_either_order);
        tcase_add_test(tc, groups_are_counted_and_bounded);
        tcase_add_test(tc, the_oldest_go_when_there_are_too_many);
        tcase_add_test(tc, a_topic_that_is_made_anew_is_read_anew);
        tcase_add_test(tc, a_job_that_was_cut_off_is_known);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
