/* SPDX-License-Identifier: EUPL-1.2 */

/* The parts of the bus that need no broker: partitions of keys, the plan of topics, properties, the watchdog, reading to an end. */

#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bus/kafka.h"
#include "bus/murmur2.h"
#include "cluster/topics_plan.h"

/* The vectors of Kafka's own UtilsTest. */
static const struct {
        const char *key;
        int32_t hash;
} murmurs[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
};

START_TEST(murmur2_is_that_of_java) {
        ck_assert_int_eq((int32_t)murmur2(murmurs[_i].key, strlen(murmurs[_i].key)), murmurs[_i].hash);
        ck_assert_int_eq(murmur2_partition(murmurs[_i].key, strlen(murmurs[_i].key), 6), (murmurs[_i].hash & 0x7fffffff) % 6);
}
END_TEST

static const char *const events[] = {"measure-started", "help-started"}, *const organisations[] = {"gm0014", "operators"};

static struct arena *arena;

static void setup(void) {
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
}

static void teardown(void) {
        arena_free(arena);
}

static struct topics want(const struct broker_config *config) {
        struct topics topics;
        struct error err = {0};
        int r = topics_wanted(config, events, 2, organisations, 2, arena, &topics, &err);

        ck_assert_msg(r == 0, "%d: %s", r, err.text);
        return topics;
}

static const struct topic_wanted *wanted_of(const struct topics *topics, const char *name) {
        for (size_t i = 0; i < topics->n; i++) {
                if (strcmp(topics->items[i].name, name) == 0)
                        return &topics->items[i];
        }
        ck_abort_msg("no topic %s", name);
        return NULL;
}

static const char *setting_of(const struct topic_wanted *t, const char *name) {
        for (size_t i = 0; i < t->settings_n; i++) {
                if (strcmp(t->settings[i].name, name) == 0)
                        return t->settings[i].value;
        }
        return "";
}

static const struct {
        const char *name;
        int32_t partitions;
        const char *policy, *retention, *max;
} wanted_rows[] = {
        {"measure-started", 6, "delete", "2592000000", "1048576"},   /* 30 days */
        {"plan-due", 6, "delete", "7776000000", "1048576"},          /* 90 */
        {"escalation-raised", 6, "delete", "7776000000", "1048576"},
        {"escalation-resolved", 6, "delete", "7776000000", "1048576"},
        {"inbox.gm0014", 1, "delete", "7776000000", "1048576"},
        {"outbox.gm0014", 1, "delete", "2592000000", "1048576"},
        {"inbox.operators", 1, "delete", "7776000000", "1048576"},
        {"case-state", 6, "compact", "", "1114112"},
        {"dead-letters", 1, "delete", "31536000000", "1114112"},     /* 365, and 64 KiB more than any input */
        {"deliveries", 1, "delete", "31536000000", "1048576"},
        {"redeliveries", 1, "delete", "7776000000", "1114112"},
        {"audit", 1, "delete", "157766400000", "1048576"},           /* five years */
        {"connector-orders", 1, "compact", "", "1048576"},
        {"connector-keys", 1, "compact", "", "1048576"},
};

START_TEST(the_topics_are_those_of_the_contract) {
        struct broker_config config;

        broker_config_default(&config);
        struct topics topics = want(&config);
        const struct topic_wanted *t = wanted_of(&topics, wanted_rows[_i].name);

        ck_assert_uint_eq(topics.n, 10 + 2 + 2 * 2);
        ck_assert_uint_eq(topics.acls_n, 0);
        ck_assert_str_eq(t->topic, t->name);
        ck_assert_int_eq(t->partitions, wanted_rows[_i].partitions);
        ck_assert_str_eq(setting_of(t, "cleanup.policy"), wanted_rows[_i].policy);
        ck_assert_str_eq(setting_of(t, "retention.ms"), wanted_rows[_i].retention);
        ck_assert_str_eq(setting_of(t, "max.message.bytes"), wanted_rows[_i].max);
}
END_TEST

/* A cluster that has all that is wanted. */
static struct topics_found mirror(const struct topics *topics) {
        struct admin_topic *found = arena_calloc(arena, topics->n, sizeof(*found));

