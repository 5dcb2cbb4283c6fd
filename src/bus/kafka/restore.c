/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Reading a state topic to its end
 *
 * A handle of its own without a group; all partitions at once, each row handed on in librdkafka's own buffer. "To its
 * end" is said by librdkafka's end-of-partition at or beyond the mark: the last offsets may be markers or aborted rows
 * that are never handed out.
 *
 * Fetching runs ahead of applying by at most KAFKA_RESTORE_AHEAD rows or BUS_RESTORE_KBYTES. A thread of librdkafka 2.0.2 that
 * has run so far ahead sleeps a whole second, whatever becomes of the queue meanwhile. So it is woken when half of it is
 * applied: any request makes it look again, and a question for offsets is the cheapest.
 *
 * Messages are given back a batch at a time, not one by one: their memory belongs to the thread that fetches, which would
 * otherwise meet ours at the lock of its heap for every row.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "bus/kafka/restore.h"
#include "bus/kafka/topics.h"

#define TURN_MS 250 /* between two looks at the group */
#define TURN_ROWS 20000 /* a look at the clock after so many */
#define WAIT_MS 100
#define STILL_MS 120000 /* without a row or an end: longer than any transaction of ours stays open */
#define BATCH 16384 /* messages that are given back at once */
#define FULL_ROWS (KAFKA_RESTORE_AHEAD - BATCH)
#define WAKE_ROWS (KAFKA_RESTORE_AHEAD / 2)
#define WAKE_BYTES ((uint64_t)BUS_RESTORE_KBYTES * 1024 / 2)

struct restore_run {
        const struct kafka_restore *r;
        struct kafka_client client;
        rd_kafka_topic_t *topic;
        rd_kafka_queue_t *queue;
        rd_kafka_topic_partition_list_t *wake; /* what is asked to wake the fetching threads */
        struct {
                int64_t at; /* the offset after the last row */
                bool started, done;
        } *parts;           /* [n] */
        uint32_t *places;   /* of partitions, + 1; 0: none of these */
        int32_t places_n;
        size_t left;
        uint64_t signs; /* of life: rows and ends */
        unsigned rows;  /* since the last look at the clock */
        uint64_t bytes; /* since the fetching threads were woken */
        bool full;      /* they have run so far ahead that they sleep */
        int64_t turn, still;
        struct kafka_wait wait; /* nothing comes, and the end is not reached */
        struct bus_record record; /* what rows have in common */
        struct error *err;
        rd_kafka_message_t *messages[BATCH];
};

void kafka_wait_say(struct kafka_wait *wait, const struct kafka_bus *bus, const char *what, int32_t partition) {
        int64_t now = clock_monotonic(&bus->clock);

        if (!wait->since)
                wait->since = now;
        if (now - wait->since < KAFKA_WAIT_SAY_MS || (wait->said && now - wait->said < KAFKA_WAIT_AGAIN_MS))
                return;
        wait->said = now;
        log_line(bus->log, BUS_WAITS, LOG_STRING("what", what), LOG_INT("partition", partition), LOG_INT("ms", now - wait->since));
}

static bool find_place(const struct restore_run *run, int32_t partition, size_t *ret) {
        if (partition < 0 || partition >= run->places_n || !run->places[partition])
                return false;
        *ret = run->places[partition] - 1;
        return true;
}

/* Makes every thread that fetches look whether it has room again. Its answer is of no interest, nor whether it comes. */
static void wake_fetchers(struct restore_run *run) {
        run->full = false;
        run->bytes = 0;
        for (int i = 0; i < run->wake->cnt; i++)
                run->wake->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
        (void) rd_kafka_offsets_for_times(run->client.rk, run->wake, 0);
}

static int kafka_restore_progress(const struct restore_run *run) {
        const struct kafka_restore *r = run->r;

        if (!r->callbacks->progress)
                return 0;
        for (size_t i = 0; i < r->n; i++) {
                int64_t at = run->parts[i].done ? r->marks[i] : run->parts[i].at;
                int result = r->callbacks->progress(r->callbacks->ctx, r->parts[i].partition, at, r->marks[i]);

                if (result)
                        return result;
        }
        return 0;
}

