/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* One topic: its partitions, who reads them, a day of its flow, and the records that stand there. */

#include "console/exchange.h"

/*
 * /stromen/<topic>, /api/topics/<topic> and /api/topics/<topic>/records. Records are read when it is asked for (?lees=, or a place, a time, a key or an id),
 * for who may see cases, with personal fields masked; of bytes that cannot be decoded, which may be personal, 16 are shown as hex, and the reason.
 */
void page_flow(struct exchange *x);

/* /api/stream/<topic>: what comes on it, as console/tails.h says it. */
void page_flow_stream(struct exchange *x);

/* The same records with personal fields and undecodable bytes as hex: for a reason, which stands in the audit before. */
void page_flow_clear(struct exchange *x);
