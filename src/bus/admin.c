/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Topics, settings, groups and rights, by librdkafka's admin requests
 *
 * 2.0.2 cannot make rights on transactional ids: its list of resources ends before them.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bus/admin.h"
#include "bus/kafka/client.h"
#include "bus/kafka/topics.h"

#define DESCRIBE_MAX 200 /* topics in one request */
#define CONTROLLER_MS 5000
#define ADMIN_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of one listing */

struct admin {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus *bus;
        bool has_controller;
        int patience_ms;
        struct arena *listing, *settings, *acls;
};

int admin_new(const struct kafka_config *config, struct admin **ret, struct error *err) {
        CLEANUP(admin_free_p) struct admin *a = calloc(1, sizeof(*a));
        struct kafka_client_options options = {.role = KAFKA_ADMIN, .opaque = a};
        int r;

        if (!a)
                return -ENOMEM;
        a->patience_ms = BUS_CALL_MS;
        r = kafka_bus_new(config, &a->bus, err);
        if (r)
                return r;
        if (arena_new(&a->listing, ADMIN_BYTES_MAX) || arena_new(&a->settings, ADMIN_BYTES_MAX) || arena_new(&a->acls, ADMIN_BYTES_MAX))
                return -ENOMEM;
        r = kafka_client_open(&a->client, kafka_bus_of(a->bus), &options, err);
        if (r)
                return r;
        *ret = TAKE(a);
        return 0;
}

/* Sends a request of which @args is the content; librdkafka copies it. */
typedef void admin_send(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *answers, void *args);

struct admin *admin_free(struct admin *a) {
        if (!a)
                return NULL;
        kafka_client_close(&a->client);
        arena_free(a->listing);
        arena_free(a->settings);
        arena_free(a->acls);
        bus_free(a->bus);
        free(a);
        return NULL;
}

/* What a code of the broker means: 0, ADMIN_E_ or negative errno, with a sentence. */
static int admin_outcome(struct admin *a, const char *call, rd_kafka_resp_err_t code, const char *text, struct error *err) {
        switch (code) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
                return 0;
        case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
        case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
                (void)kafka_failed(&a->client, call, code, text, err); /* its sentence */
                return ADMIN_E_UNSUPPORTED;
        case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
                error_set(err, "the broker at %s keeps no rights: it has no authorizer", a->client.bus->bootstrap);
                return ADMIN_E_UNSUPPORTED;
        case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
                error_set(err, "%s: it exists already", call);
                return ADMIN_E_EXISTS;
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
                error_set(err, "%s: it is not there", call);
                return ADMIN_E_NONE;
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
                (void)kafka_failed(&a->client, call, code, text, err); /* its sentence */
                return ADMIN_E_FORBIDDEN;
        default:
                return kafka_failed(&a->client, call, code, text, err);
        }
}

/*
 * Asking a controller that is not there takes the whole time-out. A cluster names one of its brokers as such; the embedded one names none
 * that it has.
 */
