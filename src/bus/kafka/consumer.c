/* SPDX-License-Identifier: EUPL-1.2 */

/* A plain group member on Kafka: it says itself what it is done with. */

#include <errno.h>
#include <string.h>

#include "bus/kafka/consumer.h"
#include "bus/kafka/group.h"
#include "bus/kafka/record.h"
#include "bus/kafka/topics.h"

#define TURNS_MAX 10000 /* complaints that one poll passes over */
#define NOWHERE (-1)

struct part {
        bool owned, paused, dirty;
        int64_t done;   /* to be committed next */
        int64_t first;  /* handed out first since the last commit: where an abort goes back to; NOWHERE */
};

struct kafka_consumer {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct kafka_group group;
        struct bus_consumer consumer;
        struct kafka_topics topics;
        struct part **parts; /* [topics.n][partitions] */
        struct bus_part *handed;
        size_t handed_n, handed_capacity;
        rd_kafka_message_t *message;
        struct kafka_headers headers;
};

static struct kafka_consumer *of(struct bus_consumer *consumer) {
        return (struct kafka_consumer *)((char *)consumer - offsetof(struct kafka_consumer, consumer));
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct kafka_consumer *c = opaque;

        (void)rk;
        kafka_group_rebalance(&c->group, err, parts);
}

static struct part *part_of(struct kafka_consumer *c, struct bus_part at) {
        struct part *part = NULL;

        if (at.index < c->topics.n && at.partition >= 0 && at.partition < c->topics.partitions[at.index])
                part = &c->parts[at.index][at.partition];
        return part && part->owned ? part : NULL;
}

static void drop_message(struct kafka_consumer *c) {
        if (c->message)
                rd_kafka_message_destroy(c->message);
        c->message = NULL;
}

static void forget_parts(struct kafka_consumer *c) {
        for (size_t i = 0; i < c->topics.n; i++)
                memset(c->parts[i], 0, (size_t)c->topics.partitions[i] * sizeof(**c->parts));
}

static int hand(struct kafka_consumer *c, struct bus_part at) {
        if (c->handed_n == c->handed_capacity) {
                size_t capacity = c->handed_capacity ? 2 * c->handed_capacity : 64;
                struct bus_part *more = realloc(c->handed, capacity * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                c->handed = more;
                c->handed_capacity = capacity;
        }
        c->handed[c->handed_n++] = at;
        return 0;
}

static int take_assignment(struct kafka_consumer *c, struct error *err) {
        const rd_kafka_topic_partition_list_t *got = c->group.parts;
        rd_kafka_resp_err_t code;
        int r = 0;

        forget_parts(c);
        for (int i = 0; r == 0 && got && i < got->cnt; i++) {
                int64_t index = kafka_topics_find(&c->topics, got->elems[i].topic);

                if (index < 0 || got->elems[i].partition >= c->topics.partitions[index])
                        continue; /* a partition that was added since: read after the next start */
                c->parts[index][got->elems[i].partition] = (struct part){.owned = true, .first = NOWHERE};
                r = hand(c, (struct bus_part){(uint32_t)index, got->elems[i].partition});
        }
        if (r)
                return r;
        code = rd_kafka_assign(c->client.rk, got);
        return code ? kafka_failed(&c->client, "taking up partitions", code, NULL, err) : 0;
}

static int hand_out(struct kafka_consumer *c, struct bus_event *ret, struct error *err) {
        enum bus_event_kind kind = c->group.pending;
        int r = 0;

        c->group.pending = BUS_NONE;
        c->handed_n = 0;
        if (kind == BUS_ASSIGNED) {
                r = take_assignment(c, err);
        } else {
                for (size_t i = 0; r == 0 && i < c->topics.n; i++) {
                        for (int32_t p = 0; r == 0 && p < c->topics.partitions[i]; p++) {
                                if (c->parts[i][p].owned)
                                        r = hand(c, (struct bus_part){(uint32_t)i, p});
                        }
                }
                c->group.release = true;
                if (kind == BUS_LOST)
                        forget_parts(c);
        }
        *ret = (struct bus_event){.kind = kind, .parts = c->handed, .parts_n = c->handed_n};
        return r;
}

static bool take_record(struct kafka_consumer *c, rd_kafka_message_t *message, struct bus_event *ret) {
        int64_t index = kafka_topics_place(&c->topics, message->rkt);
        struct part *part = index < 0 ? NULL : part_of(c, (struct bus_part){(uint32_t)index, message->partition});

        if (!part || part->paused)
                return false;
        if (part->first == NOWHERE)
                part->first = message->offset;
        c->message = message;
        ret->kind = BUS_RECORD;
        kafka_record_fill(message, kafka_topics_plain(&c->topics, (uint32_t)index), (uint32_t)index, &c->headers, &ret->record);
        return true;
}

static int consumer_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct kafka_consumer *c = of(consumer);
        int r;

        drop_message(c);
        ret->kind = BUS_NONE;
        if (c->group.release) {
                forget_parts(c);
                r = kafka_group_release(&c->group, err);
                if (r)
                        return r;
        }
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
                rd_kafka_message_t *message = c->group.pending == BUS_NONE ? rd_kafka_consumer_poll(c->client.rk, timeout_ms) : NULL;

                if (c->group.pending != BUS_NONE) {
                        if (message)
                                rd_kafka_message_destroy(message);
                        return hand_out(c, ret, err);
                }
                if (!message)
                        return kafka_client_fatal(&c->client, err);
                r = 0;
                if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                        if (take_record(c, message, ret))
                                return 0;
                } else {
                        r = kafka_group_trouble(&c->group, message, err);
                }
                rd_kafka_message_destroy(message);
                if (r)
                        return r;
                timeout_ms = 0;
        }
        return 0;
}

