/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The engine: from facts to tellings
 *
 * State is the set of facts and the set of tellings of each case, nothing else. Every decision is a
 * pure function of facts, tellings, configuration and the instant that is passed in, so the order in
 * which facts arrive, how often and how late cannot change where a case ends up. The engine knows no
 * Kafka, no clock and no network; worker, replay and simulation run this very code.
 *
 * One engine serves one thread. A store holds the cases of one partition.
 */

#include "calendar/term.h"
#include "engine/effect.h"
#include "model/config.h"

#define CASE_FACTS_MAX 10000

struct engine;
struct store;
struct casefile;

/* @config must outlive the engine. Return: 0 or -ENOMEM. */
int engine_new(const struct config *config, struct engine **ret) MUSTCHECK;
struct engine *engine_free(struct engine *engine);
DEFINE_CLEANUP(struct engine *, engine_free);

const struct config *engine_config(const struct engine *engine);

/*
 * Accepts one event (its values, publisher and key are checked already: model/event.h) into its case.
 *
 * @tell: evaluate the case at @now and say what to tell; false while behind: the fact is remembered only
 *        and the case is marked as touched (store_touched).
 * @ret:  filled when 0 is returned; belongs to the engine, valid until the next call of engine_event or
 *        engine_evaluate, and as long as the slots of @event are: copies of it point to them.
 *        A duplicate that says the same has no effects, no rows and .duplicate set.
 *
 * Changes to the case are provisional until store_commit() and undone by store_rollback().
 * Return: 0; a positive enum refusal (REFUSAL_DUPLICATE_ID, REFUSAL_NOT_ALLOWED, REFUSAL_CASE_FULL, REFUSAL_CASE_CLOSED)
 * with a sentence in @err and nothing changed; -ENOMEM.
 */
int engine_event(struct engine *engine, struct store *store, const struct event *event, instant_t now, bool tell,
                 const struct outcome **ret, struct error *err) MUSTCHECK;

/*
 * Evaluates a case as it stands at @now: for timers and for a partition that has caught up. As above. When the case is over and
 * its retention too, it is forgotten (outcome.forgotten): @file is gone. Return: 0 or -ENOMEM.
 */
int engine_evaluate(struct engine *engine, struct store *store, struct casefile *file, instant_t now, const struct outcome **ret) MUSTCHECK;

/* --- stores: the cases of one partition, in memory --- */

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
size_t casefile_facts(const struct casefile *file);

/* The instant at which the next case is due, or INSTANT_NEVER; and that case. */
instant_t store_next(const struct store *store, struct casefile **ret);

/* How many cases have such an instant, touched ones included. */
size_t store_waiting(const struct store *store);

/* A case that was touched without telling (while behind, or restored) and not evaluated since; NULL when there is none. */
struct casefile *store_touched(const struct store *store);

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

/*
 * Restores one row of case-state. Unknown kinds, keys of a wrong length and undecodable values are
 * errors: state must never be guessed. Rows s (schemas) and v (version) are the worker's, see engine/row.h.
 * A tombstone (@value NULL) removes; of a case that was forgotten, nothing but tombstones may follow. Restored cases are
 * touched. Return: 0; -EINVAL with a sentence; -ENOMEM.
 */
int store_restore(struct store *store, const void *key, size_t n_key, const void *value, size_t n_value, struct error *err) MUSTCHECK;

/* The rows of a whole store in a checksum that does not depend on their order: for comparing state before and after. */
uint64_t store_checksum(const struct store *store);
