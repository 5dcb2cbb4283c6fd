/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a dead letter is judged by what holds now, and sent again once, to where it belongs.
 * Method: letters of every kind on a bus in memory, each with what must be said of it; then all of them are sent again, cut off after the first
 * and begun anew, and every topic is read.
 */

#include <check.h>

#include "bus/memory.h"
#include "cluster/audit.h"
#include "cluster/topics.h"
#include "connect/deliveries.h"
#include "letters_fixture.h"
#include "model_fixture.h"
#include "survey/redrive.h"

#define PARTITIONS 4
#define CASE "00000000-0000-4000-8000-000000000001"
#define REASON "proef"

static struct config *config;
static struct memory *m;
static struct buffer body;
static instant_t now;

static instant_t letters_time(void *ctx) {
        (void) ctx;
        return now;
}

static const struct clock_ops letters_clock = {.realtime_ms = letters_time, .monotonic_ms = letters_time};

/* -- Letters -- */

static const struct letter_row {
        const char *what, *topic, *key, *connector, *redriven; /* topic NULL: without the headers of a dead letter */
        bool junk;
        int32_t partition;
        const char *now; /* NULL: it would be taken */
        const char *to;
} rows[] = {
        {"an event that can be taken now", "plan-reviewed", CASE, NULL, NULL, false, 3, NULL, "plan-reviewed"},
        {"bytes that are none", "plan-reviewed", CASE, NULL, NULL, true, 0, "UNDECODABLE", NULL},
        {"another's key", "plan-reviewed", "00000000-0000-4000-8000-000000000002", NULL, NULL, false, 0, "KEY_MISMATCH", NULL},
        {"an event on the topic of another", "measure-started", CASE, NULL, NULL, false, 0, "UNKNOWN_SCHEMA", NULL},
        {"came back twice", "plan-reviewed", CASE, NULL, "2", false, 0, NULL, "plan-reviewed"},
        {"came back three times", "plan-reviewed", CASE, NULL, "3", false, 0, "LOOP", NULL},
        {"a count that is none", "plan-reviewed", CASE, NULL, "many", false, 1, NULL, "plan-reviewed"},
        {"a partition that is gone", "plan-reviewed", CASE, NULL, NULL, false, PARTITIONS, "NO_PARTITION", NULL},
        {"what ketenwacht itself says", "plan-due", CASE, NULL, NULL, false, 0, "OTHER_TOPIC", NULL},
        {"a row of the state", "case-state", CASE, NULL, NULL, false, 0, "OTHER_TOPIC", NULL},
        {"a delivery", "inbox.gm0014", CASE, "hook", NULL, false, 0, NULL, TOPIC_REDELIVERIES},
        {"a delivery of nobody knows whom", "inbox.gm0014", CASE, NULL, NULL, false, 0, "NO_CONNECTOR", NULL},
        {"a delivery that cannot be read", "inbox.gm0014", CASE, "hook", NULL, true, 0, "UNDECODABLE", NULL},
        {"a delivery that came back three times", "inbox.gm0014", CASE, "hook", "3", false, 0, "LOOP", NULL},
        {"an event of an outbox", "outbox.gi-duin", CASE, NULL, NULL, false, 0, NULL, "outbox.gi-duin"},
        {"another's event in an outbox", "outbox.gm0363", CASE, NULL, NULL, false, 0, "NOT_ALLOWED", NULL},
        {"a partition that no outbox has", "outbox.gi-duin", CASE, NULL, NULL, false, 1, "NO_PARTITION", NULL},
        {"an outbox of nobody", "outbox.gi-niemand", CASE, NULL, NULL, false, 0, "OTHER_TOPIC", NULL},
        {"no dead letter", NULL, CASE, NULL, NULL, false, 0, "NO_PLACE", NULL},
};

enum { SENT = 5, DELIVERIES = 1, OUTBOXES = 1 }; /* of the rows */

