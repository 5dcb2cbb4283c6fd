/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: who looks at a broker from outside sees what runs through its topics, how far each group is in records and in time, who has no owner, what a
 * rebalance was, and where a transaction holds everybody up.
 * Method: consumers that are none of ours, of whom every step is known, on topics that no other run has; each time until the picture says what must be
 * so. The embedded broker cannot be asked for groups: there the topics alone.
 */

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "cluster.h"
#include "../unit/http_fixture.h"
#include "../unit/model_fixture.h"
#include "console/process.h"
#include "console/tails.h"
#include "replica/flows.h"

#define FREE "free"
#define PARTITIONS 2

static const struct mock_topic topics[] = {{FREE, PARTITIONS}, {"inbox.gm0014", 1}};

struct trial {
        struct cluster cluster;
        struct config *config;
        struct metrics *metrics;
        struct flows *flows;
};

static void begin(struct trial *t) {
        cluster_up(&t->cluster, topics, ELEMENTS(topics));
        t->config = example_config();
        ck_assert_int_eq(metrics_new(&t->metrics), 0);
        ck_ok(flows_new(&(struct flows_config){.config = t->config, .kafka = &t->cluster.config, .bus = t->cluster.bus, .clock = t->cluster.config.clock,
                                               .metrics = t->metrics}, &t->flows, &err));
}

static void end(struct trial *t) {
        flows_free(t->flows);
        metrics_free(t->metrics);
        config_free(t->config);
        cluster_down(&t->cluster);
}

/* Looks until a picture has it. @while_waiting: the members of groups live meanwhile; may be NULL. */
static void until(struct trial *t, const char *what, bool (*is)(const struct flows_picture *picture), void (*meanwhile)(void *ctx), void *ctx) {
        int64_t deadline = cluster_deadline(&t->cluster);
        uint64_t turn = 0;
        bool so = false;

        while (!so) {
                const struct flows_picture *picture;
                char why[FLOWS_WHY_MAX];

                flows_want(t->flows); /* as a page that is open does */
                picture = flows_borrow(t->flows);
                (void) flows_trouble(t->flows, why);
                ck_assert_msg(clock_monotonic(&t->cluster.config.clock) < deadline, "waited too long for: %s (%s)", what, why);
                so = picture && picture->turn != turn && is(picture);
                turn = picture ? picture->turn : 0;
                flows_give_back(picture);
                if (!so && meanwhile)
                        meanwhile(ctx);
        }
}

/* -- Consumers that are not ours -- */

struct reader {
        struct bus_consumer *consumer;
        size_t owned, read;
        int64_t next[PARTITIONS];
};

static void reader_open(struct trial *t, struct reader *r, const char *group) {
        static const char *const names[] = {FREE};

        *r = (struct reader){0};
        ck_ok(bus_consumer_open(t->cluster.bus, &(struct bus_consumer_config){.group = group, .topics = names, .topics_n = 1}, &r->consumer, &err));
}

static void reader_poll(struct reader *r) {
        struct bus_event event;

        ck_ok(bus_consumer_poll(r->consumer, 20, &event, &err));
        if (event.kind == BUS_ASSIGNED)
                r->owned = event.parts_n;
        if (event.kind == BUS_REVOKED || event.kind == BUS_LOST)
                r->owned = 0;
        if (event.kind != BUS_RECORD)
                return;
        r->read++;
        r->next[event.record.partition] = event.record.offset + 1;
}

static void reader_meanwhile(void *ctx) {
        reader_poll(ctx);
}

/* Is done with the first @done records of each partition, whatever was read. */
static void reader_settle(struct reader *r, int64_t done) {
        for (int32_t p = 0; p < PARTITIONS; p++)
                ck_assert_int_eq(bus_consumer_done(r->consumer, (struct bus_part){0, p}, done < 0 ? r->next[p] : done), 0);
        ck_ok(bus_consumer_commit(r->consumer, &err));
}

static const struct flows_group *others(const struct flows_picture *picture) {
        return flows_group_of(picture, "others");
}

