/* SPDX-License-Identifier: EUPL-1.2 */

/* Looks at the logs by two handles: one that waits for the end of transactions, one that does not. What lies between their ends is undecided. */

#include "bus/logs.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "bus/kafka/client.h"
#include "bus/kafka/topics.h"

#define LOGS_BYTES_MAX ((size_t)128 << 20)
#define LOGS_FIRSTS_MS 10000 /* where logs begin moves seldom: asked for so often, or when there are other partitions */
#define LOGS_ANSWER_MS 5000 /* one question for offsets: what does not come by then is not known */

/* What was seen of a partition before. */
struct logs_memory {
        char *key; /* owned */
        int64_t stable;
        instant_t open_since;
        uint64_t turn;
};

struct logs {
        struct kafka_client decided; /* first: librdkafka's callbacks */
        struct kafka_client *all;    /* sees undecided records; its own allocation, for the same reason */
        struct bus *bus;
        struct arena *arena;         /* of the latest look */
        struct logs_view view;
        struct logs_partition **places; /* [view.partitions] */
        struct logs_topic **topic_of;   /* likewise */
        struct table memory;         /* struct logs_memory, of partitions in which something is undecided */
        uint64_t turn;
        int64_t *firsts;             /* owned: where logs began a while ago, by place */
        uint64_t firsts_of;          /* of which partitions, as a number */
        int64_t firsts_next;         /* monotonic: when that is asked for again */
};

int logs_new(const struct kafka_config *config, struct logs **ret, struct error *err) {
        CLEANUP(logs_free_p) struct logs *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->all = calloc(1, sizeof(*l->all));
        if (!l->all)
                return -ENOMEM;
        r = kafka_bus_new(config, &l->bus, err);
        if (r == 0)
                r = arena_new(&l->arena, LOGS_BYTES_MAX);
        if (r == 0)
                r = kafka_client_open(&l->decided, kafka_bus_of(l->bus), &(struct kafka_client_options){.role = KAFKA_READER, .eof = true, .opaque = l}, err);
        if (r == 0)
                r = kafka_client_open(l->all, kafka_bus_of(l->bus), &(struct kafka_client_options){.role = KAFKA_MARKS, .eof = true, .opaque = l->all}, err);
        if (r)
                return r;
        *ret = TAKE(l);
        return 0;
}

static void logs_forget(struct logs *l, uint64_t turn) {
        struct logs_memory *memory;
        bool again = true;

        while (again) { /* taking out moves what is behind */
                again = false;
                for (size_t i = 0; !again && (memory = table_next(&l->memory, &i));) {
                        if (memory->turn == turn)
                                continue;
                        (void) table_remove(&l->memory, memory->key, strlen(memory->key));
                        free(memory->key);
                        free(memory);
                        again = true;
                }
        }
}

struct logs *logs_free(struct logs *l) {
        if (!l)
                return NULL;
        logs_forget(l, UINT64_MAX);
        table_done(&l->memory);
        free(l->firsts);
        kafka_client_close(&l->decided);
        if (l->all)
                kafka_client_close(l->all);
        free(l->all);
        arena_free(l->arena);
        bus_free(l->bus);
        free(l);
        return NULL;
}

void logs_heed(struct logs *l, const atomic_bool *enough) {
        l->decided.enough = l->all->enough = enough;
}

/* -- What there is -- */

static int logs_topic_order(const void *a, const void *b) {
        return strcmp(((const struct logs_topic *)a)->name, ((const struct logs_topic *)b)->name);
}

