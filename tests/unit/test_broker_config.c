/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: broker.yaml says what its header promises, and every mistake in it is told with its place.
 * Method: small texts, the shipped file, and a table of mistakes.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/broker_config.h"
#include "bus/bus.h"

static struct arena *arena;
static struct mistakes told = MISTAKES_INIT;

static void setup(void) {
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
}

static void teardown(void) {
        arena = arena_free(arena);
        mistakes_done(&told);
}

static int parse(const char *text, struct broker_config *ret) {
        mistakes_done(&told);
        return broker_config_parse("b.yaml", text, strlen(text), arena, ret, &told);
}

static void check_defaults(const struct broker_config *c) {
        ck_assert_str_eq(c->prefix, "");
        ck_assert_int_eq(c->partitions, 6);
        ck_assert_int_eq(c->replication, 1);
        ck_assert_int_eq(c->min_insync, 1);
        ck_assert_int_eq(c->kept_days[BROKER_KEPT_EVENTS], 30);
        ck_assert_int_eq(c->kept_days[BROKER_KEPT_PLAN_DUE], 90);
        ck_assert_int_eq(c->kept_days[BROKER_KEPT_ESCALATIONS], 90);
        ck_assert_int_eq(c->kept_days[BROKER_KEPT_INBOX], 90);
        ck_assert_int_eq(c->kept_days[BROKER_KEPT_OUTBOX], 30);
        ck_assert_int_eq(c->kept_days[BROKER_KEPT_DEAD_LETTERS], 365);
        ck_assert_int_eq(c->kept_days[BROKER_KEPT_DELIVERIES], 365);
        ck_assert_int_eq(c->retention.n, 2);
        ck_assert_int_eq(c->retention.unit, BROKER_YEARS);
        ck_assert_int_eq(c->behind_after_ms, 10000);
        ck_assert(!c->acls.wanted);
        ck_assert_uint_eq(c->properties_n, 0);
}

START_TEST(test_defaults) {
        struct broker_config c;
        char path[4096];

        ck_assert_int_eq(parse("", &c), 0);
        check_defaults(&c);
        ck_assert_ptr_null(c.bootstrap);
        ck_assert_int_eq(broker_config_read("/nowhere/broker.yaml", arena, &c, &told), 0);
        check_defaults(&c);
        snprintf(path, sizeof(path), "%s/config/broker.yaml", getenv("PROJECT_ROOT"));
        ck_assert_msg(broker_config_read(path, arena, &c, &told) == 0, "%s", buffer_text(&told.text));
        check_defaults(&c); /* the file that is shipped writes them out */
        ck_assert_str_eq(c.bootstrap, "127.0.0.1:9092");
        ck_assert_int_lt(broker_config_read("/", arena, &c, &told), 0);
        ck_assert_uint_eq(told.n, 1);
}
END_TEST

START_TEST(test_everything) {
        static const char text[] = "bootstrap: a.example:9092,[::1]:9093\n"
                                   "prefix: acceptatie.\n"
                                   "partitions: 12\n"
                                   "replication: 3\n"
                                   "retention: 1 month\n"
                                   "retention_days: {events: 7, dead-letters: 30}\n"
                                   "behind_after: 2 minutes\n"
                                   "acls: {worker: 'User:w', connectors: 'User:c', operators: 'User:o', admission: 'User:a', organisations: 'User:CN={id}'}\n"
                                   "kafka: {security.protocol: ssl, linger.ms: 7}\n";
        struct broker_config c;
        struct kafka_config k;

        ck_assert_msg(parse(text, &c) == 0, "%s", buffer_text(&told.text));
        ck_assert_str_eq(c.bootstrap, "a.example:9092,[::1]:9093");
        ck_assert_str_eq(c.prefix, "acceptatie.");
        ck_assert_int_eq(c.partitions, 12);
        ck_assert_int_eq(c.replication, 3);
        ck_assert_int_eq(c.min_insync, 2);
        ck_assert_int_eq(c.retention.n, 1);
        ck_assert_int_eq(c.retention.unit, BROKER_MONTHS);
        ck_assert_int_eq(c.kept_days[BROKER_KEPT_EVENTS], 7);
        ck_assert_int_eq(c.kept_days[BROKER_KEPT_DEAD_LETTERS], 30);
        ck_assert_int_eq(c.kept_days[BROKER_KEPT_INBOX], 90);
        ck_assert_int_eq(c.behind_after_ms, 120000);
        ck_assert(c.acls.wanted);
        ck_assert_str_eq(c.acls.worker, "User:w");
        ck_assert_str_eq(c.acls.admission, "User:a");
        ck_assert_str_eq(c.acls.organisations, "User:CN={id}");
        ck_assert_uint_eq(c.properties_n, 2);
        ck_assert_str_eq(c.properties[1].name, "linger.ms");
        ck_assert_str_eq(c.properties[1].value, "7");
        broker_config_kafka(&c, NULL, &k);
        ck_assert_str_eq(k.bootstrap, c.bootstrap);
        ck_assert_str_eq(k.prefix, "acceptatie.");
        ck_assert_uint_eq(k.properties_n, 2);
        broker_config_kafka(&c, "other:1", &k);
        ck_assert_str_eq(k.bootstrap, "other:1");
}
END_TEST

