/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what an operator publishes stands on the right topic and partition with the right headers,
 * what is refused is said, and tail shows all of it and whatever else stands there.
 * Method: the program itself, as a process, against the embedded or a real broker under a prefix of
 * the test's own.
 */

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>

#include "base/buffer.h"
#include "bus/murmur2.h"
#include "cluster.h"
#include "connect/deliveries.h"
#include "survey/mail.h"

#define CASE_1 "8a53d001-0000-4000-8000-000000000001"
#define CASE_2 "8a53d001-0000-4000-8000-000000000002"
#define EVENT(n) "0b57d001-0000-4000-8000-00000000000" n
#define ENVELOPE(n, case_id, source) \
        "\"event_id\":\"" EVENT(n) "\",\"case_id\":\"" case_id "\",\"source\":\"" source "\",\"occurred_at\":\"2022-03-01T10:00:00+01:00\"," \
        "\"recorded_at\":\"2022-03-01T10:00:00+01:00\""
#define STARTED(n, case_id, source) \
        "{\"event\":\"measure-started\"," ENVELOPE(n, case_id, source) ",\"measure_id\":\"3a53d001-0000-4000-8000-000000000001\",\"kind\":\"OTS\"," \
        "\"verdict_date\":\"2022-03-01\",\"informed_date\":\"2022-03-01\",\"gi\":\"" source "\",\"municipality\":\"gm0014\",\"birth_date\":\"2011-05-06\"}\n"
#define REVIEWED(n, case_id) \
        "{\"event\":\"plan-reviewed\"," ENVELOPE(n, case_id, "gi-jbn") ",\"measure_id\":\"3a53d001-0000-4000-8000-000000000001\",\"date\":\"2022-03-01\"}\n"

#define OUTPUT_MAX ((size_t)4 << 20)
#define LINES_MAX 64
#define ARGUMENTS_MAX 32

static struct cluster cluster;
static char folder[64];

struct outcome {
        int status;
        struct buffer out, err;
        json_t *lines[LINES_MAX]; /* of standard output */
        size_t n;
};

static const char *path_of(const char *name) {
        static char path[128];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
}

static void write_file(const char *name, const char *text) {
        FILE *f = fopen(path_of(name), "we");

        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs(text, f), 0);
        ck_assert_int_eq(fclose(f), 0);
}

static void read_back(const char *name, struct buffer *ret) {
        FILE *f = fopen(path_of(name), "re");
        char bytes[4096];
        size_t n;

        ck_assert_ptr_nonnull(f);
        *ret = (struct buffer)BUFFER_INIT(OUTPUT_MAX);
        while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
                buffer_add(ret, bytes, n);
        fclose(f);
}

