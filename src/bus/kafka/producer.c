/* SPDX-License-Identifier: EUPL-1.2 */

/* A producer on Kafka whose records each get their outcome: plain or transactional. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/producer.h"
#include "bus/kafka/record.h"
#include "bus/kafka/topics.h"
#include "bus/kafka/txn.h"

struct target {
        char *name; /* full */
        rd_kafka_topic_t *topic;
        int32_t partitions;
        uint32_t turn; /* for records without a key */
};

struct kafka_producer {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus_producer producer;
        struct kafka_txn txn;
        bool transactional;
        void (*settled)(void *ctx, const struct bus_report *report);
        void *ctx;
        struct table targets; /* by full name */
        bool reports_all;     /* false: nobody asks what became of each record, since the transaction says it of all */
        size_t open;          /* records without an outcome, if so */
};

static struct kafka_producer *kafka_producer_of(struct bus_producer *producer) {
        return (struct kafka_producer *)((char *)producer - offsetof(struct kafka_producer, producer));
}

/*
 * @locality our own thread, inside poll, flush, commit, abort and close
 * @locks none
 */
static void kafka_producer_on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
        struct kafka_producer *p = opaque;
        struct bus_report report = {.sent = BUS_SENT, .cookie = message->_private, .partition = message->partition, .offset = message->offset};

        (void)rk;
        if (!p->reports_all)
                return;
        assert(p->open > 0);
        p->open--;
        if (message->err) {
                report.sent = rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED ? BUS_REFUSED : BUS_OPEN;
                report.reason = rd_kafka_err2str(message->err);
        }
        if (p->settled)
                p->settled(p->ctx, &report);
}

/* NULL ok; returns NULL. */
static struct target *target_free(struct target *target) {
        if (!target)
                return NULL;
        if (target->topic)
                rd_kafka_topic_destroy(target->topic);
        free(target->name);
        free(target);
        return NULL;
}
DEFINE_CLEANUP(struct target *, target_free);

/* Makes the handle of a topic, whose partitions are counted later. */
static int target_add(struct kafka_producer *p, const char *full, struct target **ret, struct error *err) {
        CLEANUP(target_free_p) struct target *target = calloc(1, sizeof(*target));

        if (!target)
                return -ENOMEM;
        target->name = strdup(full);
        if (!target->name)
                return -ENOMEM;
        target->topic = rd_kafka_topic_new(p->client.rk, full, NULL);
        if (!target->topic)
                return kafka_failed(&p->client, "opening a topic", rd_kafka_last_error(), NULL, err);
        if (table_put(&p->targets, target->name, strlen(target->name), target))
                return -ENOMEM;
        *ret = TAKE(target);
        return 0;
}

static int target_of(struct kafka_producer *p, const char *plain, struct target **ret, struct error *err) {
        char full[2 * BUS_NAME_MAX];
        const char *const name = full;
        int32_t partitions;
        int r;

        snprintf(full, sizeof(full), "%s%s", p->client.bus->prefix, plain);
        *ret = table_get(&p->targets, full, strlen(full));
        if (*ret)
                return 0;
        r = kafka_partitions(&p->client, &name, 1, KAFKA_MISSING_FAILS, &partitions, err);
        if (r)
                return r;
        r = target_add(p, full, ret, err);
        if (r)
                return r;
        (*ret)->partitions = partitions;
        return 0;
}

static int kafka_producer_send(struct bus_producer *producer, const struct bus_record *record, void *cookie, struct error *err) {
        struct kafka_producer *p = kafka_producer_of(producer);
        int32_t partition;
        rd_kafka_resp_err_t code;
        struct target *target;
        int r = target_of(p, record->topic, &target, err);

        if (r)
                return r;
        if (p->transactional) {
                r = kafka_txn_begin(&p->txn, err);
                if (r)
                        return r;
        }
        partition = bus_record_partition(record, target->partitions, target->turn);
        target->turn += record->partition == BUS_BY_KEY && !record->key;
        if (partition < 0) {
                error_set(err, "the topic %s has no partition %d", target->name, (int)record->partition);
                return -EINVAL;
        }
        p->open += p->reports_all;
        code = kafka_record_send(p->client.rk, target->topic, partition, record, cookie);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
                p->txn.sent++;
                return 0;
        }
        p->open -= p->reports_all;
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                return BUS_E_FULL;
        if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
                error_set(err, "a record of %zu bytes is too large for the topic %s (at most %d)", record->value_n, target->name, BUS_OUTPUT_MAX);
                return -EMSGSIZE;
        }
        return p->transactional ? kafka_txn_send_failed(&p->txn, code, err) : kafka_failed(&p->client, "sending a record", code, NULL, err);
}

static int kafka_producer_poll(struct bus_producer *producer, int timeout_ms, struct error *err) {
        struct kafka_producer *p = kafka_producer_of(producer);

        rd_kafka_poll(p->client.rk, timeout_ms);
        return kafka_client_fatal(&p->client, err);
}

