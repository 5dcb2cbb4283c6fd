/* SPDX-License-Identifier: EUPL-1.2 */

#include <errno.h>

#include "bus/kafka/parts.h"

/* 2.0.2 takes the time-out of a seek for microseconds. */
#define SEEK_TIMEOUT (BUS_CALL_MS / 2 * 1000)

int kafka_seek(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list, struct error *err) {
        int64_t until = clock_monotonic(&c->bus->clock) + BUS_CALL_MS;
        rd_kafka_topic_partition_list_t *left;

        if (list->cnt == 0)
                return 0;
        left = rd_kafka_topic_partition_list_copy(list);
        while (left) {
                int token = watchdog_enter(c->bus->watchdog, "rd_kafka_seek_partitions", BUS_CALL_MS);
                rd_kafka_error_t *error = rd_kafka_seek_partitions(c->rk, left, SEEK_TIMEOUT);
                rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

                watchdog_leave(c->bus->watchdog, token);
                if (error) {
                        rd_kafka_topic_partition_list_destroy(left);
                        return kafka_failed_error(c, "going back in partitions", error, err);
                }
                /* A part whose fetcher has not started yet answers STATE: those are asked again. */
                for (int i = left->cnt - 1; i >= 0; i--) {
                        if (left->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
                                rd_kafka_topic_partition_list_del_by_idx(left, i);
                        else
                                code = left->elems[i].err;
                }
                if (left->cnt && (code == RD_KAFKA_RESP_ERR__STATE || code == RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS) && kafka_again(c->bus, until))
                        continue;
                rd_kafka_topic_partition_list_destroy(left);
                if (code == RD_KAFKA_RESP_ERR__STATE || code == RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS)
                        return BUS_E_REBALANCED;
                return code ? kafka_failed(c, "going back in partitions", code, NULL, err) : 0;
        }
        return -ENOMEM;
}
