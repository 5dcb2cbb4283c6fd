/* SPDX-License-Identifier: EUPL-1.2 */

/* Names with the prefix, how many partitions topics have, and which offsets. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/table.h"
#include "base/text.h"
#include "bus/kafka/topics.h"

#define MISSING_NAMED_MAX 5
#define PATIENCE_MS (BUS_OPEN_MS / 6) /* with one call that asks the broker; it is repeated until its deadline */

char *kafka_name(const struct kafka_bus *bus, const char *name) {
        char *full;

        return asprintf(&full, "%s%s", bus->prefix, name) < 0 ? NULL : full;
}

const char *kafka_plain_name(const struct kafka_bus *bus, const char *full) {
        size_t n = strlen(bus->prefix);

        return strncmp(full, bus->prefix, n) == 0 ? full + n : NULL;
}

int kafka_topics_init(struct kafka_topics *t, const struct kafka_bus *bus, const char *const *names, size_t n, struct error *err) {
        *t = (struct kafka_topics){.bus = bus, .n = n, .places_n = 8};
        if (n > BUS_TOPICS_MAX) {
                error_set(err, "%zu topics are more than one client can have (%d)", n, BUS_TOPICS_MAX);
                t->n = 0;
                return -E2BIG;
        }
        while (t->places_n < 2 * n)
                t->places_n *= 2;
        t->names = calloc(n + 1, sizeof(*t->names));
        t->partitions = calloc(n + 1, sizeof(*t->partitions));
        t->places = calloc(t->places_n, sizeof(*t->places));
        if (!t->names || !t->partitions || !t->places)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                t->names[i] = kafka_name(bus, names[i]);
                if (!t->names[i])
                        return -ENOMEM;
        }
        return 0;
}

void kafka_topics_done(struct kafka_topics *t) {
        for (size_t i = 0; t->names && i < t->n; i++)
                free(t->names[i]);
        free(t->names);
        free(t->partitions);
        free(t->places);
        *t = (struct kafka_topics){0};
}

int64_t kafka_topics_find(const struct kafka_topics *t, const char *full) {
        for (size_t i = 0; i < t->n; i++) {
                if (strcmp(t->names[i], full) == 0)
                        return (int64_t)i;
        }
        return -1;
}

int64_t kafka_topics_place(struct kafka_topics *t, const rd_kafka_topic_t *topic) {
        size_t at = ((uintptr_t)topic >> 4) * 0x9e3779b97f4a7c15u >> 32;

        for (size_t tries = 0; tries < t->places_n; tries++, at++) {
                struct kafka_topic_place *place = &t->places[at & (t->places_n - 1)];

                if (place->topic == topic)
                        return place->index;
                if (!place->topic) {
                        int64_t index = kafka_topics_find(t, rd_kafka_topic_name(topic));

                        if (index >= 0)
                                *place = (struct kafka_topic_place){topic, (uint32_t)index};
                        return index;
                }
        }
        /* Handles that came and went have filled the table: begin anew. */
        memset(t->places, 0, t->places_n * sizeof(*t->places));
        return kafka_topics_find(t, rd_kafka_topic_name(topic));
}

/*
 * librdkafka lets nobody break off a call, not even when it knows that no broker will let us in. So it is made in short ones, which grow, so that a
 * broker that is slow has its time.
 */
static int patience_begin(const struct kafka_client *c) {
        return c->enough ? KAFKA_TURN_MS : PATIENCE_MS / 8;
}

static int patience_grow(int patience_ms) {
        return patience_ms < PATIENCE_MS / 2 ? patience_ms * 2 : PATIENCE_MS;
}

int kafka_metadata(const struct kafka_client *c, const char *call, bool topics, int within_ms, const struct rd_kafka_metadata **ret, struct error *err) {
        int64_t until = clock_monotonic(&c->bus->clock) + within_ms;
        int patience_ms = patience_begin(c);

        for (;;) {
                int token = watchdog_enter(c->bus->watchdog, "rd_kafka_metadata", BUS_CALL_MS);
                rd_kafka_resp_err_t code = rd_kafka_metadata(c->rk, topics, NULL, ret, patience_ms < within_ms ? patience_ms : within_ms);

                watchdog_leave(c->bus->watchdog, token);
                rd_kafka_poll(c->rk, 0); /* delivers why there is no connection */
                if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                        return 0;
                if (kafka_is_enough(c, call, err))
                        return -ECANCELED;
                if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) /* it was asked, and is slow; without a connection nothing is asked */
                        patience_ms = patience_grow(patience_ms);
                /* A wrong password does not become right by waiting. */
                if (c->trouble_code == RD_KAFKA_RESP_ERR__AUTHENTICATION || !kafka_again(c->bus, until))
                        return kafka_failed(c, call, code, NULL, err);
        }
}

