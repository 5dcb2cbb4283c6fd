/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The topics that a configuration asks for: those of its event types and of its organisations. */

#include "cluster/topics.h"
#include "model/config.h"

#define WANTED_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of the arena that holds them */

/* All memory in @arena but the names of event types and organisations, which are borrowed. Return: as topics_wanted(). */
int wanted_topics(const struct config *config, const struct broker_config *broker, struct arena *arena, struct topics *ret, struct error *err) MUSTCHECK;
