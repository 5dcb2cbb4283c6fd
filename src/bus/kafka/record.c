/* SPDX-License-Identifier: EUPL-1.2 */

/* Records in and out of librdkafka's messages: one by one, and rows of a topic many at a time. */

#include <errno.h>
#include <string.h>

#include "bus/kafka/record.h"

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

/* librdkafka's headers for a record to be produced; NULL: out of memory. */
static rd_kafka_headers_t *make_headers(const struct bus_record *record) {
        CLEANUP(rd_kafka_headers_destroy_p) rd_kafka_headers_t *headers = rd_kafka_headers_new(record->headers_n);

        for (size_t i = 0; headers && i < record->headers_n; i++) {
                const struct bus_header *h = &record->headers[i];

                if (rd_kafka_header_add(headers, h->name, -1, h->value, h->value ? (ssize_t)h->n : 0))
                        return NULL;
        }
        return TAKE(headers);
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
        CLEANUP(rd_kafka_headers_destroy_p) rd_kafka_headers_t *headers = NULL;
        CLEANUP(rd_kafka_error_destroy_p) rd_kafka_error_t *error = NULL;
        size_t n = 7;

        if (record->headers_n == 0 && record->timestamp == 0) { /* the short way: rows of the state */
                if (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, (void *)record->value, record->value_n, record->key,
                                     record->key_n, cookie) == 0)
                        return RD_KAFKA_RESP_ERR_NO_ERROR;
                return rd_kafka_last_error();
        }
        if (record->headers_n) {
                headers = make_headers(record);
                if (!headers)
                        return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
                fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers};
        }
        error = rd_kafka_produceva(rk, fields, n);
        if (error)
                return rd_kafka_error_code(error);
        headers = NULL; /* librdkafka's now */
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* -- Rows: records without headers on their way to one topic, given to librdkafka many at a time -- */

int kafka_rows_init(struct kafka_rows *rows, rd_kafka_topic_t *topic) {
        rows->topic = topic;
        rows->messages = calloc(KAFKA_ROWS, sizeof(*rows->messages));
        rows->bytes = malloc(KAFKA_ROWS_BYTES);
        return rows->messages && rows->bytes ? 0 : -ENOMEM;
}

void kafka_rows_done(struct kafka_rows *rows) {
        free(rows->messages);
        free(rows->bytes);
        *rows = (struct kafka_rows){0};
}

void kafka_rows_drop(struct kafka_rows *rows) {
        rows->n = rows->used = 0;
        rows->one_by_one = false;
}

/* NULL stays NULL: no key, or a tombstone. */
static void *keep_bytes(struct kafka_rows *rows, const void *bytes, size_t n) {
        uint8_t *at = rows->bytes + rows->used;

        if (!bytes)
                return NULL;
        memcpy(at, bytes, n);
        rows->used += n;
        return at;
}

bool kafka_rows_add(struct kafka_rows *rows, int32_t partition, const struct bus_record *record) {
        if (rows->n == KAFKA_ROWS || record->key_n + record->value_n >= KAFKA_ROWS_BYTES - rows->used)
                return false;
        rows->messages[rows->n++] = (rd_kafka_message_t){.partition = partition,
                                                         .key = keep_bytes(rows, record->key, record->key_n),
                                                         .key_len = record->key_n,
                                                         .payload = keep_bytes(rows, record->value, record->value_n),
                                                         .len = record->value_n};
        return true;
}

/* Return: of the first that librdkafka did not take. */
static rd_kafka_resp_err_t give_rows(struct kafka_rows *rows, size_t first, size_t n) {
        for (size_t i = first; i < first + n; i++) /* of the try before */
                rows->messages[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
        (void)rd_kafka_produce_batch(rows->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, &rows->messages[first],
                                     (int)n);
        for (size_t i = first; i < first + n; i++) {
                if (rows->messages[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
                        return rows->messages[i].err;
        }
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/*
 * When the queue is full, librdkafka passes over some of a batch and may take what stands behind them. Two rows of one key must not
 * change places, and a row that is written twice says nothing new: so all of such a batch go again, one by one.
 */
rd_kafka_resp_err_t kafka_rows_send(struct kafka_rows *rows) {
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
        size_t sent = 0;

        while (sent < rows->n && code == RD_KAFKA_RESP_ERR_NO_ERROR) {
                size_t n = rows->one_by_one ? 1 : rows->n;

                code = give_rows(rows, sent, n);
                sent += code == RD_KAFKA_RESP_ERR_NO_ERROR ? n : 0;
        }
        rows->n -= sent;
        memmove(rows->messages, rows->messages + sent, rows->n * sizeof(*rows->messages));
        rows->one_by_one = rows->n > 0;
        if (rows->n == 0)
                rows->used = 0;
        return code;
}
