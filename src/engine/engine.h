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

#include "engine/effect.h"
#include "engine/store.h"
#include "model/config.h"

/* @config must outlive the engine. Return: 0 or -ENOMEM. */
int engine_new(const struct config *config, struct engine **ret) MUSTCHECK;

/*
 * An engine that is blind to what norms refer to by one key: by it a test sees that each row of the table of keys is needed, since
 * something is missing then, or an assertion ends the process (view_list). @without: one of protocol_keys; NULL: none.
 */
int engine_new_without(const struct config *config, const struct protocol_key *without, struct engine **ret) MUSTCHECK;
struct engine *engine_free(struct engine *engine);
DEFINE_CLEANUP(struct engine *, engine_free);

/* The years that its calendar lacks: calendar_gaps(), which store_count_gaps() counts by; borrowed. *ret_n: how many. */
const int *engine_gaps(const struct engine *engine, size_t *ret_n);

/* The configuration that it was made with; borrowed. */
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
 * its retention too, it is forgotten (outcome.forgotten): @casefile is gone. Return: 0 or -ENOMEM.
 */
int engine_evaluate(struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const struct outcome **ret) MUSTCHECK;
