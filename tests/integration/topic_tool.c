/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * For tests that put faults into a real broker: changes and deletes topics, and says what another tool would say of a group
 *
 *   topic_tool HOST:PORT set TOPIC NAME VALUE    one setting
 *   topic_tool HOST:PORT delete PREFIX           all topics whose names begin so
 *   topic_tool HOST:PORT grow PREFIX PARTITIONS  those that have more than one partition get so many, or one whose whole name it is
 *   topic_tool HOST:PORT forget GROUP            what the group has committed
 *   topic_tool HOST:PORT lag GROUP TOPIC         prints by how many offsets it lags, as every tool reckons it: its committed offset, and the end
 *   topic_tool HOST:PORT cut PREFIX              all their records are deleted, as retention would
 *
 * Exit status: 0 done, 1 the broker refused or failed, 2 wrong usage.
 */

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bus/admin.h"
#include "cluster/broker_config.h"

#define WAIT_MS 30000
#define LOOKS_MAX 10000

static int fail(const struct error *err) {
        fprintf(stderr, "topic_tool: %s\n", err->text);
        return 1;
}

static int set(struct admin *admin, const char *topic, const char *name, const char *value) {
        const struct admin_setting setting = {name, value};
        struct error err = {0};

        return admin_topic_set(admin, topic, &setting, 1, &err) ? fail(&err) : 0;
}

/* How many topics with names that begin so the broker shows; -1: it failed. */
static int64_t count(struct admin *admin, const char *prefix) {
        const struct admin_topic *topics;
        struct error err = {0};
        int64_t shown = 0;
        size_t n;

        if (admin_topics(admin, &topics, &n, &err)) {
                (void)fail(&err);
                return -1;
        }
        for (size_t i = 0; i < n; i++)
                shown += strncmp(topics[i].name, prefix, strlen(prefix)) == 0;
        return shown;
}

/* And waits until the broker shows none of them. */
static int delete(struct admin *admin, const char *prefix) {
        const struct admin_topic *topics;
        struct error err = {0};
        size_t n;

        if (admin_topics(admin, &topics, &n, &err))
                return fail(&err);
        for (size_t i = 0; i < n; i++) {
                if (strncmp(topics[i].name, prefix, strlen(prefix)) == 0 && admin_topic_delete(admin, topics[i].name, &err))
                        return fail(&err);
        }
        for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
                int64_t shown = count(admin, prefix);

                if (shown <= 0)
                        return shown < 0;
        }
        fprintf(stderr, "topic_tool: topics of %s are deleted and still shown\n", prefix);
        return 1;
}

/* The product never does this, so its own way to the broker does not know it either. */
static int grow_one(const char *bootstrap, const char *topic, size_t partitions) {
        char reason[256];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_NewPartitions_t *wanted = rd_kafka_NewPartitions_new(topic, partitions, reason, sizeof(reason));
        rd_kafka_t *rk;
        rd_kafka_queue_t *queue;
        rd_kafka_event_t *event;
        const rd_kafka_topic_result_t **results;
        size_t n = 0;
        int status = 1;

        if (!wanted || rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, reason, sizeof(reason)) ||
            !(rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason)))) {
                fprintf(stderr, "topic_tool: %s\n", reason);
                return 1;
        }
        queue = rd_kafka_queue_new(rk);
        rd_kafka_CreatePartitions(rk, &wanted, 1, NULL, queue);
        event = rd_kafka_queue_poll(queue, WAIT_MS);
        if (event && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &n);
                status = n != 1 || rd_kafka_topic_result_error(results[0]);
        }
        if (status)
                fprintf(stderr, "topic_tool: %s could not be given %zu partitions\n", topic, partitions);
        if (event)
                rd_kafka_event_destroy(event);
        rd_kafka_queue_destroy(queue);
        rd_kafka_NewPartitions_destroy(wanted);
        rd_kafka_destroy(rk);
        return status;
}

static int grow(struct admin *admin, const char *bootstrap, const char *prefix, const char *partitions) {
        const struct admin_topic *topics;
        struct error err = {0};
        int64_t wanted;
        size_t n;
        int status = 0;

        if (!text_to_int64(text_of(partitions), &wanted) || wanted <= 0)
                return 2;
        if (admin_topics(admin, &topics, &n, &err))
                return fail(&err);
        for (size_t i = 0; i < n && status == 0; i++) {
                bool many = strncmp(topics[i].name, prefix, strlen(prefix)) == 0 && topics[i].partitions > 1;

                if (many || strcmp(topics[i].name, prefix) == 0)
                        status = grow_one(bootstrap, topics[i].name, (size_t)wanted);
        }
        return status;
}

static int cut_list(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list) {
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_DeleteRecords_t *wanted = rd_kafka_DeleteRecords_new(list);
        rd_kafka_event_t *event;
        int status;

        rd_kafka_DeleteRecords(rk, &wanted, 1, NULL, queue);
        event = rd_kafka_queue_poll(queue, WAIT_MS);
        status = !event || rd_kafka_event_error(event);
        if (event)
                rd_kafka_event_destroy(event);
        rd_kafka_DeleteRecords_destroy(wanted);
        rd_kafka_queue_destroy(queue);
        return status;
}

