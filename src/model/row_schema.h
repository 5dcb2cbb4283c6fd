/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The row of a fact, derived from the schema of its event
 *
 * Record nl.ketenwacht.row.<Pascal>: the fields of the event without event_id and case_id (the key
 * says them), uuids as fixed(16), and two fields behind them: `copies` (null, or "organisation role"
 * pairs, one a line: what was copied when the fact was accepted) and `told_at` (null, or the
 * instant of those copies). So slot i of a row is slot i + ROW_SKIPPED of its event.
 */

#include "model/event_type.h"

#define ROW_SKIPPED 2 /* event_id and case_id */
#define ROW_ADDED 2   /* copies and told_at */

/* Slots of the added fields in a row of this type. */
static inline size_t row_copies_slot(const struct event_type *type) {
        return type->layout->n - ROW_SKIPPED;
}
static inline size_t row_told_at_slot(const struct event_type *type) {
        return type->layout->n - ROW_SKIPPED + 1;
}

/*
 * The next of the pairs that stand in `copies`: takes it off @rest, which is all of them at first. Views into it; a line without a
 * role has an empty one. Return: false at the end.
 */
bool row_copies_next(struct text *rest, struct text *ret_organisation, struct text *ret_role);

/* Derives the schema of the row. Return: 0; -EINVAL with a sentence; -ENOMEM. *ret is the caller's. */
int row_schema_derive(const struct schema_file *event, struct schema_file **ret, struct error *err) MUSTCHECK;