static int logs_take_topic(struct logs *l, const struct rd_kafka_metadata_topic *from) {
        struct logs_topic *topic = &l->view.topics[l->view.topics_n];
        const char *plain = kafka_plain_name(l->decided.bus, from->topic);
        bool internal = strncmp(from->topic, "__", 2) == 0;

        if (from->err != RD_KAFKA_RESP_ERR_NO_ERROR || (!plain && !internal))
                return 0;
        if (internal)
                plain = from->topic;
        *topic = (struct logs_topic){.name = arena_copy(l->arena, plain, strlen(plain)), .internal = internal, .partitions = from->partition_cnt,
                                     .at = arena_calloc(l->arena, (size_t)from->partition_cnt + 1, sizeof(*topic->at))};
        if (!topic->name || !topic->at)
                return -ENOMEM;
        for (int p = 0; p < from->partition_cnt; p++) {
                const struct rd_kafka_metadata_partition *partition = &from->partitions[p];

                topic->at[p] = (struct logs_partition){.leader = partition->leader < 0 ? LOGS_UNKNOWN : partition->leader, .replicas = partition->replica_cnt,
                                                       .in_sync = partition->isr_cnt, .first = LOGS_UNKNOWN, .stable = LOGS_UNKNOWN, .end = LOGS_UNKNOWN};
        }
        l->view.topics_n++;
        return 0;
}

static int logs_take_brokers(struct logs *l, const struct rd_kafka_metadata *metadata) {
        struct logs_broker *brokers = arena_calloc(l->arena, (size_t)metadata->broker_cnt + 1, sizeof(*brokers));

        for (int i = 0; brokers && i < metadata->broker_cnt; i++) {
                const struct rd_kafka_metadata_broker *from = &metadata->brokers[i];

                brokers[i] = (struct logs_broker){from->id, arena_copy(l->arena, from->host, strlen(from->host)), from->port};
                if (!brokers[i].host)
                        return -ENOMEM;
        }
        l->view.brokers = brokers;
        l->view.brokers_n = (size_t)metadata->broker_cnt;
        return brokers ? 0 : -ENOMEM;
}

static int logs_number(struct logs *l, struct error *err) {
        for (size_t i = 0; i < l->view.topics_n; i++) {
                struct logs_topic *topic = &l->view.topics[i];

                topic->place = l->view.partitions;
                l->view.partitions += topic->internal ? 0 : (size_t)topic->partitions;
        }
        if (l->view.partitions > LOGS_PARTITIONS_MAX) {
                error_set(err, "the broker at %s has %zu partitions, and at most %d can be looked at", l->decided.bus->bootstrap, l->view.partitions,
                          LOGS_PARTITIONS_MAX);
                return -E2BIG;
        }
        l->places = arena_calloc(l->arena, l->view.partitions + 1, sizeof(struct logs_partition *));
        l->topic_of = arena_calloc(l->arena, l->view.partitions + 1, sizeof(struct logs_topic *));
        if (!l->places || !l->topic_of)
                return -ENOMEM;
        for (size_t i = 0; i < l->view.topics_n; i++) {
                struct logs_topic *topic = &l->view.topics[i];

                for (int32_t p = 0; !topic->internal && p < topic->partitions; p++) {
                        l->places[topic->place + (size_t)p] = &topic->at[p];
                        l->topic_of[topic->place + (size_t)p] = topic;
                }
        }
        return 0;
}

static int logs_take_metadata(struct logs *l, struct error *err) {
        CLEANUP(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        int r = kafka_metadata(&l->decided, "the question which topics there are", true, BUS_OPEN_MS, &metadata, err);

        if (r)
                return r;
        arena_reset(l->arena);
        l->view = (struct logs_view){.topics = arena_calloc(l->arena, (size_t)metadata->topic_cnt + 1, sizeof(struct logs_topic))};
        if (!l->view.topics)
                return -ENOMEM;
        r = logs_take_brokers(l, metadata);
        for (int i = 0; r == 0 && i < metadata->topic_cnt; i++)
                r = logs_take_topic(l, &metadata->topics[i]);
        if (r)
                return r;
        qsort(l->view.topics, l->view.topics_n, sizeof(*l->view.topics), logs_topic_order);
        return logs_number(l, err);
}

/* -- Offsets -- */

/* The question of every partition that somebody leads; the answer of place i is at *ret_at[i], or it is -1. */
static rd_kafka_topic_partition_list_t *logs_question(const struct logs *l, int64_t ask) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)l->view.partitions + 1);

        for (size_t i = 0; list && i < l->view.partitions; i++) {
                CLEANUP(cleanup_free) void *full = NULL;

                if (l->places[i]->leader == LOGS_UNKNOWN)
                        continue;
                full = kafka_name(l->decided.bus, l->topic_of[i]->name);
                if (!full) {
                        rd_kafka_topic_partition_list_destroy(list);
                        return NULL;
                }
                rd_kafka_topic_partition_list_add(list, full, (int32_t)(i - l->topic_of[i]->place))->offset = ask;
        }
        return list;
}

