/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Membership of a group
 *
 * What the group hands out and takes away, and going back in what was handed out. The rebalance callback only notes what
 * happened and makes the poll return; assigning and letting go are done outside of it, so that between "revoked" and letting go
 * the owner can commit.
 */

#include "bus/kafka/client.h"
#include "bus/kafka/marks.h"
#include "bus/kafka/topics.h"

struct kafka_group {
        struct kafka_client *client;
        enum bus_event_kind pending; /* BUS_NONE, ASSIGNED, REVOKED, LOST: what the callback said */
        rd_kafka_topic_partition_list_t *parts; /* of pending */
        bool release; /* REVOKED or LOST was handed out: the next poll lets go */
        struct {      /* what is to be read next is not there: all is LOST, and ASSIGNED again from what is committed */
                bool due;
                char topic[BUS_NAME_MAX + 1]; /* with prefix */
                int32_t partition;
                int64_t from; /* to there it was read */
                bool other;   /* another log stands there, of whatever length */
        } again;
        bool closing;
};

/*
 * What kafka_client_options.rebalance does with its arguments.
 *
 * @locality the thread that polls, commits or closes the consumer: ours
 * @locks none
 */
void kafka_group_rebalance(struct kafka_group *g, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts);

/* Subscribes. Return: 0; -ENOMEM; negative errno with a sentence. */
int kafka_group_join(struct kafka_group *g, const struct kafka_topics *topics, struct error *err) MUSTCHECK;

/* Whether what was assigned may be used: nothing new was said, and nothing has to be let go of. */
static inline bool kafka_group_settled(const struct kafka_group *g) {
        return g->pending == BUS_NONE && !g->release;
}

/* Before polling: lets go of what was revoked. Return: 0 or negative errno. */
int kafka_group_release(struct kafka_group *g, struct error *err) MUSTCHECK;

/*
 * To where a partition was read, by what is @committed (negative: nothing). The broker forgets the offsets of a topic that is deleted; that one was
 * being read is remembered here.
 */
int64_t kafka_group_was_read(const struct kafka_group *g, const char *topic, int32_t partition, int64_t committed);

/* A log that is read was found to be another one than that of which @from came: all is LOST, and ASSIGNED again. */
void kafka_group_found_other(struct kafka_group *g, const char *topic, int32_t partition, int64_t from);

/*
 * Where a partition that is taken up was read to, for position_find(): @was, or POSITION_OF_ANOTHER_LOG, by what was found while it was read, or by
 * @mark and where later records stand. Return: 0, *ret; negative errno with a sentence.
 */
int kafka_group_judge(const struct kafka_group *g, const rd_kafka_topic_partition_t *at, int64_t was, const struct log_mark *mark, int64_t later,
                      int64_t *ret, struct error *err) MUSTCHECK;

/* Says in the log that a partition is not read on at @from, but at @to. */
void kafka_group_say_jump(const struct kafka_group *g, const char *topic, int32_t partition, int64_t from, int64_t to);

/* Judges an error message of the consumer. Return: 0: goes by itself, or by a turn of the group; negative errno: the end. */
int kafka_group_trouble(struct kafka_group *g, const rd_kafka_message_t *message, struct error *err) MUSTCHECK;

/* The codes that say: not ours any more, poll. */
bool kafka_group_moved(rd_kafka_resp_err_t code);

/*
 * What the group has committed of @list; an answer only when no transaction on it is pending (a read_committed consumer asks so). Calls @turn
 * between two questions (NULL: not): what it returns, unless 0, ends it. Return: 0; what @turn returned; negative errno with a sentence.
 */
int kafka_group_committed(const struct kafka_group *g, rd_kafka_topic_partition_list_t *list, int (*turn)(void *ctx, struct error *err), void *ctx,
                          struct error *err) MUSTCHECK;

/*
 * Seeks parts that are assigned; waits until they flow. Those that do not begin are all taken away and handed out again, as when a log is not what
 * was left. Return: 0; BUS_E_REBALANCED; negative errno.
 */
int kafka_group_seek(struct kafka_group *g, const rd_kafka_topic_partition_list_t *list, struct error *err) MUSTCHECK;

/* Ends the membership, @leave: for the others at once. Before its client closes; not opened: no effect. */
void kafka_group_close(struct kafka_group *g, bool leave);
