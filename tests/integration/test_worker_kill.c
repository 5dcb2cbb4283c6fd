/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: `ketenwacht rules` on a real broker loses nothing and tells nothing twice, however often it is
 * killed with -9 while it works.
 * Method: topics under a prefix that no other run has; a load that goes on while the process is killed at
 * random moments and started again. In the end everything is read and compared: every fact once
 * in case-state, no event_id twice in any output or inbox, and the alerts that are open those which an engine finds
 * that has read the whole input at once. It first proves that there was something to lose: commits between the
 * kills, and records of transactions that the kills cut off.
 *
 * KETENWACHT_TEST_BOOTSTRAP: the broker; without it the test is skipped. KETENWACHT_KILLS: how often (5).
 * KETENWACHT: the program.
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "../unit/worker_fixture.h"
#include "bus/admin.h"
#include "bus/broker_config.h"
#include "bus/kafka.h"

#define SKIPPED 77
#define PARTITIONS 3
#define LIFE_CASES 2000    /* published while the process lives once, at most */
#define BURST_CASES 8
#define BURST_MS 15
#define LIFE_MS_MIN 1500
#define LIFE_MS_MAX 4000
#define WAIT_MS 120000     /* for anything that must come */
#define LOOK_MS 500
#define LIVES_MAX_FACTOR 4 /* times the kills asked for, until one cut off a transaction */

extern char **environ;

struct trial {
        char folder[64], config_dir[FIXTURE_PATH], schemas[FIXTURE_PATH], log[FIXTURE_PATH], prefix[64], once[FIXTURE_PATH];
        const char *bootstrap, *program;
        struct config *config;
        struct arena *arena, *topics_arena;
        struct broker_config broker;
        struct kafka_config kafka;
        struct topics topics;
        struct bus *bus;
        struct bus_producer *producer;
        struct checker published; /* only fed with events; each look makes one of its own for what it reads */
        char (*lines)[FIXTURE_JSON];
        size_t n_lines, capacity;
        struct buffer body;
        uint64_t seed, random;
        instant_t now;
        unsigned cases;
        pid_t process;
};

static int64_t monotonic(void) {
        struct clock clock = clock_system();

        return clock_monotonic(&clock);
}

static void wait_ms(int ms) {
        (void) poll(NULL, 0, ms); /* nothing to be woken by but the time */
}

/* -- Topics -- */

static void each_topic(struct trial *t, void (*visit)(struct trial *, struct admin *, const struct topic_wanted *)) {
        struct admin *admin;
        struct error err = {0};

        ck_assert_msg(admin_new(&t->kafka, &admin, &err) == 0, "%s", err.text);
        for (size_t i = 0; i < t->topics.n; i++)
                visit(t, admin, &t->topics.items[i]);
        admin_free(admin);
}

static void make_topic(struct trial *t, struct admin *admin, const struct topic_wanted *topic) {
        struct admin_topic wanted = {.name = topic->topic,
                                     .partitions = topic->partitions,
                                     .replication = topic->replication,
                                     .settings = topic->settings,
                                     .settings_n = topic->settings_n};
        struct error err = {0};

        (void) t;
        ck_assert_msg(admin_topic_make(admin, &wanted, &err) == 0, "%s", err.text);
}

static void delete_topic(struct trial *t, struct admin *admin, const struct topic_wanted *topic) {
        struct error err = {0};

        (void) t;
        if (admin_topic_delete(admin, topic->topic, &err))
                fprintf(stderr, "%s\n", err.text);
}

static void list_topics(struct trial *t) {
        const char *events[EVENT_TYPES_MAX], *orgs[64];
        size_t n_events = 0, n_orgs = organisations_count(t->config->organisations);
        struct error err = {0};

        for (size_t i = 0; i < event_types_count(t->config->types); i++) {
                if (!event_types_at(t->config->types, i)->output)
                        events[n_events++] = event_types_at(t->config->types, i)->name;
        }
        ck_assert_uint_le(n_orgs, ELEMENTS(orgs));
        for (size_t i = 0; i < n_orgs; i++)
                orgs[i] = organisations_at(t->config->organisations, i)->id;
        ck_assert_msg(topics_wanted(&t->broker, events, n_events, orgs, n_orgs, t->topics_arena, &t->topics, &err) == 0, "%s", err.text);
}

