/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Topics as the broker knows them
 *
 * Names with the prefix and without, how many partitions topics have, which offsets stand where, and which place in a list of
 * topics a message belongs to.
 */

#include "bus/kafka/client.h"

/* The full name of a topic, group or id. NULL: out of memory. The caller frees. */
char *kafka_name(const struct kafka_bus *bus, const char *name);

/* The name without prefix, which points into @full; NULL when it does not begin with it. */
const char *kafka_plain_name(const struct kafka_bus *bus, const char *full);

/*
 * What there is on the cluster, @topics with all its topics; @call names the question in errors. Gives up after @within_ms, and at once when the
 * broker does not let us in or nobody waits any more. Return: 0, *ret for rd_kafka_metadata_destroy(); -ECANCELED; negative errno; with a sentence.
 */
int kafka_metadata(const struct kafka_client *c, const char *call, bool topics, int within_ms, const struct rd_kafka_metadata **ret,
                   struct error *err) MUSTCHECK;

/*
 * Waits for the broker and counts the partitions of each topic (names in full) to ret[n]. Return: 0;
 * -ENOENT with the names of the missing (KAFKA_MISSING_OK: ret 0 instead; KAFKA_MISSING_HINTS: for names that somebody typed,
 * each with the nearest plain name that the broker has); negative errno.
 */
enum kafka_missing { KAFKA_MISSING_OK, KAFKA_MISSING_FAILS, KAFKA_MISSING_HINTS };
int kafka_partitions(const struct kafka_client *c, const char *const *topics, size_t n, enum kafka_missing missing, int32_t *ret,
                     struct error *err) MUSTCHECK;

/* Asks offsets by ListOffsets for every element (its offset says what: RD_KAFKA_OFFSET_END, _BEGINNING, or a timestamp). Return: 0 or negative errno. */
int kafka_list_offsets(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list, struct error *err) MUSTCHECK;

/* A list of topics, and a table from librdkafka's topic handles to places in it. */
struct kafka_topics {
        char **names;        /* full, in the order given */
        int32_t *partitions; /* counted */
        size_t n;
        struct kafka_topic_place {
                const rd_kafka_topic_t *topic;
                uint32_t index;
        } *places;           /* open addressing, grows never: twice the topics */
        size_t places_n;
        const struct kafka_bus *bus;
};

/* Takes plain names; partitions are not counted yet. Return: 0; -E2BIG with a sentence; -ENOMEM. In each case kafka_topics_done() is due. */
int kafka_topics_init(struct kafka_topics *t, const struct kafka_bus *bus, const char *const *names, size_t n, struct error *err) MUSTCHECK;

/* Frees what the list has. Zeros: no effect. */
void kafka_topics_done(struct kafka_topics *t);

/* The place of a full name; -1: not in the list. */
int64_t kafka_topics_find(const struct kafka_topics *t, const char *full);

/* The same of the topic of a message. Remembers librdkafka's handle, so that only the first message of a topic is looked up by name. */
int64_t kafka_topics_place(struct kafka_topics *t, const rd_kafka_topic_t *topic);

static inline const char *kafka_topics_plain(const struct kafka_topics *t, uint32_t index) {
        return kafka_plain_name(t->bus, t->names[index]);
}
