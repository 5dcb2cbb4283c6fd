/* SPDX-License-Identifier: EUPL-1.2 */

/* Reading topics without a group. librdkafka's simple consumer needs no group id, so no right on one either. */

#include <errno.h>
#include <string.h>

#include "bus/kafka/reader.h"
#include "bus/kafka/record.h"
#include "bus/kafka/topics.h"
#include "bus/murmur2.h"

#define TURNS_MAX 10000
#define CLUSTER_ID_MS 1000

struct part {
        bool started, done;
        int64_t end; /* until_end: what stood there at opening */
};

struct kafka_reader {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus_reader reader;
        struct kafka_topics topics;
        rd_kafka_topic_t **handles; /* [topics.n] */
        struct part **parts;        /* [topics.n][partitions] */
        rd_kafka_queue_t *queue;
        bool until_end;
        instant_t since; /* older records are left out: see start_all() */
        size_t left; /* parts that have not reached their end */
        rd_kafka_message_t *message;
        struct kafka_headers headers;
};

static struct kafka_reader *of(struct bus_reader *reader) {
        return (struct kafka_reader *)((char *)reader - offsetof(struct kafka_reader, reader));
}

static void finish_part(struct kafka_reader *r, struct part *part) {
        if (r->until_end && !part->done) {
                part->done = true;
                r->left--;
        }
}

/* Whether the message is a record to hand out. */
static bool take(struct kafka_reader *r, rd_kafka_message_t *message, struct bus_event *ret) {
        int64_t index = kafka_topics_place(&r->topics, message->rkt);
        struct part *part;

        if (index < 0 || message->partition < 0 || message->partition >= r->topics.partitions[index])
                return false;
        part = &r->parts[index][message->partition];
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                if (message->offset >= part->end)
                        finish_part(r, part);
                return false;
        }
        if (r->until_end && (part->done || message->offset >= part->end)) { /* written since: not asked for */
                finish_part(r, part);
                return false;
        }
        if (message->offset + 1 >= part->end)
                finish_part(r, part);
        if (r->since > 0 && rd_kafka_message_timestamp(message, NULL) < r->since)
                return false;
        r->message = message;
        ret->kind = BUS_RECORD;
        kafka_record_fill(message, kafka_topics_plain(&r->topics, (uint32_t)index), (uint32_t)index, &r->headers, &ret->record);
        return true;
}

static int judge(struct kafka_reader *r, const rd_kafka_message_t *message, struct error *err) {
        switch (message->err) {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR__BAD_MSG:
                return kafka_failed(&r->client, "reading", message->err, rd_kafka_message_errstr(message), err);
        default:
                log_line(r->client.bus->log, KAFKA, LOG_STRING("facility", rd_kafka_err2name(message->err)),
                         LOG_STRING("text", rd_kafka_message_errstr(message)));
                return 0;
        }
}

static int reader_poll(struct bus_reader *reader, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct kafka_reader *r = of(reader);

        if (r->message)
                rd_kafka_message_destroy(r->message);
        r->message = NULL;
        ret->kind = BUS_NONE;
        rd_kafka_poll(r->client.rk, 0);
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
                rd_kafka_message_t *message;
                int result = 0;

                if (r->until_end && r->left == 0) {
                        ret->kind = BUS_END;
                        return 0;
                }
                message = rd_kafka_consume_queue(r->queue, timeout_ms);
                if (!message)
                        return kafka_client_fatal(&r->client, err);
                if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                        result = judge(r, message, err);
                else if (take(r, message, ret))
                        return 0;
                rd_kafka_message_destroy(message);
                if (result)
                        return result;
                timeout_ms = 0;
        }
        return 0;
}

static void reader_close(struct bus_reader *reader) {
        struct kafka_reader *r = of(reader);

        if (r->message)
                rd_kafka_message_destroy(r->message);
        for (size_t i = 0; r->handles && i < r->topics.n; i++) {
                for (int32_t p = 0; r->parts && r->parts[i] && p < r->topics.partitions[i]; p++) {
                        if (r->parts[i][p].started)
                                (void)rd_kafka_consume_stop(r->handles[i], p);
                }
                if (r->handles[i])
                        rd_kafka_topic_destroy(r->handles[i]);
                if (r->parts)
                        free(r->parts[i]);
        }
        free(r->handles);
        free(r->parts);
        if (r->queue)
                rd_kafka_queue_destroy(r->queue);
        kafka_client_close(&r->client);
        kafka_topics_done(&r->topics);
        free(r->headers.items);
        free(r);
}

static const struct bus_reader_ops reader_ops = {.poll = reader_poll, .close = reader_close};

static bool wants(const struct bus_reader_config *config, int32_t partition, int32_t partitions) {
        if (config->partition != BUS_ALL_PARTITIONS)
                return partition == config->partition;
        return !config->key || partition == murmur2_partition(config->key, config->key_n, partitions);
}