static bool lag_is_six(const struct flows_picture *picture) {
        const struct flows_group *g = others(picture);

        return g && g->waiting == 6 && g->members == 0 && g->unowned == PARTITIONS && g->state == STANDING_EMPTY;
}

static bool nothing_waits(const struct flows_picture *picture) {
        return others(picture) && others(picture)->waiting == 0 && others(picture)->oldest == 0;
}

/* Records in a transaction, of which a marker stands behind the last in each partition. */
static void write_transaction(struct trial *t, struct bus_producer *producer, int n) {
        for (int i = 0; i < n; i++) {
                ck_ok(bus_producer_send(producer, &(struct bus_record){.topic = FREE, .partition = i % PARTITIONS, .value = "v", .value_n = 1}, NULL, &err));
        }
        (void) t;
}

static struct bus_producer *transactional(struct trial *t) {
        static const char *const names[] = {FREE};
        struct bus_producer *producer;

        ck_ok(bus_producer_open(t->cluster.bus, &(struct bus_producer_config){.transactional_id = "writer", .topics = names, .topics_n = 1}, &producer, &err));
        return producer;
}

START_TEST(tells_the_lag_of_a_stranger) {
        const struct flows_picture *picture;
        struct buffer out = BUFFER_INIT(1 << 20);
        struct bus_producer *producer;
        struct reader r;
        struct trial t;
        instant_t began;

        begin(&t);
        began = clock_realtime(&t.cluster.config.clock);
        producer = transactional(&t);
        write_transaction(&t, producer, 10);
        ck_ok(bus_producer_commit(producer, NULL, &err));
        reader_open(&t, &r, "others");
        while (r.read < 10)
                reader_poll(&r);
        reader_settle(&r, 2);
        bus_consumer_close(r.consumer, true);
        until(&t, "six records wait for a group that nobody is in", lag_is_six, NULL, NULL);
        picture = flows_borrow(t.flows);
        ck_assert(others(picture)->oldest >= began - 1000 && others(picture)->oldest <= picture->at && !others(picture)->more);
        ck_assert_int_eq(others(picture)->kind, FLOWS_OTHER);
        ck_assert_int_gt(others(picture)->unowned_since, 0);
        flows_give_back(picture);
        metrics_render(t.metrics, &out);
        ck_assert_msg(strstr(buffer_text(&out), "\nketenwacht_group_lag_records{group=\"others\"} 6\n"), "%s", buffer_text(&out));
        ck_assert_msg(!strstr(buffer_text(&out), "\nketenwacht_group_lag_seconds{group=\"others\"} 0\n"), "%s", buffer_text(&out));
        buffer_done(&out);

        /* Read to the last record: behind it stands the marker, for which nobody waits. */
        reader_open(&t, &r, "others");
        while (r.read < 6)
                reader_poll(&r);
        reader_settle(&r, -1);
        until(&t, "nothing waits", nothing_waits, reader_meanwhile, &r);
        bus_consumer_close(r.consumer, true);
        bus_producer_close(producer);
        end(&t);
}
END_TEST

static bool stands_still(const struct flows_picture *picture) {
        const struct flows_topic *topic = flows_topic_of(picture, FREE);

        return topic && topic->at[0].stable >= 0 && topic->at[0].end > topic->at[0].stable && topic->at[0].open_since > 0;
}

static bool runs_again(const struct flows_picture *picture) {
        const struct flows_topic *topic = flows_topic_of(picture, FREE);

        return topic && topic->at[0].end == topic->at[0].stable && topic->at[0].open_since == 0;
}

START_TEST(sees_a_transaction_that_hangs) {
        const struct flows_picture *picture;
        struct bus_producer *producer;
        const struct flows_topic *topic;
        struct trial t;
        instant_t began;
        size_t left;

        begin(&t);
        producer = transactional(&t);
        began = clock_realtime(&t.cluster.config.clock);
        write_transaction(&t, producer, 2 * PARTITIONS);
        ck_ok(bus_producer_flush(producer, PATIENCE_MS, &left, &err));
        until(&t, "the end of what is decided stands still", stands_still, NULL, NULL);
        picture = flows_borrow(t.flows);
        topic = flows_topic_of(picture, FREE);
        ck_assert_int_eq(topic->at[0].end - topic->at[0].stable, 2);
        ck_assert(topic->at[0].open_since >= began - 1000 && topic->at[0].open_since <= picture->at + 1000);
        flows_give_back(picture);
        ck_ok(bus_producer_commit(producer, NULL, &err));
        until(&t, "all is decided", runs_again, NULL, NULL);
        bus_producer_close(producer);
        end(&t);
}
END_TEST