/* The nearest of the broker's topics that are ours, without the prefix, as one types it. */
static const char *name_hint(const struct kafka_client *c, const struct rd_kafka_metadata *metadata, const char *topic, char ret[NEAREST_HINT_MAX]) {
        struct nearest nearest = NEAREST_INIT(topic + strlen(c->bus->prefix));

        for (int i = 0; i < metadata->topic_cnt; i++) {
                const char *plain = kafka_plain_name(c->bus, metadata->topics[i].topic);

                if (plain)
                        nearest_try(&nearest, plain);
        }
        return nearest_hint(&nearest, ret);
}

static void name_missing(const struct kafka_client *c, const struct rd_kafka_metadata *metadata, const char *const *topics, size_t n,
                         enum kafka_missing hints, const int32_t *counts, struct error *err) {
        CLEANUP(buffer_done) struct buffer names = BUFFER_INIT(ERROR_TEXT_MAX);
        char hint[NEAREST_HINT_MAX] = "";
        size_t missing = 0, meant = 0;

        for (size_t i = 0; i < n; i++) {
                if (counts[i] != 0 || missing++ >= MISSING_NAMED_MAX)
                        continue;
                if (hints == KAFKA_MISSING_HINTS)
                        meant += *name_hint(c, metadata, topics[i], hint) ? 1 : 0;
                buffer_printf(&names, "%s%s%s", missing > 1 ? ", " : "", topics[i], hint);
        }
        if (missing > MISSING_NAMED_MAX)
                buffer_printf(&names, " and %zu more", missing - MISSING_NAMED_MAX);
        error_set(err, "the broker at %s lacks %zu topic(s), or we may not see them: %s%s",
                  c->bus->bootstrap, missing, buffer_text(&names), meant == missing ? "" : "; make them with ketenwacht topics apply");
}

int kafka_partitions(const struct kafka_client *c, const char *const *topics, size_t n, enum kafka_missing missing, int32_t *ret,
                     struct error *err) {
        CLEANUP(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        CLEANUP(table_done) struct table by_name = {0};
        bool lacks = false;
        int r = kafka_metadata(c, "the question which topics there are", true, BUS_OPEN_MS, &metadata, err);

        if (r)
                return r;
        for (int i = 0; i < metadata->topic_cnt; i++) {
                struct rd_kafka_metadata_topic *topic = &metadata->topics[i];

                if (table_put(&by_name, topic->topic, strlen(topic->topic), topic))
                        return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                const struct rd_kafka_metadata_topic *topic = table_get(&by_name, topics[i], strlen(topics[i]));

                ret[i] = topic && topic->err == RD_KAFKA_RESP_ERR_NO_ERROR ? topic->partition_cnt : 0;
                lacks |= ret[i] == 0;
        }
        if (!lacks || missing == KAFKA_MISSING_OK)
                return 0;
        name_missing(c, metadata, topics, n, missing, ret, err);
        return -ENOENT;
}

/* The partitions are known to be there: "unknown" is what librdkafka calls one that has no leader for a moment. */
static bool may_ask_again(rd_kafka_resp_err_t code) {
        return kafka_is_away(code) || code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
               code == RD_KAFKA_RESP_ERR__WAIT_CACHE || code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
               code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

int kafka_list_offsets(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list, struct error *err) {
        int64_t until = clock_monotonic(&c->bus->clock) + BUS_CALL_MS;
        CLEANUP(rd_kafka_topic_partition_list_destroy_p) rd_kafka_topic_partition_list_t *asked = NULL;
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
        int patience_ms = patience_begin(c);

        if (list->cnt == 0)
                return 0;
        asked = rd_kafka_topic_partition_list_copy(list);
        if (!asked)
                return -ENOMEM;
        do {
                int token = watchdog_enter(c->bus->watchdog, "rd_kafka_offsets_for_times", BUS_CALL_MS);

                for (int i = 0; i < list->cnt; i++) {
                        list->elems[i].offset = asked->elems[i].offset;
                        list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
                }
                code = rd_kafka_offsets_for_times(c->rk, list, patience_ms);
                watchdog_leave(c->bus->watchdog, token);
                for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
                        code = list->elems[i].err;
                if (code && kafka_is_enough(c, "the question for offsets", err))
                        return -ECANCELED;
                patience_ms = patience_grow(patience_ms);
        } while (may_ask_again(code) && kafka_again(c->bus, until));
        return code ? kafka_failed(c, "the question for offsets", code, NULL, err) : 0;
}
