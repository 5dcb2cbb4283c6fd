/* SPDX-License-Identifier: EUPL-1.2 */

/* Records without headers on their way to one topic, given to librdkafka many at a time. */

#include <errno.h>
#include <string.h>

#include "bus/kafka/parts.h"

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
static void *keep(struct kafka_rows *rows, const void *bytes, size_t n) {
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
                                                         .key = keep(rows, record->key, record->key_n),
                                                         .key_len = record->key_n,
                                                         .payload = keep(rows, record->value, record->value_n),
                                                         .len = record->value_n};
        return true;
}

/* Return: of the first that librdkafka did not take. */
static rd_kafka_resp_err_t give(struct kafka_rows *rows, size_t first, size_t n) {
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

                code = give(rows, sent, n);
                sent += code == RD_KAFKA_RESP_ERR_NO_ERROR ? n : 0;
        }
        rows->n -= sent;
        memmove(rows->messages, rows->messages + sent, rows->n * sizeof(*rows->messages));
        rows->one_by_one = rows->n > 0;
        if (rows->n == 0)
                rows->used = 0;
        return code;
}