static void letters_append(const struct letter_row *row) {
        const struct bus_header own[] = {{"ce_id", CASE, UUID_TEXT}, {"kw-redriven", row->redriven, row->redriven ? strlen(row->redriven) : 0}};
        struct bus_record original = {.topic = row->topic, .partition = row->partition, .offset = 77, .key = row->key, .key_n = UUID_TEXT,
                                      .value = row->junk ? "junk" : (const void *)body.bytes, .value_n = row->junk ? 4 : body.n,
                                      .headers = own, .headers_n = row->redriven ? 2 : 1};
        struct dead_letter letter;

        if (row->topic)
                dead_letter_make(&original, &(struct dead_letter_why){"deliver", "UNDELIVERED", "no", row->connector}, &letter);
        else
                letter.record = original;
        letter.record.topic = TOPIC_DEAD_LETTERS;
        letter.record.partition = 0;
        ck_assert_int_eq(memory_append(m, &letter.record), 0);
}

static void setup(void) {
        static const char *const single[] = {TOPIC_DEAD_LETTERS, TOPIC_DELIVERIES, TOPIC_REDELIVERIES, TOPIC_AUDIT, TOPIC_INBOX_PREFIX "gm0014",
                                             TOPIC_OUTBOX_PREFIX "gi-duin"};

        now = INT64_C(1767225600000);
        config = example_config();
        ck_assert_int_eq(memory_new((struct clock){.ops = &letters_clock}, &m), 0);
        for (size_t i = 0; i < ELEMENTS(single); i++)
                ck_assert_int_eq(memory_topic(m, single[i], 1), 0);
        ck_assert_int_eq(memory_topic(m, "plan-reviewed", PARTITIONS), 0);
        body = (struct buffer)BUFFER_INIT(65536);
        letters_encode(config, CASE, &body);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                letters_append(&rows[i]);
}

static void teardown(void) {
        buffer_done(&body);
        memory_free(m);
        config_free(config);
}

static struct letters_source letters_of_test(void) {
        return (struct letters_source){memory_bus(m), config->types, config->organisations, PARTITIONS, now};
}

/* -- Judging -- */

struct judged {
        const struct letters_source *source;
        size_t n;
};

static int judge_letter(void *ctx, const struct letter *letter, struct error *err) {
        struct judged *judged = ctx;
        const struct letter_row *row = &rows[judged->n++];
        struct error why = {0};
        const char *code = letters_judge(judged->source, letter, NULL, &why);

        (void) err;
        ck_assert_msg((code == NULL) == (row->now == NULL), "%s: %s", row->what, code ? code : "would be taken");
        ck_assert_msg(!code || strcmp(code, row->now) == 0, "%s: %s (%s)", row->what, code, why.text);
        ck_assert(!code || why.text[0]);
        return 0;
}

START_TEST(each_is_judged_by_what_holds_now) {
        const struct letters_source source = letters_of_test();
        struct judged judged = {.source = &source};
        struct error err;

        ck_assert_int_eq(letters_each(&source, &(struct letters_filter){0}, &(struct letters_visitor){judge_letter, &judged}, &err), 0);
        ck_assert_uint_eq(judged.n, ELEMENTS(rows));
}
END_TEST

static int see_offset(void *ctx, const struct letter *letter, struct error *err) {
        (void) err;
        *(int64_t *)ctx = letter->record->offset;
        return 0;
}

START_TEST(one_is_read_at_its_place) {
        const struct letters_source source = letters_of_test();
        struct error err;
        int64_t offset;

        ck_assert_int_eq(letters_one(&source, 0, 7, &(struct letters_visitor){see_offset, &offset}, &err), 0);
        ck_assert_int_eq(offset, 7);
        ck_assert_int_eq(letters_one(&source, 0, ELEMENTS(rows), &(struct letters_visitor){see_offset, &offset}, &err), LETTERS_E_NONE);
        memory_truncate(m, TOPIC_DEAD_LETTERS, 0, 9);
        ck_assert_int_eq(letters_one(&source, 0, 7, &(struct letters_visitor){see_offset, &offset}, &err), LETTERS_E_NONE);
}
END_TEST

static int count_letter(void *ctx, const struct letter *letter, struct error *err) {
        (void) letter;
        (void) err;
        ++*(size_t *)ctx;
        return 0;
}

