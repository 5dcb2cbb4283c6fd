/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Stores: the cases of one partition, in memory
 *
 * What is in a case is the engine's (engine/case.h). Restoring a store from its rows: engine/restore.h.
 */

#include "base/cleanup.h"
#include "base/uuid.h"
#include "calendar/calendar.h"
#include "calendar/term.h"

#define CASE_FACTS_MAX 10000
#define CASE_FACTS_RESERVED 1000                 /* beyond those: for what ends, withdraws, explains or resolves, so that a full case can end */
#define CASE_FACTS_MANY (CASE_FACTS_MAX / 5 * 4) /* from here on it is said … */
#define CASE_FACTS_STEP 500                      /* … at each so many more */

#define INSTANT_TOUCHED INT64_MIN /* due at once: touched without telling */

struct engine;
struct store;
struct casefile;

/* Cases of @engine, which must outlive the store; store_free() forgets them. Return: 0 or -ENOMEM. */
int store_new(struct engine *engine, struct store **ret) MUSTCHECK;
struct store *store_free(struct store *store);
DEFINE_CLEANUP(struct store *, store_free);

/* What was changed since the last commit becomes real, or never was. A rolled back case is due again as it was before. */
void store_commit(struct store *store);
void store_rollback(struct store *store);

/*
 * From now on cases that are over are forgotten so long after their last fact; without this call nothing is. @retention: days,
 * weeks, months or years. A case that got facts since it was evaluated last is not forgotten before the next local midnight, because
 * more may be on their way; with @at_once it is, by whoever knows that all there is has been read.
 */
void store_forgets(struct store *store, struct term_step retention, bool at_once);

/* Whether a case was forgotten, and the day. */
bool store_closed(const struct store *store, const struct uuid *case_id, day_t *ret);

/* The case, or NULL. Borrowed: until a rollback that takes it away. */
struct casefile *store_find(struct store *store, const struct uuid *case_id);
size_t casefile_facts(const struct casefile *casefile);

/*
 * Makes the cases of the regions that live without an event (region.alive) and are not there, each due at @at (INSTANT_TOUCHED:
 * at once). A case without a fact has no row, so whoever makes or restores a store calls this when all its rows are read; nothing was changed
 * since the last commit. @wanted: which of them stand in this store, by the id of the case; NULL: all. Return: 0 or -ENOMEM.
 */
int store_enliven(struct store *store, bool (*wanted)(void *ctx, const struct uuid *case_id), void *ctx, instant_t at) MUSTCHECK;

/* The instant at which the next case is due, or INSTANT_NEVER; and that case. */
instant_t store_next(const struct store *store, struct casefile **ret);

/* How many cases have such an instant, touched ones included. */
size_t store_waiting(const struct store *store);

/* A case that was touched without telling (while behind, or restored) and not evaluated since; NULL when there is none. */
struct casefile *store_touched(const struct store *store);

/*
 * Cases in which something has no date because the calendar does not have the year: the earliest such year of each. Counts those whose
 * least year is engine_gaps() [i] to the i-th, those of any other year to the one behind. @ret: added to, CASE_GAPS - 1 of them.
 */
#define CASE_GAPS (CALENDAR_GAPS_MAX + 2)
void store_count_gaps(const struct store *store, int64_t ret[CASE_GAPS - 1]);

/* Every case: for (size_t i = 0; (file = store_iterate(store, &i));) in no defined order. */
struct casefile *store_iterate(const struct store *store, size_t *at);

struct store_stats {
        size_t cases, facts, announcements, alerts, open_alerts, copies, closed;
        size_t bytes;          /* memory of all of it */
        size_t bytes_facts;    /* of these: facts, with what is free behind them */
        size_t bytes_tellings; /* of these: announcements, alerts and copies, in the same way */
        size_t bytes_closed;   /* of these: cases that were forgotten */
        uint64_t told_latest; /* the latest instant at which anything was told: the floor of the clock */
};
struct store_stats store_stats(const struct store *store); /* looks at every case */

/* told_latest of store_stats(), at once; INT64_MIN: nothing was told. */
instant_t store_told_latest(const struct store *store);
