/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Handles of librdkafka as locals that clean up after themselves
 *
 * CLEANUP(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL; and so on. What librdkafka takes over, or does not:
 *
 *   rd_kafka_new                        takes the conf when it succeeds, and only then
 *   rd_kafka_produceva                  takes the headers when it succeeds, and only then
 *   rd_kafka_assign, _subscribe, _seek_partitions, _pause_partitions, _committed, _offsets_for_times,
 *   _send_offsets_to_transaction        copy or fill the list, which stays the caller's
 *   rebalance callback                  lends its list: copy it
 *   rd_kafka_consume_batch_queue, _consumer_poll, _consume_queue
 *                                       give messages away: each is destroyed before the handle closes
 *   rd_kafka_CreateTopics and the other requests of an administrator
 *                                       copy what is asked and the options; the answer is an event on the queue,
 *                                       and all that is read from it lives as long as the event
 *   rd_kafka_queue_get_consumer         gives a reference of its own: destroyed before the consumer closes
 *   functions that return rd_kafka_error_t *
 *                                       give it away
 */

#include <librdkafka/rdkafka.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(rd_kafka_conf_t *, rd_kafka_conf_destroy);
DEFINE_CLEANUP(rd_kafka_topic_t *, rd_kafka_topic_destroy);
DEFINE_CLEANUP(rd_kafka_queue_t *, rd_kafka_queue_destroy);
DEFINE_CLEANUP(rd_kafka_event_t *, rd_kafka_event_destroy);
DEFINE_CLEANUP(rd_kafka_message_t *, rd_kafka_message_destroy);
DEFINE_CLEANUP(rd_kafka_error_t *, rd_kafka_error_destroy);
DEFINE_CLEANUP(rd_kafka_headers_t *, rd_kafka_headers_destroy);
DEFINE_CLEANUP(rd_kafka_topic_partition_list_t *, rd_kafka_topic_partition_list_destroy);
DEFINE_CLEANUP(rd_kafka_consumer_group_metadata_t *, rd_kafka_consumer_group_metadata_destroy);
DEFINE_CLEANUP(const struct rd_kafka_metadata *, rd_kafka_metadata_destroy);
DEFINE_CLEANUP(rd_kafka_AdminOptions_t *, rd_kafka_AdminOptions_destroy);
DEFINE_CLEANUP(rd_kafka_NewTopic_t *, rd_kafka_NewTopic_destroy);
DEFINE_CLEANUP(rd_kafka_DeleteTopic_t *, rd_kafka_DeleteTopic_destroy);
DEFINE_CLEANUP(rd_kafka_DeleteGroup_t *, rd_kafka_DeleteGroup_destroy);
DEFINE_CLEANUP(rd_kafka_ConfigResource_t *, rd_kafka_ConfigResource_destroy);
DEFINE_CLEANUP(rd_kafka_ListConsumerGroupOffsets_t *, rd_kafka_ListConsumerGroupOffsets_destroy);
DEFINE_CLEANUP(rd_kafka_AclBinding_t *, rd_kafka_AclBinding_destroy); /* also of a filter, which is one */