START_TEST(a_filter_holds_for_all_that_it_says) {
        const struct letters_source source = letters_of_test();
        static const struct {
                struct letters_filter filter;
                size_t n;
        } filters[] = {
                {{.topic = "inbox.gm0014"}, 4},
                {{.organisation = "gm0014"}, 4},
                {{.organisation = "gm0363"}, 1},
                {{.organisation = "gi-duin"}, 12},
                {{.organisation = "gi-duin", .topic = "inbox.gm0014"}, 0},
                {{.code = "UNDELIVERED"}, ELEMENTS(rows) - 1},
                {{.code = "BAD_VALUE"}, 0},
                {{.stage = "deliver", .topic = "case-state"}, 1},
                {{.one = true, .offset = 3}, 1},
                {{.one = true, .offset = 3, .topic = "plan-due"}, 0},
                {{.one = true, .partition = 1, .offset = 3}, 0},
                {{.from = INT64_C(1767225600001)}, 0},
                {{.until = INT64_C(1767225600000)}, ELEMENTS(rows)},
                {{.until = INT64_C(1767225599999)}, 0},
                {{.unsent = true}, ELEMENTS(rows)},
                {{.sent_from = 1}, 0},
                {{.returned = true}, 3},
        };

        for (size_t i = 0; i < ELEMENTS(filters); i++) {
                struct error err;
                size_t n = 0;

                ck_assert_int_eq(letters_each(&source, &filters[i].filter, &(struct letters_visitor){count_letter, &n}, &err), 0);
                ck_assert_msg(n == filters[i].n, "filter %zu: %zu letters, expected %zu", i, n, filters[i].n);
        }
}
END_TEST

/* -- Sending again -- */

static bool wait_once(void *ctx, int64_t ms) {
        ck_assert_int_ge(ms, 0);
        return *(bool *)ctx;
}

static struct redrive_result redrive_all(bool dry_run, int64_t per_second, bool stop) {
        const struct redrive redrive = {.source = letters_of_test(), .by = "beheer", .reason = REASON, .roles = "beheer", .address = "unix",
                                        .clock = {.ops = &letters_clock},
                                        .per_second = per_second, .dry_run = dry_run, .wait = wait_once, .ctx = &stop};
        struct redrive_result result;
        struct error err = {0};

        ck_assert_msg(redrive_run(&redrive, &result, &err) == 0, "%s", err.text);
        ck_assert_uint_eq(result.stopped, stop);
        return result;
}

static size_t committed(const char *topic, int32_t partitions) {
        struct bus_record record;
        size_t n = 0;

        for (int32_t p = 0; p < partitions; p++) {
                for (int64_t offset = 0; offset < memory_end(m, topic, p); offset++)
                        n += memory_record(m, topic, p, offset, false, &record);
        }
        return n;
}

static void check_headers(const struct bus_record *record, const char *name, const char *value) {
        const struct bus_header *h = bus_record_header(record, name);

        ck_assert_msg((h == NULL) == (value == NULL), "%s", name);
        ck_assert(!h || text_is((struct text){h->value, h->n}, value));
}

START_TEST(all_are_sent_once_whenever_it_is_cut_off) {
        struct redrive_result result = redrive_all(true, REDRIVE_PER_SECOND, false);
        const struct letters_source source = letters_of_test();
        uint64_t refused = 0;
        struct error err;
        size_t unsent = 0;

        ck_assert_uint_eq(result.sent, SENT);
        ck_assert_uint_eq(committed(TOPIC_AUDIT, 1) + committed("plan-reviewed", PARTITIONS), 0);
        result = redrive_all(false, 1, true);
        ck_assert_uint_eq(result.sent, 1);
        result = redrive_all(false, REDRIVE_PER_SECOND, false);
        ck_assert_uint_eq(result.sent, SENT - 1);
        ck_assert_uint_eq(result.already, 1);
        ck_assert_uint_eq(result.matched, ELEMENTS(rows));
        for (size_t i = 0; i < result.refused_n; i++)
                refused += result.refused[i].n;
        ck_assert_uint_eq(refused, ELEMENTS(rows) - SENT);
        result = redrive_all(false, REDRIVE_PER_SECOND, false);
        ck_assert_uint_eq(result.sent, 0);
        ck_assert_uint_eq(committed(TOPIC_AUDIT, 1), SENT);
        ck_assert_uint_eq(committed("plan-reviewed", PARTITIONS), SENT - DELIVERIES - OUTBOXES);
        ck_assert_uint_eq(committed("outbox.gi-duin", 1), OUTBOXES);
        ck_assert_uint_eq(committed(TOPIC_REDELIVERIES, 1), DELIVERIES);
        ck_assert_uint_eq(committed(TOPIC_DELIVERIES, 1), DELIVERIES);
        ck_assert_uint_eq(committed(TOPIC_INBOX_PREFIX "gm0014", 1), 0);
        ck_assert_int_eq(letters_each(&source, &(struct letters_filter){.unsent = true}, &(struct letters_visitor){count_letter, &unsent}, &err), 0);
        ck_assert_uint_eq(unsent, ELEMENTS(rows) - SENT);
}
END_TEST

