/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The worker on the broker in memory (bus_worker_open), and its end without a word
 */

#include "base/error.h"
#include "bus/bus.h"
#include "bus/memory.h"

/* @b is a struct memory. As bus_worker_open(). */
int memory_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) MUSTCHECK;