/* The first partition that is not at its end. */
static int32_t first_left(const struct restore_run *run) {
        for (size_t i = 0; i < run->r->n; i++) {
                if (!run->parts[i].done)
                        return run->r->parts[i].partition;
        }
        return -1;
}

static int give_up(const struct restore_run *run) {
        int32_t partition = first_left(run);
        size_t place = 0;

        (void) find_place(run, partition, &place);
        error_set(run->err, "partition %d of %s has not come to offset %" PRId64 " in %d seconds, it stands at %" PRId64
                  ": a transaction on it stays open, or the broker is gone; look for it with kafka-transactions.sh, then start the worker again",
                  (int)partition, run->r->topic, run->r->marks[place], STILL_MS / 1000, run->parts[place].at);
        return -ETIMEDOUT;
}

/* Between rows: the group, a few times a second. */
static int kafka_restore_turn(struct restore_run *run) {
        int64_t now = clock_monotonic(&run->r->bus->clock);
        int r;

        run->rows = 0;
        if (run->signs) {
                run->still = now + STILL_MS;
                run->wait = (struct kafka_wait){0};
        }
        if (now < run->turn)
                return 0;
        if (!run->signs)
                kafka_wait_say(&run->wait, run->r->bus, "rows of the state behind which a transaction is open", first_left(run));
        run->signs = 0;
        if (now >= run->still)
                return give_up(run);
        run->turn = now + TURN_MS;
        rd_kafka_poll(run->client.rk, 0);
        r = run->r->turn(run->r->ctx, run->err);
        if (r)
                return r;
        r = kafka_client_fatal(&run->client, run->err);
        return r ? r : kafka_restore_progress(run);
}

static int kafka_restore_row(struct restore_run *run, const rd_kafka_message_t *message) {
        struct bus_record *record = &run->record;
        size_t place;

        if (!find_place(run, message->partition, &place))
                return 0;
        run->parts[place].at = message->offset + 1;
        run->signs++;
        run->bytes += message->len + message->key_len;
        if (run->bytes >= WAKE_BYTES)
                wake_fetchers(run);
        record->partition = message->partition;
        record->offset = message->offset;
        record->key = message->key;
        record->key_n = message->key_len;
        record->value = message->payload;
        record->value_n = message->len;
        return run->r->callbacks->row(run->r->callbacks->ctx, record);
}

static int kafka_restore_other(struct restore_run *run, const rd_kafka_message_t *message) {
        size_t place;

        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                run->signs++;
                if (find_place(run, message->partition, &place) && !run->parts[place].done && message->offset >= run->r->marks[place]) {
                        run->parts[place].done = true;
                        run->left--;
                }
                return 0;
        }
        if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
            message->err == RD_KAFKA_RESP_ERR__BAD_MSG)
                return kafka_failed(&run->client, "reading the state", message->err, rd_kafka_message_errstr(message), run->err);
        log_line(run->r->bus->log, KAFKA, LOG_STRING("facility", rd_kafka_err2name(message->err)),
                 LOG_STRING("text", rd_kafka_message_errstr(message)));
        return 0;
}

static int kafka_restore_message(struct restore_run *run, const rd_kafka_message_t *message) {
        int r = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? kafka_restore_row(run, message) : kafka_restore_other(run, message);

        return r == 0 && ++run->rows >= TURN_ROWS ? kafka_restore_turn(run) : r;
}

/*
 * Applies what stands there, @waiting messages, then gives it all back at once. No more are asked for, because librdkafka waits
 * until a batch is full. Return: 0, or what ended the restore.
 */
static int kafka_restore_batch(struct restore_run *run, size_t waiting, ssize_t *ret_n) {
        size_t want = waiting == 0 ? 1 : waiting < BATCH ? waiting : BATCH;
        ssize_t n = rd_kafka_consume_batch_queue(run->queue, WAIT_MS, run->messages, want);
        int r = 0;

        for (ssize_t i = 0; i < n && r == 0; i++)
                r = kafka_restore_message(run, run->messages[i]);
        for (ssize_t i = 0; i < n; i++)
                rd_kafka_message_destroy(run->messages[i]);
        *ret_n = n;
        return r;
}