/* A partition that is answered with an error leaves the others known. Return: 0; negative errno: not all were answered in time, or -ENOMEM, -ECANCELED. */
static int logs_ask(struct logs *l, const struct kafka_client *client, int64_t ask, int64_t *ret, struct error *err) {
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *list = logs_question(l, ask);
        rd_kafka_resp_err_t code;
        int at = 0, token;

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < l->view.partitions; i++)
                ret[i] = LOGS_UNKNOWN;
        if (list->cnt == 0)
                return 0;
        token = watchdog_enter(client->bus->watchdog, "rd_kafka_offsets_for_times", BUS_CALL_MS);
        code = rd_kafka_offsets_for_times(client->rk, list, LOGS_ANSWER_MS); /* each element has an error of its own */
        watchdog_leave(client->bus->watchdog, token);
        rd_kafka_poll(client->rk, 0);
        for (size_t i = 0; i < l->view.partitions; i++) {
                const rd_kafka_topic_partition_t *answer;

                if (l->places[i]->leader == LOGS_UNKNOWN)
                        continue;
                answer = &list->elems[at++];
                if (answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->offset >= 0)
                        ret[i] = answer->offset;
                else if (answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->offset == RD_KAFKA_OFFSET_END)
                        ret[i] = l->places[i]->stable; /* no record is so late */
        }
        if (kafka_is_enough(client, "the question for offsets", err))
                return -ECANCELED;
        return code ? kafka_failed(client, "the question for offsets", code, NULL, err) : 0;
}

int logs_at(struct logs *l, instant_t at, int64_t *ret, struct error *err) {
        return logs_ask(l, &l->decided, at < 0 ? 0 : at, ret, err);
}

/* Which partitions there are, as a number; not 0. */
static uint64_t logs_which(const struct logs *l) {
        uint64_t which = l->view.partitions;

        for (size_t i = 0; i < l->view.topics_n; i++)
                which = (which ^ table_hash(l->view.topics[i].name, strlen(l->view.topics[i].name)) ^ (uint64_t)l->view.topics[i].partitions << 32) *
                        0x9e3779b97f4a7c15u;
        return which | 1;
}

static int logs_take_offsets(struct logs *l, struct error *err) {
        uint64_t which = logs_which(l);
        bool anew = l->firsts_of != which || clock_monotonic(&l->decided.bus->clock) >= l->firsts_next;
        int64_t *first = anew ? calloc(l->view.partitions + 1, sizeof(*first)) : l->firsts;
        int64_t *stable = arena_calloc(l->arena, l->view.partitions + 1, sizeof(*stable));
        int64_t *end = arena_calloc(l->arena, l->view.partitions + 1, sizeof(*end));
        int r = first && stable && end ? 0 : -ENOMEM;

        if (anew) {
                free(l->firsts);
                l->firsts = first;
                l->firsts_of = which;
                l->firsts_next = clock_monotonic(&l->decided.bus->clock) + LOGS_FIRSTS_MS;
        }
        if (r == 0 && anew)
                r = logs_ask(l, &l->decided, RD_KAFKA_OFFSET_BEGINNING, first, err);
        if (r == 0)
                r = logs_ask(l, &l->decided, RD_KAFKA_OFFSET_END, stable, err);
        if (r == 0)
                r = logs_ask(l, l->all, RD_KAFKA_OFFSET_END, end, err);
        if (r)
                l->firsts_of = 0; /* asked for again */
        for (size_t i = 0; r == 0 && i < l->view.partitions; i++) {
                l->places[i]->first = first[i] <= stable[i] ? first[i] : LOGS_UNKNOWN; /* a log made anew */
                l->places[i]->stable = stable[i];
                l->places[i]->end = end[i];
        }
        return r;
}

