/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Reading a state topic to its end
 *
 * A handle of its own without a group, in batches. "To its end" is said by librdkafka's end-of-partition at or
 * beyond the mark: the last offsets may be markers or aborted rows that are never handed out.
 */

#include <errno.h>
#include <stdio.h>

#include "bus/kafka_parts.h"

#define BATCH 2000
#define TURN_MS 250 /* between two looks at the group */
#define WAIT_MS 100
#define STILL_MS 120000 /* without a row or an end: longer than any transaction of ours stays open */

struct run {
        const struct kafka_restore *r;
        struct kafka_client client;
        rd_kafka_topic_t *topic;
        rd_kafka_queue_t *queue;
        bool *started, *done; /* [n] */
        int64_t *at;          /* [n]: the offset after the last row */
        size_t left;
        uint64_t signs; /* of life: rows and ends */
        struct kafka_headers headers;
};

static size_t place_of(const struct run *run, int32_t partition) {
        for (size_t i = 0; i < run->r->n; i++) {
                if (run->r->parts[i].partition == partition)
                        return i;
        }
        return run->r->n;
}

static int take(struct run *run, rd_kafka_message_t *message, struct error *err) {
        struct bus_record record;
        size_t place = place_of(run, message->partition);

        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                kafka_record_fill(message, run->r->plain, 0, &run->headers, &record);
                if (place < run->r->n)
                        run->at[place] = message->offset + 1;
                run->signs++;
                return run->r->callbacks->row(run->r->callbacks->ctx, &record);
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                run->signs++;
                if (place < run->r->n && !run->done[place] && message->offset >= run->r->marks[place]) {
                        run->done[place] = true;
                        run->left--;
                }
                return 0;
        }
        if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
            message->err == RD_KAFKA_RESP_ERR__BAD_MSG)
                return kafka_failed(&run->client, "reading the state", message->err, rd_kafka_message_errstr(message), err);
        log_line(run->r->bus->log, KAFKA, LOG_STRING("facility", rd_kafka_err2name(message->err)),
                 LOG_STRING("text", rd_kafka_message_errstr(message)));
        return 0;
}

static int take_batch(struct run *run, rd_kafka_message_t **messages, struct error *err) {
        ssize_t n = rd_kafka_consume_batch_queue(run->queue, WAIT_MS, messages, BATCH);
        int r = 0;

        for (ssize_t i = 0; i < n; i++) {
                if (r == 0)
                        r = take(run, messages[i], err);
                rd_kafka_message_destroy(messages[i]);
        }
        return r;
}

static int tell_progress(const struct run *run) {
        const struct kafka_restore *r = run->r;
        int result = 0;

        for (size_t i = 0; result == 0 && r->callbacks->progress && i < r->n; i++)
                result = r->callbacks->progress(r->callbacks->ctx, r->parts[i].partition, run->done[i] ? r->marks[i] : run->at[i], r->marks[i]);
        return result;
}

static int read_all(struct run *run, struct error *err) {
        rd_kafka_message_t **messages = calloc(BATCH, sizeof(*messages));
        const struct clock *clock = &run->r->bus->clock;
        int64_t now = clock_monotonic(clock), turn = now + TURN_MS, still = now + STILL_MS;
        uint64_t signs = 0;
        int r = messages ? 0 : -ENOMEM;

        while (r == 0 && run->left) {
                r = take_batch(run, messages, err);
                now = clock_monotonic(clock);
                if (run->signs != signs)
                        still = now + STILL_MS;
                signs = run->signs;
                if (r || now < turn)
                        continue;
                if (now >= still) {
                        r = kafka_failed(&run->client, "reading the state", RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err);
                        break;
                }
                turn = now + TURN_MS;
                rd_kafka_poll(run->client.rk, 0);
                r = run->r->turn(run->r->ctx, err);
                if (r == 0)
                        r = kafka_client_fatal(&run->client, err);
                if (r == 0)
                        r = tell_progress(run);
        }
        free(messages);
        return r;
}

/* Starts all partitions that have rows. */
static int start(struct run *run, struct error *err) {
        const struct kafka_restore *r = run->r;

        for (size_t i = 0; i < r->n; i++) {
                if (r->marks[i] == 0) {
                        run->done[i] = true;
                        continue;
                }
                if (rd_kafka_consume_start_queue(run->topic, r->parts[i].partition, RD_KAFKA_OFFSET_BEGINNING, run->queue))
                        return kafka_failed(&run->client, "reading the state", rd_kafka_last_error(), NULL, err);
                run->started[i] = true;
                run->left++;
        }
        return 0;
}

static void finish(struct run *run) {
        for (size_t i = 0; run->started && i < run->r->n; i++) {
                if (run->started[i])
                        (void)rd_kafka_consume_stop(run->topic, run->r->parts[i].partition);
        }
        if (run->queue)
                rd_kafka_queue_destroy(run->queue);
        if (run->topic)
                rd_kafka_topic_destroy(run->topic);
        kafka_client_close(&run->client);
        free(run->started);
        free(run->done);
        free(run->at);
        free(run->headers.items);
}

int kafka_restore(const struct kafka_restore *r, struct error *err) {
        struct run run = {
                .r = r,
                .started = calloc(r->n + 1, sizeof(bool)),
                .done = calloc(r->n + 1, sizeof(bool)),
                .at = calloc(r->n + 1, sizeof(int64_t)),
        };
        const struct kafka_client_options options = {.role = KAFKA_READER, .eof = true, .opaque = &run.client};
        int result = run.started && run.done && run.at ? kafka_client_open(&run.client, r->bus, &options, err) : -ENOMEM;

        if (result == 0) {
                run.topic = rd_kafka_topic_new(run.client.rk, r->topic, NULL);
                run.queue = rd_kafka_queue_new(run.client.rk);
                if (!run.topic || !run.queue)
                        result = -ENOMEM;
        }
        if (result == 0)
                result = start(&run, err);
        if (result == 0)
                result = read_all(&run, err);
        if (result == 0)
                result = tell_progress(&run);
        finish(&run);
        return result;
}