static bool all_owned(const struct flows_picture *picture) {
        return others(picture) && others(picture)->state == STANDING_STABLE && others(picture)->members == 1 && others(picture)->parts_n == PARTITIONS &&
               others(picture)->unowned == 0;
}

static bool moved(const struct flows_picture *picture) {
        return others(picture) && others(picture)->state == STANDING_STABLE && others(picture)->members == 2 && others(picture)->rebalances == 1;
}

static bool left_alone(const struct flows_picture *picture) {
        return others(picture) && others(picture)->members == 0 && others(picture)->unowned == PARTITIONS && others(picture)->unowned_since > 0;
}

static void both_meanwhile(void *ctx) {
        struct reader *r = ctx;

        reader_poll(&r[0]);
        if (r[1].consumer)
                reader_poll(&r[1]);
}

START_TEST(counts_a_rebalance) {
        const struct flows_picture *picture;
        struct reader r[2] = {{0}};
        struct trial t;

        begin(&t);
        cluster_write(&t.cluster, FREE, 0, 20);
        reader_open(&t, &r[0], "others");
        while (r[0].read < 20)
                reader_poll(&r[0]);
        reader_settle(&r[0], -1);
        until(&t, "one has all", all_owned, both_meanwhile, r);
        reader_open(&t, &r[1], "others");
        until(&t, "the second came", moved, both_meanwhile, r);
        picture = flows_borrow(t.flows);
        ck_assert(others(picture)->rebalanced_at > 0 && others(picture)->rebalance_ms >= 0 && others(picture)->rebalance_ms < PATIENCE_MS);
        ck_assert_int_eq(others(picture)->rebalances_ms, others(picture)->rebalance_ms);
        flows_give_back(picture);
        bus_consumer_close(r[0].consumer, true);
        bus_consumer_close(r[1].consumer, true);
        until(&t, "nobody is left", left_alone, NULL, NULL);
        end(&t);
}
END_TEST

/* The present span, and the one before it, in which it may have begun. */
static int64_t latest_spans(const struct flows_topic *topic) {
        return topic->hour.counts[FLOWS_HOUR_SPANS - 1] + topic->hour.counts[FLOWS_HOUR_SPANS - 2];
}

static bool flowed(const struct flows_picture *picture) {
        const struct flows_topic *topic = flows_topic_of(picture, FREE);

        return topic && topic->stands == 50 && topic->per_second > 0 && latest_spans(topic) == 50;
}

static bool seen_empty(const struct flows_picture *picture) {
        return flows_topic_of(picture, FREE) && flows_topic_of(picture, FREE)->stands == 0;
}

/* Also on the embedded broker. */
START_TEST(tells_what_runs_through_a_topic) {
        const struct flows_picture *picture;
        struct trial t;

        begin(&t);
        until(&t, "an empty topic", seen_empty, NULL, NULL);
        cluster_write(&t.cluster, FREE, 0, 50);
        until(&t, "what came", flowed, NULL, NULL);
        picture = flows_borrow(t.flows);
        ck_assert_int_eq(picture->groups_unknown, !cluster_is_real());
        ck_assert_int_gt(picture->brokers_n, 0);
        ck_assert_int_ge(flows_topic_of(picture, FREE)->newest, picture->at - PATIENCE_MS);
        ck_assert_ptr_null(flows_topic_of(picture, "absent"));
        flows_give_back(picture);
        end(&t);
}
END_TEST

static bool past_known(const struct flows_picture *picture) {
        const struct flows_topic *topic = flows_topic_of(picture, FREE);

        return topic && latest_spans(topic) == 7 && topic->retention_ms > 0 && topic->cleanup && topic->sampled == 7 && topic->bytes_about == 7 * 4;
}

