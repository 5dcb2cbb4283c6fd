/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The pulse: whether the broker answers at all
 *
 * librdkafka repeats by itself whatever fails, so a process whose broker is gone, or frozen with its connections open, stands still
 * without a word. A thread of its own asks the broker for metadata, over a connection of its own, and remembers when it answered last.
 * Says it in the log when the broker falls silent and when it answers again. Of a cluster any broker's answer counts.
 */

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "bus/kafka.h"

#define PULSE_MS 1000        /* between two questions */
#define PULSE_ANSWER_MS 2000 /* to wait for one answer */
#define PULSE_SILENT_MS 8000 /* without any answer for so long: the broker is silent */

_Static_assert(PULSE_SILENT_MS > 2 * (PULSE_MS + PULSE_ANSWER_MS), "one question that is lost is no silence");

struct pulse;

/* Copies @config but its log and its clock's context. Return: 0; negative errno with a sentence. */
int pulse_new(const struct kafka_config *config, struct pulse **ret, struct error *err) MUSTCHECK;
struct pulse *pulse_free(struct pulse *p); /* waits for the question under way; NULL ok; returns NULL */
DEFINE_CLEANUP(struct pulse *, pulse_free);

/* From any thread: whether the broker is silent, and when it answered last, or when asking began. NULL: it is not. */
bool pulse_is_silent(const struct pulse *p, instant_t *ret_since);
