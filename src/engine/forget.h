/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Forgetting: a case that is over goes, but for its id and the day
 */

#include "engine/obligation.h"

/* Whether the case is over: after view_obligations(). */
bool view_over(struct view *v);
/*
 * Whether its rows are to go now; when they are to go later, that instant is remembered as of any timer.
 * @wait: not before the next local midnight, because facts of the case may still be on their way.
 */
bool view_to_be_forgotten(struct view *v, bool wait);
/* Forgets it: tombstones in place of the rows of the outcome, the case out of the store (until a rollback). Return: 0 or -ENOMEM. */
int view_forget(struct view *v) MUSTCHECK;