static int kafka_producer_flush(struct bus_producer *producer, int timeout_ms, size_t *left, struct error *err) {
        struct kafka_producer *p = kafka_producer_of(producer);
        int token = watchdog_enter(p->client.bus->watchdog, "rd_kafka_flush", timeout_ms + BUS_CALL_MS);
        rd_kafka_resp_err_t code = rd_kafka_flush(p->client.rk, timeout_ms);

        watchdog_leave(p->client.bus->watchdog, token);
        *left = p->open;
        if (code && code != RD_KAFKA_RESP_ERR__TIMED_OUT)
                return kafka_failed(&p->client, "waiting for what was sent", code, NULL, err);
        return kafka_client_fatal(&p->client, err);
}

static int kafka_producer_commit(struct bus_producer *producer, struct bus_consumer *consumer, struct error *err) {
        struct kafka_producer *p = kafka_producer_of(producer);
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = NULL;
        int r = 0;

        assert(p->transactional);
        if (consumer) {
                list = kafka_consumer_pending(consumer);
                if (!list)
                        return -ENOMEM;
        }
        if ((list && list->cnt) || kafka_txn_has_work(&p->txn))
                r = kafka_txn_commit(&p->txn, list, consumer ? kafka_consumer_handle(consumer) : NULL, err);
        rd_kafka_poll(p->client.rk, 0);
        if (r == 0 && list)
                kafka_consumer_committed(consumer, list);
        return r;
}

static int kafka_producer_abort(struct bus_producer *producer, struct bus_consumer *consumer, struct error *err) {
        struct kafka_producer *p = kafka_producer_of(producer);
        int r;

        assert(p->transactional);
        r = kafka_txn_abort(&p->txn, err);
        rd_kafka_poll(p->client.rk, 0);
        return r == 0 && consumer ? kafka_consumer_rewind(consumer, err) : r;
}

static void kafka_producer_close(struct bus_producer *producer) {
        struct kafka_producer *p = kafka_producer_of(producer);
        struct target *target;

        if (p->client.rk) {
                kafka_txn_close(&p->txn);
                (void)rd_kafka_purge(p->client.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
                (void)rd_kafka_flush(p->client.rk, KAFKA_TURN_MS); /* hands out the outcomes of what was purged */
        }
        for (size_t i = 0; (target = table_next(&p->targets, &i));)
                target_free(target);
        table_done(&p->targets);
        kafka_client_close(&p->client);
        free(p);
}

static const struct bus_producer_ops kafka_producer_ops = {
        .send = kafka_producer_send,
        .poll = kafka_producer_poll,
        .flush = kafka_producer_flush,
        .commit = kafka_producer_commit,
        .abort = kafka_producer_abort,
        .close = kafka_producer_close,
};

static int open_targets(struct kafka_producer *p, const struct bus_producer_config *config, struct error *err) {
        CLEANUP(kafka_topics_done) struct kafka_topics topics = {0};
        CLEANUP(cleanup_free) struct target **added = calloc(config->topics_n + 1, sizeof(*added));
        int r = kafka_topics_init(&topics, p->client.bus, config->topics, config->topics_n, err);

        if (r)
                return r;
        if (!added)
                return -ENOMEM;
        /* Before the handles: the question for one topic makes it on a broker that is set up so. */
        r = kafka_partitions(&p->client, (const char *const *)topics.names, topics.n, KAFKA_MISSING_FAILS, topics.partitions, err);
        if (r || topics.n == 0)
                return r;
        for (size_t i = 0; i < topics.n; i++) {
                r = target_add(p, topics.names[i], &added[i], err);
                if (r)
                        return r;
        }
        /* Again with its topics known, so that its own metadata is warm. */
        r = kafka_partitions(&p->client, (const char *const *)topics.names, topics.n, KAFKA_MISSING_FAILS, topics.partitions, err);
        if (r)
                return r;
        for (size_t i = 0; i < topics.n; i++)
                added[i]->partitions = topics.partitions[i];
        return 0;
}

int kafka_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) {
        CLEANUP(bus_producer_close_p) struct bus_producer *opened = NULL;
        struct kafka_bus *bus = kafka_bus_of(b);
        struct kafka_producer *p = calloc(1, sizeof(*p));
        CLEANUP(cleanup_free) char *id = config->transactional_id ? kafka_name(bus, config->transactional_id) : NULL;
        const struct kafka_client_options options = {
                .role = id ? KAFKA_TXN : KAFKA_PRODUCER, .transactional_id = id, .delivered = kafka_producer_on_delivered,
                .report_errors_only = id && !config->settled, .opaque = p};
        int r;

        if (!p)
                return -ENOMEM;
        p->producer.ops = &kafka_producer_ops;
        opened = &p->producer;
        if (config->transactional_id && !id)
                return -ENOMEM;
        p->transactional = id != NULL;
        p->settled = config->settled;
        p->reports_all = !options.report_errors_only;
        p->ctx = config->ctx;
        p->txn.client = &p->client;
        r = kafka_client_open(&p->client, bus, &options, err);
        if (r)
                return r;
        p->client.enough = config->enough;
        r = open_targets(p, config, err);
        p->client.enough = NULL;
        if (r)
                return r;
        if (p->transactional) {
                r = kafka_txn_init(&p->txn, BUS_CALL_MS, err);
                if (r)
                        return r;
        }
        *ret = TAKE(opened);
        return 0;
}
