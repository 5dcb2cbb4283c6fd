/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Consumers, producers and readers on the broker in memory (bus_consumer_open, bus_producer_open, bus_reader_open)
 */

#include "base/error.h"
#include "bus/bus.h"

/* @b is a struct memory. As the functions of bus/bus.h. */
int memory_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) MUSTCHECK;
int memory_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) MUSTCHECK;
int memory_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) MUSTCHECK;