/* What to ask the broker for, to know where to begin. */
static int64_t begin_of(const struct bus_reader_config *config) {
        switch (config->from) {
        case BUS_FROM_INSTANT:
                return config->instant < 0 ? 0 : config->instant;
        case BUS_FROM_END:
                return RD_KAFKA_OFFSET_END;
        case BUS_FROM_OFFSET:
        case BUS_FROM_BEGINNING:
        default:
                return RD_KAFKA_OFFSET_BEGINNING;
        }
}

/* All parts that are wanted, each with @offset. NULL: out of memory. */
static rd_kafka_topic_partition_list_t *list_parts(const struct kafka_reader *r, const struct bus_reader_config *config, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

        for (size_t i = 0; list && i < r->topics.n; i++) {
                for (int32_t p = 0; p < r->topics.partitions[i]; p++) {
                        if (wants(config, p, r->topics.partitions[i]))
                                rd_kafka_topic_partition_list_add(list, r->topics.names[i], p)->offset = offset;
                }
        }
        return list;
}

static int start_part(struct kafka_reader *r, const struct bus_reader_config *config, const rd_kafka_topic_partition_t *begin, int64_t end,
                      struct error *err) {
        int64_t index = kafka_topics_find(&r->topics, begin->topic);
        struct part *part = &r->parts[index][begin->partition];
        int64_t offset = begin->offset;

        if (config->from == BUS_FROM_OFFSET && config->offset > offset)
                offset = config->offset;
        if (offset < 0 || (config->from == BUS_FROM_OFFSET && offset > end)) /* no record so late: the end */
                offset = end;
        part->end = end;
        if (r->until_end && offset >= end) {
                part->done = true;
                return 0;
        }
        if (rd_kafka_consume_start_queue(r->handles[index], begin->partition, offset, r->queue))
                return kafka_failed(&r->client, "reading", rd_kafka_last_error(), NULL, err);
        part->started = true;
        r->left += r->until_end;
        return 0;
}

/* librdkafka's mock cluster finds no offset for any instant. */
static bool is_embedded(const struct kafka_reader *r) {
        char *id = rd_kafka_clusterid(r->client.rk, CLUSTER_ID_MS);
        bool embedded = id && strncmp(id, "mockCluster", strlen("mockCluster")) == 0;

        if (id)
                rd_kafka_mem_free(r->client.rk, id);
        return embedded;
}

static int start_all(struct kafka_reader *r, const struct bus_reader_config *wanted, struct error *err) {
        struct bus_reader_config whole = *wanted;
        const struct bus_reader_config *config = wanted;
        rd_kafka_topic_partition_list_t *begin, *end;
        int result;

        if (wanted->from == BUS_FROM_INSTANT && is_embedded(r)) {
                r->since = wanted->instant;
                whole.from = BUS_FROM_BEGINNING;
                config = &whole;
        }
        begin = list_parts(r, config, begin_of(config));
        end = list_parts(r, config, RD_KAFKA_OFFSET_END);
        result = begin && end ? kafka_list_offsets(&r->client, begin, err) : -ENOMEM;
        if (result == 0)
                result = kafka_list_offsets(&r->client, end, err);
        for (int i = 0; result == 0 && i < begin->cnt; i++)
                result = start_part(r, config, &begin->elems[i], end->elems[i].offset, err);
        if (begin)
                rd_kafka_topic_partition_list_destroy(begin);
        if (end)
                rd_kafka_topic_partition_list_destroy(end);
        return result;
}

static int open_topics(struct kafka_reader *r, struct error *err) {
        int result = kafka_partitions(&r->client, (const char *const *)r->topics.names, r->topics.n, KAFKA_MISSING_FAILS, r->topics.partitions, err);

        if (result)
                return result;
        r->handles = calloc(r->topics.n + 1, sizeof(*r->handles));
        r->parts = calloc(r->topics.n + 1, sizeof(*r->parts));
        r->queue = rd_kafka_queue_new(r->client.rk);
        if (!r->handles || !r->parts || !r->queue)
                return -ENOMEM;
        for (size_t i = 0; i < r->topics.n; i++) {
                r->parts[i] = calloc((size_t)r->topics.partitions[i], sizeof(**r->parts));
                r->handles[i] = rd_kafka_topic_new(r->client.rk, r->topics.names[i], NULL);
                if (!r->parts[i] || !r->handles[i])
                        return -ENOMEM;
        }
        return 0;
}

int kafka_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) {
        struct kafka_bus *bus = (struct kafka_bus *)b;
        struct kafka_reader *r = calloc(1, sizeof(*r));
        const struct kafka_client_options options = {
                .role = config->uncommitted ? KAFKA_MARKS : KAFKA_READER, .eof = true, .opaque = r};
        int result;

        if (!r)
                return -ENOMEM;
        r->reader.ops = &reader_ops;
        r->until_end = config->until_end;
        result = kafka_client_open(&r->client, bus, &options, err);
        if (result == 0)
                result = kafka_topics_init(&r->topics, bus, config->topics, config->topics_n, err);
        if (result == 0)
                result = open_topics(r, err);
        if (result == 0)
                result = start_all(r, config, err);
        if (result) {
                reader_close(&r->reader);
                return result;
        }
        *ret = &r->reader;
        return 0;
}
