/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records in and out of librdkafka's messages
 *
 * One by one; and rows, records without headers on their way to one topic, many at a time: one call for all of them.
 */

#include "bus/bus.h"
#include "bus/kafka/handles.h"

/* Keeps what the headers of the last record were parsed into; items are freed by its owner. */
struct kafka_headers {
        struct bus_header *items;
        size_t capacity;
};

/* Fills @ret from a message, which must outlive it. @topic: plain name. */
void kafka_record_fill(const rd_kafka_message_t *message, const char *topic, uint32_t index, struct kafka_headers *headers,
                       struct bus_record *ret);

/* Sends to a partition that exists; bytes are copied. Return: 0 or librdkafka's code. */
rd_kafka_resp_err_t kafka_record_send(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partition, const struct bus_record *record, void *cookie);

#define KAFKA_ROWS 512                     /* that wait to be sent together, and … */
#define KAFKA_ROWS_BYTES ((size_t)256 << 10) /* … bytes of them */

struct kafka_rows {
        rd_kafka_topic_t *topic; /* borrowed */
        rd_kafka_message_t *messages;
        uint8_t *bytes;
        size_t n, used;
        bool one_by_one; /* those that wait were not all taken when they were sent together */
};

/* Return: 0 or -ENOMEM; in each case kafka_rows_done() is due. */
int kafka_rows_init(struct kafka_rows *rows, rd_kafka_topic_t *topic) MUSTCHECK;
void kafka_rows_done(struct kafka_rows *rows); /* zeros: no effect */

/* Copies a record. False: there is no room, send first; it may be too large even then. */
bool kafka_rows_add(struct kafka_rows *rows, int32_t partition, const struct bus_record *record);

/* Sends what waits. Return: 0, or librdkafka's code: then rows->n of them still wait, though librdkafka may have some of them already. */
rd_kafka_resp_err_t kafka_rows_send(struct kafka_rows *rows);

/* Forgets what waits. */
void kafka_rows_drop(struct kafka_rows *rows);