static int consumer_done(struct bus_consumer *consumer, struct bus_part at, int64_t next) {
        struct part *part = part_of(of(consumer), at);

        if (!part)
                return BUS_E_REBALANCED;
        part->done = next;
        part->dirty = true;
        return 0;
}

rd_kafka_topic_partition_list_t *kafka_consumer_pending(struct bus_consumer *consumer, bool *none) {
        struct kafka_consumer *c = of(consumer);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

        for (size_t i = 0; list && i < c->topics.n; i++) {
                for (int32_t p = 0; p < c->topics.partitions[i]; p++) {
                        const struct part *part = &c->parts[i][p];

                        if (part->owned && part->dirty)
                                rd_kafka_topic_partition_list_add(list, c->topics.names[i], p)->offset = part->done;
                }
        }
        *none = list && list->cnt == 0;
        return list;
}

void kafka_consumer_committed(struct bus_consumer *consumer, const rd_kafka_topic_partition_list_t *offsets) {
        struct kafka_consumer *c = of(consumer);

        for (int k = 0; k < offsets->cnt; k++) {
                int64_t index = kafka_topics_find(&c->topics, offsets->elems[k].topic);
                struct part *part = index < 0 ? NULL : part_of(c, (struct bus_part){(uint32_t)index, offsets->elems[k].partition});

                if (part) {
                        part->dirty = false;
                        part->first = part->done; /* records beyond it that were handed out come again after an abort */
                }
        }
}

rd_kafka_t *kafka_consumer_handle(struct bus_consumer *consumer) {
        return of(consumer)->client.rk;
}

int kafka_consumer_rewind(struct bus_consumer *consumer, struct error *err) {
        struct kafka_consumer *c = of(consumer);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        int r;

        if (!list)
                return -ENOMEM;
        drop_message(c);
        for (size_t i = 0; i < c->topics.n; i++) {
                for (int32_t p = 0; p < c->topics.partitions[i]; p++) {
                        struct part *part = &c->parts[i][p];

                        if (part->owned && part->first != NOWHERE)
                                rd_kafka_topic_partition_list_add(list, c->topics.names[i], p)->offset = part->first;
                        part->dirty = false;
                }
        }
        r = !kafka_group_settled(&c->group) ? 0 : kafka_group_seek(&c->group, list, err);
        rd_kafka_topic_partition_list_destroy(list);
        return r == BUS_E_REBALANCED ? 0 : r;
}