/* -- Reading a few records -- */

struct logs_range {
        size_t place;
        int64_t from, end;
        instant_t stamp;      /* of the first record, or of the last */
        int64_t records, bytes;
        rd_kafka_topic_t *handle;
        bool done;
};

static int logs_range_start(const struct logs *l, const struct kafka_client *client, struct logs_range *range, rd_kafka_queue_t *queue, struct error *err) {
        CLEANUP(cleanup_free) void *full = kafka_name(l->decided.bus, l->topic_of[range->place]->name);

        range->handle = full ? rd_kafka_topic_new(client->rk, full, NULL) : NULL;
        if (!range->handle)
                return -ENOMEM;
        if (rd_kafka_consume_start_queue(range->handle, (int32_t)(range->place - l->topic_of[range->place]->place), range->from, queue) == 0)
                return 0;
        rd_kafka_topic_destroy(range->handle);
        range->handle = NULL;
        return kafka_failed(client, "reading a record", rd_kafka_last_error(), NULL, err);
}

static struct logs_range *logs_range_of(const struct logs *l, struct logs_range *ranges, size_t n, const rd_kafka_message_t *message) {
        const char *plain = message->rkt ? kafka_plain_name(l->decided.bus, rd_kafka_topic_name(message->rkt)) : NULL;

        for (size_t i = 0; plain && i < n; i++) {
                const struct logs_topic *topic = l->topic_of[ranges[i].place];

                if ((int32_t)(ranges[i].place - topic->place) == message->partition && strcmp(topic->name, plain) == 0)
                        return &ranges[i];
        }
        return NULL;
}

/* What a record takes of a log that is not compressed, but for a few bytes. */
static int64_t logs_record_bytes(const rd_kafka_message_t *message) {
        int64_t bytes = (int64_t)message->len + (int64_t)message->key_len;
        rd_kafka_headers_t *headers;
        const char *name;
        const void *value;
        size_t n;

        if (rd_kafka_message_headers(message, &headers))
                return bytes;
        for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &n) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
                bytes += (int64_t)(strlen(name) + n);
        return bytes;
}

static bool logs_range_take(struct logs_range *range, const rd_kafka_message_t *message, bool first_only) {
        bool record = !message->err && message->offset < range->end;

        if (record) {
                range->stamp = rd_kafka_message_timestamp(message, NULL);
                range->records++;
                range->bytes += logs_record_bytes(message);
        }
        range->done = !record || first_only || message->offset + 1 >= range->end;
        return range->done;
}

/* Reads each range, to its first record or its last. What does not come in time has no stamp. Return: 0; negative errno. */
static int logs_ranges_read(struct logs *l, const struct kafka_client *client, struct logs_range *ranges, size_t n, bool first_only, struct error *err) {
        CLEANUP(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);
        int64_t until = clock_monotonic(&client->bus->clock) + LOGS_ANSWER_MS;
        size_t left = 0;
        int r = queue ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n; i++, left++)
                r = logs_range_start(l, client, &ranges[i], queue, err);
        while (r == 0 && left > 0 && clock_monotonic(&client->bus->clock) < until) {
                CLEANUP(rd_kafka_message_destroy_p) rd_kafka_message_t *message = rd_kafka_consume_queue(queue, KAFKA_TURN_MS);
                struct logs_range *range = message ? logs_range_of(l, ranges, n, message) : NULL;

                rd_kafka_poll(client->rk, 0);
                if (range && !range->done && (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF))
                        left -= logs_range_take(range, message, first_only) ? 1 : 0;
                if (kafka_is_enough(client, "reading a record", err))
                        r = -ECANCELED;
        }
        for (size_t i = 0; i < n; i++) {
                if (!ranges[i].handle)
                        continue;
                (void) rd_kafka_consume_stop(ranges[i].handle, (int32_t)(ranges[i].place - l->topic_of[ranges[i].place]->place));
                rd_kafka_topic_destroy(ranges[i].handle);
        }
        return r;
}

