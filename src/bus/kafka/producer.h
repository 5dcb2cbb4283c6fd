/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A producer on Kafka whose records each get their outcome, plain or transactional (bus_producer_open)
 */

#include "base/error.h"
#include "bus/bus.h"

/* @b is a struct kafka_bus. As bus_producer_open(). */
int kafka_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) MUSTCHECK;
