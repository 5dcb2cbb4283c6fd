/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * All cases, and what they are found by
 *
 * Takes rows of case-state in, by the worker's restore code, and keeps the two indexes up to date with them. Knows no broker and no thread.
 */

#include "replica/replica.h"

struct cases;

/* @engine must outlive it. Return: 0 or -ENOMEM. */
int cases_new(struct engine *engine, struct cases **ret) MUSTCHECK;
struct cases *cases_free(struct cases *cases); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct cases *, cases_free);

/* A row that is no mark. Return: 0, also when it says nothing to this program; -ENOMEM, -E2BIG (too many of those) with a sentence. */
int cases_take(struct cases *cases, const struct bus_record *row, struct error *err) MUSTCHECK;

/* All rows are there: makes the cases of regions that have none. Return: 0 or -ENOMEM. */
int cases_enliven(struct cases *cases) MUSTCHECK;

/* How many rows say nothing, and of the first of them why, "" when there are none; NULL: only how many, which costs nothing. */
size_t cases_strays(const struct cases *cases, struct error *ret_why);

/* Whether nothing was left out of the indexes. */
bool cases_are_whole(const struct cases *cases);

/* Where they stand; borrowed, and as long as these are. */
struct store *cases_store(struct cases *cases);

/* As the functions of replica.h that are called so. */
size_t cases_find(struct cases *cases, const struct uuid *id, struct replica_hit ret[REPLICA_HITS_MAX]);
size_t cases_find_reference(struct cases *cases, struct text reference, struct replica_hit ret[REPLICA_HITS_MAX]);
void cases_alerts(struct cases *cases, const struct replica_alerts_filter *filter, const struct replica_alert *after, size_t limit,
                  void (*see)(void *ctx, const struct replica_alert *alert), void *ctx, struct replica_alerts_page *ret);
void cases_open_alerts(struct cases *cases, const struct organisation *of, struct replica_open *ret);
void cases_open_each(struct cases *cases, void (*see)(void *ctx, const struct organisation *of, struct text protocol, struct text norm,
                                                      const struct replica_open *open), void *ctx);
void cases_memory(struct cases *cases, struct replica_memory *ret);

/* Bytes of the two indexes; costs nothing. */
size_t cases_index_bytes(const struct cases *cases);
