/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Settings and partitions of topics on which correctness rests
 *
 * A state that is not compacted alone forgets cases; an event topic that is compacted forgets all events of a case but the last; one with other
 * partitions than the state takes events where no worker reads. Whoever runs on them asks at the start and now and then; `topics plan` shows what
 * they should be.
 */

#include "bus/admin.h"
#include "cluster/topics.h"
#include "model/event_types.h"

enum upkeep_outcome {
        UPKEEP_E_UNSOUND = 1, /* a sentence names the topic, the setting or the numbers, and what to do */
        UPKEEP_E_UNKNOWN,     /* this principal may not ask; a sentence says so */
};

/*
 * Judges the cleanup.policy of every topic by case in @topics; where a topic is missing, or the broker keeps no settings, all is well.
 * Return: 0; UPKEEP_E_; negative errno with a sentence.
 */
int upkeep_check(struct admin *admin, const struct topics *topics, struct error *err) MUSTCHECK;

/*
 * Judges whether the topics of @types that may be published, and case-state, have as many partitions as each other, by what this principal may see
 * of them: one that sees only some compares those. Return: 0; UPKEEP_E_UNSOUND; negative errno with a sentence.
 */
int upkeep_partitions(struct admin *admin, const char *prefix, const struct event_types *types, struct error *err) MUSTCHECK;

/* Judges whether what a connector delivers from has the one partition that it reads: the inboxes of @organisations, and redeliveries. Return: as above. */
int upkeep_inboxes(struct admin *admin, const char *prefix, const char *const *organisations, size_t n, struct error *err) MUSTCHECK;