static int find_controller(struct admin *a, const char *call, struct error *err) {
        CLEANUP(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        int32_t controller;
        int r;

        if (a->has_controller)
                return 0;
        r = kafka_metadata(&a->client, call, false, a->patience_ms < BUS_OPEN_MS ? a->patience_ms : BUS_OPEN_MS, &metadata, err);
        if (r)
                return r;
        controller = rd_kafka_controllerid(a->client.rk, CONTROLLER_MS);
        for (int i = 0; i < metadata->broker_cnt; i++)
                a->has_controller |= metadata->brokers[i].id == controller;
        return a->has_controller ? 0 : admin_outcome(a, call, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, NULL, err);
}

/* Sends one request and waits for its answer, which the caller destroys. Return: 0; ADMIN_E_ or negative errno, with a sentence. */
MUSTCHECK static int admin_request(struct admin *a, const char *call, admin_send *send, void *args, rd_kafka_event_t **ret, struct error *err) {
        CLEANUP(rd_kafka_AdminOptions_destroy_p) rd_kafka_AdminOptions_t *options = NULL;
        CLEANUP(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = NULL;
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        char reason[KAFKA_TROUBLE_MAX];
        int token, r = find_controller(a, call, err);

        if (r)
                return r;
        options = rd_kafka_AdminOptions_new(a->client.rk, RD_KAFKA_ADMIN_OP_ANY);
        queue = rd_kafka_queue_new(a->client.rk);
        if (!options || !queue ||
            rd_kafka_AdminOptions_set_request_timeout(options, a->patience_ms, reason, sizeof(reason)) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return -ENOMEM;
        token = watchdog_enter(a->client.bus->watchdog, "admin request", 3 * BUS_CALL_MS);
        send(a->client.rk, options, queue, args);
        event = rd_kafka_queue_poll(queue, 2 * a->patience_ms);
        watchdog_leave(a->client.bus->watchdog, token);
        rd_kafka_poll(a->client.rk, 0); /* delivers why there is no connection */
        if (!event)
                return admin_outcome(a, call, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err);
        r = admin_outcome(a, call, rd_kafka_event_error(event), rd_kafka_event_error_string(event), err);
        if (r)
                return r;
        *ret = TAKE(event);
        return 0;
}

void admin_patience(struct admin *a, int ms) {
        assert(ms > 0 && ms <= BUS_CALL_MS);
        a->patience_ms = ms;
}

static int admin_topic_order(const void *a, const void *b) {
        return strcmp(((const struct admin_topic *)a)->name, ((const struct admin_topic *)b)->name);
}

int admin_topics(struct admin *a, const struct admin_topic **ret, size_t *ret_n, struct error *err) {
        CLEANUP(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        struct admin_topic *topics;
        int r = kafka_metadata(&a->client, "the question which topics there are", true, a->patience_ms, &metadata, err);
        size_t n = 0;

        if (r)
                return r;
        arena_reset(a->listing);
        topics = arena_calloc(a->listing, (size_t)metadata->topic_cnt + 1, sizeof(*topics));
        if (!topics)
                return -ENOMEM;
        for (int i = 0; i < metadata->topic_cnt; i++) {
                const struct rd_kafka_metadata_topic *t = &metadata->topics[i];
                char *name = arena_copy(a->listing, t->topic, strlen(t->topic));

                if (!name)
                        return -ENOMEM;
                if (t->err == RD_KAFKA_RESP_ERR_NO_ERROR)
                        topics[n++] = (struct admin_topic){.name = name, .partitions = t->partition_cnt,
                                                           .replication = (int16_t)(t->partition_cnt ? t->partitions[0].replica_cnt : 0)};
        }
        qsort(topics, n, sizeof(*topics), admin_topic_order);
        *ret = topics;
        *ret_n = n;
        return 0;
}

/* What is asked about: made and destroyed together. */
struct settings_question {
        rd_kafka_ConfigResource_t *resources[DESCRIBE_MAX];
        size_t n;
};

static void settings_question_done(struct settings_question *question) {
        rd_kafka_ConfigResource_destroy_array(question->resources, question->n);
}

static void send_describe(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        struct settings_question *question = args;

        rd_kafka_DescribeConfigs(rk, question->resources, question->n, o, q);
}

/* Describes up to DESCRIBE_MAX topics; the event holds the answers. */
static int describe_settings(struct admin *a, const char *const *names, size_t n, rd_kafka_event_t **ret, struct error *err) {
        CLEANUP(settings_question_done) struct settings_question question = {0};

        assert(n <= DESCRIBE_MAX);
        for (size_t i = 0; i < n; i++) {
                question.resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, names[i]);
                if (!question.resources[i])
                        return -ENOMEM;
                question.n++;
        }
        return admin_request(a, "the question for the settings of topics", send_describe, &question, ret, err);
}

static const rd_kafka_ConfigEntry_t *find_setting(const rd_kafka_ConfigEntry_t **entries, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++) {
                if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
                        return entries[i];
        }
        return NULL;
}

static int take_settings(struct admin *a, const rd_kafka_ConfigResource_t *resource, const struct admin_topic *topic, const char **ret) {
        size_t n;
        const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);

        for (size_t k = 0; k < topic->settings_n; k++) {
                const rd_kafka_ConfigEntry_t *entry = find_setting(entries, n, topic->settings[k].name);
                const char *value = entry ? rd_kafka_ConfigEntry_value(entry) : NULL;

                ret[k] = value ? arena_copy(a->settings, value, strlen(value)) : NULL;
                if (value && !ret[k])
                        return -ENOMEM;
        }
        return 0;
}

static int settings_of(struct admin *a, const struct admin_topic *topics, size_t n, const char **ret, struct error *err) {
        const char *names[DESCRIBE_MAX];
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_ConfigResource_t **resources;
        size_t got = 0, at = 0;
        int r;

        for (size_t i = 0; i < n; i++)
                names[i] = topics[i].name;
        r = describe_settings(a, names, n, &event, err);
        if (r)
                return r;
        resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &got);
        for (size_t i = 0; i < n && i < got; i++) { /* answered in the order of the question */
                r = admin_outcome(a, "the question for the settings of a topic", rd_kafka_ConfigResource_error(resources[i]),
                                  rd_kafka_ConfigResource_error_string(resources[i]), err);
                if (r)
                        return r;
                r = take_settings(a, resources[i], &topics[i], ret + at);
                if (r)
                        return r;
                at += topics[i].settings_n;
        }
        return 0;
}

