/* SPDX-License-Identifier: EUPL-1.2 */

/* Asks where later records stand, and looks at the one that was seen last. */

#include "bus/kafka/marks.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define RECORD_MS 5000        /* for one record */

int64_t kafka_marks_ask(const struct log_mark *mark) {
        return mark->behind > 0 ? mark->newest + 1 : RD_KAFKA_OFFSET_END;
}

int kafka_marks_add(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition, struct log_marks *marks) {
        rd_kafka_topic_partition_t *at;

        if (marks->proven.behind == 0)
                return 0;
        at = rd_kafka_topic_partition_list_add(list, topic, partition);
        if (!at)
                return -ENOMEM;
        at->offset = kafka_marks_ask(&marks->proven);
        at->opaque = marks;
        return 0;
}

/* One record of a partition, as it stands at @offset now: its stamp; INSTANT_NEVER: none that can be read stands there. */
struct kafka_look {
        struct kafka_client client; /* first: librdkafka's callbacks */
        rd_kafka_topic_t *topic;
};

static int kafka_look_read(struct kafka_look *look, int32_t partition, int64_t offset, instant_t *ret, struct error *err) {
        const struct kafka_bus *bus = look->client.bus;
        int64_t until = clock_monotonic(&bus->clock) + RECORD_MS;

        if (rd_kafka_consume_start(look->topic, partition, offset))
                return kafka_failed(&look->client, "looking at a record", rd_kafka_last_error(), NULL, err);
        do {
                CLEANUP(rd_kafka_message_destroy_p) rd_kafka_message_t *message = rd_kafka_consume(look->topic, partition, KAFKA_TURN_MS);

                if (message && (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
                        bool is = message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset == offset;

                        *ret = is ? rd_kafka_message_timestamp(message, NULL) : INSTANT_NEVER;
                        return 0;
                }
        } while (clock_monotonic(&bus->clock) < until);
        return kafka_failed(&look->client, "looking at a record", RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err);
}

static int kafka_look(const struct kafka_client *c, const char *topic, int32_t partition, int64_t offset, instant_t *ret, struct error *err) {
        struct kafka_look look = {0};
        const struct kafka_client_options options = {.role = KAFKA_READER, .eof = true, .opaque = &look};
        int r = kafka_client_open(&look.client, c->bus, &options, err);

        if (r)
                return r;
        look.topic = rd_kafka_topic_new(look.client.rk, topic, NULL);
        r = look.topic ? kafka_look_read(&look, partition, offset, ret, err) : -ENOMEM;
        if (look.topic) {
                (void) rd_kafka_consume_stop(look.topic, partition); /* one that could not be started: no effect */
                rd_kafka_topic_destroy(look.topic);
        }
        kafka_client_close(&look.client);
        return r;
}

int kafka_marks_judge(const struct kafka_client *c, const char *topic, int32_t partition, const struct log_mark *mark, int64_t later, bool *ret,
                      struct error *err) {
        instant_t stamp = INSTANT_NEVER;
        int r = 0;

        *ret = false;
        if (!log_mark_doubts(mark, later))
                return 0;
        r = kafka_look(c, topic, partition, mark->behind - 1, &stamp, err);
        *ret = r == 0 && stamp != mark->last;
        return r;
}

int kafka_marks_look(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list, const rd_kafka_topic_partition_t **ret, struct error *err) {
        rd_kafka_resp_err_t code;
        int token;

        *ret = NULL;
        if (list->cnt == 0)
                return 0;
        token = watchdog_enter(c->bus->watchdog, "rd_kafka_offsets_for_times", BUS_CALL_MS);
        code = rd_kafka_offsets_for_times(c->rk, list, KAFKA_LOOK_MS);
        watchdog_leave(c->bus->watchdog, token);
        for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
                struct log_marks *marks = list->elems[i].opaque;
                bool other;
                int r;

                assert(marks);
                if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
                        continue;
                r = kafka_marks_judge(c, list->elems[i].topic, list->elems[i].partition, &marks->proven, list->elems[i].offset, &other, err);
                if (r == -ENOMEM)
                        return r;
                if (r)
                        continue;
                if (other) {
                        *ret = &list->elems[i];
                        return 0;
                }
                marks->proven = marks->seen;
        }
        return 0;
}

struct log_mark kafka_marks_of(const rd_kafka_topic_partition_t *committed) {
        return committed->offset >= 0 ? log_mark_read(committed->metadata, committed->metadata_size) : (struct log_mark){0};
}

int kafka_marks_note(rd_kafka_topic_partition_t *offset, const struct log_mark *mark) {
        char text[LOG_MARK_TEXT];

        assert(!offset->metadata);
        if (mark->behind == 0)
                return 0;
        log_mark_write(mark, text);
        offset->metadata = rd_kafka_mem_malloc(NULL, strlen(text)); /* librdkafka frees it with the list */
        if (!offset->metadata)
                return -ENOMEM;
        offset->metadata_size = strlen(text);
        memcpy(offset->metadata, text, offset->metadata_size);
        return 0;
}