/* Up to the ends that stand now. */
static int cut(struct admin *admin, const char *bootstrap, const char *prefix) {
        char reason[256];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
        const struct admin_topic *topics;
        struct error err = {0};
        rd_kafka_t *rk;
        size_t n;
        int status;

        if (admin_topics(admin, &topics, &n, &err))
                return fail(&err);
        if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, reason, sizeof(reason)) ||
            !(rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason)))) {
                fprintf(stderr, "topic_tool: %s\n", reason);
                return 1;
        }
        for (size_t i = 0; i < n; i++) {
                for (int32_t p = 0; strncmp(topics[i].name, prefix, strlen(prefix)) == 0 && p < topics[i].partitions; p++) {
                        int64_t first, end;

                        if (rd_kafka_query_watermark_offsets(rk, topics[i].name, p, &first, &end, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
                                rd_kafka_topic_partition_list_add(list, topics[i].name, p)->offset = end;
                }
        }
        status = cut_list(rk, list);
        if (status)
                fprintf(stderr, "topic_tool: records of %s could not be deleted\n", prefix);
        rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_destroy(rk);
        return status;
}

static int forget(const char *bootstrap, const char *group) {
        char reason[256];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_DeleteGroup_t *wanted = rd_kafka_DeleteGroup_new(group);
        const rd_kafka_group_result_t **results;
        rd_kafka_queue_t *queue;
        rd_kafka_event_t *event;
        rd_kafka_t *rk;
        size_t n = 0;
        int status = 1;

        if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, reason, sizeof(reason)) ||
            !(rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason)))) {
                fprintf(stderr, "topic_tool: %s\n", reason);
                return 1;
        }
        queue = rd_kafka_queue_new(rk);
        rd_kafka_DeleteGroups(rk, &wanted, 1, NULL, queue);
        event = rd_kafka_queue_poll(queue, WAIT_MS);
        if (event && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &n);
                status = n != 1 || rd_kafka_group_result_error(results[0]);
        }
        if (status)
                fprintf(stderr, "topic_tool: the group %s could not be deleted\n", group);
        if (event)
                rd_kafka_event_destroy(event);
        rd_kafka_queue_destroy(queue);
        rd_kafka_DeleteGroup_destroy(wanted);
        rd_kafka_destroy(rk);
        return status;
}

/* Of partition 0. */
static int lag(const char *bootstrap, const char *group, const char *topic) {
        char reason[256];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        int64_t first = 0, end = 0, committed = RD_KAFKA_OFFSET_INVALID;
        rd_kafka_t *rk;

        if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, reason, sizeof(reason)) ||
            rd_kafka_conf_set(conf, "group.id", group, reason, sizeof(reason)) ||
            !(rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason)))) {
                fprintf(stderr, "topic_tool: %s\n", reason);
                return 1;
        }
        rd_kafka_topic_partition_list_add(list, topic, 0);
        if (rd_kafka_committed(rk, list, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            rd_kafka_query_watermark_offsets(rk, topic, 0, &first, &end, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
                committed = list->elems[0].offset;
        if (committed >= 0)
                printf("%lld of %lld\n", (long long)(end - committed), (long long)(end - first));
        else
                fprintf(stderr, "topic_tool: the group %s has committed nothing of %s\n", group, topic);
        rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_destroy(rk);
        return committed < 0;
}

static int run(struct admin *admin, char **argv) {
        if (strcmp(argv[2], "lag") == 0)
                return lag(argv[1], argv[3], argv[4]);
        if (strcmp(argv[2], "forget") == 0)
                return forget(argv[1], argv[3]);
        if (strcmp(argv[2], "cut") == 0)
                return cut(admin, argv[1], argv[3]);
        if (strcmp(argv[2], "set") == 0)
                return set(admin, argv[3], argv[4], argv[5]);
        return strcmp(argv[2], "grow") == 0 ? grow(admin, argv[1], argv[3], argv[4]) : delete(admin, argv[3]);
}

static bool takes_one(const char *command) {
        return strcmp(command, "delete") == 0 || strcmp(command, "cut") == 0 || strcmp(command, "forget") == 0;
}

int main(int argc, char **argv) {
        struct broker_config config;
        struct kafka_config kafka;
        struct admin *admin;
        struct error err = {0};
        int status;

        if (!(argc == 6 && strcmp(argv[2], "set") == 0) && !(argc == 4 && argv[3][0] && takes_one(argv[2])) &&
            !(argc == 5 && (strcmp(argv[2], "grow") == 0 || strcmp(argv[2], "lag") == 0) && argv[3][0])) {
                fputs("usage: topic_tool HOST:PORT set TOPIC NAME VALUE | delete PREFIX | cut PREFIX | forget GROUP | lag GROUP TOPIC |\n"
                      "                            grow PREFIX PARTITIONS\n",
                      stderr);
                return 2;
        }
        broker_config_default(&config);
        broker_config_kafka(&config, argv[1], &kafka);
        kafka.clock = clock_system();
        if (admin_new(&kafka, &admin, &err))
                return fail(&err);
        status = run(admin, argv);
        admin_free(admin);
        return status;
}
