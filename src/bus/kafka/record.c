/* SPDX-License-Identifier: EUPL-1.2 */

/* Records in and out of librdkafka's messages. */

#include <errno.h>
#include <string.h>

#include "bus/kafka/parts.h"

/* Headers are parsed by librdkafka when first asked for, and by us into our own form: most records never need it. */
static int load_headers(struct bus_record *record) {
        struct kafka_headers *keep = record->owner;
        rd_kafka_headers_t *headers;
        size_t n = 0;

        record->load = NULL;
        if (rd_kafka_message_headers(record->raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return 0;
        size_t count = rd_kafka_header_cnt(headers);

        if (count > BUS_HEADERS_MAX)
                count = BUS_HEADERS_MAX;
        if (count > keep->capacity) {
                struct bus_header *more = realloc(keep->items, count * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                keep->items = more;
                keep->capacity = count;
        }
        for (; n < count; n++) {
                struct bus_header *h = &keep->items[n];

                if (rd_kafka_header_get_all(headers, n, &h->name, &h->value, &h->n) != RD_KAFKA_RESP_ERR_NO_ERROR)
                        break;
        }
        record->headers = keep->items;
        record->headers_n = n;
        return 0;
}

void kafka_record_fill(const rd_kafka_message_t *message, const char *topic, uint32_t index, struct kafka_headers *headers,
                       struct bus_record *ret) {
        rd_kafka_timestamp_type_t type;
        int64_t timestamp = rd_kafka_message_timestamp(message, &type);

        *ret = (struct bus_record){
                .topic = topic,
                .index = index,
                .partition = message->partition,
                .offset = message->offset,
                .timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : timestamp,
                .stamp = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? BUS_STAMP_APPENDED
                         : type == RD_KAFKA_TIMESTAMP_CREATE_TIME   ? BUS_STAMP_CREATED
                                                                    : BUS_STAMP_NONE,
                .key = message->key,
                .key_n = message->key_len,
                .value = message->payload,
                .value_n = message->len,
                .load = load_headers,
                .raw = (void *)message,
                .owner = headers,
        };
}

rd_kafka_headers_t *kafka_record_headers(const struct bus_record *record) {
        rd_kafka_headers_t *headers = rd_kafka_headers_new(record->headers_n);

        for (size_t i = 0; headers && i < record->headers_n; i++) {
                const struct bus_header *h = &record->headers[i];

                if (rd_kafka_header_add(headers, h->name, -1, h->value, h->value ? (ssize_t)h->n : 0)) {
                        rd_kafka_headers_destroy(headers);
                        return NULL;
                }
        }
        return headers;
}

/*
 * The partition is always one that exists: with another, 2.0.2 frees the headers of the message twice.
 * An empty value is not a tombstone, so it needs a pointer.
 */
rd_kafka_resp_err_t kafka_record_send(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partition, const struct bus_record *record,
                                      void *cookie) {
        rd_kafka_vu_t fields[8] = {
                {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
                {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
                {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
                {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)record->key, record->key_n}},
                {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)record->value, record->value_n}},
                {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = cookie},
                {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp},
        };
        rd_kafka_headers_t *headers = NULL;
        rd_kafka_error_t *error;
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
        size_t n = 7;

        if (record->headers_n == 0 && record->timestamp == 0) { /* the short way: rows of the state */
                if (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, (void *)record->value, record->value_n, record->key,
                                     record->key_n, cookie) == 0)
                        return RD_KAFKA_RESP_ERR_NO_ERROR;
                return rd_kafka_last_error();
        }
        if (record->headers_n) {
                headers = kafka_record_headers(record);
                if (!headers)
                        return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
                fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers};
        }
        error = rd_kafka_produceva(rk, fields, n);
        if (error) {
                code = rd_kafka_error_code(error);
                rd_kafka_error_destroy(error);
                if (headers) /* stay ours when it fails */
                        rd_kafka_headers_destroy(headers);
        }
        return code;
}