        for (size_t i = 0; i < topics->n; i++) {
                const struct topic_wanted *t = &topics->items[i];

                found[i] = (struct admin_topic){t->topic, t->partitions, t->replication, t->settings, t->settings_n};
        }
        return (struct topics_found){.topics = found, .n = topics->n, .acls = topics->acls, .acls_n = topics->acls_n};
}

static struct topics_plan plan_of(const struct topics *topics, const struct topics_found *found) {
        struct topics_plan plan;

        ck_assert_int_eq(topics_plan(topics, found, arena, &plan), 0);
        return plan;
}

static void check_text(const struct topics_step *step, const char *expected) {
        struct buffer out = BUFFER_INIT(4096);

        topics_step_print(step, &out);
        ck_assert_msg(strncmp(buffer_text(&out), expected, strlen(expected)) == 0, "%s", buffer_text(&out));
        buffer_done(&out);
}

START_TEST(a_plan_makes_sets_refuses_and_then_rests) {
        struct broker_config config;

        broker_config_default(&config);
        config.prefix = "test.";
        config.partitions_said = true;
        struct topics topics = want(&config);
        struct topics_found none = {0}, found = mirror(&topics);
        struct admin_topic *changed = (struct admin_topic *)found.topics;
        struct topics_plan plan = plan_of(&topics, &none);

        ck_assert_uint_eq(plan.n, topics.n);
        check_text(&plan.steps[1], "make test.case-state: 6 partitions, 1 replica, min.insync.replicas=1, cleanup.policy=compact");
        plan = plan_of(&topics, &found);
        ck_assert_uint_eq(plan.n, 0);

        struct admin_setting settings[TOPIC_SETTINGS_MAX];

        memcpy(settings, changed[4].settings, changed[4].settings_n * sizeof(*settings)); /* dead-letters */
        settings[2].value = "1000";
        changed[4].settings = settings;
        changed[5].partitions = 4; /* deliveries: more are no harm */
        changed[6].replication = 0; /* escalation-raised */
        changed[7].partitions = 4; /* escalation-resolved: a case would not be found in its partition */
        plan = plan_of(&topics, &found);
        ck_assert_uint_eq(plan.n, 3);
        ck_assert_uint_eq(plan.refused, 2);
        check_text(&plan.steps[0], "set test.dead-letters: retention.ms from 1000 to 31536000000");
        check_text(&plan.steps[1], "refuse test.escalation-raised: it has 0 replicas");
        check_text(&plan.steps[2], "refuse test.escalation-resolved: it has 4 partitions and the configuration says 6");
}
END_TEST

START_TEST(a_number_of_partitions_that_is_not_said_is_that_of_the_topics_there) {
        struct broker_config config;

        broker_config_default(&config);
        struct topics topics = want(&config);
        struct admin_topic there[] = {{"help-started", 4, 1, NULL, 0}, {"measure-started", 4, 1, NULL, 0}};
        struct topics_found found = {.topics = there, .n = 2};

        check_text(&plan_of(&topics, &found).steps[1], "make case-state: 4 partitions");
        there[0].partitions = 5; /* they disagree: nothing can be taken over */
        check_text(&plan_of(&topics, &found).steps[1], "make case-state: 6 partitions");
}
END_TEST