/* Runs a program to its end; the folder's files input, out and err are its streams. Returns its exit status. */
static int run_program(char *const *argv) {
        posix_spawn_file_actions_t actions;
        int status;
        pid_t pid;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, path_of("input"), O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ck_assert_int_eq(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void setup(void) {
        static const struct mock_topic topics[] = {{"measure-started", 6}, {"plan-reviewed", 6}, {"outbox.gi-jbn", 1}, {"inbox.gm0014", 6},
                                                 {"deliveries", 3}, {"dead-letters", 6}};
        char from[4096], to[96], yaml[128];
        char *const copy[] = {(char *)(uintptr_t)"cp", (char *)(uintptr_t)"-r", from, to, NULL};

        cluster_up(&cluster, topics, ELEMENTS(topics));
        snprintf(folder, sizeof(folder), "/tmp/ketenwacht-%d-XXXXXX", (int)getpid());
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(from, sizeof(from), "%s/config", getenv("PROJECT_ROOT"));
        snprintf(to, sizeof(to), "%s/config", folder);
        write_file("input", "");
        ck_assert_int_eq(run_program(copy), 0);
        snprintf(yaml, sizeof(yaml), "prefix: \"%s\"\n", cluster.prefix);
        write_file("config/broker.yaml", yaml);
}

static void teardown(void) {
        char *const remove[] = {(char *)(uintptr_t)"rm", (char *)(uintptr_t)"-rf", folder, NULL};

        ck_assert_int_eq(run_program(remove), 0);
        cluster_down(&cluster);
}

static void parse_lines(struct outcome *o) {
        char *rest = (char *)(uintptr_t)buffer_text(&o->out);

        for (char *line; (line = strsep(&rest, "\n")) && *line;) {
                ck_assert_uint_lt(o->n, LINES_MAX);
                o->lines[o->n] = json_loads(line, 0, NULL);
                ck_assert_msg(o->lines[o->n] != NULL, "no JSON: %s", line);
                o->n++;
        }
}

/* Runs `ketenwacht ARGUMENTS`, which one space divides; @input: its standard input, or NULL. */
static void run(struct outcome *ret, const char *input, const char *arguments) {
        char config[96], schemas[4096], words[512], *rest = words, *argv[ARGUMENTS_MAX];
        size_t n = 0;

        *ret = (struct outcome){0};
        write_file("input", input ? input : "");
        snprintf(config, sizeof(config), "--config=%s/config", folder);
        snprintf(schemas, sizeof(schemas), "--schemas=%s/schemas", getenv("PROJECT_ROOT"));
        snprintf(words, sizeof(words), "%s", arguments);
        argv[n++] = getenv("KETENWACHT");
        for (char *word; (word = strsep(&rest, " "));) {
                ck_assert_uint_lt(n, ARGUMENTS_MAX - 5);
                argv[n++] = word;
        }
        argv[n++] = config;
        argv[n++] = schemas;
        argv[n++] = (char *)(uintptr_t)"--bootstrap";
        argv[n++] = cluster.bootstrap;
        argv[n] = NULL;
        ret->status = run_program(argv);
        read_back("out", &ret->out);
        read_back("err", &ret->err);
        parse_lines(ret);
}

static void done(struct outcome *o) {
        for (size_t i = 0; i < o->n; i++)
                json_decref(o->lines[i]);
        buffer_done(&o->out);
        buffer_done(&o->err);
}

static const char *text_at(const json_t *json, const char *outer, const char *inner) {
        const json_t *value = json_object_get(json, outer);

        return json_string_value(inner ? json_object_get(value, inner) : value);
}

static int64_t number_at(const json_t *json, const char *key) {
        const json_t *value = json_object_get(json, key);

        return json_is_integer(value) ? json_integer_value(value) : -1;
}

static void publish(const char *arguments, const char *input, int status, int published, int rejected) {
        struct outcome o;

        run(&o, input, arguments);
        ck_assert_msg(o.status == status, "status %d: %s", o.status, buffer_text(&o.err));
        ck_assert_uint_ge(o.n, 1);
        ck_assert_int_eq(number_at(o.lines[o.n - 1], "published"), published);
        ck_assert_int_eq(number_at(o.lines[o.n - 1], "rejected"), rejected);
        done(&o);
}

START_TEST(test_rejected_lines) {
        static const char input[] = STARTED("1", CASE_1, "gi-jbn") "\n{\"clock\":\"2022-03-01T10:00:00+01:00\"}\nhello\n" REVIEWED("2", CASE_1)
                STARTED("3", CASE_1, "gm0014");
        static const struct {
                int line;
                const char *code;
        } want[] = {{3, "MALFORMED"}, {4, "MALFORMED"}, {6, "NOT_ALLOWED"}};
        struct outcome o;

        run(&o, input, "publish");
        ck_assert_int_eq(o.status, 1);
        ck_assert_uint_eq(o.n, ELEMENTS(want) + 1);
        for (size_t i = 0; i < ELEMENTS(want); i++) {
                ck_assert_str_eq(text_at(o.lines[i], "effect", NULL), "rejected");
                ck_assert_int_eq(number_at(o.lines[i], "line"), want[i].line);
                ck_assert_str_eq(text_at(o.lines[i], "code", NULL), want[i].code);
        }
        ck_assert_ptr_nonnull(strstr(text_at(o.lines[0], "error", NULL), "clock"));
        ck_assert_int_eq(number_at(o.lines[3], "published"), 2);
        ck_assert_int_eq(number_at(o.lines[3], "rejected"), 3);
        done(&o);
        cluster_shows(&cluster, "measure-started", 1);
        cluster_shows(&cluster, "plan-reviewed", 1);
}
END_TEST

/* What is on the wire: partition, key, headers, body; personal fields only on request. */
START_TEST(test_there_and_back) {
        struct outcome o;

        publish("publish /dev/stdin", STARTED("1", CASE_1, "gi-jbn") STARTED("2", CASE_2, "gi-wss"), 0, 2, 0);
        run(&o, NULL, "tail measure-started plan-reviewed --until-end");
        ck_assert_int_eq(o.status, 0);
        ck_assert_uint_eq(o.n, 2);
        for (size_t i = 0; i < 2; i++) {
                const json_t *r = o.lines[i];
                const char *key = text_at(r, "key", NULL);

                ck_assert_str_eq(text_at(r, "topic", NULL), "measure-started");
                ck_assert_int_eq(number_at(r, "partition"), murmur2_partition(key, strlen(key), 6));
                ck_assert_str_eq(text_at(r, "event", NULL), "measure-started");
                ck_assert_str_eq(text_at(r, "value", "case_id"), key);
                ck_assert_str_eq(text_at(r, "value", "informed_date"), "2022-03-01");
                ck_assert(json_is_null(json_object_get(json_object_get(r, "value"), "birth_date")));
                ck_assert_str_eq(text_at(r, "headers", "ce_id"), text_at(r, "value", "event_id"));
                ck_assert_str_eq(text_at(r, "headers", "ce_type"), "nl.ketenwacht.measure-started.v1");
                ck_assert_str_eq(text_at(r, "headers", "content-type"), "application/avro");
                ck_assert_ptr_nonnull(text_at(r, "headers", "ce_source"));
        }
        done(&o);
        run(&o, NULL, "tail measure-started --clear --until-end --case " CASE_2);
        ck_assert_uint_eq(o.n, 1);
        ck_assert_str_eq(text_at(o.lines[0], "key", NULL), CASE_2);
        ck_assert_str_eq(text_at(o.lines[0], "value", "birth_date"), "2011-05-06");
        done(&o);
}
END_TEST

START_TEST(test_outbox) {
        struct outcome o;

        run(&o, STARTED("1", CASE_1, "gi-jbn") STARTED("2", CASE_2, "gi-wss"), "publish --as gi-jbn -");
        ck_assert_int_eq(o.status, 0);
        ck_assert_ptr_nonnull(strstr(buffer_text(&o.err), "1 events name another source than gi-jbn"));
        done(&o);
        cluster_shows(&cluster, "outbox.gi-jbn", 2);
        ck_assert_uint_eq(cluster_count(&cluster, "measure-started", false), 0);
        run(&o, "", "publish --as gi-jbm");
        ck_assert_int_eq(o.status, 2);
        ck_assert_ptr_nonnull(strstr(buffer_text(&o.err), "'gi-jbn'"));
        ck_assert_uint_eq(o.n, 0);
        done(&o);
}
END_TEST

START_TEST(test_from) {
        static const struct {
                const char *from;
                int status;
                size_t n;
        } rows[] = {{"beginning", 0, 1},        {"end", 0, 0}, {"2020-01-01", 0, 1}, {"2020-01-01T00:00:00Z", 0, 1}, {"2199-01-01", 0, 0},
                    {"yesterday", 2, 0},        {"", 2, 0}};
        char arguments[128];
        struct outcome o;

        publish("publish", REVIEWED("1", CASE_1), 0, 1, 0);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                snprintf(arguments, sizeof(arguments), "tail plan-reviewed --until-end --from %s", rows[i].from);
                run(&o, NULL, arguments);
                ck_assert_msg(o.status == rows[i].status, "%s: status %d: %s", rows[i].from, o.status, buffer_text(&o.err));
                ck_assert_msg(o.n == rows[i].n, "%s: %zu lines", rows[i].from, o.n);
                done(&o);
        }
}
END_TEST

static void send_record(const struct bus_record *record) {
        struct bus_producer *p;
        size_t sent = 0, left = 1;

        ck_ok(bus_producer_open(cluster.bus, &(struct bus_producer_config){.settled = count_report, .ctx = &sent}, &p, &err));
        ck_ok(bus_producer_send(p, record, NULL, &err));
        ck_ok(bus_producer_flush(p, PATIENCE_MS, &left, &err));
        ck_assert_uint_eq(sent, 1);
        bus_producer_close(p);
}

static void send_told(const char *case_id, const char *event_id) {
        const struct bus_header id = {"ce_id", event_id, UUID_TEXT};

        send_record(&(struct bus_record){.topic = "inbox.gm0014", .partition = BUS_BY_KEY, .key = case_id, .key_n = UUID_TEXT, .value = "x", .value_n = 1,
                                         .headers = &id, .headers_n = 1});
}

static struct delivery_record delivery_of(const char *case_id, int64_t offset, const char *event_id) {
        struct delivery_record delivery = {.delivered_at = INT64_C(1646125200000), .organisation = text_of("gm0014"), .connector = text_of("hook-gm0014"),
                                           .partition = murmur2_partition(case_id, UUID_TEXT, 6), .offset = offset, .outcome = DELIVERY_REFUSED,
                                           .status = 400, .attempts = 1, .reason = text_of("the receiver refused it")};

        ck_assert(uuid_parse(event_id, UUID_TEXT, &delivery.event_id));
        return delivery;
}

static void send_delivery(const struct delivery_codec *codec, const struct delivery_record *delivery) {
        struct buffer body = BUFFER_INIT(OUTPUT_MAX);
        struct bus_record record;

        delivery_encode(codec, delivery, &body);
        record = delivery_bus_record("hook-gm0014", &body);
        send_record(&record);
        buffer_done(&body);
}

static void read_codec(struct event_types **types, struct delivery_codec **codec) {
        struct mistakes mistakes = MISTAKES_INIT;
        char schemas[4096];

        snprintf(schemas, sizeof(schemas), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(event_types_read(schemas, types, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_ok(delivery_codec_new(*types, codec, &err));
}

/* The key of a delivery is its connector; two cases that share a partition are still told apart, and so is another event at a place. */
START_TEST(test_deliveries_of_a_case) {
        struct event_types *types;
        struct delivery_codec *codec;
        struct delivery_record rows[] = {delivery_of(CASE_1, 0, EVENT("1")), delivery_of(CASE_2, 0, EVENT("2")), delivery_of(CASE_1, 0, EVENT("3"))};
        struct outcome o;

        read_codec(&types, &codec);
        send_told(CASE_1, EVENT("1"));
        rows[1].offset = rows[0].partition == rows[1].partition ? 1 : 0;
        send_told(CASE_2, EVENT("2"));
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                send_delivery(codec, &rows[i]);
        for (int i = 0; i < 2; i++) {
                run(&o, NULL, i == 0 ? "tail deliveries --until-end --case " CASE_1 : "tail deliveries --until-end --case " CASE_2);
                ck_assert_msg(o.status == 0, "status %d: %s", o.status, buffer_text(&o.err));
                ck_assert_uint_eq(o.n, 1);
                ck_assert_str_eq(text_at(o.lines[0], "key", NULL), "hook-gm0014");
                ck_assert_str_eq(text_at(o.lines[0], "value", "event_id"), i == 0 ? EVENT("1") : EVENT("2"));
                ck_assert_str_eq(text_at(o.lines[0], "value", "outcome"), "REFUSED");
                done(&o);
        }
        delivery_codec_free(codec);
        event_types_free(types);
}
END_TEST

/* What comes into an inbox after it was read is found as well. */
START_TEST(test_mail_goes_on) {
        struct delivery_record first = delivery_of(CASE_1, 0, EVENT("1")), second = delivery_of(CASE_1, 1, EVENT("2")), nowhere = first;
        struct mail *mail;
        struct uuid case_id;

        ck_assert(uuid_parse(CASE_1, UUID_TEXT, &case_id));
        ck_ok(mail_new(cluster.bus, &case_id, &mail));
        send_told(CASE_1, EVENT("1"));
        ck_assert(mail_is_unread(mail, &first));
        ck_ok(mail_read(mail, &first, &err));
        ck_assert(mail_has(mail, &first) && !mail_is_unread(mail, &first));
        ck_assert(mail_is_unread(mail, &second) && !mail_has(mail, &second));
        send_told(CASE_1, EVENT("2"));
        ck_ok(mail_read(mail, &second, &err));
        ck_assert(mail_has(mail, &second) && mail_has(mail, &first));
        nowhere.organisation = text_of("nobody");
        ck_ok(mail_read(mail, &nowhere, &err));
        ck_assert(!mail_has(mail, &nowhere) && !mail_is_unread(mail, &nowhere));
        mail_free(mail);
}
END_TEST

/* An event whose key is not its case: in dead-letters, and in an outbox that a foreign client wrote. */
START_TEST(test_case_behind_another_key) {
        const char *const topics[] = {"measure-started"};
        struct bus_reader *reader;
        struct bus_event event = {0};
        struct outcome o;

        publish("publish", STARTED("1", CASE_1, "gi-jbn"), 0, 1, 0);
        ck_ok(bus_reader_open(cluster.bus, &(struct bus_reader_config){.topics = topics, .topics_n = 1, .partition = BUS_ALL_PARTITIONS}, &reader, &err));
        for (int64_t deadline = cluster_deadline(&cluster); event.kind != BUS_RECORD;) {
                cluster_patience(&cluster, deadline, "the event");
                ck_ok(bus_reader_poll(reader, 100, &event, &err));
        }
        send_record(&(struct bus_record){.topic = "dead-letters", .partition = BUS_BY_KEY, .key = "12", .key_n = 2, .value = event.record.value,
                                         .value_n = event.record.value_n});
        send_record(&(struct bus_record){.topic = "outbox.gi-jbn", .partition = 0, .value = event.record.value, .value_n = event.record.value_n});
        bus_reader_close(reader);
        cluster_write(&cluster, "dead-letters", 0, 5);
        run(&o, NULL, "tail dead-letters outbox.gi-jbn --until-end --case " CASE_1);
        ck_assert_int_eq(o.status, 0);
        ck_assert_uint_eq(o.n, 2);
        for (size_t i = 0; i < o.n; i++)
                ck_assert_str_eq(text_at(o.lines[i], "value", "case_id"), CASE_1);
        done(&o);
        run(&o, NULL, "tail dead-letters outbox.gi-jbn --until-end --case " CASE_2);
        ck_assert_uint_eq(o.n, 0);
        done(&o);
}
END_TEST

START_TEST(test_garbage_does_not_stop_it) {
        struct outcome o;
        size_t broken = 0;

        cluster_write(&cluster, "plan-reviewed", 0, 5);
        publish("publish", REVIEWED("1", CASE_1), 0, 1, 0);
        cluster_write(&cluster, "plan-reviewed", 5, 5);
        run(&o, NULL, "tail plan-reviewed --until-end");
        ck_assert_int_eq(o.status, 0);
        ck_assert_uint_eq(o.n, 11);
        for (size_t i = 0; i < o.n; i++) {
                if (!json_is_null(json_object_get(o.lines[i], "value")))
                        continue;
                broken++;
                ck_assert_int_eq(strncmp(text_at(o.lines[i], "hex", NULL), "763", 3), 0); /* v3 of v0 to v9 */
                ck_assert_ptr_nonnull(text_at(o.lines[i], "error", NULL));
        }
        ck_assert_uint_eq(broken, 10);
        done(&o);
}
END_TEST

START_TEST(test_wrong_usage) {
        static const char *const rows[] = {
                "tail",
                "tail --until-end",
                "tail no-such-topic --until-end",
                "tail plan-reviewed plan-reviewed",
                "tail plan-reviewed --case 12",
                "tail plan-reviewed --form end",
                "publish one two",
                "publish /nowhere/events.jsonl",
        };
        struct outcome o;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                run(&o, NULL, rows[i]);
                ck_assert_msg(o.status == 2, "%s: status %d: %s", rows[i], o.status, buffer_text(&o.err));
                ck_assert_msg(o.err.n > 0, "%s: says nothing", rows[i]);
                ck_assert_uint_eq(o.out.n, 0);
                done(&o);
        }
}
END_TEST

/* A topic that somebody mistyped is not one that is to be made. */
START_TEST(test_nearest_topic) {
        struct outcome o;

        run(&o, NULL, "tail measure-startd plan-reviewed --until-end");
        ck_assert_int_eq(o.status, 2);
        ck_assert_msg(strstr(buffer_text(&o.err), "measure-startd (did you mean 'measure-started'?)"), "%s", buffer_text(&o.err));
        done(&o);
        run(&o, NULL, "tail outbox.jbn --until-end");
        ck_assert_msg(strstr(buffer_text(&o.err), "outbox.jbn (did you mean 'outbox.gi-jbn'?)"), "%s", buffer_text(&o.err));
        done(&o);
}
END_TEST

/* A tail that waits shows what comes, and a signal ends it with status 0. */
#define FOLLOWS 2 /* ended by SIGINT, by SIGTERM */
START_TEST(test_follow) {
        int64_t deadline = cluster_deadline(&cluster);
        char config[96], schemas[4096], line[8192];
        int pipes[2], status;
        FILE *out;
        pid_t pid;

        snprintf(config, sizeof(config), "%s/config", folder);
        snprintf(schemas, sizeof(schemas), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(pipe(pipes), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                dup2(pipes[1], STDOUT_FILENO);
                close(pipes[0]);
                execl(getenv("KETENWACHT"), "ketenwacht", "tail", "plan-reviewed", "--bootstrap", cluster.bootstrap, "--config", config, "--schemas", schemas,
                      (char *)NULL);
                _exit(127);
        }
        close(pipes[1]);
        out = fdopen(pipes[0], "r");
        for (int i = 0; i < 2; i++) {
                publish("publish", i == 0 ? REVIEWED("1", CASE_1) : REVIEWED("2", CASE_1), 0, 1, 0);
                ck_assert_ptr_nonnull(fgets(line, sizeof(line), out));
                ck_assert_ptr_nonnull(strstr(line, i == 0 ? EVENT("1") : EVENT("2")));
        }
        ck_assert_int_eq(kill(pid, _i ? SIGTERM : SIGINT), 0);
        while (waitpid(pid, &status, WNOHANG) == 0)
                cluster_patience(&cluster, deadline, "tail to stop");
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        ck_assert_ptr_null(fgets(line, sizeof(line), out));
        fclose(out);
}
END_TEST

/* Only a real broker keeps open transactions apart. */
START_TEST(test_uncommitted) {
        struct bus_producer *p;
        struct outcome o;
        size_t left;

        if (!cluster_is_real())
                return;
        ck_ok(bus_producer_open(cluster.bus, &(struct bus_producer_config){.transactional_id = "tail-test"}, &p, &err));
        ck_ok(bus_producer_send(p, &(struct bus_record){.topic = "plan-reviewed", .partition = 0, .value = "x", .value_n = 1}, NULL, &err));
        ck_ok(bus_producer_flush(p, PATIENCE_MS, &left, &err));
        run(&o, NULL, "tail plan-reviewed --until-end --uncommitted");
        ck_assert_uint_eq(o.n, 1);
        done(&o);
        ck_ok(bus_producer_abort(p, NULL, &err));
        run(&o, NULL, "tail plan-reviewed --until-end");
        ck_assert_int_eq(o.status, 0);
        ck_assert_uint_eq(o.n, 0);
        done(&o);
        bus_producer_close(p);
}
END_TEST

START_TEST(test_no_broker) {
        struct outcome o;

        if (cluster_is_real())
                return;
        snprintf(cluster.bootstrap, sizeof(cluster.bootstrap), "127.0.0.1:1");
        run(&o, REVIEWED("1", CASE_1), "publish");
        ck_assert_int_eq(o.status, 3);
        ck_assert_uint_eq(o.n, 1);
        ck_assert_int_eq(number_at(o.lines[0], "published"), 0);
        ck_assert_ptr_nonnull(strstr(buffer_text(&o.err), "127.0.0.1:1"));
        done(&o);
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("publish and tail");
        TCase *t = tcase_create("publish_tail");
        SRunner *runner;
        int failed;

        if (argc > 1 && strcmp(argv[1], "mock") == 0)
                unsetenv("KETENWACHT_TEST_BOOTSTRAP");
        else if (!cluster_is_real())
                return 77; /* meson: skipped */
        unsetenv("KETENWACHT_BOOTSTRAP");
        tcase_set_timeout(t, 120);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, test_rejected_lines);
        tcase_add_test(t, test_there_and_back);
        tcase_add_test(t, test_outbox);
        tcase_add_test(t, test_from);
        tcase_add_test(t, test_deliveries_of_a_case);
        tcase_add_test(t, test_mail_goes_on);
        tcase_add_test(t, test_case_behind_another_key);
        tcase_add_test(t, test_garbage_does_not_stop_it);
        tcase_add_test(t, test_wrong_usage);
        tcase_add_test(t, test_nearest_topic);
        tcase_add_loop_test(t, test_follow, 0, FOLLOWS);
        tcase_add_test(t, test_uncommitted);
        tcase_add_test(t, test_no_broker);
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