int admin_settings(struct admin *a, const struct admin_topic *topics, size_t n, const char **ret, struct error *err) {
        int r = find_controller(a, "settings of topics", err); /* so that the embedded broker says so also when there is nothing to ask */

        if (r)
                return r;
        arena_reset(a->settings);
        for (size_t i = 0; i < n;) {
                size_t count = n - i < DESCRIBE_MAX ? n - i : DESCRIBE_MAX;

                r = settings_of(a, topics + i, count, ret, err);
                if (r)
                        return r;
                for (size_t end = i + count; i < end; i++)
                        ret += topics[i].settings_n;
        }
        return 0;
}

static void send_create(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_NewTopic_t *topic = args;

        rd_kafka_CreateTopics(rk, &topic, 1, o, q);
}

/* Whether the broker shows a topic whole: its metadata follows a moment after it was made. */
static bool is_shown(struct admin *a, rd_kafka_topic_t *handle, int32_t partitions) {
        CLEANUP(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        const struct rd_kafka_metadata_topic *topic;

        if (rd_kafka_metadata(a->client.rk, 0, handle, &metadata, BUS_CALL_MS / 6))
                return false;
        topic = &metadata->topics[0];
        if (metadata->topic_cnt != 1 || topic->err != RD_KAFKA_RESP_ERR_NO_ERROR || topic->partition_cnt != partitions)
                return false;
        for (int32_t i = 0; i < partitions; i++) {
                if (topic->partitions[i].leader < 0)
                        return false;
        }
        return true;
}

/* Who is told that a topic is made may use it. Return: 0; -ETIMEDOUT with a sentence; -ENOMEM. */
static int wait_shown(struct admin *a, const struct admin_topic *topic, struct error *err) {
        CLEANUP(rd_kafka_topic_destroy_p) rd_kafka_topic_t *handle = rd_kafka_topic_new(a->client.rk, topic->name, NULL);
        int64_t until = clock_monotonic(&a->client.bus->clock) + BUS_CALL_MS;

        if (!handle)
                return -ENOMEM;
        do {
                if (is_shown(a, handle, topic->partitions))
                        return 0;
        } while (kafka_again(a->client.bus, until));
        error_set(err, "the topic %s was made, but the broker does not show it yet; look again", topic->name);
        return -ETIMEDOUT;
}

/* Return: the first that is not 0. */
static int topic_outcomes(struct admin *a, const char *call, const rd_kafka_topic_result_t **results, size_t n, struct error *err) {
        for (size_t i = 0; i < n; i++) {
                int r = admin_outcome(a, call, rd_kafka_topic_result_error(results[i]), rd_kafka_topic_result_error_string(results[i]), err);

                if (r)
                        return r;
        }
        return 0;
}

int admin_topic_make(struct admin *a, const struct admin_topic *topic, struct error *err) {
        char reason[KAFKA_TROUBLE_MAX];
        CLEANUP(rd_kafka_NewTopic_destroy_p) rd_kafka_NewTopic_t *new =
                rd_kafka_NewTopic_new(topic->name, topic->partitions, topic->replication, reason, sizeof(reason));
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_topic_result_t **results;
        size_t n;
        int r;

        if (!new) {
                error_set(err, "the topic %s cannot be made: %s", topic->name, reason);
                return -EINVAL;
        }
        for (size_t i = 0; i < topic->settings_n; i++)
                (void)rd_kafka_NewTopic_set_config(new, topic->settings[i].name, topic->settings[i].value); /* the broker judges it */
        r = admin_request(a, "making a topic", send_create, new, &event, err);
        if (r)
                return r;
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
        r = topic_outcomes(a, "making a topic", results, n, err);
        if (r) {
                error_prefix(err, "topic %s", topic->name);
                return r;
        }
        return wait_shown(a, topic, err);
}

static void send_delete(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_DeleteTopic_t *topic = args;

        rd_kafka_DeleteTopics(rk, &topic, 1, o, q);
}

int admin_topic_delete(struct admin *a, const char *name, struct error *err) {
        CLEANUP(rd_kafka_DeleteTopic_destroy_p) rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_topic_result_t **results;
        size_t n;
        int r;

        if (!topic)
                return -ENOMEM;
        r = admin_request(a, "deleting a topic", send_delete, topic, &event, err);
        if (r)
                return r;
        results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
        return topic_outcomes(a, "deleting a topic", results, n, err);
}

static void send_alter(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_ConfigResource_t *resource = args;

        rd_kafka_AlterConfigs(rk, &resource, 1, o, q);
}

static bool names_setting(const struct admin_setting *settings, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++) {
                if (strcmp(settings[i].name, name) == 0)
                        return true;
        }
        return false;
}

