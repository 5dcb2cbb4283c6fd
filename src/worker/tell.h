/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * From what an evaluation wants told to records in the open transaction
 *
 * The bus begins a transaction with the first record that is written. All functions return 0; what the bus answers (BUS_E_ABORTED:
 * nothing of the transaction will be seen) or a negative errno, with a sentence.
 */

#include "base/buffer.h"
#include "worker/ground.h"

#define TELL_BODY_MAX ((size_t)BUS_OUTPUT_MAX)

struct teller {
        struct ground *ground; /* borrowed */
        struct buffer body;    /* one output's bytes */
};

/* Borrows @ground. */
void teller_init(struct teller *teller, struct ground *ground);
void teller_done(struct teller *teller); /* a zeroed one is fine */

/*
 * All effects to their topics and inboxes, all rows to case-state; the case is one of this @partition. @trace: traceparent of the record
 * that caused it; empty: none.
 */
int tell_outcome(struct teller *teller, int32_t partition, const struct outcome *outcome, struct text trace, struct error *err) MUSTCHECK;

/* One event to the output at this place; @partition may be BUS_BY_KEY. */
int tell_event(struct teller *teller, const struct event *event, uint32_t output, int32_t partition, struct text trace,
               struct error *err) MUSTCHECK;

/* One row of case-state; @value NULL is a tombstone. */
int tell_row(struct teller *teller, int32_t partition, const void *key, size_t n_key, const void *value, size_t n_value, struct error *err) MUSTCHECK;
