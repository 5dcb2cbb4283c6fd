/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what the auditor says stands in `audit` does stand there, from however many threads; while the broker is away it says no, keeps so many notes as it
 * promises, and writes them when the broker is back.
 * Method: the embedded broker, which is taken down and put up; the topic is read back.
 */

#include <pthread.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "cluster.h"
#include "cluster/topics.h"
#include "console/access/auditor.h"
#include "model/event_types.h"

#define THREADS 4
#define EACH 25

static struct cluster c;
static struct event_types *types;
static struct auditor *auditor;

static void setup(void) {
        static const struct mock_topic topics[] = {{TOPIC_AUDIT, 1}};
        struct mistakes mistakes = MISTAKES_INIT;
        char path[4096];

        cluster_up(&c, topics, ELEMENTS(topics));
        (void) snprintf(path, sizeof(path), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(event_types_read(path, &types, &mistakes), 0);
}

static void teardown(void) {
        auditor = auditor_free(auditor);
        types = event_types_free(types);
        cluster_down(&c);
}

static void begin(void) {
        const struct auditor_config config = {.bus = c.bus, .types = types, .log = &c.log};

        ck_ok(auditor_new(&config, &auditor, &err));
}

static struct audit_record record_of(const char *user, int64_t at) {
        return (struct audit_record){.at = at, .user = text_of(user), .roles = TEXT_OF("meta zaak"), .organisation = TEXT_OF("gm0014"),
                                     .address = TEXT_OF("::1"),
                                     .action = TEXT_OF(AUDIT_VIEW_PERSONAL), .object = TEXT_OF("an object"), .result = TEXT_OF(AUDIT_DONE)};
}

struct found {
        struct audit_codec *codec;
        size_t n, right;
};

static int on_record(void *ctx, struct bus_record *record, struct error *err) {
        struct found *found = ctx;
        struct audit_record said;

        (void) err;
        ck_assert(audit_decode(found->codec, record->value, record->value_n, &said));
        found->n++;
        found->right += text_is(said.action, AUDIT_VIEW_PERSONAL) && text_is(said.object, "an object") && text_is(said.roles, "meta zaak") &&
                        text_is(said.organisation, "gm0014") && text_is(said.address, "::1") && said.at >= 1000;
        return 0;
}

/* How many records stand there, all of which are right. */
static size_t count_records(void) {
        static const char *const topics[] = {TOPIC_AUDIT};
        const struct bus_reader_config config = {.topics = topics, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .until_end = true};
        struct found found = {0};
        const struct bus_reading reading = {.record = on_record, .ctx = &found, .what = TOPIC_AUDIT};
        struct bus_reader *reader;

        ck_ok(audit_codec_new(types, &found.codec, &err));
        ck_ok(bus_reader_open(c.bus, &config, &reader, &err));
        ck_ok(bus_reader_each(reader, &reading, &err));
        bus_reader_close(reader);
        audit_codec_free(found.codec);
        ck_assert_uint_eq(found.right, found.n);
        return found.n;
}

static void *write_some(void *ctx) {
        const char *user = ctx;
        size_t done = 0;

        for (int i = 0; i < EACH; i++) {
                struct audit_record record = record_of(user, 1000 + i);

                done += auditor_write(auditor, &record);
        }
        return (void *)(uintptr_t)done;
}

START_TEST(test_written) {
        char names[THREADS][2] = {"a", "b", "c", "d"};
        pthread_t threads[THREADS];

        begin();
        for (int i = 0; i < THREADS; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, write_some, names[i]), 0);
        for (int i = 0; i < THREADS; i++) {
                void *done;

                ck_assert_int_eq(pthread_join(threads[i], &done), 0);
                ck_assert_uint_eq((uintptr_t)done, EACH);
        }
        ck_assert_uint_eq(count_records(), THREADS * EACH);
}
END_TEST

/* What was noted stands there at the end, though nobody waited for it. */
START_TEST(test_noted) {
        begin();
        for (int i = 0; i < EACH; i++) {
                struct audit_record record = record_of("a", 1000 + i);

                ck_assert(auditor_note(auditor, &record));
        }
        auditor = auditor_free(auditor);
        ck_assert_uint_eq(count_records(), EACH);
}
END_TEST

START_TEST(test_away) {
        struct audit_record record = record_of("a", 1000);
        int64_t deadline = cluster_deadline(&c);
        size_t notes = 0;

        ck_assert_int_eq(rd_kafka_mock_broker_set_down(mock_cluster(c.mock), 1), RD_KAFKA_RESP_ERR_NO_ERROR);
        begin();
        ck_assert(!auditor_write(auditor, &record));
        for (record.at++; auditor_note(auditor, &record); record.at++)
                notes++;
        ck_assert_uint_eq(notes, AUDITOR_NOTES_MAX);
        ck_assert(!auditor_write(auditor, &record));
        ck_assert_int_eq(rd_kafka_mock_broker_set_up(mock_cluster(c.mock), 1), RD_KAFKA_RESP_ERR_NO_ERROR);
        for (record.at++; !auditor_write(auditor, &record); record.at++)
                cluster_patience(&c, deadline, "the broker");
        ck_assert(auditor_note(auditor, &record)); /* there is room again */
        auditor = auditor_free(auditor);
        ck_assert_uint_ge(count_records(), notes + 2);
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("auditor");
        TCase *all = tcase_create("auditor");
        SRunner *runner;
        int failed;

        if (!cluster_chosen(argc, argv))
                return CLUSTER_SKIPPED;
        tcase_add_checked_fixture(all, setup, teardown);
        tcase_set_timeout(all, 120);
        tcase_add_test(all, test_written);
        tcase_add_test(all, test_noted);
        if (!cluster_is_real())
                tcase_add_test(all, test_away);
        suite_add_tcase(suite, all);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