/* The request of 2.0.2 replaces all settings of a topic: those that were set on it and stay must be said again. */
static void repeat_settings(const rd_kafka_ConfigResource_t *now, const struct admin_setting *settings, size_t settings_n,
                            rd_kafka_ConfigResource_t *ret) {
        size_t n;
        const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(now, &n);

        for (size_t i = 0; i < n; i++) {
                if (!names_setting(settings, settings_n, rd_kafka_ConfigEntry_name(entries[i])) &&
                    rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG &&
                    rd_kafka_ConfigEntry_value(entries[i]))
                        (void)rd_kafka_ConfigResource_set_config(ret, rd_kafka_ConfigEntry_name(entries[i]),
                                                                 rd_kafka_ConfigEntry_value(entries[i]));
        }
}

static int alter_settings(struct admin *a, const char *topic, rd_kafka_ConfigResource_t *resource, struct error *err) {
        static const char call[] = "changing the settings of a topic";
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_ConfigResource_t **results;
        size_t n;
        int r = admin_request(a, call, send_alter, resource, &event, err);

        if (r)
                return r;
        results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &n);
        for (size_t i = 0; i < n; i++) {
                r = admin_outcome(a, call, rd_kafka_ConfigResource_error(results[i]), rd_kafka_ConfigResource_error_string(results[i]), err);
                if (r) {
                        error_prefix(err, "topic %s", topic);
                        return r;
                }
        }
        return 0;
}

static bool has_settings(rd_kafka_event_t *event, const struct admin_setting *settings, size_t n) {
        size_t count, entries_n;
        const rd_kafka_ConfigResource_t **found = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
        const rd_kafka_ConfigEntry_t **entries = count ? rd_kafka_ConfigResource_configs(found[0], &entries_n) : NULL;

        for (size_t i = 0; entries && i < n; i++) {
                const rd_kafka_ConfigEntry_t *entry = find_setting(entries, entries_n, settings[i].name);
                const char *value = entry ? rd_kafka_ConfigEntry_value(entry) : NULL;

                if (!value || strcmp(value, settings[i].value) != 0)
                        return false;
        }
        return entries != NULL;
}

/*
 * A broker answers for a change a moment before it shows it. Whoever looks then would find the change undone, and whoever changes
 * another setting then would undo it: see repeat_settings(). Return: 0; -ETIMEDOUT with a sentence; as admin_request().
 */
static int wait_set(struct admin *a, const char *topic, const struct admin_setting *settings, size_t n, struct error *err) {
        int64_t until = clock_monotonic(&a->client.bus->clock) + BUS_CALL_MS;

        do {
                CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
                int r = describe_settings(a, &topic, 1, &event, err);

                if (r)
                        return r;
                if (has_settings(event, settings, n))
                        return 0;
        } while (kafka_again(a->client.bus, until));
        error_set(err, "the settings of the topic %s were changed, but the broker does not show it yet; look again", topic);
        return -ETIMEDOUT;
}

