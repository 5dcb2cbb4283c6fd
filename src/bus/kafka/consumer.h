/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A plain group member on Kafka (bus_consumer_open), and its offsets for a producer's transaction
 */

#include "bus/kafka/client.h"

/* @b is a struct kafka_bus. As bus_consumer_open(). */
int kafka_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) MUSTCHECK;

/* The offsets done and not committed. NULL: out of memory. The caller destroys. */
rd_kafka_topic_partition_list_t *kafka_consumer_pending(struct bus_consumer *c);

/* @offsets stand committed. */
void kafka_consumer_committed(struct bus_consumer *c, const rd_kafka_topic_partition_list_t *offsets);

/* What was handed out since the last commit comes again. Return: 0 or negative errno. */
int kafka_consumer_rewind(struct bus_consumer *c, struct error *err) MUSTCHECK;

/* Whose membership commits: borrowed. */
rd_kafka_t *kafka_consumer_handle(struct bus_consumer *c);
