/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Settings of topics on which correctness rests
 *
 * A state that is not compacted alone forgets cases; an event topic that is compacted forgets all events of a case but the last. Whoever runs
 * on them asks at the start and now and then; `topics plan` shows, and `topics apply` sets, what they should be.
 */

#include "bus/admin.h"
#include "cluster/topics.h"

enum upkeep_outcome {
        UPKEEP_E_UNSOUND = 1, /* a sentence names the topic, the setting, and what to do */
        UPKEEP_E_UNKNOWN,     /* this principal may not ask; a sentence says so */
};

/*
 * Judges the cleanup.policy of every topic by case in @topics; where a topic is missing, or the broker keeps no settings, all is well.
 * Return: 0; UPKEEP_E_; negative errno with a sentence.
 */
int upkeep_check(struct admin *admin, const struct topics *topics, struct error *err) MUSTCHECK;