int admin_topic_set(struct admin *a, const char *topic, const struct admin_setting *settings, size_t n, struct error *err) {
        CLEANUP(rd_kafka_ConfigResource_destroy_p) rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_ConfigResource_t **now;
        size_t count;
        int r;

        if (!resource)
                return -ENOMEM;
        r = describe_settings(a, &topic, 1, &event, err);
        if (r)
                return r;
        now = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
        if (count == 0)
                return ADMIN_E_NONE;
        r = admin_outcome(a, "the question for the settings of a topic", rd_kafka_ConfigResource_error(now[0]),
                          rd_kafka_ConfigResource_error_string(now[0]), err);
        if (r)
                return r;
        repeat_settings(now[0], settings, n, resource);
        for (size_t i = 0; i < n; i++)
                (void)rd_kafka_ConfigResource_set_config(resource, settings[i].name, settings[i].value); /* the broker judges it */
        r = alter_settings(a, topic, resource, err);
        return r ? r : wait_set(a, topic, settings, n, err);
}

static void send_delete_group(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_DeleteGroup_t *group = args;

        rd_kafka_DeleteGroups(rk, &group, 1, o, q);
}

/* What an error object means, if there is one; it stays the event's. */
static int error_outcome(struct admin *a, const char *call, const rd_kafka_error_t *error, struct error *err) {
        return error ? admin_outcome(a, call, rd_kafka_error_code(error), rd_kafka_error_string(error), err) : 0;
}

int admin_group_delete(struct admin *a, const char *name, struct error *err) {
        CLEANUP(rd_kafka_DeleteGroup_destroy_p) rd_kafka_DeleteGroup_t *group = rd_kafka_DeleteGroup_new(name);
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_group_result_t **results;
        size_t n;
        int r;

        if (!group)
                return -ENOMEM;
        r = admin_request(a, "deleting a group", send_delete_group, group, &event, err);
        if (r)
                return r;
        results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &n);
        for (size_t i = 0; i < n; i++) {
                r = error_outcome(a, "deleting a group", rd_kafka_group_result_error(results[i]), err);
                if (r)
                        return r;
        }
        return 0;
}

static void send_committed(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue, void *args) {
        rd_kafka_ListConsumerGroupOffsets_t *request = args;

        rd_kafka_ListConsumerGroupOffsets(rk, &request, 1, options, queue);
}

static int64_t sum_of(const rd_kafka_topic_partition_list_t *offsets, const char *const *topics, size_t n) {
        int64_t sum = 0;

        for (int i = 0; i < offsets->cnt; i++) {
                for (size_t t = 0; t < n; t++) {
                        if (offsets->elems[i].offset > 0 && strcmp(offsets->elems[i].topic, topics[t]) == 0)
                                sum += offsets->elems[i].offset;
                }
        }
        return sum;
}

int admin_group_committed(struct admin *a, const char *name, const char *const *topics, size_t n, int64_t *ret, struct error *err) {
        static const char call[] = "listing the offsets of a group";
        CLEANUP(rd_kafka_ListConsumerGroupOffsets_destroy_p) rd_kafka_ListConsumerGroupOffsets_t *request =
                rd_kafka_ListConsumerGroupOffsets_new(name, NULL);
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_group_result_t **results;
        size_t groups;
        int r;

        *ret = 0;
        if (!request)
                return -ENOMEM;
        r = admin_request(a, call, send_committed, request, &event, err);
        if (r)
                return r == ADMIN_E_NONE ? 0 : r;
        results = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &groups);
        for (size_t i = 0; i < groups; i++) {
                r = error_outcome(a, call, rd_kafka_group_result_error(results[i]), err);
                if (r)
                        return r == ADMIN_E_NONE ? 0 : r;
                *ret += sum_of(rd_kafka_group_result_partitions(results[i]), topics, n);
        }
        return 0;
}

/* -- Rights -- */

static const struct {
        enum admin_operation ours;
        rd_kafka_AclOperation_t theirs;
} operations[] = {
        {ADMIN_READ, RD_KAFKA_ACL_OPERATION_READ},     {ADMIN_WRITE, RD_KAFKA_ACL_OPERATION_WRITE},
        {ADMIN_DESCRIBE, RD_KAFKA_ACL_OPERATION_DESCRIBE}, {ADMIN_DELETE, RD_KAFKA_ACL_OPERATION_DELETE},
        {ADMIN_DESCRIBE_CONFIGS, RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS}, {ADMIN_ALL, RD_KAFKA_ACL_OPERATION_ALL},
};

