/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The worker on Kafka: a group member and a transactional producer in one (bus_worker_open)
 */

#include "base/error.h"
#include "bus/bus.h"

/* @b is a struct kafka_bus. As bus_worker_open(). */
int kafka_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) MUSTCHECK;
