/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading topics of Kafka without a group (bus_reader_open)
 */

#include "base/error.h"
#include "bus/bus.h"

/* @b is a struct kafka_bus. As bus_reader_open(). */
int kafka_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) MUSTCHECK;
