/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench admission`: what one record of an outbox costs, beside bare librdkafka that only copies it
 *
 * Outboxes are filled with a load of the four deadlines (bench/load.h), each event in that of its source. Then, in turns, the connector
 * admits all of them to the topics of their types, and bare librdkafka (the floor) copies the same records, headers included, to one topic, in
 * transactions with their place that are as large. Both in this process, so that its CPU time is theirs; each reads the outboxes as a group of its own.
 */

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "bench/load.h"
#include "bench/load_send.h"
#include "bench/site.h"
#include "cluster/topics.h"
#include "connect/passage.h"
#include "connectors/connector.h"

#define ADMISSION_ROUNDS 3
#define ADMISSION_CASES 40000
#define ADMISSION_STEP_MS 10
#define ADMISSION_LOOK_MS 50   /* between two looks at how far it is */
#define ADMISSION_NAME "bench-admission"
#define FLOOR_TOPIC "measure-started"
#define FLOOR_CALL_MS 30000
#define METRIC_PASSED "\nketenwacht_connect_passed_on_total "
#define TEXT_BYTES_MAX ((size_t)1 << 20)

struct admission_bench {
        struct bench_arguments arguments;
        const char *bootstrap;
        int64_t cases;
        struct config *config;
        struct stop stop;
        struct site site;
        struct bench_load_result load;
        double admission_us[ADMISSION_ROUNDS], floor_us[ADMISSION_ROUNDS]; /* of CPU, a record */
        double ratios[ADMISSION_ROUNDS];
};

static int64_t admission_now_ms(void) {
        struct clock clock = clock_system();

        return clock_monotonic(&clock);
}

static uint64_t admission_random(void *ctx) {
        (void) ctx;
        return 0;
}

static double admission_us_per_record(const struct admission_bench *b, int64_t cpu_ns) {
        return (double)(clock_cpu_ns() - cpu_ns) / 1e3 / (double)b->load.events;
}

/* -- Filling -- */

static int admission_fill(struct admission_bench *b, struct error *err) {
        CLEANUP(bench_load_free_p) struct bench_load *load = NULL;
        struct clock clock = clock_system();
        const struct bench_load_config config = {.config = b->config, .shape = BENCH_LOAD_FOUR, .cases = (uint64_t)b->cases, .seed = BENCH_LOAD_SEED,
                                                 .now = clock_realtime(&clock)};
        int r = bench_load_new(&config, &load, err);

        return r ? r : bench_load_write_outboxes(load, b->site.broker.bus, &clock, &b->load, err);
}

/* -- The connector -- */

/* How many records it has passed on and committed. */
static uint64_t admission_passed(struct metrics *metrics, struct buffer *text) {
        const char *at;
        int64_t n = 0;

        buffer_clear(text);
        metrics_render(metrics, text);
        at = strstr(buffer_text(text), METRIC_PASSED);
        if (at)
                at += strlen(METRIC_PASSED);
        return at && text_to_int64((struct text){at, strcspn(at, "\n")}, &n) ? (uint64_t)n : 0;
}

static int admission_turn(struct admission_bench *b, struct runtime *runtime, struct metrics *metrics, double *ret_us, struct error *err) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(TEXT_BYTES_MAX);
        struct runtime_status status = {0};
        int64_t looked = 0, began = admission_now_ms(), cpu = 0;
        int r = 0;

        while (r == 0 && admission_now_ms() - began < SITE_STUCK_MS) {
                r = runtime_turn(runtime, ADMISSION_STEP_MS, err);
                runtime_status(runtime, &status);
                if (!cpu && status.assigned)
                        cpu = clock_cpu_ns();
                if (admission_now_ms() - looked < ADMISSION_LOOK_MS)
                        continue;
                looked = admission_now_ms();
                if (admission_passed(metrics, &text) >= b->load.events) {
                        *ret_us = admission_us_per_record(b, cpu);
                        return runtime_stop(runtime, err);
                }
                if (stop_wait(&b->stop, 0))
                        return bench_stopped(err);
        }
        if (r == 0)
                error_set(err, "not all of the outboxes was admitted within %d seconds", SITE_STUCK_MS / 1000);
        return r ? r : -ETIMEDOUT;
}

static int admission_read_file(const struct admission_bench *b, unsigned round, struct connect_file **ret, struct error *err) {
        struct mistakes mistakes = MISTAKES_INIT;
        char path[sizeof(b->site.folder) + 32];
        FILE *f;
        int r;

        (void) snprintf(path, sizeof(path), "%s/admission.yaml", b->site.folder);
        f = fopen(path, "we");
        if (!f || fprintf(f, "connector: admission\nname: " ADMISSION_NAME "-%u\n", round) < 0 || fclose(f)) {
                error_set(err, "%s cannot be written", path);
                return -EIO;
        }
        r = connect_file_read(path, connectors, b->config->organisations, NULL, ret, &mistakes);
        if (r)
                error_set(err, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        return r;
}

static int admission_round(struct admission_bench *b, unsigned round, double *ret_us, struct error *err) {
        CLEANUP(connect_file_free_p) struct connect_file *file = NULL;
        CLEANUP(metrics_free_p) struct metrics *metrics = NULL;
        CLEANUP(runtime_free_p) struct runtime *runtime = NULL;
        struct runtime_config config = {.bus = b->site.broker.bus, .types = b->config->types, .organisations = b->config->organisations,
                                        .clock = clock_system(), .random = admission_random, .log = &b->site.log};
        int r = admission_read_file(b, round, &file, err);

        if (r == 0)
                r = metrics_new(&metrics);
        if (r)
                return r;
        config.file = file;
        config.metrics = metrics;
        r = runtime_open(&config, &runtime, err);
        return r ? r : admission_turn(b, runtime, metrics, ret_us, err);
}

/* -- The floor -- */

struct floor {
        rd_kafka_t *consumer, *producer;
        rd_kafka_topic_t *topic;
        rd_kafka_topic_partition_list_t *parts; /* of the outboxes: where it is */
        struct table places;                    /* of them in the list, by topic */
        uint64_t copied;
};

static int floor_failed(const char *what, const char *why, struct error *err) {
        error_set(err, "bare librdkafka: %s: %s", what, why);
        return -EIO;
}

static int floor_handle(const struct admission_bench *b, rd_kafka_type_t type, unsigned round, rd_kafka_t **ret, struct error *err) {
        char name[BUS_NAME_MAX + 1], why[512];
        const struct {
                const char *name, *value;
        } rows[] = {{"bootstrap.servers", b->site.bootstrap},
                    {"socket.nagle.disable", "true"},
                    {type == RD_KAFKA_CONSUMER ? "group.id" : "transactional.id", name},
                    {type == RD_KAFKA_CONSUMER ? "isolation.level" : "partitioner", type == RD_KAFKA_CONSUMER ? "read_committed" : "murmur2_random"},
                    {type == RD_KAFKA_CONSUMER ? "check.crcs" : "delivery.report.only.error", "true"},
                    {type == RD_KAFKA_CONSUMER ? "enable.auto.commit" : "enable.idempotence", type == RD_KAFKA_CONSUMER ? "false" : "true"},
                    {type == RD_KAFKA_CONSUMER ? "queued.min.messages" : "queue.buffering.max.messages",
                     type == RD_KAFKA_CONSUMER ? "200000" : "500000"}};
        rd_kafka_conf_t *conf = rd_kafka_conf_new();

        (void) snprintf(name, sizeof(name), "%sfloor-%u", b->site.prefix, round);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (rd_kafka_conf_set(conf, rows[i].name, rows[i].value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
                        return floor_failed(rows[i].name, why, err);
        }
        for (size_t i = 0; i < b->site.broker.kafka.properties_n; i++) {
                const struct kafka_property *p = &b->site.broker.kafka.properties[i];

                if (rd_kafka_conf_set(conf, p->name, p->value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
                        return floor_failed(p->name, why, err);
        }
        *ret = rd_kafka_new(type, conf, why, sizeof(why));
        return *ret ? 0 : floor_failed("opening", why, err);
}

static int floor_error(const char *what, rd_kafka_error_t *error, struct error *err) {
        int r = error ? floor_failed(what, rd_kafka_error_string(error), err) : 0;

        if (error)
                rd_kafka_error_destroy(error);
        return r;
}

static int floor_open(struct floor *f, const struct admission_bench *b, unsigned round, struct error *err) {
        char name[BUS_NAME_MAX + 1];
        int r = floor_handle(b, RD_KAFKA_CONSUMER, round, &f->consumer, err);

        if (r == 0)
                r = floor_handle(b, RD_KAFKA_PRODUCER, round, &f->producer, err);
        if (r)
                return r;
        (void) snprintf(name, sizeof(name), "%s" FLOOR_TOPIC, b->site.prefix);
        f->topic = rd_kafka_topic_new(f->producer, name, NULL);
        f->parts = rd_kafka_topic_partition_list_new(16);
        for (size_t i = 0; i < b->site.topics.n; i++) {
                const struct topic_wanted *t = &b->site.topics.items[i];

                if (strncmp(t->name, TOPIC_OUTBOX_PREFIX, strlen(TOPIC_OUTBOX_PREFIX)) != 0)
                        continue;
                rd_kafka_topic_partition_list_add(f->parts, t->topic, 0)->offset = 0;
        }
        for (int i = 0; i < f->parts->cnt; i++) {
                if (table_put(&f->places, f->parts->elems[i].topic, strlen(f->parts->elems[i].topic), &f->parts->elems[i]))
                        return -ENOMEM;
        }
        if (!f->topic || rd_kafka_poll_set_consumer(f->consumer) || rd_kafka_assign(f->consumer, f->parts))
                return floor_failed("beginning to read", rd_kafka_err2str(rd_kafka_last_error()), err);
        return floor_error("taking up the transactional id", rd_kafka_init_transactions(f->producer, FLOOR_CALL_MS), err);
}

static void floor_close(struct floor *f) {
        table_done(&f->places);
        if (f->parts)
                rd_kafka_topic_partition_list_destroy(f->parts);
        if (f->topic)
                rd_kafka_topic_destroy(f->topic);
        if (f->producer)
                rd_kafka_destroy(f->producer);
        if (f->consumer)
                rd_kafka_destroy(f->consumer);
}

static int floor_copy(struct floor *f, rd_kafka_message_t *message, struct error *err) {
        const char *topic = rd_kafka_topic_name(message->rkt);
        rd_kafka_topic_partition_t *place = table_get(&f->places, topic, strlen(topic));
        rd_kafka_headers_t *headers;
        rd_kafka_resp_err_t code;

        if (message->err || !place)
                return message->err ? floor_failed("reading", rd_kafka_message_errstr(message), err) : -EPROTO;
        headers = rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_headers_copy(headers) : rd_kafka_headers_new(0);
        code = rd_kafka_producev(f->producer, RD_KAFKA_V_RKT(f->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
                                 RD_KAFKA_V_KEY(message->key, message->key_len), RD_KAFKA_V_VALUE(message->payload, message->len),
                                 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (code)
                return floor_failed("copying", rd_kafka_err2str(code), err);
        place->offset = message->offset + 1;
        f->copied++;
        return 0;
}

static int floor_commit(struct floor *f, struct error *err) {
        rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(f->consumer);
        int r = floor_error("committing offsets", rd_kafka_send_offsets_to_transaction(f->producer, f->parts, group, FLOOR_CALL_MS), err);

        rd_kafka_consumer_group_metadata_destroy(group);
        return r ? r : floor_error("the commit", rd_kafka_commit_transaction(f->producer, FLOOR_CALL_MS), err);
}

/* Until all is copied: transactions of the size and age of the connector's. */
static int floor_run(struct floor *f, struct admission_bench *b, struct error *err) {
        int64_t began = admission_now_ms();
        int r = 0;

        while (r == 0 && f->copied < b->load.events && admission_now_ms() - began < SITE_STUCK_MS) {
                int64_t first = admission_now_ms();
                uint64_t before = f->copied;

                r = floor_error("beginning a transaction", rd_kafka_begin_transaction(f->producer), err);
                while (r == 0 && f->copied < b->load.events && f->copied - before < PASSAGE_RECORDS && admission_now_ms() - first < PASSAGE_AGE_MS) {
                        rd_kafka_message_t *message = rd_kafka_consumer_poll(f->consumer, ADMISSION_STEP_MS);

                        if (!message)
                                continue;
                        r = floor_copy(f, message, err);
                        rd_kafka_message_destroy(message);
                }
                if (r == 0)
                        r = floor_commit(f, err);
                if (r == 0 && stop_wait(&b->stop, 0))
                        r = bench_stopped(err);
        }
        if (r == 0 && f->copied < b->load.events) {
                error_set(err, "not all of the outboxes was copied within %d seconds", SITE_STUCK_MS / 1000);
                r = -ETIMEDOUT;
        }
        return r;
}

static int floor_round(struct admission_bench *b, unsigned round, double *ret_us, struct error *err) {
        struct floor f = {0};
        int r = floor_open(&f, b, round, err);
        int64_t cpu = clock_cpu_ns();

        if (r == 0)
                r = floor_run(&f, b, err);
        *ret_us = admission_us_per_record(b, cpu);
        floor_close(&f);
        return r;
}

/* -- All -- */

static int admission_measure(struct admission_bench *b, struct error *err) {
        int r;

        bench_say("fills the outboxes with %lld cases", (long long)b->cases);
        r = admission_fill(b, err);
        for (unsigned i = 0; r == 0 && i < ADMISSION_ROUNDS; i++) {
                bench_say("round %u of %d", i + 1, ADMISSION_ROUNDS);
                r = floor_round(b, i, &b->floor_us[i], err);
                if (r == 0)
                        r = admission_round(b, i, &b->admission_us[i], err);
                if (r == 0)
                        b->ratios[i] = b->admission_us[i] / b->floor_us[i];
        }
        return r > 0 ? -EIO : r;
}

static void admission_print(struct admission_bench *b) {
        double admission = bench_middle(b->admission_us, ADMISSION_ROUNDS), floor = bench_middle(b->floor_us, ADMISSION_ROUNDS),
               ratio = bench_middle(b->ratios, ADMISSION_ROUNDS);

        if (b->arguments.json)
                printf("{\"events\":%llu,\"records_per_s_core\":%.0f,\"cpu_us_per_record\":%.2f,\"floor_records_per_s_core\":%.0f,"
                       "\"floor_cpu_us_per_record\":%.2f,\"ratio\":%.2f}\n",
                       (unsigned long long)b->load.events, 1e6 / admission, admission, 1e6 / floor, floor, ratio);
        else
                printf("admission: %llu records, %.0f records/s of one core (%.2f us CPU a record)\n"
                       "bare librdkafka that copies them: %.0f records/s of one core (%.2f us); admission needs %.2f times as much\n",
                       (unsigned long long)b->load.events, 1e6 / admission, admission, 1e6 / floor, floor, ratio);
}

static int admission_run(int argc, char **argv, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct admission_bench));
        struct admission_bench *b = memory;
        const char *cases = NULL;
        struct error last = {.text = ""};
        int status, r = 0;

        if (!b)
                return EXIT_BROKER;
        b->arguments = (struct bench_arguments)BENCH_ARGUMENTS_DEFAULT;
        b->cases = ADMISSION_CASES;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&b->arguments), OPTION_TEXT_ROW("--bootstrap", &b->bootstrap), OPTION_TEXT_ROW("--cases", &cases), OPTION_END_ROW,
        };
        status = bench_options(argc, argv, options);
        if (status == 0)
                status = bench_number(argv[0], "--cases", cases, 1, BENCH_LOAD_CASES_MAX, &b->cases);
        if (status == 0)
                status = bench_configuration(&b->arguments, &b->config, err);
        if (status)
                return status;
        stop_hold(&b->stop);
        bench_say("makes topics");
        status = site_open(&b->site, &b->arguments, b->bootstrap, b->config, 1, &b->stop, err);
        if (status == 0)
                r = admission_measure(b, err);
        if (r)
                status = EXIT_BROKER;
        if (site_close(&b->site, &last))
                bench_say("%s", last.text);
        if (status == 0)
                admission_print(b);
        config_free(b->config);
        return status;
}

const struct bench bench_admission = {
        .name = "admission",
        .summary = "what a record of an outbox costs, beside bare librdkafka",
        .help = "Usage: ketenwacht bench admission [--cases N] [--bootstrap LIST] [--json] [--config DIR] [--schemas DIR]\n\n"
                "On topics of its own (bench-<process>-1.…), which are deleted at the end: fills outboxes with generated events (bench load), each in\n"
                "that of its source; then, three times in turns, bare librdkafka copies all records in transactions with their place (the floor),\n"
                "and the connector `admission` takes them in: frame, decode, check, and pass on. CPU is user and system time of this process,\n"
                "from the first record to the last commit; the ratio is the middle one of three.\n"
                "--json: {\"events\", \"records_per_s_core\", \"cpu_us_per_record\", \"floor_records_per_s_core\", \"floor_cpu_us_per_record\", \"ratio\"}\n\n"
                "  --cases N          how many (default 40000, about 200,000 events)\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n",
        .run = admission_run,
};