START_TEST(test_registry) {
        static const char text[] = "registry: {url: 'https://r.example/apis/ccompat/v7/', ca: ca.pem, framing: confluent, naming: record,\n"
                                   "  auth: {user: u, password: {env: PASSWORD}}, cache: /var/cache/k}\n";
        struct broker_config c;

        ck_assert_int_eq(parse("", &c), 0);
        ck_assert_ptr_null(c.registry.url);
        ck_assert_msg(parse(text, &c) == 0, "%s", buffer_text(&told.text));
        ck_assert_str_eq(c.registry.url, "https://r.example/apis/ccompat/v7"); /* paths are put behind it */
        ck_assert_str_eq(c.registry.ca, "ca.pem");
        ck_assert_int_eq(c.registry.framing, REGISTRY_CONFLUENT);
        ck_assert_int_eq(c.registry.naming, REGISTRY_BY_RECORD);
        ck_assert_str_eq(c.registry.user, "u");
        ck_assert_str_eq(c.registry.secret_env, "PASSWORD");
        ck_assert_ptr_null(c.registry.secret_file);
        ck_assert_str_eq(c.registry.cache, "/var/cache/k");
        ck_assert_int_eq(parse("registry: {url: 'http://127.0.0.1:8080', auth: {token: {file: t}}}\n", &c), 0);
        ck_assert_int_eq(c.registry.framing, REGISTRY_SINGLE);
        ck_assert_int_eq(c.registry.naming, REGISTRY_BY_TOPIC);
        ck_assert_str_eq(c.registry.secret_file, "t");
        ck_assert_ptr_null(c.registry.user);
}
END_TEST