static void begin(struct trial *t) {
        char text[512], path[FIXTURE_PATH];
        struct broker_errors *errors = calloc(1, sizeof(*errors));
        struct clock clock = clock_system();

        (void) snprintf(t->folder, sizeof(t->folder), "/tmp/ketenwacht-kill-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(t->folder));
        fixture_path(t->config_dir, t->folder, "config");
        fixture_path(t->log, t->folder, "log");
        fixture_path(t->once, t->folder, "once");
        t->now = clock_realtime(&clock);
        t->seed = (uint64_t)t->now;
        t->random = t->seed;
        (void) snprintf(t->prefix, sizeof(t->prefix), "t%" PRId64 "-%d.", t->now, (int)getpid());
        fixture_make(t->folder, "config");
        fixture_config(t->config_dir, "1\n");
        (void) snprintf(text, sizeof(text), "bootstrap: %s\nprefix: \"%s\"\npartitions: %d\nreplication: 1\n", t->bootstrap, t->prefix, PARTITIONS);
        fixture_write(t->config_dir, "broker.yaml", text, strlen(text));
        (void) fixture_schemas(t->schemas);
        t->config = fixture_read_config(t->config_dir, t->schemas);
        ck_assert_int_eq(arena_new(&t->arena, (size_t)64 << 20), 0);
        ck_assert_int_eq(arena_new(&t->topics_arena, (size_t)16 << 20), 0);
        fixture_path(path, t->config_dir, "broker.yaml");
        ck_assert_msg(broker_config_read(path, t->topics_arena, &t->broker, errors) == 0, "%s", errors->items[0].text);
        free(errors);
        broker_config_kafka(&t->broker, t->bootstrap, &t->kafka);
        t->kafka.clock = clock;
        list_topics(t);
        each_topic(t, make_topic);
        t->published = checker_new(t->config);
        t->body.max = (size_t)1 << 20;
}

static void open_bus(struct trial *t) {
        const struct bus_producer_config config = {0};
        struct error err = {0};

        ck_assert_msg(kafka_bus_new(&t->kafka, &t->bus, &err) == 0, "%s", err.text);
        ck_assert_msg(bus_producer_open(t->bus, &config, &t->producer, &err) == 0, "%s", err.text);
}

/* -- The process -- */

static pid_t start(struct trial *t, const char *const *more, const char *output) {
        const char *argv[24] = {t->program,     "rules",      "--config", t->config_dir, "--schemas", t->schemas,
                                "--bootstrap", t->bootstrap, "--instance", "one"};
        posix_spawn_file_actions_t actions;
        size_t n = 10;
        pid_t pid;

        for (; more && *more; more++)
                argv[n++] = *more;
        ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
        ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, t->log, O_WRONLY | O_CREAT | O_APPEND, 0600), 0);
        if (output)
                ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
        ck_assert_int_eq(posix_spawn(&pid, t->program, &actions, NULL, (char *const *)(uintptr_t)argv, environ), 0);
        (void) posix_spawn_file_actions_destroy(&actions);
        return pid;
}

/* Waits for the process to end; its wait status. */
static int reap(pid_t pid) {
        int64_t until = monotonic() + WAIT_MS;
        int status;
        pid_t got;

        while ((got = waitpid(pid, &status, WNOHANG)) == 0 && monotonic() < until)
                wait_ms(20);
        if (got == 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, &status, 0);
                ck_abort_msg("the process does not end");
        }
        return status;
}

static void kill_hard(struct trial *t) {
        int status;

        ck_assert_msg(waitpid(t->process, &status, WNOHANG) == 0, "the worker ended by itself; its log is %s", t->log);
        ck_assert_int_eq(kill(t->process, SIGKILL), 0);
        status = reap(t->process);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* -- The load -- */

static void publish_case(struct trial *t) {
        char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];
        size_t n = fixture_load_case(t->seed, t->cases++, t->now, json);

        for (size_t i = 0; i < n; i++) {
                char key[UUID_TEXT + 1];
                struct error err = {0};
                int r;

                checker_event(&t->published, json[i], t->now);
                arena_reset(t->arena);
                struct event event = fixture_event(t->config, json[i], t->arena);

                fixture_encode(&event, &t->body);
                uuid_format(&event.slots[SLOT_CASE_ID].u, key);
                const struct bus_record record = {.topic = event.type->name,
                                                  .partition = BUS_BY_KEY,
                                                  .key = key,
                                                  .key_n = UUID_TEXT,
                                                  .value = t->body.bytes,
                                                  .value_n = t->body.n};

                while ((r = bus_producer_send(t->producer, &record, NULL, &err)) == BUS_E_FULL)
                        ck_assert_int_eq(bus_producer_poll(t->producer, 10, &err), 0);
                ck_assert_msg(r == 0, "%s", err.text);
        }
}