START_TEST(rights_follow_from_the_topics) {
        static const char *const not_of_connectors[] = {TOPIC_AUDIT, TOPIC_OUTBOX_PREFIX};
        static const char *const not_written[] = {TOPIC_INBOX_PREFIX, TOPIC_REDELIVERIES, TOPIC_CONNECTOR_ORDERS}; /* what they deliver and obey */
        struct broker_config config;
        struct topics topics;
        bool inbox = false, outbox = false, admitted = false;

        broker_config_default(&config);
        config.acls = (struct broker_acls){.wanted = true, .worker = "User:worker", .connectors = "User:connect", .operators = "User:admin",
                                           .admission = "User:admission", .organisations = "User:{id}"};
        topics = want(&config);
        for (size_t i = 0; i < topics.acls_n; i++) {
                const struct admin_acl *acl = &topics.acls[i];
                bool to_municipality = strcmp(acl->principal, "User:gm0014") == 0;

                inbox |= to_municipality && acl->operation == ADMIN_READ && strcmp(acl->name, "inbox.gm0014") == 0;
                outbox |= to_municipality && acl->operation == ADMIN_WRITE && strcmp(acl->name, "outbox.gm0014") == 0;
                if (to_municipality)
                        ck_assert(strcmp(acl->name, "inbox.gm0014") == 0 || strcmp(acl->name, "outbox.gm0014") == 0);
                if (strcmp(acl->name, TOPIC_OUTBOX_PREFIX) == 0) { /* of all organisations */
                        ck_assert_str_eq(acl->principal, "User:admission");
                        admitted = acl->prefixed && acl->operation == ADMIN_READ;
                }
                if (strcmp(acl->principal, "User:admission") == 0) /* it writes what others read, and reads what others write */
                        ck_assert(acl->operation == (strncmp(acl->name, "outbox.", 7) == 0 || strcmp(acl->name, TOPIC_CONNECTOR_ORDERS) == 0 ||
                                                     acl->resource == ADMIN_GROUP ? ADMIN_READ : ADMIN_WRITE));
                if (strcmp(acl->name, TOPIC_CASE_STATE) == 0)
                        ck_assert_str_eq(acl->principal, "User:worker");
                for (size_t k = 0; k < ELEMENTS(not_of_connectors) && strcmp(acl->principal, "User:connect") == 0; k++)
                        ck_assert(strcmp(acl->name, not_of_connectors[k]) != 0);
                for (size_t k = 0; k < ELEMENTS(not_written) && strcmp(acl->principal, "User:connect") == 0; k++)
                        ck_assert(acl->operation != ADMIN_WRITE || strcmp(acl->name, not_written[k]) != 0);
        }
        ck_assert(inbox && outbox && admitted);
        struct topics_found found = mirror(&topics);

        ck_assert_uint_eq(plan_of(&topics, &found).n, 0);
        found.acls_n--;
        struct topics_plan plan = plan_of(&topics, &found);

        ck_assert_uint_eq(plan.n, 1);
        check_text(&plan.steps[0], "grant User:operators: write on topic outbox.operators");
}
END_TEST

static const struct {
        const char *prefix, *event, *says;
} bad_names[] = {
        {"", "measure started", "cannot be the name of a topic"},
        {"a/", "x", "cannot be the name of a topic"},
        {"", "dead-letters", "two topics would be called 'dead-letters'"},
        {"", "inbox.gm0014", "two topics would be called 'inbox.gm0014'"},
};

START_TEST(names_that_cannot_be_are_refused) {
        struct broker_config config;
        struct topics topics;
        struct error err = {0};

        broker_config_default(&config);
        config.prefix = bad_names[_i].prefix;
        ck_assert_int_eq(topics_wanted(&config, &bad_names[_i].event, 1, organisations, 2, arena, &topics, &err), -EINVAL);
        ck_assert_msg(strstr(err.text, bad_names[_i].says) != NULL, "%s", err.text);
}
END_TEST

static const struct {
        const char *name, *value;
        bool refused, taken;
        const char *says;
} properties[] = {
        {"ssl.ca.location", "/etc/ca.pem", false, true, ""},
        {"session.timeout.ms", "20000", false, true, ""},
        {"linger.ms", "soon", false, false, "linger.ms"},
        {"sessio.timeout.ms", "1", false, false, "did you mean 'session.timeout.ms'"},
        {"isolation.level", "read_uncommitted", true, true, ""},
        {"bootstrap.servers", "x:1", true, true, ""},
        {"partitioner", "random", true, true, ""},
};