/* What came before it began to look is known by the broker's stamps; how long it stays by the topic's settings; how much it is by its last records. */
START_TEST(knows_what_came_before) {
        struct trial t;

        begin(&t);
        flows_free(t.flows);
        cluster_write(&t.cluster, FREE, 0, 7);
        metrics_free(t.metrics);
        t.metrics = NULL;
        ck_ok(flows_new(&(struct flows_config){.config = t.config, .kafka = &t.cluster.config, .bus = t.cluster.bus, .clock = t.cluster.config.clock}, &t.flows,
                        &err));
        until(&t, "what came before", past_known, NULL, NULL);
        end(&t);
}
END_TEST

/* -- A broker that goes and comes back; only one of our own can be sent away -- */

static void broker_put(const struct trial *t, bool up) {
        rd_kafka_mock_cluster_t *cluster = mock_cluster(t->cluster.mock);

        ck_assert_int_eq(up ? rd_kafka_mock_broker_set_up(cluster, 1) : rd_kafka_mock_broker_set_down(cluster, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* Since when the broker could not be looked at, once it is (@away), or could again. */
static instant_t await_trouble(struct trial *t, bool away) {
        int64_t deadline = cluster_deadline(&t->cluster);
        char why[FLOWS_WHY_MAX];
        instant_t since;

        while (flows_want(t->flows), since = flows_trouble(t->flows, why), (since > 0) != away)
                ck_assert_msg(clock_monotonic(&t->cluster.config.clock) < deadline, "waited too long: %s", why);
        ck_assert_int_eq(why[0] != '\0', away);
        return since;
}

static bool has_five(const struct flows_picture *picture) {
        return flows_topic_of(picture, FREE) && flows_topic_of(picture, FREE)->stands == 5;
}

static bool has_seven(const struct flows_picture *picture) {
        return flows_topic_of(picture, FREE) && flows_topic_of(picture, FREE)->stands == 7;
}

START_TEST(goes_on_when_the_broker_is_back) {
        const struct flows_picture *picture;
        struct trial t;
        instant_t since;
        uint64_t turn;

        begin(&t);
        cluster_write(&t.cluster, FREE, 0, 5);
        until(&t, "what stands there", has_five, NULL, NULL);
        broker_put(&t, false);
        since = await_trouble(&t, true);
        picture = flows_borrow(t.flows); /* what was seen last stays, as of then */
        turn = picture->turn;
        ck_assert(has_five(picture) && picture->at <= since);
        flows_give_back(picture);
        broker_put(&t, true);
        await_trouble(&t, false);
        cluster_write(&t.cluster, FREE, 5, 2);
        until(&t, "what came since", has_seven, NULL, NULL);
        picture = flows_borrow(t.flows);
        ck_assert(picture->turn > turn && picture->at > since);
        flows_give_back(picture);
        end(&t);
}
END_TEST

/* -- The console over it -- */

struct watcher {
        struct buffer got;
        const char *wanted; /* until it stands there */
        size_t messages;
};

static size_t watcher_take(char *bytes, size_t size, size_t n, void *ctx) {
        struct watcher *w = ctx;

        buffer_add(&w->got, bytes, size * n);
        return strstr(buffer_text(&w->got), w->wanted) ? 0 : size * n; /* 0: enough */
}

/* Watches the stream until it says @wanted; what came is in w->got. */
static void watch(uint16_t port, const char *path, const char *wanted, struct watcher *w) {
        CURL *curl = curl_easy_init();
        char url[128];

        *w = (struct watcher){.got = BUFFER_INIT(1 << 20), .wanted = wanted};
        (void) snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", (unsigned)port, path);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE_MS / 1000);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, watcher_take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, w);
        ck_assert_int_eq(curl_easy_perform(curl), CURLE_WRITE_ERROR);
        curl_easy_cleanup(curl);
}

/* Asks until the answer is 200 and has it: at first nothing was seen yet. */
static void page_says(struct trial *t, uint16_t port, const char *path, const char *wanted) {
        int64_t deadline = cluster_deadline(&t->cluster);
        bool so = false;

        while (!so) {
                struct http_reply reply;

                http_ask(&(struct http_question){.port = port, .path = path}, &reply);
                so = reply.status == 200 && strstr(buffer_text(&reply.body), wanted);
                ck_assert_msg(clock_monotonic(&t->cluster.config.clock) < deadline, "%s does not say %s: %s", path, wanted, buffer_text(&reply.body));
                http_done(&reply);
        }
}

static long page_status(uint16_t port, const char *path) {
        struct http_reply reply;
        long status;

        http_ask(&(struct http_question){.port = port, .path = path}, &reply);
        status = reply.status;
        http_done(&reply);
        return status;
}

static void page_says_not(uint16_t port, const char *path, const char *unwanted) {
        struct http_reply reply;

        http_ask(&(struct http_question){.port = port, .path = path}, &reply);
        ck_assert_msg(reply.status == 200 && !strstr(buffer_text(&reply.body), unwanted), "%s: %s", path, buffer_text(&reply.body));
        http_done(&reply);
}

#define LONG_VALUE "0123456789abcdefgh"
#define LONG_HEX "303132333435363738396162636465666768"

static void write_long(struct trial *t) {
        struct bus_producer *p;
        size_t left;

        ck_ok(bus_producer_open(t->cluster.bus, &(struct bus_producer_config){0}, &p, &err));
        ck_ok(bus_producer_send(p, &(struct bus_record){.topic = FREE, .partition = BUS_BY_KEY, .key = "long", .key_n = 4, .value = LONG_VALUE,
                                                        .value_n = strlen(LONG_VALUE)}, NULL, &err));
        ck_ok(bus_producer_flush(p, PATIENCE_MS, &left, &err));
        bus_producer_close(p);
        ck_assert_uint_eq(left, 0);
}

struct writer {
        struct trial *t;
        struct watcher watcher;
        int written;
        size_t records;
};

/* Writes as long as nothing was left out: the reader begins at the end of the topic, whenever that is. */
static int writer_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up) {
        struct writer *w = ctx;

        (void) total;
        (void) now;
        (void) up_total;
        (void) up;
        cluster_write(&w->t->cluster, FREE, w->written, 100);
        w->written += 100;
        return 0;
}

static void follow(struct trial *t, uint16_t port) {
        struct writer w = {.t = t, .watcher = {.got = BUFFER_INIT(8 << 20), .wanted = "event: left_out\ndata: {\"n\":"}};
        CURL *curl = curl_easy_init();
        char url[128];

        (void) snprintf(url, sizeof(url), "http://127.0.0.1:%u/api/stream/" FREE, (unsigned)port);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE_MS / 1000);
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, writer_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &w);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, watcher_take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &w.watcher);
        ck_assert_int_eq(curl_easy_perform(curl), CURLE_WRITE_ERROR);
        curl_easy_cleanup(curl);
        for (const char *at = buffer_text(&w.watcher.got); (at = strstr(at, "event: record\n")); at++)
                w.records++;
        ck_assert_msg(w.records >= TAIL_PER_SECOND && !strstr(buffer_text(&w.watcher.got), "\"hex\""), "%zu records: %s", w.records,
                      buffer_text(&w.watcher.got));
        buffer_done(&w.watcher.got);
}

