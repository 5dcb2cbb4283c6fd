/* SPDX-License-Identifier: EUPL-1.2 */

/* Reading topics without a group. librdkafka's simple consumer needs no group id, so no right on one either. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/kafka/reader.h"
#include "bus/kafka/record.h"
#include "bus/kafka/topics.h"
#include "bus/positions.h"

#define TURNS_MAX 10000
#define CLUSTER_ID_MS 1000

struct kafka_reader {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus_reader reader;
        struct kafka_topics topics;
        rd_kafka_topic_t **handles; /* [topics.n] */
        struct reader_positions at;
        rd_kafka_queue_t *queue;
        instant_t since; /* older records are left out: see start_all() */
        rd_kafka_message_t *message;
        struct kafka_headers headers;
};

static struct kafka_reader *kafka_reader_of(struct bus_reader *reader) {
        return (struct kafka_reader *)((char *)reader - offsetof(struct kafka_reader, reader));
}

/* Whether the message is a record to hand out. */
static bool reader_take_message(struct kafka_reader *r, rd_kafka_message_t *message, struct bus_event *ret) {
        int64_t index = kafka_topics_place(&r->topics, message->rkt);
        struct bus_part part = {(uint32_t)index, message->partition};

        if (index < 0)
                return false;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                reader_positions_end(&r->at, part, message->offset);
                return false;
        }
        if (!reader_positions_take(&r->at, part, message->offset))
                return false;
        if (r->since > 0 && rd_kafka_message_timestamp(message, NULL) < r->since)
                return false;
        r->message = message;
        ret->kind = BUS_RECORD;
        kafka_record_fill(message, kafka_topics_plain(&r->topics, (uint32_t)index), (uint32_t)index, &r->headers, &ret->record);
        return true;
}

static int reader_trouble(struct kafka_reader *r, const rd_kafka_message_t *message, struct error *err) {
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

static int kafka_reader_poll(struct bus_reader *reader, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct kafka_reader *r = kafka_reader_of(reader);

        rd_kafka_message_destroy_p(&r->message);
        r->message = NULL;
        ret->kind = BUS_NONE;
        rd_kafka_poll(r->client.rk, 0);
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
                rd_kafka_message_t *message;
                int result = 0;

                if (reader_positions_at_end(&r->at)) {
                        ret->kind = BUS_END;
                        return 0;
                }
                message = rd_kafka_consume_queue(r->queue, timeout_ms);
                if (!message)
                        return kafka_client_fatal(&r->client, err);
                if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                        result = reader_trouble(r, message, err);
                else if (reader_take_message(r, message, ret))
                        return 0;
                rd_kafka_message_destroy(message);
                if (result)
                        return result;
                timeout_ms = 0;
        }
        return 0;
}

static void kafka_reader_close(struct bus_reader *reader) {
        struct kafka_reader *r = kafka_reader_of(reader);

        rd_kafka_message_destroy_p(&r->message);
        for (size_t i = 0; r->handles && i < r->topics.n; i++) {
                for (int32_t p = 0; r->at.at && r->handles[i] && p < r->topics.partitions[i]; p++) {
                        if (r->at.at[i][p].reads)
                                (void)rd_kafka_consume_stop(r->handles[i], p); /* one that could not be started: no effect */
                }
                if (r->handles[i])
                        rd_kafka_topic_destroy(r->handles[i]);
        }
        free(r->handles);
        if (r->queue)
                rd_kafka_queue_destroy(r->queue);
        kafka_client_close(&r->client);
        reader_positions_done(&r->at);
        kafka_topics_done(&r->topics);
        free(r->headers.items);
        free(r);
}

static const struct bus_reader_ops kafka_reader_ops = {.poll = kafka_reader_poll, .close = kafka_reader_close};

/* What to ask the broker for, to know where to begin. */
static int64_t ask_for(const struct bus_reader_config *config) {
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
static rd_kafka_topic_partition_list_t *list_wanted(const struct kafka_reader *r, const struct bus_reader_config *config, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

        for (size_t i = 0; list && i < r->topics.n; i++) {
                for (int32_t p = 0; p < r->topics.partitions[i]; p++) {
                        if (reader_positions_want(config, p, r->topics.partitions[i]))
                                rd_kafka_topic_partition_list_add(list, r->topics.names[i], p)->offset = offset;
                }
        }
        return list;
}

static int start_reading(struct kafka_reader *r, const struct bus_reader_config *config, const rd_kafka_topic_partition_t *begin, int64_t end,
                         struct error *err) {
        int64_t index = kafka_topics_find(&r->topics, begin->topic), offset;

        assert(index >= 0);
        if (!reader_positions_begin(&r->at, (struct bus_part){(uint32_t)index, begin->partition}, config, begin->offset, end, &offset))
                return 0;
        if (rd_kafka_consume_start_queue(r->handles[index], begin->partition, offset, r->queue))
                return kafka_failed(&r->client, "reading", rd_kafka_last_error(), NULL, err);
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
        struct bus_reader_config config = *wanted;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *begin = NULL;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *end = NULL;
        int result;

        if (wanted->from == BUS_FROM_INSTANT && is_embedded(r)) {
                r->since = wanted->instant;
                config.from = BUS_FROM_BEGINNING;
        }
        begin = list_wanted(r, &config, ask_for(&config));
        end = list_wanted(r, &config, RD_KAFKA_OFFSET_END);
        if (!begin || !end)
                return -ENOMEM;
        result = kafka_list_offsets(&r->client, begin, err);
        if (result)
                return result;
        result = kafka_list_offsets(&r->client, end, err);
        if (result)
                return result;
        for (int i = 0; i < begin->cnt; i++) {
                result = start_reading(r, &config, &begin->elems[i], end->elems[i].offset, err);
                if (result)
                        return result;
        }
        return 0;
}

static int open_topics(struct kafka_reader *r, bool until_end, struct error *err) {
        int result = kafka_partitions(&r->client, (const char *const *)r->topics.names, r->topics.n, KAFKA_MISSING_HINTS, r->topics.partitions, err);

        if (result)
                return result;
        r->handles = calloc(r->topics.n + 1, sizeof(*r->handles));
        r->queue = rd_kafka_queue_new(r->client.rk);
        if (!r->handles || !r->queue)
                return -ENOMEM;
        for (size_t i = 0; i < r->topics.n; i++) {
                r->handles[i] = rd_kafka_topic_new(r->client.rk, r->topics.names[i], NULL);
                if (!r->handles[i])
                        return -ENOMEM;
        }
        return reader_positions_init(&r->at, r->topics.partitions, r->topics.n, until_end);
}

int kafka_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) {
        CLEANUP(bus_reader_close_p) struct bus_reader *opened = NULL;
        struct kafka_reader *r = calloc(1, sizeof(*r));
        const struct kafka_client_options options = {
                .role = config->uncommitted ? KAFKA_MARKS : KAFKA_READER, .eof = true, .opaque = r};
        int result;

        if (!r)
                return -ENOMEM;
        r->reader.ops = &kafka_reader_ops;
        opened = &r->reader;
        result = kafka_client_open(&r->client, kafka_bus_of(b), &options, err);
        if (result)
                return result;
        result = kafka_topics_init(&r->topics, kafka_bus_of(b), config->topics, config->topics_n, err);
        if (result)
                return result;
        result = open_topics(r, config->until_end, err);
        if (result)
                return result;
        result = start_all(r, config, err);
        if (result)
                return result;
        *ret = TAKE(opened);
        return 0;
}
