/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is published can be counted on: each line becomes one record or one refusal, in order,
 * on the topic and partition of its case, and published means acknowledged.
 * Method: files against the memory bus; a bus whose producer fails where it is told to.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/framing.h"
#include "bus/memory.h"
#include "bus/murmur2.h"
#include "cli/publisher.h"

#define CASE(n) "8a53d001-0000-4000-8000-00000000" n
#define REVIEWED(n, source) \
        "{\"event\":\"plan-reviewed\",\"event_id\":\"0b57d001-0000-4000-8000-00000000" n "\",\"case_id\":\"" CASE(n) "\",\"source\":\"" source "\"," \
        "\"occurred_at\":\"2022-03-01T10:00:00+01:00\",\"recorded_at\":\"2022-03-01T10:00:00+01:00\"," \
        "\"measure_id\":\"3a53d001-0000-4000-8000-000000000001\",\"date\":\"2022-03-01\"}\n"

static struct event_types *types;
static struct organisations *orgs;
static struct memory *memory;
static char refusals[4096];

static void setup(void) {
        const char *root = getenv("PROJECT_ROOT");
        struct mistakes mistakes = MISTAKES_INIT;
        char path[4096];

        snprintf(path, sizeof(path), "%s/config/organisations.yaml", root);
        ck_assert_int_eq(organisations_read(path, &orgs, &mistakes), 0);
        snprintf(path, sizeof(path), "%s/schemas", root);
        ck_assert_int_eq(event_types_read(path, &types, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_assert_int_eq(memory_new(clock_system(), &memory), 0);
        ck_assert_int_eq(memory_topic(memory, "plan-reviewed", 6), 0);
        ck_assert_int_eq(memory_topic(memory, "outbox.gi-jbn", 1), 0);
        refusals[0] = '\0';
}

static void teardown(void) {
        memory = memory_free(memory);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

static void rejected(void *ctx, uint64_t number, enum refusal refusal, const char *field, const struct error *err) {
        size_t n = strlen(refusals);

        (void) ctx;
        ck_assert_str_ne(err->text, "");
        snprintf(refusals + n, sizeof(refusals) - n, "%d %s %s;", (int)number, refusal_codes[refusal], field ? field : "-");
}

static int publish(struct bus *bus, const char *text, const char *as, struct publisher_result *ret, struct error *err) {
        const struct organisation *organisation = as ? organisations_find(orgs, text_of(as)) : NULL;
        struct publisher p = {.bus = bus, .name = "the text", .types = types, .organisations = orgs, .as = organisation, .rejected = rejected};
        int r;

        p.in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
        r = publisher_run(&p, ret, err);
        fclose(p.in);
        return r;
}

START_TEST(test_lines) {
        static const char text[] = REVIEWED("0001", "gi-jbn") "\n{\"clock\":\"2022-03-01T10:00:00+01:00\"}\nno\n{\"event\":\"x\"}\n" REVIEWED("0002", "gi-jbn")
                REVIEWED("0003", "gm0014");
        struct publisher_result result;
        struct error err = {0};

        ck_assert_msg(publish(memory_bus(memory), text, NULL, &result, &err) == 0, "%s", err.text);
        ck_assert_uint_eq(result.published, 2);
        ck_assert_uint_eq(result.rejected, 4);
        ck_assert_uint_eq(result.lines, 7);
        ck_assert_uint_eq(result.open, 0);
        ck_assert_str_eq(refusals, "3 MALFORMED -;4 MALFORMED -;5 UNKNOWN_EVENT event;7 NOT_ALLOWED source;");
}
END_TEST

/* Every case in its own partition, found there by a reader that looks for the case alone. */
START_TEST(test_partitions) {
        static const char text[] = REVIEWED("0001", "gi-jbn") REVIEWED("0002", "gi-jbn") REVIEWED("0003", "gi-wss") REVIEWED("0004", "gi-jbn");
        static const char *const cases[] = {CASE("0001"), CASE("0002"), CASE("0003"), CASE("0004")};
        static const char *const topics[] = {"plan-reviewed"};
        struct publisher_result result;
        struct bus_reader *reader;
        struct bus_event event;
        struct error err = {0};

        ck_assert_int_eq(publish(memory_bus(memory), text, NULL, &result, &err), 0);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                const struct bus_reader_config config = {
                        .topics = topics, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .key = cases[i], .key_n = UUID_TEXT, .until_end = true};
                size_t found = 0;

                ck_assert_int_eq(bus_reader_open(memory_bus(memory), &config, &reader, &err), 0);
                for (;;) {
                        ck_assert_int_eq(bus_reader_poll(reader, 0, &event, &err), 0);
                        if (event.kind != BUS_RECORD)
                                break;
                        ck_assert_int_eq(event.record.partition, murmur2_partition(cases[i], UUID_TEXT, 6));
                        found += event.record.key_n == UUID_TEXT && memcmp(event.record.key, cases[i], UUID_TEXT) == 0;
                        ck_assert_int_eq(framing_read(event.record.value, event.record.value_n).kind, FRAMING_SINGLE);
                        ck_assert_int_eq(bus_record_headers(&event.record), 0);
                        ck_assert_ptr_nonnull(bus_record_header(&event.record, "ce_id"));
                }
                ck_assert_int_eq(event.kind, BUS_END);
                ck_assert_uint_eq(found, 1);
                bus_reader_close(reader);
        }
}
END_TEST

START_TEST(test_outbox) {
        struct publisher_result result;
        struct error err = {0};

        ck_assert_int_eq(publish(memory_bus(memory), REVIEWED("0001", "gi-jbn") REVIEWED("0002", "gi-wss"), "gi-jbn", &result, &err), 0);
        ck_assert_uint_eq(result.published, 2);
        ck_assert_uint_eq(result.foreign, 1);
        ck_assert_int_eq(memory_end(memory, "outbox.gi-jbn", 0), 2);
}
END_TEST

START_TEST(test_no_topic) {
        struct publisher_result result;
        struct error err = {0};

        ck_assert_int_lt(publish(memory_bus(memory), REVIEWED("0001", "gi-wss") REVIEWED("0002", "gi-wss"), "gi-wss", &result, &err), 0);
        ck_assert_ptr_nonnull(strstr(err.text, "outbox.gi-wss"));
        ck_assert_uint_eq(result.published, 0);
        ck_assert_uint_eq(result.lines, 1);
}
END_TEST

/* -- A bus that acknowledges the first record and then does what its row says -- */

struct failing {
        struct bus bus;
        struct bus_producer producer;
        struct bus_producer_config config;
        const struct failure *row;
        unsigned sent;
        void *unanswered;
        bool closed;
};

static const struct failure {
        int send;           /* what sending the second record answers */
        int full;           /* how often the second record finds the queue full first */
        enum bus_sent sent; /* its outcome, in the flush; */
        bool silent;        /* or none until the producer is closed */
        int want;
        uint64_t published, open;
        const char *error;
} failures[] = {
        {.sent = BUS_SENT, .want = 0, .published = 2, .error = ""},
        {.sent = BUS_SENT, .full = 3, .want = 0, .published = 2, .error = ""},
        {.sent = BUS_REFUSED, .want = -EIO, .published = 1, .open = 1, .error = "line 2 was not acknowledged: because"},
        {.sent = BUS_OPEN, .want = -EIO, .published = 1, .open = 1, .error = "line 2 was not acknowledged: because"},
        {.silent = true, .want = -EIO, .published = 1, .open = 1, .error = "line 2 was not acknowledged: because"},
        {.send = -EIO, .want = -EIO, .published = 1, .error = "the cable"},
};

static struct failing *failing_of(struct bus_producer *p) {
        return (struct failing *)((char *)p - offsetof(struct failing, producer));
}

static void answer(struct failing *f, enum bus_sent sent, void *cookie) {
        f->config.settled(f->config.ctx, &(struct bus_report){.sent = sent, .cookie = cookie, .reason = sent == BUS_SENT ? NULL : "because"});
}

static int failing_send(struct bus_producer *p, const struct bus_record *record, void *cookie, struct error *err) {
        struct failing *f = failing_of(p);

        (void) record;
        if (f->sent == 0) {
                f->sent++;
                answer(f, BUS_SENT, cookie);
                return 0;
        }
        if (f->row->full > (int)f->sent - 1) {
                f->sent++;
                return BUS_E_FULL;
        }
        if (f->row->send)
                error_set(err, "the cable is out");
        else
                f->unanswered = cookie;
        return f->row->send;
}

static int failing_poll(struct bus_producer *p, int timeout_ms, struct error *err) {
        (void) p;
        (void) timeout_ms;
        (void) err;
        return 0;
}

static int failing_flush(struct bus_producer *p, int timeout_ms, size_t *left, struct error *err) {
        struct failing *f = failing_of(p);

        (void) timeout_ms;
        (void) err;
        if (f->unanswered && !f->row->silent) {
                answer(f, f->row->sent, f->unanswered);
                f->unanswered = NULL;
        }
        *left = f->unanswered != NULL;
        return 0;
}

static void failing_close(struct bus_producer *p) {
        struct failing *f = failing_of(p);

        f->closed = true;
        if (f->unanswered)
                answer(f, BUS_OPEN, f->unanswered);
}

static int failing_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) {
        static const struct bus_producer_ops ops = {.send = failing_send, .poll = failing_poll, .flush = failing_flush, .close = failing_close};
        struct failing *f = (struct failing *)((char *)b - offsetof(struct failing, bus));

        (void) err;
        f->config = *config;
        f->producer.ops = &ops;
        *ret = &f->producer;
        return 0;
}

START_TEST(test_failures) {
        static const struct bus_ops ops = {.name = "failing", .producer_open = failing_open};
        struct failing f = {.bus = {.ops = &ops}, .row = &failures[_i]};
        struct publisher_result result;
        struct error err = {0};

        ck_assert_int_eq(publish(&f.bus, REVIEWED("0001", "gi-jbn") REVIEWED("0002", "gi-jbn"), NULL, &result, &err), f.row->want);
        ck_assert(f.closed);
        ck_assert_uint_eq(result.published, f.row->published);
        ck_assert_uint_eq(result.open, f.row->open);
        ck_assert_msg(strstr(err.text, f.row->error) != NULL, "%s", err.text);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("publisher");
        TCase *t = tcase_create("publisher");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, test_lines);
        tcase_add_test(t, test_partitions);
        tcase_add_test(t, test_outbox);
        tcase_add_test(t, test_no_topic);
        tcase_add_loop_test(t, test_failures, 0, ELEMENTS(failures));
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