START_TEST(a_record_goes_as_it_was_and_is_counted) {
        char inbox[BUS_NAME_MAX + 1];
        struct bus_record record;
        int32_t partition;
        int64_t offset;

        (void) redrive_all(false, REDRIVE_PER_SECOND, false);
        ck_assert(memory_record(m, "plan-reviewed", 3, 0, false, &record));
        ck_assert(record.value_n == body.n && memcmp(record.value, body.bytes, body.n) == 0);
        check_headers(&record, "ce_id", CASE);
        check_headers(&record, "kw-redriven", "1");
        check_headers(&record, "kw-code", NULL);
        ck_assert(memory_record(m, "plan-reviewed", 0, 0, false, &record));
        check_headers(&record, "kw-redriven", "3");
        ck_assert(memory_record(m, TOPIC_REDELIVERIES, 0, 0, false, &record));
        ck_assert(redriven_is_for(&record, "hook") && redriven_read(&record, inbox, &partition, &offset));
        ck_assert(strcmp(inbox, TOPIC_INBOX_PREFIX "gm0014") == 0 && partition == 0 && offset == 77);
        ck_assert(!redriven_is_for(&record, "hook-2"));
}
END_TEST

START_TEST(who_did_it_and_why_stands_in_audit_and_deliveries) {
        struct audit_codec *audit;
        struct delivery_codec *deliveries;
        struct delivery_record delivery;
        struct audit_record act;
        struct bus_record record;
        struct error err;

        ck_assert_int_eq(audit_codec_new(config->types, &audit, &err), 0);
        ck_assert_int_eq(delivery_codec_new(config->types, &deliveries, &err), 0);
        (void) redrive_all(false, REDRIVE_PER_SECOND, false);
        ck_assert(memory_record(m, TOPIC_AUDIT, 0, 0, false, &record));
        ck_assert(audit_decode(audit, record.value, record.value_n, &act));
        ck_assert(text_is(act.user, "beheer") && text_is(act.action, AUDIT_REDRIVE) && text_is(act.reason, REASON) && act.at == now);
        ck_assert(text_is(act.roles, "beheer") && text_is(act.address, "unix") && act.organisation.n == 0);
        ck_assert(memory_record(m, TOPIC_DELIVERIES, 0, 0, false, &record));
        ck_assert(delivery_decode(deliveries, record.value, record.value_n, &delivery));
        ck_assert(text_is(delivery.connector, "hook") && text_is(delivery.organisation, "gm0014") && delivery.offset == 77 && delivery.attempts == 0);
        ck_assert(text_is(delivery.reason, DELIVERY_AGAIN "beheer: " REASON));
        audit_codec_free(audit);
        delivery_codec_free(deliveries);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("letters");
        TCase *tc = tcase_create("letters");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, each_is_judged_by_what_holds_now);
        tcase_add_test(tc, one_is_read_at_its_place);
        tcase_add_test(tc, a_filter_holds_for_all_that_it_says);
        tcase_add_test(tc, all_are_sent_once_whenever_it_is_cut_off);
        tcase_add_test(tc, a_record_goes_as_it_was_and_is_counted);
        tcase_add_test(tc, who_did_it_and_why_stands_in_audit_and_deliveries);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
