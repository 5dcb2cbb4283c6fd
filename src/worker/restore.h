/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A partition's rows, from case-state back into its store
 *
 * The bus reads them in the order that loses nothing (bus_worker_restore()). Rows of kind v say under
 * which configuration version and for how many partitions the state was written: a newer version,
 * or another number, is refused, because two versions must never take turns in telling and a case
 * must never be looked for in another partition than where it lies. So is another configuration of the
 * same version, by its imprint. Rows of kind s carry the schemas of
 * all other rows, so that the topic can be read by itself. Rows of these two kinds are called marks.
 */

#include <stdatomic.h>

#include "engine/row.h"
#include "worker/partition.h"
#include "worker/tell.h"

/*
 * Reads the rows of all that are owned, which are these @n. @interrupted: looked at meanwhile; another thread may set it. What the partitions hold
 * after a failure is good for nothing. Return: 0; WORKER_E_CONFIG (the configuration does not fit the rows), WORKER_E_INTERRUPTED, what
 * the bus answered or a negative errno, each with a sentence.
 */
int restore_partitions(struct partitions *parts, const struct bus_part *of, size_t n, const atomic_bool *interrupted, struct error *err) MUSTCHECK;

/*
 * Writes the marks that this partition's rows lacked, into the open transaction. @rows: whose schemas; @partitions: of case-state.
 * Return: as tell_row().
 */
int restore_write_marks(struct teller *teller, const struct partition *p, const struct row_codec *rows, int32_t partitions,
                        struct error *err) MUSTCHECK;