START_TEST(properties_are_tried_on_the_library) {
        struct error err = {0};

        ck_assert_int_eq(kafka_property_refused(properties[_i].name, LANGUAGE_EN) != NULL, properties[_i].refused);
        ck_assert_int_eq(kafka_property_check(properties[_i].name, properties[_i].value, LANGUAGE_EN, &err), properties[_i].taken ? 0 : -EINVAL);
        ck_assert_msg(strstr(err.text, properties[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_bus_needs_an_address_and_refuses_our_properties) {
        struct kafka_property ours = {"acks", "1"};
        struct kafka_config config = {.clock = clock_system()};
        struct bus *bus;
        struct error err;

        ck_assert_int_eq(kafka_bus_new(&config, &bus, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "--bootstrap"));
        config.bootstrap = "localhost:9092";
        config.properties = &ours;
        config.properties_n = 1;
        ck_assert_int_eq(kafka_bus_new(&config, &bus, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "acks"));
}
END_TEST

static void note_fire(void *ctx, const char *call, int64_t ms) {
        (void)ms;
        ck_assert_str_eq(call, "hangs");
        atomic_fetch_add((atomic_int *)ctx, 1);
}

START_TEST(the_watchdog_barks_for_a_call_that_hangs_once) {
        struct clock clock = clock_system();
        int64_t until = clock_monotonic(&clock) + 30000;
        atomic_int fired = 0;
        struct watchdog *dog;
        struct error err;
        int fine, hangs;

        ck_assert_int_eq(watchdog_new(clock, NULL, note_fire, &fired, &dog, &err), 0);
        fine = watchdog_enter(dog, "fine", 60000);
        hangs = watchdog_enter(dog, "hangs", 0);
        while (atomic_load(&fired) == 0 && clock_monotonic(&clock) < until)
                ;
        watchdog_leave(dog, hangs);
        watchdog_leave(dog, fine);
        watchdog_free(dog);
        ck_assert_int_eq(atomic_load(&fired), 1);
        ck_assert_int_eq(watchdog_enter(NULL, "nobody looks", 0), -1);
        watchdog_leave(NULL, -1);
}
END_TEST

/* A reader that plays a row of kinds, and then gives nothing for ever. */
struct played {
        struct bus_reader reader; /* first */
        const enum bus_event_kind *kinds;
        size_t n, at, seen;
        int answer; /* of the second record */
};

static int played_poll(struct bus_reader *r, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct played *p = (struct played *)r;

        (void) timeout_ms;
        (void) err;
        *ret = (struct bus_event){.kind = p->at < p->n ? p->kinds[p->at++] : BUS_NONE};
        return 0;
}

static int played_record(void *ctx, struct bus_record *record, struct error *err) {
        struct played *p = ctx;

        (void) record;
        (void) err;
        return ++p->seen == 2 ? p->answer : 0;
}

START_TEST(a_reading_ends_at_the_end_with_its_record_or_when_nothing_comes) {
        static const enum bus_event_kind kinds[] = {BUS_NONE, BUS_RECORD, BUS_NONE, BUS_RECORD, BUS_NONE, BUS_END, BUS_RECORD};
        static const struct bus_reader_ops ops = {.poll = played_poll};
        struct played p = {.reader = {&ops}, .kinds = kinds, .n = ELEMENTS(kinds)};
        struct bus_reading reading = {.record = played_record, .ctx = &p, .what = "audit", .patience = 2};
        struct error err;

        ck_assert_int_eq(bus_reader_each(&p.reader, &reading, &err), 0); /* each record begins the patience anew */
        ck_assert_uint_eq(p.seen, 2);
        p.at = p.seen = 0;
        p.answer = 7;
        ck_assert_int_eq(bus_reader_each(&p.reader, &reading, &err), 7);
        ck_assert_uint_eq(p.at, 4);
        p.at = p.n;
        ck_assert_int_eq(bus_reader_each(&p.reader, &reading, &err), -ETIMEDOUT);
        ck_assert_str_eq(err.text, "the broker has sent nothing of audit for 2 seconds");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("bus");
        TCase *tc = tcase_create("bus");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, murmur2_is_that_of_java, 0, (int)ELEMENTS(murmurs));
        tcase_add_loop_test(tc, the_topics_are_those_of_the_contract, 0, (int)ELEMENTS(wanted_rows));
        tcase_add_test(tc, a_plan_makes_sets_refuses_and_then_rests);
        tcase_add_test(tc, a_number_of_partitions_that_is_not_said_is_that_of_the_topics_there);
        tcase_add_test(tc, rights_follow_from_the_topics);
        tcase_add_loop_test(tc, names_that_cannot_be_are_refused, 0, (int)ELEMENTS(bad_names));
        tcase_add_loop_test(tc, properties_are_tried_on_the_library, 0, (int)ELEMENTS(properties));
        tcase_add_test(tc, a_bus_needs_an_address_and_refuses_our_properties);
        tcase_add_test(tc, the_watchdog_barks_for_a_call_that_hangs_once);
        tcase_add_test(tc, a_reading_ends_at_the_end_with_its_record_or_when_nothing_comes);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