/* Whether the right is one that we could have made. */
static bool take_acl(struct admin *a, const rd_kafka_AclBinding_t *binding, struct admin_acl *ret) {
        rd_kafka_ResourceType_t resource = rd_kafka_AclBinding_restype(binding);
        rd_kafka_ResourcePatternType_t pattern = rd_kafka_AclBinding_resource_pattern_type(binding);
        const char *name = rd_kafka_AclBinding_name(binding), *principal = rd_kafka_AclBinding_principal(binding);

        if ((resource != RD_KAFKA_RESOURCE_TOPIC && resource != RD_KAFKA_RESOURCE_GROUP) ||
            rd_kafka_AclBinding_permission_type(binding) != RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW ||
            strcmp(rd_kafka_AclBinding_host(binding), "*") != 0)
                return false;
        for (size_t i = 0; i < ELEMENTS(operations); i++) {
                if (operations[i].theirs != rd_kafka_AclBinding_operation(binding))
                        continue;
                *ret = (struct admin_acl){
                        .resource = resource == RD_KAFKA_RESOURCE_TOPIC ? ADMIN_TOPIC : ADMIN_GROUP,
                        .name = arena_copy(a->acls, name, strlen(name)),
                        .prefixed = pattern == RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                        .principal = arena_copy(a->acls, principal, strlen(principal)),
                        .operation = operations[i].ours,
                };
                return ret->name && ret->principal;
        }
        return false;
}

static void send_describe_acls(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_DescribeAcls(rk, args, o, q);
}

int admin_acls(struct admin *a, const struct admin_acl **ret, size_t *ret_n, struct error *err) {
        char reason[KAFKA_TROUBLE_MAX];
        CLEANUP(rd_kafka_AclBinding_destroy_p) rd_kafka_AclBindingFilter_t *filter =
                rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL, RD_KAFKA_ACL_OPERATION_ANY,
                                              RD_KAFKA_ACL_PERMISSION_TYPE_ANY, reason, sizeof(reason));
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_AclBinding_t **bindings;
        struct admin_acl *acls;
        size_t n = 0, found = 0;
        int r;

        if (!filter) {
                error_set(err, "rights cannot be asked for: %s", reason);
                return -EINVAL;
        }
        r = admin_request(a, "the question which rights there are", send_describe_acls, filter, &event, err);
        if (r)
                return r;
        bindings = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &n);
        arena_reset(a->acls);
        acls = arena_calloc(a->acls, n + 1, sizeof(*acls));
        if (!acls)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                found += take_acl(a, bindings[i], &acls[found]);
        *ret = acls;
        *ret_n = found;
        return 0;
}

static void send_create_acl(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_AclBinding_t *binding = args;

        rd_kafka_CreateAcls(rk, &binding, 1, o, q);
}

int admin_acl_make(struct admin *a, const struct admin_acl *acl, struct error *err) {
        char reason[KAFKA_TROUBLE_MAX] = "";
        rd_kafka_AclOperation_t operation = RD_KAFKA_ACL_OPERATION_UNKNOWN;
        CLEANUP(rd_kafka_AclBinding_destroy_p) rd_kafka_AclBinding_t *binding = NULL;
        CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_acl_result_t **results;
        size_t n;
        int r;

        for (size_t i = 0; i < ELEMENTS(operations); i++) {
                if (operations[i].ours == acl->operation)
                        operation = operations[i].theirs;
        }
        binding = rd_kafka_AclBinding_new(acl->resource == ADMIN_TOPIC ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_GROUP, acl->name,
                                          acl->prefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                                          acl->principal, "*", operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, reason, sizeof(reason));
        if (!binding) {
                error_set(err, "the right of %s on %s cannot be made: %s", acl->principal, acl->name, reason);
                return -EINVAL;
        }
        r = admin_request(a, "making a right", send_create_acl, binding, &event, err);
        if (r)
                return r;
        results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &n);
        for (size_t i = 0; i < n; i++) {
                r = error_outcome(a, "making a right", rd_kafka_acl_result_error(results[i]), err);
                if (r)
                        return r;
        }
        return 0;
}