START_TEST(pages_and_the_stream_say_so) {
        static struct console_settings settings = {.address = "127.0.0.1", .open_on_localhost = true};
        struct console_process *process;
        struct broker_config broker;
        struct watcher w;
        struct trial t;
        uint16_t port;

        begin(&t);
        broker_config_default(&broker);
        ck_ok(console_process_start(&(struct console_process_config){.config = t.config, .broker = &broker, .settings = &settings, .kafka = &t.cluster.config,
                                                                     .bus = t.cluster.bus, .clock = t.cluster.config.clock}, &process, &err));
        port = console_process_port(process);
        page_says(&t, port, "/stromen", "<a href=\"/stromen/" FREE "\">" FREE "</a>");
        page_says(&t, port, "/api/topics?q=" FREE, "\"topic\":\"" FREE "\"");
        page_says(&t, port, "/api/topics?limit=1&after=__z", "\"next\":\"" FREE "\"");
        page_says(&t, port, "/api/overview", "\"code\":\"NO_TOPIC\"");
        page_says(&t, port, "/", "de broker mist");
        cluster_write(&t.cluster, FREE, 0, 50);
        watch(port, "/api/stream", "\"" FREE "\":{\"rate\"", &w);
        ck_assert_msg(strstr(buffer_text(&w.got), "event: overview\ndata: {\"ok\":false,"), "%s", buffer_text(&w.got));
        buffer_done(&w.got);
        page_says(&t, port, "/", "Laatste uur van " FREE);
        page_says(&t, port, "/api/topics/" FREE, "\"stands\":50,\"bytes_about\":300,\"sampled\":"); /* the last ones are of six bytes */
        page_says(&t, port, "/stromen/" FREE, "300 B, uitgepakt en enkel, als alle zo groot zijn als de ");
        page_says(&t, port, "/stromen", "300 B");

        /* What stands there: one of a key, that nobody can decode; of its bytes no more than tell what wrote them. */
        write_long(&t);
        page_says(&t, port, "/api/topics/" FREE "/records?sleutel=k7", "\"end\":\"whole\"");
        page_says(&t, port, "/api/topics/" FREE "/records?sleutel=k7", "\"key\":\"k7\"");
        page_says(&t, port, "/api/topics/" FREE "/records?sleutel=long", "\"hex\":\"30313233343536373839616263646566\"");
        page_says_not(port, "/api/topics/" FREE "/records?sleutel=long", LONG_HEX);
        page_says_not(port, "/api/topics/" FREE "/records?sleutel=k7", "\"key\":\"k8\"");
        page_says(&t, port, "/api/topics/" FREE "/records?partitie=0&offset=0&limit=2", "\"end\":\"limit\",\"looked_at\":2,");
        page_says(&t, port, "/api/topics/" FREE "/records?partitie=0&offset=0&limit=2", "\"next\":{\"partitie\":0,\"offset\":2}");
        page_says(&t, port, "/api/topics/" FREE "/records?id=6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110001", "\"looked_at\":51,\"records\":[]");
        page_says(&t, port, "/stromen/" FREE "?lees=1", "niet te lezen: ");
        page_says(&t, port, "/stromen/" FREE, "De laatste dag, per uur");
        ck_assert_int_eq(page_status(port, "/stromen/absent"), 404);
        ck_assert_int_eq(page_status(port, "/api/stream/absent"), 404);

        /* What comes, for who follows: no more a second than may be looked at, and how many were left out. */
        page_says(&t, port, "/stromen/" FREE "?volg=1", "data-tail=\"/api/stream/" FREE "\"");
        follow(&t, port);
        ck_assert_int_eq(page_status(port, "/api/topics/" FREE "/records?partitie=2"), 400);
        ck_assert_int_eq(page_status(port, "/api/topics/" FREE "/records?offset=2"), 400);
        console_process_stop(process);
        end(&t);
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("flows");
        TCase *tests = tcase_create("flows");
        bool away = argc > 2 && strcmp(argv[2], "away") == 0; /* alone: questions that nobody answers take long */
        SRunner *runner;
        int failed;

        if (!cluster_chosen(argc, argv))
                return CLUSTER_SKIPPED;
        tcase_set_timeout(tests, 2 * PATIENCE_MS / 1000);
        if (away) {
                tcase_add_test(tests, goes_on_when_the_broker_is_back);
        } else {
                tcase_add_test(tests, tells_what_runs_through_a_topic);
                tcase_add_test(tests, pages_and_the_stream_say_so);
        }
        if (!away && cluster_is_real()) {
                tcase_add_test(tests, tells_the_lag_of_a_stranger);
                tcase_add_test(tests, sees_a_transaction_that_hangs);
                tcase_add_test(tests, counts_a_rebalance);
                tcase_add_test(tests, knows_what_came_before);
        }
        suite_add_tcase(suite, tests);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
