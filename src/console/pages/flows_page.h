/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* /stromen and /api/topics: all topics, who reads them, and how Kafka itself is. */

#include "console/exchange.h"

/* Answers it; for who may see technical data of the whole chain. */
void page_flows(struct exchange *x);
