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
#include "bus/kafka/topics.h"

struct kafka_group {
        struct kafka_client *client;
        enum bus_event_kind pending; /* BUS_NONE, ASSIGNED, REVOKED, LOST: what the callback said */
        rd_kafka_topic_partition_list_t *parts; /* of pending */
        bool release; /* REVOKED or LOST was handed out: the next poll lets go */
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

/* Judges an error message of the consumer. Return: 0: goes by itself; negative errno: the end. */
int kafka_group_trouble(struct kafka_group *g, const rd_kafka_message_t *message, struct error *err) MUSTCHECK;

/* The codes that say: not ours any more, poll. */
bool kafka_group_moved(rd_kafka_resp_err_t code);

/* Seeks parts that are assigned; waits until they flow. Return: 0; BUS_E_REBALANCED; negative errno. */
int kafka_group_seek(const struct kafka_group *g, const rd_kafka_topic_partition_list_t *list, struct error *err) MUSTCHECK;

/* Ends the membership, @leave: for the others at once. Before its client closes; not opened: no effect. */
void kafka_group_close(struct kafka_group *g, bool leave);
