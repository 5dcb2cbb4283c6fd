/* SPDX-License-Identifier: EUPL-1.2 */

/* Records without headers on their way to one topic, given to librdkafka many at a time. */

#include <errno.h>
#include <string.h>

#include "bus/kafka_parts.h"

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

rd_kafka_resp_err_t kafka_rows_send(struct kafka_rows *rows) {
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
        size_t left = 0;

        if (rows->n == 0)
                return code;
        for (size_t i = 0; i < rows->n; i++) /* of the try before */
                rows->messages[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
        (void)rd_kafka_produce_batch(rows->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, rows->messages, (int)rows->n);
        for (size_t i = 0; i < rows->n; i++) {
                if (rows->messages[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
                        continue;
                /* One that can never be sent says more than a queue that is full. */
                if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                        code = rows->messages[i].err;
                rows->messages[left++] = rows->messages[i];
        }
        rows->n = left;
        if (left == 0)
                rows->used = 0;
        return code;
}