int logs_last(struct logs *l, const size_t *places, size_t n, struct logs_latest *ret, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(n + 1, sizeof(struct logs_range));
        struct logs_range *ranges = memory;
        size_t asked = 0;
        int r;

        if (!ranges)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct logs_partition *at = l->places[places[i]];

                ret[i] = (struct logs_latest){0};
                if (at->leader == LOGS_UNKNOWN || at->first < 0 || at->stable <= at->first)
                        continue;
                ranges[asked++] = (struct logs_range){.place = places[i], .end = at->stable,
                                                      .from = at->stable - LOGS_LAST_BACK > at->first ? at->stable - LOGS_LAST_BACK : at->first};
        }
        r = asked ? logs_ranges_read(l, &l->decided, ranges, asked, false, err) : 0;
        for (size_t i = 0, k = 0; r == 0 && i < n && k < asked; i++) {
                if (places[i] != ranges[k].place)
                        continue;
                if (ranges[k].done) /* else it did not come in time */
                        ret[i] = (struct logs_latest){ranges[k].stamp, ranges[k].end - ranges[k].from, ranges[k].records, ranges[k].bytes};
                else
                        ret[i].stamp = ranges[k].stamp;
                k++;
        }
        return r;
}

/* -- What stands still -- */

static struct logs_memory *logs_memory_of(struct logs *l, const char *key) {
        struct logs_memory *memory = table_get(&l->memory, key, strlen(key));

        if (memory)
                return memory;
        memory = calloc(1, sizeof(*memory));
        if (!memory)
                return NULL;
        *memory = (struct logs_memory){.key = strdup(key), .stable = LOGS_UNKNOWN};
        if (memory->key && table_put(&l->memory, memory->key, strlen(key), memory) == 0)
                return memory;
        free(memory->key);
        free(memory);
        return NULL;
}

/* Where something is undecided, and was already at the look before (the first look believes what it sees): since when. */
static int logs_find_open(struct logs *l, struct error *err) {
        struct logs_range ranges[LOGS_OPEN_READ_MAX];
        struct logs_memory *of[LOGS_OPEN_READ_MAX];
        bool first = l->turn++ == 0;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < l->view.partitions; i++) {
                struct logs_partition *at = l->places[i];
                struct logs_memory *memory;
                const char *key;

                if (at->stable < 0 || at->end <= at->stable)
                        continue;
                key = arena_printf(l->arena, "%zu/%s", i - l->topic_of[i]->place, l->topic_of[i]->name);
                memory = key ? logs_memory_of(l, key) : NULL;
                if (!memory)
                        return -ENOMEM;
                memory->turn = l->turn;
                if ((first || memory->stable == at->stable) && memory->open_since == 0 && n < LOGS_OPEN_READ_MAX) {
                        ranges[n] = (struct logs_range){.place = i, .from = at->stable, .end = at->end};
                        of[n++] = memory;
                } else if (memory->stable != at->stable) {
                        memory->open_since = 0;
                }
                memory->stable = at->stable;
                at->open_since = memory->open_since;
        }
        if (n > 0)
                r = logs_ranges_read(l, l->all, ranges, n, true, err);
        for (size_t i = 0; r == 0 && i < n; i++)
                l->places[ranges[i].place]->open_since = of[i]->open_since = ranges[i].stamp;
        logs_forget(l, l->turn);
        return r;
}

const struct logs_topic *logs_topic_of(const struct logs_view *view, const char *name) {
        const struct logs_topic wanted = {.name = name};

        return view->topics_n ? bsearch(&wanted, view->topics, view->topics_n, sizeof(wanted), logs_topic_order) : NULL;
}

int logs_look(struct logs *l, struct logs_view *ret, struct error *err) {
        int r = logs_take_metadata(l, err);

        if (r == 0)
                r = logs_take_offsets(l, err);
        if (r == 0)
                r = logs_find_open(l, err);
        if (r == 0)
                *ret = l->view;
        return r;
}