static const struct {
        const char *text, *mistake;
} mistakes[] = {
        {"- a\n", "b.yaml:1:1: the file must be a mapping"},
        {"partitons: 6\n", "b.yaml:1:1: the file has no key 'partitons' (did you mean 'partitions'?)"},
        {"prefix: ''\nbootstrap: localhost\n", "b.yaml:2:12: bootstrap: 'localhost' is no address"},
        {"bootstrap: a:1,b\n", "'b' is no address"},
        {"bootstrap: a:1,,b:2\n", "'' is no address"},
        {"bootstrap: a:70000\n", "'a:70000' is no address"},
        {"bootstrap: ':9092'\n", "':9092' is no address"},
        {"bootstrap: [a:1]\n", "bootstrap must be a single value"},
        {"prefix: a/b\n", "prefix: 'a/b' cannot begin"},
        {"partitions: 0\n", "partitions must be a number from 1 to 4096, not '0'"},
        {"partitions: '6'\n", "partitions must be a number from 1 to 4096, without quotes"},
        {"partitions: six\n", "not 'six'"},
        {"replication: 2\nmin_insync: 3\n", "b.yaml:2:13: min_insync: 3 copies"},
        {"retention: forever\n", "retention: 'forever' is not a number from 1 and a unit"},
        {"retention: 0 days\n", "'0 days' is not a number from 1"},
        {"retention: 2 yaers\n", "retention: 'yaers' is no unit that fits here (did you mean 'years'?)"},
        {"retention: 2 hours\n", "'hours' is no unit that fits here"},
        {"retention: 99999 years\n", "longer than anything"},
        {"retention: {n: 2}\n", "retention must be a single value"},
        {"behind_after: 2 days\n", "'days' is no unit"},
        {"behind_after: 25 hours\n", "not between a second and a day"},
        {"retention_days: {inboxes: 3}\n", "b.yaml:1:18: retention_days has no key 'inboxes' (did you mean 'inbox'?)"},
        {"retention_days: {inbox: -1}\n", "inbox must be a number from 1 to 36500, not '-1'"},
        {"retention_days: 30\n", "retention_days must be a mapping"},
        {"acls: {worker: 'User:w', connectors: 'User:c', operators: 'User:o'}\n", "acls lacks the key 'organisations'"},
        {"acls: {worker: 'User:w', connectors: 'User:c', operators: 'User:o', organisations: 'User:{id}', admission: a}\n", "admission: 'a' is no principal"},
        {"registry: {url: ftp://a/b}\n", "b.yaml:1:17: url: must begin with https://, not ftp://"},
        {"registry: {url: 'http://a.example/b'}\n", "say allow_http: true"},
        {"registry: {url: 'https://me:pw@a.example/b'}\n", "must not hold a user or password; use auth"},
        {"registry: {framing: single}\n", "registry lacks the key 'url'"},
        {"registry: {url: 'https://a/b', framing: confluence}\n",
         "framing: unknown word 'confluence' (did you mean 'confluent'?); it can be single, confluent"},
        {"registry: {url: 'https://a/b', naming: topics}\n", "naming: unknown word 'topics' (did you mean 'topic'?)"},
        {"registry: {url: 'https://a/b', frame: single}\n", "registry has no key 'frame' (did you mean 'framing'?)"},
        {"registry: {url: 'https://a/b', auth: {user: u}}\n", "auth must be {user: NAME, password: …} or {token: …}"},
        {"registry: {url: 'https://a/b', auth: {user: u, password: secret}}\n", "password must be {file: PATH} or {env: NAME}"},
        {"registry: {url: 'https://a/b', auth: {user: 'u:v', password: {env: P}}}\n", "user: 'u:v' holds a colon"},
        {"acls: {worker: w, connectors: 'User:c', operators: 'User:o', organisations: 'User:{id}'}\n", "worker: 'w' is no principal"},
        {"acls: {worker: 'User:w', connectors: 'User:c', operators: 'User:o', organisations: 'User:x'}\n", "organisations: 'User:x' is the same for all"},
        {"kafka: {acks: 1}\n", "b.yaml:1:9: 'acks' may not be set: it decides what is exactly once"},
        {"kafka: {client.rakc: x}\n", "librdkafka has no property 'client.rakc' (did you mean 'client.rack'?)"},
        {"kafka: {linger.ms: soon}\n", "librdkafka does not take 'linger.ms' so"},
        {"kafka: {linger.ms: [1]}\n", "linger.ms must be a single value"},
        {"kafka: {session.timeout.ms: 9000}\n", "transaction.timeout.ms (10000) must be below session.timeout.ms (9000)"},
        {"kafka: {message.timeout.ms: 12000}\n", "message.timeout.ms (12000) must be above 0 and below"},
        {"kafka: {delivery.timeout.ms: 0}\n", "message.timeout.ms (0) must be above 0 and below"},
        {"kafka: {heartbeat.interval.ms: 6000}\n", "more than three times heartbeat.interval.ms (6000)"},
        {"kafka: {max.poll.interval.ms: 20000}\n", "max.poll.interval.ms (20000) must be more than"},
        {"a: 1\na: 2\n", "b.yaml:2:"},
};

START_TEST(test_mistakes) {
        struct broker_config c;

        ck_assert_msg(parse(mistakes[_i].text, &c) == -EINVAL, "taken: %s", mistakes[_i].text);
        ck_assert_uint_ge(told.n, 1);
        ck_assert_msg(strstr(buffer_text(&told.text), mistakes[_i].mistake) != NULL, "%s", buffer_text(&told.text));
}
END_TEST

START_TEST(test_all_mistakes_at_once) {
        char text[(MISTAKES_MAX + 20) * 16], last[32];
        struct broker_config c;
        size_t n = 0;

        ck_assert_int_eq(parse("partitions: 0\nreplication: 0\nkafka: {acks: 1, nothing: 2}\nmore: 1\n", &c), -EINVAL);
        ck_assert_uint_eq(told.n, 5);
        ck_assert_int_eq(parse("partitions: 0\nkafka: {session.timeout.ms: 9000}\n", &c), -EINVAL);
        ck_assert_uint_eq(told.n, 1); /* what keys must be to each other is only looked at when each is right */
        for (int i = 0; i < MISTAKES_MAX + 20; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "key-%d: 1\n", i);
        ck_assert_int_eq(parse(text, &c), -EINVAL);
        ck_assert_uint_eq(told.n, MISTAKES_MAX + 20);
        snprintf(last, sizeof(last), "b.yaml:%d:1:", MISTAKES_MAX);
        ck_assert_ptr_nonnull(strstr(buffer_text(&told.text), last));
        snprintf(last, sizeof(last), "b.yaml:%d:1:", MISTAKES_MAX + 1);
        ck_assert_ptr_null(strstr(buffer_text(&told.text), last));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("broker_config");
        TCase *t = tcase_create("broker_config");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, test_defaults);
        tcase_add_test(t, test_everything);
        tcase_add_test(t, test_registry);
        tcase_add_loop_test(t, test_mistakes, 0, ELEMENTS(mistakes));
        tcase_add_test(t, test_all_mistakes_at_once);
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
