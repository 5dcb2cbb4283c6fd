/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Whether logs still are what was read of them
 *
 * A log that was made anew and is longer than what was read of the old one looks as if it went on. What tells them apart are the broker's stamps
 * (struct log_mark): marks stand beside committed offsets, and whoever reads asks now and then. librdkafka 2.0.2 shows no topic ids.
 */

#include "bus/kafka/client.h"
#include "bus/positions.h"

/* Adds a partition whose mark is to be judged, if there is one: its element asks for the first record that is later. @marks live as long as the list. */
int kafka_marks_add(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition, struct log_marks *marks) MUSTCHECK;

/*
 * Judges what kafka_marks_add() listed, in a second or so; what goes on is proven. What gets no answer is asked about the next time. Return: 0,
 * *ret an element of a log that is another one, or NULL; -ENOMEM.
 */
int kafka_marks_look(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list, const rd_kafka_topic_partition_t **ret, struct error *err) MUSTCHECK;

/* What the question for later records is, as the offset of an element for kafka_list_offsets(); without a mark one that does no harm. */
int64_t kafka_marks_ask(const struct log_mark *mark);

/*
 * Whether a log is another one than that of @mark, by the answer, @later. Looks at the record that was seen last, when there is doubt.
 * Return: 0, *ret; negative errno with a sentence: the broker does not say.
 */
int kafka_marks_judge(const struct kafka_client *c, const char *topic, int32_t partition, const struct log_mark *mark, int64_t later, bool *ret,
                      struct error *err) MUSTCHECK;

/* The mark beside a committed offset, and putting it there (without a mark: nothing). Return: 0 or -ENOMEM. */
struct log_mark kafka_marks_of(const rd_kafka_topic_partition_t *committed);
int kafka_marks_note(rd_kafka_topic_partition_t *offset, const struct log_mark *mark) MUSTCHECK;
