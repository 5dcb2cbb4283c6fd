/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The schema registry of a command, when broker.yaml names one. */

#include "base/metrics.h"
#include "cli/broker.h"
#include "health/health.h"
#include "model/event_types.h"

/*
 * From now on @types find what ids of the registry stand for; without one in broker.yaml nothing happens. After command_broker_read(), before others
 * use @types; the registry goes with command_broker_done(). @metrics: NULL or where it counts. What was asked once is kept where broker.yaml says, else
 * below CACHE_DIRECTORY, XDG_CACHE_HOME or ~/.cache. Nothing is asked yet. Return: 0; EXIT_USAGE, EXIT_BROKER after the sentence was printed.
 */
int command_registry_open(struct command_broker *broker, struct event_types *types, struct metrics *metrics) MUSTCHECK;

/* After that, for who writes events: with `framing: confluent` by the ids of the registry, which is asked for what is not kept. Return: as above. */
int command_registry_frame(struct command_broker *broker, struct event_types *types) MUSTCHECK;

/*
 * Of each event type a line to standard output where the registry lacks its text or its level, or has an older text; with @apply it is registered. Without
 * a registry nothing. *ret_open: how many are left to be done. Return: 0; EXIT_NO: the registry refuses one; EXIT_USAGE, EXIT_BROKER; after the sentence.
 */
int command_registry_subjects(struct command_broker *broker, const struct event_types *types, bool apply, size_t *ret_open) MUSTCHECK;

/* Adds to @reasons that @inputs of @who stand still before records whose schema ids are new, and what the registry lacks: "registry". */
void command_registry_reason(const struct command_broker *broker, struct health_reasons *reasons, const char *who, int64_t inputs);
