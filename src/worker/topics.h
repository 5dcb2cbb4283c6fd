/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which topics a worker reads and writes
 *
 * Follows from the configuration alone: it reads the topic of every event type that organisations publish, and writes
 * the state, dead letters, what ketenwacht itself tells, and an inbox for every organisation.
 */

#include "model/config.h"

/* Places in the list of outputs; the inbox of organisation i stands at OUTPUT_INBOXES + i. */
enum worker_output { OUTPUT_STATE, OUTPUT_DEAD_LETTERS, OUTPUT_PLAN_DUE, OUTPUT_RAISED, OUTPUT_RESOLVED, OUTPUT_INBOXES };

struct worker_topics {
        struct arena *arena;
        const char **inputs;             /* event topics */
        const struct event_type **types; /* of each input */
        size_t n_inputs;
        const char **outputs;            /* by enum worker_output */
        size_t n_outputs;
};

/*
 * Lists them into @ret, which borrows from @config. Return: 0; -EINVAL with a sentence (schemas that ketenwacht ships are missing,
 * more organisations than a worker can write to); -ENOMEM with one. Not 0: @ret is empty.
 */
int worker_topics_list(const struct config *config, struct worker_topics *ret, struct error *err) MUSTCHECK;
void worker_topics_done(struct worker_topics *topics); /* an empty one is fine */