static int kafka_restore_all(struct restore_run *run, struct error *err) {
        int64_t now = clock_monotonic(&run->r->bus->clock);

        run->err = err;
        run->turn = now + TURN_MS;
        run->still = now + STILL_MS;
        while (run->left) {
                size_t waiting = rd_kafka_queue_length(run->queue);
                ssize_t n;
                int r;

                run->full = run->full || waiting >= FULL_ROWS;
                if (run->full && waiting <= WAKE_ROWS)
                        wake_fetchers(run);
                r = kafka_restore_batch(run, waiting, &n);
                if (r)
                        return r;
                if (n <= 0)
                        wake_fetchers(run); /* nothing came in all that time: bytes may have been the bound, not rows */
                r = kafka_restore_turn(run);
                if (r)
                        return r;
        }
        return kafka_restore_progress(run);
}

/*
 * Starts all partitions that have rows. The leaders must be known by then: librdkafka 2.0.2 asks for the first offset of a partition whose
 * leader it does not know only half a second later.
 */
static int kafka_restore_start(struct restore_run *run, struct error *err) {
        const struct kafka_restore *r = run->r;
        int32_t partitions;
        int result = kafka_partitions(&run->client, &r->topic, 1, KAFKA_MISSING_FAILS, &partitions, err);

        if (result)
                return result;
        for (size_t i = 0; i < r->n; i++) {
                run->places[r->parts[i].partition] = (uint32_t)i + 1;
                if (r->marks[i] == 0) {
                        run->parts[i].done = true;
                        continue;
                }
                if (rd_kafka_consume_start_queue(run->topic, r->parts[i].partition, RD_KAFKA_OFFSET_BEGINNING, run->queue))
                        return kafka_failed(&run->client, "reading the state", rd_kafka_last_error(), NULL, err);
                run->parts[i].started = true;
                rd_kafka_topic_partition_list_add(run->wake, r->topic, r->parts[i].partition);
                run->left++;
        }
        return 0;
}

/* NULL ok; returns NULL. */
static struct restore_run *kafka_restore_free(struct restore_run *run) {
        if (!run)
                return NULL;
        for (size_t i = 0; run->parts && run->topic && i < run->r->n; i++) {
                if (run->parts[i].started)
                        (void)rd_kafka_consume_stop(run->topic, run->r->parts[i].partition);
        }
        if (run->queue)
                rd_kafka_queue_destroy(run->queue);
        if (run->topic)
                rd_kafka_topic_destroy(run->topic);
        if (run->wake)
                rd_kafka_topic_partition_list_destroy(run->wake);
        kafka_client_close(&run->client);
        free(run->parts);
        free(run->places);
        free(run);
        return NULL;
}
DEFINE_CLEANUP(struct restore_run *, kafka_restore_free);

static int kafka_restore_prepare(struct restore_run *run, struct error *err) {
        const struct kafka_restore *r = run->r;
        const struct kafka_client_options options = {.role = KAFKA_RESTORE, .eof = true, .opaque = &run->client};
        int result;

        for (size_t i = 0; i < r->n; i++) {
                if (r->parts[i].partition >= run->places_n)
                        run->places_n = r->parts[i].partition + 1;
        }
        run->parts = calloc(r->n + 1, sizeof(*run->parts));
        run->places = calloc((size_t)run->places_n + 1, sizeof(*run->places));
        run->wake = rd_kafka_topic_partition_list_new((int)r->n);
        run->record.topic = r->plain;
        if (!run->parts || !run->places || !run->wake)
                return -ENOMEM;
        result = kafka_client_open(&run->client, r->bus, &options, err);
        if (result)
                return result;
        run->topic = rd_kafka_topic_new(run->client.rk, r->topic, NULL);
        run->queue = rd_kafka_queue_new(run->client.rk);
        return run->topic && run->queue ? 0 : -ENOMEM;
}

int kafka_restore(const struct kafka_restore *r, struct error *err) {
        CLEANUP(kafka_restore_free_p) struct restore_run *run = calloc(1, sizeof(*run));
        int result;

        if (!run)
                return -ENOMEM;
        for (size_t i = 0; i < r->n; i++)
                assert(r->parts[i].partition >= 0 && r->marks[i] >= 0);
        run->r = r;
        result = kafka_restore_prepare(run, err);
        if (result)
                return result;
        result = kafka_restore_start(run, err);
        return result ? result : kafka_restore_all(run, err);
}