static bool commit_again(rd_kafka_resp_err_t code) {
        return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__WAIT_COORD || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
               code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT || code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
               code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

static int consumer_commit(struct bus_consumer *consumer, struct error *err) {
        struct kafka_consumer *c = of(consumer);
        int64_t until = clock_monotonic(&c->client.bus->clock) + BUS_CALL_MS;
        bool none;
        rd_kafka_topic_partition_list_t *list = kafka_consumer_pending(consumer, &none);
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

        if (!list)
                return -ENOMEM;
        if (!none) {
                do {
                        int token = watchdog_enter(c->client.bus->watchdog, "rd_kafka_commit", 2 * BUS_CALL_MS);

                        code = rd_kafka_commit(c->client.rk, list, 0);
                        watchdog_leave(c->client.bus->watchdog, token);
                } while (commit_again(code) && kafka_again(c->client.bus, until));
                if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                        kafka_consumer_committed(consumer, list);
        }
        rd_kafka_topic_partition_list_destroy(list);
        if (kafka_group_moved(code))
                return BUS_E_REBALANCED;
        return code ? kafka_failed(&c->client, "committing offsets", code, NULL, err) : 0;
}

static rd_kafka_topic_partition_list_t *list_one(struct kafka_consumer *c, struct bus_part at, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

        if (list)
                rd_kafka_topic_partition_list_add(list, c->topics.names[at.index], at.partition)->offset = offset;
        return list;
}

static int consumer_pause(struct bus_consumer *consumer, struct bus_part at, bool pause, struct error *err) {
        struct kafka_consumer *c = of(consumer);
        struct part *part = part_of(c, at);
        rd_kafka_topic_partition_list_t *list;
        rd_kafka_resp_err_t code;

        if (!part || !kafka_group_settled(&c->group))
                return BUS_E_REBALANCED;
        if (part->paused == pause) /* resuming what is not paused goes back in 2.0.2 */
                return 0;
        list = list_one(c, at, 0);
        if (!list)
                return -ENOMEM;
        code = pause ? rd_kafka_pause_partitions(c->client.rk, list) : rd_kafka_resume_partitions(c->client.rk, list);
        rd_kafka_topic_partition_list_destroy(list);
        if (code)
                return kafka_failed(&c->client, "pausing a partition", code, NULL, err);
        part->paused = pause;
        return 0;
}

static int consumer_seek(struct bus_consumer *consumer, struct bus_part at, int64_t offset, struct error *err) {
        struct kafka_consumer *c = of(consumer);
        struct part *part = part_of(c, at);
        rd_kafka_topic_partition_list_t *list;
        int r;

        if (!part || !kafka_group_settled(&c->group))
                return BUS_E_REBALANCED;
        list = list_one(c, at, offset);
        if (!list)
                return -ENOMEM;
        r = kafka_group_seek(&c->group, list, err);
        rd_kafka_topic_partition_list_destroy(list);
        if (r == 0 && part->first != NOWHERE && offset < part->first)
                part->first = offset;
        return r;
}

static void consumer_close(struct bus_consumer *consumer, bool leave) {
        struct kafka_consumer *c = of(consumer);

        drop_message(c);
        kafka_group_close(&c->group, leave);
        kafka_client_close(&c->client);
        for (size_t i = 0; c->parts && i < c->topics.n; i++)
                free(c->parts[i]);
        free(c->parts);
        kafka_topics_done(&c->topics);
        free(c->handed);
        free(c->headers.items);
        free(c);
}

static const struct bus_consumer_ops consumer_ops = {
        .poll = consumer_poll,
        .done = consumer_done,
        .commit = consumer_commit,
        .pause = consumer_pause,
        .seek = consumer_seek,
        .close = consumer_close,
};

static int open_parts(struct kafka_consumer *c) {
        c->parts = calloc(c->topics.n + 1, sizeof(*c->parts));
        if (!c->parts)
                return -ENOMEM;
        for (size_t i = 0; i < c->topics.n; i++) {
                c->parts[i] = calloc((size_t)c->topics.partitions[i], sizeof(**c->parts));
                if (!c->parts[i])
                        return -ENOMEM;
        }
        return 0;
}

int kafka_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) {
        struct kafka_bus *bus = (struct kafka_bus *)b;
        struct kafka_consumer *c = calloc(1, sizeof(*c));
        char *group = kafka_name(bus, config->group);
        const struct kafka_client_options options = {.role = KAFKA_CONSUMER, .group = group, .instance = config->instance,
                                                     .newest = config->newest, .rebalance = on_rebalance, .opaque = c};
        int r = c && group ? kafka_client_open(&c->client, bus, &options, err) : -ENOMEM;

        free(group);
        if (!c)
                return -ENOMEM;
        c->consumer.ops = &consumer_ops;
        c->group.client = &c->client;
        if (r == 0)
                r = kafka_topics_init(&c->topics, bus, config->topics, config->topics_n, err);
        if (r == 0)
                r = kafka_partitions(&c->client, (const char *const *)c->topics.names, c->topics.n, KAFKA_MISSING_FAILS, c->topics.partitions, err);
        if (r == 0)
                r = open_parts(c);
        if (r == 0)
                r = kafka_group_join(&c->group, &c->topics, err);
        if (r) {
                consumer_close(&c->consumer, false);
                return r;
        }
        *ret = &c->consumer;
        return 0;
}