static void publish_for(struct trial *t, int64_t ms) {
        int64_t until = monotonic() + ms;
        unsigned left = LIFE_CASES;
        struct error err = {0};

        while (monotonic() < until) {
                for (unsigned i = 0; i < BURST_CASES && left > 0; i++, left--)
                        publish_case(t);
                ck_assert_int_eq(bus_producer_poll(t->producer, 0, &err), 0);
                wait_ms(BURST_MS);
        }
}

/* -- Looking -- */

struct look {
        struct checker checker; /* rows and tellings only */
        size_t records;
};

static size_t read_topic(struct trial *t, const char *topic, bool uncommitted, struct checker *into) {
        struct bus_reader_config config = {
                .topics = &topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING, .until_end = true, .uncommitted = uncommitted};
        struct bus_reader *reader;
        struct bus_event event;
        struct error err = {0};
        size_t n = 0;

        ck_assert_msg(bus_reader_open(t->bus, &config, &reader, &err) == 0, "%s", err.text);
        for (;;) {
                ck_assert_msg(bus_reader_poll(reader, 100, &event, &err) == 0, "%s", err.text);
                if (event.kind == BUS_END)
                        break;
                if (event.kind != BUS_RECORD)
                        continue;
                n++;
                if (into && strcmp(topic, TOPIC_CASE_STATE) == 0)
                        checker_row(into, event.record.key, event.record.key_n, event.record.value, event.record.value_n);
                else if (into)
                        checker_told(into, topic, event.record.value, event.record.value_n);
        }
        bus_reader_close(reader);
        return n;
}

/* Facts that are committed in case-state. */
static size_t committed_facts(struct trial *t) {
        struct checker checker = checker_new(t->config);
        size_t facts = 0;

        (void) read_topic(t, TOPIC_CASE_STATE, false, &checker);
        for (size_t i = 0; i < checker.state.table.capacity; i++) {
                const struct table_entry *entry = &checker.state.table.entries[i];

                facts += entry->value && ((const uint8_t *)entry->key)[16] == ROW_FACT;
        }
        checker_done(&checker);
        return facts;
}

static size_t cut_off(struct trial *t) {
        return read_topic(t, TOPIC_CASE_STATE, true, NULL) - read_topic(t, TOPIC_CASE_STATE, false, NULL);
}

/* Alerts that are open in case-state. */
static size_t open_alerts(struct trial *t) {
        struct checker checker = checker_new(t->config);
        struct row_codec *codec;
        size_t open = 0;

        ck_assert_int_eq(row_codec_new(&codec), 0);
        (void) read_topic(t, TOPIC_CASE_STATE, false, &checker);
        for (size_t i = 0; i < checker.state.table.capacity; i++) {
                const struct table_entry *at = &checker.state.table.entries[i];
                const struct seen_entry *entry = at->value;
                struct row_alert alert;
                struct error err;

                if (entry && ((const uint8_t *)at->key)[16] == ROW_ALERT) {
                        ck_assert_int_eq(row_read_alert(codec, entry->value, entry->n, &alert, &err), 0);
                        open += alert.open;
                }
        }
        row_codec_free(codec);
        checker_done(&checker);
        return open;
}

static void wait_for(struct trial *t, size_t (*count)(struct trial *), size_t wanted, const char *what) {
        int64_t until = monotonic() + WAIT_MS;
        size_t got;

        while ((got = count(t)) != wanted) {
                ck_assert_msg(monotonic() < until, "%zu %s, expected %zu; the log is %s", got, what, wanted, t->log);
                ck_assert_msg(waitpid(t->process, NULL, WNOHANG) == 0, "the worker ended by itself; its log is %s", t->log);
                wait_ms(LOOK_MS);
        }
}

/* -- The trial -- */

static unsigned kills(void) {
        const char *text = getenv("KETENWACHT_KILLS");
        int64_t n;

        return text && text_to_int64(text_of(text), &n) && n > 0 ? (unsigned)n : 5;
}

static void live_and_die(struct trial *t) {
        unsigned wanted = kills(), progress = 0;
        size_t cut = 0, before = 0;

        for (unsigned life = 0; life < wanted || (cut == 0 && life < LIVES_MAX_FACTOR * wanted); life++) {
                t->process = start(t, NULL, NULL);
                publish_for(t, LIFE_MS_MIN + (int64_t)(fixture_random(&t->random) % (LIFE_MS_MAX - LIFE_MS_MIN)));
                kill_hard(t);
                size_t facts = committed_facts(t);

                progress += facts > before;
                cut = cut_off(t);
                fprintf(stderr, "life %u: %zu facts committed, %zu of %zu published; %zu rows of cut off transactions\n", life + 1, facts - before, facts,
                        t->published.facts, cut);
                before = facts;
        }
        ck_assert_msg(progress > 0, "the kills came too soon: nothing was ever committed");
        ck_assert_msg(cut > 0, "no kill cut off a transaction: nothing was tried");
}

static size_t expected_alerts(struct trial *t) {
        struct casefile *file;
        size_t n = 0;

        for (size_t i = 0; (file = store_iterate(t->published.store, &i));) {
                const struct outcome *outcome;

                ck_assert_int_eq(engine_evaluate(t->published.engine, t->published.store, file, t->now, &outcome), 0);
                for (size_t k = 0; k < outcome->n_effects; k++)
                        n += outcome->effects[k].kind == EFFECT_RAISED;
        }
        store_rollback(t->published.store); /* as it was before, for the comparison */
        return n;
}

static void compare(struct trial *t) {
        for (size_t i = 0; i < t->topics.n; i++) {
                const char *topic = t->topics.items[i].name;

                if (strcmp(topic, TOPIC_CASE_STATE) == 0 || strcmp(topic, TOPIC_PLAN_DUE) == 0 || strncmp(topic, "escalation-", 11) == 0 ||
                    strncmp(topic, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0)
                        (void) read_topic(t, topic, false, &t->published);
        }
        checker_compare(&t->published, t->now);
        ck_assert_uint_eq(read_topic(t, TOPIC_DEAD_LETTERS, false, NULL), 0);
}

static void check_once(struct trial *t) {
        static const char *const more[] = {"--once", NULL};
        struct error err;
        char *text;
        size_t n;
        int status = reap(start(t, more, t->once));

        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "--once ended with %d; the log is %s", status, t->log);
        ck_assert_int_eq(file_read(t->once, &text, &n, &err), 0);
        ck_assert_str_eq(text, "{\"facts\":0,\"told\":0,\"dead\":0}\n");
        free(text);
}

static struct trial *trial_new(void) {
        struct trial *t = calloc(1, sizeof(*t));

        ck_assert_ptr_nonnull(t);
        t->bootstrap = getenv("KETENWACHT_TEST_BOOTSTRAP");
        t->program = getenv("KETENWACHT");
        begin(t);
        fprintf(stderr, "seed %" PRIu64 ", prefix %s\n", t->seed, t->prefix);
        open_bus(t);
        return t;
}

static void trial_done(struct trial *t) {
        bus_producer_close(t->producer);
        bus_free(t->bus);
        each_topic(t, delete_topic);
        fixture_remove(t->folder); /* a trial that failed leaves its log */
        checker_done(&t->published);
        config_free(t->config);
        arena_free(t->arena);
        arena_free(t->topics_arena);
        buffer_done(&t->body);
        free(t);
}

static void stop(struct trial *t) {
        ck_assert_int_eq(kill(t->process, SIGTERM), 0);
        int status = reap(t->process);

        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the stop ended with %d; the log is %s", status, t->log);
}

START_TEST(killed_again_and_again) {
        struct trial *t = trial_new();
        struct error err = {0};
        size_t left;

        live_and_die(t);
        ck_assert_int_eq(bus_producer_flush(t->producer, 10000, &left, &err), 0);
        ck_assert_uint_eq(left, 0);
        store_commit(t->published.store);
        t->process = start(t, NULL, NULL);
        wait_for(t, committed_facts, t->published.facts, "facts are committed");
        wait_for(t, open_alerts, expected_alerts(t), "alerts are open");
        stop(t);
        check_once(t);
        compare(t);
        trial_done(t);
}
END_TEST

START_TEST(the_younger_of_one_name_stays) {
        struct trial *t = trial_new();
        struct error err;
        char *text;
        size_t n;
        pid_t older;
        int status;

        publish_case(t);
        older = t->process = start(t, NULL, NULL);
        wait_for(t, committed_facts, t->published.facts, "facts are committed");
        t->process = start(t, NULL, NULL);
        publish_case(t); /* gives the older one something to commit, should it not have noticed */
        status = reap(older);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "the older one ended with %d; the log is %s", status, t->log);
        wait_for(t, committed_facts, t->published.facts, "facts are committed");
        stop(t);
        ck_assert_int_eq(file_read(t->log, &text, &n, &err), 0);
        ck_assert_msg(strstr(text, "another") != NULL && strstr(text, "one-1") != NULL, "the log is %s", t->log);
        free(text);
        trial_done(t);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker_kill");
        TCase *tc = tcase_create("kill -9");
        SRunner *runner;
        int failed;

        if (!getenv("KETENWACHT_TEST_BOOTSTRAP") || !getenv("KETENWACHT"))
                return SKIPPED;
        tcase_set_timeout(tc, 60.0 * 60);
        tcase_add_test(tc, killed_again_and_again);
        tcase_add_test(tc, the_younger_of_one_name_stays);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
